/* Field tables: one static row per key, and everything that follows from it.
 *
 * A section is a C struct and a table of rows: key, kind, dimension, range, default, help, and where
 * in the struct it lands. From it come the parser with its messages, the defaults, `dcsim schema`
 * and the resolved scenario; nothing about a key is written twice.
 *
 * Every section's struct starts with `const struct dc_node *node`: the map it was read from, which
 * cross checks use to point at a key (dc_node_mark(s->node, "size")). It is NULL in a section that
 * was absent and got its defaults.
 *
 * Where values land, by kind:
 *   QUANTITY, REAL  double (SI)            COUNT  uint64_t
 *   BOOL            bool                   ENUM   int, an index into choices
 *   STRING          const char * (NULL when absent and without default)
 *   PATH            const char *, as written; dc_config_open() finds it
 *   DATE            struct dc_date
 *   SECTION         the struct itself, inline; absent = defaults all through
 *   OPTIONAL        pointer to the struct, NULL when absent
 *   LIST            struct dc_list of structs of the section; with `family` instead of a section,
 *                   of struct dc_tagged
 *   NUMBERS         struct dc_list of doubles, of the dimension (a scalar is a list of one)
 *   TAGGED          struct dc_tagged: a map whose key `tag` names one of the sections in `family`
 *   CATALOGUE       pointer to the struct: a name or file, {base: NAME, key: value}, or a map
 *   NODE            const struct dc_node *: left to the owner
 *   RESERVED        lands nowhere: a documented key that is not built yet, refused by name
 *
 * COUNT accepts 1_000, 15e12 when integral; REAL accepts "5 %". Enumerations and names ignore no case.
 * Ownership: everything lives in the config's arena. */
#ifndef DC_CONFIG_FIELDS_H
#define DC_CONFIG_FIELDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/time.h"
#include "base/units.h"
#include "config/tree.h"

enum dc_kind {
	DC_QUANTITY,
	DC_REAL,
	DC_COUNT,
	DC_BOOL,
	DC_ENUM,
	DC_STRING,
	DC_PATH,
	DC_DATE,
	DC_SECTION,
	DC_OPTIONAL,
	DC_LIST,
	DC_NUMBERS,
	DC_TAGGED,
	DC_CATALOGUE,
	DC_NODE,
	DC_RESERVED,
};

enum dc_field_flags {
	DC_REQUIRED = 1,   /* absence is an error */
	DC_POSITIVE = 2,   /* > 0, where min is 0 */
	DC_NON_EMPTY = 4,  /* a list with at least one item */
	DC_SHORTHAND = 8,  /* described, but lands nowhere: its owner rewrites it before reading */
	DC_OR_SCALAR = 16, /* its owner also takes a scalar and rewrites it; the help says which */
};

struct dc_list {
	void *items;
	size_t count;
};

struct dc_tagged {
	const struct dc_tagged_type *type; /* NULL when absent */
	void *section;                     /* the type's struct */
};

struct dc_section {
	const char *name; /* "fabric dimension", as messages say it */
	const char *doc;  /* one line */
	size_t size;      /* of the struct */
	const struct dc_field *fields;
	size_t count;
};

/* One of a TAGGED family: topology: ring | switch | ... */
struct dc_tagged_type {
	const char *name;
	const struct dc_section *section; /* includes a STRING row for the tag key itself */
	const void *descriptor;           /* the model behind it, for its owner */
};

struct dc_tagged_family {
	const char *tag; /* "topology" */
	const struct dc_tagged_type *types;
	size_t count;
	const char *const *reserved; /* documented names not built yet; NULL-terminated, or NULL */
};

struct dc_catalogue_family {
	const char *name; /* folder below catalog/: "accelerators" */
	const struct dc_section *section;
};

struct dc_field {
	const char *key;
	enum dc_kind kind;
	enum dc_dimension dimension;
	unsigned flags;
	size_t offset;
	double min, max;            /* in SI, inclusive; both 0 means no limits */
	const char *fallback;       /* default, as YAML text; NULL: zero / absent */
	const char *const *choices; /* ENUM: NULL-terminated; a leading '!' marks a reserved name */
	const struct dc_section *section; /* SECTION, OPTIONAL, LIST */
	const struct dc_tagged_family *family;
	const struct dc_catalogue_family *catalogue;
	const char *help; /* one line */
};

/* The last two members of a section, from its table: {.size = ..., DC_FIELDS(fields)}. */
#define DC_FIELDS(table) (table), sizeof(table) / sizeof((table)[0])

struct dc_config;

/* Reads a section from a map into `out` (zeroed, section->size bytes): every error is reported, and
 * the status is DC_ERR_INPUT when there was one. node NULL gives all defaults. */
enum dc_status dc_section_read(struct dc_config *config, const struct dc_section *section,
			       const struct dc_node *node, void *out) DC_CHECK;
/* Refuses keys of a map that the section does not know, shorthands included, naming the nearest, and
 * takes them out, so that reading the section does not refuse them again. For owners that rewrite the
 * map before it is read. */
enum dc_status dc_section_check_keys(struct dc_config *config, const struct dc_section *section,
				     struct dc_node *map) DC_CHECK;
/* Writes the section as YAML that reads back to the same struct; keys that hold nothing are left out.
 * indent counts levels of two blanks. DC_ERR_IO when out fails. */
enum dc_status dc_section_write(const struct dc_section *section, const void *in, unsigned indent,
				FILE *out) DC_CHECK;

enum dc_schema_format { DC_SCHEMA_TEXT, DC_SCHEMA_MARKDOWN, DC_SCHEMA_JSON };
/* Describes the section and all below it. The JSON Schema (draft-07) accepts every part that an include
 * or a shorthand may complete, so it requires nothing. all: reserved keys too, in text and Markdown;
 * otherwise a last line counts them. */
enum dc_status dc_section_describe(const struct dc_section *section, enum dc_schema_format format,
				   bool all, FILE *out) DC_CHECK;

#endif
