/* What the files of this folder share of a config and of the field tables. */
#ifndef DC_CONFIG_CONFIG_PRIVATE_H
#define DC_CONFIG_CONFIG_PRIVATE_H

#include "config/config.h"
#include "config/yaml_tree.h"

enum {
	DC_INCLUDE_DEPTH = 16,   /* files that include each other */
	DC_INCLUDE_FILES = 1000, /* files that one config may read */
	DC_SECTION_DEPTH = 100,  /* sections within sections, catalogue entries included */
	DC_BASE_CHAIN = 16,      /* catalogue entries that name each other as base */
};

/* A catalogue entry that was read once. */
struct dc_catalogue_entry {
	struct dc_catalogue_entry *next;
	const char *family;
	const char *path;     /* "": the family itself, which is nowhere */
	struct dc_node *root; /* NULL: it was refused, and said so */
};

/* The files being included, innermost first: a loop comes back to one of them. */
struct dc_include_link {
	const struct dc_include_link *outer;
	unsigned long long device;
	unsigned long long inode;
	unsigned depth;
};

struct dc_config {
	struct dc_arena *arena;
	struct dc_diag *diag;
	const char **folders; /* NULL-terminated */
	struct dc_catalogue_entry *entries;
	unsigned files;
	unsigned depth; /* of sections being read */
};

/* Where a name leads: beside the folder, in the data folders, below their catalog/. NULL when
 * nowhere or out of memory. Folders do not count as files. */
const char *dc_config_find(struct dc_config *config, const char *folder, const char *name);
/* Refuses a name that dc_config_find() did not find: names the places looked at. */
enum dc_status dc_config_not_found(struct dc_config *config, const struct dc_mark *mark,
				   const char *name, const char *folder);
/* Reads a file with what it includes; link is the file that included it, or NULL. */
enum dc_status dc_config_read_file(struct dc_config *config, const char *path,
				   const struct dc_include_link *link,
				   struct dc_node **root) DC_CHECK;

/* One scalar of a field into its place; says what is wrong with it. section is for the words. */
enum dc_status dc_field_read_scalar(struct dc_config *config, const struct dc_section *section,
				    const struct dc_field *field, const struct dc_node *node,
				    void *place) DC_CHECK;
/* A number of the field's dimension within its range: what NUMBERS and QUANTITY hold. */
enum dc_status dc_field_read_quantity(struct dc_config *config, const struct dc_section *section,
				      const struct dc_field *field, const struct dc_node *node,
				      double *value) DC_CHECK;

/* Limits as the table means them: +-infinity where there is none; *above: min itself is refused. */
void dc_field_range(const struct dc_field *field, double *min, double *max, bool *above);
/* The limits in words, "above 0 s and at most 1 h"; "" when there are none. size >= 160. */
void dc_field_range_words(const struct dc_field *field, char *text, size_t size);
/* "a duration, such as '500 ns'"; what a field expects, for messages and the schema. */
const char *dc_field_kind_words(const struct dc_field *field);
/* A value that the key takes, for its description: the default, or one within the range. */
const char *dc_field_example(const struct dc_field *field);
/* The row of a key, or NULL. */
const struct dc_field *dc_section_field(const struct dc_section *section, const char *key);
/* "a list", "a map", "'text'". */
const char *dc_node_words(struct dc_arena *arena, const struct dc_node *node);
/* The names joined by commas, reserved ones (with '!') left out; at most limit of them. */
const char *dc_names_joined(struct dc_arena *arena, const char *const *names, size_t count,
			    size_t limit);

#endif
