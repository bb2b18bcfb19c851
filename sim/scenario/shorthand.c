/* Shorthands: short scenarios rewritten to the long form, in the tree.
 *
 * What is refused here is taken out of the tree, so that reading the sections tells no second story
 * about it. */
#include "scenario/scenario.h"

#include <string.h>

/* The keys of a site, which may sit at top level when there is one site; node is short for nodes. */
static const char *const site_keys[] = {"nodes", "node", "fabric", "racks", "storage", "facility"};

enum { SITE_KEYS = sizeof site_keys / sizeof *site_keys };

/* The section of a field that holds one, by its key. */
static const struct dc_section *section_of(const struct dc_section *section, const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->fields[i].key, key) == 0)
			return section->fields[i].section;
	return NULL;
}

/* Keeps the first failure; running out of memory wins. */
static void keep(enum dc_status *status, enum dc_status other)
{
	if (*status == DC_OK || other == DC_ERR_MEMORY)
		*status = other;
}

static bool is_map(const struct dc_node *node)
{
	return node && node->kind == DC_NODE_MAP;
}

/* What is null is absent: a scenario takes back so what its include gives in the other form. */
static void drop_null(struct dc_node *map, const char *key)
{
	const struct dc_pair *pair = dc_node_pair(map, key);

	if (pair && dc_node_is_null(pair->value))
		dc_node_remove(map, key);
}

/* Moves a pair to another map, keeping the mark of its key. */
static enum dc_status move(struct dc_arena *arena, struct dc_node *from, const char *key,
			   struct dc_node *to, const char *as)
{
	const struct dc_pair *pair = dc_node_pair(from, key);
	struct dc_mark mark;
	enum dc_status status;

	if (!pair)
		return DC_OK;
	mark = pair->key_mark;
	status = dc_node_set(arena, to, as, dc_node_remove(from, key));
	for (size_t i = 0; i < to->count && !status; i++)
		if (strcmp(to->pairs[i].key, as) == 0)
			to->pairs[i].key_mark = mark;
	return status;
}

/* A copy of the map under a key in its place: a map that an alias shares changes here only. */
static struct dc_node *own_map(struct dc_arena *arena, struct dc_node *map, const char *key)
{
	struct dc_node *shared = dc_node_get(map, key);
	struct dc_node *empty = dc_node_create(arena, DC_NODE_MAP, &shared->mark);
	struct dc_node *own = empty ? dc_node_merge(arena, empty, shared) : NULL;

	return own && dc_node_set(arena, map, key, own) == DC_OK ? own : NULL;
}

/* Puts a list that holds one node, marked like it. */
static enum dc_status put_list(struct dc_arena *arena, struct dc_node *map, const char *key,
			       struct dc_node *item)
{
	struct dc_node *list = dc_node_create(arena, DC_NODE_LIST, &item->mark);

	if (!list || dc_node_append(arena, list, item) != DC_OK)
		return DC_ERR_MEMORY;
	return dc_node_set(arena, map, key, list);
}

/* accelerator: T, accelerators: 8 -> accelerators: {type: T, count: 8} */
static enum dc_status expand_group(struct dc_config *config, struct dc_node *group)
{
	struct dc_arena *arena = dc_config_arena(config);
	const struct dc_pair *pair = dc_node_pair(group, "accelerator");
	struct dc_node *accelerators;
	enum dc_status status;

	if (is_map(dc_node_get(group, "accelerators"))) {
		if (!pair)
			return DC_OK;
		status = dc_diag_error(dc_config_diag(config), &pair->key_mark,
				       "node: 'accelerator' is short for 'accelerators: {type}'; "
				       "give one of the two");
		dc_node_remove(group, "accelerator");
		return status;
	}
	if (!pair && !dc_node_get(group, "accelerators"))
		return DC_OK;
	accelerators = dc_node_create(arena, DC_NODE_MAP, &group->mark);
	if (!accelerators)
		return DC_ERR_MEMORY;
	status = move(arena, group, "accelerator", accelerators, "type");
	if (!status)
		status = move(arena, group, "accelerators", accelerators, "count");
	return status ? status : dc_node_set(arena, group, "accelerators", accelerators);
}

