/* The timeline: which operations it has, and when they are. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "../program/rig.h"
#include "run.h"
#include "scenario/timeline.h"

/* --- of scenarios --- */

static const char *const two_nodes[] = {"run.epochs=null", "run.iterations=5",
					"fabric.dimensions.0.size=16", NULL};
static const char *const only_one[] = {"run.epochs=null", "run.iterations=1",
				       "fabric.dimensions.0.size=16", NULL};

/* All operations but MARKs. */
static size_t operations_of(const struct dc_ensemble *ensemble)
{
	size_t count = 0;

	for (uint32_t p = 0; p < ensemble->program_count; p++)
		for (uint32_t i = 0; i < ensemble->programs[p]->count; i++)
			count += ensemble->programs[p]->ops[i].kind != DC_OP_MARK;
	return count;
}

/* Time of the rows with a role. */
static double time_of(const struct memory_sink *m, enum dc_op_role role)
{
	struct dc_sum sum = {0};

	for (size_t i = 0; i < m->timeline_rows; i++)
		if (m->timeline[i].role == role)
			sum = dc_sum_add(sum, dc_sum_of(m->timeline[i].duration_s));
	return dc_sum_value(sum);
}

/* Every operation of the second iteration once, in the order of time; the compute stream's add up to the
 * compute time that the iteration was reported with. */
Test(timeline, second_iteration)
{
	struct test_run run;
	const struct memory_sink *m = &run.memory;
	double compute_s, busy_s;

	run_all(&run, "ring64", two_nodes, false);
	cr_assert_eq(m->timeline_rows, operations_of(run.datacenter->plan.ensemble));
	for (size_t i = 0; i < m->timeline_rows; i++) {
		cr_assert_eq(m->timeline[i].row, i);
		cr_assert_eq(m->timeline[i].iteration, 1);
		cr_assert_eq(m->timeline[i].stage, 0);
		cr_assert(!i || m->timeline[i].begin_s >= m->timeline[i - 1].begin_s);
	}
	compute_s = dc_time_to_s(run_iteration(&run, 1).compute);
	busy_s = time_of(m, DC_ROLE_FORWARD) + time_of(m, DC_ROLE_BACKWARD) +
		 time_of(m, DC_ROLE_OPTIMIZER);
	cr_expect(fabs(busy_s / compute_s - 1) < 1e-12, "%.17g, %.17g", busy_s, compute_s);
	cr_expect_gt(time_of(m, DC_ROLE_GRADIENTS), 0);
	cr_expect_eq(run_summary(&run, DC_SUMMARY_TIMELINE_LEFT_OUT), 0);
	run_free(&run);
}

/* A run of one iteration shows that one; nothing of it can begin before it. */
Test(timeline, only_iteration)
{
	struct test_run run;

	run_all(&run, "ring64", only_one, false);
	cr_assert_gt(run.memory.timeline_rows, 0);
	for (size_t i = 0; i < run.memory.timeline_rows; i++) {
		cr_assert_eq(run.memory.timeline[i].iteration, 0);
		cr_assert_geq(run.memory.timeline[i].begin_s, 0);
	}
	run_free(&run);
}

/* --- of pipelines --- */

static const char *const pipeline[] = {"run.epochs=null",
				       "run.iterations=4",
				       "workload.model=gpt2-small",
				       "workload.optimizer=adam",
				       "workload.parallelism={tensor: 2, pipeline: 4, data: 8}",
				       "workload.batch={global: 64, micro: 1}",
				       NULL};
static const char *const interleaved[] = {
	"run.epochs=null",
	"run.iterations=4",
	"workload.model=gpt2-small",
	"workload.optimizer=adam",
	"workload.parallelism={tensor: 2, pipeline: 4, data: 8, interleave: 3}",
	"workload.batch={global: 64, micro: 1}",
	NULL};

/* Of a stage: time on the compute stream (the first label). */
static double busy_of(const struct memory_sink *m, uint32_t stage)
{
	struct dc_sum sum = {0};

	for (size_t i = 0; i < m->timeline_rows; i++)
		if (m->timeline[i].stage == stage && m->timeline[i].stream == 0)
			sum = dc_sum_add(sum, dc_sum_of(m->timeline[i].duration_s));
	return dc_sum_value(sum);
}

