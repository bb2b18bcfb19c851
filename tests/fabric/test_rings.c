/* Rings without shared links: every result is checked to be what it claims, the numbers of rings come
 * from cuts and decompositions named at each test. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "fabric/rings.h"

typedef uint8_t matrix[DC_RINGS_VERTICES][DC_RINGS_VERTICES];

static void use(matrix left, unsigned from, unsigned to)
{
	cr_assert(left[from][to] > 0, "no free link from %u to %u", from, to);
	left[from][to]--;
}

/* Each ring visits every vertex once; all together use no link twice; relays as few as said. */
static void expect_lawful(const matrix links, const struct dc_rings *rings)
{
	matrix left;

	memcpy(left, links, sizeof left);
	for (unsigned r = 0; r < rings->count; r++) {
		unsigned relayed = 0;
		uint32_t visited = 0;

		cr_expect_eq(rings->order[r][0], 0);
		for (unsigned k = 0; k < rings->vertices; k++) {
			unsigned from = rings->order[r][k], via = rings->via[r][k];
			unsigned to = rings->order[r][(k + 1) % rings->vertices];

			visited |= 1U << from;
			if (via == DC_RINGS_DIRECT) {
				use(left, from, to);
				continue;
			}
			relayed++;
			use(left, from, via);
			use(left, via, to);
		}
		cr_expect_eq(visited, (1U << rings->vertices) - 1, "ring %u misses a vertex", r);
		cr_expect_leq(relayed, rings->relays);
	}
}

static struct dc_rings pack(const matrix links, unsigned vertices)
{
	struct dc_rings rings, again;

	dc_rings_pack(links, vertices, &rings);
	dc_rings_pack(links, vertices, &again);
	cr_expect_eq(memcmp(&rings, &again, sizeof rings), 0, "not deterministic");
	expect_lawful(links, &rings);
	return rings;
}

/* Rings on the first n accelerators of a DGX-1 with V100. Upper bounds by hand: 2: one link; 3:
 * accelerator 0 has links to two; 4: accelerator 0 has four links; 5: the fifth has two links to 0
 * alone, so a ring must relay; 6: 4 and 5 are joined by one link per direction; 7: the seventh
 * has four links; 8: six links each. The measured bus bandwidth is 22.5 GB/s a ring (relayed 18.6). */
static const unsigned cube_mesh[9] = {0, 0, 1, 2, 4, 2, 2, 4, 6};

struct machine {
	struct dc_arena *arena;
	struct dc_diag *diag;
	struct dc_graph graph;
	uint32_t members[8];
};

static struct machine dgx1v(void)
{
	struct machine machine = {.arena = dc_arena_create(), .diag = dc_diag_create()};
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	const char *file = dc_arena_printf(machine.arena, "%s/topologies/dgx1v-links.csv", source);

	dc_graph_init(&machine.graph, machine.arena);
	cr_assert_eq(dc_graph_read(&machine.graph, machine.diag, file), DC_OK);
	cr_assert_eq(dc_graph_index(&machine.graph), DC_OK);
	for (int i = 0; i < 8; i++) {
		char name[] = "gpu0";

		name[3] = (char)(name[3] + i);
		machine.members[i] = dc_intern_find(&machine.graph.vertices, name);
	}
	return machine;
}

static void fini(struct machine *machine)
{
	dc_diag_destroy(machine->diag);
	dc_arena_destroy(machine->arena);
}

Test(rings, hybrid_cube_mesh)
{
	struct machine machine = dgx1v();

	for (unsigned n = 2; n <= 8; n++) {
		struct dc_rings rings;
		double ring_bps;

		dc_rings_on_graph(&machine.graph, machine.members, n, &rings, &ring_bps);
		cr_expect_eq(rings.count, cube_mesh[n], "%u: %u rings", n, rings.count);
		cr_expect_eq(rings.relays, n == 5 ? 1 : 0);
		cr_expect(rings.proven);
		cr_expect_eq(ring_bps, 25e9);
	}
	fini(&machine);
}

