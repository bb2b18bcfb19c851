/* Reading results: what is in them, and which files are refused with which words. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/copy.h"
#include "output/reader.h"
#include "sample.h"

static struct dc_result *open_result(const char *path, bool recover)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;

	cr_assert(eq(int, dc_result_open(diag, path, recover, &result), DC_OK));
	cr_assert(eq(sz, dc_diag_errors(diag), 0));
	dc_diag_destroy(diag);
	return result;
}

Test(reader, info)
{
	char *path = sample_path("run.h5");
	const struct dc_result_info *info;
	struct dc_result *result;

	sample_write(path, SAMPLE_ROWS, true);
	result = open_result(path, false);
	info = dc_result_info(result);
	cr_expect_str_eq(info->name, "sample");
	cr_expect_str_eq(info->status, "complete");
	cr_expect_str_eq(info->version, "9.9.9");
	cr_expect_str_eq(info->start, "2024-07-15T12:00:00");
	cr_expect_str_eq(info->scenario, "name: sample\nrun: {duration: 3 s}\n");
	cr_expect(eq(u64, info->seed, 7));
	dc_result_close(result);
	dc_result_close(NULL);
	sample_remove(path);
}

/* Tables and columns in the order in which they were declared, whatever the alphabet says. */
Test(reader, tables)
{
	static const char *const names[] = {"power", "facility", "iterations", "events"};
	static const size_t rows[] = {SAMPLE_ROWS, SAMPLE_ROWS, SAMPLE_ROWS, 2};
	char *path = sample_path("run.h5");
	const struct dc_result_table *tables;
	struct dc_result *result;
	size_t count;

	sample_write(path, SAMPLE_ROWS, true);
	result = open_result(path, false);
	tables = dc_result_tables(result, &count);
	cr_assert(eq(sz, count, 4));
	for (size_t i = 0; i < 4; i++) {
		cr_expect_str_eq(tables[i].name, names[i]);
		cr_expect(eq(sz, tables[i].rows, rows[i]), "rows of %s", names[i]);
		cr_expect(tables[i].series == (i < 2), "%s", names[i]);
	}
	cr_expect(dc_result_table(result, "/series/power") == &tables[0]);
	cr_expect(dc_result_table(result, "series/facility") == &tables[1]);
	cr_expect_null(dc_result_table(result, "nothing"));
	dc_result_close(result);
	sample_remove(path);
}

Test(reader, columns)
{
	char *path = sample_path("run.h5");
	const struct dc_result_column *column;
	const struct dc_result_table *table;
	struct dc_result *result;

	sample_write(path, SAMPLE_ROWS, true);
	result = open_result(path, false);
	table = dc_result_table(result, "power");
	cr_assert(eq(sz, table->columns_count, 4));
	cr_expect_str_eq(table->columns[0].name, "time");
	cr_expect_str_eq(table->columns[1].name, "interval");
	cr_expect_str_eq(table->columns[2].name, "utility_w");
	cr_expect_str_eq(table->columns[2].unit, "W");
	cr_expect_str_eq(table->columns[2].long_name, "utility power");
	cr_expect_null(table->columns[2].axis);
	cr_expect_not(table->columns[2].sum);
	column = dc_result_column(table, "part_w");
	cr_assert_not_null(column);
	cr_expect_str_eq(column->axis, "part");
	cr_expect(eq(sz, column->width, 2));
	cr_expect_str_eq(column->labels[1], "cooling");
	cr_expect(dc_result_column(dc_result_table(result, "facility"), "energy_j")->sum);
	cr_expect_null(dc_result_column(table, "nothing"));
	cr_expect(dc_result_column(dc_result_table(result, "iterations"), "first")->cell ==
		  DC_RESULT_NUMBER);
	dc_result_close(result);
	sample_remove(path);
}

