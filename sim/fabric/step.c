/* One step of a bundle, alone on its links. */
#include "fabric/step.h"

#include <math.h>
#include <stdlib.h>

#include "fabric/plan_build.h"
#include "fluid/transfers.h"

const struct dc_plan_way *dc_step_way(const struct dc_plan *plan,
				      const struct dc_plan_bundle *bundle, uint32_t message,
				      uint32_t epoch)
{
	const struct dc_plan_way *way = dc_plan_way_of(plan, bundle, message);

	/* As a rule there is no other. */
	if (bundle->terms != DC_PLAN_NONE)
		return way;
	while (dc_plan_way_terms_of(plan, way)->more &&
	       dc_plan_way_terms_of(plan, way + 1)->epoch <= epoch)
		way++;
	return way;
}

static double capacity_of(const struct dc_plan *plan, uint32_t link, uint32_t epoch)
{
	return plan->capacities[plan->links[link].first_capacity + epoch];
}

/* Of a message alone on its links, as the solver would have it. */
static double alone_bps(const struct dc_plan *plan, const struct dc_plan_bundle *bundle,
			uint32_t message, uint32_t epoch, uint32_t *bottleneck)
{
	const struct dc_plan_way *way = dc_step_way(plan, bundle, message, epoch);
	double multiplicity = dc_plan_terms_of(plan, bundle, message)->multiplicity;
	double least = (double)INFINITY;

	*bottleneck = DC_PLAN_NONE;
	for (uint32_t i = 0; i < dc_plan_hops(way); i++) {
		const struct dc_plan_hop *hop = &plan->hops[way->first_hop + i];
		double pull = multiplicity * dc_plan_use_of(plan, hop) /
			      plan->links[hop->link].multiplicity;
		double rate = capacity_of(plan, hop->link, epoch) / pull;

		if (rate >= least)
			continue;
		least = rate;
		*bottleneck = hop->link;
	}
	return least;
}

static int64_t latency_of(const struct dc_plan *plan, const struct dc_plan_bundle *bundle,
			  uint32_t message, uint32_t epoch)
{
	return dc_plan_way_terms_of(plan, dc_step_way(plan, bundle, message, epoch))->latency;
}

static dc_time transfer_time(double bytes, double rate_bps)
{
	return bytes > 0 ? dc_time_from_s(bytes / rate_bps) : 0;
}

/* --- messages that share: on an engine of their own --- */

struct trial {
	struct dc_engine *engine;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	struct dc_plan_index index;
	struct dc_plan_array links;
	dc_fluid_transfer *ids;
	dc_time last;
	uint32_t bottleneck;
};

static void on_arrival(void *context, uint64_t argument)
{
	struct trial *trial = context;

	(void)argument;
	trial->last = dc_engine_now(trial->engine);
	trial->bottleneck = dc_fluid_transfers_held_by(trial->transfers);
}

static enum dc_status start_message(struct trial *trial, const struct dc_plan *plan,
				    const struct dc_plan_bundle *bundle, uint32_t message,
				    uint32_t epoch)
{
	const struct dc_plan_terms *terms = dc_plan_terms_of(plan, bundle, message);
	const struct dc_plan_way *way = dc_step_way(plan, bundle, message, epoch);
	struct dc_fluid_hop *path = calloc(dc_plan_hops(way) + 1u, sizeof *path);
	struct dc_fluid_transfer_spec spec = {
		.path = path,
		.hops = dc_plan_hops(way),
		.entity = bundle->first_message + message,
		.bytes = terms->bytes,
		.weight = 1,
		.cap_bps = (double)INFINITY,
		.multiplicity = terms->multiplicity,
		.latency = dc_plan_way_terms_of(plan, way)->latency,
		.done = on_arrival,
		.context = trial,
	};
	enum dc_status status = path ? DC_OK : DC_ERR_MEMORY;

	for (uint32_t i = 0; i < dc_plan_hops(way) && !status; i++) {
		const struct dc_plan_hop *hop = &plan->hops[way->first_hop + i];
		uint32_t *resource = dc_plan_index_find(&trial->index, hop->link);
		uint32_t *link;

		if (!resource) {
			status = DC_ERR_MEMORY;
			break;
		}
		if (*resource == DC_PLAN_NONE) {
			status = dc_fluid_add_resource(
				trial->solver, capacity_of(plan, hop->link, epoch),
				plan->links[hop->link].multiplicity, resource);
			link = status ? NULL : dc_plan_array_add(&trial->links, 1);
			if (!link)
				status = status ? status : DC_ERR_MEMORY;
			else
				*link = hop->link;
		}
		path[i] = (struct dc_fluid_hop){*resource, dc_plan_use_of(plan, hop)};
	}
	if (!status)
		status = dc_fluid_transfers_start(trial->transfers, &spec, &trial->ids[message]);
	free(path);
	return status;
}

