/* The runner: message by message, coalesced, and in closed form. */
#include "plans.h"

#include "build.h"

static const double gib = 1073741824;

/* 2(p-1)(L + S/(pB)) on rings of 50 GB/s and 500 ns, 2L through a switch [Thakur et al. 2005, sec. 4],
 * each step rounded once: message by message and coalesced give the tick. */
Test(runner, ring_all_reduce)
{
	for (uint64_t p = 1; p <= 64; p++) {
		for (unsigned links = 1; links <= 2; links++) {
			struct dc_arena *arena = dc_arena_create();
			struct dc_fabric fabric = {0};
			const struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE,
							   .size_bytes = gib};
			struct dc_group group;
			struct dc_plan plan;
			dc_time expected;
			struct dc_runner_statistics statistics;

			build_add(&fabric, p, 50e9, 500e-9, links);
			group = dc_group_all(&fabric);
			plan = plans_lay_out(&fabric,
					     plans_lower(arena, &fabric, &group, "ring", &request));
			expected = 2 * ((dc_time)p - 1) *
				   dc_time_from_s(links * 500e-9 + gib / (double)p / 50e9);
			if (p > 1) {
				cr_expect(plans_run(&plan, true, NULL, &statistics) == expected,
					  "%u ranks", (unsigned)p);
				cr_expect_eq(statistics.messages, 2 * (p - 1) * p);
				cr_expect(plans_run(&plan, false, NULL, &statistics) == expected,
					  "%u ranks, coalesced", (unsigned)p);
				cr_expect_eq(statistics.messages, 0);
				cr_expect_eq(statistics.coalesced, 2 * (p - 1) * p);
			}
			dc_plan_fini(&plan);
			dc_arena_destroy(arena);
		}
	}
}

/* One message from rank 0 to rank 1, without latency, under events; in both ways of running. */
static void send_under(const struct dc_plan_epoch *epochs, size_t count, double bytes,
		       double expected_s)
{
	struct dc_arena *arena = dc_arena_create();
	const struct dc_fabric *fabric = epochs[0].fabric;
	const struct dc_group group = dc_group_all(fabric);
	const struct dc_request request = {.operation = DC_OPERATION_SEND, .size_bytes = bytes};
	const struct dc_plan_operation_request operation = {
		plans_lower(arena, fabric, &group, "send", &request), &dc_fabric_no_cost};
	const struct dc_plan_job_request job = {0, &operation, 1};
	const struct dc_plan_request asked = {&job, 1, epochs, count};
	struct dc_plan plan, folded;
	bool made;

	cr_assert_eq(dc_plan_lay_out(&asked, &plan), DC_OK);
	cr_assert_eq(dc_plan_fold(&plan, UINT64_MAX, &folded, &made), DC_OK);
	for (int exact = 0; exact < 2; exact++) {
		cr_expect(plans_run(&plan, exact, NULL, NULL) == dc_time_from_s(expected_s));
		cr_expect(plans_run(&folded, exact, NULL, NULL) == dc_time_from_s(expected_s));
	}
	dc_plan_fini(&plan);
	dc_plan_fini(&folded);
	dc_arena_destroy(arena);
}

/* 50 MB at 50 GB/s take 1 ms. The link breaks after half of it, and the other half goes around the ring,
 * where one link has 25 GB/s: another 1 ms. Nothing is sent twice. */
Test(runner, a_broken_link_is_gone_around)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_fabric fabric = build_ring(4), broken;
	struct dc_plan_epoch epochs[2];

	fabric.dimensions[0].latency_s = 0;
	/* Link 5 leads from terminal 3 back to 2 (topology_ring.c). */
	cr_assert_eq(dc_fabric_set_link(&fabric, arena, 5, 25e9, 0), DC_OK);
	broken = fabric;
	broken.exceptions = NULL;
	broken.exception_count = broken.exception_capacity = 0;
	cr_assert_eq(dc_fabric_set_link(&broken, arena, 5, 25e9, 0), DC_OK);
	cr_assert_eq(dc_fabric_set_link(&broken, arena, 0, 0, 0), DC_OK);
	epochs[0] = (struct dc_plan_epoch){0, &fabric};
	epochs[1] = (struct dc_plan_epoch){dc_time_from_s(0.5e-3), &broken};
	send_under(epochs, 2, 50e6, 1.5e-3);
	dc_arena_destroy(arena);
}

