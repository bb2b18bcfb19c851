/* dcsim's side of make bench-peers: a program without the libraries that sharing does not need. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "write") == 0) {
		bench_fluid_write(argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "run") == 0) {
		bench_fluid_run(argv[2]);
	} else if (argc == 4 && strcmp(argv[1], "ring") == 0) {
		bench_ring_run(argv[2], strtoul(argv[3], NULL, 10));
	} else {
		fprintf(stderr, "usage: peer_dcsim write FOLDER | run FILE.csv |\n"
				"       peer_dcsim ring stepwise|folded HOSTS\n");
		return 2;
	}
	return 0;
}
