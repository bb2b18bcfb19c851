/* Folding a plan: its coarsest equitable partition, by colour refinement.
 *
 * Parts (jobs, operations, lines, bundles, messages, links) start with colours by what they are: a link by
 * its capacities, a message by its bytes and latencies, a line by its place in the schedule, repeats and
 * chunks. Then each part's colour is mixed with those of the parts it touches, with multiplicity, until no
 * class is split any more [Paige and Tarjan 1987; here by rounds over all parts]. By induction over the
 * events of a run, all lines of a class begin a step together, all links of a class fill together and all
 * messages of a class end together (max-min sharing is unique), so one of each is enough.
 *
 * Colours are 64-bit hashes of what they stand for, so two different neighbourhoods could share one with
 * a chance of about parts^2 / 2^64 a round. */
#include <stdlib.h>
#include <string.h>

#include "fabric/plan_build.h"

enum part { JOBS, OPERATIONS, LINES, BUNDLES, MESSAGES, LINKS, PARTS };

struct colours {
	uint64_t *now, *sum; /* sum: what the neighbours add, in any order */
	uint32_t *class;     /* by part, once settled */
	uint32_t *first;     /* of each class, its least member */
	uint32_t *members;
	uint32_t count, classes;
};

struct folding {
	const struct dc_plan *plan;
	struct colours parts[PARTS];
	uint64_t *keys; /* open addressing, for counting */
	uint32_t *values;
	size_t room;
};

/* The finaliser of MurmurHash3, Stafford's variant 13. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t join(uint64_t a, uint64_t b)
{
	return mix(a + 0x9e3779b97f4a7c15u + mix(b));
}

static uint64_t of_double(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

/* --- colours to begin with --- */

static uint64_t colour_message(const struct dc_plan *plan, const struct dc_plan_bundle *bundle,
			       uint32_t message)
{
	const struct dc_plan_terms *terms = dc_plan_terms_of(plan, bundle, message);
	const struct dc_plan_way *way = dc_plan_way_of(plan, bundle, message);
	uint64_t colour = join(of_double(terms->bytes), of_double(terms->multiplicity));

	for (; way; way = dc_plan_next_way(plan, way))
		colour = join(colour, join(dc_plan_way_terms_of(plan, way)->epoch,
					   (uint64_t)dc_plan_way_terms_of(plan, way)->latency));
	return colour;
}

static void paint(struct folding *folding)
{
	const struct dc_plan *plan = folding->plan;
	struct colours *parts = folding->parts;

	for (uint32_t i = 0; i < plan->job_count; i++)
		parts[JOBS].now[i] = join(join((uint64_t)plan->jobs[i].arrival,
					       (uint64_t)(plan->jobs[i].arrival >> 64)),
					  of_double(plan->jobs[i].multiplicity));
	for (uint32_t i = 0; i < plan->operation_count; i++)
		parts[OPERATIONS].now[i] = join((uint64_t)plan->operations[i].startup,
						of_double(plan->operations[i].multiplicity));
	for (uint32_t i = 0; i < plan->line_count; i++) {
		const struct dc_plan_phase *phase = dc_plan_phase_of(plan, i);

		parts[LINES].now[i] = join(join(phase->kind, phase->repeat),
					   join(phase->chunks, of_double(phase->multiplicity)));
	}
	for (uint32_t i = 0; i < plan->bundle_count; i++) {
		const struct dc_plan_bundle *bundle = &plan->bundles[i];

		parts[BUNDLES].now[i] = bundle->messages;
		for (uint32_t m = 0; m < bundle->messages; m++)
			parts[MESSAGES].now[bundle->first_message + m] =
				colour_message(plan, bundle, m);
	}
	for (uint32_t i = 0; i < plan->link_count; i++) {
		uint64_t colour = of_double(plan->links[i].multiplicity);

		for (size_t e = 0; e < plan->epoch_count; e++)
			colour = join(
				colour,
				of_double(plan->capacities[plan->links[i].first_capacity + e]));
		parts[LINKS].now[i] = colour;
	}
}

