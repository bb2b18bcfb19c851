/* Sharing: random systems against progressive filling as the textbook writes it, and large ones. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "system.h"

enum { MAX_RESOURCES = 24, MAX_FLOWS = 40, MAX_HOPS = 6, SYSTEMS = 10000 };

/* ---- the reference: progressive filling, one resource or cap at a time, in long double ---- */

struct reference_flow {
	long double weight, cap, use[MAX_RESOURCES];
	long double rate;
	bool there, fixed;
};

struct reference {
	int resources;
	long double capacity[MAX_RESOURCES];
	struct reference_flow flow[MAX_FLOWS];
};

/* The level at which the resource is full: what is left over the pull of the growing flows. */
static long double full_at(const struct reference *system, int r)
{
	long double left = system->capacity[r], pull = 0;

	for (int f = 0; f < MAX_FLOWS; f++) {
		const struct reference_flow *flow = &system->flow[f];

		if (!flow->there || flow->use[r] <= 0)
			continue;
		if (flow->fixed)
			left -= flow->use[r] * flow->rate;
		else
			pull += flow->use[r] * flow->weight;
	}
	if (!(pull > 0))
		return INFINITY;
	return left > 0 ? left / pull : 0;
}

static void reference_solve(struct reference *system)
{
	for (int f = 0; f < MAX_FLOWS; f++) {
		system->flow[f].fixed = !system->flow[f].there;
		system->flow[f].rate = 0;
	}
	for (;;) {
		long double least = INFINITY;
		int at = -1, capped = -1;

		for (int r = 0; r < system->resources; r++)
			if (full_at(system, r) < least) {
				least = full_at(system, r);
				at = r;
			}
		for (int f = 0; f < MAX_FLOWS; f++)
			if (!system->flow[f].fixed &&
			    system->flow[f].cap / system->flow[f].weight < least) {
				least = system->flow[f].cap / system->flow[f].weight;
				capped = f;
			}
		if (capped < 0 && at < 0)
			break;
		for (int f = 0; f < MAX_FLOWS; f++) {
			struct reference_flow *flow = &system->flow[f];

			if (flow->fixed || (capped >= 0 ? f != capped : flow->use[at] <= 0))
				continue;
			flow->rate = capped >= 0 ? flow->cap : least * flow->weight;
			flow->fixed = true;
		}
	}
	for (int f = 0; f < MAX_FLOWS; f++)
		if (!system->flow[f].fixed)
			system->flow[f].rate = INFINITY;
}

/* ---- the two side by side ---- */

struct pair {
	struct reference reference;
	struct dc_fluid_solver *solver;
	uint32_t id[MAX_FLOWS];
	struct dc_fluid_flow spec[MAX_FLOWS];
	struct dc_fluid_hop path[MAX_FLOWS][MAX_HOPS];
	int kind;
};

static void add_flow(struct pair *pair, int f, uint64_t *state)
{
	struct reference_flow *flow = &pair->reference.flow[f];
	struct dc_fluid_flow *spec = &pair->spec[f];

	*spec = (struct dc_fluid_flow){.path = pair->path[f],
				       .hops = (uint32_t)system_draw(state, MAX_HOPS + 1),
				       .weight = system_draw_weight(state, pair->kind),
				       .cap_bps = system_draw_cap(state, pair->kind),
				       .multiplicity = 1};
	*flow = (struct reference_flow){.there = true};
	flow->weight = (long double)spec->weight;
	flow->cap = (long double)spec->cap_bps;
	for (uint32_t i = 0; i < spec->hops; i++) {
		struct dc_fluid_hop *hop = &pair->path[f][i];

		hop->resource = (uint32_t)system_draw(state, (uint64_t)pair->reference.resources);
		hop->use =
			pair->kind & 8 && system_draw(state, 2) ? system_draw_real(state, 0, 2) : 1;
		flow->use[hop->resource] += (long double)hop->use;
	}
	cr_assert_eq(dc_fluid_add(pair->solver, spec, &pair->id[f]), DC_OK);
	cr_assert_eq(dc_fluid_start(pair->solver, pair->id[f]), DC_OK);
}

