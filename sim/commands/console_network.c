/* The console: plan and summary of a network alone. */
#include <math.h>

#include "commands/console_words.h"
#include "scenario/network_run.h"

static void print_head(const struct dc_datacenter *dc, FILE *out)
{
	const struct dc_traffic *traffic = dc->traffic;
	char flows[64], links[64], vertices[64];

	if (traffic->dimensions) {
		fprintf(out, "%s: %s flow%s between %s ranks\n", dc->scenario->name,
			grouped((double)traffic->count, flows), traffic->count == 1 ? "" : "s",
			grouped((double)dc->fabric.ranks, vertices));
		return;
	}

	fprintf(out, "%s: %s flow%s over %s %slink%s between %s vertices\n", dc->scenario->name,
		grouped((double)traffic->count, flows), traffic->count == 1 ? "" : "s",
		grouped((double)dc_graph_link_count(&traffic->graph), links),
		traffic->implied ? "implied " : "",
		dc_graph_link_count(&traffic->graph) == 1 ? "" : "s",
		grouped((double)traffic->graph.vertices.count, vertices));
}

void dc_console_network_plan(const struct dc_datacenter *datacenter, FILE *out)
{
	const struct dc_traffic *traffic = datacenter->traffic;
	const struct dc_graph *graph = &traffic->graph;
	double slowest = (double)INFINITY, fastest = 0;
	dc_time first = DC_TIME_NEVER, last = 0;
	char text[64], other[64];

	for (size_t i = 0; i < dc_graph_link_count(graph); i++) {
		slowest = fmin(slowest, graph->links[i].bandwidth_bps);
		fastest = fmax(fastest, graph->links[i].bandwidth_bps);
	}
	for (size_t i = 0; i < traffic->count; i++) {
		first = dc_time_min(first, traffic->flows[i].start);
		last = dc_time_max(last, traffic->flows[i].start);
	}
	print_head(datacenter, out);
	if (traffic->dimensions)
		dc_console_fabric(datacenter, out);
	line(out, "links");
	fprintf(out, "%s to %s per direction%s\n", human(slowest, DC_DIM_BANDWIDTH, text),
		human(fastest, DC_DIM_BANDWIDTH, other),
		traffic->implied ? ", without latency: no file of links is given" : "");
	line(out, "flows");
	fprintf(out, "%s in all, starting from %s", human(traffic->bytes, DC_DIM_BYTES, text),
		human(dc_time_to_s(first), DC_DIM_TIME, other));
	fprintf(out, " to %s\n", human(dc_time_to_s(last), DC_DIM_TIME, text));
	line(out, "paths");
	fprintf(out, "%u link%s at most%s\n", traffic->longest, traffic->longest == 1 ? "" : "s",
		traffic->dimensions ? ", over all ways that a flow is spread on" : "");
	line(out, "");
	fputs("the network alone: no power, no facility, no cost\n", out);
}

static void print_flows(const struct dc_traffic *traffic, const double *s, FILE *out)
{
	char text[64], other[64];

	line(out, "flows");
	fprintf(out, "%s of %s ended", grouped(s[DC_NETWORK_FLOWS], text),
		grouped((double)traffic->count, other));
	fprintf(out, " in %s", human(s[DC_NETWORK_DURATION_S], DC_DIM_TIME, text));
	fprintf(out, "; %s", human(s[DC_NETWORK_BYTES], DC_DIM_BYTES, text));
	if (!isnan(s[DC_NETWORK_THROUGHPUT_BPS]))
		fprintf(out, ", %s", human(s[DC_NETWORK_THROUGHPUT_BPS], DC_DIM_BANDWIDTH, text));
	fputc('\n', out);
	if (!(s[DC_NETWORK_FLOWS] > 0))
		return;
	line(out, "completion");
	fprintf(out, "mean %s, ", human(s[DC_NETWORK_COMPLETION_MEAN_S], DC_DIM_TIME, text));
	fprintf(out, "median %s, ", human(s[DC_NETWORK_COMPLETION_MEDIAN_S], DC_DIM_TIME, text));
	fprintf(out, "99 %% %s, ", human(s[DC_NETWORK_COMPLETION_P99_S], DC_DIM_TIME, text));
	fprintf(out, "longest %s\n", human(s[DC_NETWORK_COMPLETION_MAX_S], DC_DIM_TIME, text));
}

void dc_console_network_summary(const struct dc_datacenter *datacenter,
				const struct dc_simulation_result *result, const char *output,
				FILE *out)
{
	const struct dc_traffic *traffic = datacenter->traffic;
	const double *s = result->summary;

	print_head(datacenter, out);
	print_flows(traffic, s, out);
	if (result->busiest_count) {
		dc_console_busiest(result, out);
	} else if (!isnan(s[DC_NETWORK_BUSIEST_UTILIZATION])) {
		line(out, "busiest link");
		fprintf(out, "%s, used to %.1f %%\n",
			traffic->graph.ids.texts[(size_t)s[DC_NETWORK_BUSIEST_LINK]],
			s[DC_NETWORK_BUSIEST_UTILIZATION] * 100);
	}
	line(out, "");
	fputs("the network alone: no power, no facility, no cost\n", out);
	if (result->interrupted)
		fputs("  interrupted: the figures are of the part that ran\n", out);
	if (output) {
		line(out, "result");
		fprintf(out, "%s; next: dcsim export --table flows %s\n", output, output);
	}
}
