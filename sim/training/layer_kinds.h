/* The layer kinds: their keys, for those that build layers without a list, and their sections, for
 * the table that lists them. `node` of a built layer is the map to blame; names may be NULL. */
#ifndef DC_TRAINING_LAYER_KINDS_H
#define DC_TRAINING_LAYER_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/fields.h"

/* The rows of a kind that works on rows: `per` and `share` of its struct. */
#define DC_LAYER_ROW_FIELDS(type, usual)                                                           \
	{.key = "per",                                                                             \
	 .kind = DC_ENUM,                                                                          \
	 .fallback = (usual),                                                                      \
	 .choices = dc_layer_per_names,                                                            \
	 .offset = offsetof(type, per),                                                            \
	 .help = "one row per sample, or one per token"},                                          \
	{                                                                                          \
		.key = "share", .kind = DC_REAL, .flags = DC_POSITIVE, .max = 1.0,                 \
		.fallback = "1", .offset = offsetof(type, share),                                  \
		.help = "share of the tokens that reach it"                                        \
	}

enum dc_layer_kernel { DC_LAYER_KERNEL_FLASH, DC_LAYER_KERNEL_UNFUSED };
extern const char *const dc_layer_kernel_names[];

struct dc_layer_attention_keys {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t hidden, heads;
	uint64_t kv_heads;  /* 0: as many as heads */
	uint64_t head_size; /* 0: hidden / heads */
	bool bias, dropout, rotary;
	bool parallel; /* a feed-forward reads the same input and adds to the same output; no key */
	int kernel;    /* enum dc_layer_kernel */
};

struct dc_layer_cross_keys {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t hidden, heads, head_size;
	uint64_t source; /* tokens of the other sequence */
	bool bias, dropout;
	int kernel; /* enum dc_layer_kernel */
};

struct dc_layer_embedding_keys {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t vocabulary, width, positions, segments;
};

enum dc_layer_activation {
	DC_LAYER_ACTIVATION_NONE,
	DC_LAYER_ACTIVATION_RELU,
	DC_LAYER_ACTIVATION_GELU,
	DC_LAYER_ACTIVATION_TANH,
	DC_LAYER_ACTIVATION_SILU,
};
extern const char *const dc_layer_activation_names[];

struct dc_layer_linear_keys {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t in, out;
	bool bias, tied, gated, dropout, residual;
	bool parallel;  /* reads what attention beside it reads, adds to its output; no key */
	bool logits;    /* the last product before the loss: 16 bits, padded columns */
	int activation; /* enum dc_layer_activation */
	int split;      /* enum dc_layer_split */
	int per;
	double share;
};

struct dc_layer_experts_keys {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t hidden, ffn, experts, top_k;
	bool gated, bias;
	int activation; /* enum dc_layer_activation */
};

/* Ranks and head widths of latent attention, a map of its own in a transformer. */
struct dc_layer_latent {
	const struct dc_node *node;
	uint64_t q_rank; /* 0: none */
	uint64_t kv_rank, nope_size, rope_size, v_size;
};

struct dc_layer_latent_keys {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t hidden, heads;
	struct dc_layer_latent latent;
	int kernel; /* enum dc_layer_kernel */
};

struct dc_layer_loss_keys {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t classes;
	int split; /* enum dc_layer_split: none or column */
	int per;
	double share;
};

struct dc_layer_norm_keys {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t width;
	bool residual, dropout;
	bool bias; /* of layer-norm only */
	int per;
	double share;
};

extern const struct dc_section dc_layer_attention_section;
extern const struct dc_section dc_layer_batch_norm_section;
extern const struct dc_section dc_layer_concat_section;
extern const struct dc_section dc_layer_conv1d_section;
extern const struct dc_section dc_layer_conv2d_section;
extern const struct dc_section dc_layer_conv3d_section;
extern const struct dc_section dc_layer_cross_section;
extern const struct dc_section dc_layer_embedding_section;
extern const struct dc_section dc_layer_embedding_bag_section;
extern const struct dc_section dc_layer_experts_section;
extern const struct dc_section dc_layer_interaction_section;
extern const struct dc_section dc_layer_latent_section;
extern const struct dc_section dc_layer_latent_ranks; /* of struct dc_layer_latent */
extern const struct dc_section dc_layer_linear_section;
extern const struct dc_section dc_layer_loss_section;
extern const struct dc_section dc_layer_norm_section;
extern const struct dc_section dc_layer_pool_section;
extern const struct dc_section dc_layer_recurrent_section;
extern const struct dc_section dc_layer_rms_norm_section;

#endif
