/* The accounts of transfers: bytes carried, bytes left, and what one can ask. */
#include <stdlib.h>

#include "fluid/transfers_private.h"

/* Sums for every resource. */
enum dc_status dc_fluid_transfers_reserve_carried(struct dc_fluid_transfers *transfers)
{
	uint32_t resources = transfers->solver->resource_count;
	void *grown;

	if (resources <= transfers->carried_count)
		return DC_OK;
	grown = realloc(transfers->carried, resources * sizeof *transfers->carried);
	if (!grown)
		return DC_ERR_MEMORY;
	transfers->carried = grown;
	for (uint32_t i = transfers->carried_count; i < resources; i++)
		transfers->carried[i] = (struct dc_sum){0, 0};
	transfers->carried_count = resources;
	return DC_OK;
}

/* What one member of a resource carries per byte of a flow of that number, where that may not be 1. */
static double carried_per_byte(const struct dc_fluid_solver *solver, uint32_t id, uint32_t hop)
{
	uint32_t place = solver->flows[id].path + hop;

	return dc_fluid_terms_of(solver, id).multiplicity * dc_fluid_use(solver, place) /
	       solver->members[solver->hops[place].resource];
}

void dc_fluid_transfers_book_passed(struct dc_fluid_transfers *transfers, uint32_t id, double bytes)
{
	const struct dc_fluid_solver *solver = transfers->solver;
	const struct dc_fluid_flow_state *flow = &solver->flows[id];
	bool usual = !solver->terms && !solver->uses && !solver->classes;

	for (uint32_t i = 0; i < flow->hops; i++) {
		struct dc_sum *sum = &transfers->carried[solver->hops[flow->path + i].resource];
		struct dc_sum passed = dc_sum_of(bytes);

		if (!usual)
			passed = dc_sum_product(bytes, carried_per_byte(solver, id, i));
		*sum = dc_sum_add(*sum, passed);
	}
}

enum dc_status dc_fluid_transfers_book(struct dc_fluid_transfers *transfers, uint32_t resource,
				       double bytes)
{
	if (resource >= transfers->solver->resource_count)
		return DC_ERR_RUN;
	if (dc_fluid_transfers_reserve_carried(transfers) != DC_OK)
		return DC_ERR_MEMORY;
	transfers->carried[resource] =
		dc_sum_add(transfers->carried[resource], (struct dc_sum){bytes, 0});
	return DC_OK;
}

double dc_fluid_transfers_left(const struct dc_fluid_transfers *transfers,
			       dc_fluid_transfer transfer)
{
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);

	if (id == DC_FLUID_NONE)
		return 0;
	return dc_fluid_slot_left(&transfers->slots[id], dc_engine_now(transfers->engine));
}

double dc_fluid_transfers_rate(const struct dc_fluid_transfers *transfers,
			       dc_fluid_transfer transfer)
{
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);

	return id == DC_FLUID_NONE ? 0 : transfers->slots[id].rate;
}

uint32_t dc_fluid_transfers_bottleneck(const struct dc_fluid_transfers *transfers,
				       dc_fluid_transfer transfer)
{
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);

	return id == DC_FLUID_NONE ? DC_FLUID_NONE : dc_fluid_bottleneck(transfers->solver, id);
}

uint32_t dc_fluid_transfers_held_by(const struct dc_fluid_transfers *transfers)
{
	return transfers->held_by;
}

uint32_t dc_fluid_transfers_live(const struct dc_fluid_transfers *transfers)
{
	return transfers->live;
}

struct dc_sum dc_fluid_transfers_carried(const struct dc_fluid_transfers *transfers,
					 uint32_t resource)
{
	const struct dc_fluid_solver *solver = transfers->solver;
	const struct dc_fluid_resource *state = &solver->resources[resource];
	dc_time now = dc_engine_now(transfers->engine);
	struct dc_sum sum = {0, 0};

	dc_fluid_admit(transfers->solver); /* one that was resumed has passed bytes already */
	if (resource < transfers->carried_count)
		sum = transfers->carried[resource];
	for (uint32_t i = 0; i < state->count; i++) {
		uint32_t id = solver->share_flows[state->block + i];
		const struct dc_fluid_slot *transfer = &transfers->slots[id];
		double passed = transfer->bytes - dc_fluid_slot_left(transfer, now);
		double per_byte = dc_fluid_pull(solver, state->block + i) /
				  dc_fluid_terms_of(solver, id).weight;

		sum = dc_sum_add(sum, dc_sum_product(passed, per_byte));
	}
	return sum;
}

size_t dc_fluid_transfers_memory(const struct dc_fluid_transfers *transfers)
{
	return sizeof *transfers + transfers->carried_count * sizeof *transfers->carried +
	       transfers->finished_capacity * sizeof *transfers->finished +
	       transfers->sorting_capacity * sizeof *transfers->sorting +
	       transfers->joining_capacity * sizeof *transfers->joining +
	       transfers->mark_count * sizeof *transfers->marks +
	       transfers->capacity * (sizeof *transfers->slots +
				      (transfers->callers ? sizeof *transfers->callers : 0) +
				      sizeof *transfers->due.heap + sizeof *transfers->due.place);
}
