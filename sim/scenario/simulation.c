/* Running a datacenter: the events that tie load, climate and records together. */
#include "scenario/simulation.h"

#include <math.h>
#include <stdlib.h>

#include "scenario/network_collectives.h"
#include "scenario/network_run.h"
#include "scenario/recorder.h"

/* Balances are exact but for rounding; more than this is a broken run. */
static const double largest_residual = 1e-9;

/* Upper limit of the allowable range of class A4 [ASHRAE TC 9.9, Thermal Guidelines, 2015]. */
static const double hottest_room_degc = 45;

struct simulation {
	const struct dc_datacenter *datacenter;
	struct dc_diag *diag;
	const struct dc_simulation_options *options;
	struct dc_engine *engine;
	struct dc_executor *executor;
	struct dc_load load;
	struct dc_climate climate;
	struct dc_recorder recorder;
	struct dc_timeline timeline;
	dc_time iterations_end; /* of the last complete iteration reported */
	struct dc_executor_iteration last;
	bool limited;
};

static void fail_on(struct simulation *sim, enum dc_status status)
{
	if (status)
		dc_engine_fail(sim->engine, status);
}

/* --- what the executor reports --- */

static void on_activity(void *context, uint64_t actor, const struct dc_activity *activity)
{
	struct simulation *sim = context;

	dc_datacenter_load_set(&sim->load, actor, activity);
}

static enum dc_status on_iteration(void *context, const struct dc_executor_iteration *iteration)
{
	struct simulation *sim = context;

	sim->last = *iteration;
	sim->iterations_end = iteration->start + iteration->duration * (dc_time)iteration->count;
	if (sim->options->iteration)
		sim->options->iteration(sim->options->context, iteration);
	if (sim->recorder.timeline && dc_simulation_timeline_iteration(&sim->timeline, iteration))
		fail_on(sim, dc_simulation_timeline_write(&sim->timeline, sim->recorder.sink));
	return dc_simulation_recorder_iteration(&sim->recorder, iteration);
}

static void on_operation(void *context, uint64_t actor, uint32_t stage, uint32_t op,
			 uint64_t iteration, dc_time begin, dc_time end)
{
	struct simulation *sim = context;

	fail_on(sim, dc_simulation_timeline_operation(&sim->timeline, actor, stage, op, iteration,
						      begin, end));
}

static void on_record(void *context)
{
	struct simulation *sim = context;

	dc_datacenter_load_record(&sim->load);
}

static enum dc_status on_replay(void *context)
{
	struct simulation *sim = context;

	return dc_datacenter_load_replay(&sim->load);
}

static void on_resume(void *context)
{
	struct simulation *sim = context;

	dc_datacenter_load_resume(&sim->load);
}

/* --- events of the facility and the records --- */

static void note_limit(struct simulation *sim, dc_time now)
{
	if (sim->climate.limited == sim->limited)
		return;
	sim->limited = sim->climate.limited;
	fail_on(sim, dc_simulation_recorder_event(
			     &sim->recorder, now,
			     sim->limited ? DC_EVENT_COOLING_LIMITED : DC_EVENT_COOLING_RECOVERED,
			     DC_SUBJECT_COOLING,
			     sim->limited ? "supply rises above its set point"
					  : "supply is at its set point again"));
}

static void on_climate(void *context, uint64_t argument)
{
	struct simulation *sim = context;
	dc_time now = dc_engine_now(sim->engine);
	dc_time step = dc_time_from_s(sim->datacenter->step_s);

	(void)argument;
	dc_datacenter_climate_advance(&sim->climate, now);
	if (now % step == 0)
		dc_datacenter_climate_step(&sim->climate, now);
	dc_datacenter_climate_hold(&sim->climate, now);
	note_limit(sim, now);
	dc_engine_schedule(sim->engine, dc_datacenter_climate_next(&sim->climate, now),
			   DC_PHASE_DECISION, 0, on_climate, sim, 0);
}

static void write_row(struct simulation *sim)
{
	dc_time now = dc_engine_now(sim->engine);

	dc_datacenter_climate_advance(&sim->climate, now);
	fail_on(sim, dc_simulation_recorder_row(&sim->recorder, now,
						dc_executor_iterations(sim->executor, now)));
}

static void report_progress(const struct simulation *sim, dc_time now)
{
	const struct dc_datacenter *dc = sim->datacenter;
	double share;

	if (!sim->options->progress)
		return;
	if (dc->iterations)
		share = (double)dc_executor_iterations(sim->executor, now) / (double)dc->iterations;
	else
		share = dc_time_ratio(now, dc->until);
	sim->options->progress(sim->options->context, share);
}

static void on_sample(void *context, uint64_t argument)
{
	struct simulation *sim = context;
	dc_time now = dc_engine_now(sim->engine);
	dc_time interval = dc_time_from_s(sim->datacenter->scenario->record.interval_s);

	(void)argument;
	write_row(sim);
	report_progress(sim, now);
	dc_engine_schedule(sim->engine, now + interval, DC_PHASE_SAMPLING, 1, on_sample, sim, 0);
}

