/* Who is on what: flows, their paths, and the lists of the resources. */
#include <stdlib.h>
#include <string.h>

#include "fluid/solver.h"
#include "fluid/solver_private.h"

enum {
	LINEAR_HOPS = 12,
	LEAST_ROOM = 2, /* of a list */
	KEPT_ROOM = 8,  /* an empty list up to this long stays where it is */
	HOP_STRIDE = sizeof(struct dc_fluid_hop_state) / sizeof(uint32_t)
};

/* Inserts one hop into the flow's sorted path; a resource already there adds up. */
static enum dc_status insert_hop(struct dc_fluid_solver *solver, struct dc_fluid_flow_state *state,
				 const struct dc_fluid_hop *hop)
{
	struct dc_fluid_hop_state *hops = solver->hops + state->path;
	uint32_t place = state->hops;
	double *uses;

	while (place && hops[place - 1].resource > hop->resource)
		place--;
	if (place && hops[place - 1].resource == hop->resource) {
		if (dc_fluid_need_uses(solver) != DC_OK)
			return DC_ERR_MEMORY;
		solver->uses[state->path + place - 1] += hop->use;
		return DC_OK;
	}
	if (hop->use != 1.0 && dc_fluid_need_uses(solver) != DC_OK)
		return DC_ERR_MEMORY;
	uses = solver->uses ? solver->uses + state->path : NULL;
	for (uint32_t i = state->hops++; i > place; i--) {
		hops[i] = hops[i - 1];
		if (uses)
			uses[i] = uses[i - 1];
	}
	hops[place] = (struct dc_fluid_hop_state){hop->resource, DC_FLUID_NONE};
	if (uses)
		uses[place] = hop->use;
	return DC_OK;
}

/* The usual path, no resource twice and every use 1, is stored at once; false when it is another, or
 * out of range. */
static bool store_plainly(struct dc_fluid_solver *solver, struct dc_fluid_flow_state *state,
			  const struct dc_fluid_hop *hops, uint32_t count)
{
	struct dc_fluid_hop_state *stored = solver->hops + state->path;

	if (count > LINEAR_HOPS)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t resource = hops[i].resource, place = i;

		if (hops[i].use != 1.0 || resource >= solver->resource_count)
			return false;
		for (; place && stored[place - 1].resource >= resource; place--) {
			if (stored[place - 1].resource == resource)
				return false;
			stored[place].resource = stored[place - 1].resource;
		}
		stored[place].resource = resource;
	}
	if (solver->uses)
		for (uint32_t i = 0; i < count; i++)
			solver->uses[state->path + i] = 1.0;
	state->hops = count;
	return true;
}

enum dc_status dc_fluid_check_path(const struct dc_fluid_solver *solver,
				   const struct dc_fluid_hop *path, uint32_t hops)
{
	if (hops > INT32_MAX)
		return DC_ERR_RUN;
	for (uint32_t i = 0; i < hops; i++)
		if (path[i].resource >= solver->resource_count ||
		    !(path[i].use >= 0 && path[i].use < DC_FLUID_INFINITE))
			return DC_ERR_RUN;
	return DC_OK;
}

/* Checks and stores the path; hops of use 0 are left out. */
static enum dc_status store_path(struct dc_fluid_solver *solver, struct dc_fluid_flow_state *state,
				 const struct dc_fluid_hop *hops, uint32_t count)
{
	const uint32_t *links = (const uint32_t *)solver->hops;
	enum dc_status status;
	unsigned class;
	uint32_t path;

	if (count > INT32_MAX)
		return DC_ERR_RUN;
	state->hops = 0;
	state->path = DC_FLUID_NO_BLOCK;
	if (!count)
		return DC_OK;
	class = dc_fluid_block_class(count);
	path = dc_fluid_blocks_take(&solver->path_blocks, class, links, HOP_STRIDE);
	if (path == DC_FLUID_NO_BLOCK) {
		if (dc_fluid_grow_hops(solver, dc_fluid_block_size(class)) != DC_OK)
			return DC_ERR_MEMORY;
		links = (const uint32_t *)solver->hops;
		path = dc_fluid_blocks_take(&solver->path_blocks, class, links, HOP_STRIDE);
	}
	state->path = path;
	state->room = (uint8_t) class;
	if (store_plainly(solver, state, hops, count))
		return DC_OK;
	status = dc_fluid_check_path(solver, hops, count);
	state->hops = 0;
	for (uint32_t i = 0; status == DC_OK && i < count; i++)
		if (hops[i].use > 0)
			status = insert_hop(solver, state, &hops[i]);
	if (status != DC_OK)
		dc_fluid_blocks_give(&solver->path_blocks, class, path, (uint32_t *)solver->hops,
				     HOP_STRIDE);
	return status;
}

