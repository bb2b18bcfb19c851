/* Writing a section: from struct to the long YAML that reads back to the same struct. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/config_private.h"

enum { STEP = 2 };

static void write_section(const struct dc_section *section, const void *in, unsigned column,
			  bool first_done, FILE *out);
static void write_tree(const struct dc_node *node, unsigned column, FILE *out);

/* True for words that other readers of YAML take for something else than a text. */
static bool is_special_word(const char *text)
{
	static const char *const special[] = {"null", "true", "false", "yes", "no", "on",
					      "off",  "y",    "n",     "nan", "inf"};

	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (strcasecmp(text, special[i]) == 0)
			return true;
	return false;
}

/* A text that YAML reads back as the same text without quotes, beyond doubt. */
static bool is_plain(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char inside[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-./+ ";
	size_t length = strlen(text);

	if (!length || text[strspn(text, inside)] || text[length - 1] == ' ')
		return false;
	if (*text == '.' ? text[1] != '/' && strncmp(text, "../", 3) != 0
			 : *text != '/' && !strchr(letters, *text))
		return false;
	return !is_special_word(text);
}

/* One UTF-8 character; *length its bytes. The tree holds valid UTF-8 only; a stray byte is taken as
 * it is. */
static uint32_t character(const char *text, size_t *length)
{
	const unsigned char *c = (const unsigned char *)text;
	uint32_t code = c[0];

	*length = c[0] < 0xc0 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	if (*length > 1)
		code = c[0] & (0x7fu >> *length);
	for (size_t i = 1; i < *length; i++) {
		if ((c[i] & 0xc0) != 0x80) {
			*length = i;
			break;
		}
		code = code << 6 | (c[i] & 0x3f);
	}
	return code;
}

static void write_quoted(const char *text, FILE *out)
{
	size_t length;

	fputc('"', out);
	for (; *text; text += length) {
		uint32_t code = character(text, &length);

		if (code == '"' || code == '\\')
			fprintf(out, "\\%c", (int)code);
		else if (code == '\n')
			fputs("\\n", out);
		else if (code == '\t')
			fputs("\\t", out);
		/* What YAML does not allow as it is, or takes for the end of a line. */
		else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			fprintf(out, "\\x%02" PRIx32, code);
		else if (code == 0x2028 || code == 0x2029 || code == 0xfeff || code == 0xfffe ||
			 code == 0xffff)
			fprintf(out, "\\u%04" PRIx32, code);
		else
			fwrite(text, 1, length, out);
	}
	fputc('"', out);
}

static void write_text(const char *text, FILE *out)
{
	if (is_plain(text))
		fputs(text, out);
	else
		write_quoted(text, out);
}

static void blanks(unsigned count, FILE *out)
{
	fprintf(out, "%*s", (int)count, "");
}

/* A scalar of a raw tree: unquoted ones keep their meaning, whatever that is to their owner. */
static void write_tree_scalar(const struct dc_node *node, FILE *out)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-./+ %";
	size_t length = strlen(node->text);

	if (dc_node_is_null(node))
		fputs("null", out);
	else if (!node->quoted && node->text[strspn(node->text, safe)] == '\0' &&
		 node->text[length - 1] != ' ' && !strchr("-% ", *node->text))
		fputs(node->text, out);
	/* A negative number. */
	else if (!node->quoted && *node->text == '-' && length > 1 && node->text[1] >= '0' &&
		 node->text[1] <= '9' && node->text[strspn(node->text, safe)] == '\0' &&
		 node->text[length - 1] != ' ')
		fputs(node->text, out);
	else
		write_quoted(node->text, out);
}

/* A value behind "key:" or "-": on the same line, or below it. */
static void write_tree_value(const struct dc_node *node, unsigned column, FILE *out)
{
	if (node->kind == DC_NODE_SCALAR || !node->count) {
		fputc(' ', out);
		if (node->kind == DC_NODE_SCALAR)
			write_tree_scalar(node, out);
		else
			fputs(node->kind == DC_NODE_LIST ? "[]" : "{}", out);
		fputc('\n', out);
		return;
	}
	fputc('\n', out);
	write_tree(node, column, out);
}

static void write_tree(const struct dc_node *node, unsigned column, FILE *out)
{
	for (size_t i = 0; i < node->count; i++) {
		blanks(column, out);
		if (node->kind == DC_NODE_LIST) {
			fputc('-', out);
			write_tree_value(node->items[i], column + STEP, out);
			continue;
		}
		write_text(node->pairs[i].key, out);
		fputc(':', out);
		write_tree_value(node->pairs[i].value, column + STEP, out);
	}
}

static const void *at(const void *in, size_t offset)
{
	return (const unsigned char *)in + offset;
}

/* Numbers out of their own range are those of a key that was absent and has no default. */
static bool in_range(const struct dc_field *field, double value)
{
	double min, max;
	bool above;

	dc_field_range(field, &min, &max, &above);
	return value >= min && value <= max && !(above && value <= min);
}

static bool section_is_empty(const struct dc_section *section, const void *in);

