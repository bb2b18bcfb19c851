/* Incremental sharing: changed levels spread to those they bear on, lowest first.
 *
 * A resource is consistent when its level is the candidate: the x with
 *   sum over its flows of pull x min(x, least level elsewhere on the path) = capacity,
 * infinite when even at infinity the sum stays within the capacity. When all are consistent the rates
 * are the max-min fair ones, whatever the way there: x depends on lower levels only, so the first
 * resource where two consistent states differ would have to differ in something lower.
 *
 * Inconsistent resources are settled in increasing order of min(level, candidate), as in
 * DynamicSWSF-FP [Ramalingam and Reps 1996] and Lifelong Planning A* [Koenig et al. 2004]: what a
 * step disturbs has a larger key, so a lowered level is final. A raised one goes to its candidate at
 * once, which is usually final too; after RAISES of these it goes to infinity first, as in those
 * algorithms, which bounds the steps. A bound on the work guards against ties that rounding keeps
 * apart: past it the caller fills. */
#include "fluid/solver.h"
#include "fluid/solver_private.h"

enum { RAISES = 4, RAISE_BITS = 4, AHEAD = 4, WORK_PER_INCIDENCE = 6, WORK_LEAST = 4096 };

/* What a resource's flows ask for when its level is x. */
struct demand {
	double frozen_load; /* of those held back elsewhere, below x */
	double frozen_pull;
	double free_pull; /* of the others */
	double highest_frozen;
	double lowest_free;
};

static struct demand demand_of_equals(const struct dc_fluid_solver *solver, uint32_t id, double x)
{
	const struct dc_fluid_resource *resource = &solver->resources[id];
	const uint32_t *flows = solver->share_flows + resource->block;
	const uint32_t count = resource->count;
	struct demand d = {0, 0, 0, -1, DC_FLUID_INFINITE};
	uint32_t frozen = 0;

	for (uint32_t i = 0; i < count; i++) {
		double other = dc_fluid_other(&solver->flows[flows[i]], id);

		if (other < x) {
			d.frozen_load += other;
			frozen++;
			if (other > d.highest_frozen)
				d.highest_frozen = other;
		} else if (other < d.lowest_free) {
			d.lowest_free = other;
		}
	}
	d.frozen_pull = frozen;
	d.free_pull = count - frozen;
	return d;
}

static struct demand demand_at(const struct dc_fluid_solver *solver, uint32_t id, double x)
{
	const struct dc_fluid_resource *resource = &solver->resources[id];
	const uint32_t *flows = solver->share_flows + resource->block;
	const double *pulls;
	struct demand d = {0, 0, 0, -1, DC_FLUID_INFINITE};

	if (!solver->pulls)
		return demand_of_equals(solver, id, x);
	pulls = solver->pulls + resource->block;
	for (uint32_t i = 0; i < resource->count; i++) {
		double other = dc_fluid_other(&solver->flows[flows[i]], id), pull = pulls[i];

		if (other < x) {
			d.frozen_load += pull * other;
			d.frozen_pull += pull;
			if (other > d.highest_frozen)
				d.highest_frozen = other;
		} else {
			d.free_pull += pull;
			if (other < d.lowest_free)
				d.lowest_free = other;
		}
	}
	return d;
}

static double candidate_of_one(const struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_resource *resource = &solver->resources[id];
	double pull = dc_fluid_pull(solver, resource->block), x = resource->capacity_bps / pull;
	double other = dc_fluid_other(&solver->flows[solver->share_flows[resource->block]], id);

	if (!(other <= x * DC_FLUID_FULL))
		return x;
	resource->offered = pull * other;
	resource->doubt = 4.5e-16 * resource->offered;
	return DC_FLUID_INFINITE;
}

/* The candidate of a resource with flows. Newton's method on the concave, piecewise linear sum: after
 * the first step from wherever it starts, x only grows and each step freezes more flows. */
