/* A record sink that writes a result: an HDF5 file in the layout of hdf5_layout.h. */
#include "output/hdf5_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "output/copy.h"
#include "output/hdf5_layout.h"
#include "output/hdf5_library.h"
#include "output/hdf5_table.h"
#include "output/reader.h"

enum {
	TABLES = 1 + DC_HDF5_FIXED,
	SERIES = DC_COPY_SERIES,
	ITERATIONS = DC_COPY_ITERATIONS,
	EVENTS = DC_COPY_EVENTS,
	FLOWS = DC_COPY_FLOWS,
	COLLECTIVES = DC_COPY_COLLECTIVES,
	TIMELINE = DC_COPY_TIMELINE,
};

enum state {
	IDLE, /* before begin */
	OPEN, /* between begin and end */
	ENDED,
	GIVEN_UP, /* after a failure: HDF5 may not be called on this file again */
};

struct hdf5_sink {
	struct dc_record_sink base;
	struct dc_diag *diag;
	struct dc_arena *arena;
	const char *path;
	const char *part;
	enum state state;
	hid_t file;
	struct dc_hdf5_table tables[TABLES];
	bool has[TABLES];      /* which tables are there */
	size_t communications; /* labels of the axis of this name */
	/* The schema's columns in the file's order: where each one's values start, and how many. */
	size_t *offsets;
	size_t *widths;
	size_t columns_count;
	const char **figures;
	size_t figures_count;
	/* Early flushes leave traces in the file's layout; what is needed to write it without them.
	 * */
	bool by_clock;
	bool early;
	double last_flush_s;
	struct dc_copy_piece *chunks; /* full chunks in the order in which they were written */
	size_t chunks_count;
	size_t chunks_room;
};

/* The clock is only asked whether a second has passed: the coarse one costs a few nanoseconds. */
static double clock_s(void)
{
	struct timespec now;

#ifdef CLOCK_MONOTONIC_COARSE
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
#else
	clock_gettime(CLOCK_MONOTONIC, &now);
#endif
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The folder of a path, in buffer. */
static void folder_of(const char *path, char *buffer, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		snprintf(buffer, size, ".");
	else
		snprintf(buffer, size, "%.*s", length ? (int)length : 1, path);
}

static enum dc_status give_up(struct hdf5_sink *sink, const char *path, const char *why)
{
	dc_diag_error(sink->diag, NULL, "cannot write %s: %s", path, why);
	sink->state = GIVEN_UP;
	return DC_ERR_IO;
}

static enum dc_status give_up_hdf5(struct hdf5_sink *sink)
{
	char why[128];

	dc_hdf5_library_error(why, sizeof(why));
	return give_up(sink, sink->part, why);
}

/* Keeps what later calls need of the schema. */
static bool keep_schema(struct hdf5_sink *sink, const struct dc_record_schema *schema,
			const size_t *order)
{
	size_t count = schema->columns_count;
	size_t offset = 0;

	sink->columns_count = count;
	sink->offsets = dc_arena_array(sink->arena, count, sizeof(*sink->offsets));
	sink->widths = dc_arena_array(sink->arena, count, sizeof(*sink->widths));
	sink->figures_count = schema->summary_count;
	sink->figures = dc_arena_array(sink->arena, schema->summary_count, sizeof(*sink->figures));
	if (!sink->offsets || !sink->widths || !sink->figures)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct dc_axis *axis = schema->columns[i].axis;

		for (size_t place = 0; place < count; place++) {
			if (order[place] != i)
				continue;
			sink->offsets[place] = offset;
			sink->widths[place] = axis ? axis->count : 1;
		}
		offset += axis ? axis->count : 1;
	}
	for (size_t i = 0; i < schema->summary_count; i++) {
		sink->figures[i] = dc_arena_strdup(sink->arena, schema->summary[i].name);
		if (!sink->figures[i])
			return false;
	}
	return true;
}

static enum dc_status check_schema(struct hdf5_sink *sink, const struct dc_record_schema *schema)
{
	for (size_t i = 0; i < schema->columns_count; i++) {
		const struct dc_column *column = &schema->columns[i];

		if (column->axis && !column->axis->count)
			return dc_diag_error(sink->diag, NULL,
					     "series %s/%s: its axis '%s' has no entities",
					     column->section, column->name, column->axis->name);
	}
	return DC_OK;
}