/* Blocks in the middle, across chunks of 4,096 rows, of both shapes. */
Test(reader, blocks)
{
	enum { FIRST = 4000, COUNT = 200 };
	char *path = sample_path("run.h5");
	struct dc_diag *diag = dc_diag_create();
	const struct dc_result_table *table;
	double values[2 * COUNT];
	uint64_t numbers[COUNT];
	struct dc_result *result;

	sample_write(path, 5000, true);
	result = open_result(path, false);
	table = dc_result_table(result, "power");
	cr_assert(eq(int,
		     dc_result_read(diag, result, dc_result_column(table, "utility_w"), FIRST,
				    COUNT, values),
		     DC_OK));
	for (size_t i = 0; i < COUNT; i++)
		cr_assert(values[i] == 100.1 + (double)(FIRST + i), "row %zu", FIRST + i);
	cr_assert(eq(int,
		     dc_result_read(diag, result, dc_result_column(table, "part_w"), FIRST, COUNT,
				    values),
		     DC_OK));
	for (size_t i = 0; i < 2 * COUNT; i++)
		cr_assert(values[i] == 10.0 * (double)(FIRST + i / 2) + (double)(i % 2),
			  "value %zu", i);
	cr_assert(eq(int,
		     dc_result_read_number(
			     diag, result,
			     dc_result_column(dc_result_table(result, "iterations"), "first"),
			     FIRST, COUNT, numbers),
		     DC_OK));
	cr_expect(eq(u64, numbers[COUNT - 1], 10 * (FIRST + COUNT - 1)));
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}

Test(reader, events)
{
	char *path = sample_path("run.h5");
	struct dc_diag *diag = dc_diag_create();
	char texts[2][DC_RESULT_TEXT_SIZE];
	const struct dc_result_table *table;
	const struct dc_result_column *kind;
	struct dc_result *result;
	uint64_t numbers[2];

	sample_write(path, SAMPLE_ROWS, true);
	result = open_result(path, false);
	table = dc_result_table(result, "events");
	kind = dc_result_column(table, "kind");
	cr_assert(eq(int, dc_result_read_number(diag, result, kind, 0, 2, numbers), DC_OK));
	cr_expect_str_eq(kind->words[numbers[1]], "slow down");
	cr_assert(eq(
		int,
		dc_result_read_text(diag, result, dc_result_column(table, "detail"), 0, 2, texts),
		DC_OK));
	cr_expect_str_eq(texts[0], "says \"go\", loudly");
	cr_expect_str_eq(texts[1], "tab\there");
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}

Test(reader, figures)
{
	char *path = sample_path("run.h5");
	const struct dc_result_figure *figures;
	struct dc_result *result;
	size_t count;

	sample_write(path, SAMPLE_ROWS, true);
	result = open_result(path, false);
	figures = dc_result_figures(result, &count);
	cr_assert(eq(sz, count, 3));
	cr_expect_str_eq(figures[0].name, "duration_s");
	cr_expect(figures[0].value == SAMPLE_ROWS);
	cr_expect(isnan(figures[2].value));
	cr_expect(dc_result_figure(result, "odd_usd")->value == 0.1);
	cr_expect_str_eq(dc_result_figure(result, "odd_usd")->unit, "USD");
	cr_expect_null(dc_result_figure(result, "nothing"));
	dc_result_close(result);
	sample_remove(path);
}

/* --- refusals ---- */

static void check_refused(const char *path, bool recover, enum dc_status expected,
			  const char *words)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	char text[1024] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	enum dc_status status = dc_result_open(diag, path, recover, &result);

	cr_expect(status == expected, "status %d for '%s'", (int)status, words);
	cr_expect_null(result);
	cr_expect(dc_diag_errors(diag) == 1, "messages for '%s'", words);
	dc_diag_render(diag, out, false);
	fclose(out);
	cr_expect(strstr(text, words) != NULL, "'%s' in '%s'", words, text);
	dc_diag_destroy(diag);
}

Test(reader, refuses_a_missing_file)
{
	check_refused("/nonexistent/run.h5", false, DC_ERR_IO,
		      "cannot read /nonexistent/run.h5: No such file or directory");
}

Test(reader, refuses_a_folder)
{
	check_refused("/tmp", false, DC_ERR_IO, "cannot read /tmp: it is a folder");
}

Test(reader, refuses_text)
{
	char *path = sample_path("run.h5");
	FILE *file = fopen(path, "w");

	fputs("time\tpower\n", file);
	fclose(file);
	check_refused(path, false, DC_ERR_INPUT, "is not a dcsim result: not an HDF5 file");
	sample_remove(path);
}

Test(reader, refuses_an_empty_file)
{
	char *path = sample_path("run.h5");

	fclose(fopen(path, "w"));
	check_refused(path, false, DC_ERR_INPUT, "is not a dcsim result");
	sample_remove(path);
}

Test(reader, refuses_other_hdf5)
{
	char *path = sample_path("run.h5");

	H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
	check_refused(path, false, DC_ERR_INPUT, "is an HDF5 file, but not a dcsim result");
	sample_remove(path);
}

