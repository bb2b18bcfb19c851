/* Folded plans from the symmetry of topologies, without laying out what they fold.
 *
 * One operation that every rank takes part in, each in one translate of the group: without exceptions
 * all lines along a dimension are alike, so a phase is one class of lines. Within a line, a pattern and a
 * topology that a move by `period` places leaves as they are (topology.h) fold to the messages of the
 * first `period` places; links fold with them. The period of a dimension is the least that suits every
 * phase of the schedule, so that links are in the same class in all of them.
 *
 * A factor may be part of a dimension: then its translates share the dimension's lines, block by block of
 * size x stride places. They are alike where blocks are of neighbours and the topology moves by whole blocks;
 * and always on one switch, and where all are linked with all: there only who sends and receives counts. */
#include <stdlib.h>
#include <string.h>

#include "fabric/plan_build.h"

/* Hops beyond which laying out is no dearer. */
enum { QUOTIENT_HOPS = 4000000 };

struct quotient {
	const struct dc_fabric *fabric;
	const struct dc_schedule *schedule;
	const struct dc_fabric_cost *cost;
	uint64_t periods[DC_FABRIC_DIMENSIONS];
	size_t port_dimension; /* whose places ports differ by, or DC_GROUP_ACROSS */
	struct dc_plan *plan;
	struct dc_plan_parts parts;
	struct dc_plan_index index;
	struct dc_fabric_path path;
	bool too_much;
};

static uint64_t divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The factor a phase runs along: of a group of one factor, the whole group is that one. */
static size_t factor_of(const struct dc_schedule *schedule, const struct dc_schedule_phase *phase)
{
	return phase->factor == DC_GROUP_ACROSS && schedule->group->count == 1 ? 0 : phase->factor;
}

/* Places between members, and members that a block of the dimension's places holds one line of. */
static uint64_t stride_of(const struct quotient *quotient, const struct dc_group_factor *factor)
{
	return factor->stride / quotient->fabric->strides[factor->dimension];
}

static bool is_whole(const struct quotient *quotient, const struct dc_group_factor *factor)
{
	return factor->size == quotient->fabric->dimensions[factor->dimension].size &&
	       stride_of(quotient, factor) == 1;
}

/* All pairs of terminals are alike. */
static bool is_flat(const struct dc_fabric_dimension *dimension)
{
	return dimension->type == &dc_topology_switch ||
	       dimension->type == &dc_topology_fully_connected;
}

/* Whether translates of a factor along its dimension are alike. */
static bool is_even(const struct quotient *quotient, const struct dc_group_factor *factor)
{
	const struct dc_fabric_dimension *dimension =
		&quotient->fabric->dimensions[factor->dimension];
	uint64_t stride = stride_of(quotient, factor);

	if (is_whole(quotient, factor))
		return true;
	if (factor->stride % quotient->fabric->strides[factor->dimension] || stride == 0 ||
	    dimension->size % (factor->size * stride))
		return false;
	return is_flat(dimension) ||
	       (stride == 1 && factor->size % dimension->type->period(dimension) == 0);
}

/* After how many places a pattern repeats; 0: never. */
static uint64_t pattern_period(const struct quotient *quotient,
			       const struct dc_group_factor *factor,
			       const struct dc_pattern *pattern)
{
	const struct dc_fabric_dimension *dimension =
		&quotient->fabric->dimensions[factor->dimension];
	uint64_t stride = stride_of(quotient, factor), period = 1;
	bool whole = is_whole(quotient, factor);
	uint64_t block = whole ? 0 : factor->size * stride;

	switch (pattern->kind) {
	case DC_PATTERN_SHIFT:
		return whole || is_flat(dimension) ? 1 : block;
	case DC_PATTERN_XOR:
		while (period <= pattern->offset)
			period *= 2;
		return factor->size % period ? block : period * stride;
	case DC_PATTERN_UP:
	case DC_PATTERN_DOWN:
		return dimension->type == &dc_topology_switch ? 1 : 0;
	default:
		return block;
	}
}

/* Whether a phase runs along a factor; what switches do counts for their whole dimension. */
static bool is_along(const struct quotient *quotient, const struct dc_schedule_phase *phase)
{
	size_t f = factor_of(quotient->schedule, phase);

	if (f == DC_GROUP_ACROSS)
		return false;
	for (size_t i = 0; i < phase->count; i++)
		if ((phase->patterns[i].kind == DC_PATTERN_UP ||
		     phase->patterns[i].kind == DC_PATTERN_DOWN) &&
		    !is_whole(quotient, &quotient->schedule->group->factors[f]))
			return false;
	return true;
}

/* Whether factors lie along dimensions, one each, with translates that are alike, every phase runs along one,
 * and no way is hashed. */