/* The timeline explains the iteration: it holds every operation once; the first on a compute stream
 * begins with the iteration and the last ends with it; operations of a stream do not overlap; and no
 * stage is busy longer than the iteration. */
static void expect_explained(const char *const *overrides)
{
	struct test_run run;
	const struct memory_sink *m = &run.memory;
	const struct dc_ensemble *ensemble;
	double ends_s[4][DC_PROGRAM_STREAMS * 4] = {{0}}, last_s = 0, first_s = 1, duration_s;

	run_all(&run, "dgx8x8", overrides, false);
	ensemble = run.datacenter->plan.ensemble;
	duration_s = dc_time_to_s(run_iteration(&run, 1).duration);
	cr_assert_eq(m->timeline_rows, operations_of(ensemble));
	for (size_t i = 0; i < m->timeline_rows; i++) {
		const struct dc_timeline_row *row = &m->timeline[i];
		double *end_s = &ends_s[row->stage][row->stream];

		cr_assert_lt(row->stage, 4);
		cr_assert_geq(row->begin_s - *end_s, row->begin_s < 0 ? -1 : -1e-15, "row %zu", i);
		*end_s = row->begin_s + row->duration_s;
		if (row->stream)
			continue;
		first_s = fmin(first_s, row->begin_s);
		last_s = fmax(last_s, *end_s);
	}
	cr_expect_eq(first_s, 0);
	cr_expect(fabs(last_s / duration_s - 1) < 1e-12, "%.17g, %.17g", last_s, duration_s);
	for (uint32_t stage = 0; stage < 4; stage++)
		cr_expect_leq(busy_of(m, stage), duration_s);
	run_free(&run);
}

Test(timeline, pipeline_explained)
{
	expect_explained(pipeline);
}

Test(timeline, interleaved_explained)
{
	expect_explained(interleaved);
}

/* One actor for all ranks of a stage or one for each, the first rank goes through the same. */
static void expect_exact(const char *topology, const char *const *overrides)
{
	struct test_run folded, exact;

	run_all(&folded, topology, overrides, false);
	run_all(&exact, topology, overrides, true);
	cr_assert_eq(folded.memory.timeline_rows, exact.memory.timeline_rows);
	for (size_t i = 0; i < folded.memory.timeline_rows; i++) {
		const struct dc_timeline_row *a = &folded.memory.timeline[i];
		const struct dc_timeline_row *b = &exact.memory.timeline[i];

		cr_assert_eq(a->stage, b->stage, "row %zu", i);
		cr_assert_eq(a->stream, b->stream, "row %zu", i);
		cr_assert_eq(a->operation, b->operation, "row %zu", i);
		cr_assert_eq(a->micro_batch, b->micro_batch, "row %zu", i);
		cr_assert_eq(a->begin_s, b->begin_s, "row %zu", i);
		cr_assert_eq(a->duration_s, b->duration_s, "row %zu", i);
	}
	run_free(&folded);
	run_free(&exact);
}

Test(timeline, folded_is_exact)
{
	expect_exact("ring64", two_nodes);
}

Test(timeline, folded_pipeline_is_exact)
{
	expect_exact("dgx8x8", pipeline);
}

/* --- of stages --- */

struct stages {
	struct rig rig;
	struct dc_timeline timeline;
	struct memory_sink memory;
};

static enum dc_status keep(struct dc_record_sink *sink, const struct dc_timeline_row *row)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	m->timeline = realloc(m->timeline, (m->timeline_rows + 1) * sizeof *m->timeline);
	m->timeline[m->timeline_rows++] = *row;
	return DC_OK;
}

static const struct dc_record_sink_type keeper = {.timeline = keep};

