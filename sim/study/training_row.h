/* Rows of training tables: a published run and its time, and the workloads it may have been.
 *
 * Columns: model, layers, hidden, heads, kv_heads, ffn_hidden, gated_ffn, vocab, seq, global_batch,
 * micro_batch, tp, pp, vp, dp, cp, ep, sequence_parallel, zero_stage, recompute, precision,
 * flash_attention, accelerator, accelerators, accelerators_per_node, scaleup_domain, scaleup_GBps,
 * scaleout_Gbps, iteration_s, notes. A gated feed-forward stands for LLaMA's family (RMS norm, rotary
 * positions, no biases, head of its own), an ungated one for GPT's.
 *
 * A blank cell (or n/a) of the plan means that the source does not print it: dp is what the others leave,
 * cp, ep, sequence_parallel and zero_stage are off, a blank precision is bf16; micro_batch, vp and
 * recompute are searched (validate_training.c).
 *
 * Ownership: texts belong to the table. */
#ifndef DC_STUDY_TRAINING_ROW_H
#define DC_STUDY_TRAINING_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "config/table.h"
#include "training/workload.h"

enum dc_training_row_recompute {
	DC_ROW_RECOMPUTE_NONE,
	DC_ROW_RECOMPUTE_SELECTIVE,
	DC_ROW_RECOMPUTE_FULL,
	DC_ROW_RECOMPUTE_BLANK,
};

struct dc_training_row {
	const char *source, *model, *accelerator, *precision, *notes;
	uint64_t layers, hidden, heads, kv_heads, ffn, vocabulary, sequence;
	uint64_t global_batch, micro_batch;          /* micro 0: blank */
	uint64_t tensor, pipeline, interleave, data; /* interleave 0: blank */
	uint64_t context, expert, zero;
	uint64_t accelerators, per_node, domain;
	double inside_bps, between_bps;
	double iteration_s;
	bool gated, sequence_parallel;
	int flash; /* -1: blank */
	enum dc_training_row_recompute recompute;
};

/* NULL, or why the row cannot be run, in the arena. */
const char *dc_training_row_read(const struct dc_table *table, size_t number,
				 struct dc_arena *arena, struct dc_training_row *row);

/* What a search may choose. */
struct dc_training_choice {
	uint64_t micro, interleave;
	int recompute;             /* enum dc_recompute */
	uint64_t recompute_layers; /* FULL: of each stage; 0: all */
};

/* The workload of a row under a choice, as a scenario would read it, settled for the row's accelerators: its
 * messages go to the configuration's sink. dropout: whether the run used it. */
enum dc_status dc_training_row_workload(const struct dc_training_row *row,
					const struct dc_training_choice *choice,
					const struct dc_software *software, bool dropout,
					struct dc_config *config,
					struct dc_training_workload **workload) DC_CHECK;

#endif
