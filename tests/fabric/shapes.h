/* For tests of topologies: every topology in many shapes. */
#ifndef DC_TESTS_FABRIC_SHAPES_H
#define DC_TESTS_FABRIC_SHAPES_H

#include "line.h"

#define RATE "bandwidth: 1 GB/s, latency: 1 us"

/* routers: of a dragonfly's group, whose minimal routing takes one cable between groups at most. */
struct shape {
	const char *yaml;
	uint64_t routers;
};

static const struct shape shapes[] = {
	{"topology: ring, size: 1, " RATE, 0},
	{"topology: ring, size: 2, " RATE, 0},
	{"topology: ring, size: 7, " RATE, 0},
	{"topology: ring, size: 12, " RATE, 0},
	{"topology: mesh, size: 1, " RATE, 0},
	{"topology: mesh, size: 2, " RATE, 0},
	{"topology: mesh, size: 9, " RATE, 0},
	{"topology: torus, size: 6, " RATE, 0},
	{"topology: fully-connected, size: 1, " RATE, 0},
	{"topology: fully-connected, size: 2, " RATE, 0},
	{"topology: fully-connected, size: 9, " RATE, 0},
	{"topology: fully-connected, size: 12, " RATE, 0},
	{"topology: wan, size: 5, " RATE, 0},
	{"topology: hypercube, size: 1, " RATE, 0},
	{"topology: hypercube, size: 2, " RATE, 0},
	{"topology: hypercube, size: 8, " RATE, 0},
	{"topology: hypercube, size: 32, " RATE, 0},
	{"topology: switch, size: 1, " RATE, 0},
	{"topology: switch, size: 9, " RATE, 0},
	{"topology: rail, size: 8, " RATE, 0},
	{"topology: rail, size: 8, radix: 8, " RATE, 0},
	{"topology: rail, size: 12, radix: 8, " RATE, 0},
	{"topology: rail, size: 12, nodes_per_switch: 3, oversubscription: 3, " RATE, 0},
	{"topology: tree, arity: 5, " RATE, 0},
	{"topology: tree, arity: [2, 3, 2], " RATE, 0},
	{"topology: tree, arity: [3, 2, 2], size: 12, oversubscription: 1, " RATE, 0},
	{"topology: tree, arity: [2, 2, 2], oversubscription: [1.5, 2], " RATE, 0},
	{"topology: tree, arity: [4, 3], uplink_bandwidth: 3 GB/s, " RATE, 0},
	{"topology: tree, arity: [2, 2, 2, 2], uplink_bandwidth: [3 GB/s, 1 GB/s, 8 GB/s], " RATE,
	 0},
	{"topology: tree, arity: [1, 3, 1, 2], " RATE, 0},
	{"topology: leaf-spine, size: 8, hosts_per_leaf: 4, " RATE, 0},
	{"topology: leaf-spine, size: 12, hosts_per_leaf: 4, spines: 2, " RATE, 0},
	{"topology: leaf-spine, size: 12, hosts_per_leaf: 4, spines: 1, " RATE, 0},
	{"topology: leaf-spine, size: 12, hosts_per_leaf: 3, oversubscription: 2, " RATE, 0},
	{"topology: leaf-spine, size: 12, hosts_per_leaf: 6, uplinks: 4, spines: 2, " RATE, 0},
	{"topology: leaf-spine, size: 10, hosts_per_leaf: 4, " RATE, 0},
	{"topology: leaf-spine, size: 11, hosts_per_leaf: 4, oversubscription: 4, " RATE, 0},
	{"topology: leaf-spine, size: 9, hosts_per_leaf: 4, oversubscription: 2, " RATE, 0},
	{"topology: leaf-spine, size: 5, hosts_per_leaf: 4, uplink_bandwidth: 4 GB/s, " RATE, 0},
	{"topology: leaf-spine, size: 12, radix: 6, " RATE, 0},
	{"topology: leaf-spine, size: 12, radix: 6, oversubscription: 2, " RATE, 0},
	{"topology: leaf-spine, size: 3, hosts_per_leaf: 4, " RATE, 0},
	{"topology: fat-tree, size: 16, radix: 4, tiers: 3, " RATE, 0},
	{"topology: fat-tree, size: 12, radix: 4, " RATE, 0},
	{"topology: fat-tree, size: 11, radix: 4, oversubscription: 2, " RATE, 0},
	{"topology: fat-tree, size: 8, radix: 4, " RATE, 0},
	{"topology: fat-tree, size: 12, radix: 6, oversubscription: 1.5, " RATE, 0},
	{"topology: fat-tree, size: 18, radix: 6, tiers: 3, oversubscription: 2, " RATE, 0},
	{"topology: fat-tree, size: 54, " RATE, 0},
	{"topology: fat-tree, size: 27, radix: 6, tiers: 3, " RATE, 0},
	{"topology: fat-tree, size: 20, uplink_bandwidth: 2 GB/s, " RATE, 0},
	{"topology: fat-tree, size: 2, radix: 4, " RATE, 0},
	{"topology: fat-tree, size: 1, " RATE, 0},
	{"topology: dragonfly, groups: 3, routers: 2, hosts: 2, " RATE, 2},
	{"topology: dragonfly, groups: 9, routers: 4, hosts: 2, size: 72, " RATE, 4},
	{"topology: dragonfly, groups: 2, routers: 2, hosts: 2, " RATE, 2},
	{"topology: dragonfly, groups: 2, routers: 3, hosts: 2, global_links: 2, " RATE, 3},
	{"topology: dragonfly, groups: 4, routers: 3, hosts: 1, global_links: 2, " RATE, 3},
	{"topology: dragonfly, groups: 5, routers: 3, hosts: 2, global_links: 2, " RATE, 3},
	{"topology: dragonfly, groups: 5, routers: 3, hosts: 1, global_links: 3, " RATE, 3},
	{"topology: dragonfly, groups: 4, routers: 4, hosts: 1, global_links: 2, " RATE, 4},
	{"topology: dragonfly, groups: 6, routers: 4, hosts: 1, global_links: 3, " RATE, 4},
	{"topology: dragonfly, groups: 6, routers: 3, hosts: 1, global_links: 3, "
	 "global_bandwidth: 2 GB/s, local_bandwidth: 3 GB/s, global_latency: 3 us, " RATE,
	 3},
	{"topology: dragonfly, groups: 3, routers: 2, hosts: 2, global_links: 5, " RATE, 2},
	{"topology: dragonfly, groups: 1, routers: 4, hosts: 3, " RATE, 4},
	{"topology: dragonfly, groups: 1, routers: 1, hosts: 5, " RATE, 1},
	{"topology: dragonfly, groups: 5, routers: 1, hosts: 2, " RATE, 1},
	{"topology: dragonfly, groups: 3, routers: 3, hosts: 2, global_links: 2, " RATE, 3},
	{"topology: dragonfly, groups: 1, routers: 3, hosts: 3, local_bandwidth: 2 GB/s, " RATE, 3},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

#endif
