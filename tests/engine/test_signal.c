/* Signals: exact integrals, extremes, subscribers, recording and replay. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "engine/signal.h"

/* A small generator of its own (xorshift64, Marsaglia 2003), so that every run draws the same. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

/* 0 to below, to the femtosecond. */
static dc_time draw_time(uint64_t *state, dc_time below)
{
	dc_time wide = (dc_time)draw(state, (uint64_t)1 << 60) << 60;

	return (wide + (dc_time)draw(state, (uint64_t)1 << 60)) % below;
}

static double integral_at(const struct dc_signal *signal, dc_time now)
{
	return dc_sum_value(dc_signal_integral(signal, now));
}

static double between(struct dc_sum later, struct dc_sum earlier)
{
	return dc_sum_value(dc_sum_sub(later, earlier));
}

/* Random pieces against the sum of value x length in long double (64 bits of mantissa; lengths of
 * whole femtoseconds are exact in it up to 5 h). */
Test(signal, integral_of_random_pieces)
{
	struct dc_signal signal;
	uint64_t state = 7;
	long double exact = 0;
	dc_time now = 0;
	double value = 3;

	dc_signal_init(&signal, "power", "W", 0, value);
	for (int i = 0; i < 10000; i++) {
		dc_time length = draw_time(&state, DC_TIME_S);

		exact += (long double)value * (long double)length / 1e15L;
		now += length;
		value = (double)draw(&state, 1000000) / 1024;
		dc_signal_set(&signal, now, value);
		cr_assert(fabsl((long double)integral_at(&signal, now) - exact) <= 2e-16L * exact,
			  "piece %d", i);
	}
	dc_signal_fini(&signal);
}

/* A kilowatt that never changes, read every 0.1 s around the end of a century: 100 J each time, to
 * the last digits, although a double of 3e9 s resolves only 5e-7 s. */
Test(signal, difference_of_integrals_of_one_long_piece)
{
	struct dc_signal signal;
	const dc_time tenth = DC_TIME_S / 10;
	dc_time now = (dc_time)3153600000 * DC_TIME_S + 123456789;
	struct dc_sum before;

	dc_signal_init(&signal, "power", "W", 0, 1000);
	before = dc_signal_integral(&signal, now);
	for (int i = 0; i < 1000; i++) {
		struct dc_sum after;

		now += tenth;
		after = dc_signal_integral(&signal, now);
		cr_assert_float_eq(between(after, before), 100, 1e-12, "%.17g",
				   between(after, before));
		before = after;
	}
	dc_signal_fini(&signal);
}

/* 1 W and 3 W in turn for 1e-4 s each, a year of it by replay: 2 W on average, so 0.1 s hold 0.2
 * J. */
Test(signal, a_year_of_short_pieces_by_replay)
{
	struct dc_signal signal;
	const dc_time piece = DC_TIME_S / 10000;
	const dc_time year = (dc_time)31536000 * DC_TIME_S;

	dc_signal_init(&signal, "power", "W", 0, 1);
	dc_signal_record(&signal, 0);
	dc_signal_set(&signal, piece, 3);
	dc_signal_set(&signal, 2 * piece, 1);
	cr_assert_eq(dc_signal_replay(&signal, 2 * piece), DC_OK);
	for (int i = 1; i <= 1000; i++) {
		dc_time now = year + i * DC_TIME_S / 10;
		struct dc_sum earlier = dc_signal_integral(&signal, now - DC_TIME_S / 10);
		double tenth = between(dc_signal_integral(&signal, now), earlier);

		cr_assert_float_eq(tenth, 0.2, 0.2e-12, "%.17g", tenth);
	}
	/* The whole year: 2 W x 31,536,000 s. */
	cr_expect_float_eq(integral_at(&signal, year), 63072000, 63072000 * 1e-15);
	dc_signal_fini(&signal);
}

/* A thousand pieces of a year each stay exact to the last digit of a double (hand: 1 W, 2 W, ...
 * 1000 W for 31,536,000 s: 500,500 x 31,536,000 J, an integer below 2^53). */
Test(signal, long_pieces_add_exactly)
{
	struct dc_signal signal;
	const dc_time year = (dc_time)31536000 * DC_TIME_S;

	dc_signal_init(&signal, "power", "W", 0, 1);
	for (int i = 1; i < 1000; i++)
		dc_signal_set(&signal, i * year, i + 1);
	cr_expect(integral_at(&signal, 1000 * year) == 500500.0 * 31536000.0);
	dc_signal_fini(&signal);
}

