/* Fitting: the memory of a plan, and the refusal of one that does not fit. */
#include "training/fitting.h"

#include <stdio.h>

#include "base/units.h"
#include "training/nearby.h"
#include "training/stages.h"

enum { TABLE_STAGES = 3, TEXT_SIZE = 4096 };

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
					struct dc_diag *diag)
{
	double needed = fitting->stages[fitting->fullest].total_bytes;
	const struct dc_mark *mark = dc_node_mark(workload->node, "model");
	char table[TEXT_SIZE], plans[TEXT_SIZE], size[64], need[64];
	unsigned found;

	if (needed <= accelerator->memory.size_bytes)
		return DC_OK;
	found = dc_training_nearby(workload, ranks, accelerator, plans, sizeof plans);
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
	if (found)
		dc_diag_note(diag, NULL, "plans near it that fit: %s", plans);
	else
		dc_diag_note(
			diag, NULL,
			"no plan near it fits on %llu accelerators: more of them, or others with "
			"more memory, are needed",
			(unsigned long long)ranks);
	return DC_ERR_INPUT;
}
