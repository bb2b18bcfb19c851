/* Explicit graphs: vertices and directed links; shortest paths. */
#include "fabric/graph.h"

#include <string.h>

void dc_graph_init(struct dc_graph *graph, struct dc_arena *arena)
{
	*graph = (struct dc_graph){.arena = arena};
	dc_intern_init(&graph->vertices, arena);
	dc_intern_init(&graph->ids, arena);
}

static bool grow(struct dc_graph *graph)
{
	size_t count = dc_graph_link_count(graph);
	struct dc_graph_link *links;

	if (count >= DC_GRAPH_LINKS)
		return false;
	if (count < graph->room)
		return true;
	graph->room = graph->room ? 2 * graph->room : 64;
	links = dc_arena_array(graph->arena, graph->room, sizeof *links);
	if (!links)
		return false;
	if (count)
		memcpy(links, graph->links, count * sizeof *links);
	graph->links = links;
	return true;
}

enum dc_status dc_graph_add(struct dc_graph *graph, const char *id,
			    const struct dc_graph_link *link, uint32_t *number)
{
	if (dc_intern_find(&graph->ids, id) != DC_INTERN_NONE)
		return DC_ERR_RUN;
	if (!grow(graph) || dc_intern_add(&graph->ids, id, number))
		return DC_ERR_MEMORY;
	graph->links[*number] = *link;
	return DC_OK;
}

/* Links sorted by id, all of them: buckets filled in this order are sorted too. */
struct order {
	const struct dc_graph *graph;
	uint32_t *links;
	uint32_t *other;
};

static bool is_less(const struct order *order, uint32_t a, uint32_t b)
{
	return strcmp(order->graph->ids.texts[a], order->graph->ids.texts[b]) < 0;
}

/* Merge sort from the bottom: qsort has no context. */
static void sort(struct order *order, size_t count)
{
	for (size_t width = 1; width < count; width *= 2) {
		uint32_t *swap = order->links;

		for (size_t from = 0; from < count; from += 2 * width) {
			size_t middle = from + width < count ? from + width : count;
			size_t end = from + 2 * width < count ? from + 2 * width : count;
			size_t left = from, right = middle;

			for (size_t to = from; to < end; to++) {
				bool take_right =
					left == middle ||
					(right < end &&
					 is_less(order, order->links[right], order->links[left]));

				order->other[to] = order->links[take_right ? right++ : left++];
			}
		}
		order->links = order->other;
		order->other = swap;
	}
}

/* Buckets of links by the vertex at one of their ends. */
static bool fill_buckets(const struct dc_graph *graph, const uint32_t *sorted, bool out,
			 uint32_t **first, uint32_t **bucket)
{
	size_t vertices = graph->vertices.count, count = dc_graph_link_count(graph);
	uint32_t *start = dc_arena_array(graph->arena, vertices + 2, sizeof *start);
	uint32_t *links = dc_arena_array(graph->arena, count, sizeof *links);

	if (!start || !links)
		return false;
	/* Counted two places ahead, so that filling leaves each bucket's start in its own place. */
	for (size_t i = 0; i < count; i++) {
		uint32_t vertex = out ? graph->links[i].from : graph->links[i].to;

		if (vertex != DC_GRAPH_NONE)
			start[vertex + 2]++;
	}
	for (size_t i = 2; i < vertices + 2; i++)
		start[i] += start[i - 1];
	for (size_t i = 0; i < count; i++) {
		uint32_t vertex = out ? graph->links[sorted[i]].from : graph->links[sorted[i]].to;

		if (vertex != DC_GRAPH_NONE)
			links[start[vertex + 1]++] = sorted[i];
	}
	*first = start;
	*bucket = links;
	return true;
}

enum dc_status dc_graph_index(struct dc_graph *graph)
{
	size_t count = dc_graph_link_count(graph);
	struct order order = {
		.graph = graph,
		.links = dc_arena_array(graph->arena, count, sizeof *order.links),
		.other = dc_arena_array(graph->arena, count, sizeof *order.other),
	};

	if (!order.links || !order.other)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		order.links[i] = (uint32_t)i;
	sort(&order, count);
	graph->indexed = graph->vertices.count;
	return fill_buckets(graph, order.links, true, &graph->out_first, &graph->out) &&
			       fill_buckets(graph, order.links, false, &graph->in_first, &graph->in)
		       ? DC_OK
		       : DC_ERR_MEMORY;
}

enum dc_status dc_graph_router_init(struct dc_graph_router *router, const struct dc_graph *graph)
{
	size_t vertices = graph->indexed;

	*router = (struct dc_graph_router){
		.graph = graph,
		.target = DC_GRAPH_NONE,
		.distance = dc_arena_array(graph->arena, vertices, sizeof *router->distance),
		.queue = dc_arena_array(graph->arena, vertices, sizeof *router->queue),
		.path = dc_arena_array(graph->arena, vertices, sizeof *router->path),
	};
	return router->distance && router->queue && router->path ? DC_OK : DC_ERR_MEMORY;
}

/* Breadth first against the links' direction. */
static void measure(struct dc_graph_router *router, uint32_t target)
{
	const struct dc_graph *graph = router->graph;
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < graph->indexed; i++)
		router->distance[i] = DC_GRAPH_NONE;
	router->target = target;
	router->distance[target] = 0;
	router->queue[tail++] = target;
	while (head < tail) {
		uint32_t vertex = router->queue[head++];

		for (uint32_t i = graph->in_first[vertex]; i < graph->in_first[vertex + 1]; i++) {
			uint32_t from = graph->links[graph->in[i]].from;

			if (router->distance[from] != DC_GRAPH_NONE)
				continue;
			router->distance[from] = router->distance[vertex] + 1;
			router->queue[tail++] = from;
		}
	}
}

uint32_t dc_graph_route(struct dc_graph_router *router, uint32_t from, uint32_t to)
{
	const struct dc_graph *graph = router->graph;
	uint32_t count = 0;

	if (from == to)
		return 0;
	if (from >= graph->indexed || to >= graph->indexed)
		return DC_GRAPH_NONE;
	if (to != router->target)
		measure(router, to);
	if (router->distance[from] == DC_GRAPH_NONE)
		return DC_GRAPH_NONE;
	while (from != to) {
		uint32_t i = graph->out_first[from];

		/* A vertex at distance d has a link to one at d - 1. */
		while (router->distance[graph->links[graph->out[i]].to] !=
		       router->distance[from] - 1)
			i++;
		router->path[count++] = graph->out[i];
		from = graph->links[graph->out[i]].to;
	}
	return count;
}

double dc_graph_latency_s(const struct dc_graph *graph, const uint32_t *path, uint32_t links)
{
	double latency_s = 0;

	for (uint32_t i = 0; i < links; i++)
		latency_s += graph->links[path[i]].latency_s;
	return latency_s;
}
