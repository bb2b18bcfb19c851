/* The scenario: every section of a run, read, expanded, checked.
 *
 * Shorthands (a single site's keys at top level, `node`, `fabric: {dimensions}`, `workload`) are
 * rewritten to the long form in the tree, before any section is read; marks stay where the user
 * wrote. What is read is always the long form, and so is the text that dc_scenario_write() gives:
 * it has everything in it, catalogue entries included.
 *
 * Ownership: the scenario lives in the configuration's arena. */
#ifndef DC_SCENARIO_SCENARIO_H
#define DC_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"
#include "economics/economics.h"
#include "fabric/devices.h"
#include "fabric/fabric.h"
#include "facility/facility.h"
#include "hardware/accelerator.h"
#include "hardware/host.h"
#include "storage/tier.h"
#include "traffic/collective.h"
#include "traffic/flows.h"
#include "training/workload.h"

enum dc_scenario_jitter { DC_JITTER_NONE, DC_JITTER_EXPECTED };

struct dc_scenario_run {
	const struct dc_node *node;
	struct dc_date start;
	double duration_s;   /* 0: not given */
	uint64_t iterations; /* 0: not given */
	double epochs;       /* 0: not given */
	uint64_t seed;
	double utc_offset_s; /* local minus UTC */
	int jitter;          /* enum dc_scenario_jitter */
};

enum dc_scenario_links {
	DC_SCENARIO_LINKS_NONE,
	DC_SCENARIO_LINKS_TOP,
	DC_SCENARIO_LINKS_CLASS,
	DC_SCENARIO_LINKS_ALL,
};

struct dc_scenario_record {
	const struct dc_node *node;
	double interval_s;
	int links; /* enum dc_scenario_links */
};

struct dc_scenario_accelerators {
	const struct dc_node *node;
	struct dc_accelerator *type;
	uint64_t count;
};

/* nodes: [{ports: [{network, type, count, bandwidth, affinity}]}] */
struct dc_scenario_port {
	const struct dc_node *node;
	const char *network;
	struct dc_fabric_nic *type; /* NULL: not said */
	uint64_t count;
	double bandwidth_bps; /* of each; 0 as read: the type's */
	int affinity;         /* 0: one per accelerator, 1: shared */
};

struct dc_scenario_host_link {
	const struct dc_node *node;
	double bandwidth_bps;
	uint64_t shared_by; /* accelerators on one */
};

struct dc_scenario_group {
	const struct dc_node *node;
	const char *name;
	uint64_t count; /* 0 as read: as many as fill the fabric */
	struct dc_scenario_accelerators accelerators;
	struct dc_host *host;
	struct dc_list ports;                    /* of dc_scenario_port */
	struct dc_scenario_host_link *host_link; /* NULL: never in the way */
};

struct dc_scenario_storage {
	const struct dc_node *node;
	struct dc_list tiers; /* of dc_tagged */
};

struct dc_scenario_site {
	const struct dc_node *node;
	const char *name;
	struct dc_list nodes; /* of dc_scenario_group */
	struct dc_fabric_config fabric;
	struct dc_list racks; /* of dc_rack */
	struct dc_scenario_storage storage;
	struct dc_facility facility;
};

struct dc_scenario_placement {
	const struct dc_node *node;
	int policy;                  /* only `packed` */
	const struct dc_node *order; /* NULL: as the workload's parallelism says */
};

struct dc_scenario_job {
	const struct dc_node *node;
	const char *name;
	struct dc_tagged workload;          /* of dc_scenario_workload_family */
	struct dc_training_data *data;      /* NULL: nothing is read */
	const struct dc_software *software; /* NULL once settled: the workload has it */
	double arrival_s;
	struct dc_scenario_placement placement;
};

enum { DC_SCENARIO_AS_IS, DC_SCENARIO_UP, DC_SCENARIO_DOWN };

/* set: {state, bandwidth, latency}; what is not given stays */
struct dc_scenario_setting {
	const struct dc_node *node;
	int state;
	double bandwidth_bps; /* 0: not given */
	double latency_s;     /* negative: not given */
};

/* events: [{at, subject, set, until}] */
struct dc_scenario_event {
	const struct dc_node *node;
	double at_s;
	const char *subject;
	struct dc_scenario_setting set;
	double until_s; /* 0: to the end */
};

