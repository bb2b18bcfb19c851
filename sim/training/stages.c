/* Stages: dividing the model, and memory stage by stage. */
#include "training/stages.h"

#include <stdlib.h>
#include <string.h>

size_t dc_training_block_end(const struct dc_layers *layers, size_t first)
{
	size_t end = first + 1;

	while (end < layers->count && layers->items[end].block == layers->items[first].block)
		end++;
	return end;
}

enum dc_status dc_training_divide(const struct dc_parallelism *parallelism,
				  const struct dc_layers *layers, struct dc_arena *arena,
				  size_t **first_layers)
{
	uint64_t parts = parallelism->pipeline * parallelism->interleave;
	size_t *first = dc_arena_array(arena, parts + 1, sizeof *first), at = 0;
	uint64_t *blocks = dc_arena_array(arena, parts, sizeof *blocks);

	if (!first || !blocks)
		return DC_ERR_MEMORY;
	dc_parallelism_parts(parallelism, dc_layers_blocks(layers), blocks);
	while (at < layers->count && layers->items[at].block < 0)
		at++;
	for (uint64_t k = 0; k < parts; k++) {
		first[k] = k ? at : 0;
		for (uint64_t left = blocks[k]; left && at < layers->count; left--)
			at = dc_training_block_end(layers, at);
	}
	first[parts] = layers->count;
	*first_layers = first;
	return DC_OK;
}

struct dc_pipeline dc_training_pipeline(const struct dc_training_workload *workload)
{
	const struct dc_parallelism *p = &workload->parallelism;

	return (struct dc_pipeline){
		.kind = (enum dc_schedule_kind)p->schedule,
		.stages = (uint32_t)p->pipeline,
		.chunks = (uint32_t)p->interleave,
		.micro_batches =
			(uint32_t)(workload->batch.global / p->data / workload->batch.micro),
	};
}

enum dc_status dc_training_expand(const struct dc_training_workload *workload,
				  struct dc_arena *arena, struct dc_diag *diag,
				  struct dc_layers *layers)
{
	const struct dc_parallelism *p = &workload->parallelism;
	const struct dc_shard shard = {
		.tensor = p->tensor,
		.context = p->context,
		.expert = p->expert,
		.sequence = p->sequence,
	};

	return dc_model_expand_shard(workload->model, &shard, workload->software, arena, diag,
				     layers);
}

double dc_training_tied_parameters(const struct dc_training_workload *workload,
				   const struct dc_layers *layers)
{
	const struct dc_transformer *transformer = workload->model->transformer;

	if (!transformer || !transformer->tied || workload->parallelism.pipeline == 1)
		return 0;
	for (size_t i = 0; i < layers->count; i++)
		if (strcmp(layers->items[i].kind, "embedding") == 0)
			return layers->items[i].parameters;
	return 0;
}
