/* For tests of collectives: a workload given as YAML on a fabric, run, every row kept. */
#ifndef DC_TESTS_TRAFFIC_COLLECTIVE_H
#define DC_TESTS_TRAFFIC_COLLECTIVE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/collective_run.h"

enum { RIG_JOBS = 4, RIG_ROWS = 64 };

struct collectives {
	struct dc_diag *diag;
	struct dc_config *config;
	struct dc_arena *arena;
	struct dc_fabric *fabric;
	struct dc_traffic_collective_workload workloads[RIG_JOBS];
	struct dc_traffic_collective jobs[RIG_JOBS];
	struct dc_plan_epoch epochs[4];
	struct dc_traffic_collectives work;
	/* of the last run */
	struct dc_traffic_collective_row rows[RIG_ROWS];
	size_t row_count;
	struct dc_traffic_collective_totals totals;
	dc_time end;
};

static inline void collectives_init(struct collectives *rig, struct dc_fabric *fabric)
{
	*rig = (struct collectives){.diag = dc_diag_create(), .fabric = fabric};
	rig->config = dc_config_create(rig->diag, (const char *const[]){NULL});
	rig->arena = dc_config_arena(rig->config);
	rig->epochs[0].fabric = fabric;
	rig->work = (struct dc_traffic_collectives){
		.fabric = fabric,
		.jobs = rig->jobs,
		.epochs = rig->epochs,
		.epoch_count = 1,
	};
}

static inline void collectives_free(struct collectives *rig)
{
	dc_config_destroy(rig->config);
	dc_diag_destroy(rig->diag);
}

/* What the sink says; to be freed. */
static inline char *collectives_messages(const struct collectives *rig)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	dc_diag_render(rig->diag, out, false);
	fclose(out);
	return text;
}

/* Adds a job: the section as YAML. */
static inline enum dc_status collectives_add(struct collectives *rig, const char *name,
					     dc_time arrival, const char *yaml)
{
	size_t j = rig->work.job_count;
	struct dc_node *root = NULL;
	enum dc_status status =
		dc_tree_read_text(rig->arena, rig->diag, name, yaml, strlen(yaml), &root);

	if (!status)
		status = dc_section_read(rig->config, &dc_traffic_collective_section, root,
					 &rig->workloads[j]);
	if (!status)
		status = dc_traffic_collective_settle(rig->config, &rig->workloads[j], rig->fabric,
						      rig->arena, &rig->jobs[j]);
	rig->jobs[j].name = name;
	rig->jobs[j].arrival = arrival;
	rig->work.job_count++;
	return status;
}

static inline enum dc_status collectives_keep(void *context,
					      const struct dc_traffic_collective_row *row)
{
	struct collectives *rig = context;

	cr_assert_lt(rig->row_count, RIG_ROWS);
	rig->rows[rig->row_count++] = *row;
	return DC_OK;
}

static inline enum dc_status collectives_try(struct collectives *rig, bool exact)
{
	struct dc_engine *engine = dc_engine_create();
	const struct dc_traffic_collective_options options = {
		.exact = exact,
		.row = collectives_keep,
		.context = rig,
	};
	enum dc_status status;

	rig->row_count = 0;
	status = dc_traffic_collectives_run(&rig->work, engine, rig->diag, &options, &rig->totals);
	rig->end = dc_engine_now(engine);
	dc_engine_destroy(engine);
	return status;
}

static inline void collectives_run(struct collectives *rig, bool exact)
{
	enum dc_status status = collectives_try(rig, exact);
	char *text = collectives_messages(rig);

	cr_assert_eq(status, DC_OK, "%s", text);
	free(text);
}

#endif
