/* The executor: what actors are doing, and where their time goes. */
#include <math.h>

#include "program/executor_private.h"

static enum dc_executor_state state_of(uint32_t bucket)
{
	switch (bucket) {
	case BUCKET_COMPUTE:
		return DC_STATE_COMPUTING;
	case BUCKET_STALL:
		return DC_STATE_STALLED;
	case BUCKET_BUBBLE:
		return DC_STATE_WAITING;
	default:
		return DC_STATE_COMMUNICATING;
	}
}

/* The time up to now goes to the compute stream's bucket. */
static void account(const struct dc_executor *executor, struct actor *actor)
{
	dc_time now = dc_engine_now(executor->engine);

	actor->spent[actor->bucket] += now - actor->since;
	actor->since = now;
}

void dc_executor_report(struct dc_executor *executor, const struct actor *actor)
{
	if (executor->observer.activity)
		executor->observer.activity(executor->observer.context,
					    (uint64_t)(actor - executor->actors), &actor->activity);
}

static bool is_same(const struct dc_activity *a, const struct dc_activity *b)
{
	return a->state == b->state && !(a->compute < b->compute || a->compute > b->compute) &&
	       !(a->memory < b->memory || a->memory > b->memory) &&
	       !(a->exposed < b->exposed || a->exposed > b->exposed) && a->link == b->link &&
	       a->reading == b->reading;
}

/* Libraries of collectives poll: who waits for another's message drives the link as if it moved. */
void dc_executor_show(struct dc_executor *executor, struct actor *actor, bool reading)
{
	const struct timing *timing = actor->running.timing;
	struct dc_activity activity = {
		.state = state_of(actor->bucket),
		.compute = timing ? timing->compute : 0,
		.memory = timing ? timing->memory : 0,
		.exposed = timing ? timing->exposed : 0,
		.link = actor->waiting || actor->bucket >= BUCKET_BUBBLE ||
			(timing && timing->exposed > 0),
		.reading = reading,
	};

	if (is_same(&activity, &actor->activity))
		return;
	actor->activity = activity;
	dc_executor_report(executor, actor);
}

void dc_executor_enter(struct dc_executor *executor, struct actor *actor, uint32_t bucket,
		       const struct timing *timing)
{
	account(executor, actor);
	actor->bucket = bucket;
	actor->running.timing = timing;
	dc_executor_show(executor, actor, actor->activity.reading);
}

void dc_executor_charge(struct dc_executor *executor, struct actor *actor)
{
	const struct timing *timing = actor->running.timing;
	dc_time length =
		dc_engine_now(executor->engine) - actor->streams[DC_PROGRAM_COMPUTE_STREAM].began;

	account(executor, actor);
	for (int k = 1; k < DC_ENSEMBLE_KINDS && timing->exposed > 0; k++) {
		dc_time part = (dc_time)rint((double)length * timing->exposed_by[k]);

		/* Rounding must not take more than there is. */
		part = dc_time_min(part, actor->spent[BUCKET_COMPUTE]);
		actor->spent[BUCKET_COMPUTE] -= part;
		actor->spent[BUCKET_KINDS + k] += part;
	}
}

/* --- waiting --- */

enum { MOST_MARKS = 16 };

static uint32_t bucket_of(const struct dc_op *op)
{
	switch (op->kind) {
	case DC_OP_COLLECTIVE:
		return BUCKET_KINDS + op->group;
	case DC_OP_SEND:
		return BUCKET_SENDS;
	default:
		return BUCKET_STALL;
	}
}

/* A send that is on its way is a matter of links; one that is yet to come is a bubble. */
static uint32_t bucket_of_peer(const struct dc_executor *executor, const struct actor *peer,
			       const struct dc_op *op, uint64_t iteration)
{
	const struct stream_state *stream = &peer->streams[op->stream];
	uint64_t count = executor->stages[peer->stage].program->streams[op->stream].count;

	return op->kind == DC_OP_SEND && stream->busy &&
			       stream->completed == iteration * count + op->position
		       ? BUCKET_SENDS
		       : BUCKET_BUBBLE;
}