static bool is_uniform(const struct quotient *quotient)
{
	const struct dc_fabric *fabric = quotient->fabric;
	const struct dc_schedule *schedule = quotient->schedule;
	const struct dc_group *group = schedule->group;

	if (fabric->exception_count)
		return false;
	for (size_t i = 0; i < fabric->port_count; i++)
		if (fabric->strides[fabric->outside] % fabric->ports[i].count)
			return false;
	for (size_t f = 0; f < group->count; f++) {
		const struct dc_group_factor *factor = &group->factors[f];

		if (factor->dimension == DC_GROUP_ACROSS || !is_even(quotient, factor) ||
		    (f && group->factors[f - 1].dimension >= factor->dimension))
			return false;
		if (fabric->routing.policy != DC_ROUTING_SHORTEST &&
		    fabric->routing.policy != DC_ROUTING_SPRAY &&
		    fabric->dimensions[factor->dimension].type->paths)
			return false;
	}
	for (size_t t = 0; t < schedule->count; t++)
		for (size_t p = 0; p < schedule->tracks[t].count; p++)
			if (!is_along(quotient, &schedule->tracks[t].phases[p]))
				return false;
	return true;
}

static void find_periods(struct quotient *quotient)
{
	const struct dc_schedule *schedule = quotient->schedule;
	const struct dc_group *group = schedule->group;

	for (size_t f = 0; f < group->count; f++) {
		size_t d = group->factors[f].dimension;

		quotient->periods[d] = quotient->fabric->dimensions[d].type->period(
			&quotient->fabric->dimensions[d]);
	}
	for (size_t t = 0; t < schedule->count; t++) {
		for (size_t p = 0; p < schedule->tracks[t].count; p++) {
			const struct dc_schedule_phase *phase = &schedule->tracks[t].phases[p];
			const struct dc_group_factor *factor =
				&group->factors[factor_of(schedule, phase)];
			size_t d = factor->dimension;
			uint64_t *period = &quotient->periods[d];

			for (size_t i = 0; i < phase->count; i++) {
				uint64_t other =
					pattern_period(quotient, factor, &phase->patterns[i]);

				if (!other)
					other = quotient->fabric->dimensions[d].size;
				*period = *period / divisor(*period, other) * other;
			}
		}
	}
}

/* Whether ports fold: all alike where no place along a dimension outside differs from another; else by their
 * place along the one dimension outside that the group spans. */
static bool ports_fold(struct quotient *quotient)
{
	const struct dc_fabric *fabric = quotient->fabric;
	const struct dc_group *group = quotient->schedule->group;
	size_t spans = 0, uneven = 0;

	quotient->port_dimension = DC_GROUP_ACROSS;
	for (size_t f = 0; f < group->count && fabric->port_count; f++) {
		size_t d = group->factors[f].dimension;

		if (d < fabric->outside)
			continue;
		spans++;
		if (quotient->periods[d] < 2)
			continue;
		uneven++;
		quotient->port_dimension = d;
	}
	return !uneven || spans == 1;
}

/* --- parts --- */

/* Ports of a kind and direction are alike, of nodes at the same place of a period: equal blocks of ranks
 * have one each. */
static uint64_t fold_port(const struct quotient *quotient, uint64_t link, uint64_t *members)
{
	const struct dc_fabric *fabric = quotient->fabric;
	uint64_t node_size = fabric->strides[fabric->outside];
	uint64_t nodes = fabric->ranks / node_size, apart, place;
	uint64_t first = fabric->first_link[fabric->count];
	size_t i = 0, d = quotient->port_dimension;

	while (link >= first + 2 * fabric->ports[i].count * nodes)
		first += 2 * fabric->ports[i++].count * nodes;
	*members = fabric->ports[i].count * nodes;
	if (d == DC_GROUP_ACROSS)
		return first + (link - first) % 2;
	*members /= quotient->periods[d];
	apart = fabric->strides[d] / node_size;
	place = (link - first) / 2 / fabric->ports[i].count / apart % quotient->periods[d];
	return first + 2 * place * apart * fabric->ports[i].count + (link - first) % 2;
}

