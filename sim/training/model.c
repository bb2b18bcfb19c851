/* Models: field tables, writing out repeats and transformers, totals. */
#include "training/model.h"

#include <string.h>

static const struct dc_field repeat_fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_repeat, type),
	 .help = "repeat"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_layer_repeat, name),
	 .help = "what reports call the group"},
	{.key = "times",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = (double)DC_MODEL_LAYERS,
	 .offset = offsetof(struct dc_layer_repeat, times),
	 .help = "how often"},
	{.key = "layers",
	 .kind = DC_LIST,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct dc_layer_repeat, layers),
	 .family = &dc_layer_family,
	 .help = "the layers to repeat, in order"},
};

const struct dc_section dc_layer_repeat_section = {
	.name = "repeat",
	.doc = "A list of layers several times over",
	.size = sizeof(struct dc_layer_repeat),
	DC_FIELDS(repeat_fields),
};

static const struct dc_field model_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_model, name),
	 .help = "name of the model"},
	{.key = "description",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_model, description),
	 .help = "one line for people"},
	{.key = "unit",
	 .kind = DC_STRING,
	 .fallback = "sample",
	 .offset = offsetof(struct dc_model, unit),
	 .help = "what one sample is: image, sequence"},
	{.key = "sequence",
	 .kind = DC_COUNT,
	 .max = 1e9,
	 .fallback = "0",
	 .offset = offsetof(struct dc_model, sequence),
	 .help = "tokens per sample; 0: samples are not sequences"},
	{.key = "fused",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_model, fused),
	 .help = "normalisation, sums, activations and dropout in a row run as one kernel (cuDNN's "
		 "fused operations); false: one kernel each, as PyTorch does"},
	{.key = "layers",
	 .kind = DC_LIST,
	 .flags = DC_NON_EMPTY,
	 .offset = offsetof(struct dc_model, layers),
	 .family = &dc_layer_family,
	 .help = "the layers, in forward order; or transformer"},
	{.key = "transformer",
	 .kind = DC_OPTIONAL,
	 .offset = offsetof(struct dc_model, transformer),
	 .section = &dc_transformer_section,
	 .help = "the numbers of a transformer, instead of layers"},
};

const struct dc_section dc_model_section = {
	.name = "model",
	.doc = "A neural network as a list of layers, or a transformer by its numbers",
	.size = sizeof(struct dc_model),
	DC_FIELDS(model_fields),
};

const struct dc_catalogue_family dc_model_family = {
	.name = "models",
	.section = &dc_model_section,
};

struct expansion {
	struct dc_arena *arena;
	const struct dc_model *model;
	const struct dc_layer_scope *scope;
	struct dc_layers *out;
	bool repeats;  /* the list has a repeat at its top */
	int32_t block; /* of the next layer; `next` the number of the next block */
	int32_t next;
};

static bool is_repeat(const struct dc_tagged *item)
{
	return item->type->section == &dc_layer_repeat_section;
}

/* Layers in a list written out; stops counting above the limit. Depth is bounded by the tree's. */
static double count_layers(const struct dc_list *list)
{
	const struct dc_tagged *items = list->items;
	double total = 0.0;

	for (size_t i = 0; i < list->count; i++) {
		const struct dc_layer_repeat *repeat = items[i].section;

		total += is_repeat(&items[i])
				 ? (double)repeat->times * count_layers(&repeat->layers)
				 : 1.0;
	}
	return total;
}

/* Every kind's struct starts with its map. */
static const char *name_of(const struct dc_tagged *item)
{
	const struct dc_node *node = *(const struct dc_node *const *)item->section;
	const struct dc_node *name = dc_node_get(node, "name");

	return name != NULL && name->text != NULL ? name->text : item->type->name;
}

static enum dc_status expand_layer(struct expansion *expansion, const struct dc_tagged *item,
				   const char *prefix)
{
	const struct dc_layer_type *type = item->type->descriptor;
	struct dc_layers *out = expansion->out;
	struct dc_layer *layer = &out->items[out->count];
	struct dc_layer_scope scope = *expansion->scope;

	scope.first = out->count == 0;
	layer->block = expansion->block;
	layer->kind = type->name;
	layer->name = dc_arena_printf(expansion->arena, "%s%s", prefix, name_of(item));
	if (layer->name == NULL)
		return DC_ERR_MEMORY;
	out->count++;
	return type->expand(item->section, &scope, layer);
}

static enum dc_status expand_list(struct expansion *expansion, const struct dc_list *list,
				  const char *prefix, unsigned depth);

