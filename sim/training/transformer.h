/* Transformers by their numbers: what a model's `transformer` says, expanded into layers.
 *
 * Stacks [Vaswani et al. 2017] of l layers, width h, a heads of width
 * d (h/a unless given), k key and value heads, feed-forward width f, vocabulary V. Per layer, in
 * order, for norms before their branches (GPT, LLaMA); each norm takes the sum that precedes it:
 *
 *     norm; attention; norm; linear h -> f, activation (gated: h -> 2f, f); linear f -> h
 *
 * with one more norm after the last layer; for norms after (BERT), one follows the embedding and
 * each branch; `parallel` (PaLM) has one norm per layer, read by both branches. The embedding comes
 * first, what the objective needs last:
 *
 *     next-token  linear h -> V of every token, without bias, and its loss
 *     masked      pooler and next sentence of every sample; of the predicted tokens linear h -> h,
 *                 activation, norm, linear h -> V, loss [Devlin et al. 2018]
 *
 * Parameters without biases: V h (+ learned positions and segments), per layer h d (2a + 2k) + 2 h
 * f (gated 3 h f) + norms, and V h again when not tied. With f = 4h, a d = h, k = a, biases and
 * learned positions of s tokens: 12 l h^2 (1 + 13/(12h) + (V + s)/(12 l h)) + 2h, the paper's
 * equation and the last norm [Narayanan et al. 2021, eq. 2]. Forward of s tokens costs 24 s l h^2
 * (1 + s/(6h) + V/(12 l h)) FLOP then [Korthikanti et al. 2022, eq. 7 without its factor 3]. No
 * causal mask saves products: attention computes all s^2 scores, as those formulas count. ALiBi
 * [Press et al. 2022] adds to scores where they are scaled anyway: it costs nothing of its own.
 * Nothing pads the vocabulary or the sequence.
 *
 * Experts (layer_experts.c) take the place of the two linear layers, but in the first
 * `dense_layers`; n shared experts are linear layers h -> n f', n f' -> h after them, f' the width
 * of an expert. `latent` replaces attention by multi-head latent attention (layer_latent.c).
 *
 * Encoder and decoder [Vaswani et al. 2017]: encoder_layers layers and a norm on the model's
 * sequence, then the decoder, whose `target` tokens share the embedding's table; each of its layers
 * has norm and cross attention (layer_cross.c) after its attention. Relative positions are 32
 * learned numbers per head and stack, added where scores are scaled [Raffel et al. 2020, sec. 2.1].
 *
 * Ownership: sections live in the configuration's arena, names in the one given to
 * the expansion. */
#ifndef DC_TRAINING_TRANSFORMER_H
#define DC_TRAINING_TRANSFORMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/fields.h"
#include "training/layer.h"

struct dc_transformer {
	const struct dc_node *node;
	uint64_t layers, hidden, heads;
	uint64_t kv_heads;   /* 0: as many as heads */
	uint64_t head_size;  /* 0: hidden / heads */
	uint64_t ffn;        /* 0: 4 hidden */
	uint64_t vocabulary; /* different tokens */
	uint64_t position_count, segments;
	bool gated, parallel, bias, dropout, tied;
	int activation; /* enum dc_layer_activation */
	int positions, norm, norm_place, objective;
	int kernel; /* enum dc_layer_kernel */
	double predicted;
	uint64_t experts; /* 0: none */
	uint64_t top_k;   /* 0: 1 */
	uint64_t shared_experts;
	uint64_t expert_ffn; /* 0: ffn */
	uint64_t dense_layers;
	struct dc_layer_latent *latent; /* NULL: attention by heads */
	uint64_t encoder_layers;        /* 0: no encoder */
	uint64_t target;                /* tokens behind the encoder; 0: as many as before it */
};

extern const struct dc_section dc_transformer_section;

/* How many layers dc_transformer_expand() gives at most: exact without experts. */
size_t dc_transformer_layers(const struct dc_transformer *transformer);

/* Appends the layers to `out`, whose items have room for them; `scope` says what surrounds the
 * model, `first` is set here. DC_ERR_INPUT, reported at its key, when heads divide nothing, keys
 * contradict each other, or the model's samples have no tokens or more than learned positions. */
enum dc_status dc_transformer_expand(const struct dc_transformer *transformer,
				     const struct dc_layer_scope *scope, struct dc_arena *arena,
				     struct dc_layers *out) DC_CHECK;

#endif
