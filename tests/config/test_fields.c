/* Field tables: reading, defaults, every refusal's words, writing that reads back, descriptions. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "load.h"
#include "sample.h"

static enum dc_status read_sample(struct load *load, const char *text, struct sample *sample)
{
	struct dc_node *root = load_text(load, text);

	*sample = (struct sample){0};
	return root ? dc_section_read(load->config, &sample_section, root, sample) : DC_ERR_INPUT;
}

/* The defaults of the table in sample.h. */
static void expect_defaults(const struct sample *sample)
{
	const struct sample_ring *ring = sample->fabric.section;

	cr_assert(sample->latency_s == 500e-9);
	cr_assert(sample->share == 0.5);
	cr_assert_eq(sample->seed, 1);
	cr_assert(sample->overlap);
	cr_assert_eq(sample->policy, 0);
	cr_assert_null(sample->name);
	cr_assert_null(sample->file);
	cr_assert_eq(sample->start.year, 2024);
	cr_assert(sample->limits.low_degc == 18 && sample->limits.rise_k == 6);
	cr_assert_null(sample->extra);
	cr_assert_eq(sample->tiers.count, 0);
	cr_assert_eq(sample->dimensions.count, 0);
	cr_assert_str_eq(sample->fabric.type->name, "ring");
	cr_assert_eq(ring->size, 8);
	cr_assert_null(sample->device);
	cr_assert_null(sample->raw);
}

Test(fields, defaults_without_a_map)
{
	struct load load = load_start();
	struct sample sample = {0};

	cr_assert_eq(dc_section_read(load.config, &sample_section, NULL, &sample), DC_OK, "%s",
		     load_messages(&load));
	expect_defaults(&sample);
	cr_assert_null(sample.node);
	cr_assert_null(sample.limits.node);
	load_end(&load);
}

/* A key that holds nothing has its default. */
Test(fields, defaults_of_empty_keys)
{
	struct load load = load_start();
	struct sample sample;

	cr_assert_eq(
		read_sample(&load, "latency:\nseed: ~\nname: null\nextra:\nlimits:\n", &sample),
		DC_OK, "%s", load_messages(&load));
	expect_defaults(&sample);
	cr_assert_not_null(sample.node);
	load_end(&load);
}

static const char everything[] =
	"latency: 2 us\nshare: 0.25\nseed: 18446744073709551615\noverlap: false\npolicy: spread\n"
	"name: \"null\"\nfile: data/x.csv\nstart: 2025-07-01T06:30:00\nlimits: {low: 20 degC}\n"
	"extra: {}\ntiers:\n- {name: cache, rates: 3 GB/s}\n- {name: 'disk: slow', count: 12, rates: []}\n"
	"dimensions: [{topology: ring, size: 4}, {topology: switch}]\nweights: [0.1, -1, 5 %]\n"
	"fabric: {topology: switch, bandwidth: 50 GB/s}\ndevice: {memory: 80 GiB}\n"
	"raw: {a: [1, {b: '2'}], c: \"x\\ty\", d: {}, e: [], f: -3}\n";

