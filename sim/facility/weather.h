/* Weather: outdoor air by the hour, from a file or held constant.
 *
 * `weather` is a CSV or EPW file (config/hourly.h) or {dry_bulb: 20 degC, relative_humidity: 0.5},
 * which are also the values when it is absent. Ownership: the config's arena. */
#ifndef DC_FACILITY_WEATHER_H
#define DC_FACILITY_WEATHER_H

#include <stdbool.h>

#include "config/config.h"
#include "config/hourly.h"

struct dc_weather {
	const struct dc_hourly *dry_bulb_degc;
	const struct dc_hourly *relative_humidity; /* 0 to 1 */
};

/* node may be NULL. */
enum dc_status dc_weather_read(struct dc_config *config, const struct dc_node *node,
			       struct dc_weather *weather) DC_CHECK;

/* Values in force at a second of the local standard year (dc_hourly_at). */
double dc_weather_dry_bulb_degc(const struct dc_weather *weather, double local_second_of_year,
				double site_utc_offset_s);
double dc_weather_relative_humidity(const struct dc_weather *weather, double local_second_of_year,
				    double site_utc_offset_s);
/* Seconds to the next hour of the file; INFINITY when constant. */
double dc_weather_next_change_s(const struct dc_weather *weather, double local_second_of_year,
				double site_utc_offset_s);
/* The UTC offset the file states. */
bool dc_weather_utc_offset(const struct dc_weather *weather, double *offset_s);

#endif
