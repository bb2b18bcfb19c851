/* Layers: what one layer of a model costs, before batch and number format are known.
 *
 * A layer kind is one file with one descriptor: a field table for its key in a model's layer list,
 * and `expand`, which turns those keys into passes. A pass is one operation of the accelerator, a
 * matrix product or an elementwise sweep, with what grows with the batch and what does not:
 *
 *     FLOP     = batch * flops                          (2 per multiply-add)
 *     bytes    = (batch * elements + elements_fixed) * width
 *              + (batch * wide + wide_fixed) * 4
 *     K        = inner + batch * inner_per_sample        (inner dimension of a product)
 *
 * width is that of a product's operands, or of activations for elementwise passes (K = 0); `wide`
 * elements are FP32 whatever the format: parameters, their gradients, statistics. Traffic is what
 * must cross the memory interface: operands read once, results written once, because layers of
 * training-size batches do not fit in caches.
 *
 * Mixed precision as PyTorch's AMP does it [Micikevicius et al. 2018; torch.amp documentation]:
 * parameters and their gradients stay FP32; 16-bit copies of matrix weights are made once per
 * iteration, and 16-bit weight gradients are widened once.
 *
 * Ownership: names live in the arena given to the expansion. */
#ifndef DC_TRAINING_LAYER_H
#define DC_TRAINING_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/fields.h"
#include "hardware/roofline.h"

enum {
	DC_LAYER_PASSES = 20,                 /* of a layer in one direction */
	DC_LAYER_WORKS = DC_LAYER_PASSES + 1, /* and the conversion of its weights */
};

struct dc_layer_pass {
	double flops;
	double elements, elements_fixed;
	double wide, wide_fixed;
	double inner, inner_per_sample;
	unsigned kernels;
};

struct dc_layer {
	const char *name; /* "encoder[3].attention" */
	const char *kind; /* "attention" */
	double parameters;
	double inactive_parameters; /* of parameters: those of experts that a token does not take */
	double matrix_parameters;   /* those that products read: converted in mixed precision */
	struct dc_layer_pass forward[DC_LAYER_PASSES];
	size_t forward_count;
	struct dc_layer_pass backward[DC_LAYER_PASSES];
	size_t backward_count;
	double recomputed_flops; /* of backward: forward products done again, per sample */
	/* Kept from forward to backward, per sample: in the activations' width, and plain bytes
	 * (masks, indices, FP32 statistics). */
	double saved_elements, saved_bytes;
	/* Elements of the largest pair of gradients alive during its backward pass, per sample. */
	double transient_elements;
};

struct dc_layers {
	struct dc_layer *items; /* in forward order */
	size_t count;
};

/* What surrounds a layer when it is expanded. */
struct dc_layer_scope {
	struct dc_diag *diag;
	double sequence; /* tokens per sample; 0: samples are not sequences */
	bool first;      /* first of the model: nobody needs its input's gradient */
	bool fused;      /* normalisation, sums, activations and dropout in a row are one sweep */
};

struct dc_layer_type {
	const char *name;
	const char *doc;
	/* Fills `out` (zeroed; name and kind are the caller's) from the kind's struct. */
	enum dc_status (*expand)(const void *section, const struct dc_layer_scope *scope,
				 struct dc_layer *out);
};

/* The kinds, by key `type`; descriptor is the struct dc_layer_type, NULL for `repeat`. */
extern const struct dc_tagged_family dc_layer_family;

