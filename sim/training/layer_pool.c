/* Pooling over windows of an image.
 *
 * Maximum: forward reads x, writes y and an 8-byte index per output (PyTorch's format), which
 * backward reads with dy to write dx. Average: the same without indices. No matrix product. */
#include <math.h>

#include "training/layer.h"
#include "training/layer_kinds.h"

enum method { METHOD_MAX, METHOD_AVERAGE };

static const char *const methods[] = {"max", "average", NULL};

struct pool {
	const struct dc_node *node;
	const char *type, *name;
	int method;
	uint64_t channels, size, kernel, stride, padding;
	uint64_t depth; /* 0: an image */
};

#define COUNT(member, low, flag, fall, text)                                                       \
	{                                                                                          \
		.key = #member, .kind = DC_COUNT, .flags = (flag),                                 \
		.offset = offsetof(struct pool, member), .min = (low), .max = 1e6,                 \
		.fallback = (fall), .help = text,                                                  \
	}

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct pool, type),
	 .help = "pool"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct pool, name),
	 .help = "what reports call the layer"},
	{.key = "method",
	 .kind = DC_ENUM,
	 .fallback = "max",
	 .choices = methods,
	 .offset = offsetof(struct pool, method),
	 .help = "largest of the window, or its mean"},
	COUNT(channels, 1.0, DC_REQUIRED, NULL, "channels"),
	COUNT(size, 1.0, DC_REQUIRED, NULL, "height and width of the input, in pixels"),
	COUNT(kernel, 1.0, DC_REQUIRED, NULL, "height and width of the window"),
	COUNT(stride, 1.0, 0, "1", "pixels between outputs"),
	COUNT(padding, 0.0, 0, "0", "pixels added at each edge"),
	COUNT(depth, 0.0, 0, "0", "third extent of the input, pooled like the others; 0: an image"),
};

const struct dc_section dc_layer_pool_section = {
	.name = "pool layer",
	.doc = "Maximum or average over windows",
	.size = sizeof(struct pool),
	DC_FIELDS(fields),
};

/* Windows along an extent, less one; negative: the window is larger. */
static double steps(const struct pool *pool, double extent)
{
	double span = extent + 2.0 * (double)pool->padding - (double)pool->kernel;

	return span < 0.0 ? -1.0 : floor(span / (double)pool->stride);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct pool *pool = section;
	double size = (double)pool->size, channels = (double)pool->channels;
	double depth = pool->depth == 0 ? 1.0 : (double)pool->depth;
	double along = steps(pool, size), deep = pool->depth == 0 ? 0.0 : steps(pool, depth);
	double x = channels * size * size * depth;
	double y = channels * (along + 1.0) * (along + 1.0) * (deep + 1.0);
	/* indices, in FP32 elements */
	double indices = pool->method == METHOD_MAX ? 2.0 * y : 0.0;
	struct dc_layer_pass pass = {.elements = x + y, .wide = indices, .kernels = 1};

	if (along < 0.0 || deep < 0.0)
		return dc_diag_error(scope->diag, dc_node_mark(pool->node, "kernel"),
				     "pool layer: the window is larger than the padded input");
	dc_layer_add_forward(out, pass);
	if (!scope->first)
		dc_layer_add_backward(out, pass);
	out->input_elements = x;
	out->saved_elements = y;
	out->saved_bytes = 4.0 * indices;
	out->transient_elements = x + y;
	return DC_OK;
}

const struct dc_layer_type dc_layer_pool = {
	.name = "pool",
	.doc = "Maximum or average pooling.",
	.expand = expand,
};
