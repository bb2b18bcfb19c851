/* The parallel plan: how the ranks share the model and the batch.
 *
 * Degrees multiply to the number of accelerators: tensor t (with or without sequence parallelism),
 * context c, data d and pipeline p. Expert parallelism of degree e and hybrid sharding are carved out of
 * the data-parallel ranks: d = e x shard x rest. A rank's coordinates vary in `order`, the innermost
 * axis first, so the first axes lie within a node.
 *
 * A global batch of B samples is m = B / (d b) micro-batches of b samples per replica.
 *
 * Ownership: the section lives in the configuration's arena. */
#ifndef DC_TRAINING_PARALLELISM_H
#define DC_TRAINING_PARALLELISM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "config/fields.h"
#include "training/schedule.h"

enum dc_parallel_axis {
	DC_PARALLEL_TENSOR,
	DC_PARALLEL_CONTEXT,
	DC_PARALLEL_EXPERT, /* within data */
	DC_PARALLEL_SHARD, /* within data: ranks that share weights between them under hybrid sharding */
	DC_PARALLEL_DATA, /* what is left of data */
	DC_PARALLEL_PIPELINE,
	DC_PARALLEL_AXES,
};
/* "tensor", "context", "expert", "shard", "data", "pipeline", NULL. */
extern const char *const dc_parallel_axis_names[DC_PARALLEL_AXES + 1];

enum dc_parallel_ends {
	DC_ENDS_EXTRA, /* the first and the last stage have embedding and head beside their share */
	DC_ENDS_LAYERS, /* embedding and head each count as one layer */
};

struct dc_parallelism {
	const struct dc_node *node;
	const char *data_text; /* "all" or a number */
	uint64_t tensor, pipeline, interleave, context, expert;
	uint64_t shard; /* 0: all data-parallel ranks */
	bool sequence;
	uint64_t zero;         /* 0 to 3 */
	int schedule;          /* enum dc_schedule_kind */
	int ends;              /* enum dc_parallel_ends */
	struct dc_list stages; /* of doubles: layers of each part of the model; empty: even */
	const struct dc_node *order_node; /* names of axes, innermost first; NULL: as enumerated */
	/* settled */
	uint64_t data; /* d */
	enum dc_parallel_axis order[DC_PARALLEL_AXES];
};

extern const struct dc_section dc_parallelism_section;

/* Size of an axis of a settled plan: the product over all axes is the number of ranks. */
uint64_t dc_parallelism_axis_size(const struct dc_parallelism *parallelism,
				  enum dc_parallel_axis axis);

/* Ranks that share states under ZeRO, of weights outside experts and of experts; 1 without ZeRO. */
uint64_t dc_parallelism_dense_shards(const struct dc_parallelism *parallelism);
uint64_t dc_parallelism_expert_shards(const struct dc_parallelism *parallelism);

/* What is to be divided. */
struct dc_parallel_subject {
	uint64_t ranks;
	uint64_t blocks;     /* of the model: what stages are made of */
	uint64_t heads;      /* 0: no attention */
	uint64_t experts;    /* 0: none */
	uint64_t sequence;   /* tokens per sample; 0: none */
	bool front, back;    /* layers before the first block, after the last */
	bool splits;         /* every layer can be divided over tensor-parallel ranks */
	const char *unsplit; /* kind of a layer that cannot */
};

/* Settles degrees and order for what is to be divided. Every plan that does not fit is reported at its key with
 * what would: degrees that do not multiply to the ranks, tensor sizes that do not divide the heads,
 * stages that do not divide the layers. */
enum dc_status dc_parallelism_settle(struct dc_parallelism *parallelism,
				     const struct dc_parallel_subject *subject,
				     struct dc_diag *diag) DC_CHECK;

/* Blocks of each of the model's p v parts, in order: parts has room for pipeline x interleave. The plan
 * is settled. With ends DC_ENDS_LAYERS the first and last part have one less. */
void dc_parallelism_parts(const struct dc_parallelism *parallelism, uint64_t blocks,
			  uint64_t *parts);

/* The largest divisor of `whole` that is at most `wanted`, and the least that is at least that (0 when there is
 * none). whole, wanted >= 1. */
void dc_nearest_divisors(uint64_t whole, uint64_t wanted, uint64_t *below, uint64_t *above);

#endif
