/* Reading a result: its tables, their columns with unit and meaning, and blocks of their rows. */
#include "output/reader.h"

#include <errno.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "output/hdf5_fields.h"
#include "output/hdf5_library.h"
#include "output/reader_state.h"

/* Series sections, columns and figures beyond any real result: a damaged file may claim anything.
 * */
enum { MAX_MEMBERS = 100000 };

static enum dc_status damaged(const struct dc_result *r, const char *what)
{
	return dc_diag_error(r->diag, NULL, "%s is damaged: cannot read %s", r->info.path, what);
}

/* --- names of a group's members, in order of creation ---- */

struct members {
	struct dc_arena *arena;
	const char **names;
	size_t count;
};

static herr_t add_member(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
	struct members *members = data;

	(void)group;
	(void)info;
	members->names[members->count] = dc_arena_strdup(members->arena, name);
	return members->names[members->count++] ? 0 : -1;
}

static bool list_members(const struct dc_result *r, const char *path, struct members *members)
{
	hid_t group = H5Gopen2(r->file, path, H5P_DEFAULT);
	H5G_info_t info;
	bool ok;

	*members = (struct members){.arena = r->arena};
	if (group < 0)
		return false;
	ok = H5Gget_info(group, &info) >= 0 && info.nlinks <= MAX_MEMBERS;
	if (ok) {
		members->names = dc_arena_array(r->arena, info.nlinks, sizeof(char *));
		ok = members->names && H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, NULL,
						  add_member, members) >= 0;
	}
	H5Gclose(group);
	return ok;
}

/* --- attributes and strings ---- */

/* A text attribute, or "" when there is none. */
static const char *attribute_text(const struct dc_result *r, hid_t object, const char *name)
{
	char *text = dc_hdf5_library_get_text(object, name);
	const char *copy = text ? dc_arena_strdup(r->arena, text) : NULL;

	free(text);
	return copy ? copy : "";
}

/* Reads a dataset of strings of variable length into the arena. */
static bool read_strings(const struct dc_result *r, hid_t dataset, const char *const **strings,
			 size_t *count)
{
	hid_t type = dc_hdf5_library_text_type();
	hid_t space = H5Dget_space(dataset);
	hid_t stored = H5Dget_type(dataset);
	hssize_t points = H5Sget_simple_extent_npoints(space);
	char **raw = NULL;
	const char **copy = NULL;
	bool ok = stored >= 0 && H5Tis_variable_str(stored) > 0 && points > 0 &&
		  points <= MAX_MEMBERS * 100;

	if (ok) {
		raw = calloc((size_t)points, sizeof(*raw));
		copy = dc_arena_array(r->arena, (size_t)points, sizeof(*copy));
		ok = raw && copy && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) >= 0;
	}
	if (ok) {
		for (hssize_t i = 0; i < points && ok; i++) {
			copy[i] = dc_arena_strdup(r->arena, raw[i] ? raw[i] : "");
			ok = copy[i] != NULL;
		}
		H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw);
		*strings = copy;
		*count = (size_t)points;
	}
	free(raw);
	if (stored >= 0)
		H5Tclose(stored);
	H5Sclose(space);
	H5Tclose(type);
	return ok;
}

static enum dc_status read_names(struct dc_result *r)
{
	struct members members;

	if (!list_members(r, "/names", &members))
		return damaged(r, "/names");
	r->axes = dc_arena_array(r->arena, members.count + 1, sizeof(*r->axes));
	if (!r->axes)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < members.count; i++) {
		struct dc_result_names names = {.name = members.names[i]};
		char path[512];
		hid_t dataset;
		bool ok;

		snprintf(path, sizeof(path), "/names/%s", names.name);
		dataset = H5Dopen2(r->file, path, H5P_DEFAULT);
		ok = dataset >= 0 && read_strings(r, dataset, &names.labels, &names.count);
		if (dataset >= 0)
			H5Dclose(dataset);
		if (!ok)
			return damaged(r, path);
		if (strcmp(names.name, DC_RESULT_KIND_NAMES) == 0)
			r->kinds = names;
		else if (strcmp(names.name, DC_RESULT_SUBJECT_NAMES) == 0)
			r->subjects = names;
		else
			r->axes[r->axes_count++] = names;
	}
	return DC_OK;
}

