/* Every model of the catalogue on every shipped topology that trains: some plan runs, or none fits.
 *
 * Generated: the models are the files of catalog/models, the topologies those of topologies/ whose
 * workload is of kind training. Each pair starts data-parallel, a sample per accelerator; when that is
 * refused for memory, the plans that the refusal names are followed, and each of them has to be right.
 * What is refused without a plan shows the table of its memory, and no plan of a grid over all
 * degrees, ZeRO stages and recomputation fits either. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "training/fitting.h"
#include "training/stages.h"

enum { MOST_NAMES = 256, NAME_SIZE = 64, OVERRIDES = 24, TEXT_SIZE = 4096 };

struct names {
	char items[MOST_NAMES][NAME_SIZE];
	size_t count;
};

struct plan {
	char texts[OVERRIDES][TEXT_SIZE];
	const char *overrides[OVERRIDES + 1];
	size_t count;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void list(const char *folder, struct names *names)
{
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	char path[TEXT_SIZE];
	struct dirent *entry;
	DIR *files;

	snprintf(path, sizeof path, "%s/%s", source, folder);
	files = opendir(path);
	cr_assert_not_null(files, "%s", path);
	names->count = 0;
	while ((entry = readdir(files))) {
		size_t length = strlen(entry->d_name);

		if (length < 6 || length - 5 >= NAME_SIZE ||
		    strcmp(entry->d_name + length - 5, ".yaml") != 0)
			continue;
		cr_assert_lt(names->count, MOST_NAMES);
		snprintf(names->items[names->count++], NAME_SIZE, "%.*s", (int)length - 5,
			 entry->d_name);
	}
	closedir(files);
	qsort(names->items, names->count, NAME_SIZE, compare_names);
}

__attribute__((format(printf, 2, 3))) static void add(struct plan *plan, const char *format, ...)
{
	va_list arguments;

	cr_assert_lt(plan->count, OVERRIDES);
	va_start(arguments, format);
	vsnprintf(plan->texts[plan->count], TEXT_SIZE, format, arguments);
	va_end(arguments);
	plan->overrides[plan->count] = plan->texts[plan->count];
	plan->overrides[++plan->count] = NULL;
}

/* The ranks of a topology and the name of its accelerator, 0 when it does not train. */
static uint64_t ranks_of(const char *topology, char *accelerator)
{
	struct test_run run;
	const char *const none[] = {NULL};
	uint64_t ranks = 0;

	cr_assert_eq(run_try(&run, topology, none), DC_OK, "%s", topology);
	if (dc_scenario_training(run.scenario)) {
		ranks = run.datacenter->fabric.ranks;
		snprintf(accelerator, NAME_SIZE, "%s", run.datacenter->accelerator->name);
	}
	run_free(&run);
	return ranks;
}

static void start(struct plan *plan, const char *model, uint64_t ranks)
{
	plan->count = 0;
	add(plan,
	    "workload={kind: training, model: %s, batch: {global: %llu, micro: 1}, precision: "
	    "bf16, optimizer: adam, parallelism: {data: all}, dataset: {samples: 1e9, "
	    "sample_size: 1 kB}}",
	    model, (unsigned long long)ranks);
	add(plan, "run.epochs=null");
	add(plan, "run.duration=null");
	add(plan, "run.iterations=1");
	add(plan, "facility=null");
	add(plan, "economics=null");
}

/* Adds the overrides of a plan as a refusal names it: blanks between them, none in brackets. Returns what
 * follows, or NULL. */
static const char *add_named(struct plan *plan, const char *text)
{
	while (*text && *text != ';' && *text != '\n') {
		char key[TEXT_SIZE];
		size_t length = 0;
		bool quoted = false;

		for (; *text && *text != ';' && *text != '\n' && (quoted || *text != ' '); text++) {
			if (*text == '\'')
				quoted = !quoted;
			else
				key[length++] = *text;
		}
		key[length] = '\0';
		add(plan, "workload.%s", key);
		text += *text == ' ';
	}
	return strncmp(text, "; or ", 5) == 0 ? text + 5 : NULL;
}

/* --- no plan --- */

static bool fits(const struct dc_datacenter *dc, const struct dc_training_workload *workload)
{
	struct dc_training_workload w = *workload;
	struct dc_arena *arena = dc_arena_create();
	struct dc_diag *diag = dc_diag_create();
	struct dc_training_fitting fitting;
	bool good;

	w.batch.per_accelerator = 0;
	good = dc_training_settle(&w, dc->fabric.ranks, diag) == DC_OK &&
	       dc_training_fit(&w, NULL, arena, diag, &fitting) == DC_OK &&
	       fitting.stages[fitting.fullest].total_bytes <= dc->accelerator->memory.size_bytes;
	dc_arena_destroy(arena);
	dc_diag_destroy(diag);
	return good;
}