static double candidate(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_resource *resource = &solver->resources[id];
	const double capacity = resource->capacity_bps;
	double x = resource->level < DC_FLUID_INFINITE ? resource->level : resource->candidate;

	if (!(capacity < DC_FLUID_INFINITE))
		return DC_FLUID_INFINITE;
	if (!resource->unbounded && resource->offered + resource->doubt < capacity * (1 - 1e-9))
		return DC_FLUID_INFINITE;
	if (resource->count == 1)
		return candidate_of_one(solver, id);
	for (uint32_t step = 0;; step++) {
		struct demand d = demand_at(solver, id, x);
		double least = capacity / (d.free_pull + d.frozen_pull), next = least;

		solver->work += resource->count;
		if (!(x < DC_FLUID_INFINITE) || !(d.free_pull > 0)) {
			resource->offered = d.frozen_load;
			resource->doubt = 4.5e-16 * resource->count * d.frozen_load;
		}
		if (!(d.free_pull > 0)) {
			if (d.frozen_load <= capacity * DC_FLUID_FULL)
				return DC_FLUID_INFINITE;
		} else {
			next = (capacity - d.frozen_load) / d.free_pull;
			if (next < least)
				next = least;
			if (d.highest_frozen < next && next <= d.lowest_free)
				return next;
		}
		if (step && next <= x)
			return x;
		x = next;
	}
}

/* As fmin of numbers, in place. */
static double least_of(double a, double b)
{
	return a < b ? a : b;
}

static bool same(double a, double b)
{
	return a == b || fabs(a - b) <= DC_FLUID_SAME * least_of(a, b);
}

static void put(struct dc_fluid_solver *solver, uint32_t place, struct dc_fluid_entry entry)
{
	solver->queue[place] = entry;
	solver->resources[entry.item].place = place;
}

static void sift_up(struct dc_fluid_solver *solver, uint32_t place)
{
	struct dc_fluid_entry entry = solver->queue[place];

	while (place && entry.key < solver->queue[(place - 1) / 2].key) {
		put(solver, place, solver->queue[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put(solver, place, entry);
}

static void sift_down(struct dc_fluid_solver *solver, uint32_t place)
{
	const struct dc_fluid_entry *queue = solver->queue;
	struct dc_fluid_entry entry = queue[place];

	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= solver->queue_count)
			break;
		if (child + 1 < solver->queue_count && queue[child + 1].key < queue[child].key)
			child++;
		if (!(queue[child].key < entry.key))
			break;
		put(solver, place, queue[child]);
		place = child;
	}
	put(solver, place, entry);
}

static void leave_queue(struct dc_fluid_solver *solver, struct dc_fluid_resource *resource)
{
	uint32_t place = resource->place;

	resource->place = DC_FLUID_NONE;
	if (place == --solver->queue_count)
		return;
	put(solver, place, solver->queue[solver->queue_count]);
	sift_down(solver, place);
	sift_up(solver, place);
}

/* Brings the candidate up to date and queues the resource when it is inconsistent. */
static void evaluate(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_resource *resource = &solver->resources[id];
	double key;

	if (!resource->count) {
		if (resource->place != DC_FLUID_NONE)
			leave_queue(solver, resource);
		return;
	}
	resource->candidate = candidate(solver, id);
	if (same(resource->level, resource->candidate)) {
		resource->candidate = resource->level;
		if (resource->place != DC_FLUID_NONE)
			leave_queue(solver, resource);
		return;
	}
	key = least_of(resource->level, resource->candidate);
	if (resource->place == DC_FLUID_NONE) {
		resource->place = solver->queue_count++;
		solver->queue[resource->place] = (struct dc_fluid_entry){key, id};
		sift_up(solver, resource->place);
	} else if (solver->queue[resource->place].key != key) {
		solver->queue[resource->place].key = key;
		sift_up(solver, resource->place);
		sift_down(solver, resource->place);
	}
}

/* Whether a share's other level going from one value to another can move the candidate. */
static bool bears(const struct dc_fluid_resource *resource, double from, double to)
{
	double lower = least_of(from, to);

	if (lower >= resource->level && lower >= resource->candidate)
		return false;
	if (resource->level < DC_FLUID_INFINITE || resource->candidate < DC_FLUID_INFINITE)
		return true;
	/* It holds nobody back: it may begin to when it is offered more. */
	return to > from && (resource->unbounded || !(resource->offered + resource->doubt <
						      resource->capacity_bps * (1 - 1e-9)));
}

/* What a flow's resources know of it: its least level, and at the resource of that level the second. */
struct known {
	double least, second;
	uint32_t least_at;
};

static struct known known_of(const struct dc_fluid_flow_state *flow)
{
	return (struct known){flow->least, flow->second, flow->least_at};
}

/* The flow's least level elsewhere than at one of its resources changed: the resource is told, and touched
 * if that matters to it. */
static void tell(struct dc_fluid_solver *solver, const struct dc_fluid_hop_state *hop, double from,
		 double to)
{
	struct dc_fluid_resource *resource = &solver->resources[hop->resource];

	if (resource->level < DC_FLUID_INFINITE) {
		/* It is full: nobody asks what it is offered, until it is summed again. */
		resource->unbounded -= !(from < DC_FLUID_INFINITE);
		resource->unbounded += !(to < DC_FLUID_INFINITE);
		resource->doubt = DC_FLUID_INFINITE;
	} else {
		dc_fluid_book(resource, dc_fluid_pull(solver, resource->block + hop->position),
			      from, to);
	}
	if (!resource->touched && bears(resource, from, to))
		dc_fluid_touch(solver, hop->resource);
}

/* Tells the resources of a flow what changed for them. */
static void spread(struct dc_fluid_solver *solver, const struct dc_fluid_flow_state *flow,
		   struct known before)
{
	const struct dc_fluid_hop_state *hops = solver->hops + flow->path;
	const struct known after = known_of(flow);

	solver->work += flow->hops;
	/* All the lines first: below, unforeseen branches would hold up the later ones. */
	for (uint32_t i = 0; i < flow->hops; i++)
		__builtin_prefetch(&solver->resources[hops[i].resource], 1);
	for (uint32_t i = 0; i < flow->hops; i++) {
		uint32_t id = hops[i].resource;
		double from = id == before.least_at ? before.second : before.least;
		double to = id == after.least_at ? after.second : after.least;

		if (from != to)
			tell(solver, &hops[i], from, to);
	}
}

/* The same when only the second level changed, which concerns the resource of the least one alone. */
static void spread_second(struct dc_fluid_solver *solver, const struct dc_fluid_flow_state *flow,
			  double from)
{
	const struct dc_fluid_hop_state *hop = solver->hops + flow->path;

	if (flow->least_at == DC_FLUID_NONE || from == flow->second)
		return;
	solver->work += 2;
	while (hop->resource != flow->least_at)
		hop++;
	tell(solver, hop, from, flow->second);
}

/* The flow hears that a resource on its path has another level. When that was its second level and rose,
 * the second is left too low: only the resource of the least level is told the second, to that one any
 * value from its own level up is the same, and once it rises past it the flow is looked at anew. */
static void hear(struct dc_fluid_solver *solver, uint32_t id, uint32_t resource, double to)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];
	const struct known before = known_of(flow);

	if (flow->least_at == resource) {
		if (to <= flow->second)
			flow->least = to;
		else
			dc_fluid_find_least(solver, id);
	} else if (to < flow->least) {
		/* Its own level may have been the second: then the least one becomes that. */
		flow->second = flow->least;
		flow->least = to;
		flow->least_at = resource;
	} else {
		if (to < flow->second) {
			flow->second = to;
			spread_second(solver, flow, before.second);
		}
		return;
	}
	if (flow->least != before.least)
		dc_fluid_note_changed(solver, id);
	spread(solver, flow, before);
}

