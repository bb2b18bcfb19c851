/* The lowering: weights, gradients and the optimizer's step over the data-parallel ranks. */
#include "training/lower_private.h"

#include "training/stages.h"

enum dc_status dc_lower_add(struct dc_lowering *l, uint32_t stream, const struct dc_op *op,
			    uint32_t *number)
{
	uint32_t added = 0;
	enum dc_status status = dc_program_add(l->program, stream, op, &added);

	if (number)
		*number = added;
	if (status || stream != l->compute)
		return status;
	l->before_last_compute = l->last_compute;
	l->last_compute = added;
	return DC_OK;
}

static enum dc_status wait_for_gradients(struct dc_lowering *l)
{
	enum dc_status status = DC_OK;

	for (int i = 0; i < 3 && !status; i++)
		if (l->gradients[i] != DC_LOWER_NONE)
			status = dc_program_wait(l->program, l->gradients[i], 0);
	return status;
}

enum dc_status dc_lower_compute(struct dc_lowering *l, const struct dc_lower_work *work,
				const struct dc_pass *pass)
{
	struct dc_op op = {
		.kind = DC_OP_COMPUTE,
		.name = pass->backward ? "backward" : "forward",
		.parts = work->parts,
		.part_count = work->count,
		.gang = l->kinds.model,
		.role = pass->backward ? DC_ROLE_BACKWARD : DC_ROLE_FORWARD,
		.micro_batch = pass->micro_batch,
		.chunk = pass->chunk,
	};
	enum dc_status status;

	l->plan->flops += work->flops;
	l->plan->model_flops += work->flops - work->again_flops;
	status = dc_lower_add(l, l->compute, &op, NULL);
	/* Gradients that zero 2 and 3 hand in on the way, where nothing overlaps. */
	if (!status && !l->overlap_gradients)
		status = wait_for_gradients(l);
	return status;
}

/* --- collectives --- */

static enum dc_status add_collective(struct dc_lowering *l, uint32_t stream, uint32_t kind,
				     const char *name, enum dc_op_role role,
				     enum dc_operation operation, double bytes,
				     const struct dc_pass *pass, uint32_t *number)
{
	struct dc_op op = {
		.kind = DC_OP_COLLECTIVE,
		.name = name,
		.gang = DC_PROGRAM_NO_GROUP,
		.group = kind,
		.operation = operation,
		.algorithm = l->workload->synchronization.algorithm,
		.size_bytes = bytes,
		.role = role,
		.micro_batch = pass ? pass->micro_batch : 0,
		.chunk = pass ? pass->chunk : 0,
	};

	return dc_lower_add(l, stream, &op, number);
}

static enum dc_status add_gather(struct dc_lowering *l, bool experts, double parameters,
				 const struct dc_pass *pass, uint32_t *number)
{
	return add_collective(l, experts ? l->experts : l->dense,
			      experts ? l->kinds.experts : l->kinds.dense, "weights",
			      DC_ROLE_GATHER, DC_OPERATION_ALL_GATHER, parameters * l->gather_bytes,
			      pass, number);
}

/* The unit's gather may run one unit ahead: it waits for the computation before the last, where nothing overlaps
 * for the last. The first of an iteration, of each kind of weights, waits for the step. */
static enum dc_status gather_waits(struct dc_lowering *l, bool experts)
{
	uint32_t after = l->overlap_gathers ? l->before_last_compute : l->last_compute;
	struct dc_lower_slot *fresh = &l->first_gather[experts];

	if (after != DC_LOWER_NONE)
		return dc_program_wait(l->program, after, 0);
	/* The second follows the first on its stream. */
	if (fresh->program)
		return DC_OK;
	*fresh = (struct dc_lower_slot){l->program, l->program->dependency_count};
	return dc_program_wait(l->program, 0, 1);
}

enum dc_status dc_lower_gather(struct dc_lowering *l, struct dc_lower_range unit,
			       const struct dc_pass *pass, uint32_t *dense, uint32_t *experts)
{
	struct dc_lower_weights weights = dc_lower_weights_of(l, unit);
	enum dc_status status = DC_OK;

	*dense = *experts = DC_LOWER_NONE;
	if (weights.dense > 0 && l->dense_shards > 1) {
		status = add_gather(l, false, weights.dense, pass, dense);
		if (!status)
			status = gather_waits(l, false);
	}
	if (!status && weights.experts > 0 && l->expert_shards > 1) {
		status = add_gather(l, true, weights.experts, pass, experts);
		if (!status)
			status = *dense != DC_LOWER_NONE ? dc_program_wait(l->program, *dense, 0)
							 : gather_waits(l, true);
	}
	return status;
}

