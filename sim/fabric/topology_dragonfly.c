/* Dragonfly: groups of routers that are all linked with one another; every two groups are linked too.
 *
 * g groups of a routers with p hosts and h global cables each [Kim et al. 2008]. A group's a h global
 * ports, router by router, go to the other groups in turn: 1 on, 1 back, 2 on, 2 back, ... as often as
 * ports last, so that every two groups have as many cables, or some one more. In the last, unfinished
 * turn a port without a counterpart stays free. Turning all groups by one leaves that as it is
 * (circulant arrangement).
 *
 * Minimal routing crosses at most one global cable: within the group to a router that has one, over it,
 * and within the other group. Ways are those with the fewest links; way 0 is one of them by the
 * destination's number within its group. (Two global cables without a link inside groups may be shorter;
 * minimal routing does not take them.)
 *
 * Vertices: routers, group by group, behind the terminals. Links: a terminal's up 2i and down 2i + 1;
 * then each router's to the next, the one after that, ... of its group; then each group's out of its
 * global ports, in the order in which ports are used. */
#include <stdio.h>

#include "fabric/topology.h"

struct dragonfly {
	struct dc_topology_common common;
	uint64_t size; /* 0: not said */
	uint64_t groups, routers, hosts;
	uint64_t global_links; /* of each router; 0: the fewest */
	double local_bandwidth_bps, global_bandwidth_bps;
	double global_latency_s; /* negative: as the others */
};

struct shape {
	uint64_t groups, routers, hosts;
	uint64_t ports; /* of a group, in use */
	uint64_t links_each;
	double local_bps, global_bps, global_latency_s;
	uint64_t first_local, first_global; /* links */
	uint64_t links;
};

static const struct dc_field fields[] = {
	{.key = "size",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dragonfly, size),
	 .min = 1,
	 .max = 1e9,
	 .help = "members; groups x routers x hosts, which it may be checked against"},
	{.key = "groups",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dragonfly, groups),
	 .min = 1,
	 .max = 65536,
	 .help = "groups"},
	{.key = "routers",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dragonfly, routers),
	 .min = 1,
	 .max = 4096,
	 .help = "routers of each group, all linked with one another"},
	{.key = "hosts",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dragonfly, hosts),
	 .min = 1,
	 .max = 4096,
	 .help = "members on each router"},
	{.key = "global_links",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dragonfly, global_links),
	 .min = 1,
	 .max = 4096,
	 .help = "cables to other groups from each router; default: the fewest that reach every "
		 "group"},
	{.key = "local_bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dragonfly, local_bandwidth_bps),
	 .min = 0,
	 .max = 1e18,
	 .help = "of each link between routers of a group, per direction; default: bandwidth"},
	{.key = "global_bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dragonfly, global_bandwidth_bps),
	 .min = 0,
	 .max = 1e18,
	 .help = "of each cable between groups, per direction; default: bandwidth"},
	{.key = "global_latency",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dragonfly, global_latency_s),
	 .min = -1,
	 .max = 3600,
	 .fallback = "-1 s",
	 .help = "of each cable between groups; default (negative): latency"},
	DC_TOPOLOGY_SWITCHED_FIELDS(dragonfly),
};

const struct dc_section dc_topology_dragonfly_section = {
	.name = "dragonfly",
	.doc = "groups of routers linked all to all, and the groups likewise",
	.size = sizeof(struct dragonfly),
	DC_FIELDS(fields),
};

/* --- global ports --- */

/* Ports in use of those there are: whole turns to the other groups, then pairs of opposite offsets, and
 * where one is left over, the offset that is its own opposite, if there is one. */
static uint64_t usable_ports(uint64_t groups, uint64_t ports)
{
	uint64_t others = groups - 1, rest;

	if (!others)
		return 0;
	rest = ports % others;
	return ports - (rest % 2 && groups % 2 ? 1 : 0);
}

/* How far on the group is that a port leads to. */
static uint64_t offset_of(const struct shape *shape, uint64_t port)
{
	uint64_t others = shape->groups - 1, place = port % others;
	bool last = port + 1 == shape->ports && place % 2 == 0;

	if (last && shape->groups % 2 == 0)
		return shape->groups / 2;
	return place % 2 ? shape->groups - (place + 1) / 2 : 1 + place / 2;
}

/* The port at the other end of its cable. */
static uint64_t opposite(const struct shape *shape, uint64_t port)
{
	uint64_t place = port % (shape->groups - 1);

	return 2 * offset_of(shape, port) == shape->groups ? port : place % 2 ? port - 1 : port + 1;
}

