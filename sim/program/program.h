/* Programs: the one form that front ends lower to and the executor runs.
 *
 * A program is one iteration of work of the ranks of one pipeline stage: operations in order on named
 * streams. The operations of a stream run one after another; beyond that, an operation waits for its
 * dependencies: an operation of the same iteration (lag 0) or of an earlier one (lag n), of the same
 * rank or of the rank of another stage that agrees with it in all other coordinates. Iterations follow
 * each other on every stream by themselves, so a stream runs ahead as far as its dependencies let it.
 *
 * Stream 0 is the accelerator's compute stream; its last operation is the MARK that ends the iteration,
 * where all ranks of all stages wait for each other.
 *
 * An ensemble is what all ranks run: axes number them (rank = sum of digit x stride, the first axis
 * innermost), one axis says which program (the stage), and kinds of groups name the ranks that
 * communicate: those that agree in all axes that the kind does not name. Kinds are numbered from 1, so
 * that an operation that says nothing has none.
 *
 * Ownership: a program, an ensemble and all they hold live in the arena they were created in; names,
 * algorithms and parts are borrowed and live as long. */
#ifndef DC_PROGRAM_PROGRAM_H
#define DC_PROGRAM_PROGRAM_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/time.h"
#include "fabric/collective.h"
#include "hardware/roofline.h"

enum { DC_PROGRAM_COMPUTE_STREAM = 0, DC_PROGRAM_STREAMS = 12 };
enum { DC_ENSEMBLE_AXES = 8, DC_ENSEMBLE_KINDS = 12 };

#define DC_PROGRAM_NO_GROUP 0u
#define DC_PROGRAM_SAME UINT32_MAX
#define DC_PROGRAM_NO_AXIS UINT32_MAX

enum dc_op_kind {
	DC_OP_COMPUTE,    /* work on the accelerator, and communication within it */
	DC_OP_COLLECTIVE, /* with the ranks of a group */
	DC_OP_SEND,       /* to the rank of another stage; it does not wait for the receiver */
	DC_OP_READ,       /* samples from storage */
	DC_OP_DELAY,      /* a fixed time */
	DC_OP_MARK,       /* no time: a place to wait for or to wait at */
};

/* What an operation is for, in timelines and traces. */
enum dc_op_role {
	DC_ROLE_OTHER,
	DC_ROLE_FORWARD,
	DC_ROLE_BACKWARD,
	DC_ROLE_OPTIMIZER,
	DC_ROLE_GRADIENTS,
	DC_ROLE_GATHER,
	DC_ROLE_ACTIVATIONS,
};

/* What a COMPUTE operation does, in order: work of the accelerator, or a communication that it waits
 * for. */
struct dc_part {
	struct dc_work work; /* when group == DC_PROGRAM_NO_GROUP */
	uint32_t group;      /* kind of group that communicates */
	enum dc_operation operation;
	double size_bytes;     /* as algorithm.h counts */
	const char *algorithm; /* as in collective.h; NULL: auto */
	double beside_s;       /* so much of each hides behind works of this operation */
	uint32_t times;        /* so many in a row; 0 is 1 */
};

struct dc_op {
	enum dc_op_kind kind;
	const char *name;
	const struct dc_part *parts; /* COMPUTE; operations of equal work share them */
	uint32_t part_count;
	uint32_t gang;  /* COMPUTE, MARK: kind of group whose members start it together */
	uint32_t group; /* COLLECTIVE: kind of group */
	enum dc_operation operation; /* COLLECTIVE */
	double size_bytes;           /* COLLECTIVE, SEND: as algorithm.h counts */
	const char *algorithm;       /* COLLECTIVE: as in collective.h; NULL: auto */
	uint32_t peer;               /* SEND: stage of the receiver */
	double samples;              /* READ: per rank */
	dc_time delay;               /* DELAY */
	enum dc_op_role role;
	uint32_t micro_batch, chunk;
	/* filled by dc_program_add() */
	uint32_t stream;
	uint32_t position; /* in its stream */
	uint32_t first_dependency;
	uint32_t dependencies;
};

struct dc_dependency {
	uint32_t program; /* stage; DC_PROGRAM_SAME: of the same rank */
	uint32_t op;
	uint32_t lag; /* iterations back */
};

struct dc_program_stream {
	const char *name;
	uint32_t *ops;
	uint32_t count;
	uint32_t capacity;
};

