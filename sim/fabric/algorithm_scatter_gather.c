/* Scatter and all-gather: a long broadcast as a binomial scatter and a ring that puts the parts
 * together.
 *
 * ceil(log2 p) + p - 1 steps and 2 (p-1)/p S through a member's link, where a tree has log2 p times
 * S [van de Geijn; Thakur, Rabenseifner and Gropp 2005, sec. 4]. A reduction is the same
 * backwards: ring reduce-scatter and binomial gather [ibid., Rabenseifner]. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	bool reduces = request->operation == DC_OPERATION_REDUCE;
	struct dc_algorithm_stage stage = dc_algorithm_whole_stage(schedule->group, request->root);
	const struct dc_algorithm_part *ring = &dc_algorithm_part_ring;
	double part_bytes = request->size_bytes / (double)schedule->group->size;

	(void)fabric;
	dc_schedule_track(schedule, 1);
	if (reduces)
		ring->scatter(schedule, stage.factor, request->size_bytes);
	dc_algorithm_binomial(schedule, &stage, reduces, true, false, part_bytes);
	if (!reduces)
		ring->gather(schedule, stage.factor, request->size_bytes);
}

static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)request;
	return dc_algorithm_is_apart_across(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_scatter_gather = {
	.name = "scatter-gather",
	.doc = "scatter by a tree, then put together around a ring; backwards to reduce",
	.operations = 1u << DC_OPERATION_BROADCAST | 1u << DC_OPERATION_REDUCE,
	.lower = lower,
	.lists_members = true,
	.is_disjoint = is_disjoint,
};
