/* What switches add up, and how many chunks a pipeline takes. */
#include "algorithm_flow.h"
#include "fabric/algorithm_part.h"
#include "plans.h"

static const double gib = 1073741824;

/* A schedule on a switch of p that adds up, or does not. */
struct bench {
	struct dc_fabric fabric;
	struct dc_group group;
	struct dc_arena *arena;
	struct dc_schedule schedule;
};

static void start(struct bench *bench, uint64_t inner, uint64_t outer, bool reduces)
{
	const uint64_t sizes[] = {inner, outer};

	memset(bench, 0, sizeof *bench);
	bench->fabric = flow_fabric(sizes, outer > 1 ? 2 : 1, false);
	bench->fabric.dimensions[0].reduces = reduces;
	bench->group = dc_group_all(&bench->fabric);
	bench->arena = dc_arena_create();
}

static void stop(struct bench *bench)
{
	dc_arena_destroy(bench->arena);
}

static void expect_pattern(const struct bench *bench, size_t phase, size_t pattern,
			   enum dc_pattern_kind kind, double bytes)
{
	const struct dc_schedule_phase *p = &bench->schedule.tracks[0].phases[phase];

	cr_assert(phase < bench->schedule.tracks[0].count && pattern < p->count);
	cr_expect_eq(p->patterns[pattern].kind, kind);
	cr_expect_float_eq(p->patterns[pattern].bytes, bytes, 1e-9 * bytes);
}

/* On a switch of p, per member and way: reduce-scatter S up and S/p down, all-gather S/p up and S
 * down, one step; the all-reduce both, S (1 + 1/p), broadcast and reduction S, a barrier nothing: a way
 * down of no bytes ends these. */
Test(algorithm_parts, in_network_on_a_switch)
{
	for (uint64_t p = 2; p <= 64; p++) {
		const double s = 1e6, n = (double)p;
		const struct {
			enum dc_operation operation;
			double up, down;
		} rows[] = {
			{DC_OPERATION_REDUCE_SCATTER, s, s / n},
			{DC_OPERATION_ALL_GATHER, s / n, s},
			{DC_OPERATION_ALL_REDUCE, s + s / n, s + s / n},
			{DC_OPERATION_BROADCAST, s, s},
			{DC_OPERATION_REDUCE, s, s},
			{DC_OPERATION_BARRIER, 0, 0},
		};

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct dc_request request = {.operation = rows[i].operation,
						     .size_bytes = s};
			struct bench bench;

			start(&bench, p, 1, true);
			flow_lower(&dc_algorithm_in_network, &bench.fabric, &bench.group, &request,
				   bench.arena, &bench.schedule);
			expect_pattern(&bench, 0, 0, DC_PATTERN_UP, rows[i].up);
			expect_pattern(&bench, 0, 1, DC_PATTERN_DOWN, rows[i].down);
			if (i > 1)
				expect_pattern(&bench, 1, 0, DC_PATTERN_DOWN, 0);
			cr_expect_eq(dc_schedule_steps(&bench.schedule), i > 1 ? 2 : 1);
			cr_expect_float_eq(dc_schedule_bytes(&bench.schedule),
					   n * (rows[i].up + rows[i].down), 1e-6 * s);
			stop(&bench);
		}
	}
}

/* Runs an operation of 1 GiB on a switch of 8 with links of 50e9 B/s and 500 ns. */
static dc_time run_on_switch(enum dc_operation operation)
{
	struct dc_request request = {.operation = operation, .size_bytes = gib};
	struct bench bench;
	struct dc_plan plan;
	dc_time end;

	start(&bench, 8, 1, true);
	flow_lower(&dc_algorithm_in_network, &bench.fabric, &bench.group, &request, bench.arena,
		   &bench.schedule);
	plan = plans_lay_out(&bench.fabric, &bench.schedule);
	end = plans_run(&plan, true, NULL, NULL);
	cr_expect(plans_run(&plan, false, NULL, NULL) == end);
	dc_plan_fini(&plan);
	stop(&bench);
	return end;
}

/* A sum comes back to the member that takes it: 2 x 500 ns and S/B = 21,474,836.48 ns (hand). A reduce-scatter
 * and an all-gather do this once; an all-reduce one after the other, streaming, S (1 + 1/8)/B =
 * 24,159,191.04 ns and 4 x 500 ns [NVIDIA, NCCL 2.17, NVLS: the sum of a part is read through the switch by
 * one member, which writes it through the switch to all]. Broadcast and reduction go up and down once. */
Test(algorithm_parts, in_network_crosses_links_up_and_down)
{
	cr_expect(run_on_switch(DC_OPERATION_REDUCE_SCATTER) == (dc_time)21475836480000);
	cr_expect(run_on_switch(DC_OPERATION_ALL_GATHER) == (dc_time)21475836480000);
	cr_expect(run_on_switch(DC_OPERATION_ALL_REDUCE) == (dc_time)24161191040000);
	cr_expect(run_on_switch(DC_OPERATION_BROADCAST) == (dc_time)21475836480000);
	cr_expect(run_on_switch(DC_OPERATION_REDUCE) == (dc_time)21475836480000);
}

