/* Utilisation of links over time. */
#include "scenario/link_recorder.h"

#include <math.h>
#include <string.h>

enum kind { UP, DOWN, BETWEEN, DIRECT, KINDS };

static const char *const kind_names[KINDS] = {"up", "down", "between switches", "direct"};

static enum kind kind_of(const struct dc_fabric *fabric, const struct dc_fabric_link *link)
{
	uint64_t size = fabric->dimensions[link->dimension].size;

	if (link->from < size)
		return link->to < size ? DIRECT : UP;
	return link->to < size ? DOWN : BETWEEN;
}

static enum dc_status allocate(struct dc_link_recorder *recorder, size_t columns,
			       const char ***labels, struct dc_arena *arena)
{
	*labels = dc_arena_array(arena, columns, sizeof **labels);
	recorder->column_of = dc_arena_array(arena, recorder->links, sizeof *recorder->column_of);
	recorder->bandwidth_bps = dc_arena_array(arena, columns, sizeof(double));
	recorder->carried_bytes = dc_arena_array(arena, columns, sizeof(double));
	recorder->before_bytes = dc_arena_array(arena, columns, sizeof(double));
	recorder->values = dc_arena_array(arena, columns, sizeof(double));
	recorder->link_bytes = dc_arena_array(arena, recorder->links, sizeof(double));
	return *labels && recorder->column_of && recorder->bandwidth_bps &&
			       recorder->carried_bytes && recorder->before_bytes &&
			       recorder->values && recorder->link_bytes
		       ? DC_OK
		       : DC_ERR_MEMORY;
}

/* A column for each kind of link of each dimension that there is, and one for ports. */
static enum dc_status name_classes(struct dc_link_recorder *recorder,
				   const struct dc_fabric *fabric, const char **labels,
				   struct dc_arena *arena)
{
	uint32_t columns[DC_FABRIC_DIMENSIONS + 1][KINDS];

	memset(columns, 0xff, sizeof columns);
	for (uint64_t l = 0; l < recorder->links; l++) {
		struct dc_fabric_link link;
		size_t d = fabric->count;
		enum kind kind = UP;
		uint32_t *column;

		dc_fabric_link(fabric, l, &link);
		if (!link.port) {
			d = link.dimension;
			kind = kind_of(fabric, &link);
		}
		column = &columns[d][kind];
		if (*column == DC_RECORD_NONE) {
			*column = (uint32_t)recorder->axis.count++;
			labels[*column] =
				link.port ? "ports"
					  : dc_arena_printf(arena, "%s %zu %s",
							    fabric->dimensions[d].type->name, d,
							    kind_names[kind]);
			if (!labels[*column])
				return DC_ERR_MEMORY;
		}
		recorder->column_of[l] = *column;
	}
	return DC_OK;
}

static enum dc_status name_links(struct dc_link_recorder *recorder, const uint64_t *busiest,
				 size_t count, const char **labels, dc_simulation_links_name *name,
				 void *context, struct dc_arena *arena)
{
	bool all = recorder->mode == DC_SCENARIO_LINKS_ALL;

	for (uint64_t l = 0; l < recorder->links; l++)
		recorder->column_of[l] = DC_RECORD_NONE;
	for (uint64_t i = 0; i < (all ? recorder->links : count); i++) {
		uint64_t link = all ? i : busiest[i];

		recorder->column_of[link] = (uint32_t)recorder->axis.count;
		labels[recorder->axis.count] = name(context, link, arena);
		if (!labels[recorder->axis.count++])
			return DC_ERR_MEMORY;
	}
	return DC_OK;
}

enum dc_status dc_simulation_links_init(struct dc_link_recorder *recorder, int mode, uint64_t links,
					double *link_bps, const struct dc_fabric *fabric,
					const uint64_t *busiest, size_t busiest_count,
					dc_simulation_links_name *name, void *name_context,
					struct dc_arena *arena)
{
	size_t most =
		mode == DC_SCENARIO_LINKS_ALL ? links : (DC_FABRIC_DIMENSIONS + 1) * (size_t)KINDS;
	const char **labels;
	enum dc_status status;

	*recorder = (struct dc_link_recorder){.mode = mode, .links = links, .link_bps = link_bps};
	status = allocate(recorder, most, &labels, arena);
	if (status)
		return status;
	if (mode == DC_SCENARIO_LINKS_CLASS)
		status = name_classes(recorder, fabric, labels, arena);
	else
		status = name_links(recorder, busiest, busiest_count, labels, name, name_context,
				    arena);
	recorder->axis.name = "recorded_link";
	recorder->axis.labels = labels;
	for (uint64_t l = 0; l < links; l++)
		if (recorder->column_of[l] != DC_RECORD_NONE)
			recorder->bandwidth_bps[recorder->column_of[l]] += link_bps[l];
	recorder->column = (struct dc_column){
		.section = "links",
		.name = "utilization",
		.unit = "1",
		.long_name = "bytes carried over what could have been, as built",
		.cell = DC_CELL_MEAN,
		.axis = &recorder->axis,
	};
	return status;
}

