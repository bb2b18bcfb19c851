/* Transports: field tables, what a message costs, closed forms. */
#include "fabric/transport.h"

#include <math.h>
#include <stddef.h>

const char *const dc_protocol_names[DC_PROTOCOLS + 1] = {"simple", "ll128", "ll", NULL};

static const struct dc_field protocol_fields[] = {
	{.key = "name",
	 .kind = DC_ENUM,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_transport_protocol, name),
	 .choices = dc_protocol_names,
	 .help = "how a message announces itself"},
	{.key = "factor",
	 .kind = DC_REAL,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_transport_protocol, factor),
	 .max = 1.0,
	 .fallback = "1",
	 .help = "its payload rate over the transport's efficiency"},
	{.key = "step",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_transport_protocol, step_s),
	 .max = 1.0,
	 .fallback = "0 s",
	 .help = "cost of every message at its end points"},
	{.key = "cap",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .offset = offsetof(struct dc_transport_protocol, cap_bps),
	 .max = 1e18,
	 .fallback = "0 B/s",
	 .help = "payload rate that one message cannot pass; 0: none"},
};

static const struct dc_section protocol_section = {
	.name = "transport protocol",
	.doc = "One way of handing over a message",
	.size = sizeof(struct dc_transport_protocol),
	DC_FIELDS(protocol_fields),
};

static const struct dc_field fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_transport, name),
	 .help = "name of the transport"},
	{.key = "description",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_transport, description),
	 .help = "one line for people"},
	{.key = "startup",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_TIME,
	 .offset = offsetof(struct dc_transport, startup_s),
	 .max = 1.0,
	 .fallback = "0 s",
	 .help = "once per collective, for each dimension with this transport"},
	{.key = "efficiency",
	 .kind = DC_REAL,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_transport, efficiency),
	 .max = 1.0,
	 .fallback = "1",
	 .help = "payload rate of a long stream over the nominal rate of the links"},
	{.key = "in_network",
	 .kind = DC_REAL,
	 .offset = offsetof(struct dc_transport, in_network),
	 .max = 1.0,
	 .fallback = "0",
	 .help = "the same where the switch reduces and multicasts; 0: it cannot"},
	{.key = "relay",
	 .kind = DC_REAL,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_transport, relay),
	 .max = 1.0,
	 .fallback = "1",
	 .help = "rate of a hop through another accelerator over that of a direct one"},
	{.key = "copy",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .offset = offsetof(struct dc_transport, copy_bps),
	 .max = 1e18,
	 .fallback = "0 B/s",
	 .help = "rate at which a member moves its own part between buffers; 0: free"},
	{.key = "protocols",
	 .kind = DC_LIST,
	 .offset = offsetof(struct dc_transport, protocols),
	 .section = &protocol_section,
	 .help = "ways of handing over a message; none: all of them, at no cost"},
};

const struct dc_section dc_transport_section = {
	.name = "transport",
	.doc = "What moving messages over a link technology costs",
	.size = sizeof(struct dc_transport),
	DC_FIELDS(fields),
};

const struct dc_catalogue_family dc_transport_family = {"transports", &dc_transport_section};

enum dc_status dc_transport_check(const struct dc_transport *transport, const struct dc_node *where,
				  struct dc_diag *diag)
{
	const struct dc_transport_protocol *protocols = transport->protocols.items;
	const struct dc_node *node = transport->node ? transport->node : where;
	enum dc_status status = DC_OK;
	bool seen[DC_PROTOCOLS] = {false};

	for (size_t i = 0; i < transport->protocols.count; i++) {
		if (seen[protocols[i].name])
			status = dc_diag_error(diag, dc_node_mark(protocols[i].node, "name"),
					       "name: the protocol '%s' is there twice",
					       dc_protocol_names[protocols[i].name]);
		seen[protocols[i].name] = true;
	}
	if (transport->protocols.count && !seen[DC_PROTOCOL_SIMPLE])
		status = dc_diag_error(diag, dc_node_mark(node, "protocols"),
				       "protocols: one must be 'simple', which long messages use");
	return status;
}

