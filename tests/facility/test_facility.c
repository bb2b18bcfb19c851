/* The facility's sections: defaults, sizes, cross checks; weather. */
#include <math.h>

#include "facility/facility.h"
#include "facility/plant.h"
#include "facility/stage.h"
#include "facility/weather.h"
#include "reading.h"

static enum dc_status read_facility(struct reading *reading, struct dc_facility *facility)
{
	enum dc_status status;

	memset(facility, 0, sizeof(*facility));
	status = dc_section_read(reading->config, &dc_facility_section, reading->root, facility);
	return status ? status : dc_facility_check(facility, reading->diag);
}

/* Defaults as the field tables state them. */
Test(facility, defaults)
{
	struct reading reading = reading_start("{}");
	struct dc_facility facility;
	const struct dc_room *room;

	cr_assert_eq(read_facility(&reading, &facility), DC_OK, "%s", reading_messages(&reading));
	cr_expect_eq(facility.step_s, 10.0);
	cr_expect_eq(facility.it_boundary, DC_IT_PDU_OUTPUT);
	cr_expect_eq(facility.power.chain.count, 2);
	cr_expect_null(facility.weather);
	cr_expect_null(facility.grid.price);
	room = facility.cooling.rooms.items;
	cr_expect_eq(facility.cooling.rooms.count, 1);
	cr_expect_eq(room->supply_degc, 20.0);
	/* 24 kW at 12 K are 2 kW/K; 600 s of that are 1.2 MJ/K (hand). */
	cr_expect_float_eq(dc_room_conductance_w_per_k(room, 24e3), 2000.0, 1e-9);
	cr_expect_float_eq(dc_room_heat_capacity_j_per_k(room, 24e3), 1.2e6, 1e-6);
	reading_end(&reading);
}

Test(facility, given_sizes_win)
{
	struct reading reading = reading_start(
		"cooling: {rooms: [{name: a, conductance: 5 kW/K, heat_capacity: 3 MJ/K}]}");
	struct dc_facility facility;
	const struct dc_room *room;

	cr_assert_eq(read_facility(&reading, &facility), DC_OK, "%s", reading_messages(&reading));
	room = facility.cooling.rooms.items;
	cr_expect_eq(dc_room_conductance_w_per_k(room, 24e3), 5000.0);
	cr_expect_eq(dc_room_heat_capacity_j_per_k(room, 24e3), 3e6);
	reading_end(&reading);
}

/* K (T_m - T_s) <= capacity: at 2 kW/K and 10 kW the supply is at most 5 K below the room (hand). */
Test(facility, supply_under_a_capacity)
{
	struct reading reading = reading_start("{}");
	struct dc_facility facility;
	const struct dc_room *room;

	cr_assert_eq(read_facility(&reading, &facility), DC_OK, "%s", reading_messages(&reading));
	room = facility.cooling.rooms.items;
	cr_expect_eq(dc_room_supply_degc(room, 30.0, 2000.0, (double)INFINITY), 20.0);
	cr_expect_eq(dc_room_supply_degc(room, 30.0, 2000.0, 30e3), 20.0);
	cr_expect_eq(dc_room_supply_degc(room, 30.0, 2000.0, 10e3), 25.0);
	cr_expect_eq(dc_room_supply_degc(room, 15.0, 2000.0, 10e3), 15.0);
	reading_end(&reading);
}

