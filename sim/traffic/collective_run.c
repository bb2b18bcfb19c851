/* Running collectives by themselves. */
#include "traffic/collective_run.h"

#include <math.h>
#include <stdlib.h>

/* Messages that a plan may have: 100 bytes and more each. Hops that refinement may look at: seconds. */
static const double most_messages = 1e7;
static const uint64_t most_hops = 400000000;

/* One plan: the sizes from `first` on of every job (all of them where there are several jobs). */
struct batch {
	const struct dc_traffic_collectives *work;
	struct dc_engine *engine;
	struct dc_diag *diag;
	const struct dc_traffic_collective_options *options;
	struct dc_traffic_collective_totals *totals;
	struct dc_arena *arena;
	size_t first, last;           /* sizes; last: one more */
	struct dc_collective **found; /* by job: [item][size] */
	struct dc_plan plan;
	bool quotient; /* the plan is of one operation, which stands for all groups; it is run `repeat`
			* times */
	const struct dc_runner *runner;
	dc_time *begins, *ends; /* by operation of the plan: first begin, last end */
};

/* Groups of an item and repetitions that the plan knows one by one. */
static uint64_t groups_of(const struct batch *batch, const struct dc_traffic_groups *item)
{
	return batch->quotient ? 1 : item->count;
}

static uint64_t repeats_of(const struct batch *batch, const struct dc_traffic_collective *job)
{
	return batch->quotient ? 1 : job->workload->repeat;
}

static size_t last_size(const struct batch *batch, const struct dc_traffic_collective *job)
{
	return job->sizes < batch->last ? job->sizes : batch->last;
}

static size_t sizes_of(const struct batch *batch, const struct dc_traffic_collective *job)
{
	return last_size(batch, job) - batch->first;
}

static struct dc_collective *found_of(const struct batch *batch, size_t job, size_t item,
				      size_t size)
{
	return &batch->found[job]
			    [item * sizes_of(batch, &batch->work->jobs[job]) + size - batch->first];
}

/* --- algorithms --- */

static enum dc_status refuse(const struct batch *batch, const struct dc_traffic_collective *job,
			     const char *why)
{
	dc_diag_error(batch->diag, dc_node_mark(job->workload->node, "algorithm"),
		      "job '%s': %s by algorithm '%s' cannot be run: %s", job->name,
		      dc_operation_name(job->operation), job->workload->algorithm,
		      why ? why : "it does not fit");
	return DC_ERR_RUN;
}

/* Whether translates of whole dimensions may share links. Where they do not, what is found for all of them
 * at once, by symmetry, is what one takes alone. */
static bool shares_links(const struct dc_fabric *fabric)
{
	for (size_t d = 0; d < fabric->count; d++)
		if (fabric->dimensions[d].shared)
			return true;
	return fabric->port_count > 0;
}

/* Rules out what some group of the item cannot do: a link of its own is down. */
static enum dc_status rule_out(const struct batch *batch, const struct dc_traffic_groups *item,
			       struct dc_collective_request *request)
{
	const struct dc_fabric *fabric = batch->work->fabric;

	if (request->algorithm || !fabric->exception_count)
		return DC_OK;
	for (uint64_t g = 1; g < item->count; g++) {
		struct dc_group group;
		enum dc_status status = dc_traffic_collective_group(fabric, item, g, &group);

		if (status)
			return status;
		for (size_t i = 0; dc_algorithms[i]; i++)
			if (!dc_algorithm_fits(dc_algorithms[i], fabric, &group, &request->request,
					       NULL))
				request->without |= 1u << i;
	}
	return DC_OK;
}

static enum dc_status choose_one(struct batch *batch, size_t j, size_t item, size_t size)
{
	const struct dc_traffic_collective *job = &batch->work->jobs[j];
	struct dc_collective_request request = job->request;
	const char *why = NULL;
	enum dc_status status;

	request.interrupted = batch->options->interrupted;
	request.request.size_bytes = job->sizes_bytes[size];
	request.everywhere = job->groups[item].everywhere && !shares_links(batch->work->fabric);
	status = dc_traffic_collective_group(batch->work->fabric, &job->groups[item], 0,
					     &request.group);
	if (!status)
		status = rule_out(batch, &job->groups[item], &request);
	if (!status)
		status = dc_collective_find(batch->work->fabric, &request,
					    found_of(batch, j, item, size), &why);
	return status == DC_ERR_RUN ? refuse(batch, job, why) : status;
}

static enum dc_status choose(struct batch *batch)
{
	enum dc_status status = DC_OK;

