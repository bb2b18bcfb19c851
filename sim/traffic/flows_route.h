/* Flows on dimensions: which links their paths may take, and which they take.
 *
 * Sources and targets are ranks. A flow is routed when it starts, as the network's policy says
 * (fabric/fabric.h); the load of adaptive routing is the flows on the link then. The links that may
 * come up are named beforehand, as links of the list's graph, in all epochs.
 *
 * Ownership: everything lives in the arena given; epochs are borrowed. */
#ifndef DC_TRAFFIC_FLOWS_ROUTE_H
#define DC_TRAFFIC_FLOWS_ROUTE_H

#include "fabric/plan.h"
#include "fluid/solver.h"
#include "traffic/flows.h"

struct dc_traffic_dimensions {
	const struct dc_plan_epoch *epochs; /* the first begins at 0 */
	size_t epoch_count;
	uint64_t *links; /* of the fabric, by link of the graph */
	size_t room;
};

/* Puts all links that the paths of a flow between two ranks may take into the graph; *longest is raised to
 * the hops of the longest such path. */
enum dc_status dc_traffic_dimensions_note(struct dc_traffic *traffic, struct dc_arena *arena,
					  uint64_t from, uint64_t to) DC_CHECK;

/* Capacity of a link of the graph in an epoch [B/s]; 0: down. */
double dc_traffic_dimensions_capacity_bps(const struct dc_traffic *traffic, uint32_t link,
					  size_t epoch);

/* Finds the path that a flow takes in an epoch; users: flows on each link of the graph. hops has room for the
 * longest path. DC_ERR_RUN when a link was not noted. */
enum dc_status dc_traffic_dimensions_route(const struct dc_traffic *traffic,
					   const struct dc_traffic_flow *flow, size_t epoch,
					   const uint32_t *users, struct dc_fabric_path *scratch,
					   struct dc_fluid_hop *hops, uint32_t *count) DC_CHECK;

#endif
