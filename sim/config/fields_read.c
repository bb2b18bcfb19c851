/* Reading a section: from map to struct by its field table, every error reported. */
#include <stdlib.h>
#include <string.h>

#include "config/config_private.h"

enum { KEYS_LIMIT = 128, KEYS_SHOWN = 16 };

/* What is being read. where is the nearest place in the text: of the map, or of what holds it. */
struct reader {
	struct dc_config *config;
	const struct dc_section *section;
	const struct dc_mark *where;
};

static enum dc_status read_section(struct dc_config *config, const struct dc_section *section,
				   const struct dc_node *node, const struct dc_mark *where,
				   void *out);

/* Keeps the first failure; running out of memory wins. */
static void keep(enum dc_status *status, enum dc_status other)
{
	if (*status == DC_OK || other == DC_ERR_MEMORY)
		*status = other;
}

static const char *quote(const struct reader *r, const char *text)
{
	return dc_tree_quote(r->config->arena, text);
}

static enum dc_status refuse_unknown(const struct reader *r, const struct dc_pair *pair)
{
	const char *keys[KEYS_LIMIT] = {NULL}, *suggestion;
	size_t count = 0;

	/* Nobody will read this one: spare the search for a suggestion. */
	if (dc_diag_errors(r->config->diag) >= DC_DIAG_LIMIT)
		return dc_diag_error(r->config->diag, &pair->key_mark, "%s: unknown key",
				     r->section->name);
	for (size_t i = 0; i < r->section->count && count < KEYS_LIMIT; i++)
		if (r->section->fields[i].kind != DC_RESERVED)
			keys[count++] = r->section->fields[i].key;
	suggestion = dc_diag_nearest(pair->key, keys, count);
	if (suggestion)
		return dc_diag_error(r->config->diag, &pair->key_mark,
				     "%s: unknown key '%s'; did you mean '%s'?", r->section->name,
				     quote(r, pair->key), suggestion);
	return dc_diag_error(r->config->diag, &pair->key_mark, "%s: unknown key '%s'; it has %s",
			     r->section->name, quote(r, pair->key),
			     count ? dc_names_joined(r->config->arena, keys, count, KEYS_SHOWN)
				   : "no keys");
}

/* Refuses keys that the table does not have, or has as reserved. */
static enum dc_status check_keys(const struct reader *r, const struct dc_node *map)
{
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < map->count; i++) {
		const struct dc_pair *pair = &map->pairs[i];
		const struct dc_field *field = dc_section_field(r->section, pair->key);

		if (field && field->kind == DC_RESERVED && !(field->flags & DC_SHORTHAND))
			keep(&status, dc_diag_error(r->config->diag, &pair->key_mark,
						    "%s: '%s' is not supported yet",
						    r->section->name, pair->key));
		/* A shorthand that its owner did not rewrite stands where it means nothing. */
		else if (!field || field->flags & DC_SHORTHAND)
			keep(&status, refuse_unknown(r, pair));
	}
	return status;
}

/* The default of a key as a node: YAML text is a tree of its own. */
static enum dc_status fallback_node(const struct reader *r, const struct dc_field *field,
				    const struct dc_node **node)
{
	const char *text = field->fallback;
	const char *name;
	struct dc_node *root;
	enum dc_status status;

	*node = NULL;
	if (!*text || !strchr("[{\"'", *text)) {
		*node = dc_node_scalar(r->config->arena, r->where, text);
		return *node ? DC_OK : DC_ERR_MEMORY;
	}
	name = dc_arena_printf(r->config->arena, "default of %s", field->key);
	if (!name)
		return DC_ERR_MEMORY;
	status = dc_tree_read_text(r->config->arena, r->config->diag, name, text, strlen(text),
				   &root);
	*node = root;
	return status;
}

static enum dc_status refuse_kind(const struct reader *r, const struct dc_field *field,
				  const struct dc_node *node, const char *expected)
{
	return dc_diag_error(r->config->diag, &node->mark, "%s: %s: expected %s, found %s",
			     r->section->name, field->key, expected,
			     dc_node_words(r->config->arena, node));
}

