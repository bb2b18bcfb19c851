/* Promises of links apart: kept by every route, and times then those of messages alone. */
#include "algorithm_visit.h"

struct links {
	struct dc_fabric_path path;
	unsigned char *used;
	uint64_t promised[DC_ALGORITHMS]; /* by operation: kept how often */
};

static bool claim(struct links *links)
{
	for (size_t h = 0; h < links->path.count; h++)
		if (links->used[links->path.hops[h].link]++)
			return false;
	return true;
}

static bool claim_phase(const struct dc_fabric *fabric, const struct dc_schedule *schedule,
			const struct dc_schedule_phase *phase, struct links *links)
{
	const struct dc_group *group = schedule->group;
	size_t count;
	struct flow_message *messages = flow_expand(schedule, phase, &count);
	bool apart = true;

	for (size_t m = 0; m < count && apart; m++) {
		cr_assert_eq(dc_fabric_route(fabric, dc_group_rank(group, messages[m].from),
					     dc_group_rank(group, messages[m].to), NULL, NULL,
					     &links->path),
			     DC_OK);
		apart = claim(links);
	}
	for (size_t i = 0; i < phase->count && apart; i++) {
		enum dc_pattern_kind kind = phase->patterns[i].kind;

		if (kind != DC_PATTERN_UP && kind != DC_PATTERN_DOWN)
			continue;
		for (uint64_t m = 0; m < group->size && apart; m++) {
			cr_assert_eq(dc_fabric_route_root(fabric, dc_group_rank(group, m),
							  group->factors[phase->factor].dimension,
							  kind == DC_PATTERN_UP, &links->path),
				     DC_OK);
			apart = claim(links);
		}
	}
	free(messages);
	return apart;
}

/* Links of the phases under way at once: the i-th of all tracks, or with chunks all. */
static void check_promise(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
			  const struct dc_request *request, const struct dc_schedule *schedule,
			  void *context)
{
	struct links *links = context;
	size_t number = 0;

	if (!type->is_disjoint || !type->is_disjoint(fabric, schedule->group, request))
		return;
	while (dc_algorithms[number] != type)
		number++;
	links->promised[number] |= (uint64_t)1 << request->operation;
	for (size_t i = 0; i < schedule->tracks[0].count; i++) {
		if (i == 0 || schedule->tracks[0].chunks == 1)
			memset(links->used, 0, dc_fabric_links(fabric));
		for (size_t t = 0; t < schedule->count; t++) {
			cr_assert_eq(schedule->tracks[t].count, schedule->tracks[0].count);
			cr_assert_eq(schedule->tracks[t].phases[i].repeat,
				     schedule->tracks[0].phases[i].repeat);
			cr_assert(claim_phase(fabric, schedule, &schedule->tracks[t].phases[i],
					      links),
				  "%s, operation %d, %u members: phase %zu crosses a link twice",
				  type->name, (int)request->operation,
				  (unsigned)schedule->group->size, i);
		}
	}
}

static void check_links(const struct dc_fabric *fabric, const struct dc_group *group,
			struct links *links)
{
	for (uint64_t chunks = 0; chunks < 5; chunks += chunks ? 3 : 1) {
		struct dc_request request = {
			.size_bytes = 1e6, .root = group->size / 3, .chunks = chunks};

		links->used = calloc(dc_fabric_links(fabric) + 1, 1);
		visit_all(fabric, group, &request, check_promise, links);
		free(links->used);
	}
	dc_fabric_path_fini(&links->path);
}

/* Whether an algorithm promised its operation. */
static bool has_promised(const struct links *links, const char *name, enum dc_operation operation)
{
	size_t number = 0;

	while (strcmp(dc_algorithms[number]->name, name) != 0)
		number++;
	return links->promised[number] >> operation & 1;
}

static void expect_promises(const struct links *links, const char *name, uint64_t p)
{
	for (int o = 0; o < DC_OPERATIONS; o++)
		cr_expect(!(dc_algorithm_find(name)->operations >> o & 1) ||
				  o == DC_OPERATION_BARRIER ||
				  has_promised(links, name, (enum dc_operation)o),
			  "%s, operation %d, %u members", name, o, (unsigned)p);
}

