/* Describing a section for people: aligned text, and Markdown tables. */
#include <math.h>
#include <string.h>

#include "config/fields_describe.h"

enum { KEY_COLUMN = 34, VALUE_COLUMN = 64, DEFAULT_COLUMN = 14 };

/* The sections on the way to the one described: one that comes again is only named. */
struct trail {
	const struct trail *outer;
	const struct dc_section *section;
	unsigned depth;
};

/* Where the description goes, and how much of it. */
struct writer {
	FILE *out;
	bool all;        /* reserved keys too */
	unsigned hidden; /* reserved keys that were left out */
};

static bool seen(const struct trail *trail, const struct dc_section *section)
{
	for (; trail; trail = trail->outer)
		if (trail->section == section)
			return true;
	return false;
}

static void append(char *text, size_t size, const char *more)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s", more);
}

static void choice_words(const struct dc_field *field, bool reserved, char *text, size_t size)
{
	for (const char *const *choice = field->choices; choice && *choice; choice++) {
		if ((**choice == '!') != reserved)
			continue;
		append(text, size, *text ? " | " : "");
		append(text, size, *choice + reserved);
	}
}

static void type_words(const struct dc_tagged_family *family, char *text, size_t size)
{
	append(text, size, family->tag);
	for (size_t i = 0; i < family->count; i++) {
		append(text, size, i ? " | " : ": ");
		append(text, size, family->types[i].name);
	}
}

void dc_field_value_words(const struct dc_field *field, char *text, size_t size)
{
	char range[160];

	*text = '\0';
	if (field->kind == DC_ENUM) {
		choice_words(field, false, text, size);
		return;
	}
	if (field->kind == DC_CATALOGUE) {
		snprintf(text, size, "a name of the catalogue '%s', a file, or a map",
			 field->catalogue->name);
		return;
	}
	if (field->kind == DC_TAGGED || (field->kind == DC_LIST && field->family)) {
		append(text, size, field->kind == DC_LIST ? "a list of maps with " : "a map with ");
		type_words(field->family, text, size);
		return;
	}
	append(text, size, field->kind == DC_LIST ? "a list of maps" : dc_field_kind_words(field));
	if (field->flags & DC_OR_SCALAR)
		append(text, size, " or a scalar");
	if (field->kind == DC_QUANTITY || (field->kind == DC_NUMBERS && field->dimension)) {
		append(text, size, " (");
		append(text, size, dc_field_example(field));
		append(text, size, ")");
	}
	if (field->kind == DC_QUANTITY || field->kind == DC_REAL || field->kind == DC_NUMBERS ||
	    field->kind == DC_COUNT) {
		dc_field_range_words(field, range, sizeof range);
		append(text, size, *range ? ", " : "");
		append(text, size, range);
	}
}

void dc_field_reserved_words(const struct dc_field *field, char *text, size_t size)
{
	const struct dc_tagged_family *family = field->family;

	*text = '\0';
	if (field->kind == DC_ENUM)
		choice_words(field, true, text, size);
	for (size_t i = 0; family && family->reserved && family->reserved[i]; i++) {
		append(text, size, i ? " | " : "");
		append(text, size, family->reserved[i]);
	}
}

static const char *default_words(const struct dc_field *field)
{
	if (field->flags & DC_REQUIRED)
		return "required";
	return field->fallback ? field->fallback : "-";
}

static bool is_tag(const struct dc_field *field, const char *tag)
{
	return tag && strcmp(field->key, tag) == 0;
}

/* What to do with a row: a type's tag is in its heading, reserved keys may be left out. */
static bool is_shown(const struct dc_field *field, const char *tag, struct writer *writer)
{
	if (is_tag(field, tag))
		return false;
	if (field->kind != DC_RESERVED || writer->all)
		return true;
	writer->hidden++;
	return false;
}

/* Shorthands stand for what is described elsewhere; reserved keys have nothing below. */
static bool has_below(const struct dc_field *field)
{
	return field->kind != DC_RESERVED && !(field->flags & DC_SHORTHAND);
}

static void text_section(const struct dc_section *section, const char *tag, unsigned column,
			 const struct trail *outer, struct writer *writer);

/* The key, indented, and what stands behind it, in columns that hold unless something is too long. */
static void text_row(const struct dc_field *field, unsigned column, FILE *out)
{
	char key[80], value[512], reserved[256];
	bool is_list = field->kind == DC_LIST;

	snprintf(key, sizeof key, "%*s%s%s", (int)column, "", field->key, is_list ? "[]" : "");
	if (field->kind == DC_RESERVED) {
		fprintf(out, "%-*s %-*s %-*s %s\n", KEY_COLUMN, key, VALUE_COLUMN,
			"(reserved: not supported yet)", DEFAULT_COLUMN, "-",
			field->help ? field->help : "");
		return;
	}
	dc_field_value_words(field, value, sizeof value);
	dc_field_reserved_words(field, reserved, sizeof reserved);
	fprintf(out, "%-*s %-*s %-*s %s", KEY_COLUMN, key, VALUE_COLUMN, value, DEFAULT_COLUMN,
		default_words(field), field->help ? field->help : "");
	if (*reserved)
		fprintf(out, " (not supported yet: %s)", reserved);
	fputc('\n', out);
}