Test(reader, refuses_another_format)
{
	char *path = sample_path("run.h5");
	hid_t file, attribute;
	int format = 2;

	sample_write(path, SAMPLE_ROWS, true);
	file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
	attribute = H5Aopen(file, "format", H5P_DEFAULT);
	H5Awrite(attribute, H5T_NATIVE_INT, &format);
	H5Aclose(attribute);
	H5Fclose(file);
	check_refused(path, false, DC_ERR_INPUT, "has result format 2; this dcsim reads format 1");
	sample_remove(path);
}

Test(reader, refuses_a_part_without_recover)
{
	char *path = sample_path("run.h5");
	char part[256];

	sample_write(path, SAMPLE_ROWS, false);
	snprintf(part, sizeof(part), "%s.part", path);
	check_refused(part, false, DC_ERR_INPUT, "dcsim export --recover");
	/* Neither does another name make it a result. */
	cr_assert(eq(int, rename(part, path), 0));
	check_refused(path, false, DC_ERR_INPUT, "is unfinished");
	sample_remove(path);
}

/* Cut anywhere, a result is refused or at least reads without harm. */
ParameterizedTestParameters(reader, cut_short)
{
	static double shares[] = {0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99};

	return cr_make_param_array(double, shares, sizeof(shares) / sizeof(*shares));
}

ParameterizedTest(double *share, reader, cut_short)
{
	char *path = sample_path("run.h5");
	struct stat info;

	sample_write(path, 5000, true);
	cr_assert(stat(path, &info) == 0);
	cr_assert(truncate(path, (off_t)(*share * (double)info.st_size)) == 0);
	check_refused(path, false, DC_ERR_INPUT, "cut short");
	sample_remove(path);
}

/* --- recovery ---- */

/* 5,000 rows with the first chunk of 4,096 flushed: these come back, as an interrupted result. */
Test(reader, recovers_flushed_rows)
{
	char *path = sample_path("run.h5");
	char part[256];
	struct dc_diag *diag = dc_diag_create();
	unsigned long long rows = 0;
	static double values[4096];
	const struct dc_result_table *table;
	struct dc_result *result;

	sample_write(path, 5000, false);
	snprintf(part, sizeof(part), "%s.part", path);
	cr_assert(eq(int, dc_copy_recover(diag, part, path, &rows), DC_OK));
	cr_expect(eq(ullong, rows, 4096));
	cr_expect(access(part, F_OK) == 0, "the .part must stay");
	result = open_result(path, false);
	cr_expect_str_eq(dc_result_info(result)->status, "interrupted");
	cr_expect_str_eq(dc_result_info(result)->name, "sample");
	table = dc_result_table(result, "power");
	cr_assert(eq(sz, table->rows, 4096));
	cr_assert(eq(
		int,
		dc_result_read(diag, result, dc_result_column(table, "utility_w"), 0, 4096, values),
		DC_OK));
	for (size_t i = 0; i < 4096; i++)
		cr_assert(values[i] == 100.1 + (double)i, "row %zu", i);
	cr_expect(eq(sz, dc_result_table(result, "iterations")->rows, 4096));
	/* The events' chunk was not full. */
	cr_expect(eq(sz, dc_result_table(result, "events")->rows, 0));
	/* 4,096 rows of 1 s; the other figures of the sample are no sums of its rows. */
	cr_expect(dc_result_figure(result, "duration_s")->value == 4096);
	cr_expect(isnan(dc_result_figure(result, "odd_usd")->value));
	cr_expect(isnan(dc_result_figure(result, "late_w")->value));
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}

/* A copy of a complete result is the same file, byte for byte. */
Test(reader, copy_is_equal)
{
	char *path = sample_path("run.h5");
	char copy[256];
	struct dc_diag *diag = dc_diag_create();
	FILE *one, *other;
	int left, right;

	sample_write(path, SAMPLE_ROWS, true);
	snprintf(copy, sizeof(copy), "%s.copy", path);
	cr_assert(eq(int, dc_copy_recover(diag, path, copy, NULL), DC_OK));
	one = fopen(path, "rb");
	other = fopen(copy, "rb");
	cr_assert(one && other);
	do {
		left = getc(one);
		right = getc(other);
		cr_assert(left == right, "byte %ld differs", ftell(one));
	} while (left != EOF);
	fclose(one);
	fclose(other);
	dc_diag_destroy(diag);
	sample_remove(path);
}

Test(reader, recovers_nothing_from_text)
{
	char *path = sample_path("run.h5.part");
	FILE *file = fopen(path, "w");

	fputs("nothing", file);
	fclose(file);
	check_refused(path, true, DC_ERR_INPUT, "is not a dcsim result");
	sample_remove(path);
}
