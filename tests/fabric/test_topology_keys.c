/* What the keys of topologies make: counts by hand and from papers; bandwidths; refusals. */
#include <math.h>

#include "line.h"

#define RATE "bandwidth: 1 GB/s, latency: 1 us"

/* Switches, cables, and what a cable between switches carries. */
struct known {
	const char *yaml;
	uint64_t size, switches, cables;
	double last_bps; /* of the last link */
	double bisection_bps;
};

static const struct known known[] = {
	{"topology: mesh, size: 6, " RATE, 6, 0, 5, 1e9, 1e9},
	/* n (n - 1) / 2 cables, n^2 / 4 of them cut */
	{"topology: fully-connected, size: 8, " RATE, 8, 0, 28, 1e9, 16e9},
	/* n log2(n) / 2 cables, n / 2 cut */
	{"topology: hypercube, size: 16, " RATE, 16, 0, 32, 1e9, 8e9},
	/* A k-ary fat tree: 5 k^2 / 4 switches, k^3 / 4 hosts, 3 k^3 / 4 cables [Al-Fares et al. 2008]. */
	{"topology: fat-tree, size: 16, " RATE, 16, 20, 48, 1e9, 8e9},
	{"topology: fat-tree, size: 1024, radix: 16, " RATE, 1024, 320, 3072, 1e9, 512e9},
	/* Three edge switches of 4 ports; 12 hosts, 3 pods of 4 switches, and 3 x 4 cables up to cores of
	 * 4 ports: 3 of 4 used, as each of 4 takes one from each pod */
	{"topology: fat-tree, size: 12, radix: 4, tiers: 3, " RATE, 12, 16, 36, 1e9, 6e9},
	/* 32 members on 8 edge switches of 8 ports, their 32 uplinks on 4 more */
	{"topology: fat-tree, size: 32, radix: 8, " RATE, 32, 12, 64, 1e9, 16e9},
	/* 4 of 8 edge switches: 16 uplinks on 2 switches, two cables to each */
	{"topology: fat-tree, size: 16, radix: 8, " RATE, 16, 6, 32, 1e9, 8e9},
	{"topology: fat-tree, size: 4, radix: 8, " RATE, 4, 1, 4, 1e9, 2e9},
	/* 8 down over 3 at most: 3 uplinks of 8/3 / 3 GB/s */
	{"topology: fat-tree, size: 64, radix: 16, oversubscription: 3, " RATE, 64, 8 + 3, 64 + 24,
	 8e9 / 9, 32e9 / 3},
	/* 400 Gb/s leaves of 64 ports, 32 down; 32 leaves need 16 spines with 2 cables to each */
	{"topology: leaf-spine, size: 1024, radix: 64, bandwidth: 400 Gb/s", 1024, 48, 2048, 50e9,
	 512 * 50e9},
	/* 2 down for each up: 42 of 64 ports down, 21 up; 52 leaves, 21 spines. Half is 25 leaves and 22
	 * members: 25 x 21 uplinks and 22 links of members are cut */
	{"topology: leaf-spine, size: 2144, radix: 64, oversubscription: 2, " RATE, 2144, 52 + 21,
	 2144 + 52 * 21, 1e9, 547e9},
	/* 48 at 25 Gb/s over 6 at 100 Gb/s: 2 */
	{"topology: leaf-spine, size: 96, hosts_per_leaf: 48, oversubscription: 2, "
	 "uplink_bandwidth: 100 Gb/s, bandwidth: 25 Gb/s",
	 96, 2 + 6, 96 + 12, 12.5e9, 75e9},
	{"topology: leaf-spine, size: 96, hosts_per_leaf: 48, uplinks: 8, spines: 2, "
	 "uplink_bandwidth: 100 Gb/s, bandwidth: 25 Gb/s",
	 96, 2 + 2, 96 + 16, 12.5e9, 100e9},
	{"topology: leaf-spine, size: 8, hosts_per_leaf: 4, uplinks: 2, oversubscription: 4, " RATE,
	 8, 4, 12, 0.5e9, 1e9},
	{"topology: rail, size: 32, " RATE, 32, 1, 32, 1e9, 16e9},
	{"topology: rail, size: 64, radix: 64, " RATE, 64, 1, 64, 1e9, 32e9},
	{"topology: rail, size: 128, nodes_per_switch: 32, " RATE, 128, 4 + 32, 256, 1e9, 64e9},
	/* 8 at 1 GB/s in each leaf, 2 and then 1.5 to 1 up: 4 GB/s, and 4 x 4 / 1.5 = 32/3 GB/s */
	{"topology: tree, arity: [8, 4, 2], oversubscription: [2, 1.5], " RATE, 64, 8 + 2 + 1, 74,
	 32e9 / 3, 32e9 / 3},
	{"topology: tree, arity: [8, 4, 2], " RATE, 64, 11, 74, 1e9, 1e9},
	/* The example of Kim et al. 2008, fig. 5: 9 groups of 4 routers, 2 hosts each, 72 in all; a cable
	 * between each two groups: 36. Halves: 4 of 9 groups and 4 of 8 in the fifth. */
	{"topology: dragonfly, groups: 9, routers: 4, hosts: 2, global_links: 2, " RATE, 72, 36,
	 72 + 9 * 6 + 36, 1e9, 24e9},
	/* 3 x 4 global ports and 4 other groups: 3 cables between each two, 30; cut: 2 groups from 3 with
	 * the middle one divided, and the links of 8 terminals at most */
	{"topology: dragonfly, groups: 4, routers: 2, hosts: 2, global_links: 3, " RATE, 16, 8,
	 16 + 4 + 12, 1e9, 8e9},
};