/* --- one round --- */

static void add(struct folding *folding, enum part to, uint32_t place, uint64_t salt,
		uint64_t colour)
{
	folding->parts[to].sum[place] += mix(join(salt, colour));
}

/* Each of two neighbours tells the other its colour. */
static void meet(struct folding *folding, enum part a, uint32_t i, enum part b, uint32_t j,
		 uint64_t salt)
{
	add(folding, a, i, salt, folding->parts[b].now[j]);
	add(folding, b, j, salt + 1, folding->parts[a].now[i]);
}

static void mingle_message(struct folding *folding, uint32_t number, const struct dc_plan_way *way)
{
	const struct dc_plan *plan = folding->plan;

	for (; way; way = dc_plan_next_way(plan, way)) {
		uint32_t epoch = dc_plan_way_terms_of(plan, way)->epoch;

		for (uint32_t h = 0; h < dc_plan_hops(way); h++) {
			const struct dc_plan_hop *hop = &plan->hops[way->first_hop + h];

			meet(folding, MESSAGES, number, LINKS, hop->link,
			     join(of_double(dc_plan_use_of(plan, hop)), epoch));
		}
	}
}

static void mingle_messages(struct folding *folding)
{
	const struct dc_plan *plan = folding->plan;

	for (uint32_t i = 0; i < plan->bundle_count; i++) {
		const struct dc_plan_bundle *bundle = &plan->bundles[i];

		for (uint32_t m = 0; m < bundle->messages; m++) {
			uint32_t number = bundle->first_message + m;

			meet(folding, BUNDLES, i, MESSAGES, number, 0);
			mingle_message(folding, number, dc_plan_way_of(plan, bundle, m));
		}
	}
}

static void mingle_lines(struct folding *folding)
{
	const struct dc_plan *plan = folding->plan;

	for (uint32_t i = 0; i < plan->line_count; i++) {
		const struct dc_plan_phase *phase = dc_plan_phase_of(plan, i);
		const uint32_t *nexts = dc_plan_nexts_of(plan, i);

		meet(folding, LINES, i, BUNDLES, dc_plan_bundle_of(plan, i), 2);
		meet(folding, LINES, i, OPERATIONS, phase->operation, 4);
		for (uint32_t n = 0; n < phase->nexts; n++)
			meet(folding, LINES, i, LINES, phase->base_next + nexts[n], 6);
	}
	for (uint32_t i = 0; i < plan->operation_count; i++) {
		meet(folding, OPERATIONS, i, JOBS, plan->operations[i].job, 8);
		if (plan->operations[i].next != DC_PLAN_NONE)
			meet(folding, OPERATIONS, i, OPERATIONS, plan->operations[i].next, 10);
	}
	for (uint32_t i = 0; i < plan->job_count; i++)
		if (plan->jobs[i].first_operation != DC_PLAN_NONE)
			meet(folding, JOBS, i, OPERATIONS, plan->jobs[i].first_operation, 12);
}

/* Numbers the colours of a kind of part by first appearance. */
static void classify(struct folding *folding, struct colours *colours)
{
	memset(folding->keys, 0, folding->room * sizeof *folding->keys);
	colours->classes = 0;
	for (uint32_t i = 0; i < colours->count; i++) {
		uint64_t key = colours->now[i] ? colours->now[i] : 1;
		size_t place = key & (folding->room - 1);

		while (folding->keys[place] && folding->keys[place] != key)
			place = (place + 1) & (folding->room - 1);
		if (!folding->keys[place]) {
			folding->keys[place] = key;
			folding->values[place] = colours->classes;
			colours->first[colours->classes] = i;
			colours->members[colours->classes++] = 0;
		}
		colours->class[i] = folding->values[place];
		colours->members[colours->class[i]]++;
	}
}

