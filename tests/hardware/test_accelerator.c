/* Accelerators: every catalogue entry, figures against their source, power. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "catalogue.h"
#include "hardware/accelerator.h"

/* The devices the catalogue must hold. Arrays, not pointers: parameters cross processes. */
static char names[][24] = {
	"v100-sxm2-32gb", "a100-sxm4-40gb", "a100-sxm4-80gb", "h100-sxm5-80gb", "h200-sxm5-141gb",
	"b200-sxm-180gb", "gb200",          "gb300",          "mi250x",         "mi300x",
	"tpu-v3",         "tpu-v4",         "tpu-v5e",        "tpu-v5p",        "tpu-v6e",
	"gaudi2",         "alveo-u280",     "xeon-8480c",     "epyc-7742",
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

static const struct dc_accelerator *device(const struct catalogue *catalogue, const char *name)
{
	return catalogue_read(catalogue, &dc_accelerator_family, name);
}

Test(accelerator, the_catalogue_holds_exactly_the_tested_devices)
{
	struct catalogue catalogue = catalogue_open();
	const char *const *found = NULL;
	size_t count = 0;

	cr_assert_eq(dc_catalogue_names(catalogue.config, "accelerators", &found, &count), DC_OK);
	cr_expect_eq(count, (size_t)NAMES, "%zu entries", count);
	catalogue_close(&catalogue);
}

/* Wider formats are never faster; where two are missing, nothing to compare. INT8 is outside the
 * chain: Blackwell Ultra has less of it than of TF32. */
static void expect_rising_peaks(const struct dc_accelerator *a)
{
	static const enum dc_precision chain[] = {DC_FP64, DC_FP32, DC_TF32, DC_FP16, DC_FP8};
	double last = 0.0;

	for (size_t i = 0; i < sizeof(chain) / sizeof(chain[0]); i++) {
		double peak = dc_accelerator_peak_flops(a, chain[i]);

		cr_expect(peak <= 0.0 || peak >= last, "%s: %s slower than a wider format", a->name,
			  dc_precision_names[chain[i]]);
		last = peak > 0.0 ? peak : last;
	}
	if (a->peak.fp16 > 0.0 && a->peak.bf16 > 0.0)
		cr_expect_eq(a->peak.fp16, a->peak.bf16, "%s: fp16 and bf16 differ", a->name);
}

/* The resolved scenario holds the device written out; it must be the same device to the bit. */
static void expect_round_trip(const struct catalogue *catalogue, const struct dc_accelerator *a)
{
	const struct dc_accelerator *b = catalogue_round_trip(catalogue, &dc_accelerator_family, a);

	for (int p = 0; p < DC_PRECISIONS; p++)
		cr_expect_eq(dc_accelerator_peak_flops(a, (enum dc_precision)p),
			     dc_accelerator_peak_flops(b, (enum dc_precision)p), "%s", a->name);
	cr_expect_str_eq(a->name, b->name);
	cr_expect_eq(a->kind, b->kind, "%s", a->name);
	cr_expect_eq(a->memory.size_bytes, b->memory.size_bytes, "%s", a->name);
	cr_expect_eq(a->memory.bandwidth_bps, b->memory.bandwidth_bps, "%s", a->name);
	cr_expect_eq(a->efficiency.launch_s, b->efficiency.launch_s, "%s", a->name);
	cr_expect_eq(a->price_usd, b->price_usd, "%s", a->name);
	cr_expect_eq(dc_accelerator_power_w(a, 0.3, 0.2, 0.1),
		     dc_accelerator_power_w(b, 0.3, 0.2, 0.1), "%s", a->name);
}

ParameterizedTestParameters(accelerator, every_entry_is_sane)
{
	return cr_make_param_array(char[24], names, NAMES);
}

/* Ranges: any device sold from 2017 to 2025 lies inside them (physical plausibility). */
ParameterizedTest(char (*name)[24], accelerator, every_entry_is_sane)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_accelerator *a = device(&catalogue, *name);

	cr_expect_str_eq(a->name, *name);
	cr_expect_not_null(a->description, "%s", *name);
	cr_expect_eq(dc_accelerator_check(a, catalogue.diag), DC_OK, "%s", *name);
	cr_expect_lt(a->power.idle_w, 0.5 * a->power.max_w, "%s", *name);
	cr_expect(a->power.max_w >= 150.0 && a->power.max_w <= 1500.0, "%s", *name);
	cr_expect(a->memory.size_bytes >= 8e9 && a->memory.size_bytes <= 600e9, "%s", *name);
	cr_expect(a->memory.bandwidth_bps >= 1e11 && a->memory.bandwidth_bps <= 1e13, "%s", *name);
	cr_expect(a->efficiency.matrix >= 0.5 && a->efficiency.matrix <= 1.0, "%s", *name);
	cr_expect(a->efficiency.memory >= 0.5 && a->efficiency.memory <= 1.0, "%s", *name);
	cr_expect(a->efficiency.launch_s <= 1e-5, "%s", *name);
	cr_expect(a->host_link.bandwidth_bps >= 1e10 && a->host_link.bandwidth_bps <= 5e11, "%s",
		  *name);
	cr_expect(a->year >= 2017 && a->year <= 2025, "%s", *name);
	expect_rising_peaks(a);
	expect_round_trip(&catalogue, a);
	catalogue_close(&catalogue);
}

