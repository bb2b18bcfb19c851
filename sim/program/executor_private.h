/* What the files of the executor share. */
#ifndef DC_PROGRAM_EXECUTOR_PRIVATE_H
#define DC_PROGRAM_EXECUTOR_PRIVATE_H

#include "fabric/runner.h"
#include "program/executor.h"

/* --- asking the fabric (executor_ask.c) --- */

/* What the fabric said about a communication. */
struct answer {
	struct dc_executor_communication asked;
	dc_time *each;       /* by group of the kind, or sender; NULL: all take asked.duration */
	struct dc_plan plan; /* run live: laid out when first needed */
};

/* --- durations (executor_timing.c) --- */

/* Operations of a program that take the same: the first of them, and what it asks. */
struct shape {
	uint32_t op;
	uint32_t *answers; /* COLLECTIVE, SEND: one; COMPUTE: by part, those of works unused */
};

struct stage {
	const struct dc_program *program;
	struct shape *shapes;
	uint32_t shape_count, shape_capacity;
	uint32_t *shape_of; /* by operation */
	uint32_t gangs;     /* a bit for each kind of gang that COMPUTE starts in, none included */
	bool *watched;      /* by operation: other stages wait for it */
	uint32_t *watchers; /* stages that wait for operations of this one */
	uint32_t watcher_count;
};

/* What an operation of one shape takes on one class of ranks. */
struct timing {
	dc_time duration;
	double compute, memory; /* activity */
	double exposed;         /* share of the duration; by kind of group below */
	double exposed_by[DC_ENSEMBLE_KINDS];
};

/* Timings of the shapes of a stage, for ranks with equal groups and slowness. */
struct variant {
	uint64_t key;
	uint32_t stage;
	struct timing *timings;
};

/* --- actors (executor_classes.c) --- */

/* What the time of the compute stream goes to; by kind of group from KINDS on. */
enum bucket {
	BUCKET_COMPUTE,
	BUCKET_STALL,
	BUCKET_BUBBLE,
	BUCKET_SENDS,
	BUCKET_KINDS,
	BUCKETS = BUCKET_KINDS + DC_ENSEMBLE_KINDS
};

struct stream_state {
	uint64_t completed; /* operations, over all iterations */
	bool busy;
	bool meeting; /* busy with others: at a collective or a gang; its end is not the stream's */
	dc_time began;  /* of the running operation */
	dc_event event; /* of the running operation, when it ends by itself */
};

/* The last COMPUTE of the compute stream: what is left of it at full speed, at `since`. */
struct running {
	const struct timing *timing; /* NULL: something else is going on */
	bool active;                 /* not yet ended */
	bool slowed;
	dc_time left, since;
};

struct actor {
	uint64_t first; /* rank */
	uint64_t ranks;
	uint32_t stage;
	const struct timing *timings;
	struct stream_state *streams;
	uint32_t *gatherings; /* by kind: the group it belongs to */
	uint32_t *peers;      /* by stage: the actor with the same other coordinates */
	uint32_t bucket;      /* of the compute stream */
	dc_time since;        /* when that began */
	dc_time spent[BUCKETS];
	struct dc_executor_account account; /* of the last iteration */
	struct dc_activity activity;
	struct running running;
	uint32_t under_way;    /* collectives and sends that are carried out */
	uint32_t waiting;      /* those, and collectives that gather */
	bool awake, unsettled; /* in the queues below */
};

/* Members of a group come to the same operation: of its collectives, or of its gangs. */
struct meeting {
	uint32_t arrived;
	dc_event event; /* its end; 0: nothing under way */
};

/* A group, or a class of groups whose members are of the same actors. */
struct gathering {
	uint32_t kind;
	uint32_t member_count;
	uint32_t *members; /* actors, each once */
	struct meeting collective, gang;
};

/* --- replay (replay.c) --- */

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
	struct dc_arena *arena; /* of all that is made once */
	struct dc_engine *engine;
	struct dc_diag *diag;
	const struct dc_ensemble *ensemble;
	const struct dc_machine *machine;
	struct dc_executor_options options;
	struct dc_executor_observer observer;
	uint64_t ranks;
	struct answer *answers;
	uint32_t answer_count, answer_capacity;
	struct stage *stages;
	uint32_t stage_count;
	struct variant *variants;
	uint32_t variant_count, variant_capacity;
	uint32_t *class_of; /* by rank; NULL: one actor per stage, or one per rank */
	uint64_t actor_count;
	struct actor *actors;
	struct gathering *gatherings;
	uint32_t gathering_count, gathering_capacity;
	/* Actors that may go on, and actors whose speed may have changed. */
	uint32_t *awake;
	uint64_t awake_first, awake_count;
	uint32_t *unsettled;
	uint64_t unsettled_count;
	dc_event settle;
	bool working; /* on the queue of those awake */
	/* Message by message: the runner under way, and the one before, which may still be on the stack
	 * that started it. */
	bool live;
	struct dc_runner *runners[2];
	uint64_t in_flight;  /* operations that will end by themselves */
	uint64_t iterations; /* complete on every actor */
	uint64_t ended;      /* actors that wait at the end of the present one */
	dc_time iteration_start;
	uint64_t empty; /* iterations of no length in a row */
	bool finished;
	struct replay replay;
};

