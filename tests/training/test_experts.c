/* Experts, latent attention, encoders before decoders: totals against papers, passes by hand. */
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

static const struct dc_layer *find(const struct dc_layers *layers, const char *name)
{
	for (size_t i = 0; i < layers->count; i++)
		if (strcmp(layers->items[i].name, name) == 0)
			return &layers->items[i];
	cr_assert(false, "no layer %s", name);
	return NULL;
}

static struct dc_model_totals totals(const char *yaml)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, yaml);
	struct dc_model_totals all = dc_model_totals(&layers);

	catalogue_close(&catalogue);
	return all;
}

Test(experts, a_token_meets_the_published_parameters)
{
	/* Jiang et al. 2024, sec. 1: 13B of 47B; model cards of Qwen3: 3.3B and 22B; half of the last
	 * digit printed, or 0.5 % */
	cr_expect_float_eq(totals("mixtral-8x7b").active_parameters, 12.9e9, 0.05e9);
	cr_expect_float_eq(totals("qwen3-30b-a3b").active_parameters, 3.35e9, 0.05e9);
	cr_expect_float_eq(totals("qwen3-235b-a22b").active_parameters, 22.2e9, 0.5e9);
	/* README_WEIGHTS of DeepSeek-V3: 36.7B, a table of 129,280 rows of 7,168 left out */
	cr_expect_float_eq(totals("deepseek-v3").active_parameters - 129280.0 * 7168.0, 36.7e9,
			   0.005 * 36.7e9, "%.0f", totals("deepseek-v3").active_parameters);
	/* without experts, all */
	cr_expect_eq(totals("llama-7b").active_parameters, 6738415616.0);
}

Test(experts, forward_costs_what_the_chosen_do)
{
	struct dc_model_totals all = totals("mixtral-8x7b");
	const double l = 32, h = 4096, s = 4096, a = 32, g = 8, d = 128, f = 14336, v = 32000;
	const double e = 8, k = 2;
	/* projections, scores and weighting, router 2 s h E, K experts of 6 s h f, last product (hand,
	 * multiply-add = 2) */
	double layer = 2 * s * h * d * (2 * a + 2 * g) + 4 * s * s * a * d + 2 * s * h * e +
		       k * 6 * s * h * f;
	double forward = l * layer + 2 * s * h * v;
	/* flash attention recomputes scores */
	double backward = 2.0 * forward + l * 2 * s * s * a * d;

	cr_expect_float_eq(all.forward_flops, forward, 1e-12 * forward, "%.17g", all.forward_flops);
	cr_expect_float_eq(all.backward_flops, backward, 1e-12 * backward);
}

Test(experts, one_of_one_is_a_feed_forward_with_a_router)
{
	struct dc_model_totals dense = totals("{base: gpt2-small, transformer: {layers: 1}}");
	struct dc_model_totals one =
		totals("{base: gpt2-small, transformer: {layers: 1, experts: 1}}");
	const double s = 1024, h = 768;

	/* h x 1 weights, 2 s h FLOP forward, twice that backward (hand) */
	cr_expect_eq(one.parameters, dense.parameters + h);
	cr_expect_eq(one.active_parameters, one.parameters);
	cr_expect_eq(one.forward_flops, dense.forward_flops + 2.0 * s * h);
	cr_expect_eq(one.backward_flops, dense.backward_flops + 4.0 * s * h);
}

static const char *const small =
	"{name: m, sequence: 16, layers: [{type: embedding, vocabulary: 10, width: 8}, "
	"{type: mixture-of-experts, hidden: 8, ffn: 32, experts: 4, top_k: 2, gated: true, "
	"activation: silu}]}";

