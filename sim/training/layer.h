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
 *     M        = rows + batch * rows_per_sample,  N = columns   (of its result)
 *
 * width is that of a product's operands, or of activations for elementwise passes (K = 0), and for
 * `results` among the elements (fixed ones too) that of activations always; `wide`
 * elements are FP32 whatever the format: parameters, their gradients, statistics. Traffic is what
 * must cross the memory interface: operands read once, results written once, because layers of
 * training-size batches do not fit in caches.
 *
 * Mixed precision as PyTorch's AMP does it [Micikevicius et al. 2018; torch.amp documentation]:
 * parameters and their gradients stay FP32; 16-bit copies of matrix weights are made once per
 * iteration, and 16-bit weight gradients are widened once.
 *
 * With several micro-batches each converts and widens: autocast's copies live for one forward pass.
 * Software that keeps 16-bit weights (software.h) converts nothing and adds to one gradient buffer.
 *
 * A shard is the part of a layer that one rank has [Megatron: Shoeybi et al. 2019; sequence
 * parallelism: Korthikanti et al. 2022; context parallelism: Liu et al. 2023, Ring attention].
 * Every kind divides its own numbers when it is expanded:
 *   tensor    attention's heads, a linear layer's columns or rows, vocabularies; what is left
 *             (norms, dropout, sums) is done by every rank, on all tokens, or with `sequence` on its
 *             share of them;
 *   context   the tokens of a sample; attention still reads the keys and values of all;
 *   expert    the experts of a layer that has some.
 * It declares what ranks must exchange for that; exchanges with a group of one are left out, so a
 * shard of one rank is the whole layer, to the bit. Gradients of norms under sequence parallelism
 * are to be summed over the tensor group; they are too small to be counted.
 *
 * 8-bit training keeps attention's products and the last one before the loss in 16 bits
 * [Micikevicius et al. 2022, sec. 3]: such passes say so.
 *
 * Ownership: names live in the arena given to the expansion. */
#ifndef DC_TRAINING_LAYER_H
#define DC_TRAINING_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/fields.h"
#include "fabric/algorithm.h"
#include "hardware/roofline.h"
#include "training/software.h"

enum {
	DC_LAYER_PASSES = 20, /* of a layer in one direction */
	/* a work each, one to narrow a product's operand, conversion and sum of gradients */
	DC_LAYER_WORKS = 2 * DC_LAYER_PASSES + 2,
	DC_LAYER_CORE = 5,      /* passes that selective recomputation repeats */
	DC_LAYER_EXCHANGES = 6, /* of a layer in one direction */
};

/* The part of a layer that one rank has; 0 counts as 1. */
struct dc_shard {
	uint64_t tensor, context, expert;
	bool sequence; /* norms, dropout and sums share tokens over the tensor ranks */
};

/* A pass that only some batches do: by whether the heads of a micro-batch on this rank are a
 * multiple of four (software.h, the fused softmax). */
enum dc_layer_when {
	DC_LAYER_ALWAYS,
	DC_LAYER_HEADS_BY_FOUR,
	DC_LAYER_HEADS_NOT_BY_FOUR,
};

struct dc_layer_pass {
	double flops;
	double elements, elements_fixed;
	double results, results_fixed; /* of these, what a product writes */
	double wide, wide_fixed;
	double inner, inner_per_sample;
	double rows, rows_per_sample, columns; /* of the product's result; 0: large */
	double narrowing; /* bytes per sample, to narrow operands for formats below 16 bits */
	unsigned kernels;
	enum dc_kernel kernel; /* how products run; 0: as matrix products do */
	bool sixteen;          /* a product whose operands stay in 16 bits */
	bool gradient;         /* the product that makes the gradient of weights */
	bool beside;           /* a backward product beside which its input's exchanges can run */
	enum dc_layer_when when;
};

enum dc_exchange_axis { DC_EXCHANGE_TENSOR, DC_EXCHANGE_CONTEXT, DC_EXCHANGE_EXPERT };

/* A communication among the ranks that share the layer; their order says nothing. Size in bytes, as
 * algorithm.h counts it: (batch * elements) * the activations' width + batch * wide * 4. */
struct dc_layer_exchange {
	int axis; /* enum dc_exchange_axis */
	enum dc_operation operation;
	double elements; /* per sample, the group's whole tensor */
	double wide;     /* the same, of FP32 elements */
	bool overlaps;   /* stacks that can hide it behind the layer's own products */
	bool again;      /* gathers backward what forward had: runs beside the input's gradient */
	uint32_t times;  /* so many in a row, >= 1 */
};

enum { DC_LAYER_FRONT = -1, DC_LAYER_BACK = -2 }; /* blocks: before the first, after the last */

struct dc_layer {
	const char *name; /* "encoder[3].attention" */
	const char *kind; /* "attention" */
	/* The block that it belongs to: 0, 1, ... or DC_LAYER_FRONT, DC_LAYER_BACK. A stage of a
	 * pipeline takes whole blocks; the front goes with the first, the back with the last. */
	int32_t block;
	uint32_t twin; /* the first layer with the same numbers: itself when it is that one */

