/* Ring: chunks travel around once for the sum and once for the result.
 *
 * On a group of several dimensions, one after another: an all-reduce of S bytes over sizes n0, n1,
 * ... reduce-scatters S along the first, S/n0 along the second and so on, then all-gathers back.
 * Each phase is n - 1 steps in which every member passes one chunk to the next: 2(n-1)(L + S/(nB))
 * on one dimension [Thakur et al. 2005, sec. 4; Patarasuk and Yuan 2009]. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_algorithm_part *parts[DC_FABRIC_DIMENSIONS];
	size_t order[DC_FABRIC_DIMENSIONS];

	(void)fabric;
	for (size_t f = 0; f < schedule->group->count; f++) {
		order[f] = f;
		parts[f] = &dc_algorithm_part_ring;
	}
	dc_schedule_track(schedule, 1);
	dc_algorithm_nest(schedule, request->operation, request->size_bytes, order, parts);
	dc_algorithm_cut(schedule, request->chunks);
}

/* Chunks that go out along a dimension meet those that come back; one way, each dimension is its
 * own. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	if (request->chunks > 1 && request->operation == DC_OPERATION_ALL_REDUCE)
		return false;
	return dc_algorithm_is_apart_around(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_ring = {
	.name = "ring",
	.doc = "chunks once around to add up, once for the result; dimension by dimension",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		     1u << DC_OPERATION_ALL_GATHER,
};
