/* Describing a section as JSON Schema, draft-07 [json-schema.org/draft-07/schema]. */
#include <math.h>
#include <string.h>

#include "config/fields_describe.h"

/* Where the writer stands. The sections on the way guard against tables that contain themselves. */
struct place {
	const struct place *outer;
	const struct dc_section *section;
	unsigned depth;
};

/* What a section's schema accepts besides its keys. */
enum with {
	WITH_NULL = 1,    /* in place of the map: it takes the key back */
	WITH_SCALAR = 2,  /* in place of the map: its owner knows what it means */
	WITH_BASE = 4,    /* the catalogue entry that the map changes */
	WITH_INCLUDE = 8, /* files that come before: a file of its own */
};

static void json_section(const struct dc_section *section, const struct place *outer,
			 const char *tag, const char *type, unsigned with, FILE *out);

static void json_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void json_member(const char *name, const char *text, FILE *out)
{
	fputs(", ", out);
	json_text(name, out);
	fputs(": ", out);
	json_text(text, out);
}

static void json_number(const char *name, double value, FILE *out)
{
	char text[64];

	/* A plain number in the C locale's spelling, which is JSON's. */
	dc_units_format(value, DC_DIM_NONE, text, sizeof text);
	fprintf(out, ", \"%s\": %s", name, text);
}

/* Limits count for bare numbers only; the words of the description hold for texts with units. */
static void json_limits(const struct dc_field *field, FILE *out)
{
	double min, max;
	bool above;

	dc_field_range(field, &min, &max, &above);
	if (isfinite(min))
		json_number(above ? "exclusiveMinimum" : "minimum", min, out);
	if (isfinite(max))
		json_number("maximum", max, out);
}

static void json_choices(const struct dc_field *field, FILE *out)
{
	fputs("\"enum\": [null", out);
	for (const char *const *choice = field->choices; *choice; choice++) {
		if (**choice == '!')
			continue;
		fputs(", ", out);
		json_text(*choice, out);
	}
	fputc(']', out);
}

/* A map without the tag is part of one that an include completes, so several types may fit. */
static void json_family(const struct dc_tagged_family *family, const struct place *here,
			unsigned with, FILE *out)
{
	fputs("\"anyOf\": [", out);
	for (size_t i = 0; i < family->count; i++) {
		fputs(i ? ", {" : "{", out);
		json_section(family->types[i].section, here, family->tag, family->types[i].name,
			     with, out);
		fputc('}', out);
	}
	fputc(']', out);
}

/* A quantity is a text with a unit; 0 needs none, except for a temperature. */
static void json_quantity(const struct dc_field *field, FILE *out)
{
	if (field->dimension == DC_DIM_NONE) {
		fputs("\"type\": [\"number\", \"string\", \"null\"]", out);
		json_limits(field, out);
	} else if (field->dimension == DC_DIM_TEMPERATURE) {
		fputs("\"type\": [\"string\", \"null\"]", out);
	} else {
		fputs("\"type\": [\"string\", \"number\", \"null\"], \"minimum\": 0, \"maximum\": 0",
		      out);
	}
	fputs(", \"examples\": [", out);
	json_text(dc_field_example(field), out);
	fputc(']', out);
}

