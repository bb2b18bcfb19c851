/* Where an iteration's time went, as bars. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands/plot_timeline.h"

/* Parts of a bar; the panel of plots/timeline.gp in pixels; rows read at a time. */
enum { MOST_PARTS = 24, BARS = 2, PANEL = 1020, BLOCK = 1024 };

struct breakdown {
	char title[MOST_PARTS][64];
	size_t parts;
	size_t communications;           /* of them, after compute */
	double time_s[BARS][MOST_PARTS]; /* of the iteration shown; of the mean of all */
	double counted;                  /* iterations in the mean */
};

static void name_parts(const struct dc_result_table *table, struct breakdown *b)
{
	const struct dc_result_column *exposed = dc_result_column(table, "exposed");
	bool split = exposed && exposed->labels && exposed->width <= MOST_PARTS - 3;

	b->communications = split ? exposed->width : 1;
	snprintf(b->title[b->parts++], sizeof *b->title, "compute");
	for (size_t i = 0; i < b->communications; i++)
		snprintf(b->title[b->parts++], sizeof *b->title, "exposed %s",
			 split ? exposed->labels[i] : "communication");
	snprintf(b->title[b->parts++], sizeof *b->title, "stall (waiting for data)");
	snprintf(b->title[b->parts++], sizeof *b->title, "bubble");
}

/* Some rows of the table: the times of each part, parts side by side. */
static enum dc_status read_parts(struct dc_diag *diag, const struct dc_result *result,
				 const struct breakdown *b, size_t first, size_t rows,
				 double *times_s, uint64_t *numbers, uint64_t *counts)
{
	const struct dc_result_table *table = dc_result_table(result, "iterations");
	const char *whole[] = {"compute", "stall", "bubble"};
	const size_t places[] = {0, b->parts - 2, b->parts - 1};
	const struct dc_result_column *exposed = dc_result_column(table, "exposed");
	size_t width = b->communications;
	double *block = calloc(rows * width, sizeof *block);
	enum dc_status status = block ? DC_OK : DC_ERR_MEMORY;

	if (!exposed || exposed->width != width)
		exposed = dc_result_column(table, "exposed_communication");
	if (!status)
		status = dc_result_read(diag, result, exposed, first, rows, block);
	for (size_t i = 0; i < rows * width && !status; i++)
		times_s[i / width * b->parts + 1 + i % width] = block[i];
	for (size_t k = 0; k < 3 && !status; k++) {
		const struct dc_result_column *column = dc_result_column(table, whole[k]);

		/* Older results know no bubble. */
		if (column)
			status = dc_result_read(diag, result, column, first, rows, block);
		for (size_t i = 0; i < rows && !status && column; i++)
			times_s[i * b->parts + places[k]] = block[i];
	}
	free(block);
	if (!status)
		status = dc_result_read_number(diag, result, dc_result_column(table, "first"),
					       first, rows, numbers);
	return status ? status
		      : dc_result_read_number(diag, result, dc_result_column(table, "count"), first,
					      rows, counts);
}

static void add_rows(struct breakdown *b, uint64_t shown, size_t rows, const double *times_s,
		     const uint64_t *numbers, const uint64_t *counts)
{
	for (size_t i = 0; i < rows; i++) {
		bool it = shown >= numbers[i] && shown - numbers[i] < counts[i];

		b->counted += (double)counts[i];
		for (size_t k = 0; k < b->parts; k++) {
			double time_s = times_s[i * b->parts + k];

			b->time_s[1][k] += (double)counts[i] * time_s;
			if (it)
				b->time_s[0][k] = time_s;
		}
	}
}

static enum dc_status read_breakdown(struct dc_diag *diag, const struct dc_result *result,
				     uint64_t shown, struct breakdown *b)
{
	const struct dc_result_table *table = dc_result_table(result, "iterations");
	double *times_s = calloc((size_t)BLOCK * MOST_PARTS, sizeof *times_s);
	uint64_t *numbers = calloc(BLOCK, sizeof *numbers);
	uint64_t *counts = calloc(BLOCK, sizeof *counts);
	enum dc_status status = times_s && numbers && counts ? DC_OK : DC_ERR_MEMORY;

	name_parts(table, b);
	for (size_t first = 0; first < table->rows && !status; first += BLOCK) {
		size_t rows = table->rows - first < BLOCK ? table->rows - first : BLOCK;

		status = read_parts(diag, result, b, first, rows, times_s, numbers, counts);
		if (!status)
			add_rows(b, shown, rows, times_s, numbers, counts);
	}
	for (size_t k = 0; k < b->parts && b->counted > 0; k++)
		b->time_s[1][k] /= b->counted;
	free(times_s);
	free(numbers);
	free(counts);
	return status;
}

