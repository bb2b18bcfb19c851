/* For the program tests: pipelines of several stages, by hand and at random. */
#ifndef DC_TESTS_PROGRAM_STAGES_H
#define DC_TESTS_PROGRAM_STAGES_H

#include "rig.h"

enum { STAGES_MOST = 16, STAGES_ACTORS = 64 };

/* What a pipeline does; times of a micro-batch on each stage. */
struct pipeline {
	uint32_t stages, micro_batches;
	bool gpipe; /* all forward, then all backward; else one forward, one backward */
	dc_time forward[STAGES_MOST], backward[STAGES_MOST]; /* DELAYs, when there are no parts */
	const struct dc_part *forward_parts[STAGES_MOST], *backward_parts[STAGES_MOST];
	uint32_t part_count;
	uint32_t gang; /* kind */
	double send_bytes;
	double gradient_bytes; /* > 0: an all-reduce in groups of this kind, after the last backward */
	uint32_t gradient_kind;
	bool overlap; /* gradients in two buckets, the first before the last backward */
	dc_time optimizer;
};

/* A rig without programs: axes and stages are added by the test. */
static inline struct rig stages_rig(const struct dc_fabric_dimension *dimensions, size_t count)
{
	struct rig rig = {.arena = dc_arena_create()};

	rig.ensemble = dc_ensemble_create(rig.arena);
	rig.accelerator.peak.bf16 = 1e12;
	rig.accelerator.memory.bandwidth_bps = 1e12;
	rig.accelerator.efficiency.matrix = 1;
	rig.accelerator.efficiency.memory = 1;
	for (size_t d = 0; d < count; d++)
		cr_assert_eq(dc_fabric_add(&rig.fabric, &dimensions[d]), DC_OK);
	return rig;
}

static inline void stages_axis(struct rig *rig, const char *name, uint64_t size, uint32_t *axis)
{
	cr_assert_eq(dc_ensemble_add_axis(rig->ensemble, name, size, axis), DC_OK);
}

static inline uint32_t stages_kind(struct rig *rig, const char *name, uint32_t axes)
{
	uint32_t kind = 0;

	cr_assert_eq(dc_ensemble_add_kind(rig->ensemble, name, axes, &kind), DC_OK);
	return kind;
}

/* Numbers of operations: sends of activations, sends of gradients, then work in the order of time. */
static inline uint32_t send_forward(const struct pipeline *p, uint32_t stage, uint32_t batch)
{
	(void)p;
	(void)stage;
	return batch;
}

static inline uint32_t send_backward(const struct pipeline *p, uint32_t stage, uint32_t batch)
{
	return (stage + 1 < p->stages ? p->micro_batches : 0) + batch;
}

static inline uint32_t first_work(const struct pipeline *p, uint32_t stage)
{
	return (stage + 1 < p->stages ? p->micro_batches : 0) + (stage ? p->micro_batches : 0);
}

/* The n-th work of a stage: forward or backward, of which micro-batch. */
static inline uint32_t work_at(const struct pipeline *p, uint32_t stage, uint32_t n, bool *backward)
{
	uint32_t m = p->micro_batches, ahead = p->stages - 1 - stage;

	if (p->gpipe || ahead > m)
		ahead = m;
	*backward = n >= ahead && (n - ahead) % 2 == 1;
	if (n < ahead)
		return n;
	if (n >= 2 * m - ahead) {
		*backward = true;
		return n - m;
	}
	return *backward ? (n - ahead) / 2 : ahead + (n - ahead) / 2;
}

static inline uint32_t work_number(const struct pipeline *p, uint32_t stage, uint32_t batch,
				   bool wanted)
{
	for (uint32_t n = 0; n < 2 * p->micro_batches; n++) {
		bool backward;

		if (work_at(p, stage, n, &backward) == batch && backward == wanted)
			return first_work(p, stage) + n;
	}
	return UINT32_MAX;
}

static inline void add_sends(struct rig *rig, const struct pipeline *p, uint32_t stage, bool back)
{
	for (uint32_t b = 0; b < p->micro_batches; b++) {
		struct dc_op op = {.kind = DC_OP_SEND,
				   .name = back ? "errors" : "activations",
				   .peer = back ? stage - 1 : stage + 1,
				   .size_bytes = p->send_bytes};

		rig_add(rig, back ? 2 : 1, &op);
		rig_wait(rig, work_number(p, stage, b, back), 0);
	}
}

static inline void add_work(struct rig *rig, const struct pipeline *p, uint32_t stage,
			    uint32_t batch, bool back)
{
	const struct dc_part *parts = back ? p->backward_parts[stage] : p->forward_parts[stage];
	struct dc_op op = {.kind = parts ? DC_OP_COMPUTE : DC_OP_DELAY,
			   .name = back ? "backward" : "forward",
			   .parts = parts,
			   .part_count = parts ? p->part_count : 0,
			   .gang = parts ? p->gang : 0,
			   .delay = back ? p->backward[stage] : p->forward[stage]};

	rig_add(rig, 0, &op);
	if (!back && stage)
		cr_assert_eq(dc_program_wait_for(rig->program, stage - 1,
						 send_forward(p, stage - 1, batch), 0),
			     DC_OK);
	if (back && stage + 1 < p->stages)
		cr_assert_eq(dc_program_wait_for(rig->program, stage + 1,
						 send_backward(p, stage + 1, batch), 0),
			     DC_OK);
}

