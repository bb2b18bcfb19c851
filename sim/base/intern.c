/* Names numbered in the order in which they first came. */
#include "base/intern.h"

#include <stdbool.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

static const size_t most_names = (size_t)1 << 31;

void dc_intern_init(struct dc_intern *intern, struct dc_arena *arena)
{
	*intern = (struct dc_intern){.arena = arena};
}

/* FNV-1a, 64 bits [Fowler, Noll and Vo; public domain constants]. */
static uint64_t hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325u;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3u;
	return value ^ value >> 32;
}

/* Where a text is, or would be. room > 0. */
static size_t place_of(const struct dc_intern *intern, const char *text)
{
	size_t place = (size_t)hash(text) & (intern->room - 1);

	while (intern->places[place] && strcmp(intern->texts[intern->places[place] - 1], text) != 0)
		place = (place + 1) & (intern->room - 1);
	return place;
}

static bool grow(struct dc_intern *intern)
{
	size_t room = intern->room ? 2 * intern->room : FIRST_ROOM;
	uint32_t *places = dc_arena_array(intern->arena, room, sizeof *places);
	const char **texts = dc_arena_array(intern->arena, room / 2, sizeof *texts);

	if (!places || !texts || intern->count >= most_names)
		return false;
	if (intern->count)
		memcpy(texts, intern->texts, intern->count * sizeof *texts);
	intern->texts = texts;
	intern->places = places;
	intern->room = room;
	for (size_t i = 0; i < intern->count; i++)
		intern->places[place_of(intern, texts[i])] = (uint32_t)i + 1;
	return true;
}

enum dc_status dc_intern_add(struct dc_intern *intern, const char *text, uint32_t *number)
{
	const char *copy;
	size_t place;

	*number = dc_intern_find(intern, text);
	if (*number != DC_INTERN_NONE)
		return DC_OK;
	if (intern->count >= intern->room / 2 && !grow(intern))
		return DC_ERR_MEMORY;
	copy = dc_arena_strdup(intern->arena, text);
	if (!copy)
		return DC_ERR_MEMORY;
	place = place_of(intern, text);
	*number = (uint32_t)intern->count;
	intern->texts[intern->count++] = copy;
	intern->places[place] = *number + 1;
	return DC_OK;
}

uint32_t dc_intern_find(const struct dc_intern *intern, const char *text)
{
	if (!intern->room)
		return DC_INTERN_NONE;
	return intern->places[place_of(intern, text)] - 1;
}