static bool legal(const struct dc_fluid_flow *flow)
{
	return flow->weight > 0 && isfinite(flow->weight) && flow->cap_bps >= 0 &&
	       flow->multiplicity > 0 && isfinite(flow->multiplicity);
}

enum dc_status dc_fluid_add(struct dc_fluid_solver *solver, const struct dc_fluid_flow *flow,
			    uint32_t *id)
{
	struct dc_fluid_flow_state state = {.least_at = DC_FLUID_NONE, .path = DC_FLUID_NO_BLOCK};
	const struct dc_fluid_terms terms = {flow->weight, flow->cap_bps, flow->multiplicity};
	bool usual = terms.weight == 1 && terms.multiplicity == 1 &&
		     !(terms.cap_bps < DC_FLUID_INFINITE);
	enum dc_status status;

	if (!legal(flow))
		return DC_ERR_RUN;
	if (solver->free_flow == DC_FLUID_NONE && solver->flow_count == solver->flow_capacity &&
	    dc_fluid_grow_flows(solver, 0) != DC_OK)
		return DC_ERR_MEMORY;
	if (!usual && dc_fluid_need_terms(solver) != DC_OK)
		return DC_ERR_MEMORY;
	status = store_path(solver, &state, flow->path, flow->hops);
	if (status != DC_OK)
		return status;
	if (solver->free_flow != DC_FLUID_NONE) {
		*id = solver->free_flow;
		solver->free_flow = solver->flows[*id].path;
		state.flags = solver->flows[*id].flags;
	} else {
		*id = solver->flow_count++;
	}
	state.flags |= DC_FLUID_LIVE;
	solver->flows[*id] = state;
	if (solver->terms)
		solver->terms[*id] = terms;
	return DC_OK;
}

/* Where the flow keeps its hop over the resource; it has one. */
static struct dc_fluid_hop_state *find_hop(const struct dc_fluid_solver *solver,
					   const struct dc_fluid_flow_state *flow,
					   uint32_t resource)
{
	struct dc_fluid_hop_state *hops = solver->hops + flow->path;
	uint32_t low = 0, high = flow->hops;

	if (flow->hops <= LINEAR_HOPS) {
		while (hops->resource != resource)
			hops++;
		return hops;
	}
	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if (hops[middle].resource > resource)
			high = middle;
		else
			low = middle;
	}
	return hops + low;
}

static uint32_t list_size(const struct dc_fluid_resource *resource)
{
	return resource->block == DC_FLUID_NO_BLOCK ? 0 : dc_fluid_block_size(resource->room);
}

/* The block for a list and those that come: exact when many do, half as much again for a few. */
static unsigned class_for(const struct dc_fluid_resource *resource)
{
	uint32_t coming = dc_fluid_coming(resource), spare = resource->count / 2;
	uint32_t wanted = resource->count + (coming > spare ? coming : spare);

	return dc_fluid_block_class(wanted > LEAST_ROOM ? wanted : LEAST_ROOM);
}