/* Ports to the group `offset` on: the turns, then what the unfinished one adds. */
static uint64_t ports_to(const struct shape *shape, uint64_t offset)
{
	uint64_t others = shape->groups - 1, turns = shape->ports / others;
	uint64_t place =
		2 * offset <= shape->groups ? 2 * (offset - 1) : 2 * (shape->groups - offset) - 1;

	if (shape->ports % others == 0)
		return turns;
	if (2 * offset == shape->groups)
		return turns + shape->ports % others % 2;
	return turns + (place / 2 < shape->ports % others / 2);
}

/* The `turn`-th of those ports. */
static uint64_t port_to(const struct shape *shape, uint64_t offset, uint64_t turn)
{
	uint64_t others = shape->groups - 1;
	uint64_t place =
		2 * offset <= shape->groups ? 2 * (offset - 1) : 2 * (shape->groups - offset) - 1;
	uint64_t port = turn * others + place;

	if (2 * offset == shape->groups && port >= shape->ports)
		port = shape->ports - 1;
	return port;
}

static uint64_t router_of(const struct shape *shape, uint64_t port)
{
	return port / shape->links_each;
}

/* --- the section --- */

static enum dc_status check(const struct dragonfly *section, struct dc_diag *diag)
{
	double members =
		(double)section->groups * (double)section->routers * (double)section->hosts;
	uint64_t others = section->groups - 1;

	if (members > 1e9)
		return dc_diag_error(diag, dc_node_mark(section->common.node, "groups"),
				     "dragonfly: more than 1e9 members in all groups");
	if (section->size && (double)section->size != members)
		return dc_diag_error(diag, dc_node_mark(section->common.node, "size"),
				     "dragonfly: size: %llu is not groups x routers x hosts, %.0f",
				     (unsigned long long)section->size, members);
	if (section->global_links && section->routers * section->global_links < others)
		return dc_diag_error(diag, dc_node_mark(section->common.node, "global_links"),
				     "dragonfly: global_links: %llu routers with %llu each do not "
				     "reach the %llu other groups",
				     (unsigned long long)section->routers,
				     (unsigned long long)section->global_links,
				     (unsigned long long)others);
	return DC_OK;
}

static enum dc_status expand(const void *from, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	struct dragonfly resolved = *(const struct dragonfly *)from, *section = &resolved;
	enum dc_status status = dc_topology_resolve(&section->common, diag);
	struct shape *shape;
	uint64_t size;

	*count = 1;
	if (!status)
		status = check(section, diag);
	if (status)
		return status;
	shape = dc_arena_alloc(arena, sizeof *shape);
	if (!shape)
		return DC_ERR_MEMORY;
	size = section->groups * section->routers * section->hosts;
	*shape = (struct shape){
		.groups = section->groups,
		.routers = section->routers,
		.hosts = section->hosts,
		.links_each = section->global_links
				      ? section->global_links
				      : (section->groups + section->routers - 2) / section->routers,
		.local_bps = section->local_bandwidth_bps > 0 ? section->local_bandwidth_bps
							      : section->common.bandwidth_bps,
		.global_bps = section->global_bandwidth_bps > 0 ? section->global_bandwidth_bps
								: section->common.bandwidth_bps,
		.global_latency_s = section->global_latency_s >= 0 ? section->global_latency_s
								   : section->common.latency_s,
		.first_local = 2 * size,
	};
	shape->ports = usable_ports(shape->groups, shape->routers * shape->links_each);
	shape->first_global =
		shape->first_local + shape->groups * shape->routers * (shape->routers - 1);
	shape->links = shape->first_global + shape->groups * shape->ports;
	dimensions[0] = dc_topology_dimension(&section->common, &dc_topology_dragonfly, size);
	dimensions[0].shape = shape;
	return dc_topology_check_parts(&section->common, dimensions, diag);
}

/* --- the graph --- */

static uint64_t switches(const struct dc_fabric_dimension *dimension)
{
	const struct shape *shape = dimension->shape;

	return shape->groups * shape->routers;
}

static uint64_t links(const struct dc_fabric_dimension *dimension)
{
	return ((const struct shape *)dimension->shape)->links;
}

static void describe(const struct dc_fabric_dimension *dimension, uint64_t number,
		     struct dc_line_link *link)
{
	const struct shape *shape = dimension->shape;
	uint64_t first_router = dimension->size;

