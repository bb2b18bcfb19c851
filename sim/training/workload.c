/* The workload: its section and what follows from the number of ranks. */
#include "training/workload.h"

#include "training/optimizer.h"

static const char *const data_choices[] = {"all", NULL};
static const char *const methods[] = {"all-reduce", "!parameter-server", NULL};
static const char *const recompute_choices[] = {"none", "!selective", "!full", NULL};

static const struct dc_field batch_fields[] = {
	{.key = "per_accelerator",
	 .kind = DC_COUNT,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_training_batch, per_accelerator),
	 .min = 0,
	 .max = 1e9,
	 .help = "samples per accelerator and iteration"},
	{.key = "global",
	 .kind = DC_COUNT,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_training_batch, global),
	 .min = 0,
	 .max = 1e12,
	 .help = "samples per iteration over all accelerators"},
	{.key = "micro", .kind = DC_RESERVED, .help = "samples per micro-batch"},
};

static const struct dc_section batch_section = {
	.name = "batch",
	.doc = "samples per iteration: per accelerator or global",
	.size = sizeof(struct dc_training_batch),
	DC_FIELDS(batch_fields),
};

static const struct dc_field parallelism_fields[] = {
	{.key = "data",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_training_parallelism, data),
	 .choices = data_choices,
	 .fallback = "all",
	 .help = "data-parallel ranks: all"},
	{.key = "tensor", .kind = DC_RESERVED, .help = "tensor-parallel ranks"},
	{.key = "pipeline", .kind = DC_RESERVED, .help = "pipeline stages"},
	{.key = "interleave", .kind = DC_RESERVED, .help = "virtual stages per pipeline stage"},
	{.key = "context", .kind = DC_RESERVED, .help = "context-parallel ranks"},
	{.key = "expert", .kind = DC_RESERVED, .help = "expert-parallel ranks"},
	{.key = "sequence", .kind = DC_RESERVED, .help = "sequence parallelism"},
	{.key = "zero", .kind = DC_RESERVED, .help = "sharding of states, 0 to 3"},
};

static const struct dc_section parallelism_section = {
	.name = "parallelism",
	.doc = "how the work is split over accelerators",
	.size = sizeof(struct dc_training_parallelism),
	DC_FIELDS(parallelism_fields),
};

static const struct dc_field synchronization_fields[] = {
	{.key = "method",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_training_synchronization, method),
	 .choices = methods,
	 .fallback = "all-reduce",
	 .help = "how gradients meet"},
	{.key = "algorithm",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_training_synchronization, algorithm),
	 .fallback = "auto",
	 .help = "auto: the cheapest that accelerators' libraries run; or one of `dcsim catalog "
		 "algorithms`"},
	{.key = "buckets",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_training_synchronization, bucket_bytes),
	 .min = 0,
	 .max = 1e15,
	 .fallback = "25 MB",
	 .help = "gradients gathered before an all-reduce starts"},
	{.key = "overlap",
	 .kind = DC_BOOL,
	 .offset = offsetof(struct dc_training_synchronization, overlap),
	 .fallback = "true",
	 .help = "start buckets during the backward pass"},
	{.key = "mode", .kind = DC_RESERVED, .help = "sync, async or stale"},
	{.key = "compression", .kind = DC_RESERVED, .help = "gradient compression"},
};

static const struct dc_section synchronization_section = {
	.name = "synchronization",
	.doc = "how gradients meet",
	.size = sizeof(struct dc_training_synchronization),
	DC_FIELDS(synchronization_fields),
};

static const struct dc_field dataset_fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_training_dataset, name),
	 .fallback = "dataset",
	 .help = "for people"},
	{.key = "samples",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_training_dataset, samples),
	 .min = 1,
	 .max = 1e18,
	 .help = "samples in one epoch"},
	{.key = "sample_size",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_training_dataset, sample_bytes),
	 .min = 0,
	 .max = 1e15,
	 .help = "mean size of a sample in storage"},
	{.key = "drop_last",
	 .kind = DC_BOOL,
	 .offset = offsetof(struct dc_training_dataset, drop_last),
	 .fallback = "true",
	 .help = "leave out the last partial batch of an epoch"},
};

static const struct dc_section dataset_section = {
	.name = "dataset",
	.doc = "what is read",
	.size = sizeof(struct dc_training_dataset),
	DC_FIELDS(dataset_fields),
};

static const struct dc_field data_fields[] = {
	{.key = "tier",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_training_data, tier),
	 .help = "storage tier that holds the data set; the only one when absent"},
	{.key = "workers",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_training_data, workers),
	 .min = 1,
	 .max = 1e6,
	 .fallback = "8",
	 .help = "concurrent reads per accelerator"},
	{.key = "prefetch",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_training_data, prefetch),
	 .min = 0,
	 .max = 1e6,
	 .fallback = "2",
	 .help = "batches read ahead"},
	{.key = "dataset", .kind = DC_RESERVED, .help = "data set of the storage section"},
};