	batch->found = dc_arena_array(batch->arena, batch->work->job_count, sizeof *batch->found);
	if (!batch->found)
		return DC_ERR_MEMORY;
	for (size_t j = 0; j < batch->work->job_count; j++) {
		const struct dc_traffic_collective *job = &batch->work->jobs[j];

		batch->found[j] = dc_arena_array(batch->arena, job->items * sizes_of(batch, job),
						 sizeof **batch->found);
		if (!batch->found[j])
			return DC_ERR_MEMORY;
		for (size_t i = 0; i < job->items && !status; i++)
			for (size_t s = batch->first; s < last_size(batch, job) && !status; s++)
				status = choose_one(batch, j, i, s);
	}
	return status;
}

/* --- plans --- */

/* What one group sends for one size, in the arena. */
static enum dc_status lower(struct batch *batch, size_t j, size_t item, uint64_t which, size_t size,
			    struct dc_plan_operation_request *operation)
{
	const struct dc_traffic_collective *job = &batch->work->jobs[j];
	const struct dc_collective *found = found_of(batch, j, item, size);
	struct dc_collective_request *request = dc_arena_alloc(batch->arena, sizeof *request);
	struct dc_schedule *schedule = dc_arena_alloc(batch->arena, sizeof *schedule);
	struct dc_fabric_cost *cost = dc_arena_alloc(batch->arena, sizeof *cost);
	const char *why = NULL;
	enum dc_status status;

	if (!request || !schedule || !cost)
		return DC_ERR_MEMORY;
	*request = job->request;
	request->request.size_bytes = job->sizes_bytes[size];
	status = dc_traffic_collective_group(batch->work->fabric, &job->groups[item], which,
					     &request->group);
	if (!status && which &&
	    !dc_algorithm_fits(found->algorithm, batch->work->fabric, &request->group,
			       &request->request, &why))
		return refuse(batch, job, why);
	if (!status)
		status = dc_collective_schedule(batch->work->fabric, request, found, batch->arena,
						schedule, cost);
	*operation = (struct dc_plan_operation_request){schedule, cost};
	return status;
}

/* The epochs from now on, as a plan sees them. */
static enum dc_status list_epochs(const struct batch *batch, struct dc_plan_epoch **epochs,
				  size_t *count)
{
	const struct dc_traffic_collectives *work = batch->work;
	dc_time now = dc_engine_now(batch->engine);

	*epochs = dc_arena_array(batch->arena, work->epoch_count, sizeof **epochs);
	if (!*epochs)
		return DC_ERR_MEMORY;
	*count = 0;
	for (size_t e = 0; e < work->epoch_count; e++) {
		if (e + 1 < work->epoch_count && work->epochs[e + 1].begin <= now)
			continue;
		(*epochs)[*count] = work->epochs[e];
		(*epochs)[*count].begin = *count ? work->epochs[e].begin - now : 0;
		(*count)++;
	}
	return DC_OK;
}

/* From the symmetry of the fabric, where one item is all there is. Its groups end together, so that
 * repetitions are one such plan after another. */
static enum dc_status make_quotient(struct batch *batch, const struct dc_plan_request *request)
{
	const struct dc_traffic_collective *job = &batch->work->jobs[0];
	struct dc_plan_operation_request operation;
	enum dc_status status;

	if (batch->options->exact || batch->options->folding == DC_TRAFFIC_FOLD_NOTHING ||
	    batch->work->job_count > 1 || job->items > 1 || !job->groups[0].everywhere ||
	    request->epoch_count > 1 || batch->last - batch->first > 1)
		return DC_OK;
	status = lower(batch, 0, 0, 0, batch->first, &operation);
	if (!status)
		status = dc_plan_quotient(request->epochs[0].fabric, &operation, &batch->plan,
					  &batch->quotient);
	return status;
}

/* The operations of one group of a job. */
static enum dc_status list_operations(struct batch *batch, size_t j, size_t item, uint64_t which,
				      struct dc_plan_job_request *request, double *messages)
{
	const struct dc_traffic_collective *job = &batch->work->jobs[j];
	size_t count = sizes_of(batch, job) * job->workload->repeat;
	struct dc_plan_operation_request *operations =
		dc_arena_array(batch->arena, count, sizeof *operations);