extern const struct dc_layer_type dc_layer_attention;
extern const struct dc_layer_type dc_layer_batch_norm;
extern const struct dc_layer_type dc_layer_concat;
extern const struct dc_layer_type dc_layer_conv1d;
extern const struct dc_layer_type dc_layer_conv2d;
extern const struct dc_layer_type dc_layer_conv3d;
extern const struct dc_layer_type dc_layer_cross;
extern const struct dc_layer_type dc_layer_embedding;
extern const struct dc_layer_type dc_layer_embedding_bag;
extern const struct dc_layer_type dc_layer_experts;
extern const struct dc_layer_type dc_layer_interaction;
extern const struct dc_layer_type dc_layer_latent;
extern const struct dc_layer_type dc_layer_linear;
extern const struct dc_layer_type dc_layer_loss;
extern const struct dc_layer_type dc_layer_norm;
extern const struct dc_layer_type dc_layer_pool;
extern const struct dc_layer_type dc_layer_recurrent;
extern const struct dc_layer_type dc_layer_rms_norm;

/* `repeat`: a list of layers, `times` times over. */
struct dc_layer_repeat {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t times;
	struct dc_list layers; /* of struct dc_tagged */
};

extern const struct dc_section dc_layer_repeat_section;

/* For layer kinds: add a pass to one direction. */
void dc_layer_add_forward(struct dc_layer *layer, struct dc_layer_pass pass);
void dc_layer_add_backward(struct dc_layer *layer, struct dc_layer_pass pass);

/* For layer kinds: turns the backward passes round, for those that add them in forward order. */
void dc_layer_reverse_backward(struct dc_layer *layer);

/* For layer kinds: dropout over x elements per sample, either way: reads, writes, and a mask byte, which
 * is a quarter of an FP32 element. */
struct dc_layer_pass dc_layer_dropout(double x);

/* For layer kinds: the three products of y = x W. `rows` of x per sample, `in` and `out` wide;
 * forward (rows, out, in); backward dx = dy W' (rows, in, out) unless `first`, and dW = x' dy
 * (in, out, batch * rows). weight_elements: of W; reads and writes of x and y per sample given, so
 * that convolutions can count x once, not once per filter tap. */
struct dc_layer_product {
	double macs;         /* multiply-adds per sample */
	double in_elements;  /* x per sample */
	double out_elements; /* y per sample */
	double weights;      /* elements of W */
	double inner;        /* K of the forward product */
	double inner_input;  /* K of the input gradient */
	double rows;         /* K of the weight gradient per sample */
	bool first;
};
void dc_layer_add_product(struct dc_layer *layer, const struct dc_layer_product *product);

/* For layer kinds: a projection of `tokens` per sample, whose input needs a gradient; counts its
 * matrix among the parameters. */
void dc_layer_add_projection(struct dc_layer *layer, double tokens, double in, double width);

/* For layer kinds: the core of attention, per sample: products, softmax, and what they keep;
 * backward in forward order, for dc_layer_reverse_backward(). */
struct dc_layer_scores {
	double queries, keys; /* tokens */
	double heads;
	double key_size, value_size;
	bool dropout; /* of the probabilities; unfused only */
	int kernel;   /* enum dc_layer_kernel */
};
void dc_layer_add_scores(const struct dc_layer_scores *scores, struct dc_layer *layer);

/* Rows that a layer sees per sample: `per` 0: one; 1: one per token, times share. Reports a model
 * whose samples have no tokens at `node`. */
enum dc_layer_per { DC_LAYER_PER_SAMPLE, DC_LAYER_PER_TOKEN };
extern const char *const dc_layer_per_names[];
enum dc_status dc_layer_rows(const struct dc_layer_scope *scope, const struct dc_node *node,
			     int per, double share, double *rows) DC_CHECK;

/* The work of one iteration's forward or backward pass over `batch` samples, in order of
 * execution. Returns how many of `works` were filled. batch > 0. */
size_t dc_layer_forward(const struct dc_layer *layer, double batch, enum dc_precision precision,
			struct dc_work works[DC_LAYER_WORKS]);
size_t dc_layer_backward(const struct dc_layer *layer, double batch, enum dc_precision precision,
			 struct dc_work works[DC_LAYER_WORKS]);

/* Bytes kept from forward to backward for `batch` samples. */
double dc_layer_saved_bytes(const struct dc_layer *layer, double batch,
			    enum dc_precision precision);

#endif
