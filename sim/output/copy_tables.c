/* Copying a result: the tables of fixed fields, block by block. */
#include <stdlib.h>

#include "output/copy_private.h"
#include "output/reader.h"

static enum dc_status read_numbers(struct dc_copier *c, const char *table, const char *column,
				   size_t first, size_t count, uint64_t *values)
{
	const struct dc_result_column *from =
		dc_result_column(dc_result_table(c->result, table), column);

	if (!from)
		return dc_diag_error(c->diag, NULL, "%s is damaged: no column /%s/%s",
				     dc_result_info(c->result)->path, table, column);
	return dc_result_read_number(c->diag, c->result, from, first, count, values);
}

static enum dc_status read_reals(struct dc_copier *c, const char *table, const char *column,
				 size_t first, size_t count, double *values)
{
	const struct dc_result_column *from =
		dc_result_column(dc_result_table(c->result, table), column);

	if (!from)
		return dc_diag_error(c->diag, NULL, "%s is damaged: no column /%s/%s",
				     dc_result_info(c->result)->path, table, column);
	return dc_result_read(c->diag, c->result, from, first, count, values);
}

struct iteration_block {
	uint64_t first[DC_COPY_BLOCK_ROWS], count[DC_COPY_BLOCK_ROWS];
	double start[DC_COPY_BLOCK_ROWS], duration[DC_COPY_BLOCK_ROWS];
	double compute[DC_COPY_BLOCK_ROWS], exposed[DC_COPY_BLOCK_ROWS];
	double stall[DC_COPY_BLOCK_ROWS], bubble[DC_COPY_BLOCK_ROWS];
	size_t communications;
	double *parts; /* of exposed: communications of each row */
};

/* What older results lack: ranks that wait for nobody have no bubble, and one kind of group needs no
 * split. */
static enum dc_status read_newer(struct dc_copier *c, size_t first, size_t count,
				 struct iteration_block *b)
{
	const struct dc_result_table *table = dc_result_table(c->result, "iterations");
	const struct dc_result_column *parts = dc_result_column(table, "exposed");
	enum dc_status status = DC_OK;

	if (dc_result_column(table, "bubble"))
		status = read_reals(c, "iterations", "bubble", first, count, b->bubble);
	b->communications = parts ? parts->width : 0;
	b->parts = calloc(b->communications * count + 1, sizeof *b->parts);
	if (!b->parts)
		return DC_ERR_MEMORY;
	if (!status && parts)
		status = dc_result_read(c->diag, c->result, parts, first, count, b->parts);
	return status;
}

static enum dc_status read_iterations(struct dc_copier *c, size_t first, size_t count,
				      struct iteration_block *b)
{
	const struct {
		const char *name;
		double *values;
	} reals[] = {
		{"start", b->start},     {"duration", b->duration},
		{"compute", b->compute}, {"exposed_communication", b->exposed},
		{"stall", b->stall},
	};
	enum dc_status status = read_numbers(c, "iterations", "first", first, count, b->first);

	if (status == DC_OK)
		status = read_numbers(c, "iterations", "count", first, count, b->count);
	for (size_t i = 0; i < sizeof reals / sizeof *reals && status == DC_OK; i++)
		status = read_reals(c, "iterations", reals[i].name, first, count, reals[i].values);
	return status ? status : read_newer(c, first, count, b);
}

static enum dc_status copy_iterations(struct dc_copier *c, size_t first, size_t count)
{
	struct iteration_block *b = calloc(1, sizeof(*b));
	enum dc_status status = b ? read_iterations(c, first, count, b) : DC_ERR_MEMORY;

	for (size_t k = 0; k < count && status == DC_OK; k++) {
		struct dc_iteration_row row = {
			.first = b->first[k],
			.count = b->count[k],
			.start_s = b->start[k],
			.duration_s = b->duration[k],
			.compute_s = b->compute[k],
			.exposed_communication_s = b->exposed[k],
			.stall_s = b->stall[k],
			.bubble_s = b->bubble[k],
			.exposed_s = b->parts + k * b->communications,
		};

		status = c->sink->type->iteration(c->sink, &row);
	}
	if (b)
		free(b->parts);
	free(b);
	return status;
}

struct event_block {
	double time[DC_COPY_BLOCK_ROWS];
	uint64_t kind[DC_COPY_BLOCK_ROWS], subject[DC_COPY_BLOCK_ROWS];
	char detail[DC_COPY_BLOCK_ROWS][DC_RESULT_TEXT_SIZE];
};

