/* dcsim check: reads a scenario, builds it and says what would run, without running it. */
#include <getopt.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/console.h"
#include "commands/result_tools.h"
#include "commands/scenario_tools.h"

static const char help[] =
	"usage: dcsim check [-w WORKLOAD.yaml] [-s KEY=VALUE]... [--resolved] SCENARIO.yaml\n"
	"\n"
	"Validates a scenario and prints what would run: fabric, model, batch, data, memory; of a\n"
	"network alone, its links and flows, or its fabric, groups and sizes.\n"
	"\n"
	"  -w, --workload FILE  what to train, in place of the scenario's workload\n"
	"  -s, --set KEY=VALUE  override a key; repeatable\n"
	"      --resolved       print the whole scenario in its long form instead\n"
	"  -h, --help           this text\n"
	"\n"
	"examples:\n"
	"  dcsim check topologies/ring64.yaml\n"
	"  dcsim check -s workload.batch.per_accelerator=4096 topologies/ring64.yaml\n"
	"  dcsim check --resolved topologies/ring64.yaml > ring64-long.yaml\n";

enum { OPTION_RESOLVED = 256 };

/* Returns -1 to go on, otherwise the exit status. */
static int parse(int argc, char **argv, struct dc_command_scenario *named, bool *resolved)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"workload", required_argument, NULL, 'w'},
		{"set", required_argument, NULL, 's'},
		{"resolved", no_argument, NULL, OPTION_RESOLVED},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":c:w:s:h", options, NULL)) != -1) {
		if (dc_command_scenario_option(named, option, optarg))
			continue;
		if (option == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (option != OPTION_RESOLVED)
			return dc_command_refuse_option("check", option, argv);
		*resolved = true;
	}
	if (optind < argc && !named->file)
		named->file = argv[optind++];
	if (optind < argc)
		return dc_command_refuse("check", "unexpected argument '%s'", argv[optind]);
	if (!named->file)
		return dc_command_refuse("check", "which scenario? give a file");
	return -1;
}

static int run(int argc, char **argv)
{
	struct dc_command_scenario named;
	struct dc_command_session session;
	bool resolved = false;
	int exit_status;

	if (!dc_command_scenario_init(&named, argc))
		return dc_command_finish(NULL, DC_ERR_MEMORY);
	exit_status = parse(argc, argv, &named, &resolved);
	if (exit_status < 0) {
		enum dc_status status = dc_command_open(&named, &session);
		const char *text = "";

		if (!status && resolved) {
			text = dc_scenario_write(session.scenario, dc_config_arena(session.config));
			status = text ? DC_OK : DC_ERR_MEMORY;
		}
		if (!status && resolved)
			fputs(text, stdout);
		else if (!status)
			dc_console_plan(session.datacenter, stdout);
		exit_status = dc_command_close(&session, status);
	}
	dc_command_scenario_fini(&named);
	return exit_status;
}

const struct dc_command dc_command_check = {
	.name = "check",
	.summary = "validate a scenario and say what would run",
	.help = help,
	.run = run,
};
