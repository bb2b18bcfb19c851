/* The lowering: what the layers of a pass do on the accelerator and say to each other. */
#include "training/lower_private.h"

#include "training/stages.h"

#include <string.h>

struct dc_lower_range dc_lower_part(const struct dc_lowering *l, uint64_t part)
{
	return (struct dc_lower_range){l->plan->part_layers[part], l->plan->part_layers[part + 1]};
}

struct dc_lower_range dc_lower_unit(const struct dc_lowering *l, struct dc_lower_range range,
				    size_t at, int direction)
{
	const struct dc_layer *layers = l->plan->layers.items;
	struct dc_lower_range unit = {at, at};

	if (direction == DC_LOWER_FORWARD) {
		unit.end = dc_training_block_end(&l->plan->layers, at);
		return unit;
	}
	do
		unit.first--;
	while (unit.first > range.first && layers[unit.first - 1].block == layers[at - 1].block);
	return unit;
}

struct dc_lower_weights dc_lower_weights_of(const struct dc_lowering *l,
					    struct dc_lower_range range)
{
	struct dc_lower_weights weights = {0, 0};

	for (size_t i = range.first; i < range.end; i++) {
		const struct dc_layer *layer = &l->plan->layers.items[i];

		weights.experts += layer->expert_parameters;
		weights.dense += layer->parameters - layer->expert_parameters;
	}
	/* The head's copy of the embedding's weights lives as long as others of its stage. */
	if (range.first < range.end && range.end == l->plan->layers.count)
		weights.dense += l->plan->tied_parameters;
	/* Experts that nobody shares out are like other weights. */
	if (l->workload->parallelism.expert == 1)
		weights = (struct dc_lower_weights){.dense = weights.dense + weights.experts};
	return weights;
}

bool dc_lower_splits_sends(const struct dc_lowering *l)
{
	const struct dc_parallelism *p = &l->workload->parallelism;

	return l->software->split_sends && p->tensor > 1 && !p->sequence;
}

/* --- parts --- */

struct build {
	struct dc_lowering *l;
	uint64_t part; /* of the model */
	struct dc_layer_batch batch;
	struct dc_part *parts; /* NULL: only counted */
	uint32_t count;
	bool again; /* what is added is computed for the second time */
	double flops, again_flops;
};

static void add_part(struct build *build, const struct dc_part *part)
{
	if (build->parts)
		build->parts[build->count] = *part;
	build->count++;
	build->flops += part->work.flops;
	if (build->again)
		build->again_flops += part->work.flops;
}

static void add_works(struct build *build, const struct dc_work *works, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_part(build, &(struct dc_part){.work = works[i],
						  .group = DC_PROGRAM_NO_GROUP,
						  .times = 1});
}

static uint32_t kind_of(const struct dc_lower_kinds *kinds, int axis)
{
	if (axis == DC_EXCHANGE_TENSOR)
		return kinds->tensor;
	return axis == DC_EXCHANGE_CONTEXT ? kinds->context : kinds->expert;
}

/* Keys and values travel around a ring while attention works on those that are there; backward they come and
 * their gradients go, each beside as much. */
static double beside_attention_s(const struct build *build, const struct dc_layer *layer)
{
	const struct dc_lowering *l = build->l;
	double context = (double)l->workload->parallelism.context, core_s = 0;
	struct dc_work works[DC_LAYER_WORKS] = {{0}};
	size_t count = dc_layer_core_works(layer, &build->batch, works);

	for (size_t i = 0; i < count; i++)
		core_s += dc_roofline_duration_s(l->accelerator, &works[i]);
	return core_s * (context - 1) / context;
}

/* How much of an exchange's time the stack hides. */
static double beside_s(const struct build *build, const struct dc_layer *layer,
		       const struct dc_layer_exchange *exchange, bool backward)
{
	if (exchange->axis == DC_EXCHANGE_CONTEXT && build->l->software->context_ring)
		return beside_attention_s(build, layer);
	return dc_layer_hidden_s(layer, exchange, backward, &build->batch, build->l->accelerator);
}

static void add_exchanges(struct build *build, const struct dc_layer *layer, int direction)
{
	const struct dc_lowering *l = build->l;
	bool forward = direction == DC_LOWER_FORWARD;
	const struct dc_layer_exchange *exchanges =
		forward ? layer->forward_exchanges : layer->backward_exchanges;
	size_t count = forward ? layer->forward_exchange_count : layer->backward_exchange_count;

	for (size_t i = 0; i < count; i++)
		add_part(build, &(struct dc_part){
					.group = kind_of(&l->kinds, exchanges[i].axis),
					.operation = exchanges[i].operation,
					.size_bytes = dc_layer_exchange_bytes(
						&exchanges[i], (double)l->workload->batch.micro,
						(enum dc_precision)l->workload->precision),
					.beside_s = beside_s(build, layer, &exchanges[i], !forward),
					.times = exchanges[i].times,
				});
}

