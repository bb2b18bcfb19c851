/* What the sections of power stages share; for the files of stages only. */
#ifndef DC_FACILITY_STAGE_SECTIONS_H
#define DC_FACILITY_STAGE_SECTIONS_H

#include "config/fields.h"

/* Every stage's struct starts with this. */
struct dc_stage_head {
	const struct dc_node *node;
	const char *stage; /* the tag */
	const char *name;
};

#define DC_STAGE_FIELDS(type, head, doc)                                                           \
	{.key = "stage",                                                                           \
	 .kind = DC_STRING,                                                                        \
	 .flags = DC_REQUIRED,                                                                     \
	 .offset = offsetof(type, head.stage),                                                     \
	 .help = doc},                                                                             \
		{.key = "name",                                                                    \
		 .kind = DC_STRING,                                                                \
		 .offset = offsetof(type, head.name),                                              \
		 .help = "Name that other keys refer to; the kind of stage when absent"},          \
		{.key = "limit", .kind = DC_RESERVED, .help = "Largest output of the stage"},      \
	{                                                                                          \
		.key = "redundancy", .kind = DC_RESERVED,                                          \
		.help = "Devices beyond what the load needs: N+1, 2N"                              \
	}

extern const struct dc_section dc_stage_psu_section;
extern const struct dc_section dc_stage_pdu_section;

#endif
