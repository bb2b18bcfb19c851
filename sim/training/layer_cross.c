/* Cross attention: tokens of one sequence attend to those of another, an encoder's output.
 *
 * Queries of s tokens, keys and values of the encoder's e tokens [Vaswani et al. 2017, sec. 3.2.3],
 * width h, a heads of width d; multiply-add = 2: queries and output 2 s h a d each, keys and values
 * 4 e h a d, scores and weighting 4 s e a d. Backward does each product twice, and adds the gradient
 * of the encoder's output to that of the layers behind: two reads, one write of e h. */
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

static void add_projection(const struct dc_layer_cross_keys *keys, double tokens, double in,
			   double width, struct dc_layer *out)
{
	dc_layer_add_projection(out, tokens, in, width);
	if (!keys->bias)
		return;
	dc_layer_add_backward(out,
			      (struct dc_layer_pass){.elements = tokens * width, .kernels = 1});
	out->parameters += width;
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_cross_keys *keys = section;
	double s = scope->sequence, e = (double)keys->source, h = (double)keys->hidden;
	double size = (double)keys->head_size, width = (double)keys->heads * size;
	double tensors = s * (h + 2.0 * width) + e * 2.0 * width;
	struct dc_layer_scores scores = {
		.queries = s,
		.keys = e,
		.heads = (double)keys->heads,
		.key_size = size,
		.value_size = size,
		.dropout = keys->dropout,
		.kernel = keys->kernel,
	};

	if (!(s > 0.0))
		return dc_diag_error(scope->diag, dc_node_mark(keys->node, "type"),
				     "cross-attention layer: the model's samples have no tokens: "
				     "give the model a 'sequence' length");
	/* queries, heads' output, the layer's; keys and values. The encoder's output is its own. */
	out->saved_elements = tensors;
	/* Passes append to both directions at once; backward is turned round at the end. */
	add_projection(keys, s, h, width, out);
	dc_layer_add_backward(out, (struct dc_layer_pass){.elements = 3.0 * e * h, .kernels = 1});
	add_projection(keys, e, h, 2.0 * width, out);
	dc_layer_add_scores(&scores, out);
	add_projection(keys, s, width, h, out);
	if (out->transient_elements < tensors)
		out->transient_elements = tensors;
	dc_layer_reverse_backward(out);
	return DC_OK;
}

const struct dc_layer_type dc_layer_cross = {
	.name = "cross-attention",
	.doc = "Attention of one sequence to another, with projections.",
	.expand = expand,
};