static enum dc_status expand_repeat(struct expansion *expansion, const struct dc_tagged *item,
				    const char *prefix, unsigned depth)
{
	const struct dc_layer_repeat *repeat = item->section;
	enum dc_status status = DC_OK;

	/* The second copy of a faulty list would only repeat its messages. */
	for (uint64_t time = 0; time < repeat->times && status == DC_OK; time++) {
		const char *inner = dc_arena_printf(expansion->arena, "%s%s[%llu].", prefix,
						    name_of(item), (unsigned long long)time);

		if (depth == 0)
			expansion->block = expansion->next++;
		status = inner == NULL ? DC_ERR_MEMORY
				       : expand_list(expansion, &repeat->layers, inner, depth + 1);
	}
	return status;
}

/* The block of an item at the top of the list: each time of a repeat is one. What comes before the
 * first repeat is the front, what comes after the last the back; without repeats each layer is a
 * block, but embeddings at the start and losses. */
static int32_t block_of(struct expansion *expansion, const struct dc_list *list, size_t item)
{
	const struct dc_tagged *items = list->items;
	bool before = false, after = false;

	if (!expansion->repeats) {
		const struct dc_layer_type *type = items[item].type->descriptor;

		if (type == &dc_layer_loss)
			return DC_LAYER_BACK;
		return type == &dc_layer_embedding && expansion->next == 0 ? DC_LAYER_FRONT
									   : expansion->next++;
	}
	for (size_t i = 0; i < list->count; i++) {
		before = before || (i < item && is_repeat(&items[i]));
		after = after || (i > item && is_repeat(&items[i]));
	}
	if (before && after)
		return expansion->next++;
	return before ? DC_LAYER_BACK : DC_LAYER_FRONT;
}

static enum dc_status expand_list(struct expansion *expansion, const struct dc_list *list,
				  const char *prefix, unsigned depth)
{
	const struct dc_tagged *items = list->items;
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < list->count; i++) {
		enum dc_status one;

		if (depth == 0 && !is_repeat(&items[i]))
			expansion->block = block_of(expansion, list, i);
		one = is_repeat(&items[i]) ? expand_repeat(expansion, &items[i], prefix, depth)
					   : expand_layer(expansion, &items[i], prefix);
		if (one == DC_ERR_MEMORY)
			return one;
		if (one != DC_OK)
			status = one;
	}
	return status;
}

/* Marks the layers that have the same numbers as one before them. */
static void find_twins(struct dc_layers *layers)
{
	const size_t start = offsetof(struct dc_layer, parameters);
	const size_t window = 64; /* different layers looked at: models have a dozen or two */

	for (size_t i = 0; i < layers->count; i++) {
		const char *numbers = (const char *)&layers->items[i] + start;

		layers->items[i].twin = (uint32_t)i;
		for (size_t j = 0, seen = 0; j < i && seen < window; j++) {
			if (layers->items[j].twin != j)
				continue;
			seen++;
			if (memcmp(numbers, (const char *)&layers->items[j] + start,
				   sizeof(layers->items[j]) - start) == 0) {
				layers->items[i].twin = (uint32_t)j;
				break;
			}
		}
	}
}

static double kernels_of(const struct dc_layer_pass *passes, size_t count)
{
	double kernels = 0.0;

	for (size_t i = 0; i < count; i++)
		if (passes[i].when != DC_LAYER_HEADS_NOT_BY_FOUR)
			kernels += (double)passes[i].kernels;
	return kernels;
}

/* Launches of the layers from `first` on that are in one block: as many as the device runs, or scaled
 * so that the block has what the software says. Returns the first layer after them. */
static size_t count_block_launches(struct dc_layers *layers, size_t first,
				   const struct dc_software_host *host)
{
	int32_t block = layers->items[first].block;
	double forward = 0.0, backward = 0.0, scale = 1.0, scale_back = 1.0;
	size_t end = first;

	for (; end < layers->count && layers->items[end].block == block; end++) {
		struct dc_layer *layer = &layers->items[end];

		layer->forward_launches = kernels_of(layer->forward, layer->forward_count);
		layer->backward_launches = kernels_of(layer->backward, layer->backward_count);
		forward += layer->forward_launches;
		backward += layer->backward_launches;
	}
	if (host->forward > 0.0 && forward > 0.0)
		scale = (block < 0 ? host->ends : host->forward) / forward;
	if (host->backward > 0.0 && backward > 0.0)
		scale_back = (block < 0 ? host->ends : host->backward) / backward;
	for (size_t i = first; i < end; i++) {
		layers->items[i].forward_launches *= scale;
		layers->items[i].backward_launches *= scale_back;
	}
	return end;
}

