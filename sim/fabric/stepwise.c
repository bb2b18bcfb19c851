/* A collective message by message.
 *
 * In a phase of n - 1 steps, a rank sends the chunk of step s once its message of step s - 1 has
 * left and the message of step s - 1 from behind has arrived (at step 0 it sends its own). A rank
 * ends a phase when it has sent and received n - 1 messages. Ranks run ahead of each other freely.
 */
#include "fabric/collective.h"

#include <math.h>
#include <stdlib.h>

struct rank {
	size_t phase;
	uint64_t sent;
	bool sending;
};

struct dc_stepwise {
	struct dc_engine *engine;
	const struct dc_fabric *fabric;
	const struct dc_collective *collective;
	dc_stepwise_done *done;
	void *context;
	struct rank *ranks;
	uint64_t *received; /* [phase][rank] */
	size_t received_phases;
	double delivered_bytes;
	uint64_t ended;
};

struct dc_stepwise *dc_stepwise_create(struct dc_engine *engine, const struct dc_fabric *fabric,
				       dc_stepwise_done *done, void *context)
{
	struct dc_stepwise *stepwise = calloc(1, sizeof *stepwise);

	if (!stepwise)
		return NULL;
	stepwise->engine = engine;
	stepwise->fabric = fabric;
	stepwise->done = done;
	stepwise->context = context;
	stepwise->received_phases = 2 * fabric->count;
	stepwise->ranks = calloc(fabric->ranks, sizeof *stepwise->ranks);
	stepwise->received =
		calloc(fabric->ranks * (stepwise->received_phases + 1), sizeof *stepwise->received);
	if (!stepwise->ranks || !stepwise->received) {
		dc_stepwise_destroy(stepwise);
		return NULL;
	}
	return stepwise;
}

void dc_stepwise_destroy(struct dc_stepwise *stepwise)
{
	if (!stepwise)
		return;
	free(stepwise->ranks);
	free(stepwise->received);
	free(stepwise);
}

static uint64_t *received(struct dc_stepwise *stepwise, size_t phase, uint64_t rank)
{
	return &stepwise->received[phase * stepwise->fabric->ranks + rank];
}

static void deliver(void *context, uint64_t number);

/* Conservation: every rank has sent its share, and all of it arrived. */
static void check_bytes(struct dc_stepwise *stepwise)
{
	double expected_bytes =
		dc_collective_sent_bytes(stepwise->collective) * (double)stepwise->fabric->ranks;

	if (fabs(stepwise->delivered_bytes - expected_bytes) > 1e-9 * expected_bytes)
		dc_engine_fail(stepwise->engine, DC_ERR_RUN);
}

/* Moves a rank on: to the next phase when this one is complete, else to its next message. */
static void advance(struct dc_stepwise *stepwise, uint64_t number)
{
	const struct dc_collective *collective = stepwise->collective;
	struct rank *rank = &stepwise->ranks[number];
	const struct dc_collective_phase *phase;
	dc_time now = dc_engine_now(stepwise->engine);

	while (rank->phase < collective->count && !rank->sending) {
		uint64_t arrived = *received(stepwise, rank->phase, number);

		phase = &collective->phases[rank->phase];
		if (rank->sent == phase->steps) {
			if (arrived < phase->steps)
				return;
			rank->phase++;
			rank->sent = 0;
			continue;
		}
		if (arrived < rank->sent)
			return;
		rank->sending = true;
		dc_engine_schedule(stepwise->engine, now + phase->step, DC_PHASE_COMPLETION, number,
				   deliver, stepwise, number);
	}
	if (rank->phase == collective->count && !rank->sending) {
		rank->phase++;
		if (++stepwise->ended == stepwise->fabric->ranks)
			check_bytes(stepwise);
		stepwise->done(stepwise->context, number);
	}
}

/* The message `number` was sending has arrived next door. */
static void deliver(void *context, uint64_t number)
{
	struct dc_stepwise *stepwise = context;
	struct rank *rank = &stepwise->ranks[number];
	const struct dc_collective_phase *phase = &stepwise->collective->phases[rank->phase];
	uint64_t next = dc_fabric_neighbour(stepwise->fabric, number, phase->dimension, 1);
	uint64_t *count = received(stepwise, rank->phase, next);

	if (++*count > phase->steps)
		dc_engine_fail(stepwise->engine, DC_ERR_RUN);
	stepwise->delivered_bytes += phase->chunk_bytes;
	rank->sent++;
	rank->sending = false;
	advance(stepwise, number);
	if (next != number)
		advance(stepwise, next);
}

void dc_stepwise_start(struct dc_stepwise *stepwise, const struct dc_collective *collective)
{
	uint64_t ranks = stepwise->fabric->ranks;

	stepwise->collective = collective;
	stepwise->delivered_bytes = 0;
	stepwise->ended = 0;
	for (uint64_t i = 0; i < ranks; i++)
		stepwise->ranks[i] = (struct rank){0};
	for (uint64_t i = 0; i < ranks * collective->count; i++)
		stepwise->received[i] = 0;
	for (uint64_t i = 0; i < ranks; i++)
		advance(stepwise, i);
}
