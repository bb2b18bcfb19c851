/* Where algorithms are at home: dimensions of a group, links that do not meet, the pace of
 * messages. */
#include <math.h>

#include "fabric/algorithm_part.h"

const struct dc_fabric_dimension *
dc_algorithm_dimension(const struct dc_fabric *fabric, const struct dc_group *group, size_t factor)
{
	size_t dimension;

	if (factor == DC_GROUP_ACROSS)
		return NULL;
	dimension = group->factors[factor].dimension;
	return dimension == DC_GROUP_ACROSS ? NULL : &fabric->dimensions[dimension];
}

bool dc_algorithm_is_switch(const struct dc_fabric_dimension *dimension)
{
	return dimension && dimension->type == &dc_topology_switch;
}

bool dc_algorithm_is_full(const struct dc_fabric_dimension *dimension)
{
	return dimension && dimension->type == &dc_topology_fully_connected;
}

bool dc_algorithm_is_ring(const struct dc_fabric_dimension *dimension)
{
	return dimension &&
	       (dimension->type == &dc_topology_ring || dimension->type == &dc_topology_torus);
}

bool dc_algorithm_is_whole(const struct dc_fabric *fabric)
{
	/* Dimensions meet at the ports. */
	if (fabric->port_count)
		return false;
	for (size_t i = 0; i < fabric->exception_count; i++)
		if (fabric->exceptions[i].bandwidth_bps <= 0)
			return false;
	return true;
}

bool dc_algorithm_is_apart(const struct dc_fabric *fabric, const struct dc_group *group)
{
	for (size_t f = 0; f < group->count; f++) {
		const struct dc_fabric_dimension *dimension =
			dc_algorithm_dimension(fabric, group, f);

		if (!dc_algorithm_is_switch(dimension) && !dc_algorithm_is_full(dimension))
			return false;
	}
	return dc_algorithm_is_whole(fabric);
}

bool dc_algorithm_is_apart_across(const struct dc_fabric *fabric, const struct dc_group *group)
{
	return group->count <= 1 && dc_algorithm_is_apart(fabric, group);
}

/* Neighbours on a ring have a link of their own; a group that leaves out members may go around the
 * shorter way, and meet. */
bool dc_algorithm_is_apart_around(const struct dc_fabric *fabric, const struct dc_group *group)
{
	for (size_t f = 0; f < group->count; f++) {
		const struct dc_fabric_dimension *dimension =
			dc_algorithm_dimension(fabric, group, f);

		if (dc_algorithm_is_switch(dimension) || dc_algorithm_is_full(dimension))
			continue;
		if (!dc_algorithm_is_ring(dimension) || group->factors[f].size != dimension->size)
			return false;
	}
	return dc_algorithm_is_whole(fabric);
}

/* --- pace --- */

static void add_pace(const struct dc_fabric *fabric, size_t d, const struct dc_fabric_cost *cost,
		     double *latency_s, double *bandwidth_bps)
{
	const struct dc_fabric_dimension *dimension = &fabric->dimensions[d];
	double inflation = cost && cost->inflation[d] > 0 ? cost->inflation[d] : 1;

	if (dimension->size < 2)
		return;
	*latency_s += dc_time_to_s(dc_fabric_hop(dimension, 0)) + (cost ? cost->step_s[d] : 0);
	*bandwidth_bps = fmin(*bandwidth_bps, dimension->bandwidth_bps / inflation);
}

void dc_algorithm_pace(const struct dc_fabric *fabric, const struct dc_group *group,
		       const struct dc_fabric_cost *cost, size_t factor, double *latency_s,
		       double *bandwidth_bps)
{
	size_t along =
		factor == DC_GROUP_ACROSS ? DC_GROUP_ACROSS : group->factors[factor].dimension;

	*latency_s = 0;
	*bandwidth_bps = (double)INFINITY;
	if (along != DC_GROUP_ACROSS) {
		add_pace(fabric, along, cost, latency_s, bandwidth_bps);
		return;
	}
	for (size_t d = 0; d < fabric->count; d++) {
		/* A group within some dimensions pays for these; one across may need all. */
		bool counts = factor != DC_GROUP_ACROSS;

		for (size_t f = 0; f < group->count; f++)
			counts |= group->factors[f].dimension == d ||
				  group->factors[f].dimension == DC_GROUP_ACROSS;
		if (counts)
			add_pace(fabric, d, cost, latency_s, bandwidth_bps);
	}
}

