/* Networks written as lists of layers: totals against the published ones, their kinds by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "../hardware/catalogue.h"
#include "training/model.h"

static struct dc_layers expand(const struct catalogue *catalogue, const char *yaml)
{
	const struct dc_model *model = catalogue_read(catalogue, &dc_model_family, yaml);
	struct dc_layers layers = {0};

	cr_assert_eq(dc_model_expand(model, catalogue_arena(catalogue), catalogue->diag, &layers),
		     DC_OK, "%s", yaml);
	return layers;
}

/* Multiply-adds per sample, in units of 1e9: those of torchvision's documentation ("GFLOPS" of its
 * tables of weights), which counts convolutions and fully connected layers. */
static const struct {
	const char *yaml;
	double giga;
} counted[] = {
	{"resnet101", 7.801},
	{"densenet121", 2.834},
	{"ssd300", 34.858},
	/* without the auxiliary classifier: 25 x 768 x 128 + 768 x 128 x 25 + 768 x 1000 (hand) */
	{"inception-v3", 5.713 + 0.005683},
};

Test(lists, multiply_adds_are_the_published)
{
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		struct catalogue catalogue = catalogue_open();
		struct dc_layers layers = expand(&catalogue, counted[i].yaml);
		double giga = dc_model_totals(&layers).forward_macs * 1e-9;

		cr_expect_float_eq(giga, counted[i].giga, 0.001, "%s: %.6f", counted[i].yaml, giga);
		catalogue_close(&catalogue);
	}
}

Test(lists, a_volume_shrinks_as_in_the_paper)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "unet3d");
	const struct dc_layer *classes = &layers.items[layers.count - 2];
	/* Cicek et al. 2016, figure 2: 44 x 44 x 28 voxels at the end, of 132 x 132 x 116 */
	const double voxels = 44.0 * 44.0 * 28.0;

	cr_expect_str_eq(classes->name, "classes");
	cr_expect_eq(classes->forward[0].flops, 2.0 * 64.0 * 3.0 * voxels);
	/* first convolution: 130 x 130 x 114 outputs of 27 taps on 3 channels; the last of the
	 * transposed ones: 8 taps for each of 24 x 24 x 16 voxels and 128 x 128 channels (hand) */
	cr_expect_eq(layers.items[0].forward[0].flops,
		     2.0 * 27.0 * 3.0 * 32.0 * 130.0 * 130.0 * 114.0);
	cr_expect_eq(layers.items[layers.count - 6].forward[0].flops,
		     2.0 * 8.0 * 128.0 * 128.0 * 24.0 * 24.0 * 16.0);
	/* the sum over all layers' voxels, taps and channels (hand) */
	cr_expect_eq(dc_model_totals(&layers).forward_macs, 266731018496.0);
	catalogue_close(&catalogue);
}

Test(lists, speech_makes_the_steps_of_its_convolutions)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "wav2vec2-base");

	/* 250,000 samples: 49,999, 24,999, 12,499, 6,249, 3,124, 1,562, 781 (hand) */
	cr_expect_eq(layers.items[6].forward[0].flops, 2.0 * 512.0 * 512.0 * 2.0 * 781.0);
	cr_expect_eq(layers.items[1].forward[0].flops, 2.0 * 512.0 * 512.0 * 3.0 * 24999.0);
	/* GELU keeps what it reads, the norm too: three of 512 x 49,999, and the samples */
	cr_expect_eq(layers.items[0].saved_elements, 3.0 * 512.0 * 49999.0 + 250000.0);
	cr_expect_eq(layers.items[1].saved_elements, 2.0 * 512.0 * 24999.0);
	catalogue_close(&catalogue);
}

/* Whatever a model is made of, its layers are complete: no list of passes is cut, every number is
 * finite, what has parameters has work both ways, products give backward twice forward or more (all
 * but the first layer's), and batches of two cost twice what grows with them. */
