/* The recorder: what is declared, and how rows are made of totals. */
#include "scenario/recorder.h"

#include <math.h>
#include <string.h>

#include "scenario/record.h"

enum { AXIS_PART, AXIS_RACK, AXIS_COMMUNICATION, AXIS_TIMELINE };

/* Where a column's value comes from. */
enum source {
	FROM_PARTS,      /* all parts and cooling, as means */
	FROM_TOTAL_MEAN, /* a climate total over the interval's length */
	FROM_TOTAL_SUM,  /* its difference */
	FROM_USE,
	FROM_RACKS,
	FROM_PUE,
	FROM_ITERATIONS,
};

struct column {
	const char *section, *name, *unit, *long_name;
	enum dc_cell cell;
	int axis; /* -1: none */
	enum source source;
	int index;
	double scale;
};

static const struct column columns[] = {
	{"power", "part_w", "W", "power by part", DC_CELL_MEAN, AXIS_PART, FROM_PARTS, 0, 1},
	{"power", "it_w", "W", "IT power at the PDU output", DC_CELL_MEAN, -1, FROM_TOTAL_MEAN,
	 DC_TOTAL_IT_J, 1},
	{"power", "utility_w", "W", "power from the utility", DC_CELL_MEAN, -1, FROM_TOTAL_MEAN,
	 DC_TOTAL_UTILITY_J, 1},
	{"power", "energy_j", "J", "energy from the utility", DC_CELL_SUM, -1, FROM_TOTAL_SUM,
	 DC_TOTAL_UTILITY_J, 1},
	{"facility", "pue", "1", "utility energy over IT energy", DC_CELL_MEAN, -1, FROM_PUE, 0, 1},
	{"facility", "outdoor_degc", "degree_Celsius", "outdoor dry bulb", DC_CELL_MEAN, -1,
	 FROM_TOTAL_MEAN, DC_TOTAL_OUTDOOR_DEGC_S, 1},
	{"facility", "room_degc", "degree_Celsius", "room air returning to the plant", DC_CELL_MEAN,
	 -1, FROM_TOTAL_MEAN, DC_TOTAL_ROOM_DEGC_S, 1},
	{"facility", "supply_degc", "degree_Celsius", "air supplied by the plant", DC_CELL_MEAN, -1,
	 FROM_TOTAL_MEAN, DC_TOTAL_SUPPLY_DEGC_S, 1},
	{"facility", "rack_degc", "degree_Celsius", "mass of a rack", DC_CELL_MEAN, AXIS_RACK,
	 FROM_RACKS, 0, 1},
	{"facility", "cop", "1", "coefficient of performance of the plant's compressor",
	 DC_CELL_MEAN, -1, FROM_TOTAL_MEAN, DC_TOTAL_COP_S, 1},
	{"training", "iterations", "1", "iterations completed", DC_CELL_SUM, -1, FROM_ITERATIONS, 0,
	 1},
	{"training", "compute_share", "1", "share of accelerator time spent computing",
	 DC_CELL_MEAN, -1, FROM_USE, DC_USE_COMPUTING, 1},
	{"training", "exposed_communication_share", "1",
	 "share of accelerator time spent waiting for a collective", DC_CELL_MEAN, -1, FROM_USE,
	 DC_USE_COMMUNICATING, 1},
	{"training", "stall_share", "1", "share of accelerator time spent waiting for data",
	 DC_CELL_MEAN, -1, FROM_USE, DC_USE_STALLED, 1},
	{"training", "bubble_share", "1",
	 "share of accelerator time spent waiting for another stage, or at a barrier", DC_CELL_MEAN,
	 -1, FROM_USE, DC_USE_WAITING, 1},
	{"utilization", "compute", "1", "share of the peak FLOP rate", DC_CELL_MEAN, -1, FROM_USE,
	 DC_USE_COMPUTE, 1},
	{"utilization", "memory", "1", "share of the memory bandwidth", DC_CELL_MEAN, -1, FROM_USE,
	 DC_USE_MEMORY, 1},
	{"utilization", "link", "1", "share of time in a collective", DC_CELL_MEAN, -1, FROM_USE,
	 DC_USE_LINK, 1},
	{"utilization", "drives", "1", "share of what the drives can deliver", DC_CELL_MEAN, -1,
	 FROM_USE, DC_USE_DRIVES, 1},
	{"utilization", "host", "1", "share of the host's cores", DC_CELL_MEAN, -1, FROM_USE,
	 DC_USE_HOST, 1},
	{"economics", "electricity_usd", "USD", "cost of electricity", DC_CELL_SUM, -1,
	 FROM_TOTAL_SUM, DC_TOTAL_COST_USD, 1},
	{"economics", "carbon_kg", "kg", "operational carbon dioxide equivalent", DC_CELL_SUM, -1,
	 FROM_TOTAL_SUM, DC_TOTAL_CARBON_KG, 1},
	{"economics", "price_usd_per_kwh", "USD/kWh", "price of electricity", DC_CELL_MEAN, -1,
	 FROM_TOTAL_MEAN, DC_TOTAL_PRICE_S, 3.6e6},
	{"economics", "carbon_g_per_kwh", "g/kWh", "carbon intensity of the grid", DC_CELL_MEAN, -1,
	 FROM_TOTAL_MEAN, DC_TOTAL_INTENSITY_S, 3.6e9},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static const char *const part_labels[] = {
	"accelerators", "hosts", "drives", "network", "psu loss", "pdu loss", "cooling",
};

static const char *const event_kinds[DC_RECORDER_EVENTS] = {
	"start", "end", "interrupted", "cooling-limited", "cooling-recovered",
};

static const char *const subjects[DC_RECORDER_SUBJECTS] = {"run", "facility.cooling"};

/* Racks by class: full ones, and a last one that is not; others by the first of their like. */
static const char *name_class(const struct dc_recorder *recorder, uint64_t class)
{
	const struct dc_datacenter *dc = recorder->datacenter;
	bool partial = dc->nodes_in_last_rack != dc->nodes_per_rack;
	uint64_t first = recorder->load->rack_classes.items[class].first;

	if (partial && first == dc->racks - 1)
		return "last-rack";
	if (recorder->load->rack_count <= (partial ? 2 : 1))
		return "full-racks";
	return dc_arena_printf(dc->arena, "racks-like-%llu", (unsigned long long)first);
}

/* Racks one by one up to a limit, beyond it their classes. In exact runs there are none: then the first
 * stands for the full ones. */
static enum dc_status name_racks(struct dc_recorder *recorder)
{
	const struct dc_datacenter *dc = recorder->datacenter;
	bool partial = dc->nodes_in_last_rack != dc->nodes_per_rack;
	bool all = dc->racks <= DC_RECORDER_RACKS;
	bool classes = !all && recorder->load->rack_count < dc->racks;
	uint64_t count = all ? dc->racks : classes ? recorder->load->rack_count : partial ? 2 : 1;

	recorder->rack_labels = dc_arena_array(dc->arena, count, sizeof *recorder->rack_labels);
	recorder->rack_before = dc_arena_array(dc->arena, recorder->load->rack_count,
					       sizeof *recorder->rack_before);
	recorder->rack_degc =
		dc_arena_array(dc->arena, recorder->load->rack_count, sizeof *recorder->rack_degc);
	recorder->rack_entry = dc_arena_array(dc->arena, count, sizeof *recorder->rack_entry);
	if (!recorder->rack_labels || !recorder->rack_before || !recorder->rack_degc ||
	    !recorder->rack_entry)
		return DC_ERR_MEMORY;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t rack = all || !i ? i : dc->racks - 1;

		if (classes)
			rack = recorder->load->rack_classes.items[i].first;
		recorder->rack_entry[i] = (uint32_t)dc_datacenter_rack_entry(recorder->load, rack);
		recorder->rack_labels[i] =
			all       ? dc_arena_printf(dc->arena, "rack-%llu", (unsigned long long)i)
			: classes ? name_class(recorder, i)
				  : (i ? "last-rack" : "full-racks");
		if (!recorder->rack_labels[i])
			return DC_ERR_MEMORY;
	}
	recorder->axes[AXIS_PART] =
		(struct dc_axis){"part", part_labels, sizeof part_labels / sizeof *part_labels};
	recorder->axes[AXIS_RACK] = (struct dc_axis){"rack", recorder->rack_labels, count};
	return DC_OK;
}

