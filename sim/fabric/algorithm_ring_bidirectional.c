/* Bidirectional ring: half of every chunk travels each way around.
 *
 * Two tracks of the ring algorithm, with S/2 each: on rings, whose two directions have links of
 * their own, 2(n-1)(L + S/(2nB)): half the bandwidth term [Jain and Sabharwal 2010; Chan et al.
 * 2007]. Where a member has one link for both, nothing is won. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	static const struct dc_algorithm_part *const ways[] = {&dc_algorithm_part_ring,
							       &dc_algorithm_part_ring_back};

	(void)fabric;
	for (size_t way = 0; way < 2; way++) {
		const struct dc_algorithm_part *parts[DC_FABRIC_DIMENSIONS];
		size_t order[DC_FABRIC_DIMENSIONS];

		for (size_t f = 0; f < schedule->group->count; f++) {
			order[f] = f;
			parts[f] = ways[way];
		}
		dc_schedule_track(schedule, 1);
		dc_algorithm_nest(schedule, request->operation, request->size_bytes / 2, order,
				  parts);
	}
	dc_algorithm_cut(schedule, request->chunks);
}

/* On a ring of two, and on a switch, both ways are the same link. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	if (request->chunks > 1 && request->operation == DC_OPERATION_ALL_REDUCE)
		return false;
	for (size_t f = 0; f < group->count; f++) {
		const struct dc_fabric_dimension *dimension =
			dc_algorithm_dimension(fabric, group, f);

		if (dc_algorithm_is_switch(dimension) || group->factors[f].size < 3)
			return false;
	}
	return dc_algorithm_is_apart_around(fabric, group);
}

/* On rings; over other direct links libraries lay rings of their own (algorithm_rings.c). */
static bool is_customary(const struct dc_fabric *fabric, const struct dc_group *group)
{
	for (size_t f = 0; f < group->count; f++)
		if (!dc_algorithm_is_ring(dc_algorithm_dimension(fabric, group, f)))
			return false;
	return true;
}

const struct dc_algorithm_type dc_algorithm_ring_bidirectional = {
	.name = "ring-bidirectional",
	.doc = "half of every chunk each way around the ring; dimension by dimension",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.is_customary = is_customary,
	.automatic = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		     1u << DC_OPERATION_ALL_GATHER,
};
