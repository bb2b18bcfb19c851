/* Copying a result, row by row, into a record sink: for recovering what a kill left, and for
 * writing a finished file afresh. */
#ifndef DC_OUTPUT_COPY_H
#define DC_OUTPUT_COPY_H

#include <stddef.h>

#include "base/diag.h"
#include "base/status.h"
#include "engine/record.h"
#include "output/reader.h"

/* The next `rows` rows of a table, as a piece of a copy. */
struct dc_copy_piece {
	enum {
		DC_COPY_SERIES,
		DC_COPY_ITERATIONS,
		DC_COPY_EVENTS,
		DC_COPY_FLOWS,
		DC_COPY_COLLECTIVES,
		DC_COPY_TIMELINE,
	} table;
	size_t rows;
};

/* Feeds begin, the pieces in the order given, the remaining rows of each table, and end. The order
 * of pieces decides where things lie in an HDF5 file, nothing else; count 0 is fine. Messages go
 * to diag (those of the sink to its own). */
enum dc_status dc_copy_result(struct dc_diag *diag, const struct dc_result *result,
			      struct dc_record_sink *sink, enum dc_record_end how,
			      const struct dc_copy_piece *pieces, size_t count) DC_CHECK;

/* Writes the trustworthy rows of a killed run's FILE.part into a fresh result at path, with status
 * "interrupted" (or "complete" where only the last rename was missing). The summary holds what can be
 * told from the rows of the series (duration, energies, shares, iterations, electricity, carbon); the
 * rest of it is NaN. rows (may be NULL): rows of the series found. DC_ERR_INPUT when part holds nothing that can be recovered. */
enum dc_status dc_copy_recover(struct dc_diag *diag, const char *part, const char *path,
			       unsigned long long *rows) DC_CHECK;

#endif
