/* Workload kind `collective`: sizes, groups, rows; folded = every message for itself. */
#include <math.h>

#include "collective.h"

static void add(struct dc_fabric *fabric, const struct dc_topology_type *type, uint64_t size,
		double bandwidth_bps, double latency_s)
{
	const struct dc_fabric_dimension dimension = {
		.type = type,
		.size = size,
		.bandwidth_bps = bandwidth_bps,
		.latency_s = latency_s,
	};

	cr_assert_eq(dc_fabric_add(fabric, &dimension), DC_OK);
}

static struct dc_fabric ring(uint64_t size)
{
	struct dc_fabric fabric = {0};

	add(&fabric, &dc_topology_ring, size, 50e9, 500e-9);
	return fabric;
}

/* Nodes of `each` on a switch, in a ring of nodes. */
static struct dc_fabric nodes(uint64_t each, uint64_t count)
{
	struct dc_fabric fabric = {0};

	add(&fabric, &dc_topology_switch, each, 400e9, 300e-9);
	add(&fabric, &dc_topology_ring, count, 50e9, 1e-6);
	return fabric;
}

/* 2(p-1)(L + S/(pB)) [Thakur et al. 2005, sec. 4]: 126 (500 ns + 2^20/64/50e9 s) = 104,287.68 ns, and
 * SimGrid's 0.04234158432 s for 1 GiB; members send 2(p-1) S/p each. */
Test(collective, ring_of_64)
{
	struct dc_fabric fabric = ring(64);
	struct collectives rig;

	collectives_init(&rig, &fabric);
	cr_assert_eq(collectives_add(&rig, "a", 0, "{sizes: [1 MiB, 1 GiB], algorithm: ring}"),
		     DC_OK);
	for (int exact = 0; exact < 2; exact++) {
		collectives_run(&rig, exact);
		cr_assert_eq(rig.row_count, 2);
		cr_expect(rig.rows[0].duration == 104287680000);
		cr_expect(rig.rows[1].duration == 42341584320000);
		cr_expect(rig.rows[0].start == 0);
		cr_expect(rig.rows[1].start == rig.rows[0].duration);
		cr_expect(rig.end == rig.rows[0].duration + rig.rows[1].duration);
		cr_expect_float_eq(rig.rows[1].sent_bytes, 126 * 1073741824.0, 1e-3);
		/* One hop each, and the transport adds nothing. */
		cr_expect_float_eq(rig.rows[1].wire_bytes, 126 * 1073741824.0, 1e-3);
		cr_expect_float_eq(rig.totals.wire_bytes, 126 * (1073741824.0 + 1048576), 1e-3);
		cr_expect_eq(rig.rows[1].found.second, NULL);
	}
	collectives_free(&rig);
}

/* Half of the vector each way around: half the bandwidth term, 63 ring steps of S/2p and back; so ring takes
 * 2x as long, and auto says so. */
Test(collective, auto_says_why)
{
	struct dc_fabric fabric = ring(64);
	struct collectives rig;
	const struct dc_collective *found = &rig.rows[0].found;

	collectives_init(&rig, &fabric);
	cr_assert_eq(collectives_add(&rig, "a", 0, "{sizes: 1 GiB}"), DC_OK);
	collectives_run(&rig, false);
	cr_expect_str_eq(found->algorithm->name, "ring-bidirectional");
	cr_expect(rig.rows[0].duration == dc_time_from_s(126 * (500e-9 + 16777216 / 2 / 50e9)));
	cr_assert_not_null(found->second);
	cr_expect_str_eq(found->second->name, "ring");
	cr_expect(found->second_duration == 42341584320000);
	collectives_free(&rig);
}

/* {from, to, factor}: 8 B, 32 B, 128 B, 512 B; the next is beyond 1 KiB. */
Test(collective, sizes_by_a_factor)
{
	struct dc_fabric fabric = ring(4);
	struct collectives rig;

	collectives_init(&rig, &fabric);
	cr_assert_eq(collectives_add(&rig, "a", 0, "{sizes: {from: 8 B, to: 1 KiB, factor: 4}}"),
		     DC_OK);
	cr_assert_eq(rig.jobs[0].sizes, 4);
	for (int i = 0; i < 4; i++)
		cr_expect_eq(rig.jobs[0].sizes_bytes[i], 8 << 2 * i);
	cr_assert_eq(collectives_add(&rig, "b", 0,
				     "{sizes: {from: 1 KiB, to: 1 GiB}, operation: reduce}"),
		     DC_OK);
	/* 2^10 to 2^30 */
	cr_assert_eq(rig.jobs[1].sizes, 21);
	cr_expect_eq(rig.jobs[1].sizes_bytes[20], 1073741824);
	collectives_free(&rig);
}

