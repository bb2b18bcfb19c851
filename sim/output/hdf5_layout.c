/* The layout of a result: every group, dataset and attribute, created before the first row. */
#include "output/hdf5_layout.h"

#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/hdf5_fields.h"
#include "output/hdf5_library.h"

enum { PATH_SIZE = 512 };

/* The work in progress. ok turns false at the first failure, and every later step is skipped: the
 * file may then not be touched again. */
struct builder {
	hid_t file;
	hid_t group_plist;
	hid_t data_plist; /* of datasets without chunks */
	const struct dc_record_schema *schema;
	bool ok;
	char *error;
	size_t error_size;
};

static bool step(struct builder *b, bool ok)
{
	if (b->ok && !ok) {
		b->ok = false;
		dc_hdf5_library_error(b->error, b->error_size);
	}
	return b->ok;
}

static hid_t file_type(const struct dc_hdf5_field *field)
{
	switch (field->kind) {
	case DC_HDF5_NUMBER:
		return H5T_STD_U64LE;
	case DC_HDF5_FLAG:
		return H5T_STD_U8LE;
	case DC_HDF5_INDEX:
		return H5T_STD_U32LE;
	case DC_HDF5_DETAIL:
		return H5T_C_S1;
	case DC_HDF5_REAL:
	case DC_HDF5_PARTS:
		break;
	}
	return H5T_IEEE_F64LE;
}

static hid_t memory_type(const struct dc_hdf5_field *field)
{
	switch (field->kind) {
	case DC_HDF5_NUMBER:
		return H5T_NATIVE_UINT64;
	case DC_HDF5_FLAG:
		return H5T_NATIVE_UINT8;
	case DC_HDF5_INDEX:
		return H5T_NATIVE_UINT32;
	case DC_HDF5_DETAIL:
		return H5T_C_S1;
	case DC_HDF5_REAL:
	case DC_HDF5_PARTS:
		break;
	}
	return H5T_NATIVE_DOUBLE;
}

static size_t axis_width(const struct dc_column *column)
{
	return column->axis ? column->axis->count : 0;
}

static size_t series_chunk_rows(const struct dc_record_schema *schema)
{
	size_t widest = 1;

	for (size_t i = 0; i < schema->columns_count; i++)
		if (axis_width(&schema->columns[i]) > widest)
			widest = axis_width(&schema->columns[i]);
	return dc_hdf5_table_chunk_rows(widest * sizeof(double));
}

void dc_hdf5_layout_order(const struct dc_record_schema *schema, size_t *order)
{
	size_t placed = 0;

	for (size_t i = 0; i < schema->columns_count; i++) {
		const char *section = schema->columns[i].section;
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = strcmp(schema->columns[j].section, section) == 0;
		for (size_t j = i; j < schema->columns_count && !seen; j++)
			if (strcmp(schema->columns[j].section, section) == 0)
				order[placed++] = j;
	}
}

/* A group that remembers the order in which its members came. */
static hid_t make_group(struct builder *b, const char *path)
{
	hid_t group;

	if (!b->ok)
		return H5I_INVALID_HID;
	group = H5Gcreate2(b->file, path, H5P_DEFAULT, b->group_plist, H5P_DEFAULT);
	step(b, group >= 0);
	return group;
}

static void close_group(struct builder *b, hid_t group)
{
	if (b->ok)
		step(b, H5Gclose(group) >= 0);
}

static void close_dataset(struct builder *b, hid_t dataset)
{
	if (b->ok)
		step(b, H5Dclose(dataset) >= 0);
}

static void put_text(struct builder *b, hid_t object, const char *name, const char *text)
{
	if (b->ok && text)
		step(b, dc_hdf5_library_put_text(object, name, text));
}

static void make_root_attributes(struct builder *b)
{
	const struct dc_record_schema *schema = b->schema;
	char status[DC_RESULT_STATUS] = "running";
	int format = DC_RESULT_FORMAT;
	hid_t type = H5Tcopy(H5T_C_S1);

	if (!step(b, type >= 0 && H5Tset_size(type, DC_RESULT_STATUS) >= 0))
		return;
	step(b, dc_hdf5_library_put_number(b->file, "status", type, type, status));
	H5Tclose(type);
	put_text(b, b->file, "dcsim_version", schema->version);
	if (b->ok)
		step(b, dc_hdf5_library_put_number(b->file, "format", H5T_STD_I32LE, H5T_NATIVE_INT,
						   &format));
	if (b->ok)
		step(b, dc_hdf5_library_put_number(b->file, "seed", H5T_STD_U64LE,
						   H5T_NATIVE_UINT64, &schema->seed));
	put_text(b, b->file, "name", schema->name);
	put_text(b, b->file, "start", schema->start);
	put_text(b, b->file, "Conventions", "CF-1.8");
}

