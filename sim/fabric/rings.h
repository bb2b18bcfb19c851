/* Rings without shared links: the channels of a ring collective on a small graph of direct links.
 *
 * Machines without a switch between their accelerators (the hybrid cube mesh of the DGX-1, fully
 * connected groups) run a ring collective on several rings at once, each carrying its part of the
 * bytes, none sharing a link with another. How many there are decides the bandwidth: on the first n
 * accelerators of a DGX-1 1, 2, 4, 2, 2, 4, 6 for n = 2 to 8, and the measured all-reduce
 * follows just that (tests/validation/collectives/allreduce_nvlink.csv, 22.5 GB/s a ring).
 *
 * A ring visits every vertex once. Where no ring of direct links exists, hops may go through one
 * other vertex (a relay, which stores and forwards); rings then have as few relayed hops as
 * possible. NCCL does the same (path type NVB, "NVLink through a GPU").
 *
 * The search is exact up to a work bound, and deterministic: first the number of rings is bounded by
 * every cut of the graph, then rings are laid one after another, trying neighbours in the order of
 * their numbers and taking back, for that number, one less, and so on. */
#ifndef DC_FABRIC_RINGS_H
#define DC_FABRIC_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/graph.h"

enum {
	DC_RINGS_VERTICES = 16,
	DC_RINGS_MOST = 64, /* rings looked for at most */
	DC_RINGS_DIRECT = 255,
};

struct dc_rings {
	unsigned vertices;
	unsigned count;  /* rings; 0: the graph has none, even with relays */
	unsigned relays; /* hops of each ring that may go through another vertex */
	bool proven;     /* no larger number exists with so many relays; false: the work ran out */
	/* Ring r goes from order[r][k] to order[r][k + 1], and from the last to the first (vertex 0),
	 * through via[r][k] unless that is DC_RINGS_DIRECT. */
	uint8_t order[DC_RINGS_MOST][DC_RINGS_VERTICES];
	uint8_t via[DC_RINGS_MOST][DC_RINGS_VERTICES];
};

/* Packs as many rings as possible. links[i][j]: unit links from i to j, each carrying one ring at
 * most; the diagonal is ignored. 2 <= vertices <= DC_RINGS_VERTICES, otherwise no rings. */
void dc_rings_pack(const uint8_t links[DC_RINGS_VERTICES][DC_RINGS_VERTICES], unsigned vertices,
		   struct dc_rings *rings);

/* The same on members (vertices, all different) of an indexed graph, over the links between them. A
 * link holds as many rings as its bandwidth is times the least one's. *ring_bps: rate of each ring's
 * links. Without 2 to DC_RINGS_VERTICES members, or without links, no rings and 0. */
void dc_rings_on_graph(const struct dc_graph *graph, const uint32_t *members, unsigned count,
		       struct dc_rings *rings, double *ring_bps);
/* The links of a hop from order[r][k]: returns their number, 1 or 2 (through a relay), in path.
 * Rings share no link's unit: hops of several rings over parallel links get different ones. */
unsigned dc_rings_hop(const struct dc_graph *graph, const uint32_t *members,
		      const struct dc_rings *rings, double ring_bps, unsigned ring, unsigned hop,
		      uint32_t path[2]);

#endif
