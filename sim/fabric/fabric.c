/* The fabric: its section, and its building. */
#include "fabric/fabric.h"

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
	{.key = "transport", .kind = DC_RESERVED, .help = "per-message cost and efficiency"},
	{.key = "routing", .kind = DC_RESERVED, .help = "policy, channels, seed"},
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

static const struct dc_field fabric_fields[] = {
	{.key = "networks",
	 .kind = DC_LIST,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .offset = offsetof(struct dc_fabric_config, networks),
	 .section = &network_section,
	 .help = "networks between accelerators"},
	{.key = "overrides", .kind = DC_RESERVED, .help = "links that differ"},
	{.key = "dimensions",
	 .kind = DC_LIST,
	 .flags = DC_SHORTHAND | DC_NON_EMPTY,
	 .family = &dc_topology_family,
	 .help = "short for one network of these dimensions"},
	{.key = "transport",
	 .kind = DC_RESERVED,
	 .flags = DC_SHORTHAND,
	 .help = "short for that network's"},
	{.key = "routing",
	 .kind = DC_RESERVED,
	 .flags = DC_SHORTHAND,
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

static const uint64_t most_ranks = (uint64_t)1 << 32;

static enum dc_status add_dimensions(const struct dc_tagged *tagged, struct dc_diag *diag,
				     struct dc_fabric *fabric)
{
	const struct dc_topology_type *type = tagged->type->descriptor;
	/* Every section begins with its map. */
	const struct dc_mark *mark =
		dc_node_mark(*(const struct dc_node *const *)tagged->section, "size");
	struct dc_fabric_dimension dimensions[DC_FABRIC_DIMENSIONS];
	size_t count = type->expand(tagged->section, dimensions);

	if (count == 0)
		return dc_diag_error(diag, mark, "%s: size: expected whole numbers", type->name);
	if (fabric->count + count > DC_FABRIC_DIMENSIONS)
		return dc_diag_error(diag, mark,
				     "%s: size: with this the fabric has more than %d dimensions",
				     type->name, DC_FABRIC_DIMENSIONS);
	for (size_t i = 0; i < count; i++) {
		if (dimensions[i].size > most_ranks / fabric->ranks)
			return dc_diag_error(diag, mark,
					     "%s: size: with this the fabric has more than %llu "
					     "accelerators",
					     type->name, (unsigned long long)most_ranks);
		fabric->ranks *= dimensions[i].size;
		fabric->dimensions[fabric->count++] = dimensions[i];
	}
	return DC_OK;
}

enum dc_status dc_fabric_build(const struct dc_fabric_config *config, struct dc_diag *diag,
			       struct dc_fabric *fabric)
{
	const struct dc_fabric_network *network = config->networks.items;
	const struct dc_tagged *tagged;

	*fabric = (struct dc_fabric){.ranks = 1};
	if (config->networks.count == 0)
		return dc_diag_error(diag, dc_node_mark(config->node, "networks"),
				     "no network; expected one");
	if (config->networks.count > 1)
		return dc_diag_error(diag, dc_node_mark(config->node, "networks"),
				     "several networks are not supported yet; expected one");
	tagged = network->dimensions.items;
	for (size_t i = 0; i < network->dimensions.count; i++) {
		enum dc_status status = add_dimensions(&tagged[i], diag, fabric);

		if (status)
			return status;
	}
	return DC_OK;
}

uint64_t dc_fabric_neighbour(const struct dc_fabric *fabric, uint64_t rank, size_t dimension,
			     uint64_t step)
{
	uint64_t stride = 1;
	uint64_t size = fabric->dimensions[dimension].size;
	uint64_t place;

	for (size_t i = 0; i < dimension; i++)
		stride *= fabric->dimensions[i].size;
	place = rank / stride % size;
	return rank - place * stride + (place + step) % size * stride;
}

dc_time dc_fabric_hop(const struct dc_fabric_dimension *dimension, double size_bytes)
{
	return dc_time_from_s(dimension->links_per_hop * dimension->link_latency_s +
			      size_bytes / dimension->bandwidth_bps);
}