/* Moves the resource's list to where there is room for those that come. */
static void make_room(struct dc_fluid_solver *solver, struct dc_fluid_resource *resource)
{
	unsigned class = class_for(resource);
	uint32_t old = resource->block, count = resource->count;
	uint32_t block = dc_fluid_blocks_take(&solver->share_blocks, class, solver->share_flows, 1);

	if (old != DC_FLUID_NO_BLOCK) {
		memcpy(solver->share_flows + block, solver->share_flows + old,
		       count * sizeof *solver->share_flows);
		if (solver->pulls)
			memcpy(solver->pulls + block, solver->pulls + old,
			       count * sizeof *solver->pulls);
		dc_fluid_blocks_give(&solver->share_blocks, resource->room, old,
				     solver->share_flows, 1);
	}
	resource->block = block;
	resource->room = (uint8_t) class;
}

static double pull_of(const struct dc_fluid_solver *solver, uint32_t id, uint32_t hop)
{
	const struct dc_fluid_terms terms = dc_fluid_terms_of(solver, id);
	uint32_t place = solver->flows[id].path + hop;

	return terms.multiplicity * dc_fluid_use(solver, place) * terms.weight /
	       solver->members[solver->hops[place].resource];
}

/* Whether one of the flow's pulls is not 1; without looking where neither terms, uses nor members are
 * unusual. */
static bool pulls_unusually(const struct dc_fluid_solver *solver, uint32_t id)
{
	if (!solver->terms && !solver->uses && !solver->classes)
		return false;
	for (uint32_t i = 0; i < solver->flows[id].hops; i++)
		if (pull_of(solver, id, i) != 1.0)
			return true;
	return false;
}

/* Its levels are unknown until the next solve. */
static void mark_fresh(struct dc_fluid_solver *solver, uint32_t id)
{
	if (solver->flows[id].flags & DC_FLUID_FRESH)
		return;
	solver->flows[id].flags |= DC_FLUID_FRESH;
	solver->fresh[solver->fresh_count++] = id;
}

/* Announces one more flow to a resource. A list may move into a block of at most a quarter more
 * than class_for wants: half as much again as the list, and one per flow that comes. */
static void expect(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_resource *resource = &solver->resources[id];

	if (!dc_fluid_coming(resource)) {
		solver->promised += 5 * (uint64_t)resource->count + 2 * LEAST_ROOM;
		dc_fluid_touch(solver, id);
	}
	solver->promised += 3;
	resource->place--;
}

static void expect_no_more(struct dc_fluid_solver *solver, const struct dc_fluid_flow_state *flow)
{
	for (uint32_t i = 0; i < flow->hops; i++)
		solver->resources[solver->hops[flow->path + i].resource].place++;
}

enum dc_status dc_fluid_start(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];
	bool capped = dc_fluid_terms_of(solver, id).cap_bps < DC_FLUID_INFINITE;

	if (flow->flags & DC_FLUID_SHARING)
		return DC_OK;
	if (capped && dc_fluid_reserve_queue(solver, (uint64_t)solver->resource_capacity +
							     solver->capped + 1) != DC_OK)
		return DC_ERR_MEMORY;
	if (!solver->pulls && pulls_unusually(solver, id) && dc_fluid_need_pulls(solver) != DC_OK)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < flow->hops; i++)
		expect(solver, solver->hops[flow->path + i].resource);
	/* Promises are counted in halves. */
	if (solver->share_blocks.capacity - solver->share_blocks.used < solver->promised / 2 + 1 &&
	    dc_fluid_grow_shares(solver, solver->promised / 2 + 1) != DC_OK) {
		expect_no_more(solver, flow);
		return DC_ERR_MEMORY;
	}
	solver->coming_count++;
	solver->incidences += flow->hops;
	solver->capped += capped;
	flow->flags |= DC_FLUID_SHARING | DC_FLUID_UNSOLVED | DC_FLUID_COMING;
	flow->least = DC_FLUID_INFINITE;
	flow->second = DC_FLUID_INFINITE;
	flow->least_at = DC_FLUID_NONE;
	mark_fresh(solver, id);
	return DC_OK;
}

