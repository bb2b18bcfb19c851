/* dcsim compare: the summaries of several runs side by side, as a table and as bars. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/result_tools.h"
#include "output/export.h"
#include "output/reader.h"

static const char help[] =
	"usage: dcsim compare [--csv] [--plot FILE] [--keep] A.h5 B.h5 ...\n"
	"\n"
	"Prints the summary figures of runs side by side, each with its ratio to the\n"
	"first run. A * marks runs that did not come to their end.\n"
	"\n"
	"      --csv          comma-separated, a row per run: run, status, then a column\n"
	"                     per figure with its unit; SI units, full precision\n"
	"      --plot FILE    also draw bars of time, energy, cost, carbon and\n"
	"                     utilisation into FILE (.svg or .png; needs gnuplot)\n"
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

enum {
	OPTION_CSV = 256,
	OPTION_PLOT,
	OPTION_KEEP,
	VALUE_SIZE = 64,
	LABEL_SIZE = 19,
	MOST_DECIMALS = 7
};

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

static enum dc_status name_runs(struct runs *runs, char *const *inputs)
{
	for (size_t i = 0; i < runs->count; i++) {
		runs->labels[i] = dc_command_stem(inputs[i]);
		if (!runs->labels[i])
			return DC_ERR_MEMORY;
	}
	for (size_t i = 0; i < runs->count; i++) {
		bool clash = false;
		char *own = dc_command_stem(inputs[i]);

		for (size_t k = 0; own && k < runs->count; k++) {
			char *other = dc_command_stem(inputs[k]);

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

static bool is_interrupted(const struct dc_result *result)
{
	return strcmp(dc_result_info(result)->status, "complete") != 0;
}

/* How the values of a row are shown: one unit and one number of digits for all runs. */
struct look {
	struct dc_plot_unit unit;
	int decimals; /* -1: four digits with an exponent, as the values are far apart or tiny */
	bool ratios;
};

/* The ratio of two temperatures in degC, or of two rounding errors, tells nothing. */
static bool has_ratios(const struct dc_result_figure *figure)
{
	return strcmp(figure->unit, "degree_Celsius") != 0 &&
	       !dc_command_ends(figure->name, "_residual");
}

/* Four digits of the smallest value; of money three, but cents at least. */
static int choose_decimals(double smallest, double largest, bool whole, bool money)
{
	int decimals;

	if (whole && !money && largest < 1e15)
		return 0;
	if (smallest > largest) /* nothing but zeros */
		return 2;
	decimals = (money ? 2 : 3) - (int)floor(log10(smallest));
	if (money && decimals < 2)
		return 2;
	if (decimals > MOST_DECIMALS || largest >= 1e15)
		return -1;
	return decimals > 0 ? decimals : 0;
}

static struct look look_of(const struct runs *runs, const struct dc_result_figure *figure)
{
	bool money = strcmp(figure->unit, "USD") == 0;
	struct look look = {.unit = {figure->unit, 1}, .ratios = has_ratios(figure)};
	double largest = 0, smallest = (double)INFINITY;
	bool whole = true;

	for (size_t i = 0; i < runs->count; i++) {
		double value = fabs(figure_of(runs->results[i], figure->name));

		if (isfinite(value) && value > largest)
			largest = value;
	}
	if (!money)
		look.unit = dc_plot_unit_for(figure->unit, largest);
	for (size_t i = 0; i < runs->count; i++) {
		double value = fabs(figure_of(runs->results[i], figure->name)) / look.unit.size;

		if (!isfinite(value))
			continue;
		whole = whole && floor(value) == value;
		if (value > 0 && value < smallest)
			smallest = value;
	}
	look.decimals = choose_decimals(smallest, largest / look.unit.size, whole, money);
	if (strcmp(look.unit.name, "1") == 0)
		look.unit.name = "";
	if (strcmp(look.unit.name, "degree_Celsius") == 0)
		look.unit.name = "degC";
	return look;
}

static void show_value(double value, const struct look *look, char *text, size_t size)
{
	if (isnan(value))
		snprintf(text, size, "-");
	else if (look->decimals < 0)
		snprintf(text, size, "%.4g", value / look->unit.size);
	else
		snprintf(text, size, "%.*f", look->decimals, value / look->unit.size);
}

