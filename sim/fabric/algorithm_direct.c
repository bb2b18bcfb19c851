/* Direct: every member sends its part straight to every other.
 *
 * A reduce-scatter or all-gather is one exchange of S/p with each other member, an all-reduce both;
 * 2 L + 2 S/(pB) where every pair has a link of its own [Chan et al. 2007]. A member on one switch
 * has one link for all p - 1 messages: there it sends them in turns, in step i to the one i places
 * on, so that no two meet [Thakur, Rabenseifner and Gropp 2005, sec. 4, pairwise exchange];
 * direct-at-once does not wait. A barrier carries nothing and never waits. */
#include "fabric/algorithm_direct.h"

/* The root's messages: to or from one after another, or all in one step. */
static void lower_rooted(const struct dc_request *request, struct dc_schedule *schedule,
			 bool at_once)
{
	uint64_t p = schedule->group->size;
	double bytes = request->size_bytes / (double)p;

	for (uint64_t i = 1; i < p; i++) {
		uint64_t other = (request->root + i) % p;

		if (i == 1 || !at_once)
			dc_schedule_phase(schedule, dc_algorithm_whole(schedule->group), 1, false);
		if (request->operation == DC_OPERATION_GATHER)
			dc_schedule_message(schedule, other, request->root, bytes);
		else
			dc_schedule_message(schedule, request->root, other, bytes);
	}
}

void dc_algorithm_direct_lower(const struct dc_request *request, struct dc_schedule *schedule,
			       bool at_once)
{
	size_t whole = dc_algorithm_whole(schedule->group);
	double part_bytes = request->size_bytes / (double)schedule->group->size;

	dc_schedule_track(schedule, 1);
	switch (request->operation) {
	case DC_OPERATION_GATHER:
	case DC_OPERATION_SCATTER:
		lower_rooted(request, schedule, at_once);
		break;
	case DC_OPERATION_SEND:
		dc_schedule_phase(schedule, whole, 1, false);
		dc_schedule_message(schedule, request->root,
				    (request->root + 1) % schedule->group->size,
				    request->size_bytes);
		break;
	case DC_OPERATION_BARRIER:
		dc_algorithm_exchange(schedule, whole, 0, false, true);
		break;
	case DC_OPERATION_ALL_REDUCE:
		dc_algorithm_exchange(schedule, whole, part_bytes, true, at_once);
		dc_algorithm_exchange(schedule, whole, part_bytes, false, at_once);
		break;
	default:
		dc_algorithm_exchange(schedule, whole, part_bytes,
				      request->operation == DC_OPERATION_REDUCE_SCATTER, at_once);
		break;
	}
}

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;
	size_t whole = dc_algorithm_whole(group);

	dc_algorithm_direct_lower(
		request, schedule,
		!dc_algorithm_is_switch(dc_algorithm_dimension(fabric, group, whole)));
}

static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	if (request->operation == DC_OPERATION_SEND)
		return true;
	if (request->operation == DC_OPERATION_BARRIER && group->size > 2 &&
	    dc_algorithm_is_switch(dc_algorithm_dimension(fabric, group, 0)))
		return false;
	return dc_algorithm_is_apart_across(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_direct = {
	.name = "direct",
	.doc = "each part straight to whom it is for: at once, on a switch in turns",
	.operations = DC_ALGORITHM_DIRECT_OPERATIONS,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_ALL_TO_ALL | 1u << DC_OPERATION_GATHER |
		     1u << DC_OPERATION_SCATTER | 1u << DC_OPERATION_BARRIER,
};
