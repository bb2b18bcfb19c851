/* Running a network alone: flows over an explicit graph. */
#include "scenario/network_run.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>

#include "base/sum.h"
#include "scenario/events.h"
#include "scenario/link_recorder.h"
#include "scenario/record.h"
#include "traffic/carrier.h"
#include "traffic/flows_route.h"

const struct dc_scalar dc_simulation_network_summary[DC_NETWORK_SCALARS] = {
	{"duration_s", "s", "simulated time"},
	{"flows", "1", "flows that ended"},
	{"flows_unfinished", "1", "flows that had not ended, or not begun, when the run ended"},
	{"bytes", "byte", "bytes of the flows that ended"},
	{"throughput_bps", "byte/s", "bytes of the flows that ended, over the duration"},
	{"completion_mean_s", "s", "mean completion time of a flow, from its start to its finish"},
	{"completion_median_s", "s", "median completion time"},
	{"completion_p99_s", "s",
	 "99th percentile of completion times, between neighbours interpolated"},
	{"completion_max_s", "s", "longest completion time"},
	{"busiest_link", "1", "link with the highest utilisation, as an index into /names/link"},
	{"busiest_utilization", "1",
	 "bytes that link has carried over what it could have in the duration"},
	{"bytes_residual", "1",
	 "(bytes carried by all links - those sent over them) over the latter"},
};

enum event {
	EVENT_START,
	EVENT_END,
	EVENT_INTERRUPTED,
	EVENT_BUSIEST_LINK,
	EVENT_LINKS_CHANGED,
	EVENT_LINKS_BACK,
	EVENTS
};

static const char *const event_kinds[EVENTS] = {"start",        "end",           "interrupted",
						"busiest-link", "links-changed", "links-back"};
static const char *const subjects[] = {"run"};

/* Bytes balance but for rounding; more than this is a broken run. */
static const double largest_residual = 1e-9;

struct network_run {
	const struct dc_datacenter *datacenter;
	const struct dc_simulation_options *options;
	struct dc_engine *engine;
	struct dc_traffic_carrier *carrier;
	struct dc_record_sink *sink;
	struct dc_axis axes[4];
	struct dc_link_recorder links; /* record.links */
	bool unseen;                   /* only to find the busiest links */
	double *completion_s;          /* of the flows that ended */
	size_t ended;
	struct dc_sum bytes, hop_bytes; /* of those; NaN when one of them has changed its way */
};

static enum dc_status write_event(const struct network_run *run, enum event kind,
				  const char *detail)
{
	return dc_scenario_record_event(run->sink, dc_engine_now(run->engine), (uint8_t)kind, 0,
					detail);
}

static enum dc_status on_moment(void *context, dc_time moment, bool back, const char *words)
{
	const struct network_run *run = context;

	return dc_scenario_record_event(run->sink, moment,
					back ? EVENT_LINKS_BACK : EVENT_LINKS_CHANGED, 0, words);
}

static enum dc_status write_script(struct network_run *run)
{
	const struct dc_datacenter *dc = run->datacenter;
	const struct dc_traffic_dimensions *dimensions = dc->traffic->dimensions;

	if (!dimensions)
		return DC_OK;
	return dc_scenario_tell_script(dc->scenario, dimensions->epochs, dimensions->epoch_count,
				       dc_engine_now(run->engine), dc->arena, on_moment, run);
}

static enum dc_status begin(struct network_run *run)
{
	const struct dc_traffic *traffic = run->datacenter->traffic;
	struct dc_record_schema schema = {
		.axes = run->axes,
		.axes_count = 3,
		.summary = dc_simulation_network_summary,
		.summary_count = DC_NETWORK_SCALARS,
		.event_kinds = event_kinds,
		.event_kinds_count = EVENTS,
		.subjects = subjects,
		.subjects_count = 1,
		.flows = true,
	};

	run->axes[0] = (struct dc_axis){"vertex", traffic->graph.vertices.texts,
					traffic->graph.vertices.count};
	run->axes[1] = (struct dc_axis){"link", traffic->graph.ids.texts, traffic->graph.ids.count};
	run->axes[2] = (struct dc_axis){"flow", traffic->ids.texts, traffic->ids.count};
	dc_simulation_links_declare(&run->links, run->axes, &schema);
	return dc_scenario_begin_record(run->datacenter->scenario, run->datacenter->arena,
					run->sink, &schema);
}

