/* Nearby: the search for plans that fit. */
#include "training/nearby.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "training/fitting.h"
#include "training/stages.h"

enum { SUGGESTIONS = 4, STEPS = 4, TRIALS = 400, PARTS = 4096 };

/* What may be changed, in the order in which it costs least. */
enum change { MICRO, SEQUENCE, SELECTIVE, FULL, ZERO, EXPERT, TENSOR, PIPELINE, CHANGES };

/* Keys of a plan that may differ from what the user wrote. */
struct trial {
	uint64_t micro; /* 0: as it was written */
	bool sequence, ends;
	int recompute;
	uint64_t recompute_layers, zero, expert, tensor, pipeline, interleave;
	bool uneven; /* stages are listed */
};

struct search {
	const struct dc_training_workload *workload;
	const struct dc_accelerator *accelerator;
	struct dc_parallel_subject subject;
	struct trial given;
	bool micro_given, global_given, each_given;
	double *stages; /* PARTS of them */
	unsigned trials;
	unsigned found;
	char *text;
	size_t size;
};

static unsigned long long ull(uint64_t x)
{
	return x;
}

/* --- one trial --- */

/* Stages as even as they get: the first and the last, which have embedding and head beside, are not those
 * that get one more. */
static void spread(const struct search *search, uint64_t parts)
{
	uint64_t each = search->subject.blocks / parts, more = search->subject.blocks % parts;

	for (uint64_t i = 0; i < parts; i++)
		search->stages[i] = (double)(each + (i > 0 && i <= more));
}

static bool lists_stages(const struct search *search, const struct trial *trial)
{
	return trial->uneven && trial->pipeline * trial->interleave <= PARTS &&
	       trial->pipeline * trial->interleave <= search->subject.blocks;
}

static void plan_of(const struct search *search, const struct trial *trial,
		    struct dc_training_workload *w)
{
	struct dc_parallelism *p = &w->parallelism;

	*w = *search->workload;
	w->batch.micro = trial->micro ? trial->micro : search->micro_given ? w->batch.micro : 0;
	w->batch.global = search->global_given ? w->batch.global : 0;
	w->batch.per_accelerator = search->each_given ? w->batch.per_accelerator : 0;
	w->recompute = trial->recompute;
	w->recompute_layers = trial->recompute_layers;
	p->data_text = "all";
	p->sequence = trial->sequence;
	p->zero = trial->zero;
	p->expert = trial->expert;
	p->tensor = trial->tensor;
	p->pipeline = trial->pipeline;
	p->interleave = trial->interleave;
	p->ends = trial->ends ? DC_ENDS_LAYERS : DC_ENDS_EXTRA;
	if (!lists_stages(search, trial))
		return;
	spread(search, trial->pipeline * trial->interleave);
	p->stages = (struct dc_list){search->stages, trial->pipeline * trial->interleave};
}

/* Whether a plan is possible and fits. Its own messages are not the user's. */
static bool fits(struct search *search, const struct trial *trial)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_diag *diag = dc_diag_create();
	struct dc_training_workload w;
	struct dc_training_fitting fitting;
	bool good = arena && diag;

	search->trials++;
	plan_of(search, trial, &w);
	good = good && dc_training_settle_for(&w, &search->subject, diag) == DC_OK &&
	       dc_training_fit(&w, NULL, arena, diag, &fitting) == DC_OK &&
	       fitting.stages[fitting.fullest].total_bytes <=
		       search->accelerator->memory.size_bytes;
	dc_arena_destroy(arena);
	dc_diag_destroy(diag);
	return good;
}

/* --- words --- */

__attribute__((format(printf, 3, 4))) static bool add(char *text, size_t size, const char *format,
						      ...)
{
	size_t used = strlen(text);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
	return length >= 0 && (size_t)length < size - used;
}

static bool add_count(char *text, size_t size, const char *key, uint64_t given, uint64_t value)
{
	return given == value || add(text, size, " %s=%llu", key, ull(value));
}

