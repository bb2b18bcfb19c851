/* Choosing a collective's algorithm and protocol. */
#include <math.h>

#include "build.h"
#include "shapes.h"

static struct dc_collective find(const struct dc_fabric *fabric, enum dc_operation operation,
				 double size_bytes, const struct dc_algorithm_type *algorithm)
{
	const struct dc_collective_request request = {
		.group = dc_group_all(fabric),
		.request = {.operation = operation, .size_bytes = size_bytes},
		.algorithm = algorithm,
		.any_protocol = true,
	};
	struct dc_collective found;

	cr_assert_eq(dc_collective_find(fabric, &request, &found, NULL), DC_OK);
	return found;
}

/* `auto` is the least of all that it may choose from, each asked for by name; the second is the next. No
 * collective beats its bandwidth bound, but where switches add up. */
Test(collective, automatic_is_the_cheapest)
{
	static const double sizes[] = {0, 1e3, 1e6, 1e9};

	for (unsigned i = 0; i < SHAPES; i++) {
		struct line line;

		line_open(shapes[i].yaml, &line);
		if (line.fabric.ranks < 2 || line.fabric.ranks > 20) {
			line_close(&line);
			continue;
		}
		for (int o = 0; o < DC_OPERATIONS; o++) {
			for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
				enum dc_operation operation = (enum dc_operation)o;
				struct dc_collective best =
					find(&line.fabric, operation, sizes[s], NULL);
				const struct dc_group group = dc_group_all(&line.fabric);
				dc_time least = DC_TIME_NEVER, other;

				for (size_t a = 0; dc_algorithms[a]; a++) {
					const struct dc_request request = {.operation = operation,
									   .size_bytes = sizes[s]};

					if (!dc_algorithm_is_automatic(dc_algorithms[a],
								       &line.fabric, &group,
								       operation) ||
					    !dc_algorithm_fits(dc_algorithms[a], &line.fabric,
							       &group, &request, NULL))
						continue;
					other = find(&line.fabric, operation, sizes[s],
						     dc_algorithms[a])
							.duration;
					least = other < least ? other : least;
				}
				cr_expect(best.duration == least, "%s, %s of %g B: %g s and %g s",
					  shapes[i].yaml, dc_operation_name(operation), sizes[s],
					  dc_time_to_s(best.duration), dc_time_to_s(least));
				cr_expect(!best.second || best.second_duration >= best.duration);
				cr_expect(dc_time_to_s(best.duration) >=
					  (1 - 1e-12) * dc_collective_bound_s(&line.fabric, &group,
									      operation, sizes[s]) -
						  1e-12);
			}
		}
		line_close(&line);
	}
}

/* A group of one has nothing to do; what cannot be done says why. */
Test(collective, nothing_to_do_and_nothing_that_fits)
{
	struct dc_fabric one = build_ring(1), three = build_ring(3);
	struct dc_collective_request request = {
		.group = dc_group_all(&three),
		.request = {.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 1},
	};
	struct dc_collective found = find(&one, DC_OPERATION_ALL_REDUCE, 1e9, NULL);
	const char *why = NULL;

	cr_expect_null(found.algorithm);
	cr_expect(found.duration == 0);
	cr_assert_eq(dc_collective_name_algorithm("in-network", &request), DC_OK);
	cr_expect_eq(dc_collective_find(&three, &request, &found, &why), DC_ERR_RUN);
	cr_assert_not_null(why);
	cr_expect(strstr(why, "reduce_in_network") != NULL, "%s", why);
	cr_expect_eq(dc_collective_name_algorithm("rnig", &request), DC_ERR_RUN);
	cr_expect_eq(dc_collective_name_algorithm("auto", &request), DC_OK);
	cr_expect_null(request.algorithm);
}

/* Who has asked for the end is not made to wait for the cheapest. */
Test(collective, choosing_can_be_interrupted)
{
	struct dc_fabric ring = build_ring(8);
	volatile int interrupted = 0;
	const struct dc_collective_request request = {
		.group = dc_group_all(&ring),
		.request = {.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 1e6},
		.any_protocol = true,
		.interrupted = &interrupted,
	};
	struct dc_collective found;

	cr_expect_eq(dc_collective_find(&ring, &request, &found, NULL), DC_OK);
	interrupted = 1;
	cr_expect_eq(dc_collective_find(&ring, &request, &found, NULL), DC_INTERRUPTED);
}

