/* YAML text to marked tree, through libyaml's events; the only file that knows libyaml. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/yaml_tree.h"

enum { ANCHORS_LIMIT = 1000, SMALL_MAP = 8, KEY_BYTES = 128 };

struct anchor {
	const char *name;
	struct dc_node *node;
	size_t nodes;    /* of the value, aliases expanded */
	unsigned height; /* levels of the value */
	bool complete;
};

/* A list or map that is being read. */
struct frame {
	struct dc_node *node;
	struct dc_pair key; /* key.key NULL: the next event is a key, or a list's item */
	bool have_key;
	bool dropped; /* the key was refused: its value is read and forgotten */
	bool is_key;  /* this list or map stands where a key belongs */
	struct anchor *anchor;
	size_t nodes;
	unsigned height;
};

struct builder {
	struct dc_arena *arena;
	struct dc_diag *diag;
	const struct dc_source *source;
	const char *folder;
	yaml_parser_t parser;
	size_t from;         /* byte at which libyaml starts */
	size_t cursor_index; /* characters since then ... */
	size_t cursor_byte;  /* ... and the byte, line and start of line that they come to */
	unsigned cursor_line;
	size_t cursor_start;
	struct frame frames[DC_TREE_DEPTH + 1];
	unsigned depth;
	struct anchor *anchors;
	unsigned anchors_count;
	size_t nodes;
	size_t expanded;
	struct dc_node *root;
	bool failed;
};

static void advance(const struct dc_source *source, size_t *byte, unsigned *line, size_t *start)
{
	const char *text = source->text;

	if (*byte >= source->length)
		return;
	if (text[(*byte)++] == '\n') {
		++*line;
		*start = *byte;
	}
	while (*byte < source->length && ((unsigned char)text[*byte] & 0xc0) == 0x80)
		++*byte;
}

struct dc_mark dc_tree_mark(const struct dc_source *source, size_t at, size_t length)
{
	struct dc_mark mark = {.source = source, .line = 1, .length = (unsigned)length};
	size_t start = 0;

	if (at > source->length)
		at = source->length;
	for (size_t i = 0; i < at; i++) {
		if (source->text[i] == '\n') {
			mark.line++;
			start = i + 1;
		}
	}
	mark.column = (unsigned)(at - start) + 1;
	return mark;
}

/* libyaml counts characters; our columns are bytes. Events come in order, so that walking from the
 * last mark to the next costs one pass over the text. */
static struct dc_mark mark_between(struct builder *b, const yaml_mark_t *begin,
				   const yaml_mark_t *end)
{
	struct dc_mark mark = {.source = b->source};
	size_t byte, start, index;
	unsigned line;

	if (begin->index < b->cursor_index) {
		b->cursor_index = 0;
		b->cursor_byte = b->from;
		b->cursor_line = 1;
		b->cursor_start = 0;
	}
	while (b->cursor_index < begin->index) {
		advance(b->source, &b->cursor_byte, &b->cursor_line, &b->cursor_start);
		b->cursor_index++;
	}
	mark.line = b->cursor_line;
	mark.column = (unsigned)(b->cursor_byte - b->cursor_start) + 1;
	byte = b->cursor_byte;
	line = b->cursor_line;
	start = b->cursor_start;
	/* Only what stands on the first line is underlined. */
	for (index = begin->index;
	     index < end->index && byte < b->source->length && b->source->text[byte] != '\n';
	     index++)
		advance(b->source, &byte, &line, &start);
	mark.length = (unsigned)(byte - b->cursor_byte);
	if (!mark.length)
		mark.length = 1;
	return mark;
}

static struct dc_mark event_mark(struct builder *b, const yaml_event_t *event)
{
	const yaml_mark_t *end = &event->end_mark;

	/* A block list or map has no end yet: its first byte marks it. */
	if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
		end = &event->start_mark;
	return mark_between(b, &event->start_mark, end);
}