static void change_one(struct pair *pair, uint64_t *state)
{
	int f = (int)system_draw(state, MAX_FLOWS);
	struct reference_flow *flow = &pair->reference.flow[f];

	if (system_draw(state, 6) == 0) {
		uint32_t r = (uint32_t)system_draw(state, (uint64_t)pair->reference.resources);
		double capacity = system_draw_capacity(state, pair->kind | 1);

		cr_assert_eq(dc_fluid_set_capacity(pair->solver, r, capacity), DC_OK);
		pair->reference.capacity[r] = (long double)capacity;
	} else if (!flow->there) {
		add_flow(pair, f, state);
	} else if (system_draw(state, 4) == 0) {
		double weight = system_draw_weight(state, pair->kind),
		       cap = system_draw_cap(state, pair->kind);

		cr_assert_eq(dc_fluid_set_weight(pair->solver, pair->id[f], weight), DC_OK);
		cr_assert_eq(dc_fluid_set_cap(pair->solver, pair->id[f], cap), DC_OK);
		flow->weight = (long double)weight;
		flow->cap = (long double)cap;
	} else {
		dc_fluid_remove(pair->solver, pair->id[f]);
		flow->there = false;
	}
}

/* Relative to the rate, and to the rounding of the capacity that the others leave it. */
static bool agrees(const struct pair *pair, int f, double rate)
{
	const struct reference_flow *flow = &pair->reference.flow[f];
	long double slack = 1e-12L * flow->rate;

	if (isinf(rate) || isinf((double)flow->rate))
		return isinf(rate) && isinf((double)flow->rate);
	for (int r = 0; r < pair->reference.resources; r++)
		if (flow->use[r] > 0 && !isinf((double)pair->reference.capacity[r]))
			slack += 1e-15L * pair->reference.capacity[r];
	return fabsl((long double)rate - flow->rate) <= slack;
}

static void compare(struct pair *pair, uint64_t number, int step)
{
	size_t count;

	/* Now and then by filling, so that propagation begins from what a filling leaves. */
	if ((number / 32 + (uint64_t)step) % 4 == 3)
		dc_fluid_solve_full(pair->solver, &count);
	else
		dc_fluid_solve(pair->solver, &count);
	cr_assert_not(dc_fluid_pending(pair->solver));
	reference_solve(&pair->reference);
	for (int f = 0; f < MAX_FLOWS; f++) {
		double rate = 0;

		if (!pair->reference.flow[f].there)
			continue;
		rate = dc_fluid_rate(pair->solver, pair->id[f]);
		cr_assert(agrees(pair, f, rate),
			  "system %llu kind %d step %d flow %d: %.17g for %.17Lg",
			  (unsigned long long)number, pair->kind, step, f, rate,
			  pair->reference.flow[f].rate);
	}
}

/* Filling everything anew changes nothing: the way there does not show, within 1e-12. */
static void check_history(struct pair *pair, uint64_t number)
{
	double rate[MAX_FLOWS] = {0};
	size_t count;

	for (int f = 0; f < MAX_FLOWS; f++)
		if (pair->reference.flow[f].there)
			rate[f] = dc_fluid_rate(pair->solver, pair->id[f]);
	dc_fluid_solve_full(pair->solver, &count);
	for (int f = 0; f < MAX_FLOWS; f++) {
		double full;

		if (!pair->reference.flow[f].there || isinf(rate[f]))
			continue;
		full = dc_fluid_rate(pair->solver, pair->id[f]);
		cr_assert(fabs(full - rate[f]) <= 1e-12 * full,
			  "system %llu flow %d: %.17g by levels, %.17g by filling",
			  (unsigned long long)number, f, rate[f], full);
	}
}

/* No resource carries more than it can, and a bottleneck is full (or the flow is at its cap). */
static void check_bottlenecks(const struct pair *pair, uint64_t number)
{
	for (int r = 0; r < pair->reference.resources; r++) {
		double capacity = dc_fluid_capacity(pair->solver, (uint32_t)r);

		if (isinf(capacity))
			continue;
		cr_assert(dc_fluid_load(pair->solver, (uint32_t)r) <= capacity * (1 + 1e-12),
			  "system %llu resource %d", (unsigned long long)number, r);
	}
	for (int f = 0; f < MAX_FLOWS; f++) {
		uint32_t at;

		if (!pair->reference.flow[f].there)
			continue;
		at = dc_fluid_bottleneck(pair->solver, pair->id[f]);
		if (at == DC_FLUID_NONE) {
			cr_assert_eq(dc_fluid_rate(pair->solver, pair->id[f]),
				     (double)pair->reference.flow[f].cap);
			continue;
		}
		cr_assert(pair->reference.flow[f].use[at] > 0);
		cr_assert(dc_fluid_load(pair->solver, at) >=
				  dc_fluid_capacity(pair->solver, at) * (1 - 1e-12),
			  "system %llu flow %d", (unsigned long long)number, f);
	}
}

