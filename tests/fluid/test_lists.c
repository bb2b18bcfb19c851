/* Transfers in time: published completion times. */
#include <stdio.h>
#include <string.h>

#include "rig.h"

struct listed {
	struct rig_act act;
	double start_s, finish_s;
};

static size_t read_list(struct rig *rig, const char *name, struct listed *rows)
{
	const char *source = getenv("srcdir");
	char path[4096], line[4096];
	size_t count = 0;
	FILE *file;

	snprintf(path, sizeof path, "%s/tests/validation/flows/%s", source ? source : ".", name);
	file = fopen(path, "r");
	cr_assert(file, "%s", path);
	cr_assert(fgets(line, sizeof line, file));
	while (fgets(line, sizeof line, file)) {
		struct listed *row = &rows[count];
		double bytes;
		int used;
		char *rest;

		cr_assert_eq(sscanf(line, "%*d,%*d,%*d,%lf,%lf,%n", &bytes, &row->start_s, &used),
			     2);
		row->act = rig_transfer(rig, count, bytes);
		for (rest = line + used; *rest != ','; rest += *rest == ' ')
			rig_over(&row->act, (uint32_t)strtoul(rest, &rest, 10));
		row->finish_s = strtod(rest + 1, NULL);
		row->act.spec.path = row->act.path;
		rig_at(&row->act, dc_time_from_s(row->start_s));
		count++;
	}
	fclose(file);
	return count;
}

static void run_list(const char *name, size_t expected)
{
	struct rig *rig = rig_set_up(RIG_LINKS, 50e9);
	struct listed *rows = calloc(RIG_ENDS, sizeof *rows);
	size_t count;

	cr_assert(rows);
	count = read_list(rig, name, rows);
	cr_assert_eq(count, expected, "%s", name);
	rig_run(rig);
	for (size_t i = 0; i < count; i++) {
		double want_s = rows[i].finish_s - rows[i].start_s;
		double got_s = dc_time_to_s(rig->end[i] - dc_time_from_s(rows[i].start_s));

		cr_expect(fabs(got_s - want_s) <= fmax(2e-15, 1e-9 * want_s),
			  "%s flow %zu: %.17g s for %.17g s", name, i, got_s, want_s);
	}
	cr_assert_eq(dc_fluid_transfers_live(rig->transfers), 0u);
	free(rows);
	rig_tear_down(rig);
}

/* Source: SimGrid 3.32 at tight precision, tests/validation/flows/README.md. */
Test(transfers, poisson_list)
{
	run_list("poisson_1k.csv", 1000);
}

Test(transfers, burst_list)
{
	run_list("burst_1k.csv", 1000);
}

Test(transfers, permutation_list)
{
	run_list("permutation_128.csv", 128);
}
