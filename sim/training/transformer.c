/* Transformers by their numbers: the layers that they stand for. */
#include "training/transformer.h"

#include "training/layer_kinds.h"
#include "training/transformer_keys.h"

/* Distances that T5 tells apart, short ones exactly [Raffel et al. 2020, sec. 2.1]. */
static const double relative_buckets = 32.0;

/* What is being built: layers are appended until one fails. */
struct build {
	const struct dc_transformer *t;
	struct dc_layer_scope scope;
	struct dc_arena *arena;
	struct dc_layers *out;
	const char *prefix; /* of the names: "decoder[3]." */
	double source;      /* tokens of the encoder's output */
	int32_t block;      /* of the next layer; `next` the number of the next block */
	int32_t next;
	enum dc_status status;
};

static void add(struct build *build, const struct dc_layer_type *type, const char *name,
		const void *keys)
{
	struct dc_layer *layer = &build->out->items[build->out->count];

	if (build->status != DC_OK)
		return;
	layer->kind = type->name;
	layer->block = build->block;
	layer->name = dc_arena_printf(build->arena, "%s%s", build->prefix, name);
	if (layer->name == NULL) {
		build->status = DC_ERR_MEMORY;
		return;
	}
	build->scope.first = build->out->count++ == 0;
	build->status = type->expand(keys, &build->scope, layer);
}

static void add_embedding(struct build *build)
{
	const struct dc_transformer *t = build->t;
	uint64_t sequence = (uint64_t)build->scope.sequence;
	uint64_t longest = t->target > sequence ? t->target : sequence;
	uint64_t positions = t->position_count == 0 ? longest : t->position_count;
	struct dc_layer_embedding_keys keys = {
		.node = t->node,
		.vocabulary = t->vocabulary,
		.width = t->hidden,
		.positions = t->positions == POSITIONS_LEARNED ? positions : 0,
		.segments = t->segments,
	};

	add(build, &dc_layer_embedding, "embeddings", &keys);
}

/* sum: adds a shortcut first; dropout: drops first. */
static void add_norm(struct build *build, const char *name, bool sum, bool dropout, double share)
{
	const struct dc_transformer *t = build->t;
	struct dc_layer_norm_keys keys = {
		.node = t->node,
		.width = t->hidden,
		.residual = sum,
		.dropout = dropout,
		.bias = t->bias,
		.per = DC_LAYER_PER_TOKEN,
		.share = share,
	};

	add(build, t->norm == NORM_RMS ? &dc_layer_rms_norm : &dc_layer_norm, name, &keys);
}

static void add_attention(struct build *build)
{
	const struct dc_transformer *t = build->t;
	struct dc_layer_attention_keys keys = {
		.node = t->node,
		.hidden = t->hidden,
		.heads = t->heads,
		.kv_heads = t->kv_heads,
		.head_size = t->head_size,
		.bias = t->bias,
		.dropout = t->dropout,
		.rotary = t->positions == POSITIONS_ROTARY,
		.parallel = t->parallel,
		.kernel = t->kernel,
	};

	add(build, &dc_layer_attention, "attention", &keys);
}

static void add_latent(struct build *build)
{
	const struct dc_transformer *t = build->t;
	struct dc_layer_latent_keys keys = {
		.node = t->node,
		.hidden = t->hidden,
		.heads = t->heads,
		.latent = *t->latent,
		.kernel = t->kernel,
	};

	add(build, &dc_layer_latent, "attention", &keys);
}

static void add_cross(struct build *build)
{
	const struct dc_transformer *t = build->t;
	struct dc_layer_cross_keys keys = {
		.node = t->node,
		.hidden = t->hidden,
		.heads = t->heads,
		.head_size = t->head_size == 0 ? t->hidden / t->heads : t->head_size,
		.source = (uint64_t)build->source,
		.bias = t->bias,
		.dropout = t->dropout,
		.kernel = t->kernel,
	};

	add(build, &dc_layer_cross, "cross", &keys);
}

/* Relative positions are numbers per head and distance, which the stack's first attention holds. */
static void add_relative_positions(struct build *build)
{
	double numbers = (double)build->t->heads * relative_buckets;
	struct dc_layer *layer;

	if (build->status != DC_OK || build->t->positions != POSITIONS_RELATIVE)
		return;
	layer = &build->out->items[build->out->count - 1];
	layer->parameters += numbers / dc_layer_tensor(&build->scope);
	layer->whole_parameters += numbers;
}

/* The encoder's output travels along with what the decoder's blocks hand on. */
static void take_source(struct build *build, struct dc_layer *layer)
{
	double ranks = dc_layer_context(&build->scope) * dc_layer_token_ranks(&build->scope);

	layer->input_elements += build->source * (double)build->t->hidden / ranks;
}

