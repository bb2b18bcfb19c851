/* dcsim schema: every key of a scenario, from the tables that read it. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/result_tools.h"
#include "scenario/scenario.h"

static const char help[] =
	"usage: dcsim schema [--all] [--markdown | --json] [SECTION]\n"
	"\n"
	"Prints every key of a scenario with its unit, range, default and meaning. SECTION is one\n"
	"of: scenario (default), accelerator, host, drive, model, software.\n"
	"\n"
	"      --all        reserved keys too, which are not supported yet\n"
	"      --markdown   as Markdown tables\n"
	"      --json       as JSON Schema, for editors\n"
	"  -h, --help       this text\n"
	"\n"
	"examples:\n"
	"  dcsim schema | less\n"
	"  dcsim schema --json > scenario.schema.json\n"
	"  dcsim schema accelerator\n";

/* What the tables cannot say: how a scenario is written short. */
static const char short_form[] =
	"Short form: with one site, node, fabric, racks, storage and facility may stand at top\n"
	"level; with one job, workload: FILE or map. include: [FILE] takes another scenario first;\n"
	"KEY: null takes a key back; {base: NAME, key: value} changes a catalogue entry.\n\n";

static const struct {
	const char *name;
	const struct dc_section *section;
} sections[] = {
	{"scenario", &dc_scenario_section}, {"accelerator", &dc_accelerator_section},
	{"host", &dc_host_section},         {"drive", &dc_drive_section},
	{"model", &dc_model_section},       {"software", &dc_software_section},
};

enum { SECTIONS = sizeof sections / sizeof *sections };

static const struct dc_section *find(const char *name)
{
	for (size_t i = 0; i < SECTIONS; i++)
		if (strcmp(sections[i].name, name) == 0)
			return sections[i].section;
	return NULL;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{"all", no_argument, NULL, 'a'},
		{"markdown", no_argument, NULL, 'm'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	enum dc_schema_format format = DC_SCHEMA_TEXT;
	const struct dc_section *section = &dc_scenario_section;
	bool all = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			all = true;
			break;
		case 'm':
			format = DC_SCHEMA_MARKDOWN;
			break;
		case 'j':
			format = DC_SCHEMA_JSON;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return dc_command_refuse_option("schema", option, argv);
		}
	}
	if (optind < argc) {
		section = find(argv[optind]);
		if (!section)
			return dc_command_refuse("schema",
						 "there is no section '%s'; expected scenario, "
						 "accelerator, host, drive, model or software",
						 argv[optind]);
	}
	if (section == &dc_scenario_section && format != DC_SCHEMA_JSON)
		fputs(short_form, stdout);
	return dc_command_finish(NULL, dc_section_describe(section, format, all, stdout));
}

const struct dc_command dc_command_schema = {
	.name = "schema",
	.summary = "print every key with unit, range, default and meaning",
	.help = help,
	.run = run,
};
