/* The IT load: nodes, racks and totals. */
#include "scenario/load.h"

#include <math.h>
#include <stdlib.h>

struct dc_load_node {
	double part_w[DC_PART_PDU_LOSS]; /* of one node: all but the distribution's loss */
	double use[DC_LOAD_USES];        /* sums over its accelerators; drives, host: shares */
	double input_w;                  /* at the power supplies' input: IT */
	bool changed;
};

static const char *const part_names[DC_LOAD_PARTS] = {
	"accelerators", "hosts", "drives", "network", "psu loss", "pdu loss",
};

static const char *const use_names[DC_LOAD_USES] = {
	"compute",   "memory",        "link",    "drives",  "host",
	"computing", "communicating", "stalled", "waiting",
};

static void sum_activities(const struct dc_load *load, uint64_t index, struct dc_load_node *node,
			   double *reading)
{
	const struct dc_accelerator *accelerator = load->datacenter->accelerator;
	const struct dc_load_class *class = &load->node_classes.items[index];

	for (int i = 0; i < DC_LOAD_USES; i++)
		node->use[i] = 0;
	node->part_w[DC_PART_ACCELERATORS] = 0;
	*reading = 0;
	for (uint32_t i = 0; i < class->shares; i++) {
		const struct dc_load_share *share =
			&load->node_classes.shares[class->first_share + i];
		const struct dc_activity *a = &load->activities[share->of];
		double ranks = share->count;
		double exposed = a->state == DC_STATE_COMPUTING ? ranks * a->exposed : 0;

		node->part_w[DC_PART_ACCELERATORS] +=
			ranks * dc_accelerator_power_w(accelerator, a->compute, a->memory,
						       a->link ? 1.0 : 0.0);
		node->use[DC_USE_COMPUTE] += ranks * a->compute;
		node->use[DC_USE_MEMORY] += ranks * a->memory;
		node->use[DC_USE_LINK] += a->link ? ranks : 0;
		node->use[DC_USE_COMPUTING] += a->state == DC_STATE_COMPUTING ? ranks - exposed : 0;
		node->use[DC_USE_COMMUNICATING] +=
			a->state == DC_STATE_COMMUNICATING ? ranks : exposed;
		node->use[DC_USE_STALLED] += a->state == DC_STATE_STALLED ? ranks : 0;
		node->use[DC_USE_WAITING] += a->state == DC_STATE_WAITING ? ranks : 0;
		*reading += a->reading ? ranks : 0;
	}
}

static double drives_w(const struct dc_datacenter *dc, double use)
{
	const struct dc_list *tiers = &dc_scenario_site(dc->scenario)->storage.tiers;
	const struct dc_tagged *items = tiers->items;
	double power_w = 0;

	for (size_t i = 0; i < tiers->count; i++)
		power_w += dc_tier_power_w(&items[i], &items[i] == dc->tier ? use : 0.0);
	return power_w;
}

static void update_node(struct dc_load *load, uint64_t index)
{
	const struct dc_datacenter *dc = load->datacenter;
	struct dc_load_node *node = &load->nodes[index];
	double reading, output_w;

	sum_activities(load, index, node, &reading);
	node->use[DC_USE_HOST] = fmin(1.0, reading * dc->reading_cores / (double)dc->host->cores);
	node->use[DC_USE_DRIVES] = dc->drive_use * reading / (double)dc->accelerators_per_node;
	node->part_w[DC_PART_HOSTS] =
		dc_host_power_w(dc->host, node->use[DC_USE_HOST]) - dc->host->nic_w;
	node->part_w[DC_PART_NETWORK] = dc->host->nic_w;
	node->part_w[DC_PART_DRIVES] = drives_w(dc, node->use[DC_USE_DRIVES]);
	output_w = node->part_w[DC_PART_ACCELERATORS] + node->part_w[DC_PART_HOSTS] +
		   node->part_w[DC_PART_NETWORK] + node->part_w[DC_PART_DRIVES];
	node->input_w =
		dc->psu ? dc_stage_input_w(dc->psu, output_w, dc->host->psu_rated_w) : output_w;
	node->part_w[DC_PART_PSU_LOSS] = node->input_w - output_w;
	node->changed = false;
}

