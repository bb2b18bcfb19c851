/* The parts of make bench and make bench-peers that are files of their own. */
#ifndef DC_TESTS_BENCH_H
#define DC_TESTS_BENCH_H

void bench_queue(void);
void bench_fluid(void);
void bench_fabric(void);
void bench_plans(void);

/* CPU time of this process. */
double bench_cpu_s(void);
/* What Linux tells of the process's memory [bytes], 0 elsewhere: VmRSS holds now, VmHWM at most so far.
 * Unlike getrusage it does not count what the parent held before this program began. */
double bench_memory_bytes(const char *name);

/* Writes every flow list that peers are compared on to folder, as NAME.csv: id, bytes, start_s, and the
 * ids of the links of its path. Links are of 50 GB/s without latency. */
void bench_fluid_write(const char *folder);
/* Runs one such list. Prints "cpu_s" of the simulation alone, "peak_bytes", the most that the process has
 * held, and "grown_bytes", how much more that is than before the simulation was built, its list read;
 * then the id and the completion time (finish minus start) of each flow. */
void bench_fluid_run(const char *path);
/* Runs an all-reduce of 1 GiB on a ring of so many hosts, links of 50 GB/s and 500 ns, and prints the
 * same, the collective being flow 0; the making of its plan counts as simulation. way: "stepwise", every
 * message, or "folded". */
void bench_ring_run(const char *way, unsigned long ranks);

#endif