static enum dc_status on_flow(void *context, const struct dc_traffic_end *end)
{
	struct network_run *run = context;
	const struct dc_traffic *traffic = run->datacenter->traffic;
	const struct dc_traffic_flow *flow = &traffic->flows[end->flow];
	double duration_s = dc_time_to_s(end->finish - end->start);
	const struct dc_flow_row row = {
		.flow = end->flow,
		.source = flow->source,
		.target = flow->target,
		.bytes = flow->bytes,
		.start_s = dc_time_to_s(end->start),
		.finish_s = dc_time_to_s(end->finish),
		.duration_s = duration_s,
		.rate_bps = duration_s > 0 ? flow->bytes / duration_s : (double)NAN,
		.bottleneck = end->bottleneck,
	};

	run->completion_s[run->ended++] = duration_s;
	if (run->ended == traffic->count && run->datacenter->until == DC_TIME_NEVER)
		dc_simulation_links_pause(&run->links);
	if (run->unseen)
		return DC_OK;
	run->bytes = dc_sum_add(run->bytes, dc_sum_of(flow->bytes));
	run->hop_bytes = dc_sum_add(run->hop_bytes, dc_sum_product(flow->bytes, end->uses));
	if (run->options->progress)
		run->options->progress(run->options->context,
				       (double)run->ended / (double)traffic->count);
	return run->sink ? run->sink->type->flow(run->sink, &row) : DC_OK;
}

/* --- links --- */

/* The recorder numbers links as the fabric does, or as the file of links. */
static uint64_t recorded_number(const struct dc_traffic *traffic, uint32_t link)
{
	return traffic->dimensions ? traffic->dimensions->links[link] : link;
}

static void ask_links(void *context, struct dc_link_recorder *recorder)
{
	const struct network_run *run = context;
	const struct dc_traffic *traffic = run->datacenter->traffic;

	for (uint32_t l = 0; l < dc_graph_link_count(&traffic->graph); l++)
		dc_simulation_links_carried(recorder, recorded_number(traffic, l),
					    dc_traffic_carrier_carried_bytes(run->carrier, l));
}

static const char *name_link(void *context, uint64_t link, struct dc_arena *arena)
{
	const struct network_run *run = context;
	const struct dc_traffic *traffic = run->datacenter->traffic;
	char name[256];

	if (!traffic->dimensions)
		return traffic->graph.ids.texts[link];
	dc_fabric_link_name(&run->datacenter->fabric, link, name, sizeof name);
	return dc_arena_strdup(arena, name);
}

static enum dc_status prepare_links(struct network_run *run, const uint64_t *busiest, size_t count)
{
	const struct dc_datacenter *dc = run->datacenter;
	const struct dc_traffic *traffic = dc->traffic;
	uint64_t links = traffic->dimensions ? dc_fabric_links(&dc->fabric)
					     : dc_graph_link_count(&traffic->graph);
	double *link_bps = dc_arena_array(dc->arena, links, sizeof *link_bps);

	if (!link_bps)
		return DC_ERR_MEMORY;
	for (uint64_t l = 0; l < links; l++) {
		struct dc_fabric_link link;

		if (traffic->dimensions)
			dc_fabric_link(&dc->fabric, l, &link);
		link_bps[l] = traffic->dimensions ? link.bandwidth_bps
						  : traffic->graph.links[l].bandwidth_bps;
	}
	return dc_simulation_links_init(&run->links, dc->scenario->record.links, links, link_bps,
					&dc->fabric, busiest, count, name_link, run, dc->arena);
}

static void start_links(struct network_run *run)
{
	dc_simulation_links_start(&run->links, run->engine,
				  dc_time_from_s(run->datacenter->scenario->record.interval_s),
				  run->sink, ask_links, run);
	dc_simulation_links_resume(&run->links);
}

static enum dc_status finish_links(struct network_run *run, struct dc_simulation_result *result)
{
	enum dc_status status;

	if (!run->links.links)
		return DC_OK;
	status = dc_simulation_links_finish(&run->links);
	if (status)
		return status;
	return dc_simulation_links_report(&run->links, dc_time_to_s(dc_engine_now(run->engine)),
					  name_link, run, run->datacenter->arena, result);
}

static void on_until(void *context, uint64_t argument)
{
	const struct network_run *run = context;

	(void)argument;
	dc_engine_stop(run->engine);
}

