/* Pairwise exchange: an all-to-all in p - 1 steps, in each of which everybody sends one part.
 *
 * In step i the partner is place ^ i where p is a power of two, else each sends to the one i places
 * on and receives from the one i places before [Thakur, Rabenseifner and Gropp 2005, sec. 4]. */
#include "fabric/algorithm_part.h"

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	size_t whole = dc_algorithm_whole(schedule->group);
	uint64_t p = schedule->group->size;
	double part_bytes = request->size_bytes / (double)p;

	(void)fabric;
	dc_schedule_track(schedule, 1);
	for (uint64_t i = 1; i < p; i++) {
		dc_schedule_phase(schedule, whole, 1, false);
		if (p & (p - 1))
			dc_schedule_shift(schedule, i, part_bytes);
		else
			dc_schedule_xor(schedule, i, part_bytes);
	}
}

static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)request;
	return dc_algorithm_is_apart_across(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_pairwise = {
	.name = "pairwise",
	.doc = "one partner after another",
	.operations = 1u << DC_OPERATION_ALL_TO_ALL,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_ALL_TO_ALL,
};
