/* The solver: resources, solving, what one can ask. */
#include "fluid/solver.h"

#include <stdlib.h>
#include <string.h>

#include "fluid/solver_private.h"

enum {
	/* A batch that touches resources with more than 1/FILL_SHARE of all incidences is filled. */
	FILL_SHARE = 2,
	FILL_LEAST = 256
};

struct dc_fluid_solver *dc_fluid_create(void)
{
	struct dc_fluid_solver *solver = calloc(1, sizeof *solver);

	if (!solver)
		return NULL;
	dc_fluid_blocks_init(&solver->path_blocks);
	dc_fluid_blocks_init(&solver->share_blocks);
	solver->free_flow = DC_FLUID_NONE;
	return solver;
}

void dc_fluid_destroy(struct dc_fluid_solver *solver)
{
	if (!solver)
		return;
	dc_fluid_free_lines(solver->resources);
	free(solver->members);
	free(solver->touched);
	free(solver->active);
	dc_fluid_free_lines(solver->flows);
	free(solver->terms);
	free(solver->fresh);
	free(solver->changed);
	free(solver->hops);
	free(solver->uses);
	free(solver->pulls);
	free(solver->share_flows);
	free(solver->queue);
	free(solver);
}

enum dc_status dc_fluid_add_resource(struct dc_fluid_solver *solver, double capacity_bps,
				     double multiplicity, uint32_t *resource)
{
	if (!(capacity_bps >= 0) || !(multiplicity > 0) || !isfinite(multiplicity))
		return DC_ERR_RUN;
	if (solver->resource_count == solver->resource_capacity &&
	    dc_fluid_grow_resources(solver) != DC_OK)
		return DC_ERR_MEMORY;
	*resource = solver->resource_count++;
	solver->members[*resource] = multiplicity;
	solver->classes |= multiplicity != 1;
	solver->resources[*resource] = (struct dc_fluid_resource){
		.level = DC_FLUID_INFINITE,
		.candidate = DC_FLUID_INFINITE,
		.capacity_bps = capacity_bps,
		.block = DC_FLUID_NO_BLOCK,
		.place = DC_FLUID_NONE,
	};
	return DC_OK;
}

enum dc_status dc_fluid_set_capacity(struct dc_fluid_solver *solver, uint32_t resource,
				     double capacity_bps)
{
	if (resource >= solver->resource_count || !(capacity_bps >= 0))
		return DC_ERR_RUN;
	if (solver->resources[resource].capacity_bps == capacity_bps)
		return DC_OK;
	solver->resources[resource].capacity_bps = capacity_bps;
	if (solver->resources[resource].count)
		dc_fluid_touch(solver, resource);
	return DC_OK;
}

void dc_fluid_heap_down(struct dc_fluid_entry *entries, uint32_t count, uint32_t place)
{
	struct dc_fluid_entry entry = entries[place];

	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= count)
			break;
		child += child + 1 < count && entries[child + 1].key < entries[child].key;
		if (!(entries[child].key < entry.key))
			break;
		entries[place] = entries[child];
		place = child;
	}
	entries[place] = entry;
}

void dc_fluid_find_least(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];
	const struct dc_fluid_hop_state *hops = solver->hops + flow->path;
	double least = dc_fluid_cap_level(solver, id), second = DC_FLUID_INFINITE;
	uint32_t least_at = DC_FLUID_NONE;

	for (uint32_t i = 0; i < flow->hops; i++) {
		double level = solver->resources[hops[i].resource].level;

		if (level < least) {
			second = least;
			least = level;
			least_at = hops[i].resource;
		} else if (level < second) {
			second = level;
		}
	}
	flow->least = least;
	flow->second = second;
	flow->least_at = least_at;
}

bool dc_fluid_pending(const struct dc_fluid_solver *solver)
{
	return solver->touched_count || solver->fresh_count;
}

static void forget_changed(struct dc_fluid_solver *solver)
{
	for (uint32_t i = 0; i < solver->changed_count; i++)
		solver->flows[solver->changed[i]].flags &= (uint8_t)~DC_FLUID_CHANGED;
	solver->changed_count = 0;
}

/* Whether the batch reaches so much that propagating would cost more than filling. */
static bool reaches_most(const struct dc_fluid_solver *solver)
{
	uint64_t reach = 0;

	for (uint32_t i = 0; i < solver->touched_count; i++)
		reach += solver->resources[solver->touched[i]].count;
	return reach >= FILL_LEAST && reach > solver->incidences / FILL_SHARE;
}

/* Fresh flows matter to others through their resources, which are touched; without resources they are
 * settled here. */
