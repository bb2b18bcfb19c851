/* Accelerators: field tables, peaks, power. */
#include "hardware/accelerator.h"

#include <math.h>
#include <stddef.h>

static const char *const kinds[] = {"gpu", "tpu", "asic", "fpga", "cpu", NULL};

#define PEAK(format, text)                                                                         \
	{                                                                                          \
		.key = #format, .kind = DC_QUANTITY, .dimension = DC_DIM_FLOPS,                    \
		.offset = offsetof(struct dc_accelerator_peak, format), .min = 0.0, .max = 1e20,   \
		.fallback = "0 FLOP/s", .help = text,                                              \
	}

static const struct dc_field peak_fields[] = {
	PEAK(fp64, "64-bit floating point; 0: not supported"),
	PEAK(fp32, "32-bit floating point; 0: not supported"),
	PEAK(tf32, "FP32 operands multiplied with 10-bit mantissas; 0: not supported"),
	PEAK(fp16, "16-bit floating point (IEEE half); 0: not supported"),
	PEAK(bf16, "16-bit brain floating point; 0: not supported"),
	PEAK(fp8, "8-bit floating point (E4M3, E5M2); 0: not supported"),
	PEAK(mxfp8, "8-bit floating point with a scale per 32 elements; 0: not supported"),
	PEAK(nvfp4, "4-bit floating point with a scale per 16 elements; 0: not supported"),
	PEAK(int8, "8-bit integer; 0: not supported"),
};

static const struct dc_section peak_section = {
	.name = "accelerator peak",
	.doc = "Dense peak rates of matrix products, per number format",
	.size = sizeof(struct dc_accelerator_peak),
	DC_FIELDS(peak_fields),
};

static const struct dc_field memory_fields[] = {
	{.key = "size",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_accelerator_memory, size_bytes),
	 .max = 1e15,
	 .help = "capacity of the device's own memory"},
	{.key = "bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_accelerator_memory, bandwidth_bps),
	 .max = 1e15,
	 .help = "peak bandwidth of that memory, reads and writes together"},
};

static const struct dc_section memory_section = {
	.name = "accelerator memory",
	.doc = "The device's own memory",
	.size = sizeof(struct dc_accelerator_memory),
	DC_FIELDS(memory_fields),
};

static const struct dc_field power_fields[] = {
	{.key = "idle",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_accelerator_power, idle_w),
	 .max = 1e6,
	 .help = "power with nothing to do"},
	{.key = "max",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_accelerator_power, max_w),
	 .max = 1e6,
	 .help = "sustained limit: rated power of the board or module"},
	{.key = "compute_share",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_power, compute_share),
	 .max = 1.0,
	 .fallback = "0.75",
	 .help = "share of max - idle drawn by matrix products at their sustained rate"},
	{.key = "memory_share",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_power, memory_share),
	 .max = 1.0,
	 .fallback = "0.75",
	 .help = "share of max - idle drawn by memory streams at their sustained rate"},
	{.key = "link_share",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_power, link_share),
	 .max = 1.0,
	 .fallback = "0.35",
	 .help = "share of max - idle drawn by communication, waiting included"},
};

static const struct dc_section power_section = {
	.name = "accelerator power",
	.doc = "What the device draws: idle + (max - idle) x activity",
	.size = sizeof(struct dc_accelerator_power),
	DC_FIELDS(power_fields),
};

static const struct dc_field scaleup_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_accelerator_scaleup, name),
	 .help = "what the links are called"},
	{.key = "bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .offset = offsetof(struct dc_accelerator_scaleup, bandwidth_bps),
	 .max = 1e15,
	 .fallback = "0 B/s",
	 .help = "all links of the device together, per direction; 0: no such links. For people: "
		 "what is simulated are the fabric's dimensions"},
};

static const struct dc_section scaleup_section = {
	.name = "accelerator scaleup",
	.doc = "Links between accelerators",
	.size = sizeof(struct dc_accelerator_scaleup),
	DC_FIELDS(scaleup_fields),
};

static const struct dc_field host_link_fields[] = {
	{.key = "bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .offset = offsetof(struct dc_accelerator_host_link, bandwidth_bps),
	 .max = 1e15,
	 .fallback = "0 B/s",
	 .help = "link to the host, per direction; 0: none or unknown. For people: transfers over "
		 "it are not simulated yet"},
};

static const struct dc_section host_link_section = {
	.name = "accelerator host_link",
	.doc = "The link between accelerator and host",
	.size = sizeof(struct dc_accelerator_host_link),
	DC_FIELDS(host_link_fields),
};

