/* The solver's arrays: how they grow. */
#include <stdlib.h>
#include <string.h>

#include "fluid/solver.h"
#include "fluid/solver_private.h"

enum { FIRST_CAPACITY = 64 };

enum dc_status dc_fluid_reserve_queue(struct dc_fluid_solver *solver, uint64_t need)
{
	uint64_t capacity = solver->queue_capacity ? solver->queue_capacity : FIRST_CAPACITY;
	struct dc_fluid_entry *queue;

	if (need <= solver->queue_capacity)
		return DC_OK;
	while (capacity < need)
		capacity *= 2;
	if (capacity > UINT32_MAX)
		return DC_ERR_MEMORY;
	queue = realloc(solver->queue, capacity * sizeof *queue);
	if (!queue)
		return DC_ERR_MEMORY;
	solver->queue = queue;
	solver->queue_capacity = (uint32_t)capacity;
	return DC_OK;
}

/* The byte before the array says how far it is from where its allocation begins. Large arrays grow
 * by remapping, so the old and the new one are not there at once. */
void *dc_fluid_grow_lines(void *old, size_t used, size_t size)
{
	unsigned char *lines = old, *start;
	size_t shift = lines ? lines[-1] : 0, wanted;

	start = realloc(lines ? lines - shift : NULL, size + DC_FLUID_LINE);
	if (!start)
		return NULL;
	wanted = DC_FLUID_LINE - (uintptr_t)start % DC_FLUID_LINE;
	if (used && wanted != shift)
		memmove(start + wanted, start + shift, used);
	start[wanted - 1] = (unsigned char)wanted;
	return start + wanted;
}

void dc_fluid_free_lines(void *lines)
{
	unsigned char *bytes = lines;

	if (bytes)
		free(bytes - bytes[-1]);
}

enum dc_status dc_fluid_grow_resources(struct dc_fluid_solver *solver)
{
	uint64_t capacity = solver->resource_capacity ? 2 * (uint64_t)solver->resource_capacity
						      : FIRST_CAPACITY;
	void *grown;

	if (capacity > INT32_MAX)
		return DC_ERR_MEMORY;
	grown = dc_fluid_grow_lines(solver->resources,
				    solver->resource_count * sizeof *solver->resources,
				    capacity * sizeof *solver->resources);
	if (!grown)
		return DC_ERR_MEMORY;
	solver->resources = grown;
	if (!(grown = realloc(solver->members, capacity * sizeof *solver->members)))
		return DC_ERR_MEMORY;
	solver->members = grown;
	if (!(grown = realloc(solver->touched, capacity * sizeof *solver->touched)))
		return DC_ERR_MEMORY;
	solver->touched = grown;
	if (!(grown = realloc(solver->active, capacity * sizeof *solver->active)))
		return DC_ERR_MEMORY;
	solver->active = grown;
	if (dc_fluid_reserve_queue(solver, capacity + solver->capped) != DC_OK)
		return DC_ERR_MEMORY;
	solver->resource_capacity = (uint32_t)capacity;
	return DC_OK;
}

enum dc_status dc_fluid_grow_flows(struct dc_fluid_solver *solver, uint64_t least)
{
	uint64_t capacity =
		solver->flow_capacity ? 2 * (uint64_t)solver->flow_capacity : FIRST_CAPACITY;
	void *grown;

	if (capacity < least)
		capacity = least;
	if (capacity > INT32_MAX)
		return DC_ERR_MEMORY;
	grown = dc_fluid_grow_lines(solver->flows, solver->flow_count * sizeof *solver->flows,
				    capacity * sizeof *solver->flows);
	if (!grown)
		return DC_ERR_MEMORY;
	solver->flows = grown;
	if (!(grown = realloc(solver->fresh, capacity * sizeof *solver->fresh)))
		return DC_ERR_MEMORY;
	solver->fresh = grown;
	if (!(grown = realloc(solver->changed, capacity * sizeof *solver->changed)))
		return DC_ERR_MEMORY;
	solver->changed = grown;
	if (solver->terms) {
		if (!(grown = realloc(solver->terms, capacity * sizeof *solver->terms)))
			return DC_ERR_MEMORY;
		solver->terms = grown;
	}
	solver->flow_capacity = (uint32_t)capacity;
	return DC_OK;
}

enum dc_status dc_fluid_grow_hops(struct dc_fluid_solver *solver, uint64_t more)
{
	uint32_t capacity = dc_fluid_blocks_enough(&solver->path_blocks, more);
	void *grown;

