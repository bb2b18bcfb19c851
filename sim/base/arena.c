/* Memory that is freed all at once: a list of blocks, each twice the size of the last. */
#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 1 << 14, LARGEST_BLOCK_BYTES = 1 << 22 };

struct block {
	struct block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) unsigned char data[];
};

struct dc_arena {
	struct block *blocks;
	size_t next_size;
	size_t used;
};

struct dc_arena *dc_arena_create(void)
{
	struct dc_arena *arena = calloc(1, sizeof *arena);

	if (arena)
		arena->next_size = FIRST_BLOCK_BYTES;
	return arena;
}

void dc_arena_destroy(struct dc_arena *arena)
{
	if (!arena)
		return;
	for (struct block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

static struct block *block_create(struct dc_arena *arena, size_t least)
{
	size_t size = arena->next_size > least ? arena->next_size : least;
	struct block *block;

	/* No object may be larger than pointers can span. */
	if (size > PTRDIFF_MAX - sizeof *block)
		return NULL;
	block = calloc(1, sizeof *block + size);
	if (!block)
		return NULL;
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	if (arena->next_size < LARGEST_BLOCK_BYTES)
		arena->next_size *= 2;
	return block;
}

void *dc_arena_alloc(struct dc_arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *block = arena->blocks;
	void *memory;

	if (size > SIZE_MAX - align)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!block || block->size - block->used < size)
		block = block_create(arena, size);
	if (!block)
		return NULL;
	memory = block->data + block->used;
	block->used += size;
	arena->used += size;
	return memory;
}

void *dc_arena_array(struct dc_arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	return dc_arena_alloc(arena, count * size);
}

char *dc_arena_strndup(struct dc_arena *arena, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? dc_arena_alloc(arena, length + 1) : NULL;

	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

char *dc_arena_strdup(struct dc_arena *arena, const char *text)
{
	return dc_arena_strndup(arena, text, strlen(text));
}

char *dc_arena_vprintf(struct dc_arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text = NULL;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0)
		text = dc_arena_alloc(arena, (size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

char *dc_arena_printf(struct dc_arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = dc_arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

size_t dc_arena_used(const struct dc_arena *arena)
{
	return arena->used;
}
