/* dcsim compare: the summaries of several runs side by side, as a table and as bars. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "commands/commands.h"
#include "commands/result_tools.h"
#include "output/export.h"
#include "output/reader.h"

static const char help[] =
	"usage: dcsim compare [--csv] [--plot FILE] [--keep] A.h5 B.h5 ...\n"
	"\n"
	"Prints the summary figures of runs side by side, each with its ratio to the\n"
	"first run.\n"
	"\n"
	"      --csv          comma-separated, SI units, full precision\n"
	"      --plot FILE    also draw bars of time, energy, cost, carbon and utilisation\n"
	"                     into FILE (.svg or .png; needs gnuplot)\n"
	"      --keep         keep the data and settings given to gnuplot\n"
	"  -h, --help         this text\n"
	"\n"
	"examples:\n"
	"  dcsim compare ring64.h5 torus8x8.h5 switch64.h5\n"
	"  dcsim compare --csv ring64.h5 torus8x8.h5 > compare.csv\n"
	"  dcsim compare --plot compare.svg ring64.h5 torus8x8.h5\n";

struct request {
	const char *plot;
	bool csv;
	bool keep;
	char **inputs;
	size_t count;
};

enum { OPTION_CSV = 256, OPTION_PLOT, OPTION_KEEP, VALUE_SIZE = 64, LABEL_SIZE = 19 };

/* Returns -1 to go on, otherwise the exit status. */
static int parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"csv", no_argument, NULL, OPTION_CSV},
		{"plot", required_argument, NULL, OPTION_PLOT},
		{"keep", no_argument, NULL, OPTION_KEEP},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case OPTION_CSV:
			request->csv = true;
			break;
		case OPTION_PLOT:
			request->plot = optarg;
			break;
		case OPTION_KEEP:
			request->keep = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return dc_command_refuse_option("compare", option, argv);
		}
	}
	if (argc - optind < 2)
		return dc_command_refuse("compare", "expected at least two results, got %d",
					 argc - optind);
	request->inputs = argv + optind;
	request->count = (size_t)(argc - optind);
	return -1;
}

/* The runs, and what each is called in the table: its file's name, or the path where names clash.
 * */
struct runs {
	size_t count;
	struct dc_result **results;
	char **labels;
};

static char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strlen(name);

	return strndup(name, dc_command_ends(name, ".h5") ? length - strlen(".h5") : length);
}

static enum dc_status name_runs(struct runs *runs, char *const *inputs)
{
	for (size_t i = 0; i < runs->count; i++) {
		runs->labels[i] = base_name(inputs[i]);
		if (!runs->labels[i])
			return DC_ERR_MEMORY;
	}
	for (size_t i = 0; i < runs->count; i++) {
		bool clash = false;
		char *own = base_name(inputs[i]);

		for (size_t k = 0; own && k < runs->count; k++) {
			char *other = base_name(inputs[k]);

			clash = clash || (k != i && other && strcmp(own, other) == 0);
			free(other);
		}
		free(own);
		if (clash) {
			free(runs->labels[i]);
			runs->labels[i] = strdup(inputs[i]);
			if (!runs->labels[i])
				return DC_ERR_MEMORY;
		}
	}
	return DC_OK;
}

static enum dc_status open_runs(struct dc_diag *diag, const struct request *request,
				struct runs *runs)
{
	enum dc_status status = DC_OK;

	runs->results = calloc(request->count, sizeof(*runs->results));
	runs->labels = calloc(request->count, sizeof(*runs->labels));
	if (!runs->results || !runs->labels)
		return DC_ERR_MEMORY;
	runs->count = request->count;
	/* Every file that cannot be read is named, not only the first. */
	for (size_t i = 0; i < request->count; i++) {
		enum dc_status one =
			dc_result_open(diag, request->inputs[i], false, &runs->results[i]);

		if (one != DC_OK)
			status = one;
	}
	return status == DC_OK ? name_runs(runs, request->inputs) : status;
}

