/* The lowering: groups, stages, and the passes of micro-batches through them. */
#include "training/lower_private.h"

#include "training/stages.h"

#include <stdlib.h>

static const struct dc_parallelism *parallelism(const struct dc_lowering *l)
{
	return &l->workload->parallelism;
}

/* --- groups --- */

/* The kind of group that spans these axes (bits 1 << enum dc_parallel_axis); none for groups of one. */
static enum dc_status add_kind(struct dc_lowering *l, const char *name, unsigned spanned,
			       uint32_t *kind)
{
	const struct dc_parallelism *p = parallelism(l);
	uint32_t axes = 0;

	for (uint32_t i = 0; i < DC_PARALLEL_AXES; i++)
		if (spanned >> p->order[i] & 1 && dc_parallelism_axis_size(p, p->order[i]) > 1)
			axes |= UINT32_C(1) << i;
	*kind = DC_PROGRAM_NO_GROUP;
	return axes ? dc_ensemble_add_kind(l->plan->ensemble, name, axes, kind) : DC_OK;
}

#define AXIS(name) (1u << DC_PARALLEL_##name)

static enum dc_status add_kinds(struct dc_lowering *l)
{
	const struct dc_parallelism *p = parallelism(l);
	unsigned data = AXIS(CONTEXT) | AXIS(EXPERT) | AXIS(SHARD) | AXIS(DATA);
	unsigned dense = p->shard ? AXIS(SHARD) : data;
	unsigned experts = data & ~AXIS(EXPERT);
	struct dc_lower_kinds *kinds = &l->kinds;
	const struct {
		const char *name;
		unsigned axes;
		uint32_t *kind;
	} all[] = {
		{"tensor", AXIS(TENSOR), &kinds->tensor},
		{"context", AXIS(CONTEXT), &kinds->context},
		{"expert", AXIS(EXPERT), &kinds->expert},
		{"model", AXIS(TENSOR) | AXIS(CONTEXT) | AXIS(EXPERT), &kinds->model},
		{"data", dense, &kinds->dense},
		{"replicas", p->shard ? data & ~dense : 0, &kinds->replica},
		{"same experts", p->expert > 1 ? experts : 0, &kinds->experts},
		{"all", data | AXIS(TENSOR) | AXIS(PIPELINE), &kinds->all},
	};
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < sizeof all / sizeof *all && !status; i++)
		status = add_kind(l, all[i].name, all[i].axes, all[i].kind);
	if (p->expert == 1)
		kinds->experts = kinds->dense;
	l->dense_shards = dc_parallelism_dense_shards(p);
	l->expert_shards = dc_parallelism_expert_shards(p);
	return status;
}

static enum dc_status create_ensemble(struct dc_lowering *l)
{
	const struct dc_parallelism *p = parallelism(l);
	struct dc_ensemble *ensemble = dc_ensemble_create(l->arena);
	enum dc_status status = DC_OK;
	uint32_t axis;

	if (!ensemble)
		return DC_ERR_MEMORY;
	l->plan->ensemble = ensemble;
	for (uint32_t i = 0; i < DC_PARALLEL_AXES && !status; i++) {
		status = dc_ensemble_add_axis(ensemble, dc_parallel_axis_names[p->order[i]],
					      dc_parallelism_axis_size(p, p->order[i]), &axis);
		if (p->order[i] == DC_PARALLEL_PIPELINE && p->pipeline > 1)
			ensemble->stage_axis = axis;
	}
	for (uint64_t s = 0; s < p->pipeline && !status; s++) {
		struct dc_program *program = dc_program_create(l->arena);

		status = program ? dc_ensemble_add_program(ensemble, program) : DC_ERR_MEMORY;
	}
	return status ? status : add_kinds(l);
}

/* --- parts of the model --- */

static enum dc_status prepare_passes(struct dc_lowering *l)
{
	uint64_t parts = l->plan->parts;
	uint64_t messages = parts * l->plan->pipeline.micro_batches * (uint64_t)DC_LOWER_DIRECTIONS;
	enum dc_status status = DC_OK;

	l->passes = dc_arena_array(l->arena, parts * DC_LOWER_DIRECTIONS, sizeof *l->passes);
	l->sent = dc_arena_array(l->arena, messages, sizeof *l->sent);
	l->waiting = dc_arena_array(l->arena, messages, sizeof *l->waiting);
	if (!l->passes || !l->sent || !l->waiting)
		return DC_ERR_MEMORY;
	for (uint64_t k = 0; k < parts && !status; k++)
		for (int d = 0; d < DC_LOWER_DIRECTIONS && !status; d++)
			status =
				dc_lower_work_of(l, k, dc_lower_part(l, k), d,
						 &l->passes[k * DC_LOWER_DIRECTIONS + (uint64_t)d]);
	return status;
}

