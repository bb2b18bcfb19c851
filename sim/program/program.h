/* Programs: the one form that front ends lower to and the executor runs.
 *
 * A program is one iteration of work of one rank class: operations in order on named streams. The
 * operations of a stream run one after another; beyond that, an operation waits for its
 * dependencies: an operation of the same iteration (lag 0) or of an earlier one (lag n). Iterations
 * follow each other on every stream by themselves, so a stream runs ahead as far as its
 * dependencies let it.
 *
 * Stream 0 is the accelerator's compute stream; its last operation is the MARK that ends the
 * iteration. Ownership: a program lives in the arena it was created in. */
#ifndef DC_PROGRAM_PROGRAM_H
#define DC_PROGRAM_PROGRAM_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/time.h"
#include "fabric/collective.h"
#include "hardware/roofline.h"

enum { DC_PROGRAM_COMPUTE_STREAM = 0, DC_PROGRAM_STREAMS = 8 };

enum dc_op_kind {
	DC_OP_COMPUTE,    /* work on the accelerator */
	DC_OP_COLLECTIVE, /* with every other rank */
	DC_OP_READ,       /* samples from storage */
	DC_OP_DELAY,      /* a fixed time */
	DC_OP_MARK,       /* no time: a place to wait for or to wait at */
};

struct dc_op {
	enum dc_op_kind kind;
	const char *name;
	struct dc_work work;         /* COMPUTE */
	enum dc_operation operation; /* COLLECTIVE */
	double size_bytes;           /* COLLECTIVE: as algorithm.h counts */
	const char *algorithm;       /* COLLECTIVE: as in collective.h; NULL: auto */
	double samples;              /* READ: per rank */
	dc_time delay;               /* DELAY */
	/* filled by dc_program_add() */
	uint32_t stream;
	uint32_t position; /* in its stream */
	uint32_t first_dependency;
	uint32_t dependencies;
};

struct dc_dependency {
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
/* Appends an operation to a stream; *number (may be NULL) is what dependencies call it. Collectives
 * all share one stream: DC_ERR_INPUT for one on a second stream, and for a stream that does not
 * exist. */
enum dc_status dc_program_add(struct dc_program *program, uint32_t stream, const struct dc_op *op,
			      uint32_t *number) DC_CHECK;
/* The operation last added waits for operation `op` of `lag` iterations before. op may be one that
 * is yet to be added when lag > 0. */
enum dc_status dc_program_wait(struct dc_program *program, uint32_t op, uint32_t lag) DC_CHECK;

#endif