static double length_of(const struct breakdown *b, int bar)
{
	double length_s = 0;

	for (size_t k = 0; k < b->parts; k++)
		length_s += b->time_s[bar][k];
	return length_s;
}

/* Of the palette of plots/style.gp, as the roles have them in plots/timeline.gp: gradients meet over the
 * data-parallel ranks, activations are sent. Yellow for stalls, grey for the bubble. */
static int colour_of(const struct breakdown *b, size_t part)
{
	static const int others[] = {5, 2, 3};

	if (!part)
		return 1;
	if (part == b->parts - 1)
		return 8;
	if (part == b->parts - 2)
		return 7;
	if (strcmp(b->title[part], "exposed data") == 0)
		return 4;
	if (strcmp(b->title[part], "exposed sends") == 0)
		return 6;
	return others[(part - 1) % (sizeof others / sizeof *others)];
}

/* A block of lines for each part that takes any time: a row for each bar, its words where they fit. */
static void write_bars(const struct breakdown *b, FILE *settings, FILE *data)
{
	double most_s = fmax(length_of(b, 0), length_of(b, 1));
	struct dc_plot_unit unit = dc_plot_unit_for("s", most_s);
	double left_s[BARS] = {0};
	size_t drawn = 0;

	for (size_t k = 0; k < b->parts; k++) {
		if (!(b->time_s[0][k] + b->time_s[1][k] > 0))
			continue;
		fputs(drawn++ ? "\n\n" : "", data);
		for (int bar = 0; bar < BARS; bar++) {
			double time_s = b->time_s[bar][k];
			struct dc_plot_box box = {left_s[bar] / unit.size,
						  (left_s[bar] + time_s) / unit.size, bar + 0.12,
						  bar + 0.88};

			left_s[bar] += time_s;
			dc_plot_timeline_box(&box, data);
			if (time_s / most_s * PANEL > 48)
				fprintf(data, "\t%.1f %%\n", 100 * time_s / length_of(b, bar));
			else
				fputs("\t\n", data);
		}
	}
	fprintf(settings, "bars_end = %.17g\nbars_unit = '%s'\n", most_s / unit.size, unit.name);
	fprintf(settings, "array part_title[%zu]\narray part_colour[%zu]\n", drawn, drawn);
	for (size_t k = 0, n = 1; k < b->parts; k++) {
		int colour = colour_of(b, k);

		if (!(b->time_s[0][k] + b->time_s[1][k] > 0))
			continue;
		fprintf(settings, "part_colour[%zu] = %d\npart_title[%zu] = ", n, colour, n);
		dc_plot_quote(b->title[k], settings);
		fputc('\n', settings);
		n++;
	}
}

enum dc_status dc_plot_breakdown(struct dc_diag *diag, const struct dc_result *result,
				 const struct dc_result_timeline *timeline, struct dc_plot *plot)
{
	struct breakdown b = {0};
	enum dc_status status = read_breakdown(diag, result, timeline->iteration, &b);
	bool has = !status && b.counted > 0 && length_of(&b, 0) > 0;
	FILE *data;

	if (status)
		return status;
	fprintf(plot->settings, "has_bars = %d\n", has);
	if (!has)
		return DC_OK;
	fprintf(plot->settings, "bars_ticks = \"'iteration %llu' 0.5, 'mean of %.0f' 1.5\"\n",
		(unsigned long long)timeline->iteration, b.counted);
	data = dc_plot_data(plot, "bars");
	if (!data)
		return DC_ERR_IO;
	write_bars(&b, plot->settings, data);
	return fclose(data) == 0 ? DC_OK : DC_ERR_IO;
}
