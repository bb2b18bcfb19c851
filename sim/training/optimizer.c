/* Optimizers: one row each. */
#include "training/optimizer.h"

#include <stddef.h>

const char *const dc_optimizer_names[DC_OPTIMIZERS + 1] = {
	[DC_OPTIMIZER_SGD] = "sgd",   [DC_OPTIMIZER_SGD_MOMENTUM] = "sgd-momentum",
	[DC_OPTIMIZER_ADAM] = "adam", [DC_OPTIMIZER_LAMB] = "lamb",
	[DC_OPTIMIZERS] = NULL,
};

/* In FP32 values per parameter: kept, and moved by a step. */
static const struct {
	double state, moved;
	unsigned kernels;
} costs[DC_OPTIMIZERS] = {
	[DC_OPTIMIZER_SGD] = {0.0, 3.0, 1},
	[DC_OPTIMIZER_SGD_MOMENTUM] = {1.0, 5.0, 1},
	[DC_OPTIMIZER_ADAM] = {2.0, 7.0, 1},
	[DC_OPTIMIZER_LAMB] = {2.0, 13.0, 4},
};

double dc_optimizer_state_bytes(enum dc_optimizer optimizer)
{
	return 4.0 * costs[optimizer].state;
}

double dc_optimizer_step_bytes(enum dc_optimizer optimizer)
{
	return 4.0 * costs[optimizer].moved;
}

struct dc_work dc_optimizer_work(enum dc_optimizer optimizer, double parameters)
{
	return (struct dc_work){
		.bytes = parameters * dc_optimizer_step_bytes(optimizer),
		.precision = DC_FP32,
		.kernels = costs[optimizer].kernels,
	};
}
