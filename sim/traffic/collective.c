/* Workload kind `collective`: its section, sizes and groups. */
#include "traffic/collective.h"

#include <math.h>
#include <string.h>

static const char *const operations[DC_OPERATIONS + 1] = {
	[DC_OPERATION_ALL_REDUCE] = "all-reduce", [DC_OPERATION_REDUCE_SCATTER] = "reduce-scatter",
	[DC_OPERATION_ALL_GATHER] = "all-gather", [DC_OPERATION_BROADCAST] = "broadcast",
	[DC_OPERATION_REDUCE] = "reduce",         [DC_OPERATION_GATHER] = "gather",
	[DC_OPERATION_SCATTER] = "scatter",       [DC_OPERATION_ALL_TO_ALL] = "all-to-all",
	[DC_OPERATION_BARRIER] = "barrier",       [DC_OPERATION_SEND] = "send",
};

/* In the order of enum dc_protocol, after auto. */
static const char *const protocols[] = {"auto", "simple", "ll128", "ll", NULL};

static const struct dc_field workload_fields[] = {
	{.key = "kind",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_traffic_collective_workload, kind),
	 .fallback = "collective",
	 .help = "kind of workload"},
	{.key = "operation",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_traffic_collective_workload, operation),
	 .fallback = "all-reduce",
	 .choices = operations,
	 .help = "what the members of a group do together; send: the root to the member after it"},
	{.key = "sizes",
	 .kind = DC_NODE,
	 .offset = offsetof(struct dc_traffic_collective_workload, sizes),
	 .help = "bytes, as nccl-tests counts them: one size, a list, or {from: 8 B, to: 1 GiB, "
		 "factor: 2}; each by itself; a barrier has none"},
	{.key = "algorithm",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_traffic_collective_workload, algorithm),
	 .fallback = "auto",
	 .help = "auto: the cheapest for size and group; or its name, as ring"},
	{.key = "protocol",
	 .kind = DC_ENUM,
	 .offset = offsetof(struct dc_traffic_collective_workload, protocol),
	 .fallback = "auto",
	 .choices = protocols,
	 .help = "how messages announce themselves; auto: the cheapest that the transports have"},
	{.key = "root",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_traffic_collective_workload, root),
	 .min = 0,
	 .max = 4294967296.0,
	 .fallback = "0",
	 .help = "member of the group, for broadcast, reduce, gather, scatter and send"},
	{.key = "chunks",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_traffic_collective_workload, chunks),
	 .min = 0,
	 .max = 65536,
	 .fallback = "0",
	 .help = "parts to pipeline, where the algorithm can; 0: its own choice"},
	{.key = "servers",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_traffic_collective_workload, servers),
	 .min = 0,
	 .max = 4294967296.0,
	 .fallback = "0",
	 .help = "of algorithm parameter-server; 0: one per member"},
	{.key = "groups",
	 .kind = DC_NODE,
	 .offset = offsetof(struct dc_traffic_collective_workload, groups),
	 .help = "who takes part: all ranks when absent; {size: 8, stride: 1}: all such groups at "
		 "once; or a list of {base, size, stride}"},
	{.key = "repeat",
	 .kind = DC_COUNT,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct dc_traffic_collective_workload, repeat),
	 .min = 0,
	 .max = DC_TRAFFIC_REPEATS,
	 .fallback = "1",
	 .help = "how often each size is done, back to back; times are the mean"},
};

const struct dc_section dc_traffic_collective_section = {
	.name = "workload",
	.doc = "collective operations by themselves; nothing computes",
	.size = sizeof(struct dc_traffic_collective_workload),
	DC_FIELDS(workload_fields),
};

/* sizes: [1 MiB, ...] */
struct size_list {
	const struct dc_node *node;
	struct dc_list sizes; /* of double */
};

static const struct dc_field list_fields[] = {
	{.key = "sizes",
	 .kind = DC_NUMBERS,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_NON_EMPTY,
	 .offset = offsetof(struct size_list, sizes),
	 .min = 0,
	 .max = 1e24,
	 .help = "bytes"},
};

static const struct dc_section list_section = {
	.name = "workload",
	.doc = "sizes one by one",
	.size = sizeof(struct size_list),
	DC_FIELDS(list_fields),
};

/* sizes: {from, to, factor} */
struct size_range {
	const struct dc_node *node;
	double from_bytes, to_bytes;
	double factor;
};

