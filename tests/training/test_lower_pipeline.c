/* Pipelines through the lowering: bubbles with free communication, micro-batches in flight, and the account
 * with communication. */
#include "lower_rig.h"

/* An embedding, whose reads take no time here, and equal products. */
static struct lowered equal_layers(unsigned layers, uint64_t p, uint64_t v, uint64_t m,
				   const char *schedule, uint64_t data)
{
	char yaml[LOWER_TEXT];
	struct lowered l;

	snprintf(
		yaml, sizeof yaml,
		"model: {name: m, sequence: 32, layers: [{type: embedding, vocabulary: 64, width: 64}, "
		"{type: repeat, times: %u, layers: [{type: linear, per: token, in: 64, out: 64}]}]}\n"
		"batch: {global: %llu, micro: 2}\n"
		"dataset: {samples: 1000000, sample_size: 1 kB}\n"
		"parallelism: {pipeline: %llu, interleave: %llu, schedule: %s}\n",
		layers, 2ULL * m * data, (unsigned long long)p, (unsigned long long)v, schedule);
	l = lower_read(yaml);
	lower_products_alone(&l);
	lower_free_fabric(&l, p * data);
	lower_plan(&l);
	lower_expect_good(&l, yaml);
	return l;
}

/* Durations of a forward and a backward pass of a chunk, and of the step. */
struct durations {
	const struct lowered *l;
	dc_time forward, backward, step;
};

static void look(const struct dc_executor *executor, void *at)
{
	struct durations *d = at;
	const struct dc_program *program = d->l->plan.ensemble->programs[0];

	for (uint32_t i = 0; i < program->count; i++) {
		enum dc_op_role role = program->ops[i].role;

		if (role == DC_ROLE_FORWARD)
			d->forward = dc_executor_op_duration(executor, 0, i);
		/* With gradients overlapping, the last is in buckets: one, of all layers. */
		if (role == DC_ROLE_BACKWARD)
			d->backward = dc_executor_op_duration(executor, 0, i);
		if (role == DC_ROLE_OPTIMIZER)
			d->step = dc_executor_op_duration(executor, 0, i);
	}
}

static const struct {
	uint64_t p, v, m;
	const char *schedule;
} bubbles[] = {
	{2, 1, 1, "gpipe"},  {2, 1, 4, "gpipe"}, {4, 1, 3, "gpipe"}, {4, 1, 8, "gpipe"},
	{8, 1, 16, "gpipe"}, {2, 1, 1, "1f1b"},  {2, 1, 4, "1f1b"},  {4, 1, 3, "1f1b"},
	{4, 1, 8, "1f1b"},   {8, 1, 16, "1f1b"}, {2, 2, 2, "1f1b"},  {2, 2, 8, "1f1b"},
	{4, 2, 4, "1f1b"},   {4, 3, 8, "1f1b"},  {8, 2, 16, "1f1b"}, {2, 12, 4, "1f1b"},
};

/* Bubble over the time of all passes: (p - 1)/m for GPipe [Huang et al. 2019, sec. 2.3] and 1F1B, (p -
 * 1)/(v m) interleaved [Narayanan et al. 2021, sec. 2.2]: a stage has m v chunk passes each way, and
 * waits for p - 1 of them. Micro-batches on either count of data-parallel ranks. */
Test(lower_pipeline, bubbles, .timeout = 60)
{
	for (size_t i = 0; i < 2 * sizeof bubbles / sizeof *bubbles; i++) {
		uint64_t p = bubbles[i / 2].p, v = bubbles[i / 2].v, m = bubbles[i / 2].m;
		struct lowered l =
			equal_layers(48, p, v, m, bubbles[i / 2].schedule, 1 + 2 * (i % 2));
		struct durations d = {.l = &l};
		/* 2 samples of 32 tokens through 48/(p v) matrices of 64 x 64 at 1 TFLOP/s, 2 FLOP per
		 * multiply-add; twice that backward (hand) */
		dc_time product =
			dc_time_from_s(2.0 * 2 * 32 * 64 * 64 * 48 / (double)(p * v) / 1e12);

		for (int exact = 0; exact < 2; exact++) {
			struct lower_run run = lower_run(&l, exact, 3, look, &d);
			dc_time both = d.forward + d.backward;

			cr_assert_eq(run.status, DC_OK, "%s", run.messages);
			cr_expect(d.forward == product && d.backward == 2 * product);
			cr_expect(d.step == 0);
			for (uint64_t n = 0; n < run.count; n++) {
				const struct dc_executor_iteration *row = &run.rows[n];

				cr_expect(row->duration == (dc_time)(m * v + p - 1) * both,
					  "p %u v %u m %u", (unsigned)p, (unsigned)v, (unsigned)m);
				/* (p - 1)/(v m) of the rest, with v 1 for the first two */
				cr_expect(row->bubble == (dc_time)(p - 1) * both);
				cr_expect(row->compute == (dc_time)(m * v) * both);
				cr_expect(row->exposed_communication == 0 && row->stall == 0);
			}
			for (uint64_t r = 0; r < l.fabric.ranks; r++)
				cr_expect(run.accounts[r].bubble == (dc_time)(p - 1) * both,
					  "rank %u of p %u v %u m %u", (unsigned)r, (unsigned)p,
					  (unsigned)v, (unsigned)m);
			free(run.messages);
		}
		lower_close(&l);
	}
}

/* What a stage holds at most, counted from its program: forward passes begun whose backward one is not done. */
static uint64_t in_flight(const struct dc_program *program)
{
	const struct dc_program_stream *compute = &program->streams[DC_PROGRAM_COMPUTE_STREAM];
	uint64_t held = 0, most = 0;

	for (uint32_t i = 0; i < compute->count; i++) {
		const struct dc_op *op = &program->ops[compute->ops[i]];

		held += op->role == DC_ROLE_FORWARD;
		held -= op->role == DC_ROLE_BACKWARD;
		most = held > most ? held : most;
	}
	return most;
}

