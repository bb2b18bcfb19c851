/* Workload kind `flows`: reading the list, and the paths. */
#include "traffic/flows.h"

#include <stdlib.h>
#include <string.h>

#include "config/table_quantity.h"
#include "traffic/flows_route.h"

static const struct dc_field workload_fields[] = {
	{.key = "kind",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_traffic_workload, kind),
	 .fallback = "flows",
	 .help = "kind of workload"},
	{.key = "flows",
	 .kind = DC_PATH,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_traffic_workload, flows),
	 .help = "table of flows: id, src, dst, bytes, start_s and, where paths are given, links"},
};

const struct dc_section dc_traffic_workload_section = {
	.name = "workload",
	.doc = "transfers over links or dimensions; nothing computes",
	.size = sizeof(struct dc_traffic_workload),
	DC_FIELDS(workload_fields),
};

enum { ID, SRC, DST, BYTES, START, LINKS, COLUMNS };

static const char *const names[COLUMNS] = {"id", "src", "dst", "bytes", "start_s", "links"};

struct reader {
	struct dc_arena *arena;
	struct dc_diag *diag;
	struct dc_traffic *traffic;
	struct dc_table table;
	int columns[COLUMNS];
	uint32_t *path; /* being read; grows in the arena */
	size_t path_room;
	uint32_t *seen; /* by link: the row + 1 of the last path that crossed it */
	size_t seen_room;
};

static struct dc_mark mark_of(const struct reader *r, size_t row, int column)
{
	return dc_table_mark(&r->table, row, r->columns[column]);
}

static const char *text_of(const struct reader *r, size_t row, int column)
{
	return dc_table_text(&r->table, row, r->columns[column]);
}

/* A number of at least 0 and at most `most`. */
static enum dc_status read_number(struct reader *r, size_t row, int column, double most,
				  double *value)
{
	struct dc_mark mark = mark_of(r, row, column);
	enum dc_status status = dc_table_number(&r->table, r->diag, row, r->columns[column], value);

	if (status || (*value >= 0 && *value <= most))
		return status;
	return dc_diag_error(r->diag, &mark, "%s: %s is out of range; expected 0 to %g",
			     names[column], text_of(r, row, column), most);
}

static enum dc_status read_vertex(struct reader *r, size_t row, int column, uint32_t *vertex)
{
	struct dc_mark mark = mark_of(r, row, column);
	const char *text = text_of(r, row, column);

	if (!*text)
		return dc_diag_error(r->diag, &mark, "%s: expected a name, found an empty cell",
				     names[column]);
	return dc_intern_add(&r->traffic->graph.vertices, text, vertex);
}

/* Room for one more link in the path that is read, and in the marks of links. */
static bool reserve(struct reader *r, size_t length)
{
	size_t links = dc_graph_link_count(&r->traffic->graph) + 1;

	if (length == r->path_room) {
		size_t room = r->path_room ? 2 * r->path_room : 64;
		uint32_t *path = dc_arena_array(r->arena, room, sizeof *path);

		if (!path)
			return false;
		if (length)
			memcpy(path, r->path, length * sizeof *path);
		r->path = path;
		r->path_room = room;
	}
	if (links > r->seen_room) {
		size_t room = 2 * links;
		uint32_t *seen = dc_arena_array(r->arena, room, sizeof *seen);

		if (!seen)
			return false;
		if (r->seen_room)
			memcpy(seen, r->seen, r->seen_room * sizeof *seen);
		r->seen = seen;
		r->seen_room = room;
	}
	return true;
}

/* The link of a name; an implied one is made when it first occurs. */
static enum dc_status find_link(struct reader *r, const char *id, const struct dc_mark *mark,
				uint32_t *link)
{
	const struct dc_graph_link implied = {DC_GRAPH_NONE, DC_GRAPH_NONE, DC_TRAFFIC_IMPLIED_BPS,
					      0};
	struct dc_graph *graph = &r->traffic->graph;
	const char *nearest;

	*link = dc_intern_find(&graph->ids, id);
	if (*link != DC_INTERN_NONE)
		return DC_OK;
	if (r->traffic->implied)
		return dc_graph_add(graph, id, &implied, link);
	nearest = dc_diag_errors(r->diag) < DC_DIAG_LIMIT
			  ? dc_diag_nearest(id, graph->ids.texts, graph->ids.count)
			  : NULL;
	if (nearest)
		return dc_diag_error(r->diag, mark,
				     "links: no link is called '%s'; did you mean '%s'?", id,
				     nearest);
	return dc_diag_error(r->diag, mark, "links: no link is called '%s'", id);
}

