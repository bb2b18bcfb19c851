/* What moving messages costs beside their links: of one transport and protocol, by dimension. */
#ifndef DC_FABRIC_COST_H
#define DC_FABRIC_COST_H

#include "fabric/topology.h"

struct dc_fabric_cost {
	double startup_s;     /* before the first step */
	double reduction_bps; /* adding up what arrives; 0: takes no time */
	/* By dimension: what a message costs beside its links (of those it crosses, the most), and bytes
	 * on the wire per byte sent, between ranks and to and from the root of the switches; 0: 1. */
	double step_s[DC_FABRIC_DIMENSIONS];
	double inflation[DC_FABRIC_DIMENSIONS];
	double root_inflation[DC_FABRIC_DIMENSIONS];
};

/* Nothing. */
extern const struct dc_fabric_cost dc_fabric_no_cost;

#endif
