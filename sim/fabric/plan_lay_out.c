/* Laying out a plan in full: every line, every message, every hop. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/plan_build.h"

struct layout {
	const struct dc_plan_request *request;
	const struct dc_fabric *fabric; /* of epoch 0 */
	struct dc_plan *plan;
	struct dc_plan_parts parts;
	struct dc_plan_index index; /* plan links by fabric links */
	struct dc_fabric_path path, other;
	/* of the operation that is laid out: */
	const struct dc_schedule *schedule;
	const struct dc_fabric_cost *cost;
	uint32_t operation;
	struct dc_plan_operation *row;
	uint32_t *loads; /* adaptive routing: messages of the phase, by link of the plan */
	uint32_t load_capacity;
	uint32_t kind;
	struct dc_plan_array done;  /* struct laid_out, by phase */
	struct dc_plan_array moves; /* struct move */
	/* A bundle like this one but for its bytes, or DC_PLAN_NONE, and the message of it that is next. */
	uint32_t twin, twin_message;
};

/* A phase of the operation, and where its bundles are. */
struct laid_out {
	const struct dc_schedule_phase *phase;
	uint32_t first_bundle;
};

/* Lists of who waits for whom, of a phase along a factor before one along another. */
struct move {
	size_t factor, next;
	uint32_t first_next, nexts;
};

/* --- links and ways --- */

static enum dc_status find_link(struct layout *layout, uint64_t link, uint32_t *number)
{
	const struct dc_plan_request *request = layout->request;
	uint32_t *value = dc_plan_index_find(&layout->index, link);
	struct dc_plan_link *row;
	double *capacities;

	if (!value)
		return DC_ERR_MEMORY;
	if (*value == DC_PLAN_NONE) {
		*value = layout->parts.links.count;
		row = dc_plan_array_add(&layout->parts.links, 1);
		capacities = dc_plan_array_add(&layout->parts.capacities,
					       (uint32_t)request->epoch_count);
		if (!row || !capacities)
			return DC_ERR_MEMORY;
		*row = (struct dc_plan_link){
			.link = link,
			.multiplicity = 1,
			.first_capacity =
				layout->parts.capacities.count - (uint32_t)request->epoch_count,
		};
		for (size_t e = 0; e < request->epoch_count; e++) {
			struct dc_fabric_link built;

			dc_fabric_link(request->epochs[e].fabric, link, &built);
			capacities[e] = built.bandwidth_bps;
		}
	}
	*number = *value;
	return DC_OK;
}

/* The load that adaptive routing sees: messages of this phase routed so far. */
static double load_of(const void *context, uint64_t link)
{
	struct layout *layout = (struct layout *)context;
	const uint32_t *number = dc_plan_index_find(&layout->index, link);

	if (!number || *number == DC_PLAN_NONE || *number >= layout->load_capacity)
		return 0;
	return layout->loads[*number];
}

static enum dc_status count_load(struct layout *layout, uint32_t link, double use)
{
	if (layout->fabric->routing.policy != DC_ROUTING_ADAPTIVE || use <= 0)
		return DC_OK;
	if (link >= layout->load_capacity) {
		uint32_t capacity = 2 * link + 64;
		uint32_t *loads = realloc(layout->loads, capacity * sizeof *loads);

		if (!loads)
			return DC_ERR_MEMORY;
		memset(loads + layout->load_capacity, 0,
		       (capacity - layout->load_capacity) * sizeof *loads);
		layout->loads = loads;
		layout->load_capacity = capacity;
	}
	layout->loads[link]++;
	return DC_OK;
}

static enum dc_status add_way(struct layout *layout, const struct dc_fabric_path *path,
			      uint32_t epoch)
{
	int64_t latency = dc_plan_latency(path);
	enum dc_status status;

	if (latency < 0)
		return DC_ERR_RUN;
	status = dc_plan_parts_way(&layout->parts, epoch, latency, epoch > 0);
	for (size_t i = 0; i < path->count && !status; i++) {
		double use = path->hops[i].use;
		uint32_t link;

		status = find_link(layout, path->hops[i].link, &link);
		if (!status)
			status = count_load(layout, link, use);
		/* Each link is in a path once. */
		if (!status)
			status = dc_plan_parts_hop(&layout->parts, layout->parts.hops.count, link,
						   use);
	}
	return status;
}