/* After everything else of its instant. */
static void on_end(void *context, uint64_t argument)
{
	struct simulation *sim = context;

	(void)argument;
	dc_engine_stop(sim->engine);
}

static void on_finished(void *context)
{
	struct simulation *sim = context;

	dc_engine_schedule(sim->engine, dc_engine_now(sim->engine), DC_PHASE_SAMPLING, 2, on_end,
			   sim, 0);
}

/* --- the run --- */

static enum dc_status prepare(struct simulation *sim, struct dc_record_sink *sink)
{
	const struct dc_datacenter *dc = sim->datacenter;
	bool timeline = sink && sink->type->timeline;
	const struct dc_executor_observer observer = {
		.context = sim,
		.activity = on_activity,
		.iteration = on_iteration,
		.operation = timeline ? on_operation : NULL,
		.record = on_record,
		.replay = on_replay,
		.resume = on_resume,
		.finished = on_finished,
	};
	const struct dc_executor_options options = {
		.exact = sim->options->exact,
		.iterations = dc->iterations,
		.until = dc->until,
	};
	enum dc_status status;

	sim->engine = dc_engine_create();
	if (!sim->engine)
		return DC_ERR_MEMORY;
	sim->executor = dc_executor_create(sim->engine, sim->diag, dc->plan.ensemble, &dc->machine,
					   &options, &observer);
	if (!sim->executor)
		return dc_diag_errors(sim->diag) ? DC_ERR_RUN : DC_ERR_MEMORY;
	status = dc_datacenter_load_init(&sim->load, dc, sim->engine, sim->executor,
					 sim->options->exact);
	if (!status)
		status = dc_datacenter_climate_init(&sim->climate, dc, &sim->load, 0);
	if (!status)
		status =
			dc_simulation_timeline_init(&sim->timeline, sim->executor,
						    dc->plan.ensemble, DC_TIMELINE_ROWS, dc->arena);
	if (!status)
		status = dc_simulation_recorder_init(&sim->recorder, dc, &sim->load, &sim->climate,
						     timeline ? &sim->timeline : NULL, sink);
	return status;
}

static void start(struct simulation *sim)
{
	const struct dc_datacenter *dc = sim->datacenter;
	dc_time interval = dc_time_from_s(dc->scenario->record.interval_s);

	dc_executor_start(sim->executor);
	dc_engine_schedule(sim->engine, dc_datacenter_climate_next(&sim->climate, 0),
			   DC_PHASE_DECISION, 0, on_climate, sim, 0);
	if (sim->recorder.sink || sim->options->progress)
		dc_engine_schedule(sim->engine, interval, DC_PHASE_SAMPLING, 1, on_sample, sim, 0);
	if (dc->until < DC_TIME_NEVER)
		dc_engine_schedule(sim->engine, dc->until, DC_PHASE_SAMPLING, 2, on_end, sim, 0);
	note_limit(sim, 0);
}

static enum dc_status check_balance(const struct simulation *sim, const double *summary)
{
	double energy = fabs(summary[DC_SUMMARY_BALANCE_RESIDUAL]);
	double heat = fabs(summary[DC_SUMMARY_HEAT_RESIDUAL]);
	double produced_j = dc_sum_value(sim->climate.totals[DC_TOTAL_PRODUCED_J]);
	/* In spans of microseconds temperatures hardly change: their rounding is what is left. */
	double rounding = dc_datacenter_climate_rounding_j(&sim->climate) / produced_j;

	if (energy <= largest_residual && heat <= largest_residual + rounding)
		return DC_OK;
	dc_diag_error(
		sim->diag, NULL,
		"the balances do not close: energy residual %.3g, heat residual %.3g; the run "
		"is not valid",
		energy, heat);
	return DC_ERR_RUN;
}

/* Neither throttling nor shutdown is simulated, so a hot room must not pass for a good result. */
static void warn_of_heat(const struct simulation *sim, const double *summary)
{
	if (summary[DC_SUMMARY_ROOM_END_DEGC] <= hottest_room_degc)
		return;
	dc_diag_warning(
		sim->diag, NULL,
		"the room ends at %.0f degC: its hardware would have slowed down or shut down "
		"above %.0f degC, which is not simulated; the figures are not those of a real "
		"run",
		summary[DC_SUMMARY_ROOM_END_DEGC], hottest_room_degc);
}

static enum dc_status find_largest(const struct simulation *sim,
				   struct dc_simulation_largest *largest)
{
	const struct dc_datacenter *dc = sim->datacenter;
	char name[256] = "";

