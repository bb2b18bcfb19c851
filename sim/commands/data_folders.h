/* Where the data files are: catalogue, topologies, workloads, plot scripts. */
#ifndef DC_COMMANDS_DATA_FOLDERS_H
#define DC_COMMANDS_DATA_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

/* Fills in the folders to search, in order, NULL after the last, and returns their number: the
 * environment's DCSIM_DATA when set, the source tree of a program that was not installed, the
 * installed folder. The texts live as long
 * as the program (the first as long as the environment is left alone). */
size_t dc_data_folders(const char *folders[4]);

/* The first of these folders that holds the file name ("plots/run.gp"): its path in path. False
 * when none does, or when size does not hold it. */
bool dc_data_file(const char *name, char *path, size_t size);

#endif
