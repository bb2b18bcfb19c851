/* A table of a result while it is being written: columns of equal length, rows buffered in memory.
 *
 * A buffer holds one chunk. Column 0 is the table's scale: on each flush every other column is
 * extended, written and flushed before it, so the scale's length is the number of rows that a
 * reader can trust, however the program ended.
 *
 * Internal to sim/output/. After a false from dc_hdf5_table_flush() the file must not be touched.
 * */
#ifndef DC_OUTPUT_HDF5_TABLE_H
#define DC_OUTPUT_HDF5_TABLE_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of a chunk where width allows, and the most bytes a chunk may have. */
enum { DC_HDF5_CHUNK_ROWS = 4096, DC_HDF5_CHUNK_BYTES = 1 << 20 };

struct dc_hdf5_column {
	hid_t dataset;
	hid_t type;            /* in memory; predefined, not closed */
	size_t size;           /* bytes of one value in memory */
	size_t width;          /* values per row */
	bool flat;             /* one-dimensional: [row], otherwise [row, width] */
	unsigned char *buffer; /* chunk_rows * width values */
};

struct dc_hdf5_table {
	struct dc_hdf5_column *columns;
	size_t count;
	size_t chunk_rows;
	uint64_t base;  /* row number of the buffer's first row */
	size_t filled;  /* rows in the buffer */
	size_t flushed; /* of them, rows in the file */
};

/* Rows per chunk when the widest row of a column has `bytes` bytes: at least 1. */
size_t dc_hdf5_table_chunk_rows(size_t bytes);

/* Creates an empty chunked dataset [unlimited] or [unlimited, width] (width 0: the former),
 * shuffled and deflated. Negative on failure; the caller closes it. */
hid_t dc_hdf5_table_dataset(hid_t group, const char *name, hid_t file_type, size_t chunk_rows,
			    size_t width);

/* Prepares `count` columns, each still without dataset; false when out of memory. */
bool dc_hdf5_table_init(struct dc_hdf5_table *table, size_t count, size_t chunk_rows);
/* Opens the dataset of a column and gives it a buffer; width 0 means [row]. */
bool dc_hdf5_table_open(struct dc_hdf5_table *table, size_t column, hid_t file, const char *path,
			hid_t type, size_t width);
/* Frees the buffers and, unless the file was given up, closes the datasets. */
void dc_hdf5_table_fini(struct dc_hdf5_table *table, bool given_up);

/* Where the next row's values of a column go. Fill every column, then call dc_hdf5_table_push(). */
void *dc_hdf5_table_cell(struct dc_hdf5_table *table, size_t column);
/* Counts the row; true when the buffer is full and must be flushed before the next row. */
bool dc_hdf5_table_push(struct dc_hdf5_table *table);
/* Writes what is not yet in the file; false on failure. */
bool dc_hdf5_table_flush(struct dc_hdf5_table *table);

#endif
