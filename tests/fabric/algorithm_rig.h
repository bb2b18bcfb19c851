/* For the tests of algorithms: one schedule, played, with what each operation begins with and
 * promises. */
#ifndef DC_TESTS_FABRIC_ALGORITHM_RIG_H
#define DC_TESTS_FABRIC_ALGORITHM_RIG_H

#include "algorithm_flow.h"

static const uint64_t sizes_tested[] = {2,  3,  4,  5,  6,  7,  8,  9,  10,
					11, 12, 13, 14, 15, 16, 17, 32, 64};
enum { SIZES = sizeof sizes_tested / sizeof *sizes_tested };

/* One schedule, played on a track. */
struct rig {
	struct dc_fabric fabric;
	struct dc_group group;
	struct dc_request request;
	struct dc_arena *arena;
	struct dc_schedule schedule;
	struct flow flow;
	const char *name;
};

static inline void rig_start(struct rig *rig, const struct dc_algorithm_type *type,
			     const uint64_t *sizes, size_t count, const struct dc_request *request)
{
	memset(rig, 0, sizeof *rig);
	rig->fabric = flow_fabric(sizes, count, false);
	rig->group = dc_group_all(&rig->fabric);
	rig->request = *request;
	rig->arena = dc_arena_create();
	rig->name = type->name;
	flow_lower(type, &rig->fabric, &rig->group, &rig->request, rig->arena, &rig->schedule);
}

/* Begins a track that has `part` of the bytes, in as many blocks. */
static inline struct flow *rig_track(struct rig *rig, size_t track, uint64_t blocks, double part,
				     enum flow_count count)
{
	double unit_bytes = rig->request.size_bytes * part / (double)blocks /
			    (double)rig->schedule.tracks[track].chunks;
	struct flow *flow = &rig->flow;

	flow_start(flow, &rig->schedule, track, blocks, unit_bytes, count, rig->name);
	for (uint64_t m = 0; m < flow->p; m++)
		for (uint64_t b = 0; b < blocks; b++)
			switch (rig->request.operation) {
			case DC_OPERATION_BROADCAST:
			case DC_OPERATION_SCATTER:
			case DC_OPERATION_SEND:
				flow->have[m][b] = m == rig->request.root;
				break;
			case DC_OPERATION_GATHER:
			case DC_OPERATION_ALL_GATHER:
				flow->have[m][b] = b == m;
				break;
			default: /* contributions of its own to all */
				flow->have[m][b] = (uint64_t)1 << m;
				break;
			}
	return flow;
}

/* What the operation promises to a member of a block. */
static inline bool is_promised(const struct dc_request *request, uint64_t p, uint64_t m, uint64_t b)
{
	switch (request->operation) {
	case DC_OPERATION_REDUCE:
	case DC_OPERATION_GATHER:
		return m == request->root;
	case DC_OPERATION_SCATTER:
	case DC_OPERATION_ALL_TO_ALL:
		return m == b;
	case DC_OPERATION_SEND:
		return m == (request->root + 1) % p;
	default:
		return true;
	}
}

static inline void rig_check(struct rig *rig)
{
	const struct flow *flow = &rig->flow;
	enum dc_operation operation = rig->request.operation;
	bool sums = operation == DC_OPERATION_REDUCE || operation == DC_OPERATION_ALL_REDUCE ||
		    operation == DC_OPERATION_ALL_TO_ALL || operation == DC_OPERATION_BARRIER;

	flow_end(&rig->flow);
	for (uint64_t m = 0; m < flow->p; m++)
		for (uint64_t b = 0; b < flow->blocks; b++)
			cr_assert(!is_promised(&rig->request, flow->p, m, b) ||
					  flow->have[m][b] == (sums ? flow_all(flow->p) : 1),
				  "%s, operation %d, %u members, root %u: member %u, block %u",
				  rig->name, (int)operation, (unsigned)flow->p,
				  (unsigned)rig->request.root, (unsigned)m, (unsigned)b);
}

static inline void rig_stop(struct rig *rig)
{
	dc_arena_destroy(rig->arena);
}

#endif
