/* The console: plan and summary of collectives by themselves. */
#include <inttypes.h>
#include <math.h>

#include "commands/console_words.h"
#include "scenario/network_collectives.h"

/* Rows that fit a screen; all of them are in the result. */
enum { MOST_ROWS = 64 };

/* "8 MiB", as sizes of collectives are usually given; other sizes as everywhere. */
static const char *size_words(double size_bytes, char text[64])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = size_bytes;
	size_t unit = 0;

	while (unit < 4 && value >= 1024 && fmod(value, 1024) == 0) {
		value /= 1024;
		unit++;
	}
	if (value >= 10000 || value != floor(value))
		return human(size_bytes, DC_DIM_BYTES, text);
	snprintf(text, 64, "%.0f %s", value, units[unit]);
	return text;
}

static void print_head(const struct dc_datacenter *dc, FILE *out)
{
	const struct dc_traffic_collectives *work = dc->collectives;
	char ranks[64];

	fprintf(out, "%s: ", dc->scenario->name);
	if (work->job_count == 1)
		fprintf(out, "%s on %s ranks\n", dc_operation_name(work->jobs[0].operation),
			grouped((double)dc->fabric.ranks, ranks));
	else
		fprintf(out, "%zu jobs of collectives on %s ranks\n", work->job_count,
			grouped((double)dc->fabric.ranks, ranks));
}

static void print_groups(const struct dc_traffic_groups *groups, FILE *out)
{
	char count[64], size[64];

	if (groups->all)
		fputs("all ranks", out);
	else if (groups->count > 1)
		fprintf(out, "%s groups of %s, %llu apart, at once",
			grouped((double)groups->count, count), grouped((double)groups->size, size),
			(unsigned long long)groups->stride);
	else
		fprintf(out, "%s ranks from %llu on, %llu apart",
			grouped((double)groups->size, size), (unsigned long long)groups->base,
			(unsigned long long)groups->stride);
}

void dc_console_collectives_plan(const struct dc_datacenter *datacenter, FILE *out)
{
	const struct dc_traffic_collectives *work = datacenter->collectives;
	char text[64], other[64];

	print_head(datacenter, out);
	dc_console_fabric(datacenter, out);
	for (size_t j = 0; j < work->job_count; j++) {
		const struct dc_traffic_collective *job = &work->jobs[j];

		line(out, work->job_count > 1 ? job->name : "operation");
		fprintf(out, "%s, algorithm %s", dc_operation_name(job->operation),
			job->workload->algorithm);
		if (job->workload->repeat > 1)
			fprintf(out, ", each size %llu times back to back",
				(unsigned long long)job->workload->repeat);
		if (job->arrival > 0)
			fprintf(out, ", from %s on",
				human(dc_time_to_s(job->arrival), DC_DIM_TIME, text));
		fputc('\n', out);
		for (size_t i = 0; i < job->items; i++) {
			line(out, i ? "" : "groups");
			print_groups(&job->groups[i], out);
			fputc('\n', out);
		}
		if (job->operation == DC_OPERATION_BARRIER)
			continue;
		line(out, "sizes");
		fprintf(out, "%zu, from %s", job->sizes, size_words(job->sizes_bytes[0], text));
		fprintf(out, " to %s\n", size_words(job->sizes_bytes[job->sizes - 1], other));
	}
	line(out, "");
	fputs("the network alone: no power, no facility, no cost\n", out);
}

/* "ring/simple  double-tree, 2.10x": how it was done, and how much longer the next best takes; "3 untried":
 * their schedules were too large to compare, and one of them may be better. */
static void print_algorithm(const struct dc_collective_row *row, FILE *out)
{
	char text[96];
	size_t length;

	snprintf(text, sizeof text, "%s/%s", dc_algorithms[row->algorithm]->name,
		 dc_protocol_names[row->protocol]);
	fprintf(out, "%-26s ", text);
	if (row->second == DC_RECORD_NONE)
		snprintf(text, sizeof text, row->untried ? "" : "as asked");
	else if (row->second == row->algorithm)
		snprintf(text, sizeof text, "another protocol, %.2fx",
			 row->second_s / row->alone_s);
	else
		snprintf(text, sizeof text, "%s, %.2fx", dc_algorithms[row->second]->name,
			 row->second_s / row->alone_s);
	length = strlen(text);
	if (row->untried)
		snprintf(text + length, sizeof text - length, "%s%" PRIu64 " untried",
			 length ? "; " : "", row->untried);
	fprintf(out, "%-28s ", text);
}

