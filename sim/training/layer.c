/* Layers: the family of kinds, the passes they share, and their work at a batch and a format. */
#include "training/layer.h"

#include <math.h>

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

void dc_layer_add_core(struct dc_layer *layer, struct dc_layer_pass pass)
{
	dc_layer_add_forward(layer, pass);
	if (layer->core_count < DC_LAYER_CORE)
		layer->core[layer->core_count++] = pass;
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
		.results = product->out_elements,
		.inner = product->inner,
		.rows_per_sample = product->rows,
		.columns = product->inner_input,
		.kernels = 1,
		.kernel = product->kernel,
		.sixteen = product->sixteen,
		.beside = product->beside,
	};

	/* x is written twice narrow where it is made, or read and written twice in a sweep of its own;
	 * dy is read, and written narrow, before the first that needs it */
	pass.narrowing = (product->apart ? 4.0 : 2.0) * product->narrowed;
	dc_layer_add_forward(layer, pass);
	pass.narrowing = product->narrowed > 0.0 ? 3.0 * product->out_elements : 0.0;
	if (!product->first) {
		pass.results = product->in_elements;
		pass.inner = product->inner_input;
		pass.columns = product->inner;
		dc_layer_add_backward(layer, pass);
		pass.narrowing = 0.0;
	}
	pass.results = 0.0;
	pass.results_fixed = product->weights;
	pass.rows = product->inner;
	pass.rows_per_sample = 0.0;
	pass.columns = product->inner_input;
	pass.inner = 0.0;
	pass.inner_per_sample = product->rows;
	pass.gradient = true;
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
	*rows = scope->sequence * share / dc_layer_context(scope);
	return DC_OK;
}

/* 8-bit training keeps some products in 16 bits. */
static enum dc_precision precision_of(const struct dc_layer_pass *pass, enum dc_precision precision)
{
	return pass->sixteen && dc_precision_size_bytes(precision) < 2.0 ? DC_BF16 : precision;
}

static struct dc_work work_of(const struct dc_layer_pass *pass, const struct dc_layer_batch *batch)
{
	double samples = batch->samples;
	enum dc_precision precision = precision_of(pass, batch->precision);
	double inner = pass->inner + samples * pass->inner_per_sample;
	double activation = dc_precision_activation_bytes(precision);
	double width = inner > 0.0 ? dc_precision_size_bytes(precision) : activation;
	double results = samples * pass->results + pass->results_fixed;
	const struct dc_software *software = dc_software_of(batch->software);
	/* products that add to the gradient buffer read and write it instead of writing a result */
	double added = pass->gradient && software->fused_gradients
			       ? pass->results_fixed * (2.0 * software->gradient_bytes - activation)
			       : 0.0;

	return (struct dc_work){
		.flops = samples * pass->flops,
		.bytes = (samples * pass->elements + pass->elements_fixed) * width +
			 results * (activation - width) + added +
			 (samples * pass->wide + pass->wide_fixed) * 4.0,
		.inner = inner,
		.rows = pass->rows + samples * pass->rows_per_sample,
		.columns = pass->columns,
		.precision = precision,
		.kernels = pass->kernels,
		.kernel = pass->kernel,
	};
}

/* Whether a pass that only some batches do is done. */
static bool applies(const struct dc_layer *layer, const struct dc_layer_pass *pass,
		    const struct dc_layer_batch *batch)
{
	bool by_four = fmod(batch->samples * layer->heads, 4.0) == 0.0;

	switch (pass->when) {
	case DC_LAYER_HEADS_BY_FOUR:
		return by_four;
	case DC_LAYER_HEADS_NOT_BY_FOUR:
		return !by_four;
	case DC_LAYER_ALWAYS:
		break;
	}
	return true;
}

static size_t add_works(const struct dc_layer *layer, const struct dc_layer_pass *passes,
			size_t pass_count, const struct dc_layer_batch *batch,
			struct dc_work *works)
{
	bool narrow = dc_precision_size_bytes(batch->precision) < 2.0;
	size_t count = 0;