static void add_feed_forward(struct build *build)
{
	const struct dc_transformer *t = build->t;
	uint64_t ffn = t->ffn == 0 ? 4 * t->hidden : t->ffn;
	struct dc_layer_linear_keys keys = {
		.node = t->node,
		.in = t->hidden,
		.out = ffn,
		.bias = t->bias,
		.gated = t->gated,
		.parallel = t->parallel,
		.activation = t->activation,
		.split = DC_LAYER_SPLIT_COLUMN,
		.per = DC_LAYER_PER_TOKEN,
		.share = 1.0,
	};

	add(build, &dc_layer_linear, "intermediate", &keys);
	keys.split = DC_LAYER_SPLIT_ROW;
	keys.in = ffn;
	keys.out = t->hidden;
	keys.gated = false;
	keys.activation = DC_LAYER_ACTIVATION_NONE;
	keys.residual = t->parallel; /* attention's output; the next norm adds the shortcut */
	add(build, &dc_layer_linear, "output", &keys);
}

/* Experts; then those that every token takes: one feed-forward of their width together, which adds
 * the others' sum. */
static void add_experts(struct build *build)
{
	const struct dc_transformer *t = build->t;
	uint64_t ffn = t->ffn == 0 ? 4 * t->hidden : t->ffn;
	uint64_t width = t->expert_ffn == 0 ? ffn : t->expert_ffn;
	struct dc_layer_experts_keys experts = {
		.node = t->node,
		.hidden = t->hidden,
		.ffn = width,
		.experts = t->experts,
		.top_k = t->top_k == 0 ? 1 : t->top_k,
		.gated = t->gated,
		.bias = t->bias,
		.activation = t->activation,
	};
	struct dc_layer_linear_keys shared = {
		.node = t->node,
		.in = t->hidden,
		.out = t->shared_experts * width,
		.bias = t->bias,
		.gated = t->gated,
		.activation = t->activation,
		.split = DC_LAYER_SPLIT_COLUMN,
		.per = DC_LAYER_PER_TOKEN,
		.share = 1.0,
	};

	add(build, &dc_layer_experts, "experts", &experts);
	if (t->shared_experts == 0)
		return;
	add(build, &dc_layer_linear, "shared.intermediate", &shared);
	shared.split = DC_LAYER_SPLIT_ROW;
	shared.in = shared.out;
	shared.out = t->hidden;
	shared.gated = false;
	shared.activation = DC_LAYER_ACTIVATION_NONE;
	shared.residual = true;
	add(build, &dc_layer_linear, "shared.output", &shared);
}

/* number: place in the stack; cross: it attends to the encoder's output too. */
static void add_layer(struct build *build, uint64_t number, bool cross)
{
	const struct dc_transformer *t = build->t;
	bool before = t->norm_place == NORM_BEFORE, first = number == 0;

	/* the first norm follows the embedding: no shortcut yet */
	if (before)
		add_norm(build, "attention.norm", !first, t->dropout, 1.0);
	if (cross && build->status == DC_OK)
		take_source(build, &build->out->items[build->out->count - 1]);
	if (t->latent != NULL)
		add_latent(build);
	else
		add_attention(build);
	if (first)
		add_relative_positions(build);
	if (cross) {
		add_norm(build, "cross.norm", true, t->dropout, 1.0);
		add_cross(build);
	}
	if (!before)
		add_norm(build, "attention.norm", true, t->dropout, 1.0);
	else if (!t->parallel)
		add_norm(build, "output.norm", true, t->dropout, 1.0);
	if (t->experts > 0 && number >= t->dense_layers)
		add_experts(build);
	else
		add_feed_forward(build);
	if (!before)
		add_norm(build, "output.norm", true, t->dropout, 1.0);
}

/* Layers under the names `stack`[0], ... */
static void add_layers(struct build *build, const char *stack, uint64_t layers, bool cross)
{
	for (uint64_t i = 0; i < layers && build->status == DC_OK; i++) {
		build->block = build->next++;
		build->prefix =
			dc_arena_printf(build->arena, "%s[%llu].", stack, (unsigned long long)i);
		if (build->prefix == NULL)
			build->status = DC_ERR_MEMORY;
		else
			add_layer(build, i, cross);
	}
	build->prefix = "";
}

static void add_stack(struct build *build)
{
	const struct dc_transformer *t = build->t;
	const char *stack = t->objective == OBJECTIVE_MASKED ? "encoder" : "decoder";

	if (t->norm_place == NORM_AFTER)
		add_norm(build, "embeddings.norm", false, t->dropout, 1.0);
	add_layers(build, stack, t->layers, t->encoder_layers > 0);
	build->block = DC_LAYER_BACK;
	if (t->norm_place == NORM_BEFORE)
		add_norm(build, "final.norm", true, t->dropout, 1.0);
}

