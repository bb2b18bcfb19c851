/* Sharing: hand cases, and random systems against progressive filling as the textbook writes it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fluid/solver.h"

enum { MAX_RESOURCES = 24, MAX_FLOWS = 40, MAX_HOPS = 6, SYSTEMS = 10000 };

/* A small generator of its own (xorshift64, Marsaglia 2003), so that every run draws the same. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % below;
}

static double draw_real(uint64_t *state, double low, double high)
{
	return low + (high - low) * ((double)draw(state, 1000001) / 1e6);
}

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

/* Kinds of systems: bit 0 unequal capacities, 1 weights, 2 caps, 3 fractional use, 4 now and then a
 * capacity or cap of 0 or an unlimited resource. Kind 0 is full of ties. */
static double draw_capacity(uint64_t *state, int kind)
{
	if (kind & 16 && draw(state, 8) == 0)
		return draw(state, 2) ? 0.0 : (double)INFINITY;
	return kind & 1 ? draw_real(state, 1e9, 60e9) : 50e9;
}

static double draw_cap(uint64_t *state, int kind)
{
	if (!(kind & 4) || draw(state, 2))
		return INFINITY;
	if (kind & 16 && draw(state, 8) == 0)
		return 0;
	return draw(state, 2) ? draw_real(state, 1e8, 40e9) : 50e9 / (double)(1 + draw(state, 4));
}

static double draw_weight(uint64_t *state, int kind)
{
	if (!(kind & 2))
		return 1;
	return draw(state, 2) ? (double)(1 + draw(state, 4)) : draw_real(state, 0.1, 3);
}

static void add_flow(struct pair *pair, int f, uint64_t *state)
{
	struct reference_flow *flow = &pair->reference.flow[f];
	struct dc_fluid_flow *spec = &pair->spec[f];

	*spec = (struct dc_fluid_flow){.path = pair->path[f],
				       .hops = (uint32_t)draw(state, MAX_HOPS + 1),
				       .weight = draw_weight(state, pair->kind),
				       .cap_bps = draw_cap(state, pair->kind),
				       .multiplicity = 1};
	*flow = (struct reference_flow){.there = true};
	flow->weight = (long double)spec->weight;
	flow->cap = (long double)spec->cap_bps;
	for (uint32_t i = 0; i < spec->hops; i++) {
		struct dc_fluid_hop *hop = &pair->path[f][i];

		hop->resource = (uint32_t)draw(state, (uint64_t)pair->reference.resources);
		hop->use = pair->kind & 8 && draw(state, 2) ? draw_real(state, 0, 2) : 1;
		flow->use[hop->resource] += (long double)hop->use;
	}
	cr_assert_eq(dc_fluid_add(pair->solver, spec, &pair->id[f]), DC_OK);
	cr_assert_eq(dc_fluid_start(pair->solver, pair->id[f]), DC_OK);
}