/* node: {accelerator: T, accelerators: 8, host: H}
 * -> nodes: [{accelerators: {type: T, count: 8}, host: H}] */
static enum dc_status expand_node(struct dc_config *config, struct dc_node *place,
				  const struct dc_section *site)
{
	struct dc_diag *diag = dc_config_diag(config);
	const struct dc_pair *pair;
	struct dc_mark key_mark;
	struct dc_node *group;
	enum dc_status status;

	drop_null(place, "nodes");
	drop_null(place, "node");
	pair = dc_node_pair(place, "node");
	if (!pair)
		return DC_OK;
	key_mark = pair->key_mark;
	group = pair->value;
	if (dc_node_get(place, "nodes")) {
		dc_node_remove(place, "node");
		return dc_diag_error(diag, &key_mark,
				     "'node' is short for 'nodes'; give one of the two");
	}
	if (is_map(group)) {
		group = own_map(dc_config_arena(config), place, "node");
		if (!group)
			return DC_ERR_MEMORY;
		status = dc_section_check_keys(config, section_of(site, "nodes"), group);
		keep(&status, expand_group(config, group));
	} else {
		status = dc_diag_error(diag, &group->mark,
				       "node: expected a map such as {accelerator: "
				       "a100-sxm4-80gb, accelerators: 8, host: dual-epyc-7742}");
	}
	keep(&status,
	     put_list(dc_config_arena(config), place, "nodes", dc_node_remove(place, "node")));
	return status;
}

/* A network's keys beside `networks`; what is null is absent. */
static enum dc_status refuse_both(struct dc_config *config, struct dc_node *fabric,
				  const char *const *keys)
{
	enum dc_status status = DC_OK;

	for (; *keys; keys++) {
		const struct dc_pair *pair = dc_node_pair(fabric, *keys);

		if (pair && !dc_node_is_null(pair->value))
			keep(&status, dc_diag_error(dc_config_diag(config), &pair->key_mark,
						    "fabric: '%s' is short for a network of "
						    "'networks'; give one of the two",
						    *keys));
		dc_node_remove(fabric, *keys);
	}
	return status;
}

/* fabric: {dimensions: [...]} -> fabric: {networks: [{name: compute, dimensions: [...]}]} */
static enum dc_status expand_fabric(struct dc_config *config, struct dc_node *place,
				    const struct dc_section *site)
{
	static const char *const keys[] = {"dimensions", "transport", "routing", "links", NULL};
	struct dc_arena *arena = dc_config_arena(config);
	struct dc_node *fabric = dc_node_get(place, "fabric");
	struct dc_node *network;
	enum dc_status status;

	if (!is_map(fabric))
		return DC_OK;
	fabric = own_map(arena, place, "fabric");
	if (!fabric)
		return DC_ERR_MEMORY;
	drop_null(fabric, "networks");
	if (dc_node_get(fabric, "networks"))
		return refuse_both(config, fabric, keys);
	status = dc_section_check_keys(config, section_of(site, "fabric"), fabric);
	network = dc_node_create(arena, DC_NODE_MAP, &fabric->mark);
	if (!network)
		return DC_ERR_MEMORY;
	for (const char *const *key = keys; *key; key++)
		keep(&status, move(arena, fabric, *key, network, *key));
	keep(&status, put_list(arena, fabric, "networks", network));
	return status;
}

static enum dc_status expand_place(struct dc_config *config, struct dc_node *place,
				   const struct dc_section *site,
				   const struct dc_scenario_kind *kind)
{
	enum dc_status status = expand_node(config, place, site);

	keep(&status, expand_fabric(config, place, site));
	keep(&status, dc_scenario_check_networks(config, place, kind));
	return status;
}

/* A single site's keys at top level -> sites: [{...}] */
static enum dc_status gather_site(struct dc_config *config, struct dc_node *root,
				  const struct dc_section *section)
{
	struct dc_arena *arena = dc_config_arena(config);
	struct dc_node *site = dc_node_create(arena, DC_NODE_MAP, &root->mark);
	enum dc_status status;

	if (!site)
		return DC_ERR_MEMORY;
	status = expand_place(config, root, section, dc_scenario_kind_of(root));
	for (size_t i = 0; i < SITE_KEYS; i++)
		keep(&status, move(arena, root, site_keys[i], site, site_keys[i]));
	keep(&status, put_list(arena, root, "sites", site));
	return status;
}