static void expect_complete(const char *name, const struct dc_layer *layer, bool first)
{
	double forward = 0.0, backward = 0.0;
	struct dc_work works[DC_LAYER_WORKS], twice[DC_LAYER_WORKS];
	size_t count = dc_layer_backward(layer, 1.0, DC_BF16, works);

	cr_expect_lt(layer->forward_count, (size_t)DC_LAYER_PASSES, "%s", layer->name);
	cr_expect_lt(layer->backward_count, (size_t)DC_LAYER_PASSES, "%s", layer->name);
	cr_expect_gt(layer->forward_count, 0u, "%s %s", name, layer->name);
	cr_expect(layer->backward_count > 0 || (first && layer->parameters <= 0.0), "%s %s", name,
		  layer->name);
	cr_expect(layer->saved_elements > 0.0 || layer->saved_operands > 0.0 ||
			  layer->saved_bytes > 0.0 || strcmp(layer->kind, "linear") == 0,
		  "%s %s", name, layer->name);
	cr_expect_geq(layer->parameters, layer->inactive_parameters);
	cr_expect_eq(dc_layer_backward(layer, 2.0, DC_BF16, twice), count);
	for (size_t i = 0; i < count; i++) {
		cr_expect(isfinite(works[i].bytes) && works[i].bytes > 0.0, "%s %s", name,
			  layer->name);
		cr_expect_eq(twice[i].flops, 2.0 * works[i].flops, "%s", layer->name);
		cr_expect_leq(twice[i].bytes, 2.0 * works[i].bytes, "%s", layer->name);
		cr_expect_gt(works[i].kernels, 0u, "%s %s", name, layer->name);
		backward += works[i].flops;
	}
	for (size_t i = 0; i < layer->forward_count; i++)
		forward += layer->forward[i].flops;
	cr_expect(backward >= (first ? 1.0 : 2.0) * forward * (1.0 - 1e-12), "%s %s: %g, %g", name,
		  layer->name, forward, backward);
}

Test(lists, every_model_of_the_catalogue_is_complete)
{
	struct catalogue catalogue = catalogue_open();
	const char *const *names;
	size_t count;

	cr_assert_eq(dc_catalogue_names(catalogue.config, "models", &names, &count), DC_OK);
	for (size_t i = 0; i < count; i++) {
		struct dc_layers layers = expand(&catalogue, names[i]);

		for (size_t j = 0; j < layers.count; j++)
			expect_complete(names[i], &layers.items[j], j == 0);
	}
	catalogue_close(&catalogue);
}

static const struct dc_layer *one(struct catalogue *catalogue, const char *layer)
{
	char yaml[500];
	struct dc_layers layers;

	snprintf(yaml, sizeof yaml,
		 "{name: m, sequence: 6, layers: [{type: embedding, vocabulary: 9, width: 4}, %s]}",
		 layer);
	layers = expand(catalogue, yaml);
	return &layers.items[1];
}

Test(lists, a_filter_may_be_wider_than_high)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_layer *x = one(
		&catalogue, "{type: conv2d, in: 8, out: 4, kernel: 1, kernel_width: 7, size: 17}");

	/* padded to its size: 17 x 17 outputs of 7 taps (hand) */
	cr_expect_eq(x->parameters, 8.0 * 4.0 * 7.0);
	cr_expect_eq(x->forward[0].flops, 2.0 * 8.0 * 4.0 * 7.0 * 289.0);
	cr_expect_eq(x->forward[0].inner, 56.0);
	cr_expect_eq(x->backward[0].inner, 28.0);
	x = one(&catalogue, "{type: conv2d, in: 8, out: 4, kernel: 5, padding: valid, size: 17}");
	cr_expect_eq(x->forward[0].flops, 2.0 * 8.0 * 4.0 * 25.0 * 169.0);
	catalogue_close(&catalogue);
}

