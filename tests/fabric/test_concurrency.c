/* Folded and coalesced = message by message, under concurrency, slow links and failures. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "plans.h"
#include "shapes.h"

enum { MOST_JOBS = 6, MOST_OPERATIONS = 4 };

struct draw {
	uint64_t state;
};

/* xorshift64*, so that the cases are the same everywhere [Vigna 2016]. */
static uint64_t next(struct draw *draw, uint64_t below)
{
	draw->state ^= draw->state >> 12;
	draw->state ^= draw->state << 25;
	draw->state ^= draw->state >> 27;
	return draw->state * 2685821657736338717u % below;
}

/* One to three dimensions of any topology, at most 128 ranks, with or without latency. */
static void draw_fabric(struct draw *draw, struct line *line)
{
	static const enum dc_routing_policy policies[] = {DC_ROUTING_SHORTEST, DC_ROUTING_SHORTEST,
							  DC_ROUTING_ECMP, DC_ROUTING_SPRAY,
							  DC_ROUTING_ADAPTIVE};
	struct dc_fabric *fabric = &line->fabric;

	for (;;) {
		uint64_t dimensions = 1 + next(draw, 3);
		char text[900] = "";

		for (uint64_t d = 0; d < dimensions; d++) {
			size_t used = strlen(text);

			snprintf(text + used, sizeof text - used, "%s%s", d ? "}, {" : "",
				 shapes[next(draw, SHAPES)].yaml);
		}
		if (next(draw, 4) == 0)
			strcat(text,
			       "}, {topology: wan, size: 3, bandwidth: 2 GB/s, latency: 3 us");
		line_open(text, line);
		if (fabric->ranks <= 128)
			break;
		line_close(line);
	}
	for (size_t d = 0; d < fabric->count; d++)
		if (next(draw, 4) == 0)
			fabric->dimensions[d].latency_s = 0;
	if (fabric->count > 1 && next(draw, 3) == 0) {
		const struct dc_fabric_port port = {"nic", 1 + next(draw, 3),
						    1e9 * (double)(1 + next(draw, 4)),
						    next(draw, 2) == 0};

		cr_assert_eq(dc_fabric_add_port(fabric, 1, &port), DC_OK);
	}
	fabric->routing.policy = (int)policies[next(draw, 5)];
	fabric->routing.channels = 1 + next(draw, 3);
	fabric->routing.seed = next(draw, 1000);
}

static void draw_group(struct draw *draw, const struct dc_fabric *fabric, struct dc_group *group)
{
	if (next(draw, 2) == 0) {
		*group = dc_group_all(fabric);
		return;
	}
	for (;;) {
		uint64_t base = next(draw, fabric->ranks), size = 1 + next(draw, fabric->ranks);
		uint64_t stride = 1 + next(draw, 1 + fabric->ranks / size);

		if (dc_group_stride(fabric, base, size, stride, group) == DC_OK)
			return;
	}
}

static void draw_operation(struct draw *draw, struct dc_arena *arena,
			   const struct dc_fabric *fabric, const struct dc_group *group,
			   struct dc_plan_operation_request *operation)
{
	struct dc_schedule *schedule = dc_arena_alloc(arena, sizeof *schedule);
	struct dc_request request = {
		.operation = (enum dc_operation)next(draw, DC_OPERATIONS),
		.size_bytes = (double)(1 + next(draw, 64)) * 1e6,
		.root = next(draw, group->size),
		.chunks = next(draw, 3),
	};
	size_t count = 0;

	while (dc_algorithms[count])
		count++;
	dc_schedule_init(schedule, arena, group);
	operation->schedule = schedule;
	operation->cost = &dc_fabric_no_cost;
	for (size_t tries = 0; tries < 100; tries++) {
		const struct dc_algorithm_type *type = dc_algorithms[next(draw, count)];

		if (dc_algorithm_fits(type, fabric, group, &request, NULL)) {
			type->lower(fabric, &request, schedule);
			break;
		}
	}
	cr_assert(!schedule->failed);
}

struct mix {
	struct dc_arena *arena;
	struct line line;
	struct dc_fabric fabric, later[2];
	struct dc_group groups[MOST_JOBS];
	struct dc_plan_operation_request operations[MOST_JOBS][MOST_OPERATIONS];
	struct dc_plan_job_request jobs[MOST_JOBS];
	struct dc_plan_epoch epochs[3];
	struct dc_plan_request request;
};

/* Equal jobs are likely, so that there is something to fold: half the time all of them are translates
 * of the first. */
static void draw_jobs(struct draw *draw, struct mix *mix)
{
	size_t jobs = 1 + next(draw, MOST_JOBS), count = 1 + next(draw, MOST_OPERATIONS);
	bool alike = next(draw, 2) == 0;

	for (size_t j = 0; j < jobs; j++) {
		struct draw same = *draw;

		if (alike && j) {
			struct dc_group moved = mix->groups[0];

			moved.base = (moved.base + j) % mix->fabric.ranks;
			mix->groups[j] = mix->groups[0];
			if (dc_group_rank(&moved, moved.size - 1) < mix->fabric.ranks &&
			    dc_group_stride(&mix->fabric, moved.base, moved.size,
					    moved.count ? moved.factors[0].stride : 1,
					    &moved) == DC_OK)
				mix->groups[j] = moved;
		} else {
			draw_group(draw, &mix->fabric, &mix->groups[j]);
			same = *draw;
		}
		for (size_t i = 0; i < count; i++)
			draw_operation(alike ? &same : draw, mix->arena, &mix->fabric,
				       &mix->groups[j], &mix->operations[j][i]);
		mix->jobs[j] = (struct dc_plan_job_request){
			.arrival = alike ? 0 : (dc_time)next(draw, 3) * 100000000000,
			.operations = mix->operations[j],
			.count = count,
		};
	}
	mix->request.jobs = mix->jobs;
	mix->request.job_count = jobs;
}

