/* What a transformer's choices are, for its checks and its expansion. */
#ifndef DC_TRAINING_TRANSFORMER_KEYS_H
#define DC_TRAINING_TRANSFORMER_KEYS_H

#include "training/transformer.h"

enum positions {
	POSITIONS_LEARNED,
	POSITIONS_ROTARY,
	POSITIONS_ALIBI,
	POSITIONS_NONE,
	POSITIONS_RELATIVE,
};
enum norm { NORM_LAYER, NORM_RMS };
enum norm_place { NORM_BEFORE, NORM_AFTER };
enum objective { OBJECTIVE_NEXT_TOKEN, OBJECTIVE_MASKED };

/* DC_ERR_INPUT when keys contradict each other or the model's samples; every fault is reported. */
enum dc_status dc_transformer_check(const struct dc_transformer *transformer,
				    const struct dc_layer_scope *scope) DC_CHECK;

#endif
