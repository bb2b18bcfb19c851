/* Which nodes and racks behave alike: nodes with as many accelerators of each actor, racks with as many
 * nodes of each such class. In exact runs each is by itself.
 *
 * Ownership: classes live in the arena they are made in. */
#ifndef DC_SCENARIO_LOAD_CLASSES_H
#define DC_SCENARIO_LOAD_CLASSES_H

#include "scenario/datacenter.h"

struct dc_load_share {
	uint32_t of; /* actor, of nodes; class of nodes, of racks */
	uint32_t count;
};

struct dc_load_class {
	uint32_t first_share, shares;
	uint64_t first; /* number of the first node or rack of the class */
	uint64_t count; /* nodes or racks in it */
};

struct dc_load_classes {
	struct dc_load_class *items;
	uint32_t count, capacity;
	struct dc_load_share *shares;
	uint32_t share_count, share_capacity;
	uint32_t *class_of; /* by number of the node or rack */
};

/* O(ranks) at least; more where there are many classes. */
enum dc_status dc_datacenter_load_classes(const struct dc_datacenter *datacenter,
					  const struct dc_executor *executor, bool exact,
					  struct dc_load_classes *nodes,
					  struct dc_load_classes *racks) DC_CHECK;

#endif
