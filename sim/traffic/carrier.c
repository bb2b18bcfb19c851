/* Carrying flows: from a list to transfers on the engine. */
#include "traffic/carrier.h"

#include <math.h>
#include <stdlib.h>

#include "fluid/transfers.h"

struct dc_traffic_carrier {
	struct dc_engine *engine;
	const struct dc_traffic *traffic;
	dc_traffic_observer *ended;
	void *context;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	struct dc_fluid_hop *path; /* of the flow that starts */
	uint32_t *order;           /* flows by start */
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

static void on_done(void *context, uint64_t flow)
{
	struct dc_traffic_carrier *carrier = context;
	const struct dc_traffic_end end = {
		.flow = (uint32_t)flow,
		.start = carrier->traffic->flows[flow].start,
		.finish = dc_engine_now(carrier->engine),
		.bottleneck = dc_fluid_transfers_held_by(carrier->transfers),
	};
	enum dc_status status = carrier->ended(carrier->context, &end);

	carrier->finished++;
	if (status)
		dc_engine_fail(carrier->engine, status);
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
	if (!carrier->path || !carrier->transfers || add_links(carrier) || sort_flows(carrier)) {
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
	free(carrier->order);
	free(carrier->path);
	free(carrier);
}

void dc_traffic_carrier_start(struct dc_traffic_carrier *carrier)
{
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