/* Every group size from 1 to 64: ring on rings and switches, direct on fully connected and
 * switches, halving-doubling and trees on switches promise links apart, and all who promise keep
 * it. */
Test(algorithm, links_of_one_dimension)
{
	for (uint64_t p = 2; p <= 64; p++)
		for (int kind = 0; kind < KINDS; kind++) {
			struct dc_fabric fabric = line_of(p, (enum kind)kind);
			struct dc_group group = dc_group_all(&fabric);
			struct links links = {0};

			check_links(&fabric, &group, &links);
			expect_promises(&links, "ring", p);
			if (kind == SWITCH || kind == FULL) {
				expect_promises(&links, "direct", p);
				expect_promises(&links, "halving-doubling", p);
				expect_promises(&links, "tree", p);
				expect_promises(&links, "recursive-doubling", p);
			}
			if (kind == REDUCING)
				expect_promises(&links, "in-network", p);
		}
}

Test(algorithm, links_of_several_dimensions)
{
	static const enum kind kinds[][3] = {{TORUS, TORUS, TORUS},   {SWITCH, SWITCH, SWITCH},
					     {FULL, FULL, FULL},      {SWITCH, RING, RING},
					     {FULL, SWITCH, TORUS},   {REDUCING, SWITCH, SWITCH},
					     {REDUCING, RING, SWITCH}};

	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (uint64_t n0 = 2; n0 <= 16; n0++)
			for (uint64_t n1 = 2; n0 * n1 <= 64; n1++)
				for (uint64_t n2 = 1; n0 * n1 * n2 <= 64;
				     n2 += n2 == 1 ? n0 - 1 : 64) {
					uint64_t sizes[] = {n0, n1, n2};
					struct dc_fabric fabric =
						build(sizes, kinds[k], n2 > 1 ? 3 : 2);
					struct dc_group group = dc_group_all(&fabric);
					struct links links = {0};

					check_links(&fabric, &group, &links);
					expect_promises(&links, "ring", group.size);
					cr_expect(k || n0 != n1 || n2 > 1 ||
							  has_promised(&links, "torus",
								       DC_OPERATION_ALL_REDUCE),
						  "torus of %u", (unsigned)n0);
				}
}

/* Members left out: neighbours of a ring are no neighbours then, on a switch and fully connected
 * all is as before. */
Test(algorithm, links_of_strides)
{
	for (uint64_t p = 2; p <= 21; p++)
		for (uint64_t stride = 2; stride <= 3; stride++)
			for (int kind = 0; kind < KINDS; kind++) {
				struct dc_fabric fabric = line_of(p * stride, (enum kind)kind);
				struct dc_group group;
				struct links links = {0};

				cr_assert_eq(dc_group_stride(&fabric, 1, p, stride, &group), DC_OK);
				check_links(&fabric, &group, &links);
				cr_expect_eq(has_promised(&links, "ring", DC_OPERATION_ALL_REDUCE),
					     kind != RING && kind != TORUS);
			}
}

/* Around a broken link messages meet: no promise. */
Test(algorithm, no_promise_with_a_broken_link)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_fabric fabric = line_of(8, RING);
	struct dc_group group = dc_group_all(&fabric);
	struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 1e6};

	cr_expect(dc_algorithm_ring.is_disjoint(&fabric, &group, &request));
	cr_assert_eq(dc_fabric_set_link(&fabric, arena, 4, 0, 0), DC_OK);
	cr_expect(!dc_algorithm_ring.is_disjoint(&fabric, &group, &request));
	dc_arena_destroy(arena);
}

/* --- times --- */

/* Where links are apart every step takes what its longest message takes alone: repeat (L +
 * bytes/B), L and bytes/B rounded to the femtosecond, summed along the longest track; one after
 * another in one chunk. */
