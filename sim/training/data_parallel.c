/* Data-parallel synchronous training: the lowering. */
#include "training/data_parallel.h"

#include "training/optimizer.h"

/* Bytes of a gradient element: fp32. */
static const double gradient_size_bytes = 4;

struct lowering {
	const struct dc_training_workload *workload;
	struct dc_training_plan *plan;
	struct dc_program *program;
	uint32_t group; /* kind: all ranks */
	uint32_t compute, collective, storage;
	uint32_t last_bucket;
	double bucket_bytes;
};

static enum dc_status add_work(struct lowering *l, const char *name, enum dc_op_role role,
			       const struct dc_work *work)
{
	struct dc_part *part = dc_arena_alloc(l->program->arena, sizeof *part);
	struct dc_op op = {
		.kind = DC_OP_COMPUTE,
		.name = name,
		.role = role,
		.parts = part,
		.part_count = 1,
	};

	if (!part)
		return DC_ERR_MEMORY;
	part->work = *work;
	l->plan->flops += work->flops;
	return dc_program_add(l->program, l->compute, &op, NULL);
}

static enum dc_status add_mark(struct lowering *l, const char *name, uint32_t *number)
{
	struct dc_op op = {.kind = DC_OP_MARK, .name = name};

	return dc_program_add(l->program, l->compute, &op, number);
}

/* The operation last added to the compute stream. */
static uint32_t last_compute(const struct lowering *l)
{
	const struct dc_program_stream *stream = &l->program->streams[l->compute];

	return stream->ops[stream->count - 1];
}

/* Closes the bucket: its all-reduce waits for the operation `after`. */
static enum dc_status close_bucket(struct lowering *l, uint32_t after)
{
	struct dc_op op = {
		.kind = DC_OP_COLLECTIVE,
		.name = "gradients",
		.role = DC_ROLE_GRADIENTS,
		.group = l->group,
		.operation = DC_OPERATION_ALL_REDUCE,
		.algorithm = l->workload->synchronization.algorithm,
		.size_bytes = l->bucket_bytes,
	};
	enum dc_status status = dc_program_add(l->program, l->collective, &op, &l->last_bucket);

	l->plan->gradient_bytes += l->bucket_bytes;
	l->plan->buckets++;
	l->bucket_bytes = 0;
	return status ? status : dc_program_wait(l->program, after, 0);
}

static enum dc_status add_works(struct lowering *l, const struct dc_layer *layer,
				enum dc_op_role role, const struct dc_work *works, size_t count)
{
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < count && !status; i++)
		status = add_work(l, layer->name, role, &works[i]);
	return status;
}

static enum dc_status add_forward(struct lowering *l)
{
	double batch = (double)l->workload->batch.per_accelerator;
	struct dc_work works[DC_LAYER_WORKS];
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < l->plan->layers.count && !status; i++) {
		const struct dc_layer *layer = &l->plan->layers.items[i];
		size_t count = dc_layer_forward(layer, batch,
						(enum dc_precision)l->workload->precision, works);

		status = add_works(l, layer, DC_ROLE_FORWARD, works, count);
	}
	return status;
}

static enum dc_status add_backward_layer(struct lowering *l, const struct dc_layer *layer)
{
	struct dc_work works[DC_LAYER_WORKS];
	size_t count = dc_layer_backward(layer, (double)l->workload->batch.per_accelerator,
					 (enum dc_precision)l->workload->precision, works);

	return add_works(l, layer, DC_ROLE_BACKWARD, works, count);
}

/* Backward from the last layer; buckets close as gradients come. Without overlap they all wait for the
 * end of the backward pass. */
static enum dc_status add_backward(struct lowering *l, uint64_t ranks)
{
	const struct dc_training_synchronization *sync = &l->workload->synchronization;
	struct dc_program *program = l->program;
	uint32_t first = program->dependency_count;
	enum dc_status status = DC_OK;

	for (size_t i = l->plan->layers.count; i-- > 0 && !status;) {
		const struct dc_layer *layer = &l->plan->layers.items[i];

		status = add_backward_layer(l, layer);
		l->bucket_bytes += layer->parameters * gradient_size_bytes;
		if (status || ranks < 2 || l->bucket_bytes <= 0 ||
		    (i && l->bucket_bytes < sync->bucket_bytes))
			continue;
		status = close_bucket(l, last_compute(l));
	}
	for (uint32_t i = first; i < program->dependency_count && !sync->overlap; i++)
		program->dependencies[i].op = last_compute(l);
	return status;
}

