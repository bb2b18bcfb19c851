/* Transformers by their numbers: totals against the published ones, equations, refusals. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "../hardware/catalogue.h"
#include "training/lower.h"
#include "training/memory.h"
#include "training/model.h"

static struct dc_layers expand(const struct catalogue *catalogue, const char *yaml)
{
	const struct dc_model *model = catalogue_read(catalogue, &dc_model_family, yaml);
	struct dc_layers layers = {0};

	cr_assert_eq(dc_model_expand(model, catalogue_arena(catalogue), catalogue->diag, &layers),
		     DC_OK, "%s", yaml);
	return layers;
}

static struct dc_model_totals totals(const char *yaml)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, yaml);
	struct dc_model_totals all = dc_model_totals(&layers);

	catalogue_close(&catalogue);
	return all;
}

/* What was published, and how exactly: 0 for a count of every parameter. */
static const struct published {
	const char *yaml;
	double parameters, within;
} published[] = {
	/* released checkpoints (huggingface.co/openai-community); the README of github.com/openai/gpt-2:
	 * 124M, 355M, 774M, 1558M */
	{"gpt2-small", 124439808.0, 0.0},
	{"gpt2-medium", 354823168.0, 0.0},
	{"gpt2-large", 774030080.0, 0.0},
	{"gpt2-xl", 1557611200.0, 0.0},
	/* Brown et al. 2020, table D.1, in millions */
	{"gpt3-125m", 125e6, 0.005 * 125e6},
	{"gpt3-350m", 356e6, 0.005 * 356e6},
	{"gpt3-760m", 760e6, 0.005 * 760e6},
	{"gpt3-2.7b", 2650e6, 0.005 * 2650e6},
	{"gpt3-1.3b", 1320e6, 0.005 * 1320e6},
	{"gpt3-6.7b", 6660e6, 0.005 * 6660e6},
	{"gpt3-13b", 12850e6, 0.005 * 12850e6},
	{"gpt3-175b", 174600e6, 0.005 * 174600e6},
	/* google/bert as released, with both heads: 110,106,428 and 336,226,108 */
	{"bert-base", 110106428.0, 0.0},
	{"bert-large", 336226108.0, 0.0},
	/* released checkpoints; Touvron et al. 2023, table 2: 6.7B, 13.0B, 32.5B, 65.2B */
	{"llama-7b", 6738415616.0, 0.0},
	{"llama-13b", 13015864320.0, 0.0},
	{"llama-33b", 32528943616.0, 0.0},
	{"llama-65b", 65.2e9, 0.005 * 65.2e9},
	/* released checkpoints (huggingface.co/meta-llama) */
	{"llama2-70b", 68976648192.0, 0.0},
	{"llama3-8b", 8030261248.0, 0.0},
	{"llama3-70b", 70553706496.0, 0.0},
	{"llama3-405b", 405853388800.0, 0.0},
	/* pytorch_model.bin.index.json of mosaicml/mpt-7b: 13,298,573,312 bytes of bf16; the model card
	 * of mpt-30b: 29.95B */
	{"mpt-7b", 13298573312.0 / 2.0, 0.0},
	{"mpt-30b", 29.95e9, 0.005 * 29.95e9},
	/* Chowdhery et al. 2022, table 1: 540.35 billion, to its last digit */
	{"palm-540b", 540.35e9, 0.01e9},
	/* released config.json; Jiang et al. 2024, sec. 1: 47B */
	{"mixtral-8x7b", 46702792704.0, 0.0},
	/* README_WEIGHTS of the released model: 671B */
	{"deepseek-v3", 671e9, 0.5e9},
	/* released config.json, less the norms of queries and keys; model cards: 30.5B, 235B */
	{"qwen3-30b-a3b", 30532122624.0, 48 * 256},
	{"qwen3-235b-a22b", 235093634560.0, 94 * 256},
	/* released checkpoint (google-t5/t5-11b); Raffel et al. 2020: 11 billion */
	{"t5-11b", 11307321344.0, 0.0},
	/* torchvision: vit_b_16, vit_l_16, resnet50, vgg16 */
	{"vit-base", 86567656.0, 0.0},
	{"vit-large", 304326632.0, 0.0},
	{"resnet50", 25557032.0, 0.0},
	{"vgg16", 138357544.0, 0.0},
	/* torchvision's documentation: resnet101, densenet121, inception_v3 with its auxiliary
	 * classifier, ssd300_vgg16 with 512 scales */
	{"resnet101", 44549160.0, 0.0},
	{"densenet121", 7978856.0, 0.0},
	{"inception-v3", 27161264.0, 0.0},
	{"ssd300", 35641826.0, 512.0},
	/* Cicek et al. 2016, sec. 2; its norms have no scale: one parameter per channel less */
	{"unet3d", 19069955.0, 2336.0},
	/* released checkpoint (facebook/wav2vec2-base) with all its heads; Baevski et al. 2020: 95M */
	{"wav2vec2-base", 95044608.0, 896.0},
	/* Inan et al. 2016 (arXiv:1611.01462) for the large model of Zaremba et al. 2014: 66M */
	{"lstm-lm", 66e6, 0.005 * 66e6},
	/* not published: embedding and decoder, two layers of 3 h (2 h) + 6 h [Cho et al. 2014] */
	{"gru-lm", 10000.0 * 1500.0 * 2.0 + 10000.0 + 2.0 * (18.0 * 750.0 * 1000.0 + 9000.0), 0.0},
	/* Naumov et al. 2019, sec. 5.1: 540M */
	{"dlrm", 540e6, 0.005 * 540e6},
	/* not published: 33 per category; 845-1024-512-256-1 with biases (Cheng et al. 2016, fig. 4) */
	{"wide-and-deep", 33.0 * 33762577.0 + 866304.0 + 524800.0 + 131328.0 + 257.0, 0.0},
	/* not published: 65 per user and film (Kula 2015; README of MovieLens 10M) */
	{"lightfm", 65.0 * (71567.0 + 10681.0), 0.0},
	/* Narayanan et al. 2021, table 1, in billions with one digit: half of it */
	{"megatron-1.7b", 1.7e9, 0.05e9},
	{"megatron-3.6b", 3.6e9, 0.05e9},
	{"megatron-7.5b", 7.5e9, 0.05e9},
	{"megatron-18b", 18.4e9, 0.05e9},
	{"megatron-39b", 39.1e9, 0.05e9},
	{"megatron-76b", 76.1e9, 0.05e9},
	{"megatron-145b", 145.6e9, 0.05e9},
	{"megatron-310b", 310.1e9, 0.05e9},
	{"megatron-530b", 529.6e9, 0.05e9},
	{"megatron-1t", 1008.0e9, 0.05e9},
	/* Korthikanti et al. 2022, table 3 */
	{"megatron-22b", 22e9, 0.005 * 22e9},
};

