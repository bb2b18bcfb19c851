/* Drawing a network alone: time and bus bandwidth by size, links over time. */
#include "commands/plot_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/export.h"

/* What can be told apart: lines of a curve, links one above the other, moments side by side. */
enum { MOST_SERIES = 8, MOST_LINKS = 128, MOST_MOMENTS = 300 };

bool dc_plot_network_is(const struct dc_result *result)
{
	return dc_result_table(result, "collectives") || dc_result_table(result, "flows");
}

/* --- curves --- */

struct curves {
	size_t rows;
	uint64_t *job, *operation, *algorithm, *members;
	double *size, *duration, *busbw;
	size_t *series; /* by row; SIZE_MAX: not drawn */
	size_t count;
	size_t first[MOST_SERIES]; /* row of each series */
};

static void free_curves(struct curves *c)
{
	free(c->job);
	free(c->operation);
	free(c->algorithm);
	free(c->members);
	free(c->size);
	free(c->duration);
	free(c->busbw);
	free(c->series);
}

static enum dc_status read_numbers(struct dc_diag *diag, const struct dc_result *result,
				   const struct dc_result_table *table, const char *name,
				   uint64_t **values)
{
	*values = calloc(table->rows, sizeof **values);
	return *values ? dc_result_read_number(diag, result, dc_result_column(table, name), 0,
					       table->rows, *values)
		       : DC_ERR_MEMORY;
}

static enum dc_status read_reals(struct dc_diag *diag, const struct dc_result *result,
				 const struct dc_result_table *table, const char *name,
				 double **values)
{
	*values = calloc(table->rows, sizeof **values);
	return *values ? dc_result_read(diag, result, dc_result_column(table, name), 0, table->rows,
					*values)
		       : DC_ERR_MEMORY;
}

static enum dc_status read_curves(struct dc_diag *diag, const struct dc_result *result,
				  const struct dc_result_table *table, struct curves *c)
{
	const enum dc_status all[] = {
		read_numbers(diag, result, table, "job", &c->job),
		read_numbers(diag, result, table, "operation", &c->operation),
		read_numbers(diag, result, table, "algorithm", &c->algorithm),
		read_numbers(diag, result, table, "members", &c->members),
		read_reals(diag, result, table, "size", &c->size),
		read_reals(diag, result, table, "duration", &c->duration),
		read_reals(diag, result, table, "busbw", &c->busbw),
	};

	c->rows = table->rows;
	c->series = calloc(table->rows, sizeof *c->series);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i])
			return all[i];
	return c->series ? DC_OK : DC_ERR_MEMORY;
}

/* A series is a job's groups of one size. What has no size or takes no time has no place on the axes. */
static void sort_into_series(struct curves *c)
{
	for (size_t i = 0; i < c->rows; i++) {
		size_t k = 0;

		c->series[i] = SIZE_MAX;
		if (!(c->size[i] > 0) || !(c->duration[i] > 0))
			continue;
		while (k < c->count && (c->job[c->first[k]] != c->job[i] ||
					c->members[c->first[k]] != c->members[i]))
			k++;
		if (k == MOST_SERIES)
			continue;
		if (k == c->count)
			c->first[c->count++] = i;
		c->series[i] = k;
	}
}

static const char *word(const struct dc_result_table *table, const char *column, uint64_t number)
{
	const struct dc_result_column *c = dc_result_column(table, column);

	return number < c->words_count ? c->words[number] : "";
}

static void write_titles(const struct dc_result_table *table, const struct curves *c, FILE *out)
{
	fprintf(out, "array curve_title[%zu] = [", c->count);
	for (size_t k = 0; k < c->count; k++) {
		size_t row = c->first[k];
		const char *job = word(table, "job", c->job[row]);
		const char *operation = word(table, "operation", c->operation[row]);
		char title[160];

		snprintf(title, sizeof title, "%s%s%s of %llu", strcmp(job, operation) ? job : "",
			 strcmp(job, operation) ? ": " : "", operation,
			 (unsigned long long)c->members[row]);
		fputs(k ? ", " : "", out);
		dc_plot_quote(title, out);
	}
	fputs("]\n", out);
}

