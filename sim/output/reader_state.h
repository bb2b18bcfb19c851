/* What an open result holds; internal to reader.c and reader_rows.c. */
#ifndef DC_OUTPUT_READER_STATE_H
#define DC_OUTPUT_READER_STATE_H

#include <hdf5.h>

#include "base/arena.h"
#include "output/reader.h"

struct dc_result {
	struct dc_arena *arena;
	struct dc_diag *diag; /* only while opening */
	hid_t file;
	bool recovered;
	struct dc_result_info info;
	struct dc_result_names *axes;
	size_t axes_count;
	struct dc_result_names kinds;
	struct dc_result_names subjects;
	struct dc_result_table *tables;
	size_t tables_count;
	struct dc_result_figure *figures;
	size_t figures_count;
};

#endif
