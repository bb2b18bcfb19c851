/* Filters: closed forms, splitting, and replay against live playing. */
#include <criterion/criterion.h>
#include <math.h>

#include "engine/signal.h"

/* A small generator of its own (xorshift64, Marsaglia 2003), so that every run draws the same. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

static dc_time draw_time(uint64_t *state, dc_time below)
{
	dc_time wide = (dc_time)draw(state, (uint64_t)1 << 60) << 60;

	return (wide + (dc_time)draw(state, (uint64_t)1 << 60)) % below;
}

static void expect_close(double actual, double expected, double relative, const char *what,
			 double parameter)
{
	cr_assert(fabs(actual - expected) <= relative * fabs(expected), "%s %g: %.17g for %.17g",
		  what, parameter, actual, expected);
}

static const double taus_s[] = {1e-3, 0.05, 1, 37, 600, 1e4, 1e6};

enum { TAUS = sizeof taus_s / sizeof *taus_s };

/* A constant v over h: J = v tau (1 - exp(-h/tau)), the solution of dJ/dt = v - J/tau from 0. */
Test(filter, constant_input)
{
	for (size_t i = 0; i < TAUS; i++) {
		struct dc_signal signal;
		struct dc_filter filter;

		dc_signal_init(&signal, "power", "W", 0, 40);
		dc_filter_init(&filter, &signal, taus_s[i], 0);
		expect_close(dc_filter_read(&filter, 10 * DC_TIME_S),
			     -40 * taus_s[i] * expm1(-10 / taus_s[i]), 1e-14, "tau", taus_s[i]);
		/* The reading starts the next. */
		expect_close(dc_filter_read(&filter, 11 * DC_TIME_S),
			     -40 * taus_s[i] * expm1(-1 / taus_s[i]), 1e-14, "tau", taus_s[i]);
		cr_expect_eq(dc_filter_read(&filter, 11 * DC_TIME_S), 0);
		dc_filter_fini(&filter);
		dc_signal_fini(&signal);
	}
}

/* A step from a to b after h of a total H: J = a tau (1 - exp(-h/tau)) exp(-(H-h)/tau) + b tau (1 -
 * exp(-(H-h)/tau)). */
Test(filter, step_input)
{
	for (size_t i = 0; i < TAUS; i++) {
		struct dc_signal signal;
		struct dc_filter filter;
		double tau_s = taus_s[i];

		dc_signal_init(&signal, "power", "W", 0, 10);
		dc_filter_init(&filter, &signal, tau_s, 0);
		dc_signal_set(&signal, 3 * DC_TIME_S, 70);
		expect_close(dc_filter_read(&filter, 8 * DC_TIME_S),
			     -10 * tau_s * expm1(-3 / tau_s) * exp(-5 / tau_s) -
				     70 * tau_s * expm1(-5 / tau_s),
			     1e-14, "tau", tau_s);
		dc_filter_fini(&filter);
		dc_signal_fini(&signal);
	}
}

/* J over [0, b] = exp(-(b - a)/tau) J over [0, a] + J over [a, b], live and within replayed
 * periods. */
Test(filter, splitting_changes_nothing)
{
	uint64_t state = 5;

	for (size_t i = 0; i < TAUS; i++) {
		struct dc_signal signal;
		struct dc_filter whole, split;
		dc_time now = 0, last = 0;
		double sum = 0;

		dc_signal_init(&signal, "power", "W", 0, 12);
		dc_signal_record(&signal, 0);
		dc_signal_set(&signal, DC_TIME_S, 80);
		dc_signal_set(&signal, 2 * DC_TIME_S, 33);
		dc_filter_init(&whole, &signal, taus_s[i], 2 * DC_TIME_S);
		dc_filter_init(&split, &signal, taus_s[i], 2 * DC_TIME_S);
		now = last = 2 * DC_TIME_S;
		cr_assert_eq(dc_signal_replay(&signal, 3 * DC_TIME_S), DC_OK);
		now = 3 * DC_TIME_S;
		for (int n = 0; n < 50; n++) {
			now += draw_time(&state, 5 * DC_TIME_S);
			sum = sum * exp(-dc_time_to_s(now - last) / taus_s[i]) +
			      dc_filter_read(&split, now);
			last = now;
		}
		expect_close(sum, dc_filter_read(&whole, now), 1e-12, "tau", taus_s[i]);
		dc_filter_fini(&whole);
		dc_filter_fini(&split);
		dc_signal_fini(&signal);
	}
}

/* --- replay against live playing --- */

enum { PIECES = 200, PERIODS = 12 };

struct score {
	dc_time start[PIECES];
	double value[PIECES];
	int count;
	dc_time period;
};

static struct score random_score(uint64_t *state, int count)
{
	struct score score = {.count = count};

	for (int i = 0; i < count; i++) {
		dc_time scale = 1000000;

		for (uint64_t n = draw(state, 10); n; n--)
			scale *= 10;
		score.start[i] = score.period;
		score.value[i] = 1 + (double)draw(state, 100000) / 64;
		score.period += 1 + draw_time(state, scale);
	}
	return score;
}