/* --- columns ---- */

/* The axis whose scale is attached to a dataset's second dimension. */
static herr_t take_scale_name(hid_t dataset, unsigned dimension, hid_t scale, void *data)
{
	(void)dataset;
	(void)dimension;
	return H5DSget_scale_name(scale, data, 64) >= 0 ? 1 : -1;
}

static bool find_axis(const struct dc_result *r, hid_t dataset, struct dc_result_column *column)
{
	char name[64] = "";

	if (H5DSiterate_scales(dataset, 1, NULL, take_scale_name, name) <= 0)
		return false;
	for (size_t i = 0; i < r->axes_count; i++) {
		if (strcmp(r->axes[i].name, name) == 0 && r->axes[i].count == column->width) {
			column->axis = r->axes[i].name;
			column->labels = r->axes[i].labels;
			return true;
		}
	}
	return false;
}

/* What the whole numbers of a column are indices into; NULL when they are plain numbers. */
static const struct dc_result_names *names_of(const struct dc_result *r, const char *path)
{
	const struct dc_hdf5_field *field = dc_hdf5_fields_find(path);

	if (!field || !field->names)
		return NULL;
	if (strcmp(field->names, DC_RESULT_KIND_NAMES) == 0)
		return &r->kinds;
	if (strcmp(field->names, DC_RESULT_SUBJECT_NAMES) == 0)
		return &r->subjects;
	for (size_t k = 0; k < r->axes_count; k++)
		if (strcmp(r->axes[k].name, field->names) == 0)
			return &r->axes[k];
	return NULL;
}

static bool describe_cell(const struct dc_result *r, hid_t dataset, struct dc_result_column *column)
{
	hid_t type = H5Dget_type(dataset);
	H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;

	if (type >= 0)
		H5Tclose(type);
	if (class == H5T_FLOAT) {
		column->cell = DC_RESULT_REAL;
	} else if (class == H5T_STRING) {
		column->cell = DC_RESULT_TEXT;
	} else if (class == H5T_INTEGER) {
		const struct dc_result_names *names;

		names = names_of(r, column->path);
		column->cell = names ? DC_RESULT_WORD : DC_RESULT_NUMBER;
		if (names) {
			column->words = names->labels;
			column->words_count = names->count;
		}
	} else {
		return false;
	}
	return true;
}

/* Whether a row can be read. */
static bool is_readable(hid_t dataset, hid_t space, int rank, const hsize_t *extent, hsize_t row)
{
	hsize_t start[2] = {row, 0}, block[2] = {1, extent[1]};
	hid_t type = H5Dget_type(dataset), memory = H5Screate_simple(rank, block, NULL);
	size_t size = type >= 0 ? H5Tget_size(type) : 0;
	void *values = size ? malloc(size * (size_t)extent[1]) : NULL;
	bool ok = values && memory >= 0 &&
		  H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, block, NULL) >= 0 &&
		  H5Dread(dataset, type, memory, space, H5P_DEFAULT, values) >= 0;

	free(values);
	if (memory >= 0)
		H5Sclose(memory);
	if (type >= 0)
		H5Tclose(type);
	return ok;
}

/* Rows of a chunk; 1 where it has none. */
static hsize_t chunk_rows(hid_t dataset)
{
	hid_t plist = H5Dget_create_plist(dataset);
	hsize_t chunk[2] = {1, 1};

	if (plist >= 0 &&
	    (H5Pget_layout(plist) != H5D_CHUNKED || H5Pget_chunk(plist, 2, chunk) < 0))
		chunk[0] = 1;
	if (plist >= 0)
		H5Pclose(plist);
	return chunk[0] ? chunk[0] : 1;
}

/* Rows up to the first that cannot be read: a kill may tear a piece of the index of chunks, and with it the
 * rows that it leads to; what other pieces lead to, behind it, may be whole. Rows are read from the first on. Each
 * chunk is read or not as one. */
