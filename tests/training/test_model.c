/* Models: totals against the papers, writing out repeats, refusals. */
#include <criterion/criterion.h>
#include <math.h>

#include "../hardware/catalogue.h"
#include "training/model.h"

static struct dc_layers expand(const struct catalogue *catalogue, const char *yaml)
{
	const struct dc_model *model = catalogue_read(catalogue, &dc_model_family, yaml);
	struct dc_layers layers = {0};

	cr_assert_eq(dc_model_expand(model, catalogue_arena(catalogue), catalogue->diag, &layers),
		     DC_OK);
	return layers;
}

static const struct dc_layer *find(const struct dc_layers *layers, const char *name)
{
	for (size_t i = 0; i < layers->count; i++)
		if (strcmp(layers->items[i].name, name) == 0)
			return &layers->items[i];
	cr_assert(false, "no layer %s", name);
	return NULL;
}

Test(model, resnet50_has_the_published_size)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "resnet50");
	struct dc_model_totals totals = dc_model_totals(&layers);

	/* torchvision resnet50 (He et al. 2015, stride in the 3x3): 25,557,032 parameters, 4.09 GMAC */
	cr_expect_eq(totals.parameters, 25557032.0, "%.0f", totals.parameters);
	cr_expect(totals.forward_macs >= 4.085e9 && totals.forward_macs <= 4.12e9, "%g",
		  totals.forward_macs);
	cr_expect_eq(totals.forward_flops, 2.0 * totals.forward_macs);
	/* 53 convolutions, 2 pools, the classifier, the loss */
	cr_expect_eq(layers.count, 57u);
	catalogue_close(&catalogue);
}

Test(model, vgg16_has_the_published_size)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "vgg16");
	struct dc_model_totals totals = dc_model_totals(&layers);

	/* torchvision vgg16 (Simonyan & Zisserman 2014, configuration D): 138,357,544; 15.47 GMAC */
	cr_expect_eq(totals.parameters, 138357544.0, "%.0f", totals.parameters);
	cr_expect(totals.forward_macs >= 15.465e9 && totals.forward_macs <= 15.5e9, "%g",
		  totals.forward_macs);
	/* the first layer's input needs no gradient: twice forward less one share of 3 x 64 x 9 x
	 * 224^2 multiply-adds */
	cr_expect_float_eq(totals.backward_flops,
			   2.0 * totals.forward_flops - 2.0 * 3.0 * 64.0 * 9.0 * 224.0 * 224.0,
			   1.0);
	catalogue_close(&catalogue);
}

Test(model, bert_large_has_the_published_size)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "bert-large");
	const double h = 1024.0, f = 4096.0, v = 30522.0;
	/* Devlin et al. 2018: tables and their norm; 24 layers of four h x h projections, h x f x h
	 * feed-forward, biases and two norms; pooler; the two heads, the word head tied */
	double embeddings = (v + 512.0 + 2.0) * h + 2.0 * h;
	double layer = 4.0 * (h * h + h) + h * f + f + f * h + h + 4.0 * h;
	double heads = (h * h + h) + (2.0 * h + 2.0) + (h * h + h) + 2.0 * h + v;

	cr_expect_eq(dc_model_totals(&layers).parameters, embeddings + 24.0 * layer + heads);
	/* the same as released: 336,226,108 with both heads */
	cr_expect_eq(dc_model_totals(&layers).parameters, 336226108.0);
	catalogue_close(&catalogue);
}

static void expect_bert_flops(const char *yaml, double s, double predictions)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, yaml);
	const double h = 1024.0, v = 30522.0;
	/* per layer 24 s h^2 + 4 s^2 h [Korthikanti et al. 2022 for f = 4h]; pooler 2 h^2, next
	 * sentence 4 h; word head 2 h^2 + 2 h v per predicted word (20 of 128, 80 of 512) */
	double forward = 24.0 * (24.0 * s * h * h + 4.0 * s * s * h) + 2.0 * h * h + 4.0 * h +
			 predictions * (2.0 * h * h + 2.0 * h * v);
	/* twice forward, and half of the s^2 terms again: flash attention recomputes scores */
	double backward = 2.0 * forward + 24.0 * 0.5 * 4.0 * s * s * h;
	struct dc_model_totals totals = dc_model_totals(&layers);

	cr_expect_float_eq(totals.forward_flops, forward, 1e-12 * forward, "s = %g: %.17g", s,
			   totals.forward_flops);
	cr_expect_float_eq(totals.backward_flops, backward, 1e-12 * backward, "s = %g: %.17g", s,
			   totals.backward_flops);
	catalogue_close(&catalogue);
}

