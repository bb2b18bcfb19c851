/* Running a network alone: flows over links or dimensions, without nodes or facility.
 *
 * Every flow that ends is a row of the record interface; the summary comes at the end. Bytes are
 * balanced then: what links have carried is what flows have sent over them, or the run fails. */
#ifndef DC_SCENARIO_NETWORK_RUN_H
#define DC_SCENARIO_NETWORK_RUN_H

#include "scenario/simulation.h"

/* The summary's scalars, in the order of dc_simulation_network_summary. */
enum dc_simulation_network_scalar {
	DC_NETWORK_DURATION_S,
	DC_NETWORK_FLOWS,
	DC_NETWORK_FLOWS_UNFINISHED,
	DC_NETWORK_BYTES,
	DC_NETWORK_THROUGHPUT_BPS,
	DC_NETWORK_COMPLETION_MEAN_S,
	DC_NETWORK_COMPLETION_MEDIAN_S,
	DC_NETWORK_COMPLETION_P99_S,
	DC_NETWORK_COMPLETION_MAX_S,
	DC_NETWORK_BUSIEST_LINK,
	DC_NETWORK_BUSIEST_UTILIZATION,
	DC_NETWORK_BYTES_RESIDUAL,
	DC_NETWORK_SCALARS,
};

_Static_assert((int)DC_NETWORK_SCALARS <= (int)DC_SIMULATION_SCALARS,
	       "a result holds either summary");

extern const struct dc_scalar dc_simulation_network_summary[DC_NETWORK_SCALARS];

/* As dc_simulation_run(), for a datacenter that has traffic. exact changes nothing: every flow is
 * simulated for itself in any case. */
enum dc_status dc_simulation_network_run(const struct dc_datacenter *datacenter,
					 struct dc_diag *diag,
					 const struct dc_simulation_options *options,
					 struct dc_record_sink *sink,
					 struct dc_simulation_result *result) DC_CHECK;

#endif
