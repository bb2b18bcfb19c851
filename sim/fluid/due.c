/* Numbers in the order of their times: an indexed 4-ary heap. */
#include "fluid/due.h"

#include <stdlib.h>
#include <string.h>

enum { ARITY = 4 };

void dc_fluid_due_fini(struct dc_fluid_due *due)
{
	free(due->heap);
	free(due->place);
	*due = (struct dc_fluid_due){0};
}

enum dc_status dc_fluid_due_reserve(struct dc_fluid_due *due, uint32_t capacity)
{
	void *grown;

	if (capacity <= due->capacity)
		return DC_OK;
	if (!(grown = realloc(due->heap, capacity * sizeof *due->heap)))
		return DC_ERR_MEMORY;
	due->heap = grown;
	if (!(grown = realloc(due->place, capacity * sizeof *due->place)))
		return DC_ERR_MEMORY;
	due->place = grown;
	for (uint32_t i = due->capacity; i < capacity; i++)
		due->place[i] = UINT32_MAX;
	due->capacity = capacity;
	return DC_OK;
}

static void put(struct dc_fluid_due *due, uint32_t place, dc_fluid_due_key key)
{
	due->heap[place] = key;
	due->place[(uint32_t)key] = place;
}

static void sift_up(struct dc_fluid_due *due, uint32_t place, dc_fluid_due_key key)
{
	while (place) {
		uint32_t parent = (place - 1) / ARITY;

		if (due->heap[parent] < key)
			break;
		put(due, place, due->heap[parent]);
		place = parent;
	}
	put(due, place, key);
}

static void sift_down(struct dc_fluid_due *due, uint32_t place, dc_fluid_due_key key)
{
	for (;;) {
		uint32_t first = place * ARITY + 1, least = first;
		uint32_t last = first + ARITY < due->count ? first + ARITY : due->count;

		if (first >= due->count)
			break;
		for (uint32_t child = first + 1; child < last; child++)
			if (due->heap[child] < due->heap[least])
				least = child;
		if (key < due->heap[least])
			break;
		put(due, place, due->heap[least]);
		place = least;
	}
	put(due, place, key);
}

void dc_fluid_due_set(struct dc_fluid_due *due, uint32_t number, dc_time time)
{
	dc_fluid_due_key key = (dc_fluid_due_key)time << 32 | number;
	uint32_t place = due->place[number];

	if (place == UINT32_MAX)
		sift_up(due, due->count++, key);
	else if (key < due->heap[place])
		sift_up(due, place, key);
	else
		sift_down(due, place, key);
}

void dc_fluid_due_drop(struct dc_fluid_due *due, uint32_t number)
{
	uint32_t place = due->place[number];
	dc_fluid_due_key gone, mover;

	if (place == UINT32_MAX)
		return;
	gone = due->heap[place];
	mover = due->heap[--due->count];
	due->place[number] = UINT32_MAX;
	if (place == due->count)
		return;
	if (mover < gone)
		sift_up(due, place, mover);
	else
		sift_down(due, place, mover);
}

bool dc_fluid_due_pop(struct dc_fluid_due *due, dc_time now, uint32_t *number)
{
	if (!due->count || (dc_time)(due->heap[0] >> 32) > now)
		return false;
	*number = (uint32_t)due->heap[0];
	dc_fluid_due_drop(due, *number);
	return true;
}

uint32_t dc_fluid_due_split(struct dc_fluid_due *due, dc_time now)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < due->count; i++) {
		dc_fluid_due_key key = due->heap[i];

		if ((dc_time)(key >> 32) > now)
			continue;
		due->heap[i] = due->heap[taken];
		due->heap[taken++] = key;
		due->place[(uint32_t)key] = UINT32_MAX;
	}
	return taken;
}

void dc_fluid_due_close(struct dc_fluid_due *due, uint32_t taken)
{
	due->count -= taken;
	memmove(due->heap, due->heap + taken, due->count * sizeof *due->heap);
	for (uint32_t i = 0; i < due->count; i++)
		due->place[(uint32_t)due->heap[i]] = i;
	for (uint32_t i = due->count / ARITY + 1; i-- > 0;)
		if (i < due->count)
			sift_down(due, i, due->heap[i]);
}