/* Every plan of powers of two with full recomputation, with and without ZeRO. */
static void expect_none(const struct test_run *run, const char *model, const char *topology)
{
	const struct dc_training_workload *given = dc_scenario_training(run->scenario);
	uint64_t ranks = run->datacenter->fabric.ranks;
	struct dc_training_workload w = *given;
	struct dc_parallelism *p = &w.parallelism;

	w.recompute = DC_RECOMPUTE_FULL;
	for (p->zero = 0; p->zero <= 3; p->zero += 3)
		for (p->tensor = 1; p->tensor <= ranks; p->tensor *= 2)
			for (p->pipeline = 1; p->tensor * p->pipeline <= ranks; p->pipeline *= 2)
				for (p->expert = 1; p->expert <= 64; p->expert *= 4) {
					p->sequence = p->tensor > 1;
					cr_expect(!fits(run->datacenter, &w),
						  "%s on %s: zero %llu tensor %llu pipeline %llu "
						  "expert %llu fits",
						  model, topology, (unsigned long long)p->zero,
						  (unsigned long long)p->tensor,
						  (unsigned long long)p->pipeline,
						  (unsigned long long)p->expert);
				}
}

/* --- a pair --- */

struct counts {
	size_t at_once, planned, refused;
};

static void run_once(struct test_run *run, const char *model, const char *topology)
{
	run_simulate(run, false);
	cr_expect_eq(run_iterations(run), 1, "%s on %s", model, topology);
}

static void follow(const char *model, const char *topology, uint64_t ranks, const char *messages,
		   bool all)
{
	static const char *const head = "plans near it that fit: ";
	const char *text = strstr(messages, head);

	text += strlen(head);
	for (bool first = true; text && (first || all); first = false) {
		static struct plan plan;
		struct test_run run;
		enum dc_status status;
		char *said;

		start(&plan, model, ranks);
		text = add_named(&plan, text);
		status = run_try(&run, topology, plan.overrides);
		said = run_messages(&run);
		cr_expect_eq(status, DC_OK, "%s on %s, as said: %s", model, topology, said);
		free(said);
		if (!status && first && all)
			run_once(&run, model, topology);
		run_free(&run);
	}
}

static void try_pair(const char *model, const char *topology, uint64_t ranks, bool all,
		     struct counts *counts)
{
	static struct plan plan;
	struct test_run run;
	enum dc_status status;
	char *said;

	start(&plan, model, ranks);
	status = run_try(&run, topology, plan.overrides);
	said = run_messages(&run);
	if (!status) {
		if (all)
			run_once(&run, model, topology);
		counts->at_once++;
	} else {
		cr_expect_not_null(strstr(said, "does not fit in the"), "%s on %s: %s", model,
				   topology, said);
		cr_expect_not_null(strstr(said, "\n    total "), "%s on %s: no table: %s", model,
				   topology, said);
		if (strstr(said, "plans near it that fit: ")) {
			follow(model, topology, ranks, said, all);
			counts->planned++;
		} else {
			cr_expect_not_null(strstr(said, "no plan near it fits"), "%s", said);
			if (all)
				expect_none(&run, model, topology);
			counts->refused++;
		}
	}
	free(said);
	run_free(&run);
}

/* Source of truth: the plans tried here, on every pair. Whether a plan fits hangs on the number and kind
 * of accelerators alone, so that every plan named, the grid where none is, and an iteration of the
 * first plan are tried on the first topology of each number and kind, up to 64 accelerators; elsewhere
 * the first plan named is built. */
Test(models, train_wherever_they_fit)
{
	static struct names models, topologies;
	static char seen[MOST_NAMES][2 * NAME_SIZE];
	struct counts counts = {0};
	size_t kinds = 0;

	list("catalog/models", &models);
	list("topologies", &topologies);
	cr_assert_gt(models.count, 0);
	for (size_t t = 0; t < topologies.count; t++) {
		const char *topology = topologies.items[t];
		char accelerator[NAME_SIZE], kind[2 * NAME_SIZE];
		uint64_t ranks = ranks_of(topology, accelerator);
		bool known = false;

		if (!ranks)
			continue;
		snprintf(kind, sizeof kind, "%llu %s", (unsigned long long)ranks, accelerator);
		for (size_t i = 0; i < kinds; i++)
			known = known || strcmp(seen[i], kind) == 0;
		if (!known)
			memcpy(seen[kinds++], kind, sizeof kind);
		for (size_t m = 0; m < models.count; m++)
			try_pair(models.items[m], topology, ranks, !known && ranks <= 64, &counts);
	}
	/* All three happen: resnet50 trains anywhere, and a trillion parameters not on 8. */
	cr_expect_gt(counts.at_once, 0);
	cr_expect_gt(counts.planned, 0);
	cr_expect_gt(counts.refused, 0);
}