static bool add_stages(const struct search *search, const struct trial *trial, char *text,
		       size_t size)
{
	uint64_t parts = trial->pipeline * trial->interleave;
	bool good = add(text, size, " parallelism.stages='[");

	spread(search, parts);
	for (uint64_t i = 0; i < parts && good; i++)
		good = add(text, size, i ? ", %g" : "%g", search->stages[i]);
	return good && add(text, size, "]'");
}

/* Adds a plan as what it changes, unless there is no room. */
static void note(struct search *search, const struct trial *t)
{
	static const char *const recompute[] = {"none", "selective", "full"};
	const struct dc_parallelism *p = &search->workload->parallelism;
	const struct trial *g = &search->given;
	char *text = search->text;
	size_t used = strlen(text), n = search->size;
	bool all = strcmp(p->data_text ? p->data_text : "all", "all") == 0;
	bool good = add(text, n, search->found ? "; or" : "");

	good = good && add_count(text, n, "batch.micro", g->micro, t->micro);
	good = good && add(text, n, t->sequence > g->sequence ? " parallelism.sequence=true" : "");
	good = good && add(text, n, t->sequence < g->sequence ? " parallelism.sequence=false" : "");
	if (good && t->recompute != g->recompute)
		good = add(text, n, " recompute=%s", recompute[t->recompute]);
	good = good &&
	       add_count(text, n, "recompute_layers", g->recompute_layers, t->recompute_layers);
	good = good && add_count(text, n, "parallelism.zero", g->zero, t->zero);
	if (good && !all &&
	    t->tensor * t->pipeline != search->given.tensor * search->given.pipeline)
		good = add(text, n, " parallelism.data=all");
	good = good && add_count(text, n, "parallelism.expert", g->expert, t->expert);
	good = good && add_count(text, n, "parallelism.tensor", g->tensor, t->tensor);
	good = good && add_count(text, n, "parallelism.pipeline", g->pipeline, t->pipeline);
	good = good && add_count(text, n, "parallelism.interleave", g->interleave, t->interleave);
	good = good && add(text, n, t->ends != g->ends ? " parallelism.ends=layers" : "");
	if (good && lists_stages(search, t))
		good = add_stages(search, t, text, n);
	if (!good)
		text[used] = '\0';
	else if (!search->found) /* the blank before the first */
		memmove(text, text + 1, strlen(text));
	search->found += good;
}

/* --- degrees --- */

/* The least number beyond `after` that divides both; 0 when there is none. */
static uint64_t next_divisor(uint64_t a, uint64_t b, uint64_t after)
{
	for (uint64_t i = after + 1; i <= a && (!b || i <= b); i++)
		if (a % i == 0 && (!b || b % i == 0))
			return i;
	return 0;
}

static uint64_t next_tensor(const struct search *search, uint64_t after)
{
	if (!search->subject.splits)
		return 0;
	return next_divisor(search->subject.ranks, search->subject.heads, after);
}

static uint64_t next_expert(const struct search *search, uint64_t after)
{
	return search->subject.experts
		       ? next_divisor(search->subject.ranks, search->subject.experts, after)
		       : 0;
}

/* Stages that hold equally many blocks, or where `any`, each at least one. */
static uint64_t next_pipeline(const struct search *search, const struct trial *trial, bool any,
			      uint64_t after)
{
	uint64_t blocks = search->subject.blocks, next = after;

	if (!any)
		return next_divisor(search->subject.ranks, blocks + (trial->ends ? 2 : 0), after);
	next = next_divisor(search->subject.ranks, 0, after);
	return next <= blocks ? next : 0;
}

/* --- few changes --- */