/* Behind a switch there is no other way: the half that is left waits for the mending at 2 ms. Slowed to a
 * fifth instead, it takes 2.5 ms. */
Test(runner, a_message_waits_for_a_link)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_fabric fabric = {0}, broken, slow;
	struct dc_plan_epoch epochs[3];

	build_add(&fabric, 3, 50e9, 0, 2);
	broken = slow = fabric;
	cr_assert_eq(dc_fabric_set_link(&broken, arena, 0, 0, 0), DC_OK);
	cr_assert_eq(dc_fabric_set_link(&slow, arena, 0, 10e9, 0), DC_OK);
	epochs[0] = (struct dc_plan_epoch){0, &fabric};
	epochs[1] = (struct dc_plan_epoch){dc_time_from_s(0.5e-3), &broken};
	epochs[2] = (struct dc_plan_epoch){dc_time_from_s(2e-3), &fabric};
	send_under(epochs, 3, 50e6, 2.5e-3);
	epochs[1].fabric = &slow;
	send_under(epochs, 2, 50e6, 3e-3);
	dc_arena_destroy(arena);
}

/* A link that breaks for good: the run comes to its end, and says what has not ended. */
Test(runner, a_message_that_waits_for_ever)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_fabric fabric = {0};
	struct dc_engine *engine = dc_engine_create();
	const struct dc_request request = {.operation = DC_OPERATION_SEND, .size_bytes = 1};
	const struct dc_runner_options options = {.exact = false};
	struct dc_group group;
	struct dc_runner *runner;
	struct dc_plan plan;

	build_add(&fabric, 3, 50e9, 0, 2);
	cr_assert_eq(dc_fabric_set_link(&fabric, arena, 0, 0, 0), DC_OK);
	group = dc_group_all(&fabric);
	plan = plans_lay_out(&fabric, plans_lower(arena, &fabric, &group, "send", &request));
	runner = dc_runner_create(engine, &plan, &options, NULL, NULL);
	dc_runner_start(runner);
	cr_expect_eq(dc_engine_run(engine, NULL), DC_OK);
	cr_expect(!dc_runner_is_done(runner));
	cr_expect_eq(dc_runner_unfinished(runner), 0);
	dc_runner_destroy(runner);
	dc_engine_destroy(engine);
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
}

/* Bytes on the links are those sent: every step of a ring of 5 crosses each link ahead once, none back;
 * coalesced, split by a second job in the middle, or message by message. */
Test(runner, carried_bytes)
{
	for (int exact = 0; exact < 2; exact++) {
		struct dc_arena *arena = dc_arena_create();
		struct dc_fabric fabric = build_ring(5);
		struct dc_plan_operation_request operation = {
			build_ring_schedule(arena, &fabric, DC_OPERATION_ALL_REDUCE, 5e6),
			&dc_fabric_no_cost};
		const struct dc_plan_job_request jobs[2] = {
			{0, &operation, 1}, {dc_time_from_s(33.3e-6), &operation, 1}};
		const struct dc_plan_epoch epoch = {0, &fabric};
		const struct dc_plan_request request = {jobs, 2, &epoch, 1};
		const struct dc_runner_options options = {.exact = exact};
		struct dc_engine *engine = dc_engine_create();
		struct dc_runner *runner;
		struct dc_plan plan;

		cr_assert_eq(dc_plan_lay_out(&request, &plan), DC_OK);
		runner = dc_runner_create(engine, &plan, &options, NULL, NULL);
		dc_runner_start(runner);
		cr_assert_eq(dc_engine_run(engine, NULL), DC_OK);
		for (uint32_t i = 0; i < plan.link_count; i++)
			cr_expect_float_eq(dc_runner_carried_bytes(runner, i), 2 * 8 * 1e6, 1e-3);
		if (!exact)
			cr_expect_gt(dc_runner_statistics(runner).splits, 0);
		dc_runner_destroy(runner);
		dc_engine_destroy(engine);
		dc_plan_fini(&plan);
		dc_arena_destroy(arena);
	}
}

