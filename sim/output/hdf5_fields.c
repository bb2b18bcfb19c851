/* The tables of fixed fields that a result may have. */
#include "output/hdf5_fields.h"

#include <string.h>

#include "output/hdf5_library.h"

static const struct dc_hdf5_field iteration_fields[] = {
	{"first", "1", "number of the first of these equal iterations", DC_HDF5_NUMBER, NULL},
	{"count", "1", "how many equal iterations follow each other", DC_HDF5_NUMBER, NULL},
	{"start", "s", "start of the first of these iterations", DC_HDF5_REAL, NULL},
	{"duration", "s", "duration of each of these iterations", DC_HDF5_REAL, NULL},
	{"compute", "s", "compute time in each of these iterations", DC_HDF5_REAL, NULL},
	{"exposed_communication", "s", "communication not hidden behind compute", DC_HDF5_REAL,
	 NULL},
	{"stall", "s", "waiting for data", DC_HDF5_REAL, NULL},
	{"bubble", "s", "waiting for other stages, or for other ranks at a barrier", DC_HDF5_REAL,
	 NULL},
	{"exposed", "s", "communication not hidden behind compute, by what communicates",
	 DC_HDF5_PARTS, "communication"},
};

static const struct dc_hdf5_field event_fields[] = {
	{"time", "s", "time of the event", DC_HDF5_REAL, NULL},
	{"kind", NULL, "what happened", DC_HDF5_FLAG, DC_RESULT_KIND_NAMES},
	{"subject", NULL, "whom it happened to, as an index into /names/subject", DC_HDF5_INDEX,
	 DC_RESULT_SUBJECT_NAMES},
	{"detail", NULL, "the event in words", DC_HDF5_DETAIL, NULL},
};

static const struct dc_hdf5_field flow_fields[] = {
	{"id", NULL, "flow, as an index into /names/flow", DC_HDF5_INDEX, "flow"},
	{"source", NULL, "where it comes from, as an index into /names/vertex", DC_HDF5_INDEX,
	 "vertex"},
	{"destination", NULL, "where it goes, as an index into /names/vertex", DC_HDF5_INDEX,
	 "vertex"},
	{"bytes", "byte", "size", DC_HDF5_REAL, NULL},
	{"start", "s", "start", DC_HDF5_REAL, NULL},
	{"finish", "s", "arrival of the last byte", DC_HDF5_REAL, NULL},
	{"duration", "s", "from start to finish", DC_HDF5_REAL, NULL},
	{"rate", "byte/s", "mean rate: bytes over duration", DC_HDF5_REAL, NULL},
	{"bottleneck", NULL,
	 "link that held it back last, as an index into /names/link; 4294967295: none",
	 DC_HDF5_INDEX, "link"},
};

static const struct dc_hdf5_field collective_fields[] = {
	{"row", "1", "number of the row", DC_HDF5_NUMBER, NULL},
	{"job", NULL, "job, as an index into /names/job", DC_HDF5_INDEX, "job"},
	{"operation", NULL, "what was done, as an index into /names/operation", DC_HDF5_INDEX,
	 "operation"},
	{"algorithm", NULL, "how, as an index into /names/algorithm", DC_HDF5_INDEX, "algorithm"},
	{"protocol", NULL, "protocol of its messages, as an index into /names/protocol",
	 DC_HDF5_INDEX, "protocol"},
	{"members", "1", "members of a group", DC_HDF5_NUMBER, NULL},
	{"groups", "1", "groups that did it at once", DC_HDF5_NUMBER, NULL},
	{"repeat", "1", "times are the mean of so many, back to back", DC_HDF5_NUMBER, NULL},
	{"size", "byte", "size, as nccl-tests counts it", DC_HDF5_REAL, NULL},
	{"start", "s", "when the first group began", DC_HDF5_REAL, NULL},
	{"duration", "s", "of the slowest group", DC_HDF5_REAL, NULL},
	{"fastest", "s", "of the fastest group", DC_HDF5_REAL, NULL},
	{"algbw", "byte/s", "size over duration", DC_HDF5_REAL, NULL},
	{"busbw", "byte/s", "algbw times what makes it comparable with a link's rate", DC_HDF5_REAL,
	 NULL},
	{"sent", "byte", "bytes that all members of all groups send", DC_HDF5_REAL, NULL},
	{"wire", "byte",
	 "link capacity they take: on every link crossed, with what protocols and copying add",
	 DC_HDF5_REAL, NULL},
	{"alone", "s", "duration of one group alone, by which the algorithm was chosen",
	 DC_HDF5_REAL, NULL},
	{"second", NULL,
	 "the next best algorithm, as an index into /names/algorithm; 4294967295: none",
	 DC_HDF5_INDEX, "algorithm"},
	{"second_alone", "s", "duration of one group alone with that one", DC_HDF5_REAL, NULL},
	{"untried", "1", "algorithms with a protocol whose schedules were too large to be compared",
	 DC_HDF5_NUMBER, NULL},
	{"bottleneck", NULL, "link that held the slowest group back", DC_HDF5_DETAIL, NULL},
};

static const struct dc_hdf5_field timeline_fields[] = {
	{"row", "1", "number of the row", DC_HDF5_NUMBER, NULL},
	{"iteration", "1", "number of the iteration that the operation belongs to", DC_HDF5_NUMBER,
	 NULL},
	{"stage", "1", "pipeline stage, of whose ranks the first is shown", DC_HDF5_INDEX, NULL},
	{"stream", NULL, "stream of the rank, as an index into /names/timeline_stream",
	 DC_HDF5_INDEX, "timeline_stream"},
	{"role", NULL, "what the operation is for", DC_HDF5_FLAG, "timeline_role"},
	{"operation", NULL, "what it is called, as an index into /names/timeline_operation",
	 DC_HDF5_INDEX, "timeline_operation"},
	{"chunk", "1", "part of the stage's layers that it works on", DC_HDF5_INDEX, NULL},
	{"micro_batch", "1", "micro-batch that it works on", DC_HDF5_INDEX, NULL},
	{"begin", "s", "from the start of the iteration; negative: before it", DC_HDF5_REAL, NULL},
	{"duration", "s", "duration", DC_HDF5_REAL, NULL},
};

#define TABLE(group, fields)                                                                       \
	{                                                                                          \
		group, fields, sizeof(fields) / sizeof(*(fields))                                  \
	}

static const struct dc_hdf5_fields tables[DC_HDF5_FIXED] = {
	[DC_HDF5_ITERATIONS] = TABLE("iterations", iteration_fields),
	[DC_HDF5_EVENTS] = TABLE("events", event_fields),
	[DC_HDF5_FLOWS] = TABLE("flows", flow_fields),
	[DC_HDF5_COLLECTIVES] = TABLE("collectives", collective_fields),
	[DC_HDF5_TIMELINE] = TABLE("timeline", timeline_fields),
};

const struct dc_hdf5_fields *dc_hdf5_fields(enum dc_hdf5_fixed table)
{
	return &tables[table];
}

const struct dc_hdf5_field *dc_hdf5_fields_find(const char *path)
{
	const char *name = strrchr(path, '/');

	for (int i = 0; name && i < DC_HDF5_FIXED; i++) {
		size_t length = strlen(tables[i].group);

		if (path[0] != '/' || (size_t)(name - path) != length + 1 ||
		    strncmp(path + 1, tables[i].group, length) != 0)
			continue;
		for (size_t k = 0; k < tables[i].count; k++)
			if (strcmp(tables[i].fields[k].name, name + 1) == 0)
				return &tables[i].fields[k];
	}
	return NULL;
}
