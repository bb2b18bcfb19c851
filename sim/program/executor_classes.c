/* The executor: which ranks are alike, and which groups they meet in.
 *
 * Exact: every rank is an actor. Without disturbance: every stage. Otherwise classes by refinement: ranks
 * begin with a colour for their stage, slowness and durations; then each takes in the colours in each of
 * its groups (their sum of hashes: a multiset) and those of its peers on the stage axis, until the number of
 * colours no longer grows. Then the members of a class have groups of like members, start and end together,
 * and one stands for all. O(ranks x kinds) per round. */
#include <stdlib.h>

#include "program/executor_private.h"

/* --- numbers by hash --- */

/* An open table; keys are hashes. */
struct table {
	uint64_t *keys;
	uint32_t *values; /* + 1; 0 is free */
	size_t capacity;
};

static bool table_init(struct table *table, size_t entries)
{
	for (table->capacity = 16; table->capacity < 2 * entries;)
		table->capacity *= 2;
	table->keys = calloc(table->capacity, sizeof *table->keys);
	table->values = calloc(table->capacity, sizeof *table->values);
	return table->keys && table->values;
}

static void table_fini(struct table *table)
{
	free(table->keys);
	free(table->values);
}

/* The number of a key; `next` when it is new. */
static uint32_t table_number(struct table *table, uint64_t key, uint32_t next)
{
	size_t at = key & (table->capacity - 1);

	while (table->values[at] && table->keys[at] != key)
		at = (at + 1) & (table->capacity - 1);
	if (!table->values[at]) {
		table->keys[at] = key;
		table->values[at] = next + 1;
	}
	return table->values[at] - 1;
}

/* --- refinement --- */

/* Sums over the groups of a kind of what colours stand for. */
static void sum_groups(const struct dc_executor *executor, uint32_t kind, const uint64_t *colours,
		       uint64_t *sums)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	uint32_t axes = ensemble->kinds[kind].axes;

	for (uint64_t r = 0; r < executor->ranks; r++)
		sums[r] = 0;
	for (uint64_t r = 0; r < executor->ranks; r++)
		sums[dc_ensemble_group_of(ensemble, axes, r)] += dc_executor_mix(kind, colours[r]);
}

/* One round: every rank takes in its groups and its column. */
static void refine(const struct dc_executor *executor, const uint64_t *colours, uint64_t *finer,
		   uint64_t *sums)
{
	const struct dc_ensemble *ensemble = executor->ensemble;

	for (uint64_t r = 0; r < executor->ranks; r++)
		finer[r] = dc_executor_mix(0, colours[r]);
	for (uint32_t k = 1; k < ensemble->kind_count; k++) {
		uint32_t axes = ensemble->kinds[k].axes;

		sum_groups(executor, k, colours, sums);
		for (uint64_t r = 0; r < executor->ranks; r++)
			finer[r] = dc_executor_mix(finer[r],
						   sums[dc_ensemble_group_of(ensemble, axes, r)]);
	}
	/* Peers, in the order of stages: what hangs on them hangs on each by itself. */
	for (uint64_t r = 0; r < executor->ranks && executor->stage_count > 1; r++) {
		if (dc_ensemble_stage_of(ensemble, r))
			continue;
		sums[r] = 0;
		for (uint32_t s = 0; s < executor->stage_count; s++)
			sums[r] =
				dc_executor_mix(sums[r], colours[dc_ensemble_peer(ensemble, r, s)]);
	}
	for (uint64_t r = 0; r < executor->ranks && executor->stage_count > 1; r++)
		finer[r] = dc_executor_mix(finer[r], sums[dc_ensemble_peer(ensemble, r, 0)]);
}