	for (size_t i = 0; i < pass_count; i++) {
		if (!applies(layer, &passes[i], batch))
			continue;
		if (narrow && passes[i].narrowing > 0.0)
			works[count++] = (struct dc_work){
				.bytes = batch->samples * passes[i].narrowing,
				.precision = batch->precision,
				.kernels = 1,
			};
		works[count++] = work_of(&passes[i], batch);
	}
	return count;
}

/* Weights are FP32 in memory: 4 bytes on one side of the conversion, the operand's width on the
 * other. Nothing to do when products read FP32 (or FP64, whose weights are kept as such), or when
 * the software keeps narrow weights. */
static size_t convert_weights(const struct dc_layer *layer, const struct dc_layer_batch *batch,
			      struct dc_work *work)
{
	double width = dc_precision_size_bytes(batch->precision);

	if (width >= 4.0 || !(layer->matrix_parameters > 0.0) ||
	    dc_software_of(batch->software)->weights == DC_SOFTWARE_WEIGHTS_COPIES)
		return 0;
	*work = (struct dc_work){
		.bytes = layer->matrix_parameters * (4.0 + width),
		.precision = batch->precision,
		.kernels = 1,
	};
	return 1;
}

/* Sum of gradients over micro-batches: reads the new one and the buffer, writes the buffer. With
 * narrow weights the new one is as wide as activations and every micro-batch adds to the buffer; with
 * FP32 weights it is FP32 and the first one is the buffer. */
static size_t add_gradients(const struct dc_layer *layer, const struct dc_layer_batch *batch,
			    struct dc_work *work)
{
	const struct dc_software *software = dc_software_of(batch->software);
	bool narrow = software->weights == DC_SOFTWARE_WEIGHTS_COPIES;
	double width = narrow ? dc_precision_activation_bytes(batch->precision) : 4.0;
	double buffer = narrow ? software->gradient_bytes : 4.0;

	if (software->fused_gradients || !batch->accumulates || !(layer->parameters > 0.0))
		return 0;
	*work = (struct dc_work){
		.bytes = layer->parameters * (width + 2.0 * buffer),
		.precision = batch->precision,
		.kernels = 1,
	};
	return 1;
}

/* The host's launches go to the works evenly. */
static void spread_launches(struct dc_work *works, size_t count, double launches)
{
	for (size_t i = 0; i < count; i++)
		works[i].launches = launches / (double)count;
}

size_t dc_layer_forward_works(const struct dc_layer *layer, const struct dc_layer_batch *batch,
			      struct dc_work works[DC_LAYER_WORKS])
{
	size_t count = convert_weights(layer, batch, works);

	count += add_works(layer, layer->forward, layer->forward_count, batch, &works[count]);
	spread_launches(works, count, layer->forward_launches);
	return count;
}

size_t dc_layer_backward_works(const struct dc_layer *layer, const struct dc_layer_batch *batch,
			       struct dc_work works[DC_LAYER_WORKS])
{
	size_t count = add_works(layer, layer->backward, layer->backward_count, batch, works);

	count += convert_weights(layer, batch, &works[count]);
	count += add_gradients(layer, batch, &works[count]);
	spread_launches(works, count, layer->backward_launches);
	return count;
}

size_t dc_layer_core_works(const struct dc_layer *layer, const struct dc_layer_batch *batch,
			   struct dc_work works[DC_LAYER_WORKS])
{
	size_t count = add_works(layer, layer->core, layer->core_count, batch, works);

	if (layer->forward_count > 0)
		spread_launches(works, count,
				layer->forward_launches * (double)count /
					(double)layer->forward_count);
	return count;
}

size_t dc_layer_forward(const struct dc_layer *layer, double batch, enum dc_precision precision,
			struct dc_work works[DC_LAYER_WORKS])
{
	return dc_layer_forward_works(
		layer, &(struct dc_layer_batch){.samples = batch, .precision = precision}, works);
}

size_t dc_layer_backward(const struct dc_layer *layer, double batch, enum dc_precision precision,
			 struct dc_work works[DC_LAYER_WORKS])
{
	return dc_layer_backward_works(
		layer, &(struct dc_layer_batch){.samples = batch, .precision = precision}, works);
}

