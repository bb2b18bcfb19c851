/* The console: labels and numbers for people, and the parts that console.c leaves to others. */
#ifndef DC_COMMANDS_CONSOLE_WORDS_H
#define DC_COMMANDS_CONSOLE_WORDS_H

#include <stdio.h>
#include <string.h>

#include "commands/console.h"

static inline void line(FILE *out, const char *label)
{
	fprintf(out, "  %-16s", label);
}

static inline const char *human(double value, enum dc_dimension dimension, char text[64])
{
	dc_units_human(value, dimension, text, 64);
	return text;
}

/* "1,234,567" */
static inline const char *grouped(double value, char text[64])
{
	char digits[48];
	size_t length, at = 0;

	snprintf(digits, sizeof digits, "%.0f", value);
	length = strlen(digits);
	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

/* The plan and the summary of a network alone (console_network.c). */
void dc_console_network_plan(const struct dc_datacenter *datacenter, FILE *out);
void dc_console_network_summary(const struct dc_datacenter *datacenter,
				const struct dc_simulation_result *result, const char *output,
				FILE *out);

/* Those of collectives by themselves (console_collectives.c). */
void dc_console_collectives_plan(const struct dc_datacenter *datacenter, FILE *out);
void dc_console_collectives_summary(const struct dc_datacenter *datacenter,
				    const struct dc_simulation_result *result, const char *output,
				    FILE *out);
/* Of training (console_training.c): how it is divided, how fast it is, what it waits for, what an accelerator of
 * the fullest stage holds. */
void dc_console_parallelism(const struct dc_datacenter *datacenter, FILE *out);
void dc_console_speed(const struct dc_datacenter *datacenter, const double *summary, FILE *out);
void dc_console_bottleneck(const struct dc_simulation_result *result, FILE *out);
void dc_console_memory(const struct dc_datacenter *datacenter, FILE *out);
/* The busiest links, where they were recorded. */
void dc_console_busiest(const struct dc_simulation_result *result, FILE *out);
/* The dimensions of the fabric (console.c). */
void dc_console_fabric(const struct dc_datacenter *datacenter, FILE *out);

#endif
