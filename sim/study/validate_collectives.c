/* Measured collectives: logs of nccl-tests and the like, run again on the fabric of the machine named.
 *
 * A row says what was measured on which machine: gpu (as tables call it, catalog/machines), n_gpu in all,
 * n_nodes (default 1), network (needed between nodes), collective (default all_reduce), size_B as
 * nccl-tests counts it (fabric/algorithm.h), and the time. The prediction is that of the cheapest
 * algorithm and protocol, alone on the fabric. Rows up to 1 GiB whose notes call them anomalous are
 * printed but not scored. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/collective.h"
#include "study/machine.h"
#include "study/validation.h"

/* Sizes up to which a note of an anomaly takes a row out. */
static const double most_anomalous_bytes = 1073741824.0;

enum column { GPU, N_GPU, N_NODES, NETWORK, COLLECTIVE, SIZE, TIME, NOTES, COLUMNS };

struct reader {
	struct dc_validation *validation;
	const struct dc_table *table;
	int columns[COLUMNS];
	const struct dc_measured_machine **machines;
	size_t machine_count;
	/* What the last row ran on: tables hold many sizes of one machine. */
	struct {
		const struct dc_measured_machine *machine;
		uint64_t accelerators, nodes;
		const char *network;
		struct dc_fabric fabric;
	} last;
};

struct row {
	uint64_t accelerators, nodes;
	const char *gpu, *network;
	enum dc_operation operation;
	double size_bytes;
	double measured_us;
};

/* --- reading --- */

static const char *cell(const struct reader *r, size_t row, enum column column)
{
	return dc_table_text(r->table, row, r->columns[column]);
}

static bool read_number(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(*value);
}

static bool read_count(const char *text, uint64_t *value)
{
	double number;

	if (!read_number(text, &number) || number < 1 || number > 1e9 || number != floor(number))
		return false;
	*value = (uint64_t)number;
	return true;
}

/* all_reduce, AllReduce, all_reduce_perf: what nccl-tests and its users call operations. */
static enum dc_operation find_operation(const char *text)
{
	static const struct {
		const char *name;
		enum dc_operation operation;
	} names[] = {
		{"allreduce", DC_OPERATION_ALL_REDUCE},
		{"reducescatter", DC_OPERATION_REDUCE_SCATTER},
		{"allgather", DC_OPERATION_ALL_GATHER},
		{"broadcast", DC_OPERATION_BROADCAST},
		{"bcast", DC_OPERATION_BROADCAST},
		{"reduce", DC_OPERATION_REDUCE},
		{"gather", DC_OPERATION_GATHER},
		{"scatter", DC_OPERATION_SCATTER},
		{"alltoall", DC_OPERATION_ALL_TO_ALL},
		{"sendrecv", DC_OPERATION_SEND},
	};
	char plain[32] = "";
	size_t length = 0;

	for (; *text && length + 1 < sizeof plain; text++) {
		if (strcmp(text, "_perf") == 0)
			break;
		if (isalnum((unsigned char)*text))
			plain[length++] = (char)tolower((unsigned char)*text);
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!*text || strcmp(text, "_perf") == 0)
			if (strcmp(plain, names[i].name) == 0)
				return names[i].operation;
	return DC_OPERATIONS;
}

/* NULL, or why the row cannot be run. */
static const char *read_row(const struct reader *r, size_t number, struct row *row)
{
	struct dc_arena *arena = r->validation->arena;
	const char *nodes = cell(r, number, N_NODES), *collective = cell(r, number, COLLECTIVE);

	*row = (struct row){.nodes = 1, .operation = DC_OPERATION_ALL_REDUCE};
	row->gpu = cell(r, number, GPU);
	row->network = cell(r, number, NETWORK);
	if (!read_count(cell(r, number, N_GPU), &row->accelerators))
		return "n_gpu: expected a whole number from 1";
	if (*nodes && !read_count(nodes, &row->nodes))
		return "n_nodes: expected a whole number from 1";
	if (!read_number(cell(r, number, SIZE), &row->size_bytes) || row->size_bytes < 0)
		return "size_B: expected a number from 0";
	if (!read_number(cell(r, number, TIME), &row->measured_us) || row->measured_us <= 0)
		return "the time: expected a number above 0";
	if (row->accelerators < 2)
		return "a collective of one accelerator moves nothing over links";
	if (*collective)
		row->operation = find_operation(collective);
	if (row->operation == DC_OPERATIONS)
		return dc_arena_printf(arena, "no collective is called '%s'", collective);
	return NULL;
}

static bool is_anomalous(const struct reader *r, size_t number, const struct row *row)
{
	const char *notes = cell(r, number, NOTES);

	return strstr(notes, "anomal") && row->size_bytes <= most_anomalous_bytes;
}

/* --- running --- */

static enum dc_status find_fabric(struct reader *r, const struct row *row, const char **why)
{
	const struct dc_measured_machine *machine = NULL;
	enum dc_status status;

	if (r->last.machine && r->last.accelerators == row->accelerators &&
	    r->last.nodes == row->nodes && strcmp(r->last.network, row->network) == 0 &&
	    dc_machine_is(r->last.machine, row->gpu))
		return DC_OK;
	for (size_t i = 0; i < r->machine_count && !machine; i++)
		if (dc_machine_is(r->machines[i], row->gpu))
			machine = r->machines[i];
	r->last.machine = NULL;
	if (!machine) {
		*why = dc_arena_printf(
			r->validation->arena,
			"no machine is known for '%s' (dcsim catalog machines lists them)",
			row->gpu);
		return DC_ERR_RUN;
	}
	status = dc_machine_build(machine, r->validation->config, row->accelerators, row->nodes,
				  row->network, &r->last.fabric, NULL, why);
	if (status)
		return status;
	r->last.machine = machine;
	r->last.accelerators = row->accelerators;
	r->last.nodes = row->nodes;
	r->last.network = row->network;
	return DC_OK;
}