/* A slow link from the start; a link that fails, or slows, in the middle, and is mended. */
static void draw_events(struct draw *draw, struct mix *mix, bool slow, bool fails)
{
	uint64_t links = dc_fabric_links(&mix->fabric), link;
	struct dc_fabric_link built;

	mix->epochs[0] = (struct dc_plan_epoch){0, &mix->fabric};
	mix->request.epochs = mix->epochs;
	mix->request.epoch_count = 1;
	if (slow && links) {
		link = next(draw, links);
		dc_fabric_link(&mix->fabric, link, &built);
		cr_assert_eq(dc_fabric_set_link(&mix->fabric, mix->arena, link,
						built.bandwidth_bps / 3, built.latency_s),
			     DC_OK);
	}
	if (!fails || !links)
		return;
	link = next(draw, links);
	dc_fabric_link(&mix->fabric, link, &built);
	for (int e = 0; e < 2; e++) {
		struct dc_fabric *later = &mix->later[e];
		size_t count = mix->fabric.exception_count;

		*later = mix->fabric;
		later->exceptions =
			dc_arena_array(mix->arena, count + 1, sizeof *later->exceptions);
		later->exception_capacity = count + 1;
		if (count)
			memcpy(later->exceptions, mix->fabric.exceptions,
			       count * sizeof *later->exceptions);
		mix->epochs[e + 1] = (struct dc_plan_epoch){
			(e + 1) * (dc_time)(1 + next(draw, 300)) * 1000000000 +
				(e ? mix->epochs[1].begin : 0),
			later};
	}
	cr_assert_eq(dc_fabric_set_link(&mix->later[0], mix->arena, link,
					next(draw, 3) ? 0 : built.bandwidth_bps / 7,
					built.latency_s),
		     DC_OK);
	mix->request.epoch_count = 3;
}

static void compare(unsigned seed, const char *what, const struct dc_plan *a, const dc_time *ends_a,
		    const struct dc_plan *b, const dc_time *ends_b)
{
	for (uint32_t i = 0; i < a->asked_operations; i++) {
		dc_time x = ends_a[a->operation_of[i]], y = ends_b[b->operation_of[i]];
		double difference = fabs(dc_time_to_s(x - y));

		/* Equal where durations only add up; within 1 fs per rate change and 1e-12
		 * relative else (design.md, "to the tick"). */
		cr_expect(difference <= fmax(200e-15, 1e-12 * dc_time_to_s(x)),
			  "mix %u, %s, operation %u: %.17g s and %.17g s", seed, what, i,
			  dc_time_to_s(x), dc_time_to_s(y));
	}
}

/* What was there to test. */
struct tally {
	uint64_t messages, folded_messages, splits, other_ways;
};

static void try_mix(unsigned seed, bool slow, bool fails, struct tally *tally)
{
	struct draw draw = {0x9e3779b97f4a7c15u * (seed + 1)};
	struct mix mix = {.arena = dc_arena_create()};
	dc_time ends[3][MOST_JOBS * MOST_OPERATIONS];
	struct dc_runner_statistics statistics;
	struct dc_plan plan, folded;
	bool made;

	draw_fabric(&draw, &mix.line);
	mix.fabric = mix.line.fabric;
	draw_jobs(&draw, &mix);
	draw_events(&draw, &mix, slow, fails);
	cr_assert_eq(dc_plan_lay_out(&mix.request, &plan), DC_OK);
	cr_assert_eq(dc_plan_fold(&plan, UINT64_MAX, &folded, &made), DC_OK);
	cr_assert(made);
	cr_expect(
		fabs(dc_plan_bytes(&plan) - dc_plan_bytes(&folded)) <= 1e-12 * dc_plan_bytes(&plan),
		"mix %u: %.17g B and %.17g B", seed, dc_plan_bytes(&plan), dc_plan_bytes(&folded));
	plans_run(&plan, true, ends[0], NULL);
	plans_run(&plan, false, ends[1], &statistics);
	plans_run(&folded, false, ends[2], NULL);
	compare(seed, "coalesced", &plan, ends[0], &plan, ends[1]);
	compare(seed, "folded", &plan, ends[0], &folded, ends[2]);
	tally->folded_messages += folded.message_count;
	tally->messages += plan.message_count;
	tally->splits += statistics.splits;
	for (uint32_t i = 0; i < plan.way_count; i++)
		tally->other_ways += dc_plan_next_way(&plan, &plan.ways[i]) != NULL;
	dc_plan_fini(&plan);
	dc_plan_fini(&folded);
	line_close(&mix.line);
	dc_arena_destroy(mix.arena);
}

static void try_mixes(bool slow, bool fails, unsigned first)
{
	struct tally tally = {0};

	for (unsigned seed = first; seed < first + 50; seed++)
		try_mix(seed, slow, fails, &tally);
	/* Something was folded, stretches were interrupted, failures sent messages other ways: or this
	 * tests nothing. */
	cr_expect_lt(tally.folded_messages, tally.messages);
	cr_expect_gt(tally.splits, 0);
	if (fails)
		cr_expect_gt(tally.other_ways, 0);
}

Test(concurrency, whole)
{
	try_mixes(false, false, 0);
}

Test(concurrency, a_slow_link)
{
	try_mixes(true, false, 50);
}

Test(concurrency, a_failure_in_the_middle)
{
	try_mixes(false, true, 100);
}

Test(concurrency, a_slow_link_and_a_failure)
{
	try_mixes(true, true, 150);
}