static inline uint32_t add_gradients(struct rig *rig, const struct pipeline *p, uint32_t after)
{
	uint32_t number = rig_add(rig, 3,
				  &(struct dc_op){.kind = DC_OP_COLLECTIVE,
						  .name = "gradients",
						  .group = p->gradient_kind,
						  .operation = DC_OPERATION_ALL_REDUCE,
						  .algorithm = "ring",
						  .size_bytes = p->gradient_bytes});

	rig_wait(rig, after, 0);
	return number;
}

/* Adds the next stage's program; it is the rig's then. */
static inline void add_stage(struct rig *rig, const struct pipeline *p, uint32_t stage)
{
	uint32_t last = 0, bucket = 0;

	rig->program = dc_program_create(rig->arena);
	cr_assert_eq(dc_ensemble_add_program(rig->ensemble, rig->program), DC_OK);
	dc_program_stream(rig->program, "compute");
	dc_program_stream(rig->program, "activations");
	dc_program_stream(rig->program, "errors");
	dc_program_stream(rig->program, "gradients");
	if (stage + 1 < p->stages)
		add_sends(rig, p, stage, false);
	if (stage)
		add_sends(rig, p, stage, true);
	for (uint32_t n = 0; n < 2 * p->micro_batches; n++) {
		bool back;
		uint32_t batch = work_at(p, stage, n, &back);

		add_work(rig, p, stage, batch, back);
	}
	last = first_work(p, stage) + 2 * p->micro_batches - 1;
	if (p->gradient_bytes > 0) {
		if (p->overlap)
			add_gradients(rig, p, last - 1);
		bucket = add_gradients(rig, p, last);
	}
	rig_delay(rig, 0, "optimizer", p->optimizer);
	if (p->gradient_bytes > 0)
		rig_wait(rig, bucket, 0);
	rig_mark(rig, "end");
}

static inline void add_stages(struct rig *rig, const struct pipeline *p)
{
	for (uint32_t s = 0; s < p->stages; s++)
		add_stage(rig, p, s);
}

/* A run that keeps every rank's account of the last iteration. */
struct stages_result {
	struct rig_result run;
	uint64_t actors;
	struct dc_executor_account accounts[STAGES_ACTORS]; /* by rank */
};

static inline struct stages_result stages_run_as(struct rig *rig,
						 const struct dc_executor_options *asked)
{
	const struct dc_executor_options options = *asked;
	struct stages_result result = {.actors = 0};
	uint64_t ranks = dc_ensemble_ranks(rig->ensemble);

	cr_assert(ranks <= STAGES_ACTORS);
	rig_start(rig, &options);
	result.run.status = dc_engine_run(rig->engine, NULL);
	result.run.messages = rig_messages(rig);
	result.run.end = dc_engine_now(rig->engine);
	result.run.iterations = dc_executor_iterations(rig->executor, result.run.end);
	cr_assert_eq(dc_executor_stop(rig->executor), DC_OK);
	result.run.events = dc_engine_count(rig->engine);
	result.run.rows = rig->rows;
	result.run.count = rig->count;
	result.run.replays = rig->replays;
	result.actors = dc_executor_actors(rig->executor);
	for (uint64_t r = 0; r < ranks; r++)
		result.accounts[r] =
			*dc_executor_account(rig->executor, dc_executor_actor_of(rig->executor, r));
	for (int i = 0; i < RIG_USES; i++) {
		result.run.uses[i] = dc_signal_integral(&rig->uses[i], result.run.end);
		dc_signal_fini(&rig->uses[i]);
	}
	dc_executor_destroy(rig->executor);
	dc_diag_destroy(rig->diag);
	dc_engine_destroy(rig->engine);
	return result;
}

static inline struct stages_result stages_run(struct rig *rig, bool exact, uint64_t iterations)
{
	return stages_run_as(rig, &(struct dc_executor_options){.exact = exact,
								.iterations = iterations,
								.until = DC_TIME_NEVER});
}

static inline dc_time account_sum(const struct dc_executor_account *a)
{
	dc_time sum = a->compute + a->stall + a->bubble + a->sends;

	for (int k = 0; k < DC_ENSEMBLE_KINDS; k++)
		sum += a->exposed[k];
	return sum;
}

/* Links without latency on which nothing takes time. */
static inline struct rig free_rig(uint32_t stages, uint32_t width)
{
	const struct dc_fabric_dimension dimensions[] = {{.type = &dc_topology_ring,
							  .size = (uint64_t)stages * width,
							  .bandwidth_bps = 1e9}};
	struct rig rig = stages_rig(dimensions, 1);
	uint32_t axis;

	stages_axis(&rig, "data", width, NULL);
	stages_axis(&rig, "stage", stages, &axis);
	rig.ensemble->stage_axis = axis;
	return rig;
}

#endif
