/* Flow lists: flows over named links, run together, and when each should have finished.
 *
 * Every link is a resource of 50 GB/s without latency. A row's completion time is finish_s - start_s; the
 * prediction is the run's own, from integer time. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fluid/transfers.h"
#include "study/validation.h"
#include "traffic/flows.h"

enum { PATH_LIMIT = 64, LINKS_LIMIT = 10000000 };

struct flow {
	dc_time start;
	dc_time finish;
	double bytes;
	double measured_s;
	uint32_t hops;
	struct dc_fluid_hop *path;
};

struct flow_list {
	struct dc_diag *diag;
	struct dc_engine *engine;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	struct flow *flows;
	size_t count;
	uint32_t links; /* resources made so far: numbers 0 to links - 1 */
};

static enum dc_status need_link(struct flow_list *list, unsigned long link)
{
	uint32_t resource;

	while (list->links <= link) {
		enum dc_status status =
			dc_fluid_add_resource(list->solver, DC_TRAFFIC_IMPLIED_BPS, 1, &resource);

		if (status)
			return status;
		list->links++;
	}
	return DC_OK;
}

/* "0 14 7": the links of a path. */
static enum dc_status read_path(struct flow_list *list, struct dc_arena *arena,
				const struct dc_table *table, size_t row, int column,
				struct flow *flow)
{
	struct dc_mark mark = dc_table_mark(table, row, column);
	const char *at = dc_table_text(table, row, column);

	flow->path = dc_arena_array(arena, PATH_LIMIT, sizeof *flow->path);
	if (!flow->path)
		return DC_ERR_MEMORY;
	while (*at) {
		char *end;
		unsigned long link;
		enum dc_status status;

		errno = 0;
		link = strtoul(at, &end, 10);
		if (end == at || *at == '-' || errno || link >= LINKS_LIMIT)
			return dc_diag_error(list->diag, &mark,
					     "links: expected numbers of links from 0 to %d, "
					     "separated by blanks",
					     LINKS_LIMIT - 1);
		if (flow->hops == PATH_LIMIT)
			return dc_diag_error(list->diag, &mark,
					     "links: a path of more than %d links", PATH_LIMIT);
		status = need_link(list, link);
		if (status)
			return status;
		flow->path[flow->hops++] = (struct dc_fluid_hop){(uint32_t)link, 1.0};
		at = end + strspn(end, " ");
	}
	return DC_OK;
}

static enum dc_status read_flow(struct flow_list *list, struct dc_arena *arena,
				const struct dc_table *table, size_t row, struct flow *flow)
{
	struct dc_mark mark = dc_table_mark(table, row, dc_table_column(table, "bytes"));
	double start_s, finish_s;
	enum dc_status bytes = dc_table_number(table, list->diag, row,
					       dc_table_column(table, "bytes"), &flow->bytes);
	enum dc_status start = dc_table_number(table, list->diag, row,
					       dc_table_column(table, "start_s"), &start_s);
	enum dc_status finish = dc_table_number(table, list->diag, row,
						dc_table_column(table, "finish_s"), &finish_s);

	if (bytes || start || finish)
		return DC_ERR_INPUT;
	if (flow->bytes < 0 || start_s < 0 || finish_s < start_s)
		return dc_diag_error(list->diag, &mark,
				     "expected bytes and start_s from 0, and finish_s not before "
				     "start_s");
	flow->start = dc_time_from_s(start_s);
	flow->measured_s = finish_s - start_s;
	return read_path(list, arena, table, row, dc_table_column(table, "links"), flow);
}

static void on_done(void *context, uint64_t number)
{
	struct flow_list *list = context;

	list->flows[number].finish = dc_engine_now(list->engine);
}

static void on_start(void *context, uint64_t number)
{
	struct flow_list *list = context;
	const struct flow *flow = &list->flows[number];
	const struct dc_fluid_transfer_spec spec = {
		.path = flow->path,
		.hops = flow->hops,
		.entity = (uint32_t)number,
		.bytes = flow->bytes,
		.weight = 1,
		.cap_bps = (double)INFINITY,
		.multiplicity = 1,
		.done = on_done,
		.context = list,
		.argument = number,
	};
	enum dc_status status = dc_fluid_transfers_start(list->transfers, &spec, NULL);

	if (status)
		dc_engine_fail(list->engine, status);
}

static enum dc_status simulate(struct flow_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		list->flows[i].finish = -1;
		if (!dc_engine_schedule(list->engine, list->flows[i].start, DC_PHASE_COMPLETION, i,
					on_start, list, i))
			return DC_ERR_MEMORY;
	}
	return dc_engine_run(list->engine, NULL);
}

static enum dc_status report(struct flow_list *list, struct dc_validation *validation,
			     const struct dc_table *table, const char *suite_column,
			     const char *file)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct flow *flow = &list->flows[i];
		struct dc_validation_result result = {
			.suite = dc_validation_suite(validation, table, i, suite_column, file),
			.id = dc_validation_id(validation, table, i),
			.quantity = "completion",
			.unit = "s",
			.measured = flow->measured_s,
			.predicted = dc_time_to_s(flow->finish - flow->start),
			.failure = flow->finish < 0 ? "the flow never finishes" : NULL,
		};
		enum dc_status status = dc_validation_add(validation, &result);

		if (status)
			return status;
	}
	return DC_OK;
}

static enum dc_status read_flows(struct flow_list *list, struct dc_arena *arena,
				 const struct dc_table *table)
{
	enum dc_status result = DC_OK;

	list->count = table->rows;
	list->flows = dc_arena_array(arena, table->rows + 1, sizeof *list->flows);
	if (!list->flows)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < list->count; i++) {
		enum dc_status status = read_flow(list, arena, table, i, &list->flows[i]);

		if (status && status != DC_ERR_INPUT)
			return status;
		result = result ? result : status;
	}
	return result;
}

static enum dc_status run(struct dc_validation *validation, const struct dc_table *table,
			  const char *suite_column, const char *file)
{
	struct flow_list list = {.diag = validation->diag};
	enum dc_status status = DC_ERR_MEMORY;

	list.engine = dc_engine_create();
	list.solver = dc_fluid_create();
	if (list.engine && list.solver)
		list.transfers =
			dc_fluid_transfers_create(list.engine, list.solver, DC_PHASE_STATE);
	if (list.transfers)
		status = read_flows(&list, validation->arena, table);
	if (!status)
		status = simulate(&list);
	if (!status)
		status = report(&list, validation, table, suite_column, file);
	dc_fluid_transfers_destroy(list.transfers);
	dc_fluid_destroy(list.solver);
	dc_engine_destroy(list.engine);
	return status;
}

static const char *const columns[] = {"bytes", "start_s", "links", "finish_s", NULL};

const struct dc_validation_kind dc_validation_flows = {
	.name = "flow list",
	.doc = "flows over links of 50 GB/s without latency; completion time of each",
	.columns = columns,
	.run = run,
};
