/* What the executor needs to know about the software and the accelerators. */
#include "training/timing.h"

#include <math.h>

/* Host and device work side by side: in a phase of one micro-batch the longer of the two dominates, and neither is
 * hidden wholly. Between 1 (in turns) and large (the longer alone). Fitted with the launch times of catalog/software
 * (tests/validation/training). */
static const double launch_exponent = 2.2;

/* A communication brings ranks together whose hosts are a few launches apart; fitted with them. */
static const double launches_apart = 5;

void dc_training_timing(const struct dc_training_workload *workload, double nodes, bool jitter,
			struct dc_machine *machine)
{
	const struct dc_software *software = dc_software_of(workload->software);

	machine->launch_s = dc_software_launch_s(software, (double)workload->parallelism.tensor);
	machine->launch_exponent = launch_exponent;
	machine->meeting_s = launches_apart * machine->launch_s;
	/* Gathers and scatters of every block contend with it all the time; fits find nothing for gradients that
	 * overlap once per iteration. */
	if (workload->parallelism.zero == 3)
		machine->contention = machine->accelerator->efficiency.contention;
	machine->stretch = 1;
	if (jitter && nodes > 1)
		machine->stretch += machine->accelerator->efficiency.jitter * log2(nodes);
}
