/* Quantities in tables of text: cells with units, read as YAML's values are. */
#include "config/table_quantity.h"

static enum dc_status refuse(struct dc_diag *diag, const struct dc_mark *mark, const char *name,
			     const char *text, enum dc_dimension dimension,
			     const struct dc_units_error *error)
{
	const char *noun = dc_units_noun(dimension), *example = dc_units_example(dimension);

	switch (error->result) {
	case DC_UNITS_MISSING:
		return dc_diag_error(diag, mark, "%s: '%s' has no unit; write %s like '%s'", name,
				     text, noun, example);
	case DC_UNITS_UNKNOWN:
		return error->suggestion
			       ? dc_diag_error(diag, mark,
					       "%s: '%s' has an unknown unit '%s'; did you mean "
					       "'%s'?",
					       name, text, error->detail, error->suggestion)
			       : dc_diag_error(diag, mark,
					       "%s: '%s' has an unknown unit '%s'; write %s like "
					       "'%s'",
					       name, text, error->detail, noun, example);
	case DC_UNITS_WRONG:
		return dc_diag_error(diag, mark, "%s: '%s' is %s, expected %s like '%s'", name,
				     text, dc_units_noun(error->other), noun, example);
	case DC_UNITS_TRAILING:
		return dc_diag_error(diag, mark, "%s: '%s' has '%s' behind it; write %s like '%s'",
				     name, text, error->detail, noun, example);
	case DC_UNITS_RANGE:
		return dc_diag_error(diag, mark, "%s: '%s' is too large", name, text);
	default:
		return dc_diag_error(diag, mark, "%s: '%s' is not %s; write it like '%s'", name,
				     text, noun, example);
	}
}

enum dc_status dc_table_quantity(const struct dc_table *table, struct dc_diag *diag, size_t row,
				 int column, enum dc_dimension dimension, double *value)
{
	const char *text = dc_table_text(table, row, column);
	struct dc_mark mark = dc_table_mark(table, row, column);
	struct dc_units_error error;

	if (!*text)
		return dc_diag_error(diag, &mark, "%s: expected %s like '%s', found an empty cell",
				     column < 0 ? "row" : table->names[column].text,
				     dc_units_noun(dimension), dc_units_example(dimension));
	if (dc_units_parse(text, dimension, value, &error))
		return DC_OK;
	return refuse(diag, &mark, column < 0 ? "row" : table->names[column].text, text, dimension,
		      &error);
}

enum dc_status dc_table_columns(const struct dc_table *table, struct dc_diag *diag,
				const char *const *names, size_t required, size_t count,
				int *columns)
{
	const struct dc_table_cell *first = &table->names[0];
	const struct dc_mark mark = {table->source, first->line, first->column, first->length};
	enum dc_status status = DC_OK;

	for (size_t i = 0; i < count; i++) {
		bool needed = i < required;

		columns[i] = dc_table_column(table, names[i]);
		if (needed && columns[i] < 0)
			status = dc_diag_error(diag, &mark, "the column '%s' is missing", names[i]);
	}
	return status;
}