/* Strings of variable length: one (count 0) or a list of them. */
static hid_t make_texts(struct builder *b, hid_t group, const char *name, const char *const *texts,
			size_t count)
{
	hsize_t extent = count;
	hid_t type, space, dataset;

	if (!b->ok)
		return H5I_INVALID_HID;
	type = dc_hdf5_library_text_type();
	space = count ? H5Screate_simple(1, &extent, NULL) : H5Screate(H5S_SCALAR);
	dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, b->data_plist, H5P_DEFAULT);
	if (step(b, dataset >= 0 &&
			    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) >= 0)) {
		H5Sclose(space);
		H5Tclose(type);
	}
	return dataset;
}

/* Labels of one dimension. Nothing is made for an empty list: a dimension of length zero would
 * read as an unlimited one. */
static void make_names(struct builder *b, hid_t group, const char *name, const char *const *labels,
		       size_t count)
{
	hid_t dataset;

	if (!count)
		return;
	dataset = make_texts(b, group, name, labels, count);
	if (b->ok)
		step(b, H5DSset_scale(dataset, name) >= 0);
	close_dataset(b, dataset);
}

static void make_all_names(struct builder *b)
{
	const struct dc_record_schema *schema = b->schema;
	hid_t group = make_group(b, "/names");

	for (size_t i = 0; i < schema->axes_count; i++)
		make_names(b, group, schema->axes[i].name, schema->axes[i].labels,
			   schema->axes[i].count);
	make_names(b, group, DC_RESULT_KIND_NAMES, schema->event_kinds, schema->event_kinds_count);
	make_names(b, group, DC_RESULT_SUBJECT_NAMES, schema->subjects, schema->subjects_count);
	close_group(b, group);
}

static hid_t make_column(struct builder *b, hid_t group, const struct dc_hdf5_field *field,
			 size_t chunk_rows, size_t width)
{
	hid_t dataset;

	if (!b->ok)
		return H5I_INVALID_HID;
	dataset = dc_hdf5_table_dataset(group, field->name, file_type(field), chunk_rows, width);
	if (!step(b, dataset >= 0))
		return dataset;
	put_text(b, dataset, "units", field->unit);
	put_text(b, dataset, "long_name", field->long_name);
	return dataset;
}

/* A column that is its table's dimension: the row's coordinate. */
static hid_t make_scale(struct builder *b, hid_t group, const struct dc_hdf5_field *field,
			size_t chunk_rows)
{
	hid_t scale = make_column(b, group, field, chunk_rows, 0);

	if (b->ok)
		step(b, H5DSset_scale(scale, field->name) >= 0);
	return scale;
}

/* Attaches the axis and gives the section a hard link to it, unless an earlier column did. */
static void attach_axis(struct builder *b, hid_t section, hid_t dataset, const struct dc_axis *axis)
{
	char path[PATH_SIZE];
	hid_t scale;
	htri_t linked;

	if (!b->ok)
		return;
	snprintf(path, sizeof(path), "/names/%s", axis->name);
	scale = H5Dopen2(b->file, path, H5P_DEFAULT);
	if (!step(b, scale >= 0 && H5DSattach_scale(dataset, scale, 1) >= 0))
		return;
	linked = H5Lexists(section, axis->name, H5P_DEFAULT);
	if (linked == 0)
		linked = H5Lcreate_hard(b->file, path, section, axis->name, H5P_DEFAULT,
					H5P_DEFAULT) >= 0;
	step(b, linked > 0);
	close_dataset(b, scale);
}

static void make_series_column(struct builder *b, hid_t section, hid_t time,
			       const struct dc_column *column, size_t chunk_rows)
{
	struct dc_hdf5_field field = {column->name, column->unit, column->long_name, DC_HDF5_REAL,
				      NULL};
	hid_t dataset = make_column(b, section, &field, chunk_rows, axis_width(column));

	put_text(b, dataset, "cell_methods",
		 column->cell == DC_CELL_SUM ? "time: sum" : "time: mean");
	if (b->ok)
		step(b, H5DSattach_scale(dataset, time, 0) >= 0);
	if (column->axis)
		attach_axis(b, section, dataset, column->axis);
	close_dataset(b, dataset);
}

