/* Links: an explicit graph as one dimension of a fabric. */
#include "fabric/topology_links.h"

#include <math.h>
#include <string.h>

#define UNREACHED UINT16_MAX

struct shape {
	size_t terminals, vertices, links;
	struct dc_line_link *link; /* by number: by the vertex it leaves */
	uint32_t *first;           /* of vertex v: link[first[v]] to link[first[v + 1]] */
	/* By terminal x vertices: links from the vertex to the terminal, and how many such ways there
	 * are, at most DC_TOPOLOGY_LINKS_WAYS. */
	uint16_t *distance;
	uint8_t *ways;
	double bisection_bps;
};

static const struct shape *shape_of(const struct dc_fabric_dimension *dimension)
{
	return dimension->shape;
}

static uint64_t switches(const struct dc_fabric_dimension *dimension)
{
	return shape_of(dimension)->vertices - shape_of(dimension)->terminals;
}

static uint64_t links(const struct dc_fabric_dimension *dimension)
{
	return shape_of(dimension)->links;
}

static void describe(const struct dc_fabric_dimension *dimension, uint64_t number,
		     struct dc_line_link *link)
{
	*link = shape_of(dimension)->link[number];
}

static uint64_t paths(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to)
{
	const struct shape *shape = shape_of(dimension);

	return shape->ways[to * shape->vertices + from];
}

/* Whether messages to a terminal go on through a vertex. */
static bool forwards(const struct shape *shape, uint64_t vertex, uint64_t to)
{
	return vertex == to || vertex >= shape->terminals || shape->terminals == shape->vertices;
}

static void path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
		 uint64_t choice, struct dc_route *route)
{
	const struct shape *shape = shape_of(dimension);
	const uint16_t *distance = shape->distance + to * shape->vertices;
	const uint8_t *ways = shape->ways + to * shape->vertices;

	while (from != to && !route->failed) {
		for (uint32_t i = shape->first[from]; i < shape->first[from + 1]; i++) {
			uint64_t next = shape->link[i].to;

			if (distance[next] + 1 != distance[from] || !forwards(shape, next, to))
				continue;
			if (choice >= ways[next]) {
				choice -= ways[next];
				continue;
			}
			dc_route_add(route, i);
			from = next;
			break;
		}
	}
}

static uint64_t period(const struct dc_fabric_dimension *dimension)
{
	return dimension->size;
}

static uint64_t fold(const struct dc_fabric_dimension *dimension, uint64_t link, uint64_t moved)
{
	(void)dimension;
	(void)moved;
	return link;
}

static uint64_t diameter(const struct dc_fabric_dimension *dimension)
{
	const struct shape *shape = shape_of(dimension);
	uint64_t most = 0;

	for (size_t to = 0; to < shape->terminals; to++)
		for (size_t from = 0; from < shape->terminals; from++)
			if (shape->distance[to * shape->vertices + from] > most)
				most = shape->distance[to * shape->vertices + from];
	return most;
}

static double bisection_bps(const struct dc_fabric_dimension *dimension)
{
	return shape_of(dimension)->bisection_bps;
}

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count);

const struct dc_topology_type dc_topology_links = {
	.name = "links",
	.doc = "an explicit graph from a table of links",
	.expand = expand,
	.switches = switches,
	.links = links,
	.link = describe,
	.paths = paths,
	.path = path,
	.period = period,
	.fold = fold,
	.diameter = diameter,
	.bisection_bps = bisection_bps,
};

/* --- making a shape --- */

uint32_t *dc_topology_links_terminals(const struct dc_graph *graph, struct dc_arena *arena,
				      size_t *count)
{
	uint32_t *terminals = dc_arena_array(arena, graph->indexed + 1, sizeof *terminals);

	*count = 0;
	for (uint32_t v = 0; terminals && v < graph->indexed; v++)
		if (graph->out_first[v] < graph->out_first[v + 1] &&
		    graph->in_first[v] < graph->in_first[v + 1])
			terminals[(*count)++] = v;
	return terminals;
}

struct making {
	const struct dc_graph *graph;
	const uint32_t *terminals;
	size_t count;
	struct dc_diag *diag;
	const struct dc_mark *mark;
	struct dc_arena *arena;
	uint32_t *vertex_of; /* by vertex of the graph; DC_GRAPH_NONE: left out */
	uint32_t *graph_of;  /* and back */
	double least_bps;
	struct shape *shape;
};

