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
	static const char *folders[2]; /* the validation borrows them */

	folders[0] = root();
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

/* Rows of suites that nobody knows run the software that their source names, or that their plan suggests
 * (catalog/suites/training.yaml). */
Test(training_table, software_by_source_or_plan)
{
	static const struct {
		const char *source, *software;
	} cases[] = {
		{"measured with DeepSpeed", "megatron-deepspeed-2022"},
		{"mlcommons/training_results", "nemo-mlperf-2024"},
		{"arXiv 2205.05198", "megatron-lm-2022"},
		{"somewhere else", "megatron-lm-2021"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dc_validation *validation = start();
		char path[] = "/tmp/dcsim-training-XXXXXX";
		FILE *file = fdopen(mkstemp(path), "w");

		cr_assert_not_null(file);
		fprintf(file,
			"source,%s%s,s,a," MODEL ",16,2,2,2,1,2,none,bf16,a100-sxm4-80gb," PLACE
			",\n",
			columns, cases[i].source);
		fclose(file);
		cr_expect_eq(dc_validation_run(validation, path, NULL), DC_OK);
		unlink(path);
		cr_assert_eq(validation->count, 1);
		cr_expect(strncmp(validation->results[0].detail, cases[i].software,
				  strlen(cases[i].software)) == 0,
			  "%s: %s", cases[i].source, validation->results[0].detail);
		stop(validation);
	}
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

static void expect_bound(struct dc_validation *validation, const struct bound *bound)
{
	struct dc_validation_statistics s;

	cr_assert_eq(dc_validation_summarize(validation, bound->suite, false, &s), DC_OK);
	cr_expect_eq(s.count, bound->rows, "%s: %zu rows", bound->suite, s.count);
	cr_expect_leq(s.mean, bound->mean, "%s: mean %g", bound->suite, s.mean);
	cr_expect_leq(s.percentile90, bound->percentile90, "%s: 90th percentile %g", bound->suite,
		      s.percentile90);
	cr_expect_leq(s.largest, bound->largest, "%s: largest %g", bound->suite, s.largest);
	cr_expect_leq(fabs(s.bias), bound->bias, "%s: bias %g", bound->suite, s.bias);
}

Test(training_table, errors_of_the_table_that_ships, .timeout = 300)
{
	static const struct bound bounds[] = {
		{"sc21_t1", 10, 0.023, 0.04, 0.045, 0.0125},
		{"korth", 8, 0.017, 0.028, 0.033, 0.0085},
		{"mlm_h100_weak", 9, 0.042, 0.11, 0.15, 0.01},
		{"mlm2020", 2, 0.05, 0.083, 0.09, 0.05},
		{"mlperf", 6, 0.038, 0.075, 0.12, 0.02},
		{"vtrain_multi", 14, 0.06, 0.13, 0.38, 0.035},
		{"vtrain_single", 266, 0.06, 0.13, 0.38, 0.022},
		{"bridge", 15, 0.05, 0.075, 0.27, 0.012},
		{"fsdp", 40, 0.036, 0.087, 0.115, 0.01},
	};
	struct dc_validation *validation = start();
	char path[4096];

	snprintf(path, sizeof path, "%s/tests/validation/training/training.csv", root());
	cr_assert_eq(dc_validation_run(validation, path, NULL), DC_OK);
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
		expect_bound(validation, &bounds[i]);
	stop(validation);
}
