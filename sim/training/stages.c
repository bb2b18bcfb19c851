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

uint64_t dc_training_recomputed(const struct dc_training_workload *workload, uint64_t chunk)
{
	uint64_t layers = workload->recompute_layers, chunks = workload->parallelism.interleave;

	if (workload->recompute != DC_RECOMPUTE_FULL)
		return 0;
	return layers ? (chunk + 1) * layers / chunks - chunk * layers / chunks : UINT64_MAX;
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
	/* The last product's matrix is the embedding's table, without its positions. */
	for (size_t i = layers->count; i-- > 0;)
		if (strcmp(layers->items[i].kind, "linear") == 0)
			return layers->items[i].matrix_parameters;
	return 0;
}

struct dc_optimizer_use dc_training_optimizer(const struct dc_training_workload *workload)
{
	return (struct dc_optimizer_use){
		.optimizer = (enum dc_optimizer)workload->optimizer,
		.states = (enum dc_optimizer_states)workload->optimizer_states,
		.precision = (enum dc_precision)workload->precision,
		.software = workload->software,
	};
}

/* --- memory --- */

/* The parts of a chunk: layers whose activations are computed again, and after them those that keep
 * theirs. Returns how many there are. */
static size_t chunk_parts(const struct dc_training_workload *workload,
			  const struct dc_layers *layers, size_t first, size_t end, uint64_t chunk,
			  double in_flight, struct dc_memory_part parts[2])
{
	size_t at = first;

	parts[0] = (struct dc_memory_part){first, end, in_flight, workload->recompute};
	if (workload->recompute != DC_RECOMPUTE_FULL || !workload->recompute_layers)
		return 1;
	while (at < end && layers->items[at].block < 0)
		at++;
	for (uint64_t left = dc_training_recomputed(workload, chunk); left && at < end; left--)
		at = dc_training_block_end(layers, at);
	at = at < end ? at : end;
	parts[0].end = at;
	parts[1] = (struct dc_memory_part){at, end, in_flight, DC_RECOMPUTE_NONE};
	return at < end ? 2 : 1;
}

/* Bytes that one pass of each chunk of a stage keeps, by which the fullest moment is found. */
static void weigh_chunks(const struct dc_training_workload *workload,
			 const struct dc_layers *layers, const size_t *first_layers, uint32_t stage,
			 double *weights)
{
	const struct dc_parallelism *p = &workload->parallelism;

	for (uint64_t c = 0; c < p->interleave; c++) {
		size_t part = (size_t)(c * p->pipeline + stage);

		weights[c] = 0;
		for (size_t i = first_layers[part]; i < first_layers[part + 1]; i++)
			weights[c] += dc_layer_saved_bytes(&layers->items[i], 1,
							   (enum dc_precision)workload->precision);
	}
}

struct measuring {
	const struct dc_training_workload *workload;
	const struct dc_layers *layers;
	const size_t *first_layers;
	struct dc_pipeline pipeline;
	struct dc_pass *passes;
	double *weights;
	uint64_t *held;
	struct dc_memory_part *parts;
};

static struct dc_training_memory measure(struct measuring *m, uint32_t stage)
{
	const struct dc_parallelism *p = &m->workload->parallelism;
	struct dc_memory_case of = {
		.layers = m->layers,
		.parts = m->parts,
		.samples = (double)m->workload->batch.micro,
		.use = dc_training_optimizer(m->workload),
		.zero = (int)p->zero,
		.dense_shards = (double)dc_parallelism_dense_shards(p),
		.expert_shards = (double)dc_parallelism_expert_shards(p),
		.offload = m->workload->offload,
		.fragmentation = DC_MEMORY_FRAGMENTATION,
	};

	dc_pipeline_order(&m->pipeline, stage, m->passes);
	weigh_chunks(m->workload, m->layers, m->first_layers, stage, m->weights);
	dc_pipeline_in_flight(&m->pipeline, m->passes, m->weights, m->held);
	for (uint64_t c = 0; c < p->interleave; c++) {
		size_t part = (size_t)(c * p->pipeline + stage);

		of.part_count += chunk_parts(m->workload, m->layers, m->first_layers[part],
					     m->first_layers[part + 1], c, (double)m->held[c],
					     &m->parts[of.part_count]);
	}
	if (stage && stage + 1 == p->pipeline)
		of.extra_parameters = dc_training_tied_parameters(m->workload, m->layers);
	return dc_training_memory_of_stage(&of);
}

enum dc_status dc_training_stage_memory(const struct dc_training_workload *workload,
					const struct dc_layers *layers, struct dc_arena *arena,
					struct dc_training_memory **stages)
{
	const struct dc_parallelism *p = &workload->parallelism;
	struct measuring m = {.workload = workload, .layers = layers};
	size_t *first_layers = NULL;
	enum dc_status status = dc_training_divide(p, layers, arena, &first_layers);

	m.first_layers = first_layers;
	m.pipeline = dc_training_pipeline(workload);
	m.passes = calloc(dc_pipeline_passes(&m.pipeline), sizeof *m.passes);
	m.weights = calloc(p->interleave, sizeof *m.weights);
	m.held = calloc(p->interleave, sizeof *m.held);
	m.parts = calloc(2 * p->interleave, sizeof *m.parts);
	*stages = dc_arena_array(arena, p->pipeline, sizeof **stages);
	if (!m.passes || !m.weights || !m.held || !m.parts || !*stages)
		status = DC_ERR_MEMORY;
	for (uint32_t s = 0; s < p->pipeline && !status; s++)
		(*stages)[s] = measure(&m, s);
	free(m.passes);
	free(m.weights);
	free(m.held);
	free(m.parts);
	return status;
}
