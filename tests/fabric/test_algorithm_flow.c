/* Reduce-scatter, all-gather and all-reduce: each algorithm's messages carry the data that its
 * definition says, and in the end everybody has what was promised. */
#include "algorithm_plays.h"

/* --- what algorithms are made of, by their definitions --- */

enum part { RING, RING_BACK, TURNS, AT_ONCE, HALVING };

static void play_part(const struct stage *stage, enum part part)
{
	switch (part) {
	case RING:
		play_ring(stage, 1);
		break;
	case RING_BACK:
		play_ring(stage, stage->lattice->members[stage->factor] - 1);
		break;
	case TURNS:
	case AT_ONCE:
		play_direct(stage, part == AT_ONCE);
		break;
	case HALVING:
		play_halving(stage);
		break;
	}
}

static void begin(struct flow *flow, enum dc_operation operation)
{
	for (uint64_t m = 0; m < flow->p; m++)
		for (uint64_t b = 0; b < flow->blocks; b++)
			flow->have[m][b] = operation == DC_OPERATION_ALL_GATHER ? (uint64_t)(b == m)
										: (uint64_t)1 << m;
}

static void check_result(const struct flow *flow, enum dc_operation operation)
{
	uint64_t all = flow_all(flow->p);

	for (uint64_t m = 0; m < flow->p; m++)
		for (uint64_t b = 0; b < flow->blocks; b++) {
			if (operation == DC_OPERATION_REDUCE_SCATTER && b != m)
				continue;
			cr_assert_eq(flow->have[m][b],
				     operation == DC_OPERATION_ALL_GATHER ? 1 : all,
				     "%s, %u members: member %u lacks of block %u", flow->name,
				     (unsigned)flow->p, (unsigned)m, (unsigned)b);
		}
}

/* Scatters along order[0], order[1], ... and gathers back. */
static void play_nest(struct flow *flow, const struct lattice *lattice, enum dc_operation operation,
		      const size_t *order, const enum part *parts)
{
	struct stage stage = {.flow = flow, .lattice = lattice};
	size_t top = lattice->count;

	if (operation == DC_OPERATION_ALL_REDUCE && parts[order[top - 1]] == HALVING)
		top--;
	if (operation == DC_OPERATION_ALL_GATHER)
		stage.own = (1u << lattice->count) - 1;
	for (size_t i = 0; i < top && operation != DC_OPERATION_ALL_GATHER; i++) {
		stage.factor = order[i];
		stage.adds = true;
		play_part(&stage, parts[order[i]]);
		stage.own |= 1u << order[i];
	}
	if (top < lattice->count) {
		stage.factor = order[top];
		stage.adds = true;
		play_rabenseifner(&stage);
	}
	for (size_t i = top; i-- > 0 && operation != DC_OPERATION_REDUCE_SCATTER;) {
		stage.factor = order[i];
		stage.own &= ~(1u << order[i]);
		stage.adds = false;
		play_part(&stage, parts[order[i]]);
	}
}

static const enum dc_operation operations[] = {DC_OPERATION_REDUCE_SCATTER, DC_OPERATION_ALL_GATHER,
					       DC_OPERATION_ALL_REDUCE};

/* One line of each size, and lattices, all of up to 64 members. */
static const uint64_t lattices[][4] = {
	{2},    {3},    {4},    {5},       {6},       {7},       {8},          {9},
	{10},   {11},   {12},   {13},      {14},      {15},      {16},         {17},
	{32},   {64},   {2, 2}, {2, 3},    {3, 2},    {4, 4},    {8, 2},       {3, 5},
	{8, 8}, {4, 6}, {7, 4}, {3, 3, 2}, {4, 2, 8}, {2, 3, 4}, {2, 2, 2, 2}, {3, 2, 2, 3},
};
enum { LATTICES = sizeof lattices / sizeof *lattices };

static struct lattice lattice_of(const uint64_t *sizes)
{
	struct lattice lattice = {0};

