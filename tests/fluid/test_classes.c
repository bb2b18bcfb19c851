/* Sharing: classes with multiplicities against their members one by one. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "system.h"

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
	uint32_t crossed[CLASS_HOPS], hops = 1 + (uint32_t)system_draw(state, CLASS_HOPS);
	double share[CLASS_HOPS];
	struct dc_fluid_flow spec = {.path = path,
				     .hops = hops,
				     .weight = system_draw_weight(state, 2),
				     .cap_bps = system_draw_cap(state, 4),
				     .multiplicity = fold->size[f] =
					     system_draw(state, 2) ? 12 : 24};

	for (uint32_t h = 0; h < hops; h++) {
		crossed[h] = 1 + (uint32_t)system_draw(state, 3);
		share[h] = system_draw(state, 2) ? 1 : 1.0 / crossed[h];
		path[h].resource = (uint32_t)system_draw(state, CLASSES);
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
			double capacity = system_draw_capacity(&state, (int)system_draw(&state, 2));

			fold.members[r] = sizes[system_draw(&state, 6)];
			system_resource(fold.folded, capacity, fold.members[r]);
			for (uint32_t i = 0; i < (uint32_t)fold.members[r]; i++) {
				uint32_t id = system_resource(fold.full, capacity, 1);

				fold.first[r] = i ? fold.first[r] : id;
			}
		}
		for (int step = 0; step < 8; step++) {
			int f = (int)system_draw(&state, CLASSES);

			if (system_draw(&state, 4) == 0)
				set_class_capacity(&fold, (uint32_t)system_draw(&state, CLASSES),
						   system_draw_capacity(&state, 17));
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
