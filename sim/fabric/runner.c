/* The runner: lines step by step, or a stretch of steps as one event. */
#include "fabric/runner.h"

#include <math.h>
#include <stdlib.h>

#include "fabric/step.h"

enum line_mode { LINE_WAITS, LINE_STEPS, LINE_COALESCED };

struct line {
	uint64_t left; /* steps, the present one included */
	dc_time begin; /* of the step, or of the stretch */
	dc_event event;
	uint32_t outstanding; /* messages of the step */
	uint32_t chunk;       /* the next, or the one under way */
	uint32_t arrived; /* lines before that have ended this chunk; of later ones: see below */
	uint32_t ahead;   /* first of chunks - 1 counters of the chunks after, or DC_PLAN_NONE */
	enum line_mode mode;
	uint32_t held_by; /* link of the plan that holds its steps back, since when */
	dc_time held_since;
};

struct link {
	uint32_t users; /* messages under way, by way of it */
	uint32_t owner; /* line that has it for itself, or DC_PLAN_NONE */
	double extra_bytes;
};

struct bundle {
	struct dc_step step;
	uint32_t measured; /* epoch + 1; 0: not yet */
};

struct operation {
	dc_time begin;
	uint32_t left; /* last lines that have not ended */
	uint32_t bottleneck;
	dc_time longest; /* stretch that it held back */
	bool done;
};

struct dc_runner {
	struct dc_engine *engine;
	const struct dc_plan *plan;
	struct dc_runner_options options;
	dc_runner_observer *ended;
	void *context;
	struct dc_fluid_solver *solver;
	struct dc_fluid_transfers *transfers;
	struct line *lines;
	uint32_t *counters; /* chunks that lines before are ahead by */
	struct link *links;
	struct bundle *bundles;
	struct operation *operations;
	dc_fluid_transfer *live; /* by message: under way, or kept for the next step */
	struct dc_step_rest *rests;
	struct dc_fluid_hop *path;
	uint32_t *line_of; /* the line a message is under way for, or DC_PLAN_NONE */
	uint64_t *stamps, stamp;
	uint32_t epoch;
	dc_time started;
	dc_event next_epoch;
	uint32_t operations_left;
	struct dc_runner_statistics statistics;
};

static void start_step(struct dc_runner *runner, uint32_t number);
static void end_chunk(struct dc_runner *runner, uint32_t number);
static void begin_operation(struct dc_runner *runner, uint32_t number);

/* --- what held an operation back --- */

/* Steps of a line up to `end`, the first begun at `begin`, were held back by a link. Steps one after another
 * that the same link held back are one stretch, whether they ran as one event or not. */
