/* Running collectives by themselves: rows, summary, balance. */
#include "scenario/network_collectives.h"

#include <math.h>

#include "base/sum.h"
#include "scenario/events.h"
#include "scenario/link_recorder.h"
#include "scenario/record.h"

const struct dc_scalar dc_simulation_collective_summary[DC_COLLECTIVES_SCALARS] = {
	{"duration_s", "s", "simulated time"},
	{"ranks", "1", "ranks of the fabric"},
	{"operations", "1", "operations done, over all groups and repetitions"},
	{"sent_bytes", "byte", "bytes that all members sent"},
	{"wire_bytes", "byte",
	 "link capacity taken: bytes on every link, with what protocols and copying add"},
	{"shortest_s", "s", "duration of the shortest operation"},
	{"algbw_max_bps", "byte/s", "highest of the rows' size over duration"},
	{"busbw_max_bps", "byte/s", "highest of the rows' busbw"},
	{"busbw_mean_bps", "byte/s", "mean of the rows' busbw, as nccl-tests prints it"},
	{"bytes_residual", "1",
	 "(bytes carried by all links - those that messages had to carry) over the latter"},
};

enum event {
	EVENT_START,
	EVENT_END,
	EVENT_INTERRUPTED,
	EVENT_LINKS_CHANGED,
	EVENT_LINKS_BACK,
	EVENTS
};

static const char *const event_kinds[EVENTS] = {"start", "end", "interrupted", "links-changed",
						"links-back"};
static const char *const subjects[] = {"run"};

/* Bytes balance but for rounding; more than this is a broken run. */
static const double largest_residual = 1e-9;

enum { AXIS_JOB, AXIS_OPERATION, AXIS_ALGORITHM, AXIS_PROTOCOL, AXES };

static int links_mode(const struct dc_datacenter *dc)
{
	return dc->scenario->record.links;
}

struct collectives_run {
	const struct dc_datacenter *datacenter;
	const struct dc_simulation_options *options;
	struct dc_engine *engine;
	struct dc_record_sink *sink;
	struct dc_axis axes[AXES + 1];
	/* record.links: */
	struct dc_link_recorder links;
	const struct dc_plan *plan; /* under way, or NULL */
	const struct dc_runner *runner;
	double *done_bytes; /* by link of the fabric, of plans that have ended */
	double *plan_bytes; /* by link of the plan */
	size_t plan_room;
	struct dc_collective_row *rows;
	size_t row_count, rows_due;
	struct dc_sum sent_bytes, busbw;
	struct dc_traffic_collective_totals totals;
	double summary[DC_COLLECTIVES_SCALARS];
};

static enum dc_status write_event(const struct collectives_run *run, enum event kind)
{
	return dc_scenario_record_event(run->sink, dc_engine_now(run->engine), (uint8_t)kind, 0,
					"");
}

static enum dc_status name_axes(struct collectives_run *run)
{
	const struct dc_traffic_collectives *work = run->datacenter->collectives;
	struct dc_arena *arena = run->datacenter->arena;
	const char **operations = dc_arena_array(arena, DC_OPERATIONS, sizeof *operations);
	const char **jobs = dc_arena_array(arena, work->job_count, sizeof *jobs);
	const char **algorithms = dc_arena_array(arena, DC_ALGORITHMS, sizeof *algorithms);
	size_t count = 0;

	if (!operations || !jobs || !algorithms)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < work->job_count; i++)
		jobs[i] = work->jobs[i].name;
	for (; dc_algorithms[count]; count++)
		algorithms[count] = dc_algorithms[count]->name;
	for (int i = 0; i < DC_OPERATIONS; i++)
		operations[i] = dc_operation_name((enum dc_operation)i);
	run->axes[AXIS_JOB] = (struct dc_axis){"job", jobs, work->job_count};
	run->axes[AXIS_OPERATION] = (struct dc_axis){"operation", operations, DC_OPERATIONS};
	run->axes[AXIS_ALGORITHM] = (struct dc_axis){"algorithm", algorithms, count};
	run->axes[AXIS_PROTOCOL] = (struct dc_axis){"protocol", dc_protocol_names, DC_PROTOCOLS};
	return DC_OK;
}

static enum dc_status begin(struct collectives_run *run)
{
	struct dc_record_schema schema = {
		.axes = run->axes,
		.axes_count = AXES,
		.summary = dc_simulation_collective_summary,
		.summary_count = DC_COLLECTIVES_SCALARS,
		.event_kinds = event_kinds,
		.event_kinds_count = EVENTS,
		.subjects = subjects,
		.subjects_count = 1,
		.collectives = true,
	};

	dc_simulation_links_declare(&run->links, run->axes, &schema);
	return dc_scenario_begin_record(run->datacenter->scenario, run->datacenter->arena,
					run->sink, &schema);
}

