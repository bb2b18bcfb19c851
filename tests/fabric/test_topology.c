/* Every topology in many shapes: graph, ways, symmetry, reduction trees, diameter; each property from
 * its definition, by looking at every link and pair. */
#include "shapes.h"

/* --- graph --- */

Test(topology, links_join_vertices_both_ways)
{
	for (size_t s = 0; s < SHAPES; s++) {
		struct line line;

		line_open(shapes[s].yaml, &line);

		for (uint64_t i = 0; i < line.count; i++) {
			const struct dc_line_link *link = &line.links[i];
			unsigned along = 0, back = 0;

			cr_assert(link->from < line.vertices && link->to < line.vertices &&
					  link->from != link->to,
				  "%s: link %llu", line.yaml, (unsigned long long)i);
			cr_expect(link->bandwidth_bps > 0 && link->latency_s >= 0);
			for (uint64_t j = 0; j < line.count; j++) {
				const struct dc_line_link *other = &line.links[j];
				bool equal = other->bandwidth_bps == link->bandwidth_bps &&
					     other->latency_s == link->latency_s;

				along +=
					equal && other->from == link->from && other->to == link->to;
				back += equal && other->from == link->to && other->to == link->from;
			}
			cr_expect_eq(along, back, "%s: link %llu", line.yaml,
				     (unsigned long long)i);
		}
		line_close(&line);
	}
}

/* Links between the same two vertices are numbered in their order. */
Test(topology, parallel_links_are_told_apart)
{
	unsigned found = 0;

	for (size_t s = 0; s < SHAPES; s++) {
		struct line line;

		line_open(shapes[s].yaml, &line);
		for (uint64_t i = 0; i < line.count; i++) {
			const struct dc_topology_type *type = line.dimension->type;
			uint64_t before = 0;

			for (uint64_t j = 0; j < i; j++)
				before += line.links[j].from == line.links[i].from &&
					  line.links[j].to == line.links[i].to;
			cr_expect_eq(type->parallel ? type->parallel(line.dimension, i) : 0, before,
				     "%s: link %llu", line.yaml, (unsigned long long)i);
			found += before > 0;
		}
		line_close(&line);
	}
	cr_expect_geq(found, 20u);
}

/* --- ways --- */

/* Least links from a terminal to every vertex, breadth first over (vertex, cables between groups
 * crossed). Terminals forward only where there are no switches. */
static void distances(const struct line *line, uint64_t routers, uint64_t from, uint64_t *best)
{
	uint64_t *reached = calloc(2 * line->vertices, sizeof *reached), round = 1;
	bool more = true;

	reached[2 * from] = round;
	for (; more; round++) {
		more = false;
		for (uint64_t i = 0; i < line->count; i++) {
			const struct dc_line_link *link = &line->links[i];
			bool between = routers && link->from >= line->size &&
				       link->to >= line->size &&
				       (link->from - line->size) / routers !=
					       (link->to - line->size) / routers;

			if (line->vertices > line->size && link->from < line->size &&
			    link->from != from)
				continue;
			for (unsigned crossed = 0; crossed + between < 2; crossed++) {
				uint64_t *there = &reached[2 * link->to + crossed + between];

				if (reached[2 * link->from + crossed] != round || *there)
					continue;
				*there = round + 1;
				more = true;
			}
		}
	}
	for (uint64_t v = 0; v < line->vertices; v++) {
		uint64_t a = reached[2 * v], b = reached[2 * v + 1];

		best[v] = (!a || (b && b < a) ? b : a) - 1;
	}
	free(reached);
}

static void expect_way(const struct line *line, uint64_t from, uint64_t to, uint64_t way,
		       const struct dc_route *route, uint64_t length)
{
	uint64_t here = from;

	cr_expect_eq(route->count, length, "%s: way %llu from %llu to %llu: %zu links, not %llu",
		     line->yaml, (unsigned long long)way, (unsigned long long)from,
		     (unsigned long long)to, route->count, (unsigned long long)length);
	for (size_t i = 0; i < route->count; i++) {
		cr_assert_lt(route->links[i], line->count, "%s", line->yaml);
		cr_assert_eq(line->links[route->links[i]].from, here, "%s: %llu to %llu",
			     line->yaml, (unsigned long long)from, (unsigned long long)to);
		here = line->links[route->links[i]].to;
	}
	cr_expect_eq(here, to, "%s: %llu to %llu", line->yaml, (unsigned long long)from,
		     (unsigned long long)to);
}