/* Two nodes of four ranks behind switches, one NIC of 50 GB/s each, ring all-reduce of 80 MB:
 * within the node at 100 GB/s 2 x 3 steps of 20 MB (0.2 ms), between nodes all four share the
 * NIC: 2 steps of 4 x 10 MB at 50 GB/s (0.8 ms): 1.2 + 1.6 = 2.8 ms. With four NICs, 10 MB at the
 * dimension's own 50 GB/s (0.2 ms): 1.2 + 0.4 ms; spread over two of them, 40 MB over 2 x 50 GB/s: 1.2
 * + 0.8 ms. */
Test(runner, ports_are_shared)
{
	static const struct dc_fabric_port ports[] = {
		{"nic", 1, 50e9, false}, {"nic", 4, 50e9, false}, {"nic", 2, 50e9, true}};
	static const double expected_s[] = {2.8e-3, 1.6e-3, 2.0e-3};

	for (int i = 0; i < 3; i++) {
		struct dc_arena *arena = dc_arena_create();
		struct dc_fabric fabric = {0};
		struct dc_plan plan;
		char name[64];

		build_add(&fabric, 4, 100e9, 0, 2);
		build_add(&fabric, 2, 50e9, 0, 2);
		cr_assert_eq(dc_fabric_add_port(&fabric, 1, &ports[i]), DC_OK);
		plan = plans_lay_out(&fabric, build_ring_schedule(arena, &fabric,
								  DC_OPERATION_ALL_REDUCE, 80e6));
		cr_expect(plans_run(&plan, false, NULL, NULL) == dc_time_from_s(expected_s[i]),
			  "%d: %g s", i, dc_time_to_s(plans_run(&plan, false, NULL, NULL)));
		dc_fabric_link_name(&fabric, dc_fabric_links(&fabric) - 1, name, sizeof name);
		cr_expect_str_eq(name, i == 0   ? "network:net->node1.nic0"
				       : i == 1 ? "network:net->node1.nic3"
						: "network:net->node1.nic1");
		dc_plan_fini(&plan);
		dc_arena_destroy(arena);
	}
}

/* A ring all-reduce of 4 x 25 MB, link 0 -> 1 at 25 GB/s, the others at 50: steps of 1 ms, in which the other
 * messages wait from 0.5 ms on. At 0.75 ms the link 1 -> 2 breaks; its message, which waits for the next
 * step, goes the other way around then, over links that nobody uses: 6 steps of 1 ms all the same, one
 * of them over the link, five around. */
Test(runner, a_link_breaks_between_steps)
{
	/* By link of the fabric (topology_ring.c): 2i leads from i to i + 1, 2i + 1 back. */
	static const double steps[] = {6, 5, 1, 0, 6, 5, 6, 5};

	for (int exact = 0; exact < 2; exact++) {
		struct dc_arena *arena = dc_arena_create();
		struct dc_engine *engine = dc_engine_create();
		struct dc_fabric fabric = build_ring(4), broken;
		struct dc_plan_operation_request operation = {NULL, &dc_fabric_no_cost};
		const struct dc_plan_job_request job = {0, &operation, 1};
		const struct dc_plan_epoch epochs[] = {{0, &fabric},
						       {dc_time_from_s(0.75e-3), &broken}};
		const struct dc_plan_request request = {&job, 1, epochs, 2};
		const struct dc_runner_options options = {.exact = exact};
		struct dc_runner *runner;
		struct dc_plan plan;

		fabric.dimensions[0].latency_s = 0;
		broken = fabric;
		cr_assert_eq(dc_fabric_set_link(&fabric, arena, 0, 25e9, 0), DC_OK);
		cr_assert_eq(dc_fabric_set_link(&broken, arena, 0, 25e9, 0), DC_OK);
		cr_assert_eq(dc_fabric_set_link(&broken, arena, 2, 0, 0), DC_OK);
		operation.schedule =
			build_ring_schedule(arena, &fabric, DC_OPERATION_ALL_REDUCE, 100e6);
		cr_assert_eq(dc_plan_lay_out(&request, &plan), DC_OK);
		runner = dc_runner_create(engine, &plan, &options, NULL, NULL);
		dc_runner_start(runner);
		cr_assert_eq(dc_engine_run(engine, NULL), DC_OK);
		cr_expect(dc_runner_is_done(runner));
		cr_expect(dc_engine_now(engine) == dc_time_from_s(6e-3), "exact %d: %.17g s", exact,
			  dc_time_to_s(dc_engine_now(engine)));
		for (uint32_t i = 0; i < plan.link_count; i++)
			cr_expect_float_eq(dc_runner_carried_bytes(runner, i),
					   steps[plan.links[i].link] * 25e6, 1e-3);
		dc_runner_destroy(runner);
		dc_engine_destroy(engine);
		dc_plan_fini(&plan);
		dc_arena_destroy(arena);
	}
}

