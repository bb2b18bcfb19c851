/* Direct, at once: every part is sent straight to whom it is for, and all share the links.
 *
 * On a switch L + (p-1)/p S/B for an exchange: one latency for the p - 1 of turns. It is how
 * grouped sends and receives run [NVIDIA, NCCL documentation, "Point-to-point communication"]. */
#include "fabric/algorithm_direct.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	(void)fabric;
	dc_algorithm_direct_lower(request, schedule, true);
}

/* Where each pair has a link of its own; a group of two has one pair. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	if (request->operation == DC_OPERATION_SEND)
		return true;
	return (group->size == 2 ||
		dc_algorithm_is_full(dc_algorithm_dimension(fabric, group, 0))) &&
	       dc_algorithm_is_apart_across(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_direct_at_once = {
	.name = "direct-at-once",
	.doc = "each part straight to whom it is for, all at once",
	.operations = DC_ALGORITHM_DIRECT_OPERATIONS,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_ALL_TO_ALL | 1u << DC_OPERATION_GATHER |
		     1u << DC_OPERATION_SCATTER,
};
