/* The fabric: its section, its building, its ranks and links by number. */
#include "fabric/fabric.h"

#include <math.h>

static const char *const policies[] = {"shortest", "ecmp", "spray", "adaptive", NULL};

static const struct dc_field routing_fields[] = {
	{.key = "policy",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_routing, policy),
	 .fallback = "shortest",
	 .choices = policies,
	 .help = "which of several shortest ways a message takes"},
	{.key = "channels",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_routing, channels),
	 .fallback = "1",
	 .min = 1,
	 .max = 1024,
	 .help = "ecmp: equal parts of each pair's traffic, each hashed for itself"},
	{.key = "seed",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_routing, seed),
	 .fallback = "1",
	 .min = 0,
	 .max = 9007199254740992.0,
	 .help = "ecmp: of the hash"},
};

static const struct dc_section routing_section = {
	.name = "routing",
	.doc = "which way messages take",
	.size = sizeof(struct dc_routing),
	DC_FIELDS(routing_fields),
};

static const struct dc_field network_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_fabric_network, name),
	 .fallback = "compute",
	 .help = "what ports and links call it"},
	{.key = "dimensions",
	 .kind = DC_LIST,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct dc_fabric_network, dimensions),
	 .family = &dc_topology_family,
	 .help = "innermost first; the product of sizes is the number of accelerators"},
	{.key = "transport",
	 .kind = DC_CATALOGUE,
	 .offset = offsetof(struct dc_fabric_network, transport),
	 .catalogue = &dc_transport_family,
	 .help = "per-message cost and efficiency of dimensions that name none; default: none"},
	{.key = "routing",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_fabric_network, routing),
	 .section = &routing_section,
	 .help = "which of several ways messages take"},
	{.key = "links",
	 .kind = DC_PATH,
	 .offset = offsetof(struct dc_fabric_network, links),
	 .help = "for workload kind flows, in place of dimensions: a table of links: id, from, to, "
		 "bandwidth, latency"},
};

static const struct dc_section network_section = {
	.name = "network",
	.doc = "one network",
	.size = sizeof(struct dc_fabric_network),
	DC_FIELDS(network_fields),
};

static const char *const states[] = {"up", "down", NULL};

static const struct dc_field override_fields[] = {
	{.key = "link",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_fabric_override, link),
	 .help = "name of a link, NETWORK:FROM->TO; * stands for anything"},
	{.key = "bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_fabric_override, bandwidth_bps),
	 .min = 0,
	 .max = 1e18,
	 .help = "per direction; default: as built"},
	{.key = "latency",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_fabric_override, latency_s),
	 .min = -1,
	 .max = 3600,
	 .fallback = "-1 s",
	 .help = "default (negative): as built"},
	{.key = "state",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_fabric_override, down),
	 .fallback = "up",
	 .choices = states,
	 .help = "down: broken; messages take another way, or wait"},
};

static const struct dc_section override_section = {
	.name = "override",
	.doc = "links that differ",
	.size = sizeof(struct dc_fabric_override),
	DC_FIELDS(override_fields),
};

static const struct dc_field fabric_fields[] = {
	{.key = "networks",
	 .kind = DC_LIST,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct dc_fabric_config, networks),
	 .section = &network_section,
	 .help = "networks between accelerators"},
	{.key = "overrides",
	 .kind = DC_LIST,
	 .offset = offsetof(struct dc_fabric_config, overrides),
	 .section = &override_section,
	 .help = "links that differ"},
	{.key = "dimensions",
	 .kind = DC_LIST,
	 .flags = DC_SHORTHAND | DC_NON_EMPTY,
	 .family = &dc_topology_family,
	 .help = "short for one network of these dimensions"},
	{.key = "transport",
	 .kind = DC_CATALOGUE,
	 .flags = DC_SHORTHAND,
	 .catalogue = &dc_transport_family,
	 .help = "short for that network's"},
	{.key = "routing",
	 .kind = DC_SECTION,
	 .flags = DC_SHORTHAND,
	 .section = &routing_section,
	 .help = "short for that network's"},
	{.key = "links",
	 .kind = DC_PATH,
	 .flags = DC_SHORTHAND,
	 .help = "short for that network's"},
};

const struct dc_section dc_fabric_section = {
	.name = "fabric",
	.doc = "networks between accelerators",
	.size = sizeof(struct dc_fabric_config),
	DC_FIELDS(fabric_fields),
};

/* --- building --- */

static const uint64_t most_ranks = (uint64_t)1 << 32;

enum dc_status dc_fabric_add(struct dc_fabric *fabric, const struct dc_fabric_dimension *dimension)
{
	size_t i = fabric->count;
	uint64_t lines;

	if (!i)
		fabric->ranks = fabric->strides[0] = 1;
	if (i == DC_FABRIC_DIMENSIONS || dimension->size > most_ranks / fabric->ranks)
		return DC_ERR_RUN;
	fabric->dimensions[i] = *dimension;
	fabric->ranks *= dimension->size;
	fabric->strides[i + 1] = fabric->ranks;
	fabric->count++;
	/* A line of an inner dimension for every member of those outside it. */
	for (size_t d = 0; d < fabric->count; d++) {
		const struct dc_fabric_dimension *other = &fabric->dimensions[d];

		lines = dc_fabric_copies(fabric, d);
		fabric->first_link[d + 1] =
			fabric->first_link[d] + lines * other->type->links(other);
	}
	return DC_OK;
}

