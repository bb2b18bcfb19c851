/* The executor: what communications take, asked of the fabric once each.
 *
 * Groups of a kind do a collective all at once. Where they are translates of each other on a fabric without
 * exceptions, and fold by symmetry, one stands for all (collective.h); otherwise all are laid out side by
 * side and run together, and each has its own duration. Sends of a stage are laid out likewise. Where all
 * that are laid out lie along one dimension, those of its first line are enough. How it is done (algorithm,
 * protocol) is chosen for the first group, or the first sender.
 *
 * Cost: nothing by tensor-parallel size where that is the innermost dimension. By data-parallel size nothing
 * where groups fold by symmetry and stages are translates; else the messages of one line of the fabric, a few
 * microseconds each, once per question. */
#include <stdlib.h>
#include <string.h>

#include "program/executor_private.h"

/* Hops that folding may look at: as dear as running them once. */
static const uint64_t most_hops = 5000000;

/* --- who --- */

static uint64_t askers(const struct dc_executor *executor,
		       const struct dc_executor_communication *asked)
{
	const struct dc_ensemble *ensemble = executor->ensemble;

	if (asked->kind == DC_PROGRAM_NO_GROUP)
		return executor->ranks / executor->stage_count;
	return executor->ranks /
	       dc_ensemble_group_size(ensemble, ensemble->kinds[asked->kind].axes);
}

static uint32_t stage_mask(const struct dc_ensemble *ensemble)
{
	return ensemble->stage_axis == DC_PROGRAM_NO_AXIS ? 0 : 1u << ensemble->stage_axis;
}

/* The group of a number, or a sender with its receiver. */
static enum dc_status find_group(const struct dc_executor *executor,
				 const struct dc_executor_communication *asked, uint64_t number,
				 struct dc_group *group, uint64_t *root, bool *aligned)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	const struct dc_fabric *fabric = executor->machine->fabric;
	struct dc_group_piece pieces[DC_ENSEMBLE_AXES];
	uint32_t axes = ensemble->kinds[asked->kind].axes;
	size_t count = 0;

	*root = 0;
	*aligned = false;
	if (asked->kind == DC_PROGRAM_NO_GROUP) {
		uint64_t column = dc_ensemble_group_rank(ensemble, stage_mask(ensemble), number, 0);
		uint64_t from = dc_ensemble_peer(ensemble, column, asked->from);
		uint64_t to = dc_ensemble_peer(ensemble, column, asked->to);

		*root = from > to;
		return dc_group_stride(fabric, from < to ? from : to, 2,
				       from < to ? to - from : from - to, group);
	}
	for (uint32_t i = 0; i < ensemble->axis_count; i++)
		if (axes >> i & 1 && ensemble->axes[i].size > 1)
			pieces[count++] = (struct dc_group_piece){ensemble->axes[i].size,
								  dc_ensemble_stride(ensemble, i)};
	return dc_group_lattice(fabric, dc_ensemble_group_rank(ensemble, axes, number, 0), pieces,
				count, group, aligned);
}

static enum dc_status request_of(const struct dc_executor *executor,
				 const struct dc_executor_communication *asked, uint64_t number,
				 struct dc_collective_request *request, bool *aligned)
{
	enum dc_status status;

	*request = (struct dc_collective_request){
		.request = {.operation = asked->operation, .size_bytes = asked->size_bytes},
		.any_protocol = true,
	};
	status = find_group(executor, asked, number, &request->group, &request->request.root,
			    aligned);
	if (status)
		return status;
	request->everywhere = *aligned && askers(executor, asked) > 1;
	return dc_collective_name_algorithm(asked->algorithm ? asked->algorithm : "auto", request);
}

enum dc_status dc_executor_request(const struct dc_executor *executor,
				   const struct dc_executor_communication *asked,
				   struct dc_collective_request *request)
{
	bool aligned;

	return request_of(executor, asked, 0, request, &aligned);
}

/* --- all at once --- */

/* Whether ways along a dimension hang on which ranks they join, not on their places alone. */
static bool is_hashed(const struct dc_fabric *fabric, const struct dc_fabric_dimension *dimension)
{
	return dimension->type->paths && fabric->routing.policy != DC_ROUTING_SHORTEST &&
	       fabric->routing.policy != DC_ROUTING_SPRAY;
}

/* The dimension along which all askers communicate, when its lines have nothing in common and are alike:
 * those of one line then stand for the rest. Else DC_GROUP_ACROSS. */
