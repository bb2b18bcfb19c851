/* Carrying flows: from a list to transfers on the engine, and what became of each.
 *
 * A flow starts at its time, waits the latency of its path and shares the links' bandwidth with the
 * others, max-min fair (fluid/transfers.h), until its bytes have passed. Starts and ends of an instant
 * are shared out together. Ends are reported in the order (time, number of the flow).
 *
 * On dimensions a flow is routed when it starts (flows_route.h). At the beginning of an epoch links take their
 * new capacity, and flows under way whose path is another one go on along it with the bytes they have left;
 * under adaptive routing only those whose path is broken. A flow without a way waits at a link that is down.
 *
 * Ownership: engine and list are borrowed and outlive the carrier. */
#ifndef DC_TRAFFIC_CARRIER_H
#define DC_TRAFFIC_CARRIER_H

#include "engine/engine.h"
#include "traffic/flows.h"

/* The end of a flow. */
struct dc_traffic_end {
	uint32_t flow;
	dc_time start;
	dc_time finish;
	uint32_t bottleneck; /* the link that held it back last; DC_GRAPH_NONE for none */
	double uses; /* link capacity that a byte took: 1 per link crossed; NaN when it changed its way */
};

typedef enum dc_status dc_traffic_observer(void *context, const struct dc_traffic_end *end);

struct dc_traffic_carrier;

/* ended is called at every end; what it returns fails the run. NULL when out of memory. */
struct dc_traffic_carrier *dc_traffic_carrier_create(struct dc_engine *engine,
						     const struct dc_traffic *traffic,
						     dc_traffic_observer *ended, void *context);
void dc_traffic_carrier_destroy(struct dc_traffic_carrier *carrier);
/* Schedules the flows; once, at time 0. */
void dc_traffic_carrier_start(struct dc_traffic_carrier *carrier);
/* A flow that waits at a link that is down, and that link; false when there is none. */
bool dc_traffic_carrier_waits(const struct dc_traffic_carrier *carrier, uint32_t *flow,
			      uint32_t *link);
/* Flows that have ended. */
size_t dc_traffic_carrier_ended(const struct dc_traffic_carrier *carrier);
/* Bytes that a link has carried up to now; its integral of load. */
double dc_traffic_carrier_carried_bytes(const struct dc_traffic_carrier *carrier, uint32_t link);

#endif
