/* In-network: switches add up what passes and send the same to many (NVLS, SHARP).
 *
 * One switch (NVLS): every member sends its vector and takes the sum of its own part, S/p; then it
 * sends that once and the switch gives it to all: S (1 + 1/p) each way through a member's link
 * [NVIDIA, NCCL 2.17 release notes: NVLS; nccl-tests, doc/PERFORMANCE.md]. So a reduce-scatter or an
 * all-gather crosses links up and down, 2 L, in one step, and an all-reduce is one after the other, 4 L:
 * the pieces are so small that both stream together, and the last of them still goes all the way.
 * A tree of switches (SHARP) adds up on the way to its root and sends the result down, S each way and
 * up and down once, streaming too [Graham et al. 2016].
 *
 * A broadcast is a sum with zeros, a reduction a sum whose result all but the root drop: S each
 * way, up and down once.
 *
 * Whatever does not return within a step has a second one of no bytes: the way down.
 *
 * On several dimensions reduce-scatters go outwards and all-gathers back, by the switches of a
 * dimension that can (a tree only as the outermost, for the whole), by rings else. */
#include "fabric/algorithm_part.h"

static void network_scatter(struct dc_schedule *schedule, size_t factor, double bytes)
{
	double n = (double)dc_group_line_size(schedule->group, factor);

	dc_schedule_phase(schedule, factor, 1, true);
	dc_schedule_return(schedule);
	dc_schedule_up(schedule, bytes);
	dc_schedule_down(schedule, bytes / n);
}

static void network_gather(struct dc_schedule *schedule, size_t factor, double bytes)
{
	double n = (double)dc_group_line_size(schedule->group, factor);

	dc_schedule_phase(schedule, factor, 1, false);
	dc_schedule_return(schedule);
	dc_schedule_up(schedule, bytes / n);
	dc_schedule_down(schedule, bytes);
}

/* `bytes` up from everyone, and down to everyone. */
static void stream(struct dc_schedule *schedule, size_t factor, double bytes)
{
	dc_schedule_phase(schedule, factor, 1, true);
	dc_schedule_up(schedule, bytes);
	dc_schedule_down(schedule, bytes);
	dc_schedule_phase(schedule, factor, 1, false);
	dc_schedule_down(schedule, 0);
}

/* The bytes of both halves stream together, in as many steps and ways as these have one after the other. */
static void switch_all(struct dc_schedule *schedule, size_t factor, double bytes)
{
	double n = (double)dc_group_line_size(schedule->group, factor);

	dc_schedule_phase(schedule, factor, 1, true);
	dc_schedule_return(schedule);
	dc_schedule_up(schedule, bytes + bytes / n);
	dc_schedule_down(schedule, bytes + bytes / n);
	dc_schedule_phase(schedule, factor, 1, false);
	dc_schedule_return(schedule);
	dc_schedule_down(schedule, 0);
}

static const struct dc_algorithm_part on_switch = {network_scatter, network_gather, switch_all};
static const struct dc_algorithm_part on_tree = {NULL, NULL, stream};

/* How a factor's switches do their part; NULL where they cannot. */
static const struct dc_algorithm_part *part_of(const struct dc_fabric *fabric,
					       const struct dc_group *group, size_t factor,
					       enum dc_operation operation)
{
	const struct dc_fabric_dimension *dimension = dc_algorithm_dimension(fabric, group, factor);

	if (!dimension || !dimension->reduces || !dimension->type->up)
		return NULL;
	if (dc_algorithm_is_switch(dimension))
		return &on_switch;
	/* Links that carry sums are counted for the least terminal below: all must take part. */
	if (factor + 1 == group->count && group->factors[factor].size == dimension->size &&
	    operation != DC_OPERATION_REDUCE_SCATTER && operation != DC_OPERATION_ALL_GATHER)
		return &on_tree;
	return NULL;
}

static bool is_rooted(enum dc_operation operation)
{
	return operation == DC_OPERATION_BROADCAST || operation == DC_OPERATION_REDUCE;
}

static bool fits(const struct dc_fabric *fabric, const struct dc_group *group,
		 const struct dc_request *request, const char **why)
{
	size_t able = 0;

	for (size_t f = 0; f < group->count; f++)
		able += part_of(fabric, group, f, request->operation) != NULL;
	if (!able)
		*why = "no dimension of the group has switches that could (reduce_in_network)";
	else if (is_rooted(request->operation) && group->count > 1)
		*why = "switches broadcast and reduce along one dimension only";
	else
		return true;
	return false;
}

static void lower_barrier(const struct dc_fabric *fabric, struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;

	for (size_t f = 0; f < group->count; f++) {
		if (part_of(fabric, group, f, DC_OPERATION_BARRIER)) {
			stream(schedule, f, 0);
			continue;
		}
		for (uint64_t offset = 1; offset < group->factors[f].size; offset *= 2) {
			dc_schedule_phase(schedule, f, 1, false);
			dc_schedule_shift(schedule, offset, 0);
		}
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
	if (request->operation == DC_OPERATION_BARRIER) {
		lower_barrier(fabric, schedule);
		return;
	}
	if (is_rooted(request->operation)) {
		stream(schedule, 0, request->size_bytes);
		return;
	}
	for (size_t f = 0; f < group->count; f++) {
		order[f] = f;
		parts[f] = part_of(fabric, group, f, request->operation);
		if (!parts[f])
			parts[f] = dc_algorithm_wants_rings(fabric, group, f)
					   ? &dc_algorithm_part_rings
					   : dc_algorithm_ring_of(request);
	}
	dc_algorithm_nest(schedule, request->operation, request->size_bytes, order, parts);
	if (!chunks && !schedule->failed)
		chunks = group->count > 1 ? dc_algorithm_balance(fabric, group, request->cost,
								 &schedule->tracks[0])
					  : 1;
	dc_algorithm_cut(schedule, chunks);
}

/* A member has its own link up and down on a switch. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	for (size_t f = 0; f < group->count; f++)
		if (request->operation == DC_OPERATION_BARRIER
			    ? !dc_algorithm_is_switch(dc_algorithm_dimension(fabric, group, f))
			    : part_of(fabric, group, f, request->operation) == &on_tree)
			return false;
	return (group->count == 1 ? request->chunks <= 1 : request->chunks == 1) &&
	       dc_algorithm_is_apart_around(fabric, group);
}

const struct dc_algorithm_type dc_algorithm_in_network = {
	.name = "in-network",
	.doc = "switches add up what passes and send the same to many (NVLS, SHARP)",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER | 1u << DC_OPERATION_BROADCAST |
		      1u << DC_OPERATION_REDUCE | 1u << DC_OPERATION_BARRIER,
	.fits = fits,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.whole_buffers = true,
	.automatic = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		     1u << DC_OPERATION_ALL_GATHER | 1u << DC_OPERATION_BROADCAST |
		     1u << DC_OPERATION_REDUCE | 1u << DC_OPERATION_BARRIER,
};
