/* Programs: building one. */
#include "program/program.h"

#include <string.h>

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

enum dc_status dc_program_add(struct dc_program *program, uint32_t stream, const struct dc_op *op,
			      uint32_t *number)
{
	struct dc_program_stream *s;
	struct dc_op *added;

	if (stream >= program->stream_count)
		return DC_ERR_INPUT;
	for (uint32_t i = 0; i < program->count && op->kind == DC_OP_COLLECTIVE; i++)
		if (program->ops[i].kind == DC_OP_COLLECTIVE && program->ops[i].stream != stream)
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
	if (number)
		*number = program->count;
	s->ops[s->count++] = program->count++;
	return DC_OK;
}

enum dc_status dc_program_wait(struct dc_program *program, uint32_t op, uint32_t lag)
{
	if (!program->count)
		return DC_ERR_INPUT;
	program->dependencies =
		grow(program->arena, program->dependencies, program->dependency_count,
		     &program->dependency_capacity, sizeof *program->dependencies);
	if (!program->dependencies)
		return DC_ERR_MEMORY;
	program->dependencies[program->dependency_count++] = (struct dc_dependency){op, lag};
	program->ops[program->count - 1].dependencies++;
	return DC_OK;
}
