/* Transformers by their numbers: keys, checks, and the layers that they stand for. */
#include "training/transformer.h"

#include "training/layer_kinds.h"

enum positions { POSITIONS_LEARNED, POSITIONS_ROTARY, POSITIONS_ALIBI, POSITIONS_NONE };
enum norm { NORM_LAYER, NORM_RMS };
enum norm_place { NORM_BEFORE, NORM_AFTER };
enum objective { OBJECTIVE_NEXT_TOKEN, OBJECTIVE_MASKED };

static const char *const position_names[] = {"learned", "rotary", "alibi", "none", NULL};
static const char *const norm_names[] = {"layer", "rms", NULL};
static const char *const norm_place_names[] = {"before", "after", NULL};
static const char *const objective_names[] = {"next-token", "masked", NULL};

static const struct dc_field fields[] = {
	{.key = "layers",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e4,
	 .offset = offsetof(struct dc_transformer, layers),
	 .help = "attention and feed-forward, so many times"},
	{.key = "hidden",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_transformer, hidden),
	 .help = "width of a token"},
	{.key = "heads",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e5,
	 .offset = offsetof(struct dc_transformer, heads),
	 .help = "query heads; divide hidden, unless head_size is given"},
	{.key = "kv_heads",
	 .kind = DC_COUNT,
	 .max = 1e5,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, kv_heads),
	 .help = "key and value heads; divide heads; 0: as many as heads"},
	{.key = "head_size",
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, head_size),
	 .help = "width of a head; 0: hidden / heads"},
	{.key = "ffn",
	 .kind = DC_COUNT,
	 .max = 1e7,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, ffn),
	 .help = "width inside the feed-forward; 0: 4 hidden"},
	{.key = "gated",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_transformer, gated),
	 .help = "the activation of one product scales another, both ffn wide (SwiGLU, GEGLU)"},
	{.key = "activation",
	 .kind = DC_ENUM,
	 .fallback = "gelu",
	 .choices = dc_layer_activation_names,
	 .offset = offsetof(struct dc_transformer, activation),
	 .help = "activation inside the feed-forward"},
	{.key = "vocabulary",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e8,
	 .offset = offsetof(struct dc_transformer, vocabulary),
	 .help = "different tokens, padding included where the model has it"},
	{.key = "tied",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_transformer, tied),
	 .help = "the last product's matrix is the embedding's"},
	{.key = "positions",
	 .kind = DC_ENUM,
	 .fallback = "learned",
	 .choices = position_names,
	 .offset = offsetof(struct dc_transformer, positions),
	 .help = "learned: a table; rotary: queries and keys are turned; alibi: scores are shifted"},
	{.key = "position_count",
	 .kind = DC_COUNT,
	 .max = 1e9,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, position_count),
	 .help = "learned positions: the longest sequence; 0: the model's sequence"},
	{.key = "segments",
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, segments),
	 .help = "learned segments of the embedding; 0: none"},
	{.key = "norm",
	 .kind = DC_ENUM,
	 .fallback = "layer",
	 .choices = norm_names,
	 .offset = offsetof(struct dc_transformer, norm),
	 .help = "layer normalisation, or by the root mean square"},
	{.key = "norm_place",
	 .kind = DC_ENUM,
	 .fallback = "before",
	 .choices = norm_place_names,
	 .offset = offsetof(struct dc_transformer, norm_place),
	 .help = "before attention and feed-forward (GPT), or after them (BERT)"},
	{.key = "parallel",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_transformer, parallel),
	 .help = "attention and feed-forward read the same norm, one per layer (PaLM)"},
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_transformer, bias),
	 .help = "biases of projections, feed-forward and layer norms"},
	{.key = "dropout",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_transformer, dropout),
	 .help = "dropout of embeddings, probabilities and before each sum"},
	{.key = "objective",
	 .kind = DC_ENUM,
	 .fallback = "next-token",
	 .choices = objective_names,
	 .offset = offsetof(struct dc_transformer, objective),
	 .help = "next-token: decoder-only (GPT); masked: encoder-only with both of BERT's heads"},
	{.key = "predicted",
	 .kind = DC_REAL,
	 .flags = DC_POSITIVE,
	 .max = 1.0,
	 .fallback = "1",
	 .offset = offsetof(struct dc_transformer, predicted),
	 .help = "share of the tokens that the last product and the loss work on"},
	{.key = "kernel",
	 .kind = DC_ENUM,
	 .fallback = "flash",
	 .choices = dc_layer_kernel_names,
	 .offset = offsetof(struct dc_transformer, kernel),
	 .help = "flash: scores stay on the chip; unfused: they go through memory"},
	{.key = "experts",
	 .kind = DC_RESERVED,
	 .help = "feed-forwards of which each token takes some"},
	{.key = "top_k", .kind = DC_RESERVED, .help = "experts that a token takes"},
	{.key = "shared_experts", .kind = DC_RESERVED, .help = "experts that every token takes"},
};

const struct dc_section dc_transformer_section = {
	.name = "transformer",
	.doc = "An encoder-only or decoder-only transformer by its numbers",
	.size = sizeof(struct dc_transformer),
	DC_FIELDS(fields),
};