/* Sites in long form: each may use the shorthands, and none has keys at top level. */
static enum dc_status expand_sites(struct dc_config *config, struct dc_node *root,
				   const struct dc_section *section)
{
	const struct dc_scenario_kind *kind = dc_scenario_kind_of(root);
	struct dc_node *sites;
	enum dc_status status = DC_OK;

	drop_null(root, "sites");
	sites = dc_node_get(root, "sites");
	if (!sites)
		return gather_site(config, root, section);
	for (size_t i = 0; i < SITE_KEYS; i++) {
		const struct dc_pair *pair;

		drop_null(root, site_keys[i]);
		pair = dc_node_pair(root, site_keys[i]);
		if (!pair)
			continue;
		keep(&status,
		     dc_diag_error(dc_config_diag(config), &pair->key_mark,
				   "scenario: '%s' belongs to a site; put it below 'sites'",
				   site_keys[i]));
		dc_node_remove(root, site_keys[i]);
	}
	for (size_t i = 0; sites->kind == DC_NODE_LIST && i < sites->count; i++)
		if (is_map(sites->items[i]))
			keep(&status, expand_place(config, sites->items[i], section, kind));
	return status;
}

/* A workload holds `data` and `checkpoint`, which are the job's; the job's own come first. */
static enum dc_status expand_job(struct dc_config *config, struct dc_node *job)
{
	static const char *const of_job[] = {"data", "checkpoint", NULL};
	struct dc_arena *arena = dc_config_arena(config);
	struct dc_node *workload = dc_node_get(job, "workload");
	enum dc_status status;

	if (!is_map(workload))
		return DC_OK;
	workload = own_map(arena, job, "workload");
	if (!workload)
		return DC_ERR_MEMORY;
	status = dc_scenario_settle_kind(config, workload);
	keep(&status,
	     dc_section_check_keys(config, dc_scenario_workload_section(workload), workload));
	for (const char *const *key = of_job; *key; key++) {
		if (dc_node_get(job, *key))
			dc_node_remove(workload, *key);
		else
			keep(&status, move(arena, workload, *key, job, *key));
	}
	return status;
}

/* workload: FILE or map -> jobs: [{workload: {...}, data: {...}}] */
static enum dc_status expand_jobs(struct dc_config *config, struct dc_node *root)
{
	struct dc_arena *arena = dc_config_arena(config);
	const struct dc_pair *pair;
	enum dc_status status = DC_OK;
	struct dc_node *jobs, *job;

	drop_null(root, "jobs");
	drop_null(root, "workload");
	jobs = dc_node_get(root, "jobs");
	pair = dc_node_pair(root, "workload");

	if (pair && jobs) {
		status = dc_diag_error(dc_config_diag(config), &pair->key_mark,
				       "'workload' is short for 'jobs'; give one of the two");
		dc_node_remove(root, "workload");
	} else if (pair) {
		job = dc_node_create(arena, DC_NODE_MAP, &pair->value->mark);
		if (!job)
			return DC_ERR_MEMORY;
		status = move(arena, root, "workload", job, "workload");
		keep(&status, put_list(arena, root, "jobs", job));
		jobs = dc_node_get(root, "jobs");
	}
	for (size_t i = 0; jobs && jobs->kind == DC_NODE_LIST && i < jobs->count; i++)
		if (is_map(jobs->items[i]))
			keep(&status, expand_job(config, jobs->items[i]));
	return status;
}

enum dc_status dc_scenario_expand(struct dc_config *config, struct dc_node *root)
{
	const struct dc_section *section = &dc_scenario_section;
	enum dc_status status;

	if (root->kind != DC_NODE_MAP)
		return dc_diag_error(dc_config_diag(config), &root->mark,
				     "scenario: expected a map of keys such as 'run', 'node', "
				     "'fabric', 'workload'");
	/* Every refusal is worth telling, so none hides the next. */
	status = dc_section_check_keys(config, section, root);
	keep(&status, expand_jobs(config, root));
	keep(&status, dc_scenario_refuse_unused(config, root));
	keep(&status, expand_sites(config, root, section_of(section, "sites")));
	return status;
}
