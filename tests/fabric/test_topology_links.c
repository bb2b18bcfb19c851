/* Explicit graphs as dimensions: numbering, ways, what is refused; the same times as built topologies. */
#include "build.h"
#include "fabric/topology_links.h"

struct rig {
	struct dc_arena *arena;
	struct dc_diag *diag;
	struct dc_graph graph;
	struct dc_fabric_dimension dimension;
	enum dc_status status;
};

static void add(struct rig *rig, const char *id, const char *from, const char *to,
		double bandwidth_bps)
{
	struct dc_graph_link link = {.bandwidth_bps = bandwidth_bps, .latency_s = 1e-6};
	uint32_t number;

	cr_assert_eq(dc_intern_add(&rig->graph.vertices, from, &link.from), DC_OK);
	cr_assert_eq(dc_intern_add(&rig->graph.vertices, to, &link.to), DC_OK);
	cr_assert_eq(dc_graph_add(&rig->graph, id, &link, &number), DC_OK);
}

static struct rig begin(void)
{
	struct rig rig = {.arena = dc_arena_create(), .diag = dc_diag_create()};

	dc_graph_init(&rig.graph, rig.arena);
	return rig;
}

/* The vertices named, separated by blanks; NULL: those with links out and in. */
static void make(struct rig *rig, const char *names, bool members_only)
{
	uint32_t some[16], *terminals = some;
	size_t count = 0;

	cr_assert_eq(dc_graph_index(&rig->graph), DC_OK);
	if (!names)
		terminals = dc_topology_links_terminals(&rig->graph, rig->arena, &count);
	while (names && *names) {
		size_t length = strcspn(names, " ");
		char name[16] = "";

		memcpy(name, names, length);
		some[count] = dc_intern_find(&rig->graph.vertices, name);
		cr_assert_neq(some[count++], DC_INTERN_NONE, "%s", name);
		names += length + strspn(names + length, " ");
	}
	rig->status = dc_topology_of_graph(&rig->graph, terminals, count, members_only, rig->diag,
					   NULL, rig->arena, &rig->dimension);
}

static void end(struct rig *rig)
{
	dc_diag_destroy(rig->diag);
	dc_arena_destroy(rig->arena);
}

static void read_dgx1v(struct rig *rig)
{
	const char *source = getenv("srcdir") ? getenv("srcdir") : ".";
	const char *file = dc_arena_printf(rig->arena, "%s/topologies/dgx1v-links.csv", source);

	cr_assert_eq(dc_graph_read(&rig->graph, rig->diag, file), DC_OK);
}

static uint64_t hops(const struct rig *rig, uint64_t from, uint64_t to, uint64_t way,
		     uint64_t *first)
{
	struct dc_route route = {0};
	uint64_t count, at = from;

	dc_topology_links.path(&rig->dimension, from, to, way, &route);
	for (size_t i = 0; i < route.count; i++) {
		struct dc_line_link link;

		dc_topology_links.link(&rig->dimension, route.links[i], &link);
		cr_expect_eq(link.from, at, "the way breaks off");
		at = link.to;
	}
	cr_expect_eq(at, to, "the way does not arrive");
	*first = route.count ? route.links[0] : UINT64_MAX;
	count = route.count;
	dc_route_fini(&route);
	return count;
}

/* The hybrid cube mesh: every accelerator has six links to four others, two of them double. Opposite
 * corners are two links apart. Between the two quads lead 2 + 2 + 1 + 1 links of 25 GB/s; every other
 * halving cuts a quad, which costs at least 4 of its links twice over. */
Test(topology_links, cube_mesh)
{
	struct rig rig = begin();
	double sum_bps = 0;

	read_dgx1v(&rig);
	make(&rig, NULL, false);
	cr_assert_eq(rig.status, DC_OK);
	cr_expect_eq(rig.dimension.size, 8);
	cr_expect_eq(rig.dimension.bandwidth_bps, 25e9);
	cr_expect_eq(dc_topology_links.switches(&rig.dimension), 0);
	cr_expect_eq(dc_topology_links.links(&rig.dimension), 8 * 4);
	for (uint64_t i = 0; i < 4; i++) {
		struct dc_line_link link;

		dc_topology_links.link(&rig.dimension, i, &link);
		cr_expect_eq(link.from, 0);
		sum_bps += link.bandwidth_bps;
	}
	cr_expect_eq(sum_bps, 6 * 25e9);
	cr_expect_eq(dc_topology_links.diameter(&rig.dimension), 2);
	cr_expect_eq(dc_topology_links.bisection_bps(&rig.dimension), 6 * 25e9);
	cr_expect_eq(dc_topology_links.period(&rig.dimension), 8);
	end(&rig);
}

