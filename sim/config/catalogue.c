/* The catalogue: entries of a family by name, with overrides on a base, or inline. */
#include "config/config_private.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAMES_SHOWN = 12 };

static int name_compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Adds the names of one folder's *.yaml files to the list. */
static enum dc_status list_folder(struct dc_config *config, const char *path, const char ***names,
				  size_t *count, size_t *capacity)
{
	static const char suffix[] = ".yaml";
	DIR *folder = opendir(path);
	enum dc_status status = DC_OK;

	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		size_t length = strlen(entry->d_name);

		if (length < sizeof suffix || *entry->d_name == '.' ||
		    strcmp(entry->d_name + length + 1 - sizeof suffix, suffix) != 0)
			continue;
		if (*count == *capacity) {
			size_t larger = *capacity ? *capacity * 2 : 32;
			const char **more = realloc(*names, larger * sizeof *more);

			if (!more) {
				status = DC_ERR_MEMORY;
				break;
			}
			*names = more;
			*capacity = larger;
		}
		(*names)[*count] =
			dc_arena_strndup(config->arena, entry->d_name, length + 1 - sizeof suffix);
		if (!(*names)[(*count)++]) {
			status = DC_ERR_MEMORY;
			break;
		}
	}
	if (folder)
		closedir(folder);
	return status;
}

enum dc_status dc_catalogue_names(struct dc_config *config, const char *family,
				  const char *const **names, size_t *count)
{
	const char **found = NULL, **kept;
	size_t capacity = 0, all = 0;
	enum dc_status status = DC_OK;

	*names = NULL;
	*count = 0;
	for (const char **data = config->folders; status == DC_OK && *data; data++) {
		const char *path = dc_arena_printf(config->arena, "%s/catalog/%s", *data, family);

		status = path ? list_folder(config, path, &found, &all, &capacity) : DC_ERR_MEMORY;
	}
	kept = dc_arena_array(config->arena, all + 1, sizeof *kept);
	if (!kept)
		status = DC_ERR_MEMORY;
	if (status == DC_OK) {
		if (all)
			qsort(found, all, sizeof *found, name_compare);
		for (size_t i = 0; i < all; i++)
			if (!i || strcmp(found[i], found[i - 1]) != 0)
				kept[(*count)++] = found[i];
		*names = kept;
	}
	free(found);
	return status;
}

/* The nearest name: by spelling, or else the only sensible one that holds the word. */
static const char *nearest(const char *word, const char *const *names, size_t count)
{
	const char *name = dc_diag_nearest(word, names, count);

	for (size_t i = 0; !name && strlen(word) > 2 && i < count; i++)
		if (strstr(names[i], word))
			name = names[i];
	return name;
}

