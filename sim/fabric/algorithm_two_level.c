/* Two-level all-to-all: within the node first, then between nodes.
 *
 * Of n0 x n1 x ... members each first gives those of its line along the first factor all that goes
 * to their coordinate, S/n0 to each; then the same along the next: fewer, larger messages between
 * nodes, n1 - 1 of S/n1 for n0 (n1 - 1) of S/p. On several levels as Bruck's with one digit per
 * factor [Bruck et al. 1997, radix r; Rajbhandari et al. 2022, hierarchical all-to-all]. On a
 * switch members send in turns, elsewhere at once (algorithm_direct.c). */
#include "fabric/algorithm_part.h"

static bool fits(const struct dc_fabric *fabric, const struct dc_group *group,
		 const struct dc_request *request, const char **why)
{
	(void)fabric;
	(void)request;
	if (group->count < 2)
		*why = "the group has one level only";
	return group->count >= 2;
}

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;

	dc_schedule_track(schedule, 1);
	for (size_t f = 0; f < group->count; f++)
		dc_algorithm_exchange(
			schedule, f, request->size_bytes / (double)group->factors[f].size, false,
			!dc_algorithm_is_switch(dc_algorithm_dimension(fabric, group, f)));
	dc_algorithm_cut(schedule, request->chunks);
}

static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	return request->chunks <= 1 && dc_algorithm_is_apart(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_two_level = {
	.name = "two-level",
	.doc = "all-to-all within the node first, then between nodes",
	.operations = 1u << DC_OPERATION_ALL_TO_ALL,
	.fits = fits,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_ALL_TO_ALL,
};
