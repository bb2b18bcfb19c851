/* What a plan's ranks say to each other in an iteration, kind by kind. */
#include "lower_rig.h"

/* 16-bit weights and gradients in a stack that overlaps nothing: every width is 2 bytes. */
#define SIXTEEN "{name: sixteen, weights: copies, gradient_bytes: 2, gather_bytes: 2}"

static struct lowered plan_of(const char *model, const char *rest, uint64_t ranks)
{
	char yaml[LOWER_TEXT];
	struct lowered l;

	snprintf(
		yaml, sizeof yaml,
		"model: {name: m, sequence: 128, transformer: {layers: 4, hidden: 64, heads: 4, "
		"vocabulary: 1024%s}}\ndataset: {samples: 1000, sample_size: 1 kB}\noptimizer: adam\n"
		"software: " SIXTEEN "\n%s\n",
		model, rest);
	l = lower_read(yaml);
	lower_products_alone(&l);
	lower_free_fabric(&l, ranks);
	lower_plan(&l);
	lower_expect_good(&l, yaml);
	return l;
}

/* Bytes of one operation in a kind of group, by a stage's program; operation of COLLECTIVE. */
static double bytes_of(const struct lowered *l, uint32_t stage, const char *kind,
		       enum dc_operation operation)
{
	const struct dc_ensemble *ensemble = l->plan.ensemble;
	const struct dc_program *program = ensemble->programs[stage];
	double sum = 0;

	for (uint32_t i = 0; i < program->count; i++) {
		const struct dc_op *op = &program->ops[i];

		if (op->kind == DC_OP_COLLECTIVE && op->operation == operation &&
		    !strcmp(ensemble->kinds[op->group].name, kind))
			sum += op->size_bytes;
		for (uint32_t k = 0; op->kind == DC_OP_COMPUTE && k < op->part_count; k++)
			if (op->parts[k].group && op->parts[k].operation == operation &&
			    !strcmp(ensemble->kinds[op->parts[k].group].name, kind))
				sum += op->parts[k].size_bytes *
				       (op->parts[k].times ? op->parts[k].times : 1);
	}
	return sum;
}

/* A parameters' worth of bytes: all-reduce 2 P; ZeRO 1 reduce-scatter 2 P and all-gather 2 P, ZeRO 2 the
 * first for each of m micro-batches, ZeRO 3 for each gathers forward and backward and the
 * reduce-scatter, 2 P each [Rajbhandari et al. 2020, ZeRO, sec. 7]. An all-reduce moves twice its size,
 * the others once, times (d - 1)/d: ZeRO 1 as much as none, ZeRO 3 one and a half times. */
Test(lower_volumes, data_parallel)
{
	static const double scatters[2][4] = {{0, 2, 2, 2}, {0, 2, 6, 6}};
	static const double gathers[2][4] = {{0, 2, 2, 4}, {0, 2, 2, 12}};
	char rest[256];

	for (int several = 0; several < 2; several++)
		for (int zero = 0; zero < 4; zero++)
			for (int overlap = 0; overlap < 2; overlap++) {
				struct lowered l;
				double p;

				snprintf(rest, sizeof rest,
					 "batch: {global: %d, micro: 1}\nparallelism: {zero: %d}\n"
					 "synchronization: {overlap: %s}",
					 several ? 24 : 8, zero, overlap ? "true" : "false");
				l = plan_of("", rest, 8);
				p = l.plan.parameters;
				cr_expect_float_eq(bytes_of(&l, 0, "data", DC_OPERATION_ALL_REDUCE),
						   zero ? 0 : 2 * p, 1, "%s", rest);
				cr_expect_float_eq(
					bytes_of(&l, 0, "data", DC_OPERATION_REDUCE_SCATTER),
					scatters[several][zero] * p, 1, "%s", rest);
				cr_expect_float_eq(bytes_of(&l, 0, "data", DC_OPERATION_ALL_GATHER),
						   gathers[several][zero] * p, 1, "%s", rest);
				lower_close(&l);
			}
}

/* Hybrid: within the shards of 4 as above; shares of gradients, 2 P/4, between them. With experts that nobody
 * shares out too. */
