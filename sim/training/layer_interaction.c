/* Interaction: dot products between vectors of a sample, as recommenders combine what they know.
 *
 * Of n vectors of width w: all n^2 as one product of their matrix with its transpose, of which one
 * triangle is kept [Naumov et al. 2019, DLRM, sec. 2.1]; or `pairs` of them, each for itself (matrix
 * factorisation). Per sample, multiply-add = 2: 2 n^2 w, or 2 pairs w; backward twice that. Reads the
 * vectors, writes the dots; backward reads both, writes the vectors' gradients. */
#include "training/layer.h"
#include "training/layer_kinds.h"

struct interaction {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t vectors, width, pairs;
};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct interaction, type),
	 .help = "interaction"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct interaction, name),
	 .help = "what reports call the layer"},
	{.key = "vectors",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 2.0,
	 .max = 1e6,
	 .offset = offsetof(struct interaction, vectors),
	 .help = "vectors of a sample"},
	{.key = "width",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct interaction, width),
	 .help = "width of a vector"},
	{.key = "pairs",
	 .kind = DC_COUNT,
	 .max = 1e9,
	 .fallback = "0",
	 .offset = offsetof(struct interaction, pairs),
	 .help = "dot products; 0: all with all, as one product"},
};

const struct dc_section dc_layer_interaction_section = {
	.name = "interaction layer",
	.doc = "Dot products between vectors of a sample",
	.size = sizeof(struct interaction),
	DC_FIELDS(fields),
};

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct interaction *keys = section;
	double vectors = (double)keys->vectors, width = (double)keys->width;
	double dots = keys->pairs == 0 ? vectors * vectors : (double)keys->pairs;
	double x = vectors * width, y = dots;
	struct dc_layer_pass pass = {
		.flops = 2.0 * dots * width, .elements = x + y, .inner = width, .kernels = 1};

	(void)scope;
	dc_layer_add_forward(out, pass);
	/* every vector is once on the left and once on the right */
	pass.elements = 2.0 * x + y;
	pass.inner = keys->pairs == 0 ? vectors : 1.0;
	dc_layer_add_backward(out, pass);
	dc_layer_add_backward(out, pass);
	out->input_elements = x;
	out->saved_elements = keys->pairs == 0 ? vectors * (vectors - 1.0) / 2.0 : y;
	out->transient_elements = x + y;
	return DC_OK;
}

const struct dc_layer_type dc_layer_interaction = {
	.name = "interaction",
	.doc = "Dot products between vectors of a sample.",
	.expand = expand,
};
