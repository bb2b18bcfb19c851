/* The clock and the pending events: order, handles, failures, pooling. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

/* A small generator of its own (xorshift64, Marsaglia 2003), so that every run draws the same. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

struct log {
	struct dc_engine *engine;
	uint64_t what[64];
	dc_time when[64];
	size_t count;
};

static void note(void *context, uint64_t argument)
{
	struct log *log = context;

	log->what[log->count] = argument;
	log->when[log->count++] = dc_engine_now(log->engine);
}

static void expect_log(const struct log *log, const uint64_t *what, size_t count)
{
	cr_assert_eq(log->count, count, "%zu events", log->count);
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(log->what[i], what[i], "event %zu is %llu", i,
			     (unsigned long long)log->what[i]);
}

/* The guarantee of engine.h: time, then phase, then entity, then sequence. */
Test(engine, order_of_time_phase_entity_sequence)
{
	struct log log = {.engine = dc_engine_create()};

	dc_engine_schedule(log.engine, 2, DC_PHASE_COMPLETION, 0, note, &log, 7);
	dc_engine_schedule(log.engine, 1, DC_PHASE_SAMPLING, 0, note, &log, 6);
	dc_engine_schedule(log.engine, 1, DC_PHASE_DECISION, 0, note, &log, 5);
	dc_engine_schedule(log.engine, 1, DC_PHASE_STATE, 0, note, &log, 4);
	dc_engine_schedule(log.engine, 1, DC_PHASE_COMPLETION, 9, note, &log, 3);
	dc_engine_schedule(log.engine, 1, DC_PHASE_COMPLETION, 3, note, &log, 1);
	dc_engine_schedule(log.engine, 1, DC_PHASE_COMPLETION, 3, note, &log, 2);
	cr_assert_eq(dc_engine_run(log.engine, NULL), DC_OK);
	expect_log(&log, (const uint64_t[]){1, 2, 3, 4, 5, 6, 7}, 7);
	cr_expect_eq(dc_engine_count(log.engine), 7);
	dc_engine_destroy(log.engine);
}

/* The largest entity stays within its phase; one larger is refused and fails the run. */
Test(engine, entities_stay_within_their_phase)
{
	struct log log = {.engine = dc_engine_create()};
	const uint64_t largest = ((uint64_t)1 << 56) - 1;

	dc_engine_schedule(log.engine, 1, DC_PHASE_STATE, 0, note, &log, 2);
	dc_engine_schedule(log.engine, 1, DC_PHASE_COMPLETION, largest, note, &log, 1);
	cr_assert_eq(dc_engine_run(log.engine, NULL), DC_OK);
	expect_log(&log, (const uint64_t[]){1, 2}, 2);
	cr_expect_eq(dc_engine_schedule(log.engine, 2, DC_PHASE_STATE, largest + 1, note, &log, 3),
		     0);
	cr_expect_eq(dc_engine_run(log.engine, NULL), DC_ERR_RUN);
	dc_engine_destroy(log.engine);
}

/* Rescheduling counts as scheduling anew: the event goes behind its equals. */
Test(engine, rescheduled_goes_last_among_equals)
{
	struct log log = {.engine = dc_engine_create()};
	dc_event first = dc_engine_schedule(log.engine, 5, DC_PHASE_STATE, 1, note, &log, 1);

	dc_engine_schedule(log.engine, 5, DC_PHASE_STATE, 1, note, &log, 2);
	cr_expect(dc_engine_reschedule(log.engine, first, 5));
	cr_assert_eq(dc_engine_run(log.engine, NULL), DC_OK);
	expect_log(&log, (const uint64_t[]){2, 1}, 2);
	dc_engine_destroy(log.engine);
}

struct chain {
	struct log log;
	enum dc_phase phase; /* in which the event at hand schedules */
};

static void schedule_now(void *context, uint64_t argument)
{
	struct chain *chain = context;

	note(&chain->log, argument);
	dc_engine_schedule(chain->log.engine, dc_engine_now(chain->log.engine), chain->phase, 0,
			   note, &chain->log, 100);
}

