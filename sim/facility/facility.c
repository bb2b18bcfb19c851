/* The facility's sections and their cross checks. */
#include "facility/facility.h"

#include <math.h>
#include <string.h>

#include "facility/plant.h"
#include "facility/stage.h"

static const char *const it_boundaries[] = {"pdu-output", "!psu-output", "!ups-output", NULL};
static const char *const room_kinds[] = {"air", "!liquid", "!immersion", NULL};

static const struct dc_field room_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_room, name),
	 .fallback = "hall",
	 .help = "Name that racks refer to"},
	{.key = "kind",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_room, kind),
	 .choices = room_kinds,
	 .fallback = "air",
	 .help = "What carries the heat"},
	{.key = "plant",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_room, plant),
	 .help = "Name of the plant that cools it; the only one when absent"},
	{.key = "supply",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE,
	 .offset = offsetof(struct dc_room, supply_degc),
	 .min = 5.0,
	 .max = 45.0,
	 .fallback = "20 degC",
	 .help = "Set point of the air that the plant supplies"},
	{.key = "air_rise",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE_DIFFERENCE,
	 .offset = offsetof(struct dc_room, air_rise_k),
	 .min = 1.0,
	 .max = 50.0,
	 .fallback = "12 K",
	 .help = "Warming of the air at the room's rated power: sizes the air flow"},
	{.key = "conductance",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_CONDUCTANCE,
	 .offset = offsetof(struct dc_room, conductance_w_per_k),
	 .min = 0.0,
	 .max = 1e12,
	 .fallback = "0 W/K",
	 .help = "Air flow times its heat capacity; 0 W/K: from air_rise"},
	{.key = "time_constant",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_room, time_constant_s),
	 .min = 1.0,
	 .max = 864000.0,
	 .fallback = "10 min",
	 .help = "Heat capacity over conductance, usually 5 to 30 min"},
	{.key = "heat_capacity",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_HEAT_CAPACITY,
	 .offset = offsetof(struct dc_room, heat_capacity_j_per_k),
	 .min = 0.0,
	 .max = 1e15,
	 .fallback = "0 J/K",
	 .help = "Of air, walls and floor; 0 J/K: from time_constant"},
	{.key = "initial",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE,
	 .offset = offsetof(struct dc_room, initial_degc),
	 .min = 1.0,
	 .max = 100.0,
	 .help = "Of room and racks at the start; what the idle building settles at when absent"},
	{.key = "units", .kind = DC_RESERVED, .help = "Cooling units in the room"},
};

static const struct dc_section room_section = {
	.name = "room",
	.doc = "A room whose air is warmed by racks and cooled by a plant",
	.size = sizeof(struct dc_room),
	DC_FIELDS(room_fields),
};

static const struct dc_field cooling_fields[] = {
	{.key = "rooms",
	 .kind = DC_LIST,
	 .offset = offsetof(struct dc_facility_cooling, rooms),
	 .section = &room_section,
	 .flags = DC_NON_EMPTY,
	 .fallback = "[{name: hall}]",
	 .help = "Rooms that hold racks"},
	{.key = "loops", .kind = DC_RESERVED, .help = "Liquid loops"},
	{.key = "plants",
	 .kind = DC_LIST,
	 .offset = offsetof(struct dc_facility_cooling, plants),
	 .family = &dc_plant_family,
	 .flags = DC_NON_EMPTY,
	 .fallback = "[{kind: crac}]",
	 .help = "Plants that carry the heat outdoors"},
};

static const struct dc_section cooling_section = {
	.name = "cooling",
	.doc = "From the racks' air to the outdoors",
	.size = sizeof(struct dc_facility_cooling),
	DC_FIELDS(cooling_fields),
};

