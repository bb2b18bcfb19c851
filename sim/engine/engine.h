/* The clock and the pending events.
 *
 * Guarantee: events run in the order (time, phase, entity, sequence). Phases of one instant run in
 * the order of enum dc_phase, so all completions of an instant apply before any state change is
 * published, and both before any decision and any sample. entity is the component's number (of a
 * class: its lowest member), so folded and exact runs decide alike. sequence is the order of
 * scheduling; rescheduling counts as scheduling anew. An event may schedule at the present instant,
 * in any phase; it runs before the clock moves on.
 *
 * Cost: schedule, cancel and reschedule O(log n) of the n pending; slots are pooled, so the steady
 * state allocates nothing. Ownership: the engine owns its events, never their contexts. */
#ifndef DC_ENGINE_ENGINE_H
#define DC_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/time.h"

enum dc_phase { DC_PHASE_COMPLETION, DC_PHASE_STATE, DC_PHASE_DECISION, DC_PHASE_SAMPLING };

struct dc_engine;

typedef uint64_t dc_event; /* 0 is no event */
typedef void dc_callback(void *context, uint64_t argument);

struct dc_engine *dc_engine_create(void);
void dc_engine_destroy(struct dc_engine *engine);

dc_time dc_engine_now(const struct dc_engine *engine);

/* Schedules callback(context, argument) at `time`, not before now. entity < 2^56. Returns 0, and
 * the engine fails (see dc_engine_fail), when out of memory or when time or entity are out of
 * range. */
dc_event dc_engine_schedule(struct dc_engine *engine, dc_time time, enum dc_phase phase,
			    uint64_t entity, dc_callback *callback, void *context,
			    uint64_t argument);
/* Both return false when the event has run or was cancelled already. */
bool dc_engine_cancel(struct dc_engine *engine, dc_event event);
bool dc_engine_reschedule(struct dc_engine *engine, dc_event event, dc_time time);
/* When the event is due; DC_TIME_NEVER when it is no longer pending. */
dc_time dc_engine_due(const struct dc_engine *engine, dc_event event);

/* Stops the run after the present event: with DC_OK at its natural end, otherwise as a failure. The
 * first call counts. */
void dc_engine_fail(struct dc_engine *engine, enum dc_status status);
void dc_engine_stop(struct dc_engine *engine);

/* Runs until nothing is pending or someone stops it. `interrupted`, when given, is polled between
 * events: once it is non-zero the run ends with DC_INTERRUPTED. */
enum dc_status dc_engine_run(struct dc_engine *engine, const volatile int *interrupted) DC_CHECK;

/* Events run so far; events pending. */
uint64_t dc_engine_count(const struct dc_engine *engine);
size_t dc_engine_pending(const struct dc_engine *engine);

#endif
