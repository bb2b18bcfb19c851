/* Switches, optics and network interfaces: every catalogue entry; what lines are built of; refusals. */
#include <math.h>

#include "line.h"

/* --- the catalogue --- */

static void *entry(struct line *line, const struct dc_catalogue_family *family, const char *name)
{
	struct dc_mark mark = {0};
	struct dc_node *node = dc_node_scalar(dc_config_arena(line->config), &mark, name);
	void *out = NULL;

	cr_assert_eq(dc_catalogue_read(line->config, family, node, &out), DC_OK, "%s", name);
	return out;
}

static size_t names_of(struct line *line, const struct dc_catalogue_family *family,
		       const char *const **names)
{
	size_t count = 0;

	cr_assert_eq(dc_catalogue_names(line->config, family->name, names, &count), DC_OK);
	return count;
}

/* Ranges that any box, module or card of the last ten years lies inside; -1 is not known. */
Test(topology_parts, every_entry_is_sane)
{
	const char *const *names;
	struct line line;
	size_t count;

	line_open("topology: ring, size: 2, bandwidth: 1 GB/s", &line);
	count = names_of(&line, &dc_fabric_switch_family, &names);
	cr_assert_geq(count, 7u);
	for (size_t i = 0; i < count; i++) {
		const struct dc_fabric_switch *s = entry(&line, &dc_fabric_switch_family, names[i]);
		double all_bps = (double)s->ports * s->bandwidth_bps;

		cr_expect_str_eq(s->name, names[i]);
		cr_expect(all_bps >= 1e12 && all_bps <= 1e13, "%s: %g B/s", names[i], all_bps);
		cr_expect(s->latency_s >= 0 && s->latency_s <= 2e-6, "%s", names[i]);
		cr_expect(s->power_w == -1 || s->power_w == 0 ||
				  (s->power_w >= 100 && s->power_w <= 2000),
			  "%s", names[i]);
		cr_expect(s->max_w == -1 || s->max_w >= s->power_w, "%s", names[i]);
		cr_expect(s->year >= 2015 && s->year <= 2030, "%s", names[i]);
	}
	count = names_of(&line, &dc_fabric_optics_family, &names);
	cr_assert_geq(count, 7u);
	for (size_t i = 0; i < count; i++) {
		const struct dc_fabric_optics *o = entry(&line, &dc_fabric_optics_family, names[i]);

		cr_expect_str_eq(o->name, names[i]);
		/* 0.1 W is a copper cable's memory chip; modules take 10 to 60 pJ per bit. */
		cr_expect(o->power_w == 0.1 || (o->power_w / (8 * o->bandwidth_bps) > 10e-12 &&
						o->power_w / (8 * o->bandwidth_bps) < 60e-12),
			  "%s", names[i]);
	}
	count = names_of(&line, &dc_fabric_nic_family, &names);
	cr_assert_geq(count, 5u);
	for (size_t i = 0; i < count; i++) {
		const struct dc_fabric_nic *n = entry(&line, &dc_fabric_nic_family, names[i]);

		cr_expect_str_eq(n->name, names[i]);
		cr_expect(n->bandwidth_bps >= 12.5e9 && n->bandwidth_bps <= 100e9, "%s", names[i]);
		/* PCIe carries what the ports do. */
		cr_expect(n->host_bandwidth_bps == 0 || n->host_bandwidth_bps > n->bandwidth_bps,
			  "%s", names[i]);
		cr_expect(n->power_w == -1 || (n->power_w >= 5 && n->power_w <= 150), "%s",
			  names[i]);
	}
	line_close(&line);
}

/* A port of 800 Gb/s that splits into four at most. */
Test(topology_parts, ports_split)
{
	const struct dc_fabric_switch device = {.ports = 64, .split = 4, .bandwidth_bps = 100e9};
	const struct dc_fabric_optics module = {.bandwidth_bps = 100e9};

	cr_expect_eq(dc_fabric_switch_ports(&device, 100e9), 64u);
	cr_expect_eq(dc_fabric_switch_ports(&device, 60e9), 64u);
	cr_expect_eq(dc_fabric_switch_ports(&device, 50e9), 128u);
	cr_expect_eq(dc_fabric_switch_ports(&device, 25e9), 256u);
	cr_expect_eq(dc_fabric_switch_ports(&device, 1e9), 256u);
	cr_expect_eq(dc_fabric_switch_ports(&device, 101e9), 0u);
	cr_expect_eq(dc_fabric_optics_split(&module, 25e9), 4u);
	cr_expect_eq(dc_fabric_optics_split(&module, 200e9), 0u);
}

/* --- what lines are built of --- */

