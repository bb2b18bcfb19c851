/* Pipelines: bubbles, sends, gangs, slow ranks and contention computed by hand. */
#include "stages.h"

#include "../fabric/line.h"

/* p stages, m micro-batches, f forward and b backward, communication free: (m + p - 1)(f + b), of which a
 * bubble of (p - 1)(f + b) on every stage, whatever the order [Huang et al. 2019, GPipe, sec. 2.3;
 * Narayanan et al. 2021, sec. 2.2.1: (p - 1)/m of the rest]. */
Test(stages, bubble_without_communication)
{
	static const uint32_t sizes[][2] = {{2, 2}, {2, 8}, {4, 4}, {4, 6}, {8, 16}, {4, 1}};

	for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
		struct pipeline p = {.stages = sizes[i / 2][0],
				     .micro_batches = sizes[i / 2][1],
				     .gpipe = i % 2};
		struct rig rig = free_rig(p.stages, 2);
		dc_time both = 30 * rig_us;

		for (uint32_t s = 0; s < p.stages; s++) {
			p.forward[s] = 10 * rig_us;
			p.backward[s] = 20 * rig_us;
		}
		add_stages(&rig, &p);
		for (int exact = 0; exact < 2; exact++) {
			struct stages_result r = stages_run(&rig, exact, 20);

			cr_assert_eq(r.run.status, DC_OK, "%s", r.run.messages);
			cr_expect_eq(r.actors, exact ? 2 * p.stages : p.stages);
			for (uint64_t n = 0; n < r.run.count; n++) {
				cr_assert(r.run.rows[n].duration ==
						  (p.micro_batches + p.stages - 1) * both,
					  "%u stages, %u micro-batches", p.stages, p.micro_batches);
				cr_assert(r.run.rows[n].bubble == (p.stages - 1) * both);
				cr_assert(r.run.rows[n].compute == p.micro_batches * both);
			}
			for (uint32_t rank = 0; rank < 2 * p.stages; rank++) {
				cr_expect(r.accounts[rank].bubble == (p.stages - 1) * both,
					  "rank %u", rank);
				cr_expect(r.accounts[rank].sends == 0);
				cr_expect(account_sum(&r.accounts[rank]) == r.run.rows[0].duration);
			}
			cr_expect_eq(r.run.replays, !exact);
			rig_free(&r.run);
		}
		rig_destroy(&rig);
	}
}

/* Two stages, one micro-batch of 10 + 20 us, sends of 1 MB at 50 GB/s and 500 ns: 20.5 us each. Stage 0:
 * 10 compute, then 30 us until stage 1 has sent, after a send of its own; stage 1: 10 until stage 0 has
 * sent, 20.5 for the message, 30 compute, then the rest to the end at 60 + 41 us (hand). */
Test(stages, sends_are_waited_for)
{
	const struct dc_fabric_dimension dimensions[] = {
		{.type = &dc_topology_ring, .size = 2, .bandwidth_bps = 50e9, .latency_s = 500e-9}};
	const struct pipeline p = {.stages = 2,
				   .micro_batches = 1,
				   .forward = {10 * rig_us, 10 * rig_us},
				   .backward = {20 * rig_us, 20 * rig_us},
				   .send_bytes = 1e6};
	const dc_time send = 20500 * (rig_us / 1000);

	for (int exact = 0; exact < 2; exact++) {
		struct rig rig = stages_rig(dimensions, 1);
		struct stages_result r;

		stages_axis(&rig, "stage", 2, &rig.ensemble->stage_axis);
		add_stages(&rig, &p);
		r = stages_run(&rig, exact, 5);
		cr_assert_eq(r.run.status, DC_OK, "%s", r.run.messages);
		cr_expect(r.run.rows[0].duration == 60 * rig_us + 2 * send, "%.17g us",
			  1e6 * dc_time_to_s(r.run.rows[0].duration));
		for (int s = 0; s < 2; s++) {
			cr_expect(r.accounts[s].compute == 30 * rig_us);
			cr_expect(r.accounts[s].sends == send, "stage %d", s);
			cr_expect(r.accounts[s].bubble == 30 * rig_us + send, "stage %d", s);
			cr_expect(account_sum(&r.accounts[s]) == r.accounts[s].duration);
		}
		cr_expect(r.run.rows[0].sends == send &&
			  r.run.rows[0].exposed_communication == send);
		rig_free(&r.run);
		rig_destroy(&rig);
	}
}

