/* Making plans: arrays that grow, and links by number; for the files that make them. */
#ifndef DC_FABRIC_PLAN_BUILD_H
#define DC_FABRIC_PLAN_BUILD_H

#include "fabric/plan.h"

/* An array that grows by half. */
struct dc_plan_array {
	void *items;
	size_t size; /* of an item */
	uint32_t count, capacity;
};

/* Room for `more` items at the end, zeroed, counted at once; the first of them, or NULL when out of
 * memory or of 32-bit numbers. */
void *dc_plan_array_add(struct dc_plan_array *array, uint32_t more);
/* The number of an item equal to the one given, which is added unless it is there among the last; DC_PLAN_NONE
 * when out of memory or numbers. */
uint32_t dc_plan_array_number(struct dc_plan_array *array, const void *item);
/* The items, in no more room than they need; the array is empty then. */
void *dc_plan_array_take(struct dc_plan_array *array);

/* The arrays of a plan in the making, and handing them over. */
struct dc_plan_parts {
	struct dc_plan_array links, capacities, uses, way_terms, hops, ways, terms, listed, bundles,
		phases, phase_of, nexts;
	uint32_t message_count;
};

void dc_plan_parts_init(struct dc_plan_parts *parts);
/* Begins a bundle, whose messages follow, and ends it; one at a time. */
enum dc_status dc_plan_parts_begin_bundle(struct dc_plan_parts *parts) DC_CHECK;
void dc_plan_parts_end_bundle(struct dc_plan_parts *parts);
/* Adds a message whose ways begin at first_way, or with the next that is added. */
enum dc_status dc_plan_parts_message(struct dc_plan_parts *parts, double bytes, double multiplicity,
				     uint32_t first_way) DC_CHECK;
/* Adds a way but for its hops, which begin here. `later`: the message of the last way takes it from that epoch
 * on. */
enum dc_status dc_plan_parts_way(struct dc_plan_parts *parts, uint32_t epoch, int64_t latency,
				 bool later) DC_CHECK;
/* Adds a hop to the last way; a link that is among its hops from `first` on is used more. */
enum dc_status dc_plan_parts_hop(struct dc_plan_parts *parts, uint32_t first, uint32_t link,
				 double use) DC_CHECK;
/* Gives the plan all of them, also where making them has failed; nothing is left. Returns the status given, or
 * DC_ERR_MEMORY. */
enum dc_status dc_plan_parts_take(struct dc_plan_parts *parts, struct dc_plan *plan,
				  enum dc_status status) DC_CHECK;

/* Numbers of the plan by numbers of the fabric: open addressing, capacity a power of two. */
struct dc_plan_index {
	uint64_t *keys; /* + 1; 0 is free */
	uint32_t *values;
	size_t capacity, count;
};

void dc_plan_index_fini(struct dc_plan_index *index);
/* The value's place, new and DC_PLAN_NONE where the key was not there; NULL when out of memory. */
uint32_t *dc_plan_index_find(struct dc_plan_index *index, uint64_t key);

/* The path of a message between a rank and the root of the switches along a dimension; where the phase returns,
 * its latency is that of both ways. */
enum dc_status dc_plan_route_root(const struct dc_fabric *fabric,
				  const struct dc_schedule_phase *phase, uint64_t rank,
				  size_t dimension, bool up, struct dc_fabric_path *path) DC_CHECK;

/* Adds to a path what moving so many bytes over it costs: its uses become bytes on the wire, its latency
 * that of the message. root: it leads to or from the root of the switches. reduced_bytes: what is added up
 * on arrival. */
void dc_plan_charge(struct dc_fabric_path *path, const struct dc_fabric *fabric,
		    const struct dc_fabric_cost *cost, bool root, double reduced_bytes);
/* Its latency [fs]; negative when too long. */
int64_t dc_plan_latency(const struct dc_fabric_path *path);

#endif
