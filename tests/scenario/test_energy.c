/* Energy, heat, money and carbon: exact integrals whatever the record interval. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "run.h"

static const char *const intervals[] = {"0.1 s", "1 s", "7 s", "60 s"};

static int cases[] = {0, 1, 2, 3, 4, 5, 6, 7};

ParameterizedTestParameters(energy, series_integrate_to_the_summary)
{
	return cr_make_param_array(int, cases, sizeof cases / sizeof *cases);
}

static void close_to(double a, double b, const char *interval, const char *what)
{
	cr_expect((isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12 * fabs(b),
		  "interval %s: %s: %.17g, expected %.17g", interval, what, a, b);
}

static void load(struct test_run *run, int number)
{
	char interval[64];
	/* 200.37 s of ring64, whose last row is partial at every interval; 2.3 h of BERT across changes of
	 * the hour. */
	const char *ring[] = {"run.epochs=null", "run.duration=200.37 s", interval, NULL};
	const char *bert[] = {"run.duration=2.3 h", interval, NULL};

	snprintf(interval, sizeof interval, "record.interval=%s", intervals[number % 4]);
	run_all(run, number < 4 ? "ring64" : "bert-48h", number < 4 ? ring : bert, false);
}

/* Source of truth: the summary's energy is the integral of power; a row's value is the mean over its
 * interval, so their products add up to it, the partial last row included. */
ParameterizedTest(int *number, energy, series_integrate_to_the_summary, .timeout = 120)
{
	static const struct {
		const char *column;
		size_t entity;
		enum dc_simulation_scalar scalar;
	} pairs[] = {
		{"power/utility_w", 0, DC_SUMMARY_ENERGY_UTILITY_J},
		{"power/it_w", 0, DC_SUMMARY_ENERGY_IT_J},
		{"power/part_w", 0, DC_SUMMARY_ENERGY_ACCELERATORS_J},
		{"power/part_w", 1, DC_SUMMARY_ENERGY_HOSTS_J},
		{"power/part_w", 2, DC_SUMMARY_ENERGY_DRIVES_J},
		{"power/part_w", 3, DC_SUMMARY_ENERGY_NETWORK_J},
		{"power/part_w", 4, DC_SUMMARY_ENERGY_PSU_LOSS_J},
		{"power/part_w", 5, DC_SUMMARY_ENERGY_PDU_LOSS_J},
		{"power/part_w", 6, DC_SUMMARY_ENERGY_COOLING_J},
	};
	const char *interval = intervals[*number % 4];
	struct test_run run;
	struct dc_sum length_s = {0};

	load(&run, *number);
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		close_to(run_integral(&run, pairs[i].column, pairs[i].entity),
			 run_summary(&run, pairs[i].scalar), interval, pairs[i].column);
	for (size_t i = 0; i < run.memory.rows; i++)
		length_s = dc_sum_add(length_s, dc_sum_of(run.memory.interval_s[i]));
	close_to(dc_sum_value(length_s), run_summary(&run, DC_SUMMARY_DURATION_S), interval,
		 "duration");
	cr_expect(fabs(run_summary(&run, DC_SUMMARY_BALANCE_RESIDUAL)) < 1e-12);
	cr_expect(fabs(run_summary(&run, DC_SUMMARY_HEAT_RESIDUAL)) < 1e-9);
	run_free(&run);
}

/* Source of truth: recording looks on; what it looks at does not change. */
Test(energy, record_interval_changes_no_summary, .timeout = 120)
{
	struct test_run runs[4];

	for (int i = 0; i < 4; i++)
		load(&runs[i], i);
	for (int i = 1; i < 4; i++)
		for (int s = 0; s < DC_SIMULATION_SCALARS; s++) {
			if (s == DC_SUMMARY_BALANCE_RESIDUAL || s == DC_SUMMARY_HEAT_RESIDUAL)
				continue;
			close_to(runs[i].result.summary[s], runs[0].result.summary[s], intervals[i],
				 dc_simulation_summary[s].name);
		}
	for (int i = 0; i < 4; i++)
		run_free(&runs[i]);
}

/* Source of truth: sums of the economics columns are the summary's figures. */
Test(energy, money_and_carbon_add_up, .timeout = 120)
{
	struct test_run run;
	double usd = 0, kg = 0, iterations = 0;

	run_all(&run, "bert-48h", (const char *[]){"run.duration=5 h", NULL}, false);
	for (size_t i = 0; i < run.memory.rows; i++) {
		usd += run_value(&run, "economics/electricity_usd", i, 0);
		kg += run_value(&run, "economics/carbon_kg", i, 0);
		iterations += run_value(&run, "training/iterations", i, 0);
	}
	cr_expect_float_eq(usd, run_summary(&run, DC_SUMMARY_COST_ELECTRICITY_USD), 1e-10 * usd);
	cr_expect_float_eq(kg, run_summary(&run, DC_SUMMARY_CARBON_KG), 1e-10 * kg);
	cr_expect_eq(iterations, run_summary(&run, DC_SUMMARY_ITERATIONS));
	run_free(&run);
}

