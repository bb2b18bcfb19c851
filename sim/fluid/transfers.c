/* Transfers: amounts of bytes that cross shared resources in time. */
#include "fluid/transfers.h"

#include <math.h>
#include <stdlib.h>

#include "fluid/due.h"
#include "fluid/solver_private.h"

enum {
	SWEEP = 32, /* pending ones looked at in the time of taking out one */
	SAMPLES = 8
};

struct transfer {
	dc_time since; /* when `left` was true */
	double left;
	double rate;  /* since then */
	double bytes; /* to pass when the present path began; what passed is booked at its end */
	dc_callback *done;
	void *context;
	uint64_t argument;
	uint32_t generation; /* odd while it lives */
	uint32_t entity;
	uint32_t order; /* of starting */
	uint32_t owner;
};

/* An end of this instant, to be put in order. */
struct finished {
	uint64_t key; /* entity and order */
	uint32_t id;
};

struct dc_fluid_transfers {
	struct dc_engine *engine;
	struct dc_fluid_solver *solver;
	enum dc_phase solve_phase;
	struct transfer *slots; /* by the solver's number of the flow */
	struct dc_fluid_due due;
	uint32_t *finished;         /* those that end at this instant */
	struct finished *sorting;   /* twice as many, when they come out of order */
	dc_fluid_transfer *joining; /* at this instant: their latency is over */
	struct dc_sum *carried;     /* by resource, of what has been booked */
	uint32_t *marks;            /* by resource; NULL until there is one */
	dc_fluid_watch *watch;
	void *watcher;
	uint32_t capacity, carried_count, mark_count, live, order;
	uint32_t slot_count; /* slots that have been used: their generations are known */
	uint32_t joining_capacity, joining_count;
	uint32_t held_by; /* of the transfer whose callback runs */
	size_t finished_capacity, sorting_capacity;
	dc_event wake, solve;
	dc_time wake_at;
};

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
	free(transfers->finished);
	free(transfers->sorting);
	free(transfers->joining);
	free(transfers->carried);
	free(transfers->marks);
	free(transfers);
}

/* The number of a live transfer, or DC_FLUID_NONE. */
static uint32_t find(const struct dc_fluid_transfers *transfers, dc_fluid_transfer transfer)
{
	uint32_t id = (uint32_t)transfer;

	if (!transfer || id >= transfers->slot_count || !(transfers->slots[id].generation & 1) ||
	    transfers->slots[id].generation != (uint32_t)(transfer >> 32))
		return DC_FLUID_NONE;
	return id;
}

static dc_fluid_transfer handle_of(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	return (dc_fluid_transfer)transfers->slots[id].generation << 32 | id;
}

static bool shares(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	return transfers->solver->flows[id].flags & DC_FLUID_SHARING;
}

static bool kept(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	return transfers->solver->flows[id].flags & DC_FLUID_KEPT;
}

/* Kept, and its callback has begun: one that has just ended has `left` below 0 until then. */
static bool rests(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	return kept(transfers, id) && !shares(transfers, id) &&
	       transfers->due.place[id] == UINT32_MAX && !(transfers->slots[id].left < 0);
}

static double left_at(const struct transfer *transfer, dc_time now)
{
	double left;

	/* Unlimited means at once; left x rate would be no number at since itself. */
	if (!(transfer->rate < DC_FLUID_INFINITE))
		return 0;
	left = transfer->left - transfer->rate * dc_time_to_s(now - transfer->since);
	return left > 0 ? left : 0;
}

/* dc_time_from_s, short of its care for halves where none is near. */
static dc_time span_of(double seconds)
{
	const double shift =
		4503599627370496.0; /* 2^52: adding it rounds to a whole, ties to even */
	double femto = seconds * 1e15, whole = (femto + shift) - shift;

	if (!(seconds < 1) || fabs(femto - whole) == 0.5)
		return dc_time_from_s(seconds);
	return (int64_t)whole;
}

/* What one member of a resource carries per byte of a flow of that number, where that may not be 1. */
static double carried_per_byte(const struct dc_fluid_solver *solver, uint32_t id, uint32_t hop)
{
	uint32_t place = solver->flows[id].path + hop;

	return dc_fluid_terms_of(solver, id).multiplicity * dc_fluid_use(solver, place) /
	       solver->members[solver->hops[place].resource];
}

