/* The catalogue: entries by name, overrides on a base, inline maps, and names nobody has. */
#include "load.h"
#include "sample.h"

static struct load start(void)
{
	struct load load = load_start();

	mkdir("catalog", 0755);
	mkdir("catalog/devices", 0755);
	load_file("catalog/devices/a100-40gb.yaml", "memory: 40 GB\npower: 400 W\n");
	load_file("catalog/devices/a100-80gb.yaml",
		  "base: a100-40gb\nname: A100 80GB\nmemory: 80 GB\n");
	load_file("catalog/devices/broken.yaml", "memory: 40 GW\n");
	load_file("catalog/devices/loop.yaml", "base: loop\n");
	load_file("catalog/devices/notes.txt", "no entry\n");
	return load;
}

static enum dc_status read_device(struct load *load, const char *text,
				  struct sample_device **device)
{
	struct dc_node *root = load_text(load, text);
	void *out;
	enum dc_status status;

	cr_assert_not_null(root, "%s", load_messages(load));
	status = dc_catalogue_read(load->config, &sample_devices, dc_node_get(root, "d"), &out);
	*device = out;
	return status;
}

/* An entry is called as its file is, unless it says otherwise. */
Test(catalogue, entry_by_name)
{
	struct load load = start();
	struct sample_device *device;

	cr_assert_eq(read_device(&load, "d: a100-40gb", &device), DC_OK, "%s",
		     load_messages(&load));
	cr_assert(device->memory_bytes == 40e9 && device->power_w == 400);
	cr_assert_str_eq(device->name, "a100-40gb");
	cr_assert_eq(read_device(&load, "d: a100-80gb", &device), DC_OK, "%s",
		     load_messages(&load));
	cr_assert(device->memory_bytes == 80e9 && device->power_w == 400);
	cr_assert_str_eq(device->name, "A100 80GB");
	load_end(&load);
}

Test(catalogue, overrides_on_a_base)
{
	struct load load = start();
	struct sample_device *device, *plain;

	cr_assert_eq(read_device(&load, "d: {base: a100-40gb, power: 250 W}", &device), DC_OK, "%s",
		     load_messages(&load));
	cr_assert(device->memory_bytes == 40e9 && device->power_w == 250);
	/* The entry itself is untouched. */
	cr_assert_eq(read_device(&load, "d: a100-40gb", &plain), DC_OK);
	cr_assert(plain->power_w == 400);
	load_end(&load);
}

Test(catalogue, inline_map)
{
	struct load load = start();
	struct sample_device *device;

	cr_assert_eq(read_device(&load, "d: {memory: 1 GB}", &device), DC_OK, "%s",
		     load_messages(&load));
	cr_assert(device->memory_bytes == 1e9 && device->power_w == 400);
	cr_assert_null(device->name);
	load_end(&load);
}

Test(catalogue, names_are_sorted)
{
	struct load load = start();
	const char *const *names;
	size_t count;

	cr_assert_eq(dc_catalogue_names(load.config, "devices", &names, &count), DC_OK);
	cr_assert_eq(count, 4);
	cr_assert_str_eq(names[0], "a100-40gb");
	cr_assert_str_eq(names[1], "a100-80gb");
	cr_assert_str_eq(names[2], "broken");
	cr_assert_str_eq(names[3], "loop");
	cr_assert_eq(dc_catalogue_names(load.config, "none", &names, &count), DC_OK);
	cr_assert_eq(count, 0);
	load_end(&load);
}

static void expect_refusal(const char *text, const char *lines)
{
	struct load load = start();
	struct sample_device *device;

	cr_assert_eq(read_device(&load, text, &device), DC_ERR_INPUT, "'%s': accepted", text);
	cr_assert_str_eq(load_lines(&load), lines, "'%s':\n%s\nexpected:\n%s", text,
			 load_lines(&load), lines);
	load_end(&load);
}