enum { PUBLISHED = sizeof(published) / sizeof(published[0]) };

Test(transformer, has_the_published_parameters)
{
	for (size_t i = 0; i < PUBLISHED; i++) {
		double parameters = totals(published[i].yaml).parameters;

		cr_expect(fabs(parameters - published[i].parameters) <= published[i].within,
			  "%s: %.0f, published %.0f", published[i].yaml, parameters,
			  published[i].parameters);
	}
}

Test(transformer, every_model_of_the_catalogue_is_compared)
{
	struct catalogue catalogue = catalogue_open();
	const char *const *names;
	size_t count;

	cr_assert_eq(dc_catalogue_names(catalogue.config, "models", &names, &count), DC_OK);
	for (size_t i = 0; i < count; i++) {
		size_t j = 0;

		while (j < PUBLISHED && strcmp(names[i], published[j].yaml) != 0)
			j++;
		cr_expect(j < PUBLISHED, "%s has no published count", names[i]);
	}
	catalogue_close(&catalogue);
}

/* l, h, s, V of a GPT, and what it is called. */
struct gpt {
	char yaml[160];
	double l, h, s, v;
};

static struct gpt gpts[] = {
	{"{base: gpt2-small, transformer: {kernel: unfused}}", 12, 768, 1024, 50257},
	{"{base: gpt2-xl, transformer: {kernel: unfused}}", 48, 1600, 1024, 50257},
	{"{base: gpt2-xl, sequence: 256, transformer: {kernel: unfused}}", 48, 1600, 256, 50257},
	{"{base: gpt3-13b, transformer: {kernel: unfused}}", 40, 5120, 2048, 50257},
	{"{base: gpt3-175b, transformer: {kernel: unfused}}", 96, 12288, 2048, 50257},
	{"{base: megatron-1t, transformer: {kernel: unfused}}", 128, 25600, 2048, 51200},
};