struct figure {
	char name[24];
	size_t offset;
	double value;
	char source[64];
};

#define AT(member) offsetof(struct dc_accelerator, member)

static struct figure figures[] = {
	{"v100-sxm2-32gb", AT(peak.fp16), 125e12, "NVIDIA V100 data sheet: 125 TFLOPS tensor"},
	{"v100-sxm2-32gb", AT(power.max_w), 300.0, "NVIDIA V100 data sheet: 300 W"},
	{"a100-sxm4-80gb", AT(peak.bf16), 312e12, "NVIDIA A100 data sheet: 312 TFLOPS"},
	{"a100-sxm4-80gb", AT(memory.bandwidth_bps), 2039e9, "NVIDIA A100 data sheet: 2,039 GB/s"},
	{"a100-sxm4-40gb", AT(memory.bandwidth_bps), 1555e9, "NVIDIA A100 data sheet: 1,555 GB/s"},
	{"a100-sxm4-80gb", AT(power.max_w), 400.0, "NVIDIA A100 data sheet: 400 W"},
	{"a100-sxm4-80gb", AT(scaleup.bandwidth_bps), 300e9, "NVLink 600 GB/s both directions"},
	{"h100-sxm5-80gb", AT(peak.bf16), 989.4e12, "NVIDIA H100 data sheet: 1,978.9 sparse / 2"},
	{"h100-sxm5-80gb", AT(memory.bandwidth_bps), 3.35e12, "NVIDIA H100 data sheet: 3.35 TB/s"},
	{"h100-sxm5-80gb", AT(scaleup.bandwidth_bps), 450e9, "NVLink 900 GB/s both directions"},
	{"h200-sxm5-141gb", AT(memory.size_bytes), 141e9, "NVIDIA H200 data sheet: 141 GB"},
	{"b200-sxm-180gb", AT(power.max_w), 1000.0, "NVIDIA HGX B200: 1,000 W"},
	{"mi250x", AT(peak.fp32), 95.7e12, "AMD MI250X: 95.7 TFLOPS FP32 matrix"},
	{"mi250x", AT(peak.bf16), 383e12, "AMD MI250X: 383 TFLOPS"},
	{"mi300x", AT(memory.bandwidth_bps), 5.3e12, "AMD MI300X: 5.3 TB/s"},
	{"tpu-v3", AT(peak.bf16), 123e12, "cloud.google.com/tpu/docs/v3: 123 TFLOPS"},
	{"tpu-v4", AT(power.max_w), 192.0, "cloud.google.com/tpu/docs/v4: 90/170/192 W"},
	{"tpu-v5p", AT(memory.bandwidth_bps), 2765e9, "cloud.google.com/tpu/docs/v5p"},
	{"tpu-v6e", AT(memory.bandwidth_bps), 1638e9, "cloud.google.com/tpu/docs/v6e: 1,638 GB/s"},
	{"gaudi2", AT(memory.size_bytes), 96e9, "Intel Gaudi 2: 96 GB"},
	{"alveo-u280", AT(peak.int8), 24.5e12, "DS963 (unverified): 24.5 INT8 TOPS"},
	{"alveo-u280", AT(peak.bf16), 0.0, "DS963: no BF16 unit"},
	{"epyc-7742", AT(memory.bandwidth_bps), 204.8e9, "8 x 8 B x 3,200 MT/s"},
};

ParameterizedTestParameters(accelerator, published_figures)
{
	return cr_make_param_array(struct figure, figures, sizeof(figures) / sizeof(figures[0]));
}

ParameterizedTest(struct figure *figure, accelerator, published_figures)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_accelerator *a = device(&catalogue, figure->name);
	double value = *(const double *)(const void *)((const char *)a + figure->offset);

	cr_expect_float_eq(value, figure->value, 1e-9 * figure->value, "%s, %s: %g", figure->name,
			   figure->source, value);
	catalogue_close(&catalogue);
}

Test(accelerator, refuses_formats_it_has_not)
{
	struct catalogue catalogue = catalogue_open();

	/* V100 has FP16 matrix units but no BF16 (NVIDIA V100 whitepaper); FP8 came with H100 */
	cr_expect(dc_accelerator_supports(device(&catalogue, "v100-sxm2-32gb"), DC_FP16));
	cr_expect_not(dc_accelerator_supports(device(&catalogue, "v100-sxm2-32gb"), DC_BF16));
	cr_expect_not(dc_accelerator_supports(device(&catalogue, "a100-sxm4-80gb"), DC_FP8));
	cr_expect(dc_accelerator_supports(device(&catalogue, "h100-sxm5-80gb"), DC_FP8));
	cr_expect_not(dc_accelerator_supports(device(&catalogue, "tpu-v3"), DC_FP32));
	catalogue_close(&catalogue);
}