Test(experts, passes_of_a_layer)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, small);
	const struct dc_layer *x = &layers.items[1];
	const double s = 16, h = 8, f = 32, e = 4, k = 2;

	/* router, choice, dispatch, two products around the gate, combination */
	cr_assert_eq(x->forward_count, 7u);
	cr_expect_eq(x->forward[0].flops, 2 * s * h * e);
	cr_expect_eq(x->forward[0].wide, s * e);
	cr_expect_eq(x->forward[0].wide_fixed, h * e);
	cr_expect_eq(x->forward[1].wide, 2 * s * e);
	cr_expect_eq(x->forward[2].elements, s * h * (1 + k));
	cr_expect_eq(x->forward[3].flops, 2 * k * s * h * 2 * f);
	cr_expect_eq(x->forward[3].elements_fixed, e * h * 2 * f);
	cr_expect_eq(x->forward[3].inner, h);
	cr_expect_eq(x->forward[4].elements, 3 * k * s * f);
	cr_expect_eq(x->forward[5].flops, 2 * k * s * h * f);
	cr_expect_eq(x->forward[5].inner, f);
	cr_expect_eq(x->forward[6].elements, s * h * (1 + k));
	cr_expect_eq(x->forward[6].wide, s * k);
	/* the reverse: combination, bias, two products, gate, bias, two products, dispatch, choice,
	 * router twice; an expert's weight gradient has K = s k / E rows per sample */
	cr_assert_eq(x->backward_count, 12u);
	cr_expect_eq(x->backward[0].elements, s * h * (1 + 2 * k));
	cr_expect_eq(x->backward[1].elements, k * s * h);
	cr_expect_eq(x->backward[2].inner_per_sample, s * k / e);
	cr_expect_eq(x->backward[3].inner, h);
	cr_expect_eq(x->backward[4].elements, 5 * k * s * f);
	cr_expect_eq(x->backward[7].inner, 2 * f);
	cr_expect_eq(x->backward[8].elements, s * h * (1 + k));
	cr_expect_eq(x->backward[9].wide, 3 * s * e);
	cr_expect_eq(x->backward[10].inner_per_sample, s);
	cr_expect_eq(x->backward[11].inner, e);
	/* router h E, experts 3 h f and biases 2 f + h; two of four met */
	cr_expect_eq(x->parameters, h * e + e * (3 * h * f + 2 * f + h));
	cr_expect_eq(x->inactive_parameters, 2 * (3 * h * f + 2 * f + h));
	cr_expect_eq(x->matrix_parameters, e * 3 * h * f);
	/* sorted tokens, both halves and their product, outputs, sum; scores of 4 bytes, weights and
	 * numbers of 12 */
	cr_expect_eq(x->saved_elements + x->saved_operands, k * s * (2 * h + 3 * f) + s * h);
	cr_expect_eq(x->saved_operands, k * s * (h + f));
	cr_expect_eq(x->saved_bytes, 4 * s * e + 12 * s * k);
	catalogue_close(&catalogue);
}

Test(experts, come_after_dense_layers_and_before_shared_ones)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "deepseek-v3");
	const struct dc_layer *shared = find(&layers, "decoder[3].shared.output");

	/* 3 layers of five, 58 of six; embedding, last norm, last product, loss */
	cr_expect_eq(layers.count, 3u * 5u + 58u * 6u + 4u);
	cr_expect_str_eq(find(&layers, "decoder[2].output")->kind, "linear");
	cr_expect_str_eq(find(&layers, "decoder[3].experts")->kind, "mixture-of-experts");
	/* adds the experts' sum: reads two, writes one */
	cr_assert_eq(shared->forward_count, 2u);
	cr_expect_eq(shared->forward[1].elements, 3.0 * 4096.0 * 7168.0);
	cr_expect_eq(shared->parameters, 2048.0 * 7168.0);
	catalogue_close(&catalogue);
}

Test(latent, has_the_ranks_parameters_and_operations)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "deepseek-v3");
	const struct dc_layer *x = find(&layers, "decoder[0].attention");
	const double h = 7168, s = 4096, a = 128, q = 1536, r = 512, n = 128, p = 64, v = 128;
	/* DeepSeek-V2 (arXiv:2405.04434), eq. 9 to 16 */
	double matrices = h * q + q * a * (n + p) + h * (r + p) + r * a * (n + v) + a * v * h;
	double forward = 0, backward = 0;

	cr_expect_eq(x->matrix_parameters, matrices);
	cr_expect_eq(x->parameters, matrices + q + r);
	for (size_t i = 0; i < x->forward_count; i++)
		forward += x->forward[i].flops;
	for (size_t i = 0; i < x->backward_count; i++)
		backward += x->backward[i].flops;
	cr_expect_float_eq(forward, 2 * s * matrices + 2 * s * s * a * (n + p + v), 1.0);
	/* flash: scores once more */
	cr_expect_float_eq(backward, 2 * forward + 2 * s * s * a * (n + p), 1.0);
	cr_expect_eq(x->recomputed_flops, 2 * s * s * a * (n + p));
	/* queries, keys, values, heads' output; ranks before and after norms, rotary key, output;
	 * FP32 statistics of flash */
	cr_expect_eq(x->saved_elements + x->saved_operands,
		     s * (2 * a * (n + p) + 2 * a * v + 2 * q + 2 * r + p + h));
	cr_expect_eq(x->saved_bytes, 4 * s * a);
	/* five projections, two norms, rotation, flash */
	cr_expect_eq(x->forward_count, 9u);
	cr_expect_eq(x->backward_count, 14u);
	catalogue_close(&catalogue);
}

