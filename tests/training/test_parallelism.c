/* The parallel plan: degrees, order and parts of plans that fit, and what is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../hardware/catalogue.h"
#include "training/parallelism.h"

static struct dc_parallelism *read_plan(const struct catalogue *catalogue, const char *yaml)
{
	struct dc_arena *arena = catalogue_arena(catalogue);
	struct dc_parallelism *plan = dc_arena_alloc(arena, sizeof *plan);
	struct dc_node *node = NULL;

	cr_assert_not_null(plan);
	cr_assert_eq(
		dc_tree_read_text(arena, catalogue->diag, "plan.yaml", yaml, strlen(yaml), &node),
		DC_OK);
	cr_assert_eq(dc_section_read(catalogue->config, &dc_parallelism_section, node, plan), DC_OK,
		     "%s", yaml);
	return plan;
}

/* A model of 96 layers and 96 heads on 1,536 accelerators. */
static const struct dc_parallel_subject gpt = {
	.ranks = 1536, .blocks = 96, .heads = 96, .sequence = 2048, .splits = true};

/* 1,536 = 8 x 8 x 24; rank order tensor, data, pipeline; 96 layers are 24 parts of 4 [Narayanan et al. 2021,
 * table 1: 145.6B has d = 24]. */
Test(parallelism, fits)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_parallelism *plan =
		read_plan(&catalogue, "{tensor: 8, pipeline: 8, interleave: 3, sequence: true}");
	uint64_t parts[24], product = 1;

	cr_assert_eq(dc_parallelism_settle(plan, &gpt, catalogue.diag), DC_OK);
	cr_expect_eq(plan->data, 24);
	cr_expect_eq(plan->order[0], DC_PARALLEL_TENSOR);
	cr_expect_eq(plan->order[DC_PARALLEL_AXES - 1], DC_PARALLEL_PIPELINE);
	for (int i = 0; i < DC_PARALLEL_AXES; i++)
		product *= dc_parallelism_axis_size(plan, (enum dc_parallel_axis)i);
	cr_expect_eq(product, 1536);
	dc_parallelism_parts(plan, 96, parts);
	for (int i = 0; i < 24; i++)
		cr_expect_eq(parts[i], 4);
	catalogue_close(&catalogue);
}

/* 126 layers, embedding and head as layers: 128 = 16 stages x 8; the ends have 7 [MLPerf Training v4.1, Llama 3.1
 * 405B]. Listed parts are taken as they are. */
Test(parallelism, parts)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_parallel_subject llama = {
		.ranks = 128, .blocks = 126, .heads = 128, .sequence = 8192, .splits = true};
	struct dc_parallelism *plan =
		read_plan(&catalogue, "{tensor: 8, pipeline: 16, ends: layers}");
	uint64_t parts[16];

	cr_assert_eq(dc_parallelism_settle(plan, &llama, catalogue.diag), DC_OK);
	dc_parallelism_parts(plan, 126, parts);
	for (int i = 0; i < 16; i++)
		cr_expect_eq(parts[i], i == 0 || i == 15 ? 7 : 8);
	plan = read_plan(&catalogue, "{pipeline: 4, stages: [1, 40, 40, 45], data: 32}");
	cr_assert_eq(dc_parallelism_settle(plan, &llama, catalogue.diag), DC_OK);
	dc_parallelism_parts(plan, 126, parts);
	cr_expect_eq(parts[0], 1);
	cr_expect_eq(parts[3], 45);
	catalogue_close(&catalogue);
}