static enum dc_status unknown_type(const struct reader *r, const struct dc_tagged_family *family,
				   const struct dc_node *tag)
{
	const char *names[KEYS_LIMIT] = {NULL}, *suggestion, *all;
	size_t count = 0;

	for (const char *const *name = family->reserved; name && *name; name++)
		if (tag && strcmp(*name, tag->text) == 0)
			return dc_diag_error(r->config->diag, &tag->mark,
					     "%s: %s: '%s' is not supported yet", r->section->name,
					     family->tag, tag->text);
	for (; count < family->count && count < KEYS_LIMIT; count++)
		names[count] = family->types[count].name;
	all = dc_names_joined(r->config->arena, names, count, KEYS_LIMIT);
	if (!tag)
		return dc_diag_error(r->config->diag, r->where,
				     "%s: the key '%s' is missing; it is one of %s",
				     r->section->name, family->tag, all);
	suggestion = dc_diag_nearest(tag->text, names, count);
	return dc_diag_error(r->config->diag, &tag->mark, "%s: %s: '%s' is not one of %s%s%s%s",
			     r->section->name, family->tag, quote(r, tag->text), all,
			     suggestion ? "; did you mean '" : "", suggestion ? suggestion : "",
			     suggestion ? "'?" : "");
}

static enum dc_status read_tagged(const struct reader *r, const struct dc_field *field,
				  const struct dc_node *node, struct dc_tagged *tagged)
{
	const struct dc_tagged_family *family = field->family;
	struct reader here = *r;
	const struct dc_node *tag;
	enum dc_status status;

	if (node->kind != DC_NODE_MAP)
		return refuse_kind(
			r, field, node,
			dc_arena_printf(r->config->arena, "a map with the key '%s'", family->tag));
	here.where = &node->mark;
	tag = dc_node_get(node, family->tag);
	if (dc_node_is_null(tag))
		return unknown_type(&here, family, NULL);
	if (tag->kind != DC_NODE_SCALAR)
		return dc_diag_error(r->config->diag, &tag->mark,
				     "%s: %s: expected a name, found %s", r->section->name,
				     family->tag, dc_node_words(r->config->arena, tag));
	for (size_t i = 0; i < family->count; i++) {
		const struct dc_tagged_type *type = &family->types[i];

		if (strcmp(type->name, tag->text) != 0)
			continue;
		tagged->section = dc_arena_alloc(r->config->arena, type->section->size);
		if (!tagged->section)
			return DC_ERR_MEMORY;
		status = read_section(r->config, type->section, node, &node->mark, tagged->section);
		tagged->type = type;
		return status;
	}
	return unknown_type(&here, family, tag);
}

static enum dc_status read_list(const struct reader *r, const struct dc_field *field,
				const struct dc_node *node, struct dc_list *list)
{
	size_t size = field->family ? sizeof(struct dc_tagged) : field->section->size;
	enum dc_status status = DC_OK;
	unsigned char *items;

	if (node->kind != DC_NODE_LIST)
		return refuse_kind(r, field, node, "a list");
	if (field->flags & DC_NON_EMPTY && !node->count)
		return refuse_kind(r, field, node, "at least one item");
	items = dc_arena_array(r->config->arena, node->count, size);
	if (!items)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < node->count; i++) {
		const struct dc_node *item = node->items[i];

		if (item->kind != DC_NODE_MAP)
			keep(&status, refuse_kind(r, field, item, "a list of maps"));
		else if (field->family)
			keep(&status, read_tagged(r, field, item, (void *)(items + i * size)));
		else
			keep(&status, read_section(r->config, field->section, item, &item->mark,
						   items + i * size));
	}
	list->items = items;
	list->count = node->count;
	return status;
}

static enum dc_status read_numbers(const struct reader *r, const struct dc_field *field,
				   const struct dc_node *node, struct dc_list *list)
{
	bool single = node->kind == DC_NODE_SCALAR;
	size_t count = single ? 1 : node->count;
	enum dc_status status = DC_OK;
	double *numbers;

	if (node->kind == DC_NODE_MAP)
		return refuse_kind(r, field, node, "a list of numbers");
	if (field->flags & DC_NON_EMPTY && !count)
		return refuse_kind(r, field, node, "at least one number");
	numbers = dc_arena_array(r->config->arena, count, sizeof *numbers);
	if (!numbers)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		keep(&status, dc_field_read_quantity(r->config, r->section, field,
						     single ? node : node->items[i], &numbers[i]));
	list->items = numbers;
	list->count = count;
	return status;
}

static enum dc_status read_optional(const struct reader *r, const struct dc_field *field,
				    const struct dc_node *node, void **place)
{
	void *section;
	enum dc_status status;

	if (node->kind != DC_NODE_MAP)
		return refuse_kind(r, field, node, "a map");
	section = dc_arena_alloc(r->config->arena, field->section->size);
	if (!section)
		return DC_ERR_MEMORY;
	status = read_section(r->config, field->section, node, &node->mark, section);
	*place = section;
	return status;
}

