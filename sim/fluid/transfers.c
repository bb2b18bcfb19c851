/* Transfers: amounts of bytes that cross shared resources in time. */
#include "fluid/transfers.h"

#include <math.h>
#include <stdlib.h>

#include "fluid/transfers_private.h"

struct dc_fluid_transfers *dc_fluid_transfers_create(struct dc_engine *engine,
						     struct dc_fluid_solver *solver,
						     enum dc_phase solve_phase)
{
	struct dc_fluid_transfers *transfers = calloc(1, sizeof *transfers);

	if (!transfers)
		return NULL;
	transfers->engine = engine;
	transfers->solver = solver;
	transfers->solve_phase = solve_phase;
	return transfers;
}

void dc_fluid_transfers_destroy(struct dc_fluid_transfers *transfers)
{
	if (!transfers)
		return;
	dc_fluid_due_fini(&transfers->due);
	free(transfers->slots);
	free(transfers->callers);
	free(transfers->finished);
	free(transfers->sorting);
	free(transfers->joining);
	free(transfers->carried);
	free(transfers->marks);
	free(transfers);
}

/* Room for every number the solver may give, and for every resource it has. */
static enum dc_status reserve(struct dc_fluid_transfers *transfers)
{
	uint32_t capacity = transfers->solver->flow_capacity;
	void *grown;

	if (dc_fluid_transfers_reserve_carried(transfers) != DC_OK)
		return DC_ERR_MEMORY;
	if (capacity <= transfers->capacity)
		return DC_OK;
	if (dc_fluid_due_reserve(&transfers->due, capacity) != DC_OK)
		return DC_ERR_MEMORY;
	if (!(grown = realloc(transfers->slots, capacity * sizeof *transfers->slots)))
		return DC_ERR_MEMORY;
	transfers->slots = grown;
	if (transfers->callers) {
		if (!(grown = realloc(transfers->callers, capacity * sizeof *transfers->callers)))
			return DC_ERR_MEMORY;
		transfers->callers = grown;
	}
	transfers->capacity = capacity;
	return DC_OK;
}

/* Makes sure that the slot can keep this caller: the array is there once two of them differ. */
static enum dc_status need_callers(struct dc_fluid_transfers *transfers,
				   const struct dc_fluid_transfer_spec *spec)
{
	if (!transfers->slot_count)
		transfers->usual = (struct dc_fluid_caller){spec->done, spec->context};
	if (transfers->callers ||
	    (spec->done == transfers->usual.done && spec->context == transfers->usual.context))
		return DC_OK;
	transfers->callers = malloc(transfers->capacity * sizeof *transfers->callers);
	if (!transfers->callers)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < transfers->slot_count; i++)
		transfers->callers[i] = transfers->usual;
	return DC_OK;
}

enum dc_status dc_fluid_transfers_reserve(struct dc_fluid_transfers *transfers, uint32_t count,
					  uint32_t hops)
{
	size_t due = transfers->due.count;

	if (dc_fluid_reserve(transfers->solver, count, hops) != DC_OK ||
	    reserve(transfers) != DC_OK)
		return DC_ERR_MEMORY;
	dc_fluid_provide(transfers->slots, transfers->slot_count * sizeof *transfers->slots,
			 count * sizeof *transfers->slots);
	dc_fluid_provide(transfers->due.heap, due * sizeof *transfers->due.heap,
			 count * sizeof *transfers->due.heap);
	return DC_OK;
}

static bool timely(double bytes, dc_time latency, dc_time now)
{
	return bytes >= 0 && isfinite(bytes) && latency >= 0 && latency < DC_FLUID_DUE_LAST - now;
}

/* One that waits comes up again after its latency, the others at the next solve. */
static void set_off(struct dc_fluid_transfers *transfers, uint32_t id, bool waits, dc_time latency)
{
	if (waits) {
		dc_fluid_due_set(&transfers->due, id, dc_engine_now(transfers->engine) + latency);
		dc_fluid_transfers_rearm(transfers);
	} else {
		dc_fluid_transfers_request_solve(transfers);
	}
}