	while (lattice.count < 4 && sizes[lattice.count]) {
		lattice.members[lattice.count] = lattice.blocks[lattice.count] =
			sizes[lattice.count];
		lattice.count++;
	}
	return lattice;
}

/* One line in the order of members. */
static struct lattice flat(const struct lattice *lattice)
{
	uint64_t p = product(lattice->members, lattice->count);

	return (struct lattice){.count = 1, .members = {p}, .blocks = {p}};
}

struct play {
	const struct dc_algorithm_type *type;
	bool ring;                /* the fabric's dimensions: rings, else switches */
	enum part parts[2];       /* of tracks in turn */
	size_t tracks_per_factor; /* 0: as many as ways, all in the same order */
	size_t ways;
	bool flat;
};

static void play_all(const struct play *play)
{
	const double size_bytes = 720720;

	for (size_t l = 0; l < LATTICES; l++)
		for (size_t o = 0; o < 3; o++) {
			struct lattice lattice = lattice_of(lattices[l]);
			struct dc_fabric fabric =
				flow_fabric(lattice.members, lattice.count, play->ring);
			struct dc_group group = dc_group_all(&fabric);
			struct dc_request request = {
				.operation = operations[o], .size_bytes = size_bytes, .chunks = 1};
			struct dc_arena *arena = dc_arena_create();
			struct dc_schedule schedule;
			uint64_t blocks;
			size_t tracks, factors = lattice.count;

			if (!dc_algorithm_fits(play->type, &fabric, &group, &request, NULL)) {
				dc_arena_destroy(arena);
				continue;
			}
			flow_lower(play->type, &fabric, &group, &request, arena, &schedule);
			if (play->flat)
				lattice = flat(&lattice);
			/* The fold's all-reduce cuts into as many as are left. */
			if (play->parts[0] == HALVING && operations[o] == DC_OPERATION_ALL_REDUCE) {
				uint64_t *last = &lattice.blocks[lattice.count - 1];

				while (*last & (*last - 1))
					*last &= *last - 1;
			}
			blocks = product(lattice.blocks, lattice.count);
			tracks = play->tracks_per_factor ? play->ways * factors : play->ways;
			cr_assert_eq(schedule.count, tracks);
			for (size_t t = 0; t < tracks; t++) {
				struct flow flow;
				size_t order[4];
				enum part parts[4];

				for (size_t f = 0; f < lattice.count; f++) {
					order[f] = play->tracks_per_factor ? (t + f) % factors : f;
					parts[f] = play->parts[play->tracks_per_factor ? t / factors
										       : t];
				}
				flow_start(&flow, &schedule, t, blocks,
					   size_bytes / (double)(blocks * tracks), FLOW_BLOCKS,
					   play->type->name);
				begin(&flow, operations[o]);
				play_nest(&flow, &lattice, operations[o], order, parts);
				flow_end(&flow);
				check_result(&flow, operations[o]);
			}
			dc_arena_destroy(arena);
		}
}

Test(algorithm_flow, ring)
{
	play_all(&(struct play){.type = &dc_algorithm_ring, .parts = {RING}, .ways = 1});
}

Test(algorithm_flow, ring_bidirectional)
{
	play_all(&(struct play){.type = &dc_algorithm_ring_bidirectional,
				.ring = true,
				.parts = {RING, RING_BACK},
				.ways = 2});
}

Test(algorithm_flow, ring_flat)
{
	play_all(&(struct play){
		.type = &dc_algorithm_ring_flat, .parts = {RING}, .ways = 1, .flat = true});
}

/* On one dimension turns on a switch and at once on a ring, on several at once. */
Test(algorithm_flow, direct_at_once)
{
	play_all(&(struct play){.type = &dc_algorithm_direct,
				.ring = true,
				.parts = {AT_ONCE},
				.ways = 1,
				.flat = true});
	play_all(&(struct play){
		.type = &dc_algorithm_direct_at_once, .parts = {AT_ONCE}, .ways = 1, .flat = true});
}

