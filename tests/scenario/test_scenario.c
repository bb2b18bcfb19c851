/* Scenarios: shorthand, counts, refusals, and the directions in which results must move. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

/* Source of truth: 1,281,167 images / (64 x 256) = 78.2, 78 whole batches; x 90 = 7,020. */
Test(scenario, ring64_counts)
{
	struct test_run run;

	run_load(&run, "ring64", NULL);
	cr_expect_eq(dc_training_iterations_per_epoch(dc_scenario_training(run.scenario)), 78);
	cr_expect_eq(run.datacenter->iterations, 7020);
	cr_expect_eq(run.datacenter->nodes, 8);
	cr_expect_eq(run.datacenter->racks, 2);
	cr_expect_eq(run.datacenter->fabric.ranks, 64);
	cr_expect_str_eq(run.scenario->name, "ring64");
	run_free(&run);
}

/* Source of truth: 102.2 MB of fp32 gradients (25,557,032 x 4) are all that travels. */
Test(scenario, ring64_gradients)
{
	struct test_run run;

	run_load(&run, "ring64", NULL);
	cr_expect_eq(run.datacenter->plan.gradient_bytes, 25557032.0 * 4);
	cr_expect_eq(run.datacenter->plan.buckets, 4);
	run_free(&run);
}

/* Source of truth: the long form is the same scenario (scenario.c writes it from what was read). */
Test(scenario, resolved_form_is_a_fixed_point)
{
	static const char *const names[] = {"ring64", "torus8x8", "dgx8x8", "bert-48h"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct test_run run, again;
		const char *text, *second;

		run_load(&run, names[i], NULL);
		text = dc_scenario_write(run.scenario, dc_config_arena(run.config));
		cr_assert_not_null(text);
		again = (struct test_run){.diag = dc_diag_create()};
		again.config = dc_config_create(
			again.diag,
			(const char *[]){getenv("srcdir") ? getenv("srcdir") : ".", NULL});
		struct dc_node *root;
		cr_assert_eq(dc_tree_read_text(dc_config_arena(again.config), again.diag,
					       "resolved.yaml", text, strlen(text), &root),
			     DC_OK);
		cr_assert_eq(dc_scenario_read(again.config, root, "x", &again.scenario), DC_OK,
			     "%s: %s", names[i], run_messages(&again));
		second = dc_scenario_write(again.scenario, dc_config_arena(again.config));
		cr_expect_str_eq(second, text, "%s", names[i]);
		run_free(&run);
		run_free(&again);
	}
}

/* A run's figure, with one override. */
static double figure(const char *override, enum dc_simulation_scalar scalar)
{
	const char *overrides[] = {"run.epochs=null", "run.duration=2 h", override, NULL};
	struct test_run run;
	double value;

	run_all(&run, "ring64", overrides, false);
	value = run_summary(&run, scalar);
	run_free(&run);
	return value;
}

struct direction {
	const char *low, *high; /* overrides */
	enum dc_simulation_scalar scalar;
	int sign; /* of high - low */
};

static const struct direction directions[] = {
	/* more bandwidth, fewer seconds; more latency, more */
	{"fabric.dimensions.0.bandwidth=5 GB/s", "fabric.dimensions.0.bandwidth=500 GB/s",
	 DC_SUMMARY_ITERATION_S, -1},
	{"fabric.dimensions.0.latency=0 s", "fabric.dimensions.0.latency=50 us",
	 DC_SUMMARY_ITERATION_S, 1},
	/* overlap hides communication */
	{"workload.synchronization.overlap=false", "workload.synchronization.overlap=true",
	 DC_SUMMARY_EXPOSED_COMMUNICATION_SHARE, -1},
	/* fewer drives stall training */
	{"storage.tiers.0.drives={type: nvme-3.84tb, count: 4}",
	 "storage.tiers.0.drives={type: hdd-22tb, count: 4}", DC_SUMMARY_STALL_SHARE, 1},
	{"storage.tiers.0.drives={type: nvme-3.84tb, count: 4}",
	 "storage.tiers.0.drives={type: hdd-22tb, count: 4}", DC_SUMMARY_ITERATION_S, 1},
	/* the hotter outdoors, the more cooling: Carnot */
	{"facility.weather={dry_bulb: 18 degC}", "facility.weather={dry_bulb: 38 degC}",
	 DC_SUMMARY_PUE, 1},
	{"facility.weather={dry_bulb: 18 degC}", "facility.weather={dry_bulb: 38 degC}",
	 DC_SUMMARY_ENERGY_COOLING_J, 1},
	/* the warmer the supply, the less */
	{"facility.cooling.rooms.0.supply=16 degC", "facility.cooling.rooms.0.supply=26 degC",
	 DC_SUMMARY_ENERGY_COOLING_J, -1},
	/* longer life, less cost */
	{"economics.life=3 y", "economics.life=6 y", DC_SUMMARY_COST_HARDWARE_USD, -1},
	{"economics.discount=0", "economics.discount=10 %", DC_SUMMARY_COST_HARDWARE_USD, 1},
	{"facility.grid.price=0.05 USD/kWh", "facility.grid.price=0.10 USD/kWh",
	 DC_SUMMARY_COST_ELECTRICITY_USD, 1},
	/* a faster accelerator: A100 and H100 data sheets */
	{"node.accelerator=a100-sxm4-80gb", "node.accelerator=h100-sxm5-80gb",
	 DC_SUMMARY_SAMPLES_PER_S, 1},
};

