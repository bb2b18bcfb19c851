/* The core of attention, for the kinds whose keys are not as long or as wide as their queries.
 *
 * Queries of q tokens on a heads, keys and values of s tokens, key width d, value width v: scores 2
 * q s a d, weighting 2 q s a v FLOP; backward does each product twice. Traffic and memory as in
 * layer_attention.c: unfused, q s a scores go through memory [Korthikanti et al. 2022, sec. 4.1];
 * flash, they stay on the chip and backward computes them again [Dao et al. 2022]. Software that
 * names a kernel decides, as there; its unfused kernel is the model's here, without the rules of
 * fused softmax kernels. */
#include "training/layer.h"
#include "training/layer_kinds.h"

static void add_flash(const struct dc_layer_scores *n, const struct dc_software *software,
		      double operands, double scores, struct dc_layer *out)
{
	double statistics = n->queries * n->heads;
	double done = n->causal && software->attention.causal ? 0.5 : 1.0;
	double flops = 2.0 * scores * (n->key_size + n->value_size);
	struct dc_layer_pass pass = {
		.flops = done * flops,
		.elements = operands,
		.wide = statistics,
		.inner = n->key_size,
		.kernels = 1,
		.kernel = dc_software_kernel(software),
		.sixteen = true,
	};

	dc_layer_add_core(out, pass);
	/* products with d: scores again, gradients of queries and keys; with v: of weights and values */
	pass.flops = done * 2.0 * scores * (3.0 * n->key_size + 2.0 * n->value_size);
	pass.elements = 2.0 * operands;
	pass.wide = 2.0 * statistics;
	dc_layer_add_backward(out, pass);
	out->recomputed_flops = done * 2.0 * scores * n->key_size;
	out->masked_flops = (1.0 - done) * flops;
	out->core_bytes = 4.0 * statistics;
	out->saved_bytes += out->core_bytes;
}

static void add_unfused(const struct dc_layer_scores *n, double keyed, double valued, double scores,
			struct dc_layer *out)
{
	double masks = n->dropout ? scores / 4.0 : 0.0, copies = n->dropout ? 2.0 : 1.0;
	struct dc_layer_pass key = {.flops = 2.0 * scores * n->key_size,
				    .elements = keyed + scores,
				    .kernels = 1,
				    .sixteen = true};
	struct dc_layer_pass value = {.flops = 2.0 * scores * n->value_size,
				      .elements = valued + scores,
				      .kernels = 1,
				      .sixteen = true};
	struct dc_layer_pass softmax = {
		.elements = (1.0 + copies) * scores, .wide = masks, .kernels = 1};

	key.inner = n->key_size;
	dc_layer_add_core(out, key);
	dc_layer_add_core(out, softmax);
	value.inner = n->keys;
	dc_layer_add_core(out, value);
	/* gradients of queries and keys, of the softmax, of weights and values: the last one first */
	key.inner = n->keys;
	dc_layer_add_backward(out, key);
	key.inner = n->queries;
	dc_layer_add_backward(out, key);
	softmax.elements = 3.0 * scores;
	dc_layer_add_backward(out, softmax);
	value.inner = n->value_size;
	dc_layer_add_backward(out, value);
	value.inner = n->queries;
	dc_layer_add_backward(out, value);
	out->core_elements = copies * scores;
	out->core_bytes = 4.0 * masks;
	out->saved_elements += out->core_elements;
	out->saved_bytes += out->core_bytes;
	out->transient_elements = 2.0 * scores;
}

void dc_layer_add_scores(const struct dc_layer_scores *n, const struct dc_layer_scope *scope,
			 struct dc_layer *layer)
{
	const struct dc_software *software = dc_software_of(scope->software);
	double keyed = n->heads * (n->queries + n->keys) * n->key_size;
	double valued = n->heads * (n->queries + n->keys) * n->value_size;
	double scores = n->heads * n->queries * n->keys;
	bool flash = software->attention.kernel == DC_SOFTWARE_ATTENTION_MODEL
			     ? n->kernel == DC_LAYER_KERNEL_FLASH
			     : software->attention.kernel != DC_SOFTWARE_ATTENTION_UNFUSED;

	layer->heads = n->heads;
	if (flash)
		add_flash(n, software, keyed + valued, scores, layer);
	else
		add_unfused(n, keyed, valued, scores, layer);
}

void dc_layer_add_keys(const struct dc_layer_scores *n, const struct dc_layer_scope *scope,
		       struct dc_layer *layer)
{
	struct dc_layer_exchange exchange = {
		.axis = DC_EXCHANGE_CONTEXT,
		.operation = DC_OPERATION_ALL_GATHER,
		.elements = n->keys * n->heads * (n->key_size + n->value_size),
		.overlaps = dc_software_of(scope->software)->context_ring,
	};

	dc_layer_exchange_forward(layer, scope, exchange);
	dc_layer_exchange_backward(layer, scope, exchange);
	exchange.operation = DC_OPERATION_REDUCE_SCATTER;
	dc_layer_exchange_backward(layer, scope, exchange);
}

enum dc_status dc_layer_check_heads(const struct dc_layer_scope *scope, const struct dc_node *node,
				    const char *kind, uint64_t heads)
{
	uint64_t tensor = (uint64_t)dc_layer_tensor(scope);

	if (!(scope->sequence > 0.0))
		return dc_diag_error(scope->diag, dc_node_mark(node, "type"),
				     "%s layer: the model's samples have no tokens: give the "
				     "model a 'sequence' length",
				     kind);
	if (heads % tensor == 0)
		return DC_OK;
	return dc_diag_error(scope->diag, dc_node_mark(node, "heads"),
			     "%s layer: %llu tensor ranks do not divide %llu heads", kind,
			     (unsigned long long)tensor, (unsigned long long)heads);
}

void dc_layer_add_projection(struct dc_layer *layer, double tokens, double in, double width,
			     bool apart)
{
	dc_layer_add_product(layer, &(struct dc_layer_product){
					    .macs = tokens * in * width,
					    .in_elements = tokens * in,
					    .out_elements = tokens * width,
					    .weights = in * width,
					    .inner = in,
					    .inner_input = width,
					    .rows = tokens,
					    .narrowed = tokens * in,
					    .apart = apart,
				    });
	layer->matrix_parameters += in * width;
	layer->parameters += in * width;
}