/* Where a path is, between links: at a vertex, or anywhere after a link without ends. */
static enum dc_status step(struct reader *r, size_t row, uint32_t link, const struct dc_mark *mark,
			   uint32_t *at)
{
	const struct dc_graph *graph = &r->traffic->graph;
	const struct dc_graph_link *l = &graph->links[link];
	const char *const *vertices = graph->vertices.texts;
	uint32_t before = *at;

	if (r->seen[link] == row + 1)
		return dc_diag_error(r->diag, mark, "links: the path crosses '%s' twice",
				     graph->ids.texts[link]);
	r->seen[link] = (uint32_t)row + 1;
	*at = l->to;
	if (l->from == DC_GRAPH_NONE || before == DC_GRAPH_NONE || l->from == before)
		return DC_OK;
	return dc_diag_error(
		r->diag, mark, "links: the path is at '%s', but '%s' leads from '%s' to '%s'",
		vertices[before], graph->ids.texts[link], vertices[l->from], vertices[l->to]);
}

static enum dc_status check_end(struct reader *r, const struct dc_traffic_flow *flow, uint32_t at,
				const struct dc_mark *mark)
{
	const char *const *vertices = r->traffic->graph.vertices.texts;

	if (at == DC_GRAPH_NONE || at == flow->target)
		return DC_OK;
	return dc_diag_error(r->diag, mark, "links: the path ends at '%s', not at '%s'",
			     vertices[at], vertices[flow->target]);
}

/* A path as given: names separated by blanks. */
static enum dc_status read_path(struct reader *r, size_t row, struct dc_traffic_flow *flow)
{
	struct dc_mark cell = mark_of(r, row, LINKS), mark = cell;
	char *text = dc_arena_strdup(r->arena, text_of(r, row, LINKS));
	uint32_t at = flow->source, hops = 0, *path;
	enum dc_status status = DC_OK;
	char *rest = text, *id;

	if (!text)
		return DC_ERR_MEMORY;
	while (!status && (id = strtok_r(rest, " \t", &rest))) {
		uint32_t link;

		mark.column = cell.column + (unsigned)(id - text);
		mark.length = (unsigned)strlen(id);
		if (!reserve(r, hops))
			return DC_ERR_MEMORY;
		status = find_link(r, id, &mark, &link);
		if (!status)
			status = step(r, row, link, &mark, &at);
		if (!status)
			r->path[hops++] = link;
	}
	if (!status)
		status = check_end(r, flow, at, &cell);
	path = dc_arena_array(r->arena, hops, sizeof *path);
	if (!path)
		return DC_ERR_MEMORY;
	if (hops)
		memcpy(path, r->path, hops * sizeof *path);
	flow->links = path;
	flow->hops = hops;
	return status;
}

static enum dc_status read_id(struct reader *r, size_t row)
{
	struct dc_mark mark = mark_of(r, row, ID);
	const char *id = text_of(r, row, ID);
	size_t before = r->traffic->ids.count;
	uint32_t number;
	enum dc_status status;

	if (!*id)
		return dc_diag_error(r->diag, &mark, "id: expected a name, found an empty cell");
	status = dc_intern_add(&r->traffic->ids, id, &number);
	if (status || number >= before)
		return status;
	return dc_diag_error(r->diag, &mark, "id: another flow is called '%s' too", id);
}

/* On dimensions vertices are ranks. */
static enum dc_status read_rank(struct reader *r, size_t row, int column, uint64_t *rank)
{
	uint64_t ranks = r->traffic->dimensions->epochs[0].fabric->ranks;
	struct dc_mark mark = mark_of(r, row, column);
	const char *text = text_of(r, row, column);
	size_t digits = strspn(text, "0123456789");

	if (digits && !text[digits] && digits < 16) {
		*rank = strtoull(text, NULL, 10);
		if (*rank < ranks)
			return DC_OK;
	}
	return dc_diag_error(r->diag, &mark, "%s: '%s' is no rank; expected 0 to %llu",
			     names[column], text, (unsigned long long)(ranks - 1));
}

