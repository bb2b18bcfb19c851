/* A record sink that writes a result: an HDF5 file in the layout of hdf5_layout.h.
 *
 * Rows go to FILE.part in SWMR mode (readable meanwhile, and after a kill); `end` renames it to
 * FILE, replacing what was there at once or not at all. Rows are buffered; they are flushed when a
 * chunk is full, and a second of wall-clock time after the last flush at the next row. The finished
 * file's bytes depend on the rows only: where such an early flush took place, `end` writes the file
 * afresh. The first failure is told once; the file is then given up, never touched again, and every
 * later call returns DC_ERR_IO. At most one process may write a FILE at a time. */
#ifndef DC_OUTPUT_HDF5_SINK_H
#define DC_OUTPUT_HDF5_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/status.h"
#include "engine/record.h"

/* Makes a sink for the file path, after checking that it can be written; no file is made before
 * `begin`. diag must outlive the sink. DC_ERR_IO with a message when path is a folder or its
 * folder is missing or not writable. */
enum dc_status dc_hdf5_sink_create(struct dc_diag *diag, const char *path,
				   struct dc_record_sink **sink) DC_CHECK;

/* Frees the sink; without an `end` before, FILE.part stays as after a kill. NULL is fine. */
void dc_hdf5_sink_destroy(struct dc_record_sink *sink);

/* Rows of the series that are in the file: no kill of the program can take them back. Before `end`
 * only. */
uint64_t dc_hdf5_sink_flushed(const struct dc_record_sink *sink);

/* Turns the flush after a second on (the default) or off: off, a whole copy is made in one go. */
void dc_hdf5_sink_flush_by_clock(struct dc_record_sink *sink, int on);

#endif
