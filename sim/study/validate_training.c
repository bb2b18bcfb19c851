/* Published training runs: the time of an iteration, predicted from the plan that the source prints.
 *
 * Columns: training_row.h. The accelerator is one of `dcsim catalog accelerators`; its links and transports are
 * those of the machine that has it (dcsim catalog machines), with the table's rates; the software is that
 * of the suite (suites.h). What the plan leaves blank is searched: of the micro-batches, parts per stage
 * and recomputations that fit in memory, the fastest; recomputation as little as fits. Rows whose notes
 * say doubtful count in a line of their own. */
#include <math.h>
#include <string.h>

#include "study/machine.h"
#include "study/prediction.h"
#include "study/suites.h"
#include "study/validation.h"

enum { MOST_MICRO = 16, MOST_INTERLEAVE = 24 };

struct reader {
	struct dc_validation *validation;
	const struct dc_table *table;
	const struct dc_suites *suites;
	const struct dc_measured_machine **machines;
	size_t machine_count;
};

/* A row on its machine, and the best plan so far. */
struct search {
	struct reader *reader;
	struct dc_config *config;
	struct dc_diag *diag; /* for plans that are not possible: nobody reads it */
	struct dc_training_row row;
	const struct dc_suite_rule *rule;
	const struct dc_accelerator *accelerator;
	struct dc_fabric fabric;
	struct dc_training_choice best;
	double iteration_s; /* of the best; 0: none yet */
	double bytes;
};

/* --- the machine --- */

static enum dc_status read_accelerator(struct search *s, const char **why)
{
	const struct dc_mark nowhere = {0};
	const char *const *names;
	size_t count;
	struct dc_node *name;
	void *entry;
	enum dc_status status = dc_catalogue_names(s->config, "accelerators", &names, &count);

	*why = dc_arena_printf(
		dc_config_arena(s->config),
		"no accelerator is called '%s' (dcsim catalog accelerators lists them)",
		s->row.accelerator);
	for (size_t i = 0; i < count && !status; i++) {
		if (strcmp(names[i], s->row.accelerator) != 0)
			continue;
		name = dc_node_scalar(dc_config_arena(s->config), &nowhere, names[i]);
		if (!name)
			return DC_ERR_MEMORY;
		status = dc_catalogue_read(s->config, &dc_accelerator_family, name, &entry);
		s->accelerator = entry;
		return status;
	}
	return status ? status : DC_ERR_RUN;
}

/* Domains as large as the table says, or the largest that divide the accelerators. */
static uint64_t domain_of(const struct dc_training_row *row)
{
	uint64_t most = row->domain > row->per_node ? row->domain : row->per_node, below, above;

	dc_nearest_divisors(row->accelerators, most ? most : 1, &below, &above);
	return below;
}

static enum dc_status find_machine(struct search *s, const char **why)
{
	const struct reader *r = s->reader;
	const struct dc_machine_cluster cluster = {
		.accelerators = s->row.accelerators,
		.domain = domain_of(&s->row),
		.inside_bps = s->row.inside_bps,
		.between_bps = s->row.between_bps,
		.network = "InfiniBand", /* of all runs that say what they ran on */
	};
	const struct dc_measured_machine *machine = NULL;

	for (size_t i = 0; i < r->machine_count && !machine; i++)
		if (dc_machine_is(r->machines[i], s->row.accelerator))
			machine = r->machines[i];
	*why = dc_arena_printf(dc_config_arena(s->config),
			       "no machine is known for '%s' (dcsim catalog machines lists them)",
			       s->row.accelerator);
	if (!machine)
		return DC_ERR_RUN;
	return dc_machine_build_cluster(machine, s->config, &cluster, &s->fabric, why);
}

/* --- the search --- */

static enum dc_status measure(struct search *s, const struct dc_training_choice *choice,
			      struct dc_prediction_request *request, double *bytes)
{
	struct dc_training_workload *workload;
	enum dc_status status = dc_training_row_workload(&s->row, choice, s->rule->software,
							 s->rule->dropout, s->config, &workload);

	*request = (struct dc_prediction_request){workload, s->accelerator, &s->fabric};
	return status ? status : dc_prediction_memory(request, s->diag, bytes);
}