/* An event of each phase schedules at its own instant in each phase: it runs before the clock moves
 * on, and ahead of what waits in later phases. */
Test(engine, scheduling_at_the_present_instant)
{
	for (int from = DC_PHASE_COMPLETION; from <= DC_PHASE_SAMPLING; from++) {
		for (int to = DC_PHASE_COMPLETION; to <= DC_PHASE_SAMPLING; to++) {
			struct chain chain = {.phase = (enum dc_phase)to};
			struct log *log = &chain.log;
			size_t at = (size_t)(to > from ? to : from) + 1;

			log->engine = dc_engine_create();
			for (int p = DC_PHASE_COMPLETION; p <= DC_PHASE_SAMPLING; p++)
				dc_engine_schedule(log->engine, 7, (enum dc_phase)p, 0,
						   p == from ? schedule_now : note, &chain,
						   (uint64_t)p);
			dc_engine_schedule(log->engine, 8, DC_PHASE_COMPLETION, 0, note, log, 200);
			cr_assert_eq(dc_engine_run(log->engine, NULL), DC_OK);
			cr_assert_eq(log->count, 6, "from %d to %d", from, to);
			cr_expect_eq(log->what[at], 100, "from %d to %d", from, to);
			cr_expect(log->when[at] == 7, "from %d to %d", from, to);
			cr_expect_eq(log->what[5], 200, "from %d to %d", from, to);
			dc_engine_destroy(log->engine);
		}
	}
}

Test(engine, handles_go_stale)
{
	struct log log = {.engine = dc_engine_create()};
	dc_event run = dc_engine_schedule(log.engine, 1, DC_PHASE_STATE, 0, note, &log, 1);
	dc_event gone = dc_engine_schedule(log.engine, 2, DC_PHASE_STATE, 0, note, &log, 2);
	dc_event heir;

	cr_expect(dc_engine_due(log.engine, gone) == 2);
	cr_expect(dc_engine_cancel(log.engine, gone));
	cr_expect(!dc_engine_cancel(log.engine, gone));
	cr_expect(!dc_engine_reschedule(log.engine, gone, 3));
	cr_expect(dc_engine_due(log.engine, gone) == DC_TIME_NEVER);
	/* The freed slot is used again; the old handle must not reach the new event. */
	heir = dc_engine_schedule(log.engine, 4, DC_PHASE_STATE, 0, note, &log, 3);
	cr_expect_neq(heir, gone);
	cr_expect(!dc_engine_cancel(log.engine, gone));
	cr_expect_eq(dc_engine_pending(log.engine), 2);
	cr_assert_eq(dc_engine_run(log.engine, NULL), DC_OK);
	cr_expect(!dc_engine_cancel(log.engine, run));
	cr_expect(!dc_engine_cancel(log.engine, 0));
	cr_expect(dc_engine_due(log.engine, 0) == DC_TIME_NEVER);
	cr_expect(!dc_engine_cancel(log.engine, ~(dc_event)0));
	expect_log(&log, (const uint64_t[]){1, 3}, 2);
	dc_engine_destroy(log.engine);
}

struct self {
	struct dc_engine *engine;
	dc_event event;
	bool cancelled, moved;
};

static void cancel_self(void *context, uint64_t argument)
{
	struct self *self = context;

	(void)argument;
	self->cancelled = dc_engine_cancel(self->engine, self->event);
	self->moved = dc_engine_reschedule(self->engine, self->event, 9);
}

/* An event that runs is no longer pending: its own handle is stale inside its callback. */
Test(engine, own_handle_is_stale)
{
	struct self self = {.engine = dc_engine_create(), .cancelled = true, .moved = true};

	self.event = dc_engine_schedule(self.engine, 1, DC_PHASE_STATE, 0, cancel_self, &self, 0);
	cr_assert_eq(dc_engine_run(self.engine, NULL), DC_OK);
	cr_expect(!self.cancelled && !self.moved);
	cr_expect_eq(dc_engine_count(self.engine), 1);
	dc_engine_destroy(self.engine);
}

