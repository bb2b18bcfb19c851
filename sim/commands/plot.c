/* dcsim plot: one run over time, or one of its iterations, drawn by gnuplot. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/plot_network.h"
#include "commands/plot_timeline.h"
#include "commands/result_tools.h"
#include "output/export.h"
#include "output/reader.h"

/* A picture is 1,200 pixels wide; more steps than that cannot be told apart. */
enum { MOST_ROWS = 600, MOST_LINES = 32, OWN = 2 };

static const char help[] =
	"usage: dcsim plot [--timeline] [-o FILE] [--png] [--svg] [--keep] RUN.h5\n"
	"\n"
	"Draws a run over time with gnuplot: power by part with PUE, utilisation,\n"
	"temperatures, and how accelerators spend their time. 1200 x 900. Runs of more\n"
	"than 6 h are drawn over the clock (local standard time), shorter ones over the\n"
	"time since their start. Of a network alone: time and bus bandwidth of collectives\n"
	"by size, and how busy links are over time where record.links has them recorded.\n"
	"\n"
	"With --timeline, one iteration of training (the second, or the only one): what each\n"
	"pipeline stage does when, on its first rank, stream below stream, with the numbers\n"
	"of micro-batches where they fit; and where its time goes, beside the mean of all\n"
	"iterations. 'dcsim export --trace' has every operation of it.\n"
	"\n"
	"      --timeline     draw one iteration, not the run over time\n"
	"  -o, --output FILE  the picture (default: RUN.svg or RUN.png; of one iteration\n"
	"                     RUN-timeline.svg or RUN-timeline.png)\n"
	"      --png, --svg   its format (default: by the ending of FILE; without -o\n"
	"                     SVG); both without -o draw both\n"
	"      --keep         keep the data and settings given to gnuplot\n"
	"  -h, --help         this text\n"
	"\n"
	"examples:\n"
	"  dcsim plot ring64.h5\n"
	"  dcsim plot --png ring64.h5\n"
	"  dcsim plot -o july.svg ring64.h5\n"
	"  dcsim plot --timeline ring64.h5\n"
	"  dcsim plot --png collective-ring64.h5\n";

struct request {
	const char *output;
	const char *input;
	bool png;
	bool svg;
	bool keep;
	bool timeline;
};

/* A line of a panel: a column of the result, and what the key says. */
struct line {
	const char *column;
	const char *title;
};

/* A panel draws columns of one section; the script knows it by its name. */
struct panel {
	const char *name;
	const char *section;
	struct line lines[6];
};

static const struct panel panels[] = {
	{"power", "power", {{"part_w", NULL}}},
	{"pue", "facility", {{"pue", "PUE"}}},
	{"utilisation",
	 "utilization",
	 {{"compute", "compute"},
	  {"memory", "memory"},
	  {"link", "links"},
	  {"drives", "drives"},
	  {"host", "host CPUs"}}},
	{"temperature",
	 "facility",
	 {{"outdoor_degc", "outdoor"},
	  {"supply_degc", "supply air"},
	  {"room_degc", "room"},
	  {"rack_degc", "racks"}}},
	{"split",
	 "training",
	 {{"compute_share", "compute"},
	  {"exposed_communication_share", "exposed communication"},
	  {"stall_share", "stall (waiting for data)"},
	  {"bubble_share", "bubble (waiting for other stages)"}}},
};

enum { PANELS = sizeof(panels) / sizeof(*panels) };

enum { OPTION_PNG = 256, OPTION_SVG, OPTION_KEEP, OPTION_TIMELINE };