static void run_system(uint64_t number)
{
	static struct pair pair;
	uint64_t state = 0x9e3779b97f4a7c15u + number * 0xd1342543de82ef95u;

	for (int i = 0; i < 8; i++)
		system_draw(&state, 2);
	memset(&pair, 0, sizeof pair);
	pair.kind = (int)(number % 32);
	pair.solver = dc_fluid_create();
	cr_assert(pair.solver);
	pair.reference.resources = 1 + (int)system_draw(&state, MAX_RESOURCES);
	for (int r = 0; r < pair.reference.resources; r++) {
		double capacity = system_draw_capacity(&state, pair.kind);
		uint32_t id;

		cr_assert_eq(dc_fluid_add_resource(pair.solver, capacity, 1, &id), DC_OK);
		cr_assert_eq(id, (uint32_t)r);
		pair.reference.capacity[r] = (long double)capacity;
	}
	for (int f = (int)system_draw(&state, MAX_FLOWS); f-- > 0;)
		add_flow(&pair, f, &state);
	compare(&pair, number, 0);
	for (int step = 1; step < 12; step++) {
		for (uint64_t i = 0, n = 1 + system_draw(&state, 4); i < n; i++)
			change_one(&pair, &state);
		compare(&pair, number, step);
	}
	check_bottlenecks(&pair, number);
	check_history(&pair, number);
	dc_fluid_destroy(pair.solver);
}

/* Source of truth: progressive filling [Bertsekas and Gallager 1992, sec. 6.5.2] in long double,
 * anew after every batch of additions, removals, and changes of capacity, weight and cap. */
Test(solver, random_systems_match_progressive_filling)
{
	for (uint64_t number = 0; number < SYSTEMS; number++)
		run_system(number);
}

/* ---- large systems: batches of every size, so that levels, fillings and giving up all happen ---- */

enum { LARGE_RESOURCES = 150, LARGE_FLOWS = 1500, LARGE_BATCHES = 120 };

static void run_large(int kind)
{
	static uint32_t id[LARGE_FLOWS];
	static bool there[LARGE_FLOWS];
	static double rate[LARGE_FLOWS];
	struct dc_fluid_solver *solver = dc_fluid_create();
	uint64_t state = 1234567 + (uint64_t)kind;
	size_t count;

	memset(there, 0, sizeof there);
	for (int r = 0; r < LARGE_RESOURCES; r++)
		system_resource(solver, system_draw_capacity(&state, kind), 1);
	for (int batch = 0; batch < LARGE_BATCHES; batch++) {
		uint64_t size = 1 + system_draw(&state, batch % 10 ? 5 : LARGE_FLOWS);

		for (uint64_t i = 0; i < size; i++) {
			size_t f = (size_t)system_draw(&state, LARGE_FLOWS);
			struct dc_fluid_hop path[4];
			const struct dc_fluid_flow spec = {path, 4,
							   system_draw_weight(&state, kind),
							   system_draw_cap(&state, kind), 1};

			if (there[f]) {
				dc_fluid_remove(solver, id[f]);
			} else {
				for (int h = 0; h < 4; h++)
					path[h] = (struct dc_fluid_hop){
						(uint32_t)system_draw(&state, LARGE_RESOURCES), 1};
				cr_assert_eq(dc_fluid_add(solver, &spec, &id[f]), DC_OK);
				cr_assert_eq(dc_fluid_start(solver, id[f]), DC_OK);
			}
			there[f] = !there[f];
		}
		dc_fluid_solve(solver, &count);
		if (batch % 40 != 39)
			continue;
		for (size_t f = 0; f < LARGE_FLOWS; f++)
			rate[f] = there[f] ? dc_fluid_rate(solver, id[f]) : 0;
		dc_fluid_solve_full(solver, &count);
		for (size_t f = 0; f < LARGE_FLOWS; f++) {
			double full = there[f] ? dc_fluid_rate(solver, id[f]) : 0;

			cr_assert(fabs(full - rate[f]) <= 1e-12 * full,
				  "kind %d batch %d flow %zu: %.17g by levels, %.17g by filling",
				  kind, batch, f, rate[f], full);
		}
	}
	cr_assert(dc_fluid_statistics(solver).propagated > 20);
	cr_assert(dc_fluid_statistics(solver).filled > 5);
	dc_fluid_destroy(solver);
}

/* Kinds as above, without unlimited resources. */
Test(solver, large_systems_forget_their_history)
{
	for (int kind = 0; kind < 16; kind++)
		run_large(kind);
}
