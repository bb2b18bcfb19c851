/* For tests: a shipped scenario loaded with overrides, run in process, its records kept. */
#ifndef DC_TESTS_SCENARIO_RUN_H
#define DC_TESTS_SCENARIO_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sum.h"
#include "scenario/simulation.h"

/* Everything a sink was told, in memory. */
struct memory_sink {
	struct dc_record_sink sink;
	size_t width; /* values in a row */
	size_t columns;
	size_t *at;   /* where a column's values begin */
	char **names; /* "power/it_w" */
	double *time_s, *interval_s;
	double *values; /* [row][width] */
	size_t rows, row_capacity;
	struct dc_iteration_row *iterations;
	size_t iteration_rows;
	struct dc_flow_row *flows;
	size_t flow_rows;
	struct dc_collective_row *collectives; /* bottleneck: until the datacenter goes */
	size_t collective_rows;
	struct dc_timeline_row *timeline;
	size_t timeline_rows, timeline_capacity;
	size_t events;
	bool complete;
};

struct test_run {
	struct dc_diag *diag;
	struct dc_config *config;
	struct dc_scenario *scenario;
	struct dc_datacenter *datacenter;
	struct dc_simulation_result result;
	struct dc_executor_iteration *iterations; /* in exact time, run-length coded */
	size_t iteration_count;
	struct memory_sink memory;
};

/* overrides: NULL-terminated. load: asserts that the scenario is valid. */
void run_load(struct test_run *run, const char *topology, const char *const *overrides);
/* Loads without asserting; the status of loading and building. */
enum dc_status run_try(struct test_run *run, const char *topology, const char *const *overrides);
/* Runs with everything recorded; asserts success. */
void run_simulate(struct test_run *run, bool exact);
void run_free(struct test_run *run);
/* Both of the above. */
void run_all(struct test_run *run, const char *topology, const char *const *overrides, bool exact);

/* The messages, to be freed. */
char *run_messages(const struct test_run *run);
/* Iteration `index` written out, in exact time. */
struct dc_executor_iteration run_iteration(const struct test_run *run, uint64_t index);
uint64_t run_iterations(const struct test_run *run);
/* A column's first value of a row. */
double run_value(const struct test_run *run, const char *column, size_t row, size_t entity);
/* The sum over rows of value x interval. */
double run_integral(const struct test_run *run, const char *column, size_t entity);
double run_summary(const struct test_run *run, enum dc_simulation_scalar scalar);

#endif