/* Fills a slot, its flow sharing already unless it waits. */
static enum dc_status add(struct dc_fluid_transfers *transfers,
			  const struct dc_fluid_transfer_spec *spec, bool waits, uint32_t *id)
{
	const struct dc_fluid_flow flow = {spec->path, spec->hops, spec->weight, spec->cap_bps,
					   spec->multiplicity};
	struct dc_fluid_slot *slot;
	enum dc_status status = dc_fluid_add(transfers->solver, &flow, id);

	if (status != DC_OK)
		return status;
	status = reserve(transfers);
	if (status == DC_OK)
		status = need_callers(transfers, spec);
	if (status == DC_OK && !waits)
		status = dc_fluid_start(transfers->solver, *id);
	if (status != DC_OK) {
		dc_fluid_remove(transfers->solver, *id);
		return status;
	}
	while (transfers->slot_count <= *id)
		transfers->slots[transfers->slot_count++].generation = 0;
	slot = &transfers->slots[*id];
	*slot = (struct dc_fluid_slot){.since = dc_engine_now(transfers->engine),
				       .left = spec->bytes,
				       .bytes = spec->bytes,
				       .argument = spec->argument,
				       .generation = slot->generation + 1,
				       .entity = spec->entity,
				       .order = transfers->order++,
				       .owner = spec->owner};
	if (transfers->callers)
		transfers->callers[*id] = (struct dc_fluid_caller){spec->done, spec->context};
	if (spec->kept)
		transfers->solver->flows[*id].flags |= DC_FLUID_KEPT;
	transfers->live++;
	return DC_OK;
}

enum dc_status dc_fluid_transfers_start(struct dc_fluid_transfers *transfers,
					const struct dc_fluid_transfer_spec *spec,
					dc_fluid_transfer *transfer)
{
	dc_time now = dc_engine_now(transfers->engine);
	bool waits = spec->latency > 0 || !(spec->bytes > 0);
	enum dc_status status;
	uint32_t id;

	if (!timely(spec->bytes, spec->latency, now))
		return DC_ERR_RUN;
	if (!waits)
		dc_fluid_transfers_warn_path(transfers, spec->path, spec->hops, spec->owner);
	status = add(transfers, spec, waits, &id);
	if (status != DC_OK)
		return status;
	set_off(transfers, id, waits, spec->latency);
	if (transfer)
		*transfer = dc_fluid_transfers_handle(transfers, id);
	return DC_OK;
}

enum dc_status dc_fluid_transfers_restart(struct dc_fluid_transfers *transfers,
					  dc_fluid_transfer transfer, double bytes, dc_time latency)
{
	dc_time now = dc_engine_now(transfers->engine);
	bool waits = latency > 0 || !(bytes > 0);
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);
	struct dc_fluid_slot *slot;

	if (id == DC_FLUID_NONE || !dc_fluid_transfers_rests(transfers, id) ||
	    !timely(bytes, latency, now))
		return DC_ERR_RUN;
	/* What the watch does may reach this one too. */
	if (!waits && dc_fluid_transfers_watched(transfers) &&
	    (!dc_fluid_transfers_warn_waiting(transfers, transfer) ||
	     !dc_fluid_transfers_rests(transfers, id)))
		return DC_ERR_RUN;
	if (!waits && dc_fluid_start(transfers->solver, id) != DC_OK)
		return DC_ERR_MEMORY;
	slot = &transfers->slots[id];
	slot->since = now;
	slot->left = bytes;
	slot->bytes = bytes;
	slot->order = transfers->order++;
	transfers->live++;
	set_off(transfers, id, waits, latency);
	return DC_OK;
}

enum dc_status dc_fluid_transfers_resume_at(struct dc_fluid_transfers *transfers,
					    const struct dc_fluid_transfer_spec *spec,
					    dc_time since, double rate_bps,
					    dc_fluid_transfer *transfer)
{
	const struct dc_fluid_slot sketch = {.since = since, .left = spec->bytes, .rate = rate_bps};
	dc_time now = dc_engine_now(transfers->engine), end;
	enum dc_status status;
	uint32_t id;

	if (!timely(spec->bytes, spec->latency, now) || since < 0 || since > now || !(rate_bps > 0))
		return DC_ERR_RUN;
	end = dc_fluid_slot_end(&sketch);
	if (end < now)
		return DC_ERR_RUN;
	dc_fluid_transfers_warn_path(transfers, spec->path, spec->hops, spec->owner);
	status = add(transfers, spec, false, &id);
	if (status != DC_OK)
		return status;
	transfers->slots[id].since = since;
	transfers->slots[id].rate = rate_bps;
	if (end != DC_TIME_NEVER)
		dc_fluid_due_set(&transfers->due, id, end);
	dc_fluid_transfers_request_solve(transfers);
	dc_fluid_transfers_rearm(transfers);
	if (transfer)
		*transfer = dc_fluid_transfers_handle(transfers, id);
	return DC_OK;
}