/* Tracks of a torus take the same ways with other bytes: those are there once. 4 x 4, both directions, 4 tracks
 * of 2 dimensions each, whose way back shares the messages: 16 ranks x 4 x 2 messages, and 16 x 2 x 2
 * ways of one hop. */
Test(runner, ways_are_shared)
{
	struct dc_arena *arena = dc_arena_create();
	const struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = 1e6};
	struct dc_fabric fabric = {0};
	struct dc_group group;
	struct dc_plan plan;
	size_t links;

	build_add(&fabric, 4, 50e9, 0, 1);
	build_add(&fabric, 4, 50e9, 0, 1);
	group = dc_group_all(&fabric);
	plan = plans_lay_out(&fabric, plans_lower(arena, &fabric, &group, "torus", &request));
	cr_expect_eq(plan.message_count, 16 * 4 * 2);
	cr_expect_eq(plan.way_count, 16 * 2 * 2);
	cr_expect_eq(plan.hop_count, 16 * 2 * 2);
	cr_expect_gt(dc_plan_memory(&plan, &links), links);
	cr_expect_eq(links, 16 * 4 * (sizeof *plan.links + sizeof *plan.capacities));
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
}

/* What plan and runner hold per rank, links and messages under way apart, where it is most of what `make bench`
 * shows from 1k to 64k ranks: a torus of three dimensions with all of them at once, and levels of switches with
 * ten halvings of the bytes. At most 512 bytes is what unfolded runs are promised to take. */
static void holds_at_most(const struct dc_fabric *fabric, const char *algorithm, double bytes)
{
	struct dc_arena *arena = dc_arena_create();
	const struct dc_request request = {.operation = DC_OPERATION_ALL_REDUCE, .size_bytes = gib};
	const struct dc_group group = dc_group_all(fabric);
	struct dc_plan plan =
		plans_lay_out(fabric, plans_lower(arena, fabric, &group, algorithm, &request));
	struct dc_runner_statistics statistics;
	size_t links, held = dc_plan_memory(&plan, &links);

	plans_run(&plan, false, NULL, &statistics);
	held += statistics.bytes - links - statistics.live_bytes;
	cr_expect_lt((double)held / (double)fabric->ranks, bytes, "%s: %.1f bytes per rank",
		     algorithm, (double)held / (double)fabric->ranks);
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
}

Test(runner, memory_per_rank)
{
	struct dc_fabric cube = {0}, levels = {0};
	static const uint64_t sizes[] = {8, 128, 4};

	for (int d = 0; d < 3; d++)
		build_add(&cube, 10, 50e9, 500e-9, 1);
	for (int d = 0; d < 3; d++)
		build_add(&levels, sizes[d], 50e9, 500e-9, d < 2 ? 2 : 1);
	holds_at_most(&cube, "torus", 512);
	holds_at_most(&levels, "hierarchical", 512);
}
