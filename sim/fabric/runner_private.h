/* The runner's state, for the files that keep it. */
#ifndef DC_FABRIC_RUNNER_PRIVATE_H
#define DC_FABRIC_RUNNER_PRIVATE_H

#include "fabric/runner.h"
#include "fabric/step.h"

enum dc_runner_mode { DC_RUNNER_WAITS, DC_RUNNER_STEPS, DC_RUNNER_COALESCED };

struct dc_runner_line {
	dc_time begin;      /* of the step, or of the stretch */
	uint64_t left : 62; /* steps, the present one included */
	uint64_t mode : 2;  /* enum dc_runner_mode */
	union {
		dc_event event;       /* of one that runs coalesced */
		uint64_t outstanding; /* messages of the step */
	};
	uint32_t chunk;   /* the next, or the one under way */
	uint32_t arrived; /* lines before that have ended this chunk */
	/* Of later ones: chunks that the line before is ahead by; where there are several, the first of
	 * chunks - 1 counters. */
	uint32_t ahead;
	uint32_t held_by; /* link of the plan that holds its steps back, since when */
	dc_time held_since;
};

struct dc_runner_link {
	uint32_t users; /* messages under way, by way of it */
	uint32_t owner; /* line that has it for itself, or DC_PLAN_NONE */
	double extra_bytes;
};

struct dc_runner_operation {
	dc_time begin;
	uint32_t left; /* last lines that have not ended */
	uint32_t bottleneck;
	dc_time longest; /* stretch that it held back */
	bool done;
};

/* The messages of a line that sends them one by one. */
struct dc_runner_message {
	dc_fluid_transfer transfer; /* under way, or kept for the next step; or 0 */
	bool under_way;
};

struct dc_runner_live {
	uint32_t line;
	struct dc_runner_message messages[];
};

struct dc_runner {
	struct dc_engine *engine;
	const struct dc_plan *plan;
	struct dc_runner_options options;
	dc_runner_observer *ended;
	void *context;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	struct dc_runner_line *lines;
	uint32_t *counters; /* chunks that lines before are ahead by */
	struct dc_runner_link *links;
	struct dc_step *steps; /* by bundle */
	struct dc_runner_operation *operations;
	struct dc_runner_live **live; /* by bundle: NULL unless its messages are sent one by one */
	size_t live_bytes;            /* that these take now */
	struct dc_step_rest *rests;   /* by message of a bundle; NULL before one is split */
	struct dc_fluid_hop *path;
	uint64_t *stamps, stamp;
	uint32_t epoch;
	dc_time started;
	dc_event next_epoch;
	uint32_t operations_left;
	struct dc_runner_statistics statistics;
};

static inline size_t dc_runner_live_size(const struct dc_plan_bundle *bundle)
{
	return sizeof(struct dc_runner_live) + bundle->messages * sizeof(struct dc_runner_message);
}

static inline const struct dc_plan_bundle *dc_runner_bundle_of(const struct dc_runner *runner,
							       uint32_t line)
{
	return &runner->plan->bundles[dc_plan_bundle_of(runner->plan, line)];
}

#endif
