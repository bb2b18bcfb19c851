/* The marked tree: what is read, where its marks point, and everything that is refused. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "load.h"

Test(tree, scalars_lists_and_maps_with_marks)
{
	struct load load = load_start();
	struct dc_node *root = load_text(&load, "\xc3\xa4: {x: 'q', y: [1, two]}\nz: plain text\n");
	const struct dc_node *list;

	cr_assert_not_null(root, "%s", load_messages(&load));
	cr_assert_eq(root->kind, DC_NODE_MAP);
	cr_assert_eq(root->count, 2);
	cr_assert(dc_node_get(dc_node_get(root, "\xc3\xa4"), "x")->quoted);
	list = dc_node_get(dc_node_get(root, "\xc3\xa4"), "y");
	cr_assert_eq(list->kind, DC_NODE_LIST);
	cr_assert_str_eq(list->items[1]->text, "two");
	/* Columns are bytes: the a-umlaut has two, so `two` is at byte 21 of the line. */
	cr_assert_eq(list->items[1]->mark.line, 1);
	cr_assert_eq(list->items[1]->mark.column, 21);
	cr_assert_eq(list->items[1]->mark.length, 3);
	cr_assert_eq(dc_node_mark(root, "z")->line, 2);
	cr_assert_eq(dc_node_mark(root, "z")->column, 4);
	cr_assert_eq(dc_node_mark(root, "z")->length, 10);
	cr_assert_eq(dc_node_pair(root, "z")->key_mark.column, 1);
	cr_assert_null(dc_node_get(root, "none"));
	cr_assert_eq(dc_node_mark(root, "none"), &root->mark);
	cr_assert_null(dc_node_get(NULL, "none"));
	load_end(&load);
}

struct null_row {
	char text[16];
	bool null;
};