/* "1.234x"; nothing where there is no ratio to tell. */
static void show_ratio(double value, double first, const struct look *look, char *text, size_t size)
{
	if (!look->ratios || isnan(value) || isnan(first) || first == 0)
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

/* Widths of the table's columns: name and unit, and each run's value and ratio. */
struct widths {
	size_t name;
	size_t unit;
	size_t *value;
	size_t *ratio;
};

static void measure(const struct runs *runs, const struct dc_result_figure *figure, void *data)
{
	struct widths *widths = data;
	struct look look = look_of(runs, figure);
	double first = figure_of(runs->results[0], figure->name);
	char text[VALUE_SIZE];

	widths->name = widest(widths->name, figure->name);
	widths->unit = widest(widths->unit, look.unit.name);
	for (size_t i = 0; i < runs->count; i++) {
		double value = figure_of(runs->results[i], figure->name);

		show_value(value, &look, text, sizeof(text));
		widths->value[i] = widest(widths->value[i], text);
		show_ratio(value, first, &look, text, sizeof(text));
		widths->ratio[i] = widest(widths->ratio[i], text);
	}
}

static void print_row(const struct runs *runs, const struct dc_result_figure *figure, void *data)
{
	const struct widths *widths = data;
	struct look look = look_of(runs, figure);
	double first = figure_of(runs->results[0], figure->name);
	char text[VALUE_SIZE];

	printf("%-*s  %-*s", (int)widths->name, figure->name, (int)widths->unit, look.unit.name);
	for (size_t i = 0; i < runs->count; i++) {
		double value = figure_of(runs->results[i], figure->name);

		show_value(value, &look, text, sizeof(text));
		printf("  %*s", (int)widths->value[i], text);
		show_ratio(value, first, &look, text, sizeof(text));
		if (i)
			printf(" %*s", (int)widths->ratio[i], text);
	}
	putchar('\n');
}

/* Widens the columns for a run's heading and its status. */
static void fit_heading(const struct runs *runs, size_t i, struct widths *widths)
{
	size_t heading = strlen(runs->labels[i]) + is_interrupted(runs->results[i]);
	size_t room = widths->value[i] + (i ? 1 + widths->ratio[i] : 0);

	if (heading > room)
		widths->value[i] += heading - room;
	widths->value[i] = widest(widths->value[i], dc_result_info(runs->results[i])->status);
}

static void print_headings(const struct runs *runs, const struct widths *widths)
{
	printf("%-*s  %-*s", (int)widths->name, "figure", (int)widths->unit, "unit");
	for (size_t i = 0; i < runs->count; i++) {
		bool star = is_interrupted(runs->results[i]);
		size_t room = widths->value[i] + (i ? 1 + widths->ratio[i] : 0);

		printf("  %*s%s", (int)room - star, runs->labels[i], star ? "*" : "");
	}
	printf("\n%-*s  %-*s", (int)widths->name, "status", (int)widths->unit, "");
	for (size_t i = 0; i < runs->count; i++) {
		printf("  %*s", (int)widths->value[i], dc_result_info(runs->results[i])->status);
		if (i)
			printf(" %*s", (int)widths->ratio[i], "");
	}
	putchar('\n');
}

static enum dc_status print_table(const struct runs *runs)
{
	struct widths widths = {
		.name = strlen("figure"),
		.unit = strlen("unit"),
		.value = calloc(runs->count, sizeof(size_t)),
		.ratio = calloc(runs->count, sizeof(size_t)),
	};
	bool any = false;

	if (!widths.value || !widths.ratio) {
		free(widths.value);
		free(widths.ratio);
		return DC_ERR_MEMORY;
	}
	each_figure(runs, measure, &widths);
	for (size_t i = 0; i < runs->count; i++) {
		fit_heading(runs, i, &widths);
		any = any || is_interrupted(runs->results[i]);
	}
	print_headings(runs, &widths);
	each_figure(runs, print_row, &widths);
	if (any)
		printf("\n* interrupted or recovered: its figures are of the part that was run\n");
	free(widths.value);
	free(widths.ratio);
	return DC_OK;
}

static void print_csv_name(const struct runs *runs, const struct dc_result_figure *figure,
			   void *data)
{
	char text[512];

	(void)runs;
	(void)data;
	snprintf(text, sizeof(text), "%s [%s]", figure->name, figure->unit);
	putchar(',');
	dc_export_text(text, DC_EXPORT_CSV, stdout);
}

/* data: the run's result. */
static void print_csv_value(const struct runs *runs, const struct dc_result_figure *figure,
			    void *data)
{
	char text[VALUE_SIZE];

	(void)runs;
	dc_export_number(figure_of(data, figure->name), text, sizeof(text));
	printf(",%s", text);
}

static void print_csv(const struct runs *runs)
{
	printf("run,status");
	each_figure(runs, print_csv_name, NULL);
	putchar('\n');
	for (size_t i = 0; i < runs->count; i++) {
		dc_export_text(runs->labels[i], DC_EXPORT_CSV, stdout);
		putchar(',');
		dc_export_text(dc_result_info(runs->results[i])->status, DC_EXPORT_CSV, stdout);
		each_figure(runs, print_csv_value, runs->results[i]);
		putchar('\n');
	}
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
static void shorten(const struct runs *runs, size_t i, char text[LABEL_SIZE + 1])
{
	const char *label = runs->labels[i];
	const char *mark = is_interrupted(runs->results[i]) ? "*" : "";
	size_t length = strlen(label);

	if (length < LABEL_SIZE)
		snprintf(text, LABEL_SIZE + 1, "%s%s", label, mark);
	else
		snprintf(text, LABEL_SIZE + 1, "%.8s..%s%s", label,
			 label + length - (LABEL_SIZE - 11), mark);
}

/* What stands above a bar: three digits, no exponent where it can be avoided. */
static void shorten_value(double value, char *text, size_t size)
{
	double much = fabs(value);

	if (isnan(value))
		snprintf(text, size, "-");
	else if (much == 0)
		snprintf(text, size, "0");
	else if (much < 1e-3 || much >= 1e5)
		snprintf(text, size, "%.1e", value);
	else if (much >= 99.95)
		snprintf(text, size, "%.0f", value);
	else
		snprintf(text, size, "%.*f", 2 - (int)floor(log10(much)), value);
}

/* A row per run: its name, and for each panel the height of its bar, and where what stands above it. */
static size_t write_bar_data(const struct runs *runs, const struct dc_plot_unit *units, FILE *data)
{
	char label[LABEL_SIZE + 1], text[VALUE_SIZE];
	size_t letters = 0;

	for (size_t i = 0; i < runs->count; i++) {
		shorten(runs, i, label);
		dc_export_text(label, DC_EXPORT_TSV, data);
		for (size_t k = 0; k < BARS; k++) {
			double value = figure_of(runs->results[i], bars[k].figure) / units[k].size;

			if (!units[k].name)
				continue;
			shorten_value(value, text, sizeof(text));
			letters = widest(letters, text);
			fprintf(data, "\t%.17g\t%.17g\t%s", value, isnan(value) ? 0 : value, text);
		}
		fputc('\n', data);
	}
	return letters;
}

static enum dc_status write_bars(struct dc_diag *diag, const struct runs *runs,
				 struct dc_plot *plot)
{
	struct dc_plot_unit units[BARS];
	size_t shown = 0, letters = 0, value_letters;
	char label[LABEL_SIZE + 1];
	bool any = false;
	FILE *data;

	if (!choose_bars(diag, runs, units))
		return dc_diag_error(diag, NULL, "these results have no figures to draw");
	for (size_t k = 0; k < BARS; k++)
		shown += units[k].name != NULL;
	for (size_t i = 0; i < runs->count; i++) {
		shorten(runs, i, label);
		letters = widest(letters, label);
		any = any || is_interrupted(runs->results[i]);
	}
	data = dc_plot_data(plot, "bars");
	if (!data)
		return DC_ERR_IO;
	value_letters = write_bar_data(runs, units, data);
	/* A panel is some 38 letters wide, and the values are a little smaller. */
	fprintf(plot->settings, "runs = %zu\nslanted = %d\nupright = %d\ninterrupted = %d\n",
		runs->count, runs->count * (letters + 2) > 38,
		runs->count * (value_letters + 1) > 44, any);
	fprintf(plot->settings, "array bar_title[%zu]\n", shown);
	for (size_t k = 0, n = 1; k < BARS; k++)
		if (units[k].name)
			fprintf(plot->settings, "bar_title[%zu] = '%s [%s]'\n", n++, bars[k].title,
				units[k].name);
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
