/* Includes, files under keys, and finding files by name. */
#include "load.h"

static const char *text_at(const struct dc_node *root, const char *key)
{
	const struct dc_node *node = dc_node_get(root, key);

	return node && node->kind == DC_NODE_SCALAR ? node->text : "(none)";
}

/* Files are merged in order, then the file's own keys on top; the include key is gone. */
Test(include, later_keys_win)
{
	struct load load = load_start();
	struct dc_node *root;

	load_file("a.yaml", "x: a\ny: a\nz: a\nm: {p: 1, q: 1}\n");
	load_file("b.yaml", "y: b\nz: b\n");
	load_file("c.yaml", "include: [a.yaml, b.yaml]\nz: c\nm: {q: 2}\n");
	cr_assert_eq(dc_config_load(load.config, "c.yaml", &root), DC_OK, "%s",
		     load_messages(&load));
	cr_assert_str_eq(text_at(root, "x"), "a");
	cr_assert_str_eq(text_at(root, "y"), "b");
	cr_assert_str_eq(text_at(root, "z"), "c");
	cr_assert_str_eq(text_at(dc_node_get(root, "m"), "p"), "1");
	cr_assert_str_eq(text_at(dc_node_get(root, "m"), "q"), "2");
	cr_assert_null(dc_node_get(root, "include"));
	load_end(&load);
}

/* Names are relative to the file that holds them; one name alone needs no list. */
Test(include, relative_to_the_file)
{
	struct load load = load_start();
	struct dc_node *root;

	mkdir("sub", 0755);
	load_file("sub/a.yaml", "include: b.yaml\nx: a\n");
	load_file("sub/b.yaml", "y: b\n");
	load_file("c.yaml", "include: sub/a.yaml\n");
	cr_assert_eq(dc_config_load(load.config, "c.yaml", &root), DC_OK, "%s",
		     load_messages(&load));
	cr_assert_str_eq(text_at(root, "y"), "b");
	cr_assert_str_eq(dc_node_get(root, "y")->folder, "sub");
	load_end(&load);
}

Test(include, loops_are_refused)
{
	struct load load = load_start();
	struct dc_node *root;

	load_file("a.yaml", "include: [b.yaml]\n");
	load_file("b.yaml", "include: [a.yaml]\n");
	cr_assert_eq(dc_config_load(load.config, "a.yaml", &root), DC_ERR_INPUT);
	cr_assert_str_eq(load_lines(&load),
			 "b.yaml:1:11: error: include loop: 'a.yaml' is being read already\n"
			 "a.yaml:1:11: note: included here\n");
	load_end(&load);
}

/* Maps beyond 32 keys are merged by search in sorted order: 100 keys below, every second one of them
 * and 50 new ones on top; the order of writing stays. */
Test(include, large_maps_merge_like_small_ones)
{
	struct load load = load_start();
	struct dc_node *root;
	char under[2000] = "", over[4000] = "include: u.yaml\n", line[32];

	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof line, "k%d: under\n", i);
		strcat(under, line);
		snprintf(line, sizeof line, "k%d: over\n", 2 * i);
		strcat(over, line);
	}
	load_file("u.yaml", under);
	load_file("o.yaml", over);
	cr_assert_eq(dc_config_load(load.config, "o.yaml", &root), DC_OK, "%s",
		     load_messages(&load));
	cr_assert_eq(root->count, 150);
	for (int i = 0; i < 150; i++) {
		int number = i < 100 ? i : 2 * (i - 50);

		snprintf(line, sizeof line, "k%d", number);
		cr_assert_str_eq(root->pairs[i].key, line);
		cr_assert_str_eq(text_at(root, line), number % 2 ? "under" : "over", "%s", line);
	}
	load_end(&load);
}

/* The same file twice, but not within itself, is no loop. */
Test(include, diamond_is_no_loop)
{
	struct load load = load_start();
	struct dc_node *root;

	load_file("a.yaml", "include: [b.yaml, c.yaml]\n");
	load_file("b.yaml", "include: [d.yaml]\n");
	load_file("c.yaml", "include: [d.yaml]\n");
	load_file("d.yaml", "x: d\n");
	cr_assert_eq(dc_config_load(load.config, "a.yaml", &root), DC_OK, "%s",
		     load_messages(&load));
	cr_assert_str_eq(text_at(root, "x"), "d");
	load_end(&load);
}

/* 20 files that each include the next: the 16th may not include a 17th. */
Test(include, depth_is_limited)
{
	struct load load = load_start();
	struct dc_node *root;
	char name[24], text[64];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "%d.yaml", i);
		snprintf(text, sizeof text, "include: %d.yaml\nx%d: 1\n", i + 1, i);
		load_file(name, text);
	}
	cr_assert_eq(dc_config_load(load.config, "0.yaml", &root), DC_ERR_INPUT);
	cr_assert_eq(strncmp(load_lines(&load),
			     "15.yaml:1:10: error: includes are nested more than 16 "
			     "deep\n",
			     59),
		     0, "%s", load_lines(&load));
	load_end(&load);
}

