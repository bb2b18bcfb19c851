/* Transfers in time: published completion times, hand cases, stalls, failures of links, conservation. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fluid/transfers.h"

enum { MAX_ENDS = 4096, MAX_LINKS = 8192, MAX_PATH = 16 };

static const double none_bps = (double)INFINITY;

/* An engine with transfers on it, and who ended when. */
struct bench {
	struct dc_engine *engine;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	dc_time end[MAX_ENDS];
	uint64_t order[MAX_ENDS];
	size_t ends;
};

static void note_end(void *context, uint64_t argument)
{
	struct bench *bench = context;

	bench->end[argument] = dc_engine_now(bench->engine);
	bench->order[bench->ends++] = argument;
}

static struct bench *set_up(size_t links, double capacity_bps)
{
	struct bench *bench = calloc(1, sizeof *bench);

	cr_assert(bench);
	bench->engine = dc_engine_create();
	bench->solver = dc_fluid_create();
	cr_assert(bench->engine && bench->solver);
	bench->transfers = dc_fluid_transfers_create(bench->engine, bench->solver, DC_PHASE_STATE);
	cr_assert(bench->transfers);
	for (size_t i = 0; i < links; i++) {
		uint32_t id;

		cr_assert_eq(dc_fluid_add_resource(bench->solver, capacity_bps, 1, &id), DC_OK);
	}
	for (size_t i = 0; i < MAX_ENDS; i++)
		bench->end[i] = DC_TIME_NEVER;
	return bench;
}

static void tear_down(struct bench *bench)
{
	dc_fluid_transfers_destroy(bench->transfers);
	dc_fluid_destroy(bench->solver);
	dc_engine_destroy(bench->engine);
	free(bench);
}

static void run(struct bench *bench)
{
	cr_assert_eq(dc_engine_run(bench->engine, NULL), DC_OK);
}

/* Something to do at a time. */
struct act {
	struct bench *bench;
	void (*what)(struct bench *bench, const struct act *act);
	struct dc_fluid_transfer_spec spec;
	dc_fluid_transfer transfer;
	uint32_t resource;
	double value;
	struct dc_fluid_hop path[MAX_PATH];
};

static void on_act(void *context, uint64_t argument)
{
	struct act *act = context;

	(void)argument;
	act->what(act->bench, act);
}

static void at(struct act *act, dc_time time)
{
	cr_assert(
		dc_engine_schedule(act->bench->engine, time, DC_PHASE_DECISION, 0, on_act, act, 0));
}

static void start_it(struct bench *bench, const struct act *act)
{
	struct act *self = (struct act *)(uintptr_t)act;

	cr_assert_eq(dc_fluid_transfers_start(bench->transfers, &act->spec, &self->transfer),
		     DC_OK);
}

static void set_capacity(struct bench *bench, const struct act *act)
{
	cr_assert_eq(dc_fluid_transfers_set_capacity(bench->transfers, act->resource, act->value),
		     DC_OK);
}

/* A transfer over so many links from `first` on. */
static struct act transfer(struct bench *bench, uint64_t number, double bytes)
{
	return (struct act){.bench = bench,
			    .what = start_it,
			    .spec = {.bytes = bytes,
				     .weight = 1,
				     .cap_bps = none_bps,
				     .multiplicity = 1,
				     .done = note_end,
				     .context = bench,
				     .argument = number,
				     .entity = (uint32_t)number}};
}

static void over(struct act *act, uint32_t resource)
{
	act->path[act->spec.hops++] = (struct dc_fluid_hop){resource, 1};
	act->spec.path = act->path;
}

static void expect_end(const struct bench *bench, uint64_t number, dc_time expected)
{
	dc_time off = bench->end[number] - expected;

	cr_expect(off >= -2 && off <= 2, "transfer %llu ends at %.17g s for %.17g s",
		  (unsigned long long)number, dc_time_to_s(bench->end[number]),
		  dc_time_to_s(expected));
}

