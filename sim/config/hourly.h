/* A value for every hour of the year: weather, prices, carbon.
 *
 * In the configuration a scalar: a quantity ("0.08 USD/kWh") holds all year; anything else names a file.
 * A name that ends in .epw is EnergyPlus weather (columns dry_bulb and relative_humidity; the UTC
 * offset from its LOCATION line). Any other file is CSV:
 *
 *     # comments, anywhere; one of them may say
 *     # utc_offset: -5
 *     price [USD/MWh],carbon [g/kWh]
 *     31.90,358.7
 *
 * One row per hour from 1 January 00:00 at that offset (hours, fractions allowed; without it the
 * file is taken as local): 8,760 rows, or 8,784, of which those of 29 February are left out. Values are
 * constant over their hour and wrap by hour of year. Errors point into the file; a limited number
 * is reported.
 * Ownership: the config's arena. */
#ifndef DC_CONFIG_HOURLY_H
#define DC_CONFIG_HOURLY_H

#include <stdbool.h>

#include "config/config.h"

enum { DC_HOURLY_HOURS = 8760 };

struct dc_hourly;

/* Reads `column` of the file that the scalar names, or the scalar itself. Values become SI of the
 * dimension; DC_DIM_NONE takes the units 1 and %. */
enum dc_status dc_hourly_read(struct dc_config *config, const struct dc_node *node,
			      const char *column, enum dc_dimension dimension,
			      const struct dc_hourly **out) DC_CHECK;
/* The same value all year. NULL when out of memory. */
const struct dc_hourly *dc_hourly_flat(struct dc_arena *arena, double value);

/* The value in force at a second of the site's local standard year (any finite number: years wrap).
 * site_utc_offset_s is local minus UTC; it matters only when the file states an offset. */
double dc_hourly_at(const struct dc_hourly *hourly, double local_second_of_year,
		    double site_utc_offset_s);
/* Seconds until the file's next hour begins, > 0; INFINITY for a flat value. Exact for whole seconds. */
double dc_hourly_next_change_s(const struct dc_hourly *hourly, double local_second_of_year,
			       double site_utc_offset_s);
/* True, and the offset in seconds, when the file states one. */
bool dc_hourly_utc_offset(const struct dc_hourly *hourly, double *offset_s);

#endif
