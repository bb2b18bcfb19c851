/* Memory of a stage: states by ZeRO's stages, activations in flight, recomputation, offloading. */
#include <criterion/criterion.h>

#include "../hardware/catalogue.h"
#include "training/memory.h"

static struct dc_layers expand(const struct catalogue *catalogue, const char *yaml,
			       struct dc_shard shard, const struct dc_software *stack)
{
	const struct dc_model *model = catalogue_read(catalogue, &dc_model_family, yaml);
	struct dc_layers layers = {0};

	cr_assert_eq(dc_model_expand_shard(model, &shard, stack, catalogue_arena(catalogue),
					   catalogue->diag, &layers),
		     DC_OK, "%s", yaml);
	return layers;
}

/* 16-bit weights, FP32 gradients. */
static const struct dc_software narrow = {.weights = DC_SOFTWARE_WEIGHTS_COPIES,
					  .gradient_bytes = 4.0};

static double parameters_of(const struct dc_layers *layers)
{
	double sum = 0.0;

	for (size_t i = 0; i < layers->count; i++)
		sum += layers->items[i].parameters;
	return sum;
}

static struct dc_memory_case all_of(const struct dc_layers *layers,
				    const struct dc_memory_part *part)
{
	return (struct dc_memory_case){
		.layers = layers,
		.parts = part,
		.part_count = 1,
		.samples = 1.0,
		.use = {.optimizer = DC_OPTIMIZER_ADAM, .precision = DC_BF16, .software = &narrow},
		.dense_shards = 1.0,
		.expert_shards = 1.0,
	};
}

Test(stage_memory, states_by_zero)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "gpt3-1.3b", (struct dc_shard){0}, &narrow);
	struct dc_memory_part part = {.end = layers.count, .in_flight = 1.0};
	struct dc_memory_case stage = all_of(&layers, &part);
	const double p = parameters_of(&layers), d = 16;
	/* bytes per parameter [Rajbhandari et al. 2020, fig. 1, with FP32 gradients as Megatron-LM keeps
	 * them]: weights, gradients, FP32 weights and two moments */
	const double expected[4][3] = {
		{2, 4, 12}, {2, 4, 12 / d}, {2, 4 / d, 12 / d}, {2 / d, 4 / d, 12 / d}};

	stage.dense_shards = d;
	for (stage.zero = 0; stage.zero < 4; stage.zero++) {
		struct dc_training_memory m = dc_training_memory_of_stage(&stage);
		const double *row = expected[stage.zero];

		cr_expect_float_eq(m.weights_bytes, row[0] * p, 1.0, "zero %d", stage.zero);
		cr_expect_float_eq(m.gradients_bytes, row[1] * p, 1.0, "zero %d", stage.zero);
		cr_expect_float_eq(m.optimizer_bytes, row[2] * p, 1.0, "zero %d", stage.zero);
		cr_expect_eq(m.gathered_bytes > 0.0, stage.zero == 3);
	}
	catalogue_close(&catalogue);
}