/* The flow goes to the end of the lists of its resources, where there is room. */
static void enlist(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];
	struct dc_fluid_hop_state *hops = solver->hops + flow->path;

	flow->flags &= (uint8_t)~DC_FLUID_COMING;
	for (uint32_t i = 0; i < flow->hops; i++) {
		struct dc_fluid_resource *resource = &solver->resources[hops[i].resource];
		uint32_t place = resource->block + resource->count;

		hops[i].position = resource->count++;
		resource->unbounded++;
		solver->share_flows[place] = id;
		if (solver->pulls)
			solver->pulls[place] = pull_of(solver, id, i);
	}
}

void dc_fluid_admit(struct dc_fluid_solver *solver)
{
	if (!solver->coming_count)
		return;
	for (uint32_t i = 0; i < solver->touched_count; i++) {
		struct dc_fluid_resource *resource = &solver->resources[solver->touched[i]];

		if (!dc_fluid_coming(resource))
			continue;
		if (resource->count + dc_fluid_coming(resource) > list_size(resource))
			make_room(solver, resource);
		if (!resource->count) {
			resource->active = solver->active_count;
			solver->active[solver->active_count++] = solver->touched[i];
		}
		resource->place = DC_FLUID_NONE;
	}
	for (uint32_t i = 0; i < solver->fresh_count; i++)
		if (solver->flows[solver->fresh[i]].flags & DC_FLUID_COMING)
			enlist(solver, solver->fresh[i]);
	solver->promised = 0;
	solver->coming_count = 0;
}

/* Takes one share of a flow out of a list; the last takes its place. */
static void take_out(struct dc_fluid_solver *solver, const struct dc_fluid_flow_state *flow,
		     const struct dc_fluid_hop_state *hop)
{
	struct dc_fluid_resource *resource = &solver->resources[hop->resource];
	uint32_t place = resource->block + hop->position;
	uint32_t last = resource->block + --resource->count;
	double other = dc_fluid_other(flow, hop->resource);
	uint32_t mover;

	if (resource->level < DC_FLUID_INFINITE) {
		/* It was full: nobody asks what it is offered, until it is summed again. */
		resource->unbounded -= !(other < DC_FLUID_INFINITE);
		resource->doubt = DC_FLUID_INFINITE;
	} else if (other < DC_FLUID_INFINITE) {
		double offered = dc_fluid_pull(solver, place) * other;

		resource->offered -= offered;
		resource->doubt += 4.5e-16 * (fabs(resource->offered) + offered);
	} else {
		resource->unbounded--;
	}
	if (place != last) {
		mover = solver->share_flows[last];
		solver->share_flows[place] = mover;
		if (solver->pulls)
			solver->pulls[place] = solver->pulls[last];
		find_hop(solver, &solver->flows[mover], hop->resource)->position = hop->position;
	}
	if (resource->count) {
		dc_fluid_touch(solver, hop->resource);
		return;
	}
	resource->level = DC_FLUID_INFINITE;
	resource->candidate = DC_FLUID_INFINITE;
	resource->offered = 0;
	resource->doubt = 0;
	if (dc_fluid_block_size(resource->room) > KEPT_ROOM && !dc_fluid_coming(resource)) {
		dc_fluid_blocks_give(&solver->share_blocks, resource->room, resource->block,
				     solver->share_flows, 1);
		resource->block = DC_FLUID_NO_BLOCK;
	}
	mover = solver->active[--solver->active_count];
	solver->active[resource->active] = mover;
	solver->resources[mover].active = resource->active;
}

void dc_fluid_stop(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];

	if (!(flow->flags & DC_FLUID_SHARING))
		return;
	if (flow->flags & DC_FLUID_COMING) {
		expect_no_more(solver, flow);
		if (!--solver->coming_count)
			solver->promised = 0;
	} else {
		for (uint32_t i = 0; i < flow->hops; i++)
			take_out(solver, flow, &solver->hops[flow->path + i]);
	}
	solver->incidences -= flow->hops;
	solver->capped -= dc_fluid_terms_of(solver, id).cap_bps < DC_FLUID_INFINITE;
	flow->flags &= (uint8_t) ~(DC_FLUID_SHARING | DC_FLUID_UNSOLVED | DC_FLUID_COMING);
}

