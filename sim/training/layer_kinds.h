/* The sections of the layer kinds, for the table that lists them. */
#ifndef DC_TRAINING_LAYER_KINDS_H
#define DC_TRAINING_LAYER_KINDS_H

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

extern const struct dc_section dc_layer_attention_section;
extern const struct dc_section dc_layer_conv2d_section;
extern const struct dc_section dc_layer_embedding_section;
extern const struct dc_section dc_layer_linear_section;
extern const struct dc_section dc_layer_loss_section;
extern const struct dc_section dc_layer_norm_section;
extern const struct dc_section dc_layer_pool_section;

#endif
