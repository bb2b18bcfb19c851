/* Cross checks: what no single field can see. */
#include "scenario/scenario.h"

#include <stdlib.h>

enum { NEWEST_FORMAT = 1 };

static enum dc_status check_counts(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	enum dc_status status = DC_OK;

	if (scenario->format > NEWEST_FORMAT)
		status = dc_diag_error(diag, dc_node_mark(scenario->node, "format"),
				       "format: %llu is newer than this program knows (%d)",
				       (unsigned long long)scenario->format, NEWEST_FORMAT);
	if (scenario->sites.count > 1)
		status = dc_diag_error(diag, dc_node_mark(scenario->node, "sites"),
				       "several sites are not supported yet; expected one");
	if (scenario->jobs.count > 1)
		status = dc_diag_error(diag, dc_node_mark(scenario->node, "jobs"),
				       "several jobs are not supported yet; expected one");
	if (dc_scenario_site(scenario)->nodes.count > 1)
		status = dc_diag_error(diag, dc_node_mark(dc_scenario_site(scenario)->node, "nodes"),
				       "several node groups are not supported yet; expected one");
	if (dc_scenario_site(scenario)->racks.count > 1)
		status = dc_diag_error(diag, dc_node_mark(dc_scenario_site(scenario)->node, "racks"),
				       "several kinds of racks are not supported yet; expected one");
	return status;
}

static enum dc_status check_run(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	const struct dc_scenario_run *run = &scenario->run;
	int given = (run->duration_s > 0) + (run->iterations > 0) + (run->epochs > 0);

	if (given == 1)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(scenario->node, "run"),
			     given ? "run: give one of duration, iterations and epochs, not several"
				   : "run: how long? expected duration, iterations or epochs, such "
				     "as {epochs: 90}");
}

/* The fabric's accelerators fill whole nodes, as many as the group has. */
static enum dc_status check_nodes(struct dc_diag *diag, struct dc_scenario_site *site,
				  const struct dc_fabric *fabric)
{
	struct dc_scenario_group *group = site->nodes.items;
	uint64_t each = group->accelerators.count;
	uint64_t nodes = fabric->ranks / each;
	const struct dc_mark *mark = dc_node_mark(group->accelerators.node, "count");

	if (fabric->ranks % each)
		return dc_diag_error(diag, mark,
				     "the fabric's %llu accelerators do not fill nodes of %llu; the "
				     "nearest sizes that do are %llu and %llu",
				     (unsigned long long)fabric->ranks, (unsigned long long)each,
				     (unsigned long long)((nodes ? nodes : 1) * each),
				     (unsigned long long)((nodes + 1) * each));
	if (!group->count)
		group->count = nodes;
	if (group->count != nodes)
		return dc_diag_error(diag, dc_node_mark(group->node, "count"),
				     "node group '%s': %llu nodes of %llu accelerators are %llu, "
				     "but the fabric joins %llu",
				     group->name, (unsigned long long)group->count,
				     (unsigned long long)each,
				     (unsigned long long)(group->count * each),
				     (unsigned long long)fabric->ranks);
	return DC_OK;
}

static enum dc_status check_tier(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	const struct dc_scenario_job *job = dc_scenario_job(scenario);
	const struct dc_list *tiers = &dc_scenario_site(scenario)->storage.tiers;
	const struct dc_tagged *items = tiers->items;
	const char **names;
	const char *nearest = NULL;

	for (size_t i = 0; i < tiers->count; i++) {
		enum dc_status status = dc_tier_check(&items[i], diag);

		if (status)
			return status;
	}
	if (!job->data || dc_scenario_tier(scenario))
		return DC_OK;
	if (!job->data->tier)
		return dc_diag_error(diag, dc_node_mark(job->data->node, "tier"),
				     tiers->count ? "data: which tier? there are several"
						  : "data: there is no storage tier to read from");
	names = calloc(tiers->count + 1, sizeof *names);
	if (!names)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < tiers->count; i++)
		names[i] = dc_tier_name(&items[i]);
	nearest = dc_diag_nearest(job->data->tier, names, tiers->count);
	free(names);
	return dc_diag_error(diag, dc_node_mark(job->data->node, "tier"),
			     "data: no storage tier is called '%s'%s%s%s", job->data->tier,
			     nearest ? "; did you mean '" : "", nearest ? nearest : "",
			     nearest ? "'?" : "");
}

/* The data set must fit the tier: every node holds the part its accelerators read. */
static enum dc_status check_capacity(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	const struct dc_scenario_job *job = dc_scenario_job(scenario);
	const struct dc_training_dataset *dataset = &job->workload.dataset;
	const struct dc_tagged *tier = dc_scenario_tier(scenario);
	double nodes = (double)dc_scenario_group(scenario)->count;
	double needed_bytes = (double)dataset->samples * dataset->sample_bytes / nodes;
	char needed[64], there[64];

	if (!tier || needed_bytes <= dc_tier_capacity_bytes(tier))
		return DC_OK;
	dc_units_human(needed_bytes, DC_DIM_BYTES, needed, sizeof needed);
	dc_units_human(dc_tier_capacity_bytes(tier), DC_DIM_BYTES, there, sizeof there);
	return dc_diag_error(diag, dc_node_mark(job->data->node, "tier"),
			     "data: each node reads %s of '%s', but tier '%s' holds %s per node",
			     needed, dataset->name, dc_tier_name(tier), there);
}

static enum dc_status check_devices(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	const struct dc_scenario_group *group = dc_scenario_group(scenario);
	enum dc_status accelerator = dc_accelerator_check(group->accelerators.type, diag);
	enum dc_status host = dc_host_check(group->host, diag);

	return accelerator ? accelerator : host;
}

enum dc_status dc_scenario_check(struct dc_config *config, struct dc_scenario *scenario)
{
	struct dc_diag *diag = dc_config_diag(config);
	struct dc_scenario_site *site = dc_scenario_site(scenario);
	struct dc_scenario_job *job = dc_scenario_job(scenario);
	struct dc_fabric fabric;
	size_t before = dc_diag_errors(diag);
	enum dc_status status = check_counts(diag, scenario);

	if (status)
		return status;
	status = check_run(diag, scenario);
	status = dc_facility_check(&site->facility, diag);
	if (!status)
		status = dc_facility_check_racks(&site->facility, &site->racks, diag);
	status = check_devices(diag, scenario);
	status = dc_fabric_build(&site->fabric, diag, &fabric);
	if (!status)
		status = check_nodes(diag, site, &fabric);
	if (!status)
		status = dc_training_settle(&job->workload, fabric.ranks, diag);
	status = check_tier(diag, scenario);
	if (dc_diag_errors(diag) == before)
		status = check_capacity(diag, scenario);
	if (status == DC_ERR_MEMORY)
		return status;
	return dc_diag_errors(diag) > before ? DC_ERR_INPUT : DC_OK;
}