static size_t common_dimension(const struct dc_executor *executor,
			       const struct dc_executor_communication *asked)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	const struct dc_fabric *fabric = executor->machine->fabric;
	struct dc_group_piece pieces[DC_ENSEMBLE_AXES];
	uint32_t axes = asked->kind == DC_PROGRAM_NO_GROUP ? stage_mask(ensemble)
							   : ensemble->kinds[asked->kind].axes;
	struct dc_group group;
	bool aligned;
	size_t count = 0, d;

	for (uint32_t i = 0; i < ensemble->axis_count; i++)
		if (axes >> i & 1 && ensemble->axes[i].size > 1)
			pieces[count++] = (struct dc_group_piece){ensemble->axes[i].size,
								  dc_ensemble_stride(ensemble, i)};
	if (executor->options.exact || fabric->exception_count || fabric->port_count ||
	    dc_group_lattice(fabric, 0, pieces, count, &group, &aligned) != DC_OK || !aligned ||
	    group.count != 1 || group.factors[0].dimension == DC_GROUP_ACROSS)
		return DC_GROUP_ACROSS;
	d = group.factors[0].dimension;
	return fabric->dimensions[d].shared || is_hashed(fabric, &fabric->dimensions[d])
		       ? DC_GROUP_ACROSS
		       : d;
}

/* The rank at the same place of the dimension's first line. */
static uint64_t on_first_line(const struct dc_fabric *fabric, size_t dimension, uint64_t rank)
{
	uint64_t stride = fabric->strides[dimension];

	return rank / stride % fabric->dimensions[dimension].size * stride;
}

/* Everyone's messages in one plan, or those of one line of a dimension. */
struct crowd {
	const struct dc_executor *executor;
	struct answer *answer;
	struct dc_arena *arena;
	uint64_t askers;
	uint32_t *of;       /* by asker: which of those laid out it is, or is like */
	uint64_t *laid_out; /* askers */
	uint64_t count;     /* of these */
	struct dc_collective_request *requests;
	struct dc_schedule *schedules;
	struct dc_fabric_cost *costs;
	struct dc_plan_operation_request *operations;
	struct dc_plan_job_request *jobs;
	struct dc_plan plan;
	dc_time *ends; /* by operation of the plan */
};

static enum dc_status lay_out(struct crowd *crowd)
{
	const struct dc_fabric *fabric = crowd->executor->machine->fabric;
	const struct dc_plan_epoch epoch = {0, fabric};
	const struct dc_plan_request request = {crowd->jobs, crowd->count, &epoch, 1};
	struct dc_plan folded;
	enum dc_status status = DC_OK;
	bool made = false, aligned;

	for (uint64_t i = 0; i < crowd->count && !status; i++) {
		status = request_of(crowd->executor, &crowd->answer->asked, crowd->laid_out[i],
				    &crowd->requests[i], &aligned);
		if (!status)
			status = dc_collective_schedule(fabric, &crowd->requests[i],
							&crowd->answer->asked.how, crowd->arena,
							&crowd->schedules[i], &crowd->costs[i]);
		crowd->operations[i] =
			(struct dc_plan_operation_request){&crowd->schedules[i], &crowd->costs[i]};
		crowd->jobs[i] = (struct dc_plan_job_request){0, &crowd->operations[i], 1};
	}
	if (!status)
		status = dc_plan_lay_out(&request, &crowd->plan);
	if (status || crowd->executor->options.exact)
		return status;
	status = dc_plan_fold(&crowd->plan, most_hops, &folded, &made);
	if (!status && made) {
		dc_plan_fini(&crowd->plan);
		crowd->plan = folded;
	}
	return status;
}

static void note_end(void *context, uint32_t operation, dc_time begin, dc_time end)
{
	struct crowd *crowd = context;

	crowd->ends[operation] = end - begin;
}

static enum dc_status run_crowd(struct crowd *crowd)
{
	const struct dc_runner_options options = {.exact = crowd->executor->options.exact};
	struct dc_engine *engine = dc_engine_create();
	struct dc_runner *runner;
	enum dc_status status = DC_ERR_MEMORY;

	crowd->ends =
		dc_arena_array(crowd->arena, crowd->plan.operation_count, sizeof *crowd->ends);
	for (uint32_t i = 0; crowd->ends && i < crowd->plan.operation_count; i++)
		crowd->ends[i] = DC_TIME_NEVER;
	runner = engine && crowd->ends
			 ? dc_runner_create(engine, &crowd->plan, &options, note_end, crowd)
			 : NULL;
	if (runner) {
		dc_runner_start(runner);
		status = dc_engine_run(engine, NULL);
	}
	dc_runner_destroy(runner);
	dc_engine_destroy(engine);
	return status;
}

/* Own durations only where they differ. */
static enum dc_status keep(struct dc_executor *executor, const struct crowd *crowd)
{
	struct answer *answer = crowd->answer;
	dc_time first = crowd->ends[crowd->plan.operation_of[0]], most = first;
	bool differ = false;