static enum dc_status hand_in(struct dc_lowering *l, int which, double parameters,
			      const struct dc_pass *pass, uint32_t after)
{
	const uint32_t streams[] = {l->dense, l->replica, l->experts};
	const uint32_t kinds[] = {l->kinds.dense, l->kinds.replica, l->kinds.experts};
	uint64_t shards = which == 2 ? l->expert_shards : l->dense_shards;
	double bytes = parameters * l->reduce_bytes;
	bool scatter = shards > 1 && which != 1;
	enum dc_status status;

	if (kinds[which] == DC_PROGRAM_NO_GROUP || !(parameters > 0))
		return DC_OK;
	status = add_collective(l, streams[which], kinds[which], "gradients", DC_ROLE_GRADIENTS,
				scatter ? DC_OPERATION_REDUCE_SCATTER : DC_OPERATION_ALL_REDUCE,
				bytes, pass, &l->gradients[which]);
	if (!status)
		status = dc_program_wait(l->program, after, 0);
	if (l->stage == 0) {
		l->plan->gradient_bytes += bytes;
		l->plan->buckets++;
	}
	return status;
}

enum dc_status dc_lower_gradients(struct dc_lowering *l, struct dc_lower_weights weights,
				  const struct dc_pass *pass, uint32_t after)
{
	enum dc_status status = hand_in(l, 0, weights.dense, pass, after);

	if (!status && l->kinds.replica != DC_PROGRAM_NO_GROUP)
		status = hand_in(l, 1, weights.dense / (double)l->dense_shards, pass,
				 l->gradients[0] == DC_LOWER_NONE ? after : l->gradients[0]);
	return status ? status : hand_in(l, 2, weights.experts, pass, after);
}

/* --- the step --- */

static enum dc_status add_mark(struct dc_lowering *l, const char *name)
{
	struct dc_op op = {.kind = DC_OP_MARK, .name = name, .gang = DC_PROGRAM_NO_GROUP};

	if (l->plan->pipeline.stages > 1)
		op.gang = l->kinds.all;
	return dc_lower_add(l, l->compute, &op, NULL);
}

static enum dc_status add_optimizer(struct dc_lowering *l)
{
	const struct dc_optimizer_use use = dc_training_optimizer(l->workload);
	struct dc_lower_weights own = {0, 0};
	struct dc_part *part = dc_arena_array(l->arena, 1, sizeof *part);
	struct dc_op op = {
		.kind = DC_OP_COMPUTE,
		.name = "optimizer",
		.parts = part,
		.part_count = 1,
		.gang = DC_PROGRAM_NO_GROUP,
		.role = DC_ROLE_OPTIMIZER,
	};

	if (!part)
		return DC_ERR_MEMORY;
	own.dense =
		l->plan->stages[l->stage].parameters - l->plan->stages[l->stage].expert_parameters;
	own.experts = l->plan->stages[l->stage].expert_parameters;
	*part = (struct dc_part){
		.work = dc_optimizer_use_work(&use, own.dense / (double)l->dense_shards +
							    own.experts / (double)l->expert_shards),
		.group = DC_PROGRAM_NO_GROUP,
		.times = 1,
	};
	l->plan->flops += part->work.flops;
	return dc_lower_add(l, l->compute, &op, NULL);
}

/* What the host launches one by one around the step, with nothing to hide it. */
static enum dc_status add_host_step(struct dc_lowering *l)
{
	const struct dc_software_host *host = &l->software->host;
	struct dc_op op = {
		.kind = DC_OP_DELAY,
		.name = "host",
		.gang = DC_PROGRAM_NO_GROUP,
		.role = DC_ROLE_OPTIMIZER,
		.delay = dc_time_from_s(host->step * host->launch_s),
	};

	return op.delay > 0 ? dc_lower_add(l, l->compute, &op, NULL) : DC_OK;
}

/* Gathers weights that the step has renewed; last: of the dense ones, and of the experts'. */
static enum dc_status gather_renewed(struct dc_lowering *l, struct dc_lower_weights weights,
				     uint32_t chunk, uint32_t step, uint32_t last[2])
{
	const double own[] = {weights.dense, weights.experts};
	const uint64_t shards[] = {l->dense_shards, l->expert_shards};
	struct dc_pass pass = {.chunk = chunk};
	enum dc_status status = DC_OK;

	for (int i = 0; i < 2 && !status; i++) {
		if (shards[i] == 1 || !(own[i] > 0))
			continue;
		status = add_gather(l, i == 1, own[i], &pass, &last[i]);
		if (!status)
			status = dc_program_wait(l->program, step, 0);
	}
	return status;
}