Test(algorithm_flow, halving_doubling)
{
	play_all(&(struct play){
		.type = &dc_algorithm_halving_doubling, .parts = {HALVING}, .ways = 1});
}

/* Parts that start along each dimension in turn; on switches one way, on rings of three and more
 * two. */
Test(algorithm_flow, torus)
{
	play_all(&(struct play){
		.type = &dc_algorithm_torus, .parts = {RING}, .tracks_per_factor = 1, .ways = 1});
}

static void play_one(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
		     const struct lattice *lattice, enum dc_operation operation, size_t tracks,
		     const enum part parts[][4], bool rotated)
{
	struct dc_group group = dc_group_all(fabric);
	struct dc_request request = {.operation = operation, .size_bytes = 3600, .chunks = 1};
	struct dc_arena *arena = dc_arena_create();
	struct dc_schedule schedule;
	uint64_t blocks = product(lattice->blocks, lattice->count);

	flow_lower(type, fabric, &group, &request, arena, &schedule);
	cr_assert_eq(schedule.count, tracks);
	for (size_t t = 0; t < tracks; t++) {
		struct flow flow;
		size_t order[4];

		for (size_t f = 0; f < lattice->count; f++)
			order[f] = rotated ? (t + f) % lattice->count : f;
		flow_start(&flow, &schedule, t, blocks,
			   request.size_bytes / (double)(blocks * tracks), FLOW_BLOCKS, type->name);
		begin(&flow, operation);
		play_nest(&flow, lattice, operation, order, parts[t]);
		flow_end(&flow);
		check_result(&flow, operation);
	}
	dc_arena_destroy(arena);
}

Test(algorithm_flow, torus_both_ways)
{
	static const enum part parts[][4] = {{RING, RING, RING},
					     {RING, RING, RING},
					     {RING, RING, RING},
					     {RING_BACK, RING_BACK, RING_BACK},
					     {RING_BACK, RING_BACK, RING_BACK},
					     {RING_BACK, RING_BACK, RING_BACK}};
	static const uint64_t sizes[][4] = {{3, 4, 5}, {4, 4, 4}, {3, 3, 7}};

	for (size_t i = 0; i < 3; i++)
		for (size_t o = 0; o < 3; o++) {
			struct lattice lattice = lattice_of(sizes[i]);
			struct dc_fabric fabric = flow_fabric(sizes[i], 3, true);

			play_one(&dc_algorithm_torus, &fabric, &lattice, operations[o], 6, parts,
				 true);
		}
}

/* A switch in turns. */
Test(algorithm_flow, direct_in_turns)
{
	static const enum part parts[][4] = {{TURNS}};

	for (uint64_t p = 2; p <= 64; p = p < 17 ? p + 1 : p < 32 ? 32 : p + 32)
		for (size_t o = 0; o < 3; o++) {
			struct lattice lattice = {.count = 1, .members = {p}, .blocks = {p}};
			struct dc_fabric fabric = flow_fabric(&p, 1, false);

			play_one(&dc_algorithm_direct, &fabric, &lattice, operations[o], 1, parts,
				 false);
		}
}