Test(catalogue, unknown_names)
{
	expect_refusal("d: a100-40g",
		       "t:1:4: error: 'a100-40g' is not in the catalogue 'devices'; did you mean "
		       "'a100-40gb'?\n");
	/* Part of a name finds the first that holds it. */
	expect_refusal("d: 80gb",
		       "t:1:4: error: '80gb' is not in the catalogue 'devices'; did you mean "
		       "'a100-80gb'?\n");
	expect_refusal("d: tpu",
		       "t:1:4: error: 'tpu' is not in the catalogue 'devices'; it has a100-40gb, "
		       "a100-80gb, broken, loop\n");
	expect_refusal(
		"d: devices/a100-40.yaml",
		"t:1:4: error: no file 'devices/a100-40.yaml'; looked in the current folder, ., "
		"./catalog; did you mean 'devices/a100-40gb.yaml'?\n");
	expect_refusal(
		"d: {base: a100}",
		"t:1:11: error: 'a100' is not in the catalogue 'devices'; did you mean 'a100-40gb'?\n");
	expect_refusal("d: {base: [x]}",
		       "t:1:11: error: base: expected a name of the catalogue 'devices'\n");
}

/* A mistake inside an entry points into the entry, with a note where it was named. */
Test(catalogue, mistakes_inside_an_entry)
{
	expect_refusal(
		"d: broken",
		"./catalog/devices/broken.yaml:1:9: error: device: memory: '40 GW' is a power, expected "
		"an amount of data; write an amount of data like '80 GiB'\n"
		"t:1:4: note: as 'broken' of the catalogue 'devices', named here\n");
	expect_refusal("d: loop",
		       "./catalog/devices/loop.yaml:1:1: error: more than 16 catalogue entries are "
		       "based on each other\n");
}

/* A name with a '/' or that ends in .yaml is a file: beside the one that names it first, then in the
 * data folders. It is called as the file is, and its base is found as usual. */
Test(catalogue, entry_by_file)
{
	struct load load = start();
	struct sample_device *device;
	struct dc_node *root;
	void *out;

	mkdir("mine", 0755);
	load_file("mine/own.yaml", "base: a100-40gb\npower: 300 W\n");
	load_file("mine/s.yaml", "d: own.yaml\ne: {base: ./own.yaml, memory: 1 GB}\n");
	cr_assert_eq(read_device(&load, "d: mine/own.yaml", &device), DC_OK, "%s",
		     load_messages(&load));
	cr_assert(device->memory_bytes == 40e9 && device->power_w == 300);
	cr_assert_eq(read_device(&load, "d: devices/a100-80gb.yaml", &device), DC_OK, "%s",
		     load_messages(&load));
	cr_assert(device->memory_bytes == 80e9);
	cr_assert_eq(dc_config_load(load.config, "mine/s.yaml", &root), DC_OK);
	cr_assert_eq(dc_catalogue_read(load.config, &sample_devices, dc_node_get(root, "d"), &out),
		     DC_OK, "%s", load_messages(&load));
	device = out;
	cr_assert(device->power_w == 300);
	cr_assert_eq(dc_catalogue_read(load.config, &sample_devices, dc_node_get(root, "e"), &out),
		     DC_OK, "%s", load_messages(&load));
	device = out;
	cr_assert(device->memory_bytes == 1e9 && device->power_w == 300);
	load_end(&load);
}

/* Nothing installed: one message for the family, whatever the number of names. */
Test(catalogue, a_family_that_is_nowhere)
{
	struct load load = load_start();
	struct sample_device *device;

	cr_assert_eq(read_device(&load, "d: a100-40gb", &device), DC_ERR_INPUT);
	cr_assert_eq(read_device(&load, "d: a100-80gb", &device), DC_ERR_INPUT);
	cr_assert_str_eq(load_lines(&load),
			 "t:1:4: error: no catalogue 'devices' in .; set DCSIM_DATA to the folder "
			 "that holds catalog/\n");
	load_end(&load);
}
