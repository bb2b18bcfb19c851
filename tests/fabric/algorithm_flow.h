/* For the tests of algorithms: a schedule played against what its definition says every message
 * carries.
 *
 * A member has, of each block of the vector, the contributions of some members (a mask). A test
 * says step by step which blocks each message carries; step_end() checks that the schedule's next
 * step has these messages and no others, each with the bytes of its blocks, and moves the data.
 * Sums must not count a contribution twice. Up to 64 members and blocks. */
#ifndef DC_TESTS_FABRIC_ALGORITHM_FLOW_H
#define DC_TESTS_FABRIC_ALGORITHM_FLOW_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "fabric/algorithm.h"

enum { FLOW_MOST = 64 };

/* How the bytes of a message are counted. */
enum flow_count {
	FLOW_BLOCKS, /* so many per block, summed or copied */
	FLOW_ITEMS,  /* so many per contribution, which moves (all-to-all) */
	FLOW_NONE,   /* barrier: what is known, without bytes */
};

struct flow_message {
	uint64_t from, to;
	double bytes;
};

struct flow_load {
	uint64_t from, to;
	bool adds;
	uint64_t blocks[FLOW_MOST];
};

struct flow {
	const struct dc_schedule *schedule;
	size_t track, phase;
	uint64_t step;
	uint64_t p, blocks;
	double unit_bytes; /* of a block, or item */
	enum flow_count count;
	uint64_t have[FLOW_MOST][FLOW_MOST]; /* [member][block] */
	struct flow_load *loads;
	size_t load_count, load_capacity;
	const char *name;
};

static inline uint64_t flow_all(uint64_t n)
{
	return n == 64 ? ~(uint64_t)0 : ((uint64_t)1 << n) - 1;
}

static inline unsigned flow_bits(uint64_t mask)
{
	unsigned bits = 0;

	for (; mask; mask &= mask - 1)
		bits++;
	return bits;
}

/* ceil(log2 n). */
static inline unsigned flow_log(uint64_t n)
{
	unsigned levels = 0;

	while (((uint64_t)1 << levels) < n)
		levels++;
	return levels;
}

/* Messages of one step of a phase on all its lines, by member; free() the array. Up and down are
 * left out. */
static inline struct flow_message *flow_expand(const struct dc_schedule *schedule,
					       const struct dc_schedule_phase *phase, size_t *count)
{
	const struct dc_group *group = schedule->group;
	uint64_t n = dc_group_line_size(group, phase->factor);
	size_t most = 0;
	struct flow_message *messages;

	for (size_t i = 0; i < phase->count; i++)
		most += phase->patterns[i].kind == DC_PATTERN_LIST ? phase->patterns[i].count : n;
	messages = calloc(most * dc_group_lines(group, phase->factor) + 1, sizeof *messages);
	cr_assert_not_null(messages);
	*count = 0;
	for (uint64_t line = 0; line < dc_group_lines(group, phase->factor); line++)
		for (size_t i = 0; i < phase->count; i++) {
			const struct dc_pattern *pattern = &phase->patterns[i];
			bool list = pattern->kind == DC_PATTERN_LIST;

			for (uint64_t k = 0; k < (list ? pattern->count : n); k++) {
				uint64_t from = list ? pattern->messages[k].from : k;
				uint64_t to = list ? pattern->messages[k].to
					      : pattern->kind == DC_PATTERN_XOR
						      ? k ^ pattern->offset
						      : (k + pattern->offset) % n;

				if ((pattern->kind == DC_PATTERN_XOR && to >= n) ||
				    pattern->kind == DC_PATTERN_UP ||
				    pattern->kind == DC_PATTERN_DOWN)
					continue;
				cr_assert(from < n && to < n && from != to);
				messages[(*count)++] = (struct flow_message){
					dc_group_member(group, phase->factor, line, from),
					dc_group_member(group, phase->factor, line, to),
					list ? pattern->messages[k].bytes : pattern->bytes};
			}
		}
	return messages;
}

static inline void flow_start(struct flow *flow, const struct dc_schedule *schedule, size_t track,
			      uint64_t blocks, double unit_bytes, enum flow_count count,
			      const char *name)
{
	memset(flow, 0, sizeof *flow);
	flow->schedule = schedule;
	flow->track = track;
	flow->p = schedule->group->size;
	flow->blocks = blocks;
	flow->unit_bytes = unit_bytes;
	flow->count = count;
	flow->name = name;
	cr_assert(flow->p <= FLOW_MOST && blocks <= FLOW_MOST);
	cr_assert(!schedule->failed && track < schedule->count);
}

/* A message of this step; its blocks follow by flow_carry. */
static inline struct flow_load *flow_send(struct flow *flow, uint64_t from, uint64_t to, bool adds)
{
	struct flow_load *load;

	if (flow->load_count == flow->load_capacity) {
		flow->load_capacity = flow->load_capacity ? 2 * flow->load_capacity : 64;
		flow->loads = realloc(flow->loads, flow->load_capacity * sizeof *flow->loads);
		cr_assert_not_null(flow->loads);
	}
	load = &flow->loads[flow->load_count++];
	memset(load, 0, sizeof *load);
	load->from = from;
	load->to = to;
	load->adds = adds;
	return load;
}

/* What the sender has of a block goes along. */
static inline void flow_carry(const struct flow *flow, struct flow_load *load, uint64_t block)
{
	load->blocks[block] = flow->have[load->from][block];
	cr_assert(load->blocks[block], "%s: member %u sends block %u that it does not have",
		  flow->name, (unsigned)load->from, (unsigned)block);
}

