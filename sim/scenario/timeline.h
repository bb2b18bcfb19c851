/* The timeline of one iteration: every operation of every pipeline stage, on its first rank.
 *
 * The second iteration is shown, when streams have come into step, or the first where there is only one.
 * It is complete: operations that end within the next iteration belong to it; what ends later still, or
 * not within the run, is left out. Of a program with more operations than fit, those that end first are
 * shown. Rows are sorted by begin, stage, stream and place in the stream, so folded and exact runs tell
 * the same.
 *
 * Ownership: init/fini; labels live in the arena; executor and ensemble must outlive it. */
#ifndef DC_SCENARIO_TIMELINE_H
#define DC_SCENARIO_TIMELINE_H

#include "base/arena.h"
#include "engine/record.h"
#include "program/executor.h"

enum { DC_TIMELINE_AXES = 3, DC_TIMELINE_ROWS = 200000 };

struct dc_timeline_operation;

/* The operations of an iteration, in the order in which they ended. */
struct dc_timeline_iteration {
	struct dc_timeline_operation *operations;
	size_t count, room;
	uint64_t left_out;
	dc_time start;
	bool complete;
};

struct dc_timeline {
	const struct dc_ensemble *ensemble;
	const struct dc_executor *executor;
	struct dc_axis axes[DC_TIMELINE_AXES]; /* stream, role, operation */
	uint32_t **streams;                    /* [stage][stream]: label */
	uint32_t **names;                      /* [stage][op]: label */
	size_t most;                           /* rows */
	struct dc_timeline_iteration iterations[2];
	bool done; /* nothing more is kept */
	uint64_t left_out;
};

/* most: rows, DC_TIMELINE_ROWS but in tests. */
enum dc_status dc_simulation_timeline_init(struct dc_timeline *timeline,
					   const struct dc_executor *executor,
					   const struct dc_ensemble *ensemble, size_t most,
					   struct dc_arena *arena) DC_CHECK;
void dc_simulation_timeline_fini(struct dc_timeline *timeline);

/* What the executor's observer is told. */
enum dc_status dc_simulation_timeline_operation(struct dc_timeline *timeline, uint64_t actor,
						uint32_t stage, uint32_t op, uint64_t iteration,
						dc_time begin, dc_time end) DC_CHECK;
/* True: the timeline is complete, and may be written. */
bool dc_simulation_timeline_iteration(struct dc_timeline *timeline,
				      const struct dc_executor_iteration *iteration);

/* Writes what there is, once; later calls do nothing. */
enum dc_status dc_simulation_timeline_write(struct dc_timeline *timeline,
					    struct dc_record_sink *sink) DC_CHECK;

#endif