/* All ways differ in nothing but the vertices between; their first one is the graph's own path. */
Test(topology_links, ways_are_shortest)
{
	struct rig rig = begin();
	struct dc_graph_router router;

	read_dgx1v(&rig);
	make(&rig, NULL, false);
	cr_assert_eq(rig.status, DC_OK);
	cr_assert_eq(dc_graph_router_init(&router, &rig.graph), DC_OK);
	for (uint32_t from = 0; from < 8; from++) {
		for (uint32_t to = 0; to < 8; to++) {
			uint64_t seen[DC_TOPOLOGY_LINKS_WAYS], ways;
			struct dc_line_link first;

			if (from == to)
				continue;
			ways = dc_topology_links.paths(&rig.dimension, from, to);
			for (uint64_t k = 0; k < ways; k++) {
				cr_expect_eq(hops(&rig, from, to, k, &seen[k]),
					     dc_graph_route(&router, from, to));
				cr_expect(!k || seen[k] >= seen[k - 1]);
			}
			cr_assert_neq(dc_graph_route(&router, from, to), 0);
			dc_topology_links.link(&rig.dimension, seen[0], &first);
			cr_expect_eq(first.to, rig.graph.links[router.path[0]].to);
		}
	}
	end(&rig);
}

/* Two hosts on each of two leaves, two spines: two ways between leaves, one below a leaf, four links
 * and two. h0 and h2 have a cable of their own besides: other hosts do not go through it. */
static struct rig clos(void)
{
	static const char *const cables[][2] = {{"h0", "a"}, {"h1", "a"}, {"h2", "b"},
						{"h3", "b"}, {"a", "s"},  {"a", "t"},
						{"b", "s"},  {"b", "t"},  {"h0", "h2"}};
	struct rig rig = begin();

	for (size_t i = 0; i < sizeof cables / sizeof *cables; i++) {
		const char *id = dc_arena_printf(rig.arena, "%zu", i);

		add(&rig, dc_arena_printf(rig.arena, "%s+", id), cables[i][0], cables[i][1], 1e9);
		add(&rig, dc_arena_printf(rig.arena, "%s-", id), cables[i][1], cables[i][0], 1e9);
	}
	return rig;
}

Test(topology_links, switches_forward_and_terminals_do_not)
{
	struct rig rig = clos();
	uint64_t first;

	make(&rig, "h0 h1 h2 h3", false);
	cr_assert_eq(rig.status, DC_OK);
	cr_expect_eq(dc_topology_links.switches(&rig.dimension), 4);
	cr_expect_eq(dc_topology_links.paths(&rig.dimension, 1, 3), 2);
	cr_expect_eq(hops(&rig, 1, 3, 0, &first), 4);
	cr_expect_eq(hops(&rig, 1, 3, 1, &first), 4);
	cr_expect_eq(dc_topology_links.paths(&rig.dimension, 0, 1), 1);
	cr_expect_eq(hops(&rig, 0, 1, 0, &first), 2);
	cr_expect_eq(hops(&rig, 0, 2, 0, &first), 1);
	/* By the direct cable h1 would be at h2 in three links. */
	cr_expect_eq(hops(&rig, 1, 2, 0, &first), 4);
	cr_expect_eq(dc_topology_links.diameter(&rig.dimension), 4);
	/* {h0, h1, a} against the rest: two cables up and the direct one; {h0, h2} against {h1, h3}: two. */
	cr_expect_eq(dc_topology_links.bisection_bps(&rig.dimension), 2e9);
	end(&rig);
}

