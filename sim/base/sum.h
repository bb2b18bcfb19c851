/* Sums that keep what plain doubles drop: an unevaluated pair high + low, about 106 bits.
 *
 * Integrals of power over a year are differenced over a tenth of a second; in double that would
 * cost nine digits, in a pair it costs none. Error-free transformations TwoSum [Knuth 1969] and
 * TwoProduct by fma [Dekker 1971, Ogita et al. 2005]. Needs strict IEEE double arithmetic:
 * -ffp-contract=off, no -ffast-math. */
#ifndef DC_BASE_SUM_H
#define DC_BASE_SUM_H

#include <math.h>

struct dc_sum {
	double high;
	double low;
};

static inline struct dc_sum dc_sum_of(double value)
{
	return (struct dc_sum){value, 0.0};
}

static inline struct dc_sum dc_sum_normal(double high, double low)
{
	double sum = high + low;

	return (struct dc_sum){sum, low - (sum - high)};
}

static inline struct dc_sum dc_sum_add(struct dc_sum a, struct dc_sum b)
{
	double sum = a.high + b.high;
	double part = sum - a.high;
	double error = (a.high - (sum - part)) + (b.high - part);

	return dc_sum_normal(sum, error + a.low + b.low);
}

static inline struct dc_sum dc_sum_sub(struct dc_sum a, struct dc_sum b)
{
	return dc_sum_add(a, (struct dc_sum){-b.high, -b.low});
}

/* value * factor of two doubles, exactly. */
static inline struct dc_sum dc_sum_product(double value, double factor)
{
	double product = value * factor;

	return (struct dc_sum){product, fma(value, factor, -product)};
}

static inline struct dc_sum dc_sum_scale(struct dc_sum a, double factor)
{
	struct dc_sum product = dc_sum_product(a.high, factor);

	return dc_sum_normal(product.high, product.low + a.low * factor);
}

static inline double dc_sum_value(struct dc_sum a)
{
	return a.high + a.low;
}

#endif