/* At powers of two, at most about a dozen of them. */
static void write_ticks(const struct curves *c, FILE *out)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double least = (double)INFINITY, most = 0;
	int first, last, step;

	for (size_t i = 0; i < c->rows; i++) {
		if (c->series[i] == SIZE_MAX)
			continue;
		least = fmin(least, c->size[i]);
		most = fmax(most, c->size[i]);
	}
	most = fmin(fmax(most, 1), 0x1p69);
	least = fmin(fmax(least, 1), most);
	first = (int)floor(log2(least));
	last = (int)ceil(log2(most));
	step = (last - first) / 12 + 1;
	fputs("size_ticks = \"", out);
	for (int p = first; p <= last; p += step)
		fprintf(out, "%s'%d %s' %.17g", p > first ? ", " : "", 1 << p % 10, units[p / 10],
			exp2(p));
	fputs("\"\n", out);
}

/* Whether any series has two sizes: one is no curve. */
static bool is_curve(const struct curves *c)
{
	for (size_t i = 0; i < c->rows; i++)
		if (c->series[i] != SIZE_MAX && c->size[i] != c->size[c->first[c->series[i]]])
			return true;
	return false;
}

/* A block of lines for each series: size, time, busbw, and the algorithm where it begins to be used. */
static void write_points(const struct dc_result_table *table, const struct curves *c, FILE *out)
{
	for (size_t k = 0; k < c->count; k++) {
		uint64_t before = UINT64_MAX;

		fputs(k ? "\n\n" : "", out);
		for (size_t i = 0; i < c->rows; i++) {
			char text[3][32];

			if (c->series[i] != k)
				continue;
			dc_export_number(c->size[i], text[0], sizeof *text);
			dc_export_number(c->duration[i], text[1], sizeof *text);
			dc_export_number(c->busbw[i] / 1e9, text[2], sizeof *text);
			fprintf(out, "%s\t%s\t%s\t%s\n", text[0], text[1], text[2],
				c->algorithm[i] == before
					? ""
					: word(table, "algorithm", c->algorithm[i]));
			before = c->algorithm[i];
		}
	}
}

static enum dc_status draw_curves(struct dc_diag *diag, const struct dc_result *result,
				  struct dc_plot *plot, bool *any)
{
	const struct dc_result_table *table = dc_result_table(result, "collectives");
	struct curves curves = {0};
	enum dc_status status = DC_OK;
	FILE *data = NULL;

	if (table && table->rows)
		status = read_curves(diag, result, table, &curves);
	if (!status && curves.rows)
		sort_into_series(&curves);
	fprintf(plot->settings, "has_curve = %d\n", is_curve(&curves));
	if (!status && is_curve(&curves)) {
		*any = true;
		write_ticks(&curves, plot->settings);
		write_titles(table, &curves, plot->settings);
		data = dc_plot_data(plot, "curve");
		status = data ? DC_OK : DC_ERR_IO;
	}
	if (data) {
		write_points(table, &curves, data);
		if (fclose(data) != 0)
			status = DC_ERR_IO;
	}
	free_curves(&curves);
	return status;
}

/* --- links over time --- */

struct heat {
	const struct dc_result *result;
	const struct dc_result_table *table;
	const struct dc_result_column *column;
	size_t rows, width;
	size_t group;   /* rows drawn together */
	size_t moments; /* groups */
	double *row;    /* one row's values */
	double *total;  /* by link: utilisation x time */
	size_t links;   /* drawn */
	size_t drawn[MOST_LINKS];
	double *cells; /* [drawn][moment] */
	double step_s; /* length of the first row; only the last may be shorter */
	double end_s;
};

/* Calls for every row with its length; the row's values are in h->row. */
static enum dc_status each_row(struct dc_diag *diag, struct heat *h,
			       void (*visit)(struct heat *h, size_t row, double length_s))
{
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < h->rows && !status; i++) {
		double length_s = 0;

		status = dc_result_read(diag, h->result, &h->table->columns[1], i, 1, &length_s);
		if (!status)
			status = dc_result_read(diag, h->result, h->column, i, 1, h->row);
		if (!status)
			visit(h, i, length_s);
	}
	return status;
}

static void add_total(struct heat *h, size_t row, double length_s)
{
	if (!row)
		h->step_s = length_s;
	h->end_s += length_s;
	for (size_t k = 0; k < h->width; k++)
		h->total[k] += h->row[k] * length_s;
}

/* A group of rows is drawn by its mean, weighted with their lengths; the last one may be shorter. */
static void add_cell(struct heat *h, size_t row, double length_s)
{
	size_t moment = row / h->group;

	for (size_t k = 0; k < h->links; k++) {
		double *cell = &h->cells[k * (h->moments + 1)];

		cell[moment] += h->row[h->drawn[k]] * length_s;
	}
	h->cells[h->links * (h->moments + 1) + moment] += length_s;
}

