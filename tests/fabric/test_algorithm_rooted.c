/* Operations with a root: messages carry what the algorithm's definition says, and in the end
 * everybody has what was promised. */
#include "algorithm_rig.h"

/* --- binomial trees --- */

/* Places of a line; place v counts from the root, and hangs below v without its lowest bit. */
struct line {
	uint64_t first, stride, size, root;
};

static uint64_t line_member(const struct line *line, uint64_t v)
{
	return line->first + (v + line->root) % line->size * line->stride;
}

/* What goes along an edge of the tree: all blocks, or those of the members at or below v. A member
 * stands for those that agree with it in all digits from its line's outwards. */
static void play_edge(struct flow *flow, const struct line *line, uint64_t v, uint64_t bit, bool up,
		      bool sized, bool adds)
{
	uint64_t lower = line_member(line, v), upper = line_member(line, v & ~bit);
	struct flow_load *load = flow_send(flow, up ? lower : upper, up ? upper : lower, adds);

	if (!sized) {
		for (uint64_t b = 0; b < flow->blocks; b++)
			flow_carry(flow, load, b);
		return;
	}
	for (uint64_t w = v; w < v + bit && w < line->size; w++) {
		uint64_t member = line_member(line, w) / line->stride * line->stride;

		for (uint64_t b = member; b < member + line->stride; b++)
			flow_carry(flow, load, b);
	}
}

/* Step by step: those with lowest bit 1, 2, 4, ... on the way up, the other way round down. */
static void play_trees(struct flow *flow, const struct line *lines, size_t count, bool up,
		       bool sized, bool adds)
{
	unsigned levels = flow_log(lines[0].size);

	for (unsigned i = 0; i < levels; i++) {
		uint64_t bit = (uint64_t)1 << (up ? i : levels - 1 - i);

		for (size_t l = 0; l < count; l++)
			for (uint64_t v = 1; v < lines[l].size; v++)
				if ((v & (~v + 1)) == bit)
					play_edge(flow, &lines[l], v, bit, up, sized, adds);
		flow_step_end(flow);
	}
}

static void play_tree(uint64_t p, enum dc_operation operation, uint64_t root)
{
	struct dc_request request = {.operation = operation, .size_bytes = 1000, .root = root};
	bool sized = operation == DC_OPERATION_GATHER || operation == DC_OPERATION_SCATTER;
	bool both = operation == DC_OPERATION_ALL_REDUCE || operation == DC_OPERATION_BARRIER;
	bool up = operation == DC_OPERATION_REDUCE || operation == DC_OPERATION_GATHER || both;
	struct line line = {.stride = 1, .size = p, .root = both ? 0 : root};
	struct rig rig;
	struct flow *flow;

	rig_start(&rig, &dc_algorithm_tree, &p, 1, &request);
	flow = rig_track(&rig, 0, sized ? p : 1, 1,
			 operation == DC_OPERATION_BARRIER ? FLOW_NONE : FLOW_BLOCKS);
	if (up)
		play_trees(flow, &line, 1, true, sized, !sized);
	if (!up || both)
		play_trees(flow, &line, 1, false, sized, false);
	rig_check(&rig);
	cr_assert_eq(dc_schedule_steps(&rig.schedule), (both ? 2 : 1) * flow_log(p));
	rig_stop(&rig);
}

Test(algorithm_rooted, tree)
{
	static const enum dc_operation operations[] = {
		DC_OPERATION_BROADCAST, DC_OPERATION_REDUCE,     DC_OPERATION_GATHER,
		DC_OPERATION_SCATTER,   DC_OPERATION_ALL_REDUCE, DC_OPERATION_BARRIER};

	for (size_t i = 0; i < SIZES; i++)
		for (size_t o = 0; o < 6; o++)
			for (uint64_t root = 0; root < sizes_tested[i]; root++)
				play_tree(sizes_tested[i], operations[o], root);
}

/* Scatters and broadcasts go along the root's outermost line first, then along lines further in
 * that begin in members reached; gathers and reductions backwards. */
static void play_hierarchical(const uint64_t *sizes, size_t count, enum dc_operation operation,
			      uint64_t root)
{
	struct dc_request request = {
		.operation = operation, .size_bytes = 5040, .root = root, .chunks = 1};
	bool sized = operation == DC_OPERATION_GATHER || operation == DC_OPERATION_SCATTER;
	bool up = operation == DC_OPERATION_REDUCE || operation == DC_OPERATION_GATHER;
	struct rig rig;
	struct flow *flow;

	rig_start(&rig, &dc_algorithm_hierarchical, sizes, count, &request);
	flow = rig_track(&rig, 0, sized ? rig.group.size : 1, 1, FLOW_BLOCKS);
	for (size_t i = 0; i < count; i++) {
		size_t f = up ? i : count - 1 - i, line_count = 0;
		uint64_t inner = 1;
		struct line lines[FLOW_MOST];

		for (size_t g = 0; g < f; g++)
			inner *= sizes[g];
		/* Members with the root's digits further in and digit 0 here begin a line. */
		for (uint64_t m = 0; m < flow->p; m++)
			if (m % inner == root % inner && m / inner % sizes[f] == 0)
				lines[line_count++] =
					(struct line){m, inner, sizes[f], root / inner % sizes[f]};
		play_trees(flow, lines, line_count, up, sized, up && !sized);
	}
	rig_check(&rig);
	rig_stop(&rig);
}

