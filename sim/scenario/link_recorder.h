/* Utilisation of links over time, for runs of the network alone (record.links).
 *
 * A row per record interval: bytes carried over what the links could have carried, as built, in it. What is a
 * column of the series links/utilization:
 *   all    a link
 *   top    one of the 16 links that have carried most of their capacity by the end; so the run is
 *          made twice, the first time to find them
 *   class  all links of a dimension that lead alike: from terminals up to switches, down from them, between
 *          switches, or from terminal to terminal; the mean over them
 *
 * Ownership: everything lives in the arena given; the engine is borrowed. */
#ifndef DC_SCENARIO_LINK_RECORDER_H
#define DC_SCENARIO_LINK_RECORDER_H

#include "engine/engine.h"
#include "engine/record.h"
#include "fabric/fabric.h"
#include "scenario/scenario.h"
#include "scenario/simulation.h"

enum { DC_LINK_RECORDER_TOP = 16, DC_LINK_RECORDER_LINKS = 65536 };

/* Tells the recorder what every link has carried by now, through dc_simulation_links_carried. */
struct dc_link_recorder;
typedef void dc_simulation_links_ask(void *context, struct dc_link_recorder *recorder);

struct dc_link_recorder {
	int mode; /* enum dc_scenario_links */
	uint64_t links;
	uint32_t *column_of;   /* by link; DC_RECORD_NONE: in none */
	double *bandwidth_bps; /* by column, all its links together */
	double *carried_bytes; /* by column, by now */
	double *before_bytes;
	double *values;
	double *link_bytes; /* by link, by now; while the busiest are looked for, and for the summary */
	double *link_bps; /* as built */
	struct dc_axis axis;
	struct dc_column column;
	struct dc_engine *engine;
	struct dc_record_sink *sink;
	dc_simulation_links_ask *ask;
	void *context;
	dc_time interval, since;
	dc_event next;
};

/* Names of links, by number. */
typedef const char *dc_simulation_links_name(void *context, uint64_t link, struct dc_arena *arena);

/* Prepares columns. fabric is for classes, and may be NULL for other modes; busiest (may be NULL but for
 * top): links by number, at most DC_LINK_RECORDER_TOP. bandwidths: of every link, as built [B/s], kept. */
enum dc_status dc_simulation_links_init(struct dc_link_recorder *recorder, int mode, uint64_t links,
					double *link_bps, const struct dc_fabric *fabric,
					const uint64_t *busiest, size_t busiest_count,
					dc_simulation_links_name *name, void *name_context,
					struct dc_arena *arena) DC_CHECK;

/* Adds its axis, where it has one, to those of the schema (axes: with room for it), and its column. */
void dc_simulation_links_declare(const struct dc_link_recorder *recorder, struct dc_axis *axes,
				 struct dc_record_schema *schema);
/* Begins rows, every interval from 0 on, as long as anything else is pending in the engine. */
void dc_simulation_links_start(struct dc_link_recorder *recorder, struct dc_engine *engine,
			       dc_time interval, struct dc_record_sink *sink,
			       dc_simulation_links_ask *ask, void *context);
/* Goes on after dc_simulation_links_pause, which takes the pending row back: nothing is under way. */
void dc_simulation_links_resume(struct dc_link_recorder *recorder);
void dc_simulation_links_pause(struct dc_link_recorder *recorder);
/* Adds to what a link has carried by now; in `ask` only. */
void dc_simulation_links_carried(struct dc_link_recorder *recorder, uint64_t link, double bytes);
/* The last, perhaps shorter row. */
enum dc_status dc_simulation_links_finish(struct dc_link_recorder *recorder) DC_CHECK;

/* The links with the highest share of capacity carried by now; their number. Ties: the least link. */
size_t dc_simulation_links_busiest(struct dc_link_recorder *recorder,
				   uint64_t busiest[DC_LINK_RECORDER_TOP]);
/* The first of them, by name, into the result of a run that took so long. */
enum dc_status dc_simulation_links_report(struct dc_link_recorder *recorder, double duration_s,
					  dc_simulation_links_name *name, void *context,
					  struct dc_arena *arena,
					  struct dc_simulation_result *result) DC_CHECK;

#endif