static enum dc_status read_ranks(struct reader *r, size_t row, struct dc_traffic_flow *flow)
{
	struct dc_mark mark = mark_of(r, row, DST);
	enum dc_status from = read_rank(r, row, SRC, &flow->from);
	enum dc_status to = read_rank(r, row, DST, &flow->to);

	if (from || to)
		return from ? from : to;
	if (flow->from != flow->to)
		return DC_OK;
	return dc_diag_error(r->diag, &mark, "flow '%s' leads from '%s' to itself",
			     text_of(r, row, ID), text_of(r, row, SRC));
}

static enum dc_status refuse_path(struct reader *r, size_t row)
{
	struct dc_mark mark = mark_of(r, row, LINKS);

	return dc_diag_error(r->diag, &mark,
			     "links: flow '%s' gives a path; on dimensions paths are routed",
			     text_of(r, row, ID));
}

/* No path is given: whether there can be one is seen when it is routed. */
static enum dc_status check_routable(struct reader *r, size_t row,
				     const struct dc_traffic_flow *flow)
{
	struct dc_mark mark = mark_of(r, row, r->columns[LINKS] < 0 ? DST : LINKS);

	if (r->traffic->implied)
		return dc_diag_error(r->diag, &mark,
				     "links: flow '%s' gives no path; expected ids of links, or "
				     "'fabric: {links: FILE}' to route in",
				     text_of(r, row, ID));
	if (flow->source == flow->target)
		return dc_diag_error(r->diag, &mark,
				     "flow '%s' leads from '%s' to itself; it crosses no link",
				     text_of(r, row, ID), text_of(r, row, SRC));
	return DC_OK;
}

static enum dc_status read_row(struct reader *r, size_t row)
{
	/* Bytes: a yottabyte; time: 1000 years. */
	const double most_bytes = 1e24, most_s = 3.1536e10;
	struct dc_traffic_flow *flow = &r->traffic->flows[row];
	double start_s = 0;
	enum dc_status all[6] = {
		read_id(r, row),
		read_vertex(r, row, SRC, &flow->source),
		read_vertex(r, row, DST, &flow->target),
		read_number(r, row, BYTES, most_bytes, &flow->bytes),
		read_number(r, row, START, most_s, &start_s),
	};

	if (r->traffic->dimensions && *text_of(r, row, LINKS))
		all[5] = refuse_path(r, row);
	else if (r->traffic->dimensions)
		all[5] = read_ranks(r, row, flow);
	else if (!all[1] && !all[2])
		all[5] = *text_of(r, row, LINKS) ? read_path(r, row, flow)
						 : check_routable(r, row, flow);
	flow->start = dc_time_from_s(start_s);
	for (int i = 0; i < 6; i++)
		if (all[i] == DC_ERR_MEMORY)
			return DC_ERR_MEMORY;
	for (int i = 0; i < 6; i++)
		if (all[i])
			return all[i];
	return DC_OK;
}

static enum dc_status read_rows(struct reader *r)
{
	const struct dc_mark top = {r->table.source, 1, 1, 1};
	struct dc_traffic *traffic = r->traffic;
	enum dc_status status =
		dc_table_columns(&r->table, r->diag, names, LINKS, COLUMNS, r->columns);

	if (status)
		return status;
	if (!r->table.rows)
		return dc_diag_error(r->diag, &top, "there is no flow below the header");
	if (r->table.rows > DC_TRAFFIC_FLOWS)
		return dc_diag_error(r->diag, &top, "%zu flows; at most %d are read", r->table.rows,
				     DC_TRAFFIC_FLOWS);
	traffic->count = r->table.rows;
	traffic->flows = dc_arena_array(r->arena, traffic->count, sizeof *traffic->flows);
	if (!traffic->flows)
		return DC_ERR_MEMORY;
	for (size_t row = 0; row < r->table.rows; row++) {
		enum dc_status one = read_row(r, row);

		if (one == DC_ERR_MEMORY)
			return one;
		if (one)
			status = one;
	}
	return status;
}

/* Routing goes by target, whose distances are found once. */
struct turn {
	uint32_t target;
	uint32_t flow;
};

static int compare_turns(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return x->flow < y->flow ? -1 : x->flow > y->flow;
}

static enum dc_status route_one(struct reader *r, struct dc_graph_router *router, size_t row)
{
	struct dc_traffic_flow *flow = &r->traffic->flows[row];
	const char *const *vertices = r->traffic->graph.vertices.texts;
	uint32_t hops = dc_graph_route(router, flow->source, flow->target);
	struct dc_mark mark = mark_of(r, row, DST);
	uint32_t *path;

