/* dcsim -c FILE: runs a scenario and writes its result. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/console.h"
#include "commands/result_tools.h"
#include "commands/scenario_tools.h"
#include "output/hdf5_sink.h"

static const char help[] =
	"usage: dcsim -c SCENARIO.yaml [-w WORKLOAD.yaml] [-o RUN.h5] [-s KEY=VALUE]...\n"
	"             [--exact] [-q]\n"
	"\n"
	"Runs a scenario, writes a result file and prints a summary.\n"
	"\n"
	"  -c, --config FILE    the scenario\n"
	"  -w, --workload FILE  what to train, in place of the scenario's workload\n"
	"  -o, --output FILE    the result; NAME.h5 after the scenario's name when not given\n"
	"  -s, --set KEY=VALUE  override a key: -s fabric.dimensions.0.size=128; repeatable\n"
	"      --exact          every rank for itself, every message, nothing replayed: slow,\n"
	"                       and the same answer\n"
	"  -q, --quiet          no summary, no progress\n"
	"  -h, --help           this text\n"
	"\n"
	"Figures of training in the summary:\n"
	"\n"
	"  MFU      model FLOP utilisation: FLOP of the model's products, forward and backward,\n"
	"           over the peak of all accelerators in the format of the run. Recomputation\n"
	"           does not count; all scores of attention do, masked or not\n"
	"  HFU      hardware FLOP utilisation: the same with what is computed again; told where\n"
	"           it differs\n"
	"  exposed  share of the time in which accelerators wait for communication that no\n"
	"           computation hides, all together and by who communicates: tensor, context,\n"
	"           expert, data ranks, sends between pipeline stages\n"
	"  bubble   share of the time in which they wait for another pipeline stage that has not\n"
	"           sent yet, or for slower ranks\n"
	"  stall    share of the time in which they wait for data from storage\n"
	"\n"
	"Compute, exposed, bubble and stall add up to 1.\n"
	"\n"
	"examples:\n"
	"  dcsim -c topologies/ring64.yaml\n"
	"  dcsim -c topologies/gpt3-superpod.yaml -s workload.parallelism.interleave=1\n"
	"  dcsim -c topologies/flows-tree8.yaml\n"
	"  dcsim -c topologies/collective-ring64.yaml -s workload.operation=all-to-all\n"
	"  dcsim -c topologies/ring64.yaml -s run.epochs=1 -s record.interval='0.1 s' -o short.h5\n"
	"  for n in 16 64 256; do\n"
	"    dcsim -c topologies/ring64.yaml -s fabric.dimensions.0.size=$n -o ring$n.h5 -q\n"
	"  done\n"
	"\n"
	"SIGINT and SIGTERM end the run cleanly; the result is marked interrupted, and the exit\n"
	"status is 1.\n";

static volatile int interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

struct request {
	struct dc_command_scenario named;
	const char *output;
	bool exact;
	bool quiet;
};

enum { OPTION_EXACT = 256 };

/* Returns -1 to go on, otherwise the exit status. */
static int parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"workload", required_argument, NULL, 'w'},
		{"output", required_argument, NULL, 'o'},
		{"set", required_argument, NULL, 's'},
		{"exact", no_argument, NULL, OPTION_EXACT},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":c:w:o:s:qh", options, NULL)) != -1) {
		if (dc_command_scenario_option(&request->named, option, optarg))
			continue;
		switch (option) {
		case 'o':
			request->output = optarg;
			break;
		case OPTION_EXACT:
			request->exact = true;
			break;
		case 'q':
			request->quiet = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return dc_command_refuse_option("run", option, argv);
		}
	}
	if (optind < argc)
		return dc_command_refuse("run", "unexpected argument '%s'", argv[optind]);
	if (!request->named.file)
		return dc_command_refuse("run", "which scenario? give -c FILE");
	return -1;
}

static void show_progress(void *context, double share)
{
	dc_console_progress_show(context, share);
}

static const char *output_name(const struct request *request, struct dc_command_session *session)
{
	if (request->output)
		return request->output;
	return dc_arena_printf(dc_config_arena(session->config), "%s.h5", session->scenario->name);
}

static enum dc_status simulate(const struct request *request, struct dc_command_session *session,
			       struct dc_simulation_result *result, const char **output)
{
	struct dc_console_progress progress;
	struct dc_simulation_options options = {
		.exact = request->exact,
		.interrupted = &interrupted,
		.context = &progress,
	};
	struct dc_record_sink *sink = NULL;
	enum dc_status status;

	*output = output_name(request, session);
	if (!*output)
		return DC_ERR_MEMORY;
	status = dc_hdf5_sink_create(session->diag, *output, &sink);
	if (status)
		return status;
	dc_console_progress_init(&progress, stderr);
	if (!request->quiet && isatty(STDERR_FILENO))
		options.progress = show_progress;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	status = dc_simulation_run(session->datacenter, session->diag, &options, sink, result);
	dc_console_progress_clear(&progress);
	dc_hdf5_sink_destroy(sink);
	return status;
}

/* The summary is the program's data: a standard output that takes no more is a failure. */
static enum dc_status print(const struct request *request, struct dc_command_session *session,
			    const struct dc_simulation_result *result, const char *output)
{
	if (!request->quiet)
		dc_console_summary(session->datacenter, result, output, stdout);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return DC_OK;
	dc_diag_error(session->diag, NULL, "cannot write the summary: %s", strerror(errno));
	return DC_ERR_IO;
}

static int run(int argc, char **argv)
{
	struct request request = {0};
	struct dc_command_session session;
	struct dc_simulation_result result;
	const char *output;
	enum dc_status status;
	int exit_status;

	if (!dc_command_scenario_init(&request.named, argc))
		return dc_command_finish(NULL, DC_ERR_MEMORY);
	exit_status = parse(argc, argv, &request);
	if (exit_status < 0) {
		status = dc_command_open(&request.named, &session);
		if (!status)
			status = simulate(&request, &session, &result, &output);
		if (!status)
			status = print(&request, &session, &result, output);
		if (!status && result.interrupted)
			status = DC_INTERRUPTED;
		exit_status = dc_command_close(&session, status);
	}
	dc_command_scenario_fini(&request.named);
	return exit_status;
}

const struct dc_command dc_command_run = {
	.name = "run",
	.summary = "run a scenario: dcsim -c FILE (the word run may be left out)",
	.help = help,
	.run = run,
};
