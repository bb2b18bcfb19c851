/* Models: a list of layers or the numbers of a transformer in a file, and what it costs to train.
 *
 * A model's `layers` are maps with a `type`; `{type: repeat, times: 24, layers: [...]}` stands for
 * its list written out that often; instead of them, `transformer` holds what it is made of
 * (transformer.h). Expansion gives every layer in forward order; backward is the same in reverse,
 * so gradients become ready from the last layer to the first.
 *
 * Ownership: sections live in the configuration's arena; what dc_model_expand() gives lives in the
 * arena passed to it. */
#ifndef DC_TRAINING_MODEL_H
#define DC_TRAINING_MODEL_H

#include "base/arena.h"
#include "config/fields.h"
#include "training/layer.h"
#include "training/transformer.h"

enum { DC_MODEL_LAYERS = 100000 }; /* most layers a model may expand to */

struct dc_model {
	const struct dc_node *node;
	const char *name;
	const char *description;
	const char *unit;      /* what a sample is: "image", "sequence" */
	uint64_t sequence;     /* tokens per sample; 0: samples are not sequences */
	bool fused;            /* chains of elementwise operations are one sweep */
	struct dc_list layers; /* of struct dc_tagged; empty when `transformer` says it all */
	struct dc_transformer *transformer; /* NULL: a list of layers */
};

extern const struct dc_section dc_model_section;
extern const struct dc_catalogue_family dc_model_family; /* catalog/models */

/* Writes out repeats or the transformer and works out every layer. Every fault that field tables
 * cannot see is reported at its key (a layer on tokens in a model without, a sequence longer than
 * the learned positions, groups that do not divide, too many layers, both or none of layers and
 * transformer): DC_ERR_INPUT then. */
enum dc_status dc_model_expand(const struct dc_model *model, struct dc_arena *arena,
			       struct dc_diag *diag, struct dc_layers *out) DC_CHECK;

/* The same for the part of the layers that one rank has, run by some software: blocks and twins are
 * marked, launches counted. shard NULL: all of it; software NULL: the generic one. Also refused:
 * tokens, heads or widths that the ranks do not divide. */
enum dc_status dc_model_expand_shard(const struct dc_model *model, const struct dc_shard *shard,
				     const struct dc_software *software, struct dc_arena *arena,
				     struct dc_diag *diag, struct dc_layers *out) DC_CHECK;

/* Blocks of expanded layers, the front and the back not among them. */
uint64_t dc_layers_blocks(const struct dc_layers *layers);

struct dc_model_totals {
	double parameters;
	double active_parameters; /* those that one token meets: all, or all but the experts not taken */
	double forward_macs;      /* multiply-adds of matrix products per sample */
	double forward_flops; /* twice that */
	double backward_flops;
	double recomputed_flops; /* of backward_flops: forward products done again */
};

struct dc_model_totals dc_model_totals(const struct dc_layers *layers);

#endif
