/* Fitting: the memory of a plan, and the search for plans that fit. */
#include "training/fitting.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "training/stages.h"

enum { SUGGESTIONS = 4, TABLE_STAGES = 3, STEPS = 4, TEXT_SIZE = 4096 };

enum dc_status dc_training_fit(const struct dc_training_workload *workload,
			       const struct dc_layers *layers, struct dc_arena *arena,
			       struct dc_diag *diag, struct dc_training_fitting *fitting)
{
	struct dc_layers expanded = {0};
	enum dc_status status = DC_OK;

	*fitting = (struct dc_training_fitting){.count = workload->parallelism.pipeline};
	if (!layers) {
		status = dc_training_expand(workload, arena, diag, &expanded);
		layers = &expanded;
	}
	if (!status)
		status = dc_training_stage_memory(workload, layers, arena, &fitting->stages);
	for (uint64_t i = 0; i < fitting->count && !status; i++)
		if (fitting->stages[i].total_bytes > fitting->stages[fitting->fullest].total_bytes)
			fitting->fullest = i;
	return status;
}

/* --- plans near by --- */

/* What may be changed, in the order in which it costs least. */
enum change { MICRO, SEQUENCE, SELECTIVE, FULL, ZERO, TENSOR, PIPELINE, CHANGES };

struct search {
	const struct dc_training_workload *workload;
	uint64_t ranks;
	const struct dc_accelerator *accelerator;
	char text[TEXT_SIZE]; /* plans found */
	unsigned found;
};

static const char *const change_names[CHANGES] = {
	"batch.micro",        "parallelism.sequence", "recompute", "recompute", "parallelism.zero",
	"parallelism.tensor", "parallelism.pipeline",
};

/* One step of a change; false: there is none. */
static bool apply(struct dc_training_workload *w, enum change change, char *value, size_t size)
{
	struct dc_parallelism *p = &w->parallelism;
	uint64_t above, below;

	snprintf(value, size, "%s",
		 change == SELECTIVE ? "selective"
		 : change == FULL    ? "full"
				     : "true");
	switch (change) {
	case MICRO:
		if (w->batch.micro < 2)
			return false;
		dc_nearest_divisors(w->batch.micro, w->batch.micro / 2, &below, &above);
		w->batch.micro = below;
		snprintf(value, size, "%llu", (unsigned long long)below);
		return true;
	case SEQUENCE:
		if (p->sequence || p->tensor == 1)
			return false;
		p->sequence = true;
		return true;
	case SELECTIVE:
	case FULL:
		if (w->recompute != DC_RECOMPUTE_NONE)
			return false;
		w->recompute = change == FULL ? DC_RECOMPUTE_FULL : DC_RECOMPUTE_SELECTIVE;
		return true;
	case ZERO:
		p->zero++;
		snprintf(value, size, "%llu", (unsigned long long)p->zero);
		return p->zero <= 3 && p->data > 1;
	case TENSOR:
		p->tensor *= 2;
		snprintf(value, size, "%llu", (unsigned long long)p->tensor);
		return true;
	case PIPELINE:
		p->pipeline *= 2;
		snprintf(value, size, "%llu", (unsigned long long)p->pipeline);
		return !p->stages.count;
	default:
		return false;
	}
}

/* Whether a changed plan is possible and fits. Its own messages are not the user's. */
static bool fits(const struct search *search, struct dc_training_workload *w)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_diag *diag = dc_diag_create();
	struct dc_training_fitting fitting;
	bool good = arena && diag;

	w->batch.per_accelerator = 0;
	w->parallelism.data_text = "all";
	good = good && dc_training_settle(w, search->ranks, diag) == DC_OK &&
	       dc_training_fit(w, NULL, arena, diag, &fitting) == DC_OK &&
	       fitting.stages[fitting.fullest].total_bytes <=
		       search->accelerator->memory.size_bytes;
	dc_arena_destroy(arena);
	dc_diag_destroy(diag);
	return good;
}

