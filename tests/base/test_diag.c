/* The diagnostics sink: order, counting, the source line and caret, suggestions. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

/* What the sink renders; the caller frees it. */
static char *rendered(const struct dc_diag *diag, bool colour)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	dc_diag_render(diag, out, colour);
	fclose(out);
	return text;
}

static void expect(const struct dc_diag *diag, const char *expected)
{
	char *text = rendered(diag, false);

	cr_assert_str_eq(text, expected, "rendered:\n%s\nexpected:\n%s", text, expected);
	free(text);
}

static const struct dc_source *source(struct dc_diag *diag, const char *name, const char *text)
{
	return dc_diag_source(diag, name, text, strlen(text));
}

/* The form that diag.h shows. */
Test(diag, line_and_caret)
{
	struct dc_diag *diag = dc_diag_create();
	const struct dc_source *file = source(diag, "a.yaml", "x: 1\nspeed: 50 GBps\n");
	struct dc_mark mark = {file, 2, 8, 7};

	cr_assert_eq(dc_diag_error(diag, &mark, "speed: %s", "no"), DC_ERR_INPUT);
	expect(diag, "a.yaml:2:8: error: speed: no\n"
		     "    2 | speed: 50 GBps\n"
		     "      |        ^~~~~~~\n");
	dc_diag_destroy(diag);
}

/* By file in order of registration, then line and column; notes stay behind their message; what has
 * no place comes last. */
Test(diag, sorted_by_place)
{
	struct dc_diag *diag = dc_diag_create();
	const struct dc_source *first = source(diag, "1", "ab\ncd\n");
	const struct dc_source *second = source(diag, "2", "ef");
	struct dc_mark a = {first, 1, 1, 1}, b = {first, 1, 2, 1}, c = {first, 2, 1, 1};
	struct dc_mark d = {second, 1, 1, 1};

	dc_diag_error(diag, NULL, "nowhere");
	dc_diag_error(diag, &d, "fourth");
	dc_diag_error(diag, &c, "third");
	dc_diag_note(diag, &a, "of the third");
	dc_diag_warning(diag, &b, "second");
	dc_diag_error(diag, &a, "first");
	expect(diag, "1:1:1: error: first\n    1 | ab\n      | ^\n"
		     "1:1:2: warning: second\n    1 | ab\n      |  ^\n"
		     "1:2:1: error: third\n    2 | cd\n      | ^\n"
		     "1:1:1: note: of the third\n    1 | ab\n      | ^\n"
		     "2:1:1: error: fourth\n    1 | ef\n      | ^\n"
		     "error: nowhere\n");
	cr_assert_eq(dc_diag_errors(diag), 4);
	cr_assert_eq(dc_diag_warnings(diag), 1);
	dc_diag_destroy(diag);
}

/* A value shared by an alias is read twice and complains once; both count. */
Test(diag, same_words_at_same_place_once)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_mark mark = {source(diag, "f", "x"), 1, 1, 1};

	dc_diag_error(diag, &mark, "bad");
	dc_diag_error(diag, &mark, "bad");
	expect(diag, "f:1:1: error: bad\n    1 | x\n      | ^\n");
	cr_assert_eq(dc_diag_errors(diag), 2);
	dc_diag_destroy(diag);
}

/* At most DC_DIAG_LIMIT messages are kept, the rest counted. */
Test(diag, limit)
{
	struct dc_diag *diag = dc_diag_create();
	char *text;

	for (int i = 0; i < DC_DIAG_LIMIT + 7; i++)
		dc_diag_error(diag, NULL, "message %d", i);
	cr_assert_eq(dc_diag_errors(diag), DC_DIAG_LIMIT + 7);
	text = rendered(diag, false);
	cr_assert_not_null(strstr(text, "error: message 99\nand 7 more messages\n"), "%s", text);
	free(text);
	dc_diag_destroy(diag);
}

