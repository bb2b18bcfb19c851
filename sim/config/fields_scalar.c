/* Scalars of field tables: numbers with units, counts, truths, choices, texts, dates. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_private.h"

enum { CHOICES_LIMIT = 64 };

/* What a message about a value needs. */
struct subject {
	struct dc_config *config;
	const struct dc_section *section;
	const struct dc_field *field;
	const struct dc_node *node;
	const char *shown; /* the value, quoted and cut */
};

/* "section: key: ..." at the value. */
static DC_PRINTF(2, 3) enum dc_status refuse(const struct subject *s, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = dc_arena_vprintf(s->config->arena, format, args);
	va_end(args);
	return dc_diag_error(s->config->diag, &s->node->mark, "%s: %s: %s", s->section->name,
			     s->field->key, text ? text : "out of memory");
}

static enum dc_status check_range(const struct subject *s, double value)
{
	char words[160];
	double min, max;
	bool above;

	dc_field_range(s->field, &min, &max, &above);
	if (value >= min && value <= max && !(above && value <= min))
		return DC_OK;
	dc_field_range_words(s->field, words, sizeof words);
	return refuse(s, "%s is out of range; expected %s", s->shown, words);
}

static enum dc_status refuse_unit(const struct subject *s, const struct dc_units_error *error)
{
	enum dc_dimension dimension = s->field->dimension;
	const char *noun = dc_units_noun(dimension), *example = dc_units_example(dimension);
	const char *hint =
		error->suggestion
			? dc_arena_printf(s->config->arena, "did you mean '%s'?", error->suggestion)
			: dc_arena_printf(s->config->arena, "write %s like '%s'", noun, example);

	if (!hint)
		return DC_ERR_MEMORY;
	switch (error->result) {
	case DC_UNITS_MISSING:
		return refuse(s, "%s has no unit; write %s like '%s'", s->shown, noun, example);
	case DC_UNITS_UNKNOWN:
		return refuse(s, "%s has an unknown unit '%s'; %s", s->shown, error->detail, hint);
	case DC_UNITS_WRONG:
		return refuse(s, "%s is %s, expected %s; %s", s->shown, dc_units_noun(error->other),
			      noun, hint);
	case DC_UNITS_TRAILING:
		return refuse(s, "%s has '%s' behind it; write %s like '%s'", s->shown,
			      error->detail, noun, example);
	case DC_UNITS_RANGE:
		return refuse(s, "%s is too large", s->shown);
	default:
		return refuse(s, "%s is not %s; write it like '%s'", s->shown, noun, example);
	}
}

/* A plain number written in quotes is a text. */
static enum dc_status refuse_quoted(const struct subject *s)
{
	return refuse(s, "%s is in quotes, which makes it a text; expected %s", s->shown,
		      dc_field_kind_words(s->field));
}

static enum dc_status read_quantity(const struct subject *s, double *value)
{
	struct dc_units_error error;

	if (s->node->quoted && s->field->dimension == DC_DIM_NONE)
		return refuse_quoted(s);
	if (!dc_units_parse(s->node->text, s->field->dimension, value, &error))
		return refuse_unit(s, &error);
	return check_range(s, *value);
}

static bool all_digits(const char *text)
{
	return !text[strspn(text, "0123456789_")];
}

