/* The arena: zeroed, aligned, large and small, and what overflows is refused. */
#include <criterion/criterion.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

Test(arena, memory_is_zeroed_and_aligned)
{
	struct dc_arena *arena = dc_arena_create();

	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *memory = dc_arena_alloc(arena, size);

		cr_assert_not_null(memory, "size %zu", size);
		cr_assert_eq((uintptr_t)memory % alignof(max_align_t), 0, "size %zu", size);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(memory[i], 0, "size %zu", size);
		memset(memory, 0xff, size);
	}
	dc_arena_destroy(arena);
}

/* A block of its own for what is larger than any block; later small ones still fit. */
Test(arena, large_objects)
{
	struct dc_arena *arena = dc_arena_create();
	unsigned char *large = dc_arena_alloc(arena, 10000000);
	unsigned char *small = dc_arena_alloc(arena, 10);

	cr_assert(large && small);
	large[9999999] = 1;
	small[9] = 1;
	cr_assert(dc_arena_used(arena) >= 10000010, "%zu", dc_arena_used(arena));
	dc_arena_destroy(arena);
}

Test(arena, overflow_is_refused)
{
	struct dc_arena *arena = dc_arena_create();

	cr_assert_null(dc_arena_alloc(arena, SIZE_MAX));
	cr_assert_null(dc_arena_alloc(arena, SIZE_MAX - 64));
	cr_assert_null(dc_arena_array(arena, SIZE_MAX / 2, 3));
	cr_assert_null(dc_arena_strndup(arena, "x", SIZE_MAX));
	cr_assert_not_null(dc_arena_array(arena, 0, 8));
	dc_arena_destroy(arena);
}

Test(arena, texts)
{
	struct dc_arena *arena = dc_arena_create();

	cr_assert_str_eq(dc_arena_strndup(arena, "abcdef", 3), "abc");
	cr_assert_str_eq(dc_arena_strdup(arena, ""), "");
	cr_assert_str_eq(dc_arena_printf(arena, "%d %s", 7, "x"), "7 x");
	cr_assert_eq(strlen(dc_arena_printf(arena, "%100000d", 7)), 100000);
	dc_arena_destroy(arena);
	dc_arena_destroy(NULL);
}