/* One step of a change; false: there is none. */
static bool apply(const struct search *search, struct trial *trial, enum change change)
{
	uint64_t micro = trial->micro ? trial->micro : search->workload->batch.micro, below, above;

	switch (change) {
	case MICRO:
		if (micro < 2)
			return false;
		dc_nearest_divisors(micro, micro / 2, &below, &above);
		trial->micro = below;
		return true;
	case SEQUENCE:
		if (trial->sequence || trial->tensor == 1)
			return false;
		trial->sequence = true;
		return true;
	case SELECTIVE:
	case FULL:
		if (trial->recompute >=
		    (change == FULL ? DC_RECOMPUTE_FULL : DC_RECOMPUTE_SELECTIVE))
			return false;
		trial->recompute = change == FULL ? DC_RECOMPUTE_FULL : DC_RECOMPUTE_SELECTIVE;
		return true;
	case ZERO:
		trial->zero++;
		return trial->zero <= 3 && search->workload->parallelism.data > 1;
	case EXPERT:
		trial->expert = next_expert(search, trial->expert);
		return trial->expert > 0;
	case TENSOR:
		trial->tensor = next_tensor(search, trial->tensor);
		return trial->tensor > 0;
	case PIPELINE:
		trial->pipeline = next_pipeline(search, trial, false, trial->pipeline);
		return trial->pipeline > 0 && !search->workload->parallelism.stages.count;
	default:
		return false;
	}
}

/* One change, as often as it takes. */
static void try_change(struct search *search, const struct trial *from, enum change change)
{
	struct trial trial = *from;

	for (int step = 0; step < STEPS && search->found < SUGGESTIONS; step++) {
		if (!apply(search, &trial, change))
			return;
		if (!fits(search, &trial))
			continue;
		note(search, &trial);
		return;
	}
}

static void try_two(struct search *search, enum change first)
{
	struct trial trial = search->given;

	for (int step = 0; step < STEPS && search->found < SUGGESTIONS; step++) {
		if (!apply(search, &trial, first))
			return;
		for (int second = CHANGES - 1; second > (int)first; second--)
			try_change(search, &trial, (enum change)second);
	}
}

/* --- any plan --- */

/* What can be taken back of a plan that saves all it can, dearest first. */
static void relax(struct search *search, struct trial *trial)
{
	const struct trial *given = &search->given;

	for (int i = 0; i < 5; i++) {
		struct trial looser = *trial;

		if (i == 0) {
			looser.recompute = given->recompute;
			looser.recompute_layers = given->recompute_layers;
		} else if (i == 1) {
			looser.micro = given->micro;
		} else if (i == 2) {
			looser.zero = given->zero;
		} else if (i == 3) {
			looser.expert = given->expert;
		} else {
			looser.sequence = given->sequence && looser.tensor > 1;
		}
		if (fits(search, &looser))
			*trial = looser;
	}
}

/* A plan of these degrees that saves all it can, with as little of ZeRO as that takes. */
static bool try_degrees(struct search *search, struct trial *trial)
{
	const uint64_t zeros[] = {search->given.zero, 1, 3};

	trial->micro = 1;
	trial->recompute = DC_RECOMPUTE_FULL;
	trial->recompute_layers = 0;
	trial->sequence = trial->tensor > 1 &&
			  (!search->subject.sequence ||
			   search->subject.sequence % (trial->tensor *
						       search->workload->parallelism.context) ==
				   0);
	for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
		trial->zero = zeros[i];
		if (i && zeros[i] <= zeros[0])
			continue;
		if (search->trials < TRIALS && fits(search, trial))
			return true;
	}
	return false;
}

/* Ways of dividing a pipeline's stages: as given, with the ends counted, as even as it gets. */
static bool try_stages(struct search *search, struct trial *trial)
{
	uint64_t parts = trial->pipeline * trial->interleave, blocks = search->subject.blocks;

	trial->ends = search->given.ends;
	trial->uneven = false;
	if ((blocks + (trial->ends ? 2 : 0)) % parts == 0)
		return try_degrees(search, trial);
	trial->ends = true;
	if (parts > 1 && (blocks + 2) % parts == 0)
		return try_degrees(search, trial);
	trial->ends = search->given.ends;
	trial->uneven = true;
	return lists_stages(search, trial) && try_degrees(search, trial);
}

