/* Recovering a result of which a piece was torn: the rows before it are kept. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/copy.h"
#include "output/hdf5_sink.h"
#include "output/reader.h"
#include "sample.h"

/* A series so wide that 128 rows make a chunk of a mebibyte, in 40 chunks. A column's index of chunks has the first
 * 4 in it; a data block leads to the next 16, another to the 32 after these [HDF5 File Format Specification 3.0,
 * extensible arrays, with the parameters that the library creates them with]. */
enum {
	WIDTH = 1024,
	CHUNK = 128,
	ROWS = CHUNK * 40,
	BEFORE_FIRST = CHUNK * 4,
	BEFORE_SECOND = CHUNK * (4 + 16),
	COLUMNS = 4, /* with time and interval */
};

static const char *labels[WIDTH];
static struct dc_axis axis = {"part", labels, WIDTH};
static const struct dc_column columns[] = {
	{"power", "part_w", "W", "power by part", DC_CELL_MEAN, &axis},
	{"power", "utility_w", "W", "utility power", DC_CELL_MEAN, NULL},
};
static const char *const kinds[] = {"start"};
static const char *const subjects[] = {"run"};
static const struct dc_scalar summary[] = {{"duration_s", "s", "duration"}};
static const struct dc_record_schema schema = {
	.name = "torn",
	.scenario = "name: torn\n",
	.version = "9.9.9",
	.start = "2024-07-15T12:00:00",
	.axes = &axis,
	.axes_count = 1,
	.columns = columns,
	.columns_count = 2,
	.summary = summary,
	.summary_count = 1,
	.event_kinds = kinds,
	.event_kinds_count = 1,
	.subjects = subjects,
	.subjects_count = 1,
};

/* As a kill would leave it: row i ends at i + 1 s; utility power 100 + i, each part i. */
static void write_part(const char *path)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	double values[WIDTH + 1];

	for (size_t k = 0; k < WIDTH; k++)
		labels[k] = "part";
	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &schema), DC_OK);
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t k = 0; k < WIDTH; k++)
			values[k] = (double)i;
		values[WIDTH] = 100 + (double)i;
		cr_assert_eq(sink->type->interval(sink, (double)i + 1, 1, values), DC_OK);
	}
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
}

struct bytes {
	unsigned char *at;
	size_t size;
};

static struct bytes load(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct bytes bytes = {NULL, 0};

	cr_assert(file && fseek(file, 0, SEEK_END) == 0);
	bytes.size = (size_t)ftell(file);
	bytes.at = malloc(bytes.size);
	rewind(file);
	cr_assert(bytes.at && fread(bytes.at, 1, bytes.size, file) == bytes.size);
	fclose(file);
	return bytes;
}

static void store(const char *path, const struct bytes *bytes)
{
	FILE *file = fopen(path, "wb");

	cr_assert(file && fwrite(bytes->at, 1, bytes->size, file) == bytes->size);
	cr_assert_eq(fclose(file), 0);
}

/* The next data block of an index from `from` on, and the rows before those that it leads to; SIZE_MAX: none. It
 * begins with a signature of 4 bytes, version, client and the address of the index; then it has a number that is 0
 * in the first one only. */
static size_t find_block(const struct bytes *bytes, size_t from, size_t *rows)
{
	static const unsigned char zero[4] = {0};

	for (size_t i = from; i + 64 < bytes->size; i++)
		if (memcmp(bytes->at + i, "EADB", 4) == 0) {
			*rows = memcmp(bytes->at + i + 14, zero, 4) ? BEFORE_SECOND : BEFORE_FIRST;
			return i;
		}
	return SIZE_MAX;
}

/* Whichever data block of whichever column is torn in the middle (its checksum is wrong then), the rows that are
 * found are those of the chunks before the first that it leads to. */
Test(recover, rows_before_the_tear, .timeout = 120)
{
	char *path = sample_path("torn.h5"), part[256];
	struct dc_diag *diag = dc_diag_create();
	struct bytes bytes;
	size_t blocks = 0, before;

	snprintf(part, sizeof part, "%s.part", path);
	write_part(path);
	bytes = load(part);
	for (size_t at = 0; (at = find_block(&bytes, at, &before)) != SIZE_MAX; at++) {
		struct dc_result *result;

		bytes.at[at + 30] ^= 0x55;
		store(part, &bytes);
		bytes.at[at + 30] ^= 0x55;
		cr_assert_eq(dc_result_open(diag, part, true, &result), DC_OK);
		cr_expect_eq(dc_result_table(result, "power")->rows, before,
			     "block at %zu: %zu rows, not %zu", at,
			     dc_result_table(result, "power")->rows, before);
		dc_result_close(result);
		blocks++;
	}
	cr_expect_eq(blocks, 2 * COLUMNS);
	free(bytes.at);
	dc_diag_destroy(diag);
	sample_remove(path);
}

/* The recovered file is whole, and its last row that of the last chunk before the tear. */
Test(recover, a_torn_file, .timeout = 120)
{
	char *path = sample_path("torn.h5"), part[256];
	struct dc_diag *diag = dc_diag_create();
	unsigned long long rows = 0;
	struct dc_result *result;
	struct bytes bytes;
	double value;
	size_t at, before;

	snprintf(part, sizeof part, "%s.part", path);
	write_part(path);
	bytes = load(part);
	at = find_block(&bytes, 0, &before);
	cr_assert(at != SIZE_MAX);
	memset(bytes.at + at + 20, 0, 16);
	store(part, &bytes);
	free(bytes.at);
	cr_assert_eq(dc_copy_recover(diag, part, path, &rows), DC_OK);
	cr_assert_eq(rows, before);
	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_expect_str_eq(dc_result_info(result)->status, "interrupted");
	cr_assert_eq(dc_result_table(result, "power")->rows, rows);
	cr_assert_eq(dc_result_read(diag, result,
				    dc_result_column(dc_result_table(result, "power"), "utility_w"),
				    rows - 1, 1, &value),
		     DC_OK);
	cr_expect_eq(value, 100 + (double)(rows - 1));
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}