/* True when a data folder has the family's folder. */
static bool has_family(struct dc_config *config, const char *family)
{
	struct stat info;

	for (const char **data = config->folders; *data; data++) {
		const char *path = dc_arena_printf(config->arena, "%s/catalog/%s", *data, family);

		if (path && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
			return true;
	}
	return false;
}

static struct dc_catalogue_entry *known_entry(struct dc_config *config, const char *family,
					      const char *path)
{
	struct dc_catalogue_entry *entry = config->entries;

	while (entry && (strcmp(entry->family, family) != 0 || strcmp(entry->path, path) != 0))
		entry = entry->next;
	return entry;
}

static enum dc_status remember(struct dc_config *config, const char *family, const char *path,
			       struct dc_node *root)
{
	struct dc_catalogue_entry *entry = dc_arena_alloc(config->arena, sizeof *entry);

	if (!entry)
		return DC_ERR_MEMORY;
	*entry = (struct dc_catalogue_entry){config->entries, family, path, root};
	config->entries = entry;
	return DC_OK;
}

/* A family that is nowhere is a matter of the installation: it is said once, not at every name. */
static enum dc_status no_family(struct dc_config *config, const char *family,
				const struct dc_mark *mark)
{
	const char *places = "";

	if (known_entry(config, family, ""))
		return DC_ERR_INPUT;
	if (remember(config, family, "", NULL) != DC_OK)
		return DC_ERR_MEMORY;
	for (const char **data = config->folders; places && *data; data++)
		places = dc_arena_printf(config->arena, "%s%s%s", places, *places ? ", " : "",
					 *data);
	return dc_diag_error(config->diag, mark,
			     "no catalogue '%s' in %s; set DCSIM_DATA to the folder that holds "
			     "catalog/",
			     family, places && *places ? places : "any data folder");
}

static enum dc_status unknown_entry(struct dc_config *config, const char *family,
				    const struct dc_node *node)
{
	const char *shown = dc_tree_quote(config->arena, node->text);
	const char *const *names;
	const char *suggestion;
	size_t count;
	enum dc_status status = dc_catalogue_names(config, family, &names, &count);

	if (status != DC_OK)
		return status;
	if (!count && !has_family(config, family))
		return no_family(config, family, &node->mark);
	if (!count)
		return dc_diag_error(config->diag, &node->mark,
				     "'%s' is not in the catalogue '%s', which has no entries here",
				     shown, family);
	suggestion = nearest(node->text, names, count);
	if (suggestion)
		return dc_diag_error(config->diag, &node->mark,
				     "'%s' is not in the catalogue '%s'; did you mean '%s'?", shown,
				     family, suggestion);
	return dc_diag_error(config->diag, &node->mark,
			     "'%s' is not in the catalogue '%s'; it has %s", shown, family,
			     dc_names_joined(config->arena, names, count, NAMES_SHOWN));
}

/* True for the name of a file in place of an entry's. */
static bool is_path(const char *name)
{
	static const char suffix[] = ".yaml";
	size_t length = strlen(name);

	return strchr(name, '/') ||
	       (length >= sizeof suffix && strcmp(name + length + 1 - sizeof suffix, suffix) == 0);
}

/* What the entry of a file is called: the file's name without folder and ending. */
static const char *stem(struct dc_arena *arena, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *dot = strrchr(base, '.');

	return dc_arena_strndup(arena, base,
				dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

/* The file of an entry: one that is named as such, or NAME.yaml of the family in the data folders.
 * *path NULL when there is none. */
static enum dc_status entry_path(struct dc_config *config, const char *family,
				 const struct dc_node *node, const char **path)
{
	*path = NULL;
	if (is_path(node->text)) {
		*path = dc_config_find(config, node->folder, node->text);
		return DC_OK;
	}
	if (!*node->text || *node->text == '.')
		return DC_OK;
	for (const char **data = config->folders; !*path && *data; data++) {
		*path = dc_arena_printf(config->arena, "%s/catalog/%s/%s.yaml", *data, family,
					node->text);
		if (!*path)
			return DC_ERR_MEMORY;
		if (!dc_config_find(config, NULL, *path))
			*path = NULL;
	}
	return DC_OK;
}

/* The tree of an entry, read once. *root NULL with DC_ERR_INPUT when there is none. */
static enum dc_status find_entry(struct dc_config *config, const char *family,
				 const struct dc_node *node, struct dc_node **root)
{
	const struct dc_catalogue_entry *entry;
	const char *path;
	enum dc_status status = entry_path(config, family, node, &path);

	*root = NULL;
	if (status != DC_OK)
		return status;
	if (!path && is_path(node->text))
		return dc_config_not_found(config, &node->mark, node->text, node->folder);
	if (!path)
		return unknown_entry(config, family, node);
	entry = known_entry(config, family, path);
	if (entry) {
		*root = entry->root;
		return entry->root ? DC_OK : DC_ERR_INPUT;
	}
	status = dc_config_read_file(config, path, NULL, root);
	if (status == DC_ERR_MEMORY)
		return status;
	if (status != DC_OK) {
		*root = NULL;
		dc_diag_note(config->diag, &node->mark, "named here");
	}
	return remember(config, family, path, *root) == DC_OK ? status : DC_ERR_MEMORY;
}

/* The map that a node comes to: bases below, overrides on top; *name is the lowest base. */
static enum dc_status resolve(struct dc_config *config, const char *family,
			      const struct dc_node *node, unsigned depth, struct dc_node **map,
			      const char **name)
{
	struct dc_node *base, *over;
	enum dc_status status;

	if (depth > DC_BASE_CHAIN)
		return dc_diag_error(config->diag, &node->mark,
				     "more than %d catalogue entries are based on each other",
				     DC_BASE_CHAIN);
	if (node->kind == DC_NODE_LIST)
		return dc_diag_error(config->diag, &node->mark,
				     "expected a name of the catalogue '%s' or a map, not a list",
				     family);
	if (node->kind == DC_NODE_SCALAR) {
		*name = is_path(node->text) ? stem(config->arena, node->text) : node->text;
		if (!*name)
			return DC_ERR_MEMORY;
		status = find_entry(config, family, node, &base);
		return status == DC_OK && base ? resolve(config, family, base, depth + 1, map, name)
					       : status;
	}
	over = dc_tree_copy(config->arena, node);
	if (!over)
		return DC_ERR_MEMORY;
	*map = over;
	base = dc_node_remove(over, "base");
	if (dc_node_is_null(base))
		return DC_OK;
	if (base->kind != DC_NODE_SCALAR)
		return dc_diag_error(config->diag, &base->mark,
				     "base: expected a name of the catalogue '%s'", family);
	status = resolve(config, family, base, depth + 1, map, name);
	if (status == DC_OK)
		*map = dc_node_merge(config->arena, *map, over);
	return *map ? status : DC_ERR_MEMORY;
}

enum dc_status dc_catalogue_read(struct dc_config *config, const struct dc_catalogue_family *family,
				 const struct dc_node *node, void **out)
{
	const struct dc_field *name_row = dc_section_field(family->section, "name");
	const char *name = NULL;
	struct dc_node *map = NULL, *scalar;
	enum dc_status status = resolve(config, family->name, node, 0, &map, &name);

	*out = NULL;
	if (status != DC_OK || !map)
		return status;
	/* An entry is called as its file is, unless it says otherwise. */
	if (name && name_row && name_row->kind == DC_STRING && !dc_node_get(map, "name")) {
		struct dc_node *named = dc_node_create(config->arena, DC_NODE_MAP, &map->mark);

		scalar = dc_node_scalar(config->arena, &map->mark, name);
		if (!named || !scalar || dc_node_set(config->arena, named, "name", scalar) != DC_OK)
			return DC_ERR_MEMORY;
		named->folder = map->folder;
		map = dc_node_merge(config->arena, map, named);
		if (!map)
			return DC_ERR_MEMORY;
	}
	*out = dc_arena_alloc(config->arena, family->section->size);
	if (!*out)
		return DC_ERR_MEMORY;
	status = dc_section_read(config, family->section, map, *out);
	if (status == DC_ERR_INPUT && name)
		dc_diag_note(config->diag, &node->mark, "as '%s' of the catalogue '%s', named here",
			     dc_tree_quote(config->arena, name), family->name);
	return status;
}
