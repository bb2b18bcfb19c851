/* Compensated sums: what plain doubles drop is kept. */
#include <criterion/criterion.h>
#include <math.h>

#include "base/sum.h"

/* 1e16 + 1 - 1e16 = 1; in double it is 0 or 2. */
Test(sum, keeps_what_double_drops)
{
	struct dc_sum sum = dc_sum_of(1e16);

	sum = dc_sum_add(sum, dc_sum_of(1));
	sum = dc_sum_sub(sum, dc_sum_of(1e16));
	cr_assert(dc_sum_value(sum) == 1, "%.17g", dc_sum_value(sum));
}

/* A million tenths: the double 0.1 is 0.1 + 5.5511151231257827e-18, so that the exact sum is
 * 100000.0000000000055511..., whose nearest double is 100000; plain addition is off by 1.3e-6. */
Test(sum, million_tenths)
{
	struct dc_sum sum = dc_sum_of(0);
	double plain = 0;

	for (int i = 0; i < 1000000; i++) {
		sum = dc_sum_add(sum, dc_sum_of(0.1));
		plain += 0.1;
	}
	cr_assert(dc_sum_value(sum) == 100000, "%.17g", dc_sum_value(sum));
	/* 1e6 * 5.5511151231257827e-18, the part below the double. */
	cr_assert(fabs(sum.low - 5.5511151231257827e-12) < 1e-20, "%.17g", sum.low);
	cr_assert(fabs(plain - 100000) > 1e-7, "%.17g", plain);
}

/* (1 + 2^-30)^2 = 1 + 2^-29 + 2^-60: the double of the product drops 2^-60. */
Test(sum, product_is_exact)
{
	struct dc_sum product = dc_sum_product(1 + 0x1p-30, 1 + 0x1p-30);

	cr_assert(product.high == 1 + 0x1p-29);
	cr_assert(product.low == 0x1p-60);
}

/* A year of 1 MW differenced over a tenth of a second: 1e5 J, exactly. */
Test(sum, differences_of_long_integrals)
{
	struct dc_sum year = dc_sum_product(1e6, 31536000);
	struct dc_sum later = dc_sum_add(year, dc_sum_product(1e6, 0.1));

	cr_assert(dc_sum_value(dc_sum_sub(later, year)) == 1e5 + 0, "%.17g",
		  dc_sum_value(dc_sum_sub(later, year)));
}

/* 3 * (1e16 + 1) - 3e16 = 3. */
Test(sum, scale_keeps_the_low_part)
{
	struct dc_sum sum = dc_sum_add(dc_sum_of(1e16), dc_sum_of(1));

	sum = dc_sum_sub(dc_sum_scale(sum, 3), dc_sum_of(3e16));
	cr_assert(dc_sum_value(sum) == 3, "%.17g", dc_sum_value(sum));
}

/* Order does not matter where every term and the result fit 106 bits: 2^80 + 1 + 2^-20. */
Test(sum, order_does_not_matter)
{
	struct dc_sum up =
		dc_sum_add(dc_sum_add(dc_sum_of(0x1p-20), dc_sum_of(1)), dc_sum_of(0x1p80));
	struct dc_sum down =
		dc_sum_add(dc_sum_add(dc_sum_of(0x1p80), dc_sum_of(1)), dc_sum_of(0x1p-20));

	cr_assert(up.high == down.high && up.low == down.low, "%.17g %.17g, %.17g %.17g", up.high,
		  up.low, down.high, down.low);
	cr_assert(up.low == 1 + 0x1p-20, "%.17g", up.low);
}