static void change_one(struct pair *pair, uint64_t *state)
{
	int f = (int)draw(state, MAX_FLOWS);
	struct reference_flow *flow = &pair->reference.flow[f];

	if (draw(state, 6) == 0) {
		uint32_t r = (uint32_t)draw(state, (uint64_t)pair->reference.resources);
		double capacity = draw_capacity(state, pair->kind | 1);

		cr_assert_eq(dc_fluid_set_capacity(pair->solver, r, capacity), DC_OK);
		pair->reference.capacity[r] = (long double)capacity;
	} else if (!flow->there) {
		add_flow(pair, f, state);
	} else if (draw(state, 4) == 0) {
		double weight = draw_weight(state, pair->kind), cap = draw_cap(state, pair->kind);

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
		draw(&state, 2);
	memset(&pair, 0, sizeof pair);
	pair.kind = (int)(number % 32);
	pair.solver = dc_fluid_create();
	cr_assert(pair.solver);
	pair.reference.resources = 1 + (int)draw(&state, MAX_RESOURCES);
	for (int r = 0; r < pair.reference.resources; r++) {
		double capacity = draw_capacity(&state, pair.kind);
		uint32_t id;

		cr_assert_eq(dc_fluid_add_resource(pair.solver, capacity, 1, &id), DC_OK);
		cr_assert_eq(id, (uint32_t)r);
		pair.reference.capacity[r] = (long double)capacity;
	}
	for (int f = (int)draw(&state, MAX_FLOWS); f-- > 0;)
		add_flow(&pair, f, &state);
	compare(&pair, number, 0);
	for (int step = 1; step < 12; step++) {
		for (uint64_t i = 0, n = 1 + draw(&state, 4); i < n; i++)
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

/* ---- by hand ---- */

static uint32_t resource(struct dc_fluid_solver *solver, double capacity_bps, double members)
{
	uint32_t id = 0;

	cr_assert_eq(dc_fluid_add_resource(solver, capacity_bps, members, &id), DC_OK);
	return id;
}

static uint32_t flow(struct dc_fluid_solver *solver, const struct dc_fluid_hop *path, uint32_t hops,
		     double multiplicity)
{
	const struct dc_fluid_flow spec = {path, hops, 1, (double)INFINITY, multiplicity};
	uint32_t id = 0;

	cr_assert_eq(dc_fluid_add(solver, &spec, &id), DC_OK);
	cr_assert_eq(dc_fluid_start(solver, id), DC_OK);
	return id;
}

/* Three links of 10, 20 and 30; one flow over all, one on each [the parking lot, Bertsekas and Gallager
 * 1992, sec. 6.5.2]: the long one gets 5 as does its neighbour on the first, the others 15 and 25. */
Test(solver, parking_lot)
{
	struct dc_fluid_solver *solver = dc_fluid_create();
	struct dc_fluid_hop hops[3];
	uint32_t id[4];
	size_t count;

	for (uint32_t i = 0; i < 3; i++)
		hops[i] = (struct dc_fluid_hop){resource(solver, 10.0 * (i + 1), 1), 1};
	id[3] = flow(solver, hops, 3, 1);
	for (uint32_t i = 0; i < 3; i++)
		id[i] = flow(solver, &hops[i], 1, 1);
	cr_expect_eq(dc_fluid_rate(solver, id[3]), 0.0, "before the solve");
	cr_expect_eq(dc_fluid_load(solver, 0), 0.0, "before the solve");
	dc_fluid_solve(solver, &count);
	cr_expect_eq(count, 4u);
	cr_expect_eq(dc_fluid_rate(solver, id[3]), 5.0);
	cr_expect_eq(dc_fluid_rate(solver, id[0]), 5.0);
	cr_expect_eq(dc_fluid_rate(solver, id[1]), 15.0);
	cr_expect_eq(dc_fluid_rate(solver, id[2]), 25.0);
	cr_expect_eq(dc_fluid_bottleneck(solver, id[3]), hops[0].resource);
	cr_expect_eq(dc_fluid_load(solver, hops[1].resource), 20.0);
	/* Only what changes is named: the neighbour on the third link goes, nobody else notices. */
	dc_fluid_remove(solver, id[2]);
	dc_fluid_solve(solver, &count);
	cr_expect_eq(count, 0u);
	cr_expect_eq(dc_fluid_flows_on(solver, hops[2].resource), 1u);
	/* The first link's neighbour goes: the long flow is held by the second, at 10. */
	dc_fluid_remove(solver, id[0]);
	dc_fluid_solve(solver, &count);
	cr_expect_eq(count, 2u);
	cr_expect_eq(dc_fluid_rate(solver, id[3]), 10.0);
	cr_expect_eq(dc_fluid_rate(solver, id[1]), 10.0);
	dc_fluid_destroy(solver);
}

/* Ties of a filling: 12 flows, each over its own link of 1/3 and one of four shared by three, of exactly
 * 3 x 1/3 in doubles: all links are full at once, and rounding may bring up any of them. */
Test(solver, ties)
{
	struct dc_fluid_solver *solver = dc_fluid_create();
	uint32_t id[12];
	size_t count;

	for (int i = 0; i < 4; i++)
		resource(solver, 1.0 / 3 + 1.0 / 3 + 1.0 / 3, 1);
	for (uint32_t i = 0; i < 12; i++) {
		struct dc_fluid_hop hops[2] = {{i / 3, 1}, {resource(solver, 1.0 / 3, 1), 1}};

		id[i] = flow(solver, hops, 2, 1);
	}
	for (int full = 0; full < 2; full++) {
		if (full)
			dc_fluid_solve_full(solver, &count);
		else
			dc_fluid_solve(solver, &count);
		for (uint32_t i = 0; i < 12; i++)
			cr_expect(fabs(dc_fluid_rate(solver, id[i]) - 1.0 / 3) <= 1e-15);
	}
	dc_fluid_destroy(solver);
}

/* 4,000 weighted flows on one link, caps freezing all but a few one after the other: what is left over is
 * found to 1e-14 of the link. By hand: caps of 1, 2, ... kB/s below the fair level, so the two without a
 * cap, of weights 1e-3 and 3e-3, share 50e9 less the sum of the caps. */
Test(solver, many_caps_leave_an_exact_rest)
{
	enum { CAPPED = 4000 };
	struct dc_fluid_solver *solver = dc_fluid_create();
	const struct dc_fluid_hop hop = {resource(solver, 50e9, 1), 1};
	double left = 50e9 - 1e3 * CAPPED * (CAPPED + 1) / 2;
	uint32_t id, light, heavy;
	size_t count;

	for (uint32_t i = 1; i <= CAPPED; i++) {
		const struct dc_fluid_flow spec = {&hop, 1, 1.0 + 1.0 / i, 1e3 * i, 1};

		cr_assert_eq(dc_fluid_add(solver, &spec, &id), DC_OK);
		cr_assert_eq(dc_fluid_start(solver, id), DC_OK);
	}
	light = flow(solver, &hop, 1, 1);
	heavy = flow(solver, &hop, 1, 1);
	cr_assert_eq(dc_fluid_set_weight(solver, light, 1e-3), DC_OK);
	cr_assert_eq(dc_fluid_set_weight(solver, heavy, 3e-3), DC_OK);
	for (int full = 0; full < 2; full++) {
		if (full)
			dc_fluid_solve_full(solver, &count);
		else
			dc_fluid_solve(solver, &count);
		cr_expect(fabs(dc_fluid_rate(solver, light) - left / 4) <= 1e-14 * 50e9,
			  "%.17g for %.17g", dc_fluid_rate(solver, light), left / 4);
		cr_expect(fabs(dc_fluid_rate(solver, heavy) - left * 0.75) <= 1e-14 * 50e9,
			  "%.17g for %.17g", dc_fluid_rate(solver, heavy), left * 0.75);
	}
	dc_fluid_destroy(solver);
}

/* Values out of range are refused (solver.h). */
Test(solver, refusals)
{
	struct dc_fluid_solver *solver = dc_fluid_create();
	const struct dc_fluid_hop good = {resource(solver, 1, 1), 1}, missing = {1, 1},
				  negative = {0, -1}, nan = {0, (double)NAN};
	const double inf = (double)INFINITY;
	const struct dc_fluid_flow bad[] = {
		{&good, 1, 0, inf, 1}, {&good, 1, inf, inf, 1},       {&good, 1, 1, -1, 1},
		{&good, 1, 1, inf, 0}, {&missing, 1, 1, inf, 1},      {&negative, 1, 1, inf, 1},
		{&nan, 1, 1, inf, 1},  {&good, 1, 1, (double)NAN, 1},
	};
	uint32_t id;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_eq(dc_fluid_add(solver, &bad[i], &id), DC_ERR_RUN, "flow %zu", i);
	cr_expect_eq(dc_fluid_add_resource(solver, -1, 1, &id), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_add_resource(solver, 1, 0, &id), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_set_capacity(solver, 0, (double)NAN), DC_ERR_RUN);
	id = flow(solver, &good, 1, 1);
	cr_expect_eq(dc_fluid_set_weight(solver, id, 0), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_set_cap(solver, id, -1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_set_path(solver, id, &missing, 1), DC_ERR_RUN);
	dc_fluid_destroy(solver);
}

/* ---- classes ---- */

enum { CLASSES = 6, MEMBERS = 24, CLASS_HOPS = 3, CLASS_SYSTEMS = 2000 };

/* One system twice: by classes, and with every member by itself. Member j of a flow class of m crosses
 * members (j k + i) mod M, i < k, of a resource class of M: each is crossed m k / M times. */
struct folding {
	struct dc_fluid_solver *folded, *full;
	double members[CLASSES];
	uint32_t first[CLASSES]; /* of the class's members in `full` */
	uint32_t flow[CLASSES], single[CLASSES][MEMBERS];
	uint32_t size[CLASSES];
};

static void add_class(struct folding *fold, int f, uint64_t *state)
{
	struct dc_fluid_hop path[CLASS_HOPS], one[CLASS_HOPS * 3];
	uint32_t crossed[CLASS_HOPS], hops = 1 + (uint32_t)draw(state, CLASS_HOPS);
	double share[CLASS_HOPS];
	struct dc_fluid_flow spec = {.path = path,
				     .hops = hops,
				     .weight = draw_weight(state, 2),
				     .cap_bps = draw_cap(state, 4),
				     .multiplicity = fold->size[f] = draw(state, 2) ? 12 : 24};

	for (uint32_t h = 0; h < hops; h++) {
		crossed[h] = 1 + (uint32_t)draw(state, 3);
		share[h] = draw(state, 2) ? 1 : 1.0 / crossed[h];
		path[h].resource = (uint32_t)draw(state, CLASSES);
		path[h].use = crossed[h] * share[h];
	}
	cr_assert_eq(dc_fluid_add(fold->folded, &spec, &fold->flow[f]), DC_OK);
	cr_assert_eq(dc_fluid_start(fold->folded, fold->flow[f]), DC_OK);
	spec.path = one;
	spec.multiplicity = 1;
	for (uint32_t j = 0; j < fold->size[f]; j++) {
		spec.hops = 0;
		for (uint32_t h = 0; h < hops; h++)
			for (uint32_t i = 0; i < crossed[h]; i++) {
				uint32_t r = path[h].resource;
				uint32_t member = (j * crossed[h] + i) % (uint32_t)fold->members[r];

				one[spec.hops++] =
					(struct dc_fluid_hop){fold->first[r] + member, share[h]};
			}
		cr_assert_eq(dc_fluid_add(fold->full, &spec, &fold->single[f][j]), DC_OK);
		cr_assert_eq(dc_fluid_start(fold->full, fold->single[f][j]), DC_OK);
	}
}

static void remove_class(struct folding *fold, int f)
{
	dc_fluid_remove(fold->folded, fold->flow[f]);
	for (uint32_t j = 0; j < fold->size[f]; j++)
		dc_fluid_remove(fold->full, fold->single[f][j]);
	fold->size[f] = 0;
}

static void set_class_capacity(struct folding *fold, uint32_t r, double capacity_bps)
{
	cr_assert_eq(dc_fluid_set_capacity(fold->folded, r, capacity_bps), DC_OK);
	for (uint32_t i = 0; i < (uint32_t)fold->members[r]; i++)
		cr_assert_eq(dc_fluid_set_capacity(fold->full, fold->first[r] + i, capacity_bps),
			     DC_OK);
}

static void compare_folding(struct folding *fold, uint64_t number)
{
	size_t count;

	dc_fluid_solve(fold->folded, &count);
	dc_fluid_solve(fold->full, &count);
	for (int f = 0; f < CLASSES; f++)
		for (uint32_t j = 0; j < fold->size[f]; j++) {
			double rate = dc_fluid_rate(fold->folded, fold->flow[f]);
			double single = dc_fluid_rate(fold->full, fold->single[f][j]);

			cr_assert(rate == single || fabs(rate - single) <= 1e-12 * single,
				  "system %llu class %d member %u: %.17g for %.17g",
				  (unsigned long long)number, f, j, rate, single);
		}
	for (uint32_t r = 0; r < CLASSES; r++)
		for (uint32_t i = 0; i < (uint32_t)fold->members[r]; i++) {
			double load = dc_fluid_load(fold->folded, r);
			double single = dc_fluid_load(fold->full, fold->first[r] + i);

			cr_assert(load == single || fabs(load - single) <= 1e-12 * single,
				  "system %llu resource class %u: %.17g for %.17g",
				  (unsigned long long)number, r, load, single);
		}
}

/* Folded = full: all members of a class have one rate, that of the class (C in solver.h's terms: the
 * partition is equitable, and the allocation unique). */
Test(solver, classes_match_their_members)
{
	static const double sizes[] = {1, 2, 3, 4, 6, 12};

	for (uint64_t number = 0; number < CLASS_SYSTEMS; number++) {
		uint64_t state = 0x2545f4914f6cdd1du + number * 0x9e3779b97f4a7c15u;
		struct folding fold = {.folded = dc_fluid_create(), .full = dc_fluid_create()};

		for (uint32_t r = 0; r < CLASSES; r++) {
			double capacity = draw_capacity(&state, (int)draw(&state, 2));

			fold.members[r] = sizes[draw(&state, 6)];
			resource(fold.folded, capacity, fold.members[r]);
			for (uint32_t i = 0; i < (uint32_t)fold.members[r]; i++) {
				uint32_t id = resource(fold.full, capacity, 1);

				fold.first[r] = i ? fold.first[r] : id;
			}
		}
		for (int step = 0; step < 8; step++) {
			int f = (int)draw(&state, CLASSES);

			if (draw(&state, 4) == 0)
				set_class_capacity(&fold, (uint32_t)draw(&state, CLASSES),
						   draw_capacity(&state, 17));
			else if (fold.size[f])
				remove_class(&fold, f);
			else
				add_class(&fold, f, &state);
			compare_folding(&fold, number);
		}
		dc_fluid_destroy(fold.folded);
		dc_fluid_destroy(fold.full);
	}
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
		resource(solver, draw_capacity(&state, kind), 1);
	for (int batch = 0; batch < LARGE_BATCHES; batch++) {
		uint64_t size = 1 + draw(&state, batch % 10 ? 5 : LARGE_FLOWS);

		for (uint64_t i = 0; i < size; i++) {
			size_t f = (size_t)draw(&state, LARGE_FLOWS);
			struct dc_fluid_hop path[4];
			const struct dc_fluid_flow spec = {path, 4, draw_weight(&state, kind),
							   draw_cap(&state, kind), 1};

			if (there[f]) {
				dc_fluid_remove(solver, id[f]);
			} else {
				for (int h = 0; h < 4; h++)
					path[h] = (struct dc_fluid_hop){
						(uint32_t)draw(&state, LARGE_RESOURCES), 1};
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
