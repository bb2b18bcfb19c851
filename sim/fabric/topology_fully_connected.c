/* Fully connected: each member has a link to every other.
 *
 * Link i (size - 1) + (d - 1) leads from terminal i to the one d places on, around, 0 < d < size. */
#include "fabric/topology_full.h"

const struct dc_section dc_topology_fully_connected_section = {
	.name = "fully-connected",
	.doc = "each member linked to every other; bandwidth is that of one such link",
	.size = sizeof(struct dc_topology_single),
	.fields = dc_topology_single_fields,
	.count = DC_TOPOLOGY_SINGLE_FIELDS,
};

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	(void)arena;
	return dc_topology_expand_single(section, &dc_topology_fully_connected, diag, dimensions,
					 count);
}

uint64_t dc_topology_full_switches(const struct dc_fabric_dimension *dimension)
{
	(void)dimension;
	return 0;
}

uint64_t dc_topology_full_links(const struct dc_fabric_dimension *dimension)
{
	return dimension->size * (dimension->size - 1);
}

void dc_topology_full_link(const struct dc_fabric_dimension *dimension, uint64_t number,
			   struct dc_line_link *link)
{
	uint64_t from = number / (dimension->size - 1);

	*link = (struct dc_line_link){
		.from = from,
		.to = (from + number % (dimension->size - 1) + 1) % dimension->size,
		.bandwidth_bps = dimension->bandwidth_bps,
		.latency_s = dimension->latency_s,
	};
}

void dc_topology_full_path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
			   uint64_t choice, struct dc_route *route)
{
	uint64_t size = dimension->size;

	(void)choice;
	dc_route_add(route, from * (size - 1) + (to + size - from - 1) % size);
}

uint64_t dc_topology_full_period(const struct dc_fabric_dimension *dimension)
{
	(void)dimension;
	return 1;
}

uint64_t dc_topology_full_fold(const struct dc_fabric_dimension *dimension, uint64_t link,
			       uint64_t moved)
{
	uint64_t each = dimension->size - 1;

	return link / each % moved * each + link % each;
}

uint64_t dc_topology_full_diameter(const struct dc_fabric_dimension *dimension)
{
	return dimension->size > 1 ? 1 : 0;
}

/* Every pair of members on different sides has a link of its own. */
double dc_topology_full_bisection_bps(const struct dc_fabric_dimension *dimension)
{
	uint64_t half = dimension->size / 2;

	return (double)half * (double)(dimension->size - half) * dimension->bandwidth_bps;
}

const struct dc_topology_type dc_topology_fully_connected = {
	.name = "fully-connected",
	.doc = "each member linked to every other; bandwidth is that of one such link",
	.expand = expand,
	DC_TOPOLOGY_FULL_CALLS,
};
