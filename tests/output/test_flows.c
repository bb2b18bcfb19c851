/* The table of flows in a result: written, read back in words, exported, recovered after a kill. */
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

static const char *const vertices[] = {"a", "b, c"};
static const char *const links[] = {"ab"};
static const char *const ids[] = {"first", "second"};
static const struct dc_axis axes[] = {
	{"vertex", vertices, 2}, {"link", links, 1}, {"flow", ids, 2}};
static const struct dc_scalar summary[] = {{"flows", "1", "flows that ended"}};
static const char *const kinds[] = {"start"};
static const char *const subjects[] = {"run"};
static const struct dc_record_schema schema = {
	.name = "flows",
	.scenario = "name: flows\n",
	.version = "9.9.9",
	.start = "2024-01-01T00:00:00",
	.axes = axes,
	.axes_count = 3,
	.summary = summary,
	.summary_count = 1,
	.event_kinds = kinds,
	.event_kinds_count = 1,
	.subjects = subjects,
	.subjects_count = 1,
	.flows = true,
};
static const struct dc_flow_row rows[] = {
	{1, 1, 0, 0, 0.5, 0.75, 0.25, 0, DC_RECORD_NONE},
	{0, 0, 1, 5e9, 0, 1, 1, 5e9, 0},
};

/* What `export --table flows` says of these rows. */
static const char wanted[] =
	"id\tsource\tdestination\tbytes [byte]\tstart [s]\tfinish [s]\tduration [s]\t"
	"rate [byte/s]\tbottleneck\n"
	"second\tb, c\ta\t0\t0.5\t0.75\t0.25\t0\tnone\n"
	"first\ta\tb, c\t5000000000\t0\t1\t1\t5000000000\tab\n";

static void write_flows(const char *path)
{
	const double values[] = {2};
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &schema), DC_OK);
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(sink->type->flow(sink, &rows[i]), DC_OK);
	cr_assert_eq(sink->type->end(sink, DC_RECORD_COMPLETE, values), DC_OK);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
}

static char *export_flows(const char *path)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_assert_eq(dc_export_table(diag, result, "flows", DC_EXPORT_TSV, out), DC_OK);
	fclose(out);
	dc_result_close(result);
	dc_diag_destroy(diag);
	return text;
}

Test(flows, written_and_exported)
{
	char *path = sample_path("flows.h5"), *text;

	write_flows(path);
	text = export_flows(path);
	cr_expect_str_eq(text, wanted);
	free(text);
	sample_remove(path);
}

/* A copy through the record interface is the same file, byte for byte. */
Test(flows, copied)
{
	char *path = sample_path("flows.h5"), *other = sample_path("copy.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	struct dc_result *result;
	char *a, *b;

	write_flows(path);
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

/* What was flushed before a kill; here all of it, by closing the file without an end. */
Test(flows, recovered)
{
	char *path = sample_path("flows.h5"), *text;
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	char part[256];

	snprintf(part, sizeof part, "%s.part", path);
	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &schema), DC_OK);
	/* A full chunk goes to the file at once; the rest is lost with the run. */
	for (size_t i = 0; i < 5000; i++)
		cr_assert_eq(sink->type->flow(sink, &rows[i % 2]), DC_OK);
	dc_hdf5_sink_destroy(sink);
	cr_assert_eq(dc_copy_recover(diag, part, path, NULL), DC_OK);
	text = export_flows(path);
	cr_expect_eq(strncmp(text, wanted, strlen(wanted)), 0);
	free(text);
	dc_diag_destroy(diag);
	sample_remove(path);
}

/* Results without flows have no such table, and their sink takes no such row. */
Test(flows, only_where_used)
{
	struct dc_record_schema plain = schema;
	char *path = sample_path("plain.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	struct dc_result *result;

	plain.flows = false;
	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &plain), DC_OK);
	cr_expect_eq(sink->type->flow(sink, &rows[0]), DC_ERR_RUN);
	cr_assert_eq(sink->type->end(sink, DC_RECORD_COMPLETE, (double[]){0}), DC_OK);
	dc_hdf5_sink_destroy(sink);
	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_expect_null(dc_result_table(result, "flows"));
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}
