/* Running collectives by themselves: from settled jobs to plans, and what became of each.
 *
 * One job does its sizes one after another, each by itself: the next begins when all groups have ended
 * the one before. Several jobs share one plan, and with it the links; each group does the sizes of its
 * job back to back, from the job's arrival on.
 *
 * The algorithm is chosen for the first group of an item, alone on the fabric as built (fabric/collective.h),
 * once per item and size, among those that every group of the item can do; all of them use it. What is folded and what is laid out in full
 * (options.exact) gives the same times.
 *
 * Ownership: everything given is borrowed; rows are told to the observer and copied by it. */
#ifndef DC_TRAFFIC_COLLECTIVE_RUN_H
#define DC_TRAFFIC_COLLECTIVE_RUN_H

#include "engine/engine.h"
#include "fabric/runner.h"
#include "traffic/collective.h"

struct dc_traffic_collectives {
	const struct dc_fabric *fabric; /* as built */
	const struct dc_traffic_collective *jobs;
	size_t job_count;
	/* The fabric in the course of the run: the first epoch begins at 0. */
	const struct dc_plan_epoch *epochs;
	size_t epoch_count;
};

/* What came of one size on one item of groups. */
struct dc_traffic_collective_row {
	size_t job, item, size; /* indices */
	struct dc_collective found;
	uint64_t members, groups, repeat;
	double size_bytes;
	dc_time start;     /* of the first repetition of the group that begins first */
	dc_time duration;  /* of one repetition, the mean of the slowest group */
	dc_time fastest;   /* the same of the fastest group */
	double sent_bytes; /* by all members of all groups, once */
	double wire_bytes; /* these on every link they cross, with what protocols add, once; NaN
			     * where messages change their way */
	uint64_t
		bottleneck; /* link of the fabric that held the slowest group back; UINT64_MAX: none */
};

/* Rows come in the order of jobs, items and sizes, those of one plan together. What it returns other than
 * DC_OK ends the run. */
typedef enum dc_status dc_traffic_collective_observer(void *context,
						      const struct dc_traffic_collective_row *row);

struct dc_traffic_collective_totals {
	double wire_bytes; /* carried by all links */
	double due_bytes;  /* that messages had to carry; NaN as above */
	uint64_t messages, coalesced;
};

/* What plans may fold: all that is alike; only what the symmetry of the fabric shows, which keeps apart links of
 * different dimensions and ways; nothing. Times are the same. */
enum dc_traffic_folding { DC_TRAFFIC_FOLD, DC_TRAFFIC_FOLD_SYMMETRY, DC_TRAFFIC_FOLD_NOTHING };

struct dc_traffic_collective_options {
	bool exact;
	enum dc_traffic_folding folding;
	const volatile int *interrupted; /* may be NULL */
	dc_traffic_collective_observer *row;
	/* For whoever samples links; all may be NULL: a runner begins; its last operation has ended; the
	 * engine has come to rest. The plan lives until after `ends`. */
	void (*begins)(void *context, const struct dc_plan *plan, const struct dc_runner *runner);
	void (*done)(void *context);
	void (*ends)(void *context, const struct dc_plan *plan, const struct dc_runner *runner);
	void *context;
};

/* Runs all of it on the engine, from now on. DC_ERR_RUN with a message when no algorithm can do an operation,
 * when an operation can never end, and when a plan would be too large; DC_INTERRUPTED. */
enum dc_status dc_traffic_collectives_run(const struct dc_traffic_collectives *work,
					  struct dc_engine *engine, struct dc_diag *diag,
					  const struct dc_traffic_collective_options *options,
					  struct dc_traffic_collective_totals *totals) DC_CHECK;

#endif