/* ---- the published lists ---- */

struct listed {
	struct act act;
	double start_s, finish_s;
};

static size_t read_list(struct bench *bench, const char *name, struct listed *rows)
{
	const char *source = getenv("srcdir");
	char path[4096], line[4096];
	size_t count = 0;
	FILE *file;

	snprintf(path, sizeof path, "%s/tests/validation/flows/%s", source ? source : ".", name);
	file = fopen(path, "r");
	cr_assert(file, "%s", path);
	cr_assert(fgets(line, sizeof line, file));
	while (fgets(line, sizeof line, file)) {
		struct listed *row = &rows[count];
		double bytes;
		int used;
		char *rest;

		cr_assert_eq(sscanf(line, "%*d,%*d,%*d,%lf,%lf,%n", &bytes, &row->start_s, &used),
			     2);
		row->act = transfer(bench, count, bytes);
		for (rest = line + used; *rest != ','; rest += *rest == ' ')
			over(&row->act, (uint32_t)strtoul(rest, &rest, 10));
		row->finish_s = strtod(rest + 1, NULL);
		row->act.spec.path = row->act.path;
		at(&row->act, dc_time_from_s(row->start_s));
		count++;
	}
	fclose(file);
	return count;
}

static void run_list(const char *name, size_t expected)
{
	struct bench *bench = set_up(MAX_LINKS, 50e9);
	struct listed *rows = calloc(MAX_ENDS, sizeof *rows);
	size_t count;

	cr_assert(rows);
	count = read_list(bench, name, rows);
	cr_assert_eq(count, expected, "%s", name);
	run(bench);
	for (size_t i = 0; i < count; i++) {
		double want_s = rows[i].finish_s - rows[i].start_s;
		double got_s = dc_time_to_s(bench->end[i] - dc_time_from_s(rows[i].start_s));

		cr_expect(fabs(got_s - want_s) <= fmax(2e-15, 1e-9 * want_s),
			  "%s flow %zu: %.17g s for %.17g s", name, i, got_s, want_s);
	}
	cr_assert_eq(dc_fluid_transfers_live(bench->transfers), 0u);
	free(rows);
	tear_down(bench);
}

/* Source: SimGrid 3.32 at tight precision, tests/validation/flows/README.md. */
Test(transfers, poisson_list)
{
	run_list("poisson_1k.csv", 1000);
}

Test(transfers, burst_list)
{
	run_list("burst_1k.csv", 1000);
}

Test(transfers, permutation_list)
{
	run_list("permutation_128.csv", 128);
}

/* ---- by hand ---- */

static const dc_time ms = DC_TIME_S / 1000;

/* Latency 500 ns and 50 GB over three links of 50 GB/s: 500 ns + 1 s, cut-through. */
Test(transfers, alone)
{
	struct bench *bench = set_up(3, 50e9);
	struct act a = transfer(bench, 0, 50e9);

	for (uint32_t i = 0; i < 3; i++)
		over(&a, i);
	a.spec.latency = 500 * (DC_TIME_S / 1000000000);
	at(&a, 0);
	run(bench);
	expect_end(bench, 0, DC_TIME_S + a.spec.latency);
	tear_down(bench);
}

/* 1e15 bytes at 50 GB/s, then at 25 GB/s from 10,000 s on: 30,000 s, more femtoseconds than a double
 * tells apart. */
Test(transfers, long_lasting)
{
	struct bench *bench = set_up(1, 50e9);
	struct act a = transfer(bench, 0, 1e15);
	struct act slow = {.bench = bench, .what = set_capacity, .resource = 0, .value = 25e9};

	over(&a, 0);
	at(&a, 0);
	at(&slow, 10000 * DC_TIME_S);
	run(bench);
	expect_end(bench, 0, 30000 * DC_TIME_S);
	tear_down(bench);
}

