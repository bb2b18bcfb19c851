/* The solver's arrays, shared by the files that keep them: membership, levels, filling. */
#ifndef DC_FLUID_SOLVER_PRIVATE_H
#define DC_FLUID_SOLVER_PRIVATE_H

#include <math.h>

#include "fluid/blocks.h"
#include "fluid/solver.h"

#define DC_FLUID_INFINITE ((double)INFINITY)

/* Resources take a cache line each and begin where one begins; two flows share one. */
enum { DC_FLUID_LINE = 64 };

/* Two levels this close are the same one. Wider than the rounding of a sum over the flows of one
 * resource, so that ties settle; always taken against a freshly computed level, so it does not add up. */
#define DC_FLUID_SAME 4e-15
/* A resource offered at most this much more than its capacity holds nobody back. */
#define DC_FLUID_FULL (1 + 1e-14)

enum dc_fluid_flow_flag {
	DC_FLUID_LIVE = 1,      /* known to the caller */
	DC_FLUID_SHARING = 2,   /* in the lists of its resources, or coming */
	DC_FLUID_FRESH = 4,     /* in the list of flows whose levels are unknown */
	DC_FLUID_CHANGED = 8,   /* in the list of flows whose rate changed */
	DC_FLUID_FIXED = 16,    /* during a filling: has its level */
	DC_FLUID_UNSOLVED = 32, /* shares since the last solve only */
	DC_FLUID_COMING = 64,   /* shares, but is not in the lists yet (dc_fluid_admit) */
	DC_FLUID_KEPT = 128,    /* for transfers.c: rests after its end instead of being removed */
};

struct dc_fluid_flow_state {
	_Alignas(DC_FLUID_LINE / 2) double least; /* level: the least on the path and of the cap */
	double second;                            /* the least but for least_at's */
	uint32_t least_at; /* resource, or DC_FLUID_NONE for the cap or nothing */
	uint32_t path;     /* block of hops, sorted by resource; next free flow when not live */
	uint32_t hops;
	uint8_t flags;
	uint8_t room; /* class of the path's block */
};

/* What most flows have in common: weight 1, no cap, multiplicity 1. */
struct dc_fluid_terms {
	double weight;
	double cap_bps;
	double multiplicity;
};

struct dc_fluid_hop_state {
	uint32_t resource;
	uint32_t position; /* in the resource's list */
};

struct dc_fluid_resource {
	_Alignas(DC_FLUID_LINE) double level; /* infinite: holds nobody back */
	double candidate;                     /* what the level should be, given the others */
	double capacity_bps;
	/* Sum of pull x other level over finite others, kept up by differences, and a bound of its error:
	 * most resources are seen at once to be far from full. During a filling: capacity left. */
	double offered;
	double doubt;       /* during a filling: pull of the flows without a level */
	uint32_t unbounded; /* flows whose other is infinite; during a filling: without a level */
	uint32_t block;     /* its list */
	uint32_t count;
	/* During a solve, place in the queue or DC_FLUID_NONE; before it, ~ the flows that come. */
	uint32_t place;
	uint32_t active; /* place among the resources in use */
	uint8_t room;    /* class of its block */
	bool touched;    /* waits for an evaluation */
	uint16_t raises; /* in this solve */
};

struct dc_fluid_entry {
	double key;
	uint32_t item;
};

struct dc_fluid_solver {
	struct dc_fluid_resource *resources;
	double *members; /* multiplicity of each resource */
	bool classes;    /* some of them are not 1 */
	uint32_t *touched;
	uint32_t *active;
	uint32_t resource_count, resource_capacity, touched_count, active_count;

	struct dc_fluid_flow_state *flows;
	struct dc_fluid_terms *terms; /* of each flow; NULL as long as all are the usual ones */
	uint32_t *fresh;              /* in a filling, the order of fixing */
	uint32_t *changed;
	uint32_t flow_count, flow_capacity, free_flow, fresh_count, changed_count, coming_count;
	uint32_t capped; /* sharing flows with a cap */

	struct dc_fluid_blocks path_blocks;
	struct dc_fluid_hop_state *hops;
	double *uses; /* of each hop; NULL as long as all are 1 */

	/* One flow on one resource, in the resource's list. */
	struct dc_fluid_blocks share_blocks;
	double *pulls; /* capacity taken per level: multiplicity x use x weight / members; NULL as
			 * long as all are 1 */
	uint32_t *share_flows;
	uint64_t promised; /* half elements: bounds what the flows that come will need */
	uint64_t incidences;
	uint64_t fixed; /* incidences of the flows with a level, in a filling */

	struct dc_fluid_entry *queue;
	uint32_t queue_count, queue_capacity;
	uint64_t work;
	struct dc_fluid_statistics statistics;
};

static inline struct dc_fluid_terms dc_fluid_terms_of(const struct dc_fluid_solver *solver,
						      uint32_t flow)
{
	return solver->terms ? solver->terms[flow]
			     : (struct dc_fluid_terms){1, DC_FLUID_INFINITE, 1};
}

