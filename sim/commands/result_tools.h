/* What the commands that read results share: talking to the user, and drawing with gnuplot. */
#ifndef DC_COMMANDS_RESULT_TOOLS_H
#define DC_COMMANDS_RESULT_TOOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/diag.h"
#include "base/status.h"

/* "dcsim export: ...; see 'dcsim export --help'" on stderr; returns the exit status 2. */
int dc_command_refuse(const char *command, const char *format, ...) DC_PRINTF(2, 3);
/* The same for what getopt_long() has just refused with ':' or '?' (opterr being 0 and the short
 * options starting with a colon). */
int dc_command_refuse_option(const char *command, int option, char **argv);

/* Shows what the sink holds on stderr, destroys it, and turns the status into an exit status. */
int dc_command_finish(struct dc_diag *diag, enum dc_status status);

/* Writes a text as a quoted string of gnuplot. */
void dc_plot_quote(const char *text, FILE *out);

/* A unit to draw with: values are divided by size. */
struct dc_plot_unit {
	const char *name;
	double size;
};
/* The unit in which the largest value reads well; dimension is "s", "W", "J", "USD" or "kg". */
struct dc_plot_unit dc_plot_unit_for(const char *dimension, double largest);

/* A temporary folder with settings.gp and data, removed by dc_plot_end(). */
struct dc_plot {
	struct dc_diag *diag;
	char folder[256];
	FILE *settings; /* what the script shall know, as assignments */
};

enum dc_status dc_plot_begin(struct dc_diag *diag, struct dc_plot *plot) DC_CHECK;
/* Opens a data file in the folder for writing and tells the script its path as variable `name`. */
FILE *dc_plot_data(struct dc_plot *plot, const char *name);
/* Draws the settings with plots/<script> into file; png or SVG. May be called again. A message and
 * DC_ERR_IO when gnuplot is missing or fails, or the file cannot be written. */
enum dc_status dc_plot_draw(struct dc_plot *plot, const char *script, bool png,
			    const char *file) DC_CHECK;
/* Removes the folder, or with keep says where it is. */
void dc_plot_end(struct dc_plot *plot, bool keep);

/* True when the file's name ends so, case ignored. */
bool dc_command_ends(const char *name, const char *ending);
/* "results/hdd.h5" -> "hdd"; NULL without memory. The caller frees. */
char *dc_command_stem(const char *path);

#endif
