/* Sharing by hand: bottlenecks, ties, caps, refusals. */
#include <criterion/criterion.h>
#include <math.h>

#include "system.h"

/* Three links of 10, 20 and 30; one flow over all, one on each [the parking lot, Bertsekas and Gallager
 * 1992, sec. 6.5.2]: the long one gets 5 as does its neighbour on the first, the others 15 and 25. */
Test(solver, parking_lot)
{
	struct dc_fluid_solver *solver = dc_fluid_create();
	struct dc_fluid_hop hops[3];
	uint32_t id[4];
	size_t count;

	for (uint32_t i = 0; i < 3; i++)
		hops[i] = (struct dc_fluid_hop){system_resource(solver, 10.0 * (i + 1), 1), 1};
	id[3] = system_flow(solver, hops, 3, 1);
	for (uint32_t i = 0; i < 3; i++)
		id[i] = system_flow(solver, &hops[i], 1, 1);
	cr_expect_eq(dc_fluid_rate(solver, id[3]), 0.0, "before the solve");
	cr_expect_eq(dc_fluid_load(solver, 0), 0.0, "before the solve");
	dc_fluid_solve(solver, &count);
	cr_expect_eq(count, 4u);
	cr_expect_eq(dc_fluid_rate(solver, id[3]), 5.0);
	cr_expect_eq(dc_fluid_rate(solver, id[0]), 5.0);
	cr_expect_eq(dc_fluid_rate(solver, id[1]), 15.0);
	cr_expect_eq(dc_fluid_rate(solver, id[2]), 25.0);
	cr_expect_eq(dc_fluid_bottleneck(solver, id[3]), hops[0].resource);
	cr_expect_eq(dc_fluid_load(solver, hops[1].resource), 20.0);
	/* Only what changes is named: the neighbour on the third link goes, nobody else notices. */
	dc_fluid_remove(solver, id[2]);
	dc_fluid_solve(solver, &count);
	cr_expect_eq(count, 0u);
	cr_expect_eq(dc_fluid_flows_on(solver, hops[2].resource), 1u);
	/* The first link's neighbour goes: the long flow is held by the second, at 10. */
	dc_fluid_remove(solver, id[0]);
	dc_fluid_solve(solver, &count);
	cr_expect_eq(count, 2u);
	cr_expect_eq(dc_fluid_rate(solver, id[3]), 10.0);
	cr_expect_eq(dc_fluid_rate(solver, id[1]), 10.0);
	dc_fluid_destroy(solver);
}

/* Ties of a filling: 12 flows, each over its own link of 1/3 and one of four shared by three, of exactly
 * 3 x 1/3 in doubles: all links are full at once, and rounding may bring up any of them. */
Test(solver, ties)
{
	struct dc_fluid_solver *solver = dc_fluid_create();
	uint32_t id[12];
	size_t count;

	for (int i = 0; i < 4; i++)
		system_resource(solver, 1.0 / 3 + 1.0 / 3 + 1.0 / 3, 1);
	for (uint32_t i = 0; i < 12; i++) {
		struct dc_fluid_hop hops[2] = {{i / 3, 1},
					       {system_resource(solver, 1.0 / 3, 1), 1}};

		id[i] = system_flow(solver, hops, 2, 1);
	}
	for (int full = 0; full < 2; full++) {
		if (full)
			dc_fluid_solve_full(solver, &count);
		else
			dc_fluid_solve(solver, &count);
		for (uint32_t i = 0; i < 12; i++)
			cr_expect(fabs(dc_fluid_rate(solver, id[i]) - 1.0 / 3) <= 1e-15);
	}
	dc_fluid_destroy(solver);
}

/* 4,000 weighted flows on one link, caps freezing all but a few one after the other: what is left over is
 * found to 1e-14 of the link. By hand: caps of 1, 2, ... kB/s below the fair level, so the two without a
 * cap, of weights 1e-3 and 3e-3, share 50e9 less the sum of the caps. */
Test(solver, many_caps_leave_an_exact_rest)
{
	enum { CAPPED = 4000 };
	struct dc_fluid_solver *solver = dc_fluid_create();
	const struct dc_fluid_hop hop = {system_resource(solver, 50e9, 1), 1};
	double left = 50e9 - 1e3 * CAPPED * (CAPPED + 1) / 2;
	uint32_t id, light, heavy;
	size_t count;

	for (uint32_t i = 1; i <= CAPPED; i++) {
		const struct dc_fluid_flow spec = {&hop, 1, 1.0 + 1.0 / i, 1e3 * i, 1};

		cr_assert_eq(dc_fluid_add(solver, &spec, &id), DC_OK);
		cr_assert_eq(dc_fluid_start(solver, id), DC_OK);
	}
	light = system_flow(solver, &hop, 1, 1);
	heavy = system_flow(solver, &hop, 1, 1);
	cr_assert_eq(dc_fluid_set_weight(solver, light, 1e-3), DC_OK);
	cr_assert_eq(dc_fluid_set_weight(solver, heavy, 3e-3), DC_OK);
	for (int full = 0; full < 2; full++) {
		if (full)
			dc_fluid_solve_full(solver, &count);
		else
			dc_fluid_solve(solver, &count);
		cr_expect(fabs(dc_fluid_rate(solver, light) - left / 4) <= 1e-14 * 50e9,
			  "%.17g for %.17g", dc_fluid_rate(solver, light), left / 4);
		cr_expect(fabs(dc_fluid_rate(solver, heavy) - left * 0.75) <= 1e-14 * 50e9,
			  "%.17g for %.17g", dc_fluid_rate(solver, heavy), left * 0.75);
	}
	dc_fluid_destroy(solver);
}

/* Values out of range are refused (solver.h). */
Test(solver, refusals)
{
	struct dc_fluid_solver *solver = dc_fluid_create();
	const struct dc_fluid_hop good = {system_resource(solver, 1, 1), 1}, missing = {1, 1},
				  negative = {0, -1}, nan = {0, (double)NAN};
	const double inf = (double)INFINITY;
	const struct dc_fluid_flow bad[] = {
		{&good, 1, 0, inf, 1}, {&good, 1, inf, inf, 1},       {&good, 1, 1, -1, 1},
		{&good, 1, 1, inf, 0}, {&missing, 1, 1, inf, 1},      {&negative, 1, 1, inf, 1},
		{&nan, 1, 1, inf, 1},  {&good, 1, 1, (double)NAN, 1},
	};
	uint32_t id;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_eq(dc_fluid_add(solver, &bad[i], &id), DC_ERR_RUN, "flow %zu", i);
	cr_expect_eq(dc_fluid_add_resource(solver, -1, 1, &id), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_add_resource(solver, 1, 0, &id), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_set_capacity(solver, 0, (double)NAN), DC_ERR_RUN);
	id = system_flow(solver, &good, 1, 1);
	cr_expect_eq(dc_fluid_set_weight(solver, id, 0), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_set_cap(solver, id, -1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_set_path(solver, id, &missing, 1), DC_ERR_RUN);
	dc_fluid_destroy(solver);
}
