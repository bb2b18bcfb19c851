/* Writes a result of known rows, for the scripts of this folder.
 *
 *     writer FILE ROWS WIDTH DELAY_US     rows as in known_row(); "flushed N" on stdout whenever N
 *                                         rows of the series are safe
 *     writer FILE --check ROWS            compares every value in a result of known rows with what
 * it
 *                                         must be, and expects at least ROWS of the series
 *     writer FILE --example DAYS SEED     something like a training run, for looking at plots
 *     writer FILE --killed DAYS SEED      the same without its end, as a kill leaves it
 *     writer FILE --pipeline STAGES BATCHES
 *                                         an iteration of 1F1B: each micro-batch takes a stage 1 s forward
 *                                         and 2 s backward, then 1 s for gradients and 0.5 s to update
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "engine/record.h"
#include "output/hdf5_sink.h"
#include "output/reader.h"

enum { MAX_WIDTH = 4096, PARTS = 7, RACKS = 8, CHECK_ROWS = 128 };

static int fail(struct dc_diag *diag, struct dc_record_sink *sink)
{
	dc_diag_render(diag, stderr, false);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
	return 1;
}

/* Row i: counter i, square i * i, cell k of the wide column i + k / 4096; an iteration for every
 * fourth row and an event for every eighth, with i as their number. */
static enum dc_status known_row(struct dc_record_sink *sink, size_t i, size_t width, double *values)
{
	enum dc_status status;
	double number = (double)i;
	char detail[32];

	values[0] = number;
	values[1] = number * number;
	for (size_t k = 0; k < width; k++)
		values[2 + k] = number + (double)k / MAX_WIDTH;
	status = sink->type->interval(sink, 0.5 * (number + 1), 0.5, values);
	if (status == DC_OK && i % 4 == 0) {
		struct dc_iteration_row row = {i,     4,      0.5 * number, 0.5, 0.25,
					       0.125, 0.0625, 0.0625,       NULL};

		status = sink->type->iteration(sink, &row);
	}
	if (status == DC_OK && i % 8 == 0) {
		struct dc_event_row row = {0.5 * number, 0, 0, detail};

		snprintf(detail, sizeof(detail), "row %zu", i);
		status = sink->type->event(sink, &row);
	}
	return status;
}

static int write_known(const char *path, size_t rows, size_t width, useconds_t delay_us)
{
	static const char *labels[MAX_WIDTH];
	static char names[MAX_WIDTH][32];
	static double values[2 + MAX_WIDTH], summary[1];
	static const char *const kinds[] = {"tick"};
	static const char *const subjects[] = {"run"};
	const struct dc_axis axis = {"cell", labels, width};
	const struct dc_column columns[] = {
		{"known", "counter", "1", "row number", DC_CELL_MEAN, NULL},
		{"known", "square", "1", "its square", DC_CELL_SUM, NULL},
		{"wide", "cell_w", "W", "row number and a fraction", DC_CELL_MEAN, &axis},
	};
	const struct dc_scalar figures[] = {{"duration_s", "s", "duration"}};
	const struct dc_record_schema schema = {
		.name = "known",
		.scenario = "name: known\n",
		.version = "0",
		.seed = 1,
		.start = "2024-01-01T00:00:00",
		.axes = &axis,
		.axes_count = 1,
		.columns = columns,
		.columns_count = 3,
		.summary = figures,
		.summary_count = 1,
		.event_kinds = kinds,
		.event_kinds_count = 1,
		.subjects = subjects,
		.subjects_count = 1,
	};
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink = NULL;
	unsigned long long flushed = 0;

	for (size_t i = 0; i < width; i++) {
		snprintf(names[i], sizeof(names[i]), "cell-%zu", i);
		labels[i] = names[i];
	}
	if (dc_hdf5_sink_create(diag, path, &sink) != DC_OK ||
	    sink->type->begin(sink, &schema) != DC_OK)
		return fail(diag, sink);
	for (size_t i = 0; i < rows; i++) {
		if (known_row(sink, i, width, values) != DC_OK)
			return fail(diag, sink);
		if (dc_hdf5_sink_flushed(sink) != flushed) {
			flushed = dc_hdf5_sink_flushed(sink);
			printf("flushed %llu\n", flushed);
			fflush(stdout);
		}
		if (delay_us)
			usleep(delay_us);
	}
	summary[0] = 0.5 * (double)rows;
	if (sink->type->end(sink, DC_RECORD_COMPLETE, summary) != DC_OK)
		return fail(diag, sink);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
	return 0;
}