	for (size_t i = 0; i < dc_executor_communications(sim->executor); i++) {
		const struct dc_executor_communication *asked =
			dc_executor_communication(sim->executor, i);

		if (asked->kind == DC_PROGRAM_NO_GROUP || !asked->how.algorithm ||
		    (largest->how.algorithm && asked->size_bytes <= largest->size_bytes))
			continue;
		largest->how = asked->how;
		largest->operation = asked->operation;
		largest->size_bytes = asked->size_bytes;
	}
	if (largest->how.algorithm && largest->how.bottleneck != UINT64_MAX)
		dc_fabric_link_name(&dc->fabric, largest->how.bottleneck, name, sizeof name);
	largest->bottleneck = dc_arena_strdup(dc->arena, name);
	return largest->bottleneck ? DC_OK : DC_ERR_MEMORY;
}

static void find_exposed(const struct simulation *sim, struct dc_simulation_result *result)
{
	const struct dc_ensemble *ensemble = sim->datacenter->plan.ensemble;

	if (sim->last.duration <= 0)
		return;
	for (uint32_t k = 0; k < ensemble->kind_count; k++) {
		dc_time exposed = k ? sim->last.exposed[k] : sim->last.sends;

		if (exposed <= 0)
			continue;
		result->exposed[result->exposed_count++] = (struct dc_simulation_exposed){
			.name = k ? ensemble->kinds[k].name : "sends",
			.share = dc_time_ratio(exposed, sim->last.duration),
		};
	}
}

/* The last, perhaps shorter row; what a replay has done so far; the summary. */
static enum dc_status finish(struct simulation *sim, bool interrupted,
			     struct dc_simulation_result *result)
{
	dc_time now = dc_engine_now(sim->engine);
	uint64_t iterations = dc_executor_iterations(sim->executor, now);
	enum dc_status status = dc_executor_stop(sim->executor);

	if (now == 0) {
		dc_diag_error(sim->diag, NULL, "the run ended before any time had passed");
		return interrupted ? DC_INTERRUPTED : DC_ERR_RUN;
	}
	dc_datacenter_climate_advance(&sim->climate, now);
	if (!status)
		status = dc_simulation_recorder_row(&sim->recorder, now, iterations);
	if (!status)
		status = dc_simulation_recorder_event(
			&sim->recorder, now, interrupted ? DC_EVENT_INTERRUPTED : DC_EVENT_END,
			DC_SUBJECT_RUN, "");
	if (status)
		return status;
	dc_simulation_summarize(sim->datacenter, &sim->load, &sim->climate, iterations,
				sim->iterations_end, now, result->summary);
	/* Of a run that ended before its third iteration. */
	if (sim->recorder.timeline)
		status = dc_simulation_timeline_write(&sim->timeline, sim->recorder.sink);
	if (status)
		return status;
	result->summary[DC_SUMMARY_TIMELINE_LEFT_OUT] = (double)sim->timeline.left_out;
	result->interrupted = interrupted;
	result->events = dc_engine_count(sim->engine);
	find_exposed(sim, result);
	status = find_largest(sim, &result->largest);
	if (status)
		return status;
	status = check_balance(sim, result->summary);
	if (status)
		return status;
	warn_of_heat(sim, result->summary);
	return dc_simulation_recorder_end(&sim->recorder,
					  interrupted ? DC_RECORD_INTERRUPTED : DC_RECORD_COMPLETE,
					  result->summary);
}

const struct dc_scalar *dc_simulation_scalars(const struct dc_datacenter *datacenter, size_t *count)
{
	if (datacenter->collectives) {
		*count = DC_COLLECTIVES_SCALARS;
		return dc_simulation_collective_summary;
	}
	*count = datacenter->traffic ? DC_NETWORK_SCALARS : DC_SIMULATION_SCALARS;
	return datacenter->traffic ? dc_simulation_network_summary : dc_simulation_summary;
}

enum dc_status dc_simulation_run(const struct dc_datacenter *datacenter, struct dc_diag *diag,
				 const struct dc_simulation_options *options,
				 struct dc_record_sink *sink, struct dc_simulation_result *result)
{
	struct simulation sim = {.datacenter = datacenter, .diag = diag, .options = options};
	enum dc_status status;

	if (datacenter->traffic)
		return dc_simulation_network_run(datacenter, diag, options, sink, result);
	if (datacenter->collectives)
		return dc_simulation_collectives_run(datacenter, diag, options, sink, result);
	status = prepare(&sim, sink);
	*result = (struct dc_simulation_result){0};
	if (!status)
		status = dc_simulation_recorder_begin(&sim.recorder);
	if (!status)
		status = dc_simulation_recorder_event(&sim.recorder, 0, DC_EVENT_START,
						      DC_SUBJECT_RUN, "");
	if (!status) {
		start(&sim);
		status = dc_engine_run(sim.engine, options->interrupted);
		if (status == DC_OK || status == DC_INTERRUPTED)
			status = finish(&sim, status == DC_INTERRUPTED, result);
	}
	dc_executor_destroy(sim.executor);
	dc_simulation_timeline_fini(&sim.timeline);
	dc_datacenter_load_fini(&sim.load);
	dc_engine_destroy(sim.engine);
	return status;
}
