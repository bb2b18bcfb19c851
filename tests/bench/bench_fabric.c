/* Collectives from 64 to 1,048,576 ranks: an all-reduce of 1 GiB, links of 50 GB/s and 500 ns.
 *
 * Ways: "exact" sends every message of every step by itself; "unfolded" lays out every message and
 * coalesces equal steps; "refined" folds that plan; "quotient" makes the folded plan directly. Each
 * measurement is a process of its own: CPU time to make the plan (schedule included) and to run it
 * (runner included), the median of a few tries; bytes per rank that plan and runner hold, without and
 * with what links and transfers under way take; and the most that the process has grown by. The growth
 * row is the slope of each column over ranks, both in logarithms, by least squares. Exact where that is
 * no more than MOST_MESSAGES, refined where the plan is laid out. Prints, asserts nothing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "config/config.h"
#include "fabric/algorithm.h"
#include "fabric/runner.h"

enum {
	MOST_TRIES = 5,
	COLUMNS = 5,
	MOST_ROWS = 8,
	MOST_MESSAGES = 9000000,
	MOST_LAID_OUT = 65536,
};

static const double size_bytes = 1073741824.0, bandwidth_bps = 50e9, latency_s = 500e-9;

enum way { WAY_EXACT, WAY_UNFOLDED, WAY_REFINED, WAY_QUOTIENT, WAYS };

static const char *const way_names[WAYS] = {"exact", "unfolded", "refined", "quotient"};

struct shape {
	const char *name;
	const char *algorithm;
	/* Builds it with so many ranks; false where there is none of that size. */
	bool (*build)(struct dc_arena *arena, uint64_t ranks, struct dc_fabric *fabric);
};

struct outcome {
	bool done;
	bool folded; /* refinement or symmetry made it smaller */
	/* plan, run [s]; held without links, held, grown [B] */
	double columns[COLUMNS];
	double sent, coalesced; /* messages */
	double messages;        /* of the plan: of a step of every phase */
	double duration_s;
};

/* ---- fabrics ---- */

static bool add(struct dc_fabric *fabric, const struct dc_topology_type *type, uint64_t size)
{
	const struct dc_fabric_dimension dimension = {
		.type = type, .size = size, .bandwidth_bps = bandwidth_bps, .latency_s = latency_s};

	return size < 2 || dc_fabric_add(fabric, &dimension) == DC_OK;
}

static bool build_ring(struct dc_arena *arena, uint64_t ranks, struct dc_fabric *fabric)
{
	(void)arena;
	return add(fabric, &dc_topology_ring, ranks);
}

static bool build_torus(struct dc_arena *arena, uint64_t ranks, struct dc_fabric *fabric)
{
	uint64_t side = (uint64_t)llround(sqrt((double)ranks));

	(void)arena;
	return side * side == ranks && add(fabric, &dc_topology_ring, side) &&
	       add(fabric, &dc_topology_ring, side);
}

static bool build_cube(struct dc_arena *arena, uint64_t ranks, struct dc_fabric *fabric)
{
	uint64_t side = (uint64_t)llround(cbrt((double)ranks));

	(void)arena;
	return side * side * side == ranks && add(fabric, &dc_topology_ring, side) &&
	       add(fabric, &dc_topology_ring, side) && add(fabric, &dc_topology_ring, side);
}

static bool build_hierarchy(struct dc_arena *arena, uint64_t ranks, struct dc_fabric *fabric)
{
	uint64_t middle = ranks / 8 < 128 ? ranks / 8 : 128;

	(void)arena;
	return add(fabric, &dc_topology_switch, 8) && add(fabric, &dc_topology_switch, middle) &&
	       add(fabric, &dc_topology_ring, ranks / 8 / middle);
}