/* Returns -1 to go on, otherwise the exit status. */
static int parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"png", no_argument, NULL, OPTION_PNG},
		{"svg", no_argument, NULL, OPTION_SVG},
		{"keep", no_argument, NULL, OPTION_KEEP},
		{"timeline", no_argument, NULL, OPTION_TIMELINE},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			request->output = optarg;
			break;
		case OPTION_PNG:
			request->png = true;
			break;
		case OPTION_SVG:
			request->svg = true;
			break;
		case OPTION_KEEP:
			request->keep = true;
			break;
		case OPTION_TIMELINE:
			request->timeline = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return dc_command_refuse_option("plot", option, argv);
		}
	}
	if (argc - optind != 1)
		return dc_command_refuse("plot", "expected one result, got %d", argc - optind);
	if (request->png && request->svg && request->output)
		return dc_command_refuse("plot", "one file cannot be both PNG and SVG");
	if (!request->png && !request->svg) {
		if (request->output && !dc_command_ends(request->output, ".png") &&
		    !dc_command_ends(request->output, ".svg"))
			return dc_command_refuse(
				"plot", "%s ends in neither .svg nor .png; say --svg or --png",
				request->output);
		request->png = request->output && dc_command_ends(request->output, ".png");
		request->svg = !request->png;
	}
	request->input = argv[optind];
	return -1;
}

/* Where a column lies in the drawing's data: dc_export_drawing() writes `time` first. */
static size_t place_of(const struct dc_result_table *table, const struct dc_result_column *column,
		       size_t *places)
{
	size_t place = 2;

	for (const struct dc_result_column *c = table->columns + OWN; c < column; c++)
		place += c->width > 16 ? 2 : c->width;
	*places = column->width > 16 ? 2 : column->width;
	return place;
}

struct drawn {
	size_t count;
	size_t place[MOST_LINES];
	size_t line[MOST_LINES]; /* number of its kind of line, for the colour */
	const char *title[MOST_LINES];
};

static void add_lines(struct dc_diag *diag, const struct panel *panel,
		      const struct dc_result_table *table, struct drawn *drawn)
{
	for (size_t i = 0; i < 6 && panel->lines[i].column; i++) {
		const struct line *line = &panel->lines[i];
		const struct dc_result_column *column = dc_result_column(table, line->column);
		size_t place, places;

		if (!column) {
			dc_diag_note(diag, NULL, "the result has no series %s/%s: left out",
				     panel->section, line->column);
			continue;
		}
		place = place_of(table, column, &places);
		for (size_t k = 0; k < places && drawn->count < MOST_LINES; k++) {
			drawn->place[drawn->count] = place + k;
			drawn->line[drawn->count] = line->title ? i + 1 : k + 1;
			/* Entities without names of their own share one entry of the key. */
			drawn->title[drawn->count++] = line->title   ? (k ? "" : line->title)
						       : places == 2 ? (k ? "highest" : "lowest")
								     : column->labels[k];
		}
	}
}

static void write_list(FILE *out, const char *panel, const char *what, const struct drawn *drawn)
{
	fprintf(out, "array %s_%s[%zu] = [", panel, what, drawn->count);
	for (size_t i = 0; i < drawn->count; i++) {
		fputs(i ? ", " : "", out);
		if (strcmp(what, "title") == 0)
			dc_plot_quote(drawn->title[i], out);
		else
			fprintf(out, "%zu", what[0] == 'c' ? drawn->place[i] : drawn->line[i]);
	}
	fputs("]\n", out);
}

static enum dc_status write_panel(struct dc_diag *diag, const struct dc_result *result,
				  struct dc_plot *plot, const struct panel *panel, bool *any)
{
	const struct dc_result_table *table = dc_result_table(result, panel->section);
	struct drawn drawn = {0};
	enum dc_status status;
	FILE *data;

	if (table && table->series && table->rows)
		add_lines(diag, panel, table, &drawn);
	else
		dc_diag_note(diag, NULL, "the result has no rows of series %s: no %s is drawn",
			     panel->section, panel->name);
	fprintf(plot->settings, "has_%s = %d\n", panel->name, drawn.count > 0);
	if (!drawn.count)
		return DC_OK;
	*any = true;
	write_list(plot->settings, panel->name, "column", &drawn);
	write_list(plot->settings, panel->name, "line", &drawn);
	write_list(plot->settings, panel->name, "title", &drawn);
	data = dc_plot_data(plot, panel->name);
	if (!data)
		return DC_ERR_IO;
	status = dc_export_drawing(diag, result, table, MOST_ROWS, data);
	if (fclose(data) != 0 && status == DC_OK)
		return DC_ERR_IO;
	return status;
}