/* Groups of two (tensor) side by side on a ring of 4: work of 100 us, one rank 1.5 times as slow: its group
 * takes 150 us, the other waits for it at the data all-reduce of 2 (500 ns + 0.5 MB / 50 GB/s) = 21 us, two
 * of which share no link (each pair of ranks has both directions of a way of two hops, 1 us) (hand). */
Test(stages, slow_rank_holds_its_gang)
{
	const struct dc_fabric_dimension dimensions[] = {
		{.type = &dc_topology_ring, .size = 2, .bandwidth_bps = 50e9, .latency_s = 500e-9},
		{.type = &dc_topology_ring, .size = 2, .bandwidth_bps = 50e9, .latency_s = 500e-9}};
	const struct dc_part work = {.work = {.bytes = 1e8}};
	const struct dc_slow_rank slow = {.rank = 3, .factor = 1.5};

	for (int exact = 0; exact < 2; exact++) {
		struct rig rig = stages_rig(dimensions, 2);
		struct stages_result r;
		uint32_t tensor, data, gradients;

		stages_axis(&rig, "tensor", 2, NULL);
		stages_axis(&rig, "data", 2, NULL);
		tensor = stages_kind(&rig, "tensor", 1);
		data = stages_kind(&rig, "data", 2);
		rig.program = dc_program_create(rig.arena);
		cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
		dc_program_stream(rig.program, "compute");
		dc_program_stream(rig.program, "data");
		rig_add(&rig, 0,
			&(struct dc_op){.kind = DC_OP_COMPUTE,
					.name = "work",
					.parts = &work,
					.part_count = 1,
					.gang = tensor});
		gradients = rig_add(&rig, 1,
				    &(struct dc_op){.kind = DC_OP_COLLECTIVE,
						    .name = "gradients",
						    .group = data,
						    .operation = DC_OPERATION_ALL_REDUCE,
						    .algorithm = "ring",
						    .size_bytes = 1e6});
		rig_wait(&rig, 0, 0);
		rig_mark(&rig, "end");
		rig_wait(&rig, gradients, 0);
		rig.machine.slow = &slow;
		rig.machine.slow_count = 1;
		r = stages_run(&rig, exact, 5);
		cr_assert_eq(r.run.status, DC_OK, "%s", r.run.messages);
		/* Ranks 2 and 3 are alike: a gang; 0 and 1 likewise. */
		cr_expect_eq(r.actors, exact ? 4 : 2, "%llu", (unsigned long long)r.actors);
		cr_expect(r.run.rows[0].duration == 171 * rig_us);
		for (int rank = 0; rank < 4; rank++) {
			cr_expect(r.accounts[rank].compute == (rank < 2 ? 100 : 150) * rig_us);
			cr_expect(r.accounts[rank].exposed[data] == (rank < 2 ? 71 : 21) * rig_us);
		}
		rig_free(&r.run);
		rig_destroy(&rig);
	}
}

/* One rank's program: work of 100 us, beside it one collective or send of 21 us that starts with it. */
static struct rig beside_rig(bool send, const struct dc_part *work, uint32_t *kind)
{
	const struct dc_fabric_dimension dimensions[] = {
		{.type = &dc_topology_ring, .size = 2, .bandwidth_bps = 50e9, .latency_s = 500e-9}};
	struct rig rig = stages_rig(dimensions, 1);
	uint32_t axis;

