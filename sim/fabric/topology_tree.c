/* Tree: switches under switches, one cable between them.
 *
 * Members are at the leaves; `arity` says how many there are below each switch, tier by tier from the
 * leaves up. A cable to the tier above may be wider than a member's. */
#include <math.h>

#include "fabric/topology_clos.h"

struct tree {
	struct dc_topology_common common;
	uint64_t size; /* 0: not said */
	struct dc_list arity;
	struct dc_list uplink_bandwidth;
	struct dc_list oversubscription;
};

static const struct dc_field fields[] = {
	{.key = "size",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct tree, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members; the product of arity, which it may be checked against"},
	{.key = "arity",
	 .kind = DC_NUMBERS,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct tree, arity),
	 .min = 1,
	 .max = 1e9,
	 .help = "members of each leaf switch, then switches below each of the next tier, and so "
		 "on; at most 8 tiers: [8, 4, 2]"},
	{.key = "uplink_bandwidth",
	 .kind = DC_NUMBERS,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct tree, uplink_bandwidth),
	 .min = 0,
	 .max = 1e18,
	 .help = "of the cable up from a switch, per direction, tier by tier from the leaves, or "
		 "one for all; default: bandwidth"},
	{.key = "oversubscription",
	 .kind = DC_NUMBERS,
	 .offset = offsetof(struct tree, oversubscription),
	 .min = 1e-6,
	 .max = 1e6,
	 .help = "in its place: bandwidth of all cables below a switch over that of its cable up, "
		 "tier by tier, or one for all; 1: nothing narrows"},
	DC_TOPOLOGY_SWITCHED_FIELDS(tree),
};

const struct dc_section dc_topology_tree_section = {
	.name = "tree",
	.doc = "switches under switches, members at the leaves",
	.size = sizeof(struct tree),
	DC_FIELDS(fields),
};

/* Tiers and members, with their bounds. */
static enum dc_status check_arity(const struct tree *tree, struct dc_diag *diag, double *members)
{
	const struct dc_mark *mark = dc_node_mark(tree->common.node, "arity");
	const double *arity = tree->arity.items;

	if (tree->arity.count > DC_TOPOLOGY_CLOS_TIERS)
		return dc_diag_error(diag, mark, "tree: arity: expected at most %d tiers",
				     DC_TOPOLOGY_CLOS_TIERS);
	*members = 1;
	for (size_t i = 0; i < tree->arity.count; i++) {
		if (arity[i] != floor(arity[i]))
			return dc_diag_error(diag, mark, "tree: arity: expected whole numbers");
		*members *= arity[i];
		if (*members > 1e9)
			return dc_diag_error(diag, mark,
					     "tree: arity: more than 1e9 members at the leaves");
	}
	if (tree->size && (double)tree->size != *members)
		return dc_diag_error(diag, dc_node_mark(tree->common.node, "size"),
				     "tree: size: %llu is not the product of arity, %.0f",
				     (unsigned long long)tree->size, *members);
	return DC_OK;
}

/* A list for the tiers above the leaves: absent, one for all, or one each. */
static enum dc_status check_list(const struct tree *tree, const struct dc_list *list,
				 const char *key, struct dc_diag *diag)
{
	size_t above = tree->arity.count - 1;

	if (list->count <= 1 || list->count == above)
		return DC_OK;
	return dc_diag_error(
		diag, dc_node_mark(tree->common.node, key),
		"tree: %s: expected one number, or one for each of the %zu tiers below "
		"the top",
		key, above);
}

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	struct tree resolved = *(const struct tree *)section, *tree = &resolved;
	const double *arity = tree->arity.items, *uplinks_bps = tree->uplink_bandwidth.items;
	const double *ratios = tree->oversubscription.items;
	struct dc_topology_clos clos = {.count = tree->arity.count};
	enum dc_status status = dc_topology_resolve(&tree->common, diag);
	double bandwidth_bps = tree->common.bandwidth_bps, members;

	*count = 1;
	if (!status)
		status = check_arity(tree, diag, &members);
	if (!status)
		status = check_list(tree, &tree->uplink_bandwidth, "uplink_bandwidth", diag);
	if (!status)
		status = check_list(tree, &tree->oversubscription, "oversubscription", diag);
	if (!status && tree->uplink_bandwidth.count && tree->oversubscription.count)
		status = dc_diag_error(diag, dc_node_mark(tree->common.node, "oversubscription"),
				       "tree: oversubscription: uplink_bandwidth says it already");
	if (status)
		return status;
	for (size_t i = 0; i < clos.count; i++) {
		if (i > 0 && tree->uplink_bandwidth.count)
			bandwidth_bps = uplinks_bps[tree->uplink_bandwidth.count > 1 ? i - 1 : 0];
		if (i > 0 && tree->oversubscription.count)
			bandwidth_bps *=
				arity[i - 1] / ratios[tree->oversubscription.count > 1 ? i - 1 : 0];
		clos.tiers[i] = (struct dc_topology_clos_tier){
			.children = (uint64_t)arity[i],
			.parents = 1,
			.cables = 1,
			.bandwidth_bps = bandwidth_bps,
			.latency_s = tree->common.latency_s,
		};
	}
	dimensions[0] = dc_topology_dimension(&tree->common, &dc_topology_tree, (uint64_t)members);
	return dc_topology_clos_complete(&clos, &tree->common, diag, arena, dimensions);
}

const struct dc_topology_type dc_topology_tree = {
	.name = "tree",
	.doc = "switches under switches, members at the leaves",
	.expand = expand,
	DC_TOPOLOGY_CLOS_CALLS,
};