/* The part of a key's schema that says which values it takes. */
static void json_kind(const struct dc_field *field, const struct place *here, FILE *out)
{
	switch (field->kind) {
	case DC_QUANTITY:
		json_quantity(field, out);
		break;
	case DC_REAL:
		fputs("\"type\": [\"number\", \"string\", \"null\"]", out);
		json_limits(field, out);
		break;
	case DC_COUNT:
		fputs("\"type\": [\"integer\", \"string\", \"null\"]", out);
		json_limits(field, out);
		break;
	case DC_BOOL:
		fputs("\"type\": [\"boolean\", \"null\"]", out);
		break;
	case DC_ENUM:
		json_choices(field, out);
		break;
	case DC_SECTION:
	case DC_OPTIONAL:
		json_section(field->section, here, NULL, NULL,
			     WITH_NULL | (field->flags & DC_OR_SCALAR ? WITH_SCALAR : 0), out);
		break;
	case DC_LIST:
		fprintf(out, "\"type\": [\"array\", \"null\"], \"minItems\": %d, \"items\": {",
			field->flags & DC_NON_EMPTY ? 1 : 0);
		if (field->family)
			json_family(field->family, here, 0, out);
		else
			json_section(field->section, here, NULL, NULL, 0, out);
		fputc('}', out);
		break;
	case DC_NUMBERS:
		fputs("\"type\": [\"array\", \"string\", \"number\", \"null\"], "
		      "\"items\": {\"type\": [\"string\", \"number\"]}",
		      out);
		break;
	case DC_TAGGED:
		json_family(field->family, here,
			    WITH_NULL | (field->flags & DC_OR_SCALAR ? WITH_SCALAR : 0), out);
		break;
	case DC_CATALOGUE:
		fputs("\"anyOf\": [{\"type\": [\"string\", \"null\"]}, {", out);
		json_section(field->catalogue->section, here, NULL, NULL, WITH_BASE, out);
		fputs("}]", out);
		break;
	case DC_RESERVED:
		fputs("\"not\": {}", out);
		break;
	case DC_NODE:
		fputs("\"type\": [\"object\", \"array\", \"string\", \"number\", \"boolean\", \"null\"]",
		      out);
		break;
	default:
		fputs("\"type\": [\"string\", \"number\", \"boolean\", \"null\"]", out);
		break;
	}
}

static void json_field(const struct dc_field *field, const struct place *here, FILE *out)
{
	char words[512];
	char text[1024];

	fprintf(out, "%*s", 2 * (int)here->depth + 2, "");
	json_text(field->key, out);
	fputs(": {", out);
	json_kind(field, here, out);
	if (field->kind == DC_RESERVED)
		snprintf(words, sizeof words, "reserved: not supported yet");
	else
		dc_field_value_words(field, words, sizeof words);
	snprintf(text, sizeof text, "%s%s%s", field->help ? field->help : "",
		 field->help ? "; " : "", words);
	json_member("description", text, out);
	if (field->fallback)
		json_member("default", field->fallback, out);
	fputc('}', out);
}

/* The members of a section's schema, without the braces around them. Nothing is required: an include, a
 * base or a shorthand may bring it. */
static void json_section(const struct dc_section *section, const struct place *outer,
			 const char *tag, const char *type, unsigned with, FILE *out)
{
	const struct place here = {outer, section, outer ? outer->depth + 1 : 0};
	bool first = true;

	fputs("\"type\": [\"object\"", out);
	fputs(with & WITH_NULL ? ", \"null\"" : "", out);
	fputs(with & WITH_SCALAR ? ", \"string\", \"number\"]" : "]", out);
	json_member("title", section->name, out);
	/* The description of a section that stands under a key is the key's. */
	if (section->doc)
		json_member(outer ? "$comment" : "description", section->doc, out);
	for (const struct place *place = outer; place; place = place->outer)
		if (place->section == section)
			return;
	fputs(", \"additionalProperties\": false, \"properties\": {", out);
	if (with & WITH_BASE && !dc_section_field(section, "base")) {
		fputs("\n\"base\": {\"type\": [\"string\", \"null\"]}", out);
		first = false;
	}
	if (with & WITH_INCLUDE) {
		fputs(first ? "\n" : ",\n", out);
		fputs("\"include\": {\"type\": [\"array\", \"string\", \"null\"]}", out);
		first = false;
	}
	for (size_t i = 0; i < section->count; i++) {
		const struct dc_field *field = &section->fields[i];

		fputs(first ? "\n" : ",\n", out);
		first = false;
		if (tag && type && strcmp(field->key, tag) == 0) {
			json_text(tag, out);
			fputs(": {\"const\": ", out);
			json_text(type, out);
			fputc('}', out);
		} else {
			json_field(field, &here, out);
		}
	}
	fputc('}', out);
}

void dc_section_json_schema(const struct dc_section *section, FILE *out)
{
	/* What says nothing of includes itself is a device or a model: a file of the catalogue. */
	unsigned with = dc_section_field(section, "include") ? 0 : WITH_BASE | WITH_INCLUDE;

	fputs("{\"$schema\": \"http://json-schema.org/draft-07/schema#\", ", out);
	json_section(section, NULL, NULL, NULL, with, out);
	fputs("}\n", out);
}
