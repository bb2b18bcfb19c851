/* Number formats: names and widths. */
#include "hardware/precision.h"

#include <stddef.h>

const char *const dc_precision_names[DC_PRECISIONS + 1] = {
	[DC_FP64] = "fp64", [DC_FP32] = "fp32",     [DC_TF32] = "tf32",   [DC_FP16] = "fp16",
	[DC_BF16] = "bf16", [DC_FP8] = "fp8",       [DC_MXFP8] = "mxfp8", [DC_NVFP4] = "nvfp4",
	[DC_INT8] = "int8", [DC_PRECISIONS] = NULL,
};

double dc_precision_size_bytes(enum dc_precision precision)
{
	switch (precision) {
	case DC_FP64:
		return 8.0;
	case DC_FP32:
	case DC_TF32:
		return 4.0;
	case DC_FP16:
	case DC_BF16:
		return 2.0;
	case DC_MXFP8:
		return 33.0 / 32.0;
	case DC_NVFP4:
		return 9.0 / 16.0;
	case DC_FP8:
	case DC_INT8:
	case DC_PRECISIONS:
		break;
	}
	return 1.0;
}

double dc_precision_activation_bytes(enum dc_precision precision)
{
	double size_bytes = dc_precision_size_bytes(precision);

	return size_bytes < 2.0 ? 2.0 : size_bytes;
}