void dc_simulation_links_carried(struct dc_link_recorder *recorder, uint64_t link, double bytes)
{
	uint32_t column = recorder->column_of[link];

	recorder->link_bytes[link] += bytes;
	if (column != DC_RECORD_NONE)
		recorder->carried_bytes[column] += bytes;
}

static void ask(struct dc_link_recorder *recorder)
{
	memset(recorder->carried_bytes, 0, recorder->axis.count * sizeof(double));
	memset(recorder->link_bytes, 0, recorder->links * sizeof(double));
	recorder->ask(recorder->context, recorder);
}

static enum dc_status write_row(struct dc_link_recorder *recorder)
{
	dc_time now = dc_engine_now(recorder->engine);
	double length_s = dc_time_to_s(now - recorder->since);

	if (!recorder->sink || now == recorder->since || !recorder->axis.count)
		return DC_OK;
	ask(recorder);
	for (size_t c = 0; c < recorder->axis.count; c++) {
		double bytes = recorder->carried_bytes[c] - recorder->before_bytes[c];

		/* A link that was built broken carries nothing. */
		recorder->values[c] = recorder->bandwidth_bps[c] > 0
					      ? bytes / (recorder->bandwidth_bps[c] * length_s)
					      : 0;
		recorder->before_bytes[c] = recorder->carried_bytes[c];
	}
	recorder->since = now;
	return recorder->sink->type->interval(recorder->sink, dc_time_to_s(now), length_s,
					      recorder->values);
}

static void on_sample(void *context, uint64_t argument)
{
	struct dc_link_recorder *recorder = context;
	enum dc_status status = write_row(recorder);

	(void)argument;
	recorder->next = 0;
	if (status)
		dc_engine_fail(recorder->engine, status);
	/* When nothing else is to come, time stands still. */
	else if (dc_engine_pending(recorder->engine))
		dc_simulation_links_resume(recorder);
}

void dc_simulation_links_start(struct dc_link_recorder *recorder, struct dc_engine *engine,
			       dc_time interval, struct dc_record_sink *sink,
			       dc_simulation_links_ask *ask_links, void *context)
{
	recorder->engine = engine;
	recorder->interval = interval;
	recorder->sink = sink;
	recorder->ask = ask_links;
	recorder->context = context;
}

void dc_simulation_links_resume(struct dc_link_recorder *recorder)
{
	dc_time now = dc_engine_now(recorder->engine);

	if (recorder->sink && recorder->axis.count && !recorder->next)
		recorder->next = dc_engine_schedule(
			recorder->engine, (now / recorder->interval + 1) * recorder->interval,
			DC_PHASE_SAMPLING, 1, on_sample, recorder, 0);
}

void dc_simulation_links_pause(struct dc_link_recorder *recorder)
{
	if (recorder->next)
		dc_engine_cancel(recorder->engine, recorder->next);
	recorder->next = 0;
}

void dc_simulation_links_declare(const struct dc_link_recorder *recorder, struct dc_axis *axes,
				 struct dc_record_schema *schema)
{
	if (!recorder->axis.count)
		return;
	axes[schema->axes_count++] = recorder->axis;
	schema->columns = &recorder->column;
	schema->columns_count = 1;
}

enum dc_status dc_simulation_links_finish(struct dc_link_recorder *recorder)
{
	return write_row(recorder);
}

size_t dc_simulation_links_busiest(struct dc_link_recorder *recorder,
				   uint64_t busiest[DC_LINK_RECORDER_TOP])
{
	double shares[DC_LINK_RECORDER_TOP];
	size_t count = 0;

	ask(recorder);
	for (uint64_t l = 0; l < recorder->links; l++) {
		double share = recorder->link_bps[l] > 0
				       ? recorder->link_bytes[l] / recorder->link_bps[l]
				       : 0;
		size_t place = count;

		while (place && share > shares[place - 1])
			place--;
		if (!(share > 0) || place == DC_LINK_RECORDER_TOP)
			continue;
		if (count < DC_LINK_RECORDER_TOP)
			count++;
		for (size_t i = count - 1; i > place; i--) {
			shares[i] = shares[i - 1];
			busiest[i] = busiest[i - 1];
		}
		shares[place] = share;
		busiest[place] = l;
	}
	return count;
}

enum dc_status dc_simulation_links_report(struct dc_link_recorder *recorder, double duration_s,
					  dc_simulation_links_name *name, void *context,
					  struct dc_arena *arena,
					  struct dc_simulation_result *result)
{
	uint64_t busiest[DC_LINK_RECORDER_TOP];
	size_t count = dc_simulation_links_busiest(recorder, busiest);
	size_t most = sizeof result->busiest / sizeof *result->busiest;

	for (size_t i = 0; i < most && i < count; i++) {
		result->busiest[i].name = name(context, busiest[i], arena);
		result->busiest[i].utilization = recorder->link_bytes[busiest[i]] /
						 (recorder->link_bps[busiest[i]] * duration_s);
		if (!result->busiest[i].name)
			return DC_ERR_MEMORY;
		result->busiest_count = i + 1;
	}
	return DC_OK;
}