const struct dc_transport_protocol *dc_transport_protocol(const struct dc_transport *transport,
							  enum dc_protocol name)
{
	static const struct dc_transport_protocol free_of_cost[DC_PROTOCOLS] = {
		{.name = DC_PROTOCOL_SIMPLE, .factor = 1.0},
		{.name = DC_PROTOCOL_LL128, .factor = 1.0},
		{.name = DC_PROTOCOL_LL, .factor = 1.0},
	};
	const struct dc_transport_protocol *protocols = transport->protocols.items;

	if (!transport->protocols.count)
		return &free_of_cost[name];
	for (size_t i = 0; i < transport->protocols.count; i++)
		if (protocols[i].name == (int)name)
			return &protocols[i];
	return NULL;
}

double dc_transport_inflation(const struct dc_transport *transport,
			      const struct dc_transport_protocol *protocol, bool relayed,
			      double link_bps)
{
	double share =
		transport->efficiency * protocol->factor * (relayed ? transport->relay : 1.0);

	if (protocol->cap_bps > 0.0)
		return fmax(1.0 / share, link_bps / protocol->cap_bps);
	return 1.0 / share;
}

double dc_transport_inflation_in_network(const struct dc_transport *transport)
{
	return 1.0 / transport->in_network;
}

double dc_transport_copy_s(const struct dc_transport *transport, double part_bytes)
{
	return transport->copy_bps > 0.0 ? part_bytes / transport->copy_bps : 0.0;
}

double dc_transport_ring_s(const struct dc_transport *transport,
			   const struct dc_transport_protocol *protocol, unsigned members,
			   unsigned rings, bool relayed, double link_bps, double latency_s,
			   double size_bytes)
{
	double part_bytes = size_bytes / members;
	double inflation = dc_transport_inflation(transport, protocol, relayed, link_bps);
	double on_wire_s = part_bytes / rings * inflation / link_bps;

	if (members < 2)
		return 0.0;
	return transport->startup_s +
	       2.0 * (members - 1) * (latency_s + protocol->step_s + on_wire_s) +
	       2.0 * dc_transport_copy_s(transport, part_bytes);
}

double dc_transport_in_network_s(const struct dc_transport *transport,
				 const struct dc_transport_protocol *protocol, unsigned members,
				 double port_bps, double latency_s, double size_bytes)
{
	if (members < 2)
		return 0.0;
	return transport->startup_s + 2.0 * (latency_s + protocol->step_s) +
	       size_bytes * (1.0 + 1.0 / members) * dc_transport_inflation_in_network(transport) /
		       port_bps;
}

double dc_transport_pipeline_s(const struct dc_transport_stage *stages, size_t count,
			       double size_bytes, unsigned chunks)
{
	double chunk_bytes = size_bytes / chunks;
	double fill_s = 0.0, period_s = 0.0, busy_s = 0.0;

	for (size_t j = 0; j < count; j++) {
		double stage_s = stages[j].latency_s + chunk_bytes * stages[j].s_per_byte;
		double links_s = 0.0;

		for (size_t i = 0; i < count; i++)
			if (stages[i].resource == stages[j].resource)
				links_s += stages[i].latency_s + size_bytes * stages[i].s_per_byte;
		fill_s += stage_s;
		period_s = fmax(period_s, stage_s);
		busy_s = fmax(busy_s, links_s);
	}
	return fmax(fill_s + (chunks - 1) * period_s, busy_s);
}

unsigned dc_transport_pipeline_chunks(const struct dc_transport_stage *stages, size_t count,
				      double size_bytes, double *duration_s)
{
	unsigned best = 1;

	*duration_s = dc_transport_pipeline_s(stages, count, size_bytes, 1);
	for (unsigned chunks = 2; chunks <= DC_TRANSPORT_CHUNKS; chunks *= 2) {
		double tried_s = dc_transport_pipeline_s(stages, count, size_bytes, chunks);

		if (tried_s < *duration_s) {
			*duration_s = tried_s;
			best = chunks;
		}
	}
	return best;
}