Test(algorithm_rooted, hierarchical)
{
	static const uint64_t sizes[][3] = {{2, 2}, {2, 3}, {3, 5}, {4, 8}, {3, 2, 4}, {4, 4, 4}};
	static const enum dc_operation operations[] = {DC_OPERATION_BROADCAST, DC_OPERATION_REDUCE,
						       DC_OPERATION_GATHER, DC_OPERATION_SCATTER};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t o = 0; o < 4; o++) {
			size_t count = sizes[i][2] ? 3 : 2;
			uint64_t p = sizes[i][0] * sizes[i][1] * (sizes[i][2] ? sizes[i][2] : 1);

			for (uint64_t root = 0; root < p; root++)
				play_hierarchical(sizes[i], count, operations[o], root);
		}
}

/* Scatter and all-gather around; backwards reduce-scatter around and gather. */
Test(algorithm_rooted, scatter_gather)
{
	for (size_t i = 0; i < SIZES; i++)
		for (uint64_t r = 0; r < 3; r++)
			for (int reduces = 0; reduces < 2; reduces++) {
				uint64_t p = sizes_tested[i], root = r * (p - 1) / 2;
				struct dc_request request = {
					.operation = reduces ? DC_OPERATION_REDUCE
							     : DC_OPERATION_BROADCAST,
					.size_bytes = 1e6,
					.root = root};
				struct line line = {.stride = 1, .size = p, .root = root};
				struct rig rig;
				struct flow *flow;

				rig_start(&rig, &dc_algorithm_scatter_gather, &p, 1, &request);
				flow = rig_track(&rig, 0, p, 1, FLOW_BLOCKS);
				if (!reduces)
					play_trees(flow, &line, 1, false, true, false);
				for (uint64_t s = 0; s + 1 < p; s++) {
					for (uint64_t m = 0; m < p; m++) {
						uint64_t block =
							(m + 2 * p - s - (uint64_t)reduces) % p;

						flow_carry(flow,
							   flow_send(flow, m, (m + 1) % p, reduces),
							   block);
					}
					flow_step_end(flow);
				}
				if (reduces)
					play_trees(flow, &line, 1, true, true, false);
				rig_check(&rig);
				cr_assert_eq(dc_schedule_steps(&rig.schedule), flow_log(p) + p - 1);
				rig_stop(&rig);
			}
}

/* --- chains and double trees --- */

Test(algorithm_rooted, chain)
{
	for (size_t i = 0; i < SIZES; i++)
		for (uint64_t r = 0; r < 3; r++)
			for (int reduces = 0; reduces < 2; reduces++) {
				uint64_t p = sizes_tested[i], root = r * (p - 1) / 2;
				struct dc_request request = {
					.operation = reduces ? DC_OPERATION_REDUCE
							     : DC_OPERATION_BROADCAST,
					.size_bytes = 1e6,
					.root = root,
					.chunks = 7};
				struct rig rig;
				struct flow *flow;

				rig_start(&rig, &dc_algorithm_chain, &p, 1, &request);
				flow = rig_track(&rig, 0, 1, 1, FLOW_BLOCKS);
				for (uint64_t s = 1; s < p; s++) {
					uint64_t v = reduces ? p - s : s - 1;

					flow_send_all(flow, (root + v) % p,
						      (root + (reduces ? v - 1 : v + 1)) % p,
						      reduces);
					flow_step_end(flow);
				}
				rig_check(&rig);
				/* p - 1 hops, 7 chunks: p + 7 - 2 [Patarasuk et al. 2006]. */
				cr_assert_eq(dc_schedule_steps(&rig.schedule), p + 5);
				rig_stop(&rig);
			}
}

/* The in-order binary tree over base + 1 to m, of 2^height - 1 places, as Sanders et al. draw it:
 * the top in the middle; where the middle is beyond m, the left half alone. */
static void grow(uint64_t *parents, uint64_t base, unsigned height, uint64_t parent, uint64_t m)
{
	uint64_t top;

	if (!height || base >= m)
		return;
	top = base + ((uint64_t)1 << (height - 1));
	if (top > m) {
		grow(parents, base, height - 1, parent, m);
		return;
	}
	parents[top] = parent;
	grow(parents, base, height - 1, top, m);
	grow(parents, top, height - 1, top, m);
}

/* Edges whose lower end is `depth` below the root. */
static void play_level(struct flow *flow, const uint64_t *parents, const uint64_t *members,
		       unsigned depth, bool up)
{
	for (uint64_t v = 1; v < flow->p; v++) {
		unsigned d = 0;

		for (uint64_t u = v; u; u = parents[u])
			d++;
		if (d == depth)
			flow_send_all(flow, members[up ? v : parents[v]],
				      members[up ? parents[v] : v], up);
	}
	flow_step_end(flow);
}