/* Rings along rings, along a switch of three (no power of two) too, halving along one of four. */
Test(algorithm_flow, hierarchical)
{
	static const enum part rings[][4] = {{RING, RING, RING}};
	static const enum part mixed[][4] = {{RING, HALVING, RING}};
	static const enum part top[][4] = {{RING, RING, HALVING}};
	static const uint64_t sizes[4] = {3, 4, 5}, sizes_top[4] = {3, 5, 4};

	for (size_t o = 0; o < 3; o++) {
		struct lattice lattice = lattice_of(sizes), last = lattice_of(sizes_top);
		struct dc_fabric torus = flow_fabric(sizes, 3, true), nodes = {0}, outer = {0};

		build_add(&nodes, 3, 50e9, 500e-9, 2);
		build_add(&nodes, 4, 50e9, 500e-9, 2);
		build_add(&nodes, 5, 50e9, 500e-9, 1);
		build_add(&outer, 3, 50e9, 500e-9, 2);
		build_add(&outer, 5, 50e9, 500e-9, 1);
		build_add(&outer, 4, 50e9, 500e-9, 2);
		play_one(&dc_algorithm_hierarchical, &torus, &lattice, operations[o], 1, rings,
			 false);
		play_one(&dc_algorithm_hierarchical, &nodes, &lattice, operations[o], 1, mixed,
			 false);
		play_one(&dc_algorithm_hierarchical, &outer, &last, operations[o], 1, top, false);
	}
}

/* Fully connected along the inner dimension: all at once there. */
Test(algorithm_flow, hierarchical_on_full_nodes)
{
	static const enum part parts[][4] = {{AT_ONCE, RING}};
	static const uint64_t sizes[4] = {5, 7};
	struct lattice lattice = lattice_of(sizes);
	struct dc_fabric fabric = {0};
	const struct dc_fabric_dimension node = {.type = &dc_topology_fully_connected,
						 .size = 5,
						 .bandwidth_bps = 50e9,
						 .latency_s = 500e-9};

	cr_assert_eq(dc_fabric_add(&fabric, &node), DC_OK);
	build_add(&fabric, 7, 50e9, 500e-9, 1);
	for (size_t o = 0; o < 3; o++)
		play_one(&dc_algorithm_hierarchical, &fabric, &lattice, operations[o], 1, parts,
			 false);
}

/* Without latency halving wins nothing: rings everywhere. */
Test(algorithm_flow, hierarchical_without_latency)
{
	static const enum part rings[][4] = {{RING, RING}};
	static const uint64_t sizes[4] = {8, 4};
	struct lattice lattice = lattice_of(sizes);
	struct dc_fabric fabric = {0};

	build_add(&fabric, 8, 50e9, 0, 2);
	build_add(&fabric, 4, 50e9, 0, 2);
	for (size_t o = 0; o < 3; o++)
		play_one(&dc_algorithm_hierarchical, &fabric, &lattice, operations[o], 1, rings,
			 false);
}

/* Whole vectors along each factor in turn; all-gathers from the innermost outwards. */
Test(algorithm_flow, recursive_doubling)
{
	for (size_t l = 0; l < LATTICES; l++)
		for (int gather = 0; gather < 2; gather++) {
			struct lattice lattice = lattice_of(lattices[l]);
			struct dc_fabric fabric =
				flow_fabric(lattice.members, lattice.count, false);
			struct dc_group group = dc_group_all(&fabric);
			enum dc_operation operation =
				gather ? DC_OPERATION_ALL_GATHER : DC_OPERATION_ALL_REDUCE;
			struct dc_request request = {.operation = operation, .size_bytes = 720720};
			struct dc_arena *arena = dc_arena_create();
			struct dc_schedule schedule;
			struct flow flow;
			struct stage stage = {.flow = &flow, .lattice = &lattice, .adds = !gather};

			flow_lower(&dc_algorithm_recursive_doubling, &fabric, &group, &request,
				   arena, &schedule);
			flow_start(&flow, &schedule, 0, group.size,
				   request.size_bytes / (double)group.size, FLOW_BLOCKS,
				   "recursive-doubling");
			begin(&flow, operation);
			for (size_t f = 0; f < lattice.count; f++) {
				stage.factor = f;
				if (!gather) {
					play_doubling_all(&stage);
					continue;
				}
				/* Blocks of members that agree in what is still to come. */
				stage.own = ((1u << lattice.count) - 1) & ~((2u << f) - 1);
				play_doubling_gather(&stage);
			}
			flow_end(&flow);
			check_result(&flow, operation);
			dc_arena_destroy(arena);
		}
}
