/* Transfers, shared by the files that keep them: their course in time, the watch, the accounts. */
#ifndef DC_FLUID_TRANSFERS_PRIVATE_H
#define DC_FLUID_TRANSFERS_PRIVATE_H

#include "fluid/due.h"
#include "fluid/solver_private.h"
#include "fluid/transfers.h"

struct dc_fluid_slot {
	dc_time since; /* when `left` was true */
	double left;
	double rate;  /* since then */
	double bytes; /* to pass when the present path began; what passed is booked at its end */
	uint64_t argument;
	uint32_t generation; /* odd while it lives */
	uint32_t entity;
	uint32_t order; /* of starting */
	uint32_t owner;
};

/* What is called at an end. */
struct dc_fluid_caller {
	dc_callback *done;
	void *context;
};

/* An end of this instant, to be put in order. */
struct dc_fluid_finished {
	uint64_t key; /* entity and order */
	uint32_t id;
};

struct dc_fluid_transfers {
	struct dc_engine *engine;
	struct dc_fluid_solver *solver;
	enum dc_phase solve_phase;
	struct dc_fluid_slot *slots;     /* by the solver's number of the flow */
	struct dc_fluid_caller usual;    /* the first transfer's */
	struct dc_fluid_caller *callers; /* by slot; NULL as long as all are the usual one */
	struct dc_fluid_due due;
	uint32_t *finished;                /* those that end at this instant */
	struct dc_fluid_finished *sorting; /* twice as many, when they come out of order */
	dc_fluid_transfer *joining;        /* at this instant: their latency is over */
	struct dc_sum *carried;            /* by resource, of what has been booked */
	uint32_t *marks;                   /* by resource; NULL until there is one */
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

/* The number of a live transfer, or DC_FLUID_NONE. */
static inline uint32_t dc_fluid_transfers_find(const struct dc_fluid_transfers *transfers,
					       dc_fluid_transfer transfer)
{
	uint32_t id = (uint32_t)transfer;

	if (!transfer || id >= transfers->slot_count || !(transfers->slots[id].generation & 1) ||
	    transfers->slots[id].generation != (uint32_t)(transfer >> 32))
		return DC_FLUID_NONE;
	return id;
}

static inline dc_fluid_transfer
dc_fluid_transfers_handle(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	return (dc_fluid_transfer)transfers->slots[id].generation << 32 | id;
}

static inline bool dc_fluid_transfers_shares(const struct dc_fluid_transfers *transfers,
					     uint32_t id)
{
	return transfers->solver->flows[id].flags & DC_FLUID_SHARING;
}

static inline bool dc_fluid_transfers_kept(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	return transfers->solver->flows[id].flags & DC_FLUID_KEPT;
}

/* Kept, and its callback has begun: one that has just ended has `left` below 0 until then. */
static inline bool dc_fluid_transfers_rests(const struct dc_fluid_transfers *transfers, uint32_t id)
{
	return dc_fluid_transfers_kept(transfers, id) &&
	       !dc_fluid_transfers_shares(transfers, id) &&
	       transfers->due.place[id] == UINT32_MAX && !(transfers->slots[id].left < 0);
}

static inline double dc_fluid_slot_left(const struct dc_fluid_slot *transfer, dc_time now)
{
	double left;

	/* Unlimited means at once; left x rate would be no number at since itself. */
	if (!(transfer->rate < DC_FLUID_INFINITE))
		return 0;
	left = transfer->left - transfer->rate * dc_time_to_s(now - transfer->since);
	return left > 0 ? left : 0;
}

static inline void dc_fluid_slot_rest(struct dc_fluid_slot *slot)
{
	slot->left = 0;
	slot->bytes = 0;
	slot->rate = 0;
}

/* course.c: keeps one event at the first due time. Before a solve at this very instant only ends that are
 * already due matter: the others may move. */
void dc_fluid_transfers_rearm(struct dc_fluid_transfers *transfers);
/* A solve at this instant, if anything waits for it. */
void dc_fluid_transfers_request_solve(struct dc_fluid_transfers *transfers);
/* When what was left at `since` will have passed; DC_TIME_NEVER when it never will. */
dc_time dc_fluid_slot_end(const struct dc_fluid_slot *slot);

/* watch.c: whether there is anybody to tell. */
bool dc_fluid_transfers_watched(const struct dc_fluid_transfers *transfers);
/* Tells the watch of a resource if it is marked as somebody else's. */
void dc_fluid_transfers_warn(struct dc_fluid_transfers *transfers, uint32_t resource,
			     uint32_t owner);
/* Tells the watch of the marked resources on a path that is about to be shared. */
void dc_fluid_transfers_warn_path(struct dc_fluid_transfers *transfers,
				  const struct dc_fluid_hop *path, uint32_t hops, uint32_t owner);
/* The same for the path of a transfer that waited; false when it is gone by then. */
bool dc_fluid_transfers_warn_waiting(struct dc_fluid_transfers *transfers,
				     dc_fluid_transfer transfer);

/* accounts.c: books bytes that a transfer has passed on all its resources. */
void dc_fluid_transfers_book_passed(struct dc_fluid_transfers *transfers, uint32_t id,
				    double bytes);
/* Sums for every resource. */
enum dc_status dc_fluid_transfers_reserve_carried(struct dc_fluid_transfers *transfers) DC_CHECK;

#endif
