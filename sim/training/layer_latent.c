/* Multi-head latent attention: queries, keys and values by way of narrow vectors.
 *
 * [DeepSeek-V2, arXiv:2405.04434, sec. 2.1]; as it trains, keys and values are written out in full.
 * Of s tokens of width h, on a heads, with query rank q, key and value rank r, head widths n (without
 * position), p (rotary) and v (values), multiply-add = 2:
 *
 *     down   h -> q, norm, q -> a (n + p)          (q = 0: h -> a (n + p) in one)
 *            h -> r + p, norm of r, r -> a (n + v); the p of keys is one for all heads
 *     turn   a p of queries in place, p of keys, which is written beside n of every head
 *     attend widths n + p and v: 2 s^2 a (n + p + v)
 *     out    a v -> h
 *
 * Norms are by the root mean square; no biases, no dropout. Kept for backward: what each product
 * and norm reads, keys and values of all heads, their output and the layer's.
 *
 * Over ranks, as in Megatron-Core: a/t heads on each of t tensor ranks; the products down and the norms
 * are done by every one, on its own tokens with sequence parallelism, and the ranks q and r + p
 * gathered. c context ranks have s/c queries each, and the keys and values of all. */
#include "training/layer.h"
#include "training/layer_kinds.h"

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_latent_keys, type),
	 .help = "latent-attention"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_layer_latent_keys, name),
	 .help = "what reports call the layer"},
	{.key = "hidden",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_latent_keys, hidden),
	 .help = "width of a token"},
	{.key = "heads",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e5,
	 .offset = offsetof(struct dc_layer_latent_keys, heads),
	 .help = "heads"},
	{.key = "latent",
	 .kind = DC_SECTION,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_latent_keys, latent),
	 .section = &dc_layer_latent_ranks,
	 .help = "ranks and widths of heads"},
	{.key = "kernel",
	 .kind = DC_ENUM,
	 .fallback = "flash",
	 .choices = dc_layer_kernel_names,
	 .offset = offsetof(struct dc_layer_latent_keys, kernel),
	 .help = "flash: scores stay on the chip; unfused: they go through memory"},
};

static const struct dc_field rank_fields[] = {
	{.key = "q_rank",
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_layer_latent, q_rank),
	 .help = "rank of queries; 0: straight from the token"},
	{.key = "kv_rank",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_latent, kv_rank),
	 .help = "rank of keys and values"},
	{.key = "nope_size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_latent, nope_size),
	 .help = "width of a query or key head without position"},
	{.key = "rope_size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_latent, rope_size),
	 .help = "width of a query or key head that rotary positions turn"},
	{.key = "v_size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_latent, v_size),
	 .help = "width of a value head"},
};

const struct dc_section dc_layer_latent_ranks = {
	.name = "latent",
	.doc = "Ranks and head widths of multi-head latent attention",
	.size = sizeof(struct dc_layer_latent),
	DC_FIELDS(rank_fields),
};

const struct dc_section dc_layer_latent_section = {
	.name = "latent-attention layer",
	.doc = "Multi-head latent attention with its projections",
	.size = sizeof(struct dc_layer_latent_keys),
	DC_FIELDS(fields),
};

static void add_norm(double tokens, double width, struct dc_layer *out)
{
	double x = tokens * width;

	dc_layer_add_forward(out, (struct dc_layer_pass){
					  .elements = 2.0 * x, .wide_fixed = width, .kernels = 1});
	dc_layer_add_backward(out, (struct dc_layer_pass){.elements = 5.0 * x,
							  .wide_fixed = 2.0 * width,
							  .kernels = 2});
	out->parameters += width;
	out->saved_operands += x;
}

/* Reads and writes the rotary part of queries; reads keys in parts, writes them whole. */
static void add_rotation(double tokens, double heads, double nope, double rope,
			 struct dc_layer *out)
{
	double queries = 2.0 * heads * rope;
	double keys = heads * nope + rope + heads * (nope + rope);
	struct dc_layer_pass pass = {.elements = tokens * (queries + keys), .kernels = 2};

	dc_layer_add_forward(out, pass);
	dc_layer_add_backward(out, pass);
}