const struct dc_section dc_training_data_section = {
	.name = "data",
	.doc = "how samples are read",
	.size = sizeof(struct dc_training_data),
	DC_FIELDS(data_fields),
};

static const struct dc_field workload_fields[] = {
	{.key = "kind",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_training_workload, kind),
	 .fallback = "training",
	 .help = "kind of workload"},
	{.key = "model",
	 .kind = DC_CATALOGUE,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_training_workload, model),
	 .catalogue = &dc_model_family,
	 .help = "model to train"},
	{.key = "batch",
	 .kind = DC_SECTION,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_training_workload, batch),
	 .section = &batch_section,
	 .help = "samples per iteration"},
	{.key = "precision",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_training_workload, precision),
	 .choices = dc_precision_names,
	 .fallback = "bf16",
	 .help = "format of matrix products"},
	{.key = "optimizer",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_training_workload, optimizer),
	 .choices = dc_optimizer_names,
	 .fallback = "sgd-momentum",
	 .help = "what turns gradients into new weights"},
	{.key = "parallelism",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_training_workload, parallelism),
	 .section = &parallelism_section,
	 .help = "how the work is split"},
	{.key = "synchronization",
	 .kind = DC_SECTION,
	 .offset = offsetof(struct dc_training_workload, synchronization),
	 .section = &synchronization_section,
	 .help = "how gradients meet"},
	{.key = "recompute",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_training_workload, recompute),
	 .choices = recompute_choices,
	 .fallback = "none",
	 .help = "activations computed again in the backward pass"},
	{.key = "dataset",
	 .kind = DC_SECTION,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_training_workload, dataset),
	 .section = &dataset_section,
	 .help = "what is read"},
	{.key = "data",
	 .kind = DC_OPTIONAL,
	 .flags = DC_SHORTHAND,
	 .section = &dc_training_data_section,
	 .help = "short for the job's data"},
	{.key = "checkpoint",
	 .kind = DC_RESERVED,
	 .flags = DC_SHORTHAND,
	 .help = "short for the job's checkpoint"},
};

const struct dc_section dc_training_workload_section = {
	.name = "workload",
	.doc = "what to train",
	.size = sizeof(struct dc_training_workload),
	DC_FIELDS(workload_fields),
};

static enum dc_status settle_batch(struct dc_training_batch *batch, uint64_t ranks,
				   struct dc_diag *diag)
{
	const struct dc_mark *mark = dc_node_mark(batch->node, "global");

	if (!batch->per_accelerator && !batch->global)
		return dc_diag_error(diag, mark,
				     "batch: expected per_accelerator or global, such as "
				     "{per_accelerator: 256}");
	if (!batch->global)
		batch->global = batch->per_accelerator * ranks;
	if (batch->global % ranks) {
		uint64_t below = batch->global / ranks * ranks;

		return dc_diag_error(diag, mark,
				     "batch: %llu samples do not divide over %llu accelerators; "
				     "the nearest that do are %llu and %llu",
				     (unsigned long long)batch->global, (unsigned long long)ranks,
				     (unsigned long long)(below ? below : ranks),
				     (unsigned long long)((below ? below : ranks) + ranks));
	}
	if (batch->per_accelerator && batch->per_accelerator != batch->global / ranks)
		return dc_diag_error(diag, mark,
				     "batch: global %llu over %llu accelerators is %llu each, but "
				     "per_accelerator says %llu; give one of the two",
				     (unsigned long long)batch->global, (unsigned long long)ranks,
				     (unsigned long long)(batch->global / ranks),
				     (unsigned long long)batch->per_accelerator);
	batch->per_accelerator = batch->global / ranks;
	return DC_OK;
}

enum dc_status dc_training_settle(struct dc_training_workload *workload, uint64_t ranks,
				  struct dc_diag *diag)
{
	const struct dc_training_dataset *dataset = &workload->dataset;
	enum dc_status status = settle_batch(&workload->batch, ranks, diag);

	if (workload->precision == DC_INT8)
		status = dc_diag_error(
			diag, dc_node_mark(workload->node, "precision"),
			"precision: int8 cannot hold gradients; expected one of fp64, "
			"fp32, tf32, fp16, bf16, fp8, mxfp8, nvfp4");
	if (!dataset->drop_last)
		status = dc_diag_error(diag, dc_node_mark(dataset->node, "drop_last"),
				       "dataset: 'drop_last: false' is not supported yet");
	if (!status && dataset->samples < workload->batch.global)
		status = dc_diag_error(diag, dc_node_mark(dataset->node, "samples"),
				       "dataset: %llu samples are less than one global batch of "
				       "%llu",
				       (unsigned long long)dataset->samples,
				       (unsigned long long)workload->batch.global);
	return status;
}

uint64_t dc_training_iterations_per_epoch(const struct dc_training_workload *workload)
{
	return workload->dataset.samples / workload->batch.global;
}