static void update_racks(struct dc_load *load, dc_time now, double *it_w, double *loss_w)
{
	*it_w = 0;
	*loss_w = 0;
	for (size_t r = 0; r < load->rack_count; r++) {
		struct dc_load_rack *rack = &load->racks[r];
		const struct dc_load_class *class = &load->rack_classes.items[r];
		double sum_w = 0;

		for (uint32_t i = 0; i < class->shares; i++) {
			const struct dc_load_share *share =
				&load->rack_classes.shares[class->first_share + i];

			sum_w += share->count * load->nodes[share->of].input_w;
		}
		if (sum_w != rack->it_w.value || now == 0)
			rack->loss_w =
				dc_datacenter_rack_input_w(load->datacenter, sum_w, rack->nodes) -
				sum_w;
		dc_signal_set(&rack->it_w, now, sum_w);
		*it_w += (double)rack->racks * sum_w;
		*loss_w += (double)rack->racks * rack->loss_w;
	}
}

static double weight_of(const struct dc_load *load, uint32_t class)
{
	return (double)load->node_classes.items[class].count;
}

/* Publishes the instant's changes. */
static void publish(void *context, uint64_t argument)
{
	struct dc_load *load = context;
	dc_time now = dc_engine_now(load->engine);
	double accelerators = (double)load->datacenter->fabric.ranks;
	double it_w, loss_w;

	(void)argument;
	load->publish = 0;
	for (uint32_t i = 0; i < load->node_classes.count; i++)
		if (load->nodes[i].changed)
			update_node(load, i);
	update_racks(load, now, &it_w, &loss_w);
	for (int p = 0; p < DC_PART_PDU_LOSS; p++) {
		double sum_w = 0;

		for (uint32_t i = 0; i < load->node_classes.count; i++)
			sum_w += weight_of(load, i) * load->nodes[i].part_w[p];
		dc_signal_set(&load->parts[p], now, sum_w);
	}
	dc_signal_set(&load->parts[DC_PART_PDU_LOSS], now, loss_w);
	dc_signal_set(&load->it_w, now, it_w);
	for (int u = 0; u < DC_LOAD_USES; u++) {
		bool of_node = u == DC_USE_DRIVES || u == DC_USE_HOST;
		double all = of_node ? (double)load->datacenter->nodes : accelerators;
		double sum = 0;

		for (uint32_t i = 0; i < load->node_classes.count; i++)
			sum += weight_of(load, i) * load->nodes[i].use[u];
		dc_signal_set(&load->uses[u], now, sum / all);
	}
}

/* Which node classes an actor is in, from what they are made of. */
static enum dc_status list_nodes(struct dc_load *load)
{
	const struct dc_load_classes *nodes = &load->node_classes;

	load->first_of = calloc(load->actor_count + 2, sizeof *load->first_of);
	load->nodes_of = calloc(nodes->share_count + 1u, sizeof *load->nodes_of);
	if (!load->first_of || !load->nodes_of)
		return DC_ERR_MEMORY;
	/* Counted two places on, then summed: filling moves each by one. */
	for (uint32_t i = 0; i < nodes->share_count; i++)
		load->first_of[nodes->shares[i].of + 2]++;
	for (uint64_t a = 2; a <= load->actor_count; a++)
		load->first_of[a] += load->first_of[a - 1];
	for (uint32_t n = 0; n < nodes->count; n++)
		for (uint32_t i = 0; i < nodes->items[n].shares; i++) {
			uint32_t actor = nodes->shares[nodes->items[n].first_share + i].of;

			load->nodes_of[load->first_of[actor + 1]++] = n;
		}
	return DC_OK;
}

static enum dc_status place(struct dc_load *load, const struct dc_executor *executor, bool exact)
{
	enum dc_status status = dc_datacenter_load_classes(
		load->datacenter, executor, exact, &load->node_classes, &load->rack_classes);

	if (status)
		return status;
	load->actor_count = dc_executor_actors(executor);
	load->rack_count = load->rack_classes.count;
	load->nodes = calloc(load->node_classes.count, sizeof *load->nodes);
	load->racks = calloc(load->rack_count, sizeof *load->racks);
	load->activities = calloc(load->actor_count, sizeof *load->activities);
	if (!load->nodes || !load->racks || !load->activities)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < load->rack_count; i++) {
		const struct dc_load_class *class = &load->rack_classes.items[i];

		load->racks[i].racks = class->count;
		for (uint32_t s = 0; s < class->shares; s++)
			load->racks[i].nodes +=
				load->rack_classes.shares[class->first_share + s].count;
	}
	return list_nodes(load);
}