/* --- messages between stages --- */

/* Where the message that a part sends in a direction is noted. */
static size_t message_of(const struct dc_lowering *l, uint64_t part, uint32_t micro_batch,
			 int direction)
{
	return (part * l->plan->pipeline.micro_batches + micro_batch) * DC_LOWER_DIRECTIONS +
	       (size_t)direction;
}

static uint64_t part_of(const struct dc_lowering *l, const struct dc_pass *pass)
{
	return (uint64_t)pass->chunk * l->plan->pipeline.stages + l->stage;
}

/* The part that a pass sends to, or takes from when `back`; none at the ends and without a pipeline. */
static bool neighbour(const struct dc_lowering *l, const struct dc_pass *pass, bool back,
		      uint64_t *part)
{
	bool up = pass->backward == back;

	*part = part_of(l, pass);
	if (l->plan->pipeline.stages == 1 || (up ? *part + 1 == l->plan->parts : *part == 0))
		return false;
	*part += up ? 1 : (uint64_t)-1;
	return true;
}

/* The compute operation last added waits for what its neighbour sends. */
static enum dc_status receive(struct dc_lowering *l, const struct dc_pass *pass)
{
	uint64_t from;

	if (!neighbour(l, pass, true, &from))
		return DC_OK;
	l->waiting[message_of(l, from, pass->micro_batch, pass->backward)] =
		(struct dc_lower_slot){l->program, l->program->dependency_count};
	return dc_program_wait_for(l->program, (uint32_t)(from % l->plan->pipeline.stages), 0, 0);
}

static enum dc_status send(struct dc_lowering *l, const struct dc_pass *pass)
{
	double width = dc_precision_activation_bytes((enum dc_precision)l->workload->precision);
	uint64_t part = part_of(l, pass), to;
	struct dc_op op = {
		.kind = DC_OP_SEND,
		.name = pass->backward ? "gradients of activations" : "activations",
		.gang = DC_PROGRAM_NO_GROUP,
		.role = DC_ROLE_ACTIVATIONS,
		.micro_batch = pass->micro_batch,
		.chunk = pass->chunk,
	};
	double split = dc_lower_splits_sends(l) ? (double)parallelism(l)->tensor : 1;
	size_t boundary;
	uint32_t *number = &l->sent[message_of(l, part, pass->micro_batch, pass->backward)];
	enum dc_status status;

	if (!neighbour(l, pass, false, &to))
		return DC_OK;
	op.peer = (uint32_t)(to % l->plan->pipeline.stages);
	/* What the later of the two parts reads. */
	boundary = l->plan->part_layers[pass->backward ? part : to];
	op.size_bytes = (double)l->workload->batch.micro *
			l->plan->layers.items[boundary].input_elements * width / split;
	status = dc_lower_add(l, l->software->overlap_sends ? l->send[pass->backward] : l->compute,
			      &op, number);
	if (!status && l->software->overlap_sends)
		status = dc_program_wait(l->program, l->last_compute, 0);
	return status;
}

/* All programs are there: messages get the numbers of the operations they wait for. */
static void connect_messages(struct dc_lowering *l)
{
	size_t count = l->plan->parts * l->plan->pipeline.micro_batches * DC_LOWER_DIRECTIONS;

	for (size_t i = 0; i < count; i++)
		if (l->waiting[i].program)
			l->waiting[i].program->dependencies[l->waiting[i].dependency].op =
				l->sent[i];
	for (int i = 0; i < 2; i++)
		if (l->tied_waiting[i].program)
			l->tied_waiting[i].program->dependencies[l->tied_waiting[i].dependency].op =
				l->tied[!i];
}

/* --- passes --- */

/* The operation last added waits for a bucket of weights that the last iteration's step has renewed. */
static enum dc_status wait_for_fresh(struct dc_lowering *l, struct dc_lower_weights weights,
				     const struct dc_pass *pass)
{
	const bool waits[] = {weights.dense > 0 && l->dense_shards > 1,
			      weights.experts > 0 && l->expert_shards > 1};
	struct dc_lower_fresh *fresh = &l->fresh[l->fresh_count++];
	enum dc_status status = DC_OK;

	*fresh = (struct dc_lower_fresh){.weights = weights, .chunk = pass->chunk};
	for (uint32_t i = 0; i < 2 && !status; i++) {
		if (!waits[i])
			continue;
		fresh->slots[i] = (struct dc_lower_slot){l->program, l->program->dependency_count};
		status = dc_program_wait(l->program, 0, 1);
	}
	return status;
}