static bool open_tables(struct hdf5_sink *sink, const struct dc_record_schema *schema,
			const size_t *order)
{
	bool ok = dc_hdf5_layout_open_series(sink->file, schema, order, &sink->tables[SERIES]);

	sink->has[SERIES] = true;
	for (int i = 0; i < DC_HDF5_FIXED && ok; i++) {
		enum dc_hdf5_fixed fixed = (enum dc_hdf5_fixed)i;

		sink->has[1 + i] = dc_hdf5_layout_has(schema, fixed);
		if (sink->has[1 + i])
			ok = dc_hdf5_layout_open_fixed(sink->file, schema, fixed,
						       &sink->tables[1 + i]);
	}
	for (size_t i = 0; i < schema->axes_count; i++)
		if (strcmp(schema->axes[i].name, "communication") == 0)
			sink->communications = schema->axes[i].count;
	return ok;
}

static enum dc_status sink_begin(struct dc_record_sink *base, const struct dc_record_schema *schema)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;
	enum dc_status status = check_schema(sink, schema);
	size_t *order;
	char why[128];

	if (status != DC_OK)
		return status;
	if (sink->state != IDLE)
		return sink->state == GIVEN_UP ? DC_ERR_IO : DC_ERR_RUN;
	order = dc_arena_array(sink->arena, schema->columns_count, sizeof(*order));
	if (!order)
		return DC_ERR_MEMORY;
	dc_hdf5_layout_order(schema, order);
	if (!keep_schema(sink, schema, order))
		return DC_ERR_MEMORY;
	/* What an earlier run left is replaced by a new file, never written into. */
	if (unlink(sink->part) != 0 && errno != ENOENT)
		return give_up(sink, sink->part, strerror(errno));
	sink->file = dc_hdf5_layout_create(sink->part, schema, order, why, sizeof(why));
	if (sink->file < 0)
		return give_up(sink, sink->part, why);
	if (!open_tables(sink, schema, order))
		return give_up_hdf5(sink);
	sink->state = OPEN;
	sink->last_flush_s = clock_s();
	return DC_OK;
}

/* Notes that a full chunk went out; the note is only needed after an early flush, but by then it is
 * too late to take it. */
static bool note_chunk(struct hdf5_sink *sink, int table)
{
	if (sink->chunks_count == sink->chunks_room) {
		size_t room = sink->chunks_room ? 2 * sink->chunks_room : 64;
		struct dc_copy_piece *chunks = realloc(sink->chunks, room * sizeof(*chunks));

		if (!chunks)
			return false;
		sink->chunks = chunks;
		sink->chunks_room = room;
	}
	sink->chunks[sink->chunks_count].table = table;
	sink->chunks[sink->chunks_count++].rows = sink->tables[table].chunk_rows;
	return true;
}

static enum dc_status flush_all(struct hdf5_sink *sink)
{
	for (int i = 0; i < TABLES; i++)
		if (!dc_hdf5_table_flush(&sink->tables[i]))
			return give_up_hdf5(sink);
	return DC_OK;
}

static enum dc_status flush_early(struct hdf5_sink *sink)
{
	double now_s = clock_s();

	if (now_s - sink->last_flush_s < 1.0)
		return DC_OK;
	sink->last_flush_s = now_s;
	for (int i = 0; i < TABLES; i++)
		if (sink->tables[i].flushed != sink->tables[i].filled)
			sink->early = true;
	return flush_all(sink);
}

static enum dc_status push(struct hdf5_sink *sink, int table)
{
	if (dc_hdf5_table_push(&sink->tables[table])) {
		if (!dc_hdf5_table_flush(&sink->tables[table]))
			return give_up_hdf5(sink);
		if (!note_chunk(sink, table))
			return DC_ERR_MEMORY;
	}
	return sink->by_clock ? flush_early(sink) : DC_OK;
}

static enum dc_status refuse(const struct hdf5_sink *sink)
{
	return sink->state == GIVEN_UP ? DC_ERR_IO : DC_ERR_RUN;
}

static enum dc_status sink_interval(struct dc_record_sink *base, double time_s, double interval_s,
				    const double *values)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;
	struct dc_hdf5_table *table = &sink->tables[SERIES];

	if (sink->state != OPEN)
		return refuse(sink);
	*(double *)dc_hdf5_table_cell(table, 0) = time_s;
	*(double *)dc_hdf5_table_cell(table, 1) = interval_s;
	for (size_t i = 0; i < sink->columns_count; i++)
		memcpy(dc_hdf5_table_cell(table, 2 + i), values + sink->offsets[i],
		       sink->widths[i] * sizeof(double));
	return push(sink, SERIES);
}

