/* Reduce-scatter, all-gather and all-reduce: each algorithm's messages carry the data that its
 * definition says, and in the end everybody has what was promised. */
#include "algorithm_flow.h"

/* Members and blocks by their digits, one per factor. */
struct lattice {
	size_t count;
	uint64_t members[4], blocks[4];
};

static uint64_t digit(const uint64_t *sizes, size_t factor, uint64_t number)
{
	for (size_t f = 0; f < factor; f++)
		number /= sizes[f];
	return number % sizes[factor];
}

static uint64_t with_digit(const uint64_t *sizes, size_t factor, uint64_t number, uint64_t to)
{
	uint64_t stride = 1;

	for (size_t f = 0; f < factor; f++)
		stride *= sizes[f];
	return number + to * stride - digit(sizes, factor, number) * stride;
}

static uint64_t product(const uint64_t *sizes, size_t count)
{
	uint64_t all = 1;

	for (size_t f = 0; f < count; f++)
		all *= sizes[f];
	return all;
}

/* A stage along one factor: the blocks it is about have the member's own digits along those in
 * `own`. */
struct stage {
	struct flow *flow;
	const struct lattice *lattice;
	size_t factor;
	unsigned own;
	bool adds;
};

static bool concerns(const struct stage *stage, uint64_t member, uint64_t block)
{
	for (size_t f = 0; f < stage->lattice->count; f++)
		if (stage->own >> f & 1 && digit(stage->lattice->members, f, member) !=
						   digit(stage->lattice->blocks, f, block))
			return false;
	return true;
}

/* From a member to the one at place `to` of its line: blocks whose digits are in the mask. */
static void send_digits(const struct stage *stage, uint64_t from, uint64_t to, uint64_t digits)
{
	uint64_t other = with_digit(stage->lattice->members, stage->factor, from, to);
	struct flow_load *load = flow_send(stage->flow, from, other, stage->adds);

	for (uint64_t b = 0; b < stage->flow->blocks; b++)
		if (concerns(stage, from, b) &&
		    digits >> digit(stage->lattice->blocks, stage->factor, b) & 1)
			flow_carry(stage->flow, load, b);
}

static uint64_t place_of(const struct stage *stage, uint64_t member)
{
	return digit(stage->lattice->members, stage->factor, member);
}

/* Ring: block i ends with member i after it came all the way around from i + 1; then everybody
 * passes on what it got last. `way` is 1, or n - 1 for the other way around. */
static void play_ring(const struct stage *stage, uint64_t way)
{
	uint64_t n = stage->lattice->members[stage->factor];

	for (uint64_t s = 0; s + 1 < n; s++) {
		for (uint64_t m = 0; m < stage->flow->p; m++) {
			uint64_t i = place_of(stage, m);
			uint64_t back = stage->adds ? s + 1 : s;
			uint64_t block = (i + n * n - back * way % n) % n;

			send_digits(stage, m, (i + way) % n, (uint64_t)1 << block);
		}
		flow_step_end(stage->flow);
	}
}

/* Direct: its block to each, or one's own to all; in turns or at once. */
static void play_direct(const struct stage *stage, bool at_once)
{
	uint64_t n = stage->lattice->members[stage->factor];

	for (uint64_t s = 1; s < n; s++) {
		for (uint64_t m = 0; m < stage->flow->p; m++) {
			uint64_t i = place_of(stage, m), to = (i + s) % n;

			send_digits(stage, m, to, (uint64_t)1 << (stage->adds ? to : i));
		}
		if (!at_once || s + 1 == n)
			flow_step_end(stage->flow);
	}
}

/* The fold: of the first 2r places the even ones hand over to the odd ones. Survivor t is at
 * places[t] and stands for the digits stands[t]. Returns the survivors. */
static uint64_t fold(uint64_t n, uint64_t *places, uint64_t *stands)
{
	uint64_t q = 1, count = 0;

	while (2 * q <= n)
		q *= 2;
	for (uint64_t place = 0; place < n; place++) {
		bool paired = place < 2 * (n - q);

		if (paired && place % 2 == 0)
			continue;
		places[count] = place;
		stands[count++] = paired ? (uint64_t)3 << (place - 1) : (uint64_t)1 << place;
	}
	cr_assert_eq(count, q);
	return q;
}

static uint64_t survivor_at(const uint64_t *places, uint64_t count, uint64_t place)
{
	for (uint64_t t = 0; t < count; t++)
		if (places[t] == place)
			return t;
	return SIZE_MAX;
}

/* What a step between folded pairs carries: every block, the even one's own, or all others. */
enum pair { EVERYTHING, OWN, OTHERS };

