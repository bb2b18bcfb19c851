/* Reserved resources: who is told before a transfer joins, and transfers put in place in mid-course. */
#include "rig.h"

enum { TOLD = 16 };

/* What the watch was told, and what it is to do. */
struct told {
	struct rig *rig;
	uint32_t resource[TOLD], owner[TOLD];
	uint32_t flows_on[TOLD]; /* sharing then: the one that is about to is not there yet */
	dc_time when[TOLD];
	size_t count;
	bool give_up;           /* takes the mark away */
	struct rig_act *cancel; /* and cancels this */
	struct rig_act *owned;  /* or resumes this, */
	dc_time since;          /* which has shared since then */
	double rate_bps;
};

static void listen(void *context, uint32_t resource, uint32_t owner)
{
	struct told *told = context;
	struct rig *rig = told->rig;

	cr_assert_lt(told->count, (size_t)TOLD);
	told->resource[told->count] = resource;
	told->owner[told->count] = owner;
	told->flows_on[told->count] = dc_fluid_flows_on(rig->solver, resource);
	told->when[told->count++] = dc_engine_now(rig->engine);
	if (told->give_up)
		cr_assert_eq(dc_fluid_transfers_mark(rig->transfers, resource, 0), DC_OK);
	if (told->cancel)
		cr_expect(dc_fluid_transfers_cancel(rig->transfers, told->cancel->transfer));
	if (told->owned) {
		cr_expect_eq(dc_fluid_transfers_resume_at(rig->transfers, &told->owned->spec,
							  told->since, told->rate_bps,
							  &told->owned->transfer),
			     DC_OK);
		told->owned = NULL;
	}
}

static void expect_told(const struct told *told, size_t place, uint32_t resource, uint32_t owner,
			dc_time when)
{
	cr_assert_lt(place, told->count);
	cr_expect_eq(told->resource[place], resource, "place %zu", place);
	cr_expect_eq(told->owner[place], owner, "place %zu", place);
	cr_expect(told->when[place] == when, "place %zu", place);
	cr_expect_eq(told->flows_on[place], 0u, "place %zu", place);
}

static void mark(struct rig *rig, uint32_t resource, uint32_t owner)
{
	cr_assert_eq(dc_fluid_transfers_mark(rig->transfers, resource, owner), DC_OK);
}

/* Links 1 and 2 belong to 7 and 8. Told: at the start over 0, 1, 2 without latency both links; after
 * 5 ms of latency link 2; not the owner's own, not nothing to move, not a hop of use 0, not once the mark
 * is gone. */
Test(watch, before_it_shares)
{
	struct rig *rig = rig_set_up(3, 50e9);
	struct told told = {.rig = rig};
	struct rig_act act[6];

	dc_fluid_transfers_watch(rig->transfers, listen, &told);
	mark(rig, 1, 7);
	mark(rig, 2, 8);
	cr_expect_eq(dc_fluid_transfers_owner(rig->transfers, 1), 7u);
	cr_expect_eq(dc_fluid_transfers_owner(rig->transfers, 0), 0u);
	for (uint32_t i = 0; i < 6; i++)
		act[i] = rig_transfer(rig, i, i == 4 ? 0 : 50e6);
	for (uint32_t i = 0; i < 3; i++)
		rig_over(&act[0], i);
	rig_over(&act[1], 2);
	act[1].spec.latency = 5 * rig_ms;
	rig_over(&act[2], 1);
	act[2].spec.owner = 7;
	rig_over(&act[3], 0);
	rig_over(&act[4], 1);
	rig_over(&act[5], 0);
	rig_over(&act[5], 1);
	act[5].path[1].use = 0;
	for (uint32_t i = 0; i < 6; i++)
		rig_at(&act[i], i * 10 * rig_ms);
	rig_run(rig);
	cr_assert_eq(told.count, 3u);
	expect_told(&told, 0, 1, 7, 0);
	expect_told(&told, 1, 2, 8, 0);
	expect_told(&told, 2, 2, 8, 15 * rig_ms);
	cr_expect_eq(rig->ends, 6u);
	rig_tear_down(rig);
}

