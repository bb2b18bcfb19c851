/* Workload kind `collective`: operations on groups of ranks, by themselves, as nccl-tests runs them.
 *
 * A job does one operation at each of its sizes, `repeat` times back to back, on every group of it at
 * once. Groups are declared as items: all ranks; every translate of {size, stride} (the blocks of
 * size x stride ranks, and in each of them the ranks that agree modulo stride); or one {base, size,
 * stride} of a list. Sizes are as nccl-tests counts them (fabric/algorithm.h).
 *
 * Ownership: what is settled lives in the arena given; workload and fabric are borrowed. */
#ifndef DC_TRAFFIC_COLLECTIVE_H
#define DC_TRAFFIC_COLLECTIVE_H

#include "config/config.h"
#include "fabric/collective.h"

enum {
	DC_TRAFFIC_SIZES = 1000,    /* that a job may have */
	DC_TRAFFIC_REPEATS = 10000, /* of each */
};

struct dc_traffic_collective_workload {
	const struct dc_node *node;
	const char *kind;
	int operation;               /* enum dc_operation */
	const struct dc_node *sizes; /* a size, a list of them, or {from, to, factor} */
	const char *algorithm;
	int protocol; /* 0: auto, else 1 + enum dc_protocol */
	uint64_t root, chunks, servers;
	const struct dc_node *groups; /* NULL: all ranks */
	uint64_t repeat;
};

extern const struct dc_section dc_traffic_collective_section;

/* Groups that are translates of each other, declared as one item. */
struct dc_traffic_groups {
	uint64_t base, size, stride; /* of the first; size: members */
	uint64_t count;
	bool all;        /* every rank, dimension by dimension */
	bool everywhere; /* together they are all ranks */
};

/* A job, settled. */
struct dc_traffic_collective {
	const char *name;
	dc_time arrival;
	const struct dc_traffic_collective_workload *workload;
	enum dc_operation operation;
	double *sizes_bytes;
	size_t sizes;
	struct dc_traffic_groups *groups;
	size_t items;
	struct dc_collective_request request; /* without group and size */
};

/* Settles what the section leaves open, but for name and arrival, and checks it against the fabric: sizes, groups, root, an
 * algorithm by name. Every mistake is told at its place. */
enum dc_status dc_traffic_collective_settle(struct dc_config *config,
					    const struct dc_traffic_collective_workload *workload,
					    const struct dc_fabric *fabric, struct dc_arena *arena,
					    struct dc_traffic_collective *job) DC_CHECK;

/* The group that is number `which` of an item, 0 <= which < count. */
enum dc_status dc_traffic_collective_group(const struct dc_fabric *fabric,
					   const struct dc_traffic_groups *groups, uint64_t which,
					   struct dc_group *group) DC_CHECK;

#endif
