/* The facility's sections: power chain, cooling, weather, grid, racks.
 *
 * Heat goes from racks (dc_rack) into a room (dc_room), from the room's air to a plant (plant.h) and
 * from there outdoors. Sizes that follow from how much the room must carry are asked with the room's
 * rated power, so that a scenario of any size has a room that fits when it says nothing.
 *
 * One room and one plant can be simulated now; dc_facility_check() refuses more. Ownership: sections
 * live in the config's arena. */
#ifndef DC_FACILITY_FACILITY_H
#define DC_FACILITY_FACILITY_H

#include "base/diag.h"
#include "base/status.h"
#include "config/fields.h"

enum dc_it_boundary { DC_IT_PDU_OUTPUT };

enum dc_room_kind { DC_ROOM_AIR };

struct dc_room {
	const struct dc_node *node;
	const char *name;
	int kind;                     /* enum dc_room_kind */
	const char *plant;            /* name of a plant; NULL: the only one */
	double supply_degc;           /* set point */
	double air_rise_k;            /* at rated power, where conductance is not given */
	double conductance_w_per_k;   /* 0: from air_rise */
	double time_constant_s;       /* where heat_capacity is not given */
	double heat_capacity_j_per_k; /* 0: from time_constant */
	double initial_degc;          /* 0: what the idle building settles at */
};

struct dc_facility_power {
	const struct dc_node *node;
	struct dc_list chain; /* struct dc_tagged of dc_stage_family, from the load outwards */
};

struct dc_facility_cooling {
	const struct dc_node *node;
	struct dc_list rooms;  /* struct dc_room */
	struct dc_list plants; /* struct dc_tagged of dc_plant_family */
};

struct dc_facility_grid {
	const struct dc_node *node;
	const struct dc_node *carbon; /* for dc_hourly_read(); NULL when absent */
	const struct dc_node *price;
};

struct dc_facility {
	const struct dc_node *node;
	int it_boundary; /* enum dc_it_boundary */
	double step_s;   /* what depends on temperature is held this long */
	struct dc_facility_power power;
	struct dc_facility_cooling cooling;
	const struct dc_node *weather; /* for dc_weather_read(); NULL when absent */
	struct dc_facility_grid grid;
};

struct dc_rack {
	const struct dc_node *node;
	const char *group;            /* node group; NULL: the only one */
	uint64_t nodes;               /* per rack */
	double heat_capacity_j_per_k; /* of a full rack */
	double resistance_k_per_w;    /* from its mass to the air it breathes */
	const char *room;             /* NULL: the only one */
};

extern const struct dc_section dc_facility_section;
extern const struct dc_section dc_rack_section;

/* Cross checks after reading: counts, names, stages; it also prepares the stages, so call it before any
 * of them is asked. All errors are reported. */
enum dc_status dc_facility_check(const struct dc_facility *facility, struct dc_diag *diag) DC_CHECK;
/* The same for racks (a list of struct dc_rack) of a checked facility: their rooms exist. */
enum dc_status dc_facility_check_racks(const struct dc_facility *facility,
				       const struct dc_list *racks, struct dc_diag *diag) DC_CHECK;

/* The room's air flow times its heat capacity [W/K]: as given, or rated_w / air_rise. rated_w > 0 is
 * the heat at which the air warms by air_rise. */
double dc_room_conductance_w_per_k(const struct dc_room *room, double rated_w);
/* Heat capacity of air, walls and floor [J/K]: as given, or time_constant x conductance. */
double dc_room_heat_capacity_j_per_k(const struct dc_room *room, double rated_w);
/* What a plant of the capacity (may be INFINITY) supplies to a room at room_degc: the set point; warmer
 * where reaching it would take more than capacity_w; the room's own air where that is colder, since
 * plants do not heat. */
double dc_room_supply_degc(const struct dc_room *room, double room_degc, double conductance_w_per_k,
			   double capacity_w);

/* The plant that cools a room of a checked facility. */
const struct dc_tagged *dc_facility_plant(const struct dc_facility *facility,
					  const struct dc_room *room);

#endif
