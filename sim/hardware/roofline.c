/* The roofline: duration and activity of one operation. */
#include "hardware/roofline.h"

#include <math.h>

double dc_roofline_duration_s(const struct dc_accelerator *accelerator, const struct dc_work *work)
{
	const struct dc_accelerator_efficiency *efficiency = &accelerator->efficiency;
	double launch_s = (double)work->kernels * efficiency->launch_s;
	double memory_s = work->bytes / (efficiency->memory * accelerator->memory.bandwidth_bps);
	double compute_s = 0.0;

	if (work->inner > 0.0 && work->flops > 0.0)
		compute_s = work->flops /
			    (dc_accelerator_peak_flops(accelerator, work->precision) *
			     efficiency->matrix) *
			    (work->inner + efficiency->inner_half) / work->inner;
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