/* Refines until the number of classes stays; false when it takes more work than allowed. */
static bool refine(struct folding *folding, uint64_t work_most)
{
	const struct dc_plan *plan = folding->plan;
	uint64_t round =
		1 + plan->hop_count + plan->next_count + plan->line_count + plan->message_count;
	uint64_t work = 0, classes = 0, before;

	paint(folding);
	do {
		before = classes;
		classes = 0;
		work += round;
		if (work > work_most)
			return false;
		mingle_messages(folding);
		mingle_lines(folding);
		for (int p = 0; p < PARTS; p++) {
			struct colours *colours = &folding->parts[p];

			for (uint32_t i = 0; i < colours->count; i++) {
				colours->now[i] = join(colours->now[i], colours->sum[i]);
				colours->sum[i] = 0;
			}
			classify(folding, colours);
			classes += colours->classes;
		}
	} while (classes > before);
	return true;
}

/* --- the folded plan --- */

/* Classes that a list of numbers names, counted from a base, each once, in the order of first mention. */
static uint32_t distinct(const struct colours *colours, uint32_t base, const uint32_t *numbers,
			 uint32_t count, uint32_t *out)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t class = colours->class[base + numbers[i]];
		uint32_t j = 0;

		while (j < kept && out[j] != class)
			j++;
		if (j == kept)
			out[kept++] = class;
	}
	return kept;
}

static enum dc_status fold_links(const struct folding *folding, struct dc_plan_parts *folded)
{
	const struct dc_plan *plan = folding->plan;
	const struct colours *links = &folding->parts[LINKS];

	for (uint32_t c = 0; c < links->classes; c++) {
		const struct dc_plan_link *one = &plan->links[links->first[c]];
		struct dc_plan_link *row = dc_plan_array_add(&folded->links, 1);
		uint32_t first = folded->capacities.count;
		double *capacities =
			dc_plan_array_add(&folded->capacities, (uint32_t)plan->epoch_count);

		if (!row || !capacities)
			return DC_ERR_MEMORY;
		*row = (struct dc_plan_link){one->link, one->multiplicity * links->members[c],
					     first};
		memcpy(capacities, &plan->capacities[one->first_capacity],
		       plan->epoch_count * sizeof *capacities);
	}
	return DC_OK;
}

/* The links of a way, by class: a message crosses several of one. */
static enum dc_status fold_way(const struct folding *folding, const struct dc_plan_way *way,
			       bool later, struct dc_plan_parts *folded)
{
	const struct dc_plan *plan = folding->plan;
	const struct dc_plan_way_terms *terms = dc_plan_way_terms_of(plan, way);
	uint32_t first = folded->hops.count;
	enum dc_status status = dc_plan_parts_way(folded, terms->epoch, terms->latency, later);

	for (uint32_t h = 0; h < dc_plan_hops(way) && !status; h++) {
		const struct dc_plan_hop *hop = &plan->hops[way->first_hop + h];

		status = dc_plan_parts_hop(folded, first, folding->parts[LINKS].class[hop->link],
					   dc_plan_use_of(plan, hop));
	}
	return status;
}

/* One message of a class, which lies within one class of bundles. */
static enum dc_status fold_message(const struct folding *folding,
				   const struct dc_plan_bundle *bundle, uint32_t message,
				   struct dc_plan_parts *folded)
{
	const struct dc_plan *plan = folding->plan;
	const struct colours *messages = &folding->parts[MESSAGES];
	const struct dc_plan_terms *terms = dc_plan_terms_of(plan, bundle, message);
	const struct dc_plan_way *first = dc_plan_way_of(plan, bundle, message);
	uint32_t class = messages->class[bundle->first_message + message];
	enum dc_status status;

	if (messages->first[class] != bundle->first_message + message)
		return DC_OK;
	status = dc_plan_parts_message(folded, terms->bytes,
				       terms->multiplicity * messages->members[class],
				       folded->ways.count);
	for (const struct dc_plan_way *way = first; way && !status;
	     way = dc_plan_next_way(plan, way))
		status = fold_way(folding, way, way != first, folded);
	return status;
}

