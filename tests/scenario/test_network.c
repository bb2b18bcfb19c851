/* A run of the network alone, end to end. topologies/flows-tree8.yaml was made so that its times can be had
 * by hand: hosts at 50 GB/s, leaves at 100 GB/s upwards, 600 ns and 800 ns per link. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "scenario/network_run.h"

static double figure(const struct test_run *run, enum dc_simulation_network_scalar scalar)
{
	return run->result.summary[scalar];
}

/* 25 MB at a quarter of 100 GB/s: 1 ms; 10 MB at a third of 50 GB/s: 600 us; 5 MB at 50 GB/s: 100 us; each
 * after 2 x 600 ns within a leaf, and 2 x 800 ns more between leaves. */
Test(network, tree8_rows)
{
	struct test_run run;
	const struct dc_flow_row *rows;

	run_all(&run, "flows-tree8", NULL, false);
	rows = run.memory.flows;
	cr_assert_eq(run.memory.flow_rows, 14);
	for (size_t i = 0; i < 14; i++) {
		double want_s = i < 8    ? 1e-3 + 2.8e-6
				: i < 11 ? 600e-6 + 1.2e-6
				: i < 12 ? 2.8e-6
					 : 100e-6 + 1.2e-6;

		cr_expect_float_eq(rows[i].duration_s, want_s, 2e-15, "row %zu: %.17g s", i,
				   rows[i].duration_s);
		cr_expect_float_eq(rows[i].finish_s, rows[i].start_s + want_s, 2e-15);
		cr_expect_float_eq(rows[i].rate_bps, rows[i].bytes / want_s,
				   1e-9 * rows[i].bytes / want_s + 1e-300);
	}
	/* The ping of no bytes, the 14th of the list, is held back by nothing. */
	cr_expect_eq(rows[11].flow, 13);
	cr_expect_eq(rows[11].bottleneck, DC_RECORD_NONE);
	cr_expect(run.memory.complete);
	/* start, busiest link, end */
	cr_expect_eq(run.memory.events, 3);
	run_free(&run);
}

Test(network, tree8_summary)
{
	struct test_run run;

	run_all(&run, "flows-tree8", NULL, false);
	/* The last to end are the pairs that start at 4 ms. */
	cr_expect_float_eq(figure(&run, DC_NETWORK_DURATION_S), 4.1012e-3, 2e-15);
	cr_expect_eq(figure(&run, DC_NETWORK_FLOWS), 14);
	cr_expect_eq(figure(&run, DC_NETWORK_FLOWS_UNFINISHED), 0);
	cr_expect_eq(figure(&run, DC_NETWORK_BYTES), 8 * 25e6 + 3 * 10e6 + 2 * 5e6);
	cr_expect_float_eq(figure(&run, DC_NETWORK_THROUGHPUT_BPS), 240e6 / 4.1012e-3, 1);
	cr_expect_float_eq(figure(&run, DC_NETWORK_COMPLETION_MEAN_S),
			   (8 * 1002.8e-6 + 3 * 601.2e-6 + 2 * 101.2e-6 + 2.8e-6) / 14, 1e-15);
	/* Of 14, the 7th and 8th are both among the eight longest. */
	cr_expect_float_eq(figure(&run, DC_NETWORK_COMPLETION_MEDIAN_S), 1002.8e-6, 2e-15);
	cr_expect_float_eq(figure(&run, DC_NETWORK_COMPLETION_P99_S), 1002.8e-6, 2e-15);
	cr_expect_float_eq(figure(&run, DC_NETWORK_COMPLETION_MAX_S), 1002.8e-6, 2e-15);
	/* Into h0: 25 MB and three times 10 MB, of 50 GB/s over the whole time. */
	cr_expect_str_eq(run.datacenter->traffic->graph.ids
				 .texts[(size_t)figure(&run, DC_NETWORK_BUSIEST_LINK)],
			 "h0-down");
	cr_expect_float_eq(figure(&run, DC_NETWORK_BUSIEST_UTILIZATION), 55e6 / (50e9 * 4.1012e-3),
			   1e-12);
	cr_expect_float_eq(figure(&run, DC_NETWORK_BYTES_RESIDUAL), 0, 1e-12);
	run_free(&run);
}

/* Every flow is simulated for itself anyway. */
Test(network, exact_is_the_same)
{
	struct test_run folded, exact;

	run_all(&folded, "flows-tree8", NULL, false);
	run_all(&exact, "flows-tree8", NULL, true);
	cr_assert_eq(folded.memory.flow_rows, exact.memory.flow_rows);
	for (size_t i = 0; i < exact.memory.flow_rows; i++) {
		cr_expect_eq(folded.memory.flows[i].flow, exact.memory.flows[i].flow);
		cr_expect_eq(folded.memory.flows[i].finish_s, exact.memory.flows[i].finish_s);
	}
	run_free(&folded);
	run_free(&exact);
}

/* A run that is cut knows what has not ended: at 2.3 ms the three into h0 are on their way, three have
 * not begun. The leaves have carried four times 25 MB upwards and are ahead of h0's link, which has
 * carried 25 MB, and 50 GB/s since 2 ms + 1.2 us of latency: 39.94 MB of the 115 MB possible. */
Test(network, cut_short)
{
	const char *const cut[] = {"run.duration=2.3 ms", NULL};
	struct test_run run;

	run_all(&run, "flows-tree8", cut, false);
	cr_expect_eq(figure(&run, DC_NETWORK_DURATION_S), 2.3e-3);
	cr_expect_eq(figure(&run, DC_NETWORK_FLOWS), 8);
	cr_expect_eq(figure(&run, DC_NETWORK_FLOWS_UNFINISHED), 6);
	cr_expect_eq(run.memory.flow_rows, 8);
	cr_expect_float_eq(figure(&run, DC_NETWORK_BUSIEST_UTILIZATION), 100e6 / (100e9 * 2.3e-3),
			   1e-12);
	cr_expect(isnan(figure(&run, DC_NETWORK_BYTES_RESIDUAL)));
	run_free(&run);
}

/* The long form reads back: checked with the files where they were found. */
Test(network, long_form)
{
	struct test_run run;
	const char *text;

	run_load(&run, "flows-tree8", NULL);
	text = dc_scenario_write(run.scenario, dc_config_arena(run.config));
	cr_assert_not_null(text);
	cr_expect_not_null(strstr(text, "kind: flows"));
	cr_expect_not_null(strstr(text, "topologies/flows-tree8-links.csv"));
	/* Nothing of what has no effect. */
	cr_expect_null(strstr(text, "facility"));
	cr_expect_null(strstr(text, "economics"));
	cr_expect_null(strstr(text, "racks"));
	run_free(&run);
}
