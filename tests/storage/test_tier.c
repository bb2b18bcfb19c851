/* Drives and tiers: times from data sheet figures, bounds of throughput, power and price. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "storage/drive.h"
#include "storage/tier.h"

static const struct dc_drive nvme = {
	.kind = DC_DRIVE_NVME,
	.capacity_bytes = 3.84e12,
	.read_bps = 6.5e9,
	.write_bps = 3.5e9,
	.read_latency_s = 80e-6,
	.read_rate_per_s = 900e3,
	.idle_w = 5.0,
	.active_w = 12.0,
	.price_usd = 450.0,
};
static const struct dc_drive hdd = {
	.kind = DC_DRIVE_HDD,
	.capacity_bytes = 22e12,
	.read_bps = 285e6,
	.write_bps = 285e6,
	.seek_s = 8.5e-3,
	.rotation_s = 60.0 / 7200.0,
	.idle_w = 5.4,
	.active_w = 9.4,
};

static struct dc_tier_head head;

static struct dc_tagged local(const struct dc_drive *drive, uint64_t count)
{
	head = (struct dc_tier_head){.kind = "node-local",
				     .drives = {.type = drive, .count = count}};
	return (struct dc_tagged){&dc_tier_family.types[0], &head};
}

/* seek + half a revolution + size/bandwidth: 8.5 + 4.1667 + 110 kB / 285 MB/s = 0.38596 ms
 * (Ruemmler and Wilkes 1994; hand). */
Test(drive, hard_disk_read)
{
	double want = 8.5e-3 + 60.0 / 7200.0 / 2.0 + 110e3 / 285e6;

	cr_expect_float_eq(dc_drive_read_latency_s(&hdd, 110e3), want, 1e-15);
	cr_expect_float_eq(want, 13.0526e-3, 1e-7);
	cr_expect_float_eq(dc_drive_read_occupancy_s(&hdd, 110e3), want, 1e-15);
}

/* latency + size/bandwidth; busy for the larger of size/bandwidth and 1/rate (hand). */
Test(drive, flash_read)
{
	cr_expect_float_eq(dc_drive_read_latency_s(&nvme, 110e3), 80e-6 + 110e3 / 6.5e9, 1e-18);
	cr_expect_float_eq(dc_drive_read_occupancy_s(&nvme, 110e3), 110e3 / 6.5e9, 1e-18);
	cr_expect_float_eq(dc_drive_read_occupancy_s(&nvme, 512.0), 1.0 / 900e3, 1e-18);
	cr_expect_float_eq(dc_drive_read_occupancy_s(&nvme, 0.0), 1.0 / 900e3, 1e-18);
}

Test(drive, power_between_idle_and_active)
{
	cr_expect_eq(dc_drive_power_w(&nvme, 0.0), 5.0);
	cr_expect_eq(dc_drive_power_w(&nvme, 0.5), 8.5);
	cr_expect_eq(dc_drive_power_w(&nvme, 1.0), 12.0);
}

/* min(m / R, n / D) (Denning and Buzen 1978). NVMe, 110 kB: R = 96.923 us, D = 16.923 us: one reader gets
 * 10317 /s; one drive at most 59091 /s, reached at m = R / D = 5.73 readers; HDD: 76.6 /s a drive. */
Test(tier, asymptotic_bounds)
{
	struct dc_tagged tier = local(&nvme, 1);
	double knee = (80e-6 + 110e3 / 6.5e9) / (110e3 / 6.5e9);

	cr_expect_float_eq(dc_tier_read_rate(&tier, 110e3, 1.0), 10317.46, 0.01);
	cr_expect_float_eq(dc_tier_read_rate(&tier, 110e3, 5.0), 5 * 10317.46, 0.05);
	cr_expect_float_eq(dc_tier_read_rate(&tier, 110e3, knee), 59090.91, 0.01);
	cr_expect_float_eq(dc_tier_read_rate(&tier, 110e3, 100.0), 59090.91, 0.01);
	cr_expect_float_eq(dc_tier_read_limit(&tier, 110e3), 59090.91, 0.01);
	tier = local(&nvme, 4);
	cr_expect_float_eq(dc_tier_read_rate(&tier, 110e3, 1.0), 10317.46, 0.01);
	cr_expect_float_eq(dc_tier_read_limit(&tier, 110e3), 4 * 59090.91, 0.04);
	tier = local(&hdd, 4);
	cr_expect_float_eq(dc_tier_read_rate(&tier, 110e3, 1.0), 76.6128, 1e-3);
	cr_expect_float_eq(dc_tier_read_rate(&tier, 110e3, 8.0), 4 * 76.6128, 4e-3);
}

/* Never beyond the drives' bandwidth, never less with more readers or drives, never more for bigger
 * samples. */
Test(tier, rate_is_monotone_and_bounded)
{
	const struct dc_drive *drives[] = {&nvme, &hdd};

	for (size_t d = 0; d < 2; d++)
		for (uint64_t count = 1; count <= 8; count *= 2)
			for (double size = 1e3; size <= 1e9; size *= 10.0)
				for (double readers = 1.0; readers <= 256.0; readers *= 2.0) {
					struct dc_tagged tier = local(drives[d], count);
					double rate = dc_tier_read_rate(&tier, size, readers);

					cr_assert(rate > 0.0);
					cr_assert(rate * size <= (double)count *
									 drives[d]->read_bps *
									 (1.0 + 1e-12));
					cr_assert(dc_tier_read_rate(&tier, size, 2 * readers) >=
						  rate);
					cr_assert(dc_tier_read_rate(&tier, 10 * size, readers) <=
						  rate);
					tier = local(drives[d], 2 * count);
					cr_assert(dc_tier_read_rate(&tier, size, readers) >= rate);
				}
}

