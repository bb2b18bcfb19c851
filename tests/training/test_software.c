/* Software stacks: entries, the generic one, and what features change in a layer's work. */
#include <criterion/criterion.h>
#include <math.h>

#include "../hardware/catalogue.h"
#include "training/model.h"

static const struct dc_software *software(const struct catalogue *catalogue, const char *yaml)
{
	return catalogue_read(catalogue, &dc_software_family, yaml);
}

static struct dc_layers expand(const struct catalogue *catalogue, const char *yaml,
			       struct dc_shard shard, const struct dc_software *stack)
{
	const struct dc_model *model = catalogue_read(catalogue, &dc_model_family, yaml);
	struct dc_layers layers = {0};

	cr_assert_eq(dc_model_expand_shard(model, &shard, stack, catalogue_arena(catalogue),
					   catalogue->diag, &layers),
		     DC_OK, "%s", yaml);
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

Test(software, every_entry_reads_and_writes_back)
{
	struct catalogue catalogue = catalogue_open();
	const char *const *names;
	size_t count;

	cr_assert_eq(dc_catalogue_names(catalogue.config, "software", &names, &count), DC_OK);
	cr_expect_geq(count, 10u);
	for (size_t i = 0; i < count; i++) {
		const struct dc_software *entry = software(&catalogue, names[i]);
		const struct dc_software *back =
			catalogue_round_trip(&catalogue, &dc_software_family, entry);

		cr_expect_str_eq(entry->name, names[i]);
		cr_expect_eq(entry->host.launch_s, back->host.launch_s, "%s", names[i]);
		cr_expect_eq(entry->attention.kernel, back->attention.kernel, "%s", names[i]);
		cr_expect_eq(entry->overlap_gathers, back->overlap_gathers, "%s", names[i]);
	}
	catalogue_close(&catalogue);
}

Test(software, no_software_is_the_generic_one)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_software *generic = software(&catalogue, "generic");
	struct dc_shard shard = {4, 2, 1, true};
	struct dc_layers named = expand(&catalogue, "gpt3-175b", shard, generic);
	struct dc_layers none = expand(&catalogue, "gpt3-175b", shard, NULL);

	for (size_t i = 0; i < named.count; i++) {
		named.items[i].name = none.items[i].name;
		cr_expect_eq(memcmp(&named.items[i], &none.items[i], sizeof(none.items[i])), 0,
			     "%s", none.items[i].name);
	}
	cr_expect_eq(generic->gradient_bytes, dc_software_of(NULL)->gradient_bytes);
	cr_expect_eq(generic->overlap_gradients, dc_software_of(NULL)->overlap_gradients);
	cr_expect_eq(dc_software_launch_s(NULL), 0.0);
	catalogue_close(&catalogue);
}

/* The longest that products hide of a layer's exchange with an operation. */
static double hidden_s(const struct dc_layer *layer, bool backward, enum dc_operation operation,
		       bool again, const struct dc_layer_batch *batch,
		       const struct dc_accelerator *accelerator)
{
	const struct dc_layer_exchange *all =
		backward ? layer->backward_exchanges : layer->forward_exchanges;
	size_t count = backward ? layer->backward_exchange_count : layer->forward_exchange_count;

	for (size_t i = 0; i < count; i++)
		if (all[i].operation == operation && all[i].again == again)
			return dc_layer_hidden_s(layer, &all[i], backward, batch, accelerator);
	cr_assert(false, "no such exchange");
	return 0.0;
}

