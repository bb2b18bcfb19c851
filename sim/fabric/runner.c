/* The runner: lines step by step, or a stretch of steps as one event. */
#include <math.h>
#include <stdlib.h>

#include "fabric/runner_private.h"

static void start_step(struct dc_runner *runner, uint32_t number);
static void end_chunk(struct dc_runner *runner, uint32_t number);
static void begin_operation(struct dc_runner *runner, uint32_t number);

/* --- what held an operation back --- */

/* Steps of a line up to `end`, the first begun at `begin`, were held back by a link. Steps one after another
 * that the same link held back are one stretch, whether they ran as one event or not. */
static void blame(struct dc_runner *runner, uint32_t number, uint32_t link, dc_time begin,
		  dc_time end)
{
	struct dc_runner_operation *operation =
		&runner->operations[dc_plan_phase_of(runner->plan, number)->operation];
	struct dc_runner_line *line = &runner->lines[number];

	if (line->held_by != link)
		line->held_since = begin;
	line->held_by = link;
	if (link == DC_PLAN_NONE || end - line->held_since <= operation->longest)
		return;
	operation->longest = end - line->held_since;
	operation->bottleneck = link;
}

/* --- messages one by one --- */

static void split(struct dc_runner *runner, uint32_t number);

/* Whether a line that runs coalesced ends at this very instant: its links are free. */
static bool is_over(const struct dc_runner *runner, uint32_t number)
{
	return dc_engine_due(runner->engine, runner->lines[number].event) ==
	       dc_engine_now(runner->engine);
}

static void on_message(void *context, uint64_t argument);

/* Only who coalesces asks for users. */
static void count_users(struct dc_runner *runner, const struct dc_plan_way *way, bool more)
{
	const struct dc_plan_hop *hops = &runner->plan->hops[way->first_hop];

	if (runner->options.exact)
		return;
	for (uint32_t i = 0; i < dc_plan_hops(way); i++) {
		struct dc_runner_link *link = &runner->links[hops[i].link];

		if (!more) {
			link->users--;
			continue;
		}
		link->users++;
		if (link->owner != DC_PLAN_NONE && !is_over(runner, link->owner))
			split(runner, link->owner);
	}
}

static void fill_path(struct dc_runner *runner, const struct dc_plan_way *way)
{
	const struct dc_plan_hop *hops = &runner->plan->hops[way->first_hop];

	for (uint32_t i = 0; i < dc_plan_hops(way); i++)
		runner->path[i] =
			(struct dc_fluid_hop){hops[i].link, dc_plan_use_of(runner->plan, &hops[i])};
}

/* A message that goes again in the line's next step is kept for it. */
static enum dc_status start_message(struct dc_runner *runner, uint32_t line, uint32_t message,
				    const struct dc_plan_way *way, dc_time latency, double bytes,
				    dc_fluid_transfer *transfer)
{
	const struct dc_plan_bundle *bundle = dc_runner_bundle_of(runner, line);
	const struct dc_fluid_transfer_spec spec = {
		.path = runner->path,
		.hops = dc_plan_hops(way),
		.entity = bundle->first_message + message,
		.bytes = bytes,
		.weight = 1,
		.cap_bps = (double)INFINITY,
		.multiplicity = dc_plan_terms_of(runner->plan, bundle, message)->multiplicity,
		.latency = latency,
		.kept = runner->lines[line].left > 1,
		.done = on_message,
		.context = runner,
		.argument = (uint64_t)line << 32 | message,
	};

	fill_path(runner, way);
	return dc_fluid_transfers_start(runner->transfers, &spec, transfer);
}

/* The messages of a line that sends them one by one. */
static struct dc_runner_live *begin_live(struct dc_runner *runner, uint32_t line, uint32_t number)
{
	size_t size = dc_runner_live_size(&runner->plan->bundles[number]);
	struct dc_runner_live *live = calloc(1, size);

	if (!live)
		return NULL;
	live->line = line;
	runner->live[number] = live;
	runner->live_bytes += size;
	if (runner->live_bytes > runner->statistics.live_bytes)
		runner->statistics.live_bytes = runner->live_bytes;
	return live;
}

