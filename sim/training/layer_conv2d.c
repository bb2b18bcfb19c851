/* Convolution in one, two or three dimensions, with the normalisation, shortcut sum and activation
 * that follow it.
 *
 * An implicit matrix product [Chetlur et al. 2014, cuDNN]: M = batch x output pixels, N = output
 * channels, K = input channels x taps; the input's gradient has K = output channels x taps, the
 * weights' K = batch x output pixels. The bias is added in its epilogue; the bias's gradient is one
 * read of dy.
 *
 * Transposed, every input pixel makes a window of outputs: M = batch x input pixels, N = output
 * channels x taps, K = input channels, and the other way round for the gradients.
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

enum activation { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_GELU };
enum padding { PADDING_SAME, PADDING_VALID };

static const char *const activations[] = {"none", "relu", "gelu", NULL};
static const char *const paddings[] = {"same", "valid", NULL};

struct conv {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t in, out, kernel, stride, groups, size;
	uint64_t kernel_width; /* 2 dimensions; 0: kernel */
	uint64_t depth;        /* 3 dimensions; 0: size */
	bool norm, bias, residual, transposed;
	int activation, padding;
};

#define COUNT(member, low, high, flag, fall, text)                                                 \
	{                                                                                          \
		.key = #member, .kind = DC_COUNT, .flags = (flag),                                 \
		.offset = offsetof(struct conv, member), .min = (low), .max = (high),              \
		.fallback = (fall), .help = text,                                                  \
	}

/* The rows of all kinds. */
#define CONV_FIELDS(kind_name)                                                                      \
	{.key = "type",                                                                             \
	 .kind = DC_STRING,                                                                         \
	 .flags = DC_REQUIRED,                                                                      \
	 .offset = offsetof(struct conv, type),                                                     \
	 .help = (kind_name)},                                                                      \
		{.key = "name",                                                                     \
		 .kind = DC_STRING,                                                                 \
		 .offset = offsetof(struct conv, name),                                             \
		 .help = "what reports call the layer"},                                            \
		COUNT(in, 1.0, 1e6, DC_REQUIRED, NULL, "input channels"),                           \
		COUNT(out, 1.0, 1e6, DC_REQUIRED, NULL, "output channels"),                         \
		COUNT(size, 1.0, 1e9, DC_REQUIRED, NULL,                                            \
		      "height and width of the input, in pixels"),                                  \
		COUNT(kernel, 1.0, 1000.0, DC_REQUIRED, NULL, "height and width of the filter"),    \
		COUNT(stride, 1.0, 1000.0, 0, "1", "pixels between outputs"),                       \
		COUNT(groups, 1.0, 1e6, 0, "1", "channel groups that do not see each other"),       \
		{.key = "padding",                                                                  \
		 .kind = DC_ENUM,                                                                   \
		 .fallback = "same",                                                                \
		 .choices = paddings,                                                               \
		 .offset = offsetof(struct conv, padding),                                          \
		 .help = "same: kernel / 2 pixels at each edge; valid: none"},                      \
		{.key = "transposed",                                                               \
		 .kind = DC_BOOL,                                                                   \
		 .fallback = "false",                                                               \
		 .offset = offsetof(struct conv, transposed),                                       \
		 .help = "the other way round: stride pixels for one, windows do not overlap"},     \
		{.key = "norm",                                                                     \
		 .kind = DC_BOOL,                                                                   \
		 .fallback = "false",                                                               \
		 .offset = offsetof(struct conv, norm),                                             \
		 .help = "batch normalisation after it"},                                           \
		{.key = "bias",                                                                     \
		 .kind = DC_BOOL,                                                                   \
		 .fallback = "false",                                                               \
		 .offset = offsetof(struct conv, bias),                                             \
		 .help = "a bias per output channel"},                                              \
		{.key = "residual",                                                                 \
		 .kind = DC_BOOL,                                                                   \
		 .fallback = "false",                                                               \
		 .offset = offsetof(struct conv, residual),                                         \
		 .help = "adds a shortcut of the output's size before the activation; needs norm"}, \
	{                                                                                           \
		.key = "activation", .kind = DC_ENUM, .fallback = "none", .choices = activations,   \
		.offset = offsetof(struct conv, activation), .help = "activation at the end"        \
	}

static const struct dc_field fields_1d[] = {CONV_FIELDS("conv1d; size is the input's length")};

static const struct dc_field fields[] = {
	CONV_FIELDS("conv2d"),
	COUNT(kernel_width, 0.0, 1000.0, 0, "0", "width of the filter where it differs; 0: kernel"),
};

static const struct dc_field fields_3d[] = {
	CONV_FIELDS("conv3d"),
	COUNT(depth, 0.0, 1e5, 0, "0", "third extent of the input; 0: size"),
};

const struct dc_section dc_layer_conv1d_section = {
	.name = "conv1d layer",
	.doc = "One-dimensional convolution with optional normalisation, shortcut and activation",
	.size = sizeof(struct conv),
	DC_FIELDS(fields_1d),
};

const struct dc_section dc_layer_conv2d_section = {
	.name = "conv2d layer",
	.doc = "Two-dimensional convolution with optional normalisation, shortcut and activation",
	.size = sizeof(struct conv),
	DC_FIELDS(fields),
};

const struct dc_section dc_layer_conv3d_section = {
	.name = "conv3d layer",
	.doc = "Three-dimensional convolution with optional normalisation, shortcut and activation",
	.size = sizeof(struct conv),
	DC_FIELDS(fields_3d),
};

/* One sign bit per element, counted in FP32 elements. */
static const double bit = 1.0 / 32.0;

