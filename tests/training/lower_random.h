/* Plans at random: transformers small enough to run message by message, every degree of parallelism that fits
 * up to 64 ranks, software stacks and fabrics. */
#ifndef DC_TESTS_TRAINING_LOWER_RANDOM_H
#define DC_TESTS_TRAINING_LOWER_RANDOM_H

#include "lower_rig.h"

static const char *const random_stacks[] = {
	"generic",
	"megatron-lm-2020",
	"megatron-lm-2021",
	"megatron-lm-2022",
	"megatron-core-2024",
	"megatron-deepspeed-2022",
	"nemo-mlperf-2024",
	"fsdp-triton-2023",
	"pytorch-ddp-2020",
	"horovod-2018",
	"mxnet-2019",
	"tensorflow-2020",
	"megatron-bridge-2025",
};

enum { RANDOM_STACKS = sizeof random_stacks / sizeof *random_stacks };

struct random_plan {
	unsigned long long t, c, p, d, v, e, shard, m, micro, layers, zero;
	bool sequence, ends, tied;
	char text[LOWER_TEXT];
};

static inline unsigned long long draw_divisor(uint64_t *state, unsigned long long whole)
{
	unsigned long long n;

	do
		n = 1 + lower_draw(state, whole);
	while (whole % n);
	return n;
}

static inline void draw_degrees(uint64_t *state, struct random_plan *r)
{
	static const unsigned long long powers[] = {1, 2, 4};

	do {
		r->t = powers[lower_draw(state, 3)];
		r->c = powers[lower_draw(state, 2)];
		r->p = 1 + lower_draw(state, 5);
		r->d = 1 + lower_draw(state, 8);
	} while (r->t * r->c * r->p * r->d > 64 || r->t * r->c * r->p * r->d < 2);
	r->sequence = r->t > 1 && lower_draw(state, 2);
	r->v = r->p > 1 && lower_draw(state, 2) ? 1 + lower_draw(state, 3) : 1;
	r->m = r->v > 1 ? r->p * (1 + lower_draw(state, 2)) : 1 + lower_draw(state, 6);
	r->micro = 1 + lower_draw(state, 3);
	r->zero = lower_draw(state, 4);
}

/* Stages of whole layers, of any number where they are listed. */
static inline void write_stages(uint64_t *state, struct random_plan *r, char *text, size_t size)
{
	unsigned long long parts = r->p * r->v;
	size_t used = 0;

	*text = '\0';
	r->ends = false;
	if (lower_draw(state, 3) || parts == 1) {
		r->ends = parts > 1 && lower_draw(state, 3) == 0;
		r->layers = parts * (r->ends ? 2 : 1 + lower_draw(state, 2)) - (r->ends ? 2 : 0);
		return;
	}
	r->layers = 0;
	for (unsigned long long i = 0; i < parts; i++) {
		/* The ends may have embedding or head alone. */
		unsigned long long least = i && i + 1 < parts, n = least + lower_draw(state, 3);

		if (i + 1 == parts && !r->layers)
			n++;
		r->layers += n;
		used += (size_t)snprintf(text + used, size - used, "%s%llu",
					 i ? ", " : ", stages: [", n);
	}
	snprintf(text + used, size - used, "]");
}

static inline void draw_plan(uint64_t *state, struct random_plan *r)
{
	static const char *const recompute[] = {"none", "selective", "full",
						"full\nrecompute_layers: 1"};
	static const char *const optimizers[] = {"adam", "sgd-momentum"};
	char stages[128], experts[128] = "";
	unsigned long long kv = 1ULL << lower_draw(state, 3), samples;
	bool moe = lower_draw(state, 3) == 0;

	draw_degrees(state, r);
	write_stages(state, r, stages, sizeof stages);
	r->e = 1;
	if (moe) {
		do
			r->e = draw_divisor(state, r->d);
		while (12 % r->e);
		snprintf(experts, sizeof experts,
			 ", experts: 12, top_k: %llu, shared_experts: %llu",
			 1 + (unsigned long long)lower_draw(state, 3),
			 (unsigned long long)lower_draw(state, 2));
	}
	r->shard = r->zero && lower_draw(state, 3) == 0 ? draw_divisor(state, r->d / r->e) : 0;
	r->tied = lower_draw(state, 2);
	samples = r->d * r->m * r->micro;
	snprintf(
		r->text, sizeof r->text,
		"model: {name: m, sequence: 64, transformer: {layers: %llu, hidden: %llu, heads: 4, "
		"kv_heads: %llu, vocabulary: 1000, gated: %s, tied: %s%s}}\n"
		"batch: {global: %llu, micro: %llu}\noptimizer: %s\n"
		"dataset: {samples: 1000000, sample_size: 1 kB}\nsoftware: %s\nrecompute: %s\n"
		"parallelism: {tensor: %llu, context: %llu, pipeline: %llu, interleave: %llu, "
		"expert: %llu, shard: %llu, sequence: %s, zero: %llu, schedule: %s, ends: %s%s}\n"
		"synchronization: {algorithm: ring, overlap: %s, buckets: %llu kB}\n",
		r->layers, 32ULL << lower_draw(state, 3), kv,
		lower_draw(state, 2) ? "true" : "false", r->tied ? "true" : "false", experts,
		samples, r->micro, optimizers[lower_draw(state, 2)],
		random_stacks[lower_draw(state, RANDOM_STACKS)], recompute[lower_draw(state, 4)],
		r->t, r->c, r->p, r->v, r->e, r->shard, r->sequence ? "true" : "false", r->zero,
		r->v == 1 && lower_draw(state, 2) ? "gpipe" : "1f1b", r->ends ? "layers" : "extra",
		stages, lower_draw(state, 2) ? "true" : "false", 10ULL << lower_draw(state, 6));
}

/* A node's switch and rails, a ring of all, or rings in two dimensions. */
static inline void draw_fabric(uint64_t *state, struct lowered *l, uint64_t ranks)
{
	uint64_t inner = draw_divisor(state, ranks), kind = lower_draw(state, 3);
	struct dc_fabric_dimension d = {.type = kind ? &dc_topology_ring : &dc_topology_switch,
					.size = kind == 1 ? ranks : inner,
					.bandwidth_bps = 300e9,
					.latency_s = 1e-6};

	cr_assert_eq(dc_fabric_add(&l->fabric, &d), DC_OK);
	d.size = ranks / inner;
	d.bandwidth_bps = 25e9;
	d.latency_s = 3e-6;
	if (kind != 1)
		cr_assert_eq(dc_fabric_add(&l->fabric, &d), DC_OK);
}

/* The plan on an accelerator of the catalogue, lowered. */
static inline struct lowered lower_random(uint64_t *state, struct random_plan *r)
{
	struct lowered l;

	draw_plan(state, r);
	l = lower_read(r->text);
	l.accelerator = catalogue_read(&l.catalogue, &dc_accelerator_family, "a100-sxm4-80gb");
	draw_fabric(state, &l, r->t * r->c * r->p * r->d);
	lower_plan(&l);
	lower_expect_good(&l, r->text);
	dc_training_timing(l.workload, 2, true, &l.machine);
	return l;
}

#endif