/* Every rank is in exactly one translate, and members are stride apart. */
Test(collective, translates_are_a_partition)
{
	struct dc_fabric fabric = nodes(4, 6);
	static const uint64_t shapes[][2] = {{4, 1}, {6, 4},  {2, 1}, {2, 3},
					     {3, 8}, {24, 1}, {12, 2}};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct collectives rig;
		unsigned seen[24] = {0};
		char yaml[96];

		collectives_init(&rig, &fabric);
		snprintf(yaml, sizeof yaml, "{sizes: 1 B, groups: {size: %d, stride: %d}}",
			 (int)shapes[i][0], (int)shapes[i][1]);
		cr_assert_eq(collectives_add(&rig, "a", 0, yaml), DC_OK, "%s", yaml);
		cr_assert_eq(rig.jobs[0].groups[0].count * shapes[i][0], 24);
		for (uint64_t g = 0; g < rig.jobs[0].groups[0].count; g++) {
			struct dc_group group;

			cr_assert_eq(
				dc_traffic_collective_group(&fabric, rig.jobs[0].groups, g, &group),
				DC_OK);
			cr_assert_eq(group.size, shapes[i][0]);
			for (uint64_t m = 0; m < group.size; m++) {
				seen[dc_group_rank(&group, m)]++;
				cr_expect_eq(dc_group_rank(&group, m),
					     group.base + m * shapes[i][1]);
			}
		}
		for (int r = 0; r < 24; r++)
			cr_expect_eq(seen[r], 1, "%s: rank %d", yaml, r);
		collectives_free(&rig);
	}
}

static void expect_same(struct collectives *rig, const char *what)
{
	struct dc_traffic_collective_row rows[RIG_ROWS];
	dc_time end;
	size_t count;

	collectives_run(rig, false);
	memcpy(rows, rig->rows, sizeof rows);
	count = rig->row_count;
	end = rig->end;
	collectives_run(rig, true);
	cr_assert_eq(rig->row_count, count);
	cr_expect_eq(rig->totals.coalesced, 0);
	cr_expect(rig->end == end, "%s: ends at %.17g s folded, %.17g s exact", what,
		  dc_time_to_s(end), dc_time_to_s(rig->end));
	for (size_t i = 0; i < count; i++) {
		const struct dc_traffic_collective_row *a = &rows[i], *b = &rig->rows[i];

		cr_expect(a->start == b->start && a->duration == b->duration &&
				  a->fastest == b->fastest,
			  "%s, row %zu: folded %.17g s, exact %.17g s", what, i,
			  dc_time_to_s(a->duration), dc_time_to_s(b->duration));
		cr_expect_float_eq(a->sent_bytes, b->sent_bytes, 1e-9 * b->sent_bytes + 1e-300,
				   "%s: sent %g, %g", what, a->sent_bytes, b->sent_bytes);
		if (!isnan(b->wire_bytes))
			cr_expect_float_eq(a->wire_bytes, b->wire_bytes,
					   1e-9 * b->wire_bytes + 1e-300);
		cr_expect_eq(a->found.algorithm, b->found.algorithm);
	}
	/* Links have carried what messages had to. */
	if (!isnan(rig->totals.due_bytes))
		cr_expect_float_eq(rig->totals.wire_bytes, rig->totals.due_bytes,
				   1e-9 * rig->totals.due_bytes + 1e-300, "%s", what);
}