Test(accelerator, power_is_exact_at_rest_and_never_above_the_limit)
{
	struct catalogue catalogue = catalogue_open();

	for (size_t i = 0; i < NAMES; i++) {
		const struct dc_accelerator *a = device(&catalogue, names[i]);

		/* by definition of idle and max */
		cr_expect_eq(dc_accelerator_power_w(a, 0.0, 0.0, 0.0), a->power.idle_w, "%s",
			     names[i]);
		cr_expect_eq(dc_accelerator_power_w(a, 1.0, 1.0, 1.0), a->power.max_w, "%s",
			     names[i]);
		cr_expect_eq(dc_accelerator_power_w(a, 9.0, 9.0, 9.0), a->power.max_w, "%s",
			     names[i]);
		cr_expect_eq(dc_accelerator_power_w(a, -1.0, NAN, -0.0), a->power.idle_w, "%s",
			     names[i]);
	}
	catalogue_close(&catalogue);
}

Test(accelerator, power_rises_with_every_activity)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_accelerator *a = device(&catalogue, "a100-sxm4-80gb");

	for (int i = 0; i < 11 * 11 * 11; i++) {
		double c = i % 11 / 10.0, m = i / 11 % 11 / 10.0, l = i / 121 / 10.0;
		double here = dc_accelerator_power_w(a, c, m, l);

		cr_expect_geq(dc_accelerator_power_w(a, c + 0.1, m, l), here, "%g %g %g", c, m, l);
		cr_expect_geq(dc_accelerator_power_w(a, c, m + 0.1, l), here, "%g %g %g", c, m, l);
		cr_expect_geq(dc_accelerator_power_w(a, c, m, l + 0.1), here, "%g %g %g", c, m, l);
		cr_expect(here >= 60.0 && here <= 400.0, "%g %g %g", c, m, l);
	}
	/* strictly so while there is room: small activities */
	cr_expect_gt(dc_accelerator_power_w(a, 0.1, 0.1, 0.2),
		     dc_accelerator_power_w(a, 0.1, 0.1, 0.1));
	catalogue_close(&catalogue);
}

Test(accelerator, phases_draw_what_was_measured)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_accelerator *a = device(&catalogue, "a100-sxm4-80gb");
	/* what a large product sustains, and a third of the bandwidth */
	double sustained = a->efficiency.matrix, stream = a->efficiency.memory;
	double product = dc_accelerator_power_w(a, sustained, 0.33, 0.0) / a->power.max_w;
	double exposed = dc_accelerator_power_w(a, 0.0, 0.0, 1.0) / a->power.max_w;

	/* compute phases 0.9-1.1 of rated power, exposed communication 0.3-0.6 [Patel et al. 2024,
	 * POLCA, ASPLOS] */
	cr_expect(product >= 0.9 && product <= 1.1, "product %g", product);
	cr_expect(exposed >= 0.3 && exposed <= 0.6, "communication %g", exposed);
	/* 60 + 340 x 0.35 W (hand) */
	cr_expect_float_eq(exposed, 179.0 / 400.0, 1e-12);
	/* 60 + 340 (0.75 x 0.5 + 0.75 x 0.2) W (hand) */
	cr_expect_float_eq(dc_accelerator_power_w(a, 0.5 * sustained, 0.2 * stream, 0.0), 238.5,
			   1e-9);
	catalogue_close(&catalogue);
}

Test(accelerator, overrides_reach_nested_keys)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_accelerator *a = catalogue_read(
		&catalogue, &dc_accelerator_family, "{base: a100-sxm4-80gb, power: {max: 300 W}}");

	/* the override, and its neighbour from the entry */
	cr_expect_eq(a->power.max_w, 300.0);
	cr_expect_eq(a->power.idle_w, 60.0);
	catalogue_close(&catalogue);
}

Test(accelerator, refuses_idle_above_max_and_no_peak)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_accelerator *a = catalogue_read(
		&catalogue, &dc_accelerator_family,
		"{name: odd, kind: gpu, peak: {}, memory: {size: 1 GB, bandwidth: 1 GB/s}, "
		"power: {idle: 50 W, max: 40 W}}");

	cr_expect_eq(dc_accelerator_check(a, catalogue.diag), DC_ERR_INPUT);
	cr_expect_eq(dc_diag_errors(catalogue.diag), 2u);
	catalogue_expect(&catalogue, "accelerator power: idle (50 W) is above max (40 W)");
	catalogue_expect(&catalogue, "at least one format must have a peak above 0");
	catalogue_close(&catalogue);
}

Test(accelerator, an_inline_device_needs_its_memory_and_power)
{
	struct catalogue catalogue = catalogue_open();
	void *out = NULL;

	cr_expect_eq(catalogue_try(&catalogue, &dc_accelerator_family,
				   "{name: bare, kind: gpu, peak: {bf16: 1 TFLOP/s}}", &out),
		     DC_ERR_INPUT);
	catalogue_expect(&catalogue, "memory");
	catalogue_expect(&catalogue, "power");
	catalogue_close(&catalogue);
}
