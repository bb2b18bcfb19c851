/* Topologies: each kind of fabric dimension is one file with one descriptor, listed in topology.c.
 *
 * A dimension joins `size` terminals (accelerators, or whole groups built by the dimensions before
 * it) by links and switches of its own. A fabric is the product of its dimensions: terminals that
 * agree in every other coordinate form a line, and every line has the same graph (of a shared dimension,
 * the very same). A type describes
 * the graph of one line by numbers alone, so that a fabric of a million accelerators takes no room
 * until somebody asks for its links:
 *
 * Vertices of a line are its terminals, 0 to size - 1, then its switches. Links are directed and
 * numbered from 0; a cable is two of them. Bandwidth is per direction, latency per link.
 *
 * Paths. Between two terminals there are `paths` shortest ways of equal cost, numbered from 0; way
 * k is the links that `path` adds to a route. Way 0 is the one of plain routing (dimension order on
 * meshes, by destination on Clos fabrics). Policies (fabric/routing.h) choose among them.
 *
 * Symmetry. Moving every terminal on by `period` (around, from the last to the first) leaves the
 * graph and way 0 of every pair as they are; `fold` names the link that stands for all those a move
 * by a multiple of the period leads to. A type without symmetry has period `size`.
 *
 * Ownership: shapes live in the arena given. */
#ifndef DC_FABRIC_TOPOLOGY_H
#define DC_FABRIC_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "config/fields.h"
#include "fabric/devices.h"
#include "fabric/transport.h"

enum { DC_FABRIC_DIMENSIONS = 16 };

struct dc_topology_type;

struct dc_fabric_dimension {
	const struct dc_topology_type *type;
	uint64_t size;        /* terminals, >= 1 */
	double bandwidth_bps; /* of a terminal's link, per direction */
	double latency_s;     /* of each link */
	bool reduces;         /* switches add up and multicast (NVLS, SHARP) */
	bool shared;          /* all lines are one: its links carry what all terminals send */
	const struct dc_transport *transport;  /* NULL: ideal, at no cost */
	const struct dc_fabric_switch *device; /* NULL: not said, as the next */
	const struct dc_fabric_optics *optics;
	const void *shape; /* what the type has worked out; NULL where size says it all */
};

/* A link of a line. */
struct dc_line_link {
	uint64_t from, to; /* vertices */
	double bandwidth_bps;
	double latency_s;
};

/* Links in the order in which they are crossed. Adding beyond memory sets `failed` and adds no more. */
struct dc_route {
	uint64_t *links;
	size_t count, capacity;
	bool failed;
};

void dc_route_add(struct dc_route *route, uint64_t link);
void dc_route_clear(struct dc_route *route);
void dc_route_fini(struct dc_route *route);

struct dc_topology_type {
	const char *name;
	const char *doc;
	/* Writes the dimensions a section stands for, innermost first, at most DC_FABRIC_DIMENSIONS.
	 * DC_ERR_INPUT with messages at the section's keys. */
	enum dc_status (*expand)(const void *section, struct dc_diag *diag, struct dc_arena *arena,
				 struct dc_fabric_dimension *dimensions, size_t *count);
	/* Of one line: */
	uint64_t (*switches)(const struct dc_fabric_dimension *dimension);
	uint64_t (*links)(const struct dc_fabric_dimension *dimension);
	void (*link)(const struct dc_fabric_dimension *dimension, uint64_t number,
		     struct dc_line_link *link);
	/* Which of several links from the same vertex to the same other it is, from 0 in the order of
	 * their numbers; NULL: there are no such. */
	uint64_t (*parallel)(const struct dc_fabric_dimension *dimension, uint64_t link);
	/* Shortest ways between two different terminals, >= 1; NULL: always one. */
	uint64_t (*paths)(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to);
	void (*path)(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
		     uint64_t choice, struct dc_route *route);
	/* In-network reduction: the links that a terminal's contribution takes up the tree of switches
	 * to its root; links that carry what was added up already are taken by one terminal only, the
	 * least below the switch. And down from the root, likewise. NULL: the switches cannot. */
	void (*up)(const struct dc_fabric_dimension *dimension, uint64_t terminal,
		   struct dc_route *route);
	void (*down)(const struct dc_fabric_dimension *dimension, uint64_t terminal,
		     struct dc_route *route);
	/* Divides size. */
	uint64_t (*period)(const struct dc_fabric_dimension *dimension);
	/* period: a multiple of the type's that divides size. The least link number of those that
	 * moves by multiples of it lead to. */
	uint64_t (*fold)(const struct dc_fabric_dimension *dimension, uint64_t link,
			 uint64_t period);
	/* Links of the longest shortest path; 0 with one terminal. */
	uint64_t (*diameter)(const struct dc_fabric_dimension *dimension);
	/* Capacity from one half of the terminals to the other, for the halving that cuts least,
	 * one direction [B/s]; of terminals 0 to size/2 - 1 against the rest where that is it. */
	double (*bisection_bps)(const struct dc_fabric_dimension *dimension);
	/* What was worked out from the keys, for people, in one line; NULL: nothing. */
	void (*words)(const struct dc_fabric_dimension *dimension, char *text, size_t size);
};

