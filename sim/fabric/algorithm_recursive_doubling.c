/* Recursive doubling: all there is, exchanged with ever farther partners.
 *
 * log2 p steps: of the whole vector in an all-reduce, of S/p, 2S/p, 4S/p, ... in an all-gather, of
 * nothing in a barrier [Thakur, Rabenseifner and Gropp 2005, sec. 4]. Where p is no power
 * of two, p - q members hand over first and get the result at last: two steps more. Factor by
 * factor on groups of several dimensions. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;
	const struct dc_algorithm_part *part = &dc_algorithm_part_doubling;
	bool gathers = request->operation == DC_OPERATION_ALL_GATHER;
	double bytes = request->operation == DC_OPERATION_BARRIER ? 0 : request->size_bytes;
	double gathered_bytes = bytes / (double)group->size;

	(void)fabric;
	dc_schedule_track(schedule, 1);
	for (size_t f = 0; f < group->count; f++) {
		gathered_bytes *= (double)group->factors[f].size;
		if (gathers)
			part->gather(schedule, f, gathered_bytes);
		else
			part->all(schedule, f, bytes);
	}
	dc_algorithm_cut(schedule, request->chunks);
}

static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	return request->chunks <= 1 && dc_algorithm_is_apart(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_recursive_doubling = {
	.name = "recursive-doubling",
	.doc = "all there is, exchanged with ever farther partners",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_ALL_GATHER |
		      1u << DC_OPERATION_BARRIER,
	.lower = lower,
	.is_disjoint = is_disjoint,
};
