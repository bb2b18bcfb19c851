/* Fully connected layer, with the activation and dropout that follow it.
 *
 * The bias is added in the product's epilogue; its gradient is one read of dy. An activation is a
 * sweep of its own: one read and one write forward; backward reads dy and what was kept (GELU: its
 * input, beside the output that the next layer keeps; ReLU and tanh: the output) and writes dx.
 * Dropout sweeps once each way and keeps one mask byte per element. */
#include "training/layer.h"
#include "training/layer_kinds.h"

enum activation { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_GELU, ACTIVATION_TANH };

static const char *const activations[] = {"none", "relu", "gelu", "tanh", NULL};

struct linear {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t in, out;
	bool bias, tied, dropout;
	int activation, per;
	double share;
};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct linear, type),
	 .help = "linear"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct linear, name),
	 .help = "what reports call the layer"},
	{.key = "in",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e8,
	 .offset = offsetof(struct linear, in),
	 .help = "input width"},
	{.key = "out",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e8,
	 .offset = offsetof(struct linear, out),
	 .help = "output width"},
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct linear, bias),
	 .help = "a bias per output"},
	{.key = "tied",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct linear, tied),
	 .help = "its matrix is another layer's: no parameters of its own but the bias"},
	{.key = "activation",
	 .kind = DC_ENUM,
	 .fallback = "none",
	 .choices = activations,
	 .offset = offsetof(struct linear, activation),
	 .help = "activation at the end"},
	{.key = "dropout",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct linear, dropout),
	 .help = "dropout at the end"},
	DC_LAYER_ROW_FIELDS(struct linear, "sample"),
};

const struct dc_section dc_layer_linear_section = {
	.name = "linear layer",
	.doc = "Fully connected layer with optional activation and dropout",
	.size = sizeof(struct linear),
	DC_FIELDS(fields),
};

static void add_forward(const struct linear *linear, double y, struct dc_layer *out)
{
	if (linear->activation != ACTIVATION_NONE)
		dc_layer_add_forward(out,
				     (struct dc_layer_pass){.elements = 2.0 * y, .kernels = 1});
	if (linear->dropout)
		dc_layer_add_forward(out, dc_layer_dropout(y));
}

static void add_backward(const struct linear *linear, double y, struct dc_layer *out)
{
	if (linear->dropout)
		dc_layer_add_backward(out, dc_layer_dropout(y));
	if (linear->activation != ACTIVATION_NONE)
		dc_layer_add_backward(out,
				      (struct dc_layer_pass){.elements = 3.0 * y, .kernels = 1});
	if (linear->bias)
		dc_layer_add_backward(out, (struct dc_layer_pass){.elements = y, .kernels = 1});
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct linear *linear = section;
	double in = (double)linear->in, width = (double)linear->out;
	double rows, y;
	enum dc_status status =
		dc_layer_rows(scope, linear->node, linear->per, linear->share, &rows);

	if (status != DC_OK)
		return status;
	y = rows * width;
	out->parameters = (linear->tied ? 0.0 : in * width) + (linear->bias ? width : 0.0);
	out->matrix_parameters = in * width;
	out->transient_elements = rows * in + y;
	out->saved_elements = y + (linear->activation == ACTIVATION_GELU ? y : 0.0) +
			      (scope->first ? rows * in : 0.0);
	out->saved_bytes = linear->dropout ? y : 0.0;
	add_backward(linear, y, out);
	dc_layer_add_product(out, &(struct dc_layer_product){
					  .macs = rows * in * width,
					  .in_elements = rows * in,
					  .out_elements = y,
					  .weights = in * width,
					  .inner = in,
					  .inner_input = width,
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
