/* Memory of one accelerator in training, and who uses it.
 *
 *   weights      what products read and the optimizer does not keep: 4 bytes per parameter, below 32
 *                bits also the narrow copy that products read; or narrow weights alone (software.h)
 *   gradients    their buffer (communication buckets are views of it)
 *   optimizer    its states, and FP32 weights where the model's are narrow
 *   activations  what layers keep from forward to backward, of all micro-batches in flight
 *   recomputed   what one block keeps while it is computed again before its backward pass
 *   workspace    the two largest gradients of activations alive at once
 *   gathered     ZeRO 3: whole weights of the block in use and of the next one, and whole gradients of
 *                the one that is being handed in
 *   allowance    what fragmentation of the allocator's blocks takes, a share of what comes and goes
 * [the parts of Rajbhandari et al. 2020, ZeRO, sec. 3, and Korthikanti et al. 2022, sec. 4]. States are
 * shared over ranks as ZeRO's stages say: 1 optimizer, 2 gradients too, 3 weights too; experts' over
 * their own ranks. Blocks whose layers are recomputed in full keep their input; front and head are
 * never recomputed. What driver and libraries take is not counted: accelerator.h says where it is.
 *
 * Offloaded optimizer states, with FP32 weights where they are the optimizer's, lie in the host's
 * memory or its drives; gradients go there and weights come back every iteration [Ren et al. 2021,
 * ZeRO-Offload; Rajbhandari et al. 2021, ZeRO-Infinity]. */
#ifndef DC_TRAINING_MEMORY_H
#define DC_TRAINING_MEMORY_H

#include <stddef.h>

#include "training/model.h"
#include "training/optimizer.h"

/* Share of activations, recomputed, workspace and gathered that fragmentation takes. Unverified: PyTorch's
 * allocator wastes 15 % on average and up to 33 % where sizes vary [Guo et al. 2024, GMLake,
 * ASPLOS]; micro-batches of training with equal shapes reuse the same blocks. */
#define DC_MEMORY_FRAGMENTATION 0.05

enum dc_recompute { DC_RECOMPUTE_NONE, DC_RECOMPUTE_SELECTIVE, DC_RECOMPUTE_FULL };

enum dc_offload { DC_OFFLOAD_NONE, DC_OFFLOAD_HOST, DC_OFFLOAD_STORAGE };
/* "none", "host", "nvme", NULL: the choices of a key. */
extern const char *const dc_training_offload_names[];

struct dc_training_memory {
	double weights_bytes;
	double gradients_bytes;
	double optimizer_bytes;
	double activations_bytes;
	double workspace_bytes;
	double recomputed_bytes;
	double gathered_bytes;
	double allowance_bytes;
	double total_bytes;
	double host_bytes;    /* of the host's memory, per accelerator */
	double storage_bytes; /* of its drives, per accelerator */
	/* What offloading moves per iteration: gradients to the host, weights from it, states to
	 * and from drives each. */
	double to_host_bytes, from_host_bytes, storage_traffic_bytes;
};

/* Layers [first, end) of a stage: how many micro-batches are in flight between their forward and
 * backward passes, and what they do again. */
struct dc_memory_part {
	size_t first, end;
	double in_flight;
	int recompute; /* enum dc_recompute */
};

struct dc_memory_case {
	const struct dc_layers *layers; /* expanded under the shard */
	const struct dc_memory_part *parts;
	size_t part_count;
	double extra_parameters; /* beside those of the layers: a second copy of tied weights */
	double samples;          /* of a micro-batch */
	struct dc_optimizer_use use;
	int zero;                           /* 0 to 3 */
	double dense_shards, expert_shards; /* ranks that share states, >= 1 */
	int offload;                        /* enum dc_offload */
	double fragmentation;               /* DC_MEMORY_FRAGMENTATION */
};

struct dc_training_memory dc_training_memory_of_stage(const struct dc_memory_case *stage);

/* All layers on one accelerator with the generic software, nothing in parts, no allowance. batch: samples
 * that are in flight together, > 0. */
struct dc_training_memory dc_training_memory_of(const struct dc_layers *layers, double batch,
						enum dc_precision precision,
						enum dc_optimizer optimizer);

/* Writes "weights 0.15 GB, gradients 0.10 GB, ..., total 12.3 GB" (GB = 1e9 bytes), parts that are
 * nothing left out but the five that every training has; size >= 320 holds every text, a smaller one
 * is cut. */
void dc_training_memory_format(const struct dc_training_memory *memory, char *text, size_t size);

/* Writes a table in GB, a row per part and a column per stage, headed "stage 0" ... by their numbers;
 * `indent` blanks before each row. A row of 96 bytes and 16 per stage holds every one; a text too
 * small is cut. */
void dc_training_memory_table(const struct dc_training_memory *stages, const size_t *numbers,
			      size_t count, int indent, char *text, size_t size);

#endif
