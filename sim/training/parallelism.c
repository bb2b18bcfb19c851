/* The parallel plan: its keys, and whether it fits. */
#include "training/parallelism.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const dc_parallel_axis_names[DC_PARALLEL_AXES + 1] = {
	"tensor", "context", "expert", "shard", "data", "pipeline", NULL};

/* As papers abbreviate them. */
static const char *const short_names[DC_PARALLEL_AXES] = {"tp", "cp", "ep", "shard", "dp", "pp"};

static const char *const end_names[] = {"extra", "layers", NULL};

enum { MOST_RANKS = 1 << 30 };

#define DEGREE(name, text)                                                                         \
	{                                                                                          \
		.key = #name, .kind = DC_COUNT, .min = 1, .max = MOST_RANKS, .fallback = "1",      \
		.offset = offsetof(struct dc_parallelism, name), .help = (text)                    \
	}

static const struct dc_field fields[] = {
	{.key = "data",
	 .kind = DC_STRING,
	 .fallback = "all",
	 .offset = offsetof(struct dc_parallelism, data_text),
	 .help = "data-parallel replicas: a number, or all that the other degrees leave"},
	DEGREE(tensor, "accelerators that share every layer"),
	DEGREE(pipeline, "stages that the layers are divided into"),
	DEGREE(interleave, "parts of the model per stage (virtual stages)"),
	DEGREE(context, "accelerators that share the tokens of a sequence"),
	DEGREE(expert, "accelerators that share the experts, within the data-parallel ones"),
	{.key = "shard",
	 .kind = DC_COUNT,
	 .max = MOST_RANKS,
	 .fallback = "0",
	 .offset = offsetof(struct dc_parallelism, shard),
	 .help = "data-parallel ranks that share states under zero (hybrid sharding); 0: all"},
	{.key = "sequence",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct dc_parallelism, sequence),
	 .help = "tensor-parallel ranks also share what lies between products, by tokens"},
	{.key = "zero",
	 .kind = DC_COUNT,
	 .max = 3,
	 .fallback = "0",
	 .offset = offsetof(struct dc_parallelism, zero),
	 .help = "what data-parallel ranks share: 1 optimizer, 2 gradients too, 3 weights too"},
	{.key = "schedule",
	 .kind = DC_ENUM,
	 .choices = dc_schedule_kind_names,
	 .fallback = "1f1b",
	 .offset = offsetof(struct dc_parallelism, schedule),
	 .help = "order of a stage's passes; 1f1b is interleaved where interleave > 1"},
	{.key = "ends",
	 .kind = DC_ENUM,
	 .choices = end_names,
	 .fallback = "extra",
	 .offset = offsetof(struct dc_parallelism, ends),
	 .help = "embedding and head: extra to the first and last part's layers, or counted as layers"},
	{.key = "stages",
	 .kind = DC_NUMBERS,
	 .min = 0,
	 .max = 1e6,
	 .offset = offsetof(struct dc_parallelism, stages),
	 .help = "layers of each of the pipeline x interleave parts; even when absent"},
	{.key = "order",
	 .kind = DC_NODE,
	 .offset = offsetof(struct dc_parallelism, order_node),
	 .help = "rank order, innermost first: a list of tp, cp, ep, dp, pp"},
};

const struct dc_section dc_parallelism_section = {
	.name = "parallelism",
	.doc = "how the work is split over accelerators",
	.size = sizeof(struct dc_parallelism),
	DC_FIELDS(fields),
};

static unsigned long long ull(uint64_t x)
{
	return x;
}

void dc_nearest_divisors(uint64_t whole, uint64_t wanted, uint64_t *below, uint64_t *above)
{
	wanted = wanted > 0 ? wanted : 1;
	*below = wanted < whole ? wanted : whole;
	while (*below > 1 && whole % *below != 0)
		--*below;
	*above = wanted;
	while (*above <= whole && whole % *above != 0)
		++*above;
	if (*above > whole)
		*above = 0;
}

uint64_t dc_parallelism_axis_size(const struct dc_parallelism *parallelism,
				  enum dc_parallel_axis axis)
{
	uint64_t shard = parallelism->shard ? parallelism->shard : 1;

	switch (axis) {
	case DC_PARALLEL_TENSOR:
		return parallelism->tensor;
	case DC_PARALLEL_CONTEXT:
		return parallelism->context;
	case DC_PARALLEL_EXPERT:
		return parallelism->expert;
	case DC_PARALLEL_SHARD:
		return shard;
	case DC_PARALLEL_DATA:
		return parallelism->data / parallelism->expert / shard;
	default:
		return parallelism->pipeline;
	}
}

