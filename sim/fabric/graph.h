/* Explicit graphs: vertices and directed links, from a file or made one by one; shortest paths.
 *
 * A file of links is a table (config/table.h) with the columns id, from, to, bandwidth, latency; one
 * row is one direction of a cable. Bandwidth and latency carry units, as in YAML. from and to name
 * vertices (hosts and switches alike); both may be empty for a link that only given paths use.
 * Further columns are left alone. Parallel links are fine, a link from a vertex to itself is not.
 *
 * Routing. A path is one with the fewest links. Of several such paths it is the one whose first
 * link has the least id, then whose second has, and so on; ids are compared as bytes ("l10" < "l2").
 * So the same file gives the same paths, whatever else is routed; nothing is balanced.
 *
 * Ownership: the graph and its routers live in the arena given. */
#ifndef DC_FABRIC_GRAPH_H
#define DC_FABRIC_GRAPH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/intern.h"

/* No vertex, no link. */
#define DC_GRAPH_NONE UINT32_MAX

enum { DC_GRAPH_LINKS = 1000000 }; /* that a graph may have */

struct dc_graph_link {
	uint32_t from, to; /* vertices, or DC_GRAPH_NONE both */
	double bandwidth_bps;
	double latency_s;
};

struct dc_graph {
	struct dc_arena *arena;
	struct dc_intern vertices; /* names by number */
	struct dc_intern ids;      /* of links, by number */
	struct dc_graph_link *links;
	size_t room;
	/* Links by vertex, least id first: of vertex v, out[out_first[v]] to out[out_first[v + 1]]. */
	uint32_t *out_first, *out;
	uint32_t *in_first, *in;
	size_t indexed; /* vertices that have entries there */
};

/* An empty graph. */
void dc_graph_init(struct dc_graph *graph, struct dc_arena *arena);
/* Adds a link. DC_ERR_RUN when the id is taken, DC_ERR_MEMORY also beyond DC_GRAPH_LINKS. */
enum dc_status dc_graph_add(struct dc_graph *graph, const char *id,
			    const struct dc_graph_link *link, uint32_t *number) DC_CHECK;
/* Reads a file of links. DC_ERR_INPUT with messages, every one of the file, at the cells. */
enum dc_status dc_graph_read(struct dc_graph *graph, struct dc_diag *diag,
			     const char *path) DC_CHECK;
/* Prepares routing, after the last link. Vertices may still come: nothing leads there. */
enum dc_status dc_graph_index(struct dc_graph *graph) DC_CHECK;

static inline size_t dc_graph_link_count(const struct dc_graph *graph)
{
	return graph->ids.count;
}

/* Distances to one vertex, kept for the next path to it. */
struct dc_graph_router {
	const struct dc_graph *graph;
	uint32_t target;    /* DC_GRAPH_NONE before the first path */
	uint32_t *distance; /* links to the target, DC_GRAPH_NONE where there is no path */
	uint32_t *queue;
	uint32_t *path; /* the last one found */
};

/* The graph is indexed and stays as it is. */
enum dc_status dc_graph_router_init(struct dc_graph_router *router,
				    const struct dc_graph *graph) DC_CHECK;
/* The path between two vertices into router->path; returns its links, 0 when the vertices are the
 * same, DC_GRAPH_NONE when there is none. O(links) when the target is another than that before. */
uint32_t dc_graph_route(struct dc_graph_router *router, uint32_t from, uint32_t to);

/* Sum over a path, in order [s]. */
double dc_graph_latency_s(const struct dc_graph *graph, const uint32_t *path, uint32_t links);

#endif
