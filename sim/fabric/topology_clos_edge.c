/* Switches in tiers: how the ports of a switch are shared out, and said. */
#include <math.h>
#include <stdio.h>

#include "fabric/topology_clos.h"

enum dc_status dc_topology_clos_radix(struct dc_topology_common *common, uint64_t given,
				      struct dc_diag *diag, uint64_t *radix)
{
	enum dc_status status = dc_topology_resolve(common, diag);
	uint64_t ports = 0;

	if (status)
		return status;
	if (common->device) {
		ports = dc_fabric_switch_ports(common->device, common->bandwidth_bps);
		if (!ports) {
			char text[64];

			dc_units_format(common->device->bandwidth_bps, DC_DIM_BANDWIDTH, text,
					sizeof text);
			return dc_diag_error(diag, dc_node_mark(common->node, "bandwidth"),
					     "%s: bandwidth: a port of '%s' carries %s",
					     common->topology, common->device->name, text);
		}
	}
	*radix = given ? given : ports;
	if (ports && given > ports)
		return dc_diag_error(diag, dc_node_mark(common->node, "radix"),
				     "%s: radix: the switch has %llu ports of that bandwidth",
				     common->topology, (unsigned long long)ports);
	return DC_OK;
}

enum dc_status dc_topology_clos_share(struct dc_topology_clos_edge *edge, struct dc_diag *diag)
{
	double down_bps = (double)edge->down * edge->bandwidth_bps;
	double ratio = edge->oversubscription > 0 ? edge->oversubscription : 1;
	double up_bps = down_bps / ratio;
	double most_bps =
		edge->uplink_bandwidth_bps > 0 ? edge->uplink_bandwidth_bps : edge->bandwidth_bps;

	if (edge->uplinks && edge->oversubscription > 0 && edge->uplink_bandwidth_bps > 0) {
		double given_bps = (double)edge->uplinks * most_bps;

		if (fabs(given_bps - up_bps) > 1e-9 * up_bps)
			return dc_diag_error(
				diag, dc_node_mark(edge->node, "oversubscription"),
				"%s: oversubscription: %llu links down and %llu uplinks make it %g; "
				"leave out one of oversubscription, uplinks and uplink_bandwidth",
				edge->name, (unsigned long long)edge->down,
				(unsigned long long)edge->uplinks, down_bps / given_bps);
	}
	if (edge->uplinks) {
		/* The count alone says the ratio; with the ratio it says the bandwidth. */
		if (edge->oversubscription > 0 && edge->uplink_bandwidth_bps <= 0)
			edge->uplink_bandwidth_bps = up_bps / (double)edge->uplinks;
		else
			edge->uplink_bandwidth_bps = most_bps;
	} else {
		edge->uplinks = (uint64_t)fmax(1, ceil(up_bps / most_bps * (1 - 1e-12)));
		if (edge->uplink_bandwidth_bps <= 0)
			edge->uplink_bandwidth_bps = up_bps / (double)edge->uplinks;
	}
	edge->oversubscription = down_bps / ((double)edge->uplinks * edge->uplink_bandwidth_bps);
	return DC_OK;
}

uint64_t dc_topology_clos_fewest(uint64_t uplinks, uint64_t children, uint64_t radix)
{
	if (radix == 0)
		return uplinks;
	for (uint64_t above = 1; above <= uplinks; above++)
		if (uplinks % above == 0 && children <= radix / (uplinks / above))
			return above;
	return 0;
}

void dc_topology_clos_words(const struct dc_fabric_dimension *dimension, char *text, size_t size)
{
	const struct dc_topology_clos *clos = dimension->shape;
	size_t length = 0;

	for (size_t i = 0; i < clos->count && length < size; i++) {
		const struct dc_topology_clos_tier *tier = &clos->tiers[i];
		const struct dc_topology_clos_tier *up = i + 1 < clos->count ? tier + 1 : NULL;
		uint64_t end = dimension->size + clos->switches;
		uint64_t switches = (up ? up->first_vertex : end) - tier->first_vertex;
		char bandwidth[64];

		length += (size_t)snprintf(text + length, size - length,
					   "%s%llu switch%s with %llu down", i ? ", " : "",
					   (unsigned long long)switches, switches == 1 ? "" : "es",
					   (unsigned long long)(tier->children * tier->cables));
		if (!up || length >= size)
			continue;
		dc_units_human(up->bandwidth_bps, DC_DIM_BANDWIDTH, bandwidth, sizeof bandwidth);
		length +=
			(size_t)snprintf(text + length, size - length, " and %llu up at %s",
					 (unsigned long long)(up->parents * up->cables), bandwidth);
	}
}
