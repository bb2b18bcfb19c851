/* Running collectives by themselves: the network alone, without nodes or facility.
 *
 * Every size of every item of groups is a row of the record interface (/collectives); the summary comes at
 * the end. Bytes are balanced then: what links have carried is what messages had to carry over them, or
 * the run fails. */
#ifndef DC_SCENARIO_NETWORK_COLLECTIVES_H
#define DC_SCENARIO_NETWORK_COLLECTIVES_H

#include "scenario/simulation.h"

/* The summary's scalars, in the order of dc_simulation_collective_summary. */
enum dc_simulation_collective_scalar {
	DC_COLLECTIVES_DURATION_S,
	DC_COLLECTIVES_RANKS,
	DC_COLLECTIVES_OPERATIONS,
	DC_COLLECTIVES_SENT_BYTES,
	DC_COLLECTIVES_WIRE_BYTES,
	DC_COLLECTIVES_SHORTEST_S,
	DC_COLLECTIVES_ALGBW_MAX_BPS,
	DC_COLLECTIVES_BUSBW_MAX_BPS,
	DC_COLLECTIVES_BUSBW_MEAN_BPS,
	DC_COLLECTIVES_BYTES_RESIDUAL,
	DC_COLLECTIVES_SCALARS,
};

_Static_assert((int)DC_COLLECTIVES_SCALARS <= (int)DC_SIMULATION_SCALARS,
	       "a result holds either summary");

extern const struct dc_scalar dc_simulation_collective_summary[DC_COLLECTIVES_SCALARS];

/* As dc_simulation_run(), for a datacenter that has collectives. exact: every message for itself. */
enum dc_status dc_simulation_collectives_run(const struct dc_datacenter *datacenter,
					     struct dc_diag *diag,
					     const struct dc_simulation_options *options,
					     struct dc_record_sink *sink,
					     struct dc_simulation_result *result) DC_CHECK;

#endif
