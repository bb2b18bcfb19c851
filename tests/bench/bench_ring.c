/* dcsim's side of the ring all-reduce that make bench-peers compares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "fabric/algorithm.h"
#include "fabric/runner.h"

static enum dc_status make_plan(const struct dc_fabric *fabric,
				const struct dc_plan_operation_request *operation, bool folded,
				struct dc_plan *plan)
{
	const struct dc_plan_job_request job = {0, operation, 1};
	const struct dc_plan_epoch epoch = {0, fabric};
	const struct dc_plan_request request = {&job, 1, &epoch, 1};
	enum dc_status status;
	bool made = true;

	status = folded ? dc_plan_quotient(fabric, operation, plan, &made)
			: dc_plan_lay_out(&request, plan);
	return made ? status : DC_ERR_RUN;
}

/* From the schedule to the end of the run; seconds that the collective takes. */
static enum dc_status simulate(const struct dc_fabric *fabric, bool folded, double *duration_s)
{
	const struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE,
					   .size_bytes = 1073741824.0};
	const struct dc_runner_options options = {.exact = !folded};
	const struct dc_group group = dc_group_all(fabric);
	struct dc_arena *arena = dc_arena_create();
	struct dc_engine *engine = dc_engine_create();
	struct dc_schedule schedule;
	const struct dc_plan_operation_request operation = {&schedule, &dc_fabric_no_cost};
	struct dc_runner *runner = NULL;
	struct dc_plan plan = {0};
	enum dc_status status = DC_ERR_MEMORY;

	if (arena && engine) {
		dc_schedule_init(&schedule, arena, &group);
		dc_algorithm_ring.lower(fabric, &request, &schedule);
		status = make_plan(fabric, &operation, folded, &plan);
	}
	if (!status)
		runner = dc_runner_create(engine, &plan, &options, NULL, NULL);
	if (runner) {
		dc_runner_start(runner);
		status = dc_engine_run(engine, NULL);
		if (!status && !dc_runner_is_done(runner))
			status = DC_ERR_RUN;
		*duration_s = dc_time_to_s(dc_engine_now(engine));
	} else if (!status) {
		status = DC_ERR_MEMORY;
	}
	dc_runner_destroy(runner);
	dc_plan_fini(&plan);
	dc_engine_destroy(engine);
	dc_arena_destroy(arena);
	return status;
}

void bench_ring_run(const char *way, unsigned long ranks)
{
	const struct dc_fabric_dimension dimension = {
		.type = &dc_topology_ring,
		.size = ranks,
		.bandwidth_bps = 50e9,
		.latency_s = 500e-9,
	};
	struct dc_fabric fabric = {0};
	double used_s, duration_s = 0, before, peak;
	enum dc_status status = dc_fabric_add(&fabric, &dimension);

	before = bench_memory_bytes("VmRSS");
	used_s = -bench_cpu_s();
	if (!status)
		status = simulate(&fabric, strcmp(way, "folded") == 0, &duration_s);
	used_s += bench_cpu_s();
	peak = bench_memory_bytes("VmHWM");
	if (status) {
		fprintf(stderr, "the ring cannot be run\n");
		exit(1);
	}
	printf("cpu_s %.9f\npeak_bytes %.0f\ngrown_bytes %.0f\n0 %.17g\n", used_s, peak,
	       peak - before, duration_s);
}
