/* Settling a workload: plan and batch for a number of accelerators. */
#include <string.h>

#include "training/workload.h"

static unsigned long long ull(uint64_t x)
{
	return x;
}

/* --- the batch --- */

static enum dc_status settle_global(struct dc_training_batch *batch, uint64_t replicas,
				    struct dc_diag *diag)
{
	const struct dc_mark *mark = dc_node_mark(batch->node, "global");
	uint64_t below;

	if (!batch->per_accelerator && !batch->global)
		return dc_diag_error(diag, mark,
				     "batch: expected per_accelerator or global, such as "
				     "{per_accelerator: 256}");
	if (!batch->global)
		batch->global = batch->per_accelerator * replicas;
	if (batch->global % replicas) {
		below = batch->global / replicas * replicas;
		return dc_diag_error(
			diag, mark,
			"batch: %llu samples do not divide over %llu data-parallel ranks; "
			"the nearest that do are %llu and %llu",
			ull(batch->global), ull(replicas), ull(below ? below : replicas),
			ull((below ? below : replicas) + replicas));
	}
	if (batch->per_accelerator && batch->per_accelerator != batch->global / replicas)
		return dc_diag_error(
			diag, mark,
			"batch: global %llu over %llu data-parallel ranks is %llu each, but "
			"per_accelerator says %llu; give one of the two",
			ull(batch->global), ull(replicas), ull(batch->global / replicas),
			ull(batch->per_accelerator));
	batch->per_accelerator = batch->global / replicas;
	return DC_OK;
}

static enum dc_status settle_micro(struct dc_training_workload *workload, struct dc_diag *diag)
{
	struct dc_training_batch *batch = &workload->batch;
	const struct dc_parallelism *p = &workload->parallelism;
	const struct dc_mark *mark = dc_node_mark(batch->node, "micro");
	uint64_t below, above, count;

	if (!batch->micro)
		batch->micro = p->pipeline > 1 ? 1 : batch->per_accelerator;
	if (batch->per_accelerator % batch->micro) {
		dc_nearest_divisors(batch->per_accelerator, batch->micro, &below, &above);
		return dc_diag_error(
			diag, mark,
			"batch: micro-batches of %llu do not divide the %llu samples of a "
			"data-parallel rank; the nearest that do are %llu and %llu",
			ull(batch->micro), ull(batch->per_accelerator), ull(below),
			ull(above ? above : batch->per_accelerator));
	}
	count = batch->per_accelerator / batch->micro;
	if (p->interleave > 1 && count % p->pipeline)
		return dc_diag_error(
			diag, dc_node_mark(p->node, "interleave"),
			"parallelism: interleave needs the pipeline's %llu stages to divide the "
			"%llu micro-batches; %llu and %llu do",
			ull(p->pipeline), ull(count),
			ull(count < p->pipeline ? p->pipeline : count / p->pipeline * p->pipeline),
			ull((count / p->pipeline + 1) * p->pipeline));
	if (count > UINT32_MAX / 64 / (p->pipeline * p->interleave))
		return dc_diag_error(diag, mark, "batch: %llu micro-batches are too many",
				     ull(count));
	return DC_OK;
}

/* --- the plan --- */

static const struct dc_tagged_type *kind_of(const struct dc_layer *layer)
{
	for (size_t i = 0; i < dc_layer_family.count; i++)
		if (strcmp(dc_layer_family.types[i].name, layer->kind) == 0)
			return &dc_layer_family.types[i];
	return NULL;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	return b ? common_divisor(b, a % b) : a;
}

/* What the plan divides, from the model's layers as a whole. */
static void describe(const struct dc_model *model, const struct dc_layers *layers,
		     struct dc_parallel_subject *subject)
{
	*subject = (struct dc_parallel_subject){
		.blocks = dc_layers_blocks(layers),
		.sequence = model->sequence,
		.front = layers->count && layers->items[0].block < 0,
		.back = layers->count && layers->items[layers->count - 1].block < 0,
		.splits = true,
	};
	for (size_t i = 0; i < layers->count; i++) {
		const struct dc_layer *layer = &layers->items[i];
		const struct dc_tagged_type *kind = kind_of(layer);
		const struct dc_layer_type *type = kind ? kind->descriptor : NULL;

		subject->heads = common_divisor(subject->heads, (uint64_t)layer->heads);
		if (layer->experts)
			subject->experts = common_divisor(subject->experts, layer->experts);
		if (type && !type->splits) {
			subject->splits = false;
			subject->unsplit = kind->name;
		}
	}
}

enum dc_status dc_training_subject(const struct dc_model *model, uint64_t ranks,
				   struct dc_diag *diag, struct dc_parallel_subject *subject)
{
	struct dc_layers layers = {0};
	struct dc_arena *arena = dc_arena_create();
	enum dc_status status;

	if (!arena)
		return DC_ERR_MEMORY;
	status = dc_model_expand(model, arena, diag, &layers);
	if (!status) {
		describe(model, &layers, subject);
		subject->ranks = ranks;
	}
	dc_arena_destroy(arena);
	return status;
}

static enum dc_status check_recompute(const struct dc_training_workload *workload,
				      struct dc_diag *diag)
{
	if (workload->recompute_layers && workload->recompute != DC_RECOMPUTE_FULL)
		return dc_diag_error(diag, dc_node_mark(workload->node, "recompute_layers"),
				     "recompute_layers: only with recompute: full");
	return DC_OK;
}

enum dc_status dc_training_settle_for(struct dc_training_workload *workload,
				      const struct dc_parallel_subject *subject,
				      struct dc_diag *diag)
{
	const struct dc_training_dataset *dataset = &workload->dataset;
	enum dc_status status = dc_parallelism_settle(&workload->parallelism, subject, diag), next;

	if (!status)
		status = settle_global(&workload->batch, workload->parallelism.data, diag);
	if (!status)
		status = settle_micro(workload, diag);
	next = check_recompute(workload, diag);
	status = status ? status : next;
	if (workload->precision == DC_INT8)
		status = dc_diag_error(
			diag, dc_node_mark(workload->node, "precision"),
			"precision: int8 cannot hold gradients; expected one of fp64, "
			"fp32, tf32, fp16, bf16, fp8, mxfp8, nvfp4");
	if (!dataset->drop_last)
		status = dc_diag_error(diag, dc_node_mark(dataset->node, "drop_last"),
				       "dataset: 'drop_last: false' is not supported yet");
	if (!status && dataset->samples < workload->batch.global)
		status = dc_diag_error(diag, dc_node_mark(dataset->node, "samples"),
				       "dataset: %llu samples are less than one global batch of "
				       "%llu",
				       ull(dataset->samples), ull(workload->batch.global));
	return status;
}

enum dc_status dc_training_settle(struct dc_training_workload *workload, uint64_t ranks,
				  struct dc_diag *diag)
{
	struct dc_parallel_subject subject;
	enum dc_status status = dc_training_subject(workload->model, ranks, diag, &subject);

	return status ? status : dc_training_settle_for(workload, &subject, diag);
}
