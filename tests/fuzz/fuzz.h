/* The stages of the fuzz target that are files of their own. */
#ifndef DC_TESTS_FUZZ_FUZZ_H
#define DC_TESTS_FUZZ_FUZZ_H

#include <stddef.h>

/* A text as a scenario, with the real catalogue; see fuzz_scenario.c. text has a NUL at length. */
void fuzz_scenario(const char *text, size_t length);

#endif
