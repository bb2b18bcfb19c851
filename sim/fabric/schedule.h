/* Schedules: what a collective algorithm sends, step by step, over any fabric.
 *
 * A schedule has tracks that run side by side (the two trees of a double tree, channels over
 * different links, the two directions of a ring). A track is a list of phases, one after another. A
 * phase runs along one factor of the group (group.h), on all lines of it at once, or along the whole
 * group as one line; it is `repeat` equal steps. In a step the members of a line exchange the messages
 * of the phase's patterns; the step ends for the line when all of them have arrived, and then the next
 * begins. A line begins a phase when every member has ended the phase before.
 *
 * Chunks. A track may send its phases in `chunks` equal parts, pipelined: a part begins a phase when it
 * has ended the phase before and the part before it has ended this one. The bytes of its messages are
 * those of one part.
 *
 * Patterns name members of a line by their places 0 to n - 1:
 *   SHIFT  every member sends to the one `offset` places on, around (0 < offset < n)
 *   XOR    every member sends to place ^ offset, where that exists
 *   LIST   the messages listed
 *   UP     every member sends to the root of the dimension's switches, which add up (topology.h)
 *   DOWN   the root sends the same to every member
 * In a phase that returns, what goes up comes down within the step: its messages wait for both ways.
 *
 * Ownership: a schedule and all it points to live in the arena given. */
#ifndef DC_FABRIC_SCHEDULE_H
#define DC_FABRIC_SCHEDULE_H

#include <stdbool.h>

#include "fabric/group.h"

enum dc_pattern_kind {
	DC_PATTERN_SHIFT,
	DC_PATTERN_XOR,
	DC_PATTERN_LIST,
	DC_PATTERN_UP,
	DC_PATTERN_DOWN,
};

struct dc_message {
	uint32_t from, to; /* places in the line, from != to */
	double bytes;      /* >= 0, not necessarily whole: S/p */
};

struct dc_pattern {
	enum dc_pattern_kind kind;
	uint64_t offset;             /* SHIFT, XOR */
	double bytes;                /* of each message, but for LIST */
	struct dc_message *messages; /* LIST */
	size_t count, capacity;
};

struct dc_schedule_phase {
	size_t factor;   /* of the group, or DC_GROUP_ACROSS */
	uint64_t repeat; /* equal steps, >= 1 */
	bool reduces;    /* what arrives is added to what is there */
	bool returns;    /* UP, DOWN: a message crosses the links both up and down */
	struct dc_pattern *patterns;
	size_t count, capacity;
};

struct dc_track {
	struct dc_schedule_phase *phases;
	size_t count, capacity;
	uint64_t chunks; /* >= 1 */
};

struct dc_schedule {
	struct dc_arena *arena;
	const struct dc_group *group;
	const struct dc_fabric *fabric; /* for parts that need to know it; NULL until set */
	struct dc_track *tracks;
	size_t count, capacity;
	bool failed; /* out of memory: what was added since is missing */
};

/* The group must outlive the schedule. */
void dc_schedule_init(struct dc_schedule *schedule, struct dc_arena *arena,
		      const struct dc_group *group);
/* Begins a track; its phases follow. */
void dc_schedule_track(struct dc_schedule *schedule, uint64_t chunks);
/* Begins a phase of the last track; its patterns follow. repeat 0 is a phase left out, and so is what
 * is added to it. */
void dc_schedule_phase(struct dc_schedule *schedule, size_t factor, uint64_t repeat, bool reduces);
/* Adds to the last phase. A shift by a multiple of the line's size is left out. */
void dc_schedule_shift(struct dc_schedule *schedule, uint64_t offset, double bytes);
void dc_schedule_xor(struct dc_schedule *schedule, uint64_t mask, double bytes);
/* The last phase, of UP and DOWN only, returns. */
void dc_schedule_return(struct dc_schedule *schedule);
/* All members to or from the switches of the phase's dimension. */
void dc_schedule_up(struct dc_schedule *schedule, double bytes);
void dc_schedule_down(struct dc_schedule *schedule, double bytes);
void dc_schedule_message(struct dc_schedule *schedule, uint64_t from, uint64_t to, double bytes);

/* Bytes that all members send, over all lines, steps and chunks. */
double dc_schedule_bytes(const struct dc_schedule *schedule);
/* Steps one after another on the longest track, chunks included: (phases' repeats summed) for one chunk,
 * and the longest phase once more for each further one. */
uint64_t dc_schedule_steps(const struct dc_schedule *schedule);
/* Messages of one step of every phase, over all lines: what laying the schedule out takes room for. */
double dc_schedule_messages(const struct dc_schedule *schedule);
/* The same on one line of each phase's factor. */
double dc_schedule_line_messages(const struct dc_schedule *schedule);

#endif
