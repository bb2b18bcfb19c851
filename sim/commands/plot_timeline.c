/* Drawing one iteration: operations as rectangles, stage below stage. */
#include "commands/plot_timeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/export.h"

/* The panel of plots/timeline.gp in pixels, of which what is drawn follows. */
static const double panel_wide = 1020, panel_high = 500;

/* Stages whose streams are told apart; of more, the compute stream alone is drawn. Lanes and stages that
 * can be named. */
enum { MOST_SPLIT = 16, MOST_NAMES = 24, MOST_ROLES = 16, COMPUTE = 0 };

/* A piece of a lane: one operation, or several of a kind that cannot be told apart. */
struct piece {
	double begin_s, end_s;
	uint32_t stage, stream, chunk, micro_batch;
	uint8_t role;
	bool mixed; /* several micro-batches */
};

struct chart {
	const struct dc_result_timeline *timeline;
	struct piece *pieces;
	size_t count;
	size_t *last;   /* piece of [stage][stream], and 1; 0: none yet */
	bool *used;     /* streams that are drawn */
	size_t streams; /* there are */
	size_t lanes;   /* drawn, of each stage */
	bool compute_only;
	double end_s; /* of what is drawn; it begins with the iteration */
	double pixel_s;
	struct dc_plot_unit unit;
};

/* What lies before the iteration (streams that ran ahead) has no place on the axis. */
static bool is_drawn(const struct chart *chart, const struct dc_timeline_row *row)
{
	if (row->stream >= chart->streams || !(row->duration_s > 0) ||
	    row->begin_s + row->duration_s <= 0)
		return false;
	return !chart->compute_only || row->stream == COMPUTE;
}

static void measure(struct chart *chart)
{
	const struct dc_result_timeline *timeline = chart->timeline;

	chart->compute_only = timeline->stages > MOST_SPLIT;
	chart->end_s = isnan(timeline->duration_s) ? 0 : timeline->duration_s;
	for (size_t i = 0; i < timeline->count; i++) {
		const struct dc_timeline_row *row = &timeline->rows[i];

		if (!is_drawn(chart, row))
			continue;
		chart->end_s = fmax(chart->end_s, row->begin_s + row->duration_s);
		chart->used[row->stream] = true;
	}
	for (size_t k = 0; k < chart->streams; k++)
		chart->lanes += chart->used[k];
	chart->pixel_s = chart->end_s / panel_wide;
	chart->unit = dc_plot_unit_for("s", chart->end_s);
}

/* Operations of a role that follow each other closely are one piece when they belong together, or are
 * too narrow to be told apart. */
static bool joins(const struct chart *chart, const struct piece *before,
		  const struct dc_timeline_row *row)
{
	bool narrow = before->end_s - before->begin_s < chart->pixel_s &&
		      row->duration_s < chart->pixel_s;

	return before->role == row->role && before->chunk == row->chunk &&
	       row->begin_s - before->end_s < 0.25 * chart->pixel_s &&
	       ((before->micro_batch == row->micro_batch && !before->mixed) || narrow);
}

static void cut_pieces(struct chart *chart)
{
	for (size_t i = 0; i < chart->timeline->count; i++) {
		const struct dc_timeline_row *row = &chart->timeline->rows[i];
		size_t *last = &chart->last[row->stage * chart->streams + row->stream];
		struct piece *before;

		if (!is_drawn(chart, row))
			continue;
		before = *last ? &chart->pieces[*last - 1] : NULL;
		if (before && joins(chart, before, row)) {
			before->end_s = fmax(before->end_s, row->begin_s + row->duration_s);
			before->mixed |= before->micro_batch != row->micro_batch;
			continue;
		}
		chart->pieces[chart->count] = (struct piece){
			.begin_s = fmax(row->begin_s, 0),
			.end_s = row->begin_s + row->duration_s,
			.stage = row->stage,
			.stream = row->stream,
			.chunk = row->chunk,
			.micro_batch = row->micro_batch,
			.role = row->role,
		};
		*last = ++chart->count;
	}
}

/* A stage is one unit high, the first on top. The compute stream takes as much of it as the others
 * together, and one of them more. */
static struct dc_plot_box place(const struct chart *chart, uint32_t stage, uint32_t stream)
{
	const double usable = 0.9;
	double share = chart->lanes > 1 ? usable / (2 * (double)chart->lanes - 1) : usable;
	double top = 0.5 * (1 - usable), height = share;