Test(model, bert_large_computes_what_the_formula_says)
{
	expect_bert_flops("bert-large", 512.0, 80.0);
	expect_bert_flops("{base: bert-large, sequence: 128}", 128.0, 20.0);
}

Test(model, layers_are_named_by_their_repeats)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers =
		expand(&catalogue,
		       "{name: m, layers: [{type: linear, in: 2, out: 3}, {type: repeat, name: "
		       "block, times: 2, layers: [{type: repeat, times: 2, layers: [{type: linear, "
		       "name: fc, in: 3, out: 3}]}]}]}");

	/* 1 + 2 x 2 layers; 2x3+3 parameters and four times 3x3+3 (hand) */
	cr_expect_eq(layers.count, 5u);
	cr_expect_str_eq(layers.items[0].name, "linear");
	cr_expect_str_eq(layers.items[0].kind, "linear");
	cr_expect_str_eq(layers.items[1].name, "block[0].repeat[0].fc");
	cr_expect_str_eq(layers.items[4].name, "block[1].repeat[1].fc");
	cr_expect_eq(dc_model_totals(&layers).parameters, 9.0 + 4.0 * 12.0);
	catalogue_close(&catalogue);
}

Test(model, activations_of_a_transformer_layer_follow_korthikanti)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(
		&catalogue,
		"{name: m, sequence: 256, layers: [{type: embedding, vocabulary: 10, width: 512}, "
		"{type: attention, hidden: 512, heads: 8, kernel: unfused}, "
		"{type: layer-norm, width: 512, residual: true, dropout: true}, "
		"{type: linear, in: 512, out: 2048, per: token, activation: gelu}, "
		"{type: linear, in: 2048, out: 512, per: token}, "
		"{type: layer-norm, width: 512, residual: true, dropout: true}]}");
	const double s = 256.0, h = 512.0, a = 8.0, b = 3.0;
	double saved = 0.0;

	for (size_t i = 1; i < layers.count; i++)
		saved += dc_layer_saved_bytes(&layers.items[i], b, DC_BF16);
	/* s b h (34 + 5 a s/h) bytes [Korthikanti et al. 2022, eq. 2] */
	cr_expect_float_eq(saved, s * b * h * (34.0 + 5.0 * a * s / h), 1.0, "%.17g", saved);
	catalogue_close(&catalogue);
}

Test(model, fusion_removes_traffic_and_changes_nothing_else)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers apart = expand(&catalogue, "resnet50");
	struct dc_layers fused = expand(&catalogue, "{base: resnet50, fused: true}");
	struct dc_work works[DC_LAYER_WORKS];
	double bytes[2] = {0.0, 0.0};

	for (size_t i = 0; i < apart.count; i++) {
		size_t count = dc_layer_forward(&apart.items[i], 1.0, DC_BF16, works);

		for (size_t j = 0; j < count; j++)
			bytes[0] += works[j].bytes;
		count = dc_layer_forward(&fused.items[i], 1.0, DC_BF16, works);
		for (size_t j = 0; j < count; j++)
			bytes[1] += works[j].bytes;
	}
	cr_expect_eq(dc_model_totals(&apart).parameters, dc_model_totals(&fused).parameters);
	cr_expect_eq(dc_model_totals(&apart).forward_flops, dc_model_totals(&fused).forward_flops);
	/* by construction: a fused chain touches every operand at most once */
	cr_expect_lt(bytes[1], 0.85 * bytes[0], "%g of %g", bytes[1], bytes[0]);
	/* conv3 of a first block, unfused 3 y (norm) + 3 y (sum) + 2 y (activation); fused 4 y and a
	 * bit per element, y = 256 x 56^2 (hand) */
	cr_expect_float_eq(find(&apart, "layer1.0.conv3")->forward[1].elements +
				   find(&apart, "layer1.0.conv3")->forward[2].elements +
				   find(&apart, "layer1.0.conv3")->forward[3].elements,
			   8.0 * 256.0 * 56.0 * 56.0, 1e-6);
	cr_expect_float_eq(find(&fused, "layer1.0.conv3")->forward[1].elements,
			   4.0 * 256.0 * 56.0 * 56.0, 1e-6);
	catalogue_close(&catalogue);
}