Test(latent, without_a_rank_of_queries_they_are_one_product)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers =
		expand(&catalogue, "{base: deepseek-v3, transformer: {kernel: unfused, latent: "
				   "{q_rank: 0}}}");
	const struct dc_layer *x = find(&layers, "decoder[0].attention");
	const double h = 7168, s = 4096, a = 128;

	cr_expect_eq(x->forward[0].flops, 2 * s * h * a * 192);
	/* unfused: scores, softmax, weighting; scores without dropout are kept once */
	cr_expect_eq(x->forward_count, 4u + 1u + 1u + 3u);
	cr_expect_eq(x->recomputed_flops, 0.0);
	cr_expect_gt(x->saved_elements, a * s * s);
	cr_expect_lt(x->saved_elements, 1.1 * a * s * s + 2e9);
	catalogue_close(&catalogue);
}

Test(latent, the_longest_list_of_passes_is_whole)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers =
		expand(&catalogue, "{base: deepseek-v3, transformer: {kernel: unfused}}");
	const struct dc_layer *x = find(&layers, "decoder[0].attention");

	/* five projections of two products, two norms, rotation, unfused attention's five */
	cr_expect_eq(x->backward_count, 18u);
	cr_expect_leq(x->backward_count, (size_t)DC_LAYER_PASSES);
	catalogue_close(&catalogue);
}

/* With equal tokens and widths, its core is that of self-attention. */
Test(cross, to_as_many_tokens_costs_what_attention_does)
{
	static const char *const kernels[] = {"flash", "unfused"};
	char yaml[400];

	for (size_t i = 0; i < 2; i++) {
		struct catalogue catalogue = catalogue_open();
		struct dc_layers layers;
		const struct dc_layer *self, *cross;
		struct dc_work works[2][DC_LAYER_WORKS];
		double flops[2] = {0, 0}, bytes[2] = {0, 0};
		size_t count[2];

		snprintf(yaml, sizeof yaml,
			 "{name: m, sequence: 64, layers: [{type: embedding, vocabulary: 9, width: "
			 "32}, {type: attention, hidden: 32, heads: 4, kernel: %s}, {type: "
			 "cross-attention, hidden: 32, heads: 4, head_size: 8, source: 64, kernel: "
			 "%s}]}",
			 kernels[i], kernels[i]);
		layers = expand(&catalogue, yaml);
		self = &layers.items[1];
		cross = &layers.items[2];
		cr_expect_eq(self->parameters, cross->parameters);
		cr_expect_eq(self->saved_elements, cross->saved_elements);
		cr_expect_eq(self->saved_bytes, cross->saved_bytes);
		count[0] = dc_layer_backward(self, 2.0, DC_FP32, works[0]);
		count[1] = dc_layer_backward(cross, 2.0, DC_FP32, works[1]);
		for (size_t j = 0; j < count[0]; j++) {
			flops[0] += works[0][j].flops;
			bytes[0] += works[0][j].bytes;
		}
		for (size_t j = 0; j < count[1]; j++) {
			flops[1] += works[1][j].flops;
			bytes[1] += works[1][j].bytes;
		}
		cr_expect_eq(flops[0], flops[1], "%s", kernels[i]);
		/* two inputs instead of one: either product of queries reads or writes 64 x 32 more; and the
		 * sum of gradients, three of them; 4 bytes, batch of 2 (hand) */
		cr_expect_eq(bytes[1] - bytes[0], 4.0 * 2.0 * 5.0 * 64.0 * 32.0, "%s: %g",
			     kernels[i], bytes[1] - bytes[0]);
		catalogue_close(&catalogue);
	}
}