static void end_trial(struct trial *trial)
{
	dc_fluid_transfers_destroy(trial->transfers);
	dc_fluid_destroy(trial->solver);
	dc_engine_destroy(trial->engine);
	dc_plan_index_fini(&trial->index);
	free(dc_plan_array_take(&trial->links));
	free(trial->ids);
}

static enum dc_status begin_trial(struct trial *trial, const struct dc_plan *plan,
				  const struct dc_plan_bundle *bundle, uint32_t epoch)
{
	enum dc_status status = DC_OK;

	*trial = (struct trial){
		.engine = dc_engine_create(),
		.solver = dc_fluid_create(),
		.links.size = sizeof(uint32_t),
		.ids = calloc(bundle->messages + 1u, sizeof *trial->ids),
	};
	if (trial->engine && trial->solver)
		trial->transfers =
			dc_fluid_transfers_create(trial->engine, trial->solver, DC_PHASE_STATE);
	if (!trial->transfers || !trial->ids)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < bundle->messages && !status; i++)
		status = start_message(trial, plan, bundle, i, epoch);
	return status;
}

/* --- lengths --- */

static bool is_disjoint(const struct dc_plan *plan, const struct dc_plan_bundle *bundle,
			uint32_t epoch, uint64_t *stamps, uint64_t stamp)
{
	for (uint32_t m = 0; m < bundle->messages; m++) {
		const struct dc_plan_way *way = dc_step_way(plan, bundle, m, epoch);

		for (uint32_t i = 0; i < dc_plan_hops(way); i++) {
			uint32_t link = plan->hops[way->first_hop + i].link;

			if (stamps[link] == stamp)
				return false;
			stamps[link] = stamp;
		}
	}
	return true;
}

enum dc_status dc_step_measure(const struct dc_plan *plan, uint32_t number, uint32_t epoch,
			       uint64_t *stamps, uint64_t *stamp, struct dc_step *step)
{
	const struct dc_plan_bundle *bundle = &plan->bundles[number];
	struct trial trial;
	enum dc_status status;

	*step = (struct dc_step){.bottleneck = DC_PLAN_NONE, .measured = epoch + 1};
	step->disjoint = is_disjoint(plan, bundle, epoch, stamps, ++*stamp);
	if (step->disjoint) {
		for (uint32_t m = 0; m < bundle->messages; m++) {
			uint32_t bottleneck;
			double rate = alone_bps(plan, bundle, m, epoch, &bottleneck);
			dc_time end = latency_of(plan, bundle, m, epoch) +
				      transfer_time(dc_plan_terms_of(plan, bundle, m)->bytes, rate);

			if (end < step->duration)
				continue;
			step->duration = end;
			step->bottleneck = bottleneck;
		}
		return DC_OK;
	}
	status = begin_trial(&trial, plan, bundle, epoch);
	if (!status)
		status = dc_engine_run(trial.engine, NULL);
	step->duration = trial.last;
	if (!status && dc_fluid_transfers_live(trial.transfers))
		step->duration = DC_TIME_NEVER;
	if (!status && trial.bottleneck != DC_FLUID_NONE && trial.links.count)
		step->bottleneck = ((uint32_t *)trial.links.items)[trial.bottleneck];
	end_trial(&trial);
	return status;
}

static void stop_trial(void *context, uint64_t argument)
{
	(void)argument;
	dc_engine_stop(context);
}

enum dc_status dc_step_interrupt(const struct dc_plan *plan, uint32_t number, uint32_t epoch,
				 const struct dc_step *step, dc_time offset,
				 struct dc_step_rest *rests)
{
	const struct dc_plan_bundle *bundle = &plan->bundles[number];
	struct trial trial;
	enum dc_status status = DC_OK;

	if (!step->disjoint) {
		status = begin_trial(&trial, plan, bundle, epoch);
		if (!status)
			dc_engine_schedule(trial.engine, offset, DC_PHASE_SAMPLING, 0, stop_trial,
					   trial.engine, 0);
		if (!status)
			status = dc_engine_run(trial.engine, NULL);
	}
	for (uint32_t m = 0; m < bundle->messages && !status; m++) {
		uint32_t bottleneck;
		dc_time latency = latency_of(plan, bundle, m, epoch);
		double bytes = dc_plan_terms_of(plan, bundle, m)->bytes;

		rests[m] = (struct dc_step_rest){0};
		if (offset < latency) {
			rests[m] = (struct dc_step_rest){latency - offset, bytes};
		} else if (!step->disjoint) {
			rests[m].bytes = dc_fluid_transfers_left(trial.transfers, trial.ids[m]);
		} else {
			double rate = alone_bps(plan, bundle, m, epoch, &bottleneck);

			if (offset - latency < transfer_time(bytes, rate))
				rests[m].bytes = bytes - rate * dc_time_to_s(offset - latency);
		}
	}
	if (!step->disjoint)
		end_trial(&trial);
	return status;
}