/* Plans whose degrees multiply to more than `above` and at most `most`: pipelines first where tensor
 * groups would leave a node. */
static bool try_products(struct search *search, uint64_t above, uint64_t most, struct trial *trial)
{
	bool found = false;

	for (uint64_t e = 1; e && e <= most && !found; e = next_expert(search, e)) {
		for (uint64_t t = 1; t && e * t <= most && !found; t = next_tensor(search, t)) {
			uint64_t p = 1;

			for (; p && e * t * p <= most && !found;
			     p = next_pipeline(search, &search->given, true, p)) {
				*trial = search->given;
				trial->expert = e;
				trial->tensor = t;
				trial->pipeline = p;
				if (p == 1)
					trial->interleave = 1;
				found = e * t * p > above && try_stages(search, trial);
			}
		}
	}
	return found;
}

/* Whether the states alone, shared by all, exceed what there is: then nothing helps. */
static bool is_hopeless(const struct search *search)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_diag *diag = dc_diag_create();
	struct dc_training_workload w = *search->workload;
	const struct dc_optimizer_use use = dc_training_optimizer(&w);
	struct dc_layers layers = {0};
	double parameters = 0;
	bool good = arena && diag && dc_model_expand(w.model, arena, diag, &layers) == DC_OK;

	for (size_t i = 0; good && i < layers.count; i++)
		parameters += layers.items[i].parameters;
	dc_arena_destroy(arena);
	dc_diag_destroy(diag);
	return parameters * (dc_optimizer_use_state_bytes(&use) +
			     dc_optimizer_gradient_bytes(&use) + dc_optimizer_weight_bytes(&use)) >
	       (double)search->subject.ranks * search->accelerator->memory.size_bytes;
}

static void search_any(struct search *search)
{
	struct trial trial;

	search->trials = 0;
	for (uint64_t most = 1; most <= search->subject.ranks; most *= 2) {
		if (!try_products(search, most / 2, most, &trial))
			continue;
		relax(search, &trial);
		note(search, &trial);
		return;
	}
}

/* --- the search --- */

static void begin(struct search *search)
{
	const struct dc_training_workload *w = search->workload;
	const struct dc_parallelism *p = &w->parallelism;

	search->micro_given = dc_node_get(w->batch.node, "micro");
	search->global_given = dc_node_get(w->batch.node, "global");
	search->each_given = !search->global_given;
	search->given = (struct trial){
		.micro = search->micro_given ? w->batch.micro : 0,
		.sequence = p->sequence,
		.ends = p->ends == DC_ENDS_LAYERS,
		.recompute = w->recompute,
		.recompute_layers = w->recompute_layers,
		.zero = p->zero,
		.expert = p->expert,
		.tensor = p->tensor,
		.pipeline = p->pipeline,
		.interleave = p->interleave,
	};
}

unsigned dc_training_nearby(const struct dc_training_workload *workload, uint64_t ranks,
			    const struct dc_accelerator *accelerator, char *text, size_t size)
{
	struct search search = {
		.workload = workload, .accelerator = accelerator, .text = text, .size = size};
	struct dc_arena *arena = dc_arena_create();
	struct dc_diag *diag = dc_diag_create();

	*text = '\0';
	begin(&search);
	search.stages = arena ? dc_arena_array(arena, PARTS, sizeof *search.stages) : NULL;
	if (search.stages && diag &&
	    dc_training_subject(workload->model, ranks, diag, &search.subject) == DC_OK &&
	    !is_hopeless(&search)) {
		for (int change = 0; change < CHANGES; change++)
			try_change(&search, &search.given, (enum change)change);
		for (int change = CHANGES - 1; change-- > 0 && !search.found;)
			try_two(&search, (enum change)change);
		if (!search.found)
			search_any(&search);
	}
	dc_diag_destroy(diag);
	dc_arena_destroy(arena);
	return search.found;
}
