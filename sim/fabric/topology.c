/* The list of topologies, and what those of one dimension share. */
#include "fabric/topology.h"

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

size_t dc_topology_expand_single(const void *section, unsigned links_per_hop,
				 struct dc_fabric_dimension *dimensions)
{
	const struct dc_topology_single *single = section;

	dimensions[0] = (struct dc_fabric_dimension){
		.topology = single->topology,
		.size = single->size,
		.bandwidth_bps = single->bandwidth_bps,
		.link_latency_s = single->latency_s,
		.links_per_hop = links_per_hop,
	};
	return 1;
}

static const struct dc_tagged_type types[] = {
	{"ring", &dc_topology_ring_section, &dc_topology_ring},
	{"switch", &dc_topology_switch_section, &dc_topology_switch},
	{"torus", &dc_topology_torus_section, &dc_topology_torus},
};

static const char *const reserved[] = {
	"mesh", "fully-connected", "leaf-spine", "fat-tree",   "rail",
	"tree", "dragonfly",       "hypercube",  "dragonfly+", NULL,
};

const struct dc_tagged_family dc_topology_family = {
	.tag = "topology",
	.types = types,
	.count = sizeof types / sizeof *types,
	.reserved = reserved,
};
