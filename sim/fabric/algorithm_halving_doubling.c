/* Halving-doubling: exchanges of halves with ever farther partners, and back.
 *
 * Reduce-scatter: log2 p exchanges of S/2, S/4, ..., S/p, nearest partners first, so that the most
 * bytes go the shortest way; all-gather backwards; all-reduce both: 2 log2 p L + 2 (p-1)/p S/B
 * [Rabenseifner 2004; Thakur, Rabenseifner and Gropp 2005, sec. 4]. Where p is no power of two,
 * p - q members (q the power below) hand over to a neighbour first and get the result from it at
 * last: two steps more, of S in an all-reduce. Factor by factor on groups of several dimensions. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_algorithm_part *parts[DC_FABRIC_DIMENSIONS];
	size_t order[DC_FABRIC_DIMENSIONS];

	(void)fabric;
	for (size_t f = 0; f < schedule->group->count; f++) {
		order[f] = f;
		parts[f] = &dc_algorithm_part_halving;
	}
	dc_schedule_track(schedule, 1);
	dc_algorithm_nest(schedule, request->operation, request->size_bytes, order, parts);
	dc_algorithm_cut(schedule, request->chunks);
}

static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	return request->chunks <= 1 && dc_algorithm_is_apart(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_halving_doubling = {
	.name = "halving-doubling",
	.doc = "exchanges of halves with ever farther partners, and back",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER,
	.lower = lower,
	.is_disjoint = is_disjoint,
};
