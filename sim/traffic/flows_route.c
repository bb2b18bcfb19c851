/* Flows on dimensions: which links their paths may take, and which they take. */
#include "traffic/flows_route.h"

#include <string.h>

static const struct dc_fabric *fabric_of(const struct dc_traffic *traffic, size_t epoch)
{
	return traffic->dimensions->epochs[epoch].fabric;
}

static enum dc_status note_link(struct dc_traffic *traffic, struct dc_arena *arena, uint64_t link)
{
	struct dc_traffic_dimensions *d = traffic->dimensions;
	struct dc_graph_link row = {DC_GRAPH_NONE, DC_GRAPH_NONE, 0, 0};
	struct dc_fabric_link built;
	enum dc_status status;
	uint32_t number;
	char name[256];

	dc_fabric_link_name(fabric_of(traffic, 0), link, name, sizeof name);
	if (dc_intern_find(&traffic->graph.ids, name) != DC_INTERN_NONE)
		return DC_OK;
	dc_fabric_link(fabric_of(traffic, 0), link, &built);
	row.bandwidth_bps = built.bandwidth_bps;
	row.latency_s = built.latency_s;
	status = dc_graph_add(&traffic->graph, name, &row, &number);
	if (status)
		return status;
	if (number == d->room) {
		size_t room = d->room ? 2 * d->room : 64;
		uint64_t *links = dc_arena_array(arena, room, sizeof *links);

		if (!links)
			return DC_ERR_MEMORY;
		if (number)
			memcpy(links, d->links, number * sizeof *links);
		d->links = links;
		d->room = room;
	}
	d->links[number] = link;
	return DC_OK;
}

static enum dc_status note_path(struct dc_traffic *traffic, struct dc_arena *arena,
				const struct dc_fabric *fabric, uint64_t from, uint64_t to)
{
	struct dc_fabric_path path = {0};
	enum dc_status status = dc_fabric_route(fabric, from, to, NULL, NULL, &path);

	for (size_t i = 0; i < path.count && !status; i++)
		status = note_link(traffic, arena, path.hops[i].link);
	if (path.count > traffic->longest)
		traffic->longest = (uint32_t)path.count;
	dc_fabric_path_fini(&path);
	return status;
}

enum dc_status dc_traffic_dimensions_note(struct dc_traffic *traffic, struct dc_arena *arena,
					  uint64_t from, uint64_t to)
{
	enum dc_status status = DC_OK;

	for (size_t e = 0; e < traffic->dimensions->epoch_count && !status; e++) {
		struct dc_fabric fabric = *fabric_of(traffic, e);

		status = note_path(traffic, arena, &fabric, from, to);
		/* Adaptive routing takes one of the ways that spraying takes all of. */
		fabric.routing.policy = DC_ROUTING_SPRAY;
		if (!status && fabric_of(traffic, e)->routing.policy == DC_ROUTING_ADAPTIVE)
			status = note_path(traffic, arena, &fabric, from, to);
	}
	return status;
}

double dc_traffic_dimensions_capacity_bps(const struct dc_traffic *traffic, uint32_t link,
					  size_t epoch)
{
	struct dc_fabric_link now;

	dc_fabric_link(fabric_of(traffic, epoch), traffic->dimensions->links[link], &now);
	return now.bandwidth_bps;
}

struct load {
	const struct dc_traffic *traffic;
	const uint32_t *users;
};

static uint32_t number_of(const struct dc_traffic *traffic, uint64_t link)
{
	char name[256];

	dc_fabric_link_name(fabric_of(traffic, 0), link, name, sizeof name);
	return dc_intern_find(&traffic->graph.ids, name);
}

static double load_of(const void *context, uint64_t link)
{
	const struct load *load = context;
	uint32_t number = number_of(load->traffic, link);

	return number == DC_INTERN_NONE ? 0 : load->users[number];
}

enum dc_status dc_traffic_dimensions_route(const struct dc_traffic *traffic,
					   const struct dc_traffic_flow *flow, size_t epoch,
					   const uint32_t *users, struct dc_fabric_path *scratch,
					   struct dc_fluid_hop *hops, uint32_t *count)
{
	const struct load load = {traffic, users};
	enum dc_status status = dc_fabric_route(fabric_of(traffic, epoch), flow->from, flow->to,
						load_of, &load, scratch);

	*count = (uint32_t)scratch->count;
	for (size_t i = 0; i < scratch->count && !status; i++) {
		uint32_t number = number_of(traffic, scratch->hops[i].link);

		if (number == DC_INTERN_NONE)
			return DC_ERR_RUN;
		hops[i] = (struct dc_fluid_hop){number, scratch->hops[i].use};
	}
	return status;
}