uint32_t dc_executor_wait_bucket(const struct dc_executor *executor, const struct actor *actor,
				 const struct dc_dependency *awaited, uint64_t iteration)
{
	const struct dc_program *program = executor->stages[actor->stage].program;

	/* A mark is not what holds up: that is at the head of its stream. */
	for (int marks = 0; marks < MOST_MARKS; marks++) {
		const struct dc_op *op;

		iteration -= awaited->lag;
		if (awaited->program != DC_PROGRAM_SAME && awaited->program != actor->stage)
			return bucket_of_peer(
				executor, &executor->actors[actor->peers[awaited->program]],
				&executor->ensemble->programs[awaited->program]->ops[awaited->op],
				iteration);
		op = &program->ops[awaited->op];
		if (op->kind != DC_OP_MARK)
			return bucket_of(op);
		op = &program->ops[dc_executor_head(executor, actor, op->stream)];
		if (actor->streams[op->stream].busy)
			return bucket_of(op);
		iteration =
			actor->streams[op->stream].completed / program->streams[op->stream].count;
		awaited = dc_executor_missing(executor, actor, op, iteration);
		if (!awaited)
			break;
	}
	return BUCKET_STALL;
}

void dc_executor_close(struct dc_executor *executor, struct actor *actor)
{
	struct dc_executor_account *a = &actor->account;

	/* The state stays until the next operation starts, or waits and says so. */
	account(executor, actor);
	*a = (struct dc_executor_account){
		.duration = dc_engine_now(executor->engine) - executor->iteration_start,
		.compute = actor->spent[BUCKET_COMPUTE],
		.stall = actor->spent[BUCKET_STALL],
		.bubble = actor->spent[BUCKET_BUBBLE],
		.sends = actor->spent[BUCKET_SENDS],
	};
	for (int k = 1; k < DC_ENSEMBLE_KINDS; k++)
		a->exposed[k] = actor->spent[BUCKET_KINDS + k];
	for (int i = 0; i < BUCKETS; i++)
		actor->spent[i] = 0;
}

/* What each part comes to, over all ranks: the mean rounded down, and what rounding leaves over goes to
 * compute, which has the most. */
void dc_executor_sum(const struct dc_executor *executor, struct dc_executor_iteration *row)
{
	dc_time ranks = (dc_time)executor->ranks, stall = 0, bubble = 0, sends = 0;
	dc_time exposed[DC_ENSEMBLE_KINDS] = {0};

	for (uint64_t i = 0; i < executor->actor_count; i++) {
		const struct dc_executor_account *a = &executor->actors[i].account;
		dc_time weight = (dc_time)executor->actors[i].ranks;

		stall += weight * a->stall;
		bubble += weight * a->bubble;
		sends += weight * a->sends;
		for (int k = 1; k < DC_ENSEMBLE_KINDS; k++)
			exposed[k] += weight * a->exposed[k];
	}
	row->stall = stall / ranks;
	row->bubble = bubble / ranks;
	row->sends = sends / ranks;
	row->exposed_communication = row->sends;
	for (int k = 1; k < DC_ENSEMBLE_KINDS; k++) {
		row->exposed[k] = exposed[k] / ranks;
		row->exposed_communication += row->exposed[k];
	}
	row->compute = row->duration - row->stall - row->bubble - row->exposed_communication;
}

bool dc_executor_iteration_equals(const struct dc_executor_iteration *a,
				  const struct dc_executor_iteration *b)
{
	for (int k = 1; k < DC_ENSEMBLE_KINDS; k++)
		if (a->exposed[k] != b->exposed[k])
			return false;
	return a->duration == b->duration && a->compute == b->compute && a->stall == b->stall &&
	       a->bubble == b->bubble && a->sends == b->sends &&
	       a->exposed_communication == b->exposed_communication;
}
