/* Files that name other files: include lists, and a key's scalar replaced by the file it names. */
#include "config/config_private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* True when the file is one of those being read. */
static bool is_open(const struct dc_include_link *link, const struct stat *info)
{
	for (; link; link = link->outer)
		if (link->device == info->st_dev && link->inode == info->st_ino)
			return true;
	return false;
}

/* Reads the file named by a scalar and lays it on what came before. *whole becomes false when there is
 * nothing to lay. */
static enum dc_status include_one(struct dc_config *config, const struct dc_include_link *link,
				  const struct dc_node *name, struct dc_node **merged, bool *whole)
{
	struct dc_node *tree;
	const char *path;
	struct stat info;
	enum dc_status status;
	bool given = *whole;

	*whole = false;
	if (name->kind != DC_NODE_SCALAR || dc_node_is_null(name))
		return dc_diag_error(config->diag, &name->mark,
				     "include: expected the name of a file");
	path = dc_config_find(config, name->folder, name->text);
	if (!path)
		return dc_config_not_found(config, &name->mark, name->text, name->folder);
	if (link->depth >= DC_INCLUDE_DEPTH)
		return dc_diag_error(config->diag, &name->mark,
				     "includes are nested more than %d deep", DC_INCLUDE_DEPTH);
	if (stat(path, &info) == 0 && is_open(link, &info))
		return dc_diag_error(config->diag, &name->mark,
				     "include loop: '%s' is being read already", path);
	status = dc_config_read_file(config, path, link, &tree);
	if (status != DC_OK)
		dc_diag_note(config->diag, &name->mark, "included here");
	if (!tree)
		return status;
	*whole = given;
	*merged = dc_node_merge(config->arena, *merged, tree);
	return *merged ? status : DC_ERR_MEMORY;
}

static enum dc_status include_all(struct dc_config *config, const struct dc_include_link *link,
				  struct dc_node *include, struct dc_node **merged, bool *whole)
{
	enum dc_status status = DC_OK;

	*merged = NULL;
	*whole = true;
	if (include->kind == DC_NODE_SCALAR)
		return include_one(config, link, include, merged, whole);
	*whole = include->kind == DC_NODE_LIST;
	if (!*whole)
		return dc_diag_error(config->diag, &include->mark,
				     "include: expected a list of files, such as '[common.yaml]'");
	for (size_t i = 0; i < include->count; i++) {
		enum dc_status one = include_one(config, link, include->items[i], merged, whole);

		if (one != DC_OK)
			status = one;
		if (one == DC_ERR_MEMORY)
			break;
	}
	return status;
}

enum dc_status dc_config_read_file(struct dc_config *config, const char *path,
				   const struct dc_include_link *link, struct dc_node **root)
{
	struct dc_include_link here = {.outer = link, .depth = link ? link->depth + 1 : 1};
	struct dc_node *include, *under;
	struct stat info;
	enum dc_status status, included;
	bool whole;

	*root = NULL;
	if (++config->files > DC_INCLUDE_FILES)
		return dc_diag_error(config->diag, NULL, "%s: more than %d files are read", path,
				     DC_INCLUDE_FILES);
	status = dc_tree_read_file(config->arena, config->diag, path, root);
	if (!*root)
		return status;
	if ((*root)->kind != DC_NODE_MAP) {
		status = dc_diag_error(config->diag, &(*root)->mark,
				       "a file holds a map of keys, not %s",
				       dc_node_words(config->arena, *root));
		*root = NULL;
		return status;
	}
	if (stat(path, &info) == 0) {
		here.device = info.st_dev;
		here.inode = info.st_ino;
	}
	include = dc_node_remove(*root, "include");
	if (dc_node_is_null(include))
		return status;
	included = include_all(config, &here, include, &under, &whole);
	*root = dc_node_merge(config->arena, under, *root);
	if (!*root)
		return DC_ERR_MEMORY;
	/* Keys that a missing file may hold would be reported as missing. */
	if (!whole)
		*root = NULL;
	return included == DC_OK ? status : included;
}

enum dc_status dc_config_load(struct dc_config *config, const char *path, struct dc_node **root)
{
	const char *found = dc_config_find(config, NULL, path);
	struct stat info;

	*root = NULL;
	/* What is there but no file, or out of reach, says more when it is opened. */
	if (!found && (lstat(path, &info) == 0 || errno != ENOENT))
		found = path;
	return found ? dc_config_read_file(config, found, NULL, root)
		     : dc_config_not_found(config, NULL, path, NULL);
}

enum dc_status dc_config_load_under(struct dc_config *config, struct dc_node *map, const char *key)
{
	const struct dc_node *name = dc_node_get(map, key);
	struct dc_node *tree;
	const char *path;
	enum dc_status status;

	if (dc_node_is_null(name) || name->kind != DC_NODE_SCALAR)
		return DC_OK;
	path = dc_config_find(config, name->folder, name->text);
	if (!path)
		return dc_config_not_found(config, &name->mark, name->text, name->folder);
	status = dc_config_read_file(config, path, NULL, &tree);
	if (status != DC_OK)
		dc_diag_note(config->diag, &name->mark, "named here");
	if (tree && dc_node_set(config->arena, map, key, tree) != DC_OK)
		return DC_ERR_MEMORY;
	return status;
}
