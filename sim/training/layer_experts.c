/* Mixture of experts: a router, and the feed-forwards of which each token takes some.
 *
 * Of E experts, each h -> f -> h with an activation (gated: h -> 2f, f), a token takes the k that
 * the router scores highest [Shazeer et al. 2017; Lepikhin et al. 2020, GShard]; their outputs are
 * summed by the router's weights. Forward of s tokens, multiply-add = 2: router 2 s h E; experts
 * 4 s k h f, gated 6 s k h f; backward does each product twice. Parameters: h E of the router and
 * E times those of an expert, of which a token meets k experts.
 *
 * Load is balanced: every expert gets s k / E tokens, none is dropped and none padded, as the
 * losses and biases that steer routers aim for. All experts' matrices are read, one group of
 * products per matrix [Gale et al. 2022, MegaBlocks].
 *
 *   router   its weights, scores and probabilities are FP32 in memory [Fedus et al. 2021, Switch
 *            transformers, sec. 2.4]; the product reads tokens as every product does. Softmax or
 *            sigmoid and the choice are one sweep: reads and writes the scores; backward reads
 *            probabilities and their gradients, writes those of the scores.
 *   dispatch tokens are copied, sorted by expert: one read per token, k writes; backward sums k
 *            gradients into one.
 *   combine  k outputs and FP32 weights are read, one sum written; backward reads its gradient and
 *            the outputs (whose products with it are the weights' gradients), writes k gradients.
 *
 * Kept for backward: sorted tokens, what the activation reads and writes, the experts' outputs, the
 * sum; per token FP32 scores, and k weights and 8-byte numbers of tokens.
 *
 * Experts that every token takes are a feed-forward beside this layer (transformer.h).
 *
 * Over ranks [Lepikhin et al. 2020; Megatron-Core's token dispatcher]: c context ranks have s/c tokens
 * each, e expert ranks E/e experts, t tensor ranks a part f/t of every expert. Router, copies and
 * combination are done by every tensor rank, on its own tokens with sequence parallelism. Copies go
 * to the ranks of their experts and outputs come back, either way: four exchanges of k times the
 * tokens. With sequence parallelism the copies are then gathered over the tensor ranks before the
 * experts and their sums scattered after them; else the combined tokens are reduced. */
#include "training/layer.h"
#include "training/layer_kinds.h"

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_experts_keys, type),
	 .help = "mixture-of-experts"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_layer_experts_keys, name),
	 .help = "what reports call the layer"},
	{.key = "hidden",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_experts_keys, hidden),
	 .help = "width of a token"},
	{.key = "ffn",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e7,
	 .offset = offsetof(struct dc_layer_experts_keys, ffn),
	 .help = "width inside an expert"},
	{.key = "experts",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_layer_experts_keys, experts),
	 .help = "experts to choose from"},
	{.key = "top_k",
	 .kind = DC_COUNT,
	 .min = 1.0,
	 .max = 1e6,
	 .fallback = "1",
	 .offset = offsetof(struct dc_layer_experts_keys, top_k),
	 .help = "experts that a token takes"},
	{.key = "gated",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_layer_experts_keys, gated),
	 .help = "the activation of one product scales another, both ffn wide"},
	{.key = "activation",
	 .kind = DC_ENUM,
	 .fallback = "gelu",
	 .choices = dc_layer_activation_names,
	 .offset = offsetof(struct dc_layer_experts_keys, activation),
	 .help = "activation inside an expert"},
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_layer_experts_keys, bias),
	 .help = "biases of the experts' products"},
};

const struct dc_section dc_layer_experts_section = {
	.name = "mixture-of-experts layer",
	.doc = "Feed-forwards of which each token takes some",
	.size = sizeof(struct dc_layer_experts_keys),
	DC_FIELDS(fields),
};

/* What one rank counts, per sample. */
struct counts {
	double tokens, hidden; /* of router, copies, combination */
	double experts;        /* that the router knows */
	double copies;         /* tokens * top_k */
	double own;            /* experts of this rank */
	double taken;          /* rows of its experts together */
	double inside;         /* width of an expert's first product: ffn, gated twice that */
	double ffn;
};

static struct dc_layer_pass sweep(double elements, double wide)
{
	return (struct dc_layer_pass){.elements = elements, .wide = wide, .kernels = 1};
}

