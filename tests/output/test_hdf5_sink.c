/* The HDF5 sink: layout, values, chunks, equal bytes, endings and refusals. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/hdf5_sink.h"

enum { RACKS = 3, VALUES = 3 + RACKS };

static const char *const racks[] = {"rack-0", "rack-1", "rack-2"};
static const struct dc_axis axes[] = {{"rack", racks, RACKS}};
/* Sections alternate on purpose: the file keeps those of a section together. */
static const struct dc_column columns[] = {
	{"power", "utility_w", "W", "utility power", DC_CELL_MEAN, NULL},
	{"facility", "rack_degc", "degree_Celsius", "rack outlet", DC_CELL_MEAN, &axes[0]},
	{"power", "energy_j", "J", "utility energy", DC_CELL_SUM, NULL},
	{"facility", "pue", "1", "power usage effectiveness", DC_CELL_MEAN, NULL},
};
static const struct dc_scalar summary[] = {
	{"duration_s", "s", "duration"},
	{"energy_utility_j", "J", "utility energy"},
};
static const char *const kinds[] = {"start", "slow down"};
static const char *const subjects[] = {"job train", "rack-1"};
static const struct dc_record_schema schema = {
	.name = "small",
	.scenario = "name: small\n",
	.version = "1.2.3",
	.seed = 18446744073709551615u,
	.start = "2024-07-15T12:00:00",
	.axes = axes,
	.axes_count = 1,
	.columns = columns,
	.columns_count = 4,
	.summary = summary,
	.summary_count = 2,
	.event_kinds = kinds,
	.event_kinds_count = 2,
	.subjects = subjects,
	.subjects_count = 2,
};

/* A folder of the test's own, and the file in it. */
struct place {
	char folder[64];
	char file[96];
	char part[104];
};

static struct place make_place(void)
{
	struct place place;

	snprintf(place.folder, sizeof(place.folder), "/tmp/dcsim-sink-XXXXXX");
	cr_assert_not_null(mkdtemp(place.folder));
	snprintf(place.file, sizeof(place.file), "%s/run.h5", place.folder);
	snprintf(place.part, sizeof(place.part), "%s.part", place.file);
	return place;
}

static void remove_place(const struct place *place)
{
	unlink(place->file);
	unlink(place->part);
	rmdir(place->folder);
}

/* Row i: utility i, racks i + 0.25 k, energy 2 i, pue 1 + 1/(i + 1). */
static enum dc_status put_row(struct dc_record_sink *sink, size_t i)
{
	double n = (double)i;
	double values[VALUES] = {n, n, n + 0.25, n + 0.5, 2 * n, 1 + 1 / (n + 1)};

	return sink->type->interval(sink, n + 1, 1.0, values);
}

static enum dc_status write_rows(struct dc_record_sink *sink, size_t rows, unsigned pause_us)
{
	enum dc_status status = sink->type->begin(sink, &schema);

	for (size_t i = 0; i < rows && status == DC_OK; i++) {
		struct dc_iteration_row iteration = {10 * i, 10,    (double)i, 0.1, 0.07,
						     0.02,   0.006, 0.004,     NULL};
		struct dc_event_row event = {(double)i, i % 2, (uint32_t)(i % 2), "what happened"};

		status = put_row(sink, i);
		if (status == DC_OK)
			status = sink->type->iteration(sink, &iteration);
		if (status == DC_OK && i % 3 == 0)
			status = sink->type->event(sink, &event);
		if (pause_us)
			usleep(pause_us);
	}
	return status;
}

static void write_file(const char *path, size_t rows, unsigned pause_us, enum dc_record_end how)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	const double figures[] = {(double)rows, 1e9};

	cr_assert(eq(int, dc_hdf5_sink_create(diag, path, &sink), DC_OK));
	cr_assert(eq(int, write_rows(sink, rows, pause_us), DC_OK));
	cr_assert(eq(int, sink->type->end(sink, how, figures), DC_OK));
	cr_assert(eq(sz, dc_diag_errors(diag), 0));
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
}

static hid_t open_h5(const char *path)
{
	hid_t file;

	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	cr_assert(file >= 0, "%s does not open", path);
	return file;
}