static const struct dc_field power_fields[] = {
	{.key = "chain",
	 .kind = DC_LIST,
	 .offset = offsetof(struct dc_facility_power, chain),
	 .family = &dc_stage_family,
	 .flags = DC_NON_EMPTY,
	 .fallback = "[{stage: psu}, {stage: pdu}]",
	 .help = "Power stages from the load outwards"},
	{.key = "sources", .kind = DC_RESERVED, .help = "Grid, solar, batteries, generators"},
	{.key = "caps", .kind = DC_RESERVED, .help = "Limits of power that hold the load down"},
};

static const struct dc_section power_section = {
	.name = "power",
	.doc = "From the utility to the nodes",
	.size = sizeof(struct dc_facility_power),
	DC_FIELDS(power_fields),
};

static const struct dc_field grid_fields[] = {
	{.key = "carbon",
	 .kind = DC_NODE,
	 .offset = offsetof(struct dc_facility_grid, carbon),
	 .help = "Carbon intensity: a value such as 380 g/kWh, or a file with a column carbon; "
		 "carbon is not a number when absent"},
	{.key = "price",
	 .kind = DC_NODE,
	 .offset = offsetof(struct dc_facility_grid, price),
	 .help = "Price of electricity: a value such as 0.08 USD/kWh, or a file with a column "
		 "price; cost is not a number when absent"},
	{.key = "water", .kind = DC_RESERVED, .help = "Water used per energy generated"},
};

static const struct dc_section grid_section = {
	.name = "grid",
	.doc = "What electricity costs in money and carbon",
	.size = sizeof(struct dc_facility_grid),
	DC_FIELDS(grid_fields),
};

static const struct dc_field facility_fields[] = {
	{.key = "it_boundary",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_facility, it_boundary),
	 .choices = it_boundaries,
	 .fallback = "pdu-output",
	 .help = "Where IT power is metered: beyond it is overhead in the PUE"},
	{.key = "step",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_facility, step_s),
	 .min = 0.001,
	 .max = 3600.0,
	 .fallback = "10 s",
	 .help = "How long what depends on temperature (the COP) is held; at most a 60th of the "
		 "room's time constant where the plant may be too small"},
	{.key = "power",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_facility, power),
	 .section = &power_section,
	 .help = "Power chain"},
	{.key = "cooling",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_facility, cooling),
	 .section = &cooling_section,
	 .help = "Rooms and plants"},
	{.key = "weather",
	 .kind = DC_NODE,
	 .offset = offsetof(struct dc_facility, weather),
	 .help = "A CSV or EPW file, or {dry_bulb: 20 degC, relative_humidity: 0.5}, which is what "
		 "counts when absent"},
	{.key = "grid",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_facility, grid),
	 .section = &grid_section,
	 .help = "Price and carbon of electricity"},
};

const struct dc_section dc_facility_section = {
	.name = "facility",
	.doc = "Power, cooling, weather and grid",
	.size = sizeof(struct dc_facility),
	DC_FIELDS(facility_fields),
};

/* Defaults of a rack: four nodes of 123 kg (NVIDIA DGX A100 data sheet, 271 lb) at 600 J/(kg K), between
 * steel's 490 and aluminium's 900, are about 300 kJ/K; 0.0006 K/W puts the metal of a rack at
 * 20 kW 12 K above its air and makes its time constant 3 minutes. */
static const struct dc_field rack_fields[] = {
	{.key = "group",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_rack, group),
	 .help = "Node group in these racks; the only one when absent"},
	{.key = "nodes",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_rack, nodes),
	 .min = 1.0,
	 .max = 1e6,
	 .fallback = "4",
	 .help = "Nodes per rack; the last rack may hold fewer"},
	{.key = "heat_capacity",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_HEAT_CAPACITY,
	 .offset = offsetof(struct dc_rack, heat_capacity_j_per_k),
	 .min = 0.0,
	 .max = 1e12,
	 .flags = DC_POSITIVE,
	 .fallback = "300 kJ/K",
	 .help = "Of a full rack"},
	{.key = "resistance",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_RESISTANCE,
	 .offset = offsetof(struct dc_rack, resistance_k_per_w),
	 .min = 0.0,
	 .max = 1e6,
	 .flags = DC_POSITIVE,
	 .fallback = "0.0006 K/W",
	 .help = "From the mass of a full rack to the air it breathes"},
	{.key = "room",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_rack, room),
	 .help = "Room the racks stand in; the only one when absent"},
	{.key = "feed", .kind = DC_RESERVED, .help = "Power stage that feeds the racks"},
	{.key = "loop", .kind = DC_RESERVED, .help = "Liquid loop that cools the racks"},
};