/* Between nodes a ring of S/8: 1 + 1/8 vectors by the node's switch each way in turn, and 2 x 3
 * messages of S/8/4. */
Test(algorithm_parts, in_network_in_nodes)
{
	struct dc_request request = {
		.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 3200, .chunks = 1};
	struct bench bench;

	start(&bench, 8, 4, true);
	flow_lower(&dc_algorithm_in_network, &bench.fabric, &bench.group, &request, bench.arena,
		   &bench.schedule);
	expect_pattern(&bench, 0, 0, DC_PATTERN_UP, 3200);
	expect_pattern(&bench, 0, 1, DC_PATTERN_DOWN, 400);
	expect_pattern(&bench, 1, 0, DC_PATTERN_SHIFT, 100);
	expect_pattern(&bench, 2, 0, DC_PATTERN_SHIFT, 100);
	expect_pattern(&bench, 3, 0, DC_PATTERN_UP, 400);
	expect_pattern(&bench, 3, 1, DC_PATTERN_DOWN, 3200);
	cr_expect_eq(bench.schedule.tracks[0].phases[1].repeat, 3);
	cr_expect_eq(dc_schedule_steps(&bench.schedule), 1 + 3 + 3 + 1);
	stop(&bench);
}

Test(algorithm_parts, in_network_needs_switches_that_can)
{
	struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 1};
	const char *why = NULL;
	struct bench bench;

	start(&bench, 8, 1, false);
	cr_expect(!dc_algorithm_fits(&dc_algorithm_in_network, &bench.fabric, &bench.group,
				     &request, &why));
	cr_assert_not_null(why);
	cr_expect(strstr(why, "reduce_in_network") != NULL, "%s", why);
	stop(&bench);
	start(&bench, 8, 2, true);
	request.operation = DC_OPERATION_BROADCAST;
	cr_expect(!dc_algorithm_fits(&dc_algorithm_in_network, &bench.fabric, &bench.group,
				     &request, &why));
	stop(&bench);
}

/* A tree of switches (another type than one switch): S each way for the whole, as the outermost
 * dimension with all members only; sums for some are left to others. */
Test(algorithm_parts, in_network_on_a_tree)
{
	struct dc_topology_type tree = dc_topology_switch;
	struct dc_request request = {
		.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 3200, .chunks = 1};
	struct dc_group half;
	struct bench bench;

	tree.name = "stand-in";
	start(&bench, 8, 4, false);
	bench.fabric.dimensions[1].type = &tree;
	bench.fabric.dimensions[1].reduces = true;
	flow_lower(&dc_algorithm_in_network, &bench.fabric, &bench.group, &request, bench.arena,
		   &bench.schedule);
	/* Seven steps of S/8 in the node, S/8 up and down outside, the way down, and back. */
	expect_pattern(&bench, 0, 0, DC_PATTERN_SHIFT, 400);
	expect_pattern(&bench, 1, 0, DC_PATTERN_UP, 400);
	expect_pattern(&bench, 1, 1, DC_PATTERN_DOWN, 400);
	cr_expect_eq(dc_schedule_steps(&bench.schedule), 7 + 2 + 7);
	cr_expect(!dc_algorithm_in_network.is_disjoint(&bench.fabric, &bench.group, &request));
	request.operation = DC_OPERATION_REDUCE_SCATTER;
	cr_expect(!dc_algorithm_fits(&dc_algorithm_in_network, &bench.fabric, &bench.group,
				     &request, NULL));
	/* Two of the four outside. */
	request.operation = DC_OPERATION_ALL_REDUCE;
	cr_assert_eq(dc_group_stride(&bench.fabric, 0, 2, 8, &half), DC_OK);
	cr_expect(
		!dc_algorithm_fits(&dc_algorithm_in_network, &bench.fabric, &half, &request, NULL));
	/* Inside, where a part would have to be scattered. */
	bench.fabric.dimensions[0].type = &tree;
	bench.fabric.dimensions[0].reduces = true;
	bench.fabric.dimensions[1].reduces = false;
	cr_expect(!dc_algorithm_fits(&dc_algorithm_in_network, &bench.fabric, &bench.group,
				     &request, NULL));
	stop(&bench);
}

/* --- chunks --- */

/* (phases + K - 1)(L + S/(K B)) over all K, against the one chosen. L = 1 us: two links of 500
 * ns. */
