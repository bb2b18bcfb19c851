/* Numbers in the order of their times: an indexed 4-ary heap, re-keyed in place.
 *
 * Entries are 16 bytes, the time above the number, so one comparison orders by (time, number). Times
 * are 0 to 2^90 fs (39 thousand years). Set, drop and pop are O(log n). The caller owns the struct,
 * this file its arrays. */
#ifndef DC_FLUID_DUE_H
#define DC_FLUID_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/time.h"

#define DC_FLUID_DUE_LAST ((dc_time)1 << 90)

__extension__ typedef unsigned __int128 dc_fluid_due_key;

struct dc_fluid_due {
	dc_fluid_due_key *heap;
	uint32_t *place; /* of each number; UINT32_MAX when it has no time */
	uint32_t count;
	uint32_t capacity;
};

void dc_fluid_due_fini(struct dc_fluid_due *due);
/* Makes room for the numbers below `capacity`. */
enum dc_status dc_fluid_due_reserve(struct dc_fluid_due *due, uint32_t capacity) DC_CHECK;
/* Gives the number a time, or another one. */
void dc_fluid_due_set(struct dc_fluid_due *due, uint32_t number, dc_time time);
/* Takes its time away; without effect when it has none. */
void dc_fluid_due_drop(struct dc_fluid_due *due, uint32_t number);
/* Takes out the first number when its time is not after `now`; false when there is none. */
bool dc_fluid_due_pop(struct dc_fluid_due *due, dc_time now, uint32_t *number);

/* All that are due at once: puts them at the front, heap[0..n), in the order in which they stood there,
 * and returns n; they have no time any more. The caller reads them and calls close. O(count). */
uint32_t dc_fluid_due_split(struct dc_fluid_due *due, dc_time now);
void dc_fluid_due_close(struct dc_fluid_due *due, uint32_t taken);

/* The first time, DC_TIME_NEVER when there is none. */
static inline dc_time dc_fluid_due_first(const struct dc_fluid_due *due)
{
	return due->count ? (dc_time)(due->heap[0] >> 32) : DC_TIME_NEVER;
}

#endif
