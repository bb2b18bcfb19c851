/* For tests of tables that only some results have (flows, collectives): written, copied, exported, recovered after a
 * kill. The table is given by rows of its kind and by what `export` says of them. */
#ifndef DC_TESTS_OUTPUT_TABLE_H
#define DC_TESTS_OUTPUT_TABLE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/copy.h"
#include "output/export.h"
#include "output/hdf5_sink.h"
#include "output/reader.h"
#include "sample.h"

struct table {
	const char *name;
	const struct dc_record_schema *schema; /* with the table */
	const struct dc_record_schema *plain;  /* without it */
	const char *wanted;                    /* of two rows, as TSV */
	/* Tells the sink row 0 or 1. */
	enum dc_status (*row)(struct dc_record_sink *sink, size_t number);
};

/* Rows 0, 1, 0, 1, ...; without an end where it is killed. */
static inline void table_write(const struct table *table, const char *path, size_t count,
			       bool killed)
{
	const double values[] = {2};
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, table->schema), DC_OK);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(table->row(sink, i % 2), DC_OK);
	if (!killed)
		cr_assert_eq(sink->type->end(sink, DC_RECORD_COMPLETE, values), DC_OK);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
}

static inline char *table_export(const struct table *table, const char *path)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_assert_eq(dc_export_table(diag, result, table->name, DC_EXPORT_TSV, out), DC_OK);
	fclose(out);
	dc_result_close(result);
	dc_diag_destroy(diag);
	return text;
}

static inline void table_is_written_and_exported(const struct table *table)
{
	char *path = sample_path("table.h5"), *text;

	table_write(table, path, 2, false);
	text = table_export(table, path);
	cr_expect_str_eq(text, table->wanted);
	free(text);
	sample_remove(path);
}

/* A copy through the record interface is the same file, byte for byte. */
static inline void table_is_copied(const struct table *table)
{
	char *path = sample_path("table.h5"), *other = sample_path("copy.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	struct dc_result *result;
	char *a, *b;

	table_write(table, path, 2, false);
	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_assert_eq(dc_hdf5_sink_create(diag, other, &sink), DC_OK);
	cr_assert_eq(dc_copy_result(diag, result, sink, DC_RECORD_COMPLETE, NULL, 0), DC_OK);
	dc_hdf5_sink_destroy(sink);
	dc_result_close(result);
	a = sample_read_file(path);
	b = sample_read_file(other);
	cr_expect(memcmp(a, b, 1 << 20) == 0);
	free(a);
	free(b);
	dc_diag_destroy(diag);
	sample_remove(path);
	sample_remove(other);
}

/* What was flushed before a kill; here all of it, by closing the file without an end. A full chunk goes to the
 * file at once; the rest is lost with the run. */
static inline void table_is_recovered(const struct table *table)
{
	char *path = sample_path("table.h5"), *text;
	struct dc_diag *diag = dc_diag_create();
	char part[256];

	snprintf(part, sizeof part, "%s.part", path);
	table_write(table, path, 5000, true);
	cr_assert_eq(dc_copy_recover(diag, part, path, NULL), DC_OK);
	text = table_export(table, path);
	cr_expect_eq(strncmp(text, table->wanted, strlen(table->wanted)), 0);
	free(text);
	dc_diag_destroy(diag);
	sample_remove(path);
}

/* Results without it have no such table, and their sink takes no such row. */
static inline void table_is_only_where_used(const struct table *table)
{
	char *path = sample_path("plain.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	struct dc_result *result;

	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, table->plain), DC_OK);
	cr_expect_eq(table->row(sink, 0), DC_ERR_RUN);
	cr_assert_eq(sink->type->end(sink, DC_RECORD_COMPLETE, (double[]){0}), DC_OK);
	dc_hdf5_sink_destroy(sink);
	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_expect_null(dc_result_table(result, table->name));
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}

#endif
