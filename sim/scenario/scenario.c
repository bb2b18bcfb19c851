/* The scenario: loading and writing. */
#include "scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

/* The workload of the command line takes the place of the file's. */
static enum dc_status replace_workload(struct dc_config *config, struct dc_node *root,
				       const char *workload)
{
	struct dc_arena *arena = dc_config_arena(config);
	const struct dc_source *source =
		dc_diag_source(dc_config_diag(config), "-w", workload, strlen(workload));
	struct dc_mark mark = {source, 1, 1, (unsigned)strlen(workload)};
	struct dc_node *name;

	if (!source)
		return DC_ERR_MEMORY;
	if (root->kind != DC_NODE_MAP)
		return DC_OK;
	name = dc_node_scalar(arena, &mark, workload);
	if (!name)
		return DC_ERR_MEMORY;
	name->folder = ".";
	dc_node_remove(root, "jobs");
	return dc_node_set(arena, root, "workload", name);
}

/* `workload` at top level and in jobs may name a file. */
static enum dc_status load_workloads(struct dc_config *config, struct dc_node *root)
{
	struct dc_node *jobs = dc_node_get(root, "jobs");
	enum dc_status status = DC_OK;

	if (dc_node_get(root, "workload"))
		status = dc_config_load_under(config, root, "workload");
	if (!jobs || jobs->kind != DC_NODE_LIST)
		return status;
	for (size_t i = 0; i < jobs->count; i++)
		if (dc_node_get(jobs->items[i], "workload") && !status)
			status = dc_config_load_under(config, jobs->items[i], "workload");
	return status;
}

/* The file's name without folder and ending. */
static const char *stem(struct dc_arena *arena, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *dot = strrchr(base, '.');

	return dc_arena_strndup(arena, base,
				dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

/* Keeps the first failure; running out of memory wins. */
static enum dc_status worse(enum dc_status first, enum dc_status second)
{
	return first == DC_OK || second == DC_ERR_MEMORY ? second : first;
}

enum dc_status dc_scenario_load(struct dc_config *config, const char *path, const char *workload,
				const char *const *overrides, size_t override_count,
				struct dc_scenario **scenario)
{
	struct dc_node *root;
	enum dc_status loaded = dc_config_load(config, path, &root);
	enum dc_status status = DC_OK;

	/* A refused file that has a tree is read on, for every error it holds. */
	if (!root || loaded == DC_ERR_MEMORY)
		return loaded;
	if (workload)
		status = replace_workload(config, root, workload);
	if (!status)
		status = load_workloads(config, root);
	if (status)
		return worse(loaded, status);
	for (size_t i = 0; i < override_count; i++)
		status = worse(status, dc_config_override(config, root, overrides[i]));
	if (status)
		return worse(loaded, status);
	status = dc_scenario_read(config, root, stem(dc_config_arena(config), path), scenario);
	return worse(loaded, status);
}

enum dc_status dc_scenario_read(struct dc_config *config, struct dc_node *root, const char *name,
				struct dc_scenario **out)
{
	struct dc_scenario *scenario = dc_arena_alloc(dc_config_arena(config), sizeof *scenario);
	enum dc_status status;

	if (!scenario || !name)
		return DC_ERR_MEMORY;
	status = dc_scenario_expand(config, root);
	if (status == DC_ERR_MEMORY || root->kind != DC_NODE_MAP)
		return status;
	scenario->section = dc_scenario_section_of(config, root);
	if (!scenario->section)
		return DC_ERR_MEMORY;
	status = worse(status, dc_section_read(config, scenario->section, root, scenario));
	if (status)
		return status;
	if (!scenario->name)
		scenario->name = name;
	*out = scenario;
	return dc_scenario_check(config, scenario);
}

const char *dc_scenario_write(const struct dc_scenario *scenario, struct dc_arena *arena)
{
	char *text = NULL;
	const char *kept = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	enum dc_status status;

	if (!stream)
		return NULL;
	status = dc_section_write(scenario->section, scenario, 0, stream);
	if (fclose(stream) == 0 && !status)
		kept = dc_arena_strndup(arena, text, length);
	free(text);
	return kept;
}

struct dc_scenario_site *dc_scenario_site(const struct dc_scenario *scenario)
{
	return scenario->sites.items;
}

struct dc_scenario_group *dc_scenario_group(const struct dc_scenario *scenario)
{
	return dc_scenario_site(scenario)->nodes.items;
}

struct dc_scenario_job *dc_scenario_job(const struct dc_scenario *scenario)
{
	return scenario->jobs.items;
}

struct dc_training_workload *dc_scenario_training(const struct dc_scenario *scenario)
{
	const struct dc_tagged *workload = &dc_scenario_job(scenario)->workload;

	return workload->type->section == &dc_training_workload_section ? workload->section : NULL;
}

struct dc_traffic_workload *dc_scenario_traffic(const struct dc_scenario *scenario)
{
	const struct dc_tagged *workload = &dc_scenario_job(scenario)->workload;

	return workload->type->section == &dc_traffic_workload_section ? workload->section : NULL;
}

struct dc_traffic_collective_workload *dc_scenario_collective(const struct dc_scenario *scenario,
							      size_t job)
{
	const struct dc_scenario_job *jobs = scenario->jobs.items;
	const struct dc_tagged *workload = &jobs[job].workload;

	return workload->type->section == &dc_traffic_collective_section ? workload->section : NULL;
}

struct dc_fabric_network *dc_scenario_network(const struct dc_scenario *scenario)
{
	const struct dc_list *networks = &dc_scenario_site(scenario)->fabric.networks;

	return networks->count ? networks->items : NULL;
}

const struct dc_tagged *dc_scenario_tier(const struct dc_scenario *scenario)
{
	const struct dc_training_data *data = dc_scenario_job(scenario)->data;
	const struct dc_list *tiers = &dc_scenario_site(scenario)->storage.tiers;
	const struct dc_tagged *items = tiers->items;

	if (!data)
		return NULL;
	if (!data->tier)
		return tiers->count == 1 ? items : NULL;
	for (size_t i = 0; i < tiers->count; i++)
		if (strcmp(dc_tier_name(&items[i]), data->tier) == 0)
			return &items[i];
	return NULL;
}