static const struct {
	const char *yaml, *words;
} refused[] = {
	{"cooling: {rooms: [{name: a}, {name: b}]}",
	 "rooms: more than one is not supported yet, found 2"},
	{"cooling: {plants: [{kind: crac}, {kind: crac, name: b}]}",
	 "plants: more than one is not supported yet, found 2"},
	{"cooling: {rooms: [{plant: crak}]}", "there is no plant 'crak'; did you mean 'crac'?"},
	{"cooling: {rooms: [{plant: tower}]}", "there is no plant 'tower'; expected 'crac'"},
	{"cooling: {plants: [{kind: chiller}]}", "not supported yet"},
	{"cooling: {loops: []}", "not supported yet"},
	{"cooling: {rooms: [{kind: liquid}]}", "not supported yet"},
	{"power: {caps: []}", "not supported yet"},
	{"power: {sources: []}", "not supported yet"},
	{"grid: {water: 1.8}", "not supported yet"},
	{"it_boundary: ups-output", "not supported yet"},
	{"step: 0 s", "step"},
	{"step: 10", "unit"},
	{"cooling: {rooms: [{supply: 95 degC}]}", "supply"},
	{"weathr: x.csv", "weather"},
};

Test(facility, mistakes_are_refused)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct reading reading = reading_start(refused[i].yaml);
		struct dc_facility facility;

		cr_expect_eq(read_facility(&reading, &facility), DC_ERR_INPUT, "%s",
			     refused[i].yaml);
		reading_expect(&reading, refused[i].words);
		reading_end(&reading);
	}
}

/* The time constant of the default rack, 300 kJ/K x 0.0006 K/W = 180 s, lies in the 1 to 5 minutes that
 * racks of air-cooled servers show. */
Test(facility, rack_defaults)
{
	struct reading reading = reading_start("{}");
	struct dc_rack rack = {0};

	cr_assert_eq(dc_section_read(reading.config, &dc_rack_section, reading.root, &rack), DC_OK);
	cr_expect_eq(rack.nodes, 4);
	cr_expect_float_eq(rack.heat_capacity_j_per_k * rack.resistance_k_per_w, 180.0, 1e-9);
	reading_end(&reading);
}

Test(facility, racks_stand_in_known_rooms)
{
	struct reading reading = reading_start("cooling: {rooms: [{name: hall}]}");
	struct dc_facility facility;
	struct dc_rack racks[] = {{.room = NULL}, {.room = "hall"}, {.room = "hal"}};
	struct dc_list list = {racks, 2};

	cr_assert_eq(read_facility(&reading, &facility), DC_OK);
	cr_expect_eq(dc_facility_check_racks(&facility, &list, reading.diag), DC_OK);
	list.count = 3;
	cr_expect_eq(dc_facility_check_racks(&facility, &list, reading.diag), DC_ERR_INPUT);
	reading_expect(&reading, "there is no room 'hal'; did you mean 'hall'?");
	reading_end(&reading);
}

Test(weather, constant)
{
	struct reading reading = reading_start("{dry_bulb: 31.5 degC, relative_humidity: 40 %}");
	struct dc_weather weather;
	double offset_s;

	cr_assert_eq(dc_weather_read(reading.config, reading.root, &weather), DC_OK, "%s",
		     reading_messages(&reading));
	cr_expect_eq(dc_weather_dry_bulb_degc(&weather, 1e6, 0.0), 31.5);
	cr_expect_float_eq(dc_weather_relative_humidity(&weather, 1e6, 0.0), 0.4, 1e-15);
	cr_expect(isinf(dc_weather_next_change_s(&weather, 1e6, 0.0)));
	cr_expect_not(dc_weather_utc_offset(&weather, &offset_s));
	reading_end(&reading);
}

Test(weather, absent_is_mild)
{
	struct reading reading = reading_start("{}");
	struct dc_weather weather;

	cr_assert_eq(dc_weather_read(reading.config, NULL, &weather), DC_OK);
	cr_expect_eq(dc_weather_dry_bulb_degc(&weather, 0.0, 0.0), 20.0);
	reading_end(&reading);
}

/* The shipped year: first hours of the EPW file are 1.1, 1.1, 0.8 degC at 100 %; 15 July 12:00 to 13:00
 * is 195 x 24 + 12 rows after the first: 30 degC, 37 %. */
