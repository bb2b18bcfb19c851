/* Replay: finding the cycle, recording it once, repeating it.
 *
 * The timing state at an iteration's start, relative to it: how far every stream of every actor has
 * come, and when its running operation ends. Time enters nothing else, so equal states have equal
 * futures until something outside acts. */
#include "program/executor_private.h"

#include <stdlib.h>
#include <string.h>

/* Not worth less. */
enum { LEAST_CYCLES = 2 };

/* In one replay; far beyond any run, and far from overflowing what is counted and added. */
static const uint64_t most_iterations = (uint64_t)1 << 40;

static const dc_time idle = -1, gathers = -2;

static uint32_t streams_of(const struct dc_executor *executor, const struct actor *actor)
{
	return executor->stages[actor->stage].program->stream_count;
}

static uint64_t count_of(const struct dc_executor *executor, const struct actor *actor, uint32_t s)
{
	return executor->stages[actor->stage].program->streams[s].count;
}

enum dc_status dc_executor_replay_init(struct dc_executor *executor)
{
	struct replay *replay = &executor->replay;

	replay->off = executor->options.exact;
	if (replay->off)
		return DC_OK;
	replay->size = 0;
	for (uint64_t i = 0; i < executor->actor_count; i++)
		replay->size += 2 * streams_of(executor, &executor->actors[i]);
	replay->states = calloc((DC_EXECUTOR_HISTORY + 1) * replay->size, sizeof *replay->states);
	return replay->states ? DC_OK : DC_ERR_MEMORY;
}

void dc_executor_replay_fini(struct dc_executor *executor)
{
	free(executor->replay.states);
}

static dc_time *state_at(struct replay *replay, size_t slot)
{
	return replay->states + slot * replay->size;
}

/* When the operation at the head of a stream ends; of a meeting, its own end. */
static dc_time due(const struct dc_executor *executor, const struct actor *actor, uint32_t s)
{
	const struct dc_program *program = executor->stages[actor->stage].program;
	const struct stream_state *stream = &actor->streams[s];
	const struct dc_op *op;
	dc_event event = stream->event;

	if (!stream->busy)
		return idle;
	if (stream->meeting) {
		op = &program->ops[dc_executor_head(executor, actor, s)];
		event = op->kind == DC_OP_COLLECTIVE
				? executor->gatherings[actor->gatherings[op->group]]
					  .collective.event
				: 0;
	}
	return event ? dc_engine_due(executor->engine, event) - dc_engine_now(executor->engine)
		     : gathers;
}

static void take_state(const struct dc_executor *executor, dc_time *state)
{
	for (uint64_t i = 0; i < executor->actor_count; i++) {
		const struct actor *actor = &executor->actors[i];

		for (uint32_t s = 0; s < streams_of(executor, actor); s++) {
			*state++ = (dc_time)actor->streams[s].completed -
				   (dc_time)executor->iterations *
					   (dc_time)count_of(executor, actor, s);
			*state++ = due(executor, actor, s);
		}
	}
}

/* How many iterations beyond the present one the streams have begun or passed. */
static uint64_t lead(const struct dc_executor *executor)
{
	uint64_t most = 0;

	for (uint64_t i = 0; i < executor->actor_count; i++) {
		const struct actor *actor = &executor->actors[i];

		for (uint32_t s = 0; s < streams_of(executor, actor); s++) {
			uint64_t count = count_of(executor, actor, s), begun;

			if (!count)
				continue;
			begun = (actor->streams[s].completed + actor->streams[s].busy + count - 1) /
				count;
			if (begun > executor->iterations && begun - executor->iterations > most)
				most = begun - executor->iterations;
		}
	}
	return most;
}

/* Whole cycles that fit before the run's end, given that streams run `lead` iterations ahead. */
static uint64_t cycles_left(const struct dc_executor *executor, dc_time period)
{
	const struct dc_executor_options *options = &executor->options;
	uint64_t by_count = UINT64_MAX, by_time = UINT64_MAX;
	dc_time now = dc_engine_now(executor->engine);

	if (period <= 0)
		return 0;
	if (options->iterations) {
		uint64_t ahead = executor->iterations + lead(executor) + 1;

		by_count = ahead < options->iterations
				   ? (options->iterations - ahead) / executor->replay.cycle
				   : 0;
	}
	if (options->until < DC_TIME_NEVER)
		by_time = options->until > now ? dc_time_min((options->until - now) / period,
							     (dc_time)most_iterations)
					       : 0;
	if (by_time > most_iterations / executor->replay.cycle)
		by_time = most_iterations / executor->replay.cycle;
	return by_count < by_time ? by_count : by_time;
}

static void remember(struct dc_executor *executor, const dc_time *state)
{
	struct replay *replay = &executor->replay;

	memcpy(state_at(replay, replay->next), state, replay->size * sizeof *state);
	replay->snapshots[replay->next] =
		(struct snapshot){executor->iterations, dc_engine_now(executor->engine)};
	replay->next = (replay->next + 1) % DC_EXECUTOR_HISTORY;
	if (replay->kept < DC_EXECUTOR_HISTORY)
		replay->kept++;
}

/* Looks for the latest equal state; starts recording when the cycle is worth repeating. */
static void watch(struct dc_executor *executor)
{
	struct replay *replay = &executor->replay;
	dc_time *state = state_at(replay, DC_EXECUTOR_HISTORY);
	dc_time now = dc_engine_now(executor->engine);

	take_state(executor, state);
	for (size_t back = 1; back <= replay->kept; back++) {
		size_t slot = (replay->next + DC_EXECUTOR_HISTORY - back) % DC_EXECUTOR_HISTORY;
		const struct snapshot *snapshot = &replay->snapshots[slot];

		if (memcmp(state, state_at(replay, slot), replay->size * sizeof *state) != 0)
			continue;
		replay->cycle = executor->iterations - snapshot->iteration;
		replay->period = now - snapshot->time;
		if (cycles_left(executor, replay->period) < LEAST_CYCLES + 1)
			break;
		replay->phase = REPLAY_RECORDING;
		replay->record_from = executor->iterations;
		replay->begun = now;
		replay->next = 0;
		replay->kept = 0;
		remember(executor, state);
		if (executor->observer.record)
			executor->observer.record(executor->observer.context);
		return;
	}
	remember(executor, state);
}

