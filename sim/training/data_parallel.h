/* Data-parallel synchronous training: the lowering of a model to a program.
 *
 * Every rank holds the whole model. An iteration reads a batch, runs the layers forward, then
 * backward; gradients are gathered into buckets in the order the backward pass finishes them, and
 * each bucket is all-reduced on its own stream, during the rest of the backward pass when `overlap`
 * holds [Li et al. 2020, PyTorch Distributed]; the optimizer waits for the last. Gradients are fp32,
 * as automatic mixed precision leaves them [Micikevicius et al. 2018; torch.amp documentation].
 *
 * A bucket closes once it holds at least bucket_bytes; the last takes what is left. Reading runs
 * `prefetch` batches ahead of the iteration that consumes them. */
#ifndef DC_TRAINING_DATA_PARALLEL_H
#define DC_TRAINING_DATA_PARALLEL_H

#include "program/program.h"
#include "training/workload.h"

struct dc_training_plan {
	struct dc_ensemble *ensemble;
	struct dc_layers layers;
	double flops;       /* of one rank's iteration, forward and backward */
	double model_flops; /* those without what is computed again: flash attention's scores */
	double parameters;
	uint64_t buckets;
	double gradient_bytes; /* all-reduced per iteration */
};

/* workload must be settled. data NULL: no reading. `ranks` 1 has no collectives. */
enum dc_status dc_training_lower(const struct dc_training_workload *workload,
				 const struct dc_training_data *data, uint64_t ranks,
				 const struct dc_accelerator *accelerator, struct dc_arena *arena,
				 struct dc_diag *diag, struct dc_training_plan *plan) DC_CHECK;

#endif
