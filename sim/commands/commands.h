/* The commands: one thin file each, arguments in, text out.
 *
 * A command's descriptor is listed in commands.c; `dcsim NAME ...` calls its run with argv[0] the
 * name. It returns the program's exit status: 0, 1 (could not do it), 2 (the input is wrong).
 * stdout is data, stderr is talk. */
#ifndef DC_COMMANDS_COMMANDS_H
#define DC_COMMANDS_COMMANDS_H

struct dc_command {
	const char *name;
	const char *summary; /* one line, for `dcsim --help` */
	const char *help;    /* usage, options, examples: printed by --help */
	int (*run)(int argc, char **argv);
};

extern const struct dc_command dc_command_run;
extern const struct dc_command dc_command_check;
extern const struct dc_command dc_command_schema;
extern const struct dc_command dc_command_catalog;
extern const struct dc_command dc_command_export;
extern const struct dc_command dc_command_plot;
extern const struct dc_command dc_command_compare;
extern const struct dc_command dc_command_validate;

#endif
