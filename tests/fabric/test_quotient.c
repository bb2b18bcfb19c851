/* Quotients made from symmetry = refinement of the plan laid out. */
#include <math.h>

#include "build.h"
#include "plans.h"
#include "shapes.h"

/* One operation on every rank, by each algorithm that fits: the quotient takes the same time to the tick
 * as the plan laid out and run message by message, sends the same bytes, and is no coarser than the
 * coarsest equitable partition, which refinement finds. */
static void try_one(const struct dc_fabric *fabric, const struct dc_algorithm_type *type,
		    enum dc_operation operation, unsigned number)
{
	struct dc_arena *arena = dc_arena_create();
	const struct dc_request request = {.operation = operation, .size_bytes = 12345678};
	const struct dc_group group = dc_group_all(fabric);
	const struct dc_schedule *schedule =
		plans_lower(arena, fabric, &group, type->name, &request);
	const struct dc_plan_operation_request asked = {schedule, &dc_fabric_no_cost};
	struct dc_plan plan = plans_lay_out(fabric, schedule), quotient, folded;
	dc_time exact = plans_run(&plan, true, NULL, NULL), other;
	bool made;

	cr_assert_eq(dc_plan_fold(&plan, UINT64_MAX, &folded, &made), DC_OK);
	other = plans_run(&folded, true, NULL, NULL);
	cr_expect(fabs(dc_time_to_s(other - exact)) <= fmax(2e-13, 1e-12 * dc_time_to_s(exact)),
		  "shape %u, %s, %s: folded %.17g s for %.17g s", number, type->name,
		  dc_operation_name(operation), dc_time_to_s(other), dc_time_to_s(exact));
	cr_assert_eq(dc_plan_quotient(fabric, &asked, &quotient, &made), DC_OK);
	if (made) {
		for (int coalesced = 0; coalesced < 2; coalesced++) {
			other = plans_run(&quotient, coalesced == 0, NULL, NULL);
			cr_expect(fabs(dc_time_to_s(other - exact)) <=
					  fmax(2e-13, 1e-12 * dc_time_to_s(exact)),
				  "shape %u, %s, %s: quotient %.17g s for %.17g s", number,
				  type->name, dc_operation_name(operation), dc_time_to_s(other),
				  dc_time_to_s(exact));
		}
		cr_expect(fabs(dc_plan_bytes(&quotient) - dc_plan_bytes(&plan)) <=
			  1e-12 * dc_plan_bytes(&plan));
		cr_expect_geq(quotient.link_count, folded.link_count);
		cr_expect_leq(quotient.link_count, plan.link_count);
		dc_plan_fini(&quotient);
	}
	dc_plan_fini(&plan);
	dc_plan_fini(&folded);
	dc_arena_destroy(arena);
}

static void try_fabric(const struct dc_fabric *fabric, unsigned number)
{
	const struct dc_group group = dc_group_all(fabric);

	for (size_t a = 0; dc_algorithms[a]; a++) {
		for (int o = 0; o < DC_OPERATIONS; o++) {
			const struct dc_request request = {.operation = (enum dc_operation)o,
							   .size_bytes = 1};

			if (dc_algorithm_fits(dc_algorithms[a], fabric, &group, &request, NULL))
				try_one(fabric, dc_algorithms[a], (enum dc_operation)o, number);
		}
	}
}

/* Every shape by itself and with another one around it. */
Test(quotient, equals_refinement)
{
	for (unsigned i = 0; i < SHAPES; i++) {
		for (int two = 0; two < 2; two++) {
			struct line line;
			char text[900];

			snprintf(
				text, sizeof text, "%s%s%s", shapes[i].yaml, two ? "}, {" : "",
				two ? i % 5 == 0
						? "topology: wan, size: 3, bandwidth: 2 GB/s, latency: 3 us"
						: shapes[(i * 7 + 3) % SHAPES].yaml
				    : "");
			line_open(text, &line);
			if (i % 3 == 0)
				line.fabric.routing.policy = DC_ROUTING_SPRAY;
			if (line.fabric.count > 1 && i % 4 == 0)
				cr_assert_eq(
					dc_fabric_add_port(&line.fabric, 1,
							   &(struct dc_fabric_port){"nic", 1, 1.5e9,
										    i % 8 == 0}),
					DC_OK);
			if (line.fabric.ranks > 1 && line.fabric.ranks <= 32)
				try_fabric(&line.fabric, i);
			line_close(&line);
		}
	}
}

/* A ring over a whole dimension folds to one message a phase: what the quotient is for. */
Test(quotient, a_million_ranks)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_fabric fabric = {0};
	const struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE,
					   .size_bytes = 1 << 30};
	struct dc_plan_operation_request asked = {.cost = &dc_fabric_no_cost};
	struct dc_group group;
	struct dc_plan plan;
	dc_time expected = 0;
	bool made;

	build_add(&fabric, 8, 450e9, 0, 2);
	build_add(&fabric, 128, 50e9, 600e-9, 2);
	build_add(&fabric, 1024, 50e9, 1e-6, 1);
	group = dc_group_all(&fabric);
	asked.schedule = plans_lower(arena, &fabric, &group, "ring", &request);
	cr_assert_eq(dc_plan_quotient(&fabric, &asked, &plan, &made), DC_OK);
	cr_assert(made);
	cr_expect_eq(plan.message_count, 6);
	/* 14 steps of S/8 at 450 GB/s, 254 of S/1024 and 2046 of S/2^20 at 50 GB/s. */
	expected = 14 * dc_time_from_s((1 << 30) / 8.0 / 450e9) +
		   254 * dc_time_from_s(1.2e-6 + (1 << 30) / 1024.0 / 50e9) +
		   2046 * dc_time_from_s(1e-6 + (1 << 30) / 1048576.0 / 50e9);
	cr_expect(plans_run(&plan, false, NULL, NULL) == expected);
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
}