static DC_PRINTF(3, 4) void refuse(struct builder *b, const struct dc_mark *mark,
				   const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = dc_arena_vprintf(b->arena, format, args);
	va_end(args);
	dc_diag_error(b->diag, mark, "%s", text ? text : "out of memory");
	b->failed = true;
}

/* libyaml's words for a problem at the cursor, with what to do where they say too little. */
static const char *syntax_words(struct builder *b, const char *problem)
{
	char found = b->cursor_byte < b->source->length ? b->source->text[b->cursor_byte] : '\0';
	const char *words = NULL;

	if (strcmp(problem, "found character that cannot start any token") == 0 && found == '\t')
		words = "a tab where a value begins; indent with spaces";
	else if (strcmp(problem, "found character that cannot start any token") == 0)
		words = dc_arena_printf(b->arena,
					"a value cannot begin with '%c'; put it in quotes", found);
	else if (strcmp(problem, "did not find expected key") == 0)
		words = "did not find expected key; is the line indented like those around it?";
	else if (strcmp(problem, "mapping values are not allowed in this context") == 0)
		words = "a ': ' inside a value; put the value in quotes or on a line of its own";
	return words ? words : problem;
}

/* The parser stopped: the problem, and what libyaml was in the middle of. */
static enum dc_status syntax_error(struct builder *b)
{
	const yaml_parser_t *parser = &b->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	struct dc_mark mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return DC_ERR_MEMORY;
	if (parser->error == YAML_READER_ERROR) {
		mark = dc_tree_mark(b->source, b->from + parser->problem_offset, 1);
		return dc_diag_error(b->diag, &mark, "not valid YAML: %s", problem);
	}
	mark = mark_between(b, &parser->problem_mark, &parser->problem_mark);
	dc_diag_error(b->diag, &mark, "not valid YAML: %s", syntax_words(b, problem));
	if (parser->context && strcmp(parser->context, "while scanning for the next token") != 0) {
		mark = mark_between(b, &parser->context_mark, &parser->context_mark);
		dc_diag_note(b->diag, &mark, "%s that begins here", parser->context);
	}
	return DC_ERR_INPUT;
}

static struct anchor *find_anchor(struct builder *b, const char *name)
{
	for (unsigned i = b->anchors_count; i-- > 0;)
		if (strcmp(b->anchors[i].name, name) == 0)
			return &b->anchors[i];
	return NULL;
}

static enum dc_status add_anchor(struct builder *b, const yaml_char_t *name,
				 const struct dc_mark *mark, struct dc_node *node,
				 struct anchor **anchor)
{
	*anchor = NULL;
	if (!name)
		return DC_OK;
	if (!b->anchors)
		b->anchors = dc_arena_array(b->arena, ANCHORS_LIMIT, sizeof *b->anchors);
	if (!b->anchors)
		return DC_ERR_MEMORY;
	if (b->anchors_count == ANCHORS_LIMIT)
		return dc_diag_error(b->diag, mark, "more than %d anchors in one file",
				     ANCHORS_LIMIT);
	*anchor = &b->anchors[b->anchors_count++];
	(*anchor)->name = dc_arena_strdup(b->arena, (const char *)name);
	(*anchor)->node = node;
	(*anchor)->nodes = 1;
	(*anchor)->height = 1;
	return (*anchor)->name ? DC_OK : DC_ERR_MEMORY;
}

/* The key of the map's next pair. */
static enum dc_status take_key(struct builder *b, struct frame *frame, const struct dc_node *node)
{
	frame->have_key = true;
	frame->dropped = true;
	frame->key = (struct dc_pair){.key_mark = node->mark};
	if (node->kind != DC_NODE_SCALAR) {
		refuse(b, &node->mark, "a key must be a name, not a %s",
		       node->kind == DC_NODE_LIST ? "list" : "map");
	} else if (!*node->text) {
		refuse(b, &node->mark, "a key must have a name");
	} else if (strlen(node->text) > KEY_BYTES) {
		refuse(b, &node->mark, "a key is longer than %d bytes", KEY_BYTES);
	} else if (strcmp(node->text, "<<") == 0 && !node->quoted) {
		refuse(b, &node->mark,
		       "the merge key '<<' is not supported; "
		       "use an anchor for the whole value, 'include' or 'base'");
	} else {
		frame->key.key = node->text;
		frame->dropped = false;
	}
	return DC_OK;
}

