/* The table of collectives in a result: written, read back in words, exported, recovered after a kill. */
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

static const char *const jobs[] = {"one", "two, three"};
static const char *const operations[] = {"all-reduce"};
static const char *const algorithms[] = {"ring", "tree"};
static const char *const protocols[] = {"simple", "ll"};
static const struct dc_axis axes[] = {{"job", jobs, 2},
				      {"operation", operations, 1},
				      {"algorithm", algorithms, 2},
				      {"protocol", protocols, 2}};
static const struct dc_scalar summary[] = {{"ranks", "1", "ranks of the fabric"}};
static const char *const kinds[] = {"start"};
static const char *const subjects[] = {"run"};
static const struct dc_record_schema schema = {
	.name = "collectives",
	.scenario = "name: collectives\n",
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
	.collectives = true,
};
static const struct dc_collective_row rows[] = {
	{
		.row = 0,
		.job = 1,
		.operation = 0,
		.algorithm = 1,
		.protocol = 1,
		.members = 8,
		.groups = 4,
		.repeat = 2,
		.size_bytes = 1024,
		.start_s = 0.5,
		.duration_s = 0.25,
		.fastest_s = 0.125,
		.algbw_bps = 4096,
		.busbw_bps = 7168,
		.sent_bytes = 57344,
		.wire_bytes = 65536,
		.alone_s = 0.0625,
		.second = 0,
		.second_s = 0.75,
		.untried = 3,
		.bottleneck = "compute:0->1",
	},
	{
		.row = 1,
		.members = 2,
		.groups = 1,
		.repeat = 1,
		.algbw_bps = (double)NAN,
		.busbw_bps = (double)NAN,
		.second = DC_RECORD_NONE,
		.second_s = (double)NAN,
		.bottleneck = "",
	},
};

/* What `export --table collectives` says of these rows. */
static const char wanted[] =
	"row [1]\tjob\toperation\talgorithm\tprotocol\tmembers [1]\tgroups [1]\trepeat [1]\t"
	"size [byte]\tstart [s]\tduration [s]\tfastest [s]\talgbw [byte/s]\tbusbw [byte/s]\t"
	"sent [byte]\twire [byte]\talone [s]\tsecond\tsecond_alone [s]\tuntried [1]\tbottleneck\n"
	"0\ttwo, three\tall-reduce\ttree\tll\t8\t4\t2\t1024\t0.5\t0.25\t0.125\t4096\t7168\t"
	"57344\t65536\t0.0625\tring\t0.75\t3\tcompute:0->1\n"
	"1\tone\tall-reduce\tring\tsimple\t2\t1\t1\t0\t0\t0\t0\tnan\tnan\t0\t0\t0\tnone\tnan\t0\t\n";

static void write_collectives(const char *path)
{
	const double values[] = {2};
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;

	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &schema), DC_OK);
	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(sink->type->collective(sink, &rows[i]), DC_OK);
	cr_assert_eq(sink->type->end(sink, DC_RECORD_COMPLETE, values), DC_OK);
	dc_hdf5_sink_destroy(sink);
	dc_diag_destroy(diag);
}

static char *export_collectives(const char *path)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_assert_eq(dc_export_table(diag, result, "collectives", DC_EXPORT_TSV, out), DC_OK);
	fclose(out);
	dc_result_close(result);
	dc_diag_destroy(diag);
	return text;
}

Test(collectives, written_and_exported)
{
	char *path = sample_path("collectives.h5"), *text;

	write_collectives(path);
	text = export_collectives(path);
	cr_expect_str_eq(text, wanted);
	free(text);
	sample_remove(path);
}

/* A copy through the record interface is the same file, byte for byte. */
Test(collectives, copied)
{
	char *path = sample_path("collectives.h5"), *other = sample_path("copy.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	struct dc_result *result;
	char *a, *b;

	write_collectives(path);
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
Test(collectives, recovered)
{
	char *path = sample_path("collectives.h5"), *text;
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	char part[256];

	snprintf(part, sizeof part, "%s.part", path);
	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &schema), DC_OK);
	/* A full chunk goes to the file at once; the rest is lost with the run. */
	for (size_t i = 0; i < 5000; i++)
		cr_assert_eq(sink->type->collective(sink, &rows[i % 2]), DC_OK);
	dc_hdf5_sink_destroy(sink);
	cr_assert_eq(dc_copy_recover(diag, part, path, NULL), DC_OK);
	text = export_collectives(path);
	cr_expect_eq(strncmp(text, wanted, strlen(wanted)), 0);
	free(text);
	dc_diag_destroy(diag);
	sample_remove(path);
}

/* Results without collectives have no such table, and their sink takes no such row. */
Test(collectives, only_where_used)
{
	struct dc_record_schema plain = schema;
	char *path = sample_path("plain.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_record_sink *sink;
	struct dc_result *result;

	plain.collectives = false;
	cr_assert_eq(dc_hdf5_sink_create(diag, path, &sink), DC_OK);
	cr_assert_eq(sink->type->begin(sink, &plain), DC_OK);
	cr_expect_eq(sink->type->collective(sink, &rows[0]), DC_ERR_RUN);
	cr_assert_eq(sink->type->end(sink, DC_RECORD_COMPLETE, (double[]){0}), DC_OK);
	dc_hdf5_sink_destroy(sink);
	cr_assert_eq(dc_result_open(diag, path, false, &result), DC_OK);
	cr_expect_null(dc_result_table(result, "collectives"));
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}
