/* The diagnostics sink: collects located messages and renders them with source line and caret. */
#include "base/diag.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

enum {
	LINE_SHOWN = 160,  /* bytes of a source line that are shown */
	LINE_BEFORE = 100, /* of which at most so many come before the caret */
	WORD_LIMIT = 64,   /* longest word worth a suggestion */
};

struct source {
	struct dc_source shown;
	unsigned order;
};

struct message {
	enum dc_severity severity;
	struct dc_mark mark;
	unsigned group; /* index of the message that this note belongs to; itself otherwise */
	unsigned index;
	const char *text;
};

struct dc_diag {
	struct dc_arena *arena;
	struct message messages[DC_DIAG_LIMIT];
	unsigned count;
	unsigned sources;
	bool lead_dropped; /* the last message that is no note found no room */
	size_t dropped;
	size_t errors;
	size_t warnings;
};

struct dc_diag *dc_diag_create(void)
{
	struct dc_diag *diag = calloc(1, sizeof *diag);

	if (!diag)
		return NULL;
	diag->arena = dc_arena_create();
	if (!diag->arena) {
		free(diag);
		return NULL;
	}
	return diag;
}

void dc_diag_destroy(struct dc_diag *diag)
{
	if (!diag)
		return;
	dc_arena_destroy(diag->arena);
	free(diag);
}

const struct dc_source *dc_diag_source(struct dc_diag *diag, const char *name, const char *text,
				       size_t length)
{
	struct source *source = dc_arena_alloc(diag->arena, sizeof *source);

	if (!source)
		return NULL;
	source->order = diag->sources++;
	source->shown.name = dc_arena_strdup(diag->arena, name);
	source->shown.text = dc_arena_strndup(diag->arena, text, length);
	source->shown.length = length;
	return source->shown.name && source->shown.text ? &source->shown : NULL;
}

static DC_PRINTF(4, 0) void add(struct dc_diag *diag, enum dc_severity severity,
				const struct dc_mark *mark, const char *format, va_list args)
{
	struct message *message;

	if (severity == DC_ERROR)
		diag->errors++;
	if (severity == DC_WARNING)
		diag->warnings++;
	if (severity != DC_NOTE)
		diag->lead_dropped = diag->count == DC_DIAG_LIMIT;
	if (diag->count == DC_DIAG_LIMIT || diag->lead_dropped) {
		diag->dropped++;
		return;
	}
	message = &diag->messages[diag->count];
	message->severity = severity;
	message->index = diag->count;
	message->group = diag->count;
	if (severity == DC_NOTE && diag->count)
		message->group = message[-1].group;
	if (mark)
		message->mark = *mark;
	message->text = dc_arena_vprintf(diag->arena, format, args);
	if (!message->text)
		message->text = "out of memory while writing this message";
	diag->count++;
}

enum dc_status(dc_diag_error)(struct dc_diag *diag, const struct dc_mark *mark, const char *format,
			      ...)
{
	va_list args;

	va_start(args, format);
	add(diag, DC_ERROR, mark, format, args);
	va_end(args);
	return DC_ERR_INPUT;
}

void dc_diag_warning(struct dc_diag *diag, const struct dc_mark *mark, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(diag, DC_WARNING, mark, format, args);
	va_end(args);
}

void dc_diag_note(struct dc_diag *diag, const struct dc_mark *mark, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(diag, DC_NOTE, mark, format, args);
	va_end(args);
}

size_t dc_diag_errors(const struct dc_diag *diag)
{
	return diag->errors;
}

const char *dc_diag_first_error(const struct dc_diag *diag)
{
	for (unsigned i = 0; i < diag->count; i++)
		if (diag->messages[i].severity == DC_ERROR)
			return diag->messages[i].text;
	return "";
}

size_t dc_diag_warnings(const struct dc_diag *diag)
{
	return diag->warnings;
}

