/* Amortisation against published and textbook values. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "config/config.h"
#include "economics/economics.h"

/* CRF = i(1+i)^n / ((1+i)^n - 1), by hand or from tables of compound interest. */
Test(economics, capital_recovery_factor)
{
	static const double want[][4] = {
		/* rate, periods, factor, tolerance */
		{0.08, 10, 0.14902949,
		 5e-9}, /* A/P, 8 %, 10: 0.1490 in tables of compound interest */
		{0.05, 3, 0.36720856, 5e-9}, /* A/P, 5 %, 3: 0.3672 */
		{0.0, 4, 0.25, 0},           /* limit 1/n */
		{1.0, 1, 2.0, 1e-15},        /* one period: 1 + i */
		{1e-12, 4, 0.25, 1e-12},     /* continuous at 0 */
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		cr_expect_float_eq(dc_economics_crf(want[i][0], want[i][1]), want[i][2], want[i][3],
				   "rate %g, %g periods: %.17g", want[i][0], want[i][1],
				   dc_economics_crf(want[i][0], want[i][1]));
}

/* Hamilton 2010, "Overall data center costs": 45,978 servers at 1,450 USD over 36 months at 5 % a year are
 * 1,998,097 USD a month as published (he rounds a factor: within 1e-5 of the formula's 1,998,102.8). */
Test(economics, published_server_cost)
{
	double month = 45978 * 1450.0 * dc_economics_crf(0.05 / 12, 36);

	cr_expect_float_eq(month, 1998102.8, 0.05);
	cr_expect_float_eq(month, 1998097.0, 1e-5 * month);
}

/* 72 MUSD of infrastructure over 120 months at 5 % a year: 763,671.71 USD a month (formula). */
Test(economics, published_infrastructure_cost)
{
	cr_expect_float_eq(72e6 * dc_economics_crf(0.05 / 12, 120), 763671.71, 0.005);
}

/* Payments with their interest pay the capital back: sum of CRF / (1 + i)^k = 1. */
Test(economics, payments_are_worth_the_capital)
{
	for (double rate = 0.01; rate < 0.5; rate *= 2.0)
		for (int years = 1; years <= 20; years++) {
			double worth = 0.0;

			for (int k = 1; k <= years; k++)
				worth += dc_economics_crf(rate, years) / pow(1.0 + rate, k);
			cr_assert_float_eq(worth, 1.0, 1e-12, "%g %d", rate, years);
		}
}

/* Without interest capital is linear in time: 4 MUSD over 4 years cost 1 MUSD a year (hand). */
Test(economics, amortisation_is_linear_in_time)
{
	struct dc_economics economics = {.life_s = 4 * DC_ECONOMICS_YEAR_S};

	cr_expect_float_eq(dc_economics_amortisation_usd(&economics, 4e6, DC_ECONOMICS_YEAR_S), 1e6,
			   1e-6);
	cr_expect_float_eq(dc_economics_amortisation_usd(&economics, 4e6, 3600.0), 1e6 / 8760,
			   1e-9);
	cr_expect_eq(dc_economics_amortisation_usd(&economics, 4e6, 0.0), 0.0);
	economics.discount = 0.08;
	/* 8 %, 4 years: CRF 0.30192080 (tables: A/P, 8 %, 4: 0.3019) */
	cr_expect_float_eq(dc_economics_amortisation_usd(&economics, 1e6, DC_ECONOMICS_YEAR_S),
			   301920.80, 0.01);
}

static enum dc_status read_economics(const char *yaml, struct dc_economics *economics)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_config *config = dc_config_create(diag, NULL);
	struct dc_node *root;
	enum dc_status status;

	memset(economics, 0, sizeof(*economics));
	cr_assert_eq(dc_tree_read_text(dc_config_arena(config), diag, "t.yaml", yaml, strlen(yaml),
				       &root),
		     DC_OK);
	status = dc_section_read(config, &dc_economics_section, root, economics);
	economics->node = NULL;
	dc_config_destroy(config);
	dc_diag_destroy(diag);
	return status;
}

Test(economics, section)
{
	struct dc_economics economics;

	cr_assert_eq(read_economics("{}", &economics), DC_OK);
	cr_expect_eq(economics.life_s, 4 * DC_ECONOMICS_YEAR_S);
	cr_expect_eq(economics.discount, 0.0);
	cr_assert_eq(
		read_economics("{currency: USD, year: 2025, discount: 8 %, life: 5 y}", &economics),
		DC_OK);
	cr_expect_eq(economics.year, 2025);
	cr_expect_float_eq(economics.discount, 0.08, 1e-15);
	cr_expect_eq(economics.life_s, 5 * DC_ECONOMICS_YEAR_S);
}

static const char *const refused[] = {
	"{currency: EUR}",  "{life: 4}",      "{life: 0 y}",
	"{discount: -1 %}", "{prices: list}", "{facility: {capital: 12 USD}}",
	"{year: 1.5}",
};

Test(economics, mistakes_are_refused)
{
	struct dc_economics economics;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		cr_expect_eq(read_economics(refused[i], &economics), DC_ERR_INPUT, "%s",
			     refused[i]);
}