/* 1 GB and 3 GB on 50 GB/s: 25 GB/s each until 40 ms, then 2 GB at 50 GB/s: 80 ms. Beside them 2 GB
 * that come 20 ms late on a link where 2 GB began at 0: 1 GB alone, 25 GB/s each until 60 ms, 80 ms. */
Test(transfers, sharing_begins_and_ends)
{
	struct bench *bench = set_up(2, 50e9);
	struct act act[4] = {transfer(bench, 0, 1e9), transfer(bench, 1, 3e9),
			     transfer(bench, 2, 2e9), transfer(bench, 3, 2e9)};

	for (uint32_t i = 0; i < 4; i++) {
		over(&act[i], i / 2);
		at(&act[i], i == 3 ? 20 * ms : 0);
	}
	run(bench);
	expect_end(bench, 0, 40 * ms);
	expect_end(bench, 1, 80 * ms);
	expect_end(bench, 2, 60 * ms);
	expect_end(bench, 3, 80 * ms);
	tear_down(bench);
}

/* Weights 1 and 3 on 40 GB/s: 10 and 30 GB/s, so 1 GB and 3 GB both take 100 ms. A cap of 10 GB/s beside
 * a free one on 50 GB/s: 1 GB ends at 100 ms; 8 GB pass 4 GB by then, the rest at 50 GB/s: 180 ms. */
Test(transfers, weights_and_caps)
{
	struct bench *bench = set_up(2, 50e9);
	struct act act[4] = {transfer(bench, 0, 1e9), transfer(bench, 1, 3e9),
			     transfer(bench, 2, 1e9), transfer(bench, 3, 8e9)};
	struct act less = {.bench = bench, .what = set_capacity, .resource = 0, .value = 40e9};

	act[1].spec.weight = 3;
	act[2].spec.cap_bps = 10e9;
	at(&less, 0);
	for (uint32_t i = 0; i < 4; i++) {
		over(&act[i], i / 2);
		at(&act[i], 0);
	}
	run(bench);
	expect_end(bench, 0, 100 * ms);
	expect_end(bench, 1, 100 * ms);
	expect_end(bench, 2, 100 * ms);
	expect_end(bench, 3, 180 * ms);
	tear_down(bench);
}

/* Sprayed evenly over two links of 50 GB/s: 1 GB takes 10 ms and loads each with 0.5 GB. A hop of use 0
 * over a dead link changes nothing. */
Test(transfers, sprayed)
{
	struct bench *bench = set_up(3, 50e9);
	struct act a = transfer(bench, 0, 1e9);
	struct act dead = {.bench = bench, .what = set_capacity, .resource = 2, .value = 0};

	for (uint32_t i = 0; i < 3; i++) {
		over(&a, i);
		a.path[i].use = i < 2 ? 0.5 : 0;
	}
	at(&dead, 0);
	at(&a, 0);
	run(bench);
	expect_end(bench, 0, 10 * ms);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(bench->transfers, i)),
			     i < 2 ? 0.5e9 : 0.0);
	tear_down(bench);
}

/* 2 GB on 50 GB/s; at 20 ms the link slows to 10 GB/s: the last 1 GB takes 100 ms. */
Test(transfers, capacity_changes)
{
	struct bench *bench = set_up(1, 50e9);
	struct act a = transfer(bench, 0, 2e9);
	struct act slow = {.bench = bench, .what = set_capacity, .resource = 0, .value = 10e9};

	over(&a, 0);
	at(&a, 0);
	at(&slow, 20 * ms);
	run(bench);
	expect_end(bench, 0, 120 * ms);
	tear_down(bench);
}

/* The link fails at 20 ms and is back at 70 ms: 2 GB take 40 ms and the 50 ms in between. One whose
 * link never comes back never ends, and keeps its bytes. */
