/* The table of flows in a result: written, read back in words, exported, recovered after a kill. */
#include "table.h"

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

static enum dc_status tell(struct dc_record_sink *sink, size_t number)
{
	return sink->type->flow(sink, &rows[number]);
}

static struct dc_record_schema plain;
static const struct table table = {"flows", &schema, &plain, wanted, tell};

Test(flows, written_and_exported)
{
	table_is_written_and_exported(&table);
}

Test(flows, copied)
{
	table_is_copied(&table);
}

Test(flows, recovered)
{
	table_is_recovered(&table);
}

Test(flows, only_where_used)
{
	plain = schema;
	plain.flows = false;
	table_is_only_where_used(&table);
}
