/* Building the datacenter from its scenario. */
#include "scenario/datacenter.h"

#include "scenario/events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one core copies from the file system to a loader's memory. A worker that waits for a drive keeps
 * no core busy. Unverified: buffered reads of fast drives move 2 to 4 GB/s per core. */
static const double copy_rate_bps = 2e9;

static void build_nodes(struct dc_datacenter *dc)
{
	const struct dc_scenario_site *site = dc_scenario_site(dc->scenario);
	const struct dc_scenario_group *group = dc_scenario_group(dc->scenario);
	const struct dc_rack *rack = site->racks.items;

	dc->accelerator = group->accelerators.type;
	dc->host = group->host;
	dc->nodes = group->count;
	dc->accelerators_per_node = group->accelerators.count;
	dc->nodes_per_rack = rack->nodes;
	dc->racks = (dc->nodes + rack->nodes - 1) / rack->nodes;
	dc->nodes_in_last_rack = dc->nodes - (dc->racks - 1) * rack->nodes;
}

/* What is simulated all the same, though a real machine would not do it. */
static void warn_of_workers(const struct dc_datacenter *dc, struct dc_diag *diag)
{
	const struct dc_training_data *data = dc_scenario_job(dc->scenario)->data;
	double workers = dc->readers * (double)dc->accelerators_per_node;

	if (workers > (double)dc->host->cores)
		dc_diag_warning(diag, dc_node_mark(data->node, "workers"),
				"data: %.0f workers per node share %llu cores; reading is not "
				"slowed down by that",
				workers, (unsigned long long)dc->host->cores);
}

static void warn_of_supply(const struct dc_datacenter *dc, struct dc_diag *diag)
{
	if (dc->psu && dc->node_rated_w > dc->host->psu_rated_w)
		dc_diag_warning(
			diag, dc_node_mark(dc_scenario_group(dc->scenario)->node, "host"),
			"host: a node may draw %.0f W, its power supplies are rated at %.0f "
			"W; their loss beyond that is taken at the same efficiency",
			dc->node_rated_w, dc->host->psu_rated_w);
}

static void build_storage(struct dc_datacenter *dc, struct dc_diag *diag)
{
	const struct dc_scenario_job *job = dc_scenario_job(dc->scenario);
	double per_node = (double)dc->accelerators_per_node;
	double sample_bytes = dc_scenario_training(dc->scenario)->dataset.sample_bytes;
	double rate;

	dc->tier = dc_scenario_tier(dc->scenario);
	if (!dc->tier)
		return;
	dc->readers = (double)job->data->workers;
	warn_of_workers(dc, diag);
	rate = dc_tier_read_rate(dc->tier, sample_bytes, dc->readers * per_node);
	dc->machine.samples_per_s = rate / per_node;
	dc->reading_cores = dc->machine.samples_per_s * sample_bytes / copy_rate_bps;
	dc->drive_use = fmin(1.0, rate / dc_tier_read_limit(dc->tier, sample_bytes));
}

static double tiers_power_w(const struct dc_datacenter *dc, double utilisation)
{
	const struct dc_list *tiers = &dc_scenario_site(dc->scenario)->storage.tiers;
	const struct dc_tagged *items = tiers->items;
	double power_w = 0;

	for (size_t i = 0; i < tiers->count; i++)
		power_w += dc_tier_power_w(&items[i], utilisation);
	return power_w;
}

static enum dc_status build_chain(struct dc_datacenter *dc, struct dc_diag *diag)
{
	const struct dc_tagged *chain = dc->facility->power.chain.items;

	for (size_t i = 0; i < dc->facility->power.chain.count; i++) {
		bool is_psu = strcmp(chain[i].type->name, "psu") == 0;

		if (is_psu && i)
			return dc_diag_error(
				diag, dc_node_mark(dc->facility->power.node, "chain"),
				"chain: psu is inside the nodes, so it comes first and "
				"once");
		if (is_psu)
			dc->psu = &chain[i];
	}
	return DC_OK;
}

/* A supply that follows the room because the plant is too small is held for a step, in which the room
 * goes on warming: the plant then carries more than it can, by about half a step over the room's time
 * constant. Where that may come up the step is short against the time constant. */
static double facility_step_s(const struct dc_datacenter *dc, double rated_w)
{
	/* Losses of supplies and distribution on top of what the nodes draw; a hot start can be more. */
	const double margin = 1.25, steps_per_tau = 60, least_s = 0.001;
	double tau_s = dc_room_heat_capacity_j_per_k(dc->room, rated_w) / dc->conductance_w_per_k;

	if (isinf(dc->capacity_w) ||
	    (dc->capacity_w >= margin * rated_w && dc->room->initial_degc == 0))
		return dc->facility->step_s;
	return fmin(dc->facility->step_s, fmax(least_s, tau_s / steps_per_tau));
}

static enum dc_status build_facility(struct dc_datacenter *dc, struct dc_diag *diag)
{
	enum dc_status status;
	double rated_w;

