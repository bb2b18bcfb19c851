/* Programs: numbers, positions, and what cannot be added. */
#include "rig.h"

Test(program, operations_are_numbered_and_placed)
{
	struct rig rig = rig_create(2);
	const struct dc_op *ops;

	cr_assert_eq(dc_program_stream(rig.program, "compute"), DC_PROGRAM_COMPUTE_STREAM);
	cr_assert_eq(dc_program_stream(rig.program, "other"), 1);
	/* More than the first capacity of every array. */
	for (uint32_t i = 0; i < 1000; i++) {
		cr_assert_eq(rig_delay(&rig, i % 3 == 0, "work", i), i);
		rig_wait(&rig, i / 2, 1);
		rig_wait(&rig, i, 2);
	}
	ops = rig.program->ops;
	cr_assert_eq(rig.program->count, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct dc_program_stream *stream = &rig.program->streams[ops[i].stream];

		cr_assert_eq(ops[i].stream, i % 3 == 0);
		cr_assert_eq(stream->ops[ops[i].position], i);
		cr_assert_eq(ops[i].dependencies, 2);
		cr_assert_eq(rig.program->dependencies[ops[i].first_dependency].op, i / 2);
		cr_assert_eq(rig.program->dependencies[ops[i].first_dependency + 1].lag, 2);
	}
	rig_destroy(&rig);
}

Test(program, refusals)
{
	struct rig rig = rig_create(2);
	const struct dc_op collective = {.kind = DC_OP_COLLECTIVE, .name = "gradients", .group = 1};
	const struct dc_op other = {.kind = DC_OP_COLLECTIVE, .name = "activations", .group = 2};
	const struct dc_op nobody = {.kind = DC_OP_COLLECTIVE, .name = "nobody"};
	const struct dc_op compute = {.kind = DC_OP_COMPUTE, .name = "work"};

	/* Nothing to wait, no stream to be on. */
	cr_expect_eq(dc_program_wait(rig.program, 0, 1), DC_ERR_INPUT);
	cr_expect_eq(dc_program_add(rig.program, 0, &collective, NULL), DC_ERR_INPUT);
	for (uint32_t i = 0; i < DC_PROGRAM_STREAMS; i++)
		cr_expect_eq(dc_program_stream(rig.program, "stream"), i);
	cr_expect_eq(dc_program_stream(rig.program, "one too many"), DC_PROGRAM_STREAMS);
	cr_expect_eq(dc_program_add(rig.program, DC_PROGRAM_STREAMS, &collective, NULL),
		     DC_ERR_INPUT);
	/* Collectives of a kind share one stream; they are of some kind; work has its stream. */
	cr_expect_eq(dc_program_add(rig.program, 2, &collective, NULL), DC_OK);
	cr_expect_eq(dc_program_add(rig.program, 2, &collective, NULL), DC_OK);
	cr_expect_eq(dc_program_add(rig.program, 3, &collective, NULL), DC_ERR_INPUT);
	cr_expect_eq(dc_program_add(rig.program, 3, &other, NULL), DC_OK);
	cr_expect_eq(dc_program_add(rig.program, 3, &nobody, NULL), DC_ERR_INPUT);
	cr_expect_eq(dc_program_add(rig.program, 1, &compute, NULL), DC_ERR_INPUT);
	cr_expect_eq(rig.program->count, 3);
	rig_destroy(&rig);
}
