/* Transfers: amounts of bytes that cross shared resources in time.
 *
 * A transfer waits its latency, then shares the resources of its path (solver.h) until its bytes have
 * passed: cut-through, alone on its path it takes latency + bytes / least capacity. Without bytes it
 * ends after its latency; with nothing to limit it likewise.
 *
 * Time. A transfer is touched only when its own rate changes: bytes left are brought up to date and its
 * end is computed anew, rounded once to the femtosecond. So an end is right within 1 fs per change of
 * the transfer's own rate and about 1e-15 relative, whatever happens elsewhere. Rates are taken as
 * unchanged within 4e-15, against the rate in use, so this does not add up.
 *
 * Batches. All ends of an instant are gathered in DC_PHASE_COMPLETION, leave their resources, and then
 * their callbacks run, in the order (entity, order of starting). What these and others start, cancel or
 * change at this instant is shared out by one solve in the phase given at creation: DC_PHASE_STATE
 * serves callers that act in completions; DC_PHASE_SAMPLING makes one batch of decisions too. Rates
 * asked for in between are those before; dc_fluid_transfers_settle brings them up to date.
 *
 * Reserving. Whoever runs many equal steps on resources that nobody else uses may do so without
 * transfers: it marks the resources as its own, hears through the watch before anybody else begins to
 * share one, and puts its transfers in place as they would stand by then with
 * dc_fluid_transfers_resume_at. The outcome is then that of having run them one by one.
 *
 * Again and again. A kept transfer rests after its end and can be restarted over the same path, without
 * copying it: for steps that repeat. A transfer alone on its resources costs no more than its path.
 *
 * Stalls. At rate 0 (a capacity or cap of 0) a transfer keeps its bytes and waits without an end.
 *
 * Ownership: engine and solver are borrowed and outlive this; resources are added to the solver by the
 * caller, everything else that changes it, solving included, goes through here. Steady state allocates
 * nothing; 84 bytes per transfer beside the solver's (100 once two have different callbacks or contexts),
 * up to 44 for each of those that end or begin to share at one instant, and what growing arrays by
 * double leaves spare. */
#ifndef DC_FLUID_TRANSFERS_H
#define DC_FLUID_TRANSFERS_H

#include "base/sum.h"
#include "engine/engine.h"
#include "fluid/solver.h"

struct dc_fluid_transfers;

typedef uint64_t dc_fluid_transfer; /* 0 is none */

struct dc_fluid_transfer_spec {
	const struct dc_fluid_hop *path; /* copied; as in struct dc_fluid_flow */
	uint32_t hops;
	uint32_t entity;     /* orders the callbacks of one instant */
	double bytes;        /* of each member, >= 0, finite */
	double weight;       /* > 0 */
	double cap_bps;      /* >= 0, of each member; INFINITY for none */
	double multiplicity; /* equal transfers it stands for, > 0 */
	dc_time latency;     /* >= 0, before it shares */
	uint32_t owner;      /* joins resources marked with it unheard; 0 for none */
	bool kept;           /* rests after its end, to be restarted, until it is released */
	dc_callback *done;   /* called at the end, not on cancel; may be NULL */
	void *context;
	uint64_t argument;
};

/* NULL when out of memory. */
struct dc_fluid_transfers *dc_fluid_transfers_create(struct dc_engine *engine,
						     struct dc_fluid_solver *solver,
						     enum dc_phase solve_phase);
void dc_fluid_transfers_destroy(struct dc_fluid_transfers *transfers);

/* Takes the memory for so many transfers at once, of so many hops together, here and in the solver, and
 * has the system provide it now rather than on first use. More is still taken as needed. */
enum dc_status dc_fluid_transfers_reserve(struct dc_fluid_transfers *transfers, uint32_t count,
					  uint32_t hops) DC_CHECK;
/* Starts a transfer now. The callback never runs before this returns. DC_ERR_RUN when a value is out
 * of range. transfer may be NULL. */
enum dc_status dc_fluid_transfers_start(struct dc_fluid_transfers *transfers,
					const struct dc_fluid_transfer_spec *spec,
					dc_fluid_transfer *transfer) DC_CHECK;
/* Starts a kept transfer again once it rests (from its own callback on, or cancelled): the same path,
 * terms and callback, and cheaper than a new one. DC_ERR_RUN when it does not rest, or a value is out of
 * range. */
enum dc_status dc_fluid_transfers_restart(struct dc_fluid_transfers *transfers,
					  dc_fluid_transfer transfer, double bytes,
					  dc_time latency) DC_CHECK;
