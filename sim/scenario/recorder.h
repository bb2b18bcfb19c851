/* The recorder: columns, rows and the summary of a run. */
#ifndef DC_SCENARIO_RECORDER_H
#define DC_SCENARIO_RECORDER_H

#include "scenario/climate.h"
#include "scenario/simulation.h"
#include "scenario/timeline.h"

/* Racks that are recorded one by one; more of them are recorded by class. */
enum { DC_RECORDER_RACKS = 1024 };

enum dc_recorder_event {
	DC_EVENT_START,
	DC_EVENT_END,
	DC_EVENT_INTERRUPTED,
	DC_EVENT_COOLING_LIMITED,
	DC_EVENT_COOLING_RECOVERED,
	DC_RECORDER_EVENTS,
};

enum dc_recorder_subject { DC_SUBJECT_RUN, DC_SUBJECT_COOLING, DC_RECORDER_SUBJECTS };

struct dc_recorder {
	const struct dc_datacenter *datacenter;
	struct dc_load *load;
	struct dc_climate *climate;
	struct dc_record_sink *sink;  /* may be NULL */
	struct dc_timeline *timeline; /* NULL: not recorded */
	/* part, rack, what communicates, those of the timeline */
	struct dc_axis axes[3 + DC_TIMELINE_AXES];
	double exposed_s[DC_ENSEMBLE_KINDS]; /* of an iteration, by what communicates */
	const char **rack_labels;
	double *values;
	dc_time since;
	uint64_t iterations;
	struct dc_sum part_before_j[DC_LOAD_PARTS];
	struct dc_sum use_before_s[DC_LOAD_USES];
	struct dc_sum before[DC_CLIMATE_TOTALS];
	struct dc_sum *rack_before; /* per rack entry */
	double *rack_degc;
	uint32_t *rack_entry;             /* of each recorded rack */
	struct dc_executor_iteration run; /* of equal iterations, not yet written */
};

enum dc_status dc_simulation_recorder_init(struct dc_recorder *recorder,
					   const struct dc_datacenter *datacenter,
					   struct dc_load *load, struct dc_climate *climate,
					   struct dc_timeline *timeline,
					   struct dc_record_sink *sink) DC_CHECK;
/* Declares everything to the sink. */
enum dc_status dc_simulation_recorder_begin(struct dc_recorder *recorder) DC_CHECK;
/* Closes the interval at now; iterations: complete since the start. The climate is at now already. */
enum dc_status dc_simulation_recorder_row(struct dc_recorder *recorder, dc_time now,
					  uint64_t iterations) DC_CHECK;
enum dc_status
dc_simulation_recorder_iteration(struct dc_recorder *recorder,
				 const struct dc_executor_iteration *iteration) DC_CHECK;
enum dc_status dc_simulation_recorder_event(struct dc_recorder *recorder, dc_time now,
					    enum dc_recorder_event kind,
					    enum dc_recorder_subject subject,
					    const char *detail) DC_CHECK;
/* Writes what is pending and the summary. */
enum dc_status dc_simulation_recorder_end(struct dc_recorder *recorder, enum dc_record_end how,
					  const double *summary) DC_CHECK;

/* The summary of a run that ended at now, its last complete iteration at iterations_end. */
void dc_simulation_summarize(const struct dc_datacenter *datacenter, const struct dc_load *load,
			     const struct dc_climate *climate, uint64_t iterations,
			     dc_time iterations_end, dc_time now, double *summary);

#endif