/* The same transfer over the marked links twice: the mark that the watch takes away is told once. */
Test(watch, once_the_mark_is_gone)
{
	struct rig *rig = rig_set_up(2, 50e9);
	struct told told = {.rig = rig, .give_up = true};
	struct rig_act act[2] = {rig_transfer(rig, 0, 50e6), rig_transfer(rig, 1, 50e6)};

	dc_fluid_transfers_watch(rig->transfers, listen, &told);
	mark(rig, 0, 3);
	for (uint32_t i = 0; i < 2; i++) {
		rig_over(&act[i], 0);
		rig_over(&act[i], 0);
		act[i].spec.latency = rig_ms;
		rig_at(&act[i], i * 10 * rig_ms);
	}
	rig_run(rig);
	cr_assert_eq(told.count, 1u);
	expect_told(&told, 0, 0, 3, rig_ms);
	rig_tear_down(rig);
}

static void reroute(struct rig *rig, const struct rig_act *act)
{
	const struct rig_act *other = (const struct rig_act *)(uintptr_t)act->spec.argument;

	cr_expect_eq(dc_fluid_transfers_reroute(rig->transfers, other->transfer, act->path,
						act->spec.hops),
		     DC_OK);
}

/* Told on the way onto the marked link while it shares (10 ms); a reroute in its latency waits until that is
 * over (30 ms); and before the link slows down (40 ms). */
Test(watch, reroutes_and_capacities)
{
	struct rig *rig = rig_set_up(2, 50e9);
	struct told told = {.rig = rig};
	struct rig_act act[2] = {rig_transfer(rig, 0, 750e6), rig_transfer(rig, 1, 50e6)};
	struct rig_act move[2] = {{.rig = rig, .what = reroute}, {.rig = rig, .what = reroute}};
	struct rig_act slow = {.rig = rig, .what = rig_set_capacity, .resource = 1, .value = 1e9};

	dc_fluid_transfers_watch(rig->transfers, listen, &told);
	mark(rig, 1, 9);
	act[1].spec.latency = 20 * rig_ms;
	for (uint32_t i = 0; i < 2; i++) {
		rig_over(&act[i], 0);
		rig_at(&act[i], i * 10 * rig_ms);
		rig_over(&move[i], 1);
		move[i].spec.argument = (uintptr_t)&act[i];
		rig_at(&move[i], (10 + 10 * i) * rig_ms);
	}
	rig_at(&slow, 40 * rig_ms);
	rig_run(rig);
	cr_assert_eq(told.count, 3u);
	expect_told(&told, 0, 1, 9, 10 * rig_ms);
	expect_told(&told, 1, 1, 9, 30 * rig_ms);
	expect_told(&told, 2, 1, 9, 40 * rig_ms);
	rig_tear_down(rig);
}

/* The watch may cancel the very transfer that was about to share, alone or among others that join and end
 * at that instant: the first ends at 10 ms, the two others would join then. */
Test(watch, cancels_who_comes)
{
	struct rig *rig = rig_set_up(3, 50e9);
	struct rig_act act[3] = {rig_transfer(rig, 0, 500e6), rig_transfer(rig, 1, 500e6),
				 rig_transfer(rig, 2, 500e6)};
	struct told told = {.rig = rig, .cancel = &act[1]};

	dc_fluid_transfers_watch(rig->transfers, listen, &told);
	mark(rig, 1, 1);
	for (uint32_t i = 0; i < 3; i++) {
		rig_over(&act[i], i);
		act[i].spec.latency = i ? 10 * rig_ms : 0;
		rig_at(&act[i], 0);
	}
	rig_run(rig);
	cr_assert_eq(told.count, 1u);
	cr_expect_eq(rig->ends, 2u);
	rig_expect_end(rig, 0, 10 * rig_ms);
	rig_expect_end(rig, 2, 20 * rig_ms);
	cr_expect_eq(dc_fluid_transfers_live(rig->transfers), 0u);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, 1)), 0.0);
	rig_tear_down(rig);
}

/* An owner that sends 1 GB over link 0 from 3 ms on without a transfer, alone, and puts it in place when
 * another one joins, against sending it: the same femtoseconds for both, and the same bytes carried.
 * The other comes with `latency` at `start`, over a wide range of the owner's course. */
