/* Explicit graphs: shortest paths and their tie rule. Small graphs, paths by hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fabric/graph.h"

struct rig {
	struct dc_arena *arena;
	struct dc_graph graph;
	struct dc_graph_router router;
};

static void add(struct rig *rig, const char *id, const char *from, const char *to)
{
	struct dc_graph_link link = {.bandwidth_bps = 1, .latency_s = 1e-6};
	uint32_t number;

	cr_assert_eq(dc_intern_add(&rig->graph.vertices, from, &link.from), DC_OK);
	cr_assert_eq(dc_intern_add(&rig->graph.vertices, to, &link.to), DC_OK);
	cr_assert_eq(dc_graph_add(&rig->graph, id, &link, &number), DC_OK);
}

/* links: id, from, to, ... NULL */
static struct rig make(const char *const *links)
{
	struct rig rig = {.arena = dc_arena_create()};

	dc_graph_init(&rig.graph, rig.arena);
	for (; *links; links += 3)
		add(&rig, links[0], links[1], links[2]);
	cr_assert_eq(dc_graph_index(&rig.graph), DC_OK);
	return rig;
}

/* The ids of a path, separated by blanks; "none" when there is none. */
static const char *path(struct rig *rig, const char *from, const char *to)
{
	uint32_t hops = dc_graph_route(&rig->router, dc_intern_find(&rig->graph.vertices, from),
				       dc_intern_find(&rig->graph.vertices, to));
	const char *text = "";

	if (hops == DC_GRAPH_NONE)
		return "none";
	for (uint32_t i = 0; i < hops; i++)
		text = dc_arena_printf(rig->arena, "%s%s%s", text, i ? " " : "",
				       rig->graph.ids.texts[rig->router.path[i]]);
	return text;
}

static void check(const char *const *links, const char *from, const char *to, const char *want)
{
	struct rig rig = make(links);

	cr_assert_eq(dc_graph_router_init(&rig.router, &rig.graph), DC_OK);
	cr_expect_str_eq(path(&rig, from, to), want, "%s to %s", from, to);
	dc_arena_destroy(rig.arena);
}

Test(graph, fewest_links)
{
	/* Two links with late ids before three with early ones. */
	check((const char *const[]){"a1", "s", "x", "a2", "x", "y", "a3", "y", "t", "z1", "s", "w",
				    "z2", "w", "t", NULL},
	      "s", "t", "z1 z2");
}

Test(graph, ties_by_id)
{
	/* The first link decides, whatever comes behind and whichever row is first. */
	check((const char *const[]){"m", "s", "a", "b", "a", "t", "k", "s", "c", "z", "c", "t",
				    NULL},
	      "s", "t", "k z");
	/* Ids are bytes: l10 before l2. */
	check((const char *const[]){"l2", "s", "t", "l10", "s", "t", NULL}, "s", "t", "l10");
	/* The first links alike, the second decide. */
	check((const char *const[]){"a", "s", "x", "d", "x", "t", "c", "x", "t", NULL}, "s", "t",
	      "a c");
}

Test(graph, directions)
{
	const char *const links[] = {"ab", "a", "b", "bc", "b", "c", "ca", "c", "a", NULL};

	check(links, "a", "c", "ab bc");
	check(links, "c", "a", "ca");
	check(links, "a", "a", "");
	check((const char *const[]){"ab", "a", "b", NULL}, "b", "a", "none");
}

/* One router serves many targets, and remembers the last. A ring of n: from i to j it is (j - i) mod n
 * links. */
Test(graph, ring)
{
	enum { SIZE = 9 };
	struct rig rig = {.arena = dc_arena_create()};
	char id[SIZE][16], name[SIZE][16];

	dc_graph_init(&rig.graph, rig.arena);
	for (int i = 0; i < SIZE; i++) {
		snprintf(id[i], sizeof id[i], "l%d", i);
		snprintf(name[i], sizeof name[i], "v%d", i);
	}
	for (int i = 0; i < SIZE; i++)
		add(&rig, id[i], name[i], name[(i + 1) % SIZE]);
	cr_assert_eq(dc_graph_index(&rig.graph), DC_OK);
	cr_assert_eq(dc_graph_router_init(&rig.router, &rig.graph), DC_OK);
	for (uint32_t i = 0; i < SIZE; i++)
		for (uint32_t j = 0; j < SIZE; j++) {
			uint32_t hops = dc_graph_route(&rig.router, i, j);

			cr_expect_eq(hops, (j + SIZE - i) % SIZE, "%u to %u: %u", i, j, hops);
			for (uint32_t k = 0; k < hops; k++)
				cr_expect_eq(rig.router.path[k], (i + k) % SIZE);
			/* Links of 1 us each. */
			cr_expect_float_eq(dc_graph_latency_s(&rig.graph, rig.router.path, hops),
					   hops * 1e-6, 1e-18);
		}
	dc_arena_destroy(rig.arena);
}

Test(graph, ids_are_unique)
{
	struct rig rig = make((const char *const[]){"ab", "a", "b", NULL});
	const struct dc_graph_link link = {0, 1, 1, 0};
	uint32_t number;

	cr_expect_eq(dc_graph_add(&rig.graph, "ab", &link, &number), DC_ERR_RUN);
	cr_expect_eq(dc_graph_link_count(&rig.graph), 1);
	dc_arena_destroy(rig.arena);
}
