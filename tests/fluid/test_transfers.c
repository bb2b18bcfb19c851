/* Transfers in time, by hand: sharing, stalls, failures of links, order, classes. */
#include "rig.h"

/* Latency 500 ns and 50 GB over three links of 50 GB/s: 500 ns + 1 s, cut-through. */
Test(transfers, alone)
{
	struct rig *rig = rig_set_up(3, 50e9);
	struct rig_act a = rig_transfer(rig, 0, 50e9);

	for (uint32_t i = 0; i < 3; i++)
		rig_over(&a, i);
	a.spec.latency = 500 * (DC_TIME_S / 1000000000);
	rig_at(&a, 0);
	rig_run(rig);
	rig_expect_end(rig, 0, DC_TIME_S + a.spec.latency);
	rig_tear_down(rig);
}

/* 1e15 bytes at 50 GB/s, then at 25 GB/s from 10,000 s on: 30,000 s, more femtoseconds than a double
 * tells apart. */
Test(transfers, long_lasting)
{
	struct rig *rig = rig_set_up(1, 50e9);
	struct rig_act a = rig_transfer(rig, 0, 1e15);
	struct rig_act slow = {.rig = rig, .what = rig_set_capacity, .resource = 0, .value = 25e9};

	rig_over(&a, 0);
	rig_at(&a, 0);
	rig_at(&slow, 10000 * DC_TIME_S);
	rig_run(rig);
	rig_expect_end(rig, 0, 30000 * DC_TIME_S);
	rig_tear_down(rig);
}

/* 1 GB and 3 GB on 50 GB/s: 25 GB/s each until 40 ms, then 2 GB at 50 GB/s: 80 ms. Beside them 2 GB
 * that come 20 ms late on a link where 2 GB began at 0: 1 GB alone, 25 GB/s each until 60 ms, 80 ms. */
Test(transfers, sharing_begins_and_ends)
{
	struct rig *rig = rig_set_up(2, 50e9);
	struct rig_act act[4] = {rig_transfer(rig, 0, 1e9), rig_transfer(rig, 1, 3e9),
				 rig_transfer(rig, 2, 2e9), rig_transfer(rig, 3, 2e9)};

	for (uint32_t i = 0; i < 4; i++) {
		rig_over(&act[i], i / 2);
		rig_at(&act[i], i == 3 ? 20 * rig_ms : 0);
	}
	rig_run(rig);
	rig_expect_end(rig, 0, 40 * rig_ms);
	rig_expect_end(rig, 1, 80 * rig_ms);
	rig_expect_end(rig, 2, 60 * rig_ms);
	rig_expect_end(rig, 3, 80 * rig_ms);
	rig_tear_down(rig);
}

/* Weights 1 and 3 on 40 GB/s: 10 and 30 GB/s, so 1 GB and 3 GB both take 100 ms. A cap of 10 GB/s beside
 * a free one on 50 GB/s: 1 GB ends at 100 ms; 8 GB pass 4 GB by then, the rest at 50 GB/s: 180 ms. */
Test(transfers, weights_and_caps)
{
	struct rig *rig = rig_set_up(2, 50e9);
	struct rig_act act[4] = {rig_transfer(rig, 0, 1e9), rig_transfer(rig, 1, 3e9),
				 rig_transfer(rig, 2, 1e9), rig_transfer(rig, 3, 8e9)};
	struct rig_act less = {.rig = rig, .what = rig_set_capacity, .resource = 0, .value = 40e9};

	act[1].spec.weight = 3;
	act[2].spec.cap_bps = 10e9;
	rig_at(&less, 0);
	for (uint32_t i = 0; i < 4; i++) {
		rig_over(&act[i], i / 2);
		rig_at(&act[i], 0);
	}
	rig_run(rig);
	rig_expect_end(rig, 0, 100 * rig_ms);
	rig_expect_end(rig, 1, 100 * rig_ms);
	rig_expect_end(rig, 2, 100 * rig_ms);
	rig_expect_end(rig, 3, 180 * rig_ms);
	rig_tear_down(rig);
}

/* Sprayed evenly over two links of 50 GB/s: 1 GB takes 10 ms and loads each with 0.5 GB. A hop of use 0
 * over a dead link changes nothing. */
