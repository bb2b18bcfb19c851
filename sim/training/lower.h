/* The lowering: a model and its parallel plan become an ensemble of programs, one per pipeline stage.
 *
 * An iteration of a stage: the passes of its micro-batches in the order of the schedule (schedule.h), each
 * waiting for the activations or gradients that the neighbouring part of the model sends; then gradients
 * meet over the data-parallel ranks, during the last backward passes where `overlap` holds [Li et al.
 * 2020, PyTorch Distributed]; then the optimizer's step, which waits for all stages where there are
 * several, as clipping by the global norm does.
 *
 *     zero 0   gradients are all-reduced
 *     zero 1   they are reduce-scattered, each rank's step is on its share, weights are gathered
 *     zero 2   gradients are reduce-scattered after every micro-batch: nobody keeps them whole
 *     zero 3   weights are gathered before each unit (a block of the model) forward and backward, one unit
 *              ahead of the computation, and dropped after it [Rajbhandari et al. 2020, ZeRO; Zhao et
 *              al. 2023, PyTorch FSDP]
 *
 * With `shard`, states are shared by groups of so many data-parallel ranks, and shares of gradients are
 * all-reduced between the groups. Gradients of experts meet over the ranks that hold the same ones.
 * Tensor, context and expert exchanges are parts of the passes: nothing else can run meanwhile on the
 * compute stream, but for the share that the software stack hides behind products.
 *
 * Embedding weights that first and last stage both hold (tied) are exchanged between the two.
 *
 * Cost: operations are by stages x parts x micro-batches, under zero 3 also by blocks; nothing is by the
 * number of data-, tensor-, context- or expert-parallel ranks.
 *
 * Ownership: everything lives in the arena given. */
#ifndef DC_TRAINING_LOWER_H
#define DC_TRAINING_LOWER_H

#include "program/program.h"
#include "training/workload.h"

/* What a rank of a stage has. */
struct dc_training_stage {
	double parameters;
	double expert_parameters; /* of these, in experts */
};

struct dc_training_plan {
	uint64_t ranks;
	struct dc_ensemble *ensemble;
	struct dc_layers layers; /* as one rank of a tensor, context and expert group sees them */
	/* Parts of the model in order, and the layers of each: part c p + s is chunk c of stage s;
	 * part_layers has one more, the end. */
	size_t *part_layers;
	uint64_t parts;
	struct dc_training_stage *stages;
	struct dc_pipeline pipeline;
	double flops;       /* of a rank in an iteration, forward and backward: the stages' mean */
	double model_flops; /* those without what is computed again */
	double parameters;  /* of the model */
	double tied_parameters; /* of one rank: embedding weights that the head uses too; 0: none */
	uint64_t buckets;       /* of the first stage */
	double gradient_bytes;  /* that one rank of the first stage hands in per iteration */
};

/* workload must be settled for `ranks`. data NULL: no reading. Refuses a precision that the accelerator does not
 * have. Cost: operations of all stages' programs, p v m and a few more per bucket; nothing grows with
 * data- or tensor-parallel ranks. */
enum dc_status dc_training_lower(const struct dc_training_workload *workload,
				 const struct dc_training_data *data, uint64_t ranks,
				 const struct dc_accelerator *accelerator, struct dc_arena *arena,
				 struct dc_diag *diag, struct dc_training_plan *plan) DC_CHECK;

#endif