	*link = (struct dc_line_link){0};
	link->bandwidth_bps = dimension->bandwidth_bps;
	link->latency_s = dimension->latency_s;
	if (number < shape->first_local) {
		uint64_t terminal = number / 2, router = first_router + terminal / shape->hosts;

		link->from = number % 2 ? router : terminal;
		link->to = number % 2 ? terminal : router;
	} else if (number < shape->first_global) {
		uint64_t each = shape->routers - 1;
		uint64_t from = (number - shape->first_local) / each;
		uint64_t step = (number - shape->first_local) % each + 1;
		uint64_t place = from % shape->routers;

		link->from = first_router + from;
		link->to = first_router + from - place + (place + step) % shape->routers;
		link->bandwidth_bps = shape->local_bps;
	} else {
		uint64_t group = (number - shape->first_global) / shape->ports;
		uint64_t port = (number - shape->first_global) % shape->ports;
		uint64_t other = (group + offset_of(shape, port)) % shape->groups;

		link->from = first_router + group * shape->routers + router_of(shape, port);
		link->to = first_router + other * shape->routers +
			   router_of(shape, opposite(shape, port));
		link->bandwidth_bps = shape->global_bps;
		link->latency_s = shape->global_latency_s;
	}
}

static uint64_t parallel(const struct dc_fabric_dimension *dimension, uint64_t link)
{
	const struct shape *shape = dimension->shape;
	uint64_t count = 0, port, router;

	if (link < shape->first_global)
		return 0;
	port = (link - shape->first_global) % shape->ports;
	router = router_of(shape, port);
	for (uint64_t other = router * shape->links_each; other < port; other++)
		count += offset_of(shape, other) == offset_of(shape, port) &&
			 router_of(shape, opposite(shape, other)) ==
				 router_of(shape, opposite(shape, port));
	return count;
}

/* --- ways --- */

/* Links inside groups that a way over the port takes: 0, 1 or 2. from, to: routers of their groups. */
static unsigned detour(const struct shape *shape, uint64_t port, uint64_t from, uint64_t to)
{
	return (router_of(shape, port) != from) + (router_of(shape, opposite(shape, port)) != to);
}

/* The ports to the group `offset` on with the fewest links inside groups; *chosen is the choice-th. */
static uint64_t best_ports(const struct shape *shape, uint64_t offset, uint64_t from, uint64_t to,
			   uint64_t choice, uint64_t *chosen)
{
	uint64_t all = ports_to(shape, offset), count = 0;
	unsigned least = 3;

	for (uint64_t turn = 0; turn < all && least > 0; turn++) {
		unsigned inside = detour(shape, port_to(shape, offset, turn), from, to);

		least = inside < least ? inside : least;
	}
	for (uint64_t turn = 0; turn < all; turn++) {
		uint64_t port = port_to(shape, offset, turn);

		if (detour(shape, port, from, to) == least && count++ == choice)
			*chosen = port;
	}
	return count;
}

/* A router's place in its group, and the group. */
static uint64_t place_of(const struct shape *shape, uint64_t terminal)
{
	return terminal / shape->hosts % shape->routers;
}

static uint64_t offset_between(const struct shape *shape, uint64_t from, uint64_t to)
{
	uint64_t each = shape->routers * shape->hosts;

	return (to / each + shape->groups - from / each) % shape->groups;
}

static uint64_t paths(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to)
{
	const struct shape *shape = dimension->shape;
	uint64_t offset = offset_between(shape, from, to), port;

	if (!offset)
		return 1;
	return best_ports(shape, offset, place_of(shape, from), place_of(shape, to), UINT64_MAX,
			  &port);
}

static void add_local(const struct shape *shape, uint64_t group, uint64_t from, uint64_t to,
		      struct dc_route *route)
{
	uint64_t step = (to + shape->routers - from) % shape->routers;

	if (step)
		dc_route_add(route, shape->first_local +
					    (group * shape->routers + from) * (shape->routers - 1) +
					    step - 1);
}

static void path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
		 uint64_t choice, struct dc_route *route)
{
	const struct shape *shape = dimension->shape;
	uint64_t each = shape->routers * shape->hosts, group = from / each;
	uint64_t offset = offset_between(shape, from, to);
	uint64_t here = place_of(shape, from), there = place_of(shape, to), port = 0;

	dc_route_add(route, 2 * from);
	if (offset) {
		uint64_t ways = best_ports(shape, offset, here, there, UINT64_MAX, &port);

		best_ports(shape, offset, here, there, (choice + to % each) % (ways ? ways : 1),
			   &port);
		add_local(shape, group, here, router_of(shape, port), route);
		dc_route_add(route, shape->first_global + group * shape->ports + port);
		here = router_of(shape, opposite(shape, port));
	}
	add_local(shape, to / each, here, there, route);
	dc_route_add(route, 2 * to + 1);
}

