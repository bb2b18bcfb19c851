/* For the program tests: a machine whose durations are easy to compute, and a run that keeps every
 * iteration, samples and integrals of what rank 0 does. */
#ifndef DC_TESTS_PROGRAM_RIG_H
#define DC_TESTS_PROGRAM_RIG_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/signal.h"
#include "program/executor.h"

/* A small generator of its own (xorshift64, Marsaglia 2003), so that every run draws the same. */
static inline uint64_t rig_draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

enum { RIG_USES = 7, RIG_SAMPLES = 40 };

static const dc_time rig_ms = DC_TIME_S / 1000, rig_us = DC_TIME_S / 1000000;

struct rig {
	struct dc_arena *arena;
	struct dc_ensemble *ensemble;
	struct dc_program *program; /* of all ranks, or of the first stage */
	uint32_t everyone;          /* kind of group */
	struct dc_accelerator accelerator;
	struct dc_fabric fabric;
	struct dc_machine machine;
	/* of the present run */
	struct dc_engine *engine;
	struct dc_diag *diag;
	struct dc_executor *executor;
	struct dc_signal uses[RIG_USES];    /* the three states, compute, memory, link, reading */
	struct dc_executor_iteration *rows; /* one for each iteration */
	uint64_t count, capacity;
	uint64_t calls; /* rows as they came, run-length coded */
	uint64_t replays;
	bool resumed; /* and nothing was reported since */
	dc_time sample_at[RIG_SAMPLES];
	uint64_t sample_iterations[RIG_SAMPLES];
	struct dc_sum sample_uses[RIG_SAMPLES][RIG_USES];
	uint64_t samples;
};

/* What a run came to. */
struct rig_result {
	enum dc_status status;
	struct dc_executor_iteration *rows;
	uint64_t count, calls, replays, events, iterations;
	dc_time end;
	struct dc_sum uses[RIG_USES];
	uint64_t sample_iterations[RIG_SAMPLES];
	struct dc_sum sample_uses[RIG_SAMPLES][RIG_USES];
	char *messages;
};

/* Ranks on one ring of 50 GB/s and 500 ns; 1 TFLOP/s and 1 TB/s without losses; storage of 1,000
 * samples/s for a rank. */
static inline struct rig rig_create(uint64_t ranks)
{
	struct rig rig = {.arena = dc_arena_create()};

	rig.ensemble = dc_ensemble_create(rig.arena);
	rig.program = dc_program_create(rig.arena);
	cr_assert_eq(dc_ensemble_add_axis(rig.ensemble, "data", ranks, NULL), DC_OK);
	cr_assert_eq(dc_ensemble_add_kind(rig.ensemble, "data", 1, &rig.everyone), DC_OK);
	cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
	rig.accelerator.peak.bf16 = 1e12;
	rig.accelerator.memory.bandwidth_bps = 1e12;
	rig.accelerator.efficiency.matrix = 1;
	rig.accelerator.efficiency.memory = 1;
	cr_assert_eq(
		dc_fabric_add(&rig.fabric, &(struct dc_fabric_dimension){.type = &dc_topology_ring,
									 .size = ranks,
									 .bandwidth_bps = 50e9,
									 .latency_s = 500e-9}),
		DC_OK);
	rig.machine.samples_per_s = 1000;
	return rig;
}

static inline void rig_destroy(struct rig *rig)
{
	dc_arena_destroy(rig->arena);
}

static inline uint32_t rig_add(struct rig *rig, uint32_t stream, const struct dc_op *op)
{
	uint32_t number = UINT32_MAX;

	cr_assert_eq(dc_program_add(rig->program, stream, op, &number), DC_OK);
	return number;
}

static inline uint32_t rig_delay(struct rig *rig, uint32_t stream, const char *name, dc_time delay)
{
	return rig_add(rig, stream,
		       &(struct dc_op){.kind = DC_OP_DELAY, .name = name, .delay = delay});
}

static inline uint32_t rig_mark(struct rig *rig, const char *name)
{
	return rig_add(rig, 0, &(struct dc_op){.kind = DC_OP_MARK, .name = name});
}

static inline uint32_t rig_read(struct rig *rig, uint32_t stream, double samples)
{
	return rig_add(rig, stream,
		       &(struct dc_op){.kind = DC_OP_READ, .name = "read", .samples = samples});
}

static inline uint32_t rig_all_reduce(struct rig *rig, uint32_t stream, double size_bytes)
{
	return rig_add(rig, stream,
		       &(struct dc_op){.kind = DC_OP_COLLECTIVE,
				       .name = "gradients",
				       .group = rig->everyone,
				       .operation = DC_OPERATION_ALL_REDUCE,
				       .algorithm = "ring",
				       .size_bytes = size_bytes});
}

static inline void rig_wait(struct rig *rig, uint32_t op, uint32_t lag)
{
	cr_assert_eq(dc_program_wait(rig->program, op, lag), DC_OK);
}

/* --- the observer --- */

