/* The graph of a ring, for the ring and the torus. */
#ifndef DC_FABRIC_TOPOLOGY_RING_H
#define DC_FABRIC_TOPOLOGY_RING_H

#include "fabric/topology.h"

/* The calls of struct dc_topology_type. */
uint64_t dc_topology_ring_switches(const struct dc_fabric_dimension *dimension);
uint64_t dc_topology_ring_links(const struct dc_fabric_dimension *dimension);
void dc_topology_ring_link(const struct dc_fabric_dimension *dimension, uint64_t number,
			   struct dc_line_link *link);
uint64_t dc_topology_ring_parallel(const struct dc_fabric_dimension *dimension, uint64_t link);
uint64_t dc_topology_ring_paths(const struct dc_fabric_dimension *dimension, uint64_t from,
				uint64_t to);
void dc_topology_ring_path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
			   uint64_t choice, struct dc_route *route);
uint64_t dc_topology_ring_period(const struct dc_fabric_dimension *dimension);
uint64_t dc_topology_ring_fold(const struct dc_fabric_dimension *dimension, uint64_t link,
			       uint64_t period);
uint64_t dc_topology_ring_diameter(const struct dc_fabric_dimension *dimension);
double dc_topology_ring_bisection_bps(const struct dc_fabric_dimension *dimension);

#define DC_TOPOLOGY_RING_CALLS                                                                     \
	.switches = dc_topology_ring_switches, .links = dc_topology_ring_links,                    \
	.link = dc_topology_ring_link, .parallel = dc_topology_ring_parallel,                      \
	.paths = dc_topology_ring_paths, .path = dc_topology_ring_path,                            \
	.period = dc_topology_ring_period, .fold = dc_topology_ring_fold,                          \
	.diameter = dc_topology_ring_diameter, .bisection_bps = dc_topology_ring_bisection_bps

#endif