	stages_axis(&rig, send ? "stage" : "data", 2, &axis);
	if (send)
		rig.ensemble->stage_axis = axis;
	*kind = stages_kind(&rig, "data", 1);
	for (uint32_t s = 0; s < (send ? 2 : 1); s++) {
		struct dc_op beside = {.kind = send ? DC_OP_SEND : DC_OP_COLLECTIVE,
				       .name = "beside",
				       .group = *kind,
				       .peer = !s,
				       .operation = DC_OPERATION_ALL_REDUCE,
				       .algorithm = "ring",
				       .size_bytes = send ? 1.025e6 : 1e6};

		rig.program = dc_program_create(rig.arena);
		cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
		dc_program_stream(rig.program, "compute");
		dc_program_stream(rig.program, "beside");
		rig_add(&rig, 0,
			&(struct dc_op){.kind = DC_OP_COMPUTE,
					.name = "work",
					.parts = work,
					.part_count = 1});
		rig_add(&rig, 1, &beside);
		rig_wait(&rig, 2, 1);
		cr_assert_eq(rig_mark(&rig, "end"), 2);
		rig_wait(&rig, 1, 0);
	}
	return rig;
}

/* With a contention of 0.5 the 21 us that the other takes do 14 us of work: 107 us in all. Of work of 10 us,
 * 14 us would be possible: it takes 15, and the rest of the 21 us is waited for (hand). */
Test(stages, communication_slows_work)
{
	const struct dc_part works[] = {{.work = {.bytes = 1e8}}, {.work = {.bytes = 1e7}}};

	for (int i = 0; i < 8; i++) {
		bool exact = i & 1, send = i & 2, little = i & 4;
		uint32_t kind;
		struct rig rig = beside_rig(send, &works[little], &kind);
		dc_time waited = (little ? 6 : 0) * rig_us;
		struct stages_result r;

		rig.machine.contention = 0.5;
		r = stages_run(&rig, exact, 30);
		cr_assert_eq(r.run.status, DC_OK, "%s", r.run.messages);
		for (uint64_t n = 0; n < r.run.count; n++) {
			const struct dc_executor_iteration *row = &r.run.rows[n];

			cr_assert(row->compute == (little ? 15 : 107) * rig_us, "%d: %.17g us", i,
				  1e6 * dc_time_to_s(row->compute));
			cr_assert(row->exposed_communication == waited, "%d", i);
			cr_assert((send ? row->sends : row->exposed[kind]) == waited, "%d", i);
		}
		cr_expect_eq(r.run.replays, !exact);
		rig_free(&r.run);
		rig_destroy(&rig);
	}
}

static struct rig parts_rig(const struct dc_part *parts, uint32_t count)
{
	struct rig rig = rig_create(2);

	dc_program_stream(rig.program, "compute");
	rig_add(&rig, 0,
		&(struct dc_op){.kind = DC_OP_COMPUTE,
				.name = "block",
				.parts = parts,
				.part_count = count});
	rig_mark(&rig, "end");
	return rig;
}

/* Work of 30 us, three times an all-reduce of 21 us of which a third is hidden (14 us exposed each), work of
 * 10 us twice: 92 us, of which 42 exposed (hand). The products keep the accelerator busy for 30 of 92 us. */
Test(stages, communication_within_work)
{
	const struct dc_part parts[] = {{.work = {.flops = 3e7, .inner = 64, .precision = DC_BF16}},
					{.group = 1,
					 .operation = DC_OPERATION_ALL_REDUCE,
					 .algorithm = "ring",
					 .size_bytes = 1e6,
					 .beside_s = 7e-6,
					 .times = 3},
					{.work = {.bytes = 1e7}, .times = 2}};
	const double ns = 1e-9;

	for (int exact = 0; exact < 2; exact++) {
		struct rig rig = parts_rig(parts, 3);
		struct rig_result r = rig_run_count(&rig, exact, 10);

		cr_assert_eq(r.status, DC_OK, "%s", r.messages);
		cr_expect_float_eq(dc_time_to_s(r.rows[0].duration), 92e-6, ns);
		cr_expect_float_eq(dc_time_to_s(r.rows[0].exposed[1]), 42e-6, ns);
		cr_expect_float_eq(dc_sum_value(r.uses[3]), 10 * 30e-6, 10 * ns);
		cr_expect_float_eq(dc_sum_value(r.uses[4]), 10 * 20e-6, 10 * ns);
		rig_free(&r);
		rig_destroy(&rig);
	}
}

