/* Routing: from two ranks to the links between them. */
#include <math.h>
#include <stdlib.h>

#include "fabric/fabric.h"

/* One message on its way through one line. */
struct leg {
	const struct dc_fabric *fabric;
	const struct dc_fabric_dimension *dimension;
	uint64_t first_link; /* of the line */
	uint64_t from, to;   /* terminals of the line */
	uint64_t ways;
	dc_fabric_load *load;
	const void *context;
};

void dc_fabric_path_fini(struct dc_fabric_path *path)
{
	dc_route_fini(&path->scratch);
	free(path->hops);
	*path = (struct dc_fabric_path){0};
}

static void add_hop(struct dc_fabric_path *path, uint64_t link, double use)
{
	if (path->failed)
		return;
	if (path->count == path->capacity) {
		size_t capacity = path->capacity ? 2 * path->capacity : 16;
		struct dc_fabric_hop *hops = realloc(path->hops, capacity * sizeof *hops);

		path->failed = !hops;
		if (!hops)
			return;
		path->hops = hops;
		path->capacity = capacity;
	}
	path->hops[path->count++] = (struct dc_fabric_hop){link, use};
}

static void find_way(const struct leg *leg, uint64_t way, struct dc_route *route)
{
	dc_route_clear(route);
	leg->dimension->type->path(leg->dimension, leg->from, leg->to, way, route);
	for (size_t i = 0; i < route->count; i++)
		route->links[i] += leg->first_link;
}

static bool is_down(const struct dc_fabric *fabric, uint64_t link)
{
	const struct dc_fabric_exception *exception = dc_fabric_find_exception(fabric, link);

	return exception && exception->bandwidth_bps <= 0;
}

static bool is_whole(const struct dc_fabric *fabric, const struct dc_route *route)
{
	for (size_t i = 0; i < route->count && fabric->exception_count; i++)
		if (is_down(fabric, route->links[i]))
			return false;
	return true;
}

static double busiest(const struct leg *leg, const struct dc_route *route)
{
	double most = -(double)INFINITY;

	for (size_t i = 0; i < route->count; i++)
		most = fmax(most, leg->load(leg->context, route->links[i]));
	return most;
}

/* A mixing function on 64 bits: Stafford's variant 13 of the finaliser of MurmurHash3. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t hash(const struct leg *leg, uint64_t channel)
{
	uint64_t key = mix(leg->fabric->routing.seed + 0x9e3779b97f4a7c15u);

	key = mix(key ^ (leg->first_link + leg->from));
	key = mix(key ^ leg->to);
	return mix(key ^ channel);
}

/* --- through what is left of a broken line --- */

struct search {
	uint64_t *arrived_by; /* by vertex: link + 1, 0: not reached */
	uint64_t *queue;
	uint64_t *first, *out; /* links that are up, by the vertex they leave */
};

static bool index_links(const struct leg *leg, uint64_t vertices, uint64_t links,
			struct search *search)
{
	const struct dc_fabric_dimension *dimension = leg->dimension;
	struct dc_line_link link;

	search->arrived_by = calloc(vertices, sizeof *search->arrived_by);
	search->queue = calloc(vertices, sizeof *search->queue);
	search->first = calloc(vertices + 2, sizeof *search->first);
	search->out = calloc(links + 1, sizeof *search->out);
	if (!search->arrived_by || !search->queue || !search->first || !search->out)
		return false;
	for (uint64_t i = 0; i < links; i++) {
		dimension->type->link(dimension, i, &link);
		search->first[link.from + 2]++;
	}
	for (uint64_t v = 2; v < vertices + 2; v++)
		search->first[v] += search->first[v - 1];
	for (uint64_t i = 0; i < links; i++) {
		dimension->type->link(dimension, i, &link);
		search->out[search->first[link.from + 1]++] = i;
	}
	return true;
}

/* Breadth first, from the start; terminals that are neither end do not forward where there are switches.
 */
static bool search_line(const struct leg *leg, struct search *search)
{
	const struct dc_fabric_dimension *dimension = leg->dimension;
	uint64_t head = 0, tail = 0;
	bool forwards = dimension->type->switches(dimension) == 0;

	search->queue[tail++] = leg->from;
	search->arrived_by[leg->from] = UINT64_MAX;
	while (head < tail && !search->arrived_by[leg->to]) {
		uint64_t vertex = search->queue[head++];

		if (vertex != leg->from && vertex < dimension->size && !forwards)
			continue;
		for (uint64_t i = search->first[vertex]; i < search->first[vertex + 1]; i++) {
			uint64_t number = search->out[i];
			struct dc_line_link link;

			dimension->type->link(dimension, number, &link);
			if (search->arrived_by[link.to] ||
			    is_down(leg->fabric, leg->first_link + number))
				continue;
			search->arrived_by[link.to] = number + 1;
			search->queue[tail++] = link.to;
		}
	}
	return search->arrived_by[leg->to] != 0;
}

