/* The executor: what operations take, by shape and class of ranks. */
#include <math.h>
#include <stdlib.h>

#include "program/executor_private.h"

/* --- shapes --- */

static uint64_t hash_pointer(uint64_t hash, const void *pointer)
{
	return dc_executor_mix(hash, (uint64_t)(uintptr_t)pointer);
}

static uint64_t hash_double(uint64_t hash, double value)
{
	union {
		double value;
		uint64_t bits;
	} as = {value};

	return dc_executor_mix(hash, as.bits);
}

static uint64_t hash_of(const struct dc_op *op)
{
	uint64_t hash = dc_executor_mix(0, (uint64_t)op->kind);

	hash = hash_pointer(hash, op->parts);
	hash = dc_executor_mix(hash, op->part_count);
	hash = dc_executor_mix(hash, op->gang);
	hash = dc_executor_mix(hash, op->group);
	hash = dc_executor_mix(hash, (uint64_t)op->operation);
	hash = hash_double(hash, op->size_bytes);
	hash = hash_double(hash, op->samples);
	hash = dc_executor_mix(hash, op->peer);
	return dc_executor_mix(hash, (uint64_t)op->delay);
}

static bool same_number(double a, double b)
{
	return !(a < b || a > b);
}

static bool same_shape(const struct dc_op *a, const struct dc_op *b)
{
	return a->kind == b->kind && a->parts == b->parts && a->part_count == b->part_count &&
	       a->gang == b->gang && a->group == b->group && a->operation == b->operation &&
	       same_number(a->size_bytes, b->size_bytes) && a->algorithm == b->algorithm &&
	       a->peer == b->peer && same_number(a->samples, b->samples) && a->delay == b->delay;
}

static enum dc_status ask_part(struct dc_executor *executor, const char *name,
			       const struct dc_part *part, uint32_t *answer)
{
	const struct dc_executor_communication question = {
		.name = name,
		.kind = part->group,
		.operation = part->operation,
		.size_bytes = part->size_bytes,
		.algorithm = part->algorithm,
	};

	return dc_executor_ask(executor, &question, answer);
}

/* What an operation of a new shape asks of the fabric. */
static enum dc_status ask_shape(struct dc_executor *executor, uint32_t number, struct shape *shape)
{
	const struct dc_op *op = &executor->stages[number].program->ops[shape->op];
	struct dc_executor_communication question = {
		.name = op->name,
		.kind = op->group,
		.operation = op->operation,
		.size_bytes = op->size_bytes,
		.algorithm = op->algorithm,
	};
	uint32_t count = op->kind == DC_OP_COMPUTE ? op->part_count : 1;
	enum dc_status status = DC_OK;

	shape->answers = dc_arena_array(executor->arena, count, sizeof *shape->answers);
	if (!shape->answers)
		return DC_ERR_MEMORY;
	if (op->kind == DC_OP_SEND) {
		question.kind = DC_PROGRAM_NO_GROUP;
		question.from = number;
		question.to = op->peer;
		question.operation = DC_OPERATION_SEND;
		question.algorithm = NULL;
	}
	if (op->kind == DC_OP_SEND || op->kind == DC_OP_COLLECTIVE)
		return dc_executor_ask(executor, &question, shape->answers);
	for (uint32_t i = 0; op->kind == DC_OP_COMPUTE && i < count && !status; i++)
		if (op->parts[i].group)
			status = ask_part(executor, op->name, &op->parts[i], &shape->answers[i]);
	return status;
}

static enum dc_status add_shape(struct dc_executor *executor, uint32_t number, uint32_t op)
{
	struct stage *stage = &executor->stages[number];

	stage->shapes = dc_executor_grow(executor, stage->shapes, stage->shape_count,
					 &stage->shape_capacity, sizeof *stage->shapes);
	if (!stage->shapes)
		return DC_ERR_MEMORY;
	stage->shapes[stage->shape_count].op = op;
	return ask_shape(executor, number, &stage->shapes[stage->shape_count++]);
}

/* Gives every operation of a stage its shape; places are an open table of shapes by hash. */
static enum dc_status find_shapes(struct dc_executor *executor, uint32_t number)
{
	struct stage *stage = &executor->stages[number];
	const struct dc_op *ops = stage->program->ops;
	enum dc_status status = DC_OK;
	size_t capacity = 16;
	uint32_t *places;

	while (capacity < 2 * (size_t)stage->program->count)
		capacity *= 2;
	places = calloc(capacity, sizeof *places);
	stage->shape_of =
		dc_arena_array(executor->arena, stage->program->count, sizeof *stage->shape_of);
	if (!places || !stage->shape_of)
		status = DC_ERR_MEMORY;
	for (uint32_t i = 0; i < stage->program->count && !status; i++) {
		size_t at = hash_of(&ops[i]) & (capacity - 1);

		while (places[at] && !same_shape(&ops[stage->shapes[places[at] - 1].op], &ops[i]))
			at = (at + 1) & (capacity - 1);
		if (!places[at]) {
			status = add_shape(executor, number, i);
			places[at] = stage->shape_count;
		}
		stage->shape_of[i] = places[at] - 1;
		if (ops[i].kind == DC_OP_COMPUTE)
			stage->gangs |= 1u << ops[i].gang;
	}
	free(places);
	return status;
}

