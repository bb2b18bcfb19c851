/* Embedding of tokens: rows of a vocabulary table, plus learned positions and segments.
 *
 * Forward reads one FP32 row per table and token and writes their sum. Backward fills the dense
 * FP32 gradients with zeros and adds one row per token to each: one read and one write of the row
 * per table, and one read of dy. No matrix product.
 *
 * Tensor ranks have a part of the vocabulary each; every one looks up all tokens, finds some, and
 * the rows are summed over the ranks [Shoeybi et al. 2019, sec. 3]. With sequence parallelism each
 * rank then has its tokens only, to which positions are added; backward gathers the gradient. */
#include "training/layer.h"
#include "training/layer_kinds.h"

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_embedding_keys, type),
	 .help = "embedding"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_layer_embedding_keys, name),
	 .help = "what reports call the layer"},
	{.key = "vocabulary",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e9,
	 .offset = offsetof(struct dc_layer_embedding_keys, vocabulary),
	 .help = "different tokens"},
	{.key = "width",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_embedding_keys, width),
	 .help = "width of a token"},
	{.key = "positions",
	 .kind = DC_COUNT,
	 .max = 1e9,
	 .fallback = "0",
	 .offset = offsetof(struct dc_layer_embedding_keys, positions),
	 .help = "learned positions: the longest sequence; 0: none"},
	{.key = "segments",
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_layer_embedding_keys, segments),
	 .help = "learned segments; 0: none"},
};

const struct dc_section dc_layer_embedding_section = {
	.name = "embedding layer",
	.doc = "Tokens, positions and segments to vectors",
	.size = sizeof(struct dc_layer_embedding_keys),
	DC_FIELDS(fields),
};

/* Rows and gradients are FP32, or as wide as activations with narrow weights. */
static void add_passes(const struct dc_software *software, double y, double tables,
		       struct dc_layer *out)
{
	struct dc_layer_pass forward = {
		.elements = y, .wide = tables * y, .kernels = (unsigned)tables};
	struct dc_layer_pass backward = {.elements = tables * y,
					 .wide = 2.0 * tables * y,
					 .wide_fixed = out->parameters,
					 .kernels = 2u * (unsigned)tables};

	if (software->weights == DC_SOFTWARE_WEIGHTS_COPIES) {
		forward.elements += forward.wide;
		backward.elements += backward.wide;
		backward.elements_fixed = backward.wide_fixed;
		forward.wide = backward.wide = backward.wide_fixed = 0.0;
	}
	dc_layer_add_forward(out, forward);
	dc_layer_add_backward(out, backward);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_embedding_keys *embedding = section;
	double width = (double)embedding->width, rows, y, own, others;
	double tables = 1.0 + (embedding->positions > 0 ? 1.0 : 0.0) +
			(embedding->segments > 0 ? 1.0 : 0.0);
	enum dc_status status =
		dc_layer_rows(scope, embedding->node, DC_LAYER_PER_TOKEN, 1.0, &rows);

	if (status != DC_OK)
		return status;
	if (embedding->positions > 0 && scope->sequence > (double)embedding->positions)
		return dc_diag_error(
			scope->diag, dc_node_mark(embedding->node, "positions"),
			"embedding layer: a sequence of %.0f tokens is longer than the "
			"%llu positions",
			scope->sequence, (unsigned long long)embedding->positions);
	y = rows * width;
	own = y / dc_layer_token_ranks(scope);
	others = (double)embedding->positions + (double)embedding->segments;
	out->parameters =
		width * (dc_layer_vocabulary(scope, (double)embedding->vocabulary) + others);
	out->whole_parameters = width * ((double)embedding->vocabulary + others);
	dc_layer_exchange_out(out, scope, y);
	add_passes(dc_software_of(scope->software), y, tables, out);
	out->saved_elements = own;
	out->saved_bytes = 8.0 * rows; /* token numbers */
	out->transient_elements = y;
	return DC_OK;
}

const struct dc_layer_type dc_layer_embedding = {
	.name = "embedding",
	.doc = "Rows of a table per token, with learned positions and segments.",
	.splits = true,
	.expand = expand,
};