static bool same_path(const struct dc_fabric_path *a, const struct dc_fabric_path *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->hops[i].link != b->hops[i].link || a->hops[i].use != b->hops[i].use)
			return false;
	return true;
}

/* How a message goes: between ranks, or between a rank and the root of its dimension's switches. */
struct errand {
	uint64_t from, to;
	const struct dc_schedule_phase *phase;
	enum dc_pattern_kind kind;
	size_t dimension; /* UP, DOWN */
	double reduced_bytes;
};

static enum dc_status find_path(const struct layout *layout, size_t epoch,
				const struct errand *errand, struct dc_fabric_path *path)
{
	const struct dc_fabric *fabric = layout->request->epochs[epoch].fabric;
	bool root = errand->kind == DC_PATTERN_UP || errand->kind == DC_PATTERN_DOWN;
	enum dc_status status;

	if (root)
		status = dc_plan_route_root(fabric, errand->phase, errand->from, errand->dimension,
					    errand->kind == DC_PATTERN_UP, path);
	else
		status = dc_fabric_route(fabric, errand->from, errand->to, load_of, layout, path);
	if (!status)
		dc_plan_charge(path, fabric, layout->cost, root, errand->reduced_bytes);
	return status;
}

/* The first way of the next message of the twin. */
static uint32_t next_twin(struct layout *layout)
{
	const struct dc_plan_bundle *bundle =
		(const struct dc_plan_bundle *)layout->parts.bundles.items + layout->twin;
	uint32_t at = bundle->first + layout->twin_message++;

	if (bundle->terms != DC_PLAN_NONE)
		return at;
	return ((const struct dc_plan_message *)layout->parts.listed.items)[at].first_way;
}

static enum dc_status add_message(struct layout *layout, const struct errand *errand, double bytes)
{
	struct dc_fabric_path swap;
	enum dc_status status;

	if (layout->twin != DC_PLAN_NONE)
		return dc_plan_parts_message(&layout->parts, bytes, 1, next_twin(layout));
	status = dc_plan_parts_message(&layout->parts, bytes, 1, layout->parts.ways.count);
	if (!status)
		status = find_path(layout, 0, errand, &layout->path);
	if (!status)
		status = add_way(layout, &layout->path, 0);
	for (size_t e = 1; e < layout->request->epoch_count && !status; e++) {
		status = find_path(layout, e, errand, &layout->other);
		if (status || same_path(&layout->path, &layout->other))
			continue;
		status = add_way(layout, &layout->other, (uint32_t)e);
		swap = layout->path;
		layout->path = layout->other;
		layout->other = swap;
	}
	return status;
}

/* --- lines --- */

static enum dc_status add_pattern(struct layout *layout, const struct dc_schedule_phase *phase,
				  const struct dc_pattern *pattern, uint64_t line)
{
	const struct dc_group *group = layout->schedule->group;
	uint64_t size = dc_group_line_size(group, phase->factor);
	uint64_t count = pattern->kind == DC_PATTERN_LIST ? pattern->count : size;
	enum dc_status status = DC_OK;

	for (uint64_t i = 0; i < count && !status; i++) {
		uint64_t from = i, to = i;
		double bytes = pattern->bytes;
		struct errand errand = {.phase = phase, .kind = pattern->kind};

		if (pattern->kind == DC_PATTERN_SHIFT) {
			to = (i + pattern->offset) % size;
		} else if (pattern->kind == DC_PATTERN_XOR) {
			to = i ^ pattern->offset;
			if (to >= size)
				continue;
		} else if (pattern->kind == DC_PATTERN_LIST) {
			from = pattern->messages[i].from;
			to = pattern->messages[i].to;
			bytes = pattern->messages[i].bytes;
		} else {
			errand.dimension = group->factors[phase->factor].dimension;
		}
		errand.from =
			dc_group_rank(group, dc_group_member(group, phase->factor, line, from));
		errand.to = dc_group_rank(group, dc_group_member(group, phase->factor, line, to));
		errand.reduced_bytes = phase->reduces ? bytes : 0;
		status = add_message(layout, &errand, bytes);
	}
	return status;
}

