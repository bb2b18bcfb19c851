/* Rings without shared links on a small graph: bound by cuts, then search with taking back. */
#include "fabric/rings.h"

#include <string.h>

/* Hops tried per number of rings: five times what 16 fully connected vertices take, a fraction of a second
 * on graphs without pattern, of which about one in thirty then stays unproven. */
enum { WORK = 1000000 };

struct search {
	unsigned vertices, rings, relays;
	long work;                                              /* hops left to try */
	uint8_t left[DC_RINGS_VERTICES][DC_RINGS_VERTICES];     /* links no ring has taken yet */
	uint16_t out[DC_RINGS_VERTICES], in[DC_RINGS_VERTICES]; /* their sums */
	struct dc_rings *found;
};

/* Where the search stands in the ring being laid. */
struct place {
	unsigned ring, hop, relayed;
	uint32_t visited;
};

static void take(struct search *s, unsigned from, unsigned to)
{
	s->left[from][to]--;
	s->out[from]--;
	s->in[to]--;
}

static void give(struct search *s, unsigned from, unsigned to)
{
	s->left[from][to]++;
	s->out[from]++;
	s->in[to]++;
}

static bool lay(struct search *s, struct place at);

/* Lays one hop and all that follows. */
static bool hop(struct search *s, struct place at, unsigned to, unsigned via)
{
	unsigned from = s->found->order[at.ring][at.hop];
	struct place next = {at.ring, at.hop + 1, at.relayed + (via != DC_RINGS_DIRECT),
			     at.visited | 1U << to};
	bool done;

	if (s->work-- <= 0)
		return false;
	s->found->via[at.ring][at.hop] = (uint8_t)via;
	if (next.hop < s->vertices)
		s->found->order[at.ring][next.hop] = (uint8_t)to;
	else
		next = (struct place){.ring = at.ring + 1, .visited = 1};
	if (via == DC_RINGS_DIRECT) {
		take(s, from, to);
		done = lay(s, next);
		give(s, from, to);
		return done;
	}
	take(s, from, via);
	take(s, via, to);
	done = lay(s, next);
	give(s, via, to);
	give(s, from, via);
	return done;
}

/* Before a new ring: every vertex must still have a way out and in for each ring to come. */
static bool hopeless(const struct search *s, unsigned ring)
{
	for (unsigned v = 0; v < s->vertices; v++)
		if (s->out[v] < s->rings - ring || s->in[v] < s->rings - ring)
			return true;
	return false;
}

/* Tries the ways on from a place; true when the last ring is closed. Rings are equal, so each starts
 * with a hop to a vertex no less than the one before did. */
static bool lay(struct search *s, struct place at)
{
	bool closing = at.hop + 1 == s->vertices;
	unsigned from, first = 0;

	if (at.ring == s->rings)
		return true;
	if (!at.hop) {
		if (hopeless(s, at.ring))
			return false;
		s->found->order[at.ring][0] = 0;
		first = at.ring ? s->found->order[at.ring - 1][1] : 1;
	}
	from = s->found->order[at.ring][at.hop];
	for (unsigned to = closing ? 0 : first; to < (closing ? 1 : s->vertices); to++) {
		if (!closing && (at.visited & 1U << to))
			continue;
		if (s->left[from][to] && hop(s, at, to, DC_RINGS_DIRECT))
			return true;
		for (unsigned via = 0; at.relayed < s->relays && via < s->vertices; via++)
			if (via != to && via != from && s->left[from][via] && s->left[via][to] &&
			    hop(s, at, to, via))
				return true;
		if (s->work <= 0)
			return false;
	}
	return false;
}

/* Every ring leaves every proper set of vertices at least once: the narrowest cut bounds them. Sets
 * with vertex 0 suffice, with the links out of them and into them. */
static unsigned narrowest_cut(const struct search *s)
{
	uint32_t all = (1U << s->vertices) - 1;
	unsigned least = DC_RINGS_MOST;

	for (uint32_t set = 1; set < all; set += 2) {
		unsigned out = 0, in = 0;

		for (unsigned i = 0; i < s->vertices; i++)
			for (unsigned j = 0; j < s->vertices; j++) {
				bool leaves = set >> i & 1U && !(set >> j & 1U);

				out += leaves ? s->left[i][j] : 0U;
				in += leaves ? s->left[j][i] : 0U;
			}
		least = out < least ? out : least;
		least = in < least ? in : least;
	}
	return least;
}

void dc_rings_pack(const uint8_t links[DC_RINGS_VERTICES][DC_RINGS_VERTICES], unsigned vertices,
		   struct dc_rings *rings)
{
	struct search s = {.vertices = vertices, .found = rings};
	unsigned bound;