Test(transfers, stall_and_resume)
{
	struct bench *bench = set_up(2, 50e9);
	struct act a = transfer(bench, 0, 2e9), b = transfer(bench, 1, 2e9);
	struct act fail[2] = {
		{.bench = bench, .what = set_capacity, .resource = 0, .value = 0},
		{.bench = bench, .what = set_capacity, .resource = 1, .value = 0},
	};
	struct act mend = {.bench = bench, .what = set_capacity, .resource = 0, .value = 50e9};

	over(&a, 0);
	over(&b, 1);
	at(&a, 0);
	at(&b, 0);
	at(&fail[0], 20 * ms);
	at(&fail[1], 20 * ms);
	at(&mend, 70 * ms);
	run(bench);
	expect_end(bench, 0, 90 * ms);
	cr_expect_eq(bench->ends, 1u);
	cr_expect_eq(dc_fluid_transfers_left(bench->transfers, b.transfer), 1e9);
	cr_expect_eq(dc_fluid_transfers_rate(bench->transfers, b.transfer), 0.0);
	cr_expect_eq(dc_fluid_transfers_live(bench->transfers), 1u);
	tear_down(bench);
}

static void cancel(struct bench *bench, const struct act *act)
{
	const struct act *other = (const struct act *)(uintptr_t)act->spec.argument;

	cr_expect(dc_fluid_transfers_cancel(bench->transfers, other->transfer));
	cr_expect_not(dc_fluid_transfers_cancel(bench->transfers, other->transfer));
	cr_expect_eq(dc_fluid_transfers_left(bench->transfers, other->transfer), 0.0);
}

/* Two of 1 GB on 50 GB/s; one is cancelled at 20 ms with 0.5 GB passed, the other ends at 30 ms. One still
 * in its latency is cancelled too: nothing of it ever passed. */
Test(transfers, cancelled)
{
	struct bench *bench = set_up(1, 50e9);
	struct act act[3] = {transfer(bench, 0, 1e9), transfer(bench, 1, 1e9),
			     transfer(bench, 2, 1e9)};
	struct act stop[2] = {{.bench = bench, .what = cancel}, {.bench = bench, .what = cancel}};

	for (size_t i = 0; i < 3; i++) {
		over(&act[i], 0);
		at(&act[i], 0);
	}
	act[2].spec.latency = 21 * ms;
	stop[0].spec.argument = (uintptr_t)&act[1];
	stop[1].spec.argument = (uintptr_t)&act[2];
	at(&stop[0], 20 * ms);
	at(&stop[1], 20 * ms);
	run(bench);
	expect_end(bench, 0, 30 * ms);
	cr_expect_eq(bench->ends, 1u);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(bench->transfers, 0)), 1.5e9);
	cr_expect_eq(dc_fluid_transfers_live(bench->transfers), 0u);
	tear_down(bench);
}

static void reroute(struct bench *bench, const struct act *act)
{
	const struct act *other = (const struct act *)(uintptr_t)act->spec.argument;
	const struct dc_fluid_hop wrong = {99, 1};

	cr_expect_eq(dc_fluid_transfers_reroute(bench->transfers, other->transfer, &wrong, 1),
		     DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_reroute(bench->transfers, other->transfer, act->path,
						act->spec.hops),
		     DC_OK);
}

/* 2 GB on link 0; it dies at 20 ms, at 30 ms the rest goes over links 1 and 2, of 10 GB/s: 30 + 100 ms. */
Test(transfers, rerouted)
{
	struct bench *bench = set_up(3, 50e9);
	struct act a = transfer(bench, 0, 2e9);
	struct act fail = {.bench = bench, .what = set_capacity, .resource = 0, .value = 0};
	struct act slow = {.bench = bench, .what = set_capacity, .resource = 2, .value = 10e9};
	struct act move = {.bench = bench, .what = reroute};

	over(&a, 0);
	over(&move, 1);
	over(&move, 2);
	move.spec.argument = (uintptr_t)&a;
	at(&slow, 0);
	at(&a, 0);
	at(&fail, 20 * ms);
	at(&move, 30 * ms);
	run(bench);
	expect_end(bench, 0, 130 * ms);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(bench->transfers, i)), 1e9,
			     "link %u", i);
	tear_down(bench);
}