/* Numbers terminals, then switches. */
static enum dc_status number_vertices(struct making *making, bool members_only)
{
	const struct dc_graph *graph = making->graph;
	struct shape *shape = making->shape;

	for (size_t v = 0; v < graph->indexed; v++)
		making->vertex_of[v] = DC_GRAPH_NONE;
	for (size_t i = 0; i < making->count; i++) {
		uint32_t v = making->terminals[i];

		if (making->vertex_of[v] != DC_GRAPH_NONE)
			return dc_diag_error(making->diag, making->mark,
					     "the terminal '%s' is named twice",
					     graph->vertices.texts[v]);
		making->vertex_of[v] = (uint32_t)i;
		making->graph_of[i] = v;
	}
	shape->terminals = shape->vertices = making->count;
	for (uint32_t v = 0; v < graph->indexed && !members_only; v++)
		if (making->vertex_of[v] == DC_GRAPH_NONE) {
			making->graph_of[shape->vertices] = v;
			making->vertex_of[v] = (uint32_t)shape->vertices++;
		}
	if (shape->vertices > DC_TOPOLOGY_LINKS_PAIRS / making->count)
		return dc_diag_error(making->diag, making->mark,
				     "the graph is too large for collectives: %zu terminals times "
				     "%zu vertices; expected at most %d",
				     making->count, shape->vertices, DC_TOPOLOGY_LINKS_PAIRS);
	return DC_OK;
}

/* The links that leave a vertex, parallel ones added up. */
static void add_links(struct making *making, uint32_t from)
{
	const struct dc_graph *graph = making->graph;
	struct shape *shape = making->shape;
	uint32_t vertex = making->graph_of[from];

	shape->first[from] = (uint32_t)shape->links;
	for (uint32_t i = graph->out_first[vertex]; i < graph->out_first[vertex + 1]; i++) {
		const struct dc_graph_link *link = &graph->links[graph->out[i]];
		uint32_t to = making->vertex_of[link->to];
		size_t k = shape->first[from];

		if (to == DC_GRAPH_NONE)
			continue;
		making->least_bps = fmin(making->least_bps, link->bandwidth_bps);
		while (k < shape->links && shape->link[k].to != to)
			k++;
		if (k == shape->links)
			shape->link[shape->links++] = (struct dc_line_link){from, to, 0, 0};
		shape->link[k].bandwidth_bps += link->bandwidth_bps;
		shape->link[k].latency_s = fmax(shape->link[k].latency_s, link->latency_s);
	}
	shape->first[from + 1] = (uint32_t)shape->links;
}

/* Links by the vertex they lead to: of v, in[in_first[v]] to in[in_first[v + 1]]. */
struct reverse {
	uint32_t *in_first, *in, *queue;
};

static bool turn_around(const struct making *making, struct reverse *reverse)
{
	const struct shape *shape = making->shape;
	uint32_t *start;

	start = dc_arena_array(making->arena, shape->vertices + 2, sizeof *start);
	reverse->in = dc_arena_array(making->arena, shape->links + 1, sizeof *reverse->in);
	reverse->queue = dc_arena_array(making->arena, shape->vertices, sizeof *reverse->queue);
	if (!start || !reverse->in || !reverse->queue)
		return false;
	/* Counted two places ahead, so that filling leaves each vertex's start in its own place. */
	for (size_t i = 0; i < shape->links; i++)
		start[shape->link[i].to + 2]++;
	for (size_t v = 2; v < shape->vertices + 2; v++)
		start[v] += start[v - 1];
	for (size_t i = 0; i < shape->links; i++)
		reverse->in[start[shape->link[i].to + 1]++] = (uint32_t)i;
	reverse->in_first = start;
	return true;
}