/* Every operation, on all ranks, on whole dimensions and on groups that cut them, three times. */
Test(collective, folded_is_exact)
{
	static const char *const groups[] = {"null", "{size: 4}", "{size: 6, stride: 4}",
					     "{size: 2, stride: 3}",
					     "[{base: 1, size: 5}, {base: 8, size: 3, stride: 5}]"};
	struct dc_fabric fabric = nodes(4, 6);

	for (int o = 0; o < DC_OPERATIONS; o++) {
		for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
			struct collectives rig;
			char yaml[256];

			collectives_init(&rig, &fabric);
			snprintf(yaml, sizeof yaml, "{operation: %s, %s groups: %s, repeat: 3}",
				 dc_operation_name((enum dc_operation)o),
				 o == DC_OPERATION_BARRIER ? "" : "sizes: [1000 B, 3 MB],",
				 groups[g]);
			cr_assert_eq(collectives_add(&rig, "a", 0, yaml), DC_OK, "%s", yaml);
			expect_same(&rig, yaml);
			collectives_free(&rig);
		}
	}
}

/* Jobs that share links, on a fabric with a slow one. */
Test(collective, jobs_share_links)
{
	struct dc_fabric fabric = nodes(4, 4);
	struct collectives rig;
	dc_time alone;

	collectives_init(&rig, &fabric);
	cr_assert_eq(collectives_add(&rig, "rails", 0,
				     "{sizes: 8 MiB, groups: {size: 4, stride: 4}, repeat: 2}"),
		     DC_OK);
	collectives_run(&rig, false);
	alone = rig.rows[0].duration;
	cr_assert_eq(collectives_add(&rig, "all", 10000000000,
				     "{sizes: [1 MiB, 2 MiB], operation: all-to-all}"),
		     DC_OK);
	expect_same(&rig, "two jobs");
	cr_assert_eq(rig.row_count, 3);
	cr_expect(rig.rows[0].duration > alone);
	cr_expect(rig.rows[1].start == 10000000000);
	/* Sizes of a job follow each other. */
	cr_expect(rig.rows[2].start == rig.rows[1].start + rig.rows[1].duration);
	cr_assert_eq(dc_fabric_set_link(&fabric, rig.arena, 3, 10e9, 1e-6), DC_OK);
	expect_same(&rig, "a slow link");
	cr_expect(rig.rows[0].fastest < rig.rows[0].duration);
	collectives_free(&rig);
}

/* A ring of two links is cut in both directions between ranks 1 and 2 and between 3 and 0: nothing gets
 * across, whatever the way. */
Test(collective, never_ends)
{
	struct dc_fabric fabric = ring(4), cut;
	struct collectives rig;
	char *text;

	collectives_init(&rig, &fabric);
	cut = fabric;
	for (uint64_t l = 0; l < dc_fabric_links(&fabric); l++) {
		struct dc_fabric_link link;

		dc_fabric_link(&fabric, l, &link);
		if (link.from / 2 != link.to / 2)
			cr_assert_eq(dc_fabric_set_link(&cut, rig.arena, l, 0, 500e-9), DC_OK);
	}
	rig.epochs[1] = (struct dc_plan_epoch){1000000000, &cut};
	rig.work.epoch_count = 2;
	cr_assert_eq(collectives_add(&rig, "job", 0, "{sizes: 1 MiB, algorithm: ring}"), DC_OK);
	cr_expect_eq(collectives_try(&rig, false), DC_ERR_RUN);
	text = collectives_messages(&rig);
	cr_expect(strstr(text, "job 'job': all-reduce of 1.05 MB by 'ring' can never end: it waits "
			       "at link 'network:") != NULL,
		  "%s", text);
	free(text);
	collectives_free(&rig);
}

/* Links slow to a tenth in the middle of the first size: what is left takes ten times as long. A send of 1 MB at 50 GB/s takes 500 ns + 20 us; 10 us in, 9.5 us of it has been sent
 * (475 kB), and 525 kB at 5 GB/s take 105 us: 115 us in all. The next send begins in the new epoch:
 * 500 ns + 200 us. */
Test(collective, epochs_go_on_through_sizes)
{
	struct dc_fabric fabric = {0}, slow;
	struct collectives rig;

	add(&fabric, &dc_topology_ring, 3, 50e9, 500e-9);
	collectives_init(&rig, &fabric);
	slow = fabric;
	for (uint64_t l = 0; l < dc_fabric_links(&fabric); l++)
		cr_assert_eq(dc_fabric_set_link(&slow, rig.arena, l, 5e9, 500e-9), DC_OK);
	rig.epochs[1] = (struct dc_plan_epoch){10000000000, &slow};
	rig.work.epoch_count = 2;
	cr_assert_eq(collectives_add(&rig, "a", 0, "{sizes: [1 MB, 1 MB], operation: send}"),
		     DC_OK);
	expect_same(&rig, "epochs");
	cr_expect(rig.rows[0].duration == 115000000000);
	cr_expect(rig.rows[1].start == 115000000000);
	cr_expect(rig.rows[1].duration == 200500000000);
	collectives_free(&rig);
}