/* True when the field holds something to write. */
static bool is_held(const struct dc_field *field, const void *place)
{
	if (field->flags & DC_SHORTHAND)
		return false;
	switch (field->kind) {
	case DC_QUANTITY:
	case DC_REAL:
		return field->fallback || *(const double *)place != 0 || in_range(field, 0);
	case DC_COUNT:
		return field->fallback || *(const uint64_t *)place || in_range(field, 0);
	case DC_BOOL:
		return true;
	case DC_SECTION:
		return !section_is_empty(field->section, place);
	case DC_ENUM:
		return field->choices[*(const int *)place] &&
		       *field->choices[*(const int *)place] != '!';
	case DC_STRING:
	case DC_PATH:
		return *(const char *const *)place;
	case DC_DATE:
		return ((const struct dc_date *)place)->month;
	case DC_LIST:
	case DC_NUMBERS:
		return ((const struct dc_list *)place)->count ||
		       (((const struct dc_list *)place)->items && !(field->flags & DC_NON_EMPTY));
	case DC_TAGGED:
		return ((const struct dc_tagged *)place)->type;
	case DC_OPTIONAL:
	case DC_CATALOGUE:
	case DC_NODE:
		return *(const void *const *)place;
	case DC_RESERVED:
		break;
	}
	return false;
}

static bool section_is_empty(const struct dc_section *section, const void *in)
{
	for (size_t i = 0; i < section->count; i++)
		if (is_held(&section->fields[i], at(in, section->fields[i].offset)))
			return false;
	return true;
}

static void write_number(const struct dc_field *field, double value, FILE *out)
{
	char text[64];

	dc_units_format(value, field->dimension, text, sizeof text);
	fputs(text, out);
}

static void write_scalar(const struct dc_field *field, const void *place, FILE *out)
{
	char text[64];

	switch (field->kind) {
	case DC_QUANTITY:
	case DC_REAL:
		write_number(field, *(const double *)place, out);
		break;
	case DC_COUNT:
		fprintf(out, "%" PRIu64, *(const uint64_t *)place);
		break;
	case DC_BOOL:
		fputs(*(const bool *)place ? "true" : "false", out);
		break;
	case DC_ENUM:
		write_text(field->choices[*(const int *)place], out);
		break;
	case DC_DATE:
		dc_date_format(place, text, sizeof text);
		fputs(text, out);
		break;
	default:
		write_text(*(const char *const *)place, out);
		break;
	}
}

static void write_numbers(const struct dc_field *field, const struct dc_list *list, FILE *out)
{
	const double *numbers = list->items;

	fputc('[', out);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", out);
		write_number(field, numbers[i], out);
	}
	fputc(']', out);
}

/* A section behind "key:" or "- ". */
static void write_map(const struct dc_section *section, const void *in, unsigned column, bool item,
		      FILE *out)
{
	if (section_is_empty(section, in)) {
		fputs(item ? "{}\n" : " {}\n", out);
		return;
	}
	if (!item)
		fputc('\n', out);
	write_section(section, in, column, item, out);
}

static void write_list(const struct dc_field *field, const struct dc_list *list, unsigned column,
		       FILE *out)
{
	const unsigned char *items = list->items;

	if (!list->count) {
		fputs(" []\n", out);
		return;
	}
	fputc('\n', out);
	for (size_t i = 0; i < list->count; i++) {
		blanks(column, out);
		fputs("- ", out);
		if (field->family) {
			const struct dc_tagged *tagged =
				&((const struct dc_tagged *)list->items)[i];

			write_map(tagged->type->section, tagged->section, column + STEP, true, out);
		} else {
			write_map(field->section, items + i * field->section->size, column + STEP,
				  true, out);
		}
	}
}

/* What stands behind "key:". */
static void write_value(const struct dc_field *field, const void *place, unsigned column, FILE *out)
{
	const struct dc_tagged *tagged = place;

	switch (field->kind) {
	case DC_SECTION:
		write_map(field->section, place, column, false, out);
		break;
	case DC_OPTIONAL:
		write_map(field->section, *(const void *const *)place, column, false, out);
		break;
	case DC_CATALOGUE:
		write_map(field->catalogue->section, *(const void *const *)place, column, false,
			  out);
		break;
	case DC_TAGGED:
		write_map(tagged->type->section, tagged->section, column, false, out);
		break;
	case DC_LIST:
		write_list(field, place, column, out);
		break;
	case DC_NODE:
		write_tree_value(*(const struct dc_node *const *)place, column, out);
		break;
	case DC_NUMBERS:
		fputc(' ', out);
		write_numbers(field, place, out);
		fputc('\n', out);
		break;
	default:
		fputc(' ', out);
		write_scalar(field, place, out);
		fputc('\n', out);
		break;
	}
}

/* first_done: the first key stands behind "- " that is already written. */
static void write_section(const struct dc_section *section, const void *in, unsigned column,
			  bool first_done, FILE *out)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct dc_field *field = &section->fields[i];
		const void *place = at(in, field->offset);

		if (!is_held(field, place))
			continue;
		if (!first_done)
			blanks(column, out);
		first_done = false;
		write_text(field->key, out);
		fputc(':', out);
		write_value(field, place, column + STEP, out);
	}
}

enum dc_status dc_section_write(const struct dc_section *section, const void *in, unsigned indent,
				FILE *out)
{
	write_section(section, in, indent * STEP, false, out);
	return ferror(out) ? DC_ERR_IO : DC_OK;
}
