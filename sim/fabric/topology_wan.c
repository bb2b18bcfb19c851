/* WAN: sites, each a whole fabric of the dimensions before, and one link each way between any two.
 *
 * All accelerators of a site share its links to the other sites, which is what sets this apart from a fully
 * connected dimension. Unequal links are overrides: "compute:site0->site2". */
#include "fabric/topology_full.h"

const struct dc_section dc_topology_wan_section = {
	.name = "wan",
	.doc = "sites; one link each way between any two, shared by all that is within them",
	.size = sizeof(struct dc_topology_single),
	.fields = dc_topology_single_fields,
	.count = DC_TOPOLOGY_SINGLE_FIELDS,
};

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	enum dc_status status =
		dc_topology_expand_single(section, &dc_topology_wan, diag, dimensions, count);

	(void)arena;
	dimensions[0].shared = true;
	return status;
}

const struct dc_topology_type dc_topology_wan = {
	.name = "wan",
	.doc = "sites; one link each way between any two, shared by all that is within them",
	.expand = expand,
	DC_TOPOLOGY_FULL_CALLS,
};