/* Work of 30 us, twice an all-reduce of 21 us in which hosts, 2 us apart, meet twice: products hide 9 us of each,
 * 16 us are left; then more than it takes, but for the hosts (hand). */
Test(stages, communication_beside_products)
{
	static const double cases[][2] = {{9e-6, 62e-6}, {40e-6, 38e-6}, {INFINITY, 38e-6}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct dc_part parts[] = {
			{.work = {.flops = 3e7, .inner = 64, .precision = DC_BF16}},
			{.group = 1,
			 .operation = DC_OPERATION_ALL_REDUCE,
			 .algorithm = "ring",
			 .size_bytes = 1e6,
			 .beside_s = cases[i][0],
			 .times = 2}};
		struct rig rig = parts_rig(parts, 2);
		struct rig_result r;

		rig.machine.meeting_s = 2e-6;
		r = rig_run_count(&rig, false, 2);
		cr_assert_eq(r.status, DC_OK, "%s", r.messages);
		cr_expect_float_eq(dc_time_to_s(r.rows[0].duration), cases[i][1], 1e-9);
		rig_free(&r);
		rig_destroy(&rig);
	}
}

/* 40 us of work in 10 kernels that the host launches in 3 us each: 70 us one after the other (x = 1),
 * 50 us for x = 2 (sqrt(40^2 + 30^2)), and stretched by a tenth 55 us (hand). */
Test(stages, the_host_launches_kernels)
{
	static const double cases[][3] = {{0, 0, 70}, {1, 0, 70}, {2, 0, 50}, {2, 1.1, 55}};
	const struct dc_part part = {.work = {.bytes = 4e7, .launches = 10}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig rig = parts_rig(&part, 1);
		struct rig_result r;

		rig.machine.launch_s = 3e-6;
		rig.machine.launch_exponent = cases[i][0];
		rig.machine.stretch = cases[i][1];
		r = rig_run_count(&rig, false, 1);
		cr_expect_float_eq(1e6 * dc_time_to_s(r.rows[0].duration), cases[i][2], 1e-8);
		rig_free(&r);
		rig_destroy(&rig);
	}
}

/* --- unequal groups and boundaries --- */

/* Two groups of two, each with its own links of 50 GB/s and 500 ns; one link of the second at 5 GB/s. An
 * all-reduce of 1 MB is two steps of 0.5 MB: 2 (0.5 + 10) = 21 us in the first group and 2 (0.5 + 100) = 201 us
 * in the second, for which the first waits 180 us at the end of the iteration (hand). */
Test(stages, groups_that_differ)
{
	const struct dc_fabric_dimension ring = {
		.type = &dc_topology_ring, .size = 2, .bandwidth_bps = 50e9, .latency_s = 500e-9};
	const struct dc_fabric_dimension dimensions[] = {ring, ring};

	for (int exact = 0; exact < 2; exact++) {
		struct rig rig = stages_rig(dimensions, 2);
		struct dc_fabric_path path = {0};
		struct stages_result r;
		uint32_t tensor;

		stages_axis(&rig, "tensor", 2, NULL);
		stages_axis(&rig, "data", 2, NULL);
		tensor = stages_kind(&rig, "tensor", 1);
		rig.program = dc_program_create(rig.arena);
		cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
		dc_program_stream(rig.program, "compute");
		rig_add(&rig, 0,
			&(struct dc_op){.kind = DC_OP_COLLECTIVE,
					.name = "activations",
					.group = tensor,
					.operation = DC_OPERATION_ALL_REDUCE,
					.algorithm = "ring",
					.size_bytes = 1e6});
		rig_mark(&rig, "end");
		cr_assert_eq(dc_fabric_route(&rig.fabric, 2, 3, NULL, NULL, &path), DC_OK);
		cr_assert_eq(
			dc_fabric_set_link(&rig.fabric, rig.arena, path.hops[0].link, 5e9, 500e-9),
			DC_OK);
		dc_fabric_path_fini(&path);
		r = stages_run(&rig, exact, 5);
		cr_assert_eq(r.run.status, DC_OK, "%s", r.run.messages);
		cr_expect_eq(r.actors, exact ? 4 : 2);
		cr_expect(r.run.rows[0].duration == 201 * rig_us);
		for (int rank = 0; rank < 4; rank++) {
			cr_expect(r.accounts[rank].exposed[tensor] ==
				  (rank < 2 ? 21 : 201) * rig_us);
			cr_expect(r.accounts[rank].bubble == (rank < 2 ? 180 : 0) * rig_us);
		}
		/* Means over ranks: (2 x 21 + 2 x 201) / 4 and 2 x 180 / 4. */
		cr_expect(r.run.rows[0].exposed_communication == 111 * rig_us);
		cr_expect(r.run.rows[0].bubble == 90 * rig_us);
		rig_free(&r.run);
		rig_destroy(&rig);
	}
}

