/* A whole fabric in a few numbers: how far, how wide, what it is built of.
 *
 * Of the fabric as its dimensions build it; overrides and events do not show. */
#ifndef DC_FABRIC_MEASURES_H
#define DC_FABRIC_MEASURES_H

#include "fabric/fabric.h"

struct dc_fabric_measures {
	uint64_t links;    /* one direction each */
	uint64_t diameter; /* links of the longest of the shortest ways */
	/* From one half to the other, one direction: along the dimension where halving all lines cuts
	 * least [Dally and Towles 2004, sec. 3.2, for meshes and tori; of even sizes]. */
	double bisection_bps;
	struct dc_topology_parts
		parts; /* of all lines; power and price of dimensions that name parts */
};

/* O(dimensions), with switches or optics named O(links of a line). */
enum dc_status dc_fabric_measure(const struct dc_fabric *fabric,
				 struct dc_fabric_measures *measures) DC_CHECK;

#endif