static hsize_t readable_rows(hid_t dataset, hid_t space, int rank, const hsize_t *extent)
{
	hsize_t step = chunk_rows(dataset), row = 0;

	while (row < extent[0] && is_readable(dataset, space, rank, extent, row))
		row += step;
	return row < extent[0] ? row : extent[0];
}

/* Fills in a column and lowers *rows to its length: the scale is extended last, so after a kill
 * every column has at least as many rows as the scale. */
static bool describe_column(const struct dc_result *r, const char *path,
			    struct dc_result_column *column, size_t *rows)
{
	hid_t dataset = H5Dopen2(r->file, path, H5P_DEFAULT);
	hid_t space = dataset >= 0 ? H5Dget_space(dataset) : H5I_INVALID_HID;
	hsize_t extent[2] = {0, 1};
	int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
	char *methods;
	bool ok = rank == 1 || rank == 2;

	if (ok)
		ok = H5Sget_simple_extent_dims(space, extent, NULL) == rank;
	if (ok && r->recovered)
		extent[0] = readable_rows(dataset, space, rank, extent);
	if (space >= 0)
		H5Sclose(space);
	if (ok) {
		column->path = dc_arena_strdup(r->arena, path);
		column->name = column->path ? strrchr(column->path, '/') + 1 : NULL;
		column->unit = attribute_text(r, dataset, "units");
		column->long_name = attribute_text(r, dataset, "long_name");
		column->width = (size_t)extent[1];
		methods = dc_hdf5_library_get_text(dataset, "cell_methods");
		column->sum = methods && strstr(methods, "sum");
		free(methods);
		ok = column->path && describe_cell(r, dataset, column);
	}
	if (ok && column->cell == DC_RESULT_TEXT)
		column->width = 1;
	else if (ok && rank == 2)
		ok = find_axis(r, dataset, column);
	if (ok && extent[0] < *rows)
		*rows = (size_t)extent[0];
	if (dataset >= 0)
		H5Dclose(dataset);
	return ok;
}

static bool is_scale(const struct dc_result *r, const char *path)
{
	hid_t dataset = H5Dopen2(r->file, path, H5P_DEFAULT);
	bool scale = dataset >= 0 && H5DSis_scale(dataset) > 0;

	if (dataset >= 0)
		H5Dclose(dataset);
	return scale;
}

/* A table of the columns at the given paths and of those of the group's members that are none. */
static enum dc_status read_table(struct dc_result *r, const char *group, const char *name,
				 const char *const *first, size_t first_count)
{
	struct dc_result_table *table = &r->tables[r->tables_count];
	struct dc_result_column *columns;
	struct members members;
	size_t rows = SIZE_MAX;
	char path[512];

	if (!list_members(r, group, &members))
		return damaged(r, group);
	columns = dc_arena_array(r->arena, first_count + members.count, sizeof(*columns));
	if (!columns)
		return DC_ERR_MEMORY;
	*table = (struct dc_result_table){.name = name, .columns = columns};
	for (size_t i = 0; i < first_count + members.count; i++) {
		if (i < first_count)
			snprintf(path, sizeof(path), "%s", first[i]);
		else
			snprintf(path, sizeof(path), "%s/%s", group,
				 members.names[i - first_count]);
		/* Scales that are not a table's own first column are links to those of others. */
		if (i >= first_count && is_scale(r, path))
			continue;
		if (!describe_column(r, path, &columns[table->columns_count], &rows))
			return damaged(r, path);
		table->columns_count++;
	}
	table->rows = rows == SIZE_MAX ? 0 : rows;
	r->tables_count++;
	return DC_OK;
}

static enum dc_status read_series(struct dc_result *r, const struct members *sections)
{
	static const char *const own[2] = {"/series/time", "/series/interval"};
	size_t rows = SIZE_MAX;
	size_t series = 0;
	char path[512];