/* A message of a line, by its place in the bundle. */
static void send(struct dc_runner *runner, uint32_t line, uint32_t message, dc_time latency,
		 double bytes)
{
	uint32_t number = dc_plan_bundle_of(runner->plan, line);
	const struct dc_plan_bundle *bundle = &runner->plan->bundles[number];
	const struct dc_plan_way *way = dc_step_way(runner->plan, bundle, message, runner->epoch);
	struct dc_runner_live *live = runner->live[number];
	struct dc_runner_message *sent;
	enum dc_status status;

	if (!live)
		live = begin_live(runner, line, number);
	if (!live) {
		dc_engine_fail(runner->engine, DC_ERR_MEMORY);
		return;
	}
	sent = &live->messages[message];
	sent->under_way = true;
	runner->lines[line].outstanding++;
	runner->statistics.messages++;
	count_users(runner, way, true);
	if (sent->transfer)
		status = dc_fluid_transfers_restart(runner->transfers, sent->transfer, bytes,
						    latency);
	else
		status = start_message(runner, line, message, way, latency, bytes, &sent->transfer);
	if (status)
		dc_engine_fail(runner->engine, status);
}

/* Its messages rest, or have ended: none of them is kept for a next step. */
static void forget(struct dc_runner *runner, uint32_t line)
{
	uint32_t number = dc_plan_bundle_of(runner->plan, line);
	const struct dc_plan_bundle *bundle = &runner->plan->bundles[number];
	struct dc_runner_live *live = runner->live[number];

	if (!live)
		return;
	for (uint32_t m = 0; m < bundle->messages; m++)
		if (live->messages[m].transfer)
			dc_fluid_transfers_release(runner->transfers, live->messages[m].transfer);
	runner->live[number] = NULL;
	runner->live_bytes -= dc_runner_live_size(bundle);
	free(live);
}

static void end_step(struct dc_runner *runner, uint32_t number)
{
	struct dc_runner_line *line = &runner->lines[number];

	if (--line->left) {
		start_step(runner, number);
		return;
	}
	forget(runner, number);
	end_chunk(runner, number);
}

static void on_message(void *context, uint64_t argument)
{
	struct dc_runner *runner = context;
	uint32_t message = (uint32_t)argument, line = (uint32_t)(argument >> 32);
	struct dc_runner_line *state = &runner->lines[line];
	uint32_t number = dc_plan_bundle_of(runner->plan, line);
	struct dc_runner_message *sent = &runner->live[number]->messages[message];

	if (!runner->options.exact)
		count_users(runner,
			    dc_step_way(runner->plan, &runner->plan->bundles[number], message,
					runner->epoch),
			    false);
	sent->under_way = false;
	if (state->left == 1) {
		dc_fluid_transfers_release(runner->transfers, sent->transfer);
		sent->transfer = 0;
	}
	if (--state->outstanding)
		return;
	blame(runner, line, dc_fluid_transfers_held_by(runner->transfers), state->begin,
	      dc_engine_now(runner->engine));
	end_step(runner, line);
}

/* --- stretches of steps --- */

/* Visits the links of a bundle, each as often as messages cross it. */
typedef bool each_link(struct dc_runner *runner, uint32_t line, const struct dc_plan_hop *hop,
		       const struct dc_plan_terms *terms, double steps);

static bool for_each_link(struct dc_runner *runner, uint32_t number, double steps, each_link *visit)
{
	const struct dc_plan *plan = runner->plan;
	const struct dc_plan_bundle *bundle = dc_runner_bundle_of(runner, number);

	for (uint32_t m = 0; m < bundle->messages; m++) {
		const struct dc_plan_terms *terms = dc_plan_terms_of(plan, bundle, m);
		const struct dc_plan_way *way = dc_step_way(plan, bundle, m, runner->epoch);

		for (uint32_t i = 0; i < dc_plan_hops(way); i++)
			if (!visit(runner, number, &plan->hops[way->first_hop + i], terms, steps))
				return false;
	}
	return true;
}

static bool is_free(struct dc_runner *runner, uint32_t line, const struct dc_plan_hop *hop,
		    const struct dc_plan_terms *terms, double steps)
{
	const struct dc_runner_link *link = &runner->links[hop->link];

	(void)line;
	(void)terms;
	(void)steps;
	return link->users == 0 && (link->owner == DC_PLAN_NONE || is_over(runner, link->owner));
}

static bool take(struct dc_runner *runner, uint32_t line, const struct dc_plan_hop *hop,
		 const struct dc_plan_terms *terms, double steps)
{
	(void)terms;
	(void)steps;
	runner->links[hop->link].owner = line;
	return true;
}