static hsize_t read_column(hid_t file, const char *path, double *values, size_t most)
{
	hsize_t extent[2] = {0, 1};
	hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
	hid_t space = H5Dget_space(dataset);

	cr_assert(dataset >= 0, "%s is missing", path);
	H5Sget_simple_extent_dims(space, extent, NULL);
	cr_assert(extent[0] * extent[1] <= most, "%s is too long", path);
	cr_assert(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
	H5Sclose(space);
	H5Dclose(dataset);
	return extent[0];
}

/* A text attribute of variable length. */
static void check_text(hid_t file, const char *object, const char *name, const char *expected)
{
	hid_t attribute = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
	hid_t type = H5Aget_type(attribute);
	char *text = NULL;

	cr_assert(attribute >= 0, "%s has no attribute %s", object, name);
	cr_assert(H5Tis_variable_str(type) > 0, "%s of %s", name, object);
	cr_assert(H5Aread(attribute, type, &text) >= 0);
	cr_expect_str_eq(text, expected, "%s of %s is '%s'", name, object, text);
	H5free_memory(text);
	H5Tclose(type);
	H5Aclose(attribute);
}

static void check_status(const char *path, const char *expected)
{
	hid_t file = open_h5(path);
	hid_t attribute = H5Aopen(file, "status", H5P_DEFAULT);
	hid_t type = H5Aget_type(attribute);
	char text[64] = "";

	/* Of fixed size, so that it can be overwritten in SWMR mode. */
	cr_assert(eq(int, H5Tis_variable_str(type), 0));
	cr_assert(H5Tget_size(type) < sizeof(text));
	cr_assert(H5Aread(attribute, type, text) >= 0);
	cr_expect_str_eq(text, expected);
	H5Tclose(type);
	H5Aclose(attribute);
	H5Fclose(file);
}

static void check_same_bytes(const char *a, const char *b)
{
	FILE *one = fopen(a, "rb"), *other = fopen(b, "rb");
	size_t at = 0;
	int left, right;

	cr_assert(one && other);
	do {
		left = getc(one);
		right = getc(other);
		cr_assert(left == right, "byte %zu differs", at);
		at++;
	} while (left != EOF);
	cr_expect(at > 10000, "a file of %zu bytes", at);
	fclose(one);
	fclose(other);
}

/* Every object that design section 9 names is there, with its attributes. */
Test(hdf5_sink, layout)
{
	static const char *const objects[] = {
		"/scenario",
		"/names/rack",
		"/names/event_kind",
		"/names/subject",
		"/series/time",
		"/series/interval",
		"/series/power/time",
		"/series/power/utility_w",
		"/series/power/energy_j",
		"/series/facility/time",
		"/series/facility/rack",
		"/series/facility/rack_degc",
		"/series/facility/pue",
		"/iterations/first",
		"/iterations/count",
		"/iterations/start",
		"/iterations/duration",
		"/iterations/compute",
		"/iterations/exposed_communication",
		"/iterations/stall",
		"/iterations/bubble",
		"/events/time",
		"/events/kind",
		"/events/subject",
		"/events/detail",
		"/summary/duration_s",
		"/summary/energy_utility_j",
	};
	struct place place = make_place();
	hid_t file;

	write_file(place.file, 5, 0, DC_RECORD_COMPLETE);
	file = open_h5(place.file);
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		cr_expect(H5Oexists_by_name(file, objects[i], H5P_DEFAULT) > 0, "%s is missing",
			  objects[i]);
	check_text(file, "/", "dcsim_version", "1.2.3");
	check_text(file, "/", "name", "small");
	check_text(file, "/", "start", "2024-07-15T12:00:00");
	check_text(file, "/series/time", "units", "s");
	check_text(file, "/series/time", "long_name", "end of interval");
	check_text(file, "/series/interval", "units", "s");
	check_text(file, "/series/power/utility_w", "units", "W");
	check_text(file, "/series/power/utility_w", "cell_methods", "time: mean");
	check_text(file, "/series/power/energy_j", "cell_methods", "time: sum");
	check_text(file, "/series/facility/rack_degc", "long_name", "rack outlet");
	check_text(file, "/events/kind", "flag_meanings", "start slow_down");
	check_text(file, "/summary/energy_utility_j", "units", "J");
	H5Fclose(file);
	check_status(place.file, "complete");
	remove_place(&place);
}

/* `time` is one object everywhere, and the scale of each column's first dimension. */
Test(hdf5_sink, scales)
{
	struct place place = make_place();
	H5O_info_t root, section;
	hid_t file, column, time, rack;

	write_file(place.file, 5, 0, DC_RECORD_COMPLETE);
	file = open_h5(place.file);
	cr_assert(H5Oget_info_by_name(file, "/series/time", &root, H5P_DEFAULT) >= 0);
	cr_assert(H5Oget_info_by_name(file, "/series/power/time", &section, H5P_DEFAULT) >= 0);
	cr_expect(root.addr == section.addr);
	column = H5Dopen2(file, "/series/facility/rack_degc", H5P_DEFAULT);
	time = H5Dopen2(file, "/series/time", H5P_DEFAULT);
	rack = H5Dopen2(file, "/series/facility/rack", H5P_DEFAULT);
	cr_expect(H5DSis_scale(time) > 0);
	cr_expect(H5DSis_attached(column, time, 0) > 0);
	cr_expect(H5DSis_attached(column, rack, 1) > 0);
	H5Dclose(rack);
	H5Dclose(time);
	H5Dclose(column);
	H5Fclose(file);
	remove_place(&place);
}

/* What was put in comes out, over two full chunks of 4,096 rows and a part of a third. */
Test(hdf5_sink, values_over_several_chunks)
{
	enum { ROWS = 10000 };
	static double values[ROWS * RACKS];
	struct place place = make_place();
	hid_t file;

	write_file(place.file, ROWS, 0, DC_RECORD_COMPLETE);
	file = open_h5(place.file);
	cr_assert(eq(u64, read_column(file, "/series/time", values, ROWS), ROWS));
	for (size_t i = 0; i < ROWS; i++)
		cr_assert(values[i] == (double)i + 1, "time of row %zu", i);
	cr_assert(eq(u64, read_column(file, "/series/power/energy_j", values, ROWS), ROWS));
	for (size_t i = 0; i < ROWS; i++)
		cr_assert(values[i] == 2 * (double)i, "energy of row %zu", i);
	cr_assert(eq(u64, read_column(file, "/series/facility/rack_degc", values, ROWS * RACKS),
		     ROWS));
	for (size_t i = 0; i < ROWS * RACKS; i++)
		cr_assert(values[i] == (double)(i / RACKS) + 0.25 * (double)(i % RACKS),
			  "rack %zu of row %zu", i % RACKS, i / RACKS);
	cr_assert(eq(u64, read_column(file, "/iterations/first", values, ROWS), ROWS));
	cr_expect(values[ROWS - 1] == 10.0 * (ROWS - 1));
	cr_assert(eq(u64, read_column(file, "/iterations/stall", values, ROWS), ROWS));
	cr_expect(values[ROWS - 1] == 0.006);
	cr_assert(eq(u64, read_column(file, "/iterations/bubble", values, ROWS), ROWS));
	cr_expect(values[ROWS - 1] == 0.004);
	/* An event for every third row: ceil(10000 / 3) of them. */
	cr_assert(eq(u64, read_column(file, "/events/time", values, ROWS), 3334));
	cr_expect(values[3333] == 9999.0);
	read_column(file, "/summary/duration_s", values, 1);
	cr_expect(values[0] == ROWS);
	H5Fclose(file);
	remove_place(&place);
}

/* Chunks hold at most 1 MiB: 4,096 rows of 8 bytes, but 1 MiB / (1,024 * 8 B) = 128 wide rows. */
Test(hdf5_sink, chunks_of_at_most_a_mebibyte)
{
	static const char *labels[1024];
	static double values[1024];
	const struct dc_axis axis = {"class", labels, 1024};
	const struct dc_column column = {"wide", "w", "W", "wide", DC_CELL_MEAN, &axis};
	struct dc_record_schema wide = schema;
	struct place place = make_place();
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	hsize_t chunk[2];
	hid_t file, dataset, plist;

	for (size_t i = 0; i < 1024; i++)
		labels[i] = "x";
	wide.axes = &axis;
	wide.columns = &column;
	wide.columns_count = 1;
	cr_assert(eq(int, dc_hdf5_sink_create(diag, place.file, &sink), DC_OK));
	cr_assert(eq(int, sink->type->begin(sink, &wide), DC_OK));
	for (size_t i = 0; i < 300; i++) {
		values[1023] = (double)i;
		cr_assert(eq(int, sink->type->interval(sink, (double)i, 1, values), DC_OK));
	}
	/* Two full chunks are safe, 44 rows wait. */
	cr_expect(eq(u64, dc_hdf5_sink_flushed(sink), 256));
	cr_assert(eq(int, sink->type->end(sink, DC_RECORD_COMPLETE, (double[]){1, 2}), DC_OK));
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
	file = open_h5(place.file);
	dataset = H5Dopen2(file, "/series/wide/w", H5P_DEFAULT);
	plist = H5Dget_create_plist(dataset);
	cr_assert(eq(int, H5Pget_chunk(plist, 2, chunk), 2));
	cr_expect(eq(u64, chunk[0], 128));
	cr_expect(eq(u64, chunk[1], 1024));
	H5Pclose(plist);
	H5Dclose(dataset);
	H5Fclose(file);
	remove_place(&place);
}

Test(hdf5_sink, no_rows)
{
	struct place place = make_place();
	double values[4];
	hid_t file;

	write_file(place.file, 0, 0, DC_RECORD_COMPLETE);
	file = open_h5(place.file);
	cr_expect(eq(u64, read_column(file, "/series/time", values, 4), 0));
	cr_expect(eq(u64, read_column(file, "/series/power/utility_w", values, 4), 0));
	cr_expect(eq(u64, read_column(file, "/events/time", values, 4), 0));
	H5Fclose(file);
	remove_place(&place);
}

Test(hdf5_sink, interrupted)
{
	struct place place = make_place();

	write_file(place.file, 3, 0, DC_RECORD_INTERRUPTED);
	check_status(place.file, "interrupted");
	cr_expect(access(place.part, F_OK) != 0, "the .part is still there");
	remove_place(&place);
}

/* Equal rows make equal files. */
Test(hdf5_sink, equal_bytes)
{
	struct place a = make_place(), b = make_place();

	write_file(a.file, 9000, 0, DC_RECORD_COMPLETE);
	write_file(b.file, 9000, 0, DC_RECORD_COMPLETE);
	check_same_bytes(a.file, b.file);
	remove_place(&a);
	remove_place(&b);
}

/* However often the clock had rows flushed early: the second run sleeps 1.3 s over its 5,000 rows,
 * so rows are flushed in the middle of the first and of the second chunk. */
Test(hdf5_sink, equal_bytes_whatever_the_clock, .timeout = 60)
{
	struct place a = make_place(), b = make_place();

	write_file(a.file, 5000, 0, DC_RECORD_COMPLETE);
	write_file(b.file, 5000, 260, DC_RECORD_COMPLETE);
	check_same_bytes(a.file, b.file);
	cr_expect(access(b.part, F_OK) != 0, "the .part is still there");
	remove_place(&a);
	remove_place(&b);
}

/* A second after the last flush, the next row takes those before it along. */
Test(hdf5_sink, flushes_by_the_clock)
{
	struct place place = make_place();
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	cr_assert(eq(int, dc_hdf5_sink_create(diag, place.file, &sink), DC_OK));
	cr_assert(eq(int, write_rows(sink, 3, 0), DC_OK));
	cr_expect(eq(u64, dc_hdf5_sink_flushed(sink), 0));
	usleep(1100000);
	cr_assert(eq(int, put_row(sink, 3), DC_OK));
	cr_expect(eq(u64, dc_hdf5_sink_flushed(sink), 4));
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
	remove_place(&place);
}

/* A destroyed sink leaves the .part and nothing that looks finished; an older result stays. */
Test(hdf5_sink, destroyed_without_end)
{
	struct place place = make_place();
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	write_file(place.file, 2, 0, DC_RECORD_COMPLETE);
	cr_assert(eq(int, dc_hdf5_sink_create(diag, place.file, &sink), DC_OK));
	cr_assert(eq(int, write_rows(sink, 5000, 0), DC_OK));
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
	check_status(place.file, "complete");
	check_status(place.part, "running");
	remove_place(&place);
}

/* A result that is there already is replaced, and a stale .part does no harm. */
Test(hdf5_sink, replaces)
{
	struct place place = make_place();
	FILE *stale = fopen(place.part, "w");
	double values[8];
	hid_t file;

	fputs("not HDF5", stale);
	fclose(stale);
	write_file(place.file, 2, 0, DC_RECORD_COMPLETE);
	write_file(place.file, 7, 0, DC_RECORD_COMPLETE);
	file = open_h5(place.file);
	cr_expect(eq(u64, read_column(file, "/series/time", values, 8), 7));
	H5Fclose(file);
	remove_place(&place);
}

static void check_refused(const char *path, const char *expected)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	char text[512] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	cr_expect(eq(int, dc_hdf5_sink_create(diag, path, &sink), DC_ERR_IO));
	cr_expect_null(sink);
	dc_diag_render(diag, out, false);
	fclose(out);
	cr_expect(strstr(text, expected) != NULL, "'%s' in '%s'", expected, text);
	dc_diag_destroy(diag);
}

