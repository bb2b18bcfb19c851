/* The graph of a full mesh, for fully connected groups and for sites. */
#ifndef DC_FABRIC_TOPOLOGY_FULL_H
#define DC_FABRIC_TOPOLOGY_FULL_H

#include "fabric/topology.h"

/* The calls of struct dc_topology_type. */
uint64_t dc_topology_full_switches(const struct dc_fabric_dimension *dimension);
uint64_t dc_topology_full_links(const struct dc_fabric_dimension *dimension);
void dc_topology_full_link(const struct dc_fabric_dimension *dimension, uint64_t number,
			   struct dc_line_link *link);
void dc_topology_full_path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
			   uint64_t choice, struct dc_route *route);
uint64_t dc_topology_full_period(const struct dc_fabric_dimension *dimension);
uint64_t dc_topology_full_fold(const struct dc_fabric_dimension *dimension, uint64_t link,
			       uint64_t moved);
uint64_t dc_topology_full_diameter(const struct dc_fabric_dimension *dimension);
double dc_topology_full_bisection_bps(const struct dc_fabric_dimension *dimension);

#define DC_TOPOLOGY_FULL_CALLS                                                                     \
	.switches = dc_topology_full_switches, .links = dc_topology_full_links,                    \
	.link = dc_topology_full_link, .path = dc_topology_full_path,                              \
	.period = dc_topology_full_period, .fold = dc_topology_full_fold,                          \
	.diameter = dc_topology_full_diameter, .bisection_bps = dc_topology_full_bisection_bps

#endif
