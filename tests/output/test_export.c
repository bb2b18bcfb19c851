/* Tables as text: headers with units, numbers that read back exactly, quoting. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/export.h"
#include "sample.h"

/* The sample's table as text; the caller frees. */
static char *export_sample(const char *table, enum dc_export_format format)
{
	char *path = sample_path("run.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	sample_write(path, SAMPLE_ROWS, true);
	cr_assert(eq(int, dc_result_open(diag, path, false, &result), DC_OK));
	if (table)
		cr_assert(eq(int, dc_export_table(diag, result, table, format, out), DC_OK));
	else
		cr_assert(eq(int, dc_export_list(diag, result, out), DC_OK));
	fclose(out);
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
	return text;
}

/* Expected texts: the sample's rows as stated in sample.h; 100.1 + 1 and + 2 in double arithmetic
 * are the doubles nearest to 101.1 and 102.1. */
Test(export, series_tsv)
{
	char *text = export_sample("power", DC_EXPORT_TSV);

	cr_expect_str_eq(text, "time [s]\tinterval [s]\tutility_w [W]\tpart_w.it [W]\t"
			       "part_w.cooling [W]\n"
			       "1\t1\t100.1\t0\t1\n"
			       "2\t1\t101.1\t10\t11\n"
			       "3\t1\t102.1\t20\t21\n");
	free(text);
}

Test(export, series_csv)
{
	char *text = export_sample("facility", DC_EXPORT_CSV);

	cr_expect_str_eq(text, "time [s],interval [s],energy_j [J]\n1,1,0\n2,1,2\n3,1,4\n");
	free(text);
}

Test(export, iterations)
{
	char *text = export_sample("iterations", DC_EXPORT_CSV);

	cr_expect_str_eq(text, "first [1],count [1],start [s],duration [s],compute [s],"
			       "exposed_communication [s],stall [s],bubble [s]\n"
			       "0,10,0,0.1,0.07,0.02,0.006,0.004\n"
			       "10,10,1,0.1,0.07,0.02,0.006,0.004\n"
			       "20,10,2,0.1,0.07,0.02,0.006,0.004\n");
	free(text);
}

/* Kinds and subjects as words; quotes doubled in CSV [RFC 4180]. */
Test(export, events_csv)
{
	char *text = export_sample("events", DC_EXPORT_CSV);

	cr_expect_str_eq(text, "time [s],kind,subject,detail\n"
			       "0.5,start,job train,\"says \"\"go\"\", loudly\"\n"
			       "1.5,slow down,rack-1,tab\there\n");
	free(text);
}

/* A tab inside a cell would make two of it: TSV has a blank instead. */
Test(export, events_tsv)
{
	char *text = export_sample("events", DC_EXPORT_TSV);

	cr_expect_str_eq(text, "time [s]\tkind\tsubject\tdetail\n"
			       "0.5\tstart\tjob train\tsays \"go\", loudly\n"
			       "1.5\tslow down\track-1\ttab here\n");
	free(text);
}

Test(export, summary)
{
	char *text = export_sample("summary", DC_EXPORT_CSV);

	cr_expect_str_eq(text, "figure,value,unit,meaning\n"
			       "duration_s,3,s,duration\n"
			       "odd_usd,0.1,USD,\"a tenth, \"\"odd\"\" in binary\"\n"
			       "late_w,nan,W,never measured\n");
	free(text);
}

Test(export, list)
{
	char *text = export_sample(NULL, DC_EXPORT_TSV);

	cr_expect_str_eq(text,
			 "status         complete\n\n"
			 "table              rows  columns\n"
			 "power                 3  time [s], interval [s], utility_w [W], "
			 "part_w [W] per part (2)\n"
			 "facility              3  time [s], interval [s], energy_j [J]\n"
			 "iterations            3  first [1], count [1], start [s], duration [s], "
			 "compute [s], exposed_communication [s], stall [s], bubble [s]\n"
			 "events                2  time [s], kind, subject, detail\n"
			 "summary               3  figure, value, unit, meaning\n");
	free(text);
}

Test(export, unknown_table)
{
	char *path = sample_path("run.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	char words[512] = "";
	FILE *out = fmemopen(words, sizeof(words), "w");

	sample_write(path, SAMPLE_ROWS, true);
	cr_assert(eq(int, dc_result_open(diag, path, false, &result), DC_OK));
	cr_expect(eq(int, dc_export_table(diag, result, "powr", DC_EXPORT_TSV, out), DC_ERR_INPUT));
	dc_diag_render(diag, out, false);
	fclose(out);
	cr_expect(strstr(words, "has no table 'powr'; it has power, facility, iterations, events, "
				"summary") != NULL,
		  "%s", words);
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}

/* A full disk is not silence. */
Test(export, full_device)
{
	char *path = sample_path("run.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	FILE *out = fopen("/dev/full", "w");

	cr_assert_not_null(out);
	sample_write(path, SAMPLE_ROWS, true);
	cr_assert(eq(int, dc_result_open(diag, path, false, &result), DC_OK));
	cr_expect(eq(int, dc_export_table(diag, result, "power", DC_EXPORT_TSV, out), DC_ERR_IO));
	cr_expect(eq(sz, dc_diag_errors(diag), 1));
	fclose(out);
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
}

struct number {
	double value;
	char text[32];
};

/* Shortest decimal texts that round to the double [IEEE 754-2008, 5.12: 17 digits always do]. */
ParameterizedTestParameters(export, numbers)
{
	static struct number numbers[] = {
		{0.1, "0.1"},
		{0.1 + 0.2, "0.30000000000000004"},
		{1.0 / 3.0, "0.3333333333333333"},
		{5e-324, "4.94065645841247e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{-2.5, "-2.5"},
		{0.0, "0"},
		{123456789012345680.0, "1.2345678901234568e+17"},
		{7020.0, "7020"},
		{42.34158432e-3, "0.04234158432"},
	};

	return cr_make_param_array(struct number, numbers, sizeof(numbers) / sizeof(*numbers));
}

ParameterizedTest(struct number *number, export, numbers)
{
	char written[32];

	dc_export_number(number->value, written, sizeof(written));
	cr_expect_str_eq(written, number->text, "%s for %s", written, number->text);
	cr_expect(strtod(written, NULL) == number->value, "%s does not read back", written);
}

/* --- drawing ---- */

static char *draw_sample(const char *table, size_t rows, size_t most)
{
	char *path = sample_path("run.h5");
	struct dc_diag *diag = dc_diag_create();
	struct dc_result *result;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	sample_write(path, rows, true);
	cr_assert(eq(int, dc_result_open(diag, path, false, &result), DC_OK));
	cr_assert(eq(int,
		     dc_export_drawing(diag, result, dc_result_table(result, table), most, out),
		     DC_OK));
	fclose(out);
	dc_result_close(result);
	dc_diag_destroy(diag);
	sample_remove(path);
	return text;
}

/* Every row at the start and at the end of its interval. */
Test(export, drawing_steps)
{
	char *text = draw_sample("facility", 2, 10);

	cr_expect_str_eq(text, "time\tenergy_j\n0\t0\n1\t0\n1\t2\n2\t2\n");
	free(text);
}

/* Four rows in two: sums of 0 + 2 and 4 + 6 J; means of (0 + 10)/2 and (20 + 30)/2 W. */
Test(export, drawing_thinned)
{
	char *sums = draw_sample("facility", 4, 2);
	char *means = draw_sample("power", 4, 2);

	cr_expect_str_eq(sums, "time\tenergy_j\n0\t2\n2\t2\n2\t10\n4\t10\n");
	cr_expect(strstr(means, "\t5\t6\n2\t") != NULL, "%s", means);
	cr_expect(strstr(means, "\t25\t26\n") != NULL, "%s", means);
	free(sums);
	free(means);
}