/* What happens after the last operation does not keep the run going. */
Test(collective, epochs_after_the_end)
{
	struct dc_fabric fabric = ring(8), cut;
	struct collectives rig;

	collectives_init(&rig, &fabric);
	cut = fabric;
	cr_assert_eq(dc_fabric_set_link(&cut, rig.arena, 0, 0, 500e-9), DC_OK);
	rig.epochs[1] = (struct dc_plan_epoch){dc_time_from_s(1), &cut};
	rig.work.epoch_count = 2;
	cr_assert_eq(collectives_add(&rig, "a", 0, "{sizes: [1 MiB, 1 MiB], algorithm: ring}"),
		     DC_OK);
	expect_same(&rig, "late");
	/* 2 x 14 (500 ns + 2^20/8/50e9 s) */
	cr_expect(rig.end == 2 * 14 * (dc_time)(500000000 + 2621440000));
	collectives_free(&rig);
}

/* Four ranks of a node share a port of 50 GB/s, and each has a ring along the second dimension. One ring alone
 * has the port to itself: 2 x 3 (1 us + 1 MB/50 GB/s) = 126 us; four at once have a quarter of it each:
 * 6 (1 us + 80 us) = 486 us. What is chosen by is the former. */
Test(collective, translates_that_share_ports)
{
	struct dc_fabric fabric = {0};
	struct collectives rig;

	add(&fabric, &dc_topology_switch, 4, 400e9, 300e-9);
	add(&fabric, &dc_topology_ring, 4, 50e9, 1e-6);
	fabric.ports[0] = (struct dc_fabric_port){.name = "nic", .count = 1, .bandwidth_bps = 50e9};
	fabric.port_count = 1;
	fabric.outside = 1;
	fabric.node_size = 4;
	collectives_init(&rig, &fabric);
	cr_assert_eq(
		collectives_add(&rig, "a", 0,
				"{sizes: 4 MB, algorithm: ring, groups: {size: 4, stride: 4}}"),
		DC_OK);
	expect_same(&rig, "shared ports");
	cr_expect(rig.rows[0].found.duration == 126000000000);
	cr_expect(rig.rows[0].duration == 486000000000);
	collectives_free(&rig);
}

/* Two nodes of four, fully connected. The second has the links 0-1, 1-2, 2-0, 2-3 and 3-1 left: all get to all,
 * but every ring would have to take 1-2 twice, for only it leads out of 1. What is chosen for both is the
 * cheapest that the second can do, too, though the first by itself takes rings. */
Test(collective, every_group_can_do_what_is_chosen)
{
	static const bool left[4][4] = {
		[0][1] = true, [1][2] = true, [2][0] = true, [2][3] = true, [3][1] = true};
	struct dc_fabric fabric = {0};
	struct collectives rig;

	add(&fabric, &dc_topology_fully_connected, 4, 50e9, 500e-9);
	add(&fabric, &dc_topology_ring, 2, 50e9, 1e-6);
	collectives_init(&rig, &fabric);
	cr_assert_eq(collectives_add(&rig, "a", 0, "{sizes: 1 GiB, groups: {size: 4, stride: 1}}"),
		     DC_OK);
	collectives_run(&rig, false);
	cr_expect_str_eq(rig.rows[0].found.algorithm->name, "rings");
	for (uint64_t l = 0; l < dc_fabric_links(&fabric); l++) {
		struct dc_fabric_link link;

		dc_fabric_link(&fabric, l, &link);
		if (link.dimension == 0 && link.line == 1 && !left[link.from][link.to])
			cr_assert_eq(dc_fabric_set_link(&fabric, rig.arena, l, 0, 500e-9), DC_OK);
	}
	expect_same(&rig, "a broken node");
	cr_expect_str_neq(rig.rows[0].found.algorithm->name, "rings");
	cr_expect(rig.rows[0].fastest < rig.rows[0].duration);
	collectives_free(&rig);
}