/* Four drives are four times one (hand). */
Test(tier, sums_over_drives)
{
	struct dc_tagged tier = local(&nvme, 4);

	cr_expect_float_eq(dc_tier_capacity_bytes(&tier), 15.36e12, 1.0);
	cr_expect_float_eq(dc_tier_power_w(&tier, 0.5), 34.0, 1e-12);
	cr_expect_float_eq(dc_tier_price_usd(&tier), 1800.0, 1e-9);
	cr_expect_str_eq(dc_tier_name(&tier), "node-local");
}

/* Reading from text: a section with one tier. */
struct holder {
	const struct dc_node *node;
	struct dc_list tiers;
};

static const struct dc_field holder_fields[] = {
	{.key = "tiers",
	 .kind = DC_LIST,
	 .offset = offsetof(struct holder, tiers),
	 .family = &dc_tier_family,
	 .help = "tiers"},
};

static const struct dc_section holder_section = {
	.name = "storage",
	.doc = "test",
	.size = sizeof(struct holder),
	DC_FIELDS(holder_fields),
};

struct reading {
	struct dc_diag *diag;
	struct dc_config *config;
	struct holder holder;
	char *messages;
};

static enum dc_status read_tiers(struct reading *reading, const char *yaml)
{
	const char *source = getenv("srcdir");
	const char *folders[] = {source ? source : ".", NULL};
	struct dc_node *root;
	enum dc_status status;
	size_t size;
	FILE *out;

	*reading = (struct reading){.diag = dc_diag_create()};
	reading->config = dc_config_create(reading->diag, folders);
	cr_assert_eq(dc_tree_read_text(dc_config_arena(reading->config), reading->diag, "t.yaml",
				       yaml, strlen(yaml), &root),
		     DC_OK);
	status = dc_section_read(reading->config, &holder_section, root, &reading->holder);
	if (!status)
		status = dc_tier_check(reading->holder.tiers.items, reading->diag);
	out = open_memstream(&reading->messages, &size);
	dc_diag_render(reading->diag, out, false);
	fclose(out);
	return status;
}

static void end(struct reading *reading)
{
	free(reading->messages);
	dc_config_destroy(reading->config);
	dc_diag_destroy(reading->diag);
}

/* Every drive of the catalogue reads, passes its check, and a hard disk is the slowest by far. */
Test(tier, catalogue)
{
	static const char *const names[] = {"nvme-3.84tb", "sata-ssd-3.84tb", "hdd-22tb"};
	double before = (double)INFINITY;

	for (size_t i = 0; i < 3; i++) {
		struct reading reading;
		char yaml[160];
		double rate;

		snprintf(yaml, sizeof(yaml),
			 "tiers: [{kind: node-local, name: n, drives: {type: %s, count: 4}}]",
			 names[i]);
		cr_assert_eq(read_tiers(&reading, yaml), DC_OK, "%s: %s", names[i],
			     reading.messages);
		rate = dc_tier_read_rate(reading.holder.tiers.items, 110e3, 64.0);
		cr_expect(rate < before / 5.0, "%s: %g", names[i], rate);
		before = rate;
		cr_expect(dc_tier_price_usd(reading.holder.tiers.items) > 0.0);
		cr_expect(dc_tier_power_w(reading.holder.tiers.items, 1.0) >
			  dc_tier_power_w(reading.holder.tiers.items, 0.0));
		end(&reading);
	}
}

/* An entry with changes: a base and a key laid over it. */
Test(tier, drive_with_changes)
{
	struct reading reading;

	cr_assert_eq(read_tiers(&reading, "tiers: [{kind: node-local, drives: {count: 2, "
					  "type: {base: nvme-3.84tb, read_bandwidth: 1 GB/s}}}]"),
		     DC_OK, "%s", reading.messages);
	/* 1 MB at 1 GB/s each from two drives: 2000 /s (hand) */
	cr_expect_float_eq(dc_tier_read_limit(reading.holder.tiers.items, 1e6), 2000.0, 1e-9);
	end(&reading);
}

static const struct {
	const char *yaml, *words;
} refused[] = {
	{"tiers: [{kind: parallel-fs}]", "not supported yet"},
	{"tiers: [{kind: node-local}]", "drives"},
	{"tiers: [{kind: node-local, on: h100, drives: {type: nvme-3.84tb}}]", "not supported yet"},
	{"tiers: [{kind: node-local, policy: lru, drives: {type: nvme-3.84tb}}]",
	 "not supported yet"},
	{"tiers: [{kind: node-local, drives: {type: nvme-4tb}}]", "nvme-4tb"},
	{"tiers: [{kind: node-local, drives: {type: nvme-3.84tb, count: 0}}]", "count"},
	{"tiers: [{kind: node-local, drives: {type: {base: hdd-22tb, rotation: 0 s}}}]",
	 "rotation: a hard disk needs the time of one revolution"},
	{"tiers: [{kind: node-local, drives: {type: {base: hdd-22tb, active: 1 W}}}]",
	 "active: 1 W is below the idle 5.4 W"},
};

Test(tier, mistakes_are_refused)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct reading reading;

		cr_expect_eq(read_tiers(&reading, refused[i].yaml), DC_ERR_INPUT, "%s",
			     refused[i].yaml);
		cr_expect(strstr(reading.messages, refused[i].words) != NULL,
			  "%s: expected \"%s\" in:\n%s", refused[i].yaml, refused[i].words,
			  reading.messages);
		end(&reading);
	}
}
