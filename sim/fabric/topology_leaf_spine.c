/* Leaf-spine: members on leaf switches, each of which has cables to every spine. */
#include "fabric/topology_leaf_spine.h"

#include <math.h>

static const struct dc_field fields[] = {
	{.key = "hosts_per_leaf",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_topology_leaf_spine, members),
	 .min = 1,
	 .max = 65536,
	 .help = "members on each leaf; default: as many as the radix has room for beside their "
		 "uplinks"},
	DC_TOPOLOGY_LEAF_SPINE_FIELDS,
	DC_TOPOLOGY_SWITCHED_FIELDS(dc_topology_leaf_spine),
};

const struct dc_section dc_topology_leaf_spine_section = {
	.name = "leaf-spine",
	.doc = "members on leaf switches that are joined by spines",
	.size = sizeof(struct dc_topology_leaf_spine),
	DC_FIELDS(fields),
};

/* The most members whose uplinks have ports too; 0 when not even one has. */
static enum dc_status fill_leaf(struct dc_topology_clos_edge *edge, uint64_t radix,
				struct dc_diag *diag)
{
	const struct dc_topology_clos_edge given = *edge;

	for (uint64_t down = radix - 1; down > 0; down--) {
		enum dc_status status;

		*edge = given;
		edge->down = down;
		status = dc_topology_clos_share(edge, diag);
		if (status || down + edge->uplinks <= radix)
			return status;
	}
	edge->down = 0;
	return DC_OK;
}

/* Members per leaf, their uplinks and what these carry. */
static enum dc_status share_leaf(const struct dc_topology_leaf_spine *section, const char *name,
				 const char *key, struct dc_diag *diag,
				 struct dc_topology_clos_edge *edge)
{
	const struct dc_mark *mark = dc_node_mark(section->common.node, key);
	uint64_t radix = section->radix;
	enum dc_status status;

	*edge = (struct dc_topology_clos_edge){
		.name = name,
		.node = section->common.node,
		.bandwidth_bps = section->common.bandwidth_bps,
		.oversubscription = section->oversubscription,
		.uplink_bandwidth_bps = section->uplink_bandwidth_bps,
		.uplinks = section->uplinks,
		.down = section->members,
	};
	if (!edge->down && !radix)
		return dc_diag_error(
			diag, mark, "%s: expected '%s', or 'radix' or 'switch' to work it out from",
			name, key);
	status = edge->down ? dc_topology_clos_share(edge, diag) : fill_leaf(edge, radix, diag);
	if (status)
		return status;
	if (!edge->down)
		return dc_diag_error(diag, dc_node_mark(section->common.node, "radix"),
				     "%s: radix: %llu ports leave no room for a member beside its "
				     "uplinks",
				     name, (unsigned long long)radix);
	if (radix && edge->down + edge->uplinks > radix)
		return dc_diag_error(diag, mark,
				     "%s: %s: %llu members and %llu uplinks do not fit a leaf of "
				     "%llu ports",
				     name, key, (unsigned long long)edge->down,
				     (unsigned long long)edge->uplinks, (unsigned long long)radix);
	return DC_OK;
}

/* How many spines there are, into *spines. */
static enum dc_status count_spines(const struct dc_topology_leaf_spine *section, const char *name,
				   const struct dc_topology_clos_edge *edge, uint64_t leaves,
				   struct dc_diag *diag, uint64_t *spines)
{
	uint64_t radix = section->radix;

	*spines = section->spines ? section->spines
				  : dc_topology_clos_fewest(edge->uplinks, leaves, radix);
	if (!*spines)
		return dc_diag_error(diag, dc_node_mark(section->common.node, "size"),
				     "%s: size: %llu members on %llu leaves of %llu; a spine of "
				     "%llu ports joins fewer leaves",
				     name, (unsigned long long)section->size,
				     (unsigned long long)leaves, (unsigned long long)edge->down,
				     (unsigned long long)radix);
	if (edge->uplinks % *spines)
		return dc_diag_error(diag, dc_node_mark(section->common.node, "spines"),
				     "%s: spines: expected a divisor of the %llu uplinks of a leaf",
				     name, (unsigned long long)edge->uplinks);
	if (radix && leaves > radix / (edge->uplinks / *spines))
		return dc_diag_error(diag, dc_node_mark(section->common.node, "spines"),
				     "%s: spines: %llu leaves with %llu cables to each spine do "
				     "not fit its %llu ports",
				     name, (unsigned long long)leaves,
				     (unsigned long long)(edge->uplinks / *spines),
				     (unsigned long long)radix);
	return DC_OK;
}

enum dc_status dc_topology_leaf_spine_build(const struct dc_topology_leaf_spine *section,
					    const struct dc_topology_type *type, const char *key,
					    struct dc_diag *diag, struct dc_arena *arena,
					    struct dc_fabric_dimension *dimension)
{
	struct dc_topology_clos clos = {.count = 1};
	struct dc_topology_clos_edge edge;
	enum dc_status status = DC_OK;
	uint64_t members = section->members, spines = 1;

	*dimension = dc_topology_dimension(&section->common, type, section->size);
	if (!members || members < section->size) {
		status = share_leaf(section, type->name, key, diag, &edge);
		members = edge.down;
	}
	if (status)
		return status;
	clos.tiers[0] = (struct dc_topology_clos_tier){
		.children = members,
		.parents = 1,
		.cables = 1,
		.bandwidth_bps = section->common.bandwidth_bps,
		.latency_s = section->common.latency_s,
	};
	if (members < section->size) {
		uint64_t leaves = (section->size - 1) / members + 1;

		clos.count = 2;
		status = count_spines(section, type->name, &edge, leaves, diag, &spines);
		if (status)
			return status;
		clos.tiers[1] = (struct dc_topology_clos_tier){
			.children = leaves,
			.parents = spines,
			.cables = edge.uplinks / spines,
			.bandwidth_bps = edge.uplink_bandwidth_bps,
			.latency_s = section->common.latency_s,
		};
	}
	return dc_topology_clos_complete(&clos, &section->common, diag, arena, dimension);
}

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	struct dc_topology_leaf_spine leaves = *(const struct dc_topology_leaf_spine *)section;
	enum dc_status status =
		dc_topology_clos_radix(&leaves.common, leaves.radix, diag, &leaves.radix);

	*count = 1;
	if (status)
		return status;
	return dc_topology_leaf_spine_build(&leaves, &dc_topology_leaf_spine, "hosts_per_leaf",
					    diag, arena, dimensions);
}

const struct dc_topology_type dc_topology_leaf_spine = {
	.name = "leaf-spine",
	.doc = "members on leaf switches that are joined by spines",
	.expand = expand,
	DC_TOPOLOGY_CLOS_CALLS,
};
