/* Pipelines that cannot be run: what is said of them. */
#include "stages.h"

static void expect_words(struct rig *rig, const char *words)
{
	for (int exact = 0; exact < 2; exact++) {
		struct stages_result r = stages_run(rig, exact, 3);

		cr_expect_eq(r.run.status, DC_ERR_RUN);
		cr_expect(strstr(r.run.messages, words) != NULL, "expected \"%s\" in:\n%s", words,
			  r.run.messages);
		rig_free(&r.run);
	}
}

/* Stage 1 waits for a second send of which stage 0 has but one an iteration, and stage 0 for stage 1. */
Test(stages, blocked_pipeline_says_who_waits_for_whom)
{
	struct rig rig = free_rig(2, 1);

	for (uint32_t s = 0; s < 2; s++) {
		rig.program = dc_program_create(rig.arena);
		cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
		dc_program_stream(rig.program, "compute");
		dc_program_stream(rig.program, "send");
		rig_delay(&rig, 0, s ? "second" : "first", rig_us);
		cr_assert_eq(dc_program_wait_for(rig.program, !s, 1, 0), DC_OK);
		rig_add(&rig, 1,
			&(struct dc_op){.kind = DC_OP_SEND,
					.name = s ? "errors" : "activations",
					.peer = !s});
		rig_wait(&rig, 0, 0);
		rig_mark(&rig, "end");
	}
	expect_words(&rig, "'first' of stage 0, iteration 0, waits for 'errors' of stage 1");
	rig_destroy(&rig);
}

static void expect_refused(struct rig *rig, const char *words)
{
	const struct dc_executor_options options = {.iterations = 1, .until = DC_TIME_NEVER};
	const struct dc_executor_observer observer = {0};
	struct dc_engine *engine = dc_engine_create();
	struct dc_executor *executor;
	char *messages;

	rig->diag = dc_diag_create();
	rig->machine.accelerator = &rig->accelerator;
	rig->machine.fabric = &rig->fabric;
	executor = dc_executor_create(engine, rig->diag, rig->ensemble, &rig->machine, &options,
				      &observer);
	cr_expect_null(executor);
	messages = rig_messages(rig);
	cr_expect(strstr(messages, words) != NULL, "expected \"%s\" in:\n%s", words, messages);
	free(messages);
	dc_executor_destroy(executor);
	dc_diag_destroy(rig->diag);
	dc_engine_destroy(engine);
}

Test(stages, programs_that_do_not_fit_together)
{
	struct rig rig = free_rig(2, 2);
	uint32_t all = stages_kind(&rig, "all", 3);

	for (uint32_t s = 0; s < 2; s++) {
		rig.program = dc_program_create(rig.arena);
		cr_assert_eq(dc_ensemble_add_program(rig.ensemble, rig.program), DC_OK);
		dc_program_stream(rig.program, "compute");
		rig_add(&rig, 0,
			&(struct dc_op){.kind = DC_OP_COLLECTIVE,
					.name = s ? "embedding" : "norm",
					.group = all,
					.operation = DC_OPERATION_ALL_REDUCE,
					.size_bytes = 1e6 + s});
		rig_mark(&rig, "end");
	}
	expect_refused(&rig, "stages 0 and 1 share groups 'all' but not their operations: 'norm' "
			     "meets 'embedding'");
	rig.machine.slow = &(struct dc_slow_rank){.rank = 4, .factor = 2};
	rig.machine.slow_count = 1;
	expect_refused(&rig, "no rank 4 can be 2 times as slow");
	rig.ensemble->program_count = 1;
	expect_refused(&rig, "2 stages have 1 programs");
	rig.ensemble->program_count = 2;
	rig.ensemble->axes[0].size = 3;
	expect_refused(&rig, "the programs are for 6 ranks, the fabric has 4");
	rig_destroy(&rig);
}
