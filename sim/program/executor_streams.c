/* The executor: streams, what their operations wait for, and how fast they go. */
#include <math.h>

#include "program/executor_private.h"

static uint64_t number_of(const struct dc_executor *executor, const struct actor *actor)
{
	return (uint64_t)(actor - executor->actors);
}

static const struct dc_program *program_of(const struct dc_executor *executor,
					   const struct actor *actor)
{
	return executor->stages[actor->stage].program;
}

static const struct timing *timing_of(const struct dc_executor *executor, const struct actor *actor,
				      uint32_t op)
{
	return &actor->timings[executor->stages[actor->stage].shape_of[op]];
}

uint32_t dc_executor_head(const struct dc_executor *executor, const struct actor *actor,
			  uint32_t stream)
{
	const struct dc_program_stream *p = &program_of(executor, actor)->streams[stream];

	return p->ops[actor->streams[stream].completed % p->count];
}

/* --- dependencies --- */

/* Whether an operation of a given iteration has completed. */
static bool has_completed(const struct dc_executor *executor, const struct actor *actor,
			  uint32_t number, uint64_t iteration)
{
	const struct dc_program *program = program_of(executor, actor);
	const struct dc_op *op = &program->ops[number];
	uint64_t count = program->streams[op->stream].count;

	return actor->streams[op->stream].completed > iteration * count + op->position;
}

const struct dc_dependency *dc_executor_missing(const struct dc_executor *executor,
						const struct actor *actor, const struct dc_op *op,
						uint64_t iteration)
{
	const struct dc_program *program = program_of(executor, actor);

	for (uint32_t i = 0; i < op->dependencies; i++) {
		const struct dc_dependency *d = &program->dependencies[op->first_dependency + i];
		const struct actor *whose = actor;

		if (d->lag > iteration)
			continue;
		if (d->program != DC_PROGRAM_SAME)
			whose = &executor->actors[actor->peers[d->program]];
		if (!has_completed(executor, whose, d->op, iteration - d->lag))
			return d;
	}
	return NULL;
}

/* Those who wait for an operation of this actor may go on, or wait for something else now. */
static void wake_watchers(struct dc_executor *executor, const struct actor *actor, uint32_t op)
{
	const struct stage *stage = &executor->stages[actor->stage];

	for (uint32_t i = 0; stage->watched[op] && i < stage->watcher_count; i++)
		dc_executor_wake(executor, actor->peers[stage->watchers[i]]);
}

/* --- speed --- */

static dc_time stretched(const struct dc_executor *executor, dc_time left, bool slowed)
{
	if (!slowed)
		return left;
	return (dc_time)rint((double)left * (1 + executor->machine->contention));
}

static bool is_slowed(const struct dc_executor *executor, const struct actor *actor)
{
	return actor->under_way && executor->machine->contention > 0;
}

static void change_speed(struct dc_executor *executor, struct actor *actor)
{
	struct running *running = &actor->running;
	dc_time now = dc_engine_now(executor->engine), done = now - running->since;

	if (running->slowed)
		done = (dc_time)rint((double)done / (1 + executor->machine->contention));
	running->left = dc_time_max(0, running->left - done);
	running->since = now;
	running->slowed = !running->slowed;
	dc_engine_reschedule(executor->engine, actor->streams[DC_PROGRAM_COMPUTE_STREAM].event,
			     now + stretched(executor, running->left, running->slowed));
}

/* Once all ends and beginnings of an instant are known. */
static void settle(void *context, uint64_t argument)
{
	struct dc_executor *executor = context;

	(void)argument;
	executor->settle = 0;
	for (uint64_t i = 0; i < executor->unsettled_count; i++) {
		struct actor *actor = &executor->actors[executor->unsettled[i]];

		actor->unsettled = false;
		if (actor->running.active && actor->running.slowed != is_slowed(executor, actor))
			change_speed(executor, actor);
	}
	executor->unsettled_count = 0;
}