/* Breadth first against the links' direction; ways add up along it. */
static void measure(const struct shape *shape, const struct reverse *reverse, size_t target)
{
	uint16_t *distance = shape->distance + target * shape->vertices;
	uint8_t *ways = shape->ways + target * shape->vertices;
	size_t head = 0, tail = 0;

	for (size_t v = 0; v < shape->vertices; v++)
		distance[v] = UNREACHED;
	distance[target] = 0;
	ways[target] = 1;
	reverse->queue[tail++] = (uint32_t)target;
	while (head < tail) {
		uint32_t vertex = reverse->queue[head++];

		if (!forwards(shape, vertex, target) || distance[vertex] == UNREACHED - 1)
			continue;
		for (uint32_t i = reverse->in_first[vertex]; i < reverse->in_first[vertex + 1];
		     i++) {
			uint64_t from = shape->link[reverse->in[i]].from;
			unsigned sum;

			if (distance[from] == UNREACHED) {
				distance[from] = (uint16_t)(distance[vertex] + 1);
				reverse->queue[tail++] = (uint32_t)from;
			}
			if (distance[from] != distance[vertex] + 1)
				continue;
			sum = ways[from] + ways[vertex];
			ways[from] =
				(uint8_t)(sum < DC_TOPOLOGY_LINKS_WAYS ? sum
								       : DC_TOPOLOGY_LINKS_WAYS);
		}
	}
}

static enum dc_status measure_all(struct making *making)
{
	const struct shape *shape = making->shape;
	struct reverse reverse;

	if (!turn_around(making, &reverse))
		return DC_ERR_MEMORY;
	for (size_t to = 0; to < shape->terminals; to++) {
		measure(shape, &reverse, to);
		for (size_t from = 0; from < shape->terminals; from++)
			if (shape->distance[to * shape->vertices + from] == UNREACHED)
				return dc_diag_error(
					making->diag, making->mark,
					"no path of links leads from '%s' to '%s'",
					making->graph->vertices.texts[making->graph_of[from]],
					making->graph->vertices.texts[making->graph_of[to]]);
	}
	return DC_OK;
}

/* Over every set of vertices that holds half of the terminals, the least that leaves it: max-flow
 * min-cut, each split of the terminals with its best split of the switches. */
static double search_bisection(const struct shape *shape)
{
	uint32_t halves = (uint32_t)(shape->terminals / 2);
	uint32_t terminal_bits = ((uint32_t)1 << shape->terminals) - 1;
	double least_bps = (double)INFINITY;

	if (shape->terminals < 2)
		return 0;
	for (uint32_t set = 0; set < (uint32_t)1 << shape->vertices; set++) {
		uint32_t inside = 0;
		double sum_bps = 0;

		for (uint32_t bits = set & terminal_bits; bits; bits &= bits - 1)
			inside++;
		if (inside != halves && inside != shape->terminals - halves)
			continue;
		for (size_t i = 0; i < shape->links && sum_bps < least_bps; i++)
			if (set >> shape->link[i].from & 1 && !(set >> shape->link[i].to & 1))
				sum_bps += shape->link[i].bandwidth_bps;
		least_bps = fmin(least_bps, sum_bps);
	}
	return least_bps;
}

static bool allocate(struct making *making)
{
	const struct dc_graph *graph = making->graph;
	struct shape *shape = making->shape = dc_arena_alloc(making->arena, sizeof *shape);

	making->vertex_of =
		dc_arena_array(making->arena, graph->indexed, sizeof *making->vertex_of);
	making->graph_of = dc_arena_array(making->arena, graph->indexed, sizeof *making->graph_of);
	if (!shape || !making->vertex_of || !making->graph_of)
		return false;
	shape->link =
		dc_arena_array(making->arena, dc_graph_link_count(graph) + 1, sizeof *shape->link);
	shape->first = dc_arena_array(making->arena, graph->indexed + 1, sizeof *shape->first);
	return shape->link && shape->first;
}

enum dc_status dc_topology_of_graph(const struct dc_graph *graph, const uint32_t *terminals,
				    size_t count, bool members_only, struct dc_diag *diag,
				    const struct dc_mark *mark, struct dc_arena *arena,
				    struct dc_fabric_dimension *dimension)
{
	struct making making = {.graph = graph,
				.terminals = terminals,
				.count = count,
				.diag = diag,
				.mark = mark,
				.arena = arena,
				.least_bps = (double)INFINITY};
	struct shape *shape;
	enum dc_status status;