/* Digits alone keep what a double beyond 2^53 would drop. False when they overflow. */
static bool digits_value(const char *text, uint64_t *value)
{
	*value = 0;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text == '_')
			continue;
		if (*value > (UINT64_MAX - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	return true;
}

static enum dc_status read_count(const struct subject *s, uint64_t *count)
{
	const char *text = s->node->text;
	struct dc_units_error error;
	double value;

	if (s->node->quoted)
		return refuse_quoted(s);
	if (!dc_units_parse(text, DC_DIM_NONE, &value, &error) || strchr(text, '%'))
		return refuse(s, "%s is not a whole number", s->shown);
	if (value < 0)
		return check_range(s, value);
	if (value != floor(value))
		return refuse(s, "%s is not a whole number", s->shown);
	if (!all_digits(text))
		*count = value < 0x1p64 ? (uint64_t)value : 0;
	if (all_digits(text) ? !digits_value(text, count) : value >= 0x1p64)
		return refuse(s, "%s is too large", s->shown);
	return check_range(s, value);
}

static enum dc_status read_bool(const struct subject *s, bool *value)
{
	if (s->node->quoted)
		return refuse_quoted(s);
	*value = strcmp(s->node->text, "true") == 0;
	if (*value || strcmp(s->node->text, "false") == 0)
		return DC_OK;
	return refuse(s, "%s is neither true nor false", s->shown);
}

static enum dc_status read_enum(const struct subject *s, int *value)
{
	const char *const *choices = s->field->choices;
	const char *valid[CHOICES_LIMIT] = {NULL}, *suggestion;
	size_t count = 0;

	for (int i = 0; choices[i]; i++) {
		if (*choices[i] == '!') {
			if (strcmp(choices[i] + 1, s->node->text) == 0)
				return refuse(s, "%s is not supported yet", s->shown);
			continue;
		}
		if (strcmp(choices[i], s->node->text) == 0) {
			*value = i;
			return DC_OK;
		}
		if (count < CHOICES_LIMIT)
			valid[count++] = choices[i];
	}
	suggestion = dc_diag_nearest(s->node->text, valid, count);
	if (suggestion)
		return refuse(s, "%s is not one of %s; did you mean '%s'?", s->shown,
			      dc_names_joined(s->config->arena, valid, count, CHOICES_LIMIT),
			      suggestion);
	return refuse(s, "%s is not one of %s", s->shown,
		      dc_names_joined(s->config->arena, valid, count, CHOICES_LIMIT));
}

static enum dc_status read_date(const struct subject *s, struct dc_date *date)
{
	const char *text = s->node->text;

	if (dc_date_parse(text, date))
		return DC_OK;
	if (strspn(text, "0123456789") == 4 && strncmp(text + 4, "-02-29", 6) == 0)
		return refuse(
			s,
			"%s is no date of a year of 365 days; write it like '2024-07-15T12:00:00'",
			s->shown);
	return refuse(s, "%s is not a date; expected YYYY-MM-DD or YYYY-MM-DDThh:mm:ss", s->shown);
}

/* Texts may not be empty where one is required or names a file. */
static enum dc_status read_text(const struct subject *s, const char **text)
{
	if (!*s->node->text && (s->field->kind == DC_PATH || s->field->flags & DC_REQUIRED))
		return refuse(s, "expected %s, found an empty text", dc_field_kind_words(s->field));
	*text = s->node->text;
	return DC_OK;
}

static enum dc_status prepare(struct subject *s)
{
	const char *kind = dc_field_kind_words(s->field);

	s->shown = dc_node_words(s->config->arena, s->node);
	if (s->node->kind == DC_NODE_SCALAR)
		return DC_OK;
	if (s->field->kind == DC_QUANTITY || s->field->kind == DC_NUMBERS)
		return refuse(s, "expected %s like '%s', found %s",
			      dc_units_noun(s->field->dimension),
			      dc_units_example(s->field->dimension), s->shown);
	return refuse(s, "expected %s, found %s", kind, s->shown);
}

enum dc_status dc_field_read_quantity(struct dc_config *config, const struct dc_section *section,
				      const struct dc_field *field, const struct dc_node *node,
				      double *value)
{
	struct subject s = {.config = config, .section = section, .field = field, .node = node};
	enum dc_status status = prepare(&s);

	return status == DC_OK ? read_quantity(&s, value) : status;
}

enum dc_status dc_field_read_scalar(struct dc_config *config, const struct dc_section *section,
				    const struct dc_field *field, const struct dc_node *node,
				    void *place)
{
	struct subject s = {.config = config, .section = section, .field = field, .node = node};
	enum dc_status status = prepare(&s);

	if (status != DC_OK)
		return status;
	switch (field->kind) {
	case DC_QUANTITY:
	case DC_REAL:
		return read_quantity(&s, place);
	case DC_COUNT:
		return read_count(&s, place);
	case DC_BOOL:
		return read_bool(&s, place);
	case DC_ENUM:
		return read_enum(&s, place);
	case DC_DATE:
		return read_date(&s, place);
	default:
		return read_text(&s, place);
	}
}