	if (!operations)
		return DC_ERR_MEMORY;
	/* A job by itself has arrived when its first size begins. */
	*request = (struct dc_plan_job_request){batch->work->job_count > 1 ? job->arrival : 0,
						operations, count};
	for (size_t s = batch->first, at = 0; s < last_size(batch, job); s++) {
		enum dc_status status = lower(batch, j, item, which, s, &operations[at]);

		if (status)
			return status;
		*messages += dc_schedule_messages(operations[at].schedule) *
			     (double)job->workload->repeat;
		for (uint64_t r = 1; r < job->workload->repeat; r++)
			operations[at + r] = operations[at];
		at += job->workload->repeat;
	}
	return DC_OK;
}

static enum dc_status check_messages(const struct batch *batch, double messages)
{
	if (messages <= most_messages)
		return DC_OK;
	dc_diag_error(
		batch->diag, NULL,
		"%.3g messages or more would have to be laid out one by one; at most %.0g "
		"are: give groups that fill whole dimensions, a smaller fabric, fewer repeats "
		"or another algorithm",
		messages, most_messages);
	return DC_ERR_RUN;
}

static enum dc_status list_jobs(struct batch *batch, struct dc_plan_job_request **jobs,
				size_t *count)
{
	double messages = 0;
	size_t at = 0;

	*count = 0;
	for (size_t j = 0; j < batch->work->job_count; j++)
		for (size_t i = 0; i < batch->work->jobs[j].items; i++)
			*count += batch->work->jobs[j].groups[i].count;
	*jobs = dc_arena_array(batch->arena, *count, sizeof **jobs);
	if (!*jobs)
		return DC_ERR_MEMORY;
	for (size_t j = 0; j < batch->work->job_count; j++) {
		const struct dc_traffic_collective *job = &batch->work->jobs[j];

		for (size_t i = 0; i < job->items; i++) {
			for (uint64_t g = 0; g < job->groups[i].count; g++) {
				enum dc_status status =
					list_operations(batch, j, i, g, &(*jobs)[at++], &messages);

				if (!status)
					status = check_messages(batch, messages);
				if (status)
					return status;
			}
		}
	}
	return DC_OK;
}

static enum dc_status fold(struct batch *batch)
{
	struct dc_plan folded;
	bool made;
	enum dc_status status = dc_plan_fold(&batch->plan, most_hops, &folded, &made);

	if (!status && made) {
		dc_plan_fini(&batch->plan);
		batch->plan = folded;
	}
	return status;
}

static enum dc_status make_plan(struct batch *batch)
{
	struct dc_plan_request request = {0};
	struct dc_plan_job_request *jobs = NULL;
	struct dc_plan_epoch *epochs = NULL;
	enum dc_status status = list_epochs(batch, &epochs, &request.epoch_count);

	request.epochs = epochs;
	if (!status)
		status = make_quotient(batch, &request);
	if (status || batch->quotient)
		return status;
	status = list_jobs(batch, &jobs, &request.job_count);
	if (status)
		return status;
	request.jobs = jobs;
	status = dc_plan_lay_out(&request, &batch->plan);
	if (status == DC_ERR_RUN)
		dc_diag_error(batch->diag, NULL, "the plan is too large to lay out");
	if (status || batch->options->exact || batch->options->folding != DC_TRAFFIC_FOLD)
		return status;
	return fold(batch);
}

/* --- running --- */

static void on_ended(void *context, uint32_t operation, dc_time begin, dc_time end)
{
	struct batch *batch = context;

	if (batch->begins[operation] < 0)
		batch->begins[operation] = begin;
	batch->ends[operation] = end;
	if (batch->options->done && dc_runner_is_done(batch->runner))
		batch->options->done(batch->options->context);
}

/* The job and size of an operation of the plan. */
static void find_asked(const struct batch *batch, uint32_t operation, size_t *job, size_t *size)
{
	uint32_t asked = 0;

	for (*job = 0; *job < batch->work->job_count; (*job)++) {
		const struct dc_traffic_collective *j = &batch->work->jobs[*job];
		size_t repeat = repeats_of(batch, j);
		size_t each = sizes_of(batch, j) * repeat;
		uint64_t groups = 0;

		for (size_t i = 0; i < j->items; i++)
			groups += groups_of(batch, &j->groups[i]);
		for (uint64_t k = 0; k < groups * each && asked < batch->plan.asked_operations;
		     k++) {
			*size = batch->first + k % each / repeat;
			if (batch->plan.operation_of[asked++] == operation)
				return;
		}
	}
	*job = 0;
	*size = batch->first;
}