static enum dc_status find_link(struct quotient *quotient, size_t d, uint64_t link,
				uint32_t *number)
{
	const struct dc_fabric *fabric = quotient->fabric;
	const struct dc_fabric_dimension *dimension = &fabric->dimensions[d];
	uint64_t folded,
		members = dc_fabric_copies(fabric, d) * (dimension->size / quotient->periods[d]);
	struct dc_fabric_link built;
	struct dc_plan_link *row;
	double *capacity;
	uint32_t *value;

	if (link >= fabric->first_link[fabric->count])
		folded = fold_port(quotient, link, &members);
	else
		folded = fabric->first_link[d] + dimension->type->fold(dimension,
								       link - fabric->first_link[d],
								       quotient->periods[d]);
	value = dc_plan_index_find(&quotient->index, folded);

	if (!value)
		return DC_ERR_MEMORY;
	if (*value == DC_PLAN_NONE) {
		*value = quotient->parts.links.count;
		row = dc_plan_array_add(&quotient->parts.links, 1);
		capacity = dc_plan_array_add(&quotient->parts.capacities, 1);
		if (!row || !capacity)
			return DC_ERR_MEMORY;
		dc_fabric_link(fabric, folded, &built);
		*capacity = built.bandwidth_bps;
		*row = (struct dc_plan_link){
			.link = folded,
			.multiplicity = (double)members,
			.first_capacity = *value,
		};
	}
	*number = *value;
	return DC_OK;
}

static enum dc_status add_message(struct quotient *quotient, size_t d, double bytes,
				  double multiplicity)
{
	const struct dc_fabric_path *path = &quotient->path;
	uint32_t first = quotient->parts.hops.count;
	int64_t latency = dc_plan_latency(path);
	enum dc_status status = latency < 0 ? DC_ERR_RUN : DC_OK;

	if (!status)
		status = dc_plan_parts_message(&quotient->parts, bytes, multiplicity,
					       quotient->parts.ways.count);
	if (!status)
		status = dc_plan_parts_way(&quotient->parts, 0, latency, false);
	for (size_t i = 0; i < path->count && !status; i++) {
		uint32_t link;

		status = find_link(quotient, d, path->hops[i].link, &link);
		if (!status)
			status =
				dc_plan_parts_hop(&quotient->parts, first, link, path->hops[i].use);
	}
	quotient->too_much |= quotient->parts.hops.count > QUOTIENT_HOPS;
	return status;
}

static enum dc_status add_one(struct quotient *quotient, size_t d,
			      const struct dc_schedule_phase *phase,
			      const struct dc_pattern *pattern, uint64_t from, uint64_t to,
			      double bytes, double multiplicity)
{
	const struct dc_fabric *fabric = quotient->fabric;
	uint64_t stride = fabric->strides[d];
	bool root = pattern->kind == DC_PATTERN_UP || pattern->kind == DC_PATTERN_DOWN;
	enum dc_status status;

	if (root)
		status = dc_plan_route_root(fabric, phase, from * stride, d,
					    pattern->kind == DC_PATTERN_UP, &quotient->path);
	else
		status = dc_fabric_route(fabric, from * stride, to * stride, NULL, NULL,
					 &quotient->path);
	if (status)
		return status;
	dc_plan_charge(&quotient->path, fabric, quotient->cost, root, phase->reduces ? bytes : 0);
	return add_message(quotient, d, bytes, multiplicity);
}

/* The messages listed, on every line that begins within a period. */
static enum dc_status add_list(struct quotient *quotient, const struct dc_group_factor *factor,
			       const struct dc_schedule_phase *phase,
			       const struct dc_pattern *pattern)
{
	uint64_t stride = stride_of(quotient, factor),
		 period = quotient->periods[factor->dimension];
	enum dc_status status = DC_OK;

	for (uint64_t base = 0; base < period && !status && !quotient->too_much; base++) {
		if (base / stride % factor->size)
			continue;
		for (size_t m = 0; m < pattern->count && !status; m++)
			status = add_one(quotient, factor->dimension, phase, pattern,
					 base + pattern->messages[m].from * stride,
					 base + pattern->messages[m].to * stride,
					 pattern->messages[m].bytes,
					 (double)quotient->fabric->ranks / (double)period);
	}
	return status;
}

static enum dc_status add_pattern(struct quotient *quotient, const struct dc_group_factor *factor,
				  const struct dc_schedule_phase *phase,
				  const struct dc_pattern *pattern)
{
	uint64_t size = factor->size, stride = stride_of(quotient, factor);
	uint64_t period = quotient->periods[factor->dimension];
	enum dc_status status = DC_OK;

	if (pattern->kind == DC_PATTERN_LIST)
		return add_list(quotient, factor, phase, pattern);
	for (uint64_t i = 0; i < period && !status && !quotient->too_much; i++) {
		uint64_t place = i / stride % size, to = place;

		if (pattern->kind == DC_PATTERN_SHIFT)
			to = (place + pattern->offset) % size;
		else if (pattern->kind == DC_PATTERN_XOR)
			to = place ^ pattern->offset;
		if (to < size)
			status = add_one(quotient, factor->dimension, phase, pattern, i,
					 i - place * stride + to * stride, pattern->bytes,
					 (double)quotient->fabric->ranks / (double)period);
	}
	return status;
}

