/* Cooling plants: what it costs to carry heat out.
 *
 * A plant takes heat from a room's air at a supply temperature and leaves it outdoors. Each kind is one
 * file with one descriptor, chosen by the key `kind`. The coefficient of performance (COP) is heat
 * taken in over the work of the compressors; it is positive everywhere, does not rise with the outdoor
 * temperature and does not fall with the supply temperature.
 *
 * Fans stand in the air they move: the plant also carries out their heat. With heat Q from the room,
 *     fans = f Q,   compressors = (Q + fans) / COP,   heat left outdoors = Q + fans + compressors.
 * All is linear in Q, so the same holds for energies over a time in which the COP is constant. */
#ifndef DC_FACILITY_PLANT_H
#define DC_FACILITY_PLANT_H

#include "config/fields.h"

struct dc_plant_type {
	const char *name;
	const char *doc;
	const struct dc_section *section;
	double (*cop)(const void *section, double supply_degc, double outdoor_degc);
};

/* Every plant's struct starts with this. */
struct dc_plant_head {
	const struct dc_node *node;
	const char *kind; /* the tag */
	const char *name;
	double capacity_w; /* 0: as large as needed */
	double fan_share;
};

extern const struct dc_plant_type dc_plant_crac;
extern const struct dc_tagged_family dc_plant_family;

/* Heat taken in over compressor work; > 0. Temperatures in degC, above absolute zero. */
double dc_plant_cop(const struct dc_tagged *plant, double supply_degc, double outdoor_degc);
/* The largest heat flow from the room that it carries; INFINITY when not given. */
double dc_plant_capacity_w(const struct dc_tagged *plant);
/* Fan power, and compressor power at a COP, for heat from the room; also J for J. */
double dc_plant_fan_w(const struct dc_tagged *plant, double heat_w);
double dc_plant_compressor_w(const struct dc_tagged *plant, double heat_w, double cop);
/* The plant's `name`, or its kind when it has none. */
const char *dc_plant_name(const struct dc_tagged *plant);

#endif
