/* What collective algorithms are made of: work along one factor of a group, put together.
 *
 * A part reduce-scatters, all-gathers or all-reduces along one factor, on all its lines at once.
 * Nesting parts does it over several factors: reduce-scatter S along the first, S/n0 along the
 * second, ..., and all-gather back. Phases are written with whole sizes and cut into chunks at the
 * end.
 *
 * Ownership: nothing is owned; what is added lives with the schedule. */
#ifndef DC_FABRIC_ALGORITHM_PART_H
#define DC_FABRIC_ALGORITHM_PART_H

#include "fabric/algorithm.h"

/* bytes: the vector on each member of the line before a scatter or an all, after a gather. */
typedef void dc_algorithm_lower_part(struct dc_schedule *schedule, size_t factor, double bytes);

struct dc_algorithm_part {
	dc_algorithm_lower_part *scatter; /* reduce-scatter: each ends with bytes/n */
	dc_algorithm_lower_part *gather;  /* all-gather: each begins with bytes/n */
	dc_algorithm_lower_part *all;     /* all-reduce; NULL: scatter, then gather */
};

/* n - 1 steps to the next neighbour, or to the one before. */
extern const struct dc_algorithm_part dc_algorithm_part_ring;
extern const struct dc_algorithm_part dc_algorithm_part_ring_back;
/* The ring for one of several dimensions. As the outermost it takes a chunk through both halves before the
 * next, as libraries do: one phase, where steps that add up cost what others do and costs are told. */
const struct dc_algorithm_part *dc_algorithm_ring_of(const struct dc_request *request);
/* log2 n exchanges of halves, nearest first, and back; with a fold where n is no power of two. */
extern const struct dc_algorithm_part dc_algorithm_part_halving;
/* log2 n exchanges of all there is, nearest first; scatter is NULL. */
extern const struct dc_algorithm_part dc_algorithm_part_doubling;
/* Each to each: n - 1 shifts one after another, or all at once. */
extern const struct dc_algorithm_part dc_algorithm_part_turns;
extern const struct dc_algorithm_part dc_algorithm_part_at_once;

/* Several rings at once over direct links (rings.h): schedule->fabric must be set, and the factor have
 * rings; *why (may be NULL) says why it has none. */
extern const struct dc_algorithm_part dc_algorithm_part_rings;
bool dc_algorithm_has_rings(const struct dc_fabric *fabric, const struct dc_group *group,
			    size_t factor, const char **why);
/* Whether that is what libraries do along a factor: it is one of direct links, no ring or torus, its
 * transport has protocols, and it has rings. */
bool dc_algorithm_wants_rings(const struct dc_fabric *fabric, const struct dc_group *group,
			      size_t factor);

/* Each member sends `bytes` to each other along a factor. */
void dc_algorithm_exchange(struct dc_schedule *schedule, size_t factor, double bytes, bool reduces,
			   bool at_once);
/* An all-reduce, reduce-scatter or all-gather of `bytes` along the factors order[0 to count - 1],
 * the first scattered first and gathered last; parts[f] is that of factor f. */
void dc_algorithm_nest(struct dc_schedule *schedule, enum dc_operation operation, double bytes,
		       const size_t *order, const struct dc_algorithm_part *const *parts);

/* Lines of a tree: places 0 to size - 1 of each are first + line x line_stride + place x stride, by
 * the numbers that the phase's factor gives members. */
struct dc_algorithm_stage {
	size_t factor;
	uint64_t size;
	uint64_t root; /* place */
	uint64_t first, stride;
	uint64_t lines, line_stride;
};

/* The group as one line. */
struct dc_algorithm_stage dc_algorithm_whole_stage(const struct dc_group *group, uint64_t root);
/* A binomial tree over each line, to the root (up) or from it. sized: `bytes` are those of one
 * place, a message carries those of the places below (gather, scatter); else every message has
 * `bytes`. */
void dc_algorithm_binomial(struct dc_schedule *schedule, const struct dc_algorithm_stage *stage,
			   bool up, bool sized, bool reduces, double bytes);

/* The factor of the whole group as one line: its only one, or DC_GROUP_ACROSS. */
size_t dc_algorithm_whole(const struct dc_group *group);
/* ceil(log2 n), n >= 1. */
unsigned dc_algorithm_levels(uint64_t n);

/* The dimension a factor lies along; NULL when it lies across. */
const struct dc_fabric_dimension *
dc_algorithm_dimension(const struct dc_fabric *fabric, const struct dc_group *group, size_t factor);
bool dc_algorithm_is_switch(const struct dc_fabric_dimension *dimension);
bool dc_algorithm_is_full(const struct dc_fabric_dimension *dimension); /* fully connected */
bool dc_algorithm_is_ring(const struct dc_fabric_dimension *dimension); /* or torus */

/* Whether no link of the fabric is down: a way around a broken one may meet others. */
bool dc_algorithm_is_whole(const struct dc_fabric *fabric);
/* Whether steps in which a member sends at most one message, and receives one, along each factor of
 * the group cross no link twice: all lie on switches or fully connected. */
bool dc_algorithm_is_apart(const struct dc_fabric *fabric, const struct dc_group *group);
/* And the same of messages between any members: there is one factor only. */
bool dc_algorithm_is_apart_across(const struct dc_fabric *fabric, const struct dc_group *group);
/* Whether a neighbour's message to the next crosses no link twice along each factor, all
 * sending. */
bool dc_algorithm_is_apart_around(const struct dc_fabric *fabric, const struct dc_group *group);

/* What a message between neighbours costs along a factor: latency [s] of its links and the
 * bandwidth [B/s] of a terminal's, cost (may be NULL) included. Across: latencies of the dimensions
 * added up, the least bandwidth. */
void dc_algorithm_pace(const struct dc_fabric *fabric, const struct dc_group *group,
		       const struct dc_fabric_cost *cost, size_t factor, double *latency_s,
		       double *bandwidth_bps);

enum { DC_ALGORITHM_MOST_CHUNKS = 1024 };

/* The K of 1 to DC_ALGORITHM_MOST_CHUNKS that makes a pipeline of equal phases shortest: (phases +
 * K - 1)(L + bytes/(K B)), bytes those that the busiest link carries in all; the least K of equals
 * [Sanders, Speck and Traeff 2009]. */
uint64_t dc_algorithm_pipeline(const struct dc_fabric *fabric, const struct dc_group *group,
			       const struct dc_fabric_cost *cost, uint64_t phases, double bytes);
/* The least power of two up to DC_ALGORITHM_MOST_CHUNKS that makes a track's unlike phases, to 3 %, as
 * short as any: a pipeline of K chunks whose phases overlap, those along one factor sharing its links
 * (transport.h, dc_transport_pipeline_s). With t_j = repeat (L + bytes/(K B)) of phase j it takes
 * max(sum_j t_j + (K - 1) max_j t_j, the most that one factor has to do in all, and before and after). */
uint64_t dc_algorithm_balance(const struct dc_fabric *fabric, const struct dc_group *group,
			      const struct dc_fabric_cost *cost, const struct dc_track *track);
/* Cuts every track into chunks (0: 1), the bytes of messages with it. */
void dc_algorithm_cut(struct dc_schedule *schedule, uint64_t chunks);

#endif