Test(lists, transposed_a_convolution_has_its_gradients_places)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_layer *x = one(&catalogue, "{type: conv2d, in: 8, out: 4, kernel: 2, "
						   "stride: 2, transposed: true, size: 5}");

	/* 25 pixels in, 100 out; 4 taps (hand) */
	cr_expect_eq(x->forward[0].flops, 2.0 * 8.0 * 4.0 * 4.0 * 25.0);
	cr_expect_eq(x->forward[0].elements, 8.0 * 25.0 + 4.0 * 100.0);
	cr_expect_eq(x->forward[0].inner, 8.0);
	cr_expect_eq(x->backward[0].inner, 16.0);
	cr_expect_eq(x->backward[1].inner_per_sample, 25.0);
	catalogue_close(&catalogue);
}

Test(lists, volumes_are_pooled_along_three_extents)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_layer *x = one(
		&catalogue, "{type: pool, channels: 3, size: 8, depth: 6, kernel: 2, stride: 2}");

	/* 4 x 4 x 3 windows of 8 x 8 x 6 voxels */
	cr_expect_eq(x->forward[0].elements, 3.0 * (8.0 * 8.0 * 6.0 + 4.0 * 4.0 * 3.0));
	catalogue_close(&catalogue);
}

Test(lists, norms_before_convolutions_and_copies)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_layer *x =
		one(&catalogue, "{type: batch-norm, channels: 3, size: 8, activation: relu}");

	/* three sweeps of 192 elements, two of the activation; backward five and three */
	cr_assert_eq(x->forward_count, 2u);
	cr_expect_eq(x->forward[0].elements, 3.0 * 192.0);
	cr_expect_eq(x->forward[1].elements, 2.0 * 192.0);
	cr_expect_eq(x->backward[0].elements, 3.0 * 192.0);
	cr_expect_eq(x->backward[1].elements, 5.0 * 192.0);
	cr_expect_eq(x->parameters, 6.0);
	x = one(&catalogue, "{type: concat, channels: 3, size: 8, depth: 2}");
	cr_expect_eq(x->forward[0].elements, 2.0 * 384.0);
	cr_expect_eq(x->backward[0].elements, 3.0 * 384.0);
	cr_expect_eq(x->saved_elements, 384.0);
	catalogue_close(&catalogue);
}

Test(lists, a_recurrent_layer_goes_step_by_step)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_layer *x =
		one(&catalogue, "{type: recurrent, cell: lstm, in: 4, hidden: 5, dropout: true}");
	const double s = 6, i = 4, h = 5, g = 20;

	/* 4 h (i + h) and two biases [cuDNN] */
	cr_expect_eq(x->parameters, g * (i + h) + 2 * g);
	/* all tokens at once; six steps of a product and a sweep; dropout */
	cr_assert_eq(x->forward_count, 4u);
	cr_expect_eq(x->forward[0].flops, 2 * s * i * g);
	cr_expect_eq(x->forward[1].flops, 2 * s * h * g);
	cr_expect_eq(x->forward[1].elements_fixed, s * h * g);
	cr_expect_eq(x->forward[1].kernels, 6u);
	cr_expect_eq(x->forward[2].elements, s * (3 * g + 3 * h));
	cr_expect_eq(x->forward[2].kernels, 6u);
	/* dropout, sweep, state's gradient, state's weights, biases, input's weights and gradient */
	cr_assert_eq(x->backward_count, 7u);
	cr_expect_eq(x->backward[1].elements, s * (2 * g + 6 * h));
	cr_expect_eq(x->backward[2].inner, g);
	cr_expect_eq(x->backward[2].kernels, 6u);
	cr_expect_eq(x->backward[3].inner_per_sample, s);
	cr_expect_eq(x->backward[3].kernels, 1u);
	cr_expect_eq(x->backward[4].elements, s * g);
	cr_expect_eq(x->backward[6].inner, g);
	/* gates, cell and output; dropped output and mask */
	cr_expect_eq(x->saved_elements, s * (g + 2 * h) + s * h);
	cr_expect_eq(x->saved_bytes, s * h);
	x = one(&catalogue, "{type: recurrent, cell: gru, in: 4, hidden: 5, biases: 1}");
	/* three gates, one state */
	cr_expect_eq(x->parameters, 15.0 * 9.0 + 15.0);
	cr_expect_eq(x->forward[2].elements, s * (3 * 15 + 2 * h));
	cr_expect_eq(x->backward[0].elements, s * (2 * 15 + 4 * h));
	catalogue_close(&catalogue);
}

