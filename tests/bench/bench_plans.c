/* Parallel plans by data- and tensor-parallel size: GPT-3 13B in eight pipeline stages of A100, 32 micro-batches
 * for every replica, and the runs of published size that ship.
 *
 * Each measurement is a process of its own: CPU time to read, lower and build, and to run (asking the
 * fabric included), the least of a few tries, and the most that the process has grown by. The growth row is
 * the slope of each column over the size, both in logarithms, by least squares. Prints, asserts
 * nothing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "scenario/simulation.h"

enum { TRIES = 3, COLUMNS = 3, MOST_ROWS = 16, TEXT_SIZE = 256 };

struct outcome {
	bool done;
	double columns[COLUMNS]; /* build, run [s], grown [B] */
};

static enum dc_status ignore_begin(struct dc_record_sink *sink,
				   const struct dc_record_schema *schema)
{
	(void)sink;
	(void)schema;
	return DC_OK;
}

static enum dc_status ignore_interval(struct dc_record_sink *sink, double time_s, double interval_s,
				      const double *values)
{
	(void)sink;
	(void)time_s;
	(void)interval_s;
	(void)values;
	return DC_OK;
}

static enum dc_status ignore_iteration(struct dc_record_sink *sink,
				       const struct dc_iteration_row *row)
{
	(void)sink;
	(void)row;
	return DC_OK;
}

static enum dc_status ignore_event(struct dc_record_sink *sink, const struct dc_event_row *row)
{
	(void)sink;
	(void)row;
	return DC_OK;
}

static enum dc_status ignore_end(struct dc_record_sink *sink, enum dc_record_end how,
				 const double *summary)
{
	(void)sink;
	(void)how;
	(void)summary;
	return DC_OK;
}

static const struct dc_record_sink_type ignoring = {
	.begin = ignore_begin,
	.interval = ignore_interval,
	.iteration = ignore_iteration,
	.event = ignore_event,
	.end = ignore_end,
};

static struct outcome try_once(const char *topology, const char *const *overrides, size_t count)
{
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	const char *folders[] = {source, NULL};
	struct dc_simulation_options options = {.exact = false};
	struct dc_record_sink sink = {&ignoring};
	struct dc_diag *diag = dc_diag_create();
	struct dc_config *config = dc_config_create(diag, folders);
	struct dc_scenario *scenario;
	struct dc_datacenter *datacenter = NULL;
	struct dc_simulation_result result;
	struct outcome outcome = {0};
	double begin_s = bench_cpu_s();
	char path[4096];

	snprintf(path, sizeof path, "%s/topologies/%s.yaml", source, topology);
	if (dc_scenario_load(config, path, NULL, overrides, count, &scenario) == DC_OK &&
	    dc_datacenter_create(config, scenario, &datacenter) == DC_OK) {
		outcome.columns[0] = bench_cpu_s() - begin_s;
		outcome.done =
			dc_simulation_run(datacenter, diag, &options, &sink, &result) == DC_OK;
		outcome.columns[1] = bench_cpu_s() - begin_s - outcome.columns[0];
	}
	if (!outcome.done)
		dc_diag_render(diag, stderr, false);
	dc_datacenter_destroy(datacenter);
	dc_config_destroy(config);
	dc_diag_destroy(diag);
	return outcome;
}

/* In a process of its own. */
static struct outcome measure(const char *topology, const char *const *overrides, size_t count)
{
	struct outcome outcome = {0};
	int ends[2];
	pid_t child;

