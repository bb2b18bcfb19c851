/* Multi-head self-attention: query, key and value projections, attention, output projection.
 *
 * Per sequence of s tokens, width h, a heads of width d = h/a [Vaswani et al. 2017]; products count
 * 2 FLOP per multiply-add: projections 2 s h (h + 2 g h), scores 2 s^2 h, weighting 2 s^2 h, output
 * 2 s h^2, with g = key-value heads / heads. Backward does each product twice.
 *
 * kernel: unfused   scores go through memory: forward the product writes a s^2, softmax with
 *                   dropout reads it once and writes probabilities, a mask byte and the dropped
 *                   ones, backward reads two and the mask and writes one; 5 bytes per score are
 *                   kept in 16 bits [Korthikanti et al. 2022, sec. 4.1];
 *         flash     scores stay on the chip, backward recomputes them: 2.5 times the forward FLOP,
 *                   FP32 softmax statistics of s a kept [Dao et al. 2022]; products of inner
 *                   dimension d. All s^2 scores are computed (no causal mask). */
#include "training/layer.h"
#include "training/layer_kinds.h"

enum kernel { KERNEL_FLASH, KERNEL_UNFUSED };

static const char *const kernels[] = {"flash", "unfused", NULL};

struct attention {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t hidden, heads, kv_heads;
	bool bias, dropout;
	int kernel;
};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct attention, type),
	 .help = "attention"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct attention, name),
	 .help = "what reports call the layer"},
	{.key = "hidden",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct attention, hidden),
	 .help = "width of a token"},
	{.key = "heads",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e5,
	 .offset = offsetof(struct attention, heads),
	 .help = "query heads; divide hidden"},
	{.key = "kv_heads",
	 .kind = DC_COUNT,
	 .max = 1e5,
	 .fallback = "0",
	 .offset = offsetof(struct attention, kv_heads),
	 .help = "key and value heads; divide heads; 0: as many as heads"},
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct attention, bias),
	 .help = "biases of the projections"},
	{.key = "dropout",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct attention, dropout),
	 .help = "dropout of the probabilities"},
	{.key = "kernel",
	 .kind = DC_ENUM,
	 .fallback = "flash",
	 .choices = kernels,
	 .offset = offsetof(struct attention, kernel),
	 .help = "flash: scores stay on the chip; unfused: they go through memory"},
};

const struct dc_section dc_layer_attention_section = {
	.name = "attention layer",
	.doc = "Multi-head self-attention with its projections",
	.size = sizeof(struct attention),
	DC_FIELDS(fields),
};

static void add_bias_gradient(const struct attention *attention, double elements,
			      struct dc_layer *out)
{
	if (attention->bias)
		dc_layer_add_backward(out,
				      (struct dc_layer_pass){.elements = elements, .kernels = 1});
}

/* A projection of s tokens. Its input's gradient is always needed: attention is never first. */
static void add_projection(double s, double in, double width, struct dc_layer *out)
{
	dc_layer_add_product(out, &(struct dc_layer_product){
					  .macs = s * in * width,
					  .in_elements = s * in,
					  .out_elements = s * width,
					  .weights = in * width,
					  .inner = in,
					  .inner_input = width,
					  .rows = s,
				  });
}

/* qo: elements of queries, and of outputs; kv: of keys and values together. */
static void add_flash(const struct attention *attention, double s, double qo, double kv,
		      struct dc_layer *out)
{
	double h = (double)attention->hidden, a = (double)attention->heads;
	struct dc_layer_pass pass = {
		.flops = 4.0 * s * s * h,
		.elements = 2.0 * qo + kv,
		.wide = s * a,
		.inner = h / a,
		.kernels = 1,
	};

	dc_layer_add_forward(out, pass);
	/* reads q, k, v, the output and its gradient; writes the gradients of q, k, v */
	pass.flops *= 2.5;
	pass.elements = 4.0 * qo + 2.0 * kv;
	pass.wide = 2.0 * s * a;
	dc_layer_add_backward(out, pass);
	out->saved_bytes += 4.0 * s * a;
}