ParameterizedTestParameters(transformer, a_gpt_follows_its_equations)
{
	return cr_make_param_array(struct gpt, gpts, sizeof(gpts) / sizeof(gpts[0]));
}

ParameterizedTest(struct gpt *gpt, transformer, a_gpt_follows_its_equations)
{
	struct dc_model_totals all = totals(gpt->yaml);
	double l = gpt->l, h = gpt->h, s = gpt->s, v = gpt->v;
	/* longest sequence of the table of positions: that of the entry */
	double positions = v > 51000.0 || h > 2000.0 ? 2048.0 : 1024.0;
	/* per sequence, one iteration: 72 s l h^2 (1 + s/6h + V/12lh) [Korthikanti et al. 2022, eq. 7] */
	double flops = 72.0 * s * l * h * h * (1.0 + s / (6.0 * h) + v / (12.0 * l * h));
	/* 12 l h^2 (1 + 13/12h + (V + s)/12lh) [Narayanan et al. 2021, eq. 2], and the last norm's 2h,
	 * which it leaves out */
	double parameters =
		12.0 * l * h * h * (1.0 + 13.0 / (12.0 * h) + (v + positions) / (12.0 * l * h)) +
		2.0 * h;

	cr_expect_float_eq(all.forward_flops + all.backward_flops, flops, 1e-12 * flops,
			   "%s: %.17g", gpt->yaml, all.forward_flops + all.backward_flops);
	cr_expect_float_eq(3.0 * all.forward_flops, flops, 1e-12 * flops, "%s", gpt->yaml);
	cr_expect_float_eq(all.parameters, parameters, 1e-12 * parameters, "%s: %.17g", gpt->yaml,
			   all.parameters);
}

/* Korthikanti et al. 2022 (arXiv:2205.05198), table 5, selective recomputation and sequence
 * parallelism: sequences per iteration, accelerators (A100: 312 TFLOP/s), seconds, percent of peak.
 * Printed seconds are off by up to half their last digit, percents by 0.05. */
static const struct {
	const char *yaml;
	double batch, accelerators, time_s, mfu;
} measured[] = {
	{"megatron-22b", 4, 8, 1.10, 41.5},
	{"{base: megatron-1t, transformer: {layers: 96, hidden: 12288, heads: 96}}", 64, 64, 13.75,
	 51.4},
	{"megatron-530b", 280, 280, 37.83, 56.0},
	{"megatron-1t", 512, 512, 71.49, 56.3},
};

Test(transformer, model_flops_give_the_published_utilisation)
{
	for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
		double flops = 3.0 * measured[i].batch * totals(measured[i].yaml).forward_flops;
		double mfu =
			100.0 * flops / (measured[i].time_s * measured[i].accelerators * 312e12);

		cr_expect_float_eq(mfu, measured[i].mfu,
				   0.05 + measured[i].mfu * 0.005 / measured[i].time_s,
				   "%s: %.4f %%", measured[i].yaml, mfu);
	}
}

Test(transformer, what_flash_attention_recomputes_is_no_model_flops)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_training_workload workload = {
		.model = catalogue_read(&catalogue, &dc_model_family, "gpt2-small"),
		.batch = {.per_accelerator = 8, .global = 8},
		.precision = DC_BF16,
		.optimizer = DC_OPTIMIZER_ADAM,
		.synchronization = {.algorithm = "auto", .bucket_bytes = 25e6, .overlap = true},
		.parallelism =
			{.tensor = 1, .pipeline = 1, .interleave = 1, .context = 1, .expert = 1},
		.dataset = {.samples = 8, .drop_last = true},
	};
	const struct dc_accelerator *accelerator =
		catalogue_read(&catalogue, &dc_accelerator_family, "a100-sxm4-80gb");
	struct dc_training_plan plan;
	const double b = 8, s = 1024, l = 12, h = 768, v = 50257;
	/* 72 B s l h^2 (1 + s/6h + V/12lh) [Korthikanti et al. 2022, eq. 7]; scores again: 2 B s^2 h per
	 * layer [Dao et al. 2022] */
	double model = 72.0 * b * s * l * h * h * (1.0 + s / (6.0 * h) + v / (12.0 * l * h));
	double again = l * 2.0 * b * s * s * h;

	cr_assert_eq(dc_training_settle(&workload, 1, catalogue.diag), DC_OK);
	cr_assert_eq(dc_training_lower(&workload, NULL, 1, accelerator, catalogue_arena(&catalogue),
				       catalogue.diag, &plan),
		     DC_OK);
	cr_expect_float_eq(plan.model_flops, model, 1e-12 * model, "%.17g", plan.model_flops);
	cr_expect_float_eq(plan.flops, model + again, 1e-12 * model, "%.17g", plan.flops);
	catalogue_close(&catalogue);
}

