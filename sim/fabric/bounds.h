/* Bounds of collectives: times that a schedule, or a plan, cannot beat. */
#ifndef DC_FABRIC_BOUNDS_H
#define DC_FABRIC_BOUNDS_H

#include "fabric/plan.h"

/* Its phases one after another, each as if its longest message were alone, and the longest phase once more
 * for every further chunk [s]. O(messages of one line x hops). */
double dc_schedule_least_s(const struct dc_fabric *fabric, const struct dc_schedule *schedule,
			   const struct dc_fabric_cost *cost);
/* What the busiest link takes to carry its bytes, at its first capacity [s]. */
enum dc_status dc_plan_busiest_s(const struct dc_plan *plan, double *longest_s) DC_CHECK;

#endif
