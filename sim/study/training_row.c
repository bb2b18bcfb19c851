/* Rows of training tables: reading them, and writing the workload that each stands for. */
#include "study/training_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reader {
	const struct dc_table *table;
	size_t row;
	struct dc_arena *arena;
	const char *why; /* the first fault */
};

static const char *cell(const struct reader *r, const char *column)
{
	return dc_table_text(r->table, r->row, dc_table_column(r->table, column));
}

static bool is_blank(const char *text)
{
	return !*text || strcasecmp(text, "n/a") == 0 || strcmp(text, "-") == 0;
}

static double number(struct reader *r, const char *column, double blank)
{
	const char *text = cell(r, column);
	char *end;
	double value;

	if (is_blank(text) && !isnan(blank))
		return blank;
	value = strtod(text, &end);
	if (end != text && !*end && isfinite(value) && value >= 0)
		return value;
	if (!r->why)
		r->why = dc_arena_printf(r->arena, "%s: expected a number, found '%s'", column,
					 text);
	return 0;
}

/* A whole number; blank NAN: it must be there and above 0. */
static uint64_t count(struct reader *r, const char *column, double blank)
{
	double value = number(r, column, blank);

	if (value == floor(value) && value < 1e15 && (value > 0 || !isnan(blank)))
		return (uint64_t)value;
	if (!r->why)
		r->why = dc_arena_printf(r->arena, "%s: expected a whole number from 1, found '%s'",
					 column, cell(r, column));
	return 0;
}

static enum dc_training_row_recompute recompute(struct reader *r)
{
	static const char *const names[] = {"none", "selective", "full"};
	const char *text = cell(r, "recompute");

	for (int i = 0; i < 3; i++)
		if (strcasecmp(text, names[i]) == 0)
			return (enum dc_training_row_recompute)i;
	if (!is_blank(text) && !r->why)
		r->why = dc_arena_printf(
			r->arena,
			"recompute: expected none, selective, full or nothing, found "
			"'%s'",
			text);
	return DC_ROW_RECOMPUTE_BLANK;
}

static void read_model(struct reader *r, struct dc_training_row *row)
{
	row->model = cell(r, "model");
	row->layers = count(r, "layers", (double)NAN);
	row->hidden = count(r, "hidden", (double)NAN);
	row->heads = count(r, "heads", (double)NAN);
	row->kv_heads = count(r, "kv_heads", (double)row->heads);
	row->ffn = count(r, "ffn_hidden", 4.0 * (double)row->hidden);
	row->gated = number(r, "gated_ffn", 0) > 0;
	row->vocabulary = count(r, "vocab", (double)NAN);
	row->sequence = count(r, "seq", (double)NAN);
}

static void read_plan(struct reader *r, struct dc_training_row *row)
{
	uint64_t others;

	row->global_batch = count(r, "global_batch", (double)NAN);
	row->micro_batch = count(r, "micro_batch", 0);
	row->tensor = count(r, "tp", 1);
	row->pipeline = count(r, "pp", 1);
	row->interleave = count(r, "vp", 0);
	row->context = count(r, "cp", 1);
	row->expert = count(r, "ep", 1);
	row->zero = count(r, "zero_stage", 0);
	row->sequence_parallel = number(r, "sequence_parallel", 0) > 0 && row->tensor > 1;
	row->recompute = recompute(r);
	row->precision = is_blank(cell(r, "precision")) ? "bf16" : cell(r, "precision");
	row->flash = (int)number(r, "flash_attention", -1);
	others = row->tensor * row->pipeline * row->context;
	row->data = count(r, "dp", others ? floor((double)(row->accelerators / others)) : 1);
	if (!r->why && row->data * others != row->accelerators)
		r->why = dc_arena_printf(r->arena, "tp x pp x cp x dp is not the accelerators");
	if (!r->why && row->global_batch % row->data)
		r->why = dc_arena_printf(r->arena, "dp does not divide the global batch");
	if (row->pipeline == 1)
		row->interleave = 1;
}

const char *dc_training_row_read(const struct dc_table *table, size_t number_of_row,
				 struct dc_arena *arena, struct dc_training_row *row)
{
	struct reader r = {.table = table, .row = number_of_row, .arena = arena};

