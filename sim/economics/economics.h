/* Money: what capital costs over the time in which it is used.
 *
 * Capital is spread over its life in equal yearly payments by the capital recovery factor. A year is
 * 365 days everywhere in the program. */
#ifndef DC_ECONOMICS_ECONOMICS_H
#define DC_ECONOMICS_ECONOMICS_H

#include "config/fields.h"

#define DC_ECONOMICS_YEAR_S 31536000.0

enum dc_currency { DC_CURRENCY_USD };
enum dc_prices { DC_PRICES_CATALOGUE };

struct dc_economics {
	const struct dc_node *node;
	int currency;    /* enum dc_currency */
	uint64_t year;   /* of the prices */
	int prices;      /* enum dc_prices */
	double discount; /* interest per year, 0 to 1 */
	double life_s;   /* of hardware */
};

extern const struct dc_section dc_economics_section;

/* Capital recovery factor: the payment per period, as a share of the capital, that pays it back with
 * interest `rate` >= 0 per period over `periods` > 0 (fractions allowed). */
double dc_economics_crf(double rate, double periods);
/* What capital_usd costs over duration_s >= 0 of its life: capital x CRF x duration / year. */
double dc_economics_amortisation_usd(const struct dc_economics *economics, double capital_usd,
				     double duration_s);

#endif
