/* Pipeline schedules: in which order a stage does the passes of its micro-batches.
 *
 * A pipeline of p stages carries m micro-batches; a stage holds v chunks of the model, chunk c of stage
 * s being part c p + s of the model's p v parts. A pass is one micro-batch through one chunk, forward or
 * backward.
 *
 *     gpipe        all forward passes, then all backward ones [Huang et al. 2019, GPipe]
 *     1f1b         p - 1 - s forward passes, then one forward and one backward in turn [Narayanan et
 *                  al. 2019, PipeDream; 2021, PipeDream-flush]
 *     interleaved  the same on v > 1 chunks: groups of p micro-batches go through the chunks one after
 *                  another, 2 (p - 1 - s) + (v - 1) p passes ahead [Narayanan et al. 2021, sec. 2.2];
 *                  p divides m
 *
 * With equal passes and free communication the first two take (m + p - 1) (F + B), F and B being a
 * stage's passes of one micro-batch, the last (m + (p - 1)/v) (F + B). */
#ifndef DC_TRAINING_SCHEDULE_H
#define DC_TRAINING_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum dc_schedule_kind { DC_SCHEDULE_GPIPE, DC_SCHEDULE_1F1B };
/* "gpipe", "1f1b", NULL: the choices of a key. The second is interleaved where there are chunks. */
extern const char *const dc_schedule_kind_names[];

struct dc_pass {
	bool backward;
	uint32_t micro_batch, chunk;
};

struct dc_pipeline {
	enum dc_schedule_kind kind;
	uint32_t stages, chunks, micro_batches; /* p, v, m; all >= 1; v > 1: 1f1b, p divides m */
};

/* Passes of one stage in one iteration: 2 m v. */
uint64_t dc_pipeline_passes(const struct dc_pipeline *pipeline);
/* Writes them in order to `passes`, which has room for all. stage < stages. */
void dc_pipeline_order(const struct dc_pipeline *pipeline, uint32_t stage, struct dc_pass *passes);
/* The most passes whose activations a stage holds at once: forward ones done or under way whose backward
 * one is not done. weights (NULL: all 1): what those of each chunk weigh; the answer is the largest
 * sum. held (may be NULL), by chunk: how many there are then. */
double dc_pipeline_in_flight(const struct dc_pipeline *pipeline, const struct dc_pass *passes,
			     const double *weights, uint64_t *held);

#endif
