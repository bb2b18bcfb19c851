/* The columns of the tables of a result that are the same in every run. Internal to sim/output/. */
#ifndef DC_OUTPUT_HDF5_FIELDS_H
#define DC_OUTPUT_HDF5_FIELDS_H

#include <hdf5.h>
#include <stddef.h>

enum dc_hdf5_kind {
	DC_HDF5_REAL,
	DC_HDF5_NUMBER,  /* 64 bits */
	DC_HDF5_KIND,    /* of an event */
	DC_HDF5_SUBJECT, /* an index into names */
	DC_HDF5_DETAIL,  /* a text of fixed size */
};

struct dc_hdf5_field {
	const char *name;
	const char *unit; /* NULL: none */
	const char *long_name;
	enum dc_hdf5_kind kind;
};

/* A table: the first of its fields is its scale. */
struct dc_hdf5_fields {
	const char *group;
	const struct dc_hdf5_field *fields;
	size_t count;
};

extern const struct dc_hdf5_fields dc_hdf5_iterations, dc_hdf5_events, dc_hdf5_flows,
	dc_hdf5_collectives;

/* Types of the library's, not to be closed. */
hid_t dc_hdf5_field_file_type(const struct dc_hdf5_field *field);
hid_t dc_hdf5_field_memory_type(const struct dc_hdf5_field *field);

#endif
