/* Records: what runs of every kind tell their sink alike. A sink may be NULL: nothing is told then. */
#ifndef DC_SCENARIO_RECORD_H
#define DC_SCENARIO_RECORD_H

#include "base/time.h"
#include "engine/record.h"
#include "scenario/scenario.h"

/* Begins a record: the schema given, with what the scenario says of every run (name, version, seed, begin, and
 * itself as text, made in the arena). */
enum dc_status dc_scenario_begin_record(const struct dc_scenario *scenario, struct dc_arena *arena,
					struct dc_record_sink *sink,
					struct dc_record_schema *schema) DC_CHECK;
/* Something happened: kind and subject are places in the schema's lists. */
enum dc_status dc_scenario_record_event(struct dc_record_sink *sink, dc_time moment, uint8_t kind,
					uint32_t subject, const char *detail) DC_CHECK;
/* Ends it with the summary. */
enum dc_status dc_scenario_end_record(struct dc_record_sink *sink, bool interrupted,
				      const double *summary) DC_CHECK;

#endif
