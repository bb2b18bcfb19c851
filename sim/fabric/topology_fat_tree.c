/* Fat tree: switches of one radix k in two or three tiers.
 *
 * Every edge switch has k/2 members. Three tiers: k/2 edge switches and as many switches above them make
 * a pod, core switches join up to k pods: k^3/4 members [Al-Fares et al. 2008]. Two tiers: up to k edge
 * switches, k^2/2 members. Pods and edge switches are filled one after another, and only as many as
 * the members need are there; the last may not be full. Of top switches there are the fewest whose
 * ports suffice, with several cables to each from below where there are fewer pods than ports.
 *
 * Oversubscription is at the edge: an edge switch has k/2 over the ratio uplinks, rounded up, each slower
 * where that is not whole, and so many switches are above it in its pod; from there up nothing narrows. */
#include <math.h>

#include "fabric/topology_clos.h"

struct fat_tree {
	struct dc_topology_common common;
	uint64_t size;
	uint64_t radix; /* 0: the smallest */
	uint64_t tiers; /* 0: as the radix needs */
	double oversubscription;
	double uplink_bandwidth_bps;
};

static const struct dc_field fields[] = {
	{.key = "size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct fat_tree, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members; the last switches may have fewer than the others"},
	{.key = "radix",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct fat_tree, radix),
	 .min = 2,
	 .max = 4096,
	 .help = "ports of every switch, even; default: those of the switch named, else the fewest "
		 "that hold the size"},
	{.key = "tiers",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct fat_tree, tiers),
	 .min = 2,
	 .max = 3,
	 .help = "2 or 3; default: the fewest that hold the size with the radix given, else 3"},
	{.key = "oversubscription",
	 .kind = DC_REAL,
	 .offset = offsetof(struct fat_tree, oversubscription),
	 .min = 1,
	 .max = 1e6,
	 .help = "bandwidth down over bandwidth up of a full edge switch; default 1"},
	{.key = "uplink_bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct fat_tree, uplink_bandwidth_bps),
	 .min = 0,
	 .max = 1e18,
	 .help = "of each cable between switches, per direction; default: bandwidth, or as much "
		 "less as the oversubscription needs where uplinks do not come out whole"},
	DC_TOPOLOGY_SWITCHED_FIELDS(fat_tree),
};

const struct dc_section dc_topology_fat_tree_section = {
	.name = "fat-tree",
	.doc = "switches of one radix in two or three tiers",
	.size = sizeof(struct fat_tree),
	DC_FIELDS(fields),
};

/* Members that fit, of at most 2^36. */
static uint64_t room(uint64_t radix, uint64_t tiers)
{
	return tiers == 2 ? radix * radix / 2 : radix * radix / 4 * radix;
}

static enum dc_status size_up(struct fat_tree *tree, struct dc_diag *diag)
{
	uint64_t given = tree->radix;
	enum dc_status status = dc_topology_clos_radix(&tree->common, given, diag, &tree->radix);

	if (status)
		return status;
	tree->radix -= given ? 0 : tree->radix % 2; /* of a switch */
	if (tree->radix % 2)
		return dc_diag_error(diag, dc_node_mark(tree->common.node, "radix"),
				     "fat-tree: radix: expected an even number: half the ports "
				     "lead down");
	if (!tree->tiers)
		tree->tiers = tree->radix && room(tree->radix, 2) >= tree->size ? 2 : 3;
	if (!tree->radix)
		for (tree->radix = 2; room(tree->radix, tree->tiers) < tree->size;)
			tree->radix += 2;
	if (room(tree->radix, tree->tiers) < tree->size)
		return dc_diag_error(
			diag, dc_node_mark(tree->common.node, "size"),
			"fat-tree: size: %llu is more than the %llu that %llu tiers of "
			"switches of %llu ports hold",
			(unsigned long long)tree->size,
			(unsigned long long)room(tree->radix, tree->tiers),
			(unsigned long long)tree->tiers, (unsigned long long)tree->radix);
	return DC_OK;
}

static enum dc_status build(struct fat_tree *tree, struct dc_diag *diag, struct dc_arena *arena,
			    struct dc_fabric_dimension *dimension)
{
	uint64_t half = tree->radix / 2, pod = half * half, pods, edges, tops;
	struct dc_topology_clos_edge edge = {
		.name = "fat-tree",
		.node = tree->common.node,
		.bandwidth_bps = tree->common.bandwidth_bps,
		.oversubscription = tree->oversubscription,
		.uplink_bandwidth_bps = tree->uplink_bandwidth_bps,
		.down = half,
	};
	struct dc_topology_clos clos = {.count = tree->tiers};
	struct dc_topology_clos_tier up = {
		.parents = 1, .cables = 1, .latency_s = tree->common.latency_s};
	enum dc_status status = dc_topology_clos_share(&edge, diag);

	if (status)
		return status;
	if (edge.uplinks > half)
		return dc_diag_error(
			diag, dc_node_mark(tree->common.node, "uplink_bandwidth"),
			"fat-tree: uplink_bandwidth: %llu uplinks of it are needed; an "
			"edge switch has %llu ports for them",
			(unsigned long long)edge.uplinks, (unsigned long long)half);
	edges = (tree->size - 1) / half + 1;
	pods = (tree->size - 1) / pod + 1;
	up.bandwidth_bps = tree->common.bandwidth_bps;
	up.children = half;
	clos.tiers[0] = up;
	up.bandwidth_bps = edge.uplink_bandwidth_bps;
	if (tree->tiers == 2) {
		tops = dc_topology_clos_fewest(edge.uplinks, edges, tree->radix);
		up.children = edges;
		up.parents = tops;
		up.cables = edge.uplinks / tops;
		clos.tiers[1] = up;
	} else {
		up.parents = edge.uplinks;
		clos.tiers[1] = up;
		tops = dc_topology_clos_fewest(half, pods, tree->radix);
		up.children = pods;
		up.parents = tops;
		up.cables = half / tops;
		clos.tiers[2] = up;
	}
	/* No switches above one that has everyone below it. */
	if (clos.count == 3 && pods == 1)
		clos.count = 2;
	if (edges == 1)
		clos.count = 1;
	*dimension = dc_topology_dimension(&tree->common, &dc_topology_fat_tree, tree->size);
	return dc_topology_clos_complete(&clos, &tree->common, diag, arena, dimension);
}

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	struct fat_tree tree = *(const struct fat_tree *)section;
	enum dc_status status = size_up(&tree, diag);

	*count = 1;
	if (!status)
		status = build(&tree, diag, arena, dimensions);
	return status;
}

const struct dc_topology_type dc_topology_fat_tree = {
	.name = "fat-tree",
	.doc = "switches of one radix in two or three tiers",
	.expand = expand,
	DC_TOPOLOGY_CLOS_CALLS,
};
