/* A configuration load: its arena, its data folders, and finding files by name. */
#include "config/config_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum dc_status copy_folders(struct dc_config *config, const char *const *folders)
{
	size_t count = 0;

	while (folders && folders[count])
		count++;
	config->folders = dc_arena_array(config->arena, count + 1, sizeof *config->folders);
	if (!config->folders)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		config->folders[i] = dc_arena_strdup(config->arena, folders[i]);
		if (!config->folders[i])
			return DC_ERR_MEMORY;
	}
	return DC_OK;
}

struct dc_config *dc_config_create(struct dc_diag *diag, const char *const *data_folders)
{
	struct dc_config *config = calloc(1, sizeof *config);

	if (!config)
		return NULL;
	config->diag = diag;
	config->arena = dc_arena_create();
	if (!config->arena || copy_folders(config, data_folders) != DC_OK) {
		dc_config_destroy(config);
		return NULL;
	}
	return config;
}

void dc_config_destroy(struct dc_config *config)
{
	if (!config)
		return;
	dc_arena_destroy(config->arena);
	free(config);
}

struct dc_arena *dc_config_arena(struct dc_config *config)
{
	return config->arena;
}

struct dc_diag *dc_config_diag(struct dc_config *config)
{
	return config->diag;
}

static bool is_file(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static bool is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

const char *dc_config_find(struct dc_config *config, const char *folder, const char *name)
{
	const char *path;

	if (!*name)
		return NULL;
	if (*name == '/')
		return is_file(name) ? name : NULL;
	path = !folder || strcmp(folder, ".") == 0
		       ? dc_arena_strdup(config->arena, name)
		       : dc_arena_printf(config->arena, "%s/%s", folder, name);
	if (path && is_file(path))
		return path;
	for (const char **data = config->folders; *data; data++) {
		path = dc_arena_printf(config->arena, "%s/%s", *data, name);
		if (path && is_file(path))
			return path;
		path = dc_arena_printf(config->arena, "%s/catalog/%s", *data, name);
		if (path && is_file(path))
			return path;
	}
	return NULL;
}

enum dc_status dc_config_not_found(struct dc_config *config, const struct dc_mark *mark,
				   const char *name, const char *folder)
{
	const char *beside = *name == '/' || !folder || strcmp(folder, ".") == 0
				     ? name
				     : dc_arena_printf(config->arena, "%s/%s", folder, name);
	const char *places = !folder || strcmp(folder, ".") == 0 ? "the current folder" : folder;
	const char *shown = dc_tree_quote(config->arena, name);

	if (*name && beside && is_folder(beside))
		return dc_diag_error(config->diag, mark, "'%s' is a folder, not a file", shown);
	if (*name == '/' || !*name)
		return dc_diag_error(config->diag, mark, "no file '%s'", shown);
	for (const char **data = config->folders; places && *data; data++)
		places = dc_arena_printf(config->arena, "%s, %s, %s/catalog", places, *data, *data);
	return dc_diag_error(config->diag, mark, "no file '%s'; looked in %s", shown,
			     places ? places : "the data folders");
}

FILE *dc_config_open(struct dc_config *config, const struct dc_node *node, const char *name,
		     const char **path)
{
	const char *folder = node ? node->folder : NULL;
	const struct dc_mark *mark = node ? &node->mark : NULL;
	const char *found = dc_config_find(config, folder, name);
	FILE *file;

	if (path)
		*path = found;
	if (!found) {
		dc_config_not_found(config, mark, name, folder);
		return NULL;
	}
	file = fopen(found, "rb");
	if (!file)
		dc_diag_error(config->diag, mark, "the file '%s' cannot be opened", found);
	return file;
}
