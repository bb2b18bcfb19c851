/* The executor: where actors meet: collectives, gangs, the ends of iterations; and when none can go on. */
#include "program/executor_private.h"

enum { MOST_EMPTY = 1000 };

/* --- collectives --- */

static void collective_ends(void *context, uint64_t argument)
{
	struct dc_executor *executor = context;
	struct gathering *gathering = &executor->gatherings[argument];

	executor->in_flight--;
	gathering->collective.event = 0;
	for (uint32_t i = 0; i < gathering->member_count; i++) {
		struct actor *actor = &executor->actors[gathering->members[i]];
		const struct dc_program *program = executor->stages[actor->stage].program;

		dc_executor_load(executor, actor, false);
		actor->waiting--;
		dc_executor_show(executor, actor, actor->activity.reading);
		dc_executor_complete(executor, actor,
				     program->collective_streams[gathering->kind] - 1);
	}
	dc_executor_work(executor);
}

/* Live runs have one group. */
static void last_message(void *context, uint32_t operation, dc_time begin, dc_time end)
{
	(void)operation;
	(void)begin;
	(void)end;
	collective_ends(context, 0);
}

/* Message by message. A runner that has ended is kept until the next but one begins: the end of one may
 * be what begins the next. */
static enum dc_status run_exactly(struct dc_executor *executor, struct answer *answer)
{
	const struct dc_runner_options options = {.exact = true};
	struct dc_collective_request request;
	enum dc_status status = DC_OK;

	if (!answer->plan.jobs) {
		status = dc_executor_request(executor, &answer->asked, &request);
		if (!status)
			status = dc_collective_plan(executor->machine->fabric, &request,
						    &answer->asked.how, true, &answer->plan);
	}
	if (status)
		return status;
	dc_runner_destroy(executor->runners[0]);
	executor->runners[0] = executor->runners[1];
	executor->runners[1] =
		dc_runner_create(executor->engine, &answer->plan, &options, last_message, executor);
	if (!executor->runners[1])
		return DC_ERR_MEMORY;
	dc_runner_start(executor->runners[1]);
	return DC_OK;
}

static void start_collective(struct dc_executor *executor, struct gathering *gathering,
			     const struct actor *last, uint32_t op)
{
	const struct stage *stage = &executor->stages[last->stage];
	const struct shape *shape = &stage->shapes[stage->shape_of[op]];
	struct answer *answer = &executor->answers[shape->answers[0]];
	dc_time now = dc_engine_now(executor->engine);
	uint64_t least = last->first;
	enum dc_status status;

	executor->in_flight++;
	for (uint32_t i = 0; i < gathering->member_count; i++) {
		struct actor *actor = &executor->actors[gathering->members[i]];
		uint32_t stream = executor->stages[actor->stage]
					  .program->collective_streams[gathering->kind] -
				  1;

		actor->streams[stream].began = now;
		least = actor->first < least ? actor->first : least;
		dc_executor_load(executor, actor, true);
	}
	if (!executor->live || !answer->asked.how.algorithm) {
		gathering->collective.event = dc_engine_schedule(
			executor->engine, now + last->timings[stage->shape_of[op]].duration,
			DC_PHASE_COMPLETION, least, collective_ends, executor,
			(uint64_t)(gathering - executor->gatherings));
		return;
	}
	status = run_exactly(executor, answer);
	if (status)
		dc_engine_fail(executor->engine, status);
}

/* --- gangs --- */

static void start_gang(struct dc_executor *executor, const struct gathering *gathering)
{
	for (uint32_t i = 0; i < gathering->member_count; i++) {
		struct actor *actor = &executor->actors[gathering->members[i]];
		uint32_t op = dc_executor_head(executor, actor, DC_PROGRAM_COMPUTE_STREAM);

		if (executor->stages[actor->stage].program->ops[op].kind == DC_OP_MARK)
			dc_executor_complete(executor, actor, DC_PROGRAM_COMPUTE_STREAM);
		else
			dc_executor_begin(executor, actor, DC_PROGRAM_COMPUTE_STREAM);
	}
}

void dc_executor_arrive(struct dc_executor *executor, struct actor *actor, uint32_t stream)
{
	uint32_t number = dc_executor_head(executor, actor, stream);
	const struct dc_op *op = &executor->stages[actor->stage].program->ops[number];
	bool collective = op->kind == DC_OP_COLLECTIVE;
	uint32_t kind = collective ? op->group : op->gang;
	struct gathering *gathering = &executor->gatherings[actor->gatherings[kind]];
	struct meeting *meeting = collective ? &gathering->collective : &gathering->gang;
	bool all = ++meeting->arrived == gathering->member_count;

	actor->streams[stream].busy = actor->streams[stream].meeting = true;
	actor->waiting += collective;
	/* What a gang waits for is the work of its members, and the communication within it. */
	if (stream == DC_PROGRAM_COMPUTE_STREAM && (collective || !all))
		dc_executor_enter(executor, actor,
				  op->kind == DC_OP_MARK ? BUCKET_BUBBLE : BUCKET_KINDS + kind,
				  NULL);
	else
		dc_executor_show(executor, actor, actor->activity.reading);
	if (!all)
		return;
	meeting->arrived = 0;
	if (collective)
		start_collective(executor, gathering, actor, number);
	else
		start_gang(executor, gathering);
}