/* An operation that nothing is left to end. */
static enum dc_status refuse_waiting(const struct batch *batch, const struct dc_runner *runner)
{
	uint32_t operation = dc_runner_unfinished(runner);
	uint32_t link = dc_runner_waits_at(runner, operation);
	const struct dc_traffic_collective *job;
	char name[256] = "", size[64];
	size_t j, s;

	find_asked(batch, operation, &j, &s);
	job = &batch->work->jobs[j];
	dc_units_human(job->sizes_bytes[s], DC_DIM_BYTES, size, sizeof size);
	if (link != DC_PLAN_NONE)
		dc_fabric_link_name(batch->work->fabric, batch->plan.links[link].link, name,
				    sizeof name);
	dc_diag_error(batch->diag, NULL, "job '%s': %s of %s by '%s' can never end: %s%s%s",
		      job->name, dc_operation_name(job->operation), size,
		      found_of(batch, j, 0, s)->algorithm->name,
		      *name ? "it waits at link '" : "it waits for messages without a way", name,
		      *name ? "', which is down, and there is no other way" : "");
	return DC_ERR_RUN;
}

/* Bytes of an operation that the plan's stands for: of one group, once. */
static void count_bytes(const struct dc_plan *plan, uint32_t number, double *sent, double *wire)
{
	const struct dc_plan_operation *operation = &plan->operations[number];

	*sent = *wire = 0;
	for (uint32_t l = 0; l < operation->lines; l++) {
		uint32_t line = operation->first_line + l;
		const struct dc_plan_bundle *bundle = &plan->bundles[dc_plan_bundle_of(plan, line)];
		const struct dc_plan_phase *phase = dc_plan_phase_of(plan, line);
		double steps = (double)phase->repeat * phase->chunks / operation->multiplicity;

		for (uint32_t m = 0; m < bundle->messages; m++) {
			const struct dc_plan_terms *terms = dc_plan_terms_of(plan, bundle, m);
			const struct dc_plan_way *way = dc_plan_way_of(plan, bundle, m);
			double bytes = terms->bytes * terms->multiplicity * steps, uses = 0;

			for (uint32_t h = 0; h < dc_plan_hops(way); h++)
				uses += dc_plan_use_of(plan, &plan->hops[way->first_hop + h]);
			*sent += bytes;
			*wire += dc_plan_next_way(plan, way) ? (double)NAN : bytes * uses;
		}
	}
}

/* --- rows --- */

/* One size of one item: `asked` is the first operation of its first group; groups are `stride` apart. */
static void gather(const struct batch *batch, const struct dc_runner *runner, uint32_t asked,
		   uint32_t stride, uint64_t groups, struct dc_traffic_collective_row *row)
{
	const struct dc_plan *plan = &batch->plan;
	uint64_t repeat = batch->quotient ? 1 : row->repeat;
	double scale = (double)row->groups / (double)groups;

	row->start = row->fastest = DC_TIME_NEVER;
	row->duration = -1;
	for (uint64_t g = 0; g < groups; g++) {
		uint32_t first = plan->operation_of[asked + g * stride];
		uint32_t last = plan->operation_of[asked + g * stride + repeat - 1];
		dc_time duration =
			(batch->ends[last] - batch->begins[first]) / (dc_time)row->repeat;
		double sent, wire;

		count_bytes(plan, first, &sent, &wire);
		row->sent_bytes += sent * scale;
		row->wire_bytes += wire * scale;
		row->start = dc_time_min(row->start, batch->begins[first]);
		row->fastest = dc_time_min(row->fastest, duration);
		if (duration <= row->duration)
			continue;
		row->duration = duration;
		row->bottleneck = UINT64_MAX;
		if (dc_runner_bottleneck(runner, first) != DC_PLAN_NONE)
			row->bottleneck = plan->links[dc_runner_bottleneck(runner, first)].link;
	}
}

/* The rows of a job; *asked moves on behind its operations. */
static enum dc_status report_job(struct batch *batch, const struct dc_runner *runner, size_t j,
				 uint32_t *asked)
{
	const struct dc_traffic_collective *job = &batch->work->jobs[j];
	uint64_t repeat = repeats_of(batch, job);
	uint32_t each = (uint32_t)(sizes_of(batch, job) * repeat);

	for (size_t i = 0; i < job->items; i++) {
		uint64_t groups = groups_of(batch, &job->groups[i]);

		for (size_t s = batch->first; s < last_size(batch, job); s++) {
			struct dc_traffic_collective_row row = {
				.job = j,
				.item = i,
				.size = s,
				.found = *found_of(batch, j, i, s),
				.members = job->groups[i].size,
				.groups = job->groups[i].count,
				.repeat = job->workload->repeat,
				.size_bytes = job->sizes_bytes[s],
			};
			enum dc_status status;

			gather(batch, runner, *asked + (uint32_t)((s - batch->first) * repeat),
			       each, groups, &row);
			batch->totals->due_bytes += row.wire_bytes * (double)row.repeat;
			status = batch->options->row(batch->options->context, &row);
			if (status)
				return status;
		}
		*asked += (uint32_t)groups * each;
	}
	return DC_OK;
}

