/* What networks are built of: switches, optics and cables, network interfaces, as data sheets say.
 *
 * Power is what a device draws while its links are up; it hardly changes with traffic, since the
 * serialisers run whether or not they carry data [Heller et al. 2010, ElasticTree, sec. 2.3]. A negative
 * power or price is not known. Bandwidth is per direction.
 *
 * Ownership: sections live in the arena of the configuration they were read through. */
#ifndef DC_FABRIC_DEVICES_H
#define DC_FABRIC_DEVICES_H

#include <stdint.h>

#include "config/fields.h"

struct dc_fabric_switch {
	const struct dc_node *node;
	const char *name;
	const char *description;
	uint64_t ports;
	uint64_t split;       /* links that one port may be split into */
	double bandwidth_bps; /* of a port */
	double latency_s;     /* port to port; for people: links' latency includes it */
	double power_w;       /* with passive cables, without transceivers */
	double max_w;         /* with the most that transceivers may draw; for people */
	double price_usd;
	uint64_t year;
};

enum dc_fabric_optics_kind {
	DC_FABRIC_OPTICS_TRANSCEIVER, /* a module at each end of a fibre */
	DC_FABRIC_OPTICS_CABLE,       /* ends fixed: passive copper, active optical cable */
};

struct dc_fabric_optics {
	const struct dc_node *node;
	const char *name;
	const char *description;
	int kind;             /* enum dc_fabric_optics_kind */
	double bandwidth_bps; /* of a module, or of the whole cable */
	double power_w;       /* of a module, or of each end of the cable */
	double price_usd;     /* of a module, or of the whole cable */
	uint64_t year;
};

struct dc_fabric_nic {
	const struct dc_node *node;
	const char *name;
	const char *description;
	uint64_t ports;
	double bandwidth_bps;      /* of all ports together */
	double host_bandwidth_bps; /* nominal, of PCIe */
	double power_w;            /* without transceivers */
	double price_usd;
	uint64_t year;
};

extern const struct dc_catalogue_family dc_fabric_switch_family; /* catalog/switches */
extern const struct dc_catalogue_family dc_fabric_optics_family; /* catalog/optics */
extern const struct dc_catalogue_family dc_fabric_nic_family;    /* catalog/nics */

/* How many links of a bandwidth one port or module takes, split as far as it may be; 0: not even one. */
uint64_t dc_fabric_switch_split(const struct dc_fabric_switch *device, double bandwidth_bps);
uint64_t dc_fabric_optics_split(const struct dc_fabric_optics *optics, double bandwidth_bps);
/* Links of a bandwidth that a switch takes in all. */
uint64_t dc_fabric_switch_ports(const struct dc_fabric_switch *device, double bandwidth_bps);

#endif
