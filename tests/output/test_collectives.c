/* The table of collectives in a result: written, read back in words, exported, recovered after a kill. */
#include "table.h"

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

static enum dc_status tell(struct dc_record_sink *sink, size_t number)
{
	return sink->type->collective(sink, &rows[number]);
}

static struct dc_record_schema plain;
static const struct table table = {"collectives", &schema, &plain, wanted, tell};

Test(collectives, written_and_exported)
{
	table_is_written_and_exported(&table);
}

Test(collectives, copied)
{
	table_is_copied(&table);
}

Test(collectives, recovered)
{
	table_is_recovered(&table);
}

Test(collectives, only_where_used)
{
	plain = schema;
	plain.collectives = false;
	table_is_only_where_used(&table);
}
