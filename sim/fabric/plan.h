/* Plans: everything that a run of collectives sends, laid out for the runner (runner.h).
 *
 * A plan holds jobs; a job does its operations one after another, from its arrival on. An operation is a
 * schedule on a group (schedule.h), laid out as lines: a line does `repeat` equal steps, `chunks` times;
 * the messages of its steps are a bundle, which lines that never run at once share. A line waits for
 * lines before it and is waited for by lines after it. Messages cross links.
 *
 * Every part may stand for `multiplicity` equal ones. Laid out in full (dc_plan_lay_out) all are 1; folded
 * (dc_plan_fold) or emitted folded (dc_plan_quotient) they are the sizes of classes, and the runner, which
 * knows no difference, gives the same times.
 *
 * Epochs. Scripted events change links in the middle of a run; between two of them is an epoch. A plan is
 * made with the fabric of each epoch, so that messages know every path they may take.
 *
 * Ownership: dc_plan_fini frees a plan; groups and schedules must outlive its making only. */
#ifndef DC_FABRIC_PLAN_H
#define DC_FABRIC_PLAN_H

#include "fabric/cost.h"
#include "fabric/schedule.h"

#define DC_PLAN_NONE UINT32_MAX

struct dc_plan_operation_request {
	const struct dc_schedule *schedule;
	const struct dc_fabric_cost *cost;
};

struct dc_plan_job_request {
	dc_time arrival; /* >= 0 */
	const struct dc_plan_operation_request *operations;
	size_t count;
};

struct dc_plan_epoch {
	dc_time begin; /* of the first: 0 */
	const struct dc_fabric *fabric;
};

struct dc_plan_request {
	const struct dc_plan_job_request *jobs;
	size_t job_count;
	const struct dc_plan_epoch *epochs; /* at least one, by time; the same but for exceptions */
	size_t epoch_count;
};

struct dc_plan_link {
	uint64_t link; /* of the fabric; the least of the class */
	double multiplicity;
	uint32_t first_capacity; /* in capacities: one per epoch */
};

/* use: bytes on the wire per byte of a message, over all links of the class that it crosses. */
struct dc_plan_hop {
	uint32_t link;   /* of the plan */
	uint32_t use_at; /* in uses */
};

/* What many ways have in common: from an epoch on. */
struct dc_plan_way_terms {
	int64_t latency; /* [fs]: all costs included */
	uint32_t epoch;
	uint32_t more; /* 1: the next way is that of a later epoch, of the same message; else 0 */
};

/* A way of a message. Messages of lines that differ in bytes only have it together. */
struct dc_plan_way {
	uint32_t
		first_hop; /* its hops end where those of the next way begin; the last is nobody's */
	uint32_t terms;    /* in way_terms */
};

/* What many messages have in common. */
struct dc_plan_terms {
	double bytes;
	double multiplicity;
};

struct dc_plan_message {
	uint32_t terms;
	uint32_t first_way; /* of epoch 0 */
};

/* Messages of a step, by their numbers. As a rule they have the same terms and their ways follow each
 * other, so that none of them is written down. */
struct dc_plan_bundle {
	uint32_t first_message, messages;
	uint32_t terms; /* of all of them; DC_PLAN_NONE: each is listed */
	uint32_t first; /* way of the first message; or where the list begins */
};

/* What the lines of a phase have in common; they follow each other, and so do their bundles. */
struct dc_plan_phase {
	double multiplicity;
	uint64_t repeat;
	uint32_t operation;
	uint32_t chunks;
	uint32_t kind; /* equal for lines at the same place of equal schedules */
	uint32_t first_line, first_bundle;
	uint32_t needs; /* lines that each of them waits for */
	/* Lines of the next phase that wait for each of them: so many in nexts, counted from base_next;
	 * none: the operation does. Like phases have the lists together. */
	uint32_t base_next, first_next, nexts;
};

struct dc_plan_operation {
	int64_t startup; /* [fs] */
	double multiplicity;
	uint32_t job;
	uint32_t next; /* operation of the same job, or DC_PLAN_NONE */
	uint32_t first_line,
		lines;       /* in order: those that wait for none first; 0: nothing to send */
	uint32_t last_lines; /* lines that nobody waits for */
};

struct dc_plan_job {
	dc_time arrival;
	double multiplicity;
	uint32_t first_operation; /* or DC_PLAN_NONE */
};