static void make_series(struct builder *b, const size_t *order)
{
	const struct dc_hdf5_field time_field = {"time", "s", "end of interval", DC_HDF5_REAL,
						 NULL};
	const struct dc_hdf5_field interval_field = {"interval", "s", "length of interval",
						     DC_HDF5_REAL, NULL};
	const struct dc_record_schema *schema = b->schema;
	size_t rows = series_chunk_rows(schema);
	hid_t series = make_group(b, "/series");
	hid_t time = make_scale(b, series, &time_field, rows);
	hid_t interval = make_column(b, series, &interval_field, rows, 0);
	const char *previous = NULL;

	if (b->ok)
		step(b, H5DSattach_scale(interval, time, 0) >= 0);
	close_dataset(b, interval);
	for (size_t i = 0; i < schema->columns_count && b->ok; i++) {
		const struct dc_column *column = &schema->columns[order[i]];
		bool first = !previous || strcmp(previous, column->section) != 0;
		char path[PATH_SIZE];
		hid_t section;

		snprintf(path, sizeof(path), "/series/%s", column->section);
		section = first ? make_group(b, path) : H5Gopen2(b->file, path, H5P_DEFAULT);
		step(b, section >= 0);
		if (first && b->ok)
			step(b, H5Lcreate_hard(series, "time", section, "time", H5P_DEFAULT,
					       H5P_DEFAULT) >= 0);
		make_series_column(b, section, time, column, rows);
		close_group(b, section);
		previous = column->section;
	}
	close_dataset(b, time);
	close_group(b, series);
}

/* The list in /names that a field is an index into; one without labels when there is none. */
static struct dc_axis names_of(const struct dc_record_schema *schema,
			       const struct dc_hdf5_field *field)
{
	if (strcmp(field->names, DC_RESULT_KIND_NAMES) == 0)
		return (struct dc_axis){field->names, schema->event_kinds,
					schema->event_kinds_count};
	for (size_t i = 0; i < schema->axes_count; i++)
		if (strcmp(schema->axes[i].name, field->names) == 0)
			return schema->axes[i];
	return (struct dc_axis){.name = field->names};
}

/* Values per row; 0: one, and one dimension. */
static size_t field_width(const struct dc_record_schema *schema, const struct dc_hdf5_field *field)
{
	if (field->kind == DC_HDF5_PARTS)
		return names_of(schema, field).count;
	return field->kind == DC_HDF5_DETAIL ? DC_RESULT_DETAIL : 0;
}

/* Columns of a table: those of parts are only there where there are parts. */
static size_t fields_used(const struct dc_record_schema *schema, const struct dc_hdf5_fields *table)
{
	size_t count = table->count;

	while (table->fields[count - 1].kind == DC_HDF5_PARTS &&
	       !field_width(schema, &table->fields[count - 1]))
		count--;
	return count;
}

/* CF's way to say what a small number means; an enumerated type would be dropped by netCDF-4. */
static void put_flags(struct builder *b, hid_t dataset, const struct dc_axis *names)
{
	hsize_t count = names->count;
	unsigned char *values;
	size_t size = 1;
	char *words;
	hid_t space, attribute;

	if (!count || !b->ok)
		return;
	for (size_t i = 0; i < count; i++)
		size += strlen(names->labels[i]) + 1;
	values = calloc(count, 1);
	words = calloc(size, 1);
	if (!step(b, values && words))
		goto out;
	for (size_t i = 0; i < count; i++) {
		char *word = words + strlen(words);

		values[i] = (unsigned char)i;
		sprintf(word, "%s%s", i ? " " : "", names->labels[i]);
		for (char *c = word + (i > 0); *c; c++)
			if (*c == ' ')
				*c = '_';
	}
	space = H5Screate_simple(1, &count, NULL);
	attribute =
		H5Acreate2(dataset, "flag_values", H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT);
	if (step(b, attribute >= 0 && H5Awrite(attribute, H5T_NATIVE_UINT8, values) >= 0)) {
		step(b, H5Aclose(attribute) >= 0);
		H5Sclose(space);
	}
	put_text(b, dataset, "flag_meanings", words);
out:
	free(values);
	free(words);
}