Test(topology_keys, counts_and_bandwidths)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct known *k = &known[i];
		struct line line;
		double said;

		line_open(k->yaml, &line);
		said = line.dimension->type->bisection_bps(line.dimension);
		cr_expect_eq(line.size, k->size, "%s: %llu", k->yaml,
			     (unsigned long long)line.size);
		cr_expect_eq(line.vertices - line.size, k->switches, "%s: %llu switches", k->yaml,
			     (unsigned long long)(line.vertices - line.size));
		cr_expect_eq(line.count, 2 * k->cables, "%s: %llu links", k->yaml,
			     (unsigned long long)line.count);
		cr_expect(fabs(line.links[line.count - 1].bandwidth_bps - k->last_bps) <=
				  1e-9 * k->last_bps,
			  "%s: %.17g B/s", k->yaml, line.links[line.count - 1].bandwidth_bps);
		cr_expect(fabs(said - k->bisection_bps) <= 1e-9 * k->bisection_bps, "%s: %.17g B/s",
			  k->yaml, said);
		line_close(&line);
	}
}

/* Global cables of a dragonfly have a rate and a latency of their own. */
Test(topology_keys, dragonfly_cables)
{
	struct line line;
	const struct dc_line_link *last;

	line_open("topology: dragonfly, groups: 3, routers: 2, hosts: 1, bandwidth: 25 GB/s, "
		  "latency: 200 ns, local_bandwidth: 50 GB/s, global_bandwidth: 75 GB/s, "
		  "global_latency: 900 ns",
		  &line);
	last = &line.links[line.count - 1];
	/* 12 links of terminals, 6 within groups, 6 between them */
	cr_assert_eq(line.count, 24u);
	cr_expect(line.links[11].bandwidth_bps == 25e9 && line.links[11].latency_s == 200e-9);
	cr_expect(line.links[12].bandwidth_bps == 50e9 && line.links[17].latency_s == 200e-9);
	cr_expect(last->bandwidth_bps == 75e9 && fabs(last->latency_s - 900e-9) < 1e-18);
	line_close(&line);
}

/* No two groups have more than one cable more than any other two, and every port is in use but for one
 * that has no counterpart. */
