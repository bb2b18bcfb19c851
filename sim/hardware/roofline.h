/* Time of one operation on one accelerator: the roofline with two efficiencies.
 *
 *     t = max( F/(P eta) (1 + K0/K) (1 + H/M) (1 + H/N),  Q/(e_m B) ) + k t_k
 *
 * F FLOP of matrix products with inner dimension K in a format of dense peak P; Q bytes to and from
 * memory of peak bandwidth B; k kernels of t_k each [Williams, Waterman & Patterson 2009].
 * eta, K0, H, e_m and t_k are the accelerator's `efficiency`. 1 + K0/K is the pipeline-fill form: a
 * product spends a fixed time to start and end each output tile, whatever K is. 1 + H/M and 1 + H/N
 * are what tiles that reach over the edges and unequal waves of tiles cost, each 2 at most: for
 * narrower matrices libraries have smaller tiles, and traffic counts. Convolutions, whose channels
 * are few and whose tiles are made for them, are left out. Where rows of a matrix
 * are not a multiple of 16 bytes long, matrix units load element by element: efficiency.unaligned of
 * eta is left [NVIDIA, Matrix Multiplication Background User's Guide, sec. 2: alignment]. Elementwise work
 * (K = 0) is bound by its bytes: its arithmetic hides behind them on every device here.
 *
 * Some kernels have an efficiency of their own, whatever K: a generation of fused attention (the
 * accelerator's efficiency.attention; where it has none, as any product); batched products of small
 * matrices reach eta efficiency.batched of the peak and do not hide their traffic,
 *
 *     t = F/(P eta e_b) + Q/(e_m B) + k t_k.
 *
 * Eight bits and fewer have an eta of their own where the accelerator says one. */
#ifndef DC_HARDWARE_ROOFLINE_H
#define DC_HARDWARE_ROOFLINE_H

#include "hardware/accelerator.h"
#include "hardware/precision.h"

/* How a product runs; the accelerator has the efficiency of each. */
enum dc_kernel {
	DC_KERNEL_PRODUCT,     /* as long matrix products do */
	DC_KERNEL_BATCHED,     /* many small products at once */
	DC_KERNEL_CONVOLUTION, /* as products; channels are padded where they do not align */
	/* fused attention by generation */
	DC_KERNEL_TRITON,
	DC_KERNEL_FLASH2,
	DC_KERNEL_FLASH3,
	DC_KERNEL_CUDNN,
};

/* One operation. Everything is finite and >= 0. */
struct dc_work {
	double flops;                /* 2 per multiply-add */
	double bytes;                /* moved to and from the accelerator's memory */
	double inner;                /* K of the matrix product; 0: elementwise */
	double rows, columns;        /* M and N; 0: large */
	enum dc_precision precision; /* of the product's operands */
	unsigned kernels;
	enum dc_kernel kernel; /* how the product runs */
	double launches; /* kernels that the host launches for it; the duration leaves them out */
};

/* Seconds. A product in a format the accelerator has not takes infinitely long: callers refuse it
 * first, with dc_accelerator_supports(). */
double dc_roofline_duration_s(const struct dc_accelerator *accelerator, const struct dc_work *work);

/* Share of the peak FLOP/s and of the peak memory bandwidth used on average over duration_s (> 0),
 * each 0..1. Arithmetic of elementwise work counts as none. */
void dc_roofline_activity(const struct dc_accelerator *accelerator, const struct dc_work *work,
			  double duration_s, double *compute_u, double *memory_u);

#endif
