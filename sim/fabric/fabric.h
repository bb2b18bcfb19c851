/* The fabric: networks of dimensions between accelerators.
 *
 * Ranks number the accelerators, innermost dimension first: rank = c0 + n0 (c1 + n1 (c2 + ...)).
 * The innermost dimensions may lie inside a node. Bandwidth is per direction; a message costs the
 * latency of its links plus size over rate, cut through switches.
 *
 * Links of the whole fabric are numbered dimension by dimension, line by line, as the dimension's type
 * numbers those of a line (topology.h). Nothing is stored for them but where overrides differ.
 *
 * Routing. A message crosses the dimensions innermost first (dimension order); within one it takes one
 * of the type's shortest ways, as the policy says:
 *   shortest    way 0: dimension order on meshes, up and down by destination on Clos fabrics
 *   ecmp        the pair's traffic in `channels` equal parts, each on a way by hash of (seed, pair, part)
 *   spray       equal parts on every way
 *   adaptive    the way whose busiest link is least busy when the message is routed, by the load told
 * A way over a link that is down is passed over; when all are, the shortest way through the line
 * that is left is taken (the same part then for all channels), and when there is none the message waits.
 *
 * Ports. Dimensions outside the node may share what leads out of it: `count` NICs per node that all of its
 * ranks' messages along these dimensions pass, once out and once in, however many dimensions they cross;
 * and the PCIe links behind them. Each rank has the port that its place in the node says, in equal blocks,
 * or spreads over all. Without ports every dimension has links of its own at every rank, as a torus has.
 *
 * Ownership: the fabric lives in the arena given; paths free with dc_fabric_path_fini. */
#ifndef DC_FABRIC_FABRIC_H
#define DC_FABRIC_FABRIC_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/time.h"
#include "fabric/topology.h"

enum dc_routing_policy {
	DC_ROUTING_SHORTEST,
	DC_ROUTING_ECMP,
	DC_ROUTING_SPRAY,
	DC_ROUTING_ADAPTIVE,
};

/* routing: {policy, channels, seed} */
struct dc_routing {
	const struct dc_node *node;
	int policy; /* enum dc_routing_policy */
	uint64_t channels;
	uint64_t seed;
};

/* networks: [{name, dimensions}], or for flows [{name, links}] */
struct dc_fabric_network {
	const struct dc_node *node;
	const char *name;
	struct dc_list dimensions; /* of dc_tagged */
	const char *links;         /* file of an explicit graph (graph.h); NULL: none */
	struct dc_routing routing;
	struct dc_transport *transport; /* of dimensions without one; NULL: ideal */
};

/* overrides: [{link, bandwidth, latency, state}] */
struct dc_fabric_override {
	const struct dc_node *node;
	const char *link;     /* name, `*` for anything */
	double bandwidth_bps; /* 0: as built */
	double latency_s;     /* negative: as built */
	int down;             /* 1: broken */
};

struct dc_fabric_config {
	const struct dc_node *node;
	struct dc_list networks;  /* of dc_fabric_network */
	struct dc_list overrides; /* of dc_fabric_override */
};

extern const struct dc_section dc_fabric_section;

/* Ways out of a node, numbered after all other links: 2n leads out by port n, 2n + 1 in. */
struct dc_fabric_port {
	const char *name; /* "nic", "pcie" */
	uint64_t count;   /* per node, >= 1 */
	double bandwidth_bps;
	bool spread; /* a rank's messages use all ports of its node alike */
};

enum { DC_FABRIC_PORTS = 2 };

/* A link that differs from how its dimension builds it. */
struct dc_fabric_exception {
	uint64_t link;
	double bandwidth_bps; /* 0: down */
	double latency_s;
};

struct dc_fabric {
	const char *name; /* of the network */
	struct dc_fabric_dimension dimensions[DC_FABRIC_DIMENSIONS];
	uint64_t strides[DC_FABRIC_DIMENSIONS + 1]; /* ranks between neighbours along each */
	/* Of each dimension; at last of the ports. */
	uint64_t first_link[DC_FABRIC_DIMENSIONS + 1];
	struct dc_fabric_port ports[DC_FABRIC_PORTS];
	size_t port_count;
	size_t outside; /* the first dimension outside the node: its messages pass the ports */
	size_t count;
	uint64_t ranks; /* product of the sizes */
	struct dc_routing routing;
	struct dc_fabric_exception *exceptions; /* by link */
	size_t exception_count, exception_capacity;
	/* What names are made of: terminals are GROUP/NODE.LOCAL, or plain rank numbers without. */
	const char *group;
	uint64_t node_size;
};

/* Links that can be found by name. */
enum { DC_FABRIC_NAMED_LINKS = 10000000 };

/* The nodes that ranks are in: for names, and for ports. */
struct dc_fabric_nodes {
	const struct dc_node *node; /* where messages about ports point */
	const char *name;           /* of the group */
	uint64_t size;              /* ranks in a node, >= 1 */
	struct dc_fabric_port ports[DC_FABRIC_PORTS];
	size_t port_count;
};

/* Builds the one network; refuses none, several, too many dimensions, sizes past 2^32 ranks, ports of
 * nodes that dimensions cut, and overrides of links that there are not. nodes may be NULL: ranks by
 * number, without ports. */
enum dc_status dc_fabric_build(const struct dc_fabric_config *config,
			       const struct dc_fabric_nodes *nodes, struct dc_diag *diag,
			       struct dc_arena *arena, struct dc_fabric *fabric) DC_CHECK;
/* Adds a dimension outside those there are. DC_ERR_RUN beyond DC_FABRIC_DIMENSIONS or 2^32 ranks. */
enum dc_status dc_fabric_add(struct dc_fabric *fabric,
			     const struct dc_fabric_dimension *dimension) DC_CHECK;

