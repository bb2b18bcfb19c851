/* Rings at once: what they send, that the sum arrives everywhere, and the times they promise. */
#include <math.h>

#include "build.h"
#include "fabric/rings.h"
#include "fabric/topology_links.h"

struct rig {
	struct dc_arena *arena;
	struct dc_diag *diag;
	struct dc_graph graph;
	struct dc_fabric fabric;
	struct dc_group group;
	uint8_t units[DC_RINGS_VERTICES][DC_RINGS_VERTICES];
};

/* The fabric of the first n vertices, and the links between them by hand. */
static void finish(struct rig *rig, uint32_t n, double unit_bps,
		   const struct dc_transport *transport)
{
	struct dc_fabric_dimension dimension;
	uint32_t members[DC_RINGS_VERTICES];

	for (uint32_t i = 0; i < n; i++)
		members[i] = i;
	cr_assert_eq(dc_graph_index(&rig->graph), DC_OK);
	cr_assert_eq(dc_topology_of_graph(&rig->graph, members, n, true, rig->diag, NULL,
					  rig->arena, &dimension),
		     DC_OK);
	dimension.transport = transport;
	cr_assert_eq(dc_fabric_add(&rig->fabric, &dimension), DC_OK);
	rig->group = dc_group_all(&rig->fabric);
	for (size_t l = 0; l < dc_graph_link_count(&rig->graph); l++) {
		const struct dc_graph_link *link = &rig->graph.links[l];

		if (link->from < n && link->to < n)
			rig->units[link->from][link->to] =
				(uint8_t)(rig->units[link->from][link->to] +
					  (unsigned)lround(link->bandwidth_bps / unit_bps));
	}
}

static struct rig begin(void)
{
	struct rig rig = {.arena = dc_arena_create(), .diag = dc_diag_create()};

	dc_graph_init(&rig.graph, rig.arena);
	return rig;
}

static void end(struct rig *rig)
{
	dc_diag_destroy(rig->diag);
	dc_arena_destroy(rig->arena);
}

/* The first n accelerators of a DGX-1 with V100. */
static struct rig cube_mesh(uint32_t n, const struct dc_transport *transport)
{
	struct rig rig = begin();
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	const char *file = dc_arena_printf(rig.arena, "%s/topologies/dgx1v-links.csv", source);

	cr_assert_eq(dc_graph_read(&rig.graph, rig.diag, file), DC_OK);
	finish(&rig, n, 25e9, transport);
	return rig;
}

/* Every two of n joined, 64 GB/s and 500 ns. */
static struct rig complete(uint32_t n)
{
	struct rig rig = begin();

	for (uint32_t i = 0; i < n; i++) {
		uint32_t vertex;

		cr_assert_eq(dc_intern_add(&rig.graph.vertices, dc_arena_printf(rig.arena, "%u", i),
					   &vertex),
			     DC_OK);
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++) {
			const struct dc_graph_link link = {i, j, 64e9, 500e-9};
			const char *id = dc_arena_printf(rig.arena, "%02u-%02u", i, j);
			uint32_t number;

			if (i != j)
				cr_assert_eq(dc_graph_add(&rig.graph, id, &link, &number), DC_OK);
		}
	finish(&rig, n, 64e9, NULL);
	return rig;
}

static struct dc_schedule *lower(struct rig *rig, enum dc_operation operation, double size_bytes)
{
	const struct dc_request request = {.operation = operation, .size_bytes = size_bytes};
	struct dc_schedule *schedule =
		plans_lower(rig->arena, &rig->fabric, &rig->group, "rings", &request);

	cr_assert_eq(schedule->count, 1, "no rings");
	return schedule;
}