/* Source of truth: price x energy, by hand: 0.10 USD/kWh and 400 g/kWh, flat. */
Test(energy, flat_price_and_carbon_are_proportional)
{
	struct test_run run;
	double kwh;

	run_all(&run, "ring64",
		(const char *[]){"facility.grid.price=0.10 USD/kWh",
				 "facility.grid.carbon=400 g/kWh", "run.epochs=1", NULL},
		false);
	kwh = run_summary(&run, DC_SUMMARY_ENERGY_UTILITY_J) / 3.6e6;
	cr_expect_float_eq(run_summary(&run, DC_SUMMARY_COST_ELECTRICITY_USD), 0.10 * kwh,
			   1e-12 * kwh);
	cr_expect_float_eq(run_summary(&run, DC_SUMMARY_CARBON_KG), 0.4 * kwh, 1e-12 * kwh);
	run_free(&run);
}

/* Source of truth: the files' rows, counted by hand. 15 July 12:00 local is hour 195 x 24 + 12 = 4692 of
 * the weather, 30 degC, and 17:00 UTC, hour 4697, of price (104.67 USD/MWh) and carbon (389.4 g/kWh).
 * 31 December 23:30 is the weather's last row, 8759 (1 degC), and 04:30 UTC of 1 January, hour 4 (of
 * the year that begins again: 23.71 USD/MWh, 342.3 g/kWh). */
Test(energy, hours_come_from_the_files)
{
	static const struct {
		const char *start;
		double outdoor_degc, price_usd_per_mwh, carbon_g_per_kwh;
	} moments[] = {
		{"run.start=2024-07-15T12:00:00", 30, 104.67, 389.4},
		{"run.start=2024-12-31T23:30:00", 1, 23.71, 342.3},
	};

	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		struct test_run run;

		run_all(&run, "bert-48h",
			(const char *[]){moments[i].start, "run.duration=1 min", NULL}, false);
		cr_expect_float_eq(run_value(&run, "facility/outdoor_degc", 0, 0),
				   moments[i].outdoor_degc, 1e-9, "%s", moments[i].start);
		cr_expect_float_eq(run_value(&run, "economics/price_usd_per_kwh", 0, 0) * 1e3,
				   moments[i].price_usd_per_mwh, 1e-9, "%s", moments[i].start);
		cr_expect_float_eq(run_value(&run, "economics/carbon_g_per_kwh", 0, 0),
				   moments[i].carbon_g_per_kwh, 1e-9, "%s", moments[i].start);
		run_free(&run);
	}
}

/* Source of truth: what nobody gave is unknown, and a sum with it too; 0 would look like a result. */
Test(energy, what_is_not_given_is_unknown)
{
	struct test_run run;

	run_all(&run, "ring64", (const char *[]){"facility.grid=null", "run.epochs=1", NULL},
		false);
	cr_expect(isnan(run_summary(&run, DC_SUMMARY_COST_ELECTRICITY_USD)));
	cr_expect(isnan(run_summary(&run, DC_SUMMARY_COST_TOTAL_USD)));
	cr_expect(isnan(run_summary(&run, DC_SUMMARY_CARBON_KG)));
	cr_expect_gt(run_summary(&run, DC_SUMMARY_COST_HARDWARE_USD), 0);
	cr_expect_gt(run_summary(&run, DC_SUMMARY_ENERGY_UTILITY_J), 0);
	run_free(&run);
}

/* Source of truth: 64 A100 draw more than 13 kW idle, so a plant of 10 kW never holds its set point of
 * 20 degC; one that is as large as needed always does. */
Test(energy, a_plant_that_is_too_small_shows)
{
	struct test_run run;
	double room_degc;

	run_all(&run, "ring64",
		(const char *[]){"facility.cooling.plants.0.capacity=10 kW", "facility.step=1 h",
				 "run.epochs=30", NULL},
		false);
	cr_expect_eq(run_summary(&run, DC_SUMMARY_COOLING_LIMITED_SHARE), 1);
	room_degc = run_summary(&run, DC_SUMMARY_ROOM_END_DEGC);
	/* It carries no more than it can, but for what the room warms within a step. */
	cr_expect_leq(run_summary(&run, DC_SUMMARY_HEAT_REMOVED_J),
		      10e3 * run_summary(&run, DC_SUMMARY_DURATION_S) * 1.02);
	run_free(&run);
	run_all(&run, "ring64", (const char *[]){"run.epochs=30", NULL}, false);
	cr_expect_eq(run_summary(&run, DC_SUMMARY_COOLING_LIMITED_SHARE), 0);
	cr_expect_lt(run_summary(&run, DC_SUMMARY_ROOM_END_DEGC), room_degc);
	run_free(&run);
}

/* Source of truth: no mean is above the highest. Cooling rises during the 15 s, of which only the first
 * 10 s are a whole facility step. */
Test(energy, the_peak_is_no_less_than_the_mean)
{
	struct test_run run;

	run_all(&run, "ring64", (const char *[]){"run.epochs=null", "run.duration=15 s", NULL},
		false);
	cr_expect_geq(run_summary(&run, DC_SUMMARY_PEAK_UTILITY_W),
		      run_summary(&run, DC_SUMMARY_ENERGY_UTILITY_J) / 15 * (1 - 1e-12));
	run_free(&run);
}