#define GENERATION(member, text)                                                                   \
	{                                                                                          \
		.key = #member, .kind = DC_REAL,                                                   \
		.offset = offsetof(struct dc_accelerator_attention, member), .max = 1.0,           \
		.fallback = "0",                                                                   \
		.help = "share of the 16-bit peak that " text " reaches; 0: as products",          \
	}

static const struct dc_field attention_fields[] = {
	GENERATION(triton, "the Triton kernel of 2023"),
	GENERATION(flash2, "FlashAttention-2"),
	GENERATION(flash3, "FlashAttention-3"),
	GENERATION(cudnn, "cuDNN's fused attention"),
};

static const struct dc_section attention_section = {
	.name = "accelerator attention",
	.doc = "How much of the peak fused attention reaches, by generation of the kernel",
	.size = sizeof(struct dc_accelerator_attention),
	DC_FIELDS(attention_fields),
};

#define FORMAT(member)                                                                             \
	{                                                                                          \
		.key = #member, .kind = DC_REAL,                                                   \
		.offset = offsetof(struct dc_accelerator_efficiency, member), .max = 1.0,          \
		.fallback = "0", .help = "the same of products in " #member "; 0: as matrix",      \
	}

static const struct dc_field efficiency_fields[] = {
	{.key = "calibration",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_accelerator_efficiency, calibration),
	 .help = "measurements that these constants were fitted to; absent: uncalibrated"},
	{.key = "matrix",
	 .kind = DC_REAL,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_accelerator_efficiency, matrix),
	 .max = 1.0,
	 .fallback = "0.75",
	 .help = "share of the peak that a matrix product of long inner dimension reaches"},
	FORMAT(fp8),
	FORMAT(mxfp8),
	FORMAT(nvfp4),
	{.key = "batched",
	 .kind = DC_REAL,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_accelerator_efficiency, batched),
	 .max = 1.0,
	 .fallback = "0.6",
	 .help = "share of matrix that many small products at once reach (attention with scores in "
		 "memory)"},
	{.key = "attention",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_accelerator_efficiency, attention),
	 .section = &attention_section,
	 .help = "share of the peak that fused attention reaches, by generation"},
	{.key = "inner_half",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_efficiency, inner_half),
	 .max = 1e6,
	 .fallback = "0",
	 .help = "inner dimension at which a product reaches half of that"},
	{.key = "outer_half",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_efficiency, outer_half),
	 .max = 1e6,
	 .fallback = "0",
	 .help = "number of rows, or of columns, of its result at which a product reaches half of "
		 "that"},
	{.key = "contention",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_efficiency, contention),
	 .max = 10.0,
	 .fallback = "0",
	 .help = "work beside gathered weights (zero 2 and 3) takes 1 + this times as long: it shares units "
		 "and memory"},
	{.key = "jitter",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_efficiency, jitter),
	 .max = 1.0,
	 .fallback = "0",
	 .help = "how much longer work takes per doubling of the nodes that wait for each other "
		 "(run.jitter: expected)"},
	{.key = "unaligned",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_efficiency, unaligned),
	 .max = 1.0,
	 .fallback = "0",
	 .help = "share of that when rows of the matrices are no multiple of 16 bytes; 0: as "
		 "others"},
	{.key = "beside",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_accelerator_efficiency, beside),
	 .max = 2.0,
	 .fallback = "0.5",
	 .help = "where software runs tensor ranks' exchanges beside products: so much of a product's "
		 "time hides them"},
	{.key = "exchange",
	 .kind = DC_REAL,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_accelerator_efficiency, exchange),
	 .max = 10.0,
	 .fallback = "1",
	 .help = "exchanges within a pass take so many times as long as collectives alone: caches and "
		 "clocks are busy"},
	{.key = "send",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_accelerator_efficiency, send_s),
	 .max = 1.0,
	 .fallback = "0 s",
	 .help = "what a pipeline's stage spends on passing something on beside the message: "
		 "launches, copies, waiting for the other's"},
	{.key = "memory",
	 .kind = DC_REAL,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_accelerator_efficiency, memory),
	 .max = 1.0,
	 .fallback = "0.85",
	 .help = "share of the peak bandwidth that a long stream reaches"},
	{.key = "launch",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_accelerator_efficiency, launch_s),
	 .max = 1.0,
	 .fallback = "3 us",
	 .help = "device time that every kernel costs"},
};

static const struct dc_section efficiency_section = {
	.name = "accelerator efficiency",
	.doc = "How much of the peaks well-written software reaches",
	.size = sizeof(struct dc_accelerator_efficiency),
	DC_FIELDS(efficiency_fields),
};

#define PART(part, required, text)                                                                 \
	{                                                                                          \
		.key = #part, .kind = DC_SECTION, .flags = (required),                             \
		.offset = offsetof(struct dc_accelerator, part), .section = &part##_section,       \
		.help = text,                                                                      \
	}