/* --- symmetry --- */

static uint64_t period(const struct dc_fabric_dimension *dimension)
{
	const struct shape *shape = dimension->shape;

	if (shape->groups > 1)
		return shape->routers * shape->hosts;
	return shape->routers > 1 ? shape->hosts : 1;
}

static uint64_t fold(const struct dc_fabric_dimension *dimension, uint64_t link, uint64_t moved)
{
	const struct shape *shape = dimension->shape;
	uint64_t each = shape->routers - 1, group = shape->routers * shape->hosts;

	if (link < shape->first_local)
		return 2 * (link / 2 % moved) + link % 2;
	if (link < shape->first_global) {
		uint64_t from = (link - shape->first_local) / each;

		return shape->first_local + from % (moved / shape->hosts) * each +
		       (link - shape->first_local) % each;
	}
	return shape->first_global + (link - shape->first_global) % (moved / group * shape->ports);
}

/* --- measures --- */

/* Links between routers on the longest way from one group to the one `offset` on. */
static unsigned farthest(const struct shape *shape, uint64_t offset)
{
	unsigned most = 0;

	for (uint64_t from = 0; from < shape->routers && most < 3; from++)
		for (uint64_t to = 0; to < shape->routers && most < 3; to++) {
			unsigned least = 2;

			for (uint64_t turn = 0; turn < ports_to(shape, offset) && least; turn++) {
				unsigned inside =
					detour(shape, port_to(shape, offset, turn), from, to);

				least = inside < least ? inside : least;
			}
			most = least + 1 > most ? least + 1 : most;
		}
	return most;
}

/* Of minimal routing. */
static uint64_t diameter(const struct dc_fabric_dimension *dimension)
{
	const struct shape *shape = dimension->shape;
	unsigned most = shape->routers > 1;

	for (uint64_t offset = 1; offset < shape->groups && most < 3; offset++) {
		unsigned far = farthest(shape, offset);

		most = far > most ? far : most;
	}
	return dimension->size > 1 ? 2 + most : 0;
}

/* Of the first half of the terminals against the rest: a router is on the side of most of its
 * terminals, and what joins different sides is cut; never more than the links of one half. Other halvings
 * may cut less. */
static double bisection_bps(const struct dc_fabric_dimension *dimension)
{
	const struct shape *shape = dimension->shape;
	uint64_t half = dimension->size / 2, first_router = dimension->size;
	double most_bps = (double)half * dimension->bandwidth_bps, sum_bps = 0;

	for (uint64_t i = 0; i < shape->links; i++) {
		struct dc_line_link link;
		bool from, to;

		describe(dimension, i, &link);
		from = link.from < first_router
			       ? link.from < half
			       : 2 * (link.from - first_router) * shape->hosts + shape->hosts <
					 2 * half + 1;
		to = link.to < first_router
			     ? link.to < half
			     : 2 * (link.to - first_router) * shape->hosts + shape->hosts <
				       2 * half + 1;
		sum_bps += from && !to ? link.bandwidth_bps : 0;
	}
	return sum_bps < most_bps ? sum_bps : most_bps;
}

static void words(const struct dc_fabric_dimension *dimension, char *text, size_t size)
{
	const struct shape *shape = dimension->shape;
	char local[64], global[64];

	dc_units_human(shape->local_bps, DC_DIM_BANDWIDTH, local, sizeof local);
	dc_units_human(shape->global_bps, DC_DIM_BANDWIDTH, global, sizeof global);
	snprintf(text, size,
		 "%llu groups of %llu routers linked at %s, %llu global ports each at %s",
		 (unsigned long long)shape->groups, (unsigned long long)shape->routers, local,
		 (unsigned long long)shape->ports, global);
}

const struct dc_topology_type dc_topology_dragonfly = {
	.name = "dragonfly",
	.doc = "groups of routers linked all to all, and the groups likewise",
	.expand = expand,
	.switches = switches,
	.links = links,
	.link = describe,
	.parallel = parallel,
	.paths = paths,
	.path = path,
	.period = period,
	.fold = fold,
	.diameter = diameter,
	.bisection_bps = bisection_bps,
	.words = words,
};