static void book(struct dc_fluid_transfers *transfers, uint32_t id, double bytes)
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

static void on_due(void *context, uint64_t argument);
static void on_solve(void *context, uint64_t argument);

/* Keeps one event at the first due time. Before a solve at this very instant only ends that are
 * already due matter: the others may move. */
static void rearm(struct dc_fluid_transfers *transfers)
{
	dc_time first = dc_fluid_due_first(&transfers->due);

	if (transfers->solve && first > dc_engine_now(transfers->engine))
		return;
	if (first == transfers->wake_at && transfers->wake)
		return;
	transfers->wake_at = first;
	if (first == DC_TIME_NEVER) {
		dc_engine_cancel(transfers->engine, transfers->wake);
		transfers->wake = 0;
	} else if (!transfers->wake) {
		transfers->wake = dc_engine_schedule(transfers->engine, first, DC_PHASE_COMPLETION,
						     0, on_due, transfers, 0);
	} else {
		dc_engine_reschedule(transfers->engine, transfers->wake, first);
	}
}

static void request_solve(struct dc_fluid_transfers *transfers)
{
	if (!transfers->solve && dc_fluid_pending(transfers->solver))
		transfers->solve =
			dc_engine_schedule(transfers->engine, dc_engine_now(transfers->engine),
					   transfers->solve_phase, 0, on_solve, transfers, 0);
}

/* When what was left at `since` will have passed; DC_TIME_NEVER when it never will. */
static dc_time end_of(const struct transfer *transfer)
{
	dc_time span;

	if (!(transfer->rate > 0))
		return DC_TIME_NEVER;
	span = span_of(transfer->left / transfer->rate);
	return span < DC_FLUID_DUE_LAST - transfer->since ? transfer->since + span : DC_TIME_NEVER;
}

/* Takes over a new rate: what is left now, and when that will have passed. */
static void change_rate(struct dc_fluid_transfers *transfers, uint32_t id, dc_time now)
{
	struct transfer *transfer = &transfers->slots[id];
	double rate = dc_fluid_rate(transfers->solver, id);
	dc_time end;

	if (fabs(rate - transfer->rate) <= DC_FLUID_SAME * transfer->rate)
		return;
	transfer->left = left_at(transfer, now);
	transfer->since = now;
	transfer->rate = rate;
	end = end_of(transfer);
	if (end != DC_TIME_NEVER)
		dc_fluid_due_set(&transfers->due, id, end);
	else
		dc_fluid_due_drop(&transfers->due, id);
}

static void solve_now(struct dc_fluid_transfers *transfers)
{
	dc_time now = dc_engine_now(transfers->engine);
	const uint32_t *changed;
	size_t count;

	transfers->solve = 0;
	changed = dc_fluid_solve(transfers->solver, &count);
	for (size_t i = 0; i < count; i++)
		if (shares(transfers, changed[i]))
			change_rate(transfers, changed[i], now);
	rearm(transfers);
}

static void on_solve(void *context, uint64_t argument)
{
	(void)argument;
	solve_now(context);
}

void dc_fluid_transfers_settle(struct dc_fluid_transfers *transfers)
{
	if (!dc_fluid_pending(transfers->solver))
		return;
	dc_engine_cancel(transfers->engine, transfers->solve);
	solve_now(transfers);
}

static void warn(struct dc_fluid_transfers *transfers, uint32_t resource, uint32_t owner)
{
	uint32_t mark = dc_fluid_transfers_owner(transfers, resource);

	if (mark && mark != owner)
		transfers->watch(transfers->watcher, resource, mark);
}

static bool watched(const struct dc_fluid_transfers *transfers)
{
	return transfers->watch && transfers->marks;
}

/* Tells the watch of the marked resources on a path that is about to be shared. */
static void warn_path(struct dc_fluid_transfers *transfers, const struct dc_fluid_hop *path,
		      uint32_t hops, uint32_t owner)
{
	for (uint32_t i = 0; i < hops && watched(transfers); i++)
		if (path[i].use > 0)
			warn(transfers, path[i].resource, owner);
}

/* The same for the path of a transfer that waited; false when it is gone by then. The watch may cancel
 * or reroute it, so that nothing of it is known from one resource to the next. */