	for (size_t i = 0; i < sections->count; i++) {
		H5O_info_t info;
		enum dc_status status;

		snprintf(path, sizeof(path), "/series/%s", sections->names[i]);
		if (H5Oget_info_by_name(r->file, path, &info, H5P_DEFAULT) < 0)
			return damaged(r, path);
		if (info.type != H5O_TYPE_GROUP)
			continue;
		status = read_table(r, path, sections->names[i], own, 2);
		if (status != DC_OK)
			return status;
	}
	/* All sections share one scale: a row counts when every section has it. */
	series = r->tables_count;
	for (size_t i = 0; i < series; i++)
		if (r->tables[i].rows < rows)
			rows = r->tables[i].rows;
	for (size_t i = 0; i < series; i++) {
		r->tables[i].rows = rows;
		r->tables[i].series = true;
	}
	return DC_OK;
}

/* A table of fixed fields. Every result has iterations and events. */
static enum dc_status read_fixed(struct dc_result *r, enum dc_hdf5_fixed number)
{
	const struct dc_hdf5_fields *fields = dc_hdf5_fields(number);
	const char *group = dc_arena_printf(r->arena, "/%s", fields->group);
	const char *scale =
		dc_arena_printf(r->arena, "/%s/%s", fields->group, fields->fields[0].name);

	if (!group || !scale)
		return DC_ERR_MEMORY;
	if (number != DC_HDF5_ITERATIONS && number != DC_HDF5_EVENTS &&
	    H5Lexists(r->file, group, H5P_DEFAULT) <= 0)
		return DC_OK;
	return read_table(r, group, fields->group, &scale, 1);
}

static enum dc_status read_tables(struct dc_result *r)
{
	struct members sections;
	enum dc_status status;

	if (!list_members(r, "/series", &sections))
		return damaged(r, "/series");
	r->tables = dc_arena_array(r->arena, sections.count + DC_HDF5_FIXED, sizeof(*r->tables));
	if (!r->tables)
		return DC_ERR_MEMORY;
	status = read_series(r, &sections);
	for (int i = 0; i < DC_HDF5_FIXED && status == DC_OK; i++)
		status = read_fixed(r, (enum dc_hdf5_fixed)i);
	return status;
}

static enum dc_status read_figures(struct dc_result *r)
{
	struct members members;

	if (!list_members(r, "/summary", &members))
		return damaged(r, "/summary");
	r->figures = dc_arena_array(r->arena, members.count, sizeof(*r->figures));
	if (!r->figures)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < members.count; i++) {
		struct dc_result_figure *figure = &r->figures[i];
		char path[512];
		hid_t dataset;
		bool ok;

		snprintf(path, sizeof(path), "/summary/%s", members.names[i]);
		dataset = H5Dopen2(r->file, path, H5P_DEFAULT);
		figure->name = members.names[i];
		if (dataset < 0)
			return damaged(r, path);
		figure->unit = attribute_text(r, dataset, "units");
		figure->long_name = attribute_text(r, dataset, "long_name");
		ok = H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
			     &figure->value) >= 0;
		H5Dclose(dataset);
		if (!ok)
			return damaged(r, path);
	}
	r->figures_count = members.count;
	return DC_OK;
}

/* --- opening ---- */

static enum dc_status refuse_unfinished(const struct dc_result *r)
{
	return dc_diag_error(r->diag, NULL,
			     "%s is unfinished (its run was killed or is still going on); "
			     "'dcsim export --recover %s' makes a result of its rows",
			     r->info.path, r->info.path);
}

/* A file whose writer runs or was killed. The library reads a torn piece again and again, after pauses that
 * double each time: 100 times by default, which is for ever. A live writer is done with one long before. */
static hid_t open_unfinished(const char *path)
{
	static const unsigned attempts = 16;
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;

	if (access >= 0 && H5Pset_metadata_read_attempts(access, attempts) >= 0)
		file = H5Fopen(path, H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, access);
	if (access >= 0)
		H5Pclose(access);
	return file;
}

static enum dc_status open_file(struct dc_result *r, bool recover)
{
	const char *path = r->info.path;
	size_t length = strlen(path);
	struct stat info;
	const char *why = NULL;

