/* Memory of one accelerator in training. */
#include "training/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

const char *const dc_training_offload_names[] = {"none", "host", "nvme", NULL};

/* Parameters of one rank, and of these those whose narrow copies products read. */
struct parameters {
	double dense, experts, matrix;
};

static struct parameters parameters_of(const struct dc_layer *layers, size_t count)
{
	struct parameters sum = {0};

	for (size_t i = 0; i < count; i++) {
		sum.dense += layers[i].parameters - layers[i].expert_parameters;
		sum.experts += layers[i].expert_parameters;
		sum.matrix += layers[i].matrix_parameters;
	}
	return sum;
}

/* Parameters of a rank when its share of them is one of so many. */
static double shared(const struct dc_memory_case *stage, const struct parameters *parameters,
		     int from_zero)
{
	if (stage->zero < from_zero)
		return parameters->dense + parameters->experts;
	return parameters->dense / stage->dense_shards + parameters->experts / stage->expert_shards;
}

/* Narrow copies that autocast makes of FP32 weights. */
static double copies_bytes(const struct dc_memory_case *stage, const struct parameters *parameters)
{
	double width = dc_precision_size_bytes(stage->use.precision);

	if (width >= 4.0 || dc_optimizer_weight_bytes(&stage->use) < 4.0 || stage->zero >= 3)
		return 0.0;
	return width * parameters->matrix;
}

static void add_states(const struct dc_memory_case *stage, const struct parameters *parameters,
		       struct dc_training_memory *memory)
{
	double kept = dc_optimizer_use_state_bytes(&stage->use) * shared(stage, parameters, 1);
	double handed = shared(stage, parameters, 1);
	double width = dc_optimizer_weight_bytes(&stage->use);

	memory->weights_bytes +=
		width * shared(stage, parameters, 3) + copies_bytes(stage, parameters);
	memory->gradients_bytes +=
		dc_optimizer_gradient_bytes(&stage->use) * shared(stage, parameters, 2);
	if (stage->offload == DC_OFFLOAD_NONE) {
		memory->optimizer_bytes += kept;
		return;
	}
	if (stage->offload == DC_OFFLOAD_HOST) {
		memory->host_bytes += kept;
	} else {
		memory->storage_bytes += kept;
		memory->storage_traffic_bytes += kept;
	}
	memory->to_host_bytes += dc_optimizer_gradient_bytes(&stage->use) * handed;
	memory->from_host_bytes += width * handed;
}

/* The layers of one block from `i` on, inside a part. */
static size_t block_end(const struct dc_memory_case *stage, const struct dc_memory_part *part,
			size_t i)
{
	int32_t block = stage->layers->items[i].block;

	while (i < part->end && stage->layers->items[i].block == block)
		i++;
	return i;
}

/* Adds what a block keeps per micro-batch in flight; returns what it keeps when it is computed. */
static double add_block(const struct dc_memory_case *stage, const struct dc_memory_part *part,
			size_t first, size_t end, struct dc_training_memory *memory)
{
	const struct dc_layer *layers = stage->layers->items;
	enum dc_precision precision = stage->use.precision;
	double all = 0.0, core = 0.0;

	for (size_t i = first; i < end; i++) {
		all += dc_layer_saved_bytes(&layers[i], stage->samples, precision);
		core += dc_layer_core_bytes(&layers[i], stage->samples, precision);
	}
	if (part->recompute == DC_RECOMPUTE_FULL && layers[first].block >= 0) {
		memory->activations_bytes +=
			part->in_flight *
			dc_layer_input_bytes(&layers[first], stage->samples, precision);
		return all;
	}
	if (part->recompute == DC_RECOMPUTE_SELECTIVE) {
		memory->activations_bytes += part->in_flight * (all - core);
		return core;
	}
	memory->activations_bytes += part->in_flight * all;
	return 0.0;
}

/* Whole weights of two blocks and gradients of one, as wide as activations. */
static double gathered_bytes(const struct dc_memory_case *stage, double parameters)
{
	double width = dc_precision_activation_bytes(stage->use.precision);

	return stage->zero >= 3 ? 3.0 * width * parameters : 0.0;
}

static void add_part(const struct dc_memory_case *stage, const struct dc_memory_part *part,
		     struct dc_training_memory *memory)
{
	const struct dc_layer *layers = stage->layers->items;
	enum dc_precision precision = stage->use.precision;
	struct parameters parameters = parameters_of(&layers[part->first], part->end - part->first);

	add_states(stage, &parameters, memory);
	for (size_t i = part->first, end; i < part->end; i = end) {
		struct parameters block;

		end = block_end(stage, part, i);
		block = parameters_of(&layers[i], end - i);
		memory->recomputed_bytes =
			fmax(memory->recomputed_bytes, add_block(stage, part, i, end, memory));
		memory->gathered_bytes = fmax(memory->gathered_bytes,
					      gathered_bytes(stage, block.dense + block.experts));
	}
	for (size_t i = part->first; i < part->end; i++)
		memory->workspace_bytes = fmax(memory->workspace_bytes,
					       stage->samples * layers[i].transient_elements *
						       dc_precision_activation_bytes(precision));
}

