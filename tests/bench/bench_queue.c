/* The pending events alone, by the hold model: every event that runs schedules one, so that the number
 * pending stays [Vaucher and Duval 1975; Jones 1986]. Increments are exponential, drawn before. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "bench.h"
#include "engine/engine.h"

enum { INCREMENTS = 1 << 16, HOLDS = 4000000, QUEUE_TRIES = 3 };

struct hold {
	struct dc_engine *engine;
	const dc_time *increments; /* of mean 1 ms */
	uint64_t next, left;
};

static void hold_on(void *context, uint64_t entity)
{
	struct hold *hold = context;

	if (!--hold->left) {
		dc_engine_stop(hold->engine);
		return;
	}
	dc_engine_schedule(hold->engine,
			   dc_engine_now(hold->engine) +
				   hold->increments[hold->next++ % INCREMENTS],
			   DC_PHASE_COMPLETION, entity, hold_on, hold, entity);
}

/* CPU time of HOLDS holds; filling up is not counted. */
static double hold_s(const dc_time *increments, uint64_t pending)
{
	struct hold hold = {dc_engine_create(), increments, 0, HOLDS};
	double used_s;

	if (!hold.engine)
		exit(1);
	for (uint64_t i = 0; i < pending; i++)
		dc_engine_schedule(hold.engine, increments[hold.next++ % INCREMENTS],
				   DC_PHASE_COMPLETION, i, hold_on, &hold, i);
	used_s = -bench_cpu_s();
	if (dc_engine_run(hold.engine, NULL) != DC_OK || hold.left)
		exit(1);
	used_s += bench_cpu_s();
	dc_engine_destroy(hold.engine);
	return used_s;
}

static dc_time *draw_increments(void)
{
	dc_time *increments = malloc(INCREMENTS * sizeof *increments);
	uint64_t state = 1;

	if (!increments)
		exit(1);
	for (int i = 0; i < INCREMENTS; i++) {
		/* The generator of Knuth's MMIX; its high bits. */
		state = state * 6364136223846793005u + 1442695040888963407u;
		increments[i] = dc_time_from_s(
			-1e-3 * log(((double)(state >> 11) + 0.5) / 9007199254740992.0));
	}
	return increments;
}

void bench_queue(void)
{
	dc_time *increments = draw_increments();
	double last_s = 0;

	printf("\npending events, hold model, exponential increments, %d holds, least of %d\n"
	       "%10s %12s %10s %8s\n",
	       HOLDS, QUEUE_TRIES, "pending", "M holds/s", "ns each", "growth");
	for (uint64_t pending = 100; pending <= 1000000; pending *= 10) {
		double used_s = (double)INFINITY;

		for (int i = 0; i < QUEUE_TRIES; i++)
			used_s = fmin(used_s, hold_s(increments, pending));
		printf("%10llu %12.2f %10.1f", (unsigned long long)pending, HOLDS / used_s / 1e6,
		       used_s / HOLDS * 1e9);
		if (last_s > 0)
			printf(" %8.2f", log10(used_s / last_s));
		printf("\n");
		last_s = used_s;
	}
	free(increments);
}