static void expect_everything(const struct sample *sample)
{
	const struct sample_tier *tiers = sample->tiers.items;
	const struct dc_tagged *dimensions = sample->dimensions.items;
	const double *weights = sample->weights.items;
	const struct dc_node *list;

	cr_assert(sample->latency_s == 2e-6);
	cr_assert(sample->share == 0.25);
	cr_assert_eq(sample->seed, UINT64_MAX);
	cr_assert(!sample->overlap);
	cr_assert_eq(sample->policy, 1);
	cr_assert_str_eq(sample->name, "null");
	cr_assert_str_eq(sample->file, "data/x.csv");
	cr_assert_eq(sample->start.minute, 30);
	cr_assert(sample->limits.low_degc == 20 && sample->limits.rise_k == 6);
	cr_assert_not_null(sample->extra);
	cr_assert(sample->extra->low_degc == 18);
	cr_assert_eq(sample->tiers.count, 2);
	cr_assert_eq(tiers[0].rates.count, 1);
	cr_assert(((const double *)tiers[0].rates.items)[0] == 3e9);
	cr_assert_str_eq(tiers[1].name, "disk: slow");
	cr_assert_eq(tiers[1].count, 12);
	cr_assert_eq(tiers[1].rates.count, 0);
	cr_assert_eq(sample->dimensions.count, 2);
	cr_assert_eq(((const struct sample_ring *)dimensions[0].section)->size, 4);
	cr_assert(((const struct sample_switch *)dimensions[1].section)->bandwidth_bps == 50e9);
	cr_assert_eq(sample->weights.count, 3);
	cr_assert(weights[0] == 0.1 && weights[1] == -1 && weights[2] == 0.05);
	cr_assert_str_eq(sample->fabric.type->name, "switch");
	cr_assert(sample->device->memory_bytes == 80 * 0x1p30);
	cr_assert_null(sample->device->name);
	list = dc_node_get(sample->raw, "a");
	cr_assert_str_eq(list->items[0]->text, "1");
	cr_assert(!list->items[0]->quoted);
	cr_assert(dc_node_get(list->items[1], "b")->quoted);
	cr_assert_str_eq(dc_node_get(sample->raw, "c")->text, "x\ty");
	cr_assert_eq(dc_node_get(sample->raw, "d")->kind, DC_NODE_MAP);
	cr_assert_eq(dc_node_get(sample->raw, "e")->kind, DC_NODE_LIST);
	cr_assert_str_eq(dc_node_get(sample->raw, "f")->text, "-3");
}

Test(fields, every_kind_is_read)
{
	struct load load = load_start();
	struct sample sample;

	cr_assert_eq(read_sample(&load, everything, &sample), DC_OK, "%s", load_messages(&load));
	expect_everything(&sample);
	load_end(&load);
}

static char *written(const struct sample *sample)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(dc_section_write(&sample_section, sample, 0, out), DC_OK);
	fclose(out);
	return text;
}

/* What was written reads back to the same values, and is then written the same again. */
Test(fields, written_reads_back)
{
	struct load load = load_start();
	struct sample sample, again;
	char *first, *second;

	cr_assert_eq(read_sample(&load, everything, &sample), DC_OK);
	first = written(&sample);
	cr_assert_eq(read_sample(&load, first, &again), DC_OK, "%s\n%s", first,
		     load_messages(&load));
	expect_everything(&again);
	second = written(&again);
	cr_assert_str_eq(first, second);
	free(first);
	free(second);
	load_end(&load);
}

/* Source of truth: the defaults of sample.h in the long form, by hand. */
Test(fields, defaults_are_written_out)
{
	struct load load = load_start();
	struct sample sample;
	char *text;

	cr_assert_eq(read_sample(&load, "tiers: [{name: a}]\n", &sample), DC_OK);
	text = written(&sample);
	cr_assert_str_eq(text,
			 "latency: 500 ns\nshare: 0.5\nseed: 1\noverlap: true\npolicy: packed\n"
			 "start: 2024-01-01T00:00:00\nlimits:\n  low: 18 degC\n  rise: 6 K\n"
			 "tiers:\n  - name: a\n    count: 1\n    rates: [2 GB/s, 1 GB/s]\n"
			 "fabric:\n  topology: ring\n  size: 8\n",
			 "%s", text);
	free(text);
	load_end(&load);
}

struct string_row {
	char text[24];
};

