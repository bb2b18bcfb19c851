/* The executor: streams, dependencies, and the account of where time goes. */
#include "program/executor_private.h"

#include <stdlib.h>

enum { MOST_EMPTY = 1000 };

static void operation_ends(void *context, uint64_t argument);
static void collective_ends(void *context, uint64_t argument);
static void advance_actor(struct dc_executor *executor, uint64_t number);
static void check_blocked(struct dc_executor *executor);

/* --- creation --- */

static enum dc_status collective_request(const struct dc_executor *executor, uint32_t number,
					 struct dc_collective_request *request)
{
	const struct dc_op *op = &executor->program->ops[number];

	*request = (struct dc_collective_request){
		.group = dc_group_all(executor->machine->fabric),
		.request = {.operation = op->operation, .size_bytes = op->size_bytes},
		.any_protocol = true,
	};
	return dc_collective_name_algorithm(op->algorithm ? op->algorithm : "auto", request);
}

/* Operations of the same size are done alike: the one before is asked first. */
static enum dc_status prepare_collective(struct dc_executor *executor, uint32_t number)
{
	const struct dc_op *ops = executor->program->ops, *op = &ops[number];
	struct dc_collective *collective = &executor->collectives[number];
	struct dc_collective_request request;
	const char *why = NULL;
	enum dc_status status;

	for (uint32_t i = 0; i < number; i++) {
		if (ops[i].kind != DC_OP_COLLECTIVE || ops[i].operation != op->operation ||
		    ops[i].size_bytes != op->size_bytes || ops[i].algorithm != op->algorithm)
			continue;
		*collective = executor->collectives[i];
		return DC_OK;
	}
	status = collective_request(executor, number, &request);
	if (!status)
		status = dc_collective_find(executor->machine->fabric, &request, collective, &why);
	if (status == DC_ERR_RUN)
		dc_diag_error(executor->diag, NULL, "'%s': %s by '%s': %s", op->name,
			      dc_operation_name(op->operation),
			      op->algorithm ? op->algorithm : "auto",
			      why ? why : "there is no such algorithm");
	return status;
}

static enum dc_status prepare_operation(struct dc_executor *executor, uint32_t number)
{
	const struct dc_op *op = &executor->program->ops[number];
	const struct dc_machine *machine = executor->machine;
	struct dc_activity *activity = &executor->activities[number];
	enum dc_status status = DC_OK;
	double duration_s;

	switch (op->kind) {
	case DC_OP_COMPUTE:
		duration_s = dc_roofline_duration_s(machine->accelerator, &op->work);
		executor->durations[number] = dc_time_from_s(duration_s);
		if (duration_s > 0)
			dc_roofline_activity(machine->accelerator, &op->work, duration_s,
					     &activity->compute, &activity->memory);
		break;
	case DC_OP_COLLECTIVE:
		status = prepare_collective(executor, number);
		executor->durations[number] = executor->collectives[number].duration;
		break;
	case DC_OP_READ:
		executor->durations[number] =
			dc_time_from_s(op->samples > 0 ? op->samples / machine->samples_per_s : 0);
		break;
	case DC_OP_DELAY:
		executor->durations[number] = op->delay;
		break;
	case DC_OP_MARK:
		break;
	}
	return status;
}

static bool allocate(struct dc_executor *executor)
{
	const struct dc_program *program = executor->program;
	uint32_t streams = program->stream_count;

	executor->actors = calloc(executor->actor_count, sizeof *executor->actors);
	executor->stream_states =
		calloc(executor->actor_count * streams, sizeof *executor->stream_states);
	executor->durations = calloc(program->count + 1, sizeof *executor->durations);
	executor->activities = calloc(program->count + 1, sizeof *executor->activities);
	executor->collectives = calloc(program->count + 1, sizeof *executor->collectives);
	executor->gathering.plans = calloc(program->count + 1, sizeof *executor->gathering.plans);
	if (!executor->actors || !executor->stream_states || !executor->durations ||
	    !executor->activities || !executor->collectives || !executor->gathering.plans)
		return false;
	for (uint64_t i = 0; i < executor->actor_count; i++) {
		executor->actors[i].streams = &executor->stream_states[i * streams];
		executor->actors[i].state = DC_STATE_STALLED;
		executor->actors[i].activity.state = DC_STATE_STALLED;
	}
	return dc_executor_replay_init(executor) == DC_OK;
}

