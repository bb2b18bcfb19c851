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

enum dc_status dc_filter_prepare(struct dc_filter *filter)
{
	const struct dc_profile *profile = &filter->signal->profile;
	double response = 0;

	if (filter->capacity < profile->count) {
		double *before = realloc(filter->before, profile->capacity * sizeof *before);

		if (!before)
			return DC_ERR_MEMORY;
		filter->before = before;
		filter->capacity = profile->capacity;
	}
	for (size_t i = 0; i < profile->count; i++) {
		dc_time end = i + 1 < profile->count ? profile->start[i + 1] : profile->period;

		filter->before[i] = response;
		response = step(filter, response, profile->value[i], end - profile->start[i]);
	}
	filter->whole = response;
	return DC_OK;
}

/* The response from 0 at the period's start to phase. */
static double response_at(const struct dc_filter *filter, dc_time phase)
{
	const struct dc_profile *profile = &filter->signal->profile;
	size_t piece = dc_profile_find(profile, phase);

	return step(filter, filter->before[piece], profile->value[piece],
		    phase - profile->start[piece]);
}

/* From phase `from` to phase `to` of one period, starting with `response`. */
static double within(const struct dc_filter *filter, double response, dc_time from, dc_time to)
{
	double decay = exp(-dc_time_to_s(to - from) / filter->tau_s);
	double own = response_at(filter, to) - decay * response_at(filter, from);

	return response * decay + own;
}

static void advance_replay(struct dc_filter *filter, dc_time now)
{
	const struct dc_signal *signal = filter->signal;
	const struct dc_profile *profile = &signal->profile;
	dc_time from = (filter->since - signal->since) % profile->period;
	dc_time periods = (now - signal->since) / profile->period -
			  (filter->since - signal->since) / profile->period;
	dc_time to = (now - signal->since) % profile->period;
	double period_s = dc_time_to_s(profile->period);

	if (periods == 0) {
		filter->response = within(filter, filter->response, from, to);
		return;
	}
	if (from) {
		double decay = exp(-dc_time_to_s(profile->period - from) / filter->tau_s);

		filter->response = filter->response * decay + filter->whole -
				   decay * response_at(filter, from);
		periods--;
	}
	if (periods) {
		double x = period_s / filter->tau_s;
		double n = (double)periods;

		filter->response = filter->response * exp(-n * x) +
				   filter->whole * (expm1(-n * x) / expm1(-x));
	}
	filter->response = within(filter, filter->response, 0, to);
}

void dc_filter_advance(struct dc_filter *filter, dc_time now)
{
	if (now == filter->since)
		return;
	if (filter->signal->mode == DC_SIGNAL_REPLAYING)
		advance_replay(filter, now);
	else
		filter->response = step(filter, filter->response, filter->signal->value,
					now - filter->since);
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