/* What known_row() put into a column of row i (or, with an axis, into cell k of it). */
static double known_value(const char *path, double i, size_t k)
{
	const char *const names[] = {"series/time", "known/counter",    "known/square",
				     "wide/cell_w", "iterations/first", "iterations/start",
				     "events/time"};
	const double values[] = {0.5 * (i + 1), i,     i * i, i + (double)k / MAX_WIDTH,
				 4 * i,         2 * i, 4 * i};

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
		if (strstr(path, names[n]))
			return values[n];
	return (double)NAN; /* not checked */
}

static size_t check_column(struct dc_diag *diag, const struct dc_result *result, size_t rows,
			   const struct dc_result_column *column)
{
	double *values = calloc(column->width * CHECK_ROWS, sizeof(*values));
	size_t width = column->width, wrong = 0;

	for (size_t i = 0; i < rows; i += CHECK_ROWS) {
		size_t count = rows - i < CHECK_ROWS ? rows - i : CHECK_ROWS;

		if (dc_result_read(diag, result, column, i, count, values) != DC_OK) {
			wrong++;
			break;
		}
		for (size_t k = 0; k < count * width; k++) {
			double expected =
				known_value(column->path, (double)(i + k / width), k % width);

			wrong += !isnan(expected) && values[k] != expected;
		}
	}
	free(values);
	return wrong;
}

static size_t check_details(struct dc_diag *diag, const struct dc_result *result, size_t rows,
			    const struct dc_result_column *column)
{
	char detail[1][DC_RESULT_TEXT_SIZE], expected[32];
	size_t wrong = 0;

	for (size_t i = 0; i < rows; i++) {
		snprintf(expected, sizeof(expected), "row %zu", 8 * i);
		wrong += dc_result_read_text(diag, result, column, i, 1, detail) != DC_OK ||
			 strcmp(detail[0], expected) != 0;
	}
	return wrong;
}

static int check_known(const char *path, size_t least)
{
	struct dc_diag *diag = dc_diag_create();
	size_t count, rows = 0, wrong = 0;
	const struct dc_result_table *tables;
	struct dc_result *result;

	if (dc_result_open(diag, path, false, &result) != DC_OK)
		return fail(diag, NULL);
	tables = dc_result_tables(result, &count);
	for (size_t i = 0; i < count; i++) {
		const struct dc_result_table *table = &tables[i];

		rows = table->series ? table->rows : rows;
		for (size_t k = 0; k < table->columns_count; k++) {
			const struct dc_result_column *column = &table->columns[k];

			wrong += column->cell == DC_RESULT_TEXT
					 ? check_details(diag, result, table->rows, column)
					 : check_column(diag, result, table->rows, column);
		}
	}
	dc_result_close(result);
	printf("%zu rows, %zu wrong values\n", rows, wrong);
	if (wrong || dc_diag_errors(diag) || rows < least)
		return fail(diag, NULL);
	dc_diag_destroy(diag);
	return 0;
}