static enum dc_status add_optimizer(struct lowering *l)
{
	struct dc_work work =
		dc_optimizer_work((enum dc_optimizer)l->workload->optimizer, l->plan->parameters);
	enum dc_status status = add_work(l, "optimizer", DC_ROLE_OPTIMIZER, &work);

	if (!status && l->plan->buckets)
		status = dc_program_wait(l->program, l->last_bucket, 0);
	return status;
}

/* Reads batch i once iteration i - prefetch has taken its own. */
static enum dc_status add_read(struct lowering *l, const struct dc_training_data *data,
			       uint32_t start, uint32_t end, uint32_t *read)
{
	struct dc_op op = {
		.kind = DC_OP_READ,
		.name = "read",
		.samples = (double)l->workload->batch.per_accelerator,
	};
	enum dc_status status = dc_program_add(l->program, l->storage, &op, read);

	if (status)
		return status;
	if (data->prefetch)
		return dc_program_wait(l->program, start, (uint32_t)data->prefetch);
	return dc_program_wait(l->program, end, 1);
}

static enum dc_status lower(struct lowering *l, const struct dc_training_data *data, uint64_t ranks)
{
	struct dc_program *program = l->program;
	uint32_t start, read, end;
	enum dc_status status;

	l->compute = dc_program_stream(program, "compute");
	l->collective = dc_program_stream(program, "collective");
	l->storage = dc_program_stream(program, "storage");
	/* Read, start and end wait for each other across iterations: numbers 0 and 1 are read and
	 * start, and the end's follows once all is added. */
	if (data) {
		status = add_read(l, data, 1, 0, &read);
		if (status)
			return status;
	}
	status = add_mark(l, "start", &start);
	if (!status && data)
		status = dc_program_wait(program, read, 0);
	if (!status)
		status = add_forward(l);
	if (!status)
		status = add_backward(l, ranks);
	if (!status)
		status = add_optimizer(l);
	if (!status)
		status = add_mark(l, "end", &end);
	if (!status && data && !data->prefetch)
		program->dependencies[0].op = end;
	return status;
}

/* One program for all ranks, and one kind of group: all of them. */
static enum dc_status create(struct lowering *l, uint64_t ranks, struct dc_arena *arena)
{
	struct dc_ensemble *ensemble = dc_ensemble_create(arena);
	enum dc_status status;

	l->plan->ensemble = ensemble;
	l->program = dc_program_create(arena);
	if (!ensemble || !l->program)
		return DC_ERR_MEMORY;
	status = dc_ensemble_add_axis(ensemble, "data", ranks, NULL);
	if (!status)
		status = dc_ensemble_add_kind(ensemble, "data", 1, &l->group);
	return status ? status : dc_ensemble_add_program(ensemble, l->program);
}

/* "fp32, bf16": what the accelerator computes in. */
static const char *precisions_of(const struct dc_accelerator *accelerator, struct dc_arena *arena)
{
	const char *text = "";

	for (int i = 0; text && dc_precision_names[i]; i++)
		if (dc_accelerator_supports(accelerator, (enum dc_precision)i))
			text = dc_arena_printf(arena, "%s%s%s", text, *text ? ", " : "",
					       dc_precision_names[i]);
	return text && *text ? text : "none";
}

enum dc_status dc_training_lower(const struct dc_training_workload *workload,
				 const struct dc_training_data *data, uint64_t ranks,
				 const struct dc_accelerator *accelerator, struct dc_arena *arena,
				 struct dc_diag *diag, struct dc_training_plan *plan)
{
	struct lowering l = {.workload = workload, .plan = plan};
	struct dc_model_totals totals;
	enum dc_status status;

	*plan = (struct dc_training_plan){0};
	if (!dc_accelerator_supports(accelerator, (enum dc_precision)workload->precision))
		return dc_diag_error(diag, dc_node_mark(workload->node, "precision"),
				     "precision: accelerator '%s' has no %s; it has %s",
				     accelerator->name ? accelerator->name : "(inline)",
				     dc_precision_names[workload->precision],
				     precisions_of(accelerator, arena));
	status = dc_model_expand(workload->model, arena, diag, &plan->layers);
	if (status)
		return status;
	totals = dc_model_totals(&plan->layers);
	plan->parameters = totals.parameters;
	status = create(&l, ranks, arena);
	if (!status)
		status = lower(&l, data, ranks);
	plan->model_flops =
		plan->flops - (double)workload->batch.per_accelerator * totals.recomputed_flops;
	return status;
}