	if (!capacity)
		return DC_ERR_MEMORY;
	if (!(grown = realloc(solver->hops, capacity * sizeof *solver->hops)))
		return DC_ERR_MEMORY;
	solver->hops = grown;
	if (solver->uses) {
		if (!(grown = realloc(solver->uses, capacity * sizeof *solver->uses)))
			return DC_ERR_MEMORY;
		solver->uses = grown;
		for (uint32_t i = solver->path_blocks.capacity; i < capacity; i++)
			solver->uses[i] = 1.0;
	}
	solver->path_blocks.capacity = capacity;
	return DC_OK;
}

enum dc_status dc_fluid_need_uses(struct dc_fluid_solver *solver)
{
	if (solver->uses)
		return DC_OK;
	solver->uses = malloc(solver->path_blocks.capacity * sizeof *solver->uses);
	if (!solver->uses)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < solver->path_blocks.capacity; i++)
		solver->uses[i] = 1.0;
	return DC_OK;
}

enum dc_status dc_fluid_need_terms(struct dc_fluid_solver *solver)
{
	if (solver->terms)
		return DC_OK;
	solver->terms = malloc(solver->flow_capacity * sizeof *solver->terms);
	if (!solver->terms)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < solver->flow_capacity; i++)
		solver->terms[i] = (struct dc_fluid_terms){1, DC_FLUID_INFINITE, 1};
	return DC_OK;
}

enum dc_status dc_fluid_need_pulls(struct dc_fluid_solver *solver)
{
	size_t capacity = solver->share_blocks.capacity;

	if (solver->pulls)
		return DC_OK;
	solver->pulls = malloc((capacity ? capacity : 1) * sizeof *solver->pulls);
	if (!solver->pulls)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < capacity; i++)
		solver->pulls[i] = 1.0;
	return DC_OK;
}

enum dc_status dc_fluid_grow_shares(struct dc_fluid_solver *solver, uint64_t more)
{
	struct dc_fluid_blocks *blocks = &solver->share_blocks;
	uint32_t capacity;
	void *grown;

	capacity = dc_fluid_blocks_enough(blocks, more);
	if (!capacity)
		return DC_ERR_MEMORY;
	if (!(grown = realloc(solver->share_flows, capacity * sizeof *solver->share_flows)))
		return DC_ERR_MEMORY;
	solver->share_flows = grown;
	if (solver->pulls) {
		if (!(grown = realloc(solver->pulls, capacity * sizeof *solver->pulls)))
			return DC_ERR_MEMORY;
		solver->pulls = grown;
	}
	blocks->capacity = capacity;
	return DC_OK;
}

/* Writes to memory that nothing was written to yet, so that the system provides its pages. */
void dc_fluid_provide(void *array, size_t from, size_t to)
{
	if (to > from)
		memset((unsigned char *)array + from, 0, to - from);
}

static enum dc_status reserve_flows(struct dc_fluid_solver *solver, size_t flows)
{
	size_t used = solver->flow_count;

	if (flows > solver->flow_capacity && dc_fluid_grow_flows(solver, flows) != DC_OK)
		return DC_ERR_MEMORY;
	dc_fluid_provide(solver->flows, used * sizeof *solver->flows,
			 flows * sizeof *solver->flows);
	dc_fluid_provide(solver->fresh, solver->fresh_count * sizeof *solver->fresh,
			 flows * sizeof *solver->fresh);
	dc_fluid_provide(solver->changed, solver->changed_count * sizeof *solver->changed,
			 flows * sizeof *solver->changed);
	return DC_OK;
}

static enum dc_status reserve_hops(struct dc_fluid_solver *solver, size_t hops)
{
	size_t used = solver->path_blocks.used;

	if (hops <= solver->path_blocks.capacity)
		return DC_OK;
	if (dc_fluid_grow_hops(solver, hops - used) != DC_OK)
		return DC_ERR_MEMORY;
	dc_fluid_provide(solver->hops, used * sizeof *solver->hops, hops * sizeof *solver->hops);
	return DC_OK;
}

static enum dc_status reserve_shares(struct dc_fluid_solver *solver, size_t shares)
{
	size_t used = solver->share_blocks.used;

	if (shares <= solver->share_blocks.capacity)
		return DC_OK;
	if (dc_fluid_grow_shares(solver, shares - used) != DC_OK)
		return DC_ERR_MEMORY;
	dc_fluid_provide(solver->share_flows, used * sizeof *solver->share_flows,
			 shares * sizeof *solver->share_flows);
	return DC_OK;
}

enum dc_status dc_fluid_reserve(struct dc_fluid_solver *solver, uint32_t flows, uint32_t incidences)
{
	if (reserve_flows(solver, flows) != DC_OK || reserve_hops(solver, incidences) != DC_OK ||
	    reserve_shares(solver, incidences) != DC_OK)
		return DC_ERR_MEMORY;
	dc_fluid_provide(
		solver->queue, 0,
		(solver->resource_count < solver->queue_capacity ? solver->resource_count : 0) *
			sizeof *solver->queue);
	return DC_OK;
}