static bool warn_waiting(struct dc_fluid_transfers *transfers, dc_fluid_transfer transfer)
{
	const struct dc_fluid_solver *solver = transfers->solver;
	uint32_t id = find(transfers, transfer);

	for (uint32_t i = 0;
	     id != DC_FLUID_NONE && i < solver->flows[id].hops && watched(transfers); i++) {
		warn(transfers, solver->hops[solver->flows[id].path + i].resource,
		     transfers->slots[id].owner);
		id = find(transfers, transfer);
	}
	return id != DC_FLUID_NONE;
}

/* Those whose latency is over join the others. */
static void join_waiting(struct dc_fluid_transfers *transfers, dc_time now)
{
	for (uint32_t i = 0; i < transfers->joining_count; i++) {
		uint32_t id = (uint32_t)transfers->joining[i];

		if (!warn_waiting(transfers, transfers->joining[i]))
			continue;
		transfers->slots[id].since = now;
		if (dc_fluid_start(transfers->solver, id) != DC_OK)
			dc_engine_fail(transfers->engine, DC_ERR_MEMORY);
	}
	transfers->joining_count = 0;
}

static bool note_finished(struct dc_fluid_transfers *transfers, size_t count, uint32_t id)
{
	if (count == transfers->finished_capacity) {
		size_t capacity = count ? 2 * count : 64;
		void *grown = realloc(transfers->finished, capacity * sizeof *transfers->finished);

		if (!grown) {
			dc_engine_fail(transfers->engine, DC_ERR_MEMORY);
			return false;
		}
		transfers->finished = grown;
		transfers->finished_capacity = capacity;
	}
	transfers->finished[count] = id;
	return true;
}

static void note_joining(struct dc_fluid_transfers *transfers, uint32_t id)
{
	if (transfers->joining_count == transfers->joining_capacity) {
		uint32_t capacity = transfers->joining_count ? 2 * transfers->joining_count : 64;
		void *grown = realloc(transfers->joining, capacity * sizeof *transfers->joining);

		if (!grown) {
			dc_engine_fail(transfers->engine, DC_ERR_MEMORY);
			return;
		}
		transfers->joining = grown;
		transfers->joining_capacity = capacity;
	}
	transfers->joining[transfers->joining_count++] = handle_of(transfers, id);
}

/* One that is due: its latency is over, or it is listed as ended. */
static size_t take_due(struct dc_fluid_transfers *transfers, size_t count, uint32_t id)
{
	if (!shares(transfers, id) && transfers->slots[id].left > 0) {
		note_joining(transfers, id);
		return count;
	}
	return count + note_finished(transfers, count, id);
}

/* Entity, then order of starting; orders wrap, those alive together are close. */
static uint64_t sort_key(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	const struct transfer *slot = &transfers->slots[id];

	return (uint64_t)slot->entity << 32 | (slot->order - transfers->order);
}

/* The bits in which the keys differ; 0 when they are in order already. */
static uint64_t disorder(const struct dc_fluid_transfers *transfers, size_t count)
{
	uint64_t first = count ? sort_key(transfers, transfers->finished[0]) : 0, last = first;
	uint64_t differ = 0;
	bool sorted = true;

	for (size_t i = 1; i < count; i++) {
		uint64_t key = sort_key(transfers, transfers->finished[i]);

		sorted = sorted && last <= key;
		differ |= key ^ first;
		last = key;
	}
	return sorted ? 0 : differ;
}

/* Those that end now in the order of their callbacks: radix sort, least byte first, leaving out bytes
 * that are all the same. */
static void put_in_order(struct dc_fluid_transfers *transfers, size_t count)
{
	uint64_t differ = disorder(transfers, count);
	struct finished *from, *to;

	if (!differ)
		return;
	if (2 * count > transfers->sorting_capacity) {
		from = realloc(transfers->sorting, 2 * count * sizeof *from);
		if (!from) {
			dc_engine_fail(transfers->engine, DC_ERR_MEMORY);
			return;
		}
		transfers->sorting = from;
		transfers->sorting_capacity = 2 * count;
	}
	from = transfers->sorting;
	to = from + count;
	for (size_t i = 0; i < count; i++)
		from[i] = (struct finished){sort_key(transfers, transfers->finished[i]),
					    transfers->finished[i]};
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t place[257] = {0};
		struct finished *swap = from;

		if (!(differ >> shift & 0xff))
			continue;
		for (size_t i = 0; i < count; i++)
			place[(from[i].key >> shift & 0xff) + 1]++;
		for (size_t i = 1; i < 256; i++)
			place[i] += place[i - 1];
		for (size_t i = 0; i < count; i++)
			to[place[from[i].key >> shift & 0xff]++] = from[i];
		from = to;
		to = swap;
	}
	for (size_t i = 0; i < count; i++)
		transfers->finished[i] = from[i].id;
}