/* Parameters cross a process: numbers, not pointers. */
static int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

_Static_assert(sizeof numbers / sizeof *numbers == sizeof directions / sizeof *directions,
	       "a number per direction");

ParameterizedTestParameters(scenario, moves_the_right_way)
{
	return cr_make_param_array(int, numbers, sizeof numbers / sizeof *numbers);
}

/* Source of truth: the direction's physics, in the table. */
ParameterizedTest(int *number, scenario, moves_the_right_way)
{
	const struct direction *d = &directions[*number];
	double low = figure(d->low, d->scalar), high = figure(d->high, d->scalar);

	cr_expect((high - low) * d->sign > 0, "%s (%s -> %s): %g -> %g",
		  dc_simulation_summary[d->scalar].name, d->low, d->high, low, high);
}

/* Source of truth: the heat that is not stored is removed, and cooling is what is above IT and its
 * losses; 48 h are long against every time constant, so storage is below 1 % of it. */
Test(scenario, long_runs_remove_what_they_produce)
{
	struct test_run run;

	run_all(&run, "bert-48h", NULL, false);
	cr_expect_lt(run_summary(&run, DC_SUMMARY_HEAT_STORED_J),
		     1e-2 * run_summary(&run, DC_SUMMARY_HEAT_REMOVED_J));
	cr_expect_gt(run_summary(&run, DC_SUMMARY_PUE), 1.1);
	cr_expect_lt(run_summary(&run, DC_SUMMARY_PUE), 1.5);
	run_free(&run);
}

/* Source of truth: a plant of 10 kW cannot hold 30 kW at the set point: the supply rises, which is told
 * once, besides start and end. */
Test(scenario, a_small_plant_lets_the_room_warm)
{
	struct test_run run;

	run_all(&run, "ring64",
		(const char *[]){"facility.cooling.plants.0.capacity=10 kW", "run.epochs=null",
				 "run.duration=1 h", "record.interval=60 s", NULL},
		false);
	cr_expect_gt(run_value(&run, "facility/supply_degc", run.memory.rows - 1, 0), 25.0);
	cr_expect_eq(run.memory.events, 3);
	run_free(&run);
}

/* Source of truth: activations grow with the batch; 256 images take 12.9 GB (training/test_memory.c), so
 * 4,096 take more than 80 GB. The message says who uses what. */
Test(scenario, a_model_that_does_not_fit_is_refused)
{
	struct test_run run;
	char *messages;

	cr_assert_eq(run_try(&run, "ring64",
			     (const char *[]){"workload.batch.per_accelerator=4096", NULL}),
		     DC_ERR_INPUT);
	messages = run_messages(&run);
	cr_expect_not_null(strstr(messages, "does not fit"), "%s", messages);
	cr_expect_not_null(strstr(messages, "activations"), "%s", messages);
	free(messages);
	run_free(&run);
}

/* Source of truth: NVIDIA V100 data sheet: tensor cores multiply FP16, there is no BF16. */
Test(scenario, a_format_the_device_has_not_is_refused)
{
	struct test_run run;
	char *messages;

	cr_assert_eq(
		run_try(&run, "ring64", (const char *[]){"node.accelerator=v100-sxm2-32gb", NULL}),
		DC_ERR_INPUT);
	messages = run_messages(&run);
	cr_expect_not_null(strstr(messages, "bf16"), "%s", messages);
	free(messages);
	run_free(&run);
	cr_expect_eq(run_try(&run, "ring64",
			     (const char *[]){"node.accelerator=v100-sxm2-32gb",
					      "workload.precision=fp16", NULL}),
		     DC_OK);
	run_free(&run);
}

/* Source of truth: nothing outside the run's input enters it. */
Test(scenario, two_runs_are_equal_bit_for_bit)
{
	struct test_run a, b;

	run_all(&a, "dgx8x8", (const char *[]){"run.epochs=3", NULL}, false);
	run_all(&b, "dgx8x8", (const char *[]){"run.epochs=3", NULL}, false);
	cr_expect_arr_eq(a.result.summary, b.result.summary, sizeof a.result.summary);
	cr_expect_arr_eq(a.memory.values, b.memory.values,
			 a.memory.rows * a.memory.width * sizeof *a.memory.values);
	run_free(&a);
	run_free(&b);
}
