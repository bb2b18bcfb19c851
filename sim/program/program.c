/* Programs and ensembles: building them, and numbering ranks. */
#include "program/program.h"

#include <string.h>

/* Ranks that there may be, as on a fabric. */
static const uint64_t most_ranks = (uint64_t)1 << 32;

struct dc_program *dc_program_create(struct dc_arena *arena)
{
	struct dc_program *program = dc_arena_alloc(arena, sizeof *program);

	if (program)
		program->arena = arena;
	return program;
}

uint32_t dc_program_stream(struct dc_program *program, const char *name)
{
	if (program->stream_count == DC_PROGRAM_STREAMS)
		return DC_PROGRAM_STREAMS;
	program->streams[program->stream_count].name = name;
	return program->stream_count++;
}

/* Room for one more element; the old array stays in the arena. */
static void *grow(struct dc_arena *arena, void *array, uint32_t count, uint32_t *capacity,
		  size_t size)
{
	void *larger;

	if (count < *capacity)
		return array;
	*capacity = *capacity ? *capacity * 2 : 32;
	larger = dc_arena_array(arena, *capacity, size);
	if (larger && count)
		memcpy(larger, array, count * size);
	return larger;
}

/* Whether an operation may be on a stream. */
static bool belongs(const struct dc_program *program, uint32_t stream, const struct dc_op *op)
{
	if (stream >= program->stream_count)
		return false;
	if (op->kind == DC_OP_COMPUTE || (op->kind == DC_OP_MARK && op->gang))
		return stream == DC_PROGRAM_COMPUTE_STREAM;
	if (op->kind != DC_OP_COLLECTIVE)
		return true;
	if (op->group == DC_PROGRAM_NO_GROUP || op->group >= DC_ENSEMBLE_KINDS)
		return false;
	return !program->collective_streams[op->group] ||
	       program->collective_streams[op->group] == stream + 1;
}

enum dc_status dc_program_add(struct dc_program *program, uint32_t stream, const struct dc_op *op,
			      uint32_t *number)
{
	struct dc_program_stream *s;
	struct dc_op *added;

	if (!belongs(program, stream, op))
		return DC_ERR_INPUT;
	s = &program->streams[stream];
	program->ops = grow(program->arena, program->ops, program->count, &program->capacity,
			    sizeof *program->ops);
	s->ops = grow(program->arena, s->ops, s->count, &s->capacity, sizeof *s->ops);
	if (!program->ops || !s->ops)
		return DC_ERR_MEMORY;
	added = &program->ops[program->count];
	*added = *op;
	added->stream = stream;
	added->position = s->count;
	added->first_dependency = program->dependency_count;
	added->dependencies = 0;
	if (op->kind == DC_OP_COLLECTIVE)
		program->collective_streams[op->group] = stream + 1;
	if (number)
		*number = program->count;
	s->ops[s->count++] = program->count++;
	return DC_OK;
}

enum dc_status dc_program_wait(struct dc_program *program, uint32_t op, uint32_t lag)
{
	return dc_program_wait_for(program, DC_PROGRAM_SAME, op, lag);
}

enum dc_status dc_program_wait_for(struct dc_program *program, uint32_t stage, uint32_t op,
				   uint32_t lag)
{
	if (!program->count)
		return DC_ERR_INPUT;
	program->dependencies =
		grow(program->arena, program->dependencies, program->dependency_count,
		     &program->dependency_capacity, sizeof *program->dependencies);
	if (!program->dependencies)
		return DC_ERR_MEMORY;
	program->dependencies[program->dependency_count++] =
		(struct dc_dependency){.program = stage, .op = op, .lag = lag};
	program->ops[program->count - 1].dependencies++;
	return DC_OK;
}

/* --- ensembles --- */

struct dc_ensemble *dc_ensemble_create(struct dc_arena *arena)
{
	struct dc_ensemble *ensemble = dc_arena_alloc(arena, sizeof *ensemble);

	if (!ensemble)
		return NULL;
	ensemble->arena = arena;
	ensemble->stage_axis = DC_PROGRAM_NO_AXIS;
	ensemble->kinds[0].name = "none";
	ensemble->kind_count = 1;
	return ensemble;
}

