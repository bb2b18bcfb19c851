/* A section with every kind of row, for the tests of field tables and for fuzzing. */
#ifndef DC_TESTS_CONFIG_SAMPLE_H
#define DC_TESTS_CONFIG_SAMPLE_H

#include "config/config.h"

struct sample_ring {
	const struct dc_node *node;
	const char *topology;
	uint64_t size;
};

struct sample_switch {
	const struct dc_node *node;
	const char *topology;
	double bandwidth_bps;
};

struct sample_device {
	const struct dc_node *node;
	const char *name;
	double memory_bytes;
	double power_w;
};

struct sample_limits {
	const struct dc_node *node;
	double low_degc;
	double rise_k;
};

struct sample_tier {
	const struct dc_node *node;
	const char *name;
	uint64_t count;
	struct dc_list rates; /* of bytes/s */
};

struct sample {
	const struct dc_node *node;
	double latency_s;
	double share;
	uint64_t seed;
	bool overlap;
	int policy;
	const char *name;
	const char *file;
	struct dc_date start;
	struct sample_limits limits;
	struct sample_limits *extra;
	struct dc_list tiers;      /* of struct sample_tier */
	struct dc_list dimensions; /* of struct dc_tagged */
	struct dc_list weights;    /* of double */
	struct dc_tagged fabric;
	struct sample_device *device;
	const struct dc_node *raw;
};

#define SAMPLE_AT(type, member) .offset = offsetof(struct type, member)

static const struct dc_field sample_ring_fields[] = {
	{.key = "topology",
	 .kind = DC_STRING,
	 SAMPLE_AT(sample_ring, topology),
	 .help = "Its type."},
	{.key = "size",
	 .kind = DC_COUNT,
	 SAMPLE_AT(sample_ring, size),
	 .min = 1,
	 .max = 4096,
	 .flags = DC_REQUIRED,
	 .help = "Members."},
};
static const struct dc_section sample_ring_section = {
	"ring", "One closed line.", sizeof(struct sample_ring), DC_FIELDS(sample_ring_fields)};

static const struct dc_field sample_switch_fields[] = {
	{.key = "topology",
	 .kind = DC_STRING,
	 SAMPLE_AT(sample_switch, topology),
	 .help = "Its type."},
	{.key = "bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_POSITIVE,
	 SAMPLE_AT(sample_switch, bandwidth_bps),
	 .fallback = "400 Gb/s",
	 .help = "Of one port."},
};
static const struct dc_section sample_switch_section = {
	"switch", "All to all.", sizeof(struct sample_switch), DC_FIELDS(sample_switch_fields)};

static const struct dc_tagged_type sample_types[] = {
	{"ring", &sample_ring_section, NULL},
	{"switch", &sample_switch_section, NULL},
};
static const char *const sample_reserved[] = {"dragonfly", NULL};
static const struct dc_tagged_family sample_family = {"topology", sample_types, 2, sample_reserved};

static const struct dc_field sample_device_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 SAMPLE_AT(sample_device, name),
	 .help = "What it is called."},
	{.key = "memory",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 SAMPLE_AT(sample_device, memory_bytes),
	 .help = "Its size."},
	{.key = "power",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 SAMPLE_AT(sample_device, power_w),
	 .max = 1e4,
	 .fallback = "400 W",
	 .help = "At most."},
};
static const struct dc_section sample_device_section = {"device", "A thing of the catalogue.",
							sizeof(struct sample_device),
							DC_FIELDS(sample_device_fields)};
static const struct dc_catalogue_family sample_devices = {"devices", &sample_device_section};

static const struct dc_field sample_limits_fields[] = {
	{.key = "low",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE,
	 .min = -40,
	 .max = 60,
	 SAMPLE_AT(sample_limits, low_degc),
	 .fallback = "18 degC",
	 .help = "The lowest."},
	{.key = "rise",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE_DIFFERENCE,
	 .max = 30,
	 SAMPLE_AT(sample_limits, rise_k),
	 .fallback = "6 K",
	 .help = "Above it."},
};
static const struct dc_section sample_limits_section = {
	"limits", "Temperatures.", sizeof(struct sample_limits), DC_FIELDS(sample_limits_fields)};

