/* Hierarchical: dimension by dimension, each with what suits it, in chunks that follow each other.
 *
 * An all-reduce reduce-scatters from the innermost dimension outwards and all-gathers back, so that
 * outer dimensions carry 1/n0, 1/(n0 n1), ... of the bytes [Cho et al. 2019, BlueConnect; Patarasuk
 * and Yuan 2009]. Along direct links whose transport has protocols go the rings that libraries run,
 * as many at once as there are (algorithm_rings.c); along other fully connected dimensions all
 * exchange at once; along a switch a power of two with latency takes halving-doubling, log2 n
 * latencies for n - 1 of a ring; all else a ring. Broadcast, reduce, gather and scatter are binomial
 * trees along each: the root's outermost line first, then lines within [Karonis et al. 2000,
 * multilevel].
 *
 * Without a wish the chunks are the power of two that makes the pipeline shortest
 * (dc_algorithm_balance). */
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

static const struct dc_algorithm_part *suited(const struct dc_fabric *fabric,
					      const struct dc_group *group,
					      const struct dc_request *request, size_t factor)
{
	const struct dc_fabric_dimension *dimension = dc_algorithm_dimension(fabric, group, factor);
	uint64_t n = group->factors[factor].size;

	if (dc_algorithm_wants_rings(fabric, group, factor))
		return &dc_algorithm_part_rings;
	if (dc_algorithm_is_full(dimension))
		return &dc_algorithm_part_at_once;
	if (dc_algorithm_is_switch(dimension) && (n & (n - 1)) == 0 && dimension->latency_s > 0)
		return &dc_algorithm_part_halving;
	return dc_algorithm_ring_of(request);
}

/* The lines along a factor in which the root's parts are: those with the root's coordinates further
 * in, any further out. */
static struct dc_algorithm_stage stage_of(const struct dc_group *group, size_t factor,
					  uint64_t root)
{
	uint64_t inner = 1, size = group->factors[factor].size;

	for (size_t f = 0; f < factor; f++)
		inner *= group->factors[f].size;
	if (factor == 0)
		return (struct dc_algorithm_stage){
			.factor = 0, .size = size, .root = root % size, .stride = 1, .lines = 1};
	return (struct dc_algorithm_stage){
		.factor = DC_GROUP_ACROSS,
		.size = size,
		.root = root / inner % size,
		.first = root % inner,
		.stride = inner,
		.lines = group->size / (inner * size),
		.line_stride = inner * size,
	};
}

static void lower_rooted(const struct dc_request *request, struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;
	bool sized = request->operation == DC_OPERATION_GATHER ||
		     request->operation == DC_OPERATION_SCATTER;
	bool up = request->operation == DC_OPERATION_REDUCE ||
		  request->operation == DC_OPERATION_GATHER;

	for (size_t i = 0; i < group->count; i++) {
		size_t f = up ? i : group->count - 1 - i;
		struct dc_algorithm_stage stage = stage_of(group, f, request->root);
		double bytes = request->size_bytes;

		if (sized)
			bytes *= (double)stage.stride / (double)group->size;
		dc_algorithm_binomial(schedule, &stage, up, sized, up && !sized, bytes);
	}
}

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;
	const struct dc_algorithm_part *parts[DC_FABRIC_DIMENSIONS];
	size_t order[DC_FABRIC_DIMENSIONS];
	uint64_t chunks = request->chunks;

	schedule->fabric = fabric;
	dc_schedule_track(schedule, 1);
	switch (request->operation) {
	case DC_OPERATION_ALL_REDUCE:
	case DC_OPERATION_REDUCE_SCATTER:
	case DC_OPERATION_ALL_GATHER:
		for (size_t f = 0; f < group->count; f++) {
			order[f] = f;
			parts[f] = suited(fabric, group, request, f);
		}
		dc_algorithm_nest(schedule, request->operation, request->size_bytes, order, parts);
		break;
	default:
		lower_rooted(request, schedule);
		break;
	}
	if (!chunks && !schedule->failed)
		chunks = dc_algorithm_balance(fabric, group, request->cost, &schedule->tracks[0]);
	dc_algorithm_cut(schedule, chunks);
}

/* One chunk: chunks meet. Trees between lines may, too. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	if (request->chunks != 1)
		return false;
	switch (request->operation) {
	case DC_OPERATION_ALL_REDUCE:
	case DC_OPERATION_REDUCE_SCATTER:
	case DC_OPERATION_ALL_GATHER:
		return dc_algorithm_is_apart_around(fabric, group);
	default:
		return dc_algorithm_is_apart(fabric, group);
	}
}

const struct dc_algorithm_type dc_algorithm_hierarchical = {
	.name = "hierarchical",
	.doc = "dimension by dimension, each with what suits it, in chunks",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER | 1u << DC_OPERATION_BROADCAST |
		      1u << DC_OPERATION_REDUCE | 1u << DC_OPERATION_GATHER |
		      1u << DC_OPERATION_SCATTER,
	.fits = fits,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		     1u << DC_OPERATION_ALL_GATHER | 1u << DC_OPERATION_BROADCAST |
		     1u << DC_OPERATION_REDUCE | 1u << DC_OPERATION_GATHER |
		     1u << DC_OPERATION_SCATTER,
};
