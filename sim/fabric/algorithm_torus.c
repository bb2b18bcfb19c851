/* Torus: the vector in as many parts as there are directions, each on its own way through the
 * dimensions.
 *
 * Part i starts along dimension i and goes on to i + 1, ..., so that all dimensions work at once: d
 * parts, or 2d where every dimension is a ring with two directions [Jain and
 * Sabharwal 2010; Sack and Gropp 2015]. With equal sizes all parts keep step and no
 * two share a link. */
#include "fabric/algorithm_part.h"

static bool fits(const struct dc_fabric *fabric, const struct dc_group *group,
		 const struct dc_request *request, const char **why)
{
	(void)fabric;
	(void)request;
	if (group->count < 2)
		*why = "the group has one dimension only";
	return group->count >= 2;
}

/* Both directions of all dimensions are links apart. */
static bool is_two_way(const struct dc_fabric *fabric, const struct dc_group *group)
{
	for (size_t f = 0; f < group->count; f++)
		if (!dc_algorithm_is_ring(dc_algorithm_dimension(fabric, group, f)) ||
		    group->factors[f].size < 3)
			return false;
	return true;
}

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	static const struct dc_algorithm_part *const ways[] = {&dc_algorithm_part_ring,
							       &dc_algorithm_part_ring_back};
	const struct dc_group *group = schedule->group;
	size_t count = group->count, ways_count = is_two_way(fabric, group) ? 2 : 1;
	double bytes = request->size_bytes / (double)(ways_count * count);

	for (size_t i = 0; i < ways_count * count; i++) {
		const struct dc_algorithm_part *parts[DC_FABRIC_DIMENSIONS];
		size_t order[DC_FABRIC_DIMENSIONS];

		for (size_t f = 0; f < count; f++) {
			order[f] = (i + f) % count;
			parts[f] = ways[i / count];
		}
		dc_schedule_track(schedule, 1);
		dc_algorithm_nest(schedule, request->operation, bytes, order, parts);
	}
	dc_algorithm_cut(schedule, request->chunks);
}

/* Equal sizes and links keep all parts in step, each along another dimension at any time. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	const struct dc_fabric_dimension *first = dc_algorithm_dimension(fabric, group, 0);

	if (request->chunks > 1 || fabric->exception_count)
		return false;
	for (size_t f = 0; f < group->count; f++) {
		const struct dc_fabric_dimension *dimension =
			dc_algorithm_dimension(fabric, group, f);

		if (!first || !dimension || group->factors[f].size != group->factors[0].size ||
		    dc_algorithm_is_switch(dimension) != dc_algorithm_is_switch(first) ||
		    dimension->bandwidth_bps != first->bandwidth_bps ||
		    dimension->latency_s != first->latency_s)
			return false;
	}
	return dc_algorithm_is_apart_around(fabric, group);
}

/* On tori and meshes; libraries do not use it where there are switches. */
static bool is_customary(const struct dc_fabric *fabric, const struct dc_group *group)
{
	for (size_t f = 0; f < group->count; f++) {
		const struct dc_fabric_dimension *dimension =
			dc_algorithm_dimension(fabric, group, f);

		if (!dimension || dimension->type->switches(dimension))
			return false;
	}
	return true;
}

const struct dc_algorithm_type dc_algorithm_torus = {
	.name = "torus",
	.doc = "parts that start along different dimensions and directions, all at work at once",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER,
	.fits = fits,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.is_customary = is_customary,
	.automatic = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		     1u << DC_OPERATION_ALL_GATHER,
};
