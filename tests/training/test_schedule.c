/* Pipeline schedules: every pass once, in an order that can be run, with the activations that the papers
 * count. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "training/schedule.h"

static struct dc_pass *order_of(const struct dc_pipeline *pipeline, uint32_t stage)
{
	struct dc_pass *passes = calloc(dc_pipeline_passes(pipeline), sizeof *passes);

	cr_assert_not_null(passes);
	dc_pipeline_order(pipeline, stage, passes);
	return passes;
}

static uint64_t in_flight(const struct dc_pipeline *pipeline, uint32_t stage)
{
	struct dc_pass *passes = order_of(pipeline, stage);
	uint64_t held[8], sum = 0;
	double most = dc_pipeline_in_flight(pipeline, passes, NULL, held);

	for (uint32_t c = 0; c < pipeline->chunks; c++)
		sum += held[c];
	cr_expect_eq(sum, (uint64_t)most);
	free(passes);
	return sum;
}

/* Each micro-batch goes through each chunk once either way, and backward after forward. */
static void check_order(const struct dc_pipeline *pipeline, uint32_t stage)
{
	struct dc_pass *passes = order_of(pipeline, stage);
	size_t cells = (size_t)pipeline->micro_batches * pipeline->chunks;
	unsigned char *seen = calloc(cells, 1);

	cr_assert_not_null(seen);
	for (uint64_t i = 0; i < dc_pipeline_passes(pipeline); i++) {
		size_t cell =
			(size_t)passes[i].chunk * pipeline->micro_batches + passes[i].micro_batch;

		cr_assert_lt(passes[i].chunk, pipeline->chunks);
		cr_assert_lt(passes[i].micro_batch, pipeline->micro_batches);
		cr_assert_eq(seen[cell], passes[i].backward ? 1 : 0, "pass %zu", (size_t)i);
		seen[cell]++;
	}
	free(seen);
	free(passes);
}

/* Runs all stages with passes of `forward` and `backward` units per chunk and free messages; returns when
 * the last ends. Stops when nobody can go on: a schedule that blocks. */
static uint64_t span(const struct dc_pipeline *pipeline, uint64_t forward, uint64_t backward)
{
	uint32_t p = pipeline->stages, m = pipeline->micro_batches;
	size_t parts = (size_t)p * pipeline->chunks, cells = parts * m * 2;
	uint64_t *ends = calloc(cells, sizeof *ends), *now = calloc(p, sizeof *now), last = 0;
	uint64_t *at = calloc(p, sizeof *at), left = p * dc_pipeline_passes(pipeline);
	struct dc_pass **passes = calloc(p, sizeof *passes);

	cr_assert(ends && now && at && passes);
	for (uint32_t s = 0; s < p; s++)
		passes[s] = order_of(pipeline, s);
	while (left) {
		uint64_t before = left;

		for (uint32_t s = 0; s < p; s++) {
			while (at[s] < dc_pipeline_passes(pipeline)) {
				struct dc_pass pass = passes[s][at[s]];
				size_t part = (size_t)pass.chunk * p + s;
				bool end = pass.backward ? part + 1 == parts : part == 0;
				size_t from = pass.backward ? part + 1 : part - 1;
				/* The last part turns round: its forward pass comes first anyway. */
				uint64_t ready = end ? 1
						     : ends[(from * m + pass.micro_batch) * 2 +
							    pass.backward];

				if (!ready)
					break;
				if (!end && ready - 1 > now[s])
					now[s] = ready - 1;
				now[s] += pass.backward ? backward : forward;
				ends[(part * m + pass.micro_batch) * 2 + pass.backward] =
					now[s] + 1;
				at[s]++;
				left--;
			}
			if (now[s] > last)
				last = now[s];
		}
		cr_assert_lt(left, before, "p %u v %u m %u: blocked", p, pipeline->chunks, m);
	}
	for (uint32_t s = 0; s < p; s++)
		free(passes[s]);
	free(passes);
	free(ends);
	free(now);
	free(at);
	return last;
}

/* (m + p - 1) (F + B) [Narayanan et al. 2021, sec. 2.2.1]; p - s micro-batches at once under 1f1b, all under
 * gpipe. */
Test(schedule, gpipe_and_1f1b)
{
	for (uint32_t p = 1; p <= 8; p++) {
		for (uint32_t m = 1; m <= 17; m++) {
			struct dc_pipeline pipeline = {DC_SCHEDULE_GPIPE, p, 1, m};
			uint64_t expected = (uint64_t)(m + p - 1) * (3 + 5);

			cr_expect_eq(span(&pipeline, 3, 5), expected);
			for (uint32_t s = 0; s < p; s++) {
				check_order(&pipeline, s);
				cr_expect_eq(in_flight(&pipeline, s), m);
			}
			pipeline.kind = DC_SCHEDULE_1F1B;
			cr_expect_eq(span(&pipeline, 3, 5), expected);
			for (uint32_t s = 0; s < p; s++) {
				check_order(&pipeline, s);
				cr_expect_eq(in_flight(&pipeline, s), m < p - s ? m : p - s);
			}
		}
	}
}

/* m (F + B) v + (p - 1) (F + B) in chunk passes: a bubble of (p - 1)/(v m); the first stage holds p v + p - 1
 * chunk passes, 1 + (p - 1)/(p v) times what 1f1b does [Narayanan et al. 2021, sec. 2.2.2; Korthikanti et al.
 * 2022, sec. 4.2.3]. */
Test(schedule, interleaved)
{
	for (uint32_t p = 2; p <= 6; p++) {
		for (uint32_t v = 2; v <= 5; v++) {
			for (uint32_t groups = 1; groups <= 4; groups++) {
				struct dc_pipeline pipeline = {DC_SCHEDULE_1F1B, p, v, p * groups};
				uint64_t each = 3 + 5;

				cr_expect_eq(span(&pipeline, 3, 5), each * (p * groups * v + p - 1),
					     "p %u v %u m %u", p, v, p * groups);
				for (uint32_t s = 0; s < p; s++)
					check_order(&pipeline, s);
				if (groups > 1)
					cr_expect_eq(in_flight(&pipeline, 0), p * v + p - 1);
			}
		}
	}
}

/* Only the first chunk weighs something. By hand for p = 2, v = 2, m = 4 on the first stage (micro-batch and chunk):
 * F 0,0 1,0 0,1 1,1 2,0, B 0,1, F 3,0: four of the first chunk at once, and none leaves before. */
Test(schedule, weighted)
{
	const struct dc_pipeline pipeline = {DC_SCHEDULE_1F1B, 2, 2, 4};
	struct dc_pass *passes = order_of(&pipeline, 0);
	const double weights[] = {1, 0};
	uint64_t held[2];

	cr_expect_eq(dc_pipeline_in_flight(&pipeline, passes, weights, held), 4.0);
	cr_expect_eq(held[0], 4u);
	free(passes);
}
