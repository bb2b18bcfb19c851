/* The IT load: from what accelerators, hosts and drives do to watts, as signals.
 *
 * Nodes that behave alike are one entry (load_classes.h; exact: each is its own), racks likewise. Changes of an instant are gathered and published once, in the state phase, so no signal
 * shows a half-applied instant.
 *
 * Ownership: init/fini; the datacenter and the engine must outlive it. */
#ifndef DC_SCENARIO_LOAD_H
#define DC_SCENARIO_LOAD_H

#include "engine/engine.h"
#include "engine/signal.h"
#include "scenario/load_classes.h"

enum dc_load_part {
	DC_PART_ACCELERATORS,
	DC_PART_HOSTS,
	DC_PART_DRIVES,
	DC_PART_NETWORK,
	DC_PART_PSU_LOSS,
	DC_PART_PDU_LOSS,
	DC_LOAD_PARTS,
};

/* Shares of what there is, 0 to 1. */
enum dc_load_use {
	DC_USE_COMPUTE,       /* of the peak FLOP rate */
	DC_USE_MEMORY,        /* of the memory bandwidth */
	DC_USE_LINK,          /* of the time: accelerators in a collective */
	DC_USE_DRIVES,        /* of what the drives can deliver */
	DC_USE_HOST,          /* of the cores */
	DC_USE_COMPUTING,     /* accelerators computing */
	DC_USE_COMMUNICATING, /* accelerators waiting for a collective */
	DC_USE_STALLED,       /* accelerators waiting for data */
	DC_USE_WAITING,       /* accelerators waiting for another stage, or at a barrier */
	DC_LOAD_USES,
};

struct dc_load_node;

/* Racks that behave alike. */
struct dc_load_rack {
	uint64_t nodes;        /* in one rack */
	uint64_t racks;        /* that this entry stands for */
	double loss_w;         /* of one rack's distribution */
	struct dc_signal it_w; /* of one rack */
	struct dc_filter own;  /* response at the rack's time constant */
	struct dc_filter room; /* at the room's */
};

struct dc_load {
	const struct dc_datacenter *datacenter;
	struct dc_engine *engine;
	struct dc_load_classes node_classes, rack_classes;
	struct dc_load_node *nodes; /* by class */
	uint64_t actor_count;
	/* By actor: the node classes it is in, from first_of[actor] to first_of[actor + 1]. */
	uint32_t *first_of, *nodes_of;
	size_t rack_count;
	struct dc_load_rack *racks;
	struct dc_signal parts[DC_LOAD_PARTS];
	struct dc_signal uses[DC_LOAD_USES];
	struct dc_signal it_w;
	struct dc_filter loss_room; /* of the distribution loss, at the room's time constant */
	struct dc_activity *activities;
	bool filtered;
	dc_event publish;
};

enum dc_status dc_datacenter_load_init(struct dc_load *load, const struct dc_datacenter *datacenter,
				       struct dc_engine *engine, const struct dc_executor *executor,
				       bool exact) DC_CHECK;
void dc_datacenter_load_fini(struct dc_load *load);
/* Starts the racks' filters, once the thermal time constants are known. */
void dc_datacenter_load_filter(struct dc_load *load, const struct dc_thermal *thermal);

/* An actor's activity changed. */
void dc_datacenter_load_set(struct dc_load *load, uint64_t actor,
			    const struct dc_activity *activity);

/* Recording and replay of every signal at once. */
void dc_datacenter_load_record(struct dc_load *load);
enum dc_status dc_datacenter_load_replay(struct dc_load *load) DC_CHECK;
void dc_datacenter_load_resume(struct dc_load *load);

#endif