/* An all-to-all of 16,384 on a switch: by pairs it is 16,383 steps of as many messages each, 2.7e8 in all,
 * which nobody looks at one by one. All at once takes 2 L + (p-1)/p S/B: 2 x 500 ns + 2^20 (16383/16384) /
 * 25e9 s, and pairs are said to be untried. */
Test(collective, too_large_to_compare)
{
	struct dc_fabric star = {0};
	const struct dc_collective_request request = {
		.group = {0},
		.request = {.operation = DC_OPERATION_ALL_TO_ALL, .size_bytes = 1048576},
		.any_protocol = true,
	};
	struct dc_collective_request asked = request;
	struct dc_collective found;

	build_add(&star, 16384, 25e9, 500e-9, 2);
	asked.group = dc_group_all(&star);
	cr_assert_eq(dc_collective_find(&star, &asked, &found, NULL), DC_OK);
	cr_expect_str_eq(found.algorithm->name, "direct-at-once");
	cr_expect_float_eq(dc_time_to_s(found.duration), 1e-6 + 1048576.0 * 16383 / 16384 / 25e9,
			   1e-14);
	cr_expect_gt(found.passed_over, 0);
}

/* 2^32 members are not listed one by one: a double tree is passed over, and a ring in each dimension, which
 * folds, is 4 x 65,535 steps of 2 L, and S/p x (1/65536 + 1) (p - 1) bytes of each, twice. */
Test(collective, more_members_than_can_be_listed)
{
	struct dc_fabric grid = {0};
	struct dc_collective_request request = {
		.request = {.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 1048576},
		.any_protocol = true,
	};
	struct dc_collective found;
	const char *why = NULL;
	double steps = 2 * 65535.0;

	build_add(&grid, 65536, 25e9, 500e-9, 2);
	build_add(&grid, 65536, 25e9, 500e-9, 2);
	request.group = dc_group_all(&grid);
	cr_assert_eq(dc_collective_name_algorithm("ring", &request), DC_OK);
	cr_assert_eq(dc_collective_find(&grid, &request, &found, NULL), DC_OK);
	cr_expect_float_eq(dc_time_to_s(found.duration),
			   steps * (2e-6 + (16 + 16.0 / 65536) / 25e9), 1e-9);
	cr_assert_eq(dc_collective_name_algorithm("double-tree", &request), DC_OK);
	cr_expect_eq(dc_collective_find(&grid, &request, &found, &why), DC_ERR_RUN);
	cr_expect(why && strstr(why, "too large"), "%s", why);
}

static bool is_automatic(const struct dc_fabric *fabric, const char *name)
{
	const struct dc_group group = dc_group_all(fabric);

	return dc_algorithm_is_automatic(dc_algorithm_find(name), fabric, &group,
					 DC_OPERATION_ALL_REDUCE);
}

/* Where libraries use them: double trees between nodes, tori and both ways of rings where there are no
 * switches; halving never (algorithm.h). */
Test(collective, automatic_where_customary)
{
	struct dc_fabric star = {0}, torus = {0};

	build_add(&star, 8, 1e9, 0, 2);
	build_add(&torus, 4, 1e9, 0, 1);
	build_add(&torus, 4, 1e9, 0, 1);
	cr_expect(is_automatic(&star, "double-tree"));
	star.node_size = 8;
	cr_expect_not(is_automatic(&star, "double-tree"));
	star.node_size = 4;
	cr_expect(is_automatic(&star, "double-tree"));
	cr_expect_not(is_automatic(&star, "ring-bidirectional"));
	cr_expect(is_automatic(&torus, "ring-bidirectional"));
	cr_expect(is_automatic(&torus, "torus"));
	build_add(&torus, 2, 1e9, 0, 2);
	cr_expect_not(is_automatic(&torus, "torus"));
	cr_expect_not(is_automatic(&star, "halving-doubling"));
	cr_expect(is_automatic(&star, "ring"));
}
