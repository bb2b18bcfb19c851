/* Filters: a signal's response integral under a first-order law.
 *
 * A piece of value v and length h takes J to J exp(-h/tau) + v tau (1 - exp(-h/tau)), the exact
 * solution of dJ/dt = v - J/tau. One whole period is the affine map J -> a J + b; n of them give
 * a^n J + b (1 - a^n)/(1 - a). expm1 keeps short pieces accurate. */
#include "engine/filter.h"

#include <math.h>
#include <stdlib.h>

void dc_filter_init(struct dc_filter *filter, struct dc_signal *signal, double tau_s, dc_time now)
{
	*filter = (struct dc_filter){
		.signal = signal,
		.tau_s = tau_s,
		.since = now,
		.next = signal->filters,
	};
	signal->filters = filter;
}

void dc_filter_fini(struct dc_filter *filter)
{
	struct dc_filter **link;

	if (!filter->signal)
		return;
	for (link = &filter->signal->filters; *link; link = &(*link)->next) {
		if (*link == filter) {
			*link = filter->next;
			break;
		}
	}
	free(filter->before);
	*filter = (struct dc_filter){0};
}

static double step(const struct dc_filter *filter, double response, double value, dc_time length)
{
	double x = dc_time_to_s(length) / filter->tau_s;

	return response * exp(-x) - value * filter->tau_s * expm1(-x);
}

static dc_time piece_end(const struct dc_profile *profile, size_t piece)
{
	return piece + 1 < profile->count ? profile->start[piece + 1] : profile->period;
}

/* exp(-(to - from)/tau) */
static double decay(const struct dc_filter *filter, dc_time from, dc_time to)
{
	return exp(-dc_time_to_s(to - from) / filter->tau_s);
}

static bool reserve(struct dc_filter *filter, size_t pieces)
{
	double *space;
	size_t leaves = 1;

	while (leaves < pieces)
		leaves *= 2;
	if (filter->capacity < leaves) {
		space = realloc(filter->before, 4 * leaves * sizeof *space);
		if (!space)
			return false;
		filter->before = space;
		filter->capacity = leaves;
	}
	filter->after = filter->before + filter->capacity;
	filter->blocks = filter->after + filter->capacity;
	filter->leaves = leaves;
	return true;
}

/* The tree's inner nodes: node i joins nodes 2i and 2i + 1. */
static void join_blocks(struct dc_filter *filter)
{
	const struct dc_profile *profile = &filter->signal->profile;
	size_t width = 1;

	for (size_t level = filter->leaves / 2; level; level /= 2) {
		for (size_t i = 0; i < level; i++) {
			size_t middle = (2 * i + 1) * width, end = (2 * i + 2) * width;
			const double *halves = &filter->blocks[2 * (level + i)];

			filter->blocks[level + i] =
				end <= profile->count
					? halves[0] * decay(filter, profile->start[middle],
							    piece_end(profile, end - 1)) +
						  halves[1]
					: 0;
		}
		width *= 2;
	}
}

enum dc_status dc_filter_prepare(struct dc_filter *filter)
{
	const struct dc_profile *profile = &filter->signal->profile;
	double response = 0;

	if (!reserve(filter, profile->count))
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < filter->leaves; i++)
		filter->blocks[filter->leaves + i] = 0;
	for (size_t i = 0; i < profile->count; i++) {
		dc_time length = piece_end(profile, i) - profile->start[i];

		filter->before[i] = response;
		filter->blocks[filter->leaves + i] = step(filter, 0, profile->value[i], length);
		response = step(filter, response, profile->value[i], length);
	}
	filter->whole = response;
	response = 0;
	for (size_t i = profile->count; i-- > 0;) {
		response += filter->blocks[filter->leaves + i] *
			    decay(filter, piece_end(profile, i), profile->period);
		filter->after[i] = response;
	}
	join_blocks(filter);
	return DC_OK;
}

/* From the period's start to phase `to`. */
static double head(const struct dc_filter *filter, double response, dc_time to)
{
	const struct dc_profile *profile = &filter->signal->profile;
	size_t piece = dc_profile_find(profile, to);

	response = response * decay(filter, 0, profile->start[piece]) + filter->before[piece];
	return step(filter, response, profile->value[piece], to - profile->start[piece]);
}

/* From phase `from` to the period's end. */
static double tail(const struct dc_filter *filter, double response, dc_time from)
{
	const struct dc_profile *profile = &filter->signal->profile;
	size_t piece = dc_profile_find(profile, from);
	dc_time end = piece_end(profile, piece);

	response = step(filter, response, profile->value[piece], end - from);
	if (piece + 1 == profile->count)
		return response;
	return response * decay(filter, end, profile->period) + filter->after[piece + 1];
}

/* From phase `from` to phase `to` of one period. The whole pieces between are taken in the largest
 * blocks that fit: a difference of two responses from the period's start would lose what is small
 * beside them. */
static double within(const struct dc_filter *filter, double response, dc_time from, dc_time to)
{
	const struct dc_profile *profile = &filter->signal->profile;
	size_t piece = dc_profile_find(profile, from);
	size_t last = dc_profile_find(profile, to);

	if (piece == last)
		return step(filter, response, profile->value[piece], to - from);
	response = step(filter, response, profile->value[piece], piece_end(profile, piece) - from);
	piece++;
	while (piece < last) {
		size_t width = 1, node = filter->leaves + piece;

		while (!(piece & (2 * width - 1)) && piece + 2 * width <= last) {
			width *= 2;
			node /= 2;
		}
		response = response * decay(filter, profile->start[piece],
					    profile->start[piece + width]) +
			   filter->blocks[node];
		piece += width;
	}
	return step(filter, response, profile->value[last], to - profile->start[last]);
}

static void advance_replay(struct dc_filter *filter, dc_time now)
{
	const struct dc_signal *signal = filter->signal;
	const struct dc_profile *profile = &signal->profile;
	dc_time from, to;
	dc_time begun = dc_time_divide(filter->since - signal->since, profile->period, &from);
	dc_time periods = dc_time_divide(now - signal->since, profile->period, &to) - begun;

	if (periods == 0) {
		filter->response = within(filter, filter->response, from, to);
		return;
	}
	if (from) {
		filter->response = tail(filter, filter->response, from);
		periods--;
	}
	if (periods) {
		double x = dc_time_to_s(profile->period) / filter->tau_s;
		double n = (double)periods;

		filter->response = filter->response * exp(-n * x) +
				   filter->whole * (expm1(-n * x) / expm1(-x));
	}
	filter->response = head(filter, filter->response, to);
}

void dc_filter_advance(struct dc_filter *filter, dc_time now)
{
	if (now == filter->since)
		return;
	if (filter->signal->mode == DC_SIGNAL_REPLAYING)
		advance_replay(filter, now);
	else
		filter->response =
			step(filter, filter->response, filter->signal->value, now - filter->since);
	filter->since = now;
}

double dc_filter_read(struct dc_filter *filter, dc_time now)
{
	double response;

	dc_filter_advance(filter, now);
	response = filter->response;
	filter->response = 0;
	return response;
}