/* Numbers colours in the order of ranks; how many there are, 0 when out of memory. */
static uint32_t number(const struct dc_executor *executor, const uint64_t *colours,
		       uint32_t *numbers)
{
	struct table table;
	uint32_t count = 0;

	if (table_init(&table, executor->ranks)) {
		for (uint64_t r = 0; r < executor->ranks; r++) {
			numbers[r] = table_number(&table, colours[r], count);
			count += numbers[r] == count;
		}
	}
	table_fini(&table);
	return count;
}

static enum dc_status find_classes(struct dc_executor *executor, uint32_t *classes)
{
	size_t ranks = executor->ranks;
	uint64_t *colours = calloc(3 * ranks, sizeof *colours);
	uint64_t *finer, *sums;
	uint32_t before = 0, count = 0;

	executor->class_of = dc_arena_array(executor->arena, ranks, sizeof *executor->class_of);
	if (!colours || !executor->class_of) {
		free(colours);
		return DC_ERR_MEMORY;
	}
	finer = colours + ranks;
	sums = finer + ranks;
	for (uint64_t r = 0; r < ranks; r++)
		colours[r] = dc_executor_timing_key(executor, r);
	do {
		before = count;
		count = number(executor, colours, executor->class_of);
		refine(executor, colours, finer, sums);
		for (uint64_t r = 0; r < ranks; r++)
			colours[r] = finer[r];
	} while (count != before);
	free(colours);
	*classes = count;
	return count ? DC_OK : DC_ERR_MEMORY;
}

/* --- actors --- */

static enum dc_status make_actor(struct dc_executor *executor, uint64_t number, uint64_t first,
				 uint64_t ranks)
{
	struct actor *actor = &executor->actors[number];
	const struct dc_ensemble *ensemble = executor->ensemble;

	actor->first = first;
	actor->ranks = ranks;
	actor->stage = dc_ensemble_stage_of(ensemble, first);
	actor->bucket = BUCKET_STALL;
	actor->activity.state = DC_STATE_STALLED;
	actor->streams = dc_arena_array(executor->arena,
					executor->stages[actor->stage].program->stream_count,
					sizeof *actor->streams);
	actor->gatherings =
		dc_arena_array(executor->arena, ensemble->kind_count, sizeof *actor->gatherings);
	actor->peers = dc_arena_array(executor->arena, executor->stage_count, sizeof *actor->peers);
	if (!actor->streams || !actor->gatherings || !actor->peers)
		return DC_ERR_MEMORY;
	for (uint32_t s = 0; s < executor->stage_count; s++)
		actor->peers[s] = (uint32_t)dc_executor_actor_of(
			executor, dc_ensemble_peer(ensemble, first, s));
	return dc_executor_timings(executor, first, &actor->timings);
}

static enum dc_status make_actors(struct dc_executor *executor)
{
	uint64_t stride = 1, made = 0;
	enum dc_status status = DC_OK;

	executor->actors =
		dc_arena_array(executor->arena, executor->actor_count, sizeof *executor->actors);
	if (!executor->actors)
		return DC_ERR_MEMORY;
	if (executor->class_of) {
		for (uint64_t r = 0; r < executor->ranks && !status; r++) {
			if (executor->class_of[r] == made)
				status = make_actor(executor, made++, r, 0);
			executor->actors[executor->class_of[r]].ranks++;
		}
		return status;
	}
	if (!executor->options.exact && executor->stage_count > 1)
		stride = dc_ensemble_stride(executor->ensemble, executor->ensemble->stage_axis);
	for (uint64_t i = 0; i < executor->actor_count && !status; i++)
		status = make_actor(executor, i, i * stride,
				    executor->ranks / executor->actor_count);
	return status;
}

/* --- gatherings --- */

/* Whether ranks of several stages meet in groups of a kind. */
static bool spans_stages(const struct dc_executor *executor, uint32_t kind)
{
	const struct dc_ensemble *ensemble = executor->ensemble;

	return executor->stage_count > 1 && ensemble->kinds[kind].axes >> ensemble->stage_axis & 1;
}