static void add_totals(struct batch *batch, const struct dc_runner *runner)
{
	const struct dc_runner_statistics statistics = dc_runner_statistics(runner);

	for (uint32_t l = 0; l < batch->plan.link_count; l++)
		batch->totals->wire_bytes +=
			dc_runner_carried_bytes(runner, l) * batch->plan.links[l].multiplicity;
	batch->totals->messages += statistics.messages;
	batch->totals->coalesced += statistics.coalesced;
}

static enum dc_status report(struct batch *batch, const struct dc_runner *runner)
{
	enum dc_status status = DC_OK;
	uint32_t asked = 0;

	for (size_t j = 0; j < batch->work->job_count && !status; j++)
		status = report_job(batch, runner, j, &asked);
	return status;
}

static enum dc_status run_round(struct batch *batch, bool last)
{
	const struct dc_traffic_collective_options *options = batch->options;
	const struct dc_runner_options how = {.exact = options->exact};
	struct dc_runner *runner =
		dc_runner_create(batch->engine, &batch->plan, &how, on_ended, batch);
	enum dc_status status;

	if (!runner)
		return DC_ERR_MEMORY;
	if (options->begins)
		options->begins(options->context, &batch->plan, runner);
	batch->runner = runner;
	dc_runner_start(runner);
	status = dc_engine_run(batch->engine, options->interrupted);
	if (!status && !dc_runner_is_done(runner))
		status = refuse_waiting(batch, runner);
	if (options->ends)
		options->ends(options->context, &batch->plan, runner);
	add_totals(batch, runner);
	if (!status && last)
		status = report(batch, runner);
	dc_runner_destroy(runner);
	return status;
}

static enum dc_status run_plan(struct batch *batch)
{
	uint64_t rounds = batch->quotient ? batch->work->jobs[0].workload->repeat : 1;
	size_t count = batch->plan.operation_count + 1u;
	enum dc_status status = DC_OK;

	batch->begins = dc_arena_array(batch->arena, count, sizeof *batch->begins);
	batch->ends = dc_arena_array(batch->arena, count, sizeof *batch->ends);
	if (!batch->begins || !batch->ends)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		batch->begins[i] = -1;
	for (uint64_t r = 0; r < rounds && !status; r++)
		status = run_round(batch, r + 1 == rounds);
	return status;
}

static enum dc_status run_batch(struct batch *batch)
{
	enum dc_status status;

	batch->arena = dc_arena_create();
	if (!batch->arena)
		return DC_ERR_MEMORY;
	batch->plan = (struct dc_plan){0};
	batch->quotient = false;
	status = choose(batch);
	if (!status)
		status = make_plan(batch);
	if (!status)
		status = run_plan(batch);
	dc_plan_fini(&batch->plan);
	dc_arena_destroy(batch->arena);
	return status;
}

static void arrive(void *context, uint64_t argument)
{
	(void)context;
	(void)argument;
}

enum dc_status dc_traffic_collectives_run(const struct dc_traffic_collectives *work,
					  struct dc_engine *engine, struct dc_diag *diag,
					  const struct dc_traffic_collective_options *options,
					  struct dc_traffic_collective_totals *totals)
{
	struct batch batch = {
		.work = work,
		.engine = engine,
		.diag = diag,
		.options = options,
		.totals = totals,
		.last = DC_TRAFFIC_SIZES,
	};
	enum dc_status status = DC_OK;

	*totals = (struct dc_traffic_collective_totals){0};
	if (work->job_count != 1)
		return run_batch(&batch);
	dc_engine_schedule(engine, dc_engine_now(engine) + work->jobs[0].arrival,
			   DC_PHASE_COMPLETION, 0, arrive, NULL, 0);
	status = dc_engine_run(engine, options->interrupted);
	for (size_t s = 0; s < work->jobs[0].sizes && !status; s++) {
		batch.first = s;
		batch.last = s + 1;
		status = run_batch(&batch);
	}
	return status;
}