/* Routing: the scores' product, softmax and choice. */
static void add_router(const struct counts *n, struct dc_layer *out)
{
	double scores = n->tokens * n->experts;
	struct dc_layer_pass product = {
		.flops = 2.0 * scores * n->hidden,
		.elements = n->tokens * n->hidden,
		.wide = scores,
		.wide_fixed = n->hidden * n->experts,
		.inner = n->hidden,
		.rows_per_sample = n->tokens,
		.columns = n->experts,
		.kernels = 1,
	};

	dc_layer_add_forward(out, product);
	dc_layer_add_forward(out, sweep(0.0, 2.0 * scores));
	product.inner = n->experts;
	product.columns = n->hidden;
	dc_layer_add_backward(out, product);
	product.inner = 0.0;
	product.rows = n->hidden;
	product.rows_per_sample = 0.0;
	product.columns = n->experts;
	product.inner_per_sample = n->tokens;
	dc_layer_add_backward(out, product);
	dc_layer_add_backward(out, sweep(0.0, 3.0 * scores));
}

static void add_dispatch(const struct counts *n, struct dc_layer *out)
{
	dc_layer_add_forward(out, sweep((n->tokens + n->copies) * n->hidden, 0.0));
	dc_layer_add_backward(out, sweep((n->tokens + n->copies) * n->hidden, 0.0));
}

/* One matrix of every expert: a group of products, in -> width. `rows` of the weights' gradient are
 * those of one expert. */
static void add_products(const struct counts *n, double in, double width, double narrowed,
			 struct dc_layer *out)
{
	dc_layer_add_product(out, &(struct dc_layer_product){
					  .macs = n->taken * in * width,
					  .in_elements = n->taken * in,
					  .out_elements = n->taken * width,
					  .weights = n->own * in * width,
					  .inner = in,
					  .inner_input = width,
					  .rows = n->taken / n->own,
					  .narrowed = narrowed,
				  });
}

static void add_activation(const struct dc_layer_experts_keys *keys, const struct counts *n,
			   struct dc_layer *out)
{
	double y = n->taken * n->ffn;

	if (!keys->gated && keys->activation == DC_LAYER_ACTIVATION_NONE)
		return;
	dc_layer_add_forward(out, sweep(keys->gated ? 3.0 * y : 2.0 * y, 0.0));
	dc_layer_add_backward(out, sweep(keys->gated ? 5.0 * y : 3.0 * y, 0.0));
}

static void add_combination(const struct counts *n, struct dc_layer *out)
{
	dc_layer_add_forward(out, sweep((n->tokens + n->copies) * n->hidden, n->copies));
	dc_layer_add_backward(out,
			      sweep((n->tokens + 2.0 * n->copies) * n->hidden, 2.0 * n->copies));
}

/* Copies to the ranks of their experts, and back; then what tensor ranks exchange. */
static void add_exchanges(const struct counts *n, const struct dc_layer_scope *scope,
			  struct dc_layer *out)
{
	struct dc_layer_exchange exchange = {
		.axis = DC_EXCHANGE_EXPERT,
		.operation = DC_OPERATION_ALL_TO_ALL,
		.elements = n->copies * n->hidden,
		.times = 2,
	};
	/* of all tensor ranks: their copies, or the tokens that they all have */
	double tensor = scope->shard.sequence ? n->taken * n->hidden : n->tokens * n->hidden;

	dc_layer_exchange_forward(out, scope, exchange);
	dc_layer_exchange_backward(out, scope, exchange);
	dc_layer_exchange_in(out, scope, tensor);
	dc_layer_exchange_out(out, scope, tensor);
}

static enum dc_status check_ranks(const struct dc_layer_experts_keys *keys,
				  const struct dc_layer_scope *scope)
{
	uint64_t tensor = (uint64_t)dc_layer_tensor(scope);
	uint64_t expert = (uint64_t)dc_layer_expert(scope);

	if (keys->experts % expert != 0)
		return dc_diag_error(
			scope->diag, dc_node_mark(keys->node, "experts"),
			"mixture-of-experts layer: %llu expert ranks do not divide %llu experts",
			(unsigned long long)expert, (unsigned long long)keys->experts);
	if (keys->ffn % tensor != 0)
		return dc_diag_error(
			scope->diag, dc_node_mark(keys->node, "ffn"),
			"mixture-of-experts layer: %llu tensor ranks do not divide experts %llu "
			"wide",
			(unsigned long long)tensor, (unsigned long long)keys->ffn);
	return DC_OK;
}

