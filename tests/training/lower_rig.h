/* For tests of the lowering: a workload from YAML, settled, lowered and run on a fabric. */
#ifndef DC_TESTS_TRAINING_LOWER_RIG_H
#define DC_TESTS_TRAINING_LOWER_RIG_H

#include <math.h>
#include <stdarg.h>

#include "../hardware/catalogue.h"
#include "program/executor.h"
#include "training/lower.h"
#include "training/timing.h"

enum { LOWER_RANKS = 64, LOWER_ROWS = 16, LOWER_TEXT = 2048 };

struct lowered {
	struct catalogue catalogue;
	struct dc_arena *arena;
	struct dc_training_workload *workload;
	struct dc_accelerator *accelerator;
	struct dc_fabric fabric;
	struct dc_machine machine;
	struct dc_training_plan plan;
	enum dc_status status; /* of settling and lowering */
};

/* What a run came to. */
struct lower_run {
	enum dc_status status;
	uint64_t actors, count;
	struct dc_executor_iteration rows[LOWER_ROWS];
	struct dc_executor_account accounts[LOWER_RANKS]; /* by rank, of the last iteration */
	char *messages;
};

/* A small generator of its own (xorshift64, Marsaglia 2003), so that every run draws the same. */
static inline uint64_t lower_draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

/* Reads a workload; names in it are of the catalogue. */
static inline struct lowered lower_read(const char *yaml)
{
	struct lowered l = {.catalogue = catalogue_open()};
	struct dc_node *node = NULL;
	char *messages;

	l.arena = catalogue_arena(&l.catalogue);
	l.workload = dc_arena_alloc(l.arena, sizeof *l.workload);
	cr_assert_eq(dc_tree_read_text(l.arena, l.catalogue.diag, "workload.yaml", yaml,
				       strlen(yaml), &node),
		     DC_OK);
	l.status = dc_section_read(l.catalogue.config, &dc_training_workload_section, node,
				   l.workload);
	messages = catalogue_messages(&l.catalogue);
	cr_assert_eq(l.status, DC_OK, "%s\n%s", yaml, messages);
	free(messages);
	return l;
}

/* Settles and lowers it for the ranks of the fabric. */
static inline void lower_plan(struct lowered *l)
{
	l->status = dc_training_settle(l->workload, l->fabric.ranks, l->catalogue.diag);
	if (!l->status)
		l->status = dc_training_lower(l->workload, NULL, l->fabric.ranks, l->accelerator,
					      l->arena, l->catalogue.diag, &l->plan);
	l->machine.accelerator = l->accelerator;
}

/* One dimension on which nothing takes time: a message of a gigabyte rounds to no femtosecond. */
static inline void lower_free_fabric(struct lowered *l, uint64_t ranks)
{
	cr_assert_eq(
		dc_fabric_add(&l->fabric, &(struct dc_fabric_dimension){.type = &dc_topology_switch,
									.size = ranks,
									.bandwidth_bps = 1e30}),
		DC_OK);
}

/* 1 TFLOP/s without losses, and memory that takes no time: products alone do. */
static inline void lower_products_alone(struct lowered *l)
{
	l->accelerator = dc_arena_alloc(l->arena, sizeof *l->accelerator);
	*l->accelerator = (struct dc_accelerator){.name = "products"};
	l->accelerator->peak.bf16 = 1e12;
	l->accelerator->memory.bandwidth_bps = 1e30;
	l->accelerator->efficiency.matrix = 1;
	l->accelerator->efficiency.memory = 1;
}

static inline void lower_expect_good(const struct lowered *l, const char *what)
{
	char *messages = catalogue_messages(&l->catalogue);

	cr_assert_eq(l->status, DC_OK, "%s\n%s", what, messages);
	free(messages);
}

static inline void lower_close(struct lowered *l)
{
	catalogue_close(&l->catalogue);
}

/* --- runs --- */

struct lower_context {
	struct dc_engine *engine;
	struct lower_run *run;
};

static inline enum dc_status lower_row(void *context, const struct dc_executor_iteration *row)
{
	struct lower_run *run = ((struct lower_context *)context)->run;

	for (uint64_t i = 0; i < row->count && run->count < LOWER_ROWS; i++) {
		run->rows[run->count] = *row;
		run->rows[run->count].start += (dc_time)i * row->duration;
		run->count++;
	}
	return DC_OK;
}

static inline void lower_activity(void *context, uint64_t actor, const struct dc_activity *activity)
{
	(void)context;
	(void)actor;
	(void)activity;
}

static inline void lower_nothing(void *context)
{
	(void)context;
}

static inline enum dc_status lower_replay(void *context)
{
	(void)context;
	return DC_OK;
}

static inline void lower_stop(void *context, uint64_t argument)
{
	(void)argument;
	dc_engine_stop(context);
}

static inline void lower_finished(void *context)
{
	struct lower_context *c = context;

	dc_engine_schedule(c->engine, dc_engine_now(c->engine), DC_PHASE_SAMPLING, 2, lower_stop,
			   c->engine, 0);
}

/* Some iterations; look (may be NULL) at the executor before they start. */
static inline struct lower_run lower_run(struct lowered *l, bool exact, uint64_t iterations,
					 void (*look)(const struct dc_executor *, void *), void *at)
{
	struct lower_run run = {.status = DC_ERR_INPUT};
	struct lower_context context = {dc_engine_create(), &run};
	struct dc_diag *diag = dc_diag_create();
	const struct dc_executor_observer observer = {
		.context = &context,
		.activity = lower_activity,
		.iteration = lower_row,
		.record = lower_nothing,
		.replay = lower_replay,
		.resume = lower_nothing,
		.finished = lower_finished,
	};
	const struct dc_executor_options options = {
		.exact = exact, .iterations = iterations, .until = DC_TIME_NEVER};
	struct dc_executor *executor;
	size_t size = 0;
	FILE *out;

	/* The struct may have moved since it was planned. */
	l->machine.fabric = &l->fabric;
	executor = dc_executor_create(context.engine, diag, l->plan.ensemble, &l->machine, &options,
				      &observer);
	out = open_memstream(&run.messages, &size);

	if (executor) {
		run.actors = dc_executor_actors(executor);
		if (look)
			look(executor, at);
		dc_executor_start(executor);
		run.status = dc_engine_run(context.engine, NULL);
		cr_assert_eq(dc_executor_stop(executor), DC_OK);
		for (uint64_t r = 0; r < l->fabric.ranks && r < LOWER_RANKS; r++)
			run.accounts[r] =
				*dc_executor_account(executor, dc_executor_actor_of(executor, r));
	}
	dc_diag_render(diag, out, false);
	fclose(out);
	dc_executor_destroy(executor);
	dc_diag_destroy(diag);
	dc_engine_destroy(context.engine);
	return run;
}

/* Compute, bubble, stall and every exposed part. */
static inline dc_time lower_account_sum(const struct dc_executor_account *a)
{
	dc_time sum = a->compute + a->stall + a->bubble + a->sends;

	for (int k = 0; k < DC_ENSEMBLE_KINDS; k++)
		sum += a->exposed[k];
	return sum;
}

#endif
