/* The parts of make bench that are files of their own. */
#ifndef DC_TESTS_BENCH_H
#define DC_TESTS_BENCH_H

void bench_fluid(void);

#endif
