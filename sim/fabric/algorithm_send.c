/* Send: one message from the root to the member after it. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;

	(void)fabric;
	dc_schedule_track(schedule, 1);
	dc_schedule_phase(schedule, dc_algorithm_whole(group), 1, false);
	dc_schedule_message(schedule, request->root, (request->root + 1) % group->size,
			    request->size_bytes);
}

/* A path crosses each of its links once. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)fabric;
	(void)group;
	(void)request;
	return true;
}

const struct dc_algorithm_type dc_algorithm_send = {
	.name = "send",
	.doc = "one message from the root to the member after it",
	.operations = 1u << DC_OPERATION_SEND,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_SEND,
};
