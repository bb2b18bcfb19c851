/* Tables of text: reading CSV. */
#include "config/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/units.h"

enum { ERRORS_LIMIT = 20 };

struct reader {
	struct dc_arena *arena;
	struct dc_diag *diag;
	struct dc_table *table;
	size_t capacity; /* rows */
	unsigned line;
	unsigned errors;
};

static enum dc_status read_text(struct dc_diag *diag, const char *path,
				const struct dc_source **source)
{
	FILE *file = fopen(path, "rb");
	struct stat about;
	char *text;
	size_t length;

	if (!file)
		return dc_diag_error(diag, NULL, "cannot read %s: %s", path, strerror(errno));
	if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) {
		fclose(file);
		return dc_diag_error(diag, NULL, "%s is not a file", path);
	}
	if (about.st_size > DC_TABLE_BYTES) {
		fclose(file);
		return dc_diag_error(diag, NULL, "%s is larger than 1 GiB", path);
	}
	length = (size_t)about.st_size;
	text = malloc(length + 1);
	if (!text) {
		fclose(file);
		return DC_ERR_MEMORY;
	}
	length = fread(text, 1, length, file);
	text[length] = '\0';
	*source = dc_diag_source(diag, path, text, length);
	fclose(file);
	free(text);
	return *source ? DC_OK : DC_ERR_MEMORY;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes one cell from [*at, end); leaves *at at its comma or at end. */
static bool take_cell(struct reader *r, const char *line, const char **at, const char *end,
		      struct dc_table_cell *cell)
{
	const char *from = *at, *to;
	char *text;
	size_t length = 0;

	while (from < end && is_blank(*from))
		from++;
	cell->line = r->line;
	cell->column = (unsigned)(from - line) + 1;
	if (from < end && *from == '"') {
		text = dc_arena_alloc(r->arena, (size_t)(end - from) + 1);
		if (!text)
			return false;
		for (to = from + 1; to < end; to++) {
			if (*to == '"' && to + 1 < end && to[1] == '"')
				to++;
			else if (*to == '"')
				break;
			text[length++] = *to;
		}
		if (to < end)
			to++;
		cell->text = text;
		cell->length = (unsigned)(to - from);
		while (to < end && *to != ',')
			to++;
		*at = to;
		return true;
	}
	to = memchr(from, ',', (size_t)(end - from));
	*at = to ? to : end;
	to = *at;
	while (to > from && is_blank(to[-1]))
		to--;
	cell->text = dc_arena_strndup(r->arena, from, (size_t)(to - from));
	cell->length = to > from ? (unsigned)(to - from) : 1;
	return cell->text != NULL;
}

/* Cells of a line into `cells`; returns how many there are, which may be more than limit. */
static size_t take_cells(struct reader *r, const char *line, const char *end,
			 struct dc_table_cell *cells, size_t limit, bool *memory)
{
	const char *at = line;
	size_t count = 0;

	for (;;) {
		struct dc_table_cell cell = {0};

		if (!take_cell(r, line, &at, end, &cell)) {
			*memory = false;
			return count;
		}
		if (count < limit)
			cells[count] = cell;
		count++;
		if (at >= end)
			return count;
		at++;
	}
}

static bool grow(struct reader *r)
{
	struct dc_table *table = r->table;
	struct dc_table_cell *cells;

	if (table->rows < r->capacity)
		return true;
	r->capacity = r->capacity ? r->capacity * 2 : 256;
	cells = dc_arena_array(r->arena, r->capacity * table->columns, sizeof *cells);
	if (!cells)
		return false;
	if (table->rows)
		memcpy(cells, table->cells, table->rows * table->columns * sizeof *cells);
	table->cells = cells;
	return true;
}

static enum dc_status add_header(struct reader *r, const char *line, const char *end)
{
	struct dc_table *table = r->table;
	bool memory = true;
	size_t count;

	table->names = dc_arena_array(r->arena, DC_TABLE_COLUMNS, sizeof *table->names);
	if (!table->names)
		return DC_ERR_MEMORY;
	count = take_cells(r, line, end, table->names, DC_TABLE_COLUMNS, &memory);
	if (!memory)
		return DC_ERR_MEMORY;
	if (count > DC_TABLE_COLUMNS) {
		struct dc_mark mark = {table->source, r->line, 1, 1};

		return dc_diag_error(r->diag, &mark, "%zu columns; at most %d are read", count,
				     DC_TABLE_COLUMNS);
	}
	table->columns = count;
	return DC_OK;
}

static enum dc_status add_row(struct reader *r, const char *line, const char *end)
{
	struct dc_table *table = r->table;
	bool memory = true;
	size_t count;

	if (!grow(r))
		return DC_ERR_MEMORY;
	count = take_cells(r, line, end, table->cells + table->rows * table->columns,
			   table->columns, &memory);
	if (!memory)
		return DC_ERR_MEMORY;
	if (count != table->columns) {
		struct dc_mark mark = {table->source, r->line, 1, 1};

		if (++r->errors <= ERRORS_LIMIT)
			(void)dc_diag_error(r->diag, &mark, "%zu cells; the header has %zu columns",
					    count, table->columns);
		return DC_OK;
	}
	table->rows++;
	return DC_OK;
}

enum dc_status dc_table_read(struct dc_arena *arena, struct dc_diag *diag, const char *path,
			     struct dc_table *table)
{
	struct reader r = {.arena = arena, .diag = diag, .table = table};
	const char *at, *stop;
	enum dc_status status;

	*table = (struct dc_table){0};
	status = read_text(diag, path, &table->source);
	if (status)
		return status;
	at = table->source->text;
	stop = at + table->source->length;
	if (table->source->length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (at < stop) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));
		const char *first = at;

		end = end ? end : stop;
		r.line++;
		while (first < end && is_blank(*first))
			first++;
		if (first < end && *first != '#') {
			status = table->columns ? add_row(&r, at, end) : add_header(&r, at, end);
			if (status)
				return status;
		}
		at = end + 1;
	}
	if (!table->columns) {
		struct dc_mark mark = {table->source, 1, 1, 1};

		return dc_diag_error(diag, &mark, "the table is empty; expected a header line");
	}
	return r.errors ? DC_ERR_INPUT : DC_OK;
}

int dc_table_column(const struct dc_table *table, const char *name)
{
	for (size_t i = 0; i < table->columns; i++)
		if (strcasecmp(table->names[i].text, name) == 0)
			return (int)i;
	return -1;
}

const char *dc_table_text(const struct dc_table *table, size_t row, int column)
{
	return column < 0 ? "" : table->cells[row * table->columns + (size_t)column].text;
}

struct dc_mark dc_table_mark(const struct dc_table *table, size_t row, int column)
{
	const struct dc_table_cell *cell =
		&table->cells[row * table->columns + (column < 0 ? 0 : (size_t)column)];

	return (struct dc_mark){table->source, cell->line, cell->column, cell->length};
}

enum dc_status dc_table_number(const struct dc_table *table, struct dc_diag *diag, size_t row,
			       int column, double *value)
{
	const char *text = dc_table_text(table, row, column);
	struct dc_mark mark = dc_table_mark(table, row, column);

	if (dc_units_parse(text, DC_DIM_NONE, value, NULL) && isfinite(*value))
		return DC_OK;
	return dc_diag_error(diag, &mark, "%s: expected a number, found '%s'",
			     column < 0 ? "row" : table->names[column].text, text);
}
