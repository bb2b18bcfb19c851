/* Layers under a shard: what ranks have adds up, what they keep and exchange follows the papers. */
#include <criterion/criterion.h>

#include "../hardware/catalogue.h"
#include "training/model.h"

static struct dc_layers expand(const struct catalogue *catalogue, const char *yaml,
			       struct dc_shard shard)
{
	const struct dc_model *model = catalogue_read(catalogue, &dc_model_family, yaml);
	struct dc_layers layers = {0};

	cr_assert_eq(dc_model_expand_shard(model, &shard, NULL, catalogue_arena(catalogue),
					   catalogue->diag, &layers),
		     DC_OK, "%s", yaml);
	return layers;
}

/* A GPT of Korthikanti et al. 2022, table 3 (22B), in their setting: dropout, scores in memory. */
#define GPT_22B                                                                                    \
	"{name: gpt-22b, sequence: 2048, transformer: {layers: 4, hidden: 6144, heads: 64, "       \
	"vocabulary: 51200, dropout: true, kernel: unfused}}"

static const char *const some[] = {GPT_22B,    "llama3-8b",    "palm-540b",   "bert-base",
				   "resnet50", "mixtral-8x7b", "deepseek-v3", "t5-11b",
				   "unet3d",   "lstm-lm",      "dlrm"};

Test(shard, one_rank_has_it_all)
{
	struct catalogue catalogue = catalogue_open();

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct dc_layers whole = expand(&catalogue, some[i], (struct dc_shard){0});
		struct dc_layers one =
			expand(&catalogue, some[i], (struct dc_shard){1, 1, 1, true});

		cr_assert_eq(whole.count, one.count);
		for (size_t j = 0; j < whole.count; j++) {
			struct dc_layer a = whole.items[j], b = one.items[j];

			cr_expect_eq(a.forward_exchange_count + b.forward_exchange_count, 0u);
			cr_expect_eq(a.backward_exchange_count + b.backward_exchange_count, 0u);
			cr_expect_eq(a.parameters, a.whole_parameters, "%s", a.name);
			a.name = b.name;
			cr_expect_eq(memcmp(&a, &b, sizeof(a)), 0, "%s", b.name);
		}
	}
	catalogue_close(&catalogue);
}

static double flops_of(const struct dc_layer_pass *passes, size_t count)
{
	double flops = 0.0;

	for (size_t i = 0; i < count; i++)
		flops += passes[i].flops;
	return flops;
}

Test(shard, products_of_all_ranks_are_the_products)
{
	static const struct dc_shard shards[] = {
		{2, 1, 1, false}, {8, 1, 1, true}, {1, 4, 1, false}, {4, 2, 1, true}};
	struct catalogue catalogue = catalogue_open();
	struct dc_layers whole = expand(&catalogue, GPT_22B, (struct dc_shard){0});

	for (size_t i = 0; i < sizeof(shards) / sizeof(shards[0]); i++) {
		struct dc_layers part = expand(&catalogue, GPT_22B, shards[i]);
		double ranks = (double)(shards[i].tensor * shards[i].context);

		for (size_t j = 0; j < whole.count; j++) {
			const struct dc_layer *a = &whole.items[j], *b = &part.items[j];
			double forward = flops_of(a->forward, a->forward_count);
			double backward = flops_of(a->backward, a->backward_count);

			cr_expect_float_eq(ranks * flops_of(b->forward, b->forward_count), forward,
					   1e-12 * forward, "%s", a->name);
			cr_expect_float_eq(ranks * flops_of(b->backward, b->backward_count),
					   backward, 1e-12 * backward, "%s", a->name);
			cr_expect_eq(b->whole_parameters, a->parameters, "%s", a->name);
		}
	}
	catalogue_close(&catalogue);
}

Test(shard, parameters_of_a_rank)
{
	struct catalogue catalogue = catalogue_open();
	const double h = 6144, v = 51200, s = 2048, t = 8;
	struct dc_layers part = expand(&catalogue, GPT_22B, (struct dc_shard){8, 1, 1, true});
	double block = 0.0, all = 0.0;

	for (size_t i = 0; i < part.count; i++) {
		all += part.items[i].parameters;
		block += part.items[i].block == 1 ? part.items[i].parameters : 0.0;
	}
	/* 12 h^2 of matrices, 3h + 4h biases by columns; h + h biases by rows and 4h of norms on every
	 * rank [Shoeybi et al. 2019, sec. 3]; a part of the vocabulary, all positions, the last norm */
	cr_expect_eq(block, (12 * h * h + 7 * h) / t + 6 * h);
	cr_expect_eq(all, 4 * block + v * h / t + s * h + 2 * h);
	catalogue_close(&catalogue);
}