/* k = 16, up to 1,024 hosts; ways by hash (ECMP), which nothing folds. */
static bool build_fat_tree(struct dc_arena *arena, uint64_t ranks, struct dc_fabric *fabric)
{
	struct dc_diag *diag = dc_diag_create();
	const char *folders[] = {NULL};
	struct dc_config *config = dc_config_create(diag, folders);
	struct dc_fabric_config section = {0};
	struct dc_node *root = NULL;
	char text[256];
	enum dc_status status;

	if (ranks > 1024)
		return false;
	snprintf(text, sizeof text,
		 "networks: [{routing: {policy: ecmp, channels: 1}, dimensions: "
		 "[{topology: fat-tree, size: %llu, radix: 16, tiers: 3, bandwidth: %.17g GB/s, "
		 "latency: %.17g ns}]}]",
		 (unsigned long long)ranks, bandwidth_bps / 1e9, latency_s * 1e9);
	status = dc_tree_read_text(dc_config_arena(config), diag, "fat-tree", text, strlen(text),
				   &root);
	if (!status)
		status = dc_section_read(config, &dc_fabric_section, root, &section);
	if (!status)
		status = dc_fabric_build(&section, NULL, diag, arena, fabric);
	dc_diag_render(diag, stderr, false);
	dc_config_destroy(config);
	dc_diag_destroy(diag);
	return status == DC_OK;
}

/* ---- one measurement ---- */

static enum dc_status make_plan(const struct dc_fabric *fabric, const struct dc_schedule *schedule,
				enum way way, struct dc_plan *plan, bool *folded)
{
	const struct dc_plan_operation_request operation = {schedule, &dc_fabric_no_cost};
	const struct dc_plan_job_request job = {0, &operation, 1};
	const struct dc_plan_epoch epoch = {0, fabric};
	const struct dc_plan_request request = {&job, 1, &epoch, 1};
	struct dc_plan smaller;
	enum dc_status status;

	*folded = false;
	if (way == WAY_QUOTIENT)
		return dc_plan_quotient(fabric, &operation, plan, folded);
	status = dc_plan_lay_out(&request, plan);
	if (status || way != WAY_REFINED)
		return status;
	status = dc_plan_fold(plan, UINT64_MAX, &smaller, folded);
	if (!status && *folded) {
		dc_plan_fini(plan);
		*plan = smaller;
	}
	return status;
}

static bool run_plan(const struct dc_plan *plan, enum way way, struct outcome *outcome)
{
	const struct dc_runner_options options = {.exact = way == WAY_EXACT};
	struct dc_engine *engine = dc_engine_create();
	struct dc_runner *runner =
		engine ? dc_runner_create(engine, plan, &options, NULL, NULL) : NULL;
	struct dc_runner_statistics statistics;
	size_t links;
	bool done;

	if (!runner)
		return false;
	dc_runner_start(runner);
	done = dc_engine_run(engine, NULL) == DC_OK && dc_runner_is_done(runner);
	statistics = dc_runner_statistics(runner);
	outcome->columns[3] = (double)(dc_plan_memory(plan, &links) + statistics.bytes);
	outcome->columns[2] = outcome->columns[3] - (double)(links + statistics.live_bytes);
	outcome->messages = plan->message_count;
	outcome->sent = (double)statistics.messages;
	outcome->coalesced = (double)statistics.coalesced;
	outcome->duration_s = dc_time_to_s(dc_engine_now(engine));
	dc_runner_destroy(runner);
	dc_engine_destroy(engine);
	return done;
}

static struct outcome try_once(const struct dc_fabric *fabric, const char *algorithm, enum way way)
{
	const struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE,
					   .size_bytes = size_bytes};
	const struct dc_algorithm_type *type = dc_algorithm_find(algorithm);
	const struct dc_group group = dc_group_all(fabric);
	struct outcome outcome = {0};
	struct dc_arena *arena = dc_arena_create();
	struct dc_schedule schedule;
	struct dc_plan plan = {0};
	double begin_s = bench_cpu_s(), planned_s;

	dc_schedule_init(&schedule, arena, &group);
	if (dc_algorithm_fits(type, fabric, &group, &request, NULL)) {
		type->lower(fabric, &request, &schedule);
		outcome.done = make_plan(fabric, &schedule, way, &plan, &outcome.folded) == DC_OK &&
			       (way != WAY_QUOTIENT || outcome.folded);
	}
	planned_s = bench_cpu_s();
	if (outcome.done)
		outcome.done = run_plan(&plan, way, &outcome);
	outcome.columns[0] = planned_s - begin_s;
	outcome.columns[1] = bench_cpu_s() - planned_s;
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
	return outcome;
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* As many tries as a second holds; memory of the first. */
static struct outcome try_often(const struct dc_fabric *fabric, const char *algorithm, enum way way)
{
	double before = bench_memory_bytes("VmRSS"), times[2][MOST_TRIES], used_s = 0;
	struct outcome first = {0};
	size_t tries = 0;