/* The busiest link, and the sum over all of them. */
static double summarize_links(const struct network_run *run, double duration_s, double *s)
{
	const struct dc_graph *graph = &run->datacenter->traffic->graph;
	struct dc_sum carried = {0, 0};

	s[DC_NETWORK_BUSIEST_LINK] = 0;
	s[DC_NETWORK_BUSIEST_UTILIZATION] = (double)NAN;
	for (size_t i = 0; i < dc_graph_link_count(graph); i++) {
		double bytes = dc_traffic_carrier_carried_bytes(run->carrier, (uint32_t)i);
		double share = bytes / (graph->links[i].bandwidth_bps * duration_s);

		carried = dc_sum_add(carried, dc_sum_of(bytes));
		if (share > s[DC_NETWORK_BUSIEST_UTILIZATION] ||
		    (isnan(s[DC_NETWORK_BUSIEST_UTILIZATION]) && !isnan(share))) {
			s[DC_NETWORK_BUSIEST_LINK] = (double)i;
			s[DC_NETWORK_BUSIEST_UTILIZATION] = share;
		}
	}
	return dc_sum_value(carried);
}

static void summarize(struct network_run *run, double *s)
{
	const struct dc_traffic *traffic = run->datacenter->traffic;
	double duration_s = dc_time_to_s(dc_engine_now(run->engine));
	size_t ended = run->ended;
	double carried, sent = dc_sum_value(run->hop_bytes);

	gsl_sort(run->completion_s, 1, ended);
	s[DC_NETWORK_DURATION_S] = duration_s;
	s[DC_NETWORK_FLOWS] = (double)ended;
	s[DC_NETWORK_FLOWS_UNFINISHED] = (double)(traffic->count - ended);
	s[DC_NETWORK_BYTES] = dc_sum_value(run->bytes);
	s[DC_NETWORK_THROUGHPUT_BPS] =
		duration_s > 0 ? s[DC_NETWORK_BYTES] / duration_s : (double)NAN;
	s[DC_NETWORK_COMPLETION_MEAN_S] = s[DC_NETWORK_COMPLETION_MEDIAN_S] =
		s[DC_NETWORK_COMPLETION_P99_S] = s[DC_NETWORK_COMPLETION_MAX_S] = (double)NAN;
	if (ended) {
		s[DC_NETWORK_COMPLETION_MEAN_S] = gsl_stats_mean(run->completion_s, 1, ended);
		s[DC_NETWORK_COMPLETION_MEDIAN_S] =
			gsl_stats_median_from_sorted_data(run->completion_s, 1, ended);
		s[DC_NETWORK_COMPLETION_P99_S] =
			gsl_stats_quantile_from_sorted_data(run->completion_s, 1, ended, 0.99);
		s[DC_NETWORK_COMPLETION_MAX_S] = run->completion_s[ended - 1];
	}
	carried = summarize_links(run, duration_s, s);
	/* Flows that have not ended have sent an unknown part: nothing to compare. */
	s[DC_NETWORK_BYTES_RESIDUAL] = ended < traffic->count ? (double)NAN
				       : sent > 0             ? (carried - sent) / sent
							      : 0;
}

static enum dc_status check_balance(struct dc_diag *diag, const double *s)
{
	if (!(fabs(s[DC_NETWORK_BYTES_RESIDUAL]) > largest_residual))
		return DC_OK;
	dc_diag_error(diag, NULL,
		      "bytes do not balance: links have carried %.3g more than flows have sent, "
		      "relative; the run is not valid",
		      s[DC_NETWORK_BYTES_RESIDUAL]);
	return DC_ERR_RUN;
}

static enum dc_status write_end(struct network_run *run, bool interrupted, const double *s)
{
	const struct dc_traffic *traffic = run->datacenter->traffic;
	enum dc_status status = write_script(run);
	char detail[128];

	if (!status && !isnan(s[DC_NETWORK_BUSIEST_UTILIZATION])) {
		snprintf(detail, sizeof detail, "%.1f %% %s",
			 s[DC_NETWORK_BUSIEST_UTILIZATION] * 100,
			 traffic->graph.ids.texts[(size_t)s[DC_NETWORK_BUSIEST_LINK]]);
		status = write_event(run, EVENT_BUSIEST_LINK, detail);
	}
	if (!status)
		status = write_event(run, interrupted ? EVENT_INTERRUPTED : EVENT_END, "");
	return status ? status : dc_scenario_end_record(run->sink, interrupted, s);
}

