/* Optimizers: one row each. */
#include "training/optimizer.h"

#include <stdbool.h>
#include <stddef.h>

const char *const dc_optimizer_names[DC_OPTIMIZERS + 1] = {
	[DC_OPTIMIZER_SGD] = "sgd",
	[DC_OPTIMIZER_SGD_MOMENTUM] = "sgd-momentum",
	[DC_OPTIMIZER_ADAM] = "adam",
	[DC_OPTIMIZER_LAMB] = "lamb",
	[DC_OPTIMIZER_ADAFACTOR] = "adafactor",
	[DC_OPTIMIZERS] = NULL,
};

const char *const dc_optimizer_states_names[] = {"fp32", "bf16", "8-bit", NULL};

/* In values per parameter: states kept; states moved by a step, and other FP32 values moved. */
static const struct {
	double kept, states, others;
	unsigned kernels;
} costs[DC_OPTIMIZERS] = {
	[DC_OPTIMIZER_SGD] = {0.0, 0.0, 3.0, 1},
	[DC_OPTIMIZER_SGD_MOMENTUM] = {1.0, 2.0, 3.0, 1},
	[DC_OPTIMIZER_ADAM] = {2.0, 4.0, 3.0, 1},
	[DC_OPTIMIZER_LAMB] = {2.0, 4.0, 9.0, 4},
	[DC_OPTIMIZER_ADAFACTOR] = {0.0, 0.0, 8.0, 4},
};

static double state_width(enum dc_optimizer_states states)
{
	switch (states) {
	case DC_OPTIMIZER_STATES_BF16:
		return 2.0;
	case DC_OPTIMIZER_STATES_8BIT:
		return 1.0 + 4.0 / 2048.0;
	case DC_OPTIMIZER_STATES_FP32:
		break;
	}
	return 4.0;
}

/* Whether the model's weights are narrow, and the optimizer has the FP32 ones. */
static bool has_copies(const struct dc_optimizer_use *use)
{
	return dc_software_of(use->software)->weights == DC_SOFTWARE_WEIGHTS_COPIES &&
	       dc_precision_size_bytes(use->precision) < 4.0;
}

double dc_optimizer_weight_bytes(const struct dc_optimizer_use *use)
{
	return has_copies(use) ? dc_precision_activation_bytes(use->precision) : 4.0;
}

double dc_optimizer_gradient_bytes(const struct dc_optimizer_use *use)
{
	return has_copies(use) ? dc_software_of(use->software)->gradient_bytes : 4.0;
}

double dc_optimizer_use_state_bytes(const struct dc_optimizer_use *use)
{
	double states = costs[use->optimizer].kept * state_width(use->states);

	return states + (has_copies(use) ? 4.0 : 0.0);
}

double dc_optimizer_use_step_bytes(const struct dc_optimizer_use *use)
{
	double width = dc_optimizer_weight_bytes(use), gradient = dc_optimizer_gradient_bytes(use);
	double moved = 4.0 * costs[use->optimizer].others +
		       state_width(use->states) * costs[use->optimizer].states;

	if (!has_copies(use))
		return moved;
	if (gradient < 4.0)
		moved += gradient + 4.0;
	return moved + 4.0 + 4.0 + width;
}

struct dc_work dc_optimizer_use_work(const struct dc_optimizer_use *use, double parameters)
{
	return (struct dc_work){
		.bytes = parameters * dc_optimizer_use_step_bytes(use),
		.precision = DC_FP32,
		.kernels = costs[use->optimizer].kernels + (has_copies(use) ? 2u : 0u),
	};
}

static struct dc_optimizer_use plain(enum dc_optimizer optimizer)
{
	return (struct dc_optimizer_use){.optimizer = optimizer, .precision = DC_FP32};
}

double dc_optimizer_state_bytes(enum dc_optimizer optimizer)
{
	struct dc_optimizer_use use = plain(optimizer);

	return dc_optimizer_use_state_bytes(&use);
}

double dc_optimizer_step_bytes(enum dc_optimizer optimizer)
{
	struct dc_optimizer_use use = plain(optimizer);

	return dc_optimizer_use_step_bytes(&use);
}

struct dc_work dc_optimizer_work(enum dc_optimizer optimizer, double parameters)
{
	struct dc_optimizer_use use = plain(optimizer);

	return dc_optimizer_use_work(&use, parameters);
}