static void close_runs(struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++) {
		dc_result_close(runs->results[i]);
		free(runs->labels[i]);
	}
	free(runs->results);
	free(runs->labels);
}

static double figure_of(const struct dc_result *result, const char *name)
{
	const struct dc_result_figure *figure = dc_result_figure(result, name);

	return figure ? figure->value : (double)NAN;
}

/* For people: three digits and a unit that fits. */
static void show_value(double value, const char *unit, char *text, size_t size)
{
	static const struct {
		const char *unit;
		enum dc_dimension dimension;
	} known[] = {
		{"s", DC_DIM_TIME},
		{"J", DC_DIM_ENERGY},
		{"W", DC_DIM_POWER},
		{"kg", DC_DIM_CARBON},
	};

	if (isnan(value)) {
		snprintf(text, size, "-");
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i].unit, unit) == 0) {
			dc_units_human(value, known[i].dimension, text, size);
			return;
		}
	}
	if (strcmp(unit, "1") == 0)
		unit = "";
	if (strcmp(unit, "degree_Celsius") == 0)
		unit = "degC";
	if (fabs(value) < 1e15 && floor(value) == value)
		snprintf(text, size, "%.0f%s%s", value, *unit ? " " : "", unit);
	else if (strcmp(unit, "USD") == 0 && fabs(value) >= 1)
		snprintf(text, size, "%.2f %s", value, unit);
	else
		snprintf(text, size, "%.4g%s%s", value, *unit ? " " : "", unit);
}

/* "1.234x"; nothing where there is no ratio to tell. */
static void show_ratio(double value, double first, char *text, size_t size)
{
	if (isnan(value) || isnan(first) || first == 0)
		snprintf(text, size, "%s", "");
	else
		snprintf(text, size, "%.4gx", value / first);
}

static size_t widest(size_t so_far, const char *text)
{
	return strlen(text) > so_far ? strlen(text) : so_far;
}

/* Calls visit for each figure that any run has, those of the first run first. */
static void each_figure(const struct runs *runs,
			void (*visit)(const struct runs *runs,
				      const struct dc_result_figure *figure, void *data),
			void *data)
{
	for (size_t i = 0; i < runs->count; i++) {
		size_t count;
		const struct dc_result_figure *figures =
			dc_result_figures(runs->results[i], &count);

		for (size_t k = 0; k < count; k++) {
			bool seen = false;

			for (size_t j = 0; j < i && !seen; j++)
				seen = dc_result_figure(runs->results[j], figures[k].name);
			if (!seen)
				visit(runs, &figures[k], data);
		}
	}
}

/* Widths of the table's columns: the name, and each run's value and ratio. */
struct widths {
	size_t name;
	size_t *value;
	size_t *ratio;
};

static void measure(const struct runs *runs, const struct dc_result_figure *figure, void *data)
{
	struct widths *widths = data;
	double first = figure_of(runs->results[0], figure->name);
	char text[VALUE_SIZE];

	widths->name = widest(widths->name, figure->name);
	for (size_t i = 0; i < runs->count; i++) {
		double value = figure_of(runs->results[i], figure->name);

		show_value(value, figure->unit, text, sizeof(text));
		widths->value[i] = widest(widths->value[i], text);
		show_ratio(value, first, text, sizeof(text));
		widths->ratio[i] = widest(widths->ratio[i], text);
	}
}

static void print_row(const struct runs *runs, const struct dc_result_figure *figure, void *data)
{
	const struct widths *widths = data;
	double first = figure_of(runs->results[0], figure->name);
	char text[VALUE_SIZE];

	printf("%-*s", (int)widths->name, figure->name);
	for (size_t i = 0; i < runs->count; i++) {
		double value = figure_of(runs->results[i], figure->name);

		show_value(value, figure->unit, text, sizeof(text));
		printf("  %*s", (int)widths->value[i], text);
		show_ratio(value, first, text, sizeof(text));
		if (i)
			printf(" %*s", (int)widths->ratio[i], text);
	}
	putchar('\n');
}

