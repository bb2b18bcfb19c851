/* Collective algorithms: each is one file with one descriptor, listed in algorithm.c.
 *
 * An algorithm turns an operation on a group into a schedule (schedule.h). Sizes are real numbers:
 * of p members each owns S/p bytes, whole or not.
 *
 * size_bytes, by operation (as nccl-tests counts):
 *   all-reduce, broadcast, reduce   the vector of each member
 *   reduce-scatter                  the vector of each member before; it ends with S/p
 *   all-gather                      the vector of each member after; it begins with S/p
 *   gather, scatter                 the root's whole vector, S/p of it from or to each member
 *   all-to-all                      what each member holds before, and after; S/p goes to each, its
 *                                   own part stays
 *   send                            the message, from the root to the member after it
 *   barrier                         no bytes
 */
#ifndef DC_FABRIC_ALGORITHM_H
#define DC_FABRIC_ALGORITHM_H

#include "fabric/cost.h"
#include "fabric/schedule.h"

enum dc_operation {
	DC_OPERATION_ALL_REDUCE,
	DC_OPERATION_REDUCE_SCATTER,
	DC_OPERATION_ALL_GATHER,
	DC_OPERATION_BROADCAST,
	DC_OPERATION_REDUCE,
	DC_OPERATION_GATHER,
	DC_OPERATION_SCATTER,
	DC_OPERATION_ALL_TO_ALL,
	DC_OPERATION_BARRIER,
	DC_OPERATION_SEND,
	DC_OPERATIONS
};

/* What is asked of an algorithm. */
struct dc_request {
	enum dc_operation operation;
	double size_bytes; /* >= 0 */
	uint64_t root;     /* member, for broadcast, reduce, gather, scatter, send */
	uint64_t chunks;   /* parts to pipeline where the algorithm can; 0: its own choice */
	uint64_t servers;  /* parameter server: how many; 0: one per member */
	const struct dc_fabric_cost *cost; /* what messages cost beside links; NULL: nothing */
};

struct dc_algorithm_type {
	const char *name;
	const char *doc;
	unsigned operations; /* bit 1 << operation for each it can do */
	/* Whether it can on this group of this fabric, beyond `operations` and at least two
	 * members; NULL: always. *why (may be NULL) says what is missing. */
	bool (*fits)(const struct dc_fabric *fabric, const struct dc_group *group,
		     const struct dc_request *request, const char **why);
	/* Adds tracks. Only called where it fits, for two members or more. */
	void (*lower)(const struct dc_fabric *fabric, const struct dc_request *request,
		      struct dc_schedule *schedule);
	/* Whether no link is crossed twice by messages that are under way at once, here: those of a
	 * step, of tracks side by side, of chunks in different phases. Then steps take what their
	 * messages take alone. NULL: never promised. */
	bool (*is_disjoint)(const struct dc_fabric *fabric, const struct dc_group *group,
			    const struct dc_request *request);
	/* Of `operations`, those for which `auto` may choose it: what the libraries of accelerators
	 * run (rings, trees, in-network reduction and grouped sends as in NCCL and RCCL, tori as on
	 * TPUs). What only others run must be asked for by name. */
	unsigned automatic;
	/* And where; NULL: wherever it fits. */
	bool (*is_customary)(const struct dc_fabric *fabric, const struct dc_group *group);
	bool whole_buffers; /* switches add up: the protocol `simple` only (transport.h) */
	bool lists_members; /* its schedule names every member: room and time of their number */
};

extern const struct dc_algorithm_type dc_algorithm_ring;
extern const struct dc_algorithm_type dc_algorithm_ring_bidirectional;
extern const struct dc_algorithm_type dc_algorithm_ring_flat;
extern const struct dc_algorithm_type dc_algorithm_rings;
extern const struct dc_algorithm_type dc_algorithm_chain;
extern const struct dc_algorithm_type dc_algorithm_tree;
extern const struct dc_algorithm_type dc_algorithm_double_tree;
extern const struct dc_algorithm_type dc_algorithm_scatter_gather;
extern const struct dc_algorithm_type dc_algorithm_halving_doubling;
extern const struct dc_algorithm_type dc_algorithm_recursive_doubling;
extern const struct dc_algorithm_type dc_algorithm_direct;
extern const struct dc_algorithm_type dc_algorithm_direct_at_once;
extern const struct dc_algorithm_type dc_algorithm_hierarchical;
extern const struct dc_algorithm_type dc_algorithm_torus;
extern const struct dc_algorithm_type dc_algorithm_bruck;
extern const struct dc_algorithm_type dc_algorithm_pairwise;
extern const struct dc_algorithm_type dc_algorithm_two_level;
extern const struct dc_algorithm_type dc_algorithm_in_network;
extern const struct dc_algorithm_type dc_algorithm_parameter_server;
extern const struct dc_algorithm_type dc_algorithm_dissemination;
extern const struct dc_algorithm_type dc_algorithm_send;

enum { DC_ALGORITHMS = 64 }; /* that there may be */

/* All of them, in the order in which `auto` tries them; NULL ends the list. */
extern const struct dc_algorithm_type *const dc_algorithms[];
/* By name; NULL when there is none. */
const struct dc_algorithm_type *dc_algorithm_find(const char *name);
/* Whether an algorithm can do what is asked; *why (may be NULL) says why not. A group of one needs
 * none and nothing fits it. */
bool dc_algorithm_fits(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
		       const struct dc_group *group, const struct dc_request *request,
		       const char **why);

/* Whether `auto` may choose it for an operation on a group; it must fit besides. */
bool dc_algorithm_is_automatic(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
			       const struct dc_group *group, enum dc_operation operation);

const char *dc_operation_name(enum dc_operation operation);
/* By name, DC_OPERATIONS when there is none. */
enum dc_operation dc_operation_find(const char *name);
/* busbw = algbw x this factor, algbw = size/time, so that it compares with a link's bandwidth
 * whatever the group [NVIDIA nccl-tests, doc/PERFORMANCE.md]: 2(p-1)/p for all-reduce, (p-1)/p for
 * reduce-scatter, all-gather, all-to-all, gather, scatter, 1 else. */
double dc_operation_bus_factor(enum dc_operation operation, uint64_t members);
/* Bytes that some member must at least send or receive: no schedule is faster than these over the
 * bandwidth of all of a member's links. Not for in-network reduction. */
double dc_operation_least_bytes(enum dc_operation operation, double size_bytes, uint64_t members);

#endif