extern const struct dc_tagged_family dc_topology_family;

/* What every topology's section begins with, as a member `common`, and the rows of it. */
struct dc_topology_common {
	const struct dc_node *node;
	const char *topology;
	double bandwidth_bps;
	double latency_s;
	bool reduces;
	struct dc_transport *transport;
	struct dc_fabric_switch *device; /* NULL: not said, as the next */
	struct dc_fabric_optics *optics;
};

#define DC_TOPOLOGY_FIELDS(type)                                                                   \
	DC_TOPOLOGY_ROWS(type, DC_REQUIRED | DC_POSITIVE, "of each link, per direction")
/* With switches, whose ports say the bandwidth where the section does not. */
#define DC_TOPOLOGY_SWITCHED_FIELDS(type)                                                          \
	DC_TOPOLOGY_ROWS(type, DC_POSITIVE,                                                        \
			 "of each link, per direction; default: that of the ports of the switch "  \
			 "named, required without")
#define DC_TOPOLOGY_ROWS(type, bandwidth_flags, bandwidth_help)                                    \
	{.key = "topology",                                                                        \
	 .kind = DC_STRING,                                                                        \
	 .flags = DC_REQUIRED,                                                                     \
	 .offset = offsetof(struct type, common.topology),                                         \
	 .help = "kind of dimension"},                                                             \
		{.key = "bandwidth",                                                               \
		 .kind = DC_QUANTITY,                                                              \
		 .dimension = DC_DIM_BANDWIDTH,                                                    \
		 .flags = (bandwidth_flags),                                                       \
		 .offset = offsetof(struct type, common.bandwidth_bps),                            \
		 .min = 0,                                                                         \
		 .max = 1e18,                                                                      \
		 .help = (bandwidth_help)},                                                        \
		{.key = "latency",                                                                 \
		 .kind = DC_QUANTITY,                                                              \
		 .dimension = DC_DIM_TIME,                                                         \
		 .offset = offsetof(struct type, common.latency_s),                                \
		 .min = 0,                                                                         \
		 .max = 3600,                                                                      \
		 .fallback = "0 s",                                                                \
		 .help = "of each link; a message through a switch crosses two"},                  \
		{.key = "reduce_in_network",                                                       \
		 .kind = DC_BOOL,                                                                  \
		 .offset = offsetof(struct type, common.reduces),                                  \
		 .fallback = "false",                                                              \
		 .help = "the switches add up what passes (NVLS, SHARP)"},                         \
		{.key = "transport",                                                               \
		 .kind = DC_CATALOGUE,                                                             \
		 .offset = offsetof(struct type, common.transport),                                \
		 .catalogue = &dc_transport_family,                                                \
		 .help = "what messages cost beyond links; default: the network's"},               \
		{.key = "switch",                                                                  \
		 .kind = DC_CATALOGUE,                                                             \
		 .offset = offsetof(struct type, common.device),                                   \
		 .catalogue = &dc_fabric_switch_family,                                            \
		 .help = "the switches: their ports bound what there is, their power and price "   \
			 "count"},                                                                 \
	{                                                                                          \
		.key = "optics", .kind = DC_CATALOGUE,                                             \
		.offset = offsetof(struct type, common.optics),                                    \
		.catalogue = &dc_fabric_optics_family,                                             \
		.help = "transceivers or cables of every link"                                     \
	}