/* Kinds of groups in their order, then sends between stages. */
static enum dc_status name_communications(struct dc_recorder *recorder)
{
	const struct dc_ensemble *ensemble = recorder->datacenter->plan.ensemble;
	const char **labels =
		dc_arena_array(recorder->datacenter->arena, DC_ENSEMBLE_KINDS, sizeof *labels);
	size_t count = 0;

	if (!labels)
		return DC_ERR_MEMORY;
	for (uint32_t k = 1; k < ensemble->kind_count; k++)
		labels[count++] = ensemble->kinds[k].name;
	if (ensemble->program_count > 1)
		labels[count++] = "sends";
	recorder->axes[AXIS_COMMUNICATION] = (struct dc_axis){"communication", labels, count};
	return DC_OK;
}

enum dc_status dc_simulation_recorder_init(struct dc_recorder *recorder,
					   const struct dc_datacenter *datacenter,
					   struct dc_load *load, struct dc_climate *climate,
					   struct dc_timeline *timeline,
					   struct dc_record_sink *sink)
{
	size_t values = 0;
	enum dc_status status;

	*recorder = (struct dc_recorder){
		.datacenter = datacenter,
		.load = load,
		.climate = climate,
		.timeline = timeline,
		.sink = sink,
	};
	status = name_racks(recorder);
	if (!status)
		status = name_communications(recorder);
	if (status)
		return status;
	for (int i = 0; i < DC_TIMELINE_AXES && timeline; i++)
		recorder->axes[AXIS_TIMELINE + i] = timeline->axes[i];
	for (size_t i = 0; i < COLUMNS; i++)
		values += columns[i].axis < 0 ? 1 : recorder->axes[columns[i].axis].count;
	recorder->values = dc_arena_array(datacenter->arena, values, sizeof *recorder->values);
	return recorder->values ? DC_OK : DC_ERR_MEMORY;
}

