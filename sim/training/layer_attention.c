/* Multi-head self-attention: query, key and value projections, attention, output projection.
 *
 * Per sequence of s tokens, width h, a heads of width d, h/a unless given [Vaswani et al. 2017], k
 * key and value heads [Ainslie et al. 2023]; products count 2 FLOP per multiply-add: projections 2
 * s h d (a + 2 k), scores 2 s^2 a d, weighting 2 s^2 a d, output 2 s a d h. Backward does each
 * product twice. Rotary positions [Su et al. 2021] turn queries and keys in place: one read and one
 * write of each, either way; nothing more is kept.
 *
 * kernel: unfused   scores go through memory: forward the product writes a s^2, softmax with
 *                   dropout reads it once and writes probabilities, a mask byte and the dropped
 *                   ones, backward reads two and the mask and writes one; 5 bytes per score are
 *                   kept in 16 bits [Korthikanti et al. 2022, sec. 4.1];
 *         flash     scores stay on the chip, backward recomputes them: 2.5 times the forward FLOP,
 *                   FP32 softmax statistics of s a kept [Dao et al. 2022]; products of inner
 *                   dimension d. All s^2 scores are computed (no causal mask).
 *
 * Software (software.h) decides instead of the model's key when it names a kernel. Fused kernels of
 * a causal model then leave out half of the scores. Its unfused one: batched products; softmax with
 * scale and mask in one sweep, dropout in another (4 and 5 bytes per score forward, 6 and 5
 * backward, in 16 bits); where that does not run, scale, mask, softmax and widening one by one, 25
 * bytes either way in 6 more kernels. Queries, keys and values are laid out anew before and after:
 * each read and written once either way, rotation included.
 *
 * t tensor ranks have a/t heads each, and k/t key and value heads or at least one: then ranks hold
 * the same one. c context ranks have s/c queries each and the keys and values of all, s: gathered
 * forward and backward, their gradients reduced. */
#include "training/layer.h"
#include "training/layer_kinds.h"

const char *const dc_layer_kernel_names[] = {"flash", "unfused", NULL};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_attention_keys, type),
	 .help = "attention"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_layer_attention_keys, name),
	 .help = "what reports call the layer"},
	{.key = "hidden",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_attention_keys, hidden),
	 .help = "width of a token"},
	{.key = "heads",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e5,
	 .offset = offsetof(struct dc_layer_attention_keys, heads),
	 .help = "query heads; divide hidden, unless head_size is given"},
	{.key = "kv_heads",
	 .kind = DC_COUNT,
	 .max = 1e5,
	 .fallback = "0",
	 .offset = offsetof(struct dc_layer_attention_keys, kv_heads),
	 .help = "key and value heads; divide heads; 0: as many as heads"},
	{.key = "head_size",
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_layer_attention_keys, head_size),
	 .help = "width of a head; 0: hidden / heads"},
	{.key = "rotary",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_layer_attention_keys, rotary),
	 .help = "rotary positions: queries and keys are turned"},
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_layer_attention_keys, bias),
	 .help = "biases of the projections"},
	{.key = "dropout",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_layer_attention_keys, dropout),
	 .help = "dropout of the probabilities"},
	{.key = "kernel",
	 .kind = DC_ENUM,
	 .fallback = "flash",
	 .choices = dc_layer_kernel_names,
	 .offset = offsetof(struct dc_layer_attention_keys, kernel),
	 .help = "flash: scores stay on the chip; unfused: they go through memory"},
};

const struct dc_section dc_layer_attention_section = {
	.name = "attention layer",
	.doc = "Multi-head self-attention with its projections",
	.size = sizeof(struct dc_layer_attention_keys),
	DC_FIELDS(fields),
};

/* What one rank has. */
struct share {
	const struct dc_layer_attention_keys *attention;
	const struct dc_layer_scope *scope;
	const struct dc_software *software;
	double s, keys; /* tokens of queries, and of keys */
	double a, d;    /* heads and their width */
	double q, kv;   /* width of the queries; of keys and values together */
	double token_ranks;
};

