/* Parts by exchange with ever farther partners: recursive halving and recursive doubling.
 *
 * Where a line's size n is no power of two, n - q members (q the power of two below) first hand
 * over to a neighbour and get the result from it at last [Thakur, Rabenseifner and Gropp 2005, sec.
 * 4]. The q that are left are the odd ones of the first 2(n - q) places and all after them. */
#include "fabric/algorithm_part.h"

/* A line in a fold. */
struct fold {
	struct dc_schedule *schedule;
	size_t factor;
	uint64_t size;
	uint64_t left;  /* that stay, a power of two */
	uint64_t extra; /* that hand over */
};

static struct fold fold_of(struct dc_schedule *schedule, size_t factor)
{
	struct fold fold = {schedule, factor, dc_group_line_size(schedule->group, factor), 1, 0};

	while (2 * fold.left <= fold.size)
		fold.left *= 2;
	fold.extra = fold.size - fold.left;
	return fold;
}

/* The place of survivor j. */
static uint64_t place_of(const struct fold *fold, uint64_t j)
{
	return j < fold->extra ? 2 * j + 1 : j + fold->extra;
}

/* Members that the survivors first, first + stride, ... stand for. */
static uint64_t members_at(const struct fold *fold, uint64_t first, uint64_t stride)
{
	uint64_t members = (fold->left - first + stride - 1) / stride;

	if (fold->extra > first)
		members += (fold->extra - first + stride - 1) / stride;
	return members;
}

static void hand_over(const struct fold *fold, double bytes, bool reduces)
{
	dc_schedule_phase(fold->schedule, fold->factor, fold->extra ? 1 : 0, reduces);
	for (uint64_t i = 0; i < fold->extra; i++)
		dc_schedule_message(fold->schedule, 2 * i, 2 * i + 1, bytes);
}

static void hand_back(const struct fold *fold, double bytes)
{
	dc_schedule_phase(fold->schedule, fold->factor, fold->extra ? 1 : 0, false);
	for (uint64_t i = 0; i < fold->extra; i++)
		dc_schedule_message(fold->schedule, 2 * i + 1, 2 * i, bytes);
}

/* An exchange of equal messages. */
static void exchange(const struct fold *fold, uint64_t mask, double bytes, bool reduces)
{
	dc_schedule_phase(fold->schedule, fold->factor, 1, reduces);
	if (!fold->extra) {
		dc_schedule_xor(fold->schedule, mask, bytes);
		return;
	}
	for (uint64_t j = 0; j < fold->left; j++)
		dc_schedule_message(fold->schedule, place_of(fold, j), place_of(fold, j ^ mask),
				    bytes);
}

/* Survivor j sends partner j ^ mask the parts of the members of those equal to `of` modulo 2 mask:
 * the partner in a scatter, itself in a gather. */
static void exchange_parts(const struct fold *fold, uint64_t mask, double part_bytes, bool scatter)
{
	if (!fold->extra) {
		exchange(fold, mask, part_bytes * (double)(fold->left / (2 * mask)), scatter);
		return;
	}
	dc_schedule_phase(fold->schedule, fold->factor, 1, scatter);
	for (uint64_t j = 0; j < fold->left; j++) {
		uint64_t of = (scatter ? j ^ mask : j) % (2 * mask);

		dc_schedule_message(fold->schedule, place_of(fold, j), place_of(fold, j ^ mask),
				    part_bytes * (double)members_at(fold, of, 2 * mask));
	}
}

static void halving_scatter(struct dc_schedule *schedule, size_t factor, double bytes)
{
	struct fold fold = fold_of(schedule, factor);
	double part_bytes = bytes / (double)fold.size;

	hand_over(&fold, bytes, true);
	for (uint64_t mask = 1; mask < fold.left; mask *= 2)
		exchange_parts(&fold, mask, part_bytes, true);
	hand_back(&fold, part_bytes);
}

static void halving_gather(struct dc_schedule *schedule, size_t factor, double bytes)
{
	struct fold fold = fold_of(schedule, factor);
	double part_bytes = bytes / (double)fold.size;

	hand_over(&fold, part_bytes, false);
	for (uint64_t mask = fold.left / 2; mask; mask /= 2)
		exchange_parts(&fold, mask, part_bytes, false);
	hand_back(&fold, bytes - part_bytes);
}

static void halving_all(struct dc_schedule *schedule, size_t factor, double bytes)
{
	struct fold fold = fold_of(schedule, factor);

	hand_over(&fold, bytes, true);
	for (uint64_t mask = 1; mask < fold.left; mask *= 2)
		exchange(&fold, mask, bytes / (2 * (double)mask), true);
	for (uint64_t mask = fold.left / 2; mask; mask /= 2)
		exchange(&fold, mask, bytes / (2 * (double)mask), false);
	hand_back(&fold, bytes);
}

const struct dc_algorithm_part dc_algorithm_part_halving = {halving_scatter, halving_gather,
							    halving_all};

static void doubling_gather(struct dc_schedule *schedule, size_t factor, double bytes)
{
	struct fold fold = fold_of(schedule, factor);
	double part_bytes = bytes / (double)fold.size;

	hand_over(&fold, part_bytes, false);
	for (uint64_t mask = 1; mask < fold.left; mask *= 2) {
		if (!fold.extra) {
			exchange(&fold, mask, part_bytes * (double)mask, false);
			continue;
		}
		dc_schedule_phase(schedule, factor, 1, false);
		for (uint64_t j = 0; j < fold.left; j++) {
			uint64_t first = j / mask * mask, folded = 0;

			/* It holds what its block of `mask` survivors stand for. */
			if (first < fold.extra)
				folded = fold.extra - first < mask ? fold.extra - first : mask;
			dc_schedule_message(schedule, place_of(&fold, j), place_of(&fold, j ^ mask),
					    part_bytes * (double)(mask + folded));
		}
	}
	hand_back(&fold, bytes - part_bytes);
}

static void doubling_all(struct dc_schedule *schedule, size_t factor, double bytes)
{
	struct fold fold = fold_of(schedule, factor);

	hand_over(&fold, bytes, true);
	for (uint64_t mask = 1; mask < fold.left; mask *= 2)
		exchange(&fold, mask, bytes, true);
	hand_back(&fold, bytes);
}

const struct dc_algorithm_part dc_algorithm_part_doubling = {NULL, doubling_gather, doubling_all};