static enum dc_status copy_events(struct dc_copier *c, size_t first, size_t count)
{
	const struct dc_result_column *detail =
		dc_result_column(dc_result_table(c->result, "events"), "detail");
	struct event_block *b = calloc(1, sizeof(*b));
	enum dc_status status;

	if (!b)
		return DC_ERR_MEMORY;
	status = read_reals(c, "events", "time", first, count, b->time);
	if (status == DC_OK)
		status = read_numbers(c, "events", "kind", first, count, b->kind);
	if (status == DC_OK)
		status = read_numbers(c, "events", "subject", first, count, b->subject);
	if (status == DC_OK && detail)
		status = dc_result_read_text(c->diag, c->result, detail, first, count, b->detail);
	for (size_t k = 0; k < count && status == DC_OK; k++) {
		struct dc_event_row row = {b->time[k], (uint8_t)b->kind[k], (uint32_t)b->subject[k],
					   b->detail[k]};

		status = c->sink->type->event(c->sink, &row);
	}
	free(b);
	return status;
}

struct flow_block {
	uint64_t flow[DC_COPY_BLOCK_ROWS], source[DC_COPY_BLOCK_ROWS], target[DC_COPY_BLOCK_ROWS],
		bottleneck[DC_COPY_BLOCK_ROWS];
	double bytes[DC_COPY_BLOCK_ROWS], start[DC_COPY_BLOCK_ROWS], finish[DC_COPY_BLOCK_ROWS];
	double duration[DC_COPY_BLOCK_ROWS], rate[DC_COPY_BLOCK_ROWS];
};

static enum dc_status read_flows(struct dc_copier *c, size_t first, size_t count,
				 struct flow_block *b)
{
	const struct {
		const char *name;
		uint64_t *values;
	} numbers[] = {
		{"id", b->flow},
		{"source", b->source},
		{"destination", b->target},
		{"bottleneck", b->bottleneck},
	};
	const struct {
		const char *name;
		double *values;
	} reals[] = {
		{"bytes", b->bytes},       {"start", b->start}, {"finish", b->finish},
		{"duration", b->duration}, {"rate", b->rate},
	};
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers && status == DC_OK; i++)
		status = read_numbers(c, "flows", numbers[i].name, first, count, numbers[i].values);
	for (size_t i = 0; i < sizeof reals / sizeof *reals && status == DC_OK; i++)
		status = read_reals(c, "flows", reals[i].name, first, count, reals[i].values);
	return status;
}

static enum dc_status copy_flows(struct dc_copier *c, size_t first, size_t count)
{
	struct flow_block *b = calloc(1, sizeof(*b));
	enum dc_status status = b ? read_flows(c, first, count, b) : DC_ERR_MEMORY;

	for (size_t k = 0; k < count && status == DC_OK; k++) {
		struct dc_flow_row row = {
			.flow = (uint32_t)b->flow[k],
			.source = (uint32_t)b->source[k],
			.target = (uint32_t)b->target[k],
			.bytes = b->bytes[k],
			.start_s = b->start[k],
			.finish_s = b->finish[k],
			.duration_s = b->duration[k],
			.rate_bps = b->rate[k],
			.bottleneck = (uint32_t)b->bottleneck[k],
		};

		status = c->sink->type->flow(c->sink, &row);
	}
	free(b);
	return status;
}

struct collective_block {
	uint64_t numbers[10][DC_COPY_BLOCK_ROWS];
	double reals[10][DC_COPY_BLOCK_ROWS];
	char bottleneck[DC_COPY_BLOCK_ROWS][DC_RESULT_TEXT_SIZE];
};

static enum dc_status read_collectives(struct dc_copier *c, size_t first, size_t count,
				       struct collective_block *b)
{
	static const char *const numbers[10] = {"row",      "job",     "operation", "algorithm",
						"protocol", "members", "groups",    "repeat",
						"second",   "untried"};
	static const char *const reals[10] = {"size",  "start",       "duration", "fastest",
					      "algbw", "busbw",       "sent",     "wire",
					      "alone", "second_alone"};
	const struct dc_result_table *table = dc_result_table(c->result, "collectives");
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < 10 && status == DC_OK; i++)
		status = read_numbers(c, "collectives", numbers[i], first, count, b->numbers[i]);
	for (size_t i = 0; i < 10 && status == DC_OK; i++)
		status = read_reals(c, "collectives", reals[i], first, count, b->reals[i]);
	if (status == DC_OK)
		status = dc_result_read_text(c->diag, c->result,
					     dc_result_column(table, "bottleneck"), first, count,
					     b->bottleneck);
	return status;
}

