/* Switches, optics and network interfaces: field tables, ports. */
#include "fabric/devices.h"

#include <math.h>

#define NAME_ROWS(type, what)                                                                      \
	{.key = "name",                                                                            \
	 .kind = DC_STRING,                                                                        \
	 .flags = DC_REQUIRED,                                                                     \
	 .offset = offsetof(struct type, name),                                                    \
	 .help = "name of the " what},                                                             \
	{                                                                                          \
		.key = "description", .kind = DC_STRING,                                           \
		.offset = offsetof(struct type, description), .help = "one line for people"        \
	}

#define BANDWIDTH_ROW(type, words)                                                                 \
	{                                                                                          \
		.key = "bandwidth", .kind = DC_QUANTITY, .dimension = DC_DIM_BANDWIDTH,            \
		.flags = DC_REQUIRED | DC_POSITIVE,                                                \
		.offset = offsetof(struct type, bandwidth_bps), .min = 0, .max = 1e18,             \
		.help = words                                                                      \
	}

#define MONEY_ROWS(type)                                                                           \
	{.key = "price",                                                                           \
	 .kind = DC_QUANTITY,                                                                      \
	 .dimension = DC_DIM_MONEY,                                                                \
	 .offset = offsetof(struct type, price_usd),                                               \
	 .min = -1,                                                                                \
	 .max = 1e9,                                                                               \
	 .fallback = "-1 USD",                                                                     \
	 .help = "of one; default (negative): not known"},                                         \
	{                                                                                          \
		.key = "year", .kind = DC_COUNT, .offset = offsetof(struct type, year),            \
		.min = 1950, .max = 2100, .fallback = "2020", .help = "year of availability"       \
	}

#define POWER_ROW(name, type, member, words)                                                       \
	{                                                                                          \
		.key = (name), .kind = DC_QUANTITY, .dimension = DC_DIM_POWER,                     \
		.offset = offsetof(struct type, member), .min = -1, .max = 1e6,                    \
		.fallback = "-1 W", .help = words "; default (negative): not known"                \
	}

static const struct dc_field switch_fields[] = {
	NAME_ROWS(dc_fabric_switch, "switch"),
	{.key = "ports",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_fabric_switch, ports),
	 .min = 1,
	 .max = 65536,
	 .help = "ports of the bandwidth below"},
	{.key = "split",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_fabric_switch, split),
	 .min = 1,
	 .max = 64,
	 .fallback = "1",
	 .help = "slower links that one port may be split into, at most"},
	BANDWIDTH_ROW(dc_fabric_switch, "of a port, per direction"),
	{.key = "latency",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_fabric_switch, latency_s),
	 .min = 0,
	 .max = 1,
	 .fallback = "0 s",
	 .help = "port to port; for people: the latency of a dimension's links includes it"},
	POWER_ROW("power", dc_fabric_switch, power_w, "with passive cables, without transceivers"),
	POWER_ROW("max", dc_fabric_switch, max_w, "rated; for people"),
	MONEY_ROWS(dc_fabric_switch),
};

static const char *const kinds[] = {"transceiver", "cable", NULL};

static const struct dc_field optics_fields[] = {
	NAME_ROWS(dc_fabric_optics, "transceiver or cable"),
	{.key = "kind",
	 .kind = DC_ENUM,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_fabric_optics, kind),
	 .choices = kinds,
	 .help = "transceiver: a module at each end of a fibre; cable: with its ends, copper or "
		 "optical"},
	BANDWIDTH_ROW(dc_fabric_optics, "of a module or the whole cable, per direction; a module "
					"serves as many links as it has bandwidth for"),
	POWER_ROW("power", dc_fabric_optics, power_w, "of a module, or of each end of a cable"),
	MONEY_ROWS(dc_fabric_optics),
};

static const struct dc_field nic_fields[] = {
	NAME_ROWS(dc_fabric_nic, "network interface"),
	{.key = "ports",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_fabric_nic, ports),
	 .min = 1,
	 .max = 64,
	 .fallback = "1",
	 .help = "ports that share the bandwidth"},
	BANDWIDTH_ROW(dc_fabric_nic, "of all ports together, per direction"),
	{.key = "host_bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_fabric_nic, host_bandwidth_bps),
	 .min = 0,
	 .max = 1e18,
	 .help = "of its PCIe, nominal, per direction"},
	POWER_ROW("power", dc_fabric_nic, power_w, "without transceivers"),
	MONEY_ROWS(dc_fabric_nic),
};

static const struct dc_section switch_section = {
	.name = "switch",
	.doc = "A switch of a network, box or chip",
	.size = sizeof(struct dc_fabric_switch),
	DC_FIELDS(switch_fields),
};

static const struct dc_section optics_section = {
	.name = "optics",
	.doc = "A transceiver, or a cable with its ends",
	.size = sizeof(struct dc_fabric_optics),
	DC_FIELDS(optics_fields),
};

static const struct dc_section nic_section = {
	.name = "nic",
	.doc = "A network interface",
	.size = sizeof(struct dc_fabric_nic),
	DC_FIELDS(nic_fields),
};

const struct dc_catalogue_family dc_fabric_switch_family = {"switches", &switch_section};
const struct dc_catalogue_family dc_fabric_optics_family = {"optics", &optics_section};
const struct dc_catalogue_family dc_fabric_nic_family = {"nics", &nic_section};

/* How often a part goes into the whole, forgiving the rounding of a bandwidth that was worked out. */
static uint64_t fit(double whole_bps, double part_bps)
{
	return (uint64_t)floor(fmin(whole_bps / part_bps * (1 + 1e-9), 65536));
}

uint64_t dc_fabric_switch_split(const struct dc_fabric_switch *device, double bandwidth_bps)
{
	uint64_t links = fit(device->bandwidth_bps, bandwidth_bps);

	return links < device->split ? links : device->split;
}

uint64_t dc_fabric_optics_split(const struct dc_fabric_optics *optics, double bandwidth_bps)
{
	return fit(optics->bandwidth_bps, bandwidth_bps);
}

uint64_t dc_fabric_switch_ports(const struct dc_fabric_switch *device, double bandwidth_bps)
{
	return device->ports * dc_fabric_switch_split(device, bandwidth_bps);
}