/* Puts a finished value where it belongs: under the key, into the list, or at the root. */
static enum dc_status place(struct builder *b, struct dc_node *node, size_t nodes, unsigned height)
{
	struct frame *frame;
	enum dc_status status = DC_OK;

	if (!b->depth) {
		b->root = node;
		return DC_OK;
	}
	frame = &b->frames[b->depth - 1];
	frame->nodes += nodes;
	if (frame->height < height + 1)
		frame->height = height + 1;
	if (frame->node->kind == DC_NODE_LIST)
		return dc_node_append(b->arena, frame->node, node);
	if (!frame->have_key)
		return take_key(b, frame, node);
	if (!frame->dropped) {
		struct dc_node *map = frame->node;

		if (map->count == map->capacity) {
			size_t capacity = map->capacity ? map->capacity * 2 : 4;
			struct dc_pair *pairs = dc_arena_array(b->arena, capacity, sizeof *pairs);

			if (!pairs)
				return DC_ERR_MEMORY;
			if (map->count)
				memcpy(pairs, map->pairs, map->count * sizeof *pairs);
			map->pairs = pairs;
			map->capacity = capacity;
		}
		frame->key.value = node;
		map->pairs[map->count++] = frame->key;
	}
	frame->have_key = false;
	return status;
}

static void refuse_duplicate(struct builder *b, const struct dc_pair *first,
			     const struct dc_pair *second)
{
	refuse(b, &second->key_mark, "duplicate key '%s'", dc_tree_quote(b->arena, second->key));
	dc_diag_note(b->diag, &first->key_mark, "'%s' is first given here",
		     dc_tree_quote(b->arena, first->key));
}

static int pair_compare(const void *left, const void *right)
{
	const struct dc_pair *a = *(const struct dc_pair *const *)left;
	const struct dc_pair *b = *(const struct dc_pair *const *)right;
	int order = strcmp(a->key, b->key);

	return order ? order : (a > b) - (a < b);
}

/* Reports keys that a map has twice: by sorting, since a hostile map may have a million. */
static enum dc_status check_duplicates(struct builder *b, const struct dc_node *map)
{
	const struct dc_pair **sorted, *first;

	if (map->count <= SMALL_MAP) {
		for (size_t i = 1; i < map->count; i++) {
			first = dc_node_pair(map, map->pairs[i].key);
			if (first != &map->pairs[i])
				refuse_duplicate(b, first, &map->pairs[i]);
		}
		return DC_OK;
	}
	sorted = malloc(map->count * sizeof *sorted);
	if (!sorted)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < map->count; i++)
		sorted[i] = &map->pairs[i];
	qsort(sorted, map->count, sizeof *sorted, pair_compare);
	first = sorted[0];
	for (size_t i = 1; i < map->count; i++) {
		if (strcmp(first->key, sorted[i]->key) == 0)
			refuse_duplicate(b, first, sorted[i]);
		else
			first = sorted[i];
	}
	free(sorted);
	return DC_OK;
}

static enum dc_status new_node(struct builder *b, enum dc_node_kind kind,
			       const struct dc_mark *mark, struct dc_node **node)
{
	if (++b->nodes > DC_TREE_NODES)
		return dc_diag_error(b->diag, mark, "more than %d values in one file",
				     DC_TREE_NODES);
	*node = dc_node_create(b->arena, kind, mark);
	if (!*node)
		return DC_ERR_MEMORY;
	(*node)->folder = b->folder;
	return DC_OK;
}

/* A tag as it is written: libyaml gives !!int with its whole prefix. */
static const char *tag_words(struct builder *b, const yaml_char_t *tag)
{
	static const char core[] = "tag:yaml.org,2002:";
	const char *text = (const char *)tag, *words = NULL;

	if (strncmp(text, core, sizeof core - 1) == 0)
		words = dc_arena_printf(b->arena, "!!%s", text + sizeof core - 1);
	return dc_tree_quote(b->arena, words ? words : text);
}

