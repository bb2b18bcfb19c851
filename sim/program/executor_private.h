/* What executor.c and replay.c share. */
#ifndef DC_PROGRAM_EXECUTOR_PRIVATE_H
#define DC_PROGRAM_EXECUTOR_PRIVATE_H

#include "fabric/runner.h"
#include "program/executor.h"

struct stream_state {
	uint64_t completed; /* operations, over all iterations */
	bool busy;
	dc_event event; /* of the running operation, when it ends by itself */
};

struct actor {
	struct stream_state *streams;
	enum dc_executor_state state; /* of the compute stream */
	dc_time since;                /* when that state began */
	dc_time spent[3];             /* in the present iteration, by state */
	struct dc_activity activity;
	uint64_t iterations; /* ended */
};

/* One collective operation under way or gathering; one at a time, as they share a stream. */
struct gathering {
	uint64_t arrived;
	/* Exact: the one under way, and the one before, which may still be on the stack that started
	 * it; and the layouts, by operation, made when first needed. */
	struct dc_runner *runners[2];
	struct dc_plan *plans;
};

struct snapshot {
	uint64_t iteration;
	dc_time time;
};

enum { DC_EXECUTOR_HISTORY = 32 };

struct replay {
	bool off;
	enum { REPLAY_WATCHING, REPLAY_RECORDING, REPLAY_RUNNING } phase;
	size_t size;     /* of one state, in dc_time words */
	dc_time *states; /* ring of DC_EXECUTOR_HISTORY states, and one for the present */
	struct snapshot snapshots[DC_EXECUTOR_HISTORY];
	size_t kept;
	size_t next;
	uint64_t cycle;       /* iterations in one cycle, at most DC_EXECUTOR_HISTORY */
	uint64_t record_from; /* iteration at which recording began */
	dc_time begun;        /* recording's start, then replay's */
	dc_time period;
	uint64_t cycles;                                              /* to replay */
	struct dc_executor_iteration iterations[DC_EXECUTOR_HISTORY]; /* of the recorded cycle */
};

struct dc_executor {
	struct dc_engine *engine;
	struct dc_diag *diag;
	const struct dc_program *program;
	const struct dc_machine *machine;
	struct dc_executor_options options;
	struct dc_executor_observer observer;
	uint64_t actor_count;
	uint64_t multiplicity;
	struct actor *actors;
	struct stream_state *stream_states;
	dc_time *durations;                /* by operation; collectives alone on the fabric */
	struct dc_collective *collectives; /* by operation: how each is done */
	struct dc_activity *activities;    /* by operation: what COMPUTE does to the accelerator */
	struct gathering gathering;
	uint64_t in_flight;  /* operations that will end by themselves */
	uint64_t iterations; /* complete on every actor */
	uint64_t ended;      /* actors that completed the present one */
	dc_time iteration_start;
	uint64_t empty; /* iterations of no length in a row */
	bool finished;
	struct replay replay;
};

/* Called when an iteration is complete on every actor, before anything else starts. True: the
 * replay has taken over, nothing starts until dc_executor_continue(). */
bool dc_executor_boundary(struct dc_executor *executor,
			  const struct dc_executor_iteration *iteration);
enum dc_status dc_executor_replay_init(struct dc_executor *executor) DC_CHECK;
void dc_executor_replay_fini(struct dc_executor *executor);
/* Tells the observer what an actor is doing. */
void dc_executor_report(struct dc_executor *executor, const struct actor *actor);
/* Lets every actor start what is ready. */
void dc_executor_continue(struct dc_executor *executor);
uint64_t dc_executor_replayed(const struct dc_executor *executor, dc_time now);
enum dc_status dc_executor_report_replayed(struct dc_executor *executor, dc_time now) DC_CHECK;

#endif