/* GPipe holds all m; 1F1B stage s min(m, p - s) [Narayanan et al. 2019]; interleaved the warm-up of
 * 2 (p - 1 - s) + (v - 1) p chunks and the one under way [Narayanan et al. 2021, sec. 2.2; at stage 0
 * v p (1 + (p - 1)/(p v)) of 1/v, Korthikanti et al. 2022, sec. 4.2.3]. */
Test(lower_pipeline, in_flight)
{
	for (size_t i = 0; i < sizeof bubbles / sizeof *bubbles; i++) {
		uint64_t p = bubbles[i].p, v = bubbles[i].v, m = bubbles[i].m;
		struct lowered l = equal_layers(48, p, v, m, bubbles[i].schedule, 1);

		for (uint64_t s = 0; s < p; s++) {
			uint64_t most = v == 1 ? p - s : 2 * (p - 1 - s) + (v - 1) * p + 1;

			if (!strcmp(bubbles[i].schedule, "gpipe") || most > m * v)
				most = m * v;
			cr_expect_eq(in_flight(l.plan.ensemble->programs[s]), most,
				     "p %u v %u m %u stage %u", (unsigned)p, (unsigned)v,
				     (unsigned)m, (unsigned)s);
		}
		lower_close(&l);
	}
}

/* Uneven stages: one pass through all, and m - 1 times the largest [reference formula T = sum + (m - 1) max
 * of GPipe's and 1F1B's critical path when the largest stage is the last (hand)]. */
Test(lower_pipeline, uneven_stages)
{
	static const char *const schedules[] = {"gpipe", "1f1b"};

	for (int i = 0; i < 2; i++) {
		struct lowered l;
		struct lower_run run;
		char yaml[LOWER_TEXT];
		/* one layer: 2 x 2 samples x 32 x 64 x 64 FLOP forward, twice that backward */
		dc_time layer = 3 * dc_time_from_s(2.0 * 2 * 32 * 64 * 64 / 1e12);

		snprintf(
			yaml, sizeof yaml,
			"model: {name: m, sequence: 32, layers: [{type: embedding, vocabulary: 64, "
			"width: 64}, {type: repeat, times: 9, layers: [{type: linear, per: token, "
			"in: 64, out: 64}]}]}\n"
			"batch: {global: 10, micro: 2}\n"
			"dataset: {samples: 1000, sample_size: 1 kB}\n"
			"parallelism: {pipeline: 3, schedule: %s, stages: [1, 3, 5]}\n",
			schedules[i]);
		l = lower_read(yaml);
		lower_products_alone(&l);
		lower_free_fabric(&l, 3);
		lower_plan(&l);
		lower_expect_good(&l, yaml);
		run = lower_run(&l, true, 2, NULL, NULL);
		cr_assert_eq(run.status, DC_OK, "%s", run.messages);
		cr_expect(run.rows[1].duration == (9 + 4 * 5) * layer);
		free(run.messages);
		lower_close(&l);
	}
}

/* What an iteration of a rank is made of, from the operations that ended. */
static const char *const with_communication[] = {
	"parallelism: {pipeline: 4}",
	"parallelism: {pipeline: 2, interleave: 2, tensor: 2, sequence: true}",
	"parallelism: {pipeline: 2, tensor: 2, zero: 1}\nsynchronization: {overlap: false}",
	"parallelism: {pipeline: 2, tensor: 2, schedule: gpipe, zero: 3}",
	"parallelism: {pipeline: 2, context: 2}\nsoftware: megatron-lm-2022",
};

Test(lower_pipeline, account_explains_the_iteration)
{
	for (size_t i = 0; i < sizeof with_communication / sizeof *with_communication; i++) {
		struct lowered l;
		char yaml[LOWER_TEXT];
		const struct dc_fabric_dimension dimension = {.type = &dc_topology_switch,
							      .size = 8,
							      .bandwidth_bps = 25e9,
							      .latency_s = 2e-6};

		snprintf(
			yaml, sizeof yaml,
			"model: {name: m, sequence: 128, transformer: {layers: 4, hidden: 256, heads: 4, "
			"vocabulary: 1000}}\nbatch: {global: 16, micro: 1}\noptimizer: adam\n"
			"dataset: {samples: 1000, sample_size: 1 kB}\n%s\n",
			with_communication[i]);
		l = lower_read(yaml);
		l.accelerator =
			catalogue_read(&l.catalogue, &dc_accelerator_family, "a100-sxm4-80gb");
		cr_assert_eq(dc_fabric_add(&l.fabric, &dimension), DC_OK);
		lower_plan(&l);
		lower_expect_good(&l, yaml);
		dc_training_timing(l.workload, 1, false, &l.machine);
		for (int exact = 0; exact < 2; exact++) {
			struct lower_run run = lower_run(&l, exact, 4, NULL, NULL);
			dc_time sends = 0, bubble = 0;

			cr_assert_eq(run.status, DC_OK, "%s", run.messages);
			for (uint64_t r = 0; r < 8; r++) {
				const struct dc_executor_account *a = &run.accounts[r];

				cr_expect(a->duration == run.rows[run.count - 1].duration);
				cr_expect(lower_account_sum(a) == a->duration, "%s, rank %u",
					  with_communication[i], (unsigned)r);
				cr_expect(a->compute > 0 && a->stall == 0);
				sends += a->sends;
				bubble += a->bubble;
			}
			cr_expect(sends > 0 && bubble > 0, "%s", with_communication[i]);
			free(run.messages);
		}
		lower_close(&l);
	}
}
