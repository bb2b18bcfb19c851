/* The list of collective algorithms, and what they are asked. */
#include "fabric/algorithm.h"

#include <string.h>

const struct dc_algorithm_type *const dc_algorithms[] = {
	&dc_algorithm_ring,
	&dc_algorithm_ring_bidirectional,
	&dc_algorithm_ring_flat,
	&dc_algorithm_rings,
	&dc_algorithm_torus,
	&dc_algorithm_hierarchical,
	&dc_algorithm_in_network,
	&dc_algorithm_double_tree,
	&dc_algorithm_tree,
	&dc_algorithm_chain,
	&dc_algorithm_scatter_gather,
	&dc_algorithm_halving_doubling,
	&dc_algorithm_recursive_doubling,
	&dc_algorithm_direct,
	&dc_algorithm_direct_at_once,
	&dc_algorithm_pairwise,
	&dc_algorithm_bruck,
	&dc_algorithm_two_level,
	&dc_algorithm_parameter_server,
	&dc_algorithm_dissemination,
	&dc_algorithm_send,
	NULL,
};

static const char *const operations[DC_OPERATIONS] = {
	[DC_OPERATION_ALL_REDUCE] = "all-reduce", [DC_OPERATION_REDUCE_SCATTER] = "reduce-scatter",
	[DC_OPERATION_ALL_GATHER] = "all-gather", [DC_OPERATION_BROADCAST] = "broadcast",
	[DC_OPERATION_REDUCE] = "reduce",         [DC_OPERATION_GATHER] = "gather",
	[DC_OPERATION_SCATTER] = "scatter",       [DC_OPERATION_ALL_TO_ALL] = "all-to-all",
	[DC_OPERATION_BARRIER] = "barrier",       [DC_OPERATION_SEND] = "send",
};

const struct dc_algorithm_type *dc_algorithm_find(const char *name)
{
	for (size_t i = 0; dc_algorithms[i]; i++)
		if (strcmp(dc_algorithms[i]->name, name) == 0)
			return dc_algorithms[i];
	return NULL;
}

bool dc_algorithm_fits(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
		       const struct dc_group *group, const struct dc_request *request,
		       const char **why)
{
	const char *reason = NULL;
	bool fits = true;

	if (group->size < 2)
		reason = "a group of one has nobody to talk to";
	else if (!(type->operations & 1u << request->operation))
		reason = "it cannot do this operation";
	else if (type->fits)
		fits = type->fits(fabric, group, request, &reason);
	if (why)
		*why = reason;
	return fits && !reason;
}

bool dc_algorithm_is_automatic(const struct dc_algorithm_type *type, const struct dc_fabric *fabric,
			       const struct dc_group *group, enum dc_operation operation)
{
	return (type->automatic & 1u << operation) &&
	       (!type->is_customary || type->is_customary(fabric, group));
}

const char *dc_operation_name(enum dc_operation operation)
{
	return operations[operation];
}

enum dc_operation dc_operation_find(const char *name)
{
	int i = 0;

	while (i < DC_OPERATIONS && strcmp(operations[i], name) != 0)
		i++;
	return (enum dc_operation)i;
}

double dc_operation_bus_factor(enum dc_operation operation, uint64_t members)
{
	double p = (double)members;

	switch (operation) {
	case DC_OPERATION_ALL_REDUCE:
		return 2 * (p - 1) / p;
	case DC_OPERATION_REDUCE_SCATTER:
	case DC_OPERATION_ALL_GATHER:
	case DC_OPERATION_ALL_TO_ALL:
	case DC_OPERATION_GATHER:
	case DC_OPERATION_SCATTER:
		return (p - 1) / p;
	default:
		return 1;
	}
}

double dc_operation_least_bytes(enum dc_operation operation, double size_bytes, uint64_t members)
{
	if (members < 2 || operation == DC_OPERATION_BARRIER)
		return 0;
	return size_bytes * dc_operation_bus_factor(operation, members);
}
