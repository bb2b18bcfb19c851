/* Running a network alone: flows over an explicit graph. */
#include "scenario/network_run.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>

#include "base/sum.h"
#include "scenario/events.h"
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
	struct dc_axis axes[3];
	double *completion_s; /* of the flows that ended */
	size_t ended;
	struct dc_sum bytes, hop_bytes; /* of those; NaN when one of them has changed its way */
};

static enum dc_status write_event_at(const struct network_run *run, enum event kind, dc_time moment,
				     const char *detail)
{
	const struct dc_event_row row = {
		.time_s = dc_time_to_s(moment),
		.kind = (uint8_t)kind,
		.detail = detail,
	};

	return run->sink ? run->sink->type->event(run->sink, &row) : DC_OK;
}

static enum dc_status write_event(const struct network_run *run, enum event kind,
				  const char *detail)
{
	return write_event_at(run, kind, dc_engine_now(run->engine), detail);
}

static enum dc_status on_moment(void *context, dc_time moment, bool back, const char *words)
{
	return write_event_at(context, back ? EVENT_LINKS_BACK : EVENT_LINKS_CHANGED, moment,
			      words);
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
	const struct dc_scenario *scenario = run->datacenter->scenario;
	const struct dc_traffic *traffic = run->datacenter->traffic;
	char start[32];
	struct dc_record_schema schema = {
		.name = scenario->name,
		.version = DCSIM_VERSION,
		.seed = scenario->run.seed,
		.start = start,
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

	if (!run->sink)
		return DC_OK;
	run->axes[0] = (struct dc_axis){"vertex", traffic->graph.vertices.texts,
					traffic->graph.vertices.count};
	run->axes[1] = (struct dc_axis){"link", traffic->graph.ids.texts, traffic->graph.ids.count};
	run->axes[2] = (struct dc_axis){"flow", traffic->ids.texts, traffic->ids.count};
	dc_date_format(&scenario->run.start, start, sizeof start);
	schema.scenario = dc_scenario_write(scenario, run->datacenter->arena);
	if (!schema.scenario)
		return DC_ERR_MEMORY;
	return run->sink->type->begin(run->sink, &schema);
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
	run->bytes = dc_sum_add(run->bytes, dc_sum_of(flow->bytes));
	run->hop_bytes = dc_sum_add(run->hop_bytes, dc_sum_product(flow->bytes, end->uses));
	if (run->options->progress)
		run->options->progress(run->options->context,
				       (double)run->ended / (double)traffic->count);
	return run->sink ? run->sink->type->flow(run->sink, &row) : DC_OK;
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
	if (status || !run->sink)
		return status;
	return run->sink->type->end(run->sink,
				    interrupted ? DC_RECORD_INTERRUPTED : DC_RECORD_COMPLETE, s);
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

	dc_traffic_carrier_start(run->carrier);
	if (dc->until < DC_TIME_NEVER)
		dc_engine_schedule(run->engine, dc->until, DC_PHASE_SAMPLING, 2, on_until, run, 0);
	status = dc_engine_run(run->engine, run->options->interrupted);
	if (status != DC_OK && status != DC_INTERRUPTED)
		return status;
	result->interrupted = status == DC_INTERRUPTED;
	result->events = dc_engine_count(run->engine);
	if (!result->interrupted && run->ended < dc->traffic->count && dc->until == DC_TIME_NEVER)
		return refuse_waiting(run, diag);
	summarize(run, result->summary);
	status = check_balance(diag, result->summary);
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
	enum dc_status status = DC_ERR_MEMORY;

	*result = (struct dc_simulation_result){0};
	run.completion_s = dc_arena_array(datacenter->arena, datacenter->traffic->count,
					  sizeof *run.completion_s);
	if (run.engine)
		run.carrier =
			dc_traffic_carrier_create(run.engine, datacenter->traffic, on_flow, &run);
	if (run.carrier && run.completion_s)
		status = begin(&run);
	if (!status)
		status = write_event(&run, EVENT_START, "");
	if (!status)
		status = simulate(&run, diag, result);
	dc_traffic_carrier_destroy(run.carrier);
	dc_engine_destroy(run.engine);
	return status;
}