Test(encoder, t5_has_its_stacks_and_sequences)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "t5-11b");
	struct dc_model_totals all = dc_model_totals(&layers);
	const double l = 24, h = 1024, w = 128 * 128, f = 65536, e = 512, t = 114, v = 32128;
	/* projections 8 e h w, scores and weighting 4 e^2 w, feed-forward 4 e h f; decoder: the same of t
	 * tokens, cross attention 4 t h w + 4 e h w + 4 t e w; last product (hand) */
	double encoder = 8 * e * h * w + 4 * e * e * w + 4 * e * h * f;
	double decoder = 8 * t * h * w + 4 * t * t * w + 4 * t * h * f + 4 * t * h * w +
			 4 * e * h * w + 4 * t * e * w;
	double forward = l * (encoder + decoder) + 2 * t * h * v;

	cr_expect_float_eq(all.forward_flops, forward, 1e-12 * forward, "%.17g", all.forward_flops);
	cr_expect_float_eq(all.backward_flops, 2 * forward, 1e-12 * forward);
	/* embedding twice, encoder and its norm, decoder and its norm, last product, loss */
	cr_expect_eq(layers.count, 2u + 24u * 5u + 1u + 24u * 7u + 1u + 2u);
	cr_expect_eq(find(&layers, "decoder.embeddings")->parameters, 0.0);
	cr_expect_eq(find(&layers, "encoder[0].attention")->parameters -
			     find(&layers, "encoder[1].attention")->parameters,
		     32.0 * 128.0);
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

/* Messages as the keys promise them. */
Test(experts, contradictions_are_refused)
{
	expect_refusal("{base: mixtral-8x7b, transformer: {top_k: 9}}",
		       "a token takes 9 experts, but there are 8", 1);
	expect_refusal("{base: mixtral-8x7b, transformer: {experts: 0}}",
		       "'top_k' says nothing without 'experts'", 1);
	expect_refusal("{base: deepseek-v3, transformer: {experts: 0}}",
		       "'dense_layers' says nothing without 'experts'", 4);
	expect_refusal("{base: deepseek-v3, transformer: {dense_layers: 62}}",
		       "62 dense layers of 61", 1);
	expect_refusal("{base: mixtral-8x7b, transformer: {parallel: true}}",
		       "experts beside attention, in parallel, are not supported", 1);
	expect_refusal("{base: deepseek-v3, transformer: {kv_heads: 8}}",
		       "the widths of latent attention are in 'latent'; kv_heads contradicts it",
		       1);
	expect_refusal("{base: deepseek-v3, transformer: {bias: true}}",
		       "latent attention has rotary positions, no biases and no dropout", 1);
	expect_refusal("{base: llama-7b, transformer: {target: 7}}",
		       "'target' says nothing without 'encoder_layers'", 1);
	expect_refusal("{base: t5-11b, transformer: {norm_place: after}}",
		       "predict the next token; 'norm_place' says otherwise", 1);
	expect_refusal("{name: m, sequence: 8, layers: [{type: mixture-of-experts, hidden: 8, ffn: "
		       "8, experts: 2, top_k: 3}]}",
		       "a token takes 3 experts, but there are 2", 1);
	expect_refusal(
		"{name: m, layers: [{type: mixture-of-experts, hidden: 8, ffn: 8, experts: "
		"2}, {type: latent-attention, hidden: 8, heads: 2, latent: {kv_rank: 2, "
		"nope_size: 1, rope_size: 1, v_size: 1}}, {type: cross-attention, hidden: 8, "
		"heads: 2, head_size: 4, source: 4}]}",
		"cross-attention layer: the model's samples have no tokens", 3);
}

static struct dc_layers part_of(const struct catalogue *catalogue, const char *yaml,
				struct dc_shard shard)
{
	const struct dc_model *model = catalogue_read(catalogue, &dc_model_family, yaml);
	struct dc_layers layers = {0};

	cr_assert_eq(dc_model_expand_shard(model, &shard, NULL, catalogue_arena(catalogue),
					   catalogue->diag, &layers),
		     DC_OK, "%s", yaml);
	return layers;
}

static double flops_of(const struct dc_layer_pass *passes, size_t count)
{
	double flops = 0.0;

	for (size_t i = 0; i < count; i++)
		flops += passes[i].flops;
	return flops;
}