void dc_executor_load(struct dc_executor *executor, struct actor *actor, bool more)
{
	actor->under_way += more ? 1 : UINT32_MAX;
	if (executor->machine->contention <= 0 || !actor->running.active || actor->unsettled)
		return;
	actor->unsettled = true;
	executor->unsettled[executor->unsettled_count++] = (uint32_t)number_of(executor, actor);
	if (!executor->settle)
		executor->settle =
			dc_engine_schedule(executor->engine, dc_engine_now(executor->engine),
					   DC_PHASE_STATE, 0, settle, executor, 0);
}

/* --- operations --- */

/* What the compute stream's own operations are counted as. */
static uint32_t bucket_during(const struct dc_op *op)
{
	switch (op->kind) {
	case DC_OP_COLLECTIVE:
		return BUCKET_KINDS + op->group;
	case DC_OP_SEND:
		return BUCKET_SENDS;
	case DC_OP_READ:
		return BUCKET_STALL;
	default:
		return BUCKET_COMPUTE;
	}
}

void dc_executor_complete(struct dc_executor *executor, struct actor *actor, uint32_t stream)
{
	struct stream_state *state = &actor->streams[stream];
	uint32_t number = dc_executor_head(executor, actor, stream);
	const struct dc_program *program = program_of(executor, actor);

	if (executor->observer.operation && program->ops[number].kind != DC_OP_MARK)
		executor->observer.operation(executor->observer.context, number_of(executor, actor),
					     actor->stage, number,
					     state->completed / program->streams[stream].count,
					     state->began, dc_engine_now(executor->engine));
	state->busy = false;
	state->meeting = false;
	state->event = 0;
	state->completed++;
	dc_executor_wake(executor, number_of(executor, actor));
	wake_watchers(executor, actor, number);
}

static void operation_ends(void *context, uint64_t argument)
{
	struct dc_executor *executor = context;
	uint32_t stream = (uint32_t)(argument % DC_PROGRAM_STREAMS);
	struct actor *actor = &executor->actors[argument / DC_PROGRAM_STREAMS];
	uint32_t number = dc_executor_head(executor, actor, stream);

	executor->in_flight--;
	switch (program_of(executor, actor)->ops[number].kind) {
	case DC_OP_COMPUTE:
		dc_executor_charge(executor, actor);
		actor->running.active = false;
		break;
	case DC_OP_SEND:
		dc_executor_load(executor, actor, false);
		actor->waiting--;
		dc_executor_show(executor, actor, actor->activity.reading);
		break;
	case DC_OP_READ:
		dc_executor_show(executor, actor, false);
		break;
	default:
		break;
	}
	dc_executor_complete(executor, actor, stream);
	dc_executor_work(executor);
}

void dc_executor_begin(struct dc_executor *executor, struct actor *actor, uint32_t stream)
{
	struct stream_state *state = &actor->streams[stream];
	uint32_t number = dc_executor_head(executor, actor, stream);
	const struct dc_op *op = &program_of(executor, actor)->ops[number];
	const struct timing *timing = timing_of(executor, actor, number);
	dc_time now = dc_engine_now(executor->engine), length = timing->duration;

	state->busy = true;
	state->meeting = false;
	state->began = now;
	executor->in_flight++;
	if (op->kind == DC_OP_SEND) {
		actor->waiting++;
		dc_executor_load(executor, actor, true);
		wake_watchers(executor, actor, number);
	}
	if (stream == DC_PROGRAM_COMPUTE_STREAM)
		dc_executor_enter(executor, actor, bucket_during(op),
				  op->kind == DC_OP_COMPUTE ? timing : NULL);
	if (op->kind == DC_OP_COMPUTE) {
		actor->running.active = true;
		actor->running.left = length;
		actor->running.since = now;
		actor->running.slowed = is_slowed(executor, actor);
		length = stretched(executor, length, actor->running.slowed);
	}
	if (op->kind == DC_OP_READ || op->kind == DC_OP_SEND)
		dc_executor_show(executor, actor,
				 op->kind == DC_OP_READ || actor->activity.reading);
	state->event = dc_engine_schedule(executor->engine, now + length, DC_PHASE_COMPLETION,
					  actor->first, operation_ends, executor,
					  number_of(executor, actor) * DC_PROGRAM_STREAMS + stream);
}

