/* What benches measure of a process: its CPU time, its memory. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench.h"

double bench_cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_memory_bytes(const char *name)
{
	FILE *file = fopen("/proc/self/status", "r");
	size_t length = strlen(name);
	double kib = 0;
	char line[256];

	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, name, length) && sscanf(line + length, ": %lf", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
}
