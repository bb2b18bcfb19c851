/* Layer kinds: passes by hand. */
#include <criterion/criterion.h>

#include "../hardware/catalogue.h"
#include "training/model.h"

/* The last layer of a model given as YAML items. */
static struct dc_layer last_of(const struct catalogue *catalogue, const char *yaml)
{
	const struct dc_model *model = catalogue_read(catalogue, &dc_model_family, yaml);
	struct dc_layers layers;

	cr_assert_eq(dc_model_expand(model, catalogue_arena(catalogue), catalogue->diag, &layers),
		     DC_OK);
	return layers.items[layers.count - 1];
}

static void expect_work(const struct dc_work *work, double flops, double bytes, double inner,
			unsigned kernels, const char *what)
{
	cr_expect_float_eq(work->flops, flops, 1e-12 * flops, "%s: %g FLOP", what, work->flops);
	cr_expect_float_eq(work->bytes, bytes, 1e-12 * bytes, "%s: %g B", what, work->bytes);
	cr_expect_float_eq(work->inner, inner, 1e-12 * inner, "%s: K = %g", what, work->inner);
	cr_expect_eq(work->kernels, kernels, "%s: %u kernels", what, work->kernels);
}

Test(layer, linear_by_hand)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer layer = last_of(
		&catalogue, "{name: m, layers: [{type: linear, in: 4, out: 8}, {type: linear, in: "
			    "8, out: 16, activation: relu}]}");
	struct dc_work works[DC_LAYER_WORKS];

	/* batch 10 in bf16: 128 weights converted at 6 B; product 2 x 10 x 128 FLOP, (10 x (8 + 16) +
	 * 128) x 2 B, K = 8; activation 2 x 160 elements */
	cr_assert_eq(dc_layer_forward(&layer, 10.0, DC_BF16, works), 3u);
	expect_work(&works[0], 0.0, 768.0, 0.0, 1, "conversion");
	expect_work(&works[1], 2560.0, 736.0, 8.0, 1, "product");
	expect_work(&works[2], 0.0, 640.0, 0.0, 1, "activation");
	/* activation 3 x 160, bias 160, dx K = 16, dW K = 10 rows, widening at 6 B */
	cr_assert_eq(dc_layer_backward(&layer, 10.0, DC_BF16, works), 5u);
	expect_work(&works[0], 0.0, 960.0, 0.0, 1, "activation");
	expect_work(&works[1], 0.0, 320.0, 0.0, 1, "bias");
	expect_work(&works[2], 2560.0, 736.0, 16.0, 1, "dx");
	expect_work(&works[3], 2560.0, 736.0, 10.0, 1, "dW");
	expect_work(&works[4], 0.0, 768.0, 0.0, 1, "widening");
	/* FP32: twice the bytes, nothing to convert */
	cr_assert_eq(dc_layer_forward(&layer, 10.0, DC_FP32, works), 2u);
	expect_work(&works[0], 2560.0, 1472.0, 8.0, 1, "product in fp32");
	catalogue_close(&catalogue);
}

Test(layer, the_first_layer_has_no_input_gradient)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer layer = last_of(
		&catalogue, "{name: m, layers: [{type: linear, in: 8, out: 16, bias: false}]}");
	struct dc_work works[DC_LAYER_WORKS];

	/* only dW: K = 10 rows */
	cr_assert_eq(dc_layer_backward(&layer, 10.0, DC_FP32, works), 1u);
	expect_work(&works[0], 2560.0, 1472.0, 10.0, 1, "dW");
	/* keeps its output and the model's input: 24 elements of 4 B per sample */
	cr_expect_eq(dc_layer_saved_bytes(&layer, 10.0, DC_FP32), 960.0);
	catalogue_close(&catalogue);
}

Test(layer, eight_bit_products_keep_sixteen_bit_activations)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer layer =
		last_of(&catalogue, "{name: m, layers: [{type: linear, in: 8, out: 16, activation: "
				    "relu}]}");
	struct dc_work works[DC_LAYER_WORKS];

	/* conversion 128 x (4 + 1) B; x written narrow twice, 80 x 2 B; product (80 + 128) x 1 B and
	 * 160 results of 2 B; activation 320 elements x 2 B */
	cr_assert_eq(dc_layer_forward(&layer, 10.0, DC_FP8, works), 4u);
	expect_work(&works[0], 0.0, 640.0, 0.0, 1, "conversion");
	expect_work(&works[1], 0.0, 160.0, 0.0, 1, "narrowing");
	expect_work(&works[2], 2560.0, 528.0, 8.0, 1, "product");
	expect_work(&works[3], 0.0, 640.0, 0.0, 1, "activation");
	/* activation 480 x 2 B, bias 160 x 2 B; dy read in 2 B, written in 1; dW writes 128 of 2 B */
	cr_assert_eq(dc_layer_backward(&layer, 10.0, DC_FP8, works), 5u);
	expect_work(&works[2], 0.0, 480.0, 0.0, 1, "narrowing of dy");
	expect_work(&works[3], 2560.0, 496.0, 10.0, 1, "dW");
	catalogue_close(&catalogue);
}

