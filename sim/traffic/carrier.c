/* Carrying flows: from a list to transfers on the engine. */
#include "traffic/carrier.h"

#include <math.h>
#include <stdlib.h>

#include "fluid/transfers.h"
#include "traffic/flows_route.h"

/* A flow under way, on dimensions. */
struct live {
	dc_fluid_transfer transfer;
	struct dc_fluid_hop *hops;
	uint32_t count;
	bool moved; /* has changed its way */
};

struct dc_traffic_carrier {
	struct dc_engine *engine;
	const struct dc_traffic *traffic;
	dc_traffic_observer *ended;
	void *context;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	struct dc_fluid_hop *path; /* of the flow that starts */
	uint32_t *order;           /* flows by start */
	/* On dimensions: */
	struct live *live; /* by flow */
	uint32_t *users;   /* flows on each link */
	struct dc_fabric_path scratch;
	size_t epoch;
	dc_event next_epoch;
	size_t started;
	size_t finished;
};

/* Resources are numbered as links are. */
static enum dc_status add_links(struct dc_traffic_carrier *carrier)
{
	const struct dc_graph *graph = &carrier->traffic->graph;

	for (size_t i = 0; i < dc_graph_link_count(graph); i++) {
		uint32_t resource;
		enum dc_status status = dc_fluid_add_resource(
			carrier->solver, graph->links[i].bandwidth_bps, 1, &resource);

		if (status)
			return status;
	}
	return DC_OK;
}

struct turn {
	dc_time start;
	uint32_t flow;
};

static int compare_turns(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->flow < y->flow ? -1 : x->flow > y->flow;
}

static enum dc_status sort_flows(struct dc_traffic_carrier *carrier)
{
	const struct dc_traffic *traffic = carrier->traffic;
	struct turn *turns = calloc(traffic->count + 1, sizeof *turns);

	carrier->order = calloc(traffic->count + 1, sizeof *carrier->order);
	if (!turns || !carrier->order) {
		free(turns);
		return DC_ERR_MEMORY;
	}
	for (size_t i = 0; i < traffic->count; i++)
		turns[i] = (struct turn){traffic->flows[i].start, (uint32_t)i};
	qsort(turns, traffic->count, sizeof *turns, compare_turns);
	for (size_t i = 0; i < traffic->count; i++)
		carrier->order[i] = turns[i].flow;
	free(turns);
	return DC_OK;
}

/* --- on dimensions --- */

static void count_users(struct dc_traffic_carrier *carrier, const struct live *live, uint32_t more)
{
	for (uint32_t i = 0; i < live->count; i++)
		carrier->users[live->hops[i].resource] += more;
}

/* The path of now, into carrier->path. */
static enum dc_status find_path(struct dc_traffic_carrier *carrier, uint32_t flow, uint32_t *count)
{
	return dc_traffic_dimensions_route(carrier->traffic, &carrier->traffic->flows[flow],
					   carrier->epoch, carrier->users, &carrier->scratch,
					   carrier->path, count);
}

static bool is_down(const struct dc_traffic_carrier *carrier, uint32_t link)
{
	return !(dc_traffic_dimensions_capacity_bps(carrier->traffic, link, carrier->epoch) > 0);
}

static bool is_broken(const struct dc_traffic_carrier *carrier, const struct live *live)
{
	for (uint32_t i = 0; i < live->count; i++)
		if (is_down(carrier, live->hops[i].resource))
			return true;
	return false;
}

static bool is_same(const struct live *live, const struct dc_fluid_hop *path, uint32_t count)
{
	for (uint32_t i = 0; live->count == count && i < count; i++)
		if (live->hops[i].resource != path[i].resource || live->hops[i].use != path[i].use)
			return false;
	return live->count == count;
}

static enum dc_status keep_path(struct dc_traffic_carrier *carrier, struct live *live,
				uint32_t count)
{
	struct dc_fluid_hop *hops = realloc(live->hops, (count + 1u) * sizeof *hops);

	if (!hops)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < count; i++)
		hops[i] = carrier->path[i];
	live->hops = hops;
	live->count = count;
	return DC_OK;
}

static enum dc_status move_flow(struct dc_traffic_carrier *carrier, uint32_t flow)
{
	struct live *live = &carrier->live[flow];
	const struct dc_fabric *fabric =
		carrier->traffic->dimensions->epochs[carrier->epoch].fabric;
	enum dc_status status;
	uint32_t count;

