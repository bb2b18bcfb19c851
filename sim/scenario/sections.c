/* The scenario's own sections; models bring theirs. */
#include "scenario/scenario.h"

static const struct dc_field run_fields[] = {
	{.key = "start", .kind = DC_DATE, .offset = offsetof(struct dc_scenario_run, start),
	 .fallback = "2024-01-01T00:00:00",
	 .help = "local standard time at which the run starts; a year has 365 days"},
	{.key = "duration", .kind = DC_QUANTITY, .dimension = DC_DIM_TIME, .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_scenario_run, duration_s), .min = 0, .max = 3.1536e10,
	 .help = "how long to run; or iterations, or epochs"},
	{.key = "iterations", .kind = DC_COUNT, .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_scenario_run, iterations), .min = 0, .max = 1e15,
	 .help = "iterations to run"},
	{.key = "epochs", .kind = DC_REAL, .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_scenario_run, epochs), .min = 0, .max = 1e12,
	 .help = "passes over the data set to run"},
	{.key = "seed", .kind = DC_COUNT, .offset = offsetof(struct dc_scenario_run, seed),
	 .min = 0, .max = 1e18, .fallback = "1",
	 .help = "master seed, stored in the result; no model of this version draws from it"},
	{.key = "utc_offset", .kind = DC_QUANTITY, .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_scenario_run, utc_offset_s), .min = -50400, .max = 50400,
	 .help = "local standard time minus UTC; when absent the weather file's, else 0 s"},
	{.key = "replications", .kind = DC_RESERVED, .help = "runs with other random draws"},
	{.key = "jitter", .kind = DC_RESERVED, .help = "none, expected or sampled"},
};

static const struct dc_section run_section = {
	.name = "run",
	.doc = "when, how long, which seed",
	.size = sizeof(struct dc_scenario_run),
	DC_FIELDS(run_fields),
};

static const struct dc_field record_fields[] = {
	{.key = "interval", .kind = DC_QUANTITY, .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_scenario_record, interval_s), .min = 1e-6, .max = 3.1536e10,
	 .fallback = "60 s", .help = "length of a row of the time series"},
	{.key = "detail", .kind = DC_RESERVED, .help = "total, class, rack or all"},
	{.key = "links", .kind = DC_RESERVED, .help = "none, top, class or all"},
	{.key = "flows", .kind = DC_RESERVED, .help = "record every flow"},
};

static const struct dc_section record_section = {
	.name = "record",
	.doc = "what is written while it runs",
	.size = sizeof(struct dc_scenario_record),
	DC_FIELDS(record_fields),
};

static const struct dc_field accelerators_fields[] = {
	{.key = "type", .kind = DC_CATALOGUE, .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_scenario_accelerators, type),
	 .catalogue = &dc_accelerator_family, .help = "accelerator"},
	{.key = "count", .kind = DC_COUNT,
	 .offset = offsetof(struct dc_scenario_accelerators, count), .min = 1, .max = 1e6,
	 .fallback = "8", .help = "accelerators per node"},
};

static const struct dc_section accelerators_section = {
	.name = "accelerators",
	.doc = "what a node computes with",
	.size = sizeof(struct dc_scenario_accelerators),
	DC_FIELDS(accelerators_fields),
};

static const struct dc_field group_fields[] = {
	{.key = "name", .kind = DC_STRING, .offset = offsetof(struct dc_scenario_group, name),
	 .fallback = "nodes", .help = "what other keys call the group"},
	{.key = "count", .kind = DC_COUNT, .offset = offsetof(struct dc_scenario_group, count),
	 .min = 0, .max = 4294967296.0,
	 .help = "nodes; as many as fill the fabric when absent"},
	{.key = "accelerators", .kind = DC_SECTION, .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_scenario_group, accelerators),
	 .section = &accelerators_section, .help = "what a node computes with"},
	{.key = "host", .kind = DC_CATALOGUE, .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_scenario_group, host), .catalogue = &dc_host_family,
	 .help = "the rest of the server"},
	{.key = "scaleup", .kind = DC_RESERVED, .help = "links between accelerators of a node"},
	{.key = "host_link", .kind = DC_RESERVED, .help = "PCIe of each accelerator"},
	{.key = "ports", .kind = DC_RESERVED, .help = "network interfaces"},
	{.key = "drives", .kind = DC_RESERVED, .help = "drives; name them in a storage tier"},
};

static const struct dc_section group_section = {
	.name = "node group",
	.doc = "equal nodes",
	.size = sizeof(struct dc_scenario_group),
	DC_FIELDS(group_fields),
};

static const struct dc_field storage_fields[] = {
	{.key = "tiers", .kind = DC_LIST, .offset = offsetof(struct dc_scenario_storage, tiers),
	 .family = &dc_tier_family, .help = "hottest first"},
	{.key = "datasets", .kind = DC_RESERVED, .help = "data sets and where they live"},
};

