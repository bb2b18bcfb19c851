/* Reserved resources: marks, and the watch that hears before others share them. */
#include <stdlib.h>

#include "fluid/transfers_private.h"

void dc_fluid_transfers_warn(struct dc_fluid_transfers *transfers, uint32_t resource,
			     uint32_t owner)
{
	uint32_t mark = dc_fluid_transfers_owner(transfers, resource);

	if (mark && mark != owner)
		transfers->watch(transfers->watcher, resource, mark);
}

bool dc_fluid_transfers_watched(const struct dc_fluid_transfers *transfers)
{
	return transfers->watch && transfers->marks;
}

/* Tells the watch of the marked resources on a path that is about to be shared. */
void dc_fluid_transfers_warn_path(struct dc_fluid_transfers *transfers,
				  const struct dc_fluid_hop *path, uint32_t hops, uint32_t owner)
{
	for (uint32_t i = 0; i < hops && dc_fluid_transfers_watched(transfers); i++)
		if (path[i].use > 0)
			dc_fluid_transfers_warn(transfers, path[i].resource, owner);
}

/* The same for the path of a transfer that waited; false when it is gone by then. The watch may cancel
 * or reroute it, so that nothing of it is known from one resource to the next. */
bool dc_fluid_transfers_warn_waiting(struct dc_fluid_transfers *transfers,
				     dc_fluid_transfer transfer)
{
	const struct dc_fluid_solver *solver = transfers->solver;
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);

	for (uint32_t i = 0; id != DC_FLUID_NONE && i < solver->flows[id].hops &&
			     dc_fluid_transfers_watched(transfers);
	     i++) {
		dc_fluid_transfers_warn(transfers,
					solver->hops[solver->flows[id].path + i].resource,
					transfers->slots[id].owner);
		id = dc_fluid_transfers_find(transfers, transfer);
	}
	return id != DC_FLUID_NONE;
}

void dc_fluid_transfers_watch(struct dc_fluid_transfers *transfers, dc_fluid_watch *watch,
			      void *context)
{
	transfers->watch = watch;
	transfers->watcher = context;
}

enum dc_status dc_fluid_transfers_mark(struct dc_fluid_transfers *transfers, uint32_t resource,
				       uint32_t owner)
{
	uint32_t resources = transfers->solver->resource_count;
	void *grown;

	if (resource >= resources)
		return DC_ERR_RUN;
	if (resource >= transfers->mark_count) {
		if (!owner)
			return DC_OK;
		grown = realloc(transfers->marks, resources * sizeof *transfers->marks);
		if (!grown)
			return DC_ERR_MEMORY;
		transfers->marks = grown;
		for (uint32_t i = transfers->mark_count; i < resources; i++)
			transfers->marks[i] = 0;
		transfers->mark_count = resources;
	}
	transfers->marks[resource] = owner;
	return DC_OK;
}

uint32_t dc_fluid_transfers_owner(const struct dc_fluid_transfers *transfers, uint32_t resource)
{
	return resource < transfers->mark_count ? transfers->marks[resource] : 0;
}
