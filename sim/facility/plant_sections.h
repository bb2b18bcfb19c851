/* What the sections of plants share; for the files of plants only. */
#ifndef DC_FACILITY_PLANT_SECTIONS_H
#define DC_FACILITY_PLANT_SECTIONS_H

#include "facility/plant.h"

#define DC_PLANT_FIELDS(type, head, doc)                                                           \
	{.key = "kind",                                                                            \
	 .kind = DC_STRING,                                                                        \
	 .flags = DC_REQUIRED,                                                                     \
	 .offset = offsetof(type, head.kind),                                                      \
	 .help = doc},                                                                             \
		{.key = "name",                                                                    \
		 .kind = DC_STRING,                                                                \
		 .offset = offsetof(type, head.name),                                              \
		 .help = "Name that rooms refer to; the kind of plant when absent"},               \
		{.key = "capacity",                                                                \
		 .kind = DC_QUANTITY,                                                              \
		 .dimension = DC_DIM_POWER,                                                        \
		 .offset = offsetof(type, head.capacity_w),                                        \
		 .min = 0.0,                                                                       \
		 .max = 1e12,                                                                      \
		 .fallback = "0 W",                                                                \
		 .help = "Largest heat flow it carries from the room; 0 W: as large as needed"},   \
	{                                                                                          \
		.key = "fan", .kind = DC_REAL, .offset = offsetof(type, head.fan_share),           \
		.min = 0.0, .max = 1.0, .fallback = "0.035",                                       \
		.help = "Power of its fans as a share of the heat from the room"                   \
	}

extern const struct dc_section dc_plant_crac_section;

#endif
