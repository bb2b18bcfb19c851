/* The exact step of racks that warm a room. */
#include "facility/thermal.h"

#include <math.h>

/* Nearest relative distance of a rack's rate from the room's: the solution loses digits as eps over
 * this, and the moved capacity changes temperatures by less than this. */
static const double nearest_tau = 1e-7;

struct dc_thermal {
	size_t count;
	struct dc_thermal_rack *racks;
	double capacity_j_per_k; /* of the room */
	double conductance_w_per_k;
	double tau_s; /* of the room */
};

struct dc_thermal *dc_thermal_create(struct dc_arena *arena, const struct dc_thermal_rack *racks,
				     size_t count, double room_heat_capacity_j_per_k,
				     double conductance_w_per_k)
{
	struct dc_thermal *thermal = dc_arena_alloc(arena, sizeof(*thermal));

	if (!thermal)
		return NULL;
	thermal->racks = dc_arena_array(arena, count, sizeof(*racks));
	if (!thermal->racks)
		return NULL;
	thermal->count = count;
	thermal->capacity_j_per_k = room_heat_capacity_j_per_k;
	thermal->conductance_w_per_k = conductance_w_per_k;
	thermal->tau_s = room_heat_capacity_j_per_k / conductance_w_per_k;
	for (size_t i = 0; i < count; i++) {
		struct dc_thermal_rack *rack = &thermal->racks[i];
		double ratio;

		*rack = racks[i];
		ratio = rack->heat_capacity_j_per_k * rack->resistance_k_per_w / thermal->tau_s;
		if (fabs(ratio - 1.0) < nearest_tau)
			rack->heat_capacity_j_per_k *= (1.0 + nearest_tau) / ratio;
	}
	return thermal;
}

struct dc_thermal_state dc_thermal_state_create(struct dc_arena *arena,
						const struct dc_thermal *thermal, double degc)
{
	struct dc_thermal_state state = {degc, NULL};

	state.rack_degc = dc_arena_array(arena, thermal->count, sizeof(double));
	for (size_t i = 0; state.rack_degc && i < thermal->count; i++)
		state.rack_degc[i] = degc;
	return state;
}

double dc_thermal_rack_tau_s(const struct dc_thermal *thermal, size_t rack)
{
	return thermal->racks[rack].heat_capacity_j_per_k * thermal->racks[rack].resistance_k_per_w;
}

double dc_thermal_room_tau_s(const struct dc_thermal *thermal)
{
	return thermal->tau_s;
}

size_t dc_thermal_racks(const struct dc_thermal *thermal)
{
	return thermal->count;
}

double dc_thermal_rack_capacity_j_per_k(const struct dc_thermal *thermal, size_t rack)
{
	return thermal->racks[rack].heat_capacity_j_per_k;
}

double dc_thermal_constant_j(double power_w, double duration_s, double tau_s)
{
	return -power_w * tau_s * expm1(-duration_s / tau_s);
}

/* The room's response to what one rack gives off: integral of exp(-(h - s)/tau_m) (T_r - T_s)/R_r ds.
 *
 * With T_r - T_s = theta exp(-s/tau_r) + (1/C_r) integral of P exp(-(s - u)/tau_r) du it is
 *     (1/R_r) [theta k(h) + (J_r[P] - J_m[P]) / (C_r d)],   d = 1/tau_m - 1/tau_r,
 *     k(t) = (exp(-t/tau_r) - exp(-t/tau_m)) / d
 * (partial fractions of the two first-order lags in series). k is taken from its larger part, so that
 * it keeps its digits for short spans and near rates and nothing overflows for long ones. */
static double rack_heat_response_j(const struct dc_thermal_rack *rack, double room_tau_s,
				   double theta_k, const struct dc_thermal_power *power,
				   double duration_s)
{
	double tau_s = rack->heat_capacity_j_per_k * rack->resistance_k_per_w;
	double difference = 1.0 / room_tau_s - 1.0 / tau_s;
	double kernel_s;

	if (difference > 0.0) /* the rack is the slower one */
		kernel_s = -exp(-duration_s / tau_s) * expm1(-duration_s * difference) / difference;
	else
		kernel_s =
			exp(-duration_s / room_tau_s) * expm1(duration_s * difference) / difference;
	return (theta_k * kernel_s + (power->rack_response_j - power->room_response_j) /
					     (rack->heat_capacity_j_per_k * difference)) /
	       rack->resistance_k_per_w;
}

/* Advances one rack of a class; returns the heat it gives off and adds to the sums. */
static void advance_rack(const struct dc_thermal *thermal, struct dc_thermal_state *state,
			 struct dc_thermal_span *span, size_t i, double *room_response_j,
			 double *room_heat_j)
{
	const struct dc_thermal_rack *rack = &thermal->racks[i];
	const struct dc_thermal_power *power = &span->rack[i];
	double tau_s = dc_thermal_rack_tau_s(thermal, i);
	double theta_k = state->rack_degc[i] - span->supply_degc;
	double rise_k, stored_j, heat_j;

	/* T' - T written as a difference, so that a rack at rest stays at rest to the last digit. */
	rise_k = theta_k * expm1(-span->duration_s / tau_s) +
		 power->rack_response_j / rack->heat_capacity_j_per_k;
	stored_j = rack->heat_capacity_j_per_k * rise_k;
	heat_j = power->energy_j - stored_j;
	*room_response_j += rack->count * rack_heat_response_j(rack, thermal->tau_s, theta_k, power,
							       span->duration_s);
	*room_heat_j += rack->count * heat_j;
	span->produced_j += rack->count * power->energy_j;
	span->stored_j += rack->count * stored_j;
	if (span->rack_heat_j)
		span->rack_heat_j[i] = heat_j;
	if (span->rack_mean_degc)
		span->rack_mean_degc[i] =
			span->duration_s > 0.0
				? span->supply_degc +
					  heat_j * rack->resistance_k_per_w / span->duration_s
				: state->rack_degc[i];
	state->rack_degc[i] += rise_k;
}

void dc_thermal_advance(const struct dc_thermal *thermal, struct dc_thermal_state *state,
			struct dc_thermal_span *span)
{
	double room_response_j = span->direct.room_response_j;
	double room_heat_j = span->direct.energy_j;
	double rise_k, stored_j;

	span->produced_j = span->direct.energy_j;
	span->stored_j = 0.0;
	for (size_t i = 0; i < thermal->count; i++)
		advance_rack(thermal, state, span, i, &room_response_j, &room_heat_j);
	rise_k =
		(state->room_degc - span->supply_degc) * expm1(-span->duration_s / thermal->tau_s) +
		room_response_j / thermal->capacity_j_per_k;
	stored_j = thermal->capacity_j_per_k * rise_k;
	span->removed_j = room_heat_j - stored_j;
	span->stored_j += stored_j;
	span->room_mean_degc =
		span->duration_s > 0.0
			? span->supply_degc + span->removed_j / (thermal->conductance_w_per_k *
								 span->duration_s)
			: state->room_degc;
	state->room_degc += rise_k;
}

void dc_thermal_settle(const struct dc_thermal *thermal, struct dc_thermal_state *state,
		       double supply_degc, const double *rack_w, double direct_w)
{
	double heat_w = direct_w;

	for (size_t i = 0; i < thermal->count; i++) {
		state->rack_degc[i] =
			supply_degc + rack_w[i] * thermal->racks[i].resistance_k_per_w;
		heat_w += thermal->racks[i].count * rack_w[i];
	}
	state->room_degc = supply_degc + heat_w / thermal->conductance_w_per_k;
}
