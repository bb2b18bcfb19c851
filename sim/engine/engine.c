/* The clock and the pending events: an indexed 4-ary heap over pooled slots. */
#include "engine/engine.h"

#include <stdlib.h>

enum { ARITY = 4, FIRST_CAPACITY = 64, PHASE_SHIFT = 56 };

static const uint32_t no_slot = UINT32_MAX;

struct slot {
	dc_callback *callback;
	void *context;
	uint64_t argument;
	uint32_t generation; /* told apart from earlier users of the slot; odd while pending */
	uint32_t place;      /* in the heap while pending, else the next free slot */
};

struct entry {
	dc_time time;
	uint64_t order; /* phase and entity */
	uint64_t sequence;
	uint32_t slot;
};

struct dc_engine {
	dc_time now;
	struct entry *heap;
	struct slot *slots;
	size_t count;
	size_t capacity;
	uint32_t free_slot;
	uint64_t sequence;
	uint64_t executed;
	bool stopped;
	enum dc_status status;
};

struct dc_engine *dc_engine_create(void)
{
	struct dc_engine *engine = calloc(1, sizeof *engine);

	if (engine)
		engine->free_slot = no_slot;
	return engine;
}

void dc_engine_destroy(struct dc_engine *engine)
{
	if (!engine)
		return;
	free(engine->heap);
	free(engine->slots);
	free(engine);
}

dc_time dc_engine_now(const struct dc_engine *engine)
{
	return engine->now;
}

static bool before(const struct entry *a, const struct entry *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	if (a->order != b->order)
		return a->order < b->order;
	return a->sequence < b->sequence;
}

static void put(struct dc_engine *engine, size_t place, const struct entry *entry)
{
	engine->heap[place] = *entry;
	engine->slots[entry->slot].place = (uint32_t)place;
}

static void sift_up(struct dc_engine *engine, size_t place)
{
	struct entry entry = engine->heap[place];

	while (place) {
		size_t parent = (place - 1) / ARITY;

		if (!before(&entry, &engine->heap[parent]))
			break;
		put(engine, place, &engine->heap[parent]);
		place = parent;
	}
	put(engine, place, &entry);
}

static void sift_down(struct dc_engine *engine, size_t place)
{
	struct entry entry = engine->heap[place];

	for (;;) {
		size_t first = place * ARITY + 1;
		size_t last = first + ARITY < engine->count ? first + ARITY : engine->count;
		size_t least = first;

		if (first >= engine->count)
			break;
		for (size_t child = first + 1; child < last; child++)
			if (before(&engine->heap[child], &engine->heap[least]))
				least = child;
		if (!before(&engine->heap[least], &entry))
			break;
		put(engine, place, &engine->heap[least]);
		place = least;
	}
	put(engine, place, &entry);
}

static bool grow(struct dc_engine *engine)
{
	size_t capacity = engine->capacity ? engine->capacity * 2 : FIRST_CAPACITY;
	struct entry *heap;
	struct slot *slots;

	if (capacity >= no_slot)
		return false;
	heap = realloc(engine->heap, capacity * sizeof *heap);
	if (!heap)
		return false;
	engine->heap = heap;
	slots = realloc(engine->slots, capacity * sizeof *slots);
	if (!slots)
		return false;
	engine->slots = slots;
	for (size_t i = capacity; i-- > engine->capacity;) {
		slots[i] = (struct slot){.place = engine->free_slot};
		engine->free_slot = (uint32_t)i;
	}
	engine->capacity = capacity;
	return true;
}

dc_event dc_engine_schedule(struct dc_engine *engine, dc_time time, enum dc_phase phase,
			    uint64_t entity, dc_callback *callback, void *context,
			    uint64_t argument)
{
	struct slot *slot;
	struct entry entry;

	if (time < engine->now || entity >> PHASE_SHIFT) {
		dc_engine_fail(engine, DC_ERR_RUN);
		return 0;
	}
	if (engine->free_slot == no_slot && !grow(engine)) {
		dc_engine_fail(engine, DC_ERR_MEMORY);
		return 0;
	}
	entry = (struct entry){time, (uint64_t)phase << PHASE_SHIFT | entity, engine->sequence++,
			       engine->free_slot};
	slot = &engine->slots[entry.slot];
	engine->free_slot = slot->place;
	slot->callback = callback;
	slot->context = context;
	slot->argument = argument;
	slot->generation++;
	put(engine, engine->count++, &entry);
	sift_up(engine, engine->count - 1);
	return (uint64_t)slot->generation << 32 | entry.slot;
}

/* The slot of a pending event, or NULL. */
static struct slot *find(const struct dc_engine *engine, dc_event event)
{
	uint32_t index = (uint32_t)event;

	if (!event || index >= engine->capacity)
		return NULL;
	if (engine->slots[index].generation != (uint32_t)(event >> 32))
		return NULL;
	return engine->slots[index].generation & 1 ? &engine->slots[index] : NULL;
}

static void take_out(struct dc_engine *engine, size_t place)
{
	uint32_t index = engine->heap[place].slot;
	struct slot *slot = &engine->slots[index];

	slot->generation++;
	slot->place = engine->free_slot;
	engine->free_slot = index;
	engine->count--;
	if (place == engine->count)
		return;
	put(engine, place, &engine->heap[engine->count]);
	sift_down(engine, place);
	sift_up(engine, place);
}

bool dc_engine_cancel(struct dc_engine *engine, dc_event event)
{
	const struct slot *slot = find(engine, event);

	if (!slot)
		return false;
	take_out(engine, slot->place);
	return true;
}

bool dc_engine_reschedule(struct dc_engine *engine, dc_event event, dc_time time)
{
	const struct slot *slot = find(engine, event);
	size_t place;

	if (!slot)
		return false;
	if (time < engine->now) {
		dc_engine_fail(engine, DC_ERR_RUN);
		return false;
	}
	place = slot->place;
	engine->heap[place].time = time;
	engine->heap[place].sequence = engine->sequence++;
	sift_up(engine, place);
	sift_down(engine, slot->place);
	return true;
}

dc_time dc_engine_due(const struct dc_engine *engine, dc_event event)
{
	const struct slot *slot = find(engine, event);

	return slot ? engine->heap[slot->place].time : DC_TIME_NEVER;
}

void dc_engine_fail(struct dc_engine *engine, enum dc_status status)
{
	if (!engine->stopped)
		engine->status = status;
	engine->stopped = true;
}

void dc_engine_stop(struct dc_engine *engine)
{
	dc_engine_fail(engine, DC_OK);
}

enum dc_status dc_engine_run(struct dc_engine *engine, const volatile int *interrupted)
{
	while (engine->count && !engine->stopped) {
		struct entry entry = engine->heap[0];
		struct slot slot = engine->slots[entry.slot];

		if (interrupted && *interrupted)
			return DC_INTERRUPTED;
		engine->now = entry.time;
		take_out(engine, 0);
		engine->executed++;
		slot.callback(slot.context, slot.argument);
	}
	return engine->stopped ? engine->status : DC_OK;
}

uint64_t dc_engine_count(const struct dc_engine *engine)
{
	return engine->executed;
}

size_t dc_engine_pending(const struct dc_engine *engine)
{
	return engine->count;
}
