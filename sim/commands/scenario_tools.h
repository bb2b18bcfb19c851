/* What the commands that read scenarios share: options, loading, the end of a command. */
#ifndef DC_COMMANDS_SCENARIO_TOOLS_H
#define DC_COMMANDS_SCENARIO_TOOLS_H

#include <stdbool.h>

#include "scenario/datacenter.h"

/* The options by which a scenario is named. */
struct dc_command_scenario {
	const char *file;
	const char *workload;
	const char **overrides;
	size_t override_count;
};

/* A loaded scenario with what it needs; dc_command_close() ends it. */
struct dc_command_session {
	struct dc_diag *diag;
	struct dc_config *config;
	struct dc_scenario *scenario;
	struct dc_datacenter *datacenter;
};

/* Room for as many overrides as there are arguments; false when out of memory. */
bool dc_command_scenario_init(struct dc_command_scenario *named, int argc);
void dc_command_scenario_fini(struct dc_command_scenario *named);
/* Takes -c, -w and -s; false when the option is another one. */
bool dc_command_scenario_option(struct dc_command_scenario *named, int option,
				const char *argument);
/* Loads and builds. Messages stay in session->diag. */
enum dc_status dc_command_open(const struct dc_command_scenario *named,
			       struct dc_command_session *session) DC_CHECK;
/* Shows the messages on stderr, frees everything and turns the status into an exit status. */
int dc_command_close(struct dc_command_session *session, enum dc_status status);

#endif