struct dc_scenario {
	const struct dc_node *node;
	const struct dc_section *section; /* that it was read through */
	uint64_t format;
	const char *name;
	struct dc_scenario_run run;
	struct dc_scenario_record record;
	struct dc_list sites; /* of dc_scenario_site: exactly one */
	struct dc_list jobs;  /* of dc_scenario_job: one; of kind collective several */
	struct dc_economics economics;
	const struct dc_software *software; /* NULL once settled: the workload has it */
	struct dc_list events;              /* of dc_scenario_event */
};

extern const struct dc_section dc_scenario_section;
/* Kinds of workload. */
extern const struct dc_tagged_family dc_scenario_workload_family;

/* Loads a scenario: file, includes, `workload` (replaces the file's when not NULL), overrides, in
 * that order, then shorthands, sections and cross checks. name defaults to the file's. */
enum dc_status dc_scenario_load(struct dc_config *config, const char *path, const char *workload,
				const char *const *overrides, size_t override_count,
				struct dc_scenario **scenario) DC_CHECK;
/* The same from a tree that is already loaded: for tests and fuzzing. */
enum dc_status dc_scenario_read(struct dc_config *config, struct dc_node *root, const char *name,
				struct dc_scenario **scenario) DC_CHECK;

/* The resolved scenario as YAML, long form; NULL when out of memory. In the arena given. */
const char *dc_scenario_write(const struct dc_scenario *scenario, struct dc_arena *arena);

struct dc_scenario_site *dc_scenario_site(const struct dc_scenario *scenario);
struct dc_scenario_group *dc_scenario_group(const struct dc_scenario *scenario);
struct dc_scenario_job *dc_scenario_job(const struct dc_scenario *scenario);
/* The workload of kind training; NULL when it is another. */
struct dc_training_workload *dc_scenario_training(const struct dc_scenario *scenario);
/* The workload of kind flows; NULL when it is another. Such a run is of the network alone: there are
 * no nodes, no storage, no facility. */
struct dc_traffic_workload *dc_scenario_traffic(const struct dc_scenario *scenario);
/* The workload of kind collective of job number `job`; NULL when it is another. A run of the network
 * alone as well. */
struct dc_traffic_collective_workload *dc_scenario_collective(const struct dc_scenario *scenario,
							      size_t job);
/* The network of a run of kind flows; NULL when its links are implied. */
struct dc_fabric_network *dc_scenario_network(const struct dc_scenario *scenario);
/* Builds the site's network, with the ports of its nodes. */
enum dc_status dc_scenario_build_fabric(const struct dc_scenario_site *site, struct dc_diag *diag,
					struct dc_arena *arena, struct dc_fabric *fabric) DC_CHECK;
/* The tier a job reads from, or NULL. */
const struct dc_tagged *dc_scenario_tier(const struct dc_scenario *scenario);

/* Rewrites the shorthands of a tree in place. */
enum dc_status dc_scenario_expand(struct dc_config *config, struct dc_node *root) DC_CHECK;
/* For that, by the kind of workload (kinds.c): puts `kind: training` where none is given, refuses one
 * that there is not; the section of a workload; what the kind of the first job takes; refusing keys that
 * have no effect with it, and networks of the wrong kind. */
struct dc_scenario_kind;
enum dc_status dc_scenario_settle_kind(struct dc_config *config, struct dc_node *workload) DC_CHECK;
const struct dc_section *dc_scenario_workload_section(const struct dc_node *workload);
const struct dc_scenario_kind *dc_scenario_kind_of(const struct dc_node *root);
enum dc_status dc_scenario_refuse_unused(struct dc_config *config, struct dc_node *root) DC_CHECK;
enum dc_status dc_scenario_check_networks(struct dc_config *config, struct dc_node *place,
					  const struct dc_scenario_kind *kind) DC_CHECK;
/* The section that an expanded tree is read and written through; NULL when out of memory. */
const struct dc_section *dc_scenario_section_of(struct dc_config *config,
						const struct dc_node *root);
/* What field tables cannot see: counts, names, sizes that must agree. Settles what follows from
 * them (node count, batch, utc offset comes later from the weather). */
enum dc_status dc_scenario_check(struct dc_config *config, struct dc_scenario *scenario) DC_CHECK;

#endif
