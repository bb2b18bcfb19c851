/* Running a datacenter: from the built thing to records.
 *
 * Signals reach the sink as rows of every record interval, iterations run-length coded, events as
 * they happen, the summary at the end. The energy and heat balances are checked then: a run whose
 * balance is broken fails. */
#ifndef DC_SCENARIO_SIMULATION_H
#define DC_SCENARIO_SIMULATION_H

#include "engine/record.h"
#include "scenario/datacenter.h"

/* The summary's scalars, in the order of dc_simulation_summary. */
enum dc_simulation_scalar {
	DC_SUMMARY_DURATION_S,
	DC_SUMMARY_ACCELERATORS,
	DC_SUMMARY_ITERATIONS,
	DC_SUMMARY_ITERATION_S,
	DC_SUMMARY_SAMPLES,
	DC_SUMMARY_SAMPLES_PER_S,
	DC_SUMMARY_TOKENS_PER_S,
	DC_SUMMARY_MFU,
	DC_SUMMARY_HFU,
	DC_SUMMARY_UTILIZATION_COMPUTE,
	DC_SUMMARY_COMPUTE_SHARE,
	DC_SUMMARY_EXPOSED_COMMUNICATION_SHARE,
	DC_SUMMARY_STALL_SHARE,
	DC_SUMMARY_BUBBLE_SHARE,
	DC_SUMMARY_MEMORY_B,
	DC_SUMMARY_MEMORY_WEIGHTS_B,
	DC_SUMMARY_MEMORY_GRADIENTS_B,
	DC_SUMMARY_MEMORY_OPTIMIZER_B,
	DC_SUMMARY_MEMORY_ACTIVATIONS_B,
	DC_SUMMARY_ENERGY_UTILITY_J,
	DC_SUMMARY_ENERGY_IT_J,
	DC_SUMMARY_ENERGY_ACCELERATORS_J,
	DC_SUMMARY_ENERGY_HOSTS_J,
	DC_SUMMARY_ENERGY_DRIVES_J,
	DC_SUMMARY_ENERGY_NETWORK_J,
	DC_SUMMARY_ENERGY_PSU_LOSS_J,
	DC_SUMMARY_ENERGY_PDU_LOSS_J,
	DC_SUMMARY_ENERGY_COOLING_J,
	DC_SUMMARY_HEAT_REMOVED_J,
	DC_SUMMARY_HEAT_STORED_J,
	DC_SUMMARY_PUE,
	DC_SUMMARY_PEAK_IT_W,
	DC_SUMMARY_PEAK_UTILITY_W,
	DC_SUMMARY_COOLING_LIMITED_SHARE,
	DC_SUMMARY_ROOM_END_DEGC,
	DC_SUMMARY_BALANCE_RESIDUAL,
	DC_SUMMARY_HEAT_RESIDUAL,
	DC_SUMMARY_COST_ELECTRICITY_USD,
	DC_SUMMARY_COST_HARDWARE_USD,
	DC_SUMMARY_COST_TOTAL_USD,
	DC_SUMMARY_COST_PER_MILLION_SAMPLES_USD,
	DC_SUMMARY_CARBON_KG,
	DC_SUMMARY_TIMELINE_LEFT_OUT,
	DC_SIMULATION_SCALARS,
};

extern const struct dc_scalar dc_simulation_summary[DC_SIMULATION_SCALARS];

/* The scalars that a run of this datacenter ends with: those above, a network's (network_run.h), or
 * those of collectives (network_collectives.h). */
const struct dc_scalar *dc_simulation_scalars(const struct dc_datacenter *datacenter,
					      size_t *count);

struct dc_simulation_options {
	bool exact;
	const volatile int *interrupted; /* polled; may be NULL */
	void *context;
	/* share: of the run, 0 to 1. Called at every record row; may be NULL. */
	void (*progress)(void *context, double share);
	/* Every iteration (or run of equal ones), in exact time; may be NULL. */
	void (*iteration)(void *context, const struct dc_executor_iteration *iteration);
};

/* The largest collective of an iteration: how it is done, alone; the first of those of its size. */
struct dc_simulation_largest {
	struct dc_collective how; /* algorithm NULL: there is none */
	enum dc_operation operation;
	double size_bytes;
	const char *bottleneck; /* link, in the datacenter's arena; "" for none */
};

/* A link and how much of its capacity, as built, it carried over the whole run. */
struct dc_simulation_link {
	const char *name;
	double utilization;
};

/* Communication that was waited for, as a share of the last iteration. */
struct dc_simulation_exposed {
	const char *name; /* kind of group, or "sends" */
	double share;
};

struct dc_simulation_result {
	double summary[DC_SIMULATION_SCALARS]; /* in the order of dc_simulation_scalars() */
	uint64_t events;                       /* that the engine ran */
	bool interrupted;
	/* Of a run of collectives, in the datacenter's arena. */
	const struct dc_collective_row *collectives;
	size_t collective_count;
	struct dc_simulation_largest largest; /* of training */
	struct dc_simulation_exposed exposed[DC_ENSEMBLE_KINDS];
	size_t exposed_count; /* kinds with any, sends among them */
	/* The busiest first, where links are recorded. */
	struct dc_simulation_link busiest[3];
	size_t busiest_count;
};

/* Runs to the end, or until interrupted (then the status is DC_OK and the result says so). The sink may
 * be NULL: nothing is recorded. */
enum dc_status dc_simulation_run(const struct dc_datacenter *datacenter, struct dc_diag *diag,
				 const struct dc_simulation_options *options,
				 struct dc_record_sink *sink,
				 struct dc_simulation_result *result) DC_CHECK;

#endif