enum dc_status dc_datacenter_load_init(struct dc_load *load, const struct dc_datacenter *datacenter,
				       struct dc_engine *engine, const struct dc_executor *executor,
				       bool exact)
{
	dc_time now = dc_engine_now(engine);
	enum dc_status status;

	*load = (struct dc_load){.datacenter = datacenter, .engine = engine};
	status = place(load, executor, exact);
	if (status)
		return status;
	for (size_t i = 0; i < load->rack_count; i++)
		dc_signal_init(&load->racks[i].it_w, "rack", "W", now, 0);
	for (int i = 0; i < DC_LOAD_PARTS; i++)
		dc_signal_init(&load->parts[i], part_names[i], "W", now, 0);
	for (int i = 0; i < DC_LOAD_USES; i++)
		dc_signal_init(&load->uses[i], use_names[i], "1", now, 0);
	dc_signal_init(&load->it_w, "it", "W", now, 0);
	for (uint64_t i = 0; i < load->actor_count; i++)
		load->activities[i].state = DC_STATE_STALLED;
	for (uint32_t i = 0; i < load->node_classes.count; i++)
		load->nodes[i].changed = true;
	publish(load, 0);
	return DC_OK;
}

void dc_datacenter_load_filter(struct dc_load *load, const struct dc_thermal *thermal)
{
	dc_time now = dc_engine_now(load->engine);

	for (size_t i = 0; i < load->rack_count; i++) {
		struct dc_load_rack *rack = &load->racks[i];

		dc_filter_init(&rack->own, &rack->it_w, dc_thermal_rack_tau_s(thermal, i), now);
		dc_filter_init(&rack->room, &rack->it_w, dc_thermal_room_tau_s(thermal), now);
	}
	dc_filter_init(&load->loss_room, &load->parts[DC_PART_PDU_LOSS],
		       dc_thermal_room_tau_s(thermal), now);
	load->filtered = true;
}

/* Calls for every signal. */
typedef enum dc_status each_signal(struct dc_signal *signal, dc_time now);

static enum dc_status for_each(struct dc_load *load, each_signal *call)
{
	dc_time now = dc_engine_now(load->engine);
	enum dc_status status = call(&load->it_w, now);

	for (size_t i = 0; i < load->rack_count && !status; i++)
		status = call(&load->racks[i].it_w, now);
	for (int i = 0; i < DC_LOAD_PARTS && !status; i++)
		status = call(&load->parts[i], now);
	for (int i = 0; i < DC_LOAD_USES && !status; i++)
		status = call(&load->uses[i], now);
	return status;
}

static enum dc_status fini_signal(struct dc_signal *signal, dc_time now)
{
	(void)now;
	dc_signal_fini(signal);
	return DC_OK;
}

static enum dc_status record_signal(struct dc_signal *signal, dc_time now)
{
	dc_signal_record(signal, now);
	return DC_OK;
}

static enum dc_status resume_signal(struct dc_signal *signal, dc_time now)
{
	dc_signal_resume(signal, now);
	dc_signal_forget(signal);
	return DC_OK;
}

void dc_datacenter_load_fini(struct dc_load *load)
{
	if (!load->engine)
		return;
	for (size_t i = 0; i < load->rack_count && load->filtered; i++) {
		dc_filter_fini(&load->racks[i].own);
		dc_filter_fini(&load->racks[i].room);
	}
	if (load->filtered)
		dc_filter_fini(&load->loss_room);
	if (load->racks && for_each(load, fini_signal) == DC_OK)
		load->rack_count = 0;
	free(load->nodes);
	free(load->racks);
	free(load->activities);
	free(load->first_of);
	free(load->nodes_of);
	*load = (struct dc_load){0};
}

void dc_datacenter_load_set(struct dc_load *load, uint64_t actor,
			    const struct dc_activity *activity)
{
	load->activities[actor] = *activity;
	for (uint32_t i = load->first_of[actor]; i < load->first_of[actor + 1]; i++)
		load->nodes[load->nodes_of[i]].changed = true;
	if (!load->publish)
		load->publish = dc_engine_schedule(load->engine, dc_engine_now(load->engine),
						   DC_PHASE_STATE, 0, publish, load, 0);
}

void dc_datacenter_load_record(struct dc_load *load)
{
	if (for_each(load, record_signal) != DC_OK)
		dc_engine_fail(load->engine, DC_ERR_MEMORY);
}

enum dc_status dc_datacenter_load_replay(struct dc_load *load)
{
	/* What this instant would publish is the period's start, which was recorded. */
	dc_engine_cancel(load->engine, load->publish);
	load->publish = 0;
	return for_each(load, dc_signal_replay);
}

void dc_datacenter_load_resume(struct dc_load *load)
{
	if (for_each(load, resume_signal) != DC_OK)
		dc_engine_fail(load->engine, DC_ERR_MEMORY);
}