/* A value that is there, or the default, into its place. */
static enum dc_status read_value(const struct reader *r, const struct dc_field *field,
				 const struct dc_node *node, void *place)
{
	switch (field->kind) {
	case DC_SECTION:
		if (node->kind != DC_NODE_MAP)
			return refuse_kind(r, field, node, "a map");
		return read_section(r->config, field->section, node, &node->mark, place);
	case DC_OPTIONAL:
		return read_optional(r, field, node, place);
	case DC_LIST:
		return read_list(r, field, node, place);
	case DC_NUMBERS:
		return read_numbers(r, field, node, place);
	case DC_TAGGED:
		return read_tagged(r, field, node, place);
	case DC_CATALOGUE:
		return dc_catalogue_read(r->config, field->catalogue, node, place);
	case DC_NODE:
		*(const struct dc_node **)place = node;
		return DC_OK;
	default:
		return dc_field_read_scalar(r->config, r->section, field, node, place);
	}
}

static enum dc_status missing(const struct reader *r, const struct dc_field *field)
{
	if (field->kind == DC_TAGGED)
		return dc_diag_error(r->config->diag, r->where,
				     "%s: the key '%s' is missing: a map with the key '%s' (%s)",
				     r->section->name, field->key, field->family->tag, field->help);
	if (field->kind == DC_QUANTITY)
		return dc_diag_error(r->config->diag, r->where,
				     "%s: the key '%s' is missing: %s, such as '%s'",
				     r->section->name, field->key, dc_units_noun(field->dimension),
				     dc_units_example(field->dimension));
	/* "a map" alone says too little about what belongs there. */
	if (field->section || field->catalogue || field->family)
		return dc_diag_error(r->config->diag, r->where,
				     "%s: the key '%s' is missing: %s (%s)", r->section->name,
				     field->key, dc_field_kind_words(field), field->help);
	return dc_diag_error(r->config->diag, r->where, "%s: the key '%s' is missing: %s",
			     r->section->name, field->key, dc_field_kind_words(field));
}

static enum dc_status read_field(const struct reader *r, const struct dc_field *field,
				 const struct dc_node *map, unsigned char *out)
{
	const struct dc_node *node = dc_node_get(map, field->key);
	enum dc_status status;

	if (field->kind == DC_RESERVED || field->flags & DC_SHORTHAND)
		return DC_OK;
	if (dc_node_is_null(node)) {
		if (field->flags & DC_REQUIRED)
			return missing(r, field);
		if (!field->fallback && field->kind == DC_SECTION)
			return read_section(r->config, field->section, NULL, r->where,
					    out + field->offset);
		if (!field->fallback)
			return DC_OK;
		status = fallback_node(r, field, &node);
		if (status != DC_OK)
			return status;
	}
	return read_value(r, field, node, out + field->offset);
}

static enum dc_status read_section(struct dc_config *config, const struct dc_section *section,
				   const struct dc_node *node, const struct dc_mark *where,
				   void *out)
{
	const struct reader r = {.config = config, .section = section, .where = where};
	enum dc_status status = DC_OK;

	if (config->depth == DC_SECTION_DEPTH)
		return dc_diag_error(config->diag, where,
				     "%s: sections are nested more than %d deep", section->name,
				     DC_SECTION_DEPTH);
	config->depth++;
	*(const struct dc_node **)out = node;
	if (node)
		keep(&status, check_keys(&r, node));
	for (size_t i = 0; i < section->count && status != DC_ERR_MEMORY; i++)
		keep(&status, read_field(&r, &section->fields[i], node, out));
	config->depth--;
	return status;
}

enum dc_status dc_section_read(struct dc_config *config, const struct dc_section *section,
			       const struct dc_node *node, void *out)
{
	if (dc_node_is_null(node))
		return read_section(config, section, NULL, node ? &node->mark : NULL, out);
	if (node->kind != DC_NODE_MAP)
		return dc_diag_error(config->diag, &node->mark, "%s: expected a map, found %s",
				     section->name, dc_node_words(config->arena, node));
	return read_section(config, section, node, &node->mark, out);
}

enum dc_status dc_section_check_keys(struct dc_config *config, const struct dc_section *section,
				     struct dc_node *map)
{
	const struct reader r = {.config = config, .section = section, .where = &map->mark};
	enum dc_status status = DC_OK;
	size_t kept = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct dc_pair *pair = &map->pairs[i];

		if (dc_section_field(section, pair->key))
			map->pairs[kept++] = *pair;
		else
			keep(&status, refuse_unknown(&r, pair));
	}
	map->count = kept;
	return status;
}
