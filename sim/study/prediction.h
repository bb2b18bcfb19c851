/* Predictions: how long one iteration of a training workload takes on a fabric, without a building around it.
 *
 * The workload is run by the executor as in a scenario, without storage; the third iteration counts, when what
 * overlaps from one iteration to the next has settled.
 *
 * Ownership: plain values. */
#ifndef DC_STUDY_PREDICTION_H
#define DC_STUDY_PREDICTION_H

#include "base/arena.h"
#include "fabric/fabric.h"
#include "hardware/accelerator.h"
#include "training/workload.h"

struct dc_prediction_request {
	const struct dc_training_workload *workload; /* settled for the fabric's ranks */
	const struct dc_accelerator *accelerator;
	const struct dc_fabric *fabric;
};

struct dc_prediction {
	double iteration_s;
	double model_flops; /* of all ranks in an iteration */
	double parameters;
};

/* Largest memory that a rank needs, bytes; DC_ERR_INPUT with messages when the model cannot be shared so. */
enum dc_status dc_prediction_memory(const struct dc_prediction_request *request,
				    struct dc_diag *diag, double *bytes) DC_CHECK;
enum dc_status dc_prediction_run(const struct dc_prediction_request *request, struct dc_diag *diag,
				 struct dc_prediction *prediction) DC_CHECK;

#endif
