/* The runner: what it is made of, and what it can be asked. */
#include <math.h>
#include <stdlib.h>

#include "fabric/runner_private.h"

static bool prepare_lines(struct dc_runner *runner)
{
	const struct dc_plan *plan = runner->plan;
	uint64_t counters = 0;

	for (uint32_t i = 0; i < plan->line_count; i++) {
		uint32_t chunks = dc_plan_phase_of(plan, i)->chunks;

		runner->lines[i].held_by = DC_PLAN_NONE;
		if (chunks < 2 || dc_plan_phase_of(plan, i)->needs < 2)
			continue;
		runner->lines[i].ahead = (uint32_t)counters;
		counters += chunks - 1;
	}
	if (counters >= DC_PLAN_NONE)
		return false;
	runner->counters = calloc(counters + 1, sizeof *runner->counters);
	runner->statistics.bytes += counters * sizeof *runner->counters;
	return runner->counters != NULL;
}

static bool prepare_links(struct dc_runner *runner)
{
	const struct dc_plan *plan = runner->plan;

	for (uint32_t i = 0; i < plan->link_count; i++) {
		const struct dc_plan_link *link = &plan->links[i];
		uint32_t resource;

		runner->links[i].owner = DC_PLAN_NONE;
		if (dc_fluid_add_resource(runner->solver, plan->capacities[link->first_capacity],
					  link->multiplicity, &resource))
			return false;
	}
	return true;
}

static bool allocate(struct dc_runner *runner)
{
	const struct dc_plan *plan = runner->plan;
	uint32_t most_hops = 0;

	for (uint32_t i = 0; i < plan->way_count; i++)
		if (dc_plan_hops(&plan->ways[i]) > most_hops)
			most_hops = dc_plan_hops(&plan->ways[i]);
	runner->lines = calloc(plan->line_count + 1u, sizeof *runner->lines);
	runner->links = calloc(plan->link_count + 1u, sizeof *runner->links);
	runner->stamps = calloc(plan->link_count + 1u, sizeof *runner->stamps);
	runner->steps = calloc(plan->bundle_count + 1u, sizeof *runner->steps);
	runner->live = calloc(plan->bundle_count + 1u, sizeof *runner->live);
	runner->operations = calloc(plan->operation_count + 1u, sizeof *runner->operations);
	runner->path = calloc(most_hops + 1u, sizeof *runner->path);
	runner->statistics.bytes +=
		plan->line_count * sizeof *runner->lines +
		plan->bundle_count * (sizeof *runner->steps + sizeof *runner->live) +
		plan->operation_count * sizeof *runner->operations +
		most_hops * sizeof *runner->path;
	return runner->lines && runner->links && runner->stamps && runner->steps && runner->live &&
	       runner->operations && runner->path;
}

struct dc_runner *dc_runner_create(struct dc_engine *engine, const struct dc_plan *plan,
				   const struct dc_runner_options *options,
				   dc_runner_observer *ended, void *context)
{
	struct dc_runner *runner = calloc(1, sizeof *runner);

	if (!runner)
		return NULL;
	runner->engine = engine;
	runner->plan = plan;
	runner->options = *options;
	runner->ended = ended;
	runner->context = context;
	runner->solver = dc_fluid_create();
	if (runner->solver)
		runner->transfers =
			dc_fluid_transfers_create(engine, runner->solver, DC_PHASE_STATE);
	if (!runner->transfers || !allocate(runner) || !prepare_lines(runner) ||
	    !prepare_links(runner)) {
		dc_runner_destroy(runner);
		return NULL;
	}
	runner->operations_left = plan->operation_count;
	for (uint32_t i = 0; i < plan->operation_count; i++) {
		runner->operations[i].left = plan->operations[i].last_lines;
		runner->operations[i].bottleneck = DC_PLAN_NONE;
	}
	return runner;
}

void dc_runner_destroy(struct dc_runner *runner)
{
	if (!runner)
		return;
	dc_fluid_transfers_destroy(runner->transfers);
	dc_fluid_destroy(runner->solver);
	free(runner->lines);
	free(runner->counters);
	free(runner->links);
	free(runner->stamps);
	free(runner->steps);
	free(runner->operations);
	for (uint32_t i = 0; i < runner->plan->bundle_count && runner->live; i++)
		free(runner->live[i]);
	free(runner->live);
	free(runner->rests);
	free(runner->path);
	free(runner);
}

