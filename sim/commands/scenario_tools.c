/* What the commands that read scenarios share. */
#include "commands/scenario_tools.h"

#include <stdlib.h>

#include "commands/data_folders.h"
#include "commands/result_tools.h"

bool dc_command_scenario_init(struct dc_command_scenario *named, int argc)
{
	*named = (struct dc_command_scenario){0};
	named->overrides = calloc((size_t)argc + 1, sizeof *named->overrides);
	return named->overrides != NULL;
}

void dc_command_scenario_fini(struct dc_command_scenario *named)
{
	free(named->overrides);
}

bool dc_command_scenario_option(struct dc_command_scenario *named, int option, const char *argument)
{
	switch (option) {
	case 'c':
		named->file = argument;
		return true;
	case 'w':
		named->workload = argument;
		return true;
	case 's':
		named->overrides[named->override_count++] = argument;
		return true;
	default:
		return false;
	}
}

enum dc_status dc_command_open(const struct dc_command_scenario *named,
			       struct dc_command_session *session)
{
	const char *folders[4];
	enum dc_status status;

	*session = (struct dc_command_session){.diag = dc_diag_create()};
	if (!session->diag)
		return DC_ERR_MEMORY;
	dc_data_folders(folders);
	session->config = dc_config_create(session->diag, folders);
	if (!session->config)
		return DC_ERR_MEMORY;
	status = dc_scenario_load(session->config, named->file, named->workload, named->overrides,
				  named->override_count, &session->scenario);
	if (status)
		return status;
	return dc_datacenter_create(session->config, session->scenario, &session->datacenter);
}

int dc_command_close(struct dc_command_session *session, enum dc_status status)
{
	dc_datacenter_destroy(session->datacenter);
	dc_config_destroy(session->config);
	return dc_command_finish(session->diag, status);
}
