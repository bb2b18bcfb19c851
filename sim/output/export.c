/* A result's tables as text: one header line with units, numbers in full precision. */
#include "output/export.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values held in memory at a time, roughly. */
enum { BLOCK_VALUES = 1 << 18 };

void dc_export_number(double value, char *text, size_t size)
{
	if (isnan(value)) {
		snprintf(text, size, "nan");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, size, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			return;
	}
}

void dc_export_text(const char *text, enum dc_export_format format, FILE *out)
{
	bool quote = format == DC_EXPORT_CSV && strpbrk(text, ",\"\r\n");

	if (quote)
		fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (format == DC_EXPORT_TSV && (*c == '\t' || *c == '\n' || *c == '\r')) {
			fputc(' ', out);
			continue;
		}
		if (quote && *c == '"')
			fputc('"', out);
		fputc(*c, out);
	}
	if (quote)
		fputc('"', out);
}

static enum dc_status check_written(struct dc_diag *diag, FILE *out)
{
	errno = 0;
	if (fflush(out) == 0 && !ferror(out))
		return DC_OK;
	dc_diag_error(diag, NULL, "cannot write the table: %s",
		      errno ? strerror(errno) : "the output was closed");
	return DC_ERR_IO;
}

static void write_name(const char *name, const char *label, const char *unit,
		       enum dc_export_format format, FILE *out)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s%s%s%s", name, label ? "." : "", label ? label : "",
		 *unit ? " [" : "", unit, *unit ? "]" : "");
	dc_export_text(text, format, out);
}

static void write_header(const struct dc_result_table *table, enum dc_export_format format,
			 FILE *out)
{
	char separator = format == DC_EXPORT_CSV ? ',' : '\t';

	for (size_t i = 0; i < table->columns_count; i++) {
		const struct dc_result_column *c = &table->columns[i];

		for (size_t k = 0; k < c->width; k++) {
			if (i || k)
				fputc(separator, out);
			write_name(c->name, c->labels ? c->labels[k] : NULL, c->unit, format, out);
		}
	}
	fputc('\n', out);
}

/* A block of rows of every column, each in the type its cells have. */
union cells {
	double *reals;
	uint64_t *numbers;
	char (*texts)[DC_RESULT_TEXT_SIZE];
	void *memory;
};

static size_t cell_bytes(const struct dc_result_column *column)
{
	return column->cell == DC_RESULT_TEXT ? DC_RESULT_TEXT_SIZE
					      : sizeof(double) * column->width;
}

static enum dc_status read_cells(struct dc_diag *diag, const struct dc_result *result,
				 const struct dc_result_column *column, size_t first, size_t count,
				 union cells cells)
{
	switch (column->cell) {
	case DC_RESULT_TEXT:
		return dc_result_read_text(diag, result, column, first, count, cells.texts);
	case DC_RESULT_NUMBER:
	case DC_RESULT_WORD:
		return dc_result_read_number(diag, result, column, first, count, cells.numbers);
	case DC_RESULT_REAL:
		break;
	}
	return dc_result_read(diag, result, column, first, count, cells.reals);
}

static void write_cell(const struct dc_result_column *column, union cells cells, size_t at,
		       enum dc_export_format format, FILE *out)
{
	char text[32];

	switch (column->cell) {
	case DC_RESULT_TEXT:
		dc_export_text(cells.texts[at], format, out);
		break;
	case DC_RESULT_WORD:
		if (cells.numbers[at] < column->words_count) {
			dc_export_text(column->words[cells.numbers[at]], format, out);
			break;
		}
		if (cells.numbers[at] == DC_RESULT_NONE) {
			fputs("none", out);
			break;
		}
		/* A number without word stays a number. */
		/* fall through */
	case DC_RESULT_NUMBER:
		fprintf(out, "%llu", (unsigned long long)cells.numbers[at]);
		break;
	case DC_RESULT_REAL:
		dc_export_number(cells.reals[at], text, sizeof(text));
		fputs(text, out);
		break;
	}
}

static void write_rows(const struct dc_result_table *table, const union cells *cells, size_t rows,
		       enum dc_export_format format, FILE *out)
{
	char separator = format == DC_EXPORT_CSV ? ',' : '\t';

	for (size_t row = 0; row < rows; row++) {
		for (size_t i = 0; i < table->columns_count; i++) {
			const struct dc_result_column *c = &table->columns[i];

			for (size_t k = 0; k < c->width; k++) {
				if (i || k)
					fputc(separator, out);
				write_cell(c, cells[i], row * c->width + k, format, out);
			}
		}
		fputc('\n', out);
	}
}