/* All that the sender has and the receiver lacks. */
static inline void flow_send_new(struct flow *flow, uint64_t from, uint64_t to)
{
	struct flow_load *load = flow_send(flow, from, to, false);

	for (uint64_t b = 0; b < flow->blocks; b++)
		if (flow->have[from][b] && !flow->have[to][b])
			flow_carry(flow, load, b);
}

/* The whole vector. */
static inline void flow_send_all(struct flow *flow, uint64_t from, uint64_t to, bool adds)
{
	struct flow_load *load = flow_send(flow, from, to, adds);

	for (uint64_t b = 0; b < flow->blocks; b++)
		flow_carry(flow, load, b);
}

static inline double flow_load_bytes(const struct flow *flow, const struct flow_load *load)
{
	double units = 0;

	for (uint64_t b = 0; b < flow->blocks; b++)
		units += flow->count == FLOW_ITEMS ? (double)flow_bits(load->blocks[b])
						   : (double)(load->blocks[b] != 0);
	return flow->count == FLOW_NONE ? 0 : units * flow->unit_bytes;
}

static inline void flow_move(struct flow *flow, const struct flow_load *load)
{
	for (uint64_t b = 0; b < flow->blocks; b++) {
		uint64_t *to = &flow->have[load->to][b], what = load->blocks[b];

		if (!what)
			continue;
		if (flow->count == FLOW_NONE) {
			*to |= what;
		} else if (flow->count == FLOW_ITEMS || load->adds) {
			cr_assert(!(*to & what), "%s: member %u has part of block %u twice",
				  flow->name, (unsigned)load->to, (unsigned)b);
			*to |= what;
		} else {
			*to = what;
		}
	}
}

static inline int flow_by_pair(const void *a, const void *b)
{
	const struct flow_message *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static inline int flow_by_load(const void *a, const void *b)
{
	const struct flow_load *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* Compares with the schedule's next step, and moves the data. */
static inline void flow_step_end(struct flow *flow)
{
	const struct dc_track *track = &flow->schedule->tracks[flow->track];
	struct flow_message *messages;
	size_t count;

	while (flow->phase < track->count && flow->step == track->phases[flow->phase].repeat) {
		flow->phase++;
		flow->step = 0;
	}
	cr_assert(flow->phase < track->count, "%s, %u members: fewer steps than it takes",
		  flow->name, (unsigned)flow->p);
	flow->step++;
	messages = flow_expand(flow->schedule, &track->phases[flow->phase], &count);
	cr_assert_eq(count, flow->load_count, "%s, %u members, phase %zu: %zu messages for %zu",
		     flow->name, (unsigned)flow->p, flow->phase, count, flow->load_count);
	qsort(messages, count, sizeof *messages, flow_by_pair);
	qsort(flow->loads, count, sizeof *flow->loads, flow_by_load);
	/* What is sent leaves before anything arrives. */
	for (size_t i = 0; i < count && flow->count == FLOW_ITEMS; i++)
		for (uint64_t b = 0; b < flow->blocks; b++)
			flow->have[flow->loads[i].from][b] &= ~flow->loads[i].blocks[b];
	for (size_t i = 0; i < count; i++) {
		double bytes = flow_load_bytes(flow, &flow->loads[i]);

		cr_assert(messages[i].from == flow->loads[i].from &&
				  messages[i].to == flow->loads[i].to,
			  "%s, %u members, phase %zu: %u to %u for %u to %u", flow->name,
			  (unsigned)flow->p, flow->phase, (unsigned)messages[i].from,
			  (unsigned)messages[i].to, (unsigned)flow->loads[i].from,
			  (unsigned)flow->loads[i].to);
		cr_assert(fabs(messages[i].bytes - bytes) <= 1e-12 * bytes,
			  "%s, %u members, phase %zu, %u to %u: %.17g B for %.17g", flow->name,
			  (unsigned)flow->p, flow->phase, (unsigned)messages[i].from,
			  (unsigned)messages[i].to, messages[i].bytes, bytes);
		flow_move(flow, &flow->loads[i]);
	}
	flow->load_count = 0;
	free(messages);
}

/* The schedule has no steps left. */
static inline void flow_end(struct flow *flow)
{
	const struct dc_track *track = &flow->schedule->tracks[flow->track];

	if (flow->phase < track->count && flow->step == track->phases[flow->phase].repeat)
		flow->phase++;
	while (flow->phase < track->count && track->phases[flow->phase].repeat == 0)
		flow->phase++;
	cr_assert_eq(flow->phase, track->count, "%s, %u members: more steps than it takes",
		     flow->name, (unsigned)flow->p);
	free(flow->loads);
	flow->loads = NULL;
}

/* --- fabrics and schedules --- */

static inline struct dc_fabric flow_fabric(const uint64_t *sizes, size_t count, bool ring)
{
	struct dc_fabric fabric = {0};

	for (size_t i = 0; i < count; i++)
		build_add(&fabric, sizes[i], 50e9, 500e-9, ring ? 1 : 2);
	return fabric;
}

static inline void flow_lower(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
			      const struct dc_group *group, const struct dc_request *request,
			      struct dc_arena *arena, struct dc_schedule *schedule)
{
	const char *why = "";

	cr_assert(dc_algorithm_fits(type, fabric, group, request, &why), "%s: %s", type->name, why);
	dc_schedule_init(schedule, arena, group);
	type->lower(fabric, request, schedule);
	cr_assert(!schedule->failed);
}

#endif