/* YAML 1.2 core: null, ~ and nothing are null; in quotes they are texts. */
ParameterizedTestParameters(tree, null)
{
	static struct null_row rows[] = {
		{"a: ", true},      {"a: ~", true},  {"a: null", true}, {"a: 'null'", false},
		{"a: \"\"", false}, {"a: 0", false}, {"a: []", false},  {"a: {}", false},
	};

	return cr_make_param_array(struct null_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct null_row *row, tree, null)
{
	struct load load = load_start();
	struct dc_node *root = load_text(&load, row->text);

	cr_assert_not_null(root, "'%s': %s", row->text, load_messages(&load));
	cr_assert_eq(dc_node_is_null(dc_node_get(root, "a")), row->null, "'%s'", row->text);
	cr_assert(dc_node_is_null(NULL));
	load_end(&load);
}

struct refused_row {
	char text[80];
	char lines[280];
};

/* Source of truth: tree.h; places counted by hand in the text. */
ParameterizedTestParameters(tree, refused)
{
	static struct refused_row rows[] = {
		{"", "t:1:1: error: the file is empty\n"},
		{"# only a comment\n", "t:1:1: error: the file is empty\n"},
		{"---\n", "t:1:1: error: the file is empty\n"},
		{"a: 1\nb: 2\na: 3\n",
		 "t:3:1: error: duplicate key 'a'\nt:1:1: note: 'a' is first given here\n"},
		{"{a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, a: 10}",
		 "t:1:56: error: duplicate key 'a'\nt:1:2: note: 'a' is first given here\n"},
		{"a: 1\n---\nb: 2\n", "t:2:1: error: a second document; a file holds one\n"},
		{"a: !!int 3\n", "t:1:4: error: the tag '!!int' is not supported\n"},
		{"a: !x [3]\n", "t:1:4: error: the tag '!x' is not supported\n"},
		{"? [a]\n: 1\n", "t:1:3: error: a key must be a name, not a list\n"},
		{"{a: 1}: 2\n", "t:1:1: error: a key must be a name, not a map\n"},
		{"\"\": 1\n", "t:1:1: error: a key must have a name\n"},
		{"a: *b\n", "t:1:4: error: the alias '*b' has no anchor '&b' before it\n"},
		{"a: &b [*b]\n",
		 "t:1:8: error: the alias '*b' stands inside the value that it names\n"},
		{"a: &b {x: 1}\nc:\n  <<: *b\n",
		 "t:3:3: error: the merge key '<<' is not supported; use an anchor for the whole value, "
		 "'include' or 'base'\n"},
		{"a: [1, 2\n", "t:2:1: error: not valid YAML: did not find expected ',' or ']'\n"
			       "t:1:4: note: while parsing a flow sequence that begins here\n"},
		{"a: {b: 1\nc: 2\n",
		 "t:2:2: error: not valid YAML: did not find expected ',' or '}'\n"
		 "t:1:4: note: while parsing a flow mapping that begins here\n"},
		{"a:\n\tb: 1\n",
		 "t:2:1: error: not valid YAML: a tab where a value begins; indent with "
		 "spaces\n"},
		{"a: b: c\n",
		 "t:1:5: error: not valid YAML: a ': ' inside a value; put the value in "
		 "quotes or on a line of its own\n"},
		{"a: @b\n",
		 "t:1:4: error: not valid YAML: a value cannot begin with '@'; put it in quotes\n"},
		{"ab\xff: 1\n", "t:1:3: error: the byte 0xff is not valid UTF-8\n"},
		{"a: 1\nb: \xc3(\n", "t:2:4: error: the byte 0xc3 is not valid UTF-8\n"},
		{"a: \xed\xa0\x80\n", "t:1:4: error: the byte 0xed is not valid UTF-8\n"},
		{"a: \xc0\x80\n", "t:1:4: error: the byte 0xc0 is not valid UTF-8\n"},
		{"a: 1\nb: x\x01y\n", "t:2:5: error: the control character 0x01 is not allowed\n"},
		{"\xff\xfe"
		 "a",
		 "t:1:1: error: the text is UTF-16; save it as UTF-8\n"},
		{"a: \"\\0\"\n", "t:1:4: error: a NUL character in a text\n"},
		{"a: 1\nb: !x 2\na: 2\nc: *q\n",
		 "t:2:4: error: the tag '!x' is not supported\nt:3:1: error: duplicate key 'a'\n"
		 "t:1:1: note: 'a' is first given here\n"
		 "t:4:4: error: the alias '*q' has no anchor '&q' before it\n"},
	};

	return cr_make_param_array(struct refused_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct refused_row *row, tree, refused)
{
	struct load load = load_start();

	cr_assert_null(load_text(&load, row->text), "'%s': accepted", row->text);
	cr_assert_str_eq(load_lines(&load), row->lines, "'%s':\n%s\nexpected:\n%s", row->text,
			 load_lines(&load), row->lines);
	load_end(&load);
}

/* A NUL byte inside the text is found, not taken for its end. */
Test(tree, nul_byte)
{
	struct load load = load_start();
	struct dc_node *root;

	cr_assert_eq(
		dc_tree_read_text(dc_config_arena(load.config), load.diag, "t", "a: 1\0", 5, &root),
		DC_ERR_INPUT);
	cr_assert_str_eq(load_lines(&load),
			 "t:1:5: error: the control character 0x00 is not allowed\n");
	load_end(&load);
}

/* A byte order mark is skipped; lines may end with CR LF. */
Test(tree, byte_order_mark_and_crlf)
{
	struct load load = load_start();
	struct dc_node *root = load_text(&load, "\xef\xbb\xbf"
						"a: 1\r\nb: 2\r\n");

	cr_assert_not_null(root, "%s", load_messages(&load));
	cr_assert_str_eq(dc_node_get(root, "a")->text, "1");
	cr_assert_eq(dc_node_mark(root, "b")->line, 2);
	cr_assert_eq(dc_node_mark(root, "b")->column, 4);
	load_end(&load);
}

/* DC_TREE_DEPTH levels are read, one more is refused where it begins. */
Test(tree, depth_limit)
{
	struct load load = load_start();
	char text[2 * DC_TREE_DEPTH + 4];

	memset(text, '[', DC_TREE_DEPTH);
	memset(text + DC_TREE_DEPTH, ']', DC_TREE_DEPTH);
	text[2 * DC_TREE_DEPTH] = '\0';
	cr_assert_not_null(load_text(&load, text), "%s", load_messages(&load));
	memset(text, '[', DC_TREE_DEPTH + 1);
	memset(text + DC_TREE_DEPTH + 1, ']', DC_TREE_DEPTH + 1);
	text[2 * DC_TREE_DEPTH + 2] = '\0';
	cr_assert_null(load_text(&load, text));
	cr_assert_str_eq(load_lines(&load), "t:1:65: error: nested more than 64 levels deep\n");
	load_end(&load);
}

/* 9 lists of 9 aliases each would expand to 9^9 values; the budget stops the fifth. */
Test(tree, alias_bomb)
{
	struct load load = load_start();
	char text[1024] = "a: &a [x, x, x, x, x, x, x, x, x]\n", line[80];

	for (char c = 'b'; c <= 'i'; c++) {
		char p = (char)(c - 1);

		snprintf(line, sizeof line,
			 "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, p, p, p,
			 p, p, p, p, p, p);
		strcat(text, line);
	}
	cr_assert_null(load_text(&load, text));
	/* a: 10 nodes; b: 91; c: 820; d: 7381; e: 66430: the aliases of b to e expand to
	 * 90 + 819 + 7380 + 66429 = 74718 nodes, the first of f to 66430 more. */
	cr_assert_str_eq(load_lines(&load),
			 "t:6:8: error: aliases expand to more than 100000 values\n");
	load_end(&load);
}

/* Aliases share what they name, and cannot make a tree deeper than the limit. */
Test(tree, aliases)
{
	struct load load = load_start();
	struct dc_node *root = load_text(&load, "a: &x {k: 1}\nb: *x\n");
	char text[256] = "a: &x ";

	cr_assert_eq(dc_node_get(root, "a"), dc_node_get(root, "b"));
	for (int i = 0; i < 40; i++)
		strcat(text, "[");
	for (int i = 0; i < 40; i++)
		strcat(text, "]");
	strcat(text, "\nb: ");
	for (int i = 0; i < 30; i++)
		strcat(text, "[");
	strcat(text, "*x");
	for (int i = 0; i < 30; i++)
		strcat(text, "]");
	cr_assert_null(load_text(&load, text));
	cr_assert_str_eq(load_lines(&load), "t:2:34: error: nested more than 64 levels deep\n");
	load_end(&load);
}

/* Where the text can be read to its end, the tree is there besides the error. */
Test(tree, refused_tree_is_still_given)
{
	struct load load = load_start();
	struct dc_node *root;

	cr_assert_eq(dc_tree_read_text(dc_config_arena(load.config), load.diag, "t", "a: 1\na: 2\n",
				       10, &root),
		     DC_ERR_INPUT);
	cr_assert_not_null(root);
	cr_assert_str_eq(dc_node_get(root, "a")->text, "1");
	load_end(&load);
}

Test(tree, files)
{
	struct load load = load_start();
	struct dc_arena *arena = dc_config_arena(load.config);
	struct dc_node *root;

	cr_assert_eq(mkdir("sub", 0755), 0);
	load_file("sub/a.yaml", "k: v\n");
	cr_assert_eq(dc_tree_read_file(arena, load.diag, "sub/a.yaml", &root), DC_OK);
	cr_assert_str_eq(dc_node_get(root, "k")->folder, "sub");
	cr_assert_eq(dc_tree_read_file(arena, load.diag, "sub", &root), DC_ERR_INPUT);
	cr_assert_eq(dc_tree_read_file(arena, load.diag, "none.yaml", &root), DC_ERR_INPUT);
	cr_assert_str_eq(load_lines(&load),
			 "error: sub: is a folder, not a file\n"
			 "error: none.yaml: cannot be opened: No such file or directory\n");
	load_end(&load);
}

/* One byte more than DC_TREE_BYTES is refused without being parsed. */
Test(tree, file_too_large)
{
	struct load load = load_start();
	FILE *file = fopen("large.yaml", "wb");
	struct dc_node *root;

	for (int i = 0; i <= DC_TREE_BYTES / 64; i++)
		fputs("# sixty-three bytes of comment that nobody needs to read at all\n", file);
	fclose(file);
	cr_assert_eq(
		dc_tree_read_file(dc_config_arena(load.config), load.diag, "large.yaml", &root),
		DC_ERR_INPUT);
	cr_assert_str_eq(load_lines(&load), "error: large.yaml: larger than 16 MiB, the limit of a "
					    "configuration file\n");
	load_end(&load);
}

Test(tree, builders)
{
	struct load load = load_start();
	struct dc_arena *arena = dc_config_arena(load.config);
	struct dc_node *map = dc_node_create(arena, DC_NODE_MAP, NULL);
	struct dc_node *list = dc_node_create(arena, DC_NODE_LIST, NULL);

	for (int i = 0; i < 20; i++)
		cr_assert_eq(dc_node_append(arena, list, dc_node_scalar(arena, NULL, "x")), DC_OK);
	cr_assert_eq(list->count, 20);
	cr_assert_eq(dc_node_set(arena, map, "a", list), DC_OK);
	cr_assert_eq(dc_node_set(arena, map, "b", dc_node_scalar(arena, NULL, "1")), DC_OK);
	cr_assert_eq(dc_node_set(arena, map, "b", dc_node_scalar(arena, NULL, "2")), DC_OK);
	cr_assert_eq(map->count, 2);
	cr_assert_str_eq(dc_node_get(map, "b")->text, "2");
	cr_assert_eq(dc_node_remove(map, "a"), list);
	cr_assert_null(dc_node_remove(map, "a"));
	cr_assert_eq(map->count, 1);
	cr_assert_str_eq(dc_node_get(map, "b")->text, "2");
	load_end(&load);
}

/* Maps merge key by key, at every depth; lists and scalars are replaced; nothing given changes. */
Test(tree, merge)
{
	struct load load = load_start();
	struct dc_node *under = load_text(&load, "{a: {x: 1, y: 2}, b: [1, 2], c: 3}");
	struct dc_node *over = load_text(&load, "{a: {y: 5, z: 6}, b: [9], d: 4}");
	struct dc_node *merged = dc_node_merge(dc_config_arena(load.config), under, over);

	cr_assert_str_eq(dc_node_get(dc_node_get(merged, "a"), "x")->text, "1");
	cr_assert_str_eq(dc_node_get(dc_node_get(merged, "a"), "y")->text, "5");
	cr_assert_str_eq(dc_node_get(dc_node_get(merged, "a"), "z")->text, "6");
	cr_assert_eq(dc_node_get(merged, "b")->count, 1);
	cr_assert_str_eq(dc_node_get(merged, "c")->text, "3");
	cr_assert_str_eq(dc_node_get(merged, "d")->text, "4");
	cr_assert_str_eq(dc_node_get(dc_node_get(under, "a"), "y")->text, "2");
	cr_assert_eq(under->count, 3);
	load_end(&load);
}