uint64_t dc_parallelism_dense_shards(const struct dc_parallelism *parallelism)
{
	if (!parallelism->zero)
		return 1;
	return parallelism->shard ? parallelism->shard : parallelism->data * parallelism->context;
}

uint64_t dc_parallelism_expert_shards(const struct dc_parallelism *parallelism)
{
	if (!parallelism->zero || parallelism->expert == 1)
		return dc_parallelism_dense_shards(parallelism);
	return parallelism->data * parallelism->context / parallelism->expert;
}

/* Reports that `key` = given does not divide `whole` things, and the nearest that do. */
static enum dc_status does_not_divide(const struct dc_parallelism *p, const char *key,
				      uint64_t given, uint64_t whole, const char *things,
				      struct dc_diag *diag)
{
	const struct dc_mark *mark = dc_node_mark(p->node, key);
	uint64_t below, above;

	dc_nearest_divisors(whole, given, &below, &above);
	if (!above || above == below)
		return dc_diag_error(
			diag, mark,
			"parallelism: %s %llu does not divide %llu %s; the nearest that "
			"does is %llu",
			key, ull(given), ull(whole), things, ull(below));
	return dc_diag_error(
		diag, mark,
		"parallelism: %s %llu does not divide %llu %s; the nearest that do are "
		"%llu and %llu",
		key, ull(given), ull(whole), things, ull(below), ull(above));
}

/* --- degrees --- */

static enum dc_status settle_data(struct dc_parallelism *p, uint64_t ranks, struct dc_diag *diag)
{
	/* Each is at most 2^30: the third factor may pass the largest number. */
	uint64_t others = p->tensor * p->context, given;
	const struct dc_mark *mark = dc_node_mark(p->node, "data");
	char *end;

	others = others > UINT64_MAX / p->pipeline ? UINT64_MAX : others * p->pipeline;
	if (others > ranks)
		return dc_diag_error(
			diag, dc_node_mark(p->node, p->tensor > 1 ? "tensor" : "pipeline"),
			"parallelism: tensor %llu x context %llu x pipeline %llu needs %s%llu "
			"accelerators; there are %llu",
			ull(p->tensor), ull(p->context), ull(p->pipeline),
			others == UINT64_MAX ? "more than " : "", ull(others), ull(ranks));
	if (ranks % others)
		return dc_diag_error(
			diag, dc_node_mark(p->node, p->tensor > 1 ? "tensor" : "pipeline"),
			"parallelism: %llu accelerators do not divide into groups of tensor %llu x "
			"context %llu x pipeline %llu = %llu; the nearest numbers of "
			"accelerators that do are %llu and %llu",
			ull(ranks), ull(p->tensor), ull(p->context), ull(p->pipeline), ull(others),
			ull(ranks / others * others), ull((ranks / others + 1) * others));
	p->data = ranks / others;
	if (!p->data_text || !strcasecmp(p->data_text, "all"))
		return DC_OK;
	errno = 0;
	given = strtoull(p->data_text, &end, 10);
	if (errno || *end || *p->data_text < '0' || *p->data_text > '9')
		return dc_diag_error(diag, mark,
				     "parallelism: data '%s': expected a number or 'all'",
				     p->data_text);
	if (given == p->data)
		return DC_OK;
	return dc_diag_error(
		diag, mark,
		"parallelism: data %s x tensor %llu x context %llu x pipeline %llu is not the "
		"%llu accelerators; data %llu fits",
		p->data_text, ull(p->tensor), ull(p->context), ull(p->pipeline), ull(ranks),
		ull(p->data));
}

static enum dc_status settle_within_data(struct dc_parallelism *p,
					 const struct dc_parallel_subject *subject,
					 struct dc_diag *diag)
{
	enum dc_status status = DC_OK;

	if (p->data % p->expert)
		status = does_not_divide(p, "expert", p->expert, p->data, "data-parallel ranks",
					 diag);
	else if (p->shard && p->data / p->expert % p->shard)
		status = does_not_divide(p, "shard", p->shard, p->data / p->expert,
					 "data-parallel ranks", diag);
	if (p->expert > 1 && !subject->experts)
		return dc_diag_error(diag, dc_node_mark(p->node, "expert"),
				     "parallelism: expert %llu, but the model has no experts",
				     ull(p->expert));
	if (subject->experts && subject->experts % p->expert)
		status = does_not_divide(p, "expert", p->expert, subject->experts, "experts", diag);
	if (p->shard && !p->zero)
		status = dc_diag_error(
			diag, dc_node_mark(p->node, "shard"),
			"parallelism: shard needs zero 1 to 3: nothing is shared otherwise");
	return status;
}

