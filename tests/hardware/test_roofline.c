/* The roofline by hand, and number formats. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "hardware/roofline.h"

/* Round numbers: 100 TFLOP/s, 1 TB/s, efficiencies 0.5 and 0.8, K0 64, 2 us per kernel. */
static struct dc_accelerator machine(void)
{
	return (struct dc_accelerator){
		.peak = {.bf16 = 100e12, .fp32 = 10e12},
		.memory = {.bandwidth_bps = 1e12},
		.efficiency = {.matrix = 0.5, .inner_half = 64.0, .memory = 0.8, .launch_s = 2e-6},
	};
}

struct row {
	struct dc_work work;
	double duration_s;
	char why[72];
};

static struct row rows[] = {
	{{.precision = DC_BF16}, 0.0, "nothing"},
	{{.precision = DC_BF16, .kernels = 3}, 6e-6, "3 kernels of 2 us"},
	{{.bytes = 8e8, .precision = DC_BF16, .kernels = 1}, 1.002e-3, "8e8 B at 0.8 TB/s + 2 us"},
	{{.flops = 5e12, .inner = 64.0, .precision = DC_BF16}, 0.2, "5e12/5e13 s, twice at K = K0"},
	{{.flops = 5e12, .inner = 192.0, .precision = DC_BF16}, 0.1 * 4 / 3, "0.1 s x 256/192"},
	{{.flops = 5e12, .inner = 64.0, .precision = DC_FP32}, 2.0, "a tenth of the peak"},
	{{.flops = 5e12, .bytes = 4e11, .inner = 64.0, .precision = DC_BF16}, 0.5, "bytes win"},
	{{.flops = 5e12, .bytes = 8e10, .inner = 64.0, .precision = DC_BF16}, 0.2, "products win"},
	{{.flops = 1e15, .bytes = 8e8, .precision = DC_BF16}, 1e-3, "elementwise: bytes alone"},
};

ParameterizedTestParameters(roofline, hand_computed)
{
	return cr_make_param_array(struct row, rows, sizeof(rows) / sizeof(rows[0]));
}

/* max(F/(P eta) (K + K0)/K, Q/(e_m B)) + k t_k by hand */
ParameterizedTest(struct row *row, roofline, hand_computed)
{
	struct dc_accelerator a = machine();
	double duration_s = dc_roofline_duration_s(&a, &row->work);

	cr_expect_float_eq(duration_s, row->duration_s, 1e-12 * row->duration_s, "%s: %.17g s",
			   row->why, duration_s);
}

Test(roofline, a_missing_format_never_ends)
{
	struct dc_accelerator a = machine();
	struct dc_work work = {.flops = 1.0, .inner = 1.0, .precision = DC_FP8};

	/* peak 0: the caller had to refuse it */
	cr_expect(isinf(dc_roofline_duration_s(&a, &work)));
}

Test(roofline, long_inner_dimensions_reach_the_efficiency)
{
	struct dc_accelerator a = machine();
	struct dc_work work = {.flops = 5e13, .inner = 1e12, .precision = DC_BF16};

	/* limit K -> infinity: F/(P eta) = 1 s */
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 1.0, 1e-9);
}

Test(roofline, kernels_have_their_own_efficiency)
{
	struct dc_accelerator a = machine();
	struct dc_work work = {.flops = 5e12,
			       .bytes = 8e10,
			       .inner = 64.0,
			       .precision = DC_BF16,
			       .kernel = DC_KERNEL_BATCHED};

	/* 5e12/(1e14 x 0.5 x 0.4) + 8e10/8e11: nothing hides, K does not matter */
	a.efficiency.batched = 0.4;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.25 + 0.1, 1e-12);
	/* 5e12/(1e14 x 0.25); a generation that the accelerator does not name runs as products do */
	a.efficiency.attention.flash2 = 0.25;
	work.kernel = DC_KERNEL_FLASH2;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.2, 1e-12);
	a.efficiency.attention.flash2 = 0.5;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.1, 1e-12);
	work.kernel = DC_KERNEL_CUDNN;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.2, 1e-12);
}