double dc_layer_exchange_bytes(const struct dc_layer_exchange *exchange, double batch,
			       enum dc_precision precision)
{
	return batch * (exchange->elements * dc_precision_activation_bytes(precision) +
			exchange->wide * 4.0);
}

/* Time of products: of all, or those of backward beside which exchanges of their input run, which make
 * the weights' gradient or the input's. */
static double products_s(const struct dc_layer *layer, const struct dc_layer_pass *passes,
			 size_t count, const struct dc_layer_batch *batch,
			 const struct dc_accelerator *accelerator, int gradient)
{
	double sum_s = 0.0;

	for (size_t i = 0; i < count; i++) {
		struct dc_work work;

		if (!applies(layer, &passes[i], batch))
			continue;
		work = work_of(&passes[i], batch);
		if (!(work.inner > 0.0) || work.kernel != DC_KERNEL_PRODUCT)
			continue;
		if (gradient >= 0 && (!passes[i].beside || passes[i].gradient != (gradient > 0)))
			continue;
		sum_s += dc_roofline_duration_s(accelerator, &work);
	}
	return sum_s;
}

/* An exchange's part among those of its direction that run beside products. */
static double part_of(const struct dc_layer_exchange *exchange, const struct dc_layer_exchange *all,
		      size_t count)
{
	double sum = 0.0;

	for (size_t i = 0; i < count; i++)
		if (all[i].overlaps && !all[i].again && all[i].axis == DC_EXCHANGE_TENSOR)
			sum += all[i].elements;
	return sum > 0.0 ? exchange->elements / sum : 0.0;
}

double dc_layer_hidden_s(const struct dc_layer *layer, const struct dc_layer_exchange *exchange,
			 bool backward, const struct dc_layer_batch *batch,
			 const struct dc_accelerator *accelerator)
{
	const struct dc_layer_pass *passes = backward ? layer->backward : layer->forward;
	size_t count = backward ? layer->backward_count : layer->forward_count;
	const struct dc_layer_exchange *all =
		backward ? layer->backward_exchanges : layer->forward_exchanges;
	size_t exchanges =
		backward ? layer->backward_exchange_count : layer->forward_exchange_count;
	double share = accelerator->efficiency.beside;

	if (!exchange->overlaps || exchange->axis != DC_EXCHANGE_TENSOR)
		return 0.0;
	switch ((enum dc_software_tensor_overlap)dc_software_of(batch->software)->tensor_overlap) {
	case DC_SOFTWARE_TENSOR_OVERLAP_NONE:
		break;
	case DC_SOFTWARE_TENSOR_OVERLAP_BACKWARD:
		if (!backward || exchange->operation == DC_OPERATION_ALL_GATHER)
			return exchange->again ? share * products_s(layer, passes, count, batch,
								    accelerator, 0)
					       : 0.0;
		return share * products_s(layer, passes, count, batch, accelerator, 1);
	case DC_SOFTWARE_TENSOR_OVERLAP_ALL:
		if (exchange->again)
			return INFINITY;
		return share * part_of(exchange, all, exchanges) *
		       products_s(layer, passes, count, batch, accelerator, -1);
	}
	return 0.0;
}

double dc_layer_saved_bytes(const struct dc_layer *layer, double batch, enum dc_precision precision)
{
	double width = dc_precision_size_bytes(precision);
	double casts = width < 2.0 ? layer->saved_casts : 0.0;

	return batch * (layer->saved_elements * dc_precision_activation_bytes(precision) +
			(layer->saved_operands + casts) * width + layer->saved_bytes);
}

double dc_layer_core_bytes(const struct dc_layer *layer, double batch, enum dc_precision precision)
{
	return batch * (layer->core_elements * dc_precision_activation_bytes(precision) +
			layer->core_bytes);
}

double dc_layer_input_bytes(const struct dc_layer *layer, double batch, enum dc_precision precision)
{
	return batch * layer->input_elements * dc_precision_activation_bytes(precision);
}

struct dc_layer_pass dc_layer_dropout(double x)
{
	return (struct dc_layer_pass){.elements = 2.0 * x, .wide = x / 4.0, .kernels = 1};
}
