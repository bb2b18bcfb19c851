/* Hosts: every catalogue entry, power, and whole servers against measurements. */
#include <criterion/criterion.h>

#include "catalogue.h"
#include "hardware/accelerator.h"
#include "hardware/host.h"

static const struct dc_host *host(const struct catalogue *catalogue, const char *name)
{
	return catalogue_read(catalogue, &dc_host_family, name);
}

Test(host, every_entry_is_sane)
{
	struct catalogue catalogue = catalogue_open();
	const char *const *names = NULL;
	size_t count = 0;

	cr_assert_eq(dc_catalogue_names(catalogue.config, "hosts", &names, &count), DC_OK);
	cr_assert_geq(count, 4u);
	/* ranges that any server with one to eight sockets lies inside */
	for (size_t i = 0; i < count; i++) {
		const struct dc_host *h = host(&catalogue, names[i]);

		cr_expect_str_eq(h->name, names[i]);
		cr_expect_eq(dc_host_check(h, catalogue.diag), DC_OK, "%s", names[i]);
		cr_expect(h->cores >= 2 * h->cpus && h->cores <= 256 * h->cpus, "%s", names[i]);
		cr_expect(h->idle_w > 50.0 && h->idle_w < h->max_w, "%s", names[i]);
		cr_expect(h->psu_rated_w >= h->max_w + h->nic_w, "%s", names[i]);
		cr_expect(h->memory_size_bytes >= 64e9, "%s", names[i]);
	}
	catalogue_close(&catalogue);
}

Test(host, power_is_linear_in_the_cores_in_use)
{
	const struct dc_host h = {.idle_w = 100.0, .max_w = 300.0, .nic_w = 20.0};

	/* 100 + 200 u + 20 (hand), u clipped to 0..1 */
	cr_expect_eq(dc_host_power_w(&h, 0.0), 120.0);
	cr_expect_eq(dc_host_power_w(&h, 0.25), 170.0);
	cr_expect_eq(dc_host_power_w(&h, 1.0), 320.0);
	cr_expect_eq(dc_host_power_w(&h, 7.0), 320.0);
	cr_expect_eq(dc_host_power_w(&h, -1.0), 120.0);
}

/* Eight accelerators and their host at the input of supplies of the given efficiency, W. */
static double server_w(const struct catalogue *catalogue, const char *accelerator,
		       const char *host_name, double activity, double efficiency)
{
	const struct dc_accelerator *a =
		catalogue_read(catalogue, &dc_accelerator_family, accelerator);

	return (8.0 * dc_accelerator_power_w(a, activity, activity, activity) +
		dc_host_power_w(host(catalogue, host_name), activity)) /
	       efficiency;
}

Test(host, an_eight_a100_server_draws_what_was_measured)
{
	struct catalogue catalogue = catalogue_open();

	/* idle about 1.5 kW [Hu et al. 2024, Acme power trace, 5th percentile 1,512 W]; at most 6.5 kW
	 * [NVIDIA DGX A100 data sheet]; supplies 95 % efficient */
	cr_expect_float_eq(server_w(&catalogue, "a100-sxm4-80gb", "dual-epyc-7742", 0.0, 0.95),
			   1512.0, 45.0);
	cr_expect_float_eq(server_w(&catalogue, "a100-sxm4-80gb", "dual-epyc-7742", 1.0, 0.95),
			   6500.0, 100.0);
	catalogue_close(&catalogue);
}

Test(host, an_eight_h100_server_draws_what_was_measured)
{
	struct catalogue catalogue = catalogue_open();
	double idle_w = server_w(&catalogue, "h100-sxm5-80gb", "dual-xeon-8480c", 0.0, 0.955);

	/* 2.16-2.69 kW before runs [MLPerf Training v4.0 power logs]; 8.4 kW at most [Latif et al.
	 * 2025], below the 10.2 kW rated; supplies 95.5 % efficient */
	cr_expect(idle_w >= 2160.0 && idle_w <= 2690.0, "%g W", idle_w);
	cr_expect_float_eq(server_w(&catalogue, "h100-sxm5-80gb", "dual-xeon-8480c", 1.0, 0.955),
			   8400.0, 50.0);
	catalogue_close(&catalogue);
}

Test(host, refuses_idle_above_max_and_too_few_cores)
{
	struct catalogue catalogue = catalogue_open();
	const struct dc_host *h = catalogue_read(
		&catalogue, &dc_host_family,
		"{name: odd, cpus: 4, cores: 2, memory: 1 GB, idle: 50 W, max: 40 W, "
		"psu_rated: 1 kW}");

	cr_expect_eq(dc_host_check(h, catalogue.diag), DC_ERR_INPUT);
	cr_expect_eq(dc_diag_errors(catalogue.diag), 2u);
	catalogue_expect(&catalogue, "host: idle (50 W) is above max (40 W)");
	catalogue_expect(&catalogue, "host: 2 cores are fewer than one per socket (4)");
	catalogue_close(&catalogue);
}