struct dc_training_memory dc_training_memory_of_stage(const struct dc_memory_case *stage)
{
	struct dc_training_memory memory = {0};
	const struct parameters extra = {.dense = stage->extra_parameters};
	double moving;

	add_states(stage, &extra, &memory);
	for (size_t i = 0; i < stage->part_count; i++)
		add_part(stage, &stage->parts[i], &memory);
	moving = memory.activations_bytes + memory.recomputed_bytes + memory.workspace_bytes +
		 memory.gathered_bytes;
	memory.allowance_bytes = stage->fragmentation * moving;
	memory.total_bytes = memory.weights_bytes + memory.gradients_bytes +
			     memory.optimizer_bytes + moving + memory.allowance_bytes;
	return memory;
}

struct dc_training_memory dc_training_memory_of(const struct dc_layers *layers, double batch,
						enum dc_precision precision,
						enum dc_optimizer optimizer)
{
	struct dc_memory_part all = {.end = layers->count, .in_flight = 1.0};
	struct dc_memory_case stage = {
		.layers = layers,
		.parts = &all,
		.part_count = 1,
		.samples = batch,
		.use = {.optimizer = optimizer, .precision = precision},
		.dense_shards = 1.0,
		.expert_shards = 1.0,
	};

	return dc_training_memory_of_stage(&stage);
}

/* Significant digits of a number of GB: three, or all those before the point. */
static int digits(double number_gb)
{
	return number_gb < 1e3 ? 3 : (int)fmin(15.0, floor(log10(number_gb)) + 1.0);
}

/* Parts by name, in the order of reports. */
enum { PARTS = 10, TOTAL = 8 };

/* Parts that a plan need not have are told from here on: less would be printed as 0.00 GB. */
static const double SHOWN_GB = 0.005;

static const struct {
	const char *name;
	size_t offset;
	bool always;
} parts[PARTS] = {
	{"weights", offsetof(struct dc_training_memory, weights_bytes), true},
	{"gradients", offsetof(struct dc_training_memory, gradients_bytes), true},
	{"optimizer", offsetof(struct dc_training_memory, optimizer_bytes), true},
	{"activations", offsetof(struct dc_training_memory, activations_bytes), true},
	{"workspace", offsetof(struct dc_training_memory, workspace_bytes), true},
	{"recomputed", offsetof(struct dc_training_memory, recomputed_bytes), false},
	{"gathered", offsetof(struct dc_training_memory, gathered_bytes), false},
	{"allowance", offsetof(struct dc_training_memory, allowance_bytes), false},
	{"total", offsetof(struct dc_training_memory, total_bytes), true},
	{"on the host", offsetof(struct dc_training_memory, host_bytes), false},
};

static double part_gb(const struct dc_training_memory *memory, size_t part)
{
	return 1e-9 * *(const double *)(const void *)((const char *)memory + parts[part].offset);
}

/* Appends to a text of `size` bytes; what does not fit is left out. */
__attribute__((format(printf, 4, 5))) static void append(char *text, size_t size, size_t *used,
							 const char *format, ...)
{
	va_list arguments;
	int length;

	if (*used >= size)
		return;
	va_start(arguments, format);
	length = vsnprintf(text + *used, size - *used, format, arguments);
	va_end(arguments);
	*used += length > 0 ? (size_t)length : 0;
}

void dc_training_memory_format(const struct dc_training_memory *memory, char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < PARTS; i++) {
		double gb = part_gb(memory, i);

		if (parts[i].always || gb >= SHOWN_GB)
			append(text, size, &used, "%s%s %.*g GB", i > 0 ? ", " : "", parts[i].name,
			       digits(gb), gb);
	}
}

void dc_training_memory_table(const struct dc_training_memory *stages, const size_t *numbers,
			      size_t count, int indent, char *text, size_t size)
{
	size_t used = 0;

	append(text, size, &used, "%*s%-12s", indent, "", "GB");
	for (size_t i = 0; i < count; i++) {
		char head[32];

		snprintf(head, sizeof head, "stage %zu", numbers[i]);
		append(text, size, &used, " %13s", head);
	}
	for (size_t part = 0; part < PARTS; part++) {
		bool shown = parts[part].always;

		for (size_t i = 0; i < count; i++)
			shown = shown || part_gb(&stages[i], part) >= SHOWN_GB;
		if (!shown)
			continue;
		append(text, size, &used, "\n%*s%-12s", indent, "", parts[part].name);
		for (size_t i = 0; i < count; i++)
			append(text, size, &used, " %13.*f", 2, part_gb(&stages[i], part));
	}
}