static void play_pairs(const struct stage *stage, bool back, enum pair what)
{
	uint64_t n = stage->lattice->members[stage->factor], q = 1;

	while (2 * q <= n)
		q *= 2;
	if (q == n)
		return;
	for (uint64_t m = 0; m < stage->flow->p; m++) {
		uint64_t i = place_of(stage, m), even = i / 2 * 2, own = (uint64_t)1 << even;

		if (i < 2 * (n - q) && (i % 2 == 1) == back)
			send_digits(stage, m, back ? even : i + 1,
				    what == EVERYTHING ? ~(uint64_t)0
				    : what == OWN      ? own
						       : ~own);
	}
	flow_step_end(stage->flow);
}

/* Exchanges among survivors: in a scatter each keeps, of the digits of survivors equal to it in the
 * bits passed so far, those equal in this one too and sends the others; a gather sends all it
 * has. */
static void play_exchange(const struct stage *stage, uint64_t mask, bool nearest_first)
{
	uint64_t n = stage->lattice->members[stage->factor], places[FLOW_MOST], stands[FLOW_MOST];
	uint64_t q = fold(n, places, stands);

	for (uint64_t m = 0; m < stage->flow->p; m++) {
		uint64_t j = survivor_at(places, q, place_of(stage, m)), digits = 0;

		if (j == SIZE_MAX)
			continue;
		for (uint64_t t = 0; t < q; t++) {
			bool goes;

			if (stage->adds) /* the partner keeps what agrees with it in all bits so far */
				goes = ((t ^ j ^ mask) & (2 * mask - 1)) == 0;
			else if (nearest_first) /* got: any in bits below */
				goes = (t ^ j) / mask == 0;
			else /* got: any in bits above */
				goes = ((t ^ j) & (2 * mask - 1)) == 0;
			if (goes)
				digits |= stage->lattice->blocks[stage->factor] == q
						  ? (uint64_t)1 << t
						  : stands[t];
		}
		send_digits(stage, m, places[j ^ mask], digits);
	}
	flow_step_end(stage->flow);
}

static uint64_t survivors(const struct stage *stage)
{
	uint64_t places[FLOW_MOST], stands[FLOW_MOST];

	return fold(stage->lattice->members[stage->factor], places, stands);
}

static void play_halving(const struct stage *stage)
{
	uint64_t q = survivors(stage);

	if (stage->adds) {
		struct stage back = *stage;

		back.adds = false;
		play_pairs(stage, false, EVERYTHING);
		for (uint64_t mask = 1; mask < q; mask *= 2)
			play_exchange(stage, mask, true);
		play_pairs(&back, true, OWN);
	} else {
		play_pairs(stage, false, OWN);
		for (uint64_t mask = q / 2; mask; mask /= 2)
			play_exchange(stage, mask, false);
		play_pairs(stage, true, OTHERS);
	}
}

static void play_doubling_gather(const struct stage *stage)
{
	uint64_t q = survivors(stage);

	play_pairs(stage, false, OWN);
	for (uint64_t mask = 1; mask < q; mask *= 2)
		play_exchange(stage, mask, true);
	play_pairs(stage, true, OTHERS);
}

/* Rabenseifner's all-reduce: q blocks, between two steps with the whole vector. */
static void play_rabenseifner(const struct stage *stage)
{
	struct stage gather = *stage;
	uint64_t q = survivors(stage);

	gather.adds = false;
	play_pairs(stage, false, EVERYTHING);
	for (uint64_t mask = 1; mask < q; mask *= 2)
		play_exchange(stage, mask, true);
	for (uint64_t mask = q / 2; mask; mask /= 2)
		play_exchange(&gather, mask, false);
	play_pairs(&gather, true, EVERYTHING);
}

/* Whole vectors between survivors. */
static void play_doubling_all(const struct stage *stage)
{
	uint64_t n = stage->lattice->members[stage->factor], places[FLOW_MOST], stands[FLOW_MOST];
	uint64_t q = fold(n, places, stands);
	struct stage back = *stage;

	back.adds = false;
	play_pairs(stage, false, EVERYTHING);
	for (uint64_t mask = 1; mask < q; mask *= 2) {
		for (uint64_t m = 0; m < stage->flow->p; m++) {
			uint64_t j = survivor_at(places, q, place_of(stage, m));

			if (j != SIZE_MAX)
				send_digits(stage, m, places[j ^ mask], ~(uint64_t)0);
		}
		flow_step_end(stage->flow);
	}
	play_pairs(&back, true, EVERYTHING);
}

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