Test(software, products_hide_exchanges_that_run_beside_them)
{
	struct catalogue catalogue = catalogue_open();
	/* 100 TFLOP/s, memory without limit: half of a product's time hides */
	const struct dc_accelerator accelerator = {
		.peak = {.bf16 = 1e14},
		.memory = {.bandwidth_bps = 1e30},
		.efficiency = {.matrix = 1.0, .memory = 1.0, .batched = 1.0, .beside = 0.5}};
	const struct dc_software *async = software(&catalogue, "megatron-lm-2022");
	const struct dc_software *whole = software(&catalogue, "megatron-core-2024");
	struct dc_shard shard = {8, 1, 1, true};
	struct dc_layers layers = expand(&catalogue, "gpt3-175b", shard, async);
	const struct dc_layer *first = find(&layers, "decoder[1].intermediate");
	const struct dc_layer *second = find(&layers, "decoder[1].output");
	struct dc_layer_batch batch = {.samples = 1.0, .precision = DC_BF16, .software = async};
	/* each product of a rank: 2 s h 4h/8 */
	const double each_s = 2.0 * 2048 * 12288.0 * 4 * 12288 / 8 / 1e14;

	/* beside the weights' gradient, the input's; nothing forward, nothing for the gather of dy */
	cr_expect_float_eq(
		hidden_s(first, true, DC_OPERATION_REDUCE_SCATTER, false, &batch, &accelerator),
		0.5 * each_s, 1e-9 * each_s);
	cr_expect_float_eq(
		hidden_s(first, true, DC_OPERATION_ALL_GATHER, true, &batch, &accelerator),
		0.5 * each_s, 1e-9 * each_s);
	cr_expect_eq(hidden_s(first, false, DC_OPERATION_ALL_GATHER, false, &batch, &accelerator),
		     0.0);
	cr_expect_eq(hidden_s(second, true, DC_OPERATION_ALL_GATHER, false, &batch, &accelerator),
		     0.0);
	/* all of them: one product forward, two backward; the second gather is free */
	batch.software = whole;
	cr_expect_float_eq(
		hidden_s(first, false, DC_OPERATION_ALL_GATHER, false, &batch, &accelerator),
		0.5 * each_s, 1e-9 * each_s);
	cr_expect_float_eq(
		hidden_s(second, true, DC_OPERATION_ALL_GATHER, false, &batch, &accelerator),
		0.5 * 2.0 * each_s, 1e-9 * each_s);
	cr_expect(
		isinf(hidden_s(first, true, DC_OPERATION_ALL_GATHER, true, &batch, &accelerator)));
	/* without a framework nothing is hidden */
	batch.software = NULL;
	cr_expect_eq(
		hidden_s(first, true, DC_OPERATION_REDUCE_SCATTER, false, &batch, &accelerator),
		0.0);
	catalogue_close(&catalogue);
}

Test(software, launches_of_a_block_are_what_the_stack_says)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_software *stack = software(&catalogue, "megatron-lm-2022");
	struct dc_layers layers = expand(&catalogue, "gpt3-1.3b", (struct dc_shard){0}, stack);
	double forward[2] = {0.0, 0.0}, backward[2] = {0.0, 0.0};

	for (size_t i = 0; i < layers.count; i++) {
		const struct dc_layer *layer = &layers.items[i];

		if (layer->block != 3 && layer->block != DC_LAYER_BACK)
			continue;
		forward[layer->block == 3] += layer->forward_launches;
		backward[layer->block == 3] += layer->backward_launches;
	}
	cr_expect_float_eq(forward[1], stack->host.forward, 1e-9);
	cr_expect_float_eq(backward[1], stack->host.backward, 1e-9);
	cr_expect_float_eq(forward[0], stack->host.ends, 1e-9);
	cr_expect_float_eq(backward[0], stack->host.ends, 1e-9);
	catalogue_close(&catalogue);
}

/* Bytes of all elementwise works of block 1 for a micro-batch of b, either way. */
static double sweeps(const struct dc_layers *layers, const struct dc_software *stack, double b,
		     bool backward, const char *kind)
{
	struct dc_layer_batch batch = {.samples = b, .precision = DC_FP16, .software = stack};
	struct dc_work works[DC_LAYER_WORKS];
	double bytes = 0.0;

	for (size_t i = 0; i < layers->count; i++) {
		const struct dc_layer *layer = &layers->items[i];
		size_t count;

		if (layer->block != 1 || strcmp(layer->kind, kind) != 0)
			continue;
		count = backward ? dc_layer_backward_works(layer, &batch, works)
				 : dc_layer_forward_works(layer, &batch, works);
		for (size_t j = 0; j < count; j++)
			bytes += works[j].inner > 0.0 ? 0.0 : works[j].bytes;
	}
	return bytes;
}

