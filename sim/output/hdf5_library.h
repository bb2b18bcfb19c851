/* What every HDF5 file of ours needs: a quiet library, text attributes, the words of a failure.
 *
 * Internal to sim/output/: includes hdf5.h, which no other folder does. */
#ifndef DC_OUTPUT_HDF5_LIBRARY_H
#define DC_OUTPUT_HDF5_LIBRARY_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

/* The number of the layout, in the attribute `format` of every result. */
enum { DC_RESULT_FORMAT = 1 };
/* Bytes of an event's detail in a result; of the attribute `status`. */
enum { DC_RESULT_DETAIL = 128, DC_RESULT_STATUS = 16 };

/* Names that writer and reader share. */
#define DC_RESULT_KIND_NAMES "event_kind"
#define DC_RESULT_SUBJECT_NAMES "subject"
#define DC_RESULT_DETAIL_DIM "string128"

/* Call before any other call of HDF5: no printing of error stacks and no work at exit (a file given
 * up after a full disk must not be touched again). Cheap, may be repeated. */
void dc_hdf5_library_init(void);

/* Why the last call of HDF5 failed, in the operating system's words when HDF5 passed its error on;
 * "the HDF5 library reported an error" otherwise. size >= 64. */
void dc_hdf5_library_error(char *text, size_t size);

/* A string type of HDF5's own memory management (variable length, UTF-8); the caller closes it. */
hid_t dc_hdf5_library_text_type(void);

/* Creates a text attribute of variable length; false on failure. */
bool dc_hdf5_library_put_text(hid_t object, const char *name, const char *text);
/* Creates a scalar attribute of any number type. */
bool dc_hdf5_library_put_number(hid_t object, const char *name, hid_t type, hid_t memory_type,
				const void *value);

/* Reads a text attribute of either kind of string; NULL when there is none. The caller frees. */
char *dc_hdf5_library_get_text(hid_t object, const char *name);
/* Reads a scalar integer attribute; false when there is none. */
bool dc_hdf5_library_get_u64(hid_t object, const char *name, unsigned long long *value);

#endif
