/* Predictions: one workload on one fabric, run by the executor. */
#include "study/prediction.h"

#include "program/executor.h"
#include "training/lower.h"
#include "training/stages.h"
#include "training/timing.h"

/* The last is the one that counts. */
enum { ITERATIONS = 3 };

static enum dc_status keep_last(void *context, const struct dc_executor_iteration *iteration)
{
	dc_time *duration = context;

	*duration = iteration->duration;
	return DC_OK;
}

static enum dc_status execute(const struct dc_prediction_request *request,
			      const struct dc_training_plan *plan, struct dc_diag *diag,
			      dc_time *duration)
{
	struct dc_machine machine = {
		.accelerator = request->accelerator,
		.fabric = request->fabric,
	};
	const struct dc_executor_options options = {.iterations = ITERATIONS,
						    .until = DC_TIME_NEVER};
	const struct dc_executor_observer observer = {.context = duration, .iteration = keep_last};
	struct dc_engine *engine = dc_engine_create();
	struct dc_executor *executor = NULL;
	enum dc_status status = engine ? DC_OK : DC_ERR_MEMORY;

	if (!status) {
		dc_training_timing(request->workload,
				   (double)request->fabric->ranks /
					   (double)request->fabric->node_size,
				   true, &machine);
		executor = dc_executor_create(engine, diag, plan->ensemble, &machine, &options,
					      &observer);
		if (!executor)
			status = dc_diag_errors(diag) ? DC_ERR_RUN : DC_ERR_MEMORY;
	}
	if (!status) {
		dc_executor_start(executor);
		status = dc_engine_run(engine, NULL);
	}
	dc_executor_destroy(executor);
	dc_engine_destroy(engine);
	return status;
}

enum dc_status dc_prediction_memory(const struct dc_prediction_request *request,
				    struct dc_diag *diag, double *bytes)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_training_memory *stages = NULL;
	struct dc_layers layers;
	enum dc_status status;

	*bytes = 0;
	if (!arena)
		return DC_ERR_MEMORY;
	status = dc_training_expand(request->workload, arena, diag, &layers);
	if (!status)
		status = dc_training_stage_memory(request->workload, &layers, arena, &stages);
	for (uint64_t i = 0; i < request->workload->parallelism.pipeline && !status; i++)
		*bytes = stages[i].total_bytes > *bytes ? stages[i].total_bytes : *bytes;
	dc_arena_destroy(arena);
	return status;
}

enum dc_status dc_prediction_run(const struct dc_prediction_request *request, struct dc_diag *diag,
				 struct dc_prediction *prediction)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_training_plan plan;
	dc_time duration = 0;
	enum dc_status status;

	if (!arena)
		return DC_ERR_MEMORY;
	status = dc_training_lower(request->workload, NULL, request->fabric->ranks,
				   request->accelerator, arena, diag, &plan);
	if (!status)
		status = execute(request, &plan, diag, &duration);
	*prediction = (struct dc_prediction){
		.iteration_s = dc_time_to_s(duration),
		.model_flops = plan.model_flops * (double)request->fabric->ranks,
		.parameters = plan.parameters,
	};
	dc_arena_destroy(arena);
	return status;
}