	*row = (struct dc_training_row){.notes = cell(&r, "notes")};
	row->source = cell(&r, "source");
	row->accelerator = cell(&r, "accelerator");
	row->accelerators = count(&r, "accelerators", (double)NAN);
	row->per_node = count(&r, "accelerators_per_node", 8);
	row->domain = count(&r, "scaleup_domain", (double)row->per_node);
	row->inside_bps = number(&r, "scaleup_GBps", 0) * 1e9;
	row->between_bps = number(&r, "scaleout_Gbps", 0) * 1e9 / 8;
	row->iteration_s = number(&r, "iteration_s", (double)NAN);
	read_model(&r, row);
	read_plan(&r, row);
	if (!r.why && !(row->iteration_s > 0))
		r.why = "iteration_s: expected a number above 0";
	return r.why;
}

/* --- the workload --- */

static const char *const gpt_keys = "positions: learned, norm: layer, activation: gelu, tied: true";
static const char *const llama_keys =
	"gated: true, positions: rotary, norm: rms, activation: silu, tied: false, bias: false";

/* Embedding and head count as layers where the layers divide with them only. */
static bool needs_ends(const struct dc_training_row *row, uint64_t parts)
{
	return row->layers % parts != 0 && (row->layers + 2) % parts == 0;
}

static const char *write_workload(const struct dc_training_row *row,
				  const struct dc_training_choice *choice, bool dropout,
				  struct dc_arena *arena)
{
	static const char *const recomputes[] = {"none", "selective", "full"};
	const char *model = dc_arena_printf(
		arena,
		"{name: row, unit: sequence, sequence: %llu, transformer: {layers: %llu, hidden: "
		"%llu, heads: %llu, kv_heads: %llu, ffn: %llu, vocabulary: %llu, dropout: %s, %s}}",
		(unsigned long long)row->sequence, (unsigned long long)row->layers,
		(unsigned long long)row->hidden, (unsigned long long)row->heads,
		(unsigned long long)row->kv_heads, (unsigned long long)row->ffn,
		(unsigned long long)row->vocabulary, dropout ? "true" : "false",
		row->gated ? llama_keys : gpt_keys);
	const char *plan = dc_arena_printf(
		arena,
		"{tensor: %llu, pipeline: %llu, interleave: %llu, context: %llu, zero: %llu, "
		"sequence: %s, ends: %s}",
		(unsigned long long)row->tensor, (unsigned long long)row->pipeline,
		(unsigned long long)choice->interleave, (unsigned long long)row->context,
		(unsigned long long)row->zero, row->sequence_parallel ? "true" : "false",
		needs_ends(row, row->pipeline * choice->interleave) ? "layers" : "extra");

	if (!model || !plan)
		return NULL;
	return dc_arena_printf(
		arena,
		"{kind: training, model: %s, batch: {global: %llu, micro: %llu}, precision: %s, optimizer: "
		"adam, parallelism: %s, recompute: %s, recompute_layers: %llu, dataset: {samples: "
		"1e15, sample_size: 1 B}}",
		model, (unsigned long long)row->global_batch, (unsigned long long)choice->micro,
		row->precision, plan, recomputes[choice->recompute],
		(unsigned long long)choice->recompute_layers);
}

enum dc_status dc_training_row_workload(const struct dc_training_row *row,
					const struct dc_training_choice *choice,
					const struct dc_software *software, bool dropout,
					struct dc_config *config,
					struct dc_training_workload **workload)
{
	struct dc_arena *arena = dc_config_arena(config);
	const char *text = write_workload(row, choice, dropout, arena);
	struct dc_node *node = NULL;
	enum dc_status status;

	*workload = dc_arena_alloc(arena, sizeof **workload);
	if (!text || !*workload)
		return DC_ERR_MEMORY;
	status = dc_tree_read_text(arena, dc_config_diag(config), "row", text, strlen(text), &node);
	if (!status)
		status = dc_section_read(config, &dc_training_workload_section, node, *workload);
	(*workload)->software = software;
	if (!status)
		status = dc_training_settle(*workload, row->accelerators, dc_config_diag(config));
	return status;
}
