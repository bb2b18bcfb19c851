/* Simulated time: rounding to femtoseconds, back to seconds, ratios, and the 365-day calendar. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

#include "base/time.h"

struct from_row {
	double seconds;
	long long femto;
};

/* Source of truth: the double's exact value times 1e15, rounded half to even (by hand). */
ParameterizedTestParameters(time, from_s)
{
	static struct from_row rows[] = {
		{0, 0},
		{1, 1000000000000000},
		{-1, -1000000000000000},
		{500e-9, 500000000},
		{1e-15, 1},
		{0.4e-15, 0},
		{-2.6e-15, -3},
		{3600, 3600000000000000000},
		/* 2^-16 s = 15258789062.5 fs exactly: a tie, to even. */
		{0x1p-16, 15258789062},
		/* 3 * 2^-16 s = 45776367187.5 fs: a tie, to even. */
		{0x3p-16, 45776367188},
		/* Just below that tie by one ulp: 45776367187.49999...: down. */
		{0x2.ffffffffffffep-16, 45776367187},
		/* The double 0.5e-15 is 5.0000000000000004e-16: above a half, up. */
		{0.5e-15, 1},
		/* 0.1 as a double is 0.1000000000000000055511: 100000000000000.0055 fs. */
		{0.1, 100000000000000},
	};

	return cr_make_param_array(struct from_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct from_row *row, time, from_s)
{
	dc_time time = dc_time_from_s(row->seconds);

	cr_assert(time == row->femto, "%.17g s: %lld fs, expected %lld", row->seconds,
		  (long long)time, row->femto);
}

/* The product with 1e15 may round to a half that it is not: the true value decides. Source of truth:
 * exact integer arithmetic on the 53 bits of the fraction. */
Test(time, from_s_rounds_once)
{
	unsigned long long state = 12345;

	for (int i = 0; i < 20000; i++) {
		unsigned long long mantissa;
		unsigned __int128 product, femto, rest;
		const unsigned __int128 half = (unsigned __int128)1 << 52;

		state = state * 6364136223846793005u + 1442695040888963407u;
		mantissa = state >> 11; /* 53 bits: the fraction is mantissa * 2^-53 */
		product = (unsigned __int128)mantissa * 1000000000000000u;
		femto = product >> 53;
		rest = product & (((unsigned __int128)1 << 53) - 1);
		if (rest > half || (rest == half && femto & 1))
			femto++;
		cr_assert(dc_time_from_s((double)mantissa * 0x1p-53) == (dc_time)femto,
			  "fraction %llu * 2^-53", mantissa);
	}
}

Test(time, from_s_saturates)
{
	cr_assert(dc_time_from_s(1e20) == DC_TIME_NEVER);
	cr_assert(dc_time_from_s(INFINITY) == DC_TIME_NEVER);
	cr_assert(dc_time_from_s(NAN) == DC_TIME_NEVER);
	cr_assert(dc_time_from_s(-1e20) == -DC_TIME_NEVER);
}

/* A year and a femtosecond are not lost against each other: 31536000e15 + 1 fs. */
Test(time, sums_are_exact)
{
	dc_time year = dc_time_from_s(31536000);
	dc_time sum = year + 1;

	cr_assert(sum - year == 1);
	cr_assert(year == (dc_time)31536000 * DC_TIME_S);
}

/* Nearest double: 1 fs is the literal 1e-15; (2^53 + 1) s is a tie, to even; any double of seconds
 * that is a whole number of femtoseconds comes back. */
Test(time, to_s_is_the_nearest_double)
{
	cr_assert(dc_time_to_s(1) == 1e-15);
	cr_assert(dc_time_to_s(-3) == -3e-15);
	cr_assert(dc_time_to_s(0) == 0);
	cr_assert(dc_time_to_s(42341584320000) == 0.04234158432);
	cr_assert(dc_time_to_s(DC_TIME_S * 9007199254740993LL) == 9007199254740992.0);
	/* One femtosecond above the tie decides it upwards. */
	cr_assert(dc_time_to_s(DC_TIME_S * 9007199254740993LL + 1) == 9007199254740994.0);
}

/* The quotients of literals; 2^100/2^99 and a tie broken by the last bit need more than 64 bits. */
Test(time, ratio_is_the_nearest_double)
{
	dc_time big = (dc_time)1 << 100;

	cr_assert(dc_time_ratio(1, 3) == 1.0 / 3);
	cr_assert(dc_time_ratio(-7, 2) == -3.5);
	cr_assert(dc_time_ratio(big, big / 2) == 2);
	cr_assert(dc_time_ratio(0, big) == 0);
	cr_assert(dc_time_ratio(-big, big) == -1);
	/* 1 + 2^-53 + 2^-100 is above the tie between 1 and 1 + 2^-52. */
	cr_assert(dc_time_ratio(big + ((dc_time)1 << 47) + 1, big) == 1 + 0x1p-52);
	/* 1 + 2^-53 is the tie itself: to even. */
	cr_assert(dc_time_ratio(big + ((dc_time)1 << 47), big) == 1);
	/* 1e30 / 3e15: the double nearest to 3.33e14. */
	cr_assert(dc_time_ratio(DC_TIME_S * DC_TIME_S, 3 * DC_TIME_S) == 1e15 / 3);
}

struct date_row {
	char text[32];
	bool valid;
	double second; /* of the year */
};

/* Source of truth: the Gregorian month lengths without 29 February; days * 86400 by hand. */
ParameterizedTestParameters(time, dates)
{
	static struct date_row rows[] = {
		{"2024-01-01", true, 0},
		{"2024-01-01T00:00:01", true, 1},
		{"2024-07-15T12:00:00", true, 195 * 86400.0 + 43200},
		{"2024-03-01", true, 59 * 86400.0},
		{"2024-12-31T23:59:59", true, 31535999},
		{"2025-07-01 06:30", true, 181 * 86400.0 + 23400},
		{"0001-01-01", true, 0},
		{"2024-02-29", false, 0},
		{"2023-04-31", false, 0},
		{"2023-13-01", false, 0},
		{"2023-00-01", false, 0},
		{"2023-01-00", false, 0},
		{"0000-01-01", false, 0},
		{"2023-1-1", false, 0},
		{" 2023-01-01", false, 0},
		{"2023-01-01 ", false, 0},
		{"2023-01-01T24:00", false, 0},
		{"2023-01-01T12:60", false, 0},
		{"2023-01-01T12:00:60", false, 0},
		{"2023-01-01X12:00", false, 0},
		{"2023-01-01T12", false, 0},
		{"2023-01-01T-1:00", false, 0},
		{"+023-01-01", false, 0},
		{"2023/01/01", false, 0},
		{"", false, 0},
	};

	return cr_make_param_array(struct date_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct date_row *row, time, dates)
{
	struct dc_date date;
	bool valid = dc_date_parse(row->text, &date);

	cr_assert_eq(valid, row->valid, "'%s': %d", row->text, valid);
	if (valid)
		cr_assert(dc_date_second_of_year(&date) == row->second,
			  "'%s': %.17g, expected %.17g", row->text, dc_date_second_of_year(&date),
			  row->second);
}

struct add_row {
	char start[20];
	double after_s;
	char result[20];
};

/* Source of truth: the calendar, counted by hand; a year is 365 days, so none has 29 February. */
ParameterizedTestParameters(time, add)
{
	static struct add_row rows[] = {
		{"2024-02-28T12:00:00", 86400, "2024-03-01T12:00:00"},
		{"2024-12-31T23:59:59", 1, "2025-01-01T00:00:00"},
		{"2024-07-15T12:00:00", 48 * 3600, "2024-07-17T12:00:00"},
		{"2024-01-01T00:00:00", 365 * 86400.0, "2025-01-01T00:00:00"},
		{"2024-01-01T00:00:00", 3650 * 86400.0, "2034-01-01T00:00:00"},
		{"2024-01-01T00:00:00", 0.999, "2024-01-01T00:00:00"},
		{"2024-01-01T00:00:00", -1, "2023-12-31T23:59:59"},
		{"2024-03-01T00:00:00", -0.5, "2024-02-28T23:59:59"},
		{"2024-03-01T00:00:00", 1e19, "9999-12-31T23:59:59"},
		{"2024-03-01T00:00:00", -1e19, "0001-01-01T00:00:00"},
	};

	return cr_make_param_array(struct add_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct add_row *row, time, add)
{
	struct dc_date start, end;
	char text[20];

	cr_assert(dc_date_parse(row->start, &start));
	end = dc_date_add(&start, dc_time_from_s(row->after_s));
	dc_date_format(&end, text, sizeof text);
	cr_assert_str_eq(text, row->result, "%s + %g s: %s, expected %s", row->start, row->after_s,
			 text, row->result);
}