static void start_operation(struct dc_executor *executor, struct actor *actor, uint32_t stream,
			    uint32_t number)
{
	const struct dc_op *op = &program_of(executor, actor)->ops[number];

	if (timing_of(executor, actor, number)->duration >= DC_TIME_NEVER) {
		dc_diag_error(executor->diag, NULL, "'%s' would never end on this machine",
			      op->name);
		dc_engine_fail(executor->engine, DC_ERR_RUN);
	}
	if (op->kind == DC_OP_COLLECTIVE || (op->kind == DC_OP_COMPUTE && op->gang))
		dc_executor_arrive(executor, actor, stream);
	else
		dc_executor_begin(executor, actor, stream);
}

/* A mark: where streams wait for nothing but each other, and iterations end. */
static void pass(struct dc_executor *executor, struct actor *actor, uint32_t stream,
		 const struct dc_op *op)
{
	struct stream_state *state = &actor->streams[stream];

	state->began = dc_engine_now(executor->engine);
	if (stream == DC_PROGRAM_COMPUTE_STREAM &&
	    op->position + 1 == program_of(executor, actor)->streams[stream].count) {
		state->busy = state->meeting = true;
		dc_executor_end(executor, actor);
	} else if (op->gang) {
		dc_executor_arrive(executor, actor, stream);
	} else {
		dc_executor_complete(executor, actor, stream);
	}
}

/* --- going on --- */

/* Starts what a stream can start. */
static void advance_stream(struct dc_executor *executor, struct actor *actor, uint32_t stream)
{
	const struct dc_program *program = program_of(executor, actor);
	const struct dc_program_stream *p = &program->streams[stream];
	struct stream_state *state = &actor->streams[stream];

	while (!state->busy && p->count && executor->replay.phase != REPLAY_RUNNING) {
		uint64_t iteration = state->completed / p->count;
		uint32_t number = p->ops[state->completed % p->count];
		const struct dc_op *op = &program->ops[number];
		const struct dc_dependency *awaited;

		if (executor->finished ||
		    (executor->options.iterations && iteration >= executor->options.iterations))
			return;
		awaited = dc_executor_missing(executor, actor, op, iteration);
		if (awaited) {
			if (stream == DC_PROGRAM_COMPUTE_STREAM)
				dc_executor_enter(executor, actor,
						  dc_executor_wait_bucket(executor, actor, awaited,
									  iteration),
						  NULL);
			return;
		}
		if (op->kind == DC_OP_MARK)
			pass(executor, actor, stream, op);
		else
			start_operation(executor, actor, stream, number);
	}
}

void dc_executor_wake(struct dc_executor *executor, uint64_t number)
{
	uint64_t last;

	if (executor->actors[number].awake)
		return;
	executor->actors[number].awake = true;
	last = executor->awake_first + executor->awake_count++;
	executor->awake[last % executor->actor_count] = (uint32_t)number;
}

void dc_executor_work(struct dc_executor *executor)
{
	if (executor->working)
		return;
	executor->working = true;
	while (executor->awake_count) {
		struct actor *actor = &executor->actors[executor->awake[executor->awake_first]];

		if (++executor->awake_first == executor->actor_count)
			executor->awake_first = 0;
		executor->awake_count--;
		actor->awake = false;
		for (uint32_t s = 0; s < program_of(executor, actor)->stream_count; s++)
			advance_stream(executor, actor, s);
	}
	executor->working = false;
	dc_executor_check_blocked(executor);
}

void dc_executor_continue(struct dc_executor *executor)
{
	for (uint64_t i = 0; i < executor->actor_count; i++)
		dc_executor_wake(executor, i);
	dc_executor_work(executor);
}