/* Gives the link back, with the bytes of so many steps carried. */
static bool give(struct dc_runner *runner, uint32_t line, const struct dc_plan_hop *hop,
		 const struct dc_plan_terms *terms, double steps)
{
	struct dc_runner_link *link = &runner->links[hop->link];

	link->extra_bytes += steps * terms->bytes * dc_plan_use_of(runner->plan, hop) *
			     terms->multiplicity / runner->plan->links[hop->link].multiplicity;
	if (link->owner == line)
		link->owner = DC_PLAN_NONE;
	return true;
}

static const struct dc_step *measure(struct dc_runner *runner, uint32_t number)
{
	uint32_t bundle = dc_plan_bundle_of(runner->plan, number);
	struct dc_step *step = &runner->steps[bundle];
	enum dc_status status;

	if (step->measured == runner->epoch + 1)
		return step;
	status = dc_step_measure(runner->plan, bundle, runner->epoch, runner->stamps,
				 &runner->stamp, step);
	if (status) {
		dc_engine_fail(runner->engine, status);
		return NULL;
	}
	return step;
}

static void end_stretch(void *context, uint64_t argument)
{
	struct dc_runner *runner = context;
	uint32_t number = (uint32_t)argument;
	struct dc_runner_line *line = &runner->lines[number];
	uint32_t bundle = dc_plan_bundle_of(runner->plan, number);

	blame(runner, number, runner->steps[bundle].bottleneck, line->begin,
	      dc_engine_now(runner->engine));
	runner->statistics.coalesced += line->left * runner->plan->bundles[bundle].messages;
	for_each_link(runner, number, (double)line->left, give);
	line->left = 0;
	line->mode = DC_RUNNER_STEPS;
	end_chunk(runner, number);
}

/* Runs all steps left as one event, when the line's links are free. */
static bool coalesce(struct dc_runner *runner, uint32_t number)
{
	struct dc_runner_line *line = &runner->lines[number];
	dc_time now = dc_engine_now(runner->engine), end;
	const struct dc_step *step;

	if (runner->options.exact || !for_each_link(runner, number, 0, is_free))
		return false;
	step = measure(runner, number);
	if (!step || step->duration >= DC_TIME_NEVER / 2 ||
	    line->left > (uint64_t)(DC_TIME_NEVER / 4 / (step->duration + 1)))
		return false;
	end = now + (dc_time)line->left * step->duration;
	line->begin = now;
	line->mode = DC_RUNNER_COALESCED;
	for_each_link(runner, number, 0, take);
	/* No step of the line is under way. */
	forget(runner, number);
	line->event = dc_engine_schedule(runner->engine, end, DC_PHASE_COMPLETION, number,
					 end_stretch, runner, number);
	return true;
}

static bool prepare_rests(struct dc_runner *runner)
{
	const struct dc_plan *plan = runner->plan;
	uint32_t most = 0;

	for (uint32_t i = 0; i < plan->bundle_count; i++)
		if (plan->bundles[i].messages > most)
			most = plan->bundles[i].messages;
	runner->rests = calloc(most + 1u, sizeof *runner->rests);
	runner->statistics.bytes += most * sizeof *runner->rests;
	return runner->rests != NULL;
}

/* Puts a coalesced line into the middle of the step it is in, message by message. */
static void split(struct dc_runner *runner, uint32_t number)
{
	struct dc_runner_line *line = &runner->lines[number];
	uint32_t bundle_number = dc_plan_bundle_of(runner->plan, number);
	const struct dc_plan_bundle *bundle = &runner->plan->bundles[bundle_number];
	const struct dc_step *step = &runner->steps[bundle_number];
	dc_time now = dc_engine_now(runner->engine), offset = now - line->begin;
	uint64_t done = step->duration > 0 ? (uint64_t)(offset / step->duration) : 0;
	enum dc_status status;

	runner->statistics.splits++;
	dc_engine_cancel(runner->engine, line->event);
	offset -= (dc_time)done * step->duration;
	if (!runner->rests && !prepare_rests(runner)) {
		dc_engine_fail(runner->engine, DC_ERR_MEMORY);
		return;
	}
	status = dc_step_interrupt(runner->plan, bundle_number, step->measured - 1, step, offset,
				   runner->rests);
	if (status) {
		dc_engine_fail(runner->engine, status);
		return;
	}
	if (done)
		blame(runner, number, step->bottleneck, line->begin,
		      line->begin + (dc_time)done * step->duration);
	runner->statistics.coalesced += done * bundle->messages;
	for_each_link(runner, number, (double)done, give);
	line->left -= done;
	line->begin = now - offset;
	line->mode = DC_RUNNER_STEPS;
	line->outstanding = 0;
	/* What of this step has passed already is carried now. */
	for (uint32_t m = 0; m < bundle->messages; m++) {
		const struct dc_plan_terms *terms = dc_plan_terms_of(runner->plan, bundle, m);
		const struct dc_plan_way *way = dc_step_way(runner->plan, bundle, m, runner->epoch);
		double passed = terms->bytes - runner->rests[m].bytes;

		for (uint32_t i = 0; i < dc_plan_hops(way); i++) {
			const struct dc_plan_hop *hop = &runner->plan->hops[way->first_hop + i];

			runner->links[hop->link].extra_bytes +=
				passed * dc_plan_use_of(runner->plan, hop) * terms->multiplicity /
				runner->plan->links[hop->link].multiplicity;
		}
	}
	for (uint32_t m = 0; m < bundle->messages; m++)
		if (runner->rests[m].bytes > 0 || runner->rests[m].latency > 0)
			send(runner, number, m, runner->rests[m].latency, runner->rests[m].bytes);
}

