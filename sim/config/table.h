/* Tables of text: CSV with a header, every cell with its place.
 *
 * The first line that is not a comment (# ...) names the columns. Cells are separated by commas; a cell in
 * double quotes may hold commas, and "" for a quote, but no line break. A row with another number of cells
 * than the header is an error; all are reported, up to a limit. UTF-8, at most DC_TABLE_BYTES.
 * Ownership: everything lives in the arena given; the text in the diagnostics sink. */
#ifndef DC_CONFIG_TABLE_H
#define DC_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"

enum { DC_TABLE_BYTES = 1 << 30, DC_TABLE_COLUMNS = 256 };

struct dc_table_cell {
	const char *text; /* without quotes and blanks around */
	unsigned line;
	unsigned column;
	unsigned length; /* as written */
};

struct dc_table {
	const struct dc_source *source;
	size_t columns;
	struct dc_table_cell *names;
	size_t rows;
	struct dc_table_cell *cells; /* [row][column] */
};

/* Reads a file. DC_ERR_INPUT with messages when it is missing, empty or malformed. */
enum dc_status dc_table_read(struct dc_arena *arena, struct dc_diag *diag, const char *path,
			     struct dc_table *table) DC_CHECK;

/* The number of a column by its name (case ignored), or -1. */
int dc_table_column(const struct dc_table *table, const char *name);
/* A cell's text; "" when column is -1. */
const char *dc_table_text(const struct dc_table *table, size_t row, int column);
struct dc_mark dc_table_mark(const struct dc_table *table, size_t row, int column);
/* A finite number in a cell, or a message at it. */
enum dc_status dc_table_number(const struct dc_table *table, struct dc_diag *diag, size_t row,
			       int column, double *value) DC_CHECK;

#endif