static const struct dc_field accelerator_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_accelerator, name),
	 .help = "name of the device"},
	{.key = "description",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_accelerator, description),
	 .help = "one line for people"},
	{.key = "kind",
	 .kind = DC_ENUM,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_accelerator, kind),
	 .choices = kinds,
	 .help = "what sort of device it is"},
	PART(peak, DC_REQUIRED, "dense peak rates of matrix products"),
	PART(memory, DC_REQUIRED, "the device's own memory"),
	PART(power, DC_REQUIRED, "idle and maximum power, and what drives it"),
	PART(scaleup, 0, "links between accelerators"),
	PART(host_link, 0, "link to the host"),
	PART(efficiency, 0, "share of the peaks that software reaches"),
	{.key = "price",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_MONEY,
	 .offset = offsetof(struct dc_accelerator, price_usd),
	 .max = 1e9,
	 .fallback = "0 USD",
	 .help = "price of one device; 0: not sold or unknown, then costs leave it out"},
	{.key = "year",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_accelerator, year),
	 .min = 1950.0,
	 .max = 2100.0,
	 .fallback = "2020",
	 .help = "year of availability"},
};

const struct dc_section dc_accelerator_section = {
	.name = "accelerator",
	.doc = "A device that computes: GPU, TPU, FPGA, CPU",
	.size = sizeof(struct dc_accelerator),
	DC_FIELDS(accelerator_fields),
};

const struct dc_catalogue_family dc_accelerator_family = {
	.name = "accelerators",
	.section = &dc_accelerator_section,
};

enum dc_status dc_accelerator_check(const struct dc_accelerator *accelerator, struct dc_diag *diag)
{
	const struct dc_accelerator_power *power = &accelerator->power;
	enum dc_status status = DC_OK;
	int precision = 0;

	if (power->idle_w > power->max_w)
		status = dc_diag_error(diag, dc_node_mark(power->node, "idle"),
				       "accelerator power: idle (%g W) is above max (%g W)",
				       power->idle_w, power->max_w);
	while (precision < DC_PRECISIONS &&
	       !dc_accelerator_supports(accelerator, (enum dc_precision)precision))
		precision++;
	if (precision == DC_PRECISIONS)
		status = dc_diag_error(
			diag, dc_node_mark(accelerator->node, "peak"),
			"accelerator peak: at least one format must have a peak above 0");
	return status;
}

double dc_accelerator_peak_flops(const struct dc_accelerator *accelerator,
				 enum dc_precision precision)
{
	const struct dc_accelerator_peak *peak = &accelerator->peak;

	switch (precision) {
	case DC_FP64:
		return peak->fp64;
	case DC_FP32:
		return peak->fp32;
	case DC_TF32:
		return peak->tf32;
	case DC_FP16:
		return peak->fp16;
	case DC_BF16:
		return peak->bf16;
	case DC_FP8:
		return peak->fp8;
	case DC_MXFP8:
		return peak->mxfp8;
	case DC_NVFP4:
		return peak->nvfp4;
	case DC_INT8:
		return peak->int8;
	case DC_PRECISIONS:
		break;
	}
	return 0.0;
}

double dc_accelerator_matrix_efficiency(const struct dc_accelerator *accelerator,
					enum dc_precision precision)
{
	const struct dc_accelerator_efficiency *efficiency = &accelerator->efficiency;
	double own = 0.0;

	if (precision == DC_FP8)
		own = efficiency->fp8;
	else if (precision == DC_MXFP8)
		own = efficiency->mxfp8;
	else if (precision == DC_NVFP4)
		own = efficiency->nvfp4;
	return own > 0.0 ? own : efficiency->matrix;
}

bool dc_accelerator_supports(const struct dc_accelerator *accelerator, enum dc_precision precision)
{
	return dc_accelerator_peak_flops(accelerator, precision) > 0.0;
}

/* Also maps NaN to 0. */
static double clipped(double share)
{
	return share > 0.0 ? fmin(share, 1.0) : 0.0;
}

double dc_accelerator_power_w(const struct dc_accelerator *accelerator, double compute_u,
			      double memory_u, double link_u)
{
	const struct dc_accelerator_power *power = &accelerator->power;
	double compute = clipped(compute_u / accelerator->efficiency.matrix);
	double memory = clipped(memory_u / accelerator->efficiency.memory);
	double activity = power->compute_share * compute + power->memory_share * memory +
			  power->link_share * clipped(link_u);

	if (activity >= 1.0)
		return power->max_w;
	return power->idle_w + (power->max_w - power->idle_w) * activity;
}
