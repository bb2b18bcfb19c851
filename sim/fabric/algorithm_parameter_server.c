/* Parameter server: members push their shards to k servers, which add up, and pull the sums.
 *
 * The servers are the first k members, each with a k-th of the vector [Li et al. 2014; Jiang et al.
 * 2020, colocated servers]. A server keeps its own part, so push and pull move (p-1) S each; a
 * server's link carries (p-1) S/k beside its own S (k-1)/k. k = p is the direct all-reduce. */
#include "fabric/algorithm_part.h"

static uint64_t servers_of(const struct dc_request *request, const struct dc_group *group)
{
	uint64_t k = request->servers;

	return k == 0 || k > group->size ? group->size : k;
}

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	size_t whole = dc_algorithm_whole(schedule->group);
	uint64_t p = schedule->group->size, k = servers_of(request, schedule->group);
	double shard_bytes = request->size_bytes / (double)k;

	(void)fabric;
	dc_schedule_track(schedule, 1);
	for (int pull = 0; pull < 2; pull++) {
		if (k == p) {
			dc_algorithm_exchange(schedule, whole, shard_bytes, !pull, true);
			continue;
		}
		dc_schedule_phase(schedule, whole, 1, !pull);
		for (uint64_t server = 0; server < k; server++)
			for (uint64_t member = 0; member < p; member++)
				dc_schedule_message(schedule, pull ? server : member,
						    pull ? member : server, shard_bytes);
	}
}

/* Where each pair has a link of its own. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)request;
	return (group->size == 2 ||
		dc_algorithm_is_full(dc_algorithm_dimension(fabric, group, 0))) &&
	       dc_algorithm_is_apart_across(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_parameter_server = {
	.name = "parameter-server",
	.doc = "push shards to the first k members, which add up, and pull the sums",
	.operations = 1u << DC_OPERATION_ALL_REDUCE,
	.lower = lower,
	.lists_members = true,
	.is_disjoint = is_disjoint,
};
