/* Kinds of workload: which keys of a scenario each takes. Kinds flows and collective are runs of the
 * network alone; a key that they would ignore is refused. */
#include <string.h>

#include "config/yaml_tree.h"
#include "scenario/scenario.h"

enum { MOST_TYPES = 16 };

/* A kind of workload, and the keys that have no effect with it; `node` is short for nodes. */
struct dc_scenario_kind {
	const char *name;
	const char *no_effect;
	const char *const *of_scenario, *const *of_record, *const *of_run, *const *of_site;
	const char *const *of_job;
	const char *const *of_network;
	const char *no_network; /* why those of a network are refused */
	bool needs_fabric;
};

static const char *const nothing[] = {NULL};
static const char *const of_network_scenario[] = {"economics", "software", NULL};
static const char *const of_training_scenario[] = {"events", NULL};
static const char *const of_flows_run[] = {"iterations", "epochs", "utc_offset", "jitter", NULL};
static const char *const of_collective_run[] = {"duration",   "iterations", "epochs",
						"utc_offset", "jitter",     NULL};
static const char *const of_flows_site[] = {"nodes", "node", "racks", "storage", "facility", NULL};
/* Nodes tell which ports ranks share. */
static const char *const of_collective_site[] = {"racks", "storage", "facility", NULL};
static const char *const of_flows_job[] = {"data", "arrival", "software", "placement", NULL};
static const char *const of_collective_job[] = {"data", "software", "placement", NULL};
static const char *const of_training_record[] = {"links", NULL};
static const char *const of_training_job[] = {"arrival", NULL};
static const char *const links[] = {"links", NULL};

static const struct dc_scenario_kind kinds[] = {
	{
		.name = "flows",
		.no_effect = "has no effect with workload kind 'flows'",
		.of_scenario = of_network_scenario,
		.of_record = nothing,
		.of_run = of_flows_run,
		.of_site = of_flows_site,
		.of_job = of_flows_job,
		.of_network = nothing,
	},
	{
		.name = "collective",
		.no_effect = "has no effect with workload kind 'collective'",
		.of_scenario = of_network_scenario,
		.of_record = nothing,
		.of_run = of_collective_run,
		.of_site = of_collective_site,
		.of_job = of_collective_job,
		.of_network = links,
		.no_network = "are for workload kind 'flows'; kind 'collective' runs on "
			      "'dimensions'",
		.needs_fabric = true,
	},
};

/* All that is not of the network alone. */
static const struct dc_scenario_kind training = {
	.no_effect = "is not supported yet",
	.of_scenario = of_training_scenario,
	.of_record = of_training_record,
	.of_run = nothing,
	.of_site = nothing,
	.of_job = of_training_job,
	.of_network = links,
	.no_network = "are for workload kind 'flows'; kind 'training' runs on 'dimensions'",
	.needs_fabric = true,
};

/* Keeps the first failure; running out of memory wins. */
static void keep(enum dc_status *status, enum dc_status other)
{
	if (*status == DC_OK || other == DC_ERR_MEMORY)
		*status = other;
}

static bool is_text(const struct dc_node *node, const char *text)
{
	return node && node->kind == DC_NODE_SCALAR && strcmp(node->text, text) == 0;
}

/* Refuses a kind; *instead is what it is read on as, for every error it holds. */
static enum dc_status refuse_kind(struct dc_config *config, const struct dc_node *kind,
				  const char **instead)
{
	const struct dc_tagged_family *family = &dc_scenario_workload_family;
	struct dc_diag *diag = dc_config_diag(config);
	const char *names[MOST_TYPES] = {NULL}, *nearest, *all = "";

	for (const char *const *name = family->reserved; *name; name++)
		if (is_text(kind, *name))
			return dc_diag_error(diag, &kind->mark,
					     "workload: kind: '%s' is not supported yet", *name);
	for (size_t i = 0; i < family->count && all; i++) {
		names[i] = family->types[i].name;
		all = dc_arena_printf(dc_config_arena(config), "%s%s%s", all, i ? ", " : "",
				      names[i]);
	}
	if (!all)
		return DC_ERR_MEMORY;
	if (kind->kind != DC_NODE_SCALAR)
		return dc_diag_error(diag, &kind->mark, "workload: kind: expected one of %s", all);
	nearest = dc_diag_nearest(kind->text, names, family->count);
	if (nearest)
		*instead = nearest;
	return dc_diag_error(diag, &kind->mark, "workload: kind: '%s' is not one of %s%s%s%s",
			     dc_tree_quote(dc_config_arena(config), kind->text), all,
			     nearest ? "; did you mean '" : "", nearest ? nearest : "",
			     nearest ? "'?" : "");
}

enum dc_status dc_scenario_settle_kind(struct dc_config *config, struct dc_node *workload)
{
	const struct dc_tagged_family *family = &dc_scenario_workload_family;
	const struct dc_node *kind = dc_node_get(workload, "kind");
	const char *name = family->types[0].name;
	enum dc_status status = DC_OK;
	struct dc_node *settled;

	for (size_t i = 0; i < family->count; i++)
		if (is_text(kind, family->types[i].name))
			return DC_OK;
	if (!dc_node_is_null(kind))
		status = refuse_kind(config, kind, &name);
	settled =
		dc_node_scalar(dc_config_arena(config), kind ? &kind->mark : &workload->mark, name);
	if (!settled || dc_node_set(dc_config_arena(config), workload, "kind", settled))
		return DC_ERR_MEMORY;
	return status;
}

const struct dc_section *dc_scenario_workload_section(const struct dc_node *workload)
{
	const struct dc_tagged_family *family = &dc_scenario_workload_family;

	for (size_t i = 1; i < family->count; i++)
		if (is_text(dc_node_get(workload, "kind"), family->types[i].name))
			return family->types[i].section;
	return family->types[0].section;
}

