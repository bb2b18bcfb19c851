/* Signals: piecewise-constant values with exact integrals, recording and replay. */
#include "engine/signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/filter.h"

enum { FIRST_PIECES = 64 };

struct dc_signal_subscriber {
	struct dc_signal_subscriber *next;
	dc_signal_listener *listener;
	void *context;
};

void dc_signal_init(struct dc_signal *signal, const char *name, const char *unit, dc_time now,
		    double value)
{
	*signal = (struct dc_signal){
		.name = name,
		.unit = unit,
		.value = value,
		.since = now,
		.least = (double)NAN,
		.greatest = (double)NAN,
	};
}

void dc_signal_fini(struct dc_signal *signal)
{
	for (struct dc_signal_subscriber *s = signal->subscribers, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	free(signal->profile.start);
	free(signal->profile.value);
	free(signal->profile.before);
	*signal = (struct dc_signal){0};
}

enum dc_status dc_signal_subscribe(struct dc_signal *signal, dc_signal_listener *listener,
				   void *context)
{
	struct dc_signal_subscriber **last = &signal->subscribers;

	while (*last)
		last = &(*last)->next;
	*last = calloc(1, sizeof **last);
	if (!*last)
		return DC_ERR_MEMORY;
	(*last)->listener = listener;
	(*last)->context = context;
	return DC_OK;
}

static bool profile_grow(struct dc_profile *profile)
{
	size_t capacity = profile->capacity ? profile->capacity * 2 : FIRST_PIECES;
	dc_time *start = realloc(profile->start, capacity * sizeof *start);
	double *value;
	struct dc_sum *before;

	if (!start)
		return false;
	profile->start = start;
	value = realloc(profile->value, capacity * sizeof *value);
	if (!value)
		return false;
	profile->value = value;
	before = realloc(profile->before, capacity * sizeof *before);
	if (!before)
		return false;
	profile->before = before;
	profile->capacity = capacity;
	return true;
}

/* Notes a piece that starts at `start`; a piece of no length is overwritten by its successor. When
 * memory fails the recording is given up, and dc_signal_replay() says so. */
static void profile_add(struct dc_signal *signal, dc_time start, double value)
{
	struct dc_profile *profile = &signal->profile;

	if (profile->count && profile->start[profile->count - 1] == start) {
		profile->value[profile->count - 1] = value;
		return;
	}
	if (profile->count == profile->capacity && !profile_grow(profile)) {
		dc_signal_forget(signal);
		return;
	}
	profile->start[profile->count] = start;
	profile->value[profile->count] = value;
	profile->count++;
}

static void note_extremes(struct dc_signal *signal, double value)
{
	if (!(value >= signal->least))
		signal->least = value;
	if (!(value <= signal->greatest))
		signal->greatest = value;
}

/* value x length. The length in one double would be off by 2 ns after a year: whole seconds and the
 * rest are exact to the last digit each. */
static struct dc_sum area(double value, dc_time length)
{
	dc_time rest, whole = dc_time_divide(length, DC_TIME_S, &rest);
	struct dc_sum sum = dc_sum_product(value, (double)(int64_t)rest / 1e15);

	return whole ? dc_sum_add(dc_sum_product(value, (double)whole), sum) : sum;
}

/* Closes the running piece at now. */
static void close_piece(struct dc_signal *signal, dc_time now)
{
	if (now == signal->since)
		return;
	for (struct dc_filter *f = signal->filters; f; f = f->next)
		dc_filter_advance(f, now);
	signal->integral = dc_sum_add(signal->integral, area(signal->value, now - signal->since));
	note_extremes(signal, signal->value);
	signal->since = now;
}

void dc_signal_set(struct dc_signal *signal, dc_time now, double value)
{
	if (value == signal->value && signal->mode != DC_SIGNAL_REPLAYING)
		return;
	if (signal->mode == DC_SIGNAL_REPLAYING)
		dc_signal_resume(signal, now);
	close_piece(signal, now);
	signal->value = value;
	if (signal->mode == DC_SIGNAL_RECORDING)
		profile_add(signal, now - signal->recorded_from, value);
	for (struct dc_signal_subscriber *s = signal->subscribers; s; s = s->next)
		s->listener(s->context, signal, now);
}

size_t dc_profile_find(const struct dc_profile *profile, dc_time phase)
{
	size_t low = 0, high = profile->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (profile->start[middle] <= phase)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct dc_sum dc_signal_integral(const struct dc_signal *signal, dc_time now)
{
	const struct dc_profile *profile = &signal->profile;
	dc_time elapsed = now - signal->since;
	struct dc_sum sum;
	dc_time periods, phase;
	size_t piece;

	if (signal->mode != DC_SIGNAL_REPLAYING)
		return dc_sum_add(signal->integral, area(signal->value, elapsed));
	if (profile->count == 1)
		return dc_sum_add(signal->integral, area(profile->value[0], elapsed));
	periods = dc_time_divide(elapsed, profile->period, &phase);
	piece = dc_profile_find(profile, phase);
	sum = dc_sum_scale(profile->whole, (double)periods);
	sum = dc_sum_add(sum, profile->before[piece]);
	sum = dc_sum_add(sum, area(profile->value[piece], phase - profile->start[piece]));
	return dc_sum_add(signal->integral, sum);
}

double dc_signal_least(const struct dc_signal *signal, dc_time now)
{
	bool running = now > signal->since && signal->mode != DC_SIGNAL_REPLAYING;

	if (running && !(signal->value >= signal->least))
		return signal->value;
	return isnan(signal->least) ? signal->value : signal->least;
}

double dc_signal_greatest(const struct dc_signal *signal, dc_time now)
{
	bool running = now > signal->since && signal->mode != DC_SIGNAL_REPLAYING;

	if (running && !(signal->value <= signal->greatest))
		return signal->value;
	return isnan(signal->greatest) ? signal->value : signal->greatest;
}

void dc_signal_record(struct dc_signal *signal, dc_time now)
{
	close_piece(signal, now);
	signal->mode = DC_SIGNAL_RECORDING;
	signal->recorded_from = now;
	signal->profile.count = 0;
	profile_add(signal, 0, signal->value);
}

void dc_signal_forget(struct dc_signal *signal)
{
	signal->mode = DC_SIGNAL_LIVE;
	signal->profile.count = 0;
}

enum dc_status dc_signal_replay(struct dc_signal *signal, dc_time now)
{
	struct dc_profile *profile = &signal->profile;
	struct dc_sum sum = {0};

	if (signal->mode != DC_SIGNAL_RECORDING)
		return DC_ERR_MEMORY;
	if (now <= signal->recorded_from)
		return DC_ERR_RUN;
	close_piece(signal, now);
	profile->period = now - signal->recorded_from;
	/* A change at the very end belongs to the next period's start, where it was seen already.
	 */
	while (profile->count > 1 && profile->start[profile->count - 1] >= profile->period)
		profile->count--;
	for (size_t i = 0; i < profile->count; i++) {
		dc_time end = i + 1 < profile->count ? profile->start[i + 1] : profile->period;

		profile->before[i] = sum;
		sum = dc_sum_add(sum, area(profile->value[i], end - profile->start[i]));
	}
	profile->whole = sum;
	for (struct dc_filter *f = signal->filters; f; f = f->next) {
		enum dc_status status = dc_filter_prepare(f);

		if (status)
			return status;
	}
	signal->mode = DC_SIGNAL_REPLAYING;
	return DC_OK;
}

void dc_signal_resume(struct dc_signal *signal, dc_time now)
{
	if (signal->mode != DC_SIGNAL_REPLAYING)
		return;
	for (struct dc_filter *f = signal->filters; f; f = f->next)
		dc_filter_advance(f, now);
	signal->integral = dc_signal_integral(signal, now);
	signal->since = now;
	signal->mode = DC_SIGNAL_LIVE;
}
