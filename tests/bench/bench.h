/* The parts of make bench and make bench-peers that are files of their own. */
#ifndef DC_TESTS_BENCH_H
#define DC_TESTS_BENCH_H

void bench_fluid(void);

/* Writes every flow list that peers are compared on to folder, as NAME.csv: id, bytes, start_s, and the
 * ids of the links of its path. Links are of 50 GB/s without latency. */
void bench_fluid_write(const char *folder);
/* Runs one such list. Prints "cpu_s" of the simulation alone, "peak_bytes", the most that the process has
 * held, and "grown_bytes", how much more that is than before the simulation was built, its list read;
 * then the id and the completion time (finish minus start) of each flow. */
void bench_fluid_run(const char *path);

#endif
