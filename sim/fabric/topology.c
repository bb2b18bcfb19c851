/* The list of topologies. */
#include "fabric/topology.h"

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