Test(layer, eight_bit_training_keeps_some_products_in_sixteen)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer attention = last_of(
		&catalogue, "{name: m, sequence: 16, layers: [{type: attention, hidden: 64, "
			    "heads: 8, bias: false}]}");
	struct dc_layer logits = last_of(
		&catalogue, "{name: m, layers: [{type: linear, in: 8, out: 16, logits: true}]}");
	struct dc_work works[DC_LAYER_WORKS];

	/* conversion, narrowing, projection, attention: scores in 16 bits [Micikevicius et al. 2022, sec.
	 * 3], narrowing of the heads' output in a sweep, projection */
	cr_assert_eq(dc_layer_forward(&attention, 1.0, DC_FP8, works), 6u);
	cr_expect_eq(works[2].precision, DC_FP8);
	cr_expect_eq(works[3].precision, DC_BF16);
	/* q, k, v, the output in 2 bytes, FP32 statistics */
	cr_expect_eq(works[3].bytes, 16.0 * (4.0 * 64.0 * 2.0 + 8.0 * 4.0));
	cr_expect_eq(works[4].bytes, 16.0 * 64.0 * 4.0);
	cr_expect_eq(works[5].precision, DC_FP8);
	cr_assert_eq(dc_layer_forward(&logits, 1.0, DC_NVFP4, works), 2u);
	cr_expect_eq(works[1].precision, DC_BF16);
	/* wider formats stay */
	dc_layer_forward(&logits, 1.0, DC_FP16, works);
	cr_expect_eq(works[1].precision, DC_FP16);
	catalogue_close(&catalogue);
}

Test(layer, micro_batches_add_their_gradients)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer layer = last_of(
		&catalogue, "{name: m, layers: [{type: linear, in: 8, out: 16, bias: false}]}");
	struct dc_layer_batch batch = {.samples = 10.0, .precision = DC_BF16, .accumulates = true};
	struct dc_work works[DC_LAYER_WORKS];

	/* dW; widening; FP32 sum: reads two, writes one, 12 bytes of each of 128 */
	cr_assert_eq(dc_layer_backward_works(&layer, &batch, works), 3u);
	expect_work(&works[2], 0.0, 1536.0, 0.0, 1, "sum");
	batch.accumulates = false;
	cr_assert_eq(dc_layer_backward_works(&layer, &batch, works), 2u);
	/* the host launches what the device runs: 1 kernel over 2 works */
	cr_expect_eq(works[0].launches, 0.5);
	catalogue_close(&catalogue);
}

Test(layer, tied_weights_count_once)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer layer = last_of(
		&catalogue, "{name: m, layers: [{type: linear, in: 8, out: 16, tied: true}]}");

	/* only the bias is its own; products still read 8 x 16 weights */
	cr_expect_eq(layer.parameters, 16.0);
	cr_expect_eq(layer.matrix_parameters, 128.0);
	catalogue_close(&catalogue);
}

Test(layer, conv2d_by_hand)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer layer = last_of(
		&catalogue, "{name: m, fused: true, layers: [{type: loss, classes: 1}, {type: "
			    "conv2d, in: 4, out: 8, kernel: 3, stride: 2, size: 10, norm: true, "
			    "activation: relu}]}");

	/* output floor((10 + 2 - 3)/2) + 1 = 5; 288 weights + 16 of the norm; 25 x 288 multiply-adds;
	 * x 400, y 200 elements; K = 4 x 9, 8 x 9, 25 per sample */
	cr_expect_eq(layer.parameters, 304.0);
	cr_expect_eq(layer.matrix_parameters, 288.0);
	cr_assert_eq(layer.forward_count, 2u);
	cr_expect_eq(layer.forward[0].flops, 2.0 * 7200.0);
	cr_expect_eq(layer.forward[0].elements, 600.0);
	cr_expect_eq(layer.forward[0].elements_fixed, 288.0);
	cr_expect_eq(layer.forward[0].inner, 36.0);
	cr_expect_eq(layer.forward[1].elements, 600.0);
	cr_assert_eq(layer.backward_count, 3u);
	cr_expect_eq(layer.backward[0].elements, 1000.0);
	cr_expect_eq(layer.backward[1].inner, 72.0);
	cr_expect_eq(layer.backward[2].inner, 0.0);
	cr_expect_eq(layer.backward[2].inner_per_sample, 25.0);
	/* the convolution's output and the activation's */
	cr_expect_eq(layer.saved_elements, 400.0);
	catalogue_close(&catalogue);
}

