/* Replay: the same run, to the tick, as without it. */
#include "rig.h"

static uint64_t pick(uint64_t *state, uint64_t from, uint64_t to)
{
	return from + rig_draw(state, to - from + 1);
}

/* Training as front ends lower it, with random durations: reads with a prefetch of 0 to 5, forward
 * and backward work, buckets that close along the way, an optimiser that waits for the last;
 * sometimes a side stream that waits for, and is waited for by, iterations further back. */
static struct rig random_rig(uint64_t *state, uint64_t ranks)
{
	struct rig rig = rig_create(ranks);
	bool reads = rig_draw(state, 3), side = rig_draw(state, 2);
	uint64_t prefetch = rig_draw(state, 6), works = pick(state, 1, 12);
	uint32_t read = 0, start, end, bucket = UINT32_MAX, beside = 0;
	uint32_t lag = (uint32_t)pick(state, 1, 3);

	dc_program_stream(rig.program, "compute");
	dc_program_stream(rig.program, "collective");
	dc_program_stream(rig.program, "storage");
	dc_program_stream(rig.program, "side");
	rig.machine.samples_per_s = 1 + (double)rig_draw(state, 100000);
	if (reads)
		read = rig_read(&rig, 2, (double)pick(state, 0, 20));
	if (side)
		beside = rig_delay(&rig, 3, "beside", (dc_time)rig_draw(state, 3000) * rig_us);
	start = rig_mark(&rig, "start");
	if (reads)
		rig_wait(&rig, read, 0);
	if (side)
		rig_wait(&rig, beside, lag);
	for (uint64_t i = 0; i < works; i++) {
		uint32_t work = rig_delay(&rig, 0, "work", (dc_time)rig_draw(state, 2000000000000));

		if (rig_draw(state, 3))
			continue;
		bucket = rig_all_reduce(&rig, 1, (double)rig_draw(state, 30000000));
		rig_wait(&rig, work, 0);
	}
	rig_delay(&rig, 0, "optimizer", (dc_time)pick(state, 1, 100000000));
	/* Now and then gradients of the iteration before will do: they are under way from one to the next. */
	if (bucket != UINT32_MAX)
		rig_wait(&rig, bucket, rig_draw(state, 3) == 0);
	end = rig_mark(&rig, "end");
	/* The numbers of start and end are known only now: markers on the streams carry them. */
	if (reads) {
		rig_add(&rig, 2, &(struct dc_op){.kind = DC_OP_MARK, .name = "room"});
		rig_wait(&rig, prefetch ? start : end, prefetch > 1 ? (uint32_t)prefetch - 1 : 0);
	}
	if (side) {
		rig_add(&rig, 3, &(struct dc_op){.kind = DC_OP_MARK, .name = "held"});
		rig_wait(&rig, start, (uint32_t)rig_draw(state, 3));
	}
	return rig;
}

static void sample_anywhere(struct rig *rig, uint64_t *state, dc_time end)
{
	rig->samples = RIG_SAMPLES;
	for (uint64_t i = 0; i < RIG_SAMPLES; i++)
		rig->sample_at[i] = end * (dc_time)rig_draw(state, 1000003) / 1000003;
	rig->sample_at[0] = 0;
}

/* Every rank message by message against one for all, with replay: rows, samples and integrals. The
 * iterations are as many as make the replay long, and few enough to end in the middle of it. */
Test(replay, random_programs_by_count)
{
	uint64_t state = 1, replays = 0;

	for (uint64_t round = 0; round < 120; round++) {
		struct rig rig = random_rig(&state, pick(&state, 2, 4));
		uint64_t iterations = pick(&state, 1, 150);
		struct rig_result exact = rig_run_count(&rig, true, iterations), again, folded;

		cr_assert_eq(exact.status, DC_OK, "round %llu: %s", (unsigned long long)round,
			     exact.messages);
		cr_assert_eq(exact.replays, 0);
		sample_anywhere(&rig, &state, exact.end);
		again = rig_run_count(&rig, true, iterations);
		folded = rig_run_count(&rig, false, iterations);
		cr_assert_eq(folded.iterations, iterations);
		rig_equal(&rig, &again, &folded, "by count, round", round);
		replays += folded.replays;
		rig_free(&exact);
		rig_free(&again);
		rig_free(&folded);
		rig_destroy(&rig);
	}
	/* Most of them do replay. */
	cr_expect(replays > 60, "%llu", (unsigned long long)replays);
}