Test(software, megatron_sweeps_by_hand)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_software *stack = software(&catalogue, "megatron-lm-2022");
	const double s = 2048, h = 2048, b = 4, a = 16, n = b * s, f = 4 * h;
	struct dc_layers layers =
		expand(&catalogue, "{base: gpt3-1.3b, transformer: {dropout: true, heads: 16}}",
		       (struct dc_shard){0}, stack);

	/* each of two norms: bias-dropout-add 7 bytes (two reads, a write, a mask), norm 4; its FP32
	 * scale and shift once */
	cr_expect_eq(sweeps(&layers, stack, b, false, "layer-norm"),
		     2.0 * (11.0 * n * h + 2.0 * h * 4.0));
	/* backward: norm and the shortcut's gradient 12, dropout 5 */
	cr_expect_eq(sweeps(&layers, stack, b, true, "layer-norm"),
		     2.0 * (17.0 * n * h + 3.0 * h * 4.0));
	/* layout of q, k, v 4 x 3 n h; softmax 4 and dropout 5 bytes per score */
	cr_expect_eq(sweeps(&layers, stack, b, false, "attention"),
		     12.0 * n * h + 9.0 * b * a * s * s);
	/* layout; 6 and 5 per score; gradients of biases of 3h and h */
	cr_expect_eq(sweeps(&layers, stack, b, true, "attention"),
		     12.0 * n * h + 11.0 * b * a * s * s + 2.0 * n * 4.0 * h);
	/* GELU 4 f forward; 6 f backward and gradients of biases of f and h */
	cr_expect_eq(sweeps(&layers, stack, b, false, "linear"), 4.0 * n * f);
	cr_expect_eq(sweeps(&layers, stack, b, true, "linear"),
		     6.0 * n * f + 2.0 * n * f + 2.0 * n * h);
	catalogue_close(&catalogue);
}

Test(software, softmax_is_slow_where_its_kernel_does_not_run)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_software *stack = software(&catalogue, "megatron-lm-2021");
	const double s = 2048, h = 2048;
	/* 24 heads on 8 ranks: 3 per sequence on a rank */
	struct dc_layers layers =
		expand(&catalogue,
		       "{base: gpt3-1.3b, transformer: {dropout: true, heads: 24, head_size: 64}}",
		       (struct dc_shard){8, 1, 1, false}, stack);
	struct dc_layers longer = expand(
		&catalogue,
		"{base: gpt3-1.3b, sequence: 4096, transformer: {dropout: true, position_count: 0}}",
		(struct dc_shard){0}, stack);
	double layout = 4.0 * s * 3.0 * 3.0 * 64.0;

	/* 3 x 4 = 12 is a multiple of four, 3 x 2 = 6 is not: 25 bytes per score instead of 9 */
	cr_expect_eq(sweeps(&layers, stack, 4.0, false, "attention"),
		     4.0 * (layout + 9.0 * 3.0 * s * s));
	cr_expect_eq(sweeps(&layers, stack, 2.0, false, "attention"),
		     2.0 * (layout + 25.0 * 3.0 * s * s));
	/* 4,096 tokens are more than the kernel takes */
	cr_expect_eq(sweeps(&longer, stack, 1.0, false, "attention"),
		     12.0 * 4096 * h + 25.0 * 16.0 * 4096.0 * 4096.0);
	catalogue_close(&catalogue);
}