static enum dc_status predict(struct reader *r, const struct row *row,
			      struct dc_validation_result *result, const char **why)
{
	struct dc_collective_request request = {
		.request = {.operation = row->operation, .size_bytes = row->size_bytes},
		.any_protocol = true,
	};
	struct dc_collective collective;
	enum dc_status status = find_fabric(r, row, why);

	if (status)
		return status;
	request.group = dc_group_all(&r->last.fabric);
	/* All send to the next at once: the one that crosses nodes takes longest. */
	if (row->operation == DC_OPERATION_SEND)
		request.request.root = row->accelerators / row->nodes - 1;
	if (request.request.root + 1 == row->accelerators)
		request.request.root = 0;
	status = dc_collective_find(&r->last.fabric, &request, &collective, why);
	if (status)
		return status;
	result->predicted = dc_time_to_s(collective.duration) * 1e6;
	result->detail = dc_arena_printf(r->validation->arena, "%s, %s", collective.algorithm->name,
					 dc_protocol_names[collective.protocol]);
	return result->detail ? DC_OK : DC_ERR_MEMORY;
}

static enum dc_status run_row(struct reader *r, size_t number, const char *suite_column,
			      const char *file)
{
	struct dc_validation *validation = r->validation;
	struct dc_validation_result result = {
		.suite = dc_validation_suite(validation, r->table, number, suite_column, file),
		.id = dc_validation_id(validation, r->table, number),
		.quantity = "time",
		.unit = "us",
	};
	struct row row;
	const char *why = read_row(r, number, &row);
	enum dc_status status = DC_OK;

	if (!result.suite || !result.id)
		return DC_ERR_MEMORY;
	if (!why)
		status = predict(r, &row, &result, &why);
	/* What cannot be run is a result; a broken catalogue is not. */
	if (status && status != DC_ERR_RUN)
		return status;
	if (status && !why)
		why = "it cannot be run";
	result.measured = row.measured_us;
	result.failure = why;
	if (!why && is_anomalous(r, number, &row))
		result.unscored = "anomalous by its notes";
	return dc_validation_add(validation, &result);
}

/* Every technology of the catalogue: those of machines, inside nodes and between them, then the rest. */
static enum dc_status use_transports(struct reader *r)
{
	struct dc_config *config = r->validation->config;
	const struct dc_mark nowhere = {0};
	const char *const *names;
	enum dc_status status = DC_OK;
	size_t count;

	for (size_t i = 0; i < r->machine_count && !status; i++) {
		const struct dc_measured_machine *machine = r->machines[i];
		const struct dc_machine_network *networks = machine->networks.items;

		status = dc_validation_use_transport(r->validation, machine->inside.transport,
						     false);
		for (size_t k = 0; k < machine->networks.count && !status; k++)
			status = dc_validation_use_transport(r->validation, networks[k].transport,
							     true);
	}
	if (!status)
		status = dc_catalogue_names(config, dc_transport_family.name, &names, &count);
	for (size_t i = 0; !status && i < count; i++) {
		struct dc_node *name = dc_node_scalar(r->validation->arena, &nowhere, names[i]);
		void *entry;

		if (!name)
			return DC_ERR_MEMORY;
		status = dc_catalogue_read(config, &dc_transport_family, name, &entry);
		if (!status)
			status = dc_validation_use_transport(r->validation, entry, false);
	}
	return status;
}

static enum dc_status run_table(struct dc_validation *validation, const struct dc_table *table,
				const char *suite_column, const char *file, const char *time)
{
	static const char *const names[COLUMNS] = {
		[GPU] = "gpu",         [N_GPU] = "n_gpu",           [N_NODES] = "n_nodes",
		[NETWORK] = "network", [COLLECTIVE] = "collective", [SIZE] = "size_B",
		[NOTES] = "notes",
	};
	struct reader r = {.validation = validation, .table = table};
	enum dc_status status =
		dc_machine_read_all(validation->config, &r.machines, &r.machine_count);

	if (!status)
		status = use_transports(&r);
	for (int i = 0; i < COLUMNS; i++)
		r.columns[i] = dc_table_column(table, i == TIME ? time : names[i]);
	for (size_t i = 0; i < table->rows && !status; i++)
		status = run_row(&r, i, suite_column, file);
	return status;
}

static enum dc_status run_collectives(struct dc_validation *validation,
				      const struct dc_table *table, const char *suite_column,
				      const char *file)
{
	return run_table(validation, table, suite_column, file, "time_us");
}

static enum dc_status run_all_reduces(struct dc_validation *validation,
				      const struct dc_table *table, const char *suite_column,
				      const char *file)
{
	return run_table(validation, table, suite_column, file, "oop_time_us");
}

static const char *const collectives_columns[] = {"gpu",    "n_gpu",   "collective",
						  "size_B", "time_us", NULL};
static const char *const all_reduces_columns[] = {"gpu", "n_gpu", "size_B", "oop_time_us", NULL};

const struct dc_validation_kind dc_validation_collectives = {
	.name = "collectives",
	.doc = "collectives of machines of the catalogue, the cheapest way; time of each",
	.columns = collectives_columns,
	.run = run_collectives,
};

const struct dc_validation_kind dc_validation_all_reduces = {
	.name = "all-reduces",
	.doc = "all-reduces in one node, out of place; time of each",
	.columns = all_reduces_columns,
	.run = run_all_reduces,
};
