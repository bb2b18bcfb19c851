/* Reading and asking the weather. */
#include "facility/weather.h"

#include <math.h>

struct constant {
	const struct dc_node *node;
	double dry_bulb_degc;
	double relative_humidity;
};

static const struct dc_field fields[] = {
	{.key = "dry_bulb",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE,
	 .offset = offsetof(struct constant, dry_bulb_degc),
	 .min = -90.0,
	 .max = 60.0,
	 .fallback = "20 degC",
	 .help = "Outdoor air temperature"},
	{.key = "relative_humidity",
	 .kind = DC_REAL,
	 .offset = offsetof(struct constant, relative_humidity),
	 .min = 0.0,
	 .max = 1.0,
	 .fallback = "0.5",
	 .help = "Relative humidity of the outdoor air; no plant of this version asks for it"},
};

static const struct dc_section constant_section = {
	.name = "weather",
	.doc = "Outdoor air held constant",
	.size = sizeof(struct constant),
	DC_FIELDS(fields),
};

enum dc_status dc_weather_read(struct dc_config *config, const struct dc_node *node,
			       struct dc_weather *weather)
{
	struct constant constant = {0};
	enum dc_status status;

	if (node && node->kind == DC_NODE_SCALAR) {
		status = dc_hourly_read(config, node, "dry_bulb", DC_DIM_TEMPERATURE,
					&weather->dry_bulb_degc);
		if (status) /* the second column would repeat the file's errors */
			return status;
		if (isinf(dc_hourly_next_change_s(weather->dry_bulb_degc, 0.0, 0.0)))
			return dc_diag_error(dc_config_diag(config), &node->mark,
					     "weather: expected a file, or a map such as "
					     "{dry_bulb: 20 degC, relative_humidity: 0.5}");
		return dc_hourly_read(config, node, "relative_humidity", DC_DIM_NONE,
				      &weather->relative_humidity);
	}
	if (node && node->kind == DC_NODE_LIST)
		return dc_diag_error(
			dc_config_diag(config), &node->mark,
			"weather: expected a file, or a map such as {dry_bulb: 20 degC, "
			"relative_humidity: 0.5}, found a list");
	status = dc_section_read(config, &constant_section, node, &constant);
	if (status)
		return status;
	weather->dry_bulb_degc = dc_hourly_flat(dc_config_arena(config), constant.dry_bulb_degc);
	weather->relative_humidity =
		dc_hourly_flat(dc_config_arena(config), constant.relative_humidity);
	return weather->dry_bulb_degc && weather->relative_humidity ? DC_OK : DC_ERR_MEMORY;
}

double dc_weather_dry_bulb_degc(const struct dc_weather *weather, double local_second_of_year,
				double site_utc_offset_s)
{
	return dc_hourly_at(weather->dry_bulb_degc, local_second_of_year, site_utc_offset_s);
}

double dc_weather_relative_humidity(const struct dc_weather *weather, double local_second_of_year,
				    double site_utc_offset_s)
{
	return dc_hourly_at(weather->relative_humidity, local_second_of_year, site_utc_offset_s);
}

double dc_weather_next_change_s(const struct dc_weather *weather, double local_second_of_year,
				double site_utc_offset_s)
{
	return dc_hourly_next_change_s(weather->dry_bulb_degc, local_second_of_year,
				       site_utc_offset_s);
}

bool dc_weather_utc_offset(const struct dc_weather *weather, double *offset_s)
{
	return dc_hourly_utc_offset(weather->dry_bulb_degc, offset_s);
}
