/* Switch: each member has a link to one non-blocking switch and one from it.
 *
 * Vertex `size` is the switch. Links: 2i leads from terminal i up, 2i + 1 down to it. */
#include "fabric/topology.h"

static const struct dc_field fields[] = {
	{.key = "size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_topology_single, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members"},
	DC_TOPOLOGY_SWITCHED_FIELDS(dc_topology_single),
};

const struct dc_section dc_topology_switch_section = {
	.name = "switch",
	.doc = "every member on one non-blocking switch",
	.size = sizeof(struct dc_topology_single),
	DC_FIELDS(fields),
};

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	(void)arena;
	return dc_topology_expand_single(section, &dc_topology_switch, diag, dimensions, count);
}

static uint64_t switches(const struct dc_fabric_dimension *dimension)
{
	(void)dimension;
	return 1;
}

static uint64_t links(const struct dc_fabric_dimension *dimension)
{
	return 2 * dimension->size;
}

static void describe(const struct dc_fabric_dimension *dimension, uint64_t number,
		     struct dc_line_link *link)
{
	*link = (struct dc_line_link){
		.from = number % 2 ? dimension->size : number / 2,
		.to = number % 2 ? number / 2 : dimension->size,
		.bandwidth_bps = dimension->bandwidth_bps,
		.latency_s = dimension->latency_s,
	};
}

static void up(const struct dc_fabric_dimension *dimension, uint64_t terminal,
	       struct dc_route *route)
{
	(void)dimension;
	dc_route_add(route, 2 * terminal);
}

static void down(const struct dc_fabric_dimension *dimension, uint64_t terminal,
		 struct dc_route *route)
{
	(void)dimension;
	dc_route_add(route, 2 * terminal + 1);
}

static void path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
		 uint64_t choice, struct dc_route *route)
{
	(void)choice;
	up(dimension, from, route);
	down(dimension, to, route);
}

static uint64_t period(const struct dc_fabric_dimension *dimension)
{
	(void)dimension;
	return 1;
}

static uint64_t fold(const struct dc_fabric_dimension *dimension, uint64_t link, uint64_t moved)
{
	(void)dimension;
	return 2 * (link / 2 % moved) + link % 2;
}

static uint64_t diameter(const struct dc_fabric_dimension *dimension)
{
	return dimension->size > 1 ? 2 : 0;
}

/* Non-blocking: half the members' links are the cut. */
static double bisection_bps(const struct dc_fabric_dimension *dimension)
{
	return (double)(dimension->size / 2) * dimension->bandwidth_bps;
}

const struct dc_topology_type dc_topology_switch = {
	.name = "switch",
	.doc = "every member on one non-blocking switch",
	.expand = expand,
	.switches = switches,
	.links = links,
	.link = describe,
	.path = path,
	.up = up,
	.down = down,
	.period = period,
	.fold = fold,
	.diameter = diameter,
	.bisection_bps = bisection_bps,
};