bool dc_fluid_transfers_cancel(struct dc_fluid_transfers *transfers, dc_fluid_transfer transfer)
{
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);
	struct dc_fluid_slot *slot;

	if (id == DC_FLUID_NONE)
		return false;
	slot = &transfers->slots[id];
	if (dc_fluid_transfers_kept(transfers, id) &&
	    (slot->left < 0 || dc_fluid_transfers_rests(transfers, id)))
		return false;
	dc_fluid_transfers_book_passed(
		transfers, id,
		slot->bytes - dc_fluid_slot_left(slot, dc_engine_now(transfers->engine)));
	dc_fluid_due_drop(&transfers->due, id);
	if (dc_fluid_transfers_kept(transfers, id)) {
		dc_fluid_stop(transfers->solver, id);
		dc_fluid_slot_rest(slot);
	} else {
		dc_fluid_remove(transfers->solver, id);
		slot->generation++;
	}
	transfers->live--;
	dc_fluid_transfers_request_solve(transfers);
	dc_fluid_transfers_rearm(transfers);
	return true;
}

void dc_fluid_transfers_release(struct dc_fluid_transfers *transfers, dc_fluid_transfer transfer)
{
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);

	if (id == DC_FLUID_NONE || !dc_fluid_transfers_kept(transfers, id))
		return;
	dc_fluid_transfers_cancel(transfers, transfer);
	transfers->slots[id].generation++;
	/* One whose callback is still to come goes then. */
	transfers->solver->flows[id].flags &= (uint8_t)~DC_FLUID_KEPT;
	if (!(transfers->slots[id].left < 0))
		dc_fluid_remove(transfers->solver, id);
}

enum dc_status dc_fluid_transfers_reroute(struct dc_fluid_transfers *transfers,
					  dc_fluid_transfer transfer,
					  const struct dc_fluid_hop *path, uint32_t hops)
{
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);
	dc_time now = dc_engine_now(transfers->engine);
	struct dc_fluid_slot *slot;
	double left;
	enum dc_status status;

	if (id == DC_FLUID_NONE)
		return DC_ERR_RUN;
	status = dc_fluid_check_path(transfers->solver, path, hops);
	if (status != DC_OK || (status = reserve(transfers)) != DC_OK)
		return status;
	if (dc_fluid_transfers_shares(transfers, id)) {
		dc_fluid_transfers_warn_path(transfers, path, hops, transfers->slots[id].owner);
		if (dc_fluid_transfers_find(transfers, transfer) == DC_FLUID_NONE)
			return DC_ERR_RUN;
	}
	slot = &transfers->slots[id];
	left = dc_fluid_slot_left(slot, now);
	dc_fluid_transfers_book_passed(transfers, id, slot->bytes - left);
	slot->bytes = left;
	status = dc_fluid_set_path(transfers->solver, id, path, hops);
	dc_fluid_transfers_request_solve(transfers);
	return status;
}

enum dc_status dc_fluid_transfers_set_weight(struct dc_fluid_transfers *transfers,
					     dc_fluid_transfer transfer, double weight)
{
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);
	enum dc_status status = DC_ERR_RUN;

	if (id != DC_FLUID_NONE)
		status = dc_fluid_set_weight(transfers->solver, id, weight);
	dc_fluid_transfers_request_solve(transfers);
	return status;
}

enum dc_status dc_fluid_transfers_set_cap(struct dc_fluid_transfers *transfers,
					  dc_fluid_transfer transfer, double cap_bps)
{
	uint32_t id = dc_fluid_transfers_find(transfers, transfer);
	enum dc_status status = DC_ERR_RUN;

	if (id != DC_FLUID_NONE)
		status = dc_fluid_set_cap(transfers->solver, id, cap_bps);
	dc_fluid_transfers_request_solve(transfers);
	return status;
}

enum dc_status dc_fluid_transfers_set_capacity(struct dc_fluid_transfers *transfers,
					       uint32_t resource, double capacity_bps)
{
	enum dc_status status;

	if (!(capacity_bps >= 0))
		return DC_ERR_RUN;
	if (dc_fluid_transfers_watched(transfers))
		dc_fluid_transfers_warn(transfers, resource, 0);
	status = dc_fluid_set_capacity(transfers->solver, resource, capacity_bps);
	dc_fluid_transfers_request_solve(transfers);
	return status;
}