static enum dc_status carry_out(struct network_run *run)
{
	dc_time until = run->datacenter->until;

	dc_traffic_carrier_start(run->carrier);
	if (until < DC_TIME_NEVER)
		dc_engine_schedule(run->engine, until, DC_PHASE_SAMPLING, 2, on_until, run, 0);
	start_links(run);
	return dc_engine_run(run->engine, run->options->interrupted);
}

static enum dc_status prepare(struct network_run *run, const struct dc_datacenter *datacenter)
{
	run->completion_s = dc_arena_array(datacenter->arena, datacenter->traffic->count,
					   sizeof *run->completion_s);
	if (run->engine)
		run->carrier =
			dc_traffic_carrier_create(run->engine, datacenter->traffic, on_flow, run);
	return run->carrier && run->completion_s ? DC_OK : DC_ERR_MEMORY;
}

/* A run of its own, which nobody sees, finds the busiest links. */
static enum dc_status find_busiest(const struct network_run *like,
				   uint64_t busiest[DC_LINK_RECORDER_TOP], size_t *count)
{
	struct network_run run = {
		.datacenter = like->datacenter,
		.options = like->options,
		.engine = dc_engine_create(),
		.unseen = true,
	};
	enum dc_status status = prepare(&run, like->datacenter);

	if (!status)
		status = prepare_links(&run, NULL, 0);
	if (!status)
		status = carry_out(&run);
	if (!status)
		*count = dc_simulation_links_busiest(&run.links, busiest);
	dc_traffic_carrier_destroy(run.carrier);
	dc_engine_destroy(run.engine);
	return status;
}

/* What is told before the first row: the columns. */
static enum dc_status choose_links(struct network_run *run)
{
	int mode = run->datacenter->scenario->record.links;
	uint64_t busiest[DC_LINK_RECORDER_TOP];
	enum dc_status status = DC_OK;
	size_t count = 0;

	if (mode == DC_SCENARIO_LINKS_NONE)
		return DC_OK;
	if (mode == DC_SCENARIO_LINKS_TOP)
		status = find_busiest(run, busiest, &count);
	return status ? status : prepare_links(run, busiest, count);
}

/* Nothing is left that could end the flows that have not. */
static enum dc_status refuse_waiting(const struct network_run *run, struct dc_diag *diag)
{
	const struct dc_traffic *traffic = run->datacenter->traffic;
	uint32_t flow, link;

	if (dc_traffic_carrier_waits(run->carrier, &flow, &link))
		dc_diag_error(diag, NULL,
			      "flow '%s' can never end: it waits at link '%s', which is down, and "
			      "there is no other way",
			      traffic->ids.texts[flow], traffic->graph.ids.texts[link]);
	else
		dc_diag_error(diag, NULL, "%zu flows can never end", traffic->count - run->ended);
	return DC_ERR_RUN;
}

static enum dc_status simulate(struct network_run *run, struct dc_diag *diag,
			       struct dc_simulation_result *result)
{
	const struct dc_datacenter *dc = run->datacenter;
	enum dc_status status;

	status = carry_out(run);
	if (status != DC_OK && status != DC_INTERRUPTED)
		return status;
	result->interrupted = status == DC_INTERRUPTED;
	result->events = dc_engine_count(run->engine);
	if (!result->interrupted && run->ended < dc->traffic->count && dc->until == DC_TIME_NEVER)
		return refuse_waiting(run, diag);
	summarize(run, result->summary);
	status = check_balance(diag, result->summary);
	if (!status)
		status = finish_links(run, result);
	return status ? status : write_end(run, result->interrupted, result->summary);
}

enum dc_status dc_simulation_network_run(const struct dc_datacenter *datacenter,
					 struct dc_diag *diag,
					 const struct dc_simulation_options *options,
					 struct dc_record_sink *sink,
					 struct dc_simulation_result *result)
{
	struct network_run run = {
		.datacenter = datacenter,
		.options = options,
		.engine = dc_engine_create(),
		.sink = sink,
	};
	enum dc_status status = prepare(&run, datacenter);

	*result = (struct dc_simulation_result){0};
	if (!status)
		status = choose_links(&run);
	if (!status)
		status = begin(&run);
	if (!status)
		status = write_event(&run, EVENT_START, "");
	if (!status)
		status = simulate(&run, diag, result);
	dc_traffic_carrier_destroy(run.carrier);
	dc_engine_destroy(run.engine);
	return status;
}
