/* Rail: the accelerators of the same place in many nodes, on a switch of their own.
 *
 * The dimensions inside are the node. A line of this one is then the accelerators that agree in their
 * place inside the node: one rail. Each rail has its own switches: one that takes `nodes_per_switch`
 * nodes, or several, joined by spines of that rail alone [Wang et al. 2024, "Rail-only"]. Messages between
 * different places cross inside the node first, as dimensions are crossed innermost first [NCCL's PXN],
 * so that rails need no link between them. */
#include "fabric/topology_leaf_spine.h"

static const struct dc_field fields[] = {
	{.key = "nodes_per_switch",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_topology_leaf_spine, members),
	 .min = 1,
	 .max = 65536,
	 .help = "nodes on each switch of a rail; default: all of size, or where the radix has no "
		 "room for them, as many as it has room for beside their uplinks"},
	DC_TOPOLOGY_LEAF_SPINE_FIELDS,
	DC_TOPOLOGY_SWITCHED_FIELDS(dc_topology_leaf_spine),
};

const struct dc_section dc_topology_rail_section = {
	.name = "rail",
	.doc = "a switch, or leaves and spines, for each place inside the node",
	.size = sizeof(struct dc_topology_leaf_spine),
	DC_FIELDS(fields),
};

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	struct dc_topology_leaf_spine rail = *(const struct dc_topology_leaf_spine *)section;
	enum dc_status status = dc_topology_clos_radix(&rail.common, rail.radix, diag, &rail.radix);

	*count = 1;
	if (status)
		return status;
	if (!rail.members && (!rail.radix || rail.size <= rail.radix))
		rail.members = rail.size;
	return dc_topology_leaf_spine_build(&rail, &dc_topology_rail, "nodes_per_switch", diag,
					    arena, dimensions);
}

const struct dc_topology_type dc_topology_rail = {
	.name = "rail",
	.doc = "a switch, or leaves and spines, for each place inside the node",
	.expand = expand,
	DC_TOPOLOGY_CLOS_CALLS,
};