static struct dc_layer_pass sweep(double elements)
{
	return (struct dc_layer_pass){.elements = elements, .kernels = 1};
}

/* Backward, from the end to the convolution. y: elements of the output. */
static void add_backward(const struct conv *conv, bool fused, double y, struct dc_layer *out)
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
static void add_forward(const struct conv *conv, bool fused, double y, struct dc_layer *out)
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

static enum dc_status check(const struct conv *conv, const struct dc_layer_scope *scope)
{
	if (conv->in % conv->groups != 0 || conv->out % conv->groups != 0)
		return dc_diag_error(scope->diag, dc_node_mark(conv->node, "groups"),
				     "%s layer: groups must divide in and out", conv->type);
	if (conv->residual && !conv->norm)
		return dc_diag_error(scope->diag, dc_node_mark(conv->node, "residual"),
				     "%s layer: residual needs norm: true", conv->type);
	if (conv->transposed && conv->stride != conv->kernel)
		return dc_diag_error(scope->diag, dc_node_mark(conv->node, "stride"),
				     "%s layer: a transposed convolution has stride = kernel",
				     conv->type);
	return DC_OK;
}

/* Outputs along one extent; not positive: the window is larger than the input. */
static double outputs(const struct conv *conv, double extent, double kernel)
{
	double padding = conv->padding == PADDING_VALID ? 0.0 : floor(kernel / 2.0);

	if (conv->transposed)
		return extent * (double)conv->stride;
	return floor((extent + 2.0 * padding - kernel) / (double)conv->stride) + 1.0;
}

/* What is convolved: pixels before and after, taps of a filter. */
struct window {
	double before, after, taps;
};

static enum dc_status window_of(const struct conv *conv, unsigned dimensions,
				const struct dc_layer_scope *scope, struct window *window)
{
	double kernel = (double)conv->kernel, size = (double)conv->size;
	double extents[3] = {size, size, conv->depth == 0 ? size : (double)conv->depth};
	double kernels[3] = {kernel, conv->kernel_width == 0 ? kernel : (double)conv->kernel_width,
			     kernel};

	*window = (struct window){1.0, 1.0, 1.0};
	for (unsigned i = 0; i < dimensions; i++) {
		double after = outputs(conv, extents[i], kernels[i]);

		if (!(after >= 1.0))
			return dc_diag_error(scope->diag, dc_node_mark(conv->node, "kernel"),
					     "%s layer: the filter is larger than the padded input",
					     conv->type);
		window->before *= extents[i];
		window->after *= after;
		window->taps *= kernels[i];
	}
	return DC_OK;
}

/* x, y: elements of input and output. */
static void add_product(const struct conv *conv, const struct window *window, double x, double y,
			bool first, struct dc_layer *out)
{
	double groups = (double)conv->groups;
	double in = (double)conv->in / groups, channels = (double)conv->out / groups;
	double weights = (double)conv->out * in * window->taps;
	/* pixels that a window belongs to */
	double rows = conv->transposed ? window->before : window->after;

	out->matrix_parameters = weights;
	dc_layer_add_product(out, &(struct dc_layer_product){
					  .macs = weights * rows,
					  .in_elements = x,
					  .out_elements = y,
					  .weights = weights,
					  .inner = conv->transposed ? in : in * window->taps,
					  .inner_input = channels * window->taps,
					  .rows = rows,
					  .first = first,
					  .kernel = DC_KERNEL_CONVOLUTION,
				  });
}

static enum dc_status expand(const struct conv *conv, unsigned dimensions,
			     const struct dc_layer_scope *scope, struct dc_layer *out)
{
	double channels = (double)conv->out, x, y;
	/* the output; what normalisation reads again; what GELU does (ReLU knows its output) */
	double kept =
		1.0 + (conv->norm ? 1.0 : 0.0) + (conv->activation == ACTIVATION_GELU ? 1.0 : 0.0);
	struct window window;
	enum dc_status status = check(conv, scope);

	if (status == DC_OK)
		status = window_of(conv, dimensions, scope, &window);
	if (status != DC_OK)
		return status;
	x = (double)conv->in * window.before;
	y = channels * window.after;
	out->input_elements = x;
	out->transient_elements = x + y;
	out->saved_elements = kept * y + (scope->first ? x : 0.0); /* and the model's input */
	add_backward(conv, scope->fused, y, out);
	add_product(conv, &window, x, y, scope->first, out);
	add_forward(conv, scope->fused, y, out);
	out->parameters = out->matrix_parameters + (conv->bias ? channels : 0.0) +
			  (conv->norm ? 2.0 * channels : 0.0);
	out->whole_parameters = out->parameters;
	return DC_OK;
}

static enum dc_status expand_1d(const void *section, const struct dc_layer_scope *scope,
				struct dc_layer *out)
{
	return expand(section, 1, scope, out);
}

static enum dc_status expand_2d(const void *section, const struct dc_layer_scope *scope,
				struct dc_layer *out)
{
	return expand(section, 2, scope, out);
}

static enum dc_status expand_3d(const void *section, const struct dc_layer_scope *scope,
				struct dc_layer *out)
{
	return expand(section, 3, scope, out);
}

const struct dc_layer_type dc_layer_conv1d = {
	.name = "conv1d",
	.doc = "Convolution along one extent, as conv2d.",
	.expand = expand_1d,
};

const struct dc_layer_type dc_layer_conv2d = {
	.name = "conv2d",
	.doc = "Convolution as an implicit matrix product, with normalisation, shortcut, activation.",
	.expand = expand_2d,
};

const struct dc_layer_type dc_layer_conv3d = {
	.name = "conv3d",
	.doc = "Convolution along three extents, as conv2d.",
	.expand = expand_3d,
};