/* A plan, if it fits and is faster than the best. `given`: the source printed all of it, so it did fit. */
static enum dc_status try_plan(struct search *s, const struct dc_training_choice *choice,
			       bool given, bool *fits)
{
	struct dc_prediction_request request;
	struct dc_prediction prediction;
	double bytes = 0;
	enum dc_status status = measure(s, choice, &request, &bytes);

	*fits = !status && bytes <= s->accelerator->memory.size_bytes;
	if (status == DC_ERR_INPUT && !given)
		return DC_OK;
	if (status || (!*fits && !given))
		return status;
	status = dc_prediction_run(&request, s->diag, &prediction);
	if (status || (s->iteration_s > 0 && prediction.iteration_s >= s->iteration_s))
		return status;
	s->iteration_s = prediction.iteration_s;
	s->best = *choice;
	s->bytes = bytes;
	return DC_OK;
}

/* As little recomputation as fits: none, then layers one by one, then all. */
static enum dc_status try_recomputations(struct search *s, struct dc_training_choice choice)
{
	uint64_t layers = (s->row.layers + s->row.pipeline - 1) / s->row.pipeline;
	bool fits = false;
	enum dc_status status;

	choice.recompute = DC_RECOMPUTE_NONE;
	status = try_plan(s, &choice, false, &fits);
	choice.recompute = DC_RECOMPUTE_FULL;
	for (uint64_t k = 1; k <= layers && !fits && !status; k++) {
		choice.recompute_layers = k < layers ? k : 0;
		status = try_plan(s, &choice, false, &fits);
	}
	return status;
}

static enum dc_status try_choice(struct search *s, struct dc_training_choice choice)
{
	const struct dc_training_row *row = &s->row;
	bool given = row->micro_batch && row->interleave, fits;

	if (row->recompute == DC_ROW_RECOMPUTE_BLANK)
		return try_recomputations(s, choice);
	choice.recompute = row->recompute == DC_ROW_RECOMPUTE_SELECTIVE ? DC_RECOMPUTE_SELECTIVE
			   : row->recompute == DC_ROW_RECOMPUTE_FULL    ? DC_RECOMPUTE_FULL
									: DC_RECOMPUTE_NONE;
	return try_plan(s, &choice, given, &fits);
}

/* Parts per stage that the layers and the micro-batches allow. */
static enum dc_status try_interleaves(struct search *s, uint64_t micro)
{
	const struct dc_training_row *row = &s->row;
	uint64_t stage = row->layers / row->pipeline;
	uint64_t count = row->global_batch / row->data / micro;
	enum dc_status status = DC_OK;

	if (row->interleave)
		return try_choice(s, (struct dc_training_choice){micro, row->interleave, 0, 0});
	for (uint64_t v = 1; v <= MOST_INTERLEAVE && v <= stage && !status; v++)
		if (stage % v == 0 && (v == 1 || count % row->pipeline == 0))
			status = try_choice(s, (struct dc_training_choice){micro, v, 0, 0});
	return status;
}

static enum dc_status search(struct search *s)
{
	uint64_t each = s->row.global_batch / s->row.data;
	enum dc_status status = DC_OK;

	if (s->row.micro_batch)
		return try_interleaves(s, s->row.micro_batch);
	for (uint64_t micro = 1; micro <= each && micro <= MOST_MICRO && !status; micro *= 2)
		if (each % micro == 0)
			status = try_interleaves(s, micro);
	return status;
}

/* Nothing fits, yet the source measured it: the plan that needs least is taken, and said not to fit. */
static enum dc_status take_the_smallest(struct search *s, const char **why)
{
	struct dc_training_choice choice = {
		.micro = s->row.micro_batch ? s->row.micro_batch : 1,
		.interleave = s->row.interleave ? s->row.interleave : 1,
		.recompute = DC_RECOMPUTE_FULL,
	};
	bool fits;
	enum dc_status status = try_plan(s, &choice, true, &fits);

	if (status == DC_ERR_INPUT || status == DC_ERR_RUN) {
		*why = "no plan fits in memory";
		return DC_ERR_RUN;
	}
	return status;
}

/* --- rows --- */