/* --- chunks --- */

static double pipeline_s(double phases, double chunks, double latency_s, double bytes_s)
{
	return (phases + chunks - 1) * (latency_s + bytes_s / chunks);
}

uint64_t dc_algorithm_pipeline(const struct dc_fabric *fabric, const struct dc_group *group,
			       const struct dc_fabric_cost *cost, uint64_t phases, double bytes)
{
	double latency_s, bandwidth_bps, bytes_s, best, fewer;

	dc_algorithm_pace(fabric, group, cost, dc_algorithm_whole(group), &latency_s,
			  &bandwidth_bps);
	bytes_s = bytes / bandwidth_bps;
	if (phases < 2 || !(bytes_s > 0))
		return 1;
	/* The derivative's zero; the sum is convex in K, so a whole number beside it is the
	 * best. */
	best = latency_s > 0 ? sqrt((double)(phases - 1) * bytes_s / latency_s)
			     : DC_ALGORITHM_MOST_CHUNKS;
	best = fmin(fmax(best, 1), DC_ALGORITHM_MOST_CHUNKS);
	fewer = floor(best);
	best = ceil(best);
	if (pipeline_s((double)phases, fewer, latency_s, bytes_s) <=
	    pipeline_s((double)phases, best, latency_s, bytes_s))
		best = fewer;
	return (uint64_t)best;
}

/* A track as a pipeline: its phases are stages; those along one factor share its links, where what goes up
 * and what comes down do not meet. */
struct stages {
	size_t count;
	struct stage {
		double latency_s, up_s, down_s; /* of the whole vector */
		size_t factor;                  /* those across at the end */
	} stages[4 * DC_FABRIC_DIMENSIONS];
	/* By factor: what all its phases have to do. */
	double latency_s[DC_FABRIC_DIMENSIONS + 1];
	double up_s[DC_FABRIC_DIMENSIONS + 1], down_s[DC_FABRIC_DIMENSIONS + 1];
};

/* What the busiest member sends and receives in a step; of a list, where members have one message each,
 * the largest. Bytes to and from the switches count apart. */
static void step_bytes(const struct dc_schedule_phase *phase, double *bytes, double *up_bytes,
		       double *down_bytes)
{
	double most_bytes = 0;

	*bytes = *up_bytes = *down_bytes = 0;
	for (size_t i = 0; i < phase->count; i++) {
		const struct dc_pattern *pattern = &phase->patterns[i];

		if (pattern->kind == DC_PATTERN_UP)
			*up_bytes += pattern->bytes;
		else if (pattern->kind == DC_PATTERN_DOWN)
			*down_bytes += pattern->bytes;
		else if (pattern->kind != DC_PATTERN_LIST)
			*bytes += pattern->bytes;
		for (size_t m = 0; m < pattern->count; m++)
			most_bytes = fmax(most_bytes, pattern->messages[m].bytes);
	}
	*bytes += most_bytes;
}

/* Wire bytes per byte to and from the root of the switches over those between members. */
static double root_ratio(const struct dc_group *group, const struct dc_fabric_cost *cost,
			 size_t factor)
{
	size_t d = factor == DC_GROUP_ACROSS ? DC_GROUP_ACROSS : group->factors[factor].dimension;

	if (!cost || d == DC_GROUP_ACROSS || cost->inflation[d] <= 0 ||
	    cost->root_inflation[d] <= 0)
		return 1;
	return cost->root_inflation[d] / cost->inflation[d];
}

