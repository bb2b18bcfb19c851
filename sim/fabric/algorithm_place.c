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
	const struct dc_fabric_dimension *dimension = dc_algorithm_dimension(fabric, group, factor);

	*latency_s = 0;
	*bandwidth_bps = (double)INFINITY;
	if (dimension) {
		add_pace(fabric, group->factors[factor].dimension, cost, latency_s, bandwidth_bps);
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

/* The most that a member sends or receives in a step; of a list, where members have one message
 * each, the largest. */
static double step_bytes(const struct dc_schedule_phase *phase)
{
	double sum_bytes = 0, up_bytes = 0, down_bytes = 0, most_bytes = 0;

	for (size_t i = 0; i < phase->count; i++) {
		const struct dc_pattern *pattern = &phase->patterns[i];

		if (pattern->kind == DC_PATTERN_UP)
			up_bytes += pattern->bytes;
		else if (pattern->kind == DC_PATTERN_DOWN)
			down_bytes += pattern->bytes;
		else if (pattern->kind != DC_PATTERN_LIST)
			sum_bytes += pattern->bytes;
		for (size_t m = 0; m < pattern->count; m++)
			most_bytes = fmax(most_bytes, pattern->messages[m].bytes);
	}
	return sum_bytes + most_bytes + fmax(up_bytes, down_bytes);
}

uint64_t dc_algorithm_balance(const struct dc_fabric *fabric, const struct dc_group *group,
			      const struct dc_fabric_cost *cost, const struct dc_track *track)
{
	/* By factor, those across at the end. */
	double latency_s[DC_FABRIC_DIMENSIONS + 1] = {0}, bytes_s[DC_FABRIC_DIMENSIONS + 1] = {0};
	double step_latency_s, bandwidth_bps, best_s = (double)INFINITY;
	uint64_t best = 1;

	for (size_t p = 0; p < track->count; p++) {
		const struct dc_schedule_phase *phase = &track->phases[p];
		size_t f = phase->factor == DC_GROUP_ACROSS ? DC_FABRIC_DIMENSIONS : phase->factor;

		dc_algorithm_pace(fabric, group, cost, phase->factor, &step_latency_s,
				  &bandwidth_bps);
		latency_s[f] += (double)phase->repeat * step_latency_s;
		bytes_s[f] += (double)phase->repeat * step_bytes(phase) / bandwidth_bps;
	}
	for (uint64_t chunks = 1; chunks <= DC_ALGORITHM_MOST_CHUNKS; chunks *= 2) {
		double sum_s = 0, most_s = 0;

		for (size_t f = 0; f <= DC_FABRIC_DIMENSIONS; f++) {
			double chunk_s = latency_s[f] + bytes_s[f] / (double)chunks;

			sum_s += chunk_s;
			most_s = fmax(most_s, chunk_s);
		}
		sum_s += (double)(chunks - 1) * most_s;
		if (sum_s < best_s) {
			best_s = sum_s;
			best = chunks;
		}
	}
	return best;
}
