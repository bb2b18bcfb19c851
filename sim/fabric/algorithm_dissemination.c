/* Dissemination: a barrier in which each tells the ones 1, 2, 4, ... places on.
 *
 * After round k each member knows of 2^(k+1) behind it; ceil(log2 p) rounds, any p [Hensgen, Finkel
 * and Manber 1988]. Factor by factor on groups of several dimensions. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;

	(void)fabric;
	(void)request;
	dc_schedule_track(schedule, 1);
	for (size_t f = 0; f < group->count; f++)
		for (uint64_t offset = 1; offset < group->factors[f].size; offset *= 2) {
			dc_schedule_phase(schedule, f, 1, false);
			dc_schedule_shift(schedule, offset, 0);
		}
}

static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)request;
	return dc_algorithm_is_apart(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_dissemination = {
	.name = "dissemination",
	.doc = "a barrier in which each tells the ones 1, 2, 4, ... places on",
	.operations = 1u << DC_OPERATION_BARRIER,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_BARRIER,
};
