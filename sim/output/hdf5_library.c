/* What every HDF5 file of ours needs: a quiet library, text attributes, the words of a failure. */
#include "output/hdf5_library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dc_hdf5_library_init(void)
{
	/* Fails when called a second time, which is harmless. */
	(void)H5dont_atexit();
	(void)H5open();
	(void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* The file driver leaves "... errno = 28, error message = '...', ..." on the error stack. */
static herr_t find_errno(unsigned depth, const H5E_error2_t *entry, void *data)
{
	int *number = data;
	const char *found = entry->desc ? strstr(entry->desc, "errno = ") : NULL;

	(void)depth;
	if (found && !*number)
		*number = atoi(found + strlen("errno = "));
	return 0;
}

void dc_hdf5_library_error(char *text, size_t size)
{
	int number = 0;

	(void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, find_errno, &number);
	snprintf(text, size, "%s",
		 number ? strerror(number) : "the HDF5 library reported an error");
}

hid_t dc_hdf5_library_text_type(void)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	if (type >= 0 &&
	    (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
		H5Tclose(type);
		return H5I_INVALID_HID;
	}
	return type;
}

/* Handles are small integers; closing one that was never opened is the one thing to avoid. */
static bool close_all(bool ok, hid_t attribute, hid_t space, hid_t type)
{
	if (attribute >= 0 && H5Aclose(attribute) < 0)
		ok = false;
	if (space >= 0)
		H5Sclose(space);
	if (type >= 0)
		H5Tclose(type);
	return ok;
}

bool dc_hdf5_library_put_text(hid_t object, const char *name, const char *text)
{
	hid_t type = dc_hdf5_library_text_type();
	hid_t space = H5Screate(H5S_SCALAR);
	hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	bool ok = attribute >= 0 && H5Awrite(attribute, type, &text) >= 0;

	return close_all(ok, attribute, space, type);
}

bool dc_hdf5_library_put_number(hid_t object, const char *name, hid_t type, hid_t memory_type,
				const void *value)
{
	hid_t space = H5Screate(H5S_SCALAR);
	hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	bool ok = attribute >= 0 && H5Awrite(attribute, memory_type, value) >= 0;

	return close_all(ok, attribute, space, H5I_INVALID_HID);
}

static char *get_variable(hid_t attribute)
{
	hid_t type = dc_hdf5_library_text_type();
	hid_t stored = H5Aget_type(attribute);
	char *text = NULL;
	char *copy = NULL;

	/* The character set of memory and file must agree, or HDF5 refuses the conversion. */
	if (stored >= 0)
		H5Tset_cset(type, H5Tget_cset(stored));
	if (H5Aread(attribute, type, &text) >= 0 && text) {
		copy = strdup(text);
		H5free_memory(text);
	}
	if (stored >= 0)
		H5Tclose(stored);
	H5Tclose(type);
	return copy;
}

static char *get_fixed(hid_t attribute, hid_t stored)
{
	size_t size = H5Tget_size(stored);
	char *text = size < (1 << 20) ? calloc(size + 1, 1) : NULL;

	if (text && H5Aread(attribute, stored, text) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *dc_hdf5_library_get_text(hid_t object, const char *name)
{
	hid_t attribute, type, space;
	char *text = NULL;

	if (H5Aexists(object, name) <= 0)
		return NULL;
	attribute = H5Aopen(object, name, H5P_DEFAULT);
	if (attribute < 0)
		return NULL;
	type = H5Aget_type(attribute);
	space = H5Aget_space(attribute);
	if (type >= 0 && H5Tget_class(type) == H5T_STRING &&
	    H5Sget_simple_extent_npoints(space) == 1)
		text = H5Tis_variable_str(type) > 0 ? get_variable(attribute)
						    : get_fixed(attribute, type);
	close_all(true, attribute, space, type);
	return text;
}

bool dc_hdf5_library_get_u64(hid_t object, const char *name, unsigned long long *value)
{
	hid_t attribute, type, space;
	bool ok;

	if (H5Aexists(object, name) <= 0)
		return false;
	attribute = H5Aopen(object, name, H5P_DEFAULT);
	if (attribute < 0)
		return false;
	type = H5Aget_type(attribute);
	space = H5Aget_space(attribute);
	ok = type >= 0 && H5Tget_class(type) == H5T_INTEGER &&
	     H5Sget_simple_extent_npoints(space) == 1 &&
	     H5Aread(attribute, H5T_NATIVE_ULLONG, value) >= 0;
	return close_all(ok, attribute, space, type);
}