/* Counts the raises of a resource in this solve; the count of another solve is told apart by the
 * solve's number modulo 4,096, and taking one for the other would only change the way. */
static unsigned count_raise(const struct dc_fluid_solver *solver,
			    struct dc_fluid_resource *resource)
{
	uint16_t solve = (uint16_t)(solver->statistics.propagated << RAISE_BITS);

	if ((resource->raises ^ solve) >> RAISE_BITS)
		resource->raises = solve;
	if ((resource->raises & ((1 << RAISE_BITS) - 1)) <= RAISES)
		resource->raises++;
	return resource->raises & ((1 << RAISE_BITS) - 1);
}

/* Gives the resource at the top of the queue its candidate as level. */
static void settle(struct dc_fluid_solver *solver)
{
	uint32_t id = solver->queue[0].item;
	struct dc_fluid_resource *resource = &solver->resources[id];
	double from = resource->level, to = resource->candidate;
	const uint32_t *flows;

	leave_queue(solver, resource);
	if (to > from && count_raise(solver, resource) > RAISES) {
		to = DC_FLUID_INFINITE;
		dc_fluid_touch(solver, id);
	}
	resource->level = to;
	solver->work += resource->count;
	flows = solver->share_flows + resource->block;
	for (uint32_t i = 0; i < resource->count; i++) {
		if (i + AHEAD < resource->count)
			__builtin_prefetch(&solver->flows[flows[i + AHEAD]]);
		hear(solver, flows[i], id, to);
	}
}