/* The shortest way that avoids what is down, into the route; false: none, or out of memory. */
static bool find_detour(const struct leg *leg, struct dc_route *route)
{
	const struct dc_fabric_dimension *dimension = leg->dimension;
	uint64_t links = dimension->type->links(dimension);
	uint64_t vertices = dimension->size + dimension->type->switches(dimension);
	struct search search = {0};
	bool found = false;

	if (!index_links(leg, vertices, links, &search))
		route->failed = true;
	else
		found = search_line(leg, &search);
	if (found) {
		uint64_t vertex = leg->to;

		dc_route_clear(route);
		while (vertex != leg->from) {
			struct dc_line_link link;
			uint64_t number = search.arrived_by[vertex] - 1;

			dimension->type->link(dimension, number, &link);
			dc_route_add(route, leg->first_link + number);
			vertex = link.from;
		}
		for (size_t i = 0; i < route->count / 2; i++) {
			uint64_t swap = route->links[i];

			route->links[i] = route->links[route->count - 1 - i];
			route->links[route->count - 1 - i] = swap;
		}
	}
	free(search.arrived_by);
	free(search.queue);
	free(search.first);
	free(search.out);
	return found;
}

/* --- which ways --- */

/* The first way at or after `way`, around, without a link that is down; or a detour; or, when there is
 * nothing, the way itself, broken. */
static void take_whole(const struct leg *leg, uint64_t way, struct dc_fabric_path *path)
{
	struct dc_route *route = &path->scratch;

	for (uint64_t i = 0; i < leg->ways; i++) {
		find_way(leg, (way + i) % leg->ways, route);
		if (is_whole(leg->fabric, route))
			return;
	}
	if (find_detour(leg, route))
		return;
	path->broken = true;
	find_way(leg, way, route);
}

static double add_route(const struct leg *leg, double use, struct dc_fabric_path *path)
{
	double latency_s = 0;

	for (size_t i = 0; i < path->scratch.count; i++) {
		struct dc_fabric_link link;

		dc_fabric_link(leg->fabric, path->scratch.links[i], &link);
		latency_s += link.latency_s;
		add_hop(path, path->scratch.links[i], use);
	}
	path->failed |= path->scratch.failed;
	return latency_s;
}

static uint64_t least_busy(const struct leg *leg, struct dc_route *route)
{
	double least = (double)INFINITY;
	uint64_t best = 0;

	for (uint64_t way = 0; leg->load && way < leg->ways; way++) {
		double load;

		find_way(leg, way, route);
		load = busiest(leg, route);
		if (load < least && is_whole(leg->fabric, route)) {
			least = load;
			best = way;
		}
	}
	return best;
}

/* Equal parts over ways that are whole; when there is none, one detour. */
static double spray(const struct leg *leg, struct dc_fabric_path *path)
{
	double latency_s = 0;
	uint64_t whole = 0;

	for (uint64_t way = 0; way < leg->ways; way++) {
		find_way(leg, way, &path->scratch);
		whole += is_whole(leg->fabric, &path->scratch);
	}
	if (!whole) {
		take_whole(leg, 0, path);
		return add_route(leg, 1, path);
	}
	for (uint64_t way = 0; way < leg->ways; way++) {
		find_way(leg, way, &path->scratch);
		if (is_whole(leg->fabric, &path->scratch))
			latency_s = fmax(latency_s, add_route(leg, 1 / (double)whole, path));
	}
	return latency_s;
}

static double cross(const struct leg *leg, struct dc_fabric_path *path)
{
	const struct dc_routing *routing = &leg->fabric->routing;
	double latency_s = 0;

	if (routing->policy == DC_ROUTING_SPRAY && leg->ways > 1)
		return spray(leg, path);
	if (routing->policy == DC_ROUTING_ECMP && leg->ways > 1) {
		double use = 1 / (double)routing->channels;

		for (uint64_t channel = 0; channel < routing->channels; channel++) {
			take_whole(leg, hash(leg, channel) % leg->ways, path);
			latency_s = fmax(latency_s, add_route(leg, use, path));
		}
		return latency_s;
	}
	take_whole(leg,
		   routing->policy == DC_ROUTING_ADAPTIVE ? least_busy(leg, &path->scratch) : 0,
		   path);
	return add_route(leg, 1, path);
}

