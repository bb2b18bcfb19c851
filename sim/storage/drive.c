/* Drives: data sheet figures to times. */
#include "storage/drive.h"

#include <math.h>

static const char *const kinds[] = {"nvme", "sata-ssd", "hdd", NULL};

static const struct dc_field fields[] = {
	{.key = "kind",
	 .kind = DC_ENUM,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_drive, kind),
	 .choices = kinds,
	 .help = "Solid-state on PCIe, solid-state on SATA, or hard disk"},
	{.key = "capacity",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_drive, capacity_bytes),
	 .min = 0.0,
	 .max = 1e18,
	 .help = "Size"},
	{.key = "read_bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_drive, read_bps),
	 .min = 0.0,
	 .max = 1e15,
	 .help = "Sequential reading"},
	{.key = "write_bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_drive, write_bps),
	 .min = 0.0,
	 .max = 1e15,
	 .help = "Sequential writing; nothing writes yet"},
	{.key = "read_latency",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_drive, read_latency_s),
	 .min = 0.0,
	 .max = 60.0,
	 .fallback = "0 s",
	 .help = "Solid-state: one small random read alone"},
	{.key = "read_rate",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_RATE,
	 .offset = offsetof(struct dc_drive, read_rate_per_s),
	 .min = 0.0,
	 .max = 1e12,
	 .fallback = "0 /s",
	 .help = "Solid-state: most random reads per second; 0: no bound"},
	{.key = "seek",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_drive, seek_s),
	 .min = 0.0,
	 .max = 60.0,
	 .fallback = "0 s",
	 .help = "Hard disk: mean seek"},
	{.key = "rotation",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_drive, rotation_s),
	 .min = 0.0,
	 .max = 60.0,
	 .fallback = "0 s",
	 .help = "Hard disk: one revolution"},
	{.key = "idle",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .offset = offsetof(struct dc_drive, idle_w),
	 .min = 0.0,
	 .max = 1e6,
	 .fallback = "0 W",
	 .help = "Power when idle"},
	{.key = "active",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .offset = offsetof(struct dc_drive, active_w),
	 .min = 0.0,
	 .max = 1e6,
	 .fallback = "0 W",
	 .help = "Power when busy reading"},
	{.key = "price",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_MONEY,
	 .offset = offsetof(struct dc_drive, price_usd),
	 .min = 0.0,
	 .max = 1e9,
	 .fallback = "0 USD",
	 .help = "Price of one"},
};

const struct dc_section dc_drive_section = {
	.name = "drive",
	.doc = "A drive as its data sheet describes it",
	.size = sizeof(struct dc_drive),
	DC_FIELDS(fields),
};

const struct dc_catalogue_family dc_drive_family = {"drives", &dc_drive_section};

enum dc_status dc_drive_check(const struct dc_drive *drive, const struct dc_node *where,
			      struct dc_diag *diag)
{
	const struct dc_node *node = drive->node ? drive->node : where;
	enum dc_status status = DC_OK;

	if (drive->kind == DC_DRIVE_HDD && drive->rotation_s <= 0.0)
		status = dc_diag_error(
			diag, dc_node_mark(node, "rotation"),
			"rotation: a hard disk needs the time of one revolution, such as '8.33 ms'");
	if (drive->active_w < drive->idle_w)
		status = dc_diag_error(diag, dc_node_mark(node, "active"),
				       "active: %g W is below the idle %g W", drive->active_w,
				       drive->idle_w);
	return status;
}

/* Hard disk: seek + half a revolution + transfer [Ruemmler and Wilkes 1994, IEEE Computer 27(3)];
 * solid-state: latency + transfer. */
double dc_drive_read_latency_s(const struct dc_drive *drive, double size_bytes)
{
	double transfer_s = size_bytes / drive->read_bps;

	if (drive->kind == DC_DRIVE_HDD)
		return drive->seek_s + drive->rotation_s / 2.0 + transfer_s;
	return drive->read_latency_s + transfer_s;
}

/* A hard disk's arm is busy all the time; requests to flash overlap until the link or the controller
 * is full. */
double dc_drive_read_occupancy_s(const struct dc_drive *drive, double size_bytes)
{
	double transfer_s = size_bytes / drive->read_bps;

	if (drive->kind == DC_DRIVE_HDD)
		return dc_drive_read_latency_s(drive, size_bytes);
	if (drive->read_rate_per_s > 0.0)
		return fmax(transfer_s, 1.0 / drive->read_rate_per_s);
	return transfer_s;
}

double dc_drive_power_w(const struct dc_drive *drive, double utilisation)
{
	return drive->idle_w + (drive->active_w - drive->idle_w) * utilisation;
}