static void schedule_past(void *context, uint64_t argument)
{
	struct log *log = context;

	note(log, argument);
	cr_expect_eq(dc_engine_schedule(log->engine, 9, DC_PHASE_STATE, 0, note, log, 0), 0);
}

Test(engine, the_past_fails_the_run)
{
	struct log log = {.engine = dc_engine_create()};

	dc_engine_schedule(log.engine, 10, DC_PHASE_STATE, 0, schedule_past, &log, 1);
	dc_engine_schedule(log.engine, 11, DC_PHASE_STATE, 0, note, &log, 2);
	cr_expect_eq(dc_engine_run(log.engine, NULL), DC_ERR_RUN);
	expect_log(&log, (const uint64_t[]){1}, 1);
	dc_engine_destroy(log.engine);
}

static void move_to_past(void *context, uint64_t argument)
{
	struct self *self = context;

	(void)argument;
	self->moved = dc_engine_reschedule(self->engine, self->event, 9);
}

Test(engine, rescheduling_to_the_past_fails_the_run)
{
	struct self self = {.engine = dc_engine_create(), .moved = true};
	struct log log = {.engine = self.engine};

	self.event = dc_engine_schedule(self.engine, 20, DC_PHASE_STATE, 0, note, &log, 1);
	dc_engine_schedule(self.engine, 10, DC_PHASE_STATE, 0, move_to_past, &self, 0);
	cr_expect_eq(dc_engine_run(self.engine, NULL), DC_ERR_RUN);
	cr_expect(!self.moved);
	cr_expect(dc_engine_due(self.engine, self.event) == 20);
	dc_engine_destroy(self.engine);
}

static void stop_then_fail(void *context, uint64_t argument)
{
	struct dc_engine *engine = context;

	(void)argument;
	dc_engine_stop(engine);
	dc_engine_fail(engine, DC_ERR_IO);
}

static void fail_then_stop(void *context, uint64_t argument)
{
	struct dc_engine *engine = context;

	(void)argument;
	dc_engine_fail(engine, DC_ERR_IO);
	dc_engine_stop(engine);
}

/* "The first call counts." */
Test(engine, first_end_counts)
{
	dc_callback *const ends[] = {stop_then_fail, fail_then_stop};
	const enum dc_status expected[] = {DC_OK, DC_ERR_IO};

	for (int i = 0; i < 2; i++) {
		struct dc_engine *engine = dc_engine_create();

		dc_engine_schedule(engine, 3, DC_PHASE_STATE, 0, ends[i], engine, 0);
		dc_engine_schedule(engine, 4, DC_PHASE_STATE, 0, ends[i], engine, 0);
		cr_expect_eq(dc_engine_run(engine, NULL), expected[i], "end %d", i);
		cr_expect(dc_engine_now(engine) == 3);
		cr_expect_eq(dc_engine_pending(engine), 1);
		dc_engine_destroy(engine);
	}
}

struct interruption {
	struct dc_engine *engine;
	volatile int flag;
};

static void interrupt(void *context, uint64_t argument)
{
	struct interruption *interruption = context;

	(void)argument;
	interruption->flag = 1;
}

/* The flag is polled between events: the clock stays at the last one run, the rest stays
 * pending. */
Test(engine, interrupted_between_events)
{
	struct interruption i = {.engine = dc_engine_create()};

	dc_engine_schedule(i.engine, 5, DC_PHASE_STATE, 0, interrupt, &i, 0);
	dc_engine_schedule(i.engine, 6, DC_PHASE_STATE, 0, interrupt, &i, 0);
	cr_expect_eq(dc_engine_run(i.engine, &i.flag), DC_INTERRUPTED);
	cr_expect(dc_engine_now(i.engine) == 5);
	cr_expect_eq(dc_engine_pending(i.engine), 1);
	i.flag = 0;
	cr_expect_eq(dc_engine_run(i.engine, &i.flag), DC_OK);
	cr_expect(dc_engine_now(i.engine) == 6);
	dc_engine_destroy(i.engine);
}

