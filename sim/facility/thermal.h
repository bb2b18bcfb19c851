/* Racks that warm a room that a plant cools: an exact step of a linear thermal cascade.
 *
 * One lumped mass per rack and one for the room's air and walls:
 *
 *     C_r dT_r/dt = P_r(t) - (T_r - T_s) / R_r
 *     C_m dT_m/dt = sum over racks of (T_r - T_s) / R_r + P_d(t) - K (T_m - T_s)
 *
 * T_s is the supply temperature, which is also what racks breathe; P_r a rack's power, P_d the heat
 * that enters the room's air directly (distribution losses), K the air flow times its heat capacity.
 * The air that returns to the plant has the room's temperature T_m.
 *
 * T_s is constant over a span; powers are any functions of time, known by their energy and by their
 * response integrals J(tau) = integral over the span of P(s) exp(-(end - s) / tau) ds at the time
 * constants of the rack, R_r C_r, and of the room, C_m / K. With these the step is exact whatever its
 * length: there is no time-step error, and two spans give what one span over both gives.
 *
 * Equal racks with equal powers are one class with a count. Heat is exact by construction: it comes
 * from the balances of each mass. When a rack's time constant comes within 1e-7 of the room's, the
 * rack's heat capacity is moved to that distance, because the solution there divides by the
 * difference; every result then belongs to the moved value.
 *
 * Ownership: a dc_thermal and a state live in the arena given. */
#ifndef DC_FACILITY_THERMAL_H
#define DC_FACILITY_THERMAL_H

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

/* A class of equal racks; each value is one rack's. */
struct dc_thermal_rack {
	double count;                 /* >= 0 */
	double heat_capacity_j_per_k; /* > 0 */
	double resistance_k_per_w;    /* > 0: from the rack's mass to the air it breathes */
};

struct dc_thermal;

struct dc_thermal_state {
	double room_degc;
	double *rack_degc; /* per class, of one rack */
};

/* A power over a span. */
struct dc_thermal_power {
	double energy_j;        /* its integral */
	double rack_response_j; /* J at the rack's time constant; not read for direct heat */
	double room_response_j; /* J at the room's time constant */
};

struct dc_thermal_span {
	/* in */
	double duration_s; /* >= 0 */
	double supply_degc;
	const struct dc_thermal_power *rack; /* per class, of one rack */
	struct dc_thermal_power direct;
	/* out */
	double *rack_heat_j;    /* per class, from one rack into the air; may be NULL */
	double *rack_mean_degc; /* per class; may be NULL */
	double room_mean_degc;
	double produced_j; /* all rack and direct energy */
	double removed_j;  /* heat carried to the plant */
	double stored_j;   /* rise of heat in racks and room: produced - removed, to rounding */
};

/* Builds the cascade: racks are copied; room_heat_capacity and conductance > 0. NULL when out of
 * memory. */
struct dc_thermal *dc_thermal_create(struct dc_arena *arena, const struct dc_thermal_rack *racks,
				     size_t count, double room_heat_capacity_j_per_k,
				     double conductance_w_per_k);
/* All masses at one temperature. rack_degc is NULL when out of memory. */
struct dc_thermal_state dc_thermal_state_create(struct dc_arena *arena,
						const struct dc_thermal *thermal, double degc);

/* Time constants in seconds, to ask response integrals for. */
double dc_thermal_rack_tau_s(const struct dc_thermal *thermal, size_t rack);
double dc_thermal_room_tau_s(const struct dc_thermal *thermal);
size_t dc_thermal_racks(const struct dc_thermal *thermal);
/* The racks' heat capacity as used. */
double dc_thermal_rack_capacity_j_per_k(const struct dc_thermal *thermal, size_t rack);

/* The response integral of a constant power: P tau (1 - exp(-h / tau)). */
double dc_thermal_constant_j(double power_w, double duration_s, double tau_s);

/* Advances the state over the span and fills its out part. A span of no length changes nothing; its
 * means are the temperatures. */
void dc_thermal_advance(const struct dc_thermal *thermal, struct dc_thermal_state *state,
			struct dc_thermal_span *span);

/* The temperatures at which nothing changes under constant powers: rack_w per class, of one rack. */
void dc_thermal_settle(const struct dc_thermal *thermal, struct dc_thermal_state *state,
		       double supply_degc, const double *rack_w, double direct_w);

#endif