static enum dc_status add_dimensions(const struct dc_fabric_network *network,
				     const struct dc_tagged *tagged, struct dc_diag *diag,
				     struct dc_arena *arena, struct dc_fabric *fabric)
{
	const struct dc_topology_type *type = tagged->type->descriptor;
	/* Every section begins with its map. */
	const struct dc_node *node = *(const struct dc_node *const *)tagged->section;
	const struct dc_mark *mark = dc_node_mark(node, "size");
	struct dc_fabric_dimension dimensions[DC_FABRIC_DIMENSIONS];
	size_t count;
	enum dc_status status = type->expand(tagged->section, diag, arena, dimensions, &count);

	if (status)
		return status;
	for (size_t i = 0; i < count; i++) {
		if (!dimensions[i].transport)
			dimensions[i].transport = network->transport;
		if (dimensions[i].reduces && !dimensions[i].type->up)
			return dc_diag_error(diag, dc_node_mark(node, "reduce_in_network"),
					     "%s: reduce_in_network: has no switches that could",
					     type->name);
		if (fabric->count == DC_FABRIC_DIMENSIONS)
			return dc_diag_error(diag, mark,
					     "%s: size: with this the fabric has more than %d "
					     "dimensions",
					     type->name, DC_FABRIC_DIMENSIONS);
		if (dc_fabric_add(fabric, &dimensions[i]))
			return dc_diag_error(diag, mark,
					     "%s: size: with this the fabric has more than %llu "
					     "accelerators",
					     type->name, (unsigned long long)most_ranks);
	}
	return DC_OK;
}

/* The node is what the innermost dimensions join; a fabric of one node has no use for ports. */
static enum dc_status add_ports(const struct dc_fabric_nodes *nodes, struct dc_diag *diag,
				struct dc_fabric *fabric)
{
	size_t outside = 0;

	while (outside < fabric->count && fabric->strides[outside] < nodes->size)
		outside++;
	if (nodes->port_count && fabric->strides[outside] != nodes->size)
		return dc_diag_error(diag, dc_node_mark(nodes->node, "ports"),
				     "node group '%s': the fabric's dimensions cut nodes of %llu "
				     "accelerators; with ports, the innermost dimensions must join "
				     "just those",
				     nodes->name, (unsigned long long)nodes->size);
	for (size_t i = 0; i < nodes->port_count && outside < fabric->count; i++)
		if (dc_fabric_add_port(fabric, outside, &nodes->ports[i]))
			return dc_diag_error(diag, dc_node_mark(nodes->node, "ports"),
					     "node group '%s': too many kinds of ports",
					     nodes->name);
	return DC_OK;
}

/* Channels and a seed are the hash's: under another policy they would be read and forgotten. Their defaults,
 * written out, say nothing and pass. */
static enum dc_status check_routing(const struct dc_routing *routing, struct dc_diag *diag)
{
	const char *key = routing->channels != 1 ? "channels" : routing->seed != 1 ? "seed" : NULL;

	if (!routing->node || routing->policy == DC_ROUTING_ECMP || !key)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(routing->node, key),
			     "routing: '%s' has no effect on policy '%s'", key,
			     policies[routing->policy]);
}

enum dc_status dc_fabric_build(const struct dc_fabric_config *config,
			       const struct dc_fabric_nodes *nodes, struct dc_diag *diag,
			       struct dc_arena *arena, struct dc_fabric *fabric)
{
	const struct dc_fabric_network *network = config->networks.items;
	const struct dc_tagged *tagged;
	enum dc_status status;

	*fabric = (struct dc_fabric){.ranks = 1};
	if (config->networks.count == 0)
		return dc_diag_error(diag, dc_node_mark(config->node, "networks"),
				     "no network; expected one");
	if (config->networks.count > 1)
		return dc_diag_error(diag, dc_node_mark(config->node, "networks"),
				     "several networks are not supported yet; expected one");
	fabric->name = network->name;
	fabric->routing = network->routing;
	status = check_routing(&network->routing, diag);
	if (status)
		return status;
	tagged = network->dimensions.items;
	for (size_t i = 0; i < network->dimensions.count; i++) {
		status = add_dimensions(network, &tagged[i], diag, arena, fabric);

		if (status)
			return status;
	}
	if (nodes) {
		status = add_ports(nodes, diag, fabric);
		fabric->group = nodes->name;
		fabric->node_size = nodes->size;
		if (status)
			return status;
	}
	return dc_fabric_apply_overrides(config, diag, arena, fabric);
}

/* --- ranks and links by number --- */

uint64_t dc_fabric_coordinate(const struct dc_fabric *fabric, size_t dimension, uint64_t rank)
{
	return rank / fabric->strides[dimension] % fabric->dimensions[dimension].size;
}

