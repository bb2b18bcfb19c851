/* What the executor needs to know about the software and the accelerators beside the programs. */
#ifndef DC_TRAINING_TIMING_H
#define DC_TRAINING_TIMING_H

#include "program/executor.h"
#include "training/workload.h"

/* Fills what a machine, whose accelerator is set, takes from the accelerator's efficiency and from the software:
 * the host's launches, what communications take in the midst of work, jitter. Contention is that of zero 2 and 3, whose
 * collectives go on beside all work; buckets of gradients that travel now and then showed none. nodes: that the
 * workload's ranks are on; jitter: whether to expect it. */
void dc_training_timing(const struct dc_training_workload *workload, double nodes, bool jitter,
			struct dc_machine *machine);

#endif