	while (tries < MOST_TRIES && (!tries || used_s < 1)) {
		struct outcome outcome = try_once(fabric, algorithm, way);

		if (!tries) {
			first = outcome;
			first.columns[4] = bench_memory_bytes("VmHWM") - before;
		}
		times[0][tries] = outcome.columns[0];
		times[1][tries] = outcome.columns[1];
		used_s += outcome.columns[0] + outcome.columns[1];
		tries++;
	}
	for (int i = 0; i < 2; i++) {
		qsort(times[i], tries, sizeof *times[i], compare_numbers);
		first.columns[i] = times[i][(tries - 1) / 2];
	}
	return first;
}

/* In a process of its own. */
static struct outcome measure(const struct shape *shape, uint64_t ranks, enum way way)
{
	struct outcome outcome = {0};
	int ends[2];
	pid_t child;

	fflush(stdout);
	if (pipe(ends) || (child = fork()) < 0)
		exit(1);
	if (child == 0) {
		struct dc_arena *arena = dc_arena_create();
		struct dc_fabric fabric = {0};

		if (shape->build(arena, ranks, &fabric))
			outcome = try_often(&fabric, shape->algorithm, way);
		_exit(write(ends[1], &outcome, sizeof outcome) != sizeof outcome);
	}
	close(ends[1]);
	if (read(ends[0], &outcome, sizeof outcome) != sizeof outcome)
		outcome.done = false;
	close(ends[0]);
	waitpid(child, NULL, 0);
	return outcome;
}

/* ---- tables ---- */

static void head(const char *title)
{
	printf("\n%s\n%9s %-9s %11s %11s %11s %8s %12s %10s %10s %10s  %s\n", title, "ranks", "way",
	       "plan ms", "run ms", "sent", "ns each", "coalesced", "own B/rank", "held", "grown",
	       "ends at s");
}

static void print(uint64_t ranks, enum way way, const struct outcome *o)
{
	double n = (double)ranks;

	printf("%9llu %-9s", (unsigned long long)ranks, way_names[way]);
	if (!o->done) {
		printf(" not run\n");
		return;
	}
	printf(" %11.3f %11.3f %11.0f", o->columns[0] * 1e3, o->columns[1] * 1e3, o->sent);
	if (way == WAY_EXACT && o->sent > 0)
		printf(" %8.0f", o->columns[1] * 1e9 / o->sent);
	else
		printf(" %8s", "-");
	printf(" %12.4g %10.1f %10.1f %10.1f  %.11g%s\n", o->coalesced, o->columns[2] / n,
	       o->columns[3] / n, o->columns[4] / n, o->duration_s,
	       way == WAY_REFINED && !o->folded ? "  (does not fold)" : "");
}

/* Slope of column over ranks, both in logarithms. */
static double slope(const uint64_t *ranks, const struct outcome *rows, size_t count, int column)
{
	double n = (double)count, x = 0, y = 0, xx = 0, xy = 0;

	for (size_t i = 0; i < count; i++) {
		double a = log((double)ranks[i]), b = log(fmax(rows[i].columns[column], 1e-9));

		x += a;
		y += b;
		xx += a * a;
		xy += a * b;
	}
	return (n * xy - x * y) / (n * xx - x * x);
}

static void by_ranks(const struct shape *shape, enum way way)
{
	uint64_t ranks[MOST_ROWS];
	struct outcome rows[MOST_ROWS];
	size_t count = 0;
	double sent = 0;

	for (uint64_t n = 64; n <= 1048576 && count < MOST_ROWS; n *= 4) {
		if (way != WAY_QUOTIENT && n > MOST_LAID_OUT)
			break;
		/* Messages grow by 4 x 4 at most. */
		if (way == WAY_EXACT && 16 * sent > 4 * (double)MOST_MESSAGES)
			break;
		ranks[count] = n;
		rows[count] = measure(shape, n, way);
		if (!rows[count].done)
			break;
		sent = rows[count].sent;
		print(n, way, &rows[count]);
		count++;
	}
	if (!count)
		printf("%9s %-9s not made\n", "", way_names[way]);
	if (count > 1)
		printf("%9s %-9s %11.2f %11.2f %11s %8s %12s %10.2f %10.2f %10.2f\n", "growth", "",
		       slope(ranks, rows, count, 0), slope(ranks, rows, count, 1), "", "", "",
		       slope(ranks, rows, count, 2), slope(ranks, rows, count, 3),
		       slope(ranks, rows, count, 4));
}

