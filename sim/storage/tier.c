/* The family of storage tiers. */
#include "storage/tier.h"

#include <math.h>

#include "storage/tier_sections.h"

static const struct dc_tagged_type types[] = {
	{"node-local", &dc_tier_node_local_section, &dc_tier_node_local},
};

static const char *const reserved[] = {
	"parallel-fs", "object-store", "distributed-fs", "memory", "shared", "archive", NULL,
};

const struct dc_tagged_family dc_tier_family = {
	.tag = "kind",
	.types = types,
	.count = sizeof(types) / sizeof(types[0]),
	.reserved = reserved,
};

enum dc_status dc_tier_check(const struct dc_tagged *tier, struct dc_diag *diag)
{
	const struct dc_tier_head *head = tier->section;

	return dc_drive_check(head->drives.type, head->drives.node, diag);
}

double dc_tier_read_rate(const struct dc_tagged *tier, double sample_bytes, double readers)
{
	const struct dc_tier_type *type = tier->type->descriptor;

	return type->read_rate(tier->section, sample_bytes, readers);
}

double dc_tier_read_limit(const struct dc_tagged *tier, double sample_bytes)
{
	return dc_tier_read_rate(tier, sample_bytes, (double)INFINITY);
}

double dc_tier_capacity_bytes(const struct dc_tagged *tier)
{
	const struct dc_tier_head *head = tier->section;

	return (double)head->drives.count * head->drives.type->capacity_bytes;
}

double dc_tier_power_w(const struct dc_tagged *tier, double utilisation)
{
	const struct dc_tier_head *head = tier->section;

	return (double)head->drives.count * dc_drive_power_w(head->drives.type, utilisation);
}

double dc_tier_price_usd(const struct dc_tagged *tier)
{
	const struct dc_tier_head *head = tier->section;

	return (double)head->drives.count * head->drives.type->price_usd;
}

const char *dc_tier_name(const struct dc_tagged *tier)
{
	const struct dc_tier_head *head = tier->section;

	return head->name ? head->name : tier->type->name;
}
