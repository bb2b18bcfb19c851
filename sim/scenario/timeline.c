/* The timeline of one iteration: what is kept of it, and its rows. */
#include "scenario/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/intern.h"

struct dc_timeline_operation {
	dc_time begin, end;
	uint32_t stage, op;
	uint32_t stream, position;
};

/* Of enum dc_op_role. */
static const char *const roles[] = {
	[DC_ROLE_OTHER] = "other",
	[DC_ROLE_FORWARD] = "forward",
	[DC_ROLE_BACKWARD] = "backward",
	[DC_ROLE_OPTIMIZER] = "optimizer",
	[DC_ROLE_GRADIENTS] = "gradients",
	[DC_ROLE_GATHER] = "gather",
	[DC_ROLE_ACTIVATIONS] = "activations",
};

/* Labels of a stage's streams and operations, which those of other stages share. */
static enum dc_status name_stage(struct dc_timeline *timeline, uint32_t stage,
				 struct dc_intern *streams, struct dc_intern *names,
				 struct dc_arena *arena)
{
	const struct dc_program *program = timeline->ensemble->programs[stage];
	uint32_t *stream = dc_arena_array(arena, program->stream_count, sizeof *stream);
	uint32_t *name = dc_arena_array(arena, program->count, sizeof *name);
	enum dc_status status = stream && name ? DC_OK : DC_ERR_MEMORY;

	timeline->streams[stage] = stream;
	timeline->names[stage] = name;
	for (uint32_t i = 0; i < program->stream_count && !status; i++)
		status = dc_intern_add(streams, program->streams[i].name, &stream[i]);
	for (uint32_t i = 0; i < program->count && !status; i++)
		status = dc_intern_add(names, program->ops[i].name, &name[i]);
	return status;
}

enum dc_status dc_simulation_timeline_init(struct dc_timeline *timeline,
					   const struct dc_executor *executor,
					   const struct dc_ensemble *ensemble, size_t most,
					   struct dc_arena *arena)
{
	struct dc_intern streams, names;
	enum dc_status status = DC_OK;

	*timeline = (struct dc_timeline){.executor = executor, .ensemble = ensemble, .most = most};
	dc_intern_init(&streams, arena);
	dc_intern_init(&names, arena);
	timeline->streams =
		dc_arena_array(arena, ensemble->program_count, sizeof *timeline->streams);
	timeline->names = dc_arena_array(arena, ensemble->program_count, sizeof *timeline->names);
	if (!timeline->streams || !timeline->names)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < ensemble->program_count && !status; i++)
		status = name_stage(timeline, i, &streams, &names, arena);
	timeline->axes[0] = (struct dc_axis){"timeline_stream", streams.texts, streams.count};
	timeline->axes[1] = (struct dc_axis){"timeline_role", roles, sizeof roles / sizeof *roles};
	timeline->axes[2] = (struct dc_axis){"timeline_operation", names.texts, names.count};
	return status;
}

void dc_simulation_timeline_fini(struct dc_timeline *timeline)
{
	for (int i = 0; i < 2; i++)
		free(timeline->iterations[i].operations);
	*timeline = (struct dc_timeline){0};
}

/* The rank of a stage whose other coordinates are all 0: the least of it. */
static bool is_shown(const struct dc_timeline *timeline, uint64_t actor, uint32_t stage)
{
	uint64_t rank = dc_ensemble_peer(timeline->ensemble, 0, stage);

	return dc_executor_actor_of(timeline->executor, rank) == actor;
}

static enum dc_status keep(struct dc_timeline *timeline, struct dc_timeline_iteration *kept,
			   const struct dc_timeline_operation *operation)
{
	if (kept->count == timeline->most) {
		kept->left_out++;
		return DC_OK;
	}
	if (kept->count == kept->room) {
		size_t room = kept->room ? 2 * kept->room : 1024;
		struct dc_timeline_operation *more = realloc(kept->operations, room * sizeof *more);

		if (!more)
			return DC_ERR_MEMORY;
		kept->operations = more;
		kept->room = room;
	}
	kept->operations[kept->count++] = *operation;
	return DC_OK;
}

enum dc_status dc_simulation_timeline_operation(struct dc_timeline *timeline, uint64_t actor,
						uint32_t stage, uint32_t op, uint64_t iteration,
						dc_time begin, dc_time end)
{
	const struct dc_op *what;
	struct dc_timeline_operation operation;

	if (timeline->done || iteration > 1 || !is_shown(timeline, actor, stage))
		return DC_OK;
	what = &timeline->ensemble->programs[stage]->ops[op];
	operation = (struct dc_timeline_operation){
		.begin = begin,
		.end = end,
		.stage = stage,
		.op = op,
		.stream = timeline->streams[stage][what->stream],
		.position = what->position,
	};
	return keep(timeline, &timeline->iterations[iteration], &operation);
}

bool dc_simulation_timeline_iteration(struct dc_timeline *timeline,
				      const struct dc_executor_iteration *iteration)
{
	uint64_t end = iteration->first + iteration->count;

	for (uint64_t i = iteration->first; i < end && i < 2; i++) {
		timeline->iterations[i].complete = true;
		timeline->iterations[i].start =
			iteration->start + iteration->duration * (dc_time)(i - iteration->first);
	}
	return end > 2;
}

static int compare(const void *left, const void *right)
{
	const struct dc_timeline_operation *a = left, *b = right;

	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	return (a->position > b->position) - (a->position < b->position);
}

static enum dc_status write_rows(const struct dc_timeline *timeline, uint64_t number,
				 struct dc_record_sink *sink)
{
	const struct dc_timeline_iteration *kept = &timeline->iterations[number];
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < kept->count && !status; i++) {
		const struct dc_timeline_operation *operation = &kept->operations[i];
		uint32_t stage = operation->stage;
		const struct dc_op *op = &timeline->ensemble->programs[stage]->ops[operation->op];
		struct dc_timeline_row row = {
			.row = i,
			.iteration = number,
			.stage = stage,
			.stream = operation->stream,
			.role = (uint8_t)op->role,
			.operation = timeline->names[stage][operation->op],
			.chunk = op->chunk,
			.micro_batch = op->micro_batch,
			.begin_s = dc_time_to_s(operation->begin - kept->start),
			.duration_s = dc_time_to_s(operation->end - operation->begin),
		};

		status = sink->type->timeline(sink, &row);
	}
	return status;
}

enum dc_status dc_simulation_timeline_write(struct dc_timeline *timeline,
					    struct dc_record_sink *sink)
{
	uint64_t number = timeline->iterations[1].complete ? 1 : 0;
	struct dc_timeline_iteration *kept = &timeline->iterations[number];

	if (timeline->done)
		return DC_OK;
	timeline->done = true;
	if (!kept->complete || !kept->count)
		return DC_OK;
	timeline->left_out = kept->left_out;
	qsort(kept->operations, kept->count, sizeof *kept->operations, compare);
	return sink && sink->type->timeline ? write_rows(timeline, number, sink) : DC_OK;
}
