/* Validation: recognising tables, collecting results, statistics. */
#include "study/validation.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct dc_validation_kind *const known_kinds[] = {
	&dc_validation_flows,
	&dc_validation_collectives,
	&dc_validation_all_reduces,
	&dc_validation_training,
};

enum { KINDS = sizeof known_kinds / sizeof *known_kinds };

size_t dc_validation_kinds(const struct dc_validation_kind *const **kinds)
{
	*kinds = known_kinds;
	return KINDS;
}

enum dc_status dc_validation_init(struct dc_validation *validation, struct dc_diag *diag,
				  const char *const *data_folders)
{
	*validation = (struct dc_validation){
		.arena = dc_arena_create(),
		.diag = diag,
		.config = dc_config_create(diag, data_folders),
		.folders = data_folders,
	};
	return validation->arena && validation->config ? DC_OK : DC_ERR_MEMORY;
}

void dc_validation_fini(struct dc_validation *validation)
{
	dc_arena_destroy(validation->arena);
	dc_config_destroy(validation->config);
	free(validation->results);
	*validation = (struct dc_validation){0};
}

enum dc_status dc_validation_add(struct dc_validation *validation,
				 const struct dc_validation_result *result)
{
	if (validation->count == validation->capacity) {
		size_t capacity = validation->capacity ? validation->capacity * 2 : 256;
		struct dc_validation_result *more =
			realloc(validation->results, capacity * sizeof *more);

		if (!more)
			return DC_ERR_MEMORY;
		validation->results = more;
		validation->capacity = capacity;
	}
	validation->results[validation->count++] = *result;
	return DC_OK;
}

static bool has_columns(const struct dc_table *table, const struct dc_validation_kind *kind)
{
	for (const char *const *name = kind->columns; *name; name++)
		if (dc_table_column(table, *name) < 0)
			return false;
	return true;
}

static enum dc_status refuse(struct dc_validation *validation, const struct dc_table *table)
{
	struct dc_mark mark = {table->source, table->names[0].line, 1, 1};
	char text[1024];
	size_t used = 0;

	for (size_t i = 0; i < KINDS; i++) {
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s (", i ? "; " : "",
					 known_kinds[i]->name);
		for (const char *const *name = known_kinds[i]->columns; *name; name++)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
						 name == known_kinds[i]->columns ? "" : ", ",
						 *name);
		used += (size_t)snprintf(text + used, sizeof text - used, ")");
	}
	return dc_diag_error(validation->diag, &mark,
			     "no kind of table has these columns; known are: %s", text);
}

enum dc_status dc_validation_run(struct dc_validation *validation, const char *path,
				 const char *suite_column)
{
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct dc_table table;
	enum dc_status status = dc_table_read(validation->arena, validation->diag, path, &table);

	if (status)
		return status;
	if (suite_column && dc_table_column(&table, suite_column) < 0) {
		struct dc_mark mark = {table.source, table.names[0].line, 1, 1};

		return dc_diag_error(validation->diag, &mark, "there is no column '%s' to group by",
				     suite_column);
	}
	for (size_t i = 0; i < KINDS; i++)
		if (has_columns(&table, known_kinds[i]))
			return known_kinds[i]->run(validation, &table, suite_column, file);
	return refuse(validation, &table);
}

const char *dc_validation_suite(struct dc_validation *validation, const struct dc_table *table,
				size_t row, const char *suite_column, const char *file)
{
	int column = dc_table_column(table, suite_column ? suite_column : "suite");
	const char *dot = strrchr(file, '.');

	if (column >= 0)
		return dc_table_text(table, row, column);
	return dc_arena_strndup(validation->arena, file, dot ? (size_t)(dot - file) : strlen(file));
}

const char *dc_validation_id(struct dc_validation *validation, const struct dc_table *table,
			     size_t row)
{
	int column = dc_table_column(table, "id");

	if (column >= 0)
		return dc_table_text(table, row, column);
	return dc_arena_printf(validation->arena, "%zu", row + 1);
}

double dc_validation_error(const struct dc_validation_result *result)
{
	if (result->predicted == result->measured)
		return 0;
	return result->predicted / result->measured - 1;
}

/* Slope of the errors over log2 of the scale, of those that count. */
static double drift_of(const struct dc_validation *validation, const char *suite, bool doubtful)
{
	double count = 0, x = 0, y = 0, xx = 0, xy = 0;

	for (size_t i = 0; i < validation->count; i++) {
		const struct dc_validation_result *r = &validation->results[i];
		double scale = r->scale > 0 ? log2(r->scale) : 0;
		double error = dc_validation_error(r);

		if ((suite && strcmp(r->suite, suite) != 0) || r->failure || r->unscored ||
		    (r->doubtful && !doubtful) || !(r->scale > 0))
			continue;
		count++;
		x += scale;
		y += error;
		xx += scale * scale;
		xy += scale * error;
	}
	xx -= count > 0 ? x * x / count : 0;
	return xx > 1e-9 ? (xy - x * y / count) / xx : (double)NAN;
}

enum dc_status dc_validation_summarize(const struct dc_validation *validation, const char *suite,
				       bool doubtful, struct dc_validation_statistics *statistics)
{
	double *errors = calloc(validation->count + 1, sizeof *errors);
	double bias = 0;

	*statistics = (struct dc_validation_statistics){0};
	if (!errors)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < validation->count; i++) {
		const struct dc_validation_result *r = &validation->results[i];

		if (suite && strcmp(r->suite, suite) != 0)
			continue;
		if (r->failure) {
			statistics->failed++;
			continue;
		}
		if (r->unscored) {
			statistics->unscored++;
			continue;
		}
		statistics->doubtful += r->doubtful;
		if (r->doubtful && !doubtful)
			continue;
		bias += dc_validation_error(r);
		errors[statistics->count++] = fabs(dc_validation_error(r));
	}
	if (statistics->count) {
		size_t n = statistics->count;

		gsl_sort(errors, 1, n);
		statistics->mean = gsl_stats_mean(errors, 1, n);
		statistics->median = gsl_stats_quantile_from_sorted_data(errors, 1, n, 0.5);
		statistics->percentile90 = gsl_stats_quantile_from_sorted_data(errors, 1, n, 0.9);
		statistics->largest = errors[n - 1];
		statistics->bias = bias / (double)n;
	}
	statistics->drift = drift_of(validation, suite, doubtful);
	free(errors);
	return DC_OK;
}