static void add_unfused(const struct attention *attention, double s, double qo, double kv,
			struct dc_layer *out)
{
	double h = (double)attention->hidden, a = (double)attention->heads;
	double scores = a * s * s, masks = attention->dropout ? scores / 4.0 : 0.0;
	double copies = attention->dropout ? 2.0 : 1.0;
	struct dc_layer_pass product = {
		.flops = 2.0 * s * s * h,
		.elements = qo + 0.5 * kv + scores,
		.inner = h / a,
		.kernels = 1,
	};
	struct dc_layer_pass softmax = {.elements = (1.0 + copies) * scores, .kernels = 1};

	softmax.wide = masks;
	dc_layer_add_forward(out, product); /* q k' */
	dc_layer_add_forward(out, softmax);
	product.inner = s;
	dc_layer_add_forward(out, product); /* p v */
	/* gradients of p (inner d) and v (inner s), softmax, of q and k (inner s) */
	dc_layer_add_backward(out, product);
	product.inner = h / a;
	dc_layer_add_backward(out, product);
	softmax.elements = 3.0 * scores;
	dc_layer_add_backward(out, softmax);
	product.inner = s;
	dc_layer_add_backward(out, product);
	dc_layer_add_backward(out, product);
	out->saved_elements += copies * scores;
	out->saved_bytes += 4.0 * masks;
	out->transient_elements = 2.0 * scores;
}

static enum dc_status check(const struct attention *attention, const struct dc_layer_scope *scope)
{
	uint64_t kv = attention->kv_heads == 0 ? attention->heads : attention->kv_heads;

	if (attention->hidden % attention->heads != 0)
		return dc_diag_error(scope->diag, dc_node_mark(attention->node, "heads"),
				     "attention layer: heads must divide hidden");
	if (attention->heads % kv != 0)
		return dc_diag_error(scope->diag, dc_node_mark(attention->node, "kv_heads"),
				     "attention layer: kv_heads must divide heads");
	if (scope->sequence > 0.0)
		return DC_OK;
	return dc_diag_error(scope->diag, dc_node_mark(attention->node, "type"),
			     "attention layer: the model's samples have no tokens: give the model "
			     "a 'sequence' length");
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct attention *attention = section;
	double h = (double)attention->hidden, s = scope->sequence;
	double groups = attention->kv_heads == 0
				? 1.0
				: (double)attention->kv_heads / (double)attention->heads;
	double qkv = h * (1.0 + 2.0 * groups);
	enum dc_status status = check(attention, scope);

	if (status != DC_OK)
		return status;
	out->matrix_parameters = h * qkv + h * h;
	out->parameters = out->matrix_parameters + (attention->bias ? qkv + h : 0.0);
	/* queries, keys, values, the heads' output, the layer's output */
	out->saved_elements = s * (qkv + 2.0 * h);
	/* Products append to both directions at once; backward is turned round at the end. */
	add_projection(s, h, qkv, out);
	add_bias_gradient(attention, s * qkv, out);
	if (attention->kernel == KERNEL_FLASH)
		add_flash(attention, s, s * h, s * (qkv - h), out);
	else
		add_unfused(attention, s, s * h, s * (qkv - h), out);
	add_projection(s, h, h, out);
	add_bias_gradient(attention, s * h, out);
	if (out->transient_elements < s * (h + qkv))
		out->transient_elements = s * (h + qkv);
	for (size_t i = 0, j = out->backward_count - 1; i < j; i++, j--) {
		struct dc_layer_pass pass = out->backward[i];

		out->backward[i] = out->backward[j];
		out->backward[j] = pass;
	}
	return DC_OK;
}

const struct dc_layer_type dc_layer_attention = {
	.name = "attention",
	.doc = "Multi-head self-attention with projections; flash or unfused kernel.",
	.expand = expand,
};
