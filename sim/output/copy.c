/* Copying a result, row by row, into a record sink. */
#include "output/copy.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/copy_private.h"
#include "output/hdf5_library.h"
#include "output/hdf5_sink.h"

static const struct dc_axis *axis_of(const struct dc_record_schema *schema, const char *name)
{
	for (size_t i = 0; name && i < schema->axes_count; i++)
		if (strcmp(schema->axes[i].name, name) == 0)
			return &schema->axes[i];
	return NULL;
}

static bool make_axes(struct dc_copier *c)
{
	size_t count;
	const struct dc_result_names *names = dc_result_axes(c->result, &count);
	struct dc_axis *axes = dc_arena_array(c->arena, count, sizeof(*axes));

	if (!axes)
		return false;
	for (size_t i = 0; i < count; i++)
		axes[i] = (struct dc_axis){names[i].name, names[i].labels, names[i].count};
	c->schema.axes = axes;
	c->schema.axes_count = count;
	return true;
}

/* The first two columns of each section are time and interval. */
enum { OWN = 2 };

static bool make_columns(struct dc_copier *c)
{
	size_t tables_count, count = 0, n = 0;
	const struct dc_result_table *tables = dc_result_tables(c->result, &tables_count);
	struct dc_column *columns;

	for (size_t i = 0; i < tables_count; i++)
		if (tables[i].series)
			count += tables[i].columns_count - OWN;
	columns = dc_arena_array(c->arena, count, sizeof(*columns));
	c->columns = dc_arena_array(c->arena, count, sizeof(struct dc_result_column *));
	if (!columns || !c->columns)
		return false;
	for (size_t i = 0; i < tables_count; i++) {
		const struct dc_result_table *table = &tables[i];

		if (!table->series)
			continue;
		c->time = &table->columns[0];
		c->interval = &table->columns[1];
		c->rows[DC_COPY_SERIES] = table->rows;
		for (size_t k = OWN; k < table->columns_count; k++, n++) {
			const struct dc_result_column *from = &table->columns[k];

			columns[n] = (struct dc_column){
				table->name,
				from->name,
				from->unit,
				from->long_name,
				from->sum ? DC_CELL_SUM : DC_CELL_MEAN,
				axis_of(&c->schema, from->axis),
			};
			c->columns[n] = from;
			c->width += from->width;
		}
	}
	c->schema.columns = columns;
	c->schema.columns_count = count;
	return true;
}

static bool make_schema(struct dc_copier *c)
{
	const struct dc_result_info *info = dc_result_info(c->result);
	const struct dc_result_names *kinds = dc_result_kinds(c->result);
	const struct dc_result_names *subjects = dc_result_subjects(c->result);
	size_t count;
	const struct dc_result_figure *figures = dc_result_figures(c->result, &count);
	struct dc_scalar *summary = dc_arena_array(c->arena, count, sizeof(*summary));
	bool has[DC_HDF5_FIXED];

	if (!summary || !make_axes(c) || !make_columns(c))
		return false;
	for (size_t i = 0; i < count; i++)
		summary[i] =
			(struct dc_scalar){figures[i].name, figures[i].unit, figures[i].long_name};
	c->schema.name = info->name;
	c->schema.scenario = info->scenario;
	c->schema.version = info->version;
	c->schema.seed = info->seed;
	c->schema.start = info->start;
	c->schema.summary = summary;
	c->schema.summary_count = count;
	c->schema.event_kinds = kinds->labels;
	c->schema.event_kinds_count = kinds->count;
	c->schema.subjects = subjects->labels;
	c->schema.subjects_count = subjects->count;
	for (int i = 0; i < DC_HDF5_FIXED; i++) {
		const char *name = dc_hdf5_fields((enum dc_hdf5_fixed)i)->group;
		const struct dc_result_table *table = dc_result_table(c->result, name);

		has[i] = table != NULL;
		c->rows[1 + i] = table ? table->rows : 0;
	}
	c->schema.flows = has[DC_HDF5_FLOWS];
	c->schema.collectives = has[DC_HDF5_COLLECTIVES];
	c->schema.timeline = has[DC_HDF5_TIMELINE];
	c->block_rows = DC_COPY_BLOCK_VALUES / (OWN + c->width);
	if (c->block_rows > DC_COPY_BLOCK_ROWS)
		c->block_rows = DC_COPY_BLOCK_ROWS;
	if (!c->block_rows)
		c->block_rows = 1;
	c->blocks = dc_arena_array(c->arena, (OWN + c->width) * c->block_rows, sizeof(double));
	c->row = dc_arena_array(c->arena, c->width, sizeof(double));
	c->totals = dc_arena_array(c->arena, c->width, sizeof(*c->totals));
	for (size_t i = 0; c->totals && i < c->width; i++)
		c->totals[i] = dc_sum_of(0);
	return c->blocks && c->row && c->totals;
}