struct dc_executor *dc_executor_create(struct dc_engine *engine, struct dc_diag *diag,
				       const struct dc_program *program,
				       const struct dc_machine *machine,
				       const struct dc_executor_options *options,
				       const struct dc_executor_observer *observer)
{
	struct dc_executor *executor = calloc(1, sizeof *executor);

	if (!executor)
		return NULL;
	executor->engine = engine;
	executor->diag = diag;
	executor->program = program;
	executor->machine = machine;
	executor->options = *options;
	executor->observer = *observer;
	executor->actor_count = options->exact ? machine->fabric->ranks : 1;
	executor->multiplicity = machine->fabric->ranks / executor->actor_count;
	if (!allocate(executor)) {
		dc_executor_destroy(executor);
		return NULL;
	}
	for (uint32_t i = 0; i < program->count; i++) {
		if (prepare_operation(executor, i)) {
			dc_executor_destroy(executor);
			return NULL;
		}
	}
	return executor;
}

void dc_executor_destroy(struct dc_executor *executor)
{
	if (!executor)
		return;
	dc_executor_replay_fini(executor);
	for (int i = 0; i < 2; i++)
		dc_runner_destroy(executor->gathering.runners[i]);
	for (uint32_t i = 0; i < executor->program->count && executor->gathering.plans; i++)
		dc_plan_fini(&executor->gathering.plans[i]);
	free(executor->gathering.plans);
	free(executor->collectives);
	free(executor->actors);
	free(executor->stream_states);
	free(executor->durations);
	free(executor->activities);
	free(executor);
}

uint64_t dc_executor_actors(const struct dc_executor *executor)
{
	return executor->actor_count;
}

uint64_t dc_executor_multiplicity(const struct dc_executor *executor)
{
	return executor->multiplicity;
}

const struct dc_collective *dc_executor_collective(const struct dc_executor *executor, uint32_t op)
{
	return &executor->collectives[op];
}

dc_time dc_executor_op_duration(const struct dc_executor *executor, uint32_t op)
{
	return executor->durations[op];
}

/* --- dependencies --- */

/* Whether an operation of a given iteration has completed. */
static bool has_completed(const struct dc_executor *executor, const struct actor *actor,
			  uint32_t number, uint64_t iteration)
{
	const struct dc_op *op = &executor->program->ops[number];
	uint64_t count = executor->program->streams[op->stream].count;

	return actor->streams[op->stream].completed > iteration * count + op->position;
}

/* The operation this one waits for first, or -1. */
static int64_t missing(const struct dc_executor *executor, const struct actor *actor,
		       const struct dc_op *op, uint64_t iteration)
{
	const struct dc_program *program = executor->program;

	for (uint32_t i = 0; i < op->dependencies; i++) {
		const struct dc_dependency *d = &program->dependencies[op->first_dependency + i];

		if (d->lag > iteration)
			continue;
		if (!has_completed(executor, actor, d->op, iteration - d->lag))
			return d->op;
	}
	return -1;
}

/* --- what an actor is doing --- */

void dc_executor_report(struct dc_executor *executor, const struct actor *actor)
{
	if (executor->observer.activity)
		executor->observer.activity(executor->observer.context,
					    (uint64_t)(actor - executor->actors), &actor->activity);
}

/* The time up to now goes to the compute stream's state. */
static void account(const struct dc_executor *executor, struct actor *actor)
{
	dc_time now = dc_engine_now(executor->engine);

	actor->spent[actor->state] += now - actor->since;
	actor->since = now;
}

static void enter_state(struct dc_executor *executor, struct actor *actor,
			enum dc_executor_state state)
{
	account(executor, actor);
	actor->state = state;
	actor->activity.state = state;
}