static struct gathering *add_gathering(struct dc_executor *executor, uint32_t kind, uint64_t most)
{
	struct gathering *gathering;

	executor->gatherings =
		dc_executor_grow(executor, executor->gatherings, executor->gathering_count,
				 &executor->gathering_capacity, sizeof *executor->gatherings);
	if (!executor->gatherings)
		return NULL;
	gathering = &executor->gatherings[executor->gathering_count++];
	*gathering = (struct gathering){
		.kind = kind,
		.members = dc_arena_array(executor->arena, most, sizeof *gathering->members),
	};
	return gathering->members ? gathering : NULL;
}

static void add_member(struct dc_executor *executor, struct gathering *gathering, uint32_t actor)
{
	for (uint32_t i = 0; i < gathering->member_count; i++)
		if (gathering->members[i] == actor)
			return;
	gathering->members[gathering->member_count++] = actor;
	executor->actors[actor].gatherings[gathering->kind] =
		(uint32_t)(gathering - executor->gatherings);
}

/* The group of the actor's first rank stands for those of all it stands for. */
static enum dc_status gather_classes(struct dc_executor *executor, uint32_t kind)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	uint32_t axes = ensemble->kinds[kind].axes;
	uint64_t size = dc_ensemble_group_size(ensemble, axes);
	uint64_t most = size < executor->actor_count ? size : executor->actor_count;

	for (uint64_t a = 0; a < executor->actor_count; a++)
		executor->actors[a].gatherings[kind] = UINT32_MAX;
	for (uint64_t a = 0; a < executor->actor_count; a++) {
		uint64_t group = dc_ensemble_group_of(ensemble, axes, executor->actors[a].first);
		struct gathering *gathering;

		if (executor->actors[a].gatherings[kind] != UINT32_MAX)
			continue;
		gathering = add_gathering(executor, kind, most);
		if (!gathering)
			return DC_ERR_MEMORY;
		for (uint64_t m = 0; m < size; m++) {
			uint64_t rank = dc_ensemble_group_rank(ensemble, axes, group, m);
			uint32_t actor = (uint32_t)dc_executor_actor_of(executor, rank);

			/* In exact runs each is there once: no need to look. */
			if (!executor->options.exact) {
				add_member(executor, gathering, actor);
				continue;
			}
			gathering->members[gathering->member_count++] = actor;
			executor->actors[actor].gatherings[kind] =
				(uint32_t)(gathering - executor->gatherings);
		}
	}
	return DC_OK;
}

/* Actors are stages. */
static enum dc_status gather_stages(struct dc_executor *executor, uint32_t kind)
{
	bool spans = spans_stages(executor, kind);
	struct gathering *gathering = NULL;

	for (uint32_t s = 0; s < executor->stage_count; s++) {
		if (!gathering || !spans)
			gathering =
				add_gathering(executor, kind, spans ? executor->stage_count : 1);
		if (!gathering)
			return DC_ERR_MEMORY;
		add_member(executor, gathering, s);
	}
	return DC_OK;
}

enum dc_status dc_executor_classify(struct dc_executor *executor)
{
	uint32_t classes = executor->stage_count;
	bool parted = !executor->options.exact && dc_executor_is_disturbed(executor);
	enum dc_status status = parted ? find_classes(executor, &classes) : DC_OK;

	executor->actor_count = executor->options.exact ? executor->ranks : classes;
	if (!status)
		status = make_actors(executor);
	for (uint32_t k = 1; k < executor->ensemble->kind_count && !status; k++)
		status = parted || executor->options.exact ? gather_classes(executor, k)
							   : gather_stages(executor, k);
	if (status)
		return status;
	executor->awake =
		dc_arena_array(executor->arena, executor->actor_count, sizeof *executor->awake);
	executor->unsettled =
		dc_arena_array(executor->arena, executor->actor_count, sizeof *executor->unsettled);
	return executor->awake && executor->unsettled ? DC_OK : DC_ERR_MEMORY;
}