	for (uint32_t k = 0; k < stream; k++)
		if (chart->used[k])
			top += k == COMPUTE ? (double)chart->lanes * share : share;
	if (stream == COMPUTE && chart->lanes > 1)
		height = (double)chart->lanes * share;
	return (struct dc_plot_box){
		.left = 0,
		.right = chart->end_s / chart->unit.size,
		.low = stage + top,
		.high = stage + top + 0.96 * height,
	};
}

void dc_plot_timeline_box(const struct dc_plot_box *box, FILE *out)
{
	const double values[] = {0.5 * (box->left + box->right),
				 0.5 * (box->low + box->high),
				 box->left,
				 box->right,
				 box->low,
				 box->high};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		fprintf(out, "%s%.10g", i ? "\t" : "", values[i]);
}

static size_t kind_of(const struct piece *piece)
{
	return 2 * (size_t)piece->role + piece->chunk % 2;
}

static void write_kind(const struct chart *chart, size_t kind, FILE *data)
{
	for (size_t i = 0; i < chart->count; i++) {
		const struct piece *piece = &chart->pieces[i];
		struct dc_plot_box box = place(chart, piece->stage, piece->stream);

		if (kind_of(piece) != kind)
			continue;
		box.left = piece->begin_s / chart->unit.size;
		box.right = piece->end_s / chart->unit.size;
		dc_plot_timeline_box(&box, data);
		fputc('\n', data);
	}
}

/* A block of lines for each role that is drawn; odd chunks in one of their own, which is lighter. */
static void write_pieces(const struct chart *chart, FILE *settings, FILE *data)
{
	const struct dc_result_column *roles = chart->timeline->roles;
	size_t counts[2 * MOST_ROLES] = {0}, drawn = 0;

	for (size_t i = 0; i < chart->count; i++)
		if (chart->pieces[i].role < MOST_ROLES)
			drawn += !counts[kind_of(&chart->pieces[i])]++;
	fprintf(settings, "array role_title[%zu]\narray role_number[%zu]\narray role_light[%zu]\n",
		drawn, drawn, drawn);
	for (size_t kind = 0, k = 1; kind < 2 * MOST_ROLES; kind++) {
		if (!counts[kind])
			continue;
		fputs(k > 1 ? "\n\n" : "", data);
		write_kind(chart, kind, data);
		fprintf(settings, "role_number[%zu] = %zu\nrole_light[%zu] = %zu\n", k, kind / 2, k,
			kind % 2);
		fprintf(settings, "role_title[%zu] = ", k++);
		/* One entry of the key for both. */
		dc_plot_quote(kind % 2 && counts[kind - 1]
				      ? ""
				      : dc_result_timeline_word(roles, kind / 2),
			      settings);
		fputc('\n', settings);
	}
}

/* Whether a piece is wide enough for the longest number, so that pieces alike are numbered alike. */
static bool is_numbered(const struct chart *chart, const struct piece *piece, int digits)
{
	const char *role = dc_result_timeline_word(chart->timeline->roles, piece->role);

	return piece->stream == COMPUTE && !piece->mixed &&
	       (strcmp(role, "forward") == 0 || strcmp(role, "backward") == 0) &&
	       piece->end_s - piece->begin_s >= (7 * digits + 2) * chart->pixel_s;
}

/* Micro-batches, where there are several and their numbers fit into the rectangles. */
static void write_numbers(const struct chart *chart, FILE *settings, FILE *data)
{
	struct dc_plot_box lane = place(chart, 0, COMPUTE);
	double high = (lane.high - lane.low) * panel_high / (double)chart->timeline->stages;
	uint32_t most = 0;
	bool any = false;
	int digits;

	for (size_t i = 0; i < chart->count; i++)
		most = chart->pieces[i].micro_batch > most ? chart->pieces[i].micro_batch : most;
	digits = snprintf(NULL, 0, "%u", most);
	for (size_t i = 0; i < chart->count && most && high >= 10; i++) {
		const struct piece *piece = &chart->pieces[i];

		if (!is_numbered(chart, piece, digits))
			continue;
		lane = place(chart, piece->stage, piece->stream);
		fprintf(data, "%.10g\t%.10g\t%u\n",
			0.5 * (piece->begin_s + piece->end_s) / chart->unit.size,
			0.5 * (lane.low + lane.high), piece->micro_batch);
		any = true;
	}
	fprintf(settings, "has_numbers = %d\n", any);
}

