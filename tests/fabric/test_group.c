/* Groups: lattices of several strides over dimensions of 8, 32 and 4 (strides 1, 8, 256). */
#include "build.h"

static struct dc_fabric make_fabric(void)
{
	struct dc_fabric fabric = {0};

	build_add(&fabric, 8, 450e9, 0, 2);
	build_add(&fabric, 32, 50e9, 0, 2);
	build_add(&fabric, 4, 50e9, 0, 1);
	return fabric;
}

static void expect_factor(const struct dc_group *group, size_t f, uint64_t size, uint64_t stride,
			  size_t dimension)
{
	cr_assert_lt(f, group->count);
	cr_expect_eq(group->factors[f].size, size);
	cr_expect_eq(group->factors[f].stride, stride);
	cr_expect_eq(group->factors[f].dimension, dimension);
}

/* Eight in a node and every second of the 32, 16 in all: rank = m % 8 + 16 (m / 8) (hand). */
Test(group, lattice_of_two_strides)
{
	struct dc_fabric fabric = make_fabric();
	const struct dc_group_piece pieces[] = {{8, 1}, {16, 16}};
	struct dc_group group;
	bool aligned;

	cr_assert_eq(dc_group_lattice(&fabric, 256, pieces, 2, &group, &aligned), DC_OK);
	cr_expect(aligned);
	cr_expect_eq(group.size, 128);
	cr_expect_eq(group.count, 2);
	expect_factor(&group, 0, 8, 1, 0);
	expect_factor(&group, 1, 16, 16, 1);
	for (uint64_t m = 0; m < 128; m++)
		cr_expect_eq(dc_group_rank(&group, m), 256 + m % 8 + 16 * (m / 8));
}

/* 4 by 1 and 4 by 4 are 16 by 1: a whole node and two of the next dimension. Of 2 by 1 and 2 by 4 both lie in
 * the node. All 1,024 are one factor per dimension. */
Test(group, pieces_join_and_split)
{
	struct dc_fabric fabric = make_fabric();
	const struct dc_group_piece joined[] = {{4, 1}, {4, 4}}, apart[] = {{2, 1}, {2, 4}},
				    all[] = {{1024, 1}};
	struct dc_group group;
	bool aligned;

	cr_assert_eq(dc_group_lattice(&fabric, 0, joined, 2, &group, &aligned), DC_OK);
	cr_expect(aligned);
	cr_expect_eq(group.count, 2);
	expect_factor(&group, 0, 8, 1, 0);
	expect_factor(&group, 1, 2, 8, 1);
	cr_assert_eq(dc_group_lattice(&fabric, 2, apart, 2, &group, &aligned), DC_OK);
	cr_expect(aligned);
	cr_expect_eq(group.count, 2);
	expect_factor(&group, 0, 2, 1, 0);
	expect_factor(&group, 1, 2, 4, 0);
	cr_expect_eq(dc_group_rank(&group, 3), 7);
	cr_assert_eq(dc_group_lattice(&fabric, 0, all, 1, &group, &aligned), DC_OK);
	cr_expect(aligned);
	cr_expect_eq(group.count, 3);
	expect_factor(&group, 2, 4, 256, 2);
}

/* Three of eight, or twelve: some such groups lie within a node and some across two. */
Test(group, pieces_that_cut_dimensions)
{
	struct dc_fabric fabric = make_fabric();
	const struct dc_group_piece pieces[][2] = {{{3, 1}, {2, 64}}, {{12, 1}, {2, 128}}};

	for (int i = 0; i < 2; i++) {
		struct dc_group group;
		bool aligned;

		cr_assert_eq(dc_group_lattice(&fabric, 0, pieces[i], 2, &group, &aligned), DC_OK);
		cr_expect_not(aligned);
		cr_expect_eq(group.count, 2);
		expect_factor(&group, 0, pieces[i][0].size, 1, DC_GROUP_ACROSS);
		expect_factor(&group, 1, 2, pieces[i][1].stride, 1);
		cr_expect_eq(dc_group_rank(&group, group.size - 1),
			     pieces[i][0].size - 1 + pieces[i][1].stride);
	}
}

Test(group, members_that_do_not_exist)
{
	struct dc_fabric fabric = make_fabric();
	const struct dc_group_piece pieces[] = {{2, 512}}, none[] = {{0, 1}};
	struct dc_group group;

	cr_expect_eq(dc_group_lattice(&fabric, 511, pieces, 1, &group, NULL), DC_OK);
	cr_expect_eq(dc_group_lattice(&fabric, 512, pieces, 1, &group, NULL), DC_ERR_RUN);
	cr_expect_eq(dc_group_lattice(&fabric, 0, none, 1, &group, NULL), DC_ERR_RUN);
	/* A group of one. */
	cr_expect_eq(dc_group_lattice(&fabric, 5, pieces, 0, &group, NULL), DC_OK);
	cr_expect_eq(group.size, 1);
	cr_expect_eq(group.count, 0);
}