static const struct dc_field range_fields[] = {
	{.key = "from",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct size_range, from_bytes),
	 .min = 0,
	 .max = 1e24,
	 .help = "smallest size"},
	{.key = "to",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BYTES,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct size_range, to_bytes),
	 .min = 0,
	 .max = 1e24,
	 .help = "no size is larger"},
	{.key = "factor",
	 .kind = DC_REAL,
	 .offset = offsetof(struct size_range, factor),
	 .min = 1.001,
	 .max = 1e6,
	 .fallback = "2",
	 .help = "between one size and the next"},
};

static const struct dc_section range_section = {
	.name = "sizes",
	.doc = "sizes by a factor",
	.size = sizeof(struct size_range),
	DC_FIELDS(range_fields),
};

struct group_item {
	const struct dc_node *node;
	uint64_t base, size, stride;
};

static const struct dc_field item_fields[] = {
	{.key = "base",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct group_item, base),
	 .min = 0,
	 .max = 4294967296.0,
	 .fallback = "0",
	 .help = "first rank"},
	{.key = "size",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct group_item, size),
	 .min = 2,
	 .max = 4294967296.0,
	 .help = "members"},
	{.key = "stride",
	 .kind = DC_COUNT,
	 .flags = DC_POSITIVE,
	 .offset = offsetof(struct group_item, stride),
	 .min = 0,
	 .max = 4294967296.0,
	 .fallback = "1",
	 .help = "ranks from one member to the next"},
};

static const struct dc_section item_section = {
	.name = "groups",
	.doc = "ranks base, base + stride, ...",
	.size = sizeof(struct group_item),
	DC_FIELDS(item_fields),
};

/* The same for all translates: they have no base of their own. */
static const struct dc_section translates_section = {
	.name = "groups",
	.doc = "all translates of a group",
	.size = sizeof(struct group_item),
	.fields = item_fields + 1,
	.count = sizeof item_fields / sizeof *item_fields - 1,
};

struct settling {
	struct dc_config *config;
	struct dc_diag *diag;
	const struct dc_fabric *fabric;
	struct dc_arena *arena;
	struct dc_traffic_collective *job;
};

/* --- sizes --- */

static enum dc_status put_sizes(struct settling *s, const double *sizes_bytes, size_t count,
				const struct dc_mark *mark)
{
	if (count > DC_TRAFFIC_SIZES)
		return dc_diag_error(s->diag, mark, "sizes: expected at most %d, found %zu",
				     DC_TRAFFIC_SIZES, count);
	s->job->sizes_bytes = dc_arena_array(s->arena, count, sizeof *sizes_bytes);
	if (!s->job->sizes_bytes)
		return DC_ERR_MEMORY;
	memcpy(s->job->sizes_bytes, sizes_bytes, count * sizeof *sizes_bytes);
	s->job->sizes = count;
	return DC_OK;
}

static enum dc_status read_range(struct settling *s, const struct dc_node *node)
{
	struct size_range range = {0};
	enum dc_status status = dc_section_read(s->config, &range_section, node, &range);
	double sizes_bytes[DC_TRAFFIC_SIZES + 1];
	size_t count = 0;

	if (status)
		return status;
	if (range.to_bytes < range.from_bytes)
		return dc_diag_error(s->diag, dc_node_mark(node, "to"),
				     "sizes: 'to' is less than 'from'");
	/* What rounding makes a hair too large is still `to`. */
	for (double size = range.from_bytes;
	     size <= range.to_bytes * (1 + 1e-9) && count <= DC_TRAFFIC_SIZES;
	     size = range.from_bytes * pow(range.factor, (double)count))
		sizes_bytes[count++] = fmin(round(size), range.to_bytes);
	return put_sizes(s, sizes_bytes, count, &node->mark);
}

static enum dc_status read_list(struct settling *s, struct dc_node *node)
{
	struct dc_arena *arena = dc_config_arena(s->config);
	struct dc_node *map = dc_node_create(arena, DC_NODE_MAP, &node->mark);
	struct size_list list = {0};
	enum dc_status status;

	if (!map || dc_node_set(arena, map, "sizes", node))
		return DC_ERR_MEMORY;
	status = dc_section_read(s->config, &list_section, map, &list);
	return status ? status : put_sizes(s, list.sizes.items, list.sizes.count, &node->mark);
}

static enum dc_status settle_sizes(struct settling *s)
{
	const struct dc_node *map = s->job->workload->node;
	struct dc_node *node = dc_node_get(map, "sizes");
	const double none = 0;
	bool barrier = s->job->operation == DC_OPERATION_BARRIER;