struct dc_fabric_link {
	double bandwidth_bps; /* 0: down */
	double latency_s;
	size_t dimension;
	uint64_t line;     /* within the dimension */
	uint64_t from, to; /* vertices of the line */
	/* Of a port: the dimension is the last one, line the node, from and to 0, or 1 for the network;
	 * otherwise NULL. */
	const struct dc_fabric_port *port;
	uint64_t number; /* of the port in its node */
};

/* Links of all dimensions, and of ports. */
uint64_t dc_fabric_links(const struct dc_fabric *fabric);
/* Gives the fabric ports of a kind: nodes are the ranks of the dimensions before `outside`, equal for all
 * kinds. DC_ERR_RUN when there are too many kinds or the numbers do not fit. */
enum dc_status dc_fabric_add_port(struct dc_fabric *fabric, size_t outside,
				  const struct dc_fabric_port *port) DC_CHECK;
/* A link as it is now, exceptions included. */
void dc_fabric_link(const struct dc_fabric *fabric, uint64_t number, struct dc_fabric_link *link);
/* The coordinate of a rank along a dimension, and the line it lies in. */
uint64_t dc_fabric_coordinate(const struct dc_fabric *fabric, size_t dimension, uint64_t rank);
uint64_t dc_fabric_line(const struct dc_fabric *fabric, size_t dimension, uint64_t rank);
/* How many times the links of a dimension are there: once a line, once in all where it is shared. */
uint64_t dc_fabric_copies(const struct dc_fabric *fabric, size_t dimension);
/* The first link of those that the line of a rank along a dimension crosses. */
uint64_t dc_fabric_line_links(const struct dc_fabric *fabric, size_t dimension, uint64_t rank);
/* The rank at a place of a line. */
uint64_t dc_fabric_rank_at(const struct dc_fabric *fabric, size_t dimension, uint64_t line,
			   uint64_t place);

/* The rank `step` further along a dimension's ring. */
uint64_t dc_fabric_neighbour(const struct dc_fabric *fabric, uint64_t rank, size_t dimension,
			     uint64_t step);
/* What a message of size_bytes takes between terminals 0 and 1 of a dimension, alone on its links:
 * latency of the links + size/rate, rounded once. */
dc_time dc_fabric_hop(const struct dc_fabric_dimension *dimension, double size_bytes);

/* How busy a link is, for adaptive routing; any measure that adds up along time. */
typedef double dc_fabric_load(const void *context, uint64_t link);

/* Where a message goes: `use` of every byte crosses the link (1 but for parts on several ways). */
struct dc_fabric_hop {
	uint64_t link;
	double use;
};

struct dc_fabric_path {
	struct dc_fabric_hop *hops; /* each link once, in the order first crossed */
	size_t count, capacity;
	double latency_s; /* of the longest of its ways */
	bool broken;      /* no way is left: it waits at a link that is down */
	bool failed;      /* out of memory */
	struct dc_route scratch;
};

void dc_fabric_path_fini(struct dc_fabric_path *path);
/* Finds the path between two ranks; without hops when they are the same. load may be NULL but for
 * adaptive routing, where NULL is way 0. O(hops x ways). */
enum dc_status dc_fabric_route(const struct dc_fabric *fabric, uint64_t from, uint64_t to,
			       dc_fabric_load *load, const void *context,
			       struct dc_fabric_path *path) DC_CHECK;

/* The links between a rank and the root of the switches of its line along a dimension, up to it or down
 * from it (topology.h, in-network reduction); broken when one of them is down. */
enum dc_status dc_fabric_route_root(const struct dc_fabric *fabric, uint64_t rank, size_t dimension,
				    bool up, struct dc_fabric_path *path) DC_CHECK;

/* Breaks a link, slows or mends it (bandwidth_bps 0: down), for routes from now on; in the arena
 * given. */
enum dc_status dc_fabric_set_link(struct dc_fabric *fabric, struct dc_arena *arena, uint64_t link,
				  double bandwidth_bps, double latency_s) DC_CHECK;

/* What happens to links of a name: what is not said stays. */
struct dc_fabric_change {
	double bandwidth_bps; /* 0: as it is */
	double latency_s;     /* negative: as it is */
	/* UP: mended, at the bandwidth given, or that which it has, or was built with. */
	enum { DC_FABRIC_AS_IS, DC_FABRIC_UP, DC_FABRIC_DOWN } state;
};

/* Changes every link whose name matches, * standing for anything; *found: how many. In the arena given.
 * O(links); only for fabrics of at most DC_FABRIC_NAMED_LINKS. */
enum dc_status dc_fabric_change_links(struct dc_fabric *fabric, struct dc_arena *arena,
				      const char *name, const struct dc_fabric_change *change,
				      uint64_t *found) DC_CHECK;

/* The exception of a link, or NULL. */
const struct dc_fabric_exception *dc_fabric_find_exception(const struct dc_fabric *fabric,
							   uint64_t link);
/* Part of dc_fabric_build. */
enum dc_status dc_fabric_apply_overrides(const struct dc_fabric_config *config,
					 struct dc_diag *diag, struct dc_arena *arena,
					 struct dc_fabric *fabric) DC_CHECK;

/* NETWORK:FROM->TO, "compute:3->4", "compute:h100/17.3->s0": terminals as above, switches s0, s1, ...,
 * or sD.LINE.N where there are several dimensions; sites site0, site1, ...; #2 for a second such link; ports
 * "compute:h100/17.nic3->net" out and "compute:net->h100/17.nic3" in. Truncates as snprintf
 * does and returns its length. */
int dc_fabric_link_name(const struct dc_fabric *fabric, uint64_t link, char *text, size_t size);

#endif
