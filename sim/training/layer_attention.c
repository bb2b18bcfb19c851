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
 *                   dimension d. All s^2 scores are computed (no causal mask). */
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

static void add_bias_gradient(const struct dc_layer_attention_keys *attention, double elements,
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
static void add_flash(const struct dc_layer_attention_keys *attention, double s, double qo,
		      double kv, struct dc_layer *out)
{
	double a = (double)attention->heads, d = qo / (s * a);
	struct dc_layer_pass pass = {
		.flops = 4.0 * s * qo,
		.elements = 2.0 * qo + kv,
		.wide = s * a,
		.inner = d,
		.kernels = 1,
	};

	dc_layer_add_forward(out, pass);
	/* reads q, k, v, the output and its gradient; writes the gradients of q, k, v */
	pass.flops *= 2.5;
	pass.elements = 4.0 * qo + 2.0 * kv;
	pass.wide = 2.0 * s * a;
	dc_layer_add_backward(out, pass);
	out->recomputed_flops = 2.0 * s * qo; /* the scores */
	out->saved_bytes += 4.0 * s * a;
}

static void add_unfused(const struct dc_layer_attention_keys *attention, double s, double qo,
			double kv, struct dc_layer *out)
{
	double a = (double)attention->heads, d = qo / (s * a);
	double scores = a * s * s, masks = attention->dropout ? scores / 4.0 : 0.0;
	double copies = attention->dropout ? 2.0 : 1.0;
	struct dc_layer_pass product = {
		.flops = 2.0 * s * qo,
		.elements = qo + 0.5 * kv + scores,
		.inner = d,
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
	product.inner = d;
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
		return DC_OK;
	return dc_diag_error(scope->diag, dc_node_mark(attention->node, "type"),
			     "attention layer: the model's samples have no tokens: give the model "
			     "a 'sequence' length");
}

/* x: elements of queries and keys. */
static void add_rotation(double x, struct dc_layer *out)
{
	struct dc_layer_pass pass = {.elements = 2.0 * x, .kernels = 2};

	dc_layer_add_forward(out, pass);
	dc_layer_add_backward(out, pass);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_attention_keys *attention = section;
	uint64_t heads = attention->heads;
	uint64_t kv_heads = attention->kv_heads == 0 ? heads : attention->kv_heads;
	uint64_t size =
		attention->head_size == 0 ? attention->hidden / heads : attention->head_size;
	double h = (double)attention->hidden, s = scope->sequence;
	double q = (double)(heads * size), kv = 2.0 * (double)(kv_heads * size);
	enum dc_status status = check(attention, scope);

	if (status != DC_OK)
		return status;
	out->matrix_parameters = h * (q + kv) + q * h;
	out->parameters = out->matrix_parameters + (attention->bias ? q + kv + h : 0.0);
	/* queries, keys, values, the heads' output, the layer's output */
	out->saved_elements = s * (2.0 * q + kv + h);
	/* Products append to both directions at once; backward is turned round at the end. */
	add_projection(s, h, q + kv, out);
	add_bias_gradient(attention, s * (q + kv), out);
	if (attention->rotary)
		add_rotation(s * (q + 0.5 * kv), out);
	if (attention->kernel == DC_LAYER_KERNEL_FLASH)
		add_flash(attention, s, s * q, s * kv, out);
	else
		add_unfused(attention, s, s * q, s * kv, out);
	add_projection(s, q, h, out);
	add_bias_gradient(attention, s * h, out);
	if (out->transient_elements < s * (h + q + kv))
		out->transient_elements = s * (h + q + kv);
	dc_layer_reverse_backward(out);
	return DC_OK;
}

const struct dc_layer_type dc_layer_attention = {
	.name = "attention",
	.doc = "Multi-head self-attention with projections; flash or unfused kernel.",
	.expand = expand,
};
