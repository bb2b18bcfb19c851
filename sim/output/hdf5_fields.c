/* The columns of the tables of a result. */
#include "output/hdf5_fields.h"

static const struct dc_hdf5_field iteration_fields[] = {
	{"first", "1", "number of the first of these equal iterations", DC_HDF5_NUMBER},
	{"count", "1", "how many equal iterations follow each other", DC_HDF5_NUMBER},
	{"start", "s", "start of the first of these iterations", DC_HDF5_REAL},
	{"duration", "s", "duration of each of these iterations", DC_HDF5_REAL},
	{"compute", "s", "compute time in each of these iterations", DC_HDF5_REAL},
	{"exposed_communication", "s", "communication not hidden behind compute", DC_HDF5_REAL},
	{"stall", "s", "waiting for data", DC_HDF5_REAL},
};

static const struct dc_hdf5_field event_fields[] = {
	{"time", "s", "time of the event", DC_HDF5_REAL},
	{"kind", NULL, "what happened", DC_HDF5_KIND},
	{"subject", NULL, "whom it happened to, as an index into /names/subject", DC_HDF5_SUBJECT},
	{"detail", NULL, "the event in words", DC_HDF5_DETAIL},
};

static const struct dc_hdf5_field flow_fields[] = {
	{"id", NULL, "flow, as an index into /names/flow", DC_HDF5_SUBJECT},
	{"source", NULL, "where it comes from, as an index into /names/vertex", DC_HDF5_SUBJECT},
	{"destination", NULL, "where it goes, as an index into /names/vertex", DC_HDF5_SUBJECT},
	{"bytes", "byte", "size", DC_HDF5_REAL},
	{"start", "s", "start", DC_HDF5_REAL},
	{"finish", "s", "arrival of the last byte", DC_HDF5_REAL},
	{"duration", "s", "from start to finish", DC_HDF5_REAL},
	{"rate", "byte/s", "mean rate: bytes over duration", DC_HDF5_REAL},
	{"bottleneck", NULL,
	 "link that held it back last, as an index into /names/link; 4294967295: none",
	 DC_HDF5_SUBJECT},
};

static const struct dc_hdf5_field collective_fields[] = {
	{"row", "1", "number of the row", DC_HDF5_NUMBER},
	{"job", NULL, "job, as an index into /names/job", DC_HDF5_SUBJECT},
	{"operation", NULL, "what was done, as an index into /names/operation", DC_HDF5_SUBJECT},
	{"algorithm", NULL, "how, as an index into /names/algorithm", DC_HDF5_SUBJECT},
	{"protocol", NULL, "protocol of its messages, as an index into /names/protocol",
	 DC_HDF5_SUBJECT},
	{"members", "1", "members of a group", DC_HDF5_NUMBER},
	{"groups", "1", "groups that did it at once", DC_HDF5_NUMBER},
	{"repeat", "1", "times are the mean of so many, back to back", DC_HDF5_NUMBER},
	{"size", "byte", "size, as nccl-tests counts it", DC_HDF5_REAL},
	{"start", "s", "when the first group began", DC_HDF5_REAL},
	{"duration", "s", "of the slowest group", DC_HDF5_REAL},
	{"fastest", "s", "of the fastest group", DC_HDF5_REAL},
	{"algbw", "byte/s", "size over duration", DC_HDF5_REAL},
	{"busbw", "byte/s", "algbw times what makes it comparable with a link's rate",
	 DC_HDF5_REAL},
	{"sent", "byte", "bytes that all members of all groups send", DC_HDF5_REAL},
	{"wire", "byte",
	 "link capacity they take: on every link crossed, with what protocols and copying add",
	 DC_HDF5_REAL},
	{"alone", "s", "duration of one group alone, by which the algorithm was chosen",
	 DC_HDF5_REAL},
	{"second", NULL,
	 "the next best algorithm, as an index into /names/algorithm; 4294967295: none",
	 DC_HDF5_SUBJECT},
	{"second_alone", "s", "duration of one group alone with that one", DC_HDF5_REAL},
	{"untried", "1", "algorithms with a protocol whose schedules were too large to be compared",
	 DC_HDF5_NUMBER},
	{"bottleneck", NULL, "link that held the slowest group back", DC_HDF5_DETAIL},
};

const struct dc_hdf5_fields dc_hdf5_iterations = {
	"/iterations", iteration_fields, sizeof(iteration_fields) / sizeof(*iteration_fields)};
const struct dc_hdf5_fields dc_hdf5_events = {"/events", event_fields,
					      sizeof(event_fields) / sizeof(*event_fields)};
const struct dc_hdf5_fields dc_hdf5_flows = {"/flows", flow_fields,
					     sizeof(flow_fields) / sizeof(*flow_fields)};
const struct dc_hdf5_fields dc_hdf5_collectives = {
	"/collectives", collective_fields, sizeof(collective_fields) / sizeof(*collective_fields)};

hid_t dc_hdf5_field_file_type(const struct dc_hdf5_field *field)
{
	switch (field->kind) {
	case DC_HDF5_NUMBER:
		return H5T_STD_U64LE;
	case DC_HDF5_KIND:
		return H5T_STD_U8LE;
	case DC_HDF5_SUBJECT:
		return H5T_STD_U32LE;
	case DC_HDF5_DETAIL:
		return H5T_C_S1;
	case DC_HDF5_REAL:
		break;
	}
	return H5T_IEEE_F64LE;
}

hid_t dc_hdf5_field_memory_type(const struct dc_hdf5_field *field)
{
	switch (field->kind) {
	case DC_HDF5_NUMBER:
		return H5T_NATIVE_UINT64;
	case DC_HDF5_KIND:
		return H5T_NATIVE_UINT8;
	case DC_HDF5_SUBJECT:
		return H5T_NATIVE_UINT32;
	case DC_HDF5_DETAIL:
		return H5T_C_S1;
	case DC_HDF5_REAL:
		break;
	}
	return H5T_NATIVE_DOUBLE;
}