/* Adds the row to the totals. */
static void total_row(struct dc_copier *c, double interval_s)
{
	size_t at = 0;

	c->span_s = dc_sum_add(c->span_s, dc_sum_of(interval_s));
	for (size_t i = 0; i < c->schema.columns_count; i++) {
		bool sum = c->columns[i]->sum;

		for (size_t k = 0; k < c->columns[i]->width; k++, at++)
			c->totals[at] = dc_sum_add(c->totals[at],
						   sum ? dc_sum_of(c->row[at])
						       : dc_sum_product(c->row[at], interval_s));
	}
}

static enum dc_status copy_series(struct dc_copier *c, size_t first, size_t count)
{
	double *time = c->blocks;
	double *interval = time + c->block_rows;
	double *values = interval + c->block_rows;
	double *block = values;
	enum dc_status status = dc_result_read(c->diag, c->result, c->time, first, count, time);

	if (status == DC_OK)
		status = dc_result_read(c->diag, c->result, c->interval, first, count, interval);
	for (size_t i = 0; i < c->schema.columns_count && status == DC_OK; i++) {
		status = dc_result_read(c->diag, c->result, c->columns[i], first, count, block);
		block += c->columns[i]->width * c->block_rows;
	}
	for (size_t k = 0; k < count && status == DC_OK; k++) {
		double *to = c->row;

		block = values;
		for (size_t i = 0; i < c->schema.columns_count; i++) {
			size_t width = c->columns[i]->width;

			memcpy(to, block + k * width, width * sizeof(*to));
			to += width;
			block += width * c->block_rows;
		}
		total_row(c, interval[k]);
		status = c->sink->type->interval(c->sink, time[k], interval[k], c->row);
	}
	return status;
}

/* Feeds the next rows of a table, at most as many as there are. */
static enum dc_status copy_rows(struct dc_copier *c, int table, size_t rows)
{
	size_t most = table == DC_COPY_SERIES ? c->block_rows : DC_COPY_BLOCK_ROWS;
	enum dc_status status = DC_OK;

	if (rows > c->rows[table] - c->done[table])
		rows = c->rows[table] - c->done[table];
	while (rows && status == DC_OK) {
		size_t count = rows < most ? rows : most;
		size_t first = c->done[table];

		if (table == DC_COPY_SERIES)
			status = copy_series(c, first, count);
		else
			status = dc_copy_table(c, (enum dc_hdf5_fixed)(table - 1), first, count);
		c->done[table] += count;
		rows -= count;
	}
	return status;
}

/* Figures that the rows hold exactly: the sum of a column, the integral of a mean over time, or that
 * over the time. Figures that need more than the rows (the highest moment, the last state, prices of
 * hardware) are not among them. */
static const struct rebuilt {
	const char *figure;
	const char *section;
	const char *column;
	const char *label; /* of the column's axis; NULL: it has none */
	bool mean;
} rebuilt[] = {
	{"iterations", "training", "iterations", NULL, false},
	{"utilization_compute", "utilization", "compute", NULL, true},
	{"compute_share", "training", "compute_share", NULL, true},
	{"exposed_communication_share", "training", "exposed_communication_share", NULL, true},
	{"stall_share", "training", "stall_share", NULL, true},
	{"bubble_share", "training", "bubble_share", NULL, true},
	{"energy_utility_j", "power", "energy_j", NULL, false},
	{"energy_it_j", "power", "it_w", NULL, false},
	{"energy_accelerators_j", "power", "part_w", "accelerators", false},
	{"energy_hosts_j", "power", "part_w", "hosts", false},
	{"energy_drives_j", "power", "part_w", "drives", false},
	{"energy_network_j", "power", "part_w", "network", false},
	{"energy_psu_loss_j", "power", "part_w", "psu loss", false},
	{"energy_pdu_loss_j", "power", "part_w", "pdu loss", false},
	{"energy_cooling_j", "power", "part_w", "cooling", false},
	{"cost_electricity_usd", "economics", "electricity_usd", NULL, false},
	{"carbon_kg", "economics", "carbon_kg", NULL, false},
};

/* The total of a column, or of one entity of it; NaN when the result has no such column. */
static double total_of(const struct dc_copier *c, const char *section, const char *name,
		       const char *label)
{
	size_t at = 0;

	for (size_t i = 0; i < c->schema.columns_count; i++) {
		const struct dc_result_column *column = c->columns[i];

		if (strcmp(c->schema.columns[i].section, section) == 0 &&
		    strcmp(column->name, name) == 0) {
			if (!label)
				return column->labels ? (double)NAN : dc_sum_value(c->totals[at]);
			for (size_t k = 0; column->labels && k < column->width; k++)
				if (strcmp(column->labels[k], label) == 0)
					return dc_sum_value(c->totals[at + k]);
			return (double)NAN;
		}
		at += column->width;
	}
	return (double)NAN;
}

