/* Memory of one accelerator in training, and who uses it.
 *
 *   weights      4 bytes per parameter; below 32 bits also the copy that products read
 *   gradients    4 bytes per parameter (communication buckets are views of them)
 *   optimizer    its state
 *   activations  what layers keep from forward to backward
 *   workspace    the two largest gradients of activations alive at once
 * [the parts of Rajbhandari et al. 2020, ZeRO, sec. 3, for FP32 main weights as in torch.amp].
 * What driver, libraries and fragmentation take is not counted: accelerator.h says where it is. */
#ifndef DC_TRAINING_MEMORY_H
#define DC_TRAINING_MEMORY_H

#include <stddef.h>

#include "training/model.h"
#include "training/optimizer.h"

struct dc_training_memory {
	double weights_bytes;
	double gradients_bytes;
	double optimizer_bytes;
	double activations_bytes;
	double workspace_bytes;
	double total_bytes;
};

/* batch: samples per accelerator that are in flight together, > 0. */
struct dc_training_memory dc_training_memory_of(const struct dc_layers *layers, double batch,
						enum dc_precision precision,
						enum dc_optimizer optimizer);

/* Writes "weights 0.15 GB, gradients 0.10 GB, ..., total 12.3 GB" (GB = 1e9 bytes); size >= 160
 * holds every text, a smaller one is cut. */
void dc_training_memory_format(const struct dc_training_memory *memory, char *text, size_t size);

#endif
