/* Validation: kinds of tables, statistics, and the flow lists that ship. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "study/validation.h"

static struct dc_validation *start(void)
{
	struct dc_validation *validation = calloc(1, sizeof *validation);

	const char *folders[] = {getenv("srcdir") ? getenv("srcdir") : ".", NULL};

	cr_assert_eq(dc_validation_init(validation, dc_diag_create(), folders), DC_OK);
	return validation;
}

static void stop(struct dc_validation *validation)
{
	dc_diag_destroy(validation->diag);
	dc_validation_fini(validation);
	free(validation);
}

static void add(struct dc_validation *validation, const char *suite, double measured,
		double predicted, const char *failure)
{
	const struct dc_validation_result result = {
		.suite = suite,
		.id = "1",
		.quantity = "time",
		.unit = "s",
		.measured = measured,
		.predicted = predicted,
		.failure = failure,
	};

	cr_assert_eq(dc_validation_add(validation, &result), DC_OK);
}

/* Source of truth, by hand: errors of suite a are +10 %, -20 %, +30 %: mean 20 %, median 20 %, largest
 * 30 %, bias 20/3 %; the 90th percentile of three sorted values is linear at 0.9 x 2 = 1.8: 20 % +
 * 0.8 x 10 % = 28 %. */
Test(validation, statistics)
{
	struct dc_validation *validation = start();
	struct dc_validation_statistics s;

	add(validation, "a", 10, 11, NULL);
	add(validation, "a", 10, 8, NULL);
	add(validation, "a", 10, 13, NULL);
	add(validation, "b", 10, 10, NULL);
	add(validation, "a", 10, 10, "broken");
	cr_assert_eq(dc_validation_summarize(validation, "a", true, &s), DC_OK);
	cr_expect_eq(s.count, 3);
	cr_expect_eq(s.failed, 1);
	cr_expect_float_eq(s.mean, 0.2, 1e-12);
	cr_expect_float_eq(s.median, 0.2, 1e-12);
	cr_expect_float_eq(s.percentile90, 0.28, 1e-12);
	cr_expect_float_eq(s.largest, 0.3, 1e-12);
	cr_expect_float_eq(s.bias, 0.2 / 3, 1e-12);
	cr_assert_eq(dc_validation_summarize(validation, NULL, true, &s), DC_OK);
	cr_expect_eq(s.count, 4);
	stop(validation);
}

/* Errors of 1 %, 2 % and 3 % on 8, 16 and 32 accelerators drift by 1 % per doubling; a doubtful row of 80 % on 64
 * changes that where it counts: slope of 1, 2, 3, 80 over 3, 4, 5, 6 is (sum (x - 4.5) y) / 5 = 23.8 % (hand). */
Test(validation, drift_with_scale)
{
	static const double errors[] = {0.01, 0.02, 0.03, 0.8};
	struct dc_validation *validation = start();
	struct dc_validation_statistics s;

	for (int i = 0; i < 4; i++) {
		struct dc_validation_result result = {
			.suite = "a",
			.id = "1",
			.measured = 1,
			.predicted = 1 + errors[i],
			.scale = 8 << i,
			.doubtful = i == 3,
		};

		cr_assert_eq(dc_validation_add(validation, &result), DC_OK);
	}
	cr_assert_eq(dc_validation_summarize(validation, "a", false, &s), DC_OK);
	cr_expect_eq(s.count, 3);
	cr_expect_eq(s.doubtful, 1);
	cr_expect_float_eq(s.drift, 0.01, 1e-12);
	cr_assert_eq(dc_validation_summarize(validation, "a", true, &s), DC_OK);
	cr_expect_eq(s.count, 4);
	cr_expect_float_eq(s.drift, 0.238, 1e-12);
	/* without sizes there is none */
	add(validation, "b", 10, 11, NULL);
	cr_assert_eq(dc_validation_summarize(validation, "b", true, &s), DC_OK);
	cr_expect(isnan(s.drift));
	stop(validation);
}

static int lists[] = {0, 1, 2};

ParameterizedTestParameters(validation, flow_lists)
{
	return cr_make_param_array(int, lists, 3);
}

/* Source of truth: finish times computed with SimGrid 3.32 at tight precision (the files' own note);
 * tolerance max(2 fs, 1e-9 relative). */
ParameterizedTest(int *number, validation, flow_lists)
{
	static const char *const names[] = {"burst_1k", "permutation_128", "poisson_1k"};
	static const size_t rows[] = {1000, 128, 1000};
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	struct dc_validation *validation = start();
	char path[4096];

	snprintf(path, sizeof path, "%s/tests/validation/flows/%s.csv", source, names[*number]);
	cr_assert_eq(dc_validation_run(validation, path, NULL), DC_OK);
	cr_assert_eq(validation->count, rows[*number]);
	for (size_t i = 0; i < validation->count; i++) {
		const struct dc_validation_result *r = &validation->results[i];

		cr_assert_null(r->failure);
		cr_expect_leq(fabs(r->predicted - r->measured), fmax(2e-15, 1e-9 * r->measured),
			      "%s %s: %.17g, measured %.17g", r->suite, r->id, r->predicted,
			      r->measured);
	}
	cr_expect_str_eq(validation->results[0].suite, names[*number]);
	stop(validation);
}

static enum dc_status run_text(struct dc_validation *validation, const char *text, const char *by)
{
	char path[] = "/tmp/dcsim-validation-XXXXXX";
	int file = mkstemp(path);
	enum dc_status status;

	cr_assert_geq(file, 0);
	cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
	close(file);
	status = dc_validation_run(validation, path, by);
	unlink(path);
	return status;
}

/* Source of truth, by hand: two flows of 50 GB share a link of 50 GB/s: both end at 2 s; one of 25 GB
 * beside one of 75 GB: 1 s and 2 s. Rows are grouped by the column asked for. */
Test(validation, two_flows_share_a_link)
{
	struct dc_validation *validation = start();
	struct dc_validation_statistics s;

	cr_assert_eq(run_text(validation,
			      "id,bytes,start_s,links,finish_s,load\n"
			      "a,50e9,0,0,2,equal\nb,50e9,0,0,2,equal\n"
			      "c,25e9,0,1,1,unequal\nd,75e9,0,1 2,2,unequal\n",
			      "load"),
		     DC_OK);
	cr_assert_eq(validation->count, 4);
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(dc_validation_error(&validation->results[i]), 0, "row %zu", i);
	cr_assert_eq(dc_validation_summarize(validation, "unequal", true, &s), DC_OK);
	cr_expect_eq(s.count, 2);
	stop(validation);
}

Test(validation, what_it_cannot_read_is_refused)
{
	static const char *const wrong[] = {
		"x,y\n1,2\n",
		"bytes,start_s,links,finish_s\n-1,0,0,1\n",
		"bytes,start_s,links,finish_s\n1,0,0,-1\n",
		"bytes,start_s,links,finish_s\n1,0,a,1\n",
		"bytes,start_s,links,finish_s\n1,0,-3,1\n",
		"bytes,start_s,links,finish_s\nmany,0,0,1\n",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct dc_validation *validation = start();

		cr_expect_eq(run_text(validation, wrong[i], NULL), DC_ERR_INPUT, "%s", wrong[i]);
		cr_expect_eq(dc_diag_errors(validation->diag), 1, "%s", wrong[i]);
		stop(validation);
	}
}
