/* Links that differ from how their dimension builds them, and what links are called. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "fabric/fabric.h"

/* --- exceptions, sorted by link --- */

static size_t find_place(const struct dc_fabric *fabric, uint64_t link)
{
	size_t low = 0, high = fabric->exception_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (fabric->exceptions[middle].link < link)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct dc_fabric_exception *dc_fabric_find_exception(const struct dc_fabric *fabric,
							   uint64_t link)
{
	size_t place = find_place(fabric, link);

	return place < fabric->exception_count && fabric->exceptions[place].link == link
		       ? &fabric->exceptions[place]
		       : NULL;
}

enum dc_status dc_fabric_set_link(struct dc_fabric *fabric, struct dc_arena *arena, uint64_t link,
				  double bandwidth_bps, double latency_s)
{
	const struct dc_fabric_exception exception = {link, bandwidth_bps, latency_s};
	size_t place = find_place(fabric, link), count = fabric->exception_count;

	if (place < count && fabric->exceptions[place].link == link) {
		fabric->exceptions[place] = exception;
		return DC_OK;
	}
	if (count == fabric->exception_capacity) {
		size_t capacity = count ? 2 * count : 4;
		struct dc_fabric_exception *larger =
			dc_arena_array(arena, capacity, sizeof *larger);

		if (!larger)
			return DC_ERR_MEMORY;
		if (count)
			memcpy(larger, fabric->exceptions, count * sizeof *larger);
		fabric->exceptions = larger;
		fabric->exception_capacity = capacity;
	}
	memmove(&fabric->exceptions[place + 1], &fabric->exceptions[place],
		(count - place) * sizeof exception);
	fabric->exceptions[place] = exception;
	fabric->exception_count++;
	return DC_OK;
}

/* --- names --- */

static int name_vertex(const struct dc_fabric *fabric, const struct dc_fabric_link *link,
		       uint64_t vertex, char *text, size_t size)
{
	const struct dc_fabric_dimension *dimension = &fabric->dimensions[link->dimension];
	uint64_t rank;

	if (vertex >= dimension->size) {
		unsigned long long number = vertex - dimension->size;

		if (fabric->count == 1)
			return snprintf(text, size, "s%llu", number);
		return snprintf(text, size, "s%zu.%llu.%llu", link->dimension,
				(unsigned long long)link->line, number);
	}
	if (dimension->shared)
		return snprintf(text, size, "site%llu", (unsigned long long)vertex);
	rank = dc_fabric_rank_at(fabric, link->dimension, link->line, vertex);
	if (!fabric->group)
		return snprintf(text, size, "%llu", (unsigned long long)rank);
	return snprintf(text, size, "%s/%llu.%llu", fabric->group,
			(unsigned long long)(rank / fabric->node_size),
			(unsigned long long)(rank % fabric->node_size));
}

static void name_port(const struct dc_fabric *fabric, const struct dc_fabric_link *link, char *text,
		      size_t size)
{
	snprintf(text, size, "%s%s%llu.%s%llu", fabric->group ? fabric->group : "node",
		 fabric->group ? "/" : "", (unsigned long long)link->line, link->port->name,
		 (unsigned long long)link->number);
}

/* Which of several links between the same two vertices it is, from 1. */
static uint64_t parallel(const struct dc_fabric *fabric, uint64_t number, size_t d)
{
	const struct dc_fabric_dimension *dimension = &fabric->dimensions[d];
	const struct dc_topology_type *type = dimension->type;
	uint64_t place = (number - fabric->first_link[d]) % type->links(dimension);

	return type->parallel ? type->parallel(dimension, place) + 1 : 1;
}

int dc_fabric_link_name(const struct dc_fabric *fabric, uint64_t number, char *text, size_t size)
{
	struct dc_fabric_link link;
	char from[96], to[96], which[24] = "";
	uint64_t count;

	dc_fabric_link(fabric, number, &link);
	if (link.port) {
		name_port(fabric, &link, from, sizeof from);
		return snprintf(text, size, "%s:%s->%s", fabric->name ? fabric->name : "network",
				link.from ? "net" : from, link.from ? from : "net");
	}
	name_vertex(fabric, &link, link.from, from, sizeof from);
	name_vertex(fabric, &link, link.to, to, sizeof to);
	count = parallel(fabric, number, link.dimension);
	if (count > 1)
		snprintf(which, sizeof which, "#%llu", (unsigned long long)count);
	return snprintf(text, size, "%s:%s->%s%s", fabric->name ? fabric->name : "network", from,
			to, which);
}

/* --- changes by name --- */

/* The rate of a link that is mended. */
static double mended_bps(const struct dc_fabric *fabric, uint64_t number,
			 const struct dc_fabric_link *link)
{
	struct dc_fabric built = *fabric;
	struct dc_fabric_link other;

	if (link->bandwidth_bps > 0)
		return link->bandwidth_bps;
	built.exception_count = 0;
	dc_fabric_link(&built, number, &other);
	return other.bandwidth_bps;
}

enum dc_status dc_fabric_change_links(struct dc_fabric *fabric, struct dc_arena *arena,
				      const char *name, const struct dc_fabric_change *change,
				      uint64_t *found)
{
	uint64_t links = dc_fabric_links(fabric);

	*found = 0;
	for (uint64_t i = 0; i < links; i++) {
		struct dc_fabric_link link;
		enum dc_status status;
		char text[256];

		dc_fabric_link_name(fabric, i, text, sizeof text);
		if (fnmatch(name, text, 0) != 0)
			continue;
		dc_fabric_link(fabric, i, &link);
		if (change->state == DC_FABRIC_UP)
			link.bandwidth_bps = mended_bps(fabric, i, &link);
		/* What is down stays so until it is mended. */
		if (change->bandwidth_bps > 0 && link.bandwidth_bps > 0)
			link.bandwidth_bps = change->bandwidth_bps;
		if (change->latency_s >= 0)
			link.latency_s = change->latency_s;
		if (change->state == DC_FABRIC_DOWN)
			link.bandwidth_bps = 0;
		status = dc_fabric_set_link(fabric, arena, i, link.bandwidth_bps, link.latency_s);
		if (status)
			return status;
		++*found;
	}
	return DC_OK;
}

/* --- the section --- */

static enum dc_status apply(const struct dc_fabric_override *override, struct dc_diag *diag,
			    struct dc_arena *arena, struct dc_fabric *fabric)
{
	const struct dc_fabric_change change = {
		.bandwidth_bps = override->bandwidth_bps,
		.latency_s = override->latency_s,
		.state = override->down ? DC_FABRIC_DOWN : DC_FABRIC_UP,
	};
	uint64_t links = dc_fabric_links(fabric), found;
	const struct dc_mark *mark = dc_node_mark(override->node, "link");
	enum dc_status status;
	char name[256];

	if (!override->down && !(change.bandwidth_bps > 0) && change.latency_s < 0 &&
	    !dc_node_get(override->node, "state"))
		return dc_diag_error(diag, mark,
				     "override: of '%s' nothing differs; expected bandwidth, "
				     "latency or state",
				     override->link);
	if (links > DC_FABRIC_NAMED_LINKS)
		return dc_diag_error(diag, mark,
				     "override: the fabric has more than %d links; none can be "
				     "named",
				     DC_FABRIC_NAMED_LINKS);
	status = dc_fabric_change_links(fabric, arena, override->link, &change, &found);
	if (status || found)
		return status;
	dc_fabric_link_name(fabric, 0, name, sizeof name);
	return dc_diag_error(diag, mark,
			     "override: no link is called '%s'; links are called such as '%s'",
			     override->link, links ? name : "(there are none)");
}

/* Terminals of a line, or a node's neighbours over its ports, that cannot reach the next one any more. */
static enum dc_status check_reach(const struct dc_fabric_config *config, struct dc_diag *diag,
				  const struct dc_fabric *fabric, uint64_t number)
{
	struct dc_fabric_path path = {0};
	enum dc_status status = DC_OK;
	struct dc_fabric_link link;
	uint64_t size, line;
	char name[256];

	dc_fabric_link(fabric, number, &link);
	size = fabric->dimensions[link.dimension].size;
	line = link.line;
	/* Of a port, the line of its node's first rank. */
	if (link.port)
		line = dc_fabric_line(fabric, link.dimension,
				      link.line * fabric->strides[fabric->outside]);
	for (uint64_t t = 0; t < size && size > 1 && !status; t++) {
		uint64_t from = dc_fabric_rank_at(fabric, link.dimension, line, t);
		uint64_t to = dc_fabric_rank_at(fabric, link.dimension, line, (t + 1) % size);

		status = dc_fabric_route(fabric, from, to, NULL, NULL, &path);
		if (status || !path.broken)
			continue;
		dc_fabric_link_name(fabric, number, name, sizeof name);
		status = dc_diag_error(
			diag, dc_node_mark(config->node, "overrides"),
			"fabric: with '%s' down there is no way left from rank %llu to "
			"rank %llu",
			name, (unsigned long long)from, (unsigned long long)to);
	}
	dc_fabric_path_fini(&path);
	return status;
}

/* Every link that is down is gone around; the first that is not is told. */
static enum dc_status check_reaches(const struct dc_fabric_config *config, struct dc_diag *diag,
				    const struct dc_fabric *fabric)
{
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < fabric->exception_count && !status; i++)
		if (fabric->exceptions[i].bandwidth_bps <= 0)
			status = check_reach(config, diag, fabric, fabric->exceptions[i].link);
	return status;
}

enum dc_status dc_fabric_apply_overrides(const struct dc_fabric_config *config,
					 struct dc_diag *diag, struct dc_arena *arena,
					 struct dc_fabric *fabric)
{
	const struct dc_fabric_override *overrides = config->overrides.items;
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < config->overrides.count; i++) {
		enum dc_status other = apply(&overrides[i], diag, arena, fabric);

		if (status == DC_OK || other == DC_ERR_MEMORY)
			status = other;
	}
	return status ? status : check_reaches(config, diag, fabric);
}