struct dc_program {
	struct dc_arena *arena;
	struct dc_program_stream streams[DC_PROGRAM_STREAMS];
	uint32_t stream_count;
	uint32_t collective_streams[DC_ENSEMBLE_KINDS]; /* by kind: stream + 1; 0: none yet */
	struct dc_op *ops;
	uint32_t count;
	uint32_t capacity;
	struct dc_dependency *dependencies;
	uint32_t dependency_count;
	uint32_t dependency_capacity;
};

/* NULL when out of memory. */
struct dc_program *dc_program_create(struct dc_arena *arena);
/* Names the next stream; returns its number. The first is the compute stream. Past the last it is
 * DC_PROGRAM_STREAMS, which nothing can be added to. */
uint32_t dc_program_stream(struct dc_program *program, const char *name);
/* Appends an operation to a stream; *number (may be NULL) is what dependencies call it. DC_ERR_INPUT
 * for a stream that does not exist, for a COMPUTE or a gang off the compute stream, for a collective
 * without a group, and for one on another stream than the collectives of its kind so far. */
enum dc_status dc_program_add(struct dc_program *program, uint32_t stream, const struct dc_op *op,
			      uint32_t *number) DC_CHECK;
/* The operation last added waits for operation `op` of `lag` iterations before. op may be one that
 * is yet to be added when lag > 0. */
enum dc_status dc_program_wait(struct dc_program *program, uint32_t op, uint32_t lag) DC_CHECK;
/* It waits for operation `op` of the rank of another stage; op may be one that is yet to be added. */
enum dc_status dc_program_wait_for(struct dc_program *program, uint32_t stage, uint32_t op,
				   uint32_t lag) DC_CHECK;

struct dc_ensemble_axis {
	const char *name;
	uint64_t size;
};

struct dc_group_kind {
	const char *name;
	uint32_t axes; /* a bit for each: ranks that agree in all other axes form a group */
};

struct dc_ensemble {
	struct dc_arena *arena;
	struct dc_ensemble_axis axes[DC_ENSEMBLE_AXES];
	uint32_t axis_count;
	uint32_t stage_axis; /* programs[place on it]; DC_PROGRAM_NO_AXIS: programs[0] for all */
	struct dc_program **programs;
	uint32_t program_count, program_capacity;
	struct dc_group_kind kinds[DC_ENSEMBLE_KINDS]; /* kinds[0] is none */
	uint32_t kind_count;                           /* with none */
};

/* Without axes (one rank), programs, or kinds beyond none. NULL when out of memory. */
struct dc_ensemble *dc_ensemble_create(struct dc_arena *arena);
/* Adds an axis outside those there are; *axis (may be NULL) is its number. DC_ERR_INPUT for a size of
 * 0, beyond DC_ENSEMBLE_AXES, and beyond 2^32 ranks. */
enum dc_status dc_ensemble_add_axis(struct dc_ensemble *ensemble, const char *name, uint64_t size,
				    uint32_t *axis) DC_CHECK;
/* Adds a kind of group, of the axes in the mask; *kind is its number, >= 1. DC_ERR_INPUT beyond
 * DC_ENSEMBLE_KINDS - 1 of them and for axes that do not exist. */
enum dc_status dc_ensemble_add_kind(struct dc_ensemble *ensemble, const char *name, uint32_t axes,
				    uint32_t *kind) DC_CHECK;
/* Adds a program, that of the next stage. */
enum dc_status dc_ensemble_add_program(struct dc_ensemble *ensemble,
				       struct dc_program *program) DC_CHECK;

/* Product of the axes' sizes. */
uint64_t dc_ensemble_ranks(const struct dc_ensemble *ensemble);
/* Ranks between neighbours along an axis. */
uint64_t dc_ensemble_stride(const struct dc_ensemble *ensemble, uint32_t axis);
/* Places on the stage axis; 1 without one. */
uint64_t dc_ensemble_stages(const struct dc_ensemble *ensemble);
uint32_t dc_ensemble_stage_of(const struct dc_ensemble *ensemble, uint64_t rank);
/* The rank of a stage that agrees with `rank` in all other axes. */
uint64_t dc_ensemble_peer(const struct dc_ensemble *ensemble, uint64_t rank, uint32_t stage);
/* Members of a group of the axes in the mask; the number of the group of a rank, counted by rank; and
 * the rank of a member, 0 <= member < size. Masks are those of kinds. */
uint64_t dc_ensemble_group_size(const struct dc_ensemble *ensemble, uint32_t axes);
uint64_t dc_ensemble_group_of(const struct dc_ensemble *ensemble, uint32_t axes, uint64_t rank);
uint64_t dc_ensemble_group_rank(const struct dc_ensemble *ensemble, uint32_t axes, uint64_t group,
				uint64_t member);

#endif