static enum dc_status sink_iteration(struct dc_record_sink *base,
				     const struct dc_iteration_row *row)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;
	struct dc_hdf5_table *table = &sink->tables[ITERATIONS];

	if (sink->state != OPEN)
		return refuse(sink);
	/* In the order of the layout's fields. */
	*(uint64_t *)dc_hdf5_table_cell(table, 0) = row->first;
	*(uint64_t *)dc_hdf5_table_cell(table, 1) = row->count;
	*(double *)dc_hdf5_table_cell(table, 2) = row->start_s;
	*(double *)dc_hdf5_table_cell(table, 3) = row->duration_s;
	*(double *)dc_hdf5_table_cell(table, 4) = row->compute_s;
	*(double *)dc_hdf5_table_cell(table, 5) = row->exposed_communication_s;
	*(double *)dc_hdf5_table_cell(table, 6) = row->stall_s;
	*(double *)dc_hdf5_table_cell(table, 7) = row->bubble_s;
	if (sink->communications)
		memcpy(dc_hdf5_table_cell(table, 8), row->exposed_s,
		       sink->communications * sizeof(double));
	return push(sink, ITERATIONS);
}

static enum dc_status sink_event(struct dc_record_sink *base, const struct dc_event_row *row)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;
	struct dc_hdf5_table *table = &sink->tables[EVENTS];
	char *detail;

	if (sink->state != OPEN)
		return refuse(sink);
	*(double *)dc_hdf5_table_cell(table, 0) = row->time_s;
	*(uint8_t *)dc_hdf5_table_cell(table, 1) = row->kind;
	*(uint32_t *)dc_hdf5_table_cell(table, 2) = row->subject;
	detail = dc_hdf5_table_cell(table, 3);
	memset(detail, 0, DC_RESULT_DETAIL);
	if (row->detail)
		memcpy(detail, row->detail, strnlen(row->detail, DC_RESULT_DETAIL - 1));
	return push(sink, EVENTS);
}

static enum dc_status sink_flow(struct dc_record_sink *base, const struct dc_flow_row *row)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;
	struct dc_hdf5_table *table = &sink->tables[FLOWS];

	if (sink->state != OPEN || !sink->has[FLOWS])
		return refuse(sink);
	/* In the order of the layout's fields. */
	*(uint32_t *)dc_hdf5_table_cell(table, 0) = row->flow;
	*(uint32_t *)dc_hdf5_table_cell(table, 1) = row->source;
	*(uint32_t *)dc_hdf5_table_cell(table, 2) = row->target;
	*(double *)dc_hdf5_table_cell(table, 3) = row->bytes;
	*(double *)dc_hdf5_table_cell(table, 4) = row->start_s;
	*(double *)dc_hdf5_table_cell(table, 5) = row->finish_s;
	*(double *)dc_hdf5_table_cell(table, 6) = row->duration_s;
	*(double *)dc_hdf5_table_cell(table, 7) = row->rate_bps;
	*(uint32_t *)dc_hdf5_table_cell(table, 8) = row->bottleneck;
	return push(sink, FLOWS);
}

static enum dc_status sink_collective(struct dc_record_sink *base,
				      const struct dc_collective_row *row)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;
	struct dc_hdf5_table *table = &sink->tables[COLLECTIVES];
	const uint64_t numbers[] = {row->members, row->groups, row->repeat};
	const uint32_t indices[] = {row->job, row->operation, row->algorithm, row->protocol};
	const double reals[] = {row->size_bytes, row->start_s,    row->duration_s,
				row->fastest_s,  row->algbw_bps,  row->busbw_bps,
				row->sent_bytes, row->wire_bytes, row->alone_s};
	size_t at = 0;
	char *bottleneck;

	if (sink->state != OPEN || !sink->has[COLLECTIVES])
		return refuse(sink);
	/* In the order of the layout's fields. */
	*(uint64_t *)dc_hdf5_table_cell(table, at++) = row->row;
	for (size_t i = 0; i < sizeof(indices) / sizeof(*indices); i++)
		*(uint32_t *)dc_hdf5_table_cell(table, at++) = indices[i];
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		*(uint64_t *)dc_hdf5_table_cell(table, at++) = numbers[i];
	for (size_t i = 0; i < sizeof(reals) / sizeof(*reals); i++)
		*(double *)dc_hdf5_table_cell(table, at++) = reals[i];
	*(uint32_t *)dc_hdf5_table_cell(table, at++) = row->second;
	*(double *)dc_hdf5_table_cell(table, at++) = row->second_s;
	*(uint64_t *)dc_hdf5_table_cell(table, at++) = row->untried;
	bottleneck = dc_hdf5_table_cell(table, at);
	memset(bottleneck, 0, DC_RESULT_DETAIL);
	memcpy(bottleneck, row->bottleneck, strnlen(row->bottleneck, DC_RESULT_DETAIL - 1));
	return push(sink, COLLECTIVES);
}

