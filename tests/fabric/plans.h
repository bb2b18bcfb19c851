/* For the tests of plans and runners: schedules of algorithms on groups, laid out, folded and run. */
#ifndef DC_TESTS_FABRIC_PLANS_H
#define DC_TESTS_FABRIC_PLANS_H

#include <criterion/criterion.h>

#include "fabric/algorithm.h"
#include "fabric/runner.h"

/* Lowers an operation into an arena. */
static inline struct dc_schedule *plans_lower(struct dc_arena *arena,
					      const struct dc_fabric *fabric,
					      const struct dc_group *group, const char *algorithm,
					      const struct dc_request *request)
{
	struct dc_schedule *schedule = dc_arena_alloc(arena, sizeof *schedule);
	struct dc_group *copy = dc_arena_alloc(arena, sizeof *copy);
	const struct dc_algorithm_type *type = dc_algorithm_find(algorithm);

	cr_assert_not_null(type, "%s", algorithm);
	*copy = *group;
	dc_schedule_init(schedule, arena, copy);
	if (dc_algorithm_fits(type, fabric, copy, request, NULL))
		type->lower(fabric, request, schedule);
	cr_assert(!schedule->failed);
	return schedule;
}

/* Runs a plan to its end; the time it took. */
static inline dc_time plans_run(const struct dc_plan *plan, bool exact, dc_time *ends,
				struct dc_runner_statistics *statistics);

struct plans_ends {
	const struct dc_plan *plan;
	dc_time *ends; /* by operation of the plan */
};

static inline void plans_ended(void *context, uint32_t operation, dc_time begin, dc_time end)
{
	struct plans_ends *ends = context;

	(void)begin;
	if (ends->ends)
		ends->ends[operation] = end;
}

static inline dc_time plans_run(const struct dc_plan *plan, bool exact, dc_time *ends,
				struct dc_runner_statistics *statistics)
{
	struct dc_engine *engine = dc_engine_create();
	struct plans_ends context = {plan, ends};
	const struct dc_runner_options options = {.exact = exact};
	struct dc_runner *runner = dc_runner_create(engine, plan, &options, plans_ended, &context);
	dc_time end;

	cr_assert_not_null(runner);
	dc_runner_start(runner);
	cr_assert_eq(dc_engine_run(engine, NULL), DC_OK);
	cr_assert(dc_runner_is_done(runner), "operation %u has not ended",
		  dc_runner_unfinished(runner));
	end = dc_engine_now(engine);
	if (statistics)
		*statistics = dc_runner_statistics(runner);
	dc_runner_destroy(runner);
	dc_engine_destroy(engine);
	return end;
}

/* A plan of one operation of one job, at time 0. */
static inline struct dc_plan plans_lay_out(const struct dc_fabric *fabric,
					   const struct dc_schedule *schedule)
{
	const struct dc_plan_operation_request operation = {schedule, &dc_fabric_no_cost};
	const struct dc_plan_job_request job = {0, &operation, 1};
	const struct dc_plan_epoch epoch = {0, fabric};
	const struct dc_plan_request request = {&job, 1, &epoch, 1};
	struct dc_plan plan;

	cr_assert_eq(dc_plan_lay_out(&request, &plan), DC_OK);
	return plan;
}

#endif