/* --- what is divided --- */

static enum dc_status check_tensor(const struct dc_parallelism *p,
				   const struct dc_parallel_subject *subject, struct dc_diag *diag)
{
	const struct dc_mark *mark = dc_node_mark(p->node, "tensor");

	if (p->sequence && p->tensor == 1)
		return dc_diag_error(
			diag, dc_node_mark(p->node, "sequence"),
			"parallelism: sequence parallelism is between tensor-parallel ranks; "
			"tensor is 1");
	if (p->tensor == 1)
		return DC_OK;
	if (!subject->splits)
		return dc_diag_error(
			diag, mark,
			"parallelism: tensor %llu, but a layer of kind %s cannot be divided; "
			"expected 1",
			ull(p->tensor), subject->unsplit);
	if (subject->heads && subject->heads % p->tensor)
		return does_not_divide(p, "tensor", p->tensor, subject->heads, "heads", diag);
	return DC_OK;
}

static enum dc_status check_context(const struct dc_parallelism *p,
				    const struct dc_parallel_subject *subject, struct dc_diag *diag)
{
	uint64_t each = subject->sequence; /* tokens of a context rank */

	if (p->context > 1 && (!subject->heads || !subject->splits))
		return dc_diag_error(
			diag, dc_node_mark(p->node, "context"),
			"parallelism: context %llu, but the model's samples are not sequences "
			"of tokens that attend to each other; expected 1",
			ull(p->context));
	if (p->context > 1) {
		if (subject->sequence % p->context)
			return does_not_divide(p, "context", p->context, subject->sequence,
					       "tokens of a sequence", diag);
		each /= p->context;
	}
	if (p->sequence && p->tensor > 1 && each % p->tensor)
		return does_not_divide(p, "tensor", p->tensor, each,
				       p->context > 1 ? "tokens of a context rank, as sequence asks"
						      : "tokens of a sequence, as sequence asks",
				       diag);
	return DC_OK;
}

static enum dc_status check_stages(const struct dc_parallelism *p, uint64_t blocks,
				   struct dc_diag *diag)
{
	const double *stages = p->stages.items;
	uint64_t parts = p->pipeline * p->interleave, sum = 0;

	if (p->stages.count != parts)
		return dc_diag_error(
			diag, dc_node_mark(p->node, "stages"),
			"parallelism: stages lists %zu parts; pipeline %llu x interleave %llu "
			"needs %llu",
			p->stages.count, ull(p->pipeline), ull(p->interleave), ull(parts));
	for (size_t i = 0; i < p->stages.count; i++) {
		if (stages[i] != (double)(uint64_t)stages[i])
			return dc_diag_error(
				diag, dc_node_mark(p->node, "stages"),
				"parallelism: stages: %g is not a whole number of layers",
				stages[i]);
		sum += (uint64_t)stages[i];
	}
	if (sum == blocks)
		return DC_OK;
	return dc_diag_error(diag, dc_node_mark(p->node, "stages"),
			     "parallelism: stages hold %llu layers in all; the model has %llu",
			     ull(sum), ull(blocks));
}

static enum dc_status check_pipeline(const struct dc_parallelism *p, uint64_t blocks,
				     struct dc_diag *diag)
{
	uint64_t parts = p->pipeline * p->interleave;
	uint64_t shared = blocks + (p->ends == DC_ENDS_LAYERS ? 2 : 0);
	const char *things =
		p->ends == DC_ENDS_LAYERS ? "layers, embedding and head among them" : "layers";

	if (p->interleave > 1 && p->pipeline == 1)
		return dc_diag_error(
			diag, dc_node_mark(p->node, "interleave"),
			"parallelism: interleave %llu needs a pipeline of several stages",
			ull(p->interleave));
	if (p->interleave > 1 && p->schedule == DC_SCHEDULE_GPIPE)
		return dc_diag_error(
			diag, dc_node_mark(p->node, "schedule"),
			"parallelism: gpipe has one part per stage; interleave needs 1f1b");
	if (p->stages.count)
		return check_stages(p, blocks, diag);
	if (shared % p->pipeline)
		return does_not_divide(p, "pipeline", p->pipeline, shared, things, diag);
	if (shared % parts)
		return does_not_divide(p, "interleave", p->interleave, shared / p->pipeline,
				       "layers of a stage", diag);
	return DC_OK;
}