/* The encoder, and the embedding of the tokens behind it: rows of the same table. */
static void add_encoder(struct build *build)
{
	const struct dc_transformer *t = build->t;
	struct dc_layer *layer;

	build->scope.causal = false;
	add_layers(build, "encoder", t->encoder_layers, false);
	add_norm(build, "encoder.norm", true, t->dropout, 1.0);
	build->source = build->scope.sequence;
	if (t->target > 0)
		build->scope.sequence = (double)t->target;
	build->scope.causal = true;
	build->prefix = "decoder.";
	build->block = build->next; /* the first of the decoder's */
	add_embedding(build);
	build->prefix = "";
	if (build->status != DC_OK)
		return;
	layer = &build->out->items[build->out->count - 1];
	layer->parameters = 0.0;
	layer->whole_parameters = 0.0;
	take_source(build, layer);
}

static void add_loss(struct build *build, const char *name, uint64_t classes, int per, double share)
{
	struct dc_layer_loss_keys keys = {
		.node = build->t->node, .classes = classes, .per = per, .share = share};

	if (per == DC_LAYER_PER_TOKEN)
		keys.split = DC_LAYER_SPLIT_COLUMN;

	add(build, &dc_layer_loss, name, &keys);
}

static void add_next_token(struct build *build)
{
	const struct dc_transformer *t = build->t;
	struct dc_layer_linear_keys keys = {
		.node = t->node,
		.in = t->hidden,
		.out = t->vocabulary,
		.tied = t->tied,
		.logits = true,
		.activation = DC_LAYER_ACTIVATION_NONE,
		.split = DC_LAYER_SPLIT_COLUMN,
		.per = DC_LAYER_PER_TOKEN,
		.share = t->predicted,
	};

	add(build, &dc_layer_linear, "words.decoder", &keys);
	add_loss(build, "words.loss", t->vocabulary, DC_LAYER_PER_TOKEN, t->predicted);
}

static void add_masked(struct build *build)
{
	const struct dc_transformer *t = build->t;
	struct dc_layer_linear_keys keys = {
		.node = t->node,
		.in = t->hidden,
		.out = t->hidden,
		.bias = t->bias,
		.activation = DC_LAYER_ACTIVATION_TANH,
		.per = DC_LAYER_PER_SAMPLE,
		.share = 1.0,
	};

	add(build, &dc_layer_linear, "pooler", &keys);
	keys.out = 2;
	keys.activation = DC_LAYER_ACTIVATION_NONE;
	add(build, &dc_layer_linear, "next-sentence", &keys);
	add_loss(build, "next-sentence.loss", 2, DC_LAYER_PER_SAMPLE, 1.0);
	keys.out = t->hidden;
	keys.activation = t->activation;
	keys.per = DC_LAYER_PER_TOKEN;
	keys.share = t->predicted;
	add(build, &dc_layer_linear, "words.transform", &keys);
	add_norm(build, "words.norm", false, false, t->predicted);
	keys.out = t->vocabulary;
	keys.activation = DC_LAYER_ACTIVATION_NONE;
	keys.tied = t->tied;
	keys.logits = true;
	keys.split = DC_LAYER_SPLIT_COLUMN;
	add(build, &dc_layer_linear, "words.decoder", &keys);
	add_loss(build, "words.loss", t->vocabulary, DC_LAYER_PER_TOKEN, t->predicted);
}

size_t dc_transformer_layers(const struct dc_transformer *transformer)
{
	size_t each = transformer->parallel ? 4 : 5;
	size_t heads = transformer->objective == OBJECTIVE_MASKED ? 7 : 2;
	size_t layers = (size_t)transformer->layers * each;

	/* the experts' layer takes the place of two; two more for those that every token takes */
	if (transformer->experts > 0)
		layers += (size_t)transformer->layers;
	/* the encoder, its norm, another embedding; attention to it and its norm */
	if (transformer->encoder_layers > 0)
		layers += (size_t)transformer->encoder_layers * 6 + 2 +
			  (size_t)transformer->layers * 2;
	/* the embedding; the norm after it or after the last layer */
	return 2 + layers + heads;
}

enum dc_status dc_transformer_expand(const struct dc_transformer *transformer,
				     const struct dc_layer_scope *scope, struct dc_arena *arena,
				     struct dc_layers *out)
{
	struct build build = {
		.t = transformer,
		.scope = *scope,
		.arena = arena,
		.out = out,
		.prefix = "",
		.block = DC_LAYER_FRONT,
		.status = dc_transformer_check(transformer, scope),
	};

	if (build.status != DC_OK)
		return build.status;
	build.scope.causal = transformer->objective == OBJECTIVE_NEXT_TOKEN;
	add_embedding(&build);
	if (transformer->encoder_layers > 0)
		add_encoder(&build);
	add_stack(&build);
	if (transformer->objective == OBJECTIVE_MASKED)
		add_masked(&build);
	else
		add_next_token(&build);
	return build.status;
}