/* Messages of a class of bundles follow each other. */
static enum dc_status fold_bundles(const struct folding *folding, struct dc_plan_parts *folded)
{
	const struct dc_plan *plan = folding->plan;
	const struct colours *bundles = &folding->parts[BUNDLES];

	for (uint32_t c = 0; c < bundles->classes; c++) {
		const struct dc_plan_bundle *one = &plan->bundles[bundles->first[c]];
		enum dc_status status = dc_plan_parts_begin_bundle(folded);

		for (uint32_t m = 0; m < one->messages && !status; m++)
			status = fold_message(folding, one, m, folded);
		if (status)
			return status;
		dc_plan_parts_end_bundle(folded);
	}
	return DC_OK;
}

/* A class of lines has a phase for itself. */
static enum dc_status fold_lines(const struct folding *folding, struct dc_plan_parts *folded,
				 struct dc_plan *out)
{
	const struct dc_plan *plan = folding->plan;
	const struct colours *lines = &folding->parts[LINES];
	struct dc_plan_phase *rows;

	if (lines->classes && (!dc_plan_array_add(&folded->phase_of, lines->classes) ||
			       !dc_plan_array_add(&folded->phases, lines->classes)))
		return DC_ERR_MEMORY;
	rows = folded->phases.items;
	for (uint32_t c = 0; c < lines->classes; c++) {
		uint32_t one = lines->first[c];
		const struct dc_plan_phase *phase = dc_plan_phase_of(plan, one);
		uint32_t first = folded->nexts.count;
		uint32_t *nexts = dc_plan_array_add(&folded->nexts, phase->nexts);

		if (!nexts)
			return DC_ERR_MEMORY;
		((uint32_t *)folded->phase_of.items)[c] = c;
		rows[c] = *phase;
		rows[c].multiplicity *= lines->members[c];
		rows[c].operation = folding->parts[OPERATIONS].class[phase->operation];
		rows[c].first_line = c;
		rows[c].first_bundle = folding->parts[BUNDLES].class[dc_plan_bundle_of(plan, one)];
		rows[c].needs = 0;
		rows[c].base_next = 0;
		rows[c].first_next = first;
		rows[c].nexts = distinct(lines, phase->base_next, dc_plan_nexts_of(plan, one),
					 phase->nexts, nexts);
		folded->nexts.count = first + rows[c].nexts;
	}
	for (uint32_t c = 0; c < lines->classes; c++) {
		const uint32_t *nexts = (uint32_t *)folded->nexts.items + rows[c].first_next;

		for (uint32_t n = 0; n < rows[c].nexts; n++)
			rows[nexts[n]].needs++;
		if (!rows[c].nexts)
			out->operations[rows[c].operation].last_lines++;
	}
	return DC_OK;
}

static uint32_t class_or_none(const struct colours *colours, uint32_t number)
{
	return number == DC_PLAN_NONE ? DC_PLAN_NONE : colours->class[number];
}

static bool fold_jobs(const struct folding *folding, struct dc_plan *out)
{
	const struct dc_plan *plan = folding->plan;
	const struct colours *operations = &folding->parts[OPERATIONS];
	const struct colours *jobs = &folding->parts[JOBS];

	out->epoch_count = plan->epoch_count;
	out->begins = calloc(plan->epoch_count, sizeof *out->begins);
	out->operations = calloc(operations->classes + 1u, sizeof *out->operations);
	out->jobs = calloc(jobs->classes + 1u, sizeof *out->jobs);
	out->operation_of = calloc(plan->asked_operations + 1u, sizeof *out->operation_of);
	out->job_of = calloc(plan->asked_jobs + 1u, sizeof *out->job_of);
	if (!out->begins || !out->operations || !out->jobs || !out->operation_of || !out->job_of)
		return false;
	memcpy(out->begins, plan->begins, plan->epoch_count * sizeof *out->begins);
	out->operation_count = operations->classes;
	out->job_count = jobs->classes;
	out->asked_operations = plan->asked_operations;
	out->asked_jobs = plan->asked_jobs;
	for (uint32_t i = 0; i < plan->asked_operations; i++)
		out->operation_of[i] = operations->class[plan->operation_of[i]];
	for (uint32_t i = 0; i < plan->asked_jobs; i++)
		out->job_of[i] = jobs->class[plan->job_of[i]];
	for (uint32_t c = 0; c < operations->classes; c++) {
		out->operations[c] = plan->operations[operations->first[c]];
		out->operations[c].multiplicity *= operations->members[c];
		out->operations[c].job = jobs->class[out->operations[c].job];
		out->operations[c].next = class_or_none(operations, out->operations[c].next);
		out->operations[c].last_lines = 0;
	}
	for (uint32_t c = 0; c < jobs->classes; c++) {
		out->jobs[c] = plan->jobs[jobs->first[c]];
		out->jobs[c].multiplicity *= jobs->members[c];
		out->jobs[c].first_operation =
			class_or_none(operations, out->jobs[c].first_operation);
	}
	return true;
}

