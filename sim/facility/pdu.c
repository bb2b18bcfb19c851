/* Power distribution units: a constant loss and an efficiency, for each rack. */
#include "facility/stage.h"
#include "facility/stage_sections.h"

struct pdu {
	struct dc_stage_head head;
	double efficiency;
	double constant_w;
};

static const struct dc_field fields[] = {
	DC_STAGE_FIELDS(struct pdu, head, "pdu: distribution units between the feed and the racks"),
	{.key = "efficiency",
	 .kind = DC_REAL,
	 .offset = offsetof(struct pdu, efficiency),
	 .min = 0.0,
	 .max = 1.0,
	 .flags = DC_POSITIVE,
	 .fallback = "0.985",
	 .help = "Output over input, the constant loss aside"},
	{.key = "constant",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_POWER,
	 .offset = offsetof(struct pdu, constant_w),
	 .min = 0.0,
	 .max = 1e12,
	 .fallback = "0 W",
	 .help = "Power that the unit of each rack takes before any load"},
};

const struct dc_section dc_stage_pdu_section = {
	.name = "distribution stage",
	.doc = "Power distribution units: input = (output + constant) / efficiency",
	.size = sizeof(struct pdu),
	DC_FIELDS(fields),
};

/* P_in = (P_out + c) / eta, the form of each converter in the published power model of the Frontier
 * system [Brewer et al. 2024, "A digital twin framework for liquid-cooled supercomputers as
 * demonstrated at exascale", SC24]. rated_w plays no part. */
static double input_w(const void *section, double output_w, double rated_w)
{
	const struct pdu *pdu = section;

	(void)rated_w;
	return (output_w + pdu->constant_w) / pdu->efficiency;
}

const struct dc_stage_type dc_stage_pdu = {
	.name = "pdu",
	.doc = "Distribution units: a constant loss and an efficiency.",
	.section = &dc_stage_pdu_section,
	.input_w = input_w,
};
