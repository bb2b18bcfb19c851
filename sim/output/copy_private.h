/* What copy.c and copy_tables.c share. Internal to sim/output/. */
#ifndef DC_OUTPUT_COPY_PRIVATE_H
#define DC_OUTPUT_COPY_PRIVATE_H

#include "base/arena.h"
#include "base/sum.h"
#include "output/copy.h"
#include "output/hdf5_fields.h"

/* Rows held in memory at a time; of wide series fewer, about so many values. */
enum {
	DC_COPY_BLOCK_ROWS = 1024,
	DC_COPY_BLOCK_VALUES = 1 << 21,
	DC_COPY_TABLES = 1 + DC_HDF5_FIXED
};

struct dc_copier {
	struct dc_diag *diag;
	struct dc_arena *arena;
	const struct dc_result *result;
	struct dc_record_sink *sink;
	struct dc_record_schema schema;
	/* Columns of the series in the schema's order, and the two that every section has. */
	const struct dc_result_column **columns;
	const struct dc_result_column *time;
	const struct dc_result_column *interval;
	size_t width; /* values of a row of the series */
	size_t block_rows;
	double *blocks; /* block_rows of each column, one after the other, own two first */
	double *row;
	/* Of the rows so far, for each value of a row: its sum, or the integral of a mean. */
	struct dc_sum *totals;
	struct dc_sum span_s;
	size_t done[DC_COPY_TABLES];
	size_t rows[DC_COPY_TABLES];
};

/* Feeds rows first .. first + count, at most DC_COPY_BLOCK_ROWS of them, of a table of fixed fields. */
enum dc_status dc_copy_table(struct dc_copier *c, enum dc_hdf5_fixed table, size_t first,
			     size_t count) DC_CHECK;

#endif
