/* Replays a fuzz corpus: every file of the folders given goes through the fuzz target once. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs one file; false when it cannot be read. */
static bool replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size;
	bool good = false;

	if (!file)
		return false;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 &&
	    fseek(file, 0, SEEK_SET) == 0 && (data = malloc((size_t)size + 1)) &&
	    fread(data, 1, (size_t)size, file) == (size_t)size) {
		LLVMFuzzerTestOneInput(data, (size_t)size);
		good = true;
	}
	free(data);
	fclose(file);
	return good;
}

/* Runs every file of a folder, in no order that matters; returns how many could not be read. */
static int replay_folder(const char *path, int *count)
{
	DIR *folder = opendir(path);
	int bad = 0;

	if (!folder) {
		fprintf(stderr, "replay: cannot open the folder %s\n", path);
		return 1;
	}
	for (struct dirent *entry; (entry = readdir(folder));) {
		char file[4096];
		struct stat info;

		if (*entry->d_name == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		if (stat(file, &info) == 0 && S_ISDIR(info.st_mode)) {
			bad += replay_folder(file, count);
			continue;
		}
		++*count;
		if (replay_file(file))
			continue;
		fprintf(stderr, "replay: cannot read %s\n", file);
		bad++;
	}
	closedir(folder);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0, count = 0;

	for (int i = 1; i < argc; i++)
		bad += replay_folder(argv[i], &count);
	printf("%d inputs replayed\n", count);
	return bad || !count;
}