/* Hops become links of the graph: from the right member to the right one, none used twice. */
Test(rings, hops_are_links)
{
	struct machine machine = dgx1v();
	const struct dc_graph *graph = &machine.graph;

	for (unsigned n = 2; n <= 8; n++) {
		struct dc_rings rings;
		double ring_bps;
		bool used[48] = {false}; /* eight accelerators of six links, per direction */

		cr_assert_eq(dc_graph_link_count(graph), 48);
		dc_rings_on_graph(graph, machine.members, n, &rings, &ring_bps);
		for (unsigned r = 0; r < rings.count; r++)
			for (unsigned k = 0; k < n; k++) {
				uint32_t path[2];
				unsigned links = dc_rings_hop(graph, machine.members, &rings,
							      ring_bps, r, k, path);
				uint32_t at = machine.members[rings.order[r][k]];

				cr_assert_eq(links, rings.via[r][k] == DC_RINGS_DIRECT ? 1 : 2);
				for (unsigned l = 0; l < links; l++) {
					cr_assert_neq(path[l], DC_GRAPH_NONE);
					cr_expect_not(used[path[l]], "link %u twice", path[l]);
					used[path[l]] = true;
					cr_expect_eq(graph->links[path[l]].from, at);
					at = graph->links[path[l]].to;
				}
				cr_expect_eq(at, machine.members[rings.order[r][(k + 1) % n]]);
			}
	}
	fini(&machine);
}

/* Fully connected: n - 1 rings but for n = 4 and 6 [Tillson 1980: the complete directed graph
 * decomposes into Hamiltonian circuits for exactly the other n]; there undirected circuits, taken
 * both ways, give 2 and 4, the next less of an even number. */
Test(rings, fully_connected)
{
	for (unsigned n = 2; n <= DC_RINGS_VERTICES; n++) {
		struct dc_rings rings;
		matrix links;

		memset(links, 1, sizeof links);
		rings = pack(links, n);
		cr_expect_eq(rings.count, n == 4 || n == 6 ? n - 2 : n - 1, "%u: %u", n,
			     rings.count);
		cr_expect_eq(rings.relays, 0);
		cr_expect(rings.proven);
	}
}

Test(rings, one_way_ring_is_one)
{
	matrix links = {{0}};

	for (unsigned i = 0; i < 7; i++)
		links[i][(i + 1) % 7] = 1;
	cr_expect_eq(pack(links, 7).count, 1);
	links[6][0] = 0; /* open: nothing comes back */
	cr_expect_eq(pack(links, 7).count, 0);
}

/* 0 - 1 - 2, two links each way: out 0 1 2, back through 1, twice. */
Test(rings, a_line_relays)
{
	matrix links = {{0}};
	struct dc_rings rings;

	links[0][1] = links[1][0] = links[1][2] = links[2][1] = 2;
	rings = pack(links, 3);
	cr_expect_eq(rings.count, 2);
	cr_expect_eq(rings.relays, 1);
}

Test(rings, nothing_to_pack)
{
	matrix links;
	struct dc_rings rings;

	memset(links, 1, sizeof links);
	dc_rings_pack(links, 1, &rings);
	cr_expect_eq(rings.count, 0);
	dc_rings_pack(links, DC_RINGS_VERTICES + 1, &rings);
	cr_expect_eq(rings.count, 0);
	memset(links, 0, sizeof links);
	dc_rings_pack(links, 4, &rings);
	cr_expect_eq(rings.count, 0);
}

static uint32_t add(struct dc_graph *graph, const char *id, uint32_t from, uint32_t to, double bps)
{
	struct dc_graph_link link = {.from = from, .to = to, .bandwidth_bps = bps};
	uint32_t number = 0;

	cr_assert_eq(dc_graph_add(graph, id, &link, &number), DC_OK);
	return number;
}

/* One link of 50 GB/s each way holds as many rings as two of 25 GB/s: with a third of 25 GB/s three
 * rings of 25 GB/s, two of which share the wide link by design. */
Test(rings, wide_links_hold_several)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_graph graph;
	struct dc_rings rings;
	uint32_t members[2], wide, path[2];
	unsigned on_wide = 0;
	double ring_bps;

	dc_graph_init(&graph, arena);
	cr_assert_eq(dc_intern_add(&graph.vertices, "a", &members[0]), DC_OK);
	cr_assert_eq(dc_intern_add(&graph.vertices, "b", &members[1]), DC_OK);
	wide = add(&graph, "wide-ab", members[0], members[1], 50e9);
	add(&graph, "wide-ba", members[1], members[0], 50e9);
	add(&graph, "thin-ab", members[0], members[1], 25e9);
	add(&graph, "thin-ba", members[1], members[0], 25e9);
	cr_assert_eq(dc_graph_index(&graph), DC_OK);
	dc_rings_on_graph(&graph, members, 2, &rings, &ring_bps);
	cr_expect_eq(rings.count, 3);
	cr_expect_eq(ring_bps, 25e9);
	for (unsigned r = 0; r < rings.count; r++) {
		cr_expect_eq(dc_rings_hop(&graph, members, &rings, ring_bps, r, 0, path), 1);
		on_wide += path[0] == wide;
	}
	cr_expect_eq(on_wide, 2);
	dc_arena_destroy(arena);
}