/* Orders two marks: located before unlocated, then source, line, column. */
static int mark_compare(const struct dc_mark *a, const struct dc_mark *b)
{
	unsigned order_a, order_b;

	if (!a->source || !b->source)
		return !a->source - !b->source;
	/* Every source comes from dc_diag_source(), where shown is the first member. */
	order_a = ((const struct source *)(const void *)a->source)->order;
	order_b = ((const struct source *)(const void *)b->source)->order;
	if (order_a != order_b)
		return order_a < order_b ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return 0;
}

static int message_compare(const void *left, const void *right)
{
	const struct message *a = *(const struct message *const *)left;
	const struct message *b = *(const struct message *const *)right;
	const struct message *lead_a = a - (a->index - a->group);
	const struct message *lead_b = b - (b->index - b->group);
	int order = mark_compare(&lead_a->mark, &lead_b->mark);

	if (!order && a->group != b->group)
		order = a->group < b->group ? -1 : 1;
	if (!order)
		order = a->index < b->index ? -1 : 1;
	return order;
}

/* Control bytes would let a file steer the terminal. */
static void print_clean(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
			fputc(c, out);
		else
			fprintf(out, "\\x%02x", c);
	}
}

/* The bytes of a line of the source, without its end. */
static const char *source_line(const struct dc_source *source, unsigned line, size_t *length)
{
	const char *text = source->text, *end = text + source->length, *stop;

	while (--line) {
		const char *next = memchr(text, '\n', (size_t)(end - text));

		if (!next)
			return NULL;
		text = next + 1;
	}
	stop = memchr(text, '\n', (size_t)(end - text));
	*length = (size_t)((stop ? stop : end) - text);
	if (*length && text[*length - 1] == '\r')
		--*length;
	return text;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the UTF-8 character at the start of text, 0 when it is none. */
static size_t character_bytes(const char *text, size_t left)
{
	unsigned char c = (unsigned char)*text;
	size_t bytes = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < bytes; i++)
		if (i >= left || !is_continuation(text[i]))
			return 0;
	/* Overlong forms, surrogates and what lies beyond Unicode [RFC 3629, section 4]. */
	if (bytes > 2) {
		unsigned char second = (unsigned char)text[1];

		if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
		    (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f))
			return 0;
	}
	return bytes;
}

/* A source line, one column per character: a tab becomes a blank, other control and bad bytes '?'. */
static void print_line(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0, bytes; i < length; i += bytes ? bytes : 1) {
		unsigned char c = (unsigned char)text[i];

		bytes = character_bytes(text + i, length - i);
		if (c == '\t')
			fputc(' ', out);
		else if (!bytes || c < 0x20 || c == 0x7f)
			fputc('?', out);
		else
			fwrite(text + i, 1, bytes, out);
	}
}

/* The source line and the caret line below it; one output column per character. */
static void print_source(FILE *out, const struct dc_mark *mark, bool colour)
{
	size_t length, from = 0, to, caret, tail;
	const char *line = source_line(mark->source, mark->line, &length);

	if (!line || !mark->column || mark->column > length + 1)
		return;
	caret = mark->column - 1;
	if (caret > LINE_BEFORE)
		from = caret - LINE_BEFORE;
	while (from && is_continuation(line[from]))
		from--;
	to = length - from > LINE_SHOWN ? from + LINE_SHOWN : length;
	while (to < length && is_continuation(line[to]))
		to++;
	fprintf(out, "%5u | ", mark->line);
	print_line(out, line + from, to - from);
	fputs("\n      | ", out);
	for (size_t i = from; i < caret; i++)
		if (!is_continuation(line[i]))
			fputc(' ', out);
	tail = caret + (mark->length ? mark->length : 1);
	if (tail > to)
		tail = to;
	fputs(colour ? "\033[32m^" : "^", out);
	for (size_t i = caret + 1; i < tail; i++)
		if (!is_continuation(line[i]))
			fputc('~', out);
	fputs(colour ? "\033[0m\n" : "\n", out);
}

