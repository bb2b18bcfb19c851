/* Max-min fair sharing of capacities: flows over resources.
 *
 * The model. A resource has a capacity [bytes/s]: a link's direction, a NIC, a drive, a server. A flow
 * crosses resources; at rate v it takes use x v of each, use being 1 on a plain path and a fraction
 * where the flow is sprayed over several. All flows grow in proportion to their weights; a flow stops
 * growing when a resource on its path is full or its own cap is reached. The outcome is unique
 * [Bertsekas and Gallager 1992, sec. 6.5.2; progressive filling]: every flow has a bottleneck, a full
 * resource on which nobody's rate/weight is larger.
 *
 * Levels. Each resource has a fair-share level, rate per weight of the flows it holds back, infinite
 * when it holds back none. A flow's rate is weight x the least level on its path; a cap is a level of
 * its own, cap/weight. A level depends on lower levels only [Ros-Giralt et al. 2021, bottleneck structure].
 *
 * Classes. A flow may stand for `multiplicity` equal flows and a resource for `multiplicity` equal
 * resources. When each member of flow class F crosses k of the M members of resource class R, each
 * for a share w, and each member of R is crossed equally often, then the path entry is {R, use = k w}
 * and every member of R carries multiplicity x use x rate / M. Such classes give exactly the rates of
 * the full system. Capacity, load, cap and rate are always those of one member. Single flows on single
 * resources are the case 1.
 *
 * Batches. Changes (flows, capacities, weights, caps) are only noted; dc_fluid_solve settles all of
 * them in one go. Rates, bottlenecks and loads are those of the last solve; what was added since has
 * rate 0. The outcome does not depend on the way there, up to rounding (about 1e-14 relative, more where
 * capacities are nearly used up by other flows).
 *
 * Cost. Adding and removing O(path); a solve touches what changes, and no more than a multiple of one
 * full filling, O(incidences + resources in use x log). Flows that are alone on all their resources are
 * settled in O(path) each. Steady state allocates nothing; resources without flows cost no time.
 * 40 bytes per flow (64 once any has a weight, cap or multiplicity of its own), 12 per path entry (20
 * once any pulls unlike the others, 28 once any use is not 1), 96 per resource, and what growing
 * arrays by half or double leaves spare. Indices are 32-bit.
 *
 * Ownership: the solver copies paths; dc_fluid_destroy frees everything. Nothing here knows time. */
#ifndef DC_FLUID_SOLVER_H
#define DC_FLUID_SOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* No flow, no resource. */
#define DC_FLUID_NONE UINT32_MAX

struct dc_fluid_solver;

struct dc_fluid_hop {
	uint32_t resource;
	double use; /* capacity taken per unit of rate, finite, >= 0; 0 leaves the resource alone */
};

struct dc_fluid_flow {
	const struct dc_fluid_hop *path; /* any order; a resource named twice adds up */
	uint32_t hops;
	double weight;       /* > 0, finite */
	double cap_bps;      /* >= 0; INFINITY for none */
	double multiplicity; /* equal flows it stands for, > 0, finite */
};

struct dc_fluid_solver *dc_fluid_create(void); /* NULL when out of memory */
void dc_fluid_destroy(struct dc_fluid_solver *solver);

/* Adds a class of `multiplicity` (> 0) resources of capacity_bps >= 0 each (INFINITY never limits).
 * Resources are numbered from 0 and stay. DC_ERR_RUN when a value is out of range. */
enum dc_status dc_fluid_add_resource(struct dc_fluid_solver *solver, double capacity_bps,
				     double multiplicity, uint32_t *resource) DC_CHECK;
/* Sets the capacity (>= 0) of each member; 0 stalls the flows. A value out of range is DC_ERR_RUN. */
enum dc_status dc_fluid_set_capacity(struct dc_fluid_solver *solver, uint32_t resource,
				     double capacity_bps) DC_CHECK;

/* Takes the memory for so many flows at once, and so many incidences (hops of all of them together),
 * and has the system provide it now rather than on first use. More is still taken as needed. */
enum dc_status dc_fluid_reserve(struct dc_fluid_solver *solver, uint32_t flows,
				uint32_t incidences) DC_CHECK;
/* Stores a flow that does not share yet: its rate is 0 until dc_fluid_start. The number of a removed
 * flow is used again. DC_ERR_RUN when a value is out of range. */
enum dc_status dc_fluid_add(struct dc_fluid_solver *solver, const struct dc_fluid_flow *flow,
			    uint32_t *id) DC_CHECK;
/* The flow shares from the next solve on; without effect when it does already. */
enum dc_status dc_fluid_start(struct dc_fluid_solver *solver, uint32_t flow) DC_CHECK;
/* The flow shares no longer, but stays known; without effect when it does not share. */
void dc_fluid_stop(struct dc_fluid_solver *solver, uint32_t flow);
/* Stops and forgets the flow. */
void dc_fluid_remove(struct dc_fluid_solver *solver, uint32_t flow);
/* Another path for a flow. DC_ERR_RUN: nothing changes; DC_ERR_MEMORY: it may have stopped. */
enum dc_status dc_fluid_set_path(struct dc_fluid_solver *solver, uint32_t flow,
				 const struct dc_fluid_hop *path, uint32_t hops) DC_CHECK;
/* Out of range (weight > 0, cap >= 0): DC_ERR_RUN, nothing changes. */
enum dc_status dc_fluid_set_weight(struct dc_fluid_solver *solver, uint32_t flow,
				   double weight) DC_CHECK;
enum dc_status dc_fluid_set_cap(struct dc_fluid_solver *solver, uint32_t flow,
				double cap_bps) DC_CHECK;

/* Whether anything waits for a solve. */
bool dc_fluid_pending(const struct dc_fluid_solver *solver);
/* Settles all changes. Returns the sharing flows whose rate may have changed, each once, and their
 * number; valid until the next call that changes anything. */
const uint32_t *dc_fluid_solve(struct dc_fluid_solver *solver, size_t *count);
/* The same by filling everything anew, whatever changed. */
const uint32_t *dc_fluid_solve_full(struct dc_fluid_solver *solver, size_t *count);

/* Of one member [bytes/s]: INFINITY when nothing limits it, 0 when it does not share. */
double dc_fluid_rate(const struct dc_fluid_solver *solver, uint32_t flow);
/* The full resource that holds the flow back, one of them when several do; DC_FLUID_NONE when its cap
 * does, or nothing. */
uint32_t dc_fluid_bottleneck(const struct dc_fluid_solver *solver, uint32_t flow);
/* Carried by one member [bytes/s], O(flows on it). */
double dc_fluid_load(const struct dc_fluid_solver *solver, uint32_t resource);
double dc_fluid_capacity(const struct dc_fluid_solver *solver, uint32_t resource);
/* Fair share [bytes/s per weight] of the flows that the resource holds back; INFINITY for none. */
double dc_fluid_level(const struct dc_fluid_solver *solver, uint32_t resource);
/* Sharing flows on the resource, a class counting once; those started since the last solve included. */
uint32_t dc_fluid_flows_on(const struct dc_fluid_solver *solver, uint32_t resource);

/* How the work was done, for measurements: solves by propagation, by filling, and propagations given
 * up for a filling; bytes held now. */
struct dc_fluid_statistics {
	uint64_t propagated, filled, given_up;
	size_t bytes;
};
struct dc_fluid_statistics dc_fluid_statistics(const struct dc_fluid_solver *solver);

#endif
