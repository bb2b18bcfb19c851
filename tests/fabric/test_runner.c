/* The runner: message by message, coalesced, and in closed form. */
#include "plans.h"

#include "build.h"

static const double gib = 1073741824;

/* 2(p-1)(L + S/(pB)) on rings of 50 GB/s and 500 ns, 2L through a switch [Thakur et al. 2005, sec. 4],
 * each step rounded once: message by message and coalesced give the tick. */
Test(runner, ring_all_reduce)
{
	for (uint64_t p = 1; p <= 64; p++) {
		for (unsigned links = 1; links <= 2; links++) {
			struct dc_arena *arena = dc_arena_create();
			struct dc_fabric fabric = {0};
			const struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE,
							   .size_bytes = gib};
			struct dc_group group;
			struct dc_plan plan;
			dc_time expected;
			struct dc_runner_statistics statistics;

			build_add(&fabric, p, 50e9, 500e-9, links);
			group = dc_group_all(&fabric);
			plan = plans_lay_out(&fabric,
					     plans_lower(arena, &fabric, &group, "ring", &request));
			expected = 2 * ((dc_time)p - 1) *
				   dc_time_from_s(links * 500e-9 + gib / (double)p / 50e9);
			if (p > 1) {
				cr_expect(plans_run(&plan, true, NULL, &statistics) == expected,
					  "%u ranks", (unsigned)p);
				cr_expect_eq(statistics.messages, 2 * (p - 1) * p);
				cr_expect(plans_run(&plan, false, NULL, &statistics) == expected,
					  "%u ranks, coalesced", (unsigned)p);
				cr_expect_eq(statistics.messages, 0);
				cr_expect_eq(statistics.coalesced, 2 * (p - 1) * p);
			}
			dc_plan_fini(&plan);
			dc_arena_destroy(arena);
		}
	}
}
