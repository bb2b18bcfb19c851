/* The tables of fixed fields that a result may have: their columns, and what these are indices into.
 *
 * Internal to sim/output/: the layout creates them, the sink and the copy fill them, the reader finds
 * the words of a column here. */
#ifndef DC_OUTPUT_HDF5_FIELDS_H
#define DC_OUTPUT_HDF5_FIELDS_H

#include <stddef.h>

enum dc_hdf5_fixed {
	DC_HDF5_ITERATIONS,
	DC_HDF5_EVENTS,
	DC_HDF5_FLOWS,
	DC_HDF5_COLLECTIVES,
	DC_HDF5_TIMELINE,
	DC_HDF5_FIXED,
};

struct dc_hdf5_field {
	const char *name;
	const char *unit;
	const char *long_name;
	enum {
		DC_HDF5_REAL,
		DC_HDF5_NUMBER, /* 64 bits */
		DC_HDF5_INDEX,  /* 32 bits; a plain number without names */
		DC_HDF5_FLAG,   /* 8 bits, with CF's flag_values and flag_meanings */
		DC_HDF5_DETAIL, /* bytes of a text */
		DC_HDF5_PARTS,  /* a real for each label of names; no column without labels */
	} kind;
	const char *names; /* list in /names; NULL: none */
};

/* The first field is the table's scale; fields of kind DC_HDF5_PARTS come last. */
struct dc_hdf5_fields {
	const char *group; /* "events": /events */
	const struct dc_hdf5_field *fields;
	size_t count;
};

const struct dc_hdf5_fields *dc_hdf5_fields(enum dc_hdf5_fixed table);

/* The field of a dataset, "/events/kind"; NULL when it is none. */
const struct dc_hdf5_field *dc_hdf5_fields_find(const char *path);

#endif
