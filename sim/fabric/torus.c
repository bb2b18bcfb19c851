/* Torus: a ring along each of its dimensions. */
#include <math.h>

#include "fabric/topology.h"

struct torus {
	const struct dc_node *node;
	const char *topology;
	struct dc_list size;
	double bandwidth_bps;
	double latency_s;
};

static const struct dc_field fields[] = {
	{.key = "size",
	 .kind = DC_NUMBERS,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct torus, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members along each dimension, innermost first, at most 16: [8, 8]"},
	DC_TOPOLOGY_FIELDS(torus),
};

const struct dc_section dc_topology_torus_section = {
	.name = "torus",
	.doc = "a ring along each of several dimensions",
	.size = sizeof(struct torus),
	DC_FIELDS(fields),
};

static size_t expand(const void *section, struct dc_fabric_dimension *dimensions)
{
	const struct torus *torus = section;
	const double *sizes = torus->size.items;
	size_t count = torus->size.count;

	for (size_t i = 0; i < count && i < DC_FABRIC_DIMENSIONS; i++) {
		if (sizes[i] != floor(sizes[i]))
			return 0;
		dimensions[i] = (struct dc_fabric_dimension){
			.topology = "torus",
			.size = (uint64_t)sizes[i],
			.bandwidth_bps = torus->bandwidth_bps,
			.link_latency_s = torus->latency_s,
			.links_per_hop = 1,
		};
	}
	return count;
}

const struct dc_topology_type dc_topology_torus = {
	.name = "torus",
	.doc = "a ring along each of several dimensions",
	.expand = expand,
};
