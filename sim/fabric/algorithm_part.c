/* Parts of algorithms along one factor, and how they nest. */
#include "fabric/algorithm_part.h"

unsigned dc_algorithm_levels(uint64_t n)
{
	unsigned levels = 0;

	while (levels < 64 && (uint64_t)1 << levels < n)
		levels++;
	return levels;
}

size_t dc_algorithm_whole(const struct dc_group *group)
{
	return group->count == 1 ? 0 : DC_GROUP_ACROSS;
}

/* --- rings --- */

static void ring_steps(struct dc_schedule *schedule, size_t factor, double bytes, bool reduces,
		       bool back)
{
	uint64_t n = dc_group_line_size(schedule->group, factor);

	dc_schedule_phase(schedule, factor, n - 1, reduces);
	dc_schedule_shift(schedule, back ? n - 1 : 1, bytes / (double)n);
}

static void ring_scatter(struct dc_schedule *schedule, size_t factor, double bytes)
{
	ring_steps(schedule, factor, bytes, true, false);
}

static void ring_gather(struct dc_schedule *schedule, size_t factor, double bytes)
{
	ring_steps(schedule, factor, bytes, false, false);
}

static void ring_back_scatter(struct dc_schedule *schedule, size_t factor, double bytes)
{
	ring_steps(schedule, factor, bytes, true, true);
}

static void ring_back_gather(struct dc_schedule *schedule, size_t factor, double bytes)
{
	ring_steps(schedule, factor, bytes, false, true);
}

/* The sum and the result without a pause between. */
static void ring_through(struct dc_schedule *schedule, size_t factor, double bytes)
{
	uint64_t n = dc_group_line_size(schedule->group, factor);

	dc_schedule_phase(schedule, factor, 2 * (n - 1), true);
	dc_schedule_shift(schedule, 1, bytes / (double)n);
}

static const struct dc_algorithm_part part_ring_through = {ring_scatter, ring_gather, ring_through};

const struct dc_algorithm_part *dc_algorithm_ring_of(const struct dc_request *request)
{
	return request->cost && request->cost->reduction_bps <= 0 ? &part_ring_through
								  : &dc_algorithm_part_ring;
}

const struct dc_algorithm_part dc_algorithm_part_ring = {ring_scatter, ring_gather, NULL};
const struct dc_algorithm_part dc_algorithm_part_ring_back = {ring_back_scatter, ring_back_gather,
							      NULL};

/* --- each to each --- */

void dc_algorithm_exchange(struct dc_schedule *schedule, size_t factor, double bytes, bool reduces,
			   bool at_once)
{
	uint64_t n = dc_group_line_size(schedule->group, factor);

	for (uint64_t offset = 1; offset < n; offset++) {
		if (offset == 1 || !at_once)
			dc_schedule_phase(schedule, factor, 1, reduces);
		dc_schedule_shift(schedule, offset, bytes);
	}
}

static double part_bytes(const struct dc_schedule *schedule, size_t factor, double bytes)
{
	return bytes / (double)dc_group_line_size(schedule->group, factor);
}

static void turns_scatter(struct dc_schedule *schedule, size_t factor, double bytes)
{
	dc_algorithm_exchange(schedule, factor, part_bytes(schedule, factor, bytes), true, false);
}

static void turns_gather(struct dc_schedule *schedule, size_t factor, double bytes)
{
	dc_algorithm_exchange(schedule, factor, part_bytes(schedule, factor, bytes), false, false);
}

static void at_once_scatter(struct dc_schedule *schedule, size_t factor, double bytes)
{
	dc_algorithm_exchange(schedule, factor, part_bytes(schedule, factor, bytes), true, true);
}

static void at_once_gather(struct dc_schedule *schedule, size_t factor, double bytes)
{
	dc_algorithm_exchange(schedule, factor, part_bytes(schedule, factor, bytes), false, true);
}