static enum dc_status copy_collectives(struct dc_copier *c, size_t first, size_t count)
{
	struct collective_block *b = calloc(1, sizeof(*b));
	enum dc_status status = b ? read_collectives(c, first, count, b) : DC_ERR_MEMORY;

	for (size_t k = 0; k < count && status == DC_OK; k++) {
		struct dc_collective_row row = {
			.row = b->numbers[0][k],
			.job = (uint32_t)b->numbers[1][k],
			.operation = (uint32_t)b->numbers[2][k],
			.algorithm = (uint32_t)b->numbers[3][k],
			.protocol = (uint32_t)b->numbers[4][k],
			.members = b->numbers[5][k],
			.groups = b->numbers[6][k],
			.repeat = b->numbers[7][k],
			.size_bytes = b->reals[0][k],
			.start_s = b->reals[1][k],
			.duration_s = b->reals[2][k],
			.fastest_s = b->reals[3][k],
			.algbw_bps = b->reals[4][k],
			.busbw_bps = b->reals[5][k],
			.sent_bytes = b->reals[6][k],
			.wire_bytes = b->reals[7][k],
			.alone_s = b->reals[8][k],
			.second = (uint32_t)b->numbers[8][k],
			.second_s = b->reals[9][k],
			.untried = b->numbers[9][k],
			.bottleneck = b->bottleneck[k],
		};

		status = c->sink->type->collective(c->sink, &row);
	}
	free(b);
	return status;
}

struct timeline_block {
	uint64_t numbers[8][DC_COPY_BLOCK_ROWS];
	double begin[DC_COPY_BLOCK_ROWS], duration[DC_COPY_BLOCK_ROWS];
};

static enum dc_status read_timeline(struct dc_copier *c, size_t first, size_t count,
				    struct timeline_block *b)
{
	static const char *const numbers[8] = {"row",  "iteration", "stage", "stream",
					       "role", "operation", "chunk", "micro_batch"};
	enum dc_status status = read_reals(c, "timeline", "begin", first, count, b->begin);

	if (status == DC_OK)
		status = read_reals(c, "timeline", "duration", first, count, b->duration);
	for (size_t i = 0; i < 8 && status == DC_OK; i++)
		status = read_numbers(c, "timeline", numbers[i], first, count, b->numbers[i]);
	return status;
}

static enum dc_status copy_timeline(struct dc_copier *c, size_t first, size_t count)
{
	struct timeline_block *b = calloc(1, sizeof(*b));
	enum dc_status status = b ? read_timeline(c, first, count, b) : DC_ERR_MEMORY;

	for (size_t k = 0; k < count && status == DC_OK; k++) {
		struct dc_timeline_row row = {
			.row = b->numbers[0][k],
			.iteration = b->numbers[1][k],
			.stage = (uint32_t)b->numbers[2][k],
			.stream = (uint32_t)b->numbers[3][k],
			.role = (uint8_t)b->numbers[4][k],
			.operation = (uint32_t)b->numbers[5][k],
			.chunk = (uint32_t)b->numbers[6][k],
			.micro_batch = (uint32_t)b->numbers[7][k],
			.begin_s = b->begin[k],
			.duration_s = b->duration[k],
		};

		status = c->sink->type->timeline(c->sink, &row);
	}
	free(b);
	return status;
}

enum dc_status dc_copy_table(struct dc_copier *c, enum dc_hdf5_fixed table, size_t first,
			     size_t count)
{
	switch (table) {
	case DC_HDF5_ITERATIONS:
		return copy_iterations(c, first, count);
	case DC_HDF5_EVENTS:
		return copy_events(c, first, count);
	case DC_HDF5_FLOWS:
		return copy_flows(c, first, count);
	case DC_HDF5_COLLECTIVES:
		return copy_collectives(c, first, count);
	case DC_HDF5_TIMELINE:
		return copy_timeline(c, first, count);
	case DC_HDF5_FIXED:
		break;
	}
	return DC_ERR_RUN;
}