Test(layer, groups_divide_weights_and_work)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer layer = last_of(
		&catalogue, "{name: m, layers: [{type: conv2d, in: 32, out: 32, kernel: 3, size: "
			    "8, groups: 32}]}");

	/* depthwise: 32 x 9 weights, 64 x 288 multiply-adds, K = 9 */
	cr_expect_eq(layer.parameters, 288.0);
	cr_expect_eq(layer.forward[0].flops, 2.0 * 64.0 * 288.0);
	cr_expect_eq(layer.forward[0].inner, 9.0);
	catalogue_close(&catalogue);
}

Test(layer, pool_by_hand)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer layer = last_of(
		&catalogue, "{name: m, layers: [{type: loss, classes: 1}, {type: pool, method: "
			    "max, channels: 2, size: 112, kernel: 3, stride: 2, padding: 1}]}");
	struct dc_work works[DC_LAYER_WORKS];

	/* output 56; x 25,088, y 6,272 elements of 2 B and 6,272 indices of 8 B */
	cr_assert_eq(dc_layer_forward(&layer, 1.0, DC_FP16, works), 1u);
	expect_work(&works[0], 0.0, 31360.0 * 2.0 + 6272.0 * 8.0, 0.0, 1, "maximum");
	cr_expect_eq(dc_layer_saved_bytes(&layer, 1.0, DC_FP16), 6272.0 * 10.0);
	cr_expect_eq(layer.parameters, 0.0);
	catalogue_close(&catalogue);
}

Test(layer, grouped_query_attention_shrinks_keys_and_values)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer full = last_of(
		&catalogue, "{name: m, sequence: 16, layers: [{type: attention, hidden: 64, "
			    "heads: 8, bias: false}]}");
	struct dc_layer grouped = last_of(
		&catalogue, "{name: m, sequence: 16, layers: [{type: attention, hidden: 64, "
			    "heads: 8, kv_heads: 2, bias: false}]}");

	/* h^2 (2 + 2 g): g = 1 and 1/4 [Ainslie et al. 2023] */
	cr_expect_eq(full.parameters, 4.0 * 4096.0);
	cr_expect_eq(grouped.parameters, 2.5 * 4096.0);
	/* scores are as many: 4 s^2 h either way */
	cr_expect_eq(grouped.forward[1].flops, 4.0 * 256.0 * 64.0);
	cr_expect_eq(full.forward[1].flops, grouped.forward[1].flops);
	/* inner dimension of the flash kernel: a head */
	cr_expect_eq(full.forward[1].inner, 8.0);
	catalogue_close(&catalogue);
}

Test(layer, unfused_attention_computes_the_same_and_moves_more)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer flash = last_of(
		&catalogue, "{name: m, sequence: 512, layers: [{type: attention, hidden: 1024, "
			    "heads: 16, kernel: flash}]}");
	struct dc_layer unfused = last_of(
		&catalogue, "{name: m, sequence: 512, layers: [{type: attention, hidden: 1024, "
			    "heads: 16, kernel: unfused}]}");
	double flops[2] = {0.0, 0.0}, elements[2] = {0.0, 0.0};

	for (size_t i = 0; i < DC_LAYER_PASSES; i++) {
		flops[0] += flash.forward[i].flops;
		flops[1] += unfused.forward[i].flops;
		elements[0] += flash.forward[i].elements;
		elements[1] += unfused.forward[i].elements;
	}
	cr_expect_eq(flops[0], flops[1]);
	/* at least the a s^2 scores written and read by product and softmax: 4 a s^2 more */
	cr_expect_geq(elements[1] - elements[0], 4.0 * 16.0 * 512.0 * 512.0);
	catalogue_close(&catalogue);
}

Test(layer, embedding_and_loss_move_wide_values)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layer embedding = last_of(
		&catalogue, "{name: m, sequence: 4, layers: [{type: embedding, vocabulary: 10, "
			    "width: 8, positions: 4, segments: 2}]}");
	struct dc_layer loss = last_of(
		&catalogue, "{name: m, sequence: 4, layers: [{type: loss, classes: 10, per: "
			    "token, share: 0.5}]}");
	struct dc_work works[DC_LAYER_WORKS];

	/* 16 rows of 8; 3 tables of FP32 rows read, one bf16 sum written: 32 x (3 x 4 + 2) B */
	cr_expect_eq(embedding.parameters, 128.0);
	cr_assert_eq(dc_layer_forward(&embedding, 1.0, DC_BF16, works), 1u);
	expect_work(&works[0], 0.0, 448.0, 0.0, 3, "embedding");
	/* 2 rows of 10 scores: narrow once, wide three times: 20 x (2 + 12) B */
	cr_assert_eq(dc_layer_forward(&loss, 1.0, DC_BF16, works), 1u);
	expect_work(&works[0], 0.0, 280.0, 0.0, 3, "loss");
	catalogue_close(&catalogue);
}
