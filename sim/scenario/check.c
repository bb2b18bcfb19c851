/* Cross checks: what no single field can see. */
#include "fabric/collective.h"
#include "scenario/events.h"
#include "scenario/link_recorder.h"
#include "scenario/scenario.h"

#include <string.h>

enum { NEWEST_FORMAT = 1, LONGEST_NAME = 200, MOST_TIERS = 64 };

/* More iterations than this are a slip of the keyboard: a millisecond each would be 30,000 years. */
static const double most_iterations = 1e15;

/* What two checks came to: every refusal is in the sink already, so only lack of memory must not be
 * lost behind what comes after. */
static enum dc_status worse(enum dc_status a, enum dc_status b)
{
	if (a == DC_ERR_MEMORY || b == DC_ERR_MEMORY)
		return DC_ERR_MEMORY;
	return a ? a : b;
}

static bool are_collectives(const struct dc_scenario *scenario)
{
	for (size_t i = 0; i < scenario->jobs.count; i++)
		if (!dc_scenario_collective(scenario, i))
			return false;
	return true;
}

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
	if (scenario->jobs.count > 1 && !are_collectives(scenario))
		status = dc_diag_error(diag, dc_node_mark(scenario->node, "jobs"),
				       "several jobs are not supported yet, but for those of kind "
				       "'collective'; expected one");
	if (dc_scenario_site(scenario)->nodes.count > 1)
		status =
			dc_diag_error(diag, dc_node_mark(dc_scenario_site(scenario)->node, "nodes"),
				      "several node groups are not supported yet; expected one");
	if (dc_scenario_site(scenario)->racks.count > 1)
		status =
			dc_diag_error(diag, dc_node_mark(dc_scenario_site(scenario)->node, "racks"),
				      "several kinds of racks are not supported yet; expected one");
	return status;
}

/* The name becomes a file's: it holds no folder and is not hidden. */
static enum dc_status check_name(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	const char *name = scenario->name;
	bool good = *name && *name != '.' && strlen(name) <= LONGEST_NAME;

	for (const char *c = name; good && *c; c++)
		good = *c != '/' && (unsigned char)*c >= ' ' && *c != 0x7f;
	if (good)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(scenario->node, "name"),
			     "name: the result's file is called after it; expected at most %d "
			     "characters on one line without '/' that do not begin with '.'",
			     LONGEST_NAME);
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

static enum dc_status check_epochs(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	uint64_t each = dc_training_iterations_per_epoch(dc_scenario_training(scenario));

	if (scenario->run.epochs * (double)each <= most_iterations)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(scenario->run.node, "epochs"),
			     "run: %g epochs of %llu iterations are more than %g iterations",
			     scenario->run.epochs, (unsigned long long)each, most_iterations);
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
		return dc_diag_error(
			diag, mark,
			"the fabric's %llu accelerators do not fill nodes of %llu; the "
			"nearest sizes that do are %llu and %llu",
			(unsigned long long)fabric->ranks, (unsigned long long)each,
			(unsigned long long)((nodes ? nodes : 1) * each),
			(unsigned long long)((nodes ? nodes + 1 : 2) * each));
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

/* The group that racks hold, when they name it. */
static enum dc_status check_racks(struct dc_diag *diag, const struct dc_scenario_site *site)
{
	const struct dc_rack *rack = site->racks.items;
	const struct dc_scenario_group *group = site->nodes.items;

	if (!rack->group || strcmp(rack->group, group->name) == 0)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(rack->node, "group"),
			     "racks: no node group is called '%s'; expected '%s'", rack->group,
			     group->name);
}

/* Names tell tiers apart. */
static enum dc_status check_tier_names(struct dc_diag *diag,
				       const struct dc_scenario_storage *storage)
{
	const struct dc_list *tiers = &storage->tiers;
	const struct dc_tagged *items = tiers->items;

	if (tiers->count > MOST_TIERS)
		return dc_diag_error(diag, dc_node_mark(storage->node, "tiers"),
				     "storage: tiers: expected at most %d, found %zu", MOST_TIERS,
				     tiers->count);
	for (size_t i = 1; i < tiers->count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(dc_tier_name(&items[i]), dc_tier_name(&items[j])) == 0)
				return dc_diag_error(
					diag,
					dc_node_mark(*(const struct dc_node **)items[i].section,
						     "name"),
					"storage: another tier is called '%s' too",
					dc_tier_name(&items[i]));
	return DC_OK;
}