Test(hdf5_sink, refuses_a_folder)
{
	struct place place = make_place();

	check_refused(place.folder, "it is a folder");
	mkdir(place.part, 0700);
	check_refused(place.file, "it is a folder");
	rmdir(place.part);
	remove_place(&place);
}

Test(hdf5_sink, refuses_a_missing_folder)
{
	check_refused("/nonexistent/run.h5",
		      "cannot write /nonexistent/run.h5: No such file or directory");
	check_refused("", "the name is empty");
}

/* The folder vanishes between create and begin: one message, then silence, and DC_ERR_IO for good.
 * */
Test(hdf5_sink, tells_once)
{
	struct place place = make_place();
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	cr_assert(eq(int, dc_hdf5_sink_create(diag, place.file, &sink), DC_OK));
	cr_assert(eq(int, rmdir(place.folder), 0));
	cr_expect(eq(int, sink->type->begin(sink, &schema), DC_ERR_IO));
	cr_expect(eq(int, sink->type->begin(sink, &schema), DC_ERR_IO));
	cr_expect(eq(int, put_row(sink, 0), DC_ERR_IO));
	cr_expect(eq(int, sink->type->end(sink, DC_RECORD_COMPLETE, (double[]){1, 2}), DC_ERR_IO));
	cr_expect(eq(sz, dc_diag_errors(diag), 1));
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
}