	memset(rings, 0, sizeof *rings);
	rings->vertices = vertices;
	rings->proven = true;
	if (vertices < 2 || vertices > DC_RINGS_VERTICES)
		return;
	for (unsigned i = 0; i < vertices; i++)
		for (unsigned j = 0; j < vertices; j++) {
			s.left[i][j] = i == j ? 0 : links[i][j];
			s.out[i] = (uint16_t)(s.out[i] + s.left[i][j]);
			s.in[j] = (uint16_t)(s.in[j] + s.left[i][j]);
		}
	bound = narrowest_cut(&s);
	for (s.relays = 0; bound && s.relays <= vertices; s.relays++) {
		rings->proven = true;
		for (s.rings = bound; s.rings; s.rings--) {
			s.work = WORK;
			if (lay(&s, (struct place){.visited = 1})) {
				rings->count = s.rings;
				rings->relays = s.relays;
				return;
			}
			rings->proven = rings->proven && s.work > 0;
		}
	}
}

/* Rings that a link holds. The rates of links in one machine are whole multiples of each other; the
 * small addition keeps the division from falling short. */
static unsigned units(const struct dc_graph *graph, uint32_t link, double ring_bps)
{
	double ratio = graph->links[link].bandwidth_bps / ring_bps + 1e-6;

	return ratio < DC_RINGS_MOST ? (unsigned)ratio : DC_RINGS_MOST;
}

void dc_rings_on_graph(const struct dc_graph *graph, const uint32_t *members, unsigned count,
		       struct dc_rings *rings, double *ring_bps)
{
	uint8_t links[DC_RINGS_VERTICES][DC_RINGS_VERTICES] = {{0}};
	size_t all = dc_graph_link_count(graph);
	double least_bps = 0.0;

	memset(rings, 0, sizeof *rings);
	*ring_bps = 0.0;
	if (count < 2 || count > DC_RINGS_VERTICES)
		return;
	/* First the least bandwidth, then, in its units, who is joined to whom. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t l = 0; l < all; l++) {
			const struct dc_graph_link *link = &graph->links[l];
			unsigned from = 0, to = 0, sum;

			while (from < count && members[from] != link->from)
				from++;
			while (to < count && members[to] != link->to)
				to++;
			if (from == count || to == count)
				continue;
			if (!pass && (least_bps <= 0.0 || link->bandwidth_bps < least_bps))
				least_bps = link->bandwidth_bps;
			if (!pass)
				continue;
			sum = links[from][to] + units(graph, (uint32_t)l, least_bps);
			links[from][to] = (uint8_t)(sum < DC_RINGS_MOST ? sum : DC_RINGS_MOST);
		}
	dc_rings_pack(links, count, rings);
	*ring_bps = rings->count ? least_bps : 0.0;
}

/* How many hops of earlier rings, and of this one before `hop`, go straight from one to the other. */
static unsigned taken(const struct dc_rings *rings, unsigned ring, unsigned hop, unsigned from,
		      unsigned to)
{
	unsigned count = 0;

	for (unsigned r = 0; r <= ring; r++)
		for (unsigned k = 0; k < (r < ring ? rings->vertices : hop); k++) {
			unsigned start = rings->order[r][k], via = rings->via[r][k];
			unsigned end = rings->order[r][(k + 1) % rings->vertices];

			if (via == DC_RINGS_DIRECT)
				count += start == from && end == to;
			else
				count += (start == from && via == to) + (via == from && end == to);
		}
	return count;
}

/* The link that holds the unit of that index between two vertices, in the order of ids. */
static uint32_t unit_link(const struct dc_graph *graph, uint32_t from, uint32_t to, double ring_bps,
			  unsigned index)
{
	for (uint32_t i = graph->out_first[from]; i < graph->out_first[from + 1]; i++) {
		uint32_t link = graph->out[i];
		unsigned held = graph->links[link].to == to ? units(graph, link, ring_bps) : 0;

		if (index < held)
			return link;
		index -= held;
	}
	return DC_GRAPH_NONE;
}

unsigned dc_rings_hop(const struct dc_graph *graph, const uint32_t *members,
		      const struct dc_rings *rings, double ring_bps, unsigned ring, unsigned hop,
		      uint32_t path[2])
{
	unsigned from = rings->order[ring][hop], via = rings->via[ring][hop];
	unsigned to = rings->order[ring][(hop + 1) % rings->vertices];
	unsigned first = via == DC_RINGS_DIRECT ? to : via;

	path[0] = unit_link(graph, members[from], members[first], ring_bps,
			    taken(rings, ring, hop, from, first));
	if (via == DC_RINGS_DIRECT)
		return 1;
	path[1] = unit_link(graph, members[via], members[to], ring_bps,
			    taken(rings, ring, hop, via, to));
	return 2;
}
