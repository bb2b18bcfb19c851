/* Ring: each member has a link to the next, the last to the first. */
#include "fabric/topology.h"

const struct dc_section dc_topology_ring_section = {
	.name = "ring",
	.doc = "members in a circle, a link each way between neighbours",
	.size = sizeof(struct dc_topology_single),
	.fields = dc_topology_single_fields,
	.count = DC_TOPOLOGY_SINGLE_FIELDS,
};

static size_t expand(const void *section, struct dc_fabric_dimension *dimensions)
{
	return dc_topology_expand_single(section, 1, dimensions);
}

const struct dc_topology_type dc_topology_ring = {
	.name = "ring",
	.doc = "members in a circle, a link each way between neighbours",
	.expand = expand,
};