Test(shard, key_and_value_heads_are_repeated_when_they_are_few)
{
	struct catalogue catalogue = catalogue_open();
	const double h = 4096, d = 128;
	/* 32 heads, 8 of keys: 16 ranks have 2 queries, one key and one value head each */
	struct dc_layers part = expand(&catalogue, "llama3-8b", (struct dc_shard){16, 1, 1, false});
	const struct dc_layer *attention = &part.items[2];

	cr_assert_str_eq(attention->kind, "attention");
	cr_expect_eq(attention->parameters, h * d * (2 + 2) + 2 * d * h);
	cr_expect_eq(attention->whole_parameters, h * d * (32 + 16) + 32 * d * h);
	catalogue_close(&catalogue);
}

enum recompute { NONE, SELECTIVE, FULL };

static const struct activations {
	const char *what;
	double tensor;
	bool sequence;
	enum recompute recompute;
	/* bytes per s b h: constant, over t, and in 5 a s/h over t */
	double constant, over_t, scores;
} table_2[] = {
	/* Korthikanti et al. 2022, table 2 */
	{"no parallelism", 1, false, NONE, 0, 34, 1},
	{"tensor", 8, false, NONE, 10, 24, 1},
	{"tensor, sequence", 8, true, NONE, 0, 34, 1},
	{"tensor, selective", 8, false, SELECTIVE, 10, 24, 0},
	{"tensor, sequence, selective", 8, true, SELECTIVE, 0, 34, 0},
	{"full", 8, false, FULL, 2, 0, 0},
	{"full, of which each rank keeps its tokens", 8, true, FULL, 0, 2, 0},
};

/* Bytes that block 1 keeps. */
static double kept_bytes(const struct dc_layers *layers, double batch, enum recompute recompute)
{
	double kept = 0.0;
	int32_t before = DC_LAYER_FRONT;

	for (size_t i = 0; i < layers->count; before = layers->items[i++].block) {
		const struct dc_layer *layer = &layers->items[i];

		if (layer->block != 1)
			continue;
		if (recompute == FULL && before != 1)
			kept += dc_layer_input_bytes(layer, batch, DC_FP16);
		if (recompute != FULL)
			kept += dc_layer_saved_bytes(layer, batch, DC_FP16);
		if (recompute == SELECTIVE)
			kept -= dc_layer_core_bytes(layer, batch, DC_FP16);
	}
	return kept;
}

Test(shard, activations_follow_korthikanti)
{
	struct catalogue catalogue = catalogue_open();
	const double s = 2048, h = 6144, a = 64, b = 4;

	for (size_t i = 0; i < sizeof(table_2) / sizeof(table_2[0]); i++) {
		const struct activations *row = &table_2[i];
		double t = row->tensor;
		struct dc_layers layers = expand(
			&catalogue, GPT_22B, (struct dc_shard){(uint64_t)t, 1, 1, row->sequence});
		double kept =
			s * b * h *
			(row->constant + row->over_t / t + row->scores * 5.0 * a * s / (h * t));

		cr_expect_float_eq(kept_bytes(&layers, b, row->recompute), kept, 1e-9 * kept, "%s",
				   row->what);
	}
	catalogue_close(&catalogue);
}

Test(shard, context_ranks_keep_their_tokens)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers whole = expand(&catalogue, GPT_22B, (struct dc_shard){8, 1, 1, true});
	struct dc_layers part = expand(&catalogue, GPT_22B, (struct dc_shard){8, 4, 1, true});

	/* every token's activations are on one rank; queries of s/c against all s keys: scores too */
	cr_expect_float_eq(kept_bytes(&part, 1.0, NONE), kept_bytes(&whole, 1.0, NONE) / 4.0, 1.0);
	catalogue_close(&catalogue);
}

/* Counts and elements of block 1's exchanges with an operation on an axis. */
static double exchanges(const struct dc_layers *layers, bool backward, int axis,
			enum dc_operation operation, double *elements)
{
	double count = 0.0;