/* "'a', 'b'": the names of all tiers, in the arena. */
static const char *tier_names(struct dc_arena *arena, const struct dc_list *tiers)
{
	const struct dc_tagged *items = tiers->items;
	const char *text = "";

	for (size_t i = 0; text && i < tiers->count; i++)
		text = dc_arena_printf(arena, "%s%s'%s'", text, i ? ", " : "",
				       dc_tier_name(&items[i]));
	return text ? text : "";
}

/* The job reads from a tier that there is. */
static enum dc_status check_data(struct dc_config *config, const struct dc_scenario *scenario)
{
	struct dc_diag *diag = dc_config_diag(config);
	const struct dc_training_data *data = dc_scenario_job(scenario)->data;
	const struct dc_list *tiers = &dc_scenario_site(scenario)->storage.tiers;
	const struct dc_tagged *items = tiers->items;
	const char *names[MOST_TIERS], *all, *nearest;

	if (!data || dc_scenario_tier(scenario))
		return DC_OK;
	if (!tiers->count)
		return dc_diag_error(diag, dc_node_mark(data->node, "tier"),
				     "data: there is no storage tier to read from; expected one "
				     "below 'storage: tiers'");
	all = tier_names(dc_config_arena(config), tiers);
	if (!data->tier)
		return dc_diag_error(diag, dc_node_mark(data->node, "tier"),
				     "data: the key 'tier' is missing; it is one of %s", all);
	for (size_t i = 0; i < tiers->count; i++)
		names[i] = dc_tier_name(&items[i]);
	nearest = dc_diag_nearest(data->tier, names, tiers->count);
	if (nearest)
		return dc_diag_error(diag, dc_node_mark(data->node, "tier"),
				     "data: no storage tier is called '%s'; did you mean '%s'?",
				     data->tier, nearest);
	return dc_diag_error(diag, dc_node_mark(data->node, "tier"),
			     "data: no storage tier is called '%s'; it is one of %s", data->tier,
			     all);
}

static enum dc_status check_tiers(struct dc_config *config, const struct dc_scenario *scenario)
{
	struct dc_diag *diag = dc_config_diag(config);
	const struct dc_scenario_storage *storage = &dc_scenario_site(scenario)->storage;
	const struct dc_tagged *items = storage->tiers.items;
	enum dc_status status = check_tier_names(diag, storage);

	for (size_t i = 0; i < storage->tiers.count && !status; i++)
		status = dc_tier_check(&items[i], diag);
	return status ? status : check_data(config, scenario);
}

/* The data set must fit the tier: every node holds the part its accelerators read. */
static enum dc_status check_capacity(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	const struct dc_scenario_job *job = dc_scenario_job(scenario);
	const struct dc_training_dataset *dataset = &dc_scenario_training(scenario)->dataset;
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

/* Links one by one, and each a column. */
static enum dc_status check_links(struct dc_diag *diag, const struct dc_scenario *scenario,
				  uint64_t links)
{
	const struct dc_scenario_record *record = &scenario->record;

	if (record->links != DC_SCENARIO_LINKS_ALL || links <= DC_LINK_RECORDER_LINKS)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(record->node, "links"),
			     "record: links: all: there are %llu, at most %d are recorded one by "
			     "one; expected top or class",
			     (unsigned long long)links, DC_LINK_RECORDER_LINKS);
}

/* Explicit links: nothing that is of dimensions. */
static enum dc_status check_explicit(struct dc_diag *diag, const struct dc_scenario *scenario,
				     const struct dc_fabric_network *network)
{
	enum dc_status status = DC_OK;

	if (network && network->dimensions.count)
		status = dc_diag_error(diag, dc_node_mark(network->node, "dimensions"),
				       "network: give one of 'links' and 'dimensions'");
	if (scenario->record.links == DC_SCENARIO_LINKS_CLASS)
		status =
			dc_diag_error(diag, dc_node_mark(scenario->record.node, "links"),
				      "record: links: 'class' is for dimensions; links from a file "
				      "are recorded by top or all");
	if (scenario->events.count)
		status = dc_diag_error(diag, dc_node_mark(scenario->node, "events"),
				       "scenario: 'events' are not supported yet on links from a "
				       "file; give 'dimensions'");
	return status;
}