	if (barrier && !dc_node_is_null(node))
		return dc_diag_error(s->diag, dc_node_mark(map, "sizes"),
				     "workload: 'sizes' has no effect on a barrier");
	if (barrier)
		return put_sizes(s, &none, 1, NULL);
	if (dc_node_is_null(node))
		return dc_diag_error(s->diag, dc_node_mark(map, "operation"),
				     "workload: the key 'sizes' is missing; such as [1 MiB, 1 GiB] "
				     "or {from: 8 B, to: 1 GiB, factor: 2}");
	return node->kind == DC_NODE_MAP ? read_range(s, node) : read_list(s, node);
}

/* --- groups --- */

static enum dc_status check_ranks(struct settling *s, const struct group_item *item)
{
	struct dc_group group;

	if (dc_group_stride(s->fabric, item->base, item->size, item->stride, &group) == DC_OK)
		return DC_OK;
	return dc_diag_error(s->diag, dc_node_mark(item->node, "size"),
			     "groups: %llu members from rank %llu on, %llu apart, go beyond the "
			     "fabric's %llu ranks",
			     (unsigned long long)item->size, (unsigned long long)item->base,
			     (unsigned long long)item->stride,
			     (unsigned long long)s->fabric->ranks);
}

static enum dc_status read_translates(struct settling *s, const struct dc_node *node)
{
	struct group_item item = {0};
	enum dc_status status = dc_section_read(s->config, &translates_section, node, &item);
	uint64_t ranks = s->fabric->ranks;

	if (!status)
		status = check_ranks(s, &item);
	if (status)
		return status;
	if (ranks % (item.size * item.stride))
		return dc_diag_error(s->diag, dc_node_mark(node, "size"),
				     "groups: blocks of %llu x %llu ranks do not fill the fabric's "
				     "%llu; list the groups instead",
				     (unsigned long long)item.size, (unsigned long long)item.stride,
				     (unsigned long long)ranks);
	s->job->groups[0] = (struct dc_traffic_groups){
		.size = item.size,
		.stride = item.stride,
		.count = ranks / item.size,
		.everywhere = true,
	};
	s->job->items = 1;
	return DC_OK;
}

static enum dc_status read_items(struct settling *s, const struct dc_node *list)
{
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < list->count; i++) {
		struct group_item item = {0};
		enum dc_status one =
			dc_section_read(s->config, &item_section, list->items[i], &item);

		if (!one)
			one = check_ranks(s, &item);
		if (status == DC_OK || one == DC_ERR_MEMORY)
			status = one;
		s->job->groups[i] = (struct dc_traffic_groups){
			.base = item.base,
			.size = item.size,
			.stride = item.stride,
			.count = 1,
		};
	}
	s->job->items = list->count;
	return status;
}

static enum dc_status settle_groups(struct settling *s)
{
	const struct dc_node *node = s->job->workload->groups;
	size_t items = node && node->kind == DC_NODE_LIST ? node->count : 1;

	s->job->groups = dc_arena_array(s->arena, items ? items : 1, sizeof *s->job->groups);
	if (!s->job->groups)
		return DC_ERR_MEMORY;
	if (node && !dc_node_is_null(node)) {
		if (node->kind == DC_NODE_MAP)
			return read_translates(s, node);
		if (node->kind == DC_NODE_LIST && node->count)
			return read_items(s, node);
		return dc_diag_error(
			s->diag, &node->mark,
			"groups: expected {size: 8, stride: 1}, or a list of {base: 0, "
			"size: 8, stride: 1}");
	}
	if (s->fabric->ranks < 2)
		return dc_diag_error(
			s->diag, dc_node_mark(s->job->workload->node, "operation"),
			"workload: the fabric has one rank; a group of one has nothing "
			"to do");
	s->job->groups[0] = (struct dc_traffic_groups){
		.size = s->fabric->ranks,
		.stride = 1,
		.count = 1,
		.all = true,
		.everywhere = true,
	};
	s->job->items = 1;
	return DC_OK;
}

enum dc_status dc_traffic_collective_group(const struct dc_fabric *fabric,
					   const struct dc_traffic_groups *groups, uint64_t which,
					   struct dc_group *group)
{
	uint64_t block = which / groups->stride, within = which % groups->stride;

	if (groups->all) {
		*group = dc_group_all(fabric);
		return DC_OK;
	}
	return dc_group_stride(fabric,
			       groups->base + block * groups->size * groups->stride + within,
			       groups->size, groups->stride, group);
}

/* --- algorithm, root --- */

