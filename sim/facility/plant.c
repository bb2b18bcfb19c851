/* The family of cooling plants. */
#include "facility/plant.h"

#include <math.h>

#include "facility/plant_sections.h"

static const struct dc_tagged_type types[] = {
	{"crac", &dc_plant_crac_section, &dc_plant_crac},
};

static const char *const reserved[] = {
	"chiller", "cooling-tower", "dry-cooler", "adiabatic", "economizer", NULL,
};

const struct dc_tagged_family dc_plant_family = {
	.tag = "kind",
	.types = types,
	.count = sizeof(types) / sizeof(types[0]),
	.reserved = reserved,
};

double dc_plant_cop(const struct dc_tagged *plant, double supply_degc, double outdoor_degc)
{
	const struct dc_plant_type *type = plant->type->descriptor;

	return type->cop(plant->section, supply_degc, outdoor_degc);
}

double dc_plant_capacity_w(const struct dc_tagged *plant)
{
	const struct dc_plant_head *head = plant->section;

	return head->capacity_w > 0.0 ? head->capacity_w : (double)INFINITY;
}

double dc_plant_fan_w(const struct dc_tagged *plant, double heat_w)
{
	const struct dc_plant_head *head = plant->section;

	return heat_w * head->fan_share;
}

double dc_plant_compressor_w(const struct dc_tagged *plant, double heat_w, double cop)
{
	return (heat_w + dc_plant_fan_w(plant, heat_w)) / cop;
}

const char *dc_plant_name(const struct dc_tagged *plant)
{
	const struct dc_plant_head *head = plant->section;

	return head->name ? head->name : plant->type->name;
}
