/* The bisection of topologies against every halving of small ones. */
#include <math.h>

#include "shapes.h"

/* The greatest flow from the terminals in the set to the others: augmenting paths over what is left of
 * each link, breadth first [Edmonds and Karp 1972]. */
struct network {
	const struct line *line;
	double *left;
	uint64_t *by, *queue;
};

static bool find_augmenting(struct network *net, uint64_t set, uint64_t *end)
{
	const struct line *line = net->line;
	uint64_t head = 0, tail = 0;

	memset(net->by, 0, line->vertices * sizeof *net->by);
	for (uint64_t v = 0; v < line->size; v++)
		if (set >> v & 1) {
			net->by[v] = UINT64_MAX;
			net->queue[tail++] = v;
		}
	while (head < tail) {
		uint64_t vertex = net->queue[head++];

		for (uint64_t i = 0; i < 2 * line->count; i++) {
			const struct dc_line_link *link = &line->links[i / 2];
			uint64_t from = i % 2 ? link->to : link->from;
			uint64_t to = i % 2 ? link->from : link->to;

			if (from != vertex || net->by[to] || net->left[i] < 1)
				continue;
			net->by[to] = i + 1;
			net->queue[tail++] = to;
			*end = to;
			if (to < line->size)
				return true;
		}
	}
	return false;
}

static double flow_across(struct network *net, uint64_t set)
{
	const struct line *line = net->line;
	double flow = 0;
	uint64_t end = 0;

	for (uint64_t i = 0; i < line->count; i++) {
		net->left[2 * i] = line->links[i].bandwidth_bps;
		net->left[2 * i + 1] = 0;
	}
	while (find_augmenting(net, set, &end)) {
		double least = (double)INFINITY;

		for (int apply = 0; apply < 2; apply++)
			for (uint64_t v = end; net->by[v] != UINT64_MAX;) {
				uint64_t i = net->by[v] - 1;

				if (apply) {
					net->left[i] -= least;
					net->left[i ^ 1] += least;
				}
				least = fmin(least, apply ? least : net->left[i]);
				v = i % 2 ? line->links[i / 2].to : line->links[i / 2].from;
			}
		flow += least;
	}
	return flow;
}

static struct network open_network(const struct line *line)
{
	return (struct network){
		.line = line,
		.left = calloc(2 * line->count + 1, sizeof(double)),
		.by = calloc(line->vertices, sizeof(uint64_t)),
		.queue = calloc(line->vertices, sizeof(uint64_t)),
	};
}

static void close_network(struct network *net)
{
	free(net->left);
	free(net->by);
	free(net->queue);
}

static double least_halving(const struct line *line)
{
	struct network net = open_network(line);
	double least = (double)INFINITY;

	for (uint64_t set = 0; set < (uint64_t)1 << line->size; set++)
		if ((uint64_t)__builtin_popcountll(set) == line->size / 2)
			least = fmin(least, flow_across(&net, set));
	close_network(&net);
	return least;
}

/* Of all even halvings of up to 12 terminals the one that cuts least, by greatest flow; but for
 * dragonflies, where only contiguous halves are promised. */
Test(topology, bisection_is_the_least_of_all_halvings)
{
	unsigned compared = 0;

	for (size_t s = 0; s < SHAPES; s++) {
		struct line line;

		line_open(shapes[s].yaml, &line);

		if (line.size <= 12 && !shapes[s].routers) {
			double least = least_halving(&line);
			double said = line.dimension->type->bisection_bps(line.dimension);

			cr_expect(fabs(said - least) <= 1e-6 * least + 1e-6, "%s: %g, not %g",
				  line.yaml, said, least);
			compared++;
		}
		line_close(&line);
	}
	cr_expect_geq(compared, 30u);
}

/* Switches in tiers with all kinds of last leaves and pods. */
static void expect_least(const char *map)
{
	struct line line;
	double least, said;

	line_open(map, &line);
	least = least_halving(&line);
	said = line.dimension->type->bisection_bps(line.dimension);
	cr_expect(fabs(said - least) <= 1e-6 * least, "%s: %g, not %g", map, said, least);
	line_close(&line);
}

Test(topology, bisection_of_unequal_leaves)
{
	static const double ratios[] = {1, 1.5, 3};
	char map[256];

	for (unsigned size = 2; size <= 11; size++)
		for (unsigned leaf = 1; leaf <= 6; leaf++)
			for (size_t i = 0; i < 3; i++) {
				snprintf(map, sizeof map,
					 "topology: leaf-spine, size: %u, hosts_per_leaf: %u, "
					 "oversubscription: %g, spines: 1, " RATE,
					 size, leaf, ratios[i]);
				expect_least(map);
			}
}

Test(topology, bisection_of_unequal_pods)
{
	static const double ratios[] = {1, 1.5, 3};
	char map[256];

	for (unsigned size = 2; size <= 11; size++)
		for (unsigned radix = 4; radix <= 6; radix += 2)
			for (size_t i = 0; i < 3; i++) {
				snprintf(map, sizeof map,
					 "topology: fat-tree, size: %u, radix: %u, tiers: 3, "
					 "oversubscription: %g, " RATE,
					 size, radix, ratios[i]);
				expect_least(map);
			}
}

/* A dragonfly's is what flows between its contiguous halves. */
Test(topology, bisection_of_dragonflies)
{
	unsigned compared = 0;

	for (size_t s = 0; s < SHAPES; s++) {
		struct network net;
		struct line line;
		double flow, said;

		line_open(shapes[s].yaml, &line);
		net = open_network(&line);
		if (shapes[s].routers && line.size < 64) {
			flow = flow_across(&net, ((uint64_t)1 << line.size / 2) - 1);
			said = line.dimension->type->bisection_bps(line.dimension);
			cr_expect(fabs(said - flow) <= 1e-9 * flow, "%s: %g, not %g", line.yaml,
				  said, flow);
			compared++;
		}
		close_network(&net);
		line_close(&line);
	}
	cr_expect_geq(compared, 12u);
}
