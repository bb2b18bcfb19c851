/* Folded and replayed = every rank and every message, to the tick. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "run.h"

#define TWENTY "run.epochs=null", "run.duration=null", "run.iterations=20", "record.interval=70 ms"

struct agreement {
	const char *topology;
	const char *overrides[10];
};

/* Five scenarios that ship, cut to 20 iterations (BERT's chunks in one only: 100,000 messages each), and what is likely to part the two: odd racks,
 * slow drives, no read-ahead, no overlap, small buckets, unequal dimensions, a lone rank. */
static const struct agreement agreements[] = {
	{"ring64", {TWENTY}},
	{"torus8x8", {TWENTY}},
	{"switch64", {TWENTY}},
	{"dgx8x8", {TWENTY}},
	{"bert-48h", {TWENTY, "workload.synchronization.algorithm=ring"}},
	{"bert-48h", {"run.duration=null", "run.iterations=1", "record.interval=70 ms"}},
	{"ring64", {TWENTY, "racks=[{nodes: 3}]"}},
	{"ring64", {TWENTY, "storage.tiers.0.drives={type: hdd-22tb, count: 4}"}},
	{"ring64",
	 {TWENTY, "storage.tiers.0.drives={type: hdd-22tb, count: 40}",
	  "workload.data.prefetch=0"}},
	{"ring64", {TWENTY, "workload.synchronization.overlap=false"}},
	{"ring64",
	 {TWENTY, "workload.synchronization.buckets=1 MB", "workload.batch.per_accelerator=8"}},
	{"torus8x8", {TWENTY, "fabric.dimensions.0.size=[2, 4, 3]"}},
	{"ring64", {TWENTY, "fabric.dimensions.0.size=1", "node.accelerators=1"}},
	{"ring64",
	 {"run.epochs=null", "run.iterations=90", "fabric.dimensions.0.size=8",
	  "record.interval=300 ms", "facility.step=100 ms"}},
	{"ring64",
	 {"run.epochs=null", "run.duration=4.321 s", "fabric.dimensions.0.size=8",
	  "record.interval=300 ms", "facility.step=1 s"}},
	/* A slow accelerator: the others wait for it, in nodes and racks that differ from its own. */
	{"ring64", {TWENTY}},
	{"dgx8x8", {TWENTY, "racks=[{nodes: 3}]"}},
};

/* By agreement; factor 0: none. */
static const struct dc_slow_rank slow_ranks[] = {[15] = {13, 1.5}, [16] = {63, 1.25}};

/* Parameters cross a process: numbers, not pointers. */
static int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

_Static_assert(sizeof numbers / sizeof *numbers == sizeof agreements / sizeof *agreements,
	       "a number per agreement");

ParameterizedTestParameters(exact, agrees)
{
	return cr_make_param_array(int, numbers, sizeof numbers / sizeof *numbers);
}

static const char *describe(const struct agreement *a)
{
	static char text[512];
	size_t used = (size_t)snprintf(text, sizeof text, "%s", a->topology);

	for (size_t i = 0; i < 10 && a->overrides[i]; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, " -s %s",
					 a->overrides[i]);
	return text;
}

/* Everything but residuals, which are rounding themselves. */
static void compare_summaries(const struct test_run *folded, const struct test_run *exact,
			      const char *what)
{
	for (int i = 0; i < DC_SIMULATION_SCALARS; i++) {
		double a = folded->result.summary[i], b = exact->result.summary[i];

		if (i == DC_SUMMARY_BALANCE_RESIDUAL || i == DC_SUMMARY_HEAT_RESIDUAL)
			continue;
		cr_expect((isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-12 * fabs(b),
			  "%s: %s: %.17g, exact %.17g", what, dc_simulation_summary[i].name, a, b);
	}
}

static void compare_rows(const struct test_run *folded, const struct test_run *exact,
			 const char *what)
{
	const struct memory_sink *a = &folded->memory, *b = &exact->memory;

	cr_assert_eq(a->rows, b->rows, "%s", what);
	cr_assert_eq(a->width, b->width, "%s", what);
	for (size_t i = 0; i < a->rows * a->width; i++)
		cr_expect(fabs(a->values[i] - b->values[i]) <= 1e-11 * fabs(b->values[i]) + 1e-15,
			  "%s: row %zu value %zu: %.17g, exact %.17g", what, i / a->width,
			  i % a->width, a->values[i], b->values[i]);
}

/* On two dimensions a collective may run in chunks whose messages share links, so that rates change. */
static bool shares(const struct agreement *a)
{
	return strcmp(a->topology, "bert-48h") == 0 || strcmp(a->topology, "dgx8x8") == 0;
}

/* Equal in femtoseconds, or where rates change within 1e-12. */
static bool is_same(const struct agreement *a, dc_time x, dc_time y)
{
	return x == y || (shares(a) && fabs(dc_time_to_s(x - y)) <= 1e-12 * dc_time_to_s(x));
}

static void run_number(struct test_run *run, int number, bool exact)
{
	const struct dc_slow_rank *slow = &slow_ranks[number];

	run_load(run, agreements[number].topology, agreements[number].overrides);
	run->datacenter->machine.slow = slow;
	run->datacenter->machine.slow_count = slow->factor > 0;
	run_simulate(run, exact);
}

/* Source of truth: design section 2, "to the tick": where durations only add up, femtoseconds are equal;
 * figures are sums of the same terms in another order, so 1e-12. */
ParameterizedTest(int *number, exact, agrees, .timeout = 120)
{
	const struct agreement *a = &agreements[*number];
	const char *what = describe(a);
	struct test_run folded, exact;

	run_number(&folded, *number, false);
	run_number(&exact, *number, true);
	cr_assert_eq(run_iterations(&folded), run_iterations(&exact), "%s", what);
	for (uint64_t i = 0; i < run_iterations(&exact); i++) {
		struct dc_executor_iteration x = run_iteration(&folded, i);
		struct dc_executor_iteration y = run_iteration(&exact, i);

		cr_expect(is_same(a, x.start, y.start) && is_same(a, x.duration, y.duration),
			  "%s: iteration %d", what, (int)i);
		cr_expect(is_same(a, x.compute, y.compute) && is_same(a, x.stall, y.stall) &&
				  fabs(dc_time_to_s(x.exposed_communication -
						    y.exposed_communication)) <=
					  (shares(a) ? 1e-12 * dc_time_to_s(x.duration) : 0),
			  "%s: split of iteration %d", what, (int)i);
		cr_expect(x.compute + x.stall + x.exposed_communication + x.bubble == x.duration,
			  "%s: iteration %d does not add up", what, (int)i);
	}
	compare_summaries(&folded, &exact, what);
	compare_rows(&folded, &exact, what);
	run_free(&folded);
	run_free(&exact);
}