/* A phase's step is the hops of all rings, added up by cable. */
static void expect_hops(const struct dc_schedule_phase *phase, const struct dc_rings *rings,
			double bytes, double relay)
{
	double want[DC_RINGS_VERTICES][DC_RINGS_VERTICES] = {{0}};

	for (unsigned r = 0; r < rings->count; r++)
		for (unsigned k = 0; k < rings->vertices; k++) {
			unsigned from = rings->order[r][k], via = rings->via[r][k];
			unsigned to = rings->order[r][(k + 1) % rings->vertices];

			want[from][via == DC_RINGS_DIRECT ? to : via] +=
				via == DC_RINGS_DIRECT ? bytes : bytes / relay;
			if (via != DC_RINGS_DIRECT)
				want[via][to] += bytes / relay;
		}
	cr_assert_eq(phase->count, 1);
	for (size_t i = 0; i < phase->patterns[0].count; i++) {
		const struct dc_message *message = &phase->patterns[0].messages[i];

		want[message->from][message->to] -= message->bytes;
	}
	for (unsigned i = 0; i < rings->vertices; i++)
		for (unsigned j = 0; j < rings->vertices; j++)
			cr_expect_float_eq(want[i][j], 0, 1e-9 * bytes, "%u to %u: %g too few", i,
					   j, want[i][j]);
}

/* Along every ring, in as many steps as the phases have: in step s of the sum, the member at place k passes
 * on what it has of block k - s, and then the sums the same way; every member ends with everybody's part of
 * every block, none of them twice. */
static void expect_sums(const struct dc_rings *rings, uint64_t steps)
{
	unsigned n = rings->vertices;

	for (unsigned r = 0; r < rings->count; r++) {
		uint32_t has[DC_RINGS_VERTICES][DC_RINGS_VERTICES];

		for (unsigned m = 0; m < n; m++)
			for (unsigned b = 0; b < n; b++)
				has[m][b] = 1U << m;
		for (unsigned s = 0; s < steps; s++) {
			uint32_t sent[DC_RINGS_VERTICES];

			for (unsigned k = 0; k < n; k++)
				sent[k] = has[rings->order[r][k]][(k + 2 * n - s) % n];
			for (unsigned k = 0; k < n; k++) {
				uint32_t *block =
					&has[rings->order[r][(k + 1) % n]][(k + 2 * n - s) % n];

				cr_expect(s + 1 >= n || !(*block & sent[k]), "counted twice");
				*block = s + 1 < n ? *block | sent[k] : sent[k];
			}
		}
		for (unsigned m = 0; m < n; m++)
			for (unsigned b = 0; b < n; b++)
				cr_expect_eq(has[m][b], (1U << n) - 1);
	}
}

/* All-reduce of S: 2 (n - 1) steps of S/(nR) on every hop of R rings. */
static void expect_flow(struct rig *rig, unsigned rings_wanted, double relay)
{
	unsigned n = (unsigned)rig->group.size;
	double size_bytes = 5040 * 64 * 1001;
	struct dc_schedule *schedule = lower(rig, DC_OPERATION_ALL_REDUCE, size_bytes);
	const struct dc_schedule_phase *phases = schedule->tracks[0].phases;
	struct dc_rings rings;

	dc_rings_pack(rig->units, n, &rings);
	cr_assert_eq(rings.count, rings_wanted, "%u members", n);
	cr_assert_eq(schedule->tracks[0].count, 2);
	cr_expect(phases[0].reduces && !phases[1].reduces);
	for (unsigned i = 0; i < 2; i++) {
		cr_expect_eq(phases[i].repeat, n - 1);
		expect_hops(&phases[i], &rings, size_bytes / n / rings.count, relay);
	}
	expect_sums(&rings, phases[0].repeat + phases[1].repeat);
	if (!rings.relays)
		cr_expect_float_eq(dc_schedule_bytes(schedule), 2.0 * (n - 1) * size_bytes, 1e-3);
}

/* Numbers of rings: test_rings.c, with the measurements they follow. */
Test(algorithm_rings, cube_mesh)
{
	static const unsigned rings[] = {0, 0, 1, 2, 4, 2, 2, 4, 6};

	for (uint32_t n = 2; n <= 8; n++) {
		const struct dc_transport transport = {.efficiency = 1, .relay = 0.8};
		struct rig rig = cube_mesh(n, &transport);

		expect_flow(&rig, rings[n], 0.8);
		end(&rig);
	}
}

/* n - 1 rings, but n - 2 for 4 and 6: complete digraphs on these do not fall into circles through every
 * vertex [Tillson 1980]. */