Test(weather, leesburg)
{
	struct reading reading = reading_start("weather/leesburg-va.csv");
	struct dc_weather weather;
	double offset_s = 0.0, at = (195 * 24 + 12) * 3600.0;

	cr_assert_eq(dc_weather_read(reading.config, reading.root, &weather), DC_OK, "%s",
		     reading_messages(&reading));
	cr_expect(dc_weather_utc_offset(&weather, &offset_s));
	cr_expect_eq(offset_s, -18000.0);
	cr_expect_eq(dc_weather_dry_bulb_degc(&weather, 0.0, offset_s), 1.1);
	cr_expect_eq(dc_weather_dry_bulb_degc(&weather, 7199.0, offset_s), 1.1);
	cr_expect_eq(dc_weather_dry_bulb_degc(&weather, 7200.0, offset_s), 0.8);
	cr_expect_float_eq(dc_weather_relative_humidity(&weather, 0.0, offset_s), 1.0, 1e-12);
	cr_expect_eq(dc_weather_next_change_s(&weather, at + 600.0, offset_s), 3000.0);
	cr_expect_eq(dc_weather_dry_bulb_degc(&weather, at, offset_s), 30.0);
	cr_expect_float_eq(dc_weather_relative_humidity(&weather, at, offset_s), 0.37, 1e-12);
	reading_end(&reading);
}

/* Overhead of the chain and plant together rises with the weather: PUE = (IT + losses + cooling) / IT
 * at steady state for 40 kW of IT, whose losses become heat. */
Test(facility, hotter_means_higher_pue)
{
	struct reading reading = reading_start("{}");
	struct dc_facility facility;
	const struct dc_tagged *pdu, *crac;
	double before = 0.0, it_w = 40e3, utility_w;

	cr_assert_eq(read_facility(&reading, &facility), DC_OK);
	pdu = (const struct dc_tagged *)facility.power.chain.items + 1;
	crac = dc_facility_plant(&facility, facility.cooling.rooms.items);
	utility_w = dc_stage_input_w(pdu, it_w, 50e3);
	for (double outdoor = 16.0; outdoor <= 45.0; outdoor += 1.0) {
		double cop = dc_plant_cop(crac, 20.0, outdoor);
		double pue = (utility_w + dc_plant_fan_w(crac, utility_w) +
			      dc_plant_compressor_w(crac, utility_w, cop)) /
			     it_w;

		cr_expect(pue > before, "at %g degC", outdoor);
		cr_expect(pue > 1.0 && pue < 2.0, "at %g degC: %g", outdoor, pue);
		before = pue;
	}
	reading_end(&reading);
}

static char *written(const struct dc_facility *facility)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(dc_section_write(&dc_facility_section, facility, 0, out), DC_OK);
	fclose(out);
	return text;
}

/* The resolved scenario reads back to the same facility: written again, it is the same text. */
Test(facility, resolved_text_reads_back)
{
	static const char *const yaml[] = {
		"{}",
		"{step: 20 s, weather: a.csv, grid: {price: 0.08 USD/kWh, carbon: b.csv}, power: {chain: "
		"[{stage: pdu, constant: 2 kW}]}, cooling: {rooms: [{name: b, plant: p, supply: 24 degC, "
		"conductance: 3 kW/K}], plants: [{kind: crac, name: p, capacity: 1 MW, fan: 4 %}]}}",
		"weather: {dry_bulb: 31 degC, relative_humidity: 0.2}",
	};

	for (size_t i = 0; i < sizeof(yaml) / sizeof(yaml[0]); i++) {
		struct reading first = reading_start(yaml[i]), second;
		struct dc_facility facility;
		char *once, *twice;

		cr_assert_eq(read_facility(&first, &facility), DC_OK, "%s", yaml[i]);
		once = written(&facility);
		second = reading_start(once);
		cr_assert_eq(read_facility(&second, &facility), DC_OK, "%s", once);
		twice = written(&facility);
		cr_expect_str_eq(once, twice);
		free(once);
		free(twice);
		reading_end(&first);
		reading_end(&second);
	}
}
