/* Torus: a ring along each of its dimensions. */
#include "fabric/topology_ring.h"

const struct dc_section dc_topology_torus_section = {
	.name = "torus",
	.doc = "a ring along each of several dimensions",
	.size = sizeof(struct dc_topology_several),
	.fields = dc_topology_several_fields,
	.count = DC_TOPOLOGY_SINGLE_FIELDS,
};

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	(void)arena;
	return dc_topology_expand_several(section, &dc_topology_torus, diag, dimensions, count);
}

const struct dc_topology_type dc_topology_torus = {
	.name = "torus",
	.doc = "a ring along each of several dimensions",
	.expand = expand,
	DC_TOPOLOGY_RING_CALLS,
};