static enum dc_status print_table(const struct runs *runs)
{
	struct widths widths = {
		.name = strlen("figure"),
		.value = calloc(runs->count, sizeof(size_t)),
		.ratio = calloc(runs->count, sizeof(size_t)),
	};

	if (!widths.value || !widths.ratio) {
		free(widths.value);
		free(widths.ratio);
		return DC_ERR_MEMORY;
	}
	each_figure(runs, measure, &widths);
	printf("%-*s", (int)widths.name, "figure");
	for (size_t i = 0; i < runs->count; i++) {
		size_t room = widths.value[i] + (i ? 1 + widths.ratio[i] : 0);

		/* A long label widens its value's column. */
		if (strlen(runs->labels[i]) > room) {
			widths.value[i] += strlen(runs->labels[i]) - room;
			room = strlen(runs->labels[i]);
		}
		printf("  %*s", (int)room, runs->labels[i]);
	}
	putchar('\n');
	each_figure(runs, print_row, &widths);
	free(widths.value);
	free(widths.ratio);
	return DC_OK;
}

static void print_csv_row(const struct runs *runs, const struct dc_result_figure *figure,
			  void *data)
{
	double first = figure_of(runs->results[0], figure->name);
	char text[VALUE_SIZE];

	(void)data;
	dc_export_text(figure->name, DC_EXPORT_CSV, stdout);
	putchar(',');
	dc_export_text(figure->unit, DC_EXPORT_CSV, stdout);
	for (size_t i = 0; i < runs->count; i++) {
		dc_export_number(figure_of(runs->results[i], figure->name), text, sizeof(text));
		printf(",%s", text);
	}
	for (size_t i = 1; i < runs->count; i++) {
		double value = figure_of(runs->results[i], figure->name);

		if (isnan(value) || isnan(first) || first == 0)
			snprintf(text, sizeof(text), "%s", "");
		else
			dc_export_number(value / first, text, sizeof(text));
		printf(",%s", text);
	}
	putchar('\n');
}

static void print_csv(const struct runs *runs)
{
	printf("figure,unit");
	for (size_t i = 0; i < runs->count; i++) {
		putchar(',');
		dc_export_text(runs->labels[i], DC_EXPORT_CSV, stdout);
	}
	for (size_t i = 1; i < runs->count; i++) {
		putchar(',');
		dc_export_text(runs->labels[i], DC_EXPORT_CSV, stdout);
		printf(" / first");
	}
	putchar('\n');
	each_figure(runs, print_csv_row, NULL);
}

/* The bars, in the order of the panels. */
static const struct bar {
	const char *figure;
	const char *title;
	const char *unit;
} bars[] = {
	{"duration_s", "time", "s"},
	{"energy_utility_j", "energy", "J"},
	{"cost_total_usd", "cost", "USD"},
	{"carbon_kg", "carbon", "kg"},
	{"utilization_compute", "compute utilisation", "1"},
};

enum { BARS = sizeof(bars) / sizeof(*bars) };

static bool choose_bars(struct dc_diag *diag, const struct runs *runs, struct dc_plot_unit *units)
{
	bool any = false;

	for (size_t k = 0; k < BARS; k++) {
		double largest = (double)NAN;

		for (size_t i = 0; i < runs->count; i++)
			largest = fmax(largest, fabs(figure_of(runs->results[i], bars[k].figure)));
		for (size_t i = 0; i < runs->count && !isnan(largest); i++)
			if (isnan(figure_of(runs->results[i], bars[k].figure)))
				dc_diag_note(diag, NULL, "%s has no figure %s: no bar of %s",
					     runs->labels[i], bars[k].figure, bars[k].title);
		units[k] = isnan(largest) ? (struct dc_plot_unit){NULL, 1}
			   : strcmp(bars[k].unit, "1") == 0
				   ? (struct dc_plot_unit){"%", 0.01}
				   : dc_plot_unit_for(bars[k].unit, largest);
		if (isnan(largest))
			dc_diag_note(diag, NULL, "no run has the figure %s: no bars of %s",
				     bars[k].figure, bars[k].title);
		any = any || units[k].name;
	}
	return any;
}