	double parameters;          /* of this rank, experts included */
	double expert_parameters;   /* of these, the experts': other ranks have their replicas */
	double whole_parameters;    /* of the layer over all ranks */
	double inactive_parameters; /* of the whole: those of experts that a token does not take */
	double matrix_parameters;   /* of this rank, those that products read */
	struct dc_layer_pass forward[DC_LAYER_PASSES];
	size_t forward_count;
	struct dc_layer_pass backward[DC_LAYER_PASSES];
	size_t backward_count;
	double recomputed_flops; /* of backward: forward products done again, per sample */
	/* What kernels leave out of the forward products as they are counted by convention: scores
	 * that a causal mask hides, per sample. */
	double masked_flops;
	struct dc_layer_exchange forward_exchanges[DC_LAYER_EXCHANGES];
	size_t forward_exchange_count;
	struct dc_layer_exchange backward_exchanges[DC_LAYER_EXCHANGES];
	size_t backward_exchange_count;
	/* Kept from forward to backward, per sample: in the activations' width, and plain bytes
	 * (masks, indices, FP32 statistics). */
	double saved_elements, saved_bytes;
	/* Also kept, per sample: what products alone will read, as wide as their operands; and where
	 * these take less than 16 bits, narrow copies of what is kept in 16 for others. */
	double saved_operands, saved_casts;
	/* Selective recomputation [Korthikanti et al. 2022, sec. 5]: `core` is done again before the
	 * backward passes, and so much less is kept. */
	struct dc_layer_pass core[DC_LAYER_CORE];
	size_t core_count;
	double core_elements, core_bytes;
	/* Its input on this rank, per sample: what full recomputation keeps when the layer is the
	 * first of a block, and what a stage sends to the one that begins with it. */
	double input_elements;
	double heads;     /* of attention on this rank, per sample: for passes with a condition */
	uint64_t experts; /* of all ranks; 0: none */
	/* Kernels that the host launches in one forward, and backward, of a micro-batch. */
	double forward_launches, backward_launches;
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
	bool causal;     /* a token sees those before it only */
	struct dc_shard shard;
	const struct dc_software *software; /* NULL: the generic one */
};

struct dc_layer_type {
	const char *name;
	const char *doc;
	bool splits; /* can be shared over tensor ranks, or repeated by all of them to good purpose */
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
/* A forward pass of attention's core, which selective recomputation repeats. */
void dc_layer_add_core(struct dc_layer *layer, struct dc_layer_pass pass);
/* And an exchange; left out when its group has one member or nothing to say. */
void dc_layer_exchange_forward(struct dc_layer *layer, const struct dc_layer_scope *scope,
			       struct dc_layer_exchange exchange);
void dc_layer_exchange_backward(struct dc_layer *layer, const struct dc_layer_scope *scope,
				struct dc_layer_exchange exchange);

/* How a layer is shared over tensor ranks: not, by its outputs, or by its inputs. */
enum dc_layer_split { DC_LAYER_SPLIT_NONE, DC_LAYER_SPLIT_COLUMN, DC_LAYER_SPLIT_ROW };

/* The exchanges around a pair of products of `x` elements per sample, the tokens of all tensor ranks
 * [Korthikanti et al. 2022, fig. 4-6]. Into the columns of the first: its input is gathered with
 * sequence parallelism, again for the gradient of its weights, and the input's gradient is reduced.
 * Out of the rows of the second: its output is reduced; the gradient of it gathered with sequence
 * parallelism. */
void dc_layer_exchange_in(struct dc_layer *layer, const struct dc_layer_scope *scope, double x);
void dc_layer_exchange_out(struct dc_layer *layer, const struct dc_layer_scope *scope, double x);

/* Ranks that share the layer, 1 when the scope says nothing. */
double dc_layer_tensor(const struct dc_layer_scope *scope);
double dc_layer_context(const struct dc_layer_scope *scope);
double dc_layer_expert(const struct dc_layer_scope *scope);
/* Ranks that share the tokens of norms, dropout and sums: the tensor ranks with sequence parallelism,
 * else 1. */
double dc_layer_token_ranks(const struct dc_layer_scope *scope);

/* A vocabulary as the software lays it out: padded to a multiple of its padding and of the tensor
 * ranks, then one rank's part [Megatron-LM, _vocab_size_with_padding]. Without padding the largest
 * part. */
double dc_layer_vocabulary(const struct dc_layer_scope *scope, double vocabulary);

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
	bool sixteen;
	enum dc_kernel kernel;
	bool beside; /* its input is exchanged over the tensor ranks */
	/* Elements of x that are narrowed for formats below 16 bits, in the sweep that made them: one
	 * copy by rows and one by columns [NVIDIA Transformer Engine]; `apart`: by a sweep of its own.
	 * 0: nothing. Its result's gradient is narrowed by a sweep backward. */
	double narrowed;
	bool apart;
};
void dc_layer_add_product(struct dc_layer *layer, const struct dc_layer_product *product);

