/* Softmax cross-entropy over classes, in FP32 whatever the format.
 *
 * Forward widens the scores (reads them narrow, writes them wide) and writes their logarithmic
 * softmax (one wide read, one wide write); backward reads that, writes the wide gradient, and
 * narrows it (one wide read, one narrow write). Software that does not fuse it (Megatron-LM's
 * vocab_parallel_cross_entropy) makes one sweep for each of: widening, maximum, difference,
 * exponential, sum, quotient; backward: scaling, narrowing.
 *
 * `split: column`, the scores of a vocabulary are shared over tensor ranks, as the product before
 * gives them: maximum, sum and the target's score of each row are reduced in FP32. */
#include "training/layer.h"
#include "training/layer_kinds.h"

static const char *const split_names[] = {"none", "column", NULL};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_layer_loss_keys, type),
	 .help = "loss"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_layer_loss_keys, name),
	 .help = "what reports call the layer"},
	{.key = "classes",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e9,
	 .offset = offsetof(struct dc_layer_loss_keys, classes),
	 .help = "scores per row"},
	{.key = "split",
	 .kind = DC_ENUM,
	 .fallback = "none",
	 .choices = split_names,
	 .offset = offsetof(struct dc_layer_loss_keys, split),
	 .help = "column: tensor ranks have a part of the scores each"},
	DC_LAYER_ROW_FIELDS(struct dc_layer_loss_keys, "sample"),
};

const struct dc_section dc_layer_loss_section = {
	.name = "loss layer",
	.doc = "Softmax cross-entropy",
	.size = sizeof(struct dc_layer_loss_keys),
	DC_FIELDS(fields),
};

/* Rows of a loss that every tensor rank computes: its tokens with sequence parallelism. */
static double own_rows(const struct dc_layer_loss_keys *loss, const struct dc_layer_scope *scope,
		       double rows)
{
	return loss->per == DC_LAYER_PER_TOKEN ? rows / dc_layer_token_ranks(scope) : rows;
}

static void add_passes(const struct dc_software *software, double scores, struct dc_layer *out)
{
	struct dc_layer_pass forward = {.elements = scores, .wide = 3.0 * scores, .kernels = 3};
	struct dc_layer_pass backward = forward;

	if (!software->fused_loss) {
		forward.wide = 9.0 * scores;
		forward.kernels = 6;
		backward.kernels = 2;
	}
	dc_layer_add_forward(out, forward);
	dc_layer_add_backward(out, backward);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_loss_keys *loss = section;
	double rows, scores;
	enum dc_status status = dc_layer_rows(scope, loss->node, loss->per, loss->share, &rows);

	if (status != DC_OK)
		return status;
	if (loss->split == DC_LAYER_SPLIT_COLUMN)
		scores = rows * dc_layer_vocabulary(scope, (double)loss->classes);
	else
		scores = own_rows(loss, scope, rows) * (double)loss->classes;
	add_passes(dc_software_of(scope->software), scores, out);
	if (loss->split == DC_LAYER_SPLIT_COLUMN)
		dc_layer_exchange_forward(out, scope,
					  (struct dc_layer_exchange){
						  .axis = DC_EXCHANGE_TENSOR,
						  .operation = DC_OPERATION_ALL_REDUCE,
						  .wide = rows,
						  .times = 3,
					  });
	out->input_elements = scores;
	out->saved_bytes = 4.0 * scores;
	out->transient_elements = 3.0 * scores; /* one wide and one narrow gradient */
	return DC_OK;
}

const struct dc_layer_type dc_layer_loss = {
	.name = "loss",
	.doc = "Softmax cross-entropy over classes, computed in FP32.",
	.splits = true,
	.expand = expand,
};