/* Whether one of a few of the last entries is due, which are due only when many are. */
static bool many_due(const struct dc_fluid_due *due, dc_time now)
{
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint32_t place = due->count - 1 - i * (due->count / (2 * SAMPLES));

		if ((dc_time)(due->heap[place] >> 32) <= now)
			return true;
	}
	return false;
}

/* Lists the transfers that end now, in the order of their callbacks, and those whose latency is over. When
 * these are many of the pending ones, they are taken in one pass. */
static size_t gather(struct dc_fluid_transfers *transfers, dc_time now)
{
	struct dc_fluid_due *due = &transfers->due;
	uint32_t most = due->count / SWEEP + 2, id;
	size_t count = 0;

	if (due->count < SAMPLES || !many_due(due, now))
		while (most-- && dc_fluid_due_pop(due, now, &id))
			count = take_due(transfers, count, id);
	if (dc_fluid_due_first(due) <= now) {
		uint32_t taken = dc_fluid_due_split(due, now);

		for (uint32_t i = 0; i < taken; i++)
			count = take_due(transfers, count, (uint32_t)due->heap[i]);
		dc_fluid_due_close(due, taken);
	}
	put_in_order(transfers, count);
	return count;
}

static void rest(struct transfer *slot)
{
	slot->left = 0;
	slot->bytes = 0;
	slot->rate = 0;
}

/* It leaves its resources; its callback is still to come. */
static void finish(struct dc_fluid_transfers *transfers, uint32_t id)
{
	struct transfer *slot = &transfers->slots[id];

	book(transfers, id, slot->bytes);
	dc_fluid_stop(transfers->solver, id);
	transfers->live--;
	if (kept(transfers, id)) {
		rest(slot);
		slot->left = -1;
	} else {
		slot->generation++;
	}
}

static void call_back(struct dc_fluid_transfers *transfers, uint32_t id)
{
	struct transfer *slot = &transfers->slots[id];
	dc_callback *done = slot->done;
	void *context = slot->context;
	uint64_t argument = slot->argument;

	/* The callback may start a transfer in this very slot. */
	transfers->held_by = transfers->solver->flows[id].least_at;
	if (kept(transfers, id))
		slot->left = 0;
	else
		dc_fluid_remove(transfers->solver, id);
	if (done)
		done(context, argument);
}

static void on_due(void *context, uint64_t argument)
{
	struct dc_fluid_transfers *transfers = context;
	dc_time now = dc_engine_now(transfers->engine);
	size_t count = gather(transfers, now);

	(void)argument;
	transfers->wake = 0;
	/* The last to come leaves first: it is the last in the lists of its resources. */
	for (size_t i = count; i-- > 0;)
		finish(transfers, transfers->finished[i]);
	join_waiting(transfers, now);
	request_solve(transfers);
	for (size_t i = 0; i < count; i++)
		call_back(transfers, transfers->finished[i]);
	rearm(transfers);
}

/* Sums for every resource. */
static enum dc_status reserve_carried(struct dc_fluid_transfers *transfers)
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

/* Room for every number the solver may give, and for every resource it has. */
static enum dc_status reserve(struct dc_fluid_transfers *transfers)
{
	uint32_t capacity = transfers->solver->flow_capacity;
	void *grown;

	if (reserve_carried(transfers) != DC_OK)
		return DC_ERR_MEMORY;
	if (capacity <= transfers->capacity)
		return DC_OK;
	if (dc_fluid_due_reserve(&transfers->due, capacity) != DC_OK)
		return DC_ERR_MEMORY;
	if (!(grown = realloc(transfers->slots, capacity * sizeof *transfers->slots)))
		return DC_ERR_MEMORY;
	transfers->slots = grown;
	transfers->capacity = capacity;
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
		rearm(transfers);
	} else {
		request_solve(transfers);
	}
}

