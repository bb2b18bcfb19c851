/* Two-dimensional convolution, with the normalisation, shortcut sum and activation that follow it.
 *
 * An implicit matrix product [Chetlur et al. 2014, cuDNN]: M = batch x output pixels, N = output
 * channels, K = input channels x taps; the input's gradient has K = output channels x taps, the
 * weights' K = batch x output pixels. The bias is added in its epilogue; the bias's gradient is one
 * read of dy.
 *
 * What follows, x being its input, y its output [batch normalisation: Ioffe & Szegedy 2015]:
 *   normalisation  x twice (statistics, then normalise), y once; backward dy and x twice each (sums
 *                  for gamma and beta, then dx), dx once
 *   sum            two reads, one write; backward nothing: both branches take dy
 *   activation     one read, one write in place; backward dy, y, dx
 * Fused with the normalisation, the sum costs one more read, the activation nothing: its mask is
 * recomputed from x, or kept as one bit per element where a sum precedes it, and backward writes
 * the shortcut's gradient once more. Whatever the fusion, the output of a sum feeds two branches,
 * whose gradients are added: two reads, one write. */
#include <math.h>

#include "training/layer.h"
#include "training/layer_kinds.h"

enum activation { ACTIVATION_NONE, ACTIVATION_RELU };

static const char *const activations[] = {"none", "relu", NULL};

struct conv2d {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t in, out, kernel, stride, groups, size;
	bool norm, bias, residual;
	int activation;
};

#define COUNT(member, low, high, flag, fall, text)                                                 \
	{                                                                                          \
		.key = #member, .kind = DC_COUNT, .flags = (flag),                                 \
		.offset = offsetof(struct conv2d, member), .min = (low), .max = (high),            \
		.fallback = (fall), .help = text,                                                  \
	}

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct conv2d, type),
	 .help = "conv2d"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct conv2d, name),
	 .help = "what reports call the layer"},
	COUNT(in, 1.0, 1e6, DC_REQUIRED, NULL, "input channels"),
	COUNT(out, 1.0, 1e6, DC_REQUIRED, NULL, "output channels"),
	COUNT(size, 1.0, 1e5, DC_REQUIRED, NULL, "height and width of the input, in pixels"),
	COUNT(kernel, 1.0, 1000.0, DC_REQUIRED, NULL, "height and width of the filter"),
	COUNT(stride, 1.0, 1000.0, 0, "1", "pixels between outputs; padding is kernel / 2"),
	COUNT(groups, 1.0, 1e6, 0, "1", "channel groups that do not see each other"),
	{.key = "norm",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct conv2d, norm),
	 .help = "batch normalisation after it"},
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct conv2d, bias),
	 .help = "a bias per output channel"},
	{.key = "residual",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct conv2d, residual),
	 .help = "adds a shortcut of the output's size before the activation; needs norm"},
	{.key = "activation",
	 .kind = DC_ENUM,
	 .fallback = "none",
	 .choices = activations,
	 .offset = offsetof(struct conv2d, activation),
	 .help = "activation at the end"},
};

const struct dc_section dc_layer_conv2d_section = {
	.name = "conv2d layer",
	.doc = "Two-dimensional convolution with optional normalisation, shortcut and activation",
	.size = sizeof(struct conv2d),
	DC_FIELDS(fields),
};

/* One sign bit per element, counted in FP32 elements. */
static const double bit = 1.0 / 32.0;

static struct dc_layer_pass sweep(double elements)
{
	return (struct dc_layer_pass){.elements = elements, .kernels = 1};
}

/* Backward, from the end to the convolution. y: elements of the output. */
static void add_backward(const struct conv2d *conv, bool fused, double y, struct dc_layer *out)
{
	bool active = conv->activation != ACTIVATION_NONE;
	struct dc_layer_pass norm = {
		.elements = 5.0 * y, .wide_fixed = 6.0 * (double)conv->out, .kernels = 2};

	if (conv->residual)
		dc_layer_add_backward(out, sweep(3.0 * y));
	if (active && !(conv->norm && fused))
		dc_layer_add_backward(out, sweep(3.0 * y));
	if (conv->norm && fused && conv->residual) {
		norm.elements += y;
		norm.wide = active ? 2.0 * bit * y : 0.0;
	}
	if (conv->norm)
		dc_layer_add_backward(out, norm);
	if (conv->bias)
		dc_layer_add_backward(out, sweep(y));
}

/* Forward, from the convolution to the end. */
static void add_forward(const struct conv2d *conv, bool fused, double y, struct dc_layer *out)
{
	bool active = conv->activation != ACTIVATION_NONE;
	struct dc_layer_pass norm = {
		.elements = 3.0 * y, .wide_fixed = 4.0 * (double)conv->out, .kernels = 2};

	if (conv->norm && fused && conv->residual) {
		norm.elements += y;
		norm.wide = active ? bit * y : 0.0;
		out->saved_bytes = active ? y / 8.0 : 0.0;
	}
	if (conv->norm)
		dc_layer_add_forward(out, norm);
	if (conv->residual && !fused)
		dc_layer_add_forward(out, sweep(3.0 * y));
	if (active && !(conv->norm && fused))
		dc_layer_add_forward(out, sweep(2.0 * y));
}

static enum dc_status check(const struct conv2d *conv, const struct dc_layer_scope *scope)
{
	if (conv->in % conv->groups != 0 || conv->out % conv->groups != 0)
		return dc_diag_error(scope->diag, dc_node_mark(conv->node, "groups"),
				     "conv2d layer: groups must divide in and out");
	if (conv->residual && !conv->norm)
		return dc_diag_error(scope->diag, dc_node_mark(conv->node, "residual"),
				     "conv2d layer: residual needs norm: true");
	return DC_OK;
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct conv2d *conv = section;
	double size = (double)conv->size;
	double side =
		floor((size + 2.0 * floor((double)conv->kernel / 2.0) - (double)conv->kernel) /
		      (double)conv->stride) +
		1.0;
	double taps = (double)conv->kernel * (double)conv->kernel;
	double in = (double)conv->in, channels = (double)conv->out, groups = (double)conv->groups;
	double x = in * size * size, y = channels * side * side;
	double weights = channels * in / groups * taps;
	struct dc_layer_product product = {
		.macs = weights * side * side,
		.in_elements = x,
		.out_elements = y,
		.weights = weights,
		.inner = in / groups * taps,
		.inner_input = channels / groups * taps,
		.rows = side * side,
		.first = scope->first,
		.kernel = DC_KERNEL_CONVOLUTION,
	};
	enum dc_status status = check(conv, scope);

	if (status != DC_OK)
		return status;
	out->parameters =
		weights + (conv->bias ? channels : 0.0) + (conv->norm ? 2.0 * channels : 0.0);
	out->whole_parameters = out->parameters;
	out->matrix_parameters = weights;
	out->input_elements = x;
	out->transient_elements = x + y;
	/* the output, what normalisation reads again, and the model's input */
	out->saved_elements = (conv->norm ? 2.0 : 1.0) * y + (scope->first ? x : 0.0);
	add_backward(conv, scope->fused, y, out);
	dc_layer_add_product(out, &product);
	add_forward(conv, scope->fused, y, out);
	return DC_OK;
}

const struct dc_layer_type dc_layer_conv2d = {
	.name = "conv2d",
	.doc = "Convolution as an implicit matrix product, with normalisation, shortcut, activation.",
	.expand = expand,
};