Test(topology_keys, dragonfly_groups_share_ports_evenly)
{
	char map[256];

	for (unsigned groups = 2; groups <= 9; groups++)
		for (unsigned ports = 3; ports <= 9; ports++) {
			uint64_t between[9][9] = {{0}}, least = UINT64_MAX, most = 0, all = 0;
			struct line line;

			if (3 * ports < groups - 1)
				continue;
			snprintf(map, sizeof map,
				 "topology: dragonfly, groups: %u, routers: 3, hosts: 1, "
				 "global_links: %u, " RATE,
				 groups, ports);
			line_open(map, &line);
			for (uint64_t i = 0; i < line.count; i++) {
				uint64_t from = (line.links[i].from - line.size) / 3;
				uint64_t to = (line.links[i].to - line.size) / 3;

				if (line.links[i].from < line.size ||
				    line.links[i].to < line.size || from == to)
					continue;
				between[from][to]++;
				all++;
			}
			for (unsigned pair = 0; pair < groups * groups; pair++) {
				uint64_t cables = between[pair / groups][pair % groups];

				if (pair / groups == pair % groups)
					continue;
				least = cables < least ? cables : least;
				most = cables > most ? cables : most;
			}
			cr_expect(least >= 1 && most - least <= 1, "%s: %llu to %llu", map,
				  (unsigned long long)least, (unsigned long long)most);
			/* Of an odd number of groups, each with an odd rest of ports, one stays free. */
			cr_expect_eq(
				all,
				groups * (3 * ports - (groups % 2 && 3 * ports % (groups - 1) % 2)),
				"%s: %llu", map, (unsigned long long)all);
			line_close(&line);
		}
}

/* Parallel cables are told apart by their number, in names and in overrides. */
Test(topology_keys, parallel_cables_have_names)
{
	static const char *const names[] = {"network:s0->s2", "network:s2->s0", "network:s0->s2#2",
					    "network:s2->s0#2", "network:s0->s3"};
	struct line line;
	char name[64];

	line_open("topology: leaf-spine, size: 8, hosts_per_leaf: 4, spines: 2, " RATE, &line);
	line.fabric.name = "network";
	for (uint64_t i = 0; i < 5; i++) {
		dc_fabric_link_name(&line.fabric, 16 + i, name, sizeof name);
		cr_expect_str_eq(name, names[i]);
	}
	line_close(&line);
}

/* What keys were worked out to be, in words. */
Test(topology_keys, words)
{
	static const struct {
		const char *yaml, *words;
	} known_words[] = {
		{"topology: leaf-spine, size: 2144, radix: 64, oversubscription: 2, " RATE,
		 "52 switches with 42 down and 21 up at 1.00 GB/s, 21 switches with 52 down"},
		{"topology: fat-tree, size: 54, " RATE,
		 "18 switches with 3 down and 3 up at 1.00 GB/s, 18 switches with 3 down and 3 up "
		 "at 1.00 GB/s, 9 switches with 6 down"},
		{"topology: rail, size: 4, " RATE, "1 switch with 4 down"},
		{"topology: tree, arity: [2, 3], uplink_bandwidth: 5 GB/s, " RATE,
		 "3 switches with 2 down and 1 up at 5.00 GB/s, 1 switch with 3 down"},
		{"topology: dragonfly, groups: 9, routers: 4, hosts: 2, global_bandwidth: 2 GB/s, " RATE,
		 "9 groups of 4 routers linked at 1.00 GB/s, 8 global ports each at 2.00 GB/s"},
	};

	for (size_t i = 0; i < sizeof known_words / sizeof *known_words; i++) {
		struct line line;
		char text[512], little[8];

		line_open(known_words[i].yaml, &line);
		line.dimension->type->words(line.dimension, text, sizeof text);
		cr_expect_str_eq(text, known_words[i].words, "%s", text);
		line.dimension->type->words(line.dimension, little, sizeof little);
		cr_expect(strlen(little) < sizeof little &&
			  strncmp(little, text, strlen(little)) == 0);
		line_close(&line);
	}
}

/* A mesh or torus of several sizes is one dimension each; the corners of a 3 x 4 mesh are 2 + 3 links
 * apart. */
Test(topology_keys, several_sizes)
{
	struct dc_fabric_path path = {0};
	struct line line;

	line_open("topology: mesh, size: [3, 4], " RATE, &line);
	cr_assert_eq(line.fabric.count, 2u);
	cr_expect_eq(line.fabric.ranks, 12u);
	/* 4 lines of 2 cables and 3 of 3 */
	cr_expect_eq(dc_fabric_links(&line.fabric), 2 * (4 * 2 + 3 * 3));
	cr_assert_eq(dc_fabric_route(&line.fabric, 0, 11, NULL, NULL, &path), DC_OK);
	cr_expect_eq(path.count, 5u);
	cr_expect(fabs(path.latency_s - 5e-6) < 1e-15);
	dc_fabric_path_fini(&path);
	line_close(&line);
}