/* Fills a slot, its flow sharing already unless it waits. */
static enum dc_status add(struct dc_fluid_transfers *transfers,
			  const struct dc_fluid_transfer_spec *spec, bool waits, uint32_t *id)
{
	const struct dc_fluid_flow flow = {spec->path, spec->hops, spec->weight, spec->cap_bps,
					   spec->multiplicity};
	struct transfer *slot;
	enum dc_status status = dc_fluid_add(transfers->solver, &flow, id);

	if (status != DC_OK)
		return status;
	status = reserve(transfers);
	if (status == DC_OK && !waits)
		status = dc_fluid_start(transfers->solver, *id);
	if (status != DC_OK) {
		dc_fluid_remove(transfers->solver, *id);
		return status;
	}
	while (transfers->slot_count <= *id)
		transfers->slots[transfers->slot_count++].generation = 0;
	slot = &transfers->slots[*id];
	*slot = (struct transfer){.since = dc_engine_now(transfers->engine),
				  .left = spec->bytes,
				  .bytes = spec->bytes,
				  .done = spec->done,
				  .context = spec->context,
				  .argument = spec->argument,
				  .generation = slot->generation + 1,
				  .entity = spec->entity,
				  .order = transfers->order++,
				  .owner = spec->owner};
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
		warn_path(transfers, spec->path, spec->hops, spec->owner);
	status = add(transfers, spec, waits, &id);
	if (status != DC_OK)
		return status;
	set_off(transfers, id, waits, spec->latency);
	if (transfer)
		*transfer = handle_of(transfers, id);
	return DC_OK;
}

enum dc_status dc_fluid_transfers_restart(struct dc_fluid_transfers *transfers,
					  dc_fluid_transfer transfer, double bytes, dc_time latency)
{
	dc_time now = dc_engine_now(transfers->engine);
	bool waits = latency > 0 || !(bytes > 0);
	uint32_t id = find(transfers, transfer);
	struct transfer *slot;

	if (id == DC_FLUID_NONE || !rests(transfers, id) || !timely(bytes, latency, now))
		return DC_ERR_RUN;
	/* What the watch does may reach this one too. */
	if (!waits && watched(transfers) &&
	    (!warn_waiting(transfers, transfer) || !rests(transfers, id)))
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
	const struct transfer sketch = {.since = since, .left = spec->bytes, .rate = rate_bps};
	dc_time now = dc_engine_now(transfers->engine), end;
	enum dc_status status;
	uint32_t id;

	if (!timely(spec->bytes, spec->latency, now) || since < 0 || since > now || !(rate_bps > 0))
		return DC_ERR_RUN;
	end = end_of(&sketch);
	if (end < now)
		return DC_ERR_RUN;
	warn_path(transfers, spec->path, spec->hops, spec->owner);
	status = add(transfers, spec, false, &id);
	if (status != DC_OK)
		return status;
	transfers->slots[id].since = since;
	transfers->slots[id].rate = rate_bps;
	if (end != DC_TIME_NEVER)
		dc_fluid_due_set(&transfers->due, id, end);
	request_solve(transfers);
	rearm(transfers);
	if (transfer)
		*transfer = handle_of(transfers, id);
	return DC_OK;
}

bool dc_fluid_transfers_cancel(struct dc_fluid_transfers *transfers, dc_fluid_transfer transfer)
{
	uint32_t id = find(transfers, transfer);
	struct transfer *slot;

	if (id == DC_FLUID_NONE)
		return false;
	slot = &transfers->slots[id];
	if (kept(transfers, id) && (slot->left < 0 || rests(transfers, id)))
		return false;
	book(transfers, id, slot->bytes - left_at(slot, dc_engine_now(transfers->engine)));
	dc_fluid_due_drop(&transfers->due, id);
	if (kept(transfers, id)) {
		dc_fluid_stop(transfers->solver, id);
		rest(slot);
	} else {
		dc_fluid_remove(transfers->solver, id);
		slot->generation++;
	}
	transfers->live--;
	request_solve(transfers);
	rearm(transfers);
	return true;
}

