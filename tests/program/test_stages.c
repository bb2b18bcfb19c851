/* Pipelines: bubbles, sends, gangs, slow ranks and contention computed by hand, and folded = exact. */
#include "stages.h"

/* Links without latency on which nothing takes time. */
static struct rig free_rig(uint32_t stages, uint32_t width)
{
	const struct dc_fabric_dimension dimensions[] = {{.type = &dc_topology_ring,
							  .size = (uint64_t)stages * width,
							  .bandwidth_bps = 1e9}};
	struct rig rig = stages_rig(dimensions, 1);
	uint32_t axis;

	stages_axis(&rig, "data", width, NULL);
	stages_axis(&rig, "stage", stages, &axis);
	rig.ensemble->stage_axis = axis;
	return rig;
}

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
					 .hidden = 1.0 / 3,
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

/* Work of 30 us, twice an all-reduce of 21 us to which hosts come 2 us apart: products hide 9 us of each, 14 us
 * are left; then more than it takes (hand). */
Test(stages, communication_beside_products)
{
	static const double cases[][2] = {{9e-6, 58e-6}, {40e-6, 30e-6}, {INFINITY, 30e-6}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct dc_part parts[] = {
			{.work = {.flops = 3e7, .inner = 64, .precision = DC_BF16}},
			{.group = 1,
			 .operation = DC_OPERATION_ALL_REDUCE,
			 .algorithm = "ring",
			 .size_bytes = 1e6,
			 .hidden_s = cases[i][0],
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
	const struct dc_part part = {.work = {.bytes = 4e7, .kernels = 10, .launches = 10}};

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

/* --- refusals --- */

static void expect_words(struct rig *rig, const char *words)
{
	for (int exact = 0; exact < 2; exact++) {
		struct stages_result r = stages_run(rig, exact, 3);

		cr_expect_eq(r.run.status, DC_ERR_RUN);
		cr_expect(strstr(r.run.messages, words) != NULL, "expected \"%s\" in:\n%s", words,
			  r.run.messages);
		rig_free(&r.run);
	}
}

/* Stage 1 waits for a second send of which stage 0 has but one an iteration, and stage 0 for stage 1. */
Test(stages, blocked_pipeline_says_who_waits_for_whom)
{
	struct rig rig = free_rig(2, 1);

	for (uint32_t s = 0; s < 2; s++) {
		rig.program = dc_program_create(rig.arena);
		cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
		dc_program_stream(rig.program, "compute");
		dc_program_stream(rig.program, "send");
		rig_delay(&rig, 0, s ? "second" : "first", rig_us);
		cr_assert_eq(dc_program_wait_for(rig.program, !s, 1, 0), DC_OK);
		rig_add(&rig, 1,
			&(struct dc_op){.kind = DC_OP_SEND,
					.name = s ? "errors" : "activations",
					.peer = !s});
		rig_wait(&rig, 0, 0);
		rig_mark(&rig, "end");
	}
	expect_words(&rig, "'first' of stage 0, iteration 0, waits for 'errors' of stage 1");
	rig_destroy(&rig);
}

static void expect_refused(struct rig *rig, const char *words)
{
	const struct dc_executor_options options = {.iterations = 1, .until = DC_TIME_NEVER};
	const struct dc_executor_observer observer = {0};
	struct dc_engine *engine = dc_engine_create();
	struct dc_executor *executor;
	char *messages;

	rig->diag = dc_diag_create();
	rig->machine.accelerator = &rig->accelerator;
	rig->machine.fabric = &rig->fabric;
	executor = dc_executor_create(engine, rig->diag, rig->ensemble, &rig->machine, &options,
				      &observer);
	cr_expect_null(executor);
	messages = rig_messages(rig);
	cr_expect(strstr(messages, words) != NULL, "expected \"%s\" in:\n%s", words, messages);
	free(messages);
	dc_executor_destroy(executor);
	dc_diag_destroy(rig->diag);
	dc_engine_destroy(engine);
}

Test(stages, programs_that_do_not_fit_together)
{
	struct rig rig = free_rig(2, 2);
	uint32_t all = stages_kind(&rig, "all", 3);

	for (uint32_t s = 0; s < 2; s++) {
		rig.program = dc_program_create(rig.arena);
		cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
		dc_program_stream(rig.program, "compute");
		rig_add(&rig, 0,
			&(struct dc_op){.kind = DC_OP_COLLECTIVE,
					.name = s ? "embedding" : "norm",
					.group = all,
					.operation = DC_OPERATION_ALL_REDUCE,
					.size_bytes = 1e6 + s});
		rig_mark(&rig, "end");
	}
	expect_refused(&rig, "stages 0 and 1 share groups 'all' but not their operations: 'norm' "
			     "meets 'embedding'");
	rig.ensemble->program_count = 1;
	expect_refused(&rig, "2 stages have 1 programs");
	rig.ensemble->program_count = 2;
	rig.ensemble->axes[0].size = 3;
	expect_refused(&rig, "the programs are for 6 ranks, the fabric has 4");
	rig_destroy(&rig);
}

/* --- folded = exact --- */

/* Sizes of axes whose product is at most 64. */
static void draw_axes(uint64_t *state, uint64_t sizes[3])
{
	static const uint64_t some[] = {1, 2, 3, 4, 8};

	do {
		for (int i = 0; i < 3; i++)
			sizes[i] = some[rig_draw(state, 5)];
	} while (sizes[0] * sizes[1] * sizes[2] > 64 || sizes[0] * sizes[1] * sizes[2] < 2);
}

static struct rig random_fabric(uint64_t *state, uint64_t ranks, const uint64_t sizes[3])
{
	struct dc_fabric_dimension dimensions[3];
	bool split = rig_draw(state, 2);

	for (int d = 0; d < 3; d++)
		dimensions[d] = (struct dc_fabric_dimension){
			.type = rig_draw(state, 2) ? &dc_topology_ring : &dc_topology_switch,
			.size = split ? sizes[d]
				: d   ? 1
				      : ranks,
			.bandwidth_bps = d ? 25e9 : 100e9,
			.latency_s = 500e-9};
	return stages_rig(dimensions, 3);
}

/* Parts of a stage's work: a product, a group's all-reduce, a stream. */
static const struct dc_part *draw_parts(struct rig *rig, uint64_t *state, uint32_t kind)
{
	struct dc_part *parts = dc_arena_array(rig->arena, 3, sizeof *parts);

	parts[0].work = (struct dc_work){.flops = 1e7 * (double)(1 + rig_draw(state, 9)),
					 .inner = 128,
					 .precision = DC_BF16};
	parts[1].group = kind;
	parts[1].operation = DC_OPERATION_ALL_REDUCE;
	parts[1].algorithm = "ring";
	parts[1].size_bytes = 1e4 * (double)(1 + rig_draw(state, 9));
	parts[1].hidden = 0.25 * (double)rig_draw(state, 4);
	parts[1].times = 1 + (uint32_t)rig_draw(state, 2);
	parts[2].work = (struct dc_work){.bytes = 1e6 * (double)(1 + rig_draw(state, 9))};
	return parts;
}

static void draw_pipeline(struct rig *rig, uint64_t *state, struct pipeline *p, uint32_t tensor,
			  uint32_t data)
{
	const struct dc_part *forward = draw_parts(rig, state, tensor);
	const struct dc_part *backward = draw_parts(rig, state, tensor);
	bool uneven = rig_draw(state, 2);

	p->micro_batches = 1 + (uint32_t)rig_draw(state, 6);
	p->gpipe = rig_draw(state, 2);
	p->part_count = 3;
	p->gang = tensor;
	p->send_bytes = 1e5 * (double)rig_draw(state, 4);
	p->gradient_bytes = 1e6 * (double)rig_draw(state, 3);
	p->gradient_kind = data;
	p->overlap = rig_draw(state, 2);
	p->optimizer = (dc_time)rig_draw(state, 20) * rig_us;
	for (uint32_t s = 0; s < p->stages; s++) {
		p->forward_parts[s] = uneven ? draw_parts(rig, state, tensor) : forward;
		p->backward_parts[s] = uneven ? draw_parts(rig, state, tensor) : backward;
	}
}

/* Equal in femtoseconds where durations only add up; messages that share links, and work that is slowed
 * down, are rounded once for each change of rate. */
static bool is_close(dc_time a, dc_time b)
{
	dc_time apart = a > b ? a - b : b - a;

	return apart <= 8 || dc_time_to_s(apart) <= 1e-12 * dc_time_to_s(a);
}

static void compare(const struct stages_result *folded, const struct stages_result *exact,
		    uint64_t ranks, unsigned round)
{
	cr_assert_eq(exact->run.status, DC_OK, "round %u: %s", round, exact->run.messages);
	cr_assert_eq(folded->run.status, DC_OK, "round %u: %s", round, folded->run.messages);
	cr_assert_eq(folded->run.count, exact->run.count);
	cr_assert(is_close(folded->run.end, exact->run.end), "round %u: ends at %.17g and %.17g s",
		  round, dc_time_to_s(folded->run.end), dc_time_to_s(exact->run.end));
	for (uint64_t n = 0; n < exact->run.count; n++)
		cr_assert(is_close(folded->run.rows[n].duration, exact->run.rows[n].duration) &&
				  is_close(folded->run.rows[n].bubble, exact->run.rows[n].bubble) &&
				  is_close(folded->run.rows[n].compute, exact->run.rows[n].compute),
			  "round %u, iteration %u", round, (unsigned)n);
	for (uint64_t r = 0; r < ranks; r++) {
		const struct dc_executor_account *a = &folded->accounts[r],
						 *b = &exact->accounts[r];

		cr_assert(account_sum(b) == b->duration, "round %u, rank %u", round, (unsigned)r);
		cr_assert(account_sum(a) == a->duration, "round %u, rank %u", round, (unsigned)r);
		cr_assert(is_close(a->compute, b->compute) && is_close(a->bubble, b->bubble) &&
				  is_close(a->sends, b->sends),
			  "round %u, rank %u", round, (unsigned)r);
		for (int k = 0; k < DC_ENSEMBLE_KINDS; k++)
			cr_assert(is_close(a->exposed[k], b->exposed[k]), "round %u, rank %u",
				  round, (unsigned)r);
	}
}

/* Axes in any order, groups of all three, uneven stages, one slow rank or two, a slow link, contention. */
Test(stages, random_ensembles_fold, .timeout = 300)
{
	uint64_t state = 11, folds = 0;

	for (unsigned round = 0; round < 150; round++) {
		uint64_t sizes[3], ranks, place = rig_draw(&state, 3);
		struct dc_slow_rank slow[2];
		struct pipeline p = {0};
		struct stages_result folded, exact;
		uint32_t tensor, data;
		struct rig rig;

		draw_axes(&state, sizes);
		ranks = sizes[0] * sizes[1] * sizes[2];
		rig = random_fabric(&state, ranks, sizes);
		for (int i = 0; i < 3; i++)
			stages_axis(&rig, "axis", sizes[i], NULL);
		rig.ensemble->stage_axis = (uint32_t)place;
		tensor = stages_kind(&rig, "tensor", 1u << (place + 1) % 3);
		data = stages_kind(&rig, "data", 1u << (place + 2) % 3);
		p.stages = (uint32_t)sizes[place];
		draw_pipeline(&rig, &state, &p, tensor, data);
		add_stages(&rig, &p);
		for (int i = 0; i < 2; i++)
			slow[i] = (struct dc_slow_rank){.rank = rig_draw(&state, ranks),
							.factor = 1.25 + i};
		rig.machine.slow = slow;
		rig.machine.slow_count = rig_draw(&state, 3);
		rig.machine.contention = 0.25 * (double)rig_draw(&state, 2);
		if (rig_draw(&state, 4) == 0)
			cr_assert_eq(
				dc_fabric_set_link(&rig.fabric, rig.arena,
						   rig_draw(&state, dc_fabric_links(&rig.fabric)),
						   3e9, 2e-6),
				DC_OK);
		exact = stages_run(&rig, true, 12);
		folded = stages_run(&rig, false, 12);
		compare(&folded, &exact, ranks, round);
		folds += folded.actors < exact.actors;
		rig_free(&folded.run);
		rig_free(&exact.run);
		rig_destroy(&rig);
	}
	/* Most of them do fold. */
	cr_expect(folds > 75, "%u", (unsigned)folds);
}
