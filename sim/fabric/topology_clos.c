/* Switches in tiers: vertices, links, ways and cuts by number. */
#include "fabric/topology_clos.h"

#include <math.h>

/* A cable of one tier: from a plane of a lower subtree to a parent. */
struct place {
	size_t tier;
	uint64_t subtree, plane, parent, cable;
};

static const struct dc_topology_clos *clos_of(const struct dc_fabric_dimension *dimension)
{
	return dimension->shape;
}

/* --- numbering --- */

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

enum dc_status dc_topology_clos_complete(const struct dc_topology_clos *tiers,
					 const struct dc_topology_common *common,
					 struct dc_diag *diag, struct dc_arena *arena,
					 struct dc_fabric_dimension *dimension)
{
	struct dc_topology_clos *clos = dc_arena_alloc(arena, sizeof *clos);
	uint64_t below = 1, planes = 1, vertex = dimension->size;

	if (!clos)
		return DC_ERR_MEMORY;
	*clos = *tiers;
	clos->cables = clos->switches = 0;
	for (size_t i = 0; i < clos->count; i++) {
		struct dc_topology_clos_tier *tier = &clos->tiers[i];

		tier->below = below;
		tier->planes = planes;
		tier->subtrees = divide_up(dimension->size, below);
		tier->first_cable = clos->cables;
		tier->first_vertex = vertex;
		planes *= tier->parents;
		clos->cables += tier->subtrees * planes * tier->cables;
		below *= tier->children;
		vertex += divide_up(dimension->size, below) * planes;
	}
	clos->switches = vertex - dimension->size;
	dimension->shape = clos;
	return dc_topology_check_parts(common, dimension, diag);
}

static uint64_t number_of(const struct dc_topology_clos *clos, const struct place *place)
{
	const struct dc_topology_clos_tier *tier = &clos->tiers[place->tier];
	uint64_t node = place->subtree * tier->planes + place->plane;

	return tier->first_cable + (node * tier->parents + place->parent) * tier->cables +
	       place->cable;
}

static struct place place_of(const struct dc_topology_clos *clos, uint64_t number)
{
	struct place place = {.tier = clos->count - 1};
	const struct dc_topology_clos_tier *tier;

	while (number < clos->tiers[place.tier].first_cable)
		place.tier--;
	tier = &clos->tiers[place.tier];
	number -= tier->first_cable;
	place.cable = number % tier->cables;
	number /= tier->cables;
	place.parent = number % tier->parents;
	number /= tier->parents;
	place.plane = number % tier->planes;
	place.subtree = number / tier->planes;
	return place;
}

uint64_t dc_topology_clos_switches(const struct dc_fabric_dimension *dimension)
{
	return clos_of(dimension)->switches;
}

uint64_t dc_topology_clos_links(const struct dc_fabric_dimension *dimension)
{
	return 2 * clos_of(dimension)->cables;
}

void dc_topology_clos_link(const struct dc_fabric_dimension *dimension, uint64_t number,
			   struct dc_line_link *link)
{
	const struct dc_topology_clos *clos = clos_of(dimension);
	struct place place = place_of(clos, number / 2);
	const struct dc_topology_clos_tier *tier = &clos->tiers[place.tier];
	uint64_t lower = place.subtree * tier->planes + place.plane;
	uint64_t upper = tier->first_vertex +
			 place.subtree / tier->children * tier->planes * tier->parents +
			 place.plane + tier->planes * place.parent;

	if (place.tier > 0)
		lower += clos->tiers[place.tier - 1].first_vertex;
	*link = (struct dc_line_link){
		.from = number % 2 ? upper : lower,
		.to = number % 2 ? lower : upper,
		.bandwidth_bps = tier->bandwidth_bps,
		.latency_s = tier->latency_s,
	};
}

uint64_t dc_topology_clos_parallel(const struct dc_fabric_dimension *dimension, uint64_t link)
{
	return place_of(clos_of(dimension), link / 2).cable;
}

/* --- ways --- */

/* The tier whose upper subtrees hold both. */
static size_t meeting_tier(const struct dc_topology_clos *clos, uint64_t from, uint64_t to)
{
	size_t i = 0;

	while (from / (clos->tiers[i].below * clos->tiers[i].children) !=
	       to / (clos->tiers[i].below * clos->tiers[i].children))
		i++;
	return i;
}

uint64_t dc_topology_clos_paths(const struct dc_fabric_dimension *dimension, uint64_t from,
				uint64_t to)
{
	const struct dc_topology_clos *clos = clos_of(dimension);
	uint64_t ways = 1;

	for (size_t i = meeting_tier(clos, from, to) + 1; i-- > 0;)
		ways *= clos->tiers[i].parents * clos->tiers[i].cables;
	return ways;
}

void dc_topology_clos_path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
			   uint64_t choice, struct dc_route *route)
{
	const struct dc_topology_clos *clos = clos_of(dimension);
	size_t top = meeting_tier(clos, from, to);
	uint64_t destination = to % clos->tiers[clos->count - 1].below, plane = 0;
	struct place down[DC_TOPOLOGY_CLOS_TIERS];

	for (size_t i = 0; i <= top; i++) {
		const struct dc_topology_clos_tier *tier = &clos->tiers[i];
		uint64_t ports = tier->parents * tier->cables;
		uint64_t first = destination / tier->planes % ports, turn = choice % ports;
		uint64_t port = (first + turn) % ports;
		struct place up = {
			.tier = i,
			.subtree = from / tier->below,
			.plane = plane,
			.parent = port % tier->parents,
			.cable = port / tier->parents,
		};

		dc_route_add(route, 2 * number_of(clos, &up));
		down[i] = up;
		down[i].subtree = to / tier->below;
		down[i].cable = (first / tier->parents + turn / tier->parents) % tier->cables;
		plane += tier->planes * up.parent;
		choice /= ports;
	}
	for (size_t i = top + 1; i-- > 0;)
		dc_route_add(route, 2 * number_of(clos, &down[i]) + 1);
}

