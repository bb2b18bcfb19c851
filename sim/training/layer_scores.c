/* The core of attention, for the kinds whose keys are not as long or as wide as their queries.
 *
 * Queries of q tokens on a heads, keys and values of s tokens, key width d, value width v: scores 2
 * q s a d, weighting 2 q s a v FLOP; backward does each product twice. Traffic and memory as in
 * layer_attention.c: unfused, q s a scores go through memory [Korthikanti et al. 2022, sec. 4.1];
 * flash, they stay on the chip and backward computes them again [Dao et al. 2022]. */
#include "training/layer.h"
#include "training/layer_kinds.h"

static void add_flash(const struct dc_layer_scores *n, double operands, double scores,
		      struct dc_layer *out)
{
	double statistics = n->queries * n->heads;

	dc_layer_add_forward(out, (struct dc_layer_pass){
					  .flops = 2.0 * scores * (n->key_size + n->value_size),
					  .elements = operands,
					  .wide = statistics,
					  .inner = n->key_size,
					  .kernels = 1,
				  });
	/* products with d: scores again, gradients of queries and keys; with v: of weights and values */
	dc_layer_add_backward(
		out, (struct dc_layer_pass){
			     .flops = 2.0 * scores * (3.0 * n->key_size + 2.0 * n->value_size),
			     .elements = 2.0 * operands,
			     .wide = 2.0 * statistics,
			     .inner = n->key_size,
			     .kernels = 1,
		     });
	out->recomputed_flops = 2.0 * scores * n->key_size;
	out->saved_bytes += 4.0 * statistics;
}

static void add_unfused(const struct dc_layer_scores *n, double keyed, double valued, double scores,
			struct dc_layer *out)
{
	double masks = n->dropout ? scores / 4.0 : 0.0, copies = n->dropout ? 2.0 : 1.0;
	struct dc_layer_pass key = {
		.flops = 2.0 * scores * n->key_size, .elements = keyed + scores, .kernels = 1};
	struct dc_layer_pass value = {
		.flops = 2.0 * scores * n->value_size, .elements = valued + scores, .kernels = 1};
	struct dc_layer_pass softmax = {
		.elements = (1.0 + copies) * scores, .wide = masks, .kernels = 1};

	key.inner = n->key_size;
	dc_layer_add_forward(out, key);
	dc_layer_add_forward(out, softmax);
	value.inner = n->keys;
	dc_layer_add_forward(out, value);
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
	out->saved_elements += copies * scores;
	out->saved_bytes += 4.0 * masks;
	out->transient_elements = 2.0 * scores;
}

void dc_layer_add_scores(const struct dc_layer_scores *n, struct dc_layer *layer)
{
	double keyed = n->heads * (n->queries + n->keys) * n->key_size;
	double valued = n->heads * (n->queries + n->keys) * n->value_size;
	double scores = n->heads * n->queries * n->keys;

	if (n->kernel == DC_LAYER_KERNEL_FLASH)
		add_flash(n, keyed + valued, scores, layer);
	else
		add_unfused(n, keyed, valued, scores, layer);
}

void dc_layer_add_projection(struct dc_layer *layer, double tokens, double in, double width)
{
	dc_layer_add_product(layer, &(struct dc_layer_product){
					    .macs = tokens * in * width,
					    .in_elements = tokens * in,
					    .out_elements = tokens * width,
					    .weights = in * width,
					    .inner = in,
					    .inner_input = width,
					    .rows = tokens,
				    });
	layer->matrix_parameters += in * width;
	layer->parameters += in * width;
}