	if (!count)
		return dc_diag_error(diag, mark, "no vertex has a link in and a link out");
	if (!allocate(&making))
		return DC_ERR_MEMORY;
	shape = making.shape;
	status = number_vertices(&making, members_only);
	if (status)
		return status;
	for (uint32_t v = 0; v < shape->vertices; v++)
		add_links(&making, v);
	shape->distance = dc_arena_array(arena, count * shape->vertices, sizeof *shape->distance);
	shape->ways = dc_arena_array(arena, count * shape->vertices, sizeof *shape->ways);
	if (!shape->distance || !shape->ways)
		return DC_ERR_MEMORY;
	status = measure_all(&making);
	if (status)
		return status;
	shape->bisection_bps = shape->vertices <= DC_TOPOLOGY_LINKS_CUT_VERTICES
				       ? search_bisection(shape)
				       : (double)NAN;
	*dimension = (struct dc_fabric_dimension){
		.type = &dc_topology_links,
		.size = count,
		.bandwidth_bps = shape->links ? making.least_bps : 0,
		.latency_s = shape->links ? shape->link[0].latency_s : 0,
		.shape = shape,
	};
	return DC_OK;
}

enum dc_status dc_fabric_of_graph(const struct dc_graph *graph, const uint32_t *terminals,
				  size_t count, struct dc_diag *diag, const struct dc_mark *mark,
				  struct dc_arena *arena, struct dc_fabric *fabric)
{
	struct dc_fabric_dimension dimension;
	enum dc_status status =
		dc_topology_of_graph(graph, terminals, count, false, diag, mark, arena, &dimension);

	if (status)
		return status;
	*fabric = (struct dc_fabric){.name = "compute", .routing = {.channels = 1, .seed = 1}};
	return dc_fabric_add(fabric, &dimension);
}

/* --- from a section --- */

struct section {
	const struct dc_node *node;
	const char *topology;
	const char *file;
	uint64_t size; /* 0: not said */
	struct dc_transport *transport;
	bool located; /* file is where it was found */
};

static const struct dc_field fields[] = {
	{.key = "topology",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct section, topology),
	 .help = "kind of dimension"},
	{.key = "file",
	 .kind = DC_PATH,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct section, file),
	 .help = "table of links: id, from, to, bandwidth, latency; one row per direction; relative to "
		 "the file that names it"},
	{.key = "size",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct section, size),
	 .min = 1,
	 .max = 1e6,
	 .help = "members: so many vertices, in the order in which the table names them; the others "
		 "are switches; default: all that have links out and in"},
	{.key = "transport",
	 .kind = DC_CATALOGUE,
	 .offset = offsetof(struct section, transport),
	 .catalogue = &dc_transport_family,
	 .help = "what messages cost beyond links; default: the network's"},
};

const struct dc_section dc_topology_links_section = {
	.name = "links",
	.doc = "an explicit graph from a table of links",
	.size = sizeof(struct section),
	DC_FIELDS(fields),
};

/* The file's name from the folder of the file that names it. The section keeps it: its long form is read
 * from other places than the file was. */
static enum dc_status locate(struct section *links, struct dc_arena *arena)
{
	const struct dc_node *node = dc_node_get(links->node, "file");
	const char *path = links->file;

	if (!links->located && node && node->folder && links->file[0] != '/' &&
	    strcmp(node->folder, ".") != 0)
		path = dc_arena_printf(arena, "%s/%s", node->folder, links->file);
	if (!path)
		return DC_ERR_MEMORY;
	links->file = path;
	links->located = true;
	return DC_OK;
}

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	/* Sections are the configuration's own. */
	struct section *links = (struct section *)section;
	const struct dc_mark *mark = dc_node_mark(links->node, "file");
	size_t members;
	uint32_t *terminals;
	struct dc_graph graph;
	enum dc_status status;

	dc_graph_init(&graph, arena);
	status = locate(links, arena);
	if (!status)
		status = dc_graph_read(&graph, diag, links->file);
	if (!status)
		status = dc_graph_index(&graph);
	if (status)
		return status;
	terminals = dc_topology_links_terminals(&graph, arena, &members);
	if (!terminals)
		return DC_ERR_MEMORY;
	if (links->size > graph.indexed)
		return dc_diag_error(diag, dc_node_mark(links->node, "size"),
				     "links: size: the table names %zu vertices only",
				     graph.indexed);
	for (uint32_t i = 0; i < links->size; i++)
		terminals[i] = i;
	status = dc_topology_of_graph(&graph, terminals, links->size ? links->size : members, false,
				      diag, mark, arena, dimensions);
	if (status)
		return status;
	dimensions[0].transport = links->transport;
	*count = 1;
	return DC_OK;
}