static struct dc_node *item(const struct dc_node *list, size_t i)
{
	return list && list->kind == DC_NODE_LIST && i < list->count ? list->items[i] : NULL;
}

const struct dc_scenario_kind *dc_scenario_kind_of(const struct dc_node *root)
{
	const struct dc_node *job = item(dc_node_get(root, "jobs"), 0);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (is_text(dc_node_get(dc_node_get(job, "workload"), "kind"), kinds[i].name))
			return &kinds[i];
	return &training;
}

/* Refuses keys of a map and takes them out; what is null is absent. */
static enum dc_status refuse_keys(struct dc_config *config, struct dc_node *map, const char *name,
				  const char *const *keys, const char *why)
{
	enum dc_status status = DC_OK;

	for (; *keys; keys++) {
		const struct dc_pair *pair = dc_node_pair(map, *keys);

		if (!pair)
			continue;
		if (!dc_node_is_null(pair->value))
			keep(&status, dc_diag_error(dc_config_diag(config), &pair->key_mark,
						    "%s: '%s' %s", name, *keys, why));
		dc_node_remove(map, *keys);
	}
	return status;
}

enum dc_status dc_scenario_refuse_unused(struct dc_config *config, struct dc_node *root)
{
	const struct dc_scenario_kind *kind = dc_scenario_kind_of(root);
	const char *why = kind->no_effect;
	const struct dc_node *sites = dc_node_get(root, "sites"), *jobs = dc_node_get(root, "jobs");
	enum dc_status status = refuse_keys(config, root, "scenario", kind->of_scenario, why);
	struct dc_node *map;

	keep(&status, refuse_keys(config, root, "scenario", kind->of_site, why));
	keep(&status, refuse_keys(config, dc_node_get(root, "run"), "run", kind->of_run, why));
	keep(&status,
	     refuse_keys(config, dc_node_get(root, "record"), "record", kind->of_record, why));
	for (size_t i = 0; (map = item(sites, i)); i++)
		keep(&status, refuse_keys(config, map, "site", kind->of_site, why));
	for (size_t i = 0; (map = item(jobs, i)); i++)
		keep(&status, refuse_keys(config, map, "job", kind->of_job, why));
	return status;
}

enum dc_status dc_scenario_check_networks(struct dc_config *config, struct dc_node *place,
					  const struct dc_scenario_kind *kind)
{
	const struct dc_node *networks = dc_node_get(dc_node_get(place, "fabric"), "networks");
	enum dc_status status = DC_OK;
	struct dc_node *map;

	for (size_t i = 0; (map = item(networks, i)); i++)
		keep(&status,
		     refuse_keys(config, map, "network", kind->of_network, kind->no_network));
	return status;
}

/* --- the sections without what has no effect --- */

static bool is_among(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* A copy of a section whose fields may be changed. */
struct view {
	struct dc_section section;
	struct dc_field *fields;
};

static struct view *make_view(struct dc_arena *arena, const struct dc_section *section,
			      const char *const *without)
{
	struct view *view = dc_arena_alloc(arena, sizeof *view);

	if (!view)
		return NULL;
	view->fields = dc_arena_array(arena, section->count, sizeof *view->fields);
	if (!view->fields)
		return NULL;
	view->section = *section;
	view->section.fields = view->fields;
	view->section.count = 0;
	for (size_t i = 0; i < section->count; i++)
		if (!is_among(without, section->fields[i].key))
			view->fields[view->section.count++] = section->fields[i];
	return view;
}

/* A field of a view: NULL when the section has no such key. */
static struct dc_field *field_of(struct view *view, const char *key)
{
	for (size_t i = 0; i < view->section.count; i++)
		if (strcmp(view->fields[i].key, key) == 0)
			return &view->fields[i];
	return NULL;
}

/* Puts a view of the section below a key in its place. */
static struct view *narrow(struct dc_arena *arena, struct view *view, const char *key,
			   const char *const *without)
{
	struct dc_field *field = view ? field_of(view, key) : NULL;
	struct view *below = field ? make_view(arena, field->section, without) : NULL;

	if (below)
		field->section = &below->section;
	return below;
}

static void set_flags(struct view *view, const char *key, unsigned flags)
{
	struct dc_field *field = field_of(view, key);

	if (field)
		field->flags = flags;
}

static const struct dc_section *section_without(struct dc_arena *arena,
						const struct dc_scenario_kind *kind)
{
	struct view *scenario = make_view(arena, &dc_scenario_section, kind->of_scenario);
	struct view *run = narrow(arena, scenario, "run", kind->of_run);
	struct view *record = narrow(arena, scenario, "record", kind->of_record);
	struct view *job = narrow(arena, scenario, "jobs", kind->of_job);
	struct view *site = narrow(arena, scenario, "sites", kind->of_site);
	struct view *fabric = narrow(arena, site, "fabric", nothing);
	struct view *network = narrow(arena, fabric, "networks", kind->of_network);

	if (!scenario || !run || !record || !job || !site || !fabric || !network)
		return NULL;
	if (kind == &training)
		return &scenario->section;
	/* A run ends with its traffic. */
	set_flags(scenario, "run", 0);
	set_flags(site, "nodes", 0);
	if (kind->needs_fabric)
		return &scenario->section;
	/* Without a fabric the links are implied. */
	set_flags(site, "fabric", 0);
	set_flags(fabric, "networks", 0);
	/* One of links and dimensions is given. */
	set_flags(network, "dimensions", 0);
	return &scenario->section;
}

const struct dc_section *dc_scenario_section_of(struct dc_config *config,
						const struct dc_node *root)
{
	return section_without(dc_config_arena(config), dc_scenario_kind_of(root));
}