/* Forward with weights that are still being gathered: bucket by bucket, each waiting for its own. */
static enum dc_status fresh_pass(struct dc_lowering *l, const struct dc_pass *pass)
{
	const struct dc_layer *layers = l->plan->layers.items;
	struct dc_lower_range range = dc_lower_part(l, part_of(l, pass)), bucket;
	double held = 0;
	enum dc_status status = DC_OK;

	bucket = (struct dc_lower_range){range.first, range.first};
	while (!status && bucket.end < range.end) {
		struct dc_lower_work work;

		held += layers[bucket.end].parameters * l->reduce_bytes;
		bucket.end++;
		if (bucket.end < range.end && !(held >= l->bucket_bytes))
			continue;
		status = dc_lower_work_of(l, part_of(l, pass), bucket, DC_LOWER_FORWARD, &work);
		if (!status)
			status = dc_lower_compute(l, &work, pass);
		if (!status && bucket.first == range.first)
			status = receive(l, pass);
		if (!status)
			status = wait_for_fresh(l, dc_lower_weights_of(l, bucket), pass);
		bucket.first = bucket.end;
		held = 0;
	}
	return status;
}

/* Whether a pass is the first forward with weights of the last step, gathered meanwhile. */
static bool takes_fresh(const struct dc_lowering *l, const struct dc_pass *pass)
{
	bool shared = l->dense_shards > 1 || l->expert_shards > 1;

	return !pass->backward && !pass->micro_batch && shared && l->overlap_gathers;
}

static enum dc_status whole_pass(struct dc_lowering *l, const struct dc_pass *pass)
{
	uint64_t part = part_of(l, pass);
	enum dc_status status =
		dc_lower_compute(l, &l->passes[part * DC_LOWER_DIRECTIONS + pass->backward], pass);

	return status ? status : receive(l, pass);
}

/* Under zero 3: unit by unit, each waiting for its weights. */
static enum dc_status unit_pass(struct dc_lowering *l, const struct dc_pass *pass)
{
	struct dc_lower_range range = dc_lower_part(l, part_of(l, pass)), unit;
	size_t at = pass->backward ? range.end : range.first;
	bool first = true;
	enum dc_status status = DC_OK;

	for (; !status && at != (pass->backward ? range.first : range.end); first = false) {
		struct dc_lower_work work;
		uint32_t gathered[2];

		unit = dc_lower_unit(l, range, at, pass->backward);
		at = pass->backward ? unit.first : unit.end;
		status = dc_lower_gather(l, unit, pass, &gathered[0], &gathered[1]);
		if (!status)
			status = dc_lower_work_of(l, part_of(l, pass), unit, pass->backward, &work);
		if (!status)
			status = dc_lower_compute(l, &work, pass);
		for (int i = 0; i < 2 && !status; i++)
			if (gathered[i] != DC_LOWER_NONE)
				status = dc_program_wait(l->program, gathered[i], 0);
		if (!status && first)
			status = receive(l, pass);
		if (!status && pass->backward)
			status = dc_lower_gradients(l, dc_lower_weights_of(l, unit), pass,
						    l->last_compute);
	}
	return status;
}

/* Backward with gradients handed in as buckets fill: after layers that hold that many bytes. */
static enum dc_status bucket_pass(struct dc_lowering *l, const struct dc_pass *pass)
{
	const struct dc_layer *layers = l->plan->layers.items;
	struct dc_lower_range range = dc_lower_part(l, part_of(l, pass)), bucket;
	double most = l->bucket_bytes, held = 0;
	bool first = true;
	enum dc_status status = DC_OK;

	bucket = (struct dc_lower_range){range.end, range.end};
	while (!status && bucket.first > range.first) {
		struct dc_lower_work work;

		bucket.first--;
		held += layers[bucket.first].parameters * l->reduce_bytes;
		if (bucket.first > range.first && !(held >= most))
			continue;
		status = dc_lower_work_of(l, part_of(l, pass), bucket, DC_LOWER_BACKWARD, &work);
		if (!status)
			status = dc_lower_compute(l, &work, pass);
		if (!status && first)
			status = receive(l, pass);
		if (!status)
			status = dc_lower_gradients(l, dc_lower_weights_of(l, bucket), pass,
						    l->last_compute);
		bucket.end = bucket.first;
		held = 0;
		first = false;
	}
	return status;
}

/* Whether a pass ends with gradients that are handed in at once. */
static bool hands_in(const struct dc_lowering *l, const struct dc_pass *pass)
{
	bool last = pass->micro_batch + 1 == l->plan->pipeline.micro_batches;

	if (!pass->backward)
		return false;
	return (last && l->overlap_gradients) || parallelism(l)->zero == 2;
}