static enum dc_status on_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	struct dc_mark mark = event_mark(b, event);
	struct anchor *anchor = NULL;
	struct dc_node *node = NULL;
	enum dc_status status = new_node(b, DC_NODE_SCALAR, &mark, &node);

	if (status != DC_OK || !node)
		return status;
	if (event->data.scalar.tag)
		refuse(b, &mark, "the tag '%s' is not supported",
		       tag_words(b, event->data.scalar.tag));
	if (memchr(text, 0, length))
		refuse(b, &mark, "a NUL character in a text");
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = dc_arena_strndup(b->arena, text, length);
	if (!node->text)
		return DC_ERR_MEMORY;
	status = add_anchor(b, event->data.scalar.anchor, &mark, node, &anchor);
	if (status != DC_OK)
		return status;
	if (anchor)
		anchor->complete = true;
	return place(b, node, 1, 1);
}

static enum dc_status on_alias(struct builder *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct dc_mark mark = event_mark(b, event);
	struct anchor *anchor = find_anchor(b, name);
	const char *shown = dc_tree_quote(b->arena, name);
	struct dc_node *node = NULL;
	enum dc_status status;

	if (anchor && anchor->complete) {
		b->expanded += anchor->nodes;
		if (b->expanded > DC_TREE_ALIASES)
			return dc_diag_error(b->diag, &mark,
					     "aliases expand to more than %d values",
					     DC_TREE_ALIASES);
		if (b->depth + anchor->height > DC_TREE_DEPTH)
			return dc_diag_error(b->diag, &mark, "nested more than %d levels deep",
					     DC_TREE_DEPTH);
		return place(b, anchor->node, anchor->nodes, anchor->height);
	}
	if (anchor)
		refuse(b, &mark, "the alias '*%s' stands inside the value that it names", shown);
	else
		refuse(b, &mark, "the alias '*%s' has no anchor '&%s' before it", shown, shown);
	/* An empty value in its place lets the reading go on. */
	status = new_node(b, DC_NODE_SCALAR, &mark, &node);
	return status == DC_OK ? place(b, node, 1, 1) : status;
}

static enum dc_status on_start(struct builder *b, const yaml_event_t *event)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	const yaml_char_t *tag =
		is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
	struct dc_mark mark = event_mark(b, event);
	struct frame *frame = &b->frames[b->depth];
	struct dc_node *node = NULL;
	enum dc_status status;

	if (b->depth == DC_TREE_DEPTH)
		return dc_diag_error(b->diag, &mark, "nested more than %d levels deep",
				     DC_TREE_DEPTH);
	status = new_node(b, is_list ? DC_NODE_LIST : DC_NODE_MAP, &mark, &node);
	if (status != DC_OK)
		return status;
	if (tag)
		refuse(b, &mark, "the tag '%s' is not supported", tag_words(b, tag));
	*frame = (struct frame){.node = node, .nodes = 1, .height = 1};
	b->depth++;
	return add_anchor(
		b, is_list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor,
		&mark, node, &frame->anchor);
}

static enum dc_status on_end(struct builder *b)
{
	struct frame *frame = &b->frames[--b->depth];
	enum dc_status status = DC_OK;

	if (frame->node->kind == DC_NODE_MAP)
		status = check_duplicates(b, frame->node);
	if (status != DC_OK)
		return status;
	if (frame->anchor) {
		frame->anchor->nodes = frame->nodes;
		frame->anchor->height = frame->height;
		frame->anchor->complete = true;
	}
	return place(b, frame->node, frame->nodes, frame->height);
}

static enum dc_status on_event(struct builder *b, const yaml_event_t *event)
{
	struct dc_mark mark;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return on_start(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(b);
	case YAML_DOCUMENT_START_EVENT:
		if (!b->root)
			return DC_OK;
		mark = event_mark(b, event);
		return dc_diag_error(b->diag, &mark, "a second document; a file holds one");
	default:
		return DC_OK;
	}
}

