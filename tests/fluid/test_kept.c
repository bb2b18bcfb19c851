/* Kept transfers, that start again over the path they had; memory taken beforehand. */
#include "rig.h"

enum { RANKS = 48 };

struct ring {
	struct rig *rig;
	struct rig_act act[RANKS];
	uint32_t left[RANKS];
	dc_time end[RANKS];
	bool keeps;
};

static void step(void *context, uint64_t rank)
{
	struct ring *ring = context;
	struct rig_act *act = &ring->act[rank];
	enum dc_status status;

	if (!ring->left[rank]--) {
		ring->end[rank] = dc_engine_now(ring->rig->engine);
		return;
	}
	if (ring->keeps && act->transfer)
		status = dc_fluid_transfers_restart(ring->rig->transfers, act->transfer,
						    act->spec.bytes, act->spec.latency);
	else
		status = dc_fluid_transfers_start(ring->rig->transfers, &act->spec, &act->transfer);
	cr_assert_eq(status, DC_OK);
}

/* 2(p-1) steps of L + S/(pB), each rounded to the femtosecond [Thakur et al. 2005, sec. 4]. Every fourth
 * rank shares its link with a transfer that never ends in time, so that it gets half. */
static void run_ring(bool keeps, dc_time latency, dc_time *ends)
{
	struct rig *rig = rig_set_up(RANKS, 50e9);
	struct ring *ring = calloc(1, sizeof *ring);
	struct rig_act beside[RANKS];
	double part = 1073741824.0 / RANKS;

	cr_assert(ring);
	ring->rig = rig;
	ring->keeps = keeps;
	for (uint32_t i = 0; i < RANKS; i++) {
		struct rig_act *act = &ring->act[i];

		*act = rig_transfer(rig, i, part);
		rig_over(act, i);
		act->spec.latency = latency;
		act->spec.kept = keeps;
		act->spec.done = step;
		act->spec.context = ring;
		ring->left[i] = 2 * (RANKS - 1);
		step(ring, i);
		if (i % 4)
			continue;
		beside[i] = rig_transfer(rig, RANKS + i, 1e15);
		rig_over(&beside[i], i);
		rig_start_it(rig, &beside[i]);
	}
	rig_run(rig);
	for (uint32_t i = 0; i < RANKS; i++) {
		dc_time span = latency + dc_time_from_s(part / (i % 4 ? 50e9 : 25e9));

		cr_expect(ring->end[i] == 2 * (RANKS - 1) * span, "rank %u", i);
		ends[i] = ring->end[i];
		if (i % 4)
			cr_expect_float_eq(
				dc_sum_value(dc_fluid_transfers_carried(rig->transfers, i)),
				2 * (RANKS - 1) * part, 1e-3);
		else /* rounded at every step, the other's end is what it is alone and halved */
			cr_expect(rig->end[RANKS + i] != DC_TIME_NEVER);
		if (keeps)
			dc_fluid_transfers_release(rig->transfers, ring->act[i].transfer);
	}
	cr_expect_eq(dc_fluid_transfers_live(rig->transfers), 0u);
	free(ring);
	rig_tear_down(rig);
}

Test(kept, a_ring_as_with_new_transfers)
{
	static const dc_time latencies[2] = {0, DC_TIME_S / 2000000};
	dc_time with[RANKS], without[RANKS];

	for (size_t l = 0; l < 2; l++) {
		run_ring(true, latencies[l], with);
		run_ring(false, latencies[l], without);
		for (uint32_t i = 0; i < RANKS; i++)
			cr_expect(with[i] == without[i], "rank %u", i);
	}
}

static void expect_refused(struct rig *rig, dc_fluid_transfer transfer)
{
	cr_expect_eq(dc_fluid_transfers_restart(rig->transfers, transfer, 1e9, 0), DC_ERR_RUN);
}

struct pair {
	struct rig *rig;
	struct rig_act act[2];
	uint32_t calls[2];
	void (*first)(struct pair *pair);
};

static void pair_done(void *context, uint64_t number)
{
	struct pair *pair = context;

	rig_note_end(pair->rig, number);
	pair->calls[number]++;
	if (number == 0 && pair->first)
		pair->first(pair);
}

/* Two kept ones over a link each that end at the same instant, 20 ms, number 0 first. */
static void run_pair(struct pair *pair, void (*first)(struct pair *pair))
{
	*pair = (struct pair){.rig = rig_set_up(3, 50e9), .first = first};
	for (uint32_t i = 0; i < 2; i++) {
		pair->act[i] = rig_transfer(pair->rig, i, 1e9);
		rig_over(&pair->act[i], i);
		pair->act[i].spec.kept = true;
		pair->act[i].spec.done = pair_done;
		pair->act[i].spec.context = pair;
		rig_at(&pair->act[i], 0);
	}
	rig_run(pair->rig);
}

/* It has ended, but its callback has not run: it does not rest yet, and cannot be cancelled. */
static void too_early(struct pair *pair)
{
	expect_refused(pair->rig, pair->act[1].transfer);
	cr_expect_not(dc_fluid_transfers_cancel(pair->rig->transfers, pair->act[1].transfer));
}