	dc->facility = &dc_scenario_site(dc->scenario)->facility;
	dc->room = dc->facility->cooling.rooms.items;
	dc->plant = dc_facility_plant(dc->facility, dc->room);
	dc->node_rated_w = (double)dc->accelerators_per_node * dc->accelerator->power.max_w +
			   dc_host_power_w(dc->host, 1.0) + tiers_power_w(dc, 1.0);
	rated_w = dc->node_rated_w * (double)dc->nodes;
	dc->conductance_w_per_k = dc_room_conductance_w_per_k(dc->room, rated_w);
	dc->capacity_w = dc_plant_capacity_w(dc->plant);
	dc->step_s = facility_step_s(dc, rated_w);
	status = build_chain(dc, diag);
	warn_of_supply(dc, diag);
	return status;
}

/* What is not given is not a number: a cost of 0 would look like a result. */
static enum dc_status build_hours(struct dc_datacenter *dc, struct dc_config *config)
{
	const struct dc_facility_grid *grid = &dc->facility->grid;
	struct dc_arena *arena = dc_config_arena(config);
	const double unknown = (double)NAN;
	enum dc_status weather, price = DC_OK, carbon = DC_OK;

	weather = dc_weather_read(config, dc->facility->weather, &dc->weather);
	if (grid->price)
		price = dc_hourly_read(config, grid->price, "price", DC_DIM_ENERGY_PRICE,
				       &dc->price);
	else
		dc->price = dc_hourly_flat(arena, unknown);
	if (grid->carbon)
		carbon = dc_hourly_read(config, grid->carbon, "carbon", DC_DIM_CARBON_INTENSITY,
					&dc->carbon);
	else
		dc->carbon = dc_hourly_flat(arena, unknown);
	if (weather || price || carbon)
		return weather ? weather : price ? price : carbon;
	return dc->price && dc->carbon ? DC_OK : DC_ERR_MEMORY;
}

/* When the site's clock is not given, it is the weather file's. */
static void settle_clock(struct dc_datacenter *dc, struct dc_scenario *scenario)
{
	double offset_s;

	if (!dc_node_get(scenario->run.node, "utc_offset") &&
	    dc_weather_utc_offset(&dc->weather, &offset_s))
		scenario->run.utc_offset_s = offset_s;
	dc->utc_offset_s = scenario->run.utc_offset_s;
	dc->start_second = dc_date_second_of_year(&scenario->run.start);
}

static enum dc_status check_memory(struct dc_datacenter *dc, struct dc_diag *diag)
{
	const struct dc_training_workload *workload = dc_scenario_training(dc->scenario);
	enum dc_status status =
		dc_training_fit(workload, &dc->plan.layers, dc->arena, diag, &dc->fitting);

	if (status)
		return status;
	return dc_training_check_memory(workload, &dc->fitting, dc->fabric.ranks, dc->accelerator,
					diag);
}

static enum dc_status build_work(struct dc_datacenter *dc, struct dc_diag *diag)
{
	const struct dc_scenario_job *job = dc_scenario_job(dc->scenario);
	const struct dc_training_workload *workload = dc_scenario_training(dc->scenario);
	const struct dc_scenario_run *run = &dc->scenario->run;
	double epoch;
	enum dc_status status;

	dc->machine.accelerator = dc->accelerator;
	dc->machine.fabric = &dc->fabric;
	dc_training_timing(workload, (double)dc->nodes, run->jitter == DC_JITTER_EXPECTED,
			   &dc->machine);
	status = dc_training_lower(workload, dc->tier ? job->data : NULL, dc->fabric.ranks,
				   dc->accelerator, dc->arena, diag, &dc->plan);
	if (status)
		return status;
	epoch = (double)dc_training_iterations_per_epoch(workload);
	dc->iterations = run->iterations;
	if (run->epochs > 0)
		dc->iterations = (uint64_t)fmax(1.0, floor(run->epochs * epoch));
	dc->until = run->duration_s > 0 ? dc_time_from_s(run->duration_s) : DC_TIME_NEVER;
	return check_memory(dc, diag);
}

/* A file's name where it was found: the long form is read from other places than the file was. */
static enum dc_status find_file(struct dc_config *config, const struct dc_node *map,
				const char *key, const char **name)
{
	FILE *file = dc_config_open(config, dc_node_get(map, key), *name, name);

	if (!file)
		return DC_ERR_INPUT;
	fclose(file);
	return DC_OK;
}

/* Flows between the ranks of dimensions. */
static enum dc_status build_routed(struct dc_datacenter *dc, struct dc_config *config,
				   const char *flows)
{
	struct dc_diag *diag = dc_config_diag(config);
	struct dc_plan_epoch *epochs;
	size_t count;
	enum dc_status status = dc_scenario_build_fabric(dc_scenario_site(dc->scenario), diag,
							 dc->arena, &dc->fabric);

	if (!status)
		status = dc_scenario_build_epochs(dc->scenario, &dc->fabric, diag, dc->arena,
						  &epochs, &count);
	return status ? status : dc_traffic_read_ranks(config, flows, epochs, count, dc->traffic);
}

