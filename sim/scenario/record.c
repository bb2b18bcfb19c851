/* Records: what runs of every kind tell their sink alike. */
#include "scenario/record.h"

enum dc_status dc_scenario_begin_record(const struct dc_scenario *scenario, struct dc_arena *arena,
					struct dc_record_sink *sink,
					struct dc_record_schema *schema)
{
	char start[32];

	if (!sink)
		return DC_OK;
	dc_date_format(&scenario->run.start, start, sizeof start);
	schema->name = scenario->name;
	schema->version = DCSIM_VERSION;
	schema->seed = scenario->run.seed;
	schema->start = start;
	schema->scenario = dc_scenario_write(scenario, arena);
	if (!schema->scenario)
		return DC_ERR_MEMORY;
	return sink->type->begin(sink, schema);
}

enum dc_status dc_scenario_record_event(struct dc_record_sink *sink, dc_time moment, uint8_t kind,
					uint32_t subject, const char *detail)
{
	const struct dc_event_row row = {
		.time_s = dc_time_to_s(moment),
		.kind = kind,
		.subject = subject,
		.detail = detail,
	};

	return sink ? sink->type->event(sink, &row) : DC_OK;
}

enum dc_status dc_scenario_end_record(struct dc_record_sink *sink, bool interrupted,
				      const double *summary)
{
	return sink ? sink->type->end(sink,
				      interrupted ? DC_RECORD_INTERRUPTED : DC_RECORD_COMPLETE,
				      summary)
		    : DC_OK;
}
