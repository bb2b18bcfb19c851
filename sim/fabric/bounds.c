/* Closed forms and bounds of collectives. */
#include "fabric/bounds.h"

#include <math.h>
#include <stdlib.h>

#include "fabric/collective.h"

/* What a message takes alone. */
static dc_time message_alone(const struct dc_fabric *fabric, const struct dc_fabric_cost *cost,
			     const struct dc_schedule_phase *phase, double bytes,
			     struct dc_fabric_path *path)
{
	double rate_bps = (double)INFINITY, step_s = 0, total_s;
	size_t d = 0;

	for (size_t i = 0; i < path->count; i++) {
		struct dc_fabric_link link;

		dc_fabric_link(fabric, path->hops[i].link, &link);
		d = link.dimension;
		step_s = fmax(step_s, cost->step_s[d]);
		rate_bps =
			fmin(rate_bps, link.bandwidth_bps / path->hops[i].use /
					       (cost->inflation[d] > 0 ? cost->inflation[d] : 1));
	}
	total_s = path->latency_s + step_s;
	if (phase->reduces && cost->reduction_bps > 0)
		total_s += bytes / cost->reduction_bps;
	return dc_time_from_s(total_s) + (bytes > 0 ? dc_time_from_s(bytes / rate_bps) : 0);
}

static dc_time phase_alone(const struct dc_fabric *fabric, const struct dc_schedule *schedule,
			   const struct dc_fabric_cost *cost, const struct dc_schedule_phase *phase)
{
	const struct dc_group *group = schedule->group;
	uint64_t size = dc_group_line_size(group, phase->factor);
	struct dc_fabric_path path = {0};
	dc_time longest = 0;

	for (size_t i = 0; i < phase->count && size; i++) {
		const struct dc_pattern *pattern = &phase->patterns[i];
		uint64_t count = pattern->kind == DC_PATTERN_LIST ? pattern->count : size;

		for (uint64_t m = 0; m < count; m++) {
			uint64_t from = m, to = (m + pattern->offset) % size;
			double bytes = pattern->bytes;
			dc_time alone;

			if (pattern->kind == DC_PATTERN_XOR)
				to = m ^ pattern->offset;
			if (pattern->kind == DC_PATTERN_LIST) {
				from = pattern->messages[m].from;
				to = pattern->messages[m].to;
				bytes = pattern->messages[m].bytes;
			}
			if (to >= size)
				continue;
			from = dc_group_rank(group, dc_group_member(group, phase->factor, 0, from));
			to = dc_group_rank(group, dc_group_member(group, phase->factor, 0, to));
			if (dc_fabric_route(fabric, from, to, NULL, NULL, &path))
				longest = DC_TIME_NEVER;
			alone = message_alone(fabric, cost, phase, bytes, &path);
			if (alone > longest)
				longest = alone;
		}
	}
	dc_fabric_path_fini(&path);
	return longest;
}

double dc_schedule_least_s(const struct dc_fabric *fabric, const struct dc_schedule *schedule,
			   const struct dc_fabric_cost *cost)
{
	double most_s = 0;

	for (size_t t = 0; t < schedule->count; t++) {
		const struct dc_track *track = &schedule->tracks[t];
		double sum_s = 0, longest_s = 0;

		for (size_t p = 0; p < track->count; p++) {
			double phase_s = dc_time_to_s(
				(dc_time)track->phases[p].repeat *
				phase_alone(fabric, schedule, cost, &track->phases[p]));

			sum_s += phase_s;
			longest_s = fmax(longest_s, phase_s);
		}
		most_s = fmax(most_s, sum_s + (double)(track->chunks - 1) * longest_s);
	}
	return most_s + cost->startup_s;
}

enum dc_status dc_plan_busiest_s(const struct dc_plan *plan, double *longest_s)
{
	double *loads = calloc(plan->link_count + 1u, sizeof *loads);

	if (!loads)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < plan->line_count; i++) {
		const struct dc_plan_bundle *bundle = &plan->bundles[dc_plan_bundle_of(plan, i)];
		const struct dc_plan_phase *phase = dc_plan_phase_of(plan, i);
		double steps = (double)phase->repeat * phase->chunks;

		for (uint32_t m = 0; m < bundle->messages; m++) {
			const struct dc_plan_terms *terms = dc_plan_terms_of(plan, bundle, m);
			const struct dc_plan_way *way = dc_plan_way_of(plan, bundle, m);

			for (uint32_t h = 0; h < dc_plan_hops(way); h++)
				loads[plan->hops[way->first_hop + h].link] +=
					steps * terms->bytes * terms->multiplicity *
					dc_plan_use_of(plan, &plan->hops[way->first_hop + h]);
		}
	}
	*longest_s = 0;
	for (uint32_t i = 0; i < plan->link_count; i++)
		*longest_s =
			fmax(*longest_s, loads[i] / plan->links[i].multiplicity /
						 plan->capacities[plan->links[i].first_capacity]);
	free(loads);
	return DC_OK;
}

dc_time dc_collective_closed_form(const struct dc_fabric *fabric,
				  const struct dc_schedule *schedule,
				  const struct dc_fabric_cost *cost)
{
	dc_time total = dc_time_from_s(cost->startup_s);

	if (schedule->count > 1 || (schedule->count && schedule->tracks[0].chunks > 1))
		return DC_TIME_NEVER;
	for (size_t p = 0; schedule->count && p < schedule->tracks[0].count; p++) {
		const struct dc_schedule_phase *phase = &schedule->tracks[0].phases[p];

		if (phase->repeat)
			total +=
				(dc_time)phase->repeat * phase_alone(fabric, schedule, cost, phase);
	}
	return total;
}

/* What leaves a terminal of a dimension: its links' rates added up. */
static double ways_out_bps(const struct dc_fabric_dimension *dimension)
{
	uint64_t links = dimension->type->links(dimension);
	double rate_bps = 0;

	for (uint64_t i = 0; i < links; i++) {
		struct dc_line_link link;

		dimension->type->link(dimension, i, &link);
		rate_bps += link.from == 0 ? link.bandwidth_bps : 0;
	}
	return rate_bps;
}

double dc_collective_bound_s(const struct dc_fabric *fabric, const struct dc_group *group,
			     enum dc_operation operation, double size_bytes)
{
	double rate_bps = 0;

	if (group->size < 2)
		return 0;
	for (size_t f = 0; f < group->count; f++) {
		size_t d = group->factors[f].dimension;

		if (d != DC_GROUP_ACROSS)
			rate_bps += ways_out_bps(&fabric->dimensions[d]);
		for (size_t i = 0; d == DC_GROUP_ACROSS && i < fabric->count; i++)
			rate_bps += ways_out_bps(&fabric->dimensions[i]);
	}
	return dc_operation_least_bytes(operation, size_bytes, group->size) / rate_bps;
}
