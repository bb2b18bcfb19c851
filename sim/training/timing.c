/* What the executor needs to know about the software and the accelerators. */
#include "training/timing.h"

#include <math.h>

/* Host and device work side by side: in a phase of one micro-batch the longer of the two dominates, and neither is
 * hidden wholly. Between 1 (in turns) and large (the longer alone). Fitted with the launch times of catalog/software
 * (tests/validation/training). */
static const double launch_exponent = 2.2;

/* Launches by which the hosts of ranks are apart when they meet in a collective within a pass (the same fits). */
static const double launches_apart = 2.5;

void dc_training_timing(const struct dc_training_workload *workload, double nodes, bool jitter,
			struct dc_machine *machine)
{
	const struct dc_software *software = dc_software_of(workload->software);
	const struct dc_accelerator_efficiency *efficiency = &machine->accelerator->efficiency;

	machine->launch_s = dc_software_launch_s(software);
	machine->launch_exponent = launch_exponent;
	machine->contention = workload->parallelism.zero >= 2 ? efficiency->contention : 0;
	machine->exchange = efficiency->exchange;
	machine->meeting_s = launches_apart * software->host.launch_s;
	machine->send_s = efficiency->send_s;
	machine->stretch = 1;
	if (jitter && nodes > 1)
		machine->stretch += efficiency->jitter * log2(nodes);
}
