/* dcsim validate: published measurements run again, and the error of every row. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/data_folders.h"
#include "commands/result_tools.h"
#include "study/validation.h"

static const char help[] =
	"usage: dcsim validate [-q] [--by COLUMN] [--csv] TABLE.csv...\n"
	"\n"
	"Runs the rows of tables of measurements and prints measured, predicted and error =\n"
	"predicted/measured - 1 of each, then the mean, median, 90th percentile and largest absolute\n"
	"error and the bias of every suite, and where rows say their accelerators the drift of the\n"
	"error per doubling of them. A table's kind is recognised by its columns; others are\n"
	"left alone:\n"
	"\n"
	"  flow list    id, bytes, start_s, links, finish_s: flows over links of 50 GB/s without\n"
	"               latency (links: numbers of the links on the path, separated by blanks);\n"
	"               compares finish_s - start_s\n"
	"  collectives  gpu, n_gpu, collective, size_B, time_us, and n_nodes (default 1), network,\n"
	"               notes: collectives as nccl-tests names them and counts their size, alone on\n"
	"               the machine of `dcsim catalog machines` that has such accelerators, by the\n"
	"               cheapest algorithm and protocol; compares time_us. Rows up to 1 GiB whose notes\n"
	"               call them anomalous are printed, not scored\n"
	"  all-reduces  gpu, n_gpu, size_B, oop_time_us: the same for all-reduces; compares\n"
	"               oop_time_us\n"
	"  training     layers, hidden, heads, seq, global_batch, accelerator, accelerators,\n"
	"               iteration_s, and those below: an iteration of a transformer on that many\n"
	"               accelerators (`dcsim catalog accelerators`), by the software that the first\n"
	"               rule of `dcsim catalog suites training` names for the row; compares\n"
	"               iteration_s\n"
	"\n"
	"Columns of training tables, and what a blank cell (or n/a, or -) stands for:\n"
	"\n"
	"  layers, hidden, heads, seq    the transformer, all required, and vocab; kv_heads: as\n"
	"                                heads; ffn_hidden: 4 hidden\n"
	"  gated_ffn                     0, the default: GPT's layers (layer norm, GELU, learned\n"
	"                                positions, biases); 1: LLaMA's (RMS norm, SwiGLU, rotary)\n"
	"  global_batch, micro_batch     sequences; the global batch is required\n"
	"  tp, pp, cp, zero_stage        tensor, pipeline, context ranks: 1; ZeRO: 0\n"
	"  dp                            what the others leave of the accelerators\n"
	"  ep                            read, not used: no column describes experts\n"
	"  vp                            parts of the model per pipeline stage\n"
	"  sequence_parallel             0 or 1: 0\n"
	"  recompute                     none, selective or full\n"
	"  precision, flash_attention    bf16; 0 or 1, for the rules of software only\n"
	"  accelerators_per_node         8; scaleup_domain, accelerators that the fast links join:\n"
	"                                as many\n"
	"  scaleup_GBps, scaleout_Gbps   rates inside and between domains, per accelerator and\n"
	"                                direction: the machine's (`dcsim catalog machines`)\n"
	"  iteration_s, notes            measured; rows whose notes say doubtful are counted in\n"
	"                                lines of their own\n"
	"\n"
	"A blank micro_batch (1, 2, 4, 8 or 16 is tried), vp or recompute means that the source does\n"
	"not print it: of what fits in memory the fastest is taken, with as little recomputation as\n"
	"fits; where none does, full recomputation, said not to fit. What was taken is printed behind\n"
	"the row with its software and memory; a plan that the\n"
	"source prints whole is run even where the memory predicted exceeds the accelerator's.\n"
	"\n"
	"Before the rows of collectives come the constants of every link technology, each with the\n"
	"range that is physical; catalog/transports says where each comes from.\n"
	"\n"
	"  -q, --quiet       suites only\n"
	"      --by COLUMN   group rows by a column; by `suite` when there is one, else by file\n"
	"      --csv         print suite,id,quantity,unit,measured,predicted,error\n"
	"  -h, --help        this text\n"
	"\n"
	"Exit status: 1 when a row could not be run, 2 when a table is wrong.\n"
	"\n"
	"examples:\n"
	"  dcsim validate flows.csv\n"
	"  dcsim validate -q *.csv\n"
	"  dcsim validate --by source collectives.csv\n"
	"  dcsim validate tests/validation/training/training.csv\n"
	"  dcsim validate --csv flows.csv > errors.csv\n";

struct request {
	const char *by;
	bool quiet;
	bool csv;
};

enum { OPTION_BY = 256, OPTION_CSV };

/* Returns -1 to go on, otherwise the exit status. */
static int parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"quiet", no_argument, NULL, 'q'},
		{"by", required_argument, NULL, OPTION_BY},
		{"csv", no_argument, NULL, OPTION_CSV},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":qh", options, NULL)) != -1) {
		switch (option) {
		case 'q':
			request->quiet = true;
			break;
		case OPTION_BY:
			request->by = optarg;
			break;
		case OPTION_CSV:
			request->csv = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return dc_command_refuse_option("validate", option, argv);
		}
	}
	if (optind == argc)
		return dc_command_refuse("validate", "which tables? give CSV files");
	return -1;
}