/* The second dimension of `detail`, in netCDF-4's way for a dimension without coordinates. */
static hid_t make_detail_dimension(struct builder *b, hid_t group)
{
	hsize_t extent = DC_RESULT_DETAIL;
	char name[64];
	hid_t space, dataset;

	if (!b->ok)
		return H5I_INVALID_HID;
	snprintf(name, sizeof(name), "This is a netCDF dimension but not a netCDF variable.%10d",
		 DC_RESULT_DETAIL);
	space = H5Screate_simple(1, &extent, NULL);
	dataset = H5Dcreate2(group, DC_RESULT_DETAIL_DIM, H5T_IEEE_F32BE, space, H5P_DEFAULT,
			     b->data_plist, H5P_DEFAULT);
	if (step(b, dataset >= 0 && H5DSset_scale(dataset, name) >= 0))
		H5Sclose(space);
	return dataset;
}

static void make_field(struct builder *b, hid_t group, hid_t scale,
		       const struct dc_hdf5_field *field)
{
	size_t width = field_width(b->schema, field);
	bool detail = field->kind == DC_HDF5_DETAIL;
	size_t bytes = detail ? width : width * sizeof(double);
	hid_t dataset = make_column(b, group, field, dc_hdf5_table_chunk_rows(bytes), width);

	if (b->ok)
		step(b, H5DSattach_scale(dataset, scale, 0) >= 0);
	if (field->names) {
		struct dc_axis names = names_of(b->schema, field);

		if (field->kind == DC_HDF5_FLAG)
			put_flags(b, dataset, &names);
		if (field->kind == DC_HDF5_PARTS)
			attach_axis(b, group, dataset, &names);
	}
	if (detail) {
		hid_t dimension = make_detail_dimension(b, group);

		if (b->ok)
			step(b, H5DSattach_scale(dataset, dimension, 1) >= 0);
		close_dataset(b, dimension);
	}
	close_dataset(b, dataset);
}

/* A table of fixed fields, the first of them its scale. */
static void make_table(struct builder *b, enum dc_hdf5_fixed number)
{
	const struct dc_hdf5_fields *table = dc_hdf5_fields(number);
	size_t count = fields_used(b->schema, table);
	char path[PATH_SIZE];
	hid_t group, scale;

	snprintf(path, sizeof(path), "/%s", table->group);
	group = make_group(b, path);
	scale = make_scale(b, group, &table->fields[0], dc_hdf5_table_chunk_rows(0));
	for (size_t i = 1; i < count; i++)
		make_field(b, group, scale, &table->fields[i]);
	close_dataset(b, scale);
	close_group(b, group);
}

bool dc_hdf5_layout_has(const struct dc_record_schema *schema, enum dc_hdf5_fixed table)
{
	switch (table) {
	case DC_HDF5_FLOWS:
		return schema->flows;
	case DC_HDF5_COLLECTIVES:
		return schema->collectives;
	case DC_HDF5_TIMELINE:
		return schema->timeline;
	default:
		return true;
	}
}

static void make_summary(struct builder *b)
{
	const struct dc_record_schema *schema = b->schema;
	hid_t group = make_group(b, "/summary");
	hid_t space = H5Screate(H5S_SCALAR);
	double nan = (double)NAN;

	for (size_t i = 0; i < schema->summary_count && b->ok; i++) {
		const struct dc_scalar *figure = &schema->summary[i];
		hid_t dataset = H5Dcreate2(group, figure->name, H5T_IEEE_F64LE, space, H5P_DEFAULT,
					   b->data_plist, H5P_DEFAULT);

		step(b, dataset >= 0 && H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL,
						 H5P_DEFAULT, &nan) >= 0);
		put_text(b, dataset, "units", figure->unit);
		put_text(b, dataset, "long_name", figure->long_name);
		close_dataset(b, dataset);
	}
	H5Sclose(space);
	close_group(b, group);
}

/* Object headers would hold wall-clock times, and members would be sorted by name. */
static bool set_plist(hid_t plist, bool group)
{
	if (plist < 0 || H5Pset_obj_track_times(plist, false) < 0)
		return false;
	return !group || H5Pset_link_creation_order(plist, H5P_CRT_ORDER_TRACKED |
								   H5P_CRT_ORDER_INDEXED) >= 0;
}

