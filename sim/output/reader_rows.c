/* An open result: asking for its parts, and blocks of rows. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "output/hdf5_library.h"
#include "output/reader.h"
#include "output/reader_state.h"

const struct dc_result_info *dc_result_info(const struct dc_result *result)
{
	return &result->info;
}

const struct dc_result_table *dc_result_tables(const struct dc_result *result, size_t *count)
{
	*count = result->tables_count;
	return result->tables;
}

const struct dc_result_table *dc_result_table(const struct dc_result *result, const char *name)
{
	const char *own = name;

	if (*own == '/')
		own++;
	if (strncmp(own, "series/", 7) == 0)
		own += 7;
	for (size_t i = 0; i < result->tables_count; i++)
		if (strcmp(result->tables[i].name, own) == 0)
			return &result->tables[i];
	return NULL;
}

const struct dc_result_column *dc_result_column(const struct dc_result_table *table,
						const char *name)
{
	for (size_t i = 0; table && i < table->columns_count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return &table->columns[i];
	return NULL;
}

const struct dc_result_figure *dc_result_figures(const struct dc_result *result, size_t *count)
{
	*count = result->figures_count;
	return result->figures;
}

const struct dc_result_figure *dc_result_figure(const struct dc_result *result, const char *name)
{
	for (size_t i = 0; i < result->figures_count; i++)
		if (strcmp(result->figures[i].name, name) == 0)
			return &result->figures[i];
	return NULL;
}

const struct dc_result_names *dc_result_axes(const struct dc_result *result, size_t *count)
{
	*count = result->axes_count;
	return result->axes;
}

const struct dc_result_names *dc_result_kinds(const struct dc_result *result)
{
	return &result->kinds;
}

const struct dc_result_names *dc_result_subjects(const struct dc_result *result)
{
	return &result->subjects;
}

static enum dc_status read_block(struct dc_diag *diag, const struct dc_result *result,
				 const struct dc_result_column *column, hid_t type, size_t first,
				 size_t count, void *values)
{
	hid_t dataset, space, memory;
	hsize_t extent[2] = {0, 1};
	hsize_t start[2] = {first, 0};
	hsize_t block[2] = {count, 1};
	int rank;
	bool ok;

	if (!count)
		return DC_OK;
	dataset = H5Dopen2(result->file, column->path, H5P_DEFAULT);
	space = dataset >= 0 ? H5Dget_space(dataset) : H5I_INVALID_HID;
	rank = space >= 0 ? H5Sget_simple_extent_dims(space, extent, NULL) : -1;
	block[1] = extent[1];
	memory = rank > 0 ? H5Screate_simple(rank, block, NULL) : H5I_INVALID_HID;
	ok = memory >= 0 &&
	     H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, block, NULL) >= 0 &&
	     H5Dread(dataset, type, memory, space, H5P_DEFAULT, values) >= 0;
	if (memory >= 0)
		H5Sclose(memory);
	if (space >= 0)
		H5Sclose(space);
	if (dataset >= 0)
		H5Dclose(dataset);
	if (ok)
		return DC_OK;
	dc_diag_error(diag, NULL, "%s is damaged: cannot read rows of %s", result->info.path,
		      column->path);
	return DC_ERR_IO;
}

enum dc_status dc_result_read(struct dc_diag *diag, const struct dc_result *result,
			      const struct dc_result_column *column, size_t first, size_t count,
			      double *values)
{
	return read_block(diag, result, column, H5T_NATIVE_DOUBLE, first, count, values);
}

enum dc_status dc_result_read_number(struct dc_diag *diag, const struct dc_result *result,
				     const struct dc_result_column *column, size_t first,
				     size_t count, uint64_t *values)
{
	return read_block(diag, result, column, H5T_NATIVE_UINT64, first, count, values);
}

enum dc_status dc_result_read_text(struct dc_diag *diag, const struct dc_result *result,
				   const struct dc_result_column *column, size_t first,
				   size_t count, char (*texts)[DC_RESULT_TEXT_SIZE])
{
	char *raw = calloc(count ? count : 1, DC_RESULT_DETAIL);
	enum dc_status status;

	if (!raw)
		return DC_ERR_MEMORY;
	status = read_block(diag, result, column, H5T_C_S1, first, count, raw);
	for (size_t i = 0; i < count && status == DC_OK; i++) {
		memcpy(texts[i], raw + i * DC_RESULT_DETAIL, DC_RESULT_DETAIL);
		texts[i][DC_RESULT_DETAIL] = '\0';
	}
	free(raw);
	return status;
}
