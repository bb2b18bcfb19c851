/* For tests of what algorithms carry: stages along one factor, played by their definitions on a flow
 * (algorithm_flow.h) that knows what the algorithm really sends. */
#ifndef DC_TESTS_FABRIC_ALGORITHM_PLAYS_H
#define DC_TESTS_FABRIC_ALGORITHM_PLAYS_H

#include "algorithm_flow.h"

/* Members and blocks by their digits, one per factor. */
struct lattice {
	size_t count;
	uint64_t members[4], blocks[4];
};

static inline uint64_t digit(const uint64_t *sizes, size_t factor, uint64_t number)
{
	for (size_t f = 0; f < factor; f++)
		number /= sizes[f];
	return number % sizes[factor];
}

static inline uint64_t with_digit(const uint64_t *sizes, size_t factor, uint64_t number,
				  uint64_t to)
{
	uint64_t stride = 1;

	for (size_t f = 0; f < factor; f++)
		stride *= sizes[f];
	return number + to * stride - digit(sizes, factor, number) * stride;
}

static inline uint64_t product(const uint64_t *sizes, size_t count)
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

static inline bool concerns(const struct stage *stage, uint64_t member, uint64_t block)
{
	for (size_t f = 0; f < stage->lattice->count; f++)
		if (stage->own >> f & 1 && digit(stage->lattice->members, f, member) !=
						   digit(stage->lattice->blocks, f, block))
			return false;
	return true;
}

/* From a member to the one at place `to` of its line: blocks whose digits are in the mask. */
static inline void send_digits(const struct stage *stage, uint64_t from, uint64_t to,
			       uint64_t digits)
{
	uint64_t other = with_digit(stage->lattice->members, stage->factor, from, to);
	struct flow_load *load = flow_send(stage->flow, from, other, stage->adds);

	for (uint64_t b = 0; b < stage->flow->blocks; b++)
		if (concerns(stage, from, b) &&
		    digits >> digit(stage->lattice->blocks, stage->factor, b) & 1)
			flow_carry(stage->flow, load, b);
}

static inline uint64_t place_of(const struct stage *stage, uint64_t member)
{
	return digit(stage->lattice->members, stage->factor, member);
}

/* Ring: block i ends with member i after it came all the way around from i + 1; then everybody
 * passes on what it got last. `way` is 1, or n - 1 for the other way around. */
static inline void play_ring(const struct stage *stage, uint64_t way)
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
static inline void play_direct(const struct stage *stage, bool at_once)
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
static inline uint64_t fold(uint64_t n, uint64_t *places, uint64_t *stands)
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

static inline uint64_t survivor_at(const uint64_t *places, uint64_t count, uint64_t place)
{
	for (uint64_t t = 0; t < count; t++)
		if (places[t] == place)
			return t;
	return SIZE_MAX;
}

/* What a step between folded pairs carries: every block, the even one's own, or all others. */
enum pair { EVERYTHING, OWN, OTHERS };

static inline void play_pairs(const struct stage *stage, bool back, enum pair what)
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
static inline void play_exchange(const struct stage *stage, uint64_t mask, bool nearest_first)
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

static inline uint64_t survivors(const struct stage *stage)
{
	uint64_t places[FLOW_MOST], stands[FLOW_MOST];

	return fold(stage->lattice->members[stage->factor], places, stands);
}

static inline void play_halving(const struct stage *stage)
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

static inline void play_doubling_gather(const struct stage *stage)
{
	uint64_t q = survivors(stage);

	play_pairs(stage, false, OWN);
	for (uint64_t mask = 1; mask < q; mask *= 2)
		play_exchange(stage, mask, true);
	play_pairs(stage, true, OTHERS);
}

/* Rabenseifner's all-reduce: q blocks, between two steps with the whole vector. */
static inline void play_rabenseifner(const struct stage *stage)
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
static inline void play_doubling_all(const struct stage *stage)
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

#endif
