/* Ring: chunks travel around once for the sum and once for the result.
 *
 * On a group of several dimensions, one after another: an all-reduce of S bytes over sizes n0, n1, ...
 * reduce-scatters S along the first, S/n0 along the second and so on, then all-gathers back. Each phase
 * is n - 1 steps in which every member passes one chunk to the next: 2(n-1)(L + S/(nB)) on one
 * dimension [Thakur et al. 2005, sec. 4; Patarasuk and Yuan 2009]. */
#include "fabric/algorithm.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;
	double chunk_bytes[DC_FABRIC_DIMENSIONS], part_bytes = request->size_bytes;

	(void)fabric;
	dc_schedule_track(schedule, 1);
	for (size_t f = 0; f < group->count; f++) {
		part_bytes /= (double)group->factors[f].size;
		chunk_bytes[f] = part_bytes;
	}
	for (size_t f = 0; f < group->count && request->operation != DC_OPERATION_ALL_GATHER; f++) {
		dc_schedule_phase(schedule, f, group->factors[f].size - 1, true);
		dc_schedule_shift(schedule, 1, chunk_bytes[f]);
	}
	for (size_t f = group->count;
	     f-- > 0 && request->operation != DC_OPERATION_REDUCE_SCATTER;) {
		dc_schedule_phase(schedule, f, group->factors[f].size - 1, false);
		dc_schedule_shift(schedule, 1, chunk_bytes[f]);
	}
}

/* Neighbours on rings and tori have a link of their own, on a switch a way up and a way down; a group
 * that leaves out members may go around the shorter way, and meet. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)request;
	for (size_t f = 0; f < group->count; f++) {
		const struct dc_group_factor *factor = &group->factors[f];
		const struct dc_fabric_dimension *dimension;

		if (factor->dimension == DC_GROUP_ACROSS)
			return false;
		dimension = &fabric->dimensions[factor->dimension];
		if (dimension->type == &dc_topology_switch)
			continue;
		if ((dimension->type != &dc_topology_ring &&
		     dimension->type != &dc_topology_torus) ||
		    factor->size != dimension->size)
			return false;
	}
	return true;
}

const struct dc_algorithm_type dc_algorithm_ring = {
	.name = "ring",
	.doc = "chunks once around to add up, once for the result; dimension by dimension",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = true,
	.nccl = true,
};
