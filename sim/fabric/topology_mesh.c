/* Mesh: an open chain along each of its dimensions; no links around the ends.
 *
 * Links: 2i leads from terminal i to i + 1, 2i + 1 from i + 1 back to i. Only the ends differ, but no
 * move leaves the chain as it is: there is no symmetry to fold. */
#include "fabric/topology.h"

const struct dc_section dc_topology_mesh_section = {
	.name = "mesh",
	.doc = "a chain along each of several dimensions, without links around the ends",
	.size = sizeof(struct dc_topology_several),
	.fields = dc_topology_several_fields,
	.count = DC_TOPOLOGY_SINGLE_FIELDS,
};

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	(void)arena;
	return dc_topology_expand_several(section, &dc_topology_mesh, diag, dimensions, count);
}

static uint64_t switches(const struct dc_fabric_dimension *dimension)
{
	(void)dimension;
	return 0;
}

static uint64_t links(const struct dc_fabric_dimension *dimension)
{
	return 2 * (dimension->size - 1);
}

static void describe(const struct dc_fabric_dimension *dimension, uint64_t number,
		     struct dc_line_link *link)
{
	uint64_t here = number / 2;

	*link = (struct dc_line_link){
		.from = number % 2 ? here + 1 : here,
		.to = number % 2 ? here : here + 1,
		.bandwidth_bps = dimension->bandwidth_bps,
		.latency_s = dimension->latency_s,
	};
}

static void path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
		 uint64_t choice, struct dc_route *route)
{
	(void)dimension;
	(void)choice;
	for (; from < to; from++)
		dc_route_add(route, 2 * from);
	for (; from > to; from--)
		dc_route_add(route, 2 * (from - 1) + 1);
}

static uint64_t period(const struct dc_fabric_dimension *dimension)
{
	return dimension->size;
}

static uint64_t fold(const struct dc_fabric_dimension *dimension, uint64_t link, uint64_t moved)
{
	(void)dimension;
	(void)moved;
	return link;
}

static uint64_t diameter(const struct dc_fabric_dimension *dimension)
{
	return dimension->size - 1;
}

/* One cable is cut, in the middle. */
static double bisection_bps(const struct dc_fabric_dimension *dimension)
{
	return dimension->size > 1 ? dimension->bandwidth_bps : 0;
}

const struct dc_topology_type dc_topology_mesh = {
	.name = "mesh",
	.doc = "a chain along each of several dimensions, without links around the ends",
	.expand = expand,
	.switches = switches,
	.links = links,
	.link = describe,
	.path = path,
	.period = period,
	.fold = fold,
	.diameter = diameter,
	.bisection_bps = bisection_bps,
};