enum { DC_TOPOLOGY_COMMON_FIELDS = 7 };

/* Puts in what the switch says and the section does not: the bandwidth. */
enum dc_status dc_topology_resolve(struct dc_topology_common *common,
				   struct dc_diag *diag) DC_CHECK;
/* A dimension as a section says it, without a shape. */
struct dc_fabric_dimension dc_topology_dimension(const struct dc_topology_common *common,
						 const struct dc_topology_type *type,
						 uint64_t size);
/* Refuses switches and optics that do not serve the dimension's links: bandwidth beyond theirs, more
 * ports than a switch has, switches where the topology has none. O(links), without either O(1). */
enum dc_status dc_topology_check_parts(const struct dc_topology_common *common,
				       const struct dc_fabric_dimension *dimension,
				       struct dc_diag *diag) DC_CHECK;

/* What a line is built of. */
struct dc_topology_parts {
	uint64_t switches;
	uint64_t cables;
	uint64_t modules; /* transceivers, or cables with fixed ends; 0 without optics */
	/* Of the switches and the optics that are named; NAN where one's is not known, or none is named. */
	double power_w;
	double price_usd;
};

enum dc_status dc_topology_count_parts(const struct dc_fabric_dimension *dimension,
				       struct dc_topology_parts *parts) DC_CHECK;

/* What a topology of one dimension is read into: its section needs a name and a doc only. */
struct dc_topology_single {
	struct dc_topology_common common;
	uint64_t size;
};

enum { DC_TOPOLOGY_SINGLE_FIELDS = 1 + DC_TOPOLOGY_COMMON_FIELDS };
extern const struct dc_field dc_topology_single_fields[DC_TOPOLOGY_SINGLE_FIELDS];

/* Its one dimension, of the type given, without a shape. */
enum dc_status dc_topology_expand_single(const void *section, const struct dc_topology_type *type,
					 struct dc_diag *diag,
					 struct dc_fabric_dimension *dimensions,
					 size_t *count) DC_CHECK;
/* What a section of several sizes is read into, and its dimensions, one of the type for each. */
struct dc_topology_several {
	struct dc_topology_common common;
	struct dc_list size;
};

extern const struct dc_field dc_topology_several_fields[DC_TOPOLOGY_SINGLE_FIELDS];
enum dc_status dc_topology_expand_several(const void *section, const struct dc_topology_type *type,
					  struct dc_diag *diag,
					  struct dc_fabric_dimension *dimensions,
					  size_t *count) DC_CHECK;

extern const struct dc_section dc_topology_dragonfly_section;
extern const struct dc_topology_type dc_topology_dragonfly;
extern const struct dc_section dc_topology_fat_tree_section;
extern const struct dc_topology_type dc_topology_fat_tree;
extern const struct dc_section dc_topology_fully_connected_section;
extern const struct dc_topology_type dc_topology_fully_connected;
extern const struct dc_section dc_topology_wan_section;
extern const struct dc_topology_type dc_topology_wan;
extern const struct dc_section dc_topology_hypercube_section;
extern const struct dc_topology_type dc_topology_hypercube;
extern const struct dc_section dc_topology_leaf_spine_section;
extern const struct dc_topology_type dc_topology_leaf_spine;
extern const struct dc_section dc_topology_mesh_section;
extern const struct dc_topology_type dc_topology_mesh;
extern const struct dc_section dc_topology_rail_section;
extern const struct dc_topology_type dc_topology_rail;
extern const struct dc_section dc_topology_ring_section;
extern const struct dc_topology_type dc_topology_ring;
extern const struct dc_section dc_topology_switch_section;
extern const struct dc_topology_type dc_topology_switch;
extern const struct dc_section dc_topology_torus_section;
extern const struct dc_topology_type dc_topology_torus;
extern const struct dc_section dc_topology_tree_section;
extern const struct dc_topology_type dc_topology_tree;

#endif