static void wait_for(struct dc_executor *executor, struct actor *actor, uint32_t number)
{
	enum dc_executor_state state = executor->program->ops[number].kind == DC_OP_COLLECTIVE
					       ? DC_STATE_COMMUNICATING
					       : DC_STATE_STALLED;

	if (state == actor->state && actor->activity.compute == 0 && actor->activity.memory == 0)
		return;
	enter_state(executor, actor, state);
	actor->activity.compute = 0;
	actor->activity.memory = 0;
	dc_executor_report(executor, actor);
}

/* --- collectives --- */

static void finish_collective(struct dc_executor *executor, struct actor *actor)
{
	uint32_t stream = 0;

	for (uint32_t s = 0; s < executor->program->stream_count; s++) {
		const struct dc_program_stream *p = &executor->program->streams[s];

		if (!actor->streams[s].busy)
			continue;
		if (executor->program->ops[p->ops[actor->streams[s].completed % p->count]].kind ==
		    DC_OP_COLLECTIVE)
			stream = s;
	}
	actor->streams[stream].busy = false;
	actor->streams[stream].completed++;
	actor->activity.link = false;
	dc_executor_report(executor, actor);
}

/* Everyone's end. */
static void collective_ends(void *context, uint64_t argument)
{
	struct dc_executor *executor = context;

	(void)argument;
	executor->in_flight--;
	for (uint64_t i = 0; i < executor->actor_count; i++)
		finish_collective(executor, &executor->actors[i]);
	dc_executor_continue(executor);
}

static void last_message(void *context, uint32_t operation, dc_time begin, dc_time end)
{
	(void)operation;
	(void)begin;
	(void)end;
	collective_ends(context, 0);
}

/* Message by message. A runner that has ended is kept until the next but one begins: the end of one may
 * be what begins the next. */
static enum dc_status run_exactly(struct dc_executor *executor, uint32_t number)
{
	struct gathering *gathering = &executor->gathering;
	struct dc_plan *plan = &gathering->plans[number];
	const struct dc_runner_options options = {.exact = true};
	struct dc_collective_request request;
	enum dc_status status = DC_OK;

	if (!plan->jobs) {
		status = collective_request(executor, number, &request);
		if (!status)
			status = dc_collective_plan(executor->machine->fabric, &request,
						    &executor->collectives[number], true, plan);
	}
	if (status)
		return status;
	dc_runner_destroy(gathering->runners[0]);
	gathering->runners[0] = gathering->runners[1];
	gathering->runners[1] =
		dc_runner_create(executor->engine, plan, &options, last_message, executor);
	if (!gathering->runners[1])
		return DC_ERR_MEMORY;
	dc_runner_start(gathering->runners[1]);
	return DC_OK;
}

static void arrive(struct dc_executor *executor, struct actor *actor, struct stream_state *stream,
		   uint32_t number)
{
	struct gathering *gathering = &executor->gathering;
	dc_time now = dc_engine_now(executor->engine);
	enum dc_status status;

	stream->busy = true;
	stream->event = 0;
	actor->activity.link = true;
	dc_executor_report(executor, actor);
	if (++gathering->arrived < executor->actor_count)
		return;
	gathering->arrived = 0;
	executor->in_flight++;
	if (!executor->options.exact || !executor->collectives[number].algorithm) {
		stream->event =
			dc_engine_schedule(executor->engine, now + executor->durations[number],
					   DC_PHASE_COMPLETION, 0, collective_ends, executor, 0);
		return;
	}
	status = run_exactly(executor, number);
	if (status)
		dc_engine_fail(executor->engine, status);
}

/* --- operations --- */

/* What the compute stream's own operations are counted as. */
static const enum dc_executor_state state_during[] = {
	[DC_OP_COMPUTE] = DC_STATE_COMPUTING, [DC_OP_COLLECTIVE] = DC_STATE_COMMUNICATING,
	[DC_OP_READ] = DC_STATE_STALLED,      [DC_OP_DELAY] = DC_STATE_COMPUTING,
	[DC_OP_MARK] = DC_STATE_COMPUTING,
};

