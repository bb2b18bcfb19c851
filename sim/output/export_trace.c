/* A timeline as a trace that browsers show: the JSON of the Trace Event Format, which Perfetto
 * (ui.perfetto.dev) and chrome://tracing read [Google, Trace Event Format, 2016].
 *
 * A process is a pipeline stage, a thread one of its streams; both are numbered from 1, as 0 stands for
 * the idle process. Time is in microseconds from the start of the iteration, or from its first operation
 * where streams had run ahead, so that none is negative. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/export.h"
#include "output/timeline.h"

/* A JSON string [RFC 8259]. */
static void write_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if ((unsigned char)*c < 0x20)
			fprintf(out, "\\u%04x", (unsigned)*c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

/* JSON has no way to say that a number is not known. */
static void write_us(double value_s, FILE *out)
{
	char text[32];

	dc_export_number(1e6 * value_s, text, sizeof text);
	fputs(isnan(value_s) ? "null" : text, out);
}

/* The name of a process (thread 0) or of one of its threads, and its place among the others. */
static void write_name(uint32_t process, uint32_t thread, const char *name, FILE *out)
{
	const char *what = thread ? "thread" : "process";

	fprintf(out,
		",\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"%s_name\",\"args\":{\"name\":",
		process, thread, what);
	write_text(name, out);
	fprintf(out,
		"}},\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"%s_sort_index\","
		"\"args\":{\"sort_index\":%u}}",
		process, thread, what, thread ? thread : process);
}

/* Only those that have an operation are named. seen: for each stage and stream, all false. */
static void write_names(const struct dc_result_timeline *timeline, bool *seen, FILE *out)
{
	size_t streams = timeline->streams->words_count;

	for (size_t i = 0; i < timeline->count; i++)
		if (timeline->rows[i].stream < streams)
			seen[timeline->rows[i].stage * streams + timeline->rows[i].stream] = true;
	for (uint32_t stage = 0; stage < timeline->stages; stage++) {
		char name[32];

		snprintf(name, sizeof name, "stage %u", stage);
		write_name(stage + 1, 0, name, out);
		for (uint32_t k = 0; k < streams; k++)
			if (seen[stage * streams + k])
				write_name(stage + 1, k + 1, timeline->streams->words[k], out);
	}
}

static void write_head(const struct dc_result *result, const struct dc_result_timeline *timeline,
		       double origin_s, FILE *out)
{
	const struct dc_result_info *info = dc_result_info(result);

	fputs("{\"displayTimeUnit\":\"ms\",\n\"otherData\":{\"run\":", out);
	write_text(info->name, out);
	fputs(",\"dcsim_version\":", out);
	write_text(info->version, out);
	fprintf(out, ",\"iteration\":%llu", (unsigned long long)timeline->iteration);
	/* In the trace's time; and in the run's, from which the trace's is cut. */
	fputs(",\"iteration_ts_us\":", out);
	write_us(-origin_s, out);
	fputs(",\"iteration_dur_us\":", out);
	write_us(timeline->duration_s, out);
	fputs(",\"iteration_start_us\":", out);
	write_us(timeline->start_s, out);
	if (timeline->left_out > 0)
		fprintf(out, ",\"operations_left_out\":%.0f", timeline->left_out);
	fputs("},\n\"traceEvents\":[\n", out);
	fputs("{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_labels\","
	      "\"args\":{\"labels\":\"first rank of each stage\"}}",
	      out);
}

static void write_event(const struct dc_result_timeline *timeline,
			const struct dc_timeline_row *row, double origin_s, FILE *out)
{
	fputs(",\n{\"ph\":\"X\",\"name\":", out);
	write_text(dc_result_timeline_word(timeline->operations, row->operation), out);
	fputs(",\"cat\":", out);
	write_text(dc_result_timeline_word(timeline->roles, row->role), out);
	fprintf(out, ",\"pid\":%u,\"tid\":%u,\"ts\":", row->stage + 1, row->stream + 1);
	write_us(row->begin_s - origin_s, out);
	fputs(",\"dur\":", out);
	write_us(row->duration_s, out);
	fprintf(out, ",\"args\":{\"micro_batch\":%u,\"chunk\":%u}}", row->micro_batch, row->chunk);
}

enum dc_status dc_export_trace(struct dc_diag *diag, const struct dc_result *result, FILE *out)
{
	struct dc_result_timeline timeline;
	enum dc_status status = dc_result_timeline_read(diag, result, &timeline);
	double origin_s = 0;
	bool *seen = NULL;

	if (!status) {
		seen = calloc(timeline.stages * (timeline.streams->words_count + 1), sizeof *seen);
		status = seen ? DC_OK : DC_ERR_MEMORY;
	}
	for (size_t i = 0; i < timeline.count && !status; i++)
		origin_s = fmin(origin_s, timeline.rows[i].begin_s);
	if (!status) {
		write_head(result, &timeline, origin_s, out);
		write_names(&timeline, seen, out);
	}
	for (size_t i = 0; i < timeline.count && !status; i++)
		write_event(&timeline, &timeline.rows[i], origin_s, out);
	if (!status) {
		fputs("\n]}\n", out);
		errno = 0;
		if (fflush(out) != 0 || ferror(out)) {
			dc_diag_error(diag, NULL, "cannot write the trace: %s",
				      errno ? strerror(errno) : "the output was closed");
			status = DC_ERR_IO;
		}
	}
	free(seen);
	dc_result_timeline_fini(&timeline);
	return status;
}
