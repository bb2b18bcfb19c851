/* The runner: carries out a plan (plan.h) on the engine.
 *
 * Every message of a step is a transfer over the fluid solver (fluid/transfers.h): it waits its latency,
 * then shares links max-min fair with everything else under way. A step ends when its last message has
 * arrived; then the line's next step begins at the same instant.
 *
 * Coalescing. A line all of whose links are free takes them for itself: its steps are then all alike, and
 * one event stands for all of them. When a message of another line, or an event of the script, comes to
 * one of these links, the line is put back into the middle of the step it is in. The times are the same,
 * within 1 fs per such interruption. Options.exact sends every message instead.
 *
 * Epochs. At the beginning of an epoch links take their new capacity, and messages under way whose path
 * differs go on along the new one with the bytes they have left. A message without a way waits at a link
 * of no capacity. Epochs that begin after the last operation has ended do not hold the engine up.
 *
 * Ownership: engine and plan are borrowed and outlive the runner. Memory beside the plan: 64 bytes per
 * line, 40 per bundle, about 120 per link, and of messages that are being sent one by one 16 and their
 * transfers. */
#ifndef DC_FABRIC_RUNNER_H
#define DC_FABRIC_RUNNER_H

#include "engine/engine.h"
#include "fabric/plan.h"
#include "fluid/transfers.h"

struct dc_runner;

struct dc_runner_options {
	bool exact; /* no coalescing */
};

/* An operation of the plan has ended (operation_of tells whom it stands for). */
typedef void dc_runner_observer(void *context, uint32_t operation, dc_time begin, dc_time end);

/* ended may be NULL. NULL when out of memory. */
struct dc_runner *dc_runner_create(struct dc_engine *engine, const struct dc_plan *plan,
				   const struct dc_runner_options *options,
				   dc_runner_observer *ended, void *context);
void dc_runner_destroy(struct dc_runner *runner);
/* Schedules the jobs, at their arrivals from now. Once. */
void dc_runner_start(struct dc_runner *runner);

/* Whether every operation has ended; and one that has not, waiting or under way (DC_PLAN_NONE: none). */
bool dc_runner_is_done(const struct dc_runner *runner);
uint32_t dc_runner_unfinished(const struct dc_runner *runner);
/* A link of no capacity that an operation has a message waiting at; DC_PLAN_NONE when there is none. */
uint32_t dc_runner_waits_at(const struct dc_runner *runner, uint32_t operation);
/* The link of the plan that held an operation back for the longest stretch of steps; DC_PLAN_NONE when
 * nothing did. */
uint32_t dc_runner_bottleneck(const struct dc_runner *runner, uint32_t operation);
/* Bytes carried by one member of a link up to now, those of coalesced stretches once these have ended. */
double dc_runner_carried_bytes(const struct dc_runner *runner, uint32_t link);

/* The same for all links of the plan at once, of coalesced stretches what has passed by now: whole steps, and of
 * the present one its share by time. bytes: one per link of the plan. O(links + messages under way). */
void dc_runner_carried(const struct dc_runner *runner, double *bytes);

/* How the work was done. */
struct dc_runner_statistics {
	uint64_t messages;  /* sent one by one */
	uint64_t coalesced; /* messages in stretches that ran as one event */
	uint64_t splits;    /* stretches interrupted */
	size_t bytes;       /* of memory held, without the plan */
	size_t live_bytes;  /* of these, what links and messages sent one by one take at most */
};
struct dc_runner_statistics dc_runner_statistics(const struct dc_runner *runner);

#endif