Test(stage_memory, eighteen_bytes_per_parameter)
{
	/* Korthikanti et al. 2022, table 3: layers, width, heads, tensor ranks 8, pipeline; fig. 1:
	 * parameters and optimizer state at 18 bytes per parameter. Totals of 22, 175, 530 and 1,008
	 * billion over t p ranks, of which a middle stage has its blocks alone */
	static const struct {
		const char *yaml;
		double pipeline, billions;
	} runs[] = {
		{"{name: m, sequence: 2048, transformer: {layers: 48, hidden: 6144, heads: 64, "
		 "vocabulary: 51200}}",
		 1, 22},
		{"{name: m, sequence: 2048, transformer: {layers: 96, hidden: 12288, heads: 96, "
		 "vocabulary: 51200}}",
		 8, 175},
		{"{name: m, sequence: 2048, transformer: {layers: 105, hidden: 20480, heads: 128, "
		 "vocabulary: 51200}}",
		 35, 530},
		{"{name: m, sequence: 2048, transformer: {layers: 128, hidden: 25600, heads: 160, "
		 "vocabulary: 51200}}",
		 64, 1008},
	};
	struct catalogue catalogue = catalogue_open();

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct dc_layers layers =
			expand(&catalogue, runs[i].yaml, (struct dc_shard){8, 1, 1, true}, &narrow);
		double whole = 0.0, states = 0.0;

		for (size_t j = 0; j < layers.count; j++)
			whole += layers.items[j].whole_parameters;
		/* published sizes are rounded to the billion */
		cr_expect_float_eq(whole, 1e9 * runs[i].billions, 0.01e9 * runs[i].billions, "%g",
				   whole);
		for (size_t j = 0; j < layers.count; j++) {
			struct dc_memory_part part = {.first = j, .end = j + 1, .in_flight = 1.0};
			struct dc_memory_case stage = all_of(&layers, &part);
			struct dc_training_memory m = dc_training_memory_of_stage(&stage);

			states += m.weights_bytes + m.gradients_bytes + m.optimizer_bytes;
		}
		/* 18 bytes of an eighth of the parameters; positions, norms and biases by rows are on
		 * every rank, half a hundredth at most */
		cr_expect_geq(states, 18.0 * whole / 8.0);
		cr_expect_leq(states, 1.005 * 18.0 * whole / 8.0, "%g", states);
	}
	catalogue_close(&catalogue);
}

Test(stage_memory, parts_in_flight_and_recomputation)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(
		&catalogue,
		"{base: gpt3-1.3b, transformer: {dropout: true, kernel: unfused, vocabulary: 51200}}",
		(struct dc_shard){0}, &narrow);
	const double s = 2048, h = 2048, b = 2;
	/* the second and the third block, 5 layers each after the embedding and the first 5 */
	struct dc_memory_part part = {.first = 6, .end = 16, .in_flight = 3.0};
	struct dc_memory_case stage = all_of(&layers, &part);
	struct dc_training_memory m;
	double heads = layers.items[7].heads;
	/* Korthikanti et al. 2022, table 2: per block and micro-batch */
	double linear = s * b * h * 34.0, scores = 5.0 * heads * s * s * b;

	cr_assert_str_eq(layers.items[7].kind, "attention");
	stage.samples = b;
	m = dc_training_memory_of_stage(&stage);
	cr_expect_float_eq(m.activations_bytes, 3.0 * 2.0 * (linear + scores), 1.0);
	cr_expect_eq(m.recomputed_bytes, 0.0);
	part.recompute = DC_RECOMPUTE_SELECTIVE;
	m = dc_training_memory_of_stage(&stage);
	cr_expect_float_eq(m.activations_bytes, 3.0 * 2.0 * linear, 1.0);
	cr_expect_float_eq(m.recomputed_bytes, scores, 1.0);
	part.recompute = DC_RECOMPUTE_FULL;
	m = dc_training_memory_of_stage(&stage);
	cr_expect_float_eq(m.activations_bytes, 3.0 * 2.0 * 2.0 * s * b * h, 1.0);
	cr_expect_float_eq(m.recomputed_bytes, linear + scores, 1.0);
	/* the allowance is a share of what comes and goes */
	stage.fragmentation = DC_MEMORY_FRAGMENTATION;
	m = dc_training_memory_of_stage(&stage);
	cr_expect_float_eq(m.allowance_bytes,
			   DC_MEMORY_FRAGMENTATION *
				   (m.activations_bytes + m.recomputed_bytes + m.workspace_bytes),
			   1.0);
	catalogue_close(&catalogue);
}