static void add_bias_gradient(const struct dc_layer_attention_keys *attention, double elements,
			      struct dc_layer *out)
{
	if (attention->bias)
		dc_layer_add_backward(out,
				      (struct dc_layer_pass){.elements = elements, .kernels = 1});
}

/* A projection of s tokens. Its input's gradient is always needed: attention is never first. */
static void add_projection(double s, double in, double width, double narrowed, bool apart,
			   struct dc_layer *out)
{
	dc_layer_add_product(out, &(struct dc_layer_product){
					  .macs = s * in * width,
					  .in_elements = s * in,
					  .out_elements = s * width,
					  .weights = in * width,
					  .inner = in,
					  .inner_input = width,
					  .rows = s,
					  .narrowed = narrowed,
					  .apart = apart,
					  .beside = !apart,
				  });
}

static void add_flash(const struct share *share, struct dc_layer *out)
{
	double s = share->s, qo = s * share->q, kv = share->keys * share->kv;
	double done = share->scope->causal && share->software->attention.causal ? 0.5 : 1.0;
	double flops = 4.0 * share->keys * qo;
	struct dc_layer_pass pass = {
		.flops = done * flops,
		.elements = 2.0 * qo + kv,
		.wide = s * share->a,
		.inner = share->d,
		.kernels = 1,
		.kernel = dc_software_kernel(share->software),
		.sixteen = true,
	};

	dc_layer_add_core(out, pass);
	/* reads q, k, v, the output and its gradient; writes the gradients of q, k, v */
	pass.flops *= 2.5;
	pass.elements = 4.0 * qo + 2.0 * kv;
	pass.wide = 2.0 * s * share->a;
	dc_layer_add_backward(out, pass);
	out->recomputed_flops = done * 0.5 * flops; /* the scores */
	out->masked_flops = (1.0 - done) * flops;
	out->saved_bytes += 4.0 * s * share->a;
	out->core_bytes = 4.0 * s * share->a;
}

/* Sweeps over the scores: softmax and dropout in one kernel each way. */
static void add_softmax(double scores, bool dropout, struct dc_layer *out, bool backward)
{
	double copies = dropout ? 2.0 : 1.0;
	struct dc_layer_pass pass = {.elements = (1.0 + copies) * scores, .kernels = 1};

	pass.wide = dropout ? scores / 4.0 : 0.0;
	if (!backward) {
		dc_layer_add_core(out, pass);
		return;
	}
	pass.elements = 3.0 * scores;
	dc_layer_add_backward(out, pass);
}

/* In kernels of their own: where the fused softmax runs, and where it does not. */
static void add_softmax_apart(const struct share *share, double scores, struct dc_layer *out,
			      bool backward)
{
	const struct dc_software_attention_keys *rules = &share->software->attention;
	bool short_enough = share->keys <= (double)rules->softmax_sequence;
	bool fused = rules->softmax_fused && short_enough;
	double drop = share->attention->dropout ? 1.0 : 0.0;
	struct dc_layer_pass pass = {
		.elements = ((backward ? 3.0 : 2.0) + 2.0 * drop) * scores,
		.wide = drop * scores / 4.0,
		.kernels = 1 + (unsigned)drop,
		.when = DC_LAYER_HEADS_BY_FOUR,
	};
	struct dc_layer_pass slow = {
		.wide = 25.0 / 4.0 * scores,
		.kernels = pass.kernels + 6,
		.when = fused ? DC_LAYER_HEADS_NOT_BY_FOUR : DC_LAYER_ALWAYS,
	};

	if (fused && !backward)
		dc_layer_add_core(out, pass);
	else if (fused)
		dc_layer_add_backward(out, pass);
	if (backward)
		dc_layer_add_backward(out, slow);
	else
		dc_layer_add_core(out, slow);
}

