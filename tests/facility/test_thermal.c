/* The thermal cascade against closed forms, an ODE solver, its own splitting and the first law. */
#include <criterion/criterion.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>

#include "facility/thermal.h"

enum { RACKS_LIMIT = 3, PIECES = 4 };

/* A room with racks under powers that step three times, the same steps for each case. */
struct example {
	const char *what;
	size_t racks;
	struct dc_thermal_rack rack[RACKS_LIMIT];
	double room_capacity, conductance;
};

static const struct example examples[] = {
	{"one rack, faster than the room", 1, {{8, 3e5, 6e-4}}, 2.4e6, 4e3},
	{"one rack, slower than the room", 1, {{1, 3e5, 6e-3}}, 2.4e6, 4e3},
	{"three classes, both sides",
	 3,
	 {{2, 1e5, 1e-3}, {5, 3e5, 3e-3}, {1, 5e4, 5e-4}},
	 3e6,
	 5e3},
	{"one percent from the room's rate", 1, {{2, 3e5, 606.0 / 3e5}}, 2.4e6, 4e3},
	{"1e-4 from the room's rate", 1, {{2, 3e5, 600.06 / 3e5}}, 2.4e6, 4e3},
};

static const double piece_s[PIECES] = {120.0, 7.0, 400.0, 33.0};
static const double piece_w[PIECES] = {20e3, 3e3, 25e3, 0.0};
static const double direct_w[PIECES] = {500.0, 100.0, 700.0, 50.0};

/* Classes differ: class i draws this share more. */
static double rack_w(size_t rack, int piece)
{
	return piece_w[piece] * (1.0 + 0.3 * (double)rack);
}

struct fixture {
	struct dc_arena *arena;
	struct dc_thermal *thermal;
	struct dc_thermal_state state;
	struct dc_thermal_power power[RACKS_LIMIT];
	double heat_j[RACKS_LIMIT], mean_degc[RACKS_LIMIT];
	struct dc_thermal_span span;
};

static void setup(struct fixture *fixture, const struct example *example, double degc)
{
	*fixture = (struct fixture){.arena = dc_arena_create()};
	fixture->thermal = dc_thermal_create(fixture->arena, example->rack, example->racks,
					     example->room_capacity, example->conductance);
	fixture->state = dc_thermal_state_create(fixture->arena, fixture->thermal, degc);
	fixture->span = (struct dc_thermal_span){
		.supply_degc = 18.0,
		.rack = fixture->power,
		.rack_heat_j = fixture->heat_j,
		.rack_mean_degc = fixture->mean_degc,
	};
}

/* J over one more piece: J' = J exp(-h/tau) + P tau (1 - exp(-h/tau)). */
static void append(struct dc_thermal_power *power, double watts, double h, double rack_tau,
		   double room_tau)
{
	power->energy_j += watts * h;
	power->rack_response_j = power->rack_response_j * exp(-h / rack_tau) +
				 dc_thermal_constant_j(watts, h, rack_tau);
	power->room_response_j = power->room_response_j * exp(-h / room_tau) +
				 dc_thermal_constant_j(watts, h, room_tau);
}

static void append_piece(struct fixture *fixture, int piece, double seconds)
{
	double room_tau = dc_thermal_room_tau_s(fixture->thermal);

	fixture->span.duration_s += seconds;
	append(&fixture->span.direct, direct_w[piece], seconds, 1.0, room_tau);
	for (size_t i = 0; i < dc_thermal_racks(fixture->thermal); i++)
		append(&fixture->power[i], rack_w(i, piece), seconds,
		       dc_thermal_rack_tau_s(fixture->thermal, i), room_tau);
}

static void step(struct fixture *fixture)
{
	dc_thermal_advance(fixture->thermal, &fixture->state, &fixture->span);
	fixture->span.duration_s = 0.0;
	fixture->span.direct = (struct dc_thermal_power){0};
	for (size_t i = 0; i < RACKS_LIMIT; i++)
		fixture->power[i] = (struct dc_thermal_power){0};
}

/* The differential equations of thermal.h, with the integrals of T_r and T_m beside them. */
struct ode {
	const struct example *example;
	int piece;
	double supply;
};