/* --- what stages wait for of each other --- */

static enum dc_status find_watchers(struct dc_executor *executor)
{
	for (uint32_t s = 0; s < executor->stage_count; s++) {
		struct stage *stage = &executor->stages[s];

		stage->watched = dc_arena_array(executor->arena, stage->program->count,
						sizeof *stage->watched);
		stage->watchers = dc_arena_array(executor->arena, executor->stage_count,
						 sizeof *stage->watchers);
		if (!stage->watched || !stage->watchers)
			return DC_ERR_MEMORY;
	}
	for (uint32_t s = 0; s < executor->stage_count; s++) {
		const struct dc_program *program = executor->stages[s].program;

		for (uint32_t i = 0; i < program->dependency_count; i++) {
			const struct dc_dependency *d = &program->dependencies[i];
			struct stage *other;

			if (d->program == DC_PROGRAM_SAME || d->program == s)
				continue;
			other = &executor->stages[d->program];
			other->watched[d->op] = true;
			/* Stages come one after another: the last one that was added may be this. */
			if (!other->watcher_count || other->watchers[other->watcher_count - 1] != s)
				other->watchers[other->watcher_count++] = s;
		}
	}
	return DC_OK;
}

enum dc_status dc_executor_prepare(struct dc_executor *executor)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	enum dc_status status = dc_executor_check_programs(executor);

	if (status)
		return status;
	executor->stage_count = ensemble->program_count;
	executor->stages =
		dc_arena_array(executor->arena, executor->stage_count, sizeof *executor->stages);
	if (!executor->stages)
		return DC_ERR_MEMORY;
	/* One kind of group, of all ranks: the only one whose messages are all run each time. */
	executor->live =
		executor->options.exact && ensemble->kind_count == 2 &&
		dc_ensemble_group_size(ensemble, ensemble->kinds[1].axes) == executor->ranks;
	for (uint32_t s = 0; s < executor->stage_count; s++)
		executor->stages[s].program = ensemble->programs[s];
	for (uint32_t s = 0; s < executor->stage_count && !status; s++)
		status = find_shapes(executor, s);
	return status ? status : find_watchers(executor);
}

/* --- timings --- */

/* How much slower the slowest is of those that start an operation together with a rank; kind of gang. */
static double slowness(const struct dc_executor *executor, uint64_t rank, uint32_t gang)
{
	const struct dc_machine *machine = executor->machine;
	const struct dc_ensemble *ensemble = executor->ensemble;
	uint32_t axes = ensemble->kinds[gang].axes;
	double most = 1;
	bool any = false;

	for (size_t i = 0; i < machine->slow_count; i++) {
		const struct dc_slow_rank *slow = &machine->slow[i];

		if (gang ? dc_ensemble_group_of(ensemble, axes, slow->rank) !=
				    dc_ensemble_group_of(ensemble, axes, rank)
			 : slow->rank != rank)
			continue;
		most = any ? fmax(most, slow->factor) : slow->factor;
		any = true;
	}
	/* A gang with a member that is not listed is at least as slow as that. */
	if (gang && dc_ensemble_group_size(ensemble, axes) > 1)
		most = fmax(most, 1);
	return most;
}

bool dc_executor_is_disturbed(const struct dc_executor *executor)
{
	bool disturbed = executor->machine->slow_count > 0;

	for (uint32_t i = 0; i < executor->answer_count; i++)
		disturbed |= executor->answers[i].each != NULL;
	return disturbed;
}

uint64_t dc_executor_timing_key(const struct dc_executor *executor, uint64_t rank)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	uint32_t stage = dc_ensemble_stage_of(ensemble, rank);
	uint64_t key = dc_executor_mix(1, stage);

	for (uint32_t k = 0; k < ensemble->kind_count && executor->machine->slow_count; k++)
		if (executor->stages[stage].gangs >> k & 1)
			key = hash_double(key, slowness(executor, rank, k));
	for (uint32_t i = 0; i < executor->answer_count; i++) {
		const struct answer *answer = &executor->answers[i];

		if (answer->each &&
		    (answer->asked.kind != DC_PROGRAM_NO_GROUP || answer->asked.from == stage))
			key = dc_executor_mix(
				key, (uint64_t)dc_executor_answer_for(executor, answer, rank));
	}
	return key;
}

/* The host launches kernels while the device works: an exponent between 1 (one after the other) and large (the
 * longer of both). */