static const char *describe(const struct search *s)
{
	static const char *const recomputes[] = {"none", "selective", "full"};
	struct dc_arena *arena = s->reader->validation->arena;
	const char *layers = "";

	if (s->best.recompute_layers)
		layers = dc_arena_printf(arena, " in %llu layers",
					 (unsigned long long)s->best.recompute_layers);
	if (!layers)
		return NULL;
	return dc_arena_printf(
		arena, "%s; micro-batch %llu, interleave %llu, recompute %s%s; %.3g GB%s%s",
		s->rule->software->name, (unsigned long long)s->best.micro,
		(unsigned long long)s->best.interleave, recomputes[s->best.recompute], layers,
		s->bytes / 1e9,
		s->bytes > s->accelerator->memory.size_bytes ? " (does not fit)" : "",
		s->accelerator->efficiency.calibration ? "" : "; uncalibrated");
}

static enum dc_status predict(struct search *s, const char *suite, const char **why)
{
	enum dc_status status = read_accelerator(s, why);

	if (!status)
		status = find_machine(s, why);
	if (status)
		return status;
	*why = "no rule of catalog/suites names its software";
	s->rule = dc_suites_find(s->reader->suites, suite, &s->row);
	if (!s->rule)
		return DC_ERR_RUN;
	*why = NULL;
	if (s->rule->recompute)
		s->row.recompute = (enum dc_training_row_recompute)(s->rule->recompute - 1);
	status = search(s);
	if (status == DC_ERR_INPUT || status == DC_ERR_RUN) {
		*why = dc_arena_printf(s->reader->validation->arena, "its plan cannot be run: %s",
				       dc_diag_first_error(s->diag));
		return DC_ERR_RUN;
	}
	if (!status && !(s->iteration_s > 0))
		status = take_the_smallest(s, why);
	return status;
}

static enum dc_status run_row(struct reader *r, size_t number, const char *suite_column,
			      const char *file)
{
	struct dc_validation *validation = r->validation;
	struct dc_validation_result result = {
		.suite = dc_validation_suite(validation, r->table, number, suite_column, file),
		.id = dc_validation_id(validation, r->table, number),
		.quantity = "iteration",
		.unit = "s",
	};
	struct search s = {.reader = r};
	const char *why = dc_training_row_read(r->table, number, validation->arena, &s.row);
	enum dc_status status = DC_OK;

	if (!result.suite || !result.id)
		return DC_ERR_MEMORY;
	/* Rows have configurations of their own: what is read for one is freed with it. */
	s.diag = dc_diag_create();
	s.config = dc_config_create(s.diag, validation->folders);
	if (!s.diag || !s.config)
		status = DC_ERR_MEMORY;
	if (!status && !why)
		status = predict(
			&s, dc_table_text(r->table, number, dc_table_column(r->table, "suite")),
			&why);
	if (status == DC_ERR_RUN)
		status = DC_OK;
	result.measured = s.row.iteration_s;
	result.failure = why ? dc_arena_strdup(validation->arena, why) : NULL;
	if (!status && !why) {
		result.predicted = s.iteration_s;
		result.scale = (double)s.row.accelerators;
		result.detail = describe(&s);
		result.doubtful = strstr(s.row.notes, "doubtful") != NULL;
	}
	dc_config_destroy(s.config);
	dc_diag_destroy(s.diag);
	return status ? status : dc_validation_add(validation, &result);
}

static enum dc_status run(struct dc_validation *validation, const struct dc_table *table,
			  const char *suite_column, const char *file)
{
	struct reader r = {.validation = validation, .table = table};
	enum dc_status status = dc_suites_read(validation->config, &r.suites);

	if (!status)
		status = dc_machine_read_all(validation->config, &r.machines, &r.machine_count);
	for (size_t i = 0; i < table->rows && !status; i++)
		status = run_row(&r, i, suite_column, file);
	return status;
}

static const char *const columns[] = {"layers",       "hidden",       "heads",
				      "seq",          "global_batch", "accelerator",
				      "accelerators", "iteration_s",  NULL};

const struct dc_validation_kind dc_validation_training = {
	.name = "training",
	.doc = "training runs of transformers, by the software of their suite; time of an iteration",
	.columns = columns,
	.run = run,
};