Test(algorithm_rings, fully_connected)
{
	for (uint32_t n = 2; n <= 16; n++) {
		struct rig rig = complete(n);

		expect_flow(&rig, n == 4 || n == 6 ? n - 2 : n - 1, 1);
		end(&rig);
	}
}

/* Closed form = every message = folded, to the tick; 2 (n-1) (L + S/(n R B)) or half of that. */
static void expect_times(struct rig *rig, unsigned rings, double unit_bps, double latency_s)
{
	static const enum dc_operation operations[] = {
		DC_OPERATION_ALL_REDUCE, DC_OPERATION_REDUCE_SCATTER, DC_OPERATION_ALL_GATHER};
	double n = (double)rig->group.size, size_bytes = 1e8;

	for (size_t i = 0; i < 3; i++) {
		const struct dc_request request = {.operation = operations[i],
						   .size_bytes = size_bytes};
		struct dc_schedule *schedule = lower(rig, operations[i], size_bytes);
		dc_time closed =
			dc_collective_closed_form(&rig->fabric, schedule, &dc_fabric_no_cost);
		struct dc_plan plan = plans_lay_out(&rig->fabric, schedule), folded;
		double want_s =
			(i ? 1 : 2) * (n - 1) * (latency_s + size_bytes / n / rings / unit_bps);
		bool made;

		cr_assert(dc_algorithm_rings.is_disjoint(&rig->fabric, &rig->group, &request));
		cr_expect_float_eq(dc_time_to_s(closed), want_s, 1e-12 * want_s + 1e-13);
		cr_expect(plans_run(&plan, true, NULL, NULL) == closed);
		cr_assert_eq(dc_plan_fold(&plan, UINT64_MAX, &folded, &made), DC_OK);
		if (made) {
			cr_expect(plans_run(&folded, false, NULL, NULL) == closed);
			dc_plan_fini(&folded);
		}
		dc_plan_fini(&plan);
	}
}

Test(algorithm_rings, times)
{
	static const unsigned rings[] = {0, 0, 1, 2, 4, 0, 2, 4, 6};

	for (uint32_t n = 2; n <= 8; n++) {
		struct rig rig;

		/* The fifth accelerator is joined to the first only: not without a relay. */
		if (n == 5)
			continue;
		rig = cube_mesh(n, NULL);
		expect_times(&rig, rings[n], 25e9, 0);
		end(&rig);
	}
	for (uint32_t n = 2; n <= 16; n++) {
		struct rig rig = complete(n);

		expect_times(&rig, n == 4 || n == 6 ? n - 2 : n - 1, 64e9, 500e-9);
		end(&rig);
	}
}

/* Five of the cube mesh: both rings relay, hops through a relay at 0.8 of 25 GB/s, so 2 x 4 steps of
 * S/10 at 20 GB/s. */
Test(algorithm_rings, relayed)
{
	const struct dc_transport transport = {.efficiency = 1, .relay = 0.8};
	struct rig rig = cube_mesh(5, &transport);
	const struct dc_request request = {.size_bytes = 1e9};
	struct dc_plan plan = plans_lay_out(&rig.fabric, lower(&rig, DC_OPERATION_ALL_REDUCE, 1e9));
	double want_s = 8 * 1e8 / 20e9;

	cr_expect_float_eq(dc_time_to_s(plans_run(&plan, true, NULL, NULL)), want_s,
			   1e-12 * want_s);
	cr_expect_not(dc_algorithm_rings.is_disjoint(&rig.fabric, &rig.group, &request));
	dc_plan_fini(&plan);
	end(&rig);
}

