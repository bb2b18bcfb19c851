/* Measures of a fabric: sums and least values over its dimensions. */
#include "fabric/measures.h"

#include <math.h>

static void add_parts(struct dc_topology_parts *sum, const struct dc_topology_parts *parts,
		      double lines, bool named)
{
	sum->switches += (uint64_t)lines * parts->switches;
	sum->cables += (uint64_t)lines * parts->cables;
	sum->modules += (uint64_t)lines * parts->modules;
	if (!named)
		return;
	sum->power_w += lines * parts->power_w;
	sum->price_usd += lines * parts->price_usd;
}

enum dc_status dc_fabric_measure(const struct dc_fabric *fabric,
				 struct dc_fabric_measures *measures)
{
	bool any = false;

	*measures = (struct dc_fabric_measures){.links = dc_fabric_links(fabric)};
	for (size_t i = 0; i < fabric->count; i++) {
		const struct dc_fabric_dimension *d = &fabric->dimensions[i];
		double lines = (double)dc_fabric_copies(fabric, i);
		double cut_bps = lines * d->type->bisection_bps(d);
		struct dc_topology_parts parts;
		bool named = d->device || d->optics;
		enum dc_status status = dc_topology_count_parts(d, &parts);

		if (status)
			return status;
		add_parts(&measures->parts, &parts, lines, named);
		any |= named;
		measures->diameter += d->type->diameter(d);
		if (d->size > 1 &&
		    (measures->bisection_bps <= 0 || cut_bps < measures->bisection_bps))
			measures->bisection_bps = cut_bps;
	}
	if (!any)
		measures->parts.power_w = measures->parts.price_usd = (double)NAN;
	return DC_OK;
}
