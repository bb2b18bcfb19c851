/* The roofline: duration and activity of one operation. */
#include "hardware/roofline.h"

#include <math.h>
#include <stdbool.h>

/* Efficiency of a generation of fused attention; 0: the accelerator's file has none. */
static double attention_efficiency(const struct dc_accelerator_attention *attention,
				   enum dc_kernel kernel)
{
	switch (kernel) {
	case DC_KERNEL_TRITON:
		return attention->triton;
	case DC_KERNEL_FLASH2:
		return attention->flash2;
	case DC_KERNEL_FLASH3:
		return attention->flash3;
	case DC_KERNEL_CUDNN:
		return attention->cudnn;
	case DC_KERNEL_PRODUCT:
	case DC_KERNEL_BATCHED:
	case DC_KERNEL_CONVOLUTION:
		break;
	}
	return 0.0;
}

/* Whether rows of so many elements are a multiple of 16 bytes. */
static bool is_aligned(double length, enum dc_precision precision)
{
	return fmod(length * dc_precision_size_bytes(precision), 16.0) == 0.0;
}

/* How much longer a product takes for its shape: twice at most for each side. */
static double edges(const struct dc_accelerator_efficiency *efficiency, const struct dc_work *work)
{
	double longer = 1.0;

	if (work->kernel != DC_KERNEL_PRODUCT)
		return longer;
	if (work->rows > 0.0)
		longer *= 1.0 + fmin(1.0, efficiency->outer_half / work->rows);
	if (work->columns > 0.0)
		longer *= 1.0 + fmin(1.0, efficiency->outer_half / work->columns);
	if (efficiency->unaligned > 0.0 && work->columns > 0.0 &&
	    (!is_aligned(work->columns, work->precision) ||
	     !is_aligned(work->inner, work->precision)))
		longer /= efficiency->unaligned;
	return longer;
}

static double product_s(const struct dc_accelerator *accelerator, const struct dc_work *work)
{
	const struct dc_accelerator_efficiency *efficiency = &accelerator->efficiency;
	double peak = dc_accelerator_peak_flops(accelerator, work->precision);
	double matrix = dc_accelerator_matrix_efficiency(accelerator, work->precision);
	double attention = attention_efficiency(&efficiency->attention, work->kernel);

	if (!(work->inner > 0.0) || !(work->flops > 0.0))
		return 0.0;
	if (work->kernel == DC_KERNEL_BATCHED)
		return work->flops / (peak * matrix * efficiency->batched);
	if (attention > 0.0)
		return work->flops / (peak * attention);
	return work->flops / (peak * matrix) * (work->inner + efficiency->inner_half) /
	       work->inner * edges(efficiency, work);
}

double dc_roofline_duration_s(const struct dc_accelerator *accelerator, const struct dc_work *work)
{
	const struct dc_accelerator_efficiency *efficiency = &accelerator->efficiency;
	double launch_s = (double)work->kernels * efficiency->launch_s;
	double memory_s = work->bytes / (efficiency->memory * accelerator->memory.bandwidth_bps);
	double compute_s = product_s(accelerator, work);

	if (work->kernel == DC_KERNEL_BATCHED)
		return compute_s + memory_s + launch_s;
	return fmax(compute_s, memory_s) + launch_s;
}

void dc_roofline_activity(const struct dc_accelerator *accelerator, const struct dc_work *work,
			  double duration_s, double *compute_u, double *memory_u)
{
	double peak = dc_accelerator_peak_flops(accelerator, work->precision);

	*compute_u = 0.0;
	*memory_u = 0.0;
	if (!(duration_s > 0.0))
		return;
	if (work->inner > 0.0 && peak > 0.0)
		*compute_u = fmin(1.0, work->flops / (peak * duration_s));
	*memory_u = fmin(1.0, work->bytes / (accelerator->memory.bandwidth_bps * duration_s));
}