Test(transformer, grouped_queries_and_gates_cost_what_they_should)
{
	struct dc_model_totals all = totals("llama3-70b");
	const double l = 80, h = 8192, s = 8192, a = 64, k = 8, d = 128, f = 28672, v = 128256;
	/* projections 2 s h d (2a + 2k), scores and weighting 4 s^2 a d, three products 6 s h f, last
	 * product 2 s h V (hand, multiply-add = 2) */
	double forward = l * (2 * s * h * d * (2 * a + 2 * k) + 4 * s * s * a * d + 6 * s * h * f) +
			 2 * s * h * v;
	/* flash attention recomputes scores: half of the s^2 terms again */
	double backward = 2.0 * forward + l * 0.5 * 4 * s * s * a * d;

	cr_expect_float_eq(all.forward_flops, forward, 1e-12 * forward);
	cr_expect_float_eq(all.backward_flops, backward, 1e-12 * backward);
}

Test(transformer, one_key_head_of_another_size)
{
	struct dc_model_totals all = totals("palm-540b");
	const double l = 118, h = 18432, s = 2048, a = 48, d = 256, f = 73728, v = 256000;
	/* as above with k = 1 and heads wider than h / a */
	double forward = l * (2 * s * h * d * (2 * a + 2) + 4 * s * s * a * d + 6 * s * h * f) +
			 2 * s * h * v;

	cr_expect_float_eq(all.forward_flops, forward, 1e-12 * forward);
	/* per layer h d (2a + 2) + 3 h f + one norm's h; V h; the last norm (hand) */
	cr_expect_eq(all.parameters, l * (h * d * (2 * a + 2) + 3 * h * f + h) + v * h + h);
}

static double saved_bytes(const struct dc_layers *layers, const char *prefix, double batch)
{
	double saved = 0.0;

	for (size_t i = 0; i < layers->count; i++)
		if (strncmp(layers->items[i].name, prefix, strlen(prefix)) == 0)
			saved += dc_layer_saved_bytes(&layers->items[i], batch, DC_BF16);
	return saved;
}

Test(transformer, activations_of_a_gpt_follow_korthikanti)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers =
		expand(&catalogue, "{base: gpt2-medium, transformer: {kernel: unfused}}");
	const double s = 1024, h = 1024, a = 16, l = 24, b = 3;

	/* s b h l (34 + 5 a s/h) bytes [Korthikanti et al. 2022, eq. 2] */
	cr_expect_float_eq(saved_bytes(&layers, "decoder[", b),
			   s * b * h * l * (34.0 + 5.0 * a * s / h), 1.0);
	catalogue_close(&catalogue);
}

Test(transformer, activations_of_gated_and_parallel_layers)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers llama = expand(&catalogue, "llama-7b");
	struct dc_layers palm = expand(&catalogue, "palm-540b");
	double s = 2048, h = 4096, a = 32, f = 11008, qo, kv;

	/* 16 bits, no dropout: two norms, queries, keys, values, heads' output, the branches' outputs:
	 * 8 h elements; gate, other half and their product: 3 f; FP32 statistics of flash (hand) */
	cr_expect_eq(saved_bytes(&llama, "decoder[7].", 2.0),
		     2.0 * s * (2.0 * (8.0 * h + 3.0 * f) + 4.0 * a));
	/* one norm; queries and heads' output of 48 x 256, a key and a value of 256; attention's output,
	 * whose place the sum of the branches takes; 3 f (hand) */
	h = 18432, a = 48, f = 73728, qo = 48 * 256, kv = 2 * 256;
	cr_expect_eq(saved_bytes(&palm, "decoder[7].", 1.0),
		     s * (2.0 * (2.0 * h + 2.0 * qo + kv + 3.0 * f) + 4.0 * a));
	catalogue_close(&catalogue);
}

