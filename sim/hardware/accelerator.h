/* Accelerators: what a device can do at most, how much of it software reaches, what it draws.
 *
 * Peaks are dense (no structured sparsity), of the fastest unit that multiplies matrices of that
 * format: the matrix unit where there is one for it, the vector unit otherwise. 0 means that the
 * device has no such format. Memory sizes are the vendor's figure read as decimal gigabytes; memory
 * parts hold binary ones, and the 7 % between them stand for what driver and framework keep.
 *
 * Power [facility: linear component model, e.g. Fan, Weber & Barroso 2007, extended to parts]:
 *
 *     P = idle + (max - idle) min(1, s_c c' + s_m m' + s_l l)
 *
 * c' is compute activity relative to what a long matrix product sustains (share of peak /
 * efficiency.matrix), m' memory activity relative to what a long stream sustains (share of the peak
 * bandwidth / efficiency.memory), l link activity, each clipped at 1. So a large product draws
 * s_c plus its memory part, about 1, as measured: compute phases of training run at 0.9 to 1.1 of
 * the rated power [Patel et al. 2024, POLCA]. The defaults:
 *   s_c = 0.75, s_m = 0.75: products and streams compete for one budget. MLPerf Training v4.0 power
 *       logs of one 8xH100 server: DLRM, bound by memory, 6.89 kW and Llama-2-70B LoRA, bound by
 *       products, 6.96 kW at the supplies' output: memory alone nearly reaches the cap;
 *   s_l = 0.35: communication that nothing hides, waiting included, draws 0.3 to 0.6 of the rated
 *       power [POLCA]; 0.35 gives 0.45 on an A100 (60 W idle, 400 W).
 * They are one setting for all devices and unverified for each.
 *
 * Ownership: sections live in the arena of the configuration they were read through. */
#ifndef DC_HARDWARE_ACCELERATOR_H
#define DC_HARDWARE_ACCELERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "config/fields.h"
#include "hardware/precision.h"

enum dc_accelerator_kind {
	DC_ACCELERATOR_GPU,
	DC_ACCELERATOR_TPU,
	DC_ACCELERATOR_ASIC,
	DC_ACCELERATOR_FPGA,
	DC_ACCELERATOR_CPU,
};

struct dc_accelerator_peak { /* FLOP/s, dense; 0: not supported */
	const struct dc_node *node;
	double fp64, fp32, tf32, fp16, bf16, fp8, mxfp8, nvfp4, int8;
};

struct dc_accelerator_memory {
	const struct dc_node *node;
	double size_bytes;
	double bandwidth_bps;
};

struct dc_accelerator_power {
	const struct dc_node *node;
	double idle_w;
	double max_w; /* sustained limit (rated board or module power) */
	double compute_share, memory_share, link_share;
};

struct dc_accelerator_scaleup {
	const struct dc_node *node;
	const char *name;
	double bandwidth_bps; /* per direction, all links of the device; 0: none */
};

struct dc_accelerator_host_link {
	const struct dc_node *node;
	double bandwidth_bps; /* per direction */
};

/* Share of the peak that fused attention reaches, by generation of the kernel; 0: as products. */
struct dc_accelerator_attention {
	const struct dc_node *node;
	double triton, flash2, flash3, cudnn;
};

struct dc_accelerator_efficiency {
	const struct dc_node *node;
	const char *
		calibration; /* what the constants were fitted on; NULL: nothing, they are defaults */
	double matrix;       /* share of peak that a product of long inner dimension reaches */
	double fp8, mxfp8, nvfp4; /* the same of these formats; 0: as matrix */
	double batched;           /* of that, what many small products at once reach */
	struct dc_accelerator_attention attention;
	double inner_half; /* inner dimension K at which half of that is reached */
	double outer_half; /* number of rows, or of columns, at which half of it is reached */
	double unaligned;  /* of that, when rows are no multiple of 16 bytes; 0: as others */
	double beside;     /* share of a product's time that hides an exchange run beside it */
	double exchange;   /* how much longer exchanges take between works than alone */
	double send_s;     /* what passing something on to another stage costs beside the message */
	double contention; /* how much slower work gets beside communication: 1 + this */
	double jitter; /* how much longer work takes per doubling of nodes, expected of the slowest */
	double memory;   /* share of the peak bandwidth that a long stream reaches */
	double launch_s; /* device time that every kernel costs */
};

struct dc_accelerator {
	const struct dc_node *node;
	const char *name;
	const char *description;
	int kind; /* enum dc_accelerator_kind */
	struct dc_accelerator_peak peak;
	struct dc_accelerator_memory memory;
	struct dc_accelerator_power power;
	struct dc_accelerator_scaleup scaleup;
	struct dc_accelerator_host_link host_link;
	struct dc_accelerator_efficiency efficiency;
	double price_usd; /* 0: not sold, or unknown */
	uint64_t year;    /* of availability */
};

extern const struct dc_section dc_accelerator_section;
extern const struct dc_catalogue_family dc_accelerator_family; /* catalog/accelerators */

/* What field rows cannot say: idle power at most the maximum, at least one peak. Reports every
 * fault at its key. */
enum dc_status dc_accelerator_check(const struct dc_accelerator *accelerator,
				    struct dc_diag *diag) DC_CHECK;

/* Dense peak in FLOP/s; 0 when the device has no such format. */
double dc_accelerator_peak_flops(const struct dc_accelerator *accelerator,
				 enum dc_precision precision);
bool dc_accelerator_supports(const struct dc_accelerator *accelerator, enum dc_precision precision);

/* Share of that peak which a matrix product of long inner dimension reaches, > 0. */
double dc_accelerator_matrix_efficiency(const struct dc_accelerator *accelerator,
					enum dc_precision precision);

/* Power drawn by the device alone, W.
 *
 * compute_u: share of the peak FLOP/s; memory_u: share of the peak memory bandwidth; link_u: share
 * of the time or bandwidth in which links are driven or waited for; each is clipped to 0..1.
 * Rises with every argument; exactly idle_w at (0, 0, 0); never above max_w. */
double dc_accelerator_power_w(const struct dc_accelerator *accelerator, double compute_u,
			      double memory_u, double link_u);

#endif
