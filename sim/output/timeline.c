/* The timeline of a result, read whole. */
#include "output/timeline.h"

#include <math.h>
#include <stdlib.h>

const char *dc_result_timeline_word(const struct dc_result_column *column, uint64_t number)
{
	return column->words && number < column->words_count ? column->words[number] : "";
}

struct columns {
	uint64_t *numbers[8];
	double *begin, *duration;
};

static enum dc_status read_columns(struct dc_diag *diag, const struct dc_result *result,
				   const struct dc_result_table *table, struct columns *c)
{
	static const char *const numbers[8] = {"row",  "iteration", "stage", "stream",
					       "role", "operation", "chunk", "micro_batch"};
	enum dc_status status;

	c->begin = calloc(table->rows, sizeof *c->begin);
	c->duration = calloc(table->rows, sizeof *c->duration);
	if (!c->begin || !c->duration)
		return DC_ERR_MEMORY;
	status = dc_result_read(diag, result, dc_result_column(table, "begin"), 0, table->rows,
				c->begin);
	if (!status)
		status = dc_result_read(diag, result, dc_result_column(table, "duration"), 0,
					table->rows, c->duration);
	for (int i = 0; i < 8 && !status; i++) {
		c->numbers[i] = calloc(table->rows, sizeof **c->numbers);
		if (!c->numbers[i])
			return DC_ERR_MEMORY;
		status = dc_result_read_number(diag, result, dc_result_column(table, numbers[i]), 0,
					       table->rows, c->numbers[i]);
	}
	return status;
}

static void fill_rows(const struct columns *c, struct dc_result_timeline *timeline)
{
	for (size_t i = 0; i < timeline->count; i++) {
		timeline->rows[i] = (struct dc_timeline_row){
			.row = c->numbers[0][i],
			.iteration = c->numbers[1][i],
			.stage = (uint32_t)c->numbers[2][i],
			.stream = (uint32_t)c->numbers[3][i],
			.role = (uint8_t)c->numbers[4][i],
			.operation = (uint32_t)c->numbers[5][i],
			.chunk = (uint32_t)c->numbers[6][i],
			.micro_batch = (uint32_t)c->numbers[7][i],
			.begin_s = c->begin[i],
			.duration_s = c->duration[i],
		};
		if (timeline->rows[i].stage >= timeline->stages)
			timeline->stages = timeline->rows[i].stage + 1;
	}
	timeline->iteration = timeline->rows[0].iteration;
}

/* The run of equal iterations that holds the one shown. */
static enum dc_status find_iteration(struct dc_diag *diag, const struct dc_result *result,
				     struct dc_result_timeline *timeline)
{
	const struct dc_result_table *table = dc_result_table(result, "iterations");

	timeline->start_s = (double)NAN;
	timeline->duration_s = (double)NAN;
	/* It is one of the first two. */
	for (size_t i = 0; i < table->rows && i < 2; i++) {
		uint64_t first, count;
		double start_s, duration_s;
		enum dc_status status = dc_result_read_number(
			diag, result, dc_result_column(table, "first"), i, 1, &first);

		if (!status)
			status = dc_result_read_number(
				diag, result, dc_result_column(table, "count"), i, 1, &count);
		if (!status)
			status = dc_result_read(diag, result, dc_result_column(table, "start"), i,
						1, &start_s);
		if (!status)
			status = dc_result_read(diag, result, dc_result_column(table, "duration"),
						i, 1, &duration_s);
		if (status)
			return status;
		if (timeline->iteration < first || timeline->iteration - first >= count)
			continue;
		timeline->start_s = start_s + (double)(timeline->iteration - first) * duration_s;
		timeline->duration_s = duration_s;
	}
	return DC_OK;
}

enum dc_status dc_result_timeline_read(struct dc_diag *diag, const struct dc_result *result,
				       struct dc_result_timeline *timeline)
{
	const struct dc_result_table *table = dc_result_table(result, "timeline");
	const struct dc_result_figure *left_out = dc_result_figure(result, "timeline_left_out");
	struct columns columns = {0};
	enum dc_status status;

	*timeline =
		(struct dc_result_timeline){.left_out = left_out ? left_out->value : (double)NAN};
	if (!table || !table->rows)
		return dc_diag_error(diag, NULL,
				     "%s has no timeline: only training that completed an "
				     "iteration has one",
				     dc_result_info(result)->path);
	timeline->streams = dc_result_column(table, "stream");
	timeline->roles = dc_result_column(table, "role");
	timeline->operations = dc_result_column(table, "operation");
	timeline->count = table->rows;
	timeline->rows = calloc(table->rows, sizeof *timeline->rows);
	status = timeline->rows ? read_columns(diag, result, table, &columns) : DC_ERR_MEMORY;
	if (!status) {
		fill_rows(&columns, timeline);
		status = find_iteration(diag, result, timeline);
	}
	free(columns.begin);
	free(columns.duration);
	for (int i = 0; i < 8; i++)
		free(columns.numbers[i]);
	return status;
}

void dc_result_timeline_fini(struct dc_result_timeline *timeline)
{
	free(timeline->rows);
	*timeline = (struct dc_result_timeline){0};
}