struct dc_plan {
	size_t epoch_count;
	dc_time *begins; /* of epochs */
	struct dc_plan_link *links;
	double *capacities; /* [B/s], by link and epoch; 0: down */
	double *uses;
	struct dc_plan_way_terms *way_terms;
	struct dc_plan_hop *hops;
	struct dc_plan_way *ways;
	struct dc_plan_terms *terms;
	struct dc_plan_message *listed;
	struct dc_plan_bundle *bundles;
	struct dc_plan_phase *phases;
	uint32_t *phase_of; /* by line */
	uint32_t *nexts;
	struct dc_plan_operation *operations;
	struct dc_plan_job *jobs;
	uint32_t link_count, hop_count, way_count, message_count, bundle_count, line_count;
	uint32_t next_count, operation_count, job_count, terms_count, use_count, way_terms_count;
	uint32_t phase_count, listed_count;
	/* For each operation and job asked for, job by job, the one of the plan that stands for it. */
	uint32_t *operation_of;
	uint32_t *job_of;
	uint32_t asked_operations, asked_jobs;
};

static inline const struct dc_plan_terms *
dc_plan_terms_of(const struct dc_plan *plan, const struct dc_plan_bundle *bundle, uint32_t message)
{
	return &plan->terms[bundle->terms != DC_PLAN_NONE
				    ? bundle->terms
				    : plan->listed[bundle->first + message].terms];
}

/* The way in epoch 0 of a message, by its place in the bundle. */
static inline const struct dc_plan_way *
dc_plan_way_of(const struct dc_plan *plan, const struct dc_plan_bundle *bundle, uint32_t message)
{
	return &plan->ways[bundle->terms != DC_PLAN_NONE
				   ? bundle->first + message
				   : plan->listed[bundle->first + message].first_way];
}

static inline const struct dc_plan_way_terms *dc_plan_way_terms_of(const struct dc_plan *plan,
								   const struct dc_plan_way *way)
{
	return &plan->way_terms[way->terms];
}

/* The way of a later epoch, or NULL. */
static inline const struct dc_plan_way *dc_plan_next_way(const struct dc_plan *plan,
							 const struct dc_plan_way *way)
{
	return dc_plan_way_terms_of(plan, way)->more ? way + 1 : NULL;
}

static inline uint32_t dc_plan_hops(const struct dc_plan_way *way)
{
	return way[1].first_hop - way->first_hop;
}

static inline double dc_plan_use_of(const struct dc_plan *plan, const struct dc_plan_hop *hop)
{
	return plan->uses[hop->use_at];
}

static inline const struct dc_plan_phase *dc_plan_phase_of(const struct dc_plan *plan,
							   uint32_t line)
{
	return &plan->phases[plan->phase_of[line]];
}

/* The number of a line's bundle. */
static inline uint32_t dc_plan_bundle_of(const struct dc_plan *plan, uint32_t line)
{
	const struct dc_plan_phase *phase = dc_plan_phase_of(plan, line);

	return phase->first_bundle + (line - phase->first_line);
}

/* Lines that wait for this one: `nexts` of its phase, counted from base_next. */
static inline const uint32_t *dc_plan_nexts_of(const struct dc_plan *plan, uint32_t line)
{
	const struct dc_plan_phase *phase = dc_plan_phase_of(plan, line);

	return &plan->nexts[phase->first_next + (size_t)(line - phase->first_line) * phase->nexts];
}

void dc_plan_fini(struct dc_plan *plan);

/* Lays out every message. DC_ERR_RUN when the numbers of parts go beyond 32 bits, or messages wait
 * longer than 2^63 fs. Memory: 8 bytes per way and 8 per hop of it, 16 per bundle, 4 per line and 4 per
 * line that waits for it; lines that differ in bytes only have ways together, and a message by itself takes
 * 8 where those of a step differ in bytes or change their ways. */
enum dc_status dc_plan_lay_out(const struct dc_plan_request *request,
			       struct dc_plan *plan) DC_CHECK;
/* The coarsest plan that gives the same times: classes by refinement, O(hops) per round and as many
 * rounds as differences need to spread; *made false when it gave up after work_most hops. */
enum dc_status dc_plan_fold(const struct dc_plan *plan, uint64_t work_most, struct dc_plan *folded,
			    bool *made) DC_CHECK;
/* A folded plan of one operation that all groups of a fabric do at once, each a translate of the
 * schedule's, made directly from the symmetry of the topologies; *made false where that does not
 * show (exceptions, hashed routes, groups whose translates differ). Cost: the messages that differ. */
enum dc_status dc_plan_quotient(const struct dc_fabric *fabric,
				const struct dc_plan_operation_request *request,
				struct dc_plan *plan, bool *made) DC_CHECK;

/* Bytes that all messages of the plan carry, chunks and steps included; not what is added on the wire. */
double dc_plan_bytes(const struct dc_plan *plan);

/* Bytes held; *link_bytes (may be NULL): those of them that links take. */
size_t dc_plan_memory(const struct dc_plan *plan, size_t *link_bytes);

#endif