/* The same, ended by the clock at an arbitrary femtosecond: mostly in the middle of an
 * iteration. */
Test(replay, random_programs_until)
{
	uint64_t state = 2, replays = 0;

	for (uint64_t round = 0; round < 120; round++) {
		struct rig rig = random_rig(&state, pick(&state, 2, 4));
		struct rig_result probe = rig_run_count(&rig, true, 3), exact, folded;
		dc_time until = probe.end * (dc_time)pick(&state, 1, 60) / 2 +
				(dc_time)rig_draw(&state, 1000000000000);

		/* Exactly at an iteration's end, too. */
		if (round % 4 == 0)
			until = probe.rows[2].start * 20;
		sample_anywhere(&rig, &state, until);
		exact = rig_run_until(&rig, true, until);
		folded = rig_run_until(&rig, false, until);
		cr_assert_eq(exact.status, DC_OK, "%s", exact.messages);
		cr_assert(folded.end == until);
		rig_equal(&rig, &exact, &folded, "until, round", round);
		replays += folded.replays;
		rig_free(&probe);
		rig_free(&exact);
		rig_free(&folded);
		rig_destroy(&rig);
	}
	cr_expect(replays > 60, "%llu", (unsigned long long)replays);
}

/* Durations of 0 to 3 us on every stream, so that most ends coincide: reads at 1 per us,
 * collectives of two steps of 500 ns and no bytes, and samples on the very microsecond. */
static struct rig tied_rig(uint64_t *state)
{
	struct rig rig = rig_create(2);
	uint64_t prefetch = rig_draw(state, 4);
	uint32_t read, bucket = 0, start = 1, end = 8;

	dc_program_stream(rig.program, "compute");
	dc_program_stream(rig.program, "collective");
	dc_program_stream(rig.program, "storage");
	rig.machine.samples_per_s = 1e6;
	read = rig_read(&rig, 2, (double)rig_draw(state, 4));
	rig_wait(&rig, prefetch ? start : end, prefetch ? (uint32_t)prefetch : 1);
	rig_mark(&rig, "start");
	rig_wait(&rig, read, 0);
	for (int i = 0; i < 2; i++) {
		uint32_t work = rig_delay(&rig, 0, "work", (dc_time)rig_draw(state, 4) * rig_us);

		bucket = rig_all_reduce(&rig, 1, 0);
		rig_wait(&rig, work, 0);
		rig_delay(&rig, 0, "more", (dc_time)rig_draw(state, 3) * rig_us);
	}
	cr_assert_eq(rig_mark(&rig, "end"), end);
	rig_wait(&rig, bucket, 0);
	return rig;
}

Test(replay, coinciding_ends)
{
	uint64_t state = 5;

	for (uint64_t round = 0; round < 150; round++) {
		struct rig rig = tied_rig(&state);
		uint64_t iterations = pick(&state, 1, 40);
		dc_time until = (dc_time)pick(&state, 1, 300) * rig_us;
		struct rig_result exact, folded;

		rig.samples = RIG_SAMPLES;
		for (uint64_t i = 0; i < RIG_SAMPLES; i++)
			rig.sample_at[i] = (dc_time)rig_draw(&state, 200) * rig_us;
		exact = rig_run_count(&rig, true, iterations);
		folded = rig_run_count(&rig, false, iterations);
		cr_assert_eq(exact.status, DC_OK, "%s", exact.messages);
		rig_equal(&rig, &exact, &folded, "ties by count, round", round);
		rig_free(&exact);
		rig_free(&folded);
		exact = rig_run_until(&rig, true, until);
		folded = rig_run_until(&rig, false, until);
		cr_assert_eq(exact.status, DC_OK, "%s", exact.messages);
		rig_equal(&rig, &exact, &folded, "ties until, round", round);
		rig_free(&exact);
		rig_free(&folded);
		rig_destroy(&rig);
	}
}

/* Two delays of 40 us in a row, each on its own stream, between iterations two apart: work of 1 us
 * waits for `second` of the iteration before, `first` for work of the one before. The circuit takes
 * 81 us and spans two iterations: they come in pairs, 81 us together, of unequal length (hand). */
static struct rig pair_rig(void)
{
	struct rig rig = rig_create(2);
	uint32_t work;

