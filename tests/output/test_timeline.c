/* The timeline in a result, and iterations whose exposed communication is split: written, read back in
 * words, copied, recovered after a kill. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "output/copy.h"
#include "output/export.h"
#include "output/hdf5_sink.h"
#include "output/reader.h"
#include "sample.h"

static const char *const streams[] = {"compute", "data, all"};
static const char *const roles[] = {"other", "forward", "gradients"};
static const char *const operations[] = {"block", "bucket 1"};
static const char *const communications[] = {"data", "sends"};
static const struct dc_axis axes[] = {{"timeline_stream", streams, 2},
				      {"timeline_role", roles, 3},
				      {"timeline_operation", operations, 2},
				      {"communication", communications, 2}};
static const struct dc_scalar summary[] = {{"timeline_left_out", "1", "operations left out"}};
static const char *const kinds[] = {"start"};
static const char *const subjects[] = {"run"};
static const struct dc_record_schema schema = {
	.name = "timeline",
	.scenario = "name: timeline\n",
	.version = "9.9.9",
	.start = "2024-01-01T00:00:00",
	.axes = axes,
	.axes_count = 4,
	.summary = summary,
	.summary_count = 1,
	.event_kinds = kinds,
	.event_kinds_count = 1,
	.subjects = subjects,
	.subjects_count = 1,
	.timeline = true,
};
static const struct dc_timeline_row rows[] = {
	{
		.row = 0,
		.iteration = 1,
		.stage = 3,
		.stream = 0,
		.role = 1,
		.operation = 0,
		.chunk = 2,
		.micro_batch = 7,
		.begin_s = -0.25,
		.duration_s = 0.5,
	},
	{
		.row = 1,
		.iteration = 1,
		.stage = 0,
		.stream = 1,
		.role = 2,
		.operation = 1,
		.begin_s = 0.125,
		.duration_s = 0.0625,
	},
};
static const double exposed_s[] = {0.125, 0.0625};
static const struct dc_iteration_row iteration = {
	.first = 0,
	.count = 4,
	.start_s = 0,
	.duration_s = 1,
	.compute_s = 0.5,
	.exposed_communication_s = 0.1875,
	.stall_s = 0.25,
	.bubble_s = 0.0625,
	.exposed_s = exposed_s,
};

/* What export says of these rows. */
static const char wanted[] =
	"row [1]\titeration [1]\tstage [1]\tstream\trole\toperation\tchunk [1]\tmicro_batch [1]\t"
	"begin [s]\tduration [s]\n"
	"0\t1\t3\tcompute\tforward\tblock\t2\t7\t-0.25\t0.5\n"
	"1\t1\t0\tdata, all\tgradients\tbucket 1\t0\t0\t0.125\t0.0625\n";
static const char wanted_iterations[] =
	"first [1]\tcount [1]\tstart [s]\tduration [s]\tcompute [s]\texposed_communication [s]\t"
	"stall [s]\tbubble [s]\texposed.data [s]\texposed.sends [s]\n"
	"0\t4\t0\t1\t0.5\t0.1875\t0.25\t0.0625\t0.125\t0.0625\n";

static void write_timeline(const char *path)
{
	const double values[] = {0};
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &schema), DC_OK);
	cr_assert_eq(sink->type->iteration(sink, &iteration), DC_OK);
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(sink->type->timeline(sink, &rows[i]), DC_OK);
	cr_assert_eq(sink->type->end(sink, DC_RECORD_COMPLETE, values), DC_OK);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
}

static char *export_table(const char *path, const char *table)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_assert_eq(dc_export_table(diag, result, table, DC_EXPORT_TSV, out), DC_OK);
	fclose(out);
	dc_result_close(result);
	dc_diag_destroy(diag);
	return text;
}

Test(timeline, written_and_exported)
{
	char *path = sample_path("timeline.h5"), *text;

	write_timeline(path);
	text = export_table(path, "timeline");
	cr_expect_str_eq(text, wanted);
	free(text);
	text = export_table(path, "iterations");
	cr_expect_str_eq(text, wanted_iterations);
	free(text);
	sample_remove(path);
}

/* A copy through the record interface is the same file, byte for byte. */
Test(timeline, copied)
{
	char *path = sample_path("timeline.h5"), *other = sample_path("copy.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	struct dc_result *result;
	char *a, *b;

	write_timeline(path);
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

/* What was flushed before a kill: a full chunk of 4,096 rows goes to the file at once; the rest is lost
 * with the run. */
Test(timeline, recovered)
{
	char *path = sample_path("timeline.h5"), *text;
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	char part[256];

	snprintf(part, sizeof part, "%s.part", path);
	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &schema), DC_OK);
	for (size_t i = 0; i < 5000; i++)
		cr_assert_eq(sink->type->timeline(sink, &rows[i % 2]), DC_OK);
	dc_hdf5_sink_destroy(sink);
	cr_assert_eq(dc_copy_recover(diag, part, path, NULL), DC_OK);
	text = export_table(path, "timeline");
	cr_expect_eq(strncmp(text, wanted, strlen(wanted)), 0);
	free(text);
	dc_diag_destroy(diag);
	sample_remove(path);
}

/* Results without a timeline have no such table, and their sink takes no such row; without kinds of
 * communication, iterations are not split. */
Test(timeline, only_where_used)
{
	struct dc_record_schema plain = schema;
	char *path = sample_path("plain.h5"), *text;
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	struct dc_result *result;

	plain.timeline = false;
	plain.axes_count = 0;
	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &plain), DC_OK);
	cr_expect_eq(sink->type->timeline(sink, &rows[0]), DC_ERR_RUN);
	cr_expect_eq(sink->type->iteration(sink, &iteration), DC_OK);
	cr_assert_eq(sink->type->end(sink, DC_RECORD_COMPLETE, (double[]){0}), DC_OK);
	dc_hdf5_sink_destroy(sink);
	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_expect_null(dc_result_table(result, "timeline"));
	cr_expect_null(dc_result_column(dc_result_table(result, "iterations"), "exposed"));
	dc_result_close(result);
	text = export_table(path, "iterations");
	cr_expect_str_eq(strchr(text, '\n'), "\n0\t4\t0\t1\t0.5\t0.1875\t0.25\t0.0625\n");
	free(text);
	dc_diag_destroy(diag);
	sample_remove(path);
}
