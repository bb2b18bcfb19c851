/* The marked tree: what YAML becomes before anyone gives it meaning.
 *
 * Every node carries the place it came from, so that a message about a value, however late, points
 * at the text. Scalars stay text. Parsing goes through libyaml's event interface (yaml_tree.c, the
 * only file that knows it) with limits: depth DC_TREE_DEPTH, DC_TREE_NODES nodes, DC_TREE_BYTES of
 * text, DC_TREE_ALIASES expanded aliases' nodes; no tags, no second document, no duplicate keys,
 * UTF-8 only. All errors that can be found are reported, then the call fails.
 *
 * Ownership: nodes live in the arena given; sources in the diagnostics sink. */
#ifndef DC_CONFIG_TREE_H
#define DC_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/status.h"

enum {
	DC_TREE_DEPTH = 64,
	DC_TREE_NODES = 1000000,
	DC_TREE_BYTES = 16 * 1024 * 1024,
	DC_TREE_ALIASES = 100000,
};

enum dc_node_kind { DC_NODE_SCALAR, DC_NODE_LIST, DC_NODE_MAP };

struct dc_node;

struct dc_pair {
	const char *key;
	struct dc_mark key_mark;
	struct dc_node *value;
};

struct dc_node {
	enum dc_node_kind kind;
	bool quoted; /* a scalar in quotes is always a string */
	struct dc_mark mark;
	const char *text;       /* scalar */
	struct dc_node **items; /* list */
	struct dc_pair *pairs;  /* map, in the order written */
	size_t count;           /* of items or pairs */
	size_t capacity;
	const char *folder; /* folder of the file it came from: relative paths start there */
};

/* Reads a file, or a text under a name, into a tree. An empty document is an error. Where the text
 * could be read to its end but holds something refused (a duplicate key, a tag), the status is
 * DC_ERR_INPUT and *root is set all the same, for callers who look for further errors; *root is NULL
 * after any other failure. */
enum dc_status dc_tree_read_file(struct dc_arena *arena, struct dc_diag *diag, const char *path,
				 struct dc_node **root) DC_CHECK;
enum dc_status dc_tree_read_text(struct dc_arena *arena, struct dc_diag *diag, const char *name,
				 const char *text, size_t length, struct dc_node **root) DC_CHECK;

/* The value under a key, or NULL (also when map is NULL or not a map). */
struct dc_node *dc_node_get(const struct dc_node *map, const char *key);
/* The pair itself, to mark the key. */
const struct dc_pair *dc_node_pair(const struct dc_node *map, const char *key);
/* The mark of the value under key; of the map itself when the key is absent. */
const struct dc_mark *dc_node_mark(const struct dc_node *map, const char *key);
/* True for an absent node, and for the plain scalars `null`, `~` and nothing. */
bool dc_node_is_null(const struct dc_node *node);

/* Builders, for shorthands, includes and overrides. mark is copied. NULL when out of memory. */
struct dc_node *dc_node_create(struct dc_arena *arena, enum dc_node_kind kind,
			       const struct dc_mark *mark);
struct dc_node *dc_node_scalar(struct dc_arena *arena, const struct dc_mark *mark,
			       const char *text);
/* Replaces the value under key, or adds the pair. */
enum dc_status dc_node_set(struct dc_arena *arena, struct dc_node *map, const char *key,
			   struct dc_node *value) DC_CHECK;
enum dc_status dc_node_append(struct dc_arena *arena, struct dc_node *list,
			      struct dc_node *value) DC_CHECK;
/* Takes a pair out; returns its value, or NULL when absent. */
struct dc_node *dc_node_remove(struct dc_node *map, const char *key);
/* `over` laid on `under`: maps merge key by key, anything else is replaced. Shares nodes. */
struct dc_node *dc_node_merge(struct dc_arena *arena, struct dc_node *under, struct dc_node *over);

#endif
