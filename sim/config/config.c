/* A configuration load: its arena, its data folders, and finding files by name. */
#include "config/config_private.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Files that are looked at for a suggestion. */
enum { NAMES_LIMIT = 1000 };

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

/* Files that may be meant: their names without folder, and what stands before the ending. */
struct nearby {
	const char *names[NAMES_LIMIT];
	const char *stems[NAMES_LIMIT];
	size_t count;
};

static const char *ending(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot : name + strlen(name);
}

static const char *stem(struct dc_config *config, const char *name)
{
	return dc_arena_strndup(config->arena, name, (size_t)(ending(name) - name));
}

/* Adds the files of a folder that end like the name, or differ in the ending only. */
static void list_files(struct dc_config *config, const char *path, const char *name,
		       struct nearby *nearby)
{
	DIR *folder = path ? opendir(path) : NULL;

	for (struct dirent *entry;
	     folder && nearby->count < NAMES_LIMIT && (entry = readdir(folder));) {
		const char *found = entry->d_name;
		const char *file = dc_arena_printf(config->arena, "%s/%s", path, found);
		size_t length = (size_t)(ending(name) - name);

		if (!file || *found == '.' || !is_file(file))
			continue;
		if (strcmp(ending(found), ending(name)) != 0 &&
		    (strncmp(found, name, length) != 0 || ending(found) != found + length))
			continue;
		nearby->names[nearby->count] = dc_arena_strdup(config->arena, found);
		if (nearby->names[nearby->count])
			nearby->count++;
	}
	if (folder)
		closedir(folder);
}

static int name_compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The file whose name is nearest; else the first that continues the name, as paris-75.csv does
 * paris.csv. The order of a folder is not the same everywhere: that of the alphabet decides. */
static const char *choose(struct dc_config *config, struct nearby *nearby, const char *name)
{
	const char *word = stem(config, name), *near;

	qsort(nearby->names, nearby->count, sizeof *nearby->names, name_compare);
	for (size_t i = 0; i < nearby->count; i++) {
		nearby->stems[i] = stem(config, nearby->names[i]);
		if (!nearby->stems[i])
			return NULL;
	}
	near = word ? dc_diag_nearest(word, nearby->stems, nearby->count) : NULL;

	for (size_t i = 0; word && i < nearby->count; i++)
		if (near ? strcmp(nearby->stems[i], near) == 0
			 : strlen(word) > 2 && strncmp(nearby->stems[i], word, strlen(word)) == 0)
			return nearby->names[i];
	return NULL;
}

/* The nearest file in the folder that the name names, wherever that was looked for; or NULL. */
static const char *nearest_file(struct dc_config *config, const char *name, const char *folder)
{
	const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	const char *below = dc_arena_strndup(config->arena, name, (size_t)(base - name));
	struct nearby *nearby = dc_arena_alloc(config->arena, sizeof *nearby);
	const char *chosen;

	if (!below || !nearby)
		return NULL;
	list_files(config, dc_arena_printf(config->arena, "%s/%s", folder ? folder : ".", below),
		   base, nearby);
	for (const char **data = config->folders; *data; data++) {
		list_files(config, dc_arena_printf(config->arena, "%s/%s", *data, below), base,
			   nearby);
		list_files(config, dc_arena_printf(config->arena, "%s/catalog/%s", *data, below),
			   base, nearby);
	}
	chosen = choose(config, nearby, base);
	return chosen ? dc_arena_printf(config->arena, "%s%s", below, chosen) : NULL;
}

enum dc_status dc_config_not_found(struct dc_config *config, const struct dc_mark *mark,
				   const char *name, const char *folder)
{
	const char *beside = *name == '/' || !folder || strcmp(folder, ".") == 0
				     ? name
				     : dc_arena_printf(config->arena, "%s/%s", folder, name);
	const char *places = !folder || strcmp(folder, ".") == 0 ? "the current folder" : folder;
	const char *shown = dc_tree_quote(config->arena, name);
	const char *nearest;

	if (*name && beside && is_folder(beside))
		return dc_diag_error(config->diag, mark, "'%s' is a folder, not a file", shown);
	if (*name == '/' || !*name)
		return dc_diag_error(config->diag, mark, "no file '%s'", shown);
	for (const char **data = config->folders; places && *data; data++)
		places = dc_arena_printf(config->arena, "%s, %s, %s/catalog", places, *data, *data);
	nearest = nearest_file(config, name, folder);
	return dc_diag_error(
		config->diag, mark, "no file '%s'; looked in %s%s%s%s", shown,
		places ? places : "the data folders", nearest ? "; did you mean '" : "",
		nearest ? dc_tree_quote(config->arena, nearest) : "", nearest ? "'?" : "");
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