/* Eight members, the cable between two of them broken both ways: these two have six links left, so six rings. */
Test(algorithm_rings, around_a_broken_cable)
{
	struct rig rig = complete(8);
	struct dc_plan plan;
	double want_s = 14 * (500e-9 + 1e8 / 8 / 6 / 64e9);

	for (uint64_t link = 0; link < dc_fabric_links(&rig.fabric); link++) {
		struct dc_fabric_link l;

		dc_fabric_link(&rig.fabric, link, &l);
		if (l.from + l.to == 1)
			cr_assert_eq(dc_fabric_set_link(&rig.fabric, rig.arena, link, 0, 0), DC_OK);
	}
	plan = plans_lay_out(&rig.fabric, lower(&rig, DC_OPERATION_ALL_REDUCE, 1e8));
	cr_expect_float_eq(dc_time_to_s(plans_run(&plan, true, NULL, NULL)), want_s,
			   1e-12 * want_s + 1e-13);
	dc_plan_fini(&plan);
	end(&rig);
}

/* From any root each ring's track passes every member once, in order of who has it; a reduction ends at the
 * root the same way. (p + K - 2)(L + S/(K R B)) alone. */
Test(algorithm_rings, rooted)
{
	static const enum dc_operation operations[] = {DC_OPERATION_BROADCAST, DC_OPERATION_REDUCE};

	for (uint64_t root = 0; root < 8; root++) {
		for (size_t o = 0; o < 2; o++) {
			struct rig rig = complete(8);
			const struct dc_request request = {.operation = operations[o],
							   .size_bytes = 7e8,
							   .root = root,
							   .chunks = 16};
			struct dc_schedule *schedule =
				plans_lower(rig.arena, &rig.fabric, &rig.group, "rings", &request);
			struct dc_plan plan = plans_lay_out(&rig.fabric, schedule);
			double want_s = (8 + 16 - 2) * (500e-9 + 7e8 / 16 / 7 / 64e9);

			cr_assert_eq(schedule->count, 7);
			for (size_t t = 0; t < 7; t++) {
				const struct dc_track *track = &schedule->tracks[t];
				uint64_t at = root, seen = 0;

				cr_assert_eq(track->count, 7);
				for (size_t i = 0; i < 7; i++) {
					/* Towards the root it is the last hop that ends there. */
					const struct dc_schedule_phase *phase =
						&track->phases[o ? 6 - i : i];
					const struct dc_message *m =
						&phase->patterns[0].messages[0];

					cr_expect_eq(phase->reduces, o == 1);
					cr_expect_eq(phase->patterns[0].count, 1);
					cr_expect_eq(o ? m->to : m->from, at);
					cr_expect_float_eq(m->bytes, 1e8 / 16, 1e-3);
					seen |= (uint64_t)1 << at;
					at = o ? m->from : m->to;
				}
				cr_expect_eq(seen | (uint64_t)1 << at, 0xff);
			}
			cr_expect_float_eq(dc_time_to_s(plans_run(&plan, true, NULL, NULL)), want_s,
					   1e-9 * want_s);
			dc_plan_fini(&plan);
			end(&rig);
		}
	}
}

static void expect_unfit(const struct dc_fabric *fabric, const char *words)
{
	const struct dc_group group = dc_group_all(fabric);
	const struct dc_request request = {.size_bytes = 1};
	const char *why = NULL;

	cr_expect_not(dc_algorithm_fits(&dc_algorithm_rings, fabric, &group, &request, &why));
	cr_assert_not_null(why);
	cr_expect_not_null(strstr(why, words), "%s", why);
}

Test(algorithm_rings, elsewhere)
{
	struct dc_fabric on_switch = {0}, two = {0}, long_ring = {0};

	build_add(&on_switch, 8, 1e9, 0, 2);
	expect_unfit(&on_switch, "switches");
	build_add(&two, 4, 1e9, 0, 1);
	build_add(&two, 4, 1e9, 0, 1);
	expect_unfit(&two, "several dimensions");
	build_add(&long_ring, 17, 1e9, 0, 1);
	expect_unfit(&long_ring, "16");
}

/* A vector of nothing still goes around. */
Test(algorithm_rings, empty)
{
	struct rig rig = complete(5);
	struct dc_plan plan = plans_lay_out(&rig.fabric, lower(&rig, DC_OPERATION_ALL_GATHER, 0));

	cr_expect(plans_run(&plan, true, NULL, NULL) == dc_time_from_s(4 * 500e-9));
	dc_plan_fini(&plan);
	end(&rig);
}
