/* Stages: which layers each part of the model has, and what a stage holds in memory.
 *
 * Part c p + s is chunk c of stage s (schedule.h). What precedes the first block belongs to the first part,
 * what follows the last to the last.
 *
 * Ownership: arrays live in the arena given. */
#ifndef DC_TRAINING_STAGES_H
#define DC_TRAINING_STAGES_H

#include "training/memory.h"
#include "training/workload.h"

/* The layer after those of the block that layer `first` is of. */
size_t dc_training_block_end(const struct dc_layers *layers, size_t first);

/* The first layer of each part, in order, and one more: the number of layers. The plan is settled. */
enum dc_status dc_training_divide(const struct dc_parallelism *parallelism,
				  const struct dc_layers *layers, struct dc_arena *arena,
				  size_t **first_layers) DC_CHECK;

/* The pipeline of a settled workload. */
struct dc_pipeline dc_training_pipeline(const struct dc_training_workload *workload);

/* Of the blocks of a chunk of a stage, how many at its begin are computed again under full recomputation of
 * recompute_layers blocks of each stage, which are spread evenly over its chunks; all of them: UINT64_MAX. */
uint64_t dc_training_recomputed(const struct dc_training_workload *workload, uint64_t chunk);

/* Layers as one rank sees them under a settled plan. */
enum dc_status dc_training_expand(const struct dc_training_workload *workload,
				  struct dc_arena *arena, struct dc_diag *diag,
				  struct dc_layers *layers) DC_CHECK;

/* Parameters of one rank that the embedding and the head have in common (tied); 0: none, or no pipeline
 * that puts them on different ranks. */
double dc_training_tied_parameters(const struct dc_training_workload *workload,
				   const struct dc_layers *layers);

/* How the optimizer of a workload runs. */
struct dc_optimizer_use dc_training_optimizer(const struct dc_training_workload *workload);

/* What a rank of each stage holds at most: `stages` gets one entry per stage. Activations are those of the schedule's
 * fullest moment. */
enum dc_status dc_training_stage_memory(const struct dc_training_workload *workload,
					const struct dc_layers *layers, struct dc_arena *arena,
					struct dc_training_memory **stages) DC_CHECK;

#endif
