/* Schedules: building them, and what they add up to. */
#include "fabric/schedule.h"

#include <string.h>

void dc_schedule_init(struct dc_schedule *schedule, struct dc_arena *arena,
		      const struct dc_group *group)
{
	*schedule = (struct dc_schedule){.arena = arena, .group = group};
}

/* Room for one more item in an arena array that doubles; NULL when out of memory. */
static void *grow(struct dc_schedule *schedule, void *items, size_t count, size_t *capacity,
		  size_t size)
{
	void *larger;

	if (count < *capacity)
		return items;
	larger = dc_arena_array(schedule->arena, *capacity ? 2 * *capacity : 2, size);
	if (!larger) {
		schedule->failed = true;
		return NULL;
	}
	if (items)
		memcpy(larger, items, count * size);
	*capacity = *capacity ? 2 * *capacity : 2;
	return larger;
}

static struct dc_track *last_track(const struct dc_schedule *schedule)
{
	return schedule->count ? &schedule->tracks[schedule->count - 1] : NULL;
}

void dc_schedule_track(struct dc_schedule *schedule, uint64_t chunks)
{
	struct dc_track *tracks = grow(schedule, schedule->tracks, schedule->count,
				       &schedule->capacity, sizeof *tracks);

	if (!tracks)
		return;
	schedule->tracks = tracks;
	tracks[schedule->count++] = (struct dc_track){.chunks = chunks ? chunks : 1};
}

void dc_schedule_phase(struct dc_schedule *schedule, size_t factor, uint64_t repeat, bool reduces)
{
	struct dc_track *track = last_track(schedule);
	struct dc_schedule_phase *phases;

	if (!track)
		return;
	phases = grow(schedule, track->phases, track->count, &track->capacity, sizeof *phases);
	if (!phases)
		return;
	track->phases = phases;
	phases[track->count++] =
		(struct dc_schedule_phase){.factor = factor, .repeat = repeat, .reduces = reduces};
}

/* The phase that patterns are added to; NULL when it is left out. */
static struct dc_schedule_phase *last_phase(const struct dc_schedule *schedule)
{
	struct dc_track *track = last_track(schedule);

	return track && track->count && track->phases[track->count - 1].repeat
		       ? &track->phases[track->count - 1]
		       : NULL;
}

static struct dc_pattern *add_pattern(struct dc_schedule *schedule)
{
	struct dc_schedule_phase *phase = last_phase(schedule);
	struct dc_pattern *patterns;

	if (!phase)
		return NULL;
	patterns =
		grow(schedule, phase->patterns, phase->count, &phase->capacity, sizeof *patterns);
	if (!patterns)
		return NULL;
	phase->patterns = patterns;
	patterns[phase->count] = (struct dc_pattern){0};
	return &patterns[phase->count++];
}

static void add(struct dc_schedule *schedule, enum dc_pattern_kind kind, uint64_t offset,
		double bytes)
{
	struct dc_pattern *pattern = add_pattern(schedule);

	if (pattern)
		*pattern = (struct dc_pattern){.kind = kind, .offset = offset, .bytes = bytes};
}

void dc_schedule_shift(struct dc_schedule *schedule, uint64_t offset, double bytes)
{
	const struct dc_schedule_phase *phase = last_phase(schedule);
	uint64_t size = phase ? dc_group_line_size(schedule->group, phase->factor) : 1;

	if (offset % size)
		add(schedule, DC_PATTERN_SHIFT, offset % size, bytes);
}

void dc_schedule_xor(struct dc_schedule *schedule, uint64_t mask, double bytes)
{
	if (mask)
		add(schedule, DC_PATTERN_XOR, mask, bytes);
}

void dc_schedule_return(struct dc_schedule *schedule)
{
	struct dc_schedule_phase *phase = last_phase(schedule);

	if (phase)
		phase->returns = true;
}

void dc_schedule_up(struct dc_schedule *schedule, double bytes)
{
	add(schedule, DC_PATTERN_UP, 0, bytes);
}

void dc_schedule_down(struct dc_schedule *schedule, double bytes)
{
	add(schedule, DC_PATTERN_DOWN, 0, bytes);
}

