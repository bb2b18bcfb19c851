/* A result's tables as text: tab- or comma-separated, one header line with units, full precision; and
 * its timeline as a trace.
 *
 * Numbers are written with as many digits as reading them back exactly takes; kinds and subjects of
 * events as words. A column with an axis becomes one column per entity, "part_w.hosts [W]". The
 * summary becomes one row per figure. */
#ifndef DC_OUTPUT_EXPORT_H
#define DC_OUTPUT_EXPORT_H

#include <stdio.h>

#include "base/diag.h"
#include "base/status.h"
#include "output/reader.h"

enum dc_export_format { DC_EXPORT_TSV, DC_EXPORT_CSV };

/* Writes the table of that name ("summary" included) to out. DC_ERR_INPUT when there is no such
 * table (the message lists those there are), DC_ERR_IO when reading or writing fails. */
enum dc_status dc_export_table(struct dc_diag *diag, const struct dc_result *result,
			       const char *name, enum dc_export_format format, FILE *out) DC_CHECK;

/* Writes the run's status and the list of tables: name, rows, columns with units. */
enum dc_status dc_export_list(struct dc_diag *diag, const struct dc_result *result,
			      FILE *out) DC_CHECK;

/* Writes a section of the series for drawing, tab-separated: each row twice, at the start and at
 * the end of its interval, so that straight lines between points are the exact steps. More than
 * `most` rows are drawn together into at most that many: a mean is weighted with the intervals, a
 * sum adds up. A column of more than 16 entities becomes the lowest and the highest of them at each
 * row. */
enum dc_status dc_export_drawing(struct dc_diag *diag, const struct dc_result *result,
				 const struct dc_result_table *table, size_t most,
				 FILE *out) DC_CHECK;

/* Writes the timeline as a trace, JSON in the Trace Event Format: see export_trace.c. DC_ERR_INPUT when
 * the result has no timeline. */
enum dc_status dc_export_trace(struct dc_diag *diag, const struct dc_result *result,
			       FILE *out) DC_CHECK;

/* The shortest text that reads back as the same double. size >= 32. */
void dc_export_number(double value, char *text, size_t size);

/* Writes a cell of text, with what the format needs: quotes in CSV, blanks for tabs in TSV. */
void dc_export_text(const char *text, enum dc_export_format format, FILE *out);

#endif
