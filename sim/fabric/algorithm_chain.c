/* Chain: from each member to the next, in chunks that follow each other.
 *
 * From the root through the members after it, around; a reduction comes the other way. p - 1 hops,
 * K chunks: (p + K - 2)(L + S/(KB)) [Patarasuk, Faraj and Yuan 2006, pipelined broadcast]. Without
 * a wish K is what makes that least. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;
	bool reduces = request->operation == DC_OPERATION_REDUCE;
	uint64_t p = group->size, chunks = request->chunks;

	dc_schedule_track(schedule, 1);
	for (uint64_t i = 0; i + 1 < p; i++) {
		/* A reduction's first hop is the broadcast's last. */
		uint64_t near = (request->root + (reduces ? p - 2 - i : i)) % p;
		uint64_t far = (near + 1) % p;

		dc_schedule_phase(schedule, dc_algorithm_whole(group), 1, reduces);
		dc_schedule_message(schedule, reduces ? far : near, reduces ? near : far,
				    request->size_bytes);
	}
	if (!chunks)
		chunks = dc_algorithm_pipeline(fabric, group, request->cost, p - 1,
					       request->size_bytes);
	dc_algorithm_cut(schedule, chunks);
}

/* Every hop has links of its own, so chunks on different hops do not meet. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)request;
	return group->count <= 1 && dc_algorithm_is_apart_around(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_chain = {
	.name = "chain",
	.doc = "from each member to the next, in chunks that follow each other",
	.operations = 1u << DC_OPERATION_BROADCAST | 1u << DC_OPERATION_REDUCE,
	.lower = lower,
	.lists_members = true,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_BROADCAST | 1u << DC_OPERATION_REDUCE,
};
