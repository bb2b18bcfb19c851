/* Parts of a line: whether switches and optics serve its links, and how many there are. */
#include <math.h>
#include <stdlib.h>

#include "fabric/topology.h"

/* Ports of each switch, or modules at each, that its links take, in an array the caller frees; NULL when
 * out of memory or there are no switches. */
static double *count_taken(const struct dc_fabric_dimension *dimension, bool modules)
{
	const struct dc_topology_type *type = dimension->type;
	uint64_t switches = type->switches(dimension), links = type->links(dimension);
	double *taken = switches ? calloc(switches, sizeof *taken) : NULL;

	for (uint64_t i = 0; taken && i < links; i++) {
		struct dc_line_link link;

		type->link(dimension, i, &link);
		if (link.from < dimension->size)
			continue;
		taken[link.from - dimension->size] +=
			1 / (double)(modules ? dc_fabric_optics_split(dimension->optics,
								      link.bandwidth_bps)
					     : dc_fabric_switch_split(dimension->device,
								      link.bandwidth_bps));
	}
	return taken;
}

/* The widest link. */
static double widest_bps(const struct dc_fabric_dimension *dimension)
{
	const struct dc_topology_type *type = dimension->type;
	double most_bps = dimension->bandwidth_bps;

	for (uint64_t i = type->links(dimension); i-- > 0 && type->switches(dimension);) {
		struct dc_line_link link;

		type->link(dimension, i, &link);
		most_bps = fmax(most_bps, link.bandwidth_bps);
	}
	return most_bps;
}

static enum dc_status check_ports(const struct dc_topology_common *common,
				  const struct dc_fabric_dimension *dimension, struct dc_diag *diag)
{
	const struct dc_mark *mark = dc_node_mark(common->node, "size");
	uint64_t switches = dimension->type->switches(dimension);
	double *taken = count_taken(dimension, false), most = 0;

	if (!taken)
		return DC_ERR_MEMORY;
	for (uint64_t i = 0; i < switches; i++)
		most = fmax(most, taken[i]);
	free(taken);
	if (most <= (double)common->device->ports * (1 + 1e-9))
		return DC_OK;
	return dc_diag_error(diag, mark, "%s: size: a switch needs %.0f ports; '%s' has %llu",
			     common->topology, ceil(most), common->device->name,
			     (unsigned long long)common->device->ports);
}

/* Refuses what carries less than a link. */
static enum dc_status refuse_slow(const struct dc_topology_common *common, const char *key,
				  const char *name, double bandwidth_bps, double link_bps,
				  struct dc_diag *diag)
{
	char carried[64], needed[64];

	dc_units_format(bandwidth_bps, DC_DIM_BANDWIDTH, carried, sizeof carried);
	dc_units_format(link_bps, DC_DIM_BANDWIDTH, needed, sizeof needed);
	return dc_diag_error(diag, dc_node_mark(common->node, key),
			     "%s: %s: '%s' carries %s, less than the %s of a link",
			     common->topology, key, name, carried, needed);
}

enum dc_status dc_topology_check_parts(const struct dc_topology_common *common,
				       const struct dc_fabric_dimension *dimension,
				       struct dc_diag *diag)
{
	const struct dc_fabric_switch *device = common->device;
	const struct dc_fabric_optics *optics = common->optics;
	double most_bps;

	if (!device && !optics)
		return DC_OK;
	if (device && !dimension->type->switches(dimension))
		return dc_diag_error(diag, dc_node_mark(common->node, "switch"),
				     "%s: switch: it has no switches", common->topology);
	most_bps = widest_bps(dimension);
	if (optics && !dc_fabric_optics_split(optics, most_bps))
		return refuse_slow(common, "optics", optics->name, optics->bandwidth_bps, most_bps,
				   diag);
	if (!device)
		return DC_OK;
	if (!dc_fabric_switch_split(device, most_bps))
		return refuse_slow(common, "switch", device->name, device->bandwidth_bps, most_bps,
				   diag);
	return check_ports(common, dimension, diag);
}

/* A module at a terminal serves its one link; those at a switch are shared as far as they go. */
static enum dc_status count_modules(const struct dc_fabric_dimension *dimension, uint64_t *modules)
{
	const struct dc_topology_type *type = dimension->type;
	uint64_t switches = type->switches(dimension), links = type->links(dimension);
	double *taken;

	*modules = 0;
	for (uint64_t i = 0; i < links; i++) {
		struct dc_line_link link;

		type->link(dimension, i, &link);
		*modules += link.from < dimension->size;
	}
	if (!switches)
		return DC_OK;
	taken = count_taken(dimension, true);
	if (!taken)
		return DC_ERR_MEMORY;
	for (uint64_t i = 0; i < switches; i++)
		*modules += (uint64_t)ceil(taken[i] * (1 - 1e-9));
	free(taken);
	return DC_OK;
}

/* times x of each, not known where one of it is negative. */
static double all_of(uint64_t times, double of_each)
{
	return of_each < 0 ? (double)NAN : (double)times * of_each;
}

enum dc_status dc_topology_count_parts(const struct dc_fabric_dimension *dimension,
				       struct dc_topology_parts *parts)
{
	const struct dc_fabric_switch *device = dimension->device;
	const struct dc_fabric_optics *optics = dimension->optics;
	bool named = device || optics;

	*parts = (struct dc_topology_parts){
		.switches = dimension->type->switches(dimension),
		.cables = dimension->type->links(dimension) / 2,
		.power_w = named ? 0 : (double)NAN,
		.price_usd = named ? 0 : (double)NAN,
	};
	if (device) {
		parts->power_w += all_of(parts->switches, device->power_w);
		parts->price_usd += all_of(parts->switches, device->price_usd);
	}
	if (optics && optics->kind == DC_FABRIC_OPTICS_CABLE) {
		parts->modules = parts->cables;
		parts->power_w += all_of(2 * parts->cables, optics->power_w);
		parts->price_usd += all_of(parts->cables, optics->price_usd);
	} else if (optics) {
		enum dc_status status = count_modules(dimension, &parts->modules);

		parts->power_w += all_of(parts->modules, optics->power_w);
		parts->price_usd += all_of(parts->modules, optics->price_usd);
		return status;
	}
	return DC_OK;
}