	fflush(stdout);
	if (pipe(ends) || (child = fork()) < 0)
		exit(1);
	if (child == 0) {
		double before = bench_memory_bytes("VmRSS");

		for (int i = 0; i < TRIES; i++) {
			struct outcome again = try_once(topology, overrides, count);

			if (!i)
				again.columns[2] = bench_memory_bytes("VmHWM") - before;
			for (int c = 0; c < COLUMNS && i; c++)
				again.columns[c] =
					fmin(again.columns[c],
					     c == 2 ? (double)INFINITY : outcome.columns[c]);
			if (i)
				again.columns[2] = outcome.columns[2];
			outcome = again;
		}
		_exit(write(ends[1], &outcome, sizeof outcome) != sizeof outcome);
	}
	close(ends[1]);
	if (read(ends[0], &outcome, sizeof outcome) != sizeof outcome)
		outcome.done = false;
	close(ends[0]);
	waitpid(child, NULL, 0);
	return outcome;
}

/* Slope of a column over sizes, both in logarithms. */
static double slope(const unsigned *sizes, const struct outcome *rows, size_t count, int column)
{
	double n = (double)count, x = 0, y = 0, xx = 0, xy = 0;

	for (size_t i = 0; i < count; i++) {
		double a = log((double)sizes[i]), b = log(fmax(rows[i].columns[column], 1e-9));

		x += a;
		y += b;
		xx += a * a;
		xy += a * b;
	}
	return (n * xy - x * y) / (n * xx - x * x);
}

static void print(const char *label, const struct outcome *outcome)
{
	if (outcome->done)
		printf("%-28s %10.2f %10.2f %10.2f\n", label, outcome->columns[0] * 1e3,
		       outcome->columns[1] * 1e3, outcome->columns[2] / 1e6);
	else
		printf("%-28s not run\n", label);
}

/* order: of ranks, innermost first. */
static void by_size(const char *title, const char *order, bool data, const unsigned *sizes,
		    size_t count)
{
	struct outcome rows[MOST_ROWS];

	printf("\n%s\n%-28s %10s %10s %10s\n", title, "", "build ms", "run ms", "grown MB");
	for (size_t i = 0; i < count; i++) {
		unsigned d = data ? sizes[i] : 64, t = data ? 8 : sizes[i];
		char texts[3][TEXT_SIZE], label[TEXT_SIZE];
		const char *overrides[] = {texts[0], texts[1], texts[2], "workload.model=gpt3-13b",
					   "run.iterations=10"};

		snprintf(texts[0], TEXT_SIZE, "fabric.dimensions.1.size=%u", t * d);
		snprintf(texts[1], TEXT_SIZE, "workload.batch.global=%u", 32 * d);
		snprintf(texts[2], TEXT_SIZE,
			 "workload.parallelism={tensor: %u, sequence: %s, pipeline: 8, zero: 1, "
			 "interleave: 1, order: %s}",
			 t, t > 1 ? "true" : "false", order);
		rows[i] =
			measure("gpt3-175b-12288", overrides, sizeof overrides / sizeof *overrides);
		snprintf(label, sizeof label, "tensor %u, pipeline 8, data %u", t, d);
		print(label, &rows[i]);
	}
	printf("%-28s %10.2f %10.2f %10.2f\n", "growth", slope(sizes, rows, count, 0),
	       slope(sizes, rows, count, 1), slope(sizes, rows, count, 2));
}

static void published(void)
{
	static const char *const names[] = {"gpt3-175b-1536", "gpt3-175b-12288",
					    "llama3-405b-16384"};
	static const char *const iterations[] = {"run.iterations=1", "run.iterations=100000"};

	printf("\nruns of published size: an iteration, and 100,000\n%-28s %10s %10s %10s\n", "",
	       "build ms", "run ms", "grown MB");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t k = 0; k < 2; k++) {
			struct outcome outcome = measure(names[i], &iterations[k], 1);

			print(names[i], &outcome);
		}
}

void bench_plans(void)
{
	static const unsigned data[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048};
	static const unsigned tensor[] = {1, 2, 4, 8};

	by_size("by data-parallel size, stages outermost", "[tp, cp, dp, pp]", true, data, 12);
	by_size("by data-parallel size, replicas outermost", "[tp, cp, pp, dp]", true, data, 12);
	by_size("by tensor-parallel size", "[tp, cp, dp, pp]", false, tensor, 4);
	published();
}