static inline void rig_activity(void *context, uint64_t actor, const struct dc_activity *activity)
{
	struct rig *rig = context;
	dc_time now = dc_engine_now(rig->engine);

	if (actor != 0)
		return;
	rig->resumed = false;
	for (int i = 0; i < 3; i++)
		dc_signal_set(&rig->uses[i], now, (int)activity->state == i);
	dc_signal_set(&rig->uses[3], now, activity->compute);
	dc_signal_set(&rig->uses[4], now, activity->memory);
	dc_signal_set(&rig->uses[5], now, activity->link);
	dc_signal_set(&rig->uses[6], now, activity->reading);
}

static inline enum dc_status rig_iteration(void *context, const struct dc_executor_iteration *row)
{
	struct rig *rig = context;

	rig->calls++;
	cr_assert_eq(row->first, rig->count);
	cr_assert(row->compute + row->exposed_communication + row->stall + row->bubble ==
			  row->duration,
		  "iteration %llu", (unsigned long long)row->first);
	cr_assert(row->start == (rig->count ? rig->rows[rig->count - 1].start +
						      rig->rows[rig->count - 1].duration
					    : 0),
		  "iteration %llu", (unsigned long long)row->first);
	for (uint64_t i = 0; i < row->count; i++) {
		if (rig->count == rig->capacity) {
			rig->capacity = rig->capacity ? 2 * rig->capacity : 64;
			rig->rows = realloc(rig->rows, rig->capacity * sizeof *rig->rows);
		}
		rig->rows[rig->count] = *row;
		rig->rows[rig->count].first = rig->count;
		rig->rows[rig->count].count = 1;
		rig->rows[rig->count].start += (dc_time)i * row->duration;
		rig->count++;
	}
	return DC_OK;
}

static inline void rig_record(void *context)
{
	struct rig *rig = context;

	for (int i = 0; i < RIG_USES; i++)
		dc_signal_record(&rig->uses[i], dc_engine_now(rig->engine));
}

static inline enum dc_status rig_replay(void *context)
{
	struct rig *rig = context;

	rig->replays++;
	for (int i = 0; i < RIG_USES; i++)
		cr_assert_eq(dc_signal_replay(&rig->uses[i], dc_engine_now(rig->engine)), DC_OK);
	return DC_OK;
}

static inline void rig_resume(void *context)
{
	struct rig *rig = context;

	for (int i = 0; i < RIG_USES; i++) {
		dc_signal_resume(&rig->uses[i], dc_engine_now(rig->engine));
		dc_signal_forget(&rig->uses[i]);
	}
	rig->resumed = true;
}

static inline void rig_end(void *context, uint64_t argument)
{
	struct rig *rig = context;

	(void)argument;
	dc_engine_stop(rig->engine);
}

static inline void rig_finished(void *context)
{
	struct rig *rig = context;

	dc_engine_schedule(rig->engine, dc_engine_now(rig->engine), DC_PHASE_SAMPLING, 2, rig_end,
			   rig, 0);
}

static inline void rig_sample(void *context, uint64_t number)
{
	struct rig *rig = context;
	dc_time now = dc_engine_now(rig->engine);

	rig->sample_iterations[number] = dc_executor_iterations(rig->executor, now);
	for (int i = 0; i < RIG_USES; i++)
		rig->sample_uses[number][i] = dc_signal_integral(&rig->uses[i], now);
}

/* --- the run --- */

static inline void rig_start(struct rig *rig, const struct dc_executor_options *options)
{
	const struct dc_executor_observer observer = {
		.context = rig,
		.activity = rig_activity,
		.iteration = rig_iteration,
		.record = rig_record,
		.replay = rig_replay,
		.resume = rig_resume,
		.finished = rig_finished,
	};

	rig->machine.accelerator = &rig->accelerator;
	rig->machine.fabric = &rig->fabric;
	rig->engine = dc_engine_create();
	rig->diag = dc_diag_create();
	rig->rows = NULL;
	rig->count = rig->capacity = rig->calls = rig->replays = 0;
	rig->resumed = false;
	for (int i = 0; i < RIG_USES; i++)
		dc_signal_init(&rig->uses[i], "use", "1", 0, i == DC_STATE_STALLED);
	rig->executor = dc_executor_create(rig->engine, rig->diag, rig->ensemble, &rig->machine,
					   options, &observer);
	cr_assert_not_null(rig->executor);
	dc_executor_start(rig->executor);
	for (uint64_t i = 0; i < rig->samples; i++)
		dc_engine_schedule(rig->engine, rig->sample_at[i], DC_PHASE_SAMPLING, 1, rig_sample,
				   rig, i);
	if (options->until < DC_TIME_NEVER)
		dc_engine_schedule(rig->engine, options->until, DC_PHASE_SAMPLING, 2, rig_end, rig,
				   0);
}

static inline char *rig_messages(const struct rig *rig)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	dc_diag_render(rig->diag, out, false);
	fclose(out);
	return text;
}

