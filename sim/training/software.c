/* Software stacks: the field table, the generic one, host time per launch. */
#include "training/software.h"

#include <math.h>
#include <stddef.h>

static const char *const attention_names[] = {"model",  "unfused", "triton", "flash2",
					      "flash3", "cudnn",   NULL};
static const char *const weights_names[] = {"amp", "copies", NULL};
static const char *const tensor_overlap_names[] = {"none", "backward", "all", NULL};
static const char *const overlap_names[] = {"workload", "no", "yes", NULL};

static const struct dc_field attention_fields[] = {
	{.key = "kernel",
	 .kind = DC_ENUM,
	 .fallback = "model",
	 .choices = attention_names,
	 .offset = offsetof(struct dc_software_attention_keys, kernel),
	 .help = "model: as the model says; unfused: scores go through memory, in batched products; "
		 "others: they stay on the chip, by generation of the kernel"},
	{.key = "causal",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_software_attention_keys, causal),
	 .help = "kernels that keep scores on the chip leave out those that a causal mask hides"},
	{.key = "softmax_fused",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_software_attention_keys, softmax_fused),
	 .help = "unfused: scale, mask and softmax are one kernel, where heads of a micro-batch on "
		 "a rank are a multiple of four"},
	{.key = "softmax_sequence",
	 .kind = DC_COUNT,
	 .fallback = "2048",
	 .max = 1e9,
	 .offset = offsetof(struct dc_software_attention_keys, softmax_sequence),
	 .help = "unfused: and sequences are at most so long"},
};

static const struct dc_section attention_section = {
	.name = "software attention",
	.doc = "How attention runs",
	.size = sizeof(struct dc_software_attention_keys),
	DC_FIELDS(attention_fields),
};

#define LAUNCHES(member, text)                                                                     \
	{                                                                                          \
		.key = #member, .kind = DC_REAL, .max = 1e6, .fallback = "0",                      \
		.offset = offsetof(struct dc_software_host, member), .help = text,                 \
	}

static const struct dc_field host_fields[] = {
	{.key = "launch",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .max = 1.0,
	 .fallback = "0 s",
	 .offset = offsetof(struct dc_software_host, launch_s),
	 .help = "host time per kernel launch; measured, for the hosts of its time"},
	LAUNCHES(forward, "launches of a block forward; 0: as many as the device runs"),
	LAUNCHES(backward, "and backward; 0: as many as the device runs"),
	LAUNCHES(ends, "and of each end of the model, either way, where the two above are given"),
	LAUNCHES(step, "launches of an iteration that nothing hides: copies per parameter, norms, "
		       "reductions, logging"),
	{.key = "graphs",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_software_host, graphs),
	 .help = "launches of layers are recorded once and replayed by the device"},
};

static const struct dc_section host_section = {
	.name = "software host",
	.doc = "What the host does for each kernel",
	.size = sizeof(struct dc_software_host),
	DC_FIELDS(host_fields),
};

#define FLAG(member, text)                                                                         \
	{                                                                                          \
		.key = #member, .kind = DC_BOOL, .fallback = "false",                              \
		.offset = offsetof(struct dc_software, member), .help = text,                      \
	}
#define WIDTH(member, low, usual, text)                                                            \
	{                                                                                          \
		.key = #member, .kind = DC_REAL, .min = (low), .max = 8.0, .fallback = (usual),    \
		.offset = offsetof(struct dc_software, member), .help = text,                      \
	}
#define OVERLAP(member, text)                                                                      \
	{                                                                                          \
		.key = #member, .kind = DC_ENUM, .fallback = "workload", .choices = overlap_names, \
		.offset = offsetof(struct dc_software, member), .help = text,                      \
	}

