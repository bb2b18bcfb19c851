/* Heat, cooling, electricity and its price. */
#include "scenario/climate.h"

#include <float.h>
#include <math.h>

static enum dc_status allocate(struct dc_climate *climate)
{
	const struct dc_datacenter *dc = climate->datacenter;
	const struct dc_rack *rack = dc_scenario_site(dc->scenario)->racks.items;
	size_t count = climate->load->rack_count;
	struct dc_thermal_rack *racks = dc_arena_array(dc->arena, count, sizeof *racks);
	double rated_w = dc->node_rated_w * (double)dc->nodes;

	climate->rack_power = dc_arena_array(dc->arena, count, sizeof *climate->rack_power);
	climate->rack_before_j = dc_arena_array(dc->arena, count, sizeof *climate->rack_before_j);
	climate->rack_mean_degc = dc_arena_array(dc->arena, count, sizeof *climate->rack_mean_degc);
	climate->rack_degc_s = dc_arena_array(dc->arena, count, sizeof *climate->rack_degc_s);
	if (!racks || !climate->rack_power || !climate->rack_before_j || !climate->rack_mean_degc ||
	    !climate->rack_degc_s)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		double share = (double)climate->load->racks[i].nodes / (double)rack->nodes;

		racks[i] = (struct dc_thermal_rack){
			.count = (double)climate->load->racks[i].racks,
			.heat_capacity_j_per_k = rack->heat_capacity_j_per_k * share,
			.resistance_k_per_w = rack->resistance_k_per_w / share,
		};
	}
	climate->thermal = dc_thermal_create(dc->arena, racks, count,
					     dc_room_heat_capacity_j_per_k(dc->room, rated_w),
					     dc->conductance_w_per_k);
	if (!climate->thermal)
		return DC_ERR_MEMORY;
	climate->state =
		dc_thermal_state_create(dc->arena, climate->thermal, dc->room->initial_degc);
	climate->initial =
		dc_thermal_state_create(dc->arena, climate->thermal, dc->room->initial_degc);
	return climate->state.rack_degc && climate->initial.rack_degc ? DC_OK : DC_ERR_MEMORY;
}

/* Where the scenario gives no temperature, the building has been idle for long. */
static enum dc_status settle(struct dc_climate *climate)
{
	const struct dc_datacenter *dc = climate->datacenter;
	size_t count = climate->load->rack_count;
	double *idle_w = dc_arena_array(dc->arena, count, sizeof *idle_w);

	if (!idle_w)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		idle_w[i] = climate->load->racks[i].it_w.value;
	if (dc->room->initial_degc == 0)
		dc_thermal_settle(climate->thermal, &climate->state, dc->room->supply_degc, idle_w,
				  climate->load->parts[DC_PART_PDU_LOSS].value);
	climate->initial.room_degc = climate->state.room_degc;
	for (size_t i = 0; i < count; i++)
		climate->initial.rack_degc[i] = climate->state.rack_degc[i];
	return DC_OK;
}

enum dc_status dc_datacenter_climate_init(struct dc_climate *climate,
					  const struct dc_datacenter *datacenter,
					  struct dc_load *load, dc_time now)
{
	enum dc_status status;

	*climate = (struct dc_climate){
		.datacenter = datacenter,
		.load = load,
		.since = now,
		.step_start = now,
	};
	status = allocate(climate);
	if (!status)
		status = settle(climate);
	if (status)
		return status;
	dc_datacenter_load_filter(load, climate->thermal);
	dc_datacenter_climate_hold(climate, now);
	return DC_OK;
}

static void add(struct dc_climate *climate, enum dc_climate_total total, double amount)
{
	climate->totals[total] = dc_sum_add(climate->totals[total], dc_sum_of(amount));
}

/* The integral of a signal since the last reading. */
static double take(const struct dc_signal *signal, dc_time now, struct dc_sum *before)
{
	struct dc_sum integral = dc_signal_integral(signal, now);
	double amount = dc_sum_value(dc_sum_sub(integral, *before));

	*before = integral;
	return amount;
}

static void account_means(struct dc_climate *climate, const struct dc_thermal_span *span)
{
	double length_s = span->duration_s;

	for (size_t i = 0; i < climate->load->rack_count; i++)
		climate->rack_degc_s[i] =
			dc_sum_add(climate->rack_degc_s[i],
				   dc_sum_product(climate->rack_mean_degc[i], length_s));
	add(climate, DC_TOTAL_ROOM_DEGC_S, span->room_mean_degc * length_s);
	add(climate, DC_TOTAL_SUPPLY_DEGC_S, climate->supply_degc * length_s);
	add(climate, DC_TOTAL_OUTDOOR_DEGC_S, climate->outdoor_degc * length_s);
	add(climate, DC_TOTAL_COP_S, climate->cop * length_s);
	add(climate, DC_TOTAL_PRICE_S, climate->price * length_s);
	add(climate, DC_TOTAL_INTENSITY_S, climate->intensity * length_s);
	add(climate, DC_TOTAL_LIMITED_S, climate->limited ? length_s : 0.0);
}

