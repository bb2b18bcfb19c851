/* Collectives: which algorithm and protocol, what they send, how long they take alone.
 *
 * A request names an operation on a group, and how it is to be done: an algorithm by name, or `auto` for
 * the cheapest of those that the libraries of accelerators run (algorithm.h); likewise a protocol of the
 * transports (transport.h). The cheapest is found by running each alone on the fabric, folded; ties go to the first
 * of algorithm.c's list. Candidates whose schedule would be too large to lay out and does not fold from
 * symmetry are passed over; the outcome says how many.
 *
 * Ownership: an outcome is a plain value. */
#ifndef DC_FABRIC_COLLECTIVE_H
#define DC_FABRIC_COLLECTIVE_H

#include "fabric/algorithm.h"
#include "fabric/plan.h"

struct dc_collective_request {
	struct dc_group group;
	struct dc_request request;
	const struct dc_algorithm_type *algorithm; /* NULL: the cheapest */
	uint32_t without;  /* of these, one bit each by place in dc_algorithms: not to be taken */
	bool any_protocol; /* the cheapest of those all dimensions have */
	enum dc_protocol protocol; /* else this one */
	bool everywhere; /* all translates of the group do it at once: duration and bytes are of one */
	const volatile int *interrupted; /* polled while looking for the cheapest; may be NULL */
};

struct dc_collective {
	const struct dc_algorithm_type *algorithm; /* NULL: a group of one, nothing to do */
	enum dc_protocol protocol;
	uint64_t chunks;   /* 0: the algorithm's own choice */
	dc_time duration;  /* alone, from the last arrival to the end */
	double sent_bytes; /* by all members */
	uint64_t steps;
	uint64_t bottleneck; /* link of the fabric that held it back; UINT64_MAX: none */
	bool bounded;        /* not run: the duration is a bound that shows it is not the best */
	/* The next best of those that were run: NULL when there is none. */
	const struct dc_algorithm_type *second;
	enum dc_protocol second_protocol;
	dc_time second_duration;
	unsigned tried, passed_over; /* combinations of algorithm and protocol */
};

/* "auto" or an algorithm, into the request; DC_ERR_RUN when there is none of that name. */
enum dc_status dc_collective_name_algorithm(const char *name,
					    struct dc_collective_request *request) DC_CHECK;

/* Finds how to do it. DC_ERR_RUN when nothing fits: *why (may be NULL) says what is missing of the one
 * that was named. DC_INTERRUPTED. */
enum dc_status dc_collective_find(const struct dc_fabric *fabric,
				  const struct dc_collective_request *request,
				  struct dc_collective *collective, const char **why) DC_CHECK;

/* What the found way sends, in an arena; and what it costs. The schedule refers to the request's group. */
enum dc_status dc_collective_schedule(const struct dc_fabric *fabric,
				      const struct dc_collective_request *request,
				      const struct dc_collective *collective,
				      struct dc_arena *arena, struct dc_schedule *schedule,
				      struct dc_fabric_cost *cost) DC_CHECK;
/* The plan of one such collective, by itself: laid out in full, or folded where that is cheap. */
enum dc_status dc_collective_plan(const struct dc_fabric *fabric,
				  const struct dc_collective_request *request,
				  const struct dc_collective *collective, bool full,
				  struct dc_plan *plan) DC_CHECK;

/* Where the algorithm's steps are link-disjoint: the sum over steps of what the longest message of each
 * takes alone, rounded once a message [fs]. One track, one chunk; otherwise DC_TIME_NEVER. */
dc_time dc_collective_closed_form(const struct dc_fabric *fabric,
				  const struct dc_schedule *schedule,
				  const struct dc_fabric_cost *cost);

/* Bandwidth bound [s]: the bytes that some member must send or receive, over all its links along all
 * dimensions that the group spans. 0 for groups of one; not a bound where switches reduce. */
double dc_collective_bound_s(const struct dc_fabric *fabric, const struct dc_group *group,
			     enum dc_operation operation, double size_bytes);

#endif
