/* Pipeline schedules: the order of a stage's passes. */
#include "training/schedule.h"

#include <stddef.h>

const char *const dc_schedule_kind_names[] = {"gpipe", "1f1b", NULL};

uint64_t dc_pipeline_passes(const struct dc_pipeline *pipeline)
{
	return 2 * (uint64_t)pipeline->micro_batches * pipeline->chunks;
}

/* The k-th pass in one direction: groups of p micro-batches visit the chunks in turn, backward from the
 * last chunk to the first. */
static struct dc_pass nth(const struct dc_pipeline *pipeline, uint64_t k, bool backward)
{
	uint64_t p = pipeline->stages, v = pipeline->chunks;
	uint32_t chunk = (uint32_t)(k % (p * v) / p);

	if (v == 1)
		return (struct dc_pass){backward, (uint32_t)k, 0};
	return (struct dc_pass){
		.backward = backward,
		.micro_batch = (uint32_t)(k / (p * v) * p + k % p),
		.chunk = backward ? (uint32_t)v - 1 - chunk : chunk,
	};
}

/* Forward passes before the first backward one. */
static uint64_t warm_up(const struct dc_pipeline *pipeline, uint32_t stage)
{
	uint64_t p = pipeline->stages, v = pipeline->chunks;
	uint64_t all = (uint64_t)pipeline->micro_batches * v, ahead;

	if (pipeline->kind == DC_SCHEDULE_GPIPE)
		return all;
	ahead = v == 1 ? p - 1 - stage : 2 * (p - 1 - stage) + (v - 1) * p;
	return ahead < all ? ahead : all;
}

void dc_pipeline_order(const struct dc_pipeline *pipeline, uint32_t stage, struct dc_pass *passes)
{
	uint64_t all = (uint64_t)pipeline->micro_batches * pipeline->chunks;
	uint64_t forward = warm_up(pipeline, stage), backward = 0, count = 0;

	for (uint64_t k = 0; k < forward; k++)
		passes[count++] = nth(pipeline, k, false);
	while (backward < all) {
		if (forward < all)
			passes[count++] = nth(pipeline, forward++, false);
		passes[count++] = nth(pipeline, backward++, true);
	}
}

double dc_pipeline_in_flight(const struct dc_pipeline *pipeline, const struct dc_pass *passes,
			     const double *weights, uint64_t *held)
{
	uint64_t count = dc_pipeline_passes(pipeline), peak = 0;
	double sum = 0, most = 0;

	for (uint64_t i = 0; i < count; i++) {
		double weight = weights ? weights[passes[i].chunk] : 1;

		sum += passes[i].backward ? -weight : weight;
		if (sum <= most)
			continue;
		most = sum;
		peak = i;
	}
	for (uint32_t c = 0; c < pipeline->chunks && held; c++)
		held[c] = 0;
	for (uint64_t i = 0; i <= peak && held; i++)
		held[passes[i].chunk] += passes[i].backward ? (uint64_t)-1 : 1;
	return most;
}