static void add_unfused(const struct share *share, struct dc_layer *out)
{
	const struct dc_software *software = share->software;
	bool apart = software->attention.kernel == DC_SOFTWARE_ATTENTION_UNFUSED;
	bool dropout = share->attention->dropout;
	double qo = share->s * share->q, kv = share->keys * share->kv;
	double scores = share->a * share->s * share->keys;
	struct dc_layer_pass product = {
		.flops = 2.0 * share->keys * qo,
		.elements = qo + 0.5 * kv + scores,
		.inner = share->d,
		.kernels = 1,
		.kernel = apart ? DC_KERNEL_BATCHED : DC_KERNEL_PRODUCT,
		.sixteen = true,
	};
	struct dc_layer_pass along = product;

	along.inner = share->keys;
	dc_layer_add_core(out, product); /* q k' */
	if (apart)
		add_softmax_apart(share, scores, out, false);
	else
		add_softmax(scores, dropout, out, false);
	dc_layer_add_core(out, along); /* p v */
	/* gradients of p (inner d) and v (inner s), softmax, of q and k (inner s) */
	dc_layer_add_backward(out, along);
	dc_layer_add_backward(out, product);
	if (apart)
		add_softmax_apart(share, scores, out, true);
	else
		add_softmax(scores, dropout, out, true);
	dc_layer_add_backward(out, along);
	dc_layer_add_backward(out, along);
	out->core_elements = (dropout ? 2.0 : 1.0) * scores;
	out->core_bytes = dropout ? scores : 0.0;
	out->saved_elements += out->core_elements;
	out->saved_bytes += out->core_bytes;
	out->transient_elements = 2.0 * scores;
}

static enum dc_status check_tensor(const struct dc_layer_attention_keys *attention,
				   const struct dc_layer_scope *scope)
{
	uint64_t heads = attention->heads, t = (uint64_t)dc_layer_tensor(scope);
	uint64_t kv = attention->kv_heads == 0 ? heads : attention->kv_heads;

	if (heads % t != 0)
		return dc_diag_error(scope->diag, dc_node_mark(attention->node, "heads"),
				     "attention layer: %llu tensor ranks do not divide %llu heads",
				     (unsigned long long)t, (unsigned long long)heads);
	if (kv % t != 0 && t % kv != 0)
		return dc_diag_error(scope->diag, dc_node_mark(attention->node, "kv_heads"),
				     "attention layer: of %llu tensor ranks and %llu kv_heads "
				     "neither divides the other",
				     (unsigned long long)t, (unsigned long long)kv);
	return DC_OK;
}

static enum dc_status check(const struct dc_layer_attention_keys *attention,
			    const struct dc_layer_scope *scope)
{
	uint64_t kv = attention->kv_heads == 0 ? attention->heads : attention->kv_heads;

	if (attention->head_size == 0 && attention->hidden % attention->heads != 0)
		return dc_diag_error(scope->diag, dc_node_mark(attention->node, "heads"),
				     "attention layer: heads must divide hidden");
	if (attention->heads % kv != 0)
		return dc_diag_error(scope->diag, dc_node_mark(attention->node, "kv_heads"),
				     "attention layer: kv_heads must divide heads");
	if (scope->sequence > 0.0)
		return check_tensor(attention, scope);
	return dc_diag_error(scope->diag, dc_node_mark(attention->node, "type"),
			     "attention layer: the model's samples have no tokens: give the model "
			     "a 'sequence' length");
}

/* x: elements that are read and written in `kernels` sweeps, either way. */
static void add_rotation(double x, unsigned kernels, struct dc_layer *out)
{
	struct dc_layer_pass pass = {.elements = 2.0 * x, .kernels = kernels};

	dc_layer_add_forward(out, pass);
	dc_layer_add_backward(out, pass);
}

/* Keys and values of all context ranks come to each; backward they come again, and their gradients
 * go home. */
static void add_context(const struct share *share, struct dc_layer *out)
{
	struct dc_layer_exchange exchange = {
		.axis = DC_EXCHANGE_CONTEXT,
		.operation = DC_OPERATION_ALL_GATHER,
		.elements = share->keys * share->kv,
		.overlaps = share->software->context_ring,
	};

	dc_layer_exchange_forward(out, share->scope, exchange);
	dc_layer_exchange_backward(out, share->scope, exchange);
	exchange.operation = DC_OPERATION_REDUCE_SCATTER;
	dc_layer_exchange_backward(out, share->scope, exchange);
}

