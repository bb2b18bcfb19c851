/* Links: an explicit graph (graph.h) as one dimension of a fabric.
 *
 * Terminals are the vertices named, in that order; the other vertices are switches, which forward.
 * Terminals forward only where the graph has no switches (an accelerator that relays for others).
 * Parallel links from one vertex to another are one link: their bandwidths added up, the longest of
 * their latencies. Links without ends, which only given paths of flows use, are left out.
 *
 * Links are numbered by the vertex they leave (terminals first, then switches in the graph's order),
 * then by id, least first. Ways between two terminals are those with the fewest links, at most
 * DC_TOPOLOGY_LINKS_WAYS of them, in the order of the links' numbers; way 0 is the path that the graph
 * itself would take where nothing but switches forwards. There is no symmetry: the period is the size.
 *
 * Ownership: shapes live in the arena given; the graph is not needed afterwards. */
#ifndef DC_FABRIC_TOPOLOGY_LINKS_H
#define DC_FABRIC_TOPOLOGY_LINKS_H

#include "fabric/fabric.h"
#include "fabric/graph.h"

enum {
	DC_TOPOLOGY_LINKS_WAYS = 64,
	/* Terminals x vertices of a graph at most: 3 bytes are kept for each. */
	DC_TOPOLOGY_LINKS_PAIRS = 1 << 25,
	/* Vertices up to which the bisection is searched for. */
	DC_TOPOLOGY_LINKS_CUT_VERTICES = 16,
};

extern const struct dc_section dc_topology_links_section;
extern const struct dc_topology_type dc_topology_links;

/* The vertices that have a link out and a link in, in the graph's order: the terminals where none are
 * named. The graph is indexed. NULL when out of memory. */
uint32_t *dc_topology_links_terminals(const struct dc_graph *graph, struct dc_arena *arena,
				      size_t *count);

/* An indexed graph as a dimension whose `bandwidth_bps` is that of the slowest link. members_only:
 * vertices that are no terminals, and their links, are left out. Refused, with a message at mark (may be
 * NULL): no terminals, one named twice, two that no path joins (with their names), a graph of more than
 * DC_TOPOLOGY_LINKS_PAIRS. */
enum dc_status dc_topology_of_graph(const struct dc_graph *graph, const uint32_t *terminals,
				    size_t count, bool members_only, struct dc_diag *diag,
				    const struct dc_mark *mark, struct dc_arena *arena,
				    struct dc_fabric_dimension *dimension) DC_CHECK;
/* A fabric of that one dimension; refused likewise. */
enum dc_status dc_fabric_of_graph(const struct dc_graph *graph, const uint32_t *terminals,
				  size_t count, struct dc_diag *diag, const struct dc_mark *mark,
				  struct dc_arena *arena, struct dc_fabric *fabric) DC_CHECK;

#endif
