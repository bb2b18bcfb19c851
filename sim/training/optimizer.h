/* Optimizers: what they keep per parameter, and what one step moves.
 *
 * Gradients and updates are FP32 [PyTorch's torch.optim]. A step is elementwise, one fused sweep over
 * all parameters (multi-tensor kernels):
 *   sgd            reads w, g; writes w                               12 bytes per parameter
 *   sgd-momentum   reads w, g, m; writes w, m                         20
 *   adam           reads w, g, m, v; writes w, m, v                   28  [Kingma & Ba 2015]
 *   lamb           the gradient's global norm (g); Adam's update into a buffer (w, g, m, v; m, v,
 *                  u); per-layer norms (w, u); the step (w, u; w)     52  [You et al. 2020]
 *   adafactor      means of rows and columns (g); the update (g; u); its root mean square and the
 *                  weights' (u, w); the step (w, u; w)                32  [Shazeer & Stern 2018,
 *                  without momentum]; states of rows plus columns are less than a hundredth of the
 *                  parameters and count as nothing
 * States may be narrower than FP32: bf16, or 8 bits with a scale per block of 2,048, which is 1.002
 * bytes [Dettmers et al. 2022, 8-bit optimizers via block-wise quantization].
 *
 * With narrow weights (software.h: copies) the optimizer keeps FP32 ones, and a step also reads
 * gradients once for their norm and writes narrow weights (reads 4, writes 2); gradients kept in 16
 * bits are widened first (reads 2, writes 4) [Megatron-LM, optimizer/optimizer.py].
 *
 * ZeRO [Rajbhandari et al. 2020] shares the step over ranks: each has its part of the parameters. */
#ifndef DC_TRAINING_OPTIMIZER_H
#define DC_TRAINING_OPTIMIZER_H

#include "hardware/roofline.h"
#include "training/software.h"

enum dc_optimizer {
	DC_OPTIMIZER_SGD,
	DC_OPTIMIZER_SGD_MOMENTUM,
	DC_OPTIMIZER_ADAM,
	DC_OPTIMIZER_LAMB,
	DC_OPTIMIZER_ADAFACTOR,
	DC_OPTIMIZERS,
};

/* "sgd", "sgd-momentum", "adam", "lamb", "adafactor", NULL: the choices of a key. */
extern const char *const dc_optimizer_names[DC_OPTIMIZERS + 1];

enum dc_optimizer_states {
	DC_OPTIMIZER_STATES_FP32,
	DC_OPTIMIZER_STATES_BF16,
	DC_OPTIMIZER_STATES_8BIT,
};
/* "fp32", "bf16", "8-bit", NULL. */
extern const char *const dc_optimizer_states_names[];

/* Bytes kept between steps, per parameter: FP32 states beside FP32 weights. */
double dc_optimizer_state_bytes(enum dc_optimizer optimizer);
/* Bytes that one step moves, per parameter, with those. */
double dc_optimizer_step_bytes(enum dc_optimizer optimizer);
/* One step over `parameters` of them, as an operation of the accelerator. */
struct dc_work dc_optimizer_work(enum dc_optimizer optimizer, double parameters);

/* How an optimizer runs: software NULL is the generic one; precision is the products'. */
struct dc_optimizer_use {
	enum dc_optimizer optimizer;
	enum dc_optimizer_states states;
	enum dc_precision precision;
	const struct dc_software *software;
};

/* The same for a use: FP32 weights are among what it keeps where the model's are narrow. */
double dc_optimizer_use_state_bytes(const struct dc_optimizer_use *use);
double dc_optimizer_use_step_bytes(const struct dc_optimizer_use *use);
struct dc_work dc_optimizer_use_work(const struct dc_optimizer_use *use, double parameters);

/* Bytes of a weight on the accelerator between steps (its FP32 copy in the optimizer not included),
 * and of its gradient. */
double dc_optimizer_weight_bytes(const struct dc_optimizer_use *use);
double dc_optimizer_gradient_bytes(const struct dc_optimizer_use *use);

#endif