static dc_time alone(const struct dc_fabric *fabric, const struct dc_schedule *schedule)
{
	struct dc_fabric_path path = {0};
	dc_time longest = 0;

	for (size_t t = 0; t < schedule->count; t++) {
		dc_time sum = 0;

		for (size_t i = 0; i < schedule->tracks[t].count; i++) {
			const struct dc_schedule_phase *phase = &schedule->tracks[t].phases[i];
			size_t count;
			struct flow_message *messages = flow_expand(schedule, phase, &count);
			dc_time most = 0;

			for (size_t m = 0; m < count; m++) {
				dc_time takes;

				cr_assert_eq(
					dc_fabric_route(
						fabric,
						dc_group_rank(schedule->group, messages[m].from),
						dc_group_rank(schedule->group, messages[m].to),
						NULL, NULL, &path),
					DC_OK);
				takes = dc_time_from_s(path.latency_s) +
					dc_time_from_s(messages[m].bytes / 50e9);
				most = takes > most ? takes : most;
			}
			free(messages);
			sum += (dc_time)phase->repeat * most;
		}
		longest = sum > longest ? sum : longest;
	}
	dc_fabric_path_fini(&path);
	return longest;
}

static void check_times(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
			const struct dc_request *request, const struct dc_schedule *schedule,
			void *context)
{
	struct dc_plan plan;
	dc_time expected;
	unsigned *checked = context;

	if (!type->is_disjoint || type == &dc_algorithm_in_network ||
	    !type->is_disjoint(fabric, schedule->group, request))
		return;
	expected = alone(fabric, schedule);
	plan = plans_lay_out(fabric, schedule);
	for (int exact = 0; exact < 2; exact++) {
		dc_time took = plans_run(&plan, exact, NULL, NULL);

		cr_assert(took == expected,
			  "%s, operation %d, %u members, exact %d: %.17g s for %.17g", type->name,
			  (int)request->operation, (unsigned)schedule->group->size, exact,
			  dc_time_to_s(took), dc_time_to_s(expected));
	}
	++*checked;
	dc_plan_fini(&plan);
}

Test(algorithm, promised_times)
{
	unsigned checked = 0;

	for (uint64_t p = 2; p <= 64; p++)
		for (int kind = 0; kind < TORUS; kind++) {
			struct dc_fabric fabric = line_of(p, (enum kind)kind);
			struct dc_group group = dc_group_all(&fabric);
			struct dc_request request = {
				.size_bytes = 123456789, .root = p / 3, .chunks = 1};

			visit_all(&fabric, &group, &request, check_times, &checked);
		}
	for (uint64_t n = 2; n <= 8; n++) {
		const uint64_t sizes[] = {n, n};
		static const enum kind tori[] = {TORUS, TORUS}, nodes[] = {SWITCH, RING};
		struct dc_fabric torus = build(sizes, tori, 2), node = build(sizes, nodes, 2);
		struct dc_group all = dc_group_all(&torus), both = dc_group_all(&node);
		struct dc_request request = {.size_bytes = 123456789, .root = n + 1, .chunks = 1};

		visit_all(&torus, &all, &request, check_times, &checked);
		visit_all(&node, &both, &request, check_times, &checked);
	}
	cr_expect_gt(checked, 63 * 20);
}

/* Two directions halve the bandwidth term: 2(p-1)(L + S/(2pB)), 14 (500 ns + 1e9/16/50e9 s) = 14 x
 * 1,250,500 ns (hand). On an 8x8 torus four parts of S/4: 14 (L + S/4/8/B) + 14 (L + S/4/64/B) = 14
 * x 625,500 + 14 x 78,625 ns (hand). */
Test(algorithm, all_ways_at_once)
{
	static const uint64_t sizes[] = {8, 8};
	static const enum kind kinds[] = {TORUS, TORUS};
	struct dc_arena *arena = dc_arena_create();
	struct dc_fabric ring = line_of(8, RING), torus = build(sizes, kinds, 2);
	struct dc_group on_ring = dc_group_all(&ring), on_torus = dc_group_all(&torus);
	struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 1e9};
	struct dc_plan plan = plans_lay_out(
		&ring, plans_lower(arena, &ring, &on_ring, "ring-bidirectional", &request));

	cr_expect(plans_run(&plan, true, NULL, NULL) == (dc_time)14 * 1250500000000);
	dc_plan_fini(&plan);
	plan = plans_lay_out(&torus, plans_lower(arena, &torus, &on_torus, "torus", &request));
	cr_expect(plans_run(&plan, true, NULL, NULL) == (dc_time)14 * (625500000000 + 78625000000));
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
}