static void play_double_tree(uint64_t p, enum dc_operation operation, uint64_t root)
{
	struct dc_request request = {
		.operation = operation, .size_bytes = 1e6, .root = root, .chunks = 5};
	uint64_t parents[FLOW_MOST], children[FLOW_MOST] = {0}, passing[FLOW_MOST] = {0}, m = p - 1;
	unsigned levels = flow_log(p);
	bool all = operation == DC_OPERATION_ALL_REDUCE;
	struct rig rig;

	rig_start(&rig, &dc_algorithm_double_tree, &p, 1, &request);
	cr_assert_eq(rig.schedule.count, 2);
	grow(parents, 0, levels, 0, m);
	for (int tree = 0; tree < 2; tree++) {
		uint64_t members[FLOW_MOST], below[FLOW_MOST] = {0};
		struct flow *flow = rig_track(&rig, (size_t)tree, 1, 0.5, FLOW_BLOCKS);

		/* The second tree: mirrored for even m, shifted for odd. */
		members[0] = all ? 0 : root;
		for (uint64_t v = 1; v <= m; v++) {
			uint64_t number = !tree ? v : m % 2 ? v % m + 1 : m + 1 - v;

			members[v] = ((all ? 0 : root) + number) % p;
		}
		for (uint64_t v = 1; v <= m; v++)
			below[members[parents[v]]]++;
		for (uint64_t i = 0; i < p; i++) {
			cr_assert(below[i] <= 2, "a binary tree");
			children[i] += below[i];
			passing[i] += below[i] > 0;
		}
		for (unsigned d = levels; d > 0 && operation != DC_OPERATION_BROADCAST; d--)
			play_level(flow, parents, members, d, true);
		for (unsigned d = 1; d <= levels && operation != DC_OPERATION_REDUCE; d++)
			play_level(flow, parents, members, d, false);
		rig_check(&rig);
	}
	/* Nobody but the root passes on in both trees, and nobody to more than two in all. */
	for (uint64_t i = 0; i < p; i++)
		cr_assert(children[i] <= 2 && (passing[i] <= 1 || i == (all ? 0 : root)));
	/* ceil(log2 p) levels, twice for an all-reduce, and 4 steps more for 5 chunks. */
	cr_assert_eq(dc_schedule_steps(&rig.schedule), (all ? 2 : 1) * levels + 4);
	rig_stop(&rig);
}

Test(algorithm_rooted, double_tree)
{
	static const enum dc_operation operations[] = {DC_OPERATION_BROADCAST, DC_OPERATION_REDUCE,
						       DC_OPERATION_ALL_REDUCE};

	for (uint64_t p = 2; p <= 64; p++)
		for (size_t o = 0; o < 3; o++)
			for (uint64_t r = 0; r < 3; r++)
				play_double_tree(p, operations[o], r * (p - 1) / 2);
}

/* --- straight --- */

Test(algorithm_rooted, direct)
{
	for (size_t i = 0; i < SIZES; i++)
		for (uint64_t r = 0; r < 3; r++)
			for (int gathers = 0; gathers < 2; gathers++)
				for (int at_once = 0; at_once < 2; at_once++) {
					uint64_t p = sizes_tested[i], root = r * (p - 1) / 2;
					struct dc_request request = {
						.operation = gathers ? DC_OPERATION_GATHER
								     : DC_OPERATION_SCATTER,
						.size_bytes = 1e6,
						.root = root};
					struct rig rig;
					struct flow *flow;

					rig_start(&rig,
						  at_once ? &dc_algorithm_direct_at_once
							  : &dc_algorithm_direct,
						  &p, 1, &request);
					flow = rig_track(&rig, 0, p, 1, FLOW_BLOCKS);
					for (uint64_t s = 1; s < p; s++) {
						uint64_t other = (root + s) % p;

						flow_carry(flow,
							   flow_send(flow, gathers ? other : root,
								     gathers ? root : other, false),
							   other);
						if (!at_once || s + 1 == p)
							flow_step_end(flow);
					}
					rig_check(&rig);
					rig_stop(&rig);
				}
}

Test(algorithm_rooted, send)
{
	static const struct dc_algorithm_type *const types[] = {
		&dc_algorithm_send, &dc_algorithm_direct, &dc_algorithm_direct_at_once};

	for (size_t t = 0; t < 3; t++)
		for (uint64_t root = 0; root < 5; root++) {
			const uint64_t p = 5;
			struct dc_request request = {
				.operation = DC_OPERATION_SEND, .size_bytes = 321, .root = root};
			struct rig rig;
			struct flow *flow;

			rig_start(&rig, types[t], &p, 1, &request);
			flow = rig_track(&rig, 0, 1, 1, FLOW_BLOCKS);
			flow_send_all(flow, root, (root + 1) % p, false);
			flow_step_end(flow);
			rig_check(&rig);
			rig_stop(&rig);
		}
}
