/* For the fabric's tests: fabrics from numbers and from YAML, and a collective run message by
 * message. */
#ifndef DC_TESTS_FABRIC_BUILD_H
#define DC_TESTS_FABRIC_BUILD_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "fabric/collective.h"

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
		status = dc_fabric_build(&section, diag, dc_config_arena(config), fabric);
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

struct build_run {
	struct dc_engine *engine;
	dc_time first, last; /* ends of ranks */
	uint64_t ended;
};

static inline void build_rank_done(void *context, uint64_t rank)
{
	struct build_run *run = context;

	(void)rank;
	run->last = dc_engine_now(run->engine);
	if (!run->ended++)
		run->first = run->last;
}

/* Runs a schedule message by message from time `from`; every rank must end. */
static inline struct build_run build_stepwise(const struct dc_fabric *fabric,
					      const struct dc_collective *collective,
					      uint64_t *events)
{
	struct build_run run = {.engine = dc_engine_create()};
	struct dc_stepwise *stepwise =
		dc_stepwise_create(run.engine, fabric, build_rank_done, &run);

	cr_assert_not_null(stepwise);
	dc_stepwise_start(stepwise, collective);
	cr_assert_eq(dc_engine_run(run.engine, NULL), DC_OK);
	cr_assert_eq(run.ended, fabric->ranks);
	if (events)
		*events = dc_engine_count(run.engine);
	dc_stepwise_destroy(stepwise);
	dc_engine_destroy(run.engine);
	return run;
}

/* Closed form, stepwise: the same tick on every rank. Returns it. */
static inline dc_time build_both(const struct dc_fabric *fabric, enum dc_collective_kind kind,
				 double size_bytes)
{
	struct dc_collective collective;
	dc_time closed;

	dc_collective_lower(fabric, kind, size_bytes, &collective);
	closed = dc_collective_duration(&collective);
	if (collective.count) {
		struct build_run run = build_stepwise(fabric, &collective, NULL);

		cr_assert(run.first == closed && run.last == closed,
			  "%llu ranks, %g B: closed form %.17g s, stepwise %.17g to %.17g s",
			  (unsigned long long)fabric->ranks, size_bytes, dc_time_to_s(closed),
			  dc_time_to_s(run.first), dc_time_to_s(run.last));
	}
	return closed;
}

#endif
