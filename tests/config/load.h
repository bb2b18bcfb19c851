/* What the configuration tests share: a sink, a config, a folder of their own, rendered messages. */
#ifndef DC_TESTS_CONFIG_LOAD_H
#define DC_TESTS_CONFIG_LOAD_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

struct load {
	char folder[64]; /* made for the test; the current folder, and the only data folder */
	struct dc_diag *diag;
	struct dc_config *config;
};

static inline struct load load_start(void)
{
	struct load load = {.folder = "/tmp/dcsim-config-XXXXXX", .diag = dc_diag_create()};

	cr_assert_not_null(mkdtemp(load.folder));
	cr_assert_eq(chdir(load.folder), 0);
	load.config = dc_config_create(load.diag, (const char *const[]){".", NULL});
	cr_assert_not_null(load.config);
	return load;
}

static inline int load_remove(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	(void)info;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void load_end(struct load *load)
{
	dc_config_destroy(load->config);
	dc_diag_destroy(load->diag);
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(nftw(load->folder, load_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Writes a file of the test's folder. */
static inline void load_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
}

/* The messages so far; lives in the config's arena. */
static inline const char *load_messages(struct load *load)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *copy;

	dc_diag_render(load->diag, out, false);
	fclose(out);
	copy = dc_arena_strdup(dc_config_arena(load->config), text);
	free(text);
	return copy;
}

/* The messages' first lines only, without source and caret. */
static inline const char *load_lines(struct load *load)
{
	const char *text = load_messages(load);
	char *lines = dc_arena_alloc(dc_config_arena(load->config), strlen(text) + 1), *to = lines;

	while (*text) {
		size_t length = strcspn(text, "\n") + 1;

		if (strncmp(text + 5, " | ", 3) != 0 && strncmp(text, "      |", 7) != 0) {
			memcpy(to, text, length);
			to += length;
		}
		text += length;
	}
	*to = '\0';
	return lines;
}

/* The tree of a text; NULL when refused. */
static inline struct dc_node *load_text(struct load *load, const char *text)
{
	struct dc_node *root = NULL;
	enum dc_status status = dc_tree_read_text(dc_config_arena(load->config), load->diag, "t",
						  text, strlen(text), &root);

	return status == DC_OK ? root : NULL;
}

#endif
