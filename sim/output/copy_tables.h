/* Copying a result: the tables of fixed columns, a block of rows at a time. Internal to sim/output/. */
#ifndef DC_OUTPUT_COPY_TABLES_H
#define DC_OUTPUT_COPY_TABLES_H

#include "base/diag.h"
#include "engine/record.h"
#include "output/reader.h"

/* Rows of a block at most. */
enum { DC_COPY_BLOCK_ROWS = 1024 };

/* From where to where. */
struct dc_copy_ends {
	struct dc_diag *diag;
	const struct dc_result *result;
	struct dc_record_sink *sink;
};

/* Feeds `count` rows (at most a block), from row `first` on, to the sink. DC_ERR_INPUT with a message when they
 * cannot be read. */
enum dc_status dc_copy_iterations(const struct dc_copy_ends *c, size_t first,
				  size_t count) DC_CHECK;
enum dc_status dc_copy_events(const struct dc_copy_ends *c, size_t first, size_t count) DC_CHECK;
enum dc_status dc_copy_flows(const struct dc_copy_ends *c, size_t first, size_t count) DC_CHECK;
enum dc_status dc_copy_collectives(const struct dc_copy_ends *c, size_t first,
				   size_t count) DC_CHECK;

#endif