static int derivatives(double t, const double y[], double dydt[], void *context)
{
	const struct ode *ode = context;
	const struct example *e = ode->example;
	double into_room = direct_w[ode->piece];

	(void)t;
	for (size_t i = 0; i < e->racks; i++) {
		double heat = (y[i] - ode->supply) / e->rack[i].resistance_k_per_w;

		dydt[i] = (rack_w(i, ode->piece) - heat) / e->rack[i].heat_capacity_j_per_k;
		dydt[e->racks + 1 + i] = y[i];
		into_room += e->rack[i].count * heat;
	}
	dydt[e->racks] =
		(into_room - e->conductance * (y[e->racks] - ode->supply)) / e->room_capacity;
	dydt[2 * e->racks + 1] = y[e->racks];
	return GSL_SUCCESS;
}

/* Source of truth: gsl_odeiv2, Prince-Dormand 8(9), relative tolerance 1e-13, restarted at each step
 * of power. */
Test(thermal, agrees_with_an_ode_solver)
{
	for (size_t n = 0; n < sizeof(examples) / sizeof(examples[0]); n++) {
		const struct example *e = &examples[n];
		struct fixture fixture;
		struct ode ode = {e, 0, 18.0};
		size_t size = 2 * e->racks + 2;
		double y[2 * RACKS_LIMIT + 2] = {0}, total_s = 0.0;
		gsl_odeiv2_system system = {derivatives, NULL, size, &ode};

		setup(&fixture, e, 25.0);
		for (size_t i = 0; i <= e->racks; i++)
			y[i] = 25.0;
		for (ode.piece = 0; ode.piece < PIECES; ode.piece++) {
			gsl_odeiv2_driver *driver = gsl_odeiv2_driver_alloc_y_new(
				&system, gsl_odeiv2_step_rk8pd, 1.0, 1e-13, 1e-13);
			double t = 0.0;

			cr_assert_eq(gsl_odeiv2_driver_apply(driver, &t, piece_s[ode.piece], y),
				     GSL_SUCCESS);
			gsl_odeiv2_driver_free(driver);
			append_piece(&fixture, ode.piece, piece_s[ode.piece]);
			total_s += piece_s[ode.piece];
		}
		step(&fixture);
		for (size_t i = 0; i < e->racks; i++) {
			cr_expect_float_eq(fixture.state.rack_degc[i], y[i], 1e-9,
					   "%s: rack %zu %.17g %.17g", e->what, i,
					   fixture.state.rack_degc[i], y[i]);
			cr_expect_float_eq(fixture.mean_degc[i], y[e->racks + 1 + i] / total_s,
					   1e-9, "%s: mean of rack %zu", e->what, i);
		}
		cr_expect_float_eq(fixture.state.room_degc, y[e->racks], 1e-9,
				   "%s: room %.17g %.17g", e->what, fixture.state.room_degc,
				   y[e->racks]);
		cr_expect_float_eq(fixture.span.room_mean_degc, y[2 * e->racks + 1] / total_s, 1e-9,
				   "%s: mean of room %.17g %.17g", e->what,
				   fixture.span.room_mean_degc, y[2 * e->racks + 1] / total_s);
		dc_arena_destroy(fixture.arena);
	}
}

/* One rack from rest under constant P: T_r = T_s + P R (1 - e^{-t/tau}) (first-order step response). */
Test(thermal, rack_step_response)
{
	const struct example *e = &examples[0];
	struct fixture fixture;
	double tau = e->rack[0].heat_capacity_j_per_k * e->rack[0].resistance_k_per_w;

	for (double h = 1.0; h < 1e5; h *= 10.0) {
		setup(&fixture, e, 18.0);
		append_piece(&fixture, 0, h);
		step(&fixture);
		cr_expect_float_eq(fixture.state.rack_degc[0],
				   18.0 + 20e3 * 6e-4 * (1.0 - exp(-h / tau)), 1e-12, "h = %g", h);
		dc_arena_destroy(fixture.arena);
	}
}

/* Equal rates: the room's response to a rack that starts theta above is theta (C_r/C_m) (t/tau)
 * e^{-t/tau} (double pole). The capacity moves by 1e-7, so the result does by about as much. */
