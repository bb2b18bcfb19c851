/* Overrides: a path, an equals sign, a value in YAML. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "load.h"

static void write_flat(const struct dc_node *node, FILE *out)
{
	if (node->kind == DC_NODE_SCALAR) {
		fputs(node->text, out);
		return;
	}
	fputs(node->kind == DC_NODE_MAP ? "{" : "[", out);
	for (size_t i = 0; i < node->count; i++) {
		fputs(i ? " " : "", out);
		if (node->kind == DC_NODE_MAP)
			fprintf(out, "%s:", node->pairs[i].key);
		write_flat(node->kind == DC_NODE_MAP ? node->pairs[i].value : node->items[i], out);
	}
	fputs(node->kind == DC_NODE_MAP ? "}" : "]", out);
}

struct override_row {
	char tree[48];
	char assignment[40];
	char expected[64];
	char lines[120];
};

/* Source of truth: the rules in config.h, applied by hand. */
ParameterizedTestParameters(override, rows)
{
	static struct override_row rows[] = {
		{"{a: 1}", "a=2", "{a:2}", ""},
		{"{a: 1}", "b=2", "{a:1 b:2}", ""},
		{"{a: {b: 1}}", "a.b=50 GB/s", "{a:{b:50 GB/s}}", ""},
		{"{a: {b: 1}}", "a.c.d=x", "{a:{b:1 c:{d:x}}}", ""},
		{"{x: 1}", "a.b=2", "{x:1 a:{b:2}}", ""},
		{"{a: name}", "a.memory=40 GB", "{a:{base:name memory:40 GB}}", ""},
		{"{a: ~}", "a.b=1", "{a:{b:1}}", ""},
		{"{a: [1, 2]}", "a.1=5", "{a:[1 5]}", ""},
		{"{a: [1, 2]}", "a.2=5", "{a:[1 2 5]}", ""},
		{"{a: [{b: 1}]}", "a.0.b=5", "{a:[{b:5}]}", ""},
		{"{a: [{name: n, b: 1}]}", "a.n.b=5", "{a:[{name:n b:5}]}", ""},
		{"{a: 1}", "a=[1, 2]", "{a:[1 2]}", ""},
		{"{a: 1}", "a={x: 3}", "{a:{x:3}}", ""},
		{"{a: 1}", "a=", "{a:}", ""},
		{"{a: 1}", "a=x=y", "{a:x=y}", ""},
		{"{a: &x {b: 1}, c: *x}", "a.b=2", "{a:{b:2} c:{b:1}}", ""},
		{"{a: [1, 2]}", "a.3=5", "",
		 "-s:1:3: error: '3' is no item of this list, which has 2 (the first is 0)\n"},
		{"{a: [1, 2]}", "a.x=5", "",
		 "-s:1:3: error: 'x' is no item of this list, which has 2 (the first is 0)\n"},
		{"{a: 1}", "a", "", "-s:1:1: error: expected KEY=VALUE, such as 'run.seed=2'\n"},
		{"{a: 1}", "=2", "",
		 "-s:1:1: error: a name is missing; expected KEY=VALUE, such as 'run.seed=2'\n"},
		{"{a: 1}", "a..b=2", "",
		 "-s:1:3: error: a name is missing; expected KEY=VALUE, such as 'run.seed=2'\n"},
		{"{a: 1}", "a=\"x", "",
		 "-s:1:5: error: not valid YAML: found unexpected end of stream\n"
		 "-s:1:3: note: while scanning a quoted s"},
	};

	return cr_make_param_array(struct override_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct override_row *row, override, rows)
{
	struct load load = load_start();
	struct dc_node *root = load_text(&load, row->tree);
	enum dc_status status = dc_config_override(load.config, root, row->assignment);
	char text[256] = "";
	FILE *out;

	if (!*row->lines) {
		cr_assert_eq(status, DC_OK, "'%s': %s", row->assignment, load_messages(&load));
		out = fmemopen(text, sizeof text, "w");
		write_flat(root, out);
		fclose(out);
		cr_assert_str_eq(text, row->expected, "'%s': %s, expected %s", row->assignment,
				 text, row->expected);
	} else {
		cr_assert_eq(status, DC_ERR_INPUT, "'%s': accepted", row->assignment);
		cr_assert_eq(strncmp(load_lines(&load), row->lines, strlen(row->lines)), 0,
			     "'%s':\n%s\nexpected:\n%s", row->assignment, load_lines(&load),
			     row->lines);
	}
	load_end(&load);
}

/* A mark in the value points into the assignment as it was typed. */
Test(override, marks_point_into_the_assignment)
{
	struct load load = load_start();
	struct dc_node *root = load_text(&load, "{a: 1}");

	cr_assert_eq(dc_config_override(load.config, root, "b.c=50 GBps"), DC_OK);
	dc_diag_error(load.diag, dc_node_mark(dc_node_get(root, "b"), "c"), "here");
	dc_diag_error(load.diag, &dc_node_pair(dc_node_get(root, "b"), "c")->key_mark, "key");
	cr_assert_str_eq(load_messages(&load),
			 "-s:1:3: error: key\n    1 | b.c=50 GBps\n      |   ^\n"
			 "-s:1:5: error: here\n    1 | b.c=50 GBps\n"
			 "      |     ^~~~~~~\n");
	load_end(&load);
}
