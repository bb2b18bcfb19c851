/* A small result for the tests of reading and exporting. */
#ifndef DC_TESTS_OUTPUT_SAMPLE_H
#define DC_TESTS_OUTPUT_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

/* Rows of the sample: row i ends at i + 1 s; power/utility_w = 100.1 + i; power/part_w = 10 i + k
 * for parts it (k = 0) and cooling (k = 1); facility/energy_j = 2 i (a sum). An iteration row for
 * each row: first 10 i, count 10, duration 0.1 s. Two events at 0.5 and 1.5 s. Summary: duration_s
 * = rows, odd_usd = 0.1, late_w = NaN. */
enum { SAMPLE_ROWS = 3 };

/* Makes a folder of the test's own and returns the path of `name` in it; sample_remove() frees. */
char *sample_path(const char *name);
/* Removes the file and its folder. */
void sample_remove(char *path);

/* Writes the sample; without finish, as a kill would leave it: path.part, with the rows flushed.
 * */
void sample_write(const char *path, size_t rows, bool finish);

/* A whole file as text; the caller frees. */
char *sample_read_file(const char *path);

#endif