/* Every bad include is reported, not the first alone. */
Test(include, all_mistakes_are_reported)
{
	struct load load = load_start();
	struct dc_node *root;

	load_file("a.yaml", "include: [none.yaml, [x], bad.yaml]\n");
	load_file("bad.yaml", "k: 1\nk: 2\n");
	cr_assert_eq(dc_config_load(load.config, "a.yaml", &root), DC_ERR_INPUT);
	cr_assert_str_eq(
		load_lines(&load),
		"a.yaml:1:11: error: no file 'none.yaml'; looked in the current folder, ., ./catalog\n"
		"a.yaml:1:22: error: include: expected the name of a file\n"
		"bad.yaml:2:1: error: duplicate key 'k'\n"
		"bad.yaml:1:1: note: 'k' is first given here\n"
		"a.yaml:1:27: note: included here\n");
	load_end(&load);
}

Test(include, a_file_holds_a_map)
{
	struct load load = load_start();
	struct dc_node *root;

	load_file("a.yaml", "[1, 2]\n");
	cr_assert_eq(dc_config_load(load.config, "a.yaml", &root), DC_ERR_INPUT);
	cr_assert_str_eq(load_lines(&load),
			 "a.yaml:1:1: error: a file holds a map of keys, not a list\n");
	load_end(&load);
}

/* A scalar becomes the file's tree, whose nodes know their own folder; a map is left alone. */
Test(include, file_under_a_key)
{
	struct load load = load_start();
	struct dc_node *root;

	mkdir("w", 0755);
	load_file("w/work.yaml", "kind: training\n");
	load_file("a.yaml", "workload: w/work.yaml\nother: {x: 1}\nbad: none.yaml\n");
	cr_assert_eq(dc_config_load(load.config, "a.yaml", &root), DC_OK);
	cr_assert_eq(dc_config_load_under(load.config, root, "workload"), DC_OK);
	cr_assert_eq(dc_config_load_under(load.config, root, "other"), DC_OK);
	cr_assert_eq(dc_config_load_under(load.config, root, "absent"), DC_OK);
	cr_assert_str_eq(text_at(dc_node_get(root, "workload"), "kind"), "training");
	cr_assert_str_eq(dc_node_get(root, "workload")->folder, "w");
	cr_assert_eq(dc_config_load_under(load.config, root, "bad"), DC_ERR_INPUT);
	cr_assert_str_eq(
		load_lines(&load),
		"a.yaml:3:6: error: no file 'none.yaml'; looked in the current folder, ., ./catalog\n");
	load_end(&load);
}

/* Beside the file first, then the data folder, then its catalog/. Folders are not files. */
Test(include, search_order)
{
	struct load load = load_start();
	struct dc_node *root;
	const char *path;
	FILE *file;

	mkdir("catalog", 0755);
	mkdir("catalog/w", 0755);
	mkdir("s", 0755);
	mkdir("s/w", 0755);
	load_file("catalog/w/only.csv", "1");
	load_file("catalog/w/both.csv", "1");
	load_file("s/w/both.csv", "2");
	load_file("s/a.yaml", "x: w/both.csv\ny: w/only.csv\nz: w\n");
	cr_assert_eq(dc_config_load(load.config, "s/a.yaml", &root), DC_OK);
	file = dc_config_open(load.config, dc_node_get(root, "x"), "w/both.csv", &path);
	cr_assert_not_null(file);
	cr_assert_str_eq(path, "s/w/both.csv");
	fclose(file);
	file = dc_config_open(load.config, dc_node_get(root, "y"), "w/only.csv", &path);
	cr_assert_not_null(file);
	cr_assert_str_eq(path, "./catalog/w/only.csv");
	fclose(file);
	cr_assert_null(dc_config_open(load.config, dc_node_get(root, "z"), "w", NULL));
	cr_assert_str_eq(load_lines(&load), "s/a.yaml:3:4: error: 'w' is a folder, not a file\n");
	load_end(&load);
}

/* The first file is looked for like any other: in the current folder, then in the data folders. */
Test(include, first_file_in_the_data_folders)
{
	struct load load = load_start();
	struct dc_node *root;

	mkdir("catalog", 0755);
	mkdir("catalog/t", 0755);
	load_file("catalog/t/ring.yaml", "x: 1\n");
	cr_assert_eq(dc_config_load(load.config, "t/ring.yaml", &root), DC_OK, "%s",
		     load_messages(&load));
	cr_assert_str_eq(dc_node_get(root, "x")->folder, "./catalog/t");
	cr_assert_eq(dc_config_load(load.config, "t/rings.yaml", &root), DC_ERR_INPUT);
	cr_assert_null(root);
	cr_assert_eq(dc_config_load(load.config, "t/ring.yml", &root), DC_ERR_INPUT);
	cr_assert_eq(dc_config_load(load.config, "t/rin.yaml", &root), DC_ERR_INPUT);
	cr_assert_eq(dc_config_load(load.config, "t/other.yaml", &root), DC_ERR_INPUT);
	cr_assert_str_eq(
		load_lines(&load),
		"error: no file 't/rings.yaml'; looked in the current folder, ., ./catalog; "
		"did you mean 't/ring.yaml'?\n"
		"error: no file 't/ring.yml'; looked in the current folder, ., ./catalog; "
		"did you mean 't/ring.yaml'?\n"
		"error: no file 't/rin.yaml'; looked in the current folder, ., ./catalog; "
		"did you mean 't/ring.yaml'?\n"
		"error: no file 't/other.yaml'; looked in the current folder, ., "
		"./catalog\n");
	load_end(&load);
}
