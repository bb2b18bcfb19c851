/* Transports: what moving messages over a link technology costs beyond its nominal rate and latency.
 *
 * A link's sheet says B and L; a collective on it takes longer, for reasons at the end points: code
 * that copies, flags that are polled, kernels that start. One transport has one set of constants,
 * whatever the operation, size and group; a fabric dimension names one (default `ideal`: none of it).
 *
 *   startup     once per collective and dimension that it spans: launching the kernel (inside a
 *               node), waking the network's proxy (between nodes)
 *   efficiency  payload rate of a long stream over the nominal rate of the links: headers, and what
 *               the copying threads sustain
 *   in_network  the same for reduction in the switch (NVLS, SHARP); 0: the switch cannot
 *   relay       rate of a hop through another accelerator's memory over that of a direct one
 *   copy        rate at which a member moves its own part S/p between the caller's buffer and the
 *               transport's: once in a reduce-scatter, once in an all-gather, twice in an all-reduce;
 *               0: free
 *   protocols   how a message announces itself; a collective uses one of those that all its
 *               dimensions have, the cheapest:
 *     step      cost of every message beside links and bytes: the receiver sees it, reduces, sends on
 *     factor    payload rate over that of `simple` (LL: 4 data bytes with 4 of flag, and stores of 8
 *               bytes; LL128: 120 of 128 bytes)
 *     cap       most payload one message carries per second (LL: one thread block polls); 0: none
 *
 * So a message of m bytes takes L + step + m / (B efficiency factor) when it is alone. `simple`
 * hands over whole buffers behind a flag, `ll` (low latency) pairs each 4 bytes with a flag, `ll128`
 * each 120 [NCCL, src/graph/tuning.cc; Hu et al. 2025, "Demystifying NCCL", sec. 3]. The constants
 * are fitted to published measurements by tests/validation/collectives/fit_transports.py, which says
 * how; where none exist they are NCCL's own or estimates, and the entry says so.
 *
 * Ownership: transports live in the arena of the configuration they were read through. */
#ifndef DC_FABRIC_TRANSPORT_H
#define DC_FABRIC_TRANSPORT_H

#include <stdbool.h>

#include "base/diag.h"
#include "config/fields.h"

enum dc_protocol { DC_PROTOCOL_SIMPLE, DC_PROTOCOL_LL128, DC_PROTOCOL_LL, DC_PROTOCOLS };

extern const char *const dc_protocol_names[DC_PROTOCOLS + 1]; /* NULL-terminated */

struct dc_transport_protocol {
	const struct dc_node *node;
	int name; /* enum dc_protocol */
	double factor;
	double step_s;
	double cap_bps; /* of the payload; 0: none */
};

struct dc_transport {
	const struct dc_node *node;
	const char *name;
	const char *description;
	double startup_s;
	double efficiency;
	double in_network; /* 0: cannot */
	double relay;
	double copy_bps; /* 0: free */
	struct dc_list
		protocols; /* of struct dc_transport_protocol; empty: any of them, at no cost */
};

extern const struct dc_section dc_transport_section;
extern const struct dc_catalogue_family dc_transport_family; /* catalog/transports */

/* What field rows cannot say: a protocol only once, `simple` among them when there are any.
 * where: the node to point at when the transport has none of its own; may be NULL. */
enum dc_status dc_transport_check(const struct dc_transport *transport, const struct dc_node *where,
				  struct dc_diag *diag) DC_CHECK;

/* The protocol of that name; NULL when the transport does not have it. */
const struct dc_transport_protocol *dc_transport_protocol(const struct dc_transport *transport,
							  enum dc_protocol name);

/* How much of a link a payload takes: wire bytes over payload bytes, >= 1. The fluid solver works in
 * wire bytes, at nominal rates. relayed: the hop goes through another accelerator. link_bps: nominal
 * rate of the link, > 0; a protocol's cap counts as so many more bytes, which is the same for a message
 * alone on its link and spares the solver a cap. */
double dc_transport_inflation(const struct dc_transport *transport,
			      const struct dc_transport_protocol *protocol, bool relayed,
			      double link_bps);
/* The same for reduction in the switch; in_network must not be 0. */
double dc_transport_inflation_in_network(const struct dc_transport *transport);
/* Seconds a member takes to move its own part of part_bytes once; 0 when that is free. */
double dc_transport_copy_s(const struct dc_transport *transport, double part_bytes);

/* --- Closed forms, for groups alone on their links ---------------------------------------------- */

/* Ring all-reduce of size_bytes >= 0 over members >= 1 on `rings` >= 1 link-disjoint rings, each of
 * links of link_bps > 0 and latency_s per hop [s]:
 *
 *     startup + 2(p-1) (L + step + S/(p R) i / B) + 2 S/(p copy)
 *
 * with i the inflation [Thakur et al. 2005, sec. 4, with the transport's terms]. One member: 0. */
double dc_transport_ring_s(const struct dc_transport *transport,
			   const struct dc_transport_protocol *protocol, unsigned members,
			   unsigned rings, bool relayed, double link_bps, double latency_s,
			   double size_bytes);

/* All-reduce by a switch that reduces and multicasts [s]: every member sends S and receives its part
 * S/p reduced, sends that and receives S; both ways of a port carry S (1 + 1/p):
 *
 *     startup + 2 (L + step) + S (1 + 1/p) / (B in_network)
 *
 * with L the latency between two members, up to the switch and down
 * [NVLink SHARP; Graham et al. 2016, SHARP]. in_network must not be 0; one member: 0. */
double dc_transport_in_network_s(const struct dc_transport *transport,
				 const struct dc_transport_protocol *protocol, unsigned members,
				 double port_bps, double latency_s, double size_bytes);

/* One stage of a pipeline of chunks. */
struct dc_transport_stage {
	unsigned resource; /* stages of one number share their links */
	double latency_s;  /* of one chunk, whatever its size */
	double s_per_byte; /* of the whole vector's bytes in the chunk, alone on the links */
};

enum { DC_TRANSPORT_CHUNKS = 1024 }; /* that a pipeline has at most */

/* A vector of size_bytes through `count` stages in equal chunks [s], each starting a stage when it
 * has left the one before and the chunk ahead has left this one. With c = S/K for K chunks, the longer
 * of the slowest stage's beat and the busiest links' work:
 *
 *     max(sum_j (l_j + c w_j) + (K - 1) max_j (l_j + c w_j),  max over links of sum (l_j + S w_j))
 *
 * Exact for stages on links of their own [pipelining, e.g. Sanders, Speck & Traff 2009]; where stages
 * share links it leaves out how they delay each other, up to 4 % of a stepwise run at the best K.
 * 1 <= chunks. */
double dc_transport_pipeline_s(const struct dc_transport_stage *stages, size_t count,
			       double size_bytes, unsigned chunks);
/* The cheapest power of two of chunks, at most DC_TRANSPORT_CHUNKS; *duration_s its duration. */
unsigned dc_transport_pipeline_chunks(const struct dc_transport_stage *stages, size_t count,
				      double size_bytes, double *duration_s);

#endif