static enum dc_status refuse_algorithm(struct settling *s)
{
	const char *wanted = s->job->workload->algorithm;
	const char *names[DC_ALGORITHMS + 1] = {"auto"}, *nearest;
	size_t count = 1;

	for (size_t i = 0; dc_algorithms[i]; i++)
		names[count++] = dc_algorithms[i]->name;
	nearest = dc_diag_nearest(wanted, names, count);
	return dc_diag_error(s->diag, dc_node_mark(s->job->workload->node, "algorithm"),
			     "workload: algorithm: no algorithm is called '%s'%s%s%s", wanted,
			     nearest ? "; did you mean '" : "", nearest ? nearest : "",
			     nearest ? "'?" : "; 'dcsim catalog algorithms' lists them");
}

/* An algorithm by name must be able to, on the first group of every item. */
static enum dc_status check_fit(struct settling *s)
{
	const struct dc_algorithm_type *type = s->job->request.algorithm;
	struct dc_request request = s->job->request.request;

	request.size_bytes = s->job->sizes_bytes[0];
	for (size_t i = 0; i < s->job->items && type; i++) {
		struct dc_group group;
		const char *why = NULL;
		enum dc_status status =
			dc_traffic_collective_group(s->fabric, &s->job->groups[i], 0, &group);

		if (status)
			return status;
		if (!dc_algorithm_fits(type, s->fabric, &group, &request, &why))
			return dc_diag_error(
				s->diag, dc_node_mark(s->job->workload->node, "algorithm"),
				"workload: algorithm: '%s' cannot do '%s' here: %s", type->name,
				operations[s->job->operation], why ? why : "it does not fit");
	}
	return DC_OK;
}

static bool has_root(enum dc_operation operation)
{
	return operation == DC_OPERATION_BROADCAST || operation == DC_OPERATION_REDUCE ||
	       operation == DC_OPERATION_GATHER || operation == DC_OPERATION_SCATTER ||
	       operation == DC_OPERATION_SEND;
}

static enum dc_status check_root(struct settling *s)
{
	const struct dc_traffic_collective_workload *w = s->job->workload;

	if (w->root && !has_root(s->job->operation))
		return dc_diag_error(s->diag, dc_node_mark(w->node, "root"),
				     "workload: 'root' has no effect on '%s'",
				     operations[s->job->operation]);
	for (size_t i = 0; i < s->job->items; i++)
		if (w->root >= s->job->groups[i].size)
			return dc_diag_error(
				s->diag, dc_node_mark(w->node, "root"),
				"workload: root: there is no member %llu in a group of "
				"%llu; they are numbered from 0",
				(unsigned long long)w->root,
				(unsigned long long)s->job->groups[i].size);
	return DC_OK;
}

static enum dc_status check_servers(struct settling *s)
{
	const struct dc_traffic_collective_workload *w = s->job->workload;

	if (!w->servers || s->job->request.algorithm == &dc_algorithm_parameter_server)
		return DC_OK;
	return dc_diag_error(s->diag, dc_node_mark(w->node, "servers"),
			     "workload: 'servers' is for algorithm 'parameter-server' only");
}

enum dc_status dc_traffic_collective_settle(struct dc_config *config,
					    const struct dc_traffic_collective_workload *workload,
					    const struct dc_fabric *fabric, struct dc_arena *arena,
					    struct dc_traffic_collective *job)
{
	struct settling s = {config, dc_config_diag(config), fabric, arena, job};
	enum dc_status sizes, groups, rest;

	*job = (struct dc_traffic_collective){.workload = workload};
	job->operation = (enum dc_operation)workload->operation;
	job->request = (struct dc_collective_request){
		.request = {.operation = job->operation,
			    .root = workload->root,
			    .chunks = workload->chunks,
			    .servers = workload->servers},
		.any_protocol = workload->protocol == 0,
		.protocol = workload->protocol ? (enum dc_protocol)(workload->protocol - 1)
					       : DC_PROTOCOL_SIMPLE,
	};
	sizes = settle_sizes(&s);
	groups = settle_groups(&s);
	if (sizes == DC_ERR_MEMORY || groups == DC_ERR_MEMORY)
		return DC_ERR_MEMORY;
	rest = dc_collective_name_algorithm(workload->algorithm, &job->request)
		       ? refuse_algorithm(&s)
		       : DC_OK;
	if (!rest)
		rest = check_servers(&s);
	if (!groups) {
		enum dc_status root = check_root(&s);

		rest = rest ? rest : root;
	}
	if (!sizes && !groups && !rest)
		rest = check_fit(&s);
	return sizes ? sizes : groups ? groups : rest;
}