static const char *const part_labels[PARTS] = {
	"accelerators", "hosts", "drives", "network", "psu loss", "pdu loss", "cooling",
};
static const char *const rack_labels[RACKS] = {
	"rack-0", "rack-1", "rack-2", "rack-3", "rack-4", "rack-5", "rack-6", "rack-7",
};
static const struct dc_axis example_axes[2] = {
	{"part", part_labels, PARTS},
	{"rack", rack_labels, RACKS},
};
static const struct dc_column example_columns[] = {
	{"power", "part_w", "W", "power by part", DC_CELL_MEAN, &example_axes[0]},
	{"power", "it_w", "W", "IT power", DC_CELL_MEAN, NULL},
	{"power", "utility_w", "W", "utility power", DC_CELL_MEAN, NULL},
	{"power", "energy_j", "J", "utility energy", DC_CELL_SUM, NULL},
	{"facility", "pue", "1", "power usage effectiveness", DC_CELL_MEAN, NULL},
	{"facility", "outdoor_degc", "degree_Celsius", "outdoor temperature", DC_CELL_MEAN, NULL},
	{"facility", "room_degc", "degree_Celsius", "room temperature", DC_CELL_MEAN, NULL},
	{"facility", "supply_degc", "degree_Celsius", "supply temperature", DC_CELL_MEAN, NULL},
	{"facility", "rack_degc", "degree_Celsius", "rack outlet", DC_CELL_MEAN, &example_axes[1]},
	{"facility", "cop", "1", "coefficient of performance", DC_CELL_MEAN, NULL},
	{"training", "iterations", "1", "iterations finished", DC_CELL_SUM, NULL},
	{"training", "compute_share", "1", "computing", DC_CELL_MEAN, NULL},
	{"training", "exposed_communication_share", "1", "communicating", DC_CELL_MEAN, NULL},
	{"training", "stall_share", "1", "waiting for data", DC_CELL_MEAN, NULL},
	{"training", "bubble_share", "1", "waiting for others", DC_CELL_MEAN, NULL},
	{"utilization", "compute", "1", "compute units", DC_CELL_MEAN, NULL},
	{"utilization", "memory", "1", "memory bandwidth", DC_CELL_MEAN, NULL},
	{"utilization", "link", "1", "busiest link", DC_CELL_MEAN, NULL},
	{"utilization", "drives", "1", "drives", DC_CELL_MEAN, NULL},
	{"utilization", "host", "1", "host CPUs", DC_CELL_MEAN, NULL},
};
static const struct dc_scalar example_figures[] = {
	{"duration_s", "s", "duration"},
	{"iterations", "1", "iterations"},
	{"energy_utility_j", "J", "utility energy"},
	{"cost_total_usd", "USD", "total cost"},
	{"carbon_kg", "kg", "carbon dioxide equivalent"},
	{"utilization_compute", "1", "compute utilisation"},
	{"pue", "1", "power usage effectiveness"},
};

enum { EXAMPLE_COLUMNS = sizeof(example_columns) / sizeof(*example_columns), EXAMPLE_ROW_S = 60 };

/* A day's swing of the weather, noise from a small generator, a steady job. */
static void example_row(double time_s, unsigned *state, double *v)
{
	double day = sin(2 * M_PI * (time_s / 86400.0 - 0.4));
	double noise, outdoor_degc = 24 + 7 * day, cop, it_w, heat_w;

	*state = *state * 1664525u + 1013904223u;
	noise = (double)(*state >> 8) / 16777216.0 - 0.5;
	cop = 5.5 - 0.12 * (outdoor_degc - 20) + 0.05 * noise;
	v[0] = 64 * 360.0 + 900 * noise;
	v[1] = 8 * 620.0;
	v[2] = 8 * 30.0;
	v[3] = 8 * 90.0;
	it_w = v[0] + v[1] + v[2] + v[3];
	v[4] = 0.06 * it_w;
	v[5] = 0.02 * it_w;
	it_w += v[4];
	heat_w = it_w + v[5];
	v[6] = heat_w / cop;
	v += PARTS;
	*v++ = it_w;
	*v++ = heat_w + heat_w / cop;
	*v++ = (heat_w + heat_w / cop) * EXAMPLE_ROW_S;
	*v++ = (heat_w + heat_w / cop) / it_w;
	*v++ = outdoor_degc;
	*v++ = 26 + 0.4 * day;
	*v++ = 18 + 0.1 * day;
	for (int i = 0; i < RACKS; i++)
		*v++ = 32 + 0.5 * i + 0.4 * day + 0.3 * noise;
	*v++ = cop;
	*v++ = 240;
	*v++ = 0.78 + 0.02 * noise;
	*v++ = 0.12 - 0.02 * noise;
	*v++ = 0.08;
	*v++ = 0.02;
	*v++ = 0.47 + 0.01 * noise;
	*v++ = 0.61;
	*v++ = 0.34 + 0.02 * noise;
	*v++ = 0.22 + 0.05 * noise;
	*v++ = 0.4;
}

