/* Collectives: schedules of messages over the fabric's dimensions.
 *
 * The ring algorithm works dimension by dimension: an all-reduce over sizes n0, n1, ... of S bytes
 * reduce-scatters S along the first, S/n0 along the second, and so on, then all-gathers back. Each
 * phase is n - 1 steps; in a step every rank passes one chunk to its neighbour, so the links of a
 * step are disjoint and no link carries two messages at once: closed form = stepwise, to the tick.
 *
 * One dimension: 2(n-1) steps of L + S/(nB) [Thakur et al. 2005, sec. 4; Patarasuk & Yuan 2009].
 * Each step is rounded to the femtosecond once and multiplied as an integer. */
#ifndef DC_FABRIC_COLLECTIVE_H
#define DC_FABRIC_COLLECTIVE_H

#include "engine/engine.h"
#include "fabric/fabric.h"

enum dc_collective_kind {
	DC_ALL_REDUCE,
	DC_REDUCE_SCATTER, /* size_bytes: the whole vector on each rank before */
	DC_ALL_GATHER,     /* size_bytes: the whole vector on each rank after */
};

struct dc_collective_phase {
	size_t dimension;
	uint64_t steps;
	double chunk_bytes;
	dc_time step; /* length of one step */
};

struct dc_collective {
	struct dc_collective_phase phases[2 * DC_FABRIC_DIMENSIONS];
	size_t count; /* phases; dimensions of one member have none */
};

/* The schedule over all dimensions. size_bytes >= 0. */
void dc_collective_lower(const struct dc_fabric *fabric, enum dc_collective_kind kind,
			 double size_bytes, struct dc_collective *collective);
/* From the last arrival to the end, in closed form. */
dc_time dc_collective_duration(const struct dc_collective *collective);
/* Bytes each rank sends. */
double dc_collective_sent_bytes(const struct dc_collective *collective);
/* No schedule over rings with one way out and one in (topology.h) can beat this: the bytes a rank
 * must send and receive, over its ways along all dimensions at once. */
double dc_collective_bound_s(const struct dc_fabric *fabric, enum dc_collective_kind kind,
			     double size_bytes);

/* Runs a collective message by message, every rank for itself: what --exact does. One at a time per
 * object; `done` is called once per rank, at its own end. Fails the engine with DC_ERR_RUN when the
 * bytes delivered are not the bytes the schedule sends. */
struct dc_stepwise;
typedef void dc_stepwise_done(void *context, uint64_t rank);

struct dc_stepwise *dc_stepwise_create(struct dc_engine *engine, const struct dc_fabric *fabric,
				       dc_stepwise_done *done, void *context);
void dc_stepwise_destroy(struct dc_stepwise *stepwise);
/* All ranks have arrived: start now. The collective must stay valid until the last rank is done. */
void dc_stepwise_start(struct dc_stepwise *stepwise, const struct dc_collective *collective);

#endif
