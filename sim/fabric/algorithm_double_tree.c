/* Double binary tree: two trees, each with half of the vector, in which nobody passes on in both.
 *
 * The root feeds two binary trees over the m = p - 1 others, numbered 1 to m after it. In the
 * first, odd numbers are leaves, and the number v with b its lowest bit hangs below v with b
 * cleared and the bit above it set, or below v - b where that is beyond m. The second is the first
 * mirrored (m even) or shifted by one (m odd), so that who passes on in one is a leaf in the other
 * [Sanders, Speck and Traeff 2009]. ceil(log2 p) levels, a phase each; a reduction
 * comes the other way, an all-reduce is both, 2 ceil(log2 p) phases.
 *
 * Both halves are cut into K chunks. With all phases at work a member sends twice S/(2K) in a
 * broadcast, twice as much in an all-reduce. Without a wish K is what makes
 * (phases + K - 1)(L + w S/(K B)) least, w = 1, or 2 for an all-reduce. */
#include "fabric/algorithm_part.h"

/* Who is above v in the first tree over 1 to m; 0 is the root. */
static uint64_t above(uint64_t v, uint64_t m)
{
	uint64_t lowest = v & (~v + 1), parent = (v - lowest) | 2 * lowest;

	return parent <= m ? parent : v - lowest;
}

/* The member that has number v of the first tree in tree 0 or 1. */
static uint64_t member_of(const struct dc_group *group, uint64_t root, unsigned tree, uint64_t v)
{
	uint64_t m = group->size - 1;

	if (v && tree)
		v = m % 2 ? v % m + 1 : m + 1 - v;
	return (root + v) % group->size;
}

/* Depths of all numbers in the first tree; NULL when out of memory. */
static unsigned char *depths_of(struct dc_schedule *schedule)
{
	uint64_t m = schedule->group->size - 1;
	unsigned char *depths = dc_arena_array(schedule->arena, (size_t)m + 1, 1);

	if (!depths) {
		schedule->failed = true;
		return NULL;
	}
	for (uint64_t v = 1; v <= m; v++)
		for (uint64_t u = v; u; u = above(u, m))
			depths[v]++;
	return depths;
}

/* The messages between a level of a tree and the one above. */
static void add_level(struct dc_schedule *schedule, const unsigned char *depths, uint64_t root,
		      unsigned tree, unsigned depth, bool up, double bytes)
{
	const struct dc_group *group = schedule->group;
	uint64_t m = group->size - 1;

	dc_schedule_phase(schedule, dc_algorithm_whole(group), 1, up);
	for (uint64_t v = 1; v <= m; v++) {
		uint64_t lower, upper;

		if (depths[v] != depth)
			continue;
		lower = member_of(group, root, tree, v);
		upper = member_of(group, root, tree, above(v, m));
		dc_schedule_message(schedule, up ? lower : upper, up ? upper : lower, bytes);
	}
}

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;
	bool all = request->operation == DC_OPERATION_ALL_REDUCE;
	unsigned levels = dc_algorithm_levels(group->size);
	uint64_t chunks = request->chunks, root = all ? 0 : request->root;
	const unsigned char *depths = depths_of(schedule);

	if (!depths)
		return;
	for (unsigned tree = 0; tree < 2; tree++) {
		dc_schedule_track(schedule, 1);
		for (unsigned d = levels; d > 0 && request->operation != DC_OPERATION_BROADCAST;
		     d--)
			add_level(schedule, depths, root, tree, d, true, request->size_bytes / 2);
		for (unsigned d = 1; d <= levels && request->operation != DC_OPERATION_REDUCE; d++)
			add_level(schedule, depths, root, tree, d, false, request->size_bytes / 2);
	}
	if (!chunks)
		chunks = dc_algorithm_pipeline(fabric, group, request->cost,
					       (all ? 2 : 1) * (uint64_t)levels,
					       (all ? 2 : 1) * request->size_bytes);
	dc_algorithm_cut(schedule, chunks);
}

/* Between nodes: inside one, libraries run rings and chains [NVIDIA, "Massively scale your deep learning
 * training with NCCL 2.4"]. */
static bool is_customary(const struct dc_fabric *fabric, const struct dc_group *group)
{
	uint64_t last = dc_group_rank(group, group->size - 1);

	return fabric->node_size < 2 || group->base / fabric->node_size != last / fabric->node_size;
}

const struct dc_algorithm_type dc_algorithm_double_tree = {
	.name = "double-tree",
	.doc = "two binary trees with half of the vector each, in chunks",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_BROADCAST |
		      1u << DC_OPERATION_REDUCE,
	.lower = lower,
	.lists_members = true,
	.is_customary = is_customary,
	.automatic = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_BROADCAST |
		     1u << DC_OPERATION_REDUCE,
};