static void finish(struct dc_layers *layers, const struct dc_software *software)
{
	for (size_t i = 0; i < layers->count;)
		i = count_block_launches(layers, i, &dc_software_of(software)->host);
	find_twins(layers);
}

static enum dc_status check_tokens(const struct dc_model *model, const struct dc_layer_scope *scope)
{
	uint64_t context = (uint64_t)dc_layer_context(scope);
	uint64_t ranks = context * (uint64_t)dc_layer_token_ranks(scope);

	if (ranks == 1 || model->sequence % ranks == 0)
		return DC_OK;
	return dc_diag_error(scope->diag, dc_node_mark(model->node, "sequence"),
			     "model: a sequence of %llu tokens does not divide over %llu context "
			     "ranks times %llu that share tokens",
			     (unsigned long long)model->sequence, (unsigned long long)context,
			     (unsigned long long)(ranks / context));
}

static enum dc_status check_parts(const struct dc_model *model, double count, struct dc_diag *diag)
{
	if (model->transformer != NULL && model->layers.count > 0)
		return dc_diag_error(
			diag, dc_node_mark(model->node, "transformer"),
			"model: 'layers' and 'transformer' both say what it is made "
			"of; give one of the two, and null for the one that a base has");
	if (model->transformer == NULL && model->layers.count == 0)
		return dc_diag_error(diag, dc_node_mark(model->node, "layers"),
				     "model: expected 'layers' or 'transformer', which say what it "
				     "is made of");
	if (count > (double)DC_MODEL_LAYERS)
		return dc_diag_error(diag, dc_node_mark(model->node, "layers"),
				     "model: %.0f layers when repeats are written out; at most %d "
				     "are supported",
				     count, DC_MODEL_LAYERS);
	return DC_OK;
}

static bool has_repeat(const struct dc_list *list)
{
	const struct dc_tagged *items = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (is_repeat(&items[i]))
			return true;
	return false;
}

enum dc_status dc_model_expand_shard(const struct dc_model *model, const struct dc_shard *shard,
				     const struct dc_software *software, struct dc_arena *arena,
				     struct dc_diag *diag, struct dc_layers *out)
{
	struct dc_layer_scope scope = {.diag = diag,
				       .sequence = (double)model->sequence,
				       .fused = model->fused,
				       .shard = shard != NULL ? *shard : (struct dc_shard){0},
				       .software = software};
	struct expansion expansion = {.arena = arena,
				      .model = model,
				      .scope = &scope,
				      .out = out,
				      .repeats = has_repeat(&model->layers)};
	double count = model->transformer != NULL
			       ? (double)dc_transformer_layers(model->transformer)
			       : count_layers(&model->layers);
	enum dc_status status = check_parts(model, count, diag);

	*out = (struct dc_layers){0};
	if (status == DC_OK)
		status = check_tokens(model, &scope);
	if (status != DC_OK)
		return status;
	out->items = dc_arena_array(arena, (size_t)count, sizeof(*out->items));
	if (out->items == NULL)
		return DC_ERR_MEMORY;
	if (model->transformer != NULL)
		status = dc_transformer_expand(model->transformer, &scope, arena, out);
	else
		status = expand_list(&expansion, &model->layers, "", 0);
	if (status == DC_OK)
		finish(out, software);
	return status;
}

enum dc_status dc_model_expand(const struct dc_model *model, struct dc_arena *arena,
			       struct dc_diag *diag, struct dc_layers *out)
{
	return dc_model_expand_shard(model, NULL, NULL, arena, diag, out);
}

uint64_t dc_layers_blocks(const struct dc_layers *layers)
{
	int32_t most = -1;

	for (size_t i = 0; i < layers->count; i++)
		if (layers->items[i].block > most)
			most = layers->items[i].block;
	return (uint64_t)(most + 1);
}

struct dc_model_totals dc_model_totals(const struct dc_layers *layers)
{
	struct dc_model_totals totals = {0};

	for (size_t i = 0; i < layers->count; i++) {
		const struct dc_layer *layer = &layers->items[i];

		totals.parameters += layer->parameters;
		totals.active_parameters += layer->whole_parameters - layer->inactive_parameters;
		totals.recomputed_flops += layer->recomputed_flops;
		for (size_t j = 0; j < layer->forward_count; j++)
			totals.forward_flops += layer->forward[j].flops;
		for (size_t j = 0; j < layer->backward_count; j++)
			totals.backward_flops += layer->backward[j].flops;
	}
	totals.forward_macs = totals.forward_flops / 2.0;
	return totals;
}
