/* The layout of a result: every group, dataset and attribute, created before the first row.
 *
 *     /                       attributes status, dcsim_version, format, seed, name, start
 *     /scenario               resolved YAML
 *     /names/<axis>           labels of entities, as dimension scales; event_kind and subject
 *     /series/time, interval  end and length of each row's interval, s
 *     /series/<section>/      time and axes by hard link, then the section's columns
 *     /iterations/            first (scale), count, start, duration, compute, ...; exposed by
 *                             what communicates, where the schema names it
 *     /events/                time (scale), kind, subject, detail
 *     /flows/                 id (scale), source, destination, bytes, start, ...; where used
 *     /collectives/           row (scale), job, operation, algorithm, size, ...; where used
 *     /timeline/              row (scale), iteration, stage, stream, role, begin, ...; where used
 *     /summary/<figure>       scalars, NaN until the end
 *
 * All objects are made first and the file then goes into SWMR mode (single writer, multiple
 * readers): from there on only rows are appended and existing numbers overwritten, so a reader, or
 * whoever comes after a kill, finds a consistent file. Groups keep their order of creation, so a
 * result can be copied into an equal one. Internal to sim/output/. */
#ifndef DC_OUTPUT_HDF5_LAYOUT_H
#define DC_OUTPUT_HDF5_LAYOUT_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/record.h"
#include "output/hdf5_fields.h"
#include "output/hdf5_table.h"

/* Fills order[0 .. columns_count) with the schema's columns, those of a section together, sections
 * as they first appear: the order in which columns are created and flushed. */
void dc_hdf5_layout_order(const struct dc_record_schema *schema, size_t *order);

/* Creates the file (which must not exist), fills in the layout and starts SWMR mode. Negative on
 * failure, with the reason in error (size bytes, at least 64); the half-made file is not closed. */
hid_t dc_hdf5_layout_create(const char *path, const struct dc_record_schema *schema,
			    const size_t *order, char *error, size_t size);

/* Opens the tables of a file made by dc_hdf5_layout_create(). The series table's columns are
 * time, interval and the schema's columns in order[]. False on failure; the tables may then be
 * half made and still go to dc_hdf5_table_fini(). */
bool dc_hdf5_layout_open_series(hid_t file, const struct dc_record_schema *schema,
				const size_t *order, struct dc_hdf5_table *table);
/* The same for a table of fixed fields, where the schema has it. */
bool dc_hdf5_layout_has(const struct dc_record_schema *schema, enum dc_hdf5_fixed table);
bool dc_hdf5_layout_open_fixed(hid_t file, const struct dc_record_schema *schema,
			       enum dc_hdf5_fixed number, struct dc_hdf5_table *table);

/* Overwrites the attribute `status` and a figure of the summary; false on failure. */
bool dc_hdf5_layout_set_status(hid_t file, const char *status);
bool dc_hdf5_layout_set_figure(hid_t file, const char *name, double value);

#endif
