/* Validation of training runs: reading rows, filling in plans, refusals, and the errors of the table that ships. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "study/validation.h"

static const char *root(void)
{
	return getenv("srcdir") ? getenv("srcdir") : ".";
}

static struct dc_validation *start(void)
{
	struct dc_validation *validation = calloc(1, sizeof *validation);
	const char *folders[] = {root(), NULL};

	cr_assert_eq(dc_validation_init(validation, dc_diag_create(), folders), DC_OK);
	return validation;
}

static void stop(struct dc_validation *validation)
{
	dc_diag_destroy(validation->diag);
	dc_validation_fini(validation);
	free(validation);
}

static const char *const columns =
	"suite,id,layers,hidden,heads,ffn_hidden,vocab,seq,global_batch,micro_batch,tp,pp,vp,dp,"
	"recompute,precision,accelerator,accelerators,accelerators_per_node,scaleup_GBps,"
	"scaleout_Gbps,iteration_s,notes\n";

/* Runs rows of these columns. */
static struct dc_validation *validate(const char *rows)
{
	struct dc_validation *validation = start();
	char path[] = "/tmp/dcsim-training-XXXXXX";
	int descriptor = mkstemp(path);
	FILE *file = fdopen(descriptor, "w");

	cr_assert_not_null(file);
	fputs(columns, file);
	fputs(rows, file);
	fclose(file);
	cr_expect_eq(dc_validation_run(validation, path, NULL), DC_OK);
	unlink(path);
	return validation;
}

#define MODEL "24,1024,16,4096,50304,1024"
#define PLACE "8,8,300,200,1"

/* The plan is all there: nothing is searched, and the detail says what ran. */
Test(training_table, a_plan_that_is_printed_is_run)
{
	struct dc_validation *validation =
		validate("s,a," MODEL ",16,2,2,2,1,2,full,fp16,a100-sxm4-80gb," PLACE ",\n");

	cr_assert_eq(validation->count, 1);
	cr_assert_null(validation->results[0].failure, "%s", validation->results[0].failure);
	cr_expect_gt(validation->results[0].predicted, 0);
	cr_expect_not_null(strstr(validation->results[0].detail,
				  "micro-batch 2, interleave 1, recompute full"),
			   "%s", validation->results[0].detail);
	cr_expect_not(validation->results[0].doubtful);
	stop(validation);
}

/* A blank plan is the fastest of those that a row may print. Without recomputation the forward pass is not done
 * again: where it fits, as here, it is that. */
Test(training_table, blanks_are_searched)
{
	struct dc_validation *validation =
		validate("s,a," MODEL ",16,,2,2,,,,fp16,a100-sxm4-80gb," PLACE ",doubtful\n"
			 "s,b," MODEL ",16,1,2,2,1,2,none,fp16,a100-sxm4-80gb," PLACE ",\n"
			 "s,c," MODEL ",16,8,2,2,1,2,none,fp16,a100-sxm4-80gb," PLACE ",\n"
			 "s,d," MODEL ",16,2,2,2,2,2,none,fp16,a100-sxm4-80gb," PLACE ",\n");

	cr_assert_eq(validation->count, 4);
	for (size_t i = 0; i < 4; i++)
		cr_assert_null(validation->results[i].failure, "%s",
			       validation->results[i].failure);
	for (size_t i = 1; i < 4; i++)
		cr_expect_leq(validation->results[0].predicted, validation->results[i].predicted);
	cr_expect_not_null(strstr(validation->results[0].detail, "recompute none"));
	cr_expect(validation->results[0].doubtful);
	stop(validation);
}

Test(training_table, rows_that_cannot_be_run_say_why)
{
	static const struct {
		const char *row, *why;
	} cases[] = {
		{"s,a," MODEL ",16,2,2,2,1,2,full,fp16,h1," PLACE ",\n",
		 "no accelerator is called 'h1'"},
		{"s,a," MODEL ",16,2,2,2,1,2,full,fp16,tpu-v4," PLACE ",\n",
		 "no machine is known for 'tpu-v4'"},
		{"s,a," MODEL ",16,x,2,2,1,2,full,fp16,a100-sxm4-80gb," PLACE ",\n",
		 "micro_batch: expected a number, found 'x'"},
		{"s,a," MODEL ",,2,2,2,1,2,full,fp16,a100-sxm4-80gb," PLACE ",\n",
		 "global_batch: expected a number, found ''"},
		{"s,a," MODEL ",16,2,2,2,1,2,some,fp16,a100-sxm4-80gb," PLACE ",\n",
		 "recompute: expected none, selective, full or nothing, found 'some'"},
		{"s,a," MODEL ",16,2,2,3,1,,full,fp16,a100-sxm4-80gb," PLACE ",\n",
		 "tp x pp x cp x dp is not the accelerators"},
		{"s,a," MODEL ",15,1,2,2,1,2,full,fp16,a100-sxm4-80gb," PLACE ",\n",
		 "dp does not divide the global batch"},
		{"s,a," MODEL ",16,3,2,2,1,2,full,fp16,a100-sxm4-80gb," PLACE ",\n",
		 "its plan cannot be run: batch: micro-batches of 3 do not divide"},
		{"s,a,24,1020,15,4096,50304,1024,16,2,2,2,1,2,full,fp16,a100-sxm4-80gb," PLACE
		 ",\n",
		 "its plan cannot be run"},
		{"s,a," MODEL ",16,2,2,2,1,2,full,fp8,a100-sxm4-80gb," PLACE ",\n", "has no fp8"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dc_validation *validation = validate(cases[i].row);
		const char *why = validation->results[0].failure;

		cr_assert_eq(validation->count, 1);
		cr_expect(why && strstr(why, cases[i].why), "row %zu: expected \"%s\" in: %s", i,
			  cases[i].why, why ? why : "(nothing)");
		stop(validation);
	}
}

/* Mean absolute error, 90th percentile, largest and bias of a suite, doubtful rows apart. The bounds are what the
 * fit of tests/validation/training reaches, and a fifth more. */
struct bound {
	const char *suite;
	size_t rows;
	double mean, percentile90, largest, bias;
};
