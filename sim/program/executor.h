/* The executor: runs an ensemble of programs on resources, iteration after iteration.
 *
 * An actor is a rank (exact) or a class of ranks that go through the same at the same times (folded).
 * Without disturbance there is one class per stage, whatever the number of ranks; slow ranks, and groups
 * that are not equally fast, part classes by refinement until every member of a class communicates with
 * the same classes. Folded runs give the times of exact ones, to the tick.
 *
 * Durations.
 *   COMPUTE     the roofline of its works and its communications, each `exchange` times as long as alone,
 *               less what hides beside works, plus `meeting_s`; beside the host's launches:
 *               (gpu^x + host^x)^(1/x), times `stretch`, times the slowness of the rank, or
 *               of the slowest in its gang. While a COLLECTIVE or SEND of the same rank is under way on
 *               another stream it advances 1 + `contention` times slower.
 *   COLLECTIVE  from the last arrival on; as long as when all groups of its kind do it at once.
 *   SEND        as long as when all ranks of its stage send at once, and `send_s`. It starts when its stream comes to
 *               it, whether or not the receiver waits for it.
 * What kinds of groups take from each other (gradients of one stage against activations of another) is
 * not modelled. exact: each question about a collective or a send is answered by laying out every rank's
 * messages and running them one by one; and collectives of all ranks, where they are the only kind of
 * group, are run message by message each time.
 *
 * Account. The compute stream's time goes to compute, exposed communication by kind of group, sends,
 * bubble (another stage has not sent yet, or ranks wait at a barrier) and stall (data); they add up to
 * the iteration, in femtoseconds, for every actor.
 *
 * Replay: when the timing state relative to an iteration's start returns to an earlier one, the
 * cycle between is run once more while the observer records it, then repeated without events until
 * the run's end draws near. Durations only add up, so the answer is the same to the tick.
 *
 * Cost. Without disturbance an iteration takes time and memory by operations of all stages, whatever the
 * number of ranks; replayed iterations take none. What the fabric is asked is in executor_ask.c. Disturbed
 * or exact, by ranks.
 *
 * Ownership: the caller destroys the executor; machine, ensemble and observer must outlive it. */
#ifndef DC_PROGRAM_EXECUTOR_H
#define DC_PROGRAM_EXECUTOR_H

#include "base/diag.h"
#include "engine/engine.h"
#include "program/program.h"

/* A rank that computes `factor` (> 0) times as long as others. */
struct dc_slow_rank {
	uint64_t rank;
	double factor;
};

/* What the programs run on. */
struct dc_machine {
	const struct dc_accelerator *accelerator;
	const struct dc_fabric *fabric;
	double samples_per_s;   /* storage's rate for one rank while all read; 0: no storage */
	double launch_s;        /* the host's time per kernel */
	double launch_exponent; /* x above; 0: the host and the device take turns (1) */
	double contention;      /* >= 0 */
	double stretch;         /* of COMPUTE, for expected jitter; 0 is 1 */
	double exchange; /* how much longer communications within COMPUTE take than alone; 0 is 1 */
	double meeting_s; /* and until the hosts of their ranks have launched them */
	double send_s;    /* what a SEND costs beside its message: launches, copies, handshake */
	const struct dc_slow_rank *slow;
	size_t slow_count;
};

enum dc_executor_state {
	DC_STATE_COMPUTING,
	DC_STATE_COMMUNICATING,
	DC_STATE_STALLED,
	DC_STATE_WAITING, /* for another stage, or at a barrier: the bubble */
};

/* What an actor is doing, until the next report. */
struct dc_activity {
	enum dc_executor_state state;
	double compute; /* share of the peak FLOP rate in use, 0 to 1 */
	double memory;  /* share of the memory bandwidth in use */
	double exposed; /* while COMPUTING: share of the time that is exposed communication */
	bool link;      /* communication is under way, or waited for */
	bool reading;   /* storage is delivering */
};

/* Where the time of an iteration goes. */
struct dc_executor_account {
	dc_time duration, compute, stall, bubble, sends;
	dc_time exposed[DC_ENSEMBLE_KINDS]; /* by kind of group */
};

/* `count` equal iterations. The parts are means over all ranks, rounded so that they add up. */
struct dc_executor_iteration {
	uint64_t first, count;
	dc_time start, duration;
	dc_time compute, exposed_communication, stall, bubble;
	/* Of exposed_communication. */
	dc_time sends, exposed[DC_ENSEMBLE_KINDS];
};

/* Whether two iterations are alike but for when they are. */
bool dc_executor_iteration_equals(const struct dc_executor_iteration *a,
				  const struct dc_executor_iteration *b);

struct dc_executor_observer {
	void *context;
	void (*activity)(void *context, uint64_t actor, const struct dc_activity *activity);
	enum dc_status (*iteration)(void *context, const struct dc_executor_iteration *iteration);
	/* An operation has ended (not MARKs, and not in replays); of communications, begin is when the
	 * last had arrived. */
	void (*operation)(void *context, uint64_t actor, uint32_t stage, uint32_t op,
			  uint64_t iteration, dc_time begin, dc_time end);
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
	bool exact;          /* one actor per rank, every message, no replay */
	uint64_t iterations; /* 0: no limit */
	dc_time until;       /* replay does not go past it; DC_TIME_NEVER: no limit */
};

struct dc_executor;

/* NULL when out of memory, or with a message when a communication cannot be done, programs do not fit
 * together or the ranks are not those of the fabric. */
struct dc_executor *dc_executor_create(struct dc_engine *engine, struct dc_diag *diag,
				       const struct dc_ensemble *ensemble,
				       const struct dc_machine *machine,
				       const struct dc_executor_options *options,
				       const struct dc_executor_observer *observer);
void dc_executor_destroy(struct dc_executor *executor);

uint64_t dc_executor_actors(const struct dc_executor *executor);
/* The actor that a rank belongs to; O(1). */
uint64_t dc_executor_actor_of(const struct dc_executor *executor, uint64_t rank);
/* Ranks that an actor stands for. */
uint64_t dc_executor_multiplicity(const struct dc_executor *executor, uint64_t actor);
/* The last iteration that was run through (all zero before the first). */
const struct dc_executor_account *dc_executor_account(const struct dc_executor *executor,
						      uint64_t actor);

/* A communication that is asked of the fabric, of COLLECTIVE operations and of parts, and how it is done:
 * algorithm, protocol, bottleneck. */
struct dc_executor_communication {
	const char *name;  /* of the first operation that asks for it */
	uint32_t kind;     /* of group; DC_PROGRAM_NO_GROUP: a send */
	uint32_t from, to; /* stages, of a send */
	enum dc_operation operation;
	double size_bytes;
	const char *algorithm;
	struct dc_collective how;
	dc_time duration; /* of the slowest group */
};

size_t dc_executor_communications(const struct dc_executor *executor);
const struct dc_executor_communication *
dc_executor_communication(const struct dc_executor *executor, size_t number);
/* How long an operation of an actor takes by itself on this machine. */
dc_time dc_executor_op_duration(const struct dc_executor *executor, uint64_t actor, uint32_t op);

/* Starts every actor now. */
void dc_executor_start(struct dc_executor *executor);
/* Iterations complete at now, replayed ones included. */
uint64_t dc_executor_iterations(const struct dc_executor *executor, dc_time now);
/* The run ends here: reports what a replay has completed so far. */
enum dc_status dc_executor_stop(struct dc_executor *executor) DC_CHECK;

#endif