Test(transfers, sprayed)
{
	struct rig *rig = rig_set_up(3, 50e9);
	struct rig_act a = rig_transfer(rig, 0, 1e9);
	struct rig_act dead = {.rig = rig, .what = rig_set_capacity, .resource = 2, .value = 0};

	for (uint32_t i = 0; i < 3; i++) {
		rig_over(&a, i);
		a.path[i].use = i < 2 ? 0.5 : 0;
	}
	rig_at(&dead, 0);
	rig_at(&a, 0);
	rig_run(rig);
	rig_expect_end(rig, 0, 10 * rig_ms);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, i)),
			     i < 2 ? 0.5e9 : 0.0);
	rig_tear_down(rig);
}

/* 2 GB on 50 GB/s; at 20 ms the link slows to 10 GB/s: the last 1 GB takes 100 ms. */
Test(transfers, capacity_changes)
{
	struct rig *rig = rig_set_up(1, 50e9);
	struct rig_act a = rig_transfer(rig, 0, 2e9);
	struct rig_act slow = {.rig = rig, .what = rig_set_capacity, .resource = 0, .value = 10e9};

	rig_over(&a, 0);
	rig_at(&a, 0);
	rig_at(&slow, 20 * rig_ms);
	rig_run(rig);
	rig_expect_end(rig, 0, 120 * rig_ms);
	rig_tear_down(rig);
}

/* The link fails at 20 ms and is back at 70 ms: 2 GB take 40 ms and the 50 ms in between. One whose
 * link never comes back never ends, and keeps its bytes. */
Test(transfers, stall_and_resume)
{
	struct rig *rig = rig_set_up(2, 50e9);
	struct rig_act a = rig_transfer(rig, 0, 2e9), b = rig_transfer(rig, 1, 2e9);
	struct rig_act fail[2] = {
		{.rig = rig, .what = rig_set_capacity, .resource = 0, .value = 0},
		{.rig = rig, .what = rig_set_capacity, .resource = 1, .value = 0},
	};
	struct rig_act mend = {.rig = rig, .what = rig_set_capacity, .resource = 0, .value = 50e9};

	rig_over(&a, 0);
	rig_over(&b, 1);
	rig_at(&a, 0);
	rig_at(&b, 0);
	rig_at(&fail[0], 20 * rig_ms);
	rig_at(&fail[1], 20 * rig_ms);
	rig_at(&mend, 70 * rig_ms);
	rig_run(rig);
	rig_expect_end(rig, 0, 90 * rig_ms);
	cr_expect_eq(rig->ends, 1u);
	cr_expect_eq(dc_fluid_transfers_left(rig->transfers, b.transfer), 1e9);
	cr_expect_eq(dc_fluid_transfers_rate(rig->transfers, b.transfer), 0.0);
	cr_expect_eq(dc_fluid_transfers_live(rig->transfers), 1u);
	rig_tear_down(rig);
}

static void cancel(struct rig *rig, const struct rig_act *act)
{
	const struct rig_act *other = (const struct rig_act *)(uintptr_t)act->spec.argument;

	cr_expect(dc_fluid_transfers_cancel(rig->transfers, other->transfer));
	cr_expect_not(dc_fluid_transfers_cancel(rig->transfers, other->transfer));
	cr_expect_eq(dc_fluid_transfers_left(rig->transfers, other->transfer), 0.0);
}

/* Two of 1 GB on 50 GB/s; one is cancelled at 20 ms with 0.5 GB passed, the other ends at 30 ms. One still
 * in its latency is cancelled too: nothing of it ever passed. */
Test(transfers, cancelled)
{
	struct rig *rig = rig_set_up(1, 50e9);
	struct rig_act act[3] = {rig_transfer(rig, 0, 1e9), rig_transfer(rig, 1, 1e9),
				 rig_transfer(rig, 2, 1e9)};
	struct rig_act stop[2] = {{.rig = rig, .what = cancel}, {.rig = rig, .what = cancel}};

	for (size_t i = 0; i < 3; i++) {
		rig_over(&act[i], 0);
		rig_at(&act[i], 0);
	}
	act[2].spec.latency = 21 * rig_ms;
	stop[0].spec.argument = (uintptr_t)&act[1];
	stop[1].spec.argument = (uintptr_t)&act[2];
	rig_at(&stop[0], 20 * rig_ms);
	rig_at(&stop[1], 20 * rig_ms);
	rig_run(rig);
	rig_expect_end(rig, 0, 30 * rig_ms);
	cr_expect_eq(rig->ends, 1u);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, 0)), 1.5e9);
	cr_expect_eq(dc_fluid_transfers_live(rig->transfers), 0u);
	rig_tear_down(rig);
}