/* Tabs count as one column; characters of several bytes as one; control bytes cannot pass. */
Test(diag, odd_bytes)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_mark mark = {source(diag, "f", "\t\xc3\xa4\x1b\xff: bad\r\n"), 1, 8, 3};

	dc_diag_error(diag, &mark, "a\x1b[31mb");
	expect(diag, "f:1:8: error: a\\x1b[31mb\n"
		     "    1 |  \xc3\xa4??: bad\n"
		     "      |       ^~~\n");
	dc_diag_destroy(diag);
}

/* A place beyond the text shows no line; a place at the end of a line shows the caret behind it. */
Test(diag, places_at_and_beyond_the_end)
{
	struct dc_diag *diag = dc_diag_create();
	const struct dc_source *file = source(diag, "f", "ab");
	struct dc_mark end = {file, 1, 3, 1}, beyond = {file, 9, 1, 1}, whole = {file, 0, 0, 0};

	dc_diag_error(diag, &whole, "whole file");
	dc_diag_error(diag, &end, "end");
	dc_diag_error(diag, &beyond, "beyond");
	expect(diag, "f: error: whole file\n"
		     "f:1:3: error: end\n    1 | ab\n      |   ^\n"
		     "f:9:1: error: beyond\n");
	dc_diag_destroy(diag);
}

/* Of a line of 100,000 bytes only the part around the place is shown. */
Test(diag, long_lines_are_cut)
{
	struct dc_diag *diag = dc_diag_create();
	char *line = malloc(100001), *text;
	struct dc_mark mark;

	memset(line, 'x', 100000);
	line[100000] = '\0';
	mark = (struct dc_mark){source(diag, "f", line), 1, 50000, 99999};
	dc_diag_error(diag, &mark, "here");
	text = rendered(diag, false);
	/* Two lines of 8 + 160 bytes, the caret's first 100 blank, and the message. */
	cr_assert(strlen(text) < 400, "%zu bytes", strlen(text));
	free(text);
	free(line);
	dc_diag_destroy(diag);
}

Test(diag, colours_only_when_asked)
{
	struct dc_diag *diag = dc_diag_create();
	struct dc_mark mark = {source(diag, "f", "x"), 1, 1, 1};
	char *text;

	dc_diag_error(diag, &mark, "bad");
	text = rendered(diag, true);
	cr_assert_not_null(strstr(text, "\033["), "%s", text);
	free(text);
	text = rendered(diag, false);
	cr_assert_null(strstr(text, "\033["), "%s", text);
	free(text);
	dc_diag_destroy(diag);
	dc_diag_destroy(NULL);
}

struct nearest_row {
	char word[16];
	char expected[16]; /* "" for none */
};

/* Source of truth: edits counted by hand; at most a third of the word's length, at least one. */
ParameterizedTestParameters(diag, nearest)
{
	static struct nearest_row rows[] = {
		{"bandwith", "bandwidth"},
		{"bandwdith", "bandwidth"},
		{"latnecy", "latency"},
		{"LATENCY", "latency"},
		{"rign", "ring"},
		{"rig", "ring"},
		{"rinng", "ring"},
		{"switch", "switch"},
		{"swtch", "switch"},
		{"bndwth", ""},
		{"xyz", ""},
		{"", ""},
		{"q", ""},
		{"ringswitch", ""},
		{"size", "size"},
		{"sizes", "size"},
	};

	return cr_make_param_array(struct nearest_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct nearest_row *row, diag, nearest)
{
	static const char *const names[] = {"bandwidth", NULL,   "latency", "ring",
					    "switch",    "size", "k"};
	const char *nearest = dc_diag_nearest(row->word, names, sizeof names / sizeof *names);

	cr_assert_str_eq(nearest ? nearest : "", row->expected, "'%s': '%s', expected '%s'",
			 row->word, nearest ? nearest : "", row->expected);
}

/* Equal but for case wins over an edit; among equals the right case wins. */
Test(diag, nearest_prefers_the_right_case)
{
	static const char *const names[] = {"GB/s", "Gb/s"};

	cr_assert_str_eq(dc_diag_nearest("Gb/S", names, 2), "Gb/s");
	cr_assert_str_eq(dc_diag_nearest("GB/S", names, 2), "GB/s");
	cr_assert_null(dc_diag_nearest(
		"a word of more than sixty-four bytes that is nothing like a key of a table", names,
		2));
}
