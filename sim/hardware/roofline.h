/* Time of one operation on one accelerator: the roofline with two efficiencies.
 *
 *     t = max( F/(P eta) (K + K0)/K,  Q/(e_m B) ) + k t_k
 *
 * F FLOP of matrix products with inner dimension K in a format of dense peak P; Q bytes to and from
 * memory of peak bandwidth B; k kernels of t_k each [Williams, Waterman & Patterson 2009].
 * eta, K0, e_m and t_k are the accelerator's `efficiency`. (K + K0)/K is the pipeline-fill form: a
 * product spends a fixed time to start and end each output tile, whatever K is. Elementwise work
 * (K = 0) is bound by its bytes: its arithmetic hides behind them on every device here. */
#ifndef DC_HARDWARE_ROOFLINE_H
#define DC_HARDWARE_ROOFLINE_H

#include "hardware/accelerator.h"
#include "hardware/precision.h"

/* One operation. Everything is finite and >= 0. */
struct dc_work {
	double flops;                /* 2 per multiply-add */
	double bytes;                /* moved to and from the accelerator's memory */
	double inner;                /* K of the matrix product; 0: elementwise */
	enum dc_precision precision; /* of the product's operands */
	unsigned kernels;
};

/* Seconds. A product in a format the accelerator has not takes infinitely long: callers refuse it
 * first, with dc_accelerator_supports(). */
double dc_roofline_duration_s(const struct dc_accelerator *accelerator, const struct dc_work *work);

/* Share of the peak FLOP/s and of the peak memory bandwidth used on average over duration_s (> 0),
 * each 0..1. Arithmetic of elementwise work counts as none. */
void dc_roofline_activity(const struct dc_accelerator *accelerator, const struct dc_work *work,
			  double duration_s, double *compute_u, double *memory_u);

#endif