static struct share share_of(const struct dc_layer_attention_keys *attention,
			     const struct dc_layer_scope *scope)
{
	uint64_t heads = attention->heads;
	uint64_t kv_heads = attention->kv_heads == 0 ? heads : attention->kv_heads;
	uint64_t size =
		attention->head_size == 0 ? attention->hidden / heads : attention->head_size;
	uint64_t tensor = (uint64_t)dc_layer_tensor(scope);
	struct share share = {
		.attention = attention,
		.scope = scope,
		.software = dc_software_of(scope->software),
		.s = scope->sequence / dc_layer_context(scope),
		.keys = scope->sequence,
		.a = (double)(heads / tensor),
		.d = (double)size,
		.token_ranks = dc_layer_token_ranks(scope),
	};

	share.q = share.a * share.d;
	share.kv = 2.0 * (double)((kv_heads > tensor ? kv_heads / tensor : 1) * size);
	return share;
}

static void add_passes(const struct share *share, double h, struct dc_layer *out)
{
	const struct dc_layer_attention_keys *attention = share->attention;
	int kernel = share->software->attention.kernel;
	bool flash = kernel == DC_SOFTWARE_ATTENTION_MODEL
			     ? attention->kernel == DC_LAYER_KERNEL_FLASH
			     : kernel != DC_SOFTWARE_ATTENTION_UNFUSED;
	double s = share->s, q = share->q, kv = share->kv;

	/* Products append to both directions at once; backward is turned round at the end. */
	add_projection(s, h, q + kv, s * h / share->token_ranks, false, out);
	add_bias_gradient(attention, s * (q + kv), out);
	if (share->software->transposes)
		add_rotation(s * (q + kv), 3, out);
	else if (attention->rotary)
		add_rotation(s * (q + 0.5 * kv), 2, out);
	if (flash)
		add_flash(share, out);
	else
		add_unfused(share, out);
	add_projection(s, q, h, s * q, true, out);
	add_bias_gradient(attention, s * h / share->token_ranks, out);
	dc_layer_reverse_backward(out);
}

/* Parallel branches share both ends: the feed-forward's output is reduced for both, and the gradient
 * of this layer's input is. */
static void add_exchanges(const struct share *share, double h, struct dc_layer *out)
{
	dc_layer_exchange_in(out, share->scope, share->s * h);
	add_context(share, out);
	if (!share->attention->parallel)
		dc_layer_exchange_out(out, share->scope, share->s * h);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_attention_keys *attention = section;
	double h = (double)attention->hidden, s, q, kv;
	enum dc_status status = check(attention, scope);
	struct share share, whole;

	if (status != DC_OK)
		return status;
	share = share_of(attention, scope);
	whole = share_of(attention, &(struct dc_layer_scope){.sequence = scope->sequence});
	s = share.s;
	q = share.q;
	kv = share.kv;
	out->heads = share.a;
	out->matrix_parameters = h * (q + kv) + q * h;
	out->parameters = out->matrix_parameters + (attention->bias ? q + kv + h : 0.0);
	out->whole_parameters =
		h * (2.0 * whole.q + whole.kv) + (attention->bias ? whole.q + whole.kv + h : 0.0);
	out->input_elements = s * h / share.token_ranks;
	/* queries, keys, values, the heads' output, the layer's output */
	out->saved_elements = s * (2.0 * q + kv + h / share.token_ranks);
	out->saved_casts = s * q;
	add_passes(&share, h, out);
	add_exchanges(&share, h, out);
	if (out->transient_elements < s * (h + q + kv))
		out->transient_elements = s * (h + q + kv);
	return DC_OK;
}

const struct dc_layer_type dc_layer_attention = {
	.name = "attention",
	.doc = "Multi-head self-attention with projections; flash or unfused kernel.",
	.splits = true,
	.expand = expand,
};