Test(kept, restarted_when_it_rests_only)
{
	struct pair pair;
	struct rig *rig;
	dc_fluid_transfer one;

	run_pair(&pair, too_early);
	rig = pair.rig;
	one = pair.act[1].transfer;
	cr_expect_eq(pair.calls[1], 1u);
	cr_expect_eq(dc_fluid_transfers_restart(rig->transfers, one, -1, 0), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_restart(rig->transfers, one, 1, -1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_restart(rig->transfers, one, 5e8, rig_ms), DC_OK);
	expect_refused(rig, one); /* in its latency */
	rig_run(rig);
	rig_expect_end(rig, 1, 31 * rig_ms);
	cr_expect_eq(pair.calls[1], 2u);
	dc_fluid_transfers_release(rig->transfers, one);
	expect_refused(rig, one);
	dc_fluid_transfers_release(rig->transfers, one);
	expect_refused(rig, 0);
	rig_tear_down(rig);
}

static void release_both(struct pair *pair)
{
	for (uint32_t i = 0; i < 2; i++) {
		dc_fluid_transfers_release(pair->rig->transfers, pair->act[i].transfer);
		expect_refused(pair->rig, pair->act[i].transfer);
	}
}

/* Released in a callback of that instant, both callbacks run, once; the numbers are free again. */
Test(kept, released_in_a_callback)
{
	struct pair pair;
	struct rig_act again;

	run_pair(&pair, release_both);
	cr_expect_eq(pair.calls[0], 1u);
	cr_expect_eq(pair.calls[1], 1u);
	cr_expect_eq(dc_fluid_transfers_live(pair.rig->transfers), 0u);
	for (uint32_t i = 0; i < 3; i++) {
		again = rig_transfer(pair.rig, 2 + i, 1e9);
		rig_over(&again, 2);
		rig_start_it(pair.rig, &again);
	}
	rig_run(pair.rig);
	for (uint32_t i = 0; i < 3; i++)
		rig_expect_end(pair.rig, 2 + i, 80 * rig_ms);
	rig_tear_down(pair.rig);
}

/* Cancelled on its way after 0.5 GB it rests; rerouted there it starts again over the other link, whose
 * watch is told. */
static void hear(void *context, uint32_t resource, uint32_t owner)
{
	uint32_t *told = context;

	*told = resource + owner;
}

static void cancel_and_restart(struct rig *rig, const struct rig_act *act)
{
	const struct rig_act *other = (const struct rig_act *)(uintptr_t)act->spec.argument;
	const struct dc_fluid_hop path = {1, 1};

	cr_expect(dc_fluid_transfers_cancel(rig->transfers, other->transfer));
	cr_expect_not(dc_fluid_transfers_cancel(rig->transfers, other->transfer));
	cr_expect_eq(dc_fluid_transfers_left(rig->transfers, other->transfer), 0.0);
	cr_expect_eq(dc_fluid_transfers_rate(rig->transfers, other->transfer), 0.0);
	cr_expect_eq(dc_fluid_transfers_reroute(rig->transfers, other->transfer, &path, 1), DC_OK);
	cr_expect_eq(dc_fluid_transfers_restart(rig->transfers, other->transfer, 2e9, 0), DC_OK);
}

Test(kept, cancelled_rerouted_restarted)
{
	struct rig *rig = rig_set_up(2, 50e9);
	struct rig_act a = rig_transfer(rig, 0, 1e9);
	struct rig_act change = {.rig = rig, .what = cancel_and_restart};
	uint32_t told = 0;

	dc_fluid_transfers_watch(rig->transfers, hear, &told);
	cr_assert_eq(dc_fluid_transfers_mark(rig->transfers, 1, 40), DC_OK);
	rig_over(&a, 0);
	a.spec.kept = true;
	change.spec.argument = (uintptr_t)&a;
	rig_at(&a, 0);
	rig_at(&change, 10 * rig_ms);
	rig_run(rig);
	cr_expect_eq(told, 41u);
	cr_expect_eq(rig->ends, 1u);
	rig_expect_end(rig, 0, 50 * rig_ms);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, 0)), 0.5e9);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, 1)), 2e9);
	rig_tear_down(rig);
}

/* Reserving changes nothing but when memory is taken, before, amid and after transfers. */
Test(kept, reserved_memory)
{
	dc_time end[2][100];

	for (int reserves = 0; reserves < 2; reserves++) {
		struct rig *rig = rig_set_up(7, 50e9);
		struct rig_act act[100];

		for (uint32_t i = 0; i < 100; i++) {
			act[i] = rig_transfer(rig, i, 1e6 * (1 + i % 13));
			for (uint32_t n = 0; n < 1 + i % 3; n++)
				rig_over(&act[i], (i + 3 * n) % 7);
			if (reserves && i % 20 == 0)
				cr_assert_eq(dc_fluid_transfers_reserve(rig->transfers, i * 3 + 1,
									i * 5),
					     DC_OK);
			rig_start_it(rig, &act[i]);
		}
		rig_run(rig);
		if (reserves)
			cr_assert_eq(dc_fluid_transfers_reserve(rig->transfers, 1000, 5000), DC_OK);
		cr_expect_eq(rig->ends, 100u);
		for (uint32_t i = 0; i < 100; i++)
			end[reserves][i] = rig->end[i];
		rig_tear_down(rig);
	}
	for (uint32_t i = 0; i < 100; i++)
		cr_expect(end[0][i] == end[1][i], "transfer %u", i);
}