static enum dc_status read_events(struct builder *b)
{
	enum dc_status status = DC_OK;
	bool done = false;

	while (status == DC_OK && !done) {
		yaml_event_t event;

		if (!yaml_parser_parse(&b->parser, &event))
			return syntax_error(b);
		done = event.type == YAML_STREAM_END_EVENT;
		status = on_event(b, &event);
		yaml_event_delete(&event);
	}
	return status;
}

/* Length of the valid UTF-8 character at text [RFC 3629], 0 when there is none. */
static size_t utf8_length(const unsigned char *text, size_t left)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = text[0] < 0x80   ? 1
			: text[0] < 0xc0 ? 0
			: text[0] < 0xe0 ? 2
			: text[0] < 0xf0 ? 3
			: text[0] < 0xf8 ? 4
					 : 0;
	uint32_t code;

	if (!length || length > left)
		return 0;
	if (length == 1)
		return 1;
	code = text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return length;
}

/* libyaml gives bad bytes no line; looking for them first gives every one its place. */
static enum dc_status check_bytes(struct dc_diag *diag, const struct dc_source *source, size_t from)
{
	const unsigned char *text = (const unsigned char *)source->text;
	size_t left = source->length - from, length;
	struct dc_mark mark;

	if (left >= 2 && ((text[from] == 0xff && text[from + 1] == 0xfe) ||
			  (text[from] == 0xfe && text[from + 1] == 0xff))) {
		mark = dc_tree_mark(source, from, 1);
		return dc_diag_error(diag, &mark, "the text is UTF-16; save it as UTF-8");
	}
	for (size_t i = from; i < source->length; i += length) {
		length = utf8_length(text + i, source->length - i);
		if (length && (text[i] >= 0x20 || strchr("\t\n\r", text[i])) && text[i] &&
		    text[i] != 0x7f)
			continue;
		mark = dc_tree_mark(source, i, 1);
		if (!length)
			return dc_diag_error(diag, &mark, "the byte 0x%02x is not valid UTF-8",
					     text[i]);
		return dc_diag_error(diag, &mark, "the control character 0x%02x is not allowed",
				     text[i]);
	}
	return DC_OK;
}

/* No node, or a plain scalar without text: `null` and `~` are something. */
static bool is_nothing(const struct dc_node *root)
{
	return !root || (root->kind == DC_NODE_SCALAR && !root->quoted && !*root->text);
}

enum dc_status dc_tree_parse(struct dc_arena *arena, struct dc_diag *diag,
			     const struct dc_source *source, size_t from, const char *folder,
			     struct dc_node **root)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	enum dc_status status = check_bytes(diag, source, from);
	struct builder *b;
	struct dc_mark mark;

	*root = NULL;
	if (status != DC_OK)
		return status;
	b = calloc(1, sizeof *b);
	if (!b)
		return DC_ERR_MEMORY;
	if (source->length - from >= 3 && memcmp(source->text + from, byte_order_mark, 3) == 0)
		from += 3;
	*b = (struct builder){.arena = arena,
			      .diag = diag,
			      .source = source,
			      .folder = folder,
			      .from = from,
			      .cursor_byte = from,
			      .cursor_line = 1};
	if (!yaml_parser_initialize(&b->parser)) {
		free(b);
		return DC_ERR_MEMORY;
	}
	yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b->parser, (const unsigned char *)source->text + from,
				     source->length - from);
	status = read_events(b);
	if (status == DC_OK && is_nothing(b->root)) {
		mark = (struct dc_mark){.source = source, .line = 1, .column = 1, .length = 1};
		status = dc_diag_error(diag, &mark,
				       from ? "expected a value after '='" : "the file is empty");
	}
	if (status == DC_OK)
		*root = b->root;
	if (status == DC_OK && b->failed)
		status = DC_ERR_INPUT;
	yaml_parser_delete(&b->parser);
	free(b);
	return status;
}
