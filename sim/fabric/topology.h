/* Topologies: each kind of fabric dimension is one file with one descriptor, listed in topology.c.
 *
 * A dimension joins `size` members (accelerators, or whole groups built by the dimensions before
 * it) and says how neighbours on a ring through them reach each other. A torus stands for several
 * dimensions at once. Sizes, bandwidth per direction and latency per link are the user's. */
#ifndef DC_FABRIC_TOPOLOGY_H
#define DC_FABRIC_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#include "config/fields.h"

enum { DC_FABRIC_DIMENSIONS = 16 };

/* One dimension as the collectives see it: members in a ring, each with one way out and one in. */
struct dc_fabric_dimension {
	const char *topology;
	uint64_t size;
	double bandwidth_bps; /* of each link, per direction */
	double link_latency_s;
	unsigned links_per_hop; /* links between neighbours: 1 direct, 2 through a switch */
};

struct dc_topology_type {
	const char *name;
	const char *doc;
	/* Writes the dimensions a section stands for, innermost first, at most
	 * DC_FABRIC_DIMENSIONS; returns how many there are, 0 when a size is not a whole number. */
	size_t (*expand)(const void *section, struct dc_fabric_dimension *dimensions);
};

extern const struct dc_tagged_family dc_topology_family;

/* The rows every topology has beside its size. */
#define DC_TOPOLOGY_FIELDS(type)                                                                   \
	{.key = "topology",                                                                        \
	 .kind = DC_STRING,                                                                        \
	 .flags = DC_REQUIRED,                                                                     \
	 .offset = offsetof(struct type, topology),                                                \
	 .help = "kind of dimension"},                                                             \
		{.key = "bandwidth",                                                               \
		 .kind = DC_QUANTITY,                                                              \
		 .dimension = DC_DIM_BANDWIDTH,                                                    \
		 .flags = DC_REQUIRED | DC_POSITIVE,                                               \
		 .offset = offsetof(struct type, bandwidth_bps),                                   \
		 .min = 0,                                                                         \
		 .max = 1e18,                                                                      \
		 .help = "of each link, per direction"},                                           \
		{.key = "latency",                                                                 \
		 .kind = DC_QUANTITY,                                                              \
		 .dimension = DC_DIM_TIME,                                                         \
		 .offset = offsetof(struct type, latency_s),                                       \
		 .min = 0,                                                                         \
		 .max = 3600,                                                                      \
		 .fallback = "0 s",                                                                \
		 .help = "of each link; a message through a switch crosses two"},                  \
		{.key = "switch", .kind = DC_RESERVED, .help = "catalogue name of the switches"},  \
		{.key = "optics",                                                                  \
		 .kind = DC_RESERVED,                                                              \
		 .help = "catalogue name of the transceivers"},                                    \
	{                                                                                          \
		.key = "oversubscription", .kind = DC_RESERVED, .help = "downlinks over uplinks"   \
	}

/* What a topology of one dimension is read into: its section needs a name and a doc only. */
struct dc_topology_single {
	const struct dc_node *node;
	const char *topology;
	uint64_t size;
	double bandwidth_bps;
	double latency_s;
};

enum { DC_TOPOLOGY_SINGLE_FIELDS = 7 };
extern const struct dc_field dc_topology_single_fields[DC_TOPOLOGY_SINGLE_FIELDS];

/* Its one dimension, with links_per_hop links between neighbours; returns 1. */
size_t dc_topology_expand_single(const void *section, unsigned links_per_hop,
				 struct dc_fabric_dimension *dimensions);

extern const struct dc_section dc_topology_ring_section;
extern const struct dc_topology_type dc_topology_ring;
extern const struct dc_section dc_topology_switch_section;
extern const struct dc_topology_type dc_topology_switch;
extern const struct dc_section dc_topology_torus_section;
extern const struct dc_topology_type dc_topology_torus;

#endif