static const struct dc_field sample_tier_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 SAMPLE_AT(sample_tier, name),
	 .help = "Its name."},
	{.key = "count",
	 .kind = DC_COUNT,
	 SAMPLE_AT(sample_tier, count),
	 .fallback = "1",
	 .help = "Drives."},
	{.key = "rates",
	 .kind = DC_NUMBERS,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_POSITIVE,
	 SAMPLE_AT(sample_tier, rates),
	 .fallback = "[2 GB/s, 1 GB/s]",
	 .help = "Read, write."},
};
static const struct dc_section sample_tier_section = {
	"tier", "A place for data.", sizeof(struct sample_tier), DC_FIELDS(sample_tier_fields)};

static const char *const sample_policies[] = {"packed", "spread", "!random", NULL};

static const struct dc_field sample_fields[] = {
	{.key = "latency",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .max = 1,
	 SAMPLE_AT(sample, latency_s),
	 .fallback = "500 ns",
	 .help = "Of a link."},
	{.key = "share",
	 .kind = DC_REAL,
	 .max = 1,
	 SAMPLE_AT(sample, share),
	 .fallback = "50 %",
	 .help = "Of the whole."},
	{.key = "seed",
	 .kind = DC_COUNT,
	 SAMPLE_AT(sample, seed),
	 .fallback = "1",
	 .help = "A seed."},
	{.key = "overlap",
	 .kind = DC_BOOL,
	 SAMPLE_AT(sample, overlap),
	 .fallback = "true",
	 .help = "Whether."},
	{.key = "policy",
	 .kind = DC_ENUM,
	 .choices = sample_policies,
	 SAMPLE_AT(sample, policy),
	 .fallback = "packed",
	 .help = "How."},
	{.key = "name", .kind = DC_STRING, SAMPLE_AT(sample, name), .help = "A name."},
	{.key = "file", .kind = DC_PATH, SAMPLE_AT(sample, file), .help = "A file."},
	{.key = "start",
	 .kind = DC_DATE,
	 SAMPLE_AT(sample, start),
	 .fallback = "2024-01-01T00:00:00",
	 .help = "When."},
	{.key = "limits",
	 .kind = DC_SECTION,
	 .section = &sample_limits_section,
	 SAMPLE_AT(sample, limits),
	 .help = "Always there."},
	{.key = "extra",
	 .kind = DC_OPTIONAL,
	 .section = &sample_limits_section,
	 SAMPLE_AT(sample, extra),
	 .help = "There or not."},
	{.key = "tiers",
	 .kind = DC_LIST,
	 .section = &sample_tier_section,
	 SAMPLE_AT(sample, tiers),
	 .help = "Hottest first."},
	{.key = "dimensions",
	 .kind = DC_LIST,
	 .flags = DC_NON_EMPTY,
	 .family = &sample_family,
	 SAMPLE_AT(sample, dimensions),
	 .help = "Innermost first."},
	{.key = "weights",
	 .kind = DC_NUMBERS,
	 .min = -1,
	 .max = 1,
	 SAMPLE_AT(sample, weights),
	 .help = "Plain numbers."},
	{.key = "fabric",
	 .kind = DC_TAGGED,
	 .family = &sample_family,
	 SAMPLE_AT(sample, fabric),
	 .fallback = "{topology: ring, size: 8}",
	 .help = "A network."},
	{.key = "device",
	 .kind = DC_CATALOGUE,
	 .catalogue = &sample_devices,
	 SAMPLE_AT(sample, device),
	 .help = "What it runs on."},
	{.key = "raw", .kind = DC_NODE, SAMPLE_AT(sample, raw), .help = "Anything."},
	{.key = "later", .kind = DC_RESERVED, .help = "For later."},
};
static const struct dc_section sample_section = {"sample", "Every kind of row.",
						 sizeof(struct sample), DC_FIELDS(sample_fields)};

#endif
