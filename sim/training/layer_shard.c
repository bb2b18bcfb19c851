/* Layers under a shard: how many ranks share what, and what they exchange. */
#include <math.h>

#include "training/layer.h"

static double at_least_one(uint64_t ranks)
{
	return ranks > 1 ? (double)ranks : 1.0;
}

double dc_layer_tensor(const struct dc_layer_scope *scope)
{
	return at_least_one(scope->shard.tensor);
}

double dc_layer_context(const struct dc_layer_scope *scope)
{
	return at_least_one(scope->shard.context);
}

double dc_layer_expert(const struct dc_layer_scope *scope)
{
	return at_least_one(scope->shard.expert);
}

double dc_layer_token_ranks(const struct dc_layer_scope *scope)
{
	return scope->shard.sequence ? dc_layer_tensor(scope) : 1.0;
}

double dc_layer_vocabulary(const struct dc_layer_scope *scope, double vocabulary)
{
	const struct dc_software *software = dc_software_of(scope->software);
	double tensor = dc_layer_tensor(scope), multiple = 1.0;

	if (software->vocabulary_multiple > 0 && (tensor > 1.0 || software->vocabulary_alone))
		multiple = (double)software->vocabulary_multiple;
	return ceil(vocabulary / (multiple * tensor)) * multiple;
}

static double ranks_of(const struct dc_layer_scope *scope, int axis)
{
	switch ((enum dc_exchange_axis)axis) {
	case DC_EXCHANGE_TENSOR:
		return dc_layer_tensor(scope);
	case DC_EXCHANGE_CONTEXT:
		return dc_layer_context(scope);
	case DC_EXCHANGE_EXPERT:
		break;
	}
	return dc_layer_expert(scope);
}

static void add(struct dc_layer_exchange *exchanges, size_t *count,
		const struct dc_layer_scope *scope, struct dc_layer_exchange exchange)
{
	bool silent = !(exchange.elements > 0.0) && !(exchange.wide > 0.0);

	if (ranks_of(scope, exchange.axis) < 2.0 || silent || *count == DC_LAYER_EXCHANGES)
		return;
	if (exchange.times == 0)
		exchange.times = 1;
	exchanges[(*count)++] = exchange;
}

void dc_layer_exchange_forward(struct dc_layer *layer, const struct dc_layer_scope *scope,
			       struct dc_layer_exchange exchange)
{
	add(layer->forward_exchanges, &layer->forward_exchange_count, scope, exchange);
}

void dc_layer_exchange_backward(struct dc_layer *layer, const struct dc_layer_scope *scope,
				struct dc_layer_exchange exchange)
{
	add(layer->backward_exchanges, &layer->backward_exchange_count, scope, exchange);
}

static struct dc_layer_exchange tensor(enum dc_operation operation, double x)
{
	return (struct dc_layer_exchange){
		.axis = DC_EXCHANGE_TENSOR,
		.operation = operation,
		.elements = x,
		.overlaps = true,
	};
}

void dc_layer_exchange_in(struct dc_layer *layer, const struct dc_layer_scope *scope, double x)
{
	struct dc_layer_exchange again;

	if (!scope->shard.sequence) {
		dc_layer_exchange_backward(layer, scope, tensor(DC_OPERATION_ALL_REDUCE, x));
		return;
	}
	dc_layer_exchange_forward(layer, scope, tensor(DC_OPERATION_ALL_GATHER, x));
	again = tensor(DC_OPERATION_ALL_GATHER, x);
	again.again = true;
	dc_layer_exchange_backward(layer, scope, again);
	dc_layer_exchange_backward(layer, scope, tensor(DC_OPERATION_REDUCE_SCATTER, x));
}

void dc_layer_exchange_out(struct dc_layer *layer, const struct dc_layer_scope *scope, double x)
{
	if (!scope->shard.sequence) {
		dc_layer_exchange_forward(layer, scope, tensor(DC_OPERATION_ALL_REDUCE, x));
		return;
	}
	dc_layer_exchange_forward(layer, scope, tensor(DC_OPERATION_REDUCE_SCATTER, x));
	dc_layer_exchange_backward(layer, scope, tensor(DC_OPERATION_ALL_GATHER, x));
}
