/* Ring: each member has a link to the next and one to the one before; messages go the shorter way.
 *
 * Links: 2i leads from terminal i to i + 1, 2i + 1 from i + 1 back to i. */
#include "fabric/topology_ring.h"

const struct dc_section dc_topology_ring_section = {
	.name = "ring",
	.doc = "each member linked to the next and the one before",
	.size = sizeof(struct dc_topology_single),
	.fields = dc_topology_single_fields,
	.count = DC_TOPOLOGY_SINGLE_FIELDS,
};

uint64_t dc_topology_ring_switches(const struct dc_fabric_dimension *dimension)
{
	(void)dimension;
	return 0;
}

uint64_t dc_topology_ring_links(const struct dc_fabric_dimension *dimension)
{
	return dimension->size > 1 ? 2 * dimension->size : 0;
}

void dc_topology_ring_link(const struct dc_fabric_dimension *dimension, uint64_t number,
			   struct dc_line_link *link)
{
	uint64_t here = number / 2, next = (here + 1) % dimension->size;

	*link = (struct dc_line_link){
		.from = number % 2 ? next : here,
		.to = number % 2 ? here : next,
		.bandwidth_bps = dimension->bandwidth_bps,
		.latency_s = dimension->latency_s,
	};
}

/* A ring of two has two cables. */
uint64_t dc_topology_ring_parallel(const struct dc_fabric_dimension *dimension, uint64_t link)
{
	return dimension->size == 2 ? link / 2 : 0;
}

/* Opposite members of an even ring are as far one way as the other. */
uint64_t dc_topology_ring_paths(const struct dc_fabric_dimension *dimension, uint64_t from,
				uint64_t to)
{
	uint64_t ahead = (to + dimension->size - from) % dimension->size;

	return 2 * ahead == dimension->size ? 2 : 1;
}

void dc_topology_ring_path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
			   uint64_t choice, struct dc_route *route)
{
	uint64_t size = dimension->size, ahead = (to + size - from) % size;
	bool forward = 2 * ahead < size || (2 * ahead == size && choice == 0);

	while (from != to) {
		uint64_t next = (from + (forward ? 1 : size - 1)) % size;

		dc_route_add(route, forward ? 2 * from : 2 * next + 1);
		from = next;
	}
}

uint64_t dc_topology_ring_period(const struct dc_fabric_dimension *dimension)
{
	(void)dimension;
	return 1;
}

uint64_t dc_topology_ring_fold(const struct dc_fabric_dimension *dimension, uint64_t link,
			       uint64_t period)
{
	(void)dimension;
	return 2 * (link / 2 % period) + link % 2;
}

uint64_t dc_topology_ring_diameter(const struct dc_fabric_dimension *dimension)
{
	return dimension->size / 2;
}

/* Two cables are cut; a ring of one has none. */
double dc_topology_ring_bisection_bps(const struct dc_fabric_dimension *dimension)
{
	return dimension->size > 1 ? 2 * dimension->bandwidth_bps : 0;
}

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	(void)arena;
	return dc_topology_expand_single(section, &dc_topology_ring, diag, dimensions, count);
}

const struct dc_topology_type dc_topology_ring = {
	.name = "ring",
	.doc = "each member linked to the next and the one before",
	.expand = expand,
	DC_TOPOLOGY_RING_CALLS,
};