static void on_operation(void *context, uint64_t actor, uint32_t stage, uint32_t op,
			 uint64_t iteration, dc_time begin, dc_time end)
{
	struct stages *s = context;

	cr_assert_eq(dc_simulation_timeline_operation(&s->timeline, actor, stage, op, iteration,
						      begin, end),
		     DC_OK);
}

static enum dc_status on_iteration(void *context, const struct dc_executor_iteration *iteration)
{
	struct stages *s = context;

	if (dc_simulation_timeline_iteration(&s->timeline, iteration))
		cr_assert_eq(dc_simulation_timeline_write(&s->timeline, &s->memory.sink), DC_OK);
	return DC_OK;
}

static void add(struct dc_program *program, uint32_t stream, struct dc_op op)
{
	cr_assert_eq(dc_program_add(program, stream, &op, NULL), DC_OK);
}

/* Two micro-batches go through two stages of two ranks: 1 ms each in the first, 3 ms each in the second. */
static void build(struct stages *s)
{
	struct rig *rig = &s->rig;
	struct dc_program *programs[2];
	uint32_t axis, sends;

	*rig = rig_create(4);
	rig->ensemble = dc_ensemble_create(rig->arena);
	cr_assert_eq(dc_ensemble_add_axis(rig->ensemble, "data", 2, NULL), DC_OK);
	cr_assert_eq(dc_ensemble_add_axis(rig->ensemble, "stage", 2, &axis), DC_OK);
	rig->ensemble->stage_axis = axis;
	for (uint32_t p = 0; p < 2; p++) {
		programs[p] = dc_program_create(rig->arena);
		cr_assert_eq(dc_ensemble_add_program(rig->ensemble, programs[p]), DC_OK);
		cr_assert_eq(dc_program_stream(programs[p], "compute"), 0);
	}
	sends = dc_program_stream(programs[0], "sends");
	for (uint32_t m = 0; m < 2; m++) {
		const char *name = m ? "second" : "first";

		add(programs[0], 0,
		    (struct dc_op){.kind = DC_OP_DELAY,
				   .name = name,
				   .delay = rig_ms,
				   .role = DC_ROLE_FORWARD,
				   .micro_batch = m});
		add(programs[0], sends,
		    (struct dc_op){.kind = DC_OP_SEND,
				   .name = "send",
				   .peer = 1,
				   .size_bytes = 1e6,
				   .role = DC_ROLE_ACTIVATIONS,
				   .micro_batch = m});
		cr_assert_eq(dc_program_wait(programs[0], 2 * m, 0), DC_OK);
		add(programs[1], 0,
		    (struct dc_op){.kind = DC_OP_DELAY,
				   .name = name,
				   .delay = 3 * rig_ms,
				   .role = DC_ROLE_BACKWARD,
				   .chunk = 1,
				   .micro_batch = m});
		cr_assert_eq(dc_program_wait_for(programs[1], 0, 2 * m + 1, 0), DC_OK);
	}
	for (uint32_t p = 0; p < 2; p++)
		add(programs[p], 0, (struct dc_op){.kind = DC_OP_MARK, .name = "end"});
}

static void run_stages(struct stages *s, uint64_t iterations, size_t most, bool exact)
{
	const struct dc_executor_observer observer = {
		.context = s, .operation = on_operation, .iteration = on_iteration};
	const struct dc_executor_options options = {
		.exact = exact, .iterations = iterations, .until = DC_TIME_NEVER};
	struct rig *rig = &s->rig;

	build(s);
	s->memory.sink.type = &keeper;
	rig->machine.accelerator = &rig->accelerator;
	rig->machine.fabric = &rig->fabric;
	rig->engine = dc_engine_create();
	rig->diag = dc_diag_create();
	rig->executor = dc_executor_create(rig->engine, rig->diag, rig->ensemble, &rig->machine,
					   &options, &observer);
	cr_assert_not_null(rig->executor);
	cr_assert_eq(dc_simulation_timeline_init(&s->timeline, rig->executor, rig->ensemble, most,
						 rig->arena),
		     DC_OK);
	dc_executor_start(rig->executor);
	cr_assert_eq(dc_engine_run(rig->engine, NULL), DC_OK);
	cr_assert_eq(dc_simulation_timeline_write(&s->timeline, &s->memory.sink), DC_OK);
	dc_executor_destroy(rig->executor);
	dc_diag_destroy(rig->diag);
	dc_engine_destroy(rig->engine);
}

