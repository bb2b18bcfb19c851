/* Building and asking the marked tree; reading it from YAML is yaml_tree.c. */
#include "config/tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml_tree.h"

enum { FEW_PAIRS = 32 };

struct dc_node *dc_node_create(struct dc_arena *arena, enum dc_node_kind kind,
			       const struct dc_mark *mark)
{
	struct dc_node *node = dc_arena_alloc(arena, sizeof *node);

	if (!node)
		return NULL;
	node->kind = kind;
	if (kind == DC_NODE_SCALAR)
		node->text = "";
	if (mark)
		node->mark = *mark;
	return node;
}

struct dc_node *dc_node_scalar(struct dc_arena *arena, const struct dc_mark *mark, const char *text)
{
	struct dc_node *node = dc_node_create(arena, DC_NODE_SCALAR, mark);

	if (!node)
		return NULL;
	node->text = dc_arena_strdup(arena, text);
	return node->text ? node : NULL;
}

const struct dc_pair *dc_node_pair(const struct dc_node *map, const char *key)
{
	if (!map || map->kind != DC_NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->pairs[i].key, key) == 0)
			return &map->pairs[i];
	return NULL;
}

struct dc_node *dc_node_get(const struct dc_node *map, const char *key)
{
	const struct dc_pair *pair = dc_node_pair(map, key);

	return pair ? pair->value : NULL;
}

const struct dc_mark *dc_node_mark(const struct dc_node *map, const char *key)
{
	const struct dc_node *value = dc_node_get(map, key);

	if (value)
		return &value->mark;
	return map ? &map->mark : NULL;
}

bool dc_node_is_null(const struct dc_node *node)
{
	if (!node)
		return true;
	if (node->kind != DC_NODE_SCALAR || node->quoted)
		return false;
	return !*node->text || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0;
}

/* Room for one more element behind `elements`; the old array stays in the arena. */
static void *grown(struct dc_arena *arena, void *elements, struct dc_node *node, size_t size)
{
	size_t capacity;
	void *larger;

	if (node->count < node->capacity)
		return elements;
	if (node->capacity > SIZE_MAX / 2)
		return NULL;
	capacity = node->capacity ? node->capacity * 2 : 4;
	larger = dc_arena_array(arena, capacity, size);
	if (!larger)
		return NULL;
	if (node->count)
		memcpy(larger, elements, node->count * size);
	node->capacity = capacity;
	return larger;
}

static enum dc_status add_pair(struct dc_arena *arena, struct dc_node *map,
			       const struct dc_pair *pair)
{
	struct dc_pair *pairs = grown(arena, map->pairs, map, sizeof *pairs);

	if (!pairs)
		return DC_ERR_MEMORY;
	map->pairs = pairs;
	map->pairs[map->count++] = *pair;
	return DC_OK;
}

enum dc_status dc_node_set(struct dc_arena *arena, struct dc_node *map, const char *key,
			   struct dc_node *value)
{
	struct dc_pair added = {.key_mark = value->mark, .value = value};

	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->pairs[i].key, key) == 0) {
			map->pairs[i].value = value;
			return DC_OK;
		}
	}
	added.key = dc_arena_strdup(arena, key);
	return added.key ? add_pair(arena, map, &added) : DC_ERR_MEMORY;
}

enum dc_status dc_node_append(struct dc_arena *arena, struct dc_node *list, struct dc_node *value)
{
	struct dc_node **items = grown(arena, list->items, list, sizeof *items);

	if (!items)
		return DC_ERR_MEMORY;
	list->items = items;
	list->items[list->count++] = value;
	return DC_OK;
}

struct dc_node *dc_node_remove(struct dc_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == DC_NODE_MAP && i < map->count; i++) {
		struct dc_node *value = map->pairs[i].value;

		if (strcmp(map->pairs[i].key, key) != 0)
			continue;
		memmove(&map->pairs[i], &map->pairs[i + 1],
			(map->count - i - 1) * sizeof *map->pairs);
		map->count--;
		return value;
	}
	return NULL;
}

static int pair_compare(const void *left, const void *right)
{
	return strcmp((*(struct dc_pair *const *)left)->key,
		      (*(struct dc_pair *const *)right)->key);
}

/* The first `count` pairs of a map by key; NULL when they are few, and found as fast one by one. */
static struct dc_pair **sort_pairs(struct dc_node *map, size_t count, enum dc_status *status)
{
	struct dc_pair **sorted = NULL;

