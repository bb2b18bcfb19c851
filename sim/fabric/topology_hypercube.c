/* Hypercube: members whose numbers differ in one bit are linked.
 *
 * Link i b + k leads from terminal i to i ^ 2^k, of b bits. Way 0 corrects the bits that differ from the
 * lowest up (e-cube routing) [Sullivan and Bashkow 1977]; way c begins with the c-th of them and goes
 * around: of the d! shortest ways the d rotations, which share no link.
 *
 * Moving on by half the size flips the highest bit, which is a symmetry of the cube; smaller moves carry
 * from bit to bit and are none. */
#include "fabric/topology.h"

const struct dc_section dc_topology_hypercube_section = {
	.name = "hypercube",
	.doc = "members linked whose numbers differ in one bit; size is a power of two",
	.size = sizeof(struct dc_topology_single),
	.fields = dc_topology_single_fields,
	.count = DC_TOPOLOGY_SINGLE_FIELDS,
};

static enum dc_status expand(const void *section, struct dc_diag *diag, struct dc_arena *arena,
			     struct dc_fabric_dimension *dimensions, size_t *count)
{
	const struct dc_topology_single *single = section;
	uint64_t below = 1;

	(void)arena;
	while (2 * below <= single->size)
		below *= 2;
	if (below != single->size)
		return dc_diag_error(diag, dc_node_mark(single->common.node, "size"),
				     "hypercube: size: %llu is not a power of two; the nearest are "
				     "%llu and %llu",
				     (unsigned long long)single->size, (unsigned long long)below,
				     (unsigned long long)(2 * below));
	return dc_topology_expand_single(section, &dc_topology_hypercube, diag, dimensions, count);
}

static unsigned bits_of(const struct dc_fabric_dimension *dimension)
{
	unsigned bits = 0;

	while ((uint64_t)1 << bits < dimension->size)
		bits++;
	return bits;
}

static uint64_t switches(const struct dc_fabric_dimension *dimension)
{
	(void)dimension;
	return 0;
}

static uint64_t links(const struct dc_fabric_dimension *dimension)
{
	return dimension->size * bits_of(dimension);
}

static void describe(const struct dc_fabric_dimension *dimension, uint64_t number,
		     struct dc_line_link *link)
{
	unsigned bits = bits_of(dimension);

	*link = (struct dc_line_link){
		.from = number / bits,
		.to = number / bits ^ (uint64_t)1 << number % bits,
		.bandwidth_bps = dimension->bandwidth_bps,
		.latency_s = dimension->latency_s,
	};
}

static uint64_t paths(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to)
{
	uint64_t count = 0;

	(void)dimension;
	for (uint64_t differ = from ^ to; differ; differ &= differ - 1)
		count++;
	return count;
}

static void path(const struct dc_fabric_dimension *dimension, uint64_t from, uint64_t to,
		 uint64_t choice, struct dc_route *route)
{
	unsigned bits = bits_of(dimension), bit = 0;

	/* The choice-th bit that differs. */
	for (;; bit++)
		if ((from ^ to) >> bit & 1 && choice-- == 0)
			break;
	for (; from != to; bit = (bit + 1) % bits) {
		if (!((from ^ to) >> bit & 1))
			continue;
		dc_route_add(route, from * bits + bit);
		from ^= (uint64_t)1 << bit;
	}
}

static uint64_t period(const struct dc_fabric_dimension *dimension)
{
	return dimension->size > 1 ? dimension->size / 2 : 1;
}

static uint64_t fold(const struct dc_fabric_dimension *dimension, uint64_t link, uint64_t moved)
{
	unsigned bits = bits_of(dimension);

	return link / bits % moved * bits + link % bits;
}

static uint64_t diameter(const struct dc_fabric_dimension *dimension)
{
	return bits_of(dimension);
}

/* 2^(b-1) links join the halves that one bit tells apart, and no halving cuts less
 * [Leighton 1992, sec. 3.1]. */
static double bisection_bps(const struct dc_fabric_dimension *dimension)
{
	return (double)(dimension->size / 2) * dimension->bandwidth_bps;
}

const struct dc_topology_type dc_topology_hypercube = {
	.name = "hypercube",
	.doc = "members linked whose numbers differ in one bit; size is a power of two",
	.expand = expand,
	.switches = switches,
	.links = links,
	.link = describe,
	.paths = paths,
	.path = path,
	.period = period,
	.fold = fold,
	.diameter = diameter,
	.bisection_bps = bisection_bps,
};
