/* Nearby: plans that fit in memory, near one that does not.
 *
 * First what one change does, then two; where neither leads anywhere, every way of dividing the model by
 * tensor, pipeline and expert degrees with all that saves memory, whose changes are then taken back one
 * by one while it still fits. A trial is one expansion of the layers and a sum over stages; there are at
 * most a few hundred, none where the states alone exceed the memory of all accelerators.
 *
 * Ownership: nothing is kept. */
#ifndef DC_TRAINING_NEARBY_H
#define DC_TRAINING_NEARBY_H

#include "hardware/accelerator.h"
#include "training/workload.h"

/* Writes the plans found, as overrides of the workload's keys ("recompute=full; or parallelism.tensor=8
 * parallelism.zero=1"), each of which settles and fits as it stands; returns how many there are. The
 * workload is settled for so many ranks. size > 0: plans that do not find room are left out. */
unsigned dc_training_nearby(const struct dc_training_workload *workload, uint64_t ranks,
			    const struct dc_accelerator *accelerator, char *text, size_t size);

#endif
