/* One step of a bundle, alone on its links: what coalescing repeats. */
#ifndef DC_FABRIC_STEP_H
#define DC_FABRIC_STEP_H

#include "fabric/plan.h"

struct dc_step {
	dc_time duration;
	uint32_t bottleneck; /* of the message that ends last; DC_PLAN_NONE: nothing limits it */
	bool disjoint;       /* no link is used by two messages */
	uint32_t measured;   /* in that epoch + 1 (0: not yet) */
};

/* What is left of a message in the middle of a step. */
struct dc_step_rest {
	dc_time latency;
	double bytes; /* 0 with latency 0: it has arrived */
};

/* The way that a message of a bundle takes in an epoch. */
const struct dc_plan_way *dc_step_way(const struct dc_plan *plan,
				      const struct dc_plan_bundle *bundle, uint32_t message,
				      uint32_t epoch);

/* The step's length. stamps: one per link of the plan, *stamp is taken and counted on. */
enum dc_status dc_step_measure(const struct dc_plan *plan, uint32_t bundle, uint32_t epoch,
			       uint64_t *stamps, uint64_t *stamp, struct dc_step *step) DC_CHECK;
/* What is left of each message at `offset` into the step. */
enum dc_status dc_step_interrupt(const struct dc_plan *plan, uint32_t bundle, uint32_t epoch,
				 const struct dc_step *step, dc_time offset,
				 struct dc_step_rest *rests) DC_CHECK;

#endif
