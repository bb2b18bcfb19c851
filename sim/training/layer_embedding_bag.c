/* Embedding bags: rows of many tables, summed per table, as recommenders look up categories.
 *
 * Per sample, `lookups` rows of each of n tables, w wide [Naumov et al. 2019, DLRM, sec. 2.1]. Forward
 * reads FP32 rows and their 8-byte numbers, writes n sums of w. Backward fills the dense FP32
 * gradients with zeros, as an all-reduce needs them, reads dy and adds one row per lookup: one read
 * and one write. No matrix product; one kernel for all tables, as in fused implementations. */
#include "training/layer.h"
#include "training/layer_kinds.h"

struct embedding_bag {
	const struct dc_node *node;
	const char *type, *name;
	struct dc_list rows, lookups; /* of double; lookups: one per table, or one for all */
	uint64_t width;
};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct embedding_bag, type),
	 .help = "embedding-bag"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct embedding_bag, name),
	 .help = "what reports call the layer"},
	{.key = "rows",
	 .kind = DC_NUMBERS,
	 .flags = DC_REQUIRED | DC_NON_EMPTY,
	 .min = 1.0,
	 .max = 1e12,
	 .offset = offsetof(struct embedding_bag, rows),
	 .help = "rows of each table: [1000, 20, 3]"},
	{.key = "lookups",
	 .kind = DC_NUMBERS,
	 .flags = DC_NON_EMPTY,
	 .min = 0.0,
	 .max = 1e6,
	 .fallback = "1",
	 .offset = offsetof(struct embedding_bag, lookups),
	 .help = "rows that a sample reads of each table, or one number for all"},
	{.key = "width",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct embedding_bag, width),
	 .help = "width of a row"},
};

const struct dc_section dc_layer_embedding_bag_section = {
	.name = "embedding-bag layer",
	.doc = "Rows of many tables, summed per table",
	.size = sizeof(struct embedding_bag),
	DC_FIELDS(fields),
};

static double sum_of(const struct dc_list *list)
{
	const double *items = list->items;
	double sum = 0.0;

	for (size_t i = 0; i < list->count; i++)
		sum += items[i];
	return sum;
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct embedding_bag *bag = section;
	double tables = (double)bag->rows.count, width = (double)bag->width;
	double lookups = sum_of(&bag->lookups) * (bag->lookups.count == 1 ? tables : 1.0);
	double y = tables * width, numbers = 2.0 * lookups; /* in FP32 elements */

	if (bag->lookups.count != 1 && bag->lookups.count != bag->rows.count)
		return dc_diag_error(scope->diag, dc_node_mark(bag->node, "lookups"),
				     "embedding-bag layer: %zu lookups for %zu tables; give one "
				     "for each, or one for all",
				     bag->lookups.count, bag->rows.count);
	out->parameters = sum_of(&bag->rows) * width;
	dc_layer_add_forward(out, (struct dc_layer_pass){.elements = y,
							 .wide = lookups * width + numbers,
							 .kernels = 1});
	dc_layer_add_backward(out, (struct dc_layer_pass){.elements = y,
							  .wide = 2.0 * lookups * width + numbers,
							  .wide_fixed = out->parameters,
							  .kernels = 2});
	out->whole_parameters = out->parameters;
	out->saved_elements = y;
	out->saved_bytes = 4.0 * numbers;
	out->transient_elements = y;
	return DC_OK;
}

const struct dc_layer_type dc_layer_embedding_bag = {
	.name = "embedding-bag",
	.doc = "Rows of many tables, summed per table, by their bytes.",
	.expand = expand,
};
