/* Simulated time: a 128-bit count of femtoseconds.
 *
 * Sums and differences are exact, a year does not overflow, equal means equal. A duration is
 * computed in double and rounded once, here, to the nearest femtosecond (ties to even). */
#ifndef DC_BASE_TIME_H
#define DC_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 dc_time;

#define DC_TIME_S ((dc_time)1000000000000000LL)
#define DC_TIME_NEVER ((dc_time)1 << 120)

/* seconds must be finite and below 4e19 in size; anything else gives DC_TIME_NEVER with its sign. */
dc_time dc_time_from_s(double seconds);
/* The nearest double to the exact quotient. */
double dc_time_to_s(dc_time time);
/* a / b of two spans as the nearest double; b must not be 0. */
double dc_time_ratio(dc_time a, dc_time b);
/* Whole periods in elapsed >= 0, and what is left; quick where both fit in 64 bits. period > 0. */
static inline dc_time dc_time_divide(dc_time elapsed, dc_time period, dc_time *rest)
{
	if ((elapsed | period) >> 63 == 0) {
		uint64_t e = (uint64_t)elapsed, p = (uint64_t)period;

		*rest = (dc_time)(e % p);
		return (dc_time)(e / p);
	}
	*rest = elapsed % period;
	return elapsed / period;
}
static inline dc_time dc_time_min(dc_time a, dc_time b)
{
	return a < b ? a : b;
}
static inline dc_time dc_time_max(dc_time a, dc_time b)
{
	return a > b ? a : b;
}

/* A calendar moment in local standard time; a year has 365 days, 29 February does not exist. */
struct dc_date {
	int year, month, day, hour, minute, second;
};

/* Parses YYYY-MM-DD or YYYY-MM-DDThh:mm:ss (blank allowed for T, seconds optional). False when
 * malformed or no such day (29 February included). */
bool dc_date_parse(const char *text, struct dc_date *date);
/* Seconds since 1 January 00:00:00 of the date's year, 0 to 365 d - 1 s. */
double dc_date_second_of_year(const struct dc_date *date);
/* The date `after` later than start (earlier when negative), in the 365-day calendar, down to the whole
 * second; held within the years 1 to 9999. */
struct dc_date dc_date_add(const struct dc_date *start, dc_time after);
/* Writes YYYY-MM-DDThh:mm:ss; size >= 20. */
void dc_date_format(const struct dc_date *date, char *text, size_t size);

#endif
