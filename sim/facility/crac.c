/* Room air conditioner with direct expansion: a compressor between room air and outdoor air. */
#include <math.h>

#include "facility/plant_sections.h"

struct crac {
	struct dc_plant_head head;
	double carnot_share;
	double largest_cop;
	double evaporator_k;
	double condenser_k;
	double floor_degc;
};

static const struct dc_field fields[] = {
	DC_PLANT_FIELDS(struct crac, head,
			"crac: room air conditioner, direct expansion, air-cooled"),
	{.key = "carnot",
	 .kind = DC_REAL,
	 .offset = offsetof(struct crac, carnot_share),
	 .min = 0.0,
	 .max = 1.0,
	 .flags = DC_POSITIVE,
	 .fallback = "0.5",
	 .help = "COP as a share of the ideal cycle's between the same temperatures, 0.5 to 0.65"},
	{.key = "largest_cop",
	 .kind = DC_REAL,
	 .offset = offsetof(struct crac, largest_cop),
	 .min = 0.0,
	 .max = 1000.0,
	 .flags = DC_POSITIVE,
	 .fallback = "12",
	 .help = "Bound of the COP when there is little or no lift"},
	{.key = "evaporator_approach",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE_DIFFERENCE,
	 .offset = offsetof(struct crac, evaporator_k),
	 .min = 0.0,
	 .max = 100.0,
	 .fallback = "10 K",
	 .help = "Evaporating temperature below the supply air's"},
	{.key = "condenser_approach",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE_DIFFERENCE,
	 .offset = offsetof(struct crac, condenser_k),
	 .min = 0.0,
	 .max = 100.0,
	 .fallback = "12 K",
	 .help = "Condensing temperature above the outdoor air's"},
	{.key = "outdoor_floor",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TEMPERATURE,
	 .offset = offsetof(struct crac, floor_degc),
	 .min = -100.0,
	 .max = 100.0,
	 .fallback = "15 degC",
	 .help = "Colder outdoor air counts as this: the condenser's pressure is held up"},
};

const struct dc_section dc_plant_crac_section = {
	.name = "crac plant",
	.doc = "Room air conditioner, direct expansion, air-cooled: a share of the Carnot COP",
	.size = sizeof(struct crac),
	DC_FIELDS(fields),
};

/* COP = min(largest, eta Te / (Tc - Te)), temperatures in kelvin; Te = supply - approach,
 * Tc = max(outdoor, floor) + approach: the Carnot cycle's COP times a second-law efficiency
 * [ASHRAE Handbook, Fundamentals, ch. 2]. Falls with the outdoor and rises with the supply
 * temperature wherever it is not at a bound; at and beyond zero lift it is the bound. Defaults of
 * 20 degC supply and 35 degC outdoors give 3.83; measured COPs at 20 degC supply are near 3.2
 * [Moore et al. 2005, USENIX ATC]. */
static double cop(const void *section, double supply_degc, double outdoor_degc)
{
	const struct crac *crac = section;
	double evaporator_k = supply_degc + 273.15 - crac->evaporator_k;
	double condenser_k = fmax(outdoor_degc, crac->floor_degc) + 273.15 + crac->condenser_k;
	double lift_k = condenser_k - evaporator_k;

	if (crac->carnot_share * evaporator_k >= crac->largest_cop * lift_k)
		return crac->largest_cop;
	return crac->carnot_share * evaporator_k / lift_k;
}

const struct dc_plant_type dc_plant_crac = {
	.name = "crac",
	.doc = "Room air conditioner with direct expansion; COP from supply and outdoor temperature.",
	.section = &dc_plant_crac_section,
	.cop = cop,
};