static int write_example(const char *path, double days, unsigned seed, bool killed)
{
	double values[EXAMPLE_COLUMNS + PARTS + RACKS];
	double rows = floor(days * 86400 / EXAMPLE_ROW_S);
	double energy_j = 0;
	const struct dc_record_schema schema = {
		.name = "example",
		.scenario = "name: example\n",
		.version = "0",
		.seed = seed,
		.start = "2024-07-15T12:00:00",
		.axes = example_axes,
		.axes_count = 2,
		.columns = example_columns,
		.columns_count = EXAMPLE_COLUMNS,
		.summary = example_figures,
		.summary_count = sizeof(example_figures) / sizeof(*example_figures),
	};
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink = NULL;
	unsigned state = seed;

	if (dc_hdf5_sink_create(diag, path, &sink) != DC_OK ||
	    sink->type->begin(sink, &schema) != DC_OK)
		return fail(diag, sink);
	for (double row = 1; row <= rows; row++) {
		example_row(row * EXAMPLE_ROW_S, &state, values);
		energy_j += values[PARTS + 2];
		if (sink->type->interval(sink, row * EXAMPLE_ROW_S, EXAMPLE_ROW_S, values) != DC_OK)
			return fail(diag, sink);
	}
	if (!killed &&
	    sink->type->end(sink, DC_RECORD_COMPLETE,
			    (double[]){rows * EXAMPLE_ROW_S, 240 * rows, energy_j,
				       energy_j / 3.6e6 * 0.08 + 11.5 * seed,
				       energy_j / 3.6e6 * 0.38, 0.47 / seed, 1.26}) != DC_OK)
		return fail(diag, sink);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
	return 0;
}

static const char *const pipeline_streams[] = {"compute", "data"};
static const char *const pipeline_roles[] = {"other", "forward", "backward", "optimizer",
					     "gradients"};
static const char *const pipeline_operations[] = {"", "forward", "backward", "update", "bucket"};
static const char *const pipeline_communications[] = {"data", "sends"};
static const struct dc_axis pipeline_axes[] = {
	{"timeline_stream", pipeline_streams, 2},
	{"timeline_role", pipeline_roles, 5},
	{"timeline_operation", pipeline_operations, 5},
	{"communication", pipeline_communications, 2},
};
static const struct dc_scalar pipeline_figures[] = {
	{"timeline_left_out", "1", "operations left out"},
};

enum { MAX_STAGES = 128, MAX_BATCHES = 512, FORWARD = 1, BACKWARD, UPDATE, BUCKET };

/* The one of a stage's turns: forwards to fill the pipeline, then one backward for one forward. */
static int turn_of(unsigned stages, unsigned batches, unsigned stage, unsigned turn,
		   unsigned *micro_batch)
{
	unsigned fill = stages - stage < batches ? stages - stage : batches;
	unsigned in_steady = turn - fill;

	*micro_batch = turn;
	if (turn < fill)
		return FORWARD;
	*micro_batch = in_steady / 2;
	if (in_steady < 2 * (batches - fill) && in_steady % 2 == 1) {
		*micro_batch = fill + in_steady / 2;
		return FORWARD;
	}
	if (in_steady >= 2 * (batches - fill))
		*micro_batch = in_steady - (batches - fill);
	return BACKWARD;
}

static double pipeline_end_s[2][MAX_STAGES][MAX_BATCHES];

static enum dc_status pipeline_row(struct dc_record_sink *sink, uint64_t *row, unsigned stage,
				   int role, unsigned micro_batch, double begin_s)
{
	static const double durations_s[] = {0, 1, 2, 0.5, 1};
	const struct dc_timeline_row r = {
		.row = (*row)++,
		.iteration = 1,
		.stage = stage,
		.stream = role == BUCKET,
		.role = (uint8_t)role,
		.operation = (uint32_t)role,
		.micro_batch = micro_batch,
		.begin_s = begin_s,
		.duration_s = durations_s[role],
	};

	return sink->type->timeline(sink, &r);
}

