/* Power stages: what a device draws for what it delivers.
 *
 * The chain is listed from the load outwards: the input of one stage is the output of the next. Each
 * kind is one file with one descriptor, chosen by the key `stage`. Every stage's input rises strictly
 * with its output and is never below it; the difference is heat.
 *
 * Ownership: sections live in the config's arena; dc_stage_prepare() fills their private part. */
#ifndef DC_FACILITY_STAGE_H
#define DC_FACILITY_STAGE_H

#include "base/diag.h"
#include "base/status.h"
#include "config/fields.h"

struct dc_stage_type {
	const char *name;
	const char *doc;
	const struct dc_section *section;
	/* Checks the section and works out its private part; NULL when there is none. */
	enum dc_status (*prepare)(void *section, struct dc_diag *diag);
	double (*input_w)(const void *section, double output_w, double rated_w);
};

extern const struct dc_stage_type dc_stage_psu;
extern const struct dc_stage_type dc_stage_pdu;
extern const struct dc_tagged_family dc_stage_family;

/* Readies a stage that was read; before the first dc_stage_input_w() of it. Errors point at the key. */
enum dc_status dc_stage_prepare(const struct dc_tagged *stage, struct dc_diag *diag) DC_CHECK;

/* Power drawn to deliver output_w >= 0, in watts. rated_w > 0 is the output at full load of all the
 * devices that share it evenly; beyond it the efficiency stays what it is at full load. */
double dc_stage_input_w(const struct dc_tagged *stage, double output_w, double rated_w);

/* The stage's `name`, or its kind when it has none; lives as long as the section. */
const char *dc_stage_name(const struct dc_tagged *stage);

#endif