static void settle_pathless(struct dc_fluid_solver *solver)
{
	for (uint32_t i = 0; i < solver->fresh_count; i++) {
		struct dc_fluid_flow_state *flow = &solver->flows[solver->fresh[i]];

		if (!(flow->flags & DC_FLUID_SHARING))
			continue;
		if (!flow->hops)
			dc_fluid_find_least(solver, solver->fresh[i]);
		flow->flags &= (uint8_t)~DC_FLUID_UNSOLVED;
		dc_fluid_note_changed(solver, solver->fresh[i]);
	}
}

static void clear_fresh(struct dc_fluid_solver *solver)
{
	for (uint32_t i = 0; i < solver->fresh_count; i++)
		solver->flows[solver->fresh[i]].flags &= (uint8_t)~DC_FLUID_FRESH;
	solver->fresh_count = 0;
}

static void fill(struct dc_fluid_solver *solver)
{
	solver->statistics.filled++;
	clear_fresh(solver);
	dc_fluid_fill(solver);
}

static void clear_touched(struct dc_fluid_solver *solver)
{
	for (uint32_t i = 0; i < solver->touched_count; i++)
		solver->resources[solver->touched[i]].touched = false;
	solver->touched_count = 0;
}

const uint32_t *dc_fluid_solve(struct dc_fluid_solver *solver, size_t *count)
{
	forget_changed(solver);
	if (dc_fluid_pending(solver)) {
		bool fills;

		dc_fluid_admit(solver);
		settle_pathless(solver);
		dc_fluid_settle_alone(solver);
		fills = reaches_most(solver);
		if (!fills && dc_fluid_propagate(solver)) {
			solver->statistics.propagated++;
		} else {
			solver->statistics.given_up += !fills;
			fill(solver);
		}
		clear_touched(solver);
	}
	*count = solver->changed_count;
	return solver->changed;
}

const uint32_t *dc_fluid_solve_full(struct dc_fluid_solver *solver, size_t *count)
{
	forget_changed(solver);
	dc_fluid_admit(solver);
	settle_pathless(solver);
	fill(solver);
	clear_touched(solver);
	*count = solver->changed_count;
	return solver->changed;
}

double dc_fluid_rate(const struct dc_fluid_solver *solver, uint32_t flow)
{
	const struct dc_fluid_flow_state *state = &solver->flows[flow];

	if (!(state->flags & DC_FLUID_SHARING) || state->flags & DC_FLUID_UNSOLVED)
		return 0.0;
	/* A cap holds exactly, without the rounding of dividing by the weight and multiplying again. */
	if (!solver->terms)
		return state->least;
	return state->least_at == DC_FLUID_NONE ? solver->terms[flow].cap_bps
						: solver->terms[flow].weight * state->least;
}

uint32_t dc_fluid_bottleneck(const struct dc_fluid_solver *solver, uint32_t flow)
{
	const struct dc_fluid_flow_state *state = &solver->flows[flow];

	return state->flags & DC_FLUID_SHARING ? state->least_at : DC_FLUID_NONE;
}

double dc_fluid_load(const struct dc_fluid_solver *solver, uint32_t resource)
{
	const struct dc_fluid_resource *state = &solver->resources[resource];
	double load = 0;

	for (uint32_t i = 0; i < state->count; i++) {
		const struct dc_fluid_flow_state *flow =
			&solver->flows[solver->share_flows[state->block + i]];

		if (!(flow->flags & DC_FLUID_UNSOLVED))
			load += dc_fluid_pull(solver, state->block + i) * flow->least;
	}
	return load;
}

double dc_fluid_capacity(const struct dc_fluid_solver *solver, uint32_t resource)
{
	return solver->resources[resource].capacity_bps;
}

double dc_fluid_level(const struct dc_fluid_solver *solver, uint32_t resource)
{
	return solver->resources[resource].level;
}

uint32_t dc_fluid_flows_on(const struct dc_fluid_solver *solver, uint32_t resource)
{
	const struct dc_fluid_resource *state = &solver->resources[resource];

	return state->count + dc_fluid_coming(state);
}

struct dc_fluid_statistics dc_fluid_statistics(const struct dc_fluid_solver *solver)
{
	struct dc_fluid_statistics statistics = solver->statistics;

	statistics.bytes =
		sizeof *solver +
		(sizeof *solver->resources + sizeof *solver->members + 2 * sizeof(uint32_t)) *
			solver->resource_capacity +
		(sizeof *solver->flows + (solver->terms ? sizeof *solver->terms : 0) +
		 2 * sizeof(uint32_t)) *
			(size_t)solver->flow_capacity +
		(sizeof *solver->hops + (solver->uses ? sizeof *solver->uses : 0)) *
			(size_t)solver->path_blocks.capacity +
		(sizeof *solver->share_flows + (solver->pulls ? sizeof *solver->pulls : 0)) *
			(size_t)solver->share_blocks.capacity +
		sizeof *solver->queue * (size_t)solver->queue_capacity;
	return statistics;
}