/* Texts that would be something else, or nothing, without quotes. */
ParameterizedTestParameters(fields, strings)
{
	static struct string_row rows[] = {
		{"plain"},
		{"with blank"},
		{" lead"},
		{"trail "},
		{"a: b"},
		{"# c"},
		{"a #b"},
		{"null"},
		{"~"},
		{"true"},
		{"12"},
		{"1e3"},
		{"- x"},
		{"[x"},
		{"{x"},
		{"*x"},
		{"&x"},
		{"!x"},
		{"'q'"},
		{"\"q\""},
		{"back\\slash"},
		{"tab\there"},
		{"two\nlines"},
		{"\xc3\xa4"},
		{"\xe2\x80\xa8"},
		{"\xc2\x85"},
		{"\xef\xbb\xbfx"},
		{"\x1b[31m"},
		{"%x"},
		{"@x"},
		{"..."},
		{"---"},
		{"../up"},
		{"./here"},
		{"a-1_2.x"},
		{"\xf0\x9f\x8c\x8d"},
		{":"},
		{"?"},
		{"a:"},
	};

	return cr_make_param_array(struct string_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct string_row *row, fields, strings)
{
	struct load load = load_start();
	struct sample sample, again;
	char *text;

	cr_assert_eq(dc_section_read(load.config, &sample_section, NULL,
				     memset(&sample, 0, sizeof sample)),
		     DC_OK);
	sample.name = row->text;
	text = written(&sample);
	cr_assert_eq(read_sample(&load, text, &again), DC_OK, "%s\n%s", text, load_messages(&load));
	cr_assert_str_eq(again.name, row->text, "'%s' came back as '%s'", row->text, again.name);
	free(text);
	load_end(&load);
}

struct refused_row {
	char text[72];
	char line[200];
};

/* Source of truth: fields.h; what was found, what was expected, and the nearest valid word. */
ParameterizedTestParameters(fields, refused)
{
	static struct refused_row rows[] = {
		{"latency: 3",
		 "t:1:10: error: sample: latency: '3' has no unit; write a duration like '500 ns'"},
		{"latency: 3 nsec",
		 "t:1:10: error: sample: latency: '3 nsec' has an unknown unit 'nsec'; "
		 "did you mean 'ns'?"},
		{"latency: 3 xyz",
		 "t:1:10: error: sample: latency: '3 xyz' has an unknown unit 'xyz'; "
		 "write a duration like '500 ns'"},
		{"latency: 3 GB",
		 "t:1:10: error: sample: latency: '3 GB' is an amount of data, expected a "
		 "duration; write a duration like '500 ns'"},
		{"latency: soon",
		 "t:1:10: error: sample: latency: 'soon' is not a duration; write it like "
		 "'500 ns'"},
		{"latency: 3 s or so",
		 "t:1:10: error: sample: latency: '3 s or so' has 'or so' behind it; "
		 "write a duration like '500 ns'"},
		{"latency: 1e999 s", "t:1:10: error: sample: latency: '1e999 s' is too large"},
		{"latency: 2 s",
		 "t:1:10: error: sample: latency: '2 s' is out of range; expected 0 s to 1 s"},
		{"latency: -1 ns",
		 "t:1:10: error: sample: latency: '-1 ns' is out of range; expected 0 s to "
		 "1 s"},
		{"latency: [1 s]",
		 "t:1:10: error: sample: latency: expected a duration like '500 ns', found a "
		 "list"},
		{"share: 150 %",
		 "t:1:8: error: sample: share: '150 %' is out of range; expected 0 to 1"},
		{"share: '0.5'",
		 "t:1:8: error: sample: share: '0.5' is in quotes, which makes it a text; "
		 "expected a number"},
		{"share: {}", "t:1:8: error: sample: share: expected a number, found an empty map"},
		{"seed: 1.5", "t:1:7: error: sample: seed: '1.5' is not a whole number"},
		{"seed: -1",
		 "t:1:7: error: sample: seed: '-1' is out of range; expected 0 or more"},
		{"seed: 18446744073709551616",
		 "t:1:7: error: sample: seed: '18446744073709551616' is too "
		 "large"},
		{"seed: many", "t:1:7: error: sample: seed: 'many' is not a whole number"},
		{"seed: 100 %", "t:1:7: error: sample: seed: '100 %' is not a whole number"},
		{"overlap: yes", "t:1:10: error: sample: overlap: 'yes' is neither true nor false"},
		{"policy: pakced",
		 "t:1:9: error: sample: policy: 'pakced' is not one of packed, spread; did "
		 "you mean 'packed'?"},
		{"policy: other",
		 "t:1:9: error: sample: policy: 'other' is not one of packed, spread"},
		{"policy: random", "t:1:9: error: sample: policy: 'random' is not supported yet"},
		{"file: ''", "t:1:7: error: sample: file: expected a file, found an empty text"},
		{"start: 2024-02-29",
		 "t:1:8: error: sample: start: '2024-02-29' is no date of a year of 365 "
		 "days; write it like '2024-07-15T12:00:00'"},
		{"limits: 3", "t:1:9: error: sample: limits: expected a map, found '3'"},
		{"limits: {low: 0}",
		 "t:1:15: error: limits: low: '0' has no unit; write a temperature like "
		 "'25 degC'"},
		{"limits: {low: 20 C}",
		 "t:1:15: error: limits: low: '20 C' has an unknown unit 'C'; did you "
		 "mean 'degC'?"},
		{"limits: {loww: 20 degC}",
		 "t:1:10: error: limits: unknown key 'loww'; did you mean 'low'?"},
		{"extra: []", "t:1:8: error: sample: extra: expected a map, found an empty list"},
		{"tiers: {}", "t:1:8: error: sample: tiers: expected a list, found an empty map"},
		{"tiers: [x]", "t:1:9: error: sample: tiers: expected a list of maps, found 'x'"},
		{"tiers: [{count: 2}]", "t:1:9: error: tier: the key 'name' is missing: a text"},
		{"tiers: [{name: a, rates: [0 B/s]}]",
		 "t:1:27: error: tier: rates: '0 B/s' is out of range; "
		 "expected above 0 B/s"},
		{"dimensions: []",
		 "t:1:13: error: sample: dimensions: expected at least one item, found an "
		 "empty list"},
		{"dimensions: [{size: 3}]",
		 "t:1:14: error: sample: the key 'topology' is missing; it is one of "
		 "ring, switch"},
		{"fabric: {topology: rign}",
		 "t:1:20: error: sample: topology: 'rign' is not one of ring, "
		 "switch; did you mean 'ring'?"},
		{"fabric: {topology: dragonfly}",
		 "t:1:20: error: sample: topology: 'dragonfly' is not "
		 "supported yet"},
		{"fabric: {topology: [ring]}",
		 "t:1:20: error: sample: topology: expected a name, found a "
		 "list"},
		{"fabric: ring",
		 "t:1:9: error: sample: fabric: expected a map with the key 'topology', found "
		 "'ring'"},
		{"fabric: {topology: ring}",
		 "t:1:9: error: ring: the key 'size' is missing: a whole number"},
		{"weights: {}",
		 "t:1:10: error: sample: weights: expected a list of numbers, found an empty map"},
		{"weights: [1, 2]",
		 "t:1:14: error: sample: weights: '2' is out of range; expected -1 to 1"},
		{"device: {power: 1 W}",
		 "t:1:9: error: device: the key 'memory' is missing: an amount of "
		 "data, such as '80 GiB'"},
		{"device: []",
		 "t:1:9: error: expected a name of the catalogue 'devices' or a map, not a list"},
		{"later: 1", "t:1:1: error: sample: 'later' is not supported yet"},
		{"sahre: 1", "t:1:1: error: sample: unknown key 'sahre'; did you mean 'share'?"},
		{"tiers: [{name: a, zzz: 1}]",
		 "t:1:19: error: tier: unknown key 'zzz'; it has name, count, "
		 "rates"},
		{"[1]", "t:1:1: error: sample: expected a map, found a list"},
	};

	return cr_make_param_array(struct refused_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct refused_row *row, fields, refused)
{
	struct load load = load_start();
	struct sample sample;
	char expected[256];

	snprintf(expected, sizeof expected, "%s\n", row->line);
	cr_assert_eq(read_sample(&load, row->text, &sample), DC_ERR_INPUT, "'%s': accepted",
		     row->text);
	cr_assert_str_eq(load_lines(&load), expected, "'%s':\n%s\nexpected:\n%s", row->text,
			 load_lines(&load), expected);
	load_end(&load);
}

/* One reading names every mistake, at every depth, in the order of the text. */
Test(fields, all_mistakes_at_once)
{
	struct load load = load_start();
	struct sample sample;

	cr_assert_eq(read_sample(&load,
				 "seed: x\nlatncy: 1 s\ntiers:\n- {name: a, count: -1}\n- {}\n"
				 "limits: {low: 99 degC, rise: 5 degC}\nweights: [a, 0, 9]\n",
				 &sample),
		     DC_ERR_INPUT);
	cr_assert_str_eq(
		load_lines(&load),
		"t:1:7: error: sample: seed: 'x' is not a whole number\n"
		"t:2:1: error: sample: unknown key 'latncy'; did you mean 'latency'?\n"
		"t:4:20: error: tier: count: '-1' is out of range; expected 0 or more\n"
		"t:5:3: error: tier: the key 'name' is missing: a text\n"
		"t:6:15: error: limits: low: '99 degC' is out of range; expected -40 degC to 60 degC\n"
		"t:6:30: error: limits: rise: '5 degC' is a temperature, expected a temperature "
		"difference; did you mean 'K'?\n"
		"t:7:11: error: sample: weights: 'a' is not a number; write it like '1.5'\n"
		"t:7:17: error: sample: weights: '9' is out of range; expected -1 to 1\n");
	load_end(&load);
}

struct count_row {
	char text[24];
	uint64_t count;
};

/* Whole numbers in every spelling; beyond 2^53 digits are kept. */
ParameterizedTestParameters(fields, counts)
{
	static struct count_row rows[] = {
		{"0", 0},
		{"1_000", 1000},
		{"15e12", 15000000000000},
		{"1.5e1", 15},
		{"+7", 7},
		{"9007199254740993", 9007199254740993},
		{"18446744073709551615", UINT64_MAX},
		{"1e19", 10000000000000000000u},
	};

	return cr_make_param_array(struct count_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct count_row *row, fields, counts)
{
	struct load load = load_start();
	struct sample sample;
	char text[40];

	snprintf(text, sizeof text, "seed: %s", row->text);
	cr_assert_eq(read_sample(&load, text, &sample), DC_OK, "%s", load_messages(&load));
	cr_assert_eq(sample.seed, row->count, "'%s': %llu", row->text,
		     (unsigned long long)sample.seed);
	load_end(&load);
}

static char *described(enum dc_schema_format format, bool all)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(dc_section_describe(&sample_section, format, all, out), DC_OK);
	fclose(out);
	return text;
}

/* Every key of every section stands in every description; reserved ones are marked. */
Test(fields, descriptions_name_every_key)
{
	static const char *const keys[] = {"latency", "share",  "seed",  "overlap",   "policy",
					   "name",    "file",   "start", "limits",    "low",
					   "rise",    "extra",  "tiers", "rates",     "dimensions",
					   "weights", "fabric", "size",  "bandwidth", "device",
					   "memory",  "power",  "raw",   "later",     "dragonfly"};

	for (int format = 0; format < 3; format++) {
		char *text = described((enum dc_schema_format)format, true);

		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			cr_assert(strstr(text, keys[i]) || (format == DC_SCHEMA_JSON && i == 24),
				  "format %d lacks '%s':\n%s", format, keys[i], text);
		cr_assert_not_null(strstr(text, "not supported yet"), "format %d", format);
		free(text);
	}
}

/* Source of truth: the row of the table, in columns. */
Test(fields, text_description_of_a_row)
{
	char *text = described(DC_SCHEMA_TEXT, true);

	cr_assert_not_null(
		strstr(text,
		       "\nlatency                            a duration (500 ns), 0 s to 1 s"),
		"%s", text);
	cr_assert_not_null(strstr(text, "\n  low  "), "%s", text);
	free(text);
}

/* Reserved keys are counted when they are not shown: of sample.h, "later". */
Test(fields, reserved_keys_are_shown_on_demand)
{
	for (int format = DC_SCHEMA_TEXT; format <= DC_SCHEMA_MARKDOWN; format++) {
		char *text = described((enum dc_schema_format)format, false);
		char *all = described((enum dc_schema_format)format, true);

		cr_assert_null(strstr(text, "later"), "%s", text);
		cr_assert_not_null(strstr(text, "1 reserved keys, not supported yet,"), "%s", text);
		cr_assert_not_null(strstr(all, "later"), "%s", all);
		cr_assert_null(strstr(all, "1 reserved keys"), "%s", all);
		free(text);
		free(all);
	}
}

struct shortened {
	const struct dc_node *node;
	double pause_s;
};
static const struct dc_field shortened_fields[] = {
	{.key = "pause",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .max = 7200,
	 .offset = offsetof(struct shortened, pause_s),
	 .help = "An hour fits."},
	{.key = "wait",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .flags = DC_SHORTHAND,
	 .max = 1e9,
	 .help = "Short for pause."},
};
static const struct dc_section shortened_section = {
	"shortened", "With a shorthand.", sizeof(struct shortened), DC_FIELDS(shortened_fields)};

/* A shorthand is described and its owner may find it, but reading refuses one that is left, and it is
 * never written. Examples lie in the range: up to 2 h, and beyond two days. */
Test(fields, shorthands_land_nowhere)
{
	struct load load = load_start();
	struct shortened shortened;
	struct dc_node *root = load_text(&load, "pause: 1 h\nwait: 2 h\n");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(dc_section_check_keys(load.config, &shortened_section, root), DC_OK);
	cr_assert_eq(root->count, 2);
	cr_assert_eq(dc_section_read(load.config, &shortened_section, root, &shortened),
		     DC_ERR_INPUT);
	cr_assert_not_null(strstr(load_lines(&load), "t:2:1: error: shortened: unknown key 'wait'"),
			   "%s", load_lines(&load));
	cr_assert_eq(dc_section_write(&shortened_section, &shortened, 0, out), DC_OK);
	fputc('\n', out);
	cr_assert_eq(dc_section_describe(&shortened_section, DC_SCHEMA_TEXT, false, out), DC_OK);
	fclose(out);
	cr_assert_eq(strncmp(text, "pause: 1 h\n\n", 12), 0, "%s", text);
	cr_assert_not_null(strstr(text, "a duration (1 h), 0 s to 2 h"), "%s", text);
	cr_assert_not_null(strstr(text, "a duration (48 h), 0 s to "), "%s", text);
	free(text);
	load_end(&load);
}

/* JSON is YAML: the schema reads as a tree and says what the table says. */
Test(fields, json_schema_is_well_formed)
{
	struct load load = load_start();
	char *text = described(DC_SCHEMA_JSON, false);
	struct dc_node *root = load_text(&load, text);
	const struct dc_node *properties;

	cr_assert_not_null(root, "%s\n%s", text, load_messages(&load));
	properties = dc_node_get(root, "properties");
	/* Its own file may also have a base and includes. */
	cr_assert_eq(properties->count, sample_section.count + 2);
	cr_assert_str_eq(dc_node_get(dc_node_get(properties, "share"), "maximum")->text, "1");
	cr_assert_not_null(dc_node_get(dc_node_get(properties, "later"), "not"));
	cr_assert_eq(dc_node_get(dc_node_get(properties, "fabric"), "anyOf")->count, 2);
	/* An include or a shorthand may bring what is required, and null takes a key back. */
	cr_assert_null(strstr(text, "\"required\""));
	cr_assert_str_eq(dc_node_get(root, "additionalProperties")->text, "false");
	cr_assert_not_null(strstr(text, "\"share\": {\"type\": [\"number\", \"string\", \"null\"]"),
			   "%s", text);
	free(text);
	load_end(&load);
}
