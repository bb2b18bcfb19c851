/* The timeline of a result, read whole: the operations of one iteration, and when that was.
 *
 * Ownership: dc_result_timeline_read() fills, dc_result_timeline_fini() frees; words belong to the
 * result. */
#ifndef DC_OUTPUT_TIMELINE_H
#define DC_OUTPUT_TIMELINE_H

#include "base/diag.h"
#include "engine/record.h"
#include "output/reader.h"

struct dc_result_timeline {
	struct dc_timeline_row *rows;
	size_t count;
	uint32_t stages; /* the highest stage, and 1 */
	uint64_t iteration;
	double start_s, duration_s; /* of the iteration; NaN where a kill took them */
	double left_out;            /* operations that did not fit; NaN: unknown */
	/* What the rows' numbers are indices into. */
	const struct dc_result_column *streams, *roles, *operations;
};

/* DC_ERR_INPUT with a message where the result has no timeline, or one without rows. */
enum dc_status dc_result_timeline_read(struct dc_diag *diag, const struct dc_result *result,
				       struct dc_result_timeline *timeline) DC_CHECK;
void dc_result_timeline_fini(struct dc_result_timeline *timeline);

/* The word that a number of a column stands for; "" for none. */
const char *dc_result_timeline_word(const struct dc_result_column *column, uint64_t number);

#endif