static enum dc_status add_pass(struct dc_lowering *l, const struct dc_pass *pass)
{
	enum dc_status status;

	if (parallelism(l)->zero == 3)
		status = unit_pass(l, pass);
	else if (hands_in(l, pass))
		status = bucket_pass(l, pass);
	else if (takes_fresh(l, pass))
		status = fresh_pass(l, pass);
	else
		status = whole_pass(l, pass);
	return status ? status : send(l, pass);
}

/* Gradients that nothing overlaps, bucket by bucket as the passes end. */
static enum dc_status late_gradients(struct dc_lowering *l)
{
	const struct dc_layer *layers = l->plan->layers.items;
	double most = l->bucket_bytes, held = 0;
	enum dc_status status = DC_OK;

	if (l->overlap_gradients || parallelism(l)->zero >= 2)
		return DC_OK;
	for (uint32_t c = l->plan->pipeline.chunks; c-- > 0 && !status;) {
		struct dc_pass pass = {.backward = true, .chunk = c};
		struct dc_lower_range range = dc_lower_part(l, part_of(l, &pass)), bucket;

		bucket = (struct dc_lower_range){range.end, range.end};
		while (!status && bucket.first > range.first) {
			bucket.first--;
			held += layers[bucket.first].parameters * l->reduce_bytes;
			if (bucket.first > range.first && !(held >= most))
				continue;
			status = dc_lower_gradients(l, dc_lower_weights_of(l, bucket), &pass,
						    l->last_compute);
			bucket.end = bucket.first;
			held = 0;
		}
	}
	return status;
}

/* --- stages --- */

/* Reads batch i once iteration i - prefetch has begun; the first operation of the first stage. */
static enum dc_status add_reading(struct dc_lowering *l)
{
	const struct dc_training_workload *w = l->workload;
	struct dc_op read = {
		.kind = DC_OP_READ,
		.name = "read",
		.gang = DC_PROGRAM_NO_GROUP,
		.samples = (double)w->batch.global * (double)w->parallelism.pipeline /
			   (double)l->plan->ranks,
	};
	struct dc_op start = {.kind = DC_OP_MARK, .name = "start", .gang = DC_PROGRAM_NO_GROUP};
	uint32_t number = 0;
	enum dc_status status = DC_OK;

	if (l->data && l->stage == 0) {
		status = dc_lower_add(l, l->storage, &read, &number);
		/* The start is operation 1; without prefetch the end, whose number follows. */
		if (!status)
			status = dc_program_wait(
				l->program, 1, l->data->prefetch ? (uint32_t)l->data->prefetch : 1);
	}
	if (!status)
		status = dc_program_add(l->program, l->compute, &start, NULL);
	if (!status && l->data && l->stage == 0)
		status = dc_program_wait(l->program, number, 0);
	return status;
}

static void begin_stage(struct dc_lowering *l, uint32_t stage)
{
	l->stage = stage;
	l->program = l->plan->ensemble->programs[stage];
	l->compute = dc_program_stream(l->program, "compute");
	l->send[DC_LOWER_FORWARD] = dc_program_stream(l->program, "send forward");
	l->send[DC_LOWER_BACKWARD] = dc_program_stream(l->program, "send backward");
	l->dense = dc_program_stream(l->program, "collective");
	l->replica = dc_program_stream(l->program, "replicas");
	l->experts = l->kinds.experts == l->kinds.dense ? l->dense
							: dc_program_stream(l->program, "experts");
	l->storage = dc_program_stream(l->program, "storage");
	l->last_compute = l->before_last_compute = DC_LOWER_NONE;
	for (int i = 0; i < 3; i++)
		l->gradients[i] = DC_LOWER_NONE;
	l->fresh_count = 0;
	for (int i = 0; i < 2; i++)
		l->first_gather[i] = (struct dc_lower_slot){NULL, DC_LOWER_NONE};
}

/* What a rank of the stage has. */
static void measure_stage(struct dc_lowering *l)
{
	struct dc_training_stage *stage = &l->plan->stages[l->stage];

	for (uint32_t c = 0; c < l->plan->pipeline.chunks; c++) {
		struct dc_pass pass = {.chunk = c};
		struct dc_lower_weights own =
			dc_lower_weights_of(l, dc_lower_part(l, part_of(l, &pass)));

		stage->parameters += own.dense + own.experts;
		stage->expert_parameters += own.experts;
	}
}