Test(model, written_out_it_reads_back_the_same)
{
	static const char *const names[] = {"resnet50",  "vgg16",       "bert-large", "bert-base",
					    "palm-540b", "deepseek-v3", "t5-11b",     "unet3d",
					    "dlrm",      "gru-lm"};
	struct catalogue catalogue = catalogue_open();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct dc_model *model =
			catalogue_read(&catalogue, &dc_model_family, names[i]);
		const struct dc_model *back =
			catalogue_round_trip(&catalogue, &dc_model_family, model);
		struct dc_layers layers, again;

		cr_assert_eq(dc_model_expand(model, catalogue_arena(&catalogue), catalogue.diag,
					     &layers),
			     DC_OK);
		cr_assert_eq(
			dc_model_expand(back, catalogue_arena(&catalogue), catalogue.diag, &again),
			DC_OK);
		/* dc_section_write() promises the same struct: so the same layers, to the bit */
		cr_assert_eq(layers.count, again.count, "%s", names[i]);
		for (size_t j = 0; j < layers.count; j++) {
			cr_expect_str_eq(layers.items[j].name, again.items[j].name);
			cr_expect_eq(layers.items[j].parameters, again.items[j].parameters);
			cr_expect_eq(layers.items[j].saved_elements, again.items[j].saved_elements);
			cr_expect_eq(memcmp(layers.items[j].forward, again.items[j].forward,
					    sizeof(layers.items[j].forward)),
				     0, "%s %s", names[i], layers.items[j].name);
		}
	}
	catalogue_close(&catalogue);
}

Test(model, the_recursive_list_of_layers_can_be_described)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	/* repeat holds layers that hold repeat: the description must end, and name the kinds */
	cr_expect_eq(dc_section_describe(&dc_model_section, DC_SCHEMA_TEXT, true, out), DC_OK);
	fclose(out);
	cr_expect_not_null(strstr(text, "conv2d"));
	cr_expect_not_null(strstr(text, "times"));
	free(text);
}

static void expect_refusal(const char *yaml, const char *words)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_model *model = catalogue_read(&catalogue, &dc_model_family, yaml);
	struct dc_layers layers;

	cr_expect_eq(dc_model_expand(model, catalogue_arena(&catalogue), catalogue.diag, &layers),
		     DC_ERR_INPUT, "%s", yaml);
	catalogue_expect(&catalogue, words);
	catalogue_close(&catalogue);
}

/* Messages as model.h and the layer kinds promise them. */
Test(model, refuses_what_field_tables_cannot_see)
{
	expect_refusal("{base: bert-large, sequence: 1024}",
		       "a sequence of 1024 tokens is longer than the 512 positions");
	expect_refusal("{base: bert-large, sequence: 0}", "give the model a 'sequence' length");
	expect_refusal("{name: m, layers: [{type: linear, in: 1, out: 1, per: token}]}",
		       "give the model a 'sequence' length");
	expect_refusal("{name: m, sequence: 8, layers: [{type: attention, hidden: 10, heads: 3}]}",
		       "heads must divide hidden");
	expect_refusal("{name: m, sequence: 8, layers: [{type: attention, hidden: 12, heads: 4, "
		       "kv_heads: 3}]}",
		       "kv_heads must divide heads");
	expect_refusal(
		"{name: m, layers: [{type: conv2d, in: 3, out: 4, kernel: 3, size: 8, groups: "
		"2}]}",
		"groups must divide in and out");
	expect_refusal("{name: m, layers: [{type: conv2d, in: 4, out: 4, kernel: 3, size: 8, "
		       "residual: true}]}",
		       "residual needs norm: true");
	expect_refusal("{name: m, layers: [{type: pool, channels: 4, size: 2, kernel: 3}]}",
		       "the window is larger than the padded input");
	expect_refusal(
		"{name: m, layers: [{type: repeat, times: 1000, layers: [{type: repeat, times: "
		"1000, layers: [{type: loss, classes: 2}]}]}]}",
		"1000000 layers when repeats are written out; at most 100000");
}

Test(model, every_fault_of_a_list_is_reported_once)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_model *model = catalogue_read(
		&catalogue, &dc_model_family,
		"{name: m, layers: [{type: repeat, times: 5, layers: [{type: linear, in: 1, out: 1, "
		"per: token}]}, {type: pool, channels: 1, size: 1, kernel: 9}]}");
	struct dc_layers layers;

	/* one for the repeated layer, however often it stands there, one for the pool */
	cr_expect_eq(dc_model_expand(model, catalogue_arena(&catalogue), catalogue.diag, &layers),
		     DC_ERR_INPUT);
	cr_expect_eq(dc_diag_errors(catalogue.diag), 2u);
	catalogue_close(&catalogue);
}

Test(model, unknown_kinds_are_refused)
{
	struct catalogue catalogue = catalogue_open();
	void *out = NULL;

	cr_expect_eq(catalogue_try(&catalogue, &dc_model_family,
				   "{name: m, layers: [{type: conv4d}]}", &out),
		     DC_ERR_INPUT);
	catalogue_expect(&catalogue, "conv2d");
	catalogue_close(&catalogue);
}