static enum dc_status export_rows(struct dc_diag *diag, const struct dc_result *result,
				  const struct dc_result_table *table, enum dc_export_format format,
				  FILE *out)
{
	union cells *cells = calloc(table->columns_count, sizeof(*cells));
	size_t width = 1, block;
	enum dc_status status = cells ? DC_OK : DC_ERR_MEMORY;

	for (size_t i = 0; i < table->columns_count; i++)
		width += table->columns[i].width;
	block = width < BLOCK_VALUES ? BLOCK_VALUES / width : 1;
	for (size_t i = 0; i < table->columns_count && status == DC_OK; i++) {
		cells[i].memory = calloc(block, cell_bytes(&table->columns[i]));
		if (!cells[i].memory)
			status = DC_ERR_MEMORY;
	}
	for (size_t first = 0; first < table->rows && status == DC_OK && !ferror(out);
	     first += block) {
		size_t rows = table->rows - first < block ? table->rows - first : block;

		for (size_t i = 0; i < table->columns_count && status == DC_OK; i++)
			status =
				read_cells(diag, result, &table->columns[i], first, rows, cells[i]);
		if (status == DC_OK)
			write_rows(table, cells, rows, format, out);
	}
	for (size_t i = 0; cells && i < table->columns_count; i++)
		free(cells[i].memory);
	free(cells);
	return status;
}

static void export_summary(const struct dc_result *result, enum dc_export_format format, FILE *out)
{
	char separator = format == DC_EXPORT_CSV ? ',' : '\t';
	size_t count;
	const struct dc_result_figure *figures = dc_result_figures(result, &count);

	fprintf(out, "figure%cvalue%cunit%cmeaning\n", separator, separator, separator);
	for (size_t i = 0; i < count; i++) {
		char text[32];

		dc_export_text(figures[i].name, format, out);
		dc_export_number(figures[i].value, text, sizeof(text));
		fprintf(out, "%c%s%c", separator, text, separator);
		dc_export_text(figures[i].unit, format, out);
		fputc(separator, out);
		dc_export_text(figures[i].long_name, format, out);
		fputc('\n', out);
	}
}

static enum dc_status refuse_name(struct dc_diag *diag, const struct dc_result *result,
				  const char *name)
{
	size_t count, used = 0;
	const struct dc_result_table *tables = dc_result_tables(result, &count);
	char list[1024] = "";

	for (size_t i = 0; i < count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s, ", tables[i].name);
	return dc_diag_error(diag, NULL, "%s has no table '%s'; it has %ssummary",
			     dc_result_info(result)->path, name, list);
}

enum dc_status dc_export_table(struct dc_diag *diag, const struct dc_result *result,
			       const char *name, enum dc_export_format format, FILE *out)
{
	const struct dc_result_table *table = dc_result_table(result, name);
	enum dc_status status = DC_OK;

	if (!table) {
		if (strcmp(name, "summary") != 0 && strcmp(name, "/summary") != 0)
			return refuse_name(diag, result, name);
		export_summary(result, format, out);
		return check_written(diag, out);
	}
	write_header(table, format, out);
	status = export_rows(diag, result, table, format, out);
	return status == DC_OK ? check_written(diag, out) : status;
}

enum dc_status dc_export_list(struct dc_diag *diag, const struct dc_result *result, FILE *out)
{
	size_t count, figures_count;
	const struct dc_result_table *tables = dc_result_tables(result, &count);

	(void)dc_result_figures(result, &figures_count);
	fprintf(out, "%-12s %10s\n\n", "status", dc_result_info(result)->status);
	fprintf(out, "%-12s %10s  %s\n", "table", "rows", "columns");
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%-12s %10zu  ", tables[i].name, tables[i].rows);
		for (size_t k = 0; k < tables[i].columns_count; k++) {
			const struct dc_result_column *c = &tables[i].columns[k];

			fputs(k ? ", " : "", out);
			write_name(c->name, NULL, c->unit, DC_EXPORT_TSV, out);
			if (c->axis)
				fprintf(out, " per %s (%zu)", c->axis, c->width);
		}
		fputc('\n', out);
	}
	fprintf(out, "%-12s %10zu  figure, value, unit, meaning\n", "summary", figures_count);
	return check_written(diag, out);
}