	*elements = 0.0;
	for (size_t i = 0; i < layers->count; i++) {
		const struct dc_layer *layer = &layers->items[i];
		const struct dc_layer_exchange *all =
			backward ? layer->backward_exchanges : layer->forward_exchanges;
		size_t each =
			backward ? layer->backward_exchange_count : layer->forward_exchange_count;

		for (size_t j = 0; j < each && layer->block == 1; j++) {
			if (all[j].axis != axis || all[j].operation != operation)
				continue;
			count += (double)all[j].times;
			*elements += (double)all[j].times * all[j].elements;
		}
	}
	return count;
}

static void expect_exchanges(const struct dc_layers *layers, int axis, enum dc_operation operation,
			     double forward, double backward, double each)
{
	double elements;

	cr_expect_eq(exchanges(layers, false, axis, operation, &elements), forward);
	cr_expect_eq(elements, forward * each);
	cr_expect_eq(exchanges(layers, true, axis, operation, &elements), backward);
	cr_expect_eq(elements, backward * each);
}

Test(shard, exchanges_of_a_block)
{
	struct catalogue catalogue = catalogue_open();
	const double s = 2048, h = 6144;
	struct dc_layers tensor = expand(&catalogue, GPT_22B, (struct dc_shard){4, 1, 1, false});
	struct dc_layers sequence = expand(&catalogue, GPT_22B, (struct dc_shard){4, 1, 1, true});
	struct dc_layers context = expand(&catalogue, GPT_22B, (struct dc_shard){4, 2, 1, false});

	/* Shoeybi et al. 2019, fig. 4: two all-reduces of s h either way */
	expect_exchanges(&tensor, DC_EXCHANGE_TENSOR, DC_OPERATION_ALL_REDUCE, 2, 2, s * h);
	expect_exchanges(&tensor, DC_EXCHANGE_TENSOR, DC_OPERATION_ALL_GATHER, 0, 0, s * h);
	/* Korthikanti et al. 2022, fig. 5 and sec. 4.2.2: a pair for each, and two more gathers
	 * backward of inputs that were kept in parts */
	expect_exchanges(&sequence, DC_EXCHANGE_TENSOR, DC_OPERATION_ALL_REDUCE, 0, 0, s * h);
	expect_exchanges(&sequence, DC_EXCHANGE_TENSOR, DC_OPERATION_ALL_GATHER, 2, 4, s * h);
	expect_exchanges(&sequence, DC_EXCHANGE_TENSOR, DC_OPERATION_REDUCE_SCATTER, 2, 2, s * h);
	/* half the tokens; keys and values of 2 h over 4 ranks come from all tokens */
	expect_exchanges(&context, DC_EXCHANGE_TENSOR, DC_OPERATION_ALL_REDUCE, 2, 2, s * h / 2);
	expect_exchanges(&context, DC_EXCHANGE_CONTEXT, DC_OPERATION_ALL_GATHER, 1, 1,
			 s * 2 * h / 4);
	expect_exchanges(&context, DC_EXCHANGE_CONTEXT, DC_OPERATION_REDUCE_SCATTER, 0, 1,
			 s * 2 * h / 4);
	catalogue_close(&catalogue);
}

Test(shard, parallel_branches_share_their_exchanges)
{
	struct catalogue catalogue = catalogue_open();
	const double s = 2048, h = 18432;
	struct dc_layers tensor =
		expand(&catalogue, "palm-540b", (struct dc_shard){12, 1, 1, false});

	/* Chowdhery et al. 2022, sec. 2: one input, one sum: half of the exchanges */
	expect_exchanges(&tensor, DC_EXCHANGE_TENSOR, DC_OPERATION_ALL_REDUCE, 1, 1, s * h);
	catalogue_close(&catalogue);
}