static enum dc_status on_moment(void *context, dc_time moment, bool back, const char *words)
{
	const struct collectives_run *run = context;

	return dc_scenario_record_event(run->sink, moment,
					back ? EVENT_LINKS_BACK : EVENT_LINKS_CHANGED, 0, words);
}

static uint32_t algorithm_index(const struct dc_algorithm_type *type)
{
	for (uint32_t i = 0; dc_algorithms[i]; i++)
		if (dc_algorithms[i] == type)
			return i;
	return DC_RECORD_NONE;
}

static const char *name_link(void *context, uint64_t link, struct dc_arena *arena)
{
	const struct collectives_run *run = context;
	char name[256];

	dc_fabric_link_name(&run->datacenter->fabric, link, name, sizeof name);
	return dc_arena_strdup(arena, name);
}

static void add_up(struct collectives_run *run, const struct dc_traffic_collective_row *from,
		   const struct dc_collective_row *row)
{
	double *s = run->summary;

	s[DC_COLLECTIVES_OPERATIONS] += (double)row->groups * (double)row->repeat;
	run->sent_bytes =
		dc_sum_add(run->sent_bytes, dc_sum_product(from->sent_bytes, (double)row->repeat));
	run->busbw = dc_sum_add(run->busbw, dc_sum_of(isnan(row->busbw_bps) ? 0 : row->busbw_bps));
	/* The first is compared with NaN, which fmax and fmin pass over. */
	s[DC_COLLECTIVES_SHORTEST_S] = fmin(s[DC_COLLECTIVES_SHORTEST_S], row->duration_s);
	s[DC_COLLECTIVES_ALGBW_MAX_BPS] = fmax(s[DC_COLLECTIVES_ALGBW_MAX_BPS], row->algbw_bps);
	s[DC_COLLECTIVES_BUSBW_MAX_BPS] = fmax(s[DC_COLLECTIVES_BUSBW_MAX_BPS], row->busbw_bps);
}

static enum dc_status on_row(void *context, const struct dc_traffic_collective_row *from)
{
	struct collectives_run *run = context;
	const struct dc_traffic_collective *job = &run->datacenter->collectives->jobs[from->job];
	struct dc_collective_row *row = &run->rows[run->row_count];
	double duration_s = dc_time_to_s(from->duration);
	double algbw_bps = duration_s > 0 ? from->size_bytes / duration_s : (double)NAN;

	*row = (struct dc_collective_row){
		.row = run->row_count,
		.job = (uint32_t)from->job,
		.operation = (uint32_t)job->operation,
		.algorithm = algorithm_index(from->found.algorithm),
		.protocol = (uint32_t)from->found.protocol,
		.members = from->members,
		.groups = from->groups,
		.repeat = from->repeat,
		.size_bytes = from->size_bytes,
		.start_s = dc_time_to_s(from->start),
		.duration_s = duration_s,
		.fastest_s = dc_time_to_s(from->fastest),
		.algbw_bps = algbw_bps,
		.busbw_bps = algbw_bps * dc_operation_bus_factor(job->operation, from->members),
		.sent_bytes = from->sent_bytes,
		.wire_bytes = from->wire_bytes,
		.alone_s = dc_time_to_s(from->found.duration),
		.second = from->found.second ? algorithm_index(from->found.second) : DC_RECORD_NONE,
		.second_s = from->found.second ? dc_time_to_s(from->found.second_duration)
					       : (double)NAN,
		.untried = from->found.passed_over,
		.bottleneck = from->bottleneck == UINT64_MAX
				      ? ""
				      : name_link(run, from->bottleneck, run->datacenter->arena),
	};
	if (!row->bottleneck)
		return DC_ERR_MEMORY;
	run->row_count++;
	add_up(run, from, row);
	if (run->options->progress)
		run->options->progress(run->options->context,
				       (double)run->row_count / (double)run->rows_due);
	return run->sink ? run->sink->type->collective(run->sink, row) : DC_OK;
}

static void summarize(struct collectives_run *run, bool interrupted, double *s)
{
	const struct dc_traffic_collective_totals *totals = &run->totals;

	for (int i = 0; i < DC_COLLECTIVES_SCALARS; i++)
		s[i] = run->summary[i];
	s[DC_COLLECTIVES_DURATION_S] = dc_time_to_s(dc_engine_now(run->engine));
	s[DC_COLLECTIVES_RANKS] = (double)run->datacenter->fabric.ranks;
	s[DC_COLLECTIVES_SENT_BYTES] = dc_sum_value(run->sent_bytes);
	s[DC_COLLECTIVES_WIRE_BYTES] = totals->wire_bytes;
	s[DC_COLLECTIVES_BUSBW_MEAN_BPS] = dc_sum_value(run->busbw) / (double)run->row_count;
	/* What was interrupted has carried an unknown part: nothing to compare. */
	s[DC_COLLECTIVES_BYTES_RESIDUAL] =
		interrupted ? (double)NAN
		: totals->due_bytes > 0
			? (totals->wire_bytes - totals->due_bytes) / totals->due_bytes
			: totals->due_bytes;
}

