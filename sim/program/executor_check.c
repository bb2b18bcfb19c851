/* The executor: whether programs fit together. */
#include "program/executor_private.h"

#include <string.h>

static enum dc_status refuse(const struct dc_executor *executor, uint32_t stage, const char *name,
			     const char *what)
{
	return dc_diag_error(executor->diag, NULL, "stage %u: '%s': %s", stage, name, what);
}

static enum dc_status check_op(const struct dc_executor *executor, uint32_t stage,
			       const struct dc_op *op)
{
	const struct dc_ensemble *ensemble = executor->ensemble;

	if (op->group >= ensemble->kind_count || op->gang >= ensemble->kind_count)
		return refuse(executor, stage, op->name, "there is no such kind of group");
	if (op->kind == DC_OP_SEND && (op->peer >= ensemble->program_count || op->peer == stage))
		return refuse(executor, stage, op->name, "it sends to no other stage");
	for (uint32_t i = 0; op->kind == DC_OP_COMPUTE && i < op->part_count; i++)
		if (op->parts[i].group >= ensemble->kind_count)
			return refuse(executor, stage, op->name, "there is no such kind of group");
	return DC_OK;
}

static enum dc_status check_program(const struct dc_executor *executor, uint32_t stage)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	const struct dc_program *program = ensemble->programs[stage];
	const struct dc_program_stream *compute = &program->streams[DC_PROGRAM_COMPUTE_STREAM];
	enum dc_status status = DC_OK;

	if (!compute->count || program->ops[compute->ops[compute->count - 1]].kind != DC_OP_MARK)
		return refuse(executor, stage, "compute", "its last operation is not a mark");
	for (uint32_t i = 0; i < program->count && !status; i++)
		status = check_op(executor, stage, &program->ops[i]);
	for (uint32_t i = 0; i < program->dependency_count && !status; i++) {
		const struct dc_dependency *d = &program->dependencies[i];
		const struct dc_program *other = program;

		if (d->program != DC_PROGRAM_SAME)
			other = d->program < ensemble->program_count
					? ensemble->programs[d->program]
					: NULL;
		if (!other || d->op >= other->count)
			status = refuse(executor, stage, "dependency", "it names no operation");
	}
	return status;
}

/* The next operation from a position on that members of groups of a kind do together; NULL: none is left. */
static const struct dc_op *next_together(const struct dc_program *program, uint32_t kind, bool gang,
					 uint32_t *position)
{
	const struct dc_program_stream *stream;

	if (!gang && !program->collective_streams[kind])
		return NULL;
	stream = &program->streams[gang ? DC_PROGRAM_COMPUTE_STREAM
					: program->collective_streams[kind] - 1];
	while (*position < stream->count) {
		const struct dc_op *op = &program->ops[stream->ops[(*position)++]];

		if (gang ? op->gang == kind && (op->kind == DC_OP_COMPUTE || op->kind == DC_OP_MARK)
			 : op->kind == DC_OP_COLLECTIVE && op->group == kind)
			return op;
	}
	return NULL;
}

static bool is_same_collective(const struct dc_op *a, const struct dc_op *b)
{
	return a->operation == b->operation &&
	       !(a->size_bytes < b->size_bytes || a->size_bytes > b->size_bytes) &&
	       strcmp(a->algorithm ? a->algorithm : "auto", b->algorithm ? b->algorithm : "auto") ==
		       0;
}

/* Stages that meet in groups of a kind must come to the same operations in the same order. */
static enum dc_status check_kind(const struct dc_executor *executor, uint32_t kind, bool gang)
{
	const struct dc_ensemble *ensemble = executor->ensemble;

	for (uint32_t s = 1; s < ensemble->program_count; s++) {
		uint32_t first = 0, second = 0;
		const struct dc_op *a, *b;

		do {
			a = next_together(ensemble->programs[0], kind, gang, &first);
			b = next_together(ensemble->programs[s], kind, gang, &second);
			if ((a || b) && (!a || !b || (!gang && !is_same_collective(a, b))))
				return dc_diag_error(
					executor->diag, NULL,
					"stages 0 and %u share groups '%s' but not their "
					"operations: '%s' meets '%s'",
					s, ensemble->kinds[kind].name, a ? a->name : "nothing",
					b ? b->name : "nothing");
		} while (a && b);
	}
	return DC_OK;
}

enum dc_status dc_executor_check_programs(struct dc_executor *executor)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	enum dc_status status = DC_OK;

	for (uint32_t s = 0; s < ensemble->program_count && !status; s++)
		status = check_program(executor, s);
	for (uint32_t k = 1; k < ensemble->kind_count && !status; k++) {
		if (ensemble->stage_axis == DC_PROGRAM_NO_AXIS ||
		    !(ensemble->kinds[k].axes >> ensemble->stage_axis & 1))
			continue;
		status = check_kind(executor, k, false);
		if (!status)
			status = check_kind(executor, k, true);
	}
	return status;
}