enum dc_status dc_simulation_recorder_begin(struct dc_recorder *recorder)
{
	struct dc_column declared[COLUMNS];
	struct dc_record_schema schema = {
		.axes = recorder->axes,
		.axes_count = recorder->timeline ? AXIS_TIMELINE + DC_TIMELINE_AXES : AXIS_TIMELINE,
		.columns = declared,
		.columns_count = COLUMNS,
		.summary = dc_simulation_summary,
		.summary_count = DC_SIMULATION_SCALARS,
		.event_kinds = event_kinds,
		.event_kinds_count = DC_RECORDER_EVENTS,
		.subjects = subjects,
		.subjects_count = DC_RECORDER_SUBJECTS,
		.timeline = recorder->timeline != NULL,
	};

	for (size_t i = 0; i < COLUMNS; i++)
		declared[i] = (struct dc_column){
			.section = columns[i].section,
			.name = columns[i].name,
			.unit = columns[i].unit,
			.long_name = columns[i].long_name,
			.cell = columns[i].cell,
			.axis = columns[i].axis < 0 ? NULL : &recorder->axes[columns[i].axis],
		};
	return dc_scenario_begin_record(recorder->datacenter->scenario, recorder->datacenter->arena,
					recorder->sink, &schema);
}

static double difference(struct dc_sum now, struct dc_sum *before)
{
	double amount = dc_sum_value(dc_sum_sub(now, *before));

	*before = now;
	return amount;
}

/* The amounts of one interval. */
struct interval {
	double length_s;
	double part_j[DC_LOAD_PARTS + 1];
	double use_s[DC_LOAD_USES];
	double total[DC_CLIMATE_TOTALS];
	uint64_t iterations;
};

static void take_interval(struct dc_recorder *recorder, dc_time now, uint64_t iterations,
			  struct interval *interval)
{
	interval->length_s = dc_time_to_s(now - recorder->since);
	for (int i = 0; i < DC_CLIMATE_TOTALS; i++)
		interval->total[i] = difference(recorder->climate->totals[i], &recorder->before[i]);
	for (int i = 0; i < DC_LOAD_PARTS; i++)
		interval->part_j[i] = difference(dc_signal_integral(&recorder->load->parts[i], now),
						 &recorder->part_before_j[i]);
	interval->part_j[DC_LOAD_PARTS] = interval->total[DC_TOTAL_COOLING_J];
	for (int i = 0; i < DC_LOAD_USES; i++)
		interval->use_s[i] = difference(dc_signal_integral(&recorder->load->uses[i], now),
						&recorder->use_before_s[i]);
	interval->iterations = iterations - recorder->iterations;
	recorder->iterations = iterations;
	recorder->since = now;
}