static enum dc_status check_balance(struct dc_diag *diag, const double *s)
{
	if (!(fabs(s[DC_COLLECTIVES_BYTES_RESIDUAL]) > largest_residual))
		return DC_OK;
	dc_diag_error(diag, NULL,
		      "bytes do not balance: links have carried %.3g more than messages had to, "
		      "relative; the run is not valid",
		      s[DC_COLLECTIVES_BYTES_RESIDUAL]);
	return DC_ERR_RUN;
}

/* --- links --- */

static enum dc_status prepare_links(struct collectives_run *run, const uint64_t *busiest,
				    size_t count)
{
	const struct dc_datacenter *dc = run->datacenter;
	uint64_t links = dc_fabric_links(&dc->fabric);
	double *link_bps = dc_arena_array(dc->arena, links, sizeof *link_bps);

	run->done_bytes = dc_arena_array(dc->arena, links, sizeof *run->done_bytes);
	if (!link_bps || !run->done_bytes)
		return DC_ERR_MEMORY;
	for (uint64_t l = 0; l < links; l++) {
		struct dc_fabric_link link;

		dc_fabric_link(&dc->fabric, l, &link);
		link_bps[l] = link.bandwidth_bps;
	}
	return dc_simulation_links_init(&run->links, links_mode(dc), links, link_bps, &dc->fabric,
					busiest, count, name_link, run, dc->arena);
}

static void ask_links(void *context, struct dc_link_recorder *recorder)
{
	struct collectives_run *run = context;

	for (uint64_t l = 0; l < recorder->links; l++)
		if (run->done_bytes[l] > 0)
			dc_simulation_links_carried(recorder, l, run->done_bytes[l]);
	if (!run->runner)
		return;
	dc_runner_carried(run->runner, run->plan_bytes);
	for (uint32_t l = 0; l < run->plan->link_count; l++)
		dc_simulation_links_carried(recorder, run->plan->links[l].link,
					    run->plan_bytes[l] * run->plan->links[l].multiplicity);
}

static void on_begins(void *context, const struct dc_plan *plan, const struct dc_runner *runner)
{
	struct collectives_run *run = context;

	if (plan->link_count > run->plan_room) {
		run->plan_room = plan->link_count;
		run->plan_bytes =
			dc_arena_array(run->datacenter->arena, run->plan_room, sizeof(double));
		if (!run->plan_bytes) {
			run->plan_room = 0;
			dc_engine_fail(run->engine, DC_ERR_MEMORY);
			return;
		}
	}
	run->plan = plan;
	run->runner = runner;
	dc_simulation_links_resume(&run->links);
}

static void on_done(void *context)
{
	struct collectives_run *run = context;

	dc_simulation_links_pause(&run->links);
}

static void on_ends(void *context, const struct dc_plan *plan, const struct dc_runner *runner)
{
	struct collectives_run *run = context;

	(void)runner;
	if (!run->runner)
		return;
	dc_runner_carried(run->runner, run->plan_bytes);
	for (uint32_t l = 0; l < plan->link_count; l++)
		run->done_bytes[plan->links[l].link] +=
			run->plan_bytes[l] * plan->links[l].multiplicity;
	run->runner = NULL;
}

static enum dc_status finish_links(struct collectives_run *run, struct dc_simulation_result *result)
{
	const struct dc_datacenter *dc = run->datacenter;
	enum dc_status status = run->links.links ? dc_simulation_links_finish(&run->links) : DC_OK;

	if (status || !run->links.links || links_mode(dc) == DC_SCENARIO_LINKS_CLASS)
		return status;
	return dc_simulation_links_report(&run->links, dc_time_to_s(dc_engine_now(run->engine)),
					  name_link, run, dc->arena, result);
}

static enum dc_traffic_folding folding_of(const struct dc_datacenter *dc)
{
	switch (links_mode(dc)) {
	case DC_SCENARIO_LINKS_NONE:
		return DC_TRAFFIC_FOLD;
	case DC_SCENARIO_LINKS_CLASS:
		return DC_TRAFFIC_FOLD_SYMMETRY;
	default:
		return DC_TRAFFIC_FOLD_NOTHING;
	}
}