/* What is being built: layers are appended until one fails. */
struct build {
	const struct dc_transformer *t;
	struct dc_layer_scope scope;
	struct dc_arena *arena;
	struct dc_layers *out;
	const char *prefix; /* of the names: "decoder[3]." */
	int32_t block;
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
	uint64_t positions =
		t->position_count == 0 ? (uint64_t)build->scope.sequence : t->position_count;
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

static void add_layer(struct build *build, bool first)
{
	const struct dc_transformer *t = build->t;
	bool before = t->norm_place == NORM_BEFORE;

	/* the first norm follows the embedding: no shortcut yet */
	if (before)
		add_norm(build, "attention.norm", !first, t->dropout, 1.0);
	add_attention(build);
	if (!before)
		add_norm(build, "attention.norm", true, t->dropout, 1.0);
	else if (!t->parallel)
		add_norm(build, "output.norm", true, t->dropout, 1.0);
	add_feed_forward(build);
	if (!before)
		add_norm(build, "output.norm", true, t->dropout, 1.0);
}

static void add_stack(struct build *build)
{
	const struct dc_transformer *t = build->t;
	const char *stack = t->objective == OBJECTIVE_MASKED ? "encoder" : "decoder";

	if (t->norm_place == NORM_AFTER)
		add_norm(build, "embeddings.norm", false, t->dropout, 1.0);
	for (uint64_t i = 0; i < t->layers && build->status == DC_OK; i++) {
		build->block = (int32_t)i;
		build->prefix =
			dc_arena_printf(build->arena, "%s[%llu].", stack, (unsigned long long)i);
		if (build->prefix == NULL)
			build->status = DC_ERR_MEMORY;
		else
			add_layer(build, i == 0);
	}
	build->prefix = "";
	build->block = DC_LAYER_BACK;
	if (t->norm_place == NORM_BEFORE)
		add_norm(build, "final.norm", true, t->dropout, 1.0);
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

/* The nearest numbers that divide `whole`, at most and at least `wanted`; `whole` when none is
 * above. */
static void nearest_divisors(uint64_t whole, uint64_t wanted, uint64_t *below, uint64_t *above)
{
	*below = wanted < whole ? wanted : whole;
	while (whole % *below != 0)
		--*below;
	*above = wanted < whole ? wanted : whole;
	while (whole % *above != 0)
		++*above;
}

static enum dc_status check_heads(const struct dc_transformer *t, struct dc_diag *diag)
{
	uint64_t kv = t->kv_heads == 0 ? t->heads : t->kv_heads, below, above;
	enum dc_status status = DC_OK;

	if (t->head_size == 0 && t->hidden % t->heads != 0) {
		nearest_divisors(t->hidden, t->heads, &below, &above);
		status = dc_diag_error(diag, dc_node_mark(t->node, "heads"),
				       "transformer: %llu heads do not divide a width of %llu; the "
				       "nearest that do are %llu and %llu, or give head_size",
				       (unsigned long long)t->heads, (unsigned long long)t->hidden,
				       (unsigned long long)below, (unsigned long long)above);
	}
	if (t->heads % kv != 0) {
		nearest_divisors(t->heads, kv, &below, &above);
		status = dc_diag_error(diag, dc_node_mark(t->node, "kv_heads"),
				       "transformer: %llu kv_heads do not divide %llu heads; the "
				       "nearest that do are %llu and %llu",
				       (unsigned long long)kv, (unsigned long long)t->heads,
				       (unsigned long long)below, (unsigned long long)above);
	}
	return status;
}

static enum dc_status check_positions(const struct dc_transformer *t, double sequence,
				      struct dc_diag *diag)
{
	const struct dc_mark *mark = dc_node_mark(t->node, "position_count");

	if (!(sequence > 0.0))
		return dc_diag_error(diag, dc_node_mark(t->node, "sequence"),
				     "transformer: the model's samples have no tokens: give the "
				     "model a 'sequence' length");
	if (t->position_count == 0)
		return DC_OK;
	if (t->positions != POSITIONS_LEARNED)
		return dc_diag_error(diag, mark,
				     "transformer: only learned positions have a position_count; "
				     "these are %s",
				     position_names[t->positions]);
	if (sequence > (double)t->position_count)
		return dc_diag_error(diag, mark,
				     "transformer: a sequence of %.0f tokens is longer than the "
				     "%llu learned positions",
				     sequence, (unsigned long long)t->position_count);
	return DC_OK;
}

static enum dc_status check(const struct dc_transformer *t, const struct dc_layer_scope *scope)
{
	enum dc_status status = check_heads(t, scope->diag);
	enum dc_status positions = check_positions(t, scope->sequence, scope->diag);

	if (positions != DC_OK)
		status = positions;
	if (t->parallel && t->norm_place == NORM_AFTER)
		status = dc_diag_error(scope->diag, dc_node_mark(t->node, "parallel"),
				       "transformer: parallel branches read a norm before them; "
				       "norm_place says after");
	return status;
}

size_t dc_transformer_layers(const struct dc_transformer *transformer)
{
	size_t each = transformer->parallel ? 4 : 5;
	size_t heads = transformer->objective == OBJECTIVE_MASKED ? 7 : 2;

	/* the embedding; the norm after it or after the last layer */
	return 2 + (size_t)transformer->layers * each + heads;
}

enum dc_status dc_transformer_expand(const struct dc_transformer *transformer,
				     const struct dc_layer_scope *scope, struct dc_arena *arena,
				     struct dc_layers *out)
{
	struct build build = {.t = transformer,
			      .scope = *scope,
			      .arena = arena,
			      .out = out,
			      .prefix = "",
			      .block = DC_LAYER_FRONT,
			      .status = check(transformer, scope)};

	if (build.status != DC_OK)
		return build.status;
	build.scope.causal = transformer->objective == OBJECTIVE_NEXT_TOKEN;
	add_embedding(&build);
	add_stack(&build);
	if (transformer->objective == OBJECTIVE_MASKED)
		add_masked(&build);
	else
		add_next_token(&build);
	return build.status;
}