/* --- the end of an iteration --- */

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

static void finish(struct dc_executor *executor)
{
	executor->finished = true;
	if (executor->observer.finished)
		executor->observer.finished(executor->observer.context);
}

void dc_executor_end(struct dc_executor *executor, struct actor *last)
{
	dc_time now = dc_engine_now(executor->engine);
	struct dc_executor_iteration row = {
		.first = executor->iterations,
		.count = 1,
		.start = executor->iteration_start,
		.duration = now - executor->iteration_start,
	};

	if (++executor->ended < executor->actor_count) {
		dc_executor_enter(executor, last, BUCKET_BUBBLE, NULL);
		return;
	}
	executor->ended = 0;
	for (uint64_t i = 0; i < executor->actor_count; i++) {
		dc_executor_close(executor, &executor->actors[i]);
		dc_executor_complete(executor, &executor->actors[i], DC_PROGRAM_COMPUTE_STREAM);
	}
	dc_executor_sum(executor, &row);
	executor->iterations++;
	executor->iteration_start = now;
	if (executor->observer.iteration) {
		enum dc_status status =
			executor->observer.iteration(executor->observer.context, &row);

		if (status)
			dc_engine_fail(executor->engine, status);
	}
	if (executor->iterations == executor->options.iterations)
		finish(executor);
	else if (!stands_still(executor, row.duration))
		(void)dc_executor_boundary(executor, &row);
}

/* --- when none can go on --- */

static void say_blocked(const struct dc_executor *executor, const struct actor *actor,
			uint32_t stream, const struct dc_dependency *awaited)
{
	const struct dc_program *program = executor->stages[actor->stage].program;
	const struct dc_op *op = &program->ops[dc_executor_head(executor, actor, stream)];
	uint64_t count = program->streams[stream].count;
	unsigned long long iteration = count ? actor->streams[stream].completed / count : 0;
	const struct dc_program *other = program;
	const char *what = "the other ranks";
	uint32_t stage = actor->stage;

	if (awaited && awaited->program != DC_PROGRAM_SAME) {
		stage = awaited->program;
		other = executor->stages[stage].program;
	}
	if (awaited)
		what = other->ops[awaited->op].name;
	if (executor->stage_count == 1)
		dc_diag_error(executor->diag, NULL,
			      "the program cannot proceed: '%s' of iteration %llu waits for '%s'",
			      op->name, iteration, what);
	else if (awaited)
		dc_diag_error(executor->diag, NULL,
			      "the program cannot proceed: '%s' of stage %u, iteration %llu, "
			      "waits for '%s' of stage %u",
			      op->name, actor->stage, iteration, what, stage);
	else
		dc_diag_error(executor->diag, NULL,
			      "the program cannot proceed: '%s' of stage %u, iteration %llu, "
			      "waits for the others of its group",
			      op->name, actor->stage, iteration);
}

/* A stream that waits for an operation says more than one that waits at a meeting. */
static void find_blocked(const struct dc_executor *executor)
{
	const struct actor *met = &executor->actors[0];
	uint32_t met_stream = 0;

	for (uint64_t i = 0; i < executor->actor_count; i++) {
		const struct actor *actor = &executor->actors[i];
		const struct dc_program *program = executor->stages[actor->stage].program;

		for (uint32_t s = 0; s < program->stream_count; s++) {
			uint64_t count = program->streams[s].count;
			const struct dc_dependency *awaited;

			if (!count)
				continue;
			if (actor->streams[s].busy) {
				met = actor;
				met_stream = s;
				continue;
			}
			awaited = dc_executor_missing(
				executor, actor,
				&program->ops[dc_executor_head(executor, actor, s)],
				actor->streams[s].completed / count);
			if (awaited) {
				say_blocked(executor, actor, s, awaited);
				return;
			}
		}
	}
	say_blocked(executor, met, met_stream, NULL);
}

void dc_executor_check_blocked(struct dc_executor *executor)
{
	if (executor->in_flight || executor->finished || executor->replay.phase == REPLAY_RUNNING)
		return;
	find_blocked(executor);
	dc_engine_fail(executor->engine, DC_ERR_RUN);
}
