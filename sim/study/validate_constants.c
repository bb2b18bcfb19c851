/* The constants behind measured collectives: values of the transports used, and what is physical.
 *
 * Ranges. Startup: launching a kernel takes 3 to 10 us and the benchmark's synchronisation as much again;
 * waking a proxy thread and a NIC up to 30 us. Steps: NCCL's latencies of a hop from ring to tree
 * [NVIDIA/nccl, src/graph/tuning.cc]: inside a node 0.47 (LL), 1.2 to 1.9 (LL128), 3.4 to 28 us (simple), between
 * nodes 2.7 to 5, 4 to 8.5, 9.6 to 50. Efficiency: half the nominal rate to all of it; for sums by the switch from
 * 0.4, reads and writes of memory there sharing the port. Copies: by a part of the memory's bandwidth, up to HBM3e's. Cap of
 * LL: 39 GB/s over 12 to 16 channels is 2.4 to 3.2 [the same, llMaxBws]. The fit keeps to the same ranges
 * (tests/validation/collectives/fit_transports.py). */
#include <string.h>

#include "study/validation.h"

enum dc_status dc_validation_use_transport(struct dc_validation *validation,
					   const struct dc_transport *transport, bool between)
{
	/* The ideal one has none. */
	if (!transport->protocols.count)
		return DC_OK;
	for (size_t i = 0; i < validation->use_count; i++)
		if (strcmp(validation->uses[i].transport->name, transport->name) == 0)
			return DC_OK;
	if (validation->use_count == DC_VALIDATION_TRANSPORTS)
		return DC_ERR_RUN;
	validation->uses[validation->use_count++] = (struct dc_validation_use){transport, between};
	return DC_OK;
}

struct list {
	struct dc_validation_constant *constants;
	size_t count;
	const struct dc_validation_use *use;
};

static void add(struct list *list, const char *name, double value, const char *unit, double low,
		double high)
{
	if (list->count < DC_VALIDATION_CONSTANTS)
		list->constants[list->count++] = (struct dc_validation_constant){
			list->use->transport->name, name, unit, value, low, high};
}

static void add_protocol(struct list *list, const struct dc_transport_protocol *protocol)
{
	static const char *const names[DC_PROTOCOLS] = {"step of simple", "step of ll128",
							"step of ll"};
	static const double inside[DC_PROTOCOLS][2] = {{3.4, 28}, {1.2, 4}, {0.4, 4}};
	static const double between[DC_PROTOCOLS][2] = {{9.6, 50}, {4, 25}, {2.7, 10}};
	/* No kernel threads, which all with several protocols have: an engine's descriptor. */
	static const double engine[2] = {0.1, 10};
	const double *range = list->use->between ? between[protocol->name] : inside[protocol->name];

	if (list->use->transport->protocols.count == 1)
		range = engine;

	add(list, names[protocol->name], protocol->step_s * 1e6, "us", range[0], range[1]);
	if (protocol->cap_bps > 0)
		add(list, "cap of ll", protocol->cap_bps / 1e9, "GB/s", 0.3, 4);
}

size_t dc_validation_constants(const struct dc_validation_use *use,
			       struct dc_validation_constant constants[DC_VALIDATION_CONSTANTS])
{
	const struct dc_transport *transport = use->transport;
	const struct dc_transport_protocol *protocols = transport->protocols.items;
	struct list list = {constants, 0, use};

	add(&list, "startup", transport->startup_s * 1e6, "us", use->between ? 1 : 5,
	    use->between ? 30 : 60);
	add(&list, "efficiency", transport->efficiency, "", 0.5, 1);
	if (transport->in_network > 0)
		add(&list, "in_network", transport->in_network, "", 0.4, 1);
	if (transport->relay < 1)
		add(&list, "relay", transport->relay, "", 0.5, 1);
	if (transport->copy_bps > 0)
		add(&list, "copy", transport->copy_bps / 1e9, "GB/s", 400, 8000);
	for (size_t i = 0; i < transport->protocols.count; i++)
		add_protocol(&list, &protocols[i]);
	return list.count;
}
