/* For tests: running a shipped scenario in process. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static enum dc_status sink_begin(struct dc_record_sink *sink, const struct dc_record_schema *schema)
{
	struct memory_sink *memory = (struct memory_sink *)sink;

	memory->columns = schema->columns_count;
	memory->at = calloc(memory->columns, sizeof *memory->at);
	memory->names = calloc(memory->columns, sizeof *memory->names);
	for (size_t i = 0; i < memory->columns; i++) {
		const struct dc_column *c = &schema->columns[i];
		size_t length = strlen(c->section) + strlen(c->name) + 2;

		memory->at[i] = memory->width;
		memory->width += c->axis ? c->axis->count : 1;
		memory->names[i] = malloc(length);
		snprintf(memory->names[i], length, "%s/%s", c->section, c->name);
	}
	return DC_OK;
}

static enum dc_status sink_interval(struct dc_record_sink *sink, double time_s, double interval_s,
				    const double *values)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	if (m->rows == m->row_capacity) {
		m->row_capacity = m->row_capacity ? 2 * m->row_capacity : 1024;
		m->time_s = realloc(m->time_s, m->row_capacity * sizeof *m->time_s);
		m->interval_s = realloc(m->interval_s, m->row_capacity * sizeof *m->interval_s);
		m->values = realloc(m->values, m->row_capacity * m->width * sizeof *m->values);
	}
	m->time_s[m->rows] = time_s;
	m->interval_s[m->rows] = interval_s;
	memcpy(m->values + m->rows * m->width, values, m->width * sizeof *values);
	m->rows++;
	return DC_OK;
}

static enum dc_status sink_iteration(struct dc_record_sink *sink,
				     const struct dc_iteration_row *row)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	m->iterations = realloc(m->iterations, (m->iteration_rows + 1) * sizeof *m->iterations);
	m->iterations[m->iteration_rows++] = *row;
	return DC_OK;
}

static enum dc_status sink_collective(struct dc_record_sink *sink,
				      const struct dc_collective_row *row)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	m->collectives = realloc(m->collectives, (m->collective_rows + 1) * sizeof *m->collectives);
	m->collectives[m->collective_rows++] = *row;
	return DC_OK;
}

static enum dc_status sink_timeline(struct dc_record_sink *sink, const struct dc_timeline_row *row)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	if (m->timeline_rows == m->timeline_capacity) {
		m->timeline_capacity = m->timeline_capacity ? 2 * m->timeline_capacity : 1024;
		m->timeline = realloc(m->timeline, m->timeline_capacity * sizeof *m->timeline);
	}
	m->timeline[m->timeline_rows++] = *row;
	return DC_OK;
}

static enum dc_status sink_flow(struct dc_record_sink *sink, const struct dc_flow_row *row)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	m->flows = realloc(m->flows, (m->flow_rows + 1) * sizeof *m->flows);
	m->flows[m->flow_rows++] = *row;
	return DC_OK;
}

static enum dc_status sink_event(struct dc_record_sink *sink, const struct dc_event_row *row)
{
	(void)row;
	((struct memory_sink *)sink)->events++;
	return DC_OK;
}

static enum dc_status sink_end(struct dc_record_sink *sink, enum dc_record_end how,
			       const double *summary)
{
	(void)summary;
	((struct memory_sink *)sink)->complete = how == DC_RECORD_COMPLETE;
	return DC_OK;
}

static const struct dc_record_sink_type sink_type = {
	.begin = sink_begin,
	.interval = sink_interval,
	.iteration = sink_iteration,
	.event = sink_event,
	.flow = sink_flow,
	.collective = sink_collective,
	.timeline = sink_timeline,
	.end = sink_end,
};

enum dc_status run_try(struct test_run *run, const char *topology, const char *const *overrides)
{
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	const char *folders[] = {source, NULL};
	size_t count = 0;
	char path[4096];
	enum dc_status status;

	*run = (struct test_run){.diag = dc_diag_create()};
	run->memory.sink.type = &sink_type;
	run->config = dc_config_create(run->diag, folders);
	snprintf(path, sizeof path, "%s/topologies/%s.yaml", source, topology);
	while (overrides && overrides[count])
		count++;
	status = dc_scenario_load(run->config, path, NULL, overrides, count, &run->scenario);
	if (status)
		return status;
	return dc_datacenter_create(run->config, run->scenario, &run->datacenter);
}

char *run_messages(const struct test_run *run)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	dc_diag_render(run->diag, out, false);
	fclose(out);
	return text;
}

void run_load(struct test_run *run, const char *topology, const char *const *overrides)
{
	enum dc_status status = run_try(run, topology, overrides);

	cr_assert_eq(status, DC_OK, "%s: %s", topology, run_messages(run));
}

static void keep_iteration(void *context, const struct dc_executor_iteration *iteration)
{
	struct test_run *run = context;

	run->iterations =
		realloc(run->iterations, (run->iteration_count + 1) * sizeof *run->iterations);
	run->iterations[run->iteration_count++] = *iteration;
}

void run_simulate(struct test_run *run, bool exact)
{
	const struct dc_simulation_options options = {
		.exact = exact,
		.context = run,
		.iteration = keep_iteration,
	};
	enum dc_status status = dc_simulation_run(run->datacenter, run->diag, &options,
						  &run->memory.sink, &run->result);

	cr_assert_eq(status, DC_OK, "%s", run_messages(run));
}

void run_all(struct test_run *run, const char *topology, const char *const *overrides, bool exact)
{
	run_load(run, topology, overrides);
	run_simulate(run, exact);
}

void run_free(struct test_run *run)
{
	struct memory_sink *m = &run->memory;

	for (size_t i = 0; i < m->columns; i++)
		free(m->names[i]);
	free(m->names);
	free(m->at);
	free(m->time_s);
	free(m->interval_s);
	free(m->values);
	free(m->iterations);
	free(m->flows);
	free(m->collectives);
	free(m->timeline);
	free(run->iterations);
	dc_datacenter_destroy(run->datacenter);
	dc_config_destroy(run->config);
	dc_diag_destroy(run->diag);
}

uint64_t run_iterations(const struct test_run *run)
{
	uint64_t count = 0;

	for (size_t i = 0; i < run->iteration_count; i++)
		count += run->iterations[i].count;
	return count;
}

struct dc_executor_iteration run_iteration(const struct test_run *run, uint64_t index)
{
	for (size_t i = 0; i < run->iteration_count; i++) {
		struct dc_executor_iteration row = run->iterations[i];

		if (index < row.first || index >= row.first + row.count)
			continue;
		row.start += row.duration * (dc_time)(index - row.first);
		row.first = index;
		row.count = 1;
		return row;
	}
	return (struct dc_executor_iteration){0};
}

static size_t find(const struct test_run *run, const char *column)
{
	for (size_t i = 0; i < run->memory.columns; i++)
		if (strcmp(run->memory.names[i], column) == 0)
			return run->memory.at[i];
	cr_assert(false, "no column %s", column);
	return 0;
}

double run_value(const struct test_run *run, const char *column, size_t row, size_t entity)
{
	return run->memory.values[row * run->memory.width + find(run, column) + entity];
}

double run_integral(const struct test_run *run, const char *column, size_t entity)
{
	size_t at = find(run, column) + entity;
	struct dc_sum sum = {0};

	for (size_t i = 0; i < run->memory.rows; i++)
		sum = dc_sum_add(sum, dc_sum_product(run->memory.values[i * run->memory.width + at],
						     run->memory.interval_s[i]));
	return dc_sum_value(sum);
}

double run_summary(const struct test_run *run, enum dc_simulation_scalar scalar)
{
	return run->result.summary[scalar];
}