Test(signal, extremes_ignore_pieces_without_length)
{
	struct dc_signal signal;

	dc_signal_init(&signal, "power", "W", 0, 5);
	/* No piece has length yet: the value itself. */
	cr_expect_eq(dc_signal_least(&signal, 0), 5);
	cr_expect_eq(dc_signal_greatest(&signal, 0), 5);
	dc_signal_set(&signal, 0, 2);
	dc_signal_set(&signal, 10, 100);
	dc_signal_set(&signal, 10, -100);
	dc_signal_set(&signal, 10, 4);
	cr_expect_eq(dc_signal_least(&signal, 10), 2);
	cr_expect_eq(dc_signal_greatest(&signal, 10), 2);
	/* The running piece counts once it has length. */
	cr_expect_eq(dc_signal_greatest(&signal, 11), 4);
	cr_expect_eq(dc_signal_least(&signal, 11), 2);
	dc_signal_fini(&signal);
}

/* The extremes of a period hold through its replay and after it. */
Test(signal, extremes_over_replay)
{
	struct dc_signal signal;

	dc_signal_init(&signal, "power", "W", 0, 1);
	dc_signal_record(&signal, 0);
	dc_signal_set(&signal, 4, 9);
	dc_signal_set(&signal, 8, -3);
	cr_assert_eq(dc_signal_replay(&signal, 10), DC_OK);
	cr_expect_eq(dc_signal_least(&signal, 25), -3);
	cr_expect_eq(dc_signal_greatest(&signal, 25), 9);
	dc_signal_resume(&signal, 40);
	dc_signal_set(&signal, 40, 12);
	cr_expect_eq(dc_signal_greatest(&signal, 40), 9);
	cr_expect_eq(dc_signal_greatest(&signal, 41), 12);
	dc_signal_fini(&signal);
}

struct hearing {
	double value[8];
	dc_time when[8];
	int count;
	struct hearing *after; /* must have heard first */
};

static void hear(void *context, const struct dc_signal *signal, dc_time now)
{
	struct hearing *hearing = context;

	if (hearing->after)
		cr_expect_eq(hearing->after->count, hearing->count + 1);
	hearing->value[hearing->count] = signal->value;
	hearing->when[hearing->count++] = now;
}

/* Each change of value once, after it is in place, in the order of subscription; setting the same
 * value again is no change. */
Test(signal, subscribers_hear_changes)
{
	struct dc_signal signal;
	struct hearing first = {0}, second = {.after = &first};

	dc_signal_init(&signal, "power", "W", 0, 1);
	cr_assert_eq(dc_signal_subscribe(&signal, hear, &first), DC_OK);
	cr_assert_eq(dc_signal_subscribe(&signal, hear, &second), DC_OK);
	dc_signal_set(&signal, 3, 1);
	dc_signal_set(&signal, 4, 2);
	dc_signal_set(&signal, 4, 3);
	dc_signal_set(&signal, 9, 3);
	cr_expect_eq(first.count, 2);
	cr_expect_eq(second.count, 2);
	cr_expect(first.value[0] == 2 && first.when[0] == 4);
	cr_expect(first.value[1] == 3 && first.when[1] == 4);
	dc_signal_fini(&signal);
}

/* --- replay against live playing of the same pieces --- */

enum { PIECES = 300, PERIODS = 40 };

struct score {
	dc_time start[PIECES];
	double value[PIECES];
	int count;
	dc_time period;
};

/* Pieces from a femtosecond to a second, some at the same instant. The first starts at 0. */
static struct score random_score(uint64_t *state, int count)
{
	struct score score = {.count = count};

	for (int i = 0; i < count; i++) {
		dc_time scale = 1;

		for (uint64_t n = draw(state, 16); n; n--)
			scale *= 10;
		score.start[i] = score.period;
		score.value[i] = (double)draw(state, 100000) / 64;
		if (draw(state, 8))
			score.period += 1 + draw_time(state, scale);
	}
	score.period += 1000;
	return score;
}

static void play(struct dc_signal *signal, const struct score *score, dc_time from)
{
	for (int i = 0; i < score->count; i++)
		dc_signal_set(signal, from + score->start[i], score->value[i]);
}

/* The integral from 0 to `now` of the score repeated from 0 on, in long double. */
static long double score_integral(const struct score *score, dc_time now)
{
	long double whole = 0, part = 0;
	dc_time phase = now % score->period;

	for (int i = 0; i < score->count; i++) {
		dc_time start = score->start[i];
		dc_time end = i + 1 < score->count ? score->start[i + 1] : score->period;

		whole += (long double)score->value[i] * (long double)(end - start);
		if (phase > start)
			part += (long double)score->value[i] *
				(long double)(dc_time_min(end, phase) - start);
	}
	return (whole * (long double)(now / score->period) + part) / 1e15L;
}

/* Records the second period and replays from the end of it: the same integral at random moments as
 * the pieces played live, and as long double has it, to the last digits; then a resumed, changed
 * and recorded stretch goes on from there. */
