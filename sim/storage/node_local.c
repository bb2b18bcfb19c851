/* Drives inside each node, holding the data that the node reads. */
#include <math.h>

#include "storage/tier.h"
#include "storage/tier_sections.h"

struct node_local {
	struct dc_tier_head head;
};

static const struct dc_field drives_fields[] = {
	{.key = "type",
	 .kind = DC_CATALOGUE,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_tier_drives, type),
	 .catalogue = &dc_drive_family,
	 .help = "Which drive"},
	{.key = "count",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_tier_drives, count),
	 .min = 1.0,
	 .max = 1e6,
	 .fallback = "1",
	 .help = "Drives per node"},
};

static const struct dc_section drives_section = {
	.name = "tier drives",
	.doc = "The drives of one node",
	.size = sizeof(struct dc_tier_drives),
	DC_FIELDS(drives_fields),
};

static const struct dc_field fields[] = {
	{.key = "kind",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct node_local, head.kind),
	 .help = "node-local: drives in each node"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct node_local, head.name),
	 .help = "Name that workloads refer to; the kind when absent"},
	{.key = "drives",
	 .kind = DC_SECTION,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct node_local, head.drives),
	 .section = &drives_section,
	 .help = "The drives of one node"},
	{.key = "on", .kind = DC_RESERVED, .help = "Node group that has the drives"},
	{.key = "policy", .kind = DC_RESERVED, .help = "What stays when the tier is a cache"},
};

const struct dc_section dc_tier_node_local_section = {
	.name = "node-local tier",
	.doc = "Drives inside each node",
	.size = sizeof(struct node_local),
	DC_FIELDS(fields),
};

/* Asymptotic bounds of a closed queueing network with m readers and n equal drives [Denning and Buzen
 * 1978, ACM Computing Surveys 10(3); Lazowska et al. 1984, Quantitative System Performance, ch. 5]:
 *     X(m) = min(m / R, n / D),   R the unloaded response, D a drive's busy time per sample.
 * Samples are spread evenly over the drives. */
static double read_rate(const void *section, double sample_bytes, double readers)
{
	const struct node_local *tier = section;
	const struct dc_drive *drive = tier->head.drives.type;

	return fmin(readers / dc_drive_read_latency_s(drive, sample_bytes),
		    (double)tier->head.drives.count /
			    dc_drive_read_occupancy_s(drive, sample_bytes));
}

const struct dc_tier_type dc_tier_node_local = {
	.name = "node-local",
	.doc = "Drives inside each node: no network, capacity per node.",
	.section = &dc_tier_node_local_section,
	.read_rate = read_rate,
};