#define SWITCH                                                                                     \
	"switch: {name: s, ports: 8, split: 2, bandwidth: 2 GB/s, power: 100 W, price: 1000 USD}"
#define COPPER "optics: {name: c, kind: cable, bandwidth: 2 GB/s, power: 0.1 W, price: 50 USD}"
#define TWIN "optics: {name: t, kind: transceiver, bandwidth: 2 GB/s, power: 10 W, price: 300 USD}"
#define RATE ", bandwidth: 1 GB/s"

static const struct {
	const char *yaml;
	uint64_t switches, cables, modules;
	double power_w, price_usd;
} known[] = {
	/* 16 links of 1 GB/s on 8 ports of 2 GB/s */
	{"topology: switch, size: 16, " SWITCH RATE, 1, 16, 0, 100, 1000},
	/* 16 cables of 50 USD, 0.1 W at both ends */
	{"topology: switch, size: 16, " SWITCH ", " COPPER RATE, 1, 16, 16, 103.2, 1800},
	/* 15 modules at members, 8 of two links at the switch */
	{"topology: switch, size: 15, " SWITCH ", " TWIN RATE, 1, 15, 23, 330, 7900},
	/* 16 ports: 8 members and 8 uplinks, 4 leaves, whose 32 uplinks fill 2 spines; 4 x 8 / 2 modules
	 * at leaves for members, as many for uplinks, and 2 x 16 / 2 at spines */
	{"topology: leaf-spine, size: 32, " SWITCH ", " TWIN RATE, 6, 64, 32 + 32 + 16, 1400,
	 30000},
	{"topology: fat-tree, size: 128, " SWITCH RATE, 24, 256, 0, 2400, 24000},
	/* 2 GB/s a link: 8 ports of each switch, three tiers of 4 down and 4 up; 16 members a pod */
	{"topology: fat-tree, size: 128, bandwidth: 2 GB/s, " SWITCH, 80, 384, 0, 8000, 80000},
	{"topology: rail, size: 16, " SWITCH RATE, 1, 16, 0, 100, 1000},
	{"topology: rail, size: 32, " SWITCH RATE, 6, 64, 0, 600, 6000},
	/* Of five ports four are used: 4 edge switches of two, under two */
	{"topology: fat-tree, size: 8, bandwidth: 1 GB/s, switch: {name: s, ports: 5, bandwidth: 1 "
	 "GB/s, power: 100 W, price: 1000 USD}",
	 6, 16, 0, 600, 6000},
	/* No switches: 6 cables, whose ends are members' */
	{"topology: ring, size: 6, " TWIN RATE, 0, 6, 12, 120, 3600},
	{"topology: fully-connected, size: 4, " COPPER RATE, 0, 6, 6, 1.2, 300},
	/* 4 routers a group: 2 members, 3 local and 1 global link on 16 half ports */
	{"topology: dragonfly, groups: 5, routers: 4, hosts: 2, " SWITCH RATE, 20, 40 + 30 + 10, 0,
	 2000, 20000},
	{"topology: tree, arity: [4, 2], " SWITCH RATE, 3, 10, 0, 300, 3000},
};

Test(topology_parts, counts_power_and_price)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct dc_topology_parts parts;
		struct line line;

		line_open(known[i].yaml, &line);
		cr_assert_eq(dc_topology_count_parts(line.dimension, &parts), DC_OK);
		cr_expect_eq(parts.switches, known[i].switches, "%s: %llu switches", known[i].yaml,
			     (unsigned long long)parts.switches);
		cr_expect_eq(parts.cables, known[i].cables, "%s: %llu cables", known[i].yaml,
			     (unsigned long long)parts.cables);
		cr_expect_eq(parts.modules, known[i].modules, "%s: %llu modules", known[i].yaml,
			     (unsigned long long)parts.modules);
		cr_expect(fabs(parts.power_w - known[i].power_w) < 1e-9 * known[i].power_w,
			  "%s: %g W", known[i].yaml, parts.power_w);
		cr_expect(fabs(parts.price_usd - known[i].price_usd) < 1e-9 * known[i].price_usd,
			  "%s: %g USD", known[i].yaml, parts.price_usd);
		line_close(&line);
	}
}

