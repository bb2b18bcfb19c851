/* The list of topologies, and what several of them share. */
#include "fabric/topology.h"

#include <math.h>
#include <stdlib.h>

#include "fabric/topology_links.h"

const struct dc_field dc_topology_single_fields[DC_TOPOLOGY_SINGLE_FIELDS] = {
	{.key = "size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_topology_single, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members"},
	DC_TOPOLOGY_FIELDS(dc_topology_single),
};

const struct dc_field dc_topology_several_fields[DC_TOPOLOGY_SINGLE_FIELDS] = {
	{.key = "size",
	 .kind = DC_NUMBERS,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct dc_topology_several, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members along each dimension, innermost first, at most 16: [8, 8]"},
	DC_TOPOLOGY_FIELDS(dc_topology_several),
};

enum dc_status dc_topology_resolve(struct dc_topology_common *common, struct dc_diag *diag)
{
	if (common->bandwidth_bps <= 0 && common->device)
		common->bandwidth_bps = common->device->bandwidth_bps;
	if (common->bandwidth_bps > 0)
		return DC_OK;
	return dc_diag_error(
		diag, &common->node->mark,
		"%s: the key 'bandwidth' is missing: a bandwidth per direction, such as "
		"'50 GB/s'",
		common->topology);
}

struct dc_fabric_dimension dc_topology_dimension(const struct dc_topology_common *common,
						 const struct dc_topology_type *type, uint64_t size)
{
	return (struct dc_fabric_dimension){
		.type = type,
		.size = size,
		.bandwidth_bps = common->bandwidth_bps,
		.latency_s = common->latency_s,
		.reduces = common->reduces,
		.transport = common->transport,
		.device = common->device,
		.optics = common->optics,
	};
}

enum dc_status dc_topology_expand_single(const void *section, const struct dc_topology_type *type,
					 struct dc_diag *diag,
					 struct dc_fabric_dimension *dimensions, size_t *count)
{
	struct dc_topology_single single = *(const struct dc_topology_single *)section;
	enum dc_status status = dc_topology_resolve(&single.common, diag);

	*count = 1;
	if (status)
		return status;
	dimensions[0] = dc_topology_dimension(&single.common, type, single.size);
	return dc_topology_check_parts(&single.common, dimensions, diag);
}

enum dc_status dc_topology_expand_several(const void *section, const struct dc_topology_type *type,
					  struct dc_diag *diag,
					  struct dc_fabric_dimension *dimensions, size_t *count)
{
	struct dc_topology_several several = *(const struct dc_topology_several *)section;
	const double *sizes = several.size.items;
	const struct dc_mark *mark = dc_node_mark(several.common.node, "size");
	enum dc_status status = dc_topology_resolve(&several.common, diag);

	*count = several.size.count;
	if (status)
		return status;
	if (*count > DC_FABRIC_DIMENSIONS)
		return dc_diag_error(diag, mark,
				     "%s: size: with this the fabric has more than %d dimensions",
				     type->name, DC_FABRIC_DIMENSIONS);
	for (size_t i = 0; i < *count; i++) {
		if (sizes[i] != floor(sizes[i]))
			return dc_diag_error(diag, mark, "%s: size: expected whole numbers",
					     type->name);
		dimensions[i] = dc_topology_dimension(&several.common, type, (uint64_t)sizes[i]);
	}
	return dc_topology_check_parts(&several.common, dimensions, diag);
}

/* --- routes --- */

void dc_route_add(struct dc_route *route, uint64_t link)
{
	if (route->failed)
		return;
	if (route->count == route->capacity) {
		size_t capacity = route->capacity ? 2 * route->capacity : 16;
		uint64_t *links = realloc(route->links, capacity * sizeof *links);

		route->failed = !links;
		if (!links)
			return;
		route->links = links;
		route->capacity = capacity;
	}
	route->links[route->count++] = link;
}

void dc_route_clear(struct dc_route *route)
{
	route->count = 0;
}

void dc_route_fini(struct dc_route *route)
{
	free(route->links);
	*route = (struct dc_route){0};
}

static const struct dc_tagged_type types[] = {
	{"ring", &dc_topology_ring_section, &dc_topology_ring},
	{"mesh", &dc_topology_mesh_section, &dc_topology_mesh},
	{"torus", &dc_topology_torus_section, &dc_topology_torus},
	{"fully-connected", &dc_topology_fully_connected_section, &dc_topology_fully_connected},
	{"hypercube", &dc_topology_hypercube_section, &dc_topology_hypercube},
	{"switch", &dc_topology_switch_section, &dc_topology_switch},
	{"tree", &dc_topology_tree_section, &dc_topology_tree},
	{"leaf-spine", &dc_topology_leaf_spine_section, &dc_topology_leaf_spine},
	{"fat-tree", &dc_topology_fat_tree_section, &dc_topology_fat_tree},
	{"rail", &dc_topology_rail_section, &dc_topology_rail},
	{"dragonfly", &dc_topology_dragonfly_section, &dc_topology_dragonfly},
	{"links", &dc_topology_links_section, &dc_topology_links},
	{"wan", &dc_topology_wan_section, &dc_topology_wan},
};

static const char *const reserved[] = {"dragonfly+", NULL};

const struct dc_tagged_family dc_topology_family = {
	.tag = "topology",
	.types = types,
	.count = sizeof types / sizeof *types,
	.reserved = reserved,
};