/* What one rank has. */
struct share {
	double tokens, own; /* of the products up; of those down, and norms */
	double hidden, heads;
	double q_rank, kv_rank, nope, rope, value;
};

static struct share share_of(const struct dc_layer_latent_keys *keys,
			     const struct dc_layer_scope *scope)
{
	double tokens = scope->sequence / dc_layer_context(scope);

	return (struct share){
		.tokens = tokens,
		.own = tokens / dc_layer_token_ranks(scope),
		.hidden = (double)keys->hidden,
		.heads = (double)keys->heads / dc_layer_tensor(scope),
		.q_rank = (double)keys->latent.q_rank,
		.kv_rank = (double)keys->latent.kv_rank,
		.nope = (double)keys->latent.nope_size,
		.rope = (double)keys->latent.rope_size,
		.value = (double)keys->latent.v_size,
	};
}

/* Passes append to both directions at once; the caller turns backward round. */
static void add_passes(const struct share *n, const struct dc_layer_scores *scores,
		       const struct dc_layer_scope *scope, struct dc_layer *out)
{
	double heads = n->heads, key = n->nope + n->rope;

	if (n->q_rank > 0.0) {
		dc_layer_add_projection(out, n->own, n->hidden, n->q_rank, true);
		add_norm(n->own, n->q_rank, out);
	}
	dc_layer_add_projection(out, n->tokens, n->q_rank > 0.0 ? n->q_rank : n->hidden,
				heads * key, !(n->q_rank > 0.0));
	dc_layer_add_projection(out, n->own, n->hidden, n->kv_rank + n->rope, true);
	add_norm(n->own, n->kv_rank, out);
	dc_layer_add_projection(out, n->tokens, n->kv_rank, heads * (n->nope + n->value), false);
	add_rotation(n->tokens, heads, n->nope, n->rope, out);
	dc_layer_add_scores(scores, scope, out);
	dc_layer_add_projection(out, n->tokens, heads * n->value, n->hidden, true);
}

static double whole_parameters(const struct share *n, double tensor)
{
	double heads = n->heads * tensor, key = n->nope + n->rope;
	double queries = n->q_rank > 0.0 ? n->q_rank * (n->hidden + heads * key + 1.0)
					 : n->hidden * heads * key;

	return queries + n->hidden * (n->kv_rank + n->rope) +
	       n->kv_rank * (1.0 + heads * (n->nope + n->value)) + heads * n->value * n->hidden;
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_latent_keys *keys = section;
	struct share n = share_of(keys, scope);
	double key = n.nope + n.rope, heads = 2.0 * n.heads * (key + n.value);
	struct dc_layer_scores scores = {
		.queries = n.tokens,
		.keys = scope->sequence,
		.heads = n.heads,
		.key_size = key,
		.value_size = n.value,
		.causal = scope->causal,
		.kernel = keys->kernel,
	};
	enum dc_status status =
		dc_layer_check_heads(scope, keys->node, "latent-attention", keys->heads);

	if (status != DC_OK)
		return status;
	out->input_elements = n.own * n.hidden;
	/* queries, keys, values, heads' output, the layer's; the ranks before their norms */
	out->saved_elements = n.tokens * heads + n.own * (n.hidden + n.q_rank + n.kv_rank + n.rope);
	out->saved_casts = n.tokens * n.heads * n.value;
	add_passes(&n, &scores, scope, out);
	out->whole_parameters = whole_parameters(&n, dc_layer_tensor(scope));
	if (out->transient_elements < n.tokens * heads)
		out->transient_elements = n.tokens * heads;
	dc_layer_reverse_backward(out);
	dc_layer_exchange_in(out, scope,
			     n.tokens *
				     ((n.q_rank > 0.0 ? n.q_rank : n.hidden) + n.kv_rank + n.rope));
	dc_layer_add_keys(&scores, scope, out);
	dc_layer_exchange_out(out, scope, n.tokens * n.hidden);
	return DC_OK;
}

const struct dc_layer_type dc_layer_latent = {
	.name = "latent-attention",
	.doc = "Multi-head latent attention: queries, keys and values of low rank.",
	.splits = true,
	.expand = expand,
};
