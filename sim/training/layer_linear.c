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
 * per element.
 *
 * Over tensor ranks [Shoeybi et al. 2019, sec. 3] `split: column` shares the outputs: weights,
 * bias, activation; the first of a pair. `split: row` shares the inputs; the output is reduced
 * before bias, dropout and sum, which every rank does, on its tokens with sequence parallelism.
 * `none` is repeated by every rank, on its tokens with sequence parallelism. */
#include "training/layer.h"
#include "training/layer_kinds.h"

static const char *const split_names[] = {"none", "column", "row", NULL};

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
	{.key = "logits",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_layer_linear_keys, logits),
	 .help = "the last product before the loss: 16 bits in training with fewer; shared by "
		 "columns, they are a vocabulary, padded as the software pads"},
	{.key = "split",
	 .kind = DC_ENUM,
	 .fallback = "none",
	 .choices = split_names,
	 .offset = offsetof(struct dc_layer_linear_keys, split),
	 .help = "how tensor ranks share it: by outputs, by inputs after one by outputs, or not"},
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

/* What is kept of y outputs, z of the product. The output of an activation's sweep that needs its
 * input is for the product after it alone. */
static void add_saved(const struct dc_layer_linear_keys *linear, double y, double z,
		      struct dc_layer *out)
{
	bool input = linear->gated || linear->activation == DC_LAYER_ACTIVATION_GELU ||
		     linear->activation == DC_LAYER_ACTIVATION_SILU;

	if (input)
		out->saved_elements += z;
	if (linear->residual)
		return;
	if (input)
		out->saved_operands += y;
	else
		out->saved_elements += y;
}

/* What one rank has. */
struct share {
	double in, out, wide; /* widths of input, output, and of what the product writes */
	double rows, own;     /* rows of the product; of what every rank does on its own tokens */
};

static enum dc_status share_of(const struct dc_layer_linear_keys *linear,
			       const struct dc_layer_scope *scope, struct share *share)
{
	uint64_t t = (uint64_t)dc_layer_tensor(scope);
	uint64_t shared = linear->split == DC_LAYER_SPLIT_ROW ? linear->in : linear->out;
	double ranks = linear->split == DC_LAYER_SPLIT_NONE ? 1.0 : (double)t;
	enum dc_status status =
		dc_layer_rows(scope, linear->node, linear->per, linear->share, &share->rows);

	if (status != DC_OK)
		return status;
	if (linear->split != DC_LAYER_SPLIT_NONE && !linear->logits && shared % t != 0)
		return dc_diag_error(
			scope->diag, dc_node_mark(linear->node, "split"),
			"linear layer: %llu tensor ranks do not divide a width of %llu",
			(unsigned long long)t, (unsigned long long)shared);
	share->in = (double)linear->in;
	share->out = (double)linear->out;
	if (linear->split == DC_LAYER_SPLIT_ROW)
		share->in /= ranks;
	else if (linear->logits && linear->split == DC_LAYER_SPLIT_COLUMN)
		share->out = dc_layer_vocabulary(scope, share->out);
	else
		share->out /= ranks;
	share->wide = linear->gated ? 2.0 * share->out : share->out;
	share->own = linear->per == DC_LAYER_PER_TOKEN ? share->rows / dc_layer_token_ranks(scope)
						       : share->rows;
	if (linear->split == DC_LAYER_SPLIT_NONE)
		share->rows = share->own;
	return DC_OK;
}

static void add_exchanges(const struct dc_layer_linear_keys *linear,
			  const struct dc_layer_scope *scope, const struct share *share,
			  struct dc_layer *out)
{
	if (linear->split == DC_LAYER_SPLIT_COLUMN && !linear->parallel)
		dc_layer_exchange_in(out, scope, share->rows * (double)linear->in);
	if (linear->split == DC_LAYER_SPLIT_ROW)
		dc_layer_exchange_out(out, scope, share->rows * (double)linear->out);
}

/* Elements of x that a narrow format narrows: each rank its tokens before they are gathered. */
static double narrowed(const struct dc_layer_linear_keys *linear, const struct share *share)
{
	double rows = linear->split == DC_LAYER_SPLIT_COLUMN ? share->own : share->rows;

	return rows * share->in;
}

static double whole_parameters(const struct dc_layer_linear_keys *linear)
{
	double wide = (linear->gated ? 2.0 : 1.0) * (double)linear->out;

	return (linear->tied ? 0.0 : (double)linear->in * wide) + (linear->bias ? wide : 0.0);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_linear_keys *linear = section;
	struct share share;
	double y, z;
	enum dc_status status = share_of(linear, scope, &share);

	if (status != DC_OK)
		return status;
	/* what follows a product by rows happens on each rank's own tokens */
	y = (linear->split == DC_LAYER_SPLIT_ROW ? share.own : share.rows) * share.out;
	z = (linear->split == DC_LAYER_SPLIT_ROW ? share.own : share.rows) * share.wide;
	out->parameters =
		(linear->tied ? 0.0 : share.in * share.wide) + (linear->bias ? share.wide : 0.0);
	out->whole_parameters = whole_parameters(linear);
	out->matrix_parameters = share.in * share.wide;
	out->input_elements =
		linear->split == DC_LAYER_SPLIT_ROW ? share.rows * share.in : share.own * share.in;
	out->transient_elements = share.rows * (share.in + share.wide);
	out->saved_elements = scope->first ? share.own * share.in : 0.0;
	add_saved(linear, y, z, out);
	out->saved_bytes = linear->dropout ? y : 0.0;
	add_backward(linear, y, z, out);
	dc_layer_add_product(out,
			     &(struct dc_layer_product){
				     .macs = share.rows * share.in * share.wide,
				     .in_elements = share.rows * share.in,
				     .out_elements = share.rows * share.wide,
				     .weights = share.in * share.wide,
				     .inner = share.in,
				     .inner_input = share.wide,
				     .rows = share.rows,
				     .first = scope->first,
				     .sixteen = linear->logits,
				     .beside = linear->split == DC_LAYER_SPLIT_COLUMN &&
					       !linear->parallel && dc_layer_tensor(scope) > 1.0,
				     .narrowed = linear->logits ? 0.0 : narrowed(linear, &share),
			     });
	add_forward(linear, y, out);
	add_exchanges(linear, scope, &share, out);
	return DC_OK;
}

const struct dc_layer_type dc_layer_linear = {
	.name = "linear",
	.doc = "Fully connected layer, per sample or per token, with activation and dropout.",
	.splits = true,
	.expand = expand,
};