static const struct dc_section storage_section = {
	.name = "storage",
	.doc = "where data lives",
	.size = sizeof(struct dc_scenario_storage),
	DC_FIELDS(storage_fields),
};

static const struct dc_field site_fields[] = {
	{.key = "name", .kind = DC_STRING, .offset = offsetof(struct dc_scenario_site, name),
	 .fallback = "site", .help = "what other keys call the site"},
	{.key = "nodes", .kind = DC_LIST, .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct dc_scenario_site, nodes), .section = &group_section,
	 .help = "node groups, in fabric order; shorthand: node: {accelerator, accelerators, host}"},
	{.key = "fabric", .kind = DC_SECTION, .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_scenario_site, fabric), .section = &dc_fabric_section,
	 .help = "networks; shorthand: fabric: {dimensions}"},
	{.key = "racks", .kind = DC_LIST, .offset = offsetof(struct dc_scenario_site, racks),
	 .section = &dc_rack_section, .flags = DC_NON_EMPTY, .fallback = "[{}]",
	 .help = "how nodes stand in racks"},
	{.key = "storage", .kind = DC_SECTION, .offset = offsetof(struct dc_scenario_site, storage),
	 .section = &storage_section, .help = "where data lives"},
	{.key = "facility", .kind = DC_SECTION,
	 .offset = offsetof(struct dc_scenario_site, facility), .section = &dc_facility_section,
	 .help = "power, cooling, weather, grid"},
};

static const struct dc_section site_section = {
	.name = "site",
	.doc = "one building; with a single site its keys may sit at top level",
	.size = sizeof(struct dc_scenario_site),
	DC_FIELDS(site_fields),
};

static const struct dc_field job_fields[] = {
	{.key = "name", .kind = DC_STRING, .offset = offsetof(struct dc_scenario_job, name),
	 .fallback = "train", .help = "what other keys call the job"},
	{.key = "workload", .kind = DC_SECTION, .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_scenario_job, workload),
	 .section = &dc_training_workload_section, .help = "what to train: a file or a map"},
	{.key = "data", .kind = DC_OPTIONAL, .offset = offsetof(struct dc_scenario_job, data),
	 .section = &dc_training_data_section,
	 .help = "how samples are read; nothing is read when absent"},
	{.key = "on", .kind = DC_RESERVED, .help = "node groups and accelerators it runs on"},
	{.key = "placement", .kind = DC_RESERVED, .help = "policy and order of parallel dimensions"},
	{.key = "arrival", .kind = DC_RESERVED, .help = "when it arrives"},
	{.key = "checkpoint", .kind = DC_RESERVED, .help = "where, how often, which mode"},
	{.key = "software", .kind = DC_RESERVED, .help = "features of the framework"},
};

static const struct dc_section job_section = {
	.name = "job",
	.doc = "a workload and where it runs",
	.size = sizeof(struct dc_scenario_job),
	DC_FIELDS(job_fields),
};

static const struct dc_field scenario_fields[] = {
	{.key = "format", .kind = DC_COUNT, .offset = offsetof(struct dc_scenario, format),
	 .fallback = "1", .min = 1, .max = 1e9, .help = "version of this format"},
	{.key = "name", .kind = DC_STRING, .offset = offsetof(struct dc_scenario, name),
	 .help = "names the result file; the scenario file's name when absent"},
	{.key = "run", .kind = DC_SECTION, .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_scenario, run), .section = &run_section,
	 .help = "when, how long, which seed"},
	{.key = "record", .kind = DC_SECTION, .offset = offsetof(struct dc_scenario, record),
	 .section = &record_section, .help = "what is written while it runs"},
	{.key = "sites", .kind = DC_LIST, .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct dc_scenario, sites), .section = &site_section,
	 .help = "buildings; with one, its keys may sit at top level"},
	{.key = "jobs", .kind = DC_LIST, .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct dc_scenario, jobs), .section = &job_section,
	 .help = "what runs; shorthand: workload: FILE or map"},
	{.key = "economics", .kind = DC_SECTION, .offset = offsetof(struct dc_scenario, economics),
	 .section = &dc_economics_section, .help = "prices, life, discount"},
	{.key = "links", .kind = DC_RESERVED, .help = "links between sites"},
	{.key = "software", .kind = DC_RESERVED, .help = "features of the framework"},
	{.key = "services", .kind = DC_RESERVED, .help = "inference"},
	{.key = "scheduler", .kind = DC_RESERVED, .help = "policy for several jobs"},
	{.key = "failures", .kind = DC_RESERVED, .help = "what breaks and how often"},
	{.key = "events", .kind = DC_RESERVED, .help = "scripted what-ifs"},
	{.key = "alerts", .kind = DC_RESERVED, .help = "limits to report"},
};

const struct dc_section dc_scenario_section = {
	.name = "scenario",
	.doc = "a datacenter, what runs in it, and for how long",
	.size = sizeof(struct dc_scenario),
	DC_FIELDS(scenario_fields),
};