/* Experts and shards are of the data-parallel ranks; a shard lies within the data axis. */
Test(parallelism, within_data)
{
	struct catalogue catalogue = catalogue_open();
	struct dc_parallel_subject moe = gpt;
	struct dc_parallelism *plan = read_plan(
		&catalogue, "{expert: 8, tensor: 4, zero: 3, shard: 6, order: [pp, dp, ep, tp]}");

	moe.experts = 64;
	cr_assert_eq(dc_parallelism_settle(plan, &moe, catalogue.diag), DC_OK);
	cr_expect_eq(plan->data, 384);
	cr_expect_eq(dc_parallelism_axis_size(plan, DC_PARALLEL_DATA), 8);
	cr_expect_eq(plan->order[0], DC_PARALLEL_PIPELINE);
	cr_expect_eq(plan->order[1], DC_PARALLEL_SHARD);
	cr_expect_eq(plan->order[2], DC_PARALLEL_DATA);
	cr_expect_eq(plan->order[3], DC_PARALLEL_EXPERT);
	cr_expect_eq(plan->order[4], DC_PARALLEL_TENSOR);
	cr_expect_eq(plan->order[5], DC_PARALLEL_CONTEXT);
	catalogue_close(&catalogue);
}

/* Each with what its message says would fit. */
static const struct {
	const char *yaml, *says;
} refused[] = {
	{"{tensor: 7}", "1536 accelerators do not divide into groups"},
	{"{tensor: 64}", "tensor 64 does not divide 96 heads; the nearest that do are 48 and 96"},
	{"{tensor: 2048}", "needs 2048 accelerators; there are 1536"},
	{"{data: 100}", "data 1536 fits"},
	{"{data: some}", "expected a number or 'all'"},
	{"{data: 24x, tensor: 64}", "expected a number or 'all'"},
	{"{pipeline: 64}",
	 "pipeline 64 does not divide 96 layers; the nearest that do are 48 and 96"},
	{"{pipeline: 8, interleave: 5}",
	 "interleave 5 does not divide 12 layers of a stage; the nearest that do are 4 and 6"},
	{"{interleave: 2}", "needs a pipeline"},
	{"{pipeline: 2, interleave: 2, schedule: gpipe}", "gpipe has one part per stage"},
	{"{pipeline: 4, ends: layers}",
	 "pipeline 4 does not divide 98 layers, embedding and head among them; the nearest that do "
	 "are 2 and 7"},
	{"{pipeline: 2, stages: [96]}", "stages lists 1 parts"},
	{"{pipeline: 2, stages: [40, 40]}", "stages hold 80 layers in all; the model has 96"},
	{"{pipeline: 2, stages: [40.5, 55.5]}", "not a whole number of layers"},
	{"{sequence: true}", "tensor is 1"},
	{"{context: 3}",
	 "context 3 does not divide 2048 tokens of a sequence; the nearest that do are 2 "
	 "and 4"},
	{"{expert: 2}", "the model has no experts"},
	{"{expert: 7}",
	 "expert 7 does not divide 1536 data-parallel ranks; the nearest that do are 6 "
	 "and 8"},
	{"{shard: 8}", "shard needs zero"},
	{"{zero: 3, shard: 7}", "shard 7 does not divide 1536 data-parallel ranks"},
	{"{order: [tp, xp]}", "order: expected each of"},
	{"{order: [tp, tp]}", "at most once"},
	{"{order: tp}", "expected a list"},
};

Test(parallelism, refuses)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct catalogue catalogue = catalogue_open();
		struct dc_parallelism *plan = read_plan(&catalogue, refused[i].yaml);

		cr_expect_eq(dc_parallelism_settle(plan, &gpt, catalogue.diag), DC_ERR_INPUT, "%s",
			     refused[i].yaml);
		catalogue_expect(&catalogue, refused[i].says);
		catalogue_close(&catalogue);
	}
}

/* A model of layers that tensor-parallel ranks cannot share. */
Test(parallelism, refuses_to_split_convolutions)
{
	static const char *const plans[] = {"{tensor: 2}", "{context: 2}"};

	for (size_t i = 0; i < 2; i++) {
		struct catalogue catalogue = catalogue_open();
		struct dc_parallelism *plan = read_plan(&catalogue, plans[i]);
		const struct dc_parallel_subject images = {
			.ranks = 8, .blocks = 100, .unsplit = "conv2d"};

		cr_expect_eq(dc_parallelism_settle(plan, &images, catalogue.diag), DC_ERR_INPUT);
		catalogue_close(&catalogue);
	}
}
