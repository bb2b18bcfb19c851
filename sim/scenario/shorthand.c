/* Shorthands: short scenarios rewritten to the long form, in the tree. */
#include "scenario/scenario.h"

#include <string.h>

/* The keys of a site, which may sit at top level when there is one site. */
static const char *const site_keys[] = {"nodes", "fabric", "racks", "storage", "facility"};

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

/* A list that holds one node, marked like it. */
static struct dc_node *list_of(struct dc_arena *arena, struct dc_node *item)
{
	struct dc_node *list = dc_node_create(arena, DC_NODE_LIST, &item->mark);

	return list && dc_node_append(arena, list, item) == DC_OK ? list : NULL;
}

static enum dc_status put_list(struct dc_arena *arena, struct dc_node *map, const char *key,
			       struct dc_node *item)
{
	struct dc_node *list = list_of(arena, item);

	return list ? dc_node_set(arena, map, key, list) : DC_ERR_MEMORY;
}

/* node: {accelerator: T, accelerators: 8, host: H} -> nodes: [{accelerators: {type: T, count: 8}, host: H}] */
static enum dc_status expand_node(struct dc_config *config, struct dc_node *root)
{
	struct dc_arena *arena = dc_config_arena(config);
	const struct dc_pair *pair = dc_node_pair(root, "node");
	struct dc_node *group, *accelerators;
	enum dc_status status;

	if (!pair)
		return DC_OK;
	if (dc_node_get(root, "nodes"))
		return dc_diag_error(dc_config_diag(config), &pair->key_mark,
				     "'node' is short for 'nodes'; give one of the two");
	group = pair->value;
	if (group->kind != DC_NODE_MAP)
		return dc_diag_error(dc_config_diag(config), &group->mark,
				     "node: expected a map such as {accelerator: "
				     "a100-sxm4-80gb, accelerators: 8, host: dual-epyc-7742}");
	accelerators = dc_node_create(arena, DC_NODE_MAP, &group->mark);
	if (!accelerators)
		return DC_ERR_MEMORY;
	if (dc_node_get(group, "accelerators") &&
	    dc_node_get(group, "accelerators")->kind == DC_NODE_MAP) {
		/* the group's own long form */
	} else {
		status = move(arena, group, "accelerator", accelerators, "type");
		if (!status)
			status = move(arena, group, "accelerators", accelerators, "count");
		if (!status)
			status = dc_node_set(arena, group, "accelerators", accelerators);
		if (status)
			return status;
	}
	return put_list(arena, root, "nodes", dc_node_remove(root, "node"));
}

/* fabric: {dimensions: [...]} -> fabric: {networks: [{name: compute, dimensions: [...]}]} */
static enum dc_status expand_fabric(struct dc_config *config, struct dc_node *root)
{
	struct dc_arena *arena = dc_config_arena(config);
	struct dc_node *fabric = dc_node_get(root, "fabric");
	static const char *const keys[] = {"dimensions", "transport", "routing", "links"};
	struct dc_node *network;

	if (!fabric || fabric->kind != DC_NODE_MAP || dc_node_get(fabric, "networks"))
		return DC_OK;
	network = dc_node_create(arena, DC_NODE_MAP, &fabric->mark);
	if (!network)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		enum dc_status status = move(arena, fabric, keys[i], network, keys[i]);

		if (status)
			return status;
	}
	return put_list(arena, fabric, "networks", network);
}

/* workload: FILE or map -> jobs: [{workload: {...}, data: {...}}] */
static enum dc_status expand_workload(struct dc_config *config, struct dc_node *root)
{
	static const char *const of_job[] = {"data", "checkpoint"};
	struct dc_arena *arena = dc_config_arena(config);
	const struct dc_pair *pair = dc_node_pair(root, "workload");
	struct dc_node *job, *workload;
	enum dc_status status;

	if (!pair)
		return DC_OK;
	if (dc_node_get(root, "jobs"))
		return dc_diag_error(dc_config_diag(config), &pair->key_mark,
				     "'workload' is short for 'jobs'; give one of the two");
	workload = pair->value;
	job = dc_node_create(arena, DC_NODE_MAP, &workload->mark);
	if (!job)
		return DC_ERR_MEMORY;
	status = move(arena, root, "workload", job, "workload");
	for (size_t i = 0; i < sizeof of_job / sizeof *of_job && !status; i++)
		if (workload->kind == DC_NODE_MAP)
			status = move(arena, workload, of_job[i], job, of_job[i]);
	return status ? status : put_list(arena, root, "jobs", job);
}

/* A single site's keys at top level -> sites: [{...}] */
static enum dc_status expand_site(struct dc_config *config, struct dc_node *root)
{
	struct dc_arena *arena = dc_config_arena(config);
	struct dc_node *site;

	if (dc_node_get(root, "sites"))
		return DC_OK;
	site = dc_node_create(arena, DC_NODE_MAP, &root->mark);
	if (!site)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < sizeof site_keys / sizeof *site_keys; i++) {
		enum dc_status status = move(arena, root, site_keys[i], site, site_keys[i]);

		if (status)
			return status;
	}
	return put_list(arena, root, "sites", site);
}

enum dc_status dc_scenario_expand(struct dc_config *config, struct dc_node *root)
{
	enum dc_status node, fabric, workload, site;

	if (root->kind != DC_NODE_MAP)
		return dc_diag_error(dc_config_diag(config), &root->mark,
				     "scenario: expected a map of keys such as 'run', 'node', "
				     "'fabric', 'workload'");
	/* Every refusal is worth telling, so none hides the next. */
	node = expand_node(config, root);
	fabric = expand_fabric(config, root);
	workload = expand_workload(config, root);
	site = expand_site(config, root);
	return node ? node : fabric ? fabric : workload ? workload : site;
}
