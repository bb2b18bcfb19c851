/* The console: the progress bar and the one-screen summary of a run. */
#ifndef DC_COMMANDS_CONSOLE_H
#define DC_COMMANDS_CONSOLE_H

#include <stdbool.h>
#include <stdio.h>

#include "scenario/simulation.h"

struct dc_console_progress {
	FILE *out;      /* a terminal */
	double begun_s; /* of a monotonic clock */
	double shown_s;
	bool visible;
};

void dc_console_progress_init(struct dc_console_progress *progress, FILE *out);
/* Redraws at most ten times a second, with the time left. share: 0 to 1. */
void dc_console_progress_show(struct dc_console_progress *progress, double share);
/* Clears the bar. */
void dc_console_progress_clear(struct dc_console_progress *progress);

/* What ran, how fast, what it waited for, energy, PUE, cost, carbon, where the file is, what to type
 * next. output NULL: nothing was written. */
void dc_console_summary(const struct dc_datacenter *datacenter,
			const struct dc_simulation_result *result, const char *output, FILE *out);
/* What `dcsim check` prints: the effective parameters. */
void dc_console_plan(const struct dc_datacenter *datacenter, FILE *out);

#endif