/* What is not known is not zero; nor is what is not named. */
Test(topology_parts, unknown_is_not_zero)
{
	struct dc_topology_parts parts;
	struct line line;

	line_open("topology: switch, size: 4" RATE, &line);
	cr_assert_eq(dc_topology_count_parts(line.dimension, &parts), DC_OK);
	cr_expect(isnan(parts.power_w) && isnan(parts.price_usd));
	line_close(&line);
	line_open("topology: switch, size: 4, switch: {name: s, ports: 8, bandwidth: 2 GB/s, "
		  "power: 100 W}, " COPPER RATE,
		  &line);
	cr_assert_eq(dc_topology_count_parts(line.dimension, &parts), DC_OK);
	cr_expect(fabs(parts.power_w - 100.8) < 1e-9 && isnan(parts.price_usd));
	line_close(&line);
}

/* By name: a pod of 1,024 at 400 Gb/s is 32 leaves and 16 spines of 64 ports; their 2,048 cables have a
 * module at each of 1,024 members and one for every two of 3,072 ports of switches. */
Test(topology_parts, from_the_catalogue)
{
	struct dc_topology_parts parts;
	struct line line;

	line_open("topology: fat-tree, size: 1024, bandwidth: 400 Gb/s, switch: qm9700, "
		  "optics: osfp-800g-dr8",
		  &line);
	cr_assert_eq(dc_topology_count_parts(line.dimension, &parts), DC_OK);
	cr_expect_eq(parts.switches, 48u);
	cr_expect_eq(parts.cables, 2048u);
	cr_expect_eq(parts.modules, 1024u + 1536u);
	cr_expect(fabs(parts.power_w - (48 * 747 + 2560 * 17)) < 1e-6);
	cr_expect(isnan(parts.price_usd));
	line_close(&line);
}

/* Bandwidth is the switch's where a dimension does not say it; 42 of 64 ports lead down, 21 up. */
Test(topology_parts, bandwidth_of_the_switch)
{
	static const char *const maps[] = {
		"topology: leaf-spine, size: 2144, oversubscription: 2, switch: sn4600",
		"topology: fat-tree, size: 64, oversubscription: 1, switch: sn4600",
		"topology: switch, size: 64, switch: sn4600",
		"topology: rail, size: 64, switch: sn4600",
		"topology: tree, arity: [8, 4], switch: sn4600",
		"topology: dragonfly, groups: 3, routers: 4, hosts: 4, switch: sn4600",
	};

	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
		struct line line;

		line_open(maps[i], &line);
		cr_expect_eq(line.dimension->bandwidth_bps, 25e9, "%s", maps[i]);
		for (uint64_t l = 0; l < line.count; l++)
			cr_expect_eq(line.links[l].bandwidth_bps, 25e9, "%s", maps[i]);
		line_close(&line);
	}
}

Test(topology_parts, refusals)
{
	line_refused("topology: switch, size: 17, " SWITCH RATE,
		     "a switch needs 9 ports; 's' has 8");
	line_refused("topology: switch, size: 65, bandwidth: 400 Gb/s, switch: qm9700",
		     "a switch needs 65 ports; 'qm9700' has 64");
	line_refused("topology: tree, arity: [16, 2], " SWITCH RATE, "a switch needs 9 ports");
	line_refused("topology: dragonfly, groups: 9, routers: 8, hosts: 9, " SWITCH RATE,
		     "a switch needs 9 ports");
	line_refused("topology: ring, size: 4, " SWITCH RATE, "it has no switches");
	line_refused("topology: switch, size: 4, bandwidth: 3 GB/s, " SWITCH,
		     "'s' carries 2 GB/s, less than the 3 GB/s of a link");
	line_refused("topology: leaf-spine, size: 4, bandwidth: 3 GB/s, " SWITCH,
		     "a port of 's' carries 2 GB/s");
	line_refused("topology: ring, size: 4, bandwidth: 3 GB/s, " TWIN,
		     "'t' carries 2 GB/s, less than the 3 GB/s of a link");
	line_refused("topology: leaf-spine, size: 8, hosts_per_leaf: 4, uplinks: 1, "
		     "uplink_bandwidth: 4 GB/s, " SWITCH RATE,
		     "less than the 4 GB/s of a link");
	line_refused("topology: leaf-spine, size: 300, " SWITCH RATE, "joins fewer leaves");
	line_refused("topology: leaf-spine, size: 8, radix: 17, " SWITCH RATE,
		     "the switch has 16 ports of that bandwidth");
	line_refused("topology: fat-tree, size: 2000, " SWITCH RATE, "more than the 1024");
	line_refused("topology: leaf-spine, size: 8, hosts_per_leaf: 4", "'bandwidth' is missing");
	line_refused("topology: mesh, size: 8", "'bandwidth' is missing");
	line_refused("topology: switch, size: 8, switch: qm97000" RATE, "qm9700");
	line_refused("topology: switch, size: 8, optics: {name: x, bandwidth: 1 GB/s}" RATE,
		     "kind");
}
