/* dcsim catalog: what the catalogue and the built-in models hold. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/data_folders.h"
#include "commands/result_tools.h"
#include "fabric/algorithm.h"
#include "fabric/devices.h"
#include "fabric/transport.h"
#include "facility/plant.h"
#include "facility/stage.h"
#include "scenario/scenario.h"
#include "study/machine.h"
#include "study/suites.h"
#include "training/software.h"

static const char help[] =
	"usage: dcsim catalog [FAMILY [NAME]]\n"
	"\n"
	"Lists the families, the entries of one, or one entry with all its values. Families of\n"
	"files in catalog/: devices (accelerators, hosts, drives, switches, optics, nics), models,\n"
	"transports (what messages cost on a link technology), machines (which fabric stands for\n"
	"the accelerators of a measured table), software (stacks: what the framework of a run fuses,\n"
	"overlaps and pads) and suites (which software ran the rows of training tables, for\n"
	"`dcsim validate`). The others are kinds that are built into the program.\n"
	"\n"
	"  -h, --help   this text\n"
	"\n"
	"examples:\n"
	"  dcsim catalog\n"
	"  dcsim catalog accelerators\n"
	"  dcsim catalog accelerators h100-sxm5-80gb\n"
	"  dcsim catalog software megatron-core-2024\n"
	"  dcsim catalog topologies\n"
	"  dcsim catalog algorithms ring\n";

static const struct dc_catalogue_family *const families[] = {
	&dc_accelerator_family,   &dc_host_family,       &dc_drive_family,
	&dc_model_family,         &dc_transport_family,  &dc_fabric_switch_family,
	&dc_fabric_optics_family, &dc_fabric_nic_family, &dc_machine_family,
	&dc_software_family,      &dc_suites_family,
};

/* Kinds that are in the program, not in files. */
static const struct {
	const char *name;
	const struct dc_tagged_family *family;
} kinds[] = {
	{"topologies", &dc_topology_family}, {"tiers", &dc_tier_family},
	{"stages", &dc_stage_family},        {"plants", &dc_plant_family},
	{"layers", &dc_layer_family},
};

enum { FAMILIES = sizeof families / sizeof *families, KINDS = sizeof kinds / sizeof *kinds };

static enum dc_status list_family(struct dc_config *config,
				  const struct dc_catalogue_family *family)
{
	const char *const *names;
	size_t count;
	enum dc_status status = dc_catalogue_names(config, family->name, &names, &count);

	for (size_t i = 0; i < count && !status; i++)
		puts(names[i]);
	return status;
}

static enum dc_status show_entry(struct dc_config *config, const struct dc_catalogue_family *family,
				 const char *name)
{
	struct dc_mark mark = {0};
	struct dc_node *node = dc_node_scalar(dc_config_arena(config), &mark, name);
	void *entry;
	enum dc_status status;

	if (!node)
		return DC_ERR_MEMORY;
	status = dc_catalogue_read(config, family, node, &entry);
	if (status)
		return status;
	return dc_section_write(family->section, entry, 0, stdout);
}

static enum dc_status list_kinds(const struct dc_tagged_family *family, const char *name)
{
	for (size_t i = 0; i < family->count; i++) {
		if (!name)
			printf("%-16s %s\n", family->types[i].name, family->types[i].section->doc);
		else if (strcmp(name, family->types[i].name) == 0)
			return dc_section_describe(family->types[i].section, DC_SCHEMA_TEXT, true,
						   stdout);
	}
	return DC_OK;
}

/* Collective algorithms: one line each, or what one can do. */
static void list_algorithms(const char *name)
{
	for (size_t i = 0; dc_algorithms[i]; i++) {
		const struct dc_algorithm_type *type = dc_algorithms[i];

		if (name && strcmp(name, type->name) != 0)
			continue;
		printf("%-20s %s\n", type->name, type->doc);
		for (int o = 0; name && o < DC_OPERATIONS; o++)
			if (type->operations & 1u << o)
				printf("  %-18s %s\n", dc_operation_name((enum dc_operation)o),
				       type->automatic & 1u << o ? "also by auto" : "by name only");
	}
}

static enum dc_status list_families(struct dc_config *config)
{
	size_t algorithms = 0;

	for (size_t i = 0; i < FAMILIES; i++) {
		const char *const *names;
		size_t count;
		enum dc_status status =
			dc_catalogue_names(config, families[i]->name, &names, &count);

		if (status)
			return status;
		printf("%-14s %zu entries\n", families[i]->name, count);
	}
	for (size_t i = 0; i < KINDS; i++)
		printf("%-14s %zu kinds\n", kinds[i].name, kinds[i].family->count);
	while (dc_algorithms[algorithms])
		algorithms++;
	printf("%-14s %zu kinds\n", "algorithms", algorithms);
	return DC_OK;
}

static enum dc_status answer(struct dc_config *config, const char *family, const char *name)
{
	const char *known[FAMILIES + KINDS + 1];
	const char *nearest;

	if (!family)
		return list_families(config);
	for (size_t i = 0; i < FAMILIES; i++) {
		known[i] = families[i]->name;
		if (strcmp(family, known[i]) == 0)
			return name ? show_entry(config, families[i], name)
				    : list_family(config, families[i]);
	}
	for (size_t i = 0; i < KINDS; i++) {
		known[FAMILIES + i] = kinds[i].name;
		if (strcmp(family, kinds[i].name) == 0)
			return list_kinds(kinds[i].family, name);
	}
	known[FAMILIES + KINDS] = "algorithms";
	if (strcmp(family, "algorithms") == 0) {
		list_algorithms(name);
		return DC_OK;
	}
	nearest = dc_diag_nearest(family, known, FAMILIES + KINDS + 1);
	return dc_diag_error(dc_config_diag(config), NULL,
			     "there is no family '%s'%s%s%s; see 'dcsim catalog'", family,
			     nearest ? "; did you mean '" : "", nearest ? nearest : "",
			     nearest ? "'?" : "");
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	const char *folders[4];
	struct dc_diag *diag;
	struct dc_config *config = NULL;
	enum dc_status status = DC_ERR_MEMORY;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option != 'h')
			return dc_command_refuse_option("catalog", option, argv);
		fputs(help, stdout);
		return 0;
	}
	if (argc - optind > 2)
		return dc_command_refuse("catalog", "unexpected argument '%s'", argv[optind + 2]);
	diag = dc_diag_create();
	dc_data_folders(folders);
	if (diag)
		config = dc_config_create(diag, folders);
	if (config)
		status = answer(config, optind < argc ? argv[optind] : NULL,
				optind + 1 < argc ? argv[optind + 1] : NULL);
	dc_config_destroy(config);
	return dc_command_finish(diag, status);
}

const struct dc_command dc_command_catalog = {
	.name = "catalog",
	.summary = "list devices, models and the kinds of things that can be built",
	.help = help,
	.run = run,
};