Test(engine, nothing_pending_is_a_natural_end)
{
	struct dc_engine *engine = dc_engine_create();

	cr_expect_eq(dc_engine_run(engine, NULL), DC_OK);
	cr_expect(dc_engine_now(engine) == 0);
	dc_engine_destroy(engine);
	dc_engine_destroy(NULL);
}

/* --- comparison with a sorted list --- */

enum { OPERATIONS = 10000 };

struct expected {
	dc_time time;
	uint64_t phase, entity, sequence, id;
	dc_event event;
	bool pending;
};

struct comparison {
	struct dc_engine *engine;
	struct expected events[OPERATIONS];
	size_t count;
	uint64_t sequence;
	uint64_t ran[OPERATIONS];
	size_t ran_count;
	uint64_t state;
	size_t operations;
};

static int compare(const void *left, const void *right)
{
	const struct expected *a = left, *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->entity != b->entity)
		return a->entity < b->entity ? -1 : 1;
	return a->sequence < b->sequence ? -1 : 1;
}

static void ran(void *context, uint64_t id)
{
	struct comparison *c = context;

	c->ran[c->ran_count++] = id;
}

static void add(struct comparison *c)
{
	struct expected *e = &c->events[c->count];

	/* Few distinct values, so that ties abound. */
	*e = (struct expected){
		.time = dc_engine_now(c->engine) + (dc_time)draw(&c->state, 40),
		.phase = draw(&c->state, 4),
		.entity = draw(&c->state, 3),
		.sequence = c->sequence++,
		.id = c->count,
		.pending = true,
	};
	e->event = dc_engine_schedule(c->engine, e->time, (enum dc_phase)e->phase, e->entity, ran,
				      c, c->count);
	c->count++;
}

static void operate(struct comparison *c)
{
	uint64_t kind = draw(&c->state, 5);
	struct expected *e = c->count ? &c->events[draw(&c->state, c->count)] : NULL;

	c->operations++;
	if (kind < 3 || !e) {
		add(c);
	} else if (kind == 3) {
		cr_assert_eq(dc_engine_cancel(c->engine, e->event), e->pending);
		e->pending = false;
	} else {
		dc_time time = dc_engine_now(c->engine) + (dc_time)draw(&c->state, 40);

		cr_assert_eq(dc_engine_reschedule(c->engine, e->event, time), e->pending);
		if (e->pending) {
			e->time = time;
			e->sequence = c->sequence++;
		}
	}
}

static void stop(void *context, uint64_t argument)
{
	(void)argument;
	dc_engine_stop(context);
}

/* 10,000 random schedules, cancels and reschedules, then everything runs: the order is that of the
 * survivors sorted by (time, phase, entity, sequence) with the C library's qsort. */
Test(engine, random_operations_against_a_sorted_list)
{
	struct comparison *c = calloc(1, sizeof *c);
	size_t survivors = 0;

	c->engine = dc_engine_create();
	c->state = 20240715;
	while (c->operations < OPERATIONS)
		operate(c);
	for (size_t i = 0; i < c->count; i++)
		if (c->events[i].pending)
			c->events[survivors++] = c->events[i];
	qsort(c->events, survivors, sizeof *c->events, compare);
	cr_assert_eq(dc_engine_pending(c->engine), survivors);
	dc_engine_schedule(c->engine, 1000, DC_PHASE_STATE, 0, stop, c->engine, 0);
	cr_assert_eq(dc_engine_run(c->engine, NULL), DC_OK);
	cr_assert_eq(c->ran_count, survivors);
	for (size_t i = 0; i < survivors; i++)
		cr_assert_eq(c->ran[i], c->events[i].id, "place %zu", i);
	dc_engine_destroy(c->engine);
	free(c);
}