/* A name that fits below a bar: a long one keeps its two ends, which tell sweeps apart. */
static void shorten(const char *label, char text[LABEL_SIZE])
{
	size_t length = strlen(label);

	if (length < LABEL_SIZE)
		snprintf(text, LABEL_SIZE, "%s", label);
	else
		snprintf(text, LABEL_SIZE, "%.8s..%s", label, label + length - (LABEL_SIZE - 11));
}

static enum dc_status write_bars(struct dc_diag *diag, const struct runs *runs,
				 struct dc_plot *plot)
{
	struct dc_plot_unit units[BARS];
	size_t shown = 0, letters = 0;
	char label[LABEL_SIZE];
	FILE *data;

	if (!choose_bars(diag, runs, units))
		return dc_diag_error(diag, NULL, "these results have no figures to draw");
	for (size_t k = 0; k < BARS; k++)
		shown += units[k].name != NULL;
	for (size_t i = 0; i < runs->count; i++) {
		shorten(runs->labels[i], label);
		letters = widest(letters, label);
	}
	/* A panel is some 40 letters wide. */
	fprintf(plot->settings, "runs = %zu\nslanted = %d\narray bar_title[%zu]\n", runs->count,
		runs->count * (letters + 2) > 40, shown);
	data = dc_plot_data(plot, "bars");
	if (!data)
		return DC_ERR_IO;
	for (size_t k = 0, n = 1; k < BARS; k++) {
		if (!units[k].name)
			continue;
		fprintf(plot->settings, "bar_title[%zu] = '%s [%s]'\n", n++, bars[k].title,
			units[k].name);
	}
	for (size_t i = 0; i < runs->count; i++) {
		shorten(runs->labels[i], label);
		dc_export_text(label, DC_EXPORT_TSV, data);
		for (size_t k = 0; k < BARS; k++)
			if (units[k].name)
				fprintf(data, "\t%.17g",
					figure_of(runs->results[i], bars[k].figure) /
						units[k].size);
		fputc('\n', data);
	}
	return fclose(data) == 0 ? DC_OK : DC_ERR_IO;
}

static enum dc_status draw(struct dc_diag *diag, const struct runs *runs,
			   const struct request *request)
{
	struct dc_plot plot;
	enum dc_status status = dc_plot_begin(diag, &plot);

	if (status == DC_OK)
		status = write_bars(diag, runs, &plot);
	if (status == DC_OK)
		status = dc_plot_draw(&plot, "compare.gp", dc_command_ends(request->plot, ".png"),
				      request->plot);
	dc_plot_end(&plot, request->keep);
	return status;
}

static int run(int argc, char **argv)
{
	struct request request = {0};
	int done = parse(argc, argv, &request);
	struct runs runs = {0};
	struct dc_diag *diag;
	enum dc_status status;

	if (done >= 0)
		return done;
	diag = dc_diag_create();
	if (!diag)
		return dc_command_finish(NULL, DC_ERR_MEMORY);
	status = open_runs(diag, &request, &runs);
	if (status == DC_OK) {
		if (request.csv)
			print_csv(&runs);
		else
			status = print_table(&runs);
		if (fflush(stdout) != 0 && status == DC_OK) {
			dc_diag_error(diag, NULL, "cannot write the table");
			status = DC_ERR_IO;
		}
	}
	if (status == DC_OK && request.plot)
		status = draw(diag, &runs, &request);
	close_runs(&runs);
	return dc_command_finish(diag, status);
}

const struct dc_command dc_command_compare = {
	.name = "compare",
	.summary = "the summaries of several runs side by side, with ratios and bars",
	.help = help,
	.run = run,
};