const struct dc_section dc_rack_section = {
	.name = "racks",
	.doc = "Racks of a node group: where heat is stored first",
	.size = sizeof(struct dc_rack),
	DC_FIELDS(rack_fields),
};

/* Refuses a name that is not among the known ones, with the nearest; NULL (absent) is fine. */
static enum dc_status check_name(const struct dc_node *node, const char *key, const char *name,
				 const char *known, struct dc_diag *diag)
{
	const char *nearest;

	if (!name || strcmp(name, known) == 0)
		return DC_OK;
	nearest = dc_diag_nearest(name, &known, 1);
	if (nearest)
		return dc_diag_error(diag, dc_node_mark(node, key),
				     "%s: there is no %s '%s'; did you mean '%s'?", key, key, name,
				     nearest);
	return dc_diag_error(diag, dc_node_mark(node, key),
			     "%s: there is no %s '%s'; expected '%s'", key, key, name, known);
}

static enum dc_status check_single(const struct dc_node *node, const char *key, size_t count,
				   struct dc_diag *diag)
{
	if (count <= 1)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(node, key),
			     "%s: more than one is not supported yet, found %zu", key, count);
}

enum dc_status dc_facility_check(const struct dc_facility *facility, struct dc_diag *diag)
{
	const struct dc_facility_cooling *cooling = &facility->cooling;
	const struct dc_tagged *chain = facility->power.chain.items;
	const struct dc_room *room = cooling->rooms.items;
	enum dc_status status, result = DC_OK;

	for (size_t i = 0; i < facility->power.chain.count; i++) {
		status = dc_stage_prepare(&chain[i], diag);
		if (status)
			result = status;
	}
	if (check_single(cooling->node, "rooms", cooling->rooms.count, diag) ||
	    check_single(cooling->node, "plants", cooling->plants.count, diag))
		result = DC_ERR_INPUT;
	else if (check_name(room->node, "plant", room->plant, dc_plant_name(cooling->plants.items),
			    diag))
		result = DC_ERR_INPUT;
	return result;
}

enum dc_status dc_facility_check_racks(const struct dc_facility *facility,
				       const struct dc_list *racks, struct dc_diag *diag)
{
	const struct dc_room *room = facility->cooling.rooms.items;
	const struct dc_rack *rack = racks->items;
	enum dc_status result = DC_OK;

	for (size_t i = 0; i < racks->count; i++)
		if (check_name(rack[i].node, "room", rack[i].room, room->name, diag))
			result = DC_ERR_INPUT;
	return result;
}

double dc_room_conductance_w_per_k(const struct dc_room *room, double rated_w)
{
	if (room->conductance_w_per_k > 0.0)
		return room->conductance_w_per_k;
	return rated_w / room->air_rise_k;
}

double dc_room_heat_capacity_j_per_k(const struct dc_room *room, double rated_w)
{
	if (room->heat_capacity_j_per_k > 0.0)
		return room->heat_capacity_j_per_k;
	return room->time_constant_s * dc_room_conductance_w_per_k(room, rated_w);
}

double dc_room_supply_degc(const struct dc_room *room, double room_degc, double conductance_w_per_k,
			   double capacity_w)
{
	return fmax(fmin(room->supply_degc, room_degc),
		    room_degc - capacity_w / conductance_w_per_k);
}

const struct dc_tagged *dc_facility_plant(const struct dc_facility *facility,
					  const struct dc_room *room)
{
	(void)room; /* the check made sure that there is one */
	return facility->cooling.plants.items;
}
