/* Workload kind `flows`: a list of transfers over an explicit graph, or over dimensions.
 *
 * The list is a table (config/table.h) with the columns id, src, dst, bytes, start_s (numbers without
 * unit: bytes, and seconds from the start of the run) and, where paths are given, links: the ids of
 * the links on the path, separated by blanks. Where a path is not given it is routed (fabric/graph.h).
 * Further columns are left alone. Without a file of links every flow gives its path, and the ids that
 * occur are links of 50 GB/s without latency.
 *
 * On dimensions, src and dst are ranks, and paths are routed (flows_route.h); none is given.
 *
 * A given path must hang together where its links have ends, and cross no link twice.
 *
 * Ownership: what is read lives in the configuration's arena. */
#ifndef DC_TRAFFIC_FLOWS_H
#define DC_TRAFFIC_FLOWS_H

#include "base/time.h"
#include "config/config.h"
#include "fabric/graph.h"
#include "fabric/plan.h"

enum { DC_TRAFFIC_FLOWS = 1000000 }; /* that a list may have */

/* The implied links of a list without a file of links [B/s]: 400 Gb/s. */
#define DC_TRAFFIC_IMPLIED_BPS 50e9

struct dc_traffic_workload {
	const struct dc_node *node;
	const char *kind;
	const char *flows; /* file */
};

extern const struct dc_section dc_traffic_workload_section;

struct dc_traffic_flow {
	uint32_t source, target; /* vertices of the graph */
	double bytes;
	dc_time start;
	dc_time latency;       /* of the whole path, rounded once */
	const uint32_t *links; /* of the path, in order */
	uint32_t hops;
	uint64_t from, to; /* ranks, on dimensions; links and hops are then known when it starts */
};

struct dc_traffic_dimensions;

struct dc_traffic {
	struct dc_graph graph;
	struct dc_intern ids; /* of flows, by number */
	struct dc_traffic_flow *flows;
	size_t count;
	double bytes;                             /* of all flows */
	uint32_t longest;                         /* hops of the longest path */
	bool implied;                             /* links, see above */
	struct dc_traffic_dimensions *dimensions; /* NULL: the graph is explicit */
};

/* Reads the list of flows, and the file of links when links is not NULL (as found, not as written).
 * Every mistake of a file is told at its cell. */
enum dc_status dc_traffic_read(struct dc_config *config, const char *flows, const char *links,
			       struct dc_traffic *traffic) DC_CHECK;
/* The same for flows between ranks of a fabric; epochs outlive the traffic. */
enum dc_status dc_traffic_read_ranks(struct dc_config *config, const char *flows,
				     const struct dc_plan_epoch *epochs, size_t epoch_count,
				     struct dc_traffic *traffic) DC_CHECK;

#endif