Test(stage_memory, offloaded_states_leave_and_move)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_layers layers = expand(&catalogue, "gpt3-1.3b", (struct dc_shard){0}, &narrow);
	struct dc_memory_part part = {.end = layers.count, .in_flight = 1.0};
	struct dc_memory_case stage = all_of(&layers, &part);
	const double p = parameters_of(&layers) / 4.0;
	struct dc_training_memory m;

	stage.zero = 2;
	stage.dense_shards = 4.0;
	stage.offload = DC_OFFLOAD_HOST;
	m = dc_training_memory_of_stage(&stage);
	/* Ren et al. 2021, sec. 4: the share's FP32 weights and moments on the host; its gradients (4
	 * bytes here) go there, its 16-bit weights come back */
	cr_expect_eq(m.optimizer_bytes, 0.0);
	cr_expect_float_eq(m.host_bytes, 12.0 * p, 1.0);
	cr_expect_float_eq(m.to_host_bytes, 4.0 * p, 1.0);
	cr_expect_float_eq(m.from_host_bytes, 2.0 * p, 1.0);
	cr_expect_eq(m.storage_traffic_bytes, 0.0);
	stage.offload = DC_OFFLOAD_STORAGE;
	m = dc_training_memory_of_stage(&stage);
	cr_expect_eq(m.host_bytes, 0.0);
	cr_expect_float_eq(m.storage_bytes, 12.0 * p, 1.0);
	cr_expect_float_eq(m.storage_traffic_bytes, 12.0 * p, 1.0);
	catalogue_close(&catalogue);
}

Test(stage_memory, states_may_be_narrow)
{
	struct dc_optimizer_use use = {
		.optimizer = DC_OPTIMIZER_ADAM, .precision = DC_BF16, .software = &narrow};

	/* FP32 weights and two moments; 38: g for the norm, w g m v read, w m v written, narrow weights
	 * made of wide ones (4 + 28 + 6) */
	cr_expect_eq(dc_optimizer_use_state_bytes(&use), 12.0);
	cr_expect_eq(dc_optimizer_use_step_bytes(&use), 38.0);
	use.states = DC_OPTIMIZER_STATES_BF16;
	cr_expect_eq(dc_optimizer_use_state_bytes(&use), 8.0);
	cr_expect_eq(dc_optimizer_use_step_bytes(&use), 38.0 - 8.0);
	/* Dettmers et al. 2022: one byte and a scale per 2,048 */
	use.states = DC_OPTIMIZER_STATES_8BIT;
	cr_expect_float_eq(dc_optimizer_use_state_bytes(&use), 6.0 + 8.0 / 2048.0, 1e-12);
	/* products in FP32 read the optimizer's weights */
	use = (struct dc_optimizer_use){
		.optimizer = DC_OPTIMIZER_ADAM, .precision = DC_FP32, .software = &narrow};
	cr_expect_eq(dc_optimizer_weight_bytes(&use), 4.0);
	cr_expect_eq(dc_optimizer_use_state_bytes(&use), 8.0);
	/* without a framework: FP32 weights, 28 bytes a step */
	use = (struct dc_optimizer_use){.optimizer = DC_OPTIMIZER_ADAM, .precision = DC_BF16};
	cr_expect_eq(dc_optimizer_use_state_bytes(&use), 8.0);
	cr_expect_eq(dc_optimizer_use_step_bytes(&use), 28.0);
}

Test(stage_memory, the_table_of_stages)
{
	const struct dc_training_memory stages[2] = {
		{.weights_bytes = 1.5e9, .activations_bytes = 30e9, .total_bytes = 31.5e9},
		{.weights_bytes = 2e9, .recomputed_bytes = 1e8, .total_bytes = 2.1e9},
	};
	const size_t numbers[2] = {0, 7};
	char text[1024], cut[20];

	/* two decimals, GB = 1e9 bytes; rows that would be 0.00 everywhere are left out */
	dc_training_memory_table(stages, numbers, 2, 2, text, sizeof(text));
	cr_expect_str_eq(text, "  GB                 stage 0       stage 7\n"
			       "  weights               1.50          2.00\n"
			       "  gradients             0.00          0.00\n"
			       "  optimizer             0.00          0.00\n"
			       "  activations          30.00          0.00\n"
			       "  workspace             0.00          0.00\n"
			       "  recomputed            0.00          0.10\n"
			       "  total                31.50          2.10");
	dc_training_memory_table(stages, numbers, 2, 2, cut, sizeof(cut));
	cr_expect_eq(strlen(cut), sizeof(cut) - 1);
}
