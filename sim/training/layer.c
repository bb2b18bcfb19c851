/* Layers: the family of kinds, the passes they share, and their work at a batch and a format. */
#include "training/layer.h"

#include "training/layer_kinds.h"

static const struct dc_tagged_type types[] = {
	{"attention", &dc_layer_attention_section, &dc_layer_attention},
	{"batch-norm", &dc_layer_batch_norm_section, &dc_layer_batch_norm},
	{"concat", &dc_layer_concat_section, &dc_layer_concat},
	{"conv1d", &dc_layer_conv1d_section, &dc_layer_conv1d},
	{"conv2d", &dc_layer_conv2d_section, &dc_layer_conv2d},
	{"conv3d", &dc_layer_conv3d_section, &dc_layer_conv3d},
	{"cross-attention", &dc_layer_cross_section, &dc_layer_cross},
	{"embedding", &dc_layer_embedding_section, &dc_layer_embedding},
	{"embedding-bag", &dc_layer_embedding_bag_section, &dc_layer_embedding_bag},
	{"interaction", &dc_layer_interaction_section, &dc_layer_interaction},
	{"latent-attention", &dc_layer_latent_section, &dc_layer_latent},
	{"layer-norm", &dc_layer_norm_section, &dc_layer_norm},
	{"linear", &dc_layer_linear_section, &dc_layer_linear},
	{"loss", &dc_layer_loss_section, &dc_layer_loss},
	{"mixture-of-experts", &dc_layer_experts_section, &dc_layer_experts},
	{"pool", &dc_layer_pool_section, &dc_layer_pool},
	{"recurrent", &dc_layer_recurrent_section, &dc_layer_recurrent},
	{"repeat", &dc_layer_repeat_section, NULL},
	{"rms-norm", &dc_layer_rms_norm_section, &dc_layer_rms_norm},
};

const struct dc_tagged_family dc_layer_family = {
	.tag = "type",
	.types = types,
	.count = sizeof(types) / sizeof(types[0]),
};

const char *const dc_layer_per_names[] = {"sample", "token", NULL};

void dc_layer_add_forward(struct dc_layer *layer, struct dc_layer_pass pass)
{
	if (layer->forward_count < DC_LAYER_PASSES)
		layer->forward[layer->forward_count++] = pass;
}

void dc_layer_add_backward(struct dc_layer *layer, struct dc_layer_pass pass)
{
	if (layer->backward_count < DC_LAYER_PASSES)
		layer->backward[layer->backward_count++] = pass;
}

void dc_layer_reverse_backward(struct dc_layer *layer)
{
	if (layer->backward_count == 0)
		return;
	for (size_t i = 0, j = layer->backward_count - 1; i < j; i++, j--) {
		struct dc_layer_pass pass = layer->backward[i];

		layer->backward[i] = layer->backward[j];
		layer->backward[j] = pass;
	}
}

void dc_layer_add_product(struct dc_layer *layer, const struct dc_layer_product *product)
{
	struct dc_layer_pass pass = {
		.flops = 2.0 * product->macs,
		.elements = product->in_elements + product->out_elements,
		.elements_fixed = product->weights,
		.inner = product->inner,
		.kernels = 1,
	};

	dc_layer_add_forward(layer, pass);
	if (!product->first) {
		pass.inner = product->inner_input;
		dc_layer_add_backward(layer, pass);
	}
	pass.inner = 0.0;
	pass.inner_per_sample = product->rows;
	dc_layer_add_backward(layer, pass);
}

enum dc_status dc_layer_rows(const struct dc_layer_scope *scope, const struct dc_node *node,
			     int per, double share, double *rows)
{
	*rows = 1.0;
	if (per == DC_LAYER_PER_SAMPLE)
		return DC_OK;
	if (!(scope->sequence > 0.0))
		return dc_diag_error(
			scope->diag, dc_node_mark(node, "per"),
			"this layer works on tokens, but the model's samples have none: "
			"give the model a 'sequence' length");
	*rows = scope->sequence * share;
	return DC_OK;
}

static struct dc_work work_of(const struct dc_layer_pass *pass, double batch,
			      enum dc_precision precision)
{
	double inner = pass->inner + batch * pass->inner_per_sample;
	double width = inner > 0.0 ? dc_precision_size_bytes(precision)
				   : dc_precision_activation_bytes(precision);

	return (struct dc_work){
		.flops = batch * pass->flops,
		.bytes = (batch * pass->elements + pass->elements_fixed) * width +
			 (batch * pass->wide + pass->wide_fixed) * 4.0,
		.inner = inner,
		.precision = precision,
		.kernels = pass->kernels,
	};
}

/* Weights are FP32 in memory: 4 bytes on one side of the conversion, the operand's width on the
 * other. Nothing to do when products read FP32 (or FP64, whose weights are kept as such). */
static size_t convert_weights(const struct dc_layer *layer, enum dc_precision precision,
			      struct dc_work *work)
{
	double width = dc_precision_size_bytes(precision);

	if (width >= 4.0 || !(layer->matrix_parameters > 0.0))
		return 0;
	*work = (struct dc_work){
		.bytes = layer->matrix_parameters * (4.0 + width),
		.precision = precision,
		.kernels = 1,
	};
	return 1;
}

size_t dc_layer_forward(const struct dc_layer *layer, double batch, enum dc_precision precision,
			struct dc_work works[DC_LAYER_WORKS])
{
	size_t count = convert_weights(layer, precision, works);

	for (size_t i = 0; i < layer->forward_count; i++)
		works[count++] = work_of(&layer->forward[i], batch, precision);
	return count;
}

size_t dc_layer_backward(const struct dc_layer *layer, double batch, enum dc_precision precision,
			 struct dc_work works[DC_LAYER_WORKS])
{
	size_t count = 0;

	for (size_t i = 0; i < layer->backward_count; i++)
		works[count++] = work_of(&layer->backward[i], batch, precision);
	return count + convert_weights(layer, precision, &works[count]);
}

double dc_layer_saved_bytes(const struct dc_layer *layer, double batch, enum dc_precision precision)
{
	return batch * (layer->saved_elements * dc_precision_activation_bytes(precision) +
			layer->saved_bytes);
}

struct dc_layer_pass dc_layer_dropout(double x)
{
	return (struct dc_layer_pass){.elements = 2.0 * x, .wide = x / 4.0, .kernels = 1};
}