void dc_schedule_message(struct dc_schedule *schedule, uint64_t from, uint64_t to, double bytes)
{
	struct dc_schedule_phase *phase = last_phase(schedule);
	struct dc_pattern *pattern;
	struct dc_message *messages;

	if (!phase || from == to)
		return;
	pattern = phase->count ? &phase->patterns[phase->count - 1] : NULL;
	if (!pattern || pattern->kind != DC_PATTERN_LIST) {
		pattern = add_pattern(schedule);
		if (!pattern)
			return;
		pattern->kind = DC_PATTERN_LIST;
	}
	messages = grow(schedule, pattern->messages, pattern->count, &pattern->capacity,
			sizeof *messages);
	if (!messages)
		return;
	messages[pattern->count++] = (struct dc_message){(uint32_t)from, (uint32_t)to, bytes};
	pattern->messages = messages;
}

/* --- what it adds up to --- */

/* Bytes of one step on one line. */
static double step_bytes(const struct dc_schedule_phase *phase, uint64_t size)
{
	double bytes = 0;

	for (size_t i = 0; i < phase->count; i++) {
		const struct dc_pattern *pattern = &phase->patterns[i];

		if (pattern->kind != DC_PATTERN_LIST) {
			uint64_t messages = size;

			/* place ^ mask is a place for all places where the mask's bits come in
			 * whole blocks of the size, and for some where they do not. */
			if (pattern->kind == DC_PATTERN_XOR) {
				messages = 0;
				for (uint64_t place = 0; place < size; place++)
					messages += (place ^ pattern->offset) < size;
			}
			bytes += pattern->bytes * (double)messages;
			continue;
		}
		for (size_t m = 0; m < pattern->count; m++)
			bytes += pattern->messages[m].bytes;
	}
	return bytes;
}

double dc_schedule_bytes(const struct dc_schedule *schedule)
{
	double bytes = 0;

	for (size_t t = 0; t < schedule->count; t++) {
		const struct dc_track *track = &schedule->tracks[t];

		for (size_t p = 0; p < track->count; p++) {
			const struct dc_schedule_phase *phase = &track->phases[p];
			double line_bytes = step_bytes(
				phase, dc_group_line_size(schedule->group, phase->factor));

			bytes += line_bytes * (double)phase->repeat * (double)track->chunks *
				 (double)dc_group_lines(schedule->group, phase->factor);
		}
	}
	return bytes;
}

uint64_t dc_schedule_steps(const struct dc_schedule *schedule)
{
	uint64_t most = 0;

	for (size_t t = 0; t < schedule->count; t++) {
		const struct dc_track *track = &schedule->tracks[t];
		uint64_t steps = 0, longest = 0;

		for (size_t p = 0; p < track->count; p++) {
			steps += track->phases[p].repeat;
			if (track->phases[p].repeat > longest)
				longest = track->phases[p].repeat;
		}
		steps += (track->chunks - 1) * longest;
		if (steps > most)
			most = steps;
	}
	return most;
}

/* Messages of a phase on one line of its factor. */
static double messages_on_line(const struct dc_schedule *schedule,
			       const struct dc_schedule_phase *phase)
{
	double size = (double)dc_group_line_size(schedule->group, phase->factor);
	double count = 0;

	for (size_t i = 0; i < phase->count; i++)
		count += phase->patterns[i].kind == DC_PATTERN_LIST
				 ? (double)phase->patterns[i].count
				 : size;
	return count;
}

double dc_schedule_messages(const struct dc_schedule *schedule)
{
	double count = 0;

	for (size_t t = 0; t < schedule->count; t++)
		for (size_t p = 0; p < schedule->tracks[t].count; p++) {
			const struct dc_schedule_phase *phase = &schedule->tracks[t].phases[p];

			count += (double)dc_group_lines(schedule->group, phase->factor) *
				 messages_on_line(schedule, phase);
		}
	return count;
}

double dc_schedule_line_messages(const struct dc_schedule *schedule)
{
	double count = 0;

	for (size_t t = 0; t < schedule->count; t++)
		for (size_t p = 0; p < schedule->tracks[t].count; p++)
			count += messages_on_line(schedule, &schedule->tracks[t].phases[p]);
	return count;
}