static enum dc_status add_bundle(struct layout *layout, const struct dc_schedule_phase *phase,
				 uint64_t line)
{
	enum dc_status status = dc_plan_parts_begin_bundle(&layout->parts);

	layout->twin_message = 0;
	for (size_t i = 0; i < phase->count && !status; i++)
		status = add_pattern(layout, phase, &phase->patterns[i], line);
	if (!status)
		dc_plan_parts_end_bundle(&layout->parts);
	return status;
}

/* Two phases whose messages take the same ways along the same lines; `equal`: with the same bytes, too. What
 * is added up on arrival is part of the latency. */
static bool same_phase(const struct layout *layout, const struct dc_schedule_phase *a,
		       const struct dc_schedule_phase *b, bool equal)
{
	bool adds = layout->cost->reduction_bps > 0 && (a->reduces || b->reduces);

	if (a->factor != b->factor || a->count != b->count || a->returns != b->returns ||
	    (adds && a->reduces != b->reduces))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct dc_pattern *x = &a->patterns[i], *y = &b->patterns[i];

		if (x->kind != y->kind || x->kind == DC_PATTERN_LIST || x->offset != y->offset ||
		    ((equal || adds) && x->bytes != y->bytes))
			return false;
	}
	return true;
}

/* The first bundle of an earlier phase of the operation whose messages take the same ways; DC_PLAN_NONE: none. */
static uint32_t find_twin(const struct layout *layout, const struct dc_schedule_phase *phase)
{
	const struct laid_out *done = layout->done.items;

	/* Adaptive routing looks at what else there is. */
	for (uint32_t i = 0;
	     i < layout->done.count && layout->fabric->routing.policy != DC_ROUTING_ADAPTIVE; i++)
		if (same_phase(layout, done[i].phase, phase, false))
			return done[i].first_bundle;
	return DC_PLAN_NONE;
}

/* The first bundle of an earlier phase of the track that sends the same; DC_PLAN_NONE: none. */
static uint32_t find_same(const struct layout *layout, const struct dc_track *track, size_t number,
			  const uint32_t *numbers)
{
	const struct dc_plan_phase *phases = layout->parts.phases.items;

	for (size_t i = 0; i < number && track->chunks == 1; i++)
		if (track->phases[i].repeat &&
		    same_phase(layout, &track->phases[i], &track->phases[number], true))
			return phases[numbers[i]].first_bundle;
	return DC_PLAN_NONE;
}

/* The lines of a phase; their bundles are those of an earlier phase of the track where it sends the same
 * (and adaptive routing does not look at what else there is). */
