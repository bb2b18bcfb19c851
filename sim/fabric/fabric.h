/* The fabric: networks of dimensions between accelerators.
 *
 * Ranks number the accelerators, innermost dimension first: rank = c0 + n0 (c1 + n1 (c2 + ...)).
 * The innermost dimensions may lie inside a node. Bandwidth is per direction; a message between
 * neighbours costs the latency of its links plus size over rate, cut through switches.
 *
 * Ownership: the fabric lives in the arena given. */
#ifndef DC_FABRIC_FABRIC_H
#define DC_FABRIC_FABRIC_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/time.h"
#include "fabric/topology.h"

/* networks: [{name, dimensions}], or for flows [{name, links}] */
struct dc_fabric_network {
	const struct dc_node *node;
	const char *name;
	struct dc_list dimensions; /* of dc_tagged */
	const char *links;         /* file of an explicit graph (graph.h); NULL: none */
};

struct dc_fabric_config {
	const struct dc_node *node;
	struct dc_list networks; /* of dc_fabric_network */
};

extern const struct dc_section dc_fabric_section;

struct dc_fabric {
	struct dc_fabric_dimension dimensions[DC_FABRIC_DIMENSIONS];
	size_t count;
	uint64_t ranks; /* product of the sizes */
};

/* Builds the one network; refuses none, several, too many dimensions and sizes past 2^32 ranks. */
enum dc_status dc_fabric_build(const struct dc_fabric_config *config, struct dc_diag *diag,
			       struct dc_fabric *fabric) DC_CHECK;

/* The rank `step` further along a dimension's ring. */
uint64_t dc_fabric_neighbour(const struct dc_fabric *fabric, uint64_t rank, size_t dimension,
			     uint64_t step);
/* What a message of size_bytes takes between neighbours of a dimension, alone on its links:
 * latency of the links + size/rate, rounded once. */
dc_time dc_fabric_hop(const struct dc_fabric_dimension *dimension, double size_bytes);

#endif