static enum dc_status carry_out(struct collectives_run *run, struct dc_diag *diag,
				dc_traffic_collective_observer *row)
{
	const bool links = run->links.links > 0;
	const struct dc_traffic_collective_options options = {
		.exact = run->options->exact,
		.folding = folding_of(run->datacenter),
		.interrupted = run->options->interrupted,
		.row = row,
		.begins = links ? on_begins : NULL,
		.done = links ? on_done : NULL,
		.ends = links ? on_ends : NULL,
		.context = run,
	};
	dc_time interval = dc_time_from_s(run->datacenter->scenario->record.interval_s);

	dc_simulation_links_start(&run->links, run->engine, interval, run->sink, ask_links, run);
	return dc_traffic_collectives_run(run->datacenter->collectives, run->engine, diag, &options,
					  &run->totals);
}

static enum dc_status ignore_row(void *context, const struct dc_traffic_collective_row *row)
{
	(void)context;
	(void)row;
	return DC_OK;
}

/* A run of its own, which nobody sees, finds the busiest links. */
static enum dc_status find_busiest(const struct collectives_run *like, struct dc_diag *diag,
				   uint64_t busiest[DC_LINK_RECORDER_TOP], size_t *count)
{
	struct collectives_run run = {
		.datacenter = like->datacenter,
		.options = like->options,
		.engine = dc_engine_create(),
	};
	enum dc_status status = run.engine ? prepare_links(&run, NULL, 0) : DC_ERR_MEMORY;

	if (!status)
		status = carry_out(&run, diag, ignore_row);
	if (!status)
		*count = dc_simulation_links_busiest(&run.links, busiest);
	dc_engine_destroy(run.engine);
	return status;
}

static enum dc_status simulate(struct collectives_run *run, struct dc_diag *diag,
			       struct dc_simulation_result *result)
{
	const struct dc_traffic_collectives *work = run->datacenter->collectives;
	enum dc_status status = carry_out(run, diag, on_row);

	if (status != DC_OK && status != DC_INTERRUPTED)
		return status;
	result->interrupted = status == DC_INTERRUPTED;
	result->events = dc_engine_count(run->engine);
	result->collectives = run->rows;
	result->collective_count = run->row_count;
	summarize(run, result->interrupted, result->summary);
	status = check_balance(diag, result->summary);
	if (!status)
		status = finish_links(run, result);
	if (!status)
		status = dc_scenario_tell_script(run->datacenter->scenario, work->epochs,
						 work->epoch_count, dc_engine_now(run->engine),
						 run->datacenter->arena, on_moment, run);
	if (!status)
		status = write_event(run, result->interrupted ? EVENT_INTERRUPTED : EVENT_END);
	return status ? status
		      : dc_scenario_end_record(run->sink, result->interrupted, result->summary);
}

/* What is told before the first row: the columns. */
static enum dc_status choose_links(struct collectives_run *run, struct dc_diag *diag)
{
	uint64_t busiest[DC_LINK_RECORDER_TOP];
	enum dc_status status = DC_OK;
	size_t count = 0;

	if (links_mode(run->datacenter) == DC_SCENARIO_LINKS_NONE)
		return DC_OK;
	if (links_mode(run->datacenter) == DC_SCENARIO_LINKS_TOP)
		status = find_busiest(run, diag, busiest, &count);
	return status ? status : prepare_links(run, busiest, count);
}

static enum dc_status prepare(struct collectives_run *run, struct dc_diag *diag)
{
	const struct dc_traffic_collectives *work = run->datacenter->collectives;
	enum dc_status status;

	for (size_t i = 0; i < work->job_count; i++)
		run->rows_due += work->jobs[i].items * work->jobs[i].sizes;
	run->rows = dc_arena_array(run->datacenter->arena, run->rows_due, sizeof *run->rows);
	if (!run->rows || !run->engine)
		return DC_ERR_MEMORY;
	run->summary[DC_COLLECTIVES_SHORTEST_S] = run->summary[DC_COLLECTIVES_ALGBW_MAX_BPS] =
		run->summary[DC_COLLECTIVES_BUSBW_MAX_BPS] = (double)NAN;
	status = name_axes(run);
	if (!status)
		status = choose_links(run, diag);
	return status ? status : begin(run);
}

enum dc_status dc_simulation_collectives_run(const struct dc_datacenter *datacenter,
					     struct dc_diag *diag,
					     const struct dc_simulation_options *options,
					     struct dc_record_sink *sink,
					     struct dc_simulation_result *result)
{
	struct collectives_run run = {
		.datacenter = datacenter,
		.options = options,
		.engine = dc_engine_create(),
		.sink = sink,
	};
	enum dc_status status;

	*result = (struct dc_simulation_result){0};
	status = prepare(&run, diag);
	if (!status)
		status = write_event(&run, EVENT_START);
	if (!status)
		status = simulate(&run, diag, result);
	dc_engine_destroy(run.engine);
	return status;
}