static void drop_path(struct dc_fluid_solver *solver, const struct dc_fluid_flow_state *flow)
{
	if (flow->path != DC_FLUID_NO_BLOCK)
		dc_fluid_blocks_give(&solver->path_blocks, flow->room, flow->path,
				     (uint32_t *)solver->hops, HOP_STRIDE);
}

enum dc_status dc_fluid_set_path(struct dc_fluid_solver *solver, uint32_t id,
				 const struct dc_fluid_hop *path, uint32_t hops)
{
	bool sharing = solver->flows[id].flags & DC_FLUID_SHARING;
	struct dc_fluid_flow_state stored;
	enum dc_status status;

	stored = solver->flows[id];
	status = store_path(solver, &stored, path, hops);
	if (status != DC_OK)
		return status;
	dc_fluid_stop(solver, id);
	drop_path(solver, &solver->flows[id]);
	solver->flows[id].path = stored.path;
	solver->flows[id].hops = stored.hops;
	solver->flows[id].room = stored.room;
	return sharing ? dc_fluid_start(solver, id) : DC_OK;
}

void dc_fluid_remove(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];

	dc_fluid_stop(solver, id);
	drop_path(solver, flow);
	flow->flags &= (uint8_t)~DC_FLUID_LIVE;
	flow->path = solver->free_flow;
	solver->free_flow = id;
}

/* New pulls for a flow that is in the lists. */
static void renew_pulls(struct dc_fluid_solver *solver, uint32_t id)
{
	const struct dc_fluid_flow_state *flow = &solver->flows[id];

	for (uint32_t i = 0; i < flow->hops; i++) {
		const struct dc_fluid_hop_state *hop = &solver->hops[flow->path + i];
		struct dc_fluid_resource *resource = &solver->resources[hop->resource];
		uint32_t share = resource->block + hop->position;
		double other = dc_fluid_other(flow, hop->resource);

		dc_fluid_book(resource, solver->pulls[share], other, DC_FLUID_INFINITE);
		solver->pulls[share] = pull_of(solver, id, i);
		dc_fluid_book(resource, solver->pulls[share], DC_FLUID_INFINITE, other);
		dc_fluid_touch(solver, hop->resource);
	}
}

enum dc_status dc_fluid_set_weight(struct dc_fluid_solver *solver, uint32_t id, double weight)
{
	uint8_t flags = solver->flows[id].flags;

	if (!(weight > 0) || !isfinite(weight))
		return DC_ERR_RUN;
	if (dc_fluid_need_terms(solver) != DC_OK || dc_fluid_need_pulls(solver) != DC_OK)
		return DC_ERR_MEMORY;
	solver->terms[id].weight = weight;
	if (!(flags & DC_FLUID_SHARING))
		return DC_OK;
	if (!(flags & DC_FLUID_COMING))
		renew_pulls(solver, id);
	mark_fresh(solver, id);
	return DC_OK;
}

enum dc_status dc_fluid_set_cap(struct dc_fluid_solver *solver, uint32_t id, double cap_bps)
{
	const struct dc_fluid_flow_state *flow = &solver->flows[id];
	bool sharing = flow->flags & DC_FLUID_SHARING, was, is = cap_bps < DC_FLUID_INFINITE;

	if (!(cap_bps >= 0))
		return DC_ERR_RUN;
	if (dc_fluid_need_terms(solver) != DC_OK)
		return DC_ERR_MEMORY;
	was = solver->terms[id].cap_bps < DC_FLUID_INFINITE;
	if (sharing && is && !was &&
	    dc_fluid_reserve_queue(solver, (uint64_t)solver->resource_capacity + solver->capped +
						   1) != DC_OK)
		return DC_ERR_MEMORY;
	if (sharing) {
		solver->capped -= was;
		solver->capped += is;
		for (uint32_t i = 0; i < flow->hops; i++)
			dc_fluid_touch(solver, solver->hops[flow->path + i].resource);
		mark_fresh(solver, id);
	}
	solver->terms[id].cap_bps = cap_bps;
	return DC_OK;
}