static const struct dc_layer *find(const struct dc_layers *layers, const char *name)
{
	for (size_t i = 0; i < layers->count; i++)
		if (strcmp(layers->items[i].name, name) == 0)
			return &layers->items[i];
	cr_assert(false, "no layer %s", name);
	return NULL;
}

Test(transformer, sweeps_of_rotation_gate_and_sum)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "palm-540b");
	const struct dc_layer *attention = find(&layers, "decoder[0].attention");
	const struct dc_layer *gate = find(&layers, "decoder[0].intermediate");
	const struct dc_layer *output = find(&layers, "decoder[0].output");
	const double s = 2048, h = 18432, f = 73728;

	/* product, rotation of 48 query heads and one key head, flash, product: each element read and
	 * written, either way; backward in reverse */
	cr_assert_eq(attention->forward_count, 4u);
	cr_expect_eq(attention->forward[1].elements, 2.0 * s * (48.0 + 1.0) * 256.0);
	cr_assert_eq(attention->backward_count, 6u);
	cr_expect_eq(attention->backward[3].elements, 2.0 * s * (48.0 + 1.0) * 256.0);
	/* reads both halves, writes one; backward reads its gradient too and writes both */
	cr_expect_eq(gate->forward[1].elements, 3.0 * s * f);
	cr_expect_eq(gate->backward[0].elements, 5.0 * s * f);
	cr_expect_eq(gate->parameters, 2.0 * h * f);
	/* the sum of the branches: reads two, writes one, either way */
	cr_expect_eq(output->forward[1].elements, 3.0 * s * h);
	cr_expect_eq(output->backward[0].elements, 3.0 * s * h);
	/* one norm per layer, the first without the sum that the others start with; the last one, the
	 * last product and the loss; the embedding */
	cr_expect_eq(layers.count, 118u * 4u + 4u);
	cr_expect_eq(find(&layers, "decoder[0].attention.norm")->forward_count, 1u);
	cr_expect_eq(find(&layers, "decoder[1].attention.norm")->forward_count, 2u);
	catalogue_close(&catalogue);
}

Test(transformer, the_longest_list_of_passes_is_whole)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers =
		expand(&catalogue, "{base: gpt2-small, transformer: {kernel: unfused, positions: "
				   "rotary, position_count: 0}}");
	const struct dc_layer *attention = find(&layers, "decoder[0].attention");

	/* two projections of two products and a bias, rotation, unfused attention's five: all there is
	 * room for */
	cr_expect_eq(attention->backward_count, 12u);
	cr_expect_leq(attention->backward_count, (size_t)DC_LAYER_PASSES);
	catalogue_close(&catalogue);
}

Test(transformer, norms_by_the_root_mean_square_and_without_bias)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers llama = expand(&catalogue, "llama-7b"), mpt = expand(&catalogue, "mpt-7b");
	struct dc_layers gpt = expand(&catalogue, "gpt2-small");

	/* a scale per element; and a shift with bias */
	cr_expect_str_eq(find(&llama, "final.norm")->kind, "rms-norm");
	cr_expect_eq(find(&llama, "final.norm")->parameters, 4096.0);
	cr_expect_str_eq(find(&mpt, "final.norm")->kind, "layer-norm");
	cr_expect_eq(find(&mpt, "final.norm")->parameters, 4096.0);
	cr_expect_eq(find(&gpt, "final.norm")->parameters, 2.0 * 768.0);
	catalogue_close(&catalogue);
}