uint64_t dc_fabric_line(const struct dc_fabric *fabric, size_t dimension, uint64_t rank)
{
	uint64_t stride = fabric->strides[dimension];

	return rank / fabric->strides[dimension + 1] * stride + rank % stride;
}

uint64_t dc_fabric_copies(const struct dc_fabric *fabric, size_t dimension)
{
	const struct dc_fabric_dimension *d = &fabric->dimensions[dimension];

	return d->shared ? 1 : fabric->ranks / d->size;
}

uint64_t dc_fabric_line_links(const struct dc_fabric *fabric, size_t dimension, uint64_t rank)
{
	const struct dc_fabric_dimension *d = &fabric->dimensions[dimension];
	uint64_t line = d->shared ? 0 : dc_fabric_line(fabric, dimension, rank);

	return fabric->first_link[dimension] + line * d->type->links(d);
}

uint64_t dc_fabric_rank_at(const struct dc_fabric *fabric, size_t dimension, uint64_t line,
			   uint64_t place)
{
	uint64_t stride = fabric->strides[dimension];

	return line / stride * fabric->strides[dimension + 1] + line % stride + place * stride;
}

uint64_t dc_fabric_links(const struct dc_fabric *fabric)
{
	uint64_t links = fabric->first_link[fabric->count];

	for (size_t i = 0; i < fabric->port_count; i++)
		links += 2 * fabric->ports[i].count *
			 (fabric->ranks / fabric->strides[fabric->outside]);
	return links;
}

enum dc_status dc_fabric_add_port(struct dc_fabric *fabric, size_t outside,
				  const struct dc_fabric_port *port)
{
	if (fabric->port_count == DC_FABRIC_PORTS || outside >= fabric->count || !port->count ||
	    port->count > most_ranks || !(port->bandwidth_bps > 0) ||
	    (fabric->port_count && fabric->outside != outside))
		return DC_ERR_RUN;
	fabric->outside = outside;
	fabric->ports[fabric->port_count++] = *port;
	return DC_OK;
}

static void describe_port(const struct dc_fabric *fabric, uint64_t number,
			  struct dc_fabric_link *link)
{
	uint64_t nodes = fabric->ranks / fabric->strides[fabric->outside];
	const struct dc_fabric_port *port = fabric->ports;

	number -= fabric->first_link[fabric->count];
	while (number >= 2 * port->count * nodes) {
		number -= 2 * port->count * nodes;
		port++;
	}
	*link = (struct dc_fabric_link){
		.bandwidth_bps = port->bandwidth_bps,
		.dimension = fabric->count - 1,
		.line = number / 2 / port->count,
		.from = number % 2,
		.to = 1 - number % 2,
		.port = port,
		.number = number / 2 % port->count,
	};
}

static void describe_link(const struct dc_fabric *fabric, uint64_t number,
			  struct dc_fabric_link *link)
{
	const struct dc_fabric_dimension *dimension;
	struct dc_line_link built;
	size_t d = 0;
	uint64_t links;

	while (d + 1 < fabric->count && number >= fabric->first_link[d + 1])
		d++;
	dimension = &fabric->dimensions[d];
	links = dimension->type->links(dimension);
	dimension->type->link(dimension, (number - fabric->first_link[d]) % links, &built);
	*link = (struct dc_fabric_link){
		.bandwidth_bps = built.bandwidth_bps,
		.latency_s = built.latency_s,
		.dimension = d,
		.line = (number - fabric->first_link[d]) / links,
		.from = built.from,
		.to = built.to,
	};
}

void dc_fabric_link(const struct dc_fabric *fabric, uint64_t number, struct dc_fabric_link *link)
{
	const struct dc_fabric_exception *exception;

	if (number >= fabric->first_link[fabric->count])
		describe_port(fabric, number, link);
	else
		describe_link(fabric, number, link);
	exception = dc_fabric_find_exception(fabric, number);
	if (exception) {
		link->bandwidth_bps = exception->bandwidth_bps;
		link->latency_s = exception->latency_s;
	}
}

uint64_t dc_fabric_neighbour(const struct dc_fabric *fabric, uint64_t rank, size_t dimension,
			     uint64_t step)
{
	uint64_t stride = fabric->strides[dimension], size = fabric->dimensions[dimension].size;
	uint64_t place = rank / stride % size;

	return rank - place * stride + (place + step) % size * stride;
}

dc_time dc_fabric_hop(const struct dc_fabric_dimension *dimension, double size_bytes)
{
	struct dc_route route = {0};
	double latency_s = 0, bandwidth_bps = (double)INFINITY;

	dimension->type->path(dimension, 0, 1 % dimension->size, 0, &route);
	for (size_t i = 0; i < route.count; i++) {
		struct dc_line_link link;

		dimension->type->link(dimension, route.links[i], &link);
		latency_s += link.latency_s;
		bandwidth_bps = fmin(bandwidth_bps, link.bandwidth_bps);
	}
	dc_route_fini(&route);
	return dc_time_from_s(latency_s + size_bytes / bandwidth_bps);
}