static void reroute(struct rig *rig, const struct rig_act *act)
{
	const struct rig_act *other = (const struct rig_act *)(uintptr_t)act->spec.argument;
	const struct dc_fluid_hop wrong = {99, 1};

	cr_expect_eq(dc_fluid_transfers_reroute(rig->transfers, other->transfer, &wrong, 1),
		     DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_reroute(rig->transfers, other->transfer, act->path,
						act->spec.hops),
		     DC_OK);
}

/* 2 GB on link 0; it dies at 20 ms, at 30 ms the rest goes over links 1 and 2, of 10 GB/s: 30 + 100 ms. */
Test(transfers, rerouted)
{
	struct rig *rig = rig_set_up(3, 50e9);
	struct rig_act a = rig_transfer(rig, 0, 2e9);
	struct rig_act fail = {.rig = rig, .what = rig_set_capacity, .resource = 0, .value = 0};
	struct rig_act slow = {.rig = rig, .what = rig_set_capacity, .resource = 2, .value = 10e9};
	struct rig_act move = {.rig = rig, .what = reroute};

	rig_over(&a, 0);
	rig_over(&move, 1);
	rig_over(&move, 2);
	move.spec.argument = (uintptr_t)&a;
	rig_at(&slow, 0);
	rig_at(&a, 0);
	rig_at(&fail, 20 * rig_ms);
	rig_at(&move, 30 * rig_ms);
	rig_run(rig);
	rig_expect_end(rig, 0, 130 * rig_ms);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, i)), 1e9,
			     "link %u", i);
	rig_tear_down(rig);
}

/* Nothing to move, or nothing in the way: the latency is all there is, zero included. Nothing to move
 * passes a dead link too. */
Test(transfers, without_bytes_or_path)
{
	struct rig *rig = rig_set_up(1, 0);
	struct rig_act act[4] = {rig_transfer(rig, 0, 0), rig_transfer(rig, 1, 0),
				 rig_transfer(rig, 2, 1e9), rig_transfer(rig, 3, 1e9)};

	for (uint32_t i = 0; i < 4; i++) {
		act[i].spec.latency = i & 1 ? 7 * rig_ms : 0;
		if (i < 2)
			rig_over(&act[i], 0);
		rig_at(&act[i], rig_ms);
	}
	rig_run(rig);
	for (uint32_t i = 0; i < 4; i++)
		cr_expect(rig->end[i] == rig_ms + act[i].spec.latency, "transfer %u", i);
	rig_tear_down(rig);
}