static void print_row(const struct dc_traffic_collectives *work,
		      const struct dc_collective_row *row, FILE *out)
{
	char text[64];

	if (work->job_count > 1)
		fprintf(out, "  %-12s", work->jobs[row->job].name);
	fprintf(out, "  %10s ", size_words(row->size_bytes, text));
	fprintf(out, "%10s ", human(row->duration_s, DC_DIM_TIME, text));
	fprintf(out, "%11s ",
		isnan(row->algbw_bps) ? "-" : human(row->algbw_bps, DC_DIM_BANDWIDTH, text));
	fprintf(out, "%11s  ",
		isnan(row->busbw_bps) ? "-" : human(row->busbw_bps, DC_DIM_BANDWIDTH, text));
	print_algorithm(row, out);
	fprintf(out, "%s\n", *row->bottleneck ? row->bottleneck : "none");
	/* Slower groups than others: on links that differ, or shared. */
	if (row->groups > 1 && row->fastest_s < row->duration_s * (1 - 1e-9))
		fprintf(out, "%*s  %10s %10s the fastest of %llu groups\n",
			work->job_count > 1 ? 14 : 0, "", "",
			human(row->fastest_s, DC_DIM_TIME, text), (unsigned long long)row->groups);
}

static void print_table(const struct dc_datacenter *dc, const struct dc_simulation_result *result,
			FILE *out)
{
	const struct dc_traffic_collectives *work = dc->collectives;
	bool untried = false;

	if (work->job_count > 1)
		fprintf(out, "  %-12s", "job");
	fprintf(out, "  %10s %10s %11s %11s  %-26s %-28s %s\n", "size", "time", "algbw", "busbw",
		"algorithm/protocol", "cheaper alone than", "bottleneck");
	for (size_t i = 0; i < result->collective_count && i < MOST_ROWS; i++)
		print_row(work, &result->collectives[i], out);
	if (result->collective_count > MOST_ROWS)
		fprintf(out, "  ... and %zu more rows in the result\n",
			result->collective_count - MOST_ROWS);
	for (size_t i = 0; i < result->collective_count; i++)
		untried |= result->collectives[i].untried > 0;
	if (!untried)
		return;
	line(out, "untried");
	fputs("algorithms whose schedules are too large to compare: one may be cheaper; name it\n",
	      out);
}

void dc_console_busiest(const struct dc_simulation_result *result, FILE *out)
{
	for (size_t i = 0; i < result->busiest_count; i++) {
		line(out, i ? "" : "busiest links");
		fprintf(out, "%s, used to %.1f %%\n", result->busiest[i].name,
			result->busiest[i].utilization * 100);
	}
}

void dc_console_collectives_summary(const struct dc_datacenter *datacenter,
				    const struct dc_simulation_result *result, const char *output,
				    FILE *out)
{
	const double *s = result->summary;
	char text[64], other[64];

	print_head(datacenter, out);
	print_table(datacenter, result, out);
	line(out, "operations");
	fprintf(out, "%s in %s", grouped(s[DC_COLLECTIVES_OPERATIONS], text),
		human(s[DC_COLLECTIVES_DURATION_S], DC_DIM_TIME, other));
	fprintf(out, "; members sent %s\n",
		human(s[DC_COLLECTIVES_SENT_BYTES], DC_DIM_BYTES, text));
	if (!isnan(s[DC_COLLECTIVES_BUSBW_MAX_BPS])) {
		line(out, "busbw");
		fprintf(out, "at most %s, ",
			human(s[DC_COLLECTIVES_BUSBW_MAX_BPS], DC_DIM_BANDWIDTH, text));
		fprintf(out, "mean of the rows %s\n",
			human(s[DC_COLLECTIVES_BUSBW_MEAN_BPS], DC_DIM_BANDWIDTH, other));
	}
	dc_console_busiest(result, out);
	line(out, "");
	fputs("the network alone: no power, no facility, no cost\n", out);
	if (result->interrupted)
		fputs("  interrupted: the figures are of the part that ran\n", out);
	if (output) {
		line(out, "result");
		fprintf(out, "%s; next: dcsim plot %s\n", output, output);
	}
}
