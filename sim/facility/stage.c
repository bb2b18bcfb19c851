/* The family of power stages. */
#include "facility/stage.h"

#include "facility/stage_sections.h"

static const struct dc_tagged_type types[] = {
	{"psu", &dc_stage_psu_section, &dc_stage_psu},
	{"pdu", &dc_stage_pdu_section, &dc_stage_pdu},
};

static const char *const reserved[] = {"ups", "transformer", "rectifier", "dc-dc", NULL};

const struct dc_tagged_family dc_stage_family = {
	.tag = "stage",
	.types = types,
	.count = sizeof(types) / sizeof(types[0]),
	.reserved = reserved,
};

static const struct dc_stage_type *stage_type(const struct dc_tagged *stage)
{
	return stage->type->descriptor;
}

enum dc_status dc_stage_prepare(const struct dc_tagged *stage, struct dc_diag *diag)
{
	const struct dc_stage_type *type = stage_type(stage);

	return type->prepare ? type->prepare(stage->section, diag) : DC_OK;
}

double dc_stage_input_w(const struct dc_tagged *stage, double output_w, double rated_w)
{
	return stage_type(stage)->input_w(stage->section, output_w, rated_w);
}

const char *dc_stage_name(const struct dc_tagged *stage)
{
	const struct dc_stage_head *head = stage->section;

	return head->name ? head->name : stage->type->name;
}