const struct dc_algorithm_part dc_algorithm_part_turns = {turns_scatter, turns_gather, NULL};
const struct dc_algorithm_part dc_algorithm_part_at_once = {at_once_scatter, at_once_gather, NULL};

/* --- nesting --- */

void dc_algorithm_nest(struct dc_schedule *schedule, enum dc_operation operation, double bytes,
		       const size_t *order, const struct dc_algorithm_part *const *parts)
{
	const struct dc_group *group = schedule->group;
	bool all = operation == DC_OPERATION_ALL_REDUCE;
	double sizes[DC_FABRIC_DIMENSIONS];
	size_t count = group->count, top = count;

	if (!count)
		return;
	for (size_t i = 0; i < count; i++) {
		sizes[i] = bytes;
		bytes /= (double)group->factors[order[i]].size;
	}
	/* What the last factor can do in one go it does. */
	if (all && parts[order[count - 1]]->all)
		top = count - 1;
	for (size_t i = 0; i < top && operation != DC_OPERATION_ALL_GATHER; i++)
		parts[order[i]]->scatter(schedule, order[i], sizes[i]);
	if (top < count)
		parts[order[top]]->all(schedule, order[top], sizes[top]);
	for (size_t i = top; i-- > 0 && operation != DC_OPERATION_REDUCE_SCATTER;)
		parts[order[i]]->gather(schedule, order[i], sizes[i]);
}

/* --- binomial trees --- */

struct dc_algorithm_stage dc_algorithm_whole_stage(const struct dc_group *group, uint64_t root)
{
	return (struct dc_algorithm_stage){
		.factor = dc_algorithm_whole(group),
		.size = group->size,
		.root = root,
		.stride = 1,
		.lines = 1,
	};
}

/* Messages between places v and v + mask, v counted from the root. */
static void binomial_level(struct dc_schedule *schedule, const struct dc_algorithm_stage *stage,
			   uint64_t mask, bool up, bool sized, double bytes)
{
	for (uint64_t v = 0; v + mask < stage->size; v += 2 * mask) {
		uint64_t below = v + mask;
		uint64_t places = stage->size - below < mask ? stage->size - below : mask;
		uint64_t upper = (v + stage->root) % stage->size * stage->stride;
		uint64_t lower = (below + stage->root) % stage->size * stage->stride;
		double size_bytes = sized ? bytes * (double)places : bytes;

		for (uint64_t line = 0; line < stage->lines; line++) {
			uint64_t first = stage->first + line * stage->line_stride;

			dc_schedule_message(schedule, first + (up ? lower : upper),
					    first + (up ? upper : lower), size_bytes);
		}
	}
}

void dc_algorithm_binomial(struct dc_schedule *schedule, const struct dc_algorithm_stage *stage,
			   bool up, bool sized, bool reduces, double bytes)
{
	unsigned levels = dc_algorithm_levels(stage->size);

	for (unsigned i = 0; i < levels; i++) {
		dc_schedule_phase(schedule, stage->factor, 1, reduces);
		binomial_level(schedule, stage, (uint64_t)1 << (up ? i : levels - 1 - i), up, sized,
			       bytes);
	}
}

/* --- chunks --- */

void dc_algorithm_cut(struct dc_schedule *schedule, uint64_t chunks)
{
	double parts = (double)chunks;

	if (chunks < 2)
		return;
	for (size_t t = 0; t < schedule->count; t++) {
		schedule->tracks[t].chunks = chunks;
		for (size_t p = 0; p < schedule->tracks[t].count; p++) {
			struct dc_schedule_phase *phase = &schedule->tracks[t].phases[p];

			for (size_t i = 0; i < phase->count; i++) {
				struct dc_pattern *pattern = &phase->patterns[i];

				pattern->bytes /= parts;
				for (size_t m = 0; m < pattern->count; m++)
					pattern->messages[m].bytes /= parts;
			}
		}
	}
}