/* Bucket by bucket while the next iteration begins: its first passes wait for each. */
static enum dc_status gather_beside(struct dc_lowering *l, uint32_t step)
{
	enum dc_status status = DC_OK;

	for (size_t k = 0; k < l->fresh_count && !status; k++) {
		const struct dc_lower_fresh *fresh = &l->fresh[k];
		uint32_t last[2] = {DC_LOWER_NONE, DC_LOWER_NONE};

		status = gather_renewed(l, fresh->weights, fresh->chunk, step, last);
		for (int i = 0; i < 2 && !status; i++)
			if (fresh->slots[i].program)
				l->program->dependencies[fresh->slots[i].dependency].op = last[i];
	}
	return status;
}

/* Chunk by chunk before this one ends. */
static enum dc_status gather_last(struct dc_lowering *l, uint32_t step)
{
	uint32_t last[2] = {DC_LOWER_NONE, DC_LOWER_NONE};
	enum dc_status status = DC_OK;

	for (uint32_t c = 0; c < l->plan->pipeline.chunks && !status; c++)
		status = gather_renewed(
			l,
			dc_lower_weights_of(
				l, dc_lower_part(l, (uint64_t)c * l->plan->pipeline.stages +
							    l->stage)),
			c, step, last);
	if (status || (last[0] == DC_LOWER_NONE && last[1] == DC_LOWER_NONE))
		return status;
	status = dc_lower_add(l, l->compute,
			      &(struct dc_op){.kind = DC_OP_MARK,
					      .name = "weights gathered",
					      .gang = DC_PROGRAM_NO_GROUP},
			      NULL);
	for (int i = 0; i < 2 && !status; i++)
		if (last[i] != DC_LOWER_NONE)
			status = dc_program_wait(l->program, last[i], 0);
	return status;
}

/* First and last stage both hold the embedding: each sends the other its gradients. */
static enum dc_status exchange_tied(struct dc_lowering *l, uint32_t *wait)
{
	const struct dc_pipeline *pipeline = &l->plan->pipeline;
	uint32_t last = pipeline->stages - 1;
	bool first_stage = l->stage == 0;
	struct dc_op op = {
		.kind = DC_OP_SEND,
		.name = "embedding gradients",
		.gang = DC_PROGRAM_NO_GROUP,
		.peer = first_stage ? last : 0,
		.size_bytes = l->plan->tied_parameters * l->reduce_bytes,
		.role = DC_ROLE_GRADIENTS,
	};
	enum dc_status status;

	*wait = DC_LOWER_NONE;
	if (last == 0 || !(l->plan->tied_parameters > 0) || (!first_stage && l->stage != last))
		return DC_OK;
	status = dc_lower_add(l, l->send[first_stage ? DC_LOWER_FORWARD : DC_LOWER_BACKWARD], &op,
			      wait);
	if (!status)
		status = dc_program_wait(l->program, l->last_compute, 0);
	return status ? status : wait_for_gradients(l);
}

/* What the step waits for: own gradients, and the other stage's of tied weights. */
static enum dc_status step_waits(struct dc_lowering *l, uint32_t tied)
{
	bool first_stage = l->stage == 0;
	enum dc_status status = wait_for_gradients(l);

	if (status || tied == DC_LOWER_NONE)
		return status;
	l->tied[!first_stage] = tied;
	l->tied_waiting[!first_stage] =
		(struct dc_lower_slot){l->program, l->program->dependency_count};
	return dc_program_wait_for(l->program, first_stage ? l->plan->pipeline.stages - 1 : 0, 0,
				   0);
}

enum dc_status dc_lower_step(struct dc_lowering *l)
{
	bool several = l->plan->pipeline.stages > 1;
	uint32_t tied = DC_LOWER_NONE, step;
	enum dc_status status = exchange_tied(l, &tied);

	/* The norm of all gradients is known once every stage has its own. */
	if (!status && several)
		status = add_mark(l, "gradients");
	if (!status && several)
		status = step_waits(l, tied);
	if (!status)
		status = add_optimizer(l);
	if (!status && !several)
		status = step_waits(l, tied);
	step = l->last_compute;
	if (!status)
		status = add_host_step(l);
	if (!status && l->workload->parallelism.zero == 3) {
		for (int i = 0; i < 2; i++)
			if (l->first_gather[i].program)
				l->program->dependencies[l->first_gather[i].dependency].op = step;
	} else if (!status) {
		status = l->overlap_gathers ? gather_beside(l, step) : gather_last(l, step);
	}
	return status ? status : add_mark(l, "end");
}