static void make_file(struct builder *b, const char *path)
{
	hid_t create = H5Pcreate(H5P_FILE_CREATE);
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);

	if (step(b,
		 set_plist(create, true) && access >= 0 &&
			 H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0)) {
		b->file = H5Fcreate(path, H5F_ACC_EXCL, create, access);
		step(b, b->file >= 0);
	}
	if (b->ok) {
		H5Pclose(access);
		H5Pclose(create);
	}
}

hid_t dc_hdf5_layout_create(const char *path, const struct dc_record_schema *schema,
			    const size_t *order, char *error, size_t size)
{
	struct builder b = {
		.file = H5I_INVALID_HID,
		.group_plist = H5Pcreate(H5P_GROUP_CREATE),
		.data_plist = H5Pcreate(H5P_DATASET_CREATE),
		.schema = schema,
		.ok = true,
		.error = error,
		.error_size = size,
	};
	hid_t scenario;

	make_file(&b, path);
	if (b.ok)
		step(&b, set_plist(b.group_plist, true) && set_plist(b.data_plist, false));
	if (b.ok)
		make_root_attributes(&b);
	scenario = make_texts(&b, b.file, "scenario", &schema->scenario, 0);
	close_dataset(&b, scenario);
	make_all_names(&b);
	make_series(&b, order);
	for (int i = 0; i < DC_HDF5_FIXED; i++)
		if (dc_hdf5_layout_has(schema, (enum dc_hdf5_fixed)i))
			make_table(&b, (enum dc_hdf5_fixed)i);
	make_summary(&b);
	if (!b.ok)
		return H5I_INVALID_HID;
	H5Pclose(b.data_plist);
	H5Pclose(b.group_plist);
	if (!step(&b, H5Fflush(b.file, H5F_SCOPE_GLOBAL) >= 0))
		return H5I_INVALID_HID;
	return step(&b, H5Fstart_swmr_write(b.file) >= 0) ? b.file : H5I_INVALID_HID;
}

bool dc_hdf5_layout_open_series(hid_t file, const struct dc_record_schema *schema,
				const size_t *order, struct dc_hdf5_table *table)
{
	bool ok = dc_hdf5_table_init(table, 2 + schema->columns_count, series_chunk_rows(schema)) &&
		  dc_hdf5_table_open(table, 0, file, "/series/time", H5T_NATIVE_DOUBLE, 0) &&
		  dc_hdf5_table_open(table, 1, file, "/series/interval", H5T_NATIVE_DOUBLE, 0);

	for (size_t i = 0; i < schema->columns_count && ok; i++) {
		const struct dc_column *column = &schema->columns[order[i]];
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), "/series/%s/%s", column->section, column->name);
		ok = dc_hdf5_table_open(table, 2 + i, file, path, H5T_NATIVE_DOUBLE,
					axis_width(column));
	}
	return ok;
}

bool dc_hdf5_layout_open_fixed(hid_t file, const struct dc_record_schema *schema,
			       enum dc_hdf5_fixed number, struct dc_hdf5_table *table)
{
	const struct dc_hdf5_fields *fields = dc_hdf5_fields(number);
	size_t count = fields_used(schema, fields);
	bool ok = dc_hdf5_table_init(table, count, dc_hdf5_table_chunk_rows(0));

	for (size_t i = 0; i < count && ok; i++) {
		const struct dc_hdf5_field *field = &fields->fields[i];
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), "/%s/%s", fields->group, field->name);
		ok = dc_hdf5_table_open(table, i, file, path, memory_type(field),
					field_width(schema, field));
	}
	return ok;
}

bool dc_hdf5_layout_set_status(hid_t file, const char *status)
{
	char text[DC_RESULT_STATUS] = "";
	hid_t attribute = H5Aopen(file, "status", H5P_DEFAULT);
	hid_t type;

	if (attribute < 0)
		return false;
	snprintf(text, sizeof(text), "%s", status);
	type = H5Aget_type(attribute);
	if (type < 0 || H5Awrite(attribute, type, text) < 0)
		return false;
	H5Tclose(type);
	return H5Aclose(attribute) >= 0;
}

bool dc_hdf5_layout_set_figure(hid_t file, const char *name, double value)
{
	char path[PATH_SIZE];
	hid_t dataset;

	snprintf(path, sizeof(path), "/summary/%s", name);
	dataset = H5Dopen2(file, path, H5P_DEFAULT);
	if (dataset < 0 ||
	    H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0)
		return false;
	return H5Dclose(dataset) >= 0;
}
