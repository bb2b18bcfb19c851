/* The workload: what to train, on how much data, and how it is split.
 *
 * Ownership: the section lives in the configuration's arena. */
#ifndef DC_TRAINING_WORKLOAD_H
#define DC_TRAINING_WORKLOAD_H

#include <stdbool.h>

#include "base/diag.h"
#include "config/fields.h"
#include "training/memory.h"
#include "training/model.h"
#include "training/parallelism.h"
#include "training/software.h"

struct dc_training_batch {
	const struct dc_node *node;
	uint64_t per_accelerator; /* of a data-parallel rank */
	uint64_t global;          /* 0: per_accelerator x data-parallel ranks */
	uint64_t micro;           /* 0: all of a rank's samples, with a pipeline 1 */
};

struct dc_training_synchronization {
	const struct dc_node *node;
	int method;            /* only `all-reduce` */
	const char *algorithm; /* as fabric/collective.h names them */
	double bucket_bytes;
	bool overlap; /* buckets start during the backward pass */
};

struct dc_training_dataset {
	const struct dc_node *node;
	const char *name;
	uint64_t samples;
	double sample_bytes;
	bool drop_last;
};

/* Reading of samples: `workers` concurrent reads per accelerator, `prefetch` batches ahead. */
struct dc_training_data {
	const struct dc_node *node;
	const char *tier;
	uint64_t workers;
	uint64_t prefetch;
};

struct dc_training_workload {
	const struct dc_node *node;
	const char *kind; /* `training` */
	struct dc_model *model;
	struct dc_training_batch batch;
	int precision;        /* enum dc_precision */
	int optimizer;        /* enum dc_optimizer */
	int optimizer_states; /* enum dc_optimizer_states */
	int offload;          /* enum dc_offload; only `none` */
	struct dc_parallelism parallelism;
	struct dc_training_synchronization synchronization;
	int recompute;             /* enum dc_recompute */
	uint64_t recompute_layers; /* FULL: of each stage; 0: all */
	struct dc_training_dataset dataset;
	const struct dc_software *software; /* NULL: the generic one */
};

extern const struct dc_section dc_training_workload_section;
extern const struct dc_section dc_training_data_section;

/* Settles the plan for a number of ranks (parallelism.h) and the batch (per_accelerator, global and
 * micro agree and divide), and checks that the data set holds at least one global batch. Errors are located. */
enum dc_status dc_training_settle(struct dc_training_workload *workload, uint64_t ranks,
				  struct dc_diag *diag) DC_CHECK;
/* What a plan for so many ranks divides of a model; and the same, when it is known. */
enum dc_status dc_training_subject(const struct dc_model *model, uint64_t ranks,
				   struct dc_diag *diag,
				   struct dc_parallel_subject *subject) DC_CHECK;
enum dc_status dc_training_settle_for(struct dc_training_workload *workload,
				      const struct dc_parallel_subject *subject,
				      struct dc_diag *diag) DC_CHECK;
/* Full global batches in one pass over the data set. */
uint64_t dc_training_iterations_per_epoch(const struct dc_training_workload *workload);

#endif