static enum dc_status sink_timeline(struct dc_record_sink *base, const struct dc_timeline_row *row)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;
	struct dc_hdf5_table *table = &sink->tables[TIMELINE];

	if (sink->state != OPEN || !sink->has[TIMELINE])
		return refuse(sink);
	/* In the order of the layout's fields. */
	*(uint64_t *)dc_hdf5_table_cell(table, 0) = row->row;
	*(uint64_t *)dc_hdf5_table_cell(table, 1) = row->iteration;
	*(uint32_t *)dc_hdf5_table_cell(table, 2) = row->stage;
	*(uint32_t *)dc_hdf5_table_cell(table, 3) = row->stream;
	*(uint8_t *)dc_hdf5_table_cell(table, 4) = row->role;
	*(uint32_t *)dc_hdf5_table_cell(table, 5) = row->operation;
	*(uint32_t *)dc_hdf5_table_cell(table, 6) = row->chunk;
	*(uint32_t *)dc_hdf5_table_cell(table, 7) = row->micro_batch;
	*(double *)dc_hdf5_table_cell(table, 8) = row->begin_s;
	*(double *)dc_hdf5_table_cell(table, 9) = row->duration_s;
	return push(sink, TIMELINE);
}

/* Writes the closed .part once more, without the traces of early flushes, to fresh. */
static bool write_afresh(const struct hdf5_sink *sink, enum dc_record_end how, const char *fresh)
{
	struct dc_diag *quiet = dc_diag_create();
	struct dc_record_sink *copy = NULL;
	struct dc_result *result = NULL;
	bool ok = quiet && dc_result_open(quiet, sink->part, true, &result) == DC_OK &&
		  dc_hdf5_sink_create(quiet, fresh, &copy) == DC_OK;

	if (ok) {
		dc_hdf5_sink_flush_by_clock(copy, false);
		ok = dc_copy_result(quiet, result, copy, how, sink->chunks, sink->chunks_count) ==
		     DC_OK;
	}
	dc_hdf5_sink_destroy(copy);
	dc_result_close(result);
	dc_diag_destroy(quiet);
	return ok;
}

static bool sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	/* Some file systems cannot sync a folder, and say so. */
	return ok || errno == EINVAL;
}

static enum dc_status publish(struct hdf5_sink *sink, enum dc_record_end how)
{
	size_t size = strlen(sink->path) + 16;
	char *folder = dc_arena_alloc(sink->arena, size);
	char *fresh = dc_arena_printf(sink->arena, "%s.fresh", sink->path);
	char *leftover = dc_arena_printf(sink->arena, "%s.fresh.part", sink->path);
	const char *from = sink->part;

	if (!folder || !fresh || !leftover)
		return DC_ERR_MEMORY;
	folder_of(sink->path, folder, size);
	if (sink->early) {
		/* The .part is whole by now; without room for a second one it has to do. */
		if (write_afresh(sink, how, fresh))
			from = fresh;
		else
			unlink(leftover);
	}
	if (!sync_path(from) || rename(from, sink->path) != 0 || !sync_path(folder))
		return give_up(sink, sink->path, strerror(errno));
	if (from == fresh)
		unlink(sink->part);
	return DC_OK;
}

static enum dc_status sink_end(struct dc_record_sink *base, enum dc_record_end how,
			       const double *summary)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;
	enum dc_status status;

	if (sink->state != OPEN)
		return refuse(sink);
	status = flush_all(sink);
	if (status != DC_OK)
		return status;
	for (size_t i = 0; i < sink->figures_count; i++)
		if (!dc_hdf5_layout_set_figure(sink->file, sink->figures[i], summary[i]))
			return give_up_hdf5(sink);
	if (!dc_hdf5_layout_set_status(sink->file,
				       how == DC_RECORD_COMPLETE ? "complete" : "interrupted") ||
	    H5Fflush(sink->file, H5F_SCOPE_GLOBAL) < 0)
		return give_up_hdf5(sink);
	for (int i = 0; i < TABLES; i++)
		dc_hdf5_table_fini(&sink->tables[i], false);
	if (H5Fclose(sink->file) < 0)
		return give_up_hdf5(sink);
	sink->state = ENDED;
	return publish(sink, how);
}