	if (fabric->routing.policy == DC_ROUTING_ADAPTIVE && !is_broken(carrier, live))
		return DC_OK;
	count_users(carrier, live, UINT32_MAX);
	status = find_path(carrier, flow, &count);
	if (!status && !is_same(live, carrier->path, count)) {
		live->moved = true;
		status = keep_path(carrier, live, count);
		if (!status)
			status = dc_fluid_transfers_reroute(carrier->transfers, live->transfer,
							    carrier->path, count);
	}
	count_users(carrier, live, 1);
	return status;
}

static void schedule_epoch(struct dc_traffic_carrier *carrier, size_t number);

static void begin_epoch(void *context, uint64_t number)
{
	struct dc_traffic_carrier *carrier = context;
	const struct dc_traffic *traffic = carrier->traffic;
	size_t before = carrier->epoch;
	enum dc_status status = DC_OK;

	carrier->epoch = (size_t)number;
	for (uint32_t l = 0; l < dc_graph_link_count(&traffic->graph) && !status; l++) {
		double now = dc_traffic_dimensions_capacity_bps(traffic, l, carrier->epoch);

		if (now != dc_traffic_dimensions_capacity_bps(traffic, l, before))
			status = dc_fluid_transfers_set_capacity(carrier->transfers, l, now);
	}
	for (uint32_t f = 0; f < traffic->count && !status; f++)
		if (carrier->live[f].transfer)
			status = move_flow(carrier, f);
	if (status)
		dc_engine_fail(carrier->engine, status);
	schedule_epoch(carrier, carrier->epoch + 1);
}

/* What is to come after the last flow does not keep the engine going. */
static void schedule_epoch(struct dc_traffic_carrier *carrier, size_t number)
{
	const struct dc_traffic_dimensions *dimensions = carrier->traffic->dimensions;

	carrier->next_epoch = 0;
	if (dimensions && number < dimensions->epoch_count)
		carrier->next_epoch =
			dc_engine_schedule(carrier->engine, dimensions->epochs[number].begin,
					   DC_PHASE_STATE, 0, begin_epoch, carrier, number);
}

bool dc_traffic_carrier_waits(const struct dc_traffic_carrier *carrier, uint32_t *flow,
			      uint32_t *link)
{
	for (*flow = 0; carrier->live && *flow < carrier->traffic->count; ++*flow) {
		const struct live *live = &carrier->live[*flow];

		for (uint32_t i = 0; live->transfer && i < live->count; i++) {
			*link = live->hops[i].resource;
			if (is_down(carrier, *link))
				return true;
		}
	}
	return false;
}

/* The flow has ended; what its path took. */
static double leave(struct dc_traffic_carrier *carrier, uint32_t flow)
{
	struct live *live = &carrier->live[flow];
	double uses = live->moved ? (double)NAN : 0;

	for (uint32_t i = 0; i < live->count; i++)
		uses += live->hops[i].use;
	count_users(carrier, live, UINT32_MAX);
	free(live->hops);
	*live = (struct live){0};
	return uses;
}

/* --- every flow --- */

static void on_done(void *context, uint64_t flow)
{
	struct dc_traffic_carrier *carrier = context;
	const struct dc_traffic_end end = {
		.flow = (uint32_t)flow,
		.start = carrier->traffic->flows[flow].start,
		.finish = dc_engine_now(carrier->engine),
		.bottleneck = dc_fluid_transfers_held_by(carrier->transfers),
		.uses = carrier->live ? leave(carrier, (uint32_t)flow)
				      : carrier->traffic->flows[flow].hops,
	};
	enum dc_status status = carrier->ended(carrier->context, &end);

	if (++carrier->finished == carrier->traffic->count && carrier->next_epoch)
		dc_engine_cancel(carrier->engine, carrier->next_epoch);
	if (status)
		dc_engine_fail(carrier->engine, status);
}

static enum dc_status start_routed(struct dc_traffic_carrier *carrier, uint32_t number,
				   struct dc_fluid_transfer_spec *spec)
{
	struct live *live = &carrier->live[number];
	enum dc_status status = find_path(carrier, number, &spec->hops);

	if (!status)
		status = keep_path(carrier, live, spec->hops);
	if (status)
		return status;
	count_users(carrier, live, 1);
	spec->latency = dc_time_from_s(carrier->scratch.latency_s);
	return dc_fluid_transfers_start(carrier->transfers, spec, &live->transfer);
}

