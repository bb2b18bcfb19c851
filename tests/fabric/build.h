/* For the fabric's tests: fabrics from numbers and from YAML, and a collective run message by
 * message. */
#ifndef DC_TESTS_FABRIC_BUILD_H
#define DC_TESTS_FABRIC_BUILD_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "fabric/collective.h"
#include "plans.h"

static inline void build_add(struct dc_fabric *fabric, uint64_t size, double bandwidth_bps,
			     double latency_s, unsigned links)
{
	const struct dc_fabric_dimension dimension = {
		.type = links == 1 ? &dc_topology_ring : &dc_topology_switch,
		.size = size,
		.bandwidth_bps = bandwidth_bps,
		.latency_s = latency_s,
	};

	cr_assert_eq(dc_fabric_add(fabric, &dimension), DC_OK);
}

/* One ring of 50e9 B/s and 500 ns, the and the peers' numbers. */
static inline struct dc_fabric build_ring(uint64_t size)
{
	struct dc_fabric fabric = {0};

	build_add(&fabric, size, 50e9, 500e-9, 1);
	return fabric;
}

/* Reads `fabric: ...` and builds it; *messages (freed by the caller) is what the sink says. */
static inline enum dc_status build_yaml(const char *yaml, struct dc_fabric *fabric, char **messages)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_config *config = dc_config_create(diag, (const char *const[]){NULL});
	struct dc_fabric_config section = {0};
	struct dc_node *root = NULL;
	size_t size = 0;
	FILE *out = open_memstream(messages, &size);
	enum dc_status status = dc_tree_read_text(dc_config_arena(config), diag, "test.yaml", yaml,
						  strlen(yaml), &root);

	if (!status)
		status = dc_section_read(config, &dc_fabric_section, root, &section);
	if (!status)
		status = dc_fabric_build(&section, NULL, diag, dc_config_arena(config), fabric);
	dc_diag_render(diag, out, false);
	fclose(out);
	dc_config_destroy(config);
	dc_diag_destroy(diag);
	return status;
}

static inline void build_refused(const char *yaml, const char *words)
{
	struct dc_fabric fabric = {0};
	char *messages = NULL;

	cr_expect_eq(build_yaml(yaml, &fabric, &messages), DC_ERR_INPUT, "%s", yaml);
	cr_expect(strstr(messages, words) != NULL, "expected \"%s\" in:\n%s", words, messages);
	free(messages);
}

/* The sizes, "8 4", of the fabric that a YAML text builds. */
static inline struct dc_fabric build_good(const char *yaml)
{
	struct dc_fabric fabric = {0};
	char *messages = NULL;

	cr_assert_eq(build_yaml(yaml, &fabric, &messages), DC_OK, "%s", messages);
	free(messages);
	return fabric;
}

/* The ring algorithm on every rank, lowered into the arena. */
static inline struct dc_schedule *build_ring_schedule(struct dc_arena *arena,
						      const struct dc_fabric *fabric,
						      enum dc_operation operation,
						      double size_bytes)
{
	const struct dc_request request = {.operation = operation, .size_bytes = size_bytes};
	const struct dc_group group = dc_group_all(fabric);

	return plans_lower(arena, fabric, &group, "ring", &request);
}

static inline dc_time build_closed(const struct dc_fabric *fabric, enum dc_operation operation,
				   double size_bytes)
{
	struct dc_arena *arena = dc_arena_create();
	dc_time closed = dc_collective_closed_form(
		fabric, build_ring_schedule(arena, fabric, operation, size_bytes),
		&dc_fabric_no_cost);

	dc_arena_destroy(arena);
	return closed;
}

/* Bytes that all ranks send, over the number of ranks. */
static inline double build_sent_bytes(const struct dc_fabric *fabric, enum dc_operation operation,
				      double size_bytes)
{
	struct dc_arena *arena = dc_arena_create();
	double bytes = dc_schedule_bytes(build_ring_schedule(arena, fabric, operation, size_bytes));

	dc_arena_destroy(arena);
	return bytes / (double)fabric->ranks;
}

static inline double build_bound_s(const struct dc_fabric *fabric, enum dc_operation operation,
				   double size_bytes)
{
	const struct dc_group group = dc_group_all(fabric);

	return dc_collective_bound_s(fabric, &group, operation, size_bytes);
}

/* Closed form, every message by itself, folded: the same tick. Returns it. */
static inline dc_time build_both(const struct dc_fabric *fabric, enum dc_operation operation,
				 double size_bytes)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_schedule *schedule = build_ring_schedule(arena, fabric, operation, size_bytes);
	dc_time closed = dc_collective_closed_form(fabric, schedule, &dc_fabric_no_cost);
	struct dc_plan plan = plans_lay_out(fabric, schedule), folded;
	dc_time stepwise = plans_run(&plan, true, NULL, NULL), other;
	bool made;

	cr_assert(stepwise == closed, "%llu ranks, %g B: closed form %.17g s, stepwise %.17g s",
		  (unsigned long long)fabric->ranks, size_bytes, dc_time_to_s(closed),
		  dc_time_to_s(stepwise));
	cr_assert_eq(dc_plan_fold(&plan, UINT64_MAX, &folded, &made), DC_OK);
	other = plans_run(&folded, false, NULL, NULL);
	cr_assert(other == closed, "%llu ranks, %g B: closed form %.17g s, folded %.17g s",
		  (unsigned long long)fabric->ranks, size_bytes, dc_time_to_s(closed),
		  dc_time_to_s(other));
	dc_plan_fini(&plan);
	dc_plan_fini(&folded);
	dc_arena_destroy(arena);
	return closed;
}

#endif
