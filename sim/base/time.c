/* Simulated time: conversions, and a calendar of 365 days. */
#include "base/time.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { DAYS_PER_YEAR = 365, SECONDS_PER_DAY = 86400, LAST_YEAR = 9999 };

static const int days_before_month[13] = {
	0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365,
};

dc_time dc_time_from_s(double seconds)
{
	double whole, fraction, femto, error, off;

	if (!(fabs(seconds) < 4e19))
		return seconds < 0 ? -DC_TIME_NEVER : DC_TIME_NEVER;
	/* The fraction of a double is exact; its product with 1e15 is known as the unevaluated pair
	 * femto + error, so that a product that only rounded to a half is not rounded again. */
	whole = trunc(seconds);
	fraction = seconds - whole;
	femto = fraction * 1e15;
	error = fma(fraction, 1e15, -femto);
	off = femto - rint(femto);
	femto = rint(femto);
	if (off == 0.5 && error > 0)
		femto += 1;
	else if (off == -0.5 && error < 0)
		femto -= 1;
	return (dc_time)whole * DC_TIME_S + (dc_time)femto;
}

__extension__ typedef unsigned __int128 wide;

static unsigned leading_zeros(wide value)
{
	uint64_t high = (uint64_t)(value >> 64);

	if (high)
		return (unsigned)__builtin_clzll(high);
	return 64 + (unsigned)__builtin_clzll((uint64_t)value);
}

static wide magnitude(dc_time time)
{
	return time < 0 ? -(wide)time : (wide)time;
}

double dc_time_to_s(dc_time time)
{
	wide femto = magnitude(time), quotient, second = (wide)DC_TIME_S;
	unsigned shift;
	double value;

	/* Up to 9 s the count is a double, and a division of two doubles rounds once. */
	if (femto < (wide)1 << 53)
		return (double)(int64_t)time / 1e15;
	/* A quotient of at least 77 bits with a sticky bit below it rounds once, correctly. */
	shift = leading_zeros(femto);
	femto <<= shift;
	quotient = femto / second;
	quotient = quotient << 1 | (quotient * second != femto);
	value = ldexp((double)quotient, -(int)shift - 1);
	return time < 0 ? -value : value;
}

double dc_time_ratio(dc_time a, dc_time b)
{
	const wide exact = (wide)1 << DBL_MANT_DIG;
	wide over = magnitude(a), under = magnitude(b), quotient = 0;
	int shift;
	double value;

	if (over <= exact && under <= exact)
		return (double)a / (double)b;
	if (!over)
		return 0.0;
	/* Long division of the two with their first bits aligned below the top bit: 64 bits of
	 * quotient and a sticky bit, rounded once. */
	shift = (int)leading_zeros(over) - (int)leading_zeros(under);
	over <<= leading_zeros(over) - 1;
	under <<= leading_zeros(under) - 1;
	for (int i = 0; i < 64; i++) {
		quotient <<= 1;
		if (over >= under) {
			over -= under;
			quotient |= 1;
		}
		over <<= 1;
	}
	quotient = quotient << 1 | (over != 0);
	value = ldexp((double)quotient, -shift - 64);
	return (a < 0) != (b < 0) ? -value : value;
}

/* Exactly so many digits; the place after them, or NULL. */
static const char *scan_digits(const char *text, int digits, int *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++, text++) {
		if (*text < '0' || *text > '9')
			return NULL;
		*value = *value * 10 + (*text - '0');
	}
	return text;
}

/* One of the separators and then so many digits. */
static const char *scan_part(const char *text, const char *separators, int digits, int *value)
{
	if (!text || !*text || !strchr(separators, *text))
		return NULL;
	return scan_digits(text + 1, digits, value);
}

bool dc_date_parse(const char *text, struct dc_date *date)
{
	struct dc_date d = {0};

	text = scan_digits(text, 4, &d.year);
	text = scan_part(text, "-", 2, &d.month);
	text = scan_part(text, "-", 2, &d.day);
	if (text && *text) {
		text = scan_part(text, "T ", 2, &d.hour);
		text = scan_part(text, ":", 2, &d.minute);
		if (text && *text)
			text = scan_part(text, ":", 2, &d.second);
	}
	if (!text || *text)
		return false;
	if (d.year < 1 || d.month < 1 || d.month > 12 || d.hour > 23 || d.minute > 59 ||
	    d.second > 59)
		return false;
	if (d.day < 1 || d.day > days_before_month[d.month] - days_before_month[d.month - 1])
		return false;
	*date = d;
	return true;
}

double dc_date_second_of_year(const struct dc_date *date)
{
	int days = days_before_month[date->month - 1] + date->day - 1;

	return ((days * 24.0 + date->hour) * 60.0 + date->minute) * 60.0 + date->second;
}

struct dc_date dc_date_add(const struct dc_date *start, dc_time after)
{
	const dc_time year_s = (dc_time)DAYS_PER_YEAR * SECONDS_PER_DAY;
	dc_time second = after / DC_TIME_S - (after % DC_TIME_S < 0);
	dc_time year;
	struct dc_date date = {.month = 1};
	int rest, day;

	second += (dc_time)dc_date_second_of_year(start);
	year = second / year_s - (second % year_s < 0);
	rest = (int)(second - year * year_s);
	year += start->year;
	if (year > LAST_YEAR)
		return (struct dc_date){LAST_YEAR, 12, 31, 23, 59, 59};
	if (year < 1)
		return (struct dc_date){1, 1, 1, 0, 0, 0};
	date.year = (int)year;
	day = rest / SECONDS_PER_DAY;
	rest %= SECONDS_PER_DAY;
	while (day >= days_before_month[date.month])
		date.month++;
	date.day = day - days_before_month[date.month - 1] + 1;
	date.hour = rest / 3600;
	date.minute = rest / 60 % 60;
	date.second = rest % 60;
	return date;
}

void dc_date_format(const struct dc_date *date, char *text, size_t size)
{
	snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d", date->year, date->month, date->day,
		 date->hour, date->minute, date->second);
}
