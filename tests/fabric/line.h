/* For tests of topologies: one line from YAML, kept while it is looked at; its links in arrays. */
#ifndef DC_TESTS_FABRIC_LINE_H
#define DC_TESTS_FABRIC_LINE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "fabric/fabric.h"

struct line {
	const char *yaml;
	struct dc_diag *diag;
	struct dc_config *config;
	struct dc_fabric fabric;
	const struct dc_fabric_dimension *dimension; /* the first */
	uint64_t size, vertices, count;
	struct dc_line_link *links;
};

/* The status of building {MAP} as the one dimension of a network. */
static inline enum dc_status line_try(const char *map, struct line *line)
{
	static const char *folders[2];
	struct dc_fabric_config section = {0};
	struct dc_node *root = NULL;
	char text[1024];
	enum dc_status status;

	*line = (struct line){.yaml = map, .diag = dc_diag_create()};
	folders[0] = getenv("srcdir") ? getenv("srcdir") : ".";
	line->config = dc_config_create(line->diag, folders);
	snprintf(text, sizeof text, "networks: [{dimensions: [{%s}]}]", map);
	status = dc_tree_read_text(dc_config_arena(line->config), line->diag, "test.yaml", text,
				   strlen(text), &root);
	if (!status)
		status = dc_section_read(line->config, &dc_fabric_section, root, &section);
	if (!status)
		status = dc_fabric_build(&section, NULL, line->diag, dc_config_arena(line->config),
					 &line->fabric);
	return status;
}

static inline char *line_messages(const struct line *line)
{
	char *messages = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&messages, &size);

	dc_diag_render(line->diag, out, false);
	fclose(out);
	return messages;
}

static inline void line_close(struct line *line)
{
	free(line->links);
	dc_config_destroy(line->config);
	dc_diag_destroy(line->diag);
}

static inline void line_open(const char *map, struct line *line)
{
	enum dc_status status = line_try(map, line);
	char *messages = line_messages(line);
	const struct dc_topology_type *type;

	cr_assert_eq(status, DC_OK, "%s", messages);
	free(messages);
	line->dimension = &line->fabric.dimensions[0];
	type = line->dimension->type;
	line->size = line->dimension->size;
	line->vertices = line->size + type->switches(line->dimension);
	line->count = type->links(line->dimension);
	line->links = calloc(line->count + 1, sizeof *line->links);
	for (uint64_t i = 0; i < line->count; i++)
		type->link(line->dimension, i, &line->links[i]);
}

static inline void line_refused(const char *map, const char *words)
{
	struct line line;
	enum dc_status status = line_try(map, &line);
	char *messages = line_messages(&line);

	cr_expect_eq(status, DC_ERR_INPUT, "%s", map);
	cr_expect(strstr(messages, words) != NULL, "%s: expected \"%s\" in:\n%s", map, words,
		  messages);
	free(messages);
	line_close(&line);
}

/* Way `choice` from one terminal to another. */
static inline void line_path(const struct line *line, uint64_t from, uint64_t to, uint64_t choice,
			     struct dc_route *route)
{
	dc_route_clear(route);
	line->dimension->type->path(line->dimension, from, to, choice, route);
}

static inline uint64_t line_ways(const struct line *line, uint64_t from, uint64_t to)
{
	const struct dc_topology_type *type = line->dimension->type;

	return type->paths ? type->paths(line->dimension, from, to) : 1;
}

#endif
