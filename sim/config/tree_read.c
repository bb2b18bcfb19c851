/* Files and texts into trees: reading the bytes, with a limit, and naming what is wrong with a file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/yaml_tree.h"

enum { CHUNK = 1 << 16 };

static enum dc_status parse(struct dc_arena *arena, struct dc_diag *diag, const char *name,
			    const char *text, size_t length, const char *folder,
			    struct dc_node **root)
{
	const struct dc_source *source;

	if (length > DC_TREE_BYTES) {
		return dc_diag_error(diag, NULL,
				     "%s: larger than %d MiB, the limit of a configuration file",
				     name, DC_TREE_BYTES >> 20);
	}
	source = dc_diag_source(diag, name, text, length);
	if (!source)
		return DC_ERR_MEMORY;
	return dc_tree_parse(arena, diag, source, 0, folder, root);
}

enum dc_status dc_tree_read_text(struct dc_arena *arena, struct dc_diag *diag, const char *name,
				 const char *text, size_t length, struct dc_node **root)
{
	*root = NULL;
	return parse(arena, diag, name, text, length, ".", root);
}

/* The whole file, at most one byte more than the limit. */
static enum dc_status read_all(FILE *file, char **text, size_t *length)
{
	size_t capacity = 0, got = 1;

	*text = NULL;
	*length = 0;
	while (got && *length <= DC_TREE_BYTES) {
		if (capacity - *length < CHUNK) {
			char *larger;

			capacity = capacity ? capacity * 2 : CHUNK;
			larger = realloc(*text, capacity);
			if (!larger)
				return DC_ERR_MEMORY;
			*text = larger;
		}
		got = fread(*text + *length, 1, CHUNK, file);
		*length += got;
	}
	return ferror(file) ? DC_ERR_IO : DC_OK;
}

static const char *folder_of(struct dc_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : dc_arena_strndup(arena, path, (size_t)(slash - path));
}

enum dc_status dc_tree_read_file(struct dc_arena *arena, struct dc_diag *diag, const char *path,
				 struct dc_node **root)
{
	const char *folder = folder_of(arena, path);
	enum dc_status status;
	struct stat info;
	FILE *file;
	char *text;
	size_t length;

	*root = NULL;
	if (!folder)
		return DC_ERR_MEMORY;
	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		return dc_diag_error(diag, NULL, "%s: is a folder, not a file", path);
	file = fopen(path, "rb");
	if (!file)
		return dc_diag_error(diag, NULL, "%s: cannot be opened: %s", path, strerror(errno));
	status = read_all(file, &text, &length);
	if (status == DC_ERR_IO)
		status = dc_diag_error(diag, NULL, "%s: cannot be read: %s", path, strerror(errno));
	fclose(file);
	if (status == DC_OK)
		status = parse(arena, diag, path, text, length, folder, root);
	free(text);
	return status;
}
