/* The words of field tables: kinds, ranges and names, for messages and the schema alike. */
#include <math.h>
#include <string.h>

#include "config/config_private.h"

const struct dc_field *dc_section_field(const struct dc_section *section, const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->fields[i].key, key) == 0)
			return &section->fields[i];
	return NULL;
}

void dc_field_range(const struct dc_field *field, double *min, double *max, bool *above)
{
	*min = field->min;
	*max = field->max;
	*above = field->flags & DC_POSITIVE && field->min <= 0;
	if (field->min == 0 && field->max == 0) {
		*min = field->flags & DC_POSITIVE || field->kind == DC_COUNT ? 0 : -INFINITY;
		*max = INFINITY;
	} else if (field->max < field->min) {
		*max = INFINITY;
	}
	if (*above || (field->kind == DC_COUNT && *min < 0))
		*min = 0;
}

void dc_field_range_words(const struct dc_field *field, char *text, size_t size)
{
	char low[64], high[64];
	double min, max;
	bool above;

	dc_field_range(field, &min, &max, &above);
	dc_units_format(min, field->dimension, low, sizeof low);
	dc_units_format(max, field->dimension, high, sizeof high);
	if (isinf(min) && isinf(max))
		snprintf(text, size, "%s", "");
	else if (isinf(min))
		snprintf(text, size, "at most %s", high);
	else if (isinf(max) && above)
		snprintf(text, size, "above %s", low);
	else if (isinf(max))
		snprintf(text, size, "%s or more", low);
	else if (above)
		snprintf(text, size, "above %s and at most %s", low, high);
	else
		snprintf(text, size, "%s to %s", low, high);
}

const char *dc_field_kind_words(const struct dc_field *field)
{
	static const char *const kinds[] = {
		[DC_REAL] = "a number",
		[DC_COUNT] = "a whole number",
		[DC_BOOL] = "true or false",
		[DC_ENUM] = "a choice",
		[DC_STRING] = "a text",
		[DC_PATH] = "a file",
		[DC_DATE] = "a date",
		[DC_SECTION] = "a map",
		[DC_OPTIONAL] = "a map",
		[DC_LIST] = "a list",
		[DC_NUMBERS] = "a list of numbers",
		[DC_TAGGED] = "a map",
		[DC_CATALOGUE] = "a catalogue name or a map",
		[DC_NODE] = "any value",
		[DC_RESERVED] = "reserved",
	};

	return field->kind == DC_QUANTITY ? dc_units_noun(field->dimension) : kinds[field->kind];
}

const char *dc_field_example(const struct dc_field *field)
{
	static const double hour_s = 3600, two_days_s = 172800;
	double min, max;
	bool above;

	if (field->fallback && strchr("123456789-[", *field->fallback))
		return field->fallback;
	dc_field_range(field, &min, &max, &above);
	if (field->dimension == DC_DIM_TIME && isfinite(max) && max > hour_s)
		return max >= two_days_s ? "48 h" : "1 h";
	return dc_units_example(field->dimension);
}

const char *dc_node_words(struct dc_arena *arena, const struct dc_node *node)
{
	const char *words;

	if (node->kind == DC_NODE_LIST)
		return node->count ? "a list" : "an empty list";
	if (node->kind == DC_NODE_MAP)
		return node->count ? "a map" : "an empty map";
	words = dc_arena_printf(arena, "'%s'", dc_tree_quote(arena, node->text));
	return words ? words : "a text";
}

const char *dc_names_joined(struct dc_arena *arena, const char *const *names, size_t count,
			    size_t limit)
{
	const char *text = "";
	size_t shown = 0;

	for (size_t i = 0; text && i < count; i++) {
		if (!names[i] || *names[i] == '!')
			continue;
		if (shown++ == limit)
			return dc_arena_printf(arena, "%s, ...", text);
		text = dc_arena_printf(arena, "%s%s%s", text, *text ? ", " : "", names[i]);
	}
	return text ? text : "";
}