Test(lower_volumes, hybrid)
{
	static const char *const models[] = {"", ", experts: 4"};

	for (int i = 0; i < 2; i++) {
		struct lowered l = plan_of(
			models[i], "batch: {global: 8}\nparallelism: {zero: 3, shard: 4}", 8);
		double p = l.plan.parameters;

		cr_expect_float_eq(bytes_of(&l, 0, "data", DC_OPERATION_REDUCE_SCATTER), 2 * p, 1);
		cr_expect_float_eq(bytes_of(&l, 0, "data", DC_OPERATION_ALL_GATHER), 4 * p, 1);
		cr_expect_float_eq(bytes_of(&l, 0, "replicas", DC_OPERATION_ALL_REDUCE), p / 2, 1);
		lower_close(&l);
	}
}

/* Experts over 4 of 8 ranks: a rank has a quarter of them, whose gradients meet with one other's; the rest meets
 * over all 8. */
Test(lower_volumes, experts)
{
	struct lowered l =
		plan_of(", experts: 8", "batch: {global: 8}\nparallelism: {expert: 4}", 8);
	/* 8 experts, 4 layers of two matrices 64 x 256 and their biases (hand) */
	double experts = 8.0 * 4 * (2 * 64 * 256 + 256 + 64);

	cr_expect_float_eq(bytes_of(&l, 0, "same experts", DC_OPERATION_ALL_REDUCE),
			   2 * experts / 4, 1);
	cr_expect_float_eq(bytes_of(&l, 0, "data", DC_OPERATION_ALL_REDUCE),
			   2 * (l.plan.parameters - experts), 1);
	lower_close(&l);
}

/* Per layer and micro-batch two all-reduces of 2 b s h each way [Shoeybi et al. 2019, sec. 3]; with sequence
 * parallelism a gather and a reduce-scatter in place of each, and a gather more of what the weights'
 * gradients read, twice [Korthikanti et al. 2022, sec. 4.2.2]. The middle stage of three has two layers,
 * and its boundaries 2 b s h, or over t with sequence parallelism. */
Test(lower_volumes, tensor)
{
	const double x = 2.0 * 2 * 128 * 64;

	for (int sequence = 0; sequence < 2; sequence++) {
		char rest[256];
		struct lowered l;
		const struct dc_program *program;
		double sent = 0;

		snprintf(rest, sizeof rest,
			 "batch: {global: 6, micro: 2}\n"
			 "parallelism: {tensor: 4, pipeline: 3, stages: [1, 2, 1], sequence: %s}",
			 sequence ? "true" : "false");
		l = plan_of("", rest, 12);
		/* 3 micro-batches of 2 layers */
		cr_expect_float_eq(bytes_of(&l, 1, "tensor", DC_OPERATION_ALL_REDUCE),
				   sequence ? 0 : 3 * 2 * 4 * x, 1);
		cr_expect_float_eq(bytes_of(&l, 1, "tensor", DC_OPERATION_REDUCE_SCATTER),
				   sequence ? 3 * 2 * 4 * x : 0, 1);
		cr_expect_float_eq(bytes_of(&l, 1, "tensor", DC_OPERATION_ALL_GATHER),
				   sequence ? 3 * 2 * 6 * x : 0, 1);
		program = l.plan.ensemble->programs[1];
		for (uint32_t i = 0; i < program->count; i++)
			if (program->ops[i].kind == DC_OP_SEND)
				sent += program->ops[i].size_bytes;
		/* 3 micro-batches, both ways */
		cr_expect_float_eq(sent, 3 * 2 * x / (sequence ? 4 : 1), 1);
		lower_close(&l);
	}
}

/* The embedding's weights are on both ends: their gradients meet over each end's data-parallel ranks like
 * others, and each end sends the other 2 V h. */
Test(lower_volumes, tied)
{
	struct lowered l =
		plan_of("", "batch: {global: 8}\nparallelism: {pipeline: 2, data: 4}", 8);
	const double v = 1024.0 * 64;
	double reduced = 0;

	for (uint32_t s = 0; s < 2; s++) {
		const struct dc_program *program = l.plan.ensemble->programs[s];
		double sent = 0;

		for (uint32_t i = 0; i < program->count; i++)
			if (program->ops[i].kind == DC_OP_SEND &&
			    program->ops[i].role == DC_ROLE_GRADIENTS)
				sent += program->ops[i].size_bytes;
		cr_expect_float_eq(sent, 2 * v, 1, "stage %u", s);
		reduced += bytes_of(&l, s, "data", DC_OPERATION_ALL_REDUCE);
	}
	cr_expect_float_eq(reduced, 2 * (l.plan.parameters + v), 1);
	lower_close(&l);
}