static void replay_ends(void *context, uint64_t argument)
{
	struct dc_executor *executor = context;
	struct replay *replay = &executor->replay;
	uint64_t iterations = replay->cycles * replay->cycle;
	enum dc_status status =
		dc_executor_report_replayed(executor, dc_engine_now(executor->engine));

	(void)argument;
	if (status)
		dc_engine_fail(executor->engine, status);
	executor->iterations += iterations;
	executor->iteration_start = dc_engine_now(executor->engine);
	for (uint64_t i = 0; i < executor->actor_count; i++) {
		struct actor *actor = &executor->actors[i];

		actor->since = dc_engine_now(executor->engine);
		for (uint32_t s = 0; s < streams_of(executor, actor); s++) {
			actor->streams[s].completed += iterations * count_of(executor, actor, s);
			actor->streams[s].began += replay->period * (dc_time)replay->cycles;
		}
	}
	replay->phase = REPLAY_WATCHING;
	replay->kept = 0;
	replay->next = 0;
	if (executor->observer.resume)
		executor->observer.resume(executor->observer.context);
	/* What was reported in the instant at which the replay began may not have taken effect. */
	for (uint64_t i = 0; i < executor->actor_count; i++)
		dc_executor_report(executor, &executor->actors[i]);
	dc_executor_continue(executor);
}

static void move(struct dc_executor *executor, dc_event event, dc_time span)
{
	if (event)
		dc_engine_reschedule(executor->engine, event,
				     dc_engine_due(executor->engine, event) + span);
}

/* The recorded cycle is complete: jump over as many as fit. Running operations move along. */
static bool begin(struct dc_executor *executor)
{
	struct replay *replay = &executor->replay;
	dc_time now = dc_engine_now(executor->engine);
	dc_time span;

	replay->period = now - replay->begun;
	replay->cycles = cycles_left(executor, replay->period);
	if (replay->cycles < 1)
		return false;
	span = replay->period * (dc_time)replay->cycles;
	replay->begun = now;
	replay->phase = REPLAY_RUNNING;
	dc_engine_schedule(executor->engine, now + span, DC_PHASE_COMPLETION, 0, replay_ends,
			   executor, 0);
	for (uint64_t i = 0; i < executor->actor_count; i++)
		for (uint32_t s = 0; s < streams_of(executor, &executor->actors[i]); s++)
			move(executor, executor->actors[i].streams[s].event, span);
	for (uint32_t i = 0; i < executor->gathering_count; i++)
		move(executor, executor->gatherings[i].collective.event, span);
	if (executor->observer.replay) {
		enum dc_status status = executor->observer.replay(executor->observer.context);

		if (status)
			dc_engine_fail(executor->engine, status);
	}
	return true;
}

bool dc_executor_boundary(struct dc_executor *executor,
			  const struct dc_executor_iteration *iteration)
{
	struct replay *replay = &executor->replay;

	if (replay->off)
		return false;
	if (replay->phase == REPLAY_WATCHING) {
		watch(executor);
		return false;
	}
	replay->iterations[executor->iterations - replay->record_from - 1] = *iteration;
	if (executor->iterations - replay->record_from < replay->cycle)
		return false;
	if (begin(executor))
		return true;
	replay->phase = REPLAY_WATCHING;
	if (executor->observer.resume)
		executor->observer.resume(executor->observer.context);
	return false;
}

uint64_t dc_executor_replayed(const struct dc_executor *executor, dc_time now)
{
	const struct replay *replay = &executor->replay;
	dc_time elapsed = now - replay->begun, within = 0;
	uint64_t iterations;

	if (replay->phase != REPLAY_RUNNING)
		return 0;
	iterations = (uint64_t)(elapsed / replay->period) * replay->cycle;
	elapsed %= replay->period;
	for (uint64_t i = 0; i < replay->cycle; i++) {
		within += replay->iterations[i].duration;
		if (within <= elapsed)
			iterations++;
	}
	/* At the very end an iteration of no length is not begun again. */
	return iterations < replay->cycles * replay->cycle ? iterations
							   : replay->cycles * replay->cycle;
}

/* Whether all iterations of the cycle look alike. */
static bool uniform(const struct replay *replay)
{
	for (uint64_t i = 1; i < replay->cycle; i++)
		if (!dc_executor_iteration_equals(&replay->iterations[i], &replay->iterations[0]))
			return false;
	return true;
}

enum dc_status dc_executor_report_replayed(struct dc_executor *executor, dc_time now)
{
	struct replay *replay = &executor->replay;
	uint64_t done = dc_executor_replayed(executor, now);
	dc_time start = replay->begun;
	bool alike;

	if (!done || !executor->observer.iteration)
		return DC_OK;
	alike = uniform(replay);
	for (uint64_t i = 0; i < done;) {
		struct dc_executor_iteration row = replay->iterations[i % replay->cycle];
		enum dc_status status;

		row.first = executor->iterations + i;
		row.start = start;
		row.count = alike ? done : 1;
		start += row.duration * (dc_time)row.count;
		i += row.count;
		status = executor->observer.iteration(executor->observer.context, &row);
		if (status)
			return status;
	}
	return DC_OK;
}