static enum dc_status check(const struct dc_layer_experts_keys *keys,
			    const struct dc_layer_scope *scope)
{
	if (keys->top_k > keys->experts)
		return dc_diag_error(scope->diag, dc_node_mark(keys->node, "top_k"),
				     "a token takes %llu experts, but there are %llu",
				     (unsigned long long)keys->top_k,
				     (unsigned long long)keys->experts);
	if (scope->sequence > 0.0)
		return check_ranks(keys, scope);
	return dc_diag_error(scope->diag, dc_node_mark(keys->node, "type"),
			     "mixture-of-experts layer: the model's samples have no tokens: give "
			     "the model a 'sequence' length");
}

/* Of an expert: its matrices and biases, on this rank or over all tensor ranks. */
static void count_parameters(const struct dc_layer_experts_keys *keys, const struct counts *n,
			     double tensor, struct dc_layer *out)
{
	double matrices = n->hidden * n->inside + n->ffn * n->hidden;
	double expert = matrices + (keys->bias ? n->inside + n->hidden : 0.0);
	double whole = tensor * matrices + (keys->bias ? tensor * n->inside + n->hidden : 0.0);
	double router = n->hidden * n->experts;

	out->experts = keys->experts;
	out->matrix_parameters = n->own * matrices;
	out->expert_parameters = n->own * expert;
	out->parameters = router + out->expert_parameters;
	out->whole_parameters = router + n->experts * whole;
	out->inactive_parameters = (n->experts - (double)keys->top_k) * whole;
}

static void count_memory(const struct dc_layer_experts_keys *keys, const struct counts *n,
			 struct dc_layer *out)
{
	bool input = keys->gated || keys->activation == DC_LAYER_ACTIVATION_GELU ||
		     keys->activation == DC_LAYER_ACTIVATION_SILU;

	out->input_elements = n->tokens * n->hidden;
	out->saved_elements =
		(n->copies + n->tokens) * n->hidden + (input ? n->taken * n->inside : 0.0);
	out->saved_operands = n->copies * n->hidden + n->taken * n->ffn;
	out->saved_bytes = 4.0 * n->tokens * n->experts + 12.0 * n->copies;
	out->transient_elements = n->taken * (n->hidden + n->inside);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_experts_keys *keys = section;
	double tensor = dc_layer_tensor(scope), ffn = (double)keys->ffn / tensor;
	double tokens = scope->sequence / dc_layer_context(scope);
	double top_k = (double)keys->top_k, own = tokens / dc_layer_token_ranks(scope);
	struct counts n = {
		.tokens = own,
		.hidden = (double)keys->hidden,
		.experts = (double)keys->experts,
		.copies = own * top_k,
		.own = (double)keys->experts / dc_layer_expert(scope),
		.taken = tokens * top_k,
		.inside = keys->gated ? 2.0 * ffn : ffn,
		.ffn = ffn,
	};
	enum dc_status status = check(keys, scope);

	if (status != DC_OK)
		return status;
	count_parameters(keys, &n, tensor, out);
	count_memory(keys, &n, out);
	/* Passes append to both directions at once; backward is turned round at the end. */
	add_router(&n, out);
	add_dispatch(&n, out);
	add_products(&n, n.hidden, n.inside, n.copies * n.hidden, out);
	if (keys->bias)
		dc_layer_add_backward(out, sweep(n.taken * n.inside, 0.0));
	add_activation(keys, &n, out);
	add_products(&n, n.ffn, n.hidden, n.taken * n.ffn, out);
	if (keys->bias)
		dc_layer_add_backward(out, sweep(n.copies * n.hidden, 0.0));
	add_combination(&n, out);
	dc_layer_reverse_backward(out);
	add_exchanges(&n, scope, out);
	return DC_OK;
}

const struct dc_layer_type dc_layer_experts = {
	.name = "mixture-of-experts",
	.doc = "Router and experts, of which each token takes some.",
	.splits = true,
	.expand = expand,
};
