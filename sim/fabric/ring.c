/* Ring: each member has a link to the next, the last to the first. */
#include "fabric/topology.h"

struct ring {
	const struct dc_node *node;
	const char *topology;
	uint64_t size;
	double bandwidth_bps;
	double latency_s;
};

static const struct dc_field fields[] = {
	{.key = "size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct ring, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members"},
	DC_TOPOLOGY_FIELDS(ring),
};

const struct dc_section dc_topology_ring_section = {
	.name = "ring",
	.doc = "members in a circle, a link each way between neighbours",
	.size = sizeof(struct ring),
	DC_FIELDS(fields),
};

static size_t expand(const void *section, struct dc_fabric_dimension *dimensions)
{
	const struct ring *ring = section;

	dimensions[0] = (struct dc_fabric_dimension){
		.topology = "ring",
		.size = ring->size,
		.bandwidth_bps = ring->bandwidth_bps,
		.link_latency_s = ring->latency_s,
		.links_per_hop = 1,
	};
	return 1;
}

const struct dc_topology_type dc_topology_ring = {
	.name = "ring",
	.doc = "members in a circle, a link each way between neighbours",
	.expand = expand,
};
