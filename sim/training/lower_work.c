/* The lowering: what the layers of a pass do on the accelerator and say to each other. */
#include "training/lower_private.h"

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
		do
			unit.end++;
		while (unit.end < range.end && layers[unit.end].block == layers[at].block);
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
	return weights;
}

/* --- parts --- */

struct build {
	struct dc_lowering *l;
	struct dc_part *parts; /* NULL: only counted */
	uint32_t count;
	double flops;
};

static void add_part(struct build *build, const struct dc_part *part)
{
	if (build->parts)
		build->parts[build->count] = *part;
	build->count++;
	build->flops += part->work.flops * part->times;
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

static void add_exchanges(struct build *build, const struct dc_layer_exchange *exchanges,
			  size_t count)
{
	const struct dc_lowering *l = build->l;
	double micro = (double)l->workload->batch.micro;
	double width = dc_precision_activation_bytes((enum dc_precision)l->workload->precision);

	for (size_t i = 0; i < count; i++) {
		const struct dc_layer_exchange *e = &exchanges[i];
		uint32_t group = kind_of(&l->kinds, e->axis);

		if (group == DC_PROGRAM_NO_GROUP)
			continue;
		add_part(build, &(struct dc_part){
					.group = group,
					.operation = e->operation,
					.size_bytes = micro * (e->elements * width + e->wide * 4.0),
					.hidden = e->overlaps ? l->software->tensor_hidden : 0,
					.times = e->times,
				});
	}
}

static void add_forward(struct build *build, const struct dc_layer *layer)
{
	const struct dc_training_workload *w = build->l->workload;
	struct dc_work works[DC_LAYER_WORKS];
	size_t count = dc_layer_forward(layer, (double)w->batch.micro,
					(enum dc_precision)w->precision, works);

	add_works(build, works, count);
	add_exchanges(build, layer->forward_exchanges, layer->forward_exchange_count);
}

static void add_backward(struct build *build, const struct dc_layer *layer)
{
	const struct dc_training_workload *w = build->l->workload;
	struct dc_work works[DC_LAYER_WORKS];
	size_t count = dc_layer_backward(layer, (double)w->batch.micro,
					 (enum dc_precision)w->precision, works);

	add_works(build, works, count);
	add_exchanges(build, layer->backward_exchanges, layer->backward_exchange_count);
}

static void add_range(struct build *build, struct dc_lower_range range, int direction)
{
	const struct dc_layer *layers = build->l->plan->layers.items;

	if (direction == DC_LOWER_FORWARD) {
		for (size_t i = range.first; i < range.end; i++)
			add_forward(build, &layers[i]);
		return;
	}
	for (size_t i = range.end; i-- > range.first;)
		add_backward(build, &layers[i]);
}

enum dc_status dc_lower_work_of(struct dc_lowering *l, struct dc_lower_range range, int direction,
				struct dc_lower_work *work)
{
	struct build build = {.l = l};
	uint32_t count;

	add_range(&build, range, direction);
	count = build.count;
	build.parts = dc_arena_array(l->arena, count + 1, sizeof *build.parts);
	if (!build.parts)
		return DC_ERR_MEMORY;
	build.count = 0;
	build.flops = 0;
	add_range(&build, range, direction);
	*work = (struct dc_lower_work){build.parts, count, build.flops};
	return DC_OK;
}
