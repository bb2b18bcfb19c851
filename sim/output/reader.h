/* Reading a result: its tables, their columns with unit and meaning, and blocks of their rows.
 *
 * Tables are the sections of the series (each with time and interval in front), iterations, events,
 * flows, collectives and timeline (where a run has them) and summary. A column's cells are numbers, or words.
 * Everything returned lives until dc_result_close(). A file that is not a result of dcsim, of a newer layout, unfinished, cut short
 * or damaged is refused with one message. */
#ifndef DC_OUTPUT_READER_H
#define DC_OUTPUT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/status.h"

enum dc_result_cell {
	DC_RESULT_REAL,   /* double */
	DC_RESULT_NUMBER, /* unsigned integer */
	DC_RESULT_WORD,   /* unsigned integer: index into the column's words */
	DC_RESULT_TEXT,   /* bytes, see dc_result_read_text() */
};

/* The index that stands for nobody, in words. */
#define DC_RESULT_NONE UINT32_MAX

struct dc_result_column {
	const char *path; /* inside the file */
	const char *name;
	const char *unit; /* "" for words and texts */
	const char *long_name;
	bool sum; /* an amount per interval; otherwise a mean or a plain value */
	enum dc_result_cell cell;
	const char *axis;          /* NULL: one value per row; otherwise the axis's name */
	size_t width;              /* values per row: 1 without axis */
	const char *const *labels; /* of the axis, width of them; NULL without axis */
	const char *const *words;  /* of DC_RESULT_WORD */
	size_t words_count;
};

struct dc_result_table {
	const char *name; /* "power", "iterations", "events", "summary" */
	bool series;
	size_t rows;
	const struct dc_result_column *columns;
	size_t columns_count;
};

struct dc_result_figure {
	const char *name;
	const char *unit;
	const char *long_name;
	double value; /* NaN when the run did not get to it */
};

/* A list of labels in /names. */
struct dc_result_names {
	const char *name;
	const char *const *labels;
	size_t count;
};

struct dc_result_info {
	const char *path;     /* as the user gave it */
	const char *name;     /* of the scenario */
	const char *status;   /* "complete", "interrupted"; "running" in a recovered .part */
	const char *version;  /* of the dcsim that wrote it */
	const char *start;    /* calendar time of t = 0 */
	const char *scenario; /* resolved YAML */
	uint64_t seed;
};

struct dc_result;

/* Opens a finished result; with recover, also what a killed run left. DC_ERR_IO when the file
 * cannot be read, DC_ERR_INPUT when it is not a result. */
enum dc_status dc_result_open(struct dc_diag *diag, const char *path, bool recover,
			      struct dc_result **result) DC_CHECK;
/* NULL is fine. */
void dc_result_close(struct dc_result *result);

const struct dc_result_info *dc_result_info(const struct dc_result *result);
/* Every table, sections of the series first. */
const struct dc_result_table *dc_result_tables(const struct dc_result *result, size_t *count);
/* By name; "/series/power" and "series/power" mean "power". NULL when there is none. */
const struct dc_result_table *dc_result_table(const struct dc_result *result, const char *name);
const struct dc_result_column *dc_result_column(const struct dc_result_table *table,
						const char *name);
const struct dc_result_figure *dc_result_figures(const struct dc_result *result, size_t *count);
/* By name; NULL when there is none. */
const struct dc_result_figure *dc_result_figure(const struct dc_result *result, const char *name);
/* Axes of the series in the order of the file; then kinds and subjects of events. */
const struct dc_result_names *dc_result_axes(const struct dc_result *result, size_t *count);
const struct dc_result_names *dc_result_kinds(const struct dc_result *result);
const struct dc_result_names *dc_result_subjects(const struct dc_result *result);

/* Rows first .. first + count of a column as doubles, row by row; count * width values. The rows
 * must exist. DC_ERR_IO with a message when they cannot be read. */
enum dc_status dc_result_read(struct dc_diag *diag, const struct dc_result *result,
			      const struct dc_result_column *column, size_t first, size_t count,
			      double *values) DC_CHECK;
/* The same as whole numbers; also for words, as indices. */
enum dc_status dc_result_read_number(struct dc_diag *diag, const struct dc_result *result,
				     const struct dc_result_column *column, size_t first,
				     size_t count, uint64_t *values) DC_CHECK;
/* Bytes that a text cell takes in dc_result_read_text(), the closing NUL included. */
enum { DC_RESULT_TEXT_SIZE = 129 };
/* Texts, each NUL-terminated in DC_RESULT_TEXT_SIZE bytes. */
enum dc_status dc_result_read_text(struct dc_diag *diag, const struct dc_result *result,
				   const struct dc_result_column *column, size_t first,
				   size_t count, char (*texts)[DC_RESULT_TEXT_SIZE]) DC_CHECK;

#endif
