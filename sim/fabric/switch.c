/* Switch: each member has a link to one non-blocking switch. */
#include "fabric/topology.h"

struct star {
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
	 .offset = offsetof(struct star, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members"},
	DC_TOPOLOGY_FIELDS(star),
};

const struct dc_section dc_topology_switch_section = {
	.name = "switch",
	.doc = "every member on one non-blocking switch",
	.size = sizeof(struct star),
	DC_FIELDS(fields),
};

static size_t expand(const void *section, struct dc_fabric_dimension *dimensions)
{
	const struct star *star = section;

	dimensions[0] = (struct dc_fabric_dimension){
		.topology = "switch",
		.size = star->size,
		.bandwidth_bps = star->bandwidth_bps,
		.link_latency_s = star->latency_s,
		.links_per_hop = 2,
	};
	return 1;
}

const struct dc_topology_type dc_topology_switch = {
	.name = "switch",
	.doc = "every member on one non-blocking switch",
	.expand = expand,
};