static enum dc_status start_one(struct dc_traffic_carrier *carrier, uint32_t number)
{
	const struct dc_traffic_flow *flow = &carrier->traffic->flows[number];
	struct dc_fluid_transfer_spec spec = {
		.path = carrier->path,
		.hops = flow->hops,
		.entity = number,
		.bytes = flow->bytes,
		.weight = 1,
		.cap_bps = (double)INFINITY,
		.multiplicity = 1,
		.latency = flow->latency,
		.done = on_done,
		.context = carrier,
		.argument = number,
	};

	if (carrier->live)
		return start_routed(carrier, number, &spec);
	for (uint32_t i = 0; i < flow->hops; i++)
		carrier->path[i] = (struct dc_fluid_hop){flow->links[i], 1};
	return dc_fluid_transfers_start(carrier->transfers, &spec, NULL);
}

static void schedule_next(struct dc_traffic_carrier *carrier);

/* All flows of one instant. */
static void on_start(void *context, uint64_t argument)
{
	struct dc_traffic_carrier *carrier = context;
	const struct dc_traffic *traffic = carrier->traffic;
	dc_time now = dc_engine_now(carrier->engine);

	(void)argument;
	while (carrier->started < traffic->count) {
		uint32_t flow = carrier->order[carrier->started];
		enum dc_status status;

		if (traffic->flows[flow].start > now)
			break;
		carrier->started++;
		status = start_one(carrier, flow);
		if (status) {
			dc_engine_fail(carrier->engine, status);
			return;
		}
	}
	schedule_next(carrier);
}

static void schedule_next(struct dc_traffic_carrier *carrier)
{
	const struct dc_traffic *traffic = carrier->traffic;

	if (carrier->started == traffic->count)
		return;
	dc_engine_schedule(carrier->engine, traffic->flows[carrier->order[carrier->started]].start,
			   DC_PHASE_COMPLETION, 1, on_start, carrier, 0);
}

struct dc_traffic_carrier *dc_traffic_carrier_create(struct dc_engine *engine,
						     const struct dc_traffic *traffic,
						     dc_traffic_observer *ended, void *context)
{
	struct dc_traffic_carrier *carrier = calloc(1, sizeof *carrier);

	if (!carrier)
		return NULL;
	carrier->engine = engine;
	carrier->traffic = traffic;
	carrier->ended = ended;
	carrier->context = context;
	carrier->path = calloc((size_t)traffic->longest + 1, sizeof *carrier->path);
	carrier->solver = dc_fluid_create();
	if (carrier->solver)
		carrier->transfers =
			dc_fluid_transfers_create(engine, carrier->solver, DC_PHASE_STATE);
	if (traffic->dimensions) {
		carrier->live = calloc(traffic->count + 1, sizeof *carrier->live);
		carrier->users =
			calloc(dc_graph_link_count(&traffic->graph) + 1, sizeof *carrier->users);
	}
	if (!carrier->path || !carrier->transfers ||
	    (traffic->dimensions && (!carrier->live || !carrier->users)) || add_links(carrier) ||
	    sort_flows(carrier)) {
		dc_traffic_carrier_destroy(carrier);
		return NULL;
	}
	return carrier;
}

void dc_traffic_carrier_destroy(struct dc_traffic_carrier *carrier)
{
	if (!carrier)
		return;
	dc_fluid_transfers_destroy(carrier->transfers);
	dc_fluid_destroy(carrier->solver);
	for (size_t i = 0; carrier->live && i < carrier->traffic->count; i++)
		free(carrier->live[i].hops);
	free(carrier->live);
	free(carrier->users);
	dc_fabric_path_fini(&carrier->scratch);
	free(carrier->order);
	free(carrier->path);
	free(carrier);
}

void dc_traffic_carrier_start(struct dc_traffic_carrier *carrier)
{
	schedule_epoch(carrier, 1);
	schedule_next(carrier);
}

size_t dc_traffic_carrier_ended(const struct dc_traffic_carrier *carrier)
{
	return carrier->finished;
}

double dc_traffic_carrier_carried_bytes(const struct dc_traffic_carrier *carrier, uint32_t link)
{
	return dc_sum_value(dc_fluid_transfers_carried(carrier->transfers, link));
}
