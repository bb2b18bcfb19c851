/* Memory of one accelerator in training. */
#include "training/memory.h"

#include <math.h>
#include <stdio.h>

struct dc_training_memory dc_training_memory_of(const struct dc_layers *layers, double batch,
						enum dc_precision precision,
						enum dc_optimizer optimizer)
{
	double width = dc_precision_size_bytes(precision);
	double parameters = 0.0, transient = 0.0;
	struct dc_training_memory memory = {0};

	for (size_t i = 0; i < layers->count; i++) {
		const struct dc_layer *layer = &layers->items[i];

		parameters += layer->parameters;
		memory.activations_bytes += dc_layer_saved_bytes(layer, batch, precision);
		if (width < 4.0)
			memory.weights_bytes += width * layer->matrix_parameters;
		transient = fmax(transient, layer->transient_elements);
	}
	memory.weights_bytes += 4.0 * parameters;
	memory.gradients_bytes = 4.0 * parameters;
	memory.optimizer_bytes = dc_optimizer_state_bytes(optimizer) * parameters;
	memory.workspace_bytes = batch * transient * dc_precision_activation_bytes(precision);
	memory.total_bytes = memory.weights_bytes + memory.gradients_bytes +
			     memory.optimizer_bytes + memory.activations_bytes +
			     memory.workspace_bytes;
	return memory;
}

void dc_training_memory_format(const struct dc_training_memory *memory, char *text, size_t size)
{
	snprintf(text, size,
		 "weights %.3g GB, gradients %.3g GB, optimizer %.3g GB, activations %.3g GB, "
		 "workspace %.3g GB, total %.3g GB",
		 memory->weights_bytes * 1e-9, memory->gradients_bytes * 1e-9,
		 memory->optimizer_bytes * 1e-9, memory->activations_bytes * 1e-9,
		 memory->workspace_bytes * 1e-9, memory->total_bytes * 1e-9);
}