/* The bed of every lane, and what the vertical axis says: lanes by name while they fit, else stages. */
static void write_lanes(const struct chart *chart, FILE *settings, FILE *data)
{
	uint32_t stages = chart->timeline->stages;
	bool by_lane = chart->lanes * stages <= MOST_NAMES && chart->lanes > 1;
	uint32_t every = stages / MOST_NAMES + 1, count = 0;

	fprintf(settings, "lane_ticks = \"");
	for (uint32_t stage = 0; stage < stages; stage++) {
		for (uint32_t k = 0; k < chart->streams; k++) {
			struct dc_plot_box box = place(chart, stage, k);
			double middle = 0.5 * (box.low + box.high);

			if (!chart->used[k])
				continue;
			dc_plot_timeline_box(&box, data);
			fputc('\n', data);
			if (by_lane && (k != COMPUTE || stages == 1))
				fprintf(settings, "%s'%s' %.10g", count++ ? ", " : "",
					dc_result_timeline_word(chart->timeline->streams, k),
					middle);
			else if (k == COMPUTE && stage % every == 0)
				fprintf(settings, "%s'stage %u' %.10g", count++ ? ", " : "", stage,
					middle);
		}
	}
	fprintf(settings, "\"\nlanes_end = %u\n", stages);
}

static enum dc_status write_chart(struct dc_plot *plot, const struct chart *chart)
{
	static const char *const names[] = {"pieces", "numbers", "lanes"};
	static void (*const write[])(const struct chart *chart, FILE *settings,
				     FILE *data) = {write_pieces, write_numbers, write_lanes};
	const struct dc_result_timeline *timeline = chart->timeline;
	bool light = false;

	fprintf(plot->settings, "time_unit = '%s'\ntime_end = %.17g\niteration_end = %.17g\n",
		chart->unit.name, chart->end_s / chart->unit.size,
		isnan(timeline->duration_s) ? 0 : timeline->duration_s / chart->unit.size);
	for (size_t i = 0; i < chart->count; i++)
		light |= chart->pieces[i].chunk % 2;
	fprintf(plot->settings, "chart_title = 'iteration %llu on the first rank%s%s%s%s'\n",
		(unsigned long long)timeline->iteration,
		timeline->stages > 1 ? " of each stage" : "",
		chart->compute_only ? ", compute stream only" : "",
		light ? ", odd chunks lighter" : "", timeline->left_out > 0 ? ", cut" : "");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		FILE *data = dc_plot_data(plot, names[i]);

		if (!data)
			return DC_ERR_IO;
		write[i](chart, plot->settings, data);
		if (fclose(data) != 0)
			return DC_ERR_IO;
	}
	return DC_OK;
}

static enum dc_status draw(struct dc_diag *diag, const struct dc_result *result,
			   struct dc_plot *plot, struct chart *chart)
{
	const struct dc_result_timeline *timeline = chart->timeline;
	enum dc_status status;

	chart->streams = timeline->streams->words_count;
	chart->pieces = calloc(timeline->count, sizeof *chart->pieces);
	chart->last = calloc(timeline->stages * (chart->streams + 1), sizeof *chart->last);
	chart->used = calloc(chart->streams + 1, sizeof *chart->used);
	if (!chart->pieces || !chart->last || !chart->used)
		return DC_ERR_MEMORY;
	measure(chart);
	if (!(chart->end_s > 0))
		return dc_diag_error(diag, NULL, "%s has nothing that could be drawn",
				     dc_result_info(result)->path);
	cut_pieces(chart);
	status = write_chart(plot, chart);
	return status ? status : dc_plot_breakdown(diag, result, timeline, plot);
}

enum dc_status dc_plot_timeline(struct dc_diag *diag, const struct dc_result *result,
				struct dc_plot *plot)
{
	struct dc_result_timeline timeline;
	struct chart chart = {.timeline = &timeline};
	enum dc_status status = dc_result_timeline_read(diag, result, &timeline);

	if (!status)
		status = draw(diag, result, plot, &chart);
	free(chart.pieces);
	free(chart.last);
	free(chart.used);
	dc_result_timeline_fini(&timeline);
	return status;
}