/* Listed stages, and ends that count as layers, may leave a part nothing. */
static enum dc_status check_parts(const struct dc_parallelism *p,
				  const struct dc_parallel_subject *subject, struct dc_diag *diag)
{
	uint64_t count = p->pipeline * p->interleave;
	bool ends = p->ends == DC_ENDS_LAYERS && !p->stages.count;
	uint64_t each = (subject->blocks + (ends ? 2 : 0)) / count;
	const double *stages = p->stages.items;

	for (uint64_t k = 0; k < count && count > 1; k++) {
		bool first = k == 0, last = k + 1 == count;
		uint64_t blocks = p->stages.count ? (uint64_t)stages[k] : each;

		blocks -= ends && (first || last) ? 1 : 0;
		if (blocks || (first && subject->front) || (last && subject->back))
			continue;
		return dc_diag_error(
			diag, dc_node_mark(p->node, p->stages.count ? "stages" : "ends"),
			"parallelism: part %llu of %llu would have no layers; expected at "
			"least one",
			ull(k + 1), ull(count));
	}
	return DC_OK;
}

void dc_parallelism_parts(const struct dc_parallelism *parallelism, uint64_t blocks,
			  uint64_t *parts)
{
	uint64_t count = parallelism->pipeline * parallelism->interleave;
	const double *stages = parallelism->stages.items;
	bool ends = parallelism->ends == DC_ENDS_LAYERS && !parallelism->stages.count;
	uint64_t each = (blocks + (ends ? 2 : 0)) / count;

	for (uint64_t i = 0; i < count; i++)
		parts[i] = parallelism->stages.count ? (uint64_t)stages[i] : each;
	if (!ends)
		return;
	parts[0]--;
	parts[count - 1]--;
}

/* --- order --- */

static int axis_named(const char *name)
{
	for (int i = 0; i < DC_PARALLEL_AXES; i++)
		if (!strcasecmp(name, dc_parallel_axis_names[i]) ||
		    !strcasecmp(name, short_names[i]))
			return i;
	return -1;
}

static enum dc_status read_order(struct dc_parallelism *p, struct dc_diag *diag, size_t *count,
				 bool *seen)
{
	const struct dc_node *list = p->order_node;

	for (size_t i = 0; i < list->count; i++) {
		const struct dc_node *item = list->items[i];
		int axis = item->kind == DC_NODE_SCALAR ? axis_named(item->text) : -1;

		if (axis < 0 || seen[axis])
			return dc_diag_error(
				diag, &item->mark,
				"parallelism: order: expected each of tp, cp, ep, dp, pp at "
				"most once, innermost first");
		seen[axis] = true;
		p->order[(*count)++] = (enum dc_parallel_axis)axis;
		/* Ranks that share states stay within those of their data axis. */
		if (axis == DC_PARALLEL_DATA && !seen[DC_PARALLEL_SHARD]) {
			seen[DC_PARALLEL_SHARD] = true;
			p->order[*count - 1] = DC_PARALLEL_SHARD;
			p->order[(*count)++] = DC_PARALLEL_DATA;
		}
	}
	return DC_OK;
}

/* Axes that the list leaves out follow, in their usual order. */
static enum dc_status settle_order(struct dc_parallelism *p, struct dc_diag *diag)
{
	bool seen[DC_PARALLEL_AXES] = {false};
	size_t count = 0;
	enum dc_status status = DC_OK;

	if (p->order_node && p->order_node->kind != DC_NODE_LIST)
		return dc_diag_error(
			diag, &p->order_node->mark,
			"parallelism: order: expected a list such as [tp, cp, dp, pp]");
	if (p->order_node)
		status = read_order(p, diag, &count, seen);
	for (int i = 0; i < DC_PARALLEL_AXES && !status; i++)
		if (!seen[i])
			p->order[count++] = (enum dc_parallel_axis)i;
	return status;
}

enum dc_status dc_parallelism_settle(struct dc_parallelism *parallelism,
				     const struct dc_parallel_subject *subject,
				     struct dc_diag *diag)
{
	enum dc_status status = settle_data(parallelism, subject->ranks, diag), next;

	if (!status)
		status = settle_within_data(parallelism, subject, diag);
	next = check_tensor(parallelism, subject, diag);
	status = status ? status : next;
	next = check_context(parallelism, subject, diag);
	status = status ? status : next;
	next = check_pipeline(parallelism, subject->blocks, diag);
	if (!next)
		next = check_parts(parallelism, subject, diag);
	status = status ? status : next;
	next = settle_order(parallelism, diag);
	return status ? status : next;
}
