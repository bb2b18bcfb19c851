/* The sections of the layer kinds, for the table that lists them. */
#ifndef DC_TRAINING_LAYER_KINDS_H
#define DC_TRAINING_LAYER_KINDS_H

#include "config/fields.h"

extern const struct dc_section dc_layer_attention_section;
extern const struct dc_section dc_layer_conv2d_section;
extern const struct dc_section dc_layer_embedding_section;
extern const struct dc_section dc_layer_linear_section;
extern const struct dc_section dc_layer_loss_section;
extern const struct dc_section dc_layer_norm_section;
extern const struct dc_section dc_layer_pool_section;

#endif
