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

/* Significant digits of a number of GB: three, or all those before the point. */
static int digits(double number_gb)
{
	return number_gb < 1e3 ? 3 : (int)fmin(15.0, floor(log10(number_gb)) + 1.0);
}

void dc_training_memory_format(const struct dc_training_memory *memory, char *text, size_t size)
{
	double weights = memory->weights_bytes * 1e-9, gradients = memory->gradients_bytes * 1e-9;
	double optimizer = memory->optimizer_bytes * 1e-9;
	double activations = memory->activations_bytes * 1e-9;
	double workspace = memory->workspace_bytes * 1e-9, total = memory->total_bytes * 1e-9;

	snprintf(text, size,
		 "weights %.*g GB, gradients %.*g GB, optimizer %.*g GB, activations %.*g GB, "
		 "workspace %.*g GB, total %.*g GB",
		 digits(weights), weights, digits(gradients), gradients, digits(optimizer),
		 optimizer, digits(activations), activations, digits(workspace), workspace,
		 digits(total), total);
}