/* Each stage takes its turns as soon as its neighbour has done its part. */
static enum dc_status pipeline_rows(struct dc_record_sink *sink, unsigned stages, unsigned batches)
{
	unsigned turns[MAX_STAGES] = {0}, done = 0;
	double free_s[MAX_STAGES] = {0};
	enum dc_status status = DC_OK;
	uint64_t row = 0;

	while (done < 2 * stages * batches) {
		for (unsigned s = 0; s < stages && !status; s++) {
			unsigned m;
			int role;
			double from_s = 0;

			if (turns[s] == 2 * batches)
				continue;
			role = turn_of(stages, batches, s, turns[s], &m);
			if (role == FORWARD && s)
				from_s = pipeline_end_s[0][s - 1][m];
			if (role == BACKWARD)
				from_s = s + 1 < stages ? pipeline_end_s[1][s + 1][m]
							: pipeline_end_s[0][s][m];
			if ((role == BACKWARD || s) && !(from_s > 0))
				continue;
			from_s = fmax(from_s, free_s[s]);
			free_s[s] = from_s + role;
			pipeline_end_s[role - 1][s][m] = free_s[s];
			status = pipeline_row(sink, &row, s, role, m, from_s);
			turns[s]++;
			done++;
		}
		if (status)
			return status;
	}
	for (unsigned s = 0; s < stages && !status; s++) {
		status = pipeline_row(sink, &row, s, BUCKET, 0, free_s[s]);
		if (!status)
			status = pipeline_row(sink, &row, s, UPDATE, 0, free_s[s] + 1);
	}
	return status;
}

static int write_pipeline(const char *path, unsigned stages, unsigned batches)
{
	const struct dc_record_schema schema = {
		.name = "pipeline",
		.scenario = "name: pipeline\n",
		.version = "0",
		.start = "2024-07-15T12:00:00",
		.axes = pipeline_axes,
		.axes_count = 4,
		.summary = pipeline_figures,
		.summary_count = 1,
		.timeline = true,
	};
	/* Every stage computes 3 s for a micro-batch; the last backward of the first stage ends after
	 * (batches + stages - 1) such times [Narayanan et al. 2021, sec. 2.2]. */
	double span_s = 3.0 * (batches + stages - 1);
	const double exposed_s[] = {1, 0};
	const struct dc_iteration_row iteration = {
		.count = 10,
		.duration_s = span_s + 1.5,
		.compute_s = 3.0 * batches + 0.5,
		.exposed_communication_s = 1,
		.bubble_s = 3.0 * (stages - 1),
		.exposed_s = exposed_s,
	};
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink = NULL;

	if (dc_hdf5_sink_create(diag, path, &sink) != DC_OK ||
	    sink->type->begin(sink, &schema) != DC_OK ||
	    sink->type->iteration(sink, &iteration) != DC_OK ||
	    pipeline_rows(sink, stages, batches) != DC_OK ||
	    sink->type->end(sink, DC_RECORD_COMPLETE, (double[]){0}) != DC_OK)
		return fail(diag, sink);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[2], "--pipeline") == 0 && atoi(argv[3]) >= 1 &&
	    atoi(argv[3]) <= MAX_STAGES && atoi(argv[4]) >= 1 && atoi(argv[4]) <= MAX_BATCHES)
		return write_pipeline(argv[1], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	if (argc == 5 && (strcmp(argv[2], "--example") == 0 || strcmp(argv[2], "--killed") == 0))
		return write_example(argv[1], atof(argv[3]), (unsigned)atoi(argv[4]),
				     strcmp(argv[2], "--killed") == 0);
	if (argc == 4 && strcmp(argv[2], "--check") == 0)
		return check_known(argv[1], strtoul(argv[3], NULL, 10));
	if (argc == 5 && atoi(argv[3]) >= 1 && atoi(argv[3]) <= MAX_WIDTH)
		return write_known(argv[1], strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10),
				   (useconds_t)atoi(argv[4]));
	fprintf(stderr, "usage: writer FILE ROWS WIDTH DELAY_US\n"
			"       writer FILE --check ROWS\n"
			"       writer FILE --example DAYS SEED\n"
			"       writer FILE --killed DAYS SEED\n"
			"       writer FILE --pipeline STAGES BATCHES\n");
	return 2;
}