/* Out of range is refused and leaves nothing behind. */
Test(transfers, refusals)
{
	struct rig *rig = rig_set_up(1, 50e9);
	const struct rig_act good = rig_transfer(rig, 0, 1e9);
	const struct dc_fluid_hop missing = {1, 1}, negative = {0, -1};
	struct dc_fluid_transfer_spec spec[8];

	for (size_t i = 0; i < 8; i++)
		spec[i] = good.spec;
	spec[0].bytes = -1;
	spec[1].bytes = rig_none_bps;
	spec[2].weight = 0;
	spec[3].cap_bps = -1;
	spec[4].multiplicity = 0;
	spec[5].latency = -1;
	spec[6].path = &missing;
	spec[6].hops = 1;
	spec[7].path = &negative;
	spec[7].hops = 1;
	for (size_t i = 0; i < 8; i++)
		cr_expect_eq(dc_fluid_transfers_start(rig->transfers, &spec[i], NULL), DC_ERR_RUN,
			     "spec %zu", i);
	cr_expect_eq(dc_fluid_transfers_set_capacity(rig->transfers, 0, -1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_set_capacity(rig->transfers, 1, 1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_set_weight(rig->transfers, 77, 1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_live(rig->transfers), 0u);
	cr_expect_eq(dc_engine_pending(rig->engine), 0u);
	rig_tear_down(rig);
}

/* Ends of one instant: callbacks in the order (entity, start), whatever the slots, and one solve for all of
 * them (transfers.h). Eight equal ones, entities 3 2 1 0 3 2 1 0. */
Test(transfers, one_batch_in_order)
{
	struct rig *rig = rig_set_up(9, 50e9);
	struct rig_act act[9];
	static const uint64_t expected[8] = {3, 7, 2, 6, 1, 5, 0, 4};

	for (uint32_t i = 0; i < 9; i++) {
		act[i] = rig_transfer(rig, i, i < 8 ? 1e9 : 9e9);
		act[i].spec.entity = 3 - i % 4;
		rig_over(&act[i], i < 8 ? i : 0);
		rig_over(&act[i], 8);
		rig_at(&act[i], 0);
	}
	rig_run(rig);
	for (size_t i = 0; i < 8; i++)
		cr_expect_eq(rig->order[i], expected[i], "place %zu", i);
	/* Nine starts in nine decisions, then the eight ends together; the last leaves nobody behind. */
	cr_expect_eq(dc_fluid_statistics(rig->solver).propagated +
			     dc_fluid_statistics(rig->solver).filled,
		     9u + 1u);
	/* 9 sharing: 180 ms for the eight; then 8 GB at 50 GB/s. */
	rig_expect_end(rig, 0, 180 * rig_ms);
	rig_expect_end(rig, 8, 340 * rig_ms);
	rig_tear_down(rig);
}

/* Solving in DC_PHASE_SAMPLING makes one batch of eight decisions of an instant; their common end is the
 * second. */
Test(transfers, decisions_in_one_batch)
{
	struct rig *rig = rig_set_up(1, 50e9);
	struct rig_act act[8];

	dc_fluid_transfers_destroy(rig->transfers);
	rig->transfers = dc_fluid_transfers_create(rig->engine, rig->solver, DC_PHASE_SAMPLING);
	cr_assert(rig->transfers);
	for (uint32_t i = 0; i < 8; i++) {
		act[i] = rig_transfer(rig, i, 1e9);
		rig_over(&act[i], 0);
		rig_at(&act[i], rig_ms);
	}
	rig_run(rig);
	for (uint32_t i = 0; i < 8; i++)
		rig_expect_end(rig, i, 161 * rig_ms);
	cr_expect_eq(dc_fluid_statistics(rig->solver).propagated +
			     dc_fluid_statistics(rig->solver).filled,
		     2u);
	rig_tear_down(rig);
}

/* A ring's steps: each end starts the next transfer of its rank. 2(p-1) steps of L + S/(pB), each rounded
 * to the femtosecond [Thakur et al. 2005, sec. 4]; exact to the tick, in DECISION batches too. */
struct ring {
	struct rig *rig;
	struct rig_act act;
	uint32_t left;
	dc_time end;
};

static void ring_step(void *context, uint64_t argument)
{
	struct ring *ring = context;

	(void)argument;
	if (!ring->left--) {
		ring->end = dc_engine_now(ring->rig->engine);
		return;
	}
	cr_assert_eq(dc_fluid_transfers_start(ring->rig->transfers, &ring->act.spec, NULL), DC_OK);
}

Test(transfers, steps_of_a_ring)
{
	enum { RANKS = 64 };
	struct rig *rig = rig_set_up(RANKS, 50e9);
	struct ring *ring = calloc(RANKS, sizeof *ring);
	double part = 1073741824.0 / RANKS;
	dc_time latency = 500 * (DC_TIME_S / 1000000000);

	cr_assert(ring);
	for (uint32_t i = 0; i < RANKS; i++) {
		ring[i] = (struct ring){.rig = rig, .act = rig_transfer(rig, i, part)};
		rig_over(&ring[i].act, i);
		ring[i].left = 2 * (RANKS - 1);
		ring[i].act.spec.path = ring[i].act.path;
		ring[i].act.spec.latency = latency;
		ring[i].act.spec.done = ring_step;
		ring[i].act.spec.context = &ring[i];
		ring_step(&ring[i], 0);
	}
	rig_run(rig);
	for (uint32_t i = 0; i < RANKS; i++)
		cr_expect(ring[i].end == 2 * (RANKS - 1) * (latency + dc_time_from_s(part / 50e9)),
			  "rank %u", i);
	free(ring);
	rig_tear_down(rig);
}

/* What happens elsewhere leaves a transfer alone: the same femtosecond as without it. Elsewhere: 2,000 changes
 * of capacity on a link with 50 transfers, one of which shares a roomy link with it. */
static dc_time end_beside(uint32_t others)
{
	struct rig *rig = rig_set_up(3, 50e9);
	struct rig_act a = rig_transfer(rig, 0, 3333333333.0);
	struct rig_act *other = calloc(others + 1, sizeof *other);
	struct rig_act *change = calloc(2001, sizeof *change);
	dc_time end;

	cr_assert(other && change);
	rig_over(&a, 0);
	rig_over(&a, 1);
	rig_at(&a, 0);
	cr_assert_eq(dc_fluid_set_capacity(rig->solver, 1, 200e9), DC_OK);
	for (uint32_t i = 0; i < others; i++) {
		other[i] = rig_transfer(rig, i + 1, 1e9 + i);
		rig_over(&other[i], 2);
		if (!i)
			rig_over(&other[i], 1);
		rig_at(&other[i], i * (rig_ms / 7));
	}
	for (uint32_t i = 0; others && i < 2000; i++) {
		change[i] = (struct rig_act){.rig = rig, .what = rig_set_capacity, .resource = 2};
		change[i].value = 30e9 + 7e6 * (i % 17);
		rig_at(&change[i], i * (rig_ms / 31));
	}
	rig_run(rig);
	end = rig->end[0];
	free(other);
	free(change);
	rig_tear_down(rig);
	return end;
}

Test(transfers, others_elsewhere_do_not_matter)
{
	cr_expect(end_beside(0) == end_beside(50));
}

/* A class of m equal transfers over classes of resources ends when its members would: 6 senders, each to
 * every one of 4 receivers, as one class of 24 over a class of 6 and one of 4; a background transfer
 * on every receiver. Against the 28 single ones, to the tick (one addition of rates apart). */
static dc_time end_of_classes(bool folded)
{
	struct rig *rig = rig_set_up(0, 0);
	struct rig_act act[28];
	size_t count = folded ? 2 : 28;
	dc_time end;

	for (uint32_t i = 0; i < (folded ? 2 : 10); i++) {
		uint32_t id;
		bool sender = folded ? i == 0 : i < 6;
		double members = folded ? (sender ? 6 : 4) : 1;

		cr_assert_eq(dc_fluid_add_resource(rig->solver, sender ? 25e9 : 40e9, members, &id),
			     DC_OK);
	}
	for (uint32_t i = 0; i < count; i++) {
		bool background = folded ? i == 1 : i >= 24;

		act[i] = rig_transfer(rig, i, background ? 3e9 : 1e9);
		act[i].spec.multiplicity = folded ? (background ? 4 : 24) : 1;
		act[i].spec.weight = background ? 2 : 1;
		if (!background)
			rig_over(&act[i], folded ? 0 : i / 4);
		rig_over(&act[i], folded ? 1 : 6 + i % 4);
		rig_at(&act[i], 0);
	}
	rig_run(rig);
	/* Receivers: 6 members and weight 2 on 40 GB/s: 5 GB/s each, below the senders' 25/4. */
	rig_expect_end(rig, 0, 200 * rig_ms);
	/* The background passes 2 GB until then, and 1 GB at 40 GB/s. */
	rig_expect_end(rig, count - 1, 225 * rig_ms);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, folded ? 1 : 6)), 9e9);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(rig->transfers, 0)), 4e9);
	end = rig->end[0];
	rig_tear_down(rig);
	return end;
}