/* A run of the network alone. */
static enum dc_status build_traffic(struct dc_datacenter *dc, struct dc_config *config,
				    struct dc_scenario *scenario)
{
	struct dc_traffic_workload *workload = dc_scenario_traffic(scenario);
	struct dc_fabric_network *network = dc_scenario_network(scenario);
	double duration_s = scenario->run.duration_s;
	enum dc_status flows, links = DC_OK;

	dc->traffic = dc_arena_alloc(dc->arena, sizeof *dc->traffic);
	if (!dc->traffic)
		return DC_ERR_MEMORY;
	dc->until = duration_s > 0 ? dc_time_from_s(duration_s) : DC_TIME_NEVER;
	flows = find_file(config, workload->node, "flows", &workload->flows);
	if (network && network->links)
		links = find_file(config, network->node, "links", &network->links);
	if (flows || links)
		return flows ? flows : links;
	if (network && !network->links)
		return build_routed(dc, config, workload->flows);
	return dc_traffic_read(config, workload->flows, network ? network->links : NULL,
			       dc->traffic);
}

/* Jobs of collectives on the fabric that is built. */
static enum dc_status build_collectives(struct dc_datacenter *dc, struct dc_config *config)
{
	const struct dc_scenario_job *jobs = dc->scenario->jobs.items;
	size_t count = dc->scenario->jobs.count;
	struct dc_traffic_collective *settled = dc_arena_array(dc->arena, count, sizeof *settled);
	struct dc_plan_epoch *epochs = NULL;
	size_t epoch_count = 0;
	enum dc_status status;

	dc->collectives = dc_arena_alloc(dc->arena, sizeof *dc->collectives);
	if (!dc->collectives || !settled)
		return DC_ERR_MEMORY;
	status = dc_scenario_build_epochs(dc->scenario, &dc->fabric, dc_config_diag(config),
					  dc->arena, &epochs, &epoch_count);
	for (size_t i = 0; i < count && !status; i++) {
		status = dc_traffic_collective_settle(config,
						      dc_scenario_collective(dc->scenario, i),
						      &dc->fabric, dc->arena, &settled[i]);
		settled[i].name = jobs[i].name;
		settled[i].arrival = dc_time_from_s(jobs[i].arrival_s);
	}
	*dc->collectives = (struct dc_traffic_collectives){
		.fabric = &dc->fabric,
		.jobs = settled,
		.job_count = count,
		.epochs = epochs,
		.epoch_count = epoch_count,
	};
	return status;
}

enum dc_status dc_datacenter_create(struct dc_config *config, struct dc_scenario *scenario,
				    struct dc_datacenter **datacenter)
{
	struct dc_diag *diag = dc_config_diag(config);
	struct dc_datacenter *dc = calloc(1, sizeof *dc);
	enum dc_status fabric, facility, hours, work;

	if (!dc)
		return DC_ERR_MEMORY;
	*datacenter = dc;
	dc->scenario = scenario;
	dc->arena = dc_arena_create();
	if (!dc->arena)
		return DC_ERR_MEMORY;
	if (dc_scenario_traffic(scenario))
		return build_traffic(dc, config, scenario);
	fabric = dc_scenario_build_fabric(dc_scenario_site(scenario), diag, dc->arena, &dc->fabric);
	if (fabric)
		return fabric;
	if (dc_scenario_collective(scenario, 0))
		return build_collectives(dc, config);
	build_nodes(dc);
	build_storage(dc, diag);
	facility = build_facility(dc, diag);
	hours = build_hours(dc, config);
	work = build_work(dc, diag);
	if (!hours)
		settle_clock(dc, scenario);
	return facility ? facility : hours ? hours : work;
}

void dc_datacenter_destroy(struct dc_datacenter *datacenter)
{
	if (!datacenter)
		return;
	dc_arena_destroy(datacenter->arena);
	free(datacenter);
}

double dc_datacenter_rack_input_w(const struct dc_datacenter *datacenter, double it_w,
				  uint64_t rack_nodes)
{
	const struct dc_list *list = &datacenter->facility->power.chain;
	const struct dc_tagged *chain = list->items;
	double rated_w = datacenter->node_rated_w * (double)rack_nodes;
	double power_w = it_w;

	for (size_t i = datacenter->psu ? 1 : 0; i < list->count; i++)
		power_w = dc_stage_input_w(&chain[i], power_w, rated_w);
	return power_w;
}

double dc_datacenter_capital_usd(const struct dc_datacenter *datacenter)
{
	const struct dc_list *tiers = &dc_scenario_site(datacenter->scenario)->storage.tiers;
	const struct dc_tagged *items = tiers->items;
	double node_usd =
		(double)datacenter->accelerators_per_node * datacenter->accelerator->price_usd +
		datacenter->host->price_usd;

	for (size_t i = 0; i < tiers->count; i++)
		node_usd += dc_tier_price_usd(&items[i]);
	return node_usd * (double)datacenter->nodes;
}