Test(transformer, bert_large_by_numbers_is_the_list_of_layers)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers list = expand(&catalogue, "bert-large");
	struct dc_layers numbers = expand(
		&catalogue, "{base: bert-base, transformer: {layers: 24, hidden: 1024, heads: 16, "
			    "ffn: 4096}}");

	/* the same network, so the same layers under the same names, to the bit */
	cr_assert_eq(list.count, numbers.count);
	for (size_t i = 0; i < list.count; i++) {
		struct dc_layer a = list.items[i], b = numbers.items[i];

		cr_expect_str_eq(a.name, b.name);
		cr_expect_str_eq(a.kind, b.kind);
		a.name = b.name;
		a.kind = b.kind;
		cr_expect_eq(memcmp(&a, &b, sizeof(a)), 0, "%s", b.name);
	}
	catalogue_close(&catalogue);
}

Test(transformer, what_does_not_fit_says_how_much)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "llama3-8b");
	struct dc_training_memory m =
		dc_training_memory_of(&layers, 1.0, DC_BF16, DC_OPTIMIZER_ADAM);
	const double parameters = 8030261248.0, norms = 65.0 * 4096.0,
		     embedding = 128256.0 * 4096.0;

	/* 4 B per parameter and 2 B of those that products read: all but embedding and norms; FP32
	 * gradients; Adam's two moments */
	cr_expect_eq(m.weights_bytes, 4.0 * parameters + 2.0 * (parameters - embedding - norms));
	cr_expect_eq(m.gradients_bytes, 4.0 * parameters);
	cr_expect_eq(m.optimizer_bytes, 8.0 * parameters);
	catalogue_close(&catalogue);
}

static void expect_refusal(const char *yaml, const char *words, size_t errors)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_model *model = catalogue_read(&catalogue, &dc_model_family, yaml);
	struct dc_layers layers;

	cr_expect_eq(dc_model_expand(model, catalogue_arena(&catalogue), catalogue.diag, &layers),
		     DC_ERR_INPUT, "%s", yaml);
	catalogue_expect(&catalogue, words);
	cr_expect_eq(dc_diag_errors(catalogue.diag), errors, "%s", yaml);
	catalogue_close(&catalogue);
}

/* Messages as transformer.h and model.h promise them; nearest divisors by hand. */
Test(transformer, refuses_what_field_tables_cannot_see)
{
	expect_refusal("{base: gpt2-small, transformer: {heads: 10}}",
		       "10 heads do not divide a width of 768; the nearest that do are 8 and 12",
		       1);
	expect_refusal(
		"{base: gpt2-small, transformer: {heads: 1000}}",
		"1000 heads do not divide a width of 768; the nearest that do are 768 and 768", 1);
	expect_refusal("{base: llama3-8b, transformer: {kv_heads: 5}}",
		       "5 kv_heads do not divide 32 heads; the nearest that do are 4 and 8", 1);
	expect_refusal("{base: llama3-8b, transformer: {kv_heads: 64}}",
		       "64 kv_heads do not divide 32 heads; the nearest that do are 32 and 32", 1);
	/* every fault in one go */
	expect_refusal("{base: gpt2-small, transformer: {heads: 10, kv_heads: 3}}",
		       "3 kv_heads do not divide 10 heads", 2);
	expect_refusal("{base: gpt2-small, sequence: 0}", "give the model a 'sequence' length", 1);
	expect_refusal("{base: gpt2-small, sequence: 2048}",
		       "a sequence of 2048 tokens is longer than the 1024 learned positions", 1);
	expect_refusal("{base: gpt2-small, transformer: {positions: alibi}}",
		       "only learned positions have a position_count; these are alibi", 1);
	expect_refusal("{base: bert-base, transformer: {parallel: true}}",
		       "parallel branches read a norm before them; norm_place says after", 1);
	expect_refusal("{base: gpt2-small, layers: [{type: loss, classes: 2}]}",
		       "'layers' and 'transformer' both say what it is made of", 1);
	expect_refusal("{name: m, sequence: 8}", "expected 'layers' or 'transformer'", 1);
}

Test(transformer, learned_positions_default_to_the_sequence)
{
	const char *yaml = "{name: m, sequence: 64, transformer: {layers: 1, hidden: 8, heads: 2, "
			   "vocabulary: 100}}";

	/* V h + s h, 12 h^2 + 13 h, the last norm's 2 h (as in a_gpt_follows_its_equations) */
	cr_expect_eq(totals(yaml).parameters,
		     100.0 * 8.0 + 64.0 * 8.0 + 12.0 * 64.0 + 13.0 * 8.0 + 2.0 * 8.0);
}