Test(algorithm_parts, pipeline_is_shortest)
{
	static const double sizes[] = {0, 1, 1e3, 1e5, 1e6, 3e7, 1e9, 1e11};
	struct bench bench;

	start(&bench, 8, 1, false);
	for (uint64_t phases = 1; phases <= 40; phases++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			uint64_t chosen = dc_algorithm_pipeline(&bench.fabric, &bench.group, NULL,
								phases, sizes[i]);
			double least_s = (double)INFINITY, chosen_s = 0;

			cr_assert(chosen >= 1 && chosen <= DC_ALGORITHM_MOST_CHUNKS);
			for (uint64_t k = 1; k <= DC_ALGORITHM_MOST_CHUNKS; k++) {
				double takes_s = (double)(phases + k - 1) *
						 (1e-6 + sizes[i] / (double)k / 50e9);

				least_s = fmin(least_s, takes_s);
				if (k == chosen)
					chosen_s = takes_s;
			}
			cr_expect(chosen_s <= least_s * (1 + 1e-12), "%u phases, %g B: %u chunks",
				  (unsigned)phases, sizes[i], (unsigned)chosen);
		}
	stop(&bench);
}

/* What a message costs beside its links counts: 8 us more a step and twice the bytes on the wire, 9
 * phases of 9e6 B: K = sqrt(8 x 18e6/50e9 s / 9 us) = sqrt(320) = 17.9, 18 (hand). */
Test(algorithm_parts, pipeline_with_costs)
{
	const struct dc_fabric_cost cost = {.step_s = {8e-6}, .inflation = {2}};
	struct bench bench;

	start(&bench, 8, 1, false);
	cr_expect_eq(dc_algorithm_pipeline(&bench.fabric, &bench.group, &cost, 9, 9e6), 18);
	stop(&bench);
}

/* Without latency more chunks are always better: as many as there may be. */
Test(algorithm_parts, pipeline_without_latency)
{
	struct bench bench;

	start(&bench, 8, 1, false);
	bench.fabric.dimensions[0].latency_s = 0;
	cr_expect_eq(dc_algorithm_pipeline(&bench.fabric, &bench.group, NULL, 7, 1e6),
		     DC_ALGORITHM_MOST_CHUNKS);
	cr_expect_eq(dc_algorithm_pipeline(&bench.fabric, &bench.group, NULL, 1, 1e6), 1);
	cr_expect_eq(dc_algorithm_pipeline(&bench.fabric, &bench.group, NULL, 7, 0), 1);
	stop(&bench);
}

static dc_time hierarchical_duration(const struct bench *bench, double size_bytes, uint64_t chunks)
{
	struct dc_collective_request request = {
		.group = bench->group,
		.request = {.operation = DC_OPERATION_ALL_REDUCE,
			    .size_bytes = size_bytes,
			    .chunks = chunks},
		.algorithm = &dc_algorithm_hierarchical,
	};
	struct dc_collective collective;

	cr_assert_eq(dc_collective_find(&bench->fabric, &request, &collective, NULL), DC_OK);
	return collective.duration;
}

/* Few bytes take one chunk; the chunks chosen are within a tenth of the best power of two, by trying
 * them; all bytes are kept: 2 S (1 - 1/16) from each of 16. */
Test(algorithm_parts, hierarchical_chunks)
{
	static const double sizes[] = {8, 1e6, 1e8, 1e9}, outer_bps[] = {50e9, 6e9};

	for (size_t i = 0; i < 8; i++) {
		struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE,
					     .size_bytes = sizes[i % 4]};
		struct bench bench;
		dc_time best = DC_TIME_NEVER;

		start(&bench, 4, 4, false);
		bench.fabric.dimensions[1].bandwidth_bps = outer_bps[i / 4];
		flow_lower(&dc_algorithm_hierarchical, &bench.fabric, &bench.group, &request,
			   bench.arena, &bench.schedule);
		cr_expect_float_eq(dc_schedule_bytes(&bench.schedule), 30 * sizes[i % 4],
				   1e-9 * sizes[i % 4]);
		if (i % 4 == 0)
			cr_expect_eq(bench.schedule.tracks[0].chunks, 1);
		for (uint64_t k = 1; k <= 256; k *= 2) {
			dc_time tried = hierarchical_duration(&bench, sizes[i % 4], k);

			best = tried < best ? tried : best;
		}
		cr_expect_leq(dc_time_to_s(hierarchical_duration(&bench, sizes[i % 4], 0)),
			      1.1 * dc_time_to_s(best), "%g bytes", sizes[i % 4]);
		stop(&bench);
	}
}

/* ceil(log2 n). */
Test(algorithm_parts, levels)
{
	cr_expect_eq(dc_algorithm_levels(1), 0);
	cr_expect_eq(dc_algorithm_levels(2), 1);
	cr_expect_eq(dc_algorithm_levels(3), 2);
	cr_expect_eq(dc_algorithm_levels(64), 6);
	cr_expect_eq(dc_algorithm_levels(65), 7);
}
