/* Layer and root-mean-square normalisation, with the dropout and shortcut sum that precede them.
 *
 * Layer normalisation [Ba et al. 2016] reads x and writes y; backward reads dy and x twice (sums
 * for gamma and beta, then dx) and writes dx. By the root mean square [Zhang & Sennrich 2019] the
 * sweeps are the same and beta is absent, as it is in layer norms without bias. Dropout reads,
 * writes and touches one mask byte per element, either way. The shortcut's sum reads two and writes
 * one; backward it costs the sum of the two branches' gradients, the same. Fused, dropout and sum
 * are one sweep forward: two reads, one write, one mask byte. Software with fused sweeps also adds
 * the shortcut's gradient where the norm's backward writes: one more read.
 *
 * Every tensor rank does all of it, or its share of the tokens with sequence parallelism. */
#include "training/layer.h"
#include "training/layer_kinds.h"

/* The rows of both kinds; DC_LAYER_ROW_FIELDS() follow. */
#define NORM_FIELDS(kind_name)                                                                     \
	{.key = "type",                                                                            \
	 .kind = DC_STRING,                                                                        \
	 .flags = DC_REQUIRED,                                                                     \
	 .offset = offsetof(struct dc_layer_norm_keys, type),                                      \
	 .help = (kind_name)},                                                                     \
		{.key = "name",                                                                    \
		 .kind = DC_STRING,                                                                \
		 .offset = offsetof(struct dc_layer_norm_keys, name),                              \
		 .help = "what reports call the layer"},                                           \
		{.key = "width",                                                                   \
		 .kind = DC_COUNT,                                                                 \
		 .flags = DC_REQUIRED,                                                             \
		 .min = 1.0,                                                                       \
		 .max = 1e6,                                                                       \
		 .offset = offsetof(struct dc_layer_norm_keys, width),                             \
		 .help = "width of what is normalised"},                                           \
		{.key = "residual",                                                                \
		 .kind = DC_BOOL,                                                                  \
		 .fallback = "false",                                                              \
		 .offset = offsetof(struct dc_layer_norm_keys, residual),                          \
		 .help = "adds a shortcut first"},                                                 \
	{                                                                                          \
		.key = "dropout", .kind = DC_BOOL, .fallback = "false",                            \
		.offset = offsetof(struct dc_layer_norm_keys, dropout),                            \
		.help = "dropout before the sum"                                                   \
	}

static const struct dc_field fields[] = {
	NORM_FIELDS("layer-norm"),
	{.key = "bias",
	 .kind = DC_BOOL,
	 .fallback = "true",
	 .offset = offsetof(struct dc_layer_norm_keys, bias),
	 .help = "a learned shift beside the learned scale"},
	DC_LAYER_ROW_FIELDS(struct dc_layer_norm_keys, "token"),
};

static const struct dc_field rms_fields[] = {
	NORM_FIELDS("rms-norm"),
	DC_LAYER_ROW_FIELDS(struct dc_layer_norm_keys, "token"),
};

const struct dc_section dc_layer_norm_section = {
	.name = "layer-norm layer",
	.doc = "Layer normalisation with optional dropout and shortcut before it",
	.size = sizeof(struct dc_layer_norm_keys),
	DC_FIELDS(fields),
};

const struct dc_section dc_layer_rms_norm_section = {
	.name = "rms-norm layer",
	.doc = "Root-mean-square normalisation with optional dropout and shortcut before it",
	.size = sizeof(struct dc_layer_norm_keys),
	DC_FIELDS(rms_fields),
};

static struct dc_layer_pass sum(double x)
{
	return (struct dc_layer_pass){.elements = 3.0 * x, .kernels = 1};
}

static void add_before(const struct dc_layer_norm_keys *norm, bool fused, double x,
		       struct dc_layer *out)
{
	if (norm->dropout && norm->residual && fused) {
		dc_layer_add_forward(
			out,
			(struct dc_layer_pass){.elements = 3.0 * x, .wide = x / 4.0, .kernels = 1});
		return;
	}
	if (norm->dropout)
		dc_layer_add_forward(out, dc_layer_dropout(x));
	if (norm->residual)
		dc_layer_add_forward(out, sum(x));
}

/* learned: vectors of parameters, 1 or 2. */
static enum dc_status expand_with(const struct dc_layer_norm_keys *norm, double learned,
				  const struct dc_layer_scope *scope, struct dc_layer *out)
{
	double width = (double)norm->width, rows, x;
	bool fused = dc_software_of(scope->software)->fused;
	enum dc_status status = dc_layer_rows(scope, norm->node, norm->per, norm->share, &rows);

	if (status != DC_OK)
		return status;
	x = rows * width;
	if (norm->per == DC_LAYER_PER_TOKEN)
		x /= dc_layer_token_ranks(scope);
	add_before(norm, scope->fused || fused, x, out);
	dc_layer_add_forward(out, (struct dc_layer_pass){.elements = 2.0 * x,
							 .wide_fixed = learned * width,
							 .kernels = 1});
	dc_layer_add_backward(
		out, (struct dc_layer_pass){.elements = (norm->residual && fused ? 6.0 : 5.0) * x,
					    .wide_fixed = (1.0 + learned) * width,
					    .kernels = 2});
	if (norm->dropout)
		dc_layer_add_backward(out, dc_layer_dropout(x));
	if (norm->residual && !fused)
		dc_layer_add_backward(out, sum(x));
	out->parameters = learned * width;
	out->whole_parameters = out->parameters;
	out->input_elements = x;
	/* its output; where dropout or a sum makes its input anew, that takes the place of the layer
	 * before's output, which nobody reads again */
	out->saved_operands = x;
	out->saved_bytes = norm->dropout ? x : 0.0;
	out->transient_elements = 2.0 * x;
	return DC_OK;
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct dc_layer_norm_keys *norm = section;

	return expand_with(norm, norm->bias ? 2.0 : 1.0, scope, out);
}

static enum dc_status expand_rms(const void *section, const struct dc_layer_scope *scope,
				 struct dc_layer *out)
{
	return expand_with(section, 1.0, scope, out);
}

const struct dc_layer_type dc_layer_norm = {
	.name = "layer-norm",
	.doc = "Layer normalisation, with dropout and shortcut sum before it.",
	.splits = true,
	.expand = expand,
};

const struct dc_layer_type dc_layer_rms_norm = {
	.name = "rms-norm",
	.doc = "Root-mean-square normalisation, with dropout and shortcut sum before it.",
	.splits = true,
	.expand = expand_rms,
};