Test(roofline, products_know_the_shape_of_their_result)
{
	struct dc_accelerator a = machine();
	struct dc_work work = {
		.flops = 5e12, .inner = 1e12, .rows = 400.0, .columns = 50.0, .precision = DC_BF16};

	/* 0.1 s without; (1 + 100/400) and, where fewer than 100, 2 */
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.1, 1e-9);
	a.efficiency.outer_half = 100.0;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.25, 1e-9);
	work.kernel = DC_KERNEL_CONVOLUTION;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.1, 1e-9);
	/* 50 columns of 2 bytes are no multiple of 16 bytes, 56 are */
	work.kernel = DC_KERNEL_PRODUCT;
	a.efficiency.outer_half = 0.0;
	a.efficiency.unaligned = 0.4;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.25, 1e-9);
	work.columns = 56.0;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.1, 1e-9);
}

Test(roofline, narrow_formats_may_reach_less)
{
	struct dc_accelerator a = machine();
	struct dc_work work = {.flops = 5e12, .inner = 1e12, .precision = DC_NVFP4};

	/* 5e12/(4e14 x 0.5), then with its own 0.25 */
	a.peak.nvfp4 = 400e12;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.025, 1e-9);
	a.efficiency.nvfp4 = 0.25;
	cr_expect_float_eq(dc_roofline_duration_s(&a, &work), 0.05, 1e-9);
}

Test(roofline, activity_is_work_over_peak)
{
	struct dc_accelerator a = machine();
	struct dc_work work = {.flops = 5e12, .bytes = 8e10, .inner = 64.0, .precision = DC_BF16};
	double compute_u, memory_u;

	/* over 0.2 s: 5e12/(1e14 x 0.2) and 8e10/(1e12 x 0.2) */
	dc_roofline_activity(&a, &work, 0.2, &compute_u, &memory_u);
	cr_expect_float_eq(compute_u, 0.25, 1e-15);
	cr_expect_float_eq(memory_u, 0.4, 1e-15);
	/* a shorter time cannot use more than everything; none at all uses nothing */
	dc_roofline_activity(&a, &work, 1e-3, &compute_u, &memory_u);
	cr_expect_eq(compute_u, 1.0);
	cr_expect_eq(memory_u, 1.0);
	dc_roofline_activity(&a, &work, 0.0, &compute_u, &memory_u);
	cr_expect_eq(compute_u, 0.0);
	cr_expect_eq(memory_u, 0.0);
}

Test(roofline, elementwise_arithmetic_is_not_matrix_activity)
{
	struct dc_accelerator a = machine();
	struct dc_work work = {.flops = 1e12, .bytes = 8e8, .precision = DC_BF16};
	double compute_u, memory_u;

	/* 8e8 B in 1 ms is 0.8 of 1 TB/s */
	dc_roofline_activity(&a, &work, 1e-3, &compute_u, &memory_u);
	cr_expect_eq(compute_u, 0.0);
	cr_expect_float_eq(memory_u, 0.8, 1e-15);
}

Test(precision, widths)
{
	/* IEEE 754 and the formats' definitions; OCP Microscaling Formats 1.0: 32 elements and one
	 * byte; NVFP4: 16 of half a byte and one byte */
	static const double size[DC_PRECISIONS] = {8.0, 4.0,         4.0,        2.0, 2.0,
						   1.0, 33.0 / 32.0, 9.0 / 16.0, 1.0};
	/* 8-bit training keeps activations in 16 bits [Micikevicius et al. 2022] */
	static const double activation[DC_PRECISIONS] = {8.0, 4.0, 4.0, 2.0, 2.0,
							 2.0, 2.0, 2.0, 2.0};

	for (int p = 0; p < DC_PRECISIONS; p++) {
		cr_expect_eq(dc_precision_size_bytes((enum dc_precision)p), size[p], "%s",
			     dc_precision_names[p]);
		cr_expect_eq(dc_precision_activation_bytes((enum dc_precision)p), activation[p],
			     "%s", dc_precision_names[p]);
	}
	cr_expect_null(dc_precision_names[DC_PRECISIONS]);
}