/* Nothing to move, or nothing in the way: the latency is all there is, zero included. Nothing to move
 * passes a dead link too. */
Test(transfers, without_bytes_or_path)
{
	struct bench *bench = set_up(1, 0);
	struct act act[4] = {transfer(bench, 0, 0), transfer(bench, 1, 0), transfer(bench, 2, 1e9),
			     transfer(bench, 3, 1e9)};

	for (uint32_t i = 0; i < 4; i++) {
		act[i].spec.latency = i & 1 ? 7 * ms : 0;
		if (i < 2)
			over(&act[i], 0);
		at(&act[i], ms);
	}
	run(bench);
	for (uint32_t i = 0; i < 4; i++)
		cr_expect(bench->end[i] == ms + act[i].spec.latency, "transfer %u", i);
	tear_down(bench);
}

/* Out of range is refused and leaves nothing behind. */
Test(transfers, refusals)
{
	struct bench *bench = set_up(1, 50e9);
	const struct act good = transfer(bench, 0, 1e9);
	const struct dc_fluid_hop missing = {1, 1}, negative = {0, -1};
	struct dc_fluid_transfer_spec spec[8];

	for (size_t i = 0; i < 8; i++)
		spec[i] = good.spec;
	spec[0].bytes = -1;
	spec[1].bytes = none_bps;
	spec[2].weight = 0;
	spec[3].cap_bps = -1;
	spec[4].multiplicity = 0;
	spec[5].latency = -1;
	spec[6].path = &missing;
	spec[6].hops = 1;
	spec[7].path = &negative;
	spec[7].hops = 1;
	for (size_t i = 0; i < 8; i++)
		cr_expect_eq(dc_fluid_transfers_start(bench->transfers, &spec[i], NULL), DC_ERR_RUN,
			     "spec %zu", i);
	cr_expect_eq(dc_fluid_transfers_set_capacity(bench->transfers, 0, -1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_set_capacity(bench->transfers, 1, 1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_set_weight(bench->transfers, 77, 1), DC_ERR_RUN);
	cr_expect_eq(dc_fluid_transfers_live(bench->transfers), 0u);
	cr_expect_eq(dc_engine_pending(bench->engine), 0u);
	tear_down(bench);
}

/* Ends of one instant: callbacks in the order (entity, start), whatever the slots, and one solve for all of
 * them (transfers.h). Eight equal ones, entities 3 2 1 0 3 2 1 0. */
Test(transfers, one_batch_in_order)
{
	struct bench *bench = set_up(9, 50e9);
	struct act act[9];
	static const uint64_t expected[8] = {3, 7, 2, 6, 1, 5, 0, 4};

	for (uint32_t i = 0; i < 9; i++) {
		act[i] = transfer(bench, i, i < 8 ? 1e9 : 9e9);
		act[i].spec.entity = 3 - i % 4;
		over(&act[i], i < 8 ? i : 0);
		over(&act[i], 8);
		at(&act[i], 0);
	}
	run(bench);
	for (size_t i = 0; i < 8; i++)
		cr_expect_eq(bench->order[i], expected[i], "place %zu", i);
	/* Nine starts in nine decisions, then the eight ends together; the last leaves nobody behind. */
	cr_expect_eq(dc_fluid_statistics(bench->solver).propagated +
			     dc_fluid_statistics(bench->solver).filled,
		     9u + 1u);
	/* 9 sharing: 180 ms for the eight; then 8 GB at 50 GB/s. */
	expect_end(bench, 0, 180 * ms);
	expect_end(bench, 8, 340 * ms);
	tear_down(bench);
}

/* Solving in DC_PHASE_SAMPLING makes one batch of eight decisions of an instant; their common end is the
 * second. */
Test(transfers, decisions_in_one_batch)
{
	struct bench *bench = set_up(1, 50e9);
	struct act act[8];

	dc_fluid_transfers_destroy(bench->transfers);
	bench->transfers =
		dc_fluid_transfers_create(bench->engine, bench->solver, DC_PHASE_SAMPLING);
	cr_assert(bench->transfers);
	for (uint32_t i = 0; i < 8; i++) {
		act[i] = transfer(bench, i, 1e9);
		over(&act[i], 0);
		at(&act[i], ms);
	}
	run(bench);
	for (uint32_t i = 0; i < 8; i++)
		expect_end(bench, i, 161 * ms);
	cr_expect_eq(dc_fluid_statistics(bench->solver).propagated +
			     dc_fluid_statistics(bench->solver).filled,
		     2u);
	tear_down(bench);
}

/* A ring's steps: each end starts the next transfer of its rank. 2(p-1) steps of L + S/(pB), each rounded
 * to the femtosecond [Thakur et al. 2005, sec. 4]; exact to the tick, in DECISION batches too. */
struct ring {
	struct bench *bench;
	struct act act;
	uint32_t left;
	dc_time end;
};

static void ring_step(void *context, uint64_t argument)
{
	struct ring *ring = context;

	(void)argument;
	if (!ring->left--) {
		ring->end = dc_engine_now(ring->bench->engine);
		return;
	}
	cr_assert_eq(dc_fluid_transfers_start(ring->bench->transfers, &ring->act.spec, NULL),
		     DC_OK);
}

Test(transfers, steps_of_a_ring)
{
	enum { RANKS = 64 };
	struct bench *bench = set_up(RANKS, 50e9);
	struct ring *ring = calloc(RANKS, sizeof *ring);
	double part = 1073741824.0 / RANKS;
	dc_time latency = 500 * (DC_TIME_S / 1000000000);

	cr_assert(ring);
	for (uint32_t i = 0; i < RANKS; i++) {
		ring[i] = (struct ring){.bench = bench, .act = transfer(bench, i, part)};
		over(&ring[i].act, i);
		ring[i].left = 2 * (RANKS - 1);
		ring[i].act.spec.path = ring[i].act.path;
		ring[i].act.spec.latency = latency;
		ring[i].act.spec.done = ring_step;
		ring[i].act.spec.context = &ring[i];
		ring_step(&ring[i], 0);
	}
	run(bench);
	for (uint32_t i = 0; i < RANKS; i++)
		cr_expect(ring[i].end == 2 * (RANKS - 1) * (latency + dc_time_from_s(part / 50e9)),
			  "rank %u", i);
	free(ring);
	tear_down(bench);
}

/* What happens elsewhere leaves a transfer alone: the same femtosecond as without it. Elsewhere: 2,000 changes
 * of capacity on a link with 50 transfers, one of which shares a roomy link with it. */
static dc_time end_beside(uint32_t others)
{
	struct bench *bench = set_up(3, 50e9);
	struct act a = transfer(bench, 0, 3333333333.0);
	struct act *other = calloc(others + 1, sizeof *other);
	struct act *change = calloc(2001, sizeof *change);
	dc_time end;

	cr_assert(other && change);
	over(&a, 0);
	over(&a, 1);
	at(&a, 0);
	cr_assert_eq(dc_fluid_set_capacity(bench->solver, 1, 200e9), DC_OK);
	for (uint32_t i = 0; i < others; i++) {
		other[i] = transfer(bench, i + 1, 1e9 + i);
		over(&other[i], 2);
		if (!i)
			over(&other[i], 1);
		at(&other[i], i * (ms / 7));
	}
	for (uint32_t i = 0; others && i < 2000; i++) {
		change[i] = (struct act){.bench = bench, .what = set_capacity, .resource = 2};
		change[i].value = 30e9 + 7e6 * (i % 17);
		at(&change[i], i * (ms / 31));
	}
	run(bench);
	end = bench->end[0];
	free(other);
	free(change);
	tear_down(bench);
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
	struct bench *bench = set_up(0, 0);
	struct act act[28];
	size_t count = folded ? 2 : 28;
	dc_time end;

	for (uint32_t i = 0; i < (folded ? 2 : 10); i++) {
		uint32_t id;
		bool sender = folded ? i == 0 : i < 6;
		double members = folded ? (sender ? 6 : 4) : 1;

		cr_assert_eq(
			dc_fluid_add_resource(bench->solver, sender ? 25e9 : 40e9, members, &id),
			DC_OK);
	}
	for (uint32_t i = 0; i < count; i++) {
		bool background = folded ? i == 1 : i >= 24;

		act[i] = transfer(bench, i, background ? 3e9 : 1e9);
		act[i].spec.multiplicity = folded ? (background ? 4 : 24) : 1;
		act[i].spec.weight = background ? 2 : 1;
		if (!background)
			over(&act[i], folded ? 0 : i / 4);
		over(&act[i], folded ? 1 : 6 + i % 4);
		at(&act[i], 0);
	}
	run(bench);
	/* Receivers: 6 members and weight 2 on 40 GB/s: 5 GB/s each, below the senders' 25/4. */
	expect_end(bench, 0, 200 * ms);
	/* The background passes 2 GB until then, and 1 GB at 40 GB/s. */
	expect_end(bench, count - 1, 225 * ms);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(bench->transfers, folded ? 1 : 6)),
		     9e9);
	cr_expect_eq(dc_sum_value(dc_fluid_transfers_carried(bench->transfers, 0)), 4e9);
	end = bench->end[0];
	tear_down(bench);
	return end;
}

