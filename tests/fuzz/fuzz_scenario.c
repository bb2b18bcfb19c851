/* The fuzz target of the whole path: text to tree, shorthands, sections, cross checks, datacenter.
 *
 * What a scenario says is accepted with the real catalogue (DCSIM_DATA, else the source tree). What
 * is accepted is built, written in its long form, read again and written again: both texts are the
 * same. A network alone is not built: it is made of files. Includes and workload files belong to loading from files and are not followed here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "scenario/datacenter.h"

static const char *data_folder(void)
{
	const char *data = getenv("DCSIM_DATA"), *source = getenv("srcdir");

	return data ? data : source ? source : ".";
}

/* One load, as a command does it. The caller destroys config and diag. */
struct load {
	struct dc_diag *diag;
	struct dc_config *config;
	struct dc_scenario *scenario;
};

static bool open_load(struct load *load)
{
	const char *const folders[] = {data_folder(), NULL};

	*load = (struct load){.diag = dc_diag_create()};
	if (load->diag)
		load->config = dc_config_create(load->diag, folders);
	return load->config != NULL;
}

static void close_load(struct load *load)
{
	dc_config_destroy(load->config);
	dc_diag_destroy(load->diag);
}

static enum dc_status read_scenario(struct load *load, const char *text, size_t length)
{
	struct dc_node *root;
	enum dc_status status = dc_tree_read_text(dc_config_arena(load->config), load->diag,
						  "input", text, length, &root);

	/* A key `set` is an override, applied first. */
	if (!status && root->kind == DC_NODE_MAP) {
		const struct dc_node *set = dc_node_get(root, "set");

		if (set && set->kind == DC_NODE_SCALAR) {
			status = dc_config_override(load->config, root, set->text);
			dc_node_remove(root, "set");
		}
	}
	if (status)
		return status;
	return dc_scenario_read(load->config, root, "input", &load->scenario);
}

/* Builds what was accepted. Files of hours are left out: reading them is not what is looked at here,
 * and a path in a mutated text may lead to any device of the machine. */
static void build(struct load *load)
{
	struct dc_facility *facility = &dc_scenario_site(load->scenario)->facility;
	const struct dc_node *weather = facility->weather;
	struct dc_datacenter *datacenter = NULL;
	size_t before = dc_diag_errors(load->diag);
	enum dc_status status;

	if (dc_scenario_traffic(load->scenario))
		return;
	facility->grid.price = facility->grid.carbon = NULL;
	if (!dc_node_is_null(weather) && weather->kind != DC_NODE_MAP)
		facility->weather = NULL;
	status = dc_datacenter_create(load->config, load->scenario, &datacenter);
	if (status != DC_ERR_MEMORY && (status == DC_OK) != (dc_diag_errors(load->diag) == before))
		abort();
	dc_datacenter_destroy(datacenter);
}

static void check_round_trip(struct load *load)
{
	struct dc_arena *arena = dc_config_arena(load->config);
	const char *text = dc_scenario_write(load->scenario, arena), *again_text;
	struct load again;

	if (!text || strlen(text) > DC_TREE_BYTES || !open_load(&again))
		return;
	if (read_scenario(&again, text, strlen(text)) != DC_OK) {
		fprintf(stderr, "not read back:\n%s", text);
		dc_diag_render(again.diag, stderr, false);
		abort();
	}
	again_text = dc_scenario_write(again.scenario, dc_config_arena(again.config));
	if (again_text && strcmp(text, again_text) != 0) {
		fprintf(stderr, "written:\n%s\nthen:\n%s", text, again_text);
		abort();
	}
	close_load(&again);
}

void fuzz_scenario(const char *text, size_t length)
{
	struct load load;
	char *messages = NULL;
	size_t size = 0;
	FILE *out;

	if (open_load(&load)) {
		enum dc_status status = read_scenario(&load, text, length);

		if (status != DC_ERR_MEMORY &&
		    (status == DC_OK) != (dc_diag_errors(load.diag) == 0))
			abort();
		if (status == DC_OK) {
			check_round_trip(&load);
			build(&load);
		}
		out = open_memstream(&messages, &size);
		if (out) {
			dc_diag_render(load.diag, out, true);
			fclose(out);
			free(messages);
		}
	}
	close_load(&load);
}