static void blame(struct dc_runner *runner, uint32_t number, uint32_t link, dc_time begin,
		  dc_time end)
{
	struct operation *operation = &runner->operations[runner->plan->lines[number].operation];
	struct line *line = &runner->lines[number];

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
	for (uint32_t i = 0; i < way->hops; i++) {
		struct link *link = &runner->links[hops[i].link];

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

	for (uint32_t i = 0; i < way->hops; i++)
		runner->path[i] = (struct dc_fluid_hop){hops[i].link, hops[i].use};
}

/* A message that goes again in the line's next step is kept for it. */
static enum dc_status start_message(struct dc_runner *runner, uint32_t number,
				    const struct dc_plan_way *way, dc_time latency, double bytes)
{
	const struct dc_fluid_transfer_spec spec = {
		.path = runner->path,
		.hops = way->hops,
		.entity = number,
		.bytes = bytes,
		.weight = 1,
		.cap_bps = (double)INFINITY,
		.multiplicity = runner->plan->messages[number].multiplicity,
		.latency = latency,
		.kept = runner->lines[runner->line_of[number]].left > 1,
		.done = on_message,
		.context = runner,
		.argument = number,
	};

	fill_path(runner, way);
	return dc_fluid_transfers_start(runner->transfers, &spec, &runner->live[number]);
}

static void send(struct dc_runner *runner, uint32_t line, uint32_t number, dc_time latency,
		 double bytes)
{
	const struct dc_plan_way *way = dc_step_way(runner->plan, number, runner->epoch);
	enum dc_status status;

	runner->line_of[number] = line;
	runner->lines[line].outstanding++;
	runner->statistics.messages++;
	count_users(runner, way, true);
	if (runner->live[number])
		status = dc_fluid_transfers_restart(runner->transfers, runner->live[number], bytes,
						    latency);
	else
		status = start_message(runner, number, way, latency, bytes);
	if (status)
		dc_engine_fail(runner->engine, status);
}

/* It rests, or has ended. */
static void forget(struct dc_runner *runner, uint32_t number)
{
	dc_fluid_transfers_release(runner->transfers, runner->live[number]);
	runner->live[number] = 0;
}

static void end_step(struct dc_runner *runner, uint32_t number)
{
	struct line *line = &runner->lines[number];

	if (--line->left)
		start_step(runner, number);
	else
		end_chunk(runner, number);
}

static void on_message(void *context, uint64_t argument)
{
	struct dc_runner *runner = context;
	uint32_t number = (uint32_t)argument, line = runner->line_of[number];
	struct line *state = &runner->lines[line];

	count_users(runner, dc_step_way(runner->plan, number, runner->epoch), false);
	runner->line_of[number] = DC_PLAN_NONE;
	if (state->left == 1)
		forget(runner, number);
	if (--state->outstanding)
		return;
	blame(runner, line, dc_fluid_transfers_held_by(runner->transfers), state->begin,
	      dc_engine_now(runner->engine));
	end_step(runner, line);
}

/* --- stretches of steps --- */

/* Visits the links of a bundle, each as often as messages cross it. */
typedef bool each_link(struct dc_runner *runner, uint32_t line, const struct dc_plan_hop *hop,
		       const struct dc_plan_message *message, double steps);

static bool for_each_link(struct dc_runner *runner, uint32_t number, double steps, each_link *visit)
{
	const struct dc_plan *plan = runner->plan;
	const struct dc_plan_bundle *bundle = &plan->bundles[plan->lines[number].bundle];

	for (uint32_t m = 0; m < bundle->messages; m++) {
		uint32_t message = bundle->first_message + m;
		const struct dc_plan_way *way = dc_step_way(plan, message, runner->epoch);

		for (uint32_t i = 0; i < way->hops; i++)
			if (!visit(runner, number, &plan->hops[way->first_hop + i],
				   &plan->messages[message], steps))
				return false;
	}
	return true;
}

static bool is_free(struct dc_runner *runner, uint32_t line, const struct dc_plan_hop *hop,
		    const struct dc_plan_message *message, double steps)
{
	const struct link *link = &runner->links[hop->link];

	(void)line;
	(void)message;
	(void)steps;
	return link->users == 0 && (link->owner == DC_PLAN_NONE || is_over(runner, link->owner));
}

static bool take(struct dc_runner *runner, uint32_t line, const struct dc_plan_hop *hop,
		 const struct dc_plan_message *message, double steps)
{
	(void)message;
	(void)steps;
	runner->links[hop->link].owner = line;
	return true;
}

/* Gives the link back, with the bytes of so many steps carried. */
static bool give(struct dc_runner *runner, uint32_t line, const struct dc_plan_hop *hop,
		 const struct dc_plan_message *message, double steps)
{
	struct link *link = &runner->links[hop->link];

	link->extra_bytes += steps * message->bytes * hop->use * message->multiplicity /
			     runner->plan->links[hop->link].multiplicity;
	if (link->owner == line)
		link->owner = DC_PLAN_NONE;
	return true;
}

static const struct dc_step *measure(struct dc_runner *runner, uint32_t number)
{
	struct bundle *bundle = &runner->bundles[runner->plan->lines[number].bundle];
	enum dc_status status;

	if (bundle->measured == runner->epoch + 1)
		return &bundle->step;
	status = dc_step_measure(runner->plan, runner->plan->lines[number].bundle, runner->epoch,
				 runner->stamps, &runner->stamp, &bundle->step);
	if (status) {
		dc_engine_fail(runner->engine, status);
		return NULL;
	}
	bundle->measured = runner->epoch + 1;
	return &bundle->step;
}

static void end_stretch(void *context, uint64_t argument)
{
	struct dc_runner *runner = context;
	uint32_t number = (uint32_t)argument;
	struct line *line = &runner->lines[number];
	const struct dc_plan_bundle *bundle =
		&runner->plan->bundles[runner->plan->lines[number].bundle];

	blame(runner, number, runner->bundles[runner->plan->lines[number].bundle].step.bottleneck,
	      line->begin, dc_engine_now(runner->engine));
	runner->statistics.coalesced += line->left * bundle->messages;
	for_each_link(runner, number, (double)line->left, give);
	line->left = 0;
	line->mode = LINE_STEPS;
	end_chunk(runner, number);
}

/* No step of the line is under way: nothing is kept for the next. */
static void forget_all(struct dc_runner *runner, uint32_t number)
{
	const struct dc_plan_bundle *bundle =
		&runner->plan->bundles[runner->plan->lines[number].bundle];

	for (uint32_t m = 0; m < bundle->messages; m++)
		forget(runner, bundle->first_message + m);
}

/* Runs all steps left as one event, when the line's links are free. */
static bool coalesce(struct dc_runner *runner, uint32_t number)
{
	struct line *line = &runner->lines[number];
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
	line->mode = LINE_COALESCED;
	for_each_link(runner, number, 0, take);
	forget_all(runner, number);
	line->event = dc_engine_schedule(runner->engine, end, DC_PHASE_COMPLETION, number,
					 end_stretch, runner, number);
	return true;
}

/* Puts a coalesced line into the middle of the step it is in, message by message. */
static void split(struct dc_runner *runner, uint32_t number)
{
	struct line *line = &runner->lines[number];
	const struct dc_plan_bundle *bundle =
		&runner->plan->bundles[runner->plan->lines[number].bundle];
	const struct dc_step *step = &runner->bundles[runner->plan->lines[number].bundle].step;
	dc_time now = dc_engine_now(runner->engine), offset = now - line->begin;
	uint64_t done = step->duration > 0 ? (uint64_t)(offset / step->duration) : 0;
	enum dc_status status;

	runner->statistics.splits++;
	dc_engine_cancel(runner->engine, line->event);
	offset -= (dc_time)done * step->duration;
	status = dc_step_interrupt(runner->plan, runner->plan->lines[number].bundle,
				   runner->bundles[runner->plan->lines[number].bundle].measured - 1,
				   step, offset, runner->rests);
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
	line->mode = LINE_STEPS;
	/* What of this step has passed already is carried now. */
	for (uint32_t m = 0; m < bundle->messages; m++) {
		uint32_t message = bundle->first_message + m;
		const struct dc_plan_way *way = dc_step_way(runner->plan, message, runner->epoch);
		double passed = runner->plan->messages[message].bytes - runner->rests[m].bytes;

		for (uint32_t i = 0; i < way->hops; i++) {
			const struct dc_plan_hop *hop = &runner->plan->hops[way->first_hop + i];

			runner->links[hop->link].extra_bytes +=
				passed * hop->use * runner->plan->messages[message].multiplicity /
				runner->plan->links[hop->link].multiplicity;
		}
	}
	for (uint32_t m = 0; m < bundle->messages; m++)
		if (runner->rests[m].bytes > 0 || runner->rests[m].latency > 0)
			send(runner, number, bundle->first_message + m, runner->rests[m].latency,
			     runner->rests[m].bytes);
}

/* --- lines --- */

static void end_step_later(void *context, uint64_t argument)
{
	end_step(context, (uint32_t)argument);
}

static void start_step(struct dc_runner *runner, uint32_t number)
{
	struct line *line = &runner->lines[number];
	const struct dc_plan *plan = runner->plan;
	const struct dc_plan_bundle *bundle = &plan->bundles[plan->lines[number].bundle];

	if (coalesce(runner, number))
		return;
	line->mode = LINE_STEPS;
	line->begin = dc_engine_now(runner->engine);
	if (!bundle->messages)
		dc_engine_schedule(runner->engine, line->begin, DC_PHASE_COMPLETION, number,
				   end_step_later, runner, number);
	for (uint32_t m = 0; m < bundle->messages; m++) {
		uint32_t message = bundle->first_message + m;

		send(runner, number, message, dc_step_way(plan, message, runner->epoch)->latency,
		     plan->messages[message].bytes);
	}
}

/* Begins the next chunk when it has arrived from every line before. */
static void begin_chunk(struct dc_runner *runner, uint32_t number)
{
	const struct dc_plan_line *row = &runner->plan->lines[number];
	struct line *line = &runner->lines[number];

	if (line->chunk == row->chunks || line->left || line->arrived < row->needs)
		return;
	line->left = row->repeat;
	start_step(runner, number);
}

/* A line before has ended its next chunk. */
static void arrive(struct dc_runner *runner, uint32_t number, uint32_t chunk)
{
	struct line *line = &runner->lines[number];

	if (chunk > line->chunk) {
		runner->counters[line->ahead + chunk - 1]++;
		return;
	}
	line->arrived++;
	begin_chunk(runner, number);
}

static void end_operation(struct dc_runner *runner, uint32_t number)
{
	const struct dc_plan_operation *row = &runner->plan->operations[number];
	struct operation *operation = &runner->operations[number];

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
	const struct dc_plan_line *row = &runner->plan->lines[number];
	struct line *line = &runner->lines[number];
	uint32_t chunk = line->chunk++;

	line->mode = LINE_WAITS;
	line->arrived = line->chunk < row->chunks && row->needs
				? runner->counters[line->ahead + line->chunk - 1]
				: 0;
	for (uint32_t i = 0; i < row->nexts; i++)
		arrive(runner, runner->plan->nexts[row->first_next + i], chunk);
	if (line->chunk < row->chunks)
		begin_chunk(runner, number);
	else if (!row->nexts && --runner->operations[row->operation].left == 0)
		end_operation(runner, row->operation);
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
		if (!runner->plan->lines[row->first_line + i].needs)
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

/* Messages under way, or kept, whose path is another one from now on take it. */
static void reroute(struct dc_runner *runner, uint32_t before)
{
	const struct dc_plan *plan = runner->plan;

	for (uint32_t m = 0; m < plan->message_count; m++) {
		const struct dc_plan_way *way;
		enum dc_status status;

		if (!runner->live[m] || plan->messages[m].ways == 1)
			continue;
		way = dc_step_way(plan, m, runner->epoch);
		if (way == dc_step_way(plan, m, before))
			continue;
		if (runner->line_of[m] != DC_PLAN_NONE) {
			count_users(runner, dc_step_way(plan, m, before), false);
			count_users(runner, way, true);
		}
		fill_path(runner, way);
		status = dc_fluid_transfers_reroute(runner->transfers, runner->live[m],
						    runner->path, way->hops);
		if (status)
			dc_engine_fail(runner->engine, status);
	}
}

static void schedule_epoch(struct dc_runner *runner, uint32_t number);

/* Every stretch is put back into its steps: what it was measured by may be over. */
static void begin_epoch(void *context, uint64_t argument)
{
	struct dc_runner *runner = context;
	const struct dc_plan *plan = runner->plan;
	uint32_t before = runner->epoch;

	for (uint32_t i = 0; i < plan->line_count; i++)
		if (runner->lines[i].mode == LINE_COALESCED && !is_over(runner, i))
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
	reroute(runner, before);
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

/* --- creation --- */

static bool prepare_lines(struct dc_runner *runner)
{
	const struct dc_plan *plan = runner->plan;
	uint64_t counters = 0;

	for (uint32_t i = 0; i < plan->line_count; i++) {
		runner->lines[i].ahead = runner->lines[i].held_by = DC_PLAN_NONE;
		if (plan->lines[i].chunks < 2 || !plan->lines[i].needs)
			continue;
		runner->lines[i].ahead = (uint32_t)counters;
		counters += plan->lines[i].chunks - 1;
	}
	if (counters >= DC_PLAN_NONE)
		return false;
	runner->counters = calloc(counters + 1, sizeof *runner->counters);
	runner->statistics.bytes += counters * sizeof *runner->counters;
	return runner->counters != NULL;
}

static bool prepare_links(struct dc_runner *runner)
{
	const struct dc_plan *plan = runner->plan;

	for (uint32_t i = 0; i < plan->link_count; i++) {
		const struct dc_plan_link *link = &plan->links[i];
		uint32_t resource;

		runner->links[i].owner = DC_PLAN_NONE;
		if (dc_fluid_add_resource(runner->solver, plan->capacities[link->first_capacity],
					  link->multiplicity, &resource))
			return false;
	}
	return true;
}

static bool allocate(struct dc_runner *runner)
{
	const struct dc_plan *plan = runner->plan;
	uint32_t most_messages = 0, most_hops = 0;

	for (uint32_t i = 0; i < plan->bundle_count; i++)
		if (plan->bundles[i].messages > most_messages)
			most_messages = plan->bundles[i].messages;
	for (uint32_t i = 0; i < plan->way_count; i++)
		if (plan->ways[i].hops > most_hops)
			most_hops = plan->ways[i].hops;
	runner->lines = calloc(plan->line_count + 1u, sizeof *runner->lines);
	runner->links = calloc(plan->link_count + 1u, sizeof *runner->links);
	runner->stamps = calloc(plan->link_count + 1u, sizeof *runner->stamps);
	runner->bundles = calloc(plan->bundle_count + 1u, sizeof *runner->bundles);
	runner->operations = calloc(plan->operation_count + 1u, sizeof *runner->operations);
	runner->live = calloc(plan->message_count + 1u, sizeof *runner->live);
	runner->line_of = calloc(plan->message_count + 1u, sizeof *runner->line_of);
	runner->rests = calloc(most_messages + 1u, sizeof *runner->rests);
	runner->path = calloc(most_hops + 1u, sizeof *runner->path);
	runner->statistics.bytes +=
		plan->line_count * sizeof *runner->lines +
		plan->bundle_count * sizeof *runner->bundles +
		plan->operation_count * sizeof *runner->operations +
		plan->message_count * (sizeof *runner->live + sizeof *runner->line_of) +
		most_messages * sizeof *runner->rests + most_hops * sizeof *runner->path;
	return runner->lines && runner->links && runner->stamps && runner->bundles &&
	       runner->operations && runner->live && runner->line_of && runner->rests &&
	       runner->path;
}

struct dc_runner *dc_runner_create(struct dc_engine *engine, const struct dc_plan *plan,
				   const struct dc_runner_options *options,
				   dc_runner_observer *ended, void *context)
{
	struct dc_runner *runner = calloc(1, sizeof *runner);

	if (!runner)
		return NULL;
	runner->engine = engine;
	runner->plan = plan;
	runner->options = *options;
	runner->ended = ended;
	runner->context = context;
	runner->solver = dc_fluid_create();
	if (runner->solver)
		runner->transfers =
			dc_fluid_transfers_create(engine, runner->solver, DC_PHASE_STATE);
	if (!runner->transfers || !allocate(runner) || !prepare_lines(runner) ||
	    !prepare_links(runner)) {
		dc_runner_destroy(runner);
		return NULL;
	}
	runner->operations_left = plan->operation_count;
	for (uint32_t i = 0; i < plan->message_count; i++)
		runner->line_of[i] = DC_PLAN_NONE;
	for (uint32_t i = 0; i < plan->operation_count; i++) {
		runner->operations[i].left = plan->operations[i].last_lines;
		runner->operations[i].bottleneck = DC_PLAN_NONE;
	}
	return runner;
}

void dc_runner_destroy(struct dc_runner *runner)
{
	if (!runner)
		return;
	dc_fluid_transfers_destroy(runner->transfers);
	dc_fluid_destroy(runner->solver);
	free(runner->lines);
	free(runner->counters);
	free(runner->links);
	free(runner->stamps);
	free(runner->bundles);
	free(runner->operations);
	free(runner->live);
	free(runner->line_of);
	free(runner->rests);
	free(runner->path);
	free(runner);
}

/* --- results --- */

bool dc_runner_is_done(const struct dc_runner *runner)
{
	return runner->operations_left == 0;
}

uint32_t dc_runner_unfinished(const struct dc_runner *runner)
{
	for (uint32_t i = 0; i < runner->plan->operation_count; i++)
		if (!runner->operations[i].done)
			return i;
	return DC_PLAN_NONE;
}

/* The link of no capacity on a message's way. */
static uint32_t blocked_at(const struct dc_runner *runner, uint32_t message)
{
	const struct dc_plan *plan = runner->plan;
	const struct dc_plan_way *way = dc_step_way(plan, message, runner->epoch);

	for (uint32_t h = 0; h < way->hops; h++) {
		uint32_t link = plan->hops[way->first_hop + h].link;

		if (!(plan->capacities[plan->links[link].first_capacity + runner->epoch] > 0))
			return link;
	}
	return DC_PLAN_NONE;
}

uint32_t dc_runner_waits_at(const struct dc_runner *runner, uint32_t operation)
{
	const struct dc_plan *plan = runner->plan;

	for (uint32_t m = 0; m < plan->message_count; m++) {
		uint32_t link;

		if (runner->line_of[m] == DC_PLAN_NONE ||
		    plan->lines[runner->line_of[m]].operation != operation)
			continue;
		link = blocked_at(runner, m);
		if (link != DC_PLAN_NONE)
			return link;
	}
	return DC_PLAN_NONE;
}

uint32_t dc_runner_bottleneck(const struct dc_runner *runner, uint32_t operation)
{
	return runner->operations[operation].bottleneck;
}

double dc_runner_carried_bytes(const struct dc_runner *runner, uint32_t link)
{
	return runner->links[link].extra_bytes +
	       dc_sum_value(dc_fluid_transfers_carried(runner->transfers, link));
}

/* What a stretch has carried so far. */
static void add_stretch(const struct dc_runner *runner, uint32_t number, double *bytes)
{
	const struct dc_plan *plan = runner->plan;
	const struct line *line = &runner->lines[number];
	const struct dc_plan_bundle *bundle = &plan->bundles[plan->lines[number].bundle];
	dc_time duration = runner->bundles[plan->lines[number].bundle].step.duration;
	double steps =
		duration > 0 ? dc_time_ratio(dc_engine_now(runner->engine) - line->begin, duration)
			     : 0;

	for (uint32_t m = 0; m < bundle->messages; m++) {
		const struct dc_plan_message *message = &plan->messages[bundle->first_message + m];
		const struct dc_plan_way *way =
			dc_step_way(plan, bundle->first_message + m, runner->epoch);

		for (uint32_t h = 0; h < way->hops; h++) {
			const struct dc_plan_hop *hop = &plan->hops[way->first_hop + h];

			bytes[hop->link] += fmin(steps, (double)line->left) * message->bytes *
					    hop->use * message->multiplicity /
					    plan->links[hop->link].multiplicity;
		}
	}
}

void dc_runner_carried(const struct dc_runner *runner, double *bytes)
{
	for (uint32_t l = 0; l < runner->plan->link_count; l++)
		bytes[l] = dc_runner_carried_bytes(runner, l);
	for (uint32_t i = 0; i < runner->plan->line_count; i++)
		if (runner->lines[i].mode == LINE_COALESCED)
			add_stretch(runner, i, bytes);
}

struct dc_runner_statistics dc_runner_statistics(const struct dc_runner *runner)
{
	struct dc_runner_statistics statistics = runner->statistics;

	statistics.link_bytes =
		dc_fluid_statistics(runner->solver).bytes +
		dc_fluid_transfers_memory(runner->transfers) +
		runner->plan->link_count * (sizeof *runner->links + sizeof *runner->stamps);
	statistics.bytes += statistics.link_bytes;
	return statistics;
}