/* Every way is a shortest path, and the diameter the longest of these. */
Test(topology, ways_are_shortest_paths)
{
	for (size_t s = 0; s < SHAPES; s++) {
		struct dc_route route = {0};
		uint64_t *best, diameter = 0;
		struct line line;

		line_open(shapes[s].yaml, &line);
		best = calloc(line.vertices, sizeof *best);

		for (uint64_t from = 0; from < line.size; from++) {
			distances(&line, shapes[s].routers, from, best);
			for (uint64_t to = 0; to < line.size; to++) {
				uint64_t ways = from == to ? 0 : line_ways(&line, from, to);

				diameter = best[to] > diameter ? best[to] : diameter;
				cr_expect(from == to || ways > 0);
				for (uint64_t way = 0; way < ways; way++) {
					line_path(&line, from, to, way, &route);
					expect_way(&line, from, to, way, &route, best[to]);
				}
			}
		}
		cr_expect_eq(line.dimension->type->diameter(line.dimension), diameter, "%s",
			     line.yaml);
		dc_route_fini(&route);
		free(best);
		line_close(&line);
	}
}

static bool same_way(const struct dc_route *a, const struct dc_route *b)
{
	return a->count == b->count && memcmp(a->links, b->links, a->count * sizeof *a->links) == 0;
}

Test(topology, ways_differ)
{
	for (size_t s = 0; s < SHAPES; s++) {
		struct dc_route a = {0}, b = {0};
		struct line line;

		line_open(shapes[s].yaml, &line);

		for (uint64_t pair = 0; pair < line.size * line.size; pair++) {
			uint64_t from = pair / line.size, to = pair % line.size;
			uint64_t ways = from == to ? 0 : line_ways(&line, from, to);

			for (uint64_t i = 0; i < ways; i++) {
				line_path(&line, from, to, i, &a);
				for (uint64_t j = 0; j < i; j++) {
					line_path(&line, from, to, j, &b);
					cr_expect(!same_way(&a, &b), "%s: %llu to %llu", line.yaml,
						  (unsigned long long)from, (unsigned long long)to);
				}
			}
		}
		dc_route_fini(&a);
		dc_route_fini(&b);
		line_close(&line);
	}
}

/* The ways of a pair over switches in tiers use as many cables on the way down as on the way up, and all
 * of those at the same place of the way equally often, so that spraying loads them alike. */
static void expect_even(const struct line *line, uint64_t from, uint64_t to, struct dc_route *route)
{
	uint64_t ways = line_ways(line, from, to), distinct[32] = {0};
	uint64_t *uses = calloc(line->count, sizeof *uses);
	size_t hops = 0;

	for (size_t hop = 0; hop == 0 || hop < hops; hop++) {
		uint64_t most = 0;

		memset(uses, 0, line->count * sizeof *uses);
		for (uint64_t way = 0; way < ways; way++) {
			line_path(line, from, to, way, route);
			distinct[hop] += uses[route->links[hop]]++ == 0;
			most = uses[route->links[hop]] > most ? uses[route->links[hop]] : most;
		}
		hops = route->count;
		cr_expect_eq(most * distinct[hop], ways, "%s: %llu to %llu, hop %zu", line->yaml,
			     (unsigned long long)from, (unsigned long long)to, hop);
	}
	for (size_t hop = 0; hop < hops; hop++)
		cr_expect_eq(distinct[hop], distinct[hops - 1 - hop], "%s", line->yaml);
	free(uses);
}

Test(topology, ways_through_tiers_spread_evenly)
{
	for (size_t s = 0; s < SHAPES; s++) {
		struct dc_route route = {0};
		struct line line;

		line_open(shapes[s].yaml, &line);
		for (uint64_t pair = 0; line.dimension->type->up && pair < line.size * line.size;
		     pair++)
			if (pair / line.size != pair % line.size)
				expect_even(&line, pair / line.size, pair % line.size, &route);
		dc_route_fini(&route);
		line_close(&line);
	}
}