/* Cancels a kept transfer if it is under way, and forgets it. */
void dc_fluid_transfers_release(struct dc_fluid_transfers *transfers, dc_fluid_transfer transfer);
/* Starts a transfer that has shared its path since `since` <= now, alone on it at rate_bps > 0: what is
 * left and when it ends is to the bit as if it had been started then; its latency was over at `since`
 * and is not waited for. Without other changes its rate goes on. DC_ERR_RUN when a value is out of
 * range, or when it would have ended before now (at this instant is in time). */
enum dc_status dc_fluid_transfers_resume_at(struct dc_fluid_transfers *transfers,
					    const struct dc_fluid_transfer_spec *spec,
					    dc_time since, double rate_bps,
					    dc_fluid_transfer *transfer) DC_CHECK;
/* Ends it now, without callback; bytes passed so far stay accounted. A kept one rests. False when it has ended already
 * (its callback may still be about to run at this instant). */
bool dc_fluid_transfers_cancel(struct dc_fluid_transfers *transfers, dc_fluid_transfer transfer);
/* The bytes left, from now on, take another path. DC_ERR_RUN when it has ended or the path is wrong. */
enum dc_status dc_fluid_transfers_reroute(struct dc_fluid_transfers *transfers,
					  dc_fluid_transfer transfer,
					  const struct dc_fluid_hop *path, uint32_t hops) DC_CHECK;
enum dc_status dc_fluid_transfers_set_weight(struct dc_fluid_transfers *transfers,
					     dc_fluid_transfer transfer, double weight) DC_CHECK;
enum dc_status dc_fluid_transfers_set_cap(struct dc_fluid_transfers *transfers,
					  dc_fluid_transfer transfer, double cap_bps) DC_CHECK;
/* In the middle of transfers as well; 0 stalls them. */
enum dc_status dc_fluid_transfers_set_capacity(struct dc_fluid_transfers *transfers,
					       uint32_t resource, double capacity_bps) DC_CHECK;
/* Hears of a resource marked as owner's before a transfer of another owner begins to share it: when its
 * latency is over, when it is rerouted while it shares; and before the resource's capacity changes.
 * Once for each resource still marked when its turn comes, in the order of the path given (after a
 * latency, of the resource's number); nothing has changed yet. It may start, resume, cancel and mark. */
typedef void dc_fluid_watch(void *context, uint32_t resource, uint32_t owner);
/* One watch; NULL ends it. */
void dc_fluid_transfers_watch(struct dc_fluid_transfers *transfers, dc_fluid_watch *watch,
			      void *context);
/* Marks a resource as owner's, 0 takes the mark away. It does not touch transfers that share the
 * resource already: dc_fluid_flows_on tells of these. DC_ERR_RUN when there is no such resource. */
enum dc_status dc_fluid_transfers_mark(struct dc_fluid_transfers *transfers, uint32_t resource,
				       uint32_t owner) DC_CHECK;
/* Whose it is, 0 when it has no mark. */
uint32_t dc_fluid_transfers_owner(const struct dc_fluid_transfers *transfers, uint32_t resource);
/* Books bytes that one member of a resource carried without a transfer (dc_fluid_transfers_carried).
 * DC_ERR_RUN when there is no such resource. */
enum dc_status dc_fluid_transfers_book(struct dc_fluid_transfers *transfers, uint32_t resource,
				       double bytes) DC_CHECK;
/* Solves now if anything waits for it. */
void dc_fluid_transfers_settle(struct dc_fluid_transfers *transfers);

/* Of one member: bytes still to pass now, 0 when it has ended; rate [bytes/s]. */
double dc_fluid_transfers_left(const struct dc_fluid_transfers *transfers,
			       dc_fluid_transfer transfer);
double dc_fluid_transfers_rate(const struct dc_fluid_transfers *transfers,
			       dc_fluid_transfer transfer);
/* The resource that holds it back; DC_FLUID_NONE for its cap, nothing, or when it has ended. */
uint32_t dc_fluid_transfers_bottleneck(const struct dc_fluid_transfers *transfers,
				       dc_fluid_transfer transfer);
/* In a callback `done`: the resource that held back the transfer that has ended, up to its end;
 * DC_FLUID_NONE for its cap or nothing. */
uint32_t dc_fluid_transfers_held_by(const struct dc_fluid_transfers *transfers);
/* Transfers that have not ended. */
uint32_t dc_fluid_transfers_live(const struct dc_fluid_transfers *transfers);
/* Capacity x time used on one member of the resource up to now [bytes]: the integral of its load,
 * booked as bytes delivered x use, so that it balances exactly. O(flows on it). */
struct dc_sum dc_fluid_transfers_carried(const struct dc_fluid_transfers *transfers,
					 uint32_t resource);
/* Bytes held now, without the solver's. */
size_t dc_fluid_transfers_memory(const struct dc_fluid_transfers *transfers);

#endif
