/* dcsim export: a result's tables as text, its timeline as a trace, and the recovery of what a killed run left. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/result_tools.h"
#include "output/copy.h"
#include "output/export.h"
#include "output/reader.h"

static const char help[] =
	"usage: dcsim export [--table NAME] [--csv] [-o FILE] RUN.h5\n"
	"       dcsim export --list RUN.h5\n"
	"       dcsim export --trace [-o FILE.json] RUN.h5\n"
	"       dcsim export --recover RUN.h5.part [-o RUN.h5]\n"
	"\n"
	"Prints a table of a result as text: one header line with units, numbers in full\n"
	"precision. Without --table, lists the tables.\n"
	"\n"
	"  -t, --table NAME   a section of the series (power, facility, ...), iterations,\n"
	"                     events, flows (of a run of workload kind flows), timeline\n"
	"                     (of training: the operations of one iteration) or summary\n"
	"  -l, --list         list tables with their rows and columns\n"
	"      --csv          separate with commas instead of tabs\n"
	"      --trace        the timeline of one iteration as a trace that ui.perfetto.dev\n"
	"                     and chrome://tracing show: a process per pipeline stage, a\n"
	"                     thread per stream, times in microseconds\n"
	"  -o, --output FILE  write to FILE instead of standard output\n"
	"      --recover      turn what a killed run left into a result that holds every\n"
	"                     flushed row, a summary of these rows, and is marked\n"
	"                     interrupted\n"
	"  -h, --help         this text\n"
	"\n"
	"examples:\n"
	"  dcsim export ring64.h5\n"
	"  dcsim export --table power ring64.h5 > power.tsv\n"
	"  dcsim export --table flows flows-tree8.h5\n"
	"  dcsim export --table summary --csv -o summary.csv ring64.h5\n"
	"  dcsim export --trace -o ring64.json ring64.h5\n"
	"  dcsim export --recover ring64.h5.part\n";

struct request {
	const char *table;
	const char *output;
	const char *input;
	bool list;
	bool recover;
	bool trace;
	enum dc_export_format format;
};

enum { OPTION_CSV = 256, OPTION_RECOVER, OPTION_TRACE };

/* Returns -1 to go on, otherwise the exit status. */
static int parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"table", required_argument, NULL, 't'},
		{"list", no_argument, NULL, 'l'},
		{"csv", no_argument, NULL, OPTION_CSV},
		{"output", required_argument, NULL, 'o'},
		{"recover", no_argument, NULL, OPTION_RECOVER},
		{"trace", no_argument, NULL, OPTION_TRACE},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":t:lo:h", options, NULL)) != -1) {
		switch (option) {
		case 't':
			request->table = optarg;
			break;
		case 'l':
			request->list = true;
			break;
		case OPTION_CSV:
			request->format = DC_EXPORT_CSV;
			break;
		case 'o':
			request->output = optarg;
			break;
		case OPTION_RECOVER:
			request->recover = true;
			break;
		case OPTION_TRACE:
			request->trace = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return dc_command_refuse_option("export", option, argv);
		}
	}
	if (argc - optind != 1)
		return dc_command_refuse("export", "expected one result, got %d", argc - optind);
	if (request->recover && (request->table || request->list || request->trace))
		return dc_command_refuse("export", "--recover writes a result, not a table");
	if (request->trace && (request->table || request->list || request->format))
		return dc_command_refuse("export", "--trace writes JSON, not a table");
	if (request->list && request->table)
		return dc_command_refuse("export", "--list and --table exclude each other");
	request->input = argv[optind];
	return -1;
}

/* RUN.h5.part becomes RUN.h5 unless told otherwise; a finished result is not replaced unasked. */
static enum dc_status recover(struct dc_diag *diag, const struct request *request)
{
	size_t length = strlen(request->input);
	unsigned long long rows = 0;
	enum dc_status status;
	char *path;

	if (request->output)
		path = strdup(request->output);
	else if (dc_command_ends(request->input, ".part"))
		path = strndup(request->input, length - strlen(".part"));
	else
		return dc_diag_error(diag, NULL, "%s does not end in .part: say -o FILE",
				     request->input);
	if (!path)
		return DC_ERR_MEMORY;
	if (!request->output && access(path, F_OK) == 0) {
		status = dc_diag_error(diag, NULL, "%s exists already: say -o FILE", path);
	} else {
		status = dc_copy_recover(diag, request->input, path, &rows);
		if (status == DC_OK)
			fprintf(stderr, "%s: %llu rows of the series recovered", path, rows);
		if (status == DC_OK && dc_command_ends(request->input, ".part"))
			fprintf(stderr, "; the summary is of these rows; %s may be deleted",
				request->input);
		if (status == DC_OK)
			fputc('\n', stderr);
	}
	free(path);
	return status;
}

/* Whether there is what was asked for: what does not exist must not empty the file. */
static bool is_there(const struct dc_result *result, const struct request *request)
{
	const struct dc_result_table *timeline = dc_result_table(result, "timeline");

	if (request->trace)
		return timeline && timeline->rows;
	return !request->table || dc_result_table(result, request->table) ||
	       strcmp(request->table, "summary") == 0 || strcmp(request->table, "/summary") == 0;
}

static enum dc_status print(struct dc_diag *diag, const struct request *request)
{
	struct dc_result *result;
	enum dc_status status = dc_result_open(diag, request->input, false, &result);
	FILE *out = stdout;

	if (status != DC_OK)
		return status;
	if (request->output && is_there(result, request)) {
		out = fopen(request->output, "w");
		if (!out) {
			dc_diag_error(diag, NULL, "cannot write %s: %s", request->output,
				      strerror(errno));
			dc_result_close(result);
			return DC_ERR_IO;
		}
	}
	if (request->trace)
		status = dc_export_trace(diag, result, out);
	else if (request->table)
		status = dc_export_table(diag, result, request->table, request->format, out);
	else
		status = dc_export_list(diag, result, out);
	if (out != stdout && fclose(out) != 0 && status == DC_OK) {
		dc_diag_error(diag, NULL, "cannot write %s: %s", request->output, strerror(errno));
		status = DC_ERR_IO;
	}
	dc_result_close(result);
	return status;
}

static int run(int argc, char **argv)
{
	struct request request = {.format = DC_EXPORT_TSV};
	int done = parse(argc, argv, &request);
	struct dc_diag *diag;

	if (done >= 0 || !request.input)
		return done;
	diag = dc_diag_create();
	if (!diag)
		return dc_command_finish(NULL, DC_ERR_MEMORY);
	return dc_command_finish(diag,
				 request.recover ? recover(diag, &request) : print(diag, &request));
}

const struct dc_command dc_command_export = {
	.name = "export",
	.summary = "print a result's tables or timeline; recover what a killed run left",
	.help = help,
	.run = run,
};