Test(hdf5_sink, rows_need_a_begin)
{
	struct place place = make_place();
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	cr_assert(eq(int, dc_hdf5_sink_create(diag, place.file, &sink), DC_OK));
	cr_expect(eq(int, put_row(sink, 0), DC_ERR_RUN));
	dc_hdf5_sink_destroy(sink);
	dc_hdf5_sink_destroy(NULL);
	dc_diag_destroy(diag);
	cr_expect(access(place.part, F_OK) != 0, "a file without begin");
	remove_place(&place);
}

/* 127 bytes of an event's words are kept, and the byte after them is NUL. */
Test(hdf5_sink, long_detail)
{
	struct place place = make_place();
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	char words[201], stored[128];
	struct dc_event_row event = {1, 1, 1, words};
	hid_t file, dataset;

	memset(words, 'w', 200);
	words[200] = '\0';
	cr_assert(eq(int, dc_hdf5_sink_create(diag, place.file, &sink), DC_OK));
	cr_assert(eq(int, sink->type->begin(sink, &schema), DC_OK));
	cr_assert(eq(int, sink->type->event(sink, &event), DC_OK));
	cr_assert(eq(int, sink->type->end(sink, DC_RECORD_COMPLETE, (double[]){1, 2}), DC_OK));
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
	file = open_h5(place.file);
	dataset = H5Dopen2(file, "/events/detail", H5P_DEFAULT);
	cr_assert(H5Dread(dataset, H5T_C_S1, H5S_ALL, H5S_ALL, H5P_DEFAULT, stored) >= 0);
	cr_expect(eq(sz, strnlen(stored, 128), 127));
	H5Dclose(dataset);
	H5Fclose(file);
	remove_place(&place);
}
