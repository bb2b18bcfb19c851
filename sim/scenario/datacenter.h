/* The datacenter that a scenario describes, built: what models run on.
 *
 * Ownership: the caller destroys the datacenter, which holds the arena of all that was built; the
 * scenario and its configuration must outlive it. */
#ifndef DC_SCENARIO_DATACENTER_H
#define DC_SCENARIO_DATACENTER_H

#include "facility/plant.h"
#include "facility/stage.h"
#include "facility/thermal.h"
#include "facility/weather.h"
#include "program/executor.h"
#include "scenario/scenario.h"
#include "traffic/collective_run.h"
#include "traffic/flows.h"
#include "training/fitting.h"
#include "training/lower.h"
#include "training/timing.h"

struct dc_datacenter {
	const struct dc_scenario *scenario;
	struct dc_arena *arena;
	struct dc_fabric fabric;
	const struct dc_accelerator *accelerator;
	const struct dc_host *host;
	uint64_t nodes;
	uint64_t accelerators_per_node;
	uint64_t racks; /* all full but the last */
	uint64_t nodes_per_rack;
	uint64_t nodes_in_last_rack;
	/* storage */
	const struct dc_tagged *tier; /* that the job reads from; NULL: nothing is read */
	double drive_use;             /* busy share of its drives while all of a node read */
	double readers;               /* concurrent reads per accelerator */
	double reading_cores;         /* kept busy by copying what an accelerator reads */
	/* facility */
	const struct dc_facility *facility;
	const struct dc_room *room;
	const struct dc_tagged *plant;
	const struct dc_tagged *psu; /* NULL: none in the chain */
	double node_rated_w;         /* every part of a node at its most */
	double conductance_w_per_k;
	double capacity_w;
	double step_s; /* what depends on temperature is held this long, or up to the hour */
	struct dc_weather weather;
	const struct dc_hourly *price;  /* USD/J */
	const struct dc_hourly *carbon; /* kg/J */
	double utc_offset_s;
	double start_second; /* of the local year */
	/* what runs: flows or collectives, when not NULL; of the above and below only arena and until
	 * are then used, and for collectives the fabric */
	struct dc_traffic *traffic;
	struct dc_traffic_collectives *collectives;
	struct dc_machine machine;
	struct dc_training_plan plan;
	struct dc_training_fitting fitting; /* memory by stage */
	uint64_t iterations;                /* 0: until the duration is over */
	dc_time until;                      /* DC_TIME_NEVER: until the iterations are done */
};

/* Builds everything; refuses a model that does not fit in memory with the breakdown of who uses what,
 * and files of links or flows that are wrong. */
enum dc_status dc_datacenter_create(struct dc_config *config, struct dc_scenario *scenario,
				    struct dc_datacenter **datacenter) DC_CHECK;
void dc_datacenter_destroy(struct dc_datacenter *datacenter);

/* Power drawn at the end of the chain beyond the power supplies, for one rack. */
double dc_datacenter_rack_input_w(const struct dc_datacenter *datacenter, double it_w,
				  uint64_t rack_nodes);
/* Capital of accelerators, hosts and drives. */
double dc_datacenter_capital_usd(const struct dc_datacenter *datacenter);

#endif