static enum dc_status add_phase(struct layout *layout, const struct dc_track *track, size_t number,
				uint32_t *numbers)
{
	const struct dc_schedule_phase *phase = &track->phases[number];
	uint64_t count = dc_group_lines(layout->schedule->group, phase->factor);
	uint32_t twin = find_twin(layout, phase), same = find_same(layout, track, number, numbers);
	struct dc_plan_phase *row = dc_plan_array_add(&layout->parts.phases, 1);
	uint32_t *phase_of;

	if (!row || count >= DC_PLAN_NONE)
		return DC_ERR_MEMORY;
	numbers[number] = layout->parts.phases.count - 1;
	*row = (struct dc_plan_phase){
		.multiplicity = 1,
		.repeat = phase->repeat,
		.operation = layout->operation,
		.chunks = (uint32_t)track->chunks,
		.kind = layout->kind++,
		.first_line = layout->parts.phase_of.count,
		.first_bundle = same != DC_PLAN_NONE ? same : layout->parts.bundles.count,
	};
	if (twin == DC_PLAN_NONE) {
		struct laid_out *done = dc_plan_array_add(&layout->done, 1);

		if (!done)
			return DC_ERR_MEMORY;
		*done = (struct laid_out){phase, row->first_bundle};
	}
	phase_of = dc_plan_array_add(&layout->parts.phase_of, (uint32_t)count);
	if (!phase_of)
		return DC_ERR_MEMORY;
	if (layout->loads)
		memset(layout->loads, 0, layout->load_capacity * sizeof *layout->loads);
	for (uint32_t i = 0; i < count; i++) {
		enum dc_status status = DC_OK;

		phase_of[i] = numbers[number];
		layout->twin = twin == DC_PLAN_NONE ? DC_PLAN_NONE : twin + i;
		if (same == DC_PLAN_NONE)
			status = add_bundle(layout, phase, i);
		if (status)
			return status;
	}
	return DC_OK;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Lines of a phase are followed by those of the next that a member of theirs is in: lists of numbers
 * within the next phase, each of the same length, for factors are a lattice (group.h). */
static enum dc_status list_nexts(struct layout *layout, size_t factor, size_t next,
				 const struct move **listed)
{
	const struct dc_group *group = layout->schedule->group;
	uint64_t lines = dc_group_lines(group, factor);
	uint64_t size = dc_group_line_size(group, factor);
	struct move *move;

	for (uint32_t i = 0; i < layout->moves.count; i++) {
		*listed = (const struct move *)layout->moves.items + i;
		if ((*listed)->factor == factor && (*listed)->next == next)
			return DC_OK;
	}
	move = dc_plan_array_add(&layout->moves, 1);
	if (!move)
		return DC_ERR_MEMORY;
	*move = (struct move){factor, next, layout->parts.nexts.count, 0};
	for (uint64_t i = 0; i < lines; i++) {
		uint32_t begin = layout->parts.nexts.count, kept = 0;
		uint32_t *nexts = dc_plan_array_add(&layout->parts.nexts, (uint32_t)size);

		if (!nexts)
			return DC_ERR_MEMORY;
		for (uint64_t m = 0; m < size; m++)
			nexts[m] = (uint32_t)dc_group_line_of(group, next,
							      dc_group_member(group, factor, i, m));
		qsort(nexts, size, sizeof *nexts, compare_numbers);
		for (uint64_t m = 0; m < size; m++)
			if (!kept || nexts[kept - 1] != nexts[m])
				nexts[kept++] = nexts[m];
		layout->parts.nexts.count = begin + kept;
		move->nexts = kept;
	}
	*listed = move;
	return DC_OK;
}

/* The lines of phase `number` wait for those of the one before. */
static enum dc_status link_phases(struct layout *layout, uint32_t before, size_t factor,
				  uint32_t number, size_t next)
{
	const struct dc_group *group = layout->schedule->group;
	struct dc_plan_phase *phases = layout->parts.phases.items;
	const struct move *move = NULL;
	enum dc_status status = list_nexts(layout, factor, next, &move);

	if (status)
		return status;
	phases[before].base_next = phases[number].first_line;
	phases[before].first_next = move->first_next;
	phases[before].nexts = move->nexts;
	phases[number].needs = (uint32_t)(dc_group_lines(group, factor) * move->nexts /
					  dc_group_lines(group, next));
	return DC_OK;
}

static enum dc_status add_track(struct layout *layout, const struct dc_track *track)
{
	uint32_t *numbers = calloc(track->count + 1, sizeof *numbers); /* of phases, in the plan */
	enum dc_status status = numbers ? DC_OK : DC_ERR_MEMORY;
	size_t before = track->count;

	for (size_t i = 0; i < track->count && !status; i++) {
		if (!track->phases[i].repeat || !track->phases[i].count)
			continue;
		status = add_phase(layout, track, i, numbers);
		if (!status && before < track->count)
			status = link_phases(layout, numbers[before], track->phases[before].factor,
					     numbers[i], track->phases[i].factor);
		before = i;
	}
	if (!status && before < track->count)
		layout->row->last_lines += (uint32_t)dc_group_lines(layout->schedule->group,
								    track->phases[before].factor);
	free(numbers);
	return status;
}

static enum dc_status add_operation(struct layout *layout,
				    const struct dc_plan_operation_request *request, uint32_t job)
{
	dc_time startup = dc_time_from_s(request->cost->startup_s);
	enum dc_status status = DC_OK;

	if (startup > INT64_MAX || request->schedule->failed)
		return request->schedule->failed ? DC_ERR_MEMORY : DC_ERR_RUN;
	layout->schedule = request->schedule;
	layout->cost = request->cost;
	layout->kind = 0;
	layout->done.count = 0;
	layout->moves.count = 0;
	*layout->row = (struct dc_plan_operation){
		.startup = (int64_t)startup,
		.multiplicity = 1,
		.job = job,
		.next = DC_PLAN_NONE,
		.first_line = layout->parts.phase_of.count,
	};
	for (size_t t = 0; t < request->schedule->count && !status; t++)
		status = add_track(layout, &request->schedule->tracks[t]);
	layout->row->lines = layout->parts.phase_of.count - layout->row->first_line;
	return status;
}

/* --- the whole --- */

static enum dc_status add_jobs(struct layout *layout)
{
	const struct dc_plan_request *request = layout->request;
	struct dc_plan *plan = layout->plan;
	uint32_t count = 0;

	for (uint32_t j = 0; j < request->job_count; j++) {
		const struct dc_plan_job_request *job = &request->jobs[j];

		plan->job_of[j] = j;
		plan->jobs[j] =
			(struct dc_plan_job){job->arrival, 1, job->count ? count : DC_PLAN_NONE};
		for (uint32_t i = 0; i < job->count; i++, count++) {
			enum dc_status status;

			plan->operation_of[count] = count;
			layout->operation = count;
			layout->row = &plan->operations[count];
			status = add_operation(layout, &job->operations[i], j);
			if (status)
				return status;
			if (i + 1 < job->count)
				layout->row->next = count + 1;
		}
	}
	return DC_OK;
}

static bool allocate(struct layout *layout)
{
	const struct dc_plan_request *request = layout->request;
	struct dc_plan *plan = layout->plan;
	size_t operations = 0;

	for (size_t j = 0; j < request->job_count; j++)
		operations += request->jobs[j].count;
	if (operations >= DC_PLAN_NONE || request->job_count >= DC_PLAN_NONE)
		return false;
	plan->operation_count = plan->asked_operations = (uint32_t)operations;
	plan->job_count = plan->asked_jobs = (uint32_t)request->job_count;
	plan->epoch_count = request->epoch_count;
	plan->begins = calloc(request->epoch_count, sizeof *plan->begins);
	plan->operations = calloc(operations + 1, sizeof *plan->operations);
	plan->operation_of = calloc(operations + 1, sizeof *plan->operation_of);
	plan->jobs = calloc(request->job_count + 1, sizeof *plan->jobs);
	plan->job_of = calloc(request->job_count + 1, sizeof *plan->job_of);
	return plan->begins && plan->operations && plan->operation_of && plan->jobs && plan->job_of;
}

enum dc_status dc_plan_lay_out(const struct dc_plan_request *request, struct dc_plan *plan)
{
	struct layout layout = {
		.request = request,
		.fabric = request->epochs[0].fabric,
		.plan = plan,
		.done.size = sizeof(struct laid_out),
		.moves.size = sizeof(struct move),
	};
	enum dc_status status = DC_ERR_MEMORY;

	*plan = (struct dc_plan){0};
	dc_plan_parts_init(&layout.parts);
	if (allocate(&layout))
		status = add_jobs(&layout);
	for (size_t e = 0; e < request->epoch_count && plan->begins; e++)
		plan->begins[e] = request->epochs[e].begin;
	status = dc_plan_parts_take(&layout.parts, plan, status);
	dc_plan_index_fini(&layout.index);
	dc_fabric_path_fini(&layout.path);
	dc_fabric_path_fini(&layout.other);
	free(layout.done.items);
	free(layout.moves.items);
	free(layout.loads);
	if (status)
		dc_plan_fini(plan);
	return status;
}