Test(shard, exchanges_at_the_ends)
{
	struct catalogue catalogue = catalogue_open();
	const double s = 2048, h = 6144;
	struct dc_layers layers = expand(&catalogue, GPT_22B, (struct dc_shard){4, 1, 1, false});
	const struct dc_layer *embedding = &layers.items[0];
	const struct dc_layer *logits = &layers.items[layers.count - 2];
	const struct dc_layer *loss = &layers.items[layers.count - 1];

	/* Shoeybi et al. 2019, sec. 3: looked-up rows are summed, nothing comes back; the input's
	 * gradient of the last product; three FP32 numbers per token in the loss */
	cr_assert_eq(embedding->forward_exchange_count, 1u);
	cr_expect_eq(embedding->forward_exchanges[0].elements, s * h);
	cr_expect_eq(embedding->backward_exchange_count, 0u);
	cr_expect_eq(logits->forward_exchange_count, 0u);
	cr_assert_eq(logits->backward_exchange_count, 1u);
	cr_expect_eq(logits->backward_exchanges[0].operation, DC_OPERATION_ALL_REDUCE);
	cr_assert_eq(loss->forward_exchange_count, 1u);
	cr_expect_eq(loss->forward_exchanges[0].times, 3u);
	/* 2 sequences: 2 x 2,048 x 4 bytes; in bf16 as well, and 2 bytes per element of the rows */
	cr_expect_eq(dc_layer_exchange_bytes(&loss->forward_exchanges[0], 2.0, DC_BF16), 16384.0);
	cr_expect_eq(dc_layer_exchange_bytes(&embedding->forward_exchanges[0], 2.0, DC_FP8),
		     2.0 * s * h * 2.0);
	catalogue_close(&catalogue);
}

Test(shard, blocks_and_twins)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers gpt = expand(&catalogue, GPT_22B, (struct dc_shard){0});
	struct dc_layers bert = expand(&catalogue, "bert-large", (struct dc_shard){0});
	struct dc_layers vgg = expand(&catalogue, "vgg16", (struct dc_shard){0});

	/* embedding; 4 blocks of 5; last norm, product, loss */
	cr_assert_eq(gpt.count, 24u);
	cr_expect_eq(gpt.items[0].block, DC_LAYER_FRONT);
	for (size_t i = 0; i < 20; i++)
		cr_expect_eq(gpt.items[1 + i].block, (int32_t)(i / 5));
	cr_expect_eq(gpt.items[21].block, DC_LAYER_BACK);
	/* the first norm adds no shortcut; everything else is as in the block before */
	cr_expect_eq(gpt.items[1].twin, 1u);
	cr_expect_eq(gpt.items[6].twin, 4u - 1u, "the second norm of block 0: %u",
		     gpt.items[6].twin);
	cr_expect_eq(gpt.items[12].twin, 2u);
	/* embeddings and their norm, 24 repeats of 5, the heads */
	cr_expect_eq(bert.items[1].block, DC_LAYER_FRONT);
	cr_expect_eq(bert.items[2].block, 0);
	cr_expect_eq(bert.items[121].block, 23);
	cr_expect_eq(bert.items[122].block, DC_LAYER_BACK);
	/* no repeats: every layer a block, the loss behind */
	cr_expect_eq(vgg.items[0].block, 0);
	cr_expect_eq(vgg.items[vgg.count - 2].block, (int32_t)vgg.count - 2);
	cr_expect_eq(vgg.items[vgg.count - 1].block, DC_LAYER_BACK);
	catalogue_close(&catalogue);
}

static const struct refusal {
	const char *yaml;
	struct dc_shard shard;
	const char *words;
} refusals[] = {
	{"gpt2-xl", {4, 1, 1, false}, "4 tensor ranks do not divide 25 heads"},
	{"{base: llama3-8b, transformer: {kv_heads: 4, heads: 24, head_size: 128}}",
	 {6, 1, 1, false},
	 "of 6 tensor ranks and 4 kv_heads neither divides the other"},
	{"{base: llama3-8b, transformer: {ffn: 14337}}",
	 {8, 1, 1, false},
	 "8 tensor ranks do not divide a width of 14337"},
	{"{base: gpt2-small, sequence: 1020}",
	 {2, 4, 1, true},
	 "1020 tokens does not divide over 4 context ranks times 2"},
};

Test(shard, what_ranks_do_not_divide_is_refused)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		struct catalogue catalogue = catalogue_open();
		const struct dc_model *model =
			catalogue_read(&catalogue, &dc_model_family, row->yaml);
		struct dc_layers layers;

		cr_expect_eq(dc_model_expand_shard(model, &row->shard, NULL,
						   catalogue_arena(&catalogue), catalogue.diag,
						   &layers),
			     DC_ERR_INPUT);
		catalogue_expect(&catalogue, row->words);
		catalogue_close(&catalogue);
	}
}
