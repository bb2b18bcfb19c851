/* Copying a result: the tables of fixed columns. */
#include "output/copy_tables.h"

#include <stdlib.h>

static enum dc_status read_numbers(const struct dc_copy_ends *c, const char *table,
				   const char *column, size_t first, size_t count, uint64_t *values)
{
	const struct dc_result_column *from =
		dc_result_column(dc_result_table(c->result, table), column);

	if (!from)
		return dc_diag_error(c->diag, NULL, "%s is damaged: no column /%s/%s",
				     dc_result_info(c->result)->path, table, column);
	return dc_result_read_number(c->diag, c->result, from, first, count, values);
}

static enum dc_status read_reals(const struct dc_copy_ends *c, const char *table,
				 const char *column, size_t first, size_t count, double *values)
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
	double compute[DC_COPY_BLOCK_ROWS], exposed[DC_COPY_BLOCK_ROWS], stall[DC_COPY_BLOCK_ROWS];
};

enum dc_status dc_copy_iterations(const struct dc_copy_ends *c, size_t first, size_t count)
{
	const char *table = "iterations";
	struct iteration_block *b = calloc(1, sizeof(*b));
	enum dc_status status;

	if (!b)
		return DC_ERR_MEMORY;
	status = read_numbers(c, table, "first", first, count, b->first);
	if (status == DC_OK)
		status = read_numbers(c, table, "count", first, count, b->count);
	if (status == DC_OK)
		status = read_reals(c, table, "start", first, count, b->start);
	if (status == DC_OK)
		status = read_reals(c, table, "duration", first, count, b->duration);
	if (status == DC_OK)
		status = read_reals(c, table, "compute", first, count, b->compute);
	if (status == DC_OK)
		status = read_reals(c, table, "exposed_communication", first, count, b->exposed);
	if (status == DC_OK)
		status = read_reals(c, table, "stall", first, count, b->stall);
	for (size_t k = 0; k < count && status == DC_OK; k++) {
		struct dc_iteration_row row = {b->first[k],    b->count[k],   b->start[k],
					       b->duration[k], b->compute[k], b->exposed[k],
					       b->stall[k]};

		status = c->sink->type->iteration(c->sink, &row);
	}
	free(b);
	return status;
}

struct event_block {
	double time[DC_COPY_BLOCK_ROWS];
	uint64_t kind[DC_COPY_BLOCK_ROWS], subject[DC_COPY_BLOCK_ROWS];
	char detail[DC_COPY_BLOCK_ROWS][DC_RESULT_TEXT_SIZE];
};

enum dc_status dc_copy_events(const struct dc_copy_ends *c, size_t first, size_t count)
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

static enum dc_status read_flows(const struct dc_copy_ends *c, size_t first, size_t count,
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

enum dc_status dc_copy_flows(const struct dc_copy_ends *c, size_t first, size_t count)
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

static enum dc_status read_collectives(const struct dc_copy_ends *c, size_t first, size_t count,
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

enum dc_status dc_copy_collectives(const struct dc_copy_ends *c, size_t first, size_t count)
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