Test(topology_links, refusals)
{
	struct rig rig = begin();
	char *messages = NULL;
	size_t size;
	FILE *out;

	add(&rig, "1", "left", "right", 1e9);
	make(&rig, "left right", false);
	cr_expect_eq(rig.status, DC_ERR_INPUT);
	make(&rig, "left left", false);
	cr_expect_eq(rig.status, DC_ERR_INPUT);
	make(&rig, NULL, false);
	cr_expect_eq(rig.status, DC_ERR_INPUT);
	out = open_memstream(&messages, &size);
	dc_diag_render(rig.diag, out, false);
	fclose(out);
	cr_expect_not_null(strstr(messages, "from 'right' to 'left'"), "%s", messages);
	cr_expect_not_null(strstr(messages, "'left' is named twice"), "%s", messages);
	cr_expect_not_null(strstr(messages, "no vertex has"), "%s", messages);
	free(messages);
	end(&rig);
}

/* Without the switches nothing joins h0 and h1. */
Test(topology_links, members_only)
{
	struct rig rig = clos();

	make(&rig, "h0 h2", true);
	cr_assert_eq(rig.status, DC_OK);
	cr_expect_eq(dc_topology_links.links(&rig.dimension), 2);
	make(&rig, "h0 h1", true);
	cr_expect_eq(rig.status, DC_ERR_INPUT);
	end(&rig);
}

/* A star by hand is the topology `switch`: every algorithm takes the same time, to the femtosecond. */
Test(topology_links, star_is_a_switch)
{
	static const char *const algorithms[] = {"ring", "halving-doubling", "double-tree",
						 "direct-at-once"};
	struct rig rig = begin();
	struct dc_fabric of_graph = {0}, built = {0};
	struct dc_group group;
	uint32_t terminals[6];

	for (unsigned i = 0; i < 6; i++) {
		const char *name = dc_arena_printf(rig.arena, "h%u", i);

		add(&rig, dc_arena_printf(rig.arena, "%u+", i), name, "hub", 50e9);
		add(&rig, dc_arena_printf(rig.arena, "%u-", i), "hub", name, 50e9);
		terminals[i] = dc_intern_find(&rig.graph.vertices, name);
	}
	cr_assert_eq(dc_graph_index(&rig.graph), DC_OK);
	cr_assert_eq(
		dc_fabric_of_graph(&rig.graph, terminals, 6, rig.diag, NULL, rig.arena, &of_graph),
		DC_OK);
	build_add(&built, 6, 50e9, 1e-6, 2);
	group = dc_group_all(&built);
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
		const struct dc_request request = {.size_bytes = 1e6};
		struct dc_plan one =
			plans_lay_out(&of_graph, plans_lower(rig.arena, &of_graph, &group,
							     algorithms[i], &request));
		struct dc_plan other = plans_lay_out(
			&built, plans_lower(rig.arena, &built, &group, algorithms[i], &request));

		cr_expect(plans_run(&one, true, NULL, NULL) == plans_run(&other, true, NULL, NULL),
			  "%s", algorithms[i]);
		dc_plan_fini(&one);
		dc_plan_fini(&other);
	}
	end(&rig);
}

static const char *shipped_table(void)
{
	static char path[4096];

	snprintf(path, sizeof path, "%s/topologies/dgx1v-links.csv",
		 getenv("srcdir") ? getenv("srcdir") : ".");
	return path;
}

/* topology: links, here in a product with a switch: 32 links in each of two, two in each of eight. */
Test(topology_links, in_yaml)
{
	char yaml[8192];
	struct dc_fabric fabric;

	snprintf(
		yaml, sizeof yaml,
		"networks: [{dimensions: [{topology: links, file: %s}, {topology: switch, size: 2, bandwidth: 1 "
		"GB/s}]}]",
		shipped_table());
	fabric = build_good(yaml);
	cr_expect_eq(fabric.count, 2);
	cr_expect_eq(fabric.ranks, 16);
	cr_expect_eq(dc_fabric_links(&fabric), 2 * 32 + 8 * (2 * 2));
	snprintf(yaml, sizeof yaml,
		 "networks: [{dimensions: [{topology: links, file: %s, size: 9}]}]",
		 shipped_table());
	build_refused(yaml, "8 vertices only");
	build_refused("networks: [{dimensions: [{topology: links, file: nowhere.csv}]}]",
		      "nowhere.csv");
}