static void start_operation(struct dc_executor *executor, struct actor *actor, uint32_t stream,
			    uint32_t number)
{
	struct stream_state *state = &actor->streams[stream];
	uint64_t who = (uint64_t)(actor - executor->actors);
	const struct dc_op *op = &executor->program->ops[number];

	if (executor->durations[number] >= DC_TIME_NEVER) {
		dc_diag_error(executor->diag, NULL, "'%s' would never end on this machine",
			      op->name);
		dc_engine_fail(executor->engine, DC_ERR_RUN);
	}
	if (stream == DC_PROGRAM_COMPUTE_STREAM) {
		enter_state(executor, actor, state_during[op->kind]);
		actor->activity.compute = executor->activities[number].compute;
		actor->activity.memory = executor->activities[number].memory;
		dc_executor_report(executor, actor);
	}
	if (op->kind == DC_OP_COLLECTIVE) {
		arrive(executor, actor, state, number);
		return;
	}
	if (op->kind == DC_OP_READ) {
		actor->activity.reading = true;
		dc_executor_report(executor, actor);
	}
	state->busy = true;
	executor->in_flight++;
	state->event = dc_engine_schedule(
		executor->engine, dc_engine_now(executor->engine) + executor->durations[number],
		DC_PHASE_COMPLETION, who, operation_ends, executor,
		who * executor->program->stream_count + stream);
}

static void operation_ends(void *context, uint64_t argument)
{
	struct dc_executor *executor = context;
	uint64_t who = argument / executor->program->stream_count;
	uint32_t stream = (uint32_t)(argument % executor->program->stream_count);
	struct actor *actor = &executor->actors[who];
	struct stream_state *state = &actor->streams[stream];
	const struct dc_program_stream *p = &executor->program->streams[stream];
	uint32_t number = p->ops[state->completed % p->count];

	executor->in_flight--;
	state->busy = false;
	state->completed++;
	if (executor->program->ops[number].kind == DC_OP_READ) {
		actor->activity.reading = false;
		dc_executor_report(executor, actor);
	}
	advance_actor(executor, who);
	check_blocked(executor);
}

/* Iterations without length never let the clock move on: unless they are counted, that is an error.
 * The first ones may be (a dependency on earlier iterations does not bind them). */
static bool stands_still(struct dc_executor *executor, dc_time duration)
{
	executor->empty = duration > 0 ? 0 : executor->empty + 1;
	if (executor->options.iterations || executor->empty < MOST_EMPTY)
		return false;
	dc_diag_error(executor->diag, NULL, "the program's iterations take no time");
	dc_engine_fail(executor->engine, DC_ERR_RUN);
	executor->finished = true;
	return true;
}

/* The actor's last operation of an iteration is done. True: nothing more may start, because a
 * replay has begun or the run has failed. */
static bool end_iteration(struct dc_executor *executor, struct actor *actor)
{
	dc_time now = dc_engine_now(executor->engine);
	struct dc_executor_iteration row;

	/* The state stays until the next operation starts, or waits and says so. */
	account(executor, actor);
	row = (struct dc_executor_iteration){
		.first = executor->iterations,
		.count = 1,
		.start = executor->iteration_start,
		.duration = now - executor->iteration_start,
		.compute = actor->spent[DC_STATE_COMPUTING],
		.exposed_communication = actor->spent[DC_STATE_COMMUNICATING],
		.stall = actor->spent[DC_STATE_STALLED],
	};
	for (int i = 0; i < 3; i++)
		actor->spent[i] = 0;
	actor->iterations++;
	if (++executor->ended < executor->actor_count)
		return false;
	executor->ended = 0;
	executor->iterations++;
	executor->iteration_start = now;
	if (executor->observer.iteration) {
		enum dc_status status =
			executor->observer.iteration(executor->observer.context, &row);

		if (status)
			dc_engine_fail(executor->engine, status);
	}
	if (executor->iterations == executor->options.iterations) {
		executor->finished = true;
		if (executor->observer.finished)
			executor->observer.finished(executor->observer.context);
		return false;
	}
	return stands_still(executor, row.duration) || dc_executor_boundary(executor, &row);
}

