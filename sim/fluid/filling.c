/* Full sharing: progressive filling.
 *
 * The resource that would be full first, at level capacity left / pull of its flows without a level,
 * gives that level to those flows; what they take is booked on the rest of their paths; and so on.
 * Keys, the levels last seen, only grow: a stale one is a lower bound. A level that is given is summed
 * afresh from the resource's own flows, and the resource is out before it fixes them, so rounding on
 * ties cannot bring up another in its place.
 *
 * The order comes from a heap over the keys up to twice the least one. The others wait beside it, in
 * no order, until it is empty: when the last flow has its level, many of them were never looked at. */
#include "fluid/solver.h"
#include "fluid/solver_private.h"

/* Heap items are resources, and flows with a cap, told apart by the top bit. */
static const uint32_t cap_item = (uint32_t)1 << 31;

/* Resources in use lose their level; during the filling offered is the capacity left, doubt the pull
 * and unbounded the number of the flows without a level, candidate the pull when last summed. */
static void open_resources(struct dc_fluid_solver *solver)
{
	solver->queue_count = 0;
	for (uint32_t i = 0; i < solver->active_count; i++) {
		uint32_t id = solver->active[i];
		struct dc_fluid_resource *resource = &solver->resources[id];
		double pull = resource->count;

		if (solver->pulls) {
			pull = 0;
			for (uint32_t j = 0; j < resource->count; j++)
				pull += solver->pulls[resource->block + j];
		}
		resource->level = DC_FLUID_INFINITE;
		resource->offered = resource->capacity_bps;
		resource->doubt = pull;
		resource->candidate = pull;
		resource->unbounded = resource->count;
		solver->queue[solver->queue_count++] =
			(struct dc_fluid_entry){resource->capacity_bps / pull, id};
	}
	solver->fixed = 0;
}

/* Each capped flow once: where it meets the first resource of its path. */
static void open_caps(struct dc_fluid_solver *solver)
{
	for (uint32_t i = 0; solver->capped && i < solver->active_count; i++) {
		const struct dc_fluid_resource *resource = &solver->resources[solver->active[i]];

		for (uint32_t j = 0; j < resource->count; j++) {
			uint32_t id = solver->share_flows[resource->block + j];
			double level = dc_fluid_cap_level(solver, id);

			if (level < DC_FLUID_INFINITE &&
			    solver->hops[solver->flows[id].path].resource == solver->active[i])
				solver->queue[solver->queue_count++] =
					(struct dc_fluid_entry){level, id | cap_item};
		}
	}
}

/* Sums what is left and who is without a level from the resource's own flows. */
static double refresh(struct dc_fluid_solver *solver, struct dc_fluid_resource *resource)
{
	const uint32_t *flows = solver->share_flows + resource->block;
	double load = 0, pull = 0;

	for (uint32_t i = 0; i < resource->count; i++) {
		const struct dc_fluid_flow_state *flow = &solver->flows[flows[i]];
		double own = dc_fluid_pull(solver, resource->block + i);

		if (flow->flags & DC_FLUID_FIXED)
			load += own * flow->least;
		else
			pull += own;
	}
	resource->offered = fmax(resource->capacity_bps - load, 0);
	resource->doubt = pull;
	resource->candidate = pull;
	return resource->offered / pull;
}

/* The flow has its level; its resources but one are told. */
static void fix(struct dc_fluid_solver *solver, uint32_t id, double level, uint32_t at)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];
	const struct dc_fluid_hop_state *hops = solver->hops + flow->path;

	if (!(flow->flags & DC_FLUID_CHANGED) && flow->least != level)
		dc_fluid_note_changed(solver, id);
	flow->least = level;
	flow->flags |= DC_FLUID_FIXED;
	for (uint32_t i = 0; i < flow->hops; i++) {
		struct dc_fluid_resource *resource = &solver->resources[hops[i].resource];
		double pull;

		if (hops[i].resource == at)
			continue;
		resource->unbounded--;
		if (!(level < DC_FLUID_INFINITE))
			continue; /* only unlimited resources are left */
		pull = dc_fluid_pull(solver, resource->block + hops[i].position);
		resource->offered -= pull * level;
		resource->doubt -= pull;
	}
	solver->fixed += flow->hops;
	solver->fresh[solver->work++] = id;
}

/* The resource's other flows get its level. */
static void give_level(struct dc_fluid_solver *solver, uint32_t id, double level)
{
	struct dc_fluid_resource *resource = &solver->resources[id];

	resource->level = level;
	resource->unbounded = 0;
	for (uint32_t i = 0; i < resource->count; i++) {
		uint32_t flow = solver->share_flows[resource->block + i];

		if (!(solver->flows[flow].flags & DC_FLUID_FIXED))
			fix(solver, flow, level, id);
	}
}

/* The heap is at the front of the queue: */
struct near {
	uint32_t count;
	double last; /* its keys go up to this one */
};