/* For layer kinds: a projection of `tokens` per sample, whose input needs a gradient; counts its
 * matrix among the parameters. apart: as of a product. */
void dc_layer_add_projection(struct dc_layer *layer, double tokens, double in, double width,
			     bool apart);

/* For layer kinds: the core of attention on one rank, per sample: products, softmax, and what they
 * keep; backward in forward order, for dc_layer_reverse_backward(). */
struct dc_layer_scores {
	double queries, keys; /* tokens */
	double heads;
	double key_size, value_size;
	bool causal;  /* keys after a query are hidden from it */
	bool dropout; /* of the probabilities; unfused only */
	int kernel;   /* enum dc_layer_kernel */
};
void dc_layer_add_scores(const struct dc_layer_scores *scores, const struct dc_layer_scope *scope,
			 struct dc_layer *layer);
/* And the exchanges that bring the keys and values of all context ranks to each: forward, again
 * backward, where their gradients go home too. */
void dc_layer_add_keys(const struct dc_layer_scores *scores, const struct dc_layer_scope *scope,
		       struct dc_layer *layer);
/* Refuses samples without tokens, and heads that the tensor ranks do not divide; kind: for messages. */
enum dc_status dc_layer_check_heads(const struct dc_layer_scope *scope, const struct dc_node *node,
				    const char *kind, uint64_t heads) DC_CHECK;

/* Rows that a layer of this rank sees per sample: `per` 0: one; 1: one per token, times share, over
 * the context ranks. Reports a model whose samples have no tokens at `node`. */
enum dc_layer_per { DC_LAYER_PER_SAMPLE, DC_LAYER_PER_TOKEN };
extern const char *const dc_layer_per_names[];
enum dc_status dc_layer_rows(const struct dc_layer_scope *scope, const struct dc_node *node,
			     int per, double share, double *rows) DC_CHECK;

/* One micro-batch through a layer. */
struct dc_layer_batch {
	double samples; /* > 0 */
	enum dc_precision precision;
	const struct dc_software *software; /* NULL: the generic one */
	bool accumulates; /* adds its gradients to those of micro-batches before */
};

/* The work of a micro-batch's forward or backward pass, in order of execution. Returns how many of
 * `works` were filled. */
size_t dc_layer_forward_works(const struct dc_layer *layer, const struct dc_layer_batch *batch,
			      struct dc_work works[DC_LAYER_WORKS]);
size_t dc_layer_backward_works(const struct dc_layer *layer, const struct dc_layer_batch *batch,
			       struct dc_work works[DC_LAYER_WORKS]);
/* What selective recomputation does before the backward pass; full recomputation does
 * dc_layer_forward_works() and the forward exchanges again, in every layer of the blocks. */
size_t dc_layer_core_works(const struct dc_layer *layer, const struct dc_layer_batch *batch,
			   struct dc_work works[DC_LAYER_WORKS]);
/* The same for the only micro-batch of an iteration and the generic software. */
size_t dc_layer_forward(const struct dc_layer *layer, double batch, enum dc_precision precision,
			struct dc_work works[DC_LAYER_WORKS]);
size_t dc_layer_backward(const struct dc_layer *layer, double batch, enum dc_precision precision,
			 struct dc_work works[DC_LAYER_WORKS]);

/* Bytes of an exchange of `batch` samples, as algorithm.h counts. */
double dc_layer_exchange_bytes(const struct dc_layer_exchange *exchange, double batch,
			       enum dc_precision precision);

/* Seconds of an exchange that products of the layer hide at most, one of its forward or backward ones.
 * Exchanges that software runs beside products are hidden for a share of their time
 * (accelerator.h: efficiency.beside).
 *   backward   a reduction of an input's gradient beside the product that makes the weights' gradient, a
 *              second gather beside the one that makes the input's [Megatron-LM: asynchronous
 *              all-reduce of LinearWithGradAccumulationAndAsyncCommunication];
 *   all        all of a layer's exchanges in a direction beside all of its products, in parts; second
 *              gathers wholly [Transformer Engine: userbuffers]. */
double dc_layer_hidden_s(const struct dc_layer *layer, const struct dc_layer_exchange *exchange,
			 bool backward, const struct dc_layer_batch *batch,
			 const struct dc_accelerator *accelerator);

/* Bytes kept from forward to backward for `batch` samples, without recomputation; and by how much
 * selective recomputation makes them fewer; and what full recomputation keeps of a layer that is the
 * first of a block. */
double dc_layer_saved_bytes(const struct dc_layer *layer, double batch,
			    enum dc_precision precision);
double dc_layer_core_bytes(const struct dc_layer *layer, double batch, enum dc_precision precision);
double dc_layer_input_bytes(const struct dc_layer *layer, double batch,
			    enum dc_precision precision);

#endif
