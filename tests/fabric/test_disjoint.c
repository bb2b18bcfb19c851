/* Where steps are link-disjoint: closed form = every message = folded, in femtoseconds. */
#include "build.h"

enum { MOST_MEMBERS = 64 };

struct shape {
	const char *name;
	const struct dc_topology_type *types[2];
	uint64_t inner; /* size of the first dimension of two */
};

static const struct shape shapes[] = {
	{"ring", {&dc_topology_ring, NULL}, 0},
	{"switch", {&dc_topology_switch, NULL}, 0},
	{"fully connected", {&dc_topology_fully_connected, NULL}, 0},
	{"torus 4 x n", {&dc_topology_torus, &dc_topology_torus}, 4},
	{"switch 2 x ring n", {&dc_topology_switch, &dc_topology_ring}, 2},
};

static struct dc_fabric make(const struct shape *shape, uint64_t size)
{
	struct dc_fabric fabric = {0};

	for (int d = 0; d < 2 && shape->types[d]; d++) {
		const struct dc_fabric_dimension dimension = {
			.type = shape->types[d],
			.size = shape->types[1] && d == 0 ? shape->inner : size,
			.bandwidth_bps = d ? 25e9 : 50e9,
			.latency_s = d ? 700e-9 : 500e-9,
		};

		cr_assert_eq(dc_fabric_add(&fabric, &dimension), DC_OK);
	}
	return fabric;
}

/* Tracks side by side and chunks have no closed form of this kind: a promise about them is not counted. */
static bool try_one(const struct shape *shape, const struct dc_fabric *fabric,
		    const struct dc_algorithm_type *type, const struct dc_request *request)
{
	struct dc_arena *arena = dc_arena_create();
	const struct dc_group group = dc_group_all(fabric);
	struct dc_schedule *schedule = plans_lower(arena, fabric, &group, type->name, request);
	dc_time closed = dc_collective_closed_form(fabric, schedule, &dc_fabric_no_cost);
	const struct dc_plan_operation_request asked = {schedule, &dc_fabric_no_cost};
	struct dc_plan plan, folded, quotient;
	dc_time exact, others[3] = {closed, closed, closed};
	bool made, counts = closed < DC_TIME_NEVER;

	if (counts) {
		plan = plans_lay_out(fabric, schedule);
		exact = plans_run(&plan, true, NULL, NULL);
		others[0] = plans_run(&plan, false, NULL, NULL);
		cr_assert_eq(dc_plan_fold(&plan, UINT64_MAX, &folded, &made), DC_OK);
		others[1] = plans_run(&folded, false, NULL, NULL);
		cr_assert_eq(dc_plan_quotient(fabric, &asked, &quotient, &made), DC_OK);
		if (made)
			others[2] = plans_run(&quotient, false, NULL, NULL);
		cr_assert(exact == closed && others[0] == closed && others[1] == closed &&
				  others[2] == closed,
			  "%s, %llu ranks, %s by %s: closed form %.17g, every message %.17g, "
			  "coalesced %.17g, folded %.17g, quotient %.17g s",
			  shape->name, (unsigned long long)fabric->ranks,
			  dc_operation_name(request->operation), type->name, dc_time_to_s(closed),
			  dc_time_to_s(exact), dc_time_to_s(others[0]), dc_time_to_s(others[1]),
			  dc_time_to_s(others[2]));
		dc_plan_fini(&plan);
		dc_plan_fini(&folded);
		dc_plan_fini(&quotient);
	}
	dc_arena_destroy(arena);
	return counts;
}

static unsigned try_shape(const struct shape *shape, const char *algorithm)
{
	unsigned counted = 0;

	for (uint64_t size = 1; size <= MOST_MEMBERS; size++) {
		struct dc_fabric fabric = make(shape, size);
		const struct dc_group group = dc_group_all(&fabric);

		if (fabric.ranks > MOST_MEMBERS && shape->types[1])
			break;
		for (size_t a = 0; dc_algorithms[a]; a++) {
			const struct dc_algorithm_type *type = dc_algorithms[a];

			for (int o = 0; o < DC_OPERATIONS; o++) {
				const struct dc_request request = {
					.operation = (enum dc_operation)o,
					.size_bytes = 7654321,
					.chunks = 1,
					.root = size / 2,
				};

				if (algorithm && strcmp(type->name, algorithm) != 0)
					continue;
				if (!dc_algorithm_fits(type, &fabric, &group, &request, NULL) ||
				    !type->is_disjoint ||
				    !type->is_disjoint(&fabric, &group, &request))
					continue;
				counted += try_one(shape, &fabric, type, &request);
			}
		}
	}
	return counted;
}

Test(disjoint, every_promise_is_kept)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		cr_expect_gt(try_shape(&shapes[i], NULL), 0, "%s", shapes[i].name);
}

/* What must be among the promises, for every group of 2 to 64 members of one dimension (operations it
 * can do each): ring on ring and switch, direct on fully connected and switch, halving-doubling and trees
 * on switch. Powers of two only for halving-doubling would leave 6. */
Test(disjoint, what_is_promised)
{
	cr_expect_geq(try_shape(&shapes[0], "ring"), 63);
	cr_expect_geq(try_shape(&shapes[1], "ring"), 63);
	cr_expect_geq(try_shape(&shapes[3], "ring"), 15);
	cr_expect_geq(try_shape(&shapes[1], "direct"), 63);
	cr_expect_geq(try_shape(&shapes[2], "direct"), 63);
	cr_expect_geq(try_shape(&shapes[1], "halving-doubling"), 63);
	cr_expect_geq(try_shape(&shapes[1], "tree"), 63);
}