/* --- results --- */

bool dc_runner_is_done(const struct dc_runner *runner)
{
	return runner->operations_left == 0;
}

uint32_t dc_runner_unfinished(const struct dc_runner *runner)
{
	for (uint32_t i = 0; i < runner->plan->operation_count; i++)
		if (!runner->operations[i].done)
			return i;
	return DC_PLAN_NONE;
}

/* The link of no capacity on the way of a message. */
static uint32_t blocked_at(const struct dc_runner *runner, const struct dc_plan_bundle *bundle,
			   uint32_t message)
{
	const struct dc_plan *plan = runner->plan;
	const struct dc_plan_way *way = dc_step_way(plan, bundle, message, runner->epoch);

	for (uint32_t h = 0; h < dc_plan_hops(way); h++) {
		uint32_t link = plan->hops[way->first_hop + h].link;

		if (!(plan->capacities[plan->links[link].first_capacity + runner->epoch] > 0))
			return link;
	}
	return DC_PLAN_NONE;
}

uint32_t dc_runner_waits_at(const struct dc_runner *runner, uint32_t operation)
{
	const struct dc_plan *plan = runner->plan;

	for (uint32_t i = 0; i < plan->bundle_count; i++) {
		const struct dc_runner_live *live = runner->live[i];

		if (!live || dc_plan_phase_of(plan, live->line)->operation != operation)
			continue;
		for (uint32_t m = 0; m < plan->bundles[i].messages; m++) {
			uint32_t link = DC_PLAN_NONE;

			if (live->messages[m].under_way)
				link = blocked_at(runner, &plan->bundles[i], m);
			if (link != DC_PLAN_NONE)
				return link;
		}
	}
	return DC_PLAN_NONE;
}

uint32_t dc_runner_bottleneck(const struct dc_runner *runner, uint32_t operation)
{
	return runner->operations[operation].bottleneck;
}

double dc_runner_carried_bytes(const struct dc_runner *runner, uint32_t link)
{
	return runner->links[link].extra_bytes +
	       dc_sum_value(dc_fluid_transfers_carried(runner->transfers, link));
}

/* What a stretch has carried so far. */
static void add_stretch(const struct dc_runner *runner, uint32_t number, double *bytes)
{
	const struct dc_plan *plan = runner->plan;
	const struct dc_runner_line *line = &runner->lines[number];
	const struct dc_plan_bundle *bundle = dc_runner_bundle_of(runner, number);
	dc_time duration = runner->steps[dc_plan_bundle_of(plan, number)].duration;
	double steps =
		duration > 0 ? dc_time_ratio(dc_engine_now(runner->engine) - line->begin, duration)
			     : 0;

	steps = fmin(steps, (double)line->left);
	for (uint32_t m = 0; m < bundle->messages; m++) {
		const struct dc_plan_terms *terms = dc_plan_terms_of(plan, bundle, m);
		const struct dc_plan_way *way = dc_step_way(plan, bundle, m, runner->epoch);

		for (uint32_t h = 0; h < dc_plan_hops(way); h++) {
			const struct dc_plan_hop *hop = &plan->hops[way->first_hop + h];

			bytes[hop->link] += steps * terms->bytes * dc_plan_use_of(plan, hop) *
					    terms->multiplicity /
					    plan->links[hop->link].multiplicity;
		}
	}
}

void dc_runner_carried(const struct dc_runner *runner, double *bytes)
{
	for (uint32_t l = 0; l < runner->plan->link_count; l++)
		bytes[l] = dc_runner_carried_bytes(runner, l);
	for (uint32_t i = 0; i < runner->plan->line_count; i++)
		if (runner->lines[i].mode == DC_RUNNER_COALESCED)
			add_stretch(runner, i, bytes);
}

struct dc_runner_statistics dc_runner_statistics(const struct dc_runner *runner)
{
	struct dc_runner_statistics statistics = runner->statistics;

	statistics.live_bytes +=
		dc_fluid_statistics(runner->solver).bytes +
		dc_fluid_transfers_memory(runner->transfers) +
		runner->plan->link_count * (sizeof *runner->links + sizeof *runner->stamps);
	statistics.bytes += statistics.live_bytes;
	return statistics;
}