static void evaluate_touched(struct dc_fluid_solver *solver)
{
	for (uint32_t i = 0; i < solver->touched_count; i++) {
		solver->resources[solver->touched[i]].touched = false;
		evaluate(solver, solver->touched[i]);
	}
	solver->touched_count = 0;
}

/* Fresh flows find their place among the levels as they stand. */
static void place_fresh(struct dc_fluid_solver *solver)
{
	for (uint32_t i = 0; i < solver->fresh_count; i++) {
		struct dc_fluid_flow_state *flow = &solver->flows[solver->fresh[i]];
		struct known before;

		flow->flags &= (uint8_t)~DC_FLUID_FRESH;
		if (!(flow->flags & DC_FLUID_SHARING) || !flow->hops)
			continue;
		before = known_of(flow);
		dc_fluid_find_least(solver, solver->fresh[i]);
		spread(solver, flow, before);
	}
	solver->fresh_count = 0;
}

static bool alone(const struct dc_fluid_solver *solver, const struct dc_fluid_flow_state *flow)
{
	const struct dc_fluid_hop_state *hops = solver->hops + flow->path;

	if (!flow->hops || !(flow->flags & DC_FLUID_SHARING))
		return false;
	for (uint32_t i = 0; i < flow->hops; i++)
		if (solver->resources[hops[i].resource].count != 1)
			return false;
	return true;
}

/* A flow without company: the least of its resources gives it its level, or its cap. */
static void settle_one(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];
	const struct dc_fluid_hop_state *hops = solver->hops + flow->path;
	double cap = dc_fluid_cap_level(solver, id);

	flow->flags &= (uint8_t)~DC_FLUID_FRESH;
	flow->least = DC_FLUID_INFINITE;
	flow->second = cap;
	flow->least_at = DC_FLUID_NONE;
	for (uint32_t i = 0; i < flow->hops; i++) {
		const struct dc_fluid_resource *resource = &solver->resources[hops[i].resource];
		double level = resource->capacity_bps / dc_fluid_pull(solver, resource->block);

		if (level < flow->least) {
			flow->least = level;
			flow->least_at = hops[i].resource;
		}
	}
	if (cap <= flow->least * DC_FLUID_FULL) {
		flow->least = cap;
		flow->least_at = DC_FLUID_NONE;
		flow->second = DC_FLUID_INFINITE;
	}
	for (uint32_t i = 0; i < flow->hops; i++) {
		struct dc_fluid_resource *resource = &solver->resources[hops[i].resource];
		bool holds = hops[i].resource == flow->least_at;
		double other = holds ? flow->second : flow->least;

		resource->level = holds ? flow->least : DC_FLUID_INFINITE;
		resource->candidate = resource->level;
		resource->unbounded = !(other < DC_FLUID_INFINITE);
		resource->offered =
			resource->unbounded ? 0 : dc_fluid_pull(solver, resource->block) * other;
		resource->doubt = 4.5e-16 * resource->offered;
		resource->touched = false;
	}
}

void dc_fluid_settle_alone(struct dc_fluid_solver *solver)
{
	uint32_t fresh = 0, touched = 0;

	for (uint32_t i = 0; i < solver->fresh_count; i++) {
		uint32_t id = solver->fresh[i];

		if (alone(solver, &solver->flows[id]))
			settle_one(solver, id);
		else
			solver->fresh[fresh++] = id;
	}
	if (fresh == solver->fresh_count)
		return;
	solver->fresh_count = fresh;
	for (uint32_t i = 0; i < solver->touched_count; i++)
		if (solver->resources[solver->touched[i]].touched)
			solver->touched[touched++] = solver->touched[i];
	solver->touched_count = touched;
}

bool dc_fluid_propagate(struct dc_fluid_solver *solver)
{
	uint64_t bound = WORK_LEAST + WORK_PER_INCIDENCE * solver->incidences;

	solver->work = 0;
	place_fresh(solver);
	evaluate_touched(solver);
	while (solver->queue_count && solver->work <= bound) {
		settle(solver);
		evaluate_touched(solver);
	}
	if (!solver->queue_count)
		return true;
	while (solver->queue_count)
		solver->resources[solver->queue[--solver->queue_count].item].place = DC_FLUID_NONE;
	return false;
}