static void play(struct dc_signal *signal, const struct score *score, dc_time from)
{
	for (int i = 0; i < score->count; i++)
		dc_signal_set(signal, from + score->start[i], score->value[i]);
}

/* J from `from` to `now` over the score repeated from 0 on: every piece by itself in long
 * double. */
static double reference(const struct score *score, double tau_s, dc_time from, dc_time now)
{
	long double sum = 0;

	for (dc_time base = from - from % score->period; base < now; base += score->period) {
		for (int i = 0; i < score->count; i++) {
			dc_time end = i + 1 < score->count ? score->start[i + 1] : score->period;
			dc_time a = dc_time_max(base + score->start[i], from);
			dc_time b = dc_time_min(base + end, now);

			if (a < b)
				sum += (long double)score->value[i] *
				       expl(-(long double)(now - b) / 1e15L / (long double)tau_s) *
				       -expm1l(-(long double)(b - a) / 1e15L / (long double)tau_s) *
				       (long double)tau_s;
		}
	}
	return (double)sum;
}

/* Readings from a femtosecond to several periods apart: inside a piece, across pieces, across
 * periods, and at a period's very end. */
static dc_time next_reading(uint64_t *state, const struct score *score, dc_time now)
{
	dc_time scale = 1;

	switch (draw(state, 4)) {
	case 0:
		return now + 1 + draw_time(state, 4 * score->period);
	case 1:
		return now - now % score->period + score->period;
	default:
		for (uint64_t n = draw(state, 16); n; n--)
			scale *= 10;
		return now + 1 + draw_time(state, dc_time_min(scale, score->period));
	}
}

static void replay_round(uint64_t *state)
{
	struct score score = random_score(state, 1 + (int)draw(state, PIECES));
	double tau_s = pow(10, -3 + (double)draw(state, 900) / 100);
	struct dc_signal live, replayed;
	struct dc_filter live_filter, filter;
	dc_time now = score.period, end = PERIODS * score.period;
	int played = 2 * score.count; /* pieces, of all periods */

	dc_signal_init(&live, "live", "W", 0, score.value[0]);
	dc_signal_init(&replayed, "replayed", "W", 0, score.value[0]);
	play(&live, &score, 0);
	play(&replayed, &score, 0);
	dc_filter_init(&live_filter, &live, tau_s, now);
	dc_filter_init(&filter, &replayed, tau_s, now);
	dc_signal_record(&replayed, now);
	play(&live, &score, now);
	play(&replayed, &score, now);
	cr_assert_eq(dc_signal_replay(&replayed, 2 * score.period), DC_OK);
	for (dc_time next = 2 * score.period; next < end; next = next_reading(state, &score, now)) {
		double expected = reference(&score, tau_s, now, next);

		for (;; played++) {
			dc_time start = played / score.count * score.period +
					score.start[played % score.count];

			if (start > next)
				break;
			dc_signal_set(&live, start, score.value[played % score.count]);
		}
		expect_close(dc_filter_read(&filter, next), expected, 1e-12, "replay, tau", tau_s);
		expect_close(dc_filter_read(&live_filter, next), expected, 1e-12, "live, tau",
			     tau_s);
		now = next;
	}
	dc_filter_fini(&filter);
	dc_filter_fini(&live_filter);
	dc_signal_fini(&live);
	dc_signal_fini(&replayed);
}

Test(filter, replay_equals_live)
{
	uint64_t state = 20250701;

	for (int round = 0; round < 60; round++)
		replay_round(&state);
}

/* Replay, then live again: 10 W and 30 W by turns of 1 s up to 12 s, 70 W up to 15 s, each piece by
 * itself: v tau (1 - exp(-1 s/tau)) exp(-(time left)/tau). */
Test(filter, live_after_replay)
{
	for (size_t i = 0; i < TAUS; i++) {
		struct dc_signal signal;
		struct dc_filter filter;
		double tau_s = taus_s[i], expected = 0;

		dc_signal_init(&signal, "power", "W", 0, 10);
		dc_filter_init(&filter, &signal, tau_s, 0);
		dc_signal_record(&signal, 0);
		dc_signal_set(&signal, DC_TIME_S, 30);
		cr_assert_eq(dc_signal_replay(&signal, 2 * DC_TIME_S), DC_OK);
		dc_signal_resume(&signal, 12 * DC_TIME_S);
		dc_signal_set(&signal, 12 * DC_TIME_S, 70);
		for (int s = 0; s < 15; s++)
			expected += (s >= 12 ? 70
				     : s % 2 ? 30
					     : 10) *
				    -tau_s * expm1(-1 / tau_s) * exp(-(14 - s) / tau_s);
		expect_close(dc_filter_read(&filter, 15 * DC_TIME_S), expected, 1e-13, "tau",
			     tau_s);
		dc_filter_fini(&filter);
		dc_signal_fini(&signal);
	}
}
