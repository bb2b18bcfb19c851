/* For tests: catalogue entries and inline sections, and the messages that reading gave. */
#ifndef DC_TESTS_HARDWARE_CATALOGUE_H
#define DC_TESTS_HARDWARE_CATALOGUE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

struct catalogue {
	struct dc_diag *diag;
	struct dc_config *config;
};

static inline struct catalogue catalogue_open(void)
{
	static const char *folders[2];
	struct catalogue catalogue = {.diag = dc_diag_create()};

	folders[0] = getenv("srcdir") ? getenv("srcdir") : ".";
	catalogue.config = dc_config_create(catalogue.diag, folders);
	cr_assert_not_null(catalogue.config);
	return catalogue;
}

static inline void catalogue_close(struct catalogue *catalogue)
{
	dc_config_destroy(catalogue->config);
	dc_diag_destroy(catalogue->diag);
}

static inline struct dc_arena *catalogue_arena(const struct catalogue *catalogue)
{
	return dc_config_arena(catalogue->config);
}

/* What the sink would print; the caller frees it. */
static inline char *catalogue_messages(const struct catalogue *catalogue)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	dc_diag_render(catalogue->diag, out, false);
	fclose(out);
	return text;
}

static inline void catalogue_expect(const struct catalogue *catalogue, const char *words)
{
	char *messages = catalogue_messages(catalogue);

	cr_expect(strstr(messages, words) != NULL, "expected \"%s\" in:\n%s", words, messages);
	free(messages);
}

/* Reads what a YAML text (a name, {base: ...} or a map) stands for. */
static inline enum dc_status catalogue_try(const struct catalogue *catalogue,
					   const struct dc_catalogue_family *family,
					   const char *yaml, void **out)
{
	struct dc_node *root = NULL;

	*out = NULL;
	cr_assert_eq(dc_tree_read_text(catalogue_arena(catalogue), catalogue->diag, "test.yaml",
				       yaml, strlen(yaml), &root),
		     DC_OK);
	return dc_catalogue_read(catalogue->config, family, root, out);
}

static inline void *catalogue_read(const struct catalogue *catalogue,
				   const struct dc_catalogue_family *family, const char *yaml)
{
	void *out = NULL;
	enum dc_status status = catalogue_try(catalogue, family, yaml, &out);
	char *messages = catalogue_messages(catalogue);

	cr_assert_eq(status, DC_OK, "%s", messages);
	free(messages);
	cr_assert_not_null(out);
	return out;
}

/* Writes a section as the resolved scenario does and reads that text back. */
static inline void *catalogue_round_trip(const struct catalogue *catalogue,
					 const struct dc_catalogue_family *family, const void *in)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	void *back;

	cr_assert_eq(dc_section_write(family->section, in, 0, out), DC_OK);
	fclose(out);
	back = catalogue_read(catalogue, family, text);
	free(text);
	return back;
}

#endif