/* --- lines --- */

static void end_step_later(void *context, uint64_t argument)
{
	end_step(context, (uint32_t)argument);
}

static void start_step(struct dc_runner *runner, uint32_t number)
{
	struct dc_runner_line *line = &runner->lines[number];
	const struct dc_plan *plan = runner->plan;
	const struct dc_plan_bundle *bundle = dc_runner_bundle_of(runner, number);

	if (coalesce(runner, number))
		return;
	line->mode = DC_RUNNER_STEPS;
	line->outstanding = 0;
	line->begin = dc_engine_now(runner->engine);
	if (!bundle->messages)
		dc_engine_schedule(runner->engine, line->begin, DC_PHASE_COMPLETION, number,
				   end_step_later, runner, number);
	for (uint32_t m = 0; m < bundle->messages; m++) {
		const struct dc_plan_way *way = dc_step_way(plan, bundle, m, runner->epoch);

		send(runner, number, m, dc_plan_way_terms_of(plan, way)->latency,
		     dc_plan_terms_of(plan, bundle, m)->bytes);
	}
}

/* Begins the next chunk when it has arrived from every line before. */
static void begin_chunk(struct dc_runner *runner, uint32_t number)
{
	const struct dc_plan_phase *phase = dc_plan_phase_of(runner->plan, number);
	struct dc_runner_line *line = &runner->lines[number];

	if (line->chunk == phase->chunks || line->left || line->arrived < phase->needs)
		return;
	line->left = phase->repeat;
	start_step(runner, number);
}

/* A line before has ended its next chunk. */
static void arrive(struct dc_runner *runner, uint32_t number, uint32_t chunk)
{
	struct dc_runner_line *line = &runner->lines[number];

	if (chunk > line->chunk) {
		if (dc_plan_phase_of(runner->plan, number)->needs == 1)
			line->ahead++;
		else
			runner->counters[line->ahead + chunk - 1]++;
		return;
	}
	line->arrived++;
	begin_chunk(runner, number);
}

static void end_operation(struct dc_runner *runner, uint32_t number)
{
	const struct dc_plan_operation *row = &runner->plan->operations[number];
	struct dc_runner_operation *operation = &runner->operations[number];

	operation->done = true;
	/* What is to come changes nothing any more. */
	if (--runner->operations_left == 0 && runner->next_epoch)
		dc_engine_cancel(runner->engine, runner->next_epoch);
	if (runner->ended)
		runner->ended(runner->context, number, operation->begin,
			      dc_engine_now(runner->engine));
	if (row->next != DC_PLAN_NONE)
		begin_operation(runner, row->next);
}

static void end_chunk(struct dc_runner *runner, uint32_t number)
{
	const struct dc_plan_phase *phase = dc_plan_phase_of(runner->plan, number);
	const uint32_t *nexts = dc_plan_nexts_of(runner->plan, number);
	struct dc_runner_line *line = &runner->lines[number];
	uint32_t chunk = line->chunk++;

	line->mode = DC_RUNNER_WAITS;
	line->arrived = 0;
	if (phase->needs == 1 && line->ahead) {
		line->arrived = 1;
		line->ahead--;
	} else if (phase->needs > 1 && line->chunk < phase->chunks) {
		line->arrived = runner->counters[line->ahead + line->chunk - 1];
	}
	for (uint32_t i = 0; i < phase->nexts; i++)
		arrive(runner, phase->base_next + nexts[i], chunk);
	if (line->chunk < phase->chunks)
		begin_chunk(runner, number);
	else if (!phase->nexts && --runner->operations[phase->operation].left == 0)
		end_operation(runner, phase->operation);
}