/* --- in-network reduction --- */

/* Whether a terminal takes the tree's link of a tier: the least of its lower subtree does. */
static bool takes(const struct dc_topology_clos *clos, size_t tier, uint64_t terminal)
{
	return terminal % clos->tiers[tier].below == 0;
}

static uint64_t tree_cable(const struct dc_topology_clos *clos, size_t tier, uint64_t terminal)
{
	const struct place place = {.tier = tier, .subtree = terminal / clos->tiers[tier].below};

	return number_of(clos, &place);
}

void dc_topology_clos_up(const struct dc_fabric_dimension *dimension, uint64_t terminal,
			 struct dc_route *route)
{
	const struct dc_topology_clos *clos = clos_of(dimension);

	for (size_t i = 0; i < clos->count && takes(clos, i, terminal); i++)
		dc_route_add(route, 2 * tree_cable(clos, i, terminal));
}

void dc_topology_clos_down(const struct dc_fabric_dimension *dimension, uint64_t terminal,
			   struct dc_route *route)
{
	const struct dc_topology_clos *clos = clos_of(dimension);

	for (size_t i = clos->count; i-- > 0;)
		if (takes(clos, i, terminal))
			dc_route_add(route, 2 * tree_cable(clos, i, terminal) + 1);
}

/* --- symmetry --- */

/* Subtrees of the last tier but one change places; when the last of them is not full, nothing does. */
uint64_t dc_topology_clos_period(const struct dc_fabric_dimension *dimension)
{
	const struct dc_topology_clos *clos = clos_of(dimension);
	uint64_t below = clos->tiers[clos->count - 1].below;

	return dimension->size % below == 0 ? below : dimension->size;
}

uint64_t dc_topology_clos_fold(const struct dc_fabric_dimension *dimension, uint64_t link,
			       uint64_t period)
{
	const struct dc_topology_clos *clos = clos_of(dimension);
	struct place place;

	if (period == dimension->size)
		return link;
	place = place_of(clos, link / 2);
	place.subtree %= period / clos->tiers[place.tier].below;
	return 2 * number_of(clos, &place) + link % 2;
}

uint64_t dc_topology_clos_diameter(const struct dc_fabric_dimension *dimension)
{
	return dimension->size > 1
		       ? 2 * (meeting_tier(clos_of(dimension), 0, dimension->size - 1) + 1)
		       : 0;
}

/* --- bisection --- */

/* The least cut of a subtree with so many of its terminals on side A, its top switches on side A or B.
 * Planes are alike, so that they may be taken together: a flow through one tree of fat links splits
 * evenly over them, and one over the planes is one through the tree. */
struct cut {
	double a, b;
};

static struct cut cut_of(const struct dc_topology_clos *clos, size_t tier, uint64_t terminals,
			 uint64_t on_a);

/* The same, seen from above: the subtree's uplinks are cut when the switches are on different sides. */
static struct cut cut_child(const struct dc_topology_clos *clos, size_t tier, uint64_t terminals,
			    uint64_t on_a)
{
	const struct dc_topology_clos_tier *up = &clos->tiers[tier];
	double uplinks_bps = (double)(up->planes * up->parents * up->cables) * up->bandwidth_bps;
	struct cut inside = {on_a ? 0 : (double)INFINITY, on_a ? (double)INFINITY : 0};

	if (tier > 0)
		inside = cut_of(clos, tier - 1, terminals, on_a);
	return (struct cut){fmin(inside.a, inside.b + uplinks_bps),
			    fmin(inside.b, inside.a + uplinks_bps)};
}

static void add_cut(struct cut *sum, double times, struct cut cut)
{
	sum->a += times * cut.a;
	sum->b += times * cut.b;
}

/* Subtrees are filled one after another: the cut of one is concave between whole lower ones, so that at
 * most one is divided. The one that is not full has none, all, or what makes the others whole. */
static struct cut cut_of(const struct dc_topology_clos *clos, size_t tier, uint64_t terminals,
			 uint64_t on_a)
{
	uint64_t below = clos->tiers[tier].below, full = terminals / below,
		 rest = terminals % below;
	const uint64_t tries[] = {0, rest, on_a % below,
				  on_a > full * below ? on_a - full * below : 0};
	struct cut least = {(double)INFINITY, (double)INFINITY};

	for (size_t i = 0; i < (rest ? sizeof tries / sizeof *tries : 1); i++) {
		struct cut sum = {0, 0};
		uint64_t others = on_a - tries[i], whole = others / below;

		if (tries[i] > rest || tries[i] > on_a || others > full * below)
			continue;
		if (rest)
			add_cut(&sum, 1, cut_child(clos, tier, rest, tries[i]));
		if (whole)
			add_cut(&sum, (double)whole, cut_child(clos, tier, below, below));
		if (others % below)
			add_cut(&sum, 1, cut_child(clos, tier, below, others % below));
		if (full > whole + (others % below != 0))
			add_cut(&sum, (double)(full - whole - (others % below != 0)),
				cut_child(clos, tier, below, 0));
		least.a = fmin(least.a, sum.a);
		least.b = fmin(least.b, sum.b);
	}
	return least;
}

double dc_topology_clos_bisection_bps(const struct dc_fabric_dimension *dimension)
{
	const struct dc_topology_clos *clos = clos_of(dimension);
	struct cut cut = cut_of(clos, clos->count - 1, dimension->size, dimension->size / 2);

	/* The other way around, B gives to A: the same by symmetry of cables. */
	return fmin(cut.a, cut.b);
}
