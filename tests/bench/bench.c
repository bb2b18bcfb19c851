/* make bench: how cost grows with ranks, with epochs, and what --exact costs. Prints, asserts nothing.
 *
 * Start-up is reading and building; simulation runs with a sink that takes every row and keeps none;
 * writing is what an HDF5 sink adds. Each figure is the least of several tries: the others were
 * disturbed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "output/hdf5_sink.h"
#include "scenario/simulation.h"

enum { TRIES = 7, OVERRIDES = 8 };

struct timing {
	double start_s, simulate_s, write_s;
	double events;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static enum dc_status no_begin(struct dc_record_sink *sink, const struct dc_record_schema *schema)
{
	(void)sink;
	(void)schema;
	return DC_OK;
}

static enum dc_status no_interval(struct dc_record_sink *sink, double time_s, double interval_s,
				  const double *values)
{
	(void)sink;
	(void)time_s;
	(void)interval_s;
	(void)values;
	return DC_OK;
}

static enum dc_status no_iteration(struct dc_record_sink *sink, const struct dc_iteration_row *row)
{
	(void)sink;
	(void)row;
	return DC_OK;
}

static enum dc_status no_event(struct dc_record_sink *sink, const struct dc_event_row *row)
{
	(void)sink;
	(void)row;
	return DC_OK;
}

static enum dc_status no_end(struct dc_record_sink *sink, enum dc_record_end how,
			     const double *summary)
{
	(void)sink;
	(void)how;
	(void)summary;
	return DC_OK;
}

static const struct dc_record_sink_type nothing = {
	.begin = no_begin,
	.interval = no_interval,
	.iteration = no_iteration,
	.event = no_event,
	.end = no_end,
};

static void fail(struct dc_diag *diag)
{
	dc_diag_render(diag, stderr, false);
	exit(1);
}

static void once(const char *topology, const char *const *overrides, bool exact, bool file,
		 struct timing *timing)
{
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	const char *folders[] = {source, NULL};
	const char *output = "bench.h5";
	struct dc_simulation_options options = {.exact = exact};
	struct dc_record_sink none = {&nothing}, *sink = &none;
	struct dc_diag *diag = dc_diag_create();
	struct dc_config *config = dc_config_create(diag, folders);
	struct dc_scenario *scenario;
	struct dc_datacenter *datacenter;
	struct dc_simulation_result result;
	double begin_s = now_s(), built_s, end_s;
	size_t count = 0;
	char path[4096];

	while (overrides[count])
		count++;
	snprintf(path, sizeof path, "%s/topologies/%s.yaml", source, topology);
	if (dc_scenario_load(config, path, NULL, overrides, count, &scenario) ||
	    dc_datacenter_create(config, scenario, &datacenter))
		fail(diag);
	built_s = now_s();
	if (file && dc_hdf5_sink_create(diag, output, &sink))
		fail(diag);
	if (dc_simulation_run(datacenter, diag, &options, sink, &result))
		fail(diag);
	end_s = now_s();
	if (file) {
		dc_hdf5_sink_destroy(sink);
		unlink(output);
		timing->write_s = fmin(timing->write_s, end_s - built_s);
	} else {
		timing->start_s = fmin(timing->start_s, built_s - begin_s);
		timing->simulate_s = fmin(timing->simulate_s, end_s - built_s);
		timing->events = (double)result.events;
	}
	dc_datacenter_destroy(datacenter);
	dc_config_destroy(config);
	dc_diag_destroy(diag);
}

static struct timing measure(const char *topology, const char *const *overrides, bool exact)
{
	struct timing timing = {(double)INFINITY, (double)INFINITY, (double)INFINITY, 0};

	for (int i = 0; i < TRIES; i++) {
		once(topology, overrides, exact, false, &timing);
		if (!exact)
			once(topology, overrides, exact, true, &timing);
	}
	timing.write_s = exact ? 0 : fmax(0.0, timing.write_s - timing.simulate_s);
	return timing;
}

static void print(const char *label, const struct timing *t, const struct timing *first)
{
	printf("%-22s %9.2f %12.2f %10.2f %10.0f %8.2f\n", label, t->start_s * 1e3,
	       t->simulate_s * 1e3, t->write_s * 1e3, t->events, t->simulate_s / first->simulate_s);
}

static void head(const char *title)
{
	printf("\n%s\n%-22s %9s %12s %10s %10s %8s\n", title, "", "start ms", "simulate ms",
	       "write ms", "events", "ratio");
}

static void by_ranks(void)
{
	static const int ranks[] = {64, 512, 4096, 32768, 65536};
	struct timing first = {0};

	head("ring64, 90 epochs, by ranks (ratio: simulation, against 64)");
	for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
		char size[64], samples[64], label[64];
		/* The data set grows along, so that the run keeps its 7,020 iterations. */
		const char *overrides[] = {size, samples, NULL};
		struct timing t;

		snprintf(size, sizeof size, "fabric.dimensions.0.size=%d", ranks[i]);
		snprintf(samples, sizeof samples, "workload.dataset.samples=%lld",
			 1281167LL * ranks[i] / 64);
		snprintf(label, sizeof label, "%d", ranks[i]);
		t = measure("ring64", overrides, false);
		if (!i)
			first = t;
		print(label, &t, &first);
	}
}

static void by_epochs(void)
{
	static const int epochs[] = {1, 10, 100, 1000};
	struct timing first = {0};

	head("ring64, by epochs, record.interval and facility.step grow along (ratio against 1)");
	for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
		char run[64], record[64], step[64], label[64];
		const char *overrides[] = {run, record, step, NULL};
		struct timing t;

		snprintf(run, sizeof run, "run.epochs=%d", epochs[i]);
		snprintf(record, sizeof record, "record.interval=%g s", 0.1 * epochs[i]);
		snprintf(step, sizeof step, "facility.step=%g s", 0.1 * epochs[i]);
		snprintf(label, sizeof label, "%d", epochs[i]);
		t = measure("ring64", overrides, false);
		if (!i)
			first = t;
		print(label, &t, &first);
	}
}

static void by_mode(void)
{
	static const char *const cut[] = {"run.epochs=null", "run.iterations=100", NULL};
	struct timing folded = measure("ring64", cut, false);
	struct timing exact = measure("ring64", cut, true);

	head("ring64, 100 iterations, folded against --exact");
	print("folded", &folded, &folded);
	print("exact", &exact, &folded);
}

/* run_bench [ranks | epochs | mode | queue | fluid | fabric | plans]...; all without an argument. */
int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {{"ranks", by_ranks},    {"epochs", by_epochs},  {"mode", by_mode},
		     {"queue", bench_queue}, {"fluid", bench_fluid}, {"fabric", bench_fabric},
		     {"plans", bench_plans}};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		bool wanted = argc < 2;

		for (int a = 1; a < argc; a++)
			wanted = wanted || strcmp(argv[a], parts[i].name) == 0;
		if (wanted)
			parts[i].run();
	}
	return 0;
}