/* A phase is one class of lines; the next waits for it. */
static enum dc_status add_phase(struct quotient *quotient, const struct dc_track *track,
				const struct dc_schedule_phase *phase, uint32_t kind,
				uint32_t *before)
{
	const struct dc_group *group = quotient->schedule->group;
	const struct dc_group_factor *factor =
		&group->factors[factor_of(quotient->schedule, phase)];
	struct dc_plan_phase *row = dc_plan_array_add(&quotient->parts.phases, 1);
	uint32_t *phase_of = dc_plan_array_add(&quotient->parts.phase_of, 1);
	uint32_t number = quotient->parts.phases.count - 1; /* of line and bundle, too */
	enum dc_status status = dc_plan_parts_begin_bundle(&quotient->parts);

	if (!row || !phase_of)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < phase->count && !status; i++)
		status = add_pattern(quotient, factor, phase, &phase->patterns[i]);
	if (status)
		return status;
	dc_plan_parts_end_bundle(&quotient->parts);
	*phase_of = number;
	*row = (struct dc_plan_phase){
		.multiplicity = (double)(quotient->fabric->ranks / factor->size),
		.repeat = phase->repeat,
		.chunks = (uint32_t)track->chunks,
		.kind = kind,
		.first_line = number,
		.first_bundle = number,
		.needs = *before != DC_PLAN_NONE,
	};
	if (*before != DC_PLAN_NONE) {
		uint32_t *next = dc_plan_array_add(&quotient->parts.nexts, 1);

		if (!next)
			return DC_ERR_MEMORY;
		*next = number;
		row = (struct dc_plan_phase *)quotient->parts.phases.items + *before;
		row->first_next = quotient->parts.nexts.count - 1;
		row->nexts = 1;
	}
	*before = number;
	return DC_OK;
}

static enum dc_status add_schedule(struct quotient *quotient)
{
	const struct dc_schedule *schedule = quotient->schedule;
	struct dc_plan_operation *row = quotient->plan->operations;
	enum dc_status status = DC_OK;
	uint32_t kind = 0;

	for (size_t t = 0; t < schedule->count && !status; t++) {
		const struct dc_track *track = &schedule->tracks[t];
		uint32_t before = DC_PLAN_NONE;

		for (size_t p = 0; p < track->count && !status; p++)
			if (track->phases[p].repeat && track->phases[p].count)
				status = add_phase(quotient, track, &track->phases[p], kind++,
						   &before);
		row->last_lines += before != DC_PLAN_NONE;
	}
	row->lines = quotient->parts.phase_of.count;
	return status;
}

static bool allocate(struct dc_plan *plan, int64_t startup, double groups)
{
	plan->epoch_count = 1;
	plan->begins = calloc(1, sizeof *plan->begins);
	plan->operations = calloc(1, sizeof *plan->operations);
	plan->operation_of = calloc(1, sizeof *plan->operation_of);
	plan->jobs = calloc(1, sizeof *plan->jobs);
	plan->job_of = calloc(1, sizeof *plan->job_of);
	if (!plan->begins || !plan->operations || !plan->operation_of || !plan->jobs ||
	    !plan->job_of)
		return false;
	plan->operation_count = plan->job_count = 1;
	plan->asked_operations = plan->asked_jobs = 1;
	plan->operations[0] = (struct dc_plan_operation){
		.startup = startup, .multiplicity = groups, .next = DC_PLAN_NONE};
	plan->jobs[0] = (struct dc_plan_job){.multiplicity = groups};
	return true;
}

enum dc_status dc_plan_quotient(const struct dc_fabric *fabric,
				const struct dc_plan_operation_request *request,
				struct dc_plan *plan, bool *made)
{
	struct quotient quotient = {
		.fabric = fabric,
		.schedule = request->schedule,
		.cost = request->cost,
		.plan = plan,
	};
	dc_time startup = dc_time_from_s(request->cost->startup_s);
	enum dc_status status;

	*made = false;
	*plan = (struct dc_plan){0};
	dc_plan_parts_init(&quotient.parts);
	if (request->schedule->failed)
		return DC_ERR_MEMORY;
	if (startup > INT64_MAX)
		return DC_ERR_RUN;
	if (!is_uniform(&quotient))
		return DC_OK;
	find_periods(&quotient);
	if (!ports_fold(&quotient))
		return DC_OK;
	status = allocate(plan, (int64_t)startup,
			  (double)(fabric->ranks / request->schedule->group->size))
			 ? add_schedule(&quotient)
			 : DC_ERR_MEMORY;
	status = dc_plan_parts_take(&quotient.parts, plan, status);
	dc_plan_index_fini(&quotient.index);
	dc_fabric_path_fini(&quotient.path);
	*made = !status && !quotient.too_much;
	if (!*made)
		dc_plan_fini(plan);
	return status;
}
