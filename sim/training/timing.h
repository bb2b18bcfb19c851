/* What the executor needs to know about the software and the accelerators beside the programs. */
#ifndef DC_TRAINING_TIMING_H
#define DC_TRAINING_TIMING_H

#include "program/executor.h"
#include "training/workload.h"

/* Fills the host's launches, the contention and the jitter of a machine, whose accelerator is set. nodes: that
 * the workload's ranks are on; jitter: whether to expect it. */
void dc_training_timing(const struct dc_training_workload *workload, double nodes, bool jitter,
			struct dc_machine *machine);

#endif