static enum dc_status add_stage(struct dc_lowering *l, uint32_t stage, struct dc_pass *passes)
{
	uint64_t count = dc_pipeline_passes(&l->plan->pipeline);
	enum dc_status status;

	begin_stage(l, stage);
	dc_pipeline_order(&l->plan->pipeline, stage, passes);
	measure_stage(l);
	status = add_reading(l);
	for (uint64_t i = 0; i < count && !status; i++)
		status = add_pass(l, &passes[i]);
	if (!status)
		status = late_gradients(l);
	if (!status)
		status = dc_lower_step(l);
	if (!status && l->data && !l->data->prefetch && stage == 0)
		l->program->dependencies[0].op = l->last_compute;
	return status;
}

static enum dc_status add_stages(struct dc_lowering *l)
{
	uint64_t stages = l->plan->pipeline.stages;
	struct dc_pass *passes = calloc(dc_pipeline_passes(&l->plan->pipeline), sizeof *passes);
	enum dc_status status = DC_OK;

	l->plan->stages = dc_arena_array(l->arena, stages, sizeof *l->plan->stages);
	l->fresh = dc_arena_array(l->arena, l->plan->layers.count, sizeof *l->fresh);
	if (!passes || !l->plan->stages || !l->fresh)
		status = DC_ERR_MEMORY;
	for (uint32_t s = 0; s < stages && !status; s++)
		status = add_stage(l, s, passes);
	free(passes);
	if (!status)
		connect_messages(l);
	return status;
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

static enum dc_status check_precision(const struct dc_training_workload *workload,
				      const struct dc_accelerator *accelerator,
				      struct dc_arena *arena, struct dc_diag *diag)
{
	if (dc_accelerator_supports(accelerator, (enum dc_precision)workload->precision))
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(workload->node, "precision"),
			     "precision: accelerator '%s' has no %s; it has %s",
			     accelerator->name ? accelerator->name : "(inline)",
			     dc_precision_names[workload->precision],
			     precisions_of(accelerator, arena));
}

/* Whether something overlaps, as the software says or leaves to the workload. */
static bool overlaps(int says, bool workload)
{
	if (says == DC_SOFTWARE_OVERLAP_WORKLOAD)
		return workload;
	return says == DC_SOFTWARE_OVERLAP_YES;
}

static void finish(struct dc_lowering *l)
{
	struct dc_training_plan *plan = l->plan;
	plan->flops /= plan->pipeline.stages;
	plan->model_flops /= plan->pipeline.stages;
	for (size_t i = 0; i < plan->layers.count; i++)
		plan->parameters += plan->layers.items[i].whole_parameters;
}

enum dc_status dc_training_lower(const struct dc_training_workload *workload,
				 const struct dc_training_data *data, uint64_t ranks,
				 const struct dc_accelerator *accelerator, struct dc_arena *arena,
				 struct dc_diag *diag, struct dc_training_plan *plan)
{
	const struct dc_parallelism *p = &workload->parallelism;
	const struct dc_software *software = dc_software_of(workload->software);
	struct dc_lowering l = {
		.workload = workload,
		.software = software,
		.accelerator = accelerator,
		.data = data,
		.reduce_bytes = software->reduce_bytes > 0 ? software->reduce_bytes
							   : software->gradient_bytes,
		.gather_bytes =
			software->gather_bytes > 0
				? software->gather_bytes
				: dc_precision_size_bytes((enum dc_precision)workload->precision),
		.overlap_gradients =
			overlaps(software->overlap_gradients, workload->synchronization.overlap),
		.overlap_gathers =
			overlaps(software->overlap_gathers, workload->synchronization.overlap),
		.arena = arena,
		.plan = plan,
	};
	enum dc_status status;

	*plan = (struct dc_training_plan){
		.ranks = ranks,
		.parts = p->pipeline * p->interleave,
		.pipeline = dc_training_pipeline(workload),
	};
	l.bucket_bytes =
		dc_software_bucket_bytes(software, l.reduce_bytes, (double)(p->data * p->context));
	if (!(l.bucket_bytes > 0))
		l.bucket_bytes = workload->synchronization.bucket_bytes;
	status = check_precision(workload, accelerator, arena, diag);
	if (!status)
		status = dc_training_expand(workload, arena, diag, &plan->layers);
	if (!status)
		plan->tied_parameters = dc_training_tied_parameters(workload, &plan->layers);
	if (!status)
		status = create_ensemble(&l);
	if (!status)
		status = dc_training_divide(p, &plan->layers, arena, &plan->part_layers);
	if (!status)
		status = prepare_passes(&l);
	if (!status)
		status = add_stages(&l);
	finish(&l);
	return status;
}