static inline double dc_fluid_cap_level(const struct dc_fluid_solver *solver, uint32_t flow)
{
	return solver->terms ? solver->terms[flow].cap_bps / solver->terms[flow].weight
			     : DC_FLUID_INFINITE;
}

static inline double dc_fluid_use(const struct dc_fluid_solver *solver, uint32_t hop)
{
	return solver->uses ? solver->uses[hop] : 1.0;
}

static inline double dc_fluid_pull(const struct dc_fluid_solver *solver, uint32_t share)
{
	return solver->pulls ? solver->pulls[share] : 1.0;
}

/* What one of its resources knows of a flow: the least level but for this resource's own. */
static inline double dc_fluid_other(const struct dc_fluid_flow_state *flow, uint32_t resource)
{
	return *(flow->least_at == resource ? &flow->second : &flow->least);
}

/* Flows that will join the resource's list. Not during a solve. */
static inline uint32_t dc_fluid_coming(const struct dc_fluid_resource *resource)
{
	return ~resource->place;
}

static inline void dc_fluid_touch(struct dc_fluid_solver *solver, uint32_t resource)
{
	if (solver->resources[resource].touched)
		return;
	solver->resources[resource].touched = true;
	solver->touched[solver->touched_count++] = resource;
}

static inline void dc_fluid_note_changed(struct dc_fluid_solver *solver, uint32_t id)
{
	struct dc_fluid_flow_state *flow = &solver->flows[id];

	if (flow->flags & DC_FLUID_CHANGED)
		return;
	flow->flags |= DC_FLUID_CHANGED;
	solver->changed[solver->changed_count++] = id;
}

/* Books a share's other level going from one value to another. */
static inline void dc_fluid_book(struct dc_fluid_resource *resource, double pull, double from,
				 double to)
{
	double before = from < DC_FLUID_INFINITE ? pull * from : 0.0;
	double after = to < DC_FLUID_INFINITE ? pull * to : 0.0;

	resource->unbounded -= !(from < DC_FLUID_INFINITE);
	resource->unbounded += !(to < DC_FLUID_INFINITE);
	resource->offered += after - before;
	resource->doubt += 4.5e-16 * (fabs(resource->offered) + before + after);
}

/* storage.c: room for more. Flows: for `least` of them at least; hops, shares: for so many more. */
enum dc_status dc_fluid_grow_resources(struct dc_fluid_solver *solver) DC_CHECK;
enum dc_status dc_fluid_grow_flows(struct dc_fluid_solver *solver, uint64_t least) DC_CHECK;
enum dc_status dc_fluid_grow_hops(struct dc_fluid_solver *solver, uint64_t more) DC_CHECK;
enum dc_status dc_fluid_grow_shares(struct dc_fluid_solver *solver, uint64_t more) DC_CHECK;
/* The arrays that are there only once something is unusual. */
enum dc_status dc_fluid_need_uses(struct dc_fluid_solver *solver) DC_CHECK;
enum dc_status dc_fluid_need_terms(struct dc_fluid_solver *solver) DC_CHECK;
enum dc_status dc_fluid_need_pulls(struct dc_fluid_solver *solver) DC_CHECK;
/* realloc on cache lines; `used` bytes of the old array count. Freed by dc_fluid_free_lines. */
void *dc_fluid_grow_lines(void *old, size_t used, size_t size);
void dc_fluid_free_lines(void *lines);
/* Has the system provide the memory of the bytes from .. to - 1 of an array, which count for nothing. */
void dc_fluid_provide(void *array, size_t from, size_t to);

/* Puts the flows that come into the lists of their resources. */
void dc_fluid_admit(struct dc_fluid_solver *solver);
/* Finds least, least_at and second of a flow from its cap and the levels on its path. */
void dc_fluid_find_least(struct dc_fluid_solver *solver, uint32_t id);
/* A binary heap over entries[0..count): moves the entry at `place` down to where it belongs. */
void dc_fluid_heap_down(struct dc_fluid_entry *entries, uint32_t count, uint32_t place);
/* Makes room in the queue for every resource and every capped flow. */
enum dc_status dc_fluid_reserve_queue(struct dc_fluid_solver *solver, uint64_t need) DC_CHECK;

/* Settles the fresh flows that are alone on all their resources, which concern nobody else. */
void dc_fluid_settle_alone(struct dc_fluid_solver *solver);
/* DC_ERR_RUN unless the resources exist and the uses are >= 0 and finite. */
enum dc_status dc_fluid_check_path(const struct dc_fluid_solver *solver,
				   const struct dc_fluid_hop *path, uint32_t hops) DC_CHECK;

/* Settles what is fresh and touched; false when it took too much work: fill instead. */
bool dc_fluid_propagate(struct dc_fluid_solver *solver);
/* Finds every level from nothing. */
void dc_fluid_fill(struct dc_fluid_solver *solver);

#endif