/* D-mod-k sends every shift, all to the one s places on, around, over a full fat tree without two
 * messages on a link [Zahavi 2012, theorem 1]. */
Test(topology, shifts_cross_fat_trees_without_contention)
{
	static const char *const full[] = {
		"topology: fat-tree, size: 16, radix: 4, tiers: 3, " RATE,
		"topology: fat-tree, size: 54, radix: 6, tiers: 3, " RATE,
		"topology: fat-tree, size: 32, radix: 8, tiers: 2, " RATE,
		"topology: fat-tree, size: 16, radix: 8, tiers: 2, " RATE,
		"topology: leaf-spine, size: 64, hosts_per_leaf: 8, spines: 4, " RATE,
	};

	for (size_t s = 0; s < sizeof full / sizeof *full; s++) {
		struct dc_route route = {0};
		struct line line;

		line_open(full[s], &line);
		for (uint64_t shift = 1; shift < line.size; shift++) {
			unsigned *uses = calloc(line.count, sizeof *uses);

			for (uint64_t from = 0; from < line.size; from++) {
				line_path(&line, from, (from + shift) % line.size, 0, &route);
				for (size_t i = 0; i < route.count; i++)
					cr_expect_eq(uses[route.links[i]]++, 0u, "%s: shift %llu",
						     line.yaml, (unsigned long long)shift);
			}
			free(uses);
		}
		dc_route_fini(&route);
		line_close(&line);
	}
}

/* --- symmetry --- */

static void expect_orbits(const struct line *line, uint64_t moved)
{
	const struct dc_topology_type *type = line->dimension->type;
	uint64_t *members = calloc(line->count + 1, sizeof *members);

	for (uint64_t i = 0; i < line->count; i++) {
		uint64_t stands = type->fold(line->dimension, i, moved);

		cr_assert_leq(stands, i, "%s", line->yaml);
		cr_expect_eq(type->fold(line->dimension, stands, moved), stands, "%s", line->yaml);
		cr_expect(line->links[i].bandwidth_bps == line->links[stands].bandwidth_bps &&
				  line->links[i].latency_s == line->links[stands].latency_s,
			  "%s", line->yaml);
		members[stands]++;
	}
	for (uint64_t i = 0; i < line->count; i++)
		cr_expect(members[i] == 0 || members[i] == line->size / moved, "%s: link %llu",
			  line->yaml, (unsigned long long)i);
	free(members);
}

/* What a move by `moved` makes of way 0 of each pair stands for the same links, hop by hop. */
static void expect_moved_ways(const struct line *line, uint64_t moved)
{
	const struct dc_topology_type *type = line->dimension->type;
	struct dc_route here = {0}, there = {0};

	for (uint64_t pair = 0; pair < line->size * line->size; pair++) {
		uint64_t from = pair / line->size, to = pair % line->size;

		if (from == to)
			continue;
		line_path(line, from, to, 0, &here);
		line_path(line, (from + moved) % line->size, (to + moved) % line->size, 0, &there);
		cr_assert_eq(here.count, there.count, "%s", line->yaml);
		for (size_t i = 0; i < here.count; i++)
			cr_expect_eq(type->fold(line->dimension, here.links[i], moved),
				     type->fold(line->dimension, there.links[i], moved),
				     "%s: %llu to %llu, moved by %llu", line->yaml,
				     (unsigned long long)from, (unsigned long long)to,
				     (unsigned long long)moved);
	}
	dc_route_fini(&here);
	dc_route_fini(&there);
}

Test(topology, a_period_leads_every_way_to_a_like_one)
{
	for (size_t s = 0; s < SHAPES; s++) {
		struct line line;
		uint64_t period;

		line_open(shapes[s].yaml, &line);
		period = line.dimension->type->period(line.dimension);

		cr_assert(period > 0 && line.size % period == 0, "%s: %llu", line.yaml,
			  (unsigned long long)period);
		for (uint64_t moved = period; moved <= line.size; moved += period) {
			if (line.size % moved)
				continue;
			expect_orbits(&line, moved);
			expect_moved_ways(&line, moved);
		}
		line_close(&line);
	}
}