/* Starts what a stream can start. True when something changed for others to look at. */
static bool advance_stream(struct dc_executor *executor, struct actor *actor, uint32_t stream,
			   bool *replaying)
{
	const struct dc_program_stream *p = &executor->program->streams[stream];
	struct stream_state *state = &actor->streams[stream];
	bool moved = false;

	while (!state->busy && p->count) {
		uint64_t iteration = state->completed / p->count;
		uint32_t number = p->ops[state->completed % p->count];
		const struct dc_op *op = &executor->program->ops[number];
		int64_t awaited;

		if (executor->options.iterations && iteration >= executor->options.iterations)
			return moved;
		awaited = missing(executor, actor, op, iteration);
		if (awaited >= 0) {
			if (stream == DC_PROGRAM_COMPUTE_STREAM)
				wait_for(executor, actor, (uint32_t)awaited);
			return moved;
		}
		if (op->kind != DC_OP_MARK) {
			start_operation(executor, actor, stream, number);
			return moved;
		}
		state->completed++;
		moved = true;
		if (stream == DC_PROGRAM_COMPUTE_STREAM && op->position + 1 == p->count &&
		    end_iteration(executor, actor)) {
			*replaying = true;
			return false;
		}
	}
	return moved;
}

static const char *waits_for(struct dc_executor *executor, uint64_t *iteration, const char **who)
{
	struct actor *actor = &executor->actors[0];

	for (uint32_t s = 0; s < executor->program->stream_count; s++) {
		const struct dc_program_stream *p = &executor->program->streams[s];
		const struct dc_op *op;
		int64_t awaited;

		if (!p->count || actor->streams[s].busy)
			continue;
		op = &executor->program->ops[p->ops[actor->streams[s].completed % p->count]];
		*iteration = actor->streams[s].completed / p->count;
		awaited = missing(executor, actor, op, *iteration);
		*who = op->name;
		if (awaited >= 0)
			return executor->program->ops[awaited].name;
	}
	return NULL;
}

/* Nothing runs and nothing can start, yet iterations are missing: say who waits for what. */
static void check_blocked(struct dc_executor *executor)
{
	const char *who = "", *what;
	uint64_t iteration = 0;

	if (executor->in_flight || executor->finished || executor->replay.phase == REPLAY_RUNNING)
		return;
	what = waits_for(executor, &iteration, &who);
	dc_diag_error(executor->diag, NULL,
		      "the program cannot proceed: '%s' of iteration %llu waits for '%s'", who,
		      (unsigned long long)iteration, what ? what : "the other ranks");
	dc_engine_fail(executor->engine, DC_ERR_RUN);
}

static void advance_actor(struct dc_executor *executor, uint64_t number)
{
	struct actor *actor = &executor->actors[number];
	bool moved, replaying = false;

	do {
		moved = false;
		for (uint32_t s = 0; s < executor->program->stream_count; s++) {
			moved |= advance_stream(executor, actor, s, &replaying);
			if (replaying)
				return;
		}
	} while (moved);
}

void dc_executor_continue(struct dc_executor *executor)
{
	for (uint64_t i = 0; i < executor->actor_count; i++)
		advance_actor(executor, i);
	check_blocked(executor);
}

void dc_executor_start(struct dc_executor *executor)
{
	dc_time now = dc_engine_now(executor->engine);

	executor->iteration_start = now;
	for (uint64_t i = 0; i < executor->actor_count; i++)
		executor->actors[i].since = now;
	dc_executor_continue(executor);
}

uint64_t dc_executor_iterations(const struct dc_executor *executor, dc_time now)
{
	return executor->iterations + dc_executor_replayed(executor, now);
}

enum dc_status dc_executor_stop(struct dc_executor *executor)
{
	return dc_executor_report_replayed(executor, dc_engine_now(executor->engine));
}
