/* Leaves under spines, for leaf-spine and rail. */
#ifndef DC_FABRIC_TOPOLOGY_LEAF_SPINE_H
#define DC_FABRIC_TOPOLOGY_LEAF_SPINE_H

#include "fabric/topology_clos.h"

struct dc_topology_leaf_spine {
	struct dc_topology_common common;
	uint64_t size;
	uint64_t members; /* per leaf; 0: from the ports */
	uint64_t radix;   /* ports of every switch; 0: unlimited */
	uint64_t spines;  /* 0: the fewest */
	uint64_t uplinks; /* of each leaf; 0: from the ratio */
	double oversubscription;
	double uplink_bandwidth_bps;
};

/* The rows beside those of every topology and that of `members`. */
#define DC_TOPOLOGY_LEAF_SPINE_FIELDS                                                              \
	{.key = "size",                                                                            \
	 .kind = DC_COUNT,                                                                         \
	 .flags = DC_REQUIRED,                                                                     \
	 .offset = offsetof(struct dc_topology_leaf_spine, size),                                  \
	 .min = 1,                                                                                 \
	 .max = 1e9,                                                                               \
	 .help = "members; the last leaf may have fewer than the others"},                         \
		{.key = "radix",                                                                   \
		 .kind = DC_COUNT,                                                                 \
		 .offset = offsetof(struct dc_topology_leaf_spine, radix),                         \
		 .min = 2,                                                                         \
		 .max = 65536,                                                                     \
		 .help = "ports of every switch; default: those of the switch named, else "        \
			 "unlimited"},                                                             \
		{.key = "spines",                                                                  \
		 .kind = DC_COUNT,                                                                 \
		 .offset = offsetof(struct dc_topology_leaf_spine, spines),                        \
		 .min = 1,                                                                         \
		 .max = 65536,                                                                     \
		 .help = "divides the uplinks; default: the fewest whose ports suffice, one for "  \
			 "each uplink where the radix is unlimited"},                              \
		{.key = "uplinks",                                                                 \
		 .kind = DC_COUNT,                                                                 \
		 .offset = offsetof(struct dc_topology_leaf_spine, uplinks),                       \
		 .min = 1,                                                                         \
		 .max = 65536,                                                                     \
		 .help = "cables from each leaf to the spines; default: the fewest that give the " \
			 "oversubscription"},                                                      \
		{.key = "oversubscription",                                                        \
		 .kind = DC_REAL,                                                                  \
		 .offset = offsetof(struct dc_topology_leaf_spine, oversubscription),              \
		 .min = 1,                                                                         \
		 .max = 1e6,                                                                       \
		 .help = "bandwidth down over bandwidth up of a full leaf; default 1, or what "    \
			 "uplinks and uplink_bandwidth make it"},                                  \
	{                                                                                          \
		.key = "uplink_bandwidth", .kind = DC_QUANTITY, .dimension = DC_DIM_BANDWIDTH,     \
		.flags = DC_POSITIVE,                                                              \
		.offset = offsetof(struct dc_topology_leaf_spine, uplink_bandwidth_bps), .min = 0, \
		.max = 1e18,                                                                       \
		.help = "of each uplink, per direction; default: bandwidth, or as much less as "   \
			"the oversubscription needs where uplinks do not come out whole"           \
	}

enum { DC_TOPOLOGY_LEAF_SPINE_ROWS = 6 };

/* The one dimension of a section, its radix resolved; key is what it calls `members`. With members for all of size there is
 * one switch and no spine. */
enum dc_status dc_topology_leaf_spine_build(const struct dc_topology_leaf_spine *section,
					    const struct dc_topology_type *type, const char *key,
					    struct dc_diag *diag, struct dc_arena *arena,
					    struct dc_fabric_dimension *dimension) DC_CHECK;

#endif
