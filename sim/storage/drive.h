/* Drives: one device that holds data, as its data sheet describes it.
 *
 * A catalogue family (catalog/drives/). Solid-state drives answer many requests at once up to their
 * bandwidth and request rate; a hard disk serves one at a time. Ownership: the config's arena. */
#ifndef DC_STORAGE_DRIVE_H
#define DC_STORAGE_DRIVE_H

#include "base/status.h"
#include "config/config.h"

enum dc_drive_kind { DC_DRIVE_NVME, DC_DRIVE_SATA_SSD, DC_DRIVE_HDD };

struct dc_drive {
	const struct dc_node *node;
	int kind; /* enum dc_drive_kind */
	double capacity_bytes;
	double read_bps; /* sequential */
	double write_bps;
	double read_latency_s; /* solid-state: of one small read alone */
	double read_rate_per_s; /* solid-state: most requests per second; 0: bandwidth alone bounds */
	double seek_s;          /* hard disk: mean seek */
	double rotation_s;      /* hard disk: one revolution */
	double idle_w;
	double active_w;
	double price_usd;
};

extern const struct dc_section dc_drive_section;
extern const struct dc_catalogue_family dc_drive_family;

/* What a field table cannot say: a hard disk rotates, power does not fall with work. */
enum dc_status dc_drive_check(const struct dc_drive *drive, const struct dc_node *where,
			      struct dc_diag *diag) DC_CHECK;

/* Time from asking an idle drive for size_bytes >= 0 at a random place to the last byte, in seconds. */
double dc_drive_read_latency_s(const struct dc_drive *drive, double size_bytes);
/* Time for which such a read keeps the drive from others: its inverse bounds the rate, per second. */
double dc_drive_read_occupancy_s(const struct dc_drive *drive, double size_bytes);
/* Power at a share of busy time, 0 to 1. */
double dc_drive_power_w(const struct dc_drive *drive, double utilisation);

#endif
