/* Fabrics of several dimensions: torus, switch, nodes on a switch; bounds; refusals. */
#include <math.h>

#include "build.h"

static const double gib = 1073741824;

/* A small generator of its own (xorshift64, Marsaglia 2003), so that every run draws the same. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

/* Reduce-scatter S along the first dimension, S/n0 along the second, ...; then back: the sum over
 * dimensions of 2(n-1)(l L + chunk/B), each step rounded to the femtosecond from long double. */
static dc_time per_dimension(const struct dc_fabric *fabric, double size_bytes)
{
	long double chunk_bytes = (long double)size_bytes;
	dc_time sum = 0;

	for (size_t i = 0; i < fabric->count; i++) {
		const struct dc_fabric_dimension *d = &fabric->dimensions[i];
		long double step;

		chunk_bytes /= (long double)d->size;
		step = (d->type == &dc_topology_switch ? 2 : 1) * (long double)d->latency_s +
		       chunk_bytes / (long double)d->bandwidth_bps;
		sum += 2 * ((dc_time)d->size - 1) * (dc_time)llrintl(step * 1e15L);
	}
	return sum;
}

static struct dc_fabric torus(const uint64_t *sizes, size_t count)
{
	struct dc_fabric fabric = {0};

	for (size_t i = 0; i < count; i++)
		build_add(&fabric, sizes[i], 50e9, 500e-9, 1);
	return fabric;
}

/* 14 steps of 500 ns + 2^30/8 B / 50e9 B/s = 2,684,854.56 ns and 14 of 500 ns + 2^30/64 B / 50e9
 * B/s (336,044.32 ns): 37,587,963.84 + 4,704,620.48 = 42,292,584.32 ns (hand). ASTRA-sim publishes
 * 42,292,603 ns: it floors each of the 28 steps to the nanosecond and adds 1 ns at the end points,
 * so 2 ns per step are its tolerance. The 1 MiB case: 55,303 ns. */
Test(torus, eight_by_eight)
{
	struct dc_fabric fabric = torus((const uint64_t[]){8, 8}, 2);
	dc_time duration = build_both(&fabric, DC_OPERATION_ALL_REDUCE, gib);

	cr_expect(duration == (dc_time)42292584320000, "%.17g s", dc_time_to_s(duration));
	cr_expect(duration == per_dimension(&fabric, gib));
	cr_expect(fabs(1e9 * dc_time_to_s(duration) - 42292603) <= 2 * 28);
	cr_expect(fabs(1e9 * dc_time_to_s(build_both(&fabric, DC_OPERATION_ALL_REDUCE, 1048576)) -
		       55303) <= 2 * 28);
}

Test(torus, unequal_dimensions)
{
	static const uint64_t sizes[][4] = {
		{3, 5, 0, 0}, {16, 2, 0, 0}, {2, 3, 4, 0}, {5, 1, 7, 0}, {1, 1, 9, 0}, {2, 2, 2, 3},
	};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t count = sizes[i][2] ? sizes[i][3] ? 4 : 3 : 2;
		struct dc_fabric fabric = torus(sizes[i], count);
		dc_time duration = build_both(&fabric, DC_OPERATION_ALL_REDUCE, 123456789);
		dc_time expected = per_dimension(&fabric, 123456789);
		dc_time steps = 0;

		for (size_t d = 0; d < count; d++)
			steps += 2 * ((dc_time)sizes[i][d] - 1);
		/* Double and long double may round a step to different neighbours. */
		cr_expect(duration - expected <= steps && expected - duration <= steps,
			  "torus %zu: %.17g s for %.17g s", i, dc_time_to_s(duration),
			  dc_time_to_s(expected));
	}
}

/* Reduce-scatter goes through the dimensions forwards, all-gather backwards; together they are an
 * all-reduce. */
Test(torus, halves)
{
	struct dc_fabric fabric = torus((const uint64_t[]){4, 6}, 2);
	dc_time scatter = build_both(&fabric, DC_OPERATION_REDUCE_SCATTER, 1e6);
	dc_time gather = build_both(&fabric, DC_OPERATION_ALL_GATHER, 1e6);

	cr_expect(scatter == gather);
	cr_expect(scatter + gather == build_both(&fabric, DC_OPERATION_ALL_REDUCE, 1e6));
}

/* Through a switch a message crosses two links but pays its size once (cut-through): a ring of
 * twice the latency. A store-and-forward model doubles it (70.0 ms for 35.0 ms in ASTRA-sim). */
