/* A section of the series for drawing: steps, thinned to what a picture can show. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/export.h"

/* Beyond this many entities a picture shows the lowest and the highest. */
enum { MOST_ENTITIES = 16, OWN = 2 };

static bool is_range(const struct dc_result_column *column)
{
	return column->width > MOST_ENTITIES;
}

static void write_header(const struct dc_result_table *table, FILE *out)
{
	fputs("time", out);
	for (size_t i = OWN; i < table->columns_count; i++) {
		const struct dc_result_column *c = &table->columns[i];

		for (size_t k = 0; k < c->width && !is_range(c); k++) {
			fprintf(out, "\t%s%s", c->name, c->labels ? "." : "");
			dc_export_text(c->labels ? c->labels[k] : "", DC_EXPORT_TSV, out);
		}
		if (is_range(c))
			fprintf(out, "\t%s.lowest\t%s.highest", c->name, c->name);
	}
	fputc('\n', out);
}

static void write_number(double value, FILE *out)
{
	char text[32];

	dc_export_number(value, text, sizeof(text));
	fprintf(out, "\t%s", text);
}

static void write_point(const struct dc_result_table *table, double time_s, const double *values,
			FILE *out)
{
	char text[32];

	dc_export_number(time_s, text, sizeof(text));
	fputs(text, out);
	for (size_t i = OWN; i < table->columns_count; i++) {
		const struct dc_result_column *c = &table->columns[i];
		double lowest = values[0], highest = values[0];

		for (size_t k = 0; k < c->width; k++) {
			if (!is_range(c))
				write_number(values[k], out);
			lowest = values[k] < lowest ? values[k] : lowest;
			highest = values[k] > highest ? values[k] : highest;
		}
		if (is_range(c)) {
			write_number(lowest, out);
			write_number(highest, out);
		}
		values += c->width;
	}
	fputc('\n', out);
}

struct drawing {
	double *time, *interval; /* of the rows of a group */
	double *column;          /* a column's values of these rows */
	double *values;          /* the group's value for each cell */
};

/* One value per cell for a group of rows. */
static enum dc_status gather(struct dc_diag *diag, const struct dc_result *result,
			     const struct dc_result_table *table, size_t first, size_t rows,
			     const struct drawing *d)
{
	double *to = d->values;
	double span_s = 0;

	for (size_t row = 0; row < rows; row++)
		span_s += d->interval[row];
	for (size_t i = OWN; i < table->columns_count; i++) {
		const struct dc_result_column *c = &table->columns[i];
		enum dc_status status = dc_result_read(diag, result, c, first, rows, d->column);

		if (status != DC_OK)
			return status;
		for (size_t k = 0; k < c->width; k++, to++) {
			*to = 0;
			for (size_t row = 0; row < rows; row++) {
				double share = c->sum      ? 1
					       : rows == 1 ? 1
							   : d->interval[row] / span_s;

				*to += share * d->column[row * c->width + k];
			}
		}
	}
	return DC_OK;
}

static enum dc_status draw(struct dc_diag *diag, const struct dc_result *result,
			   const struct dc_result_table *table, size_t group,
			   const struct drawing *d, FILE *out)
{
	enum dc_status status = DC_OK;

	for (size_t first = 0; first < table->rows && status == DC_OK; first += group) {
		size_t rows = table->rows - first < group ? table->rows - first : group;

		status = dc_result_read(diag, result, &table->columns[0], first, rows, d->time);
		if (status == DC_OK)
			status = dc_result_read(diag, result, &table->columns[1], first, rows,
						d->interval);
		if (status == DC_OK)
			status = gather(diag, result, table, first, rows, d);
		if (status == DC_OK) {
			write_point(table, d->time[0] - d->interval[0], d->values, out);
			write_point(table, d->time[rows - 1], d->values, out);
		}
	}
	return status;
}

enum dc_status dc_export_drawing(struct dc_diag *diag, const struct dc_result *result,
				 const struct dc_result_table *table, size_t most, FILE *out)
{
	size_t group = most && table->rows > most ? (table->rows + most - 1) / most : 1;
	size_t width = 1, widest = 1;
	struct drawing d;
	enum dc_status status = DC_ERR_MEMORY;

	for (size_t i = OWN; i < table->columns_count; i++) {
		width += table->columns[i].width;
		if (table->columns[i].width > widest)
			widest = table->columns[i].width;
	}
	d.time = calloc(group, sizeof(double));
	d.interval = calloc(group, sizeof(double));
	d.column = calloc(group, widest * sizeof(double));
	d.values = calloc(width, sizeof(double));
	if (d.time && d.interval && d.column && d.values) {
		write_header(table, out);
		status = draw(diag, result, table, group, &d, out);
	}
	free(d.time);
	free(d.interval);
	free(d.column);
	free(d.values);
	if (status == DC_OK && (fflush(out) != 0 || ferror(out))) {
		dc_diag_error(diag, NULL, "cannot write the data to draw: %s", strerror(errno));
		status = DC_ERR_IO;
	}
	return status;
}
