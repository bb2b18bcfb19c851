/* Rings: as many rings without shared links as the members' own links hold, all at once.
 *
 * Machines without a switch between accelerators (hybrid cube mesh, fully connected) run a ring collective
 * on several channels, each a ring of its own that carries its part of the bytes: on R rings of links of
 * B 2(p-1) steps of S/(pR), 2(p-1)(L + S/(p R B)) for an all-reduce [Thakur et al. 2005, sec. 4, on R
 * rings; rings.h]. The rings step together, and what several of them send over one cable is one message.
 * A broadcast goes along each ring from the root, a reduction to it, S/R in chunks that follow each other,
 * (p + K - 2)(L + S/(K R B)) for K [Patarasuk, Faraj and Yuan 2006, pipelined broadcast]; without a wish K
 * is what makes that least. Where a ring's hop goes through another member, both of its links carry the
 * message in the same step (the relay passes on what comes, piece by piece), slower by the transport's
 * `relay`.
 *
 * Links count as they were built, but for those that are down: a library lays its rings by what is there,
 * not by how fast it happens to be. */
#include <math.h>

#include "fabric/algorithm_part.h"
#include "fabric/rings.h"

/* Members of a line and the terminals they are. */
struct members {
	const struct dc_fabric *fabric;
	size_t dimension;
	unsigned count;
	uint64_t first_link; /* of the dimension's line that they are in */
	uint64_t terminals[DC_RINGS_VERTICES];
};

/* The members of a factor's first line; other lines have the same links. */
static bool find_members(const struct dc_fabric *fabric, const struct dc_group *group,
			 size_t factor, struct members *members, const char **why)
{
	size_t d = group->factors[factor].dimension;
	uint64_t size = group->factors[factor].size, along = 0;
	const struct dc_fabric_dimension *dimension;

	if (d == DC_GROUP_ACROSS && fabric->count == 1)
		d = 0;
	*why = "the group lies along several dimensions";
	if (d == DC_GROUP_ACROSS)
		return false;
	for (size_t f = 0; f < group->count; f++)
		along += group->factors[f].dimension == d;
	if (along > 1)
		return false;
	dimension = &fabric->dimensions[d];
	*why = "the dimension has switches; rings are for direct links";
	if (dimension->type->switches(dimension))
		return false;
	*why = "more members than rings are looked for (16)";
	if (size > DC_RINGS_VERTICES)
		return false;
	*members = (struct members){fabric, d, (unsigned)size, 0, {0}};
	for (unsigned i = 0; i < size; i++) {
		uint64_t rank = dc_group_rank(group, dc_group_member(group, factor, 0, i));

		members->terminals[i] = dc_fabric_coordinate(fabric, d, rank);
	}
	members->first_link = fabric->first_link[d] + dc_fabric_line(fabric, d, group->base) *
							      dimension->type->links(dimension);
	return true;
}

/* Rate of the plain way between two members where that is one link that is up; else 0. */
static double direct_bps(const struct members *members, unsigned from, unsigned to,
			 struct dc_route *route)
{
	const struct dc_fabric_dimension *dimension =
		&members->fabric->dimensions[members->dimension];
	const struct dc_fabric_exception *exception;
	struct dc_line_link link;

	dc_route_clear(route);
	dimension->type->path(dimension, members->terminals[from], members->terminals[to], 0,
			      route);
	if (route->count != 1)
		return 0;
	exception =
		dc_fabric_find_exception(members->fabric, members->first_link + route->links[0]);
	if (exception && exception->bandwidth_bps <= 0)
		return 0;
	dimension->type->link(dimension, route->links[0], &link);
	return link.bandwidth_bps;
}

/* Unit links between members: as many as a link holds of the dimension's own rate, or of the slowest link's
 * where that is less. The rates of links in one machine are whole multiples of each other; the small
 * addition keeps the division from falling short. */
