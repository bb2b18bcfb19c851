/* Hosts: field table, power. */
#include "hardware/host.h"

#include <math.h>
#include <stddef.h>

static const struct dc_field host_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_host, name),
	 .help = "name of the host"},
	{.key = "description",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_host, description),
	 .help = "one line for people"},
	{.key = "cpus",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_host, cpus),
	 .min = 1.0,
	 .max = 64.0,
	 .fallback = "2",
	 .help = "processor sockets"},
	{.key = "cores",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_host, cores),
	 .min = 1.0,
	 .max = 65536.0,
	 .help = "cores of all sockets together"},
	{.key = "memory",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_host, memory_size_bytes),
	 .max = 1e15,
	 .help = "DRAM; for people: nothing is cached in it yet"},
	{.key = "idle",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_host, idle_w),
	 .max = 1e6,
	 .help = "power with idle cores: CPUs, DRAM, boards, fans; no accelerators, drives, NICs"},
	{.key = "max",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_host, max_w),
	 .max = 1e6,
	 .help = "the same with all cores busy"},
	{.key = "nics",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .offset = offsetof(struct dc_host, nic_w),
	 .max = 1e5,
	 .fallback = "0 W",
	 .help = "power of all network interfaces together"},
	{.key = "psu_rated",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_host, psu_rated_w),
	 .max = 1e6,
	 .help = "rating of all power supplies that share the load"},
	{.key = "price",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_MONEY,
	 .offset = offsetof(struct dc_host, price_usd),
	 .max = 1e9,
	 .fallback = "0 USD",
	 .help = "price of the server without accelerators and drives; 0: unknown"},
	{.key = "year",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_host, year),
	 .min = 1950.0,
	 .max = 2100.0,
	 .fallback = "2020",
	 .help = "year of availability"},
};

const struct dc_section dc_host_section = {
	.name = "host",
	.doc = "A server without its accelerators and drives",
	.size = sizeof(struct dc_host),
	DC_FIELDS(host_fields),
};

const struct dc_catalogue_family dc_host_family = {
	.name = "hosts",
	.section = &dc_host_section,
};

enum dc_status dc_host_check(const struct dc_host *host, struct dc_diag *diag)
{
	enum dc_status status = DC_OK;

	if (host->idle_w > host->max_w)
		status = dc_diag_error(diag, dc_node_mark(host->node, "idle"),
				       "host: idle (%g W) is above max (%g W)", host->idle_w,
				       host->max_w);
	if (host->cores < host->cpus)
		status = dc_diag_error(diag, dc_node_mark(host->node, "cores"),
				       "host: %llu cores are fewer than one per socket (%llu)",
				       (unsigned long long)host->cores,
				       (unsigned long long)host->cpus);
	return status;
}

double dc_host_power_w(const struct dc_host *host, double cpu_u)
{
	double share = cpu_u > 0.0 ? fmin(cpu_u, 1.0) : 0.0;

	return host->idle_w + (host->max_w - host->idle_w) * share + host->nic_w;
}
