/* Fitting: whether a plan's stages fit in an accelerator's memory, and which plans near it do.
 *
 * Ownership: arrays and texts live in the arena given. */
#ifndef DC_TRAINING_FITTING_H
#define DC_TRAINING_FITTING_H

#include "hardware/accelerator.h"
#include "training/workload.h"

/* What the ranks of each stage hold, one entry per pipeline stage; the workload is settled and its layers are
 * expanded. */
struct dc_training_fitting {
	struct dc_training_memory *stages;
	uint64_t count;
	uint64_t fullest; /* stage */
};

/* layers NULL: they are expanded here. */
enum dc_status dc_training_fit(const struct dc_training_workload *workload,
			       const struct dc_layers *layers, struct dc_arena *arena,
			       struct dc_diag *diag, struct dc_training_fitting *fitting) DC_CHECK;

/* Reports a plan that does not fit: where, the table of its fullest stages, and plans near it that do
 * (nearby.h). DC_OK when it fits. */
enum dc_status dc_training_check_memory(const struct dc_training_workload *workload,
					const struct dc_training_fitting *fitting, uint64_t ranks,
					const struct dc_accelerator *accelerator,
					struct dc_diag *diag) DC_CHECK;

#endif