static void print_constants(const struct dc_validation *validation)
{
	if (validation->use_count)
		printf("%-16s %-16s %12s      %s\n", "technology", "constant", "value",
		       "physical range");
	for (size_t i = 0; i < validation->use_count; i++) {
		struct dc_validation_constant constants[DC_VALIDATION_CONSTANTS];
		size_t count = dc_validation_constants(&validation->uses[i], constants);

		for (size_t k = 0; k < count; k++)
			printf("%-16s %-16s %12.6g %-4s %g to %g\n", constants[k].technology,
			       constants[k].name, constants[k].value, constants[k].unit,
			       constants[k].low, constants[k].high);
	}
	if (validation->use_count)
		puts("");
}

/* A cell of a CSV table. */
static void print_cell(const char *text)
{
	if (!strpbrk(text, ",\"")) {
		printf("%s,", text);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	fputs("\",", stdout);
}

static void print_csv(const struct dc_validation_result *r)
{
	print_cell(r->suite);
	print_cell(r->id);
	print_cell(r->quantity);
	print_cell(r->unit);
	printf("%.17g,%.17g,%.6g\n", r->measured, r->predicted, dc_validation_error(r));
}

/* Room for the names of suites. */
static int suite_width(const struct dc_validation *validation)
{
	size_t most = 20;

	for (size_t i = 0; i < validation->count; i++) {
		size_t length = strlen(validation->results[i].suite);

		most = length > most ? length : most;
	}
	return most < 60 ? (int)most : 60;
}

static void print_rows(const struct dc_validation *validation, const struct request *request)
{
	int width = suite_width(validation);

	if (request->csv)
		puts("suite,id,quantity,unit,measured,predicted,error");
	else
		printf("%-*s %-12s %-12s %16s %16s %10s\n", width, "suite", "id", "quantity",
		       "measured", "predicted", "error");
	for (size_t i = 0; i < validation->count; i++) {
		const struct dc_validation_result *r = &validation->results[i];

		if (r->failure)
			continue;
		if (request->csv)
			print_csv(r);
		else
			printf("%-*s %-12s %-12s %14.8g %s %14.8g %s %9.3g%%%s%s%s%s\n", width,
			       r->suite, r->id, r->quantity, r->measured, r->unit, r->predicted,
			       r->unit, dc_validation_error(r) * 100, r->detail ? "  " : "",
			       r->detail ? r->detail : "", r->unscored ? "; not scored: " : "",
			       r->unscored ? r->unscored : "");
	}
}

static bool seen_before(const struct dc_validation *validation, size_t index)
{
	for (size_t i = index; i-- > 0;)
		if (strcmp(validation->results[i].suite, validation->results[index].suite) == 0)
			return true;
	return false;
}

/* Whether any row says how large its run was: errors may then drift. */
static bool has_scales(const struct dc_validation *validation)
{
	for (size_t i = 0; i < validation->count; i++)
		if (validation->results[i].scale > 0)
			return true;
	return false;
}

static void print_statistics(const struct dc_validation *validation, const char *label,
			     const struct dc_validation_statistics *s)
{
	printf("%-*s %8zu %9.3g%% %9.3g%% %9.3g%% %9.3g%% %+9.3g%%", suite_width(validation), label,
	       s->count, s->mean * 100, s->median * 100, s->percentile90 * 100, s->largest * 100,
	       s->bias * 100);
	if (has_scales(validation) && isnan(s->drift))
		printf(" %10s", "-");
	else if (has_scales(validation))
		printf(" %+9.2g%%", s->drift * 100);
	puts("");
}

static enum dc_status print_suite(const struct dc_validation *validation, const char *suite,
				  const char *label)
{
	struct dc_validation_statistics s;
	enum dc_status status = dc_validation_summarize(validation, suite, true, &s);

	if (status)
		return status;
	print_statistics(validation, label, &s);
	if (!s.doubtful)
		return DC_OK;
	status = dc_validation_summarize(validation, suite, false, &s);
	if (!status && s.count)
		print_statistics(validation, "  without doubtful", &s);
	return status;
}

static enum dc_status print_suites(const struct dc_validation *validation)
{
	enum dc_status status = DC_OK;
	size_t suites = 0;

	printf("%-*s %8s %10s %10s %10s %10s %10s%s\n", suite_width(validation), "suite", "rows",
	       "mean", "median", "p90", "max", "bias", has_scales(validation) ? "      drift" : "");
	for (size_t i = 0; i < validation->count && !status; i++) {
		/* Suites are few and mostly contiguous: the first look back usually answers. */
		if (seen_before(validation, i))
			continue;
		suites++;
		status = print_suite(validation, validation->results[i].suite,
				     validation->results[i].suite);
	}
	if (suites > 1 && !status)
		status = print_suite(validation, NULL, "all");
	return status;
}

static size_t print_failures(const struct dc_validation *validation)
{
	size_t failed = 0;

	for (size_t i = 0; i < validation->count; i++) {
		const struct dc_validation_result *r = &validation->results[i];

		if (!r->failure)
			continue;
		fprintf(stderr, "%s, row %s: %s\n", r->suite, r->id, r->failure);
		failed++;
	}
	return failed;
}

static void print_total(const struct dc_validation *validation, size_t failed)
{
	size_t unscored = 0;

	for (size_t i = 0; i < validation->count; i++)
		unscored += validation->results[i].unscored != NULL;
	printf("%zu rows, %zu could not be run", validation->count, failed);
	if (unscored)
		printf(", %zu not scored", unscored);
	puts("");
}

static enum dc_status answer(struct dc_validation *validation, const struct request *request,
			     int count, char **tables)
{
	enum dc_status status = DC_OK;
	size_t failed;

	for (int i = 0; i < count; i++) {
		enum dc_status one = dc_validation_run(validation, tables[i], request->by);

		status = status ? status : one;
	}
	if (status)
		return status;
	failed = print_failures(validation);
	if (!request->quiet && !request->csv)
		print_constants(validation);
	if (!request->quiet)
		print_rows(validation, request);
	if (!request->csv) {
		status = print_suites(validation);
		print_total(validation, failed);
	}
	if (!status && failed)
		status = DC_ERR_RUN;
	return status;
}

static int run(int argc, char **argv)
{
	struct request request = {0};
	struct dc_validation validation = {0};
	struct dc_diag *diag;
	const char *folders[4];
	enum dc_status status = DC_ERR_MEMORY;
	int exit_status = parse(argc, argv, &request);

	if (exit_status >= 0)
		return exit_status;
	diag = dc_diag_create();
	dc_data_folders(folders);
	if (diag)
		status = dc_validation_init(&validation, diag, folders);
	if (!status)
		status = answer(&validation, &request, argc - optind, argv + optind);
	dc_validation_fini(&validation);
	return dc_command_finish(diag, status);
}

const struct dc_command dc_command_validate = {
	.name = "validate",
	.summary = "run published measurements again and print the error of every row",
	.help = help,
	.run = run,
};