Test(torus, switch_is_two_links)
{
	struct dc_fabric star = build_good("networks: [{dimensions: [{topology: switch, size: 8, "
					   "bandwidth: 50 GB/s, latency: 500 ns}]}]");
	struct dc_fabric ring = {0};

	build_add(&ring, 8, 50e9, 1000e-9, 1);
	cr_expect(build_both(&star, DC_OPERATION_ALL_REDUCE, gib) ==
		  build_both(&ring, DC_OPERATION_ALL_REDUCE, gib));
	/* 14 (1,000 ns + 2,684,354.56 ns) = 37,594,963.84 ns (hand). */
	cr_expect(build_both(&star, DC_OPERATION_ALL_REDUCE, gib) == (dc_time)37594963840000);
}

/* Eight nodes of eight: 300 GB/s and 700 ns through NVSwitch inside, 25 GB/s and 600 ns on a switch
 * outside. Inside 14 (1,400 ns + 2^27 B / 300e9 B/s), outside 14 (1,200 ns + 2^24 B / 25e9 B/s) =
 * 14 (448,792.4266.. ns) + 14 (672,288.64 ns) = 15,695,134.9 ns (hand). */
Test(torus, nodes_on_a_switch)
{
	struct dc_fabric fabric =
		build_good("networks: [{dimensions: ["
			   "{topology: switch, size: 8, bandwidth: 300 GB/s, latency: 700 ns},"
			   "{topology: switch, size: 8, bandwidth: 25 GB/s, latency: 600 ns}]}]");
	dc_time duration = build_both(&fabric, DC_OPERATION_ALL_REDUCE, gib);

	cr_expect_eq(fabric.ranks, 64);
	cr_expect(duration == per_dimension(&fabric, gib));
	cr_expect_float_eq(1e9 * dc_time_to_s(duration), 15695134.9333, 1e-3, "%.17g s",
			   dc_time_to_s(duration));
}

/* No schedule beats 2 S (p-1)/p bytes out of each rank over all its ways out at once, rounding of
 * the steps aside: half a femtosecond each. */
Test(torus, bandwidth_bound_is_never_beaten)
{
	uint64_t state = 3;

	for (int round = 0; round < 2000; round++) {
		struct dc_fabric fabric = {0};
		size_t count = 1 + draw(&state, 5);
		double size_bytes = pow(10, (double)draw(&state, 1200) / 100);

		for (size_t i = 0; i < count; i++)
			build_add(&fabric, 1 + draw(&state, 20),
				  pow(10, 8 + (double)draw(&state, 400) / 100),
				  draw(&state, 2) ? 0 : 1e-9 * (double)draw(&state, 10000),
				  1 + (unsigned)draw(&state, 2));
		for (int kind = DC_OPERATION_ALL_REDUCE; kind <= DC_OPERATION_ALL_GATHER; kind++) {
			dc_time closed = build_closed(&fabric, (enum dc_operation)kind, size_bytes);
			double bound_s, rounding_s = 0;

			for (size_t i = 0; i < fabric.count; i++)
				rounding_s += 2e-15 * (double)fabric.dimensions[i].size;
			bound_s = build_bound_s(&fabric, (enum dc_operation)kind, size_bytes);
			cr_assert(dc_time_to_s(closed) >= bound_s * (1 - 1e-14) - rounding_s,
				  "round %d, kind %d: %.17g s, bound %.17g s", round, kind,
				  dc_time_to_s(closed), bound_s);
		}
	}
}

/* One ring without latency takes twice its bound: it uses one of the two ways out. */
Test(torus, one_ring_is_half_of_what_there_is)
{
	struct dc_fabric fabric = {0};

	build_add(&fabric, 16, 50e9, 0, 1);
	cr_expect_float_eq(dc_time_to_s(build_both(&fabric, DC_OPERATION_ALL_REDUCE, gib)),
			   2 * build_bound_s(&fabric, DC_OPERATION_ALL_REDUCE, gib), 1e-13);
}

/* Random fabrics, closed form against every message: the same tick on every rank, all bytes
 * delivered (the run fails otherwise). Every rank sends S (p-1)/p per half: reduce-scatter along n0
 * leaves S/n0, and S (1 - 1/n0) + S/n0 (1 - 1/n1) + ... = S (1 - 1/p). */
Test(torus, stepwise_equals_closed_form)
{
	uint64_t state = 11;

	for (int round = 0; round < 100; round++) {
		struct dc_fabric fabric = {0};
		size_t count = 1 + draw(&state, 4);
		double size_bytes = (double)draw(&state, 100000000);
		double share;

		for (size_t i = 0; i < count; i++)
			build_add(&fabric, 1 + draw(&state, 5),
				  1e9 * (double)(1 + draw(&state, 100)),
				  1e-9 * (double)draw(&state, 3000), 1 + (unsigned)draw(&state, 2));
		build_both(&fabric, DC_OPERATION_ALL_REDUCE, size_bytes);
		build_both(&fabric, DC_OPERATION_REDUCE_SCATTER, size_bytes);
		build_both(&fabric, DC_OPERATION_ALL_GATHER, size_bytes);
		share = 1 - 1 / (double)fabric.ranks;
		cr_assert(fabs(build_sent_bytes(&fabric, DC_OPERATION_REDUCE_SCATTER, size_bytes) -
			       size_bytes * share) <= 1e-12 * size_bytes,
			  "round %d", round);
	}
}

