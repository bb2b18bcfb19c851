/* Amortisation. */
#include "economics/economics.h"

#include <math.h>

static const char *const currencies[] = {"USD", NULL};
static const char *const prices[] = {"catalogue", NULL};

static const struct dc_field fields[] = {
	{.key = "currency",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_economics, currency),
	 .choices = currencies,
	 .fallback = "USD",
	 .help = "Of every amount"},
	{.key = "year",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_economics, year),
	 .min = 1950.0,
	 .max = 2200.0,
	 .fallback = "2024",
	 .help = "Of the prices; a label"},
	{.key = "prices",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_economics, prices),
	 .choices = prices,
	 .fallback = "catalogue",
	 .help = "Where prices of hardware come from"},
	{.key = "discount",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_economics, discount),
	 .min = 0.0,
	 .max = 1.0,
	 .fallback = "0",
	 .help = "Interest on capital per year"},
	{.key = "life",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_economics, life_s),
	 .min = 86400.0,
	 .max = 3153600000.0,
	 .fallback = "4 y",
	 .help = "Years over which hardware is paid off"},
	{.key = "facility", .kind = DC_RESERVED, .help = "Capital and life of the building"},
};

const struct dc_section dc_economics_section = {
	.name = "economics",
	.doc = "How capital is spread over time",
	.size = sizeof(struct dc_economics),
	DC_FIELDS(fields),
};

/* CRF = i (1 + i)^n / ((1 + i)^n - 1) = i / (1 - (1 + i)^-n); its limit 1/n at i = 0 [any textbook of
 * engineering economics: uniform series capital recovery]. log1p and expm1 keep the digits of small
 * rates. */
double dc_economics_crf(double rate, double periods)
{
	if (rate == 0.0)
		return 1.0 / periods;
	return -rate / expm1(-periods * log1p(rate));
}

double dc_economics_amortisation_usd(const struct dc_economics *economics, double capital_usd,
				     double duration_s)
{
	double crf = dc_economics_crf(economics->discount, economics->life_s / DC_ECONOMICS_YEAR_S);

	return capital_usd * crf * (duration_s / DC_ECONOMICS_YEAR_S);
}