static bool count_units(const struct members *members,
			uint8_t units[DC_RINGS_VERTICES][DC_RINGS_VERTICES])
{
	double rates_bps[DC_RINGS_VERTICES][DC_RINGS_VERTICES];
	double unit_bps = members->fabric->dimensions[members->dimension].bandwidth_bps;
	struct dc_route route = {0};
	bool failed;

	for (unsigned i = 0; i < members->count; i++)
		for (unsigned j = 0; j < members->count; j++) {
			rates_bps[i][j] = i == j ? 0 : direct_bps(members, i, j, &route);
			if (rates_bps[i][j] > 0)
				unit_bps = fmin(unit_bps, rates_bps[i][j]);
		}
	for (unsigned i = 0; i < members->count; i++)
		for (unsigned j = 0; j < members->count; j++)
			units[i][j] = (uint8_t)fmin(DC_RINGS_MOST,
						    floor(rates_bps[i][j] / unit_bps + 1e-6));
	failed = route.failed;
	dc_route_fini(&route);
	return !failed;
}

static bool find_rings(const struct dc_fabric *fabric, const struct dc_group *group, size_t factor,
		       struct dc_rings *rings, const char **why)
{
	uint8_t units[DC_RINGS_VERTICES][DC_RINGS_VERTICES] = {{0}};
	struct members members;
	const char *reason;

	if (!why)
		why = &reason;
	if (!find_members(fabric, group, factor, &members, why))
		return false;
	*why = "no ring of direct links joins the members";
	if (!count_units(&members, units))
		return false;
	dc_rings_pack(units, members.count, rings);
	if (rings->count)
		*why = NULL;
	return rings->count > 0;
}

bool dc_algorithm_has_rings(const struct dc_fabric *fabric, const struct dc_group *group,
			    size_t factor, const char **why)
{
	struct dc_rings rings;

	return find_rings(fabric, group, factor, &rings, why);
}

bool dc_algorithm_wants_rings(const struct dc_fabric *fabric, const struct dc_group *group,
			      size_t factor)
{
	const struct dc_fabric_dimension *dimension = dc_algorithm_dimension(fabric, group, factor);

	return dimension && !dc_algorithm_is_ring(dimension) && dimension->transport &&
	       dimension->transport->protocols.count &&
	       dc_algorithm_has_rings(fabric, group, factor, NULL);
}

/* --- lowering --- */

/* What one step sends from each member to each other. */
struct step {
	unsigned members;
	bool sends[DC_RINGS_VERTICES][DC_RINGS_VERTICES];
	double bytes[DC_RINGS_VERTICES][DC_RINGS_VERTICES];
};

static void send(struct step *step, unsigned from, unsigned to, double bytes)
{
	step->sends[from][to] = true;
	step->bytes[from][to] += bytes;
}

static void sum_step(const struct dc_rings *rings, double bytes, double relay, struct step *step)
{
	*step = (struct step){.members = rings->vertices};
	for (unsigned r = 0; r < rings->count; r++)
		for (unsigned k = 0; k < rings->vertices; k++) {
			unsigned from = rings->order[r][k], via = rings->via[r][k];
			unsigned to = rings->order[r][(k + 1) % rings->vertices];

			if (via == DC_RINGS_DIRECT) {
				send(step, from, to, bytes);
			} else {
				send(step, from, via, bytes / relay);
				send(step, via, to, bytes / relay);
			}
		}
}

static double relay_of(const struct dc_fabric *fabric, const struct dc_group *group, size_t factor)
{
	size_t d = group->factors[factor].dimension;
	const struct dc_transport *transport =
		fabric->dimensions[d == DC_GROUP_ACROSS ? 0 : d].transport;

	return transport ? transport->relay : 1;
}

static void rings_steps(struct dc_schedule *schedule, size_t factor, double bytes, bool reduces)
{
	struct dc_rings rings;
	struct step step;

	if (!find_rings(schedule->fabric, schedule->group, factor, &rings, NULL)) {
		schedule->failed = true;
		return;
	}
	sum_step(&rings, bytes / rings.vertices / rings.count,
		 relay_of(schedule->fabric, schedule->group, factor), &step);
	dc_schedule_phase(schedule, factor, rings.vertices - 1, reduces);
	for (unsigned i = 0; i < step.members; i++)
		for (unsigned j = 0; j < step.members; j++)
			if (step.sends[i][j])
				dc_schedule_message(schedule, i, j, step.bytes[i][j]);
}

static void rings_scatter(struct dc_schedule *schedule, size_t factor, double bytes)
{
	rings_steps(schedule, factor, bytes, true);
}