static void note(struct search *search, const char *text)
{
	size_t used = strlen(search->text);

	if (search->found == SUGGESTIONS)
		return;
	snprintf(search->text + used, sizeof search->text - used, "%s%s",
		 search->found ? "; or " : "", text);
	search->found++;
}

/* One change, as often as it takes, on top of what `prefix` says. */
static void try_change(struct search *search, const struct dc_training_workload *from,
		       enum change change, const char *prefix)
{
	struct dc_training_workload w = *from;
	char value[32], text[256];

	for (int step = 0; step < STEPS; step++) {
		struct dc_training_workload settled;

		if (!apply(&w, change, value, sizeof value))
			return;
		settled = w;
		if (!fits(search, &settled))
			continue;
		snprintf(text, sizeof text, "%s%s%s=%s", prefix, *prefix ? " " : "",
			 change_names[change], value);
		note(search, text);
		return;
	}
}

static void try_two(struct search *search, enum change first)
{
	struct dc_training_workload w = *search->workload;
	char value[32], prefix[128];

	for (int step = 0; step < STEPS && search->found < SUGGESTIONS; step++) {
		if (!apply(&w, first, value, sizeof value))
			return;
		snprintf(prefix, sizeof prefix, "%s=%s", change_names[first], value);
		for (int second = CHANGES - 1; second > (int)first; second--)
			try_change(search, &w, (enum change)second, prefix);
	}
}

static void search_plans(struct search *search)
{
	for (int change = 0; change < CHANGES; change++)
		try_change(search, search->workload, (enum change)change, "");
	for (int change = CHANGES - 1; change-- > 0 && !search->found;)
		try_two(search, (enum change)change);
}

/* --- the refusal --- */

/* The first, the fullest and the last stage. */
static void write_table(const struct dc_training_fitting *fitting, char *text, size_t size)
{
	const uint64_t chosen[TABLE_STAGES] = {0, fitting->fullest, fitting->count - 1};
	struct dc_training_memory stages[TABLE_STAGES];
	size_t numbers[TABLE_STAGES] = {0}, count = 0;

	for (size_t i = 0; i < TABLE_STAGES; i++) {
		if (count && numbers[count - 1] == chosen[i])
			continue;
		stages[count] = fitting->stages[chosen[i]];
		numbers[count++] = chosen[i];
	}
	dc_training_memory_table(stages, numbers, count, 4, text, size);
}

enum dc_status dc_training_check_memory(const struct dc_training_workload *workload,
					const struct dc_training_fitting *fitting, uint64_t ranks,
					const struct dc_accelerator *accelerator,
					struct dc_arena *arena, struct dc_diag *diag)
{
	double needed = fitting->stages[fitting->fullest].total_bytes;
	struct search *search;
	const struct dc_mark *mark = dc_node_mark(workload->node, "model");
	char table[TEXT_SIZE], size[64], need[64];

	if (needed <= accelerator->memory.size_bytes)
		return DC_OK;
	search = dc_arena_alloc(arena, sizeof *search);
	if (!search)
		return DC_ERR_MEMORY;
	*search = (struct search){.workload = workload, .ranks = ranks, .accelerator = accelerator};
	search_plans(search);
	write_table(fitting, table, sizeof table);
	dc_units_human(accelerator->memory.size_bytes, DC_DIM_BYTES, size, sizeof size);
	dc_units_human(needed, DC_DIM_BYTES, need, sizeof need);
	dc_diag_error(
		diag, mark,
		"model '%s' with micro-batches of %llu does not fit in the %s of '%s': a rank "
		"of stage %llu needs %s",
		workload->model->name ? workload->model->name : "(inline)",
		(unsigned long long)workload->batch.micro, size,
		accelerator->name ? accelerator->name : "(inline)",
		(unsigned long long)fitting->fullest, need);
	dc_diag_note(diag, NULL, "what it needs, per accelerator:\n%s", table);
	if (search->found)
		dc_diag_note(diag, NULL, "plans near it that fit: %s", search->text);
	else
		dc_diag_note(
			diag, NULL,
			"no plan near it fits on %llu accelerators: more of them, or others with "
			"more memory, are needed",
			(unsigned long long)ranks);
	return DC_ERR_INPUT;
}
