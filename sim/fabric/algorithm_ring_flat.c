/* Flat ring: one ring through all members in the order of ranks, whatever the dimensions.
 *
 * 2(p-1) steps of S/p for an all-reduce [Patarasuk and Yuan 2009]: p - 1 latencies where the ring
 * per dimension has the sum of n - 1. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	size_t whole = dc_algorithm_whole(schedule->group);

	(void)fabric;
	dc_schedule_track(schedule, 1);
	if (request->operation != DC_OPERATION_ALL_GATHER)
		dc_algorithm_part_ring.scatter(schedule, whole, request->size_bytes);
	if (request->operation != DC_OPERATION_REDUCE_SCATTER)
		dc_algorithm_part_ring.gather(schedule, whole, request->size_bytes);
}

/* From dimension to dimension messages may meet. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)request;
	return group->count <= 1 && dc_algorithm_is_apart_around(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_ring_flat = {
	.name = "ring-flat",
	.doc = "one ring through all members in the order of ranks",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER,
	.lower = lower,
	.is_disjoint = is_disjoint,
};
