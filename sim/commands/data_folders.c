/* Where the data files are: catalogue, topologies, workloads, plot scripts. */
#include "commands/data_folders.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef DCSIM_SOURCE_DATA
#define DCSIM_SOURCE_DATA "."
#endif
#ifndef DCSIM_BUILD_DIR
#define DCSIM_BUILD_DIR "/nowhere"
#endif
#ifndef DCSIM_DATA_DIR
#define DCSIM_DATA_DIR "."
#endif

/* The folder of the running program; empty when the system does not say. */
static void own_folder(char *folder, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", folder, size - 1);
	char *slash;

	folder[length > 0 ? length : 0] = '\0';
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
}

/* An installed program must not read the tree it was once built from: that may have moved on. */
static bool is_in_build_tree(void)
{
	char folder[PATH_MAX];

	own_folder(folder, sizeof folder);
	return strncmp(folder, DCSIM_BUILD_DIR, strlen(DCSIM_BUILD_DIR)) == 0;
}

size_t dc_data_folders(const char *folders[4])
{
	const char *chosen = getenv("DCSIM_DATA");
	size_t count = 0;

	if (chosen && *chosen)
		folders[count++] = chosen;
	if (is_in_build_tree())
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