/* --- operations, jobs, epochs --- */

static void start_lines(void *context, uint64_t argument)
{
	struct dc_runner *runner = context;
	const struct dc_plan_operation *row = &runner->plan->operations[argument];

	if (!row->last_lines) {
		end_operation(runner, (uint32_t)argument);
		return;
	}
	for (uint32_t i = 0; i < row->lines; i++)
		if (!dc_plan_phase_of(runner->plan, row->first_line + i)->needs)
			begin_chunk(runner, row->first_line + i);
}

static void begin_operation(struct dc_runner *runner, uint32_t number)
{
	const struct dc_plan_operation *row = &runner->plan->operations[number];
	dc_time now = dc_engine_now(runner->engine);

	runner->operations[number].begin = now;
	dc_engine_schedule(runner->engine, now + row->startup, DC_PHASE_COMPLETION, number,
			   start_lines, runner, number);
}

static void begin_job(void *context, uint64_t argument)
{
	struct dc_runner *runner = context;
	const struct dc_plan_job *job = &runner->plan->jobs[argument];

	if (job->first_operation != DC_PLAN_NONE)
		begin_operation(runner, job->first_operation);
}

/* A message under way, or kept, whose path is another one from now on takes it. */
static void reroute(struct dc_runner *runner, const struct dc_plan_bundle *bundle, uint32_t message,
		    const struct dc_runner_message *sent, uint32_t before)
{
	const struct dc_plan *plan = runner->plan;
	const struct dc_plan_way *old, *way;
	enum dc_status status;

	if (!sent->transfer)
		return;
	old = dc_step_way(plan, bundle, message, before);
	way = dc_step_way(plan, bundle, message, runner->epoch);
	if (way == old)
		return;
	if (sent->under_way) {
		count_users(runner, old, false);
		count_users(runner, way, true);
	}
	fill_path(runner, way);
	status = dc_fluid_transfers_reroute(runner->transfers, sent->transfer, runner->path,
					    dc_plan_hops(way));
	if (status)
		dc_engine_fail(runner->engine, status);
}

static void schedule_epoch(struct dc_runner *runner, uint32_t number);

/* Every stretch is put back into its steps: what it was measured by may be over. */
static void begin_epoch(void *context, uint64_t argument)
{
	struct dc_runner *runner = context;
	const struct dc_plan *plan = runner->plan;
	uint32_t before = runner->epoch;

	for (uint32_t i = 0; i < plan->line_count; i++)
		if (runner->lines[i].mode == DC_RUNNER_COALESCED && !is_over(runner, i))
			split(runner, i);
	runner->epoch = (uint32_t)argument;
	for (uint32_t i = 0; i < plan->link_count; i++) {
		const double *capacities = &plan->capacities[plan->links[i].first_capacity];
		enum dc_status status;

		if (capacities[runner->epoch] == capacities[before])
			continue;
		status = dc_fluid_transfers_set_capacity(runner->transfers, i,
							 capacities[runner->epoch]);
		if (status)
			dc_engine_fail(runner->engine, status);
	}
	for (uint32_t i = 0; i < plan->bundle_count; i++)
		for (uint32_t m = 0; runner->live[i] && m < plan->bundles[i].messages; m++)
			reroute(runner, &plan->bundles[i], m, &runner->live[i]->messages[m],
				before);
	schedule_epoch(runner, runner->epoch + 1);
}

static void schedule_epoch(struct dc_runner *runner, uint32_t number)
{
	const struct dc_plan *plan = runner->plan;

	runner->next_epoch = 0;
	if (number < plan->epoch_count)
		runner->next_epoch =
			dc_engine_schedule(runner->engine, runner->started + plan->begins[number],
					   DC_PHASE_STATE, 0, begin_epoch, runner, number);
}

void dc_runner_start(struct dc_runner *runner)
{
	const struct dc_plan *plan = runner->plan;
	dc_time now = dc_engine_now(runner->engine);

	for (uint32_t j = 0; j < plan->job_count; j++)
		dc_engine_schedule(runner->engine, now + plan->jobs[j].arrival, DC_PHASE_COMPLETION,
				   j, begin_job, runner, j);
	runner->started = now;
	if (runner->operations_left)
		schedule_epoch(runner, 1);
}
