/* Transfers in time: bytes are conserved under everything at once. */
#include "rig.h"

enum { CHAOS_LINKS = 12, CHAOS_TRANSFERS = 300, CHAOS_ACTS = 200 };

struct chaos {
	struct rig *rig;
	struct rig_act act[CHAOS_TRANSFERS], change[CHAOS_ACTS];
	uint64_t state;
	double expected[CHAOS_LINKS]; /* by adding up what each passed */
	double integral[CHAOS_LINKS]; /* by adding up load x time between looks */
	double load[CHAOS_LINKS];
	double cancelled[CHAOS_TRANSFERS];
	dc_time last;
};

static void look(struct chaos *chaos)
{
	dc_time now = dc_engine_now(chaos->rig->engine);

	dc_fluid_transfers_settle(chaos->rig->transfers);
	for (uint32_t i = 0; i < CHAOS_LINKS; i++) {
		chaos->integral[i] += chaos->load[i] * dc_time_to_s(now - chaos->last);
		chaos->load[i] = dc_fluid_load(chaos->rig->solver, i);
	}
	chaos->last = now;
}

/* After every change of rates: the solve is over in DC_PHASE_STATE. */
static void on_look(void *context, uint64_t argument)
{
	(void)argument;
	look(context);
}

static void look_after(struct chaos *chaos, dc_time span)
{
	struct dc_engine *engine = chaos->rig->engine;

	cr_assert(dc_engine_schedule(engine, dc_engine_now(engine) + span, DC_PHASE_SAMPLING, 0,
				     on_look, chaos, 0));
}

static void chaos_end(void *context, uint64_t argument)
{
	struct chaos *chaos = context;

	rig_note_end(chaos->rig, argument);
	look_after(chaos, 0);
}

static void chaos_start(struct rig *rig, const struct rig_act *act)
{
	rig_start_it(rig, act);
	look_after(act->spec.context, act->spec.latency);
}

static void chaos_mend(struct rig *rig, const struct rig_act *act)
{
	rig_set_capacity(rig, act);
	look_after(act->spec.context, 0);
}

static void chaos_change(struct rig *rig, const struct rig_act *act)
{
	struct chaos *chaos = act->spec.context;
	uint32_t number = (uint32_t)rig_draw(&chaos->state, CHAOS_TRANSFERS);
	struct rig_act *other = &chaos->act[number];

	look_after(chaos, 0);
	if (rig_draw(&chaos->state, 3)) {
		rig_set_capacity(rig, act);
	} else {
		double left = dc_fluid_transfers_left(rig->transfers, other->transfer);

		if (dc_fluid_transfers_cancel(rig->transfers, other->transfer))
			chaos->cancelled[number] = left;
	}
}

/* Every link has carried what its transfers passed, use by use, and that is the integral of its load; to
 * 1e-12 of the whole. 40 mixes of sprayed, weighted, capped transfers with cancels, failing links. */
static void run_chaos(uint64_t number)
{
	struct chaos *chaos = calloc(1, sizeof *chaos);
	struct rig *rig = rig_set_up(CHAOS_LINKS, 50e9);

	cr_assert(chaos);
	chaos->rig = rig;
	chaos->state = 88172645463325252u + number * 7919;
	for (uint32_t i = 0; i < CHAOS_TRANSFERS; i++) {
		struct rig_act *act = &chaos->act[i];

		*act = rig_transfer(rig, i, 1e6 * (double)(1 + rig_draw(&chaos->state, 1000)));
		act->what = chaos_start;
		act->spec.done = chaos_end;
		act->spec.context = chaos;
		act->spec.weight = (double)(1 + rig_draw(&chaos->state, 3));
		act->spec.latency = (dc_time)rig_draw(&chaos->state, 3) * (rig_ms / 1000);
		if (!rig_draw(&chaos->state, 4))
			act->spec.cap_bps = 1e9 * (double)(1 + rig_draw(&chaos->state, 20));
		for (uint64_t n = rig_draw(&chaos->state, 5) + 1; n-- > 0;)
			rig_over(act, (uint32_t)rig_draw(&chaos->state, CHAOS_LINKS));
		for (uint32_t n = 0; n < act->spec.hops; n++)
			act->path[n].use = rig_draw(&chaos->state, 2) ? 1 : 0.25;
		rig_at(act, (dc_time)rig_draw(&chaos->state, 300) * rig_ms);
	}
	for (uint32_t i = 0; i < CHAOS_ACTS; i++) {
		struct rig_act *act = &chaos->change[i];
		/* The last changes make every link whole again, so that all end. */
		bool last = i >= CHAOS_ACTS - CHAOS_LINKS;

		*act = (struct rig_act){.rig = rig, .what = chaos_change};
		act->spec.context = chaos;
		act->resource = i % CHAOS_LINKS;
		act->value = last ? 50e9 : 10e9 * (double)rig_draw(&chaos->state, 6);
		if (last)
			act->what = chaos_mend;
		rig_at(act, last ? DC_TIME_S : (dc_time)rig_draw(&chaos->state, 400) * rig_ms);
	}
	rig_run(rig);
	look(chaos);
	cr_assert_eq(dc_fluid_transfers_live(rig->transfers), 0u, "mix %llu",
		     (unsigned long long)number);
	for (uint32_t i = 0; i < CHAOS_TRANSFERS; i++)
		for (uint32_t n = 0; n < chaos->act[i].spec.hops; n++)
			chaos->expected[chaos->act[i].path[n].resource] +=
				chaos->act[i].path[n].use *
				(chaos->act[i].spec.bytes - chaos->cancelled[i]);
	for (uint32_t i = 0; i < CHAOS_LINKS; i++) {
		double carried = dc_sum_value(dc_fluid_transfers_carried(rig->transfers, i));

		cr_expect(fabs(carried - chaos->expected[i]) <= 1e-12 * chaos->expected[i],
			  "mix %llu link %u: %.17g for %.17g", (unsigned long long)number, i,
			  carried, chaos->expected[i]);
		/* Each of some 1,000 pieces is cut at the femtosecond: 1e-15 s x 50 GB/s. */
		cr_expect(fabs(carried - chaos->integral[i]) <= 1e-11 * chaos->integral[i],
			  "mix %llu link %u: %.17g, integral %.17g", (unsigned long long)number, i,
			  carried, chaos->integral[i]);
	}
	free(chaos);
	rig_tear_down(rig);
}

Test(transfers, bytes_are_conserved)
{
	for (uint64_t number = 0; number < 40; number++)
		run_chaos(number);
}