static void compare_with_started(dc_time start, dc_time latency)
{
	dc_time end[2][2];

	for (int reserved = 0; reserved < 2; reserved++) {
		struct rig *rig = rig_set_up(2, 49.7e9);
		struct rig_act owned = rig_transfer(rig, 0, 1e9 + 1.0 / 3);
		struct rig_act other = rig_transfer(rig, 1, 0.7e9);
		struct told told = {.rig = rig,
				    .give_up = true,
				    .owned = &owned,
				    .since = 3 * rig_ms,
				    .rate_bps = 49.7e9};

		owned.spec.owner = 5;
		rig_over(&owned, 0);
		rig_over(&other, 0);
		rig_over(&other, 1);
		other.spec.latency = latency;
		rig_at(&other, start);
		dc_fluid_transfers_watch(rig->transfers, listen, &told);
		if (reserved)
			mark(rig, 0, 5);
		else
			rig_at(&owned, told.since);
		rig_run(rig);
		cr_assert_eq(rig->ends, 2u);
		cr_expect_eq(told.count, (size_t)reserved);
		cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, 0)),
			     1e9 + 1.0 / 3 + 0.7e9);
		end[reserved][0] = rig->end[0];
		end[reserved][1] = rig->end[1];
		rig_tear_down(rig);
	}
	cr_expect(end[0][0] == end[1][0] && end[0][1] == end[1][1], "start %.17g",
		  dc_time_to_s(start));
}

Test(watch, resumed_is_as_started)
{
	for (uint32_t i = 0; i < 60; i++) {
		compare_with_started(3 * rig_ms + i * (rig_ms / 3) + i, 0);
		compare_with_started(2 * rig_ms, rig_ms + i * (rig_ms / 3) + i);
	}
}

/* Since 2 ms at 50 GB/s, 0.4 GB: at 10 ms it ends this instant, at 11 ms it is too late. Nothing limits
 * at INFINITY: the end was at once. Rates, instants and paths out of range are refused. */
static void resume_late(struct rig *rig, const struct rig_act *act)
{
	struct rig_act *owned = (struct rig_act *)(uintptr_t)act->spec.argument;
	enum dc_status expected = act->value < 0 ? DC_ERR_RUN : DC_OK;
	const struct dc_fluid_hop missing = {7, 1};
	struct dc_fluid_transfer_spec wrong = owned->spec;

	cr_expect_eq(
		dc_fluid_transfers_resume_at(rig->transfers, &owned->spec, 2 * rig_ms, 50e9, NULL),
		expected);
	wrong.path = &missing;
	cr_expect_eq(dc_fluid_transfers_resume_at(rig->transfers, &wrong, 5 * rig_ms, 1e9, NULL),
		     DC_ERR_RUN);
	cr_expect_eq(
		dc_fluid_transfers_resume_at(rig->transfers, &owned->spec, 12 * rig_ms, 1e9, NULL),
		DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_resume_at(rig->transfers, &owned->spec, -1, 1e6, NULL),
		     DC_ERR_RUN);
	cr_expect_eq(
		dc_fluid_transfers_resume_at(rig->transfers, &owned->spec, 5 * rig_ms, 0, NULL),
		DC_ERR_RUN);
}

Test(watch, resumed_in_time)
{
	struct rig *rig = rig_set_up(1, 50e9);
	struct rig_act owned = rig_transfer(rig, 0, 0.4e9);
	struct rig_act late[2] = {{.rig = rig, .what = resume_late, .value = 1},
				  {.rig = rig, .what = resume_late, .value = -1}};

	rig_over(&owned, 0);
	for (uint32_t i = 0; i < 2; i++) {
		late[i].spec.argument = (uintptr_t)&owned;
		rig_at(&late[i], (10 + i) * rig_ms);
	}
	rig_run(rig);
	cr_expect_eq(rig->ends, 1u);
	cr_expect(rig->end[0] == 10 * rig_ms);
	cr_expect_eq(dc_fluid_transfers_live(rig->transfers), 0u);
	rig_tear_down(rig);
}

/* What was carried without transfers is booked beside the rest. */
Test(watch, bytes_booked_by_the_owner)
{
	struct rig *rig = rig_set_up(1, 50e9);

	cr_expect_eq(dc_fluid_transfers_book(rig->transfers, 0, 3e9), DC_OK);
	cr_expect_eq(dc_fluid_transfers_book(rig->transfers, 0, 0.5), DC_OK);
	cr_expect_eq(dc_fluid_transfers_book(rig->transfers, 1, 1), DC_ERR_RUN);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, 0)), 3e9 + 0.5);
	cr_expect_eq(dc_fluid_transfers_mark(rig->transfers, 1, 1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_owner(rig->transfers, 99), 0u);
	rig_tear_down(rig);
}
