/* For tests: a configuration read from text, and its messages. */
#ifndef DC_TESTS_FACILITY_READING_H
#define DC_TESTS_FACILITY_READING_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

struct reading {
	struct dc_diag *diag;
	struct dc_config *config;
	struct dc_node *root;
};

static inline struct reading reading_start(const char *yaml)
{
	const char *source = getenv("srcdir");
	const char *folders[] = {source ? source : ".", NULL};
	struct reading reading = {.diag = dc_diag_create()};

	reading.config = dc_config_create(reading.diag, folders);
	cr_assert_eq(dc_tree_read_text(dc_config_arena(reading.config), reading.diag, "test.yaml",
				       yaml, strlen(yaml), &reading.root),
		     DC_OK);
	return reading;
}

/* What the sink would print. */
static inline char *reading_messages(const struct reading *reading)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	dc_diag_render(reading->diag, out, false);
	fclose(out);
	return text;
}

static inline void reading_expect(const struct reading *reading, const char *words)
{
	char *messages = reading_messages(reading);

	cr_expect(strstr(messages, words) != NULL, "expected \"%s\" in:\n%s", words, messages);
	free(messages);
}

static inline void reading_end(struct reading *reading)
{
	dc_config_destroy(reading->config);
	dc_diag_destroy(reading->diag);
}

#endif
