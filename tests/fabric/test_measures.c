/* Measures of whole fabrics, against formulas and counts by hand. */
#include <math.h>

#include "fabric/measures.h"
#include "line.h"

#define RATE "bandwidth: 50 GB/s, latency: 500 ns"
#define PARTS                                                                                      \
	"switch: {name: s, ports: 64, bandwidth: 50 GB/s, power: 700 W, price: 20000 USD}, "       \
	"optics: {name: c, kind: cable, bandwidth: 50 GB/s, power: 5 W, price: 100 USD}"

static const struct {
	const char *yaml;
	uint64_t ranks, links, diameter;
	double bisection_bps;
	uint64_t switches, cables, modules;
	double power_w, price_usd;
} known[] = {
	/* A k-ary n-cube: n k/2 links across, 2 k^(n-1) cables cut [Dally and Towles 2004, sec. 3.2]. */
	{"topology: torus, size: [8, 8], " RATE, 64, 256, 8, 16 * 50e9, 0, 128, 0, NAN, NAN},
	{"topology: torus, size: [40, 40, 40], " RATE, 64000, 384000, 60, 3200 * 50e9, 0, 192000, 0,
	 NAN, NAN},
	/* Across the 4: 3 lines of one cable; along the 3: 4 lines, not cut in halves */
	{"topology: mesh, size: [3, 4], " RATE, 12, 34, 5, 3 * 50e9, 0, 17, 0, NAN, NAN},
	/* 8 servers of 8: outside 8 lines of a switch, of 4 x 25 GB/s; inside 8 of 4 x 300 GB/s */
	{"topology: switch, size: 8, bandwidth: 300 GB/s}, {topology: switch, size: 8, bandwidth: "
	 "25 GB/s",
	 64, 256, 4, 8 * 4 * 25e9, 16, 128, 0, NAN, NAN},
	/* Inside nothing is named; outside 8 rails, each of 2 leaves of 32 and a spine with 32 cables to
	 * each: 3 boxes and 128 cables */
	{"topology: switch, size: 8, bandwidth: 450 GB/s}, {topology: fat-tree, size: 64, " PARTS,
	 512, 512 * 2 + 8 * 256, 6, 8 * 32 * 50e9, 64 + 8 * 3, 512 + 8 * 128, 8 * 128,
	 8 * (3 * 700 + 128 * 10), 8 * (3 * 20000 + 128 * 100)},
	{"topology: switch, size: 1, " RATE, 1, 2, 0, 0, 1, 1, 0, NAN, NAN},
};

static bool same(double a, double b)
{
	return isnan(b) ? isnan(a) : fabs(a - b) <= 1e-12 * fabs(b);
}

Test(measures, of_products)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct dc_fabric_measures m;
		struct line line;

		line_open(known[i].yaml, &line);
		cr_assert_eq(dc_fabric_measure(&line.fabric, &m), DC_OK);
		cr_expect_eq(line.fabric.ranks, known[i].ranks, "%s", known[i].yaml);
		cr_expect_eq(m.links, known[i].links, "%s: %llu links", known[i].yaml,
			     (unsigned long long)m.links);
		cr_expect_eq(m.diameter, known[i].diameter, "%s: diameter %llu", known[i].yaml,
			     (unsigned long long)m.diameter);
		cr_expect(same(m.bisection_bps, known[i].bisection_bps), "%s: %g B/s",
			  known[i].yaml, m.bisection_bps);
		cr_expect_eq(m.parts.switches, known[i].switches, "%s: %llu switches",
			     known[i].yaml, (unsigned long long)m.parts.switches);
		cr_expect_eq(m.parts.cables, known[i].cables, "%s: %llu cables", known[i].yaml,
			     (unsigned long long)m.parts.cables);
		cr_expect_eq(m.parts.modules, known[i].modules, "%s: %llu modules", known[i].yaml,
			     (unsigned long long)m.parts.modules);
		cr_expect(same(m.parts.power_w, known[i].power_w), "%s: %g W", known[i].yaml,
			  m.parts.power_w);
		cr_expect(same(m.parts.price_usd, known[i].price_usd), "%s: %g USD", known[i].yaml,
			  m.parts.price_usd);
		line_close(&line);
	}
}
