/* Ring collectives: 2(p-1)(L + S/(pB)), closed form and stepwise; published figures. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "build.h"

static const uint64_t mib = 1048576, gib = 1073741824;

/* The nearest femtosecond to numerator/denominator; an exact half has two. */
static bool nearest(dc_time step, dc_time numerator, dc_time denominator)
{
	dc_time off = 2 * (step * denominator - numerator);

	return off <= denominator && -off <= denominator;
}

struct row {
	uint64_t ranks;
	uint64_t size_bytes;
};

ParameterizedTestParameters(ring, all_reduce)
{
	static const struct row rows[] = {
		{2, 0},    {2, 1},    {2, 1048576},    {2, 1073741824},
		{3, 0},    {3, 1},    {3, 1048576},    {3, 1073741824},
		{8, 0},    {8, 1},    {8, 1048576},    {8, 1073741824},
		{64, 0},   {64, 1},   {64, 1048576},   {64, 1073741824},
		{256, 0},  {256, 1},  {256, 1048576},  {256, 1073741824},
		{1024, 0}, {1024, 1}, {1024, 1048576}, {1024, 1073741824},
	};

	return cr_make_param_array(struct row, (void *)rows, sizeof rows / sizeof *rows);
}

/* 2(p-1)(L + S/(pB)) [Thakur et al. 2005, sec. 4], in integers: a step is the nearest femtosecond
 * to (L p B + S)/(p B), L = 5e8 fs, B = 50e9 B/s = 50e9/1e15 B/fs, so (5e8 p 5e10 + 1e15 S)/(5e10
 * p). */
ParameterizedTest(struct row *row, ring, all_reduce)
{
	struct dc_fabric fabric = build_ring(row->ranks);
	dc_time denominator = (dc_time)50000000000 * (dc_time)row->ranks;
	dc_time numerator = 500000000 * denominator + DC_TIME_S * (dc_time)row->size_bytes;
	dc_time steps = 2 * ((dc_time)row->ranks - 1);
	dc_time duration = build_both(&fabric, DC_OPERATION_ALL_REDUCE, (double)row->size_bytes);

	cr_assert(duration % steps == 0 && nearest(duration / steps, numerator, denominator),
		  "%llu ranks, %llu B: %.17g s", (unsigned long long)row->ranks,
		  (unsigned long long)row->size_bytes, dc_time_to_s(duration));
}

/* 126 steps of 500 ns + 2^30/64 B / 50e9 B/s = 336,044.32 ns: 42.34158432 ms (hand, and
 * SimGrid). */
Test(ring, sixty_four_ranks_one_gib)
{
	struct dc_fabric fabric = build_ring(64);

	cr_expect(build_both(&fabric, DC_OPERATION_ALL_REDUCE, (double)gib) ==
		  (dc_time)42341584320000);
}

/* One rank has nobody to talk to. */
Test(ring, one_rank_takes_no_time)
{
	struct dc_fabric fabric = build_ring(1);

	for (int kind = DC_OPERATION_ALL_REDUCE; kind <= DC_OPERATION_ALL_GATHER; kind++) {
		cr_expect(build_both(&fabric, (enum dc_operation)kind, 1e9) == 0);
		cr_expect_eq(build_bound_s(&fabric, (enum dc_operation)kind, 1e9), 0);
	}
}

/* Each is one of the two halves of an all-reduce: p - 1 steps of the same length. */
Test(ring, reduce_scatter_and_all_gather_are_half)
{
	static const uint64_t ranks[] = {2, 3, 8, 64};

	for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
		struct dc_fabric fabric = build_ring(ranks[i]);
		dc_time whole = build_both(&fabric, DC_OPERATION_ALL_REDUCE, (double)mib);

		cr_expect(2 * build_both(&fabric, DC_OPERATION_REDUCE_SCATTER, (double)mib) ==
				  whole,
			  "%llu ranks", (unsigned long long)ranks[i]);
		cr_expect(2 * build_both(&fabric, DC_OPERATION_ALL_GATHER, (double)mib) == whole,
			  "%llu ranks", (unsigned long long)ranks[i]);
	}
}

struct published {
	uint64_t ranks;
	uint64_t size_bytes;
	double ns;
};

ParameterizedTestParameters(ring, astra_sim)
{
	static const struct published rows[] = {
		{8, 1048576, 43709},
		{8, 1073741824, 37587971},
		{64, 1048576, 104329},
		{64, 1073741824, 42341671},
	};

	return cr_make_param_array(struct published, (void *)rows, sizeof rows / sizeof *rows);
}