static const struct dc_record_sink_type hdf5_sink_type = {
	.begin = sink_begin,
	.interval = sink_interval,
	.iteration = sink_iteration,
	.event = sink_event,
	.flow = sink_flow,
	.collective = sink_collective,
	.timeline = sink_timeline,
	.end = sink_end,
};

/* True when a file holds something that is no result: a scenario given as -o by mistake, say. */
static bool is_foreign(const char *path)
{
	static const char signature[] = "\x89HDF\r\n\x1a\n";
	char start[sizeof signature - 1];
	FILE *file = fopen(path, "rb");
	size_t length;

	if (!file)
		return false;
	length = fread(start, 1, sizeof start, file);
	fclose(file);
	return length && (length < sizeof start || memcmp(start, signature, sizeof start) != 0);
}

/* Refuses early what would fail only after the simulation. */
static enum dc_status check_target(struct hdf5_sink *sink)
{
	size_t size = strlen(sink->path) + 2;
	char *folder = dc_arena_alloc(sink->arena, size);
	struct stat info;
	const char *why = NULL;

	if (!folder)
		return DC_ERR_MEMORY;
	folder_of(sink->path, folder, size);
	if (!*sink->path)
		why = "the name is empty";
	else if (stat(sink->path, &info) == 0 && S_ISDIR(info.st_mode))
		why = "it is a folder";
	else if (stat(sink->path, &info) == 0 && !S_ISREG(info.st_mode))
		why = "it is a device";
	else if (is_foreign(sink->path))
		why = "it exists and is no result; it would be lost";
	else if (access(folder, W_OK | X_OK) != 0)
		why = strerror(errno);
	if (why) {
		dc_diag_error(sink->diag, NULL, "cannot write %s: %s", sink->path, why);
		return DC_ERR_IO;
	}
	if (stat(sink->part, &info) == 0 && S_ISDIR(info.st_mode)) {
		dc_diag_error(sink->diag, NULL, "cannot write %s: it is a folder", sink->part);
		return DC_ERR_IO;
	}
	return DC_OK;
}

enum dc_status dc_hdf5_sink_create(struct dc_diag *diag, const char *path,
				   struct dc_record_sink **out)
{
	struct hdf5_sink *sink = calloc(1, sizeof(*sink));
	enum dc_status status;

	*out = NULL;
	if (!sink)
		return DC_ERR_MEMORY;
	dc_hdf5_library_init();
	sink->base.type = &hdf5_sink_type;
	sink->diag = diag;
	sink->file = H5I_INVALID_HID;
	sink->by_clock = true;
	sink->arena = dc_arena_create();
	if (sink->arena) {
		sink->path = dc_arena_strdup(sink->arena, path);
		sink->part = dc_arena_printf(sink->arena, "%s.part", path);
	}
	status = sink->arena && sink->path && sink->part ? check_target(sink) : DC_ERR_MEMORY;
	if (status != DC_OK) {
		dc_hdf5_sink_destroy(&sink->base);
		return status;
	}
	*out = &sink->base;
	return DC_OK;
}

void dc_hdf5_sink_destroy(struct dc_record_sink *base)
{
	struct hdf5_sink *sink = (struct hdf5_sink *)base;

	if (!sink)
		return;
	for (int i = 0; i < TABLES; i++)
		dc_hdf5_table_fini(&sink->tables[i], sink->state == GIVEN_UP);
	if (sink->state == OPEN)
		H5Fclose(sink->file);
	free(sink->chunks);
	dc_arena_destroy(sink->arena);
	free(sink);
}

uint64_t dc_hdf5_sink_flushed(const struct dc_record_sink *base)
{
	const struct dc_hdf5_table *table = &((const struct hdf5_sink *)base)->tables[SERIES];

	return table->base + table->flushed;
}

void dc_hdf5_sink_flush_by_clock(struct dc_record_sink *base, int on)
{
	((struct hdf5_sink *)base)->by_clock = on;
}