	dc_program_stream(rig.program, "compute");
	dc_program_stream(rig.program, "first");
	dc_program_stream(rig.program, "second");
	work = rig_delay(&rig, 0, "work", rig_us);
	rig_wait(&rig, 3, 1);
	rig_mark(&rig, "end");
	rig_delay(&rig, 1, "first", 40 * rig_us);
	rig_wait(&rig, work, 1);
	rig_delay(&rig, 2, "second", 40 * rig_us);
	rig_wait(&rig, 2, 0);
	return rig;
}

Test(replay, cycle_of_two_iterations)
{
	uint64_t state = 3;

	for (uint64_t iterations = 1; iterations < 60; iterations++) {
		struct rig rig = pair_rig();
		struct rig_result exact, folded;

		sample_anywhere(&rig, &state, (dc_time)iterations * 40 * rig_us);
		exact = rig_run_count(&rig, true, iterations);
		folded = rig_run_count(&rig, false, iterations);
		rig_equal(&rig, &exact, &folded, "pairs", iterations);
		if (iterations > 30) {
			const struct dc_executor_iteration *row = &folded.rows[20];

			cr_expect(row[0].duration + row[1].duration == 81 * rig_us);
			cr_expect(row[0].duration != row[1].duration);
			cr_expect_eq(folded.replays, 1);
			cr_expect(folded.events < exact.events);
		}
		rig_free(&exact);
		rig_free(&folded);
		rig_destroy(&rig);
	}
}

/* The same ended by the clock, in the middle of either of the pair. */
Test(replay, cycle_of_two_iterations_until)
{
	uint64_t state = 4;

	for (uint64_t i = 0; i < 60; i++) {
		struct rig rig = pair_rig();
		dc_time until = (dc_time)(500 + 7 * i) * rig_us;
		struct rig_result exact, folded;

		sample_anywhere(&rig, &state, until);
		exact = rig_run_until(&rig, true, until);
		folded = rig_run_until(&rig, false, until);
		rig_equal(&rig, &exact, &folded, "pairs until", i);
		cr_expect_eq(folded.replays, 1);
		rig_free(&exact);
		rig_free(&folded);
		rig_destroy(&rig);
	}
}

/* Steps on a side stream take 1 us longer than the work of 100 us they follow, and work waits for
 * the step of 1,000 iterations before: it is caught up with slowly, and the cycle appears only
 * then. Step i ends at 100 + 101 (i + 1) us; work i, starting at 100 i, waits for the first time
 * where 100 + 101 (i - 999) > 100 i, i = 100,800, and from then on every iteration takes 101 us
 * (hand). */
static void drift(bool collective)
{
	struct rig rig = rig_create(2);
	struct rig_result result;
	const uint64_t turn = 100800;

	dc_program_stream(rig.program, "compute");
	dc_program_stream(rig.program, "side");
	rig_delay(&rig, 0, "work", 100 * rig_us);
	rig_wait(&rig, 2, 1000);
	rig_mark(&rig, "end");
	/* 2 (500 ns + 2.5 MB / 50 GB/s) = 101 us. */
	cr_assert_eq(collective ? rig_all_reduce(&rig, 1, 5e6)
				: rig_delay(&rig, 1, "step", 101 * rig_us),
		     2);
	rig_wait(&rig, 0, 0);
	result = rig_run_count(&rig, false, 150000);
	cr_assert_eq(result.status, DC_OK);
	cr_assert_eq(result.count, 150000);
	for (uint64_t i = 0; i < 150000; i++) {
		cr_assert(result.rows[i].duration == (i < turn ? 100 : 101) * rig_us, "%llu",
			  (unsigned long long)i);
	}
	cr_expect_eq(result.replays, 1);
	rig_free(&result);
	rig_destroy(&rig);
}

Test(replay, slow_drift_before_the_cycle)
{
	drift(false);
	drift(true);
}

static enum dc_status count_only(void *context, const struct dc_executor_iteration *row)
{
	uint64_t *count = context;

	cr_assert_eq(row->first, *count);
	*count += row->count;
	return DC_OK;
}

/* 1e12 iterations of 31 us, ended by count or by the clock: nothing overflows, and only a handful
 * of events runs. */
