/* The public interface, dcsim.h, over the scenario and its simulation. */
#include "dcsim.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "output/hdf5_sink.h"
#include "scenario/simulation.h"

struct dcsim {
	struct dc_diag *diag;
	struct dc_config *config;
	struct dc_scenario *scenario;
	struct dc_datacenter *datacenter;
	struct dc_simulation_result result;
	bool has_run;
	const char **overrides;
	size_t override_count;
	char *messages;
};

static int exit_status(enum dc_status status)
{
	if (status == DC_OK)
		return 0;
	return status == DC_ERR_INPUT ? 2 : 1;
}

struct dcsim *dcsim_create(const char *data_folder)
{
	const char *folders[] = {data_folder ? data_folder : DCSIM_DATA_DIR, NULL};
	struct dcsim *sim = calloc(1, sizeof *sim);

	if (!sim)
		return NULL;
	sim->diag = dc_diag_create();
	if (sim->diag)
		sim->config = dc_config_create(sim->diag, folders);
	if (!sim->config) {
		dcsim_destroy(sim);
		return NULL;
	}
	return sim;
}

void dcsim_destroy(struct dcsim *sim)
{
	if (!sim)
		return;
	dc_datacenter_destroy(sim->datacenter);
	dc_config_destroy(sim->config);
	dc_diag_destroy(sim->diag);
	free(sim->overrides);
	free(sim->messages);
	free(sim);
}

int dcsim_set(struct dcsim *sim, const char *assignment)
{
	const char **more =
		realloc(sim->overrides, (sim->override_count + 1) * sizeof *sim->overrides);

	if (!more)
		return 1;
	sim->overrides = more;
	sim->overrides[sim->override_count++] = assignment;
	return 0;
}

int dcsim_load(struct dcsim *sim, const char *path)
{
	enum dc_status status;

	if (sim->scenario) {
		dc_diag_error(sim->diag, NULL, "a scenario is loaded already");
		return 1;
	}
	status = dc_scenario_load(sim->config, path, NULL, sim->overrides, sim->override_count,
				  &sim->scenario);
	if (!status)
		status = dc_datacenter_create(sim->config, sim->scenario, &sim->datacenter);
	if (status) {
		dc_datacenter_destroy(sim->datacenter);
		sim->datacenter = NULL;
	}
	return exit_status(status);
}

static int run(struct dcsim *sim, const char *path, bool exact)
{
	struct dc_simulation_options options = {.exact = exact};
	struct dc_record_sink *sink = NULL;
	enum dc_status status = DC_OK;

	if (!sim->datacenter) {
		dc_diag_error(sim->diag, NULL, "no scenario is loaded");
		return 1;
	}
	if (path)
		status = dc_hdf5_sink_create(sim->diag, path, &sink);
	if (!status)
		status =
			dc_simulation_run(sim->datacenter, sim->diag, &options, sink, &sim->result);
	dc_hdf5_sink_destroy(sink);
	sim->has_run = status == DC_OK;
	return exit_status(status);
}

int dcsim_run(struct dcsim *sim, const char *result)
{
	return run(sim, result, false);
}

int dcsim_run_exact(struct dcsim *sim, const char *result)
{
	return run(sim, result, true);
}

double dcsim_value(const struct dcsim *sim, const char *name)
{
	const struct dc_scalar *scalars;
	size_t count;

	if (!sim->has_run)
		return (double)NAN;
	scalars = dc_simulation_scalars(sim->datacenter, &count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(scalars[i].name, name) == 0)
			return sim->result.summary[i];
	return (double)NAN;
}

const char *dcsim_messages(struct dcsim *sim)
{
	size_t length;
	FILE *stream;

	free(sim->messages);
	sim->messages = NULL;
	stream = open_memstream(&sim->messages, &length);
	if (!stream)
		return "";
	dc_diag_render(sim->diag, stream, false);
	return fclose(stream) == 0 && sim->messages ? sim->messages : "";
}
