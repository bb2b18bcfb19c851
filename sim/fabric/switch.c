/* Switch: each member has a link to one non-blocking switch, so neighbours are two links apart. */
#include "fabric/topology.h"

const struct dc_section dc_topology_switch_section = {
	.name = "switch",
	.doc = "every member on one non-blocking switch",
	.size = sizeof(struct dc_topology_single),
	.fields = dc_topology_single_fields,
	.count = DC_TOPOLOGY_SINGLE_FIELDS,
};

static size_t expand(const void *section, struct dc_fabric_dimension *dimensions)
{
	return dc_topology_expand_single(section, 2, dimensions);
}

const struct dc_topology_type dc_topology_switch = {
	.name = "switch",
	.doc = "every member on one non-blocking switch",
	.expand = expand,
};