/* Mixes a value into a hash (finalizer of MurmurHash3, Appleby 2011). */
static inline uint64_t dc_executor_mix(uint64_t hash, uint64_t value)
{
	hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
	hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
	return hash ^ hash >> 33;
}

/* Room for one more item of an array in the executor's arena; NULL when out of memory. */
void *dc_executor_grow(struct dc_executor *executor, void *items, uint32_t count,
		       uint32_t *capacity, size_t size);

/* The number of the answer to a question, asked once. DC_ERR_RUN with a message. */
enum dc_status dc_executor_ask(struct dc_executor *executor,
			       const struct dc_executor_communication *question,
			       uint32_t *number) DC_CHECK;
/* The request that a question comes to, for its first group or sender. */
enum dc_status dc_executor_request(const struct dc_executor *executor,
				   const struct dc_executor_communication *asked,
				   struct dc_collective_request *request) DC_CHECK;
/* How long a communication takes for a rank. */
dc_time dc_executor_answer_for(const struct dc_executor *executor, const struct answer *answer,
			       uint64_t rank);

/* Whether every program is whole, and those that share groups agree. */
enum dc_status dc_executor_check_programs(struct dc_executor *executor) DC_CHECK;
/* Asks for all that programs communicate, finds what each stage waits for of others. */
enum dc_status dc_executor_prepare(struct dc_executor *executor) DC_CHECK;
/* Timings for a rank of a stage: those of a variant that fits, made if there is none. */
enum dc_status dc_executor_timings(struct dc_executor *executor, uint64_t rank,
				   const struct timing **timings) DC_CHECK;
/* Equal for ranks of one stage whose operations take the same by themselves and start with equally slow
 * ones. */
uint64_t dc_executor_timing_key(const struct dc_executor *executor, uint64_t rank);
/* Whether ranks of one stage may differ. */
bool dc_executor_is_disturbed(const struct dc_executor *executor);

/* Makes actors and the groups they meet in. */
enum dc_status dc_executor_classify(struct dc_executor *executor) DC_CHECK;

/* --- streams (executor_streams.c), meetings (executor_meetings.c) --- */

/* An actor may be able to go on; what can is started by dc_executor_work(). */
void dc_executor_wake(struct dc_executor *executor, uint64_t actor);
void dc_executor_work(struct dc_executor *executor);
/* The operation at the head of a busy or waiting stream. */
uint32_t dc_executor_head(const struct dc_executor *executor, const struct actor *actor,
			  uint32_t stream);
/* An operation starts now and ends by itself; COMPUTE alone or as one of a gang. */
void dc_executor_begin(struct dc_executor *executor, struct actor *actor, uint32_t stream);
/* A stream's operation is over; the actor is awake. */
void dc_executor_complete(struct dc_executor *executor, struct actor *actor, uint32_t stream);
/* The actor has come to an operation that members of its group do together. */
void dc_executor_arrive(struct dc_executor *executor, struct actor *actor, uint32_t stream);
/* Communications that an actor carries out have become more or fewer. */
void dc_executor_load(struct dc_executor *executor, struct actor *actor, bool more);
/* The actor has come to the end of its iteration. */
void dc_executor_end(struct dc_executor *executor, struct actor *actor);
/* The first that an operation waits for, or NULL. */
const struct dc_dependency *dc_executor_missing(const struct dc_executor *executor,
						const struct actor *actor, const struct dc_op *op,
						uint64_t iteration);
/* Nothing runs and nothing can start, yet iterations are missing: says who waits for what. */
void dc_executor_check_blocked(struct dc_executor *executor);

/* --- account and activity (executor_account.c) --- */

/* The compute stream is in this bucket from now on, with this activity. */
void dc_executor_enter(struct dc_executor *executor, struct actor *actor, uint32_t bucket,
		       const struct timing *timing);
/* COMPUTE has ended: of its time, what was exposed communication goes to its buckets. */
void dc_executor_charge(struct dc_executor *executor, struct actor *actor);
/* The compute stream waits for this: the bucket its time goes to. */
uint32_t dc_executor_wait_bucket(const struct dc_executor *executor, const struct actor *actor,
				 const struct dc_dependency *awaited, uint64_t iteration);
/* Tells the observer what an actor is doing, if that has changed. */
void dc_executor_show(struct dc_executor *executor, struct actor *actor, bool reading);
/* Tells it in any case. */
void dc_executor_report(struct dc_executor *executor, const struct actor *actor);
/* Closes the account of an actor's iteration. */
void dc_executor_close(struct dc_executor *executor, struct actor *actor);
/* The iteration of all actors, closed. */
void dc_executor_sum(const struct dc_executor *executor, struct dc_executor_iteration *row);

/* --- replay --- */

/* Called when an iteration is complete on every actor, before anything else starts. True: the
 * replay has taken over, nothing starts until it wakes everyone. */
bool dc_executor_boundary(struct dc_executor *executor,
			  const struct dc_executor_iteration *iteration);
enum dc_status dc_executor_replay_init(struct dc_executor *executor) DC_CHECK;
void dc_executor_replay_fini(struct dc_executor *executor);
/* Lets every actor start what is ready. */
void dc_executor_continue(struct dc_executor *executor);
uint64_t dc_executor_replayed(const struct dc_executor *executor, dc_time now);
enum dc_status dc_executor_report_replayed(struct dc_executor *executor, dc_time now) DC_CHECK;

#endif
