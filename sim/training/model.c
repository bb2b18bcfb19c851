/* Models: field tables, writing out repeats and transformers, totals. */
#include "training/model.h"

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
	struct dc_diag *diag;
	const struct dc_model *model;
	struct dc_layers *out;
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

static enum dc_status expand_layer(const struct expansion *expansion, const struct dc_tagged *item,
				   const char *prefix)
{
	const struct dc_layer_type *type = item->type->descriptor;
	struct dc_layers *out = expansion->out;
	struct dc_layer *layer = &out->items[out->count];
	struct dc_layer_scope scope = {
		.diag = expansion->diag,
		.sequence = (double)expansion->model->sequence,
		.first = out->count == 0,
		.fused = expansion->model->fused,
	};

	layer->kind = type->name;
	layer->name = dc_arena_printf(expansion->arena, "%s%s", prefix, name_of(item));
	if (layer->name == NULL)
		return DC_ERR_MEMORY;
	out->count++;
	return type->expand(item->section, &scope, layer);
}

static enum dc_status expand_list(const struct expansion *expansion, const struct dc_list *list,
				  const char *prefix);

static enum dc_status expand_repeat(const struct expansion *expansion, const struct dc_tagged *item,
				    const char *prefix)
{
	const struct dc_layer_repeat *repeat = item->section;
	enum dc_status status = DC_OK;

	/* The second copy of a faulty list would only repeat its messages. */
	for (uint64_t time = 0; time < repeat->times && status == DC_OK; time++) {
		const char *inner = dc_arena_printf(expansion->arena, "%s%s[%llu].", prefix,
						    name_of(item), (unsigned long long)time);

		status = inner == NULL ? DC_ERR_MEMORY
				       : expand_list(expansion, &repeat->layers, inner);
	}
	return status;
}

static enum dc_status expand_list(const struct expansion *expansion, const struct dc_list *list,
				  const char *prefix)
{
	const struct dc_tagged *items = list->items;
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < list->count; i++) {
		enum dc_status one = is_repeat(&items[i])
					     ? expand_repeat(expansion, &items[i], prefix)
					     : expand_layer(expansion, &items[i], prefix);

		if (one == DC_ERR_MEMORY)
			return one;
		if (one != DC_OK)
			status = one;
	}
	return status;
}

enum dc_status dc_model_expand(const struct dc_model *model, struct dc_arena *arena,
			       struct dc_diag *diag, struct dc_layers *out)
{
	struct expansion expansion = {arena, diag, model, out};
	struct dc_layer_scope scope = {
		.diag = diag, .sequence = (double)model->sequence, .fused = model->fused};
	double count = model->transformer != NULL
			       ? (double)dc_transformer_layers(model->transformer)
			       : count_layers(&model->layers);

	*out = (struct dc_layers){0};
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
	out->items = dc_arena_array(arena, (size_t)count, sizeof(*out->items));
	if (out->items == NULL)
		return DC_ERR_MEMORY;
	if (model->transformer != NULL)
		return dc_transformer_expand(model->transformer, &scope, arena, out);
	return expand_list(&expansion, &model->layers, "");
}

struct dc_model_totals dc_model_totals(const struct dc_layers *layers)
{
	struct dc_model_totals totals = {0};

	for (size_t i = 0; i < layers->count; i++) {
		const struct dc_layer *layer = &layers->items[i];

		totals.parameters += layer->parameters;
		totals.active_parameters += layer->parameters - layer->inactive_parameters;
		totals.recomputed_flops += layer->recomputed_flops;
		for (size_t j = 0; j < layer->forward_count; j++)
			totals.forward_flops += layer->forward[j].flops;
		for (size_t j = 0; j < layer->backward_count; j++)
			totals.backward_flops += layer->backward[j].flops;
	}
	totals.forward_macs = totals.forward_flops / 2.0;
	return totals;
}