/* Eight stages on two leaves of four, links of 1 GB/s and 1 us, as many up as down: 1 MB takes 2 us + 1 ms
 * within a leaf, 4 us + 1 ms from the fourth stage to the fifth (hand). */
Test(stages, boundaries_that_differ)
{
	struct line line;
	struct rig rig;
	struct pipeline p = {.stages = 8, .micro_batches = 1, .send_bytes = 1e6};
	const struct dc_executor_observer observer = {0};

	line_open("topology: leaf-spine, size: 8, hosts_per_leaf: 4, spines: 1, bandwidth: 1 GB/s, "
		  "latency: 1 us",
		  &line);
	rig = stages_rig(NULL, 0);
	rig.fabric = line.fabric;
	stages_axis(&rig, "stage", 8, &rig.ensemble->stage_axis);
	add_stages(&rig, &p);
	rig.machine.accelerator = &rig.accelerator;
	rig.machine.fabric = &rig.fabric;
	for (int exact = 0; exact < 2; exact++) {
		const struct dc_executor_options options = {
			.exact = exact, .iterations = 1, .until = DC_TIME_NEVER};
		struct dc_engine *engine = dc_engine_create();
		struct dc_executor *executor = dc_executor_create(
			engine, NULL, rig.ensemble, &rig.machine, &options, &observer);

		cr_assert_not_null(executor);
		cr_expect_eq(dc_executor_communications(executor), 14);
		for (size_t i = 0; i < dc_executor_communications(executor); i++) {
			const struct dc_executor_communication *send =
				dc_executor_communication(executor, i);
			bool across = send->from + send->to == 7;

			cr_expect(send->duration == (across ? 1004 : 1002) * rig_us,
				  "%u to %u: %.17g us", send->from, send->to,
				  1e6 * dc_time_to_s(send->duration));
		}
		dc_executor_destroy(executor);
		dc_engine_destroy(engine);
	}
	line_close(&line);
	rig_destroy(&rig);
}

/* --- barriers and the timeline --- */

/* Two stages of 10 and 30 us that meet half way at a mark with a gang, and at the end: stage 0 waits for 20 us
 * before the mark; then they take 40 and 10 us, and stage 1 waits for 30 (hand). */
Test(stages, a_mark_with_a_gang_is_a_barrier)
{
	static const int64_t us[2][2] = {{10, 40}, {30, 10}};

	for (int exact = 0; exact < 2; exact++) {
		struct rig rig = free_rig(2, 2);
		uint32_t all = stages_kind(&rig, "all", 3);
		struct stages_result r;

		for (uint32_t s = 0; s < 2; s++) {
			rig.program = dc_program_create(rig.arena);
			cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
			dc_program_stream(rig.program, "compute");
			rig_delay(&rig, 0, "before", us[s][0] * rig_us);
			rig_add(&rig, 0,
				&(struct dc_op){.kind = DC_OP_MARK, .name = "meet", .gang = all});
			rig_delay(&rig, 0, "after", us[s][1] * rig_us);
			rig_mark(&rig, "end");
		}
		r = stages_run(&rig, exact, 10);
		cr_assert_eq(r.run.status, DC_OK, "%s", r.run.messages);
		cr_expect(r.run.rows[0].duration == 70 * rig_us);
		for (int rank = 0; rank < 4; rank++)
			cr_expect(r.accounts[rank].bubble == (rank < 2 ? 20 : 30) * rig_us);
		rig_free(&r.run);
		rig_destroy(&rig);
	}
}

