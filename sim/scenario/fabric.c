/* The site's network: its dimensions, and the ways out of its nodes. */
#include <string.h>

#include "scenario/scenario.h"

static enum dc_status add_nics(const struct dc_scenario_port *port, const char *network,
			       struct dc_diag *diag, struct dc_fabric_nodes *nodes)
{
	double bandwidth_bps = port->bandwidth_bps;

	if (strcmp(port->network, network) != 0)
		return dc_diag_error(diag, dc_node_mark(port->node, "network"),
				     "port: no network is called '%s'; expected '%s'",
				     port->network, network);
	if (!(bandwidth_bps > 0) && port->type)
		bandwidth_bps = port->type->bandwidth_bps;
	if (!(bandwidth_bps > 0))
		return dc_diag_error(diag, dc_node_mark(port->node, "bandwidth"),
				     "port: how fast? give 'bandwidth', or a 'type' that says it");
	nodes->ports[nodes->port_count++] = (struct dc_fabric_port){
		.name = "nic",
		.count = port->count,
		.bandwidth_bps = bandwidth_bps,
		.spread = port->affinity == 1,
	};
	return DC_OK;
}

static enum dc_status describe_nodes(const struct dc_scenario_group *group, const char *network,
				     struct dc_diag *diag, struct dc_fabric_nodes *nodes)
{
	const struct dc_scenario_host_link *link = group->host_link;

	*nodes = (struct dc_fabric_nodes){
		.node = group->node, .name = group->name, .size = group->accelerators.count};
	if (group->ports.count > 1)
		return dc_diag_error(
			diag, dc_node_mark(group->node, "ports"),
			"node group '%s': several kinds of ports are not supported yet; "
			"expected one",
			group->name);
	if (group->ports.count) {
		enum dc_status status = add_nics(group->ports.items, network, diag, nodes);

		if (status)
			return status;
	}
	if (!link)
		return DC_OK;
	if (group->accelerators.count % link->shared_by)
		return dc_diag_error(diag, dc_node_mark(link->node, "shared_by"),
				     "host link: %llu accelerators do not divide among links for "
				     "%llu",
				     (unsigned long long)group->accelerators.count,
				     (unsigned long long)link->shared_by);
	nodes->ports[nodes->port_count++] = (struct dc_fabric_port){
		.name = "pcie",
		.count = group->accelerators.count / link->shared_by,
		.bandwidth_bps = link->bandwidth_bps,
	};
	return DC_OK;
}

enum dc_status dc_scenario_build_fabric(const struct dc_scenario_site *site, struct dc_diag *diag,
					struct dc_arena *arena, struct dc_fabric *fabric)
{
	const struct dc_fabric_network *network = site->fabric.networks.items;
	struct dc_fabric_nodes nodes;
	enum dc_status status;

	if (!site->nodes.count || !site->fabric.networks.count)
		return dc_fabric_build(&site->fabric, NULL, diag, arena, fabric);
	status = describe_nodes(site->nodes.items, network->name, diag, &nodes);
	return status ? status : dc_fabric_build(&site->fabric, &nodes, diag, arena, fabric);
}