/* A step along a dimension permutes the ranks, and `size` steps come home; other coordinates
 * stay. */
Test(torus, neighbours_permute)
{
	struct dc_fabric fabric = torus((const uint64_t[]){3, 4, 1, 5}, 4);

	for (size_t d = 0; d < fabric.count; d++) {
		bool seen[60] = {false};

		for (uint64_t rank = 0; rank < fabric.ranks; rank++) {
			uint64_t next = dc_fabric_neighbour(&fabric, rank, d, 1), home = rank;

			cr_assert(next < 60 && !seen[next], "dimension %zu, rank %llu", d,
				  (unsigned long long)rank);
			seen[next] = true;
			for (uint64_t i = 0; i < fabric.dimensions[d].size; i++)
				home = dc_fabric_neighbour(&fabric, home, d, 1);
			cr_assert_eq(home, rank);
			cr_assert_eq(
				dc_fabric_neighbour(&fabric, rank, d, fabric.dimensions[d].size),
				rank);
		}
	}
	/* rank = c0 + 3 (c1 + 4 c3): rank 2 is (2, 0, 0, 0); around dimension 0 comes 0, along
	 * dimension 1 comes 2 + 3, along dimension 3 comes 2 + 12 (hand). */
	cr_expect_eq(dc_fabric_neighbour(&fabric, 2, 0, 1), 0);
	cr_expect_eq(dc_fabric_neighbour(&fabric, 2, 1, 1), 5);
	cr_expect_eq(dc_fabric_neighbour(&fabric, 2, 2, 1), 2);
	cr_expect_eq(dc_fabric_neighbour(&fabric, 2, 3, 1), 14);
}

/* A torus entry stands for its dimensions, in order, and others may follow. */
Test(torus, from_yaml)
{
	struct dc_fabric fabric =
		build_good("networks: [{dimensions: ["
			   "{topology: torus, size: [8, 4], bandwidth: 50 GB/s, latency: 500 ns},"
			   "{topology: ring, size: 3, bandwidth: 10 GB/s}]}]");

	cr_assert_eq(fabric.count, 3);
	cr_expect_eq(fabric.ranks, 96);
	cr_expect_eq(fabric.dimensions[0].size, 8);
	cr_expect_eq(fabric.dimensions[1].size, 4);
	cr_expect_eq(fabric.dimensions[2].size, 3);
	cr_expect_eq(fabric.dimensions[2].bandwidth_bps, 10e9);
	cr_expect_eq(fabric.dimensions[2].latency_s, 0);
}

#define TORUS(sizes)                                                                               \
	"networks: [{dimensions: [{topology: torus, size: " sizes ", bandwidth: 1 GB/s}]}]"

/* Sixteen dimensions and 2^32 ranks are the limits (topology.h, fabric.h). */
Test(torus, refusals)
{
	build_refused(TORUS("[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"),
		      "more than 16 dimensions");
	build_refused(TORUS("[65536, 65537]"), "more than 4294967296 accelerators");
	build_refused(TORUS("[65536, 65536, 2]"), "more than 4294967296 accelerators");
	build_refused(TORUS("[8.5, 8]"), "whole number");
	build_refused(TORUS("[0, 8]"), "size");
	build_refused("networks: [{dimensions: [{topology: ring, size: 1e9, bandwidth: 1 GB/s},"
		      "{topology: ring, size: 5, bandwidth: 1 GB/s}]}]",
		      "more than 4294967296 accelerators");
	build_refused("networks: []", "networks");
	build_refused("networks: [{dimensions: [{topology: ring, size: 2, bandwidth: 1 GB/s}]},"
		      "{dimensions: [{topology: ring, size: 2, bandwidth: 1 GB/s}]}]",
		      "several networks");
	build_refused("networks: [{dimensions: [{topology: dragonfly+, size: 2}]}]", "dragonfly+");
}

Test(torus, limits_themselves_are_accepted)
{
	cr_expect_eq(build_good(TORUS("[65536, 65536]")).ranks, (uint64_t)1 << 32);
	cr_expect_eq(build_good(TORUS("[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]")).count,
		     16);
}

/* Without a parser before it, too: no network is a refusal, not a crash. */
Test(torus, no_network)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_fabric_config config = {0};
	struct dc_fabric fabric;

	cr_expect_eq(dc_fabric_build(&config, NULL, diag, NULL, &fabric), DC_ERR_INPUT);
	cr_expect_eq(dc_diag_errors(diag), 1);
	dc_diag_destroy(diag);
}