Test(transfers, classes_end_with_their_members)
{
	cr_expect(end_of_classes(true) == end_of_classes(false));
}

/* ---- conservation under everything at once ---- */

static uint64_t draw(uint64_t *state, uint64_t below)
{
	/* xorshift64 (Marsaglia 2003). */
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % below;
}

enum { CHAOS_LINKS = 12, CHAOS_TRANSFERS = 300, CHAOS_ACTS = 200 };

struct chaos {
	struct bench *bench;
	struct act act[CHAOS_TRANSFERS], change[CHAOS_ACTS];
	uint64_t state;
	double expected[CHAOS_LINKS]; /* by adding up what each passed */
	double integral[CHAOS_LINKS]; /* by adding up load x time between looks */
	double load[CHAOS_LINKS];
	double cancelled[CHAOS_TRANSFERS];
	dc_time last;
};

static void look(struct chaos *chaos)
{
	dc_time now = dc_engine_now(chaos->bench->engine);

	dc_fluid_transfers_settle(chaos->bench->transfers);
	for (uint32_t i = 0; i < CHAOS_LINKS; i++) {
		chaos->integral[i] += chaos->load[i] * dc_time_to_s(now - chaos->last);
		chaos->load[i] = dc_fluid_load(chaos->bench->solver, i);
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
	struct dc_engine *engine = chaos->bench->engine;

	cr_assert(dc_engine_schedule(engine, dc_engine_now(engine) + span, DC_PHASE_SAMPLING, 0,
				     on_look, chaos, 0));
}

static void chaos_end(void *context, uint64_t argument)
{
	struct chaos *chaos = context;

	note_end(chaos->bench, argument);
	look_after(chaos, 0);
}

static void chaos_start(struct bench *bench, const struct act *act)
{
	start_it(bench, act);
	look_after(act->spec.context, act->spec.latency);
}

static void chaos_mend(struct bench *bench, const struct act *act)
{
	set_capacity(bench, act);
	look_after(act->spec.context, 0);
}

static void chaos_change(struct bench *bench, const struct act *act)
{
	struct chaos *chaos = act->spec.context;
	uint32_t number = (uint32_t)draw(&chaos->state, CHAOS_TRANSFERS);
	struct act *other = &chaos->act[number];

	look_after(chaos, 0);
	if (draw(&chaos->state, 3)) {
		set_capacity(bench, act);
	} else {
		double left = dc_fluid_transfers_left(bench->transfers, other->transfer);

		if (dc_fluid_transfers_cancel(bench->transfers, other->transfer))
			chaos->cancelled[number] = left;
	}
}

/* Every link has carried what its transfers passed, use by use, and that is the integral of its load; to
 * 1e-12 of the whole. 40 mixes of sprayed, weighted, capped transfers with cancels, failing links. */
static void run_chaos(uint64_t number)
{
	struct chaos *chaos = calloc(1, sizeof *chaos);
	struct bench *bench = set_up(CHAOS_LINKS, 50e9);

	cr_assert(chaos);
	chaos->bench = bench;
	chaos->state = 88172645463325252u + number * 7919;
	for (uint32_t i = 0; i < CHAOS_TRANSFERS; i++) {
		struct act *act = &chaos->act[i];

		*act = transfer(bench, i, 1e6 * (double)(1 + draw(&chaos->state, 1000)));
		act->what = chaos_start;
		act->spec.done = chaos_end;
		act->spec.context = chaos;
		act->spec.weight = (double)(1 + draw(&chaos->state, 3));
		act->spec.latency = (dc_time)draw(&chaos->state, 3) * (ms / 1000);
		if (!draw(&chaos->state, 4))
			act->spec.cap_bps = 1e9 * (double)(1 + draw(&chaos->state, 20));
		for (uint64_t n = draw(&chaos->state, 5) + 1; n-- > 0;)
			over(act, (uint32_t)draw(&chaos->state, CHAOS_LINKS));
		for (uint32_t n = 0; n < act->spec.hops; n++)
			act->path[n].use = draw(&chaos->state, 2) ? 1 : 0.25;
		at(act, (dc_time)draw(&chaos->state, 300) * ms);
	}
	for (uint32_t i = 0; i < CHAOS_ACTS; i++) {
		struct act *act = &chaos->change[i];
		/* The last changes make every link whole again, so that all end. */
		bool last = i >= CHAOS_ACTS - CHAOS_LINKS;

		*act = (struct act){.bench = bench, .what = chaos_change};
		act->spec.context = chaos;
		act->resource = i % CHAOS_LINKS;
		act->value = last ? 50e9 : 10e9 * (double)draw(&chaos->state, 6);
		if (last)
			act->what = chaos_mend;
		at(act, last ? DC_TIME_S : (dc_time)draw(&chaos->state, 400) * ms);
	}
	run(bench);
	look(chaos);
	cr_assert_eq(dc_fluid_transfers_live(bench->transfers), 0u, "mix %llu",
		     (unsigned long long)number);
	for (uint32_t i = 0; i < CHAOS_TRANSFERS; i++)
		for (uint32_t n = 0; n < chaos->act[i].spec.hops; n++)
			chaos->expected[chaos->act[i].path[n].resource] +=
				chaos->act[i].path[n].use *
				(chaos->act[i].spec.bytes - chaos->cancelled[i]);
	for (uint32_t i = 0; i < CHAOS_LINKS; i++) {
		double carried = dc_sum_value(dc_fluid_transfers_carried(bench->transfers, i));

		cr_expect(fabs(carried - chaos->expected[i]) <= 1e-12 * chaos->expected[i],
			  "mix %llu link %u: %.17g for %.17g", (unsigned long long)number, i,
			  carried, chaos->expected[i]);
		/* Each of some 1,000 pieces is cut at the femtosecond: 1e-15 s x 50 GB/s. */
		cr_expect(fabs(carried - chaos->integral[i]) <= 1e-11 * chaos->integral[i],
			  "mix %llu link %u: %.17g, integral %.17g", (unsigned long long)number, i,
			  carried, chaos->integral[i]);
	}
	free(chaos);
	tear_down(bench);
}

Test(transfers, bytes_are_conserved)
{
	for (uint64_t number = 0; number < 40; number++)
		run_chaos(number);
}