	if (hops == DC_GRAPH_NONE)
		return dc_diag_error(
			r->diag, &mark, "flow '%s': no path of links leads from '%s' to '%s'",
			text_of(r, row, ID), vertices[flow->source], vertices[flow->target]);
	path = dc_arena_array(r->arena, hops, sizeof *path);
	if (!path)
		return DC_ERR_MEMORY;
	memcpy(path, router->path, hops * sizeof *path);
	flow->links = path;
	flow->hops = hops;
	return DC_OK;
}

/* On dimensions paths are found when flows start; here only the links that may come up. */
static enum dc_status note(struct reader *r)
{
	struct dc_traffic *traffic = r->traffic;
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < traffic->count && !status; i++)
		status = dc_traffic_dimensions_note(traffic, r->arena, traffic->flows[i].from,
						    traffic->flows[i].to);
	return status;
}

static enum dc_status route(struct reader *r)
{
	struct dc_traffic *traffic = r->traffic;
	struct turn *turns = dc_arena_array(r->arena, traffic->count, sizeof *turns);
	struct dc_graph_router router;
	enum dc_status status = DC_OK;
	size_t count = 0;

	if (!turns || dc_graph_index(&traffic->graph) ||
	    dc_graph_router_init(&router, &traffic->graph))
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < traffic->count; i++)
		if (!traffic->flows[i].links)
			turns[count++] = (struct turn){traffic->flows[i].target, (uint32_t)i};
	qsort(turns, count, sizeof *turns, compare_turns);
	for (size_t i = 0; i < count && status != DC_ERR_MEMORY; i++) {
		enum dc_status one = route_one(r, &router, turns[i].flow);

		if (one)
			status = one;
	}
	return status;
}

static void add_up(struct dc_traffic *traffic)
{
	for (size_t i = 0; i < traffic->count; i++) {
		struct dc_traffic_flow *flow = &traffic->flows[i];

		flow->latency = dc_time_from_s(
			dc_graph_latency_s(&traffic->graph, flow->links, flow->hops));
		traffic->bytes += flow->bytes;
		if (flow->hops > traffic->longest)
			traffic->longest = flow->hops;
	}
}

enum dc_status dc_traffic_read_ranks(struct dc_config *config, const char *flows,
				     const struct dc_plan_epoch *epochs, size_t epoch_count,
				     struct dc_traffic *traffic)
{
	struct reader r = {.arena = dc_config_arena(config),
			   .diag = dc_config_diag(config),
			   .traffic = traffic};
	struct dc_traffic_dimensions *dimensions = dc_arena_alloc(r.arena, sizeof *dimensions);
	enum dc_status status;

	if (!dimensions)
		return DC_ERR_MEMORY;
	*dimensions = (struct dc_traffic_dimensions){.epochs = epochs, .epoch_count = epoch_count};
	*traffic = (struct dc_traffic){.dimensions = dimensions};
	dc_graph_init(&traffic->graph, r.arena);
	dc_intern_init(&traffic->ids, r.arena);
	status = dc_table_read(r.arena, r.diag, flows, &r.table);
	if (!status)
		status = read_rows(&r);
	if (!status)
		status = note(&r);
	if (!status)
		add_up(traffic);
	return status;
}

enum dc_status dc_traffic_read(struct dc_config *config, const char *flows, const char *links,
			       struct dc_traffic *traffic)
{
	struct reader r = {.arena = dc_config_arena(config),
			   .diag = dc_config_diag(config),
			   .traffic = traffic};
	enum dc_status graph = DC_OK, list;

	*traffic = (struct dc_traffic){.implied = !links};
	dc_graph_init(&traffic->graph, r.arena);
	dc_intern_init(&traffic->ids, r.arena);
	if (links)
		graph = dc_graph_read(&traffic->graph, r.diag, links);
	if (graph == DC_ERR_MEMORY)
		return graph;
	list = dc_table_read(r.arena, r.diag, flows, &r.table);
	/* Paths over links that were refused would be refused once more. */
	if (graph || list)
		return graph ? graph : list;
	list = read_rows(&r);
	if (!list)
		list = route(&r);
	if (!list)
		add_up(traffic);
	return list;
}