Test(signal, replay_equals_live)
{
	uint64_t state = 99;

	for (int round = 0; round < 20; round++) {
		struct score score = random_score(&state, 1 + (int)draw(&state, PIECES));
		struct dc_signal live, replayed;
		dc_time now = 0, end = PERIODS * score.period;
		struct dc_sum rest;

		dc_signal_init(&live, "live", "W", 0, score.value[0]);
		dc_signal_init(&replayed, "replayed", "W", 0, score.value[0]);
		play(&live, &score, 0);
		play(&live, &score, score.period);
		play(&replayed, &score, 0);
		dc_signal_record(&replayed, score.period);
		play(&replayed, &score, score.period);
		/* The next period's first value comes in the instant of the replay's start. */
		cr_assert_eq(dc_signal_replay(&replayed, 2 * score.period), DC_OK);
		for (int period = 2; period < PERIODS; period++) {
			dc_time from = period * score.period;

			for (int i = 0; i < score.count; i++) {
				dc_time until =
					i + 1 < score.count ? score.start[i + 1] : score.period;

				dc_signal_set(&live, from + score.start[i], score.value[i]);
				if (draw(&state, 4) || until == score.start[i])
					continue;
				now = from + score.start[i] +
				      draw_time(&state, until - score.start[i]);
				cr_assert(fabs(integral_at(&replayed, now) -
					       integral_at(&live, now)) <=
						  1e-15 * integral_at(&live, now),
					  "round %d, period %d, piece %d", round, period, i);
			}
		}
		cr_assert(fabsl((long double)integral_at(&replayed, end) -
				score_integral(&score, end)) <=
				  1e-15L * score_integral(&score, end),
			  "round %d", round);
		dc_signal_resume(&replayed, end);
		rest = dc_signal_integral(&replayed, end);
		dc_signal_set(&replayed, end, 8);
		/* 8 W for 0.5 s after the replay: 4 J more (hand). */
		cr_assert_float_eq(
			between(dc_signal_integral(&replayed, end + DC_TIME_S / 2), rest), 4, 1e-13,
			"round %d", round);
		dc_signal_fini(&live);
		dc_signal_fini(&replayed);
	}
}

/* Completions of the period's last instant may set a value that the same instant then takes back,
 * as it did at the period's start: the replayed value is the one with length. 6 W x 10 s, though
 * the signal's own value is 2 W at the replay's start (hand). */
Test(signal, value_at_the_very_end_of_a_period)
{
	for (int pieces = 1; pieces <= 2; pieces++) {
		struct dc_signal signal;

		dc_signal_init(&signal, "power", "W", 0, 2);
		dc_signal_record(&signal, 0);
		dc_signal_set(&signal, 0, 6);
		if (pieces == 2)
			dc_signal_set(&signal, DC_TIME_S / 2, 6.5);
		dc_signal_set(&signal, DC_TIME_S, 2);
		cr_assert_eq(dc_signal_replay(&signal, DC_TIME_S), DC_OK);
		cr_expect_float_eq(integral_at(&signal, 10 * DC_TIME_S), pieces == 2 ? 62.5 : 60,
				   1e-13, "%d pieces", pieces);
		dc_signal_resume(&signal, 10 * DC_TIME_S);
		cr_expect_eq(signal.value, 2);
		dc_signal_fini(&signal);
	}
}

/* Set during a replay ends it there: 1 W and 3 W by turns of 1 s, at 5 s (hand: 1+3+1+3+1 = 9 J) 10
 * W. */
Test(signal, set_ends_a_replay)
{
	struct dc_signal signal;

	dc_signal_init(&signal, "power", "W", 0, 1);
	dc_signal_record(&signal, 0);
	dc_signal_set(&signal, DC_TIME_S, 3);
	cr_assert_eq(dc_signal_replay(&signal, 2 * DC_TIME_S), DC_OK);
	dc_signal_set(&signal, 5 * DC_TIME_S, 10);
	cr_expect_float_eq(integral_at(&signal, 6 * DC_TIME_S), 19, 1e-14);
	dc_signal_fini(&signal);
}

/* A second recording starts from nothing; one that was given up leaves the signal live. */
Test(signal, record_again_and_forget)
{
	struct dc_signal signal;

	dc_signal_init(&signal, "power", "W", 0, 1);
	dc_signal_record(&signal, 0);
	dc_signal_set(&signal, DC_TIME_S, 3);
	dc_signal_forget(&signal);
	cr_expect_neq(dc_signal_replay(&signal, 2 * DC_TIME_S), DC_OK);
	dc_signal_record(&signal, 2 * DC_TIME_S);
	cr_assert_eq(dc_signal_replay(&signal, 4 * DC_TIME_S), DC_OK);
	dc_signal_resume(&signal, 8 * DC_TIME_S);
	/* 1 J, then 3 W for 7 s. */
	cr_expect_float_eq(integral_at(&signal, 8 * DC_TIME_S), 22, 1e-14);
	dc_signal_record(&signal, 8 * DC_TIME_S);
	cr_expect_eq(dc_signal_replay(&signal, 8 * DC_TIME_S), DC_ERR_RUN);
	dc_signal_fini(&signal);
}
