/* Reading YAML below tree.h, for the other files of this folder. */
#ifndef DC_CONFIG_YAML_TREE_H
#define DC_CONFIG_YAML_TREE_H

#include "config/tree.h"

/* Reads the part of a registered source that starts at byte `from`; marks count from the source's
 * beginning. folder (copied into the nodes as the pointer it is) must live in the arena. */
enum dc_status dc_tree_parse(struct dc_arena *arena, struct dc_diag *diag,
			     const struct dc_source *source, size_t from, const char *folder,
			     struct dc_node **root) DC_CHECK;

/* A mark of `length` bytes at a byte of the source. */
struct dc_mark dc_tree_mark(const struct dc_source *source, size_t at, size_t length);

/* Sets value under key with the key's own mark; replaces what is there. */
enum dc_status dc_tree_set(struct dc_arena *arena, struct dc_node *map, const char *key,
			   const struct dc_mark *key_mark, struct dc_node *value) DC_CHECK;

/* A copy of a map or list that shares its values. */
struct dc_node *dc_tree_copy(struct dc_arena *arena, const struct dc_node *node);

/* The longest part of user text that messages quote. */
enum { DC_TREE_QUOTE = 60 };
/* text, or its start with "..." behind it, in the arena: what messages quote. */
const char *dc_tree_quote(struct dc_arena *arena, const char *text);

#endif
