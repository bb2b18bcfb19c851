/* The executor: programs whose times are computed by hand, and what is refused. */
#include "rig.h"

static double use_s(const struct rig_result *result, int use)
{
	return dc_sum_value(result->uses[use]);
}

/* 3 GFLOP at 1 TFLOP/s and 2 GB at 1 TB/s: 3 ms + 2 ms, all of it compute; the first at the full
 * FLOP rate, the second at the full bandwidth (hand). */
Test(executor, compute_only)
{
	struct rig rig = rig_create(2);
	struct rig_result result;

	dc_program_stream(rig.program, "compute");
	rig_add(&rig, 0,
		&(struct dc_op){.kind = DC_OP_COMPUTE,
				.name = "product",
				.parts = &(struct dc_part){.work = {.flops = 3e9,
								    .inner = 1024,
								    .precision = DC_BF16}},
				.part_count = 1});
	rig_add(&rig, 0,
		&(struct dc_op){.kind = DC_OP_COMPUTE,
				.name = "stream",
				.parts = &(struct dc_part){.work = {.bytes = 2e9}},
				.part_count = 1});
	rig_mark(&rig, "end");
	result = rig_run_count(&rig, false, 1000);
	cr_assert_eq(result.status, DC_OK);
	cr_assert_eq(result.count, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		rig_rows_us(&result, i, 5000, 0, 0);
	cr_expect(result.end == 5 * DC_TIME_S);
	cr_expect_eq(result.replays, 1);
	cr_expect_float_eq(use_s(&result, DC_STATE_COMPUTING), 5, 1e-12);
	cr_expect_float_eq(use_s(&result, 3), 3, 1e-12);
	cr_expect_float_eq(use_s(&result, 4), 2, 1e-12);
	rig_free(&result);
	rig_destroy(&rig);
}

/* Two ranks, 1 MB: 2 (500 ns + 0.5 MB / 50 GB/s) = 21 us. Behind 10 us of backward work it is
 * hidden by `other` us of more of it, and exposed for the rest; an optimiser of 1 us waits for it
 * (hand). */
Test(executor, collective_hidden_and_exposed)
{
	static const int64_t other_us[] = {0, 5, 21, 30};

	for (size_t i = 0; i < sizeof other_us / sizeof *other_us; i++) {
		for (int exact = 0; exact < 2; exact++) {
			struct rig rig = rig_create(2);
			struct rig_result result;
			int64_t exposed_us = other_us[i] < 21 ? 21 - other_us[i] : 0;
			uint32_t gradients, first;

			dc_program_stream(rig.program, "compute");
			dc_program_stream(rig.program, "collective");
			first = rig_delay(&rig, 0, "backward", 10 * rig_us);
			gradients = rig_all_reduce(&rig, 1, 1e6);
			rig_wait(&rig, first, 0);
			rig_delay(&rig, 0, "backward", other_us[i] * rig_us);
			rig_delay(&rig, 0, "optimizer", rig_us);
			rig_wait(&rig, gradients, 0);
			rig_mark(&rig, "end");
			result = rig_run_count(&rig, exact, 50);
			cr_assert_eq(result.status, DC_OK);
			for (uint64_t n = 0; n < 50; n++)
				rig_rows_us(&result, n, 11 + other_us[i], exposed_us, 0);
			/* The link is busy for 21 us of each iteration. */
			cr_expect_float_eq(use_s(&result, 5), 50 * 21e-6, 1e-15, "%d",
					   (int)other_us[i]);
			cr_expect_float_eq(use_s(&result, DC_STATE_COMMUNICATING),
					   50e-6 * (double)exposed_us, 1e-15);
			rig_free(&result);
			rig_destroy(&rig);
		}
	}
}

/* A collective on the compute stream itself is all exposed: 10 us of work and 21 us. */
Test(executor, collective_on_the_compute_stream)
{
	struct rig rig = rig_create(2);
	struct rig_result result;

	dc_program_stream(rig.program, "compute");
	rig_delay(&rig, 0, "work", 10 * rig_us);
	rig_all_reduce(&rig, 0, 1e6);
	rig_mark(&rig, "end");
	result = rig_run_count(&rig, false, 20);
	cr_assert_eq(result.status, DC_OK);
	for (uint64_t n = 0; n < 20; n++)
		rig_rows_us(&result, n, 10, 21, 0);
	rig_free(&result);
	rig_destroy(&rig);
}

/* Reads of `samples` at 1,000 samples/s, `compute` after each; a prefetch of k reads batch i once
 * iteration i - k has started, none once iteration i - 1 has ended. */
static struct rig read_rig(uint64_t prefetch, double samples, dc_time compute)
{
	struct rig rig = rig_create(2);
	uint32_t read, start = 1, end = 3;

	dc_program_stream(rig.program, "compute");
	dc_program_stream(rig.program, "storage");
	read = rig_read(&rig, 1, samples);
	rig_wait(&rig, prefetch ? start : end, prefetch ? (uint32_t)prefetch : 1);
	cr_assert_eq(rig_mark(&rig, "start"), start);
	rig_wait(&rig, read, 0);
	rig_delay(&rig, 0, "work", compute);
	cr_assert_eq(rig_mark(&rig, "end"), end);
	return rig;
}

/* Read 100 ms, compute 30 ms: the first batch takes 130 ms; then without prefetch each does, with
 * it each takes max(30, 100) ms, of which 70 ms are stall (hand). */
Test(executor, bound_by_reading)
{
	static const uint64_t prefetches[] = {0, 1, 4};

	for (size_t i = 0; i < 3; i++) {
		struct rig rig = read_rig(prefetches[i], 100, 30 * rig_ms);
		struct rig_result result = rig_run_count(&rig, false, 200);

		cr_assert_eq(result.status, DC_OK, "prefetch %zu", i);
		rig_rows_us(&result, 0, 30000, 0, 100000);
		for (uint64_t n = 1; n < 200; n++)
			rig_rows_us(&result, n, 30000, 0, prefetches[i] ? 70000 : 100000);
		/* 200 batches of 100 ms were read, whatever the prefetch. */
		cr_expect_float_eq(use_s(&result, 6), 20, 1e-12);
		cr_expect_eq(result.replays, 1);
		rig_free(&result);
		rig_destroy(&rig);
	}
}

/* Read 30 ms, compute 100 ms: the first batch takes 130 ms; then prefetch hides reading (hand). */
Test(executor, bound_by_compute)
{
	static const uint64_t prefetches[] = {0, 1, 4};

	for (size_t i = 0; i < 3; i++) {
		struct rig rig = read_rig(prefetches[i], 30, 100 * rig_ms);
		struct rig_result result = rig_run_count(&rig, false, 200);

		cr_assert_eq(result.status, DC_OK);
		rig_rows_us(&result, 0, 100000, 0, 30000);
		for (uint64_t n = 1; n < 200; n++)
			rig_rows_us(&result, n, 100000, 0, prefetches[i] ? 0 : 30000);
		rig_free(&result);
		rig_destroy(&rig);
	}
}

/* Reading a little slower than computing, behind a first burst of prefetched batches: a drift that
 * lasts until the buffer is empty. Read 101 ms, compute 100 ms: the buffer never fills, so
 * iteration 0 takes 201 ms and each other 101 ms, 1 ms of it stall (hand). */
Test(executor, slightly_slower_reading)
{
	struct rig rig = read_rig(4, 101, 100 * rig_ms);
	struct rig_result result = rig_run_count(&rig, false, 5000);

	cr_assert_eq(result.status, DC_OK);
	rig_rows_us(&result, 0, 100000, 0, 101000);
	for (uint64_t n = 1; n < 5000; n++)
		rig_rows_us(&result, n, 100000, 0, 1000);
	cr_expect_eq(result.replays, 1);
	rig_free(&result);
	rig_destroy(&rig);
}

/* Work of 1 us waits for a delay of 10 us of two iterations before. Iterations 0 and 1 are free;
 * then delay i ends at 10 (i + 1) us: iteration 2 ends at 11, each next 10 later (hand). */
Test(executor, dependency_on_earlier_iterations)
{
	struct rig rig = rig_create(2);
	struct rig_result result;

	dc_program_stream(rig.program, "compute");
	dc_program_stream(rig.program, "other");
	rig_delay(&rig, 0, "work", rig_us);
	rig_wait(&rig, 2, 2);
	rig_mark(&rig, "end");
	cr_assert_eq(rig_delay(&rig, 1, "other", 10 * rig_us), 2);
	rig_wait(&rig, 1, 3);
	result = rig_run_count(&rig, false, 300);
	cr_assert_eq(result.status, DC_OK, "%s", result.messages);
	rig_rows_us(&result, 0, 1, 0, 0);
	rig_rows_us(&result, 1, 1, 0, 0);
	rig_rows_us(&result, 2, 1, 0, 8);
	for (uint64_t n = 3; n < 300; n++)
		rig_rows_us(&result, n, 1, 0, 9);
	rig_free(&result);
	rig_destroy(&rig);
}

/* The states that the observer hears add up as the rows do: exposed communication that ends an
 * iteration, then a stall for data that begins the next (21 us and 100 ms of every iteration). */
Test(executor, reported_states_follow_the_account)
{
	struct rig rig = rig_create(2);
	struct rig_result result;
	uint32_t read, work, gradients;
	dc_time sums[3] = {0};

	dc_program_stream(rig.program, "compute");
	dc_program_stream(rig.program, "collective");
	dc_program_stream(rig.program, "storage");
	read = rig_read(&rig, 2, 100);
	rig_wait(&rig, 4, 1);
	rig_mark(&rig, "start");
	rig_wait(&rig, read, 0);
	work = rig_delay(&rig, 0, "work", 7 * rig_us);
	gradients = rig_all_reduce(&rig, 1, 1e6);
	rig_wait(&rig, work, 0);
	cr_assert_eq(rig_mark(&rig, "end"), 4);
	rig_wait(&rig, gradients, 0);
	result = rig_run_count(&rig, false, 40);
	cr_assert_eq(result.status, DC_OK);
	for (uint64_t i = 0; i < result.count; i++) {
		rig_rows_us(&result, i, 7, 21, 100000);
		sums[DC_STATE_COMPUTING] += result.rows[i].compute;
		sums[DC_STATE_COMMUNICATING] += result.rows[i].exposed_communication;
		sums[DC_STATE_STALLED] += result.rows[i].stall;
	}
	for (int s = 0; s < 3; s++)
		cr_expect_float_eq(use_s(&result, s), dc_time_to_s(sums[s]), 1e-12, "state %d", s);
	rig_free(&result);
	rig_destroy(&rig);
}

/* One iteration, and as many as streams that run ahead: nothing of a later iteration starts, and
 * the last ends when it would (hand: 130 ms, then 100 ms each). */
Test(executor, few_iterations)
{
	for (uint64_t n = 1; n < 12; n++) {
		struct rig rig = read_rig(4, 100, 30 * rig_ms);
		struct rig_result result = rig_run_count(&rig, false, n);

		cr_assert_eq(result.status, DC_OK);
		cr_expect_eq(result.count, n);
		cr_expect(result.end == (100 * (dc_time)n + 30) * rig_ms, "%llu iterations",
			  (unsigned long long)n);
		/* No batch is read that no iteration takes. */
		cr_expect_float_eq(use_s(&result, 6), 0.1 * (double)n, 1e-13, "%llu iterations",
				   (unsigned long long)n);
		rig_free(&result);
		rig_destroy(&rig);
	}
}

/* --- refusals --- */

static void expect_failure(struct rig *rig, bool exact, const char *words)
{
	struct rig_result result = rig_run_until(rig, exact, 10 * DC_TIME_S);

	cr_expect_eq(result.status, DC_ERR_RUN, "%s", words);
	cr_expect(strstr(result.messages, words) != NULL, "expected \"%s\" in:\n%s", words,
		  result.messages);
	rig_free(&result);
}

/* 'ask' waits for 'answer', which waits for what comes after 'ask'. */
Test(executor, blocked_program_says_who_waits_for_whom)
{
	for (int exact = 0; exact < 2; exact++) {
		struct rig rig = rig_create(2);

		dc_program_stream(rig.program, "compute");
		dc_program_stream(rig.program, "other");
		rig_delay(&rig, 0, "before", rig_us);
		rig_delay(&rig, 0, "ask", rig_us);
		rig_wait(&rig, 3, 0);
		rig_mark(&rig, "end");
		rig_delay(&rig, 1, "answer", rig_us);
		rig_wait(&rig, 2, 0);
		expect_failure(&rig, exact,
			       "the program cannot proceed: 'ask' of iteration 0 waits for "
			       "'answer'");
		rig_destroy(&rig);
	}
}

/* Blocked in a later iteration: 'late' waits for itself of the same iteration through lag 3. */
Test(executor, blocked_later)
{
	struct rig rig = rig_create(2);

	dc_program_stream(rig.program, "compute");
	dc_program_stream(rig.program, "other");
	rig_delay(&rig, 0, "work", rig_us);
	rig_wait(&rig, 2, 3);
	rig_mark(&rig, "end");
	rig_delay(&rig, 1, "late", rig_us);
	rig_wait(&rig, 1, 0);
	rig_wait(&rig, 3, 0);
	rig_delay(&rig, 1, "later", rig_us);
	expect_failure(&rig, false, "'work' of iteration 3 waits for 'late'");
	rig_destroy(&rig);
}

Test(executor, reading_without_storage_never_ends)
{
	struct rig rig = read_rig(1, 100, rig_ms);

	rig.machine.samples_per_s = 0;
	expect_failure(&rig, false, "'read' would never end on this machine");
	rig_destroy(&rig);
}

Test(executor, a_format_the_accelerator_lacks_never_ends)
{
	struct rig rig = rig_create(2);

	dc_program_stream(rig.program, "compute");
	rig_add(&rig, 0,
		&(struct dc_op){.kind = DC_OP_COMPUTE,
				.name = "product",
				.parts = &(struct dc_part){.work = {.flops = 1e9,
								    .inner = 64,
								    .precision = DC_FP8}},
				.part_count = 1});
	rig_mark(&rig, "end");
	expect_failure(&rig, false, "'product' would never end");
	rig_destroy(&rig);
}

/* Without a number of iterations the clock would stand still for ever; with one it is legal. */
Test(executor, iterations_without_length)
{
	for (int exact = 0; exact < 2; exact++) {
		struct rig rig = rig_create(2);
		struct rig_result result;

		dc_program_stream(rig.program, "compute");
		rig_mark(&rig, "start");
		rig_mark(&rig, "end");
		expect_failure(&rig, exact, "the program's iterations take no time");
		result = rig_run_count(&rig, exact, 5000);
		cr_expect_eq(result.status, DC_OK);
		cr_expect_eq(result.count, 5000);
		cr_expect(result.end == 0);
		rig_free(&result);
		rig_destroy(&rig);
	}
}

/* Ranks and actors: folded one for all, exact one for each. */
Test(executor, actors_and_multiplicity)
{
	struct rig rig = rig_create(6);
	const struct dc_executor_observer observer = {0};

	dc_program_stream(rig.program, "compute");
	rig_delay(&rig, 0, "work", 3 * rig_us);
	rig_mark(&rig, "end");
	rig.machine.accelerator = &rig.accelerator;
	rig.machine.fabric = &rig.fabric;
	for (int exact = 0; exact < 2; exact++) {
		const struct dc_executor_options options = {
			.exact = exact, .iterations = 7, .until = DC_TIME_NEVER};
		struct dc_engine *engine = dc_engine_create();
		struct dc_executor *executor = dc_executor_create(
			engine, NULL, rig.ensemble, &rig.machine, &options, &observer);

		cr_expect_eq(dc_executor_actors(executor), exact ? 6 : 1);
		cr_expect_eq(dc_executor_multiplicity(executor, 0), exact ? 1 : 6);
		cr_expect(dc_executor_op_duration(executor, 0, 0) == 3 * rig_us);
		/* An observer may hear nothing at all. */
		dc_executor_start(executor);
		cr_expect_eq(dc_engine_run(engine, NULL), DC_OK);
		cr_expect_eq(dc_executor_iterations(executor, dc_engine_now(engine)), 7);
		cr_expect(dc_engine_now(engine) == 21 * rig_us);
		dc_executor_destroy(executor);
		dc_engine_destroy(engine);
	}
	dc_executor_destroy(NULL);
	rig_destroy(&rig);
}
