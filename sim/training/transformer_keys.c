/* Transformers by their numbers: keys and what they refuse. */
#include "training/transformer_keys.h"

#include "training/layer_kinds.h"

static const char *const position_names[] = {"learned", "rotary",   "alibi",
					     "none",    "relative", NULL};
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
	 .help = "learned: a table; rotary: queries and keys are turned; alibi: scores are shifted; "
		 "relative: likewise, by learned numbers (T5)"},
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
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, experts),
	 .help = "feed-forwards of which each token takes some; 0: one, which all take"},
	{.key = "top_k",
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, top_k),
	 .help = "experts that a token takes; 0: one, where there are experts"},
	{.key = "shared_experts",
	 .kind = DC_COUNT,
	 .max = 1e6,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, shared_experts),
	 .help = "experts that every token takes beside those"},
	{.key = "expert_ffn",
	 .kind = DC_COUNT,
	 .max = 1e7,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, expert_ffn),
	 .help = "width inside an expert; 0: ffn"},
	{.key = "dense_layers",
	 .kind = DC_COUNT,
	 .max = 1e4,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, dense_layers),
	 .help = "first layers, which have no experts"},
	{.key = "latent",
	 .kind = DC_OPTIONAL,
	 .offset = offsetof(struct dc_transformer, latent),
	 .section = &dc_layer_latent_ranks,
	 .help = "multi-head latent attention: its ranks and head widths"},
	{.key = "encoder_layers",
	 .kind = DC_COUNT,
	 .max = 1e4,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, encoder_layers),
	 .help = "layers of an encoder of the model's sequence, whose output every layer attends to"},
	{.key = "target",
	 .kind = DC_COUNT,
	 .max = 1e9,
	 .fallback = "0",
	 .offset = offsetof(struct dc_transformer, target),
	 .help = "tokens of the layers behind an encoder; 0: the model's sequence"},
};

const struct dc_section dc_transformer_section = {
	.name = "transformer",
	.doc = "An encoder-only, decoder-only or encoder-decoder transformer by its numbers",
	.size = sizeof(struct dc_transformer),
	DC_FIELDS(fields),
};

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

	if (t->latent == NULL && t->head_size == 0 && t->hidden % t->heads != 0) {
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
	if (sequence < (double)t->target)
		sequence = (double)t->target;
	if (sequence > (double)t->position_count)
		return dc_diag_error(diag, mark,
				     "transformer: a sequence of %.0f tokens is longer than the "
				     "%llu learned positions",
				     sequence, (unsigned long long)t->position_count);
	return DC_OK;
}

/* A key that says nothing without another. */
static enum dc_status check_alone(const struct dc_transformer *t, const char *key, uint64_t value,
				  const char *other, struct dc_diag *diag)
{
	if (value == 0)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(t->node, key),
			     "transformer: '%s' says nothing without '%s'", key, other);
}

static enum dc_status check_experts(const struct dc_transformer *t, struct dc_diag *diag)
{
	const struct {
		const char *key;
		uint64_t value;
	} keys[] = {{"top_k", t->top_k},
		    {"shared_experts", t->shared_experts},
		    {"expert_ffn", t->expert_ffn},
		    {"dense_layers", t->dense_layers}};
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && t->experts == 0; i++)
		if (check_alone(t, keys[i].key, keys[i].value, "experts", diag) != DC_OK)
			status = DC_ERR_INPUT;
	if (t->experts > 0 && t->top_k > t->experts)
		status =
			dc_diag_error(diag, dc_node_mark(t->node, "top_k"),
				      "transformer: a token takes %llu experts, but there are "
				      "%llu",
				      (unsigned long long)t->top_k, (unsigned long long)t->experts);
	if (t->experts > 0 && t->dense_layers > t->layers)
		status = dc_diag_error(diag, dc_node_mark(t->node, "dense_layers"),
				       "transformer: %llu dense layers of %llu",
				       (unsigned long long)t->dense_layers,
				       (unsigned long long)t->layers);
	if (t->experts > 0 && t->parallel)
		status = dc_diag_error(diag, dc_node_mark(t->node, "parallel"),
				       "transformer: experts beside attention, in parallel, are "
				       "not supported");
	return status;
}

static enum dc_status check_latent(const struct dc_transformer *t, struct dc_diag *diag)
{
	const char *key = t->kv_heads > 0 ? "kv_heads" : "head_size";
	enum dc_status status = DC_OK;

	if (t->latent == NULL)
		return DC_OK;
	if (t->kv_heads > 0 || t->head_size > 0)
		status = dc_diag_error(diag, dc_node_mark(t->node, key),
				       "transformer: the widths of latent attention are in "
				       "'latent'; %s contradicts it",
				       key);
	if (t->positions != POSITIONS_ROTARY || t->bias || t->dropout)
		status =
			dc_diag_error(diag, dc_node_mark(t->node, "latent"),
				      "transformer: latent attention has rotary positions, no "
				      "biases and no dropout: give positions: rotary, bias: false, "
				      "dropout: false");
	return status;
}

static enum dc_status check_encoder(const struct dc_transformer *t,
				    const struct dc_layer_scope *scope)
{
	struct dc_diag *diag = scope->diag;
	uint64_t ranks = (uint64_t)(dc_layer_context(scope) * dc_layer_token_ranks(scope));
	const char *key = t->parallel                        ? "parallel"
			  : t->latent != NULL                ? "latent"
			  : t->norm_place == NORM_AFTER      ? "norm_place"
			  : t->objective == OBJECTIVE_MASKED ? "objective"
			  : t->kv_heads > 0                  ? "kv_heads"
							     : NULL;

	if (t->encoder_layers == 0)
		return check_alone(t, "target", t->target, "encoder_layers", diag);
	if (t->target % ranks != 0)
		return dc_diag_error(diag, dc_node_mark(t->node, "target"),
				     "transformer: a target of %llu tokens does not divide over "
				     "%llu ranks that share tokens",
				     (unsigned long long)t->target, (unsigned long long)ranks);
	if (key == NULL)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(t->node, key),
			     "transformer: an encoder and a decoder have norms before their "
			     "branches, one after the other, as many key heads as heads, and "
			     "predict the next token; '%s' says otherwise",
			     key);
}

enum dc_status dc_transformer_check(const struct dc_transformer *t,
				    const struct dc_layer_scope *scope)
{
	enum dc_status status = check_heads(t, scope->diag);
	enum dc_status positions = check_positions(t, scope->sequence, scope->diag);

	if (positions != DC_OK)
		status = positions;
	if (check_experts(t, scope->diag) != DC_OK)
		status = DC_ERR_INPUT;
	if (check_latent(t, scope->diag) != DC_OK)
		status = DC_ERR_INPUT;
	if (check_encoder(t, scope) != DC_OK)
		status = DC_ERR_INPUT;
	if (t->parallel && t->norm_place == NORM_AFTER)
		status = dc_diag_error(scope->diag, dc_node_mark(t->node, "parallel"),
				       "transformer: parallel branches read a norm before them; "
				       "norm_place says after");
	return status;
}
