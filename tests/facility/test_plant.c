/* The room air conditioner: its formula, how it answers to weather, and the balance of its heat. */
#include <math.h>

#include "facility/facility.h"
#include "facility/plant.h"
#include "reading.h"

static const struct dc_tagged *plant(struct reading *reading, struct dc_facility *facility,
				     const char *yaml)
{
	*reading = reading_start(yaml);
	memset(facility, 0, sizeof(*facility));
	cr_assert_eq(
		dc_section_read(reading->config, &dc_facility_section, reading->root, facility),
		DC_OK, "%s", reading_messages(reading));
	cr_assert_eq(dc_facility_check(facility, reading->diag), DC_OK, "%s",
		     reading_messages(reading));
	return dc_facility_plant(facility, facility->cooling.rooms.items);
}

/* COP = min(12, eta Te / (Tc - Te)) worked by hand with the parameters beside each: a water chiller
 * written with the same formula (eta 0.62, Te 2 K below, Tc 7 K above, floor 15 degC). */
Test(plant, carnot_share)
{
	static const double want[][3] = {
		/* supply, outdoor, COP */
		{6.67, 15.0, 9.93932}, {6.67, 20.0, 7.71377}, {6.67, 29.4, 5.42857},
		{10.0, 15.0, 12.0},    {10.0, 32.0, 5.623},   {15.0, 25.0, 9.33753},
		{18.0, 29.4, 8.78789}, {18.0, 32.0, 7.79448}, {22.0, 32.0, 9.56595},
		{22.0, 29.4, 11.0825}, {22.0, 20.0, 12.0},    {6.67, -20.0, 9.93932},
	};
	struct dc_facility facility;
	struct reading reading;
	const struct dc_tagged *crac =
		plant(&reading, &facility,
		      "cooling: {plants: [{kind: crac, carnot: 0.62, evaporator_approach: 2 K, "
		      "condenser_approach: 7 K, outdoor_floor: 15 degC}]}");

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		cr_expect_float_eq(dc_plant_cop(crac, want[i][0], want[i][1]), want[i][2],
				   1e-5 * 12, "supply %g, outdoor %g", want[i][0], want[i][1]);
	reading_end(&reading);
}

/* Defaults at 20 degC supply, 35 degC outdoors: 0.5 x 283.15 / (320.15 - 283.15) = 3.8264 (hand). */
Test(plant, default_cop)
{
	struct dc_facility facility;
	struct reading reading;
	const struct dc_tagged *crac = plant(&reading, &facility, "step: 10 s");

	cr_expect_str_eq(dc_plant_name(crac), "crac");
	cr_expect_float_eq(dc_plant_cop(crac, 20.0, 35.0), 0.5 * 283.15 / 37.0, 1e-12);
	reading_end(&reading);
}

/* Second law in words: hotter outdoors never helps, warmer supply never hurts, work is never free. */
Test(plant, cop_is_monotone_and_positive)
{
	struct dc_facility facility;
	struct reading reading;
	const struct dc_tagged *crac = plant(&reading, &facility, "step: 10 s");

	for (double supply = 5.0; supply <= 45.0; supply += 1.0)
		for (double outdoor = -60.0; outdoor <= 60.0; outdoor += 0.5) {
			double cop = dc_plant_cop(crac, supply, outdoor);

			cr_assert(cop > 0.0 && cop <= 12.0, "%g %g", supply, outdoor);
			cr_assert(dc_plant_cop(crac, supply, outdoor + 0.5) <= cop, "%g %g", supply,
				  outdoor);
			cr_assert(dc_plant_cop(crac, supply + 1.0, outdoor) >= cop, "%g %g", supply,
				  outdoor);
		}
	/* Strictly, away from the bounds. */
	cr_expect(dc_plant_cop(crac, 20.0, 36.0) < dc_plant_cop(crac, 20.0, 35.0));
	cr_expect(dc_plant_cop(crac, 21.0, 35.0) > dc_plant_cop(crac, 20.0, 35.0));
	reading_end(&reading);
}

/* Fans f Q; compressors (Q + f Q) / COP: 100 kW at f = 0.05 and COP 4 are 5 and 26.25 kW (hand). */
Test(plant, fans_and_compressors)
{
	struct dc_facility facility;
	struct reading reading;
	const struct dc_tagged *crac = plant(
		&reading, &facility, "cooling: {plants: [{kind: crac, fan: 5 %, capacity: 1 MW}]}");

	cr_expect_float_eq(dc_plant_fan_w(crac, 1e5), 5000.0, 1e-9);
	cr_expect_float_eq(dc_plant_compressor_w(crac, 1e5, 4.0), 26250.0, 1e-9);
	cr_expect_eq(dc_plant_capacity_w(crac), 1e6);
	reading_end(&reading);
}

Test(plant, capacity_is_unbounded_unless_given)
{
	struct dc_facility facility;
	struct reading reading;

	cr_expect(isinf(dc_plant_capacity_w(plant(&reading, &facility, "step: 10 s"))));
	reading_end(&reading);
}