static void add_stage(const struct dc_fabric *fabric, const struct dc_group *group,
		      const struct dc_fabric_cost *cost, const struct dc_schedule_phase *phase,
		      struct stages *stages)
{
	size_t f = phase->factor == DC_GROUP_ACROSS ? DC_FABRIC_DIMENSIONS : phase->factor;
	struct stage *stage = &stages->stages[stages->count++];
	double latency_s, bandwidth_bps, bytes, up_bytes, down_bytes, ratio, up_s, down_s;

	dc_algorithm_pace(fabric, group, cost, phase->factor, &latency_s, &bandwidth_bps);
	step_bytes(phase, &bytes, &up_bytes, &down_bytes);
	ratio = root_ratio(group, cost, phase->factor);
	up_s = (double)phase->repeat * (bytes + up_bytes * ratio) / bandwidth_bps;
	down_s = (double)phase->repeat * (bytes + down_bytes * ratio) / bandwidth_bps;
	*stage = (struct stage){(double)phase->repeat * latency_s, up_s, down_s, f};
	stages->latency_s[f] += stage->latency_s;
	stages->up_s[f] += up_s;
	stages->down_s[f] += down_s;
}

/* What links take a stage: where it has more to send than all others along its factor, theirs comes on
 * top, chunk by chunk; else stages take turns, and the factor's sum bounds them. */
static double wire_s(const struct stages *stages, const struct stage *stage)
{
	double up_s = stages->up_s[stage->factor], down_s = stages->down_s[stage->factor];

	return fmax(2 * stage->up_s > up_s ? up_s : stage->up_s,
		    2 * stage->down_s > down_s ? down_s : stage->down_s);
}

static double stage_s(const struct stages *stages, size_t number, double chunks)
{
	const struct stage *stage = &stages->stages[number];

	return stage->latency_s + wire_s(stages, stage) / chunks;
}

/* A factor's links work from the first chunk's coming to the last one's going. */
static double busy_s(const struct stages *stages, size_t factor, double chunks)
{
	double sum_s =
		stages->latency_s[factor] + fmax(stages->up_s[factor], stages->down_s[factor]);
	size_t first = 0, last = stages->count;

	while (first < stages->count && stages->stages[first].factor != factor)
		sum_s += stage_s(stages, first++, chunks);
	while (last > first && stages->stages[last - 1].factor != factor)
		sum_s += stage_s(stages, --last, chunks);
	return sum_s;
}

static double stages_s(const struct stages *stages, double chunks)
{
	double sum_s = 0, most_s = 0, total_s;

	for (size_t i = 0; i < stages->count; i++) {
		sum_s += stage_s(stages, i, chunks);
		most_s = fmax(most_s, stage_s(stages, i, chunks));
	}
	total_s = sum_s + (chunks - 1) * most_s;
	for (size_t f = 0; f <= DC_FABRIC_DIMENSIONS; f++)
		total_s = fmax(total_s, busy_s(stages, f, chunks));
	return total_s;
}

/* More chunks for a gain below three in a hundred are not worth their messages. */
static const double good_enough = 1.03;

uint64_t dc_algorithm_balance(const struct dc_fabric *fabric, const struct dc_group *group,
			      const struct dc_fabric_cost *cost, const struct dc_track *track)
{
	struct stages stages = {0};
	double best_s = (double)INFINITY;
	uint64_t chunks = 1;

	for (size_t p = 0; p < track->count; p++)
		if (stages.count < sizeof stages.stages / sizeof *stages.stages)
			add_stage(fabric, group, cost, &track->phases[p], &stages);
	for (uint64_t k = 1; k <= DC_ALGORITHM_MOST_CHUNKS; k *= 2)
		best_s = fmin(best_s, stages_s(&stages, (double)k));
	while (chunks < DC_ALGORITHM_MOST_CHUNKS &&
	       stages_s(&stages, (double)chunks) > good_enough * best_s)
		chunks *= 2;
	return chunks;
}