enum dc_status dc_ensemble_add_axis(struct dc_ensemble *ensemble, const char *name, uint64_t size,
				    uint32_t *axis)
{
	if (ensemble->axis_count == DC_ENSEMBLE_AXES || size == 0 ||
	    size > most_ranks / dc_ensemble_ranks(ensemble))
		return DC_ERR_INPUT;
	if (axis)
		*axis = ensemble->axis_count;
	ensemble->axes[ensemble->axis_count++] = (struct dc_ensemble_axis){name, size};
	return DC_OK;
}

enum dc_status dc_ensemble_add_kind(struct dc_ensemble *ensemble, const char *name, uint32_t axes,
				    uint32_t *kind)
{
	if (ensemble->kind_count == DC_ENSEMBLE_KINDS || axes >> ensemble->axis_count)
		return DC_ERR_INPUT;
	*kind = ensemble->kind_count;
	ensemble->kinds[ensemble->kind_count++] = (struct dc_group_kind){name, axes};
	return DC_OK;
}

enum dc_status dc_ensemble_add_program(struct dc_ensemble *ensemble, struct dc_program *program)
{
	ensemble->programs = grow(ensemble->arena, ensemble->programs, ensemble->program_count,
				  &ensemble->program_capacity, sizeof *ensemble->programs);
	if (!ensemble->programs)
		return DC_ERR_MEMORY;
	ensemble->programs[ensemble->program_count++] = program;
	return DC_OK;
}

uint64_t dc_ensemble_stride(const struct dc_ensemble *ensemble, uint32_t axis)
{
	uint64_t stride = 1;

	for (uint32_t i = 0; i < axis; i++)
		stride *= ensemble->axes[i].size;
	return stride;
}

uint64_t dc_ensemble_ranks(const struct dc_ensemble *ensemble)
{
	return dc_ensemble_stride(ensemble, ensemble->axis_count);
}

uint64_t dc_ensemble_stages(const struct dc_ensemble *ensemble)
{
	return ensemble->stage_axis == DC_PROGRAM_NO_AXIS
		       ? 1
		       : ensemble->axes[ensemble->stage_axis].size;
}

uint32_t dc_ensemble_stage_of(const struct dc_ensemble *ensemble, uint64_t rank)
{
	if (ensemble->stage_axis == DC_PROGRAM_NO_AXIS)
		return 0;
	return (uint32_t)(rank / dc_ensemble_stride(ensemble, ensemble->stage_axis) %
			  ensemble->axes[ensemble->stage_axis].size);
}

uint64_t dc_ensemble_peer(const struct dc_ensemble *ensemble, uint64_t rank, uint32_t stage)
{
	uint64_t stride;

	if (ensemble->stage_axis == DC_PROGRAM_NO_AXIS)
		return rank;
	stride = dc_ensemble_stride(ensemble, ensemble->stage_axis);
	return rank - dc_ensemble_stage_of(ensemble, rank) * stride + stage * stride;
}

uint64_t dc_ensemble_group_size(const struct dc_ensemble *ensemble, uint32_t axes)
{
	uint64_t size = 1;

	for (uint32_t i = 0; i < ensemble->axis_count; i++)
		size *= axes >> i & 1 ? ensemble->axes[i].size : 1;
	return size;
}

uint64_t dc_ensemble_group_of(const struct dc_ensemble *ensemble, uint32_t axes, uint64_t rank)
{
	uint64_t group = 0, weight = 1;

	for (uint32_t i = 0; i < ensemble->axis_count; i++) {
		uint64_t size = ensemble->axes[i].size;

		if (!(axes >> i & 1)) {
			group += rank % size * weight;
			weight *= size;
		}
		rank /= size;
	}
	return group;
}

uint64_t dc_ensemble_group_rank(const struct dc_ensemble *ensemble, uint32_t axes, uint64_t group,
				uint64_t member)
{
	uint64_t rank = 0, stride = 1;

	for (uint32_t i = 0; i < ensemble->axis_count; i++) {
		uint64_t size = ensemble->axes[i].size;
		uint64_t *number = axes >> i & 1 ? &member : &group;

		rank += *number % size * stride;
		*number /= size;
		stride *= size;
	}
	return rank;
}
