/* What the files of the lowering share. */
#ifndef DC_TRAINING_LOWER_PRIVATE_H
#define DC_TRAINING_LOWER_PRIVATE_H

#include "training/lower.h"
#include "training/software.h"

/* Kinds of groups, as numbered in the ensemble; 0, none, where the group is of one. */
struct dc_lower_kinds {
	uint32_t tensor, context, expert;
	uint32_t model; /* ranks that compute together: tensor, context and expert */
	uint32_t
		dense; /* ranks with the same weights outside experts, or that share their states */
	uint32_t replica; /* under hybrid sharding: ranks with the same share */
	uint32_t experts; /* ranks with the same experts */
	uint32_t all;
};

/* Parts of an operation, and what they come to. */
struct dc_lower_work {
	const struct dc_part *parts;
	uint32_t count;
	double flops;
	double again_flops; /* of these, what is computed for the second time */
};

enum { DC_LOWER_FORWARD, DC_LOWER_BACKWARD, DC_LOWER_DIRECTIONS };

#define DC_LOWER_NONE UINT32_MAX

/* A dependency whose operation is not there yet. */
struct dc_lower_slot {
	struct dc_program *program;
	uint32_t dependency; /* in the program's list; DC_LOWER_NONE: nothing waits */
};

/* Layers [first, end) of the model. */
struct dc_lower_range {
	size_t first, end;
};

/* What weights and gradients of a range come to, of one rank. */
struct dc_lower_weights {
	double dense, experts; /* parameters */
};

/* Weights that the iteration before gathered, dense ones and experts, and who waits for each. */
struct dc_lower_fresh {
	struct dc_lower_weights weights;
	struct dc_lower_slot slots[2];
	uint32_t chunk;
};

struct dc_lowering {
	const struct dc_training_workload *workload;
	const struct dc_software *software;
	const struct dc_accelerator *accelerator;
	const struct dc_training_data *data;
	double reduce_bytes, gather_bytes; /* of an element that travels */
	double bucket_bytes;               /* of gradients that travel together */
	bool overlap_gradients, overlap_gathers;
	struct dc_arena *arena;
	struct dc_training_plan *plan;
	struct dc_lower_kinds kinds;
	uint64_t dense_shards, expert_shards; /* ranks that share the states, 1: nobody */
	/* By part and direction: a whole pass. */
	struct dc_lower_work *passes;
	/* By part, micro-batch and direction of the sender: its operation; and who waits for it. */
	uint32_t *sent;
	struct dc_lower_slot *waiting;
	/* the stage being built */
	uint32_t stage;
	struct dc_program *program;
	uint32_t compute, send[DC_LOWER_DIRECTIONS], dense, replica, experts, storage;
	/* Buckets of weights that the first forward passes wait for, in their order; under zero 3 the
	 * first gather of the iteration waits for the step. */
	struct dc_lower_fresh *fresh;
	size_t fresh_count;
	struct dc_lower_slot first_gather[2]; /* of weights outside experts, of experts */
	uint32_t last_compute;                /* operation */
	uint32_t before_last_compute;         /* the one before */
	uint32_t gradients[3];                /* last on the streams dense, replica, experts */
	/* The first and the last stage's messages of tied weights, and who waits for the other's. */
	uint32_t tied[2];
	struct dc_lower_slot tied_waiting[2];
};

/* --- lower_work.c --- */

/* The operations of layers in one direction: backward with what recomputation adds before. */
enum dc_status dc_lower_work_of(struct dc_lowering *l, uint64_t part, struct dc_lower_range range,
				int direction, struct dc_lower_work *work) DC_CHECK;
struct dc_lower_weights dc_lower_weights_of(const struct dc_lowering *l,
					    struct dc_lower_range range);
struct dc_lower_range dc_lower_part(const struct dc_lowering *l, uint64_t part);
/* The part of a range that is one unit, from `at` on, or ending at `at` when backward: layers of
 * the same block. */
struct dc_lower_range dc_lower_unit(const struct dc_lowering *l, struct dc_lower_range range,
				    size_t at, int direction);

/* Whether each tensor rank sends its part of what they all have, and the receivers gather the parts. With
 * sequence parallelism a rank has no more than its part anyway. */
bool dc_lower_splits_sends(const struct dc_lowering *l);

/* --- lower_states.c --- */

/* Appends an operation to a stream. */
enum dc_status dc_lower_add(struct dc_lowering *l, uint32_t stream, const struct dc_op *op,
			    uint32_t *number) DC_CHECK;
/* The compute operation of a pass, or of a part of one. */
enum dc_status dc_lower_compute(struct dc_lowering *l, const struct dc_lower_work *work,
				const struct dc_pass *pass) DC_CHECK;
/* Weights of a unit under zero 3, gathered before the compute operation that follows: it waits. */
enum dc_status dc_lower_gather(struct dc_lowering *l, struct dc_lower_range unit,
			       const struct dc_pass *pass, uint32_t *dense,
			       uint32_t *experts) DC_CHECK;
/* Gradients of a range are handed in, once compute operation `after` is done. */
enum dc_status dc_lower_gradients(struct dc_lowering *l, struct dc_lower_weights weights,
				  const struct dc_pass *pass, uint32_t after) DC_CHECK;
/* All that follows the passes of a stage: tied weights, the optimizer, fresh weights, the end. */
enum dc_status dc_lower_step(struct dc_lowering *l) DC_CHECK;

#endif