/* What operations say of themselves. */
struct timeline {
	struct dc_engine *engine;
	const struct dc_ensemble *ensemble;
	dc_time compute[STAGES_MOST];  /* that COMPUTE and DELAY took, by stage */
	dc_time last_end[STAGES_MOST]; /* of the compute stream */
	dc_time sent[STAGES_MOST][32]; /* ends of sends, by stage and operation */
	uint64_t operations;
};

static void note_operation(void *context, uint64_t actor, uint32_t stage, uint32_t op,
			   uint64_t iteration, dc_time begin, dc_time end)
{
	struct timeline *t = context;
	const struct dc_program *program = t->ensemble->programs[stage];
	const struct dc_op *o = &program->ops[op];

	cr_assert_eq(actor, stage);
	cr_assert_eq(iteration, 0);
	cr_assert(begin <= end && end == dc_engine_now(t->engine));
	t->operations++;
	if (o->kind == DC_OP_SEND) {
		cr_assert_lt(op, 32);
		t->sent[stage][op] = end;
		return;
	}
	if (o->stream != DC_PROGRAM_COMPUTE_STREAM)
		return;
	/* One after another, and not before what it waits for of another stage. */
	cr_assert(begin >= t->last_end[stage]);
	t->last_end[stage] = end;
	t->compute[stage] += end - begin;
	for (uint32_t d = 0; d < o->dependencies; d++) {
		const struct dc_dependency *w = &program->dependencies[o->first_dependency + d];

		if (w->program != DC_PROGRAM_SAME)
			cr_assert(t->sent[w->program][w->op] > 0 &&
				  t->sent[w->program][w->op] <= begin);
	}
}

/* A pipeline of 4 stages and 5 micro-batches with sends of 20.5 us: its operations, in their order, leave of the
 * iteration what its account calls compute, and the rest is sends and bubble. */
Test(stages, the_timeline_explains_the_iteration)
{
	const struct dc_fabric_dimension dimensions[] = {{.type = &dc_topology_switch,
							  .size = 4,
							  .bandwidth_bps = 100e9,
							  .latency_s = 250e-9}};
	struct rig rig = stages_rig(dimensions, 1);
	struct pipeline p = {
		.stages = 4, .micro_batches = 5, .send_bytes = 1e6, .optimizer = 3 * rig_us};
	struct timeline timeline = {.ensemble = rig.ensemble};
	const struct dc_executor_options options = {.iterations = 1, .until = DC_TIME_NEVER};
	const struct dc_executor_observer observer = {.context = &timeline,
						      .operation = note_operation};
	struct dc_executor *executor;

	stages_axis(&rig, "stage", 4, &rig.ensemble->stage_axis);
	for (uint32_t s = 0; s < 4; s++) {
		p.forward[s] = (10 + 3 * s) * rig_us;
		p.backward[s] = (20 + s) * rig_us;
	}
	add_stages(&rig, &p);
	rig.machine.accelerator = &rig.accelerator;
	rig.machine.fabric = &rig.fabric;
	timeline.engine = dc_engine_create();
	executor = dc_executor_create(timeline.engine, NULL, rig.ensemble, &rig.machine, &options,
				      &observer);
	dc_executor_start(executor);
	cr_assert_eq(dc_engine_run(timeline.engine, NULL), DC_OK);
	/* 10 works and an optimizer on each stage, 3 boundaries of 5 sends each way. */
	cr_expect_eq(timeline.operations, 4 * 11 + 2 * 3 * 5);
	for (uint32_t s = 0; s < 4; s++) {
		const struct dc_executor_account *a = dc_executor_account(executor, s);

		cr_expect(timeline.compute[s] == (5 * (30 + 4 * (dc_time)s) + 3) * rig_us);
		cr_expect(a->compute == timeline.compute[s]);
		cr_expect(a->sends + a->bubble == a->duration - a->compute);
		cr_expect(a->duration == dc_engine_now(timeline.engine));
	}
	dc_executor_destroy(executor);
	dc_engine_destroy(timeline.engine);
	rig_destroy(&rig);
}
