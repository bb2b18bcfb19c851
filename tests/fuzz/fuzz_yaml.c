/* The fuzz target of the configuration path: text to tree, tree to section, section back to text.
 *
 * Every stage that takes text from a user belongs into fuzz_one(). What a stage accepts must be
 * written again and read again: a text that we wrote and refuse ourselves is an error of ours. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../config/sample.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The section as text; NULL when out of memory. The caller frees it. */
static char *write_text(const struct sample *sample, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	if (!out)
		return NULL;
	if (dc_section_write(&sample_section, sample, 0, out) != DC_OK)
		abort();
	fclose(out);
	return text;
}

/* Reads a text through the sample section, as one load. A key `set` is an override, applied first. */
static enum dc_status read_text(struct dc_config *config, const char *text, size_t length,
				struct sample *sample)
{
	struct dc_node *root;
	enum dc_status status;

	memset(sample, 0, sizeof *sample);
	status = dc_tree_read_text(dc_config_arena(config), dc_config_diag(config), "input", text,
				   length, &root);
	/* A refused text whose tree is there is read all the same, for more messages. */
	if (root && root->kind == DC_NODE_MAP && status == DC_OK) {
		const struct dc_node *set = dc_node_get(root, "set");

		if (set && set->kind == DC_NODE_SCALAR) {
			status = dc_config_override(config, root, set->text);
			dc_node_remove(root, "set");
		}
	}
	if (root) {
		enum dc_status read = dc_section_read(config, &sample_section, root, sample);

		if (status == DC_OK)
			status = read;
	}
	return status;
}

/* What was accepted is written, read again and written again: both texts are the same. */
static void check_round_trip(struct dc_config *config, const struct sample *sample)
{
	struct sample again;
	size_t length, again_length;
	char *text = write_text(sample, &length), *again_text;

	if (!text)
		return;
	if (length <= DC_TREE_BYTES && length) {
		if (read_text(config, text, length, &again) != DC_OK) {
			fprintf(stderr, "not read back:\n%s", text);
			dc_diag_render(dc_config_diag(config), stderr, false);
			abort();
		}
		again_text = write_text(&again, &again_length);
		if (again_text && strcmp(text, again_text) != 0) {
			fprintf(stderr, "written:\n%s\nthen:\n%s", text, again_text);
			abort();
		}
		free(again_text);
	}
	free(text);
}

static void fuzz_one(const char *text, size_t length)
{
	static const char *const no_folders[] = {NULL};
	struct dc_diag *diag = dc_diag_create();
	struct dc_config *config = diag ? dc_config_create(diag, no_folders) : NULL;
	struct sample sample;
	char *messages = NULL;
	size_t size = 0;
	FILE *out;
	enum dc_status status;

	if (!config) {
		dc_diag_destroy(diag);
		return;
	}
	status = read_text(config, text, length, &sample);
	if ((status == DC_OK) != (dc_diag_errors(diag) == 0))
		abort();
	out = open_memstream(&messages, &size);
	if (out) {
		dc_diag_render(diag, out, true);
		fclose(out);
		free(messages);
	}
	if (status == DC_OK)
		check_round_trip(config, &sample);
	dc_config_destroy(config);
	dc_diag_destroy(diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	/* A copy of its own size: reading one byte too far is seen. */
	memcpy(text, data, size);
	text[size] = '\0';
	fuzz_one(text, size);
	fuzz_scenario(text, size);
	free(text);
	return 0;
}