static double with_host_s(const struct dc_machine *machine, double gpu_s, double host_s)
{
	double x = machine->launch_exponent > 0 ? machine->launch_exponent : 1;
	double longer = fmax(gpu_s, host_s), shorter = fmin(gpu_s, host_s);

	if (shorter <= 0)
		return longer;
	return longer * pow(1 + pow(shorter / longer, x), 1 / x);
}

/* What an operation waits for one of its communications, which takes `alone` by itself. Its ranks' hosts have
 * launched what comes before it at different times: they meet, twice where they reduce and then gather. */
static double exchange_s(const struct dc_machine *machine, const struct dc_part *part,
			 dc_time alone)
{
	double factor = machine->exchange > 0 ? machine->exchange : 1;

	double meetings = part->operation == DC_OPERATION_ALL_REDUCE ? 2 : 1;

	return fmax(0, factor * dc_time_to_s(alone) - part->beside_s) +
	       meetings * machine->meeting_s;
}

static void time_compute(const struct dc_executor *executor, const struct dc_op *op,
			 const struct shape *shape, uint64_t rank, struct timing *timing)
{
	const struct dc_machine *machine = executor->machine;
	double gpu_s = 0, kernels = 0, total_s;

	for (uint32_t i = 0; i < op->part_count; i++) {
		const struct dc_part *part = &op->parts[i];
		double times = part->times ? (double)part->times : 1, part_s;

		if (part->group) {
			part_s = exchange_s(machine, part,
					    dc_executor_answer_for(
						    executor, &executor->answers[shape->answers[i]],
						    rank)) *
				 times;
			timing->exposed_by[part->group] += part_s;
		} else {
			part_s = dc_roofline_duration_s(machine->accelerator, &part->work) * times;
			kernels += part->work.launches * times;
		}
		gpu_s += part_s;
	}
	total_s = with_host_s(machine, gpu_s, kernels * machine->launch_s);
	for (int k = 1; k < DC_ENSEMBLE_KINDS && total_s > 0; k++) {
		timing->exposed_by[k] = fmin(1, timing->exposed_by[k] / total_s);
		timing->exposed += timing->exposed_by[k];
	}
	total_s *=
		(machine->stretch > 0 ? machine->stretch : 1) * slowness(executor, rank, op->gang);
	timing->duration = dc_time_from_s(total_s);
	for (uint32_t i = 0; i < op->part_count && total_s > 0; i++) {
		const struct dc_part *part = &op->parts[i];
		double times = part->times ? (double)part->times : 1, compute, memory;

		if (part->group)
			continue;
		dc_roofline_activity(machine->accelerator, &part->work, total_s / times, &compute,
				     &memory);
		timing->compute += compute;
		timing->memory += memory;
	}
	timing->compute = fmin(1, timing->compute);
	timing->memory = fmin(1, timing->memory);
}

static void time_shape(const struct dc_executor *executor, const struct stage *stage,
		       const struct shape *shape, uint64_t rank, struct timing *timing)
{
	const struct dc_op *op = &stage->program->ops[shape->op];

	*timing = (struct timing){0};
	switch (op->kind) {
	case DC_OP_COMPUTE:
		time_compute(executor, op, shape, rank, timing);
		break;
	case DC_OP_COLLECTIVE:
	case DC_OP_SEND:
		timing->duration = dc_executor_answer_for(
			executor, &executor->answers[shape->answers[0]], rank);
		if (op->kind == DC_OP_SEND && timing->duration < DC_TIME_NEVER)
			timing->duration += dc_time_from_s(executor->machine->send_s);
		break;
	case DC_OP_READ:
		timing->duration = dc_time_from_s(
			op->samples > 0 ? op->samples / executor->machine->samples_per_s : 0);
		break;
	case DC_OP_DELAY:
		timing->duration = op->delay;
		break;
	case DC_OP_MARK:
		break;
	}
}

enum dc_status dc_executor_timings(struct dc_executor *executor, uint64_t rank,
				   const struct timing **timings)
{
	uint64_t key = dc_executor_timing_key(executor, rank);
	uint32_t number = dc_ensemble_stage_of(executor->ensemble, rank);
	const struct stage *stage = &executor->stages[number];
	struct timing *made;

	for (uint32_t i = 0; i < executor->variant_count; i++) {
		if (executor->variants[i].key != key)
			continue;
		*timings = executor->variants[i].timings;
		return DC_OK;
	}
	executor->variants =
		dc_executor_grow(executor, executor->variants, executor->variant_count,
				 &executor->variant_capacity, sizeof *executor->variants);
	made = dc_arena_array(executor->arena, stage->shape_count, sizeof *made);
	if (!executor->variants || !made)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < stage->shape_count; i++)
		time_shape(executor, stage, &stage->shapes[i], rank, &made[i]);
	executor->variants[executor->variant_count++] =
		(struct variant){.key = key, .stage = number, .timings = made};
	*timings = made;
	return DC_OK;
}