/* Flows are bytes on links: what a transport adds to messages is left to kind collective. */
static enum dc_status check_ideal(struct dc_diag *diag, const struct dc_fabric_network *network,
				  const struct dc_fabric *fabric)
{
	for (size_t d = 0; d < fabric->count; d++)
		if (fabric->dimensions[d].transport &&
		    fabric->dimensions[d].transport->protocols.count)
			return dc_diag_error(
				diag,
				dc_node_mark(network->node,
					     network->transport ? "transport" : "dimensions"),
				"network: 'transport' has no effect with workload kind 'flows'");
	return DC_OK;
}

/* What a run of flows is made of; its files are read when it is built. */
static enum dc_status check_network(struct dc_config *config, const struct dc_scenario *scenario,
				    enum dc_status status)
{
	struct dc_diag *diag = dc_config_diag(config);
	struct dc_arena *arena = dc_config_arena(config);
	const struct dc_scenario_site *site = dc_scenario_site(scenario);
	const struct dc_fabric_network *network = site->fabric.networks.items;
	struct dc_fabric fabric;
	struct dc_plan_epoch *epochs;
	enum dc_status built;
	size_t count;

	if (site->fabric.networks.count > 1)
		return dc_diag_error(diag, dc_node_mark(site->fabric.node, "networks"),
				     "several networks are not supported yet; expected one");
	if (!network || network->links)
		return worse(status, check_explicit(diag, scenario, network));
	if (!network->dimensions.count)
		return dc_diag_error(diag, &network->node->mark,
				     "network: expected 'links' or 'dimensions'");
	built = dc_scenario_build_fabric(site, diag, arena, &fabric);
	if (!built)
		built = check_ideal(diag, network, &fabric);
	if (!built)
		built = worse(
			check_links(diag, scenario, dc_fabric_links(&fabric)),
			dc_scenario_build_epochs(scenario, &fabric, diag, arena, &epochs, &count));
	return worse(status, built);
}

/* Runs of the network alone last microseconds or hours: nobody can say for them how often. */
static enum dc_status check_record(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	const struct dc_scenario_record *record = &scenario->record;

	if (record->links == DC_SCENARIO_LINKS_NONE || dc_node_get(record->node, "interval"))
		return DC_OK;
	return dc_diag_error(
		diag, dc_node_mark(record->node, "links"),
		"record: the key 'interval' is missing; how often are links recorded?");
}

/* Jobs tell each other apart by name; what they do is settled on the fabric, as it will be built. */
static enum dc_status check_collectives(struct dc_config *config,
					const struct dc_scenario *scenario)
{
	struct dc_diag *diag = dc_config_diag(config);
	struct dc_arena *arena = dc_config_arena(config);
	struct dc_scenario_job *jobs = scenario->jobs.items;
	struct dc_fabric fabric;
	struct dc_scenario_site *site = dc_scenario_site(scenario);
	enum dc_status status = dc_scenario_build_fabric(site, diag, arena, &fabric);
	struct dc_plan_epoch *epochs;
	size_t epoch_count;

	if (!status && site->nodes.count)
		status = check_nodes(diag, site, &fabric);
	if (status)
		return status;
	status = worse(
		check_links(diag, scenario, dc_fabric_links(&fabric)),
		dc_scenario_build_epochs(scenario, &fabric, diag, arena, &epochs, &epoch_count));
	for (size_t i = 0; i < scenario->jobs.count; i++) {
		const struct dc_traffic_collective_workload *workload =
			dc_scenario_collective(scenario, i);
		struct dc_traffic_collective job;

		/* What is not given a name is called after what it does. */
		if (!dc_node_get(jobs[i].node, "name"))
			jobs[i].name = dc_operation_name((enum dc_operation)workload->operation);
		for (size_t k = 0; k < i; k++)
			if (strcmp(jobs[i].name, jobs[k].name) == 0)
				status = worse(status,
					       dc_diag_error(diag,
							     dc_node_mark(jobs[i].node, "name"),
							     "job: another job is called '%s' too",
							     jobs[i].name));
		status = worse(status, dc_traffic_collective_settle(config, workload, &fabric,
								    arena, &job));
	}
	return status;
}

static enum dc_status check_building(struct dc_diag *diag, const struct dc_scenario *scenario)
{
	const struct dc_scenario_site *site = dc_scenario_site(scenario);
	enum dc_status status = dc_facility_check(&site->facility, diag);

