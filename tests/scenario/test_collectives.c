/* Collectives by themselves, end to end: rows, summary, links over time. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "scenario/network_collectives.h"
#include "scenario/network_run.h"

static const char column[] = "links/utilization";

static double figure(const struct test_run *run, enum dc_simulation_collective_scalar scalar)
{
	return run->result.summary[scalar];
}

/* 1 KiB to 1 GiB by 4: eleven sizes; 126 (500 ns + S/2/64/50e9) each, half of every chunk either way. */
Test(collectives, ring64_rows)
{
	struct test_run run;
	double total_s = 0, busbw_bps = 0;

	run_all(&run, "collective-ring64", NULL, false);
	cr_assert_eq(run.memory.collective_rows, 11);
	for (size_t i = 0; i < 11; i++) {
		const struct dc_collective_row *row = &run.memory.collectives[i];
		double size = 1024 * pow(4, (double)i);
		double want_s = 126 * (500e-9 + size / 2 / 64 / 50e9);

		cr_expect_eq(row->row, i);
		cr_expect_eq(row->size_bytes, size);
		cr_expect_float_eq(row->start_s, total_s, 1e-12);
		cr_expect_float_eq(row->duration_s, want_s, 1e-12, "%g B: %.17g s", size,
				   row->duration_s);
		cr_expect_float_eq(row->algbw_bps, size / want_s, 1e-6 * size / want_s);
		cr_expect_float_eq(row->busbw_bps, row->algbw_bps * 2 * 63 / 64,
				   1e-9 * row->busbw_bps);
		cr_expect_str_eq(dc_algorithms[row->algorithm]->name, "ring-bidirectional");
		cr_expect_str_eq(dc_algorithms[row->second]->name, "ring");
		cr_expect(row->second_s > row->alone_s);
		cr_expect_eq(row->alone_s, row->duration_s);
		total_s += row->duration_s;
		busbw_bps += row->busbw_bps / 11;
	}
	cr_expect_float_eq(figure(&run, DC_COLLECTIVES_DURATION_S), total_s, 1e-12);
	cr_expect_eq(figure(&run, DC_COLLECTIVES_OPERATIONS), 11);
	cr_expect_eq(figure(&run, DC_COLLECTIVES_RANKS), 64);
	cr_expect_float_eq(figure(&run, DC_COLLECTIVES_BUSBW_MEAN_BPS), busbw_bps,
			   1e-9 * busbw_bps);
	/* Members send 2 (p-1)/p of their vectors each: 126 times the sum of sizes. */
	cr_expect_float_eq(figure(&run, DC_COLLECTIVES_SENT_BYTES),
			   126 * 1024.0 * (pow(4, 11) - 1) / 3, 1);
	cr_expect_float_eq(figure(&run, DC_COLLECTIVES_BYTES_RESIDUAL), 0, 1e-12);
	cr_expect(run.memory.complete);
	run_free(&run);
}

/* What the series say, each column times its bandwidth, is what links have carried; of every mode. Recording
 * changes no time. */
static void expect_balance(const char *topology, const char *interval, const char *mode,
			   double column_bps)
{
	const char *overrides[] = {mode, interval, NULL};
	struct test_run plain, run;
	double carried = 0;
	size_t width;

	run_all(&plain, topology, NULL, false);
	run_all(&run, topology, overrides, false);
	width = run.memory.width;
	cr_assert_eq(run.memory.collective_rows, plain.memory.collective_rows);
	for (size_t i = 0; i < run.memory.collective_rows; i++)
		cr_expect_eq(run.memory.collectives[i].duration_s,
			     plain.memory.collectives[i].duration_s);
	for (size_t c = 0; c < width; c++)
		carried += run_integral(&run, column, c) * column_bps;
	cr_expect_float_eq(carried, figure(&run, DC_COLLECTIVES_WIRE_BYTES),
			   1e-9 * figure(&run, DC_COLLECTIVES_WIRE_BYTES), "%s %s: %.17g", topology,
			   mode, carried);
	for (size_t r = 0; r < run.memory.rows; r++)
		for (size_t c = 0; c < width; c++)
			cr_expect(run_value(&run, column, r, c) < 1 + 1e-9);
	run_free(&run);
	run_free(&plain);
}

Test(collectives, links_balance)
{
	expect_balance("collective-failure", "record.interval=3 ms", "record.links=all", 50e9);
	/* One class: 128 links from terminal to terminal. */
	expect_balance("collective-failure", "record.interval=3 ms", "record.links=class",
		       128 * 50e9);
	/* The class of a folded plan, and one interval longer than the run. */
	expect_balance("collective-ring64", "record.interval=50 us", "record.links=class",
		       128 * 50e9);
	expect_balance("collective-ring64", "record.interval=1 s", "record.links=all", 50e9);
}

/* The broken links carry nothing while they are down, from 5 ms to 60 ms. */
Test(collectives, broken_link_is_idle)
{
	struct test_run run;
	size_t at = SIZE_MAX;

	run_all(&run, "collective-failure",
		(const char *const[]){"record.links=all", "record.interval=5 ms", NULL}, false);
	for (size_t l = 0; l < run.memory.width; l++) {
		char name[64];

		dc_fabric_link_name(&run.datacenter->fabric, l, name, sizeof name);
		if (strcmp(name, "compute:7->8") == 0)
			at = l;
	}
	cr_assert_neq(at, SIZE_MAX);
	cr_expect(run_value(&run, column, 0, at) > 0.9);
	for (size_t r = 1; r < 12; r++)
		cr_expect_eq(run_value(&run, column, r, at), 0);
	cr_expect(run_value(&run, column, 12, at) > 0.9);
	run_free(&run);
}

/* The 16 busiest of flows-tree8: into h0 55 MB of 50 GB/s x 4.1012 ms, as the summary says. */
Test(collectives, busiest_links_of_flows)
{
	struct test_run run;

	run_all(&run, "flows-tree8",
		(const char *const[]){"record.links=top", "record.interval=100 us", NULL}, false);
	cr_assert_eq(run.memory.width, 16);
	cr_assert_eq(run.result.busiest_count, 3);
	cr_expect_str_eq(run.result.busiest[0].name, "h0-down");
	cr_expect_float_eq(run.result.busiest[0].utilization, 55e6 / (50e9 * 4.1012e-3), 1e-12);
	cr_expect_float_eq(run_integral(&run, column, 0) * 50e9, 55e6, 1);
	/* Sorted. */
	for (size_t c = 1; c < 16; c++)
		cr_expect(run_integral(&run, column, c) <=
			  run_integral(&run, column, c - 1) + 1e-12);
	cr_expect_float_eq(run.result.summary[DC_NETWORK_DURATION_S], 4.1012e-3, 2e-15);
	run_free(&run);
}
