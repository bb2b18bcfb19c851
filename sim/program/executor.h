/* The executor: runs a program on resources, iteration after iteration.
 *
 * An actor is a rank (exact) or a class of equal ranks (folded: one actor stands for all). The
 * executor issues what is ready, takes durations from hardware, fabric and storage, and reports to
 * an observer what each actor is doing and what each iteration took, split into compute, exposed
 * communication and stall (waiting for data); the three add up to the iteration, in femtoseconds.
 *
 * Replay: when the timing state relative to an iteration's start returns to an earlier one, the
 * cycle between is run once more while the observer records it, then repeated without events until
 * the run's end draws near. Durations only add up, so the answer is the same to the tick.
 *
 * Ownership: the caller destroys the executor; machine, program and observer must outlive it. */
#ifndef DC_PROGRAM_EXECUTOR_H
#define DC_PROGRAM_EXECUTOR_H

#include "base/diag.h"
#include "engine/engine.h"
#include "program/program.h"

/* What the program runs on. */
struct dc_machine {
	const struct dc_accelerator *accelerator;
	const struct dc_fabric *fabric;
	double samples_per_s; /* storage's rate for one rank while all read; 0: no storage */
};

enum dc_executor_state { DC_STATE_COMPUTING, DC_STATE_COMMUNICATING, DC_STATE_STALLED };

/* What an actor is doing, until the next report. */
struct dc_activity {
	enum dc_executor_state state;
	double compute; /* share of the peak FLOP rate in use, 0 to 1 */
	double memory;  /* share of the memory bandwidth in use */
	bool link;      /* a collective is under way, or waited for */
	bool reading;   /* storage is delivering */
};

/* `count` equal iterations. */
struct dc_executor_iteration {
	uint64_t first, count;
	dc_time start, duration;
	dc_time compute, exposed_communication, stall;
};

struct dc_executor_observer {
	void *context;
	void (*activity)(void *context, uint64_t actor, const struct dc_activity *activity);
	enum dc_status (*iteration)(void *context, const struct dc_executor_iteration *iteration);
	/* A cycle starts that may be replayed; it is replayed from now on; replay has ended at a
	 * whole number of cycles (then every actor's activity is reported anew), or was given up
	 * after recording. */
	void (*record)(void *context);
	enum dc_status (*replay)(void *context);
	void (*resume)(void *context);
	/* Every iteration asked for is done. */
	void (*finished)(void *context);
};

struct dc_executor_options {
	bool exact;          /* one actor per rank, every message of collectives, no replay */
	uint64_t iterations; /* 0: no limit */
	dc_time until;       /* replay does not go past it; DC_TIME_NEVER: no limit */
};

struct dc_executor;

/* NULL when out of memory, or with a message when a collective cannot be done. */
struct dc_executor *dc_executor_create(struct dc_engine *engine, struct dc_diag *diag,
				       const struct dc_program *program,
				       const struct dc_machine *machine,
				       const struct dc_executor_options *options,
				       const struct dc_executor_observer *observer);
void dc_executor_destroy(struct dc_executor *executor);

uint64_t dc_executor_actors(const struct dc_executor *executor);
/* Ranks that one actor stands for. */
uint64_t dc_executor_multiplicity(const struct dc_executor *executor);
/* How a collective is done: algorithm, protocol, bottleneck. op is of kind COLLECTIVE. */
const struct dc_collective *dc_executor_collective(const struct dc_executor *executor, uint32_t op);
/* How long an operation takes by itself on this machine. */
dc_time dc_executor_op_duration(const struct dc_executor *executor, uint32_t op);

/* Starts every actor now. */
void dc_executor_start(struct dc_executor *executor);
/* Iterations complete at now, replayed ones included. */
uint64_t dc_executor_iterations(const struct dc_executor *executor, dc_time now);
/* The run ends here: reports what a replay has completed so far. */
enum dc_status dc_executor_stop(struct dc_executor *executor) DC_CHECK;

#endif