/* --- parts of dimensions --- */

/* All translates of a group side by side, message by message: when the first and the last of them end. */
static void run_translates(const struct dc_fabric *fabric, const struct dc_group *group,
			   const char *type, const struct dc_request *request, dc_time *first,
			   dc_time *last)
{
	struct dc_arena *arena = dc_arena_create();
	uint64_t count = 0;
	struct dc_plan_operation_request operations[64];
	struct dc_plan_job_request jobs[64];
	const struct dc_plan_epoch epoch = {0, fabric};
	struct dc_plan_request asked = {jobs, 0, &epoch, 1};
	bool taken[64] = {false};
	dc_time ends[64];
	struct dc_plan plan;

	for (uint64_t base = 0; base < fabric->ranks; base++) {
		struct dc_group moved = *group;

		if (taken[base])
			continue;
		moved.base = base;
		for (uint64_t m = 0; m < moved.size; m++)
			taken[dc_group_rank(&moved, m)] = true;
		operations[count] = (struct dc_plan_operation_request){
			plans_lower(arena, fabric, &moved, type, request), &dc_fabric_no_cost};
		jobs[count] = (struct dc_plan_job_request){0, &operations[count], 1};
		count++;
	}
	asked.job_count = count;
	cr_assert_eq(dc_plan_lay_out(&asked, &plan), DC_OK);
	*last = plans_run(&plan, true, ends, NULL);
	*first = *last;
	for (uint64_t i = 0; i < count; i++)
		*first = dc_time_min(*first, ends[plan.operation_of[i]]);
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
}

static bool is_near(dc_time a, dc_time b)
{
	return fabs(dc_time_to_s(a - b)) <= fmax(2e-13, 1e-12 * dc_time_to_s(b));
}

/* The quotient, where there is one, takes what every translate takes. How many there were. */
static unsigned try_part(const struct dc_fabric *fabric, const struct dc_group *group,
			 const struct dc_algorithm_type *type, enum dc_operation operation,
			 unsigned number)
{
	struct dc_arena *arena = dc_arena_create();
	const struct dc_request request = {.operation = operation, .size_bytes = 12345678};
	const struct dc_plan_operation_request asked = {
		plans_lower(arena, fabric, group, type->name, &request), &dc_fabric_no_cost};
	struct dc_plan quotient;
	dc_time first, last, folded;
	bool made;

	cr_assert_eq(dc_plan_quotient(fabric, &asked, &quotient, &made), DC_OK);
	if (made) {
		folded = plans_run(&quotient, false, NULL, NULL);
		dc_plan_fini(&quotient);
		run_translates(fabric, group, type->name, &request, &first, &last);
		cr_expect(is_near(folded, first) && is_near(folded, last),
			  "shape %u, %s, %s, %u by %u: quotient %.17g s, translates %.17g to %.17g "
			  "s",
			  number, type->name, dc_operation_name(operation),
			  (unsigned)group->factors[0].size, (unsigned)group->factors[0].stride,
			  dc_time_to_s(folded), dc_time_to_s(first), dc_time_to_s(last));
	}
	dc_arena_destroy(arena);
	return made;
}

static unsigned try_parts(const struct dc_fabric *fabric, const struct dc_group *group,
			  unsigned number)
{
	unsigned made = 0;

	for (size_t a = 0; dc_algorithms[a]; a++) {
		for (int o = 0; o < DC_OPERATIONS; o++) {
			const struct dc_request request = {.operation = (enum dc_operation)o,
							   .size_bytes = 1};

			if (dc_algorithm_fits(dc_algorithms[a], fabric, group, &request, NULL))
				made += try_part(fabric, group, dc_algorithms[a],
						 (enum dc_operation)o, number);
		}
	}
	return made;
}

/* Every shape, and groups of sizes and strides that divide it; half of the time with a switch inside, half of
 * which sometimes belongs to the group, and with ways out of that switch's node. */
Test(quotient, translates_within_a_dimension, .timeout = 120)
{
	unsigned made = 0;

	for (unsigned i = 0; i < 2 * SHAPES; i++) {
		struct line line;
		char text[900];

		snprintf(
			text, sizeof text, "%s%s",
			i % 4 == 3
				? "topology: switch, size: 4, bandwidth: 5 GB/s, latency: 300 ns}, {"
			: i % 4 == 1
				? "topology: switch, size: 2, bandwidth: 5 GB/s, latency: 300 ns}, {"
				: "",
			shapes[i / 2].yaml);
		line_open(text, &line);
		if ((i % 4 == 1 || i % 8 == 7) && line.fabric.count > 1)
			cr_assert_eq(dc_fabric_add_port(
					     &line.fabric, 1,
					     &(struct dc_fabric_port){"nic", 2, 1.5e9, i % 16 > 7}),
				     DC_OK);
		for (uint64_t size = 2; line.fabric.ranks <= 32 && size < line.fabric.ranks;
		     size++) {
			for (uint64_t stride = 1; size * stride <= line.fabric.ranks; stride++) {
				const struct dc_group_piece pieces[] = {{i % 4 == 3 ? 2 : 1, 1},
									{size, stride}};
				struct dc_group group;
				bool aligned;

				/* A third of them, not always the same. */
				if ((i + size + stride) % 3 || (i % 4 == 3 && stride < 2))
					continue;
				if (dc_group_lattice(&line.fabric, 0, pieces, 2, &group,
						     &aligned) == DC_OK &&
				    aligned)
					made += try_parts(&line.fabric, &group, i);
			}
		}
		line_close(&line);
	}
	cr_expect(made > 500, "%u", made);
}