Test(lists, bags_cost_the_bytes_of_their_rows)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_layer *x =
		one(&catalogue, "{type: embedding-bag, rows: [100, 7], lookups: [3, 1], width: 8}");

	/* four rows of 8 and their 8-byte numbers, two sums; backward 107 rows of zeros, each row read
	 * and written */
	cr_expect_eq(x->parameters, 107.0 * 8.0);
	cr_expect_eq(x->forward[0].wide, 4.0 * 8.0 + 2.0 * 4.0);
	cr_expect_eq(x->forward[0].elements, 16.0);
	cr_expect_eq(x->backward[0].wide, 2.0 * 4.0 * 8.0 + 2.0 * 4.0);
	cr_expect_eq(x->backward[0].wide_fixed, 856.0);
	cr_expect_eq(x->matrix_parameters, 0.0);
	x = one(&catalogue, "{type: embedding-bag, rows: [100, 7], lookups: 5, width: 8}");
	cr_expect_eq(x->forward[0].wide, 10.0 * 8.0 + 2.0 * 10.0);
	catalogue_close(&catalogue);
}

Test(lists, vectors_meet_all_or_in_pairs)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_layer *x = one(&catalogue, "{type: interaction, vectors: 27, width: 16}");

	/* Naumov et al. 2019: 27 x 26 / 2 dots are kept of 27 x 27 */
	cr_expect_eq(x->forward[0].flops, 2.0 * 27.0 * 27.0 * 16.0);
	cr_expect_eq(x->backward[0].flops + x->backward[1].flops, 2.0 * x->forward[0].flops);
	cr_expect_eq(x->saved_elements, 351.0);
	x = one(&catalogue, "{type: interaction, vectors: 2, width: 64, pairs: 1}");
	cr_expect_eq(x->forward[0].flops, 2.0 * 64.0);
	cr_expect_eq(x->forward[0].elements, 129.0);
	catalogue_close(&catalogue);
}

static void expect_refusal(const char *layer, const char *words)
{
	struct catalogue catalogue = catalogue_open();
	char yaml[300];
	const struct dc_model *model;
	struct dc_layers layers;

	snprintf(yaml, sizeof yaml, "{name: m, layers: [%s]}", layer);
	model = catalogue_read(&catalogue, &dc_model_family, yaml);
	cr_expect_eq(dc_model_expand(model, catalogue_arena(&catalogue), catalogue.diag, &layers),
		     DC_ERR_INPUT, "%s", layer);
	catalogue_expect(&catalogue, words);
	catalogue_close(&catalogue);
}

/* Messages as the kinds promise them. */
Test(lists, faults_of_a_layer_are_refused)
{
	expect_refusal("{type: recurrent, in: 4, hidden: 4}",
		       "recurrent layer: the model's samples have no tokens");
	expect_refusal("{type: embedding-bag, rows: [1, 2, 3], lookups: [1, 2], width: 4}",
		       "2 lookups for 3 tables; give one for each, or one for all");
	expect_refusal(
		"{type: conv3d, in: 1, out: 1, kernel: 9, size: 12, depth: 4, padding: valid}",
		"conv3d layer: the filter is larger than the padded input");
	expect_refusal("{type: conv1d, in: 1, out: 1, kernel: 3, stride: 2, transposed: true, "
		       "size: 12}",
		       "conv1d layer: a transposed convolution has stride = kernel");
	expect_refusal("{type: pool, channels: 1, size: 8, depth: 2, kernel: 3}",
		       "the window is larger than the padded input");
}
