/* Power stages: published efficiencies, monotone and continuous input, heat never negative. */
#include <math.h>

#include "facility/facility.h"
#include "facility/stage.h"
#include "reading.h"

/* The chain of a facility, checked (which prepares the stages). */
static const struct dc_tagged *chain(struct reading *reading, struct dc_facility *facility,
				     const char *yaml, size_t count)
{
	*reading = reading_start(yaml);
	memset(facility, 0, sizeof(*facility));
	cr_assert_eq(
		dc_section_read(reading->config, &dc_facility_section, reading->root, facility),
		DC_OK, "%s", reading_messages(reading));
	cr_assert_eq(dc_facility_check(facility, reading->diag), DC_OK, "%s",
		     reading_messages(reading));
	cr_assert_eq(facility->power.chain.count, count);
	return facility->power.chain.items;
}

/* 80 PLUS Titanium, 230 V internal redundant: 90, 94, 96, 91 % at 10, 20, 50, 100 % load
 * (Clearesult, 80 PLUS certified power supplies). */
Test(stage, psu_meets_80_plus_titanium)
{
	static const double want[][2] = {{0.1, 0.90}, {0.2, 0.94}, {0.5, 0.96}, {1.0, 0.91}};
	struct dc_facility facility;
	struct reading reading;
	const struct dc_tagged *psu = chain(&reading, &facility, "step: 10 s", 2);

	cr_assert_str_eq(dc_stage_name(&psu[0]), "psu");
	for (size_t i = 0; i < 4; i++) {
		double out = want[i][0] * 3000.0;

		cr_expect_float_eq(out / dc_stage_input_w(&psu[0], out, 3000.0), want[i][1], 1e-14,
				   "at %g", want[i][0]);
	}
	/* No load: the line through the losses at 10 and 20 % (1/90 and 0.2 (1/0.94 - 1) of the rating)
	 * extended to 0: 0.0094563 of the rating (hand). */
	cr_expect_float_eq(dc_stage_input_w(&psu[0], 0.0, 3000.0),
			   3000.0 * (2.0 / 90.0 - 0.2 * (1.0 / 0.94 - 1.0)), 1e-11);
	/* Twice the rating: the efficiency at full load. */
	cr_expect_float_eq(dc_stage_input_w(&psu[0], 6000.0, 3000.0), 6000.0 / 0.91, 1e-9);
	reading_end(&reading);
}

static const char *const psus[] = {
	"power: {chain: [{stage: psu}]}",
	"power: {chain: [{stage: psu, efficiency: [0.82, 0.85, 0.88, 0.85]}]}",
	"power: {chain: [{stage: psu, efficiency: [0.9, 0.9, 0.9, 0.9]}]}",
	"power: {chain: [{stage: psu, efficiency: [1, 1, 1, 1]}]}",
	"power: {chain: [{stage: pdu, constant: 100 W}]}",
	"power: {chain: [{stage: pdu, efficiency: 1}]}",
};

/* Properties any converter has: more out needs strictly more in, no less than it gives, no jumps. */
Test(stage, input_rises_continuously_and_covers_output)
{
	for (size_t n = 0; n < sizeof(psus) / sizeof(psus[0]); n++) {
		struct dc_facility facility;
		struct reading reading;
		const struct dc_tagged *stage = chain(&reading, &facility, psus[n], 1);
		double before = dc_stage_input_w(stage, 0.0, 1000.0);

		for (int i = 1; i <= 15000; i++) {
			double out = i * 0.1, in = dc_stage_input_w(stage, out, 1000.0);

			cr_assert(in > before, "%s at %g", psus[n], out);
			/* the input's slope is at most that at full load, about 1.3 */
			cr_assert(in - before < 0.2, "%s at %g", psus[n], out);
			cr_assert(in >= out, "%s at %g", psus[n], out);
			before = in;
		}
		reading_end(&reading);
	}
}

/* A constant efficiency has no loss at no load and is a straight line (hand). */
Test(stage, constant_efficiency_is_a_line)
{
	struct dc_facility facility;
	struct reading reading;
	const struct dc_tagged *stage = chain(&reading, &facility, psus[2], 1);

	for (double out = 0.0; out <= 1500.0; out += 50.0)
		cr_expect_float_eq(dc_stage_input_w(stage, out, 1000.0), out / 0.9, 1e-10, "%g",
				   out);
	reading_end(&reading);
}

/* Power conversion of the Frontier model: input = (output + c) / eta, here 16 nodes' converters of
 * 13 W and 0.98 (hand: (626.26 + 13) / 0.98 = 652.306 W for an idle node of 626.26 W). */
Test(stage, pdu_constant_and_efficiency)
{
	struct dc_facility facility;
	struct reading reading;
	const struct dc_tagged *stage = chain(
		&reading, &facility,
		"power: {chain: [{stage: pdu, name: sivoc, constant: 13 W, efficiency: 0.98}]}", 1);

	cr_expect_str_eq(dc_stage_name(stage), "sivoc");
	cr_expect_float_eq(dc_stage_input_w(stage, 626.26, 1.0), 639.26 / 0.98, 1e-10);
	cr_expect_float_eq(dc_stage_input_w(stage, 626.26, 1.0), 652.306, 5e-4);
	reading_end(&reading);
}

static void refuse(const char *yaml, const char *words)
{
	struct reading reading = reading_start(yaml);
	struct dc_facility facility = {0};
	enum dc_status status =
		dc_section_read(reading.config, &dc_facility_section, reading.root, &facility);

	if (!status)
		status = dc_facility_check(&facility, reading.diag);
	cr_expect_eq(status, DC_ERR_INPUT, "%s", yaml);
	reading_expect(&reading, words);
	reading_end(&reading);
}

Test(stage, bad_efficiencies_are_refused)
{
	refuse("power: {chain: [{stage: psu, efficiency: [0.9, 0.94]}]}", "expected 4 numbers");
	refuse("power: {chain: [{stage: psu, efficiency: [0.5, 0.94, 0.96, 0.91]}]}",
	       "the loss at 20 % load is less than at 10 % load");
	refuse("power: {chain: [{stage: psu, efficiency: [0.9, 0.94, 0.96, 1.2]}]}", "1.2");
	refuse("power: {chain: [{stage: pdu, efficiency: 0}]}", "efficiency");
}

Test(stage, kinds_to_come_are_refused_by_name)
{
	refuse("power: {chain: [{stage: ups}]}", "not supported yet");
	refuse("power: {chain: [{stage: pdu, limit: 40 MW}]}", "not supported yet");
	refuse("power: {chain: [{stage: pud}]}", "pdu");
}
