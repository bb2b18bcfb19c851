/* Names numbered in the order in which they first came.
 *
 * Finding and adding are O(length) on average. Ownership: everything lives in the arena given; texts
 * are copied. */
#ifndef DC_BASE_INTERN_H
#define DC_BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* No name. */
#define DC_INTERN_NONE UINT32_MAX

struct dc_intern {
	struct dc_arena *arena;
	const char **texts; /* by number */
	uint32_t *places;   /* open addressing: number + 1, 0 is free; a power of two of them */
	size_t count;
	size_t room; /* of places; at most half are taken */
};

/* An empty set of names. */
void dc_intern_init(struct dc_intern *intern, struct dc_arena *arena);
/* The number of a text, which is added when it is new: then it is the count before. DC_ERR_MEMORY
 * when there is no room, or beyond 2^31 names. */
enum dc_status dc_intern_add(struct dc_intern *intern, const char *text, uint32_t *number) DC_CHECK;
/* The number of a text, or DC_INTERN_NONE. */
uint32_t dc_intern_find(const struct dc_intern *intern, const char *text);

#endif