static int compare_hops(const void *a, const void *b)
{
	const struct dc_fabric_hop *x = a, *y = b;

	return x->link < y->link ? -1 : x->link > y->link;
}

/* Ways of one leg share links: each link once, from hop `first` on. */
static void merge(struct dc_fabric_path *path, size_t first)
{
	size_t kept = first;

	qsort(&path->hops[first], path->count - first, sizeof *path->hops, compare_hops);
	for (size_t i = first; i < path->count; i++) {
		if (kept > first && path->hops[kept - 1].link == path->hops[i].link)
			path->hops[kept - 1].use += path->hops[i].use;
		else
			path->hops[kept++] = path->hops[i];
	}
	path->count = kept;
}

/* Out of the node of one rank, or into that of the other; hops follow those of dimensions. */
static void pass_ports(const struct dc_fabric *fabric, uint64_t rank, bool in,
		       struct dc_fabric_path *path)
{
	uint64_t node_size = fabric->strides[fabric->outside];
	uint64_t nodes = fabric->ranks / node_size, node = rank / node_size;
	uint64_t first = fabric->first_link[fabric->count];

	for (size_t i = 0; i < fabric->port_count; i++) {
		const struct dc_fabric_port *port = &fabric->ports[i];
		uint64_t from = port->spread ? 0 : rank % node_size * port->count / node_size;
		uint64_t to = port->spread ? port->count - 1 : from;

		for (uint64_t n = from; n <= to; n++) {
			uint64_t link = first + 2 * (node * port->count + n) + in;

			path->broken |= is_down(fabric, link);
			add_hop(path, link, 1 / (double)(to - from + 1));
		}
		first += 2 * port->count * nodes;
	}
}

enum dc_status dc_fabric_route(const struct dc_fabric *fabric, uint64_t from, uint64_t to,
			       dc_fabric_load *load, const void *context,
			       struct dc_fabric_path *path)
{
	uint64_t source = from, target = to;
	bool outside = false;

	path->count = 0;
	path->latency_s = 0;
	path->broken = path->failed = false;
	for (size_t d = 0; d < fabric->count && from != to; d++) {
		const struct dc_fabric_dimension *dimension = &fabric->dimensions[d];
		struct leg leg = {
			.fabric = fabric,
			.dimension = dimension,
			.from = dc_fabric_coordinate(fabric, d, from),
			.to = dc_fabric_coordinate(fabric, d, to),
			.ways = 1,
			.load = load,
			.context = context,
		};
		size_t first = path->count;

		if (leg.from == leg.to)
			continue;
		leg.first_link = dc_fabric_line_links(fabric, d, from);
		if (dimension->type->paths)
			leg.ways = dimension->type->paths(dimension, leg.from, leg.to);
		outside |= d >= fabric->outside;
		path->latency_s += cross(&leg, path);
		if (leg.ways > 1 && !path->failed)
			merge(path, first);
		from = dc_fabric_rank_at(fabric, d, dc_fabric_line(fabric, d, from), leg.to);
	}
	if (outside && fabric->port_count) {
		pass_ports(fabric, source, false, path);
		pass_ports(fabric, target, true, path);
	}
	return path->failed ? DC_ERR_MEMORY : DC_OK;
}

enum dc_status dc_fabric_route_root(const struct dc_fabric *fabric, uint64_t rank, size_t dimension,
				    bool up, struct dc_fabric_path *path)
{
	const struct dc_fabric_dimension *d = &fabric->dimensions[dimension];
	uint64_t place = dc_fabric_coordinate(fabric, dimension, rank);
	struct leg leg = {.fabric = fabric, .dimension = d};

	path->count = 0;
	path->failed = false;
	if (!d->type->up)
		return DC_ERR_RUN;
	leg.first_link = dc_fabric_line_links(fabric, dimension, rank);
	dc_route_clear(&path->scratch);
	if (up)
		d->type->up(d, place, &path->scratch);
	else
		d->type->down(d, place, &path->scratch);
	for (size_t i = 0; i < path->scratch.count; i++)
		path->scratch.links[i] += leg.first_link;
	path->broken = !is_whole(fabric, &path->scratch);
	path->latency_s = add_route(&leg, 1, path);
	if (fabric->port_count && dimension >= fabric->outside)
		pass_ports(fabric, rank, !up, path);
	return path->failed ? DC_ERR_MEMORY : DC_OK;
}