static void free_stages(struct stages *s)
{
	free(s->memory.timeline);
	dc_simulation_timeline_fini(&s->timeline);
	rig_destroy(&s->rig);
}

/* The row of a stage, role and micro-batch. */
static const struct dc_timeline_row *row_of(const struct stages *s, uint32_t stage,
					    enum dc_op_role role, uint32_t micro_batch)
{
	for (size_t i = 0; i < s->memory.timeline_rows; i++) {
		const struct dc_timeline_row *row = &s->memory.timeline[i];

		if (row->stage == stage && row->role == role && row->micro_batch == micro_batch)
			return row;
	}
	cr_assert(false, "no row");
	return NULL;
}

static void expect_rows(const struct stages *s)
{
	const double ms = 1e-3, rounding = 1e-15;
	const struct dc_timeline_row *send = row_of(s, 0, DC_ROLE_ACTIVATIONS, 0);
	const struct dc_timeline_row *first = row_of(s, 1, DC_ROLE_BACKWARD, 0);
	const struct dc_timeline_row *second = row_of(s, 1, DC_ROLE_BACKWARD, 1);

	cr_expect_eq(s->memory.timeline_rows, 6);
	cr_expect_eq(row_of(s, 0, DC_ROLE_FORWARD, 0)->begin_s, 0);
	cr_expect_eq(row_of(s, 0, DC_ROLE_FORWARD, 1)->begin_s, ms);
	cr_expect_eq(send->begin_s, ms);
	/* 1 MB at 50 GB/s takes 20 us, and more over shared links. */
	cr_expect_geq(send->duration_s, 20e-6);
	cr_expect(fabs(first->begin_s - (send->begin_s + send->duration_s)) < rounding);
	cr_expect_eq(first->duration_s, 3 * ms);
	cr_expect(fabs(second->begin_s - (first->begin_s + 3 * ms)) < rounding);
	cr_expect_eq(first->chunk, 1);
	/* Equal names and streams are one label. */
	cr_expect_eq(first->operation, row_of(s, 0, DC_ROLE_FORWARD, 0)->operation);
	cr_expect_eq(first->stream, row_of(s, 0, DC_ROLE_FORWARD, 0)->stream);
	cr_expect_neq(first->stream, send->stream);
	cr_expect_str_eq(s->timeline.axes[0].labels[send->stream], "sends");
	cr_expect_str_eq(s->timeline.axes[1].labels[send->role], "activations");
	cr_expect_str_eq(s->timeline.axes[2].labels[second->operation], "second");
}

Test(timeline, stages_folded)
{
	struct stages s = {0};

	run_stages(&s, 10, DC_TIMELINE_ROWS, false);
	expect_rows(&s);
	cr_expect_eq(s.timeline.left_out, 0);
	free_stages(&s);
}

/* Of two ranks per stage the first is shown. */
Test(timeline, stages_exact)
{
	struct stages s = {0};

	run_stages(&s, 2, DC_TIMELINE_ROWS, true);
	expect_rows(&s);
	free_stages(&s);
}

/* Those that end first, in the order of their begin: both forwards of the first stage, at 1 and 2 ms, and
 * between them the send that takes less than 1 ms. */
Test(timeline, cut)
{
	struct stages s = {0};

	run_stages(&s, 10, 3, false);
	cr_expect_eq(s.timeline.left_out, 3);
	cr_assert_eq(s.memory.timeline_rows, 3);
	cr_expect_eq(s.memory.timeline[0].role, DC_ROLE_FORWARD);
	cr_expect_eq(s.memory.timeline[1].role, DC_ROLE_FORWARD);
	cr_expect_eq(s.memory.timeline[2].role, DC_ROLE_ACTIVATIONS);
	cr_expect_eq(s.memory.timeline[2].micro_batch, 0);
	free_stages(&s);
}
