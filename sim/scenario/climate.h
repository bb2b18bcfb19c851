/* Heat, cooling, electricity and its price: the facility's account of the load.
 *
 * dc_datacenter_climate_advance() closes the span since the last call: energies from the load's exact
 * integrals, temperatures by the exact thermal step, cooling from the heat removed at the held COP,
 * money and carbon at the held price and intensity. What depends on temperature or hour is held
 * between calls of dc_datacenter_climate_hold(), which comes every facility.step and at every hour of
 * the files; other calls of advance (records) change no result beyond rounding.
 *
 * Ownership: init/fini; what it allocates lives in the datacenter's arena. */
#ifndef DC_SCENARIO_CLIMATE_H
#define DC_SCENARIO_CLIMATE_H

#include "scenario/load.h"

/* Running totals since the start; a record row is the difference of two. */
enum dc_climate_total {
	DC_TOTAL_IT_J,
	DC_TOTAL_COOLING_J,
	DC_TOTAL_UTILITY_J,
	DC_TOTAL_PRODUCED_J, /* heat */
	DC_TOTAL_REMOVED_J,
	DC_TOTAL_STORED_J,
	DC_TOTAL_COST_USD,
	DC_TOTAL_CARBON_KG,
	DC_TOTAL_ROOM_DEGC_S,
	DC_TOTAL_SUPPLY_DEGC_S,
	DC_TOTAL_OUTDOOR_DEGC_S,
	DC_TOTAL_COP_S,
	DC_TOTAL_PRICE_S,     /* USD/J x s */
	DC_TOTAL_INTENSITY_S, /* kg/J x s */
	DC_TOTAL_LIMITED_S,   /* in which the plant could not hold its set point */
	DC_CLIMATE_TOTALS,
};

struct dc_climate {
	const struct dc_datacenter *datacenter;
	struct dc_load *load;
	struct dc_thermal *thermal;
	struct dc_thermal_state state;
	struct dc_thermal_state initial;
	struct dc_thermal_power *rack_power;
	struct dc_sum *rack_before_j;
	double *rack_mean_degc;
	struct dc_sum *rack_degc_s; /* totals per rack entry */
	struct dc_sum loss_before_j;
	struct dc_sum it_before_j;
	struct dc_sum totals[DC_CLIMATE_TOTALS];
	dc_time since;
	double spans;                                            /* closed so far */
	double outdoor_degc, supply_degc, cop, price, intensity; /* held */
	bool limited;                 /* the plant cannot hold the set point */
	struct dc_sum step_utility_j; /* in the present facility step */
	dc_time step_start;
	double peak_utility_w; /* highest mean of a facility step */
};

enum dc_status dc_datacenter_climate_init(struct dc_climate *climate,
					  const struct dc_datacenter *datacenter,
					  struct dc_load *load, dc_time now) DC_CHECK;

void dc_datacenter_climate_advance(struct dc_climate *climate, dc_time now);
/* After advance: takes the values of this moment and holds them. */
void dc_datacenter_climate_hold(struct dc_climate *climate, dc_time now);
/* A facility step ends: its mean utility power may be the peak. */
void dc_datacenter_climate_step(struct dc_climate *climate, dc_time now);
/* When hold is due next: the end of the facility step, or an hour of a file. */
dc_time dc_datacenter_climate_next(const struct dc_climate *climate, dc_time now);

/* Heat stored since the start by the temperatures themselves: checks the running account. */
double dc_datacenter_climate_stored_j(const struct dc_climate *climate);
/* What rounding may have moved in it: every span rounds every temperature once. */
double dc_datacenter_climate_rounding_j(const struct dc_climate *climate);
/* The entry of a rack, by its number. */
size_t dc_datacenter_rack_entry(const struct dc_load *load, uint64_t rack);

#endif
