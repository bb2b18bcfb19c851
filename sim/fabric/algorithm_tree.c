/* Tree: a binomial tree from the root or to it.
 *
 * ceil(log2 p) steps; in a broadcast those that have the vector send it on to the far half,
 * quarter, ...; a reduction is the same backwards, an all-reduce both [Thakur, Rabenseifner and
 * Gropp 2005, sec. 4]. Gather and scatter carry the parts of all below: (p-1)/p S through
 * the root's link and ceil(log2 p) latencies [Chan et al. 2007]. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	bool sized = request->operation == DC_OPERATION_GATHER ||
		     request->operation == DC_OPERATION_SCATTER;
	bool both = request->operation == DC_OPERATION_ALL_REDUCE ||
		    request->operation == DC_OPERATION_BARRIER;
	bool up = request->operation == DC_OPERATION_REDUCE ||
		  request->operation == DC_OPERATION_GATHER;
	struct dc_algorithm_stage stage =
		dc_algorithm_whole_stage(schedule->group, both ? 0 : request->root);
	double bytes = request->size_bytes;

	(void)fabric;
	if (sized)
		bytes /= (double)schedule->group->size;
	if (request->operation == DC_OPERATION_BARRIER)
		bytes = 0;
	dc_schedule_track(schedule, 1);
	if (up || both)
		dc_algorithm_binomial(schedule, &stage, true, sized,
				      !sized && request->operation != DC_OPERATION_BARRIER, bytes);
	if (!up)
		dc_algorithm_binomial(schedule, &stage, false, sized, false, bytes);
	dc_algorithm_cut(schedule, request->chunks);
}

/* In a step a member sends or receives one message; in several steps, so chunks meet. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	return request->chunks <= 1 && dc_algorithm_is_apart_across(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_tree = {
	.name = "tree",
	.doc = "a binomial tree from the root or to it, or both",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_BROADCAST |
		      1u << DC_OPERATION_REDUCE | 1u << DC_OPERATION_GATHER |
		      1u << DC_OPERATION_SCATTER | 1u << DC_OPERATION_BARRIER,
	.lower = lower,
	.lists_members = true,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_BROADCAST | 1u << DC_OPERATION_REDUCE |
		     1u << DC_OPERATION_GATHER | 1u << DC_OPERATION_SCATTER |
		     1u << DC_OPERATION_BARRIER,
};