	if (stat(path, &info) != 0)
		why = strerror(errno);
	else if (S_ISDIR(info.st_mode))
		why = "it is a folder";
	else if (!S_ISREG(info.st_mode))
		why = "it is not a regular file";
	if (why) {
		dc_diag_error(r->diag, NULL, "cannot read %s: %s", path, why);
		return DC_ERR_IO;
	}
	if (!recover && length > 5 && strcmp(path + length - 5, ".part") == 0)
		return refuse_unfinished(r);
	if (H5Fis_hdf5(path) <= 0)
		return dc_diag_error(r->diag, NULL,
				     "%s is not a dcsim result: not an HDF5 file, or cut short",
				     path);
	r->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	if (r->file < 0) {
		r->file = open_unfinished(path);
		if (r->file >= 0 && !recover)
			return refuse_unfinished(r);
	}
	if (r->file < 0) {
		char reason[128];

		dc_hdf5_library_error(reason, sizeof(reason));
		return dc_diag_error(r->diag, NULL, "cannot open %s: damaged, cut short%s (%s)",
				     path, recover ? ", or killed before its first row" : "",
				     reason);
	}
	return DC_OK;
}

static enum dc_status read_info(struct dc_result *r, bool recover)
{
	struct dc_result_info *info = &r->info;
	unsigned long long format, seed = 0;
	const char *const *scenario = NULL;
	size_t count = 0;
	hid_t dataset;

	if (!dc_hdf5_library_get_u64(r->file, "format", &format) ||
	    H5Aexists(r->file, "dcsim_version") <= 0)
		return dc_diag_error(r->diag, NULL, "%s is an HDF5 file, but not a dcsim result",
				     info->path);
	if (format != DC_RESULT_FORMAT)
		return dc_diag_error(r->diag, NULL,
				     "%s has result format %llu; this dcsim reads format %d",
				     info->path, format, DC_RESULT_FORMAT);
	info->status = attribute_text(r, r->file, "status");
	info->version = attribute_text(r, r->file, "dcsim_version");
	info->name = attribute_text(r, r->file, "name");
	info->start = attribute_text(r, r->file, "start");
	if (!recover && strcmp(info->status, "running") == 0)
		return refuse_unfinished(r);
	if (strcmp(info->status, "running") != 0 && strcmp(info->status, "complete") != 0 &&
	    strcmp(info->status, "interrupted") != 0)
		return damaged(r, "its status");
	if (!dc_hdf5_library_get_u64(r->file, "seed", &seed))
		return damaged(r, "its seed");
	info->seed = seed;
	dataset = H5Dopen2(r->file, "/scenario", H5P_DEFAULT);
	if (dataset < 0)
		return damaged(r, "/scenario");
	if (read_strings(r, dataset, &scenario, &count) && count == 1)
		info->scenario = scenario[0];
	H5Dclose(dataset);
	return info->scenario ? DC_OK : damaged(r, "/scenario");
}

enum dc_status dc_result_open(struct dc_diag *diag, const char *path, bool recover,
			      struct dc_result **result)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_result *r = arena ? dc_arena_alloc(arena, sizeof(*r)) : NULL;
	enum dc_status status;

	*result = NULL;
	if (!r) {
		dc_arena_destroy(arena);
		return DC_ERR_MEMORY;
	}
	dc_hdf5_library_init();
	*r = (struct dc_result){.arena = arena, .diag = diag, .file = H5I_INVALID_HID};
	r->info.path = dc_arena_strdup(arena, path);
	r->recovered = recover;
	status = r->info.path ? open_file(r, recover) : DC_ERR_MEMORY;
	if (status == DC_OK)
		status = read_info(r, recover);
	if (status == DC_OK)
		status = read_names(r);
	if (status == DC_OK)
		status = read_tables(r);
	if (status == DC_OK)
		status = read_figures(r);
	r->diag = NULL;
	if (status != DC_OK)
		dc_result_close(r);
	else
		*result = r;
	return status;
}

void dc_result_close(struct dc_result *result)
{
	if (!result)
		return;
	if (result->file >= 0)
		H5Fclose(result->file);
	dc_arena_destroy(result->arena);
}
