/* The course of transfers in time: solves, ends, and who joins after its latency. */
#include <math.h>
#include <stdlib.h>

#include "fluid/transfers_private.h"

enum {
	SWEEP = 32, /* pending ones looked at in the time of taking out one */
	SAMPLES = 8
};

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

static void on_due(void *context, uint64_t argument);
static void on_solve(void *context, uint64_t argument);

/* Keeps one event at the first due time. Before a solve at this very instant only ends that are
 * already due matter: the others may move. */
void dc_fluid_transfers_rearm(struct dc_fluid_transfers *transfers)
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

void dc_fluid_transfers_request_solve(struct dc_fluid_transfers *transfers)
{
	if (!transfers->solve && dc_fluid_pending(transfers->solver))
		transfers->solve =
			dc_engine_schedule(transfers->engine, dc_engine_now(transfers->engine),
					   transfers->solve_phase, 0, on_solve, transfers, 0);
}

/* When what was left at `since` will have passed; DC_TIME_NEVER when it never will. */
dc_time dc_fluid_slot_end(const struct dc_fluid_slot *transfer)
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
	struct dc_fluid_slot *transfer = &transfers->slots[id];
	double rate = dc_fluid_rate(transfers->solver, id);
	dc_time end;

	if (fabs(rate - transfer->rate) <= DC_FLUID_SAME * transfer->rate)
		return;
	transfer->left = dc_fluid_slot_left(transfer, now);
	transfer->since = now;
	transfer->rate = rate;
	end = dc_fluid_slot_end(transfer);
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
		if (dc_fluid_transfers_shares(transfers, changed[i]))
			change_rate(transfers, changed[i], now);
	dc_fluid_transfers_rearm(transfers);
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

/* Those whose latency is over join the others. */
static void join_waiting(struct dc_fluid_transfers *transfers, dc_time now)
{
	for (uint32_t i = 0; i < transfers->joining_count; i++) {
		uint32_t id = (uint32_t)transfers->joining[i];

		if (!dc_fluid_transfers_warn_waiting(transfers, transfers->joining[i]))
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
	transfers->joining[transfers->joining_count++] = dc_fluid_transfers_handle(transfers, id);
}

/* One that is due: its latency is over, or it is listed as ended. */
static size_t take_due(struct dc_fluid_transfers *transfers, size_t count, uint32_t id)
{
	if (!dc_fluid_transfers_shares(transfers, id) && transfers->slots[id].left > 0) {
		note_joining(transfers, id);
		return count;
	}
	return count + note_finished(transfers, count, id);
}

/* Entity, then order of starting; orders wrap, those alive together are close. */
static uint64_t sort_key(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	const struct dc_fluid_slot *slot = &transfers->slots[id];

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
	struct dc_fluid_finished *from, *to;

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
		from[i] = (struct dc_fluid_finished){sort_key(transfers, transfers->finished[i]),
						     transfers->finished[i]};
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t place[257] = {0};
		struct dc_fluid_finished *swap = from;

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

/* It leaves its resources; its callback is still to come. */
static void finish(struct dc_fluid_transfers *transfers, uint32_t id)
{
	struct dc_fluid_slot *slot = &transfers->slots[id];

	dc_fluid_transfers_book_passed(transfers, id, slot->bytes);
	dc_fluid_stop(transfers->solver, id);
	transfers->live--;
	if (dc_fluid_transfers_kept(transfers, id)) {
		dc_fluid_slot_rest(slot);
		slot->left = -1;
	} else {
		slot->generation++;
	}
}

static void call_back(struct dc_fluid_transfers *transfers, uint32_t id)
{
	struct dc_fluid_slot *slot = &transfers->slots[id];
	const struct dc_fluid_caller caller =
		transfers->callers ? transfers->callers[id] : transfers->usual;
	uint64_t argument = slot->argument;

	/* The callback may start a transfer in this very slot. */
	transfers->held_by = transfers->solver->flows[id].least_at;
	if (dc_fluid_transfers_kept(transfers, id))
		slot->left = 0;
	else
		dc_fluid_remove(transfers->solver, id);
	if (caller.done)
		caller.done(caller.context, argument);
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
	dc_fluid_transfers_request_solve(transfers);
	for (size_t i = 0; i < count; i++)
		call_back(transfers, transfers->finished[i]);
	dc_fluid_transfers_rearm(transfers);
}