/* Lines are numbered by first appearance, operation by operation: those of one follow each other. */
static void find_lines(struct dc_plan *out)
{
	for (uint32_t i = 0; i < out->operation_count; i++)
		out->operations[i].lines = 0;
	for (uint32_t i = 0; i < out->line_count; i++) {
		struct dc_plan_operation *row =
			&out->operations[dc_plan_phase_of(out, i)->operation];

		if (!row->lines++)
			row->first_line = i;
	}
}

static enum dc_status emit(const struct folding *folding, struct dc_plan *out)
{
	struct dc_plan_parts folded;
	enum dc_status status = fold_jobs(folding, out) ? DC_OK : DC_ERR_MEMORY;

	dc_plan_parts_init(&folded);
	if (!status)
		status = fold_links(folding, &folded);
	if (!status)
		status = fold_bundles(folding, &folded);
	if (!status)
		status = fold_lines(folding, &folded, out);
	status = dc_plan_parts_take(&folded, out, status);
	if (!status)
		find_lines(out);
	return status;
}

static bool allocate(struct folding *folding)
{
	const struct dc_plan *plan = folding->plan;
	const uint32_t counts[PARTS] = {plan->job_count,     plan->operation_count,
					plan->line_count,    plan->bundle_count,
					plan->message_count, plan->link_count};
	uint32_t most = 0;

	for (int p = 0; p < PARTS; p++) {
		struct colours *colours = &folding->parts[p];
		size_t count = counts[p] + 1u;

		colours->count = counts[p];
		colours->now = calloc(count, sizeof *colours->now);
		colours->sum = calloc(count, sizeof *colours->sum);
		colours->class = calloc(count, sizeof *colours->class);
		colours->first = calloc(count, sizeof *colours->first);
		colours->members = calloc(count, sizeof *colours->members);
		if (!colours->now || !colours->sum || !colours->class || !colours->first ||
		    !colours->members)
			return false;
		if (counts[p] > most)
			most = counts[p];
	}
	folding->room = 16;
	while (folding->room < 2 * (size_t)most)
		folding->room *= 2;
	folding->keys = calloc(folding->room, sizeof *folding->keys);
	folding->values = calloc(folding->room, sizeof *folding->values);
	return folding->keys && folding->values;
}

enum dc_status dc_plan_fold(const struct dc_plan *plan, uint64_t work_most, struct dc_plan *folded,
			    bool *made)
{
	struct folding folding = {.plan = plan};
	enum dc_status status = DC_ERR_MEMORY;

	*made = false;
	*folded = (struct dc_plan){0};
	if (allocate(&folding)) {
		status = DC_OK;
		*made = refine(&folding, work_most);
		if (*made)
			status = emit(&folding, folded);
	}
	for (int p = 0; p < PARTS; p++) {
		free(folding.parts[p].now);
		free(folding.parts[p].sum);
		free(folding.parts[p].class);
		free(folding.parts[p].first);
		free(folding.parts[p].members);
	}
	free(folding.keys);
	free(folding.values);
	if (status)
		dc_plan_fini(folded);
	return status;
}