/* All of them while there is room, else the busiest. */
static void choose(struct heat *h)
{
	h->links = h->width < MOST_LINKS ? h->width : MOST_LINKS;
	for (size_t k = 0; k < h->links && h->width <= MOST_LINKS; k++)
		h->drawn[k] = k;
	if (h->width <= MOST_LINKS)
		return;
	h->links = 0;
	for (size_t l = 0; l < h->width; l++) {
		size_t place = h->links;

		while (place && h->total[l] > h->total[h->drawn[place - 1]])
			place--;
		if (place == MOST_LINKS)
			continue;
		if (h->links < MOST_LINKS)
			h->links++;
		for (size_t i = h->links - 1; i > place; i--)
			h->drawn[i] = h->drawn[i - 1];
		h->drawn[place] = l;
	}
}

static void write_heat_settings(const struct heat *h, FILE *out)
{
	struct dc_plot_unit unit = dc_plot_unit_for("s", h->end_s);
	size_t name_every = (h->links + 23) / 24;

	fprintf(out, "heat_links = %zu\nheat_step = %.17g\nheat_end = %.17g\n", h->links,
		h->step_s * (double)h->group / unit.size, h->end_s / unit.size);
	fprintf(out, "heat_unit = '%s'\nheat_name_every = %zu\n", unit.name, name_every);
	fprintf(out, "heat_title = '%s%zu of %zu'\n", h->links < h->width ? "busiest first, " : "",
		h->links, h->width);
	fprintf(out, "array heat_name[%zu] = [", h->links);
	for (size_t k = 0; k < h->links; k++) {
		fputs(k ? ", " : "", out);
		dc_plot_quote(h->column->labels[h->drawn[k]], out);
	}
	fputs("]\n", out);
}

static void write_cells(const struct heat *h, FILE *out)
{
	const double *lengths = &h->cells[h->links * (h->moments + 1)];

	for (size_t k = 0; k < h->links; k++) {
		for (size_t m = 0; m < h->moments; m++)
			fprintf(out, "%s%.6g", m ? "\t" : "",
				lengths[m] > 0
					? 100 * h->cells[k * (h->moments + 1) + m] / lengths[m]
					: 0);
		fputc('\n', out);
	}
}

static enum dc_status fill(struct dc_diag *diag, struct heat *h)
{
	enum dc_status status;

	h->group = (h->rows + MOST_MOMENTS - 1) / MOST_MOMENTS;
	h->moments = (h->rows + h->group - 1) / h->group;
	h->row = calloc(h->width, sizeof *h->row);
	h->total = calloc(h->width, sizeof *h->total);
	h->cells = calloc((MOST_LINKS + 1) * (h->moments + 1), sizeof *h->cells);
	if (!h->row || !h->total || !h->cells)
		return DC_ERR_MEMORY;
	status = each_row(diag, h, add_total);
	choose(h);
	return status ? status : each_row(diag, h, add_cell);
}

static enum dc_status draw_heat(struct dc_diag *diag, const struct dc_result *result,
				struct dc_plot *plot, bool *any)
{
	const struct dc_result_table *table = dc_result_table(result, "links");
	struct heat h = {.result = result, .table = table};
	bool has = table && table->series && table->rows;
	enum dc_status status = DC_OK;
	FILE *data;

	if (has)
		h.column = dc_result_column(table, "utilization");
	has = has && h.column && h.column->labels;
	fprintf(plot->settings, "has_heat = %d\n", has);
	if (!has) {
		dc_diag_note(diag, NULL,
			     "the result has no rows of series links: no links are "
			     "drawn; record.links and record.interval ask for them");
		return DC_OK;
	}
	*any = true;
	h.rows = table->rows;
	h.width = h.column->width;
	status = fill(diag, &h);
	if (!status) {
		write_heat_settings(&h, plot->settings);
		data = dc_plot_data(plot, "heat");
		if (data)
			write_cells(&h, data);
		if (!data || fclose(data) != 0)
			status = DC_ERR_IO;
	}
	free(h.row);
	free(h.total);
	free(h.cells);
	return status;
}

enum dc_status dc_plot_network(struct dc_diag *diag, const struct dc_result *result,
			       struct dc_plot *plot, bool *any)
{
	enum dc_status status = draw_curves(diag, result, plot, any);

	return status ? status : draw_heat(diag, result, plot, any);
}
