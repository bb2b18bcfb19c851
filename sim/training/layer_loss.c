/* Softmax cross-entropy over classes, in FP32 whatever the format.
 *
 * Forward widens the scores (reads them narrow, writes them wide) and writes their logarithmic
 * softmax (one wide read, one wide write); backward reads that, writes the wide gradient, and
 * narrows it (one wide read, one narrow write). */
#include "training/layer.h"
#include "training/layer_kinds.h"

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
	DC_LAYER_ROW_FIELDS(struct dc_layer_loss_keys, "sample"),
};

const struct dc_section dc_layer_loss_section = {
	.name = "loss layer",
	.doc = "Softmax cross-entropy",
	.size = sizeof(struct dc_layer_loss_keys),
	DC_FIELDS(fields),
};

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_loss_keys *loss = section;
	double rows, scores;
	enum dc_status status = dc_layer_rows(scope, loss->node, loss->per, loss->share, &rows);

	if (status != DC_OK)
		return status;
	scores = rows * (double)loss->classes;
	dc_layer_add_forward(out, (struct dc_layer_pass){
					  .elements = scores, .wide = 3.0 * scores, .kernels = 3});
	dc_layer_add_backward(out, (struct dc_layer_pass){
					   .elements = scores, .wide = 3.0 * scores, .kernels = 3});
	out->saved_bytes = 4.0 * scores;
	out->transient_elements = 3.0 * scores; /* one wide and one narrow gradient */
	return DC_OK;
}

const struct dc_layer_type dc_layer_loss = {
	.name = "loss",
	.doc = "Softmax cross-entropy over classes, computed in FP32.",
	.expand = expand,
};
