/* Random plans: folded = exact, and every legal plan goes on. */
#include "lower_random.h"

/* To the femtosecond. */
static void compare(const struct lower_run *folded, const struct lower_run *exact, uint64_t ranks,
		    const char *what)
{
	cr_assert_eq(exact->status, DC_OK, "%s\n%s", what, exact->messages);
	cr_assert_eq(folded->status, DC_OK, "%s\n%s", what, folded->messages);
	cr_assert_eq(folded->count, exact->count, "%s", what);
	for (uint64_t n = 0; n < exact->count; n++) {
		const struct dc_executor_iteration *a = &folded->rows[n], *b = &exact->rows[n];

		cr_assert((a->start == b->start) && (a->duration == b->duration) &&
				  (a->compute == b->compute) && (a->bubble == b->bubble),
			  "%s\niteration %u: %.17g s, exact %.17g s", what, (unsigned)n,
			  dc_time_to_s(a->duration), dc_time_to_s(b->duration));
	}
	for (uint64_t r = 0; r < ranks; r++) {
		const struct dc_executor_account *a = &folded->accounts[r],
						 *b = &exact->accounts[r];

		cr_assert(lower_account_sum(a) == a->duration, "%s\nrank %u", what, (unsigned)r);
		cr_assert(lower_account_sum(b) == b->duration, "%s\nrank %u", what, (unsigned)r);
		cr_assert((a->compute == b->compute) && (a->bubble == b->bubble) &&
				  (a->sends == b->sends),
			  "%s\nrank %u", what, (unsigned)r);
		for (int k = 0; k < DC_ENSEMBLE_KINDS; k++)
			cr_assert((a->exposed[k] == b->exposed[k]), "%s\nrank %u, kind %d", what,
				  (unsigned)r, k);
	}
}

Test(lower_fold, hundred_plans, .timeout = 300)
{
	uint64_t state = 4711, folds = 0;

	for (unsigned round = 0; round < 100; round++) {
		struct random_plan plan;
		struct lowered l = lower_random(&state, &plan);
		struct dc_slow_rank slow = {lower_draw(&state, l.fabric.ranks), 1.3};
		struct lower_run folded, exact;

		l.machine.slow = &slow;
		l.machine.slow_count = round % 3 == 0;
		folded = lower_run(&l, false, 4, NULL, NULL);
		exact = lower_run(&l, true, 4, NULL, NULL);
		compare(&folded, &exact, l.fabric.ranks, plan.text);
		folds += folded.actors < exact.actors;
		free(folded.messages);
		free(exact.messages);
		lower_close(&l);
	}
	/* Most do fold. */
	cr_expect(folds > 50, "%u", (unsigned)folds);
}

/* Schedules, exchanges and steps never wait for each other in a circle. */
Test(lower_fold, every_plan_goes_on, .timeout = 300)
{
	uint64_t state = 99;

	for (unsigned round = 0; round < 1000; round++) {
		struct random_plan plan;
		struct lowered l = lower_random(&state, &plan);
		struct lower_run run = lower_run(&l, false, 2, NULL, NULL);

		cr_assert_eq(run.status, DC_OK, "%s\n%s", plan.text, run.messages);
		cr_assert_eq(run.count, 2, "%s", plan.text);
		for (uint64_t r = 0; r < l.fabric.ranks; r++)
			cr_assert(lower_account_sum(&run.accounts[r]) == run.rows[1].duration,
				  "%s\nrank %u", plan.text, (unsigned)r);
		free(run.messages);
		lower_close(&l);
	}
}