/* Racks of one entry share its value, so the cost per rack is that of a copy. */
static double *fill_racks(struct dc_recorder *recorder, double length_s, double *value)
{
	size_t count = recorder->axes[AXIS_RACK].count;

	for (size_t i = 0; i < recorder->load->rack_count; i++)
		recorder->rack_degc[i] =
			difference(recorder->climate->rack_degc_s[i], &recorder->rack_before[i]) /
			length_s;
	for (size_t i = 0; i < count; i++)
		value[i] = recorder->rack_degc[recorder->rack_entry[i]];
	return value + count;
}

enum dc_status dc_simulation_recorder_row(struct dc_recorder *recorder, dc_time now,
					  uint64_t iterations)
{
	struct interval interval;
	double *value = recorder->values;

	if (!recorder->sink || now == recorder->since)
		return DC_OK;
	take_interval(recorder, now, iterations, &interval);
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *c = &columns[i];

		switch (c->source) {
		case FROM_PARTS:
			for (int p = 0; p <= DC_LOAD_PARTS; p++)
				*value++ = interval.part_j[p] / interval.length_s;
			break;
		case FROM_RACKS:
			value = fill_racks(recorder, interval.length_s, value);
			break;
		case FROM_TOTAL_MEAN:
			*value++ = interval.total[c->index] / interval.length_s * c->scale;
			break;
		case FROM_TOTAL_SUM:
			*value++ = interval.total[c->index] * c->scale;
			break;
		case FROM_USE:
			*value++ = interval.use_s[c->index] / interval.length_s;
			break;
		case FROM_PUE:
			*value++ =
				interval.total[DC_TOTAL_UTILITY_J] / interval.total[DC_TOTAL_IT_J];
			break;
		case FROM_ITERATIONS:
			*value++ = (double)interval.iterations;
			break;
		}
	}
	return recorder->sink->type->interval(recorder->sink, dc_time_to_s(now), interval.length_s,
					      recorder->values);
}

/* In the order of name_communications(). */
static void split_exposed(struct dc_recorder *recorder)
{
	const struct dc_ensemble *ensemble = recorder->datacenter->plan.ensemble;
	double *exposed_s = recorder->exposed_s;

	for (uint32_t k = 1; k < ensemble->kind_count; k++)
		*exposed_s++ = dc_time_to_s(recorder->run.exposed[k]);
	if (ensemble->program_count > 1)
		*exposed_s = dc_time_to_s(recorder->run.sends);
}

static enum dc_status write_run(struct dc_recorder *recorder)
{
	const struct dc_executor_iteration *run = &recorder->run;
	struct dc_iteration_row row = {
		.first = run->first,
		.count = run->count,
		.start_s = dc_time_to_s(run->start),
		.duration_s = dc_time_to_s(run->duration),
		.compute_s = dc_time_to_s(run->compute),
		.exposed_communication_s = dc_time_to_s(run->exposed_communication),
		.stall_s = dc_time_to_s(run->stall),
		.bubble_s = dc_time_to_s(run->bubble),
		.exposed_s = recorder->exposed_s,
	};

	if (!recorder->sink || !run->count)
		return DC_OK;
	split_exposed(recorder);
	return recorder->sink->type->iteration(recorder->sink, &row);
}

enum dc_status dc_simulation_recorder_iteration(struct dc_recorder *recorder,
						const struct dc_executor_iteration *iteration)
{
	struct dc_executor_iteration *run = &recorder->run;
	enum dc_status status;

	if (run->count && dc_executor_iteration_equals(run, iteration)) {
		run->count += iteration->count;
		return DC_OK;
	}
	status = write_run(recorder);
	*run = *iteration;
	return status;
}

enum dc_status dc_simulation_recorder_event(struct dc_recorder *recorder, dc_time now,
					    enum dc_recorder_event kind,
					    enum dc_recorder_subject subject, const char *detail)
{
	return dc_scenario_record_event(recorder->sink, now, (uint8_t)kind, (uint32_t)subject,
					detail);
}

enum dc_status dc_simulation_recorder_end(struct dc_recorder *recorder, enum dc_record_end how,
					  const double *summary)
{
	enum dc_status status = write_run(recorder);

	if (status || !recorder->sink)
		return status;
	return recorder->sink->type->end(recorder->sink, how, summary);
}