	*status = DC_OK;
	if (count <= FEW_PAIRS)
		return NULL;
	sorted = malloc(count * sizeof *sorted);
	if (!sorted) {
		*status = DC_ERR_MEMORY;
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = &map->pairs[i];
	qsort(sorted, count, sizeof *sorted, pair_compare);
	return sorted;
}

static struct dc_pair *find_pair(struct dc_node *map, struct dc_pair **sorted, size_t count,
				 const char *key)
{
	struct dc_pair wanted = {.key = key}, *at = &wanted, **found;

	if (sorted) {
		found = bsearch(&at, sorted, count, sizeof *sorted, pair_compare);
		return found ? *found : NULL;
	}
	for (size_t i = 0; i < count; i++)
		if (strcmp(map->pairs[i].key, key) == 0)
			return &map->pairs[i];
	return NULL;
}

/* Room for the pairs of both at once, so that they stay where they are. */
static struct dc_node *merge_target(struct dc_arena *arena, const struct dc_node *under,
				    const struct dc_node *over)
{
	struct dc_node *merged = dc_node_create(arena, DC_NODE_MAP, &over->mark);

	if (!merged)
		return NULL;
	merged->folder = over->folder;
	merged->capacity = under->count + over->count;
	if (!merged->capacity)
		return merged;
	merged->pairs = dc_arena_array(arena, merged->capacity, sizeof *merged->pairs);
	if (!merged->pairs)
		return NULL;
	if (under->count)
		memcpy(merged->pairs, under->pairs, under->count * sizeof *merged->pairs);
	merged->count = under->count;
	return merged;
}

struct dc_node *dc_node_merge(struct dc_arena *arena, struct dc_node *under, struct dc_node *over)
{
	struct dc_node *merged;
	struct dc_pair **sorted;
	enum dc_status status;

	if (!under || !over)
		return over ? over : under;
	if (under->kind != DC_NODE_MAP || over->kind != DC_NODE_MAP)
		return over;
	merged = merge_target(arena, under, over);
	if (!merged)
		return NULL;
	sorted = sort_pairs(merged, under->count, &status);
	for (size_t i = 0; i < over->count && !status; i++) {
		const struct dc_pair *pair = &over->pairs[i];
		struct dc_pair *below = find_pair(merged, sorted, under->count, pair->key);

		if (!below) {
			merged->pairs[merged->count++] = *pair;
			continue;
		}
		below->key_mark = pair->key_mark;
		below->value = dc_node_merge(arena, below->value, pair->value);
		if (!below->value)
			status = DC_ERR_MEMORY;
	}
	free(sorted);
	return status ? NULL : merged;
}

enum dc_status dc_tree_set(struct dc_arena *arena, struct dc_node *map, const char *key,
			   const struct dc_mark *key_mark, struct dc_node *value)
{
	enum dc_status status = dc_node_set(arena, map, key, value);

	for (size_t i = 0; status == DC_OK && i < map->count; i++)
		if (strcmp(map->pairs[i].key, key) == 0)
			map->pairs[i].key_mark = *key_mark;
	return status;
}

struct dc_node *dc_tree_copy(struct dc_arena *arena, const struct dc_node *node)
{
	struct dc_node *copy = dc_arena_alloc(arena, sizeof *copy);

	if (!copy)
		return NULL;
	*copy = *node;
	copy->capacity = node->count;
	if (node->kind == DC_NODE_LIST && node->count) {
		copy->items = dc_arena_array(arena, node->count, sizeof *copy->items);
		if (!copy->items)
			return NULL;
		memcpy(copy->items, node->items, node->count * sizeof *copy->items);
	}
	if (node->kind == DC_NODE_MAP && node->count) {
		copy->pairs = dc_arena_array(arena, node->count, sizeof *copy->pairs);
		if (!copy->pairs)
			return NULL;
		memcpy(copy->pairs, node->pairs, node->count * sizeof *copy->pairs);
	}
	return copy;
}

const char *dc_tree_quote(struct dc_arena *arena, const char *text)
{
	size_t length = strcspn(text, "\n");
	const char *quoted;

	if (length <= DC_TREE_QUOTE && !text[length])
		return text;
	if (length > DC_TREE_QUOTE)
		length = DC_TREE_QUOTE;
	while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	quoted = dc_arena_printf(arena, "%.*s...", (int)length, text);
	return quoted ? quoted : "...";
}