	for (uint64_t i = 1; i < crowd->count; i++) {
		dc_time end = crowd->ends[crowd->plan.operation_of[i]];

		differ |= end != first;
		most = dc_time_max(most, end);
	}
	answer->asked.duration = most;
	if (!differ)
		return DC_OK;
	answer->each = dc_arena_array(executor->arena, crowd->askers, sizeof *answer->each);
	for (uint64_t i = 0; answer->each && i < crowd->askers; i++)
		answer->each[i] = crowd->ends[crowd->plan.operation_of[crowd->of[i]]];
	return answer->each ? DC_OK : DC_ERR_MEMORY;
}

/* Finds who is laid out. Askers whose first rank is on the first line come before those like them. */
static enum dc_status choose(struct crowd *crowd)
{
	const struct dc_executor *executor = crowd->executor;
	const struct dc_ensemble *ensemble = executor->ensemble;
	const struct dc_executor_communication *asked = &crowd->answer->asked;
	size_t d = common_dimension(executor, asked);
	uint32_t axes = asked->kind == DC_PROGRAM_NO_GROUP ? stage_mask(ensemble)
							   : ensemble->kinds[asked->kind].axes;

	crowd->askers = askers(executor, asked);
	crowd->of = dc_arena_array(crowd->arena, crowd->askers, sizeof *crowd->of);
	crowd->laid_out = dc_arena_array(crowd->arena, crowd->askers, sizeof *crowd->laid_out);
	if (!crowd->of || !crowd->laid_out)
		return DC_ERR_MEMORY;
	for (uint64_t i = 0; i < crowd->askers; i++) {
		uint64_t rank = dc_ensemble_group_rank(ensemble, axes, i, 0), like = i;

		if (d != DC_GROUP_ACROSS)
			like = dc_ensemble_group_of(
				ensemble, axes, on_first_line(executor->machine->fabric, d, rank));
		if (like == i) {
			crowd->of[i] = (uint32_t)crowd->count;
			crowd->laid_out[crowd->count++] = i;
		} else {
			crowd->of[i] = crowd->of[like];
		}
	}
	return DC_OK;
}

static enum dc_status ask_crowd(struct dc_executor *executor, struct answer *answer)
{
	struct crowd crowd = {.executor = executor, .answer = answer, .arena = dc_arena_create()};
	enum dc_status status = crowd.arena ? choose(&crowd) : DC_ERR_MEMORY;

	if (!status) {
		crowd.requests = dc_arena_array(crowd.arena, crowd.count, sizeof *crowd.requests);
		crowd.schedules = dc_arena_array(crowd.arena, crowd.count, sizeof *crowd.schedules);
		crowd.costs = dc_arena_array(crowd.arena, crowd.count, sizeof *crowd.costs);
		crowd.operations =
			dc_arena_array(crowd.arena, crowd.count, sizeof *crowd.operations);
		crowd.jobs = dc_arena_array(crowd.arena, crowd.count, sizeof *crowd.jobs);
		status = DC_ERR_MEMORY;
	}
	if (crowd.requests && crowd.schedules && crowd.costs && crowd.operations && crowd.jobs)
		status = lay_out(&crowd);
	if (!status)
		status = run_crowd(&crowd);
	if (!status)
		status = keep(executor, &crowd);
	dc_plan_fini(&crowd.plan);
	dc_arena_destroy(crowd.arena);
	return status;
}

/* Whether the duration that was found is that of all groups at once. */
static enum dc_status stands_for_all(const struct dc_executor *executor,
				     const struct dc_collective_request *request,
				     const struct dc_collective *how, bool *all)
{
	struct dc_arena *arena;
	struct dc_schedule schedule;
	struct dc_fabric_cost cost;
	struct dc_plan plan = {0};
	enum dc_status status;

	*all = false;
	if (executor->options.exact || !request->everywhere)
		return DC_OK;
	arena = dc_arena_create();
	status = arena ? dc_collective_schedule(executor->machine->fabric, request, how, arena,
						&schedule, &cost)
		       : DC_ERR_MEMORY;
	if (!status) {
		const struct dc_plan_operation_request operation = {&schedule, &cost};

		status = dc_plan_quotient(executor->machine->fabric, &operation, &plan, all);
	}
	dc_plan_fini(&plan);
	dc_arena_destroy(arena);
	return status;
}

/* --- sends that are translates of each other --- */

/* Whether moving every rank from stage to stage along the axis leaves the fabric as it is: it has no
 * exceptions and no hashed routes, and the stages lie along one dimension, at multiples of its period. */