/* Router products, which every tensor rank without sequence parallelism repeats, apart. */
static double shared_flops(const struct dc_layer *layer, const struct dc_layer_pass *passes,
			   size_t count)
{
	double flops = flops_of(passes, count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(layer->kind, "mixture-of-experts") == 0 && passes[i].wide_fixed > 0.0)
			flops -= passes[i].flops;
	return flops;
}

Test(shards, of_experts_and_cross_attention_add_up)
{
	static const struct dc_shard shards[] = {{2, 1, 1, true},
						 {2, 1, 1, false},
						 {1, 2, 1, false},
						 {1, 1, 8, false},
						 {2, 1, 4, true}};
	static const char *const names[] = {"mixtral-8x7b", "t5-11b", "qwen3-30b-a3b"};

	for (size_t i = 0; i < sizeof(shards) / sizeof(shards[0]); i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			struct catalogue catalogue = catalogue_open();
			struct dc_layers whole = expand(&catalogue, names[k]);
			struct dc_layers part = part_of(&catalogue, names[k], shards[i]);
			double ranks = (double)(shards[i].tensor * shards[i].context);

			/* expert ranks have their own samples: each does as much as all would alone */
			for (size_t j = 0; j < whole.count; j++) {
				const struct dc_layer *a = &whole.items[j], *b = &part.items[j];
				double all = shared_flops(a, a->backward, a->backward_count);
				double mine = shared_flops(b, b->backward, b->backward_count);

				cr_expect_float_eq(ranks * mine, all, 1e-12 * all, "%s %s",
						   names[k], a->name);
				cr_expect_eq(b->whole_parameters, a->parameters, "%s %s", names[k],
					     a->name);
			}
			catalogue_close(&catalogue);
		}
}

Test(shards, a_rank_of_experts)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers part =
		part_of(&catalogue, "mixtral-8x7b", (struct dc_shard){2, 1, 4, true});
	const struct dc_layer *x = find(&part, "decoder[5].experts");
	const double h = 4096, f = 14336, s = 4096, k = 2, e = 8;

	/* 8 / 4 experts of half their width, the whole router */
	cr_expect_eq(x->expert_parameters, 2.0 * 3.0 * h * f / 2.0);
	cr_expect_eq(x->parameters, x->expert_parameters + h * e);
	/* products of all tokens' copies, 2 s k / 2 to each expert, half as wide; router of half the
	 * tokens (hand) */
	cr_expect_eq(x->forward[0].flops, 2.0 * (s / 2.0) * h * e);
	cr_expect_eq(x->forward[3].flops, 2.0 * k * s * h * f);
	cr_expect_eq(x->backward[1].inner_per_sample, k * s / 2.0);
	/* dispatch and combination of the rank's own copies [Megatron-Core]: k s h / t each; over tensor
	 * ranks copies are gathered and their sums scattered */
	cr_assert_eq(x->forward_exchange_count, 3u);
	cr_expect_eq(x->forward_exchanges[0].axis, DC_EXCHANGE_EXPERT);
	cr_expect_eq(x->forward_exchanges[0].operation, DC_OPERATION_ALL_TO_ALL);
	cr_expect_eq(x->forward_exchanges[0].elements, k * s * h / 2.0);
	cr_expect_eq(x->forward_exchanges[0].times, 2u);
	cr_expect_eq(x->forward_exchanges[1].operation, DC_OPERATION_ALL_GATHER);
	cr_expect_eq(x->forward_exchanges[1].elements, k * s * h);
	cr_expect_eq(x->forward_exchanges[2].operation, DC_OPERATION_REDUCE_SCATTER);
	cr_expect_eq(x->backward_exchange_count, 4u);
	catalogue_close(&catalogue);
}

Test(shards, tensor_ranks_without_sequence_reduce_tokens_not_copies)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers part =
		part_of(&catalogue, "mixtral-8x7b", (struct dc_shard){2, 1, 1, false});
	const struct dc_layer *x = find(&part, "decoder[5].experts");

	/* combined before they are reduced: one vector per token */
	cr_assert_eq(x->forward_exchange_count, 1u);
	cr_expect_eq(x->forward_exchanges[0].operation, DC_OPERATION_ALL_REDUCE);
	cr_expect_eq(x->forward_exchanges[0].elements, 4096.0 * 4096.0);
	catalogue_close(&catalogue);
}