Test(software, fused_attention_of_a_generation)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_software *stack = software(&catalogue, "megatron-core-2024");
	struct dc_layers gpt = expand(&catalogue, "llama3-8b", (struct dc_shard){0}, stack);
	struct dc_layers bert = expand(&catalogue, "bert-base", (struct dc_shard){0}, stack);
	const struct dc_layer *causal = find(&gpt, "decoder[1].attention");
	const struct dc_layer *full = find(&bert, "encoder[1].attention");
	const double s = 8192, d = 128, a = 32;

	/* queries, layout, core: half of 4 s^2 a d, the other half masked away */
	cr_expect_eq(causal->forward[2].kernel, DC_KERNEL_CUDNN);
	cr_expect_eq(causal->forward[2].flops, 2.0 * s * s * a * d);
	cr_expect_eq(causal->masked_flops, 2.0 * s * s * a * d);
	/* an encoder sees all */
	cr_expect_eq(full->forward[2].flops, 4.0 * 512.0 * 512.0 * 768.0);
	cr_expect_eq(full->masked_flops, 0.0);
	catalogue_close(&catalogue);
}

Test(software, vocabularies_are_padded)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_software *megatron = software(&catalogue, "megatron-lm-2021");
	const struct dc_software *deepspeed = software(&catalogue, "megatron-deepspeed-2022");
	struct dc_layer_scope scope = {.shard = {.tensor = 8}, .software = megatron};

	/* 50,257 to a multiple of 128 x 8: 51,200, of which 6,400 are a rank's; alone 50,304 */
	cr_expect_eq(dc_layer_vocabulary(&scope, 50257.0), 6400.0);
	scope.shard.tensor = 1;
	cr_expect_eq(dc_layer_vocabulary(&scope, 50257.0), 50304.0);
	scope.software = deepspeed;
	cr_expect_eq(dc_layer_vocabulary(&scope, 50257.0), 50257.0);
	/* without padding the largest part: 6,283 of eight */
	scope = (struct dc_layer_scope){.shard = {.tensor = 8}};
	cr_expect_eq(dc_layer_vocabulary(&scope, 50257.0), 6283.0);
	catalogue_close(&catalogue);
}

Test(software, buckets_grow_with_ranks)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_software *core = software(&catalogue, "megatron-core-2024");

	/* Megatron-core: the larger of 40 million parameters and a million per rank */
	cr_expect_eq(dc_software_bucket_bytes(core, 4.0, 8.0), 160e6);
	cr_expect_eq(dc_software_bucket_bytes(core, 4.0, 64.0), 256e6);
	cr_expect_eq(dc_software_bucket_bytes(NULL, 4.0, 64.0), 0.0);
	catalogue_close(&catalogue);
}

Test(software, gradients_meet_in_the_buffer)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_software *apart = software(&catalogue, "megatron-lm-2021");
	const struct dc_software *fused = software(&catalogue, "{base: megatron-core-2024}");
	struct dc_layers layers = expand(
		&catalogue, "{name: m, layers: [{type: linear, in: 64, out: 128, bias: false}]}",
		(struct dc_shard){0}, apart);
	struct dc_layer_batch batch = {
		.samples = 16.0, .precision = DC_BF16, .software = apart, .accumulates = true};
	struct dc_work works[DC_LAYER_WORKS];
	const double weights = 64 * 128, x = 16 * (64 + 128);

	/* narrow weights: nothing is converted; dW; 16-bit gradients: read two, write one */
	cr_assert_eq(dc_layer_forward_works(&layers.items[0], &batch, works), 1u);
	cr_assert_eq(dc_layer_backward_works(&layers.items[0], &batch, works), 2u);
	cr_expect_eq(works[0].bytes, 2.0 * (x + weights));
	cr_expect_eq(works[1].bytes, 6.0 * weights);
	/* the product reads and writes 4 bytes of the buffer instead of writing 2 */
	batch.software = fused;
	cr_assert_eq(dc_layer_backward_works(&layers.items[0], &batch, works), 1u);
	cr_expect_eq(works[0].bytes, 2.0 * x + 8.0 * weights);
	catalogue_close(&catalogue);
}
