/* For the tests of the solver: random capacities, weights and caps, and short ways to add. */
#ifndef DC_TESTS_FLUID_SYSTEM_H
#define DC_TESTS_FLUID_SYSTEM_H

#include <criterion/criterion.h>
#include <math.h>

#include "fluid/solver.h"

/* A small generator of its own (xorshift64, Marsaglia 2003), so that every run draws the same. */
static inline uint64_t system_draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % below;
}

static inline double system_draw_real(uint64_t *state, double low, double high)
{
	return low + (high - low) * ((double)system_draw(state, 1000001) / 1e6);
}

/* Kinds of systems: bit 0 unequal capacities, 1 weights, 2 caps, 3 fractional use, 4 now and then a
 * capacity or cap of 0 or an unlimited resource. Kind 0 is full of ties. */
static inline double system_draw_capacity(uint64_t *state, int kind)
{
	if (kind & 16 && system_draw(state, 8) == 0)
		return system_draw(state, 2) ? 0.0 : (double)INFINITY;
	return kind & 1 ? system_draw_real(state, 1e9, 60e9) : 50e9;
}

static inline double system_draw_cap(uint64_t *state, int kind)
{
	if (!(kind & 4) || system_draw(state, 2))
		return INFINITY;
	if (kind & 16 && system_draw(state, 8) == 0)
		return 0;
	return system_draw(state, 2) ? system_draw_real(state, 1e8, 40e9)
				     : 50e9 / (double)(1 + system_draw(state, 4));
}

static inline double system_draw_weight(uint64_t *state, int kind)
{
	if (!(kind & 2))
		return 1;
	return system_draw(state, 2) ? (double)(1 + system_draw(state, 4))
				     : system_draw_real(state, 0.1, 3);
}

static inline uint32_t system_resource(struct dc_fluid_solver *solver, double capacity_bps,
				       double members)
{
	uint32_t id = 0;

	cr_assert_eq(dc_fluid_add_resource(solver, capacity_bps, members, &id), DC_OK);
	return id;
}

static inline uint32_t system_flow(struct dc_fluid_solver *solver, const struct dc_fluid_hop *path,
				   uint32_t hops, double multiplicity)
{
	const struct dc_fluid_flow spec = {path, hops, 1, (double)INFINITY, multiplicity};
	uint32_t id = 0;

	cr_assert_eq(dc_fluid_add(solver, &spec, &id), DC_OK);
	cr_assert_eq(dc_fluid_start(solver, id), DC_OK);
	return id;
}

#endif