static void rings_gather(struct dc_schedule *schedule, size_t factor, double bytes)
{
	rings_steps(schedule, factor, bytes, false);
}

const struct dc_algorithm_part dc_algorithm_part_rings = {rings_scatter, rings_gather, NULL};

/* --- the algorithm --- */

static bool fits(const struct dc_fabric *fabric, const struct dc_group *group,
		 const struct dc_request *request, const char **why)
{
	(void)request;
	*why = "the group lies along several dimensions";
	return group->count == 1 && dc_algorithm_has_rings(fabric, group, 0, why);
}

/* A track along each ring: all hops but the one into the root, or out of it for a reduction. */
static void lower_rooted(const struct dc_fabric *fabric, const struct dc_request *request,
			 struct dc_schedule *schedule)
{
	const struct dc_group *group = schedule->group;
	bool reduces = request->operation == DC_OPERATION_REDUCE;
	double relay = relay_of(fabric, group, 0), bytes;
	uint64_t chunks = request->chunks;
	struct dc_rings rings;

	if (!find_rings(fabric, group, 0, &rings, NULL)) {
		schedule->failed = true;
		return;
	}
	bytes = request->size_bytes / rings.count;
	for (unsigned r = 0; r < rings.count; r++) {
		unsigned root = 0, n = rings.vertices;

		while (rings.order[r][root] != request->root)
			root++;
		dc_schedule_track(schedule, 1);
		for (unsigned i = 0; i + 1 < n; i++) {
			unsigned k = (root + reduces + i) % n, via = rings.via[r][k];
			unsigned from = rings.order[r][k], to = rings.order[r][(k + 1) % n];

			dc_schedule_phase(schedule, 0, 1, reduces);
			if (via == DC_RINGS_DIRECT) {
				dc_schedule_message(schedule, from, to, bytes);
			} else {
				dc_schedule_message(schedule, from, via, bytes / relay);
				dc_schedule_message(schedule, via, to, bytes / relay);
			}
		}
	}
	if (!chunks)
		chunks = dc_algorithm_pipeline(fabric, group, request->cost, rings.vertices - 1,
					       bytes);
	dc_algorithm_cut(schedule, chunks);
}

static bool is_rooted(enum dc_operation operation)
{
	return operation == DC_OPERATION_BROADCAST || operation == DC_OPERATION_REDUCE;
}

static void lower(const struct dc_fabric *fabric, const struct dc_request *request,
		  struct dc_schedule *schedule)
{
	const struct dc_algorithm_part *const parts[] = {&dc_algorithm_part_rings};
	const size_t order[] = {0};

	if (is_rooted(request->operation)) {
		lower_rooted(fabric, request, schedule);
		return;
	}
	schedule->fabric = fabric;
	dc_schedule_track(schedule, 1);
	dc_algorithm_nest(schedule, request->operation, request->size_bytes, order, parts);
	dc_algorithm_cut(schedule, request->chunks);
}

/* Each ring has links of its own; a relay's two are its own too, but messages through it are promised
 * nothing, nor tracks side by side, which may share a cable. Routes must be the plain ones. */
static bool is_disjoint(const struct dc_fabric *fabric, const struct dc_group *group,
			const struct dc_request *request)
{
	struct dc_rings rings;

	return !is_rooted(request->operation) && request->chunks <= 1 &&
	       fabric->routing.policy == DC_ROUTING_SHORTEST && dc_algorithm_is_whole(fabric) &&
	       group->count == 1 && find_rings(fabric, group, 0, &rings, NULL) && !rings.relays;
}

const struct dc_algorithm_type dc_algorithm_rings = {
	.name = "rings",
	.doc = "several rings without shared links at once, over direct links",
	.operations = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		      1u << DC_OPERATION_ALL_GATHER | 1u << DC_OPERATION_BROADCAST |
		      1u << DC_OPERATION_REDUCE,
	.fits = fits,
	.lower = lower,
	.is_disjoint = is_disjoint,
	.automatic = 1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |
		     1u << DC_OPERATION_ALL_GATHER | 1u << DC_OPERATION_BROADCAST |
		     1u << DC_OPERATION_REDUCE,
};