static const struct dc_field fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_software, name),
	 .help = "name of the stack"},
	{.key = "description",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_software, description),
	 .help = "one line for people"},
	{.key = "year",
	 .kind = DC_COUNT,
	 .min = 1990.0,
	 .max = 2100.0,
	 .fallback = "2020",
	 .offset = offsetof(struct dc_software, year),
	 .help = "of this generation"},
	{.key = "attention",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_software, attention),
	 .section = &attention_section,
	 .help = "how attention runs"},
	{.key = "host",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_software, host),
	 .section = &host_section,
	 .help = "what the host does for each kernel"},
	FLAG(fused, "chains of elementwise operations around norms are one sweep, either way"),
	FLAG(transposes, "queries, keys and values are laid out anew around attention"),
	FLAG(fused_gradients, "products add to the gradient buffer themselves"),
	{.key = "fused_loss",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_software, fused_loss),
	 .help = "cross-entropy in three sweeps forward; false: six"},
	{.key = "weights",
	 .kind = DC_ENUM,
	 .fallback = "amp",
	 .choices = weights_names,
	 .offset = offsetof(struct dc_software, weights),
	 .help = "amp: FP32, narrowed for each micro-batch; copies: narrow, with FP32 ones in the "
		 "optimizer"},
	WIDTH(gradient_bytes, 1.0, "4", "bytes of an element of the gradient buffer"),
	WIDTH(reduce_bytes, 0.0, "0", "bytes of a gradient that travels; 0: as in the buffer"),
	WIDTH(gather_bytes, 0.0, "0", "bytes of a parameter that is gathered; 0: of an activation"),
	{.key = "vocabulary_multiple",
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_software, vocabulary_multiple),
	 .help = "vocabularies are padded to a multiple of this times the tensor ranks; 0: not"},
	{.key = "vocabulary_alone",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_software, vocabulary_alone),
	 .help = "vocabularies are padded with one tensor rank, too"},
	{.key = "bucket",
	 .kind = DC_REAL,
	 .max = 1e15,
	 .fallback = "0",
	 .offset = offsetof(struct dc_software, bucket),
	 .help = "gradients that travel together, in parameters; 0: as the workload says"},
	{.key = "bucket_per_rank",
	 .kind = DC_REAL,
	 .max = 1e15,
	 .fallback = "0",
	 .offset = offsetof(struct dc_software, bucket_per_rank),
	 .help = "and at least so many per data-parallel rank"},
	OVERLAP(overlap_gradients, "gradients travel during the backward pass"),
	OVERLAP(overlap_gathers, "parameters are gathered during the forward pass"),
	{.key = "tensor_overlap",
	 .kind = DC_ENUM,
	 .fallback = "none",
	 .choices = tensor_overlap_names,
	 .offset = offsetof(struct dc_software, tensor_overlap),
	 .help = "which of the tensor ranks' exchanges run beside products (backward: what reduces "
		 "gradients); the accelerator's file says how much of the products' time hides them"},
	FLAG(context_ring, "context ranks pass keys and values on while attention runs"),
	FLAG(split_sends, "tensor ranks each send their part of what a stage passes on"),
	FLAG(overlap_sends, "stages compute while they send and receive"),
};

const struct dc_section dc_software_section = {
	.name = "software",
	.doc = "Features of a training framework",
	.size = sizeof(struct dc_software),
	DC_FIELDS(fields),
};

const struct dc_catalogue_family dc_software_family = {
	.name = "software",
	.section = &dc_software_section,
};

/* The defaults of the table. */
static const struct dc_software generic = {
	.name = "generic",
	.description = "no framework",
	.year = 2020,
	.attention = {.softmax_fused = true, .softmax_sequence = 2048},
	.fused_loss = true,
	.gradient_bytes = 4.0,
	.vocabulary_alone = true,
};

const struct dc_software *dc_software_of(const struct dc_software *software)
{
	return software != NULL ? software : &generic;
}

enum dc_kernel dc_software_kernel(const struct dc_software *software)
{
	switch ((enum dc_software_attention)software->attention.kernel) {
	case DC_SOFTWARE_ATTENTION_TRITON:
		return DC_KERNEL_TRITON;
	case DC_SOFTWARE_ATTENTION_FLASH2:
		return DC_KERNEL_FLASH2;
	case DC_SOFTWARE_ATTENTION_FLASH3:
		return DC_KERNEL_FLASH3;
	case DC_SOFTWARE_ATTENTION_CUDNN:
		return DC_KERNEL_CUDNN;
	case DC_SOFTWARE_ATTENTION_MODEL:
	case DC_SOFTWARE_ATTENTION_UNFUSED:
		break;
	}
	return DC_KERNEL_PRODUCT;
}

double dc_software_launch_s(const struct dc_software *software)
{
	const struct dc_software_host *host = &dc_software_of(software)->host;

	return host->graphs ? 0.0 : host->launch_s;
}

double dc_software_bucket_bytes(const struct dc_software *software, double width, double ranks)
{
	const struct dc_software *s = dc_software_of(software);

	return width * fmax(s->bucket, s->bucket_per_rank * ranks);
}
