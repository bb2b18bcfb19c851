/* Bruck: few steps for small parts, for any number of members.
 *
 * All-gather: in round k each sends what it has, at most 2^k parts, to the one 2^k places before
 * it. All-to-all: in round k each sends the parts whose way has bit k set 2^k places on, so a part
 * travels in as many rounds as its way has bits. ceil(log2 p) rounds [Bruck, Ho, Kipnis, Upfal and
 * Weathersby 1997; Thakur, Rabenseifner and Gropp 2005, sec. 4]. */
#include "fabric/algorithm_part.h"

/* Ways 1 to p - 1 that have the bit set. */
static uint64_t ways_with(uint64_t p, uint64_t bit)
{
	uint64_t rest = p % (2 * bit);

	return p / (2 * bit) * bit + (rest > bit ? rest - bit : 0);
}

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	size_t whole = dc_algorithm_whole(schedule->group);
	uint64_t p = schedule->group->size;
	double part_bytes = request->size_bytes / (double)p;

	(void)fabric;
	dc_schedule_track(schedule, 1);
	for (uint64_t bit = 1; bit < p; bit *= 2) {
		dc_schedule_phase(schedule, whole, 1, false);
		if (request->operation == DC_OPERATION_ALL_GATHER)
			dc_schedule_shift(schedule, p - bit,
					  part_bytes * (double)(p - bit < bit ? p - bit : bit));
		else
			dc_schedule_shift(schedule, bit, part_bytes * (double)ways_with(p, bit));
	}
}

static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	(void)request;
	return dc_algorithm_is_apart_across(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_bruck = {
	.name = "bruck",
	.doc = "few steps for small parts: each round carries all parts that go its way",
	.operations = 1u << DC_OPERATION_ALL_GATHER | 1u << DC_OPERATION_ALL_TO_ALL,
	.lower = lower,
	.is_disjoint = is_disjoint,
};
