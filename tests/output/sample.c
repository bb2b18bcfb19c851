/* A small result for the tests of reading and exporting. */
#include "sample.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "engine/record.h"
#include "output/hdf5_sink.h"

static const char *const parts[] = {"it", "cooling"};
static const struct dc_axis axes[] = {{"part", parts, 2}};
static const struct dc_column columns[] = {
	{"power", "utility_w", "W", "utility power", DC_CELL_MEAN, NULL},
	{"power", "part_w", "W", "power by part", DC_CELL_MEAN, &axes[0]},
	{"facility", "energy_j", "J", "utility energy", DC_CELL_SUM, NULL},
};
static const struct dc_scalar summary[] = {
	{"duration_s", "s", "duration"},
	{"odd_usd", "USD", "a tenth, \"odd\" in binary"},
	{"late_w", "W", "never measured"},
};
static const char *const kinds[] = {"start", "slow down"};
static const char *const subjects[] = {"job train", "rack-1"};
static const struct dc_record_schema schema = {
	.name = "sample",
	.scenario = "name: sample\nrun: {duration: 3 s}\n",
	.version = "9.9.9",
	.seed = 7,
	.start = "2024-07-15T12:00:00",
	.axes = axes,
	.axes_count = 1,
	.columns = columns,
	.columns_count = 3,
	.summary = summary,
	.summary_count = 3,
	.event_kinds = kinds,
	.event_kinds_count = 2,
	.subjects = subjects,
	.subjects_count = 2,
};

char *sample_path(const char *name)
{
	char folder[] = "/tmp/dcsim-sample-XXXXXX";
	size_t size = sizeof(folder) + strlen(name) + 2;
	char *path = malloc(size);

	cr_assert(path && mkdtemp(folder));
	snprintf(path, size, "%s/%s", folder, name);
	return path;
}

void sample_remove(char *path)
{
	struct dirent *entry;
	DIR *dir;

	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
	free(path);
}

static enum dc_status put_rows(struct dc_record_sink *sink, size_t rows)
{
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < rows && status == DC_OK; i++) {
		double n = (double)i;
		double values[] = {100.1 + n, 10 * n, 10 * n + 1, 2 * n};
		struct dc_iteration_row iteration = {10 * i, 10,    n,     0.1, 0.07,
						     0.02,   0.006, 0.004, NULL};

		status = sink->type->interval(sink, n + 1, 1.0, values);
		if (status == DC_OK)
			status = sink->type->iteration(sink, &iteration);
	}
	return status;
}

void sample_write(const char *path, size_t rows, bool finish)
{
	const struct dc_event_row events[] = {{0.5, 0, 0, "says \"go\", loudly"},
					      {1.5, 1, 1, "tab\there"}};
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	cr_assert(dc_hdf5_sink_create(diag, path, &sink) == DC_OK);
	cr_assert(sink->type->begin(sink, &schema) == DC_OK);
	for (size_t i = 0; i < 2; i++)
		cr_assert(sink->type->event(sink, &events[i]) == DC_OK);
	cr_assert(put_rows(sink, rows) == DC_OK);
	if (finish)
		cr_assert(sink->type->end(sink, DC_RECORD_COMPLETE,
					  (double[]){(double)rows, 0.1, (double)NAN}) == DC_OK);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
}

char *sample_read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);

	cr_assert(file && text);
	cr_assert(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
	fclose(file);
	return text;
}