Test(transfers, classes_end_with_their_members)
{
	cr_expect(end_of_classes(true) == end_of_classes(false));
}

struct tally {
	uint64_t sum;
	uint32_t count;
};

static void tally_up(void *context, uint64_t argument)
{
	struct tally *tally = context;

	tally->sum += argument;
	tally->count++;
}

/* Twice 300 transfers, each alone on a link, the second 300 in the slots of the first: the first 40 all
 * call the same, the others one of two tallies or nobody, in turn, shifted by one the second time.
 * Numbers 0 to 39, 42, 45, ... 297 go to the rig, 40, 43, ... 298 to the tally: 40 + 86 and 87 of them, the
 * latter's sum 87 x 169 = 14,703. Then 0, 3, ... 297 to the tally, 100 whose sum is 14,850, and 2, 5, ...
 * 299 to the rig, another 100. */
Test(transfers, callbacks_of_their_own)
{
	enum { EACH = 300, ALIKE = 40 };
	struct rig *rig = rig_set_up(EACH, 50e9);
	struct tally tally = {0, 0};

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < EACH; i++) {
			struct rig_act act = rig_transfer(rig, i, 50e9);
			uint32_t kind = !round && i < ALIKE ? 0 : (i + round) % 3;

			rig_over(&act, i);
			if (kind == 1) {
				act.spec.done = tally_up;
				act.spec.context = &tally;
			} else if (kind == 2) {
				act.spec.done = NULL;
			}
			rig_start_it(rig, &act);
		}
		rig_run(rig);
		cr_expect_eq(dc_fluid_transfers_live(rig->transfers), 0);
		cr_expect_eq(rig->ends, round ? 126 + 100 : 126, "%zu", rig->ends);
		cr_expect_eq(tally.count, round ? 87 + 100 : 87, "%u", tally.count);
		cr_expect_eq(tally.sum, round ? 14703 + 14850 : 14703);
	}
	rig_tear_down(rig);
}