/* ASTRA-sim analytical, 50e9 B/s and 500 ns, one chunk. It floors each step to the nanosecond and
 * adds 1 ns at the end points, so each of its 2(p-1) steps may be off by 2 ns. */
ParameterizedTest(struct published *row, ring, astra_sim)
{
	struct dc_fabric fabric = build_ring(row->ranks);
	double steps = 2 * ((double)row->ranks - 1);
	double ns = 1e9 * dc_time_to_s(build_both(&fabric, DC_OPERATION_ALL_REDUCE,
						  (double)row->size_bytes));

	cr_assert(fabs(ns - row->ns) <= 2 * steps, "%llu ranks, %llu B: %.3f ns, published %.0f ns",
		  (unsigned long long)row->ranks, (unsigned long long)row->size_bytes, ns, row->ns);
}

ParameterizedTestParameters(ring, simgrid)
{
	static const struct published rows[] = {
		{8, 1073741824, 37587963.84},
		{64, 1073741824, 42341584.32},
		{256, 1073741824, 43036900.8},
		{1024, 1073741824, 43930729.92},
	};

	return cr_make_param_array(struct published, (void *)rows, sizeof rows / sizeof *rows);
}

/* SimGrid 3.32 at tight precision, written with ten digits behind the point of a second at most:
 * equal within half of the last one. */
ParameterizedTest(struct published *row, ring, simgrid)
{
	struct dc_fabric fabric = build_ring(row->ranks);
	double ns = 1e9 * dc_time_to_s(build_closed(&fabric, DC_OPERATION_ALL_REDUCE,
						    (double)row->size_bytes));

	cr_assert(fabs(ns - row->ns) <= 0.005, "%llu ranks: %.4f ns, published %.2f ns",
		  (unsigned long long)row->ranks, ns, row->ns);
}

/* Zero latency and zero size are legal: nothing to wait for, all within one instant. */
Test(ring, zero_latency_zero_size)
{
	struct dc_fabric fabric = {0};

	build_add(&fabric, 8, 50e9, 0, 1);
	cr_expect(build_both(&fabric, DC_OPERATION_ALL_REDUCE, 0) == 0);
	/* 14 steps of 125 B / 50e9 B/s = 2.5 ns (hand). */
	cr_expect(build_both(&fabric, DC_OPERATION_ALL_REDUCE, 1000) == 14 * (dc_time)2500000);
}

/* Every rank sends 2 S (p-1)/p. */
Test(ring, bytes)
{
	struct dc_fabric fabric = build_ring(64);

	cr_expect_float_eq(build_sent_bytes(&fabric, DC_OPERATION_ALL_REDUCE, (double)gib),
			   2.0 * (double)gib * 63 / 64, 1e-3);
}

/* Each operation of a job begins when the one before has ended: five take five times as long. */
Test(ring, back_to_back)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_fabric fabric = build_ring(5);
	struct dc_plan_operation_request operations[5];
	const struct dc_plan_job_request job = {0, operations, 5};
	const struct dc_plan_epoch epoch = {0, &fabric};
	const struct dc_plan_request request = {&job, 1, &epoch, 1};
	struct dc_plan plan;

	for (int i = 0; i < 5; i++)
		operations[i] = (struct dc_plan_operation_request){
			build_ring_schedule(arena, &fabric, DC_OPERATION_ALL_REDUCE, 12345),
			&dc_fabric_no_cost};
	cr_assert_eq(dc_plan_lay_out(&request, &plan), DC_OK);
	cr_expect(plans_run(&plan, true, NULL, NULL) ==
		  5 * build_closed(&fabric, DC_OPERATION_ALL_REDUCE, 12345));
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
}

/* A ring from YAML says what was written: 400 Gb/s are 50e9 B/s. */
Test(ring, from_yaml)
{
	struct dc_fabric fabric = build_good("networks: [{dimensions: [{topology: ring, size: 64, "
					     "bandwidth: 400 Gb/s, latency: 500 ns}]}]");

	cr_expect_eq(fabric.count, 1);
	cr_expect_eq(fabric.ranks, 64);
	cr_expect(build_both(&fabric, DC_OPERATION_ALL_REDUCE, (double)gib) ==
		  (dc_time)42341584320000);
}
