/* The executor: creation, questions from outside, start and end. */
#include "program/executor_private.h"

#include <stdlib.h>
#include <string.h>

void *dc_executor_grow(struct dc_executor *executor, void *items, uint32_t count,
		       uint32_t *capacity, size_t size)
{
	void *larger;

	if (count < *capacity)
		return items;
	*capacity = *capacity ? *capacity * 2 : 16;
	larger = dc_arena_array(executor->arena, *capacity, size);
	if (larger && count)
		memcpy(larger, items, count * size);
	return larger;
}

static enum dc_status check(struct dc_executor *executor)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	uint64_t stages = dc_ensemble_stages(ensemble);

	if (executor->ranks != executor->machine->fabric->ranks)
		return dc_diag_error(executor->diag, NULL,
				     "the programs are for %llu ranks, the fabric has %llu",
				     (unsigned long long)executor->ranks,
				     (unsigned long long)executor->machine->fabric->ranks);
	if (ensemble->program_count != stages)
		return dc_diag_error(executor->diag, NULL, "%llu stages have %u programs",
				     (unsigned long long)stages, ensemble->program_count);
	for (size_t i = 0; i < executor->machine->slow_count; i++) {
		const struct dc_slow_rank *slow = &executor->machine->slow[i];

		if (slow->rank >= executor->ranks || !(slow->factor > 0))
			return dc_diag_error(executor->diag, NULL,
					     "no rank %llu can be %g times as slow",
					     (unsigned long long)slow->rank, slow->factor);
	}
	return DC_OK;
}

static enum dc_status build(struct dc_executor *executor)
{
	enum dc_status status;

	executor->arena = dc_arena_create();
	if (!executor->arena)
		return DC_ERR_MEMORY;
	status = check(executor);
	if (!status)
		status = dc_executor_prepare(executor);
	if (!status)
		status = dc_executor_classify(executor);
	return status ? status : dc_executor_replay_init(executor);
}

struct dc_executor *dc_executor_create(struct dc_engine *engine, struct dc_diag *diag,
				       const struct dc_ensemble *ensemble,
				       const struct dc_machine *machine,
				       const struct dc_executor_options *options,
				       const struct dc_executor_observer *observer)
{
	struct dc_executor *executor = calloc(1, sizeof *executor);

	if (!executor)
		return NULL;
	executor->engine = engine;
	executor->diag = diag;
	executor->ensemble = ensemble;
	executor->machine = machine;
	executor->options = *options;
	executor->observer = *observer;
	executor->ranks = dc_ensemble_ranks(ensemble);
	if (build(executor)) {
		dc_executor_destroy(executor);
		return NULL;
	}
	return executor;
}

void dc_executor_destroy(struct dc_executor *executor)
{
	if (!executor)
		return;
	dc_executor_replay_fini(executor);
	for (int i = 0; i < 2; i++)
		dc_runner_destroy(executor->runners[i]);
	for (uint32_t i = 0; i < executor->answer_count; i++)
		dc_plan_fini(&executor->answers[i].plan);
	dc_arena_destroy(executor->arena);
	free(executor);
}

uint64_t dc_executor_actors(const struct dc_executor *executor)
{
	return executor->actor_count;
}

uint64_t dc_executor_actor_of(const struct dc_executor *executor, uint64_t rank)
{
	if (executor->class_of)
		return executor->class_of[rank];
	return executor->options.exact ? rank : dc_ensemble_stage_of(executor->ensemble, rank);
}

uint64_t dc_executor_multiplicity(const struct dc_executor *executor, uint64_t actor)
{
	return executor->actors[actor].ranks;
}

const struct dc_executor_account *dc_executor_account(const struct dc_executor *executor,
						      uint64_t actor)
{
	return &executor->actors[actor].account;
}

size_t dc_executor_communications(const struct dc_executor *executor)
{
	return executor->answer_count;
}

const struct dc_executor_communication *
dc_executor_communication(const struct dc_executor *executor, size_t number)
{
	return &executor->answers[number].asked;
}

dc_time dc_executor_op_duration(const struct dc_executor *executor, uint64_t actor, uint32_t op)
{
	const struct actor *a = &executor->actors[actor];

	return a->timings[executor->stages[a->stage].shape_of[op]].duration;
}

void dc_executor_start(struct dc_executor *executor)
{
	dc_time now = dc_engine_now(executor->engine);

	executor->iteration_start = now;
	for (uint64_t i = 0; i < executor->actor_count; i++)
		executor->actors[i].since = now;
	dc_executor_continue(executor);
}

uint64_t dc_executor_iterations(const struct dc_executor *executor, dc_time now)
{
	return executor->iterations + dc_executor_replayed(executor, now);
}

enum dc_status dc_executor_stop(struct dc_executor *executor)
{
	return dc_executor_report_replayed(executor, dc_engine_now(executor->engine));
}