static void limit(const char *name, const struct shape *shape, uint64_t ranks, enum way way,
		  double limit_s)
{
	struct outcome o = measure(shape, ranks, way);

	if (!o.done) {
		printf("%-46s not run\n", name);
		return;
	}
	printf("%-46s %9llu %9.4f s of %.0f s %10.1f MB of 1000 MB  ends at %.11g s\n", name,
	       (unsigned long long)ranks, o.columns[0] + o.columns[1], limit_s, o.columns[4] / 1e6,
	       o.duration_s);
}

static void limits(void)
{
	static const struct shape torus = {"", "ring", build_torus},
				  turned = {"", "torus", build_torus};
	static const struct shape cube = {"", "ring", build_cube}, spun = {"", "torus", build_cube};
	static const struct shape levels = {"", "hierarchical", build_hierarchy};
	static const struct shape rings = {"", "ring", build_hierarchy};

	printf("\nall-reduce of 1 GiB, plan and run, CPU and memory grown\n");
	limit("128 x 128, ring by dimension, unfolded", &torus, 16384, WAY_UNFOLDED, 4);
	limit("128 x 128, all dimensions at once, unfolded", &turned, 16384, WAY_UNFOLDED, 4);
	limit("40 x 40 x 40, ring by dimension, unfolded", &cube, 64000, WAY_UNFOLDED, 4);
	limit("40 x 40 x 40, all dimensions at once, unfolded", &spun, 64000, WAY_UNFOLDED, 4);
	limit("8 x 128 x 1024, rings, quotient", &rings, 1048576, WAY_QUOTIENT, 1);
	limit("8 x 128 x 1024, hierarchical, quotient", &levels, 1048576, WAY_QUOTIENT, 1);
}

/* What plan and runner hold of every rank, unfolded; links apart. */
static void memory(void)
{
	static const struct shape shapes[] = {
		{"ring, ring", "ring", build_ring},
		{"ring, both directions", "ring-bidirectional", build_ring},
		{"torus of two dimensions, ring", "ring", build_torus},
		{"torus of two dimensions, all at once", "torus", build_torus},
		{"torus of three dimensions, ring", "ring", build_cube},
		{"torus of three dimensions, all at once", "torus", build_cube},
		{"8 x 128 x n, rings", "ring", build_hierarchy},
		{"8 x 128 x n, hierarchical", "hierarchical", build_hierarchy},
	};
	static const uint64_t ranks[] = {1024, 4096, 16384, 65536},
			      cubes[] = {1000, 4096, 15625, 64000};

	printf("\nheld per rank, unfolded: messages of the plan, bytes without links and transfers "
	       "(limit 512), bytes of these\n");
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		const uint64_t *sizes = shapes[i].build == build_cube ? cubes : ranks;
		struct outcome rows[4];

		printf("%-40s", shapes[i].name);
		for (int k = 0; k < 4; k++) {
			rows[k] = measure(&shapes[i], sizes[k], WAY_UNFOLDED);
			printf(" %6llu: %4.1f %5.1f %6.1f |", (unsigned long long)sizes[k],
			       rows[k].messages / (double)sizes[k],
			       rows[k].columns[2] / (double)sizes[k],
			       (rows[k].columns[3] - rows[k].columns[2]) / (double)sizes[k]);
		}
		printf("  growth %.2f\n", slope(sizes, rows, 4, 2));
	}
}

void bench_fabric(void)
{
	static const struct shape shapes[] = {
		{"ring", "ring", build_ring},
		{"torus, two dimensions, ring by dimension", "ring", build_torus},
		{"8 behind a switch, 128 of these behind another, these in a ring", "ring",
		 build_hierarchy},
		{"fat tree, k=16, ECMP, ring", "ring", build_fat_tree},
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		head(shapes[i].name);
		for (int way = 0; way < WAYS; way++)
			by_ranks(&shapes[i], (enum way)way);
	}
	memory();
	limits();
}
