/* The record interface: what a simulation tells the world while it runs.
 *
 * Models declare columns and rows; whoever listens (an HDF5 file, a test's memory) is a sink. Only
 * output/ knows a file format. Declared once, before the first row:
 *   - series: one row per record interval; every column is a time-weighted mean or an exact delta
 *     over that interval, scalar or one value per entity of its axis;
 *   - iterations: run-length coded, one row per run of equal iterations;
 *   - events: moments with a kind, a subject and words;
 *   - flows: one row per transfer that has ended, where a run has them (schema.flows);
 *   - collectives: one row per size and kind of group, where a run has them (schema.collectives);
 *   - timeline: one row per operation of one iteration, where a run has one (schema.timeline);
 *   - summary: scalars, known at the end.
 * Rows arrive in time order. A sink copies what it keeps. Ownership: the caller destroys its sink. */
#ifndef DC_ENGINE_RECORD_H
#define DC_ENGINE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum dc_cell { DC_CELL_MEAN, DC_CELL_SUM };

/* A set of entities that columns are labelled by: racks, parts. */
struct dc_axis {
	const char *name; /* "rack": becomes /names/rack and the dimension's name */
	const char *const *labels;
	size_t count;
};

struct dc_column {
	const char *section; /* "power", "facility", "training": a group below /series */
	const char *name;    /* "utility_w" */
	const char *unit;    /* "W" (udunits spelling: "degree_Celsius", "1", "USD") */
	const char *long_name;
	enum dc_cell cell;
	const struct dc_axis *axis; /* NULL: one value per row */
};

struct dc_scalar {
	const char *name;
	const char *unit;
	const char *long_name;
};

struct dc_record_schema {
	const char *name;     /* of the scenario */
	const char *scenario; /* resolved YAML */
	const char *version;  /* of dcsim */
	uint64_t seed;
	const char *start; /* calendar time of t = 0, ISO 8601, local standard time */
	const struct dc_axis *axes;
	size_t axes_count;
	const struct dc_column *columns;
	size_t columns_count;
	const struct dc_scalar *summary;
	size_t summary_count;
	const char *const *event_kinds;
	size_t event_kinds_count;
	const char *const *subjects; /* who events may be about */
	size_t subjects_count;
	/* Flow rows come; axes "flow", "vertex" and "link" then name what they are about. */
	bool flows;
	/* Collective rows come; axes "job", "operation", "algorithm" and "protocol" then name what they
	 * are about. */
	bool collectives;
	/* Timeline rows come; axes "timeline_stream", "timeline_role" and "timeline_operation" then name
	 * what they are about. */
	bool timeline;
};

/* Equal iterations in a row: iteration i of them starts at start_s + (i - first) * duration_s. */
struct dc_iteration_row {
	uint64_t first, count;
	double start_s, duration_s;
	double compute_s, exposed_communication_s, stall_s, bubble_s;
	/* Of exposed_communication_s, for each label of the axis "communication"; not looked at where
	 * the schema has no such axis. */
	const double *exposed_s;
};

struct dc_event_row {
	double time_s;
	uint8_t kind;       /* index into event_kinds */
	uint32_t subject;   /* index into subjects */
	const char *detail; /* at most 127 bytes are kept */
};

/* No link. */
#define DC_RECORD_NONE UINT32_MAX

/* A transfer that has ended. */
struct dc_flow_row {
	uint32_t flow;           /* index into axis "flow" */
	uint32_t source, target; /* into axis "vertex" */
	double bytes;
	double start_s, finish_s;
	double duration_s;   /* finish - start, rounded once */
	double rate_bps;     /* bytes over duration; NaN when there is none */
	uint32_t bottleneck; /* into axis "link": what held it back last; DC_RECORD_NONE */
};

/* An operation of one size, on one or more equal groups at once. */
struct dc_collective_row {
	uint64_t row;       /* number of the row, from 0 */
	uint32_t job;       /* index into axis "job" */
	uint32_t operation; /* into axis "operation" */
	uint32_t algorithm; /* into axis "algorithm" */
	uint32_t protocol;  /* into axis "protocol" */
	uint64_t members;   /* of a group */
	uint64_t groups;
	uint64_t repeat;   /* times below are of one of so many, the mean */
	double size_bytes; /* as nccl-tests counts */
	double start_s;
	double duration_s; /* of the slowest group */
	double fastest_s;  /* of the fastest one */
	double algbw_bps;  /* size over duration; NaN when that is 0 */
	double busbw_bps;
	double sent_bytes; /* by all members of all groups, once */
	double wire_bytes; /* link capacity these take: on every link crossed, with what protocols
			    * and copying add; NaN: unknown */
	double alone_s;    /* what the algorithm was chosen by */
	uint32_t second;   /* the next best, into axis "algorithm"; DC_RECORD_NONE */
	double second_s;   /* its time alone; NaN */
	uint64_t untried;  /* ways whose schedules were too large to compare */
	const char *bottleneck; /* link that held the slowest group back; "" for none; at most 127
				 * bytes are kept */
};

/* An operation of the iteration that is shown, on the first rank of a pipeline stage. */
struct dc_timeline_row {
	uint64_t row;       /* number of the row, from 0 */
	uint64_t iteration; /* number of the iteration it belongs to */
	uint32_t stage;
	uint32_t stream;    /* index into axis "timeline_stream" */
	uint8_t role;       /* into axis "timeline_role" */
	uint32_t operation; /* into axis "timeline_operation": its name */
	uint32_t chunk, micro_batch;
	double begin_s; /* from the iteration's start; negative: streams may run ahead of it */
	double duration_s;
};

enum dc_record_end { DC_RECORD_COMPLETE, DC_RECORD_INTERRUPTED };

struct dc_record_sink;

struct dc_record_sink_type {
	enum dc_status (*begin)(struct dc_record_sink *sink, const struct dc_record_schema *schema);
	/* values: the columns in order, those with an axis as count values each. */
	enum dc_status (*interval)(struct dc_record_sink *sink, double time_s, double interval_s,
				   const double *values);
	enum dc_status (*iteration)(struct dc_record_sink *sink,
				    const struct dc_iteration_row *row);
	enum dc_status (*event)(struct dc_record_sink *sink, const struct dc_event_row *row);
	/* Only where the schema says so; may be NULL in a sink that is never told so. */
	enum dc_status (*flow)(struct dc_record_sink *sink, const struct dc_flow_row *row);
	enum dc_status (*collective)(struct dc_record_sink *sink,
				     const struct dc_collective_row *row);
	enum dc_status (*timeline)(struct dc_record_sink *sink, const struct dc_timeline_row *row);
	/* summary: the scalars in order. */
	enum dc_status (*end)(struct dc_record_sink *sink, enum dc_record_end how,
			      const double *summary);
};

/* A sink's struct starts with this. */
struct dc_record_sink {
	const struct dc_record_sink_type *type;
};

#endif