static void operate_and_run(void *context, uint64_t id)
{
	struct comparison *c = context;
	struct expected *self = &c->events[id];

	/* Nothing that is pending should have run before this one. */
	cr_assert(self->pending);
	for (size_t i = 0; i < c->count; i++)
		if (c->events[i].pending && i != id)
			cr_assert(compare(self, &c->events[i]) < 0, "%zu before %llu", i,
				  (unsigned long long)id);
	self->pending = false;
	c->ran_count++;
	for (int i = 0; i < 3 && c->operations < 1500; i++) {
		size_t before = c->count;

		operate(c);
		/* What operate() added runs this callback, not the plain one. */
		if (c->count > before) {
			struct expected *e = &c->events[before];

			dc_engine_cancel(c->engine, e->event);
			e->sequence = c->sequence++;
			e->event = dc_engine_schedule(c->engine, e->time, (enum dc_phase)e->phase,
						      e->entity, operate_and_run, c, before);
			/* At this very instant but in an earlier phase: due at once, so it precedes
			 * only what is still pending. */
		}
	}
}

/* The same with operations made by the events themselves, many at the present instant. */
Test(engine, random_operations_while_running)
{
	struct comparison *c = calloc(1, sizeof *c);

	c->engine = dc_engine_create();
	c->state = 42;
	for (uint64_t i = 0; i < 50; i++) {
		c->events[i] = (struct expected){
			.time = (dc_time)i, .sequence = c->sequence++, .id = i, .pending = true};
		c->events[i].event = dc_engine_schedule(c->engine, (dc_time)i, DC_PHASE_COMPLETION,
							0, operate_and_run, c, i);
		c->count++;
	}
	cr_assert_eq(dc_engine_run(c->engine, NULL), DC_OK);
	cr_assert_eq(dc_engine_pending(c->engine), 0);
	for (size_t i = 0; i < c->count; i++)
		cr_assert(!c->events[i].pending, "%zu", i);
	cr_expect(c->ran_count > 200, "%zu", c->ran_count);
	dc_engine_destroy(c->engine);
	free(c);
}

struct steady {
	struct dc_engine *engine;
	uint64_t left;
	uint32_t highest; /* slot seen */
};

static void hold(void *context, uint64_t argument)
{
	struct steady *s = context;
	dc_event event, spare;

	if (!s->left)
		return;
	s->left--;
	event = dc_engine_schedule(s->engine, dc_engine_now(s->engine) + 1 + (dc_time)argument,
				   DC_PHASE_STATE, argument, hold, s, argument);
	spare = dc_engine_schedule(s->engine, dc_engine_now(s->engine) + 9, DC_PHASE_STATE, 0, hold,
				   s, 0);
	dc_engine_cancel(s->engine, spare);
	/* The low half of a handle is the slot (engine.c). */
	if ((uint32_t)event > s->highest)
		s->highest = (uint32_t)event;
	if ((uint32_t)spare > s->highest)
		s->highest = (uint32_t)spare;
}

/* 20 events in flight and one spare never need a slot past the 21st, however many run. */
Test(engine, slots_are_pooled)
{
	struct steady s = {.engine = dc_engine_create(), .left = 100000};

	for (uint64_t i = 0; i < 20; i++)
		dc_engine_schedule(s.engine, 0, DC_PHASE_STATE, i, hold, &s, i);
	cr_assert_eq(dc_engine_run(s.engine, NULL), DC_OK);
	cr_expect_eq(dc_engine_count(s.engine), 100020);
	cr_expect(s.highest < 21, "%u", s.highest);
	dc_engine_destroy(s.engine);
}

/* 128 bits: 10,000 years in femtoseconds, far past 2^63, keep their order to the last one. */
Test(engine, far_times)
{
	struct log log = {.engine = dc_engine_create()};
	const dc_time far = (dc_time)315360000000 * DC_TIME_S;

	dc_engine_schedule(log.engine, far + 1, DC_PHASE_COMPLETION, 0, note, &log, 2);
	dc_engine_schedule(log.engine, far, DC_PHASE_SAMPLING, 0, note, &log, 1);
	cr_assert_eq(dc_engine_run(log.engine, NULL), DC_OK);
	expect_log(&log, (const uint64_t[]){1, 2}, 2);
	cr_expect(log.when[1] - log.when[0] == 1);
	dc_engine_destroy(log.engine);
}