static void draw_near(struct dc_fluid_solver *solver, struct near *near)
{
	struct dc_fluid_entry *queue = solver->queue;
	double least = DC_FLUID_INFINITE;

	for (uint32_t i = 0; i < solver->queue_count; i++)
		least = queue[i].key < least ? queue[i].key : least;
	near->last = 2 * least;
	for (uint32_t i = 0; i < solver->queue_count; i++)
		if (queue[i].key <= near->last) {
			struct dc_fluid_entry entry = queue[i];

			queue[i] = queue[near->count];
			queue[near->count++] = entry;
		}
	for (uint32_t i = near->count / 2; i-- > 0;)
		dc_fluid_heap_down(queue, near->count, i);
}

/* The top leaves the heap: for good, or to wait with another key. */
static void pop(struct dc_fluid_solver *solver, struct near *near)
{
	solver->queue[0] = solver->queue[--near->count];
	solver->queue[near->count] = solver->queue[--solver->queue_count];
	if (near->count)
		dc_fluid_heap_down(solver->queue, near->count, 0);
}

static void defer(struct dc_fluid_solver *solver, struct near *near, double key)
{
	struct dc_fluid_entry entry = {key, solver->queue[0].item};

	solver->queue[0] = solver->queue[--near->count];
	solver->queue[near->count] = entry;
	if (near->count)
		dc_fluid_heap_down(solver->queue, near->count, 0);
}

/* The least key below the top. */
static double next_key(const struct dc_fluid_solver *solver, const struct near *near)
{
	double key = DC_FLUID_INFINITE;

	for (uint32_t i = 1; i < 3 && i < near->count; i++)
		key = solver->queue[i].key < key ? solver->queue[i].key : key;
	return key;
}

/* The resource at the top is filled, leaves because its flows all have levels, or goes back down. */
static void fill_top(struct dc_fluid_solver *solver, struct near *near)
{
	uint32_t id = solver->queue[0].item;
	struct dc_fluid_resource *resource = &solver->resources[id];
	double next = next_key(solver, near), level;

	if (!resource->unbounded) {
		pop(solver, near);
		return;
	}
	/* The pull, kept up by differences, is trusted down to an eighth of its last sum. */
	if (!(resource->capacity_bps < DC_FLUID_INFINITE))
		level = DC_FLUID_INFINITE; /* the limited ones are done: nothing holds these flows */
	else if (resource->doubt < resource->candidate / 8)
		level = refresh(solver, resource);
	else
		level = fmax(resource->offered, 0) / resource->doubt;
	if (level < DC_FLUID_INFINITE && level <= next && resource->unbounded < resource->count)
		level = refresh(solver, resource);
	if (level > near->last) {
		defer(solver, near, level);
	} else if (level > next * (1 + DC_FLUID_SAME)) {
		solver->queue[0].key = level;
		dc_fluid_heap_down(solver->queue, near->count, 0);
	} else {
		pop(solver, near);
		give_level(solver, id, level);
	}
}

/* From levels to what propagation keeps: least and second of each flow. */
static void close_flows(struct dc_fluid_solver *solver)
{
	for (uint64_t k = 0; k < solver->work; k++) {
		struct dc_fluid_flow_state *flow = &solver->flows[solver->fresh[k]];

		flow->flags &= (uint8_t)~DC_FLUID_FIXED;
		dc_fluid_find_least(solver, solver->fresh[k]);
	}
}

/* And what is offered to each resource. */
static void close_resources(struct dc_fluid_solver *solver)
{
	for (uint32_t i = 0; i < solver->active_count; i++) {
		uint32_t id = solver->active[i];
		struct dc_fluid_resource *resource = &solver->resources[id];
		const uint32_t *flows = solver->share_flows + resource->block;
		double offered = 0;
		uint32_t unbounded = 0;

		for (uint32_t j = 0; j < resource->count; j++) {
			double other = dc_fluid_other(&solver->flows[flows[j]], id);

			if (other < DC_FLUID_INFINITE)
				offered += dc_fluid_pull(solver, resource->block + j) * other;
			else
				unbounded++;
		}
		resource->candidate = resource->level;
		resource->offered = offered;
		resource->unbounded = unbounded;
		resource->doubt = 4.5e-16 * resource->count * offered;
	}
}

void dc_fluid_fill(struct dc_fluid_solver *solver)
{
	struct near near = {0, 0};

	solver->work = 0; /* flows with a level */
	open_resources(solver);
	open_caps(solver);
	while (solver->queue_count && solver->fixed < solver->incidences) {
		uint32_t item;
		double level;

		if (!near.count)
			draw_near(solver, &near);
		item = solver->queue[0].item;
		level = solver->queue[0].key;
		if (!(item & cap_item)) {
			fill_top(solver, &near);
			continue;
		}
		pop(solver, &near);
		if (!(solver->flows[item & ~cap_item].flags & DC_FLUID_FIXED))
			fix(solver, item & ~cap_item, level, DC_FLUID_NONE);
	}
	solver->queue_count = 0;
	close_flows(solver);
	close_resources(solver);
}