/* The largest row total of a column, from as many rows as a picture shows; 0 without rows. */
static enum dc_status largest(struct dc_diag *diag, const struct dc_result *result,
			      const char *section, const char *name, double *value)
{
	const struct dc_result_table *table = dc_result_table(result, section);
	const struct dc_result_column *column = dc_result_column(table, name);
	enum dc_status status = DC_OK;
	double *row_values;

	*value = 0;
	if (!column)
		return DC_OK;
	row_values = calloc(column->width, sizeof(*row_values));
	if (!row_values)
		return DC_ERR_MEMORY;
	for (size_t row = 0; row < table->rows && status == DC_OK;
	     row += 1 + table->rows / MOST_ROWS) {
		double total = 0;

		status = dc_result_read(diag, result, column, row, 1, row_values);
		for (size_t k = 0; k < column->width; k++)
			total += row_values[k];
		*value = total > *value ? total : *value;
	}
	free(row_values);
	return status;
}

/* What a tick of the clock says, for gnuplot: two lines, or one. */
#define MINUTES "%H:%M\\n%Y-%m-%d"
#define DAYS "%Y-%m-%d"

/* How runs of some length are drawn over the clock: the step of the ticks, and what they say. */
static void write_clock(const char *start, double end_s, FILE *settings)
{
	static const struct {
		double longer_s; /* the shortest run that this is for */
		double step_s;   /* 0: gnuplot chooses weeks, months or years */
		const char *format;
	} clocks[] = {
		/* Eight steps at most: a date is a tenth of the axis wide. */
		{6 * 3600.0, 3600, MINUTES},       {8 * 3600.0, 2 * 3600, MINUTES},
		{16 * 3600.0, 3 * 3600, MINUTES},  {24 * 3600.0, 6 * 3600, MINUTES},
		{48 * 3600.0, 12 * 3600, MINUTES}, {4 * 86400.0, 86400, DAYS},
		{8 * 86400.0, 2 * 86400, DAYS},    {16 * 86400.0, 0, DAYS},
	};
	size_t chosen = 0;

	fprintf(settings, "clock = %d\n", end_s > clocks[0].longer_s);
	if (end_s <= clocks[0].longer_s)
		return;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++)
		if (end_s > clocks[i].longer_s)
			chosen = i;
	fputs("clock_start = strptime('%Y-%m-%dT%H:%M:%S', ", settings);
	dc_plot_quote(start, settings);
	/* Double quotes: gnuplot reads \n as the end of a line in these only. */
	fprintf(settings, ")\nclock_step = %.17g\nclock_format = \"%s\"\n", clocks[chosen].step_s,
		clocks[chosen].format);
}

/* Units and steps for the axes. */
static enum dc_status write_units(struct dc_diag *diag, const struct dc_result *result,
				  FILE *settings)
{
	size_t count;
	const struct dc_result_table *any = dc_result_tables(result, &count);
	enum dc_status status = DC_OK;
	double end_s = 0, highest_w = 0, highest_pue = 0;
	struct dc_plot_unit time, power;

	if (count && any->series && any->rows)
		status = dc_result_read(diag, result, &any->columns[0], any->rows - 1, 1, &end_s);
	if (status == DC_OK)
		status = largest(diag, result, "power", "part_w", &highest_w);
	if (status == DC_OK)
		status = largest(diag, result, "facility", "pue", &highest_pue);
	time = dc_plot_unit_for("s", end_s);
	power = dc_plot_unit_for("W", highest_w);
	fprintf(settings, "time_unit = '%s'\ntime_size = %.17g\ntime_end = %.17g\n", time.name,
		time.size, end_s);
	write_clock(dc_result_info(result)->start, end_s, settings);
	fprintf(settings, "power_unit = '%s'\npower_size = %.17g\n", power.name, power.size);
	fprintf(settings, "pue_step = %s\n",
		highest_pue < 1.5   ? "0.1"
		: highest_pue < 2.2 ? "0.2"
				    : "0.5");
	return status;
}