void dc_datacenter_climate_advance(struct dc_climate *climate, dc_time now)
{
	struct dc_load *load = climate->load;
	const struct dc_tagged *plant = climate->datacenter->plant;
	struct dc_thermal_span span = {
		.duration_s = dc_time_to_s(now - climate->since),
		.supply_degc = climate->supply_degc,
		.rack = climate->rack_power,
		.rack_mean_degc = climate->rack_mean_degc,
	};
	double it_j, heat_j, cooling_j, utility_j;

	if (now == climate->since)
		return;
	for (size_t i = 0; i < load->rack_count; i++) {
		struct dc_load_rack *rack = &load->racks[i];

		climate->rack_power[i] = (struct dc_thermal_power){
			.energy_j = take(&rack->it_w, now, &climate->rack_before_j[i]),
			.rack_response_j = dc_filter_read(&rack->own, now),
			.room_response_j = dc_filter_read(&rack->room, now),
		};
	}
	span.direct.energy_j = take(&load->parts[DC_PART_PDU_LOSS], now, &climate->loss_before_j);
	span.direct.room_response_j = dc_filter_read(&load->loss_room, now);
	dc_thermal_advance(climate->thermal, &climate->state, &span);

	it_j = take(&load->it_w, now, &climate->it_before_j);
	heat_j = fmax(0.0, span.removed_j);
	cooling_j =
		dc_plant_compressor_w(plant, heat_j, climate->cop) + dc_plant_fan_w(plant, heat_j);
	utility_j = it_j + span.direct.energy_j + cooling_j;
	add(climate, DC_TOTAL_IT_J, it_j);
	add(climate, DC_TOTAL_COOLING_J, cooling_j);
	add(climate, DC_TOTAL_UTILITY_J, utility_j);
	add(climate, DC_TOTAL_PRODUCED_J, span.produced_j);
	add(climate, DC_TOTAL_REMOVED_J, span.removed_j);
	add(climate, DC_TOTAL_STORED_J, span.stored_j);
	add(climate, DC_TOTAL_COST_USD, utility_j * climate->price);
	add(climate, DC_TOTAL_CARBON_KG, utility_j * climate->intensity);
	account_means(climate, &span);
	climate->step_utility_j = dc_sum_add(climate->step_utility_j, dc_sum_of(utility_j));
	climate->since = now;
	climate->spans++;
}

/* The local second of the year at a moment of the run. */
static double local_second(const struct dc_climate *climate, dc_time now)
{
	return climate->datacenter->start_second + dc_time_to_s(now);
}

void dc_datacenter_climate_hold(struct dc_climate *climate, dc_time now)
{
	const struct dc_datacenter *dc = climate->datacenter;
	double second = local_second(climate, now);

	climate->outdoor_degc = dc_weather_dry_bulb_degc(&dc->weather, second, dc->utc_offset_s);
	climate->supply_degc = dc_room_supply_degc(dc->room, climate->state.room_degc,
						   dc->conductance_w_per_k, dc->capacity_w);
	climate->limited = climate->supply_degc > dc->room->supply_degc;
	climate->cop = dc_plant_cop(dc->plant, climate->supply_degc, climate->outdoor_degc);
	climate->price = dc_hourly_at(dc->price, second, dc->utc_offset_s);
	climate->intensity = dc_hourly_at(dc->carbon, second, dc->utc_offset_s);
}

void dc_datacenter_climate_step(struct dc_climate *climate, dc_time now)
{
	double mean_w;

	if (now == climate->step_start)
		return;
	mean_w = dc_sum_value(climate->step_utility_j) / dc_time_to_s(now - climate->step_start);
	if (mean_w > climate->peak_utility_w)
		climate->peak_utility_w = mean_w;
	climate->step_utility_j = dc_sum_of(0);
	climate->step_start = now;
}

dc_time dc_datacenter_climate_next(const struct dc_climate *climate, dc_time now)
{
	const struct dc_datacenter *dc = climate->datacenter;
	dc_time step = dc_time_from_s(dc->step_s);
	dc_time next = (now / step + 1) * step;
	double second = local_second(climate, now);
	double hours[] = {
		dc_weather_next_change_s(&dc->weather, second, dc->utc_offset_s),
		dc_hourly_next_change_s(dc->price, second, dc->utc_offset_s),
		dc_hourly_next_change_s(dc->carbon, second, dc->utc_offset_s),
	};

	for (size_t i = 0; i < sizeof hours / sizeof *hours; i++)
		if (isfinite(hours[i]) && hours[i] > 0)
			next = dc_time_min(next, now + dc_time_from_s(hours[i]));
	return next > now ? next : now + 1;
}

double dc_datacenter_climate_stored_j(const struct dc_climate *climate)
{
	const struct dc_datacenter *dc = climate->datacenter;
	double rated_w = dc->node_rated_w * (double)dc->nodes;
	struct dc_sum stored =
		dc_sum_product(dc_room_heat_capacity_j_per_k(dc->room, rated_w),
			       climate->state.room_degc - climate->initial.room_degc);

	for (size_t i = 0; i < climate->load->rack_count; i++) {
		double capacity = dc_thermal_rack_capacity_j_per_k(climate->thermal, i) *
				  (double)climate->load->racks[i].racks;

		stored = dc_sum_add(
			stored, dc_sum_product(capacity, climate->state.rack_degc[i] -
								 climate->initial.rack_degc[i]));
	}
	return dc_sum_value(stored);
}

double dc_datacenter_climate_rounding_j(const struct dc_climate *climate)
{
	const struct dc_datacenter *dc = climate->datacenter;
	double rated_w = dc->node_rated_w * (double)dc->nodes;
	double content_j =
		dc_room_heat_capacity_j_per_k(dc->room, rated_w) * fabs(climate->state.room_degc);

	for (size_t i = 0; i < climate->load->rack_count; i++)
		content_j += dc_thermal_rack_capacity_j_per_k(climate->thermal, i) *
			     (double)climate->load->racks[i].racks *
			     fabs(climate->state.rack_degc[i]);
	return climate->spans * DBL_EPSILON * content_j;
}

size_t dc_datacenter_rack_entry(const struct dc_load *load, uint64_t rack)
{
	return load->rack_classes.class_of[rack];
}