Test(thermal, equal_time_constants)
{
	struct example e = {"equal", 1, {{1, 3e5, 2e-3}}, 2.4e6, 4e3};
	struct fixture fixture;

	for (double h = 0.5; h < 2e4; h *= 3.0) {
		double want = 10.0 * (3e5 / 2.4e6) * (h / 600.0) * exp(-h / 600.0);

		setup(&fixture, &e, 18.0);
		fixture.state.rack_degc[0] = 28.0;
		fixture.span.duration_s = h;
		step(&fixture);
		cr_expect_float_eq(fixture.state.room_degc - 18.0, want, 1e-6,
				   "h = %g: %.12g %.12g", h, fixture.state.room_degc - 18.0, want);
		dc_arena_destroy(fixture.arena);
	}
}

/* Equal rates with power: from rest, T_m = T_s + (P/K) (1 - e^{-x} (1 + x)), x = t/tau (two equal lags
 * in series). Cancellation costs 2e-9 of the response, the moved capacity 1e-7. */
Test(thermal, equal_time_constants_under_power)
{
	struct example e = {"equal", 1, {{1, 3e5, 2e-3}}, 2.4e6, 4e3};
	struct fixture fixture;

	for (double h = 1.0; h < 1e4; h *= 4.0) {
		double x = h / 600.0, want = 20e3 / 4e3 * (1.0 - exp(-x) * (1.0 + x));

		setup(&fixture, &e, 18.0);
		fixture.span.duration_s = h;
		append(&fixture.power[0], 20e3, h, dc_thermal_rack_tau_s(fixture.thermal, 0),
		       dc_thermal_room_tau_s(fixture.thermal));
		step(&fixture);
		cr_expect_float_eq(fixture.state.room_degc - 18.0, want, 2e-6,
				   "h = %g: %.12g %.12g", h, fixture.state.room_degc - 18.0, want);
		dc_arena_destroy(fixture.arena);
	}
}

/* Exactness: a span cut into parts ends where the whole span ends, with the same heat. */
Test(thermal, splitting_changes_nothing)
{
	for (size_t n = 0; n < sizeof(examples) / sizeof(examples[0]); n++) {
		const struct example *e = &examples[n];
		struct fixture whole, parts;
		double removed_j = 0.0;

		setup(&whole, e, 25.0);
		setup(&parts, e, 25.0);
		for (int piece = 0; piece < PIECES; piece++) {
			append_piece(&whole, piece, piece_s[piece]);
			for (int i = 0; i < 8; i++) {
				append_piece(&parts, piece, piece_s[piece] / 8.0);
				step(&parts);
				removed_j += parts.span.removed_j;
			}
		}
		step(&whole);
		for (size_t i = 0; i < e->racks; i++)
			cr_expect_float_eq(whole.state.rack_degc[i], parts.state.rack_degc[i],
					   1e-11, "%s: rack %zu", e->what, i);
		cr_expect_float_eq(whole.state.room_degc, parts.state.room_degc, 1e-10, "%s: room",
				   e->what);
		cr_expect_float_eq(whole.span.removed_j, removed_j, 1e-10 * removed_j, "%s: heat",
				   e->what);
		dc_arena_destroy(whole.arena);
		dc_arena_destroy(parts.arena);
	}
}

/* First law: heat produced = removed + stored, and stored is what the capacities say. */
Test(thermal, conserves_energy)
{
	for (size_t n = 0; n < sizeof(examples) / sizeof(examples[0]); n++) {
		const struct example *e = &examples[n];
		struct fixture f;
		double produced_j = 0.0, removed_j = 0.0, stored_j = 0.0, state_j;

		setup(&f, e, 25.0);
		for (int i = 0; i < 1000; i++) {
			append_piece(&f, i % PIECES, piece_s[i % PIECES]);
			step(&f);
			cr_expect_float_eq(f.span.produced_j, f.span.removed_j + f.span.stored_j,
					   1e-14 * (f.span.produced_j + fabs(f.span.removed_j) +
						    fabs(f.span.stored_j)),
					   "%s: step %d", e->what, i);
			produced_j += f.span.produced_j;
			removed_j += f.span.removed_j;
			stored_j += f.span.stored_j;
		}
		state_j = e->room_capacity * (f.state.room_degc - 25.0);
		for (size_t i = 0; i < e->racks; i++)
			state_j += e->rack[i].count *
				   dc_thermal_rack_capacity_j_per_k(f.thermal, i) *
				   (f.state.rack_degc[i] - 25.0);
		cr_expect_float_eq(produced_j, removed_j + state_j, 1e-12 * produced_j, "%s: state",
				   e->what);
		cr_expect_float_eq(stored_j, state_j, 1e-12 * produced_j, "%s: stored", e->what);
		dc_arena_destroy(f.arena);
	}
}

