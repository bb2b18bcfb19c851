/* The graph of switches in tiers, for trees, leaf-spine, fat trees and rails.
 *
 * A generalised fat tree with parallel cables [Oehring et al. 1995; Zahavi 2012]. Subtrees of tier 0 are
 * the terminals; a subtree of the next tier joins `children` of those below. A subtree of a tier has as
 * many top switches as there are planes: each switch has, of every plane above it, `parents`, and
 * `cables` to each. A tree has one parent everywhere; leaf-spine is two tiers with as many parents as
 * spines; the k-ary fat tree is k/2, k/2, k children and 1, k/2, k/2 parents. The last subtree of a tier
 * may have fewer terminals than the others.
 *
 * Ways. On the way up there is a choice of parents x cables in every tier up to the one where both ends
 * meet; that, and the cable numbers, settle the way down. Way 0 is by destination (D-mod-k): in each
 * tier the port that the destination's number, divided by the planes below, leaves modulo the number of
 * ports [Zahavi 2012, eq. 1], counted within the subtrees of the last tier but one, so that all of them
 * are alike.
 *
 * Links: 2c leads up cable c, 2c + 1 down; cables tier by tier, those of one lower subtree together.
 *
 * In-network reduction runs up the switches of plane 0 to one root [as SHARP's aggregation trees,
 * Graham et al. 2016].
 *
 * Ownership: shapes live in the arena given. */
#ifndef DC_FABRIC_TOPOLOGY_CLOS_H
#define DC_FABRIC_TOPOLOGY_CLOS_H

#include "fabric/topology.h"

enum { DC_TOPOLOGY_CLOS_TIERS = 8 };

/* From the subtrees of one tier to the switches above them. */
struct dc_topology_clos_tier {
	uint64_t children, parents, cables;
	double bandwidth_bps, latency_s; /* of one cable, per direction */
	/* Worked out: */
	uint64_t below;        /* terminals of a lower subtree */
	uint64_t subtrees;     /* lower ones; the last may not be full */
	uint64_t planes;       /* top switches of a lower subtree; 1 for terminals */
	uint64_t first_cable;  /* of the tier */
	uint64_t first_vertex; /* of the switches above */
};

struct dc_topology_clos {
	size_t count; /* tiers of cables = tiers of switches */
	struct dc_topology_clos_tier tiers[DC_TOPOLOGY_CLOS_TIERS];
	uint64_t cables, switches;
};

/* Works out the rest of a dimension whose tiers have children, parents, cables, bandwidth and latency,
 * and checks its parts; the first tier has one parent and one cable. The tiers hold at least `size`
 * terminals. */
enum dc_status dc_topology_clos_complete(const struct dc_topology_clos *tiers,
					 const struct dc_topology_common *common,
					 struct dc_diag *diag, struct dc_arena *arena,
					 struct dc_fabric_dimension *dimension) DC_CHECK;

/* How the ports of a leaf are shared out, as keys say it. 0 is absent, worked out in place. */
struct dc_topology_clos_edge {
	const char *name; /* of the topology, for messages */
	const struct dc_node *node;
	double bandwidth_bps;        /* of a terminal's link */
	double oversubscription;     /* bandwidth down over bandwidth up, >= 1; absent: 1 */
	double uplink_bandwidth_bps; /* of one uplink; absent: that of a terminal's link, or less where
				      * the ratio needs it */
	uint64_t uplinks;            /* cables up; absent: the fewest that give the ratio */
	uint64_t down;               /* terminals; never absent */
};

/* Resolves the section, and the ports of every switch at a terminal's bandwidth: those given, else those of the switch named, else
 * 0, unlimited. More ports than the switch has are refused. */
enum dc_status dc_topology_clos_radix(struct dc_topology_common *common, uint64_t given,
				      struct dc_diag *diag, uint64_t *radix) DC_CHECK;
/* Works out uplinks and their bandwidth from what is given; with all three given they must agree. */
enum dc_status dc_topology_clos_share(struct dc_topology_clos_edge *edge,
				      struct dc_diag *diag) DC_CHECK;
/* The fewest switches above, each with all its cables: the least divisor of uplinks such that
 * `children` below with uplinks/divisor cables each fit the radix; 0 when none does. radix 0: no limit,
 * one cable to each. */
uint64_t dc_topology_clos_fewest(uint64_t uplinks, uint64_t children, uint64_t radix);

/* The calls of struct dc_topology_type. */
uint64_t dc_topology_clos_switches(const struct dc_fabric_dimension *dimension);
uint64_t dc_topology_clos_links(const struct dc_fabric_dimension *dimension);
void dc_topology_clos_link(const struct dc_fabric_dimension *dimension, uint64_t number,
			   struct dc_line_link *link);
uint64_t dc_topology_clos_parallel(const struct dc_fabric_dimension *dimension, uint64_t link);
uint64_t dc_topology_clos_paths(const struct dc_fabric_dimension *dimension, uint64_t from,
				uint64_t to);
void dc_topology_clos_path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
			   uint64_t choice, struct dc_route *route);
void dc_topology_clos_up(const struct dc_fabric_dimension *dimension, uint64_t terminal,
			 struct dc_route *route);
void dc_topology_clos_down(const struct dc_fabric_dimension *dimension, uint64_t terminal,
			   struct dc_route *route);
uint64_t dc_topology_clos_period(const struct dc_fabric_dimension *dimension);
uint64_t dc_topology_clos_fold(const struct dc_fabric_dimension *dimension, uint64_t link,
			       uint64_t period);
uint64_t dc_topology_clos_diameter(const struct dc_fabric_dimension *dimension);
double dc_topology_clos_bisection_bps(const struct dc_fabric_dimension *dimension);
void dc_topology_clos_words(const struct dc_fabric_dimension *dimension, char *text, size_t size);

#define DC_TOPOLOGY_CLOS_CALLS                                                                     \
	.switches = dc_topology_clos_switches, .links = dc_topology_clos_links,                    \
	.link = dc_topology_clos_link, .parallel = dc_topology_clos_parallel,                      \
	.paths = dc_topology_clos_paths, .path = dc_topology_clos_path, .up = dc_topology_clos_up, \
	.down = dc_topology_clos_down, .period = dc_topology_clos_period,                          \
	.fold = dc_topology_clos_fold, .diameter = dc_topology_clos_diameter,                      \
	.bisection_bps = dc_topology_clos_bisection_bps, .words = dc_topology_clos_words

#endif