void dc_fluid_transfers_release(struct dc_fluid_transfers *transfers, dc_fluid_transfer transfer)
{
	uint32_t id = find(transfers, transfer);

	if (id == DC_FLUID_NONE || !kept(transfers, id))
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
	uint32_t id = find(transfers, transfer);
	dc_time now = dc_engine_now(transfers->engine);
	struct transfer *slot;
	double left;
	enum dc_status status;

	if (id == DC_FLUID_NONE)
		return DC_ERR_RUN;
	status = dc_fluid_check_path(transfers->solver, path, hops);
	if (status != DC_OK || (status = reserve(transfers)) != DC_OK)
		return status;
	if (shares(transfers, id)) {
		warn_path(transfers, path, hops, transfers->slots[id].owner);
		if (find(transfers, transfer) == DC_FLUID_NONE)
			return DC_ERR_RUN;
	}
	slot = &transfers->slots[id];
	left = left_at(slot, now);
	book(transfers, id, slot->bytes - left);
	slot->bytes = left;
	status = dc_fluid_set_path(transfers->solver, id, path, hops);
	request_solve(transfers);
	return status;
}

enum dc_status dc_fluid_transfers_set_weight(struct dc_fluid_transfers *transfers,
					     dc_fluid_transfer transfer, double weight)
{
	uint32_t id = find(transfers, transfer);
	enum dc_status status = DC_ERR_RUN;

	if (id != DC_FLUID_NONE)
		status = dc_fluid_set_weight(transfers->solver, id, weight);
	request_solve(transfers);
	return status;
}

enum dc_status dc_fluid_transfers_set_cap(struct dc_fluid_transfers *transfers,
					  dc_fluid_transfer transfer, double cap_bps)
{
	uint32_t id = find(transfers, transfer);
	enum dc_status status = DC_ERR_RUN;

	if (id != DC_FLUID_NONE)
		status = dc_fluid_set_cap(transfers->solver, id, cap_bps);
	request_solve(transfers);
	return status;
}

enum dc_status dc_fluid_transfers_set_capacity(struct dc_fluid_transfers *transfers,
					       uint32_t resource, double capacity_bps)
{
	enum dc_status status;

	if (!(capacity_bps >= 0))
		return DC_ERR_RUN;
	if (watched(transfers))
		warn(transfers, resource, 0);
	status = dc_fluid_set_capacity(transfers->solver, resource, capacity_bps);
	request_solve(transfers);
	return status;
}

double dc_fluid_transfers_left(const struct dc_fluid_transfers *transfers,
			       dc_fluid_transfer transfer)
{
	uint32_t id = find(transfers, transfer);

	if (id == DC_FLUID_NONE)
		return 0;
	return left_at(&transfers->slots[id], dc_engine_now(transfers->engine));
}

double dc_fluid_transfers_rate(const struct dc_fluid_transfers *transfers,
			       dc_fluid_transfer transfer)
{
	uint32_t id = find(transfers, transfer);

	return id == DC_FLUID_NONE ? 0 : transfers->slots[id].rate;
}

uint32_t dc_fluid_transfers_bottleneck(const struct dc_fluid_transfers *transfers,
				       dc_fluid_transfer transfer)
{
	uint32_t id = find(transfers, transfer);

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
		const struct transfer *transfer = &transfers->slots[id];
		double passed = transfer->bytes - left_at(transfer, now);
		double per_byte = dc_fluid_pull(solver, state->block + i) /
				  dc_fluid_terms_of(solver, id).weight;

		sum = dc_sum_add(sum, dc_sum_product(passed, per_byte));
	}
	return sum;
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

enum dc_status dc_fluid_transfers_book(struct dc_fluid_transfers *transfers, uint32_t resource,
				       double bytes)
{
	if (resource >= transfers->solver->resource_count)
		return DC_ERR_RUN;
	if (reserve_carried(transfers) != DC_OK)
		return DC_ERR_MEMORY;
	transfers->carried[resource] =
		dc_sum_add(transfers->carried[resource], (struct dc_sum){bytes, 0});
	return DC_OK;
}

size_t dc_fluid_transfers_memory(const struct dc_fluid_transfers *transfers)
{
	return sizeof *transfers + transfers->carried_count * sizeof *transfers->carried +
	       transfers->finished_capacity * sizeof *transfers->finished +
	       transfers->sorting_capacity * sizeof *transfers->sorting +
	       transfers->joining_capacity * sizeof *transfers->joining +
	       transfers->mark_count * sizeof *transfers->marks +
	       transfers->capacity * (sizeof *transfers->slots + sizeof *transfers->due.heap +
				      sizeof *transfers->due.place);
}