static bool moves_onto(const struct dc_executor *executor, uint64_t stages)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	const struct dc_fabric *fabric = executor->machine->fabric;
	uint64_t stride = dc_ensemble_stride(ensemble, ensemble->stage_axis);
	const struct dc_group_piece piece = {executor->stage_count, stride};
	const struct dc_fabric_dimension *dimension;
	struct dc_group group;
	bool aligned;
	size_t d;

	if (fabric->exception_count ||
	    dc_group_lattice(fabric, 0, &piece, 1, &group, &aligned) != DC_OK || !aligned ||
	    group.count != 1)
		return false;
	d = group.factors[0].dimension;
	dimension = &fabric->dimensions[d];
	if (is_hashed(fabric, dimension))
		return false;
	if (fabric->port_count && d < fabric->outside)
		return false;
	return stages * (stride / fabric->strides[d]) % dimension->type->period(dimension) == 0;
}

/* The answer to a like send of other stages, or NULL. */
static const struct answer *find_translate(const struct dc_executor *executor,
					   const struct dc_executor_communication *asked)
{
	for (uint32_t i = 0; i < executor->answer_count && !executor->options.exact; i++) {
		const struct answer *answer = &executor->answers[i];
		const struct dc_executor_communication *other = &answer->asked;

		if (other == asked || asked->kind != DC_PROGRAM_NO_GROUP ||
		    other->kind != DC_PROGRAM_NO_GROUP ||
		    asked->to - asked->from != other->to - other->from ||
		    asked->size_bytes < other->size_bytes || asked->size_bytes > other->size_bytes)
			continue;
		if (moves_onto(executor, asked->from > other->from ? asked->from - other->from
								   : other->from - asked->from))
			return answer;
	}
	return NULL;
}

/* --- asking --- */

static enum dc_status refuse(const struct dc_executor *executor,
			     const struct dc_executor_communication *asked, const char *why)
{
	dc_diag_error(executor->diag, NULL, "'%s': %s by '%s': %s", asked->name,
		      dc_operation_name(asked->operation),
		      asked->algorithm ? asked->algorithm : "auto",
		      why ? why : "there is no such algorithm");
	return DC_ERR_RUN;
}

static enum dc_status find(struct dc_executor *executor, struct answer *answer)
{
	struct dc_executor_communication *asked = &answer->asked;
	const struct dc_fabric *fabric = executor->machine->fabric;
	struct dc_collective_request request;
	const struct answer *like = find_translate(executor, asked);
	const char *why = NULL;
	bool aligned, all;
	enum dc_status status;

	if (like) {
		asked->how = like->asked.how;
		asked->duration = like->asked.duration;
		answer->each = like->each;
		return DC_OK;
	}
	status = request_of(executor, asked, 0, &request, &aligned);
	if (!status)
		status = dc_collective_find(fabric, &request, &asked->how, &why);
	if (status == DC_ERR_RUN)
		return refuse(executor, asked, why);
	asked->duration = asked->how.duration;
	if (status || !asked->how.algorithm)
		return status;
	/* One group of all ranks is alone; run exactly, it is by the operation itself. */
	if (request.group.size == fabric->ranks)
		return executor->options.exact && !executor->live ? ask_crowd(executor, answer)
								  : DC_OK;
	status = stands_for_all(executor, &request, &asked->how, &all);
	if (status || all)
		return status;
	status = ask_crowd(executor, answer);
	return status == DC_ERR_RUN ? refuse(executor, asked, "it is too large to lay out here")
				    : status;
}

static bool is_same(const struct dc_executor_communication *a,
		    const struct dc_executor_communication *b)
{
	const char *x = a->algorithm ? a->algorithm : "auto";
	const char *y = b->algorithm ? b->algorithm : "auto";

	return a->kind == b->kind && a->from == b->from && a->to == b->to &&
	       a->operation == b->operation &&
	       !(a->size_bytes < b->size_bytes || a->size_bytes > b->size_bytes) &&
	       strcmp(x, y) == 0;
}

enum dc_status dc_executor_ask(struct dc_executor *executor,
			       const struct dc_executor_communication *question, uint32_t *number)
{
	for (*number = 0; *number < executor->answer_count; ++*number)
		if (is_same(question, &executor->answers[*number].asked))
			return DC_OK;
	executor->answers = dc_executor_grow(executor, executor->answers, executor->answer_count,
					     &executor->answer_capacity, sizeof *executor->answers);
	if (!executor->answers)
		return DC_ERR_MEMORY;
	executor->answers[executor->answer_count++] = (struct answer){.asked = *question};
	return find(executor, &executor->answers[*number]);
}

dc_time dc_executor_answer_for(const struct dc_executor *executor, const struct answer *answer,
			       uint64_t rank)
{
	const struct dc_ensemble *ensemble = executor->ensemble;
	uint32_t axes = answer->asked.kind == DC_PROGRAM_NO_GROUP
				? stage_mask(ensemble)
				: ensemble->kinds[answer->asked.kind].axes;

	return answer->each ? answer->each[dc_ensemble_group_of(ensemble, axes, rank)]
			    : answer->asked.duration;
}