/* Terminals that a regular shape tells apart. */
Test(topology, periods)
{
	static const struct {
		const char *yaml;
		uint64_t period;
	} known[] = {
		{"topology: mesh, size: 6, " RATE, 6},
		{"topology: fully-connected, size: 6, " RATE, 1},
		{"topology: hypercube, size: 16, " RATE, 8},
		{"topology: rail, size: 6, " RATE, 1},
		{"topology: tree, arity: [3, 2, 4], " RATE, 6},
		{"topology: leaf-spine, size: 24, hosts_per_leaf: 6, uplinks: 4, " RATE, 6},
		{"topology: leaf-spine, size: 23, hosts_per_leaf: 6, uplinks: 4, " RATE, 23},
		{"topology: fat-tree, size: 54, radix: 6, tiers: 3, " RATE, 9},
		{"topology: dragonfly, groups: 9, routers: 4, hosts: 2, " RATE, 8},
		{"topology: dragonfly, groups: 1, routers: 4, hosts: 2, " RATE, 2},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct line line;

		line_open(known[i].yaml, &line);

		cr_expect_eq(line.dimension->type->period(line.dimension), known[i].period, "%s",
			     line.yaml);
		line_close(&line);
	}
}

/* --- in-network reduction --- */

/* Where a vertex leads, following the links taken, each from and to its place; ends at the root. */
static uint64_t follow(const struct line *line, const bool *taken, uint64_t vertex, bool upwards)
{
	for (uint64_t hops = 0; hops < line->vertices; hops++) {
		uint64_t next = vertex;

		for (uint64_t i = 0; i < line->count; i++)
			if (taken[i] &&
			    (upwards ? line->links[i].from : line->links[i].to) == vertex)
				next = upwards ? line->links[i].to : line->links[i].from;
		if (next == vertex)
			return vertex;
		vertex = next;
	}
	return UINT64_MAX;
}

static void expect_tree(const struct line *line, bool upwards)
{
	const struct dc_topology_type *type = line->dimension->type;
	bool *taken = calloc(line->count + 1, sizeof *taken);
	uint64_t *degrees = calloc(line->vertices, sizeof *degrees), root = UINT64_MAX;
	struct dc_route route = {0};

	for (uint64_t terminal = 0; terminal < line->size; terminal++) {
		dc_route_clear(&route);
		(upwards ? type->up : type->down)(line->dimension, terminal, &route);
		cr_assert_geq(route.count, 1u);
		for (size_t i = 0; i < route.count; i++) {
			const struct dc_line_link *link = &line->links[route.links[i]];

			cr_expect(!taken[route.links[i]], "%s: link %llu twice", line->yaml,
				  (unsigned long long)route.links[i]);
			taken[route.links[i]] = true;
			degrees[upwards ? link->from : link->to]++;
			cr_expect(i == 0 || line->links[route.links[i - 1]].to == link->from, "%s",
				  line->yaml);
		}
		cr_expect_eq(upwards ? line->links[route.links[0]].from
				     : line->links[route.links[route.count - 1]].to,
			     terminal, "%s", line->yaml);
	}
	for (uint64_t v = 0; v < line->vertices; v++)
		cr_expect_leq(degrees[v], 1u, "%s: a tree: one way towards the root", line->yaml);
	for (uint64_t terminal = 0; terminal < line->size; terminal++) {
		uint64_t end = follow(line, taken, terminal, upwards);

		root = terminal ? root : end;
		cr_expect(end == root && end >= line->size, "%s", line->yaml);
	}
	dc_route_fini(&route);
	free(degrees);
	free(taken);
}

Test(topology, reduction_trees_have_one_root_and_take_links_once)
{
	unsigned able = 0;

	for (size_t s = 0; s < SHAPES; s++) {
		struct line line;

		line_open(shapes[s].yaml, &line);

		if (line.dimension->type->up) {
			expect_tree(&line, true);
			expect_tree(&line, false);
			able++;
		}
		line_close(&line);
	}
	cr_expect_geq(able, 20u);
}
