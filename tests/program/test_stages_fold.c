/* Pipelines at random: folded = exact. */
#include "stages.h"

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
	parts[1].beside_s = 1e-6 * (double)rig_draw(state, 4);
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
	for (int u = 0; u < RIG_USES; u++)
		cr_assert(fabs(dc_sum_value(folded->run.uses[u]) -
			       dc_sum_value(exact->run.uses[u])) <=
				  1e-11 * dc_time_to_s(exact->run.end),
			  "round %u: use %d is %.17g and %.17g s", round, u,
			  dc_sum_value(folded->run.uses[u]), dc_sum_value(exact->run.uses[u]));
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
	uint64_t state = 11, folds = 0, replays = 0;

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
		if (round % 2) {
			/* Ended by the clock, in the middle of an iteration. */
			const dc_time until =
				exact.run.end * (dc_time)(5 + rig_draw(&state, 20)) / 12;

			rig_free(&exact.run);
			exact = stages_run_as(
				&rig, &(struct dc_executor_options){.exact = true, .until = until});
			folded = stages_run_as(&rig, &(struct dc_executor_options){.until = until});
		} else {
			folded = stages_run(&rig, false, 12);
		}
		compare(&folded, &exact, ranks, round);
		folds += folded.actors < exact.actors;
		replays += folded.run.replays;
		rig_free(&folded.run);
		rig_free(&exact.run);
		rig_destroy(&rig);
	}
	/* Most of them do fold. */
	cr_expect(folds > 75, "%u", (unsigned)folds);
	cr_expect(replays > 50, "%u", (unsigned)replays);
}
