/* The program: finds the command and runs it. `dcsim -c FILE` is short for `dcsim run -c FILE`. */
#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "commands/commands.h"

static const struct dc_command *const commands[] = {
	&dc_command_run,    &dc_command_check,  &dc_command_plot,    &dc_command_compare,
	&dc_command_export, &dc_command_schema, &dc_command_catalog, &dc_command_validate,
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
	fputs("dcsim: a simulator of AI datacenters: time, energy, money, carbon\n\n"
	      "usage: dcsim -c SCENARIO.yaml [-o RUN.h5] [-s KEY=VALUE]...\n"
	      "       dcsim COMMAND [OPTION]...\n\ncommands:\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n  -h, --help       this text; `dcsim COMMAND --help` has each command's options\n"
	      "      --version    the version\n"
	      "\nexamples:\n"
	      "  dcsim -c topologies/ring64.yaml\n"
	      "  dcsim -c topologies/ring64.yaml -s workload.batch.per_accelerator=128 -o b128.h5\n"
	      "  dcsim plot ring64.h5\n"
	      "  dcsim compare ring64.h5 b128.h5\n"
	      "  dcsim -c topologies/gpt3-superpod.yaml\n"
	      "  dcsim plot --timeline gpt3-superpod.h5\n"
	      "\nMFU, HFU, exposed, bubble and stall are explained by `dcsim run --help`.\n"
	      "\nExit status: 0 success, 1 the run or a file failed, 2 the input is wrong.\n",
	      out);
}

static const struct dc_command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int refuse(const char *name)
{
	const char *names[COMMANDS];
	const char *nearest;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	nearest = dc_diag_nearest(name, names, COMMANDS);
	fprintf(stderr, "dcsim: there is no command '%s'", name);
	if (nearest)
		fprintf(stderr, "; did you mean '%s'?", nearest);
	fputs("\nSee 'dcsim --help'.\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const struct dc_command *command;

	gsl_set_error_handler_off();
	if (argc < 2) {
		print_help(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("dcsim " DCSIM_VERSION);
		return 0;
	}
	if (argv[1][0] == '-')
		return dc_command_run.run(argc, argv);
	command = find(argv[1]);
	if (!command)
		return refuse(argv[1]);
	return command->run(argc - 1, argv + 1);
}