/* RUN.h5 -> RUN.svg, RUN-timeline.svg */
static char *picture_name(const struct request *request, bool png)
{
	size_t length = strlen(request->input);
	char *name;

	if (request->output)
		return strdup(request->output);
	if (dc_command_ends(request->input, ".h5"))
		length -= strlen(".h5");
	name = malloc(length + sizeof("-timeline.svg"));
	if (name)
		sprintf(name, "%.*s%s.%s", (int)length, request->input,
			request->timeline ? "-timeline" : "", png ? "png" : "svg");
	return name;
}

static enum dc_status draw(struct dc_plot *plot, const char *script, const struct request *request,
			   bool png)
{
	char *name = picture_name(request, png);
	enum dc_status status;

	if (!name)
		return DC_ERR_MEMORY;
	status = dc_plot_draw(plot, script, png, name);
	if (status == DC_OK)
		fprintf(stderr, "%s\n", name);
	free(name);
	return status;
}

/* "hdd: ring64 from 2024-07-15T12:00:00 (interrupted)": the file's name where it says more than the
 * scenario's. */
static enum dc_status write_title(const struct dc_result_info *info, FILE *settings)
{
	char *stem = dc_command_stem(info->path);
	size_t size;
	char *title;

	if (!stem)
		return DC_ERR_MEMORY;
	size = strlen(stem) + strlen(info->name) + strlen(info->start) +
	       sizeof(":  from  (interrupted)");
	title = malloc(size);
	if (!title) {
		free(stem);
		return DC_ERR_MEMORY;
	}
	snprintf(title, size, "%s%s%s from %s%s", strcmp(stem, info->name) ? stem : "",
		 strcmp(stem, info->name) ? ": " : "", info->name, info->start,
		 strcmp(info->status, "complete") ? " (interrupted)" : "");
	fputs("run_title = ", settings);
	dc_plot_quote(title, settings);
	fputc('\n', settings);
	free(title);
	free(stem);
	return DC_OK;
}

static enum dc_status plot_run(struct dc_diag *diag, const struct dc_result *result,
			       struct dc_plot *plot, bool *any)
{
	enum dc_status status = write_units(diag, result, plot->settings);

	for (size_t i = 0; i < PANELS && status == DC_OK; i++)
		status = write_panel(diag, result, plot, &panels[i], any);
	return status;
}

static enum dc_status plot_result(struct dc_diag *diag, const struct dc_result *result,
				  struct dc_plot *plot, const struct request *request)
{
	const struct dc_result_info *info = dc_result_info(result);
	enum dc_status status = write_title(info, plot->settings);
	bool any = request->timeline, network = dc_plot_network_is(result);
	const char *script = request->timeline ? "timeline.gp" : network ? "network.gp" : "run.gp";

	if (status == DC_OK && request->timeline)
		status = dc_plot_timeline(diag, result, plot);
	else if (status == DC_OK && network)
		status = dc_plot_network(diag, result, plot, &any);
	else if (status == DC_OK)
		status = plot_run(diag, result, plot, &any);
	if (status == DC_OK && !any)
		return dc_diag_error(diag, NULL, "%s has nothing that could be drawn", info->path);
	if (status == DC_OK && request->svg)
		status = draw(plot, script, request, false);
	if (status == DC_OK && request->png)
		status = draw(plot, script, request, true);
	return status;
}

static int run(int argc, char **argv)
{
	struct request request = {0};
	int done = parse(argc, argv, &request);
	struct dc_result *result = NULL;
	struct dc_plot plot = {0};
	struct dc_diag *diag;
	enum dc_status status;

	if (done >= 0 || !request.input)
		return done;
	diag = dc_diag_create();
	if (!diag)
		return dc_command_finish(NULL, DC_ERR_MEMORY);
	status = dc_result_open(diag, request.input, false, &result);
	if (status == DC_OK)
		status = dc_plot_begin(diag, &plot);
	if (status == DC_OK)
		status = plot_result(diag, result, &plot, &request);
	dc_plot_end(&plot, request.keep);
	dc_result_close(result);
	return dc_command_finish(diag, status);
}

const struct dc_command dc_command_plot = {
	.name = "plot",
	.summary = "draw a run over time, or one iteration, with gnuplot",
	.help = help,
	.run = run,
};
