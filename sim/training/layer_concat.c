/* Concatenation: outputs of several layers, copied side by side.
 *
 * Forward reads and writes every element once. Backward, each part's gradient meets that of the
 * part's other readers (the layers that follow, a shortcut, another branch): two reads and a write. */
#include "training/layer.h"
#include "training/layer_kinds.h"

struct concat {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t channels, size, depth;
};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct concat, type),
	 .help = "concat"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct concat, name),
	 .help = "what reports call the layer"},
	{.key = "channels",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e9,
	 .offset = offsetof(struct concat, channels),
	 .help = "channels of all parts together; or elements, with size 1"},
	{.key = "size",
	 .kind = DC_COUNT,
	 .min = 1.0,
	 .max = 1e5,
	 .fallback = "1",
	 .offset = offsetof(struct concat, size),
	 .help = "height and width, in pixels"},
	{.key = "depth",
	 .kind = DC_COUNT,
	 .min = 1.0,
	 .max = 1e5,
	 .fallback = "1",
	 .offset = offsetof(struct concat, depth),
	 .help = "third extent; 1: an image"},
};

const struct dc_section dc_layer_concat_section = {
	.name = "concat layer",
	.doc = "Outputs of several layers side by side",
	.size = sizeof(struct concat),
	DC_FIELDS(fields),
};

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct concat *concat = section;
	double size = (double)concat->size, depth = (double)concat->depth;
	double y = (double)concat->channels * size * size * depth;

	(void)scope;
	dc_layer_add_forward(out, (struct dc_layer_pass){.elements = 2.0 * y, .kernels = 1});
	dc_layer_add_backward(out, (struct dc_layer_pass){.elements = 3.0 * y, .kernels = 1});
	out->input_elements = y;
	out->saved_elements = y;
	out->transient_elements = 2.0 * y;
	return DC_OK;
}

const struct dc_layer_type dc_layer_concat = {
	.name = "concat",
	.doc = "Outputs of several layers, copied side by side.",
	.expand = expand,
};
