/* The public interface. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dcsim.h"

static const char *source(void)
{
	return getenv("srcdir") ? getenv("srcdir") : ".";
}

static const char *ring64(void)
{
	static char path[4096];

	snprintf(path, sizeof path, "%s/topologies/ring64.yaml", source());
	return path;
}

/* Source of truth: ring64 at 78 iterations per epoch; exact and folded agree. */
Test(library, runs_a_scenario)
{
	struct dcsim *sim = dcsim_create(source());

	cr_assert_not_null(sim);
	cr_assert_eq(dcsim_set(sim, "run.epochs=null"), 0);
	cr_assert_eq(dcsim_set(sim, "run.iterations=5"), 0);
	cr_assert_eq(dcsim_load(sim, ring64()), 0, "%s", dcsim_messages(sim));
	cr_expect(isnan(dcsim_value(sim, "iterations")));
	cr_assert_eq(dcsim_run(sim, NULL), 0, "%s", dcsim_messages(sim));
	cr_expect_eq(dcsim_value(sim, "iterations"), 5);
	double duration_s = dcsim_value(sim, "duration_s");
	cr_assert_eq(dcsim_run_exact(sim, NULL), 0);
	cr_expect_eq(dcsim_value(sim, "duration_s"), duration_s);
	cr_expect(isnan(dcsim_value(sim, "no_such_figure")));
	dcsim_destroy(sim);
}

/* Source of truth: dcsim.h: 2 for wrong input, and a message that says what. */
Test(library, says_what_is_wrong)
{
	struct dcsim *sim = dcsim_create(source());

	cr_assert_eq(dcsim_set(sim, "fabric.dimensions.0.bandwith=1 GB/s"), 0);
	cr_expect_eq(dcsim_load(sim, ring64()), 2);
	cr_expect_not_null(strstr(dcsim_messages(sim), "did you mean 'bandwidth'"), "%s",
			   dcsim_messages(sim));
	cr_expect_eq(dcsim_run(sim, NULL), 1);
	dcsim_destroy(sim);
	dcsim_destroy(NULL);
}
