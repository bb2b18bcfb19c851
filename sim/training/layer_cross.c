/* Cross attention: tokens of one sequence attend to those of another, an encoder's output.
 *
 * Queries of s tokens, keys and values of the encoder's e tokens [Vaswani et al. 2017, sec. 3.2.3],
 * width h, a heads of width d; multiply-add = 2: queries and output 2 s h a d each, keys and values
 * 4 e h a d, scores and weighting 4 s e a d. Backward does each product twice, and adds the gradient
 * of the encoder's output to that of the layers behind: two reads, one write of e h.
 *
 * Over ranks: a/t heads on each of t tensor ranks, which gather tokens of both sequences with sequence
 * parallelism; s/c and e/c tokens on each of c context ranks, and the keys and values of all. */
#include "training/layer.h"
#include "training/layer_kinds.h"

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_cross_keys, type),
	 .help = "cross-attention"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_layer_cross_keys, name),
	 .help = "what reports call the layer"},
	{.key = "hidden",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_cross_keys, hidden),
	 .help = "width of a token, of both sequences"},
	{.key = "heads",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e5,
	 .offset = offsetof(struct dc_layer_cross_keys, heads),
	 .help = "heads"},
	{.key = "head_size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_cross_keys, head_size),
	 .help = "width of a head"},
	{.key = "source",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e9,
	 .offset = offsetof(struct dc_layer_cross_keys, source),
	 .help = "tokens that are attended to"},
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_layer_cross_keys, bias),
	 .help = "biases of the projections"},
	{.key = "dropout",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_layer_cross_keys, dropout),
	 .help = "dropout of the probabilities"},
	{.key = "kernel",
	 .kind = DC_ENUM,
	 .fallback = "flash",
	 .choices = dc_layer_kernel_names,
	 .offset = offsetof(struct dc_layer_cross_keys, kernel),
	 .help = "flash: scores stay on the chip; unfused: they go through memory"},
};

const struct dc_section dc_layer_cross_section = {
	.name = "cross-attention layer",
	.doc = "Multi-head attention to another sequence, with its projections",
	.size = sizeof(struct dc_layer_cross_keys),
	DC_FIELDS(fields),
};

/* What one rank has. */
struct share {
	double tokens, source; /* of the products */
	double ranks;          /* that share tokens */
	double hidden, width;
};

static void add_projection(const struct dc_layer_cross_keys *keys, double tokens, double in,
			   double width, bool apart, struct dc_layer *out)
{
	dc_layer_add_projection(out, tokens, in, width, apart);
	if (!keys->bias)
		return;
	dc_layer_add_backward(out,
			      (struct dc_layer_pass){.elements = tokens * width, .kernels = 1});
	out->parameters += width;
}

static void add_passes(const struct dc_layer_cross_keys *keys, const struct share *n,
		       const struct dc_layer_scores *scores, const struct dc_layer_scope *scope,
		       struct dc_layer *out)
{
	double gradients = 3.0 * n->source / n->ranks * n->hidden;

	/* Passes append to both directions at once; backward is turned round at the end. */
	add_projection(keys, n->tokens, n->hidden, n->width, false, out);
	dc_layer_add_backward(out, (struct dc_layer_pass){.elements = gradients, .kernels = 1});
	add_projection(keys, n->source, n->hidden, 2.0 * n->width, true, out);
	dc_layer_add_scores(scores, scope, out);
	add_projection(keys, n->tokens, n->width, n->hidden, true, out);
	dc_layer_reverse_backward(out);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_cross_keys *keys = section;
	double size = (double)keys->head_size, tensor = dc_layer_tensor(scope);
	double heads = (double)keys->heads / tensor, context = dc_layer_context(scope);
	struct share n = {
		.tokens = scope->sequence / context,
		.source = (double)keys->source / context,
		.ranks = dc_layer_token_ranks(scope),
		.hidden = (double)keys->hidden,
		.width = heads * size,
	};
	struct dc_layer_scores scores = {
		.queries = n.tokens,
		.keys = (double)keys->source,
		.heads = heads,
		.key_size = size,
		.value_size = size,
		.dropout = keys->dropout,
		.kernel = keys->kernel,
	};
	double whole = tensor * n.width, rows = (n.tokens + n.source) * n.hidden;
	enum dc_status status =
		dc_layer_check_heads(scope, keys->node, "cross-attention", keys->heads);

	if (status != DC_OK)
		return status;
	out->input_elements = n.tokens * n.hidden / n.ranks;
	out->whole_parameters =
		4.0 * n.hidden * whole + (keys->bias ? 3.0 * whole + n.hidden : 0.0);
	/* queries, heads' output, the layer's; keys and values. The encoder's output is its own. */
	out->saved_elements = 2.0 * (n.tokens + n.source) * n.width + out->input_elements;
	out->saved_casts = n.tokens * n.width;
	add_passes(keys, &n, &scores, scope, out);
	if (out->transient_elements < rows + 2.0 * (n.tokens + n.source) * n.width)
		out->transient_elements = rows + 2.0 * (n.tokens + n.source) * n.width;
	dc_layer_exchange_in(out, scope, rows);
	dc_layer_add_keys(&scores, scope, out);
	dc_layer_exchange_out(out, scope, n.tokens * n.hidden);
	return DC_OK;
}

const struct dc_layer_type dc_layer_cross = {
	.name = "cross-attention",
	.doc = "Attention of one sequence to another, with projections.",
	.splits = true,
	.expand = expand,
};