Test(shards, a_rank_of_latent_attention)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers part =
		part_of(&catalogue, "deepseek-v3", (struct dc_shard){8, 2, 1, true});
	const struct dc_layer *x = find(&part, "decoder[7].attention");
	const double h = 7168, s = 4096, q = 1536, r = 512, n = 128, p = 64, v = 128, a = 128 / 8;

	/* products down and norms on every rank, 16 of 128 heads */
	cr_expect_eq(x->parameters,
		     h * q + q + q * a * (n + p) + h * (r + p) + r + r * a * (n + v) + a * v * h);
	cr_expect_eq(x->whole_parameters, h * q + q + q * 128 * (n + p) + h * (r + p) + r +
						  r * 128 * (n + v) + 128 * v * h);
	/* down: tokens over context and tensor ranks; up: over context ranks */
	cr_expect_eq(x->forward[0].flops, 2.0 * s / 16.0 * h * q);
	cr_expect_eq(x->forward[2].flops, 2.0 * s / 2.0 * q * a * (n + p));
	/* scores of half the queries, all keys; all are counted: no software leaves any out */
	cr_expect_eq(x->forward[7].flops, 2.0 * s / 2.0 * s * a * (n + p + v));
	/* the narrow vectors are gathered, not the tokens; keys and values over context ranks; the
	 * output scattered */
	cr_assert_eq(x->forward_exchange_count, 3u);
	cr_expect_eq(x->forward_exchanges[0].elements, s / 2.0 * (q + r + p));
	cr_expect_eq(x->forward_exchanges[1].axis, DC_EXCHANGE_CONTEXT);
	cr_expect_eq(x->forward_exchanges[1].elements, s * a * (n + p + v));
	cr_expect_eq(x->forward_exchanges[2].elements, s / 2.0 * h);
	/* what flash keeps is what selective recomputation gives back */
	cr_expect_eq(x->core_count, 1u);
	cr_expect_eq(x->core_bytes, 4.0 * s / 2.0 * a);
	catalogue_close(&catalogue);
}

Test(shards, blocks_of_an_encoder_and_a_decoder_follow_one_another)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "t5-11b");
	const struct dc_layer *last = find(&layers, "encoder.norm");
	const struct dc_layer *first = find(&layers, "decoder.embeddings");

	cr_expect_eq(find(&layers, "embeddings")->block, DC_LAYER_FRONT);
	cr_expect_eq(last->block, 23);
	cr_expect_eq(first->block, 24);
	cr_expect_eq(find(&layers, "decoder[23].output")->block, 47);
	cr_expect_eq(find(&layers, "final.norm")->block, DC_LAYER_BACK);
	/* the first block of the decoder is handed the encoder's output, the others both */
	cr_expect_eq(first->input_elements, 512.0 * 1024.0);
	cr_expect_eq(find(&layers, "decoder[1].attention.norm")->input_elements,
		     (512.0 + 114.0) * 1024.0);
	catalogue_close(&catalogue);
}

static void expect_indivisible(const char *yaml, struct dc_shard shard, const char *words)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_model *model = catalogue_read(&catalogue, &dc_model_family, yaml);
	struct dc_layers layers;

	cr_expect_eq(dc_model_expand_shard(model, &shard, NULL, catalogue_arena(&catalogue),
					   catalogue.diag, &layers),
		     DC_ERR_INPUT, "%s", yaml);
	catalogue_expect(&catalogue, words);
	catalogue_close(&catalogue);
}

Test(shards, what_does_not_divide_is_refused)
{
	expect_indivisible("mixtral-8x7b", (struct dc_shard){1, 1, 3, false},
			   "3 expert ranks do not divide 8 experts");
	expect_indivisible("{base: mixtral-8x7b, transformer: {expert_ffn: 14337}}",
			   (struct dc_shard){2, 1, 1, false},
			   "2 tensor ranks do not divide experts 14337 wide");
	expect_indivisible("{base: deepseek-v3, transformer: {heads: 100}}",
			   (struct dc_shard){8, 1, 1, false},
			   "latent-attention layer: 8 tensor ranks do not divide 100 heads");
	expect_indivisible("t5-11b", (struct dc_shard){4, 1, 1, true},
			   "a target of 114 tokens does not divide over 4 ranks that share tokens");
}
