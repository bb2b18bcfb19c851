/* Hosts: everything in a server that is not an accelerator, a drive or a power supply's loss.
 *
 * Power is linear in the use of the cores [Fan, Weber & Barroso 2007: within 1 % of measured
 * groups of servers]: idle + (max - idle) u, plus the network interfaces, which draw the same
 * whatever they carry. It is counted at the output of the server's power supplies; their loss is
 * the facility's first stage. Fans and the board that joins the accelerators belong to the host.
 *
 * Ownership: sections live in the arena of the configuration they were read through. */
#ifndef DC_HARDWARE_HOST_H
#define DC_HARDWARE_HOST_H

#include <stdint.h>

#include "base/diag.h"
#include "config/fields.h"

struct dc_host {
	const struct dc_node *node;
	const char *name;
	const char *description;
	uint64_t cpus;            /* sockets */
	uint64_t cores;           /* of all sockets */
	double memory_size_bytes; /* DRAM */
	double idle_w, max_w;     /* cores at rest and all busy; fans and boards included */
	double nic_w;             /* all network interfaces of the server */
	double psu_rated_w;       /* sum of the ratings of the supplies that share the load */
	double price_usd;
	uint64_t year;
};

extern const struct dc_section dc_host_section;
extern const struct dc_catalogue_family dc_host_family; /* catalog/hosts */

/* What field rows cannot say: idle power at most the maximum, a core per socket at least. */
enum dc_status dc_host_check(const struct dc_host *host, struct dc_diag *diag) DC_CHECK;

/* Power at the supplies' output, W, without accelerators and drives. cpu_u: share of all cores in
 * use, clipped to 0..1. */
double dc_host_power_w(const struct dc_host *host, double cpu_u);

#endif
