/* Fully connected layer, with the activation and dropout that follow it.
 *
 * The bias is added in the product's epilogue; its gradient is one read of dy. An activation is a
 * sweep of its own: one read and one write forward; backward reads dy and what was kept (GELU and
 * SiLU: its input, beside the output that the next layer keeps; ReLU and tanh: the output) and
 * writes dx. Gated [Shazeer 2020, "GLU variants improve transformer"], the matrix is twice `out`
 * wide and the activation of one half scales the other: forward reads both and writes one, backward
 * reads dy and both and writes both. The sum with another branch reads two and writes one; backward
 * it costs the sum of the two branches' gradients, the same; it takes the place of the two outputs,
 * one of which the other branch's layer keeps. Dropout sweeps once each way and keeps one mask byte
 * per element. */
#include "training/layer.h"
#include "training/layer_kinds.h"

const char *const dc_layer_activation_names[] = {"none", "relu", "gelu", "tanh", "silu", NULL};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_linear_keys, type),
	 .help = "linear"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_layer_linear_keys, name),
	 .help = "what reports call the layer"},
	{.key = "in",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e8,
	 .offset = offsetof(struct dc_layer_linear_keys, in),
	 .help = "input width"},
	{.key = "out",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e8,
	 .offset = offsetof(struct dc_layer_linear_keys, out),
	 .help = "output width"},
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_layer_linear_keys, bias),
	 .help = "a bias per output"},
	{.key = "tied",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_layer_linear_keys, tied),
	 .help = "its matrix is another layer's: no parameters of its own but the bias"},
	{.key = "activation",
	 .kind = DC_ENUM,
	 .fallback = "none",
	 .choices = dc_layer_activation_names,
	 .offset = offsetof(struct dc_layer_linear_keys, activation),
	 .help = "activation at the end"},
	{.key = "gated",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_layer_linear_keys, gated),
	 .help = "twice as many outputs; the activation of one half scales the other"},
	{.key = "dropout",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_layer_linear_keys, dropout),
	 .help = "dropout at the end"},
	{.key = "residual",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_layer_linear_keys, residual),
	 .help = "adds another branch's output at the end"},
	DC_LAYER_ROW_FIELDS(struct dc_layer_linear_keys, "sample"),
};

const struct dc_section dc_layer_linear_section = {
	.name = "linear layer",
	.doc = "Fully connected layer with optional activation and dropout",
	.size = sizeof(struct dc_layer_linear_keys),
	DC_FIELDS(fields),
};

static bool has_sweep(const struct dc_layer_linear_keys *linear)
{
	return linear->gated || linear->activation != DC_LAYER_ACTIVATION_NONE;
}

static void add_forward(const struct dc_layer_linear_keys *linear, double y, struct dc_layer *out)
{
	double sweep = linear->gated ? 3.0 : 2.0;

	if (has_sweep(linear))
		dc_layer_add_forward(out,
				     (struct dc_layer_pass){.elements = sweep * y, .kernels = 1});
	if (linear->dropout)
		dc_layer_add_forward(out, dc_layer_dropout(y));
	if (linear->residual)
		dc_layer_add_forward(out,
				     (struct dc_layer_pass){.elements = 3.0 * y, .kernels = 1});
}

/* z: elements that the product writes. */
static void add_backward(const struct dc_layer_linear_keys *linear, double y, double z,
			 struct dc_layer *out)
{
	double sweep = linear->gated ? 5.0 : 3.0;

	if (linear->residual)
		dc_layer_add_backward(out,
				      (struct dc_layer_pass){.elements = 3.0 * y, .kernels = 1});
	if (linear->dropout)
		dc_layer_add_backward(out, dc_layer_dropout(y));
	if (has_sweep(linear))
		dc_layer_add_backward(out,
				      (struct dc_layer_pass){.elements = sweep * y, .kernels = 1});
	if (linear->bias)
		dc_layer_add_backward(out, (struct dc_layer_pass){.elements = z, .kernels = 1});
}

/* Elements kept of y outputs, z of the product. */
static double saved_elements(const struct dc_layer_linear_keys *linear, double y, double z)
{
	bool input = linear->gated || linear->activation == DC_LAYER_ACTIVATION_GELU ||
		     linear->activation == DC_LAYER_ACTIVATION_SILU;

	return (linear->residual ? 0.0 : y) + (input ? z : 0.0);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_linear_keys *linear = section;
	double in = (double)linear->in, width = (double)linear->out;
	double wide = linear->gated ? 2.0 * width : width, rows, y, z;
	enum dc_status status =
		dc_layer_rows(scope, linear->node, linear->per, linear->share, &rows);

	if (status != DC_OK)
		return status;
	y = rows * width;
	z = rows * wide;
	out->parameters = (linear->tied ? 0.0 : in * wide) + (linear->bias ? wide : 0.0);
	out->matrix_parameters = in * wide;
	out->transient_elements = rows * in + z;
	out->saved_elements = saved_elements(linear, y, z) + (scope->first ? rows * in : 0.0);
	out->saved_bytes = linear->dropout ? y : 0.0;
	add_backward(linear, y, z, out);
	dc_layer_add_product(out, &(struct dc_layer_product){
					  .macs = rows * in * wide,
					  .in_elements = rows * in,
					  .out_elements = z,
					  .weights = in * wide,
					  .inner = in,
					  .inner_input = wide,
					  .rows = rows,
					  .first = scope->first,
				  });
	add_forward(linear, y, out);
	return DC_OK;
}

const struct dc_layer_type dc_layer_linear = {
	.name = "linear",
	.doc = "Fully connected layer, per sample or per token, with activation and dropout.",
	.expand = expand,
};