Test(topology_keys, refusals)
{
	line_refused("topology: mesh, size: 2.5, " RATE, "size: expected whole numbers");
	line_refused("topology: mesh, size: 4, reduce_in_network: true, " RATE,
		     "has no switches that could");
	line_refused("topology: dragonfly, groups: 2, routers: 2, hosts: 2, "
		     "reduce_in_network: true, " RATE,
		     "has no switches that could");
	line_refused("topology: hypercube, size: 12, " RATE, "the nearest are 8 and 16");
	line_refused("topology: dragonfly+, size: 12, " RATE, "not supported yet");
	line_refused("topology: tree, size: 12, " RATE, "arity");
	line_refused("topology: tree, arity: [2, 3], size: 7, " RATE,
		     "7 is not the product of arity, 6");
	line_refused("topology: tree, arity: [2, 2.5], " RATE, "expected whole numbers");
	line_refused("topology: tree, arity: [2, 0], " RATE, "arity");
	line_refused("topology: tree, arity: [1000000, 1000000], " RATE, "more than 1e9 members");
	line_refused("topology: tree, arity: [1, 1, 1, 1, 1, 1, 1, 1, 1], " RATE,
		     "expected at most 8 tiers");
	line_refused("topology: tree, arity: [2, 2, 2], oversubscription: [1, 1, 1], " RATE,
		     "one for each of the 2 tiers");
	line_refused("topology: tree, arity: [2, 2], oversubscription: 2, "
		     "uplink_bandwidth: 1 GB/s, " RATE,
		     "says it already");
	line_refused("topology: leaf-spine, size: 8, " RATE, "expected 'hosts_per_leaf'");
	line_refused("topology: leaf-spine, size: 8, hosts_per_leaf: 4, spines: 3, " RATE,
		     "expected a divisor of the 4 uplinks");
	line_refused(
		"topology: leaf-spine, size: 8, hosts_per_leaf: 4, oversubscription: 0.5, " RATE,
		"oversubscription");
	line_refused("topology: leaf-spine, size: 8, hosts_per_leaf: 4, uplinks: 2, "
		     "uplink_bandwidth: 1 GB/s, oversubscription: 3, " RATE,
		     "4 links down and 2 uplinks make it 2; leave out one");
	line_refused("topology: leaf-spine, size: 100, hosts_per_leaf: 40, radix: 64, " RATE,
		     "40 members and 40 uplinks do not fit a leaf of 64 ports");
	line_refused("topology: leaf-spine, size: 40, radix: 8, " RATE,
		     "40 members on 10 leaves of 4; a spine of 8 ports joins fewer");
	line_refused("topology: leaf-spine, size: 16, radix: 8, spines: 1, " RATE,
		     "4 leaves with 4 cables to each spine do not fit its 8 ports");
	line_refused("topology: leaf-spine, size: 16, radix: 4, uplinks: 4, " RATE,
		     "4 ports leave no room for a member");
	line_refused("topology: rail, size: 1000, radix: 16, " RATE, "joins fewer leaves");
	line_refused("topology: fat-tree, size: 8, radix: 5, " RATE, "expected an even number");
	line_refused("topology: fat-tree, size: 17, radix: 4, " RATE, "more than the 16");
	line_refused("topology: fat-tree, size: 9, radix: 4, tiers: 2, " RATE,
		     "more than the 8 that 2 tiers");
	line_refused("topology: fat-tree, size: 9, tiers: 4, " RATE, "tiers");
	line_refused("topology: fat-tree, size: 16, radix: 4, uplink_bandwidth: 0.5 GB/s, " RATE,
		     "4 uplinks of it are needed; an edge switch has 2 ports");
	line_refused("topology: dragonfly, groups: 9, routers: 3, hosts: 2, global_links: 2, " RATE,
		     "do not reach the 8 other groups");
	line_refused("topology: dragonfly, groups: 3, routers: 3, hosts: 2, size: 17, " RATE,
		     "is not groups x routers x hosts, 18");
	line_refused("topology: dragonfly, routers: 3, hosts: 2, " RATE, "groups");
}
