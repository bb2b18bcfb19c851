/* Storage tiers: drives behind one name.
 *
 * A tier's kind is one file with one descriptor, chosen by the key `kind`. Rates are what one end point
 * (for node-local drives: one node) sees. Ownership: the config's arena. */
#ifndef DC_STORAGE_TIER_H
#define DC_STORAGE_TIER_H

#include "base/status.h"
#include "config/config.h"
#include "storage/drive.h"

struct dc_tier_type {
	const char *name;
	const char *doc;
	const struct dc_section *section;
	double (*read_rate)(const void *section, double sample_bytes, double readers);
};

struct dc_tier_drives {
	const struct dc_node *node;
	const struct dc_drive *type;
	uint64_t count; /* per node */
};

/* Every tier's struct starts with this. */
struct dc_tier_head {
	const struct dc_node *node;
	const char *kind; /* the tag */
	const char *name;
	struct dc_tier_drives drives;
};

extern const struct dc_tier_type dc_tier_node_local;
extern const struct dc_tagged_family dc_tier_family;

enum dc_status dc_tier_check(const struct dc_tagged *tier, struct dc_diag *diag) DC_CHECK;

/* Samples per second of sample_bytes >= 0 that one node's drives deliver to `readers` > 0 concurrent
 * readers, each asking for its next sample when it has one, at random places. An upper bound that is
 * met when service does not vary. */
double dc_tier_read_rate(const struct dc_tagged *tier, double sample_bytes, double readers);
/* The bound of that rate however many read; a drive's busy share is rate / this. */
double dc_tier_read_limit(const struct dc_tagged *tier, double sample_bytes);
/* Of one node's drives. */
double dc_tier_capacity_bytes(const struct dc_tagged *tier);
double dc_tier_power_w(const struct dc_tagged *tier, double utilisation);
double dc_tier_price_usd(const struct dc_tagged *tier);
/* The tier's `name`, or its kind when it has none. */
const char *dc_tier_name(const struct dc_tagged *tier);

#endif
