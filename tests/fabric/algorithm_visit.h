/* For the tests of algorithms: fabrics of all kinds, and every algorithm on them. */
#ifndef DC_TESTS_FABRIC_ALGORITHM_VISIT_H
#define DC_TESTS_FABRIC_ALGORITHM_VISIT_H

#include "algorithm_flow.h"
#include "plans.h"

enum kind { RING, SWITCH, FULL, TORUS, REDUCING, KINDS };

static inline struct dc_fabric build(const uint64_t *sizes, const enum kind *kinds, size_t count)
{
	static const struct dc_topology_type *const types[] = {
		[RING] = &dc_topology_ring,
		[SWITCH] = &dc_topology_switch,
		[FULL] = &dc_topology_fully_connected,
		[TORUS] = &dc_topology_torus,
		[REDUCING] = &dc_topology_switch,
	};
	struct dc_fabric fabric = {0};

	for (size_t i = 0; i < count; i++) {
		const struct dc_fabric_dimension dimension = {.type = types[kinds[i]],
							      .size = sizes[i],
							      .bandwidth_bps = 50e9,
							      .latency_s = 500e-9,
							      .reduces = kinds[i] == REDUCING};

		cr_assert_eq(dc_fabric_add(&fabric, &dimension), DC_OK);
	}
	return fabric;
}

static inline struct dc_fabric line_of(uint64_t size, enum kind kind)
{
	return build(&size, &kind, 1);
}

/* Called for each algorithm and operation that fit. */
typedef void visit(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
		   const struct dc_request *request, const struct dc_schedule *schedule,
		   void *context);

static inline void visit_all(const struct dc_fabric *fabric, const struct dc_group *group,
			     const struct dc_request *asked, visit *call, void *context)
{
	for (size_t a = 0; dc_algorithms[a]; a++)
		for (int o = 0; o < DC_OPERATIONS; o++) {
			struct dc_request request = *asked;
			struct dc_arena *arena;
			struct dc_schedule schedule;

			request.operation = (enum dc_operation)o;
			if (!dc_algorithm_fits(dc_algorithms[a], fabric, group, &request, NULL))
				continue;
			arena = dc_arena_create();
			flow_lower(dc_algorithms[a], fabric, group, &request, arena, &schedule);
			call(dc_algorithms[a], fabric, &request, &schedule, context);
			dc_arena_destroy(arena);
		}
}

#endif