static inline struct rig_result rig_run(struct rig *rig, const struct dc_executor_options *options)
{
	struct rig_result result = {0};

	rig_start(rig, options);
	result.status = dc_engine_run(rig->engine, NULL);
	/* What an actor does is reported anew after each replay (executor.h). */
	cr_assert(!rig->resumed);
	result.end = dc_engine_now(rig->engine);
	result.iterations = dc_executor_iterations(rig->executor, result.end);
	cr_assert_eq(dc_executor_stop(rig->executor), DC_OK);
	result.events = dc_engine_count(rig->engine);
	result.rows = rig->rows;
	result.count = rig->count;
	result.calls = rig->calls;
	result.replays = rig->replays;
	for (int i = 0; i < RIG_USES; i++) {
		result.uses[i] = dc_signal_integral(&rig->uses[i], result.end);
		dc_signal_fini(&rig->uses[i]);
	}
	memcpy(result.sample_iterations, rig->sample_iterations, sizeof rig->sample_iterations);
	memcpy(result.sample_uses, rig->sample_uses, sizeof rig->sample_uses);
	result.messages = rig_messages(rig);
	dc_executor_destroy(rig->executor);
	dc_diag_destroy(rig->diag);
	dc_engine_destroy(rig->engine);
	return result;
}

static inline void rig_free(struct rig_result *result)
{
	free(result->rows);
	free(result->messages);
}

static inline struct rig_result rig_run_count(struct rig *rig, bool exact, uint64_t iterations)
{
	return rig_run(rig, &(struct dc_executor_options){.exact = exact,
							  .iterations = iterations,
							  .until = DC_TIME_NEVER});
}

static inline struct rig_result rig_run_until(struct rig *rig, bool exact, dc_time until)
{
	return rig_run(rig, &(struct dc_executor_options){.exact = exact, .until = until});
}

static inline bool rig_near(struct dc_sum a, struct dc_sum b, dc_time end)
{
	return fabs(dc_sum_value(dc_sum_sub(a, b))) <= 1e-13 * dc_time_to_s(end);
}

/* Both runs, iteration by iteration to the tick, samples and integrals to 1e-13 of the run. */
static inline void rig_equal(const struct rig *rig, const struct rig_result *a,
			     const struct rig_result *b, const char *what, uint64_t parameter)
{
	unsigned long long p = parameter;

	cr_assert_eq(a->status, b->status, "%s %llu: %s%s", what, p, a->messages, b->messages);
	cr_assert(a->end == b->end, "%s %llu: ends at %.17g and %.17g s", what, p,
		  dc_time_to_s(a->end), dc_time_to_s(b->end));
	cr_assert_eq(a->count, b->count, "%s %llu: %llu and %llu rows", what, p,
		     (unsigned long long)a->count, (unsigned long long)b->count);
	cr_assert_eq(a->iterations, b->iterations, "%s %llu", what, p);
	cr_assert_eq(a->iterations, a->count, "%s %llu", what, p);
	for (uint64_t i = 0; i < a->count; i++) {
		const struct dc_executor_iteration *x = &a->rows[i], *y = &b->rows[i];

		cr_assert(x->start == y->start && x->duration == y->duration &&
				  x->compute == y->compute && x->stall == y->stall &&
				  dc_executor_iteration_equals(x, y),
			  "%s %llu: iteration %llu", what, p, (unsigned long long)i);
	}
	for (int u = 0; u < RIG_USES; u++)
		cr_assert(rig_near(a->uses[u], b->uses[u], a->end),
			  "%s %llu: use %d is %.17g and %.17g", what, p, u,
			  dc_sum_value(a->uses[u]), dc_sum_value(b->uses[u]));
	for (uint64_t s = 0; s < rig->samples && rig->sample_at[s] <= a->end; s++) {
		cr_assert_eq(a->sample_iterations[s], b->sample_iterations[s],
			     "%s %llu: sample %llu", what, p, (unsigned long long)s);
		for (int u = 0; u < RIG_USES; u++)
			cr_assert(rig_near(a->sample_uses[s][u], b->sample_uses[s][u], a->end),
				  "%s %llu: sample %llu, use %d", what, p, (unsigned long long)s,
				  u);
	}
}

/* Rows against durations and parts, in microseconds, repeated from `steady` on. */
static inline void rig_rows_us(const struct rig_result *result, uint64_t iteration,
			       int64_t compute_us, int64_t exposed_us, int64_t stall_us)
{
	const struct dc_executor_iteration *row = &result->rows[iteration];

	cr_assert(iteration < result->count);
	cr_expect(row->compute == compute_us * rig_us &&
			  row->exposed_communication == exposed_us * rig_us &&
			  row->stall == stall_us * rig_us,
		  "iteration %llu: compute %.9g, exposed %.9g, stall %.9g us",
		  (unsigned long long)iteration, 1e6 * dc_time_to_s(row->compute),
		  1e6 * dc_time_to_s(row->exposed_communication), 1e6 * dc_time_to_s(row->stall));
}

#endif
