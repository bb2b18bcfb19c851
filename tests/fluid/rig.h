/* For the fluid tests: an engine with transfers on it, things to do at a time, and who ended when. */
#ifndef DC_TESTS_FLUID_RIG_H
#define DC_TESTS_FLUID_RIG_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "fluid/transfers.h"

enum { RIG_ENDS = 4096, RIG_LINKS = 8192, RIG_PATH = 16 };

static const double rig_none_bps = (double)INFINITY;
static const dc_time rig_ms = DC_TIME_S / 1000;

/* An engine with transfers on it, and who ended when. */
struct rig {
	struct dc_engine *engine;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	dc_time end[RIG_ENDS];
	uint64_t order[RIG_ENDS];
	size_t ends;
};

static inline void rig_note_end(void *context, uint64_t argument)
{
	struct rig *rig = context;

	rig->end[argument] = dc_engine_now(rig->engine);
	rig->order[rig->ends++] = argument;
}

static inline struct rig *rig_set_up(size_t links, double capacity_bps)
{
	struct rig *rig = calloc(1, sizeof *rig);

	cr_assert(rig);
	rig->engine = dc_engine_create();
	rig->solver = dc_fluid_create();
	cr_assert(rig->engine && rig->solver);
	rig->transfers = dc_fluid_transfers_create(rig->engine, rig->solver, DC_PHASE_STATE);
	cr_assert(rig->transfers);
	for (size_t i = 0; i < links; i++) {
		uint32_t id;

		cr_assert_eq(dc_fluid_add_resource(rig->solver, capacity_bps, 1, &id), DC_OK);
	}
	for (size_t i = 0; i < RIG_ENDS; i++)
		rig->end[i] = DC_TIME_NEVER;
	return rig;
}

static inline void rig_tear_down(struct rig *rig)
{
	dc_fluid_transfers_destroy(rig->transfers);
	dc_fluid_destroy(rig->solver);
	dc_engine_destroy(rig->engine);
	free(rig);
}

static inline void rig_run(struct rig *rig)
{
	cr_assert_eq(dc_engine_run(rig->engine, NULL), DC_OK);
}

/* Something to do at a time. */
struct rig_act {
	struct rig *rig;
	void (*what)(struct rig *rig, const struct rig_act *act);
	struct dc_fluid_transfer_spec spec;
	dc_fluid_transfer transfer;
	uint32_t resource;
	double value;
	struct dc_fluid_hop path[RIG_PATH];
};

static inline void rig_on_act(void *context, uint64_t argument)
{
	struct rig_act *act = context;

	(void)argument;
	act->what(act->rig, act);
}

static inline void rig_at(struct rig_act *act, dc_time time)
{
	cr_assert(dc_engine_schedule(act->rig->engine, time, DC_PHASE_DECISION, 0, rig_on_act, act,
				     0));
}

static inline void rig_start_it(struct rig *rig, const struct rig_act *act)
{
	struct rig_act *self = (struct rig_act *)(uintptr_t)act;

	cr_assert_eq(dc_fluid_transfers_start(rig->transfers, &act->spec, &self->transfer), DC_OK);
}

static inline void rig_set_capacity(struct rig *rig, const struct rig_act *act)
{
	cr_assert_eq(dc_fluid_transfers_set_capacity(rig->transfers, act->resource, act->value),
		     DC_OK);
}

/* A transfer that is number `number` among the ends; rig_over gives it links. */
static inline struct rig_act rig_transfer(struct rig *rig, uint64_t number, double bytes)
{
	return (struct rig_act){.rig = rig,
				.what = rig_start_it,
				.spec = {.bytes = bytes,
					 .weight = 1,
					 .cap_bps = rig_none_bps,
					 .multiplicity = 1,
					 .done = rig_note_end,
					 .context = rig,
					 .argument = number,
					 .entity = (uint32_t)number}};
}

static inline void rig_over(struct rig_act *act, uint32_t resource)
{
	act->path[act->spec.hops++] = (struct dc_fluid_hop){resource, 1};
	act->spec.path = act->path;
}

static inline void rig_expect_end(const struct rig *rig, uint64_t number, dc_time expected)
{
	dc_time off = rig->end[number] - expected;

	cr_expect(off >= -2 && off <= 2, "transfer %llu ends at %.17g s for %.17g s",
		  (unsigned long long)number, dc_time_to_s(rig->end[number]),
		  dc_time_to_s(expected));
}

static inline uint64_t rig_draw(uint64_t *state, uint64_t below)
{
	/* xorshift64 (Marsaglia 2003), so that every run draws the same. */
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % below;
}

#endif