static void text_types(const struct dc_tagged_family *family, unsigned column,
		       const struct trail *here, struct writer *writer)
{
	for (size_t i = 0; i < family->count; i++) {
		const struct dc_tagged_type *type = &family->types[i];

		fprintf(writer->out, "%*s(%s: %s) %s\n", (int)column, "", family->tag, type->name,
			type->section->doc ? type->section->doc : "");
		text_section(type->section, family->tag, column + 2, here, writer);
	}
}

static void text_section(const struct dc_section *section, const char *tag, unsigned column,
			 const struct trail *outer, struct writer *writer)
{
	const struct trail here = {outer, section, outer ? outer->depth + 1 : 0};

	if (seen(outer, section)) {
		fprintf(writer->out, "%*s(the keys of '%s', as above)\n", (int)column, "",
			section->name);
		return;
	}
	for (size_t i = 0; i < section->count; i++) {
		const struct dc_field *field = &section->fields[i];

		if (!is_shown(field, tag, writer))
			continue;
		text_row(field, column, writer->out);
		if (!has_below(field))
			continue;
		if (field->family)
			text_types(field->family, column + 2, &here, writer);
		else if (field->catalogue)
			text_section(field->catalogue->section, NULL, column + 2, &here, writer);
		else if (field->section)
			text_section(field->section, NULL, column + 2, &here, writer);
	}
}

/* A cell of a Markdown table: bars would end it. */
static void cell(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputs(" | ", out);
}

static void markdown_row(const struct dc_field *field, FILE *out)
{
	char value[512], reserved[256];

	fputs("| `", out);
	fputs(field->key, out);
	fputs("` | ", out);
	if (field->kind == DC_RESERVED) {
		cell("reserved: not supported yet", out);
		cell("", out);
		fprintf(out, "%s |\n", field->help ? field->help : "");
		return;
	}
	dc_field_value_words(field, value, sizeof value);
	dc_field_reserved_words(field, reserved, sizeof reserved);
	cell(value, out);
	cell(field->flags & DC_REQUIRED ? "required" : field->fallback ? field->fallback : "", out);
	fputs(field->help ? field->help : "", out);
	if (*reserved) {
		fputs(" (not supported yet: ", out);
		for (const char *c = reserved; *c; c++)
			fprintf(out, *c == '|' ? "\\%c" : "%c", *c);
		fputc(')', out);
	}
	fputs(" |\n", out);
}

/* The heading of a section's table: its path of keys, and what the section is. */
static void markdown_section(const struct dc_section *section, const char *path, const char *tag,
			     const struct trail *outer, struct writer *writer)
{
	const struct trail here = {outer, section, outer ? outer->depth + 1 : 0};
	FILE *out = writer->out;
	char inner[512];

	if (seen(outer, section))
		return;
	fprintf(out, "## %s\n\n", *path ? path : section->name);
	if (section->doc)
		fprintf(out, "%s\n\n", section->doc);
	fputs("| key | value | default | meaning |\n|---|---|---|---|\n", out);
	for (size_t i = 0; i < section->count; i++)
		if (is_shown(&section->fields[i], tag, writer))
			markdown_row(&section->fields[i], out);
	fputc('\n', out);
	for (size_t i = 0; i < section->count; i++) {
		const struct dc_field *field = &section->fields[i];
		const struct dc_section *below =
			field->catalogue ? field->catalogue->section : field->section;

		if (!has_below(field))
			continue;
		for (size_t j = 0; field->family && j < field->family->count; j++) {
			snprintf(inner, sizeof inner, "%s%s%s%s (%s: %s)", path, *path ? "." : "",
				 field->key, field->kind == DC_LIST ? "[]" : "", field->family->tag,
				 field->family->types[j].name);
			markdown_section(field->family->types[j].section, inner, field->family->tag,
					 &here, writer);
		}
		if (field->family || !below)
			continue;
		snprintf(inner, sizeof inner, "%s%s%s%s", path, *path ? "." : "", field->key,
			 field->kind == DC_LIST ? "[]" : "");
		markdown_section(below, inner, NULL, &here, writer);
	}
}

enum dc_status dc_section_describe(const struct dc_section *section, enum dc_schema_format format,
				   bool all, FILE *out)
{
	struct writer writer = {.out = out, .all = all};

	switch (format) {
	case DC_SCHEMA_TEXT:
		fprintf(out, "%s: %s\n\n", section->name, section->doc ? section->doc : "");
		fprintf(out, "%-*s %-*s %-*s %s\n", KEY_COLUMN, "KEY", VALUE_COLUMN, "VALUE",
			DEFAULT_COLUMN, "DEFAULT", "MEANING");
		text_section(section, NULL, 0, NULL, &writer);
		break;
	case DC_SCHEMA_MARKDOWN:
		markdown_section(section, "", NULL, NULL, &writer);
		break;
	case DC_SCHEMA_JSON:
		dc_section_json_schema(section, out);
		break;
	}
	if (writer.hidden)
		fprintf(out,
			"%s%u reserved keys, not supported yet, are not shown; --all shows them.\n",
			format == DC_SCHEMA_TEXT ? "\n" : "", writer.hidden);
	return ferror(out) ? DC_ERR_IO : DC_OK;
}