static void print_message(FILE *out, const struct message *message, bool colour)
{
	static const char *const words[] = {"note", "warning", "error"};
	static const char *const colours[] = {"\033[36m", "\033[35m", "\033[1;31m"};
	const struct dc_mark *mark = &message->mark;

	if (mark->source) {
		fputs(colour ? "\033[1m" : "", out);
		print_clean(out, mark->source->name, strlen(mark->source->name));
		if (mark->line)
			fprintf(out, ":%u:%u", mark->line, mark->column);
		fputs(colour ? ":\033[0m " : ": ", out);
	}
	fprintf(out, "%s%s:%s ", colour ? colours[message->severity] : "", words[message->severity],
		colour ? "\033[0m" : "");
	print_clean(out, message->text, strlen(message->text));
	fputc('\n', out);
	if (mark->source && mark->line)
		print_source(out, mark, colour);
}

static bool same_message(const struct message *a, const struct message *b)
{
	return a->severity == b->severity && a->mark.source == b->mark.source &&
	       a->mark.line == b->mark.line && a->mark.column == b->mark.column &&
	       strcmp(a->text, b->text) == 0;
}

/* True when the same words at the same place were already printed: a shared node read twice. */
static bool printed_before(const struct message *const *sorted, unsigned at)
{
	if (!sorted[at]->mark.source)
		return false;
	for (unsigned i = 0; i < at; i++)
		if (same_message(sorted[i], sorted[at]))
			return true;
	return false;
}

void dc_diag_render(const struct dc_diag *diag, FILE *out, bool colour)
{
	const struct message *sorted[DC_DIAG_LIMIT] = {NULL};

	for (unsigned i = 0; i < diag->count; i++)
		sorted[i] = &diag->messages[i];
	qsort(sorted, diag->count, sizeof *sorted, message_compare);
	for (unsigned i = 0; i < diag->count; i++)
		if (!printed_before(sorted, i))
			print_message(out, sorted[i], colour);
	if (diag->dropped)
		fprintf(out, "and %zu more message%s\n", diag->dropped,
			diag->dropped == 1 ? "" : "s");
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours
 * [Damerau 1964; Wagner and Lowrance 1975, restricted]. Words of at most WORD_LIMIT bytes. */
static unsigned distance(const char *a, size_t length_a, const char *b, size_t length_b, bool fold)
{
	unsigned rows[3][WORD_LIMIT + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= length_b; j++) {
		last[j] = (unsigned)j;
		before[j] = 0;
	}
	for (size_t i = 1; i <= length_a; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= length_b; j++) {
			int x = fold ? tolower((unsigned char)a[i - 1]) : a[i - 1];
			int y = fold ? tolower((unsigned char)b[j - 1]) : b[j - 1];
			unsigned cost = last[j - 1] + (x != y);

			cost = smaller(cost, smaller(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 &&
			    (fold ? strncasecmp(&a[i - 1], &b[j - 2], 1) == 0 &&
					     strncasecmp(&a[i - 2], &b[j - 1], 1) == 0
				  : a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]))
				cost = smaller(cost, before[j - 2] + 1);
			row[j] = cost;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[length_b];
}

const char *dc_diag_nearest(const char *word, const char *const *candidates, size_t count)
{
	size_t length = strlen(word);
	unsigned limit = length / 3 > 1 ? (unsigned)(length / 3) : 1;
	unsigned best = limit + 1, best_exact = 0;
	const char *nearest = NULL;

	if (!length || length > WORD_LIMIT)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = candidates[i] ? strlen(candidates[i]) : 0;
		unsigned folded, exact;

		if (!other || other > WORD_LIMIT)
			continue;
		folded = distance(word, length, candidates[i], other, true);
		/* Something of the word must be left: 'x' is not a misspelt 'y'. */
		if (folded > best || folded > limit || folded >= length)
			continue;
		exact = distance(word, length, candidates[i], other, false);
		if (folded < best || exact < best_exact) {
			best = folded;
			best_exact = exact;
			nearest = candidates[i];
		}
	}
	return nearest;
}