/* Scores that a causal mask hides count in model and hardware FLOP by convention, forward once and backward twice
 * [Narayanan et al. 2021; Chowdhery et al. 2022, PaLM, appendix B], though kernels leave them out. */
static void count_masked(struct build *build, const struct dc_layer *layer, int direction)
{
	double flops = layer->masked_flops * build->batch.samples *
		       (direction == DC_LOWER_FORWARD ? 1 : 2);

	build->flops += flops;
	if (build->again)
		build->again_flops += flops;
}

static void add_layer(struct build *build, const struct dc_layer *layer, int direction)
{
	struct dc_work works[DC_LAYER_WORKS] = {{0}};
	size_t count = direction == DC_LOWER_FORWARD
			       ? dc_layer_forward_works(layer, &build->batch, works)
			       : dc_layer_backward_works(layer, &build->batch, works);

	add_works(build, works, count);
	add_exchanges(build, layer, direction);
	count_masked(build, layer, direction);
}

/* Whether a block is one whose activations are computed again: those of the first so many of a
 * part. */
static bool is_recomputed(const struct build *build, const struct dc_layer *layer)
{
	const struct dc_layer *layers = build->l->plan->layers.items;
	uint64_t chunk = build->part / build->l->plan->pipeline.stages;
	int32_t first;

	if (layer->block < 0)
		return false;
	first = layers[build->l->plan->part_layers[build->part]].block;
	return (uint64_t)(layer->block - (first < 0 ? 0 : first)) <
	       dc_training_recomputed(build->l->workload, chunk);
}

/* Full recomputation goes through a whole block before its backward pass begins: the time is the same layer by
 * layer. */
static void add_backward(struct build *build, const struct dc_layer *layer)
{
	struct dc_work works[DC_LAYER_WORKS] = {{0}};

	build->again = true;
	if (is_recomputed(build, layer))
		add_layer(build, layer, DC_LOWER_FORWARD);
	else if (build->l->workload->recompute == DC_RECOMPUTE_SELECTIVE)
		add_works(build, works, dc_layer_core_works(layer, &build->batch, works));
	build->again = false;
	add_layer(build, layer, DC_LOWER_BACKWARD);
	build->again_flops += layer->recomputed_flops * build->batch.samples;
}

/* What split sends brought is gathered over the tensor ranks before the pass begins [Narayanan et al. 2021, sec.
 * 4.1]. */
static void add_gather(struct build *build, struct dc_lower_range range, int direction)
{
	const struct dc_lowering *l = build->l;
	const struct dc_training_plan *plan = l->plan;
	bool forward = direction == DC_LOWER_FORWARD;
	struct dc_lower_range part = dc_lower_part(l, build->part);
	/* The later of the two parts reads it. */
	uint64_t reader = forward ? build->part : build->part + 1;

	if (!dc_lower_splits_sends(l) || plan->pipeline.stages == 1 || reader == 0 ||
	    reader == plan->parts)
		return;
	if (forward ? range.first != part.first : range.end != part.end)
		return;
	add_part(build, &(struct dc_part){
				.group = l->kinds.tensor,
				.operation = DC_OPERATION_ALL_GATHER,
				.size_bytes = dc_layer_input_bytes(
					&plan->layers.items[plan->part_layers[reader]],
					build->batch.samples, build->batch.precision),
				.times = 1,
			});
}

static void add_range(struct build *build, struct dc_lower_range range, int direction)
{
	const struct dc_layer *layers = build->l->plan->layers.items;

	build->count = 0;
	build->flops = build->again_flops = 0;
	add_gather(build, range, direction);
	if (direction == DC_LOWER_FORWARD) {
		for (size_t i = range.first; i < range.end; i++)
			add_layer(build, &layers[i], direction);
		return;
	}
	for (size_t i = range.end; i-- > range.first;)
		add_backward(build, &layers[i]);
}

enum dc_status dc_lower_work_of(struct dc_lowering *l, uint64_t part, struct dc_lower_range range,
				int direction, struct dc_lower_work *work)
{
	const struct dc_training_workload *w = l->workload;
	struct build build = {
		.l = l,
		.part = part,
		.batch = {.samples = (double)w->batch.micro,
			  .precision = (enum dc_precision)w->precision,
			  .software = l->software,
			  .accumulates = l->plan->pipeline.micro_batches > 1},
	};

	add_range(&build, range, direction);
	build.parts = dc_arena_array(l->arena, build.count + 1, sizeof *build.parts);
	if (!build.parts)
		return DC_ERR_MEMORY;
	add_range(&build, range, direction);
	*work = (struct dc_lower_work){build.parts, build.count, build.flops, build.again_flops};
	return DC_OK;
}