Test(replay, a_million_million_iterations)
{
	const uint64_t many = 1000000000000;

	for (int by_time = 0; by_time < 2; by_time++) {
		struct rig rig = rig_create(2);
		uint64_t count = 0;
		const struct dc_executor_observer observer = {.context = &count,
							      .iteration = count_only};
		const struct dc_executor_options options = {
			.iterations = by_time ? 0 : many,
			.until = by_time ? (dc_time)many * 31 * rig_us : DC_TIME_NEVER,
		};
		struct dc_executor *executor;

		dc_program_stream(rig.program, "compute");
		rig_delay(&rig, 0, "work", 31 * rig_us);
		rig_mark(&rig, "end");
		rig.machine.accelerator = &rig.accelerator;
		rig.machine.fabric = &rig.fabric;
		rig.engine = dc_engine_create();
		executor = dc_executor_create(rig.engine, NULL, rig.ensemble, &rig.machine,
					      &options, &observer);
		dc_executor_start(executor);
		if (by_time)
			dc_engine_schedule(rig.engine, options.until, DC_PHASE_SAMPLING, 0, rig_end,
					   &rig, 0);
		cr_assert_eq(dc_engine_run(rig.engine, NULL), DC_OK);
		cr_assert_eq(dc_executor_stop(executor), DC_OK);
		cr_expect_eq(count, many, "%llu", (unsigned long long)count);
		cr_expect_eq(dc_executor_iterations(executor, dc_engine_now(rig.engine)), many);
		cr_expect(dc_engine_now(rig.engine) == (dc_time)many * 31 * rig_us);
		cr_expect(dc_engine_count(rig.engine) < 20, "%llu",
			  (unsigned long long)dc_engine_count(rig.engine));
		dc_executor_destroy(executor);
		dc_engine_destroy(rig.engine);
		rig_destroy(&rig);
	}
}

/* Stopped in the middle of a replay by something else than the executor's own end, with no limit at
 * all: 12,345 ms of 31 us each are 398,225 whole iterations (hand: 12,345,000 / 31 = 398,225.8). */
Test(replay, stopped_from_outside)
{
	struct rig rig = rig_create(2);
	uint64_t count = 0;
	const struct dc_executor_observer observer = {.context = &count, .iteration = count_only};
	const struct dc_executor_options options = {.until = DC_TIME_NEVER};
	struct dc_executor *executor;

	dc_program_stream(rig.program, "compute");
	rig_delay(&rig, 0, "work", 31 * rig_us);
	rig_mark(&rig, "end");
	rig.machine.accelerator = &rig.accelerator;
	rig.machine.fabric = &rig.fabric;
	rig.engine = dc_engine_create();
	executor = dc_executor_create(rig.engine, NULL, rig.ensemble, &rig.machine, &options,
				      &observer);
	dc_executor_start(executor);
	dc_engine_schedule(rig.engine, 12345 * rig_ms, DC_PHASE_SAMPLING, 0, rig_end, &rig, 0);
	cr_assert_eq(dc_engine_run(rig.engine, NULL), DC_OK);
	cr_expect_eq(dc_executor_iterations(executor, dc_engine_now(rig.engine)), 398225);
	cr_assert_eq(dc_executor_stop(executor), DC_OK);
	cr_expect_eq(count, 398225);
	dc_executor_destroy(executor);
	dc_engine_destroy(rig.engine);
	rig_destroy(&rig);
}

/* Folding makes the events independent of the ranks: as many for 65,536 as for 64 (hand: one
 * actor). */
Test(replay, events_do_not_grow_with_ranks)
{
	static const uint64_t ranks[] = {64, 65536};
	uint64_t events[2];

	for (int i = 0; i < 2; i++) {
		struct rig rig = rig_create(ranks[i]);
		struct rig_result result;

		dc_program_stream(rig.program, "compute");
		dc_program_stream(rig.program, "collective");
		rig_delay(&rig, 0, "work", 10 * rig_us);
		rig_all_reduce(&rig, 1, 1e6);
		rig_wait(&rig, 0, 0);
		rig_delay(&rig, 0, "optimizer", rig_us);
		rig_wait(&rig, 1, 0);
		rig_mark(&rig, "end");
		result = rig_run_count(&rig, false, 7020);
		cr_assert_eq(result.status, DC_OK);
		cr_assert_eq(result.replays, 1);
		events[i] = result.events;
		rig_free(&result);
		rig_destroy(&rig);
	}
	cr_expect_eq(events[0], events[1], "%llu and %llu", (unsigned long long)events[0],
		     (unsigned long long)events[1]);
}
