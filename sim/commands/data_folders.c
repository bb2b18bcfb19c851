/* Where the data files are: catalogue, topologies, workloads, plot scripts. */
#include "commands/data_folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef DCSIM_SOURCE_DATA
#define DCSIM_SOURCE_DATA "."
#endif
#ifndef DCSIM_DATA_DIR
#define DCSIM_DATA_DIR "."
#endif

size_t dc_data_folders(const char *folders[4])
{
	const char *chosen = getenv("DCSIM_DATA");
	size_t count = 0;

	if (chosen && *chosen)
		folders[count++] = chosen;
	folders[count++] = DCSIM_SOURCE_DATA;
	folders[count++] = DCSIM_DATA_DIR;
	folders[count] = NULL;
	return count;
}

bool dc_data_file(const char *name, char *path, size_t size)
{
	const char *folders[4];
	size_t count = dc_data_folders(folders);

	for (size_t i = 0; i < count; i++) {
		int length = snprintf(path, size, "%s/%s", folders[i], name);

		if (length > 0 && (size_t)length < size && access(path, R_OK) == 0)
			return true;
	}
	return false;
}