/* A figure of the rows copied; NaN when they do not hold it. */
static double rebuild_figure(const struct dc_copier *c, const char *name)
{
	double span_s = dc_sum_value(c->span_s);

	if (!c->rows[DC_COPY_SERIES])
		return (double)NAN;
	if (strcmp(name, "duration_s") == 0)
		return span_s;
	if (strcmp(name, "pue") == 0)
		return total_of(c, "power", "energy_j", NULL) / total_of(c, "power", "it_w", NULL);
	for (size_t i = 0; i < sizeof(rebuilt) / sizeof(*rebuilt); i++) {
		const struct rebuilt *r = &rebuilt[i];

		if (strcmp(r->figure, name) == 0)
			return total_of(c, r->section, r->column, r->label) /
			       (r->mean ? span_s : 1);
	}
	return (double)NAN;
}

static enum dc_status copy_end(struct dc_copier *c, enum dc_record_end how)
{
	size_t count;
	const struct dc_result_figure *figures = dc_result_figures(c->result, &count);
	double *values = dc_arena_array(c->arena, count, sizeof(*values));
	/* A killed run wrote no summary. */
	bool killed = strcmp(dc_result_info(c->result)->status, "running") == 0;

	if (!values)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		values[i] = killed ? rebuild_figure(c, figures[i].name) : figures[i].value;
	return c->sink->type->end(c->sink, how, values);
}

enum dc_status dc_copy_result(struct dc_diag *diag, const struct dc_result *result,
			      struct dc_record_sink *sink, enum dc_record_end how,
			      const struct dc_copy_piece *pieces, size_t count)
{
	struct dc_copier c = {
		.diag = diag, .arena = dc_arena_create(), .result = result, .sink = sink};
	enum dc_status status = c.arena && make_schema(&c) ? DC_OK : DC_ERR_MEMORY;

	if (status == DC_OK)
		status = sink->type->begin(sink, &c.schema);
	for (size_t i = 0; i < count && status == DC_OK; i++)
		status = copy_rows(&c, pieces[i].table, pieces[i].rows);
	for (int table = 0; table < DC_COPY_TABLES && status == DC_OK; table++)
		status = copy_rows(&c, table, c.rows[table]);
	if (status == DC_OK)
		status = copy_end(&c, how);
	dc_arena_destroy(c.arena);
	return status;
}

/* Copies to a name of its own first: FILE.part, which the sink for FILE would replace, is the very
 * file that is read. */
static enum dc_status copy_beside(struct dc_diag *diag, const struct dc_result *result,
				  const char *path, enum dc_record_end how)
{
	size_t size = strlen(path) + sizeof(".recovered.part");
	char *beside = malloc(size);
	struct dc_record_sink *sink = NULL;
	enum dc_status status;

	if (!beside)
		return DC_ERR_MEMORY;
	snprintf(beside, size, "%s.recovered", path);
	status = dc_hdf5_sink_create(diag, beside, &sink);
	if (status == DC_OK) {
		dc_hdf5_sink_flush_by_clock(sink, false);
		status = dc_copy_result(diag, result, sink, how, NULL, 0);
	}
	dc_hdf5_sink_destroy(sink);
	if (status == DC_OK && rename(beside, path) != 0) {
		dc_diag_error(diag, NULL, "cannot write %s: %s", path, strerror(errno));
		status = DC_ERR_IO;
	}
	if (status != DC_OK) {
		unlink(beside);
		snprintf(beside, size, "%s.recovered.part", path);
		unlink(beside);
	}
	free(beside);
	return status;
}

enum dc_status dc_copy_recover(struct dc_diag *diag, const char *part, const char *path,
			       unsigned long long *rows)
{
	struct dc_result *result;
	const struct dc_result_table *tables;
	enum dc_record_end how;
	enum dc_status status;
	struct stat info;
	size_t count;

	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
		dc_diag_error(diag, NULL, "cannot write %s: it is a folder", path);
		return DC_ERR_IO;
	}
	status = dc_result_open(diag, part, true, &result);
	if (status != DC_OK)
		return status;
	how = strcmp(dc_result_info(result)->status, "complete") == 0 ? DC_RECORD_COMPLETE
								      : DC_RECORD_INTERRUPTED;
	status = copy_beside(diag, result, path, how);
	tables = dc_result_tables(result, &count);
	if (rows)
		*rows = count && tables[0].series ? tables[0].rows : 0;
	dc_result_close(result);
	return status;
}
