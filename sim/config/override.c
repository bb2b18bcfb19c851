/* Overrides from the command line: a.b.0.c=value laid into the tree. */
#include "config/config_private.h"

#include <string.h>

/* The path of an assignment as it is walked. */
struct walk {
	struct dc_config *config;
	const struct dc_source *source;
	size_t at;     /* byte of the current name */
	size_t length; /* of it */
	const char *name;
};

static struct dc_mark here(const struct walk *walk)
{
	return dc_tree_mark(walk->source, walk->at, walk->length);
}

/* What stands at a name on the way, made fit to be changed: a copy (an alias may share the value, and
 * an override changes one place only), a new map, or {base: scalar}. */
static struct dc_node *passable(struct walk *walk, struct dc_node *node)
{
	struct dc_arena *arena = walk->config->arena;
	struct dc_mark mark = here(walk);
	struct dc_node *map;

	if (node && node->kind != DC_NODE_SCALAR)
		return dc_tree_copy(arena, node);
	map = dc_node_create(arena, DC_NODE_MAP, &mark);
	if (!map || !node || dc_node_is_null(node))
		return map;
	map->folder = node->folder;
	return dc_node_set(arena, map, "base", node) == DC_OK ? map : NULL;
}

/* The place in a list that a name means: an index, or the `name` of one of its maps. */
static enum dc_status list_index(struct walk *walk, const struct dc_node *list, size_t *index)
{
	struct dc_mark mark = here(walk);
	size_t digits = strspn(walk->name, "0123456789");

	*index = 0;
	if (digits && digits < 9 && !walk->name[digits]) {
		for (const char *c = walk->name; *c; c++)
			*index = *index * 10 + (size_t)(*c - '0');
		if (*index <= list->count)
			return DC_OK;
	} else {
		for (; *index < list->count; ++*index) {
			const struct dc_node *name = dc_node_get(list->items[*index], "name");

			if (name && name->kind == DC_NODE_SCALAR &&
			    strcmp(name->text, walk->name) == 0)
				return DC_OK;
		}
	}
	return dc_diag_error(walk->config->diag, &mark,
			     "'%s' is no item of this list, which has %zu (the first is 0)",
			     dc_tree_quote(walk->config->arena, walk->name), list->count);
}

/* Puts a value under the current name of a map or list. */
static enum dc_status put(struct walk *walk, struct dc_node *node, struct dc_node *value)
{
	struct dc_arena *arena = walk->config->arena;
	struct dc_mark mark = here(walk);
	enum dc_status status;
	size_t index;

	if (node->kind == DC_NODE_MAP)
		return dc_tree_set(arena, node, walk->name, &mark, value);
	status = list_index(walk, node, &index);
	if (status != DC_OK)
		return status;
	if (index == node->count)
		return dc_node_append(arena, node, value);
	node->items[index] = value;
	return DC_OK;
}

/* The node under the current name, or NULL: what put() would replace. */
static enum dc_status look(struct walk *walk, const struct dc_node *node, struct dc_node **value)
{
	enum dc_status status;
	size_t index;

	*value = NULL;
	if (node->kind == DC_NODE_MAP) {
		*value = dc_node_get(node, walk->name);
		return DC_OK;
	}
	status = list_index(walk, node, &index);
	if (status == DC_OK && index < node->count)
		*value = node->items[index];
	return status;
}

/* Takes the next name of the path; *last when it is followed by the '='. */
static enum dc_status next_name(struct walk *walk, size_t end, bool *last)
{
	const char *text = walk->source->text;
	size_t length = 0;
	struct dc_mark mark;

	while (walk->at + length < end && text[walk->at + length] != '.')
		length++;
	walk->length = length;
	*last = walk->at + length == end;
	if (!length) {
		mark = dc_tree_mark(walk->source, walk->at, 1);
		return dc_diag_error(walk->config->diag, &mark,
				     "a name is missing; expected KEY=VALUE, such as 'run.seed=2'");
	}
	walk->name = dc_arena_strndup(walk->config->arena, text + walk->at, length);
	return walk->name ? DC_OK : DC_ERR_MEMORY;
}

static enum dc_status walk_and_set(struct walk *walk, struct dc_node *root, size_t end,
				   struct dc_node *value)
{
	struct dc_node *node = root;

	for (unsigned depth = 0; depth < DC_TREE_DEPTH; depth++) {
		struct dc_node *child;
		bool last;
		enum dc_status status = next_name(walk, end, &last);

		if (status != DC_OK)
			return status;
		if (last)
			return put(walk, node, value);
		status = look(walk, node, &child);
		if (status != DC_OK)
			return status;
		child = passable(walk, child);
		if (!child)
			return DC_ERR_MEMORY;
		status = put(walk, node, child);
		if (status != DC_OK)
			return status;
		node = child;
		walk->at += walk->length + 1;
	}
	return dc_diag_error(walk->config->diag, NULL, "the override names more than %d levels",
			     DC_TREE_DEPTH);
}

enum dc_status dc_config_override(struct dc_config *config, struct dc_node *root,
				  const char *assignment)
{
	struct walk walk = {.config = config, .name = ""};
	const char *equals = strchr(assignment, '=');
	struct dc_node *value = NULL;
	struct dc_mark mark;
	enum dc_status status;
	size_t from;

	walk.source = dc_diag_source(config->diag, "-s", assignment, strlen(assignment));
	if (!walk.source)
		return DC_ERR_MEMORY;
	if (!equals) {
		mark = dc_tree_mark(walk.source, 0, strlen(assignment));
		return dc_diag_error(config->diag, &mark,
				     "expected KEY=VALUE, such as 'run.seed=2'");
	}
	from = (size_t)(equals - assignment) + 1;
	if (strspn(equals + 1, " \t") == strlen(equals + 1)) {
		mark = dc_tree_mark(walk.source, from, 1);
		value = dc_node_scalar(config->arena, &mark, "");
		if (!value)
			return DC_ERR_MEMORY;
	} else {
		status = dc_tree_parse(config->arena, config->diag, walk.source, from, ".", &value);
		if (status != DC_OK)
			return status;
	}
	return walk_and_set(&walk, root, (size_t)(equals - assignment), value);
}
