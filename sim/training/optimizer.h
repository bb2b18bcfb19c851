/* Optimizers: what they keep per parameter, and what one step moves.
 *
 * Parameters, gradients and states are FP32 [PyTorch's torch.optim under automatic mixed
 * precision]. A step is elementwise, one fused sweep over all parameters (multi-tensor kernels):
 *   sgd            reads w, g; writes w                               12 bytes per parameter
 *   sgd-momentum   reads w, g, m; writes w, m                         20
 *   adam           reads w, g, m, v; writes w, m, v                   28  [Kingma & Ba 2015]
 *   lamb           the gradient's global norm (g); Adam's update into a buffer (w, g, m, v; m, v,
 *                  u); per-layer norms (w, u); the step (w, u; w)     52  [You et al. 2020] */
#ifndef DC_TRAINING_OPTIMIZER_H
#define DC_TRAINING_OPTIMIZER_H

#include "hardware/roofline.h"

enum dc_optimizer {
	DC_OPTIMIZER_SGD,
	DC_OPTIMIZER_SGD_MOMENTUM,
	DC_OPTIMIZER_ADAM,
	DC_OPTIMIZER_LAMB,
	DC_OPTIMIZERS,
};

/* "sgd", "sgd-momentum", "adam", "lamb", NULL: the choices of a key. */
extern const char *const dc_optimizer_names[DC_OPTIMIZERS + 1];

/* Bytes kept between steps, per parameter. */
double dc_optimizer_state_bytes(enum dc_optimizer optimizer);
/* Bytes that one step moves, per parameter. */
double dc_optimizer_step_bytes(enum dc_optimizer optimizer);
/* One step over `parameters` of them, as an operation of the accelerator. */
struct dc_work dc_optimizer_work(enum dc_optimizer optimizer, double parameters);

#endif