/* Steady state: T_r = T_s + P R; T_m = T_s + all heat / K; what comes in is carried out. */
Test(thermal, settles_and_stays)
{
	const struct example *e = &examples[2];
	double watts[RACKS_LIMIT] = {rack_w(0, 0), rack_w(1, 0), rack_w(2, 0)};
	double all_w = direct_w[0] + 2 * watts[0] + 5 * watts[1] + watts[2];
	struct fixture f;

	setup(&f, e, 25.0);
	dc_thermal_settle(f.thermal, &f.state, 18.0, watts, direct_w[0]);
	cr_expect_float_eq(f.state.rack_degc[0], 18.0 + 20e3 * 1e-3, 1e-12);
	cr_expect_float_eq(f.state.room_degc, 18.0 + all_w / 5e3, 1e-12);
	for (int i = 0; i < 100; i++) {
		append_piece(&f, 0, 60.0);
		step(&f);
		cr_expect_float_eq(f.span.removed_j, all_w * 60.0, 1e-9 * all_w * 60.0);
	}
	cr_expect_float_eq(f.state.rack_degc[1], 18.0 + watts[1] * 3e-3, 1e-10);
	cr_expect_float_eq(f.state.room_degc, 18.0 + all_w / 5e3, 1e-10);
	/* From anywhere, a span of many time constants ends there too (no overflow on the way). */
	f.state.room_degc = 60.0;
	f.state.rack_degc[0] = -10.0;
	append_piece(&f, 0, 3.2e7);
	step(&f);
	cr_expect_float_eq(f.state.rack_degc[0], 18.0 + 20e3 * 1e-3, 1e-10);
	cr_expect_float_eq(f.state.room_degc, 18.0 + all_w / 5e3, 1e-10);
	dc_arena_destroy(f.arena);
}

/* No time, no change; the means are the temperatures. */
Test(thermal, span_of_no_length)
{
	struct fixture f;

	setup(&f, &examples[0], 25.0);
	step(&f);
	cr_expect_eq(f.state.room_degc, 25.0);
	cr_expect_eq(f.state.rack_degc[0], 25.0);
	cr_expect_eq(f.mean_degc[0], 25.0);
	cr_expect_eq(f.span.room_mean_degc, 25.0);
	cr_expect_eq(f.span.removed_j, 0.0);
	dc_arena_destroy(f.arena);
}

/* A class of n racks is n classes of one. */
Test(thermal, count_is_repetition)
{
	struct example class = {"class", 1, {{3, 1e5, 1e-3}}, 3e6, 5e3};
	struct example apart = {
		"apart", 3, {{1, 1e5, 1e-3}, {1, 1e5, 1e-3}, {1, 1e5, 1e-3}}, 3e6, 5e3};
	struct fixture a, b;

	setup(&a, &class, 25.0);
	setup(&b, &apart, 25.0);
	append_piece(&a, 0, 100.0);
	append_piece(&b, 0, 100.0);
	for (size_t i = 1; i < 3; i++)
		b.power[i] = b.power[0];
	step(&a);
	step(&b);
	cr_expect_eq(a.state.rack_degc[0], b.state.rack_degc[2]);
	cr_expect_float_eq(a.state.room_degc, b.state.room_degc, 1e-13);
	cr_expect_float_eq(a.span.removed_j, b.span.removed_j,
			   1e-13 * fabs(a.span.removed_j) + 1e-6);
	dc_arena_destroy(a.arena);
	dc_arena_destroy(b.arena);
}
