/* Batch normalisation that stands before a convolution instead of after it, with its activation.
 *
 * As in layer_conv2d.c [Ioffe & Szegedy 2015]: reads x twice (statistics, then normalise), writes y;
 * backward reads dy and x twice each, writes dx. The activation reads and writes y in place, and
 * backward reads dy and y and writes dx; fused, it costs nothing, because its mask is found again
 * from x. */
#include "training/layer.h"
#include "training/layer_kinds.h"

enum activation { ACTIVATION_NONE, ACTIVATION_RELU };

static const char *const activations[] = {"none", "relu", NULL};

struct batch_norm {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t channels, size;
	int activation;
};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct batch_norm, type),
	 .help = "batch-norm"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct batch_norm, name),
	 .help = "what reports call the layer"},
	{.key = "channels",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct batch_norm, channels),
	 .help = "channels"},
	{.key = "size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e5,
	 .offset = offsetof(struct batch_norm, size),
	 .help = "height and width, in pixels"},
	{.key = "activation",
	 .kind = DC_ENUM,
	 .fallback = "none",
	 .choices = activations,
	 .offset = offsetof(struct batch_norm, activation),
	 .help = "activation at the end"},
};

const struct dc_section dc_layer_batch_norm_section = {
	.name = "batch-norm layer",
	.doc = "Batch normalisation before a convolution, with optional activation",
	.size = sizeof(struct batch_norm),
	DC_FIELDS(fields),
};

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct batch_norm *norm = section;
	double channels = (double)norm->channels, size = (double)norm->size;
	double x = channels * size * size;
	bool sweep = norm->activation != ACTIVATION_NONE && !scope->fused;

	dc_layer_add_forward(out, (struct dc_layer_pass){.elements = 3.0 * x,
							 .wide_fixed = 4.0 * channels,
							 .kernels = 2});
	if (sweep) {
		dc_layer_add_forward(out,
				     (struct dc_layer_pass){.elements = 2.0 * x, .kernels = 1});
		dc_layer_add_backward(out,
				      (struct dc_layer_pass){.elements = 3.0 * x, .kernels = 1});
	}
	dc_layer_add_backward(out, (struct dc_layer_pass){.elements = 5.0 * x,
							  .wide_fixed = 6.0 * channels,
							  .kernels = 2});
	out->parameters = 2.0 * channels;
	out->whole_parameters = out->parameters;
	out->input_elements = x;
	out->saved_elements = x;
	out->transient_elements = 2.0 * x;
	return DC_OK;
}

const struct dc_layer_type dc_layer_batch_norm = {
	.name = "batch-norm",
	.doc = "Batch normalisation of its own, with activation.",
	.expand = expand,
};