	if (!status)
		status = dc_facility_check_racks(&site->facility, &site->racks, diag);
	status = worse(status, check_racks(diag, site));
	return worse(status, check_devices(diag, scenario));
}

/* An algorithm by name must be one, and able to. */
static enum dc_status check_algorithm(struct dc_diag *diag, const struct dc_scenario *scenario,
				      const struct dc_fabric *fabric)
{
	const struct dc_training_synchronization *synchronization =
		&dc_scenario_training(scenario)->synchronization;
	const struct dc_mark *mark = dc_node_mark(synchronization->node, "algorithm");
	struct dc_collective_request request = {
		.group = dc_group_all(fabric),
		.request.operation = DC_OPERATION_ALL_REDUCE,
	};
	const char *names[DC_ALGORITHMS + 1] = {"auto"}, *nearest, *why;
	size_t count = 1;

	for (size_t i = 0; dc_algorithms[i]; i++)
		names[count++] = dc_algorithms[i]->name;
	if (dc_collective_name_algorithm(synchronization->algorithm, &request)) {
		nearest = dc_diag_nearest(synchronization->algorithm, names, count);
		return dc_diag_error(
			diag, mark, "synchronization: algorithm: no algorithm is called '%s'%s%s%s",
			synchronization->algorithm, nearest ? "; did you mean '" : "",
			nearest ? nearest : "",
			nearest ? "'?" : "; 'dcsim catalog algorithms' lists them");
	}
	if (!request.algorithm || fabric->ranks < 2 ||
	    dc_algorithm_fits(request.algorithm, fabric, &request.group, &request.request, &why))
		return DC_OK;
	return dc_diag_error(diag, mark,
			     "synchronization: algorithm: '%s' cannot all-reduce here: %s",
			     synchronization->algorithm, why ? why : "it does not fit");
}

/* The software that a workload does not name is its job's, or the scenario's. */
static void settle_software(struct dc_scenario *scenario)
{
	struct dc_scenario_job *job = dc_scenario_job(scenario);
	struct dc_training_workload *workload = dc_scenario_training(scenario);

	if (!workload->software)
		workload->software = job->software ? job->software : scenario->software;
	job->software = scenario->software = NULL;
}

/* The job's rank order is the workload's, which may say its own instead. */
static enum dc_status settle_order(struct dc_scenario *scenario, struct dc_diag *diag)
{
	const struct dc_node *order = dc_scenario_job(scenario)->placement.order;
	struct dc_parallelism *parallelism = &dc_scenario_training(scenario)->parallelism;

	if (!order)
		return DC_OK;
	if (parallelism->order_node)
		return dc_diag_error(
			diag, &order->mark,
			"placement: order: the workload's parallelism has an order, too; give "
			"one of the two");
	parallelism->order_node = order;
	return DC_OK;
}

/* Fabric, nodes, batch and epochs: each needs the one before. */
static enum dc_status check_work(struct dc_config *config, struct dc_scenario *scenario)
{
	struct dc_diag *diag = dc_config_diag(config);
	struct dc_scenario_site *site = dc_scenario_site(scenario);
	struct dc_fabric fabric;
	enum dc_status status =
		dc_scenario_build_fabric(site, diag, dc_config_arena(config), &fabric);

	if (!status)
		status = check_nodes(diag, site, &fabric);
	settle_software(scenario);
	if (!status)
		status = settle_order(scenario, diag);
	if (!status)
		status = dc_training_settle(dc_scenario_training(scenario), fabric.ranks, diag);
	if (!status)
		status = check_algorithm(diag, scenario, &fabric);
	return status ? status : check_epochs(diag, scenario);
}

enum dc_status dc_scenario_check(struct dc_config *config, struct dc_scenario *scenario)
{
	struct dc_diag *diag = dc_config_diag(config);
	enum dc_status status = check_counts(diag, scenario);

	if (status)
		return status;
	status = check_name(diag, scenario);
	if (!dc_scenario_training(scenario))
		status = worse(status, check_record(diag, scenario));
	if (dc_scenario_collective(scenario, 0))
		return worse(status, check_collectives(config, scenario));
	if (!dc_scenario_training(scenario))
		return check_network(config, scenario, status);
	status = worse(status, check_run(diag, scenario));
	status = worse(status, check_building(diag, scenario));
	status = worse(status, check_work(config, scenario));
	status = worse(status, check_tiers(config, scenario));
	return status ? status : check_capacity(diag, scenario);
}
