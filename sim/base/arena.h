/* Memory that is freed all at once.
 *
 * Ownership: everything taken from an arena lives until dc_arena_destroy(); nothing is freed
 * singly. Allocation is O(1) amortised, zeroed and aligned for any object. NULL means out of
 * memory. dc_arena_destroy(NULL) is fine. */
#ifndef DC_BASE_ARENA_H
#define DC_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/status.h"

struct dc_arena;

struct dc_arena *dc_arena_create(void);
void dc_arena_destroy(struct dc_arena *arena);

/* size bytes, zeroed. size 0 gives a valid pointer to nothing. */
void *dc_arena_alloc(struct dc_arena *arena, size_t size);
/* count elements of size bytes, zeroed; NULL also when count * size overflows. */
void *dc_arena_array(struct dc_arena *arena, size_t count, size_t size);
/* A copy of the first length bytes of text, terminated. */
char *dc_arena_strndup(struct dc_arena *arena, const char *text, size_t length);
char *dc_arena_strdup(struct dc_arena *arena, const char *text);
char *dc_arena_printf(struct dc_arena *arena, const char *format, ...) DC_PRINTF(2, 3);
char *dc_arena_vprintf(struct dc_arena *arena, const char *format, va_list args);
/* Bytes handed out so far. */
size_t dc_arena_used(const struct dc_arena *arena);

#endif
