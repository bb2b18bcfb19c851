/* Tables of text: cells, quotes, places, refusals. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/table.h"

struct load {
	struct dc_arena *arena;
	struct dc_diag *diag;
	struct dc_table table;
	enum dc_status status;
	char *messages;
};

static struct load load_text(const char *text)
{
	struct load load = {.arena = dc_arena_create(), .diag = dc_diag_create()};
	char path[] = "/tmp/dcsim-table-XXXXXX";
	int file = mkstemp(path);
	size_t size;
	FILE *out;

	cr_assert_geq(file, 0);
	cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
	close(file);
	load.status = dc_table_read(load.arena, load.diag, path, &load.table);
	unlink(path);
	out = open_memstream(&load.messages, &size);
	dc_diag_render(load.diag, out, false);
	fclose(out);
	return load;
}

static void unload(struct load *load)
{
	free(load->messages);
	dc_arena_destroy(load->arena);
	dc_diag_destroy(load->diag);
}

/* Source of truth: table.h: comments and blank lines are passed over, blanks around cells dropped,
 * quotes hold commas and doubled quotes. */
Test(table, cells)
{
	struct load load =
		load_text("# a comment\n\nid, name ,x\n1,\"a, \"\"b\"\"\", 2.5 \r\n2,,-1e3\n");
	double x;

	cr_assert_eq(load.status, DC_OK, "%s", load.messages);
	cr_assert_eq(load.table.columns, 3);
	cr_assert_eq(load.table.rows, 2);
	cr_expect_str_eq(dc_table_text(&load.table, 0, dc_table_column(&load.table, "NAME")),
			 "a, \"b\"");
	cr_expect_str_eq(dc_table_text(&load.table, 1, 1), "");
	cr_expect_str_eq(dc_table_text(&load.table, 1, -1), "");
	cr_expect_eq(dc_table_column(&load.table, "y"), -1);
	cr_assert_eq(dc_table_number(&load.table, load.diag, 0, 2, &x), DC_OK);
	cr_expect_eq(x, 2.5);
	cr_assert_eq(dc_table_number(&load.table, load.diag, 1, 2, &x), DC_OK);
	cr_expect_eq(x, -1000);
	unload(&load);
}

/* Source of truth: counting lines and columns by hand. */
Test(table, places)
{
	struct load load = load_text("a,b\n#\n1, two\n");
	struct dc_mark mark;
	double x;

	cr_assert_eq(load.status, DC_OK);
	mark = dc_table_mark(&load.table, 0, 1);
	cr_expect_eq(mark.line, 3);
	cr_expect_eq(mark.column, 4);
	cr_expect_eq(mark.length, 3);
	cr_expect_eq(dc_table_number(&load.table, load.diag, 0, 1, &x), DC_ERR_INPUT);
	unload(&load);
}

/* Source of truth: every row with another number of cells is told. */
Test(table, every_wrong_row_is_told)
{
	struct load load = load_text("a,b\n1\n1,2\n1,2,3\n");

	cr_assert_eq(load.status, DC_ERR_INPUT);
	cr_expect_not_null(strstr(load.messages, ":2:1: error: 1 cells; the header has 2 columns"),
			   "%s", load.messages);
	cr_expect_not_null(strstr(load.messages, ":4:1: error: 3 cells; the header has 2 columns"),
			   "%s", load.messages);
	unload(&load);
}

Test(table, an_empty_file_is_refused)
{
	struct load load = load_text("# nothing\n");

	cr_assert_eq(load.status, DC_ERR_INPUT);
	cr_expect_not_null(strstr(load.messages, "the table is empty"), "%s", load.messages);
	unload(&load);
}

Test(table, a_missing_file_and_a_folder_are_refused)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_diag *diag = dc_diag_create();
	struct dc_table table;

	cr_expect_eq(dc_table_read(arena, diag, "/nowhere/none.csv", &table), DC_ERR_INPUT);
	cr_expect_eq(dc_table_read(arena, diag, "/tmp", &table), DC_ERR_INPUT);
	cr_expect_eq(dc_diag_errors(diag), 2);
	dc_arena_destroy(arena);
	dc_diag_destroy(diag);
}
