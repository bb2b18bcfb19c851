/* Explicit graphs: reading a file of links. */
#include "fabric/graph.h"

#include <string.h>

#include "config/table_quantity.h"

enum { ID, FROM, TO, BANDWIDTH, LATENCY, COLUMNS };

static const char *const names[COLUMNS] = {"id", "from", "to", "bandwidth", "latency"};

struct reader {
	struct dc_graph *graph;
	struct dc_diag *diag;
	struct dc_table table;
	int columns[COLUMNS];
	uint32_t *rows; /* of each link: where the id stands, for whoever takes it again */
};

static enum dc_status read_bandwidth(struct reader *r, size_t row, struct dc_graph_link *link)
{
	struct dc_mark mark = dc_table_mark(&r->table, row, r->columns[BANDWIDTH]);
	enum dc_status status = dc_table_quantity(&r->table, r->diag, row, r->columns[BANDWIDTH],
						  DC_DIM_BANDWIDTH, &link->bandwidth_bps);

	if (status || link->bandwidth_bps > 0)
		return status;
	return dc_diag_error(r->diag, &mark, "bandwidth: '%s' is out of range; expected above 0",
			     dc_table_text(&r->table, row, r->columns[BANDWIDTH]));
}

static enum dc_status read_latency(struct reader *r, size_t row, struct dc_graph_link *link)
{
	struct dc_mark mark = dc_table_mark(&r->table, row, r->columns[LATENCY]);
	enum dc_status status = dc_table_quantity(&r->table, r->diag, row, r->columns[LATENCY],
						  DC_DIM_TIME, &link->latency_s);

	if (status || (link->latency_s >= 0 && link->latency_s <= 1e6))
		return status;
	return dc_diag_error(r->diag, &mark, "latency: '%s' is out of range; expected 0 s to 1e6 s",
			     dc_table_text(&r->table, row, r->columns[LATENCY]));
}

static enum dc_status read_ends(struct reader *r, size_t row, struct dc_graph_link *link)
{
	const char *from = dc_table_text(&r->table, row, r->columns[FROM]);
	const char *to = dc_table_text(&r->table, row, r->columns[TO]);
	struct dc_mark mark = dc_table_mark(&r->table, row, r->columns[*from ? TO : FROM]);

	link->from = link->to = DC_GRAPH_NONE;
	if (!*from && !*to)
		return DC_OK;
	if (!*from || !*to)
		return dc_diag_error(r->diag, &mark,
				     "link '%s' has no '%s'; give both ends, or none where every "
				     "flow gives its path",
				     dc_table_text(&r->table, row, r->columns[ID]),
				     *from ? "to" : "from");
	if (dc_intern_add(&r->graph->vertices, from, &link->from) ||
	    dc_intern_add(&r->graph->vertices, to, &link->to))
		return DC_ERR_MEMORY;
	if (link->from == link->to)
		return dc_diag_error(r->diag, &mark, "link '%s' leads from '%s' to itself",
				     dc_table_text(&r->table, row, r->columns[ID]), from);
	return DC_OK;
}

static enum dc_status read_row(struct reader *r, size_t row)
{
	const char *id = dc_table_text(&r->table, row, r->columns[ID]);
	struct dc_mark mark = dc_table_mark(&r->table, row, r->columns[ID]);
	struct dc_graph_link link = {0};
	enum dc_status ends = read_ends(r, row, &link);
	enum dc_status bandwidth = read_bandwidth(r, row, &link);
	enum dc_status latency = read_latency(r, row, &link);
	enum dc_status added;
	uint32_t number;

	if (ends == DC_ERR_MEMORY)
		return ends;
	if (!*id)
		return dc_diag_error(r->diag, &mark, "id: expected a name, found an empty cell");
	if (id[strcspn(id, " \t")])
		return dc_diag_error(r->diag, &mark,
				     "id: '%s' holds a blank, which separates links of a path", id);
	added = dc_graph_add(r->graph, id, &link, &number);
	if (added == DC_ERR_RUN) {
		size_t first = r->rows[dc_intern_find(&r->graph->ids, id)];

		return dc_diag_error(r->diag, &mark,
				     "id: another link is called '%s' too, in line %u", id,
				     dc_table_mark(&r->table, first, r->columns[ID]).line);
	}
	if (!added)
		r->rows[number] = (uint32_t)row;
	return added ? added : ends ? ends : bandwidth ? bandwidth : latency;
}

enum dc_status dc_graph_read(struct dc_graph *graph, struct dc_diag *diag, const char *path)
{
	struct reader r = {.graph = graph, .diag = diag};
	enum dc_status status = dc_table_read(graph->arena, diag, path, &r.table);
	const struct dc_mark top = {r.table.source, 1, 1, 1};

	if (status)
		return status;
	status = dc_table_columns(&r.table, diag, names, COLUMNS, COLUMNS, r.columns);
	if (status)
		return status;
	if (!r.table.rows)
		return dc_diag_error(diag, &top, "there is no link below the header");
	if (r.table.rows > DC_GRAPH_LINKS)
		return dc_diag_error(diag, &top, "%zu links; at most %d are read", r.table.rows,
				     DC_GRAPH_LINKS);
	r.rows = dc_arena_array(graph->arena, r.table.rows, sizeof *r.rows);
	if (!r.rows)
		return DC_ERR_MEMORY;
	for (size_t row = 0; row < r.table.rows; row++) {
		enum dc_status one = read_row(&r, row);

		if (one == DC_ERR_MEMORY)
			return one;
		if (one)
			status = one;
	}
	return status;
}
